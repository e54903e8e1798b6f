"""``gridmgmt areas``: look-ups in the hierarchy, and the life of its boundary editions."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

import click

from gridmgmt.areas import queries
from gridmgmt.boundaries.queries import EditionOverview, Fate, Passage, lineage, statuses, what_became_of
from gridmgmt.boundaries.rules import Direction
from gridmgmt.cli import area_editions, area_edits
from gridmgmt.cli.context import database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import COORDINATES, JSON, LEVEL, ON, day_or_today
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import editions as all_editions
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.texts import text
from gridmgmt.units import M2_PER_KM2


@click.group()
def areas() -> None:
    """Areas and their boundary editions."""


for _command in (*area_edits.COMMANDS, *area_editions.COMMANDS):
    areas.add_command(_command)


@areas.command()
@ON
@JSON
@click.pass_context
def editions(ctx: click.Context, on: date | None, *, as_json: bool) -> None:
    """List every edition of every subject; those of boundaries with how far they are."""
    with database(ctx) as session:
        boundaries = {edition.name: edition for edition in statuses(session, day_or_today(on))}
        rows = [_edition_row(edition, boundaries.get(edition.name)) for edition in all_editions(session)]
    if as_json:
        print_json(rows)
        return
    columns = (
        "subject",
        "part",
        "name",
        "status",
        "planned_from",
        "valid_from",
        "valid_to",
        "datum",
        "synthetic",
        "source",
    )
    print_table(
        columns, ([str(row[name] if row[name] is not None else "-") for name in columns] for row in rows), left=10
    )


def _edition_row(edition: Edition, boundary: EditionOverview | None) -> dict[str, object]:
    plain = (
        "subject",
        "part",
        "name",
        "state",
        "planned_from",
        "valid_from",
        "valid_to",
        "datum",
        "synthetic",
        "source",
    )
    row = {name: getattr(edition, name) for name in plain} | {"status": edition.state}
    if boundary is None or edition.subject != Subject.AREAS:
        return row
    return row | {name: value for name, value in asdict(boundary).items() if name not in plain}


@areas.command()
@click.argument("code")
@ON
@JSON
@click.pass_context
def show(ctx: click.Context, code: str, on: date | None, *, as_json: bool) -> None:
    """Show the area of CODE; of a code that is retired, what became of it."""
    with database(ctx) as session:
        found = _area_or_fate(session, code, day_or_today(on))
    if isinstance(found, Fate):
        _print_fate(ctx, found, as_json=as_json)
    else:
        _print_areas(ctx, [found], as_json=as_json)


def _area_or_fate(session: Session, code: str, on: date) -> queries.AreaSummary | Fate:
    try:
        return queries.area_summary(session, code, on)
    except NotFoundError:
        return what_became_of(session, code, on)


@areas.command(context_settings=dict(COORDINATES))
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@ON
@JSON
@click.pass_context
def at(ctx: click.Context, lon: float, lat: float, on: date | None, *, as_json: bool) -> None:
    """Show the areas that hold the point LON LAT, from the district down."""
    with database(ctx) as session:
        found = queries.areas_at(session, lon, lat, day_or_today(on))
    _print_areas(ctx, found, as_json=as_json)


@areas.command("lineage")
@click.argument("code")
@click.option("--level", type=LEVEL, help="The level of the code; found by itself where it is in force or was.")
@click.option("--backward", is_flag=True, help="Where the code came from, not what came of it.")
@ON
@JSON
@click.pass_context
def show_lineage(
    ctx: click.Context, code: str, level: str | None, on: date | None, *, backward: bool, as_json: bool
) -> None:
    """Show what came of CODE through all boundary editions, or where it came from."""
    direction = Direction.BACKWARD if backward else Direction.FORWARD
    with database(ctx) as session:
        found = lineage(session, level or _level_of(session, code, day_or_today(on)), code, direction)
    if as_json:
        print_json([asdict(passage) for passage in found])
    elif found:
        _print_passages(ctx, found)
    else:
        say(ctx, f"cli.lineage_none_{direction}", code=code)


def _level_of(session: Session, code: str, on: date) -> str:
    found = _area_or_fate(session, code, on)
    return found.last.level if isinstance(found, Fate) else found.level


def _print_passages(ctx: click.Context, found: Sequence[Passage]) -> None:
    lang = settings_of(ctx).lang
    names = ("edition", "from_day", "from", "to", "m2", "share_of_from", "share_of_to")
    rows = (
        [
            p.edition,
            str(p.valid_from),
            f"{text(f'level.{p.from_level}', lang)} {p.from_code} {p.from_name}",
            f"{text(f'level.{p.to_level}', lang)} {p.to_code} {p.to_name}",
            f"{p.area_m2:,.0f}",
            f"{p.share_of_from:.2%}",
            f"{p.share_of_to:.2%}",
        ]
        for p in found
    )
    print_table([text(f"cli.lineage_{name}", lang) for name in names], rows, left=4)


def _print_fate(ctx: click.Context, fate: Fate, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(fate))
        return
    say(ctx, "cli.code_ended", code=fate.last.code, name=fate.last.name, on=fate.ended_on, edition=fate.ended_by)
    if not fate.successors:
        say(ctx, "cli.code_without_successor")
        return
    lang = settings_of(ctx).lang
    names = ("area_level", "area_code", "area_name", "lineage_m2", "lineage_share_of_from", "lineage_share_of_to")
    rows = (
        [
            text(f"level.{s.level}", lang),
            s.code,
            s.name,
            f"{s.area_m2:,.0f}",
            f"{s.share_of_from:.2%}",
            f"{s.share_of_to:.2%}",
        ]
        for s in fate.successors
    )
    print_table([text(f"cli.{name}", lang) for name in names], rows, left=3)


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
