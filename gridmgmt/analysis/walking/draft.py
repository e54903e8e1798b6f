"""Edges while a network is put together: cut, joined and parted; kept ones by their number, new ones behind them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.walking.model import Trait

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_WGS84 = 4326

AT_END_M = 0.1
"""A cut this near to an edge's end is at the end: rounding makes no piece of its own."""


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of a network edition: arrays of shape ``(n,)``, and their lines as vertices in degrees and offsets."""

    n_nodes: int
    source: Ints
    target: Ints
    length_m: Floats
    traits: Ints
    slope: NDArray[np.float32]
    vertices: Floats
    offsets: NDArray[np.int64]


@dataclass
class _New:
    """An edge that the edition does not have; a length of NaN is measured at the end."""

    source: int
    target: int
    length_m: float
    traits: int
    slope: float
    base_edge: int
    xy: Floats
    zone: int = -1
    gate: int = -1
    passage: int = 0
    inner: int = 0
    own: bool = False
    """Of the ways that only those who live in the zone walk."""
    alive: bool = True

    @property
    def is_way(self) -> bool:
        """Whether it is still there, and no passage."""
        return self.alive and not self.traits & Trait.GATE

    @property
    def is_passage(self) -> bool:
        """Whether it is still there, and a passage."""
        return self.alive and bool(self.traits & Trait.GATE)


class Draft:
    """Edges that may be cut, joined and parted; all positions in metres of the metric system ``crs``.

    Numbers below ``n_base`` are edges of the edition, those from it on are new. What is cut or taken away is no longer
    alive; the numbers of the others stay.
    """

    def __init__(self, edges: Edges, crs: pyproj.CRS) -> None:
        self.base = edges
        self.crs = crs
        self.xy_m = project(edges.vertices, crs)
        self.n_base = len(edges.source)
        self.n_nodes = edges.n_nodes
        self.source, self.target = edges.source.copy(), edges.target.copy()
        self.alive = np.ones(self.n_base, dtype=bool)
        self.zone = np.full(self.n_base, -1, dtype=np.int32)
        self.new: list[_New] = []
        self.node_xy: list[Floats] = []
        self._boxes = np.empty((64, 4))

    @property
    def n_edges(self) -> int:
        """Return how many numbers of edges are given out, alive or not."""
        return self.n_base + len(self.new)

    def xy(self, edge: int) -> Floats:
        """Return the vertices of an edge, ``(k, 2)`` metres."""
        if edge >= self.n_base:
            return self.new[edge - self.n_base].xy
        begin, end = self.base.offsets[edge : edge + 2]
        vertices: Floats = self.xy_m[begin:end]
        return vertices

    def line(self, edge: int) -> shapely.LineString:
        """Return the line of an edge in metres."""
        line: shapely.LineString = self.lines[edge] if edge < self.n_base else shapely.LineString(self.xy(edge))
        return line

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """Return the lines of the edition's edges in metres."""
        number = np.repeat(np.arange(self.n_base), np.diff(self.base.offsets))
        return np.asarray(shapely.linestrings(self.xy_m, indices=number), dtype=object)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.lines)

    def is_alive(self, edge: int) -> bool:
        """Tell whether an edge is still there."""
        return bool(self.alive[edge]) if edge < self.n_base else self.new[edge - self.n_base].alive

    def ends(self, edge: int) -> tuple[int, int]:
        """Return source and target of an edge."""
        if edge < self.n_base:
            return int(self.source[edge]), int(self.target[edge])
        return self.new[edge - self.n_base].source, self.new[edge - self.n_base].target

    def traits(self, edge: int) -> int:
        """Return the traits of an edge."""
        return int(self.base.traits[edge]) if edge < self.n_base else self.new[edge - self.n_base].traits

    def zone_of(self, edge: int) -> int:
        """Return the zone of an edge, -1 for none."""
        return int(self.zone[edge]) if edge < self.n_base else self.new[edge - self.n_base].zone

    def set_zone(self, edge: int, zone: int) -> None:
        """Put an edge into a zone."""
        if edge < self.n_base:
            self.zone[edge] = zone
        else:
            self.new[edge - self.n_base].zone = zone

    def living(self) -> Ints:
        """Return the numbers of all living edges but passages, ascending."""
        new = [self.n_base + i for i, edge in enumerate(self.new) if edge.is_way]
        return np.concatenate([np.flatnonzero(self.alive), new]).astype(np.int32)

    def ends_of(self, edges: Ints) -> tuple[Ints, Ints]:
        """Return sources and targets of edges, ``(n,)`` each."""
        source = np.concatenate([self.source, np.array([edge.source for edge in self.new], dtype=np.int32)])
        target = np.concatenate([self.target, np.array([edge.target for edge in self.new], dtype=np.int32)])
        return source[edges], target[edges]

    def zones_of(self, edges: Ints) -> Ints:
        """Return the zones of edges, ``(n,)``."""
        zones: Ints = np.concatenate([self.zone, np.array([edge.zone for edge in self.new], dtype=np.int32)])[edges]
        return zones

    def traits_of(self, edges: Ints) -> Ints:
        """Return the traits of edges, ``(n,)``."""
        new = np.array([edge.traits for edge in self.new], dtype=np.int32)
        traits: Ints = np.concatenate([self.base.traits, new])[edges]
        return traits

    @cached_property
    def _base_positions(self) -> Floats:
        xy = np.full((self.base.n_nodes, 2), np.nan)
        first, last = self.base.offsets[:-1], self.base.offsets[1:] - 1
        xy[self.base.source], xy[self.base.target] = self.xy_m[first], self.xy_m[last]
        return xy

    def positions(self) -> Floats:
        """Return the position of every node, ``(n_nodes, 2)``; NaN for one without edges."""
        return np.vstack([self._base_positions, *self.node_xy])

    def position(self, node: int) -> Floats:
        """Return the position of a node."""
        known: Floats = (
            self._base_positions[node] if node < self.base.n_nodes else self.node_xy[node - self.base.n_nodes]
        )
        return known

    def meeting(self, shape: shapely.Geometry, within_m: float = 0.0) -> list[int]:
        """Return the living edges that come within some metres of a shape, ascending; passages of no length are not."""
        if within_m:
            found = self._tree.query(shape, predicate="dwithin", distance=within_m)
        else:
            found = self._tree.query(shape, predicate="intersects")
        kept = sorted(found[self.alive[found]].tolist())
        west, south, east, north = shapely.bounds(shape)
        boxes = self._boxes[: len(self.new)]
        near = (boxes[:, 0] <= east + within_m) & (boxes[:, 2] >= west - within_m)
        near &= (boxes[:, 1] <= north + within_m) & (boxes[:, 3] >= south - within_m)
        new = [number for number in np.flatnonzero(near).tolist() if self.new[number].is_way]
        return kept + [
            self.n_base + number
            for number in new
            if shapely.dwithin(shapely.linestrings(self.new[number].xy), shape, within_m)
        ]

    def nearest(self, xy: Floats, among: Iterable[int]) -> tuple[int, float, float] | None:
        """Return the nearest of some edges to a position, the share of its length there, and the metres to it."""
        spot, best = shapely.points(xy), None
        for edge in among:
            line = self.line(edge)
            if best is None or line.distance(spot) < best[1]:
                best = edge, float(line.distance(spot)), line
        if best is None:
            return None
        edge, distance, line = best
        return edge, float(line.project(spot) / line.length) if line.length else 0.0, distance

    def add_node(self, xy: Floats) -> int:
        """Add a node and return its number."""
        self.node_xy.append(np.asarray(xy, dtype=np.float64))
        self.n_nodes += 1
        return self.n_nodes - 1

    def add_edge(
        self, source: int, target: int, xy: Sequence[Floats] | Floats, *, traits: int = 0, zone: int = -1
    ) -> int:
        """Add an edge along a line and return its number; it is measured at the end."""
        line = np.asarray(xy, dtype=np.float64)
        return self._add(_New(source, target, np.nan, traits, np.nan, -1, line, zone))

    def add_passage(self, source: int, target: int, at: Floats, *, gate: int, passage: int, inner: int) -> int:
        """Add an edge of no length and return its number: what is passed at a gate or a wall."""
        line = np.array([at, at], dtype=np.float64)
        return self._add(_New(source, target, 0.0, int(Trait.GATE), np.nan, -1, line, -1, gate, passage, inner))

    def _add(self, edge: _New) -> int:
        if len(self.new) == len(self._boxes):
            self._boxes = np.vstack([self._boxes, np.empty_like(self._boxes)])
        self._boxes[len(self.new)] = *edge.xy.min(axis=0), *edge.xy.max(axis=0)
        self.new.append(edge)
        return self.n_edges - 1

    def move_end(self, edge: int, old: int, node: int) -> None:
        """Let an edge end at another node wherever it ended at an old one."""
        if edge < self.n_base:
            self.source[edge] = node if self.source[edge] == old else self.source[edge]
            self.target[edge] = node if self.target[edge] == old else self.target[edge]
            return
        new = self.new[edge - self.n_base]
        new.source = node if new.source == old else new.source
        new.target = node if new.target == old else new.target

    def cut(self, edge: int, shares: Sequence[float]) -> list[int]:
        """Cut an edge at shares of its length (0–1) and return the node at each; at an end, the end's node."""
        xy = self.xy(edge)
        steps = np.hypot(*np.diff(xy, axis=0).T)
        along = np.concatenate([[0.0], np.cumsum(steps)])
        total = along[-1]
        source, target = self.ends(edge)
        nodes: list[int] = []
        inside: dict[float, int] = {}
        for share in shares:
            at = float(np.clip(share, 0.0, 1.0)) * total
            if at <= AT_END_M or total - at <= AT_END_M:
                nodes.append(source if at <= total / 2 else target)
                continue
            known = next((node for metres, node in inside.items() if abs(metres - at) <= AT_END_M), None)
            if known is None:
                known = self.add_node(np.array([np.interp(at, along, xy[:, 0]), np.interp(at, along, xy[:, 1])]))
                inside[at] = known
            nodes.append(known)
        if inside:
            self._replace(edge, xy, along, dict(sorted(inside.items())))
        return nodes

    def _replace(self, edge: int, xy: Floats, along: Floats, inside: dict[float, int]) -> None:
        """Put the pieces between cuts in the place of an edge."""
        source, target = self.ends(edge)
        whole = self.base.length_m[edge] if edge < self.n_base else self.new[edge - self.n_base].length_m
        slope = self.base.slope[edge] if edge < self.n_base else self.new[edge - self.n_base].slope
        of = edge if edge < self.n_base else self.new[edge - self.n_base].base_edge
        zone = self.zone_of(edge)
        metres, nodes = [0.0, *inside, along[-1]], [source, *inside.values(), target]
        waits = int(np.argmax(np.diff(metres)))  # a crossing in pieces is one crossing
        for number, (begin, end, first, last) in enumerate(zip(metres, metres[1:], nodes, nodes[1:], strict=False)):
            between = (along > begin) & (along < end)
            ends = [np.array([np.interp(m, along, xy[:, 0]), np.interp(m, along, xy[:, 1])]) for m in (begin, end)]
            piece = np.vstack([ends[0], xy[between], ends[1]])
            share = (end - begin) / along[-1]
            traits = self.traits(edge) & (-1 if number == waits else ~int(Trait.CROSSING))
            self._add(_New(first, last, whole * share, traits, float(slope), of, piece, zone))
        self.take_away(edge)

    def copy(self, edge: int, nodes: Mapping[int, int]) -> int:
        """Copy an edge onto other nodes, where there are others, as a way of the zone's own; return its number."""
        source, target = self.ends(edge)
        ends = nodes.get(source, source), nodes.get(target, target)
        if edge >= self.n_base:
            return self._add(replace(self.new[edge - self.n_base], source=ends[0], target=ends[1], own=True))
        base = self.base
        numbers = float(base.length_m[edge]), int(base.traits[edge]), float(base.slope[edge]), edge
        return self._add(_New(*ends, *numbers, self.xy(edge), self.zone_of(edge), own=True))

    def take_away(self, edge: int) -> None:
        """Take an edge away."""
        if edge < self.n_base:
            self.alive[edge] = False
        else:
            self.new[edge - self.n_base].alive = False

    def lengths_m(self) -> Floats:
        """Return the geodesic lengths of the new edges, living or not; pieces have their share of the whole."""
        lengths = np.array([edge.length_m for edge in self.new], dtype=np.float64)
        unknown = np.flatnonzero(np.isnan(lengths))
        lines = [self.new[number].xy for number in unknown.tolist()]
        if lines:
            lon, lat = unproject(np.vstack(lines), self.crs).T
            steps_m = pyproj.Geod(ellps="WGS84").line_lengths(lon, lat)
            last = np.cumsum([len(line) for line in lines])
            # What leads from the end of one line to the begin of the next is no part of either.
            steps_m[last[:-1] - 1] = 0.0
            lengths[unknown] = np.add.reduceat(np.append(steps_m, 0.0), np.concatenate([[0], last[:-1]]))
        return lengths


def project(lonlat: Floats, crs: pyproj.CRS) -> Floats:
    """Return coordinates ``(n, 2)`` of degrees ``(n, 2)`` in a metric system."""
    return np.column_stack(_to_metric(crs).transform(lonlat[:, 0], lonlat[:, 1]))


@cache
def _to_metric(crs: pyproj.CRS) -> pyproj.Transformer:
    """Return the one transformer of a system: making it takes longer than it takes to transform one point."""
    return pyproj.Transformer.from_crs(_WGS84, crs, always_xy=True)


def unproject(xy_m: Floats, crs: pyproj.CRS) -> Floats:
    """Return degrees ``(n, 2)`` of coordinates ``(n, 2)`` in a metric system."""
    return np.column_stack(_to_metric(crs).transform(xy_m[:, 0], xy_m[:, 1], direction="INVERSE"))
