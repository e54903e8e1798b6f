"""Guaranteed areas of spots and service points: within some minutes on foot for certain, or possibly."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import shapely

from gridmgmt.analysis.ellipsoid import areas_m2
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.draft import unproject
from gridmgmt.analysis.walking.isochrones import Fineness, Isochrone, grounds_of, isochrones
from gridmgmt.analysis.walking.model import to_cs
from gridmgmt.analysis.walking.network import Floats, WalkNetwork
from gridmgmt.areas.rules import check_position
from gridmgmt.db import Session
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.units import minutes_to_s
from gridmgmt.walking.rules import WalkQuestion
from gridmgmt.walking.service import lonlat_of, walk_state
from gridmgmt.walking.state import InputEdition, WalkState

DEFAULT_MINUTES = (20.0,)
MAX_MINUTES = 60.0
MAX_LIMITS = 8
MAX_SPOTS = 500
MAX_WORK = 600.0
"""The most areas of twenty minutes that one question may come to; an area grows with the square of the minutes."""

_FINENESS = ((4.0, Fineness(0.25, 0.5)), (40.0, Fineness(0.5, 1.0)), (250.0, Fineness(1.0, 2.0)))
_COARSEST = Fineness(2.0, 4.0)
_DECIMALS = 8
"""About a millimetre; cells are taken as so much larger that nothing comes to lie outside of its own."""

_SHAPING = {Subject.NETWORK, Subject.GATES, Subject.LAND, Subject.SERVICE_POINTS}

LonLat = tuple[float, float]


class GroundClass(StrEnum):
    """What is promised of ground: every spot of it is within the limit, or it is not known which."""

    CERTAIN = "certain"
    POSSIBLE = "possible"


@dataclass(frozen=True)
class IsochroneAsk:
    """Whose ground is asked for: of spots in degrees, of points by code, or of all open points where neither is given.

    ``limits_s`` rise.
    """

    limits_s: tuple[float, ...]
    spots: tuple[LonLat, ...] = ()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """What is walked to or from: a spot (``code`` None) or a service point, and its distance to the nearest street.

    One that is not ``connected`` has no ground.
    """

    code: str | None
    lon: float
    lat: float
    distance_m: float
    connected: bool


@dataclass(frozen=True, eq=False)
class GuaranteedArea:
    """Ground of one class of one limit, in degrees, and its surface on the ellipsoid."""

    ground: GroundClass
    limit_s: float
    geometry: shapely.Geometry
    area_m2: float


@dataclass(frozen=True, eq=False)
class GuaranteedAreas:
    """The areas of all limits, from the least on, and what they stand on."""

    question: WalkQuestion
    profile_edition: str
    speed_m_per_s: float
    targets: tuple[Target, ...]
    areas: tuple[GuaranteedArea, ...]
    fineness: Fineness
    inputs: tuple[InputEdition, ...]

    @property
    def synthetic(self) -> bool:
        """Whether any input was made up."""
        return any(edition.synthetic for edition in self.inputs)


def make_ask(
    minutes: Sequence[float] = DEFAULT_MINUTES, *, spots: Sequence[LonLat] = (), codes: Sequence[str] = ()
) -> IsochroneAsk:
    """Return a checked question.

    Raises
    ------
    InputError
        When a number of minutes is out of its range, a position is none, or there are too many of anything.
    """
    for value in minutes:
        if not 0 < value <= MAX_MINUTES:
            raise InputError("number_out_of_range", field="minutes", value=value, minimum=0, maximum=MAX_MINUTES)
    for lon, lat in spots:
        check_position(lon, lat)
    limits = tuple(sorted({minutes_to_s(value) for value in minutes}))
    for field, count, most in (("minutes", len(limits), MAX_LIMITS), ("spots", len(spots) + len(codes), MAX_SPOTS)):
        if count > most:
            raise InputError("too_many", field=field, value=count, maximum=most)
    if not limits:
        raise InputError("number_out_of_range", field="minutes", value=0, minimum=0, maximum=MAX_MINUTES)
    return IsochroneAsk(limits, tuple(spots), tuple(codes))


def guaranteed_areas(session: Session, question: WalkQuestion, ask: IsochroneAsk) -> GuaranteedAreas:
    """Return the ground within each limit of at least one of the targets.

    Raises
    ------
    NotFoundError
        When the profile, the scenario or the code of a point is unknown, or no network, no population or no open point
        is in force.
    InputError
        When a spot or a point that was named is too far from the network, or the areas together are too large.
    """
    state = walk_state(session, question)
    lonlat, codes, snap = _targets(state, ask)
    fineness = fineness_of(int((snap.edge >= 0).sum()), ask.limits_s)
    found = isochrones(
        state.network.graph,
        grounds_of(state.network, question.connection_limit_m),
        state.costs,
        state.back_costs,
        points=snap,
        limits_cs=[int(cs) for cs in to_cs(ask.limits_s)],
        trip=question.trip,
        fineness=fineness,
    )
    inputs = state.ground.inputs if ask.spots and not ask.codes else state.inputs
    shapes = [(kind, limit, _degrees(state.network, ground)) for kind, limit, ground in _by_class(found, ask)]
    surfaces = areas_m2(np.array([shape for _, _, shape in shapes], dtype=object))
    return GuaranteedAreas(
        question=question,
        profile_edition=state.profile.edition,
        speed_m_per_s=state.profile.speed_m_per_s,
        targets=tuple(
            Target(code, lon, lat, distance_m, bool(edge >= 0))
            for code, (lon, lat), distance_m, edge in zip(
                codes, lonlat.tolist(), _distances_m(state.network, lonlat, snap), snap.edge, strict=True
            )
        ),
        areas=tuple(
            GuaranteedArea(kind, limit, shape, float(surface))
            for (kind, limit, shape), surface in zip(shapes, surfaces, strict=True)
        ),
        fineness=fineness,
        inputs=tuple(edition for edition in inputs if edition.subject in _SHAPING),
    )


def fineness_of(targets: int, limits_s: Sequence[float]) -> Fineness:
    """Return how finely the areas of some targets are looked at: the more there are, the larger the cells.

    Raises
    ------
    InputError
        When they are too many together.
    """
    work = targets * sum((limit / 1200) ** 2 for limit in limits_s)
    if work > MAX_WORK:
        raise InputError("isochrones_too_large", field="minutes", value=round(work), maximum=round(MAX_WORK))
    return next((fineness for most, fineness in _FINENESS if work <= most), _COARSEST)


def geojson(found: GuaranteedAreas) -> dict[str, Any]:
    """Return the areas as a GeoJSON FeatureCollection (RFC 7946), with what they stand on beside the features."""
    question = found.question
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": json.loads(shapely.to_geojson(area.geometry)),
                "properties": {
                    "class": str(area.ground),
                    "minutes": area.limit_s / 60,
                    "area_m2": round(area.area_m2, 1),
                },
            }
            for area in found.areas
        ],
        "targets": [
            {
                "code": target.code,
                "lon": target.lon,
                "lat": target.lat,
                "distance_m": round(target.distance_m, 2),
                "connected": target.connected,
            }
            for target in found.targets
        ],
        "parameters": {
            "on": question.on.isoformat(),
            "profile": question.profile,
            "profile_edition": found.profile_edition,
            "speed_m_per_s": found.speed_m_per_s,
            "time": question.at,
            "trip": str(question.trip),
            "barriers": [str(kind) for kind in question.barriers],
            "scenario": question.scenario,
            "connection_limit_m": question.connection_limit_m,
            "cell_m": found.fineness.cell_m,
            "tolerance_m": found.fineness.tolerance_m,
        },
        "editions": [_edition(edition) for edition in found.inputs],
        "synthetic": found.synthetic,
    }


def _targets(state: WalkState, ask: IsochroneAsk) -> tuple[Floats, list[str | None], Snap]:
    """Return positions in degrees, codes, and where they join the network."""
    chosen = _points(state, ask.codes) if ask.codes or not ask.spots else np.empty(0, dtype=np.int64)
    of_points = lonlat_of(state.points)[chosen]
    lonlat = np.vstack([np.array(ask.spots, dtype=np.float64).reshape(-1, 2), of_points])
    codes = [None] * len(ask.spots) + state.points["code"].take(chosen).to_pylist()
    snap = state.network.snap_points(lonlat, state.question.connection_limit_m)
    apart = np.flatnonzero(snap.edge < 0)
    named = bool(ask.spots or ask.codes)
    if len(apart) and (named or len(apart) == len(codes)):
        first = int(apart[0])
        lon, lat = lonlat[first].tolist()
        raise InputError(
            "spot_off_network", field="points" if codes[first] else "at", value=codes[first] or f"{lon:.6f},{lat:.6f}",
            lon=round(lon, 6), lat=round(lat, 6), limit_m=state.question.connection_limit_m,
            distance_m=round(float(_distances_m(state.network, lonlat, snap)[first]), 1),
        )  # fmt: skip
    return lonlat, codes, snap


def _points(state: WalkState, codes: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return the rows of the open points of some codes, of all without any."""
    known = {code: row for row, code in reversed(list(enumerate(state.points["code"].to_pylist())))}
    types = ", ".join(state.question.types)
    if not known:
        raise NotFoundError("no_open_points", types=types, present="-")
    if unknown := [code for code in codes if code not in known]:
        raise NotFoundError("open_point_unknown", field="points", value=unknown[0], on=state.question.on, types=types)
    rows = [known[code] for code in codes] if codes else range(state.points.num_rows)
    if len(rows) > MAX_SPOTS:
        raise InputError("too_many", field="points", value=len(rows), maximum=MAX_SPOTS)
    return np.array(rows, dtype=np.int64)


