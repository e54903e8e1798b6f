"""Cases of a filter as files: what a list shows and no contact data; row by row, however many they are."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import xlsxwriter

from gridmgmt.cases.queries import stream_cases
from gridmgmt.cases.rules import CaseFilter, ListOrder
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.catalogue.service import catalogue_if_any
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import Session
from gridmgmt.errors import InputError
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language, text

COLUMNS = (
    "case_no", "kind", "type", "type_name", "source", "state", "urgency", "reported_at", "due_at", "closed_at",
    "updated_at", "department_code", "department_name", "town_code", "cell_code", "lon", "lat", "description",
    "address", "supervised", "forced", "flags", "duplicate_of",
)  # fmt: skip
"""What a file tells of a case, in this order."""

MOST_ROWS_OF_SHEET = 1_048_575
"""As many as a workbook's sheet holds below its head."""

_WORDS = {"kind": "case_kind", "source": "case_source", "state": "case_state", "urgency": "urgency"}
_MOMENTS = ("reported_at", "due_at", "closed_at", "updated_at")
_WORKBOOK = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}

Rows = Iterator[dict[str, Any]]


def write_cases(
    session: Session,
    path: Path,
    wanted: CaseFilter,
    *,
    now: datetime,
    order: ListOrder = "newest",
    lang: Language = "zh",
) -> int:
    """Write the cases that a filter lists to a file and return how many; its suffix is ``.csv .xlsx .geojson``.

    Tables have words in a language and times of the district; GeoJSON has identifiers and times in UTC.

    Raises
    ------
    NotFoundError
        When no boundary edition has an area of the filter's code.
    InputError
        When the name ends otherwise, the folder cannot be written to, or there are more cases than a sheet holds.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError("export_suffix_unknown", field="output", value=path.name, known=" ".join(_WRITERS))
    catalogue = catalogue_if_any(session, now)
    found = (row._mapping for row in stream_cases(session, wanted, now=now, order=order))  # noqa: SLF001 -- public
    try:
        return writer(path, (_told(row, catalogue, lang) for row in found), lang)
    except OSError as error:
        raise InputError("export_not_writable", field="output", value=path, detail=str(error)) from error


def _told(row: Mapping[str, Any], catalogue: Catalogue | None, lang: Language) -> dict[str, Any]:
    """Return a case by the columns of a file, as identifiers."""
    type_ = catalogue.types.get(row["type"]) if catalogue else None
    department = catalogue.departments.get(row["department_code"] or "") if catalogue else None
    named = {
        "type_name": type_.name.said(lang) if type_ else None,
        "department_name": department.name.said(lang) if department else None,
    }
    return {name: named[name] if name in named else row[name] for name in COLUMNS}


def _in_words(row: Mapping[str, Any], lang: Language) -> list[Any]:
    """Return a case as the cells of a table."""
    cells: dict[str, Any] = dict(row)
    for name, prefix in _WORDS.items():
        cells[name] = _word(prefix, row[name], lang)
    for name in _MOMENTS:
        cells[name] = row[name] and row[name].astimezone(LOCAL_ZONE).isoformat(timespec="seconds")
    for name in ("supervised", "forced"):
        cells[name] = _word("case_value", "true", lang) if row[name] else None
    cells["flags"] = " ".join(row["flags"])
    return list(cells.values())


@cache
def _word(prefix: str, value: str, lang: Language) -> str:
    return text(f"{prefix}.{value}", lang)


def _head(lang: Language) -> list[str]:
    return [text(f"case_column.{name}", lang) for name in COLUMNS]


def _csv(path: Path, rows: Rows, lang: Language) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_head(lang))
        for row in rows:
            writer.writerow(["" if cell is None else harmless(cell) for cell in _in_words(row, lang)])
            count += 1
    return count


def _xlsx(path: Path, rows: Rows, lang: Language) -> int:
    count = 0
    book: AbstractContextManager[Any] = xlsxwriter.Workbook(str(path), _WORKBOOK)
    with book as opened:
        sheet = opened.add_worksheet()
        sheet.freeze_panes(1, 1)
        sheet.write_row(0, 0, _head(lang))
        for count, row in enumerate(rows, start=1):
            if count > MOST_ROWS_OF_SHEET:
                raise InputError("export_too_many_rows", field="output", value=path.name, limit=MOST_ROWS_OF_SHEET)
            sheet.write_row(count, 0, _in_words(row, lang))
    return count


def _geojson(path: Path, rows: Rows, _lang: Language) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        stream.write('{"type":"FeatureCollection","features":[')
        for row in rows:
            place = {"type": "Point", "coordinates": [round(row.pop("lon"), 7), round(row.pop("lat"), 7)]}
            feature = {"type": "Feature", "id": row["case_no"], "geometry": place, "properties": row}
            stream.write(",\n" if count else "\n")
            stream.write(json.dumps(feature, ensure_ascii=False, default=datetime.isoformat))
            count += 1
        stream.write("\n]}\n")
    return count


_WRITERS: Mapping[str, Callable[[Path, Rows, Language], int]] = {".csv": _csv, ".xlsx": _xlsx, ".geojson": _geojson}
"""What writes a file of each suffix."""
