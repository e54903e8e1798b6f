"""Placing points in surfaces agrees with the geometry library wherever it is certain, and says so where it is not."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.analysis.binary import surfaces_of_ewkb
from gridmgmt.analysis.placing import DOUBTFUL, NOWHERE, place, prepare


def ready(surfaces: list[shapely.Geometry]):
    """Surfaces as the database writes them, ready to be asked."""
    parts = [shapely.to_wkb(shapely.set_srid(each, 4326), include_srid=True, byte_order=1) for each in surfaces]
    begins = np.cumsum([0, *map(len, parts)])[:-1].astype(np.int64)
    return prepare(surfaces_of_ewkb(np.frombuffer(b"".join(parts), dtype=np.uint8), begins))


def placed(surfaces: list[shapely.Geometry], xy: np.ndarray) -> np.ndarray:
    return place(ready(surfaces), *np.ascontiguousarray(xy.T))


def expected(surfaces: list[shapely.Geometry], xy: np.ndarray) -> np.ndarray:
    """The first surface that covers each point, by the geometry library."""
    covers = np.array([shapely.intersects_xy(surface, *xy.T) for surface in surfaces])
    return np.where(covers.any(axis=0), covers.argmax(axis=0), NOWHERE)


def near_borders(surfaces: list[shapely.Geometry], xy: np.ndarray) -> np.ndarray:
    """How far each point is from the nearest border."""
    return shapely.distance(shapely.union_all(shapely.boundary(surfaces)), shapely.points(xy))


RING = shapely.box(0, 0, 10, 10) - shapely.box(3, 3, 7, 7)
TWO_PARTS = shapely.MultiPolygon(
    [shapely.box(20, 0, 22, 2), shapely.box(20, 8, 22, 10) - shapely.box(20.5, 8.5, 21, 9)]
)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_points_fall_where_the_geometry_library_says(seed: int, count: int) -> None:
    """Surfaces of up to 40 corners that overlap, with holes and parts; points all over and around."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 1, (count, 30, 2))
    surfaces = [shapely.convex_hull(shapely.multipoints(each[: rng.integers(3, 30)])) for each in corners]
    surfaces = [
        shapely.difference(s, shapely.affinity.scale(s, 0.4, 0.4)) if rng.random() < 0.3 else s for s in surfaces
    ]
    surfaces[0] = shapely.MultiPolygon([surfaces[0], shapely.box(2, 0, 3, 1)])
    xy = rng.uniform(-0.5, 3.5, (500, 2)) * [1, 0.5]
    found = placed(surfaces, xy)
    certain = found != DOUBTFUL
    assert (found[certain] == expected(surfaces, xy)[certain]).all()
    assert (near_borders(surfaces, xy)[~certain] < 1e-12).all()


@given(st.integers(0, 2**32 - 1))
def test_points_on_borders_are_doubtful_or_right(seed: int) -> None:
    """Corners, and points interpolated along edges, which rounding may have moved off by one unit in the last place."""
    rng = np.random.default_rng(seed)
    hull = shapely.convex_hull(shapely.multipoints(rng.uniform(121, 122, (12, 2))))
    ends = shapely.get_coordinates(hull)
    share = rng.uniform(0, 1, (len(ends) - 1, 1))
    xy = np.concatenate([ends, ends[:-1] + share * np.diff(ends, axis=0)])
    found = placed([hull], xy)
    assert (found[: len(ends)] == DOUBTFUL).all(), "a corner lies on the border exactly"
    certain = found != DOUBTFUL
    assert (found[certain] == expected([hull], xy)[certain]).all()


@pytest.mark.parametrize(
    ("point", "surface"),
    [
        ((1, 1), 0), ((5, 5), NOWHERE), ((-1, 5), NOWHERE), ((9, 5), 0), ((21, 1), 1), ((21, 5), NOWHERE),
        ((21.5, 9.5), 1), ((20.75, 8.75), NOWHERE), ((3, 5), DOUBTFUL), ((0, 0), DOUBTFUL), ((5, 10), DOUBTFUL),
        ((20.5, 8.7), DOUBTFUL), ((1e9, -1e9), NOWHERE),
    ],
)  # fmt: skip
def test_holes_and_parts(point: tuple[float, float], surface: int) -> None:
    assert placed([RING, TWO_PARTS], np.array([point], dtype=np.float64)).tolist() == [surface]


def test_of_two_that_overlap_the_first_is_named() -> None:
    xy = np.array([[1.5, 0.5]])
    assert placed([shapely.box(1, 0, 2, 1), shapely.box(0, 0, 2, 1)], xy).tolist() == [0]
    assert placed([shapely.box(0, 0, 2, 1), shapely.box(1, 0, 2, 1)], xy).tolist() == [0]


def test_no_surfaces_and_no_points() -> None:
    assert placed([], np.array([[1.0, 1.0]])).tolist() == [NOWHERE]
    assert placed([RING], np.zeros((0, 2))).tolist() == []
