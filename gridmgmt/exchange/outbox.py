"""What the partner is told: made from the log of cases, sent in order, tried again, given up.

Entries of the log are turned into deliveries under a lock of their orders, which keep how far that was done: each
becomes one delivery, whatever ends a worker. Of one order the next is sent when the one before was taken; one that was
given up holds back those after it, until somebody asks for it again. A worker that dies while it sends is replaced
when its lease is over, so the partner may be told twice, and knows by the event's id.
"""

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import sessionmaker

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.cases.rules import CaseState
from gridmgmt.casework.models import CaseMove
from gridmgmt.clock import Clock
from gridmgmt.db import Session, transaction
from gridmgmt.errors import NotFoundError, UnavailableError
from gridmgmt.exchange import partner, queries
from gridmgmt.exchange.models import ExchangeDelivery, ExchangeOrder, ExchangePartner
from gridmgmt.exchange.rules import EXTENDED, PARTNER, WITH_REASON, HotlineState, told
from gridmgmt.feed.queries import pages
from gridmgmt.feed.rules import DeliveryProblem, parse_position, signature, wait_after
from gridmgmt.feed.sending import Networks, NotTakenError, post

LEASE = timedelta(minutes=2)
"""More than an attempt takes."""

MOST_A_ROUND = 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A delivery that one worker has taken on; ``attempts`` counts this one, and keeps later ones apart."""

    delivery_id: int
    attempts: int
    url: str
    secret: str
    event_id: str
    event: str
    body: str


@dataclass(frozen=True)
class Outbox:
    """Tells the partner what is due.

    Parameters
    ----------
    sessions
        Where orders and the log are.
    folder
        The data folder, whose key the secret is derived from.
    networks
        Where the partner may be beside the public internet.
    clock
        Tells now.
    """

    sessions: sessionmaker[Session]
    folder: Path
    networks: Networks
    clock: Clock

    def round(self) -> int:
        """Queue what is new, send what is due until the partner cannot be reached, and return how much it has taken."""
        with transaction(self.sessions) as session:
            if not queue_news(session, self.clock()):
                return 0
        taken = 0
        for _ in range(MOST_A_ROUND):
            claimed = self._claim()
            if claimed is None:
                break
            problem = self._send(claimed)
            taken += problem is None
            if problem not in (None, DeliveryProblem.REFUSED):
                break
        return taken

    def _claim(self) -> Claimed | None:
        with transaction(self.sessions) as session:
            found, delivery = queries.partner(session), queries.claimable(session, self.clock())
            if found is None or found.url is None or delivery is None:
                return None
            try:
                secret = partner.present_secret(found, self.folder)
            except UnavailableError as error:
                _log.warning("exchange: %s", error.message("en"))
                return None
            delivery.attempts += 1
            delivery.next_attempt_at = self.clock() + LEASE
            return Claimed(
                delivery.delivery_id, delivery.attempts, found.url, secret, delivery.event_id, delivery.event,
                delivery.body,
            )  # fmt: skip

    def _send(self, claimed: Claimed) -> DeliveryProblem | None:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "gridmgmt",
            "X-Gridmgmt-Delivery": claimed.event_id,
            "X-Gridmgmt-Event": claimed.event,
            "X-Gridmgmt-Signature": signature(claimed.secret, claimed.body, self.clock()),
        }
        try:
            post(claimed.url, claimed.body.encode(), headers, self.networks)
        except NotTakenError as error:
            self._note(claimed, _failure(claimed, error, self.clock()))
            return error.problem
        self._note(claimed, {"delivered_at": self.clock(), "last_error": None, "last_status": None})
        return None

    def _note(self, claimed: Claimed, values: Mapping[str, object]) -> None:
        """Write down how an attempt has ended, unless another worker has taken the delivery over in the meantime."""
        with transaction(self.sessions) as session:
            session.execute(update(ExchangeDelivery).where(*_same_attempt(claimed)).values(**values))


def queue_news(session: Session, now: datetime) -> bool:
    """Turn what the log holds since the last look into deliveries, and tell whether there is a partner to be told.

    Orders keep how far they were looked at; the position in the log only tells which of them to look at. Without one,
    or with one of another database, as after a backup was restored, all orders are.
    """
    found = queries.partner(session)
    if found is None or found.url is None:
        return False
    found = queries.known_partner(session, lock=True)
    case_nos = _moved(session, found)
    if case_nos is None or case_nos:
        queue(session, case_nos, now)
    return True


def queue(session: Session, case_nos: Collection[str] | None, now: datetime) -> None:
    """Turn what was not looked at yet in the logs of some cases, or of all, into deliveries."""
    for order, case_no, move in queries.untold_moves(session, case_nos):
        _queue(session, order, case_no, move, now)
    session.flush()


def retry(session: Session, actor: Actor, now: datetime, *, delivery_id: int | None = None) -> int:
    """Try once more what the partner has failed to take for good, one or all, and return how many.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not manage webhooks.
    NotFoundError
        ``delivery_unknown`` when nothing of that number was given up.
    """
    require(actor, Permission.WEBHOOKS_MANAGE)
    failed: list[ColumnElement[bool]] = [
        ExchangeDelivery.failed_at.is_not(None),
        ExchangeDelivery.delivered_at.is_(None),
    ]
    if delivery_id is not None:
        failed.append(ExchangeDelivery.delivery_id == delivery_id)
    anew = {"failed_at": None, "attempts": 0, "next_attempt_at": now}
    again = update(ExchangeDelivery).where(*failed).values(**anew).returning(ExchangeDelivery.delivery_id)
    count = len(session.execute(again).all())
    if delivery_id is not None and not count:
        raise NotFoundError("delivery_unknown", value=delivery_id)
    record(session, actor, "exchange.retry", f"exchange:{PARTNER}", after={"deliveries": count})
    return count


def _moved(session: Session, found: ExchangePartner) -> Collection[str] | None:
    """Return the cases that have moved since the last look, None where all orders are to be looked at."""
    if found.position is None:
        partner.begin_here(session, found)
        return None
    last = parse_position(found.position)
    case_nos: set[str] = set()
    for page in pages(session, last.snapshot):
        if page.position.epoch != last.epoch:
            found.position = str(page.position)
            return None
        case_nos.update(event.case_no for event in page.events)
        if page.is_last and page.events:
            found.position = str(page.position)
    return case_nos


def _queue(session: Session, order: ExchangeOrder, case_no: str, move: CaseMove, now: datetime) -> None:
    event = told(HotlineState(order.queued_state), move.move, CaseState(move.state))
    order.queued_move_id = move.move_id
    if event is None:
        return
    order.queued_count += 1
    if event != EXTENDED:
        order.queued_state = event
    body = _body(order, case_no, move, event)
    session.add(
        ExchangeDelivery(
            order_id=order.order_id, move_id=move.move_id, event_id=body["event_id"], event=event,
            state=order.queued_state, body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
            next_attempt_at=now,
        )
    )  # fmt: skip


def _body(order: ExchangeOrder, case_no: str, move: CaseMove, event: str) -> dict[str, Any]:
    """Return what the partner is told; nothing of whoever called, and no words that are not meant for it."""
    with_reason = event in WITH_REASON
    return {
        "event_id": f"{case_no}-{move.version}",
        "event": event,
        "order_no": order.order_no,
        "case_no": case_no,
        "sequence": order.queued_count,
        "state": order.queued_state,
        "at": move.at.isoformat(),
        "reason": move.reason if with_reason else None,
        "due_at": move.facts.get("due_at"),
        "department_code": move.department_code,
    }


def _failure(claimed: Claimed, error: NotTakenError, now: datetime) -> dict[str, object]:
    wait = wait_after(claimed.attempts)
    values: dict[str, object] = {"last_status": error.status, "last_error": error.problem}
    if wait is None:
        _log.warning("exchange: %s is given up: %s", claimed.event_id, error.problem)
        return {**values, "failed_at": now}
    return {**values, "next_attempt_at": now + wait}


def _same_attempt(claimed: Claimed) -> tuple[ColumnElement[bool], ...]:
    return (ExchangeDelivery.delivery_id == claimed.delivery_id, ExchangeDelivery.attempts == claimed.attempts)
