"""``gridmgmt coverage orders``: coverage reports that are kept fresh."""

from collections.abc import Iterator
from typing import Any

import click

from gridmgmt.cli.context import actor, database, print_json, print_table, say, sessions, settings_of
from gridmgmt.cli.coverage_question import coverage_question
from gridmgmt.cli.options import JSON
from gridmgmt.clock import local_date, system_clock
from gridmgmt.coverage import orders as standing
from gridmgmt.coverage.orders import OrderReport, OrderRun
from gridmgmt.coverage.rules import CoverageRequest
from gridmgmt.errors import GridMgmtError
from gridmgmt.jobs.worker import Worker
from gridmgmt.reports.formatting import count_text, label, ratio_text
from gridmgmt.reports.orders import order_values
from gridmgmt.texts import Language, text
from gridmgmt.work import HANDLERS, keep_reports_fresh

_NAME = click.argument("name", metavar="NAME")


@click.group()
def orders() -> None:
    """Keep coverage reports fresh: asked anew whenever one of their inputs has changed."""


@orders.command()
@_NAME
@coverage_question
@click.pass_context
def add(ctx: click.Context, *, name: str, question: CoverageRequest) -> None:
    """Keep a report fresh from now on; the server's worker asks for it, or `refresh`."""
    with database(ctx) as session:
        standing.add_order(session, actor(), name, question, on=local_date(system_clock()))
    say(ctx, "orders.added", name=name)


@orders.command("list")
@JSON
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List the orders with how each stands."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        found = standing.order_reports(session, local_date(system_clock()))
    if as_json:
        print_json([order_values(order, lang) for order in found])
        return
    names = ("name", "state", "area", "types", "run", "ratio")
    print_table([text(f"orders.column.{n}", lang) for n in names], [_row(order, lang) for order in found], left=4)


@orders.command()
@_NAME
@JSON
@click.pass_context
def show(ctx: click.Context, *, name: str, as_json: bool) -> None:
    """Tell how an order stands, with its runs and what had changed before each."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        found = standing.order_report(session, name, local_date(system_clock()))
    if as_json:
        print_json(order_values(found, lang))
        return
    click.echo(f"{found.name}: {label('order_state', found.state, lang)}")
    if found.error is not None:
        click.echo(GridMgmtError(found.error["code"], **found.error["fields"]).message(lang))
    names = ("run", "job", "asked", "residents", "covered", "ratio", "because")
    print_table([text(f"orders.column.{n}", lang) for n in names], list(_run_rows(found, lang)), left=3)


@orders.command()
@_NAME
@click.pass_context
def drop(ctx: click.Context, *, name: str) -> None:
    """Keep a report fresh no longer; its runs stay."""
    with database(ctx) as session:
        standing.drop_order(session, actor(), name, on=local_date(system_clock()))
    say(ctx, "orders.dropped", name=name)


@orders.command()
@_NAME
@click.pass_context
def renew(ctx: click.Context, *, name: str) -> None:
    """Have a report asked once more though no input has changed, as after a failure."""
    with database(ctx) as session:
        standing.renew_order(session, actor(), name, on=local_date(system_clock()))
    say(ctx, "orders.renewed", name=name)


@orders.command()
@click.pass_context
def refresh(ctx: click.Context) -> None:
    """Ask for what is due and compute it here, where no server's worker does."""
    with sessions(ctx) as factory:
        jobs = keep_reports_fresh(factory)
        worker = Worker(factory, HANDLERS, lease_s=settings_of(ctx).job_lease_s)
        for job_id in jobs:
            worker.run_job(job_id)
    say(ctx, "orders.refreshed", count=len(jobs))


def _row(order: OrderReport, lang: Language) -> list[str]:
    answered = order.answered
    totals: dict[str, Any] = (answered.totals if answered else None) or {}
    return [
        order.name,
        label("order_state", order.state, lang),
        order.request.area_code or text("report.everywhere", lang),
        ", ".join(text(f"point_type.{type_}", lang) for type_ in order.request.types),
        str(answered.run_id) if answered else "",
        ratio_text(totals.get("ratio")),
    ]


def _run_rows(order: OrderReport, lang: Language) -> Iterator[list[str]]:
    for run in order.runs:
        totals: dict[str, Any] = run.totals or {}
        yield [
            str(run.run_id),
            _ended(run, lang),
            f"{run.asked_at:%Y-%m-%d %H:%M}",
            *(count_text(totals.get(key)) for key in ("residents", "covered")),
            ratio_text(totals.get("ratio")),
            ", ".join(run.because),
        ]


def _ended(run: OrderRun, lang: Language) -> str:
    """Return the state of a run's job, with the reason of a failure."""
    state = label("job_state", run.job_state, lang)
    if run.error is None:
        return state
    return f"{state}: {GridMgmtError(run.error['code'], **run.error['fields']).message(lang)}"
