"""Blocks that are too large are cut by straight lines from border to border: the cheapest of all such lines."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.cells.arrangement import lines_from, rings_of
from gridmgmt.analysis.cells.extension import ties
from gridmgmt.analysis.cells.options import CellOptions
from gridmgmt.analysis.cells.worth import OFF_BARRIER, pieces_cost, shape_cost

Floats = NDArray[np.float64]

_STEP_M, _MOST_PLACES = 10.0, 120
"""A cut starts and ends at corners and places so far apart, or farther, so that there are not many more than these."""
_LOOKED_AT = (24, 200, 3000)
"""The cheapest lines are tried in batches; after these the block is left as it is."""
_INSIDE_M = 0.02
_BEYOND_M = 1e-3


def cuts(block: shapely.Polygon, options: CellOptions) -> Floats:
    """Return the cuts of a block as segments (n, 4), each a little longer than needed."""
    if len(shapely.get_rings(block)) > 1:
        return shapely.get_coordinates(ties(rings_of(block), block)).reshape(-1, 4)
    found, left = [], [shapely.get_coordinates(block)[:-1]]
    while left:
        ring = left.pop()
        if _area(ring) <= options.cut_above_m2:
            continue
        if (parts := _halved(ring, options)) is None:
            continue
        cut, *rest = parts
        found.append(cut)
        left.extend(rest)
    return np.array(found).reshape(-1, 4)


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
    order = np.argsort(cost, kind="stable")
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
