"""Rings around classes of ground cells, simplified towards the inside, and the polygons that they make.

A ring has its region on the left. Rings neither touch themselves nor one another, so they are polygons as soon as it is
known which lies in which; and simplifying takes ground away from the region, never adds any.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled, inlined
from gridmgmt.analysis.walking.ground_cells import CERTAIN, OUTSIDE, POSSIBLE, TILE_CELLS, Cells, Lattice

Floats = NDArray[np.float64]
Offsets = NDArray[np.int64]
Rings = tuple[Floats, Offsets]
"""Vertices ``(k, 2)`` and offsets ``(n + 1,)`` of ``n`` rings; the first vertex is not repeated at the end."""

Polygons = NDArray[np.object_]
Grid = tuple[float, float, NDArray[np.int64], Offsets]
"""Buckets of vertices: west and south in metres, the first vertex of each bucket, and of each vertex the next one."""
Links = tuple[Offsets, Offsets]
"""The vertex before and the one after each vertex in its ring."""

_EAST = 0
_MOVES = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
_AHEAD_LEFT = np.array([[0, 0], [-1, 0], [-1, -1], [0, -1]])
_AHEAD_RIGHT = np.array([[0, -1], [0, 0], [-1, 0], [-1, -1]])
_VISITED = {CERTAIN: 4, OUTSIDE: 8}
_CLASS_BITS = 3
_ANY_POSSIBLE = np.uint64(0x0101010101010101)
_CORNER_CELLS = 0.25
"""Where two cells of a region meet in a corner alone, each keeps this far away from it along its sides."""

_CLEARANCE_M = 0.05
"""No other vertex comes nearer to a new side than this."""
_LEAST_TURN_COSINE = -0.87
"""No corner becomes sharper than 30°, of the region or of what is around it."""
_BUCKET_M = 8.0
_LEAST_VERTICES = 4


@inlined
def _kind(tile: NDArray[np.int32], blocks: NDArray[np.uint8], column: int, row: int) -> int:
    """Return the class of a cell, outside beyond the tiles."""
    n_rows, n_columns = tile.shape
    if column < 0 or row < 0 or column >= n_columns * TILE_CELLS or row >= n_rows * TILE_CELLS:
        return OUTSIDE
    block = tile[row // TILE_CELLS, column // TILE_CELLS]
    if block < 0:
        return int(-1 - block)
    return int(blocks[block, row % TILE_CELLS, column % TILE_CELLS]) & _CLASS_BITS


@compiled
def _follow(
    tile: NDArray[np.int32],
    blocks: NDArray[np.uint8],
    start: tuple[int, int],
    sought: tuple[int, int],
    out: Floats,
    used: int,
) -> tuple[Floats, int]:
    """Write the corners of the ring that runs east from a corner of the lattice, in cells; return out and used."""
    region, bit = sought
    column, row, direction = start[0], start[1], _EAST
    while True:
        if direction == _EAST:
            right = tile[(row - 1) // TILE_CELLS, column // TILE_CELLS]
            if right >= 0:
                blocks[right, (row - 1) % TILE_CELLS, column % TILE_CELLS] |= bit
        column, row = column + _MOVES[direction, 0], row + _MOVES[direction, 1]
        left = _kind(tile, blocks, column + _AHEAD_LEFT[direction, 0], row + _AHEAD_LEFT[direction, 1]) == region
        right_too = _kind(tile, blocks, column + _AHEAD_RIGHT[direction, 0], row + _AHEAD_RIGHT[direction, 1]) == region
        turn = (1 if right_too else 0) if left else 3  # 3: to the left, 1: to the right, 0: straight on
        if turn:
            if used + 2 > len(out):
                out = np.concatenate((out, np.empty_like(out)))
            ahead = (direction + (1 if turn == 3 else 3)) % 4
            if not left and right_too:
                out[used, 0] = column - _CORNER_CELLS * _MOVES[direction, 0]
                out[used, 1] = row - _CORNER_CELLS * _MOVES[direction, 1]
                out[used + 1, 0] = column + _CORNER_CELLS * _MOVES[ahead, 0]
                out[used + 1, 1] = row + _CORNER_CELLS * _MOVES[ahead, 1]
                used += 2
            else:
                out[used, 0], out[used, 1] = column, row
                used += 1
            direction = ahead
        if direction == _EAST and column == start[0] and row == start[1]:
            return out, used


@compiled
def _trace(
    tile: NDArray[np.int32], blocks: NDArray[np.uint8], words: NDArray[np.uint64], region: int, bit: int
) -> tuple[Floats, Offsets]:
    """Return all rings of a region, in cells; ``blocks`` takes the marks of what was visited.

    ``words`` is the same memory, ``(n_blocks, 512)``, eight cells each: most of them hold no undecided cell.
    """
    out, used = np.empty((4096, 2)), 0
    ends, n_rings = np.zeros(256, dtype=np.int64), 0
    for place in range(tile.size):
        tile_row, tile_column = place // tile.shape[1], place % tile.shape[1]
        block = tile[tile_row, tile_column]
        if block < 0:
            continue
        for word in range(words.shape[1]):
            if not words[block, word] & _ANY_POSSIBLE:
                continue
            y = word * 8 // TILE_CELLS
            for x in range(word * 8 % TILE_CELLS, word * 8 % TILE_CELLS + 8):
                cell = blocks[block, y, x]
                column, row = tile_column * TILE_CELLS + x, tile_row * TILE_CELLS + y + 1
                if cell & _CLASS_BITS != POSSIBLE or cell & bit or _kind(tile, blocks, column, row) != region:
                    continue
                out, used = _follow(tile, blocks, (column, row), (region, bit), out, used)
                n_rings += 1
                if n_rings == len(ends):
                    ends = np.concatenate((ends, np.zeros_like(ends)))
                ends[n_rings] = used
    return out[:used], ends[: n_rings + 1]


def rings_of(cells: Cells, lattice: Lattice, region: int) -> Rings:
    """Return the rings of the certain or of the outside ground, in metres."""
    words = cells.blocks.view(np.uint64).reshape(len(cells.blocks), TILE_CELLS * TILE_CELLS // 8)
    xy, ends = _trace(cells.tile, cells.blocks, words, region, _VISITED[region])
    return xy * lattice.cell_m + (lattice.west_m, lattice.south_m), ends


@inlined
def _cross(ax: float, ay: float, bx: float, by: float) -> float:
    """Return the cross product of two vectors, positive where the second points to the left of the first."""
    return ax * by - ay * bx


@inlined
def _turn(xy: Floats, a: int, b: int, c: int) -> float:
    """Return twice the area of the triangle of three vertices, positive where the region bulges at the middle one."""
    return _cross(xy[b, 0] - xy[a, 0], xy[b, 1] - xy[a, 1], xy[c, 0] - xy[b, 0], xy[c, 1] - xy[b, 1])


@inlined
def _sharp(xy: Floats, a: int, b: int, c: int) -> bool:
    """Tell whether the region's corner at ``b`` would be sharper than allowed."""
    ux, uy, wx, wy = xy[b, 0] - xy[a, 0], xy[b, 1] - xy[a, 1], xy[c, 0] - xy[b, 0], xy[c, 1] - xy[b, 1]
    straight = np.sqrt((ux * ux + uy * uy) * (wx * wx + wy * wy))
    return _cross(ux, uy, wx, wy) > 0 and ux * wx + uy * wy < _LEAST_TURN_COSINE * straight


