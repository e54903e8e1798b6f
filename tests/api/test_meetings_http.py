"""Joint meetings and topics over HTTP and on the command line, on one district of paper."""

import json

import httpx
import pytest
from click.testing import CliRunner

from api.topic_answers import topic_detail
from gridmgmt.cli.main import root
from tests.api.conftest import District
from tests.support.division import spot
from tests.support.paper_district import GUCUN

QUARTER = f"{GUCUN}001"
FOUR = ("party_organisation", "residents_committee", "owners_committee", "property_firm")
LON, LAT = spot(0.5, 5.0)
MEETING = {
    "code": "M1", "kind": "four_in_one", "name": "菊一四位一体", "area": QUARTER, "convenor": "居民区党总支",
    "members": [{"role": role, "name": role} for role in FOUR], "seats": 4, "on": "2015-02-01",
}  # fmt: skip
TOPIC = {"title": "开放小门", "lon": LON, "lat": LAT, "on": "2015-02-01"}
GATE = {"code": "N1", "opens_on": "2015-07-01", "hours": {"mon-sun": ["06:00-22:00"]}}


@pytest.fixture(scope="module")
def house(shared_district: District) -> District:
    """The district with a meeting, which sat twice: without the owners' committee, and whole."""
    planner = shared_district.planner
    assert planner.post("/api/v1/meetings", json=MEETING).status_code == 201
    for roles in (FOUR[:2], FOUR):
        said = {"attendance": dict.fromkeys(roles, 1), "held_on": "2015-03-01"}
        assert planner.post("/api/v1/meetings/M1/sittings", json=said).status_code == 201
    return shared_district


def ok(answer: httpx.Response, status: int = 200) -> dict:
    assert answer.status_code == status, answer.text
    return answer.json()


def problem(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["type"]).removeprefix("/problems/")


def test_a_meeting_tells_its_members_and_who_was_missing(house: District) -> None:
    found = ok(house.visitor.get("/api/v1/meetings", params={"area": GUCUN}))["items"]
    assert [(each["code"], each["seats"], each["area_name"]) for each in found] == [("M1", 4, "菊一")]
    assert found[0]["needed_roles"] == list(FOUR)
    assert [each["quorate"] for each in ok(house.visitor.get("/api/v1/meetings/M1/sittings"))] == [True, False]
    assert problem(house.planner.post("/api/v1/meetings", json=MEETING), 409) == "meeting_code_taken"
    wrong = {**MEETING, "code": "M2", "seats": 5}
    assert problem(house.planner.post("/api/v1/meetings", json=wrong), 422) == "meeting_seats_sum"
    person = {**MEETING, "code": "M2", "phone": "1"}
    assert problem(house.planner.post("/api/v1/meetings", json=person), 422) == "request_invalid"


