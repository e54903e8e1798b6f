"""Registration on a made town whose true place is known, shifted on purpose."""

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gridmgmt.crs import wgs84_to_gcj02
from gridmgmt.ingest.registration import MAX_POINTS, Verdict, assess, sample_points

METRIC = CRS(4549)
Objects = NDArray[np.object_]


def _outlines() -> Objects:
    """Five by five irregular areas of about 2 km around 121.4° E, 31.3° N."""
    random = np.random.default_rng(3)
    centres = np.column_stack(
        [g.ravel() for g in np.meshgrid(np.linspace(121.3, 121.5, 5), np.linspace(31.2, 31.4, 5))]
    )
    cloud = shapely.MultiPoint(centres + random.normal(0, 0.01, centres.shape))
    cells = shapely.voronoi_polygons(cloud, extend_to=shapely.box(121.2, 31.1, 121.6, 31.5))
    return np.array(shapely.get_parts(cells), dtype=object)


def _shifted(geometries: Objects) -> Objects:
    moved: Objects = shapely.transform(geometries, lambda xy: np.column_stack(wgs84_to_gcj02(*xy.T)))
    return moved


def test_a_planted_shift_is_found_and_measured() -> None:
    outlines = _outlines()
    found = assess(sample_points(_shifted(outlines)), outlines, METRIC)
    assert found.verdict is Verdict.GCJ02
    assert found.gcj02_share > 0.99
    assert found.unshifted_share < 0.3
    assert found.shift_m == pytest.approx((-425, 225), abs=60)


def test_what_lies_right_is_unshifted() -> None:
    outlines = _outlines()
    found = assess(sample_points(outlines), outlines, METRIC)
    assert found.verdict is Verdict.UNSHIFTED
    assert found.shift_m == (0.0, 0.0)


def test_a_shift_that_is_not_gcj02_is_not_called_so() -> None:
    outlines = _outlines()
    moved = shapely.transform(outlines, lambda xy: xy + np.array([-0.0045, 0.0020]))
    assert assess(sample_points(moved), outlines, METRIC).verdict is Verdict.INCONCLUSIVE


def test_shares_survive_outlines_that_are_near_nothing() -> None:
    """Half of the file has no counterpart in the reference, which would drag any mean."""
    outlines = _outlines()
    found = assess(sample_points(_shifted(outlines)), outlines[::3], METRIC)
    assert found.verdict is Verdict.GCJ02


def test_random_points_near_dense_streets_prove_nothing() -> None:
    random = np.random.default_rng(5)
    lines = [shapely.LineString([(121.3, y), (121.5, y)]) for y in np.arange(31.2, 31.4, 0.002)]
    points = random.uniform((121.3, 31.2), (121.5, 31.4), (2000, 2))
    found = assess(points, np.array(lines, dtype=object), METRIC)
    assert found.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.array([[121.4, 31.3]] * 10), np.array([[-8.6, 41.1]] * 100)])
def test_too_few_points_or_points_elsewhere_are_inconclusive(points: NDArray[np.float64]) -> None:
    assert assess(points, _outlines(), METRIC).verdict is Verdict.INCONCLUSIVE
    assert assess(points, np.array([], dtype=object), METRIC).verdict is Verdict.INCONCLUSIVE


def test_samples_are_bounded_even_and_repeatable() -> None:
    outlines = _outlines()
    points = sample_points(outlines)
    assert points.shape == (MAX_POINTS, 2)
    assert np.array_equal(points, sample_points(outlines))
    square = np.array([shapely.box(0, 0, 1, 1)], dtype=object)
    quarter = sample_points(square, 400)
    assert all(np.sum(np.isclose(quarter[:, axis], value)) >= 99 for axis in (0, 1) for value in (0, 1))
    many = np.array(shapely.points(np.arange(30_000) / 1e6, np.zeros(30_000)), dtype=object)
    assert len(sample_points(many)) == MAX_POINTS
