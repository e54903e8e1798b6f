"""The page of cases in a real browser: the list and its address, what arrives, the chain by keys, the board."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import text

from api.app import create_app
from api.gate import COOKIE
from gridmgmt.access import queries, service
from gridmgmt.access.rules import Assignment, Role
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.clock import local_date, system_clock
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.settings import Settings
from tests.support import paper_grids
from tests.support.actors import PASSWORD, TESTER, add_account, add_key, bearer
from tests.support.browsing import PATIENCE_MS, new_context
from tests.support.division import spot
from tests.support.serving import served

pytestmark = pytest.mark.browser

WATER = "water_company"
DESK = (Role.OPERATOR, Role.INSPECTOR, Role.DISPATCHER, Role.DUTY_CHIEF)
COVER, LITTER = "0101", "1103"


class Desk:
    """Two people with the page open: one who does all but handling, and one of the water company; and a client."""

    def __init__(self, client: httpx.Client, desk: Page, water: Page, sessions: Any, key: str) -> None:
        self.client = client
        self.desk = desk
        self.water = water
        self.sessions = sessions
        self.key = key

    def report(self, type_: str = COVER, at: tuple[float, float] = (0.5, 0.5)) -> str:
        lon, lat = spot(*at)
        body = {"lon": lon, "lat": lat, "type": type_, "source": "inspector", "description": "水漫出来"}
        answer = self.client.post("/api/v1/cases", json=body, headers=bearer(self.key))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["case_no"])

    def move(self, case_no: str, version: int, **body: Any) -> None:
        path = f"/api/v1/cases/{case_no}/transitions"
        answer = self.client.post(path, json={"version": version, **body}, headers=bearer(self.key))
        assert answer.status_code == 200, answer.text

    def open(self, page: Page, address: str) -> Page:
        page.goto(f"{str(self.client.base_url).rstrip('/')}{address}")
        expect(page.get_by_test_id("live")).to_have_text("Live")
        return page


@pytest.fixture(scope="module")
def opened(browser: Browser, module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One served town for all tests, with two signed-in browsers."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        paper_grids.build(session)
        load_builtin(session, TESTER, today=local_date(system_clock()))
    for name, grants in (
        ("desk", [*map(Assignment, DESK)]),
        ("water", [Assignment(Role.DEPARTMENT, department=WATER)]),
    ):
        add_account(sessions, name, None)
        with transaction(sessions) as session:
            service.set_grants(session, TESTER, queries.account_by_name(session, name), grants)
    key = add_key(sessions, "desk")
    settings = Settings(data=tmp_path_factory.mktemp("data"), reading="accounts")
    with served(create_app(settings, module_database_url)) as client:
        desk, water = (signed_in(browser, client, name) for name in ("desk", "water"))
        yield Desk(client, desk, water, sessions, key)
        desk.context.close()
        water.context.close()
    engine.dispose()


def signed_in(browser: Browser, client: httpx.Client, name: str) -> Page:
    given = {"name": name, "password": PASSWORD}
    answer = client.post("/api/v1/session", json=given, headers={"Sec-Fetch-Site": "same-origin"})
    cookie = answer.raise_for_status().cookies[COOKIE]
    client.cookies.clear()
    context = new_context(browser, locale="en-US", timezone_id="Asia/Shanghai")
    context.add_cookies([{"name": COOKIE, "value": cookie, "url": str(client.base_url)}])
    context.add_init_script("localStorage.setItem('gridmgmt.language', 'en')")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    return page


def rows(page: Page) -> Locator:
    return page.locator("[data-testid=cases] [data-row]")


def row(page: Page, case_no: str) -> Locator:
    return page.locator(f"[data-testid=cases] [data-code='{case_no}']")


def press(page: Page, key: str, state: str) -> None:
    """Ask for a move by its key, confirm it, and wait for the state that the case is in then."""
    page.keyboard.press(key)
    expect(page.get_by_test_id("submit-move")).to_be_enabled()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("case-state")).to_have_text(state)
    expect(page.get_by_test_id("submit-move")).to_have_count(0)


def test_filters_stand_in_the_address_and_what_arrives_waits_to_be_shown(opened: Desk) -> None:
    cover, litter = opened.report(), opened.report(LITTER, (1.5, 0.5))
    page = opened.open(opened.desk, "/cases")
    expect(page.get_by_test_id("case-count")).to_have_text("2 cases")
    expect(rows(page).first).to_have_attribute("data-code", litter)

    page.get_by_test_id("state-accepted").click()
    expect(page.get_by_text("No such case")).to_be_visible()
    page.get_by_test_id("state-reported").click()
    expect(rows(page)).to_have_count(2)
    assert "state=accepted,reported" in page.url
    page.get_by_test_id("case-search").fill(cover)
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(row(page, cover)).to_have_count(1)
    assert page.get_by_test_id("export-csv").get_attribute("href") == (
        f"/api/v1/cases.csv?state=accepted&state=reported&q={cover}"
    )

    opened.open(page, "/cases?open=1")
    row(page, cover).focus()
    later = opened.report(LITTER, (2.5, 0.5))
    expect(page.get_by_test_id("pending")).to_have_text("↑ 1 new")
    expect(row(page, later)).to_have_count(0)
    expect(row(page, cover)).to_be_focused()
    page.get_by_test_id("pending").click()
    expect(rows(page).first).to_have_attribute("data-code", later)


def test_a_case_goes_from_report_to_closure_by_keys(opened: Desk) -> None:
    case_no = opened.report()
    desk = opened.open(opened.desk, "/cases?open=1")
    expect(row(desk, case_no)).to_be_visible()
    desk.keyboard.press("j")
    expect(row(desk, case_no)).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.get_by_test_id("suggested")).to_contain_text("Suggested: Waterworks")
    press(desk, "a", "Accepted")
    expect(row(desk, case_no)).to_have_attribute("data-state", "accepted")
    press(desk, "r", "Registered")
    expect(desk.get_by_test_id("clock")).to_contain_text("left")
    press(desk, "d", "Dispatched")
    expect(desk.get_by_test_id("department")).to_have_text("Waterworks")

    water = opened.open(opened.water, f"/cases?select=case:{case_no}")
    assert water.locator("[data-testid^=move-]").evaluate_all("all => all.map(each => each.dataset.testid)") == [
        "move-handle", "move-send_back", "move-ask_extension", "move-ask_suspension",
    ]  # fmt: skip
    press(water, "h", "Being handled")
    expect(desk.get_by_test_id("case-state")).to_have_text("Being handled")  # told by the feed
    picture = BytesIO()
    Image.new("RGB", (60, 40), "white").save(picture, "JPEG")
    given = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()}
    water.get_by_test_id("add-photo").set_input_files(given)  # type: ignore[arg-type]  # Playwright's own shape
    expect(water.locator("[data-testid=photos] li")).to_have_text("after handling")
    water.keyboard.press("e")
    expect(water.get_by_test_id("submit-move")).to_be_disabled()
    wanted = local_date(system_clock()) + timedelta(days=30)
    water.get_by_test_id("give-due_at").fill(f"{wanted}T10:00")
    water.get_by_test_id("give-reason").fill("备件未到")
    water.keyboard.press("Control+Enter")
    expect(water.get_by_test_id("requests")).to_contain_text(f"{wanted.year}, 10:00")
    expect(desk.get_by_test_id("requests")).to_contain_text("备件未到")
    desk.keyboard.press("g")
    desk.get_by_test_id("submit-move").click()
    expect(desk.get_by_test_id("requests")).to_have_count(0)
    expect(water.get_by_test_id("requests")).to_have_count(0)
    press(water, "f", "Handled")
    expect(desk.get_by_test_id("case-state")).to_have_text("Handled")
    press(desk, "v", "Verified")
    press(desk, "c", "Closed")
    told = desk.locator("[data-testid=log] [data-move]").evaluate_all("all => all.map(each => each.dataset.move)")
    assert told[::-1] == [
        "report", "accept", "register", "dispatch", "handle", "ask_extension", "grant_extension", "give_feedback",
        "verify", "close",
    ]  # fmt: skip


def test_whoever_comes_second_is_told_who_moved_the_case(opened: Desk) -> None:
    case_no = opened.report()
    page = opened.open(opened.desk, f"/cases?select=case:{case_no}")
    page.get_by_test_id("move-reject").click()
    page.get_by_test_id("give-reason").fill("不在受理范围")
    opened.move(case_no, 1, move="accept")
    page.get_by_test_id("submit-move").click()
    expect(page.get_by_test_id("notice")).to_contain_text("has made the move “Accept”")
    expect(page.get_by_test_id("case-state")).to_have_text("Accepted")
    expect(page.get_by_test_id("submit-move")).to_have_count(0)


def test_the_board_counts_what_is_late_and_leads_to_it(opened: Desk) -> None:
    late = opened.report()
    opened.move(late, 1, move="accept")
    opened.move(late, 2, move="register", condition_no=2)
    opened.move(late, 3, move="dispatch", departments=[WATER])
    with transaction(opened.sessions) as session:
        session.execute(
            text("UPDATE cases SET urgency = 'overdue', due_at = now() - interval '50 hours' WHERE case_no = :no"),
            {"no": late},
        )
    opened.move(late, 4, move="supervise", reason="市民多次来电")
    other = opened.report(LITTER, (1.5, 0.5))
    page = opened.open(opened.desk, f"/cases?part=board&type={LITTER}")
    expect(page.get_by_test_id("figure-overdue")).to_have_text("1")
    expect(page.locator("[data-testid=most-overdue] [data-row]")).to_have_attribute("data-code", late)
    expect(page.locator(f"[data-testid=board-department] [data-code={WATER}]")).to_contain_text("2 d 2 h")
    page.get_by_test_id(f"overdue-{WATER}").click()
    expect(rows(page)).to_have_count(1)
    expect(row(page, late)).to_contain_text("2 d 2 h late")
    assert "urgency=overdue" in page.url
    assert f"department={WATER}" in page.url

    for figure, case_no in [(f"supervised-{WATER}", late), ("figure-supervised", late), ("open-", other)]:
        page.go_back()
        number = page.locator(f"[data-testid={figure}]").first
        count = int(number.inner_text())
        number.click()
        expect(rows(page)).to_have_count(count)
        expect(row(page, case_no)).to_be_visible()
        expect(row(page, late)).to_have_count(int(case_no == late))
