"""Siting at its edges, and towns of a few places that a person has worked out."""

from collections.abc import Sequence

import numpy as np
import pytest

from gridmgmt.analysis.siting.cover import coverage_curve, sure_points
from gridmgmt.analysis.siting.equity_quarters import stuck
from gridmgmt.analysis.siting.feasible import together
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Siting, SitingModel
from gridmgmt.analysis.siting.solve import solve
from gridmgmt.analysis.walking.matrix import SparseTimes
from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.errors import InputError

PARTS = 1 << 34
LIMIT_CS = 100
MODELS = list(SitingModel)
COUNTING = [model for model in MODELS if model is not SitingModel.SET_COVER]


def demand(residents: Sequence[float], before: Sequence[int] = (), quarter: Sequence[int] = ()) -> Demand:
    """Places with residents, the walks that they have and their quarters; without any, all are of one quarter."""
    n = len(residents)
    return Demand(
        np.array([round(one * PARTS) for one in residents], dtype=np.int64),
        np.array(before or [NO_WAY] * n, dtype=np.int32),
        np.array(quarter or [0] * n, dtype=np.int32),
        max(quarter, default=0) + 1,
    )


def candidates(
    *reached: dict[int, int], apart: Sequence[tuple[int, int]] = (), room: Sequence[float] | None = None
) -> Candidates:
    """Candidates by the walks of the places that reach them."""
    at = np.cumsum([0, *(len(one) for one in reached)]).astype(np.int64)
    place = np.array([i for one in reached for i in sorted(one)], dtype=np.int32)
    cs = np.array([one[i] for one in reached for i in sorted(one)], dtype=np.int32)
    capacity = np.array([round(r * PARTS) for r in (room or [100] * len(reached))], dtype=np.int64)
    return Candidates(SparseTimes(at, place, cs), np.array(apart, dtype=np.int32).reshape(-1, 2), capacity)


def ask(model: SitingModel | str, places: Demand, spots: Candidates, points: int, limit_cs: int = LIMIT_CS) -> Siting:
    asked = None if model == "set_cover" else points
    return solve(SitingModel(model), places, spots, points=asked, limit_cs=limit_cs, effort=Effort(max_s=20))


def answer(found: Siting) -> tuple[list[int], float, bool]:
    assert found.proven == (found.bound == found.objective)
    return found.chosen.tolist(), found.objective, found.proven


def test_those_whom_one_point_has_no_room_for_go_to_the_next() -> None:
    """30, 20 and 10 residents; the first point (40) is reached by 30 and 20, the second (10) by 20 and 10.

    The first serves 40 and leaves 10 of the 20; the second has room for 10: 50 of 60. The third (35) is reached by the
    30 alone: with the second it serves 40.
    """
    places = demand([30, 20, 10])
    spots = candidates({0: 5, 1: 5}, {1: 5, 2: 5}, {0: 5}, room=[40, 10, 35])
    assert answer(ask("capacitated", places, spots, 1)) == ([0], 40.0, True)
    assert answer(ask("capacitated", places, spots, 2)) == ([0, 1], 50.0, True)
    assert answer(ask("capacitated", places, spots, 3)) == ([0, 1, 2], 60.0, True)


def test_residents_pass_along_a_chain_of_points() -> None:
    """A serves 0 or 1, B serves 1 or 2, C serves 2 alone; all have 10 residents and room for 10.

    Opened one after the other each new point adds 10, though the places of the first two change hands.
    """
    places = demand([10, 10, 10])
    spots = candidates({0: 1, 1: 1}, {1: 1, 2: 1}, {2: 1}, room=[10, 10, 10])
    assert ask("capacitated", places, spots, 2).objective == 20
    assert answer(ask("capacitated", places, spots, 3)) == ([0, 1, 2], 30.0, True)


