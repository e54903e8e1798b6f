"""The order of cells in their quarter: west to east, then north to south (as in Beijing's and Xi'an's standards)."""

import numpy as np
import shapely
from numpy.typing import NDArray

_ROW = 0.75
"""The height of a row, in sides of a square of the mean size: less than the way from one row of squares to the next,
more than cells side by side are likely to stand askew."""


def numbering(cells: NDArray[np.object_], row_m: float | None = None) -> NDArray[np.int64]:
    """Return the sequence number, from 1, of each cell, or point, of one quarter.

    Rows run from north to south, and in a row the numbers run from west to east. A cell's place is its centroid. A row
    reaches from its northernmost place three quarters of the side of a square of the cells' mean size south. Cells
    whose centroids are one to the millimetre are ordered by their shapes.

    Parameters
    ----------
    row_m
        The height of a row; for points it must be given, as they have no size.
    """
    if not len(cells):
        return np.empty(0, dtype=np.int64)
    xy = np.round(shapely.get_coordinates(shapely.centroid(cells)), 3)
    height_m = row_m if row_m is not None else _ROW * float(np.sqrt(shapely.area(cells).mean()))
    from_north = np.argsort(-xy[:, 1], kind="stable")
    row = np.empty(len(cells), dtype=np.int64)
    number, top = -1, np.inf
    for k in from_north:
        if top - xy[k, 1] >= height_m:
            number, top = number + 1, xy[k, 1]
        row[k] = number
    shape = np.argsort(np.argsort(shapely.to_wkb(shapely.normalize(cells)).astype("S"), kind="stable"))
    order = np.lexsort((shape, xy[:, 1], xy[:, 0], row))
    sequence = np.empty(len(cells), dtype=np.int64)
    sequence[order] = np.arange(1, len(cells) + 1)
    return sequence
