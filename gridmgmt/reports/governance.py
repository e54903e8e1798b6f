"""The mode report and the completeness matrix in their formats, as bytes to send or to write to a file."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from gridmgmt.errors import InputError
from gridmgmt.governance.matrix import CompletenessMatrix
from gridmgmt.governance.modes import ModeReport
from gridmgmt.reports.coverage_html import template
from gridmgmt.reports.governance_tables import cells_table, matrix_notes, matrix_tables, mode_notes, mode_tables
from gridmgmt.reports.render import MEDIA_TYPES as ALL_MEDIA_TYPES
from gridmgmt.reports.render import Rendered
from gridmgmt.reports.tables import Cell, Kind, Table, cell_text
from gridmgmt.reports.workbook import SCALE, workbook
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language, text

MEDIA_TYPES: Mapping[str, str] = {
    **{name: ALL_MEDIA_TYPES[name] for name in ("json", "html", "xlsx")},
    "csv": "text/csv; charset=utf-8",
}
"""The formats of these reports and their media types; CSV holds one table."""

ModeTable = Literal["towns", "units", "sectors", "villages", "joint_centres"]
"""The tables of the mode report."""


@dataclass(frozen=True)
class Page:
    """A report ready to be drawn; ``main`` is the table that stands alone in CSV."""

    name: str
    title: str
    notes: tuple[str, ...]
    tables: tuple[Table, ...]
    main: Table
    synthetic: bool


def render_modes(
    report: ModeReport, format_: str, *, lang: Language, synthetic: bool, table: ModeTable = "towns"
) -> Rendered:
    """Return the mode report in a format; equal reports give equal bytes.

    Parameters
    ----------
    table
        The one that CSV holds; the other formats hold them all.

    Raises
    ------
    InputError
        When there is no such format.
    """
    tables = mode_tables(report, lang)
    title = text("governance.mode_title", lang, on=report.on)
    main = next(each for each in tables if each.key == table)
    name = f"{table if format_ == 'csv' else 'modes'}-{report.on}"
    page = Page(name, title, mode_notes(report, lang), tables, main, synthetic)
    return rendered(page, modes_document(report) | {"synthetic": synthetic}, format_, lang)


def render_matrix(matrix: CompletenessMatrix, format_: str, *, lang: Language, synthetic: bool) -> Rendered:
    """Return the completeness matrix in a format; equal matrices give equal bytes.

    Raises
    ------
    InputError
        When there is no such format.
    """
    title = text("governance.matrix_title", lang, on=matrix.on)
    tables, main = matrix_tables(matrix, lang), cells_table(matrix, lang)
    page = Page(f"centres-{matrix.on}", title, matrix_notes(matrix, lang), tables, main, synthetic)
    return rendered(page, matrix_document(matrix) | {"synthetic": synthetic}, format_, lang)


def modes_document(report: ModeReport) -> dict[str, object]:
    """Return the mode report as values of JSON, dates as text; areas in m² on the ellipsoid."""
    towns = [asdict(town) | {"undecided": town.undecided} for town in report.towns]
    villages = [asdict(tag) | {"name": name} for tag, name in report.villages]
    return asdict(report) | {"towns": towns, "villages": villages, "gaps": report.gaps}


def matrix_document(matrix: CompletenessMatrix) -> dict[str, object]:
    """Return the completeness matrix as values of JSON."""
    rows = [
        asdict(row.body) | {"group": row.body.group, "cells": [asdict(cell) for cell in row.cells]}
        for row in matrix.rows
    ]
    return asdict(matrix) | {"rows": rows}


def rendered(page: Page, document: Mapping[str, object], format_: str, lang: Language) -> Rendered:
    """Return a page in a format; ``document`` is what JSON holds of it.

    Raises
    ------
    InputError
        When there is no such format.
    """
    if format_ not in MEDIA_TYPES:
        raise InputError("report_format_unknown", value=format_, known=", ".join(MEDIA_TYPES))
    return Rendered(_content(page, document, format_, lang), MEDIA_TYPES[format_], f"{page.name}.{format_}")


def _content(page: Page, document: Mapping[str, object], format_: str, lang: Language) -> bytes:
    if format_ == "json":
        return json.dumps(document, ensure_ascii=False, sort_keys=True, default=str).encode()
    if format_ == "csv":
        return _csv(page.main)
    return _xlsx(page) if format_ == "xlsx" else _html(page, lang).encode()


def _html(page: Page, lang: Language) -> str:
    return template("governance.html.j2").render(
        lang=lang,
        title=page.title,
        notes=page.notes,
        tables=page.tables,
        synthetic=page.synthetic,
        cell_text=lambda kind, cell: cell_text(kind, cell, modelled=False),
    )


def _xlsx(page: Page) -> bytes:
    buffer = io.BytesIO()
    with workbook(buffer, page.title) as writer:
        for table in page.tables:
            writer.sheet(table)
    return buffer.getvalue()


def _csv(table: Table) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([column.label for column in table.columns])
    kinds = [column.kind for column in table.columns]
    writer.writerows(
        [harmless(_plain(kind, cell)) for kind, cell in zip(kinds, row, strict=True)] for row in table.rows
    )
    return buffer.getvalue().encode("utf-8-sig")


def _plain(kind: Kind, cell: Cell) -> str:
    """Return a cell without separators: the unrounded number of its column's unit, empty where there is none."""
    if not isinstance(cell, float):
        return cell or ""
    number = cell * SCALE.get(kind, 1.0)
    return str(int(number)) if kind == "count" else repr(number)
