"""Counts and figures over HTTP, on any boundaries."""

from datetime import date
from typing import Any

import httpx
import numpy as np
import pyproj
import pytest

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.ingest.figures import FigureRows
from gridmgmt.statistics.service import FigureLabels, record_figures
from tests.api.conftest import District
from tests.support.actors import TESTER
from tests.support.division import add_cases, add_residents, add_service_points, block, spot
from tests.support.paper_district import DACHANG, FIRST, GUCUN, UNIT

UNIT_M2, GUCUN_M2 = (
    abs(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(block(*corners))[0])
    for corners in ((0, 4, 2, 8), (0, 0, 5, 8))
)


@pytest.fixture(scope="module")
def client(shared_district: District) -> httpx.Client:
    """A planner's client; the draft "2030" makes the unit a subdistrict."""
    with shared_district.sessions.begin() as session:
        add_service_points(
            session, FIRST, [(spot(0.5, 5), "meal_point", "open"), (spot(5, 1), "meal_point", "planned")]
        )
        add_cases(
            session, FIRST,
            [
                (spot(0.5, 5), "litter", "reported", "2015-03-31T23:30:00+08:00"),
                (spot(6, 1), "litter", "closed", "2015-04-01T00:00:00+08:00"),
                (spot(20, 20), "noise", "closed", "2015-03-05T12:00:00+08:00"),
            ],
        )  # fmt: skip
        add_residents(session, FIRST, [(spot(0.5, 5), (10, 0, 0, 0, 5)), (spot(3, 3), (30, 0, 0, 0, 0))])
        codes, values = np.array([GUCUN, DACHANG], dtype=object), np.array([450.0, 70.0])
        rows = FigureRows(np.array([2, 3]), codes, values, (), 2)
        labels = FigureLabels("residents", AreaLevel.TOWN, date(2014, 12, 31), FIRST, "yearbook")
        record_figures(session, TESTER, rows, labels)
    planner = shared_district.planner
    ask = {"name": "2030", "planned_from": "2030-01-01", "source": "paper"}
    draft = planner.post("/api/v1/drafts", json=ask).json()
    promote = {"verb": "promote", "unit": UNIT, "into": {"code": "310113009", "name": "菊泉街道"}}
    planner.post(draft["links"]["edits"], json=promote, headers={"If-Match": "*"}).raise_for_status()
    return planner


def counts(client: httpx.Client, subject: str, **query: str) -> tuple[dict[str, float], float, float]:
    """Totals by town, outside all, of all."""
    answer = client.get("/api/v1/statistics/counts", params={"level": "town", "subject": subject, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    by_town = {area["code"]: area["tally"]["total"] for area in found["areas"]}
    assert sum(by_town.values()) + found["outside"]["total"] == found["total"]["total"]
    return by_town, found["outside"]["total"], found["total"]["total"]


def test_points_are_counted_on_the_boundaries_asked_for(client: httpx.Client) -> None:
    assert counts(client, "service_points") == ({DACHANG: 1, GUCUN: 1}, 0, 2), "the border belongs to the lower code"
    assert counts(client, "service_points", edition="2030") == ({"310113009": 1, DACHANG: 1, GUCUN: 0}, 0, 2)
    assert counts(client, "residents") == ({DACHANG: 0, GUCUN: 45}, 0, 45)
    assert counts(client, "residents", edition="2030", data_on="2016-01-01") == (
        {"310113009": 15, DACHANG: 0, GUCUN: 30}, 0, 45,
    )  # fmt: skip


def test_a_past_month_is_counted_on_a_draft(client: httpx.Client) -> None:
    march = {"from": "2015-03-01", "to": "2015-04-01"}
    assert counts(client, "cases", **march) == ({DACHANG: 0, GUCUN: 1}, 1, 2)
    assert counts(client, "cases", edition="2030", **march) == ({"310113009": 1, DACHANG: 0, GUCUN: 0}, 1, 2)
    assert counts(client, "cases")[2] == 3


def test_a_count_names_kinds_editions_and_method(client: httpx.Client) -> None:
    query = {"level": "town", "subject": "residents", "edition": "2030", "lang": "en"}
    found = client.get("/api/v1/statistics/counts", params=query).json()
    assert found["total"]["counts"] == [
        {"by": {"age_band": "60_64"}, "value": 40},
        {"by": {"age_band": "80_plus"}, "value": 5},
    ]
    assert [(e["name"], e["valid_from"]) for e in found["area_editions"]] == [("2015", "2015-01-01"), ("2030", None)]
    assert (found["draft"], found["on"], found["data_editions"][0]["subject"]) == ("2030", "2030-01-01", "population")
    assert "lower code" in found["method"]


def test_figures_and_their_way_to_other_boundaries(client: httpx.Client) -> None:
    figures = client.get("/api/v1/statistics/figures", params={"figure": "residents", "level": "town"}).json()
    assert [(f["code"], f["name"], f["value"], f["source"]) for f in figures["items"]] == [
        (DACHANG, "大场镇", 70, "yearbook"),
        (GUCUN, "顾村镇", 450, "yearbook"),
    ]
    query = {"figure": "residents", "level": "town", "edition": "2030", "lang": "en"}
    by_area = client.get("/api/v1/statistics/apportioned", params=query).json()
    amounts = {area["code"]: area["amount"] for area in by_area["areas"]}
    share = UNIT_M2 / GUCUN_M2
    assert amounts["310113009"]["estimate"] == pytest.approx(450 * share, rel=1e-6)
    assert (amounts["310113009"]["low"], amounts["310113009"]["high"]) == (0, 450)
    assert amounts[DACHANG] == {"estimate": 70, "low": 70, "high": 70, "certain": True}
    assert (by_area["total"], by_area["weighting"]) == (520, "area")
    assert "ellipsoid" in by_area["method"]
    by_people = client.get("/api/v1/statistics/apportioned", params={**query, "weighting": "residents"}).json()
    assert {a["code"]: a["amount"]["estimate"] for a in by_people["areas"]}["310113009"] == pytest.approx(450 * 15 / 45)


def test_surfaces_are_those_of_the_boundaries(client: httpx.Client) -> None:
    found = client.get("/api/v1/statistics/surfaces", params={"level": "town"}).json()["items"]
    assert {s["code"]: s["area_m2"] for s in found}[GUCUN] == pytest.approx(GUCUN_M2, rel=1e-6)
    assert [s["published"] for s in found] == [[], []]


@pytest.mark.parametrize(
    ("address", "query", "status", "code"),
    [
        (
            "counts",
            {"subject": "service_points", "from": "2015-01-01", "to": "2016-01-01"},
            422,
            "period_without_cases",
        ),
        ("counts", {"subject": "cases", "from": "2015-01-01"}, 422, "period_incomplete"),
        ("counts", {"subject": "cases", "from": "2016-01-01", "to": "2015-01-01"}, 422, "period_empty"),
        ("counts", {"subject": "cases", "edition": "nowhere"}, 404, "boundary_edition_unknown"),
        ("figures", {"figure": "No Slug"}, 422, "figure_name_malformed"),
        ("apportioned", {"figure": "households"}, 404, "figure_unknown"),
    ],
)
def test_what_cannot_be_counted(
    client: httpx.Client, address: str, query: dict[str, str], status: int, code: str
) -> None:
    answer = client.get(f"/api/v1/statistics/{address}", params={"level": "town", **query})
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")
