"""Geometries that a request brings as GeoJSON, in WGS 84 degrees."""

import json
from typing import Annotated, Any

import shapely
from pydantic import Field

from gridmgmt.areas.rules import check_position
from gridmgmt.errors import GeometryError

GeoJson = Annotated[dict[str, Any], Field(examples=[{"type": "LineString", "coordinates": [[121.39, 31.3]]}])]


def surface(geojson: dict[str, Any], field: str) -> shapely.Polygon | shapely.MultiPolygon:
    """Return a polygon or multipolygon.

    Raises
    ------
    GeometryError
        When it is none, not valid, or not on the Earth.
    """
    found = _geometry(geojson, field, ("Polygon", "MultiPolygon"))
    assert isinstance(found, shapely.Polygon | shapely.MultiPolygon)  # noqa: S101 -- just asked for
    return found


def line(geojson: dict[str, Any], field: str) -> shapely.LineString:
    """Return a line.

    Raises
    ------
    GeometryError
        When it is none, not valid, or not on the Earth.
    """
    found = _geometry(geojson, field, ("LineString",))
    assert isinstance(found, shapely.LineString)  # noqa: S101 -- just asked for
    return found


def drawing(geojson: dict[str, Any], field: str) -> shapely.Geometry:
    """Return a point, a line or a polygon.

    Raises
    ------
    GeometryError
        When it is none, not valid, or not on the Earth.
    """
    return _geometry(geojson, field, ("Point", "LineString", "Polygon"))


def _geometry(geojson: dict[str, Any], field: str, types: tuple[str, ...]) -> shapely.Geometry:
    try:
        found = shapely.force_2d(shapely.from_geojson(json.dumps(geojson)))
    except (shapely.GEOSException, ValueError, TypeError) as error:
        raise GeometryError("geojson_malformed", field=field, detail=str(error), types=", ".join(types)) from error
    if found.geom_type not in types:
        raise GeometryError("geojson_malformed", field=field, detail=found.geom_type, types=", ".join(types))
    if found.is_empty or not found.is_valid:
        raise GeometryError("surface_invalid", field=field, detail=shapely.is_valid_reason(found))
    west, south, east, north = found.bounds
    check_position(west, south)
    check_position(east, north)
    return found
