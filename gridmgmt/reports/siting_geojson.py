"""A siting answer as GeoJSON (RFC 7946): new points, candidates that are out, zones, places that nothing covers."""

import json
from typing import Any

import shapely

from gridmgmt.coverage.document import Part
from gridmgmt.reports.coverage_geojson import DECIMALS, rfc7946
from gridmgmt.reports.siting_words import siting_sha256
from gridmgmt.siting.document import SitingDocument

Feature = dict[str, Any]  # Any: a JSON object


def siting_geojson(document: SitingDocument) -> str:
    """Return a FeatureCollection: new points, candidates that are out, zones, listed places that nothing can cover.

    What is true of all (terms, certificate, totals, areas, curve, provenance with the hash of the answer) stands beside
    the features.
    """
    common = document.model_dump(mode="json", exclude={"chosen"})
    common["terms"].pop("forbidden")
    for each in common["rejected"]:
        each.pop("positions")
    common["uncoverable"].pop("listed")
    common["provenance"]["result_sha256"] = siting_sha256(document)
    features = [
        *(_spot("chosen", point) for point in document.chosen),
        *(_point("rejected", at, {"reason": each.reason}) for each in document.rejected for at in each.positions),
        *(_zone(number, zone) for number, zone in enumerate(document.terms.forbidden, 1)),
        *(_spot("uncoverable", place) for place in document.uncoverable.listed),
    ]
    collection = {"type": "FeatureCollection", "features": features, **common}
    return json.dumps(collection, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _spot(kind: str, part: Part) -> Feature:
    """Return a part with a position; residents by age become properties of their own, which map programs can read."""
    values = part.model_dump(mode="json")
    ages = {f"newly_covered_{age['band']}": age["residents"] for age in values.pop("by_age", ())}
    return _point(kind, (values.pop("lon"), values.pop("lat")), values | ages)


def _point(kind: str, at: tuple[float, float], properties: Feature) -> Feature:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(x, DECIMALS) for x in at]},
        "properties": {"feature": kind, **properties},
    }


def _zone(number: int, zone: dict[str, Any]) -> Feature:
    geometry = rfc7946(shapely.from_geojson(json.dumps(zone)))
    return {"type": "Feature", "geometry": geometry, "properties": {"feature": "forbidden_zone", "number": number}}
