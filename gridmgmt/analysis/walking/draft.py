"""Edges while a network is put together: cut, joined and parted; kept ones by their number, new ones behind them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.walking.model import Trait

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

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
    gate: int = -1
    passage: int = 0
    inner: int = 0
    alive: bool = True


class Draft:
    """Edges that may be cut, joined and parted; all positions in one metric system.

    Numbers below ``n_base`` are edges of the edition, those from it on are new. What is cut or taken away is no longer
    alive; the numbers of the others stay.
    """

    def __init__(self, edges: Edges, xy_m: Floats) -> None:
        self.base = edges
        self.xy_m = xy_m
        self.n_base = len(edges.source)
        self.n_nodes = edges.n_nodes
        self.source, self.target = edges.source.copy(), edges.target.copy()
        self.alive = np.ones(self.n_base, dtype=bool)
        self.new: list[_New] = []
        self.node_xy: list[Floats] = []

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
        return self.lines[edge] if edge < self.n_base else shapely.linestrings(self.new[edge - self.n_base].xy)

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """Return the lines of the edition's edges in metres."""
        number = np.repeat(np.arange(self.n_base), np.diff(self.base.offsets))
        lines: NDArray[np.object_] = shapely.linestrings(self.xy_m, indices=number)
        return lines

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

    def meeting(self, shape: shapely.Geometry, within_m: float = 0.0) -> list[int]:
        """Return the living edges that come within some metres of a shape, ascending; passages of no length are not."""
        if within_m:
            found = self._tree.query(shape, predicate="dwithin", distance=within_m)
        else:
            found = self._tree.query(shape, predicate="intersects")
        kept = sorted(found[self.alive[found]].tolist())
        return kept + [
            self.n_base + number
            for number, edge in enumerate(self.new)
            if edge.alive
            and not edge.traits & Trait.GATE
            and shapely.dwithin(shapely.linestrings(edge.xy), shape, within_m)
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

    def add_edge(self, source: int, target: int, xy: Sequence[Floats] | Floats, traits: int = 0) -> int:
        """Add an edge along a line and return its number; it is measured at the end."""
        line = np.asarray(xy, dtype=np.float64)
        self.new.append(_New(source, target, np.nan, traits, np.nan, -1, line))
        return self.n_edges - 1

    def add_passage(self, source: int, target: int, at: Floats, *, gate: int, passage: int, inner: int) -> int:
        """Add an edge of no length and return its number: what is passed at a gate or a wall."""
        line = np.array([at, at], dtype=np.float64)
        self.new.append(_New(source, target, 0.0, int(Trait.GATE), np.nan, -1, line, gate, passage, inner))
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
        nodes, inside = [], {}
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
        metres, nodes = [0.0, *inside, along[-1]], [source, *inside.values(), target]
        for begin, end, first, last in zip(metres, metres[1:], nodes, nodes[1:], strict=False):
            between = (along > begin) & (along < end)
            ends = [np.array([np.interp(m, along, xy[:, 0]), np.interp(m, along, xy[:, 1])]) for m in (begin, end)]
            piece = np.vstack([ends[0], xy[between], ends[1]])
            share = (end - begin) / along[-1]
            self.new.append(_New(first, last, whole * share, self.traits(edge), float(slope), of, piece))
        self.take_away(edge)

    def take_away(self, edge: int) -> None:
        """Take an edge away."""
        if edge < self.n_base:
            self.alive[edge] = False
        else:
            self.new[edge - self.n_base].alive = False
