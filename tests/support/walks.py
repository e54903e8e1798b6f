"""Random streets with directed costs, and their walks a second time by networkx on streets split at every spot."""

from itertools import pairwise

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip

SPEED_M_PER_S = 0.83
NOWHERE = Snap(np.empty(0, np.int32), np.empty(0), np.empty(0))


def snap(*spots: tuple[int, float, float]) -> Snap:
    """Return the snap of spots ``(edge, share of the edge from its source, access leg in metres)``."""
    return Snap(
        np.array([spot[0] for spot in spots], dtype=np.int32),
        np.array([spot[1] for spot in spots], dtype=np.float64),
        np.array([spot[2] for spot in spots], dtype=np.float64),
    )


def costs(out_cs: list[int], back_cs: list[int] | None = None, speed_m_per_s: float = 1.0) -> EdgeCosts:
    out = np.array(out_cs, dtype=np.int32)
    return EdgeCosts(out, out if back_cs is None else np.array(back_cs, dtype=np.int32), speed_m_per_s)


def random_snap(rng: np.random.Generator, n: int, n_edges: int) -> Snap:
    """Return snaps on random edges, some at the ends, some at one spot, some on no edge."""
    fraction = np.where(rng.random(n) < 0.3, rng.integers(0, 2, n), rng.random(n))
    fraction = np.where(rng.random(n) < 0.2, 0.5, fraction)
    distance = np.where(rng.random(n) < 0.3, 0.0, rng.uniform(0, 80, n))
    return Snap(rng.integers(-1, n_edges, n).astype(np.int32), fraction.astype(np.float64), distance)


def random_walk(seed: int, *, symmetric: bool) -> tuple[WalkGraph, EdgeCosts, Snap, Snap]:
    """Return streets with islands, loops, parallel and closed edges, equal costs among them, with points and places."""
    rng = np.random.default_rng(seed)
    n_nodes, n_edges = int(rng.integers(1, 50)), int(rng.integers(1, 80))
    graph = build_graph(n_nodes, rng.integers(0, n_nodes, n_edges), rng.integers(0, n_nodes, n_edges), np.ones(n_edges))
    kind, closed = rng.integers(0, 3), rng.choice([0.0, 0.15])

    def one_way() -> np.ndarray:
        cost = (rng.integers(1, 40_000, n_edges), rng.choice([1, 5_000], n_edges), np.full(n_edges, 8_000))[kind]
        return np.where(rng.random(n_edges) < closed, NO_WAY, cost).astype(np.int32)

    out_cs = one_way()
    both = EdgeCosts(out_cs, out_cs if symmetric else one_way(), SPEED_M_PER_S)
    return graph, both, random_snap(rng, int(rng.integers(0, 8)), n_edges), random_snap(rng, 20, n_edges)


walks = st.builds(
    lambda seed, symmetric: random_walk(seed, symmetric=symmetric), st.integers(0, 2**32 - 1), st.booleans()
)


def split_streets(graph: WalkGraph, both: EdgeCosts, points: Snap, places: Snap) -> nx.MultiDiGraph:
    """Return the streets with every point and place as a node of its own at the end of its access leg."""
    town: nx.MultiDiGraph = nx.MultiDiGraph()
    town.add_nodes_from(range(graph.n_nodes))
    feet: dict[int, list[tuple[float, object]]] = {edge: [] for edge in range(graph.n_edges)}
    for kind, spots in (("point", points), ("place", places)):
        for i, edge in enumerate(spots.edge.tolist()):
            town.add_node((kind, i))
            if edge >= 0:
                leg = round(100 * float(spots.distance_m[i]) / both.speed_m_per_s)
                feet[edge].append((float(spots.fraction[i]), (kind, i, "foot")))
                town.add_edge((kind, i), (kind, i, "foot"), weight=leg)
                town.add_edge((kind, i, "foot"), (kind, i), weight=leg)
    for edge, on_it in feet.items():
        ends = int(graph.source[edge]), int(graph.target[edge])
        out, back = int(both.out_cs[edge]), int(both.back_cs[edge])
        row = [(0.0, ends[0]), *sorted(on_it, key=lambda stop: stop[0]), (1.0, ends[1])]
        for (at, here), (then, there) in pairwise(row):
            both_feet = isinstance(here, tuple) and isinstance(there, tuple)
            if out < NO_WAY or (at == then and both_feet):
                town.add_edge(here, there, weight=round(then * out) - round(at * out))
            if back < NO_WAY or (at == then and both_feet):
                town.add_edge(there, here, weight=round(then * back) - round(at * back))
    return town


def walk_times(town: nx.MultiDiGraph, n_points: int, n_places: int, trip: Trip) -> np.ndarray:
    """Return the time of every pair, ``(points, places)``, NO_WAY where there is none."""
    there, back = np.full((2, n_points, n_places), NO_WAY, dtype=np.int64)
    for i in range(n_points):
        to = nx.single_source_dijkstra_path_length(town.reverse(copy=False), ("point", i))
        fro = nx.single_source_dijkstra_path_length(town, ("point", i))
        there[i] = [to.get(("place", j), NO_WAY) for j in range(n_places)]
        back[i] = [fro.get(("place", j), NO_WAY) for j in range(n_places)]
    return np.minimum({Trip.TO_POINT: there, Trip.FROM_POINT: back, Trip.ROUND: there + back}[trip], NO_WAY)
