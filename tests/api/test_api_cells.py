"""Cells over HTTP: asked for, drawn by the worker, reported, looked up."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy.orm import sessionmaker

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.boundaries import service as boundaries
from gridmgmt.boundaries.queries import draft_named
from gridmgmt.cells import service
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.errors import ConflictError
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import JobContext, Worker
from gridmgmt.settings import Settings
from gridmgmt.work import HANDLERS
from tests.api.conftest import NOW
from tests.support.actors import TESTER, add_account, add_key, bearer
from tests.support.cells_example import DAY, ONE, TOWN, load_quarters
from tests.support.drafts import take_into_force
from tests.support.serving import served

ASK = {"area": TOWN, "edition": "cells", "planned_from": str(DAY)}


@dataclass(frozen=True)
class Quarters:
    sessions: sessionmaker[Session]
    planner: httpx.Client


@pytest.fixture
def quarters(fresh_database_url: str) -> Iterator[Quarters]:
    """Two quarters with streets in a database of their own, and a planner's client."""
    engine = make_engine(fresh_database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        load_quarters(session)
    add_account(sessions, "planner", Role.PLANNER)
    with served(create_app(Settings(reading="open"), fresh_database_url, clock=lambda: NOW)) as client:
        client.headers.update(bearer(add_key(sessions, "planner")))
        yield Quarters(sessions, client)
    engine.dispose()


def perform(quarters: Quarters) -> None:
    assert Worker(quarters.sessions, HANDLERS, lease_s=60).run_one()


def test_asked_drawn_reported_and_looked_up(quarters) -> None:
    accepted = quarters.planner.post("/api/v1/cells/generations", json=ASK)
    assert accepted.status_code == 202, accepted.text
    links = accepted.json()["links"]
    assert accepted.headers["location"] == links["job"]
    assert quarters.planner.get(links["report"]).status_code == 404
    perform(quarters)
    job = quarters.planner.get(links["job"]).json()
    assert (job["state"], job["result"]["cells"]) == ("succeeded", 8)
    assert job["links"]["generation"] == links["self"]
    found = quarters.planner.get(links["self"]).json()
    assert (found["state"], found["edition"], found["cells"]) == ("succeeded", "cells", 8)
    assert [row["new"] for row in found["report"]["quarters"]] == [4, 4]
    page = quarters.planner.get(links["report"], params={"format": "html", "lang": "en"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.count("<path") == 3
    assert "http" not in page.text.replace("http-equiv", "")
    listed = quarters.planner.get("/api/v1/cells/generations").json()
    assert [row["generation_id"] for row in listed["items"]] == [found["generation_id"]]
    drafted = quarters.planner.get(f"/api/v1/cells/{ONE}001", params={"edition": "cells"}).json()
    assert (drafted["edition"], [above["code"] for above in drafted["parents"]]) == ("cells", [ONE, TOWN, "310113"])
    rows = quarters.planner.get("/api/v1/cells", params={"area": ONE, "edition": "cells"}).json()["items"]
    assert [(row["code"], row["land_use"]) for row in rows] == [(f"{ONE}{n:03d}", "residential") for n in range(1, 5)]
    with transaction(quarters.sessions) as session:
        take_into_force(session, draft_named(session, "cells").name)
    cell = quarters.planner.get(f"/api/v1/cells/{ONE}001").json()
    assert (cell["land_use"], cell["territorial_fallback"]) == ("residential", True)
    assert [above["code"] for above in cell["parents"]] == [ONE, TOWN, "310113"]


def test_a_generation_that_is_cancelled_writes_nothing(quarters) -> None:
    links = quarters.planner.post("/api/v1/cells/generations", json=ASK).json()["links"]
    assert quarters.planner.delete(links["job"]).status_code == 200
    assert not Worker(quarters.sessions, HANDLERS, lease_s=60).run_one()
    found = quarters.planner.get(links["self"]).json()
    assert (found["state"], found["report"]) == ("cancelled", None)


class WhileSomebodyEdits(JobContext):
    """A job whose draft is edited by somebody when it begins to write."""

    def progress(self, stage: str, ratio: float) -> None:
        super().progress(stage, ratio)
        if stage == "job_stage.writing":
            with transaction(self.sessions) as session:
                boundaries.rename(session, TESTER, draft_named(session, "cells"), ONE, "菊花一")


def test_a_draft_that_is_edited_meanwhile_is_left_as_it_is(quarters) -> None:
    quarters.planner.post("/api/v1/cells/generations", json=ASK).raise_for_status()
    with transaction(quarters.sessions) as session:
        claim = jobs.claim(session, lease_s=60)
    assert claim is not None
    with pytest.raises(ConflictError) as refused:
        service.perform(WhileSomebodyEdits(claim, quarters.sessions))
    assert refused.value.code == "draft_changed_meanwhile"
    assert quarters.planner.get("/api/v1/cells/generations").json()["items"][0]["cells"] is None


def test_what_is_refused(quarters) -> None:
    def refused(**changes: object) -> tuple[int, str]:
        answer = quarters.planner.post("/api/v1/cells/generations", json=ASK | changes)
        return answer.status_code, answer.json()["type"].removeprefix("/problems/")

    assert refused(area="310113999") == (404, "area_unknown")
    assert refused(target_m2=5) == (422, "cell_target")
    assert refused(planned_from="2010-01-01") == (404, "area_unknown")
    assert refused(size=1) == (422, "request_invalid")
    assert quarters.planner.get(f"/api/v1/cells/{ONE}", params={"on": str(DAY)}).status_code == 422
    names = [row["name"] for row in quarters.planner.get("/api/v1/cells/schemes").json() if row["in_use"]]
    assert names == ["cell_15"]
