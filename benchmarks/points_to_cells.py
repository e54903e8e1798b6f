"""100,000 points to the codes of grid cells: ours, reading the cells included, beside a raw join and GeoPandas.

The raw join has both tables indexed and analysed, does not run in parallel and only counts, so that it pays for no
answer's way out of the database; ours pays for the cells' way in. GeoPandas reads the same cells and joins. Points are
seeded over the demo district, of which the cells follow the streets. All must name the same cell for every point; for
points on borders, of which the raw join and GeoPandas know several cells or none, ours must name the lowest code that
PostGIS knows.
"""

import argparse
import time
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import psycopg
import shapely
from harness import compare, require
from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker
from tiles_cold import TODAY, demo_database

from gridmgmt.areas import placing
from gridmgmt.areas.models import Area
from gridmgmt.areas.placing import codes_of_points
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.jobs.worker import Worker
from gridmgmt.work import HANDLERS

POINTS = 100_000
ON_BORDERS = 2_000
SEED = 2015
ROUNDS = 7
RAW_BAR, SJOIN_BAR = 1.0, 0.5
GOALS = {"raw join": 0.4, "geopandas sjoin": 1 / 3.5}

TABLES = f"""
DROP TABLE IF EXISTS benchmark_cells, benchmark_points;
WITH counting AS (SELECT edition_id FROM editions WHERE state = 'in_force' AND valid_from <= '{TODAY}')
SELECT code, geom INTO benchmark_cells FROM areas
WHERE level = 'grid_cell' AND edition_id IN (SELECT edition_id FROM counting)
    AND area_id NOT IN (SELECT area_id FROM area_endings WHERE edition_id IN (SELECT edition_id FROM counting));
CREATE TABLE benchmark_points (number int PRIMARY KEY, geom geometry(Point, 4326));
"""
INDICES = """
CREATE INDEX ON benchmark_cells USING gist (geom);
CREATE INDEX ON benchmark_points USING gist (geom);
ANALYZE benchmark_cells, benchmark_points
"""
OPTIONS = "-c jit=off -c max_parallel_workers_per_gather=0"
JOIN = "FROM benchmark_points AS p JOIN benchmark_cells AS c ON ST_Contains(c.geom, p.geom)"
LOWEST = """
SELECT u.number, min(c.code) FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS u (x, y, number)
JOIN benchmark_cells AS c ON ST_Covers(c.geom, ST_SetSRID(ST_MakePoint(u.x, u.y), 4326)) GROUP BY u.number
"""

Answer = dict[int, str]


def tables(database: psycopg.Connection[tuple[object, ...]]) -> np.ndarray:
    """Make the tables of the raw join with seeded points over the cells, and return the points."""
    database.execute(TABLES)
    box = database.execute(
        "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geom) e FROM benchmark_cells) b"
    ).fetchone()
    assert box is not None
    west, south, east, north = (float(str(edge)) for edge in box)
    xy = np.random.default_rng(SEED).uniform((west, south), (east, north), (POINTS, 2))
    with database.cursor().copy("COPY benchmark_points FROM STDIN") as copy:
        for number, (x, y) in enumerate(xy.tolist()):
            copy.write_row((number, f"SRID=4326;POINT({x!r} {y!r})"))
    database.execute(INDICES)
    return xy


def draw_cells(sessions: sessionmaker[Session]) -> None:
    """Have the cells drawn that the demo has asked for, where they are not there yet."""
    worker = Worker(sessions, HANDLERS, lease_s=15.0)
    drawn = select(func.count()).select_from(Area).where(Area.level == AreaLevel.GRID_CELL, in_force_on(TODAY))
    while True:
        with transaction(sessions) as session:
            if session.scalar(drawn):
                return
        require(worker.run_one(), "the demo has asked for no cells")


def on_borders(cells: gpd.GeoDataFrame) -> np.ndarray:
    """Return corners of cells, and points on their edges as near as numbers allow."""
    rng = np.random.default_rng(SEED)
    rings = shapely.get_exterior_ring(shapely.get_parts(cells.geometry.to_numpy()))
    chosen = rings[rng.integers(0, len(rings), ON_BORDERS // 2)]
    along = shapely.line_interpolate_point(chosen, rng.uniform(0, 1, len(chosen)), normalized=True)
    return np.concatenate([shapely.get_coordinates(shapely.get_point(chosen, 0)), shapely.get_coordinates(along)])


def measure(url: str) -> None:
    """Compare, and publish the figures."""
    engine = make_engine(url)
    draw_cells(make_sessions(engine))
    with psycopg.connect(url, autocommit=True, options=OPTIONS) as database, make_sessions(engine)() as session:
        xy = tables(database)
        lon, lat = (np.ascontiguousarray(column) for column in xy.T)
        query = "SELECT code, geom FROM benchmark_cells"

        def own() -> Answer:
            placing.forget()
            found = codes_of_points(session, lon, lat, TODAY, AreaLevel.GRID_CELL)
            return {number: code for number, code in enumerate(found) if code is not None}

        def raw() -> object:
            return database.execute(f"SELECT count(c.code) {JOIN}".encode()).fetchone()

        def sjoin() -> Answer:
            cells = gpd.read_postgis(query, engine, geom_col="geom")
            points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs=4326)
            joined = gpd.sjoin(points, cells, predicate="within")
            return dict(zip(joined.index.tolist(), joined["code"].tolist(), strict=True))

        def agree(ours: Answer, peer: str, theirs: object) -> Mapping[str, object]:
            named = theirs
            if peer == "raw join":
                named = dict(database.execute(f"SELECT p.number, c.code {JOIN}".encode()).fetchall())
            require(ours == named, f"{peer} names other cells")
            return {"points_in_cells": len(ours), "points_in_none": POINTS - len(ours)}

        cells = gpd.read_postgis(query, engine, geom_col="geom")
        border = on_borders(cells)
        lowest = dict(database.execute(LOWEST, [border[:, 0].tolist(), border[:, 1].tolist()]).fetchall())
        found = codes_of_points(session, *map(np.ascontiguousarray, border.T), TODAY, AreaLevel.GRID_CELL)
        require(found.tolist() == [lowest.get(i + 1) for i in range(len(border))], "points on borders differ")
        warm = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            codes_of_points(session, lon, lat, TODAY, AreaLevel.GRID_CELL)
            warm.append(time.perf_counter() - began)
        compare(
            "points_to_cells",
            own=own,
            peers={"raw join": raw, "geopandas sjoin": sjoin},
            agree=agree,
            bars={"raw join": RAW_BAR, "geopandas sjoin": SJOIN_BAR},
            rounds=ROUNDS,
            facts={
                "cells": len(cells),
                "vertices": int(shapely.get_num_coordinates(cells.geometry.to_numpy()).sum()),
                "points": POINTS,
                "points_on_borders_agreed": len(border),
                "own_with_cells_kept_best_s": min(warm),
                "goals": GOALS,
            },
        )


def main() -> None:
    """Measure, print and keep the result; ends with exit code 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="a database with the demo; without it, an embedded one is made and filled")
    with demo_database(options.parse_args().url) as url:
        measure(url)


if __name__ == "__main__":
    main()
