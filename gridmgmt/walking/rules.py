"""What a question about walking names: the day, who walks, when, which way, and what is planned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.errors import InputError
from gridmgmt.hours import minute_of_week
from gridmgmt.land.rules import LandKind
from gridmgmt.service_points.rules import ELDERLY_TYPES, ServicePointType

DEFAULT_PROFILE = "elder"
DEFAULT_AT = "wed 10:00"
DEFAULT_CONNECTION_LIMIT_M = 100.0
MAX_CONNECTION_LIMIT_M = 2_000.0
BARRIER_KINDS = (LandKind.WALL, LandKind.RAIL, LandKind.WATER, LandKind.HAZARD)


@dataclass(frozen=True)
class WalkQuestion:
    """Who walks on which day, when, which way, to which types of points, over what.

    ``at`` is a day and a time of the week as ``wed 10:00``; ``barriers`` are the kinds of land features that close what
    crosses them; ``scenario`` is the name of planned changes.
    """

    on: date
    profile: str = DEFAULT_PROFILE
    at: str = DEFAULT_AT
    trip: Trip = Trip.TO_POINT
    barriers: tuple[LandKind, ...] = ()
    scenario: str | None = None
    types: tuple[ServicePointType, ...] = tuple(sorted(ELDERLY_TYPES))
    connection_limit_m: float = DEFAULT_CONNECTION_LIMIT_M

    @property
    def minute(self) -> int:
        """The minute of the week, Monday 00:00 being 0."""
        return minute_of_week(self.at)


def make_question(
    on: date,
    *,
    profile: str = DEFAULT_PROFILE,
    at: str = DEFAULT_AT,
    trip: str = Trip.TO_POINT,
    barriers: Sequence[str] = (),
    scenario: str | None = None,
    types: Sequence[str] = (),
    connection_limit_m: float = DEFAULT_CONNECTION_LIMIT_M,
) -> WalkQuestion:
    """Return a checked question; without types it asks for those that elders walk to.

    Raises
    ------
    InputError
        When the time, the trip, a barrier or a type is unknown, or the connection limit out of its range.
    """
    minute_of_week(at)
    if not 0 < connection_limit_m <= MAX_CONNECTION_LIMIT_M:
        raise InputError(
            "number_out_of_range",
            field="connection_limit_m", value=connection_limit_m, minimum=0, maximum=MAX_CONNECTION_LIMIT_M,
        )  # fmt: skip
    known = {str(type_): type_ for type_ in ServicePointType}
    for name in types:
        if name not in known:
            raise InputError("point_type_unknown", value=name, known=", ".join(known))
    return WalkQuestion(
        on=on,
        profile=profile,
        at=" ".join(at.lower().split()),
        trip=_trip(trip),
        barriers=tuple(sorted({_barrier(name) for name in barriers})),
        scenario=scenario,
        types=tuple(sorted({known[name] for name in types})) or tuple(sorted(ELDERLY_TYPES)),
        connection_limit_m=float(connection_limit_m),
    )


def _trip(name: str) -> Trip:
    if name not in set(Trip):
        raise InputError("trip_unknown", field="trip", value=name, known=", ".join(Trip))
    return Trip(name)


def _barrier(name: str) -> LandKind:
    if name not in set(BARRIER_KINDS):
        raise InputError("barrier_unknown", field="barriers", value=name, known=", ".join(BARRIER_KINDS))
    return LandKind(name)
