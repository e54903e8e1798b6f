"""Nobody reads or writes unasked: every route declares what it asks of its caller, and keeps to it."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from api.access import Asks, AsksAccount, Open
from api.app import create_app
from api.compression import Compression
from api.envelope import Envelope
from api.gate import COOKIE
from api.methods import HeadsAsGets
from api.moves import PLAIN, CasesFirst
from api.open311_lists import RequestListsFirst
from api.pages import OPENAPI_PATH
from api.positions import PositionsFirst
from api.query_names import check_address
from api.routes.case_intake import REPORTING
from api.routes.case_moves import MOVING
from api.tiles import TileApp, TilesFirst
from gridmgmt.access.rules import Permission, Role
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.settings import Settings
from tests.support.actors import PASSWORD, add_account, add_key, bearer
from tests.support.serving import served

NOW = datetime(2026, 1, 15, 4, tzinfo=UTC)
QUESTIONS = {
    ("POST", "/api/v1/areas/codes-of-points"), ("POST", "/api/v1/addresses/geocode"), ("POST", "/api/v1/placeability"),
    ("POST", "/api/v1/isochrones"),
}  # fmt: skip
"""What changes nothing and is asked with a body, because it does not fit an address."""
APP = create_app(Settings(reading="accounts"), "postgresql:///unused")
OPEN_ROUTES = {
    ("GET", "/health/live"), ("GET", "/health/ready"), ("GET", "/metrics"),
    ("GET", "/docs"), ("GET", "/docs/start.js"), ("GET", "/problems/{code}"), ("GET", "/{path:path}"),
    ("GET", "/api/v1/session"), ("POST", "/api/v1/session"), ("DELETE", "/api/v1/session"), ("POST", "/api/v1/setup"),
    ("GET", "/open311"), ("GET", "/open311/"), ("GET", "/open311/v2"), ("GET", "/open311/v2/"),
    ("GET", "/open311/discovery.{format}"), ("GET", "/open311/v2/discovery.{format}"),
    *((method, "/open311/{rest:path}") for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")),
}  # fmt: skip
"""All that anybody may ask for; whoever adds to this says why in docs/security.md."""


def declared(dependant: Dependant) -> list[Asks | AsksAccount | Open]:
    """What a route asks, by itself or by its router."""
    own = [dependant.call] if isinstance(dependant.call, Asks | AsksAccount | Open) else []
    return own + [each for below in dependant.dependencies for each in declared(below)]


def routes() -> list[RouteContext]:
    found = [route for route in iter_route_contexts(APP.routes) if isinstance(route.original_route, APIRoute)]
    assert len(found) > 30
    return found


def calls() -> list[tuple[str, RouteContext]]:
    return [(method, route) for route in routes() for method in sorted(route.methods or ())]


ASKING = [(method, route) for method, route in calls() if (method, route.path) not in OPEN_ROUTES]

WRITING = [(method, route) for method, route in ASKING if method != "GET" and (method, route.path) not in QUESTIONS]


def address(path: str | None) -> str:
    assert path is not None
    return re.sub(r"{(\w+)(:path)?}", "1", path)


def ids(value: object) -> str:
    return str(value.path) if isinstance(value, RouteContext) else str(value)


@pytest.fixture(scope="module")
def server(module_database_url: str) -> Iterator[httpx.Client]:
    """A server whose reading takes an account."""
    app = create_app(Settings(reading="accounts"), module_database_url, clock=lambda: NOW)
    with served(app) as client:
        yield client


@pytest.fixture(scope="module")
def reader(module_database_url: str) -> str:
    """A key that may only read."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    add_account(sessions, "operator", Role.OPERATOR)
    secret = add_key(sessions, "operator", [Permission.READ])
    engine.dispose()
    return secret


@pytest.fixture(scope="module")
def nobody(module_database_url: str) -> dict[str, str]:
    """The cookie of an account without any role."""
    engine = make_engine(module_database_url)
    add_account(make_sessions(engine), "newcomer", None)
    engine.dispose()
    with served(create_app(Settings(), module_database_url)) as client:
        client.post("/api/v1/session", json={"name": "newcomer", "password": PASSWORD}).raise_for_status()
        return {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}", "Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize(("method", "route"), calls(), ids=ids)
def test_every_route_declares_what_it_asks(method: str, route: RouteContext) -> None:
    asked = declared(route.dependant)
    assert asked, f"{method} {route.path} forgets to ask: api.access.asks, asks_account or open_to_all"
    is_open = any(isinstance(each, Open) for each in asked)
    assert is_open == ((method, route.path) in OPEN_ROUTES)
    assert not is_open or len(asked) == 1, "open and not open"


