"""Premises and their inspections as tables for who may read them."""

import csv
import io
from collections.abc import Iterable, Sequence

from gridmgmt.premises.models import PremisesInspection
from gridmgmt.premises.queries import PremisesSummary
from gridmgmt.premises.rules import Factor
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language, text

_PREMISES = (
    "code", "address", "quarter", "colour", "score", "cooperating", "group_renting", "inspected_on", "due_on", "lon",
    "lat",
)  # fmt: skip
_INSPECTIONS = ("code", "inspected_on", "colour", "score", "cooperating", "rubric", "post", "case")


def premises_csv(rows: Iterable[PremisesSummary], lang: Language) -> str:
    """Return premises as CSV with words in a language; positions in WGS 84 degrees."""
    cells = (
        [
            each.code,
            each.address,
            each.quarter_code,
            colour_name(each.colour, lang),
            each.score,
            yes_or_no(each.cooperating, lang),
            yes_or_no(each.group_renting, lang),
            each.inspected_on,
            each.due_on,
            f"{each.lon:.7f}",
            f"{each.lat:.7f}",
        ]
        for each in rows
    )
    return _csv([text(f"premises.header.{name}", lang) for name in _PREMISES], cells)


def inspections_csv(rows: Iterable[PremisesInspection], lang: Language) -> str:
    """Return inspections as CSV with their seven scores; an empty cell is a factor that was not scored."""
    header = [text(f"premises.header.{name}", lang) for name in _INSPECTIONS]
    cells = (
        [
            each.premises_code,
            each.inspected_on,
            text("premises.incomplete", lang) if each.colour is None else colour_name(each.colour, lang),
            each.score,
            yes_or_no(each.cooperating, lang),
            each.rubric,
            each.post_code,
            each.case_no,
            *(getattr(each, factor) for factor in Factor),
        ]
        for each in rows
    )
    return _csv([*header, *(text(f"premises_factor.{factor}", lang) for factor in Factor)], cells)


def colour_name(colour: str | None, lang: Language) -> str:
    """Return the name of a colour, and of having none yet."""
    return text(f"premises_colour.{colour or 'uninspected'}", lang)


def yes_or_no(value: bool, lang: Language) -> str:
    """Return a flag in words."""
    return text("premises.yes" if value else "premises.no", lang)


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    stream.write("\ufeff")  # by which spreadsheets know the encoding
    writer = csv.writer(stream)
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return stream.getvalue()
