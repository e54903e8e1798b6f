"""Checking the demo district with 27,000 cells: all of it, and around one edit, beside PostGIS and GeoPandas.

The cells are the demo's quarters cut along meridians and parallels, so that the cells of neighbouring quarters do not
share their vertices; twenty of them are then made too small or too large. The peers are asked for part of the check
only, which cells overlap and what of the quarters no cell covers; ours does all of it.
"""

import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import shapely
from harness import compare, require
from numpy.typing import NDArray
from pyproj import CRS

from gridmgmt.analysis.ellipsoid import area_m2, areas_m2
from gridmgmt.analysis.findings import AreaArrays, Finding, Tolerances
from gridmgmt.analysis.topology import check
from gridmgmt.boundaries.check import area_arrays
from gridmgmt.boundaries.findings import LEVEL_RULES
from gridmgmt.cluster import Cluster
from gridmgmt.demo.generator import generate

CELLS = 27_000
FAULTS = 20
SEED = 2015
ROUNDS = 3
METRIC_CRS = CRS("EPSG:4549")
TOLERANCES = Tolerances()
FULL_S, CHANGED_S = 20.0, 1.0

Answer = tuple[Mapping[tuple[str, ...], float], Mapping[str, float]]
"""m² of each overlapping pair of cells, m² that no cell covers of each quarter."""

LOAD = """
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE TABLE pieces (level text, code text, parent_code text, geom geometry(Geometry, 4326));
"""
INDEX = "CREATE INDEX ON pieces USING gist (geom); CREATE INDEX ON pieces (parent_code); ANALYZE pieces"
OVERLAPS = """
SELECT one, other, ST_AsBinary(land) FROM (
    SELECT a.code AS one, b.code AS other, ST_Intersection(a.geom, b.geom) AS land
    FROM pieces a JOIN pieces b ON a.code < b.code AND ST_Intersects(a.geom, b.geom)
    WHERE a.level = 'grid_cell' AND b.level = 'grid_cell'
) AS common WHERE ST_Area(land) > %s
"""
GAPS = """
SELECT code, ST_AsBinary(land) FROM (
    SELECT quarter.code, ST_Difference(quarter.geom, covered.geom) AS land
    FROM pieces quarter
    JOIN (SELECT parent_code, ST_Union(geom) AS geom FROM pieces WHERE level = 'grid_cell' GROUP BY parent_code) covered
        ON covered.parent_code = quarter.code
    WHERE quarter.level = 'residential_quarter'
) AS bare WHERE ST_Area(land) > %s
"""
LEAST_DEG2 = 1e-14
"""PostGIS leaves slivers of rounding out below this, 0.0001 m²; geographic areas are too coarse to tell them."""


def district() -> gpd.GeoDataFrame:
    """Return the demo's areas with about 27,000 cells, faultless."""
    areas = generate().areas
    levels = areas.set_index("code")["level"]
    areas["parent_level"] = areas["parent_code"].map(levels)
    quarters = areas[areas["level"] == "residential_quarter"]
    cells = [
        ("grid_cell", f"{code}{number:03d}", "residential_quarter", code, cell)
        for code, quarter in zip(quarters["code"], quarters.geometry, strict=True)
        for number, cell in enumerate(cut(quarter, CELLS * 1.2 / len(quarters)), start=1)
    ]
    columns = ["level", "code", "parent_level", "parent_code", "geometry"]
    whole = pd.concat([areas[columns], pd.DataFrame(cells, columns=columns)], ignore_index=True)
    return gpd.GeoDataFrame(whole, geometry="geometry", crs=4326)


def cut(quarter: shapely.Geometry, pieces: float) -> list[shapely.Geometry]:
    """Return a quarter cut by a lattice of about so many boxes over its own box."""
    west, south, east, north = shapely.bounds(quarter)
    columns = max(1, round((pieces * (east - west) / (north - south)) ** 0.5))
    rows = max(1, round(pieces / columns))
    x, y = np.linspace(west, east, columns + 1), np.linspace(south, north, rows + 1)
    boxes = shapely.box(x[:-1, None], y[None, :-1], x[1:, None], y[None, 1:]).ravel()
    parts = shapely.get_parts(shapely.intersection(quarter, boxes))
    return [part for part in parts if isinstance(part, shapely.Polygon) and part.area > 0]


