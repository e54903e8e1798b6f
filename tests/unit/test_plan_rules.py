"""Names of plans, milestones and matching, by numbers that a person has worked out."""

from datetime import date

import pytest

from gridmgmt.errors import InputError
from gridmgmt.siting.plan_rules import (
    Milestone,
    MilestoneState,
    Pair,
    Spot,
    check_milestones,
    due_on,
    milestone_state,
    new_since,
    pairs,
    plan_name,
)

ADOPTED = date(2026, 3, 1)
FIVE, TEN, ALL = date(2026, 12, 31), date(2027, 6, 30), date(2027, 12, 31)
PLAN = [Milestone(FIVE, 5), Milestone(TEN, 10), Milestone(ALL, 15)]
METRE = 1 / 110_904.0
"""Degrees of latitude at 31.3°N: a meridian's degree is 110,904 m there within a few metres."""


def north(metres: float, code: str | None = None) -> Spot:
    return Spot(code, 121.4, 31.3 + metres * METRE)


def test_a_name_is_kept_without_spaces_around_it() -> None:
    assert plan_name("  张庙 15  ") == "张庙 15"


@pytest.mark.parametrize("name", ["", " ", "a/b", "a@2", ".", "..", "compare", "x" * 65, "a\nb", "\u202e", "a\u200bb"])
def test_names_that_no_address_can_hold_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="64"):
        plan_name(name)


def test_targets_are_due_with_the_milestone_that_counts_them() -> None:
    check_milestones(PLAN, 15, ADOPTED)
    assert [due_on(PLAN, rank) for rank in (1, 5, 6, 10, 11, 15)] == [FIVE, FIVE, TEN, TEN, ALL, ALL]


def test_the_last_day_of_all_is_a_milestone_but_once() -> None:
    check_milestones([Milestone(date.max, 15)], 15, ADOPTED)
    with pytest.raises(InputError) as refused:
        check_milestones([Milestone(date.max, 5), Milestone(date.max, 15)], 15, ADOPTED)
    assert (refused.value.code, refused.value.fields["milestone"]) == ("milestone_day", 2)


@pytest.mark.parametrize(
    ("milestones", "code", "fields"),
    [
        ([], "milestones_count", {"value": 0}),
        ([Milestone(FIVE, 15)] * 61, "milestones_count", {"value": 61}),
        ([Milestone(date(2026, 2, 28), 15)], "milestone_day", {"milestone": 1, "least": ADOPTED}),
        ([Milestone(FIVE, 5), Milestone(FIVE, 15)], "milestone_day", {"milestone": 2, "least": date(2027, 1, 1)}),
        ([Milestone(FIVE, 0)], "milestone_points", {"milestone": 1, "least": 1, "most": 15}),
        ([Milestone(FIVE, 5), Milestone(TEN, 5)], "milestone_points", {"milestone": 2, "least": 6, "most": 15}),
        ([Milestone(FIVE, 16)], "milestone_points", {"milestone": 1, "most": 15}),
        ([Milestone(FIVE, 5), Milestone(TEN, 14)], "milestones_short", {"value": 14, "points": 15}),
    ],
)
def test_milestones_that_do_not_rise_to_all_points_say_which_and_what_would(milestones, code, fields) -> None:
    with pytest.raises(InputError) as refused:
        check_milestones(milestones, 15, ADOPTED)
    assert refused.value.code == code
    assert fields.items() <= refused.value.fields.items()


def test_the_day_of_adoption_may_be_a_milestone() -> None:
    check_milestones([Milestone(ADOPTED, 15)], 15, ADOPTED)


@pytest.mark.parametrize(
    ("then", "now", "on", "state"),
    [
        (4, 4, FIVE, MilestoneState.AHEAD),
        (4, 4, date(2027, 1, 1), MilestoneState.LATE),
        (4, 5, date(2027, 1, 1), MilestoneState.MET_LATE),
        (5, 5, date(2026, 6, 1), MilestoneState.MET),
        (5, 3, date(2027, 1, 1), MilestoneState.MET),
    ],
)
def test_a_milestone_has_its_own_day_to_the_end(then, now, on, state) -> None:
    assert milestone_state(PLAN[0], then, now, on) is state


def test_the_nearest_pair_goes_first_and_each_point_is_used_once() -> None:
    """Targets at 0 and 100 m; points at 90 and 260 m: 100–90 first (10 m), so 0 has none (90 is used, 260 too far)."""
    found = pairs([north(0), north(100)], [north(90), north(260)], 150)
    assert [(pair.first, pair.second, pair.by_code) for pair in found] == [(1, 0, False)]
    assert found[0].distance_m == pytest.approx(10, abs=0.01)


def test_a_point_just_within_150_m_counts_and_one_beyond_does_not() -> None:
    assert [pair.second for pair in pairs([north(0)], [north(149.9)], 150)] == [0]
    assert pairs([north(0)], [north(150.1)], 150) == []


def test_a_code_comes_before_any_nearness() -> None:
    """The point of the target's code stands 5 km away; the one beside it is left for the other target."""
    found = pairs([north(0, "T1"), north(20, "T2")], [north(1), north(5_000, "T1")], 150)
    assert [(pair.first, pair.second, pair.by_code) for pair in found] == [(0, 1, True), (1, 0, False)]


def test_nothing_pairs_with_nothing() -> None:
    assert pairs([], [north(0)], 150) == pairs([north(0)], [], 150) == []
    assert pairs([north(0, "a")], [north(0, "a")], 150) == [Pair(0, 0, 0.0, by_code=True)]


def test_a_point_with_another_code_where_one_stood_is_not_new() -> None:
    before = [north(0, "A"), north(500, "B")]
    now = [north(0.5, "A-2026"), north(300, "B"), north(2, "C")]
    assert new_since(now, before) == [2], "A was given another code, B has moved, C is new"
