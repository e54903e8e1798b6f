"""Snapping: the nearest edge of a walk network to each point, and where along it.

The segments of the edges are kept in a uniform grid; a query looks at the cells around its point ring by ring and
stops when no farther ring can hold anything nearer, so the answer is exact for any distance. Points are asked in order
of where they lie, so that what one has looked at is still at hand for the next. Without the compiler the segments are
kept in shapely's tree, which gives the same answers.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gridmgmt.analysis import compiled as compiler
from gridmgmt.analysis.compiled import compiled, inlined
from gridmgmt.errors import InputError

DISTANCE_TOLERANCE_M = 1e-6
"""Projected coordinates carry rounding of about 1e-9 m: a point at exactly the maximum distance must still be in."""

_CELL_PADDING = 1e-6
"""A segment is entered into cells this share of a cell beside it too: no rounding may lose one on a cell border."""

_BAND_BITS = 4
"""Points are ordered by bands of 16 rows of cells, and along each by columns."""

Grid = tuple[float, float, float, int, int]
"""West, south and cell size in metres, number of columns and rows."""

Cells = tuple[NDArray[np.int64], NDArray[np.int32]]
"""``indptr`` and ``members`` of the grid."""

Best = tuple[float, int, float]
"""Squared distance, segment and share along it of the nearest segment so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Snap:
    """Where points meet the network, each array of shape ``(n,)``.

    ``edge`` is -1 where no edge is near enough; ``fraction`` is the share of the edge's length from its source, 0–1;
    ``distance_m`` is the straight access leg in metres, infinite where there is no edge.
    """

    edge: NDArray[np.int32]
    fraction: NDArray[np.float64]
    distance_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class EdgeIndex:
    """A uniform grid over the segments of edges, in one metric coordinate system.

    ``segment_xy_m`` is ``(n_segments, 4)``: x, y of both ends. ``segment_start`` and ``segment_share`` tell which
    part of its edge's length a segment is, 0–1. The segments of cell ``row * n_columns + column`` are
    ``indptr[cell]:indptr[cell + 1]`` of ``members``, ascending. Without the compiler there are no cells but a ``tree``.
    """

    cell_m: float
    west_m: float
    south_m: float
    n_columns: int
    n_rows: int
    indptr: NDArray[np.int64]
    members: NDArray[np.int32]
    segment_xy_m: NDArray[np.float64]
    segment_edge: NDArray[np.int32]
    segment_start: NDArray[np.float64]
    segment_share: NDArray[np.float64]
    tree: shapely.STRtree | None = None

    @classmethod
    def build(
        cls,
        vertices_xy_m: ArrayLike,
        offsets: ArrayLike,
        mask: ArrayLike | None = None,
        cell_m: float | None = None,
    ) -> Self:
        """Index the edges; edge ``i`` runs through ``vertices_xy_m[offsets[i]:offsets[i + 1]]``, metric ``(k, 2)``.

        Only edges of the boolean ``mask`` (default: all) can be snapped to. ``cell_m`` is chosen when not given.

        Raises
        ------
        InputError
            When the shapes do not fit, an edge has fewer than two vertices, or a coordinate is not finite.
        """
        vertices, starts, wanted = _checked_edges(vertices_xy_m, offsets, mask)
        xy, edge, start, share = _segments(vertices, starts, wanted)
        cell = _cell_size(xy) if cell_m is None else cell_m
        if not cell > 0:
            raise InputError("number_not_positive", field="cell_m", value=cell_m)
        west, south, east, north = _extent(xy)
        n_columns, n_rows = int((east - west) / cell) + 1, int((north - south) / cell) + 1
        if not compiler.AVAILABLE:
            lines = np.asarray(shapely.linestrings(xy.reshape(-1, 2, 2)), dtype=object)
            none, indptr = np.zeros(0, dtype=np.int32), np.zeros(1, dtype=np.int64)
            tree = shapely.STRtree(lines)
            return cls(cell, west, south, n_columns, n_rows, indptr, none, xy, edge, start, share, tree)
        counts = _count_cells(xy, west, south, cell, n_columns, n_rows)
        cells, members = _list_cells(xy, west, south, cell, n_columns, n_rows, int(counts.sum()))
        order = np.argsort(cells, kind="stable")
        indptr = np.concatenate([[0], np.cumsum(np.bincount(cells, minlength=n_columns * n_rows))])
        return cls(
            cell, west, south, n_columns, n_rows, indptr.astype(np.int64), members[order], xy, edge, start, share
        )

    def nearest(self, xy_m: ArrayLike, max_distance_m: float | NDArray[np.float64] = np.inf) -> Snap:
        """Return the nearest edge within ``max_distance_m`` metres (≤, one for all or one a point) of each point.

        ``xy_m`` has shape ``(n, 2)``, in the metric coordinates of the index. Of edges at one distance the smallest
        id is taken.

        Raises
        ------
        InputError
            When a shape does not fit, a coordinate is not finite, or a distance is negative or not a number.
        """
        points = _checked_xy("xy_m", xy_m)
        reach = np.asarray(max_distance_m, dtype=np.float64)
        if reach.shape not in {(), (len(points),)}:
            raise InputError("array_shape_invalid", field="max_distance_m", value=reach.shape, expected=(len(points),))
        if not np.all(reach >= 0):
            raise InputError("distance_invalid", field="max_distance_m", value=float(reach[~(reach >= 0)].flat[0]))
        reaches = np.array(np.broadcast_to(reach, len(points)))
        if self.tree is None:
            grid = self.west_m, self.south_m, self.cell_m, self.n_columns, self.n_rows
            segment, share, distance = _nearest_segments(
                points, self._order(points), reaches, grid, (self.indptr, self.members), self.segment_xy_m
            )
        else:
            segment, share, distance = _nearest_by_tree(points, reaches, self.tree, self.segment_xy_m)
        found = segment >= 0
        hit = segment[found]
        edge = np.full(len(points), -1, dtype=np.int32)
        fraction = np.zeros(len(points))
        edge[found] = self.segment_edge[hit]
        fraction[found] = np.minimum(self.segment_start[hit] + share[found] * self.segment_share[hit], 1.0)
        return Snap(edge, fraction, distance)

    def _order(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the points in an order in which neighbours follow each other."""
        across, up = ((points - (self.west_m, self.south_m)) / self.cell_m).T
        column = np.clip(across, 0, self.n_columns - 1).astype(np.int64)
        row = np.clip(up, 0, self.n_rows - 1).astype(np.int64)
        return np.argsort((row >> _BAND_BITS) * self.n_columns + column)


def flatten(lines: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return vertices ``(k, 2)`` and offsets ``(n + 1,)`` of ``n`` shapely LineStrings, in their own coordinates."""
    vertices, line = shapely.get_coordinates(np.asarray(lines, dtype=object), return_index=True)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(line, minlength=np.size(lines)))])
    return vertices, offsets.astype(np.int64)


