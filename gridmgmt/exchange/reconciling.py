"""The daily comparison: the partner's list of a day beside the orders here."""

import csv
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.errors import FileRefusedError, InputError, Problem
from gridmgmt.exchange import comparisons, queries
from gridmgmt.exchange.models import ExchangeReconciliation
from gridmgmt.exchange.rules import HotlineState, ListedOrder, differences, sees_only
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import Language, text

MOST_DAYS = 7
"""Of more days that were missed the last ones are compared by themselves."""
_COLUMNS = ("order_no", "state")
_DAYS = "days"
"""Whoever compares days by itself waits for another who does."""


def reconcile(
    session: Session,
    actor: Actor,
    day: date,
    items: Collection[ListedOrder],
    now: datetime,
    *,
    of: str | None = None,
) -> ExchangeReconciliation:
    """Compare the partner's list of a day with the orders here and keep what differs; the same again is kept once.

    Parameters
    ----------
    of
        Account whose orders alone are compared; a partner's are always its own alone.

    Raises
    ------
    InputError
        ``reconciliation_ahead`` for a day that has not begun, ``reconciliation_order_twice``.
    ForbiddenError, UnauthenticatedError
        When the actor may not use the exchange.
    """
    if not actor.holds(Permission.EXCHANGE_USE):
        require(actor, Permission.EXCHANGE_USE)
    of = sees_only(actor) or (of if actor.may(Permission.EXCHANGE_USE) else actor.name)
    if day > (today := local_date(now)):
        raise InputError("reconciliation_ahead", field="day", value=day, today=today)
    here = comparisons.held_orders(session, day, [item.order_no for item in items], of=of)
    found = [asdict(each) for each in differences(day, items, here)]
    held = sum(order.day == day for order in here)
    last = comparisons.last_of_day(session, day, of=of)
    if last is not None and (last.listed, last.held, list(last.differences)) == (len(items), held, found):
        return last
    row = ExchangeReconciliation(day=day, at=now, actor=actor.name, holder=of, listed=len(items), held=held)
    row.differences = found
    session.add(row)
    session.flush()
    told = {"listed": row.listed, "held": held, "differences": len(found)}
    record(session, actor, "exchange.reconcile", f"day:{day}", after=told)
    return row


def reconcile_due(session: Session, actor: Actor, now: datetime) -> list[date]:
    """Compare the last days whose list never came with what the partner has taken, and return those days.

    Each account's orders by themselves, as its list has them. So no day goes without a comparison; a list that comes
    later is compared as ever.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        As :func:`reconcile`.
    """
    partner = queries.partner(session)
    if partner is None or partner.url is None:
        return []
    queries.one_at_a_time(session, _DAYS)
    until = local_date(now) - timedelta(days=1)
    found = comparisons.days_uncompared(session, until - timedelta(days=MOST_DAYS - 1), until)
    for day, of in found:
        reconcile(session, actor, day, comparisons.taken_orders(session, day, of=of), now, of=of)
    return sorted({day for day, _ in found})


def differences_csv(row: ExchangeReconciliation, lang: Language) -> bytes:
    """Return the differences of a comparison as CSV in UTF-8, in words of one language."""
    stream = StringIO()
    writer = csv.writer(stream)
    writer.writerow([text(f"exchange.column.{name}", lang) for name in ("order", "kind", "there", "here", "case")])
    for each in row.differences:
        states = (each["state_there"], each["state_here"])
        there, here = (text(f"hotline_state.{state}", lang) if state else "" for state in states)
        kind = text(f"difference_kind.{each['kind']}", lang)
        writer.writerow([harmless(each["order_no"]), kind, there, here, each["case_no"] or ""])
    return stream.getvalue().encode("utf-8-sig")


def read_list(path: Path) -> Sequence[ListedOrder]:
    """Return a partner's list from a CSV file with the columns ``order_no`` and ``state``.

    Raises
    ------
    FileRefusedError
        ``reconciliation_file``, with the rows that hold no number or no state that the partner is told.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileRefusedError("reconciliation_file", file=path.name, columns=", ".join(_COLUMNS)) from error
    wrong = [
        Problem(number, "reconciliation_row", {"value": str(row.get("state"))[:80], "known": ", ".join(HotlineState)})
        for number, row in enumerate(rows, start=2)
        if not row.get("order_no") or row.get("state") not in set(HotlineState)
    ]
    if wrong:
        raise FileRefusedError("reconciliation_file", problems=wrong, file=path.name, columns=", ".join(_COLUMNS))
    return [ListedOrder(row["order_no"], HotlineState(row["state"])) for row in rows]
