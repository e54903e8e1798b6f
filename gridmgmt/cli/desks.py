"""``gridmgmt desks`` and ``gridmgmt whose-job``."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gridmgmt.areas.queries import area_id_of
from gridmgmt.cli.context import actor, columns_of, database, print_json, print_table, say, settings_of, warn
from gridmgmt.cli.options import COORDINATES, JSON, ON, day_or_today
from gridmgmt.cli.refused import telling_refused
from gridmgmt.clock import local_date, system_clock
from gridmgmt.desks import queries, service
from gridmgmt.desks.queries import DeskFacts, DeskFilter
from gridmgmt.desks.rules import DEFAULT_REACH_S, DeskKind, MonthCount
from gridmgmt.governance.rules import CentreType
from gridmgmt.hours import text_of_rules
from gridmgmt.texts import text
from gridmgmt.walking.rules import DEFAULT_AT, DEFAULT_PROFILE

if TYPE_CHECKING:
    from gridmgmt.desks.whose_job import Job
    from gridmgmt.walking.state import InputEdition

_TYPE = click.option("--type", "type_", type=click.Choice([str(each) for each in CentreType]), help="Only this type.")
_PROFILE = click.option("--profile", default=DEFAULT_PROFILE, show_default=True, help="Walking profile.")
_LISTED = ("code", "kind", "type", "name", "area", "hours", "matters")


@click.group()
def desks() -> None:
    """Service desks: what they take, when they are open, how many come, and which is nearest."""


@desks.command("list")
@click.option("--area", metavar="CODE", help="Only those that stand in the area of this code.")
@click.option("--kind", type=click.Choice([str(each) for each in DeskKind]), help="Only this kind.")
@_TYPE
@click.option("--search", "words", help="Part of the name or address, or beginning of the code.")
@ON
@JSON
@click.pass_context
def list_desks(
    ctx: click.Context,
    *,
    area: str | None,
    kind: str | None,
    type_: str | None,
    words: str | None,
    on: date | None,
    as_json: bool,
) -> None:
    """List desks by code."""
    day = day_or_today(on)
    with database(ctx) as session:
        wanted = DeskFilter(
            area_id_of(session, area, day),
            DeskKind(kind) if kind else None,
            CentreType(type_) if type_ else None,
            words,
        )
        found = queries.desks_on(session, day, wanted)
    if as_json:
        print_json([asdict(each) for each in found])
    elif not found:
        say(ctx, "desks.none", on=day)
    else:
        print_table(_header(ctx, *_LISTED), [_cells(ctx, each) for each in found], left=len(_LISTED) - 1)


@desks.command(context_settings=dict(COORDINATES))
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.option("--matter", help="Code of a matter, or part of its name.")
@click.option("--at", default=DEFAULT_AT, show_default=True, help="Day and time of the week when one sets out.")
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="At most so many.")
@_PROFILE
@ON
@JSON
@click.pass_context
def nearest(  # noqa: PLR0913  each is an option of the command
    ctx: click.Context,
    *,
    lon: float,
    lat: float,
    matter: str | None,
    at: str,
    limit: int,
    profile: str,
    on: date | None,
    as_json: bool,
) -> None:
    """Rank the desks that take a matter by the walk to them."""
    from gridmgmt.desks.nearest import Walker, nearest_desks  # noqa: PLC0415 -- takes seconds to load

    with database(ctx) as session:
        found = nearest_desks(session, Walker(lon, lat, day_or_today(on), at, profile), matter=matter)
    shown = found.desks[:limit]
    if as_json:
        print_json([asdict(each) for each in shown])
        return
    if not shown:
        say(ctx, "desks.none_near")
    rows = [[each.desk.code, each.desk.name, _open(ctx, open_=each.open), f"{each.walk_time_s:.0f}"] for each in shown]
    if rows:
        print_table(_header(ctx, "code", "name", "open", "walk_s"), rows, left=3)
    say(ctx, "desks.stands_on", editions=_editions(found.inputs), profile=found.profile_edition)


@desks.command()
@click.option("--minutes", type=float, default=DEFAULT_REACH_S / 60, show_default=True, help="Limit of the walk.")
@_PROFILE
@ON
@JSON
@click.pass_context
def reach(ctx: click.Context, *, minutes: float, profile: str, on: date | None, as_json: bool) -> None:
    """Show which share of residents has a desk within some minutes on foot, by area and type."""
    from gridmgmt.desks.reach import desk_reach  # noqa: PLC0415 -- takes seconds to load

    with database(ctx) as session:
        found = desk_reach(session, day_or_today(on), minutes=minutes, profile_name=profile)
    if as_json:
        print_json([{**asdict(row), "ratio": row.ratio, "ratio_own": row.ratio_own} for row in found.rows])
        return
    lang = settings_of(ctx).lang
    rows = [
        [
            row.code,
            row.name,
            text(f"centre_type.{row.type}", lang),
            str(row.desks),
            _share(row.ratio),
            _share(row.ratio_own),
        ]
        for row in found.rows
    ]
    print_table(_header(ctx, "code", "area", "type", "desks", "ratio", "ratio_own"), rows, left=3)


@desks.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Column of desk, month or visits.")
@click.option("--encoding", help="Encoding of the file's texts.")
@click.option("--source", help="Who counted; the name of the file if absent.")
@click.option("--refused", type=click.Path(path_type=Path), help="Where to write the refused rows.")
@click.pass_context
def visits(
    ctx: click.Context,
    file: Path,
    *,
    columns: Sequence[str],
    encoding: str | None,
    source: str | None,
    refused: Path | None,
) -> None:
    """Take monthly visits: CSV or XLSX of desk, month (2026-01) and visits, whole or not at all."""
    from gridmgmt.ingest.desk_visits import read_desk_visits  # noqa: PLC0415 -- takes seconds to load
    from gridmgmt.ingest.intake import require_whole  # noqa: PLC0415 -- as above

    with telling_refused(ctx, file, refused), database(ctx) as session:
        found = read_desk_visits(file, columns=columns_of(columns, "column"), encoding=encoding)
        require_whole(found.problems, read=found.read, taken=len(found.rows), partial=False)
        counts = [(row, MonthCount(desk, month, count)) for row, desk, month, count in found.rows]
        today = local_date(system_clock())
        taken = service.record_visits(session, actor(), counts, source=source or file.name, today=today)
    say(ctx, "desks.visits_taken", read=taken.read, added=taken.added, changed=taken.changed, known=taken.known)


@click.command("whose-job", context_settings=dict(COORDINATES))
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.argument("words", nargs=-1, required=True)
@ON
@click.pass_context
def whose_job(ctx: click.Context, *, lon: float, lat: float, words: Sequence[str], on: date | None) -> None:
    """Tell whose job it is what some words say, at a place and on a day, and where to go with it."""
    from gridmgmt.desks.nearest import Walker  # noqa: PLC0415 -- takes seconds to load
    from gridmgmt.desks.whose_job import whose_job as ask  # noqa: PLC0415 -- as above

    with database(ctx) as session:
        found = ask(session, Walker(lon, lat, day_or_today(on)), " ".join(words))
    lang = settings_of(ctx).lang
    for level, (code, name) in found.areas.items():
        say(ctx, "whose_job.area", level=text(f"level.{level}", lang), name=name, code=code)
    if found.post is not None:
        say(ctx, "whose_job.post", post=found.post.name, body=found.post.body)
    if found.jobs:
        print_table(
            _header(ctx, "about", "name", "whose", "before", "desk"), [_job(ctx, each) for each in found.jobs], left=5
        )
    elif found.territorial is not None:
        say(ctx, "whose_job.territorial", department=found.territorial.name.said(lang))
    else:
        warn(ctx, "whose_job.nobody")


def _job(ctx: click.Context, job: "Job") -> list[str]:
    lang = settings_of(ctx).lang
    before = ", ".join(f"{each.list_name} {each.matter.code}" for each in job.forerunners)
    desk = "-" if job.desk is None else f"{job.desk.desk.name} ({job.desk.walk_time_s:.0f} s)"
    whose = text("whose_job.of_nobody", lang) if job.department is None else job.department.name.said(lang)
    return [text(f"job_kind.{job.kind}", lang), f"{job.code} {job.name.said(lang)}", whose, before or "-", desk]


def _cells(ctx: click.Context, desk: DeskFacts) -> list[str]:
    lang = settings_of(ctx).lang
    return [
        desk.code,
        text(f"desk_kind.{desk.kind}", lang),
        text(f"centre_type.{desk.type}", lang) if desk.type else "-",
        desk.name,
        desk.area_name or desk.area_code,
        text_of_rules(desk.hours) if desk.hours else "-",
        str(len(desk.matters)),
    ]


def _open(ctx: click.Context, *, open_: bool | None) -> str:
    return "-" if open_ is None else text(f"desks.open_{str(open_).lower()}", settings_of(ctx).lang)


def _share(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1%}"


def _editions(inputs: "Sequence[InputEdition]") -> str:
    return ", ".join(f"{each.subject} {each.name}" for each in inputs) or "-"


def _header(ctx: click.Context, *names: str) -> list[str]:
    return [text(f"desks.header.{name}", settings_of(ctx).lang) for name in names]
