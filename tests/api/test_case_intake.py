"""Reports over HTTP: what is answered, what is refused and how, and retries."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import event

from api.app import create_app
from api.gate import COOKIE
from api.report_schemas import ReportedOut
from gridmgmt.access import queries, service
from gridmgmt.access.credentials import key_prefix
from gridmgmt.access.rules import Permission, Role
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.settings import Settings
from tests.support import paper_grids
from tests.support.actors import PASSWORD, TESTER, add_account, add_key, bearer
from tests.support.described import as_described
from tests.support.division import spot
from tests.support.serving import served

NOW = datetime(2026, 1, 5, 4, tzinfo=UTC)
CASES = "/api/v1/cases"


@pytest.fixture(scope="module")
def client(module_database_url: str) -> Iterator[httpx.Client]:
    """An inspector's client of the town of `paper_grids`; others' keys stand in its `auths`."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        paper_grids.build(session)
        paper_grids.halves(session)
        load_builtin(session, TESTER, today=NOW.date())
    for role in (Role.INSPECTOR, Role.DEPARTMENT, Role.OPERATOR):
        add_account(sessions, role, role)
    keys = {role: add_key(sessions, role) for role in (Role.INSPECTOR, Role.DEPARTMENT, Role.OPERATOR)}
    with served(create_app(Settings(reading="accounts"), module_database_url, clock=lambda: NOW)) as client:
        client.headers.update({**bearer(keys[Role.INSPECTOR]), "Accept-Language": "en"})
        client.params = client.params  # the client's own, none
        client.others = {role: bearer(key) for role, key in keys.items()}  # type: ignore[attr-defined]
        yield client
    engine.dispose()


def asked(column: float = 0.5, row: float = 0.5, **changes: Any) -> dict[str, Any]:
    lon, lat = spot(column, row)
    return {"lon": lon, "lat": lat, "type": "0101", "source": "inspector", **changes}


def test_a_report_is_answered_with_the_case(client: httpx.Client) -> None:
    answer = client.post(CASES, json=asked(2.9, description="<p>Cover gone</p>", fields={"danger": "walkers"}))
    assert answer.status_code == 201, answer.text
    case = as_described(ReportedOut, answer.json())
    assert (case["state"], case["version"], case["kind"], case["urgency"]) == (
        "reported", 1, "component", "no_deadline",
    )  # fmt: skip
    assert (case["town_code"], case["cell_code"]) == (paper_grids.TOWN, paper_grids.cell(2, 0))
    assert case["description"] == "Cover gone"
    assert case["fields"] == {"danger": "walkers"}
    suggestion = case["suggestion"]
    assert suggestion["department_name"] == "Waterworks"
    assert suggestion["officer_post"] == "P1"
    assert [each["code"] for each in suggestion["near_border"]] == [paper_grids.EAST]
    assert any("9.5 m" in why for why in suggestion["why"])
    assert suggestion["due"][0]["due_at"] == "2026-01-05T07:00:00Z"
    assert client.get(f"{CASES}/{case['case_no']}").json()["case_no"] == case["case_no"]


def test_a_report_whose_commit_nobody_saw_is_not_filed_again(client: httpx.Client) -> None:
    """The connection is lost as the commit's answer comes: the report may be there, and is not made once more."""
    lost = 0

    def cut(_session: Session) -> None:
        nonlocal lost
        lost += 1
        raise psycopg.OperationalError("the connection is lost")

    event.listen(Session, "after_commit", cut)
    try:
        answer = client.post(CASES, json=asked(1.5, 0.5, description="cut off"))
    finally:
        event.remove(Session, "after_commit", cut)
    assert (answer.status_code, lost) == (503, 1), answer.text
    found = client.get(CASES, params={"q": "cut off"}).json()["items"]
    assert len(found) == 1


def test_the_answer_is_what_is_read_afterwards(client: httpx.Client) -> None:
    case = client.post(CASES, json=asked(0.3, 1.5)).json()
    read = client.get(f"{CASES}/{case['case_no']}").json()
    assert {name: case[name] for name in read if name not in ("duplicates", "timers")} == {
        name: value for name, value in read.items() if name not in ("duplicates", "timers")
    }


