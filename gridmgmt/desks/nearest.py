"""The desks nearest to a place on foot: one search of the warm network from the place, whatever they take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.matrix import PlacesByEdge, from_one
from gridmgmt.analysis.walking.model import Trip, WalkProfile, to_cs, to_s
from gridmgmt.areas.rules import check_position
from gridmgmt.db import Session
from gridmgmt.desks.offers import desks_taking
from gridmgmt.desks.queries import ANY, DeskFacts, DeskFilter
from gridmgmt.desks.rules import MOST_WALK_S, open_at
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError
from gridmgmt.hours import MINUTES_PER_WEEK, minute_of_week
from gridmgmt.network.queries import profile
from gridmgmt.walking.rules import DEFAULT_AT, DEFAULT_CONNECTION_LIMIT_M, DEFAULT_PROFILE, make_question
from gridmgmt.walking.service import walk_state
from gridmgmt.walking.state import Ground, InputEdition

_SHAPING = (Subject.NETWORK, Subject.GATES, Subject.LAND)


@dataclass(frozen=True)
class Walker:
    """Who walks, from where (WGS 84 degrees), and when: a day, and a time of the week as ``wed 10:00``."""

    lon: float
    lat: float
    on: date
    at: str = DEFAULT_AT
    profile: str = DEFAULT_PROFILE


@dataclass(frozen=True)
class NearDesk:
    """A desk with the walk to it; ``open`` when one arrives there, None where its hours are not told."""

    desk: DeskFacts
    walk_time_s: float
    open: bool | None


@dataclass(frozen=True)
class NearestDesks:
    """The desks within two hours on foot, the nearest first, and what the times stand on.

    ``distance_m`` is how far the place is from the street where the walk begins.
    """

    walker: Walker
    distance_m: float
    desks: tuple[NearDesk, ...]
    profile_edition: str
    speed_m_per_s: float
    inputs: tuple[InputEdition, ...]

    @property
    def synthetic(self) -> bool:
        """Whether any input was made up."""
        return any(edition.synthetic for edition in self.inputs)


def nearest_desks(
    session: Session, walker: Walker, *, matter: str | None = None, wanted: DeskFilter = ANY
) -> NearestDesks:
    """Return the desks that take a matter by the time of the walk to them.

    Parameters
    ----------
    matter
        Code of a matter, or part of its name; any without.

    Raises
    ------
    InputError
        When the position or the time cannot be one, or the place is too far from the network (``spot_off_network``).
    NotFoundError
        When the profile is unknown, or no network or population is in force on the day.
    """
    check_position(walker.lon, walker.lat)
    minute = minute_of_week(walker.at)
    ground, walking = ground_on(session, walker.on), profile(session, walker.profile, walker.on)
    desks = desks_taking(session, walker.on, matter, wanted)
    spot = _joined(ground, walker)
    index, time_s = _times_s(ground, walking, minute, spot, desks)
    found = [
        NearDesk(desks[i], seconds, open_at(desks[i].hours, (minute + math.ceil(seconds / 60)) % MINUTES_PER_WEEK))
        for i, seconds in zip(index.tolist(), time_s.tolist(), strict=True)
    ]
    found.sort(key=lambda each: (each.walk_time_s, each.desk.code))
    inputs = tuple(edition for edition in ground.inputs if edition.subject in _SHAPING)
    return NearestDesks(walker, float(spot.distance_m[0]), tuple(found), walking.edition, walking.speed_m_per_s, inputs)


def ground_on(session: Session, on: date) -> Ground:
    """Return the warm network of a day with the places on it: that of every other question about walking.

    Raises
    ------
    NotFoundError
        When no network or population is in force on the day.
    """
    return walk_state(session, make_question(on)).ground


def snapped(ground: Ground, desks: Sequence[DeskFacts]) -> Snap:
    """Return where desks join the network, as service points do."""
    lonlat = np.array([(each.lon, each.lat) for each in desks], dtype=np.float64).reshape(-1, 2)
    return ground.network.snap_points(lonlat, DEFAULT_CONNECTION_LIMIT_M)


def _joined(ground: Ground, walker: Walker) -> Snap:
    """Return where a walker joins the network, as a place where people live."""
    lonlat = np.array([[walker.lon, walker.lat]])
    spot = ground.network.snap_places(lonlat, 0.0, DEFAULT_CONNECTION_LIMIT_M)
    if spot.edge[0] < 0:
        raise InputError(
            "spot_off_network", field="lon", value=f"{walker.lon:.6f},{walker.lat:.6f}", lon=round(walker.lon, 6),
            lat=round(walker.lat, 6), limit_m=DEFAULT_CONNECTION_LIMIT_M,
            distance_m=round(ground.network.distance_m(walker.lon, walker.lat), 1),
        )  # fmt: skip
    return spot


def _times_s(
    ground: Ground, walking: WalkProfile, minute: int, spot: Snap, desks: Sequence[DeskFacts]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the desks within two hours by their index, and the seconds of the walk from the spot."""
    network, places = ground.network, snapped(ground, desks)
    index, time_cs = from_one(
        network.graph,
        # The walk is that of somebody who lives at the spot and goes to a point; only the search begins at the spot.
        network.costs(walking, at=minute, leg=Trip.TO_POINT),
        point=spot,
        places=places,
        by_edge=PlacesByEdge.build(places, network.graph.n_edges),
        trip=Trip.FROM_POINT,
        limit_cs=int(to_cs(MOST_WALK_S)),
    )
    return index, to_s(time_cs)
