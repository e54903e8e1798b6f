"""The demo's parts as frames in WGS 84, coordinates rounded to seven decimals (about one centimetre)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.random import Generator
from numpy.typing import NDArray

from gridmgmt.demo import names
from gridmgmt.demo.arrangement import Arrangement
from gridmgmt.demo.blocks import Block
from gridmgmt.demo.hierarchy import Quarter
from gridmgmt.demo.services import ServicePoint
from gridmgmt.demo.settlement import Compound
from gridmgmt.demo.streets import HALF_WIDTH_M, Street, barrier_lines
from gridmgmt.demo.towns import (
    CENTRE_LAT,
    CENTRE_LON,
    DISTRICT_CODE,
    DISTRICT_NAME,
    ELDERLY_SHARE,
    HOUSING,
    TOWNS,
    UNITS,
    Town,
)
from gridmgmt.texts import text
from gridmgmt.units import AGE_BANDS

CRS = "EPSG:4326"
DECIMALS = 7
M_PER_DEGREE_LAT = 110_872.0
M_PER_DEGREE_LON = 95_112.0
"""Length of a degree at 31.4° N on the ellipsoid; one affine map keeps every straight line straight."""
BAND_SHARES = (0.34, 0.23, 0.14, 0.11, 0.18)
"""Share of the residents aged 60 and more in each of `AGE_BANDS`."""
UNEVEN = 0.35
"""Spread of the number of residents of a home, as the sigma of a lognormal."""
FLOOD_M = 350.0
TOUCH_M, BANK_M = 0.1, 6.0
"""A street farther into the water than the first pushes the bank back by the second, in metres."""

AREA_COLUMNS = ("level", "kind", "code", "name", "parent_code", "mode", "housing_type", "attributes")


def to_degrees(geometry: Sequence[shapely.Geometry]) -> NDArray[np.object_]:
    """Return geometries in metres around the demo's centre as WGS 84, rounded to seven decimals."""

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        degrees = points / (M_PER_DEGREE_LON, M_PER_DEGREE_LAT) + (CENTRE_LON, CENTRE_LAT)
        return np.round(degrees, DECIMALS)

    return np.asarray(shapely.transform(np.asarray(geometry, dtype=object), move), dtype=object)


def frame(rows: Sequence[Mapping[str, object]], geometry: Sequence[shapely.Geometry]) -> gpd.GeoDataFrame:
    """Return rows with their geometries (in metres) as a frame in WGS 84."""
    table = pd.DataFrame(list(rows))
    for name in table.columns[table.dtypes == "str"]:
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    return gpd.GeoDataFrame(table, geometry=list(to_degrees(geometry)), crs=CRS)


@dataclass(frozen=True)
class _Area:
    level: str
    code: str
    name: str
    parent_code: str | None
    kind: str | None = None
    mode: str | None = None
    housing_type: str | None = None
    attributes: Mapping[str, object] | None = None

    def row(self) -> dict[str, object]:
        values = {name: getattr(self, name) for name in AREA_COLUMNS}
        return values | {"attributes": {"synthetic": True, **(self.attributes or {})}}


def areas_frame(arrangement: Arrangement, quarters: Sequence[Quarter], rng: Generator) -> gpd.GeoDataFrame:
    """Return the areas of all levels, district first; every area is the union of its children."""
    shapes = {
        quarter.code: shapely.coverage_union_all([arrangement.polygon(block.face) for block in quarter.blocks])
        for quarter in quarters
    }
    middles = sorted({quarter.parent_code for quarter in quarters} - {town.code for town in TOWNS})
    members = {code: [shapes[q.code] for q in quarters if q.parent_code == code] for code in middles}
    members |= {town.code: [shapes[q.code] for q in quarters if q.town is town] for town in TOWNS}
    members[DISTRICT_CODE] = list(shapes.values())
    shapes |= {code: shapely.coverage_union_all(parts) for code, parts in members.items()}
    areas = [
        _Area("district", DISTRICT_CODE, DISTRICT_NAME, None),
        *(_Area("town", t.code, t.name, DISTRICT_CODE, t.kind, t.mode) for t in TOWNS),
        *(_middle(code) for code in middles),
        *_quarter_areas(quarters, rng),
    ]
    multi = [_multi(shapes[area.code]) for area in areas]
    return frame([area.row() for area in areas], multi)


