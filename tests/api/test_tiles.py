"""The tile route over real HTTP: a server of its own on a free port, a real PostGIS behind it."""

import asyncio
import contextlib
import gzip
import json
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from api.gate import Gate
from api.tiles import TileApp, TileRequest, TilesFirst, takes_gzip
from gridmgmt.access.rules import Permission
from gridmgmt.cluster import Cluster
from gridmgmt.db import make_engine, make_sessions, migrate, transaction
from gridmgmt.reader import Reader
from gridmgmt.settings import ResultForm, Settings
from layers.cache import ByteCache, SingleFlight
from layers.specs import LAYERS
from layers.tiles import tile_at
from tests.support import serving
from tests.support.serving import until

TOWN = Path(__file__).parents[1] / "fixtures" / "drawn_town.sql"
TILE = tile_at(121.47, 31.2, 14)
PATH = f"{TILE.z}/{TILE.x}/{TILE.y}.mvt"
DEADLINE_S = 30.0


@contextlib.contextmanager
def served(url: str, results: ResultForm = "exact") -> Iterator[httpx.Client]:
    """A server of the tile route alone, reached as in the whole application."""
    settings, engine = Settings(results=results, reading="open"), make_engine(url)

    def clock() -> datetime:
        return datetime(2024, 6, 1, tzinfo=UTC)

    gate = Gate(settings, partial(transaction, make_sessions(engine)), clock)
    tiles = TileApp(settings, url, gate, clock=clock)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await tiles.startup()
        yield
        await tiles.shutdown()
        engine.dispose()

    routes = TilesFirst(Starlette(lifespan=lifespan), tiles)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["request_id"] = "test-1"
        await routes(scope, receive, send)

    with serving.served(app, "/tiles/") as client:
        yield client


@pytest.fixture
def town_url(fresh_database_url: str) -> str:
    with psycopg.connect(fresh_database_url) as connection:
        connection.execute(TOWN.read_bytes())
    return fresh_database_url


@pytest.fixture
def client(town_url: str) -> Iterator[httpx.Client]:
    with served(town_url) as client:
        yield client


@pytest.fixture(scope="module")
def steady(module_database_url: str) -> Iterator[httpx.Client]:
    """For tests that change nothing."""
    with psycopg.connect(module_database_url) as connection:
        connection.execute(TOWN.read_bytes())
    with served(module_database_url) as client:
        yield client


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["type"], body["status"], body["request_id"]) == (f"/problems/{code}", status, "test-1")
    return body


@pytest.mark.parametrize("layer", [name for name, each in LAYERS.items() if each.asks is Permission.READ])
def test_every_layer_gives_a_tile(steady: httpx.Client, layer: str) -> None:
    tile = tile_at(121.4701, 31.2001, max(TILE.z, LAYERS[layer].min_zoom))
    response = steady.get(f"{layer}/{tile.z}/{tile.x}/{tile.y}.mvt")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["cache-control"] == ("private, no-cache" if layer == "coverage" else "no-cache")
    assert layer.encode() in response.content


