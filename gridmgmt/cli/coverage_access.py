"""``gridmgmt coverage access``: how much of the points' capacity falls to each resident."""

from pathlib import Path

import click

from gridmgmt.analysis.accessibility import Method
from gridmgmt.cli.context import database, settings_of, write_content
from gridmgmt.cli.coverage_question import coverage_question
from gridmgmt.cli.options import OUTPUT
from gridmgmt.cli.report_tables import print_report_table
from gridmgmt.clock import local_date, system_clock
from gridmgmt.coverage import queries
from gridmgmt.coverage.accessibility import accessibility, make_ask, question_of
from gridmgmt.coverage.rules import CoverageRequest
from gridmgmt.reports.accessibility import MEDIA_TYPES, access_notes, access_tables, render_accessibility
from gridmgmt.texts import text

MOST_ROWS = 60
"""Longer tables are left to files."""


def _capacities(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    """Return the capacities that are given as TYPE=NUMBER."""
    found = {}
    for value in values:
        type_, _, number = value.partition("=")
        try:
            found[type_.strip()] = float(number)
        except ValueError as error:
            raise click.BadParameter(f"{value!r}: meal_point=60") from error
    return found


@click.command()
@click.argument("run_id", metavar="[RUN]", type=int, required=False)
@coverage_question
@click.option(
    "--method", type=click.Choice([str(v) for v in Method]), default=str(Method.TWO_STEP), show_default=True,
    help="How a walk is weighted; the zones of e2sfca are the bands.",
)  # fmt: skip
@click.option("--exponent", type=float, help="Of the gravity decays: 1.5 for power, 0.1 per minute for exponential.")
@click.option(
    "--capacity", "capacities", multiple=True, callback=_capacities, metavar="TYPE=NUMBER",
    help="Capacity of the points of a type that have none of their own; left out without one.",
)  # fmt: skip
@click.option("--format", "format_", type=click.Choice(list(MEDIA_TYPES)), help="Tables here if absent.")
@click.option("--json", "format_", flag_value="json", help="Print JSON.")
@OUTPUT
@click.pass_context
def access(
    ctx: click.Context,
    *,
    run_id: int | None,
    question: CoverageRequest,
    method: str,
    exponent: float | None,
    capacities: dict[str, float],
    format_: str | None,
    output: Path | None,
) -> None:
    """Tell the capacity for each resident, by area, town mode and land use: mean, least and Gini.

    What was asked and the inputs stand in the files. With RUN, the question is that of a coverage run and its options
    are not looked at.
    """
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        request, on = (
            (question, local_date(system_clock()))
            if run_id is None
            else question_of(queries.run_by_id(session, run_id))
        )
        ask = make_ask(request, method=method, exponent=exponent, capacities=capacities)
        document = accessibility(session, ask, on=on)
        areas = queries.areas_reported(session, on, request.area_code)
    if format_ is not None:
        write_content(ctx, render_accessibility(document, areas, format_, lang=lang).content, output)
    else:
        for note in access_notes(document, lang):
            click.echo(note)
        for table in access_tables(document, lang)[:-2]:
            click.echo(f"\n{table.title}")
            if len(table.rows) > MOST_ROWS:
                click.echo(text("accessibility.in_files", lang, rows=len(table.rows)))
            else:
                print_report_table(table, left=1 if len(table.columns) == 2 else 2)
