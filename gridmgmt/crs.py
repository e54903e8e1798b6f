"""Coordinate systems: the storage SRID, the data's datums, and the choice of the metric CRS.

Coordinates are longitude/latitude in degrees everywhere (``always_xy``); boxes are ``(west, south, east, north)``.

Four datums occur in Chinese data. WGS 84 is what is stored. CGCS2000 differs from it by centimetres (both are
ITRF realisations, on ellipsoids whose minor axes differ by 0.1 mm), so the conversion is the identity here.
GCJ-02 shifts WGS 84 by some hundred metres, BD-09 shifts GCJ-02 once more; both are inverted by iteration,
never by subtracting the forward shift (which leaves metres).
"""

from collections.abc import Callable
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import ProjError

from gridmgmt.errors import CrsError

STORAGE_SRID = 4326
MAX_SCALE_ERROR_PPM = 500.0
CHINA_BOX = (72.004, 0.8293, 137.8347, 55.8271)
"""The box (degrees) outside which the published GCJ-02 algorithm changes nothing."""

Extent = tuple[float, float, float, float]
Floats = NDArray[np.float64]
LonLat = tuple[Floats, Floats]

_SEMI_MAJOR_M = 6378245.0  # Krasovsky 1940, as in the published GCJ-02 algorithm
_ECCENTRICITY2 = 0.00669342162296594323
_BD_ANGLE = np.pi * 3000.0 / 180.0
_FADE_DEG = 0.1
_CONVERGED_DEG = 1e-12
_MAX_ITERATIONS = 60
_FIRST_GK_ZONE = (4534, 75)  # EPSG code and central meridian of the westernmost CGCS2000 3-degree zone
_LAST_GK_MERIDIAN = 135
_SAMPLES_PER_SIDE = 9
_MODERN_SEMI_MAJOR_M = 6378137.0
"""Of WGS 84, GRS 80 and CGCS2000, whose datums differ by centimetres; older ellipsoids lie elsewhere in the Earth."""


class Datum(StrEnum):
    """What longitude and latitude in a source mean."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def in_china_box(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Tell for each point (degrees) whether it lies in the box where GCJ-02 differs from WGS 84."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    west, south, east, north = CHINA_BOX
    return (x >= west) & (x <= east) & (y >= south) & (y <= north)


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """Return GCJ-02 degrees for WGS 84 degrees; the identity outside China's box.

    The published algorithm (the same in all open implementations, e.g. eviltransform) jumps at the box's
    border and so has no inverse there. The outermost 0.1° of the box, all of it sea or foreign, fades the
    shift in instead; inside that the values are the published ones.
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    dx, dy = _gcj02_shift(x, y)
    return x + dx, y + dy


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """Return WGS 84 degrees for GCJ-02 degrees, to better than 1e-9° (0.1 mm)."""
    return _invert(_gcj02_shift, lon, lat)


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """Return BD-09 degrees for WGS 84 degrees; the identity outside China's box."""
    x, y = wgs84_to_gcj02(lon, lat)
    dx, dy = _bd09_shift(x, y)
    return x + dx, y + dy


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """Return WGS 84 degrees for BD-09 degrees, to better than 1e-9° (0.1 mm)."""
    return gcj02_to_wgs84(*_invert(_bd09_shift, lon, lat))


def datum_to_wgs84(datum: Datum, lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """Return WGS 84 degrees for degrees of one datum."""
    if datum is Datum.GCJ02:
        return gcj02_to_wgs84(lon, lat)
    if datum is Datum.BD09:
        return bd09_to_wgs84(lon, lat)
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def is_plain_lonlat(crs: CRS | None) -> bool:
    """Tell whether a source CRS is absent or claims WGS 84 longitude/latitude, which proves nothing."""
    return crs is None or crs.to_epsg() == STORAGE_SRID or crs == CRS("OGC:CRS84")


def to_lonlat(crs: CRS) -> Transformer:
    """Return the way from a CRS to WGS 84 longitude and latitude.

    Raises
    ------
    CrsError
        ``crs_without_parameters`` for Xi'an 1980 and others of which no way to WGS 84 is published: taken as they are,
        everything would lie some hundred metres off.
    """
    ellipsoid = crs.ellipsoid
    modern = ellipsoid is not None and ellipsoid.semi_major_metre == _MODERN_SEMI_MAJOR_M
    try:
        return Transformer.from_crs(crs, STORAGE_SRID, always_xy=True, allow_ballpark=modern)
    except ProjError as error:
        raise CrsError("crs_without_parameters", crs=crs.name) from error


def to_wgs84(
    geometries: NDArray[np.object_], *, crs: CRS | None = None, datum: Datum | None = None
) -> NDArray[np.object_]:
    """Return shapely geometries in WGS 84 degrees, without z.

    The source CRS says how the coordinates become longitude and latitude (None: they are already), the
    datum what those mean.
    """

    def convert(xy: Floats) -> Floats:
        lon, lat = xy[:, 0], xy[:, 1]
        if crs is not None and not is_plain_lonlat(crs) and crs.to_epsg() != 4490:
            lon, lat = to_lonlat(crs).transform(lon, lat)
        return np.column_stack(datum_to_wgs84(datum or Datum.WGS84, lon, lat))

    converted: NDArray[np.object_] = shapely.transform(shapely.force_2d(geometries), convert)
    return converted


def choose_metric_crs(extent: Extent) -> CRS:
    """Return the metric CRS for an extent in degrees.

    The first that keeps its scale error within the limit: the CGCS2000 3-degree Gauss-Krüger zone nearest to
    the centre (in China), the UTM zone of the centre, a transverse Mercator through the centre.

    Raises
    ------
    CrsError
        When the extent is malformed or too wide for any of them.
    """
    west, south, east, north = _checked_extent(extent)
    lon, lat = (west + east) / 2, (south + north) / 2
    candidates = [
        _utm_zone(lon, lat),
        CRS(f"+proj=tmerc +lat_0=0 +lon_0={lon:.6f} +k=1 +x_0=500000 +y_0=0 +datum=WGS84 +units=m"),
    ]
    if np.all(in_china_box([west, east], [south, north])):
        candidates.insert(0, gauss_kruger_zone(lon))
    for candidate in candidates:
        if scale_error_ppm(candidate, extent) <= MAX_SCALE_ERROR_PPM:
            return candidate
    raise CrsError("extent_too_wide", extent=_box_text(extent), limit_ppm=MAX_SCALE_ERROR_PPM)


def scale_error_ppm(crs: CRS, extent: Extent) -> float:
    """Return the largest deviation of a projected CRS's scale from 1 over an extent, in parts per million.

    Raises
    ------
    CrsError
        When the CRS is not projected in metres, or cannot show part of the extent.
    """
    west, south, east, north = _checked_extent(extent)
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info):
        raise CrsError("crs_not_metric", crs=crs_name(crs))
    lon, lat = np.meshgrid(np.linspace(west, east, _SAMPLES_PER_SIDE), np.linspace(south, north, _SAMPLES_PER_SIDE))
    factors = Proj(crs).get_factors(lon.ravel(), lat.ravel())
    scales = np.concatenate([factors.meridional_scale, factors.parallel_scale])
    if not np.all(np.isfinite(scales)):
        raise CrsError("crs_beyond_extent", crs=crs_name(crs), extent=_box_text(extent))
    return float(np.max(np.abs(scales - 1.0)) * 1e6)


