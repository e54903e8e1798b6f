"""Counting by what is stored and what still waits, in one statement and so in one moment of the database."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, text, union_all

from gridmgmt.cases.counting import DAYS, LEVELS, class_of
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.indicators.models import COUNTED, TALLIES, UNTALLIED
from gridmgmt.indicators.queries import (
    MEASURES,
    NUMBERS,
    Tallies,
    countable,
    counted_in,
    day_of,
    dimension_of_area,
    recount,
    tally_of,
)
from gridmgmt.indicators.rules import Period, Question

_NARROWED = ("department", "type", "major", "source", "kind", "post")
"""Filters that are columns of what is kept of each case, beside areas and what a case lacks."""
_TALLIED = frozenset({Dimension.DISTRICT, Dimension.TOWN})
"""What a tally can be narrowed to."""
_PLANNED_EACH_TIME = text("SET LOCAL plan_cache_mode = force_custom_plan")
"""One plan for a day and for a year would be bad for both."""

Rows = Select[*tuple[Any, ...]]
Windows = Mapping[Measure, tuple[date, date]]
"""The days of each measure; one that is missing counts nothing."""
Codes = Sequence[tuple[Dimension, str]]
"""What a case must have, empty for nothing."""


def count(session: Session, question: Question, now: datetime) -> Tallies:
    """Return the tally of each code of a question's dimension; without a dimension all are of None.

    From the tallies by day where they tell what is asked, else from what is kept of each case; where neither can, as
    for the areas of a day, from the cases. Whatever waits to be tallied is counted as it is now.

    Raises
    ------
    NotFoundError
        When the filter's area was never in force, or not on the question's day.
    """
    session.execute(_PLANNED_EACH_TIME)
    if not _kept(question):
        return recount(session, question, now)
    codes = _codes(session, question.wanted)
    stored, today = _windows(question.period, now)
    tallied = _tallied(question, codes, stored)
    if tallied is None:
        tallied = _rows_of(_touched(question.period), question, codes, stored)
    parts = [tallied, _rows_of(_waiting(), question, codes, stored)]
    if today:
        parts.append(_rows_of(_due_today(now), question, codes, today))
    found = union_all(*parts).subquery()
    sums = [func.coalesce(func.sum(found.c[name]), 0) for name in NUMBERS]
    rows = session.execute(select(found.c.told, *sums).group_by(found.c.told))
    return {told or None: tally_of(numbers) for told, *numbers in rows}


def _kept(question: Question) -> bool:
    """Tell whether what is kept of each case tells all that is asked for."""
    wanted = question.wanted
    nothing = dict.fromkeys((*_NARROWED, "area", "within", "lacks"))
    plain = {**vars(wanted), **nothing} == vars(CaseFilter())
    areas = question.by in LEVELS or wanted.lacks in LEVELS or wanted.area is not None or wanted.within is not None
    return plain and not (areas and question.areas_on is not None)


def _codes(session: Session, wanted: CaseFilter) -> Codes:
    found = [(Dimension(name), str(value)) for name in _NARROWED if (value := getattr(wanted, name)) is not None]
    found += [(dimension_of_area(session, code), code) for code in (wanted.area, wanted.within) if code is not None]
    return found if wanted.lacks is None else [*found, (wanted.lacks, "")]


def _windows(period: Period, now: datetime) -> tuple[Windows, Windows]:
    """Return the days of each measure in what is stored, and those of what falls due today, told case by case."""
    today = local_date(now)
    due = [measure for measure in MEASURES if day_of(measure) == "due_on"]
    before = (period.first, min(period.last, today - timedelta(days=1)))
    stored = dict.fromkeys(MEASURES, (period.first, period.last)) | dict.fromkeys(due, before)
    return stored, dict.fromkeys(due, (today, today)) if period.first <= today <= period.last else {}


def _tallied(question: Question, codes: Codes, windows: Windows) -> Rows | None:
    """Return the statement that adds the tallies of days up; None where they do not tell what is asked."""
    by = question.by
    if by is Dimension.CELL or not {dimension for dimension, _ in codes} <= _TALLIED:
        return None
    dimension: Dimension | None = by
    told: ColumnElement[str] = TALLIES.c.code
    if by is None:
        dimension, told = Dimension.KIND, literal("")
    elif by in _TALLIED:
        dimension, told = Dimension.KIND, TALLIES.c[by]
    elif by is Dimension.MAJOR:
        dimension, told = Dimension.TYPE, func.coalesce(class_of(TALLIES.c.code), "")
    by_town = bool(codes) or by in LEVELS or by is Dimension.POST
    sums = [
        func.sum(TALLIES.c[measure]).filter(TALLIES.c.day.between(*windows[measure])).label(measure)
        for measure in MEASURES
    ]
    sums += [func.sum(TALLIES.c[name]).label(name) for name in NUMBERS[len(MEASURES) :]]
    days = TALLIES.c.day.between(question.period.first, question.period.last)
    held = (TALLIES.c.dimension == dimension, TALLIES.c.by_town.is_(by_town), days)
    row = told.label("told")
    return select(row, *sums).where(*held, *(TALLIES.c[each] == code for each, code in codes)).group_by(row)


def _rows_of(rows: Rows, question: Question, codes: Codes, windows: Windows) -> Rows:
    """Return the statement that counts rows of what is kept of a case, each by its sign."""
    kept = rows.subquery()
    told = (literal("") if question.by is None else kept.c[question.by]).label("told")

    def total(number: ColumnElement[Any], measure: Measure, *and_that: ColumnElement[bool]) -> ColumnElement[int]:
        if measure not in windows:
            return literal(0)
        return func.coalesce(func.sum(number).filter(counted_in(kept, measure, *windows[measure]), *and_that), 0)

    counts = [total(kept.c.sign, measure).label(measure) for measure in MEASURES]
    handling_s = total(kept.c.sign * kept.c.handling_s, Measure.HANDLED).label("handling_s")
    handling_n = total(kept.c.sign, Measure.HANDLED, kept.c.handling_s.is_not(None)).label("handling_n")
    statement = select(told, *counts, handling_s, handling_n).where(*(kept.c[each] == code for each, code in codes))
    return statement.group_by(told)


def _touched(period: Period) -> Rows:
    days = (COUNTED.c[day].between(period.first, period.last) for day in DAYS)
    return select(COUNTED, literal(1).label("sign")).where(or_(*days))


def _waiting() -> Rows:
    """Return the cases that have changed since they were counted: out as they were counted, in as they are."""
    ids = select(UNTALLIED.c.case_id)
    before = select(COUNTED, literal(-1).label("sign")).where(COUNTED.c.case_id.in_(ids))
    after = countable().add_columns(literal(1).label("sign")).where(Case.case_id.in_(ids))
    return select(union_all(before, after).subquery())


def _due_today(now: datetime) -> Rows:
    """Return the cases that have fallen due today up to now."""
    today = select(COUNTED.c.case_id).where(COUNTED.c.due_on == local_date(now))
    ids = union_all(today, select(UNTALLIED.c.case_id))
    return countable().add_columns(literal(1).label("sign")).where(and_(Case.case_id.in_(ids), Case.due_at <= now))
