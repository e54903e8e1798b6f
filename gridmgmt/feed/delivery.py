"""Deliveries to webhooks: made from the log, sent one by one, tried again, given up.

The log is turned into deliveries in the transaction that moves the webhook's position, so each event becomes one
delivery whatever ends a worker. A delivery is claimed for :data:`LEASE` and sent outside of any transaction: one whose
worker dies is sent again, so a receiver may be told twice, and knows by the delivery's number.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import sessionmaker

from gridmgmt.access.credentials import is_secret_of
from gridmgmt.clock import Clock
from gridmgmt.db import Session, transaction
from gridmgmt.feed.models import Webhook, WebhookDelivery
from gridmgmt.feed.queries import news, pages
from gridmgmt.feed.rules import (
    MOST_FAILED_IN_A_ROW,
    CaseEvent,
    EventFilter,
    EventKind,
    PauseReason,
    Position,
    parse_position,
    signature,
    wait_after,
)
from gridmgmt.feed.sending import Networks, NotTakenError, post
from gridmgmt.feed.signing import folder_key, secret_of

LEASE = timedelta(minutes=2)
"""More than an attempt takes."""

MOST_A_ROUND = 200
"""Deliveries to one webhook before others have their turn."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A delivery that one worker has taken on; ``attempts`` counts this one, and keeps later ones apart."""

    delivery_id: int
    webhook_id: int
    attempts: int
    url: str
    salt: str
    secret_sha256: str
    event: str
    body: str


@dataclass(frozen=True)
class Courier:
    """Sends what is due.

    Parameters
    ----------
    sessions
        Where webhooks and the log are.
    folder
        The data folder, whose key secrets are derived from.
    networks
        Where webhooks may be beside the public internet.
    clock
        Tells now.
    """

    sessions: sessionmaker[Session]
    folder: Path
    networks: Networks
    clock: Clock

    def due(self) -> Sequence[int]:
        """Turn the log into deliveries, and return the webhooks that have some to be sent now."""
        with transaction(self.sessions) as session:
            make_deliveries(session, self.clock())
        with transaction(self.sessions) as session:
            return _webhooks_due(session, self.clock())

    def deliver(self, webhook_id: int) -> int:
        """Send what is due to one webhook until it does not take it, and return how much it has taken."""
        for taken in range(MOST_A_ROUND):
            with transaction(self.sessions) as session:
                claimed = _claim(session, webhook_id, self.clock())
            if claimed is None or not self._send(claimed):
                return taken
        return MOST_A_ROUND

    def _send(self, claimed: Claimed) -> bool:
        secret = secret_of(folder_key(self.folder), claimed.salt)
        if not is_secret_of(claimed.secret_sha256, secret):
            with transaction(self.sessions) as session:
                _pause(session, claimed.webhook_id, PauseReason.KEY_CHANGED, self.clock())
            return False
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "gridmgmt",
            "X-Gridmgmt-Delivery": str(claimed.delivery_id),
            "X-Gridmgmt-Event": claimed.event,
            "X-Gridmgmt-Signature": signature(secret, claimed.body, self.clock()),
        }
        try:
            post(claimed.url, claimed.body.encode(), headers, self.networks)
        except NotTakenError as error:
            with transaction(self.sessions) as session:
                _note_failure(session, claimed, error, self.clock())
            return False
        with transaction(self.sessions) as session:
            _note_success(session, claimed, self.clock())
        return True


def make_deliveries(session: Session, now: datetime) -> None:
    """Turn what the log holds since each webhook's position into deliveries; paused ones are left where they are.

    A webhook whose position is of another database, as after a backup was restored, goes on from now.
    """
    active = select(Webhook).where(Webhook.paused_at.is_(None)).order_by(Webhook.webhook_id)
    for webhook in session.scalars(active.with_for_update(skip_locked=True)).all():
        _make_deliveries(session, webhook, now)
    session.flush()


def _make_deliveries(session: Session, webhook: Webhook, now: datetime) -> None:
    last = parse_position(webhook.position)
    wanted = filter_of(webhook)
    for found in pages(session, last.snapshot):
        if found.position.epoch != last.epoch:
            webhook.position = str(found.position)
            return
        if not found.events:
            return
        _insert(session, webhook.webhook_id, [event for event in found.events if wanted.wants(event)], now)
        if found.is_last:
            webhook.position = str(found.position)


