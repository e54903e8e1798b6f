"""Departments' grids and merges over HTTP: who sees what, pages of conflicts, ways, reports, jobs."""

from collections.abc import Iterator

import httpx
import pytest

from api.app import create_app
from gridmgmt.jobs.worker import Worker
from gridmgmt.merging import service
from gridmgmt.settings import Settings
from gridmgmt.work import HANDLERS
from tests.api.conftest import District
from tests.support.departments import add_all
from tests.support.division import add_residents, spot
from tests.support.paper_district import FIRST, GUCUN
from tests.support.serving import served

THREE = ["city_operation", "party", "police"]


@pytest.fixture(scope="module")
def departments(shared_district: District) -> District:
    """The drawn district with three departments and residents; the tests keep merges of other names in it."""
    with shared_district.sessions.begin() as session:
        add_all(session)
        add_residents(session, FIRST, [(spot(4.5, 1.5), [30.0, 0, 0, 0, 0])])
    return shared_district


@pytest.fixture(scope="module")
def public(departments: District, module_database_url: str) -> Iterator[httpx.Client]:
    """A client that gets the public form."""
    with served(create_app(Settings(reading="open", results="public"), module_database_url)) as client:
        yield client


def answer(found: httpx.Response, status: int = 200):
    assert found.status_code == status, found.text
    return found.json()


def made(client: httpx.Client, edition: str, status: int = 201, **changes: object):
    return answer(client.post("/api/v1/merges", json={"departments": THREE, "edition": edition, **changes}), status)


def merges(district: District) -> set[str]:
    return {merge["edition"] for merge in answer(district.visitor.get("/api/v1/merges"))["items"]}


def test_grids_are_listed_in_pages(departments: District) -> None:
    found = answer(departments.visitor.get("/api/v1/department-grids/departments"))
    assert [(each["department"], each["grids"]) for each in found["items"]] == [(name, 2) for name in THREE]
    first = answer(departments.visitor.get("/api/v1/department-grids?limit=4"))
    second = answer(departments.visitor.get(first["next"]))
    assert [grid["code"] for grid in first["items"] + second["items"]] == ["C1", "C2", "D1", "D2", "P1", "P2"]
    assert second["next"] is None
    police = answer(departments.visitor.get("/api/v1/department-grids?department=police&geometry=true"))
    assert {grid["geometry"]["type"] for grid in police["items"]} == {"MultiPolygon"}


def test_a_comparison_keeps_nothing_and_withholds_residents_from_the_public(
    departments: District, public: httpx.Client
) -> None:
    address = "/api/v1/department-grids/comparison?" + "&".join(f"department={name}" for name in THREE)
    before = merges(departments)
    exact = answer(departments.administrator.get(address))
    assert merges(departments) == before
    hidden = answer(public.get(address))
    border = {each["kind"]: each for each in exact["conflicts"]}["border"]
    assert border["residents_60_plus"] == 30.0
    assert {each["residents_60_plus"] for each in hidden["conflicts"]} == {None}
    assert {change["moved_residents_60_plus"] for way in hidden["ways"] for change in way["changes"]} == {None}
    assert exact["map"] is None


def test_a_comparison_is_drawn_where_it_is_asked_for(departments: District, public: httpx.Client) -> None:
    address = "/api/v1/department-grids/comparison?geometry=true&" + "&".join(f"department={name}" for name in THREE)
    found = answer(departments.administrator.get(address))
    conflicts = found["map"]["conflicts"]
    assert [each["id"] for each in conflicts] == [1, 2, 3]
    assert conflicts[0]["properties"]["grids"] == {"city_operation": ["C2"], "party": ["D2"], "police": ["P1"]}
    assert conflicts[0]["properties"]["residents_60_plus"] == 30.0
    drawn = {way: [grid["properties"]["code"] for grid in grids] for way, grids in found["map"]["ways"].items()}
    assert {way: len(codes) for way, codes in drawn.items()} == {way["way"]: way["grids"] for way in found["ways"]}
    assert drawn["lead"] == ["C1", "C2"]
    hidden = answer(public.get(address))["map"]["conflicts"]
    assert {each["properties"]["residents_60_plus"] for each in hidden} == {None}


def test_a_merge_with_its_ways_conflicts_and_report(departments: District, public: httpx.Client) -> None:
    accepted = made(departments.planner, "whole")
    assert accepted["state"] == "succeeded"
    merge = answer(departments.visitor.get(accepted["links"]["self"]))
    assert (merge["edition"], merge["way"], merge["departments"]) == ("whole", "common", THREE)
    assert [source["department"] for source in merge["comparison"]["sources"]] == THREE
    ways = answer(departments.visitor.get(accepted["links"]["ways"]))["items"]
    assert [way["way"] for way in ways] == ["lead", "cells", "common"]
    first = answer(departments.administrator.get(f"{accepted['links']['conflicts']}?limit=2"))
    assert [feature["id"] for feature in first["features"]] == [1, 2]
    assert first["features"][0]["properties"]["residents_60_plus"] == 30.0
    second = answer(departments.visitor.get(first["next"]))
    assert [feature["properties"]["kind"] for feature in second["features"]] == ["overlap"]
    hidden = answer(public.get(accepted["links"]["conflicts"]))
    assert {feature["properties"]["residents_60_plus"] for feature in hidden["features"]} == {None}
    assert "30.0" not in public.get(f"{accepted['links']['report']}?format=geojson").text
    for format_ in ("json", "csv", "xlsx", "html", "geojson"):
        report = departments.visitor.get(f"{accepted['links']['report']}?format={format_}")
        assert report.status_code == 200
    page = departments.visitor.get(f"{accepted['links']['map']}")
    assert page.status_code == 200
    assert "script-src 'sha256-" in page.headers["content-security-policy"]


def test_the_same_merge_again_changes_nothing_and_another_of_its_name_is_refused(departments: District) -> None:
    first, second = (made(departments.planner, "again") for _ in range(2))
    assert first["merge_id"] == second["merge_id"]
    assert made(departments.planner, "again", 409, way="lead")["type"].endswith("/edition_name_taken")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"departments": ["police", "fire"]}, 404, "department_without_grids"),
        ({"departments": ["police", "police"]}, 422, "merge_needs_two"),
        ({"area": "nowhere"}, 404, "area_unknown"),
        ({"decisions": [{"conflict": 99, "grid": "C1", "reason": "why"}]}, 404, "merge_conflict_unknown"),
        ({"lead": "fire"}, 422, "lead_not_compared"),
    ],
)
def test_what_cannot_be_merged_is_refused_in_words(
    departments: District, changes: dict[str, object], status: int, code: str
) -> None:
    assert made(departments.planner, "refused", status, **changes)["type"].endswith(f"/{code}")
    assert "refused" not in merges(departments)


def test_very_many_grids_are_merged_by_a_job(departments: District, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_AT_ONCE", 5)
    accepted = made(departments.planner, "by job", 202, area=GUCUN, way="cells")
    assert (accepted["merge_id"], accepted["state"]) == (None, "queued")
    job = Worker(departments.sessions, HANDLERS, lease_s=15).run_job(accepted["job_id"])
    assert job.result is not None
    merge = answer(departments.visitor.get(f"/api/v1/merges/{job.result['merge_id']}"))
    assert (merge["edition"], merge["area"]) == ("by job", GUCUN)
