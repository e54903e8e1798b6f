"""``gridmgmt coverage``: runs and their reports."""

from dataclasses import asdict
from itertools import islice
from pathlib import Path

import click

from gridmgmt.cli.context import actor, database, print_json, print_table, say, sessions, settings_of, write_content
from gridmgmt.cli.coverage_access import access
from gridmgmt.cli.coverage_orders import orders
from gridmgmt.cli.coverage_question import coverage_question
from gridmgmt.cli.options import JSON, OUTPUT
from gridmgmt.cli.progress import job_progress
from gridmgmt.cli.report_tables import print_report_table
from gridmgmt.clock import local_date, system_clock
from gridmgmt.coverage import queries
from gridmgmt.coverage.comparison import compare as compare_runs
from gridmgmt.coverage.document import CoverageDocument, Figures, parse
from gridmgmt.coverage.rules import CoverageRequest
from gridmgmt.coverage.service import replay as replay_run
from gridmgmt.errors import InputError
from gridmgmt.jobs import queries as job_queries
from gridmgmt.reports.comparison import MEDIA_TYPES as PAGE_TYPES
from gridmgmt.reports.comparison import comparison_notes, comparison_tables, public_comparison, render_comparison
from gridmgmt.reports.coverage_json import coverage_json
from gridmgmt.reports.coverage_tables import gap_texts, gaps_table
from gridmgmt.reports.formatting import area_name, count_text, note_text, ratio_text
from gridmgmt.reports.render import MEDIA_TYPES, document_in_form, render
from gridmgmt.texts import text
from gridmgmt.work import ask_coverage, finish_coverage

TOLD_GAPS = 6
"""How many lines of gaps follow the table of a run."""
_LEFT = {"differences": 3, "age_bands": 1}
"""How many columns of a comparison's table are flush left, where not two."""


@click.group()
def coverage() -> None:
    """Who reaches a service point on foot within a limit."""


coverage.add_command(access)
coverage.add_command(orders)


@coverage.command()
@coverage_question
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.pass_context
def run(ctx: click.Context, *, question: CoverageRequest, as_json: bool) -> None:
    """Compute who is covered, print the table and the run's id."""
    with sessions(ctx) as factory:
        run_id, job_id = ask_coverage(factory, actor(), question, on=local_date(system_clock()))
        with job_progress(ctx, factory, job_id):
            document = finish_coverage(factory, run_id, job_id, lease_s=settings_of(ctx).job_lease_s)
    if as_json:
        click.echo(coverage_json(document))
        return
    _print_summary(ctx, document)
    if document.gaps is not None:
        for line in islice(gap_texts(document, document.gaps, settings_of(ctx).lang), TOLD_GAPS):
            click.echo(line)
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
    """Write the report of a run as JSON, HTML, XLSX, GeoJSON or PDF."""
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


@coverage.command()
@click.argument("run_id", metavar="RUN", type=int)
@JSON
@click.pass_context
def gaps(ctx: click.Context, run_id: int, *, as_json: bool) -> None:
    """Tell where residents have no point within the limit of a run, most residents first."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        document = parse(queries.answer_of(queries.run_by_id(session, run_id)))
    if document.gaps is None:
        raise InputError("run_without_gaps", run_id=run_id)
    if as_json:
        print_json(document.gaps.model_dump(mode="json"))
        return
    for line in gap_texts(document, document.gaps, lang):
        click.echo(line)
    print_report_table(gaps_table(document, document.gaps.listed, lang), left=3)


@coverage.command()
@click.argument("run_a", metavar="A", type=int)
@click.argument("run_b", metavar="B", type=int)
@click.option("--format", "format_", type=click.Choice(list(PAGE_TYPES)), help="Tables here if absent.")
@click.option("--json", "format_", flag_value="json", help="Print JSON.")
@click.option("--public", is_flag=True, help="The public form: small counts suppressed.")
@OUTPUT
@click.pass_context
def compare(
    ctx: click.Context, run_a: int, run_b: int, *, format_: str | None, public: bool, output: Path | None
) -> None:
    """Compare run B with run A: what was asked otherwise, area by area, and who gained or lost a point."""
    settings = settings_of(ctx)
    with database(ctx) as session:
        a, b = queries.run_by_id(session, run_a), queries.run_by_id(session, run_b)
        found = compare_runs(session, a, b)
        if public:
            threshold = settings.suppression_threshold
            public_a, public_b = (document_in_form(each, "public", threshold) for each in (a, b))
            found = public_comparison(found, public_a, public_b, threshold)
    if format_ is None:
        for note in comparison_notes(found, settings.lang):
            click.echo(note)
        for table in comparison_tables(found, settings.lang):
            if table.rows:
                click.echo(f"\n{table.title}")
                print_report_table(table, left=_LEFT.get(table.key, 2))
        return
    rendered = render_comparison(found, f"coverage-{run_a}-{run_b}", format_, settings.lang)
    write_content(ctx, rendered.content, output)


@coverage.command()
@click.argument("run_id", metavar="RUN", type=int)
@JSON
@click.pass_context
def replay(ctx: click.Context, run_id: int, *, as_json: bool) -> None:
    """Compute a run again from the editions of its day and tell whether the answer is the same to the byte."""
    with database(ctx) as session:
        found = replay_run(session, queries.run_by_id(session, run_id))
    if as_json:
        print_json({**asdict(found), "same": found.same})
    elif found.same:
        say(ctx, "cli.replay_same", run_id=run_id, sha256=found.stored_sha256)
    else:
        because = [*found.changed, *([found.code_version] if found.code_version else [])]
        say(ctx, "cli.replay_other", run_id=run_id, stored=found.stored_sha256, computed=found.computed_sha256)
        say(ctx, "cli.replay_because", because="; ".join(because) or "-")
    if not found.same:
        ctx.exit(1)


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
