"""Moves over HTTP: what is answered, what is refused and how, retries, and the log."""

import gzip
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from api.app import create_app
from api.case_schemas import CaseDetail
from api.report_schemas import ReportedOut
from gridmgmt.access import queries, service
from gridmgmt.access.rules import Assignment, Role
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.settings import PROJECT_DIR, Settings
from tests.support import paper_grids
from tests.support.actors import TESTER, add_account, add_key, bearer
from tests.support.described import as_described
from tests.support.division import spot
from tests.support.serving import served

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""Monday, nine o'clock in Shanghai."""
CASES = "/api/v1/cases"
WATER, GAS = "water_company", "gas_company"
ROLES = (Role.OPERATOR, Role.INSPECTOR, Role.DISPATCHER, Role.DEPARTMENT, Role.DUTY_CHIEF, Role.ANALYST)


class Town:
    """A client for each role, the department's of the water company; each answer is held against its schema."""

    def __init__(self, client: httpx.Client, keys: dict[Role, str]) -> None:
        self.client = client
        self.keys = keys

    def report(self, source: str = "inspector") -> str:
        lon, lat = spot(0.5, 0.5)
        body = {"lon": lon, "lat": lat, "type": "0101", "source": source, "description": "井盖缺失"}
        answer = self.client.post(CASES, json=body, headers=bearer(self.keys[Role.INSPECTOR]))
        assert answer.status_code == 201, answer.text
        number: str = as_described(ReportedOut, answer.json())["case_no"]
        return number

    def move(self, number: str, role: Role, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        sent = {**bearer(self.keys[role]), **(headers or {})}
        answer = self.client.post(f"{CASES}/{number}/transitions", json=body, headers=sent)
        if answer.status_code == 200:
            as_described(CaseDetail, answer.json())
        return answer

    def read(self, path: str, role: Role = Role.DUTY_CHIEF) -> Any:
        answer = self.client.get(f"{CASES}/{path}", headers=bearer(self.keys[role]))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def dispatched(self, *departments: str) -> str:
        case_no = self.report()
        steps: list[tuple[Role, dict[str, Any]]] = [
            (Role.OPERATOR, {"move": "accept"}),
            (Role.DUTY_CHIEF, {"move": "register", "condition_no": 2}),
            (Role.DISPATCHER, {"move": "dispatch", "departments": departments or [WATER]}),
        ]
        for version, (role, body) in enumerate(steps, start=1):
            answer = self.move(case_no, role, version=version, **body)
            assert answer.status_code == 200, answer.text
        return case_no


@pytest.fixture(scope="module")
def town(module_database_url: str) -> Iterator[Town]:
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        paper_grids.build(session)
        load_builtin(session, TESTER, today=NOW.date())
    for role in ROLES:
        add_account(sessions, role, role)
    with transaction(sessions) as session:
        account = queries.account_by_name(session, Role.DEPARTMENT)
        service.set_grants(session, TESTER, account, [Assignment(Role.DEPARTMENT, department=WATER)])
    keys = {role: add_key(sessions, role) for role in ROLES}
    with served(create_app(Settings(reading="accounts"), module_database_url, clock=lambda: NOW)) as client:
        client.headers["Accept-Language"] = "en"
        yield Town(client, keys)
    engine.dispose()


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{code}"
    return body


def test_a_case_is_moved_and_answered_as_it_is_then(town: Town) -> None:
    case_no = town.dispatched()
    read = town.client.get(f"{CASES}/{case_no}", headers=bearer(town.keys[Role.DEPARTMENT]))
    assert read.headers["ETag"] == '"4"'
    case = read.json()
    assert (case["state"], case["state_text"], case["version"]) == ("dispatched", "Dispatched", 4)
    assert (case["condition_no"], case["condition_text"]) == (2, "Broken or sunken, passable")
    assert (case["due_at"], case["urgency"]) == ("2026-03-04T01:00:00Z", "on_time")
    assert case["department_name"] == "Waterworks"
    assert [(task["department_code"], task["lead"], task["state"]) for task in case["tasks"]] == [
        (WATER, True, "dispatched")
    ]
    assert [area["level"] for area in case["areas"]] == ["district", "town", "residential_quarter", "grid_cell"]
    assert [move["move"] for move in case["moves"]] == ["handle", "send_back", "ask_extension", "ask_suspension"]
    (ask,) = (move for move in case["moves"] if move["move"] == "ask_extension")
    assert (ask["needs"], ask["takes"]) == (["due_at", "reason"], ["document_no"])
    assert ask["departments"] == [{"code": WATER, "name": "Waterworks"}]
    whole = case["timers"][-1]
    assert (whole["stage"], whole["limit_s"], whole["unit"], whole["running"]) == (
        "whole",
        172_800,
        "working_days",
        True,
    )
    moved = town.move(case_no, Role.DEPARTMENT, {"If-Match": read.headers["ETag"]}, move="handle")
    assert (moved.status_code, moved.headers["ETag"], moved.json()["state"]) == (200, '"5"', "handling")
    assert moved.json() == town.read(case_no, Role.DEPARTMENT)


def test_the_walk_of_the_manual_is_made_as_it_is_written(town: Town) -> None:
    page = (PROJECT_DIR / "docs" / "cases.md").read_text(encoding="utf-8").partition("## A case by HTTP")[2]
    steps = re.findall(r"\"\$(\w+)\"(?: +-H 'If-Match: (\S+)' \S+ -d)? +'(\{\"move.+\})'", page)
    case_no, roles = town.report(), {"CHIEF": Role.DUTY_CHIEF, **{str(role).upper(): role for role in ROLES}}
    for who, seen, body in steps:
        moved = town.move(case_no, roles[who], {"If-Match": seen} if seen else {}, **json.loads(body))
        assert moved.status_code == 200, moved.text
    entries = [entry["move"] for entry in town.read(f"{case_no}/log")["items"]]
    assert entries == ["report", "accept", "register", "dispatch", "handle", "give_feedback", "verify", "close"]


def test_a_request_is_told_until_it_is_decided(town: Town) -> None:
    case_no = town.dispatched()
    wish: dict[str, Any] = {"move": "ask_extension", "reason": "雨天", "due_at": "2026-03-06T17:30:00+08:00"}
    asked = town.move(case_no, Role.DEPARTMENT, version=4, **wish).json()
    (request,) = asked["requests"]
    assert (request["kind"], request["kind_text"], request["department_name"], request["at"]) == (
        "extension", "Extension", "Waterworks", "2026-03-02T01:00:00Z",
    )  # fmt: skip
    assert request["due_at"] == "2026-03-06T09:30:00Z"
    granted = town.move(case_no, Role.DUTY_CHIEF, version=5, move="grant_extension").json()
    assert (granted["requests"], granted["due_at"], granted["extension_count"]) == ([], "2026-03-06T09:30:00Z", 1)


def test_what_is_not_legal_names_what_is(town: Town) -> None:
    case_no = town.report()
    body = problem(town.move(case_no, Role.DUTY_CHIEF, version=1, move="close"), 409, "transition_not_allowed")
    assert [each["code"] for each in body["errors"]] == [
        "accept", "reject", "link_duplicate", "ask_supplement", "void", "supervise",
    ]  # fmt: skip
    assert "Accept" in body["detail"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        ({"move": "accept"}, {}, 428, "case_version_missing"),
        ({"move": "accept", "version": 9}, {}, 412, "case_stale"),
        ({"move": "accept"}, {"If-Match": '"9"'}, 412, "case_stale"),
        ({"move": "accept", "version": 1}, {"If-Match": '"2"'}, 422, "if_match_malformed"),
        ({"move": "accept"}, {"If-Match": "first"}, 422, "if_match_malformed"),
        ({"move": "accept"}, {"If-Match": "9" * 5_000}, 422, "request_invalid"),
        ({"move": "reject", "version": 1}, {}, 422, "move_needs"),
        ({"move": "reject", "version": 1, "reason": "  "}, {}, 422, "move_needs"),
        ({"move": "reject", "version": 1, "reason": "a\x00b"}, {}, 422, "request_invalid"),
        ({"move": "accept", "version": 1, "note": "a\x00b"}, {}, 422, "request_invalid"),
        ({"move": "accept", "version": 10**30}, {}, 412, "case_stale"),
        ({"move": "link_duplicate", "version": 1, "case_no": "nowhere"}, {}, 404, "case_unknown"),
        ({"move": "confirm", "version": 1}, {}, 403, "permission_missing"),
        ({"move": "due_soon", "version": 1}, {}, 409, "transition_not_allowed"),
        ({"move": "dance", "version": 1}, {}, 422, "request_invalid"),
        ({"move": "accept", "version": 1, "who": "me"}, {}, 422, "request_invalid"),
        ({"move": "accept", "version": 1, "due_at": "2026-03-06T17:30:00"}, {}, 422, "request_invalid"),
    ],
)
def test_what_cannot_be_is_a_problem(
    town: Town, body: dict[str, Any], headers: dict[str, str], status: int, code: str
) -> None:
    case_no = town.report()
    problem(town.move(case_no, Role.OPERATOR, headers, **body), status, code)
    assert town.read(case_no)["version"] == 1


