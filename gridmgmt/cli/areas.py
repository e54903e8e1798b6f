"""``gridmgmt areas``: look-ups in the hierarchy."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime

import click

from gridmgmt.areas import queries
from gridmgmt.cli.context import database, print_json, print_table, settings_of
from gridmgmt.clock import local_date, system_clock
from gridmgmt.editions.queries import editions as all_editions
from gridmgmt.texts import text
from gridmgmt.units import M2_PER_KM2

_ON = click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day to look at; today if absent.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def areas() -> None:
    """Areas and their boundary editions."""


def _day(on: datetime | None) -> date:
    return on.date() if on else local_date(system_clock())


@areas.command()
@_JSON
@click.pass_context
def editions(ctx: click.Context, *, as_json: bool) -> None:
    """List every edition of every subject."""
    columns = ("subject", "part", "name", "state", "valid_from", "valid_to", "datum", "synthetic", "source")
    with database(ctx) as session:
        rows = [{name: getattr(edition, name) for name in columns} for edition in all_editions(session)]
    if as_json:
        print_json(rows)
    else:
        print_table(
            columns, ([str(row[name] if row[name] is not None else "-") for name in columns] for row in rows), left=9
        )


@areas.command()
@click.argument("code")
@_ON
@_JSON
@click.pass_context
def show(ctx: click.Context, code: str, on: datetime | None, *, as_json: bool) -> None:
    """Show the area of CODE."""
    with database(ctx) as session:
        found = queries.area_summary(session, code, _day(on))
    _print_areas(ctx, [found], as_json=as_json)


@areas.command()
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@_ON
@_JSON
@click.pass_context
def at(ctx: click.Context, lon: float, lat: float, on: datetime | None, *, as_json: bool) -> None:
    """Show the areas that hold the point LON LAT, from the district down."""
    with database(ctx) as session:
        found = queries.areas_at(session, lon, lat, _day(on))
    _print_areas(ctx, found, as_json=as_json)


def _print_areas(ctx: click.Context, found: Sequence[queries.AreaSummary], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(area) for area in found])
        return
    lang = settings_of(ctx).lang
    header = [text(f"cli.area_{name}", lang) for name in ("level", "code", "name", "parent", "edition", "km2")]
    rows = (
        [
            text(f"level.{area.level}", lang),
            area.code,
            area.name,
            area.parent_code or "-",
            area.edition,
            f"{area.area_m2 / M2_PER_KM2:,.4f}",
        ]
        for area in found
    )
    print_table(header, rows, left=5)