@compiled
def _free(xy: Floats, base: tuple[int, int], top: tuple[float, float], third: int, grid: Grid) -> bool:
    """Tell whether no vertex but three lies in, or within the clearance of, the triangle left of a base up to a top."""
    west, south, heads, following = grid
    ax, ay = xy[base[0], 0], xy[base[0], 1]
    bx, by = xy[base[1], 0] - ax, xy[base[1], 1] - ay
    tx, ty = top[0] - ax, top[1] - ay
    length, rising, falling = np.hypot(bx, by), np.hypot(tx, ty), np.hypot(tx - bx, ty - by)
    low_x, high_x = ax + min(0.0, bx, tx) - _CLEARANCE_M, ax + max(0.0, bx, tx) + _CLEARANCE_M
    low_y, high_y = ay + min(0.0, by, ty) - _CLEARANCE_M, ay + max(0.0, by, ty) + _CLEARANCE_M
    first_row, last_row = max(int((low_y - south) / _BUCKET_M), 0), int((high_y - south) / _BUCKET_M)
    first, last = max(int((low_x - west) / _BUCKET_M), 0), int((high_x - west) / _BUCKET_M)
    for row in range(first_row, min(last_row, heads.shape[0] - 1) + 1):
        for column in range(first, min(last, heads.shape[1] - 1) + 1):
            other = heads[row, column]
            while other >= 0:
                qx, qy = xy[other, 0] - ax, xy[other, 1] - ay
                beside = (qx * bx + qy * by) / length
                if (
                    -_CLEARANCE_M < beside < length + _CLEARANCE_M
                    and _cross(bx, by, qx, qy) > -_CLEARANCE_M * length
                    and _cross(tx, ty, qx, qy) < _CLEARANCE_M * rising
                    and _cross(tx - bx, ty - by, qx - bx, qy - by) > -_CLEARANCE_M * falling
                    and other not in (base[0], base[1], third)
                ):
                    return False
                other = following[other]
    return True


