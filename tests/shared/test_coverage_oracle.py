"""Whole runs on real streets, from files to the answer, beside the same computed in another way."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.editions.rules import Counting
from gridmgmt.ingest.network import read_network
from gridmgmt.ingest.population import read_population_points
from gridmgmt.ingest.raster import read_population_rasters
from gridmgmt.ingest.service_points import read_service_points
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force
from tests.support.oracle import BANDS, check_run
from tests.support.paper_town import labels
from tests.support.real_runs import places_file, points_file, run, squares

pytestmark = pytest.mark.shared_data


@pytest.fixture
def sessions(fresh_database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(fresh_database_url)
    yield make_sessions(engine)
    engine.dispose()


@pytest.mark.long
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
