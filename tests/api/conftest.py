"""The town drawn in `tests.support.paper_town`, with a finished run and three cases, behind the whole application."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from sqlalchemy.orm import sessionmaker

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.cluster import Cluster
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.settings import Settings
from gridmgmt.work import ask_coverage, finish_coverage
from tests.conftest import copy_of
from tests.support import paper_town
from tests.support.actors import TESTER, add_account, add_key, bearer
from tests.support.paper_district import load_district
from tests.support.serving import served

NOW = datetime(2026, 1, 15, 4, tzinfo=UTC)
CASES = [("C-1", 100, 50, "reported", "01"), ("C-2", 1200, 50, "handling", "03"), ("C-3", 9000, 50, "closed", "02")]
"""Number, metres east and north, state, day of January."""


@dataclass(frozen=True)
class Town:
    """The drawn town in a database of its own."""

    url: str
    sessions: sessionmaker[Session]
    run_id: int
    key: str
    """Of a planner."""


def add_cases(url: str) -> None:
    """Store the cases of the town."""
    with psycopg.connect(url) as connection:
        edition_id = connection.execute(
            "INSERT INTO editions (subject, name, valid_from, source, synthetic, datum, content_sha256, extent) VALUES"
            " ('cases', 'cases', '2026-01-01', 'paper', false, 'wgs84', '00', ST_MakeEnvelope(121, 31, 122, 32, 4326))"
            " RETURNING edition_id"
        ).fetchone()
        for case_no, east_m, north_m, state, day in CASES:
            lon, lat = paper_town.degrees([(east_m, north_m)])[0]
            connection.execute(
                "INSERT INTO cases (edition_id, case_no, kind, type, state, reported_at, town_code, geom)"
                " SELECT %s, %s, 'event', 'litter', %s, %s, (SELECT min(code) FROM areas WHERE level = 'town'"
                " AND ST_Covers(areas.geom, place)), place FROM ST_SetSRID(ST_MakePoint(%s, %s), 4326) AS place",
                [*(edition_id or ()), case_no, state, f"2026-01-{day}T08:00:00+08:00", lon, lat],
            )


def make_town(url: str, folder: Path) -> Town:
    """Load the town and compute its coverage."""
    engine = make_engine(url)
    sessions = make_sessions(engine)
    paper_town.load(sessions, folder)
    add_cases(url)
    run_id, job_id = ask_coverage(sessions, TESTER, make_request(), on=paper_town.DAY)
    finish_coverage(sessions, run_id, job_id, lease_s=15)
    add_account(sessions, "planner", Role.PLANNER)
    return Town(url, sessions, run_id, add_key(sessions, "planner"))


@pytest.fixture(scope="session")
def drawn_town(test_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town that others are copies of; nobody is connected to it."""
    with copy_of(test_cluster) as url:
        town = make_town(url, tmp_path_factory.mktemp("town"))
        town.sessions.kw["bind"].dispose()
        yield town


@contextmanager
def copied_town(cluster: Cluster, drawn: Town) -> Iterator[Town]:
    """Give a copy of the town, which may be changed."""
    with copy_of(cluster, urlsplit(drawn.url).path.removeprefix("/")) as url:
        engine = make_engine(url)
        yield replace(drawn, url=url, sessions=make_sessions(engine))
        engine.dispose()


@pytest.fixture(scope="module")
def town(test_cluster: Cluster, drawn_town: Town) -> Iterator[Town]:
    """The town, shared by the tests of one module."""
    with copied_town(test_cluster, drawn_town) as town:
        yield town


@pytest.fixture(scope="module")
def client(town: Town) -> Iterator[httpx.Client]:
    """A planner's client of the application."""
    with served(create_app(Settings(), town.url, clock=lambda: NOW)) as client:
        client.headers.update(bearer(town.key))
        yield client


@dataclass(frozen=True)
class District:
    """The district of `tests.support.paper_district` behind an application of its own; it may be changed."""

    sessions: sessionmaker[Session]
    planner: httpx.Client
    administrator: httpx.Client
    visitor: httpx.Client
    """Without an account, where everybody may read: it gets the public form."""


@pytest.fixture
def district(fresh_database_url: str) -> Iterator[District]:
    """A district of its own for one test, in force since 2015."""
    engine = make_engine(fresh_database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        load_district(session)
    with _served_district(fresh_database_url, sessions) as district:
        yield district
    engine.dispose()


@pytest.fixture(scope="module")
def shared_district(module_database_url: str) -> Iterator[District]:
    """The same for the tests of one module that leave what is in force as it is."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        load_district(session)
    with _served_district(module_database_url, sessions) as district:
        yield district
    engine.dispose()


@pytest.fixture
def empty(fresh_database_url: str) -> Iterator[District]:
    """A folder that holds nothing yet, of its own for one test."""
    engine = make_engine(fresh_database_url)
    with _served_district(fresh_database_url, make_sessions(engine)) as district:
        yield district
    engine.dispose()


@contextmanager
def _served_district(url: str, sessions: sessionmaker[Session]) -> Iterator[District]:
    """Serve what a database holds to a planner, an administrator and a visitor."""
    clients = {}
    with served(create_app(Settings(reading="open", results="auto"), url, clock=lambda: NOW)) as visitor:
        for role in (Role.PLANNER, Role.ADMINISTRATOR):
            add_account(sessions, role, role)
            clients[role] = httpx.Client(
                base_url=visitor.base_url, timeout=visitor.timeout, headers=bearer(add_key(sessions, role))
            )
        yield District(sessions, clients[Role.PLANNER], clients[Role.ADMINISTRATOR], visitor)
        for client in clients.values():
            client.close()


@pytest.fixture(scope="module")
def public_client(town: Town) -> Iterator[httpx.Client]:
    """A client without an account, where everybody may read: it gets the public form."""
    with served(create_app(Settings(reading="open"), town.url, clock=lambda: NOW)) as client:
        yield client
