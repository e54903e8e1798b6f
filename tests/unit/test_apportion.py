"""Numbers of whole areas on other boundaries: the ranges worked out by hand, and beside a brute force over grids."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from gridmgmt.analysis.apportion import Overlay, apportion, overlay, weightless, weights_of_points

GEOD = Geod(ellps="WGS84")
CELL_DEG = 0.001
WEST, SOUTH = 121.4, 31.3
SIDE = 6
NOBODY = SIDE * SIDE


def cell(column: int, row: int) -> shapely.Geometry:
    west, south = WEST + column * CELL_DEG, SOUTH + row * CELL_DEG
    return shapely.box(west, south, west + CELL_DEG, south + CELL_DEG)


def strip(from_column: float, to_column: float) -> shapely.Geometry:
    """Columns of one row of the grid, all of one height, so that shares of surface are shares of columns."""
    west = WEST + from_column * CELL_DEG
    return shapely.box(west, SOUTH, WEST + to_column * CELL_DEG, SOUTH + CELL_DEG)


def test_a_split_town() -> None:
    """100 people on four columns, cut after the first; 40 on two columns that did not change."""
    pieces = overlay([strip(0, 4), strip(4, 6)], [strip(0, 1), strip(1, 4), strip(4, 6)])
    found = apportion(np.array([100.0, 40.0]), pieces)
    assert found.estimate == pytest.approx([25, 75, 40, 0])
    assert found.low.tolist() == [0, 0, 40, 0]
    assert found.high.tolist() == [100, 100, 40, 0]


def test_two_towns_joined_are_certain() -> None:
    pieces = overlay([strip(0, 1), strip(1, 4)], [strip(0, 4)])
    found = apportion(np.array([30.0, 70.5]), pieces)
    assert found.estimate.tolist() == found.low.tolist() == found.high.tolist() == [100.5, 0]


def test_land_beyond_all_new_areas_keeps_its_part() -> None:
    pieces = overlay([strip(0, 4)], [strip(1, 2)])
    found = apportion(np.array([80.0]), pieces)
    assert found.estimate == pytest.approx([20, 60])
    assert found.high.tolist() == [80, 80]


def test_a_source_that_meets_no_target_is_certainly_outside() -> None:
    found = apportion(np.array([7.0]), overlay([strip(0, 1)], [strip(4, 5)]))
    assert found.estimate.tolist() == found.low.tolist() == found.high.tolist() == [0, 7]


def test_no_source_and_no_target() -> None:
    assert apportion(np.empty(0), overlay([], [strip(0, 1)])).estimate.tolist() == [0, 0]
    assert apportion(np.array([3.0]), overlay([strip(0, 1)], [])).estimate.tolist() == [3]


def test_the_noise_of_two_drawings_is_no_land() -> None:
    """A border that moved by 0.1 mm: about 0.011 m² of 111 m height, no doubt about whose the people are."""
    moved = overlay([strip(0, 2), strip(2, 4)], [strip(0, 2 + 1e-6), strip(2 + 1e-6, 4)])
    found = apportion(np.array([10.0, 20.0]), moved)
    assert found.low.tolist() == found.estimate.tolist() == found.high.tolist() == [10, 20, 0]
    strict = apportion(np.array([10.0, 20.0]), overlay([strip(0, 2)], [strip(0, 2 - 1e-6)], tolerance_m2=0))
    assert strict.low.tolist() == [0, 0]


def test_a_tiny_area_is_not_taken_for_noise() -> None:
    """A box of about 0.1 m by 0.1 m, cut in the middle, although all of it is below the tolerance."""
    tiny = shapely.box(WEST, SOUTH, WEST + 1e-6, SOUTH + 1e-6)
    west = shapely.box(WEST, SOUTH, WEST + 5e-7, SOUTH + 1e-6)
    found = apportion(np.array([8.0]), overlay([tiny], [west]))
    assert found.estimate == pytest.approx([4, 4], rel=1e-3)


def test_people_weigh_instead_of_land() -> None:
    """9 of 12 elders live on the quarter of the land that leaves; who lives nowhere near decides nothing."""
    pieces = overlay([strip(0, 4)], [strip(0, 1), strip(1, 4)])
    source = np.array([0, 0, -1])
    weights = weights_of_points(pieces, source, np.array([0, 1, 1]), np.array([9.0, 3.0, 50.0]))
    found = apportion(np.array([100.0]), pieces, weights)
    assert found.estimate.tolist() == [75, 25, 0]
    assert found.low.tolist() == [0, 0, 0]
    assert found.high.tolist() == [100, 100, 0]


def test_where_nobody_lives_the_land_decides() -> None:
    pieces = overlay([strip(0, 4), strip(4, 6)], [strip(0, 1), strip(1, 5)])
    weights = weights_of_points(pieces, np.array([1]), np.array([1]), np.array([2.0]))
    assert dict(zip(pieces.source.tolist(), weightless(pieces, weights).tolist(), strict=True)) == {0: True, 1: False}
    found = apportion(np.array([100.0, 10.0]), pieces, weights)
    assert found.estimate == pytest.approx([25, 75 + 10, 0])


def test_a_person_on_land_too_little_to_be_a_piece_weighs_nowhere() -> None:
    pieces = Overlay(np.array([0]), np.array([1]), np.array([500.0]), 1, 2)
    assert weights_of_points(pieces, np.array([0, 0]), np.array([0, 1]), np.array([4.0, 5.0])).tolist() == [5]
    assert weights_of_points(pieces, np.empty(0, int), np.empty(0, int), np.empty(0)).tolist() == [0]


Owners = st.lists(st.integers(0, 5), min_size=SIDE * SIDE, max_size=SIDE * SIDE)


def areas_of(owner: list[int]) -> tuple[list[int], list[shapely.Geometry]]:
    """Return the areas that a division of the grid's cells makes, by owner; owner 0 owns no area."""
    owners = sorted(set(owner) - {0})
    cells = [[cell(i % SIDE, i // SIDE) for i, who in enumerate(owner) if who == o] for o in owners]
    return owners, [shapely.union_all(of_owner) for of_owner in cells]


@given(old=Owners, new=Owners, seed=st.integers(0, 2**32 - 1))
def test_on_random_divisions_it_agrees_with_a_count_of_cells(old, new, seed) -> None:
    """Cells of one row have one surface; a cell's is measured by geodesics, independently."""
    old_owners, sources = areas_of(old)
    new_owners, targets = areas_of(new)
    values = np.random.default_rng(seed).gamma(0.5, 1000, len(sources))
    found = apportion(values, overlay(sources, targets))
    cell_m2 = [abs(GEOD.geometry_area_perimeter(cell(0, row))[0]) for row in range(SIDE)]
    estimate, low, high = (dict.fromkeys([*new_owners, 0], 0.0) for _ in range(3))
    for owner, value in zip(old_owners, values, strict=True):
        mine = [i for i, who in enumerate(old) if who == owner]
        surface = sum(cell_m2[i // SIDE] for i in mine)
        for target in {new[i] for i in mine}:
            part = sum(cell_m2[i // SIDE] for i in mine if new[i] == target)
            estimate[target] += value * part / surface
            high[target] += value
            low[target] += value if all(new[i] == target for i in mine) else 0.0
    order = [*new_owners, 0]
    assert found.estimate == pytest.approx([estimate[o] for o in order], rel=1e-6, abs=1e-6)
    assert found.low == pytest.approx([low[o] for o in order])
    assert found.high == pytest.approx([high[o] for o in order])
    assert found.estimate.sum() == pytest.approx(values.sum())
    assert (found.low <= found.estimate).all()
    assert (found.estimate <= found.high).all()


@given(owner=Owners, seed=st.integers(0, 2**32 - 1))
def test_where_nothing_changed_every_range_is_a_point(owner, seed) -> None:
    _, areas = areas_of(owner)
    values = np.random.default_rng(seed).gamma(0.5, 1000, len(areas))
    found = apportion(values, overlay(areas, areas))
    for numbers in (found.estimate, found.low, found.high):
        assert numbers.tolist() == [*values.tolist(), 0]


@given(old=Owners, new=Owners, at=st.lists(st.tuples(st.integers(0, 35), st.floats(0, 9)), max_size=40))
def test_people_agree_with_a_count_of_people(old, new, at) -> None:
    old_owners, sources = areas_of(old)
    new_owners, targets = areas_of(new)
    pieces = overlay(sources, targets)
    numbers_old = {owner: i for i, owner in enumerate(old_owners)}
    numbers_new = {owner: i for i, owner in enumerate(new_owners)}
    source = np.array([numbers_old.get(old[i], -1) for i, _ in at], dtype=np.int64)
    target = np.array([numbers_new.get(new[i], -1) for i, _ in at], dtype=np.int64)
    weights = weights_of_points(pieces, source, target, np.array([w for _, w in at]))
    for s, t, found in zip(pieces.source, pieces.target, weights, strict=True):
        here = (old_owners[s], new_owners[t] if t < len(new_owners) else 0)
        assert found == pytest.approx(sum(w for i, w in at if (old[i], new[i]) == here))