@pytest.mark.parametrize(
    ("query", "body", "headers", "place", "code"),
    [
        ("?dry_run=true", {}, {}, "/query/dry_run", "query_unknown"),
        ("?lang=en&lang=zh", {}, {}, "/query/lang", "query_twice"),
        ("", {"note": "a\0b"}, {}, "/body/note", "nul_character"),
        ("", {"note": "\ud800"}, {}, "/body/note", "half_character"),
        ("", {}, {"Content-Type": "text/plain"}, "/body", "body_no_json"),
    ],
)
def test_where_a_request_is_wrong_is_told(
    town: Town, query: str, body: dict[str, str], headers: dict[str, str], place: str, code: str
) -> None:
    address, sent = f"{CASES}/{town.report()}/transitions{query}", {"move": "accept", "version": 1, **body}
    headers = {"Content-Type": "application/json", **bearer(town.keys[Role.OPERATOR]), **headers}
    answer = town.client.post(address, content=json.dumps(sent), headers=headers)
    errors = problem(answer, 422, "request_invalid")["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [(place, code)]


def test_a_body_that_is_compressed_is_told_so(town: Town) -> None:
    headers = {"Content-Encoding": "gzip", **bearer(town.keys[Role.OPERATOR])}
    address = f"{CASES}/{town.report()}/transitions"
    refused = town.client.post(address, content=gzip.compress(b'{"move": "accept", "version": 1}'), headers=headers)
    problem(refused, 415, "body_encoded")
    assert refused.headers["Accept-Encoding"] == "identity"


def test_a_body_that_is_none_or_too_large_is_a_problem(town: Town) -> None:
    case_no = town.report()
    headers = {**bearer(town.keys[Role.OPERATOR]), "Content-Type": "application/json"}
    for content, status, code in (
        (b"", 422, "request_invalid"), (b"[]", 422, "request_invalid"), (b'{"move": "acc', 422, "request_invalid"),
        (b'{"move": "accept", "version": 1, "reason": "\\ud800"}', 422, "request_invalid"),
        (b'"' + b"x" * 1_100_000 + b'"', 413, "body_too_large"),
    ):  # fmt: skip
        answer = town.client.post(f"{CASES}/{case_no}/transitions", content=content, headers=headers)
        problem(answer, status, code)
    assert town.read(case_no)["version"] == 1


def test_nobody_is_let_in_without_an_account(town: Town) -> None:
    case_no = town.report()
    problem(town.client.get(f"{CASES}/{case_no}"), 401, "sign_in_needed")
    answer = town.client.post(f"{CASES}/{case_no}/transitions", json={"move": "accept", "version": 1})
    problem(answer, 401, "sign_in_needed")


def test_a_body_does_not_move_the_case_of_another(town: Town) -> None:
    case_no = town.dispatched(GAS)
    problem(town.move(case_no, Role.DEPARTMENT, version=4, move="handle"), 403, "department_not_yours")
    assert town.read(case_no, Role.DEPARTMENT)["moves"] == []


def test_the_matter_is_held_by_whom_it_goes_to(town: Town) -> None:
    case_no = town.report()
    town.move(case_no, Role.OPERATOR, version=1, move="accept")
    town.move(case_no, Role.DUTY_CHIEF, version=2, move="register", condition_no=1)
    for departments, code, status in ((["nobody"], "department_unknown", 404), ([], "move_needs", 422)):
        problem(town.move(case_no, Role.DISPATCHER, version=3, move="dispatch", departments=departments), status, code)


def test_any_version_is_moved_when_that_is_asked_for(town: Town) -> None:
    case_no = town.report()
    assert town.move(case_no, Role.OPERATOR, {"If-Match": "*"}, move="accept").json()["version"] == 2


def test_a_retry_is_answered_alike_and_moves_nothing(town: Town) -> None:
    case_no = town.report()
    key = {"Idempotency-Key": f"key-{case_no}"}
    first = town.move(case_no, Role.OPERATOR, key, move="accept", version=1)
    again = town.move(case_no, Role.OPERATOR, key, move="accept", version=1)
    assert (first.status_code, first.json(), first.headers["ETag"]) == (200, again.json(), again.headers["ETag"])
    other = town.move(case_no, Role.OPERATOR, key, move="reject", version=2, reason="x")
    problem(other, 409, "idempotency_key_of_another")
    assert town.read(case_no)["version"] == 2


def test_a_retry_that_comes_while_the_first_is_at_work_is_answered_alike(town: Town, module_database_url: str) -> None:
    case_no = town.report()
    key = {"Idempotency-Key": f"twice-{case_no}"}
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(module_database_url, autocommit=True) as watch, ThreadPoolExecutor(2) as pool:
        with psycopg.connect(module_database_url) as holder:
            holder.execute("SELECT FROM cases WHERE case_no = %s FOR UPDATE", [case_no])
            both = [pool.submit(town.move, case_no, Role.OPERATOR, key, move="accept", version=1) for _ in range(2)]
            while watch.execute(waiting).fetchone() != (2,):
                assert not any(each.done() for each in both)
        first, second = (each.result() for each in both)
    assert (first.status_code, second.status_code, second.json()) == (200, 200, first.json())
    assert [entry["move"] for entry in town.read(f"{case_no}/log")["items"]] == ["report", "accept"]


def test_the_log_tells_who_why_and_how_long(town: Town) -> None:
    case_no = town.dispatched()
    town.move(case_no, Role.DEPARTMENT, version=4, move="send_back", reason="不属本部门", note="见附件")
    items = town.read(f"{case_no}/log")["items"]
    assert [item["move"] for item in items] == ["report", "accept", "register", "dispatch", "send_back"]
    assert [item["version"] for item in items] == [1, 2, 3, 4, 5]
    last = items[-1]
    assert (last["actor"], last["post"], last["department_name"]) == ("department", "department", "Waterworks")
    assert (last["reason"], last["move_text"], last["state_text"]) == ("不属本部门", "Send back", "Registered")
    assert last["facts"]["used"] == {"stage": "handling", "s": 0}
    assert last["facts"]["note"] == "见附件"
    problem(town.client.get(f"{CASES}/nowhere/log", headers=bearer(town.keys[Role.OPERATOR])), 404, "case_unknown")


def test_accounts_and_remarks_of_the_log_are_for_those_who_work_on_cases(town: Town) -> None:
    case_no = town.dispatched()
    town.move(case_no, Role.DEPARTMENT, version=4, move="handle", note="见附件")
    known, told = (town.read(f"{case_no}/log", role)["items"] for role in (Role.OPERATOR, Role.ANALYST))
    assert [item["actor"] for item in known] == ["inspector", "operator", "duty_chief", "dispatcher", "department"]
    assert (known[-1]["facts"]["handlers"], known[-1]["facts"]["note"]) == (["department"], "见附件")
    assert [item["actor"] for item in told] == [None] * 5
    assert known[-1]["facts"].keys() - told[-1]["facts"].keys() == {"handlers", "note"}
    assert [item["post"] for item in told] == [item["post"] for item in known]


def test_a_duplicate_is_told_from_both_sides(town: Town) -> None:
    master, other = town.report(), town.report()
    linked = town.move(other, Role.OPERATOR, version=1, move="link_duplicate", case_no=master).json()
    assert (linked["state"], linked["duplicate_of"]) == ("duplicate", master)
    assert town.read(master)["duplicates"] == [other]
    answer = town.move(town.report(), Role.OPERATOR, version=1, move="link_duplicate", case_no=other)
    assert master in problem(answer, 422, "master_is_duplicate")["detail"]
    assert [each["move"] for each in town.read(other)["moves"]] == ["unlink_duplicate"]
    lacking = problem(town.move(other, Role.OPERATOR, version=2, move="unlink_duplicate"), 422, "move_needs")
    assert lacking["detail"] == "Undo the link: give the reason (reason); in all it needs: reason (reason)"
    alone = town.move(other, Role.OPERATOR, version=2, move="unlink_duplicate", reason="两处井盖").json()
    assert (alone["state"], alone["duplicate_of"], alone["version"]) == ("reported", None, 3)
    assert town.read(master)["duplicates"] == []
