"""Bodies, facts and bought services as tables for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence

from gridmgmt.bodies.fact_queries import Fact
from gridmgmt.bodies.queries import BodySummary, ServiceBought
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language, text

_BODY = ("code", "kind", "office", "name", "area_code", "area", "parent_code", "posts", "from", "to", "source")
_FACT = ("area_code", "area", "kind", "bound", "value", "unit", "year", "on", "to", "source", "note")
_SERVICE = (
    "code", "name", "organisation", "buyer", "year", "area_code", "amount_yuan", "delivered", "source",
)  # fmt: skip


def bodies_csv(bodies: Iterable[BodySummary], lang: Language) -> bytes:
    """Return bodies as UTF-8 with a mark, one a row."""
    rows = (
        (
            each.code,
            text(f"organisation_kind.{each.kind}", lang),
            "" if each.office is None else text(f"office.{each.office}", lang),
            each.name,
            each.area_code,
            each.area_name,
            each.parent_code,
            each.posts,
            each.valid_from,
            each.valid_to,
            each.source,
        )
        for each in bodies
    )
    return _written(_BODY, rows, lang)


def facts_csv(facts: Iterable[Fact], lang: Language) -> bytes:
    """Return facts as UTF-8 with a mark, one a row; a bound stands in a column of its own beside its number."""
    rows = (
        (
            each.area_code,
            each.area_name,
            each.kind_name(lang),
            text(f"fact_bound.{each.bound}", lang),
            f"{each.value:.6f}".rstrip("0").rstrip("."),
            text(f"fact_unit.{each.unit}", lang),
            each.year,
            None if each.year is not None else each.valid_from,
            each.valid_to,
            each.source,
            each.note,
        )
        for each in facts
    )
    return _written(_FACT, rows, lang)


def services_csv(services: Iterable[ServiceBought], lang: Language) -> bytes:
    """Return bought services as UTF-8 with a mark, one a row."""
    rows = (
        (
            each.code,
            each.name,
            each.organisation_name or each.organisation_code,
            each.buyer_name or each.buyer_code,
            each.year,
            " ".join(each.area_codes),
            each.amount_yuan,
            each.delivered,
            each.source,
        )
        for each in services
    )
    return _written(_SERVICE, rows, lang)


def _written(columns: Sequence[str], rows: Iterable[Sequence[object]], lang: Language) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([text(f"bodies.column.{column}", lang) for column in columns])
    writer.writerows(["" if cell is None else harmless(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")
