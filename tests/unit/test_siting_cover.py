"""Max coverage on a street that a person has counted, and what is told, refused and kept on the way.

Six homes a … f stand in a row with 1, 2, 4, 8, 16 and 32 residents. Candidates 0 … 4 cover ab, bc, cd, de and ef.
"""

import numpy as np
import pytest

from gridmgmt.analysis.siting.cover import coverage_curve, max_coverage, sure_points
from gridmgmt.analysis.siting.cover_problem import PARTS, CoverProblem, exact_sum, outward
from gridmgmt.analysis.siting.merging import merged, undominated
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Incumbent
from gridmgmt.analysis.siting.near import cliques
from gridmgmt.analysis.walking.matrix import SparseTimes
from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.errors import InputError

LIMIT_CS = 60_000
RESIDENTS = np.array([1, 2, 4, 8, 16, 32], dtype=np.int64) * PARTS


def candidates(*rows: list[int], conflicts: tuple[tuple[int, int], ...] = (), cs: int = LIMIT_CS) -> Candidates:
    at = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    place = np.array([place for row in rows for place in row], dtype=np.int32)
    times = SparseTimes(at, place, np.full(len(place), cs, dtype=np.int32))
    return Candidates(times, np.array(conflicts, dtype=np.int32).reshape(-1, 2))


ROW = ([0, 1], [1, 2], [2, 3], [3, 4], [4, 5])


def test_the_best_two_of_the_row() -> None:
    """Plan 2, 4 has all but a and b: 60; greedy takes ef (48) and then cd (12) too."""
    found = max_coverage(Demand.of(RESIDENTS), candidates(*ROW), points=2, limit_cs=LIMIT_CS)
    assert found.chosen.tolist() == [4, 2]
    assert (found.objective, found.bound, found.proven, found.gap) == (60, 60, True, 0)


def test_the_curve_of_the_row() -> None:
    """1: ef 48. 2: cd 12 more. 3: ab 3 more, all 63. 4 and 5 gain nothing, the lowest fill up."""
    curve = coverage_curve(Demand.of(RESIDENTS), candidates(*ROW), points=5, limit_cs=LIMIT_CS)
    assert [one.objective for one in curve] == [48, 60, 63, 63, 63]
    assert [one.chosen.tolist() for one in curve][1:] == [[4, 2], [4, 2, 0], [4, 2, 0, 1], [4, 2, 0, 1, 3]]
    assert all(one.bound >= one.objective for one in curve)


def test_what_is_served_already_is_counted_and_attracts_nothing() -> None:
    """An open point has f within the limit and e just beyond: then de (24) is best, with f it is 56."""
    before = np.array([NO_WAY, NO_WAY, NO_WAY, NO_WAY, LIMIT_CS + 1, LIMIT_CS], dtype=np.int32)
    demand = Demand(RESIDENTS, before, np.full(6, -1, dtype=np.int32), 0)
    found = max_coverage(demand, candidates(*ROW), points=1, limit_cs=LIMIT_CS)
    assert (found.chosen.tolist(), found.objective) == ([3], 56)


def test_a_walk_beyond_the_limit_does_not_count() -> None:
    found = max_coverage(Demand.of(RESIDENTS), candidates(*ROW, cs=LIMIT_CS + 1), points=2, limit_cs=LIMIT_CS)
    assert (found.chosen.tolist(), found.objective, found.proven) == ([0, 1], 0, True)


def test_conflicts_are_kept_apart() -> None:
    """Without 2 and 4 together the best is 3 and 4 (d, e, f: 56), before 1 and 4 (54) and 0 and 4 (51)."""
    found = max_coverage(Demand.of(RESIDENTS), candidates(*ROW, conflicts=((2, 4),)), points=2, limit_cs=LIMIT_CS)
    assert (found.chosen.tolist(), found.objective, found.proven) == ([4, 3], 56, True)


def test_more_points_than_fit_are_refused_with_how_many_do() -> None:
    """All five in a circle of conflicts: two fit."""
    circle = candidates(*ROW, conflicts=((0, 1), (1, 2), (2, 3), (3, 4), (0, 4)))
    with pytest.raises(InputError, match="2") as refused:
        max_coverage(Demand.of(RESIDENTS), circle, points=3, limit_cs=LIMIT_CS)
    assert refused.value.fields == {"points": 3, "most": 2}


