"""Areas by date, boundary editions, drafts and governance in the console, in a real browser on the demo district."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import shapely
from playwright.sync_api import Browser, BrowserContext, FloatRect, Locator, Page, expect
from sqlalchemy.orm import sessionmaker

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.demo.load import DEMO_ACTOR, load_demo
from gridmgmt.demo.month import establish_cases
from gridmgmt.settings import Settings
from tests.support.actors import PASSWORD, add_account
from tests.support.browsing import Console, Served
from tests.support.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.long]

TOWNS_TODAY, TOWNS_2030 = 12, 13
NOT_COUNTED = {"planned", "closed", "rejected", "duplicate", "voided"}
"""Points that are not open, and cases that have ended."""
SPLIT_OFF = "合成示例 2030 析出菊泉街道"
DACHANG, GUCUN, YANGHANG, JUQUAN, JUQUAN_UNIT = "310113102", "310113109", "310113103", "310113009", "310113109-U1"


@pytest.fixture(scope="module")
def sessions(module_database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(module_database_url)
    factory = make_sessions(engine)
    load_demo(factory)
    with transaction(factory) as session:
        establish_cases(session, DEMO_ACTOR, now=datetime.now(LOCAL_ZONE), cases=3000)
    add_account(factory, "chief", Role.ADMINISTRATOR)
    yield factory
    engine.dispose()


@pytest.fixture(scope="module")
def base_url(module_database_url: str, sessions: sessionmaker[Session]) -> Iterator[str]:
    """The address of a server with the demo district and an administrator."""
    with served(create_app(Settings(), module_database_url)) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        locale="zh-CN",
        timezone_id="America/Los_Angeles",
        reduced_motion="reduce",
    )
    yield context
    context.close()


@pytest.fixture
def console(context: BrowserContext, base_url: str) -> Iterator[Console]:
    console = Console(context.new_page(), base_url)
    yield console
    assert console.outside == []


@pytest.fixture
def chief(context: BrowserContext, console: Console, base_url: str) -> Console:
    """The console of somebody who may draft, approve and put in force."""
    answer = context.request.post(
        f"{base_url}/api/v1/session",
        data={"name": "chief", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert answer.ok, answer.text()
    return console


@pytest.fixture
def api(context: BrowserContext, base_url: str) -> Callable[[str], Any]:
    return lambda path: context.request.get(f"{base_url}/api/v1{path}").json()


def rows(page: Page, table: str) -> Locator:
    return page.locator(f"[data-testid={table}] tbody [data-row]")


CAMERA_LIES_IN = """([west, south, east, north]) => {
    const [lon, lat] = (new URL(location).searchParams.get('camera') ?? '0,0').split(',').map(Number)
    return west < lon && lon < east && south < lat && lat < north
}"""


def camera_lies_in(page: Page, west: float, south: float, east: float, north: float) -> None:
    """Wait until the middle of the map lies in a box."""
    page.wait_for_function(CAMERA_LIES_IN, arg=[west, south, east, north])


def edition_address(name: str, **shown: str) -> str:
    return "&".join([f"/areas/editions?edition={quote(name)}", *(f"{key}={value}" for key, value in shown.items())])


def test_a_day_picked_from_the_turning_points_changes_the_list_and_is_marked(console: Console) -> None:
    page = console.open("/areas")
    expect(rows(page, "areas")).to_have_count(1 + TOWNS_TODAY)
    as_of = page.get_by_test_id("as-of")
    expect(as_of).to_have_attribute("data-other", "false")
    as_of.click()
    page.locator("[data-day='2030-01-01']").click()
    expect(rows(page, "areas")).to_have_count(1 + TOWNS_2030)
    expect(page.locator(f"[data-testid=areas] [data-code='{JUQUAN}']")).to_contain_text("菊泉街道")
    expect(as_of).to_have_attribute("data-other", "true")
    assert "on=2030-01-01" in page.url
    page.get_by_test_id("back-to-today").click()
    expect(rows(page, "areas")).to_have_count(1 + TOWNS_TODAY)
    assert "on=" not in page.url


def test_any_day_can_be_typed_and_goes_along_to_other_pages(console: Console) -> None:
    page = console.open("/areas")
    page.get_by_test_id("as-of").click()
    page.get_by_test_id("day").fill("2029-12-31")
    expect(page.get_by_test_id("back-to-today")).to_be_visible()
    expect(rows(page, "areas")).to_have_count(1 + TOWNS_TODAY)
    page.get_by_test_id("as-of").click()
    page.get_by_test_id("day").fill("2030-01-01")
    expect(rows(page, "areas")).to_have_count(1 + TOWNS_2030)
    page.get_by_role("link", name="治理").click()
    expect(rows(page, "mode-report")).to_have_count(TOWNS_2030)
    assert "on=2030-01-01" in page.url


def test_a_day_before_all_boundaries_says_when_they_begin(console: Console) -> None:
    page = console.open("/areas?on=1999-01-01")
    expect(page.get_by_text("1999年1月1日没有生效的区划")).to_be_visible()
    expect(page.get_by_text("2015年1月1日")).to_be_visible()


def test_a_verdict_names_the_surface_that_was_judged_where_it_is_another_now(console: Console) -> None:
    page = console.open("/governance?on=2030-01-01")
    gucun = page.locator(f"[data-testid=mode-report] [data-code='{GUCUN}']")
    expect(gucun).to_contain_text("33.40 km²")
    expect(gucun).to_contain_text("认定时 41.63 km²")
    expect(page.locator(f"[data-testid=mode-report] [data-code='{DACHANG}']")).not_to_contain_text("认定时")


@pytest.mark.parametrize(("on", "name"), [("2029-12-31", "顾村镇"), ("2030-01-01", "菊泉街道")])
def test_the_map_follows_the_day(console: Console, api: Callable[[str], Any], on: str, name: str) -> None:
    lon, lat = api(f"/areas/{JUQUAN}?on=2030-01-01")["centre"]
    page = console.open(f"/areas?on={on}&camera={lon},{lat},12")
    console.drawn()
    console.click_map_centre()
    expect(page.get_by_test_id("drawer").get_by_role("heading", level=1)).to_have_text(name)
    assert console.errors == []


def test_an_old_code_says_what_became_of_it_and_the_new_one_where_it_came_from(console: Console) -> None:
    page = console.open(f"/areas?on=2030-01-01&select=area:{JUQUAN_UNIT}")
    retired = page.get_by_test_id("retired")
    expect(retired).to_contain_text("2030年1月1日")
    expect(retired).to_contain_text(JUQUAN)
    expect(retired).to_contain_text("8.23 km²")
    expect(retired).to_contain_text("100.0%")
    retired.locator("[data-row]").click()
    drawer = page.get_by_test_id("drawer")
    expect(drawer.get_by_role("heading", level=1)).to_have_text("菊泉街道")
    expect(page.get_by_test_id("lineage-backward")).to_contain_text(JUQUAN_UNIT)


def test_an_area_tells_its_computed_and_published_surface_and_its_end(
    console: Console, api: Callable[[str], Any]
) -> None:
    page = console.open(f"/areas?select=area:{GUCUN}")
    facts = page.get_by_test_id("area-facts")
    expect(facts).to_contain_text(f"{api(f'/areas/{GUCUN}')['area_m2'] / 1e6:.2f} km²")
    expect(facts).to_contain_text("公开名录")
    expect(page.get_by_test_id("valid-to")).to_contain_text("2030年1月1日")
    expect(page.get_by_test_id("centres").locator("tbody tr")).to_have_count(6)
    expect(page.get_by_test_id("lineage-forward")).to_contain_text(JUQUAN)


@pytest.mark.parametrize(("on", "shown"), [("2029-12-31", 1), ("2030-01-01", 0)])
def test_numbers_of_a_run_are_not_shown_for_other_boundaries_of_the_same_code(
    context: BrowserContext, served_demo: Served, on: str, shown: int
) -> None:
    page = Console(context.new_page(), served_demo.base_url).open(f"/areas?on={on}&select=area:{GUCUN}")
    expect(page.get_by_test_id("area-facts")).to_contain_text("41.63 km²" if shown else "33.40 km²")
    expect(page.get_by_test_id("area-figures")).to_have_count(shown)


def test_a_mode_against_the_rule_is_shown_as_overridden_wherever_it_stands(console: Console) -> None:
    page = console.open("/areas")
    expect(page.locator("[data-testid=areas] [data-testid=overridden]")).to_have_count(1)
    expect(page.locator(f"[data-testid=areas] [data-code='{DACHANG}'] [data-testid=overridden]")).to_be_visible()
    expect(page.get_by_test_id("legend-modes")).to_contain_text("人工认定")
    page.locator(f"[data-testid=areas] [data-code='{DACHANG}']").click()
    facts = page.get_by_test_id("mode-facts")
    expect(facts.get_by_test_id("overridden")).to_be_visible()
    expect(facts).to_contain_text("27.37 km²")
    expect(facts).to_contain_text("不符合")
    expect(facts).to_contain_text("〔2015〕1号")
    page.get_by_role("link", name="治理").click()
    expect(page.get_by_test_id("modes-overridden")).to_contain_text("1")
    expect(page.locator(f"[data-testid=mode-report] [data-code='{DACHANG}'] [data-testid=overridden]")).to_be_visible()
    expect(page.locator("[data-testid=mode-report] [data-testid=overridden]")).to_have_count(1)


def test_the_matrix_holds_54_centres_24_branches_and_21_centres(console: Console) -> None:
    page = console.open("/governance?part=matrix")
    for group, areas, expected in (("town", 9, 54), ("basic_management_unit", 4, 24), ("subdistrict", 3, 21)):
        expect(page.get_by_test_id(f"tally-{group}")).to_have_text(f"{expected} / {expected}")
        matrix = page.get_by_test_id(f"matrix-{group}")
        expect(matrix.locator("tbody tr")).to_have_count(areas)
        expect(matrix.locator("td[data-state=present]")).to_have_count(expected)
    expect(page.get_by_test_id("matrix-missing")).to_have_count(0)
    expect(page.get_by_test_id("csv")).to_have_attribute("href", re.compile(r"/centres/matrix\?.*format=csv"))
    page.get_by_role("button", name="基本管理单元").click()
    expect(page.get_by_test_id("csv")).to_have_attribute("href", re.compile(r"/town-modes\?.*table=units"))


def test_missing_centres_are_named(console: Console) -> None:
    page = console.open("/governance?part=matrix&on=2030-01-01")
    expect(page.get_by_test_id("tally-basic_management_unit")).to_have_text("18 / 18")
    expect(page.get_by_test_id("tally-subdistrict")).to_have_text("21 / 28")
    missing = page.get_by_test_id("matrix-missing").locator("li")
    expect(missing).to_have_count(7)
    expect(missing.first).to_contain_text("菊泉街道")


def test_sectors_units_and_the_joint_centre_have_their_numbers(console: Console) -> None:
    page = console.open("/governance?part=sectors")
    expect(rows(page, "sectors")).to_have_count(4)
    expect(page.get_by_test_id("body-sum")).to_contain_text("居民区 40 个")
    page.get_by_role("button", name="基本管理单元").click()
    expect(rows(page, "units")).to_have_count(4)
    page.get_by_role("button", name="联合中心与村居").click()
    joint = page.get_by_test_id("joint-centre")
    expect(joint).to_contain_text("1.52 km²")
    expect(joint).to_contain_text("22")


def test_the_service_area_of_the_joint_centre_is_outlined_on_the_map(
    console: Console, api: Callable[[str], Any]
) -> None:
    (centre,) = api("/joint-centres")["items"]
    west, south, east, north = shapely.geometry.shape(centre["geometry"]).bounds
    page = console.open("/governance?part=places&layers=none")
    page.get_by_test_id("joint-centre").locator("[data-row]").click()
    camera_lies_in(page, west, south, east, north)
    expect(page.get_by_test_id("legend-joint-centres")).to_contain_text("服务范围")
    console.drawn()
    box = page.get_by_test_id("map").bounding_box()
    assert box is not None
    east_of_name: FloatRect = {**box, "x": box["x"] + box["width"] * 2 / 3, "width": box["width"] / 3}
    outlined = page.screenshot(clip=east_of_name)
    page.get_by_role("button", name="片区").click()
    expect(page.get_by_test_id("legend-joint-centres")).to_have_count(0)
    console.drawn()
    assert page.screenshot(clip=east_of_name) != outlined


def test_a_row_of_the_report_selects_on_the_map(console: Console, api: Callable[[str], Any]) -> None:
    page = console.open("/governance")
    console.drawn()
    page.locator(f"[data-testid=mode-report] [data-code='{YANGHANG}']").click()
    expect(page.get_by_test_id("drawer").get_by_role("heading", level=1)).to_have_text("杨行镇")
    west, south, east, north = api(f"/areas/{YANGHANG}")["bbox"]
    camera_lies_in(page, west, south, 2 * east - west, north)  # beside the drawer


def test_an_edition_in_force_shows_what_it_changed(console: Console, api: Callable[[str], Any]) -> None:
    page = console.open("/areas/editions")
    row = page.locator(f"[data-edition='{SPLIT_OFF}']")
    expect(row).to_contain_text("待生效")
    expect(row).to_contain_text("2030年1月1日")
    row.click()
    changed = rows(page, "changes")
    expect(changed).to_have_count(2 + 1 + 18)
    expect(changed.nth(0)).to_contain_text("+8.23 km²")
    expect(changed.nth(1)).to_contain_text("−8.23 km²")
    expect(page.get_by_test_id("moved")).to_contain_text("8.23 km²")
    for subject, shown in (("residents", "residents"), ("service_points", "points"), ("cases", "cases")):
        counted = api(f"/statistics/counts?level=town&subject={subject}&edition={quote(SPLIT_OFF)}")
        kinds = next(each["tally"]["counts"] for each in counted["areas"] if each["code"] == JUQUAN)
        number = sum(kind["value"] for kind in kinds if NOT_COUNTED.isdisjoint(kind["by"].values()))
        assert number > 0
        expect(page.get_by_test_id(f"affected-{shown}").locator("dd")).to_have_text(f"{number:,.0f}")
    expect(page.locator("[data-code='310113009004']")).to_contain_text("310113109004")
    page.get_by_test_id("side-before").click()
    page.wait_for_url(re.compile("side=before"))
    page.get_by_test_id("part-steps").click()
    steps = page.locator("[data-testid=steps] tbody tr")
    expect(steps.first).to_contain_text("开始起草")
    expect(steps.last).to_contain_text("生效")
    last = next(each for each in api("/editions?subject=areas")["items"] if each["name"] == SPLIT_OFF)["steps"][-1]
    expect(steps.last).to_contain_text(f"{datetime.fromisoformat(last['at']).astimezone(LOCAL_ZONE):%H:%M}")


def test_who_may_only_read_is_offered_nothing_to_change(console: Console) -> None:
    page = console.open("/areas/editions")
    expect(rows(page, "editions")).not_to_have_count(0)
    expect(page.get_by_test_id("new-draft")).to_have_count(0)
    console.open(edition_address(SPLIT_OFF))
    expect(rows(page, "changes")).not_to_have_count(0)
    expect(page.get_by_test_id("part-edit")).to_have_count(0)
    expect(page.get_by_test_id("edition-actions")).to_have_count(0)


def open_draft(page: Page, name: str, planned_from: str) -> None:
    page.get_by_test_id("new-draft").click()
    page.get_by_test_id("draft-name").fill(name)
    page.get_by_test_id("draft-from").fill(planned_from)
    page.get_by_test_id("draft-source").fill("测试绘制")
    page.get_by_test_id("save-draft").click()
    expect(page.get_by_test_id("edit-form")).to_be_visible()


def choose(page: Page, field: str, code: str) -> None:
    """Choose an area in a form by its code."""
    box = page.get_by_test_id(field).locator("input")
    box.click()
    box.fill(code)
    page.get_by_role("option").filter(has_text=code).locator("visible=true").first.click()


def test_a_draft_goes_from_the_form_into_force(chief: Console, api: Callable[[str], Any]) -> None:
    page = chief.open("/areas/editions")
    open_draft(page, "2040 高境分设", "2040-01-01")
    page.locator("[data-verb=rename]").click()
    choose(page, "edit-code", "310113111001")
    page.get_by_test_id("edit-name").fill("新名居民区")
    page.get_by_test_id("save-edit").click()
    expect(page.get_by_test_id("edit-done")).to_be_visible()

    west, south, east, north = api("/areas/310113111002")["bbox"]
    lon = (west + east) / 2
    page.locator("[data-verb=split]").click()
    choose(page, "edit-code", "310113111002")
    page.get_by_test_id("coordinates").fill(f"{lon:.6f}, {south - 0.001:.6f}\n{lon:.6f}, {north + 0.001:.6f}")
    page.get_by_test_id("coordinates").blur()
    page.get_by_test_id("piece-code-1").fill("310113111901")
    page.get_by_test_id("piece-name-1").fill("东块居民区")
    page.get_by_test_id("save-edit").click()
    expect(page.get_by_test_id("edit-done")).to_contain_text("拆分")

    page.get_by_test_id("part-changes").click()
    expect(rows(page, "changes")).to_have_count(3)
    expect(page.locator("[data-testid=changes] [data-code='310113111001']")).to_contain_text("新名居民区")
    expect(page.locator("[data-testid=changes] [data-code='310113111901']")).to_contain_text("新增")
    assert page.get_by_test_id("affected-residents").locator("dd").inner_text() not in {"0", "—"}
    assert page.get_by_test_id("approve").count() == 0, "nothing is approved before it is checked"

    page.get_by_test_id("check").click()
    expect(page.get_by_test_id("edition-state").first).to_have_text("已检查")
    page.get_by_test_id("approve").click()
    expect(page.get_by_test_id("submit-step")).to_be_disabled()
    page.get_by_test_id("document").fill("宝府〔2039〕7号")
    page.get_by_test_id("dated").fill("2039-11-01")
    page.get_by_test_id("reason").fill("图面所限")
    page.get_by_test_id("submit-step").click()
    expect(page.get_by_test_id("edition-state").first).to_have_text("已批准")
    page.get_by_test_id("activate").click()
    expect(page.locator("input[data-testid=activate-on]")).to_have_value("2040-01-01")
    page.get_by_test_id("submit-step").click()
    expect(page.get_by_test_id("edition-state").first).to_have_text("待生效")
    expect(page.get_by_test_id("edition-actions")).to_have_count(0)
    page.get_by_test_id("part-steps").click()
    expect(page.get_by_test_id("steps")).to_contain_text("宝府〔2039〕7号")
    assert api("/areas/310113111001?on=2040-01-01")["name"] == "新名居民区"
    assert api("/areas/310113111901?on=2040-01-01")["in_force"] is True
    assert chief.errors == []


def test_a_line_is_drawn_on_the_map_by_clicks(chief: Console, api: Callable[[str], Any]) -> None:
    code = "310113112001"
    lon, lat = api(f"/areas/{code}")["centre"]
    page = chief.open("/areas/editions")
    open_draft(page, "2041 庙行划线", "2041-01-01")
    page.goto(f"{chief.base_url}{edition_address('2041 庙行划线', part='edit')}&camera={lon},{lat},13.5")
    chief.drawn()
    page.locator("[data-verb=split]").click()
    choose(page, "edit-code", code)
    page.get_by_test_id("draw").click()
    box = page.get_by_test_id("map").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for offset_px in (-150, 150):
        page.mouse.click(middle[0] + offset_px, middle[1])
    coordinates = page.get_by_test_id("coordinates")
    expect(coordinates).to_have_value(re.compile(r"^[\d.]+, [\d.]+\n[\d.]+, [\d.]+$"))
    (west, first_lat), (east, last_lat) = (
        map(float, line.split(", ")) for line in coordinates.input_value().split("\n")
    )
    assert west < lon < east
    assert first_lat == pytest.approx(lat, abs=1e-4)
    assert last_lat == pytest.approx(lat, abs=1e-4)
    page.get_by_test_id("piece-code-1").fill("310113112901")
    page.get_by_test_id("piece-name-1").fill("南块")
    page.get_by_test_id("save-edit").click()
    expect(page.get_by_test_id("edit-done")).to_be_visible()
    page.get_by_test_id("part-changes").click()
    expect(rows(page, "changes")).to_have_count(2)
    page.get_by_test_id("withdraw").click()
    page.get_by_test_id("reason").fill("试画")
    page.get_by_test_id("submit-step").click()
    expect(page.get_by_test_id("edition-state").first).to_have_text("已撤回")


def test_findings_go_with_the_map_both_ways_and_errors_forbid_approval(
    chief: Console, api: Callable[[str], Any]
) -> None:
    name, code = "2042 有缺口", "310113113001"
    page = chief.open("/areas/editions")
    open_draft(page, name, "2042-01-01")
    page.locator("[data-verb=retire]").click()
    choose(page, "edit-code", code)
    page.get_by_test_id("save-edit").click()
    expect(page.get_by_test_id("edit-done")).to_be_visible()
    page.get_by_test_id("check").click()
    expect(page.get_by_test_id("edition-state").first).to_have_text("已检查")
    found = api(f"/topology?edition={quote(name)}")
    assert found["errors"] > 0
    listed = rows(page, "findings")
    expect(listed).to_have_count(len(found["items"]))
    expect(page.get_by_test_id("approve")).to_be_disabled()

    first = found["items"][0]
    row = page.locator(f"[data-finding='{first['finding_no']}']")
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    near = 0.002
    camera_lies_in(page, first["lon"] - near, first["lat"] - near, first["lon"] + near, first["lat"] + near)
    page.goto(f"{chief.base_url}{edition_address(name, part='findings')}&camera={first['lon']},{first['lat']},16")
    expect(listed).to_have_count(len(found["items"]))
    expect(row).to_have_attribute("aria-selected", "false")
    chief.drawn()
    chief.click_map_centre()
    expect(row).to_have_attribute("aria-selected", "true")


def test_a_file_with_bad_rows_is_refused_with_their_numbers(chief: Console, tmp_path: Path) -> None:
    corners = [(121.40, 31.40), (121.41, 31.40), (121.41, 31.41), (121.40, 31.40)]
    square = {"type": "Polygon", "coordinates": [corners]}
    features = [
        {"type": "Feature", "geometry": square, "properties": {"code": "310113199", "name": "好镇"}},
        {"type": "Feature", "geometry": square, "properties": {"code": "", "name": "无码镇"}},
    ]
    file = tmp_path / "towns.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    page = chief.open("/areas/editions")
    open_draft(page, "2043 文件", "2043-01-01")
    page.get_by_test_id("file").set_input_files(file)
    page.get_by_test_id("take-file").click()
    refused = page.get_by_test_id("file-refused")
    expect(refused).to_be_visible()
    expect(refused.locator("li")).to_contain_text("第 2 行")


def test_pages_are_whole_in_english_and_fit_a_narrow_screen(console: Console) -> None:
    console.page.set_viewport_size({"width": 390, "height": 844})
    for address in (
        "/areas?lang=en",
        "/governance?lang=en",
        "/governance?part=matrix&lang=en",
        f"{edition_address(SPLIT_OFF)}&lang=en",
    ):
        page = console.open(address)
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        assert "console." not in page.locator("main").inner_text(), address
    assert console.errors == []
