"""What holds for plans without a database: names, milestones, what counts as built, and which points are the same."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import numpy as np
import pyproj
from numpy.typing import NDArray

from gridmgmt.errors import InputError

BUILT_WITHIN_M: Final = 150.0
"""A new service point this near to a target (≤, in a straight line) has built it, where no code says so."""
SAME_WITHIN_M: Final = 50.0
"""Points of two plans this near to each other (≤) are one."""
STOOD_WITHIN_M: Final = 1.0
"""An open point this near (≤) to where one stood before the plan is that one, whatever its code now."""
MOST_MILESTONES: Final = 60
MOST_COMPARED: Final = 4

_NAME = re.compile(r"[^@/\s]([^@/]{0,62}[^@/\s])?")
_TAKEN: Final = frozenset({".", "..", "compare"})
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
_DEGREES_PER_M: Final = 1 / 110_000
"""No degree of latitude is shorter than 110 km."""
_GEOD = pyproj.Geod(ellps="WGS84")


class PlanState(StrEnum):
    """What has become of a plan."""

    DRAFT = "draft"
    ADOPTED = "adopted"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class MilestoneState(StrEnum):
    """How a milestone stands on a day."""

    AHEAD = "ahead"
    MET = "met"
    MET_LATE = "met_late"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Milestone:
    """So many points in all are to be built by the end of a day."""

    on: date
    points: int


@dataclass(frozen=True, slots=True)
class Spot:
    """A point in degrees (WGS 84) with the code that it may have."""

    code: str | None
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two spots that are one: their places in their lists, how far apart they lie, and whether the code told it."""

    first: int
    second: int
    distance_m: float
    by_code: bool


def plan_name(name: str) -> str:
    """Return the name of a plan without spaces around it.

    Raises
    ------
    InputError
        When it is empty, longer than 64 characters, holds ``/``, ``@`` or what cannot be seen (line breaks, marks that
        turn the direction of writing), or is what addresses need for themselves.

    >>> plan_name(" 张庙 15 ")
    '张庙 15'
    """
    kept = name.strip()
    unseen = any(unicodedata.category(character) in _UNSEEN for character in kept)
    if kept in _TAKEN or unseen or _NAME.fullmatch(kept) is None:
        raise InputError("plan_name", field="name", value=name, maximum=64)
    return kept


def check_milestones(milestones: Sequence[Milestone], points: int, since: date) -> None:
    """Refuse milestones that do not rise in day and in points up to all points of the plan.

    Parameters
    ----------
    since
        No milestone lies before this day.

    Raises
    ------
    InputError
        With the number of the first milestone (from 1) that does not fit, and what would.
    """
    if not 0 < len(milestones) <= MOST_MILESTONES:
        raise InputError("milestones_count", field="milestones", value=len(milestones), maximum=MOST_MILESTONES)
    day, count = since.toordinal(), 0  # a date cannot be the day after the last one
    for number, each in enumerate(milestones, 1):
        if each.on.toordinal() < day:
            least = date.fromordinal(min(day, date.max.toordinal()))
            raise InputError("milestone_day", field="milestones", milestone=number, value=each.on, least=least)
        if not count < each.points <= points:
            bounds = {"least": count + 1, "most": points}
            raise InputError("milestone_points", field="milestones", milestone=number, value=each.points, **bounds)
        day, count = each.on.toordinal() + 1, each.points
    if count != points:
        raise InputError("milestones_short", field="milestones", value=count, points=points)


def due_on(milestones: Sequence[Milestone], rank: int) -> date:
    """Return by when the target of a rank (from 1) is to be built: the first milestone that counts so many points.

    >>> due_on([Milestone(date(2027, 6, 30), 2), Milestone(date(2027, 12, 31), 3)], 3)
    datetime.date(2027, 12, 31)
    """
    return next(each.on for each in milestones if each.points >= rank)


def milestone_state(milestone: Milestone, built_then: int, built_now: int, on: date) -> MilestoneState:
    """Return how a milestone stands on a day; its own day is still time enough.

    Parameters
    ----------
    built_then
        Targets built on the milestone's day, or on ``on`` where that is earlier. A milestone that was met stays met
        when a point closes later.
    """
    if built_then >= milestone.points:
        return MilestoneState.MET
    if on <= milestone.on:
        return MilestoneState.AHEAD
    return MilestoneState.MET_LATE if built_now >= milestone.points else MilestoneState.LATE


def pairs(first: Sequence[Spot], second: Sequence[Spot], within_m: float) -> list[Pair]:
    """Return which spots of two lists are one, each of them in one pair at most, in the order of the first list.

    Those of one code belong together wherever they stand; then the nearest of the others within ``within_m`` metres
    (≤, geodesics on WGS 84), and so on; of equally near ones the earlier in the first list, then in the second.
    """
    found = _by_code(first, second)
    taken, given = {pair.first for pair in found}, {pair.second for pair in found}
    for pair in sorted(_near(first, second, within_m), key=lambda pair: (pair.distance_m, pair.first, pair.second)):
        if pair.first not in taken and pair.second not in given:
            taken.add(pair.first)
            given.add(pair.second)
            found.append(pair)
    return sorted(found, key=lambda pair: pair.first)


def new_since(points: Sequence[Spot], before: Sequence[Spot]) -> list[int]:
    """Return the places in the list of the points that were not among earlier ones, by code or by where they stand."""
    codes = {spot.code for spot in before if spot.code is not None}
    stood = {pair.first for pair in _near(points, before, STOOD_WITHIN_M)}
    return [i for i, spot in enumerate(points) if spot.code not in codes and i not in stood]


def _by_code(first: Sequence[Spot], second: Sequence[Spot]) -> list[Pair]:
    place = {spot.code: i for i, spot in reversed(list(enumerate(second))) if spot.code is not None}
    found = []
    for i, spot in enumerate(first):
        j = None if spot.code is None else place.pop(spot.code, None)
        if j is not None:
            found.append(Pair(i, j, float(_distances_m([spot], [second[j]])[0]), by_code=True))
    return found


def _near(first: Sequence[Spot], second: Sequence[Spot], within_m: float) -> list[Pair]:
    """Return all pairs no farther apart than ``within_m``."""
    if not first or not second:
        return []
    lats_a, lats_b = (np.array([spot.lat for spot in spots]) for spots in (first, second))
    rows, columns = np.nonzero(np.abs(lats_a[:, None] - lats_b) <= within_m * _DEGREES_PER_M)
    i, j = rows.tolist(), columns.tolist()
    distance_m = _distances_m([first[k] for k in i], [second[k] for k in j])
    near = zip(i, j, distance_m.tolist(), strict=True)
    return [Pair(a, b, metres, by_code=False) for a, b, metres in near if metres <= within_m]


def _distances_m(first: Collection[Spot], second: Collection[Spot]) -> NDArray[np.float64]:
    lons_a, lats_a, lons_b, lats_b = (
        np.array([getattr(spot, name) for spot in spots]) for spots in (first, second) for name in ("lon", "lat")
    )
    return np.asarray(_GEOD.inv(lons_a, lats_a, lons_b, lats_b)[2], dtype=np.float64)
