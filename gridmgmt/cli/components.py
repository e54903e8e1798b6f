"""``gridmgmt components``."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

import click

from gridmgmt.areas.queries import area_id_of
from gridmgmt.cli.context import actor, columns_of, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import DAY, JSON, ON, day_or_today
from gridmgmt.components import queries, service
from gridmgmt.components.queries import ComponentFilter, ComponentSummary
from gridmgmt.components.rules import ComponentState, scheme_of
from gridmgmt.components.service import ComponentChange
from gridmgmt.errors import InputError
from gridmgmt.texts import text

_STATE = click.Choice([str(state) for state in ComponentState])
_TYPE = click.option("--type", "type_", help="A type (four digits), or a class (two).")
_AREA = click.option("--area", metavar="CODE", help="Only what the area of this code holds.")
_LISTED = ("code", "type", "name", "state", "cell", "maintainer")


@click.group()
def components() -> None:
    """Register of managed components: manhole covers, lamps, trees and their like."""


@components.command("list")
@_TYPE
@_AREA
@click.option("--state", type=_STATE, help="Only in this state.")
@click.option("--cell", metavar="CODE", help="Only what was registered in this cell.")
@click.option("--search", "words", help="Part of the name, or beginning of the identifier.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="At most so many.")
@ON
@JSON
@click.pass_context
def list_components(  # noqa: PLR0913  each is an option of the command
    ctx: click.Context,
    *,
    type_: str | None,
    area: str | None,
    state: str | None,
    cell: str | None,
    words: str | None,
    limit: int,
    on: date | None,
    as_json: bool,
) -> None:
    """List components by identifier."""
    day = day_or_today(on)
    with database(ctx) as session:
        wanted = ComponentFilter(
            type_code=type_,
            area_id=area_id_of(session, area, day),
            state=ComponentState(state) if state else None,
            cell_code=cell,
            q=words,
        )
        found = queries.component_summaries(session, day, wanted, limit=limit)
    if as_json:
        print_json([asdict(each) for each in found])
    elif not found:
        say(ctx, "components.none", on=day)
    else:
        print_table(_header(ctx, *_LISTED), [_cells(ctx, each) for each in found], left=len(_LISTED))


@components.command()
@click.argument("code")
@ON
@JSON
@click.pass_context
def show(ctx: click.Context, code: str, *, on: date | None, as_json: bool) -> None:
    """Show a component with its history and its cases."""
    with database(ctx) as session:
        found = queries.component_on(session, code, day_or_today(on))
        past, cases = queries.history(session, code), queries.cases_of(session, code)
    if as_json:
        told = {"history": [asdict(each) for each in past], "cases": [asdict(each) for each in cases]}
        print_json({**asdict(found), **told})
        return
    lang = settings_of(ctx).lang
    print_table(_header(ctx, *_LISTED, "owner"), [[*_cells(ctx, found), found.owner_code or "-"]], left=7)
    say(ctx, "components.at", lon=f"{found.lon:.6f}", lat=f"{found.lat:.6f}", geometry=found.geometry_type)
    rows = [
        [
            str(each.valid_from),
            str(each.valid_to or "-"),
            text(f"component_state.{each.state}", lang),
            each.reason or "-",
        ]
        for each in past
    ]
    print_table(_header(ctx, "from", "to", "state", "reason"), rows, left=4)
    if cases:
        lines = [
            [each.case_no, each.type, text(f"case_state.{each.state}", lang), f"{each.reported_at:%Y-%m-%d %H:%M}"]
            for each in cases
        ]
        print_table(_header(ctx, "case", "type", "state", "reported_at"), lines, left=4)


@components.command()
@_TYPE
@_AREA
@ON
@JSON
@click.pass_context
def counts(ctx: click.Context, *, type_: str | None, area: str | None, on: date | None, as_json: bool) -> None:
    """Count components by cell, type and state."""
    day = day_or_today(on)
    with database(ctx) as session:
        wanted = ComponentFilter(type_code=type_, area_id=area_id_of(session, area, day))
        found = queries.component_counts(session, day, wanted)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    lang = settings_of(ctx).lang
    rows = [
        [each.cell_code or "-", each.type_code, text(f"component_state.{each.state}", lang), str(each.components)]
        for each in found
    ]
    print_table(_header(ctx, "cell", "type", "state", "components"), rows, left=3)


@components.command()
@click.argument("code")
@click.option("--state", type=_STATE)
@click.option("--name")
@click.option("--owner", "owner_code", metavar="CODE", help="The department that it belongs to.")
@click.option("--maintainer", "maintainer_code", metavar="CODE", help="The department that keeps it in order.")
@click.option("--removed-on", type=DAY)
@click.option("--reason", help="Why.")
@click.option("--from", "on", type=DAY, help="The first day; today if absent.")
@click.pass_context
def change(
    ctx: click.Context, /, code: str, *, on: date | None, reason: str | None, **facts: str | date | None
) -> None:
    """Change what the register says of a component from a day on."""
    given = {name: value for name, value in facts.items() if value is not None}
    if "state" in given:
        given["state"] = ComponentState(str(given["state"]))
    day = day_or_today(on)
    with database(ctx) as session:
        service.change(session, actor(), code, ComponentChange(given, day, reason))
    say(ctx, "components.changed", code=code, on=day)


@components.command()
@click.argument("segments", nargs=-1, metavar="[PART=DIGITS]...")
@click.option("--name", default="own", show_default=True, help="What to call the scheme.")
@click.option("--source", default="-", help="The standard or notice that has it.")
@JSON
@click.pass_context
def scheme(ctx: click.Context, segments: Sequence[str], *, name: str, source: str, as_json: bool) -> None:
    """Show the scheme of identifiers, or set it: county=6 major=2 minor=2 serial=6."""
    with database(ctx) as session:
        if segments:
            try:
                digits = {part: int(each) for part, each in columns_of(segments, "segments").items()}
                wanted = scheme_of(name, digits)
            except ValueError as error:
                given = " ".join(segments)
                raise InputError("component_scheme_malformed", field="segments", value=given) from error
            service.use_scheme(session, actor(), wanted, source=source)
        found = queries.scheme_in_use(session)
    if as_json:
        print_json({"name": found.name, "segments": {str(part): count for part, count in found.segments}})
    else:
        say(ctx, "components.scheme", name=found.name, form=found.form)


def _cells(ctx: click.Context, found: ComponentSummary) -> list[str]:
    return [
        found.code,
        found.type_code,
        found.name or "-",
        text(f"component_state.{found.state}", settings_of(ctx).lang),
        found.cell_code or "-",
        found.maintainer_code or "-",
    ]


def _header(ctx: click.Context, *names: str) -> list[str]:
    return [text(f"components.header.{name}", settings_of(ctx).lang) for name in names]
