"""What holds for areas without looking at a database: levels, kinds, ranks, whose child an area may be."""

import math
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.errors import InputError


class AreaLevel(StrEnum):
    """The levels of the hierarchy; ``town`` stands for towns and subdistricts alike (街镇)."""

    DISTRICT = "district"
    TOWN = "town"
    BASIC_MANAGEMENT_UNIT = "basic_management_unit"
    SECTOR = "sector"
    RESIDENTIAL_QUARTER = "residential_quarter"
    GRID_CELL = "grid_cell"


class AreaKind(StrEnum):
    """What a town-level area is."""

    TOWN = "town"
    SUBDISTRICT = "subdistrict"
    TOWNSHIP = "township"


class TownMode(StrEnum):
    """The main mode by which a town manages its communities."""

    BASIC_MANAGEMENT_UNIT = "basic_management_unit"
    SECTOR = "sector"
    DIRECT = "direct"


RANK: dict[AreaLevel, int] = {
    AreaLevel.DISTRICT: 1,
    AreaLevel.TOWN: 2,
    AreaLevel.BASIC_MANAGEMENT_UNIT: 3,
    AreaLevel.SECTOR: 3,
    AreaLevel.RESIDENTIAL_QUARTER: 4,
    AreaLevel.GRID_CELL: 5,
}
"""Depth of each level; units and sectors are alternatives on one depth."""

_LEAST_M_PER_DEGREE = 110_500.0
"""No degree of a meridian or of the equator is shorter on the ellipsoid, so a box made with it is never too small."""
_KIND_BY_SUFFIX = {"街道": AreaKind.SUBDISTRICT, "镇": AreaKind.TOWN, "乡": AreaKind.TOWNSHIP}


def kind_of_name(level: AreaLevel, name: str) -> AreaKind | None:
    """Return what a town-level area is by the last characters of its name, None where they do not tell.

    >>> kind_of_name(AreaLevel.TOWN, "张庙街道").value, kind_of_name(AreaLevel.TOWN, "顾村镇").value
    ('subdistrict', 'town')
    """
    if level is not AreaLevel.TOWN:
        return None
    return next((kind for suffix, kind in _KIND_BY_SUFFIX.items() if name.endswith(suffix)), None)


def parents(
    level: NDArray[np.object_], code: NDArray[np.object_], area_m2: NDArray[np.float64], geometry: NDArray[np.object_]
) -> NDArray[np.int64]:
    """Return the position of each area's parent in the same arrays, -1 for one without.

    The parent is the deepest area of a higher level that holds a point inside the area; of several of one depth
    the smallest, then the one with the lower code.

    Parameters
    ----------
    level, code, area_m2, geometry
        Arrays of one length: level, code, surface in m², polygon.
    """
    found = np.full(len(level), -1)
    rank = np.array([RANK[AreaLevel(each)] for each in level], dtype=np.int64)
    points = shapely.point_on_surface(geometry)
    for depth in sorted(set(rank), reverse=True):
        above = np.flatnonzero(rank == depth)
        above = above[np.lexsort((code[above].astype(str), area_m2[above]))]
        below = np.flatnonzero((rank > depth) & (found < 0))
        child, parent = shapely.STRtree(geometry[above]).query(points[below], predicate="intersects")
        order = np.lexsort((parent, child))
        child, parent = child[order], parent[order]
        first = np.unique(child, return_index=True)[1]
        found[below[child[first]]] = above[parent[first]]
    return found


def check_position(lon: float, lat: float) -> None:
    """Refuse what cannot be a longitude and a latitude in degrees, and say so when the two look swapped.

    Raises
    ------
    InputError
        When a value is not finite or out of its range.
    """
    if abs(lat) > 90 and abs(lat) <= 180 and abs(lon) <= 90:
        raise InputError("position_swapped", field="lat", value=lat, lon=lon)
    for field, value, limit in (("lon", lon, 180), ("lat", lat, 90)):
        if not (math.isfinite(value) and abs(value) <= limit):
            raise InputError("position_out_of_range", field=field, value=value, limit=limit)


def check_positions(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> None:
    """Refuse longitudes and latitudes of which one cannot be one, see :func:`check_position`.

    Raises
    ------
    InputError
        For the first such point, and when there are not as many of both.
    """
    if len(lon) != len(lat):
        raise InputError("points_uneven", field="lat", value=len(lat), expected=len(lon))
    # NaN is within no limit.
    wrong = np.flatnonzero(~((np.abs(lon) <= 180) & (np.abs(lat) <= 90)))
    if len(wrong):
        check_position(float(lon[wrong[0]]), float(lat[wrong[0]]))


def box_deg(lat: float, radius_m: float) -> tuple[float, float]:
    """Return half the width and height in degrees of a box that holds a circle; near a pole it is the whole way round.

    >>> [round(each * 111_000) for each in box_deg(60.0, 100.0)]
    [201, 100]
    """
    high = radius_m / _LEAST_M_PER_DEGREE
    edge = min(abs(lat) + high, 90.0)
    return min(high / max(math.cos(math.radians(edge)), 1e-9), 180.0), high
