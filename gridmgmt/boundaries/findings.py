"""What the check of a boundary edition asks of each level, and its findings as GeoJSON and in words."""

import json
import math
from collections.abc import Iterable
from typing import Any, cast

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.findings import Finding, FindingType, LevelRule, Severity, Tolerances
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.settings import Settings
from gridmgmt.texts import Language, text

_DECIMALS = 9
"""Of degrees in GeoJSON: 0.1 mm, so that a sliver of a centimetre is still seen."""


def _rule(level: AreaLevel, *parents: AreaLevel, **more: Any) -> LevelRule:
    return LevelRule(level, RANK[level], parents, **more)


LEVEL_RULES = (
    _rule(AreaLevel.DISTRICT),
    _rule(AreaLevel.TOWN, AreaLevel.DISTRICT, may_lack=True),
    _rule(
        AreaLevel.BASIC_MANAGEMENT_UNIT,
        AreaLevel.TOWN,
        AreaLevel.DISTRICT,
        partitions=False,
        pieces=Severity.ERROR,
    ),
    _rule(AreaLevel.SECTOR, AreaLevel.TOWN, AreaLevel.DISTRICT, partitions=False, takes_all=True, pieces=None),
    _rule(
        AreaLevel.RESIDENTIAL_QUARTER,
        AreaLevel.TOWN,
        AreaLevel.DISTRICT,
        middles=(AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.SECTOR),
    ),
    _rule(AreaLevel.GRID_CELL, AreaLevel.RESIDENTIAL_QUARTER, AreaLevel.TOWN, AreaLevel.DISTRICT),
)
"""From the top: what the hierarchy of towns, units, sectors, quarters and cells must fulfil (docs/topology.md)."""


def tolerances_of(settings: Settings) -> Tolerances:
    """Return the tolerances that the settings name."""
    return Tolerances(
        least_m2=settings.topology_least_m2,
        error_from_m2=settings.topology_error_from_m2,
        narrow_m=settings.topology_narrow_m,
        slit_from_m2=settings.topology_slit_from_m2,
        unmatched_from_m2=settings.topology_unmatched_from_m2,
    )


def findings_geojson(findings: Iterable[Finding], lang: Language = "zh") -> dict[str, Any]:
    """Return findings as a GeoJSON FeatureCollection, in degrees of EPSG:4326.

    Each feature has the finding's geometry (None where the area has none), and as properties its number from 1, type,
    severity, level, codes, m², width in m, place, details and its words.
    """
    return {"type": "FeatureCollection", "features": [_feature(n, f, lang) for n, f in enumerate(findings, start=1)]}


def _feature(number: int, finding: Finding, lang: Language) -> dict[str, Any]:
    empty = bool(shapely.is_empty(finding.geometry))
    properties = {
        "finding_no": number,
        "type": finding.type.value,
        "severity": finding.severity.value,
        "level": finding.level,
        "codes": list(finding.codes),
        "area_m2": finding.area_m2,
        "width_m": finding.width_m,
        "lon": None if empty else finding.lon,
        "lat": None if empty else finding.lat,
        "details": dict(finding.details),
        "text": describe(finding.type, finding.codes, finding.area_m2, lang),
    }
    geometry = None if empty else _geojson(finding.geometry)
    return {"type": "Feature", "id": number, "geometry": geometry, "properties": properties}


def _geojson(geometry: shapely.Geometry) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(shapely.to_geojson(shapely.transform(geometry, _rounded))))


def _rounded(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.round(lonlat, _DECIMALS)


def describe(type_: FindingType | str, codes: Iterable[str], area_m2: float | None, lang: Language = "zh") -> str:
    """Return a finding in one sentence."""
    digits = 0 if not area_m2 or area_m2 >= 100 else min(3, 2 - math.floor(math.log10(area_m2)))
    surface = f"{area_m2 or 0.0:,.{digits}f}"
    return text(f"finding.{FindingType(type_).value}", lang, codes=", ".join(codes), area_m2=surface)
