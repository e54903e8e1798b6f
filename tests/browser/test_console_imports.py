"""Importing files in the console, in a real browser: looked at, refused row by row, mended, taken."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from api.app import create_app
from api.gate import COOKIE
from gridmgmt.access.rules import Role
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.jobs.worker import Worker
from gridmgmt.settings import Settings
from gridmgmt.work import handlers
from tests.api.test_api_draft_files import towns_file
from tests.api.test_api_imports import BAD, GOOD
from tests.support.actors import PASSWORD, add_account
from tests.support.browsing import Console
from tests.support.serving import served

pytestmark = pytest.mark.browser


@pytest.fixture
def planner(fresh_database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """A planner, signed in at a server with an empty folder and a worker."""
    engine = make_engine(fresh_database_url)
    sessions = make_sessions(engine)
    add_account(sessions, "planner", Role.PLANNER)
    settings = Settings(data=tmp_path)
    worker, stopped = Worker(sessions, handlers(settings), lease_s=15), Event()

    def work() -> None:
        while not stopped.wait(0.05):
            worker.run_one()

    thread = Thread(target=work)
    thread.start()
    try:
        with served(create_app(settings, fresh_database_url)) as client:
            client.headers["Sec-Fetch-Site"] = "same-origin"
            client.post("/api/v1/session", json={"name": "planner", "password": PASSWORD}).raise_for_status()
            yield client
    finally:
        stopped.set()
        thread.join()
        engine.dispose()


@pytest.fixture
def context(context: BrowserContext, planner: httpx.Client) -> BrowserContext:
    url = str(planner.base_url).rstrip("/")
    context.add_cookies([{"name": COOKIE, "value": planner.cookies[COOKIE], "url": url}])
    return context


@pytest.fixture
def console(context: BrowserContext, planner: httpx.Client) -> Iterator[Console]:
    console = Console(context.new_page(), str(planner.base_url).rstrip("/"))
    yield console
    assert console.outside == []
    assert console.errors == []


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_test_id(field).click()
    page.get_by_role("option", name=option, exact=True).click()


def give(page: Page, name: str, content: str | bytes) -> None:
    buffer = content.encode() if isinstance(content, str) else content
    page.get_by_test_id("import-file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": buffer})


def test_bad_rows_are_told_the_mended_file_is_taken_and_the_same_again_is_there(console: Console) -> None:
    page = console.open("/?lang=en")
    page.get_by_role("link", name="Imports").click()
    choose(page, "import-kind", "Service points")
    give(page, "食堂.csv", BAD)
    page.get_by_test_id("preview").click()
    expect(page.get_by_test_id("import-state")).to_contain_text("cannot be imported like this")
    assert page.get_by_test_id("import-numbers").locator("dd").all_inner_texts() == ["2", "1", "1"]
    cells = page.get_by_test_id("problems").locator("tbody td")
    expect(cells.nth(2)).to_have_text("没有")
    assert cells.all_inner_texts()[:2] == ["3", "lon"]
    assert page.get_by_test_id("take-good").inner_text().strip() == "Import the 1 good rows alone"
    with page.expect_download() as waiting:
        page.get_by_test_id("refused-csv").click()
    assert Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()[1].startswith("3,lon,没有,")

    give(page, "食堂.csv", GOOD)
    page.get_by_test_id("preview").click()
    expect(page.get_by_test_id("import-state")).to_contain_text("it can be imported")
    page.get_by_test_id("take").click()
    expect(page.get_by_test_id("import-state")).to_contain_text("Imported")
    assert page.get_by_test_id("import-numbers").locator("dd").all_inner_texts() == ["2", "2", "0"]

    page.get_by_test_id("import-now").click()
    expect(page.get_by_test_id("import-state")).to_contain_text("Already there")
    page.get_by_test_id("back").click()
    expect(page.get_by_test_id("imports").locator("tbody tr")).to_have_count(4)
    row = page.get_by_test_id("imports").locator("tbody tr").first
    row.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("import-state")).to_contain_text("Already there")


@pytest.mark.long
def test_areas_lead_to_their_draft(console: Console, planner: httpx.Client) -> None:
    page = console.open("/imports?lang=en")
    give(page, "镇.geojson", towns_file())
    expect(page.get_by_test_id("import-now")).to_be_disabled()  # the level is not said yet
    choose(page, "option-level", "Town or subdistrict")
    page.get_by_test_id("option-valid_from").fill("2040-01-01")
    page.get_by_test_id("import-now").click()
    expect(page.get_by_test_id("import-state")).to_contain_text("Imported")
    page.get_by_test_id("open-draft").click()
    expect(page).to_have_url(re.compile(r"/areas/editions\?.*edition="))
    expect(page.get_by_text("镇.geojson").first).to_be_visible()
    [draft] = planner.get("/api/v1/drafts").json()["items"]
    assert (draft["name"], draft["planned_from"], draft["areas"]) == ("镇", "2040-01-01", {"town": 2})


@pytest.mark.long
def test_a_file_of_another_format_is_not_sent(console: Console) -> None:
    page = console.open("/imports?lang=en")
    give(page, "a.exe", "MZ")
    expect(page.get_by_role("alert")).to_contain_text("is in no format of this kind")
    expect(page.get_by_test_id("preview")).to_be_disabled()


def test_where_data_are_made_up_real_ones_are_refused_in_words(console: Console, planner: httpx.Client) -> None:
    query = {"file": "a.csv", "kind": "service-points", "synthetic": "true"}
    link = planner.post("/api/v1/imports", params=query, content=GOOD).json()["links"]["self"]
    page = console.open("/imports?lang=en&import=" + link.rpartition("/")[2])
    expect(page.get_by_test_id("import-state")).to_contain_text("Imported")
    page.reload()
    choose(page, "import-kind", "Service points")
    expect(page.get_by_role("note")).to_contain_text("This folder holds the synthetic demo")
    give(page, "b.csv", GOOD.replace("甲", "丙"))
    page.get_by_test_id("import-now").click()
    expect(page.get_by_test_id("import-error")).to_contain_text("synthetic demo")
    page.get_by_test_id("change-options").click()
    page.get_by_test_id("made-up").check()
    page.get_by_test_id("import-now").click()
    expect(page.get_by_test_id("import-state")).to_contain_text("Imported")
    folder = json.loads(planner.get("/api/v1/folder").text)
    assert sorted(each["name"] for each in folder["editions"]) == ["a", "b"]


@pytest.mark.long
def test_a_visitor_has_no_imports(browser: Browser, planner: httpx.Client) -> None:
    console = Console(browser.new_page(), str(planner.base_url).rstrip("/"))
    page = console.open("/?lang=en")
    expect(page.get_by_role("link", name="Areas", exact=True)).to_be_visible()
    expect(page.locator("a[href='/imports']")).to_have_count(0)
    console.close()
