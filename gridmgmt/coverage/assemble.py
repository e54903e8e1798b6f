"""From what the search found to the document that everything is made from."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyproj
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.location import area_of_points
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.coverage.compute import Reach, code_version, lonlat_of, residents
from gridmgmt.coverage.document import (
    NETWORK_HULL,
    AreaFigures,
    CoverageDocument,
    Figures,
    InputEdition,
    LevelFigures,
    Note,
    Parameters,
    PointRecord,
    Provenance,
    ServicePoints,
    UncoveredPlace,
    UncoveredPlaces,
)
from gridmgmt.coverage.rules import CoverageRequest, PlaceTable, figures_by_group, notes
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.editions.rules import Counting

LISTED_PLACES = 1_000
"""How many uncovered places the document lists; the number and residents of all of them stand beside the list."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything a run reads from the database."""

    request: CoverageRequest
    speed_m_per_s: float
    counting: Counting
    editions: tuple[InputEdition, ...]
    edges: pa.Table
    n_nodes: int
    places: pa.Table
    points: pa.Table
    areas: gpd.GeoDataFrame
    metric_crs: pyproj.CRS


@dataclass(frozen=True, eq=False)
class _Level:
    level: str
    areas: gpd.GeoDataFrame
    place_area: NDArray[np.int64]


def assemble(inputs: Inputs, reach: Reach, hull: shapely.Geometry) -> CoverageDocument:
    """Return the document of a run."""
    table = _place_table(inputs, reach)
    lonlat = lonlat_of(inputs.places)
    levels = _levels(inputs.areas, lonlat) or [_hull_level(hull, reach.status)]
    bands_s = inputs.request.bands_s
    everything = np.zeros(len(lonlat), dtype=np.int64)
    parameters = _parameters(inputs)
    return CoverageDocument(
        form="exact",
        synthetic=any(edition.synthetic for edition in inputs.editions),
        parameters=parameters,
        inputs=inputs.editions,
        counts="places" if inputs.counting is Counting.PLACES_ONLY else "residents",
        counting=inputs.counting,
        hull_area=inputs.areas.empty,
        totals=figures_by_group(table, everything, 1, bands_s)[0],
        levels=tuple(_level_figures(level, table, bands_s) for level in levels),
        service_points=_service_points(inputs.points, reach),
        uncovered_places=_uncovered(inputs, reach, table, lonlat, levels),
        notes=_notes(inputs, reach, levels),
        provenance=Provenance(code_version=code_version(), input_sha256=_input_sha256(inputs.editions, parameters)),
    )


def _place_table(inputs: Inputs, reach: Reach) -> PlaceTable:
    weight, by_age = residents(inputs.places, places_only=inputs.counting is Counting.PLACES_ONLY)
    return PlaceTable(reach.status, reach.nearest.time_s, weight, by_age)


def _parameters(inputs: Inputs) -> Parameters:
    request = asdict(inputs.request)
    return Parameters(speed_m_per_s=inputs.speed_m_per_s, **request)


