"""Ground in square cells: wholly within a walking time, wholly beyond it, or undecided at the smallest size.

A spot joins its nearest edge, so its time is known exactly once that edge is. For a square with centre ``c`` and half
diagonal ``r`` only segments within ``d(c) + 2r`` of the centre can be the nearest one of any spot in it, ``d`` being
the distance to the nearest. On each of them the spots' feet lie within ``r`` of the centre's foot, and times along a
segment are the lesser of two linear functions; so the least and the most time of all spots of the square are bounded.
They are bounded too by how fast the time can change: foot and distance change at right angles to each other, so by the
root of the sum of the squares of what a metre costs along the segment and beside it. Squares that the bounds do not
decide are quartered, down to single cells.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled, inlined

OUTSIDE, POSSIBLE, CERTAIN = 0, 1, 2
"""No spot of the cell is within the limit; it is not known; every spot of it is."""

TILE_CELLS = 64
"""Cells along the side of a tile: a block of cells is kept for each tile that is not all of one class."""
ROOT_TILES = 8
"""Tiles along the side of the largest square that is decided at once."""

_LEVELS = 10  # a root, its quarters … single cells: 8 · 64 = 2**9
_ROUNDING_M = 0.02
"""Squares are taken as so much larger: what is published is rounded, and nothing rounded may leave its square."""
_ROUNDING_CS = 1.52
"""How far the whole hundredths of one way may be from the sum of its parts: the access leg and two spots on an edge."""
_SHARE_TOLERANCE = 1e-9
CLOSED_CS = 1e12
"""What an edge costs that is closed; finite, so that no part of it of no length costs something that is no number."""

Floats = NDArray[np.float64]
Index = tuple[float, float, float, int, int, NDArray[np.int64], NDArray[np.int32]]
"""West, south and cell size of the index of segments, its columns and rows, ``indptr`` and ``members``."""


class Streets(NamedTuple):
    """Segments of edges, and what it takes from the ends of the edges.

    ``xy_m`` ``(n_segments, 4)``, ``edge``, ``start`` and ``share`` as in
    :class:`~gridmgmt.analysis.snapping.EdgeIndex`. Of each way (one, or two for a round trip), ``(n_ways, n_edges)``:
    the times of the source and the target of each edge in hundredths of a second, infinite where not reached that way,
    and what the whole edge costs towards its source and towards its target (:data:`CLOSED_CS` where closed). Points on
    edges, ``(n_points,)`` by edge and share: ``point_edge``, ``point_share``, ``point_leg_cs``.
    """

    xy_m: Floats
    edge: NDArray[np.int32]
    start: Floats
    share: Floats
    at_source: Floats
    at_target: Floats
    to_source: Floats
    to_target: Floats
    point_edge: NDArray[np.int32]
    point_share: Floats
    point_leg_cs: Floats


class Question(NamedTuple):
    """What is asked: the limit, what a metre of the access leg takes, and how far a spot may be from its street."""

    limit_cs: float
    cs_per_m: float
    connection_m: float


class Lattice(NamedTuple):
    """Roots of cells: cell size and the corner of the first root in metres, columns and rows of roots."""

    cell_m: float
    west_m: float
    south_m: float
    n_columns: int
    n_rows: int


class Cells(NamedTuple):
    """Classes of cells by tile: ``tile`` ``(n_rows, n_columns)`` is a block of cells, or -1 - class of all of it.

    ``blocks`` is ``(n_blocks, 64, 64)``, row by row from the south.
    """

    tile: NDArray[np.int32]
    blocks: NDArray[np.uint8]


@compiled
def _piece_end(streets: Streets, segment: int, begin: float, points: tuple[int, int]) -> float:
    """Return where the piece ends that begins at a share of a segment: at the next point on it, or with it."""
    start, share = streets.start[segment], streets.share[segment]
    for p in range(points[0], points[1]):
        at = streets.point_share[p]
        if start + begin * share + _SHARE_TOLERANCE < at < start + share - _SHARE_TOLERANCE:
            return float((at - start) / share)
    return 1.0


@compiled
def _lines_of(
    streets: Streets, edge: int, span: tuple[float, float], points: tuple[int, int], way: int, line: Floats
) -> None:
    """Write of a part of an edge the time at its begin by the source and its growth, at its end by the target."""
    begin, end = span
    back, on = streets.to_source[way, edge], streets.to_target[way, edge]
    low = streets.at_source[way, edge] + begin * back
    high = streets.at_target[way, edge] + (1.0 - end) * on
    for p in range(points[0], points[1]):
        at, leg = streets.point_share[p], streets.point_leg_cs[p]
        if at <= begin + _SHARE_TOLERANCE:
            low = min(low, leg + max(begin - at, 0.0) * back)
        if at >= end - _SHARE_TOLERANCE:
            high = min(high, leg + max(at - end, 0.0) * on)
    line[0], line[1] = low, (end - begin) * back
    line[2], line[3] = high, (end - begin) * on


@compiled
def _pieces(streets: Streets, segment: int, places: Floats, lines: Floats, used: int) -> int:
    """Write a segment, cut at the points on it, from row ``used`` on, and return the next row.

    A place is x, y, dx, dy, length² and the most that a metre along it costs on all ways together; its lines are one
    row a way (see :func:`_lines_of`).
    """
    edge, start, share = streets.edge[segment], streets.start[segment], streets.share[segment]
    x, y = streets.xy_m[segment, 0], streets.xy_m[segment, 1]
    dx, dy = streets.xy_m[segment, 2] - x, streets.xy_m[segment, 3] - y
    first = np.searchsorted(streets.point_edge, edge)
    last = first
    while last < len(streets.point_edge) and streets.point_edge[last] == edge:
        last += 1
    begin = 0.0
    while True:
        end = _piece_end(streets, segment, begin, (first, last))
        part = end - begin
        places[used, 0], places[used, 1] = x + begin * dx, y + begin * dy
        places[used, 2], places[used, 3] = part * dx, part * dy
        places[used, 4] = part * part * (dx * dx + dy * dy)
        steepest = 0.0
        for way in range(len(streets.at_source)):
            span = start + begin * share, start + end * share
            _lines_of(streets, edge, span, (first, last), way, lines[used, way])
            steepest += max(lines[used, way, 1], lines[used, way, 3])
        places[used, 5] = steepest / np.sqrt(places[used, 4])
        used += 1
        if end == 1.0:
            return used
        begin = end


@compiled
def _near(x: float, y: float, reach_m: float, index: Index, seen: NDArray[np.int32], mark: int) -> NDArray[np.int32]:
    """Return the segments of the index's cells within ``reach_m`` of a position, each once; ``seen`` takes the mark."""
    west, south, size, n_columns, n_rows, indptr, members = index
    low_column, high_column = int(np.floor((x - reach_m - west) / size)), int(np.floor((x + reach_m - west) / size))
    low_row, high_row = int(np.floor((y - reach_m - south) / size)), int(np.floor((y + reach_m - south) / size))
    found, used = np.empty(256, dtype=np.int32), 0
    for row in range(max(low_row, 0), min(high_row, n_rows - 1) + 1):
        for column in range(max(low_column, 0), min(high_column, n_columns - 1) + 1):
            cell = row * n_columns + column
            for k in range(indptr[cell], indptr[cell + 1]):
                if seen[members[k]] == mark:
                    continue
                seen[members[k]] = mark
                if used == len(found):
                    found = np.concatenate((found, np.empty_like(found)))
                found[used] = members[k]
                used += 1
    return found[:used]


