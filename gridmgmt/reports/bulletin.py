"""The bulletin of a month as HTML, PDF, XLSX or JSON, in the form in which such bulletins are published."""

import io
from collections.abc import Callable, Mapping
from dataclasses import asdict

from gridmgmt.errors import InputError
from gridmgmt.reports.bulletin_document import Bulletin, canonical_json
from gridmgmt.reports.bulletin_tables import LinkedTable, Section, numbered, sections
from gridmgmt.reports.bulletin_words import bulletin_title, hash_text, how_made, key_figures, notes, told
from gridmgmt.reports.coverage_html import template
from gridmgmt.reports.indicators import definitions_table
from gridmgmt.reports.render import MEDIA_TYPES, Rendered
from gridmgmt.reports.tables import cell_text
from gridmgmt.texts import Language, text


def render_bulletin(bulletin: Bulletin, format_: str, lang: Language, *, address: str = "") -> Rendered:
    """Return a bulletin in a format; equal numbers give equal bytes.

    Parameters
    ----------
    address
        Of the server whose lists the numbers open, for a file that is read elsewhere.

    Raises
    ------
    InputError
        When there is no such format.
    UnavailableError
        When a PDF is asked for and no Chinese typeface is installed.
    """
    if format_ not in _WRITERS:
        raise InputError("report_format_unknown", value=format_, known=", ".join(_WRITERS))
    name = "-".join(filter(None, ("bulletin", bulletin.area_code, f"{bulletin.period.first:%Y-%m}")))
    return Rendered(_WRITERS[format_](bulletin, lang, address), MEDIA_TYPES[format_], f"{name}.{format_}")


def _json(bulletin: Bulletin, _lang: Language, _address: str) -> bytes:
    return canonical_json(bulletin).encode()


def _html(bulletin: Bulletin, lang: Language, address: str) -> bytes:
    parts = sections(bulletin, lang, address)
    head = _ending(len(parts), lang)
    page = template("bulletin.html.j2").render(
        lang=lang,
        address=address,
        title=bulletin_title(bulletin, lang),
        synthetic=bulletin.synthetic,
        figures=key_figures(bulletin, lang),
        told={part.name: told(bulletin, part.name, lang) for part in parts},
        notes=notes(bulletin, lang),
        sections=parts,
        definitions_title=head[1],
        definitions=definitions_table(lang),
        basis_title=head[0],
        basis=[*how_made(bulletin, lang), text("bulletin.links", lang)],
        cell_text=lambda kind, cell: cell_text(kind, cell, modelled=False),
    )
    return page.encode()


def _ending(parts: int, lang: Language) -> list[str]:
    """Return the titles of what follows the parts with numbers: how it was made, and the definitions."""
    titles = (text(f"bulletin.head.{name}", lang) for name in ("basis", "definitions"))
    return [numbered(number, title, lang) for number, title in enumerate(titles, parts + 1)]


def _pdf(bulletin: Bulletin, lang: Language, _address: str) -> bytes:
    # Only one who wants paper waits for what sets it.
    from gridmgmt.reports.coverage_pdf import Values, set_in_type, table_values  # noqa: PLC0415
    from gridmgmt.reports.pdf_fonts import chinese_typeface  # noqa: PLC0415

    face, parts = chinese_typeface(), sections(bulletin, lang)
    head = _ending(len(parts), lang)

    def values(part: Section, linked: LinkedTable) -> Values:
        first, several = linked is part.tables[0], len(part.tables) > 1
        drawn = table_values(linked.table, lang)
        columns = [{**column, "narrow": place == 0} for place, column in enumerate(drawn["columns"])]
        words = told(bulletin, part.name, lang) if first and part is not parts[0] else []
        headings = {"part": part.title if first else "", "title": linked.table.title if several else ""}
        return {**drawn, **headings, "columns": columns, "words": words, "note": linked.note, "wide": True}

    tables = [values(part, linked) for part in parts for linked in part.tables]
    content = {
        "lang": lang,
        "title": bulletin_title(bulletin, lang),
        "badge": text("report.synthetic_badge", lang) if bulletin.synthetic else "",
        "notes": notes(bulletin, lang),
        "notes_title": text("report.notes", lang),
        "figures": [asdict(figure) for figure, _ in key_figures(bulletin, lang)],
        "lead": "\n".join(told(bulletin, parts[0].name, lang)),
        "front": tables[:2],
        "tables": tables[2:],
        "said": [],
        "charts": [],
        "maps": [],
        "how_title": head[0],
        "how": "\n".join(how_made(bulletin, lang)),
        "parameters": None,
        "inputs": {**table_values(definitions_table(lang), lang), "title": head[1]},
        "hash": hash_text(bulletin, lang),
        "font": face.family,
    }
    return set_in_type(content, {}, face)


def _xlsx(bulletin: Bulletin, lang: Language, _address: str) -> bytes:
    from gridmgmt.reports.workbook import workbook  # noqa: PLC0415 -- as above

    buffer = io.BytesIO()
    with workbook(buffer, bulletin_title(bulletin, lang)) as writer:
        sheet = writer.book.add_worksheet(text("bulletin.summary", lang))
        sheet.set_column(0, 0, 120)
        sheet.write_string(0, 0, bulletin_title(bulletin, lang), writer.bold)
        badge = [text("report.synthetic_badge", lang)] if bulletin.synthetic else []
        lines = [(line, writer.warning) for line in (*badge, *notes(bulletin, lang))]
        parts = sections(bulletin, lang)
        said = (line for part in parts for line in told(bulletin, part.name, lang))
        lines += [(line, writer.wrapped) for line in (*said, *how_made(bulletin, lang))]
        for row, (line, style) in enumerate(lines, 2):
            sheet.write_string(row, 0, line, style)
        for part in parts:
            for linked in part.tables:
                writer.sheet(linked.table)
        writer.sheet(definitions_table(lang))
    return buffer.getvalue()


_WRITERS: Mapping[str, Callable[[Bulletin, Language, str], bytes]] = {
    "json": _json,
    "html": _html,
    "pdf": _pdf,
    "xlsx": _xlsx,
}
