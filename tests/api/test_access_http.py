"""Who may do what over HTTP: sessions, keys, one-time links, what each reader is given, what a foreign page cannot."""

import json
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher

from api.app import create_app
from api.gate import COOKIE, KEPT_S, SIGN_INS_AT_ONCE
from gridmgmt.access import credentials, service
from gridmgmt.access.rules import Permission, Role
from gridmgmt.cluster import Cluster
from gridmgmt.db import transaction
from gridmgmt.reader import Reader
from gridmgmt.settings import Settings
from tests.api.conftest import Town, copied_town
from tests.support.actors import PASSWORD, add_account, add_key, bearer
from tests.support.serving import served

SESSION = "/api/v1/session"
RUNS = "/api/v1/coverage/runs"
HERE = {"Sec-Fetch-Site": "same-origin"}


class FakeClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 15, 4, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def town(test_cluster: Cluster, drawn_town: Town) -> Iterator[Town]:
    """The drawn town with accounts: a planner, an operator, an administrator."""
    with copied_town(test_cluster, drawn_town) as town:
        add_account(town.sessions, "operator", Role.OPERATOR)
        add_account(town.sessions, "admin", Role.ADMINISTRATOR)
        yield town


@pytest.fixture
def client(town: Town, clock: FakeClock) -> Iterator[httpx.Client]:
    """A client without anything, of a server with the settings of real data."""
    with served(create_app(Settings(), town.url, clock=clock)) as client:
        yield client


@pytest.fixture
def admin(client: httpx.Client, town: Town) -> dict[str, str]:
    return bearer(add_key(town.sessions, "admin"))


def sign_in(client: httpx.Client, name: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    return client.post(SESSION, json={"name": name, "password": password}, headers={**HERE, **headers})


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def make_synthetic(town: Town) -> None:
    """Let the folder pass for the demo."""
    with psycopg.connect(town.url) as connection:
        connection.execute("UPDATE editions SET synthetic = true WHERE subject = 'cases'")
    with transaction(town.sessions) as session:
        service.ensure_demo_accounts(session)


def test_a_session_from_beginning_to_end(client: httpx.Client) -> None:
    assert problem(client.get("/api/v1/folder")) == (401, "sign_in_needed")
    nobody = client.get(SESSION).json()
    assert (nobody["kind"], nobody["permissions"], nobody["reading"]) == ("anonymous", [], "accounts")
    began = sign_in(client, " Planner ")
    assert began.status_code == 200
    told = began.json()
    assert (told["name"], told["display_name"], [each["role"] for each in told["grants"]]) == (
        "planner", "Planner", ["planner"],
    )  # fmt: skip
    assert {"read", "results.exact", "areas.draft"} <= set(told["permissions"])
    assert "access.manage" not in told["permissions"]
    assert client.get(SESSION).json() == told
    assert client.get("/api/v1/folder").json()["form"] == "exact"
    left = client.delete(SESSION, headers=HERE)
    assert (left.status_code, left.json()["kind"]) == (200, "anonymous")
    assert COOKIE not in client.cookies
    assert client.get("/api/v1/folder").status_code == 401


def test_a_cookie_that_was_kept_is_worth_nothing_after_signing_out(client: httpx.Client) -> None:
    sign_in(client, "planner")
    kept = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    assert client.get("/api/v1/folder").status_code == 200
    client.delete(SESSION, headers=HERE)
    assert client.get("/api/v1/folder", headers=kept).status_code == 401


def test_the_cookie_is_out_of_reach(client: httpx.Client) -> None:
    plain = sign_in(client, "planner").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(plain.split("; "))
    assert "Secure" not in plain
    assert "Secure" in sign_in(client, "planner", **{"X-Forwarded-Proto": "https"}).headers["set-cookie"]


def test_names_cannot_be_found_out_and_guessing_is_slowed_down(client: httpx.Client, clock: FakeClock) -> None:
    wrong, unknown = sign_in(client, "planner", "not the password"), sign_in(client, "nobody", "not the password")
    assert problem(wrong) == problem(unknown) == (401, "sign_in_refused")
    assert wrong.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
    for _ in range(4):
        sign_in(client, "planner", "not the password")
    assert problem(sign_in(client, "planner")) == (401, "sign_in_refused"), "five wrong ones: locked for 30 s"
    clock.pass_by(seconds=29)
    assert sign_in(client, "planner").status_code == 401
    clock.pass_by(seconds=2)
    assert sign_in(client, "planner").status_code == 200


def test_a_refused_sign_in_ends_no_session(client: httpx.Client) -> None:
    sign_in(client, "planner")
    assert sign_in(client, "operator", "not the password").status_code == 401
    assert client.get(SESSION).json()["name"] == "planner"
    former = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    sign_in(client, "operator")
    assert client.get("/api/v1/folder", headers=former).status_code == 401, "another one ends it"


def test_no_more_passwords_are_compared_at_once_than_memory_allows(
    client: httpx.Client, monkeypatch, own_hasher: PasswordHasher
) -> None:
    monkeypatch.setattr(credentials, "_hasher", own_hasher)  # it takes as long as it takes, so that they do meet
    sign_in(client, "planner")
    compare, comparing, most, counting = credentials.password_matches, 0, 0, Lock()

    def counted(kept: str | None, given: str) -> bool:
        nonlocal comparing, most
        with counting:
            comparing += 1
            most = max(most, comparing)
        matches = compare(kept, given)
        with counting:
            comparing -= 1
        return matches

    monkeypatch.setattr(credentials, "password_matches", counted)
    ask = {"password": "not the password", "new_password": "quite another 2027"}
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(client.post, f"{SESSION}/password", json=ask, headers=HERE) for _ in range(6)]
    assert [answer.result().status_code for answer in answers] == [401] * 6
    assert most == SIGN_INS_AT_ONCE