def test_compressed_and_plain_are_the_same_tile(client: httpx.Client) -> None:
    plain = client.get(f"areas/{PATH}", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with client.stream("GET", f"areas/{PATH}", headers={"Accept-Encoding": "gzip"}) as response:
        packed = b"".join(response.iter_raw())
        assert response.headers["content-encoding"] == "gzip"
        assert int(response.headers["content-length"]) == len(packed)
        assert response.headers["etag"] == plain.headers["etag"]
    assert gzip.decompress(packed) == plain.content


def test_head_is_get_without_the_body(client: httpx.Client) -> None:
    got, head = client.get(f"areas/{PATH}"), client.head(f"areas/{PATH}")
    assert head.status_code == 200
    assert head.content == b""
    for name in ("etag", "content-type", "content-length", "content-encoding", "cache-control"):
        assert head.headers[name] == got.headers[name]


def test_nothing_there_is_204(client: httpx.Client) -> None:
    for path in ("cases/14/0/0.mvt", "coverage/3/6/3.mvt"):
        response = client.get(path)
        assert (response.status_code, response.content) == (204, b"")
        assert "content-length" not in response.headers


def test_a_tile_already_held_is_304_until_its_layer_changes(client: httpx.Client, town_url: str) -> None:
    first = client.get(f"gates/{PATH}")
    held = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    again = client.get(f"gates/{PATH}", headers=held)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]

    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE service_points SET name = '改' WHERE code = 'P1'")
    assert client.get(f"gates/{PATH}", headers=held).status_code == 304, "another layer changed"

    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE gates SET access = 'closed'")
    changed = client.get(f"gates/{PATH}", headers=held)
    assert changed.status_code == 200
    assert b"closed" in changed.content
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_tile_of_cases_is_known_by_what_it_shows(client: httpx.Client, town_url: str) -> None:
    """Nobody counts the changes of cases: what is seen decides, also when it is as it was before."""
    first = client.get(f"cases/{PATH}")
    held = {"If-None-Match": first.headers["etag"]}
    assert client.get(f"cases/{PATH}", headers=held).status_code == 304
    assert client.get(f"cases/{PATH}?state=closed", headers=held).status_code == 204
    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE cases SET state = 'closed' WHERE case_no = 'C1'")
        assert client.get(f"cases/{PATH}", headers=held).status_code == 304, "not committed yet"
    changed = client.get(f"cases/{PATH}", headers=held)
    assert (changed.status_code, b"closed" in changed.content) == (200, True)
    assert b"C1" in client.get(f"cases/{PATH}?state=closed&state=voided").content
    assert b"C1" not in client.get(f"cases/{PATH}?open=true").content
    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE cases SET state = 'reported' WHERE case_no = 'C1'")
    assert client.get(f"cases/{PATH}", headers=held).status_code == 304
    assert "bounds" not in client.get("cases.json").json()


