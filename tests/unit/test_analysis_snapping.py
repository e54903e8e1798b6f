"""Snapping on drawings small enough to work out by eye."""

import numpy as np
import pytest
import shapely
from numpy.testing import assert_allclose, assert_array_equal

from gridmgmt.analysis.snapping import EdgeIndex, flatten
from gridmgmt.errors import InputError

BENT = shapely.LineString([(0, 0), (30, 0), (30, 10)])  # 40 m: 30 east, then 10 north
STRAIGHT = shapely.LineString([(100, 0), (100, 50)])


def index_of(*lines: shapely.LineString, **options) -> EdgeIndex:
    return EdgeIndex.build(*flatten(lines), **options)


def test_a_point_meets_the_foot_of_its_perpendicular() -> None:
    snap = index_of(BENT, STRAIGHT).nearest([[10, 4], [33, 5], [104, 20]])
    assert_array_equal(snap.edge, [0, 0, 1])
    assert_allclose(snap.distance_m, [4, 3, 4])
    assert_allclose(snap.fraction, [10 / 40, 35 / 40, 20 / 50])


def test_beyond_an_end_the_end_is_met() -> None:
    snap = index_of(BENT, STRAIGHT).nearest([[-3, -4], [103, 54]])
    assert_allclose(snap.distance_m, [5, 5])
    assert_array_equal(snap.fraction, [0, 1])


def test_exactly_the_maximum_distance_is_near_enough() -> None:
    snap = index_of(STRAIGHT).nearest([[200, 25], [200.001, 25]], 100)
    assert_array_equal(snap.edge, [0, -1])
    assert_array_equal(snap.distance_m, [100, np.inf])


def test_each_point_may_have_its_own_maximum() -> None:
    snap = index_of(STRAIGHT).nearest([[130, 25], [130, 25]], np.array([29.0, 31.0]))
    assert_array_equal(snap.edge, [-1, 0])


def test_of_equal_edges_the_lowest_id_is_taken() -> None:
    cross = [shapely.LineString([(0, 0), end]) for end in [(9, 0), (0, 9), (-9, 0), (0, -9)]]
    assert_array_equal(index_of(*cross).nearest([[0, 0], [-1, -1], [-2, -1]]).edge, [0, 2, 2])
    assert_array_equal(index_of(*cross, mask=[False, True, True, True]).nearest([[0, 0]]).edge, [1])


def test_only_edges_of_the_mask_are_met() -> None:
    snap = index_of(BENT, STRAIGHT, mask=[False, True]).nearest([[10, 4]])
    assert_array_equal(snap.edge, [1])
    assert_allclose(snap.distance_m, [90])


@pytest.mark.parametrize("mask", [[False, False], None])
def test_far_points_and_empty_indices(mask) -> None:
    snap = index_of(BENT, STRAIGHT, mask=mask).nearest([[1e6, 0.0], [100, -1e7]])
    if mask:
        assert_array_equal(snap.edge, [-1, -1])
        assert_array_equal(snap.distance_m, [np.inf, np.inf])
    else:
        assert_array_equal(snap.edge, [1, 1])
        assert_allclose(snap.distance_m, [999_900, 1e7])


def test_an_edge_of_no_length_is_a_place() -> None:
    snap = index_of(shapely.LineString([(5, 5), (5, 5)])).nearest([[8, 9]])
    assert (snap.edge[0], snap.fraction[0], snap.distance_m[0]) == (0, 0.0, 5.0)


def test_no_points_no_snaps() -> None:
    assert len(index_of(BENT).nearest(np.empty((0, 2))).edge) == 0


@pytest.mark.parametrize(
    ("vertices", "offsets", "code"),
    [
        ([[0, 0], [1, np.nan]], [0, 2], "coordinate_not_finite"),
        ([[0, 0], [1, 1], [2, 2]], [0, 2, 3], "edge_without_segment"),
        ([[0, 0], [1, 1]], [0, 3], "array_shape_invalid"),
        ([0, 1], [0, 2], "array_shape_invalid"),
    ],
)
def test_what_are_no_edges_is_refused(vertices, offsets, code) -> None:
    with pytest.raises(InputError) as refused:
        EdgeIndex.build(vertices, offsets)
    assert refused.value.code == code
    assert refused.value.message("zh") != refused.value.message("en")


@pytest.mark.parametrize(
    ("points", "reach", "code"),
    [
        ([[np.inf, 0]], 1.0, "coordinate_not_finite"),
        ([[0, 0]], -1.0, "distance_invalid"),
        ([[0, 0]], np.nan, "distance_invalid"),
        ([[0, 0]], np.array([1.0, 2.0]), "array_shape_invalid"),
    ],
)
def test_what_is_no_question_is_refused(points, reach, code) -> None:
    with pytest.raises(InputError) as refused:
        index_of(BENT).nearest(points, reach)
    assert refused.value.code == code
    assert refused.value.message("en")
