"""The console in a real browser, served by the real server with the demo district; every outside request is refused."""

import json
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from tests.support.browsing import Console, Served
from tests.support.serving import until

pytestmark = [pytest.mark.browser, pytest.mark.long]

SHARE_COLOURS = [
    (0.0, (0xD9, 0x68, 0x3F)), (0.2, (0xEB, 0xA2, 0x7F)), (0.4, (0xF2, 0xD9, 0xB8)),
    (0.6, (0xB5, 0xDB, 0xBE)), (0.8, (0x5F, 0xAF, 0x97)), (0.95, (0x1F, 0x7A, 0x72)),
]  # fmt: skip
LAND, OPACITY = (0xF3, 0xF1, 0xEC), 0.72


@pytest.fixture
def console(browser: Browser, served_demo: Served) -> Iterator[Console]:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        locale="zh-CN",
        timezone_id="America/Los_Angeles",
        reduced_motion="reduce",
    )
    console = Console(context.new_page(), served_demo.base_url)
    yield console
    context.close()


@pytest.fixture(scope="module")
def api(served_demo: Served) -> Callable[[str], Any]:
    def get(path: str) -> Any:
        with urlopen(f"{served_demo.base_url}/api/v1{path}") as answer:
            return json.load(answer)

    return get


@pytest.fixture(scope="module")
def run(api: Callable[[str], Any]) -> dict[str, Any]:
    """The oldest finished run: the demo's own, whatever other tests have asked for since."""
    finished = [each for each in api("/coverage/runs?limit=1000")["items"] if each["state"] == "succeeded"]
    found: dict[str, Any] = api(f"/coverage/runs/{finished[-1]['run_id']}")
    return found


def percent(ratio: float) -> str:
    return f"{ratio * 100:.1f}%"


def area_named(report: dict[str, Any], level: str) -> dict[str, Any]:
    """The area of a level with the most residents."""
    areas = next(each["areas"] for each in report["levels"] if each["level"] == level)
    found: dict[str, Any] = max(areas, key=lambda area: area["figures"]["residents"])
    return found


def test_panel_shows_the_numbers_of_the_run(console: Console, run: dict[str, Any]) -> None:
    page = console.open(f"/?run={run['run_id']}")
    totals = run["report"]["totals"]
    expect(page.get_by_test_id("ratio")).to_have_text(percent(totals["ratio"]))
    expect(page.get_by_test_id("residents")).to_have_text(f"{totals['residents']:,.0f}")
    expect(page.get_by_test_id("not-reached")).to_have_text(f"{totals['residents'] - totals['covered']:,.0f}")
    towns = next(each["areas"] for each in run["report"]["levels"] if each["level"] == "town")
    rows = page.locator("[data-testid=area-table] tbody tr[data-code]")
    expect(rows).to_have_count(len(towns))
    worst_first = [area["code"] for area in sorted(towns, key=lambda area: area["figures"]["ratio"])]
    assert [row.get_attribute("data-code") for row in rows.all()] == worst_first
    expect(rows.first).to_contain_text(percent(min(area["figures"]["ratio"] for area in towns)))


def test_a_run_that_counted_within_other_boundaries_says_so(console: Console) -> None:
    page = console.open("/")
    expect(page.get_by_test_id("ratio")).to_be_visible()
    expect(page.get_by_test_id("other-boundaries")).to_have_count(0)
    page = console.open("/?on=2030-01-01&select=area:310113009")
    expect(page.get_by_test_id("other-boundaries")).to_contain_text("2 个街镇")
    expect(page.get_by_test_id("uncounted")).to_be_visible()
    expect(page.get_by_test_id("legend-uncounted")).to_be_visible()


def test_synthetic_data_are_always_marked(console: Console) -> None:
    for address in ("/", "/cases", "/areas"):
        expect(console.open(address).get_by_test_id("synthetic")).to_be_visible()


def test_nothing_from_outside_and_nothing_goes_wrong(console: Console) -> None:
    for address in ("/", "/cases", "/areas"):
        console.open(address)
        console.drawn()
    assert console.outside == []
    assert console.errors == []


