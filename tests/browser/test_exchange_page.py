"""The part of the console about the 12345 hotline: orders, the comparison of a day, and what was not taken."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from api.app import create_app
from gridmgmt.casework import transitions
from gridmgmt.casework.machine import Given
from gridmgmt.casework.moves import Move
from gridmgmt.casework.transitions import MoveAsk
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.clock import local_date, system_clock
from gridmgmt.db import make_engine
from gridmgmt.exchange import orders, outbox, queries, reconciling
from gridmgmt.exchange.models import ExchangeDelivery
from gridmgmt.exchange.rules import HotlineState, ListedOrder, OrderAsk
from gridmgmt.settings import Settings
from tests.support import paper_grids
from tests.support.actors import TESTER
from tests.support.browsing import Console
from tests.support.division import spot
from tests.support.serving import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def base_url(module_database_url: str) -> Iterator[str]:
    """Six orders in the town of `paper_grids`: one returned, which the hotline has not taken, one that never came."""
    engine = make_engine(module_database_url)
    with Session(engine) as session, session.begin():
        fill(session)
    engine.dispose()
    with served(create_app(Settings(reading="open"), module_database_url)) as client:
        yield str(client.base_url).rstrip("/")


def fill(session: Session) -> None:
    paper_grids.build(session)
    load_builtin(session, TESTER, today=paper_grids.DAY)
    now = system_clock()
    for number in range(6):
        lon, lat = spot(number + 0.5, 0.5)
        ask = OrderAsk(f"SH{number}", "0101", now - timedelta(seconds=1), lon, lat, description="井盖缺失")
        orders.receive(session, TESTER, ask, None, now)
    for number, move in ((0, Move.REJECT), (1, Move.ACCEPT), (2, Move.ACCEPT)):
        case_no = queries.order_summary(session, f"SH{number}").case_no
        transitions.move(session, TESTER, case_no, MoveAsk(move, Given(reason="不属于本区")), now)
    outbox.queue(session, None, now)
    session.execute(update(ExchangeDelivery).values(delivered_at=now, attempts=1))
    refused = {"delivered_at": None, "failed_at": now, "attempts": 10, "last_status": 500, "last_error": "refused"}
    session.execute(update(ExchangeDelivery).where(ExchangeDelivery.event == "returned").values(**refused))
    states = {f"SH{number}": HotlineState.RECEIVED for number in (0, 3, 4, 5, 9)}
    states |= dict.fromkeys(("SH1", "SH2"), HotlineState.ACCEPTED)
    items = [ListedOrder(*each) for each in states.items()]
    reconciling.reconcile(session, TESTER, local_date(now), items, now)


@pytest.fixture
def console(context: BrowserContext, base_url: str) -> Iterator[Console]:
    console = Console(context.new_page(), base_url)
    yield console
    assert (console.outside, console.errors) == ([], [])


def test_what_differs_and_what_was_not_taken_is_shown_and_orders_are_found(console: Console) -> None:
    page = console.open("/systems?part=exchange")
    differences = page.get_by_test_id("differences").locator("tbody tr")
    expect(differences).to_have_count(2)
    expect(differences.nth(0)).to_contain_text("状态不一致")
    expect(differences.nth(1)).to_contain_text("本方缺单")
    expect(page.get_by_test_id("undelivered").locator("tbody tr")).to_have_count(1)
    rows = page.get_by_test_id("orders").locator("tbody tr")
    expect(rows).to_have_count(6)
    page.get_by_test_id("orders-state").select_option("accepted")
    expect(rows).to_have_count(2)
    page.get_by_test_id("orders-search").fill("SH2")
    page.get_by_test_id("orders-search").press("Enter")
    expect(rows).to_have_count(1)
    page.reload()  # the address says all of it
    expect(rows).to_have_count(1)
    expect(page.get_by_test_id("exchange-secret")).to_have_count(0)