def test_sure_points_of_the_row() -> None:
    """Without 4 the best two reach 28, without 2 they reach 56 of 60: that is near with a slack of 0.1, not 0.05."""
    demand, row = Demand.of(RESIDENTS), candidates(*ROW)
    found = max_coverage(demand, row, points=2, limit_cs=LIMIT_CS)
    assert sure_points(demand, row, found, limit_cs=LIMIT_CS, slack=0.05).tolist() == [True, True]
    assert sure_points(demand, row, found, limit_cs=LIMIT_CS, slack=0.1).tolist() == [True, False]


def test_a_twin_makes_a_point_unsure() -> None:
    demand, row = Demand.of(RESIDENTS), candidates(*ROW, [4, 5])
    found = max_coverage(demand, row, points=2, limit_cs=LIMIT_CS)
    assert found.chosen.tolist() == [4, 2]
    assert sure_points(demand, row, found, limit_cs=LIMIT_CS, slack=0.05).tolist() == [False, True]


def town(seed: int, n: int = 600, m: int = 60) -> tuple[Demand, Candidates]:
    """Places and candidates at random in a square, each covering what is near; too many plans to try."""
    rng = np.random.default_rng(seed)
    places, spots = rng.random((n, 2)), rng.random((m, 2))
    near = np.hypot(*(places[None] - spots[:, None]).transpose(2, 0, 1)) < 0.17
    rows = [np.flatnonzero(row).tolist() for row in near]
    return Demand.of(rng.integers(1, 13, n) * PARTS), candidates(*rows)


@pytest.mark.parametrize("curve", [False, True])
def test_every_plan_and_bound_is_told_and_they_only_come_closer(curve: bool) -> None:
    """Of the plan of all points, also while the rest of the curve is searched."""
    told: list[Incumbent] = []
    demand, row = town(1)
    asked = {"points": 9, "limit_cs": LIMIT_CS, "effort": Effort(watch=told.append)}
    found = coverage_curve(demand, row, **asked)[-1] if curve else max_coverage(demand, row, **asked)
    assert found.proven
    assert len(told) > 2
    assert [one.objective for one in told] == sorted(one.objective for one in told)
    assert [one.bound for one in told] == sorted((one.bound for one in told), reverse=True)
    assert told[0].objective <= found.objective <= told[-1].bound
    for one in told:
        assert len(one.chosen) == 9
        served = np.unique(
            np.concatenate([row.times.place[row.times.indptr[j] : row.times.indptr[j + 1]] for j in one.chosen])
        )
        assert one.objective == demand.weight[served].sum() / PARTS


def test_what_the_watch_raises_ends_the_search() -> None:
    class StopError(Exception):
        pass

    def stop(_: Incumbent) -> None:
        raise StopError

    for search in (max_coverage, coverage_curve):
        with pytest.raises(StopError):
            search(*town(1), points=9, limit_cs=LIMIT_CS, effort=Effort(watch=stop))


def test_without_time_there_is_a_plan_with_a_bound() -> None:
    demand, row = town(2)
    found = max_coverage(demand, row, points=9, limit_cs=LIMIT_CS, effort=Effort(max_s=0.0))
    best = max_coverage(demand, row, points=9, limit_cs=LIMIT_CS)
    assert best.proven
    assert len(found.chosen) == 9
    assert found.objective <= best.objective <= found.bound
    assert (1 - 1 / np.e) * best.objective <= found.objective
    curve = coverage_curve(demand, row, points=9, limit_cs=LIMIT_CS, effort=Effort(max_s=0.0))
    assert [len(one.chosen) for one in curve] == list(range(1, 10))