def test_what_a_report_may_repeat_can_be_asked_before(client: httpx.Client) -> None:
    case = client.post(CASES, json=asked(4.5, 0.5)).json()
    lon, lat = spot(4.5, 0.6)
    (found,) = client.get(f"{CASES}/duplicates", params={"lon": lon, "lat": lat, "type": "0101"}).json()["items"]
    assert found["case_no"] == case["case_no"]
    assert found["distance_m"] == pytest.approx(11.1, abs=0.05)
    assert found["reasons"] == ["same type", "within 24 hours"]
    again = as_described(ReportedOut, client.post(CASES, json=asked(4.5, 0.6)).json())
    assert [each["case_no"] for each in again["duplicates"]] == [case["case_no"]]
    routing = client.get(f"{CASES}/routing", params={"lon": lon, "lat": lat, "type": "0101"}).json()
    assert routing["department_name"] == "Waterworks"
    assert [area["level"] for area in routing["areas"]] == ["district", "town", "residential_quarter", "grid_cell"]
    outside = dict(zip(("lon", "lat"), spot(20.5, 0.5), strict=True))
    for question in ("routing", "duplicates"):
        refused = client.get(f"{CASES}/{question}", params={**outside, "type": "0101"})
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/outside_areas")


REFUSED = [
    (asked(type="9999"), 404, "case_type_unknown"),
    (asked(20.5), 422, "outside_areas"),
    (asked(lon=31.3, lat=121.4), 422, "position_swapped"),
    (asked(fields={"colour": "red"}), 422, "report_field_unknown"),
    (asked(fields={"danger": "much"}), 422, "report_field_malformed"),
    (asked(reported_at="2026-01-05T13:00:00+08:00"), 422, "reported_in_future"),
    (asked(reported_at="2025-12-01T13:00:00+08:00"), 422, "reported_too_old"),
    (asked(reported_at="2026-01-05T13:00:00"), 422, "request_invalid"),
    (asked(description="井" * 4001), 422, "text_too_long"),
    (asked(source="nobody"), 422, "request_invalid"),
    (asked(client_id="7"), 422, "request_invalid"),
    (asked(colour="red"), 422, "request_invalid"),
]


@pytest.mark.parametrize(("body", "status", "code"), REFUSED, ids=[code for _, _, code in REFUSED])
def test_what_cannot_be_taken_is_a_problem(client: httpx.Client, body: dict[str, Any], status: int, code: str) -> None:
    answer = client.post(CASES, json=body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_gives_the_same_answer_once(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    first = client.post(CASES, json=asked(1.5), headers=headers)
    again = client.post(CASES, json=asked(1.5), headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, first.json())
    other = client.post(CASES, json=asked(1.6), headers=headers)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/idempotency_key_of_another")
    strangers = client.post(CASES, json=asked(1.5), headers={**headers, **client.others[Role.OPERATOR]})  # type: ignore[attr-defined]
    assert strangers.status_code == 201
    assert strangers.json()["case_no"] != first.json()["case_no"]
    malformed = client.post(CASES, json=asked(1.5), headers={"Idempotency-Key": "k" * 201})
    assert malformed.json()["type"] == "/problems/idempotency_key_malformed"


def test_a_device_that_sends_a_report_twice_gets_the_case_that_there_is(client: httpx.Client) -> None:
    body = asked(5.5, 1.5, client_id=str(uuid4()))
    first, again = (client.post(CASES, json=body) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["case_no"] == first.json()["case_no"]


def test_contact_data_come_back_nowhere(client: httpx.Client) -> None:
    marker = "唯一的王女士"
    body = asked(5.5, 0.5, reporter={"name": marker, "phone": "021-1", "consent": True})
    headers = {"Idempotency-Key": str(uuid4())}
    answers = [client.post(CASES, json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert not any(marker in answer.text for answer in answers)


def test_whoever_may_not_report_is_refused(client: httpx.Client) -> None:
    body = client.post(CASES, json=asked(), headers=client.others[Role.DEPARTMENT])  # type: ignore[attr-defined]
    assert (body.status_code, body.json()["type"]) == (403, "/problems/permission_missing")
    assert str(Permission.CASES_REPORT) in body.json()["detail"]
    assert client.post(CASES, json=asked(), headers={"Authorization": ""}).status_code == 401


def test_who_reports_is_asked_each_time(client: httpx.Client, module_database_url: str) -> None:
    """A key reports until it is revoked, a session from our own pages alone, neither of them once it has ended."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    key = add_key(sessions, Role.INSPECTOR)
    with transaction(sessions) as session:
        signed_in = service.sign_in(session, Role.INSPECTOR, PASSWORD, NOW)
    assert signed_in is not None
    cookie = {"Authorization": "", "Cookie": f"{COOKIE}={signed_in[0]}"}
    ways = [bearer(key), {**cookie, "Sec-Fetch-Site": "same-origin"}, {**cookie, "Sec-Fetch-Site": "cross-site"}]
    assert [client.post(CASES, json=asked(), headers=way).status_code for way in ways] == [201, 201, 403]
    with transaction(sessions) as session:
        service.revoke_key(session, TESTER, queries.key_by_prefix(session, str(key_prefix(key))), NOW)
        service.sign_out(session, signed_in[0])
    assert [client.post(CASES, json=asked(), headers=way).status_code for way in ways] == [401, 401, 403]
    engine.dispose()
