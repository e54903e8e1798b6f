"""Bodies and facts of areas over HTTP and on the command line, on one district of paper."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from gridmgmt.cli.main import root
from gridmgmt.errors import FileRefusedError, NotFoundError
from tests.api.conftest import District
from tests.support.paper_district import DACHANG, GUCUN

V1 = "/api/v1"
QUARTER = f"{GUCUN}001"
Run = Callable[..., Result]
COMMITTEE = {
    "code": "R1", "kind": "residents_committee", "name": "菊一居委会", "area_code": QUARTER, "source": "名册",
    "on": "2025-01-01",
}  # fmt: skip


def sent(client: httpx.Client, path: str, ask: dict[str, object], status: int = 201) -> httpx.Response:
    answer = client.post(f"{V1}{path}", json=ask)
    assert answer.status_code == status, answer.text
    return answer


@pytest.fixture(scope="module")
def planner(shared_district: District) -> httpx.Client:
    """Who has set up a committee with members in an owners' committee, and a service bought of an organisation."""
    planner = shared_district.planner
    sent(planner, "/bodies", COMMITTEE)
    for code, kind, name in (
        ("O1", "owners_committee", "菊一业委会"),
        ("S1", "social_organisation", "=乐龄"),
        ("U1", "partner_unit", "大场学校"),
    ):
        sent(planner, "/bodies", {**COMMITTEE, "code": code, "kind": kind, "name": name})
    post = {"code": "member", "name": "居委会委员", "count": 5, "on": "2025-01-01"}
    sent(planner, "/bodies/R1/posts", post)
    sent(planner, "/bodies/R1/posts/member/links", {"serves_code": "O1", "count": 2, "on": "2025-01-01"})
    bought = {
        "code": "B1",
        "organisation_code": "S1",
        "buyer_code": "R1",
        "name": "助老",
        "year": 2025,
        "source": "名册",
    }
    sent(planner, "/purchased-services", {**bought, "area_codes": [QUARTER]})
    agreed = {"code": "A1", "partner_code": "U1", "kind": "joint_building", "name": "共建", "on": "2025-01-01"}
    sent(planner, "/bodies/R1/agreements", agreed)
    return planner


@pytest.fixture(scope="module")
def run(shared_district: District) -> Run:
    url = shared_district.sessions.kw["bind"].url.render_as_string(hide_password=False).replace("+psycopg", "")
    return lambda *arguments: CliRunner().invoke(
        root, ["--lang", "en", *map(str, arguments)], env={"DATABASE_URL": url}
    )


def test_bodies_are_listed_in_pages_and_read_by_anybody(planner: httpx.Client, shared_district: District) -> None:
    visitor = shared_district.visitor
    first = visitor.get(f"{V1}/bodies", params={"limit": 2, "area": GUCUN, "lang": "en"}).json()
    assert [each["code"] for each in first["items"]] == ["O1", "R1"]
    assert first["items"][1]["kind_name"] == "Residents' committee"
    assert [each["code"] for each in visitor.get(first["next"]).json()["items"]] == ["S1", "U1"]
    assert visitor.get(f"{V1}/bodies", params={"area": DACHANG}).json()["items"] == []
    table = list(csv.reader(io.StringIO(visitor.get(f"{V1}/bodies.csv").content.decode("utf-8-sig"))))
    assert [row[3] for row in table] == ["名称", "菊一业委会", "菊一居委会", "'=乐龄", "大场学校"]
    assert visitor.post(f"{V1}/bodies", json=COMMITTEE).status_code == 401


