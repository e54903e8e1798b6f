"""What every route keeps: one error shape, a summary, a described answer, and the committed OpenAPI document."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from api.app import create_app
from api.envelope import CONTENT_SECURITY_POLICY
from api.limits import MAX_BODY_BYTES
from api.openapi import FILE, openapi_text
from api.problems import STATUS
from api.schemas import Shape
from gridmgmt.access.rules import Role
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import GridMgmtError
from gridmgmt.settings import Settings
from gridmgmt.texts import catalogue
from tests.support.actors import add_account, add_key, bearer
from tests.support.serving import served

DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
OPERATIONS = [
    (method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
PROBLEMS = [each for each in OPERATIONS if not each[1].startswith("/open311/")]
"""All but Open311, which tells errors in its own shape: `tests/api/test_open311.py`."""
PROBLEM_KEYS = {"type", "title", "status", "detail", "instance", "request_id"}
UNKNOWN = {
    "code": "no-such-code",
    "case_no": "no-such-case",
    "item_no": "999999",
    "job_id": "999999",
    "run_id": "999999",
    "place_id": "1",
    "merge_id": "999999",
    "draft_id": "999999",
    "generation_id": "999999",
    "upload_id": "999999",
    "webhook_id": "999999",
    "delivery_id": "999999",
    "order_no": "no-such-order",
    "reconciliation_id": "999999",
    "address_id": "999999",
    "name": "nobody",
    "prefix": "gm_00000000",
    "format": "json",
    "round_id": "999999",
    "scheme_id": "999999",
    "subject": "nobody",
    "item": "none",
    "day": "no-such-day",
    "year": "none",
    "task_no": "1",
    "photo": "0" * 64,
    "post": "no-such-post",
    "serves": "no-such-body",
    "agreement": "no-such-agreement",
    "fact_id": "999999",
    "appeal_id": "999999",
}

BODIES = {
    ("post", "/api/v1/cases/{case_no}/photos"): {"photo": "0" * 64, "kind": "near"},
    ("put", "/api/v1/cases/{case_no}/reporter"): {"name": "nobody", "consent": True},
    ("post", "/api/v1/cases/{case_no}/transitions"): {"move": "accept", "version": 1},
    ("patch", "/api/v1/accounts/{name}"): {"grants": []},
    ("patch", "/api/v1/components/{code}"): {"state": "damaged"},
    ("put", "/api/v1/desks/{code}/offer"): {"matters": [], "hours": None},
    ("post", "/api/v1/premises/appeals/{appeal_id}/decision"): {"upheld": True},
    ("patch", "/api/v1/premises/{code}"): {"cooperating": True},
    ("post", "/api/v1/premises/{code}/appeals"): {"reason": "score_wrong"},
    ("post", "/api/v1/premises/{code}/inspections"): {"scores": {}, "cooperating": True},
    ("post", "/api/v1/targets/{code}/items"): {"name": "1"},
    ("post", "/api/v1/targets/{code}/items/from-plan"): {"plan": "none"},
    ("patch", "/api/v1/targets/{code}/items/{item_no}"): {"name": "1"},
    ("post", "/api/v1/targets/{code}/items/{item_no}/milestones"): {"stage": "located"},
    ("post", "/api/v1/plans/{name}/adopt"): {"owner_post": "1", "budget_yuan": 1, "milestones": []},
    ("post", "/api/v1/plans/{name}/withdraw"): {"reason": "none"},
    ("post", "/api/v1/assessment/rounds/{round_id}/entries"): {
        "subject": "1",
        "item": "1",
        "value": 1,
        "document": "1",
    },
    ("post", "/api/v1/assessment/rounds/{round_id}/deductions"): {
        "subject": "1",
        "points": 1,
        "cause": "illegal_land",
        "occurred_on": "2026-01-01",
        "document": "1",
    },
    ("post", "/api/v1/assessment/rounds/{round_id}/vetoes"): {
        "subject": "1",
        "cause": "illegal_land",
        "occurred_on": "2026-01-01",
        "document": "1",
    },
    ("post", "/api/v1/assessment/rounds/{round_id}/appeals"): {"event_id": 1, "state": "appeal_open", "document": "1"},
    ("patch", "/api/v1/bodies/{code}"): {"name": "1"},
    ("post", "/api/v1/bodies/{code}/posts"): {"code": "1", "name": "1", "count": 1},
    ("post", "/api/v1/bodies/{code}/posts/{post}/links"): {"serves_code": "1", "count": 1},
    ("post", "/api/v1/bodies/{code}/agreements"): {"code": "1", "partner_code": "1", "kind": "other", "name": "1"},
    ("patch", "/api/v1/purchased-services/{code}"): {"name": "1"},
    ("post", "/api/v1/town-modes/{code}"): {"mode": "direct"},
    ("post", "/api/v1/drafts/{draft_id}/edits"): {"verb": "retire", "code": "310113"},
    ("post", "/api/v1/drafts/{draft_id}/approve"): {"document": "1", "dated": "2026-01-01"},
    ("post", "/api/v1/drafts/{draft_id}/activate"): {},
    ("post", "/api/v1/drafts/{draft_id}/withdraw"): {"reason": "none"},
    ("put", "/api/v1/exchange/12345/orders/{order_no}/holder"): {"account": "nobody"},
    ("post", "/api/v1/imports/{upload_id}/again"): {"options": {}},
    ("patch", "/api/v1/webhooks/{webhook_id}"): {"paused": True},
    ("post", "/api/v1/siting/runs/{run_id}/stop"): {"keep": True},
    ("post", "/api/v1/responsibility-grids/{code}/assignments"): {"name": "1"},
    ("post", "/api/v1/responsibility-grids/{code}/cells"): {"cells": ["1"]},
    ("post", "/api/v1/meetings/{code}/end"): {},
    ("post", "/api/v1/meetings/{code}/sittings"): {"attendance": {"police": 1}},
    ("post", "/api/v1/meetings/{code}/agreements"): {"subject": "1"},
    ("post", "/api/v1/self-projects/{code}/state"): {"state": "approved"},
    ("post", "/api/v1/topics/{code}/support"): {"supporters": 1},
    ("post", "/api/v1/topics/{code}/moves"): {"move": "withdraw", "note": "none"},
    ("post", "/api/v1/topics/{code}/options"): {"title": "1"},
    ("post", "/api/v1/topics/{code}/objections"): {"office": "1", "said": "1"},
    ("post", "/api/v1/topics/{code}/hearings"): {"attendance": {"police": 1}, "record": "1"},
    ("post", "/api/v1/topics/{code}/decision"): {"sitting_no": 1, "resolution": "1"},
    ("post", "/api/v1/topics/{code}/tasks/{task_no}"): {"result": "1"},
}
QUERY = {"level": "town", "file": "a.geojson", "year": "2026"}
"""What a change of something unknown says beside its address."""


@pytest.fixture(scope="module")
def client(module_database_url: str) -> Iterator[httpx.Client]:
    """An administrator's client of the application without data, with one route that has a defect."""
    app = create_app(Settings(), module_database_url)
    engine = make_engine(module_database_url)
    add_account(make_sessions(engine), "admin", Role.ADMINISTRATOR)
    key = add_key(make_sessions(engine), "admin")
    engine.dispose()

    @app.post("/defect", include_in_schema=False)
    def defect() -> None:
        raise ZeroDivisionError("the inside")

    with served(app) as client:
        client.headers.update(bearer(key))
        yield client


