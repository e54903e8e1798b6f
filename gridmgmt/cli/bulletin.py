"""``gridmgmt bulletin``: the month of cases as a document."""

from pathlib import Path

import click

from gridmgmt.cli.context import database, settings_of, write_content
from gridmgmt.cli.options import OUTPUT
from gridmgmt.clock import system_clock


@click.command()
@click.argument("month", metavar="MONTH")
@click.option("--area", help="Code of a district or town; all cases if absent.")
@click.option(
    "--format", "format_", type=click.Choice(["html", "pdf", "xlsx", "json"]), default="html", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--address", default="", help="Of the server whose lists the numbers of the page open, as http://127.0.0.1:8000."
)
@OUTPUT
@click.pass_context
def bulletin(
    ctx: click.Context,
    *,
    month: str,
    area: str | None,
    format_: str,
    as_json: bool,
    address: str,
    output: Path | None,
) -> None:
    """Write the bulletin of a month such as 2026-10: counts, rates, sources, types, areas and bodies."""
    # They take a second to load, and the list of commands does not need them.
    from gridmgmt.reports.bulletin import render_bulletin  # noqa: PLC0415
    from gridmgmt.reports.bulletin_document import make_bulletin  # noqa: PLC0415

    lang = settings_of(ctx).lang
    with database(ctx) as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        made = make_bulletin(session, month, area, now=system_clock(), lang=lang)
    rendered = render_bulletin(made, "json" if as_json else format_, lang, address=address.rstrip("/"))
    write_content(ctx, rendered.content, output)
