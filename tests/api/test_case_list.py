"""Lists, the board and files of cases over HTTP, on the three cases of the drawn town."""

import csv
import io
import json

import httpx
import openpyxl
import pytest

from tests.support.paper_town import TOWNS

WEST, EAST = TOWNS

ALL = ["C-2", "C-3", "C-1"]


def numbers(client: httpx.Client, **query: object) -> list[str]:
    answer = client.get("/api/v1/cases", params=query)  # type: ignore[arg-type]  # numbers and lists too
    assert answer.status_code == 200, answer.text
    return [case["case_no"] for case in answer.json()["items"]]


def test_a_row_of_the_list(client: httpx.Client) -> None:
    body = client.get("/api/v1/cases", params={"lang": "en"}).json()
    assert [case["case_no"] for case in body["items"]] == ALL
    assert body["count"] == {"value": 3, "exact": True}
    row = body["items"][0]
    assert row.items() >= {
        "version": 1, "kind": "event", "type": "litter", "type_name": None, "source": "other", "state": "handling",
        "state_text": "Being handled", "urgency": "no_deadline", "due_at": None, "due_provisional": False,
        "department_code": None, "department_name": None, "town_code": EAST, "supervised": False, "forced": False,
        "flags": [], "duplicate_of": None, "photos": 0,
    }.items()  # fmt: skip
    assert "description" not in row
    assert "case_id" not in row


def test_filters_of_the_address(client: httpx.Client) -> None:
    assert numbers(client, state=["reported", "closed"]) == ["C-3", "C-1"]
    assert numbers(client, open="true") == ["C-2", "C-1"]
    assert numbers(client, open="false") == ["C-3"]
    assert numbers(client, q="C-2") == ["C-2"]
    assert numbers(client, area=WEST) == ["C-1"]
    assert numbers(client, reported_from="2026-01-02T00:00:00Z", reported_to="2026-01-02T16:00:00Z") == ["C-3"]
    assert numbers(client, reported_from="2026-01-02T08:00:01+08:00", reported_to="2026-01-03T00:00:00Z") == []
    assert numbers(client, order="due") == []
    found = client.get("/api/v1/cases", params={"q": "C-2"}).json()["items"][0]
    lon, lat = found["lon"], found["lat"]
    assert numbers(client, bbox=f"{lon - 1e-6},{lat - 1e-6},{lon + 1e-6},{lat + 1e-6}") == ["C-2"]


def test_pages_know_how_many_there_are(client: httpx.Client) -> None:
    seen, address = [], "/api/v1/cases?limit=2"
    while address:
        body = client.get(address).json()
        assert body["count"] == {"value": 3, "exact": True}
        seen += [case["case_no"] for case in body["items"]]
        address = body["next"]
    assert seen == ALL


def test_a_page_that_is_held_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/api/v1/cases")
    again = client.get("/api/v1/cases", headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/v1/cases?open=true", headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_the_board_by_body_and_by_town(client: httpx.Client) -> None:
    board = client.get("/api/v1/cases/board").json()
    assert board["open"] == 2
    (nobody,) = board["departments"]
    assert (nobody["code"], nobody["open"], nobody["by_state"]) == (None, 2, {"handling": 1, "reported": 1})
    assert {row["code"]: (row["open"], row["by_urgency"]) for row in board["towns"]} == {
        WEST: (1, {"no_deadline": 1}), EAST: (1, {"no_deadline": 1}),
    }  # fmt: skip
    assert all(row["name"] for row in board["towns"])
    assert board["most_overdue"] == []


def test_numbers_of_the_board_have_lists(client: httpx.Client) -> None:
    (nobody,) = client.get("/api/v1/cases/board").json()["departments"]
    assert len(numbers(client, open="true", lacks="department")) == nobody["open"] == 2
    assert len(numbers(client, open="true", lacks="department", supervised="true")) == nobody["supervised"] == 0
    assert numbers(client, supervised="false") == ALL


def test_files_equal_the_list(client: httpx.Client) -> None:
    query = {"open": "true", "lang": "en"}
    listed = numbers(client, **query)
    as_csv, as_book, as_geojson = (
        client.get(f"/api/v1/cases.{name}", params=query) for name in ("csv", "xlsx", "geojson")
    )
    table = list(csv.reader(io.StringIO(as_csv.content.decode("utf-8-sig"))))
    assert [row[0] for row in table[1:]] == listed
    assert table[1][5] == "Being handled"
    sheet = openpyxl.load_workbook(io.BytesIO(as_book.content)).active
    assert sheet is not None
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == listed
    assert [feature["id"] for feature in json.loads(as_geojson.content)["features"]] == listed
    assert as_geojson.headers["content-type"] == "application/geo+json"
    assert 'filename="cases.csv"' in as_csv.headers["content-disposition"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("bbox=1,2,3", 422, "box_malformed"),
        ("bbox=122,31,121,32", 422, "box_malformed"),
        ("bbox=31,121,32,122", 422, "position_swapped"),
        ("near=121.4,31.3", 422, "near_malformed"),
        ("near=121.4,31.3,nan", 422, "near_malformed"),
        ("near=121.4,31.3,10001", 422, "near_malformed"),
        ("near=31.3,121.4,20", 422, "position_swapped"),
        ("area=999", 404, "area_of_no_edition"),
        ("state=lost", 422, "request_invalid"),
        ("reported_from=2026-03-02T00:00:00Z&reported_to=2026-03-01T00:00:00Z", 422, "period_backwards"),
        ("measure=due&counted_from=2026-03-02&counted_to=2026-03-01", 422, "period_backwards"),
        ("reported_from=yesterday", 422, "request_invalid"),
        ("reported_from=20261101", 422, "request_invalid"),
        ("area=", 404, "area_of_no_edition"),
    ],
)
@pytest.mark.parametrize("address", ["/api/v1/cases", "/api/v1/cases.csv"])
def test_what_is_no_filter_is_refused(client: httpx.Client, address: str, query: str, status: int, code: str) -> None:
    answer = client.get(f"{address}?{query}")
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")


