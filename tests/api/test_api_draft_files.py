"""Files of areas over HTTP: the first ones of a folder, refused rows, and what is no file of areas."""

import json
from collections.abc import Mapping
from datetime import date

import pytest
import shapely

from tests.api.conftest import District
from tests.api.test_api_drafts import problem
from tests.support.division import block


def drawn(areas: Mapping[str, shapely.Geometry]) -> bytes:
    features = [
        {"type": "Feature", "properties": {"code": c, "name": f"{c}镇"}, "geometry": json.loads(shapely.to_geojson(s))}
        for c, s in areas.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def district_file() -> bytes:
    return drawn({"310113": block(0, 0, 8, 8)})


def towns_file() -> bytes:
    return drawn({"310113001": block(0, 0, 4, 8), "310113002": block(4, 0, 8, 8)})


def test_the_first_areas_of_an_empty_folder_open_their_draft(empty: District) -> None:
    query = {"name": "towns", "planned_from": "2040-01-01", "level": "town", "file": "镇.geojson"}
    answer = empty.planner.post("/api/v1/drafts/files", params=query, content=towns_file())
    assert answer.status_code == 201, answer.text
    taken = answer.json()
    assert (taken["read"], taken["taken"], taken["refused"], taken["new"]) == (2, 2, 0, True)
    assert (taken["draft"]["state"], taken["draft"]["source"]) == ("draft", "镇.geojson")
    again = empty.planner.post("/api/v1/drafts/files", params=query, content=towns_file()).json()
    assert (again["new"], again["draft"]["version"]) == (False, taken["draft"]["version"])
    towns = empty.planner.get("/api/v1/areas", params={"edition": "towns", "level": "town"}).json()["items"]
    assert [town["code"] for town in towns] == ["310113001", "310113002"]
    assert date.fromisoformat(towns[0]["valid_from"]) == date(2040, 1, 1)


def test_rows_that_are_refused_are_listed_with_their_numbers(empty: District) -> None:
    document = json.loads(towns_file())
    document["features"][1]["properties"]["code"] = ""
    query = {"name": "2040", "planned_from": "2040-01-01", "level": "district", "file": "区.geojson"}
    draft = empty.planner.post("/api/v1/drafts/files", params=query, content=district_file()).json()["draft"]
    post = {"url": draft["links"]["files"], "content": json.dumps(document), "headers": {"If-Match": "*"}}
    answer = empty.planner.post(params={"level": "town", "file": "a.geojson"}, **post)
    assert problem(answer) == (422, "rows_refused")
    assert [(e["row"], e["code"]) for e in answer.json()["errors"]] == [(2, "code_missing")]
    assert empty.planner.get(draft["links"]["self"]).json()["areas"] == {"district": 1}
    some = empty.planner.post(params={"level": "town", "file": "a.geojson", "partial": "true"}, **post).json()
    assert (some["taken"], some["refused"], [e["row"] for e in some["errors"]]) == (1, 1, [2])
    stale = empty.planner.post(
        draft["links"]["files"],
        params={"level": "sector", "file": "a.geojson"},
        content=towns_file(),
        headers={"If-Match": '"1"'},
    )
    assert problem(stale) == (412, "edition_version_stale")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.geojson", b"", "file_empty"),
        ("a.geojson", b"<OGRVRTDataSource/>", "json_malformed"),
        ("a.gpkg", b"<OGRVRTDataSource/>", "file_unreadable"),
        ("a.exe", b"MZ", "format_unknown"),
        ("../a.geojson", b"{}", "request_invalid"),
        ("a/b.geojson", b"{}", "request_invalid"),
    ],
)
def test_a_file_that_is_none(shared_district: District, name: str, content: bytes, code: str) -> None:
    query = {"name": "x", "planned_from": "2040-01-01", "level": "town", "file": name}
    answer = shared_district.planner.post("/api/v1/drafts/files", params=query, content=content)
    assert problem(answer) == (422, code)


def test_a_file_may_be_larger_than_other_bodies_but_not_endless(
    empty: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = {"name": "x", "planned_from": "2040-01-01", "level": "town", "file": "a.geojson"}
    padded = towns_file() + b" " * 2_000_000
    assert empty.planner.post("/api/v1/drafts/files", params=query, content=padded).status_code == 201
    monkeypatch.setattr("api.limits.MAX_FILE_BYTES", 1_500_000)
    large = empty.planner.post("/api/v1/drafts/files", params=query, content=padded)
    assert problem(large) == (413, "body_too_large")
