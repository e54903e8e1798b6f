"""``gridmgmt scenarios``."""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import DAY, JSON, day_or_today
from gridmgmt.errors import InputError
from gridmgmt.texts import text
from gridmgmt.walking import queries
from gridmgmt.walking.edits import as_json as edits_json
from gridmgmt.walking.edits import read_edits
from gridmgmt.walking.queries import Planned

_HEADER = ("name", "version", "owner", "edits", "network", "saved_at")


@click.group()
def scenarios() -> None:
    """Scenarios: planned changes of the network and of service points."""


@scenarios.command("list")
@JSON
@click.pass_context
def list_scenarios(ctx: click.Context, *, as_json: bool) -> None:
    """List the scenarios with their last version."""
    with database(ctx) as session:
        found = [queries.planned(session, each.name) for each in queries.scenarios(session)]
    _print(ctx, found, plain=as_json)


@scenarios.command()
@click.argument("name")
@click.pass_context
def show(ctx: click.Context, name: str) -> None:
    """Show the edits of a scenario as JSON, of the last version or of NAME@VERSION; `save` reads them again."""
    with database(ctx) as session:
        print_json(edits_json(queries.planned(session, name).edits))


@scenarios.command()
@click.argument("name")
@JSON
@click.pass_context
def versions(ctx: click.Context, name: str, *, as_json: bool) -> None:
    """List the versions of a scenario, the last one first."""
    with database(ctx) as session:
        found = queries.versions_of(session, queries.planned(session, name).scenario_id)
    _print(ctx, found, plain=as_json)


@scenarios.command()
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--on", type=DAY, help="The day whose network is changed; today if absent.")
@click.option("--seen", "seen_version", type=click.IntRange(1), help="Refuse when a later version than this is there.")
@click.pass_context
def save(ctx: click.Context, name: str, file: Path, on: date | None, seen_version: int | None) -> None:
    """Save the edits of FILE under a name: a JSON list, or GeoJSON whose features have a `kind` each.

    Kinds: add_path, close_street, add_gate, move_gate, set_gate, add_point, move_point, close_point.
    """
    from gridmgmt.walking.scenarios import save as save_scenario  # noqa: PLC0415 -- compiles for seconds

    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise InputError("scenario_document_invalid", field="edits", value=f"{file.name}: {error}") from error
    edits = read_edits(document)
    with database(ctx) as session:
        saved = save_scenario(session, actor(), name, edits, on=day_or_today(on), seen_version=seen_version)
    say(ctx, "scenarios.saved", name=name, version=saved.version, edits=len(edits), network=saved.network_edition)


@scenarios.command()
@click.argument("name")
@click.pass_context
def delete(ctx: click.Context, name: str) -> None:
    """Delete a scenario; what was computed with it stays."""
    from gridmgmt.walking.scenarios import delete as delete_scenario  # noqa: PLC0415 -- as above

    with database(ctx) as session:
        delete_scenario(session, actor(), name)
    say(ctx, "scenarios.deleted", name=name)


def _print(ctx: click.Context, found: list[Planned], *, plain: bool) -> None:
    lang = settings_of(ctx).lang
    if plain:
        print_json([{**_without_edits(each), "edits": edits_json(each.edits)} for each in found])
    elif not found:
        say(ctx, "scenarios.none")
    else:
        rows = (
            [
                each.name,
                str(each.version),
                each.owner,
                str(len(each.edits)),
                each.network_edition,
                f"{each.saved_at:%Y-%m-%d %H:%M}",
            ]
            for each in found
        )
        print_table([text(f"scenarios.header.{name}", lang) for name in _HEADER], rows)


def _without_edits(planned: Planned) -> dict[str, Any]:
    return {name: value for name, value in asdict(planned).items() if name != "edits"}
