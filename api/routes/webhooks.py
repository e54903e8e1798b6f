"""Webhooks: addresses that are told of cases."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.access import Caller, asks
from api.context import ApiContext, Context, RequestSession
from api.paging import Page, Pages
from api.routes import PREFIX
from api.webhook_schemas import (
    FailedDelivery,
    NewWebhook,
    Redelivered,
    WebhookChange,
    WebhookIn,
    WebhookOut,
    Webhooks,
)
from gridmgmt.access.rules import Permission
from gridmgmt.db import Session
from gridmgmt.feed import queries, service
from gridmgmt.feed.models import Webhook
from gridmgmt.feed.signing import folder_key

router = APIRouter(prefix=f"{PREFIX}/webhooks", tags=["events"], dependencies=[asks(Permission.WEBHOOKS_MANAGE)])

NOTHING = queries.Undelivered()
_MOST = 2**63 - 1
WebhookId = Annotated[int, Path(ge=1, le=_MOST, description="Number of the webhook.")]
DeliveryId = Annotated[int, Path(ge=1, le=_MOST, description="Number of the delivery, as in its header.")]


@router.get("", summary="Webhooks")
def list_webhooks(session: RequestSession) -> Webhooks:
    """List the addresses that are told of cases, without their secrets."""
    counts = queries.undelivered(session)
    return Webhooks(
        items=[WebhookOut.of(each, counts.get(each.webhook_id, NOTHING)) for each in queries.webhooks(session)]
    )


@router.post("", status_code=201, summary="Tell an address of cases")
def add_webhook(
    session: RequestSession, context: Context, actor: Caller, ask: WebhookIn, response: Response
) -> NewWebhook:
    """Send each event to an address from now on, signed with a secret that is shown this once."""
    webhook, secret = service.add_webhook(session, actor, ask.ask(), _key(context), context.clock())
    response.headers["Location"] = f"{PREFIX}/webhooks/{webhook.webhook_id}"
    return NewWebhook(**WebhookOut.of(webhook, NOTHING).model_dump(), secret=secret)


@router.get("/{webhook_id}", summary="One webhook")
def read_webhook(session: RequestSession, webhook_id: WebhookId) -> WebhookOut:
    """Return how a webhook stands: what it has taken, what waits, what was given up."""
    return _out(session, queries.webhook_by_id(session, webhook_id))


@router.patch("/{webhook_id}", summary="Pause or resume a webhook")
def change_webhook(
    session: RequestSession, context: Context, actor: Caller, webhook_id: WebhookId, ask: WebhookChange
) -> WebhookOut:
    """Tell a webhook nothing for now, or tell it again, first what it has missed."""
    webhook = queries.webhook_by_id(session, webhook_id)
    if ask.paused:
        service.pause(session, actor, webhook, context.clock())
    else:
        service.resume(session, actor, webhook)
    return _out(session, webhook)


@router.delete("/{webhook_id}", summary="Remove a webhook")
def remove_webhook(session: RequestSession, actor: Caller, webhook_id: WebhookId) -> WebhookOut:
    """End a webhook with all that it has not taken, and return it as it last stood."""
    webhook = queries.webhook_by_id(session, webhook_id)
    last = _out(session, webhook)
    service.remove(session, actor, webhook)
    return last


@router.post("/{webhook_id}/secret", summary="Give a webhook another secret")
def renew_secret(session: RequestSession, context: Context, actor: Caller, webhook_id: WebhookId) -> NewWebhook:
    """Replace the secret and show the new one this once; all that is sent from now on is signed with it."""
    webhook = queries.webhook_by_id(session, webhook_id)
    secret = service.renew_secret(session, actor, webhook, _key(context))
    return NewWebhook(**_out(session, webhook).model_dump(), secret=secret)


@router.get("/{webhook_id}/failures", summary="What a webhook has not taken")
def list_failures(session: RequestSession, pages: Pages, webhook_id: WebhookId) -> Page[FailedDelivery]:
    """List the events that were given up, the newest first."""
    queries.webhook_by_id(session, webhook_id)
    after = pages.after(int)
    found = queries.failures(session, webhook_id, after=after[0] if after else None, limit=pages.limit + 1)
    return pages.page(found, FailedDelivery.of, lambda delivery: (delivery.delivery_id,))


@router.post("/{webhook_id}/failures/redeliver", summary="Send again all that was given up")
def redeliver_all(session: RequestSession, context: Context, actor: Caller, webhook_id: WebhookId) -> Redelivered:
    """Try once more, from the beginning, all that a webhook has not taken."""
    webhook = queries.webhook_by_id(session, webhook_id)
    return Redelivered(count=service.redeliver(session, actor, webhook, context.clock()))


@router.post("/{webhook_id}/failures/{delivery_id}/redeliver", summary="Send again one event that was given up")
def redeliver(
    session: RequestSession, context: Context, actor: Caller, webhook_id: WebhookId, delivery_id: DeliveryId
) -> Redelivered:
    """Try one event once more, from the beginning, under its number."""
    webhook = queries.webhook_by_id(session, webhook_id)
    return Redelivered(count=service.redeliver(session, actor, webhook, context.clock(), delivery_id=delivery_id))


def _out(session: Session, webhook: Webhook) -> WebhookOut:
    return WebhookOut.of(webhook, queries.undelivered(session).get(webhook.webhook_id, NOTHING))


def _key(context: ApiContext) -> bytes:
    return folder_key(context.settings.data)
