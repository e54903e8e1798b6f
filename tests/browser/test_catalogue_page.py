"""The page of the catalogue: types with their conditions, departments, matters and what became of them."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy.orm import Session

from api.app import create_app
from gridmgmt.catalogue import service
from gridmgmt.db import make_engine
from gridmgmt.settings import Settings
from tests.support.actors import TESTER
from tests.support.browsing import Console
from tests.support.division import spot
from tests.support.paper_district import load_district
from tests.support.serving import served

pytestmark = pytest.mark.browser

TODAY = date(2026, 1, 15)


@pytest.fixture(scope="module")
def base_url(module_database_url: str) -> Iterator[str]:
    """The drawn district with the built-in catalogue and both lists, open to readers."""
    engine = make_engine(module_database_url)
    with Session(engine) as session, session.begin():
        load_district(session)
        service.load_builtin(session, TESTER, today=TODAY)
        service.load_builtin_matters(session, TESTER, today=TODAY)
    engine.dispose()
    with served(create_app(Settings(reading="open"), module_database_url)) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture
def console(context: BrowserContext, base_url: str) -> Iterator[Console]:
    console = Console(context.new_page(), base_url)
    yield console
    assert (console.outside, console.errors) == ([], [])


def types_shown(page: Page) -> list[str | None]:
    return [row.get_attribute("data-type") for row in page.locator("[data-type]").all()]


def test_a_type_is_found_and_tells_when_it_is_filed_and_how_long_it_may_take(console: Console) -> None:
    page = console.open("/catalogue")
    expect(page.locator("[data-type]")).to_have_count(74)
    page.get_by_test_id("catalogue-search").fill("路灯")
    expect(page.locator("[data-type]")).to_have_count(2)
    assert types_shown(page) == ["0106", "0114"]
    page.locator("[data-type='0114']").press("Enter")
    conditions = page.get_by_test_id("conditions").locator("tbody tr")
    expect(conditions).to_have_count(3)
    expect(conditions.nth(1)).to_contain_text("1 工作日")
    expect(page.get_by_test_id("fields")).to_contain_text("不亮的灯数")
    page.reload()  # the address says all of it
    expect(page.get_by_test_id("conditions").locator("tbody tr")).to_have_count(3)
    assert types_shown(page) == ["0106", "0114"]


def test_a_department_leads_to_what_it_answers_for(console: Console) -> None:
    page = console.open("/catalogue?part=departments&lang=zh")
    page.get_by_test_id("catalogue-search").fill("水务局")
    page.locator("[data-department='310113-water']").click()
    page.get_by_role("button", name="下水道堵塞或满溢").click()
    expect(page.get_by_test_id("conditions")).to_be_visible()
    expect(page.locator("[data-type='1504']")).to_have_attribute("aria-selected", "true")


def test_no_map_is_fetched_beneath_and_the_first_one_is_where_the_reader_asked(console: Console) -> None:
    asked: list[str] = []
    console.page.on("request", lambda request: asked.append(request.url))
    page = console.open("/catalogue?lang=zh")
    page.get_by_role("combobox", name="查找区划、地址或代码").fill("大一")
    page.get_by_role("option").first.click()
    expect(page).to_have_url(re.compile("select=area:310113102001"))
    expect(page.get_by_test_id("map")).to_have_count(0)
    assert not [url for url in asked if "maplibre" in url or "/tiles/" in url]
    page.get_by_role("link", name="区划", exact=True).click()
    console.drawn()
    camera = re.compile(r"camera=([\d.]+),([\d.]+),([\d.]+)")
    expect(page).to_have_url(camera)
    lon, lat, zoom = map(float, camera.findall(page.url)[0])
    assert lat == pytest.approx(spot(6.5, 2)[1], abs=1e-4)
    assert spot(5, 0)[0] < lon
    assert zoom > 13


def test_matters_add_up_and_are_those_of_the_day(console: Console) -> None:
    page = console.open("/catalogue?part=matters")
    expect(page.locator("[data-matter]")).to_have_count(9)
    expect(page.get_by_test_id("sums")).to_have_text("原 11 项 = 保留 5 + 合并 2 + 划转 3 + 取消 1；新增 2 项，现 9 项")
    page.get_by_role("button", name="划转 3").click()
    expect(page.locator("[data-fate]")).to_have_count(3)
    page.get_by_role("button", name="2014").click()
    expect(page.locator("[data-matter]")).to_have_count(11)
    expect(page.locator("[data-fate]")).to_have_count(0)
    page.get_by_test_id("language").click()
    expect(page.locator("[data-matter='S01']")).to_contain_text("Subdistrict office")


def test_powers_are_a_list_of_their_own_and_a_search_tells_who_holds_what_in_both(console: Console) -> None:
    page = console.open("/catalogue?part=matters&lang=zh")
    page.get_by_test_id("list-powers").click()
    expect(page.locator("[data-matter]")).to_have_count(6)
    expect(page.get_by_test_id("editions").get_by_role("button")).to_have_count(2)
    expect(page.get_by_test_id("sums")).to_have_text("原 8 项 = 保留 5 + 合并 1 + 划转 1 + 取消 1；新增 0 项，现 6 项")
    expect(page.get_by_test_id("xlsx")).to_have_attribute("href", re.compile("list=powers"))
    page.get_by_test_id("catalogue-search").fill("群租")
    held = page.locator("[data-held]")
    expect(held).to_have_count(3)
    assert [row.get_attribute("data-held") for row in held.all()] == ["G01", "H01", "Q03"]
    expect(held.nth(0)).to_contain_text("群租投诉受理")
