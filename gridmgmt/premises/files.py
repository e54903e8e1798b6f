"""Premises and their inspections as tables for who may read them."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

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


def write_premises(path: Path, rows: Iterable[PremisesSummary], lang: Language) -> None:
    """Write premises as CSV with words in a language, as they come; positions in WGS 84 degrees."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream_premises(stream, rows, lang)


def stream_premises(stream: TextIO, rows: Iterable[PremisesSummary], lang: Language) -> None:
    """Write premises to an open stream, as :func:`write_premises`."""
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
    _write(stream, [text(f"premises.header.{name}", lang) for name in _PREMISES], cells)


def write_inspections(path: Path, rows: Iterable[PremisesInspection], lang: Language) -> None:
    """Write inspections as CSV with their seven scores, as they come; an empty cell is a factor that was not scored."""
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
    with path.open("w", encoding="utf-8", newline="") as stream:
        _write(stream, [*header, *(text(f"premises_factor.{factor}", lang) for factor in Factor)], cells)


def colour_name(colour: str | None, lang: Language) -> str:
    """Return the name of a colour, and of having none yet."""
    return text(f"premises_colour.{colour or 'uninspected'}", lang)


def yes_or_no(value: bool, lang: Language) -> str:
    """Return a flag in words."""
    return text("premises.yes" if value else "premises.no", lang)


def _write(stream: TextIO, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    stream.write("\ufeff")  # by which spreadsheets know the encoding
    writer = csv.writer(stream)
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
