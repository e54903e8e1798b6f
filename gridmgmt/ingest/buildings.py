"""Buildings with their floor area, over which the residents of an area are spread."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.ellipsoid import areas_m2
from gridmgmt.crs import Datum
from gridmgmt.ingest.columns import find_column
from gridmgmt.ingest.files import OSM_SUFFIXES, VECTOR_SUFFIXES, check_file
from gridmgmt.ingest.geometry import POLYGONS, reviewed_geometry
from gridmgmt.ingest.homes import homes
from gridmgmt.ingest.intake import Objects, Review
from gridmgmt.ingest.values import numbers, texts
from gridmgmt.ingest.vector import read_vector

Floats = NDArray[np.float64]

MOST_LEVELS = 200.0
"""Taller is a slip: nothing that people live in has so many storeys."""


@dataclass(frozen=True)
class Buildings:
    """Residential buildings; arrays of one length."""

    number: NDArray[np.int64]
    """The row, or of an OSM extract the id doubled, plus 1 for relations: unique and stable."""
    lonlat: Floats
    """A point within each, ``(n, 2)`` degrees."""
    floor_area_m2: Floats
    """The footprint on the ellipsoid times the levels; see :func:`floor_areas_m2`."""
    file_sha256: str
    details: Mapping[str, object]


def read_buildings(path: Path, *, datum: Datum | None = None) -> Buildings:
    """Return the homes of an OpenStreetMap extract, or all polygons of a vector file.

    Of an extract the homes are those that :mod:`gridmgmt.ingest.homes` takes. Of a vector file every polygon counts, so
    that it must hold residential buildings alone; levels stand in a column ``levels`` or ``building:levels``. A polygon
    that is not valid is left out and counted in ``details``.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    if check_file(path, (*VECTOR_SUFFIXES, *OSM_SUFFIXES)) in OSM_SUFFIXES:
        found = homes(path)
        levels = np.array([tags.get("building:levels") for tags in found.tags], dtype=object)
        return _buildings(found.number, found.geometry, levels, found.file_sha256, {"left_out": dict(found.left_out)})
    rows = read_vector(path)
    review = Review(rows.row)
    geometry = reviewed_geometry(rows, review, POLYGONS, datum)
    column = find_column(rows.columns, "levels")
    levels = texts(rows.columns[column]) if column else np.full(len(rows.row), None, dtype=object)
    kept = review.good
    details = {"levels_field": column, "buildings_unusable": int((~kept).sum())}
    return _buildings(rows.row[kept], geometry[kept], levels[kept], rows.file_sha256, details)


def _buildings(
    number: NDArray[np.int64], geometry: Objects, levels: Objects, file_sha256: str, details: Mapping[str, object]
) -> Buildings:
    tagged, _ = numbers(levels)
    known = (tagged > 0) & (tagged <= MOST_LEVELS)
    told = {"buildings": len(number), "levels_tagged": int(known.sum()), **details}
    lonlat = shapely.get_coordinates(shapely.point_on_surface(geometry)).reshape(-1, 2)
    return Buildings(number, lonlat, floor_areas_m2(areas_m2(geometry), tagged), file_sha256, told)


def floor_areas_m2(footprint_m2: Floats, levels: Floats) -> Floats:
    """Return footprints times levels; a building without a usable number of levels has the median of the others, or 1.

    >>> floor_areas_m2(np.array([100.0, 100.0, 50.0]), np.array([6.0, np.nan, 18.0])).tolist()
    [600.0, 1200.0, 900.0]
    """
    known = (levels > 0) & (levels <= MOST_LEVELS)
    usual = float(np.median(levels[known])) if known.any() else 1.0
    return footprint_m2 * np.where(known, levels, usual)
