"""The map page of a siting answer in a real browser that refuses every request to the outside."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page

from gridmgmt.reports.palette import ratio_colour
from gridmgmt.reports.siting_words import certificate_text
from gridmgmt.texts import text
from maps.siting_page import siting_page
from tests.browser.test_map_page import Watched
from tests.support.siting_example import QUARTERS, make_siting, siting_areas

pytestmark = pytest.mark.browser

POINTS = pd.DataFrame(
    [(121.415, 31.305, "elderly_service_point", "P1", "一号点")], columns=["lon", "lat", "type", "code", "name"]
)


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    file = tmp_path / "siting.html"
    file.write_text(siting_page(make_siting(), siting_areas(), POINTS), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    yield Watched(page, file)
    page.close()


def fill_of(page: Page, code: str) -> str:
    """The colour in which an area is painted."""
    found: str = page.evaluate(
        """code => {
          let found
          MAP.eachLayer((layer) => { if (layer.feature?.id === code) found = layer.options.fillColor })
          return found
        }""",
        code,
    )
    return found


def test_nothing_is_asked_for_and_nothing_goes_wrong(shown: Watched) -> None:
    assert shown.outside == []
    assert shown.errors == []
    assert shown.page.locator(".rank").all_text_contents() == ["1", "2", "3"]
    assert certificate_text(make_siting(), "zh") in shown.page.locator(".panel:visible .lead").inner_text()


def test_the_areas_switch_between_before_and_after(shown: Watched) -> None:
    """The third quarter goes from none of 200 residents to 150."""
    page, quarter = shown.page, QUARTERS[2]
    assert fill_of(page, quarter) == ratio_colour(0.75)
    page.get_by_label(text("siting_map.before", "zh")).click()
    assert fill_of(page, quarter) == ratio_colour(0.0)
    assert text("siting_map.before", "zh") in page.locator(".legend:visible h2").first.inner_text()
    page.get_by_label(text("siting_map.after", "zh")).click()
    assert fill_of(page, quarter) == ratio_colour(0.75)


def test_a_row_leads_to_its_point_and_a_point_to_its_row(shown: Watched) -> None:
    page = shown.page
    page.locator(".panel:visible .scroll:visible tr[data-code='2']").click()
    assert page.locator(".rank.chosen-now").all_text_contents() == ["2"]
    centre = page.evaluate("() => [MAP.getCenter().lng, MAP.getCenter().lat]")
    assert centre == pytest.approx([121.41, 31.33], abs=1e-4)
    page.locator(".panel:visible [role=tab][data-level=residential_quarter]").click()
    assert page.locator(".rank.chosen-now").count() == 0
    page.locator(".panel:visible .scroll:visible tr[data-code]").first.press("Enter")
    assert page.locator(".panel:visible tr.selected").get_attribute("data-code") == QUARTERS[0]


def test_layers_go_with_their_legend_and_the_language_changes_all_words(shown: Watched) -> None:
    page = shown.page
    page.get_by_label(text("siting_map.zones", "zh")).uncheck()
    assert not page.locator(".legend:visible [data-layer=zones]").is_visible()
    page.locator(".language:visible").click()
    assert page.title() == "Siting plan: 3 new points (Elderly service point)"
    assert page.get_by_label(text("siting_map.after", "en")).is_checked()
    assert not page.get_by_label(text("siting_map.zones", "en")).is_checked()
    page.locator(".panel:visible th button").filter(has_text=re.compile("^Newly covered$")).click()
    rows = page.locator(".panel:visible .scroll:visible tbody tr").all()
    assert [row.get_attribute("data-code") for row in rows] == ["1", "2", "3"]
    assert shown.errors == []


def test_a_phone_scrolls_nowhere_sideways(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "siting.html"
    file.write_text(siting_page(make_siting(), siting_areas(), POINTS, "en"), encoding="utf-8")
    page = browser.new_page(viewport={"width": 360, "height": 740})
    Watched(page, file)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 360
    page.close()
