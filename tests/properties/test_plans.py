"""Milestones and the matching of points hold for whatever plans there are."""

from datetime import date, timedelta

import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.errors import InputError
from gridmgmt.siting.plan_rules import (
    Milestone,
    MilestoneState,
    Spot,
    check_milestones,
    due_on,
    milestone_state,
    new_since,
    pairs,
)

DAY = date(2026, 1, 1)
GEOD = pyproj.Geod(ellps="WGS84")
LIMIT_M = 150.0

rising = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 40)), min_size=1, max_size=8).map(
    lambda steps: [
        Milestone(
            DAY + timedelta(days=sum(days + 1 for days, _ in steps[: i + 1]) - 1), sum(p for _, p in steps[: i + 1])
        )
        for i in range(len(steps))
    ]
)
# Steps of about 50 m, so that many pairs lie at, below and above the limit and several are equally far.
# A code is given once, as in an edition.
codes = st.permutations(["a", "b", "c", *[None] * 9])
places = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12)
spots = st.builds(
    lambda codes, places: [
        Spot(code, 121.4 + x * 0.0005, 31.3 + y * 0.00045) for code, (x, y) in zip(codes, places, strict=False)
    ],
    codes,
    places,
)


def away_m(a: Spot, b: Spot) -> float:
    return float(GEOD.inv(a.lon, a.lat, b.lon, b.lat)[2])


@given(rising)
def test_milestones_that_rise_are_taken_and_each_target_is_due_once(milestones: list[Milestone]) -> None:
    points = milestones[-1].points
    check_milestones(milestones, points, DAY)
    days = [due_on(milestones, rank) for rank in range(1, points + 1)]
    assert days == sorted(days)
    for each in milestones:
        assert sum(day <= each.on for day in days) == each.points


@given(rising, st.data())
def test_milestones_out_of_order_are_refused(milestones: list[Milestone], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(milestones) - 1))
    points = milestones[-1].points
    broken = data.draw(
        st.sampled_from(
            [
                [*milestones[: i + 1], *milestones[i:]],
                [*milestones[:-1], Milestone(milestones[-1].on, points + 1)],
                [*milestones[:-1], Milestone(milestones[-1].on, points - 1)],
                [Milestone(DAY - timedelta(days=1), 1), *milestones],
                [],
            ]
        )
    )
    with pytest.raises(InputError):
        check_milestones(broken, points, DAY)


@given(rising, st.integers(-10, 4000), st.lists(st.integers(0, 400), min_size=2, max_size=2).map(sorted))
def test_a_milestone_is_late_only_after_its_day_and_never_once_it_was_met(
    milestones: list[Milestone], days: int, built: list[int]
) -> None:
    on, (then, now) = DAY + timedelta(days=days), built
    for each in milestones:
        state = milestone_state(each, then, now, on)
        assert (state is MilestoneState.MET) == (then >= each.points)
        if state in (MilestoneState.LATE, MilestoneState.MET_LATE):
            assert on > each.on
            assert (state is MilestoneState.MET_LATE) == (now >= each.points)


@given(spots, spots)
def test_each_spot_is_in_one_pair_and_no_nearer_pair_is_passed_over(first: list[Spot], second: list[Spot]) -> None:
    found = pairs(first, second, LIMIT_M)
    of_first, of_second = ({getattr(pair, side): pair for pair in found} for side in ("first", "second"))
    assert len(of_first) == len(of_second) == len(found)
    for pair in found:
        assert pair.distance_m == pytest.approx(away_m(first[pair.first], second[pair.second]))
        assert pair.by_code == (first[pair.first].code == second[pair.second].code is not None) or not pair.by_code
        assert pair.by_code or pair.distance_m <= LIMIT_M
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            rivals = [pair for pair in (of_first.get(i), of_second.get(j)) if pair is not None]
            if a.code is not None and a.code == b.code:
                assert [pair.by_code for pair in rivals] == [True, True], "spots of one code belong together"
            elif away_m(a, b) <= LIMIT_M - 1e-6:
                assert any(pair.by_code or pair.distance_m <= away_m(a, b) + 1e-6 for pair in rivals)


@given(spots, spots)
def test_pairs_are_the_same_from_both_sides_in_number_and_length(first: list[Spot], second: list[Spot]) -> None:
    """Of equally near pairs another may be taken, and with it another number; without ties all is the same."""
    there, back = pairs(first, second, LIMIT_M), pairs(second, first, LIMIT_M)
    lengths = [round(away_m(a, b), 3) for a in first for b in second]
    if len(set(lengths)) == len(lengths):
        assert {(p.first, p.second) for p in there} == {(p.second, p.first) for p in back}


@given(spots, spots)
def test_a_point_that_stood_before_is_never_new(now: list[Spot], before: list[Spot]) -> None:
    known = {spot.code for spot in before if spot.code is not None}
    stood = {(spot.lon, spot.lat) for spot in before}
    new = [i for i, spot in enumerate(now) if spot.code not in known and (spot.lon, spot.lat) not in stood]
    assert new_since(now, before) == new
    assert new_since(now, []) == list(range(len(now)))
    assert new_since(now, now) == []