def _input_sha256(editions: Sequence[InputEdition], parameters: Parameters) -> str:
    content = {
        "editions": [edition.model_dump(mode="json") for edition in editions],
        "parameters": parameters.model_dump(mode="json"),
        "code_version": code_version(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _levels(areas: gpd.GeoDataFrame, lonlat: NDArray[np.float64]) -> list[_Level]:
    """Return every level that is present, from the district down."""
    found = []
    for level in sorted(set(areas["level"]), key=lambda level: (RANK[AreaLevel(level)], level)):
        of_level = areas[areas["level"] == level].sort_values("code", ignore_index=True)
        found.append(_Level(level, of_level, area_of_points(of_level.geometry, lonlat)))
    return found


def _hull_level(hull: shapely.Geometry, status: NDArray[np.int8]) -> _Level:
    """Return the network's hull as the one area, with all places that are not outside the network.

    A place just beyond the hull may join a street; of a single straight street the hull is a mere line.
    """
    geod = pyproj.CRS.from_epsg(STORAGE_SRID).get_geod()
    area_m2 = abs(geod.geometry_area_perimeter(hull)[0]) if geod else 0.0
    columns = {"code": [NETWORK_HULL], "name": [NETWORK_HULL], "parent_code": [None], "area_m2": [area_m2]}
    frame = gpd.GeoDataFrame(columns, geometry=[hull], crs=STORAGE_SRID)
    return _Level(NETWORK_HULL, frame, np.where(status == PlaceStatus.OUTSIDE, -1, 0))


def _level_figures(level: _Level, table: PlaceTable, bands_s: Sequence[float]) -> LevelFigures:
    n_areas = len(level.areas)
    in_none = level.place_area < 0
    group = np.where(in_none, n_areas, level.place_area)
    figures: list[Figures] = figures_by_group(table, group, n_areas + 1, bands_s)
    rows = zip(
        level.areas["code"],
        level.areas["name"],
        level.areas["parent_code"],
        level.areas["area_m2"],
        figures[:-1],
        strict=True,
    )
    return LevelFigures(
        level=AreaLevel(level.level) if level.level != NETWORK_HULL else NETWORK_HULL,
        areas=tuple(
            AreaFigures(
                code=code,
                name=name,
                parent_code=parent if isinstance(parent, str) else None,
                area_m2=area_m2,
                figures=of_area,
            )
            for code, name, parent, area_m2, of_area in rows
        ),
        remainder=figures[-1] if in_none.any() else None,
    )


def _service_points(points: pa.Table, reach: Reach) -> ServicePoints:
    listed = tuple(
        PointRecord(
            code=row["code"],
            name=row["name"],
            type=row["type"],
            status=row["status"],
            connectable=reason is None,
            reason=reason,
        )
        for row, reason in zip(points.to_pylist(), reach.point_reason, strict=True)
    )
    return ServicePoints(total=len(listed), connectable=sum(p.connectable for p in listed), listed=listed)


def _uncovered(
    inputs: Inputs, reach: Reach, table: PlaceTable, lonlat: NDArray[np.float64], levels: Sequence[_Level]
) -> UncoveredPlaces:
    """List the places that are not covered, most residents first, ties in order of their number."""
    not_covered = np.flatnonzero(reach.status != PlaceStatus.COVERED)
    numbers = inputs.places["place_no"].to_numpy()
    order = not_covered[np.lexsort((numbers[not_covered], -table.weight[not_covered]))][:LISTED_PLACES]
    codes = [
        (AreaLevel(lv.level), lv.areas["code"].tolist(), lv.place_area) for lv in levels if lv.level != NETWORK_HULL
    ]
    point_codes, point_names = inputs.points["code"].to_pylist(), inputs.points["name"].to_pylist()
    listed = []
    for i in order.tolist():
        nearest = int(reach.nearest.point[i])
        listed.append(
            UncoveredPlace(
                place_no=int(numbers[i]),
                lon=float(lonlat[i, 0]),
                lat=float(lonlat[i, 1]),
                residents=float(table.weight[i]),
                status=PlaceStatus(int(reach.status[i])).name.lower(),
                walk_time_s=float(reach.nearest.time_s[i]) if nearest >= 0 else None,
                nearest_point_code=point_codes[nearest] if nearest >= 0 else None,
                nearest_point_name=point_names[nearest] if nearest >= 0 else None,
                area_codes={level: of_level[area[i]] for level, of_level, area in codes if area[i] >= 0},
            )
        )
    return UncoveredPlaces(
        count=len(not_covered), residents=float(table.weight[not_covered].sum()), listed=tuple(listed)
    )


def _notes(inputs: Inputs, reach: Reach, levels: Sequence[_Level]) -> tuple[Note, ...]:
    by_type: dict[str, tuple[int, int]] = {}
    for type_, reason in zip(inputs.points["type"].to_pylist(), reach.point_reason, strict=True):
        connectable, total = by_type.get(type_, (0, 0))
        by_type[type_] = (connectable + (reason is None), total + 1)
    known = np.zeros(inputs.places.num_rows, dtype=bool)
    for level in levels:
        known |= level.place_area >= 0
    facts: Mapping[str, Any] = {
        "counting": inputs.counting,
        "synthetic": any(edition.synthetic for edition in inputs.editions),
        "hull_area": inputs.areas.empty,
        "places": inputs.places.num_rows,
        "places_in_known_area": int(known.sum()),
        "points_by_type": by_type,
        "not_connectable": int((reach.status == PlaceStatus.NOT_CONNECTABLE).sum()),
        "outside": int((reach.status == PlaceStatus.OUTSIDE).sum()),
    }
    return tuple(Note(code=code, fields=fields) for code, fields in notes(facts))
