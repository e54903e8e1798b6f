"""Blocks that are too large are cut by straight lines from border to border: the cheapest of all such lines."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.cells.arrangement import arrange, lines_from, node, rings_of, segments_of
from gridmgmt.analysis.cells.extension import ties
from gridmgmt.analysis.cells.options import CellOptions
from gridmgmt.analysis.cells.worth import OFF_BARRIER, pieces_cost, shape_cost, size_cost

Floats = NDArray[np.float64]

_STEP_M, _MOST_PLACES = 10.0, 120
"""A cut starts and ends at corners and places so far apart, or farther, so that there are not many more than these."""
_LOOKED_AT = (24, 200, 3000)
"""The cheapest lines are tried in batches; after these the block is left as it is."""
SLANT, BLUNT = 200.0, 0.3
_INSIDE_M = 0.02
_BEYOND_M = 1e-3


def cuts(block: shapely.Polygon, options: CellOptions) -> Floats:
    """Return the cuts of a block as segments (n, 4), each a little longer than needed."""
    found, left = [np.empty((0, 4))], [block]
    if len(rings := rings_of(block)) > 1:
        tied = ties(rings, block)
        found.append(segments_of(tied))
        left = list(arrange(node(np.concatenate([rings, tied])), block).faces)
    left = [shapely.get_coordinates(part)[:-1] for part in left if len(shapely.get_rings(part)) == 1]
    while left:
        ring = left.pop()
        if _area(ring) > 2 * options.least_m2 and (parts := _halved(ring, options)) is not None:
            cut, *rest = parts
            found.append(cut[None])
            left.extend(rest)
    return np.concatenate(found)


def _halved(ring: Floats, options: CellOptions) -> tuple[Floats, Floats, Floats] | None:
    """Return the cheapest cut of a ring, given without its repeated end, and the rings of both parts."""
    places = _places(ring)
    n = len(places)
    step = np.roll(places, -1, axis=0) - places
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*step.T))])
    middle = places - places.mean(axis=0)
    cross = middle[:, 0] * np.roll(middle[:, 1], -1) - np.roll(middle[:, 0], -1) * middle[:, 1]
    swept = np.concatenate([[0.0], np.cumsum(cross)])
    i, j = np.triu_indices(n, 2)
    chord = places[j] - places[i]
    length = np.hypot(*chord.T)
    back = middle[j, 0] * middle[i, 1] - middle[i, 0] * middle[j, 1]
    whole = abs(swept[n]) / 2
    area = np.sign(swept[n]) * (swept[j] - swept[i] + back) / 2
    possible = (area > options.least_m2) & (whole - area > options.least_m2) & (length > 1)
    i, j, length, area = i[possible], j[possible], length[possible], area[possible]
    around = way[j] - way[i]
    cost = OFF_BARRIER * length + pieces_cost(area, options) + pieces_cost(whole - area, options)
    cost += shape_cost(area, around + length) + shape_cost(whole - area, way[n] - around + length)
    cost += SLANT * _slant(places, i, j)
    order = np.argsort(cost, kind="stable")
    if whole <= options.cut_above_m2:
        kept = float(size_cost(np.array([whole]), options)[0] + shape_cost(np.array([whole]), way[n:])[0])
        order = order[cost[order] < kept]
    polygon = shapely.Polygon(ring)
    shapely.prepare(polygon)
    done = 0
    for until in _LOOKED_AT:
        tried = order[done:until]
        done = until
        ends = np.hstack([places[i[tried]], places[j[tried]]])
        good = np.flatnonzero(shapely.contains_properly(polygon, lines_from(_lengthened(ends, -_INSIDE_M))))
        if len(good):
            best = tried[good[0]]
            cut = _lengthened(ends[good[:1]], _BEYOND_M)[0]
            a, b = int(i[best]), int(j[best])
            return cut, places[a : b + 1], np.concatenate([places[b:], places[: a + 1]])
    return None


def _slant(places: Floats, i: NDArray[np.int64], j: NDArray[np.int64]) -> Floats:
    """Return how sharp the corners are that lines from place to place make with the ring: 0 for blunt ones."""
    on = np.roll(places, -1, axis=0) - places
    on /= np.maximum(np.hypot(*on.T), 1e-12)[:, None]
    back = -np.roll(on, 1, axis=0)
    chord = places[j] - places[i]
    chord /= np.maximum(np.hypot(*chord.T), 1e-12)[:, None]
    slant = np.zeros(len(i))
    for at, way in ((i, chord), (j, -chord)):
        sharp = np.maximum((way * on[at]).sum(axis=1), (way * back[at]).sum(axis=1))
        slant += np.maximum(sharp - BLUNT, 0) ** 2
    return slant


def _places(ring: Floats) -> Floats:
    """Return the ring with places between its vertices."""
    closed = shapely.LinearRing(ring)
    step_m = max(_STEP_M, shapely.length(closed) / _MOST_PLACES)
    return np.asarray(shapely.get_coordinates(shapely.segmentize(closed, step_m))[:-1])


def _lengthened(ends: Floats, by_m: float) -> Floats:
    """Return segments (n, 4) that are longer at both ends."""
    way = ends[:, 2:] - ends[:, :2]
    step = way / np.maximum(np.hypot(*way.T), 1e-9)[:, None] * by_m
    return np.hstack([ends[:, :2] - step, ends[:, 2:] + step])


def _area(ring: Floats) -> float:
    x, y = (ring - ring[0]).T
    return float(abs(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2)