def test_one_body_tells_its_posts_links_services_and_agreements(planner: httpx.Client) -> None:
    """交叉任职 and 社会组织服务购买, seen from the bodies concerned."""
    found = planner.get(f"{V1}/bodies/R1").json()
    assert (found["posts"], found["post_list"][0]["serves"][0]["body_name"]) == (5, "菊一业委会")
    assert (found["services"][0]["organisation_name"], found["services"][0]["delivered"]) == ("=乐龄", None)
    assert found["agreements"][0]["partner_name"] == "大场学校"
    assert planner.get(f"{V1}/bodies/O1").json()["serving_here"][0]["body_code"] == "R1"
    changed = planner.patch(f"{V1}/purchased-services/B1", json={"delivered": 320, "amount_yuan": 40000})
    assert (changed.json()["delivered"], changed.json()["amount_yuan"]) == (320, 40000)
    assert [each["code"] for each in planner.get(f"{V1}/purchased-services?body=S1").json()["items"]] == ["B1"]
    assert b"320" in planner.get(f"{V1}/purchased-services.csv").content


@pytest.mark.parametrize(
    ("path", "ask", "status", "problem"),
    [
        ("/bodies", COMMITTEE, 409, "body_code_taken"),
        ("/bodies", {**COMMITTEE, "code": "R2", "person": "x"}, 422, "request_invalid"),
        ("/bodies", {**COMMITTEE, "code": "R2", "name": "13912345678"}, 422, "body_personal_number"),
        ("/bodies", {**COMMITTEE, "code": "R2", "area_code": "9"}, 404, "body_area_unknown"),
        ("/bodies/R1/posts/member/links", {"serves_code": "R1", "count": 1}, 422, "post_link_of_one_body"),
        ("/bodies/none/posts", {"code": "a", "name": "a", "count": 1}, 404, "body_unknown"),
        ("/facts", {"area_code": GUCUN, "kind": "x", "value": 1, "source": "x"}, 404, "fact_kind_unknown"),
    ],
)
def test_what_cannot_be_is_a_problem(planner: httpx.Client, path, ask, status, problem) -> None:
    answer = planner.post(f"{V1}{path}", json=ask)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")


def test_a_body_is_changed_and_dissolved_from_days_on(planner: httpx.Client) -> None:
    sent(planner, "/bodies", {**COMMITTEE, "code": "V1", "parent_code": "R1"})
    assert planner.patch(f"{V1}/bodies/V1", json={"name": "新名", "parent_code": None}).json()["parent_code"] is None
    assert [each["name"] for each in planner.get(f"{V1}/bodies/V1").json()["history"]] == ["新名", "菊一居委会"]
    ended = planner.delete(f"{V1}/bodies/V1", params={"on": "2026-02-01"})
    assert ended.json()["valid_to"] == "2026-02-01"
    assert planner.get(f"{V1}/bodies/V1", params={"on": "2026-02-01"}).status_code == 404
    for path in ("/bodies/R1/posts/none", "/bodies/R1/posts/member/links/U1", "/bodies/R1/agreements/none"):
        assert planner.delete(f"{V1}{path}").status_code == 404


def test_facts_are_shown_with_the_sign_of_their_bound(planner: httpx.Client, shared_district: District) -> None:
    """三资 and 经费: ≥ and > are never an equality, and stay in a sum."""
    fact = {
        "area_code": GUCUN,
        "kind": "village_assets",
        "value": 3e7,
        "bound": "at_least",
        "year": 2025,
        "source": "甲",
    }
    made = sent(planner, "/facts", {**fact, "unit": "yuan"}).json()
    assert (made["shown"], made["unit_name"], made["year"]) == ("≥ 30,000,000", "元", 2025)
    lower = sent(planner, "/facts", {**fact, "area_code": QUARTER, "value": 1e7, "bound": "exact", "on": None}).json()
    visitor = shared_district.visitor
    listed = visitor.get(f"{V1}/facts", params={"area": GUCUN, "lang": "en", "limit": 1}).json()
    assert (listed["items"][0]["kind_name"], listed["items"][0]["shown"]) == (
        "Assets of the village collective",
        "≥ 30,000,000",
    )
    assert [each["shown"] for each in visitor.get(listed["next"]).json()["items"]] == ["10,000,000"]
    sums = visitor.get(f"{V1}/facts/totals", params={"area": GUCUN}).json()["items"]
    assert [(each["level"], each["shown"]) for each in sums] == [
        ("residential_quarter", "10,000,000"),
        ("town", "≥ 30,000,000"),
    ]
    assert "不低于（≥）" in visitor.get(f"{V1}/facts.csv").text
    assert planner.delete(f"{V1}/facts/{lower['fact_id']}").json()["valid_to"] == "2026-01-15"
    assert planner.post(f"{V1}/facts", json={**fact, "on": "2025-02-01"}).json()["type"].endswith("fact_day_or_year")
    kinds = {each["code"]: each["unit"] for each in visitor.get(f"{V1}/fact-kinds").json()["items"]}
    assert kinds["committee_work_fund"] == "yuan"
    lamps = {"code": "lamps", "name_zh": "路灯数", "name_en": "Lamps", "unit": "count"}
    assert sent(planner, "/fact-kinds", lamps).json()["additive"] is False


