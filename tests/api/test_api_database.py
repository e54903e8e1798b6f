"""The database behind the interface: lost and found again, behind in its schema, asked few questions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, event

from api.app import create_app
from gridmgmt.cluster import Cluster
from gridmgmt.db import migrate
from gridmgmt.settings import Settings
from tests.api.conftest import Town
from tests.support.serving import served, until

MOST_STATEMENTS = {
    "/api/v1/folder": 4,
    "/api/v1/areas": 1,
    "/api/v1/areas/310113001": 3,
    "/api/v1/areas/at?lon=121.4&lat=31.3": 1,
    "/api/v1/service-points?area=310113001": 2,
    "/api/v1/cases": 4,
    "/api/v1/cases/board": 5,
    "/api/v1/cases/C-1": 4,
    "/api/v1/coverage/runs": 2,
    "/api/v1/coverage/runs/{run_id}": 4,
    "/api/v1/coverage/reports/latest": 4,
    "/api/v1/jobs/1": 1,
    "/health/live": 0,
}
"""The work of one request does not grow with the length of its list."""


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """Count the statements of all engines of this process."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield lambda: len(seen)
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("address", MOST_STATEMENTS)
def test_a_request_asks_the_database_little(client: httpx.Client, town: Town, address: str) -> None:
    asked = address.format(run_id=town.run_id)
    client.get(asked)
    with counted() as statements:
        assert client.get(asked).status_code == 200
    assert statements() <= MOST_STATEMENTS[address]


def test_a_lost_database_is_told_and_heals_by_itself(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    cluster.start()
    migrate(cluster.url())
    with served(create_app(Settings(data=data_dir), cluster.url())) as client:
        assert client.get("/health/ready").json() == {"status": "ok"}
        assert client.get("/api/v1/folder").json()["empty"] is True

        cluster.stop()
        for address in ("/api/v1/folder", "/api/v1/areas", "/health/ready", "/tiles/areas/0/0/0.mvt"):
            lost = client.get(address)
            assert (lost.status_code, lost.headers["retry-after"]) == (503, "2"), lost.text
            assert lost.headers["content-type"] == "application/problem+json"
            assert "PGSQL" not in lost.text, "where the database is concerns nobody outside"
            assert str(data_dir) not in lost.text
        assert client.post("/api/v1/coverage/runs", json={}).status_code == 503
        assert client.get("/health/live").status_code == 200

        cluster.start()
        until(lambda: client.get("/health/ready").status_code == 200)
        assert client.get("/api/v1/folder").status_code == 200
        until(lambda: client.get("/tiles/areas/0/0/0.mvt").status_code == 204)
    cluster.stop()


def test_a_schema_that_is_behind_is_not_ready(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    with cluster.using() as url, served(create_app(Settings(data=data_dir), url)) as client:
        behind = client.get("/health/ready", params={"lang": "en"})
        assert behind.status_code == 503
        assert "gridmgmt db migrate" in behind.json()["detail"]
