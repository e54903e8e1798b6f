"""Whole runs on real streets, from files to the answer, beside the same computed in another way."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.coverage.document import CoverageDocument
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.editions.rules import Counting
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.intake import Intake
from gridmgmt.ingest.network import NetworkIntake, read_network
from gridmgmt.ingest.population import read_population_points
from gridmgmt.ingest.raster import read_population_rasters
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.work import ask_coverage, finish_coverage
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force
from tests.support.oracle import BANDS, check_run
from tests.support.paper_town import DAY, geojson, labels

pytestmark = pytest.mark.shared_data

N_POINTS = 500


@pytest.fixture
def sessions(fresh_database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(fresh_database_url)
    yield make_sessions(engine)
    engine.dispose()


def table(path: Path, head: list[str], rows: object) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def points_file(folder: Path, network: NetworkIntake, rng: np.random.Generator) -> Path:
    """Points near the middles of streets, of every part of the network; every tenth on a node, two at one spot."""
    lines = network.geometry[rng.choice(len(network.geometry), N_POINTS, replace=False)]
    lonlat = shapely.get_coordinates(shapely.line_interpolate_point(lines, rng.random(N_POINTS), normalized=True))
    lonlat += rng.normal(0, 3e-4, lonlat.shape)
    lonlat[::10] = network.node_lonlat[rng.choice(len(network.node_lonlat), len(lonlat[::10]))]
    lonlat[1] = lonlat[0]
    head = ["code", "name", "type", "status", "lon", "lat"]
    rows = [[f"P{i}", f"P{i}", "elderly_service_point", "open", *xy] for i, xy in enumerate(lonlat.tolist())]
    return table(folder / "points.csv", head, rows)


def places_file(folder: Path, network: NetworkIntake, n_places: int, rng: np.random.Generator) -> Path:
    """Places in the box of the network: half scattered, a third beside streets, a sixth on nodes; some with nobody."""
    low, high = network.node_lonlat.min(axis=0), network.node_lonlat.max(axis=0)
    lonlat = rng.uniform(low - 0.01, high + 0.01, (n_places, 2))
    near = rng.choice(len(network.node_lonlat), n_places // 2)
    lonlat[: len(near)] = network.node_lonlat[near]
    lonlat[: n_places // 3] += rng.normal(0, 5e-4, (n_places // 3, 2))
    residents = rng.gamma(0.5, 8.0, (n_places, len(BANDS))) * (rng.random((n_places, len(BANDS))) < 0.8)
    rows = np.column_stack([lonlat, residents]).tolist()
    return table(folder / "places.csv", ["lon", "lat", *BANDS], rows)


def squares(folder: Path, network: NetworkIntake) -> Intake:
    """Sixteen towns over the middle of the network, so that places lie in all, on borders and in none."""
    (west, south), (east, north) = np.quantile(network.node_lonlat, (0.1, 0.9), axis=0)
    x, y = np.linspace(west, east, 5), np.linspace(south, north, 5)
    rows = []
    for i in range(16):
        box = shapely.box(x[i % 4], y[i // 4], x[i % 4 + 1], y[i // 4 + 1])
        rows.append(({"code": f"3101130{i:02}", "name": f"{i}镇"}, "Polygon", [shapely.get_coordinates(box).tolist()]))
    return read_areas(geojson(folder / "towns.geojson", rows))


def run(sessions: sessionmaker[Session], **question: object) -> tuple[int, CoverageDocument]:
    run_id, job_id = ask_coverage(sessions, TESTER, make_request(**question), on=DAY)
    return run_id, finish_coverage(sessions, run_id, job_id, lease_s=60)


def test_a_run_on_the_streets_of_porto_is_right_in_every_place_and_figure(sessions, shared_data, tmp_path) -> None:
    rng = np.random.default_rng(2015)
    network = read_network(shared_data / "networks" / "porto_portugal.osm.pbf")
    with sessions.begin() as session:
        imports.import_network(session, TESTER, network, labels("porto"))
        # The other way knows streets alone; gates and private ways are worked out on paper, in test_walk_zones.
        session.execute(text("DELETE FROM gates"))
        session.execute(text("UPDATE network_edges SET traits = 0, slope = NULL"))
        places = read_population_points(places_file(tmp_path, network, 20_000, rng))
        imports.import_population(session, TESTER, places, labels("places"), counting=Counting.COUNTED)
        imports.import_areas(session, TESTER, squares(tmp_path, network), labels("towns"), level="town")
        take_into_force(session, "towns")
        points = read_service_points(points_file(tmp_path, network, rng))
        imports.import_service_points(session, TESTER, points, labels("points"))
    run_id, document = run(sessions, minutes=17.5, bands_min=[3, 17.5, 40], connection_limit_m=60)
    with sessions.begin() as session:
        stored = check_run(session, run_id, document)
    assert stored["status"].value_counts().min() > 200, "every status must occur"


@pytest.mark.long
def test_a_run_on_wuhan_and_its_rasters_is_right_in_every_cell_and_figure(sessions, shared_data, tmp_path) -> None:
    rng = np.random.default_rng(8989)
    population = shared_data / "population" / "wuhan_worldpop"
    rasters = {band: [population / f"pop_{band[:2]}_{sex}_wuhan.tif" for sex in "fm"] for band in BANDS}
    network = read_network(shared_data / "networks" / "wuhan_streets.parquet")
    with sessions.begin() as session:
        imports.import_network(session, TESTER, network, labels("wuhan"))
        cells = read_population_rasters(rasters)
        imports.import_population(session, TESTER, cells, labels("worldpop"), counting=Counting.MODELLED)
        imports.import_areas(session, TESTER, squares(tmp_path, network), labels("towns"), level="town")
        take_into_force(session, "towns")
        points = read_service_points(points_file(tmp_path, network, rng))
        imports.import_service_points(session, TESTER, points, labels("points"))
    run_id, document = run(sessions)
    with sessions.begin() as session:
        check_run(session, run_id, document)
    assert document.totals.residents == pytest.approx(1_942_653.40, abs=0.01)
