import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from gridmgmt import crs

WEST, SOUTH, EAST, NORTH = crs.CHINA_BOX
GEOD = Geod(ellps="WGS84")
WITHIN_BOX = st.tuples(st.floats(WEST, EAST), st.floats(SOUTH, NORTH))
AROUND_BORDER = st.tuples(
    st.one_of(st.floats(WEST - 0.2, WEST + 0.2), st.floats(EAST - 0.2, EAST + 0.2)), st.floats(SOUTH - 0.2, NORTH + 0.2)
) | st.tuples(
    st.floats(WEST - 0.2, EAST + 0.2),
    st.one_of(st.floats(SOUTH - 0.2, SOUTH + 0.2), st.floats(NORTH - 0.2, NORTH + 0.2)),
)
POINTS = st.lists(WITHIN_BOX | AROUND_BORDER, min_size=1, max_size=50)
LIMIT_M = 1e-4


def _distance_m(a: crs.LonLat, b: crs.LonLat) -> float:
    return float(np.max(GEOD.inv(*a, *b)[2]))


@given(POINTS)
def test_gcj02_round_trips_hold_to_a_tenth_of_a_millimetre(points: list[tuple[float, float]]) -> None:
    lon, lat = np.array(points).T
    assert _distance_m((lon, lat), crs.gcj02_to_wgs84(*crs.wgs84_to_gcj02(lon, lat))) < LIMIT_M
    assert _distance_m((lon, lat), crs.wgs84_to_gcj02(*crs.gcj02_to_wgs84(lon, lat))) < LIMIT_M


@given(POINTS)
def test_bd09_round_trips_hold_to_a_tenth_of_a_millimetre(points: list[tuple[float, float]]) -> None:
    lon, lat = np.array(points).T
    assert _distance_m((lon, lat), crs.bd09_to_wgs84(*crs.wgs84_to_bd09(lon, lat))) < LIMIT_M
    assert _distance_m((lon, lat), crs.wgs84_to_bd09(*crs.bd09_to_wgs84(lon, lat))) < LIMIT_M


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_outside_the_box_nothing_moves(lon: float, lat: float) -> None:
    if not crs.in_china_box(lon, lat):
        assert tuple(map(float, crs.wgs84_to_gcj02(lon, lat))) == (lon, lat)
        assert tuple(map(float, crs.bd09_to_wgs84(lon, lat))) == (lon, lat)


def test_a_dense_grid_over_the_box_including_the_meridians_of_infinite_slope() -> None:
    lon, lat = np.meshgrid(
        np.append(np.linspace(WEST, EAST, 700), 105.0), np.append(np.linspace(SOUTH, NORTH, 700), 35.0)
    )
    there = crs.wgs84_to_gcj02(lon.ravel(), lat.ravel())
    assert _distance_m((lon.ravel(), lat.ravel()), crs.gcj02_to_wgs84(*there)) < LIMIT_M