def assert_problem(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) - {"errors"} == PROBLEM_KEYS
    assert body["status"] == status
    assert body["type"] == f"/problems/{code}" if code else body["type"].startswith("/problems/")
    assert body["instance"] == answer.request.url.path
    assert body["request_id"] == answer.headers["x-request-id"]
    assert all(isinstance(body[key], str) and body[key] for key in PROBLEM_KEYS - {"status"})
    for error in body.get("errors", []):
        assert error["pointer"].startswith("/")
        assert error["detail"]
    return body


def unknown(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda found: UNKNOWN[found[1]], path)


def test_the_committed_document_is_that_of_the_application() -> None:
    assert FILE.read_text(encoding="utf-8") == openapi_text(), "run: python -m api.openapi"


def test_every_shape_has_a_name_of_its_own() -> None:
    """Two of one name would both be renamed by their modules, and the console would know neither."""
    assert [name for name in DOCUMENT["components"]["schemas"] if "__" in name] == []


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_route_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    for media_type, content in good["content"].items():
        assert media_type != "application/json" or content["schema"], (method, path)
    own = path.startswith("/open311/")
    assert ("application/problem+json" in operation["responses"]["default"]["content"]) != own
    for parameter in operation.get("parameters", []):
        assert parameter.get("description") or parameter["schema"].get("description"), parameter["name"]


