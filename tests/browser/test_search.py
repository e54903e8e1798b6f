"""The one search box of the console in a real browser: areas, addresses and codes of a small drawn town."""

from collections.abc import Iterator
from itertools import combinations

import pytest
import shapely
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from api.app import create_app
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.responsibility import service
from gridmgmt.settings import Settings
from tests.support.actors import TESTER
from tests.support.browsing import Console, new_context
from tests.support.division import spot
from tests.support.gazetteer import DAY, take
from tests.support.paper_grids import TOWN, WEST, WESTERN, build, cell, grid
from tests.support.serving import served

pytestmark = pytest.mark.browser

ROWS = """code,kind,name,address,aliases,former_names,lon,lat
R001,road,长江西路,,,长江马路 (1955/1985),{road[0]},{road[1]}
R002,road,无点路,,,,,
D001,door,,上海市宝山区张庙街道长江西路1568号,,,{door[0]},{door[1]}
C001,compound,泗塘一村,上海市宝山区张庙街道长江西路200弄,老泗塘,,{compound[0]},{compound[1]}
"""
DOOR = spot(1.5, 0.5)
"""In the second cell of the southern row, which is one of the western grid."""


@pytest.fixture(scope="module")
def base_url(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that everybody may read, with a town of twelve cells, one grid and five addresses."""
    file = tmp_path_factory.mktemp("gazetteer") / "addresses.csv"
    file.write_text(ROWS.format(road=spot(0.5, 0.5), door=DOOR, compound=spot(4.5, 1.5)), encoding="utf-8")
    engine = make_engine(module_database_url)
    with make_sessions(engine).begin() as session:
        build(session)
        service.create_grid(session, TESTER, grid("W", WESTERN))
        take(session, file, synthetic=True)
    engine.dispose()
    with served(create_app(Settings(reading="open"), module_database_url)) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture
def console(context: BrowserContext, base_url: str) -> Console:
    return Console(context.new_page(), base_url)


def ask(page: Page, text: str) -> None:
    """Type into the box as a person does, from the keyboard alone, and wait for the answers to all of it."""
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="查找区划、地址或代码")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    expect(page.locator("#search-answers")).to_have_attribute("data-pending", "false")


def groups(page: Page) -> dict[str, list[str]]:
    """The names of the answers by the name of their group."""
    return {
        group.locator("h3").inner_text(): [name.inner_text() for name in group.locator(".name").all()]
        for group in page.locator("#search-answers [role=group]").all()
    }


def test_areas_addresses_and_codes_are_found_each_in_its_group(console: Console) -> None:
    page = console.open("/areas")
    ask(page, "张庙")
    assert groups(page)["区划"] == ["张庙街道"]
    ask(page, "cjxl1568")
    assert groups(page) == {"地址": ["上海市宝山区张庙街道长江西路1568号"]}
    option = page.get_by_role("option").first
    expect(option).to_contain_text("门牌")
    expect(option).to_contain_text("张庙街道 › 西")
    ask(page, "老泗塘")
    assert groups(page) == {"地址": ["泗塘一村"]}
    expect(page.get_by_role("option").first).to_contain_text("又名 老泗塘")
    ask(page, "R001")
    assert groups(page) == {"代码": ["长江西路"]}
    ask(page, WEST)
    assert groups(page)["代码"][0] == "西"
    expect(page.get_by_role("option").first).to_contain_text("宝山区 › 张庙街道")
    assert console.errors == []
    assert console.outside == []


def test_an_address_is_chosen_by_keyboard_and_tells_who_is_responsible(console: Console) -> None:
    page = console.open("/areas")
    ask(page, "长江西路")
    box = page.get_by_role("combobox", name="查找区划、地址或代码")
    expect(box).to_have_attribute("aria-expanded", "true")
    names = [name.inner_text() for name in page.locator("#search-answers .name").all()]
    place = next(number for number, name in enumerate(names) if "1568" in name)
    for _ in range(place):
        page.keyboard.press("ArrowDown")
    selected = page.locator("#search-answers [aria-selected=true]")
    expect(selected).to_contain_text("1568号")
    expect(box).to_have_attribute("aria-activedescendant", str(selected.get_attribute("id")))
    page.keyboard.press("Enter")
    drawer = page.get_by_test_id("drawer")
    expect(drawer.get_by_role("heading", level=1)).to_have_text("上海市宝山区张庙街道长江西路1568号")
    expect(page.get_by_test_id("address-facts")).to_contain_text(f"{DOOR[0]:.5f}, {DOOR[1]:.5f}")
    responsible = page.get_by_test_id("address-responsible")
    expect(responsible).to_contain_text("网格 W")
    expect(responsible).to_contain_text("巡查员岗 P1")
    expect(responsible).to_contain_text("巡查员岗 P2")
    expect(drawer).to_contain_text(cell(1, 0))
    page.wait_for_url("**camera=*")
    page.wait_for_function("new URL(location).searchParams.get('camera').endsWith(',17.00')")
    expect(box).to_have_value("")
    expect(page.locator(".answers")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    page.go_back()
    expect(drawer.get_by_role("heading", level=1)).to_contain_text("1568号")
    assert console.errors == []


@pytest.mark.long
def test_an_area_and_an_address_without_a_point_are_opened(console: Console) -> None:
    page = console.open("/areas")
    ask(page, TOWN)
    page.keyboard.press("Enter")
    drawer = page.get_by_test_id("drawer")
    expect(drawer.get_by_role("heading", level=1)).to_have_text("张庙街道")
    ask(page, "无点路")
    page.get_by_role("option").first.click()
    expect(drawer.get_by_role("heading", level=1)).to_have_text("无点路")
    expect(page.get_by_test_id("address-facts")).to_contain_text("没有这个地址的位置")
    expect(page.get_by_test_id("address-responsible")).to_have_count(0)
    assert console.errors == []


def test_no_answer_says_what_was_searched_and_what_to_try(console: Console) -> None:
    page = console.open(f"/areas?lang=en&on={DAY}")
    page.keyboard.press("/")
    expect(page.get_by_text("initials (cjxl1568)")).to_be_visible()
    page.keyboard.type("zzzzqqq")
    nothing = page.get_by_test_id("search-nothing")
    expect(nothing).to_contain_text("Nothing found for “zzzzqqq”")
    expect(nothing).to_contain_text("1 Jan 2026")
    expect(nothing).to_contain_text("Try a shorter name")
    expect(page.locator(".search-box [role=status]")).to_contain_text("Nothing found")
    page.keyboard.press("Escape")
    expect(nothing).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Find an area, address or code")).to_have_value("")


@pytest.mark.long
def test_an_answer_to_an_earlier_question_is_dropped_and_enter_waits(console: Console) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    console.page.route("**/api/v1/addresses?q=R001&**", hold)
    page = console.open("/areas")
    page.keyboard.press("/")
    with page.expect_request("**/api/v1/addresses?q=R001&**"):
        page.keyboard.type("R001")
    page.keyboard.press("Control+A")
    page.keyboard.type("C001")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("drawer").get_by_role("heading", level=1)).to_have_text("泗塘一村")
    for route in held:
        route.abort()
    expect(page.locator(".answers")).to_have_count(0)


def test_a_search_that_fails_can_be_tried_again(console: Console) -> None:
    page = console.open("/areas")
    page.route("**/api/v1/addresses?**", lambda route: route.abort())
    page.keyboard.press("/")
    page.keyboard.type("C001")
    problem = page.get_by_test_id("search-problem")
    expect(problem).to_be_visible()
    page.unroute("**/api/v1/addresses?**")
    problem.get_by_role("button").click()
    expect(page.get_by_role("option").first).to_contain_text("泗塘一村")


def test_the_frame_names_its_window_and_leaves_the_map_in_sight(console: Console) -> None:
    """What belongs to no page: title, an address without a page, the way past the bar, the drawer of small screens."""
    page = console.open("/nowhere")
    expect(page.get_by_test_id("nowhere")).to_contain_text("这个地址没有页面")
    expect(page).to_have_title("网格管理平台")
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.set_viewport_size({"width": 1024, "height": 768})
    page = console.open(f"/areas?select=area:{TOWN}")
    expect(page).to_have_title("区划 · 网格管理平台")
    told = [page.get_by_test_id("drawer"), page.get_by_test_id("legend"), page.locator(".maplibregl-ctrl-scale")]
    for each in told:
        expect(each).to_be_visible()
    corners = "e => { const box = e.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom] }"
    boxes = [shapely.box(*each.evaluate(corners)) for each in told]
    assert not any(one.intersects(other) for one, other in combinations(boxes, 2))


@pytest.mark.long
def test_it_fits_a_narrow_screen_and_goes_to_the_map(browser: Browser, base_url: str) -> None:
    context = new_context(browser, width=390, height=800)
    page = Console(context.new_page(), base_url).open("/areas")
    ask(page, "cjxl1568")
    for shown in (page.locator("#search"), page.locator(".answers"), page.get_by_role("option").first):
        box = shown.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["width"] > 340
    page.get_by_role("option").first.click()
    expect(page.get_by_test_id("address-responsible")).to_contain_text("网格 W")
    expect(page.get_by_role("tab", selected=True)).to_have_text("地图")
    expect(page.locator(".answers")).to_have_count(0)
    context.close()