def faulty(whole: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas with some cells made smaller, and some larger within their quarter."""
    faults = whole.copy()
    cells = np.flatnonzero((whole["level"] == "grid_cell") & (areas_m2(whole.geometry.to_numpy()) > 1_000))
    chosen = np.random.default_rng(SEED).choice(cells, FAULTS, replace=False)
    quarters = whole.set_index("code").geometry
    for number, row in enumerate(chosen):
        factor = 0.9 if number % 2 else 1.2
        cell = gpd.GeoSeries([whole.geometry[row]]).scale(factor, factor)[0]
        faults.loc[row, "geometry"] = shapely.intersection(cell, quarters[whole["parent_code"][row]])
    return faults


def check_all(areas: AreaArrays, changed: NDArray[np.bool_] | None = None) -> list[Finding]:
    """Run the whole check."""
    return check(areas, LEVEL_RULES, TOLERANCES, METRIC_CRS, changed)


def of_findings(findings: list[Finding]) -> Answer:
    """Return our findings as the peers answer."""
    gaps: dict[str, float] = {}
    for finding in findings:
        if "gap" in finding.type.value:
            gaps[finding.codes[0]] = gaps.get(finding.codes[0], 0.0) + finding.area_m2
    return {f.codes: f.area_m2 for f in findings if f.type == "overlap" and f.level == "grid_cell"}, gaps


def with_geopandas(whole: gpd.GeoDataFrame) -> Answer:
    """Answer by overlays."""
    cells = whole[whole["level"] == "grid_cell"][["code", "parent_code", "geometry"]]
    quarters = whole[whole["level"] == "residential_quarter"][["code", "geometry"]]
    pairs = cells.overlay(cells, how="intersection", keep_geom_type=True)
    pairs = pairs[pairs["code_1"] < pairs["code_2"]]
    bare = quarters.overlay(cells[["geometry"]], how="difference", keep_geom_type=True)
    overlap_m2, gap_m2 = (areas_m2(part.geometry.to_numpy()) for part in (pairs, bare))
    return (
        dict(zip(zip(pairs["code_1"], pairs["code_2"], strict=True), overlap_m2.tolist(), strict=True)),
        dict(zip(bare["code"], gap_m2.tolist(), strict=True)),
    )


def with_postgis(connection: psycopg.Connection[Any]) -> Answer:
    """Answer by a join of the cells with themselves and their union by quarter."""
    overlaps = connection.execute(OVERLAPS, (LEAST_DEG2,)).fetchall()
    gaps = connection.execute(GAPS, (LEAST_DEG2,)).fetchall()
    return (
        {(one, other): area_m2(shapely.from_wkb(land)) for one, other, land in overlaps},
        {code: area_m2(shapely.from_wkb(land)) for code, land in gaps},
    )


def load(url: str, whole: gpd.GeoDataFrame) -> psycopg.Connection[Any]:
    """Return a connection to a database that holds the areas."""
    connection = psycopg.connect(url, autocommit=True)
    connection.execute(LOAD)
    with connection.cursor().copy("COPY pieces FROM STDIN") as copy:
        for row in whole[["level", "code", "parent_code", "geometry"]].itertuples(index=False):
            copy.write_row((*row[:3], shapely.to_wkb(shapely.set_srid(row[3], 4326), hex=True, include_srid=True)))
    connection.execute(INDEX)
    return connection


def agree(own: Any, peer: str, answer: Any) -> Mapping[str, object]:
    """Require the same pairs and quarters with the same m², each to a thousandth."""
    figures = {}
    for what, mine, its in zip(("overlaps", "gaps"), of_findings(own), answer, strict=True):
        large = {key: m2 for key, m2 in its.items() if m2 >= TOLERANCES.least_m2}
        require(set(mine) == set(large), f"{peer}: {what} differ: {sorted(set(mine) ^ set(large))[:5]}")
        worst = max(abs(mine[key] / large[key] - 1) for key in mine)
        require(worst < 1e-3, f"{peer}: {what} differ by {worst:.2%}")
        figures |= {what: len(mine), f"{what}_m2": sum(mine.values())}
    return figures


def seconds_of_changed(areas: AreaArrays) -> float:
    """Return how long the check takes around one quarter that changed with all its cells."""
    quarter = areas.code[areas.level == "residential_quarter"][100]
    changed = (areas.code == quarter) | (areas.parent_code == quarter)
    began = time.perf_counter()
    check_all(areas, changed)
    return time.perf_counter() - began


def main() -> None:
    """Compare."""
    clean = district()
    areas = area_arrays(clean)
    began = time.perf_counter()
    findings = check_all(areas)
    full_s = time.perf_counter() - began
    require(not findings, f"the faultless district has findings: {findings[:3]}")
    changed_s = seconds_of_changed(areas)
    require(full_s <= FULL_S, f"the whole check takes {full_s:.1f} s, more than {FULL_S} s")
    require(changed_s <= CHANGED_S, f"the check around a change takes {changed_s:.2f} s, more than {CHANGED_S} s")
    whole = faulty(clean)
    whole_areas = area_arrays(whole)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = stack.enter_context(Cluster(Path(folder)).using())
        connection = stack.enter_context(load(url, whole))
        compare(
            "topology",
            own=lambda: check_all(whole_areas),
            peers={"GeoPandas": lambda: with_geopandas(whole), "PostGIS": lambda: with_postgis(connection)},
            agree=agree,
            bars={"GeoPandas": 1.0, "PostGIS": 1.0},
            rounds=ROUNDS,
            facts={
                "areas": len(areas),
                "cells": int((areas.level == "grid_cell").sum()),
                "faults": FAULTS,
                "whole_check_s": full_s,
                "whole_check_at_most_s": FULL_S,
                "changed_check_s": changed_s,
                "changed_check_at_most_s": CHANGED_S,
            },
        )


if __name__ == "__main__":
    main()