@inlined
def _foot(x: float, y: float, place: Floats) -> tuple[float, float]:
    """Return distance² and share of the foot of a position on a piece."""
    across, up = x - place[0], y - place[1]
    share = 0.0
    if place[4] > 0.0:
        share = min(max((across * place[2] + up * place[3]) / place[4], 0.0), 1.0)
    across, up = across - share * place[2], up - share * place[3]
    return across * across + up * up, share


@inlined
def _bounds(lines: Floats, low: float, high: float) -> tuple[float, float]:
    """Return the least and the most time of all ways between two shares of a piece."""
    least, most = 0.0, 0.0
    for way in range(len(lines)):
        least += min(lines[way, 0] + low * lines[way, 1], lines[way, 2] + (1.0 - high) * lines[way, 3])
        most += min(lines[way, 0] + high * lines[way, 1], lines[way, 2] + (1.0 - low) * lines[way, 3])
    return least, most


@inlined
def _judge(
    centre: tuple[float, float],
    radius_m: float,
    question: Question,
    pieces: tuple[Floats, Floats],
    given: NDArray[np.int32],
    kept: NDArray[np.int32],
    feet: Floats,
) -> tuple[int, int]:
    """Return the class of a square and how many of the given pieces may be the nearest of a spot in it: ``kept``."""
    places, lines = pieces
    nearest = np.inf
    for k in range(len(given)):
        feet[k, 0], feet[k, 1] = _foot(centre[0], centre[1], places[given[k]])
        nearest = min(nearest, feet[k, 0])
    nearest = np.sqrt(nearest)
    if nearest - radius_m > question.connection_m:
        return OUTSIDE, 0
    leg, slack = lines.shape[1] * question.cs_per_m, lines.shape[1] * _ROUNDING_CS
    farthest = nearest + 2.0 * radius_m
    within, beyond, used = nearest + radius_m <= question.connection_m, True, 0
    for k in range(len(given)):
        if feet[k, 0] > farthest * farthest:
            continue
        piece = given[k]
        kept[used] = piece
        used += 1
        away, foot, swing = np.sqrt(feet[k, 0]), feet[k, 1], 1.0
        if places[piece, 4] > 0.0:
            swing = radius_m / np.sqrt(places[piece, 4])
        least, most = _bounds(lines[piece], max(foot - swing, 0.0), min(foot + swing, 1.0))
        least, most = least + leg * max(away - radius_m, 0.0), most + leg * (nearest + radius_m)
        if places[piece, 5] < np.inf:
            here, _ = _bounds(lines[piece], foot, foot)
            change = radius_m * np.sqrt(leg * leg + places[piece, 5] * places[piece, 5])
            least, most = max(least, here + leg * away - change), min(most, here + leg * away + change)
        within = within and most + slack <= question.limit_cs
        beyond = beyond and least - slack > question.limit_cs
    if within and used > 0:
        return CERTAIN, used
    return (OUTSIDE if beyond else POSSIBLE), used


