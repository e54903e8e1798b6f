"""The government of towns over HTTP: the mode report, decisions and overrides, organs, centres and their matrix."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pyproj
import pytest
import shapely
from sqlalchemy.orm import sessionmaker

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.settings import Settings
from tests.support import governed
from tests.support.actors import add_account, add_key, bearer
from tests.support.governed import DACHANG, GUCUN, MIAOHANG, UNITS, YANGHANG, ZHANGMIAO, town_square
from tests.support.serving import served

NOW = datetime(2026, 1, 15, 4, tzinfo=UTC)
MANY = {"number": 370_000, "counted_on": "2014-12-31", "source": "统计年鉴"}
ORDER = {"by": "宝山区委", "document": "宝委〔2015〕1号", "reason": "大华社区已确定", "dated": "2014-12-31"}
SIX = ["community_affairs", "health", "culture", "party_building", "public_security", "grid_management"]


@pytest.fixture
def sessions(fresh_database_url: str) -> Iterator[sessionmaker[Session]]:
    """Sessions on the governed district on paper."""
    engine = make_engine(fresh_database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        governed.build(session)
    yield sessions
    engine.dispose()


@pytest.fixture
def planner(fresh_database_url: str, sessions: sessionmaker[Session]) -> Iterator[httpx.Client]:
    """A planner's client of it."""
    add_account(sessions, "planner", Role.PLANNER)
    with served(create_app(Settings(), fresh_database_url, clock=lambda: NOW)) as client:
        client.headers.update({**bearer(add_key(sessions, "planner")), "Accept-Language": "en"})
        yield client


def town(client: httpx.Client, code: str, **query: str) -> dict[str, Any]:
    towns = client.get("/api/v1/town-modes", params=query).json()["towns"]
    return next(each for each in towns if each["code"] == code)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_every_town_has_a_mode_or_is_a_gap(planner: httpx.Client) -> None:
    report = planner.get("/api/v1/town-modes").json()
    assert (report["on"], report["editions"], report["synthetic"]) == ("2026-01-15", ["2015"], True)
    assert (len(report["towns"]), len(report["gaps"])) == (12, 9)
    assert report["rule"]["min_residents"] == 200_000
    assert planner.post(f"/api/v1/town-modes/{MIAOHANG}", json={"mode": "direct"}).status_code == 201
    assert MIAOHANG not in planner.get("/api/v1/town-modes").json()["gaps"]
    yanghang = town(planner, YANGHANG)
    assert (yanghang["quarters"], [sector["quarters"] for sector in yanghang["sectors"]]) == (40, [12, 13, 9, 6])
    assert (town(planner, MIAOHANG)["quarters"], town(planner, MIAOHANG)["sectors"]) == (19, [])
    assert town(planner, ZHANGMIAO)["applicable"] is False
    outline = town_square(GUCUN)
    m2 = abs(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(outline)[0])
    assert town(planner, GUCUN)["area_m2"] == pytest.approx(m2, rel=1e-6)