def test_a_session_ends_by_itself(client: httpx.Client, clock: FakeClock) -> None:
    sign_in(client, "planner")
    for _ in range(20):  # used every 8 hours for 160 of at most 168 hours
        clock.pass_by(hours=8)
        assert client.get("/api/v1/folder").status_code == 200
    clock.pass_by(hours=8, seconds=1)
    assert client.get("/api/v1/folder").status_code == 401
    sign_in(client, "planner")
    clock.pass_by(hours=12, seconds=1)
    assert client.get("/api/v1/folder").status_code == 401


def test_another_password_ends_all_other_sessions(client: httpx.Client, town: Town, clock: FakeClock) -> None:
    sign_in(client, "planner")
    other = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    sign_in(client, "planner")
    ask = {"password": "not the password", "new_password": "quite another 2027"}
    assert problem(client.post(f"{SESSION}/password", json=ask, headers=HERE)) == (401, "sign_in_refused")
    ask["password"] = PASSWORD
    assert problem(client.post(f"{SESSION}/password", json=ask | {"new_password": "short"}, headers=HERE)) == (
        422, "password_length",
    )  # fmt: skip
    assert client.post(f"{SESSION}/password", json=ask, headers=HERE).status_code == 200
    assert client.get("/api/v1/folder").status_code == 200
    clock.pass_by(seconds=KEPT_S + 1)
    assert client.get("/api/v1/folder", headers=other).status_code == 401
    assert sign_in(client, "planner").status_code == 401
    assert sign_in(client, "planner", "quite another 2027").status_code == 200


def test_a_revoked_key_writes_nothing_at_once_and_reads_nothing_soon(
    client: httpx.Client, town: Town, clock: FakeClock, admin: dict[str, str]
) -> None:
    key = bearer(town.key)
    assert client.get("/api/v1/folder", headers=key).status_code == 200
    prefix = "_".join(town.key.split("_")[:2])
    revoked = client.delete(f"/api/v1/api-keys/{prefix}", headers=admin)
    assert revoked.json()["revoked_at"] is not None
    assert problem(client.post(RUNS, json={}, headers=key)) == (401, "key_refused")
    clock.pass_by(seconds=KEPT_S + 1)
    assert problem(client.get("/api/v1/folder", headers=key)) == (401, "key_refused")
    assert problem(client.get("/api/v1/folder", headers=bearer("gm_00000000_nothing"))) == (401, "key_refused")


def test_a_key_is_no_session_and_a_session_no_key(client: httpx.Client, town: Town) -> None:
    sign_in(client, "planner")
    token = client.cookies[COOKIE]
    client.cookies.clear()
    cookie = {"Cookie": f"{COOKIE}={town.key}"}
    for _ in range(2):  # also while both are remembered
        assert client.get("/api/v1/folder", headers=cookie).status_code == 401
        assert client.get("/api/v1/folder", headers=bearer(token)).status_code == 401
        assert client.get("/api/v1/folder", headers=bearer(town.key)).status_code == 200
        assert client.get("/api/v1/folder", headers={"Cookie": f"{COOKIE}={token}"}).status_code == 200


