"""The tables of a bulletin: each cell that counts cases knows the list of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from gridmgmt.cases.measures import RATIOS, Dimension, Measure, Ratio
from gridmgmt.cases.rules import CaseKind
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

TOP_TYPES = 10
"""So many types of a kind are listed, those with most reports."""

Linked = tuple[Cell, str | None]
"""A cell, and the address of the list of its cases where it counts some."""

_COUNTS = (
    Measure.REPORTED, Measure.ACCEPTED, Measure.REGISTERED, Measure.DISPATCHED, Measure.HANDLED, Measure.CLOSED,
    Measure.DUE, Measure.DUE_CLOSED, Measure.DUE_CLOSED_ON_TIME, Measure.SETTLED_ON_SPOT, Measure.REWORKED,
    Measure.EXTENDED, Measure.FORCED, Measure.DUPLICATES, Measure.REJECTED, Measure.VOIDED,
)  # fmt: skip
"""What a bulletin counts, in the order of a case's life."""

_BEFORE = ("before", "change", "points")
_YEAR_BEFORE = ("year_before", "year_change", "year_points")
_SO_FAR = {"before": "before_so_far", "year_before": "year_before_so_far"}
"""Of a month that is not over the same days are told."""
_SHORT = {Measure.DUE_CLOSED: "bulletin.column.due_closed"}
"""Of columns that stand beside the one that they are a part of."""
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
    """A numbered part of a bulletin; ``name`` is the same in every language."""

    name: str
    title: str
    tables: tuple[LinkedTable, ...]


@dataclass(frozen=True)
class Side:
    """The numbers of a row or total, and what the addresses of their lists begin with."""

    tally: Tally
    lists: CaseLists
    beginning: str

    def count(self, measure: Measure) -> tuple[float, str]:
        """Return a count with the address of its list."""
        return float(self.tally.counts.get(measure, 0)), self.lists.of(measure, self.beginning)

    def overdue(self) -> tuple[float, str]:
        """Return how many that were due are still open, with the address of their list."""
        return overdue_of(self.tally), f"{self.lists.of(Measure.DUE, self.beginning)}&open=true"


