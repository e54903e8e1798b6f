"""The card of a spot and ranked candidates in their formats, as bytes to send or to write to a file."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from gridmgmt.editions.rules import Counting
from gridmgmt.errors import InputError
from gridmgmt.placeability.batch import Ranked
from gridmgmt.placeability.card import PlaceabilityCard, canonical_json
from gridmgmt.reports.coverage_html import template
from gridmgmt.reports.formatting import label
from gridmgmt.reports.placeability_tables import card_tables, ranked_table, terms_text, verdict_text
from gridmgmt.reports.render import MEDIA_TYPES as ALL_MEDIA_TYPES
from gridmgmt.reports.render import Rendered
from gridmgmt.reports.tables import Kind, cell_text
from gridmgmt.reports.workbook import SCALE, workbook
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language, text

CARD_FORMATS = ("json", "html")
RANKED_MEDIA_TYPES: Mapping[str, str] = {
    **{name: ALL_MEDIA_TYPES[name] for name in ("xlsx", "geojson", "json")},
    "csv": "text/csv; charset=utf-8",
}
"""The formats of ranked candidates and their media types."""


def card_title(card: PlaceabilityCard, lang: Language) -> str:
    """Return what a card is called: the type and name of the candidate."""
    name = card.candidate.name or text("place.here", lang)
    return text("place.title", lang, name=f"{label('point_type', card.candidate.type, lang)} · {name}")


def card_notes(card: PlaceabilityCard, lang: Language) -> list[str]:
    """Return what a reader must know beside the tables."""
    notes = [verdict_text(card, lang), terms_text(card, lang)]
    if any(each.counting == Counting.PLACES_ONLY for each in card.inputs):
        notes.append(text("place.places_only", lang))
    if card.form == "public":
        notes.append(text("place.public", lang, threshold=card.suppression_threshold))
    inputs = dict.fromkeys(
        f"{label('subject', each.subject, lang)} {each.name} ({each.source})" for each in card.inputs
    )
    return [*notes, text("place.inputs", lang, inputs=", ".join(inputs))]


def render_card(card: PlaceabilityCard, format_: str, lang: Language) -> Rendered:
    """Return a card as JSON or HTML; equal cards give equal bytes.

    Raises
    ------
    InputError
        When there is no such format.
    """
    if format_ not in CARD_FORMATS:
        raise InputError("report_format_unknown", value=format_, known=", ".join(CARD_FORMATS))
    content = canonical_json(card) if format_ == "json" else card_html(card, lang)
    return Rendered(content.encode(), ALL_MEDIA_TYPES[format_], f"placeability.{format_}")


def card_html(card: PlaceabilityCard, lang: Language) -> str:
    """Return a card as a page that needs nothing else."""

    def draw(kind: Kind, cell: Any) -> str:  # Any: what a template hands over
        return cell_text(kind, cell, modelled=any(edition.counting == "modelled" for edition in card.inputs))

    return template("governance.html.j2").render(
        lang=lang, title=card_title(card, lang), synthetic=card.synthetic, notes=card_notes(card, lang),
        tables=card_tables(card, lang), text=text, cell_text=draw,
    )  # fmt: skip


def render_ranked(ranking: Sequence[Ranked], format_: str, lang: Language) -> Rendered:
    """Return ranked candidates as XLSX, CSV, GeoJSON or JSON (all cards whole).

    Raises
    ------
    InputError
        When there is no such format.
    """
    if format_ not in RANKED_MEDIA_TYPES:
        raise InputError("report_format_unknown", value=format_, known=", ".join(RANKED_MEDIA_TYPES))
    writers = {"xlsx": _xlsx, "csv": _csv, "geojson": _geojson, "json": _json}
    return Rendered(writers[format_](ranking, lang), RANKED_MEDIA_TYPES[format_], f"candidates.{format_}")


def _xlsx(ranking: Sequence[Ranked], lang: Language) -> bytes:
    buffer, table = io.BytesIO(), ranked_table(ranking, lang)
    with workbook(buffer, table.title) as book:
        book.sheet(table)
        if ranking:
            norms = [each for each in card_tables(ranking[0].card, lang) if each.key == "norms"]
            for each in norms:
                book.sheet(each)
    return buffer.getvalue()


def _csv(ranking: Sequence[Ranked], lang: Language) -> bytes:
    table = ranked_table(ranking, lang)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.label for column in table.columns])
    for row in table.rows:
        writer.writerow(
            [
                cell * SCALE.get(column.kind, 1.0) if isinstance(cell, float) else harmless(cell)
                for column, cell in zip(table.columns, row, strict=True)
            ]
        )
    return stream.getvalue().encode("utf-8-sig")


def _geojson(ranking: Sequence[Ranked], lang: Language) -> bytes:  # noqa: ARG001 -- codes, not words
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [each.card.candidate.lon, each.card.candidate.lat]},
            "properties": _properties(each),
        }
        for each in ranking
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def _properties(each: Ranked) -> dict[str, Any]:
    card = each.card
    given = card.candidate.model_dump(mode="json", exclude={"lon", "lat"}, exclude_none=True)
    gain = None if card.facts.gain is None else card.facts.gain.residents
    verdicts = {f"check_{check.check}": check.verdict for check in card.checks}
    return {"rank": each.rank, "verdict": card.verdict, "new_residents": gain, **given, **verdicts}


def _json(ranking: Sequence[Ranked], lang: Language) -> bytes:  # noqa: ARG001 -- codes, not words
    content = [{"rank": each.rank, "card": each.card.model_dump(mode="json")} for each in ranking]
    return json.dumps({"candidates": content}, ensure_ascii=False, sort_keys=True).encode()
