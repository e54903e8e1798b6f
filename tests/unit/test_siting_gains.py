"""What points of a plan add, and what becomes of a search that somebody ends: on a line of places worked out by hand.

Places 0 … 4 with 1, 2, 4, 8 and 16 residents; an open point has place 0 at 50 s. The candidates' walks in seconds::

          0    1    2    3    4
    a          10   90
    b               20   80
    c                    30   40
"""

import numpy as np
import pytest

from gridmgmt.analysis.siting.model import Candidates, Demand, Incumbent
from gridmgmt.analysis.walking.matrix import SparseTimes
from gridmgmt.analysis.walking.model import NO_WAY, to_cs
from gridmgmt.analysis.walking.tally import from_fixed, to_fixed
from gridmgmt.coverage.compute import PlaceTable, Reach
from gridmgmt.siting import service
from gridmgmt.siting.gains import gains, only, walked
from gridmgmt.siting.problem import Problem
from gridmgmt.siting.progress import SearchEndedError
from gridmgmt.siting.rules import CandidateSource, Search, SiteCandidate, SitingTerms, SourceKind, make_terms
from tests.support.paper_town import DAY

RESIDENTS = [1, 2, 4, 8, 16]
WALKS = [{1: 10, 2: 90}, {2: 20, 3: 80}, {3: 30, 4: 40}]
LIMIT_S = 100.0


def problem(capacity: list[float] | None = None) -> Problem:
    weight = to_fixed("residents", np.array(RESIDENTS, dtype=np.float64))
    before = np.array([5000, *[NO_WAY] * 4], dtype=np.int32)
    group = np.array([0, 0, 0, 1, 1], dtype=np.int32)
    times = SparseTimes(
        np.cumsum([0, *(len(row) for row in WALKS)]).astype(np.int64),
        np.array([place for row in WALKS for place in row], dtype=np.int32),
        np.array([int(to_cs(s)) for row in WALKS for s in row.values()], dtype=np.int32),
    )
    table = PlaceTable(np.zeros(5, dtype=np.int8), before, weight[:, None])
    reach = Reach(np.arange(5), np.zeros((5, 2)), np.zeros(5, dtype=np.int32), table)
    room = None if capacity is None else to_fixed("capacity", np.array(capacity))
    return Problem(
        reach=reach,
        weights=weight[:, None],
        levels=[],
        eligible=np.arange(3),
        demand=Demand(weight, before, group, 2),
        candidates=Candidates(times, capacity=room),
        limit_cs=int(to_cs(LIMIT_S)),
        horizon_cs=int(to_cs(LIMIT_S)),
    )


def terms(model: str = "max_coverage", points: int | None = 2, **search: float) -> SitingTerms:
    source = CandidateSource(SourceKind.LIST, tuple(SiteCandidate(121.4 + i / 1000, 31.3) for i in range(3)))
    return make_terms(model, "meal_point", source, on=DAY, points=points, search=Search(**search))


CB = np.array([2, 1], dtype=np.int32)


def test_each_point_adds_what_those_before_it_left() -> None:
    plan = walked(problem(), CB)
    assert [fresh.tolist() for fresh in plan.fresh] == [[3, 4], [2]]
    assert plan.before.tolist() == [True, False, False, False, False]
    assert plan.after.tolist() == [True, False, True, True, True]
    assert plan.nearest.tolist() == [-1, -1, 1, 0, 0], "place 3 walks 30 s to c, not 80 s to b"
    assert gains(problem(), terms(), CB, plan) == [24, 4]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        # 8 · 70 + 16 · 60 s saved by c, 4 · 80 by b; the horizon is 100 s.
        ("p_median", [8 * 70 + 16 * 60, 4 * 80]),
        # Place 1 (and before c all others) walks the horizon whatever b and c do.
        ("p_center", [0, 0]),
        # Of the first quarter (7) 1 is covered; the second (24) is covered by c whole.
        ("equity", [1 / 7, 4 / 7]),
    ],
)
def test_gains_are_in_the_unit_of_the_model(model, expected) -> None:
    plan = walked(problem(), CB)
    assert gains(problem(), terms(model), CB, plan) == pytest.approx(expected)


def test_room_bounds_what_a_point_adds() -> None:
    full = problem(capacity=[1, 3, 10])
    assert gains(full, terms("capacitated"), CB, walked(full, CB)) == pytest.approx([10, 3])


def test_some_candidates_alone_keep_their_rows_in_the_given_order() -> None:
    alone = only(problem(capacity=[1, 3, 10]).candidates, CB)
    assert alone.times.indptr.tolist() == [0, 2, 4]
    assert alone.times.place.tolist() == [3, 4, 2, 3]
    assert alone.capacity is not None
    assert from_fixed(alone.capacity).tolist() == [10, 3]


class Wanted(service.Telling):
    """Hears of a plan and wants it as the answer."""

    def __init__(self) -> None:
        self.best = None

    def __call__(self, incumbent: Incumbent) -> None:
        self.best = incumbent
        if incumbent.chosen:
            raise SearchEndedError(incumbent)


def test_a_plan_that_is_wanted_ends_the_search_and_is_counted_anew() -> None:
    telling = Wanted()
    found = service._search(terms(points=2), problem(), telling)
    assert (found.stopped, found.sure, found.curve) == ("asked", None, ())
    assert telling.best is not None
    assert sorted(found.siting.chosen.tolist()) == sorted(telling.best.chosen)
    added = gains(problem(), terms(), found.siting.chosen, walked(problem(), found.siting.chosen))
    assert found.siting.objective == 1 + sum(added)
    assert found.siting.bound >= 1 + 24 + 4, "the best plan is b with c"


def test_a_kept_plan_stands_in_order_of_gain_with_the_bound_it_had() -> None:
    kept = service._kept(terms(), problem(), Incumbent(29.0, 31.0, (1, 2)))
    assert (kept.chosen.tolist(), kept.objective, kept.bound, kept.proven) == ([2, 1], 29, 31, False)


def test_a_kept_plan_is_worth_what_it_is_among_all_candidates() -> None:
    """Point a covers all of the first quarter and none of the second, which c could cover: the lowest share is 0."""
    kept = service._kept(terms("equity", points=1), problem(), Incumbent(0.0, 1 / 7, (0,)))
    assert (kept.chosen.tolist(), kept.objective, kept.bound, kept.proven) == ([0], 0, 1 / 7, False)


def test_a_kept_plan_without_a_needless_point_counts_those_that_are_left() -> None:
    kept = service._kept(terms("set_cover", points=None), problem(), Incumbent(3.0, 1.0, (0, 1, 2)))
    assert (kept.objective, len(kept.chosen), kept.bound, kept.proven) == (2, 2, 1, False)


def test_why_a_search_ended_is_told() -> None:
    assert service._search(terms(), problem(), None).stopped == "proven"
    assert service._search(terms("set_cover", points=None), problem(), None).siting.objective == 2