def test_a_key_that_expires_and_one_with_fewer_permissions(client: httpx.Client, town: Town, clock: FakeClock) -> None:
    short = bearer(add_key(town.sessions, "planner", now=clock.now, life=timedelta(hours=1)))
    reading = bearer(add_key(town.sessions, "planner", [Permission.READ]))
    assert client.get("/api/v1/folder", headers=reading).json()["form"] == "public"
    assert problem(client.post(RUNS, json={}, headers=reading)) == (403, "permission_missing")
    assert client.post(RUNS, json={}, headers=short).status_code == 202
    clock.pass_by(hours=1)
    assert problem(client.post(RUNS, json={}, headers=short)) == (401, "key_refused")


FROM_ELSEWHERE = [
    ({}, False),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "here"}, False),
    ({"Origin": "here"}, True),
    ({"Origin": "http://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "http://[::1"}, False),
]


def test_a_page_from_elsewhere_changes_nothing(client: httpx.Client) -> None:
    sign_in(client, "planner")
    for headers, passes in FROM_ELSEWHERE:
        sent = {name: str(client.base_url).rstrip("/") if value == "here" else value for name, value in headers.items()}
        asked = client.post(RUNS, json={}, headers=sent)
        assert asked.status_code == 202 if passes else problem(asked) == (403, "request_from_elsewhere"), headers
        assert client.get("/api/v1/folder", headers=sent).status_code == 200, "reading changes nothing"


def test_a_program_needs_no_headers_of_a_browser(client: httpx.Client, town: Town) -> None:
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post(RUNS, json={}, headers={**bearer(town.key), **foreign}).status_code == 202
    assert problem(client.post(SESSION, json={"name": "a", "password": "b"}, headers=foreign)) == (
        403, "request_from_elsewhere",
    )  # fmt: skip
    assert client.post(SESSION, json={"name": "planner", "password": PASSWORD}).status_code == 200


def test_the_form_of_numbers_follows_the_reader_and_the_setting(town: Town, clock: FakeClock) -> None:
    operator, planner = bearer(add_key(town.sessions, "operator")), bearer(town.key)
    for setting, for_operator, for_planner in (
        ("auto", "public", "exact"), ("public", "public", "public"), ("exact", "exact", "exact"),
    ):  # fmt: skip
        settings = Settings.model_validate({"results": setting})
        with served(create_app(settings, town.url, clock=clock)) as client:
            for headers, form in ((operator, for_operator), (planner, for_planner)):
                assert client.get("/api/v1/folder", headers=headers).json()["form"] == form
                report = client.get(f"{RUNS}/{town.run_id}/report", headers=headers)
                assert report.json()["form"] == form
                assert report.headers["cache-control"] == "private, no-cache"
                assert {"Cookie", "Authorization"} <= set(report.headers["vary"].split(", "))
                tile = client.get("/tiles/coverage.json", headers=headers)
                assert tile.status_code == (200 if form == "exact" else 403)
                assert {"Cookie", "Authorization"} <= set(tile.headers["vary"].split(", "))


def test_tiles_take_a_cookie_too_and_say_nothing_of_callers_where_all_may_read(town: Town, clock: FakeClock) -> None:
    with served(create_app(Settings(), town.url, clock=clock)) as client:
        assert client.get("/tiles/areas.json").status_code == 401
        sign_in(client, "operator")
        assert client.get("/tiles/areas.json").status_code == 200
    with served(create_app(Settings(reading="open"), town.url, clock=clock)) as client:
        assert "Cookie" not in client.get("/tiles/areas.json").headers.get("vary", "")
        assert client.get("/tiles/coverage.json").status_code == 403
        assert client.get("/tiles/coverage.json", headers=bearer(town.key)).status_code == 200
        for path in ("/tiles/areas.json", "/tiles/areas/0/0/0.mvt", "/api/v1/areas/at?lon=121.4&lat=31.3"):
            assert problem(client.get(path, headers=bearer("gm_00000000_nothing"))) == (401, "key_refused")


def test_whoever_works_on_one_area_works_there_alone(client: httpx.Client, town: Town) -> None:
    add_account(town.sessions, "west", Role.PLANNER, area=("town", "310113001"))
    west = bearer(add_key(town.sessions, "west"))
    assert client.get("/api/v1/areas/310113002", headers=west).status_code == 200, "reading is not bound"
    settled = [client.post(RUNS, json=ask, headers=west).status_code for ask in ({}, {"area": "310113002"})]
    assert settled == [403, 403]
    own = client.post(RUNS, json={"area": "310113001"}, headers=west)
    assert problem(own) == (403, "runs_withheld"), "exact results are a permission for everywhere"


def test_reading_is_open_until_there_are_real_data(module_database_url: str, town: Town, clock: FakeClock) -> None:
    with served(create_app(Settings(), module_database_url, clock=clock)) as client:
        assert client.get("/api/v1/folder").json()["empty"] is True
        assert client.get("/tiles/areas/0/0/0.mvt").status_code == 204
        assert problem(client.post(RUNS, json={})) == (401, "sign_in_needed")
    with served(create_app(Settings(), town.url, clock=clock)) as client:
        assert client.get("/api/v1/folder").status_code == 401


def test_the_demo_can_be_tried_out_without_an_account(client: httpx.Client, town: Town, clock: FakeClock) -> None:
    enter = {"demo": "demo-planner"}
    assert problem(client.post(SESSION, json=enter)) == (401, "demo_account_unknown")
    make_synthetic(town)
    clock.pass_by(seconds=KEPT_S + 1)
    assert client.get("/api/v1/folder").json()["form"] == "exact"
    asked = client.post(RUNS, json={})
    assert asked.status_code == 202
    assert client.delete(asked.json()["links"]["job"]).json()["state"] == "cancelled"
    assert problem(client.get("/api/v1/accounts")) == (401, "sign_in_needed")
    offered = {each["name"]: each["roles"] for each in client.get(SESSION).json()["demo_accounts"]}
    assert offered["demo-duty-chief"] == ["duty_chief"]
    assert len(offered) == 7
    assert not any("administrator" in roles for roles in offered.values())
    for name in ("planner", "admin", "nobody"):
        assert problem(client.post(SESSION, json={"demo": name})) == (401, "demo_account_unknown")
    entered = client.post(SESSION, json=enter).json()
    assert (entered["name"], entered["demo"]) == ("demo-planner", True)
    with transaction(town.sessions) as session:
        last = service.verify_changes(session)
    assert last.first_broken is None


def test_the_first_administrator_comes_by_a_link_that_is_good_once(
    module_database_url: str, town: Town, clock: FakeClock
) -> None:
    app = create_app(Settings(), town.url, clock=clock)
    with served(app) as client, transaction(town.sessions) as session:
        assert client.get(SESSION).json()["setup_open"] is False
        assert service.offer_setup(session, clock.now) is None
    app = create_app(Settings(), module_database_url, clock=clock)
    context = app.state.context
    with context.transaction() as session:
        token = service.offer_setup(session, clock.now)
    with served(app) as client:
        assert client.get(SESSION).json()["setup_open"] is True
        ask = {"token": token, "name": "first", "password": PASSWORD}
        assert problem(client.post("/api/v1/setup", json=ask | {"token": "x"})) == (401, "setup_token_invalid")
        assert problem(client.post("/api/v1/setup", json=ask | {"password": "short"})) == (422, "password_length")
        made = client.post("/api/v1/setup", json=ask)
        assert made.status_code == 200
        assert [each["role"] for each in made.json()["grants"]] == ["administrator"]
        assert made.json()["setup_open"] is False
        assert client.get("/api/v1/accounts").json()["items"][0]["name"] == "first"
        client.cookies.clear()
        assert problem(client.post("/api/v1/setup", json=ask)) == (401, "setup_token_invalid")


def test_the_life_of_an_account(client: httpx.Client, town: Town, clock: FakeClock, admin: dict[str, str]) -> None:
    accounts = "/api/v1/accounts"
    ask = {"name": "lihua", "display_name": "李华", "grants": [{"role": "operator"}]}
    made = client.post(accounts, json=ask, headers=admin)
    assert (made.status_code, made.json()["has_password"]) == (201, False)
    assert problem(client.post(accounts, json=ask, headers=admin)) == (409, "account_name_taken")
    half = {"grants": [{"role": "planner", "area_code": "310113001"}]}
    assert problem(client.patch(f"{accounts}/lihua", json=half, headers=admin)) == (422, "grant_area_incomplete")
    for level, code, refused in (
        ("town", "310113009", 404),
        ("district", "310113001", 404),
        ("place", "310113001", 422),
    ):
        nowhere = {"grants": [{"role": "planner", "area_level": level, "area_code": code}]}
        assert client.patch(f"{accounts}/lihua", json=nowhere, headers=admin).status_code == refused

    link = client.post(f"{accounts}/lihua/password-link", headers=admin).json()
    token, name = link["path"].removeprefix("/setup#").split("/")
    assert name == "lihua"
    setup = {"token": token, "name": "lihua", "password": PASSWORD}
    sign_in(client, "planner")
    former = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    assert client.post("/api/v1/setup", json=setup, headers=HERE).json()["display_name"] == "李华"
    assert client.get("/api/v1/folder").json()["form"] == "public"
    assert client.get("/api/v1/folder", headers=former).status_code == 401, "whoever was signed in here is no more"
    assert problem(client.get(accounts)) == (403, "permission_missing")

    grants = {"grants": [{"role": "analyst"}, {"role": "planner", "area_level": "town", "area_code": "310113001"}]}
    changed = client.patch(f"{accounts}/lihua", json=grants, headers=admin).json()
    assert [(each["role"], each["area_code"]) for each in changed["grants"]] == [
        ("analyst", None), ("planner", "310113001"),
    ]  # fmt: skip
    clock.pass_by(seconds=KEPT_S + 1)
    assert client.get("/api/v1/folder").json()["form"] == "exact"

    assert client.delete(f"{accounts}/lihua", headers=admin).json()["disabled_at"] is not None
    clock.pass_by(seconds=KEPT_S + 1)
    assert client.get("/api/v1/folder").status_code == 401
    assert sign_in(client, "lihua").status_code == 401
    assert problem(client.delete(f"{accounts}/admin", headers=admin)) == (409, "last_administrator")
    assert problem(client.patch(f"{accounts}/admin", json={"grants": []}, headers=admin)) == (409, "last_administrator")
    listed = client.get(accounts, headers=admin).json()["items"]
    assert [each["name"] for each in listed] == ["admin", "lihua", "operator", "planner"]
    assert {each["role"] for each in client.get("/api/v1/roles", headers=admin).json()["items"]} == set(Role)


def test_keys_are_shown_once_and_only_to_whom_they_belong(
    client: httpx.Client, town: Town, clock: FakeClock, admin: dict[str, str]
) -> None:
    keys = "/api/v1/api-keys"
    sign_in(client, "operator")
    ask: dict[str, Any] = {"name": "script", "scopes": ["read"], "expires_at": "2026-06-01T00:00:00+08:00"}
    made = client.post(keys, json=ask, headers=HERE)
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith(made.json()["prefix"] + "_")
    listed = client.get(keys)
    assert [each["prefix"] for each in listed.json()["items"]] == [made.json()["prefix"]]
    assert secret not in listed.text
    assert client.get("/api/v1/folder", headers=bearer(secret)).status_code == 200
    for wrong, code in (
        ({"scopes": ["coverage.run"]}, "key_scopes_beyond"),
        ({"expires_at": "2026-01-01T00:00:00Z"}, "key_expired"),
        ({"expires_at": "2026-06-01T00:00:00"}, "request_invalid"),
        ({"expires_at": "9999-12-31T23:00:00-12:00"}, "request_invalid"),
        ({"scopes": []}, "request_invalid"),
    ):
        assert problem(client.post(keys, json=ask | wrong, headers=HERE)) == (422, code)
    assert problem(client.post(keys, json=ask | {"account": "admin"}, headers=HERE)) == (403, "permission_missing")
    others = [each for each in client.get(keys, headers=admin).json()["items"] if each["account"] == "planner"]
    assert others
    assert problem(client.delete(f"{keys}/{others[0]['prefix']}", headers=HERE)) == (403, "permission_missing")
    assert client.delete(f"{keys}/{made.json()['prefix']}", headers=HERE).status_code == 200


def test_the_log_tells_who_did_what_and_holds_no_secret(
    client: httpx.Client, town: Town, admin: dict[str, str]
) -> None:
    sign_in(client, "planner")
    cookie = client.cookies[COOKIE]
    run = client.post(RUNS, json={"minutes": 17}, headers=HERE).json()
    client.delete(run["links"]["job"], headers=HERE)
    client.delete(run["links"]["job"], headers=HERE)
    assert problem(client.get("/api/v1/changes")) == (403, "permission_missing")

    asked = client.get("/api/v1/changes", params={"object": f"coverage_run:{run['run_id']}"}, headers=admin).json()
    assert [(each["actor"], each["actor_kind"], each["action"]) for each in asked["items"]] == [
        ("planner", "account", "coverage.request")
    ]
    assert asked["items"][0]["after"]["limit_s"] == 17 * 60
    cancelled = client.get("/api/v1/changes", params={"action": "jobs.cancel"}, headers=admin).json()["items"]
    assert [(each["object"], each["before"]["state"], each["after"]["state"]) for each in cancelled] == [
        (f"job:{run['job_id']}", "queued", "cancelled")
    ]

    seen, page = [], client.get("/api/v1/changes", params={"limit": 3}, headers=admin)
    while True:
        seen += page.json()["items"]
        if page.json()["next"] is None:
            break
        page = client.get(page.json()["next"], headers=admin)
    assert [each["change_id"] for each in seen] == list(range(len(seen), 0, -1))
    checked = client.get("/api/v1/changes/check", headers=admin).json()
    assert checked == {"count": len(seen), "first_broken": None, "head_sha256": seen[0]["sha256"]}
    written = json.dumps(seen)
    assert not any(secret in written for secret in (PASSWORD, cookie, town.key, admin["Authorization"][7:]))


def test_what_is_secret_is_repeated_to_nobody(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    secret = "my long secret 2026"
    with caplog.at_level(logging.DEBUG):
        answers = [
            client.post(SESSION, json={"name": "planner", "password": [secret]}),
            client.post(SESSION, json={"name": "planner", "password": secret * 100}),
            client.post(SESSION, json={"name": "planner", "password": secret, "more": secret}),
            client.post(SESSION, json=secret),
            client.post("/api/v1/setup", json={"token": secret * 100, "name": "x", "password": secret}),
            client.post("/api/v1/setup", json={"token": secret, "name": "planner", "password": secret}),
            client.get("/api/v1/folder", headers=bearer(secret)),
            client.get("/metrics"),
        ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 422, 401, 401, 200]
    assert not any(secret in answer.text for answer in answers)
    assert secret not in caplog.text


def test_nobody_writes_lines_of_their_own_into_the_log(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "api.requests"):
        client.get("/api/v1/x%0A2026-01-15 INFO forged%1B[2J/区")
    assert "\n" not in (line := caplog.messages[-1])
    assert "/api/v1/x%0A2026-01-15%20INFO%20forged%1B%5B2J/%E5%8C%BA" in line


def test_what_is_no_text_is_no_defect(client: httpx.Client, admin: dict[str, str]) -> None:
    for content in (
        b'{"name": "planner", "password": "\\ud800 not text 2026"}', b'{"name": "\\u0000", "password": "x"}',
        b'{"name": ["planner"], "password": {}}', b'{"demo": "\\udfff"}', b"[]", b'{"name": "planner"}',
    ):  # fmt: skip
        answer = client.post(SESSION, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in {401, 422}, answer.text
    for secret in (b"Bearer", b"bearer gm_", b"Bearer gm__", b"Basic YTpi", b"Bearer \xff", b"Bearer a b"):
        assert client.get("/api/v1/folder", headers=[(b"authorization", secret)]).status_code == 401
    assert client.get("/api/v1/changes", params={"since": "2026-01-01T00:00:00"}, headers=admin).status_code == 422
    cookie = f"{COOKIE}=\xff; {COOKIE}=;".encode("latin-1")
    assert client.get("/api/v1/folder", headers=[(b"cookie", cookie)]).status_code == 401


def test_a_closed_door_asks_the_database_nothing_for_the_next_tile(
    town: Town, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    found = Reader.rows

    async def counted(reader: Reader, statement: str, values: Mapping[str, object]) -> Any:
        looked_up.extend([statement] * (statement == service.KEY))
        return await found(reader, statement, values)

    monkeypatch.setattr(Reader, "rows", counted)
    with served(create_app(Settings(), town.url, clock=clock)) as client:
        for _ in range(5):
            assert client.get("/tiles/areas.json", headers=bearer(town.key)).status_code == 200
        assert len(looked_up) == 1
        clock.pass_by(seconds=KEPT_S)
        client.get("/tiles/areas.json", headers=bearer(town.key))
        assert len(looked_up) == 2
