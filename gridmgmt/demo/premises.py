"""The demo's rental premises: forty in each of ten quarters, two inspections each, the last two months published.

Addresses, scores and flags are made up; the quarters are those of the towns whose practices the sources name.
"""

from datetime import date, datetime, timedelta

import geopandas as gpd
import numpy as np
import shapely
from numpy.random import PCG64, Generator

from gridmgmt.access.rules import Actor
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.demo.frames import DECIMALS
from gridmgmt.demo.generator import DEFAULT_SEED
from gridmgmt.premises import queries, service
from gridmgmt.premises.queries import PremisesFilter
from gridmgmt.premises.rules import Factor, PremisesAppealReason, PremisesColour
from gridmgmt.premises.service import NewInspection, NewPremises
from gridmgmt.texts import text

QUARTERS_OF = {"310113109": 4, "310113101": 3, "310113104": 3}
"""So many quarters of each of these towns."""
A_QUARTER = 40
SINCE_DAYS = (230, 75)
"""So many days ago the inspections began, each round over 60 days."""
ROUND_DAYS = 60
THRESHOLD = 10


def establish_premises(
    session: Session, actor: Actor, areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, on: date, *, now: datetime
) -> int:
    """Register premises from a day on, inspect them twice, appeal once, publish, and return how many there are.

    Parameters
    ----------
    areas, places
        As :class:`gridmgmt.demo.generator.DemoDistrict` has them; premises are where people live.
    """
    rng = Generator(PCG64(DEFAULT_SEED))
    registered = list(_premises(areas, places, on, rng))
    service.register_many(session, actor, registered, today=local_date(now))
    quality = rng.beta(5, 2, len(registered)) * 10
    for since in SINCE_DAYS:
        inspections = [
            _inspection(new.code, local_date(now) - timedelta(days=since - int(rng.integers(ROUND_DAYS))), level, rng)
            for new, level in zip(registered, quality, strict=True)
        ]
        service.inspect_many(session, actor, inspections, now=now, follow_up=False)
    _appeal(session, actor, local_date(now))
    month = local_date(now).replace(day=1)
    for _ in range(2):
        month = (month - timedelta(days=1)).replace(day=1)
        service.publish(session, actor, month, threshold=THRESHOLD, now=now)
    return len(registered)


def _premises(areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, on: date, rng: Generator) -> "list[NewPremises]":
    homes = places.geometry.to_numpy()
    tree = shapely.STRtree(homes)
    quarters = areas[areas["level"] == AreaLevel.RESIDENTIAL_QUARTER].sort_values("code")
    inside = dict(zip(quarters["code"], (tree.query(q, predicate="contains") for q in quarters.geometry), strict=True))
    found = []
    for town, count in QUARTERS_OF.items():
        largest = sorted((code for code in inside if code.startswith(town)), key=lambda code: -len(inside[code]))
        names = dict(zip(quarters["code"], quarters["name"], strict=True))
        for code in sorted(largest[:count]):
            chosen = rng.choice(inside[code], A_QUARTER, replace=len(inside[code]) < A_QUARTER)
            for number, home in enumerate(chosen, start=1):
                jitter = rng.normal(0.0, 1.5e-5, 2)
                lon, lat = np.round(shapely.get_coordinates(homes[home])[0] + jitter, DECIMALS)
                address = text("demo.premises_address", quarter=names[code].removesuffix(_SUFFIX), number=number)
                group = bool(rng.random() < 0.12)
                found.append(NewPremises(f"R{code}-{number:03d}", address, float(lon), float(lat), on, group))
    return found


_SUFFIX = "居民区"


def _inspection(code: str, on: date, level: float, rng: Generator) -> NewInspection:
    """Return an inspection whose factors lie around a level; one in fifty leaves a factor out."""
    points = np.clip(rng.normal(level, 1.2, len(Factor)), 0, 10).round(1)
    scores: dict[Factor, float | None] = dict(zip(Factor, points.tolist(), strict=True))
    if rng.random() < 0.02:
        scores[Factor.FIRE_SAFETY] = None
    return NewInspection(code, on, scores, bool(rng.random() < 0.6), "P-RENTAL-01")


def _appeal(session: Session, actor: Actor, on: date) -> None:
    red = queries.premises_summaries(session, on, PremisesFilter(colour=PremisesColour.RED), limit=1)
    for each in red:
        service.appeal(session, actor, each.code, PremisesAppealReason.SCORE_WRONG, on, today=on)
