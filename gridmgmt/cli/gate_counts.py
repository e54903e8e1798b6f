"""``gridmgmt gate-counts``."""

from dataclasses import asdict
from datetime import date, datetime

import click

from gridmgmt.access.rules import Actor
from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import DAY, JSON
from gridmgmt.clock import LOCAL_ZONE, local_date, system_clock
from gridmgmt.gate_counts import queries, service
from gridmgmt.gate_counts.queries import CommunityBand
from gridmgmt.gate_counts.rules import FlowClass
from gridmgmt.texts import text


@click.group("gate-counts")
def gate_counts() -> None:
    """Gates of communities: bands, censuses, releases, and what is kept."""


@gate_counts.command()
@JSON
@click.pass_context
def communities(ctx: click.Context, *, as_json: bool) -> None:
    """List communities with gates in the bands of the last released day."""
    now = system_clock()
    with database(ctx) as session:
        last = queries.last_release(session)
        found = queries.community_bands(session, local_date(now), None if last is None else last.day)
        lost = service.lost_gates(session, local_date(now), now)
    if as_json:
        print_json([asdict(each) for each in found])
    elif not found:
        say(ctx, "gate_counts.none")
    else:
        names = ("code", "name", "day", "inside", "ratio", "gates", "lost")
        print_table(_header(ctx, *names), [_cells(ctx, each, lost) for each in found], left=3)


@gate_counts.command()
@click.argument("community")
@click.argument("at", type=click.DateTime(["%Y-%m-%dT%H:%M"]))
@click.option("--resident", type=click.IntRange(0), required=True)
@click.option("--newcomer", type=click.IntRange(0), required=True)
@click.option("--visitor", type=click.IntRange(0), required=True)
@click.option("--vehicle", type=click.IntRange(0), required=True)
@click.pass_context
def census(ctx: click.Context, /, community: str, at: datetime, **counted: int) -> None:
    """State how many were found inside at a full hour, local time: 2026-01-05T03:00."""
    with database(ctx) as session:
        counts = {FlowClass(name): number for name, number in counted.items()}
        moment = at.replace(tzinfo=LOCAL_ZONE)
        taken = service.take_census(session, actor(), community, moment, counts, system_clock())
    rows = [
        [text(f"flow_class.{each}", settings_of(ctx).lang), str(taken.counted[each]), _number(taken.residual[each])]
        for each in FlowClass
    ]
    print_table(_header(ctx, "class", "counted", "residual"), rows)


@gate_counts.command()
@click.option("--day", type=DAY, help="Only this day; all that are due if absent.")
@click.pass_context
def release(ctx: click.Context, *, day: date | None) -> None:
    """Publish the days that are due; what is published stays as it is."""
    from gridmgmt.gate_counts import releases  # noqa: PLC0415 -- solving programmes takes a second to load

    threshold = settings_of(ctx).suppression_threshold
    with database(ctx) as session:
        acting: Actor = actor()
        if day is None:
            days = releases.release_due(session, acting, system_clock(), threshold=threshold)
        else:
            days = [releases.release(session, acting, day, system_clock(), threshold=threshold).day]
        told = [queries.release_of(session, each) for each in days]
        for each in told:
            say(ctx, "gate_counts.released", day=each.day, sha256=each.sha256[:12])
    if not days:
        say(ctx, "gate_counts.nothing_due")


@gate_counts.command()
@click.pass_context
def retention(ctx: click.Context) -> None:
    """Fold bins of more than 30 days into hours and days, and delete hours of more than a year."""
    from gridmgmt.gate_counts.retention import forget_old  # noqa: PLC0415 -- only here

    with database(ctx) as session:
        forgotten = forget_old(session, actor(), system_clock())
    say(ctx, "gate_counts.forgotten", bins=forgotten.bins, hours=forgotten.hours)


def _cells(ctx: click.Context, found: CommunityBand, lost: dict[int, tuple[int, int]]) -> list[str]:
    gates, missing = lost.get(found.community_id, (0, 0))
    return [
        found.code,
        found.name,
        str(found.day or "-"),
        _band(ctx, found.occupancy_from, found.occupancy_below),
        _band(ctx, found.ratio_from, found.ratio_below),
        str(gates),
        str(missing),
    ]


def _band(ctx: click.Context, low: float | None, high: float | None) -> str:
    if low is None:
        return "-"
    key = "gate_counts.band_open" if high is None else "gate_counts.band"
    return text(key, settings_of(ctx).lang, low=f"{low:g}", high="" if high is None else f"{high:g}")


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:+d}"


def _header(ctx: click.Context, *names: str) -> list[str]:
    return [text(f"gate_counts.header.{name}", settings_of(ctx).lang) for name in names]
