"""A comparison of two coverage runs as tables and files, exact or public.

The counts of the public form are one additive table: in each area those who reach a point in both runs, who gained and
who lost one, and who has none in either, sum to the residents; the first two sum to the covered of the later run, the
first and the third to those of the earlier. It is audited as the reports are, and where a report withholds a number of
an area the comparison tells nothing of that area: what neither report tells alone, the two do not tell together.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from gridmgmt.coverage.comparison_document import (
    Compared,
    ComparedArea,
    ComparedLevel,
    CoverageComparison,
    Covered,
    Shift,
)
from gridmgmt.coverage.document import CoverageDocument, Figures, all_figures
from gridmgmt.reports.formatting import WITHHELD, area_name, label, minutes_text
from gridmgmt.reports.governance import MEDIA_TYPES, Page, rendered
from gridmgmt.reports.public import Sheet, relate_levels
from gridmgmt.reports.render import Rendered
from gridmgmt.reports.tables import Cell, Column, Table
from gridmgmt.texts import Language, text

__all__ = ["MEDIA_TYPES", "comparison_tables", "public_comparison", "render_comparison"]

_Row = dict[str, int]


def render_comparison(comparison: CoverageComparison, name: str, format_: str, lang: Language) -> Rendered:
    """Return a comparison in a format; equal comparisons give equal bytes.

    Raises
    ------
    InputError
        When there is no such format.
    """
    tables = comparison_tables(comparison, lang)
    minutes = minutes_text(comparison.b.parameters.limit_s)
    title = text("comparison.title", lang, minutes=minutes)
    page = Page(name, title, tuple(comparison_notes(comparison, lang)), tables, tables[1], comparison.synthetic)
    return rendered(page, comparison.model_dump(mode="json"), format_, lang)


def comparison_notes(comparison: CoverageComparison, lang: Language) -> Iterator[str]:
    """Yield what must be known before the numbers."""
    if not comparison.differences:
        yield text("comparison.no_difference", lang)
    if not comparison.same_population:
        yield text("comparison.other_population", lang)
    if comparison.suppression_threshold is not None:
        yield text("report.form_public", lang, threshold=comparison.suppression_threshold)


def comparison_tables(comparison: CoverageComparison, lang: Language) -> tuple[Table, ...]:
    """Return what was asked otherwise, everybody, the age bands where they are told, then the areas level by level."""
    everybody = _table(comparison, "totals", [("", text("report.total", lang), comparison.totals)], lang)
    levels = (
        _table(comparison, level.level, _rows(level, comparison.totals, lang), lang) for level in comparison.levels
    )
    ages = [_ages_table(comparison, lang)] if comparison.age_bands else []
    return (_differences_table(comparison, lang), everybody, *ages, *levels)


def _differences_table(comparison: CoverageComparison, lang: Language) -> Table:
    names = ("what", "a", "b")
    columns = tuple(Column(text(f"comparison.{name}", lang)) for name in names)
    rows = tuple(
        (label("comparison.of", each.name, lang), each.a or "", each.b or "") for each in comparison.differences
    )
    return Table("differences", text("comparison.differences", lang), columns, rows)


def _rows(level: ComparedLevel, totals: Compared, lang: Language) -> Iterator[tuple[str, str, Compared]]:
    for area in level.areas:
        yield area.code, area_name(area.name, lang), area.compared
    if level.remainder is not None:
        yield "", text("report.remainder", lang), level.remainder
    yield "", text("report.total", lang), totals


def _table(
    comparison: CoverageComparison, key: str, rows: Iterable[tuple[str, str, Compared]], lang: Language
) -> Table:
    withheld = comparison.form == "public"
    columns = (
        Column(text("report.code", lang)),
        Column(text("report.name", lang)),
        *(Column(text(f"comparison.covered_{side}", lang), "count") for side in "ab"),
        *(Column(text(f"comparison.ratio_{side}", lang), "ratio") for side in "ab"),
        *(Column(text(f"comparison.{name}", lang), "count") for name in ("gained", "lost", "neither")),
    )
    title = text("comparison.everybody", lang) if key == "totals" else label("level", key, lang)
    drawn = tuple((code, name, *_cells(compared, withheld=withheld)) for code, name, compared in rows)
    return Table(key, title, columns, drawn)


def _cells(compared: Compared, *, withheld: bool) -> Iterator[Cell]:
    """Yield the numbers of one row; in the public form what is not told is withheld."""
    sides = (compared.a, compared.b)
    shift = compared.shift
    for name in ("covered", "ratio"):
        for side in sides:
            value = None if side is None else getattr(side, name)
            yield WITHHELD if withheld and side is not None and value is None else value
    for name in ("gained", "lost", "neither"):
        value = None if shift is None else getattr(shift, name)
        yield WITHHELD if withheld and shift is not None and value is None else value


def _ages_table(comparison: CoverageComparison, lang: Language) -> Table:
    names = ("both", "gained", "lost", "neither")
    columns = (Column(text("report.age_band", lang)), *(Column(text(f"comparison.{n}", lang), "count") for n in names))
    rows = tuple(
        (label("age_band", each.band, lang), *(getattr(each, name) for name in names)) for each in comparison.age_bands
    )
    return Table("age_bands", text("report.age_bands", lang), columns, rows)


def public_comparison(
    comparison: CoverageComparison, a: CoverageDocument, b: CoverageDocument, threshold: int
) -> CoverageComparison:
    """Return the form of an exact comparison that may be shown to anybody.

    Parameters
    ----------
    a, b
        The public forms of the two answers.
    """
    from gridmgmt.analysis.suppression import suppress  # noqa: PLC0415 -- its solver takes seconds to load

    sheet, parts = Sheet(), list(_all(comparison))
    rows = [_cells_of(sheet, compared) for compared in parts]
    relate_levels(sheet, comparison.levels, rows)
    hidden = suppress(np.array(sheet.values), sheet.relations, threshold)
    untold = _untold(a, b)
    shown = iter(
        Compared(a=_hidden(each.a), b=_hidden(each.b), shift=_no_shift(each.shift))
        if place in untold or any(hidden[cell] for cell in row.values())
        else each
        for place, each, row in zip(_places(comparison), parts, rows, strict=True)
    )
    return comparison.model_copy(
        update={
            "form": "public",
            "suppression_threshold": threshold,
            "totals": next(shown),
            "age_bands": (),
            "levels": tuple(_public_level(level, shown) for level in comparison.levels),
        }
    )


def _public_level(level: ComparedLevel, shown: Iterator[Compared]) -> ComparedLevel:
    areas: list[ComparedArea] = [area.model_copy(update={"compared": next(shown)}) for area in level.areas]
    remainder = None if level.remainder is None else next(shown)
    return level.model_copy(update={"areas": tuple(areas), "remainder": remainder})


def _all(comparison: CoverageComparison) -> Iterator[Compared]:
    yield comparison.totals
    for level in comparison.levels:
        yield from (area.compared for area in level.areas)
        if level.remainder is not None:
            yield level.remainder


def _places(comparison: CoverageComparison) -> Iterator[tuple[str, str]]:
    """Yield level and code of everything compared, in the order of :func:`_all`."""
    yield "", ""
    for level in comparison.levels:
        yield from ((level.level, area.code) for area in level.areas)
        if level.remainder is not None:
            yield level.level, ""


def _cells_of(sheet: Sheet, compared: Compared) -> _Row:
    """Add the counts of one row; without gains and losses the difference of the two is a count, too."""
    if compared.shift is not None:
        row = {name: sheet.cell(value or 0.0) for name, value in compared.shift.model_dump().items()}
        a = sheet.cell(sheet.values[row["both"]] + sheet.values[row["lost"]])
        b = sheet.cell(sheet.values[row["both"]] + sheet.values[row["gained"]])
        without_a = sheet.cell(sheet.values[row["gained"]] + sheet.values[row["neither"]])
        without_b = sheet.cell(sheet.values[row["lost"]] + sheet.values[row["neither"]])
        whole = sheet.cell(sheet.values[a] + sheet.values[without_a])
        sheet.relate(a, [row["both"], row["lost"]])
        sheet.relate(b, [row["both"], row["gained"]])
        sheet.relate(without_a, [row["gained"], row["neither"]])
        sheet.relate(without_b, [row["lost"], row["neither"]])
        sheet.relate(whole, [a, without_a])
        sheet.relate(whole, [b, without_b])
        return row | {"a": a, "b": b, "without_a": without_a, "without_b": without_b, "residents": whole}
    sides = {"a": compared.a, "b": compared.b}
    row = {name: sheet.cell(side.covered or 0.0) for name, side in sides.items() if side is not None}
    if len(row) == len(sides):
        less, more = sorted(row.values(), key=lambda cell: sheet.values[cell])
        step = sheet.cell(sheet.values[more] - sheet.values[less])
        sheet.relate(more, [less, step])
        row[f"step.{step}"] = step  # of this row alone: steps up and down do not sum to a step
    return row


def _untold(*sides: CoverageDocument) -> set[tuple[str, str]]:
    """Return level and code of everything of which a public report withholds the residents or the covered."""
    found = set()
    for document in sides:
        places = [("", "")]
        for level in document.levels:
            places += [(level.level, area.code) for area in level.areas]
            places += [(level.level, "")] if level.remainder is not None else []
        for place, figures in zip(places, all_figures(document), strict=True):
            if _withholds(figures):
                found.add(place)
    return found


def _withholds(figures: Figures) -> bool:
    return figures.residents is None or figures.covered is None


def _hidden(side: Covered | None) -> Covered | None:
    return side and Covered(residents=None, covered=None, ratio=None)


def _no_shift(shift: Shift | None) -> Shift | None:
    return shift and Shift(both=None, gained=None, lost=None, neither=None)
