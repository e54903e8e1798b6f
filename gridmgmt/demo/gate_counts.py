"""The demo's counts at gates: three communities, 星星村 with five gates of which one is lost; all of it made up.

Bins reach three weeks back, and a few days ahead, so that the gates of a demo that is shown for a while still count.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import geopandas as gpd
import numpy as np
import shapely
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.clock import end_of_day, local_date
from gridmgmt.db import Session
from gridmgmt.demo.frames import DECIMALS
from gridmgmt.demo.generator import DEFAULT_SEED
from gridmgmt.frames import copy_rows
from gridmgmt.gate_counts import service
from gridmgmt.gate_counts.models import CountingGate, GateBin, GateCensus
from gridmgmt.gate_counts.releases import release_due
from gridmgmt.gate_counts.rules import BIN, FlowClass
from gridmgmt.gate_counts.service import NewCommunity
from gridmgmt.texts import text

DAYS_BACK, DAYS_AHEAD = 21, 3
LOST_FOR = timedelta(hours=5)
"""So long before the demo is made the last gate of the first community fell silent."""
CENSUS_HOUR = 3
THRESHOLD = 10
_QUARTERS_A_DAY = timedelta(days=1) // BIN
_LEAVING = np.repeat(
    [0, 0, 0, 0, 0.1, 0.6, 2.5, 6, 5, 2, 1.2, 1, 1.4, 1.3, 1, 0.9, 1, 1.3, 1.2, 0.8, 0.5, 0.3, 0.1, 0], 4
)
_COMING = np.repeat([0.1, 0, 0, 0, 0, 0.3, 0.7, 1, 1, 0.9, 1.1, 1.6, 1.5, 1, 1, 1.2, 2, 4, 5, 3, 2, 1.2, 0.6, 0.3], 4)
"""How busy each quarter of an hour is, out and in; the sum of each is made one."""


@dataclass(frozen=True)
class _Place:
    """A community of the demo: a quarter of a town, with who is inside at night and how many trips a day each makes."""

    code: str
    town: str
    gates: int
    inside: tuple[int, ...]
    """By class, in their order."""


_TRIPS = {FlowClass.RESIDENT: 1.3, FlowClass.NEWCOMER: 1.1, FlowClass.VISITOR: 1.0, FlowClass.VEHICLE: 0.9}
PLACES = (
    _Place("XXC", "310113102", 5, (120, 960, 60, 210)),
    _Place("SHSQ", "310113102", 2, (640, 380, 35, 160)),
    _Place("MSC", "310113104", 1, (90, 70, 8, 24)),
)


def count_at_gates(session: Session, actor: Actor, areas: gpd.GeoDataFrame, on: date, *, now: datetime) -> int:
    """Make communities and gates known from a day on, count at them, publish the last day, and return the bins.

    Parameters
    ----------
    areas
        As :class:`gridmgmt.demo.generator.DemoDistrict` has them.
    """
    rng = Generator(PCG64(DEFAULT_SEED))
    begin = end_of_day(local_date(now) - timedelta(days=DAYS_BACK + 1))
    total = 0
    quarters = areas[areas["level"] == AreaLevel.RESIDENTIAL_QUARTER].sort_values("code")
    taken: set[str] = set()
    for place in PLACES:
        of_town = quarters[quarters["code"].str.startswith(place.town) & ~quarters["code"].isin(taken)]
        quarter, surface = of_town["code"].iloc[0], shapely.MultiPolygon([*shapely.get_parts(of_town.geometry.iloc[0])])
        taken.add(quarter)
        name = text(f"demo.gate_community.{place.code}")
        community = service.add_community(session, actor, NewCommunity(place.code, name, surface, on))
        gates = [
            service.add_gate(session, actor, place.code, f"{place.code}-G{n + 1}", spot, on)
            for n, spot in enumerate(_spots(surface, place.gates))
        ]
        counts = _counts(place, rng)
        rows = list(_bins(gates, begin, counts, silent_from=now - LOST_FOR if place is PLACES[0] else None))
        columns = ("gate_id", "start", "flow_class", "entered", "exited")
        total += copy_rows(session, GateBin.__tablename__, columns, rows)
        _take_censuses(session, community.community_id, place, begin, rng)
    record(session, actor, "gate_counts.push", "counting_gate:demo", after={"taken": total})
    release_due(session, actor, now, threshold=THRESHOLD)
    return total


def _spots(surface: shapely.MultiPolygon, count: int) -> Iterator[tuple[float, float]]:
    """Yield places along the outer border, evenly spread."""
    border = max(shapely.get_parts(surface), key=lambda part: float(part.area)).exterior
    for k in range(count):
        point = border.interpolate((k + 0.5) / count, normalized=True)
        yield round(point.x, DECIMALS), round(point.y, DECIMALS)


def _counts(place: _Place, rng: Generator) -> dict[FlowClass, NDArray[np.int64]]:
    """Return entered and left of each class, shape ``(2, gates, days, quarters of an hour)``."""
    days = DAYS_BACK + DAYS_AHEAD
    share = 1.0 / np.arange(1, place.gates + 1)
    share /= share.sum()
    found = {}
    for name, inside in zip(FlowClass, place.inside, strict=True):
        trips = inside * _TRIPS[name]
        shape = [trips * share[:, None, None] * (way / way.sum())[None, None, :] for way in (_COMING, _LEAVING)]
        found[name] = np.stack(
            [rng.poisson(np.broadcast_to(each, (place.gates, days, _QUARTERS_A_DAY))) for each in shape]
        )
    return found


def _bins(
    gates: Sequence[CountingGate],
    begin: datetime,
    counts: dict[FlowClass, NDArray[np.int64]],
    *,
    silent_from: datetime | None,
) -> Iterator[tuple[object, ...]]:
    """Yield bins; of residents each, so that a gate is heard of, of others those that are not zero."""
    for k, gate in enumerate(gates):
        silent = silent_from if gate is gates[-1] else None
        for name, both in counts.items():
            entered, left = (way[k].ravel() for way in both)
            heard = np.full(len(entered), fill_value=name is FlowClass.RESIDENT) | (entered > 0) | (left > 0)
            for quarter in np.flatnonzero(heard).tolist():
                start = begin + quarter * BIN
                if silent is None or start < silent:
                    yield gate.gate_id, start, str(name), int(entered[quarter]), int(left[quarter])


def _take_censuses(session: Session, community_id: int, place: _Place, begin: datetime, rng: Generator) -> None:
    """Count who is inside each night, which is about the same each time."""
    for night in range(DAYS_BACK + 1):
        at = begin + timedelta(days=night, hours=CENSUS_HOUR)
        for name, inside in zip(FlowClass, place.inside, strict=True):
            counted = max(0, inside + int(rng.integers(-3, 4)))
            session.add(GateCensus(community_id=community_id, at=at, flow_class=name, counted=counted))
    session.flush()
    service.recompute_residuals(session, community_id, begin)
