"""The map of cases in a real browser that refuses and counts every request to the outside."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
import shapely
from playwright.sync_api import Browser, Page, expect

from gridmgmt.catalogue.matters import Words
from gridmgmt.hotspots.rules import HotSpotQuestion, RepeatQuestion, Span, SpotClass
from gridmgmt.hotspots.service import HotSpot, HotSpots, RepeatedPlace, RepeatedPlaces
from maps.cases_page import CasesDrawn, cases_page
from tests.support.browsing import Console
from tests.support.serving import until

pytestmark = pytest.mark.browser

WEST, SOUTH, SIDE = 121.4, 31.3, 0.001
YEAR = Span(date(2026, 1, 1), date(2026, 12, 31))
DAY = datetime(2026, 6, 1, tzinfo=UTC)


def square(column: int) -> shapely.Polygon:
    return shapely.box(WEST + column * SIDE, SOUTH, WEST + (column + 1) * SIDE, SOUTH + SIDE)


def spot(column: int, kind: SpotClass, z: float) -> HotSpot:
    west, south, east, north = square(column).bounds
    return HotSpot(
        area_id=column, code=f"31011310900100{column}", name="", parent_name="菊一", spot=kind, count=7,
        area_m2=10_000.0, density_per_km2=700.0, z=z, p=0.0001, adjusted_p=0.01, neighbours=4,
        centre=(WEST, SOUTH), bounds=(west, south, east, north),
    )  # fmt: skip


def drawn() -> CasesDrawn:
    """Five cases, two of them at one position and open; a hot and a cold spot; a repeated place."""
    spots = [spot(0, SpotClass.HOT, 4.2), spot(8, SpotClass.COLD, -3.3)]
    place = RepeatedPlace(
        WEST + 0.0005, SOUTH + 0.0005, 2, [("0105", 2)], DAY, DAY, 1, last_case_no="A-1", address="<b>菊盛路</b>1号"
    )
    at = [(0.5, 1), (0.5, 1), (4.0, 0), (8.2, 0), (8.6, 0)]
    points = pa.table(
        {
            "lon": [WEST + column * SIDE for column, _ in at],
            "lat": [SOUTH + 0.5 * SIDE] * len(at),
            "open": [still for _, still in at],
        }
    )
    return CasesDrawn(
        spots=HotSpots(HotSpotQuestion(YEAR), YEAR.last, False, 99_999, 144, 5, 0, 3, spots),
        surfaces=[json.loads(shapely.to_geojson(square(column))) for column in (0, 8)],
        repeats=RepeatedPlaces(RepeatQuestion(YEAR), 5, 3, 1, [place]),
        points=points,
        towns=[
            ("310113109", "顾村镇", json.loads(shapely.to_geojson(shapely.box(WEST, SOUTH, WEST + 0.01, SOUTH + 0.01))))
        ],
        types={"0105": Words("暴露垃圾", "Exposed rubbish")},
        synthetic=True,
    )


@pytest.fixture(scope="module")
def shown(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    file: Path = tmp_path_factory.mktemp("map") / "cases.html"
    file.write_text(cases_page(drawn()), encoding="utf-8")
    console = Console(browser.new_page(viewport={"width": 1440, "height": 900}), file.as_uri())
    console.page.goto(file.as_uri())
    console.page.wait_for_selector("body[data-ready]")
    yield console
    assert (console.outside, console.errors) == ([], [])
    console.close()


def row(page: Page, table: str, number: int) -> object:
    return page.locator(f".panel:visible .scroll[data-level={table}] tbody tr").nth(number)


def test_tables_tell_what_was_found(shown: Console) -> None:
    page = shown.page
    cells = row(page, "spots", 0).locator("td").all_text_contents()
    assert cells == ["热点", "菊一", "310113109001000", "7", "700", "+4.20", "0.01000"]
    assert page.locator(".panel:visible .figure b").all_text_contents() == ["5", "1", "1", "1"]
    expect(page.locator(".panel:visible .badge")).to_be_visible()


def test_a_row_leads_to_its_place(shown: Console) -> None:
    page = shown.page
    before = page.evaluate("MAP.getZoom()")
    row(page, "spots", 1).click()
    until(lambda: abs(page.evaluate("MAP.getCenter().lng") - WEST - 8.5 * SIDE) < 1e-4)
    assert page.evaluate("MAP.getZoom()") > before
    page.locator(".panel:visible [role=tab][data-level=repeated]").click()
    assert row(page, "repeated", 0).locator("td").all_text_contents() == [
        "暴露垃圾",
        "<b>菊盛路</b>1号",
        "2",
        "2026-06-01",
    ]
    row(page, "repeated", 0).press("Enter")
    until(lambda: abs(page.evaluate("MAP.getCenter().lng") - WEST - 0.5 * SIDE) < 1e-4)


def test_clusters_say_how_many_and_part_when_they_are_looked_into(shown: Console) -> None:
    page = shown.page
    page.evaluate("MAP.setView([31.3005, 121.4045], 8, { animate: false })")
    assert page.locator(".cluster").all_text_contents() == ["5"]
    page.evaluate("MAP.setView([31.3005, 121.4005], 18, { animate: false })")
    assert page.locator(".cluster").all_text_contents() == ["2"]


def test_the_page_speaks_both_languages(shown: Console) -> None:
    page = shown.page
    page.locator(".panel:visible .language").click()
    expect(page.locator(".panel:visible h1")).to_have_text("Map of cases, 2026-01-01 to 2026-12-31")
    assert "Exposed rubbish" in page.locator(".panel:visible .scroll[data-level=repeated]").inner_text()
    page.locator(".panel:visible .language").click()