def _checked_xy(field: str, xy_m: ArrayLike) -> NDArray[np.float64]:
    """Return finite coordinates of shape ``(n, 2)``."""
    xy = np.ascontiguousarray(xy_m, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise InputError("array_shape_invalid", field=field, value=xy.shape, expected="(n, 2)")
    if (bad := np.flatnonzero(~np.isfinite(xy).all(axis=1))).size:
        raise InputError("coordinate_not_finite", field=field, row=int(bad[0]), value=xy[bad[0]].tolist())
    return xy


def _checked_edges(
    vertices_xy_m: ArrayLike, offsets: ArrayLike, mask: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return vertices, offsets and mask after checking that they fit together."""
    vertices = _checked_xy("vertices_xy_m", vertices_xy_m)
    starts = np.asarray(offsets, dtype=np.int64)
    if starts.ndim != 1 or not starts.size or starts[0] != 0 or starts[-1] != len(vertices):
        raise InputError(
            "array_shape_invalid", field="offsets", value=starts.shape, expected=f"(n_edges + 1), 0…{len(vertices)}"
        )
    if (short := np.flatnonzero(np.diff(starts) < 2)).size:
        count = int(starts[short[0] + 1] - starts[short[0]])
        raise InputError("edge_without_segment", field="offsets", edge=int(short[0]), value=count)
    wanted = np.ones(len(starts) - 1, dtype=np.bool_) if mask is None else np.asarray(mask, dtype=np.bool_)
    if wanted.shape != (len(starts) - 1,):
        raise InputError("array_shape_invalid", field="mask", value=wanted.shape, expected=(len(starts) - 1,))
    return vertices, starts, wanted


def _segments(
    vertices: NDArray[np.float64], offsets: NDArray[np.int64], wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Return ends, edge, start and share of every segment of the wanted edges, in order of edge and along it."""
    n_edges = len(offsets) - 1
    edge_of_vertex = np.repeat(np.arange(n_edges, dtype=np.int32), np.diff(offsets))
    first = np.flatnonzero(edge_of_vertex[:-1] == edge_of_vertex[1:])
    first = first[wanted[edge_of_vertex[first]]]
    edge = edge_of_vertex[first]
    xy = np.hstack([vertices[first], vertices[first + 1]])
    length = np.hypot(xy[:, 2] - xy[:, 0], xy[:, 3] - xy[:, 1])
    total = np.bincount(edge, weights=length, minlength=n_edges)[edge]
    run = np.cumsum(length) - length
    begins = np.concatenate([[True], edge[1:] != edge[:-1]])[: len(edge)]
    start = run - run[begins][np.cumsum(begins) - 1]
    # An edge of no length has one place only; any share of it is that place.
    scale = 1.0 / np.where(total > 0, total, np.inf)
    return xy, edge, start * scale, length * scale


def _extent(xy: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return west, south, east, north of the segments in metres; zeros when there are none."""
    if not len(xy):
        return 0.0, 0.0, 0.0, 0.0
    x, y = xy[:, ::2], xy[:, 1::2]
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _cell_size(xy: NDArray[np.float64]) -> float:
    """Return a cell size in metres that keeps both cells and entries at a few times the number of segments."""
    west, south, east, north = _extent(xy)
    n = max(len(xy), 1)
    mean_length = float(np.hypot(xy[:, 2] - xy[:, 0], xy[:, 3] - xy[:, 1]).sum()) / n
    area_a_segment = (east - west) * (north - south) / n
    return max(float(np.sqrt(area_a_segment / 4)), mean_length, (east - west + north - south) / (4 * n), 1e-3)


@compiled
def _columns(x0: float, y0: float, x1: float, y1: float, row: int, n_columns: int) -> tuple[int, int]:
    """Return the first and last column that a segment touches in a row, coordinates in cells."""
    low, high = 0.0, 1.0
    if y1 != y0:
        a, b = (row - _CELL_PADDING - y0) / (y1 - y0), (row + 1 + _CELL_PADDING - y0) / (y1 - y0)
        low, high = max(0.0, min(a, b)), min(1.0, max(a, b))
    at_low, at_high = x0 + low * (x1 - x0), x0 + high * (x1 - x0)
    first = int(np.floor(min(at_low, at_high) - _CELL_PADDING))
    last = int(np.floor(max(at_low, at_high) + _CELL_PADDING))
    return max(first, 0), min(last, n_columns - 1)


@compiled
def _rows(y0: float, y1: float, n_rows: int) -> tuple[int, int]:
    """Return the first and last row that a segment touches, coordinates in cells."""
    first = int(np.floor(min(y0, y1) - _CELL_PADDING))
    last = int(np.floor(max(y0, y1) + _CELL_PADDING))
    return max(first, 0), min(last, n_rows - 1)


@compiled
def _count_cells(
    xy: NDArray[np.float64], west: float, south: float, cell: float, n_columns: int, n_rows: int
) -> NDArray[np.int64]:
    """Return in how many cells each segment is entered."""
    counts = np.zeros(len(xy), dtype=np.int64)
    for i in range(len(xy)):
        x0, y0 = (xy[i, 0] - west) / cell, (xy[i, 1] - south) / cell
        x1, y1 = (xy[i, 2] - west) / cell, (xy[i, 3] - south) / cell
        first_row, last_row = _rows(y0, y1, n_rows)
        for row in range(first_row, last_row + 1):
            first, last = _columns(x0, y0, x1, y1, row, n_columns)
            counts[i] += last - first + 1
    return counts


@compiled
def _list_cells(
    xy: NDArray[np.float64], west: float, south: float, cell: float, n_columns: int, n_rows: int, n_entries: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the cell and the segment of every entry, by segment."""
    cells = np.empty(n_entries, dtype=np.int64)
    members = np.empty(n_entries, dtype=np.int32)
    at = 0
    for i in range(len(xy)):
        x0, y0 = (xy[i, 0] - west) / cell, (xy[i, 1] - south) / cell
        x1, y1 = (xy[i, 2] - west) / cell, (xy[i, 3] - south) / cell
        first_row, last_row = _rows(y0, y1, n_rows)
        for row in range(first_row, last_row + 1):
            first, last = _columns(x0, y0, x1, y1, row, n_columns)
            for column in range(first, last + 1):
                cells[at] = row * n_columns + column
                members[at] = i
                at += 1
    return cells, members


@compiled
def _to_segment(x: float, y: float, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float]:
    """Return the squared distance from a point to a segment, and the share along it where it is met."""
    dx, dy, px, py = x1 - x0, y1 - y0, x - x0, y - y0
    along, square = px * dx + py * dy, dx * dx + dy * dy
    if along <= 0.0:
        return px * px + py * py, 0.0
    if along >= square:
        # From the end itself: edges that share this vertex then tie to the last bit.
        return (x - x1) * (x - x1) + (y - y1) * (y - y1), 1.0
    share = along / square
    px, py = px - share * dx, py - share * dy
    return px * px + py * py, share


@inlined
def _scan(
    x: float, y: float, first: int, end: int, members: NDArray[np.int32], xy: NDArray[np.float64], best: Best
) -> Best:
    """Return the better of ``best`` and the members ``first…end-1``; of equals the lower segment."""
    square, segment, share = best
    for k in range(first, end):
        i = members[k]
        its_square, its_share = _to_segment(x, y, xy[i, 0], xy[i, 1], xy[i, 2], xy[i, 3])
        if its_square < square or (its_square == square and i < segment):
            square, segment, share = its_square, i, its_share
    return square, segment, share


@inlined
def _beyond(at: float, index: int) -> float:
    """Return how far a coordinate is from the strip of cells of an index, both in cells; 0 inside it."""
    return max(0.0, index - at, at - (index + 1))


@compiled
def _nearest_to(x: float, y: float, reach_m: float, grid: Grid, cells: Cells, xy: NDArray[np.float64]) -> Best:
    """Return squared distance, segment and share along it of the segment nearest to one point.

    The rings are the cells at one index distance from the point's own; the first to touch the grid comes first, and
    the search ends when the nearest place of the next ring is beyond the reach or the best. Of a ring only the cells
    that begin nearer than that are looked at.
    """
    west, south, cell, n_columns, n_rows = grid
    indptr, members = cells
    across, up = (x - west) / cell, (y - south) / cell
    column, middle = int(np.floor(across)), int(np.floor(up))
    inner = min(across - column, column + 1 - across, up - middle, middle + 1 - up)
    radius = max(0, -column, column - n_columns + 1, -middle, middle - n_rows + 1)
    farthest = max(abs(column), abs(n_columns - 1 - column), abs(middle), abs(n_rows - 1 - middle))
    best = (np.inf, len(xy), 0.0)
    near = (reach_m + DISTANCE_TOLERANCE_M) / cell
    while radius <= farthest and radius - 1 + inner <= near:
        for row in range(max(middle - radius, 0), min(middle + radius, n_rows - 1) + 1):
            above = _beyond(up, row)
            if above > near:
                continue
            whole = abs(row - middle) == radius
            first = max(column - radius, 0) if whole else column - radius
            for c in range(first, min(column + radius, n_columns - 1) + 1, 1 if whole else 2 * radius):
                beside = _beyond(across, c)
                if c >= 0 and above * above + beside * beside <= near * near:
                    k = row * n_columns + c
                    best = _scan(x, y, indptr[k], indptr[k + 1], members, xy, best)
                    near = min(near, (np.sqrt(best[0]) + DISTANCE_TOLERANCE_M) / cell)
        radius += 1
    return best


@compiled
def _nearest_segments(
    points: NDArray[np.float64],
    order: NDArray[np.int64],
    reach_m: NDArray[np.float64],
    grid: Grid,
    cells: Cells,
    xy: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return segment (-1 where none), share along it and distance in metres of every point, each ``(n,)``."""
    segments = np.full(len(points), -1, dtype=np.int64)
    shares, distances = np.zeros(len(points)), np.full(len(points), np.inf)
    for i in order:
        square, segment, share = _nearest_to(points[i, 0], points[i, 1], reach_m[i], grid, cells, xy)
        if np.sqrt(square) <= reach_m[i] + DISTANCE_TOLERANCE_M and segment < len(xy):
            segments[i], shares[i], distances[i] = segment, share, np.sqrt(square)
    return segments, shares, distances


def _nearest_by_tree(
    points: NDArray[np.float64], reach_m: NDArray[np.float64], tree: shapely.STRtree, xy: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the same as :func:`_nearest_segments`: of all segments about as near as the nearest, the least by it."""
    segments = np.full(len(points), -1, dtype=np.int64)
    shares, distances = np.zeros(len(points)), np.full(len(points), np.inf)
    if not len(points) or not len(xy):
        return segments, shares, distances
    places = np.asarray(shapely.points(points), dtype=object)
    (first, _), nearest_m = tree.query_nearest(places, all_matches=False, return_distance=True)
    point, segment = tree.query(places[first], predicate="dwithin", distance=nearest_m + DISTANCE_TOLERANCE_M)
    point = first[point]
    square, share = _to_segments(points[point], xy[segment])
    order = np.lexsort((segment, square, point))
    order = order[np.concatenate([[True], np.diff(point[order]) != 0])]
    order = order[np.sqrt(square[order]) <= reach_m[point[order]] + DISTANCE_TOLERANCE_M]
    segments[point[order]], shares[point[order]] = segment[order], share[order]
    distances[point[order]] = np.sqrt(square[order])
    return segments, shares, distances


def _to_segments(
    points: NDArray[np.float64], xy: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return :func:`_to_segment` of pairs of a point ``(n, 2)`` and a segment ``(n, 4)``."""
    (x, y), (x0, y0, x1, y1) = points.T, xy.T
    dx, dy, px, py = x1 - x0, y1 - y0, x - x0, y - y0
    along, square = px * dx + py * dy, dx * dx + dy * dy
    before, beyond = along <= 0.0, along >= square
    share = along / np.where(square > 0, square, 1.0)
    foot_x, foot_y = px - share * dx, py - share * dy
    end = (x - x1) * (x - x1) + (y - y1) * (y - y1)
    squares = np.where(before, px * px + py * py, np.where(beyond, end, foot_x * foot_x + foot_y * foot_y))
    return squares, np.where(before, 0.0, np.where(beyond, 1.0, share))
