"""Assessment over HTTP, as files, and on the command line, on one district of paper."""

import hashlib
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from gridmgmt.assessment import service
from gridmgmt.assessment.files import example_schemes
from gridmgmt.cli.main import root
from gridmgmt.errors import ConflictError, InputError
from tests.api.conftest import District
from tests.support.actors import TESTER
from tests.support.division import spot
from tests.support.paper_district import DACHANG, FIRST, GUCUN

ASSESSMENT = "/api/v1/assessment"
NAME = {"zh": "一月", "en": "January"}
SCHEME: dict[str, Any] = {
    "name": {"zh": "方案", "en": "Scheme"}, "direction": "streets", "valid_from": str(FIRST), "source": "test",
    "groups": {"own": {"zh": "本组", "en": "Own"}},
    "items": [
        {"code": "R", "group": "public_service", "name": NAME, "weight": "40", "evidence": "indicator",
         "ratio": "on_time_closing_rate", "zero_at": "0.5", "full_at": "1", "min_sample": 4},
        {"code": "S", "group": "own", "name": NAME, "weight": "40.5", "evidence": "survey", "zero_at": "1",
         "full_at": "5", "min_sample": 30},
        {"code": "M", "group": "own", "name": {"zh": "材料", "en": "Paper"}, "weight": "19.5", "evidence": "manual"},
    ],
}  # fmt: skip
CASE = (
    "INSERT INTO cases (case_no, kind, type, state, reported_at, due_at, closed_at, town_code, geom) VALUES (:no,"
    " 'event', '1101', 'closed', '2026-01-01T08:00+08:00', '2026-01-05T08:00+08:00', :closed, :town,"
    " ST_SetSRID(ST_MakePoint(:x, :y), 4326))"
)
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def paper(shared_district: District) -> District:
    """Four cases of 顾村 in the first week of January, three of them closed on time."""
    lon, lat = spot(0.5, 4.5)
    with shared_district.sessions.begin() as session:
        for number in range(4):
            closed = f"2026-01-0{4 if number else 6}T08:00+08:00"
            session.execute(text(CASE), {"no": f"C{number}", "closed": closed, "town": GUCUN, "x": lon, "y": lat})
    return shared_district


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="module")
def address(paper: District) -> str:
    """A round of the first week of January, whose evidence is entered over HTTP."""
    scheme = made(paper.administrator.post(f"{ASSESSMENT}/schemes", json=SCHEME))
    assert [(group["name"], group["weight"]) for group in scheme["groups"]] == [("公共服务", 40), ("本组", 60)]
    asked = {"scheme_id": scheme["scheme_id"], "name": NAME, "from": "2026-01-01", "to": "2026-01-07"}
    address = f"{ASSESSMENT}/rounds/{made(paper.administrator.post(f'{ASSESSMENT}/rounds', json=asked))['round_id']}"
    for entry in (
        {"subject": GUCUN, "item": "S", "value": "4", "sample": 60},
        {"subject": GUCUN, "item": "M", "value": "1", "document": "宝城管〔2026〕1号", "document_sha256": "0" * 64},
        {"subject": DACHANG, "item": "S", "value": "4.5", "sample": 12},
    ):
        made(paper.administrator.post(f"{address}/entries", json=entry))
    return address


def test_weights_and_the_preset_of_2015_are_refused_over_http(paper: District) -> None:
    """考核 65/100 + 一票否决: weights ≠ 100 and groups ≠ 65 are refused with their numbers."""
    lighter = {**SCHEME, "items": [{**SCHEME["items"][0], "weight": "39.99"}, *SCHEME["items"][1:]]}
    for wrong, code, number in (
        (lighter, "assessment_weights", "99.99"),
        ({**SCHEME, "preset": "subdistricts_2015"}, "assessment_core_weights", "40"),
        ({**SCHEME, "groups": {}}, "assessment_group_unnamed", "own"),
    ):
        answer = paper.administrator.post(f"{ASSESSMENT}/schemes", json={**wrong, "valid_from": "2016-01-01"})
        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{code}")
        assert number in answer.json()["detail"]
    assert paper.visitor.post(f"{ASSESSMENT}/schemes", json=SCHEME).status_code == 401
    unknown = paper.administrator.post(f"{ASSESSMENT}/schemes", json={**SCHEME, "author": "x"})
    assert unknown.json()["type"] == "/problems/request_invalid"


