"""``gridmgmt coverage``: runs and their reports."""

from pathlib import Path

import click

from gridmgmt.cli.context import actor, database, print_json, print_table, say, sessions, settings_of, write_content
from gridmgmt.cli.coverage_access import access
from gridmgmt.cli.coverage_orders import orders
from gridmgmt.cli.options import OUTPUT
from gridmgmt.cli.progress import job_progress
from gridmgmt.clock import local_date, system_clock
from gridmgmt.coverage import queries, rules
from gridmgmt.coverage.document import CoverageDocument, Figures
from gridmgmt.jobs import queries as job_queries
from gridmgmt.reports.coverage_json import coverage_json
from gridmgmt.reports.formatting import area_name, count_text, note_text, ratio_text
from gridmgmt.reports.render import MEDIA_TYPES, render
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.texts import text
from gridmgmt.work import ask_coverage, finish_coverage


@click.group()
def coverage() -> None:
    """Who reaches a service point on foot within a limit."""


coverage.add_command(access)
coverage.add_command(orders)


def _numbers(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        return tuple(float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: 5,10,15,20") from error


@coverage.command()
@click.option("--minutes", type=float, default=rules.DEFAULT_MINUTES, show_default=True, help="Limit of the walk.")
@click.option("--bands", callback=_numbers, metavar="5,10,15,20", help="Ends of the bands in minutes.")
@click.option("--profile", default=rules.DEFAULT_PROFILE, show_default=True, help="Walking profile.")
@click.option("--area", "area_code", help="Only places in the area of this code.")
@click.option(
    "--type", "types", multiple=True, type=click.Choice([str(v) for v in ServicePointType]), help="Types of points."
)
@click.option(
    "--connection-limit", type=float, default=rules.DEFAULT_CONNECTION_LIMIT_M, show_default=True,
    help="Farthest distance to a street, in metres.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.pass_context
def run(
    ctx: click.Context,
    *,
    minutes: float,
    bands: tuple[float, ...] | None,
    profile: str,
    area_code: str | None,
    types: tuple[str, ...],
    connection_limit: float,
    as_json: bool,
) -> None:
    """Compute who is covered, print the table and the run's id."""
    request = rules.make_request(
        minutes=minutes,
        bands_min=bands,
        profile=profile,
        area_code=area_code,
        types=types,
        connection_limit_m=connection_limit,
    )
    with sessions(ctx) as factory:
        run_id, job_id = ask_coverage(factory, actor(), request, on=local_date(system_clock()))
        with job_progress(ctx, factory, job_id):
            document = finish_coverage(factory, run_id, job_id, lease_s=settings_of(ctx).job_lease_s)
    if as_json:
        click.echo(coverage_json(document))
        return
    _print_summary(ctx, document)
    say(ctx, "cli.run_done", run_id=run_id)


@coverage.command()
@click.argument("run_id", metavar="RUN", type=int)
@click.pass_context
def job(ctx: click.Context, run_id: int) -> None:
    """Print how the job of a run stands or ended, with the seconds of its stages, as JSON."""
    with database(ctx) as session:
        found = job_queries.job_by_id(session, queries.run_by_id(session, run_id).job_id)
        names = ("job_id", "state", "attempt", "stage", "progress", "result", "error", "started_at", "finished_at")
        print_json({name: getattr(found, name) for name in names})


@coverage.command()
@click.argument("run_id", metavar="RUN", type=int)
@click.option("--format", "format_", type=click.Choice(list(MEDIA_TYPES)), default="json", show_default=True)
@click.option("--public", is_flag=True, help="The public form: area level, small counts suppressed.")
@OUTPUT
@click.pass_context
def report(ctx: click.Context, run_id: int, *, format_: str, public: bool, output: Path | None) -> None:
    """Write the report of a run as JSON, HTML, XLSX or GeoJSON."""
    settings = settings_of(ctx)
    with database(ctx) as session:
        rendered = render(
            session,
            queries.run_by_id(session, run_id),
            format_,
            lang=settings.lang,
            form="public" if public else "exact",
            threshold=settings.suppression_threshold,
        )
    write_content(ctx, rendered.content, output)


def _print_summary(ctx: click.Context, document: CoverageDocument) -> None:
    lang = settings_of(ctx).lang
    for note in document.notes:
        click.echo(note_text(note, lang))
    names = ("residents", "covered", "uncovered", "not_connectable", "outside", "ratio")
    modelled = document.counting == "modelled"
    header = [text("cli.area_name", lang), *(text(f"cli.figure_{name}", lang) for name in names)]
    rows = [[text("cli.total", lang), *_cells(document.totals, names, modelled=modelled)]]
    for level in document.levels[:2]:
        rows += [
            [f"{area.code} {area_name(area.name, lang)}", *_cells(area.figures, names, modelled=modelled)]
            for area in level.areas
        ]
        if level.remainder is not None:
            rows.append([text("cli.remainder", lang), *_cells(level.remainder, names, modelled=modelled)])
    print_table(header, rows)


def _cells(figures: Figures, names: tuple[str, ...], *, modelled: bool) -> list[str]:
    *counts, ratio = (getattr(figures, name) for name in names)
    return [*(count_text(count, modelled=modelled) for count in counts), ratio_text(ratio)]
