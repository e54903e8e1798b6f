"""Guaranteed areas of real, hilly cities: spots all over them, most close to the borders, beside their own walks."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from gridmgmt.analysis.walking.isochrones import Ground, Isochrone, isochrones
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.analysis.walking.search import nearest
from tests.support.cities import City, read_city

pytestmark = pytest.mark.shared_data

CONNECTION_M, TWENTY_MINUTES_CS = 60.0, 120_000
ONE_WAY = (Trip.TO_POINT, Trip.FROM_POINT)


@pytest.fixture(scope="module", params=["helsinki", "monaco", "futian"])
def city(request, shared_data: Path) -> City:
    return read_city(shared_data, request.param)


def walks_cs(city: City, xy: np.ndarray, trip: Trip) -> np.ndarray:
    places = city.index.nearest(xy, CONNECTION_M)
    points = city.spots(1, 6)
    return nearest(
        city.graph, city.costs(), points=points, places=places, trip=trip, limit_cs=2 * TWENTY_MINUTES_CS
    ).place_cs


def areas(city: City, trip: Trip, *limits_cs: int) -> tuple[Isochrone, ...]:
    return isochrones(
        city.graph, [Ground(city.index, CONNECTION_M)], city.costs(), city.costs(), points=city.spots(1, 6),
        limits_cs=limits_cs, trip=trip,
    )  # fmt: skip


def spots(city: City, found: Isochrone) -> np.ndarray:
    """Spots anywhere, beside the borders by a hair and by metres, and beside streets."""
    rng = np.random.default_rng(7)
    low, high = np.array(found.certain.bounds[:2]) - 100, np.array(found.certain.bounds[2:]) + 100
    rings = shapely.get_rings(shapely.get_parts(shapely.union(found.certain, found.possible)))
    rings = np.concatenate([rings, shapely.get_rings(shapely.get_parts(found.certain))])
    ring = rng.choice(rings, 6_000, p=shapely.length(rings) / shapely.length(rings).sum())
    border = shapely.get_coordinates(shapely.line_interpolate_point(ring, rng.random(6_000), normalized=True))
    near = border + rng.normal(0, 1, border.shape) * rng.choice([0.001, 0.1, 2.0, 15.0], (6_000, 1))
    street = shapely.get_coordinates(city.lines_m)
    beside = street[rng.integers(0, len(street), 4_000)] + rng.normal(0, 8, (4_000, 2))
    return np.vstack([rng.uniform(low, high, (6_000, 2)), near, border, beside])


@pytest.mark.parametrize("trip", [*ONE_WAY, pytest.param(Trip.ROUND, id="round")])
def test_no_spot_of_certain_ground_is_too_far_and_none_outside_is_within(city, trip) -> None:
    for found in areas(city, trip, 18_000, 42_000):
        xy = spots(city, found)
        within = walks_cs(city, xy, trip) <= found.limit_cs
        certain = shapely.contains_xy(found.certain, xy[:, 0], xy[:, 1])
        possible = shapely.intersects_xy(found.possible, xy[:, 0], xy[:, 1])
        assert certain.sum() > 500
        assert not (certain & ~within).any()
        assert not (within & ~certain & ~possible).any()
        assert shapely.is_valid(found.certain), shapely.is_valid_reason(found.certain)
        assert shapely.is_valid(found.possible), shapely.is_valid_reason(found.possible)
        assert shapely.intersection(found.certain, found.possible).area == 0


@pytest.mark.parametrize("trip", ONE_WAY)
def test_of_places_almost_all_are_told_as_by_their_walks(city, trip) -> None:
    rng = np.random.default_rng(8)
    at = shapely.line_interpolate_point(rng.choice(city.lines_m, 20_000), rng.random(20_000), normalized=True)
    xy = shapely.get_coordinates(at) + rng.normal(0, 18, (20_000, 2))
    (found,) = areas(city, trip, TWENTY_MINUTES_CS)
    within = walks_cs(city, xy, trip) <= found.limit_cs
    told = shapely.contains_xy(found.certain, xy[:, 0], xy[:, 1])
    assert (told == within).mean() >= 0.995
