"""What holds for exports without a database: coordinates of each system, continuous extents, fitting names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from gridmgmt.analysis.ellipsoid import areas_m2
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.crs import (
    MAX_SCALE_ERROR_PPM,
    Datum,
    Extent,
    Floats,
    LonLat,
    crs_name,
    gauss_kruger_zone,
    in_china_box,
    scale_error_ppm,
    wgs84_to_gcj02,
)
from gridmgmt.errors import CrsError, InputError

Objects = NDArray[np.object_]

ZONE_HALF_WIDTH_DEG = 1.5
_CGCS2000_SRID, _WGS84_SRID = 4490, 4326
_APART_DEG = 1e-5
"""About a metre: pieces with a narrower gap are one map."""

_SHAPEFILE_LIMIT_BYTES = 2**31 - 1
"""Largest ``.shp`` and ``.dbf`` that most readers open (ESRI Shapefile Technical Description, 1998: 16-bit words)."""

TEXT_BYTES = 254
"""Longest text of a dBASE field."""


ExportFormat = Literal["gpkg", "geojson", "shp", "fgb"]
"""Which kind of file is written: GeoPackage, GeoJSON, Shapefile, FlatGeobuf."""

ExportCrs = Literal["wgs84", "cgcs2000", "cgcs2000-zone", "gcj02"]
"""Which coordinates are written: degrees of a datum, or metres in the CGCS2000 3-degree zone of the extent."""

TextEncoding = Literal["utf-8", "gbk"]
"""How a Shapefile's texts are encoded; other formats are UTF-8 always."""


@dataclass(frozen=True)
class ExportAsk:
    """What is to be exported: a level as it is on a day, all of it or what lies within one area, and how.

    ``edition`` looks at a boundary edition instead of a day.
    """

    level: AreaLevel
    format: ExportFormat
    crs: ExportCrs = "wgs84"
    on: date | None = None
    edition: str | None = None
    within: str | None = None
    encoding: TextEncoding = "utf-8"


@dataclass(frozen=True)
class Placed:
    """Geometries in the coordinates of an export.

    ``crs`` is None for GCJ-02, which is no coordinate system of any register: a file that claimed one would be wrong.
    """

    geometry: Objects
    datum: Datum
    crs: CRS | None

    @property
    def crs_name(self) -> str | None:
        """The authority code of the CRS."""
        return None if self.crs is None else crs_name(self.crs)


def place(geometry: Objects, crs: ExportCrs, extent: Extent) -> Placed:
    """Return geometries (WGS 84 degrees, within the extent) in the coordinates that are asked for.

    WGS 84 and CGCS2000 degrees are the same numbers (see :mod:`gridmgmt.crs`). Projected coordinates are
    easting and northing in metres, in the zone whose central meridian is nearest to the middle of the extent.

    Raises
    ------
    CrsError
        When CGCS2000 or GCJ-02 is asked for outside China, or a 3-degree zone for an extent too wide for it.
    """
    if crs != "wgs84" and not np.all(in_china_box(extent[::2], extent[1::2])):
        raise CrsError("export_outside_china", field="crs", value=crs)
    if crs == "cgcs2000":
        return Placed(geometry, Datum.CGCS2000, CRS(_CGCS2000_SRID))
    if crs == "gcj02":
        return Placed(_moved(geometry, wgs84_to_gcj02), Datum.GCJ02, None)
    if crs == "cgcs2000-zone":
        zone = zone_of_extent(extent)
        forward = Transformer.from_crs(_CGCS2000_SRID, zone, always_xy=True).transform
        return Placed(_moved(geometry, forward), Datum.CGCS2000, zone)
    return Placed(geometry, Datum.WGS84, CRS(_WGS84_SRID))


def _moved(geometry: Objects, forward: Callable[..., LonLat]) -> Objects:
    def convert(lonlat: Floats) -> Floats:
        return np.column_stack(forward(lonlat[:, 0], lonlat[:, 1]))

    moved: Objects = shapely.transform(geometry, convert)
    return moved


def zone_of_extent(extent: Extent) -> CRS:
    """Return the CGCS2000 3-degree zone whose central meridian is nearest to the middle of an extent (degrees).

    >>> [zone_of_extent((west, 31.2, west + 0.2, 31.4)).to_epsg() for west in (121.2, 121.6)]
    [4549, 4550]

    Raises
    ------
    CrsError
        When the extent reaches so far beyond the zone that lengths are wrong by more than 500 ppm.
    """
    west, _, east, _ = extent
    zone = gauss_kruger_zone((west + east) / 2)
    if (error_ppm := scale_error_ppm(zone, extent)) > MAX_SCALE_ERROR_PPM:
        raise CrsError(
            "export_several_zones",
            field="crs",
            value="cgcs2000-zone",
            zones=", ".join(crs_name(gauss_kruger_zone(lon)) for lon in _meridians(west, east)),
            error_ppm=round(error_ppm),
            limit_ppm=round(MAX_SCALE_ERROR_PPM),
        )
    return zone


