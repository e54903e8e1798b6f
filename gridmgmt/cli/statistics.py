"""``gridmgmt statistics``: counts and figures of areas, on the boundaries of any day or draft."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date

import click

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cli.context import database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import DAY, JSON, LEVEL, day_or_today
from gridmgmt.db import Session
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.statistics import queries
from gridmgmt.statistics.apportionment import apportion
from gridmgmt.statistics.counting import counts
from gridmgmt.statistics.rules import (
    Amount,
    Apportionment,
    Boundaries,
    CountedSubject,
    Counts,
    Period,
    Tally,
    UsedEdition,
    Weighting,
)
from gridmgmt.texts import text
from gridmgmt.units import M2_PER_KM2

_LEVEL = click.option("--level", type=LEVEL, default="town", show_default=True, help="Level of the areas.")
_ON = click.option("--on", type=DAY, help="The day whose boundaries count; today, or the day a draft is planned for.")
_DRAFT = click.option("--draft", metavar="EDITION", help="See the boundaries of this draft as if it were in force.")
_DATA_ON = click.option("--data-on", type=DAY, help="The day whose data count; that of the boundaries if absent.")


@click.group()
def statistics() -> None:
    """Tell counts and figures of areas, on the boundaries of any day or draft."""


@statistics.command("counts")
@click.argument("subject", type=click.Choice([str(subject) for subject in CountedSubject]))
@_LEVEL
@_ON
@_DRAFT
@_DATA_ON
@click.option("--from", "begins", type=DAY, help="First day of the reports of cases that count.")
@click.option("--to", "ends", type=DAY, help="The day before which they end.")
@JSON
@click.pass_context
def show_counts(  # noqa: PLR0913  each is an option of the command
    ctx: click.Context,
    subject: str,
    *,
    level: AreaLevel,
    on: date | None,
    draft: str | None,
    data_on: date | None,
    begins: date | None,
    ends: date | None,
    as_json: bool,
) -> None:
    """Count SUBJECT in each area of a level: service_points, cases or residents."""
    period = _period(CountedSubject(subject), begins, ends)
    with database(ctx) as session:
        where = _boundaries(session, level, on, draft)
        found = counts(
            session, where.on, level,
            subject=CountedSubject(subject), draft=where.draft, period=period, data_on=data_on,
        )  # fmt: skip
    if as_json:
        print_json({**asdict(found), "method_text": text(found.method, settings_of(ctx).lang)})
    else:
        _print_counts(ctx, found)


@statistics.command("apportion")
@click.argument("figure")
@click.option("--from-level", type=LEVEL, default="town", show_default=True, help="Level that the figure is known of.")
@click.option("--from-on", type=DAY, required=True, help="The day whose figures and boundaries are known.")
@click.option("--to-level", type=LEVEL, default="town", show_default=True, help="Level that is wanted.")
@click.option(
    "--to-on", type=DAY, help="The day whose boundaries are wanted; today, or the day a draft is planned for."
)
@_DRAFT
@click.option("--by", "weighting", type=click.Choice([str(w) for w in Weighting]), default="area", show_default=True)
@click.option("--data-on", type=DAY, help="The day whose residents weigh; --from-on if absent.")
@JSON
@click.pass_context
def show_apportionment(  # noqa: PLR0913  each is an option of the command
    ctx: click.Context,
    figure: str,
    *,
    from_level: AreaLevel,
    from_on: date,
    to_level: AreaLevel,
    to_on: date | None,
    draft: str | None,
    weighting: str,
    data_on: date | None,
    as_json: bool,
) -> None:
    """Carry FIGURE to other boundaries: an estimate for each area, and the bounds that are certain."""
    with database(ctx) as session:
        wanted = _boundaries(session, to_level, to_on, draft)
        found = apportion(
            session, figure, Boundaries(from_level, from_on), wanted, weighting=Weighting(weighting), data_on=data_on
        )
    if as_json:
        print_json({**asdict(found), "method": found.method, "method_text": text(found.method, settings_of(ctx).lang)})
    else:
        _print_apportionment(ctx, found)


@statistics.command("surfaces")
@_LEVEL
@_ON
@JSON
@click.pass_context
def show_surfaces(ctx: click.Context, *, level: AreaLevel, on: date | None, as_json: bool) -> None:
    """Show the surface of each area beside those that were published, with their sources."""
    with database(ctx) as session:
        found = queries.surfaces(session, level, day_or_today(on))
    if as_json:
        print_json([asdict(surface) for surface in found])
        return
    lines = []
    for surface in found:
        shown = [(each.source, _km2(each.area_m2)) for each in surface.published] or [("-", "-")]
        lines += [[surface.code, surface.name, source, _km2(surface.area_m2), km2] for source, km2 in shown]
    print_table(_header(ctx, "code", "name", "source", "computed", "published"), lines, left=3)


def _km2(area_m2: float) -> str:
    return f"{area_m2 / M2_PER_KM2:,.4f}"


def _period(subject: CountedSubject, begins: date | None, ends: date | None) -> Period | None:
    """Return the period of two options.

    Raises
    ------
    InputError
        When only one of them is given, when no day lies between them, or when no cases are counted.
    """
    if begins is None and ends is None:
        return None
    if begins is None or ends is None or subject is not CountedSubject.CASES:
        raise InputError("period_of_cases_only", field="--from")
    return Period(begins, ends)


def _boundaries(session: Session, level: AreaLevel, on: date | None, draft: str | None) -> Boundaries:
    """Return the boundaries of a day, or of a draft on the day that it is planned for.

    Raises
    ------
    NotFoundError
        When no boundary edition has that name.
    """
    if draft is None:
        return Boundaries(level, day_or_today(on))
    edition = boundary_edition(session, draft)
    if edition is None:
        raise NotFoundError("edition_unknown", subject=Subject.AREAS, name=draft)
    return Boundaries(level, day_or_today(on or edition.planned_from or edition.valid_from), edition.edition_id)


def _header(ctx: click.Context, *names: str) -> list[str]:
    return [text(f"statistics.header_{name}", settings_of(ctx).lang) for name in names]


def _names(editions: Collection[UsedEdition]) -> str:
    return ", ".join(edition.name for edition in editions) or "-"


def _print_counts(ctx: click.Context, found: Counts) -> None:
    """Print the counts as a table with a column for each kind of the first dimension."""
    lang = settings_of(ctx).lang
    dimension = next((name for count in found.total.counts for name in count.by), "")
    kinds = sorted({count.by[dimension] for count in found.total.counts}) if dimension else []

    def line(code: str, name: str, tally: Tally) -> list[str]:
        return [code, name, _number(tally.total), *(_number(tally.of(**{dimension: kind})) for kind in kinds)]

    lines = [line(area.code, area.name, area.tally) for area in found.areas]
    lines.append(line("-", text("statistics.outside", lang), found.outside))
    lines.append(line("-", text("statistics.total", lang), found.total))
    print_table([*_header(ctx, "code", "name", "total"), *kinds], lines, left=2)
    areas, data = _names(found.area_editions), _names(found.data_editions)
    say(ctx, "statistics.basis", areas=areas, data=data, on=found.on, data_on=found.data_on)
    say(ctx, found.method)


def _print_apportionment(ctx: click.Context, found: Apportionment) -> None:
    lang = settings_of(ctx).lang
    lines = [_amount_line(area.code, area.name, area.amount) for area in found.areas]
    lines.append(_amount_line("-", text("statistics.outside", lang), found.outside))
    print_table(_header(ctx, "code", "name", "estimate", "low", "high"), lines, left=2)
    say(
        ctx, "statistics.carried",
        figure=found.figure,
        level_from=text(f"level.{found.known.level}", lang), on_from=found.known.on,
        level_to=text(f"level.{found.wanted.level}", lang), on_to=found.wanted.on,
        first=found.counted_on[0], last=found.counted_on[1], sources="; ".join(found.sources),
    )  # fmt: skip
    say(ctx, "statistics.carried_editions", old=_names(found.editions_from), new=_names(found.editions_to))
    say(ctx, found.method)
    for name in ("without_figure", "other_boundaries", "shared_by_land"):
        if codes := getattr(found, name):
            say(ctx, f"statistics.{name}", codes=", ".join(codes))


def _amount_line(code: str, name: str, amount: Amount) -> Sequence[str]:
    return [code, name, _number(amount.estimate), _number(amount.low), _number(amount.high)]


def _number(value: float) -> str:
    """Return a number for people: whole ones as such, others with one decimal."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
