"""Scenarios and what-ifs of gates over HTTP, on the town drawn in `tests.support.paper_town`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from api.app import create_app
from gridmgmt.settings import Settings
from gridmgmt.walking.cache import WARM
from tests.api.conftest import Town
from tests.support.actors import bearer
from tests.support.paper_gates import load_gates
from tests.support.paper_town import degrees
from tests.support.serving import served

SCENARIOS = "/api/v1/walking/scenarios"
PATH = {"kind": "add_path", "line": degrees([(500, 0), (1500, 500)])}
NOW = datetime(2026, 1, 15, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    planner: httpx.Client
    anybody: httpx.Client


@pytest.fixture(scope="module")
def asked(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    load_gates(town.sessions, tmp_path_factory.mktemp("gates"))
    app = create_app(Settings(reading="open"), town.url, clock=lambda: NOW)
    with served(app) as anybody, httpx.Client(base_url=anybody.base_url, headers=bearer(town.key)) as planner:
        yield Asked(planner, anybody)
    WARM.clear()


def test_a_scenario_is_saved_read_and_deleted(asked) -> None:
    saved = asked.planner.post(SCENARIOS, json={"name": "近路", "edits": [PATH]})
    assert saved.status_code == 201, saved.text
    assert (saved.json()["version"], saved.json()["owner"], saved.json()["edits"][0]["kind"]) == (
        1,
        "planner",
        "add_path",
    )
    again = asked.planner.post(SCENARIOS, json={"name": "近路", "edits": [PATH, PATH], "seen_version": 1})
    assert (again.status_code, again.json()["version"]) == (201, 2)
    assert asked.anybody.get(f"{SCENARIOS}/近路@1").json()["edit_count"] == 1
    assert [item["name"] for item in asked.anybody.get(SCENARIOS).json()["items"]] == ["近路"]
    stale = asked.planner.post(SCENARIOS, json={"name": "近路", "edits": [PATH], "seen_version": 1})
    assert (stale.status_code, stale.json()["type"]) == (409, "/problems/scenario_version_other")
    assert asked.planner.delete(f"{SCENARIOS}/近路").json()["version"] == 2
    assert asked.anybody.get(f"{SCENARIOS}/近路").status_code == 404


def test_what_was_not_said_of_a_gate_is_not_said_when_it_is_read(asked) -> None:
    edits = [{"kind": "set_gate", "code": "G1", "access": "residents"}]
    asked.planner.post(SCENARIOS, json={"name": "gate", "edits": edits})
    assert asked.anybody.get(f"{SCENARIOS}/gate").json()["edits"] == edits


def test_what_cannot_be_is_refused(asked) -> None:
    lost = asked.planner.post(
        SCENARIOS, json={"name": "x", "edits": [{**PATH, "line": degrees([(300, 300), (400, 300)])}]}
    )
    assert (lost.status_code, lost.json()["type"]) == (422, "/problems/path_joins_nothing")
    assert asked.planner.post(SCENARIOS, json={"name": "x", "edits": [{"kind": "dig"}]}).status_code == 422
    assert asked.anybody.post(SCENARIOS, json={"name": "x", "edits": [PATH]}).status_code == 401


def test_what_closing_a_gate_would_change(asked) -> None:
    found = asked.planner.post("/api/v1/walking/gates/G1/what-if", json={"access": "closed"})
    assert found.status_code == 200, found.text
    answer = found.json()
    assert answer["before"] == {"access": "public", "hours": [
        f"{day} 06:00-22:00" for day in ("mon", "tue", "wed", "thu", "fri")
    ]}  # fmt: skip
    assert answer["parameters"]["at"] == "wed 10:00"
    assert answer["parameters"]["speed_m_per_s"] == 0.83
    assert {"name", "subject", "content_sha256"} <= answer["inputs"][0].keys()
    if answer["form"] == "exact":
        assert answer["total"]["ages"][0]["residents"] == 50.25
        assert [place["place_no"] for place in answer["most_changed"]] == [3, 4]
    unknown = asked.planner.post("/api/v1/walking/gates/G9/what-if", json={"access": "closed"})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/gate_unknown")
    assert asked.anybody.post("/api/v1/walking/gates/G1/what-if", json={"access": "closed"}).status_code == 401


def test_the_public_form_tells_no_places(town) -> None:
    app = create_app(Settings(reading="open", results="public"), town.url, clock=lambda: NOW)
    with served(app) as client:
        answer = client.post(
            "/api/v1/walking/gates/G1/what-if", json={"access": "closed"}, headers=bearer(town.key)
        ).json()  # fmt: skip
    assert (answer["form"], answer["most_changed"], answer["total"]["places"]) == ("public", [], None)
    assert [age["band"] for age in answer["total"]["ages"]] == ["60_plus"]


def test_what_is_kept_warm_is_counted(asked) -> None:
    asked.planner.post("/api/v1/walking/gates/G1/what-if", json={"access": "closed"})
    lines = dict(
        line.rsplit(" ", 1) for line in asked.anybody.get("/metrics").text.splitlines() if "walk_state" in line[:30]
    )
    assert float(lines["gridmgmt_walk_state_bytes"]) > 1000
    assert float(lines["gridmgmt_walk_state_entries"]) >= 2
    assert float(lines["gridmgmt_walk_state_builds_total"]) >= 2
