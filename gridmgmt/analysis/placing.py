"""Which surface each of very many points lies in: a grid over the surfaces, and each surface's edges by height.

A point is told at once where plain arithmetic is certain of every edge near it; one so close to an edge that rounding
could decide is given back as doubtful, for whoever asks to settle by the exact predicate. Points inside are counted by
crossings of all rings alike (even–odd), which is right for valid surfaces of several parts with holes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled, inlined

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NOWHERE, DOUBTFUL = -1, -2
_EDGES_A_SLAB = 8
_SLABS_AT_MOST = 256
_UNCERTAIN = 1e-15
"""Times the sizes of the two products of a determinant: three times the bound of its rounding error (Shewchuk 1997)."""


class Surfaces(NamedTuple):
    """Rings of polygons and multipolygons in flat arrays; each ring is closed.

    The vertices of ring ``r`` are ``xy[ring_begins[r]:ring_begins[r + 1]]``, the rings of surface ``s`` those from
    ``surface_begins[s]`` until before ``surface_begins[s + 1]``.
    """

    xy: Floats
    ring_begins: Integers
    surface_begins: Integers


class Places(NamedTuple):
    """Surfaces, ready to be asked: see :func:`prepare` and :func:`place`."""

    surfaces: Surfaces
    bounds: Floats
    """West, south, east, north of each surface."""
    slab_begins: Integers
    """The slabs of surface ``s`` are those from ``slab_begins[s]`` until before ``slab_begins[s + 1]``."""
    edge_begins: Integers
    """The same for the edges of a slab."""
    edges: Integers
    """Index of each edge's first vertex."""
    origin: Floats
    """West and south of the grid."""
    per_unit: Floats
    """Columns and rows of the grid in one unit of length."""
    across: int
    """Columns of the grid, and rows too."""
    cell_begins: Integers
    cell_surfaces: Integers
    """The surfaces whose box touches a cell of the grid, in ascending order."""


def prepare(surfaces: Surfaces) -> Places:
    """Return surfaces with their indices; takes some 20 ns for each vertex."""
    bounds = _bounds(*surfaces)
    slab_begins, edge_begins, edges = _slabs(*surfaces, bounds)
    across = max(1, int(np.sqrt(2 * len(bounds))))
    origin, per_unit = np.zeros(2), np.zeros(2)
    if len(bounds):
        origin = bounds[:, :2].min(axis=0)
        per_unit = across / np.maximum(bounds[:, 2:].max(axis=0) - origin, np.finfo(np.float64).tiny)
    cell_begins, cell_surfaces = _grid(bounds, origin, per_unit, across)
    return Places(
        surfaces, bounds, slab_begins, edge_begins, edges, origin, per_unit, across, cell_begins, cell_surfaces
    )


@inlined
def _step(value: float, origin: float, per_unit: float, count: int) -> int:
    """Return the step of a scale that a value falls on; grows with the value whatever the rounding."""
    step = int((value - origin) * per_unit)
    return min(max(step, 0), count - 1)


@compiled
def _bounds(xy: Floats, ring_begins: Integers, surface_begins: Integers) -> Floats:
    found = np.empty((len(surface_begins) - 1, 4))
    for surface in range(len(found)):
        west = south = np.inf
        east = north = -np.inf
        for i in range(ring_begins[surface_begins[surface]], ring_begins[surface_begins[surface + 1]]):
            west, south = min(west, xy[i, 0]), min(south, xy[i, 1])
            east, north = max(east, xy[i, 0]), max(north, xy[i, 1])
        found[surface] = (west, south, east, north)
    return found


