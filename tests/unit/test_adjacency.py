"""Which cells lie beside each other."""

import numpy as np
import shapely

from gridmgmt.analysis.adjacency import near_pairs, neighbour_pairs


def cells(*boxes: tuple[float, float, float, float]) -> np.ndarray:
    return np.array([shapely.box(*each) for each in boxes], dtype=object)


def test_a_corner_is_no_common_border_and_a_gap_of_millimetres_is_none() -> None:
    found = cells((0, 0, 100, 100), (100.005, 0, 200, 100), (100, 100, 200, 200), (300, 0, 400, 100))
    assert neighbour_pairs(found).tolist() == [[0, 1], [1, 2]]


def test_a_border_of_a_metre_counts_and_one_of_half_a_metre_does_not() -> None:
    one = (0, 0, 100, 100)
    assert neighbour_pairs(cells(one, (100, 98.5, 200, 198.5))).tolist() == [[0, 1]]
    assert neighbour_pairs(cells(one, (100, 99.5, 200, 199.5))).tolist() == []


def test_a_side_with_vertices_of_neighbours_on_it_is_one_border() -> None:
    found = cells((0, 0, 100, 100), (100, 0, 200, 50), (100, 50, 200, 100))
    assert neighbour_pairs(found).tolist() == [[0, 1], [0, 2], [1, 2]]


def test_only_cells_of_one_group_are_neighbours() -> None:
    found = cells((0, 0, 1e2, 1e2), (1e2, 0, 2e2, 1e2), (2e2, 0, 3e2, 1e2))
    assert neighbour_pairs(found, np.array([0, 0, 1])).tolist() == [[0, 1]]
    assert neighbour_pairs(found[:0]).shape == (0, 2)


def test_a_point_on_a_border_is_near_both_cells() -> None:
    point, cell = near_pairs(cells((0, 0, 9, 9), (9, 0, 18, 9)), shapely.points([[9.5, 5], [3, 3], [50, 5]]), 1.0)
    assert list(zip(point.tolist(), cell.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 0)]
