"""Coverage over HTTP: asking, waiting, cancelling, the answer and its forms. Numbers as in `paper_town`."""

import json
from datetime import date
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api.app import create_app
from gridmgmt import imports
from gridmgmt.db import transaction
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.jobs.worker import Worker
from gridmgmt.population.models import PopulationPlace
from gridmgmt.service_points.rules import ELDERLY_TYPES
from gridmgmt.settings import Settings
from gridmgmt.work import HANDLERS
from tests.api.conftest import NOW, Town, make_town
from tests.support import paper_town
from tests.support.actors import TESTER, bearer
from tests.support.serving import served

RUNS = "/api/v1/coverage/runs"
MEDIA_TYPES = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "geojson": "application/geo+json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def place_id(town: Town, place: int) -> int:
    """Return the id of the n-th place of the drawing, from 1."""
    with transaction(town.sessions) as session:
        ids = session.query(PopulationPlace.place_id).order_by(PopulationPlace.place_no).all()
    return int(ids[place - 1][0])


def test_a_run_from_asking_to_its_answer(client: httpx.Client, town: Town) -> None:
    asked = client.post(RUNS, json={"minutes": 45, "bands": [5, 20], "area": "310113001"})
    assert (asked.status_code, asked.headers["location"]) == (202, f"/api/v1/jobs/{asked.json()['job_id']}")
    links = asked.json()["links"]
    assert client.get(links["job"]).json()["state"] == "queued"
    waiting = client.get(links["self"]).json()
    assert (waiting["state"], waiting["report"], waiting["stale"]) == ("queued", None, False)
    assert client.get(links["report"]).status_code == 404

    assert Worker(town.sessions, HANDLERS, lease_s=15).run_one()
    job = client.get(links["job"]).json()
    assert (job["state"], job["progress"], job["result"]["run_id"]) == ("succeeded", 1.0, asked.json()["run_id"])
    done = client.get(links["self"]).json()
    assert [band["limit_s"] for band in done["report"]["totals"]["bands"]] == [300, 1200, 2700]
    assert done["report"]["totals"]["residents"] == pytest.approx(10.5 + 20.25 + 5)
    latest = client.get("/api/v1/coverage/reports/latest", params={"area": "310113001"}).json()
    assert latest == done


def test_the_answer_is_that_of_the_drawing(client: httpx.Client, town: Town) -> None:
    run = client.get(f"{RUNS}/{town.run_id}").json()
    totals = run["report"]["totals"]
    assert {name: totals[name] for name in ("residents", "covered", "uncovered", "not_connectable", "outside")} == {
        "residents": 75.75, "covered": 30.75, "uncovered": 30, "not_connectable": 9, "outside": 6,
    }  # fmt: skip
    assert (run["state"], run["stale"], run["report"]["form"]) == ("succeeded", False, "exact")
    assert run["report"] == client.get(f"{RUNS}/{town.run_id}/report").json()
    towns = client.get(f"{RUNS}/{town.run_id}/areas", params={"level": "town"}).json()
    assert towns == [level for level in run["report"]["levels"] if level["level"] == "town"]


def test_why_a_place_is_covered_or_not(client: httpx.Client, town: Town) -> None:
    def why(place: int) -> dict[str, object]:
        found: dict[str, object] = client.get(f"{RUNS}/{town.run_id}/places/{place_id(town, place)}").json()
        return found

    covered = why(2)
    assert (covered["status"], covered["residents"]) == ("covered", 20.25)
    assert covered["walk_time_s"] == pytest.approx(910 / 0.83, rel=1e-3)
    assert covered["nearest_point"] == {"code": "A", "name": "点A", "type": "elderly_service_point"}
    assert why(3)["walk_time_s"] == pytest.approx(2010 / 0.83, rel=1e-3)
    assert [why(place)["status"] for place in (3, 4, 5, 6)] == [
        "uncovered", "not_connectable", "not_connectable", "outside",
    ]  # fmt: skip
    assert why(6)["nearest_point"] is None
    assert client.get(f"{RUNS}/{town.run_id}/places/999999").status_code == 404


