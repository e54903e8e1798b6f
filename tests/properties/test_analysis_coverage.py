"""Coverage against networkx and scipy on random networks, and what may never lower it."""

from itertools import pairwise

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridmgmt.analysis.coverage import nearest_service
from gridmgmt.analysis.graph import WalkGraph, build_graph, components
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.status import LIMIT_TOLERANCE_S


def random_snap(rng: np.random.Generator, n: int, n_edges: int) -> Snap:
    """Return snaps on random edges, some at the ends, some on the street, some nowhere."""
    fraction = np.where(rng.random(n) < 0.3, rng.integers(0, 2, n), rng.random(n))
    distance = np.where(rng.random(n) < 0.3, 0.0, rng.uniform(0, 80, n))
    return Snap(rng.integers(-1, n_edges, n).astype(np.int32), fraction.astype(float), distance)


@st.composite
def networks(draw) -> tuple[WalkGraph, Snap, Snap]:
    """Sparse graphs with islands, parallel edges, loops and equal lengths; points and places anywhere on them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_nodes = draw(st.integers(1, 60))
    n_edges = draw(st.integers(1, 90))
    lengths = draw(
        st.sampled_from(
            [lambda n: rng.uniform(1, 400, n), lambda n: rng.choice([0.0, 50.0, 100.0], n), lambda n: np.full(n, 80.0)]
        )
    )(n_edges)
    graph = build_graph(n_nodes, rng.integers(0, n_nodes, n_edges), rng.integers(0, n_nodes, n_edges), lengths)
    return graph, random_snap(rng, draw(st.integers(0, 8)), n_edges), random_snap(rng, 25, n_edges)


def split_graph(graph: WalkGraph, points: Snap, places: Snap) -> nx.Graph:
    """Return the network with every point and place as a node of its own at the end of its access leg."""
    town = nx.MultiGraph()
    town.add_nodes_from(range(graph.n_nodes))
    stops: dict[int, list[tuple[float, object]]] = {edge: [] for edge in range(graph.n_edges)}
    for kind, snap in (("point", points), ("place", places)):
        for i in range(len(snap.edge)):
            town.add_node((kind, i))
            if snap.edge[i] >= 0:
                stops[int(snap.edge[i])].append(
                    (float(snap.fraction[i] * graph.length_m[snap.edge[i]]), (kind, i, "foot"))
                )
                town.add_edge((kind, i), (kind, i, "foot"), weight=float(snap.distance_m[i]))
    for edge, on_it in stops.items():
        length = float(graph.length_m[edge])
        row = [(0.0, int(graph.source[edge])), *sorted(on_it, key=lambda s: s[0]), (length, int(graph.target[edge]))]
        for (at, here), (then, there) in pairwise(row):
            town.add_edge(here, there, weight=then - at)
    return town


@settings(deadline=None, max_examples=150)
@given(network=networks(), speed=st.sampled_from([0.5, 0.83, 1.0]), limit_s=st.sampled_from([np.inf, 300.0]))
def test_the_times_are_those_of_networkx_on_the_split_network(network, speed, limit_s) -> None:
    graph, points, places = network
    found = nearest_service(graph, points=points, places=places, speed_m_per_s=speed, limit_s=limit_s)
    town = split_graph(graph, points, places)
    starts = {("point", i) for i in range(len(points.edge))}
    metres = nx.multi_source_dijkstra_path_length(town, starts) if starts else {}
    expected = np.array([metres.get(("place", i), np.inf) for i in range(len(places.edge))]) / speed
    expected[expected > limit_s + LIMIT_TOLERANCE_S] = np.inf
    assert_allclose(found.time_s, expected, rtol=0, atol=1e-7)
    reached = np.flatnonzero(np.isfinite(found.time_s))
    assert_array_equal(found.point[~np.isfinite(found.time_s)], -1)
    for i in reached[:4]:  # the point that is named is one at that time
        alone = nx.dijkstra_path_length(town, ("point", int(found.point[i])), ("place", int(i)))
        assert abs(alone / speed - found.time_s[i]) < 1e-7


@settings(deadline=None)
@given(network=networks())
def test_node_times_are_those_of_scipy(network) -> None:
    graph, points, _ = network
    on = points.edge >= 0
    at_nodes = Snap(points.edge[on], np.zeros(on.sum()), np.zeros(on.sum()))
    nowhere = Snap(np.empty(0, np.int32), np.empty(0), np.empty(0))
    found = nearest_service(graph, points=at_nodes, places=nowhere, speed_m_per_s=1.0)
    sources = graph.source[at_nodes.edge]
    dense = np.full((graph.n_nodes, graph.n_nodes), np.inf)
    np.minimum.at(dense, (graph.source, graph.target), graph.length_m)
    dense = np.minimum(dense, dense.T)
    row, column = np.nonzero(np.isfinite(dense))
    matrix = csr_array((dense[row, column], (row, column)), shape=dense.shape)
    expected = dijkstra(matrix, indices=sources, min_only=True) if len(sources) else np.full(graph.n_nodes, np.inf)
    assert_allclose(found.node_time_s, expected, rtol=1e-12)


@settings(deadline=None)
@given(network=networks(), keep=st.integers(0, 8), speed=st.floats(0.4, 1.5), faster=st.floats(1.0, 2.0))
def test_more_points_more_time_and_more_speed_never_lower_coverage(network, keep, speed, faster) -> None:
    graph, points, places = network
    fewer = Snap(points.edge[:keep], points.fraction[:keep], points.distance_m[:keep])
    base = nearest_service(graph, points=fewer, places=places, speed_m_per_s=speed, limit_s=240)
    for wider in (
        nearest_service(graph, points=points, places=places, speed_m_per_s=speed, limit_s=240),
        nearest_service(graph, points=fewer, places=places, speed_m_per_s=speed, limit_s=241),
        nearest_service(graph, points=fewer, places=places, speed_m_per_s=speed * faster, limit_s=240),
    ):
        assert (wider.time_s <= base.time_s).all()
        assert (wider.node_time_s <= base.node_time_s).all()


@settings(deadline=None)
@given(network=networks(), data=st.data())
def test_the_order_of_points_decides_ties_only(network, data) -> None:
    graph, points, places = network
    order = np.array(data.draw(st.permutations(range(len(points.edge)))), dtype=np.int64)
    shuffled = Snap(points.edge[order], points.fraction[order], points.distance_m[order])
    a = nearest_service(graph, points=points, places=places, speed_m_per_s=1.0)
    b = nearest_service(graph, points=shuffled, places=places, speed_m_per_s=1.0)
    assert_array_equal(a.time_s, b.time_s)


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
