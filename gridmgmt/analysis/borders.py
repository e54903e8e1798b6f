"""Borders of surfaces edge by edge: edges that a neighbour does not share, and strips between two that face each other.

Surfaces whose borders agree share every edge exactly, so an edge that only one surface has is either an outer border
or a place where neighbours disagree. The ends of edges are given twice, in degrees as stored and on a metric plane.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.enums import TransformDirection
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Objects = NDArray[np.object_]

SAME_PLACE_DEG = 1e-9
"""A vertex this near to an edge is on it: about 0.1 mm."""
SAME_PLACE_M = 1e-4
_LEAST_PART = 1e-9
"""Edges that face each other over a smaller part of their length only pass each other."""
_SLANT = 0.5
"""Edges face each other while they run apart by no more than this share of their way: about 27°."""
_REACH = 1e-3
"""Lines drawn across end by this share of their length beyond the edge, so that rounding cannot leave them short."""


@dataclass(frozen=True)
class Borders:
    """Edges that only one surface has: ends in degrees, shape ``(n, 2, 2)``, and whose they are, ``(n,)``."""

    ends: Floats
    owner: Indices

    @classmethod
    def of(cls, surfaces: Objects) -> "Borders":
        """Return the borders of surfaces in degrees."""
        polygons, surface = shapely.get_parts(surfaces, return_index=True)
        rings, polygon = shapely.get_rings(polygons, return_index=True)
        lonlat, ring = shapely.get_coordinates(rings, return_index=True)
        owner = surface[polygon[ring]].astype(np.int64)
        start = np.flatnonzero(ring[1:] == ring[:-1])
        ends = np.stack([lonlat[start], lonlat[start + 1]], axis=1)
        alone = _alone(ends)
        return cls(ends[alone], owner[start][alone])


def _lines(ends: Floats) -> Objects:
    return np.asarray(shapely.linestrings(ends), dtype=object)


def _alone(ends: Floats) -> NDArray[np.bool_]:
    """Tell which edges occur once, whatever their direction."""
    backward = (ends[:, 0, 0] > ends[:, 1, 0]) | ((ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1]))
    edges = np.where(backward[:, None, None], ends[:, ::-1], ends).reshape(-1, 4)
    order = np.lexsort(edges.T)
    same = (edges[order][1:] == edges[order][:-1]).all(axis=1)
    alone = np.empty(len(edges), dtype=bool)
    alone[order] = ~(np.append(same, False) | np.append(False, same))
    return alone


@dataclass(frozen=True)
class Unmatched:
    """Edges of some surfaces that run along each other without sharing their vertices."""

    owners: tuple[int, ...]
    edges: Indices
    opened: shapely.Geometry
    """The land between them once they are on a plane, in its metres."""
    opened_m2: float


def unmatched(borders: Borders, ends_m: Floats, least_m2: float) -> Iterator[Unmatched]:
    """Yield where edges of neighbours run along each other and a plane opens at least so much land between them.

    An edge straight in degrees is a curve on any map in metres, so borders that agree in degrees come apart there
    unless they have the same vertices.

    Parameters
    ----------
    ends_m
        The borders' ``ends`` on a plane, in metres.
    """
    lines, lines_m = _lines(borders.ends), _lines(ends_m)
    middles = shapely.points(borders.ends.mean(axis=1))
    one, other = shapely.STRtree(lines).query(middles, "dwithin", SAME_PLACE_DEG)
    apart = borders.owner[one] != borders.owner[other]
    one, other = one[apart], other[apart]
    if not len(one):
        return
    n = len(lines)
    _, group = connected_components(csr_array((np.ones(len(one)), (one, other)), shape=(n, n)), directed=False)
    ends = np.asarray(shapely.points(borders.ends[one]), dtype=object)
    on_edge, end = np.nonzero(shapely.dwithin(ends, lines[other][:, None], SAME_PLACE_DEG))
    feet = shapely.shortest_line(shapely.points(ends_m[one[on_edge], end]), lines_m[other[on_edge]])
    ribs = shapely.get_coordinates(feet).reshape(-1, 2, 2)
    ribs[:, 1] += _REACH * (ribs[:, 1] - ribs[:, 0])
    edges, of_ribs = np.unique(np.append(one, other)), group[one[on_edge]]
    # Nothing opens wider than the longest rib, nor farther along than all edges: few groups are worth drawing.
    widest_m, along_m = np.zeros(n), np.zeros(n)
    np.maximum.at(widest_m, of_ribs, shapely.length(feet))
    np.add.at(along_m, group[edges], shapely.length(lines_m[edges]))
    wide = widest_m * along_m >= least_m2
    edges, ribs, of_ribs = edges[wide[group[edges]]], ribs[wide[of_ribs]], of_ribs[wide[of_ribs]]
    for name, opened in _enclosed(np.append(lines_m[edges], _lines(ribs)), np.append(group[edges], of_ribs)):
        members = edges[group[edges] == name]
        if (opened_m2 := float(shapely.area(opened))) >= least_m2:
            yield Unmatched(tuple(np.unique(borders.owner[members]).tolist()), members, opened, opened_m2)


def _enclosed(lines: Objects, group: Indices) -> Iterator[tuple[int, shapely.Geometry]]:
    """Yield each group with what its lines enclose."""
    for name in np.unique(group).tolist():
        yield name, shapely.polygonize([shapely.union_all(lines[group == name])])


def slits(outline: shapely.Geometry, to_plane: Transformer, width_m: float) -> Objects:
    """Return what lies outside an outline in places narrower than a width, as polygons in degrees.

    The outline is widened by half the width and taken back, with mitred corners, so that open corners stay open
    (morphological closing; Serra 1982).

    Parameters
    ----------
    to_plane
        From degrees to metres.
    """
    plane = shapely.transform(outline, lambda xy: np.column_stack(to_plane.transform(xy[:, 0], xy[:, 1])))
    wider = shapely.buffer(plane, width_m / 2, join_style="mitre")
    closed = shapely.buffer(wider, -width_m / 2, join_style="mitre")
    parts = shapely.get_parts(shapely.difference(closed, plane))

    def to_degrees(xy: Floats) -> Floats:
        return np.column_stack(to_plane.transform(xy[:, 0], xy[:, 1], direction=TransformDirection.INVERSE))

    return np.asarray(shapely.transform(parts[shapely.area(parts) > 0], to_degrees), dtype=object)


def open_strips(borders: Borders, ends_m: Floats, width_m: float) -> Objects:
    """Return faces, in degrees, between edges of two surfaces that face each other within a width.

    Wherever an edge faces one of another surface, ribs are drawn across; what ribs and edges enclose is a face, and
    faces side by side are one strip. A face may hold land of the surfaces: whoever asks takes that away.

    Parameters
    ----------
    ends_m
        The borders' ``ends`` on a plane, in metres.
    """
    lines_m = _lines(ends_m)
    one, other = shapely.STRtree(lines_m).query(lines_m, "dwithin", width_m)
    apart = borders.owner[one] != borders.owner[other]
    one, other = one[apart], other[apart]
    low, high, part = _facing(ends_m[one], ends_m[other], width_m)
    faces = high - low > _LEAST_PART
    ribs = [_ribs(borders.ends[one[faces]], borders.ends[other[faces]], at[faces], part[faces]) for at in (low, high)]
    drawn = _lines(np.concatenate([*ribs, borders.ends[np.unique(one)]]))
    return np.asarray(shapely.get_parts(shapely.polygonize([shapely.union_all(drawn)])), dtype=object)


def _facing(one: Floats, other: Floats, width_m: float) -> tuple[Floats, Floats, Floats]:
    """Return from where to where on one edge, 0 to 1, the other lies across from it within a width, not touching.

    Also where on the one the two ends of the other lie across, shape ``(n, 2)``. Edges are on a plane, ``(n, 2, 2)``.
    """
    along = one[:, 1] - one[:, 0]
    away = other - one[:, :1]
    length = np.hypot(*along.T)[:, None]
    part = (away @ along[:, :, None])[:, :, 0] / length**2
    aside_m = (along[:, :1] * away[:, :, 1] - along[:, 1:] * away[:, :, 0]) / length
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (aside_m[:, 1] - aside_m[:, 0]) / (part[:, 1] - part[:, 0])
        limits = part[:, :1] + (np.array([-width_m, width_m]) - aside_m[:, :1]) / slope[:, None]
    level = np.abs(aside_m[:, 1] - aside_m[:, 0]) < SAME_PLACE_M
    limits = np.where(level[:, None], [-np.inf, np.inf], np.sort(limits, axis=1))
    low = np.maximum(np.maximum(part.min(axis=1), limits[:, 0]), 0)
    high = np.minimum(np.minimum(part.max(axis=1), limits[:, 1]), 1)
    most_m = np.abs(aside_m).max(axis=1)
    aslant = ~(np.abs(slope) <= _SLANT * length[:, 0])
    apart = (most_m < SAME_PLACE_M) | (level & (most_m > width_m)) | aslant
    return low, np.where(apart, low, high), part


def _ribs(one: Floats, other: Floats, at: Floats, part: Floats) -> Floats:
    """Return lines from one edge, where ``at`` says, across to the other."""
    on_other = (at - part[:, 0]) / (part[:, 1] - part[:, 0])
    start, end = (
        (1 - place)[:, None] * edge[:, 0] + place[:, None] * edge[:, 1]
        for edge, place in ((one, at), (other, on_other))
    )
    reach = _REACH * (end - start)
    return np.stack([start - reach, end + reach], axis=1)
