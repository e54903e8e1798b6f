"""Indicators over HTTP: every number opens exactly its cases, on the paper district whose towns changed in March."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import httpx
import openpyxl
import pytest

from api.app import create_app
from api.indicator_schemas import IndicatorsOut, RankingOut
from gridmgmt.access.rules import Role
from gridmgmt.areas.queries import areas_at
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.measures import RATIOS, Measure, Ratio
from gridmgmt.cases.models import Case
from gridmgmt.clock import LOCAL_ZONE, local_date
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.settings import Settings
from tests.support.actors import add_account, add_key, bearer
from tests.support.division import block, draw, spot
from tests.support.drafts import take_into_force
from tests.support.paper_district import DACHANG, GUCUN, load_district
from tests.support.serving import served

NOW = datetime(2026, 3, 20, 4, tzinfo=UTC)
CHANGE = date(2026, 3, 1)
"""From here on the border of the towns runs one column further west, through the quarter 003."""

CASES = 150
QUARTERS = {"from": "2026-01-01", "to": "2026-03-31"}
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
LEVELS = {
    AreaLevel.DISTRICT: "district_code", AreaLevel.TOWN: "town_code", AreaLevel.BASIC_MANAGEMENT_UNIT: "middle_code",
    AreaLevel.SECTOR: "middle_code", AreaLevel.RESIDENTIAL_QUARTER: "quarter_code", AreaLevel.GRID_CELL: "cell_code",
}  # fmt: skip


def lived(number: int, chance: Random) -> Case:
    """A case at any place (a few outside the district), as far through its life as chance has it."""
    lon, lat = spot(chance.uniform(-0.5, 8), chance.uniform(0, 8))
    reported = datetime(2026, 1, 1, 8, tzinfo=LOCAL_ZONE) + timedelta(minutes=chance.randrange(77 * 24 * 60))
    state = chance.choice(["closed"] * 8 + ["handling", "handled", "reported", "rejected", "voided", "duplicate"])
    on_spot = state == "closed" and chance.random() < 0.1
    steps = {"reported": 0, "rejected": 0, "duplicate": 0, "voided": 1, "handling": 3, "handled": 4, "closed": 5}[state]
    names = ("accepted_at", "registered_at", "dispatched_at", "handled_at", "closed_at")
    moments, at = {}, reported
    for name in names[:steps]:
        at += timedelta(hours=chance.uniform(0.5, 60))
        if not (on_spot and name in names[1:4]):
            moments[name] = at
    registered = moments.get("registered_at")
    return Case(
        case_no=f"N{number:04}", kind=chance.choice(["event", "event", "component"]),
        type=chance.choice(["0101", "0102", "0301", "litter"]), state=state,
        source=chance.choice(["public", "video", "inspector"]), reported_at=reported, **moments,
        due_at=registered and registered + timedelta(hours=chance.uniform(1, 200)),
        paused_at=registered if state == "handling" and chance.random() < 0.3 else None,
        department_code=None if steps < 3 else chance.choice(["W", "P", "道路"]),
        post_code=chance.choice(["post-1", "post-2", None]), rework_count=int(chance.random() < 0.2),
        send_back_count=int(chance.random() < 0.2), extension_count=int(chance.random() < 0.1),
        forced=state == "closed" and chance.random() < 0.1, satisfied=chance.choice([True, False, None]),
        geom=f"SRID=4326;POINT({lon} {lat})",
    )  # fmt: skip


def seed(session: Session) -> None:
    """The district, its second edition, and the cases with the areas that held them when they were reported."""
    load_district(session)
    draw(session, "2026", CHANGE, {GUCUN: block(0, 0, 4, 8), DACHANG: block(4, 0, 8, 8)})
    take_into_force(session, "2026", CHANGE)
    chance = Random(9)
    for number in range(CASES):
        case = lived(number, chance)
        lon, lat = map(float, str(case.geom).rpartition("(")[2].rstrip(")").split())
        for area in areas_at(session, lon, lat, local_date(case.reported_at)):
            setattr(case, LEVELS[AreaLevel(area.level)], area.code)
        session.add(case)


@pytest.fixture(scope="module")
def client(module_database_url: str) -> Iterator[httpx.Client]:
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        seed(session)
    add_account(sessions, "planner", Role.PLANNER)
    key = add_key(sessions, "planner")
    with served(create_app(Settings(), module_database_url, clock=lambda: NOW)) as client:
        client.headers.update(bearer(key))
        yield client
    engine.dispose()


def read(client: httpx.Client, **query: object) -> dict[str, Any]:
    answer = client.get("/api/v1/indicators", params={"lang": "en", **query})  # type: ignore[arg-type]  # numbers too
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    IndicatorsOut.model_validate(body)
    return body


def listed(client: httpx.Client, address: str, limit: int = 60) -> list[str]:
    """The numbers of all cases of a list, page by page."""
    found: list[str] = []
    following: str | None = f"{address}&limit={limit}"
    while following:
        page = client.get(following).json()
        found += [case["case_no"] for case in page["items"]]
        following = page["next"]
    return found


def numbers(row: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Every number of a row with its address."""
    for count in row["counts"].values():
        yield count["value"], count["cases"]
    for ratio in row["ratios"].values():
        yield ratio["numerator"], ratio["cases_numerator"]
        yield ratio["denominator"], ratio["cases_denominator"]


