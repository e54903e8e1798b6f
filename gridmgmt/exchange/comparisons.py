"""Reading the comparisons of days, and the orders of a day as they are compared."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Integer, any_, cast, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONPATH

from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseState
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.exchange.models import ExchangeOrder, ExchangeReconciliation
from gridmgmt.exchange.queries import held_by, order_states, summary
from gridmgmt.exchange.rules import STATES, DifferenceKind, HeldOrder, ListedOrder

_OF_KIND = "$[*] ? (@.kind == $kind)"


@dataclass(frozen=True)
class ReconciliationCounts:
    """A comparison in numbers; ``counts`` of its differences by kind."""

    reconciliation_id: int
    day: date
    at: datetime
    listed: int
    held: int
    counts: Mapping[DifferenceKind, int]


def held_orders(session: Session, day: date, order_nos: Collection[str], *, of: str | None = None) -> list[HeldOrder]:
    """Return the orders of a day, and those of some numbers whatever their day; of one account alone if asked for."""
    statement = (
        select(ExchangeOrder.order_no, Case.case_no, ExchangeOrder.day, Case.state)
        .join(Case, Case.case_id == ExchangeOrder.case_id)
        .where(or_(ExchangeOrder.day == day, ExchangeOrder.order_no == any_(literal(list(order_nos)))), *held_by(of))
    )
    return [HeldOrder(no, case, on, STATES[CaseState(state)]) for no, case, on, state in session.execute(statement)]


def reconciliation_counts(
    session: Session, *, of: str | None = None, after: int | None = None, limit: int | None = None
) -> list[ReconciliationCounts]:
    """Return comparisons in numbers, the newest first; the database counts, whatever a comparison has found.

    Parameters
    ----------
    of
        Account the comparisons of whose orders alone are wanted.
    """
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
    if of is not None:
        statement = statement.where(kept.holder == of)
    if after is not None:
        statement = statement.where(kept.reconciliation_id < after)
    return [
        ReconciliationCounts(
            **{column.key: each[column.key] for column in numbers},
            counts={kind: each[kind] for kind in DifferenceKind},
        )
        for each in session.execute(statement).mappings()
    ]


def last_of_day(session: Session, day: date, *, of: str | None = None) -> ExchangeReconciliation | None:
    """Return the last comparison of a day: of an account's orders, or of all."""
    kept = ExchangeReconciliation
    same = (kept.day == day, kept.holder.is_not_distinct_from(of))
    return session.scalar(select(kept).where(*same).order_by(kept.reconciliation_id.desc()).limit(1))


def days_uncompared(session: Session, first: date, last: date) -> list[tuple[date, str | None]]:
    """Return the days of a period with the holders whose orders no comparison was of, the first first."""
    kept = ExchangeReconciliation
    same = or_(kept.holder.is_(None), kept.holder == ExchangeOrder.holder)
    wanted = (ExchangeOrder.day.between(first, last), ~exists().where(kept.day == ExchangeOrder.day, same))
    found = session.execute(select(ExchangeOrder.day, ExchangeOrder.holder).where(*wanted).distinct())
    return sorted(((day, holder) for day, holder in found), key=lambda each: (each[0], each[1] or ""))


def taken_orders(session: Session, day: date, *, of: str | None = None) -> list[ListedOrder]:
    """Return the orders of a day, of an account or all, with the state that the partner has last taken."""
    wanted = (ExchangeOrder.day == day, *held_by(of))
    rows = session.execute(order_states().where(*wanted).order_by(ExchangeOrder.order_no))
    return [ListedOrder(each.order_no, each.told_state) for each in map(summary, rows)]


def reconciliation_by_id(session: Session, reconciliation_id: int, *, of: str | None = None) -> ExchangeReconciliation:
    """Return one comparison; where an account is named, only if its orders alone were compared.

    Raises
    ------
    NotFoundError
        ``reconciliation_unknown``.
    """
    found = session.get(ExchangeReconciliation, reconciliation_id)
    if found is None or (of is not None and found.holder != of):
        raise NotFoundError("reconciliation_unknown", field="reconciliation_id", value=reconciliation_id)
    return found


def counts_by_kind(reconciliation: ExchangeReconciliation) -> dict[DifferenceKind, int]:
    """Return how many differences of each kind a comparison has found."""
    kinds = [each["kind"] for each in reconciliation.differences]
    return {kind: kinds.count(kind) for kind in DifferenceKind}
