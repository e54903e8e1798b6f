"""Spots over HTTP: one, many, the norms, and what those without exact results get. Numbers as in `paper_town`."""

import io
import json

import httpx
import openpyxl
import pytest

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.settings import Settings
from tests.api.conftest import NOW, Town
from tests.support.actors import add_account, add_key, bearer
from tests.support.paper_town import degrees
from tests.support.serving import served

ADDRESS = "/api/v1/placeability"
TYPE = {"type": "elderly_service_point"}


def spot(east_m: float, north_m: float, **more: object) -> dict[str, object]:
    lon, lat = degrees([(east_m, north_m)])[0]
    return {"lon": lon, "lat": lat, **more}


def questions(client: httpx.Client, headers: dict[str, str]) -> tuple[str, int | None, int | None]:
    told = client.get(f"{ADDRESS}/questions", headers=headers).json()
    return told["form"], told["allowed"], told["left"]


def test_a_spot_is_judged(client: httpx.Client) -> None:
    answer = client.post(ADDRESS, json=spot(1400, 20, name="here", attributes={"floor_area_m2": 20}, **TYPE))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    card = answer.json()
    assert (card["form"], card["verdict"], card["facts"]["gain"]["residents"]) == ("exact", "fail", 30)
    building = next(check for check in card["checks"] if check["check"] == "building")
    assert building["reasons"][0]["norm"]["norm_set"] == "shanghai_life_circle"
    assert [place["place_no"] for place in card["facts"]["gain"]["places"]] == [4]
    assert card["inputs"]
    assert len(card["checks"]) == 12


def test_a_brief_answer_leaves_the_lists_out(client: httpx.Client) -> None:
    ask = spot(1400, 20, detail="brief", **TYPE)
    brief, full = client.post(ADDRESS, json=ask).json(), client.post(ADDRESS, json={**ask, "detail": "full"}).json()
    assert (brief["facts"]["gain"]["places"], brief["inputs"], brief["norm_sets"]) == ([], [], [])
    assert brief["facts"]["gain"]["bands"] == full["facts"]["gain"]["bands"]
    assert brief["checks"] == full["checks"]
    assert brief["facts"]["nearest"] == full["facts"]["nearest"]


def test_the_card_as_a_page(client: httpx.Client) -> None:
    page = client.post(ADDRESS, params={"format": "html", "lang": "en"}, json=spot(1400, 20, **TYPE))
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "The twelve checks" in page.text


def test_many_spots_are_ranked(client: httpx.Client) -> None:
    candidates = [spot(2800, 5, name="far"), spot(1400, 20, name="near")]
    answer = client.post(f"{ADDRESS}/candidates", json={"candidates": candidates, **TYPE})
    ranking = answer.json()["candidates"]
    assert [(each["rank"], each["card"]["candidate"]["name"]) for each in ranking] == [(1, "near"), (2, "far")]
    xlsx = client.post(
        f"{ADDRESS}/candidates", params={"format": "xlsx"}, json={"candidates": candidates, **TYPE}
    )  # fmt: skip
    assert xlsx.headers["content-disposition"] == 'inline; filename="candidates.xlsx"'
    assert openpyxl.load_workbook(io.BytesIO(xlsx.content)).worksheets[0].cell(2, 2).value == "near"
    for many in (0, 501):
        refused = client.post(f"{ADDRESS}/candidates", json={"candidates": [spot(0, 0)] * many, **TYPE})
        assert refused.status_code == 422


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"profile": "runner"}, 404, "profile_unknown"),
        ({"norms": ["gb_1"]}, 404, "norm_set_unknown"),
        ({"time": "someday"}, 422, None),
        ({"minutes": 0}, 422, "number_out_of_range"),
        ({"lat": 95}, 422, "position_out_of_range"),
        ({"type": "bakery"}, 422, None),
        ({"attributes": {"floor_area_m2": -1}}, 422, "attribute_out_of_range"),
        ({"attributes": {"height": 3}}, 422, None),
        ({"scenario": "no such plan"}, 404, None),
        ({"on": "1999-01-01"}, 404, None),
    ],
)
def test_what_cannot_be_judged_is_refused(client: httpx.Client, changes, status, code) -> None:
    answer = client.post(ADDRESS, json={**spot(1400, 20, **TYPE), **changes})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert code is None or answer.json()["type"].endswith(f"/{code}")


def test_norms_are_listed(client: httpx.Client) -> None:
    items = {each["name"]: each for each in client.get("/api/v1/norms").json()["items"]}
    assert items["gb_50180"]["edition"] == "2018"
    assert {norm["item"] for norm in items["gb_50180"]["norms"]} == {"radius_m", "floor_area_m2"}
    assert client.get("/api/v1/norms", params={"on": "2010-01-01"}).json()["items"] == []


def test_without_the_planners_right_numbers_are_rounded_and_questions_counted(town: Town) -> None:
    add_account(town.sessions, "operator", Role.OPERATOR)
    operator = bearer(add_key(town.sessions, "operator"))
    settings = Settings(reading="open", place_questions_per_day=1)
    with served(create_app(settings, town.url, clock=lambda: NOW)) as visitor:
        for headers in ({}, operator):
            assert questions(visitor, headers) == ("public", 1, 1)
            answer = visitor.post(ADDRESS, json=spot(1430, 5, **TYPE), headers=headers)
            card = answer.json()
            assert (card["form"], card["facts"]["gain"]["residents"], card["facts"]["gain"]["places"]) == (
                "public",
                30,
                [],
            )
            assert "10.25" not in json.dumps(card), "nobody's number is told"
            spent = visitor.post(ADDRESS, json=spot(1430, 5, **TYPE), headers=headers)
            assert (spent.status_code, spent.json()["type"]) == (403, "/problems/place_questions_spent")
            assert questions(visitor, headers) == ("public", 1, 0)
        planner = bearer(town.key)
        assert questions(visitor, planner) == ("exact", None, None)
        assert visitor.post(ADDRESS, json=spot(1430, 5, **TYPE), headers=planner).json()["form"] == "exact"
        many = visitor.post(f"{ADDRESS}/candidates", json={"candidates": [spot(0, 0)], **TYPE})
        assert many.status_code == 401


def test_terms_of_ones_own_are_the_planners(public_client: httpx.Client) -> None:
    answer = public_client.post(ADDRESS, json=spot(1400, 20, minutes=19, **TYPE))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/place_terms_withheld")
