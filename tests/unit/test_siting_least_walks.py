"""Fewest points, least sum of walks and least longest walk in a street that a person has counted."""

import numpy as np
import pytest

from gridmgmt.analysis.siting.center import p_center
from gridmgmt.analysis.siting.median import p_median
from gridmgmt.analysis.siting.median_bound import ascend, start
from gridmgmt.analysis.siting.median_problem import problem_of
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Incumbent
from gridmgmt.analysis.siting.set_cover import set_cover, uncoverable
from gridmgmt.analysis.walking.matrix import SparseTimes
from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.errors import InputError

PARTS = 1 << 34
AT = (0, 100, 200, 300, 400, 1_000)
"""Where the places of the street are, in seconds of walking from its end; places are candidates as well."""
RESIDENTS = (10, 0, 30, 5, 10, 1)


def street(horizon_s: int, *, conflicts: tuple[tuple[int, int], ...] = ()) -> Candidates:
    """Candidates at all places, who reach the places within the horizon."""
    walks = np.abs(np.subtract.outer(AT, AT))
    near = walks <= horizon_s
    indptr = np.concatenate([[0], np.cumsum(near.sum(axis=1))]).astype(np.int64)
    times = SparseTimes(indptr, np.nonzero(near)[1].astype(np.int32), (100 * walks[near]).astype(np.int32))
    return Candidates(times, np.array(conflicts, dtype=np.int32).reshape(-1, 2))


def demand(before_s: dict[int, int] | None = None) -> Demand:
    """The residents of the street, with open points so far from some places."""
    plain = Demand.of(np.array(RESIDENTS, dtype=np.int64) * PARTS)
    before = plain.before_cs.copy()
    for place, walk in (before_s or {}).items():
        before[place] = 100 * walk
    return Demand(plain.weight, before, plain.group, plain.n_groups)


def test_fewest_points() -> None:
    """Within 100 s: 5 for itself; 0 or 1 for place 0; what is left of 2, 3 and 4 takes one more: 3 has all, 1 has 2."""
    found = set_cover(demand(), street(100), limit_cs=10_000)
    assert (found.objective, found.bound, found.proven) == (3, 3, True)
    assert set(found.chosen.tolist()) in ({0, 3, 5}, {1, 3, 5}, {1, 4, 5})
    assert found.chosen.tolist()[-1] == 5


def test_those_who_have_a_point_and_places_without_residents_ask_for_none() -> None:
    found = set_cover(demand({0: 100, 5: 99}), street(100), limit_cs=10_000)
    assert found.chosen.tolist() == [3]
    assert set_cover(demand(dict.fromkeys(range(6), 0)), street(100), limit_cs=0).objective == 0


def test_those_whom_nothing_covers_are_told_and_left_out() -> None:
    weight = np.array([10, 0, 30], dtype=np.int64) * PARTS
    nobody = Candidates(SparseTimes(np.array([0, 1]), np.zeros(1, dtype=np.int32), np.array([500], dtype=np.int32)))
    assert uncoverable(Demand.of(weight), nobody, limit_cs=500).tolist() == [False, False, True]
    assert uncoverable(Demand.of(weight), nobody, limit_cs=499).tolist() == [True, False, True]
    assert set_cover(Demand.of(weight), nobody, limit_cs=500).chosen.tolist() == [0]
    assert set_cover(Demand.of(weight), nobody, limit_cs=499).chosen.tolist() == []


def test_points_too_near_each_other_are_not_chosen_together() -> None:
    """5 keeps 3 out, so that 4 is in, which keeps 1 out: 0 and 2 are needed beside them."""
    found = set_cover(demand(), street(100, conflicts=((1, 4), (3, 5))), limit_cs=10_000)
    assert (found.objective, found.proven, sorted(found.chosen.tolist())) == (4, True, [0, 2, 4, 5])


def test_a_cover_that_spacing_makes_impossible() -> None:
    with pytest.raises(InputError) as refused:
        set_cover(demand(), street(0, conflicts=((0, 2),)), limit_cs=0)
    assert (refused.value.code, refused.value.fields) == ("siting_cover_impossible", {"places": 5})


def test_least_sum_of_walks() -> None:
    """One point at 2: 10·200 + 5·100 + 10·200 + 1·800 = 5,300; a second at 0 saves 2,000 as one at 4 does."""
    one = p_median(demand(), street(2_000), points=1, cap_cs=200_000)
    assert (one.chosen.tolist(), one.objective, one.bound, one.proven) == ([2], 5_300, 5_300, True)
    two = p_median(demand(), street(2_000), points=2, cap_cs=200_000)
    assert (two.chosen.tolist(), two.objective) == ([2, 4], 5_300 - 10 * 200 - 1 * 200)


def test_walks_beyond_the_horizon_count_as_that_long() -> None:
    """The same, with 800 s cut to 300."""
    found = p_median(demand(), street(2_000), points=1, cap_cs=30_000)
    assert (found.chosen.tolist(), found.objective) == ([2], 5_300 - 500)
    assert p_median(demand(), street(0), points=1, cap_cs=30_000).objective == 300 * (56 - 30)


