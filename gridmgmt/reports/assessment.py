"""A round of assessment as a report: ranking, scores by item, events; HTML, PDF, XLSX and CSV of one document."""

from collections.abc import Iterable, Mapping
from typing import Any

from gridmgmt.assessment.document import Document
from gridmgmt.assessment.rules import WHOLE
from gridmgmt.reports.formatting import label
from gridmgmt.reports.governance import Page, rendered
from gridmgmt.reports.render import MEDIA_TYPES, Rendered
from gridmgmt.reports.tables import Cell, Column, Kind, Table
from gridmgmt.texts import Language, text

Part = Mapping[str, Any]  # Any: values of JSON
_KINDS: Mapping[str, Kind] = {
    "rank": "count",
    **dict.fromkeys(("total", "points", "judged_weight", "not_judged", "deducted", "event_points"), "decimal"),
}


def render_round(document: Document, format_: str, *, lang: Language, synthetic: bool, sha256: str | None) -> Rendered:
    """Return a round in a format; equal rounds give equal bytes.

    Parameters
    ----------
    sha256
        Of what was signed; None for an open round.

    Raises
    ------
    InputError
        When there is no such format.
    UnavailableError
        When a PDF is asked for and no Chinese typeface is installed.
    """
    told = document["round"]
    title = text("assessment.title", lang, name=told["name"][lang], first=told["from"], last=told["to"])
    name = f"assessment-{told['round_id']}-{told['to']}"
    if format_ == "pdf":
        # Only one who wants paper waits for what sets it.
        from gridmgmt.reports.assessment_pdf import round_pdf  # noqa: PLC0415

        paper = round_pdf(document, title, lang, synthetic=synthetic, sha256=sha256)
        return Rendered(paper, MEDIA_TYPES[format_], f"{name}.pdf")
    tables = round_tables(document, lang)
    page = Page(name, title, round_notes(document, lang, sha256=sha256), tables, tables[1], synthetic)
    return rendered(page, document | {"synthetic": synthetic}, format_, lang)


def round_notes(document: Document, lang: Language, *, sha256: str | None) -> tuple[str, ...]:
    """Return what to know first: the scheme, how totals are made, and who has signed."""
    scheme, signed = document["scheme"], document["signed"]
    plain = {"name": scheme["name"][lang], "valid_from": scheme["valid_from"], "source": scheme["source"]}
    notes = [text("assessment.note_scheme", lang, **plain)]
    if scheme["is_example"]:
        notes.append(text("assessment.note_example", lang))
    notes.append(text("assessment.note_not_judged", lang, least=document["round"]["min_judged_weight"]))
    if any(each["vetoed"] for each in document["standings"]):
        notes.append(text("assessment.note_veto", lang))
    if signed is None:
        notes.append(text("assessment.note_open", lang))
    else:
        notes.append(text("assessment.note_signed", lang, by=signed["by"], at=signed["at"][:10], sha256=sha256))
    return tuple(notes)


def round_tables(document: Document, lang: Language) -> tuple[Table, ...]:
    """Return the ranking, the scores by item, and deductions with vetoes."""
    return _ranking(document, lang), _matrix(document, lang), _events(document, lang)


def _ranking(document: Document, lang: Language) -> Table:
    names = ("rank", "code", "name", "total", "points", "judged_weight", "not_judged", "deducted", "vetoed")
    rows = (
        (*_place(each), _number(each["points"]), _number(each["judged_weight"]),
         float(WHOLE) - float(each["judged_weight"]), _number(each["deducted"]),
         text("assessment.vetoed", lang) if each["vetoed"] else None)
        for each in _named(document, lang)
    )  # fmt: skip
    return _table("ranking", names, rows, lang)


def _matrix(document: Document, lang: Language) -> Table:
    """Return the points of every item; blank where it is not judged."""
    points = {(each["subject_code"], each["item_code"]): each["points"] for each in document["scores"]}
    items = document["scheme"]["items"]
    fixed = _columns(("rank", "code", "name", "total"), lang)
    words = (text("assessment.item", lang, name=item["name"][lang], weight=item["weight"]) for item in items)
    rows = tuple(
        (*_place(each), *(_number(points[each["subject_code"], item["code"]]) for item in items))
        for each in _named(document, lang)
    )
    title = text("assessment.matrix", lang)
    return Table("matrix", title, (*fixed, *(Column(each, "decimal") for each in words)), rows)


def _events(document: Document, lang: Language) -> Table:
    names = ("code", "name", "effect", "cause", "occurred_on", "event_points", "document", "appeal")
    called = {each["subject_code"]: each["name"][lang] for each in document["standings"]}
    rows = (
        (each["subject_code"], called[each["subject_code"]], label("event_effect", each["effect"], lang),
         label("event_cause", each["cause"], lang), each["occurred_on"], _number(each["points"]), each["document"],
         None if each["appeal"] is None else label("appeal_state", each["appeal"], lang))
        for each in document["events"]
    )  # fmt: skip
    return _table("events", names, rows, lang)


def _named(document: Document, lang: Language) -> list[Part]:
    return [{**each, "name": each["name"][lang]} for each in document["standings"]]


def _place(standing: Part) -> tuple[Cell, ...]:
    rank = standing["rank"]
    return (
        None if rank is None else float(rank),
        standing["subject_code"],
        standing["name"],
        _number(standing["total"]),
    )


def _number(value: str | None) -> float | None:
    return None if value is None else float(value)


def _table(key: str, names: tuple[str, ...], rows: Iterable[tuple[Cell, ...]], lang: Language) -> Table:
    return Table(key, text(f"assessment.{key}", lang), _columns(names, lang), tuple(rows))


def _columns(names: Iterable[str], lang: Language) -> tuple[Column, ...]:
    return tuple(Column(text(f"assessment.column.{name}", lang), _KINDS.get(name, "text")) for name in names)