def test_a_route_that_changes_something_asks_for_more_than_reading() -> None:
    for method, route in ASKING:
        asked = declared(route.dependant)
        permissions = {each.permission for each in asked if isinstance(each, Asks)}
        own = any(isinstance(each, AsksAccount) for each in asked)
        reads = method == "GET" or (method, route.path) in QUESTIONS
        assert reads or own or permissions - {Permission.READ}, (method, route.path)


def test_an_address_takes_the_names_that_its_route_declares_and_no_other() -> None:
    known = {(method.lower(), route.path_format): route.original_route for method, route in calls()}
    checked = 0
    for path, operations in APP.openapi()["paths"].items():
        for method, operation in operations.items() if path.startswith("/api/v1/") else ():
            route = known[method, path]
            declared_ = [each for each in operation.get("parameters", []) if each["in"] == "query"]
            names = {each["name"] for each in declared_} | {"lang"}
            several = {each["name"] for each in declared_ if '"array"' in json.dumps(each["schema"])}
            check_address(asked(route, [*names, *several]))
            for wrong in ("departement", *(names - several)):
                with pytest.raises(RequestValidationError) as refusal:
                    check_address(asked(route, [*names, wrong]))
                assert [each["loc"] for each in refusal.value.errors()] == [("query", wrong)]
            checked += 1
    assert checked > 200


def asked(route: object, names: list[str]) -> Request:
    """A request whose address has a value under each of some names."""
    query = "&".join(f"{name}=1" for name in names).encode()
    return Request({"type": "http", "route": route, "path_params": {}, "query_string": query})


def test_what_is_no_route_is_known() -> None:
    """The document of the interface is for everybody; tiles are below the routes and ask by themselves."""
    others = [route for route in iter_route_contexts(APP.routes) if not isinstance(route.original_route, APIRoute)]
    assert [route.path for route in others] == [OPENAPI_PATH]
    known: set[object] = {Envelope, TilesFirst, HeadsAsGets, PositionsFirst, CasesFirst, Compression, RequestListsFirst}
    assert {layer.cls for layer in APP.user_middleware} == known
    assert TileApp.ASKS == Permission.READ
    asked = [set(plain.asks) for plain in PLAIN]
    assert asked == [{REPORTING}, set(MOVING)]


@pytest.mark.parametrize(("method", "route"), ASKING, ids=ids)
def test_the_unknown_get_401(server: httpx.Client, method: str, route: RouteContext) -> None:
    assert_refused(server.request(method, address(route.path)), 401)


def test_the_unknown_get_no_areas_at_a_position(server: httpx.Client, reader: str) -> None:
    """A plain question is answered before its route is asked, but only where reading is open."""
    question = "/api/v1/areas/at?lon=121.4&lat=31.3"
    assert_refused(server.get(question), 401)
    assert server.get(question, headers=bearer(reader)).json() == {"items": []}


@pytest.mark.parametrize("path", ["/tiles/areas/0/0/0.mvt", "/tiles/areas.json", "/tiles/nothing"])
def test_the_unknown_get_no_tile(server: httpx.Client, path: str, reader: str) -> None:
    assert_refused(server.get(path), 401)
    assert server.get(path, headers=bearer(reader)).status_code in {200, 204, 404}


@pytest.mark.parametrize(("method", "route"), ASKING, ids=ids)
def test_an_account_without_the_permission_gets_403(
    server: httpx.Client, method: str, route: RouteContext, nobody: dict[str, str]
) -> None:
    asked = declared(route.dependant)
    answer = server.request(method, address(route.path), headers=nobody)
    if any(isinstance(each, Asks) for each in asked):
        assert_refused(answer, 403)
    else:
        assert answer.status_code in {200, 404, 422}, "its own things"


@pytest.mark.parametrize(("method", "route"), WRITING, ids=ids)
def test_whoever_may_read_may_not_write(server: httpx.Client, method: str, route: RouteContext, reader: str) -> None:
    if any(isinstance(each, Asks) for each in declared(route.dependant)):
        assert_refused(server.request(method, address(route.path), headers=bearer(reader)), 403)


@pytest.mark.parametrize(("method", "path"), sorted(OPEN_ROUTES))
def test_what_is_open_answers_everybody(server: httpx.Client, method: str, path: str) -> None:
    assert server.request(method, address(path)).status_code not in {401, 403}


def assert_refused(answer: httpx.Response, status: int) -> None:
    """Every refusal is a problem, but those of Open311 are told in its own shape, which has no 401."""
    open311 = answer.request.url.path.startswith("/open311/")
    assert answer.status_code == (403 if open311 else status), answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Cookie, Authorization"
    if open311:
        assert "<errors><error><code>403</code>" in answer.text
        return
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in answer.headers) == (status == 401)
