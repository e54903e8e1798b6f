"""The coverage report as GeoJSON (RFC 7946): areas with their figures; in the exact form uncovered places and flows."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import shapely

from gridmgmt.coverage.document import AreaFlow, CoverageDocument, Figures, UncoveredPlace, values_of
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.errors import CrsError
from gridmgmt.reports.coverage_json import coverage_report

if TYPE_CHECKING:
    import geopandas as gpd

DECIMALS = 7
"""Decimals of a degree: about 1 cm."""

Feature = dict[str, Any]  # Any: a JSON object


def coverage_geojson(document: CoverageDocument, areas: "gpd.GeoDataFrame") -> str:
    """Return a FeatureCollection with one feature an area, and one an uncovered place and a flow where they are listed.

    ``areas`` has the columns ``level`` and ``code`` and geometries in degrees; an area of the document that is not in
    it gets no geometry. What is true of all (parameters, notes, provenance) stands beside the features.

    Raises
    ------
    CrsError
        When the geometries are not in the storage CRS.
    """
    if areas.crs is None or areas.crs.to_epsg() != STORAGE_SRID:
        raise CrsError("areas_crs", field="areas", value=str(areas.crs), expected=f"EPSG:{STORAGE_SRID}")
    drawn = {"levels", "uncovered_places", "service_points", "flows"}
    common = {name: value for name, value in values_of(coverage_report(document)).items() if name not in drawn}
    listed = document.uncovered_places.listed if document.uncovered_places else ()
    flows = document.flows.areas if document.flows else ()
    features = [*_area_features(document, areas), *map(_place_feature, listed), *map(_flow_feature, flows)]
    collection = {"type": "FeatureCollection", "features": features, **common}
    return json.dumps(collection, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def rfc7946(geometry: shapely.Geometry) -> Any:  # Any: a JSON object
    """Return a geometry in degrees as a GeoJSON object: rounded, outer rings counterclockwise."""
    rounded = shapely.set_precision(geometry, 10.0**-DECIMALS, mode="valid_output")
    if shapely.is_empty(rounded):  # smaller than a centimetre: better unrounded than gone
        rounded = geometry
    return _rounded(json.loads(shapely.to_geojson(shapely.orient_polygons(rounded))))


def _rounded(value: Any) -> Any:  # Any: a JSON object
    """Return a GeoJSON object with the digits cut that floating-point arithmetic left behind."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, DECIMALS) if isinstance(value, float) else value


def _area_features(document: CoverageDocument, areas: "gpd.GeoDataFrame") -> Iterator[Feature]:
    geometry_of = dict(zip(zip(areas["level"], areas["code"], strict=True), areas.geometry, strict=True))
    for level in document.levels:
        for area in level.areas:
            geometry = geometry_of.get((level.level, area.code))
            yield {
                "type": "Feature",
                "geometry": None if geometry is None else rfc7946(geometry),
                "properties": {
                    "feature": "area",
                    "level": level.level,
                    **area.model_dump(mode="json", exclude={"figures"}),
                    **_flat(area.figures),
                },
            }


def _flat(figures: Figures) -> Feature:
    """Return figures as plain properties; map programs do not read nested ones."""
    flat = figures.model_dump(mode="json", exclude={"bands", "age_bands", "ranges"})
    bands = {f"covered_{band.limit_s:.15g}_s": band.covered for band in figures.bands}
    ages = {f"{name}_{age.band}": getattr(age, name) for age in figures.age_bands for name in ("residents", "covered")}
    return {**flat, **bands, **ages}


def _place_feature(place: UncoveredPlace) -> Feature:
    properties = place.model_dump(mode="json", exclude={"lon", "lat"})
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(place.lon, DECIMALS), round(place.lat, DECIMALS)]},
        "properties": {"feature": "uncovered_place", **properties},
    }


def _flow_feature(flow: AreaFlow) -> Feature:
    ends = [[round(x, DECIMALS) for x in end] for end in (flow.begin, flow.end)]
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": ends},
        "properties": {"feature": "flow", **flow.model_dump(mode="json", exclude={"begin", "end"})},
    }
