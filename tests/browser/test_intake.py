"""Taking a report in at the console: what is known of the place, a photo, the same once more without a network."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.settings import Settings
from tests.support import paper_grids
from tests.support.actors import PASSWORD, TESTER, add_account
from tests.support.browsing import Console
from tests.support.division import spot
from tests.support.serving import served, until
from tests.unit.test_pictures import photo_of_a_phone

pytestmark = pytest.mark.browser

KEPT = """() => new Promise((resolve) => {
  indexedDB.open('gridmgmt').onsuccess = ({ target: { result } }) => {
    const asked = result.transaction('reports').objectStore('reports').getAll()
    asked.onsuccess = () => resolve(JSON.stringify(asked.result))
  }
})"""
"""What the browser keeps of reports, as text."""


@dataclass(frozen=True)
class Desk:
    """A served town and its database."""

    base_url: str
    sessions: sessionmaker[Session]


@pytest.fixture(scope="module")
def desk(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The town of `paper_grids` with the built-in catalogue and a chief on duty."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        paper_grids.build(session)
        paper_grids.halves(session)
        load_builtin(session, TESTER, today=datetime.now(UTC).date())
    add_account(sessions, "chief", Role.DUTY_CHIEF)
    settings = Settings(data=tmp_path_factory.mktemp("data"), reading="accounts")
    with served(create_app(settings, module_database_url)) as client:
        yield Desk(str(client.base_url).rstrip("/"), sessions)
    engine.dispose()


@pytest.fixture
def console(context: BrowserContext, desk: Desk) -> Iterator[Console]:
    context.request.post(
        f"{desk.base_url}/api/v1/session",
        data={"name": "chief", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    console = Console(context.new_page(), desk.base_url)
    yield console
    console.close()


def choose(page: Page, field: str, words: str) -> None:
    """Choose the first entry of a list that holds some words."""
    page.get_by_test_id(field).click()
    if field == "intake-type":
        page.get_by_test_id(field).locator("input").fill(words)
    page.locator(".el-select-dropdown__item:visible", has_text=words).first.click()


def fill(page: Page, column: float) -> None:
    lon, lat = spot(column, 0.5)
    page.get_by_test_id("intake-position").fill(f"{lon}, {lat}")
    page.get_by_test_id("intake-position").press("Tab")
    choose(page, "intake-type", "0101")


def rows(desk: Desk, statement: str) -> list[tuple[Any, ...]]:
    with transaction(desk.sessions) as session:
        return [tuple(row) for row in session.execute(text(statement))]


def test_a_report_and_its_repetition(console: Console, desk: Desk, context: BrowserContext, tmp_path: Path) -> None:
    page = console.open("/cases")
    page.get_by_test_id("report").click()
    expect(page.get_by_test_id("intake-submit")).to_be_disabled()
    fill(page, 2.9)
    expect(page.get_by_test_id("near-border")).to_contain_text("9.5")
    expect(page.get_by_test_id("intake-routing")).to_contain_text("P1")
    choose(page, "intake-source", "12345 热线")
    page.get_by_test_id("intake-description").fill("井盖缺失")
    photo = tmp_path / "IMG_2015_wang.jpg"
    photo.write_bytes(photo_of_a_phone(6))
    page.get_by_test_id("intake-photo").set_input_files(photo)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("intake-sent")).to_be_visible()
    expect(page.get_by_test_id("drawer").get_by_test_id("photos").locator("img").first).to_be_visible()
    [(case_no, photos)] = rows(
        desk,
        "SELECT case_no, (SELECT string_agg(kind, ',') FROM case_photos AS p WHERE p.case_id = c.case_id)"
        " FROM cases AS c WHERE description = '井盖缺失' AND source = 'hotline_12345'",
    )
    assert photos == "near"

    fill(page, 2.91)
    page.locator(f"[data-testid=intake-duplicates] [data-code='{case_no}']").get_by_test_id("same").click()
    page.get_by_test_id("intake-contact").locator("summary").click()
    page.get_by_test_id("intake-name").fill("王女士")
    expect(page.get_by_test_id("intake-submit")).to_be_disabled()
    page.get_by_test_id("intake-consent").check()
    until(lambda: case_no in page.evaluate(KEPT))
    assert "王" not in page.evaluate(KEPT)
    assert console.errors == []
    context.set_offline(True)
    page.get_by_test_id("intake-submit").click()
    expect(page.get_by_test_id("intake-queued")).to_be_visible()
    assert rows(desk, "SELECT count(*) FROM cases") == [(1,)]
    context.set_offline(False)
    expect(page.get_by_test_id("intake-delivered")).to_be_visible()
    until(lambda: page.evaluate(KEPT) == "[]")
    linked = rows(
        desk,
        "SELECT c.state, m.case_no, r.name FROM cases AS c JOIN cases AS m ON m.case_id = c.duplicate_of"
        " JOIN case_reporters AS r ON r.case_id = c.case_id",
    )
    assert linked == [("duplicate", case_no, "王女士")]
    assert console.outside == []


@pytest.mark.long
def test_the_place_is_clicked_moved_and_kept(console: Console) -> None:
    """What was begun is there again after the page is left, in English too."""
    page = console.open("/cases?part=report")
    console.drawn()
    console.click_map_centre()
    place = page.get_by_test_id("case-place")
    expect(place).to_be_visible()
    clicked = page.get_by_test_id("intake-position").input_value()
    place.press("Shift+ArrowRight")
    expect(page.get_by_test_id("intake-position")).not_to_have_value(clicked)
    moved = page.get_by_test_id("intake-position").input_value()
    assert float(moved.split(",")[0]) > float(clicked.split(",")[0])
    page.get_by_test_id("intake-description").fill("半句")
    until(lambda: "半句" in page.evaluate(KEPT))
    page.reload()
    expect(page.get_by_test_id("intake-description")).to_have_value("半句")
    expect(page.get_by_test_id("intake-position")).to_have_value(moved)
    page.get_by_test_id("language").click()
    expect(page.get_by_test_id("intake-submit")).to_have_text("Report")
    expect(page.get_by_test_id("intake-missing")).to_have_text("The type is missing")
    assert console.errors == []
