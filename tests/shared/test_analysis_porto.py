"""Walks on the real network of Porto, beside scipy and networkx in float64 seconds, and both ways of computing them."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridmgmt.analysis import compiled
from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.model import EdgeCosts, Trip, to_cs, to_s
from gridmgmt.analysis.walking.search import nearest
from gridmgmt.ingest.network import read_network
from tests.support.walks import NOWHERE

pytestmark = pytest.mark.shared_data

SPEED_M_PER_S = 0.83
LIMIT_S = 1200.0
N_POINTS = 500


@pytest.fixture(scope="module")
def porto(shared_data: Path) -> WalkGraph:
    network = read_network(shared_data / "networks" / "porto_portugal.osm.pbf")
    return build_graph(len(network.node_lonlat), network.source, network.target, network.length_m)


@pytest.fixture(scope="module")
def costs(porto: WalkGraph) -> EdgeCosts:
    cost = np.maximum(to_cs(porto.length_m / SPEED_M_PER_S), 1).astype(np.int32)
    return EdgeCosts(cost, cost, SPEED_M_PER_S)


@pytest.fixture(scope="module")
def points(porto: WalkGraph) -> Snap:
    rng = np.random.default_rng(2015)
    edge = rng.choice(np.flatnonzero(porto.edge_component == 0), N_POINTS, replace=False)
    return Snap(edge.astype(np.int32), rng.random(N_POINTS), rng.uniform(0, 60, N_POINTS))


@pytest.fixture(scope="module")
def node_time_s(porto: WalkGraph, costs: EdgeCosts, points: Snap) -> np.ndarray:
    found = nearest(porto, costs, points=points, places=NOWHERE, limit_cs=int(to_cs(LIMIT_S)))
    return to_s(found.node_cs)


@pytest.fixture(scope="module")
def split_edges(porto: WalkGraph, points: Snap) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends and metres of all edges, with each point as a node more that is joined to both ends of its edge."""
    along = points.fraction * porto.length_m[points.edge]
    rest = porto.length_m[points.edge] - along
    own = porto.n_nodes + np.arange(N_POINTS)
    ends = (
        np.concatenate([porto.source, own, own]),
        np.concatenate([porto.target, porto.source[points.edge], porto.target[points.edge]]),
    )
    return *ends, np.concatenate([porto.length_m, points.distance_m + along, points.distance_m + rest])


def check(found_s: np.ndarray, expected_s: np.ndarray) -> None:
    clear = np.abs(expected_s - LIMIT_S) > 1.0
    assert_array_equal(np.isfinite(found_s)[clear], (expected_s <= LIMIT_S)[clear])
    both = np.isfinite(found_s) & (expected_s <= LIMIT_S)
    assert both.sum() > 0.2 * len(found_s)
    assert np.abs(found_s[both] - expected_s[both]).max() <= 0.1


def test_every_node_has_the_class_that_scipy_gives(porto, node_time_s, split_edges) -> None:
    start, end, metres = split_edges
    shortest = np.lexsort((metres, end, start))
    first = np.append(True, (np.diff(start[shortest]) != 0) | (np.diff(end[shortest]) != 0))
    kept = shortest[first]
    n = porto.n_nodes + N_POINTS
    one_way = csr_array((metres[kept], (start[kept], end[kept])), shape=(n, n))
    # Undirected in scipy takes the smaller of both directions, so edges drawn both ways are not summed.
    metres_to = dijkstra(one_way, directed=False, indices=np.arange(porto.n_nodes, n), min_only=True)
    check(node_time_s, metres_to[: porto.n_nodes] / SPEED_M_PER_S)


def test_a_sample_of_nodes_has_the_class_that_networkx_gives(porto, node_time_s, split_edges) -> None:
    town = nx.MultiGraph()
    town.add_nodes_from(range(porto.n_nodes + N_POINTS))
    town.add_weighted_edges_from(zip(*(array.tolist() for array in split_edges), strict=True))
    found = nx.multi_source_dijkstra_path_length(town, set(range(porto.n_nodes, porto.n_nodes + N_POINTS)))
    sample = np.random.default_rng(1).choice(porto.n_nodes, 2000, replace=False)
    expected_s = np.array([found.get(node, np.inf) for node in sample.tolist()]) / SPEED_M_PER_S
    check(node_time_s[sample], expected_s)


def test_scipy_alone_gives_every_place_the_same_label(porto, costs, points) -> None:
    """With streets that cost more the one way, and some that are closed: 5,000 places, to the bit."""
    rng = np.random.default_rng(3)
    slower = np.minimum(costs.out_cs * rng.uniform(1, 1.5, porto.n_edges), 1 << 29).astype(np.int32)
    directed = EdgeCosts(
        costs.out_cs, np.where(rng.random(porto.n_edges) < 0.02, 1 << 30, slower).astype(np.int32), 0.8
    )
    edge = rng.integers(0, porto.n_edges, 5_000).astype(np.int32)
    places = Snap(edge, rng.random(5_000), rng.uniform(0, 100, 5_000))
    question = {"points": points, "places": places, "trip": Trip.FROM_POINT, "limit_cs": 200_000}
    ours = nearest(porto, directed, **question)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "AVAILABLE", False)
        its = nearest(porto, directed, **question)
    for name in ("place_cs", "place_point", "node_cs", "node_point"):
        assert_array_equal(getattr(ours, name), getattr(its, name))
