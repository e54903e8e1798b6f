"""The tables of a bulletin: each cell that counts cases knows the list of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from gridmgmt.cases.measures import RATIOS, Dimension, Measure, Ratio
from gridmgmt.clock import local_date
from gridmgmt.hotspots.rules import WITHIN_M, Span
from gridmgmt.hotspots.service import RepeatedPlace
from gridmgmt.indicators.rules import Indicators, Tally
from gridmgmt.reports.bulletin_document import Bulletin
from gridmgmt.reports.indicators_addresses import CONSOLE_LIST, CaseLists
from gridmgmt.reports.indicators_ranking import MIN_CASES, ranked
from gridmgmt.reports.indicators_words import row_name
from gridmgmt.reports.tables import Cell, Column, Kind, Table
from gridmgmt.texts import Language, text

TOP_TYPES = 15
"""So many types are listed, those with most reports."""

Linked = tuple[Cell, str | None]
"""A cell, and the address of the list of its cases where it counts some."""

_COUNTS = (
    Measure.REPORTED, Measure.ACCEPTED, Measure.REGISTERED, Measure.DISPATCHED, Measure.HANDLED, Measure.CLOSED,
    Measure.DUE, Measure.DUE_CLOSED, Measure.DUE_CLOSED_ON_TIME, Measure.SETTLED_ON_SPOT, Measure.REWORKED,
    Measure.EXTENDED, Measure.FORCED, Measure.DUPLICATES, Measure.REJECTED, Measure.VOIDED,
)  # fmt: skip
"""What a bulletin counts, in the order of a case's life."""

_TITLES = {Dimension.TOWN: "areas.town", Dimension.QUARTER: "areas.residential_quarter"}
_AREA_NAMES = frozenset(_TITLES)


