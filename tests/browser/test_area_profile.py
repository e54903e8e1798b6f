"""The page of one area: from the map's drawer to its figures, beside an earlier edition, down and up again."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
import shapely
from playwright.sync_api import BrowserContext, expect
from sqlalchemy.orm import Session

from api.app import create_app
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies import service as bodies
from gridmgmt.bodies.rules import NewBody, OrganisationKind
from gridmgmt.db import make_engine
from gridmgmt.editions.service import open_draft
from gridmgmt.settings import Settings
from tests.support.actors import TESTER
from tests.support.browsing import Console
from tests.support.division import add_residents, block, spot
from tests.support.drafts import take_into_force
from tests.support.paper_district import FIRST, GUCUN, UNIT, add_areas, described, load_district
from tests.support.serving import served

pytestmark = pytest.mark.browser

FOURTH = f"{GUCUN}004"


@pytest.fixture(scope="module")
def base_url(module_database_url: str) -> Iterator[str]:
    """A district of which 顾村 has lost the quarter 004 to a new subdistrict in 2020."""
    engine = make_engine(module_database_url)
    with Session(engine) as session, session.begin():
        load_district(session)
        add_residents(session, FIRST, [(spot(0.5, 4.5), (1, 2, 3, 4, 5)), (spot(0.5, 1.5), (10, 0, 0, 0, 0))])
        for code, area in (("R1", f"{GUCUN}001"), ("R4", FOURTH)):
            said = NewBody(code, OrganisationKind.RESIDENTS_COMMITTEE, f"居委会{code}", area, FIRST, "paper")
            bodies.add_body(session, TESTER, said)
        draft = open_draft(session, described("2020", date(2020, 1, 1)))
        west = block(0, 0, 2, 4)
        rest = shapely.difference(block(0, 0, 5, 8), west)
        add_areas(session, draft, AreaLevel.TOWN, {GUCUN: ("顾村镇", rest), "310113008": ("新街道", west)})
        take_into_force(session, "2020")
    engine.dispose()
    with served(create_app(Settings(reading="open", results="exact"), module_database_url)) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture
def console(context: BrowserContext, base_url: str) -> Iterator[Console]:
    console = Console(context.new_page(), base_url)
    yield console
    assert (console.outside, console.errors) == ([], [])


def test_from_the_drawer_to_the_page_beside_another_edition_and_down(console: Console, base_url: str) -> None:
    page = console.open(f"/areas?select=area:{GUCUN}")
    page.get_by_test_id("open-profile").click()
    expect(page).to_have_url(re.compile(rf"/areas/{GUCUN}\b"))
    residents = page.get_by_test_id("section-population").locator("[data-figure=residents_60_plus]")
    expect(residents.locator("td").nth(1)).to_have_text("15")
    expect(page.locator("[data-figure=residents] .figure")).to_have_text("—")
    expect(page.get_by_test_id("left-premises_register")).to_contain_text("没有查看这一部分的权限")
    page.get_by_test_id("compare").select_option("2015-01-01")
    expect(residents.locator("td").nth(2)).to_have_text("25")
    expect(residents.locator("td").nth(3)).to_have_text("-10")
    expect(page.get_by_test_id("compared-note")).to_contain_text("边界版次 2015")
    yearbook = page.get_by_test_id("yearbook").get_attribute("href")
    assert page.request.get(f"{base_url}{yearbook}").status == 200
    page.get_by_test_id("profile-children").locator(f"tr[data-code='{UNIT}']").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("菊泉新城")
    expect(residents.locator("td").nth(3)).to_have_text("")  # the same day beside it: nothing has changed
    page.get_by_test_id("above").filter(has_text="顾村镇").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("顾村镇")
    page.reload()  # the address says all of it
    page.locator("[data-figure='kind.residents_committee'] .figure").click()
    expect(page).to_have_url(re.compile(r"/systems\?.*kind=residents_committee"))
    page.get_by_test_id("open-profile").click()
    expect(page).to_have_url(re.compile(rf"/areas/{GUCUN}"))
    console.open("/areas/310113008?beside=2015-01-01")
    expect(page.get_by_test_id("compared-note")).to_contain_text("没有这一代码的区划")
