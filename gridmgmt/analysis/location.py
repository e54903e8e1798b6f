"""Which area a point lies in: exactly one of a level, or none."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

Geometries = Sequence[shapely.Geometry] | NDArray[np.object_]


def area_of_points(areas: Geometries, lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each point ``(n, 2)`` the index of the area that covers it, -1 where none does; the first of several.

    ``areas`` are the areas of one level in order of code, so that a point on a common border always falls to the
    lower code.
    """
    found = np.full(len(lonlat), -1, dtype=np.int64)
    eastward = np.argsort(lonlat[:, 0], kind="stable")
    x, y = lonlat[eastward].T
    # The lowest code comes last and keeps what it covers.
    for index, area in reversed(list(enumerate(areas))):
        west, south, east, north = shapely.bounds(area)
        strip = np.arange(np.searchsorted(x, west), np.searchsorted(x, east, side="right"))
        near = strip[(y[strip] >= south) & (y[strip] <= north)]
        shapely.prepare(area)
        found[eastward[near[shapely.intersects_xy(area, x[near], y[near])]]] = index
    return found
