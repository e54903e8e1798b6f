"""``gridmgmt exchange``: work orders of the 12345 hotline."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import JSON
from gridmgmt.clock import system_clock
from gridmgmt.exchange import comparisons, orders, outbox, partner, queries, reconciling
from gridmgmt.exchange.queries import Undelivered
from gridmgmt.exchange.rules import DifferenceKind
from gridmgmt.texts import Language, text

_DAY = click.argument("day", type=click.DateTime(["%Y-%m-%d"]))


@click.group()
def exchange() -> None:
    """Exchange work orders with the 12345 hotline: compare days, see and send again what it has not taken."""


@exchange.command()
@click.pass_context
def secret(ctx: click.Context) -> None:
    """Set the hotline up or give it another secret, and print it, this once."""
    with database(ctx) as session:
        made = partner.renew_secret(session, actor(), settings_of(ctx).data, system_clock())
    say(ctx, "exchange.renewed")
    click.echo(made)


@exchange.command()
@click.argument("url", required=False)
@click.pass_context
def address(ctx: click.Context, *, url: str | None) -> None:
    """Tell the hotline of states at URL from now on; nothing any more without one."""
    with database(ctx) as session:
        partner.set_address(session, actor(), url)
    say(ctx, "exchange.told_at" if url else "exchange.told_nowhere", url=url or "")


@exchange.command()
@_DAY
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@JSON
@click.pass_context
def reconcile(ctx: click.Context, *, day: datetime, file: Path, as_json: bool) -> None:
    """Compare the hotline's list of DAY in FILE (CSV: order_no,state) with the orders here, and keep what differs."""
    lang, items = settings_of(ctx).lang, reconciling.read_list(file)
    with database(ctx) as session:
        found = reconciling.reconcile(session, actor(), day.date(), items, system_clock())
        counts, rows = comparisons.counts_by_kind(found), list(found.differences)
        numbers = {"day": found.day, "listed": found.listed, "held": found.held}
    if as_json:
        print_json({**numbers, "differences": rows})
        return
    say(ctx, "exchange.compared", **numbers, **{str(kind): counts[kind] for kind in DifferenceKind})
    if rows:
        print_table([text(f"exchange.column.{n}", lang) for n in ("order", "kind", "there", "here", "case")], [
            [
                each["order_no"], text(f"difference_kind.{each['kind']}", lang), _state(each["state_there"], lang),
                _state(each["state_here"], lang), each["case_no"] or "—",
            ]
            for each in rows
        ], left=5)  # fmt: skip


@exchange.command()
@click.option("--failed", is_flag=True, help="Only what was given up.")
@JSON
@click.pass_context
def pending(ctx: click.Context, *, failed: bool, as_json: bool) -> None:
    """List what the hotline has not taken, the newest first."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        found = queries.undelivered(session, failed=True if failed else None)
    if as_json:
        print_json([asdict(each) for each in found])
    elif not found:
        say(ctx, "exchange.all_taken")
    else:
        header = [text(f"exchange.column.{n}", lang) for n in ("delivery", "order", "event", "attempts", "next", "why")]
        print_table(header, [_row(each, lang) for each in found], left=6)


@exchange.command()
@click.option("--delivery", "delivery_id", type=click.IntRange(min=1), help="Only the one of this number.")
@click.pass_context
def retry(ctx: click.Context, *, delivery_id: int | None) -> None:
    """Tell the hotline again what was given up."""
    with database(ctx) as session:
        count = outbox.retry(session, actor(), system_clock(), delivery_id=delivery_id)
    say(ctx, "exchange.retried", count=count)


@exchange.command("hand-over")
@click.argument("account")
@click.option("--order", "order_no", help="Only the order of this number.")
@click.option("--of", "holder", help="All orders that this account holds; without it those that none holds.")
@click.pass_context
def hand_over(ctx: click.Context, *, account: str, order_no: str | None, holder: str | None) -> None:
    """Let ACCOUNT go on with orders that another account of the hotline's has delivered."""
    with database(ctx) as session:
        count = orders.hand_over(session, actor(), account, order_no=order_no, of=holder)
    say(ctx, "exchange.handed_over", count=count, account=account)


def _state(state: str | None, lang: Language) -> str:
    return "—" if state is None else text(f"hotline_state.{state}", lang)


def _row(each: Undelivered, lang: Language) -> list[str]:
    why = "—" if each.last_error is None else text(f"delivery_problem.{each.last_error}", lang)
    if each.last_status is not None:
        why += f" ({each.last_status})"
    when = text("exchange.given_up", lang) if each.failed_at else f"{each.next_attempt_at:%Y-%m-%d %H:%M:%SZ}"
    return [
        str(each.delivery_id), each.order_no, text(f"hotline_event.{each.event}", lang), str(each.attempts), when, why,
    ]  # fmt: skip