def test_a_round_has_its_ranking_and_each_score_opens_its_evidence(paper: District, address: str) -> None:
    """3 of 4 on time: half of 40; a mean of 4 on 1–5: three quarters of 40.5; all of 19.5. 69.875 of 100."""
    found = paper.visitor.get(address, params={"lang": "en"}).json()
    first = found["standings"][0]
    assert (first["code"], first["points"], first["total"], first["rank"]) == (GUCUN, 69.875, 69.88, 1)
    assert len(found["scores"]) == 6
    rate = paper.visitor.get(f"{address}/scores/{GUCUN}/R").json()
    assert (rate["numerator"], rate["denominator"], rate["points"]) == (3, 4, 20)
    listed = paper.visitor.get(rate["cases_numerator"]).json()["items"]
    assert sorted(each["case_no"] for each in listed) == ["C1", "C2", "C3"]
    assert len(paper.visitor.get(rate["cases_denominator"]).json()["items"]) == 4
    few = paper.visitor.get(f"{address}/scores/{DACHANG}/S").json()
    assert (few["state"], few["sample"], few["value"], few["points"]) == ("insufficient", 12, None, None)
    assert [entry["value"] for entry in few["entries"]] == [None]
    manual = paper.visitor.get(f"{address}/scores/{GUCUN}/M").json()
    assert (manual["value"], manual["document"], manual["document_sha256"]) == (1, "宝城管〔2026〕1号", "0" * 64)
    for wrong in (f"{GUCUN}/X", "310113999/M"):
        assert paper.visitor.get(f"{address}/scores/{wrong}").status_code == 404


def test_vetoes_deductions_appeals_files_and_the_signature(paper: District, address: str) -> None:
    """考核 65/100 + 一票否决 over HTTP; afterwards every write is a conflict and the bytes have the hash."""
    given = {"subject": GUCUN, "occurred_on": "2026-01-03", "document": "通报"}
    veto = made(paper.administrator.post(f"{address}/vetoes", json={**given, "cause": "major_accident"}))
    assert paper.planner.post(f"{address}/vetoes", json={**given, "cause": "major_accident"}).status_code == 403
    first = paper.visitor.get(address).json()["standings"][0]
    assert (first["vetoed"], first["rank"], first["total"]) == (True, None, 69.88)
    lodged = {"event_id": veto["event_id"], "state": "appeal_open", "document": "申诉书"}
    made(paper.administrator.post(f"{address}/appeals", json=lodged))
    assert paper.administrator.post(f"{address}/sign").json()["type"] == "/problems/assessment_appeal_undecided"
    decided = made(paper.administrator.post(f"{address}/appeals", json={**lodged, "state": "appeal_upheld"}))
    assert (decided["appeal"], decided["counts"]) == ("appeal_upheld", False)
    taken = {**given, "cause": "other_cause", "points": "0.88"}
    made(paper.administrator.post(f"{address}/deductions", json=taken))
    assert paper.visitor.get(address).json()["standings"][0]["total"] == 69
    assert paper.visitor.get(f"{address}/document").status_code == 409

    signed = made(paper.administrator.post(f"{address}/sign"))["signed"]
    kept = paper.visitor.get(f"{address}/document").content
    assert hashlib.sha256(kept).hexdigest() == signed["sha256"]
    assert paper.visitor.get(f"{address}/verification").json()["intact"]
    for path, body in (("deductions", taken), ("vetoes", {**given, "cause": "illegal_land"}), ("appeals", lodged)):
        again = paper.administrator.post(f"{address}/{path}", json=body)
        assert (again.status_code, again.json()["type"]) == (409, "/problems/assessment_signed")
    entry = {"subject": GUCUN, "item": "S", "value": "5", "sample": 60}
    assert paper.administrator.post(f"{address}/entries", json=entry).status_code == 409

    page = paper.visitor.get(address, params={"format": "html", "lang": "en"})
    assert signed["sha256"] in page.text
    assert "Content-Security-Policy" in page.headers
    paged = paper.visitor.get(address, params={"format": "pdf", "lang": "en"})
    assert (paged.headers["content-type"], paged.content[:5]) == ("application/pdf", b"%PDF-")
    assert paged.content == paper.visitor.get(address, params={"format": "pdf", "lang": "en"}).content
    book = openpyxl.load_workbook(io.BytesIO(paper.visitor.get(address, params={"format": "xlsx"}).content))
    assert book.sheetnames == ["排名", "逐项得分", "扣分与一票否决"]
    table = paper.visitor.get(address, params={"format": "csv", "lang": "en"}).content.decode("utf-8-sig")
    assert table.splitlines()[1].startswith(f"1,{GUCUN},顾村镇,69.0,20.0,30.375,19.5")
    assert paper.visitor.get(f"{ASSESSMENT}/rounds").json()["items"][0]["signed"]["sha256"] == signed["sha256"]


