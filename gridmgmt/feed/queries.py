"""Reading the feed from the log of cases, and the webhooks with what they have not taken."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

from sqlalchemy import func, select

from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.feed.models import Webhook, WebhookDelivery
from gridmgmt.feed.rules import CaseEvent, News, Position, Snapshot, event_kind, parse_snapshot

PAGE = 1_000
"""Events that one look at the log brings at most."""

EVENTS = (resources.files(__package__) / "events.sql").read_text(encoding="utf-8")

BEGIN_EPOCH = """
INSERT INTO feed_epochs (identity, epoch, last_foreign_move_id)
SELECT CAST(%(identity)s AS text), substr(md5(CAST(%(identity)s AS text)), 1, 12), coalesce(max(move_id), 0)
FROM case_moves WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())
ON CONFLICT (identity) DO NOTHING
RETURNING epoch
"""
"""Entries with numbers of transactions that have not begun here were made by another server."""

_TOLD = ("case_no", "version", "move", "state", "urgency", "at", "kind", "type", "due_at", "department_code")
_PLACE = ("town_code", "cell_code", "lon", "lat")
_COLUMNS = (
    "epoch", "identity", "snapshot", "move_id", "transaction_id", "move", "case_no", "version", "state", "urgency",
    "at", "kind", "type", "due_at", "department_code", "town_code", "cell_code", "lon", "lat", "areas", "departments",
)  # fmt: skip

Row = Sequence[Any]  # Any: as the driver gives it


def question(since: Snapshot | None, *, until: Snapshot | None = None, after: int = 0) -> Mapping[str, object]:
    """Return the parameters of :data:`EVENTS`: what was committed since a snapshot; since now where it is None.

    Parameters
    ----------
    until
        Up to this snapshot instead of now, as all pages but the first ask.
    after
        Only entries after this one: the last of the page before.
    """
    told = None if since is None else str(since)
    return {"since": told, "until": None if until is None else str(until), "after": after, "most": PAGE}


def unknown_identity(rows: Sequence[Row]) -> str | None:
    """Return the identity of the database when an answer tells that no epoch has begun in it."""
    first = dict(zip(_COLUMNS, rows[0], strict=True))
    return first["identity"] if first["epoch"] is None else None


def news_of(rows: Sequence[Row]) -> News:
    """Return what the rows of :data:`EVENTS` tell."""
    named = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    snapshot = parse_snapshot(named[0]["snapshot"])
    if snapshot is None:
        raise ValueError(f"not a snapshot: {named[0]['snapshot']}")
    events = tuple(_event(row) for row in named if row["move_id"] is not None)
    return News(Position(named[0]["epoch"], snapshot), events, is_last=len(events) < PAGE)


def news(session: Session, since: Snapshot | None, *, until: Snapshot | None = None, after: int = 0) -> News:
    """Return what was committed since a snapshot, as :func:`question`; begins an epoch where there is none yet."""
    connection, asked = session.connection(), dict(question(since, until=until, after=after))
    rows = connection.exec_driver_sql(EVENTS, asked).all()
    if (identity := unknown_identity(rows)) is not None:
        connection.exec_driver_sql(BEGIN_EPOCH, {"identity": identity})
        rows = connection.exec_driver_sql(EVENTS, asked).all()
    return news_of(rows)


def pages(session: Session, since: Snapshot | None) -> Iterator[News]:
    """Yield what was committed since a snapshot, page by page."""
    found = news(session, since)
    yield found
    while not found.is_last:
        found = news(session, since, until=found.position.snapshot, after=found.events[-1].move_id)
        yield found


def _event(row: Mapping[str, Any]) -> CaseEvent:
    kind = event_kind(row["move"])
    told = {"event": kind, **{name: row[name] for name in (*_TOLD, *_PLACE)}}
    return CaseEvent(
        row["move_id"],
        row["transaction_id"],
        kind,
        row["case_no"],
        frozenset(filter(None, row["areas"])),
        frozenset(filter(None, row["departments"])),
        json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=datetime.isoformat),
    )


def webhooks(session: Session) -> Sequence[Webhook]:
    """Return all webhooks by name."""
    return session.scalars(select(Webhook).order_by(Webhook.name)).all()


def webhook_by_id(session: Session, webhook_id: int) -> Webhook:
    """Return one webhook.

    Raises
    ------
    NotFoundError
        When there is none of that id.
    """
    found = session.get(Webhook, webhook_id)
    if found is None:
        raise NotFoundError("webhook_unknown", value=webhook_id)
    return found


def webhook_by_name(session: Session, name: str) -> Webhook:
    """Return the webhook of a name.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = session.scalar(select(Webhook).where(Webhook.name == name))
    if found is None:
        raise NotFoundError("webhook_unknown", value=name)
    return found


@dataclass(frozen=True)
class Undelivered:
    """What a webhook has not taken: how much waits, how much was given up, and why it did not take what waits."""

    waiting: int = 0
    failed: int = 0
    problem: str | None = None


def undelivered(session: Session) -> Mapping[int, Undelivered]:
    """Return what the webhooks have not taken, by their ids; those that have taken all are left out."""
    waits = WebhookDelivery.failed_at.is_(None)
    statement = select(
        WebhookDelivery.webhook_id,
        func.count().filter(waits),
        func.count().filter(~waits),
        func.max(WebhookDelivery.last_error).filter(waits),
    ).group_by(WebhookDelivery.webhook_id)
    return {number: Undelivered(waiting, failed, why) for number, waiting, failed, why in session.execute(statement)}


def failures(
    session: Session, webhook_id: int, *, after: int | None = None, limit: int | None = None
) -> Sequence[WebhookDelivery]:
    """Return what a webhook has failed to take for good, the newest first, before the delivery ``after``."""
    statement = (
        select(WebhookDelivery)
        .where(WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.failed_at.is_not(None))
        .order_by(WebhookDelivery.delivery_id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(WebhookDelivery.delivery_id < after)
    return session.scalars(statement).all()


def failure_by_id(session: Session, webhook_id: int, delivery_id: int) -> WebhookDelivery:
    """Return one delivery that was given up.

    Raises
    ------
    NotFoundError
        When the webhook has none of that id that was given up.
    """
    found = session.get(WebhookDelivery, delivery_id)
    if found is None or found.webhook_id != webhook_id or found.failed_at is None:
        raise NotFoundError("delivery_unknown", value=delivery_id)
    return found