def test_open_points_serve_first() -> None:
    """Place 2 has a point next door: what is left is 10·300 at each end of the street's dense part."""
    found = p_median(demand({2: 0}), street(50), points=1, cap_cs=30_000)
    assert (found.chosen.tolist(), found.objective) == ([0], 300 * (5 + 10 + 1))


def test_residents_in_small_parts_and_long_sums_are_exact() -> None:
    """Sums beyond 60 bits: one part of a resident more at place 1 decides."""
    weight = np.array([1 << 61, (1 << 61) + 1], dtype=np.int64)
    walks = SparseTimes(np.array([0, 1, 2]), np.array([0, 1], dtype=np.int32), np.zeros(2, dtype=np.int32))
    found = p_median(Demand.of(weight), Candidates(walks), points=1, cap_cs=NO_WAY - 1)
    assert found.objective == float((1 << 61) * (NO_WAY - 1) / 100 / PARTS)
    assert found.bound <= found.objective


def test_bounds_do_not_overflow_where_each_of_many_candidates_saves_everything() -> None:
    """At the multipliers of no plan the bound is what all cost, less 30 times that."""
    times = SparseTimes(np.arange(41) * 9, np.tile(np.arange(9, dtype=np.int32), 40), np.zeros(360, dtype=np.int32))
    asked, candidates = Demand.of(np.arange(9, dtype=np.int64) * PARTS), Candidates(times)
    problem = problem_of(asked, candidates, 30, 120_000)
    ascent = start(problem.rows.base, 40, 30, 1.0)
    every = np.arange(40, dtype=np.int32)
    ascend(problem.rows, every, every, 1, 1, ascent)
    assert ascent.value == -29 * sum(problem.rows.base.tolist())
    found = p_median(asked, candidates, points=30, cap_cs=120_000)
    assert (found.objective, found.bound, found.proven, found.chosen.tolist()) == (0, 0, True, list(range(30)))


def test_least_longest_walk() -> None:
    """Two points: 5 for itself and 2 for the rest, or 1 and 4 with 600 for place 5."""
    one = p_center(demand(), street(2_000), points=1)
    assert (one.chosen.tolist(), one.objective, one.bound, one.proven) == ([4], 600, 600, True)
    two = p_center(demand(), street(2_000), points=2)
    assert (set(two.chosen.tolist()), two.objective) == ({2, 5}, 200)
    spaced = p_center(demand(), street(2_000, conflicts=((2, 5),)), points=2)
    assert (spaced.objective, spaced.proven) == (300, True)


def test_longest_walks_to_open_points_count_and_those_without_any_do_not() -> None:
    """5 is needed for itself and 3 for 2, 3 and 4, which have nothing open; 0 keeps its 250 s."""
    found = p_center(demand({0: 250, 5: 900}), street(150), points=2)
    assert (found.objective, found.proven, set(found.chosen.tolist())) == (250, True, {3, 5})
    alone = Candidates(SparseTimes(np.array([0, 1]), np.array([2], dtype=np.int32), np.array([700], dtype=np.int32)))
    assert p_center(demand(), alone, points=1).objective == 7


def test_too_few_points_to_reach_all() -> None:
    with pytest.raises(InputError) as refused:
        p_center(demand(), street(100), points=2)
    assert (refused.value.code, refused.value.fields) == ("siting_center_unreached", {"points": 2, "enough": 3})


def test_without_time_for_a_longest_walk_the_fewest_points_are_the_plan() -> None:
    """Three reach all within 100 s; the fourth must keep apart from them, and from 0 and 2 there is none that does."""
    apart = ((0, 1),)
    found = p_center(demand(), street(100, conflicts=apart), points=3, effort=Effort(max_s=0))
    assert (found.objective, found.bound <= 100) == (100, True)
    more = p_center(demand(), street(100, conflicts=apart), points=4, effort=Effort(max_s=0))
    assert len(set(more.chosen.tolist())) == 4
    assert not {0, 1} <= set(more.chosen.tolist())
    assert more.objective <= 100


def test_the_watch_hears_of_plans_and_bounds_that_close_in() -> None:
    rng = np.random.default_rng(1)
    spots, homes = rng.random((60, 2)), rng.random((400, 2))
    walks = np.rint(1_000 * np.hypot(*(spots[:, None] - homes).transpose(2, 0, 1))).astype(np.int32)
    times = SparseTimes(np.arange(61) * 400, np.tile(np.arange(400, dtype=np.int32), 60), walks.ravel())
    told: list[Incumbent] = []
    found = p_median(
        Demand.of(np.full(400, PARTS)), Candidates(times), points=4, cap_cs=2_000, effort=Effort(watch=told.append)
    )
    assert [one.objective for one in told] == sorted((one.objective for one in told), reverse=True)
    assert [one.bound for one in told] == sorted(one.bound for one in told)
    assert all(one.bound <= found.objective <= one.objective for one in told)
    assert found.objective == walks[found.chosen].min(axis=0).sum() / 100