@compiled
def _quarter(
    root: tuple[int, int],
    lattice: Lattice,
    question: Question,
    pieces: tuple[Floats, Floats],
    tile: NDArray[np.int32],
    kept_blocks: tuple[NDArray[np.uint8], int],
) -> tuple[NDArray[np.uint8], int]:
    """Class all cells of a root, and return the blocks and how many they are then."""
    blocks, n_blocks = kept_blocks
    n = len(pieces[0])
    kept, feet = np.empty((_LEVELS + 1, n), dtype=np.int32), np.empty((n, 2))
    kept[0] = np.arange(n)
    counts, done = np.zeros(_LEVELS + 1, dtype=np.int64), np.zeros(_LEVELS, dtype=np.int64)
    column, row = np.zeros(_LEVELS, dtype=np.int64), np.zeros(_LEVELS, dtype=np.int64)
    counts[0] = n
    column[0], row[0] = root[0] * ROOT_TILES * TILE_CELLS, root[1] * ROOT_TILES * TILE_CELLS
    level = 0
    while level >= 0:
        size = (ROOT_TILES * TILE_CELLS) >> level
        if done[level] == 4:
            level -= 1
            continue
        at_row, at_column = row[level] // TILE_CELLS, column[level] // TILE_CELLS
        if done[level] == 0:
            half_m = size * lattice.cell_m / 2.0
            centre = (
                lattice.west_m + column[level] * lattice.cell_m + half_m,
                lattice.south_m + row[level] * lattice.cell_m + half_m,
            )
            radius = half_m * np.sqrt(2.0) + _ROUNDING_M
            given = kept[level, : counts[level]]
            kind, counts[level + 1] = _judge(centre, radius, question, pieces, given, kept[level + 1], feet)
            if size >= TILE_CELLS and kind != POSSIBLE:
                wide = size // TILE_CELLS
                tile[at_row : at_row + wide, at_column : at_column + wide] = -1 - kind
                level -= 1
                continue
            if size == TILE_CELLS:
                if n_blocks == len(blocks):
                    blocks = np.concatenate((blocks, np.empty_like(blocks)))
                tile[at_row, at_column] = n_blocks
                n_blocks += 1
            elif size < TILE_CELLS and (kind != POSSIBLE or size == 1):
                y, x = row[level] % TILE_CELLS, column[level] % TILE_CELLS
                blocks[tile[at_row, at_column], y : y + size, x : x + size] = kind
                level -= 1
                continue
        child, half = done[level], size // 2
        done[level] += 1
        column[level + 1], row[level + 1] = column[level] + (child & 1) * half, row[level] + (child >> 1) * half
        level += 1
        done[level] = 0
    return blocks, n_blocks


