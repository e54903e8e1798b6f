"""Webhooks: who is told of cases, with which secret, what it has not taken."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from gridmgmt.access.credentials import digest
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.queries import area_summary, last_of_code
from gridmgmt.catalogue.service import catalogue_on
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, InputError, NotFoundError
from gridmgmt.feed import queries
from gridmgmt.feed.delivery import present_position
from gridmgmt.feed.models import Webhook, WebhookDelivery
from gridmgmt.feed.rules import EventFilter, EventKind, PauseReason
from gridmgmt.feed.sending import parse_target
from gridmgmt.feed.signing import new_salt, secret_of

MOST_WEBHOOKS = 50
LONGEST_NAME = 64


@dataclass(frozen=True)
class WebhookAsk:
    """A webhook to add: its name, where it is, and which events it wants."""

    name: str
    url: str
    kinds: Collection[EventKind] = ()
    area_code: str | None = None
    department_code: str | None = None


def check_wanted(session: Session, wanted: EventFilter, now: datetime) -> None:
    """Refuse a filter that no event can pass, rather than be silent for ever.

    Raises
    ------
    NotFoundError
        When there is and was no area, or is no department, of the code.
    """
    today = local_date(now)
    if wanted.area_code is not None and last_of_code(session, wanted.area_code, today) is None:
        area_summary(session, wanted.area_code, today)
    if wanted.department_code is None:
        return
    catalogue = catalogue_on(session, today)
    if wanted.department_code not in catalogue.departments:
        raise NotFoundError(
            "department_unknown", field="department", value=wanted.department_code, edition=catalogue.name
        )


def add_webhook(session: Session, actor: Actor, ask: WebhookAsk, key: bytes, now: datetime) -> tuple[Webhook, str]:
    """Tell an address of cases from now on, and return the webhook with its secret, this once.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not manage webhooks, of everything or of the area.
    InputError
        When the name is empty or the URL cannot be one.
    ConflictError
        When there are too many, or one of that name.
    NotFoundError
        As :func:`check_wanted`.
    """
    require(actor, Permission.WEBHOOKS_MANAGE, areas=_areas(ask.area_code))
    if not 1 <= len(ask.name) <= LONGEST_NAME or not ask.name.isprintable() or ask.name != ask.name.strip():
        raise InputError("webhook_name_invalid", field="name", value=ask.name[:LONGEST_NAME], most=LONGEST_NAME)
    parse_target(ask.url)
    check_wanted(session, EventFilter(ask.area_code, ask.department_code), now)
    if len(queries.webhooks(session)) >= MOST_WEBHOOKS:
        raise ConflictError("webhooks_too_many", most=MOST_WEBHOOKS)
    salt = new_salt()
    secret = secret_of(key, salt)
    webhook = Webhook(
        name=ask.name,
        url=ask.url,
        salt=salt,
        secret_sha256=digest(secret),
        kinds=sorted(set(ask.kinds)),
        area_code=ask.area_code,
        department_code=ask.department_code,
        position=str(present_position(session)),
        created_by=actor.name,
        created_at=now,
    )
    session.add(webhook)
    session.flush()
    record(session, actor, "webhook.add", _object(webhook), after=_kept(webhook))
    return webhook, secret


def renew_secret(session: Session, actor: Actor, webhook: Webhook, key: bytes) -> str:
    """Give a webhook another secret and return it, this once; the one before signs nothing any more.

    A webhook that was paused because its key had changed is told again.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not manage it.
    """
    _require(actor, webhook)
    webhook.salt = new_salt()
    secret = secret_of(key, webhook.salt)
    webhook.secret_sha256 = digest(secret)
    if webhook.paused_because == PauseReason.KEY_CHANGED:
        webhook.paused_at = webhook.paused_because = None
    session.flush()
    record(session, actor, "webhook.renew_secret", _object(webhook))
    return secret


def pause(session: Session, actor: Actor, webhook: Webhook, now: datetime) -> None:
    """Tell a webhook nothing until it is resumed; what happens meanwhile is kept for it. Twice changes nothing.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not manage it.
    """
    _require(actor, webhook)
    if webhook.paused_at is None:
        webhook.paused_at, webhook.paused_because = now, PauseReason.BY_HAND
        session.flush()
        record(session, actor, "webhook.pause", _object(webhook))


def resume(session: Session, actor: Actor, webhook: Webhook) -> None:
    """Tell a webhook again, first what it has missed. Twice changes nothing.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not manage it.
    """
    _require(actor, webhook)
    if webhook.paused_at is not None:
        before = {"paused_because": webhook.paused_because}
        webhook.paused_at = webhook.paused_because = None
        webhook.failed_in_a_row = 0
        session.flush()
        record(session, actor, "webhook.resume", _object(webhook), before=before)


def redeliver(
    session: Session, actor: Actor, webhook: Webhook, now: datetime, *, delivery_id: int | None = None
) -> int:
    """Try once more what a webhook has failed to take for good, one or all, and return how many.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not manage it.
    NotFoundError
        When it has no such delivery.
    """
    _require(actor, webhook)
    failed = [WebhookDelivery.webhook_id == webhook.webhook_id, WebhookDelivery.failed_at.is_not(None)]
    if delivery_id is not None:
        failed.append(
            WebhookDelivery.delivery_id == queries.failure_by_id(session, webhook.webhook_id, delivery_id).delivery_id
        )
    anew = {"failed_at": None, "attempts": 0, "next_attempt_at": now, "last_error": None, "last_status": None}
    again = update(WebhookDelivery).where(*failed).values(**anew).returning(WebhookDelivery.delivery_id)
    count = len(session.execute(again).all())
    record(session, actor, "webhook.redeliver", _object(webhook), after={"deliveries": count})
    return count


def remove(session: Session, actor: Actor, webhook: Webhook) -> None:
    """End a webhook, with all that it has not taken.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not manage it.
    """
    _require(actor, webhook)
    before, name = _kept(webhook), _object(webhook)
    session.delete(webhook)
    session.flush()
    record(session, actor, "webhook.remove", name, before=before)


def _require(actor: Actor, webhook: Webhook) -> None:
    require(actor, Permission.WEBHOOKS_MANAGE, areas=_areas(webhook.area_code))


def _areas(area_code: str | None) -> tuple[str, ...]:
    return () if area_code is None else (area_code,)


def _object(webhook: Webhook) -> str:
    return f"webhook:{webhook.name}"


def _kept(webhook: Webhook) -> dict[str, object]:
    """Return what the log keeps of a webhook; of its address no query, in which programs like to hide passwords."""
    url = webhook.url.partition("?")[0]
    return {"url": url, "kinds": list(webhook.kinds), "area": webhook.area_code, "department": webhook.department_code}