@compiled
def _slabs(
    xy: Floats, ring_begins: Integers, surface_begins: Integers, bounds: Floats
) -> tuple[Integers, Integers, Integers]:
    """Return the edges of each surface by slabs of its height; an edge stands in every slab that it touches."""
    surfaces = len(surface_begins) - 1
    slab_begins = np.zeros(surfaces + 1, dtype=np.int64)
    for surface in range(surfaces):
        vertices = ring_begins[surface_begins[surface + 1]] - ring_begins[surface_begins[surface]]
        slabs = min(max(vertices // _EDGES_A_SLAB, 1), _SLABS_AT_MOST)
        slab_begins[surface + 1] = slab_begins[surface] + slabs
    edge_begins = np.zeros(slab_begins[-1] + 1, dtype=np.int64)
    edges = np.zeros(0, dtype=np.int64)
    for filling in range(2):
        if filling:
            edge_begins = np.cumsum(edge_begins)
            edges = np.empty(edge_begins[-1], dtype=np.int64)
            room = edge_begins.copy()
        for surface in range(surfaces):
            south = bounds[surface, 1]
            first, slabs = slab_begins[surface], slab_begins[surface + 1] - slab_begins[surface]
            height = bounds[surface, 3] - south
            per_unit = slabs / height if height > 0 else 0.0
            for ring in range(surface_begins[surface], surface_begins[surface + 1]):
                for i in range(ring_begins[ring], ring_begins[ring + 1] - 1):
                    low = _step(min(xy[i, 1], xy[i + 1, 1]), south, per_unit, slabs)
                    high = _step(max(xy[i, 1], xy[i + 1, 1]), south, per_unit, slabs)
                    for slab in range(first + low, first + high + 1):
                        if filling:
                            edges[room[slab]] = i
                            room[slab] += 1
                        else:
                            edge_begins[slab + 1] += 1
    return slab_begins, edge_begins, edges


@compiled
def _grid(bounds: Floats, origin: Floats, per_unit: Floats, across: int) -> tuple[Integers, Integers]:
    """Return the surfaces of each cell of the grid, row by row, by their boxes."""
    begins = np.zeros(across * across + 1, dtype=np.int64)
    members = np.zeros(0, dtype=np.int64)
    for filling in range(2):
        if filling:
            begins = np.cumsum(begins)
            members = np.empty(begins[-1], dtype=np.int64)
            room = begins.copy()
        for surface in range(len(bounds)):
            west = _step(bounds[surface, 0], origin[0], per_unit[0], across)
            east = _step(bounds[surface, 2], origin[0], per_unit[0], across)
            south = _step(bounds[surface, 1], origin[1], per_unit[1], across)
            north = _step(bounds[surface, 3], origin[1], per_unit[1], across)
            for row in range(south, north + 1):
                for cell in range(row * across + west, row * across + east + 1):
                    if filling:
                        members[room[cell]] = surface
                        room[cell] += 1
                    else:
                        begins[cell + 1] += 1
    return begins, members


@inlined
def _holds(px: float, py: float, xy: Floats, edges: Integers, begin: int, end: int) -> int:
    """Return 1 for a point inside, 0 outside, -2 too near an edge to tell, by the edges at its height."""
    inside = 0
    for at in range(begin, end):
        i = edges[at]
        x0, y0, x1, y1 = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
        if py < min(y0, y1) or py > max(y0, y1) or px > max(x0, x1):
            continue
        crosses = (y0 > py) != (y1 > py)
        if px >= min(x0, x1):
            left, right = (x1 - x0) * (py - y0), (px - x0) * (y1 - y0)
            side = left - right
            if abs(side) <= _UNCERTAIN * (abs(left) + abs(right)):
                return DOUBTFUL
            crosses = crosses and (side > 0) == (y1 > y0)
        if crosses:
            inside = 1 - inside
    return inside


@compiled
def place(places: Places, x: Floats, y: Floats) -> Integers:
    """Return for each point the first surface that holds it, -1 where none does, -2 where that is doubtful."""
    xy, bounds = places.surfaces.xy, places.bounds
    found = np.full(len(x), NOWHERE, dtype=np.int64)
    for point in range(len(x)):
        px, py = x[point], y[point]
        row = _step(py, places.origin[1], places.per_unit[1], places.across)
        cell = row * places.across + _step(px, places.origin[0], places.per_unit[0], places.across)
        for at in range(places.cell_begins[cell], places.cell_begins[cell + 1]):
            surface = places.cell_surfaces[at]
            west, south, east, north = bounds[surface]
            if px < west or px > east or py < south or py > north:
                continue
            first, slabs = places.slab_begins[surface], places.slab_begins[surface + 1] - places.slab_begins[surface]
            height = north - south
            slab = first + _step(py, south, slabs / height if height > 0 else 0.0, slabs)
            held = _holds(px, py, xy, places.edges, places.edge_begins[slab], places.edge_begins[slab + 1])
            if held:
                found[point] = surface if held == 1 else DOUBTFUL
                break
    return found
