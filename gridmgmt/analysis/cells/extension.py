"""Barriers that end nowhere are prolonged to the next line, and islands of lines are tied to the rest."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmgmt.analysis.cells.arrangement import lines_from, lines_of, segments_of

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

_TURNS = np.radians([0.0, -15.0, 15.0, -30.0, 30.0, -50.0, 50.0])
"""A prolongation may turn so far where that makes it shorter."""
_TWICE = np.radians(50.0)
"""A prolongation that turns so far must be half as long as a straight one to be taken."""
_FREE = 0.75
"""A line goes on between two others when it turns away from both by more than this cosine, 41°."""
_BEYOND_M = 1e-3
"""Lines are drawn so far across what they meet that noding finds the place."""
_WAYS = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
"""West, east, south and north."""
_NEAR = 0.1
"""The share of the reach that is looked at first."""
_BACK_M = 5.0
"""The direction of a barrier's end is that of its last metres."""


def prolonged(noded: Objects, reach_m: float, across_m: float) -> Objects:
    """Return lines that go on where noded lines end, to what they meet.

    A dead end goes on, straight or nearly so, within ``reach_m``; what ends at a line that runs across goes
    straight on to the last line within ``across_m``: so strips between parallel lines are divided where blocks are.
    """
    end = _Ends.of(noded)
    dead, stems = end.where(end.count == 1), end.where(end.is_stem())
    met_m = _met(stems.place, stems.away, across_m, noded, np.maximum)
    on = met_m > 0
    start, way, length = stems.place[on], stems.away[on], met_m[on] + _BEYOND_M
    across = np.hstack([start, start + way * length[:, None]])
    return lines_from(np.concatenate([_reaching(dead, _TURNS, reach_m, noded), across]))


def _reaching(end: "_Ends", turns: Floats, reach_m: float, noded: Objects) -> Floats:
    """Return segments (n, 4) from ends to what they meet.

    Most meet something near: all look there first, and only those for which no way costs less than that look farther.
    """
    cost, ends = _ways_on(end, turns, reach_m * _NEAR, noded)
    again = ~(cost <= reach_m * _NEAR)
    cost[again], ends[again] = _ways_on(end.where(again), turns, reach_m, noded)
    return np.hstack([end.place, ends])[np.isfinite(cost)]


def _ways_on(end: "_Ends", turns: Floats, reach_m: float, noded: Objects) -> tuple[Floats, Floats]:
    """Return the cheapest way on from each end: its cost, inf where nothing is met within the reach, and where to."""
    cos, sin = np.cos(turns), np.sin(turns)
    x, y = end.away[:, :1], end.away[:, 1:]
    ways = np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)  # (n, turns, 2)
    starts = np.repeat(end.place, len(turns), axis=0)
    met_m = _met(starts, ways.reshape(-1, 2), reach_m, noded, np.minimum).reshape(-1, len(turns))
    cost = met_m * (1 + np.abs(turns) / _TWICE)
    row, best = np.arange(len(met_m)), np.argmin(cost, axis=1)
    to_m = np.where(np.isfinite(met_m[row, best]), met_m[row, best] + _BEYOND_M, 0)
    return cost[row, best], end.place + ways[row, best] * to_m[:, None]


