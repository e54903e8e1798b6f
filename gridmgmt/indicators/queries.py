"""What is counted of each case, as statements; counting cases themselves where no tally can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Select,
    TextClause,
    and_,
    case,
    cast,
    extract,
    func,
    null,
    or_,
    select,
)

from gridmgmt.areas.models import Area
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.cases.counting import COLUMNS, DAYS, DEFINITIONS, LEVELS, counted
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.cases.models import Case
from gridmgmt.cases.queries import conditions
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionState, Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat, read_numbers
from gridmgmt.indicators.rules import Period, Question, Tally

Tallies = Mapping[str | None, Tally]
"""By code of a dimension; None for what has none."""
Floats = NDArray[np.float64]
_Conditions = Sequence[ColumnElement[bool] | TextClause]

MEASURES = tuple(Measure)
NUMBERS = (*MEASURES, "handling_s", "handling_n")
"""The numbers of a tally, in the order in which statements have them."""
BITS: Mapping[Measure, int] = {measure: 1 << n for n, measure in enumerate(MEASURES)}
"""The bit of each measure in ``flags``."""
_WIDEST = (
    Measure.REPORTED, Measure.ACCEPTED, Measure.REGISTERED, Measure.DISPATCHED, Measure.HANDLED, Measure.CLOSED,
    Measure.RATED, Measure.DUE,
)  # fmt: skip
"""Whatever case another measure counts, one of these does."""
HANDLING_S = cast(func.round(extract("epoch", Case.handled_at - Case.dispatched_at)), BigInteger)
"""From dispatch to the end of handling; NULL without the one or the other."""


def day_of(measure: Measure) -> str:
    """Return the name of the day on which a measure counts a case."""
    return f"{DEFINITIONS[measure].anchor.key.removesuffix('_at')}_on"


def countable() -> Select[Any]:
    """Return the statement that selects of each case what :data:`gridmgmt.indicators.models.COUNTED` keeps."""
    moments = {day_of(measure): definition.anchor for measure, definition in DEFINITIONS.items()}
    bits = (case((_meant(measure), bit), else_=0) for measure, bit in BITS.items())
    return select(
        Case.case_id,
        *(func.coalesce(COLUMNS[dimension], "").label(dimension) for dimension in Dimension),
        *(cast(func.timezone(LOCAL_ZONE.key, moments[day]), Date).label(day) for day in DAYS),
        reduce(add, bits).label("flags"),
        HANDLING_S.label("handling_s"),
    )


def _meant(measure: Measure) -> ColumnElement[bool]:
    anchor, condition = DEFINITIONS[measure].anchor, DEFINITIONS[measure].condition
    return anchor.is_not(None) if condition is None else and_(anchor.is_not(None), condition)


def counted_in(rows: FromClause, measure: Measure, first: date, last: date) -> ColumnElement[bool]:
    """Return the condition that a measure counts a row of that shape in a period; what is due, whether past or not."""
    return and_(rows.c[day_of(measure)].between(first, last), rows.c.flags.bitwise_and(BITS[measure]) != 0)


def dimension_of_area(session: Session, code: str) -> Dimension:
    """Return the dimension of the areas of a code, the largest where levels share codes.

    Raises
    ------
    NotFoundError
        When no boundary edition has an area of the code.
    """
    levels = session.scalars(select(Area.level).where(Area.code == code, Area.level.in_(list(RANK))).distinct()).all()
    if not levels:
        raise NotFoundError("area_of_no_edition", field="area", code=code)
    level = min(map(AreaLevel, levels), key=RANK.__getitem__)
    return next(dimension for dimension, levels in LEVELS.items() if level in levels)


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
    """Return the tally of :data:`NUMBERS`."""
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
    bits_of = zip(_counts(question.period, now), BITS.values(), strict=True)
    flags = reduce(add, (case((counts, bit), else_=0) for counts, bit in bits_of))
    columns = (*lonlat(Case.geom), flags.label("flags"), func.coalesce(HANDLING_S, -1).label("handling_s"))
    table = read_numbers(session, select(*columns).where(*met))
    lon, lat, bits, handling_s = (table[name].to_numpy() for name in ("lon", "lat", "flags", "handling_s"))
    codes, of = np.unique(_codes(session, question.by, on, lon, lat), return_inverse=True)
    counts = (bits[:, None] >> np.arange(len(MEASURES)) & 1).astype(bool)
    took = counts[:, MEASURES.index(Measure.HANDLED)] & (handling_s >= 0)
    columns_of = [*counts.T, np.where(took, handling_s, 0), took]
    sums = np.array([np.bincount(of, weights=each, minlength=len(codes)) for each in columns_of])
    return {code or None: tally_of(numbers) for code, numbers in zip(codes.tolist(), sums.T.tolist(), strict=True)}


def _codes(session: Session, by: Dimension | None, on: date, lon: Floats, lat: Floats) -> NDArray[np.str_]:
    """Return the code of the area that each point lies in, empty where there is none."""
    from gridmgmt.areas.placing import codes_of_points  # noqa: PLC0415 -- the compiler takes seconds to load

    found = np.full(len(lon), None, dtype=object)
    for level in reversed(LEVELS[by]) if by is not None else ():
        codes = codes_of_points(session, lon, lat, on, level)
        found = np.where(codes == None, found, codes)  # noqa: E711 -- element by element
    return np.where(found == None, "", found).astype(str)  # noqa: E711 -- element by element
