"""Officer posts and responsibility grids over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import shapely

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.settings import Settings
from tests.support import paper_grids
from tests.support.actors import add_account, add_key, bearer
from tests.support.division import block, spot
from tests.support.paper_grids import EASTERN, OFFICE, TOWN, WEST, WESTERN, cell
from tests.support.serving import served

NOW = datetime(2026, 1, 15, 4, tzinfo=UTC)
GRIDS = "/api/v1/responsibility-grids"


@pytest.fixture
def visitor(fresh_database_url: str) -> Iterator[httpx.Client]:
    """A reader without an account; the town has posts and no grids."""
    engine = make_engine(fresh_database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        paper_grids.build(session)
    with served(create_app(Settings(reading="open"), fresh_database_url, clock=lambda: NOW)) as client:
        add_account(sessions, "dispatcher", Role.DISPATCHER)
        client.headers["Accept-Language"] = "en"
        client.headers["X-Key"] = add_key(sessions, "dispatcher")
        yield client
    engine.dispose()


@pytest.fixture
def dispatcher(visitor: httpx.Client) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=visitor.base_url, timeout=60, headers=bearer(visitor.headers["X-Key"])) as client:
        client.headers["Accept-Language"] = "en"
        yield client


def asked(code: str, cells: frozenset[str], post: str, backup: str) -> dict[str, object]:
    return {
        "code": code, "name": code, "kind": "inspection", "cells": sorted(cells), "on": "2026-01-05", "post": post,
        "backup": backup, "hours": OFFICE,
    }  # fmt: skip


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_a_grid_from_its_creation_to_its_end(visitor: httpx.Client, dispatcher: httpx.Client) -> None:
    assert dispatcher.post(GRIDS, json=asked("W", WESTERN, "P1", "P2")).status_code == 201
    made = dispatcher.post(GRIDS, json=asked("E", EASTERN, "P3", "P4"))
    assert (made.status_code, made.json()["cells"]) == (201, 6)
    assert [grid["code"] for grid in visitor.get(GRIDS).json()["items"]] == ["E", "W"]
    assert visitor.get(GRIDS, params={"on": "2026-01-04"}).json()["items"] == []
    first = visitor.get(GRIDS, params={"limit": 1}).json()
    assert [grid["code"] for grid in visitor.get(first["next"]).json()["items"]] == ["W"]
    (mine,) = visitor.get(GRIDS, params={"cell": cell(0, 0)}).json()["items"]
    detail = visitor.get(f"{GRIDS}/{mine['code']}").json()
    assert detail["cell_codes"] == sorted(WESTERN)
    assert shapely.geometry.shape(detail["geometry"]).equals(block(0, 0, 3, 2))
    assert visitor.get(f"{GRIDS}/cover").json()["findings"] == 0

    changed = dispatcher.post(f"{GRIDS}/W/assignments", json={"on": "2026-02-01", "post": "P2", "backup": "P1"})
    assert (changed.status_code, changed.json()["post"]) == (200, "P2")
    moved = dispatcher.post(f"{GRIDS}/E/cells", json={"cells": [*EASTERN, cell(2, 1)], "on": "2026-02-01"})
    assert moved.json() == {"changed": 1}
    back = {"kind": "inspection", "cells": {cell(2, 1): "W"}, "on": "2026-03-01"}
    assert dispatcher.post(f"{GRIDS}/moves", json=back).json() == {"changed": 1}
    assert dispatcher.delete(f"{GRIDS}/E", params={"on": "2026-04-01"}).json()["valid_to"] == "2026-04-01"
    assert len(visitor.get(f"{GRIDS}/cover", params={"on": "2026-04-01"}).json()["without_grid"]) == 6
    assert code_of(visitor.get(f"{GRIDS}/N")) == (404, "grid_unknown")


def test_who_answers_now(visitor: httpx.Client, dispatcher: httpx.Client) -> None:
    """It is Thursday noon."""
    dispatcher.post(GRIDS, json=asked("W", WESTERN, "P1", "P2")).raise_for_status()
    lon, lat = spot(0.5, 0.5)
    found = visitor.get("/api/v1/responsible", params={"lon": lon, "lat": lat}).json()
    assert (found["cell"], found["kinds"]["inspection"]["grid"]) == (cell(0, 0), "W")
    assert (found["kinds"]["inspection"]["on_duty"], found["kinds"]["inspection"]["post"]["code"]) == (True, "P1")
    night = {"cell": cell(0, 0), "at": "2026-01-15T22:00:00+08:00"}
    assert visitor.get("/api/v1/responsible", params=night).json()["kinds"]["inspection"]["on_duty"] is False
    assert code_of(visitor.get("/api/v1/responsible")) == (422, "cell_or_position")


def test_workload_and_proposal_are_for_those_who_may_see_exact_numbers(
    visitor: httpx.Client, dispatcher: httpx.Client
) -> None:
    dispatcher.post(GRIDS, json=asked("W", WESTERN | {cell(3, 0), cell(3, 1)}, "P1", "P2")).raise_for_status()
    dispatcher.post(GRIDS, json=asked("E", EASTERN - {cell(3, 0), cell(3, 1)}, "P3", "P4")).raise_for_status()
    found = dispatcher.get(f"{GRIDS}/workload", params={"area": TOWN}).json()
    assert [grid["cells"] for grid in found["grids"]] == [4, 8]
    assert found["balance"]["load"]["max_over_mean"] == pytest.approx(4 / 3, rel=1e-4)
    proposal = dispatcher.get(f"{GRIDS}/proposals", params={"area": TOWN}).json()
    assert [grid["cells"] for grid in proposal["after"]["grids"]] == [6, 6]
    assert len(proposal["moves"]) == 2
    assert 1 <= proposal["least_max_over_mean"] <= proposal["after"]["balance"]["load"]["max_over_mean"]
    few = dispatcher.get(f"{GRIDS}/proposals", params={"area": TOWN, "most_moves": 1}).json()
    assert len(few["moves"]) == 1
    for form, type_ in (("csv", "text/csv"), ("html", "text/html"), ("xlsx", "application/vnd.openxml")):
        answer = dispatcher.get(f"{GRIDS}/workload", params={"format": form})
        assert answer.headers["content-type"].startswith(type_)
        assert len(answer.content) > 100


def test_an_area_of_too_many_cells_is_refused_before_the_work_begins(
    dispatcher: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.responsibility.MOST_CELLS", 11)
    answer = dispatcher.get(f"{GRIDS}/proposals", params={"area": TOWN})
    assert code_of(answer) == (422, "proposal_too_large")
    assert "12" in answer.json()["detail"]


@pytest.mark.parametrize("what", ["workload", "proposals"])
def test_the_public_form_holds_no_workload(fresh_database_url: str, what: str) -> None:
    with served(create_app(Settings(reading="open", results="public"), fresh_database_url)) as reader:
        answer = reader.get(f"{GRIDS}/{what}", params={"area": TOWN})
        assert code_of(answer) == (403, "residents_withheld")


WRONG = [
    ({"post": "P9"}, (404, "post_unknown")),
    ({"cells": ["310113008001999"]}, (404, "cells_unknown")),
    ({"hours": {"mon": ["8-17"]}}, (422, "hours_span_malformed")),
    ({"officer_name": "x"}, (422, "request_invalid")),
]


def test_what_cannot_be_is_refused(dispatcher: httpx.Client) -> None:
    for changes, refused in WRONG:
        answer = dispatcher.post(GRIDS, json={**asked("W", WESTERN, "P1", "P2"), **changes})
        assert answer.status_code == refused[0], changes
        if refused[1] != "request_invalid":
            assert code_of(answer) == refused
        assert dispatcher.get(GRIDS).json()["items"] == []


def test_posts_and_kinds(visitor: httpx.Client, dispatcher: httpx.Client) -> None:
    post = {"code": "P9", "name": "夜班岗", "kind": "police", "body": "派出所"}
    assert dispatcher.post("/api/v1/officer-posts", json=post).status_code == 201
    posts = visitor.get("/api/v1/officer-posts", params={"kind": "police"}).json()["items"]
    assert [each["code"] for each in posts] == ["J1", "P9"]
    assert dispatcher.delete("/api/v1/officer-posts/P9").json()["valid_to"] == "2026-01-15"
    kind = {
        "code": "sanitation",
        "name_zh": "环卫",
        "name_en": "Sanitation",
        "required_hours": {"mon-sun": ["04:00-22:00"]},
    }
    assert dispatcher.post("/api/v1/grid-kinds", json=kind).status_code == 201
    assert "sanitation" in [each["code"] for each in visitor.get("/api/v1/grid-kinds").json()["items"]]


def test_the_cells_of_an_area_are_listed_with_their_grids(visitor: httpx.Client, dispatcher: httpx.Client) -> None:
    dispatcher.post(GRIDS, json=asked("W", WESTERN, "P1", "P2")).raise_for_status()
    town = visitor.get("/api/v1/cells", params={"area": TOWN, "limit": 8}).json()
    rest = visitor.get(town["next"]).json()
    rows = town["items"] + rest["items"]
    assert rest["next"] is None
    assert [row["code"] for row in rows] == sorted(WESTERN) + sorted(EASTERN)
    assert [row["grids"] for row in rows] == [{"inspection": "W"}] * 6 + [{}] * 6
    first = rows[0]
    assert (first["quarter_code"], first["responsible_body"], first["territorial_fallback"]) == (WEST, "西", True)
    assert shapely.box(*first["bbox"]).equals_exact(block(0, 1, 1, 2), 1e-9)
    assert 0.99 < first["area_m2"] / (95.2 * 110.9) < 1.01  # 0.001 degrees each way at 31.3 N
    of_quarter = visitor.get("/api/v1/cells", params={"area": WEST, "on": "2026-01-04"}).json()["items"]
    assert [(row["code"], row["grids"]) for row in of_quarter] == [(code, {}) for code in sorted(WESTERN)]
    assert code_of(visitor.get("/api/v1/cells", params={"area": "310113999"})) == (404, "area_unknown")