def test_the_unit_mode_against_the_rule_takes_an_override_that_stays_visible(planner: httpx.Client) -> None:
    ask = {"mode": "basic_management_unit", "on": "2015-01-01", "residents": MANY, "delineable": False}
    address = f"/api/v1/town-modes/{DACHANG}"
    assert refusal(planner.post(address, json=ask)) == (422, "unit_mode_advised_against")
    decided = planner.post(address, json={**ask, "override": ORDER})
    assert decided.status_code == 201, decided.text
    assert (decided.json()["passed"], decided.json()["override"]["document"]) == (False, ORDER["document"])
    seen = town(planner, DACHANG)
    assert (seen["decision"]["mode"], seen["decision"]["override"]["by"]) == ("basic_management_unit", "宝山区委")
    table = planner.get("/api/v1/town-modes", params={"format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    row = next(row for row in csv.reader(io.StringIO(table.content.decode("utf-8-sig"))) if row[0] == DACHANG)
    assert any(ORDER["document"] in cell for cell in row)
    units = planner.get("/api/v1/town-modes", params={"format": "csv", "table": "units"}).content.decode("utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(units))][1:] == [
        each["code"] for each in planner.get("/api/v1/town-modes").json()["towns"] for each in each["units"]
    ]
    ended = planner.delete(address, params={"on": "2026-01-15"}).json()
    assert (ended["valid_from"], ended["valid_to"]) == ("2015-01-01", "2026-01-15")
    assert town(planner, DACHANG)["undecided"] is True
    assert town(planner, DACHANG, on="2026-01-14")["decision"]["mode"] == "basic_management_unit"
    areas = {
        day: planner.get(f"/api/v1/areas/{DACHANG}", params={"on": day}).json()["mode"]
        for day in ("2020-01-01", "2026-01-15")
    }
    assert areas == {"2020-01-01": "basic_management_unit", "2026-01-15": None}


@pytest.mark.parametrize(("number", "passes"), [(200_000, False), (200_001, True)])
def test_the_limits_must_be_exceeded(planner: httpx.Client, number: int, passes: bool) -> None:
    ask = {"mode": "basic_management_unit", "residents": {**MANY, "number": number}, "delineable": True}
    answer = planner.post(f"/api/v1/town-modes/{GUCUN}", json=ask)
    assert answer.status_code == (201 if passes else 422)


def test_what_does_not_fit_a_mode_is_a_conflict_in_words(planner: httpx.Client) -> None:
    planner.post(f"/api/v1/town-modes/{YANGHANG}", json={"mode": "direct"})
    found = town(planner, YANGHANG)
    assert found["conflicts"] == ["direct_with_sector"]
    assert "sector" in found["conflict_texts"][0]
    assert refusal(planner.post(f"/api/v1/town-modes/{ZHANGMIAO}", json={"mode": "direct"})) == (
        422,
        "mode_not_applicable",
    )


def test_tags_organs_and_posts(planner: httpx.Client) -> None:
    sector, unit = f"{YANGHANG}-S1", next(iter(UNITS))
    tag = {"code": sector, "kind": "sector_type", "value": "old_estate"}
    assert planner.post("/api/v1/tags", json=tag).json() == {"level": "sector", **tag}
    assert refusal(planner.post("/api/v1/tags", json=tag)) == (409, "tag_held")
    assert refusal(planner.post("/api/v1/tags", json={**tag, "value": "palace"})) == (422, "tag_value_unknown")
    assert planner.get("/api/v1/tags", params={"kind": "sector_type"}).json()["items"] == [{"level": "sector", **tag}]
    assert planner.get("/api/v1/tags", params={"kind": "x"}).json()["items"] == []
    assert planner.delete("/api/v1/tags", params=tag).json()["value"] == "old_estate"
    assert planner.get("/api/v1/tags").json()["items"] == []

    organ = {"code": unit, "organ": "party_committee", "name": "社区党委"}
    assert planner.post("/api/v1/organs", json=organ).status_code == 201
    names = {o["organ"]: o["name"] for o in planner.get("/api/v1/organs").json()["items"] if o["code"] == unit}
    assert names == {"party_committee": "社区党委", "community_committee": None, "community_centre": None}
    assert planner.post("/api/v1/organs", json={**organ, "name": None}).status_code == 201

    posts = [
        planner.post("/api/v1/staffing", json={"code": unit, "posts": n}).json()["plausible"] for n in (2, 3, 5, 6)
    ]
    assert posts == [False, True, True, False]
    assert {s["code"]: s["posts"] for s in planner.get("/api/v1/staffing").json()["items"]}[unit] == 6


def test_the_matrix_names_what_is_missing(planner: httpx.Client) -> None:
    unit = f"{DACHANG}-U1"
    for type_ in SIX:
        ask = {"code": f"C-{type_}", "type": type_, "name": type_, "area_code": DACHANG}
        assert planner.post("/api/v1/centres", json=ask).status_code == 201
    branch = {"code": "B-1", "type": "health", "name": "b", "area_code": unit, "parent_code": "C-culture"}
    assert refusal(planner.post("/api/v1/centres", json=branch)) == (422, "branch_parent_type")
    right = {**branch, "parent_code": "C-health", "lonlat": [121.4, 31.31]}
    assert planner.post("/api/v1/centres", json=right).json()["level"] == "basic_management_unit"
    assert refusal(planner.post("/api/v1/centres", json=right)) == (409, "centre_code_taken")

    matrix = planner.get("/api/v1/centres/matrix").json()
    tallies = {t["group"]: (t["areas"], t["expected"], t["present"], t["missing"]) for t in matrix["tallies"]}
    assert tallies == {"town": (9, 54, 6, 48), "basic_management_unit": (4, 24, 1, 23), "subdistrict": (3, 21, 0, 21)}
    row = next(row for row in matrix["rows"] if row["code"] == unit)
    assert [cell["type"] for cell in row["cells"] if cell["state"] == "missing"] == [t for t in SIX if t != "health"]
    assert next(cell for cell in row["cells"] if cell["type"] == "health")["centres"] == ["B-1"]

    assert planner.delete("/api/v1/centres/C-health").json()["valid_to"] == "2026-01-15"
    findings = planner.get("/api/v1/centres/matrix").json()["findings"]
    assert [(f["code"], f["centre"]["code"]) for f in findings] == [("parent_closed", "B-1")]
    listed = planner.get("/api/v1/centres", params={"limit": 4})
    following = planner.get(listed.json()["next"])
    codes = [centre["code"] for page in (listed, following) for centre in page.json()["items"]]
    assert codes == sorted(["B-1", *(f"C-{t}" for t in SIX if t != "health")])
    for format_, start in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("html", b"<!doctype html>")):
        answer = planner.get("/api/v1/centres/matrix", params={"format": format_})
        assert answer.content.lower().startswith(start.lower())
        assert f"centres-2026-01-15.{format_}" in answer.headers["content-disposition"]


def test_a_joint_centre_and_its_surface(planner: httpx.Client) -> None:
    area = shapely.box(*shapely.affinity.scale(town_square(GUCUN), 0.1, 0.1).bounds)
    ask = {
        "code": "XJY", "name": "馨佳园", "town_code": GUCUN, "source": "paper", "partner_agreements": 22,
        "note": "with whom is cut off in the source", "geometry": json.loads(shapely.to_geojson(area)),
    }  # fmt: skip
    made = planner.post("/api/v1/joint-centres", json=ask).json()
    assert made["area_m2"] == pytest.approx(abs(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(area)[0]), rel=1e-6)
    (listed,) = planner.get("/api/v1/joint-centres").json()["items"]
    assert (listed["partner_agreements"], listed["geometry"]["type"]) == (22, "MultiPolygon")
    drawn = shapely.geometry.shape(listed["geometry"])
    assert shapely.hausdorff_distance(drawn, area) <= 1e-7
    assert all(round(degrees, 7) == degrees for degrees in shapely.get_coordinates(drawn).ravel())
    elsewhere = {**ask, "town_code": DACHANG}
    assert refusal(planner.post("/api/v1/joint-centres", json=elsewhere)) == (422, "joint_centre_outside")
    bow_tie = {"type": "Polygon", "coordinates": [[[121, 31], [122, 32], [122, 31], [121, 32], [121, 31]]]}
    assert refusal(planner.post("/api/v1/joint-centres", json={**ask, "geometry": bow_tie})) == (422, "surface_invalid")


def test_whoever_plans_for_one_town_decides_for_no_other(
    planner: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    add_account(sessions, "local", Role.PLANNER, area=("town", DACHANG))
    key = bearer(add_key(sessions, "local"))
    mine = planner.post(f"/api/v1/town-modes/{DACHANG}", json={"mode": "direct"}, headers=key)
    other = planner.post(f"/api/v1/town-modes/{GUCUN}", json={"mode": "direct"}, headers=key)
    assert (mine.status_code, refusal(other)) == (201, (403, "permission_missing"))
