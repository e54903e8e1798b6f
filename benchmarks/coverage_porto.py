"""Nearest-point coverage: walking time of every node of Porto to the nearest of 500 seeded points, limit 20 minutes.

The points stand on nodes of the largest component, so that general graph libraries can answer the same question.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import igraph
import networkx as nx
import numpy as np
from harness import compare, require
from numpy.typing import NDArray
from porto import read_porto
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridmgmt.analysis.coverage import nearest_service
from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import Snap

POINTS = 500
SEED = 2015
SPEED_M_PER_S = 0.83
LIMIT_S = 1200.0
LIMIT_M = LIMIT_S * SPEED_M_PER_S
ROUNDS = 21

Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]


def simple_edges(graph: WalkGraph) -> Pairs:
    """Return each pair of joined nodes once, with the shortest of its edges: what scipy's matrix can hold."""
    low, high = np.minimum(graph.source, graph.target), np.maximum(graph.source, graph.target)
    order = np.lexsort((graph.length_m, high, low))
    order = order[low[order] != high[order]]
    first = np.append(True, (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0))
    return low[order][first], high[order][first], graph.length_m[order][first]


def scipy_run(n_nodes: int, edges: Pairs, sources: NDArray[np.int32]) -> partial[Any]:
    """Return the question to scipy."""
    low, high, length_m = edges
    rows, columns = np.append(low, high), np.append(high, low)
    matrix = csr_array((np.append(length_m, length_m), (rows, columns)), shape=(n_nodes, n_nodes))
    return partial(dijkstra, matrix, indices=sources, min_only=True, limit=LIMIT_M)


def igraph_run(n_nodes: int, edges: Pairs, sources: NDArray[np.int32]) -> partial[Any]:
    """Return the question to igraph, from one more node that is joined to all points by edges of no length."""
    low, high, length_m = edges
    ends = [*zip(low.tolist(), high.tolist(), strict=True), *((n_nodes, source) for source in sources.tolist())]
    town = igraph.Graph(n=n_nodes + 1, edges=ends)
    return partial(town.distances, source=n_nodes, weights=[*length_m.tolist(), *[0.0] * len(sources)])


def networkx_run(n_nodes: int, edges: Pairs, sources: NDArray[np.int32]) -> partial[Any]:
    """Return the question to networkx."""
    town: nx.Graph[int] = nx.Graph()
    town.add_nodes_from(range(n_nodes))
    town.add_weighted_edges_from(zip(*(ends.tolist() for ends in edges), strict=True))
    return partial(nx.multi_source_dijkstra_path_length, town, set(sources.tolist()), cutoff=LIMIT_M)


def times_s(answer: Any, n_nodes: int) -> NDArray[np.float64]:
    """Return a peer's answer, metres in its own form, as seconds of every node, infinite beyond the limit."""
    metres = np.full(n_nodes, np.inf)
    if isinstance(answer, dict):
        metres[list(answer)] = list(answer.values())
    else:
        metres[:] = np.ravel(answer)[:n_nodes]
    return np.where(metres <= LIMIT_M, metres / SPEED_M_PER_S, np.inf)


def agree(own: Any, peer: str, answer: Any) -> Mapping[str, object]:
    """Require one class for every node farther than 1 s from the limit, and times within 0.1 s."""
    mine, its = own.node_time_s, times_s(answer, len(own.node_time_s))
    both = np.isfinite(mine) & np.isfinite(its)
    differ = np.flatnonzero(np.isfinite(mine) != np.isfinite(its))
    far_off = np.abs(np.fmin(mine[differ], its[differ]) - LIMIT_S) > 1.0
    largest = float(np.abs(mine[both] - its[both]).max())
    require(not far_off.any(), f"{peer}: {far_off.sum()} nodes are of another class")
    require(largest <= 0.1, f"{peer}: a time differs by {largest} s")
    return {"nodes_covered": int(np.isfinite(its).sum()), "class_differs": len(differ), "largest_difference_s": largest}


def main() -> None:
    """Compare."""
    porto = read_porto()
    graph = porto.graph
    edge = np.random.default_rng(SEED).choice(np.flatnonzero(graph.edge_component == 0), POINTS, replace=False)
    points = Snap(edge.astype(np.int32), np.zeros(POINTS), np.zeros(POINTS))
    no_places = Snap(np.empty(0, np.int32), np.empty(0), np.empty(0))
    question = graph.n_nodes, simple_edges(graph), graph.source[edge]
    compare(
        "coverage_porto",
        own=partial(
            nearest_service, graph, points=points, places=no_places, speed_m_per_s=SPEED_M_PER_S, limit_s=LIMIT_S
        ),
        peers={"scipy": scipy_run(*question), "igraph": igraph_run(*question), "networkx": networkx_run(*question)},
        agree=agree,
        bars={"scipy": 1.2, "networkx": 1 / 15},
        rounds=ROUNDS,
        facts={**porto.facts, "points": POINTS, "speed_m_per_s": SPEED_M_PER_S, "limit_s": LIMIT_S},
    )


if __name__ == "__main__":
    main()
