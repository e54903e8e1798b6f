"""Reading orders, what the partner has not taken, and the comparisons of days."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    any_,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseState
from gridmgmt.casework.models import CaseMove
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.exchange.models import (
    ExchangeDelivery,
    ExchangeFeedback,
    ExchangeOrder,
    ExchangePartner,
)
from gridmgmt.exchange.rules import PARTNER, STATES, HotlineState

_LOCK = 3_101_141
"""Advisory lock of this database, with a hash of the number of the order that is written."""

_WAITING = ExchangeDelivery.delivered_at.is_(None) & ExchangeDelivery.failed_at.is_(None)
_FAILED = ExchangeDelivery.failed_at.is_not(None)


@dataclass(frozen=True)
class OrderSummary:
    """An order, its case, and how far the partner has been told of it."""

    order_id: int
    order_no: str
    holder: str | None
    case_no: str
    type: str
    day: date
    state: HotlineState
    case_state: CaseState
    sequence: int
    received_at: datetime
    told_state: HotlineState
    """What the partner has last taken; that it was received, before anything."""
    told_at: datetime | None
    waiting: int
    failed: int


@dataclass(frozen=True)
class Undelivered:
    """Something that the partner has not taken, with its order."""

    delivery_id: int
    order_no: str
    case_no: str
    event_id: str
    event: str
    attempts: int
    next_attempt_at: datetime
    last_status: int | None
    last_error: str | None
    created_at: datetime
    failed_at: datetime | None


@dataclass(frozen=True)
class Totals:
    """How the exchange stands."""

    orders: int
    waiting: int
    failed: int
    last_delivered_at: datetime | None


def partner(session: Session, *, lock: bool = False) -> ExchangePartner | None:
    """Return the partner, None where it is not set up, locked against others if asked for."""
    return session.get(ExchangePartner, PARTNER, populate_existing=lock, with_for_update=lock or None)


def known_partner(session: Session, *, lock: bool = False) -> ExchangePartner:
    """Return the partner, locked against others if asked for.

    Raises
    ------
    NotFoundError
        ``exchange_not_set_up``.
    """
    found = partner(session, lock=lock)
    if found is None:
        raise NotFoundError("exchange_not_set_up", value=PARTNER)
    return found


def one_at_a_time(session: Session, order_no: str) -> None:
    """Let whoever else writes the same order wait for the end of this transaction."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK, func.hashtext(order_no))))


def order_or_none(session: Session, order_no: str) -> ExchangeOrder | None:
    """Return the order of a number."""
    return session.scalar(select(ExchangeOrder).where(ExchangeOrder.order_no == order_no))


def order_row(session: Session, order_no: str) -> ExchangeOrder:
    """Return the order of a number.

    Raises
    ------
    NotFoundError
        ``hotline_order_unknown``.
    """
    found = order_or_none(session, order_no)
    if found is None:
        raise NotFoundError("hotline_order_unknown", field="order_no", value=order_no)
    return found


def case_no_of(session: Session, case_id: int) -> str:
    """Return the number of an order's case."""
    return session.scalars(select(Case.case_no).where(Case.case_id == case_id)).one()


def correct_case(session: Session, case_id: int, texts: Mapping[str, str], now: datetime) -> None:
    """Put other words in the place of a case's description or address."""
    session.execute(update(Case).where(Case.case_id == case_id).values(**texts, updated_at=now))


def feedback_or_none(session: Session, order_id: int, feedback_no: str) -> ExchangeFeedback | None:
    """Return what was said of an order under a number."""
    return session.scalar(
        select(ExchangeFeedback).where(
            ExchangeFeedback.order_id == order_id, ExchangeFeedback.feedback_no == feedback_no
        )
    )


def order_summary(session: Session, order_no: str, *, of: str | None = None) -> OrderSummary:
    """Return one order, of one account's alone if asked for; raises as :func:`order_row`."""
    statement = order_states().where(ExchangeOrder.order_no == order_no, *held_by(of))
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFoundError("hotline_order_unknown", field="order_no", value=order_no)
    return summary(row)