@pytest.mark.parametrize("path", [path for _, path, _ in PROBLEMS if "{" in path])
def test_what_does_not_exist(client: httpx.Client, path: str) -> None:
    for method, operation in DOCUMENT["paths"][path].items():
        asked = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query" and p["required"]]
        query = {name: QUERY.get(name, "1") for name in asked}
        assert_problem(client.request(method, unknown(path), params=query, json=BODIES.get((method, path))), 404)


@pytest.mark.parametrize(
    "path",
    [path for _, path, _ in OPERATIONS if re.search(r"{(job|run|place|draft|upload|webhook|delivery)_id}", path)],
)
@pytest.mark.parametrize("value", ["x", "0", "-1", "1.5", "99999999999999999999", "%00"])
def test_a_number_that_is_none(client: httpx.Client, path: str, value: str) -> None:
    asked = re.sub(r"{\w+}", value, path)
    for method in DOCUMENT["paths"][path]:
        answer = client.request(method, asked)
        assert answer.status_code in (404, 422)
        assert_problem(answer, answer.status_code)


@pytest.mark.parametrize("path", sorted({path for _, path, _ in PROBLEMS}))
def test_a_wrong_method(client: httpx.Client, path: str) -> None:
    method = next(each for each in ("put", "patch", "delete") if each not in DOCUMENT["paths"][path])
    answer = client.request(method, unknown(path), json={})
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (path, parameter["name"])
        for method, path, operation in PROBLEMS
        for parameter in operation.get("parameters", [])
        if method == "GET" and parameter["in"] == "query"
    ],
)
def test_a_wrong_value_in_any_parameter(client: httpx.Client, path: str, name: str) -> None:
    """No value makes the server fail; what it refuses, it names."""
    for value in ("\x00", "x" * 5000, "'; DROP TABLE areas; --", "﷽", "", "nan", "-1", "2026-13-41"):
        answer = client.get(unknown(path), params={name: value})
        assert answer.status_code < 500, (name, value, answer.text)
        if answer.status_code >= 400:
            assert_problem(answer, answer.status_code)


def test_a_refusal_names_place_value_and_remedy_in_both_languages(client: httpx.Client) -> None:
    for lang, words in (("zh", "不应大于 1000"), ("en", "at most 1000")):
        answer = client.get("/api/v1/areas", params={"limit": 5000, "lang": lang})
        errors = assert_problem(answer, 422, "request_invalid")["errors"]
        assert [(e["pointer"], e["code"]) for e in errors] == [("/query/limit", "less_than_equal")]
        assert "5000" in errors[0]["detail"]
        assert words in errors[0]["detail"]


def test_the_browser_chooses_the_language_and_the_address_overrules_it(client: httpx.Client) -> None:
    english = client.get("/api/v1/areas/x", headers={"Accept-Language": "en-GB,en;q=0.9"}).json()["title"]
    chinese = client.get("/api/v1/areas/x", params={"lang": "zh"}, headers={"Accept-Language": "en"}).json()["title"]
    assert (english, chinese) == ("Not found", "没有找到")


