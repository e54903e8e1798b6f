"""Service points of the demo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gridmgmt.demo.arrangement import Arrangement, Point
from gridmgmt.demo.settlement import Compound, Entrance
from gridmgmt.demo.towns import PLANNED_POINTS, TOWNS, ZHANGMIAO, Town
from gridmgmt.texts import text

POINT_TYPES: tuple[tuple[str, float, tuple[int, int]], ...] = (
    ("elderly_service_point", 0.34, (20, 60)),
    ("activity_room", 0.22, (20, 80)),
    ("meal_point", 0.20, (40, 150)),
    ("day_care_centre", 0.12, (15, 40)),
    ("elderly_service_centre", 0.07, (60, 200)),
    ("elderly_care_home", 0.05, (40, 160)),
)
"""Type of a service point, its share, and the least and greatest capacity (places)."""
CLOSED_POINTS = 6
PROPERTY_STATIONS = 3
ALONG_LANE = 0.3
"""How far along its entrance's lane a service point stands."""


@dataclass(frozen=True)
class ServicePoint:
    """One service point, placed in metres."""

    code: str
    name: str
    type: str
    status: Literal["open", "planned", "closed"]
    capacity: int
    address: str
    place: Point


def build_service_points(arrangement: Arrangement, compounds: Sequence[Compound], rng: Generator) -> list[ServicePoint]:
    """Return each town's open points, a few closed ones, and the planned points of 张庙."""
    points: list[ServicePoint] = []
    for town in TOWNS:
        lived_in = [c for c in compounds if c.block.town is town and len(c.homes)]
        planned = PLANNED_POINTS if town.code == ZHANGMIAO else 0
        sites = _spread(lived_in, town.points + planned, town.spread, rng)
        for number, compound in enumerate(sites, start=1):
            status: Literal["open", "planned"] = "open" if number <= town.points else "planned"
            points.append(_service_point(arrangement, town, compound, number, status, rng))
    away = rng.choice(len(compounds), CLOSED_POINTS, replace=False)
    closed = [compounds[k] for k in sorted(away)]
    points += [
        _service_point(arrangement, c.block.town, c, 90 + number, "closed", rng)
        for number, c in enumerate(closed, start=1)
    ]
    lived_in = [compound for compound in compounds if len(compound.homes)]
    stations = lived_in[len(lived_in) // 6 :: len(lived_in) // PROPERTY_STATIONS][:PROPERTY_STATIONS]
    return points + [_property_station(arrangement, c, 96 + number) for number, c in enumerate(stations, start=1)]


def _spread(compounds: Sequence[Compound], count: int, candidates: int, rng: Generator) -> list[Compound]:
    """Choose compounds one by one: of some random candidates, the one farthest from those chosen."""
    centres = np.array([compound.block.centre for compound in compounds])
    away_m: NDArray[np.float64] = np.full(len(compounds), 1e9)
    chosen: list[Compound] = []
    for _ in range(count):
        drawn = rng.choice(len(compounds), min(candidates, len(compounds)), replace=False)
        best = int(drawn[np.argmax(away_m[drawn])])
        chosen.append(compounds[best])
        away_m = np.minimum(away_m, np.hypot(*(centres - centres[best]).T))
    return chosen


def _service_point(
    arrangement: Arrangement,
    town: Town,
    compound: Compound,
    number: int,
    status: Literal["open", "planned", "closed"],
    rng: Generator,
) -> ServicePoint:
    shares = [share for _, share, _ in POINT_TYPES]
    kind, _, (least, most) = POINT_TYPES[int(rng.choice(len(POINT_TYPES), p=shares))]
    capacity = int(rng.integers(least, most + 1))
    return _standing(arrangement, town, compound, number, kind, status, capacity)


def _property_station(arrangement: Arrangement, compound: Compound, number: int) -> ServicePoint:
    """Return a station of 一站服务, drawn from nothing, so that it changes no other point."""
    return _standing(arrangement, compound.block.town, compound, number, "property_service_station", "open", 10)


def _standing(
    arrangement: Arrangement,
    town: Town,
    compound: Compound,
    number: int,
    kind: str,
    status: Literal["open", "planned", "closed"],
    capacity: int,
) -> ServicePoint:
    entrance = compound.entrances[0]
    street, ring = (np.array(arrangement.points[k]) for k in (entrance.street, entrance.ring))
    x, y = street + ALONG_LANE * (ring - street)
    stem = town.name.removesuffix("街道").removesuffix("镇")
    return ServicePoint(
        code=f"{town.code}-{number:02d}",
        name=text("demo.point_name", town=stem, number=number, type=text(f"demo.point_type.{kind}")),
        type=kind,
        status=status,
        capacity=capacity,
        address=text(
            "demo.address",
            town=town.name,
            street=street_outside(arrangement, compound, compound.entrances[0]),
            number=number * 8,
        ),
        place=(float(x), float(y)),
    )


def street_outside(arrangement: Arrangement, compound: Compound, entrance: Entrance) -> str:
    """Return the name of the street that an entrance leads to."""
    edges = arrangement.edges(compound.block.face)
    return next(arrangement.line(edge).name for edge in edges if entrance.street in edge)
