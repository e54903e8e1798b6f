"""Counting by what is stored and what still waits, in one statement and so in one moment of the database."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    true,
    union_all,
)

from gridmgmt.cases.counting import DAYS, LEVELS, class_of
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.cases.models import Case
from gridmgmt.cases.queries import conditions
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.indicators.models import COUNTED, EVERYWHERE, TALLIES, UNTALLIED
from gridmgmt.indicators.queries import (
    BITS,
    MEASURES,
    NUMBERS,
    Tallies,
    countable,
    day_of,
    dimension_of_area,
)
from gridmgmt.indicators.rules import Period, Question
from gridmgmt.indicators.singly import counted_singly

_NARROWED = ("department", "type", "major", "source", "kind", "post")
"""Filters that are columns of what is kept of each case, beside areas and what a case lacks."""
_TALLIED = frozenset({Dimension.DISTRICT, Dimension.TOWN})
"""What a tally can be narrowed to."""
_MOST_TOGETHER = 60
"""Questions of one statement, each a bit of a large integer."""
_DUE = "due_on"
_PLANNED_EACH_TIME = text("SET LOCAL plan_cache_mode = force_custom_plan")
"""One plan for a day and for a year would be bad for both."""

Rows = Select[*tuple[Any, ...]]
Windows = Mapping[str, tuple[date, date]]
"""The days that count, both included, by the name of the day; what counts on one that is missing is not counted."""
Codes = Sequence[tuple[Dimension, str]]
"""What a case must have, empty for nothing."""


def count_all(session: Session, questions: Sequence[Question], now: datetime) -> list[Tallies]:
    """Return for each question the tally of each code of its dimension; without a dimension all are of None.

    From the tallies by day where they tell what is asked, else from what is kept of each case; from the cases for
    filters of what is not kept, such as words. Whatever waits to be tallied is counted as it is now.

    Raises
    ------
    NotFoundError
        When the filter's area was never in force, or not on the question's day.
    """
    session.execute(_PLANNED_EACH_TIME)
    found: dict[int, Tallies] = {}
    for places in _sharing(session, questions):
        found.update(zip(places, _count_together(session, [questions[at] for at in places], now), strict=True))
    return [found[at] if at in found else _count(session, each, now) for at, each in enumerate(questions)]


def _sharing(session: Session, questions: Sequence[Question]) -> Iterator[list[int]]:
    """Yield which questions are about the same period and told apart alike, so that one look at it answers them all.

    Those that the tallies answer alone are left out.
    """
    alike: dict[tuple[Period, Dimension | None], list[int]] = defaultdict(list)
    for at, each in enumerate(questions):
        anew = each.areas_on is not None and of_areas(each)
        if not anew and each.by is not Dimension.CELL and _kept(each.wanted):
            alike[each.period, each.by].append(at)
    for places in alike.values():
        singly = [
            at for at in places if not _is_tallied(questions[at], _codes(session, questions[at].wanted, anew=False))
        ]
        for begin in range(0, len(singly), _MOST_TOGETHER):
            if len(together := singly[begin : begin + _MOST_TOGETHER]) > 1:
                yield together


def _count_together(session: Session, questions: Sequence[Question], now: datetime) -> list[Tallies]:
    """Count for several questions about one period at once, each case for those whose codes it has."""
    period, by = questions[0].period, questions[0].by
    stored, today = _windows(period, now)
    met = [_codes(session, question.wanted, anew=False) for question in questions]
    parts = [_narrowed(rows, by, (), stored, met) for rows in (_touched(period), _waiting())]
    if today:
        parts.append(_narrowed(_due_today(now), by, (), today, met))
    alike = _alike(union_all(*parts).subquery("rows"), "asked")
    number = func.generate_series(0, len(questions) - 1).table_valued("number").render_derived()
    meets = alike.c.asked.bitwise_rshift(number.c.number).bitwise_and(1) == 1
    counted = (
        select(number.c.number, alike.c.told, *_totals(alike))
        .select_from(alike.join(number, meets))
        .group_by(number.c.number, alike.c.told)
    )
    found: list[list[Any]] = [[] for _ in questions]
    for at, *row in session.execute(counted):
        found[at].append(row)
    return [_tallies_of(rows) for rows in found]


def _count(session: Session, question: Question, now: datetime) -> Tallies:
    on = question.areas_on if of_areas(question) else None
    stored, today = _windows(question.period, now)
    if _kept(question.wanted):
        codes = _codes(session, question.wanted, anew=on is not None)
        tallied = _tallied(question, codes, stored) if on is None else None
        sources = [_waiting()] if tallied is not None else [_touched(question.period), _waiting()]
        due = _due_today(now)
    else:
        codes, tallied = (), None
        met = conditions(session, question.wanted if on is None else _but_areas(question.wanted), now)
        sources = [_signed(countable().where(*met))]
        due = _signed(countable().where(*met, Case.due_at <= now))
    parts = [_narrowed(rows, question.by, codes, stored) for rows in sources]
    if today:
        parts.append(_narrowed(due, question.by, codes, today))
    rows = union_all(*parts).subquery("rows")
    if on is not None or question.by is Dimension.CELL:
        return counted_singly(session, question, on, rows)
    counted = _summed(rows)
    if tallied is not None:
        both = union_all(tallied, counted).subquery("both")
        counted = select(both.c.told, *(_whole(func.sum(both.c[name])) for name in NUMBERS)).group_by(both.c.told)
    return _tallies_of(session.execute(counted).all())


def _tallies_of(rows: Sequence[Any]) -> Tallies:  # Any: rows of a code and its numbers
    numbers = np.array([row[1:] for row in rows], dtype=np.int64).reshape(-1, len(NUMBERS))
    return Tallies([told for told, *_ in rows], numbers)


def of_areas(question: Question) -> bool:
    """Tell whether it depends on areas what is counted, or where."""
    wanted = question.wanted
    return question.by in LEVELS or wanted.lacks in LEVELS or wanted.area is not None or wanted.within is not None


def _but_areas(wanted: CaseFilter) -> CaseFilter:
    return replace(wanted, area=None, within=None, lacks=None if wanted.lacks in LEVELS else wanted.lacks)


def _kept(wanted: CaseFilter) -> bool:
    """Tell whether what is kept of each case tells all that a filter asks."""
    nothing = dict.fromkeys((*_NARROWED, "area", "within", "lacks"))
    return {**vars(wanted), **nothing} == vars(CaseFilter())


def _codes(session: Session, wanted: CaseFilter, *, anew: bool) -> Codes:
    """Return what cases must have; areas that they are placed in anew are looked at when they are."""
    found = [(Dimension(name), str(value)) for name in _NARROWED if (value := getattr(wanted, name)) is not None]
    if not anew:
        found += [(dimension_of_area(session, code), code) for code in (wanted.area, wanted.within) if code is not None]
    if wanted.lacks is None or (anew and wanted.lacks in LEVELS):
        return found
    return [*found, (wanted.lacks, "")]


def _windows(period: Period, now: datetime) -> tuple[Windows, Windows]:
    """Return the days that count of what is stored, and those of what falls due today, which is told case by case."""
    today = local_date(now)
    before = (period.first, min(period.last, today - timedelta(days=1)))
    stored = dict.fromkeys(DAYS, (period.first, period.last)) | {_DUE: before}
    return stored, {_DUE: (today, today)} if period.first <= today <= period.last else {}


def _tallied(question: Question, codes: Codes, windows: Windows) -> Rows | None:
    """Return the statement that adds the tallies of days up; None where they do not tell what is asked."""
    by = question.by
    if not _is_tallied(question, codes):
        return None
    dimension: Dimension | None = by
    told: ColumnElement[str] = TALLIES.c.code
    if by is None:
        dimension, told = Dimension.KIND, literal("")
    elif by in _TALLIED:
        dimension, told = Dimension.KIND, TALLIES.c[by]
    elif by is Dimension.MAJOR:
        dimension, told = Dimension.TYPE, func.coalesce(class_of(TALLIES.c.code), "")
    by_town = bool(codes) or dimension not in EVERYWHERE
    sums = [
        func.sum(TALLIES.c[measure]).filter(TALLIES.c.day.between(*windows[day_of(measure)])).label(measure)
        for measure in MEASURES
    ]
    sums += [func.sum(TALLIES.c[name]).label(name) for name in NUMBERS[len(MEASURES) :]]
    days = TALLIES.c.day.between(question.period.first, question.period.last)
    held = (TALLIES.c.dimension == dimension, TALLIES.c.by_town.is_(by_town), days)
    row = told.label("told")
    return select(row, *sums).where(*held, *(TALLIES.c[each] == code for each, code in codes)).group_by(row)


def _is_tallied(question: Question, codes: Codes) -> bool:
    return question.by is not Dimension.CELL and {dimension for dimension, _ in codes} <= _TALLIED


def _narrowed(rows: Rows, by: Dimension | None, codes: Codes, windows: Windows, met: Sequence[Codes] = ()) -> Rows:
    """Return the statement that selects of rows with these codes what counts of them in these days, as ``bits``.

    Of several questions, ``met`` are the codes of each; ``asked`` has the bit of those that a row meets.
    """
    kept = rows.subquery()
    bits: list[ColumnElement[int]] = []
    for day, window in windows.items():
        mask = sum(bit for measure, bit in BITS.items() if day_of(measure) == day)
        bits.append(case((kept.c[day].between(*window), kept.c.flags.bitwise_and(mask)), else_=0))
    told = (literal("") if by is None else kept.c[by]).label("told")
    columns = (told, reduce(add, bits).label("bits"), *(kept.c[name] for name in ("sign", "handling_s", "lon", "lat")))
    statement = select(*columns).where(*(kept.c[each] == code for each, code in codes))
    if not met:
        return statement
    meets = (and_(true(), *(kept.c[each] == code for each, code in of_one)) for of_one in met)
    asked = (case((each, literal(1 << n, BigInteger)), else_=0) for n, each in enumerate(meets))
    return statement.add_columns(reduce(add, asked).label("asked"))


def _summed(rows: FromClause) -> Rows:
    """Return the statement that adds rows up by what they are told apart by."""
    alike = _alike(rows)
    return select(alike.c.told, *_totals(alike)).group_by(alike.c.told)


def _alike(rows: FromClause, *more: str) -> FromClause:
    """Return rows as groups of those that are alike, ``more`` columns included: of most there are many."""
    keys = [rows.c[name] for name in ("told", "bits", *more)]
    sign, handling_s = rows.c.sign, rows.c.handling_s
    return (
        select(
            *keys, func.sum(sign).label("cases"), func.sum(sign * handling_s).label("handling_s"),
            func.sum(sign).filter(handling_s.is_not(None)).label("handling_n"),
        ).group_by(*keys).subquery("alike")
    )  # fmt: skip


def _totals(alike: FromClause) -> list[ColumnElement[int]]:
    """Return :data:`NUMBERS` of groups."""

    def total(name: str, measure: Measure) -> ColumnElement[int]:
        return _whole(func.sum(alike.c[name]).filter(alike.c.bits.bitwise_and(BITS[measure]) != 0))

    counts = [total("cases", measure).label(measure) for measure in MEASURES]
    handling = [total(name, Measure.HANDLED).label(name) for name in NUMBERS[len(MEASURES) :]]
    return [*counts, *handling]


def _whole(number: ColumnElement[Any]) -> ColumnElement[int]:
    """Return a sum that may be of nothing; sums of large integers are of arbitrary precision, which is slow to read."""
    return cast(func.coalesce(number, 0), BigInteger)


def _signed(rows: Rows) -> Rows:
    return rows.add_columns(literal(1).label("sign"))


def _touched(period: Period) -> Rows:
    """Return the cases that anything happened to in a period, as they were counted."""
    days = (COUNTED.c[day].between(period.first, period.last) for day in DAYS)
    return _signed(select(COUNTED).where(or_(*days)))


def _waiting() -> Rows:
    """Return the cases that have changed since they were counted: out as they were counted, in as they are."""
    ids = select(UNTALLIED.c.case_id)
    before = select(COUNTED, literal(-1).label("sign")).where(COUNTED.c.case_id.in_(ids))
    after = _signed(countable().where(Case.case_id.in_(ids)))
    return select(union_all(before, after).subquery())


def _due_today(now: datetime) -> Rows:
    """Return the cases that have fallen due today up to now."""
    today = select(COUNTED.c.case_id).where(COUNTED.c.due_on == local_date(now))
    ids = union_all(today, select(UNTALLIED.c.case_id))
    return _signed(countable().where(and_(Case.case_id.in_(ids), Case.due_at <= now)))
