"""Corners of squares and pairs that are too near, against the plain way of finding them."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridmgmt.siting.candidates import _one_a_square, conflicts

METRES = st.integers(-3_000, 3_000).map(lambda tenth: tenth / 10)
SPOTS = st.integers(0, 25).flatmap(lambda n: arrays(np.float64, (n, 2), elements=METRES))


@given(SPOTS, st.sampled_from([0.0, 0.1, 1.0, 30.0, 250.0, 1e4]))
def test_pairs_are_those_nearer_than_the_spacing_and_no_others(xy, spacing_m) -> None:
    squared = {(i, j) for i, j in combinations(range(len(xy)), 2) if np.hypot(*(xy[i] - xy[j])) < spacing_m}
    assert [tuple(pair) for pair in conflicts(xy, spacing_m).tolist()] == sorted(squared)


@given(SPOTS, st.sampled_from([20.0, 75.0, 1000.0]))
def test_each_square_with_corners_keeps_the_one_nearest_to_its_middle(xy, side_m) -> None:
    kept = _one_a_square(xy, side_m).tolist()
    assert kept == sorted(set(kept))
    square = [tuple(each) for each in np.floor(xy / side_m).tolist()]
    assert len(kept) == len(set(square)) == len({square[i] for i in kept})

    def off(i: int) -> float:
        return float(((xy[i] - (np.array(square[i]) + 0.5) * side_m) ** 2).sum())

    for i in kept:
        assert all((off(i), i) <= (off(j), j) for j in range(len(xy)) if square[j] == square[i])
