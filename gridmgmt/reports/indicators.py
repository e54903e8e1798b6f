"""Indicators as files: one table, with the definitions of its rates and what was asked beside it."""

from collections.abc import Iterator

from gridmgmt.cases.measures import RATIOS, Measure, Ratio
from gridmgmt.indicators.rules import Indicators, Tally
from gridmgmt.reports.governance import Page, rendered
from gridmgmt.reports.indicators_addresses import filters_of
from gridmgmt.reports.indicators_words import basis_note, by_text, definition, moment_text, notes_of, row_name
from gridmgmt.reports.render import Rendered
from gridmgmt.reports.tables import Cell, Column, Table
from gridmgmt.texts import Language, text


def render_indicators(found: Indicators, format_: str, lang: Language) -> Rendered:
    """Return an answer as CSV (its table alone) or XLSX; equal answers give equal bytes.

    Raises
    ------
    InputError
        When there is no such format.
    """
    period = found.question.period
    title = text("indicators.file_title", lang, first=period.first, last=period.last)
    table = numbers_table(found, lang)
    tables = (table, definitions_table(lang), _asked_table(found, lang))
    page = Page(f"indicators-{period.first}-{period.last}", title, (), tables, table, synthetic=False)
    return rendered(page, {}, format_, lang)


def numbers_table(found: Indicators, lang: Language) -> Table:
    """Return all counts and rates by row, the total last; beside another period also the change of each rate."""
    before = {} if found.compared is None else {code: tally for code, _, tally in found.compared.rows}
    cells = [
        (code, row_name(code, name, lang), *_cells(tally, before.get(code), changes=bool(found.compared)))
        for code, name, tally in found.rows
    ]
    total = None if found.compared is None else found.compared.total
    cells.append((None, text("indicators.total", lang), *_cells(found.total, total, changes=bool(found.compared))))
    return Table("indicators", by_text(found.question.by, lang), tuple(_columns(found, lang)), tuple(cells))


def definitions_table(lang: Language) -> Table:
    """Return what each rate is made of."""
    names = ("ratio", "numerator", "denominator", "definition")
    rows = tuple(
        (
            text(f"ratio.{ratio}", lang),
            *(text(f"measure.{measure}", lang) for measure in measures),
            definition(ratio, lang),
        )
        for ratio, measures in RATIOS.items()
    )
    columns = tuple(Column(text(f"indicators.{name}", lang)) for name in names)
    return Table("definitions", text("indicators.definitions", lang), columns, rows)


def _columns(found: Indicators, lang: Language) -> Iterator[Column]:
    yield Column(text("indicators.code", lang))
    yield Column(text("indicators.name", lang))
    for measure in Measure:
        yield Column(text(f"measure.{measure}", lang), "count")
    for ratio in Ratio:
        yield Column(text(f"ratio.{ratio}", lang), "rate")
    yield Column(text("indicators.mean_handling_hours", lang), "tenths_of_hours")
    if found.compared is not None:
        period = found.compared.question.period
        for ratio in Ratio:
            words = {"ratio": text(f"ratio.{ratio}", lang), "period": f"{period.first}–{period.last}"}
            yield Column(text("indicators.change_of", lang, **words), "points")


def _cells(tally: Tally, before: Tally | None, *, changes: bool) -> Iterator[Cell]:
    for measure in Measure:
        yield float(tally.counts.get(measure, 0))
    for ratio in Ratio:
        yield tally.ratio(ratio)
    yield tally.mean_handling_s
    for ratio in Ratio if changes else ():
        value, earlier = tally.ratio(ratio), None if before is None else before.ratio(ratio)
        yield None if value is None or earlier is None else value - earlier


def _asked_table(found: Indicators, lang: Language) -> Table:
    """Return what was asked and when it was counted, one line a row."""
    period = found.question.period
    lines = [
        text("indicators.file_title", lang, first=period.first, last=period.last),
        text("indicators.as_of", lang, at=moment_text(found.as_of)),
        basis_note(found, lang),
        *(f"{name}={value}" for name, value in filters_of(found.question).items()),
        *notes_of(found, lang),
    ]
    return Table("asked", text("indicators.asked", lang), (Column(""),), tuple((line,) for line in lines))