def test_a_large_curve_is_bounded_closely_and_rises() -> None:
    """More pairs of row and candidate than are searched to the end for each number of points."""
    demand, row = town(5, n=6000, m=150)
    curve = coverage_curve(demand, row, points=12, limit_cs=LIMIT_CS)
    assert len(CoverProblem.of(demand, row, LIMIT_CS, 12).rows.row_candidate) > 20_000
    assert not all(one.proven for one in curve)
    assert all(one.gap <= 0.05 for one in curve)
    assert [one.objective for one in curve] == sorted(one.objective for one in curve)
    for points in (1, 4, 8):
        best = max_coverage(demand, row, points=points, limit_cs=LIMIT_CS)
        assert best.proven
        assert 0.97 * best.objective <= curve[points - 1].objective <= best.objective <= curve[points - 1].bound


def test_close_enough_is_not_searched_further() -> None:
    demand, row = town(3)
    found = max_coverage(demand, row, points=9, limit_cs=LIMIT_CS, effort=Effort(gap=0.5))
    assert 0 < found.gap <= 0.5
    assert found.bound > found.objective


def test_the_same_seed_gives_the_same_plan() -> None:
    one, other = (
        coverage_curve(*town(4), points=12, limit_cs=LIMIT_CS, effort=Effort(seed=7)) for _ in range(2)
    )  # fmt: skip
    for a, b in zip(one, other, strict=True):
        assert (a.chosen.tolist(), a.objective, a.bound, a.nodes) == (b.chosen.tolist(), b.objective, b.bound, b.nodes)


def test_places_of_the_same_candidates_are_one_row() -> None:
    """a, c, d are covered by 0 alone, b by 0 and 1, e by nobody: two rows of 1 + 4 + 8 and 2."""
    row = candidates([0, 1, 2, 3], [1])
    rows, prices = merged(
        row.times.indptr, row.times.place, RESIDENTS[:5] // PARTS, 5, np.arange(2, dtype=np.int32), np.arange(5)
    )
    assert rows.weight.tolist() == [13, 2]
    assert prices.tolist() == [0 + 2 + 3, 1]
    assert [rows.of(j).tolist() for j in range(2)] == [[0, 1], [1]]
    assert undominated(rows).tolist() == [True, False]


def test_weights_near_the_most_that_fits_are_summed_exactly() -> None:
    """Three places of 2^61 - 1 parts: their sum needs more than 62 bits, and the bound is above it."""
    most = (1 << 61) - 1
    demand = Demand.of(np.array([most, most, most, 1], dtype=np.int64))
    found = max_coverage(demand, candidates([0], [1], [2], [3]), points=3, limit_cs=LIMIT_CS)
    assert found.chosen.tolist() == [0, 1, 2]
    assert found.objective == 3 * most / PARTS
    assert found.bound * PARTS >= 3 * most
    assert exact_sum(demand.weight) == 3 * most + 1


def test_a_proof_holds_to_the_last_part_in_a_city_of_millions() -> None:
    """Six million residents in parts that have nothing in common, 60 points."""
    demand, row = town(6, n=900, m=90)
    weight = demand.weight // PARTS * (1 << 44) + np.arange(len(demand.weight)) % 7 + 1
    assert 5_500_000 <= weight.sum() / PARTS <= 6_500_000
    found = max_coverage(Demand.of(weight), row, points=60, limit_cs=LIMIT_CS)
    problem = CoverProblem.of(Demand.of(weight), row, LIMIT_CS, 60)
    assert (problem.grain, problem.shift >= 0) == (1, True)
    assert found.proven


def test_a_bound_in_floating_point_is_never_below_the_exact_one() -> None:
    for parts in (1, PARTS + 1, (1 << 57) + 1, (1 << 60) - 1, 3 << 58):
        assert int(outward(parts) * PARTS) >= parts


def test_conflicts_are_covered_by_few_cliques() -> None:
    """A square with one diagonal is two triangles."""
    square = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [2, 3]], dtype=np.int32)
    assert cliques(square, 5) == [[0, 1, 2], [0, 2, 3]]


def test_whole_residents_are_counted_in_whole_residents() -> None:
    problem = CoverProblem.of(Demand.of(RESIDENTS), candidates(*ROW), LIMIT_CS, 2)
    assert (problem.grain, problem.before) == (PARTS, 0)
    assert problem.parts(problem.unit * 5 + problem.unit - 1) == 5 * PARTS
