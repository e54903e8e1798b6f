"""The datum of points by the areas that they state: made towns, and the real lists of Shanghai."""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from gridmgmt.crs import wgs84_to_bd09, wgs84_to_gcj02
from gridmgmt.ingest.registration import Verdict
from gridmgmt.ingest.stated_areas import assess_stated

Floats = NDArray[np.float64]
SHIFTS: dict[Verdict, Callable[..., tuple[Floats, Floats]]] = {
    Verdict.UNSHIFTED: lambda lon, lat: (lon, lat),
    Verdict.GCJ02: wgs84_to_gcj02,
    Verdict.BD09: wgs84_to_bd09,
}


def town_of(points: Floats, seed: int = 3) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Sixteen irregular towns of some 5 km around 121.4° E, 31.3° N, and the one that each point lies in."""
    random = np.random.default_rng(seed)
    middle = np.column_stack([g.ravel() for g in np.meshgrid(np.linspace(121.3, 121.5, 4), np.linspace(31.2, 31.4, 4))])
    cloud = shapely.MultiPoint(middle + random.normal(0, 0.01, middle.shape))
    towns = shapely.get_parts(shapely.voronoi_polygons(cloud, extend_to=shapely.box(121.2, 31.1, 121.6, 31.5)))
    inside = np.array([shapely.intersects_xy(town, *points.T) for town in towns])
    return np.asarray(towns, dtype=object), inside.argmax(axis=0)


@pytest.mark.parametrize("datum", SHIFTS)
def test_a_planted_shift_is_found(datum: Verdict) -> None:
    points = np.random.default_rng(1).uniform((121.25, 31.15), (121.55, 31.45), (2_000, 2))
    towns, stated = town_of(points)
    found = assess_stated(np.column_stack(SHIFTS[datum](*points.T)), stated, towns)
    assert found.verdict is datum
    assert found.shares[datum] == 1.0
    assert max(share for verdict, share in found.shares.items() if verdict is not datum) < 0.95
    assert found.points == 2_000


def test_wrong_statements_do_not_hide_the_shift() -> None:
    """A fifth of the rows states a neighbour."""
    random = np.random.default_rng(2)
    points = random.uniform((121.25, 31.15), (121.55, 31.45), (2_000, 2))
    towns, stated = town_of(points)
    stated[random.random(2_000) < 0.2] = 5
    found = assess_stated(np.column_stack(wgs84_to_gcj02(*points.T)), stated, towns)
    assert found.verdict is Verdict.GCJ02


def test_another_shift_is_no_datum() -> None:
    """600 m to the west is neither GCJ-02 nor BD-09, and not unshifted."""
    points = np.random.default_rng(4).uniform((121.25, 31.15), (121.55, 31.45), (2_000, 2))
    towns, stated = town_of(points)
    assert assess_stated(points - (0.0063, 0.0), stated, towns).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("count", [0, 1, 15])
def test_too_few_points_tell_nothing(count: int) -> None:
    points = np.random.default_rng(5).uniform((121.25, 31.15), (121.55, 31.45), (2_000, 2))[:count]
    towns, stated = town_of(points)
    assert assess_stated(np.column_stack(wgs84_to_gcj02(*points.T)), stated, towns).verdict is Verdict.INCONCLUSIVE


def test_points_far_from_all_borders_and_unknown_statements_tell_nothing() -> None:
    town = np.array([shapely.box(121, 31, 122, 32)], dtype=object)
    points = np.full((100, 2), (121.5, 31.5))
    assert assess_stated(points, np.zeros(100, dtype=np.intp), town).verdict is Verdict.INCONCLUSIVE
    unknown = assess_stated(points, np.full(100, -1, dtype=np.intp), town)
    assert (unknown.verdict, unknown.points) == (Verdict.INCONCLUSIVE, 0)


DISTRICTS = {
    "黄浦区": "310101", "徐汇区": "310104", "长宁区": "310105", "静安区": "310106", "普陀区": "310107",
    "虹口区": "310109", "杨浦区": "310110", "宝山区": "310113", "嘉定区": "310114", "浦东新区": "310115",
    "金山区": "310116", "松江区": "310117", "青浦区": "310118", "奉贤区": "310120",
}  # fmt: skip


@pytest.fixture(scope="module")
def districts(shared_data: Path) -> tuple[NDArray[np.object_], dict[str, int]]:
    """The districts of Shanghai as the union of their known towns, and the place of each by name."""
    with gzip.open(shared_data / "boundaries" / "shanghai_towns_osm_wgs84.geojson.gz") as stream:
        features = json.load(stream)["features"]
    code = next(
        name for name, value in features[0]["properties"].items() if str(value).isdigit() and len(str(value)) == 9
    )
    groups = {name: [shape(f["geometry"]) for f in features if str(f["properties"][code])[:6] == prefix]
              for name, prefix in DISTRICTS.items()}  # fmt: skip
    unions = [shapely.union_all(towns) for towns in groups.values()]
    return np.array(unions, dtype=object), {name: i for i, name in enumerate(groups)}


def listed(file: Path, name: str, lon: str, lat: str) -> tuple[Floats, list[str]]:
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    return np.array([(float(row[lon]), float(row[lat])) for row in rows]), [row[name] for row in rows]


@pytest.mark.shared_data
@pytest.mark.parametrize("datum", SHIFTS)
def test_the_medical_points_lie_in_their_districts_in_wgs84(shared_data: Path, districts, datum: Verdict) -> None:
    """7,513 points with 行政区; shifted on purpose, the shift is found."""
    surfaces, place = districts
    points, names = listed(shared_data / "service_points" / "shanghai_medical_poi_wgs84.csv.gz", "adname", "lon", "lat")
    stated = np.array([place.get(name, -1) for name in names])
    found = assess_stated(np.column_stack(SHIFTS[datum](*points.T)), stated, surfaces)
    assert found.verdict is datum


@pytest.mark.shared_data
def test_the_canteens_are_too_few_near_borders_to_tell(shared_data: Path, districts) -> None:
    """97 points in GCJ-02 with their districts: GCJ-02 fits best, but not by enough points to say so."""
    surfaces, place = districts
    file = shared_data / "service_points" / "shanghai_elderly_canteens_official.csv"
    points, names = listed(file, "district", "lon_gcj02", "lat_gcj02")
    found = assess_stated(points, np.array([place.get(name, -1) for name in names]), surfaces)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert max(found.shares, key=lambda verdict: found.shares[verdict]) is Verdict.GCJ02
