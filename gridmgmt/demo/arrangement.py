"""A planar subdivision in metres: points, edges that belong to lines, and faces that share them.

Every street, river and border of the demo is an edge of one arrangement, so that areas built from its faces
have no gap and no overlap by construction, and streets meet only at shared points.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

Point = tuple[float, float]
Edge = tuple[int, int]
Gate = Literal["open", "closed"]
BARRIERS = ("river", "canal", "rail")


@dataclass(frozen=True)
class Line:
    """What an edge is part of: a street (its ``highway`` class), a barrier, or nothing but a border."""

    kind: str
    name: str = ""
    gate: Gate | None = None

    @property
    def is_barrier(self) -> bool:
        """Whether nobody walks across it except at a bridge."""
        return self.kind in BARRIERS

    @property
    def is_street(self) -> bool:
        """Whether people walk along it."""
        return not self.is_barrier and self.kind != "border"

    @property
    def is_arterial(self) -> bool:
        """Whether it is a main street, the only kind that crosses barriers."""
        return self.kind in {"primary", "secondary"}


def edge_key(u: int, v: int) -> Edge:
    """Return the one key of an undirected edge."""
    return (u, v) if u < v else (v, u)


class Arrangement:
    """Points (m), the lines of the edges between them, and counter-clockwise faces over those edges."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.faces: list[list[int]] = []
        self.lines: dict[Edge, Line] = {}
        self.left: dict[Edge, int] = {}

    def at_barrier(self) -> set[int]:
        """Return the points that lie on a river, canal or railway."""
        return {v for edge, line in self.lines.items() if line.is_barrier for v in edge}

    def add_point(self, point: Point) -> int:
        """Add a point and return its number."""
        self.points.append((float(point[0]), float(point[1])))
        return len(self.points) - 1

    def add_edge(self, u: int, v: int, line: Line) -> None:
        """Add an edge, or say what line an edge that stands belongs to."""
        self.lines[edge_key(u, v)] = line

    def add_face(self, ring: Sequence[int]) -> int:
        """Add the face inside a counter-clockwise ring of points whose edges have been added."""
        self.faces.append(list(ring))
        self._own(len(self.faces) - 1)
        return len(self.faces) - 1

    def split_edge(self, u: int, v: int, point: Point) -> int:
        """Put a point into an edge, in the faces on both its sides, and return its number."""
        middle = self.add_point(point)
        line = self.lines.pop(edge_key(u, v))
        self.lines[edge_key(u, middle)] = self.lines[edge_key(middle, v)] = line
        for start, end in ((u, v), (v, u)):
            face = self.left.pop((start, end), None)
            if face is not None:
                ring = self.faces[face]
                ring.insert(ring.index(start) + 1, middle)
                self.left[start, middle] = self.left[middle, end] = face
        return middle

    def split_face(self, face: int, path: Sequence[int], line: Line) -> int:
        """Cut a face along a path between two points of its ring; return the new face, left of the path."""
        ring = self.faces[face]
        first = ring.index(path[0])
        turned = ring[first:] + ring[:first]
        last = turned.index(path[-1])
        for u, v in pairwise(path):
            self.add_edge(u, v, line)
        self.faces[face] = [*turned[: last + 1], *reversed(path[1:-1])]
        self._own(face)
        return self.add_face([*path, *turned[last + 1 :]])

    def edges(self, face: int) -> list[Edge]:
        """Return the directed edges of a face in the order of its ring."""
        ring = self.faces[face]
        return list(zip(ring, ring[1:] + ring[:1], strict=True))

    def line(self, edge: Edge) -> Line:
        """Return the line of a directed edge."""
        return self.lines[edge_key(*edge)]

    def ring_m(self, face: int) -> NDArray[np.float64]:
        """Return the corners of a face in metres, shape (n, 2), not closed."""
        return np.array([self.points[k] for k in self.faces[face]])

    def polygon(self, face: int) -> shapely.Polygon:
        """Return a face as a polygon in metres."""
        return shapely.Polygon([self.points[k] for k in self.faces[face]])

    def length_m(self, edge: Edge) -> float:
        """Return the length of an edge in metres."""
        return math.dist(self.points[edge[0]], self.points[edge[1]])

    def segment(self, edge: Edge) -> shapely.LineString:
        """Return an edge as a line in metres."""
        return shapely.LineString([self.points[edge[0]], self.points[edge[1]]])

    def _own(self, face: int) -> None:
        for edge in self.edges(face):
            self.left[edge] = face


def along_axes(points: NDArray[np.float64], axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far points ``(n, 2)`` lie along axes ``(k, 2)``: ``(n, k)``.

    By elements, not by a matrix product, whose last bits differ between processors: one seed, one district everywhere.
    """
    return points[:, None, 0] * axes[None, :, 0] + points[:, None, 1] * axes[None, :, 1]


def ring_area_m2(ring: NDArray[np.float64]) -> float:
    """Return the signed area of a ring in m², positive when counter-clockwise (the shoelace formula)."""
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
