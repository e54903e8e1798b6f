"""Guaranteed areas on Porto: time, and what polygons promise and walks do not keep, beside the usual ways to draw them.

Twenty minutes from one point in the middle of the town, and from 84 points over it. The peers draw as the tutorials of
osmnx and networkx do: the nodes within reach by ``ego_graph``, and around them the convex hull, a concave hull, or
their edges widened by 25 m. Places are scattered 18 m about the streets of the box around the point, as in the report
on networks, and their class is that of their own walk.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
import shapely
from harness import publish, require
from numpy.typing import NDArray
from porto import Porto, read_porto

from gridmgmt.analysis.snapping import EdgeIndex, Snap, flatten
from gridmgmt.analysis.walking.isochrones import Fineness, Ground, Isochrone, isochrones
from gridmgmt.analysis.walking.model import EdgeCosts
from gridmgmt.analysis.walking.search import nearest

SPEED_M_PER_S = 0.83
LIMITS_CS = (30_000, 60_000, 90_000, 120_000)
LIMIT_CS = LIMITS_CS[-1]
CONNECTION_M = 100.0
SCATTER_M = 18.0
PLACES = 200_000
POINTS = 84
SEED = 2015
ROUNDS = 9
FINEST, COARSER, COARSE = Fineness(0.25, 0.5), Fineness(0.5, 1.0), Fineness(1.0, 2.0)
MOST_S, MOST_OPEN, MOST_DISTRICT_S = 0.15, 0.005, 5.0

Floats = NDArray[np.float64]


class Town:
    """Porto with its index, its costs and its middle."""

    def __init__(self, porto: Porto) -> None:
        self.graph, self.lines = porto.graph, porto.lines
        self.index = EdgeIndex.build(*flatten(porto.lines), mask=porto.graph.edge_component == 0)
        cs = np.maximum(np.rint(100 * porto.graph.length_m / SPEED_M_PER_S), 1).astype(np.int32)
        self.costs = EdgeCosts(cs, cs, SPEED_M_PER_S)
        middles = shapely.get_coordinates(shapely.line_interpolate_point(porto.lines, 0.5, normalized=True))
        self.middle: Floats = np.median(middles, axis=0)
        self.rng = np.random.default_rng(SEED)

    def areas(self, points: Snap, limits_cs: tuple[int, ...], fineness: Fineness) -> tuple[Isochrone, ...]:
        """Return our answer."""
        return isochrones(
            self.graph, [Ground(self.index, CONNECTION_M)], self.costs, self.costs, points=points,
            limits_cs=limits_cs, fineness=fineness,
        )  # fmt: skip

    def places(self, reach_m: float) -> Floats:
        """Return places about the streets of the box around the middle, by length of street."""
        xy = self.index.segment_xy_m
        inside = (np.abs(xy.reshape(-1, 2, 2) - self.middle) < reach_m).all(axis=(1, 2))
        xy = xy[inside]
        length = np.hypot(xy[:, 2] - xy[:, 0], xy[:, 3] - xy[:, 1])
        chosen = self.rng.choice(len(xy), PLACES, p=length / length.sum())
        along = self.rng.random((PLACES, 1))
        spot: Floats = xy[chosen, :2] + along * (xy[chosen, 2:] - xy[chosen, :2])
        return spot + self.rng.normal(0, SCATTER_M / np.sqrt(2), (PLACES, 2))

    def within(self, points: Snap, places: Floats) -> NDArray[np.bool_]:
        """Return which places are within the limit by their own walks."""
        found = nearest(
            self.graph, self.costs, points=points, places=self.index.nearest(places, CONNECTION_M), limit_cs=LIMIT_CS
        )
        return found.place_cs <= LIMIT_CS


def tutorial(town: Town, point: Snap) -> dict[str, Callable[[], Any]]:
    """Return the usual ways, from the reached nodes to a polygon; the graph and its node positions are there before."""
    graph = town.graph
    streets: nx.Graph[int] = nx.Graph()
    streets.add_weighted_edges_from(
        zip(graph.source.tolist(), graph.target.tolist(), graph.length_m.tolist(), strict=True)
    )
    edge = int(point.edge[0])
    start = int(graph.source[edge] if point.fraction[0] < 0.5 else graph.target[edge])
    node_xy = np.full((graph.n_nodes, 2), np.nan)
    node_xy[graph.source] = shapely.get_coordinates(shapely.get_point(town.lines, 0))
    node_xy[graph.target] = shapely.get_coordinates(shapely.get_point(town.lines, -1))

    def reached() -> NDArray[np.int64]:
        ego = nx.ego_graph(streets, start, radius=LIMIT_CS / 100 * SPEED_M_PER_S, distance="weight")
        return np.fromiter(ego.nodes, dtype=np.int64)

    def widened() -> Any:
        nodes = reached()
        both = np.isin(graph.source, nodes) & np.isin(graph.target, nodes)
        return shapely.union_all(shapely.buffer(town.lines[both], 25.0))

    return {
        "convex hull of nodes": lambda: shapely.convex_hull(shapely.multipoints(node_xy[reached()])),
        "concave hull of nodes": lambda: shapely.concave_hull(shapely.multipoints(node_xy[reached()]), ratio=0.1),
        "edges widened by 25 m": widened,
    }


def inside(polygon: Any, places: Floats) -> NDArray[np.bool_]:
    """Return which places a polygon holds."""
    shapely.prepare(polygon)
    held: NDArray[np.bool_] = shapely.contains_xy(polygon, places[:, 0], places[:, 1])
    return held


def timed(run: Callable[[], Any], rounds: int) -> tuple[Any, float]:
    """Return the answer and the median of the seconds."""
    answer, spent = run(), []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        spent.append(time.perf_counter() - began)
    return answer, statistics.median(spent)


def kept_promises(area: Isochrone, places: Floats, within: NDArray[np.bool_]) -> dict[str, float]:
    """Return how far the classes go with the walks of the places; ends where a promise is broken."""
    certain, possible = inside(area.certain, places), inside(area.possible, places)
    require(not (certain & ~within).any(), "a place in certain ground is too far")
    require(not (within & ~certain & ~possible).any(), "a place within the limit is outside of all ground")
    require(area.certain.is_valid and area.possible.is_valid, "an area is not valid")
    return {
        "places": len(places),
        "within": int(within.sum()),
        "left_open": float(possible.mean()),
        "left_open_over_within": float(possible.sum() / within.sum()),
        "agreement_open_as_disagreement": 1.0 - float(possible.mean()),
        "agreement_where_decided": 1.0,
    }


def facts_of(area: Isochrone, seconds: float, fineness: Fineness) -> dict[str, float]:
    """Return size and time of an answer."""
    return {
        "median_s": seconds,
        "cell_m": fineness.cell_m,
        "certain_m2": area.certain.area,
        "possible_m2": area.possible.area,
        "vertices": int(shapely.get_num_coordinates(area.certain) + shapely.get_num_coordinates(area.possible)),
        "holes": int(shapely.get_num_interior_rings(shapely.get_parts(area.certain)).sum()),
    }


def main() -> None:
    """Measure."""
    porto = read_porto()
    town = Town(porto)
    point = town.index.nearest(town.middle[None], CONNECTION_M)
    places = town.places(1_400.0)
    within = town.within(point, places)

    one, one_s = timed(partial(town.areas, point, (LIMIT_CS,), FINEST), ROUNDS)
    _, four_s = timed(partial(town.areas, point, LIMITS_CS, COARSER), ROUNDS)
    promises = kept_promises(one[0], places, within)
    usual = {}
    for name, run in tutorial(town, point).items():
        polygon, seconds = timed(run, 3)
        held = inside(polygon, places)
        usual[name] = {
            "median_s": seconds,
            "own_over_it": one_s / seconds,
            "false_inside_over_within": float((held & ~within).sum() / within.sum()),
            "false_outside_over_within": float((within & ~held).sum() / within.sum()),
            "agreement": float((held == within).mean()),
        }

    spread = town.index.nearest(town.middle + town.rng.normal(0, 5_000, (POINTS, 2)), 500.0)
    district, district_s = timed(partial(town.areas, spread, (LIMIT_CS,), COARSE), 3)
    wide = town.places(15_000.0)
    publish(
        "isochrones",
        {
            **porto.facts, "limit_s": LIMIT_CS / 100, "speed_m_per_s": SPEED_M_PER_S, "rounds": ROUNDS,
            "one point": {**facts_of(one[0], one_s, FINEST), **promises},
            "one point, four limits": {"median_s": four_s},
            "84 points": {
                **facts_of(district[0], district_s, COARSE),
                **kept_promises(district[0], wide, town.within(spread, wide)),
            },
            "usual ways": usual,
        },
        bars={
            "one point in s": (one_s, MOST_S),
            "share of places left open, one point": (promises["left_open"], MOST_OPEN),
            "84 points in s": (district_s, MOST_DISTRICT_S),
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
