"""The profile and the yearbook page of an area over HTTP, on the town of paper with its finished run."""

import html
import re
from typing import Any

import httpx
import pytest

from tests.api.conftest import Town

EAST, WEST = "310113002", "310113001"
Answer = dict[str, Any]  # Any: JSON


@pytest.fixture(scope="module")
def east(client: httpx.Client) -> Answer:
    answer = client.get(f"/api/v1/areas/{EAST}/profile", params={"compare_on": "2026-01-02", "lang": "en"})
    assert answer.status_code == 200
    return dict(answer.json())


def figures(profile: Answer, section: str) -> dict[str, Answer]:
    (found,) = [each for each in profile["sections"] if each["name"] == section]
    return {each["name"]: each for each in found["figures"]}


def test_figures_are_those_of_their_rooms(east: Answer, client: httpx.Client, town: Town) -> None:
    """Unified view: coverage, cases and points of the town are those that its rooms tell by themselves."""
    report = client.get(f"/api/v1/coverage/runs/{town.run_id}").json()["report"]
    areas = {each["code"]: each["figures"] for level in report["levels"] for each in level["areas"]}
    share = figures(east, "coverage")["covered"]
    assert (share["numerator"], share["denominator"]) == (areas[EAST]["covered"], areas[EAST]["residents"])
    assert share["value"] == areas[EAST]["ratio"]
    reported = figures(east, "cases")["reported"]  # of December, before the register of cases begins
    assert (reported["value"], reported["text"], reported["state"]) == (None, "—", "unknown")
    points = figures(east, "points")
    assert (points["open"]["value"], points["planned"]["value"]) == (0, 1)
    assert share["then"]["value"] == share["value"]
    assert (share["difference"], share["difference_text"]) == (0, "0.00 pp")
    assert east["compared"]["in_force"] is True


def test_every_number_leads_to_its_evidence(east: Answer, client: httpx.Client) -> None:
    found = [each for section in east["sections"] for each in (*section["figures"], *section["entries"])]
    addresses = {each["href"] for each in found}
    assert "" not in addresses
    refused = [address for address in sorted(addresses) if client.get(address).status_code != 200]
    # A page of coverage reports is asked for an area only where one was computed.
    assert refused == []
    assert all(each["as_of"] for each in figures(east, "points").values())
    assert client.get(east["links"]["self"]).json()["area"]["code"] == EAST


def test_the_public_form_tells_no_more_than_the_published_report(
    east: Answer, public_client: httpx.Client, town: Town
) -> None:
    public = public_client.get(f"/api/v1/areas/{EAST}/profile").json()
    report = public_client.get(f"/api/v1/coverage/runs/{town.run_id}").json()["report"]
    areas = {each["code"]: each["figures"] for level in report["levels"] for each in level["areas"]}
    told = figures(public, "coverage")
    assert told["residents_covered"]["value"] == areas[EAST]["covered"]
    assert told["residents_asked"]["value"] == areas[EAST]["residents"]
    assert [each["name"] for each in figures(public, "population").values()] == ["residents", "residents_60_plus"]
    assert figures(public, "population")["residents_60_plus"]["state"] == "withheld"
    assert [each["section"] for each in public["left_out"]] == ["premises_register"]
    assert figures(east, "population")["residents_60_plus"]["state"] == "known"


def test_the_yearbook_is_one_page_that_needs_nothing_else(client: httpx.Client, east: Answer) -> None:
    address = f"/api/v1/areas/{EAST}/yearbook"
    page = client.get(address, params={"year": 2026, "lang": "en"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert client.get(address, params={"year": 2026, "lang": "en"}).content == page.content
    assert "SHA-256" in page.text
    assert "size: A4 portrait" in page.text
    assert "not over" in page.text  # today is in January
    assert not any(each in page.text for each in ("http://", "https://", "src=", "<script"))
    wanted = {each["page"] or each["href"] for each in figures(east, "population").values()}
    assert wanted <= {html.unescape(each) for each in re.findall(r'<a href="([^"]+)"', page.text)}  # to its evidence
    assert client.get(address, params={"year": 2027}).json()["type"].endswith("/year_to_come")
    missing = client.get("/api/v1/areas/no-such-code/yearbook", params={"year": 2026})
    assert (missing.status_code, missing.json()["type"].rpartition("/")[2]) == (404, "area_unknown")