@dataclass(frozen=True)
class _Ends:
    """Both ends of each line: place, how many lines end there, and the direction, of length 1, in which it goes on."""

    place: Floats
    group: NDArray[np.int64]
    count: NDArray[np.int64]
    away: Floats

    @classmethod
    def of(cls, noded: Objects) -> "_Ends":
        length = shapely.length(noded)
        step = np.minimum(_BACK_M, length / 2)
        after, before = (
            shapely.get_coordinates(shapely.line_interpolate_point(noded, at)) for at in (step, length - step)
        )
        first, last = (shapely.get_coordinates(shapely.get_point(noded, k)) for k in (0, -1))
        place, away = np.concatenate([first, last]), np.concatenate([first - after, last - before])
        _, group, count = np.unique(place, axis=0, return_inverse=True, return_counts=True)
        group = group.ravel()
        away /= np.maximum(np.hypot(*away.T), 1e-12)[:, None]
        return cls(place, group.astype(np.int64), count[group].astype(np.int64), away)

    def where(self, chosen: NDArray[np.bool_]) -> "_Ends":
        return _Ends(self.place[chosen], self.group[chosen], self.count[chosen], self.away[chosen])

    def is_stem(self) -> NDArray[np.bool_]:
        """Tell which ends meet two other lines and would go on between these."""
        of_three = np.flatnonzero(self.count == 3)
        rows = of_three[np.argsort(self.group[of_three], kind="stable")].reshape(-1, 3)
        away = self.away[rows]
        towards = -np.einsum("nik,njk->nij", away, away)  # cosine of the way on of one with the way out of the other
        towards[:, [0, 1, 2], [0, 1, 2]] = -1
        stem = np.zeros(len(self.place), dtype=bool)
        stem[rows[towards.max(axis=2) < _FREE]] = True
        return stem


def ties(noded: Objects, outline: shapely.Polygon) -> Objects:
    """Return lines that tie every island of noded lines to others, and so at last to the outline's outer ring.

    From its four outermost places each island reaches west, east, south and north; that of several which lies
    outermost meets a line of none of them.
    """
    segments = segments_of(noded)
    island = _islands(segments)
    corner = shapely.get_coordinates(outline.exterior)[0]
    main = island[np.argmin(np.hypot(*(segments[:, :2] - corner).T))]
    islands = [segments[island == name].reshape(-1, 2) for name in np.unique(island[island != main])]
    return lines_from(_four_ways(islands, noded))


def ties_of_holes(block: shapely.Polygon) -> Objects:
    """Return lines inside a block from its holes to its other rings, so that they divide it."""
    rings = lines_of(shapely.get_rings(block))
    tied = _four_ways([shapely.get_coordinates(ring) for ring in rings[1:]], rings)
    middle = (tied[:, :2] + tied[:, 2:]) / 2  # a hole may touch another ring, and the line start outside
    return lines_from(tied[shapely.contains(block, shapely.points(middle))])


def _four_ways(islands: list[Floats], lines: Objects) -> Floats:
    """Return segments (n, 4) from the outermost places of islands west, east, south and north to the next line."""
    if not islands:
        return np.empty((0, 4))
    start = np.array([xy[np.argmax(xy @ way)] for xy in islands for way in _WAYS])
    way = np.tile(_WAYS, (len(islands), 1))
    xy = shapely.get_coordinates(lines)
    met_m = _met(start, way, float(np.ptp(xy, axis=0).sum()), lines, np.minimum)
    found = np.isfinite(met_m)
    ends = start[found] + way[found] * (met_m[found] + _BEYOND_M)[:, None]
    return np.hstack([start[found], ends])


def _met(starts: Floats, ways: Floats, reach_m: float, noded: Objects, which: np.ufunc) -> Floats:
    """Return how far from each start, in a direction of length 1, a ray meets its first or its last line.

    ``which`` is ``np.minimum``, and the answer inf where nothing is met within the reach, or ``np.maximum``, and -inf.
    """
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
    met_m = np.full(len(starts), np.inf if which is np.minimum else -np.inf)
    which.at(met_m, ray[counts], at[counts])
    return met_m


def _islands(segments: Floats) -> NDArray[np.int64]:
    """Return for each segment the number of the connected group that it is of."""
    _, vertex = np.unique(segments.reshape(-1, 2), axis=0, return_inverse=True)
    pairs = vertex.reshape(-1, 2)
    n = int(vertex.max()) + 1
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, group = connected_components(graph, directed=False)
    return np.asarray(group[pairs[:, 0]], dtype=np.int64)
