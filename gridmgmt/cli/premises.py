"""``gridmgmt premises``."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from gridmgmt.areas.queries import area_in_force
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cli.context import (
    actor,
    columns_of,
    content_stream,
    database,
    print_json,
    print_table,
    say,
    settings_of,
)
from gridmgmt.cli.options import DAY, JSON, LEVEL, ON, OUTPUT, day_or_today
from gridmgmt.cli.refused import keep_refused, telling_refused
from gridmgmt.clock import local_date, system_clock
from gridmgmt.errors import InputError, Problem
from gridmgmt.premises import queries, service
from gridmgmt.premises.files import colour_name, stream_premises
from gridmgmt.premises.queries import LEVEL_COLUMNS, PremisesFilter, PremisesSummary
from gridmgmt.premises.rules import Factor, PremisesColour, missing
from gridmgmt.premises.service import NewInspection, NewPremises
from gridmgmt.premises.suppressing import MEASURES
from gridmgmt.texts import text

_COLOUR = click.Choice([str(colour) for colour in PremisesColour])
_LISTED = ("code", "quarter", "colour", "score", "due_on", "address")


@click.group()
def premises() -> None:
    """Rental premises by colour: registered, inspected, and published as counts of areas."""


@premises.command("list")
@click.option("--colour", type=_COLOUR, help="Only of this colour.")
@click.option("--area", metavar="CODE", help="Only in the area of this code.")
@click.option("--due", is_flag=True, help="Only those that are to be inspected.")
@click.option("--search", "words", help="Beginning of the code, or part of the address.")
@click.option("--csv", "as_csv", is_flag=True, help="Write a CSV file.")
@OUTPUT
@ON
@JSON
@click.pass_context
def list_premises(  # noqa: PLR0913  each is an option of the command
    ctx: click.Context,
    *,
    colour: str | None,
    area: str | None,
    due: bool,
    words: str | None,
    as_csv: bool,
    output: Path | None,
    on: date | None,
    as_json: bool,
) -> None:
    """List premises by code."""
    day = day_or_today(on)
    with database(ctx) as session:
        codes = None if area is None else [area_in_force(session, area, day).code]
        wanted = PremisesFilter(PremisesColour(colour) if colour else None, codes, None, due or None, None, words)
        if as_csv:
            with content_stream(ctx, output) as stream:
                stream_premises(stream, queries.every_premises(session, day, wanted), settings_of(ctx).lang)
            return
        found = queries.premises_summaries(session, day, wanted, limit=None)
    if as_json:
        print_json([asdict(each) for each in found])
    elif not found:
        say(ctx, "premises.none", on=day)
    else:
        print_table(_header(ctx, *_LISTED), [_cells(ctx, each) for each in found], left=3)


@premises.command()
@click.argument("code")
@click.option("--address", required=True)
@click.option("--lon", type=float, required=True, help="Degrees east, WGS 84.")
@click.option("--lat", type=float, required=True, help="Degrees north, WGS 84.")
@click.option("--group-renting", is_flag=True, help="They are let to groups.")
@click.option("--uncooperative", is_flag=True, help="They do not cooperate.")
@click.option("--from", "on", type=DAY, help="The first day; today if absent.")
@click.pass_context
def add(
    ctx: click.Context,
    /,
    code: str,
    *,
    address: str,
    lon: float,
    lat: float,
    group_renting: bool,
    uncooperative: bool,
    on: date | None,
) -> None:
    """Register premises."""
    day = day_or_today(on)
    new = NewPremises(code, address, lon, lat, day, group_renting, not uncooperative)
    with database(ctx) as session:
        service.register(session, actor(), new, today=local_date(system_clock()))
    say(ctx, "premises.registered", code=code, on=day)


@premises.command()
@click.argument("code")
@click.argument("scores", nargs=-1, required=True, metavar="FACTOR=SCORE...")
@click.option("--uncooperative", is_flag=True, help="They did not cooperate.")
@click.option("--post", metavar="CODE", help="The office that inspected.")
@ON
@click.pass_context
def inspect(
    ctx: click.Context, code: str, scores: Sequence[str], *, uncooperative: bool, post: str | None, on: date | None
) -> None:
    """Record an inspection: sanitation=8 fire_safety=6.5 and the other factors."""
    asked = NewInspection(code, day_or_today(on), _scores(scores), not uncooperative, post)
    with database(ctx) as session:
        found = service.inspect(session, actor(), asked, now=system_clock())
    lang = settings_of(ctx).lang
    if found.score is None:
        factors = ", ".join(text(f"premises_factor.{factor}", lang) for factor in missing(asked.scores))
        say(ctx, "premises.incomplete_because", code=code, factors=factors)
        return
    say(ctx, "premises.inspected", code=code, colour=colour_name(found.colour, lang), score=f"{found.score:.2f}")
    if found.case_no is not None:
        say(ctx, "premises.task_opened", case=found.case_no)


@premises.command()
@click.option("--level", type=LEVEL, default=AreaLevel.RESIDENTIAL_QUARTER.value, show_default=True)
@ON
@JSON
@click.pass_context
def summary(ctx: click.Context, *, level: AreaLevel, on: date | None, as_json: bool) -> None:
    """Show the last published counts of areas."""
    if level not in LEVEL_COLUMNS:
        raise InputError("premises_level", field="--level", value=str(level), known=", ".join(LEVEL_COLUMNS))
    day = day_or_today(on)
    with database(ctx) as session:
        publication = queries.publication_of(session, day)
        found = [] if publication is None else queries.published_areas(session, publication, level)
    if as_json:
        print_json({"publication": publication and asdict(publication), "items": [asdict(each) for each in found]})
    elif publication is None:
        say(ctx, "premises.unpublished", on=day)
    else:
        lang = settings_of(ctx).lang
        colours = [colour_name(name, lang) for name in MEASURES[:-1]]
        header = [*_header(ctx, "area", "premises"), *colours, *_header(ctx, "group_renting")]
        withheld = text("premises.withheld", lang)
        rows = [
            [each.name or each.area_code]
            + [withheld if value is None else str(value) for value in (each.premises, *each.counts.values())]
            for each in found
        ]
        print_table(header, rows)


@premises.command()
@click.argument("month", type=click.DateTime(["%Y-%m"]))
@click.pass_context
def publish(ctx: click.Context, month: date) -> None:
    """Publish the counts of MONTH (2026-03), once and for all."""
    first = date(month.year, month.month, 1)
    threshold = settings_of(ctx).suppression_threshold
    with database(ctx) as session:
        service.publish(session, actor(), first, threshold=threshold, now=system_clock())
    say(ctx, "premises.published", month=f"{first:%Y-%m}")


@premises.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--inspections", is_flag=True, help="The file has inspections, not premises.")
@click.option("--encoding", help="Encoding of the file's texts.")
@click.option("--refused", type=click.Path(path_type=Path), help="Where to write the refused rows.")
@click.option("--from", "on", type=DAY, help="The first day of premises whose row names none; today if absent.")
@click.pass_context
def import_file(
    ctx: click.Context, file: Path, *, inspections: bool, encoding: str | None, refused: Path | None, on: date | None
) -> None:
    """Take all rows of a CSV or XLSX FILE that can be taken, and write the others with their reasons."""
    from gridmgmt.ingest.premises import read_inspections, read_premises  # noqa: PLC0415 -- takes a second to load

    problems: list[Problem]
    with telling_refused(ctx, file, refused), database(ctx) as session:
        if inspections:
            seen = read_inspections(file, encoding=encoding)
            asked = [
                NewInspection(
                    row.code, row.on, {Factor(name): value for name, value in row.scores.items()}, row.cooperating,
                    row.post_code, row.row,
                )
                for row in seen.rows
            ]  # fmt: skip
            read, problems = seen.read, [*seen.problems]
            problems += service.inspect_many(session, actor(), asked, now=system_clock())
        else:
            found = read_premises(file, encoding=encoding)
            first = day_or_today(on)
            new = [NewPremises(**{**vars(row), "on": row.on or first}) for row in found.rows]
            read, problems = found.read, [*found.problems]
            problems += service.register_many(session, actor(), new, today=local_date(system_clock()))
    rows = {problem.row for problem in problems}
    keep_refused(ctx, file, refused, problems)
    say(ctx, "premises.imported", taken=read - len(rows), refused=len(rows))


def _scores(given: Sequence[str]) -> dict[Factor, float | None]:
    try:
        return {Factor(name): float(value) for name, value in columns_of(given, "scores").items()}
    except ValueError as error:
        raise InputError("premises_scores", field="scores", value=" ".join(given), known=", ".join(Factor)) from error


def _cells(ctx: click.Context, found: PremisesSummary) -> list[str]:
    lang = settings_of(ctx).lang
    flags = f" ({text('premises.header.group_renting', lang)})" if found.group_renting else ""
    return [
        found.code,
        found.quarter_code,
        colour_name(found.colour, lang) + flags,
        "-" if found.score is None else f"{found.score:.2f}",
        str(found.due_on),
        found.address,
    ]


def _header(ctx: click.Context, *names: str) -> list[str]:
    return [text(f"premises.header.{name}", settings_of(ctx).lang) for name in names]
