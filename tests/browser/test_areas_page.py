"""The map page of areas in a real browser that refuses and counts every request to the outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from gridmgmt.texts import text
from maps.areas_page import areas_page
from tests.browser.test_map_page import Watched
from tests.support.areas_example import timeline

pytestmark = pytest.mark.browser


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    file = tmp_path / "areas.html"
    file.write_text(areas_page(timeline()), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    watched = Watched(page, file)
    yield watched
    assert (watched.outside, watched.errors) == ([], [])
    page.close()


def rows(page: Page) -> list[list[str]]:
    """The texts of the table's rows."""
    found = page.locator(".panel:visible tbody tr").all()
    return [row.locator("td").all_text_contents() for row in found]


def codes(page: Page) -> list[str]:
    return [row[1] for row in rows(page)]


def level(page: Page, name: str) -> Locator:
    return page.locator(f".panel:visible [role=tab][data-level={name}]")


def test_towns_of_today_come_first(shown: Watched) -> None:
    page = shown.page
    assert rows(page) == [
        [
            "甲镇",
            "A",
            "42.00",
            "—",
            text("mode.basic_management_unit", "zh") + text("areas_map.by_override", "zh"),
            "2015",
        ],
        ["乙镇", "B", "21.00", "—", text("areas_map.undecided", "zh"), "2015"],
    ]
    assert page.locator(".panel:visible .at").inner_text() == "自 2015-01-01 · 2015生效"
    assert page.locator(".panel:visible .modes").inner_text().endswith("2026-11-22")
    assert page.locator(".panel:visible .summary").inner_text() == "街镇 2 个，共 63.00 km²。 最早的边界版次。"
    assert page.locator(".panel:visible .badge").inner_text() == "合成示例数据 / synthetic data"
    assert page.locator(".area-name").all_inner_texts() == ["甲镇", "乙镇"]


def test_slider_goes_to_the_next_edition_by_keyboard_and_back(shown: Watched) -> None:
    page = shown.page
    page.locator(".panel:visible .stop").focus()
    page.keyboard.press("ArrowRight")
    assert [row[:3] for row in rows(page)] == [["甲镇", "A", "31.50"], ["乙镇", "B", "21.00"], ["丙街道", "C", "10.50"]]
    assert page.locator(".panel:visible tr.changed td:nth-child(2)").all_inner_texts() == ["A", "C"]
    assert page.locator(".panel:visible .at").inner_text() == "自 2030-01-01 · 2030待生效"
    assert "新增 1，终止 0，改变 1" in page.locator(".panel:visible .summary").inner_text()
    assert page.locator(".panel:visible .stop").get_attribute("aria-valuetext") == "2030-01-01 2030"
    level(page, "basic_management_unit").click()
    assert codes(page) == []
    assert "新增 0，终止 1，改变 0" in page.locator(".panel:visible .summary").inner_text()
    page.locator(".panel:visible .stop").focus()
    page.keyboard.press("ArrowLeft")
    assert codes(page) == ["A-U1"]


def test_a_row_tells_the_mode_with_the_document_of_its_override(shown: Watched) -> None:
    page = shown.page
    row = page.locator(".panel:visible tr[data-code=A]")
    row.focus()
    page.keyboard.press("Enter")
    detail = page.locator(".panel:visible .detail")
    said = detail.inner_text()
    for part in (
        "甲镇",
        "42.00 km² (42,000,000 m²)",
        "区地区办",
        "批复〔2015〕1号",
        "2014-12-01",
        "已列入四个单元",
        "至 2030-01-01 止",
    ):
        assert part in said
    assert "selected" in (row.get_attribute("class") or "")
    page.locator(".panel:visible .stop").focus()
    page.keyboard.press("ArrowRight")
    assert "31.50 km²" in detail.inner_text(), "the same town in the other edition"
    detail.locator(".close").click()
    assert detail.is_hidden()


def test_click_on_the_map_tells_of_the_area_there(shown: Watched) -> None:
    page = shown.page
    box = page.locator(".folium-map").bounding_box()
    assert box is not None
    # The district spans 0.03° from west to east; its middle lies in town A, a quarter further east lies B.
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    assert page.locator(".panel:visible .detail h2").inner_text() == "甲镇"
    page.locator(".panel:visible tr[data-code=B]").click()
    assert page.locator(".panel:visible .detail h2").inner_text() == "乙镇"
    assert page.locator(".panel:visible tr.selected").count() == 1


def test_language_switches_all_words_and_keeps_the_place(shown: Watched) -> None:
    page = shown.page
    level(page, "residential_quarter").click()
    page.locator(".panel:visible tr[data-code=A02]").click()
    page.locator(".panel:visible .language").click()
    assert page.title() == text("areas_map.title", "en")
    assert rows(page)[1][3:5] == ["甲镇", text("mode.direct", "en")]
    assert page.locator(".panel:visible .detail h2").inner_text() == "甲二村"
    assert page.locator(".panel:visible .summary").inner_text().startswith("Residential quarter: 3, 63.00 km² in all.")
    assert "面积" not in page.locator("body").inner_text()


def test_heading_sorts_and_the_order_holds_on_the_next_edition(shown: Watched) -> None:
    page = shown.page
    surface = page.locator(".panel:visible th.km2 button")
    surface.click()
    assert codes(page) == ["A", "B"]
    surface.click()
    assert codes(page) == ["B", "A"]
    page.locator(".panel:visible .stop").focus()
    page.keyboard.press("ArrowRight")
    assert codes(page) == ["C", "B", "A"]


def test_colours_and_the_hatch_of_an_override_are_on_the_map(shown: Watched) -> None:
    """Count the colours of a square in town A (hatched) and of one in town B (plain)."""
    colours = """([across, down]) => {
      const canvas = document.querySelector('.leaflet-overlay-pane canvas')
      const seen = document.querySelector('.folium-map').getBoundingClientRect()
      const box = canvas.getBoundingClientRect()
      const scale = canvas.width / box.width
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      const at = (x, y) => data.slice(4 * (y * canvas.width + x), 4 * (y * canvas.width + x) + 4).join()
      const y = Math.round((seen.y + seen.height * down - box.y) * scale)
      return across.map((part) => {
        const x = Math.round((seen.x + seen.width * part - box.x) * scale)
        return new Set(Array.from({ length: 256 }, (_, i) => at(x + (i % 16), y + (i >> 4)))).size
      })
    }"""
    hatched, plain = shown.page.evaluate(colours, [[0.4, 0.7], 0.3])
    assert plain == 1
    assert hatched > 5
