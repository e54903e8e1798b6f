"""``gridmgmt plans``."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.cli.context import actor, database, print_json, print_table, say, sessions, settings_of, write_content
from gridmgmt.cli.options import DAY, JSON, ON, OUTPUT, day_or_today
from gridmgmt.cli.progress import job_progress
from gridmgmt.cli.report_tables import print_report_table
from gridmgmt.clock import local_date, system_clock
from gridmgmt.db import transaction
from gridmgmt.reports.formatting import label
from gridmgmt.reports.governance import MEDIA_TYPES
from gridmgmt.reports.plans import (
    change_notes,
    change_tables,
    comparison_notes,
    comparison_tables,
    plan_notes,
    plan_tables,
    render_change,
    render_comparison,
    render_plan,
)
from gridmgmt.reports.tables import Table
from gridmgmt.siting import adoption, comparison, plan_queries, reruns
from gridmgmt.siting import plans as drafts
from gridmgmt.siting.plan_document import PlanChange
from gridmgmt.siting.plan_rules import Milestone
from gridmgmt.texts import text
from gridmgmt.work import finish_siting

_NAME = click.argument("name", metavar="PLAN")
_FORMAT = click.option(
    "--format", "format_", type=click.Choice(list(MEDIA_TYPES)), help="Write a file; tables here if absent."
)
_AS_JSON = click.option("--json", "format_", flag_value="json", help="Print JSON.")
_MOST_LISTED = 1_000
_LEFT = {"facts": 2, "bands": 1, "change": 1, "changed_bands": 1, "changed_points": 1, "plans": 5, "areas": 2}
"""How many columns of a table are flush left, where not one."""


class _Milestone(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2, of which earlier ones know nothing
    """A milestone, as 2027-12-31=5."""

    name = "day=points"

    def convert(self, value: str | Milestone, param: click.Parameter | None, ctx: click.Context | None) -> Milestone:
        """Return the milestone."""
        if isinstance(value, Milestone):
            return value
        day, _, points = value.partition("=")
        if not points.strip().isdecimal():
            self.fail(f"{value!r}: 2027-12-31=5", param, ctx)
        return Milestone(DAY.convert(day.strip(), param, ctx), int(points))


@click.group()
def plans() -> None:
    """Plans of new points: drafts, comparison, adoption."""


@plans.command()
@_NAME
@click.option("--run", "run_id", type=click.IntRange(1), required=True, help="Number of the finished siting run.")
@click.option("--note", help="What else is to be known of it.")
@click.pass_context
def draft(ctx: click.Context, *, name: str, run_id: int, note: str | None) -> None:
    """Keep the answer of a siting run as a draft under a name."""
    with database(ctx) as session:
        plan = drafts.draft(session, actor(), name, run_id, note=note)
    say(ctx, "plans.drafted", name=plan.name, points=plan.points, sha256=plan.document_sha256)


@plans.command("list")
@JSON
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List the plans, the newest first, with how many of their points are built today."""
    lang, today = settings_of(ctx).lang, local_date(system_clock())
    with database(ctx) as session:
        found = plan_queries.newest_plans(session, _MOST_LISTED)
        rows: list[dict[str, Any]] = [
            {
                "name": plan.name,
                "state": plan_queries.state_of(plan).value,
                "type": plan.type,
                "area_code": plan.area_code,
                "model": plan.model,
                "points": plan.points,
                "built": adoption.built_count(session, plan, today),
                "author": plan.author,
                "made_at": plan.made_at,
                "run_id": plan.run_id,
                "adopted_on": plan.adopted_on,
            }
            for plan in found
        ]
    if as_json:
        print_json(rows)
        return
    names = ("plan", "state", "type", "area", "author", "made_at", "points", "built", "run")
    told = (
        [
            row["name"],
            label("plan_state", row["state"], lang),
            label("point_type", row["type"], lang),
            row["area_code"] or text("report.everywhere", lang),
            row["author"],
            f"{row['made_at']:%Y-%m-%d}",
            str(row["points"]),
            "" if row["built"] is None else str(row["built"]),
            str(row["run_id"]),
        ]
        for row in rows
    )
    print_table([text(f"plans.column.{name}", lang) for name in names], told, left=6)


