"""Siting over HTTP: asking, watching, ending early, the answer and its formats. Numbers as in `test_siting_run`."""

from io import BytesIO

import httpx
import openpyxl
import pytest

from api.app import create_app
from gridmgmt.access.rules import Permission, Role
from gridmgmt.db import transaction
from gridmgmt.jobs.worker import Worker
from gridmgmt.settings import Settings
from gridmgmt.siting import queries
from gridmgmt.work import HANDLERS
from tests.api.conftest import NOW, Town
from tests.support.actors import add_account, add_key, bearer
from tests.support.paper_town import degrees
from tests.support.serving import served

RUNS = "/api/v1/siting/runs"
TYPE = "elderly_service_point"


def item(name: str, at: tuple[float, float], **known: object) -> dict[str, object]:
    lon, lat = degrees([at])[0]
    return {"lon": lon, "lat": lat, "name": name, **known}


def ask(*items: dict[str, object], **more: object) -> dict[str, object]:
    found = {"source": "list", "items": items or [item("u", (1500, 400)), item("v", (2500, 0))]}
    return {"model": "max_coverage", "points": 1, "type": TYPE, "judge": False, "candidates": found, **more}


def answered(client: httpx.Client, town: Town, question: dict[str, object]) -> str:
    """Ask, perform, and return the address of the run."""
    asked = client.post(RUNS, json=question)
    assert asked.status_code == 202, asked.text
    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()
    return str(asked.json()["links"]["self"])


def test_a_run_from_asking_to_its_answer(client: httpx.Client, town: Town) -> None:
    asked = client.post(RUNS, json=ask(), headers={"Idempotency-Key": "first"})
    assert (asked.status_code, asked.headers["location"]) == (202, asked.json()["links"]["self"])
    assert client.post(RUNS, json=ask(), headers={"Idempotency-Key": "first"}).json() == asked.json()
    links = asked.json()["links"]
    waiting = client.get(links["self"]).json()
    assert (waiting["state"], waiting["progress"], waiting["certificate"]) == ("queued", None, None)
    assert client.get(links["result"]).status_code == 404
    assert client.get(links["job"]).json()["links"]["run"] == links["self"]
    early = client.post(links["stop"], json={"keep": True})
    assert (early.status_code, early.json()["type"]) == (409, "/problems/siting_nothing_to_keep")

    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()
    done = client.get(links["self"]).json()
    assert (done["state"], done["share"], done["stale"], done["error"]) == ("succeeded", 1.0, False, None)
    assert (done["certificate"]["objective"], done["certificate"]["proven"]) == (60.75, True)
    told = done["progress"]
    assert (told["unit"], told["objective"], told["bound"], told["gap"]) == ("residents", 60.75, 60.75, 0)
    assert told["chosen"] == [degrees([(1500, 400)])[0]]
    late = client.post(links["stop"], json={"keep": False})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/job_ended")
    listed = client.get(RUNS).json()["items"]
    assert (listed[0]["run_id"], listed[0]["state"], listed[0]["points"]) == (asked.json()["run_id"], "succeeded", 1)
    assert listed[0]["on"] == "2026-01-15"


def test_the_answer_is_the_same_in_every_format(client: httpx.Client, town: Town) -> None:
    here = answered(client, town, ask())
    document = client.get(f"{here}/result.json")
    assert document.headers["content-type"] == "application/json"
    assert document.headers["cache-control"] == "private, no-cache"
    run_id = int(here.rsplit("/", 1)[1])
    with transaction(town.sessions) as session:
        assert document.text.strip() == queries.answer_of(queries.run_by_id(session, run_id))
    (point,) = document.json()["chosen"]
    assert (point["name"], point["newly_covered"]) == ("u", 30)
    page = client.get(f"{here}/result.html?lang=en")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src" in page.headers["content-security-policy"]
    features = client.get(f"{here}/result.geojson").json()["features"]
    spots = [each["geometry"]["coordinates"] for each in features if each["geometry"]["type"] == "Point"]
    assert pytest.approx(degrees([(1500, 400)])[0], abs=1e-6) in spots
    assert openpyxl.load_workbook(BytesIO(client.get(f"{here}/result.xlsx").content)).sheetnames
    assert client.get(f"{here}/result.csv").status_code == 422