def test_open_points_serve_without_room_of_the_plan() -> None:
    """Of 10, 20 and 30 residents the 30 have an open point at the limit; a new one has room for 5 of the others."""
    places = demand([10, 20, 30], before=[NO_WAY, LIMIT_CS + 1, LIMIT_CS])
    assert answer(ask("capacitated", places, candidates({0: 1, 1: 1, 2: 1}, room=[5]), 1)) == ([0], 35.0, True)


def test_the_worst_quarter_comes_before_the_most_residents() -> None:
    """Quarters of 100 (places of 60 and 40) and 10 (places of 4 and 6).

    One point covers 60 + 40, one 60 + 4, one 6, one 40 + 4. The most are the 100 of the first, but then the second
    quarter has nothing: 0.4 of it and 0.6 of the first is the best (60 + 4); two points: 60 + 40 and 6 give 0.6.
    """
    places = demand([60, 40, 4, 6], quarter=[0, 0, 1, 1])
    spots = candidates({0: 1, 1: 1}, {0: 1, 2: 1}, {3: 1}, {1: 1, 2: 1})
    assert ask("max_coverage", places, spots, 1).chosen.tolist() == [0]
    assert answer(ask("equity", places, spots, 1)) == ([1], 0.4, True)
    assert answer(ask("equity", places, spots, 2))[1:] == (0.6, True)
    assert sorted(ask("equity", places, spots, 2).chosen.tolist()) == [0, 2]


def test_a_quarter_out_of_reach_does_not_hold_the_others_down() -> None:
    """Of three quarters the second is reached by nobody; half of the first and all of the third can be covered."""
    places = demand([10, 10, 7, 5], quarter=[0, 0, 1, 2])
    spots = candidates({0: 1}, {3: 1}, {1: 200})
    assert stuck(places, spots, limit_cs=LIMIT_CS).tolist() == [False, True, False]
    assert answer(ask("equity", places, spots, 2)) == ([0, 1], 0.5, True)


def test_where_no_quarter_can_be_bettered_the_lowest_of_all_stays() -> None:
    places = demand([10, 30], before=[LIMIT_CS, NO_WAY])
    assert answer(ask("equity", places, candidates({0: 1}, {1: 101}), 1)) == ([0], 0.25, True)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("places", "spots"),
    [
        (demand([]), candidates({}, {}, {})),
        (demand([0, 0]), candidates({0: 1}, {1: 1}, {0: 7, 1: 7})),
        (demand([3, 4], before=[0, 0]), candidates({0: 1}, {1: 1}, {0: 7, 1: 7})),
        (demand([3, 4]), candidates({}, {}, {})),
    ],
    ids=["no places", "no residents", "all covered", "none reached"],
)
def test_where_there_is_nothing_to_gain_the_first_points_are_a_proven_plan(
    model: SitingModel, places: Demand, spots: Candidates
) -> None:
    if model is SitingModel.EQUITY and not places.weight.any():
        with pytest.raises(InputError, match="居民区"):
            ask(model, places, spots, 2)
        return
    chosen, _, proven = answer(ask(model, places, spots, 2))
    assert proven
    assert chosen == ([] if model is SitingModel.SET_COVER else [0, 1])


@pytest.mark.parametrize("model", COUNTING)
def test_all_in_conflict_leave_one(model: SitingModel) -> None:
    """Each of three places has a point of its own, and no two of the three points may be opened."""
    places, spots = demand([1, 2, 3]), candidates({0: 5}, {1: 5}, {2: 5}, apart=[(0, 1), (0, 2), (1, 2)])
    with pytest.raises(InputError) as refused:
        ask(model, places, spots, 2)
    assert (refused.value.code, refused.value.fields["most"]) == ("siting_spacing_too_wide", 1)
    if model is not SitingModel.P_CENTER:  # one point does not reach all
        assert ask(model, places, spots, 1).chosen.tolist() == [2]


def test_greedy_failing_to_find_enough_apart_is_not_the_last_word() -> None:
    """A path of six, each in conflict with the next: three of them fit."""
    path = candidates(*[{}] * 6, apart=[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)])
    assert together(path, 3).tolist() in ([0, 2, 4], [0, 2, 5], [0, 3, 5], [1, 3, 5])