@dataclass(frozen=True)
class LinkedTable:
    """A table, the addresses behind its cells, and what is said below it."""

    table: Table
    links: tuple[tuple[str | None, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A numbered part of a bulletin."""

    title: str
    tables: tuple[LinkedTable, ...]


@dataclass(frozen=True)
class Side:
    """The numbers of a row or total, and what the addresses of their lists begin with."""

    tally: Tally
    lists: CaseLists
    beginning: str

    def count(self, measure: Measure) -> Linked:
        """Return a count with the address of its list."""
        return float(self.tally.counts.get(measure, 0)), self.lists.of(measure, self.beginning)


def sections(bulletin: Bulletin, lang: Language, address: str = "") -> list[Section]:
    """Return the parts with numbers in the order in which they stand.

    Parameters
    ----------
    address
        What the addresses of lists begin with, such as ``http://127.0.0.1:8000``; nothing on the server itself.
    """
    drawn = _Drawn(bulletin, lang, address + CONSOLE_LIST)
    parts = [("overview", (drawn.counts(), drawn.rates())), ("kinds", (drawn.standing(Dimension.KIND),))]
    if (areas := bulletin.areas_by) is not None:
        parts.append((_TITLES[areas], (drawn.standing(areas),)))
    parts.append(("departments", (drawn.departments(),)))
    parts.append(("sources", (drawn.sources(),)))
    parts.append(("types", (drawn.types(),)))
    if bulletin.places:
        parts.append(("places", (drawn.places(),)))
    return [
        Section(numbered(number, text(f"bulletin.head.{name}", lang), lang), tables)
        for number, (name, tables) in enumerate(parts, 1)
    ]


def sides_of(bulletin: Bulletin, address: str) -> tuple[Side, Side, Side]:
    """Return the totals of the month, of the month before, and of the same month a year earlier."""
    found = (bulletin.whole, bulletin.whole.compared, bulletin.year.compared)
    month, before, year = (_total(each or bulletin.whole, address) for each in found)
    return month, before, year


def numbered(number: int, title: str, lang: Language) -> str:
    """Return a title with its number, from 1."""
    return text("bulletin.numbered", lang, number=text("bulletin.numerals", lang)[number - 1], title=title)


def change_of(now: float, before: float) -> float | None:
    """Return by which share of itself a count has changed, None where there was nothing before."""
    return (now - before) / before if before else None


def difference(now: float | None, before: float | None) -> float | None:
    """Return the difference of two rates, None where one of them does not exist."""
    return None if now is None or before is None else now - before


def _total(found: Indicators, address: str) -> Side:
    lists = CaseLists(found.question, found.question.period, address)
    return Side(found.total, lists, lists.total)


class _Drawn:
    """One bulletin in one language, whose numbers open the lists of one address."""

    def __init__(self, bulletin: Bulletin, lang: Language, address: str) -> None:
        self._bulletin, self._lang, self._address = bulletin, lang, address

    def counts(self) -> LinkedTable:
        """Return all counts of the month beside the month before and the same month a year earlier."""
        month, before, year = sides_of(self._bulletin, self._address)

        def row(measure: Measure) -> Iterator[Linked]:
            now = month.tally.counts.get(measure, 0)
            yield text(f"measure.{measure}", self._lang), None
            yield month.count(measure)
            for side in (before, year):
                yield side.count(measure)
                yield change_of(now, side.tally.counts.get(measure, 0)), None

        kinds: dict[str, Kind] = {
            "item": "text", "this": "count", "before": "count", "change": "change", "year_before": "count",
            "year_change": "change",
        }  # fmt: skip
        return self._table("counts", text("bulletin.table.counts", self._lang), self._columns(kinds), map(row, _COUNTS))

    def rates(self) -> LinkedTable:
        """Return all rates of the month with what they are made of, beside the two other months."""
        month, before, year = sides_of(self._bulletin, self._address)

        def row(ratio: Ratio) -> Iterator[Linked]:
            rate = month.tally.ratio(ratio)
            yield text(f"ratio.{ratio}", self._lang), None
            yield rate, None
            yield from map(month.count, RATIOS[ratio])
            for side in (before, year):
                yield side.tally.ratio(ratio), None
                yield difference(rate, side.tally.ratio(ratio)), None

        kinds: dict[str, Kind] = {
            "item": "text", "rate": "rate", "numerator": "count", "denominator": "count", "before": "rate",
            "points": "points", "year_before": "rate", "year_points": "points",
        }  # fmt: skip
        return self._table("rates", text("bulletin.table.rates", self._lang), self._columns(kinds), map(row, Ratio))

    def standing(self, by: Dimension) -> LinkedTable:
        """Return what came in and how it was closed by kind or area; areas placed by the on-time closing rate."""
        ratio = Ratio.ON_TIME_CLOSING_RATE
        measures = (Measure.REPORTED, Measure.REGISTERED, Measure.DUE, Measure.DUE_CLOSED, Measure.DUE_CLOSED_ON_TIME)
        ratios = (Ratio.CLOSING_RATE, ratio, Ratio.REWORK_RATE)
        if by is Dimension.KIND:
            return self._placed(by, None, measures, ratios)
        return self._placed(by, ratio, measures, ratios, text("bulletin.ranked_by", self._lang, least=MIN_CASES))

    def departments(self) -> LinkedTable:
        """Return how bodies handled what went to them, placed by the on-time handling rate."""
        ratio = Ratio.ON_TIME_HANDLING_RATE
        measures = (Measure.DISPATCHED, Measure.HANDLED, Measure.DUE_HANDLED, Measure.DUE_HANDLED_ON_TIME)
        ratios = (ratio, Ratio.RIGHT_DISPATCH_RATE, Ratio.REWORK_RATE)
        note = text("bulletin.ranked_departments", self._lang, least=MIN_CASES)
        return self._placed(Dimension.DEPARTMENT, ratio, measures, ratios, note)

    def sources(self) -> LinkedTable:
        """Return through whom cases came to be known, the most first."""
        ratios = (Ratio.REGISTRATION_RATE, Ratio.DUPLICATE_RATE, Ratio.SATISFACTION_RATE)
        return self._shared(Dimension.SOURCE, (Measure.ACCEPTED, Measure.REGISTERED), ratios)

    def types(self) -> LinkedTable:
        """Return the types that were reported most."""
        rows = self._bulletin.by[Dimension.TYPE].rows
        every = sum(1 for *_, tally in rows if tally.counts.get(Measure.REPORTED))
        note = text("bulletin.top_types", self._lang, shown=min(TOP_TYPES, every), all=every)
        ratios = (Ratio.CLOSING_RATE, Ratio.ON_TIME_CLOSING_RATE)
        return self._shared(Dimension.TYPE, (), ratios, note, most=TOP_TYPES)

    def places(self) -> LinkedTable:
        """Return the places to which cases of one type came again, the fullest first."""
        period, types = self._bulletin.period, self._bulletin.by[Dimension.TYPE].rows
        names = {code: name for code, name, _ in types}
        wanted = Span(period.first, period.last).wanted

        def cells(place: RepeatedPlace) -> Iterator[Linked]:
            type_ = place.types[0][0]
            query = {
                "measure": Measure.REPORTED, "counted_from": period.first, "counted_to": period.last, "type": type_,
                "state": list(wanted.states), "without_flag": wanted.without_flag,
                "near": f"{place.lon},{place.lat},{WITHIN_M:g}",
            }  # fmt: skip
            yield place.address or f"{place.lon:.5f}, {place.lat:.5f}", None
            yield names.get(type_, type_), None
            yield float(place.count), f"{self._address}?{urlencode(query, doseq=True, safe=',')}"
            yield from ((local_date(moment).isoformat(), None) for moment in (place.first_at, place.last_at))

        kinds: dict[str, Kind] = {"place": "text", "type": "text", "cases": "count", "first": "text", "last": "text"}
        title, note = text("bulletin.head.places", self._lang), text("bulletin.places_note", self._lang)
        return self._table("places", title, self._columns(kinds), map(cells, self._bulletin.places), note)

    def _placed(
        self, by: Dimension, ratio: Ratio | None, measures: Sequence[Measure], ratios: Sequence[Ratio], note: str = ""
    ) -> LinkedTable:
        """Return rows in the order of their places by a rate, or by code, with the total last."""
        found = self._bulletin.by[by]
        places = {} if ratio is None else {place.code: place.rank for place in ranked(found.rows, ratio)}
        order = {code: number for number, code in enumerate(places)}
        rows = [*self._rows(found), (text("indicators.total", self._lang), _total(found, self._address))]
        codes = [*(code for code, _, _ in found.rows), "total"]
        # The total has no place and comes after what has none.
        told = sorted(zip(codes, rows, strict=True), key=lambda each: order.get(each[0], len(order)))

        def cells(code: str | None, name: str, side: Side) -> Iterator[Linked]:
            if ratio is not None:
                rank = places.get(code)
                yield None if rank is None else float(rank), None
            yield name, None
            yield from map(side.count, measures)
            yield from ((side.tally.ratio(each), None) for each in ratios)
            yield side.tally.mean_handling_s, None

        kinds: dict[str, Kind] = {} if ratio is None else {"rank": "count"}
        kinds |= {"area" if by in _AREA_NAMES else str(by): "text"}
        columns = (*self._columns(kinds), *self._numbers(measures, ratios))
        columns = (*columns, Column(text("bulletin.column.mean_handling", self._lang), "tenths_of_hours"))
        return self._table(str(by), self._title(by), columns, (cells(code, *row) for code, row in told), note)

    def _shared(
        self,
        by: Dimension,
        measures: Sequence[Measure],
        ratios: Sequence[Ratio],
        note: str = "",
        most: int | None = None,
    ) -> LinkedTable:
        """Return rows by how many were reported, with their share and the change on the month before."""
        found = self._bulletin.by[by]
        whole = found.total.counts.get(Measure.REPORTED, 0)
        earlier = {} if found.compared is None else {code: tally for code, _, tally in found.compared.rows}
        coded = zip((code for code, _, _ in found.rows), self._rows(found), strict=True)
        told = sorted(coded, key=lambda each: -each[1][1].tally.counts.get(Measure.REPORTED, 0))

        def cells(code: str | None, name: str, side: Side) -> Iterator[Linked]:
            reported = side.tally.counts.get(Measure.REPORTED, 0)
            yield name, None
            yield side.count(Measure.REPORTED)
            yield reported / whole if whole else None, None
            yield change_of(reported, earlier.get(code, Tally()).counts.get(Measure.REPORTED, 0)), None
            yield from map(side.count, measures)
            yield from ((side.tally.ratio(each), None) for each in ratios)

        columns = (
            *self._columns({str(by): "text"}),
            Column(text(f"measure.{Measure.REPORTED}", self._lang), "count"),
            *self._columns({"share": "rate", "change": "change"}),
            *self._numbers(measures, ratios),
        )
        return self._table(str(by), self._title(by), columns, (cells(code, *row) for code, row in told[:most]), note)

    def _rows(self, found: Indicators) -> Iterator[tuple[str, Side]]:
        lists = CaseLists(found.question, found.question.period, self._address)
        for code, name, tally in found.rows:
            yield row_name(code, name, self._lang), Side(tally, lists, lists.row(code))

    def _title(self, by: Dimension) -> str:
        part = {Dimension.KIND: "kinds", Dimension.DEPARTMENT: "departments", Dimension.SOURCE: "sources"}
        return text(f"bulletin.head.{_TITLES.get(by) or part.get(by) or 'types'}", self._lang)

    def _columns(self, kinds: dict[str, Kind]) -> tuple[Column, ...]:
        return tuple(Column(text(f"bulletin.column.{name}", self._lang), kind) for name, kind in kinds.items())

    def _numbers(self, measures: Iterable[Measure], ratios: Iterable[Ratio]) -> tuple[Column, ...]:
        counts = (Column(text(f"measure.{measure}", self._lang), "count") for measure in measures)
        return (*counts, *(Column(text(f"ratio.{ratio}", self._lang), "rate") for ratio in ratios))

    def _table(
        self, key: str, title: str, columns: tuple[Column, ...], rows: Iterable[Iterable[Linked]], note: str = ""
    ) -> LinkedTable:
        held = [tuple(row) for row in rows]
        cells = tuple(tuple(cell for cell, _ in row) for row in held)
        return LinkedTable(
            Table(key, title, columns, cells), tuple(tuple(link for _, link in row) for row in held), note
        )