def test_what_the_job_refuses_is_told_with_the_run(client: httpx.Client, town: Town) -> None:
    close = [item("a", (1500, 400)), item("b", (1500, 420))]
    here = answered(client, town, ask(*close, points=2, spacing_m=100))
    run = client.get(f"{here}?lang=en").json()
    assert (run["state"], run["error"]["code"]) == ("failed", "siting_spacing_too_wide")
    assert "1" in run["error"]["detail"]
    assert client.get(f"{here}/result.json").json()["type"] == "/problems/siting_run_not_finished"


@pytest.mark.parametrize(
    ("question", "pointer_or_type"),
    [
        (ask(model="best"), "/body/model"),
        (ask(points=3), "/problems/siting_points_too_many"),
        (ask(points=None), "/problems/siting_points_needed"),
        (ask(area_code="999"), "/problems/area_unknown"),
        (ask(spacing_m=-1), "/body/spacing_m"),
        (ask(forbidden=[{"type": "Point", "coordinates": [121, 31]}]), "/problems/siting_zone_invalid"),
        (ask(item("far", (0, 0), capacity=-1)), "/problems/attribute_out_of_range"),
        ({**ask(), "candidates": {"source": "list", "items": []}}, "/problems/candidates_count"),
        ({**ask(), "colour": "red"}, "/body/colour"),
    ],
)  # fmt: skip
def test_a_question_that_does_not_fit_says_where(client: httpx.Client, question, pointer_or_type) -> None:
    refused = client.post(RUNS, json=question)
    assert refused.status_code in {404, 422}, refused.text
    said = refused.json()
    assert pointer_or_type in {said["type"], *(each["pointer"] for each in said.get("errors") or ())}, said


def test_candidates_of_a_file_are_read_or_refused_with_their_rows(client: httpx.Client) -> None:
    (lon, lat), (east, north) = degrees([(1500, 400), (1400, 0)])
    good = f"lon,lat,code,name,capacity\n{lon},{lat},C-1,甲,40\n{east},{north},C-2,乙,\n"
    found = client.post("/api/v1/siting/candidates?file=spots.csv", content=good.encode())
    assert found.status_code == 200, found.text
    assert found.json()["items"] == [
        {"lon": lon, "lat": lat, "code": "C-1", "name": "甲", "capacity": 40},
        {"lon": east, "lat": north, "code": "C-2", "name": "乙"},
    ]
    assert client.post(RUNS, json=ask(*found.json()["items"])).status_code == 202
    broken = client.post("/api/v1/siting/candidates?file=spots.xlsx", content=b"PK no archive")
    assert (broken.status_code, broken.json()["type"]) == (422, "/problems/archive_broken")
    bad = good.replace("C-2,乙,", "C-2,乙,many")
    refused = client.post("/api/v1/siting/candidates?file=spots.csv", content=bad.encode())
    assert refused.status_code == 422
    assert [each["row"] for each in refused.json()["errors"]] == [3]


def test_a_planner_of_one_town_sees_runs_of_that_town_alone(client: httpx.Client, town: Town) -> None:
    add_account(town.sessions, "east", Role.PLANNER, area=("town", "310113002"))
    key = bearer(add_key(town.sessions, "east"))
    everywhere = client.post(RUNS, json=ask()).json()["links"]["self"]
    assert client.post(RUNS, json=ask(), headers=key).status_code == 403
    own = client.post(RUNS, json=ask(area_code="310113002"), headers=key)
    assert own.status_code == 202, own.text
    assert client.get(own.json()["links"]["self"], headers=key).status_code == 200
    assert client.get(everywhere, headers=key).status_code == 403


def test_neither_readers_nor_servers_of_the_public_form_take_runs(public_client: httpx.Client, town: Town) -> None:
    assert public_client.get(RUNS).status_code == 401
    scoped = add_key(town.sessions, "planner", {Permission.READ, Permission.COVERAGE_RUN})
    with served(create_app(Settings(results="public"), town.url, clock=lambda: NOW)) as client:
        client.headers.update(bearer(town.key))
        refused = client.post(RUNS, json=ask())
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/siting_withheld")
        assert client.get(RUNS).status_code == 403
        assert client.post(RUNS, json=ask(), headers=bearer(scoped)).status_code == 403
