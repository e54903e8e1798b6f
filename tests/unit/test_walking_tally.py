"""Exact counts of residents: seven places that a person can count, and fractions in any order."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.analysis.walking.tally import (
    FIXED_SHIFT,
    MOST_RESIDENTS,
    Cells,
    checked_bands,
    count_by_sorting,
    from_fixed,
    tally,
    to_fixed,
)
from gridmgmt.errors import InputError

ONE = 1 << FIXED_SHIFT
COVERED, UNCOVERED, NOT_CONNECTABLE, OUTSIDE = PlaceStatus
BANDS_CS = [60_000, 120_000]


def test_seven_places_are_counted_by_group_status_and_band() -> None:
    place_cs = np.array([60_000, 60_001, 120_000, 130_000, NO_WAY, NO_WAY, 500], dtype=np.int32)
    status = np.array([COVERED, COVERED, COVERED, UNCOVERED, NOT_CONNECTABLE, OUTSIDE, COVERED], dtype=np.int8)
    group = np.array([0, 0, 1, 1, 1, 0, -1])
    residents = np.array([[3, 1], [4, 0], [5, 2], [6, 6], [7, 1], [8, 0], [9, 9]])

    found = tally(place_cs, status, group, 2, to_fixed("residents", residents), BANDS_CS)

    assert found.places.tolist() == [[2, 0, 0, 1], [1, 1, 1, 0]]
    assert from_fixed(found.by_status).tolist() == [
        [[7, 1], [0, 0], [0, 0], [8, 0]],
        [[5, 2], [6, 6], [7, 1], [0, 0]],
    ]
    # 600 s is inside ten minutes, 600.01 s is not; the second band holds the first.
    assert from_fixed(found.by_band).tolist() == [[[3, 1], [7, 1]], [[0, 0], [5, 2]]]


def test_a_place_that_is_not_reached_is_in_no_band_however_long() -> None:
    here = np.array([NO_WAY], dtype=np.int32), np.array([UNCOVERED], dtype=np.int8), np.zeros(1, dtype=np.int64)
    assert tally(*here, 1, np.full((1, 1), ONE), [NO_WAY]).by_band.tolist() == [[[0]]]


def test_no_place_and_no_band_are_counted_too() -> None:
    nowhere = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int8), np.empty(0, dtype=np.int64)
    found = tally(*nowhere, 3, np.empty((0, 6), dtype=np.int64), [])
    assert found.by_status.shape == (3, 4, 6)
    assert found.by_band.shape == (3, 0, 6)
    assert not found.by_status.any()


@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.integers(1, 4))
def test_kernel_reference_and_plain_fractions_agree_in_any_order(seed: int, n: int, n_groups: int) -> None:
    rng = np.random.default_rng(seed)
    place_cs = rng.choice([0, 59_999, 60_000, 60_001, 120_000, 120_001, NO_WAY], n).astype(np.int32)
    status = rng.integers(0, 4, n).astype(np.int8)
    group = rng.integers(-1, n_groups, n)
    weights = to_fixed("residents", rng.random((n, 2)) * 9)
    shuffled = rng.permutation(n)

    found = tally(place_cs, status, group, n_groups, weights, BANDS_CS)
    again = tally(*(a[shuffled] for a in (place_cs, status, group)), n_groups, weights[shuffled], BANDS_CS)
    cells = Cells.none(n_groups, len(BANDS_CS), 2)
    count_by_sorting(place_cs, status, group, weights, checked_bands(BANDS_CS), cells)
    reference = cells.tally(0, n_groups)

    for name in ("places", "by_status", "by_band"):
        assert_array_equal(getattr(found, name), getattr(again, name))
        assert_array_equal(getattr(found, name), getattr(reference, name))
    for g in range(n_groups):
        of_group = [i for i in range(n) if group[i] == g]
        for s in range(4):
            expected = sum((Fraction(int(weights[i, 1]), ONE) for i in of_group if status[i] == s), Fraction(0))
            assert Fraction(int(found.by_status[g, s, 1]), ONE) == expected
        for b, end in enumerate(BANDS_CS):
            inside = [i for i in of_group if status[i] <= UNCOVERED and place_cs[i] <= end]
            assert found.by_band[g, b, 0] == sum(int(weights[i, 0]) for i in inside)


@given(arrays(np.int64, 20, elements=st.integers(0, 20_000_000)))
def test_whole_residents_come_back_exactly(residents) -> None:
    assert from_fixed(to_fixed("residents", residents).sum()) == residents.sum()


@given(arrays(np.float64, 50, elements=st.floats(0, 1000)))
def test_fractions_of_residents_come_back_to_a_millionth(residents) -> None:
    exact = float(sum(Fraction(r) for r in residents.tolist()))
    assert abs(from_fixed(to_fixed("residents", residents).sum()) - exact) <= 1e-6


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_impossible_residents_are_refused_with_their_row(bad: float) -> None:
    with pytest.raises(InputError) as refused:
        to_fixed("residents", [[1.0, 2.0], [3.0, bad]])
    assert (refused.value.code, refused.value.fields["row"]) == ("count_invalid", 1)
    assert "residents" in refused.value.message("en")


def test_more_residents_than_can_be_kept_are_refused() -> None:
    with pytest.raises(InputError) as refused:
        to_fixed("residents", [MOST_RESIDENTS / 2, MOST_RESIDENTS / 2])
    assert refused.value.code == "number_out_of_range"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"bands_cs": [120_000, 60_000]}, "limit_invalid"),
        ({"bands_cs": [-1]}, "limit_invalid"),
        ({"group": np.array([0, 2])}, "group_out_of_range"),
        ({"group": np.array([-2, 0])}, "group_out_of_range"),
        ({"group": np.array([0])}, "array_shape_invalid"),
        ({"weights": np.ones((2, 1))}, "array_shape_invalid"),
        ({"weights": np.ones((3, 1), dtype=np.int64)}, "array_shape_invalid"),
    ],
)
def test_what_does_not_fit_is_refused(changed, code: str) -> None:
    given_arrays = {
        "place_cs": np.array([1, 2], dtype=np.int32),
        "status": np.array([0, 1], dtype=np.int8),
        "group": np.array([0, 1]),
        "n_groups": 2,
        "weights": np.ones((2, 1), dtype=np.int64),
        "bands_cs": BANDS_CS,
    }
    with pytest.raises(InputError) as refused:
        tally(**(given_arrays | changed))
    assert refused.value.code == code
