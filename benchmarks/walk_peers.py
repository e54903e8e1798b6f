"""The walk networks of the benchmarks, and what general graph libraries answer on them in the same 0.01 s units.

Points stand on nodes of the largest component, so that every library can be asked the same question.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import igraph
import networkx as nx
import numpy as np
import psycopg
from harness import Run, require
from numpy.typing import NDArray
from porto import read_porto
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, to_cs
from gridmgmt.cluster import Cluster

POINTS = 500
SEED = 2015
SPEED_M_PER_S = 0.83
LIMIT_CS = 120_000
GRID_NODES_A_SIDE, GRID_EDGES, GRID_STEP_M = 760, 1_000_000, 80.0

Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]


@dataclass(frozen=True)
class Question:
    """A graph with costs, and points on its nodes."""

    graph: WalkGraph
    xy: NDArray[np.float64]
    costs: EdgeCosts
    points: Snap

    @property
    def sources(self) -> NDArray[np.int32]:
        """Return the nodes that the points stand on."""
        return self.graph.source[self.points.edge]

    @property
    def facts(self) -> dict[str, object]:
        """Return the size of the question."""
        n_nodes, n_edges, limit_s = self.graph.n_nodes, self.graph.n_edges, LIMIT_CS / 100
        return {
            "nodes": n_nodes, "edges": n_edges, "points": POINTS, "speed_m_per_s": SPEED_M_PER_S, "limit_s": limit_s,
        }  # fmt: skip

    @cached_property
    def pairs(self) -> Pairs:
        """Return each pair of joined nodes once, with the least cost: what scipy's matrix can hold."""
        source, target, cost = self.graph.source, self.graph.target, self.costs.out_cs
        low, high = np.minimum(source, target), np.maximum(source, target)
        order = np.lexsort((cost, high, low))
        order = order[low[order] != high[order]]
        first = np.append(True, (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0))
        kept = order[first]
        return low[kept], high[kept], cost[kept].astype(np.float64)

    @cached_property
    def matrix(self) -> csr_array:
        """Return the pairs both ways."""
        low, high, cost = self.pairs
        ends = np.append(low, high), np.append(high, low)
        return csr_array((np.append(cost, cost), ends), shape=(self.graph.n_nodes, self.graph.n_nodes))


def _question(graph: WalkGraph, xy: NDArray[np.float64]) -> Question:
    edge = np.random.default_rng(SEED).choice(np.flatnonzero(graph.edge_component == 0), POINTS, replace=False)
    points = Snap(edge.astype(np.int32), np.zeros(POINTS), np.zeros(POINTS))
    cost = np.maximum(to_cs(graph.length_m / SPEED_M_PER_S), 1).astype(np.int32)
    return Question(graph, xy, EdgeCosts(cost, cost, SPEED_M_PER_S), points)


def porto() -> Question:
    """Return 500 points in Porto."""
    read = read_porto()
    return _question(read.graph, read.node_xy)


def grid() -> Question:
    """Return 500 points in a million streets of about 80 m: a grid of 577,600 nodes, each moved up to 20 m."""
    rng = np.random.default_rng(SEED)
    node = np.arange(GRID_NODES_A_SIDE**2, dtype=np.int32).reshape(GRID_NODES_A_SIDE, GRID_NODES_A_SIDE)
    row, column = np.divmod(node.ravel(), GRID_NODES_A_SIDE)
    xy = np.column_stack([column, row]) * GRID_STEP_M + rng.uniform(-20, 20, (node.size, 2))
    source = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    target = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    kept = np.sort(rng.choice(len(source), GRID_EDGES, replace=False))
    source, target = source[kept], target[kept]
    length_m = np.hypot(*(xy[source] - xy[target]).T)
    return _question(build_graph(node.size, source, target, length_m), xy)


def scipy_run(question: Question) -> Run:
    """Return the question to scipy."""
    return partial(dijkstra, question.matrix, indices=question.sources, min_only=True, limit=LIMIT_CS)


def igraph_run(question: Question) -> Run:
    """Return the question to igraph, from one more node that is joined to all points by edges of no length."""
    low, high, cost = question.pairs
    n_nodes, sources = question.graph.n_nodes, question.sources.tolist()
    ends = [*zip(low.tolist(), high.tolist(), strict=True), *((n_nodes, source) for source in sources)]
    town = igraph.Graph(n=n_nodes + 1, edges=ends)
    return partial(town.distances, source=n_nodes, weights=[*cost.tolist(), *[0.0] * len(sources)])