QUESTIONS: tuple[dict[str, str], ...] = (
    {**QUARTERS, "by": "town"},
    {**QUARTERS, "by": "town", "areas_on": "2026-03-10"},
    {**MARCH, "by": "town", "compare": "month"},
    {**QUARTERS, "by": "town", "area": f"{GUCUN}003"},
    {**QUARTERS, "by": "quarter", "area": DACHANG},
    {**QUARTERS, "by": "quarter", "area": DACHANG, "areas_on": "2026-01-10"},
    {**QUARTERS, "by": "middle"},
    {**MARCH, "by": "cell", "kind": "event", "source": "public"},
    {**QUARTERS, "by": "district"},
    {**QUARTERS, "by": "department"},
    {**MARCH, "by": "department", "area": GUCUN, "areas_on": "2026-03-10"},
    {**QUARTERS, "by": "major"},
    {**MARCH, "by": "type", "major": "01"},
    {**QUARTERS, "by": "source", "department": "道路"},
    {**QUARTERS, "by": "kind", "post": "post-1"},
    {**MARCH, "by": "post", "type": "litter"},
    {**MARCH, "compare": "year"},
)


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: "-".join(asked.values()))
def test_every_number_opens_exactly_its_cases(client: httpx.Client, asked: dict[str, str]) -> None:
    body = read(client, **asked)
    rows = [body["total"], *body["rows"]]
    if body["compared"]:
        rows += [body["compared"]["total"], *body["compared"]["rows"]]
    found = {address: value for row in rows for value, address in numbers(row)}
    assert body["total"]["counts"]["reported"]["value"] > 0
    # All of the total, of the many others one in four, and of those that count nothing one in twenty.
    told = {address for _, address in numbers(body["total"])}
    for position, (address, value) in enumerate(found.items()):
        if address in told or position % (4 if value else 20) == 0:
            cases = listed(client, address)
            assert len(cases) == len(set(cases)) == value, address
    assert all(number == found[address] for row in rows for number, address in numbers(row)), "one list, two numbers"


def test_files_and_counts_of_a_list_hold_the_same_cases(client: httpx.Client) -> None:
    body = read(client, **QUARTERS, by="town", areas_on="2026-03-10")
    for row in (body["total"], *body["rows"]):
        for measure in ("reported", "due_closed_on_time", "settled_on_spot"):
            address = row["counts"][measure]["cases"]
            cases = listed(client, address)
            path, _, query = address.partition("?")
            table = list(csv.reader(io.StringIO(client.get(f"{path}.csv?{query}").content.decode("utf-8-sig"))))
            assert [line[0] for line in table[1:]] == cases
            features = client.get(f"{path}.geojson?{query}").json()["features"]
            assert [feature["id"] for feature in features] == cases
            assert client.get(f"{address}&limit=1").json()["count"] == {"value": len(cases), "exact": True}


