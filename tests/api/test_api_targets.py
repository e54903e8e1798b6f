"""Targets, projects and budgets over HTTP and on the command line, on the town drawn in `tests.support.paper_town`."""

import json

import httpx
import pytest
from click.testing import CliRunner

from gridmgmt.cli.main import root
from gridmgmt.errors import InputError
from tests.api.conftest import Town
from tests.support.paper_town import degrees

WEST, EAST = "310113001", "310113002"
TARGETS, PROJECTS, BUDGETS = "/api/v1/targets", "/api/v1/projects", "/api/v1/budgets"
ASK = {
    "code": "ZM-15", "name": "20分钟为老服务圈", "area": WEST, "wanted": 15, "year": 2026,
    "kinds": ["elderly_service_point"], "owner_post": "街道老龄工作岗", "source": "《工作计划》", "on": "2026-01-01",
}  # fmt: skip
SPOT = degrees([(100, 400)])[0]


@pytest.fixture(scope="module")
def target(client: httpx.Client) -> str:
    answer = client.post(TARGETS, json=ASK)
    assert (answer.status_code, answer.json()["progress"]["text"]) == (201, "0/15")
    for number, position in enumerate((SPOT, None), 1):
        item = {"name": f"第{number}点", "position": position, "dues": {"open": "2026-01-10"}, "on": "2026-01-02"}
        added = client.post(f"{TARGETS}/ZM-15/items", json=item)
        assert (added.status_code, added.json()["item_no"], added.json()["stage"]) == (201, number, "planned")
    return f"{TARGETS}/ZM-15"


def test_a_target_is_listed_with_its_progress_and_told_with_its_items(
    client: httpx.Client, public_client: httpx.Client, target: str
) -> None:
    (listed,) = client.get(TARGETS, params={"area": WEST, "year": 2026}).json()["items"]
    assert (listed["code"], listed["progress"]["unlisted"], listed["progress"]["late"]) == ("ZM-15", 13, 2)
    assert client.get(TARGETS, params={"year": 2025}).json()["items"] == []
    found = public_client.get(target).json()
    assert [item["late"] for item in found["items"]] == [["open"], ["open"]]
    assert public_client.get(target, params={"on": "2025-12-31"}).status_code == 404
    assert public_client.post(TARGETS, json=ASK).status_code == 401


def test_an_item_that_is_planned_from_a_later_day_is_not_there_yet(client: httpx.Client, target: str) -> None:
    said = {**ASK, "code": "ZZ", "year": 2031}
    assert client.post(TARGETS, json=said).status_code == 201
    item = {"name": "以后", "on": "2031-01-01"}
    assert client.post(f"{TARGETS}/ZZ/items", json=item).status_code == 201
    answer = client.patch(f"{TARGETS}/ZZ/items/1", json={"name": "更名"})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/item_unknown")
    assert client.get(f"{TARGETS}/ZZ", params={"on": "2031-01-01"}).json()["items"][0]["name"] == "以后"


