"""``gridmgmt export``."""

from datetime import date
from pathlib import Path
from typing import get_args

import click

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cli.case_lists import export_cases
from gridmgmt.cli.context import database, print_json, say, settings_of, warn
from gridmgmt.cli.options import DAY, LEVEL
from gridmgmt.cli.progress import stage
from gridmgmt.clock import system_clock
from gridmgmt.exports.rules import ExportAsk, ExportCrs, ExportFormat, TextEncoding
from gridmgmt.exports.service import Exported, export_areas


@click.group("export")
def export() -> None:
    """Areas and cases as files."""


@export.command("areas")
@click.option("--level", required=True, type=LEVEL, help="Level of the areas.")
@click.option("--within", metavar="CODE", help="Only what lies in the area of this code.")
@click.option("--on", type=DAY, help="The day whose boundaries count; today if absent.")
@click.option("--edition", metavar="NAME", help="Instead of a day: a boundary edition, also a draft.")
@click.option("--format", "format_", type=click.Choice(get_args(ExportFormat)), required=True, help="Kind of file.")
@click.option(
    "--crs", type=click.Choice(get_args(ExportCrs)), default="wgs84", show_default=True, help="Coordinates; the zone "
    "is the CGCS2000 3-degree zone of the extent (EPSG:4549 and 4550 in Shanghai)."
)  # fmt: skip
@click.option(
    "--encoding", type=click.Choice(get_args(TextEncoding), case_sensitive=False), default="utf-8", show_default=True,
    help="Encoding of a Shapefile's texts.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File; a Shapefile's name "
    "ends in .zip or .shp."
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print what the file says of itself as JSON.")
@click.pass_context
def areas(  # noqa: PLR0913  each is an option of the command
    ctx: click.Context,
    *,
    level: AreaLevel,
    within: str | None,
    on: date | None,
    edition: str | None,
    format_: ExportFormat,
    crs: ExportCrs,
    encoding: TextEncoding,
    output: Path,
    as_json: bool,
) -> None:
    """Write the areas of a level to a file that names its datum and its editions."""
    ask = ExportAsk(level, format_, crs, on, edition, within, encoding)
    limit_m2 = settings_of(ctx).export_extent_m2
    with stage(ctx, "cli.stage_storing", file=output.name), database(ctx) as session:
        written = export_areas(session, ask, output, now=system_clock(), extent_limit_m2=limit_m2)
    for code, fields in written.warnings:
        warn(ctx, f"warning.{code}", **fields)
    if as_json:
        print_json(written.metadata)
    else:
        _tell(ctx, written)


export.add_command(export_cases)


def _tell(ctx: click.Context, written: Exported) -> None:
    said = written.metadata
    editions = "、".join(f"{edition['name']}" for edition in said["editions"])
    say(
        ctx,
        "cli.exported",
        count=written.count,
        file=written.path,
        datum=said["datum"],
        crs=said["crs"] or "-",
        editions=editions,
    )
    if said["renamed"]:
        say(ctx, "cli.export_renamed", names=", ".join(f"{old} → {new}" for old, new in said["renamed"].items()))