def test_rows_add_up_and_those_without_an_area_are_told(client: httpx.Client) -> None:
    body = read(client, **QUARTERS, by="town")
    assert [row["code"] for row in body["rows"]] == [DACHANG, GUCUN, None]
    assert (body["total"]["name"], body["rows"][-1]["name"]) == ("All", "None")
    for measure in Measure:
        counts = [row["counts"][measure]["value"] for row in body["rows"]]
        assert sum(counts) == body["total"]["counts"][measure]["value"]
    assert body["total"]["counts"]["reported"]["value"] == CASES
    assert (body["period"], body["by"], body["filters"]) == ({"from": "2026-01-01", "to": "2026-03-31"}, "town", {})
    assert body["synthetic"] is True


def test_a_rate_tells_what_it_is_made_of(client: httpx.Client) -> None:
    body = read(client, **QUARTERS, by="department")
    for row in (body["total"], *body["rows"]):
        for ratio, (numerator, denominator) in RATIOS.items():
            told = row["ratios"][ratio]
            assert told["numerator"] == row["counts"][numerator]["value"] <= told["denominator"]
            assert told["denominator"] == row["counts"][denominator]["value"]
            assert told["value"] == (told["numerator"] / told["denominator"] if told["denominator"] else None)
            assert (told["text"] == "—") == (told["denominator"] == 0)
            assert told["change"] is None
    nobody = body["rows"][-1]
    assert (nobody["code"], nobody["ratios"]["right_dispatch_rate"]["text"]) == (None, "—")
    assert [each["ratio"] for each in body["definitions"]] == list(Ratio)


def test_a_boundary_change_between_two_periods_puts_both_on_the_later_areas(client: httpx.Client) -> None:
    alone = read(client, **MARCH, by="town")
    beside = read(client, **MARCH, by="town", compare="month")
    assert (alone["basis"]["areas"], alone["compared"]) == ("as_reported", None)
    assert beside["basis"] == {"areas": "on", "areas_on": "2026-03-31", "note": beside["basis"]["note"]}
    assert "2026-03-31" in beside["basis"]["note"]
    assert beside["compared"]["period"] == {"from": "2026-02-01", "to": "2026-02-28"}
    february = read(client, **{"from": "2026-02-01", "to": "2026-02-28"}, by="town", areas_on="2026-03-31")
    assert [row["counts"] for row in beside["compared"]["rows"]] == [row["counts"] for row in february["rows"]]
    before = {row["code"]: row["ratios"] for row in beside["compared"]["rows"]}
    for row in beside["rows"]:
        rate, earlier = row["ratios"]["closing_rate"], before[row["code"]]["closing_rate"]
        assert rate["change"] == rate["value"] - earlier["value"]


def test_pages_of_rows_hold_all_of_them_once(client: httpx.Client) -> None:
    whole = read(client, **QUARTERS, by="cell", compare="month")
    assert whole["next"] is None
    seen: list[dict[str, Any]] = []
    address: str | None = "/api/v1/indicators?from=2026-01-01&to=2026-03-31&by=cell&compare=month&lang=en&limit=4"
    while address:
        page = client.get(address).json()
        assert len(page["rows"]) <= 4
        assert page["total"] == whole["total"]
        assert page["row_count"] == len(whole["rows"])
        assert {row["code"] for row in page["compared"]["rows"]} <= {row["code"] for row in page["rows"]}
        seen, address = seen + page["rows"], page["next"]
    assert seen == whole["rows"]


def test_the_same_numbers_are_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/api/v1/indicators", params={**MARCH, "by": "town"})
    held = {"If-None-Match": first.headers["etag"]}
    again = client.get("/api/v1/indicators", params={**MARCH, "by": "town"}, headers=held)
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/v1/indicators", params={**MARCH, "by": "kind"}, headers=held).status_code == 200
    assert first.headers["content-encoding"] == "gzip"


def test_files_of_the_table(client: httpx.Client) -> None:
    query = {**MARCH, "by": "town", "compare": "month", "lang": "en"}
    body = read(client, **query)
    table = list(
        csv.reader(io.StringIO(client.get("/api/v1/indicators.csv", params=query).content.decode("utf-8-sig")))
    )
    head, *rows = table
    assert [row[0] for row in rows] == [*(row["code"] or "" for row in body["rows"]), ""]
    assert rows[-1][1] == "All"
    for told, row in zip((*body["rows"], body["total"]), rows, strict=True):
        assert [int(cell) for cell in row[2 : 2 + len(Measure)]] == [told["counts"][m]["value"] for m in Measure]
        rate = told["ratios"]["closing_rate"]["value"]
        assert row[head.index("Closing rate")] == ("" if rate is None else repr(rate))
    answer = client.get("/api/v1/indicators.xlsx", params=query)
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]][2:4] == ["Reported", "Rejected"]
    assert sheet.max_row == len(body["rows"]) + 2
    assert len(book.worksheets) == 3
    assert client.get("/api/v1/indicators.xlsx", params=query).content == answer.content


