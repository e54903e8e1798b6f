"""Departments' grids compared and merged in the console, in a real browser, on grids that a person has counted."""

from collections.abc import Iterator

import httpx
import pyproj
import pytest
import shapely
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from api.app import create_app
from api.gate import COOKIE
from gridmgmt.access.rules import Role
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.settings import Settings
from tests.support.actors import PASSWORD, add_account
from tests.support.browsing import Console, new_context
from tests.support.departments import add_all
from tests.support.division import add_residents, block, spot
from tests.support.paper_district import FIRST, load_district
from tests.support.serving import served

pytestmark = pytest.mark.browser

WAYS = ["lead", "cells", "common"]
COLUMN, HOLE, TWICE = block(4, 0, 5, 4), block(1, 1, 2, 2), block(3, 3, 4, 4)
"""Where the police disagrees, what the party has not, and what it has twice."""


def m2(surface: shapely.Geometry) -> str:
    """The surface on the ellipsoid as the console writes it."""
    return f"{abs(pyproj.Geod(ellps='WGS84').geometry_area_perimeter(surface)[0]):,.0f}"


@pytest.fixture(scope="module")
def planner(module_database_url: str) -> Iterator[httpx.Client]:
    """A planner at a server that everybody may read, with a district, three departments and thirty residents."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        load_district(session)
        add_all(session)
        add_residents(session, FIRST, [(spot(4.5, 1.5), [30.0, 0, 0, 0, 0])])
    add_account(sessions, "planner", Role.PLANNER)
    with served(create_app(Settings(reading="open"), module_database_url)) as client:
        client.headers["Sec-Fetch-Site"] = "same-origin"
        client.post("/api/v1/session", json={"name": "planner", "password": PASSWORD}).raise_for_status()
        yield client
    engine.dispose()


@pytest.fixture(scope="module")
def base_url(planner: httpx.Client) -> str:
    return str(planner.base_url).rstrip("/")


@pytest.fixture
def visitor(context: BrowserContext, planner: httpx.Client, module_database_url: str) -> Iterator[Console]:
    """Somebody without an account, who gets the public form of what the planner has."""
    with served(create_app(Settings(reading="open", results="public"), module_database_url)) as client:
        console = Console(context.new_page(), str(client.base_url).rstrip("/"))
        yield console
        console.close()


@pytest.fixture
def console(context: BrowserContext, planner: httpx.Client, base_url: str) -> Console:
    context.add_cookies([{"name": COOKIE, "value": planner.cookies[COOKIE], "url": base_url}])
    return Console(context.new_page(), base_url)


def cells(row: Locator) -> list[str]:
    """What a row says of the ways, one after the other."""
    return [cell.inner_text() for cell in row.locator("td").all()]


def ways_row(page: Page, name: str, value: str) -> list[str]:
    return cells(page.locator(f"[data-testid=ways] [data-{name}={value}]"))


def test_the_numbers_the_conflicts_and_the_three_ways_stand_side_by_side(console: Console) -> None:
    page = console.open("/grids/merging")
    number = page.get_by_test_id("number-conflicts")
    expect(number).to_contain_text("3")
    expect(number).to_contain_text(m2(shapely.union_all([COLUMN, HOLE, TWICE])))
    expect(page.get_by_test_id("number-residents")).to_contain_text("30")
    expect(page.get_by_test_id("number-agreed")).to_contain_text("81.3%")  # 26 of 32 squares
    departments = page.locator("[data-testid=departments] tbody tr")
    assert [cells(row)[1] for row in departments.all()] == ["2", "2", "2"]

    conflicts = page.locator("[data-testid=conflicts] tbody tr")
    expect(conflicts).to_have_count(3)
    expect(conflicts.first).to_contain_text("边界不一")
    assert cells(conflicts.first)[3:] == [m2(COLUMN), "30", "0"]
    expect(conflicts.first).to_contain_text("P1")
    page.get_by_test_id("conflicts").get_by_role("button", name="m²").click()
    expect(conflicts.first).not_to_contain_text("边界不一")  # the smallest first

    # Column 4 goes whole with column 3 to C1 by cells: three departments have that there, and one of them has both.
    goes_to = page.get_by_test_id("goes-to")
    assert cells(goes_to) == ["C2", "C1", "C2"]
    assert [cell.split()[0] for cell in ways_row(page, "changes", "police")] == [m2(COLUMN), "0", m2(COLUMN)]
    assert [cell.split()[0] for cell in ways_row(page, "changes", "city_operation")] == ["0", m2(COLUMN), "0"]
    assert "60 岁及以上 30" in ways_row(page, "changes", "police")[0]
    # The east has no cells, so that by cells there is no C2, and its twelve squares are left out.
    assert ways_row(page, "figure", "grids") == ["2", "1", "2"]
    assert ways_row(page, "figure", "left_out") == ["0 m²", f"{m2(block(5, 0, 8, 4))} m²", "0 m²"]
    sketches = page.locator("[data-testid=ways] svg[role=img]")
    expect(sketches).to_have_count(3)
    expect(sketches.nth(1)).to_have_attribute("aria-label", "按整格归并：第 1 处冲突归入 C1")
    assert console.errors == []
    assert console.outside == []


def test_rows_and_map_are_the_same_conflicts(console: Console) -> None:
    page = console.open("/grids/merging")
    expect(page.get_by_test_id("legend-departments").locator("p")).to_have_count(3)
    expect(page.get_by_test_id("legend-conflicts")).to_contain_text("部门自身重叠")
    page.locator("[data-testid=conflicts] [data-row]", has_text="有部门未覆盖").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**conflict=*camera=*")
    expect(page.get_by_test_id("looked")).to_contain_text("有部门未覆盖")
    chosen = page.locator("[data-testid=conflicts] [aria-selected=true]")
    number = chosen.get_attribute("data-conflict")
    console.drawn()
    page.goto(page.url.replace(f"conflict={number}", "conflict="))
    console.drawn()
    expect(chosen).to_have_count(0)
    console.click_map_centre()
    expect(chosen).to_have_attribute("data-conflict", str(number))
    page.get_by_test_id("looked").get_by_role("button", name="下一处冲突").click()
    expect(chosen).not_to_have_attribute("data-conflict", str(number))
    assert console.errors == []


def test_a_way_is_chosen_and_kept_as_an_edition(console: Console, planner: httpx.Client) -> None:
    page = console.open("/grids/merging?lead=police")
    page.get_by_role("radio", name="按整格归并").check()
    page.wait_for_url("**way=cells*")
    page.locator("input[name=edition]").fill("整格 2026")
    page.get_by_test_id("store-merge").click()
    stored = page.get_by_test_id("stored")
    expect(stored).to_contain_text("整格 2026")
    newest = planner.get("/api/v1/merges").json()["items"][0]
    assert (newest["edition"], newest["way"]) == ("整格 2026", "cells")
    expect(stored).to_contain_text(f"gridmgmt merging adopt {newest['merge_id']}")
    kept = page.locator(f"[data-merge='{newest['merge_id']}']")
    expect(kept.get_by_role("link")).to_have_count(5)
    files = {link.inner_text(): str(link.get_attribute("href")) for link in kept.get_by_role("link").all()}
    assert list(files) == ["HTML", "XLSX", "CSV", "GEOJSON", "冲突图"]
    assert {planner.get(href).status_code for href in files.values()} == {200}
    page.get_by_role("radio", name="按牵头部门").check()
    page.get_by_test_id("store-merge").click()
    expect(page.get_by_test_id("store").get_by_role("alert")).to_contain_text("整格 2026")  # the name is taken
    expect(stored).to_have_count(0)


@pytest.mark.long
def test_a_visitor_compares_but_may_not_store(visitor: Console) -> None:
    page = visitor.open("/grids/merging?lang=en")
    expect(page.get_by_test_id("may-not")).to_contain_text("Planners, dispatchers and administrators")
    expect(page.get_by_test_id("store-merge")).to_have_count(0)
    expect(page.get_by_test_id("number-residents")).to_contain_text("—")  # withheld in the public form
    party = page.locator("button[data-department=party]")
    party.click()
    expect(page.get_by_test_id("number-conflicts")).to_contain_text("1")
    expect(party).to_have_attribute("aria-pressed", "false")
    page.locator("button[data-department=police]").click()
    expect(page.get_by_text("Choose two departments or more")).to_be_visible()
    assert visitor.errors == []


@pytest.mark.long
def test_nothing_to_compare_and_what_goes_wrong_are_said(visitor: Console) -> None:
    page = visitor.open("/grids/merging?on=2015-06-01")
    expect(page.get_by_text("只有 0 个部门")).to_be_visible()
    page = visitor.open("/grids/merging?area=999999")
    expect(page.get_by_role("alert")).to_contain_text("999999")
    page = visitor.open("/grids/merging?area=310113102")  # the east, where no cell has been drawn
    expect(page.get_by_test_id("no-cells")).to_be_visible()
    expect(page.get_by_role("radio", name="按整格归并")).to_be_disabled()


@pytest.mark.long
def test_it_fits_a_narrow_screen(browser: Browser, base_url: str) -> None:
    context = new_context(browser, width=390, height=800, locale="en-GB")
    page = Console(context.new_page(), base_url).open("/grids/merging?lang=en")
    ways = page.get_by_test_id("ways")
    expect(ways).to_be_visible()
    box = ways.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.querySelector('main.list').scrollWidth") <= 390
    context.close()