def test_a_body_that_is_no_json_or_too_large(client: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    broken = client.post("/api/v1/coverage/runs", content="{", headers=headers)
    assert assert_problem(broken, 422, "request_invalid")["errors"][0]["code"] == "json_invalid"
    large = client.post("/api/v1/coverage/runs", content=b" " * (MAX_BODY_BYTES + 1), headers=headers)
    assert_problem(large, 413, "body_too_large")


def test_a_defect_shows_nothing_of_the_inside(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.post("/defect", headers={"X-Request-Id": "drill-7"})
    body = assert_problem(answer, 500, "internal")
    assert body["request_id"] == "drill-7"
    assert "inside" not in answer.text
    assert "ZeroDivision" not in answer.text
    logged = next(record for record in caplog.records if "drill-7" in record.getMessage())
    assert logged.exc_info


def test_a_request_number_is_taken_over_if_sane(client: httpx.Client) -> None:
    def number(given: str) -> str:
        return client.get("/health/live", headers={"X-Request-Id": given}).headers["x-request-id"]

    assert number("trace-01.a_B") == "trace-01.a_B"
    for odd in ("a b", "x" * 65, "<script>", ""):
        assert re.fullmatch("[0-9a-f]{32}", number(odd))
    assert number("") != number("")


@pytest.mark.parametrize("path", ["/", "/docs", "/api/v1/folder", "/api/v1/nothing", "/problems/internal", "/metrics"])
def test_security_headers_on_every_answer(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_every_error_has_a_page_with_its_words(client: httpx.Client) -> None:
    codes = [key.removeprefix("error.") for key in catalogue() if key.startswith("error.")]
    assert len(codes) > 20
    for code in codes:
        page = client.get(f"/problems/{code}", params={"lang": "en"})
        assert page.status_code == 200
        assert f"<code>{code}</code>" in page.text
    assert_problem(client.get("/problems/never_heard_of"), 404, "problem_unknown")


def test_every_class_of_errors_has_a_status() -> None:
    def below(cls: type[GridMgmtError]) -> Iterator[type[GridMgmtError]]:
        yield cls
        for child in cls.__subclasses__():
            yield from below(child)

    statuses = {cls.__name__: next(STATUS[c] for c in cls.__mro__ if c in STATUS) for cls in below(GridMgmtError)}
    assert statuses["LeaseLostError"] == 409
    assert statuses["StaleVersionError"] == 412
    assert statuses["FileRefusedError"] == 422
    assert [name for name, status in statuses.items() if status == 500] == ["GridMgmtError"]
    for status in STATUS.values():
        assert {f"title.{int(status)}", f"remedy.{int(status)}"} <= catalogue().keys()


def test_requests_are_counted_by_route(client: httpx.Client) -> None:
    for code in ("a", "b", "c"):
        client.get(f"/api/v1/areas/{code}")
    text = client.get("/metrics").text
    counted = re.search(
        r'gridmgmt_http_requests_total{method="GET",route="/api/v1/areas/{code}",status="404"} (\d+)', text
    )
    assert counted
    assert int(counted[1]) >= 3
    assert re.search(r'_bucket{route="/api/v1/areas/{code}",le="\+Inf"} \d+', text)
    assert 'route="/api/v1/areas/a"' not in text


def test_the_server_starts_without_what_takes_seconds_to_load() -> None:
    """Libraries that it seldom needs, and how each of five hundred answers is checked."""
    slow = ("numba", "geopandas", "pandas", "folium", "rasterio", "osmium")
    code = f"""
import sys, api.commands
from api.schemas import Answer
print([name for name in {slow!r} if name in sys.modules])
print([shape.__name__ for shape in Answer.__subclasses__() if shape.__pydantic_complete__])
"""
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split("\n") == ["[]", "[]", ""]


def test_every_shape_is_worked_out_when_it_is_first_used() -> None:
    def below(cls: type[BaseModel]) -> Iterator[type[BaseModel]]:
        for child in cls.__subclasses__():
            yield child
            yield from below(child)

    shapes = {each for each in below(BaseModel) if each.__module__.startswith("api.")}
    assert len(shapes) > 100
    assert [each.__name__ for each in shapes if not issubclass(each, Shape)] == []
