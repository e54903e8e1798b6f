"""Cells and responsibility grids in the console, in a real browser: drawn, listed, looked up, divided, made even."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from api.app import create_app
from api.gate import COOKIE
from gridmgmt.access.rules import Role
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.editions.service import open_draft
from gridmgmt.jobs.worker import Worker
from gridmgmt.responsibility import service
from gridmgmt.settings import Settings
from gridmgmt.work import handlers
from tests.support import cells_example, paper_grids
from tests.support.actors import PASSWORD, TESTER, add_account
from tests.support.browsing import Console, new_context
from tests.support.division import block
from tests.support.drafts import take_into_force
from tests.support.paper_district import add_areas, described
from tests.support.paper_grids import TOWN, WEST, cell
from tests.support.serving import served

pytestmark = pytest.mark.browser

COLUMNS, ROWS = 40, 20
"""Cells of a quarter that is too long a list to be drawn as a whole."""


@pytest.fixture
def opened(browser: Browser, fresh_database_url: str, tmp_path: Path) -> Iterator[Callable[..., Console]]:
    """Load something, sign somebody in, and open the console, with a worker beside it."""
    engine = make_engine(fresh_database_url)
    sessions = make_sessions(engine)
    settings = Settings(data=tmp_path, reading="open")
    worker, stopped = Worker(sessions, handlers(settings), lease_s=15), Event()
    context = new_context(browser, timezone_id="Asia/Shanghai")

    def work() -> None:
        while not stopped.wait(0.05):
            worker.run_one()

    thread = Thread(target=work)
    with served(create_app(settings, fresh_database_url)) as client:
        url = str(client.base_url).rstrip("/")

        def open_as(role: Role | None, load: Callable[[Session], object]) -> Console:
            with sessions.begin() as session:
                load(session)
            thread.start()
            if role is not None:
                add_account(sessions, "somebody", role)
                context.add_cookies([{"name": COOKIE, "value": signed_in(client), "url": url}])
            return Console(context.new_page(), url)

        try:
            yield open_as
        finally:
            context.close()
            stopped.set()
            thread.join()
            engine.dispose()


def signed_in(client: httpx.Client) -> str:
    given = {"name": "somebody", "password": PASSWORD}
    answer = client.post("/api/v1/session", json=given, headers={"Sec-Fetch-Site": "same-origin"})
    return str(answer.raise_for_status().cookies[COOKIE])


def rows(page: Page, table: str) -> Locator:
    return page.locator(f"[data-testid={table}] tbody [data-row]")


def many_cells(session: Session) -> None:
    """A town of one quarter with 800 cells, the first in the south-west."""
    draft = open_draft(session, described("2015", paper_grids.FIRST))
    whole = block(0, 0, COLUMNS, ROWS)
    add_areas(session, draft, AreaLevel.DISTRICT, {"310113": ("宝山区", whole)})
    add_areas(session, draft, AreaLevel.TOWN, {TOWN: ("张庙街道", whole)})
    add_areas(session, draft, AreaLevel.RESIDENTIAL_QUARTER, {WEST: ("西", whole)})
    places = ((column, row) for row in range(ROWS) for column in range(COLUMNS))
    cells = {
        f"{WEST}{number:03d}": ("网格", block(column, row, column + 1, row + 1))
        for number, (column, row) in enumerate(places, 1)
    }
    add_areas(session, draft, AreaLevel.GRID_CELL, cells)
    take_into_force(session, "2015")


def town_with_grids(session: Session) -> None:
    paper_grids.build(session)
    paper_grids.halves(session)


def test_cells_are_drawn_into_a_draft_reported_and_looked_up(opened: Callable[..., Console]) -> None:
    console = opened(Role.PLANNER, cells_example.load_quarters)
    page = console.open("/grids?lang=en")
    page.locator(f"[data-testid=town-choice] [data-code='{cells_example.TOWN}']").click()
    expect(page.get_by_text("顾村镇 has no cells")).to_be_visible()
    page.get_by_test_id("generate").click()
    page.get_by_test_id("submit-generate").click()
    expect(page.get_by_test_id("generation-report")).to_be_visible()
    expect(page.get_by_test_id("number-count").locator("dd").first).to_have_text("8")
    expect(page.get_by_test_id("number-mean_m2").locator("dd").first).to_have_text("10,000 m²")
    expect(page.get_by_test_id("number-share_of_border_on_barriers").locator("dd").first).to_have_text("100.0%")
    expect(page.get_by_test_id("histogram").locator("rect.aimed")).not_to_have_count(0)
    expect(rows(page, "quarters")).to_have_count(2)
    assert "generation=1" in page.url
    report = page.get_by_test_id("report-html").get_attribute("href")
    assert report == "/api/v1/cells/generations/1/report?format=html&lang=en"
    draft = page.get_by_test_id("as-of").inner_text()
    assert draft.startswith("Shown as of edition “Cells of 顾村镇")

    page.get_by_role("link", name="← Past drawings").click()
    rows(page, "generation-list").first.focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("next-step").get_by_role("link").click()
    expect(page.get_by_text("Nothing found")).to_be_visible()

    name = draft.partition("“")[2].rpartition("”")[0]
    page = console.open(f"/grids?area={cells_example.TOWN}&edition={name}")
    expect(rows(page, "cells")).to_have_count(8)
    rows(page, "cells").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("cell-code").locator(".digits")).to_have_text(["310113", "109", "001", "001"])
    expect(page.get_by_test_id("number-perimeter").locator("dd").first).to_have_text("400 m")
    expect(page.get_by_test_id("number-land-use").locator("dd").first).to_have_text("Residential")
    assert console.errors == []


def test_a_long_list_draws_what_is_in_sight_is_filtered_and_sorted(opened: Callable[..., Console]) -> None:
    console = opened(None, many_cells)
    page = console.open(f"/grids?area={TOWN}&lang=en")
    expect(page.get_by_test_id("cell-count")).to_have_text("800 cells")
    assert page.get_by_test_id("generate").count() == 0  # a visitor draws nothing
    assert rows(page, "cells").count() < 60
    page.get_by_test_id("cells").evaluate("box => box.scrollTop = box.scrollHeight")
    expect(page.locator(f"[data-code='{WEST}800']")).to_be_visible()
    page.get_by_role("button", name="Surface (m²)").click()
    northernmost = re.compile(f"{WEST}(76[1-9]|7[7-9][0-9]|800)")  # the row of the narrowest cells
    expect(rows(page, "cells").first).to_have_attribute("data-code", northernmost)
    page.get_by_test_id("cell-filter").locator("input").or_(page.get_by_test_id("cell-filter")).first.fill(f"{WEST}01")
    expect(page.get_by_test_id("cell-count")).to_have_text("10 cells")
    assert console.errors == []


@pytest.mark.long
def test_who_answers_for_a_cell_is_told_for_the_day(opened: Callable[..., Console]) -> None:
    console = opened(None, town_with_grids)
    page = console.open(f"/grids?area={TOWN}&on=2026-01-15&lang=en&select=area:{cell(0, 1)}")
    answers = page.get_by_test_id("cell-responsible")
    expect(answers).to_contain_text("At noon of 15 Jan 2026")
    expect(answers.locator("[data-kind=inspection]")).to_contain_text("on duty")
    expect(answers).to_contain_text("巡查员岗 P1")
    expect(answers).to_contain_text("Mon–Fri 08:30-17:30")
    page = console.open(f"/grids?area={TOWN}&on=2026-01-17&lang=en&select=area:{cell(0, 1)}")  # a Saturday
    expect(page.get_by_test_id("cell-responsible").locator("[data-duty=false]")).to_have_text("off duty")
    page.get_by_role("button", name="网格 W W").click()
    expect(page.get_by_test_id("grid-facts")).to_contain_text("巡查员岗 P2")
    assert console.errors == []


@pytest.mark.long
def test_a_grid_gets_other_hours_and_gives_a_cell_away(opened: Callable[..., Console]) -> None:
    page = opened(Role.DISPATCHER, town_with_grids).open(f"/grids/responsibility?area={TOWN}&lang=en")
    expect(rows(page, "grids")).to_have_count(2)
    page.locator("[data-testid=grids] [data-code=W]").click()
    page.get_by_test_id("assign").click()
    page.get_by_test_id("assign-hours").fill("someday 8-9")
    page.get_by_test_id("save-assign").click()
    expect(page.get_by_role("alert")).to_contain_text("someday")
    page.get_by_test_id("assign-hours").fill("mon-sun 08:00-20:00")
    page.get_by_test_id("save-assign").click()
    expect(page.get_by_test_id("grid-facts")).to_contain_text("Mon–Sun 08:00-20:00")
    expect(page.get_by_test_id("grid-history").locator("tr")).to_have_count(2)

    page.get_by_test_id("move").click()
    page.get_by_test_id("move-cells").click()
    page.get_by_role("option", name=cell(2, 1)).click()
    page.keyboard.press("Escape")
    page.get_by_test_id("move-to").click()
    page.get_by_role("option", name="网格 E E").click()
    page.get_by_test_id("save-move").click()
    expect(page.locator("[data-testid=grids] [data-code=W] td.number").first).to_have_text("5")
    expect(page.locator("[data-testid=grids] [data-code=E] td.number").first).to_have_text("7")


@pytest.mark.long
def test_uneven_grids_are_made_even_by_accepting_a_proposal(opened: Callable[..., Console]) -> None:
    def uneven(session: Session) -> None:
        paper_grids.build(session)
        given = {cell(2, 1)}
        service.create_grid(session, TESTER, paper_grids.grid("W", paper_grids.WESTERN - given))
        eastern = paper_grids.grid("E", paper_grids.EASTERN | given, "P3", None)
        service.create_grid(session, TESTER, eastern)

    console = opened(Role.DISPATCHER, uneven)
    page = console.open("/grids/responsibility?part=cover&lang=en")
    expect(page.get_by_test_id("number-findings").locator("dd")).to_have_text("2")
    expect(page.get_by_test_id("cover-idle_posts")).to_contain_text("P4")
    page.get_by_test_id("cover-without_backup").get_by_role("button", name="E").click()
    expect(page.get_by_test_id("drawer")).to_contain_text("网格 E")

    page = console.open(f"/grids/responsibility?area={TOWN}&part=workload&lang=en")
    heaviest = rows(page, "loads").first
    expect(heaviest).to_contain_text("网格 E")
    expect(heaviest).to_contain_text("58.3%")  # 7 of 12 cells, since nothing but surface is known
    page.get_by_test_id("part-proposal").click()
    page.get_by_label("Cases reported from").fill("2026-01-01")
    page.get_by_label("until before").fill("2026-02-01")
    with page.expect_request(lambda request: "&from=2026-01-01&to=2026-02-01" in request.url):
        page.get_by_test_id("propose").click()
    expect(page.get_by_test_id("number-max_over_mean").locator("dd").first).to_have_text("1.17 → 1.00")
    expect(page.get_by_test_id("at-best")).to_contain_text("can be 1.00 at best")
    expect(rows(page, "move-list")).to_have_count(1)
    page.get_by_test_id("accept").click()
    expect(page.get_by_test_id("accepted")).to_contain_text("1 cells change")
    page.get_by_test_id("part-workload").click()
    expect(page.get_by_test_id("number-max_over_mean").locator("dd").first).to_have_text("1.00")
    assert console.errors == []


@pytest.mark.long
def test_pages_fit_a_narrow_screen_and_say_what_is_missing(opened: Callable[..., Console]) -> None:
    console = opened(None, town_with_grids)
    page = console.page
    page.set_viewport_size({"width": 390, "height": 844})
    for address in (
        "/grids?lang=en",
        "/grids?part=generations",
        f"/grids?area={TOWN}",
        f"/grids/responsibility?area={TOWN}&lang=zh",
        f"/grids/responsibility?area={TOWN}&part=workload",
        f"/grids/responsibility?area={TOWN}&part=proposal&lang=en",
        "/grids/responsibility?kind=police",
    ):
        console.open(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        assert "console." not in page.locator("main").inner_text(), address
    expect(page.get_by_text("No grids of the kind Police")).to_be_visible()
    assert console.errors == []
    assert console.outside == []