@compiled
def _leave(xy: Floats, vertex: int, grid: Grid) -> None:
    """Take a vertex out of its bucket."""
    west, south, heads, following = grid
    row, column = int((xy[vertex, 1] - south) / _BUCKET_M), int((xy[vertex, 0] - west) / _BUCKET_M)
    if heads[row, column] == vertex:
        heads[row, column] = following[vertex]
        return
    other = heads[row, column]
    while following[other] != vertex:
        other = following[other]
    following[other] = following[vertex]


@compiled
def _enter(xy: Floats, vertex: int, grid: Grid) -> None:
    """Put a vertex into its bucket."""
    west, south, heads, following = grid
    row, column = int((xy[vertex, 1] - south) / _BUCKET_M), int((xy[vertex, 0] - west) / _BUCKET_M)
    following[vertex] = heads[row, column]
    heads[row, column] = vertex


@inlined
def _cut(xy: Floats, p: int, links: Links, cut_m: Floats, allowed_m: float, grid: Grid) -> bool:
    """Cut off a bulging corner by the line between its neighbours, where that takes no more than is allowed."""
    before, after = links
    a, c = before[p], after[p]
    bulge = _turn(xy, a, p, c)
    if bulge < 0:
        return False
    length = np.hypot(xy[c, 0] - xy[a, 0], xy[c, 1] - xy[a, 1])
    lost = bulge / length + max(cut_m[a], cut_m[p])
    if lost > allowed_m or _sharp(xy, before[a], a, c) or _sharp(xy, a, c, after[c]):
        return False
    if not _free(xy, (c, a), (xy[p, 0], xy[p, 1]), p, grid):
        return False
    _leave(xy, p, grid)
    after[a], before[c] = c, a
    cut_m[a] = lost
    return True


@inlined
def _meet(xy: Floats, p: int, links: Links, cut_m: Floats, allowed_m: float, grid: Grid) -> bool:
    """Lengthen the sides before and after a side until they meet within the region, instead of both its ends."""
    before, after = links
    q = after[p]
    a, d = before[p], after[q]
    if a == d or _turn(xy, a, p, q) >= 0 or _turn(xy, p, q, d) >= 0:
        return False
    ux, uy, wx, wy = xy[p, 0] - xy[a, 0], xy[p, 1] - xy[a, 1], xy[q, 0] - xy[d, 0], xy[q, 1] - xy[d, 1]
    bx, by = xy[q, 0] - xy[p, 0], xy[q, 1] - xy[p, 1]
    across, along = _cross(ux, uy, wx, wy), ux * wx + uy * wy
    if across <= 0 or along > -_LEAST_TURN_COSINE * np.sqrt((ux * ux + uy * uy) * (wx * wx + wy * wy)):
        return False
    on = _cross(bx, by, wx, wy) / across
    x, y = xy[p, 0] + on * ux, xy[p, 1] + on * uy
    lost = _cross(bx, by, x - xy[p, 0], y - xy[p, 1]) / np.hypot(bx, by) + cut_m[p]
    if lost > allowed_m or not _free(xy, (p, q), (x, y), q, grid):
        return False
    _leave(xy, p, grid)
    _leave(xy, q, grid)
    xy[p, 0], xy[p, 1] = x, y
    _enter(xy, p, grid)
    after[p], before[d] = d, p
    cut_m[a], cut_m[p] = max(cut_m[a], lost), max(cut_m[q], lost)
    return True


@compiled
def _simplify(xy: Floats, ends: Offsets, tolerance_m: float, grid: Grid, *, bends: bool) -> NDArray[np.bool_]:
    """Move and leave out vertices, and return which stay; ``bends`` that bend inwards are left out too."""
    n = len(xy)
    after, before = np.arange(1, n + 1), np.arange(-1, n - 1)
    left = ends[1:] - ends[:-1]
    ring_of = np.zeros(n, dtype=np.int64)
    for ring in range(len(left)):
        first, last = ends[ring], ends[ring + 1] - 1
        after[last], before[first] = first, last
        ring_of[first : last + 1] = ring
    for vertex in range(n):
        _enter(xy, vertex, grid)
    stays, cut_m = np.ones(n, dtype=np.bool_), np.zeros(n)
    for share in (0.25, 0.5, 0.75, 1.0, 1.0):
        for p in range(n):
            if not stays[p] or left[ring_of[p]] <= _LEAST_VERTICES:
                continue
            if _cut(xy, p, (before, after), cut_m, share * tolerance_m, grid):
                gone = p
            else:
                gone = after[p]
                if not (bends and _meet(xy, p, (before, after), cut_m, share * tolerance_m, grid)):
                    continue
            stays[gone] = False
            left[ring_of[p]] -= 1
    return stays