def held_by(account: str | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that an order is an account's; None is no condition."""
    return () if account is None else (ExchangeOrder.holder == account,)


def hand_over(session: Session, account: str, *, order_no: str | None = None, of: str | None = None) -> int:
    """Make an account the holder of one order, or of all that another holds, and return how many these are."""
    which = (
        ExchangeOrder.order_no == order_no if order_no is not None else ExchangeOrder.holder.is_not_distinct_from(of)
    )
    moved = update(ExchangeOrder).where(which).values(holder=account).returning(ExchangeOrder.order_id)
    return len(session.execute(moved).all())


def order_summaries(
    session: Session,
    *,
    of: str | None = None,
    day: date | None = None,
    states: Collection[HotlineState] = (),
    beginning: str | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[OrderSummary]:
    """Return orders, the last received first, at most ``limit``.

    Parameters
    ----------
    of
        Account whose orders alone are wanted.
    beginning
        Of the order's or the case's number.
    after
        Id of the last order of the page before.
    """
    conditions = list(held_by(of))
    if day is not None:
        conditions.append(ExchangeOrder.day == day)
    if states:
        conditions.append(Case.state.in_([str(inner) for inner, outer in STATES.items() if outer in states]))
    if beginning:
        begins = (column.startswith(beginning, autoescape=True) for column in (ExchangeOrder.order_no, Case.case_no))
        conditions.append(or_(*begins))
    if after is not None:
        conditions.append(ExchangeOrder.order_id < after)
    statement = order_states().where(*conditions).order_by(ExchangeOrder.order_id.desc()).limit(limit)
    return [summary(row) for row in session.execute(statement)]


def totals(session: Session, *, of: str | None = None) -> Totals:
    """Return how the exchange stands, or how it does with the orders of one account."""
    mine = select(ExchangeOrder.order_id).where(*held_by(of))
    told = () if of is None else (ExchangeDelivery.order_id.in_(mine),)
    orders = session.scalars(select(func.count()).select_from(mine.subquery())).one()
    waiting, failed = session.execute(
        select(func.count().filter(_WAITING), func.count().filter(_FAILED)).where(
            ExchangeDelivery.delivered_at.is_(None), *told
        )
    ).one()
    last = session.scalar(select(func.max(ExchangeDelivery.delivered_at)).where(*told))
    return Totals(orders, waiting, failed, last)


def undelivered(
    session: Session, *, of: str | None = None, failed: bool | None = None, after: int | None = None,
    limit: int | None = None,
) -> list[Undelivered]:  # fmt: skip
    """Return what the partner has not taken, the newest first; only what was given up, or only what still waits."""
    wanted: list[ColumnElement[bool]] = [ExchangeDelivery.delivered_at.is_(None), *held_by(of)]
    if failed is not None:
        wanted.append(_FAILED if failed else _WAITING)
    if after is not None:
        wanted.append(ExchangeDelivery.delivery_id < after)
    names = (
        "delivery_id", "event_id", "event", "attempts", "next_attempt_at", "last_status", "last_error", "created_at",
        "failed_at",
    )  # fmt: skip
    statement = (
        select(*(getattr(ExchangeDelivery, name) for name in names), ExchangeOrder.order_no, Case.case_no)
        .join(ExchangeOrder, ExchangeOrder.order_id == ExchangeDelivery.order_id)
        .join(Case, Case.case_id == ExchangeOrder.case_id)
        .where(*wanted)
        .order_by(ExchangeDelivery.delivery_id.desc())
        .limit(limit)
    )
    return [Undelivered(**row) for row in session.execute(statement).mappings()]


def untold_moves(session: Session, case_nos: Collection[str] | None) -> list[tuple[ExchangeOrder, str, CaseMove]]:
    """Return the entries of logs that were not looked at for the partner yet, in their order, of some cases or of all.

    The orders are locked. A case's entries are written under a lock of its row, so theirs are in order too.
    """
    statement = (
        select(ExchangeOrder, Case.case_no, CaseMove)
        .join(Case, Case.case_id == ExchangeOrder.case_id)
        .join(CaseMove, and_(CaseMove.case_id == Case.case_id, CaseMove.move_id > ExchangeOrder.queued_move_id))
        .order_by(CaseMove.move_id)
        .with_for_update(of=ExchangeOrder)
    )
    if case_nos is not None:
        statement = statement.where(Case.case_no == any_(literal(list(case_nos))))
    return [(order, case_no, move) for order, case_no, move in session.execute(statement)]


def claimable(session: Session, now: datetime) -> ExchangeDelivery | None:
    """Return, locked, what has been due for longest and is the first of its order that was not taken."""
    earlier = aliased(ExchangeDelivery)
    before = exists().where(
        earlier.order_id == ExchangeDelivery.order_id,
        earlier.delivery_id < ExchangeDelivery.delivery_id,
        earlier.delivered_at.is_(None),
    )
    return session.scalar(
        select(ExchangeDelivery)
        .where(_WAITING, ExchangeDelivery.next_attempt_at <= now, ~before)
        .order_by(ExchangeDelivery.next_attempt_at, ExchangeDelivery.delivery_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def order_states() -> Select[tuple[Any, ...]]:
    """Return the statement that selects orders with their cases and what the partner knows, for :func:`summary`."""
    of_order = ExchangeDelivery.order_id == ExchangeOrder.order_id
    waiting = select(func.count()).where(of_order, _WAITING).correlate(ExchangeOrder).scalar_subquery()
    failed = select(func.count()).where(of_order, _FAILED).correlate(ExchangeOrder).scalar_subquery()
    last = (
        select(ExchangeDelivery.state, ExchangeDelivery.delivered_at)
        .where(of_order, ExchangeDelivery.delivered_at.is_not(None))
        .order_by(ExchangeDelivery.delivery_id.desc())
        .limit(1)
        .correlate(ExchangeOrder)
        .lateral("last")
    )
    columns = ("order_id", "order_no", "holder", "day", "sequence", "received_at")
    return (
        select(
            *(getattr(ExchangeOrder, name) for name in columns),
            Case.case_no,
            Case.type,
            Case.state.label("case_state"),
            last.c.state.label("told_state"),
            last.c.delivered_at.label("told_at"),
            waiting.label("waiting"),
            failed.label("failed"),
        )
        .join(Case, Case.case_id == ExchangeOrder.case_id)
        .outerjoin(last, literal(value=True))
    )


def summary(row: Row[tuple[Any, ...]]) -> OrderSummary:
    """Return a row of :func:`order_states`."""
    values = dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name for a row as a mapping
    case_state = CaseState(values.pop("case_state"))
    told = HotlineState(values.pop("told_state") or HotlineState.RECEIVED)
    return OrderSummary(**values, state=STATES[case_state], case_state=case_state, told_state=told)
