"""Which cells lie beside each other, and which near a point; in metres of one plane."""

import numpy as np
import shapely
from numpy.typing import NDArray

Objects = NDArray[np.object_]

BORDER_TOLERANCE_M = 0.1
"""Borders of two cells that run no further apart are one border: stored degrees round it to some millimetres."""
LEAST_BORDER_M = 1.0
"""Cells that share less than this touch at a corner."""


def neighbour_pairs(cells: Objects, group: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return the pairs ``(n, 2)`` of cells with a common border, the lower index first.

    A common border is at least :data:`LEAST_BORDER_M` long, the two sides at most :data:`BORDER_TOLERANCE_M` apart.

    Parameters
    ----------
    cells
        Polygons in a metric CRS, ``(n,)``.
    group
        Only cells of one group ``(n,)`` are neighbours.
    """
    one, other = shapely.STRtree(cells).query(cells, predicate="dwithin", distance=BORDER_TOLERANCE_M)
    asked = one < other if group is None else (one < other) & (group[one] == group[other])
    one, other = one[asked], other[asked]
    border = shapely.boundary(cells)
    # What of one border lies in a strip along the other; a corner alone leaves a few times the strip's width.
    strip = shapely.buffer(border, BORDER_TOLERANCE_M)
    along_m = shapely.length(shapely.intersection(border[one], strip[other]))
    shared = along_m - 4 * BORDER_TOLERANCE_M >= LEAST_BORDER_M
    order = np.lexsort((other[shared], one[shared]))
    return np.column_stack([one[shared], other[shared]])[order].astype(np.int64)


def near_pairs(cells: Objects, points: Objects, within_m: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return point and cell of each pair no further apart than a distance in metres, by point and cell."""
    point, cell = shapely.STRtree(cells).query(points, predicate="dwithin", distance=within_m)
    order = np.lexsort((cell, point))
    return point[order].astype(np.int64), cell[order].astype(np.int64)
