"""Barriers that end nowhere are prolonged to the next line, and islands of lines are tied to the rest."""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmgmt.analysis.cells.arrangement import lines_from, segments_of

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

_TURNS = np.radians([0.0, -15.0, 15.0, -30.0, 30.0, -50.0, 50.0])
"""A prolongation may turn so far where that makes it shorter; at the last it must be worth half the way."""
_WORTH = 1 + np.abs(_TURNS) / np.radians(50.0)
_BEYOND_M = 1e-3
"""Lines are drawn so far across what they meet that noding finds the place."""
_BACK_M = 5.0
"""The direction of a barrier's end is that of its last metres."""


def prolonged(noded: Objects, reach_m: float) -> Objects:
    """Return lines from each dead end of noded lines, straight on or nearly so, to what they meet within a reach."""
    places, away = _dead_ends(noded)
    if not len(places):
        return np.empty(0, dtype=object)
    cos, sin = np.cos(_TURNS), np.sin(_TURNS)
    ways = np.stack(
        [away[:, :1] * cos - away[:, 1:] * sin, away[:, :1] * sin + away[:, 1:] * cos], axis=-1
    )  # (n, turns, 2)
    starts = np.repeat(places, len(_TURNS), axis=0)
    met_m = _first_met(starts, ways.reshape(-1, 2), reach_m, noded).reshape(-1, len(_TURNS))
    best = np.argmin(met_m * _WORTH, axis=1)
    row = np.arange(len(places))
    length = met_m[row, best]
    found = np.isfinite(length)
    ends = places + ways[row, best] * (np.where(found, length, 0) + _BEYOND_M)[:, None]
    return lines_from(np.hstack([places, ends])[found])


def ties(noded: Objects, outline: shapely.Polygon) -> Objects:
    """Return lines that tie every island of lines to others, and so at last to the outline's outer ring.

    From its four outermost places each island reaches west, east, south and north; that of several which lies
    outermost meets a line of none of them.
    """
    segments = segments_of(noded)
    island = _islands(segments)
    hull = shapely.get_coordinates(outline.exterior)[0]
    main = island[np.argmin(np.hypot(*(segments[:, :2] - hull).T))]
    others = np.setdiff1d(island, [main])
    if not len(others):
        return np.empty(0, dtype=object)
    starts, ways = [], []
    for name in others.tolist():
        xy = segments[island == name].reshape(-1, 2)
        for axis, sign in ((0, -1.0), (0, 1.0), (1, -1.0), (1, 1.0)):
            starts.append(xy[np.argmax(sign * xy[:, axis])])
            ways.append([sign, 0.0] if axis == 0 else [0.0, sign])
    start, way = np.array(starts), np.array(ways)
    west, south, east, north = shapely.bounds(outline)
    met_m = _first_met(start, way, east - west + north - south, noded)
    found = np.isfinite(met_m)
    ends = start[found] + way[found] * (met_m[found] + _BEYOND_M)[:, None]
    return lines_from(np.hstack([start[found], ends]))


def _dead_ends(noded: Objects) -> tuple[Floats, Floats]:
    """Return the places where only one line ends, and the directions, of length 1, in which these go on."""
    first, last = (shapely.get_coordinates(shapely.get_point(noded, k)) for k in (0, -1))
    ends = np.concatenate([first, last])
    _, back, count = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    dead = np.flatnonzero(count[back.ravel()] == 1)
    line, at_end = noded[dead % len(noded)], dead >= len(noded)
    length = shapely.length(line)
    step = np.minimum(_BACK_M, length / 2)
    before = shapely.get_coordinates(shapely.line_interpolate_point(line, np.where(at_end, length - step, step)))
    away = ends[dead] - before
    size = np.hypot(*away.T)
    good = size > 0
    return ends[dead][good], away[good] / size[good, None]


def _first_met(starts: Floats, ways: Floats, reach_m: float, noded: Objects) -> Floats:
    """Return how far from each start, in a direction of length 1, a ray first meets a line; inf beyond the reach."""
    segments = segments_of(noded)
    rays = lines_from(np.hstack([starts, starts + ways * reach_m]))
    ray, segment = shapely.STRtree(lines_from(segments)).query(rays, "intersects")
    origin, way = starts[ray], ways[ray]
    along = segments[segment, 2:] - segments[segment, :2]
    away = segments[segment, :2] - origin
    cross = way[:, 0] * along[:, 1] - way[:, 1] * along[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        at = (away[:, 0] * along[:, 1] - away[:, 1] * along[:, 0]) / cross
    counts = np.isfinite(at) & (at > 2 * _BEYOND_M)
    met_m = np.full(len(starts), np.inf)
    np.minimum.at(met_m, ray[counts], at[counts])
    return met_m


def _islands(segments: Floats) -> NDArray[np.int64]:
    """Return for each segment the number of the connected group that it is of."""
    _, vertex = np.unique(segments.reshape(-1, 2), axis=0, return_inverse=True)
    pairs = vertex.reshape(-1, 2)
    n = int(vertex.max()) + 1
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, group = connected_components(graph, directed=False)
    return np.asarray(group[pairs[:, 0]], dtype=np.int64)
