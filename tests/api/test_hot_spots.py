"""Hot spots and repeated places over HTTP, on the command line and as a page, each number beside its list."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import shapely
from click.testing import CliRunner

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.areas.queries import area_frame
from gridmgmt.cli.main import root
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.settings import Settings
from tests.api.conftest import NOW
from tests.support.actors import add_account, add_key, bearer
from tests.support.hot_ground import LAST, add_cases, cell, load_ground
from tests.support.serving import served

YEAR = {"from": "2026-01-01", "to": "2026-12-31"}
HOT = [(x, y) for x in (3, 4, 5) for y in (7, 8, 9)]


@pytest.fixture(scope="module")
def sessions(module_database_url: str) -> Iterator[object]:
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        load_ground(session)
        add_cases(session, [(x + 0.5, y + 0.5) for x in range(12) for y in range(12)], type="0102")
        add_cases(session, [(x + 0.5, y + 0.5) for x, y in HOT for _ in range(9)], address="菊盛路<1>号")
        add_cases(session, [(10.5, 1.5)] * 30, flags=["default_point"])
        add_cases(session, [(10.5, 1.5)] * 30, state="duplicate")
    yield sessions
    engine.dispose()


@pytest.fixture(scope="module")
def client(module_database_url: str, sessions) -> Iterator[httpx.Client]:
    with served(create_app(Settings(), module_database_url, clock=lambda: NOW)) as client:
        add_account(sessions, "analyst", Role.ANALYST)
        client.headers.update(bearer(add_key(sessions, "analyst")))
        yield client


def get(client: httpx.Client, path: str, **query: object) -> dict[str, object]:
    answer = client.get(f"/api/v1/{path}", params={**YEAR, "lang": "en", **query})  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def listed(client: httpx.Client, address: str) -> int:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["count"]["value"])


def test_each_area_opens_its_cases(client: httpx.Client) -> None:
    found = get(client, "hot-spots")
    assert found["period"] == {"from": "2026-01-01", "to": "2026-12-31"}
    assert found["synthetic"] is True
    assert found["basis"] == {
        "areas_on": "2026-12-31", "redrawn": False, "areas": 144, "cases": 225, "outside": 0, "unknown_place": 30,
        "permutations": 99_999, "least_p": 0.00002,
    }  # fmt: skip
    items = found["items"]
    assert {item["code"] for item in items} >= {cell(4, 8), cell(3, 8), cell(4, 9)}
    for item in items:
        assert listed(client, item["cases"]) == item["count"], item["cases"]
        assert (item["spot"], item["spot_text"]) == ("hot", "Hot spot")
        west, south, east, north = item["bbox"]
        assert west < item["lon"] < east
        assert south < item["lat"] < north
    named = dict(parse_qsl(urlsplit(items[0]["cases"]).query))
    assert named.items() >= {"measure": "reported", "counted_from": "2026-01-01", "counted_to": "2026-12-31"}.items()


def test_the_layer_of_the_map_has_the_surfaces(client: httpx.Client, sessions) -> None:
    items = get(client, "hot-spots")["items"]
    layer = get(client, "hot-spots.geojson")
    assert [feature["properties"] for feature in layer["features"]] == items
    with sessions() as session:
        frame = area_frame(session, LAST).set_index("code").geometry
    for feature in layer["features"]:
        assert shapely.equals_exact(shapely.from_geojson(json.dumps(feature["geometry"])), frame[feature["id"]], 1e-6)


@pytest.mark.parametrize("same_type", ["true", "false"])
def test_each_place_opens_its_cases(client: httpx.Client, same_type: str) -> None:
    found = get(client, "repeated-places", same_type=same_type)
    assert (found["cases"], found["unknown_place"], found["places_found"]) == (225, 30, 9)
    assert found["within_m"] == 20
    assert [item["count"] for item in found["items"]] == [9 if same_type == "true" else 10] * 9
    for item in found["items"]:
        assert listed(client, item["cases"]) == item["count"] == sum(each["count"] for each in item["types"])
        assert item["address"] == "菊盛路<1>号"
    assert len(get(client, "repeated-places", same_type=same_type, limit=2)["items"]) == 2


def test_an_answer_that_is_held_is_not_sent_again(client: httpx.Client) -> None:
    tag = client.get("/api/v1/hot-spots", params=YEAR).headers["etag"]
    again = client.get("/api/v1/hot-spots", params=YEAR, headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_without_a_period_it_is_the_year_up_to_today(client: httpx.Client) -> None:
    assert client.get("/api/v1/hot-spots").json()["period"] == {"from": "2025-01-16", "to": "2026-01-15"}


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("hot-spots", "from=2026-01-01", "period_incomplete"),
        ("hot-spots", "from=2026-02-01&to=2026-01-01", "period_backwards"),
        ("hot-spots", "from=2020-01-01&to=2026-01-01", "period_too_long"),
        ("hot-spots", "from=2018-01-01&to=2018-12-31", "period_before_editions"),
        ("hot-spots", "false_discovery=1", "false_discovery_no_share"),
        ("hot-spots", "level=town", "request_invalid"),
        ("hot-spots.geojson", "from=2018-01-01&to=2018-12-31", "period_before_editions"),
        ("repeated-places", "within_m=500", "repeats_out_of_range"),
        ("repeated-places", "least=1", "repeats_out_of_range"),
        ("repeated-places", "limit=1001", "repeats_out_of_range"),
    ],
)
def test_what_cannot_be_asked_is_refused(client: httpx.Client, path: str, query: str, code: str) -> None:
    answer = client.get(f"/api/v1/{path}?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{code}")
    if code == "repeats_out_of_range":
        assert query.partition("=")[0] in answer.json()["detail"]


@pytest.mark.parametrize("path", ["hot-spots", "repeated-places"])
def test_a_type_that_nobody_knows_is_not_counted_as_nothing(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/api/v1/{path}?type=9999")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/indicator_type_unknown")


def run(url: str, *command: str) -> str:
    done = CliRunner().invoke(
        root, ["--lang", "en", *command], env={"GRIDMGMT_DATABASE_URL": url}, catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_line_tells_the_same(module_database_url: str, client: httpx.Client) -> None:
    span = ("--from", "2026-01-01", "--to", "2026-12-31")
    printed = json.loads(run(module_database_url, "hot-spots", *span, "--json"))
    assert [spot["code"] for spot in printed["spots"]] == [item["code"] for item in get(client, "hot-spots")["items"]]
    table = run(module_database_url, "hot-spots", *span)
    assert "144 areas with 225 cases compared" in table
    assert cell(4, 8) in table
    places = json.loads(run(module_database_url, "repeated-places", *span, "--json"))
    assert [place["count"] for place in places["places"]] == [9] * 9
    assert "菊盛路<1>号" in run(module_database_url, "repeated-places", *span)


def test_the_page_holds_all_that_it_needs(module_database_url: str, client: httpx.Client, tmp_path: Path) -> None:
    span, file = ("--from", "2026-01-01", "--to", "2026-12-31"), tmp_path / "cases.html"
    run(module_database_url, "map", "cases", *span, "-o", str(file))
    page = file.read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", page)
    assert "菊盛路&lt;1&gt;号" in page
    assert "菊盛路<1>号" not in page
    assert page.count('class="badge"') == 2, "says in both languages that its data are synthetic"
    data = json.loads(re.search(r"const PAGE = (.*);\n", page)[1])
    assert len(data["cases"]) == 144 * 4
    assert sum(data["cases"][2::4]) == 225
    assert len(data["spots"]) == len(get(client, "hot-spots")["items"])
    assert len(data["repeats"]) == 9
    run(module_database_url, "map", "cases", *span, "-o", str(file))
    assert file.read_text(encoding="utf-8") == page