@pytest.mark.parametrize("address", ["/api/v1/cases", "/api/v1/cases/board", "/api/v1/cases.csv"])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("type=9999", "indicator_type_unknown"),
        ("major=99", "indicator_major_unknown"),
        ("department=X", "indicator_department_unknown"),
        ("post=X", "indicator_post_unknown"),
        ("component=X", "case_component_unknown"),
        ("flag=X", "case_flag_unknown"),
        ("without_flag=X", "case_flag_unknown"),
        (f"area={WEST}&within=999", "area_of_no_edition"),
    ],
)
def test_what_nobody_knows_is_no_filter_that_nothing_meets(
    client: httpx.Client, address: str, query: str, code: str
) -> None:
    answer = client.get(f"{address}?{query}&lang=en")
    assert (answer.status_code, answer.json()["type"]) == (404, f"/problems/{code}")
    assert answer.json()["detail"].startswith(f"{query.rpartition('&')[2].partition('=')[0]}: ")


def test_what_only_cases_or_texts_know_is_a_filter(client: httpx.Client) -> None:
    assert numbers(client, type="litter") == numbers(client, without_flag="default_point") == ALL
    assert numbers(client, flag="text_cut") == []


@pytest.mark.parametrize(
    ("address", "pointer", "code", "told"),
    [
        ("cases?departement=X", "/query/departement", "query_unknown", "the nearest is department;"),
        ("cases?open=true&open=false", "/query/open", "query_twice", "'open' is taken only once"),
        ("cases?q=a%00b", "/query/q", "nul_character", "a NUL"),
        ("areas/%00", "/path/code", "nul_character", "a NUL"),
        ("areas/at?lon=121.4&lat=31.3&day=2026-01-01", "/query/day", "query_unknown", "it takes lon, lat"),
    ],
)
def test_what_an_address_cannot_hold_is_named(
    client: httpx.Client, address: str, pointer: str, code: str, told: str
) -> None:
    answer = client.get(f"/api/v1/{address}", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request_invalid")
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert told in error["detail"]


def test_what_is_asked_outside_the_interface_may_hold_other_names(client: httpx.Client) -> None:
    assert client.get("/open311/v2/requests.json?departement=X").status_code == 200
    assert client.get("/health/live?probe=1").status_code == 200
    assert client.get("/docs?utm_source=mail").status_code == 200


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("updated_after=2026-03-01T08:00:00+08:00", "2027-01-31T00:00:00+08:00（在地址中“+”写作 %2B）"),
        ("open=maybe", "'maybe' 不是 true 或 false"),
        ("kind=thing", "'thing' 不在可选值中：'event', 'component'"),
    ],
)
def test_what_a_filter_should_be_is_told_in_one_language(client: httpx.Client, query: str, told: str) -> None:
    entry = client.get(f"/api/v1/cases?{query}", headers={"Accept-Language": "zh"}).json()["errors"][0]
    assert entry["detail"].endswith(told)