def beyond_zone(zone: CRS, extent: Extent) -> str | None:
    """Return the zone that part of an extent (degrees) belongs to by its longitude, None when all is in its own.

    >>> beyond_zone(CRS(4549), (121.3, 31.2, 121.6, 31.4)), beyond_zone(CRS(4549), (121.3, 31.2, 121.5, 31.4))
    ('EPSG:4550', None)
    """
    for edge in (extent[0], extent[2]):
        offset_deg = edge - central_meridian(zone)
        if abs(offset_deg) > ZONE_HALF_WIDTH_DEG:
            return crs_name(gauss_kruger_zone(edge))
    return None


def central_meridian(zone: CRS) -> float:
    """Return the central meridian of a Gauss-Krüger zone in degrees."""
    return float(zone.to_cf()["longitude_of_central_meridian"])


def _meridians(west: float, east: float) -> Sequence[float]:
    return [3.0 * k for k in range(round(west / 3), round(east / 3) + 1)]


def continuous_m2(geometry: Objects) -> float:
    """Return the surface in m² (ellipsoid) of the largest continuous piece that polygons (degrees) make up together.

    Pieces less than about a metre apart count as one: a slit between two maps does not make them two.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415  a server starts without
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415  as above

    pieces = shapely.get_parts(shapely.union_all(geometry))
    if not len(pieces):
        return 0.0
    one, other = shapely.STRtree(pieces).query(pieces, predicate="dwithin", distance=_APART_DEG)
    touching = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(pieces), len(pieces)))
    _, group = connected_components(touching, directed=False)
    return float(np.bincount(group, weights=areas_m2(pieces)).max())


def field_names(columns: Sequence[str], format_: ExportFormat, encoding: TextEncoding) -> Mapping[str, str]:
    """Return the name that each column has in a file: its own wherever the format allows.

    No format tells capital from small letters, a GeoPackage has names of its own, and a dBASE field has ten bytes.

    >>> field_names(["parent_level", "parent_lever"], "shp", "utf-8")
    {'parent_level': 'parent_lev', 'parent_lever': 'parent_l_2'}
    """
    longest = FIELD_BYTES if format_ == "shp" else None
    taken, found = set(_RESERVED), {}
    for column in columns:
        name, number = _cut(column, longest, encoding), 1
        while name.casefold() in taken:
            number += 1
            ending = f"_{number}"
            name = _cut(column, longest and longest - len(ending), encoding) + ending
        taken.add(name.casefold())
        found[column] = name
    return found


FIELD_BYTES = 10
"""Longest name of a dBASE field."""

_RESERVED = ("fid", "ogc_fid", "geom", "geometry")


def _cut(name: str, longest: int | None, encoding: TextEncoding) -> str:
    if longest is None:
        return name
    return name.encode(encoding, errors="replace")[:longest].decode(encoding, errors="ignore")


def fitting(texts: Sequence[str | None], column: str, encoding: TextEncoding) -> tuple[list[str | None], int]:
    """Return texts that fit a dBASE field of 254 bytes, and how many were shortened for it.

    A text is cut between two characters, never within one.

    >>> fitting(["网" * 130], "name", "gbk")[0][0] == "网" * 127
    True

    Raises
    ------
    InputError
        When the encoding lacks a character.
    """
    found, shortened = [], 0
    for text in texts:
        cut = text
        if text is not None:
            try:
                data = text.encode(encoding)
            except UnicodeEncodeError as error:
                lacking = error.object[error.start]
                raise InputError(
                    "export_not_encodable", field="encoding", value=encoding, column=column, text=text, lacking=lacking
                ) from error
            if len(data) > TEXT_BYTES:
                cut = data[:TEXT_BYTES].decode(encoding, errors="ignore")
                shortened += 1
        found.append(cut)
    return found, shortened


def check_shapefile_size(geometry: Objects, columns: int) -> None:
    """Refuse what does not fit into a Shapefile, whose files may not be larger than 2 GiB.

    Raises
    ------
    InputError
        With the size it would have.
    """
    rings = shapely.get_num_coordinates(geometry)
    shp = 100 + 52 * len(geometry) + 16 * int(rings.sum()) + 4 * len(geometry) * 8
    dbf = len(geometry) * columns * TEXT_BYTES
    if (size := max(shp, dbf)) > _SHAPEFILE_LIMIT_BYTES:
        raise InputError(
            "export_shapefile_too_large", field="format", value="shp", size=size,
            limit=_SHAPEFILE_LIMIT_BYTES,
        )  # fmt: skip
