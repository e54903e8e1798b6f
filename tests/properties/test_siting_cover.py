"""Max coverage beside every plan there is, on problems small enough to try them all."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmgmt.analysis.siting.cover import coverage_curve, max_coverage, sure_points
from gridmgmt.analysis.siting.cover_problem import PARTS, CoverProblem
from gridmgmt.analysis.siting.interchange import covered, greedy
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Incumbent, Siting
from gridmgmt.analysis.walking.matrix import SparseTimes
from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.errors import InputError

LIMIT_CS = 60_000


@st.composite
def problems(draw: st.DrawFn, *, conflicts: bool = True) -> tuple[Demand, Candidates, int]:
    """Few candidates and places; some walks are too long, some places are covered, weigh nothing or are twins."""
    n, m = draw(st.integers(0, 14)), draw(st.integers(1, 9))
    seed, dense = draw(st.integers(0, 1 << 32)), draw(st.sampled_from([0.1, 0.3, 0.6]))
    rng = np.random.default_rng(seed)
    walk = rng.choice([1, LIMIT_CS, LIMIT_CS + 1, NO_WAY], (m, n), p=[dense * 0.6, dense * 0.3, dense * 0.1, 1 - dense])
    if m > 2:
        walk[m - 1] = walk[0]  # the same candidate twice
    reached = walk < NO_WAY
    at = np.concatenate([[0], np.cumsum(reached.sum(axis=1))]).astype(np.int64)
    times = SparseTimes(at, np.nonzero(reached)[1].astype(np.int32), walk[reached].astype(np.int32))
    most = draw(st.sampled_from([1, 3, 1 << 34, 1 << 50]))
    weight = rng.integers(0, most, n, endpoint=True)
    before = rng.choice([0, LIMIT_CS, LIMIT_CS + 1, NO_WAY], n, p=[0.1, 0.1, 0.3, 0.5]).astype(np.int32)
    pairs = [pair for pair in combinations(range(m), 2) if conflicts and rng.random() < draw(st.just(0.25))]
    none = np.full(n, -1, dtype=np.int32)
    demand = Demand(weight.astype(np.int64), before, none, 0)
    return demand, Candidates(times, np.array(pairs, dtype=np.int32).reshape(-1, 2)), draw(st.integers(1, m))


def reach(demand: Demand, candidates: Candidates) -> np.ndarray:
    """Which candidate covers which place ``(m, n)``, pair by pair."""
    found = np.zeros((len(candidates), len(demand.weight)), dtype=bool)
    times = candidates.times
    for j in range(len(candidates)):
        for k in range(times.indptr[j], times.indptr[j + 1]):
            found[j, times.place[k]] = times.cs[k] <= LIMIT_CS
    return found


def residents(demand: Demand, covers: np.ndarray, plan: tuple[int, ...]) -> int:
    """Return the parts covered, summed as Python numbers."""
    hit = (demand.before_cs <= LIMIT_CS) | covers[list(plan)].any(axis=0)
    return sum(int(weight) for weight in demand.weight[hit])


def apart(candidates: Candidates, plan: tuple[int, ...]) -> bool:
    return not any({a, b} <= set(plan) for a, b in candidates.conflicts.tolist())


def best(demand: Demand, candidates: Candidates, points: int) -> int | None:
    """Return the most parts that any plan covers; None where no plan fits."""
    covers = reach(demand, candidates)
    return max(
        (
            residents(demand, covers, plan)
            for plan in combinations(range(len(candidates)), points)
            if apart(candidates, plan)
        ),
        default=None,
    )


def solved(demand: Demand, candidates: Candidates, points: int, **effort: object) -> Siting:
    return max_coverage(demand, candidates, points=points, limit_cs=LIMIT_CS, effort=Effort(**effort))


@settings(max_examples=200)
@given(problems())
def test_the_best_of_all_plans_is_found_and_proven(problem: tuple[Demand, Candidates, int]) -> None:
    demand, candidates, points = problem
    most = best(demand, candidates, points)
    if most is None:
        with pytest.raises(InputError, match=str(points)) as refused:
            solved(demand, candidates, points)
        possible = refused.value.fields["most"]
        assert best(demand, candidates, possible) is not None
        assert best(demand, candidates, possible + 1) is None
        return
    found = solved(demand, candidates, points)
    plan = tuple(found.chosen.tolist())
    assert found.objective == most / PARTS == residents(demand, reach(demand, candidates), plan) / PARTS
    assert (found.proven, found.bound, found.gap) == (True, found.objective, 0)
    assert len(set(plan)) == points
    assert apart(candidates, plan)


@given(problems(), st.integers(0, 3))
def test_a_bound_is_never_too_low(problem: tuple[Demand, Candidates, int], after: int) -> None:
    """Also of a search that is stopped, and of all that it told on the way."""
    demand, candidates, points = problem
    most = best(demand, candidates, points)
    if most is None:
        return
    told: list[Incumbent] = []
    found = solved(demand, candidates, points, max_s=0.0 if after == 0 else 60.0, gap=0.1 * after, watch=told.append)
    for one in [*told, found]:
        assert one.objective <= most / PARTS <= one.bound
    assert all(apart(candidates, one.chosen) and len(one.chosen) == points for one in told)
    assert found.gap <= 0.1 * after or after == 0


@given(problems(conflicts=False))
def test_greedy_reaches_its_share(problem: tuple[Demand, Candidates, int]) -> None:
    demand, candidates, points = problem
    small = CoverProblem.of(demand, candidates, LIMIT_CS, points)
    reached = small.parts(covered(small.rows, greedy(small.rows, points))) - small.before
    most = best(demand, candidates, points)
    assert most is not None
    assert reached >= (1 - 1 / np.e) * (most - small.before) - 1e-6


@given(problems())
def test_the_plan_is_in_order_of_gain(problem: tuple[Demand, Candidates, int]) -> None:
    demand, candidates, points = problem
    if best(demand, candidates, points) is None:
        return
    plan = solved(demand, candidates, points).chosen.tolist()
    covers = reach(demand, candidates)
    for number, this in enumerate(plan):
        gains = {j: residents(demand, covers, (*plan[:number], j)) for j in plan[number:]}
        assert this == min(gains, key=lambda j: (-gains[j], j))


@settings(max_examples=60)
@given(problems())
def test_the_curve_holds_a_plan_and_a_bound_for_every_number_of_points(problem: tuple[Demand, Candidates, int]) -> None:
    demand, candidates, points = problem
    if best(demand, candidates, points) is None:
        return
    curve = coverage_curve(demand, candidates, points=points, limit_cs=LIMIT_CS)
    covers = reach(demand, candidates)
    assert len(curve) == points
    for number, one in enumerate(curve, 1):
        plan = tuple(one.chosen.tolist())
        assert len(set(plan)) == number
        assert apart(candidates, plan)
        most = best(demand, candidates, number)
        assert most is not None
        assert one.objective == residents(demand, covers, plan) / PARTS <= most / PARTS <= one.bound
        assert one.proven == (one.objective == one.bound)
    if not len(candidates.conflicts):
        assert [one.objective for one in curve] == sorted(one.objective for one in curve)
    whole = solved(demand, candidates, points)
    assert (curve[-1].chosen.tolist(), curve[-1].objective) == (whole.chosen.tolist(), whole.objective)


@settings(max_examples=60)
@given(problems(), st.sampled_from([0.0, 0.005, 0.2]))
def test_a_sure_point_is_in_every_plan_that_comes_near(problem: tuple[Demand, Candidates, int], slack: float) -> None:
    demand, candidates, points = problem
    if best(demand, candidates, points) is None:
        return
    found = solved(demand, candidates, points)
    sure = sure_points(demand, candidates, found, limit_cs=LIMIT_CS, slack=slack)
    covers = reach(demand, candidates)
    plans = [plan for plan in combinations(range(len(candidates)), points) if apart(candidates, plan)]
    most = best(demand, candidates, points)
    assert most is not None
    near = [plan for plan in plans if residents(demand, covers, plan) >= (1 - Fraction(slack)) * most]
    in_all = [all(j in plan for plan in near) for j in found.chosen.tolist()]
    assert sure.shape == (points,)
    assert [this <= of_all for this, of_all in zip(sure.tolist(), in_all, strict=True)] == [True] * points
    if len(candidates) <= 5:  # so few are searched to the end
        assert sure.tolist() == in_all
