"""A small made-up district with places, as a coverage document and the frames its map is drawn from."""

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmgmt.analysis.walking.model import NO_WAY, Trip, to_cs, to_s
from gridmgmt.analysis.walking.tally import from_fixed, to_fixed
from gridmgmt.coverage.compute import PlaceTable, Reach, figures_by_group
from gridmgmt.coverage.document import (
    AreaFigures,
    CoverageDocument,
    LevelFigures,
    Note,
    UncoveredPlace,
)
from gridmgmt.coverage.flows import FlowPoints, flows
from gridmgmt.coverage.gaps import GapAreas, gaps
from gridmgmt.coverage.sensitivity import sensitivity
from gridmgmt.service_points.rules import ServicePointType

LIMIT_S = 1200.0
SPEED_M_PER_S = 0.83
BANDS_S = (300.0, 600.0, 900.0, LIMIT_S)
WEST, SOUTH, SIZE_DEG = 121.40, 31.30, 0.02
STATUS = ("covered", "uncovered", "not_connectable", "outside")


@dataclass(frozen=True)
class Example:
    """A document and its frames in degrees: areas, places and points."""

    document: CoverageDocument
    areas: gpd.GeoDataFrame
    places: pd.DataFrame
    points: pd.DataFrame


def make_example(
    seed: int = 1,
    *,
    n_towns: int = 3,
    n_quarters: int = 4,
    n_places: int = 400,
    mean_residents: float = 6.0,
    limit_s: float = LIMIT_S,
) -> Example:
    """Return a district of ``n_towns`` columns of ``n_quarters`` squares; a few places lie east of all of them."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, n_towns + 0.2, n_places)
    y = rng.uniform(0, n_quarters, n_places)
    town = np.where(x < n_towns, x.astype(int), -1)
    quarter = np.where(town >= 0, town * n_quarters + y.astype(int), -1)
    time_s = rng.uniform(100, 1800, n_places) * (0.6 + 0.3 * np.maximum(town, 0))
    status = np.where(time_s <= limit_s, 0, 1)
    status[rng.random(n_places) < 0.02] = 2
    status[town < 0] = 3
    time_s = np.where(status >= 2, np.inf, time_s)
    ages = rng.exponential(mean_residents / 5, (n_places, 5))
    weight = to_fixed("residents", np.column_stack([ages.sum(axis=1), ages]))
    table = PlaceTable(status.astype(np.int8), to_cs(time_s), weight)
    lonlat = np.column_stack([WEST + x * SIZE_DEG, SOUTH + y * SIZE_DEG])
    areas = _areas(n_towns, n_quarters)
    levels = [
        _level("district", areas, table, np.where(town >= 0, 0, 1)),
        _level("town", areas, table, np.where(town >= 0, town, n_towns)),
        _level("residential_quarter", areas, table, np.where(quarter >= 0, quarter, n_towns * n_quarters)),
    ]
    residents = from_fixed(weight[:, 0])
    places = pd.DataFrame(
        {
            "lon": lonlat[:, 0],
            "lat": lonlat[:, 1],
            "status": status,
            "walk_time_s": np.where(np.isfinite(time_s), time_s, np.nan),
            "residents": residents,
        }
    )
    quarters = areas[areas["level"] == "residential_quarter"]
    points = _points()
    document = _document(table, levels, lonlat, limit_s)
    point = np.where(table.time_cs < NO_WAY, np.arange(n_places) % 2, -1).astype(np.int32)
    reach = Reach(np.arange(n_places), lonlat, point, table)
    codes, names = (quarters[name].tolist() for name in ("code", "name"))
    of_quarters = GapAreas("residential_quarter", codes, names, quarters["parent_code"].tolist(), quarter)
    ends = FlowPoints(points["code"].tolist(), points[["lon", "lat"]].to_numpy())
    found = {
        "sensitivity": tuple(sensitivity(_walks(time_s), CASES, np.ascontiguousarray(weight[:, 0]), BANDS_S)),
        "gaps": gaps(
            reach, of_quarters, (ends.codes, points["name"].tolist()), lambda place: "西门" if place % 2 else None
        ),
        "flows": flows(reach, "residential_quarter", codes, quarter, ends),
    }
    return Example(document.model_copy(update=found), areas, places, points)


CASES = [(speed, trip) for trip in (Trip.TO_POINT, Trip.ROUND) for speed in (0.67, SPEED_M_PER_S, 1.0)]


def _walks(time_s: np.ndarray) -> Callable[[float, Trip], np.ndarray]:
    """Walks in inverse proportion to the speed, twice as long there and back."""
    return lambda speed, trip: to_cs(time_s * (SPEED_M_PER_S / speed) * (2 if trip is Trip.ROUND else 1))


def _areas(n_towns: int, n_quarters: int) -> gpd.GeoDataFrame:
    rows = [("district", "310113", "宝山区", "", _box(0, 0, n_towns, n_quarters))]
    for t in range(n_towns):
        code = f"310113{t + 1:03}"
        rows.append(("town", code, f"第{t + 1}镇", "310113", _box(t, 0, t + 1, n_quarters)))
    for t in range(n_towns):
        for q in range(n_quarters):
            code = f"310113{t + 1:03}{q + 1:03}"
            rows.append(("residential_quarter", code, f"{t + 1}-{q + 1} 居民区", code[:9], _box(t, q, t + 1, q + 1)))
    columns = dict(zip(("level", "code", "name", "parent_code", "geometry"), zip(*rows, strict=True), strict=True))
    return gpd.GeoDataFrame(columns, geometry="geometry", crs=4326)


def _box(west: int, south: int, east: int, north: int) -> shapely.Polygon:
    return shapely.box(
        WEST + west * SIZE_DEG, SOUTH + south * SIZE_DEG, WEST + east * SIZE_DEG, SOUTH + north * SIZE_DEG
    )


def _level(level: str, areas: gpd.GeoDataFrame, table: PlaceTable, group: np.ndarray) -> LevelFigures:
    of_level = areas[areas["level"] == level]
    figures = figures_by_group(table, group, len(of_level) + 1, BANDS_S)
    records = zip(of_level["code"], of_level["name"], of_level["parent_code"], figures[:-1], strict=True)
    return LevelFigures(
        level=level,
        areas=tuple(
            AreaFigures(code=code, name=name, parent_code=parent or None, area_m2=4.2e6, figures=figures_)
            for code, name, parent, figures_ in records
        ),
        remainder=figures[-1] if (group == len(of_level)).any() else None,
    )


def _points() -> pd.DataFrame:
    columns = {"code": ["P1", "P2"], "name": ["一号点", "=二号点"], "type": ["elderly_service_point", "meal_point"]}
    return pd.DataFrame({**columns, "lon": [WEST + 0.01, WEST + 0.03], "lat": [SOUTH + 0.03, SOUTH + 0.05]})


def _document(table: PlaceTable, levels: list[LevelFigures], lonlat: np.ndarray, limit_s: float) -> CoverageDocument:
    weight, time_s = from_fixed(table.weight[:, 0]), to_s(table.time_cs)
    missed = np.flatnonzero(table.status != 0)
    missed = missed[np.argsort(-weight[missed])]
    listed = [
        UncoveredPlace(
            place_no=int(i),
            lon=lonlat[i, 0],
            lat=lonlat[i, 1],
            residents=weight[i],
            status=STATUS[table.status[i]],
            walk_time_s=time_s[i] if np.isfinite(time_s[i]) else None,
            nearest_point_code="P1" if np.isfinite(time_s[i]) else None,
            nearest_point_name="一号点" if np.isfinite(time_s[i]) else None,
            area_codes={"district": "310113"},
        )
        for i in missed
    ]
    point = {"status": "open", "connectable": True, "reason": None}
    return CoverageDocument.model_validate(
        {
            "form": "exact",
            "synthetic": True,
            "parameters": {
                "limit_s": limit_s,
                "bands_s": BANDS_S,
                "profile": "elder",
                "speed_m_per_s": SPEED_M_PER_S,
                "profile_edition": "2026",
                "evidence": "measured",
                "sd_m_per_s": 0.2,
                "at": "wed 10:00",
                "area_code": None,
                "types": [ServicePointType.ELDERLY_SERVICE_POINT, ServicePointType.MEAL_POINT],
                "connection_limit_m": 100,
            },
            "inputs": [
                {
                    "subject": "population",
                    "name": "made-up",
                    "source": "made by a test",
                    "synthetic": True,
                    "datum": "wgs84",
                    "counting": "counted",
                    "valid_from": "2024-01-01",
                    "content_sha256": "0" * 64,
                }
            ],
            "counts": "residents",
            "counting": "counted",
            "hull_area": False,
            "totals": figures_by_group(table, np.zeros(len(lonlat), dtype=np.int64), 1, BANDS_S)[0],
            "levels": levels,
            "service_points": {
                "total": 2,
                "connectable": 2,
                "listed": [
                    {"code": "P1", "name": "一号点", "type": "elderly_service_point", **point},
                    {"code": "P2", "name": "=二号点", "type": "meal_point", **point},
                ],
            },
            "uncovered_places": {
                "count": len(missed),
                "residents": float(weight[missed].sum()),
                "listed": listed,
            },
            "notes": [
                Note(code="synthetic"),
                Note(code="places_in_no_known_area", fields={"places": 24, "total": len(lonlat)}),
            ],
            "provenance": {"code_version": "0.1.0+test", "input_sha256": "1" * 64},
        }
    )
