"""The coverage report as a PDF whose bytes depend on the document, its maps and the language alone."""

import json
import tempfile
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import typst

from gridmgmt.coverage.document import CoverageDocument, result_sha256
from gridmgmt.reports.coverage_html import how_text, key_figures, public_note, title
from gridmgmt.reports.coverage_pdf_maps import Drawn, Ground, coverage_maps
from gridmgmt.reports.coverage_tables import gap_texts, reading_tables
from gridmgmt.reports.formatting import note_text
from gridmgmt.reports.pdf_fonts import Typeface, chinese_typeface
from gridmgmt.reports.tables import (
    Table,
    cell_text,
    inputs_table,
    numbers_tables,
    parameters_table,
    points_table,
    uncovered_table,
)
from gridmgmt.texts import Language, text

LISTED = 60
"""Rows of the lists of places and points on paper; the XLSX holds all."""

Values = dict[str, Any]  # Any: JSON


def coverage_pdf(document: CoverageDocument, ground: Ground, lang: Language = "zh") -> bytes:
    """Return the report as a tagged PDF, exact or public as the document is.

    Raises
    ------
    UnavailableError
        When no Chinese typeface is installed.
    """
    face = chinese_typeface()
    maps = coverage_maps(document, ground, lang)
    content = {**_content(document, lang), "maps": [map_values(drawn) for drawn in maps], "font": face.family}
    return set_in_type(content, dict(layer for drawn in maps for layer in drawn.layers), face)


def set_in_type(content: Values, drawings: dict[str, str], face: Typeface) -> bytes:
    """Return the PDF of a report's values and drawings; no clock and no other font enters it."""
    texts = {"content.json": json.dumps(content, ensure_ascii=False), **drawings}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        main = folder / "main.typ"
        main.write_bytes(resources.files("gridmgmt.reports").joinpath("templates", "report.typ").read_bytes())
        for file_name, written in texts.items():
            (folder / file_name).write_text(written, encoding="utf-8")
        fonts = folder / "fonts"
        fonts.mkdir()
        for number, file in enumerate(face.files):
            (fonts / f"{number}{file.suffix}").symlink_to(file)
        return typst.compile(main, root=folder, format="pdf", font_paths=[fonts], ignore_system_fonts=True, timestamp=0)


def _content(document: CoverageDocument, lang: Language) -> Values:
    """Return what the template prints, every text and number as it is to be read."""
    modelled = document.counting == "modelled"
    withheld = public_note(document, lang)
    numbers = numbers_tables(document, lang)
    by_level = numbers[len(numbers) - len(document.levels) :]
    front = numbers[: len(numbers) - len(document.levels)]
    lists = [*reading_tables(document, lang)]
    if document.uncovered_places is not None:
        lists.append(uncovered_table(document, document.uncovered_places.listed[:LISTED], lang))
    lists.append(points_table(document, lang))
    return {
        "lang": lang,
        "title": title(document, lang),
        "badge": text("report.synthetic_badge", lang) if document.synthetic else "",
        "notes": [*(note_text(note, lang) for note in document.notes), *([withheld] if withheld else [])],
        "notes_title": text("report.notes", lang),
        "figures": [asdict(figure) for figure in key_figures(document, lang)],
        "front": [table_values(table, lang, modelled=modelled) for table in front],
        "tables": [
            *(table_values(table, lang, modelled=modelled) for table in by_level),
            *(table_values(table, lang, modelled=modelled, most=LISTED) for table in lists),
        ],
        "lead": "",
        "charts": [],
        "said": list(gap_texts(document, document.gaps, lang)) if document.gaps else [],
        "how_title": text("report.how", lang),
        "how": how_text(document, lang),
        "parameters": table_values(parameters_table(document, lang), lang),
        "inputs": table_values(inputs_table(document.inputs, lang), lang),
        "hash": text("pdf.hash", lang, sha256=result_sha256(document)),
    }


def table_values(table: Table, lang: Language, *, modelled: bool = False, most: int | None = None) -> Values:
    """Return a table as the template prints it, its first ``most`` rows."""
    rows = table.rows[:most]
    return {
        "title": table.title,
        "columns": [{"label": column.label, "number": column.kind != "text"} for column in table.columns],
        "rows": [
            [cell_text(c.kind, cell, modelled=modelled) for c, cell in zip(table.columns, row, strict=True)]
            for row in rows
        ],
        "note": text("pdf.first_rows", lang, shown=len(rows)) if len(rows) < len(table.rows) else "",
    }


def map_values(drawn: Drawn) -> Values:
    """Return a map or chart as the template prints it."""
    return {**asdict(drawn), "layers": [name for name, _ in drawn.layers]}
