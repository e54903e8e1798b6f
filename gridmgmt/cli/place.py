"""``gridmgmt place``."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.cli.context import actor, columns_of, database, print_table, say, settings_of, write_content
from gridmgmt.cli.options import JSON, ON, OUTPUT, day_or_today
from gridmgmt.crs import Datum
from gridmgmt.errors import InputError
from gridmgmt.placeability import rules
from gridmgmt.placeability.batch import ranked, read_candidates
from gridmgmt.placeability.card import PlaceabilityCard, canonical_json
from gridmgmt.placeability.service import place as place_one
from gridmgmt.placeability.service import place_many
from gridmgmt.reports.placeability import RANKED_MEDIA_TYPES, card_html, card_title, render_ranked
from gridmgmt.reports.placeability_tables import card_tables, ranked_table, terms_text
from gridmgmt.reports.tables import Table, cell_text
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.texts import text
from gridmgmt.walking.rules import BARRIER_KINDS


def _position(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[float, float] | None:
    if value is None:
        return None
    try:
        lon, lat = (float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: 121.4427,31.3406") from error
    return lon, lat


@click.command()
@click.option("--at", "position", callback=_position, metavar="LON,LAT", help="The spot, degrees in WGS 84.")
@click.option("--file", "path", type=click.Path(dir_okay=False, path_type=Path), help="Candidates: CSV, XLSX, GeoJSON.")
@click.option("--datum", type=click.Choice([str(v) for v in Datum]), help="Datum of the file's coordinates.")
@click.option(
    "--type", "type_", required=True, type=click.Choice([str(v) for v in ServicePointType]), help="What it would be."
)
@click.option(
    "--counts", "types", multiple=True, type=click.Choice([str(v) for v in ServicePointType]),
    help="Types of points that count as service today; all that elders walk to if absent.",
)  # fmt: skip
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="An attribute, as floor_area_m2=120.")
@click.option("--name", help="What the spot is called.")
@click.option("--minutes", type=float, default=rules.DEFAULT_MINUTES, show_default=True, help="Limit of the walk.")
@click.option("--profile", default=rules.DEFAULT_PROFILE, show_default=True, help="Walking profile.")
@click.option("--time", "at", default=rules.DEFAULT_TIME, show_default=True, help="Day and time of the week.")
@click.option("--trip", type=click.Choice([str(v) for v in Trip]), default="to_point", show_default=True)
@click.option("--barrier", "barriers", multiple=True, type=click.Choice([str(v) for v in BARRIER_KINDS]))
@click.option("--scenario", help="Planned changes to walk over.")
@click.option("--norm-set", "norms", multiple=True, help="Only these norm sets; all in force if absent.")
@click.option("--html", "as_html", is_flag=True, help="Write the card as a page.")
@ON
@JSON
@OUTPUT
@click.pass_context
def place(
    ctx: click.Context,
    /,
    *,
    position: tuple[float, float] | None,
    path: Path | None,
    output: Path | None,
    on: date | None,
    **options: Any,  # Any: click's options by name
) -> None:
    """Whether a spot is placeable for a new service point, with evidence; many candidates from a file, ranked."""
    if (position is None) == (path is None):
        raise click.UsageError("--at LON,LAT | --file FILE")
    terms = rules.make_terms(
        options["type_"],
        types=options["types"],
        minutes=options["minutes"],
        walk={name: options[name] for name in ("profile", "at", "trip", "barriers", "scenario")},
        norms=options["norms"],
    )
    day = day_or_today(on)
    if path is not None:
        _many(ctx, path, terms, day, output, options)
    elif position is not None:
        unknown = set(given := columns_of(options["given"], "set")) - set(rules.ATTRIBUTES)
        if unknown:
            known = ", ".join(rules.ATTRIBUTES)
            raise InputError("choice_unknown", field="set", value=", ".join(sorted(unknown)), known=known)
        candidate = rules.Candidate(*position, options["name"], rules.attributes_of(given))
        with database(ctx) as session:
            card = place_one(session, actor(), candidate, terms, on=day)
        _show(ctx, card, output, options)


def _many(
    ctx: click.Context, path: Path, terms: rules.Terms, on: date, output: Path | None, options: dict[str, Any]
) -> None:
    lang = settings_of(ctx).lang
    candidates = read_candidates(path, datum=None if options["datum"] is None else Datum(options["datum"]))
    with database(ctx) as session:
        ranking = ranked(place_many(session, actor(), candidates, terms, on=on))
    if output is None and not options["as_json"]:
        click.echo(text("place.ranking", lang))
        _print(ranked_table(ranking, lang))
        return
    suffix = "json" if output is None else output.suffix.removeprefix(".").lower()
    if suffix not in RANKED_MEDIA_TYPES:
        raise InputError("report_format_unknown", value=suffix, known=", ".join(RANKED_MEDIA_TYPES))
    write_content(ctx, render_ranked(ranking, suffix, lang).content, output)
    if output is not None:
        say(ctx, "cli.place_done", count=len(ranking))


def _show(ctx: click.Context, card: PlaceabilityCard, output: Path | None, options: dict[str, Any]) -> None:
    lang = settings_of(ctx).lang
    if options["as_html"]:
        write_content(ctx, card_html(card, lang).encode(), output)
    elif options["as_json"] or output is not None:
        write_content(ctx, (canonical_json(card) + "\n").encode(), output)
    else:
        click.echo(card_title(card, lang))
        click.echo(terms_text(card, lang))
        for table in card_tables(card, lang):
            click.echo()
            _print(table)


def _print(table: Table) -> None:
    header = [column.label for column in table.columns]
    rows = [
        [cell_text(column.kind, cell, modelled=False) for column, cell in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    print_table(header, rows, left=3)
