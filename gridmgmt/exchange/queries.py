"""Reading orders, what the partner has not taken, and the comparisons of days."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    any_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONPATH
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
    ExchangeReconciliation,
)
from gridmgmt.exchange.rules import PARTNER, STATES, DifferenceKind, HeldOrder, HotlineState, ListedOrder

_LOCK = 3_101_141
"""Advisory lock of this database, with a hash of the number of the order that is written."""

_WAITING = ExchangeDelivery.delivered_at.is_(None) & ExchangeDelivery.failed_at.is_(None)
_FAILED = ExchangeDelivery.failed_at.is_not(None)
_OF_KIND = "$[*] ? (@.kind == $kind)"


@dataclass(frozen=True)
class OrderSummary:
    """An order, its case, and how far the partner has been told of it."""

    order_id: int
    order_no: str
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


@dataclass(frozen=True)
class ReconciliationCounts:
    """A comparison in numbers; ``counts`` of its differences by kind."""

    reconciliation_id: int
    day: date
    at: datetime
    listed: int
    held: int
    counts: Mapping[DifferenceKind, int]


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


def order_summary(session: Session, order_no: str) -> OrderSummary:
    """Return one order; raises as :func:`order_row`."""
    row = session.execute(_select_orders().where(ExchangeOrder.order_no == order_no)).one_or_none()
    if row is None:
        raise NotFoundError("hotline_order_unknown", field="order_no", value=order_no)
    return _summary(row)


def order_summaries(
    session: Session,
    *,
    day: date | None = None,
    states: Collection[HotlineState] = (),
    beginning: str | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[OrderSummary]:
    """Return orders, the last received first, at most ``limit``.

    Parameters
    ----------
    beginning
        Of the order's or the case's number.
    after
        Id of the last order of the page before.
    """
    conditions: list[ColumnElement[bool]] = []
    if day is not None:
        conditions.append(ExchangeOrder.day == day)
    if states:
        conditions.append(Case.state.in_([str(inner) for inner, outer in STATES.items() if outer in states]))
    if beginning:
        begins = (column.startswith(beginning, autoescape=True) for column in (ExchangeOrder.order_no, Case.case_no))
        conditions.append(or_(*begins))
    if after is not None:
        conditions.append(ExchangeOrder.order_id < after)
    statement = _select_orders().where(*conditions).order_by(ExchangeOrder.order_id.desc()).limit(limit)
    return [_summary(row) for row in session.execute(statement)]


def held_orders(session: Session, day: date, order_nos: Collection[str]) -> list[HeldOrder]:
    """Return the orders of a day, and those of some numbers whatever their day."""
    statement = (
        select(ExchangeOrder.order_no, Case.case_no, ExchangeOrder.day, Case.state)
        .join(Case, Case.case_id == ExchangeOrder.case_id)
        .where(or_(ExchangeOrder.day == day, ExchangeOrder.order_no == any_(literal(list(order_nos)))))
    )
    return [HeldOrder(no, case, on, STATES[CaseState(state)]) for no, case, on, state in session.execute(statement)]


def totals(session: Session) -> Totals:
    """Return how the exchange stands."""
    orders = session.scalars(select(func.count()).select_from(ExchangeOrder)).one()
    waiting, failed = session.execute(
        select(func.count().filter(_WAITING), func.count().filter(_FAILED)).where(
            ExchangeDelivery.delivered_at.is_(None)
        )
    ).one()
    last = session.scalar(select(func.max(ExchangeDelivery.delivered_at)))
    return Totals(orders, waiting, failed, last)


def undelivered(
    session: Session, *, failed: bool | None = None, after: int | None = None, limit: int | None = None
) -> list[Undelivered]:
    """Return what the partner has not taken, the newest first; only what was given up, or only what still waits."""
    wanted: list[ColumnElement[bool]] = [ExchangeDelivery.delivered_at.is_(None)]
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


def reconciliation_counts(
    session: Session, *, after: int | None = None, limit: int | None = None
) -> list[ReconciliationCounts]:
    """Return comparisons in numbers, the newest first; the database counts, whatever a comparison has found."""
    kept = ExchangeReconciliation
    numbers = (kept.reconciliation_id, kept.day, kept.at, kept.listed, kept.held)
    path = cast(_OF_KIND, JSONPATH)
    of_kind = (func.jsonb_build_object("kind", str(kind)) for kind in DifferenceKind)
    found = (func.jsonb_path_query_array(kept.differences, path, wanted) for wanted in of_kind)
    counts = (
        func.jsonb_array_length(each, type_=Integer).label(kind)
        for kind, each in zip(DifferenceKind, found, strict=True)
    )
    statement = select(*numbers, *counts).order_by(kept.reconciliation_id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(kept.reconciliation_id < after)
    return [
        ReconciliationCounts(
            **{column.key: each[column.key] for column in numbers},
            counts={kind: each[kind] for kind in DifferenceKind},
        )
        for each in session.execute(statement).mappings()
    ]


def last_of_day(session: Session, day: date) -> ExchangeReconciliation | None:
    """Return the last comparison of a day."""
    newest = ExchangeReconciliation.reconciliation_id.desc()
    return session.scalar(
        select(ExchangeReconciliation).where(ExchangeReconciliation.day == day).order_by(newest).limit(1)
    )


def days_uncompared(session: Session, first: date, last: date) -> list[date]:
    """Return the days of a period that have orders and no comparison, the first first."""
    compared = exists().where(ExchangeReconciliation.day == ExchangeOrder.day)
    statement = select(ExchangeOrder.day).where(ExchangeOrder.day.between(first, last), ~compared).distinct()
    return sorted(session.scalars(statement))


def taken_orders(session: Session, day: date) -> list[ListedOrder]:
    """Return the orders of a day with the state that the partner has last taken."""
    rows = session.execute(_select_orders().where(ExchangeOrder.day == day).order_by(ExchangeOrder.order_no))
    return [ListedOrder(each.order_no, each.told_state) for each in map(_summary, rows)]


def reconciliation_by_id(session: Session, reconciliation_id: int) -> ExchangeReconciliation:
    """Return one comparison.

    Raises
    ------
    NotFoundError
        ``reconciliation_unknown``.
    """
    found = session.get(ExchangeReconciliation, reconciliation_id)
    if found is None:
        raise NotFoundError("reconciliation_unknown", field="reconciliation_id", value=reconciliation_id)
    return found


def counts_by_kind(reconciliation: ExchangeReconciliation) -> dict[DifferenceKind, int]:
    """Return how many differences of each kind a comparison has found."""
    kinds = [each["kind"] for each in reconciliation.differences]
    return {kind: kinds.count(kind) for kind in DifferenceKind}


def _select_orders() -> Select[tuple[Any, ...]]:
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
    columns = ("order_id", "order_no", "day", "sequence", "received_at")
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


def _summary(row: Row[tuple[Any, ...]]) -> OrderSummary:
    values = dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name for a row as a mapping
    case_state = CaseState(values.pop("case_state"))
    told = HotlineState(values.pop("told_state") or HotlineState.RECEIVED)
    return OrderSummary(**values, state=STATES[case_state], case_state=case_state, told_state=told)
