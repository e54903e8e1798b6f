"""Cutting faces into blocks: each cut runs across the long side, until the pieces have the wanted size."""

from collections.abc import Callable

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray

from gridmgmt.demo.arrangement import Arrangement, Line, along_axes, ring_area_m2

SNAP = 0.17
"""An end of a cut moves to a corner nearer than this share of the wanted piece's width: crossings, not staggers."""
FRACTIONS = ((0.43, 0.57), (0.35, 0.65), (0.3, 0.7))
"""Where along the long side a cut may lie, tried in this order."""
BEND = 0.02
"""Standard deviation of a cut's bend, as a share of its length."""
BENT_M = 220.0
"""Cuts shorter than this are straight, in metres."""

CutEnd = tuple[int, float]
"""Where a cut meets a ring: the number of the edge in it, and how far along (0 and 1 are corners)."""


def subdivide(
    arrangement: Arrangement, face: int, target_m2: float, line_at: Callable[[int], Line], rng: Generator
) -> list[int]:
    """Cut a face until no piece is much larger than ``target_m2``; ``line_at`` names the cut of a depth.

    Returns the numbers of the pieces, the face's own among them.
    """
    pieces: list[int] = []
    waiting = [(face, 0)]
    while waiting:
        piece, depth = waiting.pop()
        limit_m2 = target_m2 * rng.uniform(1.0, 1.9)
        if ring_area_m2(arrangement.ring_m(piece)) <= limit_m2:
            pieces.append(piece)
            continue
        other = _cut_across(arrangement, piece, target_m2**0.5, line_at(depth), rng)
        if other is None:
            pieces.append(piece)
        else:
            waiting += [(piece, depth + 1), (other, depth + 1)]
    return pieces


def _cut_across(arrangement: Arrangement, face: int, width_m: float, line: Line, rng: Generator) -> int | None:
    ring = arrangement.ring_m(face)
    axis, extent = _long_axis(ring)
    for low, high in FRACTIONS:
        along = along_axes(ring, axis[None])[:, 0]
        ends = _crossings(along - along.min() - rng.uniform(low, high) * extent)
        if ends is None:
            continue
        snapped = (_snap(ring, ends[0], SNAP * width_m), _snap(ring, ends[1], SNAP * width_m))
        path = _path(ring, snapped, rng)
        if _is_inside(ring, path):
            return _apply(arrangement, face, snapped, path, line)
    return None


def _long_axis(ring: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the unit vector along the long side of the smallest box around a ring, and that side's length in m."""
    sides = np.roll(ring, -1, axis=0) - ring
    axes = sides / np.hypot(sides[:, 0], sides[:, 1])[:, None]
    normals = np.stack([-axes[:, 1], axes[:, 0]], axis=1)
    lengths, widths = np.ptp(along_axes(ring, axes), axis=0), np.ptp(along_axes(ring, normals), axis=0)
    best = int(np.argmin(np.round(lengths * widths, 3)))
    if lengths[best] >= widths[best]:
        return axes[best], float(lengths[best])
    return normals[best], float(widths[best])


def _crossings(offset: NDArray[np.float64]) -> tuple[CutEnd, CutEnd] | None:
    following = np.roll(offset, -1)
    crossed = np.flatnonzero((offset > 0) != (following > 0))
    if len(crossed) != 2:
        return None
    ends = [(int(k), float(offset[k] / (offset[k] - following[k]))) for k in crossed]
    return ends[0], ends[1]


def _snap(ring: NDArray[np.float64], end: CutEnd, snap_m: float) -> CutEnd:
    edge, share = end
    length_m = float(np.hypot(*(ring[(edge + 1) % len(ring)] - ring[edge])))
    if min(share, 1 - share) * length_m > snap_m:
        return end
    return (edge, 0.0) if share < 0.5 else ((edge + 1) % len(ring), 0.0)


def _locate(ring: NDArray[np.float64], end: CutEnd) -> NDArray[np.float64]:
    edge, share = end
    start, stop = ring[edge], ring[(edge + 1) % len(ring)]
    return np.asarray(start + share * (stop - start))


def _path(ring: NDArray[np.float64], ends: tuple[CutEnd, CutEnd], rng: Generator) -> NDArray[np.float64]:
    start, end = _locate(ring, ends[0]), _locate(ring, ends[1])
    run = end - start
    bend = rng.normal(0.0, BEND)
    if np.hypot(*run) < BENT_M:
        return np.array([start, end])
    middle = start + run / 2 + bend * np.array([-run[1], run[0]])
    return np.array([start, middle, end])


def _is_inside(ring: NDArray[np.float64], path: NDArray[np.float64]) -> bool:
    """Tell whether a path runs inside a ring, its two ends (which lie on the ring) left out."""
    run = path[-1] - path[0]
    if np.hypot(*run) < 1.0:
        return False
    inner = path.copy()
    inner[0] += 0.01 * (path[1] - path[0])
    inner[-1] += 0.01 * (path[-2] - path[-1])
    return bool(shapely.Polygon(ring).contains_properly(shapely.LineString(inner)))


def _apply(
    arrangement: Arrangement, face: int, ends: tuple[CutEnd, CutEnd], path: NDArray[np.float64], line: Line
) -> int:
    edges = arrangement.edges(face)
    numbers: list[int] = []
    for end, point in ((ends[0], path[0]), (ends[1], path[-1])):
        u, v = edges[end[0]]
        numbers.append(u if end[1] == 0.0 else arrangement.split_edge(u, v, (point[0], point[1])))
    via = [arrangement.add_point((x, y)) for x, y in path[1:-1]]
    return arrangement.split_face(face, [numbers[0], *via, numbers[1]], line)
