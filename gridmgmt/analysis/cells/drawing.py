"""Cells of one outline: barriers make faces, faces are merged, large ones cut."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.cells.arrangement import (
    Arrangement,
    Objects,
    arrange,
    inserted,
    lines_from,
    node,
    rings_of,
    segments_of,
    tidied,
)
from gridmgmt.analysis.cells.cutting import cuts
from gridmgmt.analysis.cells.extension import prolonged, ties, ties_of_holes
from gridmgmt.analysis.cells.merging import merged
from gridmgmt.analysis.cells.near import Near
from gridmgmt.analysis.cells.numbering import numbering
from gridmgmt.analysis.cells.options import CellOptions
from gridmgmt.analysis.cells.strips import blocks_of

_MORE_ROUNDS = 3
_SAME_M = 0.01
_DEFAULT = CellOptions()


def cells_of(
    outline: shapely.Polygon | shapely.MultiPolygon,
    barriers: NDArray[np.object_],
    *,
    options: CellOptions = _DEFAULT,
    lines_kept: NDArray[np.object_] | None = None,
) -> NDArray[np.object_]:
    """Return the cells of an outline, numbered from north-west to south-east.

    They cover the outline without gap or overlap and share their vertices. The same input gives the same bytes,
    whatever the order and the direction of the barriers.

    Parameters
    ----------
    outline
        A quarter or a window, in a metric CRS; each of its parts is divided by itself.
    barriers
        LineStrings in the same CRS: streets, walls, banks, rails; those elsewhere do no harm.
    lines_kept
        LineStrings that a cell never crosses.
    """
    kept = np.empty(0, dtype=object) if lines_kept is None else lines_kept
    parts = [_cells_of_part(part, barriers, kept, options) for part in shapely.get_parts(outline)]
    cells = np.concatenate([np.empty(0, dtype=object), *parts])
    order = np.argsort(numbering(cells))
    return cells[order]


def _cells_of_part(outline: shapely.Polygon, barriers: Objects, kept: Objects, options: CellOptions) -> Objects:
    rings = rings_of(outline)
    if shapely.area(outline) <= options.target_m2 and not len(kept):
        return np.array([outline], dtype=object)
    barriers, kept = _within(barriers, outline, options), _within(kept, outline, options)
    near = Near(np.concatenate([segments_of(barriers), segments_of(kept)]), options.near_barrier_m)
    noded = node(np.concatenate([rings, kept, barriers]), rings)
    noded = node(np.concatenate([noded, prolonged(noded, options.reach_m, options.across_m)]), rings)
    noded = node(np.concatenate([noded, ties(noded, outline)]), rings)
    never = segments_of(kept)
    arrangement = _without_strips(arrange(noded, outline), outline, near, never, options)
    for above_m2 in (options.target_m2, *[options.cut_above_m2] * _MORE_ROUNDS):
        borders = _borders(arrangement, _labels(arrangement, near, never, options))
        arrangement = _without_holes(arrange(borders, outline), outline, options)
        large = arrangement.faces[shapely.area(arrangement.faces) > above_m2]
        found = [cuts(shapely.get_coordinates(block)[:-1], options) for block in large if _is_simple(block)]
        never = np.concatenate([never, *found])
        if not sum(map(len, found)):
            break
        arrangement = arrange(lines_from(inserted(arrangement.ends, np.concatenate(found))), outline)
    return tidied(arrangement, outline).faces


def _is_simple(block: shapely.Polygon) -> bool:
    return len(block.interiors) == 0


def _without_holes(arrangement: Arrangement, outline: shapely.Polygon, options: CellOptions) -> Arrangement:
    """Return the arrangement with large faces divided so that they do not go round others."""
    large = arrangement.faces[shapely.area(arrangement.faces) > options.cut_above_m2]
    tied = [ties_of_holes(block) for block in large if not _is_simple(block)]
    if not tied:
        return arrangement
    return arrange(node(np.concatenate([lines_from(arrangement.ends), *tied]), rings_of(outline)), outline)


def _within(lines: Objects, outline: shapely.Polygon, options: CellOptions) -> Objects:
    """Return the lines inside an outline, in an order of their own, without what runs along its border."""
    inside = shapely.buffer(outline, -options.near_barrier_m, join_style="mitre")
    if not len(lines) or shapely.is_empty(inside):
        return np.empty(0, dtype=object)
    lines = np.unique(shapely.to_wkb(shapely.normalize(lines[shapely.intersects(lines, inside)])))
    cut = shapely.get_parts(shapely.intersection(shapely.from_wkb(lines), inside))
    cut = cut[(shapely.get_type_id(cut) == 1) & (shapely.length(cut) > 0)]
    return np.asarray(cut, dtype=object)


def _labels(
    arrangement: Arrangement, near: Near, never: NDArray[np.float64], options: CellOptions
) -> NDArray[np.int64]:
    """Return for each face the number of its cell."""
    faces, (pairs, border_m, on_m) = arrangement.faces, _shared(arrangement, near, never)
    return merged(shapely.area(faces), shapely.length(faces), pairs, border_m, on_m, options)


def _without_strips(
    arrangement: Arrangement, outline: shapely.Polygon, near: Near, never: NDArray[np.float64], options: CellOptions
) -> Arrangement:
    """Return the arrangement with its strips in the blocks beside them."""
    if options.strip_m <= 0:
        return arrangement
    pairs, border_m, _ = _shared(arrangement, near, never)
    return arrange(_borders(arrangement, blocks_of(arrangement.faces, pairs, border_m, options)), outline)


def _shared(
    arrangement: Arrangement, near: Near, never: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the pairs (n, 2) of faces that may be merged, the length of their borders, and that on barriers."""
    inner = arrangement.is_inner
    ends, sides = arrangement.ends[inner], arrangement.sides[inner]
    length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    on = length * near.share(ends)
    if len(never):
        free = Near(never, _SAME_M).share(ends) < 0.5
        ends, sides, length, on = ends[free], sides[free], length[free], on[free]
    pairs, pair = np.unique(sides, axis=0, return_inverse=True)
    border_m, on_m = np.zeros(len(pairs)), np.zeros(len(pairs))
    np.add.at(border_m, pair.ravel(), length)
    np.add.at(on_m, pair.ravel(), on)
    return pairs, border_m, on_m


def _borders(arrangement: Arrangement, label: NDArray[np.int64]) -> Objects:
    """Return the borders between cells, and the outer ones."""
    one, other = arrangement.sides.T
    return lines_from(arrangement.ends[(one < 0) | (label[one] != label[other])])