@pytest.mark.parametrize("model", MODELS)
def test_sums_near_the_largest_whole_number(model: SitingModel) -> None:
    """Two places with 2²⁸ − 2 residents each: one part more than 2⁶³ would be too many; both reach the third point."""
    places, spots = demand([2**28 - 2, 2**28 - 2]), candidates({0: 3}, {1: 5}, {0: 5, 1: 5}, room=[2**28] * 3)
    found = ask(model, places, spots, 1)
    worth = {"p_median": (2**28 - 2) / 10, "p_center": 0.05, "set_cover": 1, "equity": 1, "capacitated": 2**28}
    assert found.objective == worth.get(model, 2 * (2**28 - 2))
    assert found.chosen.tolist() == [2]
    with pytest.raises(InputError) as refused:
        ask(model, demand([2**28, 2**28]), spots, 1)
    assert refused.value.code == "number_out_of_range"


@pytest.mark.parametrize("model", MODELS)
def test_the_longest_walks_that_there_are(model: SitingModel) -> None:
    most = NO_WAY - 1
    places, spots = demand([2, 1]), candidates({0: most}, {1: most}, {0: most, 1: most})
    found = ask(model, places, spots, 1, most)
    walks = {"p_median": 3 * most / 100, "p_center": most / 100, "set_cover": 1, "equity": 1}
    assert found.objective == walks.get(model, 3)


@pytest.mark.parametrize(
    ("model", "points", "limit_cs", "code"),
    [
        ("max_coverage", 4, LIMIT_CS, "siting_points_too_many"),
        ("max_coverage", 0, LIMIT_CS, "siting_points_invalid"),
        ("p_median", -1, LIMIT_CS, "siting_points_invalid"),
        ("p_median", 1, -1, "limit_invalid"),
        ("set_cover", 1, NO_WAY, "limit_invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused(model: str, points: int, limit_cs: int, code: str) -> None:
    with pytest.raises(InputError) as refused:
        ask(model, demand([1, 1]), candidates({0: 1}, {1: 1}, {0: 1}), points, limit_cs)
    assert refused.value.code == code
    assert refused.value.message("en") != refused.value.message("zh")


@pytest.mark.parametrize(
    ("places", "spots"),
    [
        (demand([1]), candidates({1: 1})),
        (demand([1]), candidates({0: 1}, apart=[(0, 1)])),
        (Demand(np.ones(1, np.int64), np.full(1, NO_WAY, np.int32), np.ones(1, np.int32), 1), candidates({0: 1})),
        (demand([1]), Candidates(candidates({0: 1}).times, capacity=np.ones(2, dtype=np.int64))),
    ],
    ids=["place", "conflict", "quarter", "capacity"],
)
def test_parts_that_do_not_fit_are_refused(places: Demand, spots: Candidates) -> None:
    with pytest.raises(InputError) as refused:
        ask("capacitated", places, spots, 1)
    assert refused.value.code == "siting_shapes"


def test_capacities_are_asked_for_and_not_below_nought() -> None:
    places, spots = demand([1]), candidates({0: 1}, room=[-1])
    with pytest.raises(InputError) as refused:
        ask("capacitated", places, spots, 1)
    assert refused.value.code == "siting_capacity_negative"
    with pytest.raises(InputError) as refused:
        ask("capacitated", places, Candidates(spots.times), 1)
    assert refused.value.code == "siting_capacity_missing"


def test_curve_and_sure_points_where_there_is_one_choice() -> None:
    places, spots = demand([3, 4]), candidates({0: 1}, {1: 1})
    curve = coverage_curve(places, spots, points=2, limit_cs=LIMIT_CS)
    assert [(one.objective, one.bound, one.chosen.tolist()) for one in curve] == [(4, 4, [1]), (7, 7, [1, 0])]
    assert sure_points(places, spots, curve[-1], limit_cs=LIMIT_CS).all()
