"""The map page in a real browser that refuses and counts every request to the outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from playwright.sync_api import Browser, Page

from gridmgmt.analysis.walking.gates import Access, Gate
from gridmgmt.reports.formatting import count_text, ratio_text
from gridmgmt.reports.public import public_form
from gridmgmt.texts import text
from gridmgmt.walking.isochrones import GroundClass
from maps.coverage_page import coverage_page
from maps.walk_layers import Surroundings
from tests.support.coverage_example import SOUTH, WEST, Example, make_example

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip


class Watched:
    """A page with all that went wrong on it: requests beyond its file, errors, words on the console."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.outside: list[str] = []
        self.errors: list[str] = []
        page.route("**/*", lambda route: route.continue_() if self._own(route.request.url, file) else route.abort())
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text))
        page.goto(file.as_uri())
        page.wait_for_selector("body[data-ready]")

    def _own(self, url: str, file: Path) -> bool:
        if url != file.as_uri() and not url.startswith("data:"):
            self.outside.append(url)
            return False
        return True


@pytest.fixture(scope="module")
def example() -> Example:
    return make_example(n_places=600)


@pytest.fixture
def shown(browser: Browser, example: Example, tmp_path: Path) -> Iterator[Watched]:
    file = tmp_path / "map.html"
    file.write_text(coverage_page(example.document, example.areas, example.places, example.points), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    yield Watched(page, file)
    page.close()


def visible_rows(page: Page) -> list[list[str]]:
    """The texts of the rows of the table in sight."""
    rows = page.locator(".panel:visible .scroll:visible tbody tr").all()
    return [row.locator("td").all_text_contents() for row in rows]


def test_page_asks_for_nothing_and_nothing_goes_wrong(shown: Watched) -> None:
    assert shown.outside == []
    assert shown.errors == []
    assert shown.page.locator("canvas").count() == 1
    assert shown.page.locator(".leaflet-control-layers-overlays input:checked").count() == 3


@pytest.mark.parametrize("number", [0, 1, 2])
def test_table_of_each_level_is_that_of_the_document(shown: Watched, example: Example, number: int) -> None:
    level = example.document.levels[number]
    shown.page.locator(f".panel:visible [role=tab][data-level={level.level}]").click()
    rows = visible_rows(shown.page)
    assert [row[:2] for row in rows[: len(level.areas)]] == [[area.code, area.name] for area in level.areas]
    for row, area in zip(rows, level.areas, strict=False):
        assert row[3] == count_text(area.figures.residents)
        assert row[4] == count_text(area.figures.covered)
        assert row[5] == ratio_text(area.figures.ratio)
    assert rows[-1][3] == count_text(example.document.totals.residents)
    assert len(rows) == len(level.areas) + 1 + (level.remainder is not None)


def test_key_figures_and_badge_are_in_sight(shown: Watched, example: Example) -> None:
    figures = shown.page.locator(".panel:visible .figure b").all_text_contents()
    assert figures[:2] == [count_text(example.document.totals.residents), ratio_text(example.document.totals.ratio)]
    assert shown.page.locator(".panel:visible .badge").inner_text() == "合成示例数据 / synthetic data"


def test_language_switches_there_and_back(shown: Watched) -> None:
    page = shown.page
    tab = page.locator(".panel:visible [role=tab][aria-selected=true]")
    layers = page.locator(".leaflet-control-layers")
    assert tab.inner_text() == text("level.town", "zh")
    page.locator(".panel:visible .language").click()
    assert tab.inner_text() == text("level.town", "en")
    assert text("map.points", "en") in layers.inner_text()
    assert page.title() == "Coverage within 20 minutes on foot"
    assert "面积" not in page.locator("body").inner_text()
    page.locator(".panel:visible .language").click()
    assert tab.inner_text() == text("level.town", "zh")
    assert shown.errors == []


def test_heading_sorts_down_then_up_and_sums_stay_below(shown: Watched, example: Example) -> None:
    page = shown.page
    page.locator(".panel:visible [role=tab][data-level=residential_quarter]").click()
    head = page.locator(".panel:visible .scroll:visible th").nth(3).locator("button")
    residents = [area.figures.residents for area in example.document.levels[2].areas]
    for reverse in (True, False):
        head.click()
        rows = visible_rows(page)
        assert [row[3] for row in rows[:12]] == [count_text(n) for n in sorted(residents, reverse=reverse)]
        assert rows[-1][1] == text("report.total", "zh")


def test_row_takes_the_map_there_also_by_keyboard(shown: Watched) -> None:
    page = shown.page
    scale = page.locator(".leaflet-control-scale-line")
    before = scale.inner_text()
    row = page.locator(".panel:visible .scroll:visible tr[data-code='310113002']")
    row.focus()
    page.keyboard.press("Enter")
    assert "selected" in (row.get_attribute("class") or "")
    page.locator(".panel:visible [role=tab][data-level=residential_quarter]").click()
    page.locator(".panel:visible .scroll:visible tr[data-code='310113003002']").click()
    page.wait_for_function(
        "before => document.querySelector('.leaflet-control-scale-line').innerText !== before", arg=before
    )
    assert page.locator("tr.selected:visible").get_attribute("data-code") == "310113003002"


def test_click_on_an_area_selects_its_row_and_pointing_tells_its_ratio(shown: Watched, example: Example) -> None:
    page = shown.page
    page.locator(".leaflet-control-layers-overlays label", has_text=text("map.places", "zh")).click()
    box = page.locator(".folium-map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2 + 7, box["y"] + box["height"] / 2 + 7)
    tooltip = page.locator(".leaflet-tooltip")
    tooltip.wait_for()
    town = example.document.levels[1].areas[1]
    assert tooltip.locator("div div, b").all_inner_texts()[:2] == [town.name, ratio_text(town.figures.ratio)]
    page.mouse.click(box["x"] + box["width"] / 2 + 7, box["y"] + box["height"] / 2 + 7)
    assert page.locator("tr.selected:visible").get_attribute("data-code") == town.code


def test_switching_places_off_takes_their_legend_away(shown: Watched) -> None:
    page = shown.page
    legend = page.locator(".legend:visible [data-layer=places]")
    assert legend.is_visible()
    page.locator(".leaflet-control-layers-overlays label", has_text=text("map.places", "zh")).click()
    assert legend.count() == 0 or not legend.is_visible()


@pytest.mark.parametrize("name", ["flows", "missed"])
def test_layers_of_walks_come_with_their_legend(shown: Watched, name: str) -> None:
    page = shown.page
    legend = page.locator(f".legend:visible [data-layer={name}]")
    assert legend.count() == 0 or not legend.is_visible()
    page.locator(".leaflet-control-layers-overlays label", has_text=text(f"map.layer_{name}", "zh")).click()
    assert legend.is_visible()
    page.locator(".panel:visible .language").click()
    assert text(f"map.layer_{name}", "en") in legend.locator("h2").inner_text()
    assert shown.errors == []


def test_ground_and_gates_are_drawn_where_they_are_known(browser: Browser, example: Example, tmp_path: Path) -> None:
    spot = shapely.Point(WEST + 0.03, SOUTH + 0.04)
    ground = {GroundClass.CERTAIN: spot.buffer(0.005), GroundClass.POSSIBLE: spot.buffer(0.008)}
    gates = [Gate(None, "G1", "西门", Access.CLOSED, None, spot.x, spot.y)]
    file = tmp_path / "walks.html"
    page_text = coverage_page(
        example.document, example.areas, None, example.points, around=Surroundings(ground, gates, "wed 10:00")
    )  # fmt: skip
    file.write_text(page_text, encoding="utf-8")
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    shown = Watched(page, file)
    for name in ("ground", "gates"):
        label = text(f"map.layer_{name}", "zh", at="wed 10:00")
        page.locator(".leaflet-control-layers-overlays label", has_text=label).click()
    box = page.locator(".folium-map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tooltip = page.locator(".leaflet-tooltip")
    tooltip.wait_for()
    assert tooltip.locator("div div, b").all_inner_texts() == ["西门", text("map.gate_closed", "zh")]
    page.mouse.move(box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2, steps=10)
    page.locator(".leaflet-tooltip b", has_text=text("map.ground_certain", "zh")).wait_for()
    assert (shown.outside, shown.errors) == ([], [])
    page.close()


def test_public_page_draws_no_place(browser: Browser, example: Example, tmp_path: Path) -> None:
    public = public_form(example.document, 10)
    page_text = coverage_page(public, example.areas, example.places, example.points, "en")
    file = tmp_path / "public.html"
    file.write_text(page_text, encoding="utf-8")
    page = browser.new_page()
    shown = Watched(page, file)
    assert '"places":null' in page_text
    assert page.locator(".leaflet-control-layers-overlays input").count() == 2
    assert text("map.no_places", "en") in page.locator(".notes:visible").inner_text()
    assert (shown.outside, shown.errors) == ([], [])
    page.close()


def test_narrow_screen_puts_the_map_above_the_numbers(shown: Watched) -> None:
    shown.page.set_viewport_size({"width": 390, "height": 844})
    map_box = shown.page.locator(".folium-map").bounding_box()
    panel_box = shown.page.locator(".panel:visible").bounding_box()
    assert map_box is not None
    assert panel_box is not None
    assert map_box["width"] == panel_box["width"] == 390
    assert map_box["y"] + map_box["height"] <= panel_box["y"] + 1