def sections(bulletin: Bulletin, lang: Language, address: str = "") -> list[Section]:
    """Return the parts with numbers in the order in which they stand.

    Parameters
    ----------
    address
        What the addresses of lists begin with, such as ``http://127.0.0.1:8000``; nothing on the server itself.
    """
    drawn = _Drawn(bulletin, lang, address + CONSOLE_LIST)
    parts = [
        ("overview", (drawn.counts(), drawn.rates())),
        ("sources", (drawn.sources(),)),
        ("kinds", (drawn.standing(Dimension.KIND),)),
        ("types", tuple(drawn.types(kind) for kind in bulletin.types)),
    ]
    if (areas := bulletin.areas_by) is not None:
        parts.append((_TITLES[areas], (drawn.standing(areas),)))
    parts.append(("departments", (drawn.departments(),)))
    if bulletin.places:
        parts.append(("places", (drawn.places(),)))
    return [
        Section(name, numbered(number, text(f"bulletin.head.{name}", lang), lang), tables)
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


def overdue_of(tally: Tally) -> float:
    """Return how many cases that were due to be closed are still open."""
    return float(tally.counts.get(Measure.DUE, 0) - tally.counts.get(Measure.DUE_CLOSED, 0))


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
        self._month, *others = sides_of(bulletin, address)
        named = zip((_BEFORE, _YEAR_BEFORE), others, strict=True)
        self._beside = [(names, side) for names, side in named if any(side.tally.counts.values())]
        """What the month is told beside; nothing is told of a time without any case."""

    def counts(self) -> LinkedTable:
        """Return all counts of the month beside the month before and the same month a year earlier."""

        def row(name: str, count: Callable[[Side], tuple[float, str]]) -> Iterator[Linked]:
            yield name, None
            number, address = count(self._month)
            yield number, address
            for _, side in self._beside:
                earlier, address = count(side)
                yield earlier, address
                yield change_of(number, earlier), None

        kinds: dict[str, Kind] = {"item": "text", "this": "count"}
        for (before, change, _), _ in self._beside:
            kinds |= {before: "count", change: "change"}
        rows = (row(*counted) for counted in self._counted())
        return self._table("counts", text("bulletin.table.counts", self._lang), self._columns(kinds), rows)

    def _counted(self) -> Iterator[tuple[str, Callable[[Side], tuple[float, str]]]]:
        for measure in _COUNTS:
            yield text(f"measure.{measure}", self._lang), partial(Side.count, measure=measure)
            if measure is Measure.DUE_CLOSED_ON_TIME:
                yield text("bulletin.overdue", self._lang), Side.overdue

    def rates(self) -> LinkedTable:
        """Return all rates of the month with what they are made of, beside the two other months."""

        def row(ratio: Ratio) -> Iterator[Linked]:
            rate = self._month.tally.ratio(ratio)
            yield text(f"ratio.{ratio}", self._lang), None
            yield rate, None
            yield from map(self._month.count, RATIOS[ratio])
            for _, side in self._beside:
                yield side.tally.ratio(ratio), None
                yield difference(rate, side.tally.ratio(ratio)), None

        kinds: dict[str, Kind] = {"item": "text", "rate": "rate", "numerator": "count", "denominator": "count"}
        for (before, _, points), _ in self._beside:
            kinds |= {before: "rate", points: "points"}
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
        found, title = self._bulletin.by[Dimension.SOURCE], text("bulletin.head.sources", self._lang)
        ratios = (Ratio.REGISTRATION_RATE, Ratio.DUPLICATE_RATE, Ratio.SATISFACTION_RATE)
        return self._shared(found, "source", title, (Measure.ACCEPTED, Measure.REGISTERED), ratios)

    def types(self, kind: CaseKind) -> LinkedTable:
        """Return the types of a kind of case that were reported most."""
        found = self._bulletin.types[kind]
        every = sum(1 for *_, tally in found.rows if tally.counts.get(Measure.REPORTED))
        note = text("bulletin.top_types", self._lang, shown=min(TOP_TYPES, every), all=every)
        title = text("bulletin.table.types", self._lang, kind=text(f"case_kind.{kind}", self._lang))
        ratios = (Ratio.CLOSING_RATE, Ratio.ON_TIME_CLOSING_RATE)
        return self._shared(found, f"type_{kind}", title, (Measure.REGISTERED,), ratios, note)

    def places(self) -> LinkedTable:
        """Return the places to which cases of one type came again, the fullest first."""
        period, types = self._bulletin.period, self._bulletin.types.values()
        names = {code: name for found in types for code, name, _ in found.rows}
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
        order = {code: number for number, code in enumerate(places or CaseKind)}
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
        note = " ".join(filter(None, (note, text("bulletin.hours_note", self._lang))))
        return self._table(str(by), self._title(by), columns, (cells(code, *row) for code, row in told), note)

    def _shared(
        self,
        found: Indicators,
        key: str,
        title: str,
        measures: Sequence[Measure],
        ratios: Sequence[Ratio],
        note: str = "",
    ) -> LinkedTable:
        """Return the first rows by how many were reported, with their share and the change on the month before."""
        whole = found.total.counts.get(Measure.REPORTED, 0)
        before = found.compared if found.compared is not None and found.compared.rows else None
        earlier = {} if before is None else {code: tally for code, _, tally in before.rows}
        coded = zip((code for code, _, _ in found.rows), self._rows(found), strict=True)
        told = sorted(coded, key=lambda each: -each[1][1].tally.counts.get(Measure.REPORTED, 0))

        def cells(code: str | None, name: str, side: Side) -> Iterator[Linked]:
            reported = side.tally.counts.get(Measure.REPORTED, 0)
            yield name, None
            yield side.count(Measure.REPORTED)
            yield reported / whole if whole else None, None
            if before is not None:
                yield change_of(reported, earlier.get(code, Tally()).counts.get(Measure.REPORTED, 0)), None
            yield from map(side.count, measures)
            yield from ((side.tally.ratio(each), None) for each in ratios)

        changes: dict[str, Kind] = {"share": "rate"} if before is None else {"share": "rate", "change": "change"}
        columns = (
            *self._columns({str(found.question.by): "text"}),
            *self._numbers((Measure.REPORTED,), ()),
            *self._columns(changes),
            *self._numbers(measures, ratios),
        )
        return self._table(key, title, columns, (cells(code, *row) for code, row in told[:TOP_TYPES]), note)

    def _rows(self, found: Indicators) -> Iterator[tuple[str, Side]]:
        lists = CaseLists(found.question, found.question.period, self._address)
        for code, name, tally in found.rows:
            yield row_name(code, name, self._lang), Side(tally, lists, lists.row(code))

    def _title(self, by: Dimension) -> str:
        part = {Dimension.KIND: "kinds", Dimension.DEPARTMENT: "departments"}
        return text(f"bulletin.head.{_TITLES.get(by) or part[by]}", self._lang)

    def _columns(self, kinds: dict[str, Kind]) -> tuple[Column, ...]:
        told = ((name if self._bulletin.over else _SO_FAR.get(name, name), kind) for name, kind in kinds.items())
        return tuple(Column(text(f"bulletin.column.{name}", self._lang), kind) for name, kind in told)

    def _numbers(self, measures: Iterable[Measure], ratios: Iterable[Ratio]) -> tuple[Column, ...]:
        names = (_SHORT.get(measure, f"measure.{measure}") for measure in measures)
        counts = (Column(text(name, self._lang), "count") for name in names)
        return (*counts, *(Column(text(f"ratio.{ratio}", self._lang), "rate") for ratio in ratios))

    def _table(
        self, key: str, title: str, columns: tuple[Column, ...], rows: Iterable[Iterable[Linked]], note: str = ""
    ) -> LinkedTable:
        held = [tuple(row) for row in rows]
        cells = tuple(tuple(cell for cell, _ in row) for row in held)
        return LinkedTable(
            Table(key, title, columns, cells), tuple(tuple(link for _, link in row) for row in held), note
        )