def test_a_topic_goes_from_proposal_to_result(house: District) -> None:
    admin, planner, visitor = house.administrator, house.planner, house.visitor
    assert visitor.post("/api/v1/topics", json=TOPIC).status_code == 401
    code = ok(admin.post("/api/v1/topics", json=TOPIC), 201)["code"]
    here = f"/api/v1/topics/{code}"
    ok(admin.post(f"{here}/support", json={"supporters": 5, "on": "2015-02-02"}))
    assert ok(planner.get(here))["supporters"] == 5
    with house.sessions() as session:
        assert topic_detail(session, code, 10).supporters is None, "five are few in the public form"
    early = {"move": "schedule", "meeting": "M1", "on": "2015-02-02"}
    assert problem(planner.post(f"{here}/moves", json=early), 409) == "topic_move_refused"
    assert problem(planner.post(f"{here}/moves", json={"move": "schedule"}), 422) == "topic_move_incomplete"
    ok(admin.post(f"{here}/support", json={"supporters": 30, "on": "2015-02-02"}))
    assert ok(planner.post(f"{here}/moves", json=early))["state"] == "agenda"
    ok(planner.post(f"{here}/options", json={"title": "刷卡门", "amount_yuan": 48000}), 201)
    ok(planner.post(f"{here}/objections", json={"office": "居委会", "said": "夜间安全", "objectors": 3}), 201)
    ok(planner.post(f"{here}/hearings", json={"attendance": {"police": 1}, "record": "已说明"}), 201)
    decision = {
        "sitting_no": 1, "resolution": "同意", "option_no": 1, "amount_yuan": 48000, "funding": "维修资金",
        "tasks": [{"title": "施工", "office": "物业", "due_on": "2015-06-01"}], "follow_up_on": "2015-10-01",
        "gate": GATE,
    }  # fmt: skip
    assert problem(planner.post(f"{here}/decision", json=decision), 422) == "quorum_missing"
    decided = ok(planner.post(f"{here}/decision", json={**decision, "sitting_no": 2}), 201)
    assert (decided["state"], decided["sitting_no"], decided["legal"]) == ("decided", 2, ["finish"])
    assert decided["decision"]["geometry"]["coordinates"] == pytest.approx([LON, LAT], abs=1e-6)
    assert decided["decision"]["effects"] is None, "there is no network here"
    gates = ok(visitor.get("/api/v1/gates", params={"on": "2015-07-01"}))["items"]
    assert [(each["code"], each["hours_text"], each["edition"]) for each in gates] == [
        ("N1", "mon-sun 06:00-22:00", f"{code} N1")
    ]
    ok(planner.post(f"{here}/tasks/1", json={"result": "已施工"}))
    done = ok(planner.post(f"{here}/moves", json={"move": "finish", "note": "小门已启用"}))
    assert (done["state"], done["result"]) == ("done", "小门已启用")
    page = visitor.get(f"{here}/report", params={"lang": "en"})
    assert page.headers["content-type"].startswith("text/html")
    assert all(said in page.text for said in (code, "刷卡门", "48,000", "小门已启用", "Steps"))
    assert ok(visitor.get("/api/v1/topics", params={"state": "done", "q": "小门"}))["items"][0]["code"] == code
    assert ok(visitor.get("/api/v1/topics/counts"))["by_state"]["done"] == 1


def test_projects_and_rules(house: District) -> None:
    project = {"code": "P1", "area": QUARTER, "title": "楼道美化", "amount_yuan": 5000, "on": "2015-02-01"}
    assert ok(house.planner.post("/api/v1/self-projects", json=project), 201)["state"] == "applied"
    moved = ok(house.planner.post("/api/v1/self-projects/P1/state", json={"state": "approved"}))
    assert (moved["state"], moved["area_name"]) == ("approved", "菊一")
    assert [each["code"] for each in ok(house.visitor.get("/api/v1/self-projects"))["items"]] == ["P1"]
    rule = {"supporters": 3, "source": "镇", "on": "2016-01-01"}
    assert ok(house.planner.post("/api/v1/topic-rules", json=rule), 201)["valid_from"] == "2016-01-01"
    later = {**TOPIC, "on": "2016-02-01"}
    assert ok(house.administrator.post("/api/v1/topics", json=later), 201)["supporters_needed"] == 3


def test_the_command_line_lists_and_shows(house: District) -> None:
    url = house.sessions.kw["bind"].url.render_as_string(hide_password=False).replace("+psycopg", "")

    def run(*arguments: str) -> str:
        found = CliRunner().invoke(root, ["--lang", "en", *arguments], env={"DATABASE_URL": url})
        assert found.exit_code == 0, found.output
        return found.output

    assert "Four in one" in run("meetings", "list")
    shown = run("meetings", "show", "M1")
    assert "owners' committee" in shown
    code = json.loads(run("topics", "list", "--json"))[0]["code"]
    assert code in run("topics", "list", "--area", GUCUN)
    assert "From: residents' proposal" in run("topics", "show", code)
    assert json.loads(run("topics", "show", code, "--json"))["code"] == code
    assert json.loads(run("meetings", "show", "M1", "--json"))["seats"] == 4
