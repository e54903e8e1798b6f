"""The square net that other systems lay over a district, for comparison."""

import numpy as np
import shapely
from numpy.typing import NDArray


def naive_cells(outline: shapely.Geometry, side_m: float = 100.0) -> NDArray[np.object_]:
    """Return the squares of a net on whole multiples of its side, clipped to an outline, which may part them."""
    west, south, east, north = shapely.bounds(outline)
    x = np.arange(np.floor(west / side_m), np.ceil(east / side_m)) * side_m
    y = np.arange(np.floor(south / side_m), np.ceil(north / side_m)) * side_m
    x, y = (each.ravel() for each in np.meshgrid(x, y))
    clipped = shapely.intersection(shapely.box(x, y, x + side_m, y + side_m), outline)
    return np.asarray(clipped[shapely.area(clipped) > 0], dtype=object)
