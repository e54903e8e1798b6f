"""Rental premises over HTTP, as tiles, as files, and on the command line, on one district of paper."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from gridmgmt.access.rules import Permission, Role
from gridmgmt.cases.queries import select_drawn
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.cli.main import root
from gridmgmt.feed.queries import news, pages
from tests.api.conftest import NOW, District
from tests.support.actors import TESTER, add_key, bearer
from tests.support.division import spot
from tests.support.paper_district import FIRST, GUCUN

PREMISES = "/api/v1/premises"
JANUARY = {"counted_from": "2026-01-01", "counted_to": "2026-01-31"}
SEVEN = {
    "population_information": 4, "sanitation": 4, "fire_safety": 4, "public_security": 4, "neighbour_relations": 4,
    "care_of_property": 4, "family_planning": 4,
}  # fmt: skip

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(shared_district: District) -> Run:
    url = shared_district.sessions.kw["bind"].url.render_as_string(hide_password=False).replace("+psycopg", "")
    return lambda *arguments: CliRunner().invoke(
        root, ["--lang", "en", *map(str, arguments)], env={"DATABASE_URL": url}
    )


def body(code: str, **said: object) -> dict[str, object]:
    lon, lat = spot(0.5, 4.5)
    return {"code": code, "address": "菊泉街1弄2号", "lon": lon, "lat": lat, "on": "2025-11-05", **said}


@pytest.fixture(scope="module")
def register(shared_district: District) -> httpx.Client:
    """Two premises, R1 red and R2 never inspected; the client of the administrator."""
    client = shared_district.administrator
    for code in ("R1", "R2"):
        client.post(PREMISES, json=body(code)).raise_for_status()
    inspection = {"on": "2025-11-06", "scores": SEVEN, "cooperating": False}
    found = client.post(f"{PREMISES}/R1/inspections", json=inspection)
    assert (found.status_code, found.json()["score"], found.json()["colour"]) == (201, 4.0, "red")
    return client


def test_the_public_sees_counts_of_published_months_alone(register: httpx.Client, shared_district: District) -> None:
    visitor = shared_district.visitor
    assert visitor.get(f"{PREMISES}/summary").json() == {
        "publication": None, "level": "residential_quarter", "items": [],
    }  # fmt: skip
    for path in ("", "/R1", "/ranking", ".csv", "-inspections.csv?since=2025-01-01"):
        assert visitor.get(f"{PREMISES}{path}").status_code == 401, path
    tile = "/tiles/premises/13/6860/3344.mvt"
    assert visitor.get(tile).status_code == 401
    assert visitor.get("/tiles/premises.json").status_code == 401
    drawn = register.get(tile)
    assert drawn.status_code in {200, 204}
    assert drawn.headers["cache-control"] == "private, no-cache"
    assert register.post(f"{PREMISES}/publications", json={"month": "2025-11"}).status_code == 201
    assert register.post(f"{PREMISES}/publications", json={"month": "2025-11"}).status_code == 409
    item = visitor.get(f"{PREMISES}/summary").json()["items"][0]
    assert (item["area_code"], item["name"], item["premises"]) == (f"{GUCUN}001", "菊一", None)
    assert visitor.get(f"{PREMISES}/summary", params={"level": "sector"}).status_code == 422
    assert visitor.get("/tiles/premises_quarters.json").status_code == 200


def test_premises_are_listed_and_shown_with_all_that_was_said(register: httpx.Client) -> None:
    assert [each["code"] for each in register.get(PREMISES, params={"colour": "red"}).json()["items"]] == ["R1"]
    first = register.get(PREMISES, params={"limit": 1}).json()
    assert [each["code"] for each in register.get(first["next"]).json()["items"]] == ["R2"]
    shown = register.get(f"{PREMISES}/R1").json()
    assert [(each["valid_from"], each["colour"]) for each in shown["history"]] == [
        ("2025-11-06", "red"),
        ("2025-11-05", None),
    ]
    assert shown["inspections"][0]["scores"] == SEVEN
    ranking = register.get(f"{PREMISES}/ranking").json()["items"]
    assert (ranking[0]["premises"], ranking[0]["red_share"]) == (2, 0.5)
    table = register.get(f"{PREMISES}.csv", headers={"Accept-Language": "zh"}).text.splitlines()
    assert table[1].startswith(f"R1,菊泉街1弄2号,{GUCUN}001,红色,4.0,否,否,2025-11-06,")
    inspections = register.get(f"{PREMISES}-inspections.csv", params={"since": "2025-01-01"}).text
    assert len(inspections.splitlines()) == 2


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (body("R9", tenant="张三"), 422, "validation"),
        (body("R9", address="13800001111"), 422, "premises_address"),
        (body("R1"), 409, "premises_known"),
        (body("R9", lon=10.0, lat=10.0), 422, "premises_outside_quarter"),
    ],
)
def test_what_cannot_be_registered_is_refused(
    register: httpx.Client, asked: dict[str, object], status: int, code: str
) -> None:
    found = register.post(PREMISES, json=asked)
    assert found.status_code == status, found.text
    assert code == "validation" or found.json()["type"].endswith(code)


def test_an_appeal_is_lodged_and_decided(register: httpx.Client) -> None:
    register.post(PREMISES, json=body("R3")).raise_for_status()
    register.post(
        f"{PREMISES}/R3/inspections", json={"on": "2025-11-07", "scores": SEVEN, "cooperating": False}
    ).raise_for_status()
    lodged = register.post(f"{PREMISES}/R3/appeals", json={"reason": "remedied", "on": "2025-11-08"})
    assert register.get(f"{PREMISES}/R3").json()["appealed"] is True
    decided = register.post(
        f"{PREMISES}/appeals/{lodged.json()['appeal_id']}/decision", json={"upheld": True, "on": "2025-11-09"}
    )
    assert (decided.status_code, decided.json()["state"]) == (200, "upheld")
    assert register.get(f"{PREMISES}/R3").json()["colour"] is None
    changed = register.patch(f"{PREMISES}/R3", json={"group_renting": True})
    assert changed.json()["group_renting"] is True
    assert register.delete(f"{PREMISES}/R3").json()["valid_to"] == "2026-01-15"
    assert register.get(f"{PREMISES}/R3").status_code == 404


def test_premises_may_end_on_the_day_they_were_registered(register: httpx.Client) -> None:
    register.post(PREMISES, json=body("R4", on="2026-01-15")).raise_for_status()
    far = register.delete(f"{PREMISES}/R4", params={"on": "9999-12-31"})
    assert (far.status_code, far.json()["type"]) == (422, "/problems/premises_in_future")
    ended = register.delete(f"{PREMISES}/R4")
    assert (ended.status_code, ended.json()["valid_to"]) == (200, "2026-01-15")


def test_a_rubric_is_added_once(register: httpx.Client) -> None:
    asked = {"name": "2040", "valid_from": "2040-01-01", "cut_inclusive": False}
    assert register.post(f"{PREMISES}/rubrics", json=asked).json()["due_days"]["red"] == 14
    assert register.post(f"{PREMISES}/rubrics", json=asked).status_code == 409
    assert register.post(f"{PREMISES}/rubrics", json={**asked, "cut": 9.0}).status_code == 422
    assert [each["name"] for each in register.get(f"{PREMISES}/rubrics").json()["items"]] == ["2015", "2040"]


def test_files_and_commands_say_what_they_did(register: httpx.Client, run: Run, tmp_path: Path) -> None:
    lon, lat = spot(0.5, 6.5)
    premises = tmp_path / "premises.csv"
    premises.write_text(
        "代码,地址,lon,lat,登记日,群租,租客\n"
        f"F1,菊二路1号,{lon},{lat},2025-12-01,是,张三\n"
        f"F2,菊二路2号,{lon},{lat},2025-13-01,否,\n"
        "F3,菊二路3号,10,10,2025-12-01,否,\n",
        encoding="utf-8",
    )
    refused = tmp_path / "bad.csv"
    found = run("premises", "import", premises, "--refused", refused)
    assert "1 rows taken, 2 refused" in found.output, found.output
    assert [line.split(",")[:2] for line in refused.read_text("utf-8-sig").splitlines()[1:]] == [
        ["3", "date_malformed"],
        ["4", "premises_outside_quarter"],
    ]
    inspections = tmp_path / "inspections.csv"
    inspections.write_text(
        "代码,检查日,配合,人口信息,环境卫生,消防安全,治安防范,邻里关系,爱护公物,计划生育\n"
        "F1,2025-12-02,是,9,9,9,9,9,9,9\nF1,2025-12-03,否,9,9,,9,9,9,9\nF9,2025-12-02,是,9,9,9,9,9,9,9\n",
        encoding="utf-8",
    )
    assert (
        "2 rows taken, 1 refused"
        in run("premises", "import", inspections, "--inspections", "--refused", refused).output
    )
    assert "Green" in run("premises", "list", "--search", "F1").output
    table, on = tmp_path / "all.csv", {"on": "2026-01-15"}
    assert "all.csv" in run("premises", "list", "--csv", "--output", table, "--on", "2026-01-15").output
    served = register.get(f"{PREMISES}.csv", params=on, headers={"Accept-Language": "en"}).content
    assert table.read_bytes() == served == run("premises", "list", "--csv", "--on", "2026-01-15").stdout_bytes
    said = run("premises", "inspect", "F1", "sanitation=8").output
    assert "incomplete without Population information" in said
    added = run("premises", "add", "F4", "--address", "1", "--lon", lon, "--lat", lat, "--from", "2025-12-01")
    assert "F4" in added.output
    assert "published" in run("premises", "publish", "2025-12").output
    assert "菊二" in run("premises", "summary").output


def test_a_re_inspection_is_shown_to_those_alone_who_work_on_cases(
    register: httpx.Client, shared_district: District
) -> None:
    """出租房分色管理: no list, file, tile, feed or count tells others of it; nor do its words tell of the premises."""
    with shared_district.sessions.begin() as session:
        load_builtin(session, TESTER, today=FIRST)
        before = news(session, None).position.snapshot
    asked = body("RED-77", address="菊泉街77弄7号")
    register.post(PREMISES, json=asked).raise_for_status()
    inspected = register.post(f"{PREMISES}/RED-77/inspections", json={"scores": SEVEN, "cooperating": False}).json()
    visitor, planner, case_no = shared_district.visitor, shared_district.planner, inspected["case_no"]
    for client in (visitor, planner):
        for path in ("", "/log", "/photos"):
            assert client.get(f"/api/v1/cases/{case_no}{path}").status_code == 404, path
        assert client.get(f"/open311/v2/requests/{case_no}.json").status_code == 404
        near = {"lon": asked["lon"], "lat": asked["lat"], "type": "2102"}
        for path, parameters in (
            ("/api/v1/cases", {}), ("/api/v1/cases", {"measure": "reported", **JANUARY}), ("/api/v1/cases.csv", {}),
            ("/api/v1/cases.geojson", {}), ("/api/v1/cases/board", {}), ("/api/v1/cases/duplicates", near),
            ("/open311/v2/requests.json", {}),
        ):  # fmt: skip
            told = client.get(path, params=parameters)
            assert told.status_code == 200, told.text
            assert case_no not in told.text, path
        counted = client.get("/api/v1/indicators", params={"by": "type", "from": "2026-01-01", "to": "2026-01-31"})
        assert counted.json()["rows"] == [], counted.text
    told = register.get(f"/api/v1/cases/{case_no}")
    assert [each["case_no"] for each in register.get("/api/v1/cases").json()["items"]] == [case_no]
    assert register.get("/api/v1/cases/board").json()["open"] == 1
    assert register.get("/api/v1/cases", params={"measure": "reported", **JANUARY}).json()["items"] == []
    assert "复查" in told.text
    for secret in ("RED-77", "77弄", "4.00", "红", "配合", str(asked["lon"]), str(asked["lat"])):
        assert secret not in told.text, secret
    with shared_district.sessions() as session:
        assert session.execute(select_drawn(CaseFilter(), NOW)).all() == []
        assert [page.events for page in pages(session, before)] == [()]
    refuse_who_only_reports(shared_district, case_no)
    refuse_a_link_with_one_for_all(register, case_no)


def refuse_who_only_reports(district: District, case_no: str) -> None:
    """A key that reads and reports does not work on cases: to it there is no such case, whatever it tries."""
    scopes = [Permission.READ, Permission.CASES_REPORT, Permission.REPORTERS_READ]
    with httpx.Client(base_url=district.visitor.base_url) as client:
        client.headers.update(bearer(add_key(district.sessions, Role.ADMINISTRATOR, scopes)))
        here = f"/api/v1/cases/{case_no}"
        for asked in (
            client.post(f"{here}/transitions", json={"move": "supplement", "note": "…"}, headers={"If-Match": "*"}),
            client.post(f"{here}/transitions", json={"move": "supplement", "version": 9, "note": "…"}),
            client.post(f"{here}/photos", json={"photo": "0" * 64, "kind": "near"}),
            client.get(f"{here}/reporter"),
            client.put(f"{here}/reporter", json={"phone": "1", "consent": True}),
            client.delete(f"{here}/reporter"),
        ):
            assert (asked.status_code, asked.json()["type"]) == (404, "/problems/case_unknown"), asked.request


def refuse_a_link_with_one_for_all(worker: httpx.Client, internal: str) -> None:
    lon, lat = spot(0.5, 4.5)
    given = {"type": "0101", "source": "inspector", "lon": lon, "lat": lat, "description": "井盖"}
    reported = worker.post("/api/v1/cases", json=given, headers={"Idempotency-Key": "for-all"})
    assert reported.status_code == 201, reported.text
    numbers = (reported.json()["case_no"], internal)
    for case_no, other in (numbers, numbers[::-1]):
        move = {"move": "link_duplicate", "case_no": other}
        answer = worker.post(f"/api/v1/cases/{case_no}/transitions", json=move, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/master_internal"), answer.text
