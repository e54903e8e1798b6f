"""Counting cases in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, TextClause, case, cast, extract, func, null, or_, select

from gridmgmt.areas.placing import codes_of_points
from gridmgmt.cases.counting import COLUMNS, LEVELS, counted
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.cases.models import Case
from gridmgmt.cases.queries import conditions
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionState, Subject
from gridmgmt.frames import lonlat, read_numbers
from gridmgmt.indicators.rules import Period, Question, Tally

Tallies = Mapping[str | None, Tally]
"""By code of a dimension; None for what has none."""
Floats = NDArray[np.float64]
_Conditions = Sequence[ColumnElement[bool] | TextClause]

MEASURES = tuple(Measure)
_WIDEST = (
    Measure.REPORTED, Measure.ACCEPTED, Measure.REGISTERED, Measure.DISPATCHED, Measure.HANDLED, Measure.CLOSED,
    Measure.RATED, Measure.DUE,
)  # fmt: skip
"""Whatever case another measure counts, one of these does."""
HANDLING_S = cast(func.round(extract("epoch", Case.handled_at - Case.dispatched_at)), BigInteger)
"""From dispatch to the end of handling; NULL without the one or the other."""


def recount(session: Session, question: Question, now: datetime) -> Tallies:
    """Return the tally of each code, counted from the cases themselves; without a dimension all are of None.

    Raises
    ------
    NotFoundError
        When the filter's area was never in force, or not on the question's day.
    """
    met = conditions(session, replace(question.wanted, areas_on=question.areas_on), now)
    if question.by in LEVELS and question.areas_on is not None:
        return _placed(session, question, question.areas_on, [*met, _touched(question.period, now)], now)
    code = (null() if question.by is None else COLUMNS[question.by]).label("code")
    numbers = [func.count().filter(counts) for counts in _counts(question.period, now)]
    handled = counted(Measure.HANDLED, question.period.first, question.period.last, now)
    handling = func.coalesce(func.sum(HANDLING_S).filter(handled), 0), func.count(HANDLING_S).filter(handled)
    statement = select(code, *numbers, *handling).where(*met, _touched(question.period, now))
    if question.by is not None:
        statement = statement.group_by(code)
    return {row[0]: tally_of(row[1:]) for row in session.execute(statement)}


def tally_of(numbers: Sequence[Any]) -> Tally:
    """Return the tally of counts of all measures in their order, then seconds of handling and how many took them."""
    *counts, handling_s, handling_n = map(int, numbers)
    return Tally(dict(zip(MEASURES, counts, strict=True)), handling_s, handling_n)


def days_of_change(session: Session) -> list[date]:
    """Return the days from which boundary editions are in force, the first first."""
    in_force = (Edition.subject == Subject.AREAS, Edition.state == EditionState.IN_FORCE)
    statement = select(Edition.valid_from).where(*in_force, Edition.valid_from.is_not(None)).distinct()
    return sorted(day for day in session.scalars(statement) if day is not None)


def _counts(period: Period, now: datetime) -> list[ColumnElement[bool]]:
    return [counted(measure, period.first, period.last, now) for measure in MEASURES]


def _touched(period: Period, now: datetime) -> ColumnElement[bool]:
    """Return the condition that any measure may count a case."""
    return or_(*(counted(measure, period.first, period.last, now) for measure in _WIDEST))


def _placed(session: Session, question: Question, on: date, met: _Conditions, now: datetime) -> Tallies:
    """Return the tally of each area in force on a day, by where the cases lie."""
    flags = reduce(add, (case((counts, 1 << n), else_=0) for n, counts in enumerate(_counts(question.period, now))))
    columns = (*lonlat(Case.geom), flags.label("flags"), func.coalesce(HANDLING_S, -1).label("handling_s"))
    table = read_numbers(session, select(*columns).where(*met))
    lon, lat, bits, handling_s = (table[name].to_numpy() for name in ("lon", "lat", "flags", "handling_s"))
    codes, of = np.unique(_codes(session, question.by, on, lon, lat), return_inverse=True)
    counted_in = (bits[:, None] >> np.arange(len(MEASURES)) & 1).astype(bool)
    took = counted_in[:, MEASURES.index(Measure.HANDLED)] & (handling_s >= 0)
    columns_of = [*(counted_in[:, n] for n in range(len(MEASURES))), np.where(took, handling_s, 0), took]
    sums = np.array([np.bincount(of, weights=each, minlength=len(codes)) for each in columns_of])
    return {code or None: tally_of(numbers) for code, numbers in zip(codes.tolist(), sums.T.tolist(), strict=True)}


def _codes(session: Session, by: Dimension | None, on: date, lon: Floats, lat: Floats) -> NDArray[np.str_]:
    """Return the code of the area that each point lies in, empty where there is none."""
    found = np.full(len(lon), None, dtype=object)
    for level in reversed(LEVELS[by]) if by is not None else ():
        codes = codes_of_points(session, lon, lat, on, level)
        found = np.where(codes == None, found, codes)  # noqa: E711 -- element by element
    return np.where(found == None, "", found).astype(str)  # noqa: E711 -- element by element
