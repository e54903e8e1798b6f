"""Judging geometries and coordinates: present, of the right type, valid, on the Earth, not swapped."""

from collections.abc import Collection

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import GeometryType

from gridmgmt.crs import Datum, Extent, datum_to_wgs84, in_china_box, to_wgs84
from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.columns import coordinate_columns
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.intake import Mask, Objects, Review
from gridmgmt.ingest.values import blank, numbers, texts
from gridmgmt.ingest.vector import MALFORMED

Floats = NDArray[np.float64]

POLYGONS = (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)
LINES = (GeometryType.LINESTRING, GeometryType.MULTILINESTRING)
POINTS = (GeometryType.POINT, GeometryType.MULTIPOINT)
_NEIGHBOURHOOD_DEG = 5.0


def reviewed_geometry(rows: Rows, review: Review, types: Collection[GeometryType], datum: Datum | None) -> Objects:
    """Return the geometries in WGS 84 degrees without z, refusing rows that have none of the types or an invalid one.

    Nothing is repaired silently: an invalid ring is refused with the place of its fault.
    """
    if rows.geometry is None:
        raise FileRefusedError("file_without_geometry", found=", ".join(rows.columns))
    geometry = rows.geometry
    names = np.array([GeometryType(number).name.title() for number in shapely.get_type_id(geometry)], dtype=object)
    review.refuse(shapely.is_missing(geometry), "geometry_missing")
    review.refuse(np.array([g is MALFORMED for g in geometry], dtype=bool), "geometry_malformed")
    review.refuse(shapely.is_empty(geometry), "geometry_empty")
    wrong = ~np.isin(shapely.get_type_id(geometry), [int(kind) for kind in types])
    review.refuse(wrong, "geometry_type", found=names, expected=", ".join(kind.name.title() for kind in types))
    placed = _placed(rows.crs, geometry, review, datum)
    review.refuse(~shapely.is_valid(placed), "geometry_invalid", detail=_reasons(placed, review.good))
    return placed


def reviewed_points(
    rows: Rows,
    review: Review,
    *,
    datum: Datum | None,
    lon: str | None = None,
    lat: str | None = None,
    extent: Extent | None = None,
) -> Objects:
    """Return one point per row in WGS 84 degrees, from the geometries or from the coordinate columns.

    ``extent`` (degrees) is where the data belongs, if that is known; it helps to tell swapped coordinates.
    """
    if rows.geometry is not None:
        points = reviewed_geometry(rows, review, POINTS, datum)
        several = shapely.get_num_geometries(points) > 1
        review.refuse(several, "geometry_type", found="Multipoint", expected="Point")
        multi = shapely.get_type_id(points) == GeometryType.MULTIPOINT
        single: Objects = np.where(multi, shapely.get_geometry(points, 0), points)
        if rows.crs is None or rows.crs.is_geographic:
            x, y = shapely.get_x(single), shapely.get_y(single)
            review.refuse(_swapped(x, y, extent), "coordinates_swapped", lon=x, lat=y)
        return single
    columns = coordinate_columns(rows.columns, lon, lat, datum)
    x, y = (_coordinates(rows, review, column) for column in columns)
    review.refuse(_swapped(x, y, extent), "coordinates_swapped", lon=x, lat=y)
    review.refuse((np.abs(x) > 180) | (np.abs(y) > 90), "coordinates_out_of_range", lon=x, lat=y)
    review.refuse((x == 0) & (y == 0), "coordinates_zero")
    good_x, good_y = np.where(review.good, x, 0.0), np.where(review.good, y, 0.0)
    return np.asarray(shapely.points(*datum_to_wgs84(datum or Datum.WGS84, good_x, good_y)), dtype=object)


def _coordinates(rows: Rows, review: Review, column: str) -> Floats:
    """Return a coordinate column, refusing rows where it holds no finite number."""
    cells = texts(rows.columns[column])
    values, malformed = numbers(cells)
    review.refuse(blank(cells), "value_missing", field=column)
    review.refuse(malformed, "number_malformed", field=column, value=cells)
    return values


def _swapped(x: Floats, y: Floats, extent: Extent | None) -> Mask:
    """Tell which points lie wrong as given and right when longitude and latitude change places.

    Right means: within the extent; without one, within 5° of the middle of the file's possible points, or in
    China's box (whose mirror image is polar sea and Svalbard).
    """
    possible = (np.abs(x) <= 180) & (np.abs(y) <= 90)
    mirrored = (np.abs(y) <= 180) & (np.abs(x) <= 90)
    suspect = ~possible & mirrored
    if extent is not None:
        west, south, east, north = extent
    elif np.any(possible):
        mid_x, mid_y = np.median(x[possible]), np.median(y[possible])
        west, east = mid_x - _NEIGHBOURHOOD_DEG, mid_x + _NEIGHBOURHOOD_DEG
        south, north = mid_y - _NEIGHBOURHOOD_DEG, mid_y + _NEIGHBOURHOOD_DEG
    else:
        return suspect
    right = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    right_mirrored = (y >= west) & (y <= east) & (x >= south) & (x <= north)
    suspect |= ~right & right_mirrored
    return suspect | (~in_china_box(x, y) & in_china_box(y, x))


def _placed(crs: CRS | None, geometry: Objects, review: Review, datum: Datum | None) -> Objects:
    """Return the good geometries in WGS 84, refusing those off the Earth; None for the others."""
    west, south, east, north = shapely.bounds(geometry).T
    finite = np.isfinite(west) & np.isfinite(north) & np.isfinite(south) & np.isfinite(east)
    if crs is None or crs.is_geographic:
        swapped = (np.maximum(np.abs(south), np.abs(north)) > 90) & (np.maximum(np.abs(west), np.abs(east)) <= 90)
        swapped &= np.maximum(np.abs(south), np.abs(north)) <= 180
        review.refuse(finite & swapped, "coordinates_swapped", lon=west, lat=south)
        finite &= (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)
    beyond_x, beyond_y = (
        np.where(np.abs(east) > np.abs(west), east, west),
        np.where(np.abs(north) > np.abs(south), north, south),
    )
    review.refuse(~finite, "coordinates_out_of_range", lon=beyond_x, lat=beyond_y)
    placed = np.full(len(geometry), None, dtype=object)
    placed[review.good] = to_wgs84(geometry[review.good], crs=crs, datum=datum)
    bounds = shapely.bounds(placed)
    review.refuse(~np.all(np.isfinite(bounds), axis=1), "coordinates_out_of_range", lon=west, lat=south)
    return placed


def _reasons(geometry: Objects, wanted: Mask) -> Objects:
    """Return why and where each geometry of the mask is invalid."""
    reasons = np.full(len(geometry), "", dtype=object)
    ask = wanted & ~shapely.is_valid(geometry)
    reasons[ask] = shapely.is_valid_reason(geometry[ask])
    return reasons
