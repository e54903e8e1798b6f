"""``gridmgmt targets`` and ``budgets``."""

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from gridmgmt.areas.queries import area_id_of
from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of, write_content
from gridmgmt.cli.options import DAY, JSON, ON, OUTPUT, day_or_today
from gridmgmt.cli.report_tables import print_report_table
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.reports.governance import MEDIA_TYPES
from gridmgmt.reports.targets import (
    budget_notes,
    budgets_table,
    items_table,
    lates_table,
    render_target,
    stages_table,
    target_notes,
)
from gridmgmt.targets import budget_queries, queries, service
from gridmgmt.targets.rules import Reached, TargetStage
from gridmgmt.texts import text

_AREA = click.option("--area", metavar="CODE", help="Only of the area of this code, and of what lies in it.")
_YEAR = click.option("--year", type=int, help="Only of this year.")


@click.group()
def targets() -> None:
    """Plan targets: so many new points in a year, and how far each is."""


@click.group()
def budgets() -> None:
    """Budgets of areas by year, each amount as its source bounds it."""


@targets.command("list")
@_AREA
@_YEAR
@ON
@JSON
@click.pass_context
def list_targets(ctx: click.Context, *, area: str | None, year: int | None, on: date | None, as_json: bool) -> None:
    """List targets with their progress."""
    day = day_or_today(on)
    with database(ctx) as session:
        found = queries.targets(session, day, area_id=area_id_of(session, area, day), year=year, limit=10_000)
    if as_json:
        print_json([asdict(each) | {"progress": str(each.progress)} for each in found])
        return
    if not found:
        say(ctx, "targets.none", on=day)
        return
    names = ("code", "name", "area", "year", "owner", "progress", "late")
    header = [text(f"targets.column.{name}", settings_of(ctx).lang) for name in names]
    rows = [
        [
            each.code,
            each.name,
            each.area_name or each.area_code,
            str(each.year),
            each.owner_post,
            str(each.progress),
            str(each.progress.late),
        ]
        for each in found
    ]
    print_table(header, rows, left=5)


@targets.command()
@click.argument("code")
@click.option("--format", "format_", type=click.Choice(list(MEDIA_TYPES)), help="Tables here if absent.")
@ON
@OUTPUT
@click.pass_context
def show(ctx: click.Context, code: str, *, format_: str | None, on: date | None, output: Path | None) -> None:
    """Show a target with its items and what is late."""
    day, lang = day_or_today(on), settings_of(ctx).lang
    with database(ctx) as session:
        found, synthetic = queries.target_on(session, code, day), bool(holds_synthetic(session))
    if format_ is not None:
        write_content(ctx, render_target(found, day, format_, lang=lang, synthetic=synthetic).content, output)
        return
    for note in target_notes(found, lang):
        click.echo(note)
    for table, left in (
        (stages_table(found, lang), 1),
        (lates_table(found, day, lang), 4),
        (items_table(found, lang), 5),
    ):
        if table.rows:
            print_report_table(table, left=left)


@targets.command()
@click.argument("code")
@click.argument("item_no", type=click.IntRange(min=1))
@click.argument("stage", type=click.Choice([str(stage) for stage in TargetStage]))
@click.option("--from", "on", type=DAY, help="The day on which it came to the stage; today if absent.")
@click.option("--reason", help="Why a stage is skipped, or it goes back.")
@click.option("--point", metavar="CODE", help="The open service point, with which an item opens.")
@click.pass_context
def milestone(
    ctx: click.Context, code: str, item_no: int, stage: str, *, on: date | None, reason: str | None, point: str | None
) -> None:
    """Note that an item came to a stage."""
    day, today = day_or_today(on), day_or_today(None)
    reached = Reached(TargetStage(stage), day, reason)
    with database(ctx) as session:
        service.note_milestone(session, actor(), code, item_no, reached, today=today, service_point_code=point)
    words = text(f"target_stage.{stage}", settings_of(ctx).lang)
    say(ctx, "targets.noted", target=code, item=item_no, stage=words, on=day)


@budgets.command("show")
@_AREA
@_YEAR
@ON
@JSON
@click.pass_context
def show_budgets(ctx: click.Context, *, area: str | None, year: int | None, on: date | None, as_json: bool) -> None:
    """Show budgets part by part, with what the parts come to."""
    day, lang = day_or_today(on), settings_of(ctx).lang
    with database(ctx) as session:
        found = budget_queries.budgets(session, day, area_id=area_id_of(session, area, day), year=year, limit=10_000)
    if as_json:
        print_json([asdict(each) | {"sum": str(each.check.parts)} for each in found])
        return
    if not found:
        say(ctx, "targets.budgets_none", on=day)
        return
    print_report_table(budgets_table(found, lang), left=4)
    for each in found:
        for note in budget_notes(each, lang):
            click.echo(note)
