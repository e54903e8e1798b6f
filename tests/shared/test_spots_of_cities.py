"""Spots in real cities with their gates and private ways: what each adds is what a second whole run has more."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.coverage.document import CoverageDocument, Figures
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.editions.rules import Counting
from gridmgmt.ingest.network import read_network
from gridmgmt.ingest.population import read_population_points
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.placeability.card import PlaceabilityCard
from gridmgmt.placeability.rules import Candidate, make_terms
from gridmgmt.placeability.service import place
from gridmgmt.walking.cache import WARM
from tests.support.actors import TESTER
from tests.support.cities import CITIES
from tests.support.drafts import take_into_force
from tests.support.paper_town import DAY, labels
from tests.support.real_runs import places_file, points_file, run, squares

pytestmark = pytest.mark.shared_data

BANDS_MIN, MINUTES, CONNECTION_M = [2, 5, 9], 9, 60.0
WAYS = [("to_point", "elder"), ("from_point", "elder_obstacles"), ("round", "elder_obstacles")]


@pytest.fixture(params=["helsinki", "dachang"])
def town(request, shared_data: Path, fresh_database_url: str, tmp_path: Path) -> Iterator[tuple]:
    """A city's database, and spots on its streets."""
    rng, folder = np.random.default_rng(77), tmp_path
    network = read_network(shared_data / "networks" / CITIES[request.param][0])
    engine = make_engine(fresh_database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        imports.import_network(session, TESTER, network, labels("streets"))
        places = read_population_points(places_file(folder, network, 1_500, rng))
        imports.import_population(session, TESTER, places, labels("places"), counting=Counting.COUNTED)
        imports.import_areas(session, TESTER, squares(folder, network), labels("towns"), level="town")
        take_into_force(session, "towns")
        points = read_service_points(points_file(folder, network, rng, 12))
        imports.import_service_points(session, TESTER, points, labels("points"))
    yield sessions, network.node_lonlat[rng.choice(np.flatnonzero(network.node_component == 0), 6)]
    engine.dispose()
    WARM.clear()


def file_of_point(folder: Path, code: str, lon: float, lat: float) -> Path:
    path = folder / f"{code}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "name", "type", "status", "lon", "lat"])
        writer.writerow([code, code, "elderly_service_point", "open", lon, lat])
    return path


def whole_run(sessions: sessionmaker[Session], trip: str, profile: str) -> CoverageDocument:
    return run(
        sessions, minutes=MINUTES, bands_min=BANDS_MIN, connection_limit_m=CONNECTION_M, trip=trip, profile=profile
    )[1]


def covered(figures: Figures) -> np.ndarray:
    """Residents covered by band, ``(bands, 1 + ages)``."""
    columns = [figures.bands, *(age.bands for age in figures.age_bands)]
    return np.array([[band.covered for band in bands] for bands in columns]).T


def told(card: PlaceabilityCard) -> np.ndarray:
    gain = card.facts.gain
    if gain is None:
        return np.zeros((len(BANDS_MIN), 6))
    return np.array([[band.residents, *band.ages.values()] for band in gain.bands])


def check_sums(document: CoverageDocument) -> None:
    """Everybody is in one class, the towns and what is in none of them are all, and more time covers no fewer."""
    (towns,) = (level for level in document.levels if level.level == "town")
    parts = [area.figures for area in towns.areas] + ([towns.remainder] if towns.remainder else [])
    for figures in (document.totals, *parts):
        classes = figures.covered + figures.uncovered + figures.not_connectable + figures.outside
        assert abs(classes - figures.residents) < 1e-6
        assert (np.diff(covered(figures), axis=0) >= 0).all()
        assert abs(covered(figures)[-1, 0] - figures.covered) < 1e-6
        assert np.abs(covered(figures)[:, 0] - covered(figures)[:, 1:].sum(axis=1)).max() < 1e-6
    assert np.abs(sum(covered(figures) for figures in parts) - covered(document.totals)).max() < 1e-6
    assert sum(figures.places or 0 for figures in parts) == document.totals.places


def test_what_a_spot_adds_is_what_a_second_whole_run_has_more(town, tmp_path) -> None:
    """Two spots after each other for each way to walk; each stays open for those that follow."""
    sessions, spots = town
    added = []
    for way, (trip, profile) in enumerate(WAYS):
        before = whole_run(sessions, trip, profile)
        check_sums(before)
        for number in (2 * way, 2 * way + 1):
            code, (lon, lat) = f"X{number}", spots[number].tolist()
            with sessions.begin() as session:
                terms = make_terms(
                    "elderly_service_point", minutes=MINUTES, bands_min=BANDS_MIN,
                    walk={"connection_limit_m": CONNECTION_M, "trip": trip, "profile": profile},
                )  # fmt: skip
                card = place(session, TESTER, Candidate(lon, lat), terms, on=DAY)
                here = read_service_points(file_of_point(tmp_path, code, lon, lat))
                imports.import_service_points(session, TESTER, here, labels(code))
            after = whole_run(sessions, trip, profile)
            check_sums(after)
            assert np.abs(told(card) - covered(after.totals) + covered(before.totals)).max() < 1e-6
            added.append(told(card)[-1, 0])
            before = after
    assert np.count_nonzero(added) >= len(added) / 2
    one_way, there_and_back = (covered(whole_run(sessions, trip, "elder").totals) for trip in ("to_point", "round"))
    assert (there_and_back <= one_way).all()
    assert there_and_back.sum() < one_way.sum()