def test_a_rolled_back_write_changes_nothing(client: httpx.Client, town_url: str) -> None:
    first = client.get(f"gates/{PATH}")
    with psycopg.connect(town_url) as connection:
        connection.execute("DELETE FROM gates")
        during = client.get(f"gates/{PATH}")
        connection.rollback()
    assert first.content == during.content == client.get(f"gates/{PATH}").content
    assert client.get(f"gates/{PATH}", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_tags_differ_by_what_was_asked(client: httpx.Client) -> None:
    queries = ("", "?on=2023-12-31", "?level=town", "?level=sector")
    assert len({client.get(f"areas/{PATH}{query}").headers["etag"] for query in queries}) == len(queries)


def test_a_finished_run_replaces_the_one_before(client: httpx.Client, town_url: str) -> None:
    assert b"not_connectable" in client.get(f"coverage/{PATH}").content
    with psycopg.connect(town_url) as connection:
        old = connection.execute("SELECT min(run_id), max(run_id) FILTER (WHERE document <> '') FROM coverage_runs")
        oldest, drawn = old.fetchone() or (0, 0)
        connection.execute("UPDATE coverage_runs SET document = '{}', finished_at = now() WHERE document IS NULL")
    assert client.get(f"coverage/{PATH}").status_code == 204, "the newest run has no places"
    assert client.get(f"coverage/{PATH}?run={drawn}").status_code == 200
    assert client.get(f"coverage/{PATH}?run={oldest}").status_code == 204


def test_before_any_run_the_coverage_is_empty(fresh_database_url: str) -> None:
    with served(fresh_database_url) as client:
        assert client.get(f"coverage/{PATH}").status_code == 204
        assert client.get("coverage.json").json()["tilejson"] == "3.0.0"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"nothing/{PATH}", 404, "layer_unknown"),
        ("nothing.json", 404, "layer_unknown"),
        ("nothing/x/y/z.mvt", 404, "layer_unknown"),
        ("areas", 404, "tile_address_unknown"),
        ("areas/1/0/0", 404, "tile_address_unknown"),
        ("areas/1/0/0.pbf", 404, "tile_address_unknown"),
        (f"coverage/{PATH}?run=999", 404, "layer_run_unknown"),
        ("areas/x/0/0.mvt", 400, "tile_number_malformed"),
        ("areas/1/0.5/0.mvt", 400, "tile_number_malformed"),
        ("areas/1/0/-1.mvt", 400, "tile_number_malformed"),
        ("areas/23/0/0.mvt", 400, "tile_zoom_impossible"),
        ("areas/3/8/0.mvt", 400, "tile_number_impossible"),
        ("areas/3/0/8.mvt", 400, "tile_number_impossible"),
        (f"areas/{PATH}?bbox=1", 400, "layer_parameter_unknown"),
        (f"cases/{PATH}?level=town", 400, "layer_parameter_unknown"),
        (f"cases/{PATH}?state=lost", 400, "layer_value_unknown"),
        (f"cases/{PATH}?open=1", 400, "layer_value_unknown"),
        (f"cases/{PATH}?kind=litter", 400, "layer_value_unknown"),
        (f"cases/{PATH}?type=a&type=b", 400, "layer_parameter_twice"),
        (f"cases/{PATH}?measure=due&counted_from=2026-10-01", 400, "counted_incomplete"),
        (f"cases/{PATH}?counted_to=20261031", 400, "layer_date_malformed"),
        (f"cases/{PATH}?reported_from=2026-10-01T00:00:00", 400, "layer_moment_malformed"),
        (f"cases/{PATH}?reported_to=soon", 400, "layer_moment_malformed"),
        (f"cases/{PATH}?q=%20", 400, "layer_text_malformed"),
        (f"cases/{PATH}?near=121,31", 400, "near_malformed"),
        (f"areas/{PATH}?on=2024-01-01&on=2024-01-02", 400, "layer_parameter_twice"),
        (f"areas/{PATH}?on=2024-13-01", 400, "layer_date_malformed"),
        (f"areas/{PATH}?on=20240101", 400, "layer_date_malformed"),
        (f"areas/{PATH}?on=", 400, "layer_date_malformed"),
        (f"areas/{PATH}?level=village", 400, "layer_level_unknown"),
        (f"coverage/{PATH}?run=0", 400, "layer_run_malformed"),
        (f"coverage/{PATH}?run=1%27--", 400, "layer_run_malformed"),
        (f"coverage/{PATH}?run=99999999999999999999", 400, "layer_run_malformed"),
    ],
)
def test_what_cannot_be_drawn_is_a_problem(steady: httpx.Client, path: str, status: int, code: str) -> None:
    body = assert_problem(steady.get(path), status, code)
    english = steady.get(path, headers={"Accept-Language": "en"}).json()
    assert english["detail"] != body["detail"]


def test_the_language_of_problems_can_be_asked_for(client: httpx.Client) -> None:
    assert client.get("nothing.json?lang=en").json()["detail"].startswith("layer nothing does not exist")
    assert client.get(f"areas/{PATH}?lang=en").status_code == 200


def test_only_reading_is_answered(client: httpx.Client) -> None:
    response = client.post(f"areas/{PATH}")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


def test_places_are_withheld_in_the_public_form(town_url: str) -> None:
    with served(town_url, "public") as client:
        for path in (f"coverage/{PATH}", "coverage.json", "coverage/3/6/3.mvt"):
            assert_problem(client.get(path), 403, "layer_withheld")
        assert client.get(f"areas/{PATH}").status_code == 200


def test_automatic_form_turns_public_with_the_first_real_edition(town_url: str) -> None:
    with served(town_url, "auto") as client:  # type: ignore[arg-type]  # the setting takes auto as well
        tag = client.get(f"coverage/{PATH}").headers["etag"]
        with psycopg.connect(town_url) as connection:
            connection.execute("ALTER TABLE editions DISABLE TRIGGER guard_boundary_edition")
            connection.execute("UPDATE editions SET synthetic = false")
        assert_problem(client.get(f"coverage/{PATH}", headers={"If-None-Match": tag}), 403, "layer_withheld")


