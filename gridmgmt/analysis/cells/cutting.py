"""Blocks that are too large are cut by straight lines from border to border: the cheapest of all such lines."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.cells.arrangement import lines_from
from gridmgmt.analysis.cells.options import CellOptions
from gridmgmt.analysis.cells.worth import OFF_BARRIER, pieces_cost, shape_cost, size_cost

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_STEP, _MOST_PLACES = 0.1, 120
"""A cut starts and ends at corners and at places so many sides apart, or farther, so that these are not many more."""
_MOST_ENDS = 180
"""Cuts are tried between no more places than so many, the sharpest corner of each of as many stretches."""
_LOOKED_AT = (24, 200, 3000)
"""The cheapest lines are tried in batches; after these the block is left as it is."""
SLANT, BLUNT = 2.0, 0.3
"""Cost, in sides, of a sharp corner, by the square of how much its cosine is above the second."""
_LEAST_M = 1.0
_INSIDE_M = 0.02
"""A line is inside a block when it is so without this much at both ends, which lie on the border."""


def cuts(ring: Floats, options: CellOptions) -> Floats:
    """Return the cuts of a block as segments (n, 4) from place to place on its ring, or on another cut.

    The cheapest cut first, then those of both parts, until no cut is worth its length and no part is too large.

    Parameters
    ----------
    ring
        (n, 2): the block's vertices in order, the first not repeated at the end.
    """
    found, left = [], [ring]
    while left:
        part = left.pop()
        if _area(part) > options.target_m2 and (halves := _halved(part, options)) is not None:
            found.append(halves[0])
            left.extend(halves[1:])
    return np.array(found).reshape(-1, 4)


def _halved(ring: Floats, options: CellOptions) -> tuple[Floats, Floats, Floats] | None:
    """Return the cheapest cut of a ring and the rings of both parts; None when leaving it whole is better."""
    places = _places(ring, options)
    ends = _ends(places)
    i, j = (ends[each] for each in np.triu_indices(len(ends), 2))
    length = np.hypot(*(places[j] - places[i]).T)
    area, whole_m2 = _cut_off(places, i, j)
    around, whole_m = _way_along(places, i, j)
    possible = (np.minimum(area, whole_m2 - area) > options.least_m2) & (length > _LEAST_M)
    i, j, length, area, around = (each[possible] for each in (i, j, length, area, around))
    cost = OFF_BARRIER * length + SLANT * options.side_m * _slant(places, i, j)
    for part, border in ((area, around + length), (whole_m2 - area, whole_m - around + length)):
        cost += pieces_cost(part, options) + shape_cost(part, border, options)
    order = np.argsort(cost, kind="stable")
    if whole_m2 <= options.cut_above_m2:
        uncut = size_cost(np.array([whole_m2]), options) + shape_cost(
            np.array([whole_m2]), np.array([whole_m]), options
        )
        order = order[cost[order] < uncut[0]]
    if (row := _first_inside(ring, places, i[order], j[order])) is None:
        return None
    a, b = int(i[order[row]]), int(j[order[row]])
    return np.concatenate([places[a], places[b]]), places[a : b + 1], np.concatenate([places[b:], places[: a + 1]])


def _cut_off(places: Floats, i: Indices, j: Indices) -> tuple[Floats, float]:
    """Return the area between each line from place i to place j and the ring from i to j, and the ring's own."""
    x, y = (places - places.mean(axis=0)).T
    swept = np.concatenate([[0.0], np.cumsum(x * np.roll(y, -1) - np.roll(x, -1) * y)])
    back = x[j] * y[i] - x[i] * y[j]
    return np.sign(swept[-1]) * (swept[j] - swept[i] + back) / 2, float(abs(swept[-1])) / 2


def _way_along(places: Floats, i: Indices, j: Indices) -> tuple[Floats, float]:
    """Return the length of the ring from place i to place j, and of all of it."""
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*(np.roll(places, -1, axis=0) - places).T))])
    return way[j] - way[i], float(way[-1])


def _first_inside(ring: Floats, places: Floats, i: Indices, j: Indices) -> int | None:
    """Return the first row whose line from place to place runs inside the ring."""
    polygon = shapely.Polygon(ring)
    shapely.prepare(polygon)
    done = 0
    for until in _LOOKED_AT:
        ends = np.hstack([places[i[done:until]], places[j[done:until]]])
        inside = np.flatnonzero(shapely.contains_properly(polygon, lines_from(_shortened(ends))))
        if len(inside):
            return done + int(inside[0])
        done = until
    return None


def _slant(places: Floats, i: Indices, j: Indices) -> Floats:
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


def _places(ring: Floats, options: CellOptions) -> Floats:
    """Return the ring with places between its vertices."""
    closed = shapely.LinearRing(ring)
    step_m = max(_STEP * options.side_m, shapely.length(closed) / _MOST_PLACES)
    return np.asarray(shapely.get_coordinates(shapely.segmentize(closed, step_m))[:-1])


def _ends(places: Floats) -> Indices:
    """Return which places of a ring cuts are tried between."""
    if len(places) <= _MOST_ENDS:
        return np.arange(len(places))
    on = np.roll(places, -1, axis=0) - places
    length = np.hypot(*on.T)
    on /= np.maximum(length, 1e-12)[:, None]
    turn = 1 - (on * np.roll(on, 1, axis=0)).sum(axis=1)
    stretch = (np.cumsum(length) - length) * _MOST_ENDS // length.sum()
    order = np.lexsort((-np.round(turn, 6), stretch))
    return np.sort(order[np.unique(stretch[order], return_index=True)[1]])


def _shortened(ends: Floats) -> Floats:
    """Return segments (n, 4) that are a little shorter at both ends."""
    way = ends[:, 2:] - ends[:, :2]
    step = way / np.maximum(np.hypot(*way.T), 1e-9)[:, None] * _INSIDE_M
    return np.hstack([ends[:, :2] + step, ends[:, 2:] - step])


def _area(ring: Floats) -> float:
    x, y = (ring - ring[0]).T
    return float(abs(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2)