def networkx_run(question: Question) -> Run:
    """Return the question to networkx."""
    town: nx.Graph[int] = nx.Graph()
    town.add_nodes_from(range(question.graph.n_nodes))
    town.add_weighted_edges_from(zip(*(ends.tolist() for ends in question.pairs), strict=True))
    return partial(nx.multi_source_dijkstra_path_length, town, set(question.sources.tolist()), cutoff=LIMIT_CS)


def pandana_run(question: Question) -> Run:
    """Return the question to pandana, its contraction hierarchies built and the points known."""
    import pandana  # noqa: PLC0415 - a peer of one benchmark; prints as it is loaded
    import pandas as pd  # noqa: PLC0415

    low, high, cost = question.pairs
    x, y = (pd.Series(axis) for axis in question.xy.T)
    town = pandana.Network(x, y, pd.Series(low), pd.Series(high), pd.DataFrame({"s": cost / 100}), twoway=True)
    limit_s = LIMIT_CS / 100
    town.set_pois("points", limit_s, 1, x.iloc[question.sources], y.iloc[question.sources])
    return partial(town.nearest_pois, limit_s, "points", num_pois=1)


PGROUTING = """
SELECT node, min(agg_cost) FROM pgr_drivingDistance(
    'SELECT id, source, target, cost FROM edges', %s::bigint[], %s::float8, directed := false, equicost := false
) GROUP BY node
"""


@contextmanager
def pgrouting_run(question: Question) -> Iterator[dict[str, Run]]:
    """Yield the question to pgRouting on a server of its own; nothing, with a line why, where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with Cluster(Path(folder) / "data").using() as url, psycopg.connect(_plain(url), autocommit=True) as server:
            try:
                server.execute("CREATE EXTENSION IF NOT EXISTS postgis; CREATE EXTENSION pgrouting")
            except psycopg.Error as error:
                print(f"pgRouting: not run: {error.diag.message_primary}")
                yield {}
                return
            server.execute("CREATE TABLE edges (id bigint PRIMARY KEY, source bigint, target bigint, cost float8)")
            with server.cursor().copy("COPY edges FROM STDIN") as copy:
                for row in zip(range(len(question.pairs[0])), *(ends.tolist() for ends in question.pairs), strict=True):
                    copy.write_row(row)
            server.execute("ANALYZE edges")

            def run() -> list[tuple[int, float]]:
                asked = [question.sources.tolist(), float(LIMIT_CS)]
                return server.execute(PGROUTING, asked, prepare=False).fetchall()

            yield {"pgRouting": run}


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def times_cs(answer: Any, n_nodes: int) -> NDArray[np.float64]:
    """Return a peer's answer, in its own form, as hundredths of a second of every node, infinite beyond the limit."""
    cs = np.full(n_nodes, np.inf)
    if isinstance(answer, dict):
        cs[list(answer)] = list(answer.values())
    elif isinstance(answer, list) and isinstance(answer[0], tuple):
        cs[[node for node, _ in answer]] = [time for _, time in answer]
    elif hasattr(answer, "columns"):  # pandana tells the limit itself where nothing is within it
        cs[:] = np.where(answer[1] < LIMIT_CS / 100, answer[1] * 100, np.inf)
    else:
        cs[:] = np.ravel(answer)[:n_nodes]
    return np.where(cs <= LIMIT_CS, cs, np.inf)


def agree(own: Any, peer: str, answer: Any) -> Mapping[str, object]:
    """Require one class for every node farther than 1 s from the limit, and times within 0.1 s."""
    mine = np.where(own.node_cs < NO_WAY, own.node_cs, np.inf)
    its = times_cs(answer, len(mine))
    both = np.isfinite(mine) & np.isfinite(its)
    differ = np.flatnonzero(np.isfinite(mine) != np.isfinite(its))
    far_off = np.abs(np.fmin(mine[differ], its[differ]) - LIMIT_CS) > 100
    largest_s = float(np.abs(mine[both] - its[both]).max()) / 100
    require(not far_off.any(), f"{peer}: {far_off.sum()} nodes are of another class")
    require(largest_s <= 0.1, f"{peer}: a time differs by {largest_s} s")
    return {
        "nodes_covered": int(np.isfinite(its).sum()),
        "class_differs": len(differ),
        "largest_difference_s": largest_s,
    }