@plans.command()
@_NAME
@ON
@_FORMAT
@_AS_JSON
@OUTPUT
@click.pass_context
def show(ctx: click.Context, *, name: str, on: date | None, format_: str | None, output: Path | None) -> None:
    """Tell how a plan stands: what it is, its milestones, and which of its targets are built."""
    lang, day = settings_of(ctx).lang, day_or_today(on)
    with database(ctx) as session:
        report = adoption.plan_report(session, plan_queries.plan_named(session, name), day)
    if format_ is None:
        _print(plan_notes(report, lang), plan_tables(report, lang))
    else:
        write_content(ctx, render_plan(report, day, format_, lang).content, output)


@plans.command()
@click.argument("names", metavar="PLAN PLAN [PLAN] [PLAN]", nargs=-1, required=True)
@_FORMAT
@_AS_JSON
@OUTPUT
@click.pass_context
def compare(ctx: click.Context, *, names: tuple[str, ...], format_: str | None, output: Path | None) -> None:
    """Compare two to four plans of the same inputs, walks and code."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        found = comparison.compare(session, names)
    if format_ is None:
        _print(comparison_notes(found, lang), comparison_tables(found, lang))
    else:
        write_content(ctx, render_comparison(found, format_, lang).content, output)


@plans.command()
@_NAME
@click.option("--owner", required=True, help="Code of an officer post; words where no posts are loaded.")
@click.option("--budget", type=click.IntRange(0), required=True, help="For all points, in yuan.")
@click.option(
    "--milestone", "milestones", type=_Milestone(), multiple=True, required=True,
    help="So many points in all by the end of a day, as 2027-12-31=5; repeated, the last with all points.",
)  # fmt: skip
@click.pass_context
def adopt(ctx: click.Context, *, name: str, owner: str, budget: int, milestones: tuple[Milestone, ...]) -> None:
    """Adopt a draft: its points become targets; the plan adopted so far for type and area is superseded."""
    today = local_date(system_clock())
    with database(ctx) as session:
        plan = adoption.adopt(session, actor(), name, adoption.Adopting(owner, budget, milestones), on=today)
        report = adoption.plan_report(session, plan, today)
    say(ctx, "plans.adopted", name=plan.name, points=plan.points, owner=owner)
    for note in plan_notes(report, settings_of(ctx).lang):
        click.echo(note)


@plans.command()
@_NAME
@click.option("--reason", required=True, help="Why; it is kept with the plan.")
@click.pass_context
def withdraw(ctx: click.Context, *, name: str, reason: str) -> None:
    """Withdraw a plan; it is kept and can be read."""
    with database(ctx) as session:
        plan = drafts.withdraw(session, actor(), name, reason, on=local_date(system_clock()))
    say(ctx, "plans.withdrawn_now", name=plan.name)


@plans.command()
@_NAME
@click.pass_context
def rerun(ctx: click.Context, *, name: str) -> None:
    """Ask a plan's question with what is in force today, compute it here, and tell what would change."""
    with sessions(ctx) as factory:
        with transaction(factory) as session:
            run = reruns.rerun(session, actor(), name, on=local_date(system_clock()))
            run_id, job_id = run.run_id, run.job_id
        with job_progress(ctx, factory, job_id):
            finish_siting(factory, run_id, job_id, lease_s=settings_of(ctx).job_lease_s)
        with transaction(factory) as session:
            found = reruns.change(session, name, run_id)
    _print_change(ctx, found)
    say(ctx, "plans.rerun_done", run_id=run_id)


@plans.command()
@_NAME
@click.option(
    "--run", "run_id", type=click.IntRange(1), help="Number of the re-run; the newest finished one if absent."
)
@_FORMAT
@_AS_JSON
@OUTPUT
@click.pass_context
def change(ctx: click.Context, *, name: str, run_id: int | None, format_: str | None, output: Path | None) -> None:
    """Tell what a re-run would change of a plan: points that stay, are left, are new, and the numbers."""
    with database(ctx) as session:
        found = reruns.change(session, name, run_id)
    if format_ is None:
        _print_change(ctx, found)
    else:
        write_content(ctx, render_change(found, format_, settings_of(ctx).lang).content, output)


def _print_change(ctx: click.Context, found: PlanChange) -> None:

    lang = settings_of(ctx).lang
    _print(change_notes(found, lang), change_tables(found, lang))


def _print(notes: Sequence[str], tables: Sequence[Table]) -> None:
    for note in notes:
        click.echo(note)
    for table in tables:
        if table.rows:
            click.echo(f"\n{table.title}")
            print_report_table(table, left=_LEFT.get(table.key, 1))
