"""``gridmgmt norms``."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import DAY, JSON, ON, day_or_today
from gridmgmt.placeability import queries
from gridmgmt.placeability.models import NormSet
from gridmgmt.placeability.norms import COLUMNS, import_norms, set_of
from gridmgmt.texts import text


@click.group()
def norms() -> None:
    """Norm sets: what a service point must keep, with editions."""


@norms.command(name="list")
@click.option("--all", "all_editions", is_flag=True, help="All editions, not only those in force.")
@ON
@JSON
@click.pass_context
def list_(ctx: click.Context, *, all_editions: bool, on: date | None, as_json: bool) -> None:
    """List the norm sets in force on a day."""
    with database(ctx) as session:
        found = queries.norm_sets(session, None if all_editions else day_or_today(on))
        if as_json:
            print_json([_head(each) for each in found])
            return
        header = [text(f"cli.norm_{name}", settings_of(ctx).lang) for name in ("name", "edition", "from", "count")]
        rows = [[each.name, each.edition, str(each.valid_from), str(len(each.norms))] for each in found]
        print_table(header, rows, left=3)


@norms.command()
@click.argument("name")
@click.option("--edition", help="This edition; the one in force if absent.")
@ON
@JSON
@click.pass_context
def show(ctx: click.Context, name: str, *, edition: str | None, on: date | None, as_json: bool) -> None:
    """Show the norms of a set."""
    with database(ctx) as session:
        found = set_of(session, name, edition, day_or_today(on))
        if as_json:
            print_json({**_head(found), "norms": [{c: getattr(row, c) for c in COLUMNS} for row in found.norms]})
            return
        lang = settings_of(ctx).lang
        click.echo(f"{found.title} · {found.edition} · {found.valid_from}")
        rows = [
            [
                text(f"norm_item.{row.item}", lang),
                ", ".join(text(f"point_type.{type_}", lang) for type_ in row.types) or text("cli.norm_all_types", lang),
                "" if row.least is None else f"{row.least:g}",
                "" if row.most is None else f"{row.most:g}",
                text(f"verdict.{row.severity}", lang),
                row.evidence,
                row.source,
            ]
            for row in found.norms
        ]
        print_table([text(f"cli.norm_{column}", lang) for column in COLUMNS], rows, left=2)


@norms.command(name="import")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--name", required=True, help="Name of the set.")
@click.option("--edition", required=True, help="Name of the edition.")
@click.option("--title", help="What people call it; the name if absent.")
@click.option("--valid-from", type=DAY, required=True, help="The day from which it is in force.")
@click.pass_context
def import_(ctx: click.Context, path: Path, *, name: str, edition: str, title: str | None, valid_from: date) -> None:
    """Take in a table of norms: item, types, least, most, severity, evidence, source."""
    with database(ctx) as session:
        found, new = import_norms(
            session, actor(), path, name=name, edition=edition, title=title, valid_from=valid_from
        )
        if new:
            say(ctx, "cli.norms_taken", name=name, edition=edition, count=len(found.norms), on=valid_from)
        else:
            say(ctx, "cli.norms_known", name=name, edition=edition)


def _head(found: NormSet) -> dict[str, Any]:
    return {
        "name": found.name, "edition": found.edition, "title": found.title, "valid_from": found.valid_from,
        "norms_count": len(found.norms),
    }  # fmt: skip
