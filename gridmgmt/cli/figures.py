"""``gridmgmt import figures``: numbers known for whole areas only."""

from datetime import date
from pathlib import Path

import click

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cli.context import actor, columns_of, print_json, say, sessions
from gridmgmt.cli.options import DAY, JSON, LEVEL
from gridmgmt.cli.progress import stage
from gridmgmt.cli.refused import telling_refused
from gridmgmt.db import transaction
from gridmgmt.ingest.figures import read_figures
from gridmgmt.statistics.service import FigureLabels, record_figures


@click.command("figures")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--figure", required=True, help="Name of the figure with its unit: residents, published_area_m2 …")
@click.option("--level", required=True, type=LEVEL, help="Level of the areas.")
@click.option("--counted-on", required=True, type=DAY, help="The day that the numbers describe.")
@click.option("--areas-on", type=DAY, help="The day whose boundaries they were counted within; --counted-on if absent.")
@click.option("--source", required=True, help="Who says so; shown beside every number.")
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Column of a role (code, value).")
@click.option("--encoding", help="Encoding of the file's texts.")
@click.option("--layer", help="Layer of a file that holds several.")
@click.option("--refused", type=click.Path(path_type=Path), help="Where to write the refused rows.")
@JSON
@click.pass_context
def import_figures(  # noqa: PLR0913  each is an option of the command
    ctx: click.Context,
    file: Path,
    *,
    figure: str,
    level: AreaLevel,
    counted_on: date,
    areas_on: date | None,
    source: str,
    columns: tuple[str, ...],
    encoding: str | None,
    layer: str | None,
    refused: Path | None,
    as_json: bool,
) -> None:
    """Take a number for each of many areas: CSV, XLSX or a vector file with a code and a value in each row."""
    labels = FigureLabels(figure, level, counted_on, areas_on or counted_on, source)
    named = columns_of(columns, "column")
    with telling_refused(ctx, file, refused), stage(ctx, "cli.stage_reading", file=file.name):
        rows = read_figures(file, columns=named, encoding=encoding, layer=layer)
    with telling_refused(ctx, file, refused), sessions(ctx) as factory, transaction(factory) as session:
        found = record_figures(session, actor(), rows, labels)
    if as_json:
        print_json({"figure": figure, "read": found.read, "added": found.added, "unchanged": found.unchanged})
    else:
        say(ctx, "statistics.recorded", figure=figure, read=found.read, added=found.added, unchanged=found.unchanged)
