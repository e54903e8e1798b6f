"""What may be asked of places where cases gather or come again, and which cases are counted for it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.measures import Measure
from gridmgmt.cases.rules import CaseFilter, CaseKind, CaseState
from gridmgmt.clock import LOCAL_ZONE, end_of_day
from gridmgmt.errors import InputError

MOST_DAYS = 3 * 366
FALSE_DISCOVERY = 0.05
WITHIN_M, MOST_WITHIN_M = 20.0, 200.0
LEAST_CASES = 3
MOST_PLACES = 1_000

UNKNOWN_PLACE = "default_point"
"""Flag of cases whose point stands for an unknown place; they gather nowhere."""

COUNTED = tuple(state for state in CaseState if state not in {"rejected", "duplicate", "voided"})
"""States of the cases that are counted: what was no matter, or another case already, is none of them."""


class SpotLevel(StrEnum):
    """Whose densities are compared."""

    CELL = "cell"
    QUARTER = "quarter"

    @property
    def area_level(self) -> AreaLevel:
        """The level of the hierarchy that it is."""
        return AreaLevel.GRID_CELL if self is SpotLevel.CELL else AreaLevel.RESIDENTIAL_QUARTER


class SpotClass(StrEnum):
    """What a significant area is: more, or fewer, cases gather in and around it than chance would bring there."""

    HOT = "hot"
    COLD = "cold"


@dataclass(frozen=True)
class Span:
    """Days of report, both included, and which cases of them.

    Raises
    ------
    InputError
        When the last is before the first, or they are more than :data:`MOST_DAYS`.
    """

    first: date
    last: date
    type: str | None = None
    kind: CaseKind | None = None

    def __post_init__(self) -> None:
        days = (self.last - self.first).days + 1
        if days < 1:
            raise InputError("period_backwards", field="from", first=self.first, last=self.last)
        if days > MOST_DAYS:
            raise InputError("period_too_long", field="to", first=self.first, last=self.last, days=days, most=MOST_DAYS)

    @property
    def begins_at(self) -> datetime:
        """The moment at which the first day begins."""
        return datetime.combine(self.first, time(), LOCAL_ZONE)

    @property
    def ends_at(self) -> datetime:
        """The moment at which the last day ends."""
        return end_of_day(self.last)

    @property
    def wanted(self) -> CaseFilter:
        """The cases that are counted, as the list of cases is asked for them."""
        return CaseFilter(
            states=COUNTED,
            kind=self.kind,
            type=self.type,
            without_flag=UNKNOWN_PLACE,
            measure=Measure.REPORTED,
            counted_from=self.first,
            counted_to=self.last,
        )


@dataclass(frozen=True)
class HotSpotQuestion:
    """Where cases gather.

    Parameters
    ----------
    false_discovery
        Share of the areas found that may be found by chance, above 0 and below 1.

    Raises
    ------
    InputError
        When that is no such share.
    """

    span: Span
    level: SpotLevel = SpotLevel.CELL
    false_discovery: float = FALSE_DISCOVERY

    def __post_init__(self) -> None:
        if not 0 < self.false_discovery < 1:
            raise InputError("false_discovery_no_share", field="false_discovery", value=self.false_discovery)


@dataclass(frozen=True)
class RepeatQuestion:
    """To which places cases come again.

    Parameters
    ----------
    within_m
        Greatest distance from the centre of a place.
    least
        So many cases make a place, at least 2.
    same_type
        Whether only cases of one type make a place.
    most
        So many places are named, the fullest.

    Raises
    ------
    InputError
        When one of these is out of its range.
    """

    span: Span
    within_m: float = WITHIN_M
    least: int = LEAST_CASES
    same_type: bool = True
    most: int = 100

    def __post_init__(self) -> None:
        limits = (
            ("within_m", self.within_m, 1, MOST_WITHIN_M),
            ("least", self.least, 2, 1_000_000),
            ("limit", self.most, 1, MOST_PLACES),  # its name outside
        )
        for field, value, low, high in limits:
            if not low <= value <= high:
                raise InputError("repeats_out_of_range", field=field, value=value, low=low, high=high)
