"""Signing in, the first administrator, accounts, keys and the log, in a real browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.settings import Settings
from tests.support.actors import PASSWORD, add_account
from tests.support.browsing import Console, Served
from tests.support.serving import served, until

pytestmark = [pytest.mark.browser, pytest.mark.long]


class ServedWithLog(Served):
    log: Path


@pytest.fixture
def open_console(browser: Browser) -> Iterator[Callable[[str], Console]]:
    """Opens a browser of its own, without anything from before, on a server."""
    contexts = []

    def opened(base_url: str) -> Console:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900},
            locale="en-GB",
            timezone_id="America/Los_Angeles",
            reduced_motion="reduce",
        )
        contexts.append(context)
        return Console(context.new_page(), base_url)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def closed(module_database_url: str) -> Iterator[str]:
    """The address of a server whose reading takes an account."""
    engine = make_engine(module_database_url)
    add_account(make_sessions(engine), "lihua", Role.OPERATOR)
    engine.dispose()
    with served(create_app(Settings(reading="accounts"), module_database_url)) as client:
        yield str(client.base_url).rstrip("/")


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"input[name={name}]").fill(value)


def test_a_role_of_the_demo_is_one_click(served_demo: ServedWithLog, open_console: Callable[[str], Console]) -> None:
    console = open_console(served_demo.base_url)
    page = console.open("/?lang=en")
    expect(page.get_by_test_id("new-run")).to_be_visible()
    expect(page.locator("a[href='/administration']")).to_have_count(0)
    console.open("/administration?lang=en")
    expect(page.get_by_text("This page takes an account")).to_be_visible()
    page.get_by_test_id("sign-in").click()
    page.get_by_test_id("demo-accounts").get_by_role("button", name="operator").click()
    expect(page.get_by_test_id("account")).to_contain_text("operator")
    expect(page.get_by_test_id("new-run")).to_have_count(0)  # an operator reads; the visitor of the demo tries all out
    page.get_by_test_id("account").click()
    page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    assert console.errors == []
    assert console.outside == []


def test_from_the_one_time_link_to_a_colleague_and_a_key(
    served_demo: ServedWithLog, open_console: Callable[[str], Console]
) -> None:
    until(lambda: "/setup#" in served_demo.log.read_text(encoding="utf-8"))
    link = re.search(r"/setup#[\w-]+", served_demo.log.read_text(encoding="utf-8"))
    assert link is not None
    console = open_console(served_demo.base_url)
    page = console.open("/setup")
    expect(page.get_by_role("alert")).to_contain_text("#")
    console.open(link[0])  # in the same tab: nothing but what is behind the # is new
    expect(page.get_by_test_id("submit-setup")).to_be_disabled()
    assert "#" not in page.url, "the token stays in no history"
    fill(page, username="chief", password=PASSWORD, again=PASSWORD)
    page.get_by_test_id("submit-setup").click()
    expect(page.get_by_test_id("account")).to_contain_text("chief")

    page.locator("a[href='/administration']").click()
    page.get_by_test_id("add-account").click()
    page.get_by_test_id("account-name").fill("wangwu")
    page.get_by_test_id("account-display-name").fill("王五")
    page.get_by_test_id("add-role").click()
    page.get_by_test_id("save-account").click()
    colleague = open_console(served_demo.base_url)
    password_link = page.get_by_test_id("secret").inner_text()
    other = colleague.open(password_link.removeprefix(served_demo.base_url))
    expect(other.locator("input[name=username]")).to_have_value("wangwu")
    fill(other, password=PASSWORD, again=PASSWORD)
    other.get_by_test_id("submit-setup").click()
    expect(other.get_by_test_id("account")).to_contain_text("王五")
    again = colleague.open(password_link.removeprefix(served_demo.base_url))
    fill(again, password=PASSWORD, again=PASSWORD)
    again.get_by_test_id("submit-setup").click()
    expect(again.get_by_role("alert")).to_be_visible()

    page.goto(f"{served_demo.base_url}/administration?part=keys")
    page.get_by_test_id("new-key").click()
    page.get_by_test_id("key-name").fill("nightly")
    page.get_by_test_id("make-key").click()
    secret = page.get_by_test_id("secret").inner_text()
    headers = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{served_demo.base_url}/api/v1/session", headers=headers).json()["name"] == "chief"
    page.reload()
    expect(page.get_by_test_id("keys")).to_contain_text(secret[:11])
    expect(page.get_by_test_id("keys")).to_contain_text("00:00")  # the end of a day in the district, not here
    assert secret not in page.content()

    page.goto(f"{served_demo.base_url}/administration?part=log")
    expect(page.get_by_test_id("changes")).to_contain_text("account:wangwu")
    page.get_by_test_id("check-log").click()
    expect(page.get_by_test_id("log-check")).to_have_class("secondary")
    assert console.errors == []


def test_a_closed_server_shows_its_door_first_and_opens_by_keyboard(
    closed: str, open_console: Callable[[str], Console]
) -> None:
    console = open_console(closed)
    page = console.open("/areas?lang=en")
    expect(page.get_by_test_id("submit-sign-in")).to_be_disabled()
    expect(page.get_by_test_id("map")).to_have_count(0)
    assert console.errors == [], "nothing was asked that would be refused"
    page.locator("input[name=username]").focus()
    page.keyboard.type("lihua")
    page.keyboard.press("Tab")
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    fill(page, password=PASSWORD)
    page.locator("input[name=password]").press("Enter")
    expect(page.get_by_test_id("account")).to_contain_text("Lihua")
    assert "/areas" in page.url, "where the reader wanted to go"
    page.get_by_test_id("account").press("Enter")
    expect(page.get_by_test_id("sign-out")).to_be_visible()
    page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("submit-sign-in")).to_be_visible()


def test_a_session_that_has_ended_leads_back_to_the_door(closed: str, open_console: Callable[[str], Console]) -> None:
    console = open_console(closed)
    page = console.open("/cases?lang=en")
    fill(page, username="lihua", password=PASSWORD)
    page.get_by_test_id("submit-sign-in").click()
    expect(page.get_by_test_id("account")).to_be_visible()
    page.context.clear_cookies()
    page.locator("a[href='/areas']").click()
    page.goto(f"{closed}/cases?lang=en")
    expect(page.get_by_test_id("submit-sign-in")).to_be_visible()