def _distances_m(network: WalkNetwork, lonlat: Floats, snap: Snap) -> Floats:
    """Return how far each position is from the edge it joins, or from the nearest where it joins none."""
    distance = snap.distance_m.copy()
    if (apart := np.flatnonzero(snap.edge < 0)).size:
        distance[apart] = network.public.nearest(network.project(lonlat[apart])).distance_m
    return distance


def _by_class(found: Sequence[Isochrone], ask: IsochroneAsk) -> Iterator[tuple[GroundClass, float, shapely.Geometry]]:
    for limit_s, isochrone in zip(ask.limits_s, found, strict=True):
        yield GroundClass.CERTAIN, limit_s, isochrone.certain
        yield GroundClass.POSSIBLE, limit_s, isochrone.possible


def _degrees(network: WalkNetwork, ground: shapely.Geometry) -> shapely.Geometry:
    """Return ground in degrees, rounded where it stays valid: two walls may be nearer than what rounding moves."""
    exact = shapely.transform(ground, lambda xy: unproject(xy, network.crs))
    rounded = shapely.transform(exact, lambda lonlat: np.round(lonlat, _DECIMALS))
    return rounded if shapely.is_valid(rounded) else exact


def _edition(edition: InputEdition) -> dict[str, Any]:
    return {
        "subject": edition.subject,
        "name": edition.name,
        "source": edition.source,
        "valid_from": edition.valid_from.isoformat(),
        "synthetic": edition.synthetic,
    }
