"""Official codes and the areas of many points over HTTP."""

import httpx
import numpy as np
import pytest

from api.official_code_schemas import MAX_PLACED_POINTS
from gridmgmt.areas.queries import areas_at
from gridmgmt.imports import Labels, import_codes
from gridmgmt.ingest.codes import read_codes
from tests.api.conftest import NOW, District
from tests.support.actors import TESTER
from tests.support.division import spot
from tests.support.paper_district import FIRST

TABLE = "代码,名称\n310113,宝山区\n310113109,顾村镇\n310113102,大场街道\n310113101,罗店镇\n310113109001,菊一居委会\n"


@pytest.fixture(scope="module")
def asked(shared_district: District, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    file = tmp_path_factory.mktemp("codes") / "codes.csv"
    file.write_text(TABLE, encoding="utf-8")
    with shared_district.sessions.begin() as session:
        import_codes(session, TESTER, read_codes(file), Labels("2015", "bureau", FIRST, synthetic=True))
    return shared_district.visitor


def test_the_table_is_read_in_pages(asked: httpx.Client) -> None:
    first = asked.get("/api/v1/official-codes", params={"parent": "310113", "limit": 2}).json()
    assert [item["code"] for item in first["items"]] == ["310113101", "310113102"]
    rest = asked.get(first["next"]).json()
    assert [(item["name"], item["parent_name"]) for item in rest["items"]] == [("顾村镇", "宝山区")]
    assert rest["next"] is None
    found = asked.get("/api/v1/official-codes", params={"q": "菊一"}).json()
    assert [item["code"] for item in found["items"]] == ["310113109001"]


def test_one_unit_with_what_it_lies_in(asked: httpx.Client) -> None:
    unit = asked.get("/api/v1/official-codes/310113109001").json()
    assert [above["name"] for above in unit["above"]] == ["宝山区", "顾村镇"]
    missing = asked.get("/api/v1/official-codes/310199")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/official_code_unknown")


def test_areas_beside_the_table(asked: httpx.Client) -> None:
    answer = asked.get("/api/v1/official-codes/comparison").json()
    assert answer["counts"] == {
        "agrees": 1, "other_name": 1, "other_code": 0, "area_without_row": 0, "row_without_area": 1,
    }  # fmt: skip
    assert answer["parents"] == [{"code": "310113", "name": "宝山区", "counts": answer["counts"]}]
    only = asked.get("/api/v1/official-codes/comparison", params={"agreement": "other_name"}).json()
    assert [(item["area"]["name"], item["row"]["name"]) for item in only["items"]] == [("大场镇", "大场街道")]
    refused = asked.get("/api/v1/official-codes/comparison", params={"level": "sector"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/level_without_official_codes")


def test_many_points_are_placed_at_once(shared_district: District) -> None:
    rng = np.random.default_rng(7)
    xy = np.array([spot(x, y) for x, y in rng.uniform(-1, 9, (200, 2))])
    body = {"lon": xy[:, 0].tolist(), "lat": xy[:, 1].tolist()}
    answer = shared_district.visitor.post("/api/v1/areas/codes-of-points", params={"level": "town"}, json=body).json()
    with shared_district.sessions.begin() as session:
        alone = [{a.level: a.code for a in areas_at(session, x, y, NOW.date())} for x, y in xy.tolist()]
    assert answer["codes"] == [areas.get("town") for areas in alone]
    assert answer["outside"] == answer["codes"].count(None) > 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"lon": [121.0], "lat": [31.0, 31.0]}, 422),
        ({"lon": [31.0], "lat": [121.0]}, 422),
        ({"lon": [], "lat": []}, 422),
        ({"lon": ["121"], "lat": [31.0]}, 422),
        ({"lon": [0.0] * (MAX_PLACED_POINTS + 1), "lat": [0.0] * (MAX_PLACED_POINTS + 1)}, 422),
    ],
)
def test_what_cannot_be_placed_is_refused(shared_district: District, body: dict[str, object], status: int) -> None:
    answer = shared_district.visitor.post("/api/v1/areas/codes-of-points", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
