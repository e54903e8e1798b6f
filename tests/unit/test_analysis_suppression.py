"""Small-count suppression on tables of a few cells, worked out by hand."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridmgmt.analysis.suppression import suppress
from gridmgmt.errors import InputError


def withheld(values: list[float], relations: list[tuple[int, list[int]]], threshold: float = 10.0) -> list[int]:
    return np.flatnonzero(suppress(np.array(values, dtype=float), relations, threshold)).tolist()


def test_a_table_without_small_counts_is_published_whole() -> None:
    assert withheld([100, 40, 60, 0], [(0, [1, 2, 3])]) == []


def test_a_single_small_count_takes_the_smallest_other_part_along() -> None:
    assert withheld([108, 3, 45, 60, 0], [(0, [1, 2, 3, 4])]) == [1, 2]


def test_two_small_counts_whose_sum_is_small_take_a_third() -> None:
    assert withheld([107, 3, 4, 100], [(0, [1, 2, 3])]) == [1, 2, 3]


def test_two_small_counts_whose_sum_is_large_protect_each_other() -> None:
    assert withheld([115, 9, 6, 100], [(0, [1, 2, 3])]) == [1, 2]


def test_with_only_zeros_beside_it_the_total_is_withheld() -> None:
    """The total equals its one part; both are small."""
    assert withheld([7, 7, 0, 0], [(0, [1, 2, 3])]) == [0, 1]


def test_the_threshold_itself_and_zero_are_published() -> None:
    assert withheld([10, 10, 0], [(0, [1, 2])]) == []


def test_a_table_of_rows_and_columns_needs_a_rectangle() -> None:
    """A 2 x 2 table with totals: one small count takes the whole rectangle, all totals stay.

    ::

              a    b  |
        r     4   50  |  54
        s    60   70  | 130
             64  120  | 184
    """
    values = [184, 54, 130, 64, 120, 4, 50, 60, 70]
    relations = [(0, [1, 2]), (0, [3, 4]), (1, [5, 6]), (2, [7, 8]), (3, [5, 7]), (4, [6, 8])]
    assert withheld(values, relations) == [5, 6, 7, 8]


def test_decimals_of_modelled_residents_are_taken_as_they_are() -> None:
    assert withheld([20.5, 9.99, 10.51], [(0, [1, 2])]) == [1, 2]


def test_cells_of_no_relation_stand_alone() -> None:
    assert_array_equal(suppress(np.array([5.0, 50.0, 0.0]), [], 10.0), [True, False, False])


@pytest.mark.parametrize(
    ("values", "relations", "threshold", "code"),
    [
        ([1.0, -1.0], [], 10.0, "count_invalid"),
        ([np.nan], [], 10.0, "count_invalid"),
        ([1.0], [], 0.0, "number_not_positive"),
        ([10.0, 4.0, 5.0], [(0, [1, 2])], 10.0, "relation_not_additive"),
    ],
)
def test_what_is_no_table_is_refused(values, relations, threshold, code) -> None:
    with pytest.raises(InputError) as refused:
        suppress(np.array(values), relations, threshold)
    assert refused.value.code == code
    assert refused.value.message("en")
