"""What is counted of each case, as statements."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import reduce
from itertools import compress
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, Date, Select, and_, case, cast, extract, func, select

from gridmgmt.areas.models import Area
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.cases.counting import COLUMNS, DAYS, DEFINITIONS, LEVELS
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.cases.models import Case
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionState, Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat
from gridmgmt.indicators.models import UNTALLIED
from gridmgmt.indicators.rules import Tally

MEASURES = tuple(Measure)
NUMBERS = (*MEASURES, "handling_s", "handling_n")
"""The numbers of a tally, in the order in which statements have them."""
BITS: Mapping[Measure, int] = {measure: 1 << n for n, measure in enumerate(MEASURES)}
"""The bit of each measure in ``flags``."""
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
        *lonlat(Case.geom),
    ).where(~Case.internal)


def _meant(measure: Measure) -> ColumnElement[bool]:
    anchor, condition = DEFINITIONS[measure].anchor, DEFINITIONS[measure].condition
    return anchor.is_not(None) if condition is None else and_(anchor.is_not(None), condition)


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


def tally_of(numbers: Sequence[int]) -> Tally:
    """Return the tally of :data:`NUMBERS`."""
    *counts, handling_s, handling_n = numbers
    return Tally(dict(zip(MEASURES, counts, strict=True)), handling_s, handling_n)


class Tallies(Mapping[str | None, Tally]):
    """The tally of each code that has any case, made when it is looked at: there may be as many codes as cells.

    Parameters
    ----------
    codes
        ``(n,)``, empty for none.
    numbers
        :data:`NUMBERS` of each, ``(n, 24)``.
    """

    def __init__(self, codes: Sequence[str], numbers: NDArray[np.int64]) -> None:
        some = np.any(numbers[:, : len(MEASURES)], axis=1)
        self._numbers = numbers[some]
        self._at = {code or None: at for at, code in enumerate(compress(codes, some))}

    def __getitem__(self, code: str | None) -> Tally:
        return tally_of(self._numbers[self._at[code]].tolist())

    def __iter__(self) -> Iterator[str | None]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)

    @property
    def total(self) -> Tally:
        """The tally of all together."""
        return tally_of(self._numbers.sum(axis=0).tolist()) if self._at else Tally()


def days_of_change(session: Session) -> list[date]:
    """Return the days from which boundary editions are in force, the first first."""
    in_force = (Edition.subject == Subject.AREAS, Edition.state == EditionState.IN_FORCE)
    statement = select(Edition.valid_from).where(*in_force, Edition.valid_from.is_not(None)).distinct()
    return sorted(day for day in session.scalars(statement) if day is not None)


def waiting(session: Session) -> int:
    """Return how many changes of cases wait to be taken into the tallies."""
    return session.scalars(select(func.count()).select_from(UNTALLIED)).one()
