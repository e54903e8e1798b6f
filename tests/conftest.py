"""One test server of real PostGIS for all workers, a migrated template, a copy of it for each worker."""

import gc
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from urllib.parse import urlsplit

import psycopg
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from gridmgmt.access import credentials
from gridmgmt.cluster import Cluster
from gridmgmt.cluster.locks import exclusively
from gridmgmt.db import make_engine, make_sessions, migrate
from tests.support.folders import data_folder

# A busy machine is no finding: properties are judged by what they find, not by how long an example takes.
# The suite tries the same examples each time, so that a red run says something of the change; drills search on.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", settings.get_profile("search"), derandomize=True)
settings.load_profile("suite")

TOGETHER = ("tests/browser/demo/", ("tests/db/test_demo_district.py", "tests/unit/test_demo.py"))
"""Tests of several files that one process makes something costly for once: the served demo, and its district."""
TEMPLATE = "gridmgmt_test_template"
SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


class ByServer(LoadScopeScheduling):  # type: ignore[misc]  # xdist says nothing of its types
    """Keeps the tests of a file in one process, and those :data:`TOGETHER`."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (str(files) for files in TOGETHER if nodeid.startswith(files))
        return next(shared, nodeid.split("::", maxsplit=1)[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServer:
    """Share tests out among processes by :class:`ByServer`."""
    return ByServer(config, log)


def pytest_collection() -> None:
    """Look for no garbage while all tests are loaded with all that they load."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for none among it later either: it stays, and to go through all of it takes a second each time."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def own_hasher() -> Iterator[PasswordHasher]:
    """What the product hashes passwords with; here they are hashed alike with less memory.

    The tests ask who passes, not how long guessing takes.
    """
    own, credentials._hasher = credentials._hasher, PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    yield own
    credentials._hasher = own


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real files at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def test_cluster() -> Iterator[Cluster]:
    """The server that all workers of this run share; the last one to leave stops and removes it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"gridmgmt-test-{run}"
    lock = folder.with_name(f"gridmgmt-test-{os.getuid()}.lock")
    # Tests lose nothing by a crash, so the server need not wait for the disk.
    careless = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    cluster = Cluster(folder, {**careless, "wal_level": "minimal", "max_wal_senders": "0", "shared_buffers": "256MB"})
    with exclusively(lock):
        using = cluster.using()
        url = using.__enter__()
        _make_template(cluster, url)
    yield cluster
    with exclusively(lock):
        using.__exit__(None, None, None)
        if not cluster.status().running:
            rmtree(folder)


@pytest.fixture(scope="session")
def database_url(test_cluster: Cluster) -> Iterator[str]:
    """The migrated database of this worker; tests leave it empty."""
    with copy_of(test_cluster) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(test_cluster: Cluster) -> Iterator[str]:
    """A migrated database of the tests of one module, which may commit in it."""
    with copy_of(test_cluster) as url:
        yield url


@pytest.fixture
def fresh_database_url(test_cluster: Cluster) -> Iterator[str]:
    """A migrated, empty database of this one test, which may commit in it."""
    with copy_of(test_cluster) as url:
        yield url


@pytest.fixture(scope="session")
def drawn_paper_town(test_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with the paper town that others are copies of; nobody is connected to it."""
    from tests.support import paper_town  # noqa: PLC0415 -- most tests need none of what it loads

    with copy_of(test_cluster) as url:
        engine = make_engine(url)
        paper_town.load(make_sessions(engine), tmp_path_factory.mktemp("town"))
        engine.dispose()
        yield urlsplit(url).path.removeprefix("/")


@pytest.fixture
def paper_town_url(test_cluster: Cluster, drawn_paper_town: str) -> Iterator[str]:
    """A database with the paper town for this one test, which may commit in it."""
    with copy_of(test_cluster, drawn_paper_town) as url:
        yield url


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on this worker's database."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose commits are savepoints of a transaction that is rolled back."""
    with engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder of this one test for an embedded database of its own."""
    with data_folder() as folder:
        yield folder


def _make_template(cluster: Cluster, url: str) -> None:
    """Migrate a database for copies; it gets its final name when it is complete."""
    with psycopg.connect(url, autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            return
        raw = f"{TEMPLATE}_raw"
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(raw)))
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(raw)))
        migrate(cluster.url(raw))
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(raw), sql.Identifier(TEMPLATE)))


@contextmanager
def copy_of(cluster: Cluster, template: str = TEMPLATE) -> Iterator[str]:
    """Make a copy of a database that nobody is connected to, first of all the migrated one, and drop it afterwards."""
    name = f"gridmgmt_test_{uuid.uuid4().hex[:12]}"
    copy, original = sql.Identifier(name), sql.Identifier(template)
    with psycopg.connect(cluster.url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(copy, original))
        yield cluster.url(name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(copy))