@compiled
def mark_roots(streets: Streets, question: Question, lattice: Lattice) -> NDArray[np.bool_]:
    """Return the roots, ``(n_rows, n_columns)``, in which a spot may be within the limit by some segment."""
    wanted = np.zeros((lattice.n_rows, lattice.n_columns), dtype=np.bool_)
    side = lattice.cell_m * TILE_CELLS * ROOT_TILES
    line = np.empty((streets.at_source.shape[0], 4))
    reach = question.connection_m + 1.0
    for segment in range(len(streets.edge)):
        edge = streets.edge[segment]
        first = np.searchsorted(streets.point_edge, edge)
        has_point = first < len(streets.point_edge) and streets.point_edge[first] == edge
        span = streets.start[segment], streets.start[segment] + streets.share[segment]
        for way in range(len(line)):
            _lines_of(streets, edge, span, (first, first), way, line[way])
        least, _ = _bounds(line, 0.0, 1.0)
        if least - len(line) * _ROUNDING_CS > question.limit_cs and not has_point:
            continue
        x0, y0, x1, y1 = streets.xy_m[segment]
        low_column = int(np.floor((min(x0, x1) - reach - lattice.west_m) / side))
        high_column = int(np.floor((max(x0, x1) + reach - lattice.west_m) / side))
        low_row = int(np.floor((min(y0, y1) - reach - lattice.south_m) / side))
        high_row = int(np.floor((max(y0, y1) + reach - lattice.south_m) / side))
        for row in range(max(low_row, 0), min(high_row, lattice.n_rows - 1) + 1):
            for column in range(max(low_column, 0), min(high_column, lattice.n_columns - 1) + 1):
                wanted[row, column] = True
    return wanted


@compiled
def class_cells(
    streets: Streets, index: Index, question: Question, lattice: Lattice, wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return the classes of all cells (see :class:`Cells`); roots that are not wanted are outside."""
    tile = np.full((wanted.shape[0] * ROOT_TILES, wanted.shape[1] * ROOT_TILES), -1 - OUTSIDE, dtype=np.int32)
    blocks, n_blocks = np.empty((64, TILE_CELLS, TILE_CELLS), dtype=np.uint8), 0
    seen = np.full(len(streets.edge), -1, dtype=np.int32)
    side = lattice.cell_m * TILE_CELLS * ROOT_TILES
    reach = question.connection_m + 3.0 * (side * np.sqrt(0.5) + _ROUNDING_M)
    for row in range(wanted.shape[0]):
        for column in range(wanted.shape[1]):
            if not wanted[row, column]:
                continue
            x, y = lattice.west_m + (column + 0.5) * side, lattice.south_m + (row + 0.5) * side
            near = _near(x, y, reach, index, seen, row * wanted.shape[1] + column)
            places = np.empty((len(near) + len(streets.point_edge), 6))
            lines = np.empty((len(places), streets.at_source.shape[0], 4))
            used = 0
            for segment in near:
                used = _pieces(streets, segment, places, lines, used)
            blocks, n_blocks = _quarter(
                (column, row), lattice, question, (places[:used], lines[:used]), tile, (blocks, n_blocks)
            )
    return tile, blocks[:n_blocks]
