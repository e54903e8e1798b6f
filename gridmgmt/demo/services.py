"""Service points and located cases of the demo."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.demo.arrangement import Arrangement, Point
from gridmgmt.demo.settlement import Compound, Entrance
from gridmgmt.demo.streets import Street
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
ALONG_LANE = 0.3
"""How far along its entrance's lane a service point stands."""

CASES = 420
CASES_FROM = datetime(2015, 9, 1, tzinfo=LOCAL_ZONE)
CASE_DAYS = 120
CASE_TYPES: tuple[tuple[Literal["event", "component"], str], ...] = (
    ("event", "city_appearance"),
    ("event", "advertising"),
    ("event", "construction"),
    ("event", "street_order"),
    ("event", "emergency"),
    ("component", "public_utility"),
    ("component", "traffic_facility"),
    ("component", "sanitation_facility"),
    ("component", "greenery"),
    ("component", "other_component"),
)
CASE_STATE_SHARES = {"reported": 0.12, "handling": 0.23, "closed": 0.65}
ROADSIDE_M = 4.0
"""How far from the middle of a street a case lies, standard deviation in metres."""


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


@dataclass(frozen=True)
class Case:
    """One located case, placed in metres."""

    case_no: str
    kind: Literal["event", "component"]
    type: str
    state: str
    reported_at: datetime
    closed_at: datetime | None
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
    return points + [
        _service_point(arrangement, c.block.town, c, 90 + number, "closed", rng)
        for number, c in enumerate(closed, start=1)
    ]


def build_cases(streets: Sequence[Street], rng: Generator) -> list[Case]:
    """Return cases beside streets, in the order of their reports."""
    days = np.sort(rng.uniform(0, CASE_DAYS, CASES))
    statuses = rng.choice(list(CASE_STATE_SHARES), CASES, p=list(CASE_STATE_SHARES.values()))
    return [
        _case(streets[int(rng.integers(len(streets)))], number, float(day), str(status), rng)
        for number, (day, status) in enumerate(zip(days, statuses, strict=True), start=1)
    ]


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
    entrance = compound.entrances[0]
    street, ring = (np.array(arrangement.points[k]) for k in (entrance.street, entrance.ring))
    x, y = street + ALONG_LANE * (ring - street)
    stem = town.name.removesuffix("街道").removesuffix("镇")
    return ServicePoint(
        code=f"{town.code}-{number:02d}",
        name=text("demo.point_name", town=stem, number=number, type=text(f"demo.point_type.{kind}")),
        type=kind,
        status=status,
        capacity=int(rng.integers(least, most + 1)),
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


def _case(street: Street, number: int, day: float, status: str, rng: Generator) -> Case:
    kind, case_type = CASE_TYPES[int(rng.integers(len(CASE_TYPES)))]
    reported_at = (CASES_FROM + timedelta(days=day)).replace(microsecond=0)
    closed_at = reported_at + timedelta(minutes=int(rng.integers(90, 14_400))) if status == "closed" else None
    start, end = np.array(street.path[0]), np.array(street.path[1])
    x, y = start + rng.uniform(0.1, 0.9) * (end - start) + rng.normal(0.0, ROADSIDE_M, 2)
    case_no = f"310113{reported_at:%Y%m%d}{number:05d}"
    return Case(case_no, kind, case_type, status, reported_at, closed_at, (float(x), float(y)))
