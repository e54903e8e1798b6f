"""Walks against networkx on random directed streets, both ways of computing them, and what may never lower coverage."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from gridmgmt.analysis import compiled
from gridmgmt.analysis.graph import build_graph, components
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking import kernels
from gridmgmt.analysis.walking.matrix import PlacesByEdge, Scratch, from_one, times_to_nodes, times_to_places
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.search import MOST_ROUND_LIMIT_CS, nearest, nearest_k
from gridmgmt.analysis.walking.spots import NOWHERE
from tests.support.walks import random_walk, split_streets, walk_times, walks

LIMITS_CS = st.sampled_from([MOST_ROUND_LIMIT_CS, 30_000, 5_000])
TRIPS = st.sampled_from(list(Trip))


def arrays(answer: Any) -> list[np.ndarray]:
    return [getattr(answer, f.name) for f in fields(answer)] if is_dataclass(answer) else list(answer)


def both_ways(ask: Callable[[], Any]) -> Any:
    """Return an answer after asking for it with the compiler and without."""
    answer = ask()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "AVAILABLE", False)
        other = ask()
    for one, two in zip(arrays(answer), arrays(other), strict=True):
        assert_array_equal(one, two)
        assert one.dtype == two.dtype
    return answer


@settings(deadline=None, max_examples=60)
@given(walk=walks, trip=TRIPS, limit_cs=LIMITS_CS)
def test_the_nearest_are_those_of_networkx_on_split_streets(walk, trip, limit_cs) -> None:
    graph, costs, points, places = walk
    found = both_ways(lambda: nearest(graph, costs, points=points, places=places, trip=trip, limit_cs=limit_cs))
    times = walk_times(split_streets(*walk), len(points.edge), len(places.edge), trip)
    times = np.where(times <= limit_cs, times, NO_WAY)
    expected = times.min(axis=0, initial=NO_WAY)
    assert_array_equal(found.place_cs, expected)
    first = times.argmin(axis=0) if len(times) else np.zeros(len(places.edge))
    assert_array_equal(found.place_point, np.where(expected < NO_WAY, first, -1))


@settings(deadline=None, max_examples=60)
@given(walk=walks, trip=TRIPS, limit_cs=LIMITS_CS, k=st.integers(1, 5))
def test_the_nearest_few_are_those_of_networkx(walk, trip, limit_cs, k) -> None:
    graph, costs, points, places = walk
    cs, point = both_ways(
        lambda: nearest_k(graph, costs, points=points, places=places, k=k, trip=trip, limit_cs=limit_cs)
    )
    times = walk_times(split_streets(*walk), len(points.edge), len(places.edge), trip)
    for place in range(len(places.edge)):
        near = sorted((t, p) for p, t in enumerate(times[:, place].tolist()) if t <= limit_cs)[:k]
        rest = [(NO_WAY, -1)] * (k - len(near))
        assert list(zip(cs[place].tolist(), point[place].tolist(), strict=True)) == near + rest


@settings(deadline=None, max_examples=60)
@given(walk=walks, trip=TRIPS, limit_cs=LIMITS_CS)
def test_all_pairs_within_the_limit_are_those_of_networkx(walk, trip, limit_cs) -> None:
    graph, costs, points, places = walk
    found = both_ways(lambda: times_to_places(graph, costs, points=points, places=places, trip=trip, limit_cs=limit_cs))
    times = walk_times(split_streets(*walk), len(points.edge), len(places.edge), trip)
    row, column = np.nonzero(times <= limit_cs)
    assert_array_equal(np.repeat(np.arange(len(points.edge)), np.diff(found.indptr)), row)
    assert_array_equal(found.place, column)
    assert_array_equal(found.cs, times[row, column])
    by_edge, scratch = PlacesByEdge.build(places, graph.n_edges), Scratch()
    for i in range(len(points.edge)):
        one = Snap(points.edge[i : i + 1], points.fraction[i : i + 1], points.distance_m[i : i + 1])
        place, cs = both_ways(
            lambda one=one: from_one(
                graph, costs, point=one, places=places, by_edge=by_edge, trip=trip, limit_cs=limit_cs, scratch=scratch
            )
        )
        of_row = slice(found.indptr[i], found.indptr[i + 1])
        assert_array_equal(place, found.place[of_row])
        assert_array_equal(cs, found.cs[of_row])


@settings(deadline=None, max_examples=60)
@given(walk=walks, trip=TRIPS, limit_cs=LIMITS_CS)
def test_the_times_of_nodes_agree_with_each_other(walk, trip, limit_cs) -> None:
    graph, costs, points, places = walk
    pairs = both_ways(lambda: times_to_nodes(graph, costs, points=points, trip=trip, limit_cs=limit_cs))
    found = nearest(graph, costs, points=points, places=places, trip=trip, limit_cs=limit_cs)
    least = np.full(graph.n_nodes, NO_WAY)
    np.minimum.at(least, pairs.place, pairs.cs)
    assert_array_equal(found.node_cs, least)
    assert all((np.diff(pairs.place[a:b]) > 0).all() for a, b in zip(pairs.indptr, pairs.indptr[1:], strict=False))


@settings(deadline=None)
@given(walk=walks, trip=TRIPS, keep=st.integers(0, 7), seed=st.integers(0, 2**32 - 1))
def test_more_points_more_time_and_cheaper_edges_never_lower_coverage(walk, trip, keep, seed) -> None:
    graph, costs, points, places = walk
    fewer = Snap(points.edge[:keep], points.fraction[:keep], points.distance_m[:keep])
    symmetric = costs.out_cs is costs.back_cs
    faster = np.random.default_rng(seed).uniform(1.0, 2.0)

    def cheaper(cs: np.ndarray) -> np.ndarray:
        return np.where(cs < NO_WAY, np.maximum(np.rint(cs / faster), 1), NO_WAY).astype(np.int32)

    out_cs = cheaper(costs.out_cs)
    quick = EdgeCosts(out_cs, out_cs if symmetric else cheaper(costs.back_cs), costs.speed_m_per_s * faster)
    base = nearest(graph, costs, points=fewer, places=places, trip=trip, limit_cs=24_000)
    for wider in (
        nearest(graph, costs, points=points, places=places, trip=trip, limit_cs=24_000),
        nearest(graph, costs, points=fewer, places=places, trip=trip, limit_cs=24_100),
    ):
        assert (wider.place_cs <= base.place_cs).all()
        assert (wider.node_cs <= base.node_cs).all()
    # Between two spots on one edge the difference of two roundings may be a hundredth more of a faster walk.
    slack = 2 if trip is Trip.ROUND else 1
    fast = nearest(graph, quick, points=fewer, places=places, trip=trip, limit_cs=24_000 + slack)
    assert (fast.place_cs <= np.where(base.place_cs < NO_WAY, base.place_cs + slack, NO_WAY)).all()


@settings(deadline=None)
@given(walk=walks)
def test_a_round_trip_is_never_shorter_than_one_of_its_ways(walk) -> None:
    graph, costs, points, places = walk
    ways = [
        nearest(graph, costs, points=points, places=places, trip=trip, limit_cs=MOST_ROUND_LIMIT_CS)
        for trip in (Trip.ROUND, Trip.TO_POINT, Trip.FROM_POINT)
    ]
    both = ways[1].place_cs.astype(np.int64) + ways[2].place_cs
    assert (ways[0].place_cs >= np.minimum(both, NO_WAY)).all()
    assert (ways[0].node_cs >= ways[1].node_cs).all()


@settings(deadline=None)
@given(walk=walks, data=st.data())
def test_the_order_of_points_decides_ties_only(walk, data) -> None:
    graph, costs, points, places = walk
    order = np.array(data.draw(st.permutations(range(len(points.edge)))), dtype=np.int64)
    shuffled = Snap(points.edge[order], points.fraction[order], points.distance_m[order])
    a = nearest(graph, costs, points=points, places=places)
    b = nearest(graph, costs, points=shuffled, places=places)
    assert_array_equal(a.place_cs, b.place_cs)


def test_a_search_that_reaches_far_more_than_its_first_tables_hold() -> None:
    """A street of 20,000 nodes, its far end reached through tables that double five times."""
    n = 20_000
    line = build_graph(n, np.arange(n - 1), np.arange(1, n), np.ones(n - 1))
    cost = np.random.default_rng(1).integers(1, 50, n - 1).astype(np.int32)
    at_start = Snap(np.zeros(1, np.int32), np.zeros(1), np.zeros(1))
    pairs = times_to_nodes(line, EdgeCosts(cost, cost, 1.0), points=at_start, limit_cs=MOST_ROUND_LIMIT_CS)
    assert_array_equal(pairs.place, np.arange(n))
    assert_array_equal(pairs.cs, np.concatenate([[0], np.cumsum(cost)]))


@given(
    n_nodes=st.integers(1, 40),
    ends=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=50),
)
def test_components_are_those_of_networkx(n_nodes, ends) -> None:
    ends = [(a % n_nodes, b % n_nodes) for a, b in ends]
    found = components(n_nodes, [a for a, _ in ends], [b for _, b in ends])
    graph = nx.Graph(ends)
    graph.add_nodes_from(range(n_nodes))
    groups = sorted(nx.connected_components(graph), key=lambda group: (-len(group), min(group)))
    assert [set(np.flatnonzero(found == rank).tolist()) for rank in range(len(groups))] == groups


def test_random_streets_have_ways_that_are_closed_and_times_that_tie() -> None:
    """The examples are worth something: edges closed one way, walks round that are dearer than both shortest ones."""
    closed, dearer = 0, 0
    for seed in range(30):
        graph, costs, points, places = random_walk(seed, symmetric=False)
        closed += int(((costs.out_cs == NO_WAY) != (costs.back_cs == NO_WAY)).sum())
        times = [
            nearest(graph, costs, points=points, places=places, trip=trip, limit_cs=MOST_ROUND_LIMIT_CS).place_cs
            for trip in Trip
        ]
        apart = times[0].astype(np.int64) + times[1]
        dearer += int(((times[2] > apart) & (times[2] < NO_WAY)).sum())
    assert closed > 20
    assert dearer > 20


@pytest.mark.skipif(not compiled.AVAILABLE, reason="no compiler")
@pytest.mark.parametrize("shift", [0, 8, 30])
def test_the_width_of_the_buckets_changes_nothing(shift) -> None:
    """One bucket for all is worked off last in first out: labels fall so often that the entries need more room."""
    n, rng = 300, np.random.default_rng(5)
    graph = build_graph(n, rng.integers(0, n, 4_000), rng.integers(0, n, 4_000), np.ones(4_000))
    cost = rng.integers(1, 1_000, 4_000).astype(np.int32)
    steps, _, longest = kernels._steps(kernels.streets_of(graph, EdgeCosts(cost, cost, 1.0)))
    seed = np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int64)
    buckets = 1 << ((longest >> shift) + 1).bit_length()
    labels = kernels._search(graph.indptr, steps, *seed, 10_000, shift, buckets)
    at_0 = Snap(graph.step_edge[:1], np.where(graph.step_out[:1], 0.0, 1.0), np.zeros(1))
    expected = times_to_nodes(graph, EdgeCosts(cost, cost, 1.0), points=at_0, limit_cs=10_000)
    assert_array_equal(np.flatnonzero(labels < NOWHERE), expected.place)
    assert_array_equal(labels[expected.place] >> 32, expected.cs)
