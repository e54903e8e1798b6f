"""``gridmgmt isochrone``."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.cli.context import database, print_table, say, settings_of, warn
from gridmgmt.cli.options import ON, OUTPUT, day_or_today
from gridmgmt.coverage.rules import WalkParts
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.texts import text
from gridmgmt.units import M2_PER_KM2
from gridmgmt.walking.rules import (
    BARRIER_KINDS,
    DEFAULT_AT,
    DEFAULT_CONNECTION_LIMIT_M,
    DEFAULT_PROFILE,
    make_question,
)

if TYPE_CHECKING:
    from gridmgmt.walking.isochrones import GuaranteedAreas

DEFAULT_MINUTES = 20.0


def _position(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> list[tuple[float, float]]:
    found = []
    for value in values:
        try:
            lon, lat = (float(part) for part in value.split(","))
        except ValueError as error:
            raise click.BadParameter(f"{value!r}: 121.4427,31.3406") from error
        found.append((lon, lat))
    return found


def _minutes(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[float, ...]:
    try:
        return () if value is None else tuple(float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: 5,10,15,20") from error


@click.command()
@click.option("--at", "spots", multiple=True, callback=_position, metavar="LON,LAT", help="A spot in degrees, WGS 84.")
@click.option("--point", "codes", multiple=True, metavar="CODE", help="An open service point; all without --at too.")
@click.option(
    "--type", "types", multiple=True, type=click.Choice([str(v) for v in ServicePointType]), help="Types of points."
)
@click.option("--minutes", type=float, default=DEFAULT_MINUTES, show_default=True, help="Limit of the walk.")
@click.option("--bands", callback=_minutes, metavar="5,10,15,20", help="Several limits in minutes, with their areas.")
@click.option("--profile", default=DEFAULT_PROFILE, show_default=True, help="Walking profile.")
@click.option("--time", "at", default=DEFAULT_AT, show_default=True, help="Day and time at which gates are looked at.")
@click.option(
    "--trip", type=click.Choice([str(trip) for trip in Trip]), default=str(Trip.TO_POINT), show_default=True,
    help="Which way is timed.",
)  # fmt: skip
@click.option(
    "--barrier", "barriers", multiple=True, type=click.Choice([str(kind) for kind in BARRIER_KINDS]),
    help="Land that closes the streets across it.",
)  # fmt: skip
@click.option("--scenario", help="Planned changes of the network.")
@click.option(
    "--connection-limit", "connection_limit_m", type=float, default=DEFAULT_CONNECTION_LIMIT_M, show_default=True,
    help="Farthest distance to a street, in metres.",
)  # fmt: skip
@ON
@click.option("--json", "as_json", is_flag=True, help="Print the areas as GeoJSON; so does -o without a table.")
@OUTPUT
@click.pass_context
def isochrone(
    ctx: click.Context,
    *,
    spots: list[tuple[float, float]],
    codes: tuple[str, ...],
    minutes: float,
    bands: tuple[float, ...],
    on: date | None,
    as_json: bool,
    output: Path | None,
    **walk: Unpack[WalkParts],
) -> None:
    """Draw the ground from which a spot is certainly, or possibly, reached in time, as GeoJSON.

    Every spot of "certain" ground is within the limit; every spot that is lies in "certain" or in "possible" ground.
    """
    from gridmgmt.walking.isochrones import geojson, guaranteed_areas, make_ask  # noqa: PLC0415 -- takes long to load

    ask = make_ask(bands or (minutes,), spots=spots, codes=codes)
    if codes and not walk.get("types"):
        walk["types"] = tuple(ServicePointType)
    question = make_question(day_or_today(on), **walk)
    with database(ctx) as session:
        found = guaranteed_areas(session, question, ask)
    content = json.dumps(geojson(found), ensure_ascii=False) + "\n"
    if output is None and as_json:
        click.echo(content, nl=False)
        return
    if output is not None:
        output.write_text(content, encoding="utf-8")
    _print_summary(ctx, found)
    if output is not None:
        say(ctx, "isochrones.written", file=output)


def _print_summary(ctx: click.Context, found: "GuaranteedAreas") -> None:
    lang = settings_of(ctx).lang
    header = [text(f"isochrones.header.{name}", lang) for name in ("class", "minutes", "km2")]
    rows = [
        [text(f"ground_class.{area.ground}", lang), f"{area.limit_s / 60:g}", f"{area.area_m2 / M2_PER_KM2:.4f}"]
        for area in found.areas
    ]
    print_table(header, rows)
    for target in found.targets:
        if not target.connected:
            warn(ctx, "isochrones.apart", code=target.code, distance_m=f"{target.distance_m:.0f}")
    if found.synthetic:
        warn(ctx, "isochrones.synthetic")