def _multi(shape: shapely.Geometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(list(shapely.get_parts(shape)))


def _middle(code: str) -> _Area:
    for unit in UNITS:
        if unit.code == code:
            return _Area("basic_management_unit", code, unit.name, code.partition("-")[0])
    town = next(town for town in TOWNS if code.startswith(town.code))
    housing = list(HOUSING)[int(code[-1]) - 1]
    name = text("demo.sector_name", town=_short(town), housing=text(f"demo.housing.{housing}"))
    return _Area("sector", code, name, town.code, housing_type=housing)


def _quarter_areas(quarters: Sequence[Quarter], rng: Generator) -> list[_Area]:
    stems = names.quarter_stems(rng)
    units = {unit.code: unit for unit in UNITS}
    areas = []
    for quarter in quarters:
        stem = next(stems)
        if quarter.parent_code in units:
            number = names.numeral(quarter.number_in_parent)
            name = text("demo.quarter_of_unit_name", stem=units[quarter.parent_code].stem, number=number)
        elif quarter.is_built_up:
            name = text("demo.quarter_name", stem=stem + str(rng.choice(names.QUARTER_ENDS)))
        else:
            name = text("demo.village_name", stem=stem + str(rng.choice(names.VILLAGE_ENDS)))
        attributes = {"built_up": quarter.is_built_up}
        areas.append(_Area("residential_quarter", quarter.code, name, quarter.parent_code, attributes=attributes))
    return areas


def _short(town: Town) -> str:
    return town.name.removesuffix("街道").removesuffix("镇")


def streets_frame(streets: Sequence[Street]) -> gpd.GeoDataFrame:
    """Return the streets: highway class, name, gate (open, closed or None), whether on a bridge."""
    rows = [
        {"highway": s.line.kind, "name": s.line.name or None, "gate": s.line.gate, "bridge": s.bridge} for s in streets
    ]
    return frame(rows, [shapely.LineString(street.path) for street in streets])


def walls_frame(compounds: Sequence[Compound]) -> gpd.GeoDataFrame:
    """Return the compounds' walls, each stretch between two openings as one line."""
    stretches = list(chain.from_iterable(shapely.get_parts(c.wall) for c in compounds if c.wall is not None))
    return frame([{"kind": "wall"}] * len(stretches), stretches)


def water_frame(arrangement: Arrangement, streets: Sequence[Street]) -> gpd.GeoDataFrame:
    """Return river and canals as polygons; their banks give way to a street that runs along them."""
    kinds = ("river", "canal")
    paths = shapely.STRtree([shapely.LineString(street.path) for street in streets if not street.bridge])
    shapes = []
    for kind in kinds:
        water = barrier_lines(arrangement, kind).buffer(HALF_WIDTH_M[kind], cap_style="flat")
        along = paths.geometries[paths.query(water.buffer(-TOUCH_M), predicate="intersects")]
        shapes.append(_multi(water.difference(shapely.union_all(along).buffer(BANK_M))))
    return frame([{"kind": kind, "name": text(f"demo.{kind}")} for kind in kinds], shapes)


def rail_frame(arrangement: Arrangement) -> gpd.GeoDataFrame:
    """Return the railway's tracks as lines."""
    lines = list(shapely.get_parts(barrier_lines(arrangement, "rail")))
    return frame([{"kind": "rail", "name": text("demo.rail")}] * len(lines), lines)


def landuse_frame(arrangement: Arrangement, blocks: Sequence[Block]) -> gpd.GeoDataFrame:
    """Return one polygon a block, with its use."""
    return frame([{"kind": block.use} for block in blocks], [arrangement.polygon(block.face) for block in blocks])


def hazards_frame(arrangement: Arrangement) -> gpd.GeoDataFrame:
    """Return the belt along the river that floods."""
    belt = barrier_lines(arrangement, "river").buffer(FLOOD_M, cap_style="flat", quad_segs=4)
    return frame([{"kind": "flood", "name": text("demo.flood")}], [_multi(belt)])


def places_frame(
    compounds: Sequence[Compound], lone_homes: Mapping[str, NDArray[np.float64]], rng: Generator
) -> gpd.GeoDataFrame:
    """Return the homes with their residents by age band; each town's share follows its published size."""
    parts = []
    for town in TOWNS:
        homes = [c.homes for c in compounds if c.block.town is town and len(c.homes)]
        places = np.concatenate([*homes, lone_homes[town.code]])
        weights = rng.lognormal(0.0, UNEVEN, len(places))
        elderly = town.residents * ELDERLY_SHARE * weights / weights.sum()
        residents = rng.poisson(elderly[:, None] * np.array(BAND_SHARES))
        parts.append((places, residents))
    places, residents = (np.concatenate(part) for part in zip(*parts, strict=True))
    columns = {f"residents_{band}": residents[:, k].astype(float) for k, band in enumerate(AGE_BANDS)}
    numbers = [f"D{number:06d}" for number in range(1, len(places) + 1)]
    geometry = list(to_degrees([shapely.Point(place) for place in places]))
    return gpd.GeoDataFrame({"place_no": numbers, **columns}, geometry=geometry, crs=CRS)


def service_points_frame(points: Sequence[ServicePoint]) -> gpd.GeoDataFrame:
    """Return the service points: code, name, type, status, capacity, address."""
    columns = ("code", "name", "type", "status", "capacity", "address")
    rows = [{name: getattr(point, name) for name in columns} for point in points]
    return frame(rows, [shapely.Point(point.place) for point in points])