def test_a_ranking(client: httpx.Client) -> None:
    query = {**QUARTERS, "by": "department", "ratio": "rework_rate", "min_cases": "5", "lang": "en"}
    body = client.get("/api/v1/indicators/ranking", params=query).json()
    RankingOut.model_validate(body)
    assert (body["better"], body["min_cases"], body["name"]) == ("lower", 5, "Rework rate")
    ranked = [row for row in body["rows"] if row["rank"] is not None]
    assert [row["rank"] for row in ranked] == [1, 2, 3]
    assert [row["value"] for row in ranked] == sorted(row["value"] for row in ranked)
    assert [row["code"] for row in body["rows"] if row["rank"] is None] == [None]
    for row in body["rows"]:
        assert len(listed(client, row["cases_denominator"])) == row["denominator"]
    few = client.get("/api/v1/indicators/ranking", params={**query, "min_cases": "1000"}).json()
    assert {row["rank"] for row in few["rows"]} == {None}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("from=2026-03-31&to=2026-03-01", 422, "period_backwards"),
        ("from=2026-03-01", 422, "period_incomplete"),
        ("from=2023-01-01&to=2026-01-03", 422, "period_too_long"),
        ("from=2026-13-01&to=2026-03-01", 422, "request_invalid"),
        ("from=gestern&to=2026-03-01", 422, "request_invalid"),
        ("from=2014-01-01&to=2014-12-31&by=town", 422, "period_before_editions"),
        ("from=2014-01-01&to=2014-12-31&area=310113", 422, "period_before_editions"),
        ("from=2026-03-01&to=2026-03-31&by=town&areas_on=2014-01-01", 422, "period_before_editions"),
        ("from=2026-03-01&to=2026-03-31&by=street", 422, "request_invalid"),
        ("from=2026-03-01&to=2026-03-31&compare=week", 422, "request_invalid"),
        ("from=2026-03-01&to=2026-03-31&area=999", 404, "area_of_no_edition"),
        ("from=2026-03-01&to=2026-03-31&area=999&areas_on=2026-03-10", 404, "area_unknown"),
        ("from=2026-03-01&to=2026-03-31&department=X", 404, "indicator_department_unknown"),
        ("from=2026-03-01&to=2026-03-31&type=9999", 404, "indicator_type_unknown"),
        ("from=2026-03-01&to=2026-03-31&major=99", 404, "indicator_major_unknown"),
        ("from=2026-03-01&to=2026-03-31&post=X", 404, "indicator_post_unknown"),
        ("from=2026-03-01&to=2026-03-31&by=cell&cursor=x", 422, "cursor_invalid"),
        ("from=2026-03-01&to=2026-03-31&by=cell&limit=5000", 422, "request_invalid"),
    ],
)
def test_what_cannot_be_counted_is_refused(client: httpx.Client, query: str, status: int, code: str) -> None:
    answer = client.get(f"/api/v1/indicators?{query}")
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}"), answer.text
    if code == "period_before_editions":
        assert "2015-01-01" in answer.json()["detail"]


def test_the_longest_period_and_one_before_all_cases(client: httpx.Client) -> None:
    assert read(client, **{"from": "2023-01-02", "to": "2026-01-03"})["total"]["counts"]["reported"]["value"] > 0
    empty = read(client, **{"from": "2014-01-01", "to": "2014-01-31"}, by="department")
    assert (empty["rows"], empty["total"]["ratios"]["closing_rate"]["text"]) == ([], "—")
    now = read(client)
    assert now["period"] == {"from": "2026-03-01", "to": "2026-03-20"}


@pytest.mark.parametrize("query", ["measure=closed", "counted_from=2026-03-01&counted_to=2026-03-02"])
def test_a_list_of_a_measure_takes_its_period(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/api/v1/cases?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/counted_incomplete")