def test_a_listed_place_is_found_by_its_number(client: httpx.Client, town: Town) -> None:
    listed = client.get(f"{RUNS}/{town.run_id}/report").json()["uncovered_places"]["listed"]
    assert listed
    for place in listed:
        found = client.get(f"{RUNS}/{town.run_id}/places", params={"place_no": place["place_no"]}).json()
        assert found == client.get(f"{RUNS}/{town.run_id}/places/{found['place_id']}").json()
        assert {name: found[name] for name in ("place_no", "status", "lon", "lat", "walk_time_s")} == {
            name: place[name] for name in ("place_no", "status", "lon", "lat", "walk_time_s")
        }
    unknown = client.get(f"{RUNS}/{town.run_id}/places", params={"place_no": 999_999})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/run_place_unknown")


@pytest.mark.parametrize("format_", MEDIA_TYPES)
def test_a_report_as_a_file_is_the_same_each_time(client: httpx.Client, town: Town, format_: str) -> None:
    first, second = (
        client.get(f"{RUNS}/{town.run_id}/report", params={"format": format_, "lang": "en"}) for _ in range(2)
    )
    assert first.headers["content-type"] == MEDIA_TYPES[format_]
    assert first.content == second.content
    assert f"coverage-{town.run_id}.{format_}" in first.headers["content-disposition"]
    assert first.headers["cache-control"] == "private, no-cache"


def test_the_public_form_gives_no_place_away(public_client: httpx.Client, town: Town) -> None:
    refused = public_client.get(f"{RUNS}/{town.run_id}/places/{place_id(town, 1)}")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/places_withheld")
    by_number = public_client.get(f"{RUNS}/{town.run_id}/places", params={"place_no": 1})
    assert (by_number.status_code, by_number.json()["type"]) == (403, "/problems/places_withheld")
    report = public_client.get(f"{RUNS}/{town.run_id}").json()["report"]
    assert (report["form"], report["uncovered_places"]) == ("public", None)
    assert report["totals"]["outside"] is None
    assert public_client.get(f"{RUNS}/{town.run_id}/report").headers["cache-control"] == "private, no-cache"
    geojson = public_client.get(f"{RUNS}/{town.run_id}/report", params={"format": "geojson"}).json()
    assert {feature["geometry"]["type"] for feature in geojson["features"]} == {"MultiPolygon"}


def test_the_public_form_takes_no_questions(town: Town) -> None:
    """Runs of 20 and of 20.01 minutes would differ by the residents of one house; whoever asks, all may read them."""
    settings = Settings(results="public", reading="open")
    with served(create_app(settings, town.url, clock=lambda: NOW)) as client:
        before = client.get(RUNS).json()["items"]
        job = client.get(f"{RUNS}/{town.run_id}").json()["links"]["job"]
        for headers, withheld in (({}, (401, 401)), (bearer(town.key), (403, 403))):
            asked = client.post(RUNS, json={"minutes": 20.01}, headers=headers)
            cancelled = client.delete(job, headers=headers)
            assert (asked.status_code, cancelled.status_code) == withheld
        assert asked.json()["type"] == "/problems/runs_withheld"
        assert cancelled.json()["type"] == "/problems/jobs_withheld"
        assert client.get(RUNS).json()["items"] == before


def test_runs_are_listed_newest_first(client: httpx.Client, town: Town) -> None:
    ids = [client.post(RUNS, json={}).json()["run_id"] for _ in range(2)]
    listed = client.get(RUNS).json()["items"]
    assert [run["run_id"] for run in listed][:2] == ids[::-1]
    assert listed[-1] | {"links": 0} == {
        "run_id": town.run_id, "job_id": listed[-1]["job_id"], "state": "succeeded", "limit_s": 1200,
        "created_at": listed[-1]["created_at"], "finished_at": listed[-1]["finished_at"], "profile": "elder",
        "area_code": None, "types": sorted(ELDERLY_TYPES), "links": 0,
        "time": "wed 10:00", "trip": "to_point", "scenario": None,
    }  # fmt: skip
    page = client.get(RUNS, params={"limit": 1}).json()
    assert client.get(page["next"]).json()["items"][0]["run_id"] == ids[0]