# --- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(paper: District) -> Run:
    url = paper.sessions.kw["bind"].url.render_as_string(hide_password=False).replace("+psycopg", "")
    return lambda *arguments: CliRunner().invoke(
        root, ["--lang", "en", *map(str, arguments)], env={"DATABASE_URL": url}
    )


def test_a_round_is_kept_on_the_command_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "scheme.json"
    file.write_text(json.dumps({**SCHEME, "valid_from": "2017-01-01"}), encoding="utf-8")
    scheme = run("assessment", "add-scheme", file).output.split()[1]
    asked = ("--name", "周", "--from", "2026-01-01", "--to", "2026-01-07")
    number = run("assessment", "open", scheme, *asked).output.split()[1]
    assert run("assessment", "enter", number, GUCUN, "S", "4", "--sample", "60").exit_code == 0
    assert run("assessment", "enter", number, GUCUN, "M", "0.5", "--document", "1").exit_code == 0
    told = ("--on", "2026-01-02", "--document", "通报")
    run("assessment", "deduct", number, GUCUN, "other_cause", "1.5", *told)
    event = run("assessment", "veto", number, GUCUN, "illegal_land", *told).output.split()[1]
    assert "Vetoed" in run("assessment", "report", number).output
    assert "Appealed" in run("assessment", "appeal", number, event, "open", "--document", "书").output
    assert "refused" in run("assessment", "appeal", number, event, "refused", "--document", "定").output
    assert isinstance(run("assessment", "verify", number).exception, ConflictError)
    assert "SHA-256" in run("assessment", "sign", number).output
    assert "as it was signed" in run("assessment", "verify", number).output
    assert json.loads(run("assessment", "verify", number, "--json").output)["intact"]
    output = tmp_path / "round.csv"
    run("assessment", "report", number, "--format", "csv", "-o", output)
    assert GUCUN in output.read_text(encoding="utf-8-sig")
    assert "Signed" in run("assessment", "rounds").output
    assert json.loads(run("assessment", "rounds", "--json").output)[0]["state"] == "signed"
    assert isinstance(run("assessment", "add-scheme").exception, InputError)
    assert run("assessment", "enter", number, GUCUN, "S", "many").exit_code == 2


def test_the_examples_of_the_package_are_kept_as_they_are(run: Run, paper: District) -> None:
    assert run("assessment", "add-scheme", "--example", "streets").exit_code == 0
    assert "65" in run("assessment", "schemes").output
    assert len(json.loads(run("assessment", "schemes", "--json").output)[0]["items"]) == len(example_schemes()[0].items)
    listed = paper.visitor.get(f"{ASSESSMENT}/schemes").json()["items"]
    assert listed[0]["is_example"]
    assert listed[0]["preset"] == "subdistricts_2015"
    shown = paper.visitor.get(f"{ASSESSMENT}/schemes/{listed[0]['scheme_id']}", params={"lang": "en"}).json()
    core = [group["weight"] for group in shown["groups"] if group["code"].startswith("public_")]
    assert sum(core) == 65
    with paper.sessions() as session:
        asked = service.NewRound(listed[0]["scheme_id"], example_schemes()[0].name, date(2026, 1, 1), date(2026, 1, 7))
        assert service.open_round(session, TESTER, asked) > 0
