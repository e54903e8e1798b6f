"""Real streets of five cities that nothing here was made for, and walks on them a second time in float64 seconds."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
import pyproj
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import EdgeIndex, Snap, flatten
from gridmgmt.analysis.walking.assembly import Edges
from gridmgmt.analysis.walking.costs import edge_costs
from gridmgmt.analysis.walking.model import EdgeCosts, Trait, WalkProfile
from gridmgmt.ingest.network import read_network

CITIES = {
    "helsinki": ("helsinki_centre.osm.pbf", 32635),
    "monaco": ("monaco.osm.pbf", 32632),
    "futian": ("shenzhen_futian_osmnx.graphml.gz", 32650),
    "dachang": ("shanghai_baoshan_dachang.osm.pbf", 4549),
    "shanghai": ("shanghai_center_roads.osm.gz", 4549),
}
HILLS = WalkProfile(
    "hills", "1", 0.83, 0.2, 2.0, 8.0, 1.3, 1.5, slope=True, most_slope=0.1, wheelchair=False,
    evidence="R", source="made by a test",
)  # fmt: skip
"""All that can slow a walk at once; some streets of each city are too steep for it."""


@dataclass(frozen=True, eq=False)
class City:
    """Streets as edges in degrees, and in metres for snapping; slopes are made up, so that out and back differ."""

    edges: Edges
    crs: pyproj.CRS
    graph: WalkGraph
    lines_m: np.ndarray
    index: EdgeIndex

    def costs(self, profile: WalkProfile = HILLS) -> EdgeCosts:
        return edge_costs(self.edges.length_m, self.edges.traits, self.edges.slope, profile)

    def spots(self, seed: int, n: int, reach_m: float = 80.0) -> Snap:
        """Spots all over the city, of which some join no street; every tenth is where the one before is."""
        rng = np.random.default_rng(seed)
        at = shapely.line_interpolate_point(rng.choice(self.lines_m, n), rng.random(n), normalized=True)
        xy = shapely.get_coordinates(at) + rng.normal(0, 30, (n, 2))
        xy[1::10] = xy[::10][: len(xy[1::10])]
        return self.index.nearest(xy, reach_m)


def read_city(folder: Path, name: str) -> City:
    file, epsg = CITIES[name]
    crs = pyproj.CRS.from_epsg(epsg)
    source, target, lines, length_m, traits = _streets(folder / "networks" / file)
    vertices, offsets = flatten(lines)
    n_nodes = int(max(source.max(), target.max())) + 1
    to_metres = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    lines_m = shapely.transform(lines, lambda xy: np.column_stack(to_metres.transform(*xy.T)))
    slope = np.where((source + target) % 7 == 0, np.nan, _rise_m(lines_m) / length_m).astype(np.float32)
    edges = Edges(n_nodes, source, target, length_m, traits, slope, vertices, offsets)
    graph = build_graph(n_nodes, source, target, length_m)
    index = EdgeIndex.build(*flatten(lines_m), graph.edge_component == 0)
    return City(edges, crs, graph, lines_m, index)


def _rise_m(lines_m: np.ndarray) -> np.ndarray:
    """How much higher lines end than they begin, on made-up hills of up to one in seven."""
    ends = (shapely.get_coordinates(shapely.get_point(lines_m, end)).T for end in (0, -1))
    low, high = (20.0 * np.sin(x / 170.0) * np.cos(y / 230.0) for x, y in ends)
    return high - low


def _streets(path: Path) -> tuple[np.ndarray, ...]:
    """Ends, lines, metres and traits of edges; the graph of OSMnx has most of them twice, once for each way."""
    if path.suffix != ".gz" or ".graphml" not in path.suffixes:
        found = read_network(path)
        return found.source, found.target, found.geometry, found.length_m, found.traits
    with gzip.open(path) as file:
        town = nx.read_graphml(file)
    number = {node: i for i, node in enumerate(town)}
    xy = {node: (float(of["x"]), float(of["y"])) for node, of in town.nodes(data=True)}
    rows = [(a, b, of) for a, b, of in town.edges(data=True) if a != b]
    lines = [
        shapely.from_wkt(of["geometry"]) if "geometry" in of else shapely.LineString([xy[a], xy[b]])
        for a, b, of in rows
    ]
    steps = ["steps" in str(of.get("highway")) for *_, of in rows]
    return (
        np.array([number[a] for a, *_ in rows], dtype=np.int32),
        np.array([number[b] for _, b, _ in rows], dtype=np.int32),
        np.array(lines, dtype=object),
        np.array([float(of["length"]) for *_, of in rows]),
        np.where(steps, int(Trait.STEPS), 0).astype(np.int32),
    )


def seconds(city: City, profile: WalkProfile) -> tuple[np.ndarray, np.ndarray]:
    """What each edge takes out and back, infinite where forbidden; edge by edge, from the words of the docs."""
    ways = []
    for sign in (1, -1):
        found = []
        for length, traits, slope in zip(
            city.edges.length_m, city.edges.traits.tolist(), city.edges.slope, strict=True
        ):
            steps = bool(traits & Trait.STEPS)
            factor = max(
                profile.unpaved_factor if traits & Trait.UNPAVED else 1.0,
                profile.rough_factor if traits & Trait.ROUGH else 1.0,
            )
            if steps:
                factor *= profile.steps_factor or 1.0
            elif profile.slope and not np.isnan(slope):
                factor *= np.exp(-3.5 * 0.05) / np.exp(-3.5 * abs(sign * float(slope) + 0.05))
            wait = profile.crossing_s if traits & Trait.CROSSING else 0.0
            steep = profile.most_slope is not None and abs(float(slope)) > profile.most_slope and not steps
            found.append(np.inf if steep else length / profile.speed_m_per_s * factor + wait)
        ways.append(np.array(found))
    return ways[0], ways[1]


@dataclass(frozen=True, eq=False)
class SplitCity:
    """Streets split at every spot: each is a node of its own at the end of its access leg; arcs in seconds."""

    n: int
    arcs: csr_array
    point_node: np.ndarray
    place_node: np.ndarray

    def all_pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Seconds from every place to every point and back, ``(points, places)``."""
        there = dijkstra(self.arcs.T.tocsr(), indices=self.point_node)[:, self.place_node]
        return there, dijkstra(self.arcs, indices=self.point_node)[:, self.place_node]


