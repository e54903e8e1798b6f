"""Walks in five real cities, hilly, with steps and streets that are too steep, held against other ways to know them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.testing import assert_array_equal

from gridmgmt.analysis import compiled
from gridmgmt.analysis.graph import build_graph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.costs import edge_costs
from gridmgmt.analysis.walking.matrix import PlacesByEdge, Scratch, from_one, times_to_nodes, times_to_places
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip, to_s
from gridmgmt.analysis.walking.search import MOST_ROUND_LIMIT_CS, nearest, nearest_k
from tests.support.cities import CITIES, HILLS, City, SplitCity, read_city, seconds, split_city
from tests.support.walks import NOWHERE

pytestmark = pytest.mark.shared_data

N_POINTS, N_PLACES = 40, 1_500
LIMIT_S = 600.0
TRIPS = list(Trip)


@pytest.fixture(scope="module", params=list(CITIES))
def city(request, shared_data: Path) -> City:
    return read_city(shared_data, request.param)


@pytest.fixture(scope="module")
def points(city: City) -> Snap:
    return city.spots(1, N_POINTS)


@pytest.fixture(scope="module")
def places(city: City) -> Snap:
    return city.spots(2, N_PLACES, reach_m=60.0)


@pytest.fixture(scope="module")
def pairs_s(city: City, points: Snap, places: Snap) -> dict[Trip, np.ndarray]:
    """Seconds of every pair and trip, ``(points, places)``, as scipy walks on split streets."""
    split: SplitCity = split_city(city, seconds(city, HILLS), HILLS.speed_m_per_s, points, places)
    there, back = split.all_pairs()
    return {Trip.TO_POINT: there, Trip.FROM_POINT: back, Trip.ROUND: there + back}


def taken(snap: Snap, index: np.ndarray) -> Snap:
    return Snap(snap.edge[index], snap.fraction[index], snap.distance_m[index])


@pytest.mark.parametrize("trip", TRIPS)
def test_every_place_has_the_class_and_the_time_of_scipy(city, points, places, pairs_s, trip) -> None:
    found = nearest(city.graph, city.costs(), points=points, places=places, trip=trip, limit_cs=MOST_ROUND_LIMIT_CS)
    found_s, expected_s = to_s(found.place_cs), pairs_s[trip].min(axis=0)
    expected_s = np.where(expected_s <= MOST_ROUND_LIMIT_CS / 100, expected_s, np.inf)
    assert_array_equal(np.isfinite(found_s), np.isfinite(expected_s))
    clear = np.abs(expected_s - LIMIT_S) > 1.0
    assert_array_equal((found_s <= LIMIT_S)[clear], (expected_s <= LIMIT_S)[clear])
    near = expected_s <= 2 * LIMIT_S
    assert near.sum() > 0.08 * N_PLACES
    assert np.abs(found_s[near] - expected_s[near]).max() <= 0.1
    # The point that is named is one at that time, not merely some point.
    named = pairs_s[trip][found.place_point[near], np.flatnonzero(near)]
    assert np.abs(named - expected_s[near]).max() <= 0.2


@pytest.mark.parametrize("trip", TRIPS)
def test_all_pairs_have_the_times_of_scipy(city, points, places, pairs_s, trip) -> None:
    limit = round(LIMIT_S * 100)
    found = times_to_places(city.graph, city.costs(), points=points, places=places, trip=trip, limit_cs=limit)
    table = np.full((N_POINTS, N_PLACES), np.inf)
    table[np.repeat(np.arange(N_POINTS), np.diff(found.indptr)), found.place] = found.cs / 100
    expected = pairs_s[trip]
    clear = np.abs(expected - LIMIT_S) > 1.0
    assert_array_equal(np.isfinite(table)[clear], (expected <= LIMIT_S)[clear])
    both = np.isfinite(table) & (expected <= LIMIT_S)
    assert np.abs(table[both] - expected[both]).max() <= 0.1 * (2 if trip is Trip.ROUND else 1)


@pytest.mark.parametrize("trip", TRIPS)
def test_one_question_asked_in_five_ways_has_one_answer(city, points, places, trip) -> None:
    graph, costs, limit = city.graph, city.costs(), round(LIMIT_S * 100)
    question = {"points": points, "trip": trip, "limit_cs": limit}
    found = nearest(graph, costs, places=places, **question)
    pairs = times_to_places(graph, costs, places=places, **question)
    of_pair = np.repeat(np.arange(N_POINTS), np.diff(pairs.indptr))
    table = np.full((N_POINTS, N_PLACES), NO_WAY)
    table[of_pair, pairs.place] = pairs.cs
    assert_array_equal(found.place_cs, table.min(axis=0))
    assert_array_equal(found.place_point, np.where(found.place_cs < NO_WAY, table.argmin(axis=0), -1))
    few_cs, few_point = nearest_k(graph, costs, places=places, k=5, **question)
    assert_array_equal(few_cs, np.sort(table, axis=0)[:5].T)
    assert_array_equal(few_point[:, 0], found.place_point)
    node = times_to_nodes(graph, costs, **question)
    least = np.full(graph.n_nodes, NO_WAY)
    np.minimum.at(least, node.place, node.cs)
    assert_array_equal(found.node_cs, least)
    by_edge, scratch = PlacesByEdge.build(places, graph.n_edges), Scratch()
    for i in range(N_POINTS):
        one = {"point": taken(points, np.array([i])), "trip": trip, "limit_cs": limit}
        place, cs = from_one(graph, costs, places=places, by_edge=by_edge, scratch=scratch, **one)
        row = slice(pairs.indptr[i], pairs.indptr[i + 1])
        assert_array_equal(np.sort(place), pairs.place[row])
        assert_array_equal(cs[np.argsort(place)], pairs.cs[row])


@pytest.mark.parametrize("trip", TRIPS)
def test_without_the_compiler_it_is_the_same_to_the_bit(city, points, places, trip, monkeypatch) -> None:
    question = {"points": points, "places": places, "trip": trip, "limit_cs": round(LIMIT_S * 100)}
    ours = nearest(city.graph, city.costs(), **question)
    monkeypatch.setattr(compiled, "AVAILABLE", False)
    its = nearest(city.graph, city.costs(), **question)
    for name in ("place_cs", "place_point", "node_cs", "node_point"):
        assert_array_equal(getattr(ours, name), getattr(its, name))


def test_nobody_loses_by_more_points_more_time_or_a_one_way_trip(city, points, places) -> None:
    def covered(n: int, limit_s: float, trip: Trip) -> np.ndarray:
        some = taken(points, np.arange(n))
        cs = nearest(
            city.graph, city.costs(), points=some, places=places, trip=trip, limit_cs=MOST_ROUND_LIMIT_CS
        ).place_cs
        return cs <= limit_s * 100

    base = covered(20, LIMIT_S, Trip.TO_POINT)
    assert base.any()
    assert (covered(N_POINTS, LIMIT_S, Trip.TO_POINT) | ~base).all()
    assert (covered(20, LIMIT_S + 60, Trip.TO_POINT) | ~base).all()
    assert (base | ~covered(20, LIMIT_S, Trip.ROUND)).all()
    assert (covered(20, LIMIT_S, Trip.FROM_POINT) | ~covered(20, LIMIT_S, Trip.ROUND)).all()
    assert covered(20, LIMIT_S, Trip.ROUND).sum() < base.sum()


def test_nobody_loses_much_by_walking_faster(city, points, places) -> None:
    """Each edge is rounded to a hundredth of a second, so that a faster walk may seem a few of them longer."""

    def times(speed: float) -> np.ndarray:
        costs = city.costs(replace(HILLS, speed_m_per_s=speed))
        return nearest(city.graph, costs, points=points, places=places, limit_cs=MOST_ROUND_LIMIT_CS).place_cs

    slow, fast = times(0.67), times(0.83)
    reached = slow < NO_WAY
    assert (fast[reached] <= slow[reached] + 1).all()
    assert (fast[reached] < slow[reached]).mean() > 0.9
    assert_array_equal(fast < NO_WAY, reached)


def test_points_given_twice_and_edges_given_twice_change_no_time(city, points, places) -> None:
    costs = city.costs()
    once = nearest(city.graph, costs, points=points, places=places)
    twice = taken(points, np.tile(np.arange(N_POINTS), 2))
    again = nearest(city.graph, costs, points=twice, places=places)
    assert_array_equal(once.place_cs, again.place_cs)
    assert_array_equal(once.place_point, again.place_point)
    graph = city.graph
    doubled = build_graph(graph.n_nodes, *(np.tile(a, 2) for a in (graph.source, graph.target, graph.length_m)))
    both = EdgeCosts(np.tile(costs.out_cs, 2), np.tile(costs.back_cs, 2), costs.speed_m_per_s)
    assert_array_equal(nearest(doubled, both, points=points, places=places).place_cs, once.place_cs)


def test_snapping_is_what_shapely_finds(city) -> None:
    rng = np.random.default_rng(4)
    low, high = shapely.total_bounds(city.lines_m)[:2], shapely.total_bounds(city.lines_m)[2:]
    xy = rng.uniform(low, high, (3_000, 2))
    main = np.flatnonzero(city.graph.edge_component == 0)
    tree = shapely.STRtree(city.lines_m[main])
    _, distance = tree.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)
    found = city.index.nearest(xy, 70.0)
    near = distance <= 70.0
    assert_array_equal(found.edge >= 0, near)
    assert np.abs(found.distance_m[near] - distance[near]).max() < 1e-6
    assert (city.graph.edge_component[found.edge[near]] == 0).all()
    foot = shapely.line_interpolate_point(city.lines_m[found.edge[near]], found.fraction[near], normalized=True)
    assert np.abs(shapely.distance(foot, shapely.points(xy[near])) - distance[near]).max() < 1e-6


def test_every_node_has_the_class_that_pandana_gives(city) -> None:
    """On the flat, from nodes to nodes, which is what pandana can do; it keeps metres to the millimetre."""
    pandana = pytest.importorskip("pandana", reason="pandana is not installed: group peers")
    import pandas as pd  # noqa: PLC0415 -- as above

    graph, flat = city.graph, replace(HILLS, slope=False, most_slope=None, steps_factor=1.0, crossing_s=0.0)
    costs = edge_costs(graph.length_m, np.zeros(graph.n_edges), np.full(graph.n_edges, np.nan), flat)
    edge = np.random.default_rng(5).choice(np.flatnonzero(graph.edge_component == 0), N_POINTS, replace=False)
    points = Snap(edge.astype(np.int32), np.zeros(N_POINTS), np.zeros(N_POINTS))
    ours = to_s(nearest(graph, costs, points=points, places=NOWHERE, limit_cs=round(LIMIT_S * 200)).node_cs)
    ends = pd.DataFrame({"from": graph.source, "to": graph.target, "metres": graph.length_m})
    xy = np.zeros((graph.n_nodes, 2))
    xy[graph.source] = shapely.get_coordinates(shapely.get_point(city.lines_m, 0))
    xy[graph.target] = shapely.get_coordinates(shapely.get_point(city.lines_m, -1))
    its = pandana.Network(pd.Series(xy[:, 0]), pd.Series(xy[:, 1]), ends["from"], ends["to"], ends[["metres"]])
    its.set_pois(
        "points",
        LIMIT_S * flat.speed_m_per_s,
        1,
        pd.Series(xy[graph.source[edge], 0]),
        pd.Series(xy[graph.source[edge], 1]),
    )
    metres = its.nearest_pois(LIMIT_S * flat.speed_m_per_s, "points")[1].to_numpy()
    covered = metres < LIMIT_S * flat.speed_m_per_s
    clear = np.abs(ours - LIMIT_S) > 1.0
    assert_array_equal((ours <= LIMIT_S)[clear], covered[clear])
    assert np.abs(ours - metres / flat.speed_m_per_s)[covered & (ours <= LIMIT_S)].max() <= 0.1