def test_cancelling(client: httpx.Client, town: Town) -> None:
    job = client.post(RUNS, json={}).json()["links"]["job"]
    assert client.delete(job).json()["state"] == "cancelled"
    assert client.delete(job).json()["state"] == "cancelled"
    ended = client.get(f"{RUNS}/{town.run_id}").json()["links"]["job"]
    refused = client.delete(ended)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/job_ended")


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        ({"minutes": 0}, 422, "number_out_of_range"),
        ({"minutes": 1e9}, 422, "number_out_of_range"),
        ({"minutes": "long"}, 422, "request_invalid"),
        ({"minutes": True}, 422, "request_invalid"),
        ({"bands": [-5]}, 422, "number_out_of_range"),
        ({"types": ["pub"]}, 422, "request_invalid"),
        ({"minute": 20}, 422, "request_invalid"),
        ({"profile": "sprinter"}, 404, "profile_unknown"),
        ({"area": "999"}, 404, "area_unknown"),
        ({"area": "\ud800"}, 422, "request_invalid"),
        ({"types": ["meal_point"]}, 404, "no_open_points"),
        ([], 422, "request_invalid"),
    ],
)
def test_a_question_that_cannot_be_asked(client: httpx.Client, ask: object, status: int, code: str) -> None:
    before = client.get(RUNS, params={"limit": 1}).json()["items"][0]
    refused = client.post(RUNS, content=json.dumps(ask), headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["type"]) == (status, f"/problems/{code}")
    assert client.get(RUNS, params={"limit": 1}).json()["items"][0] == before


def test_no_report_of_what_was_never_asked(client: httpx.Client) -> None:
    answer = client.get("/api/v1/coverage/reports/latest", params={"type": "medical", "lang": "en"})
    assert answer.status_code == 404
    assert "medical" in answer.json()["detail"]


def test_a_report_is_stale_once_an_input_changes(fresh_database_url: str, tmp_path: Path) -> None:
    town = make_town(fresh_database_url, tmp_path)
    with served(create_app(Settings(reading="open"), town.url, clock=lambda: NOW)) as client:
        assert client.get("/api/v1/coverage/reports/latest").json()["stale"] is False
        file = paper_town.points_file(tmp_path)
        file.write_text(file.read_text(encoding="utf-8").replace("A,", "B,"), encoding="utf-8")
        with transaction(town.sessions) as session:
            labels = paper_town.labels("more points", valid_from=date(2026, 1, 10))
            imports.import_service_points(session, TESTER, read_service_points(file), labels)
        latest = client.get("/api/v1/coverage/reports/latest").json()
    assert latest["stale"] is True
    assert any("more points" in reason for reason in latest["stale_because"])
    town.sessions.kw["bind"].dispose()


def test_a_failed_job_says_why_in_both_languages(client: httpx.Client, town: Town) -> None:
    asked = client.post(RUNS, json={}).json()
    error = {"code": "job_attempts_exhausted", "fields": {"attempts": 3}}
    with transaction(town.sessions) as session:
        session.execute(
            text("UPDATE jobs SET state = 'failed', error = :error WHERE job_id = :id"),
            {"id": asked["job_id"], "error": json.dumps(error)},
        )
    said = [client.get(asked["links"]["job"], params={"lang": lang}).json()["error"]["detail"] for lang in ("zh", "en")]
    assert "3 次" in said[0]
    assert "3 times" in said[1]


def test_two_runs_are_compared_in_every_format(client: httpx.Client, town: Town) -> None:
    asked = client.post(RUNS, json={"minutes": 45, "time": "sun 19:30", "trip": "to_point"}).json()
    Worker(town.sessions, HANDLERS, lease_s=15).run_job(asked["job_id"])
    runs = {"a": town.run_id, "b": asked["run_id"]}
    found = client.get("/api/v1/coverage/compare", params=runs)
    assert found.status_code == 200
    assert found.json()["totals"]["shift"] == {"both": 30.75, "gained": 30.0, "lost": 0.0, "neither": 15.0}
    assert {each["name"] for each in found.json()["differences"]} == {"limit_s", "bands_s", "at"}
    for format_ in ("html", "xlsx", "csv"):
        assert client.get("/api/v1/coverage/compare", params={**runs, "format": format_}).status_code == 200
    missing = client.get("/api/v1/coverage/compare", params={"a": town.run_id, "b": 10**6})
    assert missing.status_code == 404
    summary = client.get(f"{RUNS}/{asked['run_id']}").json()
    assert (summary["time"], summary["trip"], summary["scenario"]) == ("sun 19:30", "to_point", None)


@pytest.mark.parametrize(
    "wrong", [{"time": "noon"}, {"trip": "there"}, {"barriers": ["fence"]}, {"scenario": "none such"}]
)
def test_what_cannot_be_asked_of_walking_is_refused(client: httpx.Client, wrong: dict[str, object]) -> None:
    assert client.post(RUNS, json=wrong).status_code in {404, 422}