def test_page_is_served_under_a_strict_policy(console: Console) -> None:
    answer = console.page.goto(console.base_url)
    assert answer is not None
    policy = answer.header_value("content-security-policy") or ""
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy


def test_legend_names_what_is_in_view(console: Console) -> None:
    legend = console.open("/").get_by_test_id("legend")
    console.drawn()
    expect(legend).to_contain_text("街镇可达率")
    expect(legend).to_contain_text("综合为老服务中心")


@pytest.mark.parametrize("choose", [min, max], ids=["worst", "best"])
def test_areas_have_the_colour_of_their_share(
    console: Console, api: Callable[[str], Any], run: dict[str, Any], choose: Callable[..., Any]
) -> None:
    towns = next(each["areas"] for each in run["report"]["levels"] if each["level"] == "town")
    town = choose(towns, key=lambda area: area["figures"]["ratio"])
    lon, lat = api(f"/areas/{town['code']}")["centre"]
    page = console.open(f"/?run={run['run_id']}&camera={lon},{lat},11&layers=ratio")
    console.drawn()
    shot = page.locator("[data-testid=map] canvas").screenshot()
    with warnings.catch_warnings(), MemoryFile(shot) as file:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        picture = file.open()
        centre = picture.read([1, 2, 3])[:, picture.height // 2, picture.width // 2]
    colour = next(rgb for least, rgb in reversed(SHARE_COLOURS) if town["figures"]["ratio"] >= least)
    seen_through = [OPACITY * part + (1 - OPACITY) * ground for part, ground in zip(colour, LAND, strict=True)]
    assert centre.tolist() == pytest.approx(seen_through, abs=3)


def test_click_on_an_area_gives_its_numbers(console: Console, api: Callable[[str], Any], run: dict[str, Any]) -> None:
    town = area_named(run["report"], "town")
    lon, lat = api(f"/areas/{town['code']}")["centre"]
    page = console.open(f"/?run={run['run_id']}&camera={lon},{lat},10&layers=ratio,labels")
    console.drawn()
    console.click_map_centre()
    drawer = page.get_by_test_id("drawer")
    expect(drawer.get_by_role("heading", level=1)).to_have_text(town["name"])
    expect(drawer.get_by_test_id("ratio")).to_have_text(percent(town["figures"]["ratio"]))
    expect(drawer.get_by_test_id("residents")).to_have_text(f"{town['figures']['residents']:,.0f}")
    assert f"area:{town['code']}" in page.url


def camera_of(page: Page) -> tuple[float, float, float]:
    """Longitude, latitude and zoom of the map, once it has moved."""
    page.wait_for_url(re.compile("camera="))
    lon, lat, zoom = map(float, re.search(r"camera=([\d.,]+)", page.url)[1].split(","))  # type: ignore[index]  # just waited for
    return lon, lat, zoom


def test_link_to_an_area_shows_it_on_the_map(console: Console, api: Callable[[str], Any]) -> None:
    quarter = api("/areas?level=residential_quarter&limit=1")["items"][0]
    page = console.open(f"/?select=area:{quarter['code']}")
    west, south, east, north = quarter["bbox"]
    lon, lat, zoom = camera_of(page)
    assert zoom > 14
    assert south < lat < north
    assert west - (east - west) < lon < east + 2 * (east - west), "beside the drawer"


def test_link_to_an_area_opens_the_map_on_a_narrow_screen(console: Console, api: Callable[[str], Any]) -> None:
    quarter = api("/areas?level=residential_quarter&limit=1")["items"][0]
    console.page.set_viewport_size({"width": 390, "height": 844})
    page = console.open(f"/?select=area:{quarter['code']}")
    expect(page.get_by_test_id("map")).to_be_visible()
    lon, lat, _ = camera_of(page)
    west, south, east, north = quarter["bbox"]
    assert west < lon < east
    assert lat < (south + north) / 2, "the area lies above the sheet that covers the lower half"


def test_click_on_an_uncovered_place_says_why(console: Console, run: dict[str, Any]) -> None:
    place = next(p for p in run["report"]["uncovered_places"]["listed"] if p["status"] == "uncovered")
    page = console.open(f"/?run={run['run_id']}&camera={place['lon']},{place['lat']},19&layers=places")
    console.drawn()
    console.click_map_centre()
    why = page.get_by_test_id("why")
    expect(why).to_contain_text(place["nearest_point_name"])
    expect(why).to_contain_text(f"{place['walk_time_s'] / 60:.1f} 分钟")
    expect(page.get_by_test_id("drawer")).to_contain_text(place["area_codes"]["town"])


def test_listed_place_says_the_same_why(console: Console, api: Callable[[str], Any], run: dict[str, Any]) -> None:
    place = run["report"]["uncovered_places"]["listed"][0]
    page = console.open(f"/?run={run['run_id']}")
    page.locator("[data-testid=uncovered-table] [data-row]").first.click()
    expect(page.get_by_test_id("why")).to_contain_text(place["nearest_point_name"])
    found = api(f"/coverage/runs/{run['run_id']}/places?place_no={place['place_no']}")
    snap_m = found["snap_distance_m"]
    shown = f"{snap_m:.1f}".removesuffix(".0") if snap_m < 10 else f"{snap_m:.0f}"
    expect(page.get_by_test_id("drawer")).to_contain_text(f"{shown} 米")
    lon, lat, zoom = camera_of(page)
    assert zoom >= 15
    assert abs(lon - place["lon"]) < 0.02
    assert abs(lat - place["lat"]) < 0.02


@pytest.fixture(scope="module")
def cases(api: Callable[[str], Any]) -> int:
    """The number of reported cases of the demo, which a worker makes after the server has begun to answer."""
    until(lambda: bool(api("/cases?state=reported&limit=1")["items"]), deadline_s=300)
    found: int = api("/cases?state=reported")["count"]["value"]
    return found


@pytest.mark.usefixtures("cases")
def test_case_shows_the_areas_it_falls_in(console: Console, api: Callable[[str], Any]) -> None:
    newest = api(f"/cases/{api('/cases?limit=1')['items'][0]['case_no']}")
    page = console.open("/cases")
    page.locator("[data-testid=cases] [data-row]").first.click()
    drawer = page.get_by_test_id("drawer")
    expect(drawer).to_contain_text(newest["case_no"])
    for area in newest["areas"]:
        expect(drawer).to_contain_text(area["code"])


def test_the_map_shows_the_cases_of_the_list(console: Console, cases: int) -> None:
    page = console.open("/cases?state=reported")
    expect(page.get_by_test_id("case-count")).to_have_text(f"{cases} 件")
    expect(page.get_by_role("button", name="已上报")).to_have_attribute("aria-pressed", "true")
    console.drawn()
    expect(page.get_by_test_id("legend-cases")).to_contain_text("无时限")
    expect(page.get_by_test_id("legend-cases")).not_to_contain_text("已结束")


def test_language_is_switched_and_kept(console: Console) -> None:
    page = console.open("/areas")
    expect(page.get_by_role("heading", level=1)).to_have_text("区划")
    page.get_by_test_id("language").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Areas")
    assert "lang=en" in page.url
    expect(page.locator(".maplibregl-ctrl-zoom-in")).to_have_attribute("title", "Zoom in")
    console.open("/cases")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cases")


def test_keyboard_alone_finds_opens_and_closes(console: Console, api: Callable[[str], Any]) -> None:
    town = api("/areas?level=town&limit=1")["items"][0]
    page = console.open("/")
    expect(page.get_by_test_id("area-table")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(town["code"])
    expect(page.get_by_role("option").first).to_contain_text(town["name"])
    page.keyboard.press("Enter")
    drawer = page.get_by_test_id("drawer")
    expect(drawer.get_by_role("heading", level=1)).to_have_text(town["name"])
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("[data-testid=area-table] [data-row]").nth(1)
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    expect(drawer).to_contain_text(str(second.get_attribute("data-code")))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_areas_open_level_by_level(console: Console, api: Callable[[str], Any]) -> None:
    towns = api("/areas?level=town&limit=1000")["items"]
    page = console.open("/areas")
    rows = page.locator("[data-testid=areas] [data-row]")
    expect(rows).to_have_count(1 + len(towns))
    rows.nth(1).get_by_role("button").click()
    expect(rows).to_have_count(1 + len(towns) + len(api(f"/areas/{towns[0]['code']}")["children"]))


def test_new_run_is_followed_to_its_end_and_shown(console: Console, api: Callable[[str], Any]) -> None:
    page = console.open("/")
    page.get_by_test_id("new-run").click()
    page.get_by_test_id("minutes").locator("input").fill("10")
    page.get_by_test_id("submit-run").click()
    page.wait_for_url(re.compile(r"run=\d+"))
    run_id = re.search(r"run=(\d+)", page.url)[1]  # type: ignore[index]  # just waited for
    shown = api(f"/coverage/runs/{run_id}")
    assert shown["report"]["parameters"]["limit_s"] == 600
    expect(page.get_by_role("heading", level=1)).to_contain_text("10 分钟")
    expect(page.get_by_test_id("ratio")).to_have_text(percent(shown["report"]["totals"]["ratio"]))


def test_failure_names_the_request_and_can_be_tried_again(console: Console, run: dict[str, Any]) -> None:
    problem = {"title": "Busy", "detail": "no database", "status": 503, "request_id": "request-7"}
    address = re.compile(rf"/coverage/runs/{run['run_id']}$")
    console.page.route(
        address,
        lambda route: route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(problem)),
    )
    page = console.open(f"/?run={run['run_id']}")
    expect(page.get_by_role("alert")).to_contain_text("request-7")
    page.unroute(address)
    page.get_by_role("alert").get_by_role("button").click()
    expect(page.get_by_test_id("ratio")).to_have_text(percent(run["report"]["totals"]["ratio"]))


def test_withheld_counts_are_shown_as_an_asterisk(console: Console, run: dict[str, Any]) -> None:
    public = json.loads(json.dumps(run))
    public["report"] |= {"form": "public", "suppression_threshold": 10, "uncovered_places": None}
    town = area_named(public["report"], "town")
    town["figures"] |= {"residents": None, "uncovered": None, "ratio": None, "suppressed": ["residents"]}
    console.page.route(
        re.compile(rf"/coverage/runs/{run['run_id']}$"),
        lambda route: route.fulfill(content_type="application/json", body=json.dumps(public)),
    )
    page = console.open(f"/?run={run['run_id']}")
    row = page.locator(f"[data-testid=area-table] [data-code='{town['code']}']")
    expect(row.locator("td").nth(1)).to_have_text("*")
    expect(row.locator("td").nth(2)).to_have_text("—")
    expect(page.get_by_test_id("uncovered-table")).to_have_count(0)


def test_pages_keep_the_run_and_back_returns(console: Console, run: dict[str, Any]) -> None:
    page = console.open(f"/?run={run['run_id']}&level=district")
    page.get_by_role("link", name="案件", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("案件")
    assert f"run={run['run_id']}" in page.url
    page.go_back()
    expect(page.locator("[data-testid=area-table] tbody tr[data-code]")).to_have_count(1)


def test_documentation_of_the_interface_needs_no_internet(console: Console) -> None:
    page = console.open("/docs")
    expect(page.get_by_text("/api/v1/cases/routing", exact=True).first).to_be_visible()
    assert console.outside == []


def test_narrow_screens_have_tabs(console: Console) -> None:
    console.page.set_viewport_size({"width": 390, "height": 844})
    page = console.open("/")
    expect(page.get_by_test_id("map")).to_be_hidden()
    page.get_by_role("tab", name="地图").click()
    expect(page.get_by_test_id("map")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