def simplified(rings: Rings, tolerance_m: float) -> Rings:
    """Return the rings with fewer vertices: ground within ``tolerance_m`` of them is taken from the region, none added.

    No corner becomes sharper than 30° on either side. A bulging corner is cut off where the triangle that is lost holds
    no other vertex; so no side can come to cross another one. Of three sides that bend inwards the outer two are
    lengthened until they meet, on the same condition; a long side could still pass between them, so that is looked at
    in the end, and done without where it has happened.
    """
    if not len(rings[0]):
        return rings
    found = _simplified(rings, tolerance_m, bends=True)
    lines, _ = _lines([found])
    return found if shapely.is_simple(shapely.multilinestrings(lines)) else _simplified(rings, tolerance_m, bends=False)


def _simplified(rings: Rings, tolerance_m: float, *, bends: bool) -> Rings:
    xy, ends = rings[0].copy(), rings[1]
    west, south = xy.min(axis=0) - 2 * tolerance_m - 1.0
    columns, rows = ((xy.max(axis=0) + 2 * tolerance_m + 1.0 - (west, south)) // _BUCKET_M).astype(int) + 1
    heads = np.full((rows, columns), -1, dtype=np.int64)
    grid = float(west), float(south), heads, np.full(len(xy), -1, dtype=np.int64)
    stays = _simplify(xy, ends, tolerance_m, grid, bends=bends)
    return xy[stays], np.concatenate([[0], np.cumsum(stays)])[ends]


def reversed_rings(rings: Rings) -> Rings:
    """Return the rings of the other side."""
    xy, ends = rings
    return xy[::-1], ends[-1] - ends[::-1]


def signed_areas_m2(rings: Rings) -> Floats:
    """Return the area in each ring, positive where the region is inside."""
    xy, ends = rings
    if not len(xy):
        return np.zeros(0)
    at = xy - xy[0]
    after = np.arange(1, len(xy) + 1)
    after[ends[1:] - 1] = ends[:-1]
    areas: Floats = np.add.reduceat(at[:, 0] * at[after, 1] - at[:, 1] * at[after, 0], ends[:-1]) / 2
    return areas


def polygons_of(*regions: Rings) -> Polygons:
    """Return the region of rings that keep apart: each ring that runs clockwise is a hole of the least one around it.

    Of several sets of rings the region is what lies on the left of all of them.
    """
    lines, areas = _lines(regions)
    shells, holes = np.flatnonzero(areas > 0), np.flatnonzero(areas < 0)
    doors = shapely.get_point(lines[holes], 0)
    shell, hole = shapely.STRtree(doors).query(shapely.polygons(lines[shells]), predicate="contains")
    order = np.lexsort((areas[shells[shell]], hole))
    least = np.append(True, np.diff(hole[order]) != 0)[: len(order)]
    shell, hole = shell[order][least], hole[order][least]
    found = [shapely.Polygon(lines[own], lines[holes[hole[shell == i]]]) for i, own in enumerate(shells)]
    return np.array(found, dtype=object)


def rings_from(polygons: Polygons) -> Rings:
    """Return the rings of polygons of :func:`polygons_of`."""
    xy, ring = shapely.get_coordinates(shapely.get_rings(polygons), return_index=True)
    closing = np.append(np.diff(ring) != 0, True)[: len(ring)]
    kept = ring[~closing]
    return xy[~closing], np.concatenate([[0], np.cumsum(np.bincount(kept))]).astype(np.int64)


def without_specks(polygons: Polygons, least_m2: float) -> Polygons:
    """Return the polygons of at least an area."""
    return polygons[shapely.area(polygons) >= least_m2]


def without_pinholes(polygons: Polygons, least_m2: float) -> Polygons:
    """Return the polygons with their holes of less than an area filled, and what lay in these left out."""
    filled, islands = [], shapely.area(shapely.polygons(shapely.get_exterior_ring(polygons))) < least_m2
    for polygon in polygons:
        wide = [hole for hole in polygon.interiors if shapely.Polygon(hole).area >= least_m2]
        filled.append(polygon if len(wide) == len(polygon.interiors) else shapely.Polygon(polygon.exterior, wide))
    found = np.array(filled, dtype=object)
    island = np.flatnonzero(islands)
    inner, _ = shapely.STRtree(found).query(found[island], predicate="within")
    around = np.bincount(inner, minlength=len(island)) > 1  # each lies within itself
    return np.delete(found, island[around])


def _lines(regions: Sequence[Rings]) -> tuple[Polygons, Floats]:
    """Return all rings as closed lines, and the signed area of each."""
    lines = [shapely.LinearRing(xy[a:b]) for xy, ends in regions for a, b in pairwise(ends)]
    return np.array(lines, dtype=object), np.concatenate([signed_areas_m2(rings) for rings in regions])
