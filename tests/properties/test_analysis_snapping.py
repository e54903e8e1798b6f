"""Snapping against shapely: the same distance, and the place that is told lies at that distance."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from gridmgmt.analysis import compiled
from gridmgmt.analysis.snapping import EdgeIndex, flatten

ORIGIN = np.array([530_000.0, 4_560_000.0])


@st.composite
def towns(draw):
    """Lines of very different lengths, and points among and far outside them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([1.0, 40.0, 5_000.0]))
    starts = rng.uniform(0, draw(st.sampled_from([50.0, 1_000.0, 60_000.0])), (draw(st.integers(1, 40)), 2))
    lines = [
        shapely.LineString(ORIGIN + start + np.cumsum(rng.normal(0, scale, (rng.integers(2, 6), 2)), axis=0))
        for start in starts
    ]
    points = ORIGIN + rng.uniform(-1, 2, (60, 2)) * draw(st.sampled_from([60.0, 2_000.0, 90_000.0]))
    return np.array(lines), points


@settings(deadline=None, max_examples=120)
@given(town=towns(), cell_m=st.sampled_from([None, 25.0, 3_000.0]))
def test_the_distance_is_that_of_shapely(town, cell_m) -> None:
    lines, points = town
    if cell_m == 25.0 and np.ptp(shapely.get_coordinates(lines), axis=0).max() > 20_000:
        cell_m = 500.0
    snap = EdgeIndex.build(*flatten(lines), cell_m=cell_m).nearest(points)
    geometries = shapely.points(points)
    nearest = shapely.STRtree(lines).nearest(geometries)
    assert_allclose(snap.distance_m, shapely.distance(geometries, lines[nearest]), rtol=0, atol=1e-6)
    met = shapely.line_interpolate_point(lines[snap.edge], snap.fraction, normalized=True)
    assert_allclose(shapely.distance(met, geometries), snap.distance_m, rtol=0, atol=1e-6)


@settings(deadline=None)
@given(town=towns(), reach_m=st.floats(0, 5_000))
def test_a_maximum_distance_takes_away_and_changes_nothing(town, reach_m) -> None:
    lines, points = town
    index = EdgeIndex.build(*flatten(lines))
    free, limited = index.nearest(points), index.nearest(points, reach_m)
    kept = limited.edge >= 0
    assert_array_equal(kept, free.distance_m <= reach_m + 1e-6)
    assert_array_equal(limited.edge[kept], free.edge[kept])
    assert_array_equal(limited.fraction[kept], free.fraction[kept])


@settings(deadline=None, max_examples=60)
@given(town=towns(), reach_m=st.sampled_from([50.0, 5_000.0, np.inf]), whole=st.booleans())
def test_without_the_compiler_the_answers_are_the_same_to_the_bit(town, reach_m, whole) -> None:
    """On whole metres many segments are equally near, and points lie at ends and in corners."""
    lines, points = town
    if whole:
        lines, points = shapely.transform(lines, np.round), np.round(points)
        points[:10] = shapely.get_coordinates(lines)[:10] if shapely.get_num_coordinates(lines).sum() >= 10 else 0.0
    compiled_way = EdgeIndex.build(*flatten(lines)).nearest(points, reach_m)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "AVAILABLE", False)
        by_tree = EdgeIndex.build(*flatten(lines)).nearest(points, reach_m)
    for name in ("edge", "fraction", "distance_m"):
        assert_array_equal(getattr(compiled_way, name), getattr(by_tree, name))
