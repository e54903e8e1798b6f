"""Buildings with their floor area, of an OpenStreetMap file and of a vector file."""

from pathlib import Path

import pytest
from pyproj import Geod

from gridmgmt.ingest.buildings import read_buildings
from tests.support.paper_town import geojson

SIDE_DEG = 0.0002


def corners(west: float, south: float = 31.3) -> list[list[float]]:
    east, north = west + SIDE_DEG, south + SIDE_DEG
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def footprint_m2() -> float:
    """About 19 m by 22 m, by geodesics."""
    lon, lat = zip(*corners(121.4), strict=True)
    return abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0])


def test_homes_of_an_osm_file_with_the_levels_of_their_tags(tmp_path: Path) -> None:
    """Six levels, twelve, and none told (the median of both, nine); a school is no home."""
    tags = [
        {"building": "apartments", "building:levels": "6"},
        {"building": "residential", "building:levels": "12"},
        {"building": "house"},
        {"building": "school", "building:levels": "3"},
    ]
    nodes, ways = [], []
    for i, own in enumerate(tags):
        ring = corners(121.4 + i * 0.001)
        nodes += [f'<node id="{10 * i + k + 1}" lon="{x}" lat="{y}"/>' for k, (x, y) in enumerate(ring[:-1])]
        refs = "".join(f'<nd ref="{10 * i + k + 1}"/>' for k in (0, 1, 2, 3, 0))
        ways.append(f'<way id="{i + 1}">{refs}' + "".join(f'<tag k="{k}" v="{v}"/>' for k, v in own.items()) + "</way>")
    text = "\n".join(['<osm version="0.6">', *nodes, *ways, "</osm>"])
    (tmp_path / "homes.osm").write_text(text, encoding="utf-8")
    found = read_buildings(tmp_path / "homes.osm")
    assert found.number.tolist() == [2, 4, 6]
    assert (found.floor_area_m2 / footprint_m2()).tolist() == pytest.approx([6, 12, 9], rel=1e-5)
    assert (found.details["levels_tagged"], found.details["left_out"]) == (2, {"building=school": 1})
    assert 121.4 < found.lonlat[0, 0] < 121.4002


def test_polygons_of_a_vector_file_and_levels_that_are_slips(tmp_path: Path) -> None:
    """Neither 0, -2 nor 999 is a number of levels; a bow tie is left out and counted."""
    bow_tie = [[121.41, 31.3], [121.411, 31.301], [121.411, 31.3], [121.41, 31.301], [121.41, 31.3]]
    levels = [4, 0, -2, 999]
    rows = [({"层数": each}, "Polygon", [corners(121.4 + i * 0.001)]) for i, each in enumerate(levels)]
    file = geojson(tmp_path / "houses.geojson", [*rows, ({"层数": 7}, "Polygon", [bow_tie])])
    found = read_buildings(file)
    assert (found.floor_area_m2 / footprint_m2()).tolist() == pytest.approx([4, 4, 4, 4], rel=1e-5)
    assert (found.details["levels_tagged"], found.details["buildings_unusable"]) == (1, 1)


def test_without_any_levels_the_footprint_counts(tmp_path: Path) -> None:
    found = read_buildings(geojson(tmp_path / "houses.geojson", [({}, "Polygon", [corners(121.4)])]))
    assert found.floor_area_m2.tolist() == pytest.approx([footprint_m2()], rel=1e-5)
