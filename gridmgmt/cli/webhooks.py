"""``gridmgmt webhooks``: addresses that are told of cases."""

from dataclasses import asdict

import click

from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import JSON
from gridmgmt.clock import system_clock
from gridmgmt.feed import queries, service
from gridmgmt.feed.models import Webhook, WebhookDelivery
from gridmgmt.feed.rules import EventKind
from gridmgmt.feed.service import WebhookAsk
from gridmgmt.feed.signing import folder_key
from gridmgmt.texts import Language, text

_NAME = click.argument("name")


@click.group()
def webhooks() -> None:
    """Tell other programs of cases as they move: signed, tried again, listed when they were not taken."""


@webhooks.command()
@_NAME
@click.argument("url")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([str(kind) for kind in EventKind]), help="Only these events."
)
@click.option("--area", metavar="CODE", help="Only cases in this area or cell.")
@click.option("--department", metavar="CODE", help="Only cases that this department handles or has handled.")
@click.pass_context
def add(
    ctx: click.Context, *, name: str, url: str, kinds: tuple[EventKind, ...], area: str | None, department: str | None
) -> None:
    """Tell URL of cases from now on, under NAME, and print the secret that signs; it is shown this once."""
    ask = WebhookAsk(name, url, kinds, area, department)
    with database(ctx) as session:
        _, secret = service.add_webhook(session, actor(), ask, folder_key(settings_of(ctx).data), system_clock())
    say(ctx, "webhooks.added", name=name)
    click.echo(secret)


@webhooks.command("list")
@JSON
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List the webhooks with what each has taken, what waits, and what was given up."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        found, counts = queries.webhooks(session), queries.undelivered(session)
    rows = [(each, counts.get(each.webhook_id, queries.Undelivered())) for each in found]
    if as_json:
        print_json([_values(webhook, undelivered) for webhook, undelivered in rows])
        return
    names = ("name", "url", "kinds", "state", "delivered", "waiting", "failed")
    header = [text(f"webhooks.column.{name}", lang) for name in names]
    print_table(header, [_row(webhook, undelivered, lang) for webhook, undelivered in rows], left=4)


@webhooks.command()
@_NAME
@click.pass_context
def pause(ctx: click.Context, *, name: str) -> None:
    """Tell NAME nothing for now; what happens meanwhile is kept for it."""
    with database(ctx) as session:
        service.pause(session, actor(), queries.webhook_by_name(session, name), system_clock())
    say(ctx, "webhooks.paused", name=name)


@webhooks.command()
@_NAME
@click.pass_context
def resume(ctx: click.Context, *, name: str) -> None:
    """Tell NAME again, first what it has missed."""
    with database(ctx) as session:
        service.resume(session, actor(), queries.webhook_by_name(session, name))
    say(ctx, "webhooks.resumed", name=name)


@webhooks.command()
@_NAME
@click.pass_context
def secret(ctx: click.Context, *, name: str) -> None:
    """Give NAME another secret and print it, this once."""
    with database(ctx) as session:
        webhook = queries.webhook_by_name(session, name)
        renewed = service.renew_secret(session, actor(), webhook, folder_key(settings_of(ctx).data))
    say(ctx, "webhooks.renewed", name=name)
    click.echo(renewed)


@webhooks.command()
@_NAME
@click.pass_context
def remove(ctx: click.Context, *, name: str) -> None:
    """Tell NAME nothing any more; what it has not taken is gone."""
    with database(ctx) as session:
        service.remove(session, actor(), queries.webhook_by_name(session, name))
    say(ctx, "webhooks.removed", name=name)


@webhooks.command()
@_NAME
@JSON
@click.pass_context
def failures(ctx: click.Context, *, name: str, as_json: bool) -> None:
    """List what was given up because NAME did not take it, the newest first."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        found = queries.failures(session, queries.webhook_by_name(session, name).webhook_id)
    if as_json:
        names = ("delivery_id", "event", "case_no", "attempts", "last_status", "last_error", "created_at", "failed_at")
        print_json([{name: getattr(each, name) for name in names} for each in found])
        return
    header = [text(f"webhooks.column.{n}", lang) for n in ("delivery", "event", "case", "failed_at", "why")]
    print_table(header, [_failure(each, lang) for each in found], left=5)


@webhooks.command()
@_NAME
@click.option("--delivery", "delivery_id", type=click.IntRange(min=1), help="Only the one of this number.")
@click.pass_context
def redeliver(ctx: click.Context, *, name: str, delivery_id: int | None) -> None:
    """Try once more what was given up because NAME did not take it."""
    with database(ctx) as session:
        webhook = queries.webhook_by_name(session, name)
        count = service.redeliver(session, actor(), webhook, system_clock(), delivery_id=delivery_id)
    say(ctx, "webhooks.redelivered", count=count)


def _values(webhook: Webhook, undelivered: queries.Undelivered) -> dict[str, object]:
    names = (
        "webhook_id", "name", "url", "kinds", "area_code", "department_code", "created_by", "created_at", "paused_at",
        "paused_because", "delivered_count", "last_delivered_at",
    )  # fmt: skip
    return {**{name: getattr(webhook, name) for name in names}, **asdict(undelivered)}


def _row(webhook: Webhook, undelivered: queries.Undelivered, lang: Language) -> list[str]:
    kinds = ", ".join(text(f"event_kind.{kind}", lang) for kind in webhook.kinds) or text("webhooks.all_kinds", lang)
    state = text("webhooks.active", lang)
    if webhook.paused_because is not None:
        state = text(f"pause_reason.{webhook.paused_because}", lang)
    elif undelivered.problem is not None:
        state = text(f"delivery_problem.{undelivered.problem}", lang)
    counts = (webhook.delivered_count, undelivered.waiting, undelivered.failed)
    return [webhook.name, webhook.url, kinds, state, *map(str, counts)]


def _failure(delivery: WebhookDelivery, lang: Language) -> list[str]:
    why = text(f"delivery_problem.{delivery.last_error}", lang)
    if delivery.last_status is not None:
        why += f" ({delivery.last_status})"
    return [
        str(delivery.delivery_id), text(f"event_kind.{delivery.event}", lang), delivery.case_no,
        f"{delivery.failed_at:%Y-%m-%d %H:%M:%SZ}", why,
    ]  # fmt: skip
