"""The promise of the public form, shown by attacking it.

The attacker knows every published number, every relation, and that nothing is negative, and solves two linear
programmes for each withheld small count: its least and its greatest possible value.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridmgmt.analysis.suppression import Relation, suppress


def with_totals(leaf: np.ndarray) -> np.ndarray:
    """Return a table with a total put first along the last two axes."""
    rows = np.concatenate([leaf.sum(-1, keepdims=True), leaf], axis=-1)
    return np.concatenate([rows.sum(-2, keepdims=True), rows], axis=-2)


def district(rng: np.random.Generator, towns: int, quarters: int, ages: int, statuses: int, mean: float):
    """Return values and relations of district, towns and quarters, by age band and status, with all totals."""
    leaf = rng.gamma(0.7, mean, (towns, quarters, ages, statuses))
    leaf[rng.random(leaf.shape) < 0.3] = 0
    if rng.random() < 0.5:
        leaf = leaf.round()
    quarter = with_totals(leaf)
    town = quarter.sum(axis=1, keepdims=True)
    tables = np.concatenate([town, quarter], axis=1).reshape(-1, ages + 1, statuses + 1)
    tables = np.concatenate([town.sum(axis=0), tables])
    cell = np.arange(tables.size).reshape(tables.shape)
    relations: list[Relation] = []
    for area in cell:
        relations += [(int(row[0]), row[1:].tolist()) for row in area]
        relations += [(int(column[0]), column[1:].tolist()) for column in area.T]
    own = 1 + (quarters + 1) * np.arange(towns)
    for at in np.ndindex(ages + 1, statuses + 1):
        column = cell[(slice(None), *at)]
        relations.append((int(column[0]), column[own].tolist()))
        relations += [(int(column[t]), column[t + 1 : t + 1 + quarters].tolist()) for t in own]
    return tables.ravel(), relations


def attack(values: np.ndarray, relations: list[Relation], withheld: np.ndarray, cell: int) -> float:
    """Return the width of the interval in which an attacker can place a value."""
    matrix = np.zeros((len(relations), len(values)))
    for row, (total, parts) in enumerate(relations):
        matrix[row, total] = 1
        matrix[row, parts] = -1
    hidden = np.flatnonzero(withheld)
    known = np.where(withheld, 0.0, values)
    goal = (hidden == cell).astype(float)
    rows = np.flatnonzero(np.abs(matrix[:, hidden]).sum(axis=1))
    # What the published numbers leave to the hidden ones, free of the rounding of the sums.
    right = -(matrix @ known)[rows]
    ends = []
    for sign in (1.0, -1.0):
        solved = linprog(sign * goal, A_eq=matrix[np.ix_(rows, hidden)], b_eq=right, bounds=(0, None), method="highs")
        if solved.status == 3:
            return float("inf")
        assert solved.status == 0, solved.message
        ends.append(solved.fun * sign)
    return ends[1] - ends[0]


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.sampled_from([(1, 3, 2, 2), (2, 3, 2, 2), (3, 2, 4, 3), (2, 5, 5, 1), (1, 1, 5, 4)]),
    mean=st.sampled_from([4.0, 15.0, 60.0]),
    threshold=st.sampled_from([5.0, 10.0]),
)
def test_no_small_count_can_be_placed_closer_than_the_threshold(seed, shape, mean, threshold) -> None:
    values, relations = district(np.random.default_rng(seed), *shape, mean)
    withheld = suppress(values, relations, threshold)
    small = (values > 0) & (values < threshold)
    assert withheld[small].all()
    assert not withheld[values == 0].any()
    for cell in np.flatnonzero(small):
        assert attack(values, relations, withheld, cell) >= threshold * (1 - 1e-5), cell


@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_same_table_gives_the_same_cells(seed) -> None:
    values, relations = district(np.random.default_rng(seed), 2, 4, 3, 2, 20.0)
    assert (suppress(values, relations, 10.0) == suppress(values, relations, 10.0)).all()


def test_the_attack_succeeds_where_nothing_complementary_is_withheld() -> None:
    """The attacker can do what the test above says that it cannot: it is a real one."""
    values, relations = district(np.random.default_rng(3), 2, 3, 2, 2, 15.0)
    small = (values > 0) & (values < 10)
    widths = [attack(values, relations, small, cell) for cell in np.flatnonzero(small)]
    assert min(widths) == pytest.approx(0, abs=1e-6)


def test_a_large_table_is_not_withheld_whole() -> None:
    values, relations = district(np.random.default_rng(0), 5, 8, 5, 4, 60.0)
    withheld = suppress(values, relations, 10.0)
    small = (values > 0) & (values < 10)
    assert withheld.sum() < 5 * small.sum()
    for cell in np.random.default_rng(1).choice(np.flatnonzero(small), 15, replace=False):
        assert attack(values, relations, withheld, cell) >= 10 * (1 - 1e-5)