def test_an_edition_is_drawn_by_its_name(client: httpx.Client) -> None:
    first, second = (client.get(f"areas/{PATH}", params={"edition": name}) for name in ("areas", "areas 2024"))
    assert "旧居民区".encode() in first.content
    assert "旧居民区".encode() not in second.content
    assert first.headers["etag"] != second.headers["etag"]
    again = client.get(f"areas/{PATH}?edition=areas", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert client.get("areas.json?edition=areas").json()["tiles"][0].endswith("?edition=areas")


def test_an_edition_that_cannot_be_is_a_problem(client: httpx.Client) -> None:
    for address in (f"areas/{PATH}?edition=nowhere", f"topology/{PATH}?edition=nowhere", "areas.json?edition=nowhere"):
        assert_problem(client.get(address), 404, "layer_edition_unknown")
    assert_problem(client.get(f"areas/{PATH}?edition=areas&on=2024-01-01"), 400, "layer_date_and_edition")


def test_tilejson_says_what_a_map_needs(client: httpx.Client) -> None:
    response = client.get("areas.json?level=town")
    body = response.json()
    assert response.headers["content-type"] == "application/json"
    assert body["tilejson"] == "3.0.0"
    assert body["tiles"] == [f"{str(client.base_url).rstrip('/')}/areas/{{z}}/{{x}}/{{y}}.mvt?level=town"]
    assert body["bounds"] == [121.4, 31.15, 121.5, 31.25]
    assert body["attribution"] == "drawn by hand"
    assert body["synthetic"] is True
    assert [(v["id"], set(v["fields"])) for v in body["vector_layers"]] == [("areas", set(LAYERS["areas"].fields))]
    url = body["tiles"][0].format(z=TILE.z, x=TILE.x, y=TILE.y)
    assert client.get(url).status_code == 200


def test_tilejson_does_not_repeat_a_forged_host(client: httpx.Client) -> None:
    body = client.get("areas.json", headers={"Host": "evil.example/<script>"}).json()
    assert body["tiles"][0].startswith("http://127.0.0.1:")


def test_attribution_is_escaped_for_maps(client: httpx.Client, town_url: str) -> None:
    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE editions SET source = '<img src=x>' WHERE subject = 'cases'")
    assert client.get("cases.json").json()["attribution"] == "&lt;img src=x&gt;"


def test_a_lost_database_is_503_and_heals(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "folder", {"fsync": "off"})
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(cluster.using())
        migrate(url)
        with psycopg.connect(url) as connection:
            connection.execute(TOWN.read_bytes())
        with served(url) as client:
            before = client.get(f"areas/{PATH}")
            assert before.status_code == 200
            stack.close()
            lost = client.get(f"areas/{PATH}")
            assert_problem(lost, 503, "database_unavailable")
            assert int(lost.headers["retry-after"]) > 0
            with cluster.using():
                until(lambda: client.get(f"areas/{PATH}").status_code == 200)
                assert client.get(f"areas/{PATH}").content == before.content


def test_dead_connections_are_replaced_without_an_error(client: httpx.Client, town_url: str) -> None:
    assert client.get(f"areas/{PATH}").status_code == 200
    with psycopg.connect(town_url) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert client.get(f"areas/{PATH}").status_code == 200


def _drawing(url: str) -> int:
    with psycopg.connect(url) as admin:
        row = admin.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE %s AND wait_event_type = 'Lock'",
            ["%WITH features AS (%"],
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_the_query_ends_when_the_client_leaves(client: httpx.Client, town_url: str) -> None:
    host, port = client.base_url.host, client.base_url.port
    with psycopg.connect(town_url) as blocker:
        blocker.execute("LOCK TABLE gates IN ACCESS EXCLUSIVE MODE")
        with socket.create_connection((host, port or 80)) as leaving:
            leaving.sendall(f"GET /tiles/gates/{PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            until(lambda: _drawing(town_url) == 1)
        until(lambda: _drawing(town_url) == 0)
        blocker.rollback()
    assert client.get(f"gates/{PATH}").status_code == 200


def test_equal_requests_at_once_are_drawn_once(
    client: httpx.Client, town_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, drawn = _counted(monkeypatch, TileApp, "_first_drawing"), _counted(monkeypatch, TileApp, "_draw")
    with psycopg.connect(town_url) as blocker, ThreadPoolExecutor(8) as readers:
        blocker.execute("LOCK TABLE gates IN ACCESS EXCLUSIVE MODE")
        answers = [readers.submit(client.get, f"gates/{PATH}") for _ in range(8)]
        until(lambda: len(asked) == 8)
        blocker.rollback()
    assert {answer.result().status_code for answer in answers} == {200}
    assert len({answer.result().content for answer in answers}) == 1
    assert len(drawn) == 1


def test_a_tile_never_drawn_here_is_one_question_to_the_database(
    client: httpx.Client, town_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _counted(monkeypatch, Reader, "_fetch")
    first = client.get(f"gates/{PATH}")
    assert len(asked) == 1
    assert client.get(f"gates/{PATH}").headers["etag"] == first.headers["etag"]
    assert len(asked) == 2, "only whether it still holds"
    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE gates SET access = 'closed'")
    assert b"closed" in client.get(f"gates/{PATH}").content


def _counted(monkeypatch: pytest.MonkeyPatch, where: type, name: str) -> list[str]:
    """Note each call of a method, which still does its work."""
    calls: list[str] = []
    method = getattr(where, name)

    def noted(*arguments: Any) -> Any:
        calls.append(name)
        return method(*arguments)

    monkeypatch.setattr(where, name, noted)
    return calls


def test_work_is_shared_and_cancelled_only_when_all_have_left() -> None:
    async def drill() -> list[str]:
        flights: SingleFlight[str] = SingleFlight()
        log: list[str] = []
        release = asyncio.Event()

        async def work() -> str:
            log.append("began")
            try:
                await release.wait()
            except asyncio.CancelledError:
                log.append("cancelled")
                raise
            return "done"

        first, second = (asyncio.create_task(flights.run("a", work)) for _ in range(2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        release.set()
        log.append(await second)

        release.clear()
        third = asyncio.create_task(flights.run("a", work))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        third.cancel()
        await asyncio.gather(third, return_exceptions=True)
        await asyncio.sleep(0)
        return log

    assert asyncio.run(drill()) == ["began", "done", "began", "cancelled"]


def test_the_cache_stays_within_its_bytes_and_drops_the_oldest() -> None:
    cache = ByteCache(limit_bytes=10_000)
    for number in range(100):
        cache.put(number, bytes(1000))
        cache.get(0)
        assert cache.held_bytes <= 10_000
    assert cache.get(0) is not None, "used all the time"
    assert cache.get(99) is not None
    assert cache.get(1) is None
    cache.put("huge", bytes(20_000))
    assert cache.get("huge") is None
    cache.put(99, b"")
    assert cache.get(99) == b""


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.2", True),
        ("gzip;q=0", False),
        ("*;q=0.1", True),
        ("identity", False),
        ("", False),
        ("gzip;q=0, *;q=1", False),
    ],
)
def test_accept_encoding(header: str, *, taken: bool) -> None:
    assert takes_gzip(header) == taken


@pytest.mark.parametrize(
    ("held", "matches"),
    [
        (b'W/"a"', True),
        (b'"a"', True),
        (b"*", True),
        (b'"b", W/"a"', True),
        (b'"b"', False),
        (b"", False),
        (b"a", False),
    ],
)
def test_if_none_match_compares_weakly(held: bytes, *, matches: bool) -> None:
    scope = {"method": "GET", "path": "/", "query_string": b"", "headers": [(b"if-none-match", held)]}
    assert TileRequest(scope).holds('W/"a"') == matches


def test_problems_are_utf8_json(client: httpx.Client) -> None:
    assert "图层" in json.loads(client.get("nothing.json").content)["detail"]