def test_offices_of_subdistricts_are_counted(planner: httpx.Client) -> None:
    found = planner.get(f"{V1}/subdistrict-offices").json()
    assert (found["expected"], found["held"], found["items"]) == (0, 0, [])


def test_bodies_and_facts_on_the_command_line(planner: httpx.Client, run: Run, tmp_path: Path) -> None:
    added = run(
        "bodies",
        "add",
        "P1",
        "police_station",
        "顾村派出所",
        "--area",
        GUCUN,
        "--source",
        "roll",
        "--from",
        "2025-02-01",
    )
    assert added.output == "body P1 is set up from 2025-02-01 on\n"
    listed = json.loads(run("bodies", "list", "--kind", "police_station", "--json").output)
    assert [each["code"] for each in listed] == ["P1"]
    assert "顾村派出所" in run("bodies", "list", "--area", GUCUN).output
    assert "no such bodies" in run("bodies", "list", "--kind", "management_committee").output
    assert "居委会委员" in run("bodies", "show", "R1").output
    assert run("bodies", "end", "P1", "--on", "2025-03-01").output == "body P1 is dissolved from 2025-03-01 on\n"
    assert isinstance(run("bodies", "end", "P1", "--on", "2025-03-01").exception, NotFoundError)
    stated = run(
        "facts", "add", GUCUN, "village_funds", "170", "--bound", "more_than", "--year", "2025", "--source", "乙"
    )
    assert "> 170" in stated.output
    assert "> 170" in run("facts", "list", "--kind", "village_funds").output
    assert json.loads(run("facts", "list", "--kind", "village_funds", "--json").output)[0]["bound"] == "more_than"
    assert "no such facts" in run("facts", "list", "--kind", "stated_area").output
    file = tmp_path / "bodies.csv"
    file.write_text(f"code,kind,name,area_code,source\nX1,其他机构,机构,{GUCUN},roll\n", encoding="utf-8")
    assert run("bodies", "import", file).output == "1 rows: 1 added, 0 changed, 0 known\n"
    file.write_text(f"code,kind,name,area_code,source\nX2,nobody,机构,{GUCUN},roll\n", encoding="utf-8")
    refused = run("bodies", "import", file, "--refused", tmp_path / "bad.csv")
    assert isinstance(refused.exception, FileRefusedError)
    assert "value_unknown" in (tmp_path / "bad.csv").read_text(encoding="utf-8-sig")
    file.write_text(f"area_code,kind,value,year,source\n{GUCUN},stated_area,41660000,2025,roll\n", encoding="utf-8")
    assert run("facts", "import", file).output == "1 rows: 1 added, 0 changed, 0 known\n"


def test_bodies_and_facts_can_be_given_as_files(planner: httpx.Client) -> None:
    forms = {each["kind"]: each for each in planner.get(f"{V1}/imports/kinds").json()["items"]}
    assert {".csv", ".xlsx"} <= set(forms["bodies"]["suffixes"]) & set(forms["facts"]["suffixes"])