def split_city(
    city: City, ways_s: tuple[np.ndarray, np.ndarray], speed: float, points: Snap, places: Snap
) -> SplitCity:
    n, spots = city.graph.n_nodes, (points, places)
    edge, share, leg = (np.concatenate([getattr(s, name) for s in spots]) for name in Snap.__slots__)
    own = n + np.arange(len(edge))
    foot = own + len(edge)
    on = np.flatnonzero(edge >= 0)
    n_edges = city.graph.n_edges
    stop_edge = np.concatenate([np.tile(np.arange(n_edges), 2), edge[on]])
    stop_share = np.concatenate([np.zeros(n_edges), np.ones(n_edges), share[on]])
    turn = np.repeat([0, 2, 1], [n_edges, n_edges, len(on)])
    node = np.concatenate([city.graph.source, city.graph.target, foot[on]])
    order = np.lexsort((stop_share, turn, stop_edge))
    stop_edge, stop_share, node = stop_edge[order], stop_share[order], node[order]
    next_ = np.flatnonzero(np.diff(stop_edge) == 0)
    part, of = np.diff(stop_share)[next_], stop_edge[next_]
    # Feet at one and the same spot are one spot also on a street that nobody walks; 0 · inf is no number.
    together = (part == 0) & (node[next_] >= n) & (node[next_ + 1] >= n)
    part = np.where(together, 0.0, np.maximum(part, 1e-300))
    with np.errstate(invalid="ignore"):
        out, back = (np.where(together, 0.0, part * s[of]) for s in ways_s)
    leg_s = leg[on] / speed
    start = np.concatenate([node[next_], node[next_ + 1], own[on], foot[on]])
    end = np.concatenate([node[next_ + 1], node[next_], foot[on], own[on]])
    # scipy takes a step of no length for none.
    time = np.maximum(np.concatenate([out, back, leg_s, leg_s]), 1e-9)
    walked = np.isfinite(time) & (start != end)
    start, end, time = start[walked], end[walked], time[walked]
    order = np.lexsort((time, end, start))
    start, end, time = start[order], end[order], time[order]
    first = np.append(True, (np.diff(start) != 0) | (np.diff(end) != 0))
    size = n + 2 * len(edge)
    arcs = csr_array((time[first], (start[first], end[first])), shape=(size, size))
    return SplitCity(size, arcs, own[: len(points.edge)], own[len(points.edge) :])