def check_metric_crs(crs: CRS, extent: Extent) -> None:
    """Refuse a metric CRS whose scale error over the extent (degrees) is above the limit of 500 ppm.

    Raises
    ------
    CrsError
        With the error found and a CRS that would fit.
    """
    error_ppm = scale_error_ppm(crs, extent)
    if error_ppm > MAX_SCALE_ERROR_PPM:
        raise CrsError(
            "crs_scale_error",
            crs=crs_name(crs),
            error_ppm=round(error_ppm),
            limit_ppm=round(MAX_SCALE_ERROR_PPM),
            extent=_box_text(extent),
            fitting=crs_name(choose_metric_crs(extent)),
        )


def crs_name(crs: CRS) -> str:
    """Return the authority code of a CRS, or its PROJ text where it has none."""
    authority = crs.to_authority()
    return ":".join(authority) if authority else crs.srs


def _gcj02_shift(lon: Floats, lat: Floats) -> LonLat:
    """Return the GCJ-02 shift in degrees at WGS 84 points."""
    x, y = lon - 105.0, lat - 35.0
    root_x = np.sqrt(np.abs(x))
    wave = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    waves_y = 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y) + 160.0 * np.sin(np.pi / 12.0 * y)
    waves_x = 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x) + 150.0 * np.sin(np.pi / 12.0 * x)
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root_x
    north_m += (wave + waves_y + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root_x
    east_m += (wave + waves_x + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    phi = np.radians(lat)
    curvature = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY2) / curvature**1.5
    parallel_m = _SEMI_MAJOR_M / np.sqrt(curvature) * np.cos(phi)
    fade = _fade(lon, lat)
    return np.degrees(east_m / parallel_m) * fade, np.degrees(north_m / meridian_m) * fade


def _bd09_shift(lon: Floats, lat: Floats) -> LonLat:
    """Return the BD-09 shift in degrees at GCJ-02 points."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_ANGLE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_ANGLE)
    fade = _fade(lon, lat)
    return (radius * np.cos(angle) + 0.0065 - lon) * fade, (radius * np.sin(angle) + 0.006 - lat) * fade


def _fade(lon: Floats, lat: Floats) -> Floats:
    """Return 0 outside China's box, 1 from 0.1° inside its border on, and a smooth step between."""
    west, south, east, north = CHINA_BOX
    depth_deg = np.minimum(np.minimum(lon - west, east - lon), np.minimum(lat - south, north - lat))
    t = np.clip(depth_deg / _FADE_DEG, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _invert(shift: Callable[[Floats, Floats], LonLat], lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """Solve ``p + shift(p) = (lon, lat)`` by fixed-point iteration; the shift is a contraction everywhere."""
    x0, y0 = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    x, y = x0, y0
    for _ in range(_MAX_ITERATIONS):
        dx, dy = shift(x, y)
        step = np.fmax(np.abs(x0 - dx - x), np.abs(y0 - dy - y))
        x, y = x0 - dx, y0 - dy
        if not np.any(step > _CONVERGED_DEG):
            break
    return x, y


def gauss_kruger_zone(lon: float) -> CRS:
    """Return the CGCS2000 3-degree zone whose central meridian is nearest."""
    code, first = _FIRST_GK_ZONE
    meridian = min(max(3 * round(lon / 3), first), _LAST_GK_MERIDIAN)
    return CRS(code + (meridian - first) // 3)


def _utm_zone(lon: float, lat: float) -> CRS:
    """Return the WGS 84 UTM zone of a point."""
    zone = int((lon + 180) // 6) % 60 + 1
    return CRS((32600 if lat >= 0 else 32700) + zone)


def _checked_extent(extent: Extent) -> Extent:
    """Return the extent, or refuse one that is not an ordered box of degrees."""
    west, south, east, north = extent
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise CrsError("extent_malformed", extent=_box_text(extent))
    return extent


def _box_text(extent: Extent) -> str:
    """Return a box as people write it."""
    return ", ".join(f"{value:.4f}" for value in extent)
