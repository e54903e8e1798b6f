"""Networks and questions that are hardly any: nothing, one street, loops, islands, limits to the hundredth."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridmgmt.analysis import compiled
from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.walking.matrix import times_to_nodes, times_to_places
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip, to_cs
from gridmgmt.analysis.walking.search import nearest, nearest_k
from gridmgmt.analysis.walking.tally import to_fixed
from gridmgmt.coverage.rules import make_request
from gridmgmt.errors import InputError
from gridmgmt.hours import minute_of_week, parse_hours
from tests.support.walks import NOWHERE, costs, snap

TRIPS = list(Trip)


@pytest.fixture(params=["compiled", "plain"])
def both_ways(request, monkeypatch) -> None:
    if request.param == "plain":
        monkeypatch.setattr(compiled, "AVAILABLE", False)


def graph_of(n_nodes: int, *ends: tuple[int, int]) -> WalkGraph:
    source, target = ([end[i] for end in ends] for i in (0, 1))
    return build_graph(n_nodes, np.array(source, dtype=np.int32), np.array(target, dtype=np.int32), np.ones(len(ends)))


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("trip", TRIPS)
@pytest.mark.parametrize("n_nodes", [0, 1, 3])
def test_without_streets_nobody_walks_anywhere(n_nodes, trip) -> None:
    graph, nobody = graph_of(n_nodes), costs([])
    off = snap((-1, 0.0, 0.0), (-1, 0.5, 1.0))
    for points, places in ((NOWHERE, NOWHERE), (off, off)):
        found = nearest(graph, nobody, points=points, places=places, trip=trip)
        assert (found.place_cs == NO_WAY).all()
        assert (found.place_point == -1).all()
        assert found.node_cs.tolist() == [NO_WAY] * n_nodes
        pairs = times_to_places(graph, nobody, points=points, places=places, trip=trip, limit_cs=1_000)
        assert (pairs.indptr.tolist(), len(pairs.place)) == ([0] * (len(points.edge) + 1), 0)
        assert times_to_nodes(graph, nobody, points=points, trip=trip, limit_cs=1_000).indptr[-1] == 0
        cs, _ = nearest_k(graph, nobody, points=points, places=places, k=3, trip=trip, limit_cs=1_000)
        assert cs.shape == (len(places.edge), 3)


@pytest.mark.usefixtures("both_ways")
def test_one_street_with_a_place_at_each_end_and_one_at_the_point() -> None:
    """1,000 out and 400 back; the point in the middle, half a second from it: 500 of 1,000, and 200 of 400."""
    graph, both = graph_of(2, (0, 1)), costs([1_000], [400])
    places, point = snap((0, 0.0, 0.0), (0, 0.5, 0.0), (0, 1.0, 2.0)), snap((0, 0.5, 0.5))
    expected = {Trip.TO_POINT: [550, 50, 450], Trip.FROM_POINT: [250, 50, 750], Trip.ROUND: [800, 100, 1_200]}
    for trip, times in expected.items():
        found = nearest(graph, both, points=point, places=places, trip=trip, limit_cs=10_000)
        assert found.place_cs.tolist() == times
        assert found.node_cs.tolist() == [times[0], times[2] - (400 if trip is Trip.ROUND else 200)]


@pytest.mark.usefixtures("both_ways")
def test_the_limit_itself_is_within_and_a_hundredth_more_is_not() -> None:
    graph, both = graph_of(2, (0, 1)), costs([1_000])
    question = {"points": snap((0, 0.0, 0.0)), "places": snap((0, 1.0, 0.01), (0, 1.0, 0.0))}
    for trip, time in ((Trip.TO_POINT, 1_000), (Trip.FROM_POINT, 1_000), (Trip.ROUND, 2_000)):
        exact = nearest(graph, both, **question, trip=trip, limit_cs=time)
        assert exact.place_cs.tolist() == [NO_WAY, time]
        assert nearest(graph, both, **question, trip=trip, limit_cs=time - 1).place_cs.tolist() == [NO_WAY, NO_WAY]
        pairs = times_to_places(graph, both, **question, trip=trip, limit_cs=time)
        assert (pairs.place.tolist(), pairs.cs.tolist()) == ([1], [time])


@pytest.mark.usefixtures("both_ways")
def test_a_loop_is_walked_the_shorter_way_round_to_its_node_and_no_farther() -> None:
    """A loop of 1,000 at node 0, the street to node 1 of 100: from three quarters of the loop 250 and 100 are left."""
    graph, both = graph_of(2, (0, 0), (0, 1)), costs([1_000, 100])
    found = nearest(graph, both, points=snap((1, 1.0, 0.0)), places=snap((0, 0.75, 0.0), (0, 0.25, 0.0)))
    assert found.place_cs.tolist() == [350, 350]


@pytest.mark.usefixtures("both_ways")
def test_on_an_island_only_its_own_point_counts() -> None:
    graph, both = graph_of(4, (0, 1), (2, 3)), costs([100, 100])
    places = snap((0, 0.0, 0.0), (1, 0.0, 0.0))
    found = nearest(graph, both, points=snap((1, 1.0, 0.0), (1, 1.0, 0.0)), places=places)
    assert found.place_cs.tolist() == [NO_WAY, 100]
    assert found.place_point.tolist() == [-1, 0], "of two points at one spot the first"


@pytest.mark.usefixtures("both_ways")
def test_of_parallel_streets_each_way_takes_the_cheaper_one() -> None:
    graph, both = graph_of(3, (0, 1), (1, 0), (1, 2)), costs([500, 200, 10], [90, NO_WAY, 10])
    # From 0 to 1 the first street costs 500 and the second is shut; from 1 to 0 they cost 90 and 200.
    to_the_end = nearest(graph, both, points=snap((2, 1.0, 0.0)), places=NOWHERE)
    to_the_begin = nearest(graph, both, points=snap((0, 0.0, 0.0)), places=NOWHERE)
    assert to_the_end.node_cs.tolist() == [510, 10, 0]
    assert to_the_begin.node_cs.tolist() == [0, 90, 100]


@pytest.mark.parametrize("value", [-1.0, -0.001, float("nan"), float("inf"), 1e300])
def test_residents_that_cannot_be_are_refused_and_never_counted(value) -> None:
    with pytest.raises(InputError):
        to_fixed("residents", np.array([1.0, value]))


@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_times_that_cannot_be_are_refused(value) -> None:
    with pytest.raises(InputError) as refusal:
        to_cs([1.0, value])
    assert refusal.value.code == "limit_invalid"


@pytest.mark.parametrize(
    "at", ["", "wed", "10:00", "wed 24:00", "wed 9:60", "we 10:00", "2026-01-07T10:00", "wed 10:00+08:00", "wed 10:00Z"]
)
def test_a_time_of_the_week_is_a_day_and_local_time_and_never_a_moment(at) -> None:
    """A moment with a zone would be another hour at the gate than it says: it is refused and not guessed at."""
    with pytest.raises(InputError) as refusal:
        make_request(at=at)
    assert refusal.value.code == "time_of_week_malformed"


def test_the_week_ends_and_begins_at_one_gate_without_a_gap() -> None:
    hours = parse_hours({"sun": ["22:00-02:00"]})
    open_at = [hours.open_at(minute_of_week(at)) for at in ("sun 21:59", "sun 22:00", "sun 23:59", "mon 00:00")]
    assert open_at == [False, True, True, True]
    assert [hours.open_at(minute_of_week(at)) for at in ("mon 01:59", "mon 02:00")] == [True, False]


@pytest.mark.usefixtures("both_ways")
def test_long_ways_do_not_run_over() -> None:
    """Ten streets of near the most there can be: the sum is no way, and none comes round as a short one."""
    much = NO_WAY // 3
    ends = [(i, i + 1) for i in range(10)]
    found = nearest(graph_of(11, *ends), costs([much] * 10), points=snap((0, 0.0, 0.0)), places=snap((9, 1.0, 1e7)))
    assert found.node_cs.tolist() == [0, much, 2 * much, *[3 * much] * (3 * much < NO_WAY), *[NO_WAY] * 7]
    assert_array_equal(found.place_cs, [NO_WAY])
    shut = EdgeCosts(np.full(10, NO_WAY, np.int32), np.full(10, NO_WAY, np.int32), 1.0)
    found = nearest(graph_of(11, *ends), shut, points=snap((0, 0.5, 0.0)), places=snap((0, 0.5, 0.0), (0, 0.6, 0.0)))
    assert found.place_cs.tolist() == [0, NO_WAY]
