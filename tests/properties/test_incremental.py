"""Coverage through random edits against full runs, to the bit, and what no edit may do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from gridmgmt.analysis.walking.edits import AddPoints, SetCosts
from gridmgmt.analysis.walking.incremental import LiveCoverage
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.search import nearest
from tests.support.live_plan import FIELDS, KINDS, Plan, check_change, grid_plan, random_plan

WAYS = [
    (Trip.TO_POINT, False, NO_WAY),
    (Trip.FROM_POINT, False, NO_WAY),
    (Trip.TO_POINT, False, 5_000),
    (Trip.ROUND, True, NO_WAY),
    (Trip.ROUND, True, 7_001),
    (Trip.ROUND, False, 20_000),
]


@st.composite
def plans(draw) -> Plan:
    trip, symmetric, limit_cs = draw(st.sampled_from(WAYS))
    sizes = draw(st.integers(1, 30)), draw(st.integers(1, 45)), draw(st.integers(0, 6))
    return random_plan(draw(st.integers(0, 2**32 - 1)), *sizes, trip, symmetric=symmetric, limit_cs=limit_cs)


def state(live: LiveCoverage) -> list[np.ndarray]:
    """Return all that can be seen of a live coverage."""
    graph, costs, points, places = live.town()
    seen = [graph.source, graph.target, graph.length_m, costs.out_cs, costs.back_cs]
    seen += [getattr(snap, name) for snap in (points, places) for name in ("edge", "fraction", "distance_m")]
    seen += [getattr(live.nearest, name) for name in FIELDS]
    for level in (0, 1):
        counted = live.tally(level)
        seen += [counted.places, counted.by_status, counted.by_band]
    return seen


def assert_same(seen: list[np.ndarray], again: list[np.ndarray]) -> None:
    for one, other in zip(seen, again, strict=True):
        assert_array_equal(one, other)


@settings(deadline=None, max_examples=150)
@given(plan=plans(), kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12))
def test_every_edit_gives_what_a_full_run_gives(plan: Plan, kinds: list[str]) -> None:
    live = plan.live()
    before = plan.check(live)
    for kind in kinds:
        change = live.apply(*plan.edits(kind))
        after = plan.check(live)
        check_change(change, before, after)
        before = after


@settings(deadline=None, max_examples=60)
@given(plan=plans(), kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
def test_what_if_shows_the_edited_town_and_leaves_the_old_one(plan: Plan, kinds: list[str]) -> None:
    live = plan.live()
    seen, before = state(live), live.nearest
    edits = [edit for kind in kinds for edit in plan.edits(kind)]
    with live.what_if(*edits) as change:
        check_change(change, before, plan.check(live))
        edited = state(live)
    assert_same(seen, state(live))
    live.apply(*edits)
    assert_same(edited, state(live))


@pytest.mark.parametrize(("trip", "symmetric"), [(Trip.TO_POINT, False), (Trip.FROM_POINT, False), (Trip.ROUND, True)])
def test_a_long_sequence_of_edits_on_a_grid_stays_exact(trip: Trip, symmetric: bool) -> None:
    plan = grid_plan(7, 25, 30, 1_500, trip, symmetric=symmetric, limit_cs=NO_WAY)
    live = plan.live()
    for number in range(160):
        kind = KINDS[int(plan.rng.integers(len(KINDS)))]
        change = live.apply(*plan.edits(kind))
        assert not change.full
        if number % 8 == 7:
            plan.check(live)
    plan.check(live)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), edge=st.integers(0, 39))
def test_nodes_that_keep_their_label_are_not_computed_again(seed: int, edge: int) -> None:
    plan = random_plan(seed, 25, 40, 5, Trip.TO_POINT, symmetric=False)
    live = plan.live()
    change = live.apply(SetCosts(edge, NO_WAY, NO_WAY))
    written = live._network.town.node["stamp"] == 2 * live._epoch + 1
    assert sorted(change.node.tolist()) == np.flatnonzero(written).tolist()


@settings(deadline=None, max_examples=60)
@given(plan=plans(), data=st.data())
def test_closing_never_shortens_and_opening_never_lengthens(plan: Plan, data) -> None:
    live = plan.live()
    edge = data.draw(st.integers(0, len(plan.ends) - 1))
    closed = live.apply(SetCosts([edge], NO_WAY, NO_WAY))
    assert np.all(closed.after_cs >= closed.before_cs)
    opened = live.apply(SetCosts([edge], 1, 1))
    assert np.all(opened.after_cs <= opened.before_cs)
    more = live.apply(AddPoints(plan.spots(1)))
    assert np.all(more.after_cs <= more.before_cs)
    live.apply(SetCosts([edge], *plan.costs[edge]))


@settings(deadline=None, max_examples=40)
@given(plan=plans(), kinds=st.lists(st.sampled_from(["costs", "close", "path", "add point"]), min_size=1, max_size=6))
def test_mirrored_round_trips_are_twice_the_way_there(plan: Plan, kinds: list[str]) -> None:
    live = LiveCoverage(
        plan.graph, plan.edge_costs, points=plan.points, places=plan.places, trip=Trip.ROUND, mirrored=True
    )
    for kind in kinds:
        assert not live.apply(*plan.edits(kind)).full
        there = nearest(plan.graph, plan.edge_costs, points=plan.points, places=plan.places)
        for name in ("node", "place"):
            cs = getattr(there, f"{name}_cs")
            assert_array_equal(getattr(live.nearest, f"{name}_cs"), np.where(cs < NO_WAY // 2, 2 * cs, NO_WAY))


def test_round_trips_that_become_directed_are_computed_anew_until_they_are_not() -> None:
    plan = grid_plan(3, 8, 5, 200, Trip.ROUND, symmetric=True, limit_cs=200_000)
    live = plan.live()
    out, back = plan.costs[17]
    assert not live.apply(*plan.edits("costs")).full
    plan.costs[17] = [out, NO_WAY]
    assert live.apply(SetCosts([17], out, NO_WAY)).full
    plan.check(live)
    plan.costs[17] = [out, back]
    assert live.apply(SetCosts([17], out, back)).full
    plan.check(live)
    assert not live.apply(*plan.edits("add point")).full
    plan.check(live)


def test_the_town_of_a_live_coverage_is_the_edited_one() -> None:
    plan = random_plan(5, 20, 30, 4, Trip.FROM_POINT, symmetric=False)
    live = plan.live()
    for kind in KINDS:
        live.apply(*plan.edits(kind))
    graph, costs, points, places = live.town()
    assert isinstance(costs, EdgeCosts)
    assert_array_equal(np.column_stack([graph.source, graph.target]), plan.ends)
    assert_array_equal(graph.length_m, plan.length_m)
    assert_array_equal(np.column_stack([costs.out_cs, costs.back_cs]), plan.costs)
    assert_array_equal(points.edge, plan.points.edge)
    assert_array_equal(places.fraction, plan.places.fraction)
