"""The demo's exchange with the 12345 hotline: its hotline cases as orders, and a made-up list of yesterday beside them.

Nobody is told anything: the hotline is simulated, has no secret and no address. One event of yesterday counts as given
up, so that the hotline's list has another state there, and the list has one order that never arrived.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from gridmgmt.access.rules import Actor
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseSource
from gridmgmt.casework.models import CaseMove
from gridmgmt.clock import LOCAL_ZONE, local_date
from gridmgmt.db import Session
from gridmgmt.exchange import comparisons, outbox, reconciling
from gridmgmt.exchange.models import ExchangeDelivery, ExchangeOrder
from gridmgmt.exchange.rules import HotlineState, ListedOrder
from gridmgmt.feed.rules import MOST_ATTEMPTS, DeliveryProblem

BACK = timedelta(days=2)
MISSING_NO = "DEMO-LOST-1"
"""The order that the hotline has and that never arrived here."""

_BEFORE = HotlineState.HANDLED
"""What the hotline was told last of the order whose closing it did not take."""


def establish_exchange(session: Session, actor: Actor, *, now: datetime) -> int:
    """Take the hotline's cases of the last days for its orders, compare yesterday, and return how many orders."""
    orders = _orders(session, now)
    outbox.queue(session, None, now)
    told = update(ExchangeDelivery).where(ExchangeDelivery.move_id == CaseMove.move_id)
    session.execute(told.values(delivered_at=CaseMove.at, attempts=1))
    yesterday = local_date(now) - timedelta(days=1)
    here = sorted(comparisons.held_orders(session, yesterday, ()), key=lambda order: order.order_no)
    states = {order.order_no: order.state for order in here}
    untold = next((number for number, state in states.items() if state is HotlineState.CLOSED), None)
    if untold is not None:
        _give_up(session, untold, now)
        states[untold] = _BEFORE
    states[MISSING_NO] = HotlineState.RECEIVED
    items = [ListedOrder(number, state) for number, state in states.items()]
    reconciling.reconcile(session, actor, yesterday, items, now)
    return orders


def _orders(session: Session, now: datetime) -> int:
    """Make an order of each case that the hotline has brought since the day before yesterday."""
    day = func.date(func.timezone(LOCAL_ZONE.key, Case.reported_at))
    count = func.row_number().over(partition_by=day, order_by=Case.case_id)
    number = func.concat("DEMO-", func.to_char(day, "YYYYMMDD"), "-", func.to_char(count, "FM00000"))
    found = select(number, Case.case_id, day, literal({}, JSONB), Case.reported_at).where(
        Case.source == CaseSource.HOTLINE_12345, day >= local_date(now) - BACK
    )
    names = ["order_no", "case_id", "day", "digests", "received_at"]
    made = insert(ExchangeOrder).from_select(names, found).returning(ExchangeOrder.order_id)
    return len(session.execute(made).all())


def _give_up(session: Session, order_no: str, now: datetime) -> None:
    """Let the hotline not have taken that an order was closed."""
    order_id = select(ExchangeOrder.order_id).where(ExchangeOrder.order_no == order_no).scalar_subquery()
    last = select(func.max(ExchangeDelivery.delivery_id)).where(ExchangeDelivery.order_id == order_id).scalar_subquery()
    refused = {
        "delivered_at": None,
        "failed_at": now,
        "attempts": MOST_ATTEMPTS,
        "last_status": 500,
        "last_error": DeliveryProblem.REFUSED,
    }
    session.execute(update(ExchangeDelivery).where(ExchangeDelivery.delivery_id == last).values(**refused))
