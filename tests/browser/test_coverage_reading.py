"""Coverage read by gates, gaps, two runs and scenarios in a real browser, on a town that a person has counted."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from api.app import create_app
from api.gate import COOKIE
from gridmgmt.access.rules import Role
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.settings import Settings
from gridmgmt.work import ask_coverage, finish_coverage
from tests.support import paper_town
from tests.support.actors import PASSWORD, TESTER, add_account
from tests.support.browsing import Console, new_context
from tests.support.paper_gates import load_gates
from tests.support.serving import served

pytestmark = pytest.mark.browser

PARTS = ["result", "gaps", "flows", "access", "compare", "orders", "gates", "plans"]


@pytest.fixture(scope="module")
def planner(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A planner at a server with the town, its one gate, and a run of Wednesday and one of Sunday, when it is shut."""
    folder = tmp_path_factory.mktemp("town")
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    paper_town.load(sessions, folder)
    load_gates(sessions, folder)
    for at in ("wed 10:00", "sun 10:00"):
        asked = ask_coverage(sessions, TESTER, make_request(at=at), on=paper_town.DAY)
        finish_coverage(sessions, *asked, lease_s=15)
    add_account(sessions, "planner", Role.PLANNER)
    with served(create_app(Settings(reading="open"), module_database_url)) as client:
        client.headers["Sec-Fetch-Site"] = "same-origin"
        client.post("/api/v1/session", json={"name": "planner", "password": PASSWORD}).raise_for_status()
        yield client
    engine.dispose()


@pytest.fixture
def console(context: BrowserContext, planner: httpx.Client) -> Console:
    url = str(planner.base_url).rstrip("/")
    context.add_cookies([{"name": COOKIE, "value": planner.cookies[COOKIE], "url": url}])
    return Console(context.new_page(), url)


def test_a_gate_is_as_it_is_at_the_time_and_closing_it_is_told_by_age(console: Console) -> None:
    page = console.open("/?part=gates&select=gate:G1&at=wed%2010:00")
    facts = page.get_by_test_id("gate-facts")
    expect(facts).to_contain_text("开放")
    expect(facts).to_contain_text("周一至周五 06:00-22:00")
    page.locator("[data-access=closed]").click()
    page.get_by_test_id("ask-what-if").click()
    everybody = page.locator("[data-testid=by-age] [data-band='60_plus']")
    expect(everybody).to_contain_text("50.3")  # 20.25 of the second place and 30 of the third, which have no other way
    expect(everybody).to_contain_text("20.3 → 0")  # the third was beyond the limit before
    page = console.open("/?part=gates&select=gate:G1&at=sun%2010:00")
    expect(page.get_by_test_id("gate-facts")).to_contain_text("关闭")
    expect(page.get_by_test_id("legend-gates")).to_contain_text("周日 10:00")
    assert console.errors == []
    assert console.outside == []


def test_two_runs_tell_who_lost_a_point(console: Console) -> None:
    page = console.open("/?part=compare&run=2&against=1")
    everybody = page.locator("[data-testid=shifts] tbody tr").first.locator("td.number")
    expect(everybody).to_have_count(4)
    both, gained, lost, _ = [cell.inner_text() for cell in everybody.all()]
    assert (both, gained, lost) == ("10.5", "0", "20.3")
    expect(page.get_by_test_id("differences")).to_contain_text("wed 10:00 → sun 10:00")
    expect(page.get_by_test_id("legend-tint")).to_be_visible()
    assert console.errors == []


def test_a_run_says_its_time_and_how_speed_and_trip_matter(console: Console) -> None:
    page = console.open("/?run=2")
    expect(page.get_by_test_id("walk")).to_contain_text("0.83 m/s · 周日 10:00")
    asked = page.locator("[data-testid=sensitivity] [aria-current=true]")
    expect(asked).to_have_count(1)
    expect(asked).to_contain_text("0.83")
    page.locator("[data-part=gaps]").click()
    gaps = page.locator("[data-testid=gaps] [data-row]")
    expect(gaps.first).to_contain_text("20 分钟内没有服务点")
    gaps.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**select=area*camera=*")


@pytest.mark.long
def test_a_planned_path_is_drawn_named_and_ready_to_run_with(console: Console, planner: httpx.Client) -> None:
    page = console.open("/?part=plans")
    page.get_by_test_id("new-plan").click()
    page.get_by_test_id("plan-name").fill("近路")
    line = paper_town.degrees([(500, 0), (1500, 500)])
    page.get_by_test_id("coordinates").fill("\n".join(f"{lon}, {lat}" for lon, lat in line))
    page.get_by_test_id("coordinates").blur()
    page.get_by_test_id("add-edit").click()
    page.get_by_test_id("save-plan").click()
    page.get_by_test_id("run-plan").click()
    expect(page.get_by_test_id("scenario")).to_contain_text("近路 @1")
    expect(page.get_by_test_id("evidence")).to_contain_text("S39")
    [edit] = planner.get("/api/v1/walking/scenarios/近路").json()["edits"]
    assert edit["kind"] == "add_path"
    assert edit["line"] == [pytest.approx(vertex, abs=1e-7) for vertex in line]
    assert console.errors == []


@pytest.mark.long
def test_every_part_fits_a_narrow_screen(browser: Browser, planner: httpx.Client) -> None:
    context = new_context(browser, width=360, height=740, locale="en-GB")
    narrow = Console(context.new_page(), str(planner.base_url).rstrip("/"))
    for part in PARTS:
        page = narrow.open(f"/?lang=en&part={part}")
        expect(page.locator(f"[data-part={part}]")).to_have_attribute("aria-pressed", "true")
        assert page.evaluate("document.querySelector('main.list').scrollWidth") <= 360, part
    context.close()