def _insert(session: Session, webhook_id: int, events: Sequence[CaseEvent], now: datetime) -> None:
    rows = [
        {
            "webhook_id": webhook_id,
            "move_id": event.move_id,
            "event": event.kind,
            "case_no": event.case_no,
            "body": event.body,
            "next_attempt_at": now,
        }
        for event in events
    ]
    if rows:
        session.execute(insert(WebhookDelivery).on_conflict_do_nothing(), rows)


def filter_of(webhook: Webhook) -> EventFilter:
    """Return which events a webhook wants."""
    return EventFilter(webhook.area_code, webhook.department_code, frozenset(map(EventKind, webhook.kinds)))


def present_position(session: Session) -> Position:
    """Return the position of a reader that has had all there is."""
    return news(session, None).position


def _webhooks_due(session: Session, now: datetime) -> Sequence[int]:
    waiting = exists().where(
        WebhookDelivery.webhook_id == Webhook.webhook_id,
        WebhookDelivery.failed_at.is_(None),
        WebhookDelivery.next_attempt_at <= now,
    )
    return session.scalars(select(Webhook.webhook_id).where(Webhook.paused_at.is_(None), waiting)).all()


def _claim(session: Session, webhook_id: int, now: datetime) -> Claimed | None:
    """Take on the delivery of a webhook that has been due for longest; None when none is."""
    webhook = session.get(Webhook, webhook_id)
    if webhook is None or webhook.paused_at is not None:
        return None
    delivery = session.scalar(
        select(WebhookDelivery)
        .where(
            WebhookDelivery.webhook_id == webhook_id,
            WebhookDelivery.failed_at.is_(None),
            WebhookDelivery.next_attempt_at <= now,
        )
        .order_by(WebhookDelivery.next_attempt_at, WebhookDelivery.delivery_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if delivery is None:
        return None
    delivery.attempts += 1
    delivery.next_attempt_at = now + LEASE
    return Claimed(
        delivery.delivery_id, webhook_id, delivery.attempts, webhook.url, webhook.salt, webhook.secret_sha256,
        delivery.event, delivery.body,
    )  # fmt: skip


def _note_success(session: Session, claimed: Claimed, now: datetime) -> None:
    """Remove a delivery that was taken; one that another worker has taken over in the meantime stays its own."""
    gone = session.execute(
        delete(WebhookDelivery).where(*_same_attempt(claimed)).returning(WebhookDelivery.delivery_id)
    )
    if gone.first() is not None:
        session.execute(
            update(Webhook)
            .where(Webhook.webhook_id == claimed.webhook_id)
            .values(failed_in_a_row=0, delivered_count=Webhook.delivered_count + 1, last_delivered_at=now)
        )


def _note_failure(session: Session, claimed: Claimed, error: NotTakenError, now: datetime) -> None:
    wait = wait_after(claimed.attempts)
    values = {"next_attempt_at": now + wait} if wait is not None else {"failed_at": now}
    noted = session.execute(
        update(WebhookDelivery)
        .where(*_same_attempt(claimed))
        .values(last_status=error.status, last_error=error.problem, **values)
        .returning(WebhookDelivery.delivery_id)
    )
    if noted.first() is None or wait is not None:
        return
    _log.warning("webhook %d: delivery %d is given up: %s", claimed.webhook_id, claimed.delivery_id, error.problem)
    failed = session.scalar(
        update(Webhook)
        .where(Webhook.webhook_id == claimed.webhook_id)
        .values(failed_in_a_row=Webhook.failed_in_a_row + 1)
        .returning(Webhook.failed_in_a_row)
    )
    if failed is not None and failed >= MOST_FAILED_IN_A_ROW:
        _pause(session, claimed.webhook_id, PauseReason.FAILING, now)


def _pause(session: Session, webhook_id: int, why: PauseReason, now: datetime) -> None:
    _log.warning("webhook %d is paused: %s", webhook_id, why)
    session.execute(
        update(Webhook)
        .where(Webhook.webhook_id == webhook_id, Webhook.paused_at.is_(None))
        .values(paused_at=now, paused_because=why)
    )


def _same_attempt(claimed: Claimed) -> tuple[ColumnElement[bool], ...]:
    return (WebhookDelivery.delivery_id == claimed.delivery_id, WebhookDelivery.attempts == claimed.attempts)
