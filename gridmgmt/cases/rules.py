"""What a case is: its kind, its source, the states of its chain, and how it stands against the clock."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from gridmgmt.areas.rules import check_position
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.errors import InputError


class CaseKind(StrEnum):
    """An event happens, a component is a managed thing that is broken or missing."""

    EVENT = "event"
    COMPONENT = "component"


class CaseSource(StrEnum):
    """Through whom a case came to be known; each is counted apart."""

    GRID_OFFICER = "grid_officer"
    INSPECTOR = "inspector"
    PUBLIC = "public"
    HOTLINE_12345 = "hotline_12345"
    COMMUNITY_HOTLINE = "community_hotline"
    """温馨12345, the hotline of a community itself."""
    VIDEO = "video"
    LEADER = "leader"
    OTHER = "other"
    """A register that does not say."""


class CaseState(StrEnum):
    """Where a case is: the chain from report to closure, and the states beside it."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REGISTERED = "registered"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    HANDLED = "handled"
    VERIFIED = "verified"
    CLOSED = "closed"
    SUPPLEMENT = "supplement"
    """Sent back to whoever reported it, for what is missing."""
    SUSPENDED = "suspended"
    """In the pool: it cannot be handled now, its clock stands."""
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    VOIDED = "voided"


ENDED = frozenset({CaseState.CLOSED, CaseState.REJECTED, CaseState.DUPLICATE, CaseState.VOIDED})
"""States in which nobody has anything more to do, unless the case is opened again."""


class Urgency(StrEnum):
    """How a case stands against its deadline."""

    ON_TIME = "on_time"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    NO_DEADLINE = "no_deadline"


ListOrder = Literal["newest", "due"]
"""The last reported first, or what is due first."""

TEXT_DAYS = 31
"""So many days back from now words are looked for in descriptions and addresses, unless a period is given."""


MOST_NEAR_M = 10_000.0
"""The widest place around a point that is asked for."""


@dataclass(frozen=True)
class CaseFilter:
    """Which cases are asked for; a case must meet everything that is given.

    Parameters
    ----------
    states
        Any of these.
    is_open
        Only those that still have to be worked on, or only those that have ended.
    supervised
        Only those under a supervision order, or only the others.
    area
        Code of an area of any level: that held the case when it was reported.
    within
        Code of a second area that held it too; after a change of boundaries neither need lie in the other.
    lacks
        Only those that have none of this dimension, such as no department or no town.
    box
        (west, south, east, north) in degrees, its border included.
    component
        Identifier of the component that it is about.
    text
        Beginning of the case's number, or words of its description or address, see :data:`TEXT_DAYS`.
    reported_from, reported_to
        Reported at the first or later and before the second.
    updated_after
        Moved later than this.
    flag, without_flag
        What is doubtful about it, and what must not be.
    near
        (lon, lat, metres): no further than this from a point, on the ellipsoid.
    measure, counted_from, counted_to
        Counted by a measure in a period of local days, both included; all three or none.
    areas_on
        ``area``, ``within`` and ``lacks`` are of the areas in force on this day, and a case is in those that its point
        lies in; without it they are those that held it when it was reported.
    post
        Code of the officer post that answered for the cell when it was reported.
    major
        Class of the catalogue: the first two digits of a type's code.
    with_internal
        Also those that nobody is told of but who works on cases.
    """

    states: Collection[CaseState] = ()
    is_open: bool | None = None
    kind: CaseKind | None = None
    type: str | None = None
    source: CaseSource | None = None
    urgency: Urgency | None = None
    supervised: bool | None = None
    department: str | None = None
    area: str | None = None
    within: str | None = None
    lacks: Dimension | None = None
    box: tuple[float, float, float, float] | None = None
    component: str | None = None
    text: str | None = None
    reported_from: datetime | None = None
    reported_to: datetime | None = None
    updated_after: datetime | None = None
    flag: str | None = None
    without_flag: str | None = None
    near: tuple[float, float, float] | None = None
    measure: Measure | None = None
    counted_from: date | None = None
    counted_to: date | None = None
    areas_on: date | None = None
    post: str | None = None
    major: str | None = None
    with_internal: bool = False

    def __post_init__(self) -> None:
        """Refuse a period that ends before it begins: an empty list would read as if there were no cases."""
        for first, last, field in (
            (self.reported_from, self.reported_to, "reported_from"),
            (self.counted_from, self.counted_to, "counted_from"),
        ):
            if first is not None and last is not None and first > last:
                raise InputError("period_backwards", field=field, first=first, last=last)


def near_of(value: str | None) -> tuple[float, float, float] | None:
    """Return the place that ``lon,lat,metres`` names.

    >>> near_of("121.4,31.3,20")
    (121.4, 31.3, 20.0)

    Raises
    ------
    InputError
        When it names none, or one wider than :data:`MOST_NEAR_M`.
    """
    if value is None:
        return None
    try:
        lon, lat, within_m = map(float, value.split(","))
    except ValueError as error:
        raise InputError("near_malformed", field="near", value=value, most_m=MOST_NEAR_M) from error
    check_position(lon, lat)
    if not 0 < within_m <= MOST_NEAR_M:
        raise InputError("near_malformed", field="near", value=value, most_m=MOST_NEAR_M)
    return lon, lat, within_m
