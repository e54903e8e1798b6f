"""``gridmgmt grids``, ``import posts``, ``import grids``: officer posts, responsibility grids, workload and balance."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import click

from gridmgmt.cli.context import actor, columns_of, database, print_json, print_table, say, settings_of, write_content
from gridmgmt.cli.options import COORDINATES, DAY, JSON, ON, OUTPUT, day_or_today
from gridmgmt.cli.refused import telling_refused
from gridmgmt.clock import LOCAL_ZONE, system_clock
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.hours import text_of_rules
from gridmgmt.ingest.grids import GridRow, PostRow, read_grids, read_posts
from gridmgmt.ingest.intake import require_whole
from gridmgmt.responsibility import queries, service
from gridmgmt.responsibility.models import GridKind
from gridmgmt.responsibility.rules import NewPost
from gridmgmt.texts import Language, text

_KIND = click.option("--kind", default="inspection", show_default=True, help="Kind of the grids.")
_AREA = click.option("--area", metavar="CODE", help="Only the cells in the area of this code.")
_FORMAT = click.option(
    "--format", "format_", type=click.Choice(["json", "csv", "xlsx", "html"]), help="A table if absent."
)


@click.group("grids")
def grids() -> None:
    """Responsibility grids: cells with an officer post, workload, balance."""


def _header(lang: Language, *names: str) -> list[str]:
    return [text(f"grids.header.{name}", lang) for name in names]


def _measured(command: Callable[..., None]) -> Callable[..., None]:
    """Add the days and weights of a workload, passed as ``asked``, the arguments of what computes it."""
    options = (
        click.option("--begins", type=DAY, help="Only cases reported from this day on."),
        click.option("--ends", type=DAY, help="Only cases reported before this day; today if absent."),
        click.option(
            "--weight", "weights", multiple=True, metavar="MEASURE=NUMBER",
            help="Weight of cases, residents_60_plus, street_m or area_m2; of the others the usual one.",
        ),
    )  # fmt: skip

    def with_asked(*args: Any, **kwargs: Any) -> None:  # Any: click passes what the options say
        given = {name: kwargs.pop(name) for name in ("begins", "ends", "weights")}
        command(*args, asked=_asked(**given), **kwargs)

    with_asked.__name__, with_asked.__doc__ = command.__name__, command.__doc__
    for option in reversed(options):
        with_asked = option(with_asked)
    return with_asked


def _asked(begins: date | None, ends: date | None, weights: Sequence[str]) -> dict[str, Any]:
    from gridmgmt.responsibility.workload import MEASURES, Weights  # noqa: PLC0415 -- takes seconds to load
    from gridmgmt.statistics.rules import Period  # noqa: PLC0415 -- as above

    given = columns_of(weights, "weight")
    unknown = sorted(given.keys() - set(MEASURES))
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r}: {', '.join(MEASURES)}", param_hint="--weight")
    try:
        numbers = {name: float(value) for name, value in given.items()}
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--weight") from error
    period = None if begins is None else Period(begins, day_or_today(ends))
    return {"period": period, "weights": Weights(**numbers)}


@grids.command()
@JSON
@click.pass_context
def kinds(ctx: click.Context, *, as_json: bool) -> None:
    """List the kinds of responsibility grids."""
    with database(ctx) as session:
        found = queries.kinds(session)
    if as_json:
        names = ("code", "name_zh", "name_en", "required_hours")
        print_json([{name: getattr(kind, name) for name in names} for kind in found])
        return
    lang = settings_of(ctx).lang
    print_table(
        _header(lang, "kind", "name", "hours"),
        [[kind.code, _name(kind, lang), text_of_rules(kind.required_hours or {})] for kind in found],
        left=3,
    )


@grids.command()
@ON
@click.option("--kind", help="Only this kind.")
@JSON
@click.pass_context
def posts(ctx: click.Context, on: date | None, kind: str | None, *, as_json: bool) -> None:
    """List officer posts; never who fills them."""
    with database(ctx) as session:
        found = queries.posts(session, day_or_today(on), kind=kind)
    names = ("code", "name", "kind", "body", "valid_from", "valid_to")
    if as_json:
        print_json([{name: getattr(post, name) for name in names} for post in found])
    else:
        header = _header(settings_of(ctx).lang, *names[:4])
        print_table(header, [[getattr(post, name) for name in names[:4]] for post in found], left=4)


@grids.command("list")
@ON
@click.option("--kind", help="Only this kind.")
@JSON
@click.pass_context
def list_(ctx: click.Context, on: date | None, kind: str | None, *, as_json: bool) -> None:
    """List responsibility grids."""
    with database(ctx) as session:
        found = queries.grids(session, day_or_today(on), kind=kind)
    if as_json:
        print_json([asdict(grid) for grid in found])
        return
    rows = [
        [
            g.kind,
            g.code,
            g.name,
            g.post or "-",
            g.backup or "-",
            text_of_rules(g.hours),
            str(g.cells),
            f"{g.area_m2:.0f}",
        ]
        for g in found
    ]
    names = ("kind", "code", "name", "post", "backup", "hours", "cells", "area_m2")
    print_table(_header(settings_of(ctx).lang, *names), rows, left=6)


@grids.command()
@click.argument("code")
@ON
@JSON
@click.pass_context
def show(ctx: click.Context, code: str, on: date | None, *, as_json: bool) -> None:
    """Show one grid with its cells and its history."""
    with database(ctx) as session:
        grid = queries.grid_summary(session, code, day_or_today(on))
        cells, past = queries.cells_of_grid(session, code, day_or_today(on)), queries.history(session, code)
        names = ("name", "post_code", "backup_code", "hours", "valid_from", "valid_to")
        rows = [{name: getattr(row, name) for name in names} for row in past.grid]
        moves = [{name: getattr(m, name) for name in ("cell_code", "valid_from", "valid_to")} for m in past.members]
    if as_json:
        print_json({**asdict(grid), "cells": cells, "history": rows, "members": moves})
        return
    lines = {name: getattr(grid, name) for name in ("code", "name", "kind", "post", "backup", "valid_from")}
    lines |= {"area_m2": f"{grid.area_m2:.0f}", "hours": text_of_rules(grid.hours)}
    header = _header(settings_of(ctx).lang, *lines)
    shown = [[name, str(value or "-")] for name, value in zip(header, lines.values(), strict=True)]
    print_table(["", ""], shown, left=2)
    for cell in cells:
        click.echo(cell)


@grids.command()
@_KIND
@ON
@JSON
@click.pass_context
def cover(ctx: click.Context, kind: str, on: date | None, *, as_json: bool) -> None:
    """Check that every cell is in one grid, and every grid whole, with posts and the hours laid down."""
    from gridmgmt.responsibility.cover import FINDINGS, cover_check  # noqa: PLC0415 -- takes seconds to load

    with database(ctx) as session:
        found = cover_check(session, kind, day_or_today(on))
    document = asdict(found) | {"findings": found.findings}
    if as_json:
        print_json(document)
        return
    say(ctx, "grids.cover", kind=kind, on=found.on, cells=found.cells, grids=found.grids, findings=found.findings)
    for name in FINDINGS:
        for each in document[name]:
            shown = each if isinstance(each, str) else " ".join(str(value) for value in each.values())
            say(ctx, f"grids.finding.{name}", value=shown)


@grids.command("workload")
@_KIND
@ON
@_AREA
@_FORMAT
@JSON
@OUTPUT
@_measured
@click.pass_context
def workload_(
    ctx: click.Context,
    kind: str,
    on: date | None,
    area: str | None,
    asked: dict[str, Any],
    format_: str | None,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    """Show cases, residents, streets and land of each grid, weighed together, and how even they are."""
    from gridmgmt.reports.responsibility import (  # noqa: PLC0415 -- takes seconds to load
        balance_table,
        grids_table,
        notes,
        render_workload,
    )
    from gridmgmt.responsibility.workload import workload  # noqa: PLC0415 -- as above

    lang = settings_of(ctx).lang
    with database(ctx) as session:
        found = workload(session, kind, day_or_today(on), area=area, **asked)
        name, synthetic = _name(queries.kind_of_code(session, kind), lang), holds_synthetic(session) is True
    if as_json or format_:
        form = "json" if as_json else cast("str", format_)
        write_content(ctx, render_workload(found, name, form, lang=lang, synthetic=synthetic).content, output)
        return
    _tell(notes(found, lang), [grids_table(found, lang), balance_table([found], lang)])


@grids.command()
@_KIND
@ON
@_AREA
@click.option(
    "--keep", type=click.Choice(["residential_quarter", "town", "district"]), default="town", show_default=True,
    help="The level of areas whose borders no grid may cross.",
)  # fmt: skip
@click.option("--most-moves", type=click.IntRange(0), help="Let only so many cells change their grid.")
@click.option("--accept", is_flag=True, help="Put the proposal in force.")
@click.option("--from", "begins_on", type=DAY, help="With --accept: the first day; today if absent.")
@_FORMAT
@JSON
@OUTPUT
@_measured
@click.pass_context
def balance(ctx: click.Context, /, kind: str, on: date | None, **given: Any) -> None:  # Any: what click passes
    """Propose a division into the same grids that shares the workload more evenly, before and after side by side."""
    from gridmgmt.reports.responsibility import (  # noqa: PLC0415 -- takes seconds to load
        balance_table,
        loads_table,
        proposal_notes,
        render_proposal,
    )
    from gridmgmt.responsibility.proposals import propose  # noqa: PLC0415 -- as above

    lang = settings_of(ctx).lang
    with database(ctx) as session:
        found = propose(
            session, kind, day_or_today(on), area=given["area"], keep=given["keep"], most_moves=given["most_moves"],
            **given["asked"],
        )  # fmt: skip
        name, synthetic = _name(queries.kind_of_code(session, kind), lang), holds_synthetic(session) is True
        if given["accept"]:
            service.move_cells(session, actor(), kind, found.wanted, day_or_today(given["begins_on"]))
    if given["as_json"] or given["format_"]:
        form = "json" if given["as_json"] else given["format_"]
        write_content(ctx, render_proposal(found, name, form, lang=lang, synthetic=synthetic).content, given["output"])
    else:
        _tell(proposal_notes(found, lang), [balance_table([found.before, found.after], lang), loads_table(found, lang)])
    if given["accept"]:
        say(ctx, "grids.accepted", cells=len(found.moves), on=day_or_today(given["begins_on"]))


@grids.command(context_settings=dict(COORDINATES))
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]), help="The moment, local time; now if absent."
)
@JSON
@click.pass_context
def who(ctx: click.Context, lon: float, lat: float, at: datetime | None, *, as_json: bool) -> None:
    """Tell who answers for a position (WGS 84) at a moment, by kind of grid."""
    from gridmgmt.responsibility.duty import who_is_responsible  # noqa: PLC0415 -- takes seconds to load

    moment = system_clock() if at is None else at.replace(tzinfo=LOCAL_ZONE)
    with database(ctx) as session:
        found = who_is_responsible(session, moment, lonlat=(lon, lat))
    if as_json:
        print_json(asdict(found))
        return
    if found.cell is None:
        say(ctx, "grids.no_cell_here", on=found.on)
        return
    say(ctx, "grids.cell_here", cell=found.cell)
    for each in found.kinds.values():
        duty = {None: "unknown", True: "on", False: "off"}[each.on_duty]
        names = {role: post.name if (post := getattr(each, role)) else "—" for role in ("post", "backup")}
        say(ctx, f"grids.duty.{duty}", kind=each.kind, grid=each.grid, **names)


def _file_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.argument("file", type=click.Path(path_type=Path)),
        click.option("--from", "begins", type=DAY, help="First day; today if absent."),
        click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Column of a role."),
        click.option("--encoding", help="Encoding of the file's texts."),
        click.option("--refused", type=click.Path(path_type=Path), help="Where to write the refused rows."),
        JSON,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command("posts")
@_file_options
@click.pass_context
def import_posts(ctx: click.Context, /, **given: Any) -> None:  # Any: as above
    """Take officer posts: CSV or XLSX with code, name, kind, body; whole or not at all, never with persons."""

    def store(session: Session, rows: Sequence[PostRow], begins: date, source: str) -> service.PostsOutcome:
        news = [(r.row, NewPost(r.code, r.name, r.kind, r.body, begins)) for r in rows]
        return service.import_posts(session, actor(), news, source=source)

    _take(ctx, read_posts, store, "grids.posts_imported", **given)


@click.command("grids")
@_file_options
@click.pass_context
def import_grids(ctx: click.Context, /, **given: Any) -> None:  # Any: as above
    """Take responsibility grids: CSV or XLSX, a cell in each row; whole or not at all."""

    def store(session: Session, rows: Sequence[GridRow], begins: date, source: str) -> service.GridsOutcome:
        return service.import_grids(session, actor(), rows, begins, source=source)

    _take(ctx, read_grids, store, "grids.grids_imported", **given)


def _take(
    ctx: click.Context, read: Callable[..., Any], store: Callable[..., Any], told: str, /, **given: Any
) -> None:  # Any: the rows of a file of posts or of grids, and what came of them
    """Read a file whole, store its rows, and tell what came of it."""
    file, columns = given["file"], columns_of(given["columns"], "column")
    with telling_refused(ctx, file, given["refused"]), database(ctx) as session:
        found = read(file, kinds=queries.kind_names(session), columns=columns, encoding=given["encoding"])
        require_whole(found.problems, read=found.read, taken=len(found.rows), partial=False)
        outcome = asdict(store(session, found.rows, day_or_today(given["begins"]), file.name))
    if given["as_json"]:
        print_json(outcome)
    else:
        say(ctx, told, **outcome)


def _name(kind: GridKind, lang: Language) -> str:
    return kind.name_zh if lang == "zh" else kind.name_en


def _tell(notes: Sequence[str], tables: Sequence[Any]) -> None:  # Any: a table of the reports, loaded when needed
    from gridmgmt.cli.report_tables import print_report_table  # noqa: PLC0415 -- takes seconds to load

    for note in notes:
        click.echo(note)
    for table in tables:
        click.echo()
        print_report_table(table, left=sum(column.kind == "text" for column in table.columns[:2]))