def test_milestones_cards_and_places_are_noted(client: httpx.Client, target: str) -> None:
    refused = client.post(f"{target}/items/2/milestones", json={"stage": "located"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/item_without_place")
    card = {
        "question": {"lon": SPOT[0], "lat": SPOT[1], "type": "elderly_service_point"},
        "verdict": "pass",
        "on": "2026-01-09",
    }
    changed = client.patch(f"{target}/items/2", json={"position": SPOT, "card": card, "budget_yuan": 5})
    assert (changed.status_code, changed.json()["card"]["verdict"]) == (200, "pass")
    assert changed.json()["card"]["question"]["type"] == "elderly_service_point"
    located = client.post(f"{target}/items/2/milestones", json={"stage": "located", "on": "2026-01-12"})
    assert [each["stage"] for each in located.json()["reached"]] == ["planned", "located"]
    opened = client.post(
        f"{target}/items/2/milestones",
        json={"stage": "open", "on": "2026-01-13", "reason": "并入现有用房", "service_point": "A"},
    )
    assert (opened.status_code, opened.json()["point_is_open"]) == (201, True)
    assert client.get(target).json()["progress"]["text"] == "1/15"
    assert client.get(target, params={"on": "2026-01-12"}).json()["progress"]["text"] == "0/15"
    unknown = client.post(f"{target}/items/from-plan", json={"plan": "none"})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/plan_unknown")


def test_a_target_is_a_report_and_a_table(client: httpx.Client, target: str) -> None:
    page = client.get(f"{target}/report", params={"lang": "en"})
    assert "text/html" in page.headers["content-type"]
    assert all(word in page.text for word in ("/15", "Milestones that are late", "《工作计划》"))
    table = client.get(f"{target}/report", params={"format": "csv"}).text.splitlines()
    assert len(table) == 3
    assert "第1点" in table[1]
    assert client.get(f"{target}/report", params={"format": "json"}).json()["progress"].endswith("/15")


def test_a_project_keeps_its_period_and_small_numbers_are_withheld_from_the_public(
    client: httpx.Client, public_client: httpx.Client
) -> None:
    ring = degrees([(1450, 450), (1550, 450), (1550, 550), (1450, 550), (1450, 450)])
    ask = {
        "code": "ST-1", "name": "泗塘一村成套改造", "area": EAST, "begins_on": "2026-01-05", "ends_on": "2027-01-01",
        "geometry": {"type": "Polygon", "coordinates": [ring]}, "source": "《工作报告》", "moved_60_plus": 3,
        "away_edition": "places", "home_edition": "places",
    }  # fmt: skip
    told = client.post(PROJECTS, json=ask).json()
    assert (told["running"], told["moved_60_plus"], told["moved"]) == (
        True, 3, {"away_60_plus": 30, "home_60_plus": 30, "net_60_plus": 0},
    )  # fmt: skip
    assert set(told["links"]) == {"self", "coverage_with", "coverage_without", "comparison"}
    assert client.get(told["links"]["coverage_with"]).status_code == 200
    (shown,) = public_client.get(PROJECTS, params={"area": EAST}).json()["items"]
    assert shown["moved_60_plus"] is None
    assert public_client.get(f"{PROJECTS}/ST-1").json()["moved"] is None
    assert "泗塘一村成套改造" in public_client.get(f"{PROJECTS}.csv").text
    early = client.post(PROJECTS, json={**ask, "begins_on": "2025-12-31", "on": "2026-01-14"})
    assert (early.status_code, early.json()["type"]) == (422, "/problems/project_outside_edition")


def test_a_budget_tells_its_signs(client: httpx.Client, town: Town) -> None:
    """一保四增: shown as ≥ and >."""
    additions = [
        {"name": f"增{n}", "yuan": yuan} for n, yuan in enumerate(("40780000", "43500000.00", 40000000, 20000000), 1)
    ]
    ask = {
        "name": "一保四增", "area": EAST, "year": 2015, "source": "《支出保障办法》",
        "parts": [{"name": "一保", "yuan": 310000000, "bound": "at_least"}, *additions],
        "total": {"yuan": "460000000", "bound": "more_than"},
    }  # fmt: skip
    told = client.post(BUDGETS, json=ask).json()
    assert [part["sign"] for part in told["parts"]] == ["≥", "", "", "", ""]
    assert (told["sum"]["text"], told["total"]["text"], told["consistent"]) == (
        "≥ 454,280,000.00", "> 460,000,000.00", True,
    )  # fmt: skip
    refused = client.post(BUDGETS, json={**ask, "total": {"yuan": "400000000"}})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/budget_contradicts")
    (listed,) = client.get(BUDGETS, params={"year": 2015}).json()["items"]
    assert listed["left_open_yuan"] == "5720000.00"
    table = client.get(f"{BUDGETS}.csv", params={"lang": "en"}).text
    assert '≥,"310,000,000.00"' in table
    assert '>,"460,000,000.00"' in table
    shown = CliRunner().invoke(
        root, ["--lang", "en", "budgets", "show"], env={"DATABASE_URL": town.url.replace("+psycopg", "")}
    )
    assert "≥  454,280,000.00" in shown.output
    assert "does not contradict" in shown.output


def test_targets_on_the_command_line(town: Town, target: str) -> None:
    def run(*arguments: str) -> str:
        told = CliRunner().invoke(
            root, ["--lang", "en", *arguments], env={"DATABASE_URL": town.url.replace("+psycopg", "")}
        )
        if told.exception and not isinstance(told.exception, SystemExit):
            raise told.exception
        return told.output

    assert json.loads(run("targets", "list", "--on", "2026-01-03", "--json"))[0]["progress"] == "0/15"
    assert "0/15" in run("targets", "list", "--on", "2026-01-03")
    assert run("targets", "milestone", "ZM-15", "1", "located", "--from", "2026-01-04") == (
        "ZM-15, item 1: Located (2026-01-04)\n"
    )
    assert "Located" in run("targets", "show", "ZM-15", "--on", "2026-01-05")
    assert "第1点" in run("targets", "show", "ZM-15", "--on", "2026-01-05", "--format", "csv")
    with pytest.raises(InputError):
        run("targets", "milestone", "ZM-15", "1", "open", "--from", "2026-01-05", "--point", "A")
    assert "no targets" in run("targets", "list", "--on", "2020-01-01")
