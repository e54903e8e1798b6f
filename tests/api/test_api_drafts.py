"""A boundary edition from draft to in force over HTTP, what it changes, and what came of the codes it ended."""

from typing import Any

import httpx
import pyproj
import pytest
import shapely

from tests.api.conftest import District
from tests.support.division import add_residents, block, spot
from tests.support.paper_district import DACHANG, FIRST, GUCUN, UNIT

NEW = "310113009"
PROMOTE = {"verb": "promote", "unit": UNIT, "into": {"code": NEW, "name": "菊泉街道"}}
APPROVAL = {"document": "宝府〔2029〕12号", "dated": "2029-11-01"}


def m2(surface: shapely.Geometry) -> float:
    return abs(float(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(surface)[0]))


UNIT_M2 = m2(block(0, 4, 2, 8))


def opened(client: httpx.Client, name: str = "2030", on: str = "2030-01-01") -> dict[str, Any]:
    answer = client.post("/api/v1/drafts", json={"name": name, "planned_from": on, "source": "paper"})
    assert answer.status_code == 201, answer.text
    draft: dict[str, Any] = answer.json()
    return draft


def change(
    client: httpx.Client, draft: dict[str, Any], what: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    """Change a draft as it is now, whoever changed it last."""
    here = draft["links"]["self"]
    return client.post(f"{here}/{what}", json=body, headers={"If-Match": client.get(here).headers["etag"]})


def in_force(district: District, draft: dict[str, Any]) -> None:
    """Check, approve and activate a draft."""
    assert change(district.planner, draft, "check").status_code == 200
    for step, body in (("approve", APPROVAL), ("activate", {})):
        answer = change(district.administrator, draft, step, body)
        assert answer.status_code == 200, answer.text


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_a_unit_becomes_a_subdistrict_from_draft_to_force(district: District) -> None:
    planner, administrator = district.planner, district.administrator
    draft = opened(planner)
    assert (draft["state"], draft["planned_from"], draft["valid_from"]) == ("draft", "2030-01-01", None)

    edited = change(planner, draft, "edits", PROMOTE).json()
    assert edited["areas"] == {"town": 2, "residential_quarter": 2, "grid_cell": 4}
    assert edited["ended"] == {"town": 1, "basic_management_unit": 1, "residential_quarter": 2, "grid_cell": 4}

    checked = change(planner, draft, "check").json()
    assert (checked["state"], checked["errors"], checked["warnings"]) == ("checked", 0, 0)
    assert problem(change(planner, draft, "approve", APPROVAL)) == (403, "permission_missing")
    assert change(administrator, draft, "approve", APPROVAL).json()["state"] == "approved"
    active = change(administrator, draft, "activate", {}).json()
    assert (active["state"], active["valid_from"]) == ("scheduled", "2030-01-01")
    steps = [(step["step"], step["actor"]) for step in active["steps"]]
    assert steps == [
        ("opened", "planner"),
        ("edited", "planner"),
        ("checked", "planner"),
        ("approved", "administrator"),
        ("in_force", "administrator"),
    ]
    approved = active["steps"][3]
    assert (approved["document"], approved["dated"]) == (APPROVAL["document"], APPROVAL["dated"])
    actions = [each["action"] for each in administrator.get("/api/v1/changes").json()["items"]]
    assert actions[:4] == ["areas.activate", "areas.approve", "areas.check", "areas.edit"]

    def codes(**query: str) -> set[str]:
        return {a["code"] for a in planner.get("/api/v1/areas", params={"level": "town", **query}).json()["items"]}

    assert codes() == codes(on="2029-12-31") == codes(edition="2015") == {GUCUN, DACHANG}
    assert codes(on="2030-01-01") == codes(edition="2030") == {GUCUN, DACHANG, NEW}
    listed = planner.get("/api/v1/editions", params={"subject": "areas"}).json()["items"]
    assert [(e["name"], e["state"], e["valid_from"]) for e in listed] == [
        ("2015", "in_force", "2015-01-01"),
        ("2030", "scheduled", "2030-01-01"),
    ]
    assert planner.get("/api/v1/drafts").json()["items"] == []


def test_a_retired_code_says_what_became_of_it(district: District) -> None:
    draft = opened(district.planner)
    change(district.planner, draft, "edits", PROMOTE)
    in_force(district, draft)

    def area(code: str, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = district.visitor.get(f"/api/v1/areas/{code}", params=query).json()
        return found

    before = area(UNIT, on="2029-12-31")
    assert (before["in_force"], before["valid_to"], before["successors"]) == (True, "2030-01-01", [])
    gone = area(UNIT, on="2030-01-01")
    assert (gone["in_force"], gone["valid_to"], gone["ended_by"]) == (False, "2030-01-01", "2030")
    successor = next(each for each in gone["successors"] if each["level"] == "town")
    assert (successor["code"], successor["name"]) == (NEW, "菊泉街道")
    assert successor["area_m2"] == pytest.approx(UNIT_M2, rel=1e-6)
    assert (successor["share_of_from"], successor["share_of_to"]) == pytest.approx((1, 1), abs=1e-9)
    assert shapely.geometry.shape(gone["geometry"]).symmetric_difference(block(0, 4, 2, 8)).area < 1e-12

    quarter = area(f"{GUCUN}001", on="2031-05-01")
    assert [s["code"] for s in quarter["successors"] if s["level"] == "residential_quarter"] == [f"{NEW}001"]
    assert problem(district.visitor.get("/api/v1/areas/310113999", params={"on": "2031-05-01"})) == (
        404,
        "area_unknown",
    )
    assert problem(district.visitor.get(f"/api/v1/areas/{NEW}")) == (404, "area_unknown"), "not yet"

    def passages(code: str, direction: str) -> list[tuple[str, str, float]]:
        query = {"direction": direction, "on": "2030-01-01"}
        walk = district.visitor.get(f"/api/v1/areas/{code}/lineage", params=query).json()
        return [(p["from_code"], p["to_code"], p["area_m2"]) for p in walk["items"]]

    assert passages(f"{GUCUN}001", "forward") == [
        (f"{GUCUN}001", f"{NEW}001", pytest.approx(m2(block(0, 4, 2, 6)), rel=1e-6))
    ]
    assert {(one, other) for one, other, _ in passages(NEW, "backward")} == {(GUCUN, NEW), (UNIT, NEW)}


def test_positions_are_asked_on_a_day_or_an_edition(district: District) -> None:
    draft = opened(district.planner)
    change(district.planner, draft, "edits", PROMOTE)
    lon, lat = spot(0.5, 5)

    def towns(**query: str) -> list[str]:
        answer = district.visitor.get("/api/v1/areas/at", params={"lon": lon, "lat": lat, **query})
        return [area["code"] for area in answer.json()["items"] if area["level"] == "town"]

    assert towns() == towns(on="2030-01-01") == towns(edition="2015") == [GUCUN]
    assert towns(edition="2030") == [NEW], "a draft shows what it would be"
    assert towns(on="2014-12-31") == []
    both = district.visitor.get(
        "/api/v1/areas/at", params={"lon": lon, "lat": lat, "on": "2030-01-01", "edition": "2030"}
    )
    assert problem(both) == (422, "day_or_edition")
    unknown = district.visitor.get("/api/v1/areas", params={"edition": "1999"})
    assert problem(unknown) == (404, "boundary_edition_unknown")


def test_the_diff_names_areas_land_and_people(district: District) -> None:
    with district.sessions.begin() as session:
        people = [(spot(0.5, 5), (10, 0, 0, 0, 0)), (spot(1.5, 7), (0, 0, 4, 0, 0)), (spot(3, 3), (100, 0, 0, 0, 0))]
        add_residents(session, FIRST, people)
    draft = opened(district.planner)
    change(district.planner, draft, "edits", PROMOTE)
    found = district.planner.get(draft["links"]["diff"]).json()
    assert (found["edition"], found["on"], found["data_on"]) == ("2030", "2030-01-01", "2026-01-15")
    towns = next(level for level in found["levels"] if level["level"] == "town")
    assert towns["moved_m2"] == pytest.approx(UNIT_M2, rel=1e-6)
    assert [(c["code"], c["kinds"]) for c in towns["changes"]] == [(NEW, ["added"]), (GUCUN, ["border"])]
    assert towns["changes"][1]["before_m2"] - towns["changes"][1]["after_m2"] == pytest.approx(UNIT_M2, rel=1e-6)
    assert (towns["affected"]["places"], towns["affected"]["residents_60_plus"]) == (2, 14)
    quarters = next(level for level in found["levels"] if level["level"] == "residential_quarter")
    assert (quarters["moved_m2"], quarters["affected"]["places"]) == (0, 0), "only their codes change"
    assert {(c["was_code"], c["code"]) for c in quarters["changes"]} >= {(f"{GUCUN}001", f"{NEW}001")}

    drawn = district.planner.get(draft["links"]["diff.geojson"])
    assert drawn.headers["content-type"] == "application/geo+json"
    sides = {
        f["properties"]["side"]: shapely.geometry.shape(f["geometry"])
        for f in drawn.json()["features"]
        if f["properties"]["level"] == "town" and f["properties"].get("code") in (GUCUN, None)
    }
    assert shapely.symmetric_difference(sides["before"], block(0, 0, 5, 8)).area < 1e-12
    assert shapely.symmetric_difference(sides["moved"], block(0, 4, 2, 8)).area < 1e-12


def test_a_visitor_of_real_data_sees_no_residents_in_a_diff(district: District) -> None:
    with district.sessions.begin() as session:
        add_residents(session, FIRST, [(spot(0.5, 5), (3, 0, 0, 0, 0))])
        session.connection().exec_driver_sql("ALTER TABLE editions DISABLE TRIGGER USER")
        session.connection().exec_driver_sql("UPDATE editions SET synthetic = false")
        session.connection().exec_driver_sql("ALTER TABLE editions ENABLE TRIGGER USER")
    draft = opened(district.planner)
    change(district.planner, draft, "edits", PROMOTE)
    everyone = district.visitor.get(draft["links"]["diff"]).json()
    for each in (everyone, *everyone["levels"]):
        assert (each["affected"]["places"], each["affected"]["residents_60_plus"]) == (None, None)
    assert district.planner.get(draft["links"]["diff"]).json()["affected"]["residents_60_plus"] == 3
    assert "residents" not in district.visitor.get(draft["links"]["diff.geojson"]).text
    query = {"level": "town", "subject": "residents"}
    assert problem(district.visitor.get("/api/v1/statistics/counts", params=query)) == (403, "residents_withheld")
    assert district.planner.get("/api/v1/statistics/counts", params=query).json()["total"]["total"] == 3


EDITS: list[tuple[dict[str, Any], set[str], set[str]]] = [
    (
        {
            "verb": "split",
            "code": f"{GUCUN}003",
            "line": {"type": "LineString", "coordinates": [spot(3, -1), spot(3, 9)]},
            "pieces": [{"code": f"{GUCUN}003", "name": "顾三"}, {"code": f"{GUCUN}005", "name": "顾五"}],
        },
        {f"{GUCUN}005"},
        set(),
    ),
    (
        {
            "verb": "merge",
            "codes": [f"{GUCUN}001", f"{GUCUN}002"],
            "into": {"code": f"{GUCUN}001", "name": "菊一"},
        },
        set(),
        {f"{GUCUN}002"},
    ),
    (
        {
            "verb": "move_border",
            "one": f"{GUCUN}001",
            "other": f"{GUCUN}002",
            "line": {"type": "LineString", "coordinates": [spot(-1, 7), spot(3, 7)]},
        },
        set(),
        set(),
    ),
    (
        {
            "verb": "move_border",
            "one": GUCUN,
            "other": DACHANG,
            "piece": {"type": "Polygon", "coordinates": [[spot(4, 0), spot(5, 0), spot(5, 8), spot(4, 8), spot(4, 0)]]},
        },
        set(),
        set(),
    ),
    (
        {"verb": "move_to_parent", "code": f"{GUCUN}004", "parent": UNIT, "new_code": f"{GUCUN}008"},
        {f"{GUCUN}008"},
        {f"{GUCUN}004"},
    ),
    (PROMOTE, {NEW}, {UNIT}),
    ({"verb": "rename", "code": GUCUN, "name": "顾村街道"}, set(), set()),
    ({"verb": "recode", "code": f"{GUCUN}004", "new_code": f"{GUCUN}014"}, {f"{GUCUN}014"}, {f"{GUCUN}004"}),
    ({"verb": "retire", "code": f"{DACHANG}-S2"}, set(), {f"{DACHANG}-S2"}),
]


@pytest.mark.parametrize(
    ("edit", "comes", "goes"), EDITS, ids=lambda value: value.get("verb") if "verb" in value else ""
)
def test_every_verb(
    shared_district: District, request: pytest.FixtureRequest, edit: dict[str, Any], comes: set[str], goes: set[str]
) -> None:
    name = request.node.name

    def codes() -> set[str]:
        answer = shared_district.planner.get("/api/v1/areas", params={"edition": name, "limit": 1000})
        return {area["code"] for area in answer.json()["items"]}

    draft = opened(shared_district.planner, name)
    before = codes()
    answer = change(shared_district.planner, draft, "edits", edit)
    assert answer.status_code == 200, answer.text
    after = codes()
    assert comes <= after - before
    assert goes <= before - after
    assert answer.json()["steps"][-1]["details"]["verb"] == edit["verb"]
    assert shared_district.planner.get(draft["links"]["diff"]).json()["levels"], "something changes"
    assert change(shared_district.planner, draft, "check").json()["state"] == "checked"


def test_a_change_says_which_version_was_seen(district: District) -> None:
    draft = opened(district.planner)
    rename = {"verb": "rename", "code": GUCUN, "name": "顾村街道"}
    edits, seen = draft["links"]["edits"], district.planner.get(draft["links"]["self"]).headers["etag"]
    assert problem(district.planner.post(edits, json=rename)) == (428, "edition_version_missing")
    first = district.planner.post(edits, json=rename, headers={"If-Match": seen})
    assert first.status_code == 200
    assert first.headers["etag"] == f'"{first.json()["version"]}"' != seen
    again = district.planner.post(edits, json=rename, headers={"If-Match": seen})
    assert problem(again) == (412, "edition_version_stale")
    assert district.planner.get(draft["links"]["self"]).headers["etag"] == first.headers["etag"], "nothing was changed"
    whatever = district.planner.post(edits, json={**rename, "name": "顾村镇"}, headers={"If-Match": "*"})
    assert whatever.status_code == 200


def test_what_the_life_of_a_draft_refuses(district: District) -> None:
    planner, administrator = district.planner, district.administrator
    draft = opened(planner)
    taken = planner.post("/api/v1/drafts", json={"name": "2030", "planned_from": "2030-01-01", "source": "paper"})
    assert problem(taken) == (409, "edition_name_taken")
    assert problem(change(administrator, draft, "approve", APPROVAL)) == (409, "edition_not_checked")
    assert problem(change(administrator, draft, "activate", {})) == (409, "edition_not_approved")
    change(planner, draft, "edits", {"verb": "retire", "code": f"{DACHANG}001"})
    checked = change(planner, draft, "check").json()
    assert checked["errors"] > 0, "大一 belongs to no quarter any more"
    assert problem(change(administrator, draft, "approve", APPROVAL)) == (422, "edition_has_errors")
    assert change(planner, draft, "withdraw", {"reason": "a slip"}).json()["state"] == "withdrawn"
    assert problem(change(planner, draft, "edits", PROMOTE)) == (409, "edition_no_draft")
    assert problem(planner.get(draft["links"]["diff"])) == (409, "edition_withdrawn")
    assert draft["edition_id"] not in {each["edition_id"] for each in planner.get("/api/v1/drafts").json()["items"]}


@pytest.mark.parametrize(
    ("edit", "status", "code"),
    [
        ({"verb": "rename", "code": "no-such", "name": "x"}, 404, "area_unknown"),
        ({"verb": "explode", "code": GUCUN}, 422, "request_invalid"),
        ({"verb": "merge", "codes": [GUCUN, f"{GUCUN}001"], "into": {"code": GUCUN, "name": "x"}}, 422, None),
        ({"verb": "recode", "code": GUCUN, "new_code": DACHANG}, 409, "area_code_taken"),
        ({"verb": "rename", "code": GUCUN, "name": " "}, 422, "area_name_missing"),
        ({"verb": "move_border", "one": GUCUN, "other": DACHANG}, 422, "line_or_piece"),
        (
            {"verb": "move_border", "one": GUCUN, "other": DACHANG, "piece": {"type": "Point", "coordinates": [1, 2]}},
            422,
            "geojson_malformed",
        ),
        (
            {"verb": "move_border", "one": GUCUN, "other": DACHANG, "line": {"type": "LineString", "coordinates": "x"}},
            422,
            "geojson_malformed",
        ),
        (
            {
                "verb": "move_border",
                "one": GUCUN,
                "other": DACHANG,
                "piece": {
                    "type": "Polygon",
                    "coordinates": [[spot(4, 0), spot(5, 1), spot(5, 0), spot(4, 1), spot(4, 0)]],
                },
            },
            422,
            "surface_invalid",
        ),
    ],
)
def test_an_edit_that_cannot_be(
    shared_district: District, request: pytest.FixtureRequest, edit: dict[str, Any], status: int, code: str | None
) -> None:
    draft = opened(shared_district.planner, request.node.name)
    found = problem(change(shared_district.planner, draft, "edits", edit))
    assert found == (status, code or found[1])
    assert shared_district.planner.get(draft["links"]["self"]).json()["version"] == draft["version"], "nothing is kept"


def test_topology_of_a_draft_and_of_what_is_in_force(district: District) -> None:
    draft = opened(district.planner)
    change(district.planner, draft, "edits", {"verb": "retire", "code": f"{DACHANG}001"})
    assert district.visitor.get("/api/v1/topology").json() == {
        "on": "2026-01-15",
        "edition": None,
        "errors": 0,
        "warnings": 0,
        "items": [],
    }
    found = district.visitor.get("/api/v1/topology", params={"edition": "2030", "lang": "en"}).json()
    gap = next(each for each in found["items"] if each["type"] == "gap")
    assert (gap["severity"], gap["level"]) == ("error", "residential_quarter")
    assert gap["area_m2"] == pytest.approx(m2(block(5, 0, 8, 4)), rel=1e-6)
    assert block(5, 0, 8, 4).contains(shapely.Point(gap["lon"], gap["lat"]))
    assert "lie in no area" in gap["text"]
    again = district.visitor.get("/api/v1/topology", params={"edition": "2030", "lang": "en"}).json()
    assert again == found, "the same answer from what was kept"
    narrowed = district.visitor.get("/api/v1/topology", params={"edition": "2030", "level": "town"}).json()
    assert (narrowed["items"], narrowed["errors"]) == ([], found["errors"])

    drawn = district.visitor.get("/api/v1/topology.geojson", params={"edition": "2030", "severity": "error"})
    assert drawn.headers["content-type"] == "application/geo+json"
    change(district.planner, draft, "edits", {"verb": "retire", "code": f"{DACHANG}002"})
    later = district.visitor.get("/api/v1/topology", params={"edition": "2030"}).json()
    assert later["items"] != found["items"], "an edit is seen at once"
    shapes = [
        shapely.geometry.shape(f["geometry"]) for f in drawn.json()["features"] if f["properties"]["type"] == "gap"
    ]
    assert [shapely.symmetric_difference(s, block(5, 0, 8, 4)).area < 1e-12 for s in shapes] == [True]
