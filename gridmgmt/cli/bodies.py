"""``gridmgmt bodies``, ``gridmgmt facts``: bodies of areas with their posts, and facts of areas."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies import fact_queries, queries, service
from gridmgmt.bodies.fact_queries import Fact, FactFilter
from gridmgmt.bodies.queries import BodyFilter, BodySummary
from gridmgmt.bodies.rules import (
    FactBound,
    NewBody,
    NewFact,
    Office,
    OrganisationKind,
    day_of,
    shown_value,
)
from gridmgmt.bodies.service import Taken
from gridmgmt.cli.context import actor, columns_of, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import DAY, JSON, LEVEL, ON, day_or_today
from gridmgmt.cli.refused import telling_refused
from gridmgmt.ingest.intake import require_whole
from gridmgmt.texts import text
from gridmgmt.uploads.records import BodiesFile, FactsFile, new_body, new_fact

_KIND = click.Choice([str(kind) for kind in OrganisationKind])
_AREA = click.option("--area", metavar="CODE", help="Only of the area of this code and all below it.")
_LIMIT = click.option("--limit", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="At most.")
_FROM = click.option("--from", "begins", type=DAY, help="The first day; today if absent.")
_BODY = ("code", "kind", "name", "area", "parent", "posts")
_FACT = ("area", "kind", "value", "unit", "since", "source")


@click.group()
def bodies() -> None:
    """Bodies of areas: committees, offices, organisations, with their posts; never persons."""


@click.group()
def facts() -> None:
    """Facts of areas: numbers that a source states, each with its unit, bound and day."""


def _file_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.argument("file", type=click.Path(path_type=Path)),
        click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Column of a role."),
        click.option("--encoding", help="Encoding of the file's texts."),
        click.option("--refused", type=click.Path(path_type=Path), help="Where to write the refused rows."),
        JSON,
        click.pass_context,
    )
    for option in reversed(options):
        command = option(command)
    return command


@bodies.command("list")
@_AREA
@click.option("--kind", type=_KIND, help="Only of this kind.")
@click.option("--search", "words", help="Part of the name, or beginning of the code.")
@_LIMIT
@ON
@JSON
@click.pass_context
def list_bodies(
    ctx: click.Context,
    *,
    area: str | None,
    kind: str | None,
    words: str | None,
    limit: int,
    on: date | None,
    as_json: bool,
) -> None:
    """List bodies by code."""
    day = day_or_today(on)
    wanted = BodyFilter(area=area, kind=OrganisationKind(kind) if kind else None, q=words)
    with database(ctx) as session:
        found = queries.body_summaries(session, day, wanted, limit=limit)
    if as_json:
        print_json([asdict(each) for each in found])
    elif not found:
        say(ctx, "bodies.none", on=day)
    else:
        print_table(_header(ctx, *_BODY), [_body(ctx, each) for each in found], left=5)


@bodies.command()
@click.argument("code")
@ON
@JSON
@click.pass_context
def show(ctx: click.Context, code: str, *, on: date | None, as_json: bool) -> None:
    """Show a body with its posts and the bodies that some of them serve in too."""
    day = day_or_today(on)
    with database(ctx) as session:
        found, posts = queries.body_on(session, code, day), queries.posts_of(session, code, day)
    if as_json:
        print_json({**asdict(found), "post_list": [asdict(each) for each in posts]})
        return
    print_table(_header(ctx, *_BODY), [_body(ctx, found)], left=5)
    rows = [
        [each.code, each.name, ", ".join(f"{at.body_name or at.body_code} {at.count}" for at in each.serves) or "-",
         str(each.count)]
        for each in posts
    ]  # fmt: skip
    if rows:
        print_table(_header(ctx, "code", "name", "serves", "count"), rows, left=3)


@bodies.command()
@click.argument("code")
@click.argument("kind", type=_KIND)
@click.argument("name")
@click.option("--area", "area_code", required=True, metavar="CODE", help="The area that it belongs to.")
@click.option("--level", type=LEVEL, help="Level of the area; the highest of that code if absent.")
@click.option("--parent", "parent_code", metavar="CODE", help="The body that it belongs to.")
@click.option("--office", type=click.Choice([str(office) for office in Office]), help="Of a subdistrict's office.")
@click.option("--source", required=True, help="Who says so.")
@_FROM
@click.pass_context
def add(ctx: click.Context, /, code: str, kind: str, begins: date | None, **said: Any) -> None:  # Any: from click
    """Set up a body of an area; NAME is never that of a person."""
    day = day_or_today(begins)
    office = Office(said.pop("office")) if said["office"] else said.pop("office")
    with database(ctx) as session:
        new = NewBody(code=code, kind=OrganisationKind(kind), office=office, valid_from=day, **said)
        service.add_body(session, actor(), new)
    say(ctx, "bodies.added", code=code, on=day)


@bodies.command()
@click.argument("code")
@ON
@click.pass_context
def end(ctx: click.Context, code: str, *, on: date | None) -> None:
    """Dissolve a body on a day, with its posts, links and agreements."""
    day = day_or_today(on)
    with database(ctx) as session:
        service.end_body(session, actor(), code, day)
    say(ctx, "bodies.ended", code=code, on=day)


@bodies.command()
@ON
@JSON
@click.pass_context
def offices(ctx: click.Context, *, on: date | None, as_json: bool) -> None:
    """Show which of the 6 + 2 offices each subdistrict has and lacks."""
    with database(ctx) as session:
        found = queries.subdistrict_offices(session, day_or_today(on))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    lang = settings_of(ctx).lang
    rows = [
        [each.code, each.name, ", ".join(text(f"office.{office}", lang) for office in each.missing) or "-",
         f"{len(each.held)}/{len(Office)}"]
        for each in found
    ]  # fmt: skip
    print_table(_header(ctx, "code", "name", "missing", "held"), rows, left=3)


@bodies.command("import")
@_FROM
@_file_options
def import_bodies(ctx: click.Context, /, file: Path, begins: date | None, **given: Any) -> None:  # Any: as above
    """Take bodies: CSV or XLSX with code, kind, name, area_code, source; whole or not at all."""
    kind = BodiesFile(columns=columns_of(given["columns"], "column"), encoding=given["encoding"])
    with telling_refused(ctx, file, given["refused"]), database(ctx) as session:
        rows = kind.read(file, kind.names(session))
        require_whole(rows.problems, read=rows.read, taken=len(rows.rows), partial=False)
        news = [(row.row, new_body(row, day_or_today(begins))) for row in rows.rows]
        taken = service.import_bodies(session, actor(), news, source=file.name)
    _tell(ctx, taken, as_json=given["as_json"])


@facts.command("list")
@_AREA
@click.option("--kind", metavar="CODE", help="Only of this kind.")
@_LIMIT
@ON
@JSON
@click.pass_context
def list_facts(
    ctx: click.Context, *, area: str | None, kind: str | None, limit: int, on: date | None, as_json: bool
) -> None:
    """List facts by area and kind."""
    day = day_or_today(on)
    with database(ctx) as session:
        found = fact_queries.facts(session, day, FactFilter(area=area, kind=kind), limit=limit)
    if as_json:
        print_json([asdict(each) for each in found])
    elif not found:
        say(ctx, "facts.none", on=day)
    else:
        print_table(_header(ctx, *_FACT), [_fact(ctx, each) for each in found], left=2)


@facts.command("add")
@click.argument("area_code")
@click.argument("kind")
@click.argument("value", type=float)
@click.option("--bound", type=click.Choice([str(bound) for bound in FactBound]), default="exact", show_default=True)
@click.option("--on", type=DAY, help="The day that it holds for; today if neither day nor year is given.")
@click.option("--year", type=int, help="The year that it holds for, where the source names no day.")
@click.option("--level", type=LEVEL, help="Level of the area; the highest of that code if absent.")
@click.option("--source", required=True, help="Who says so.")
@click.option("--note", help="What there is to say of it.")
@click.pass_context
def add_fact(ctx: click.Context, /, bound: str, on: date | None, year: int | None, **said: Any) -> None:  # Any: click
    """State a number of an area as a source has it."""
    begins = day_of(on if on or year else day_or_today(on), year)
    level: AreaLevel | None = said.pop("level")
    with database(ctx) as session:
        new = NewFact(bound=FactBound(bound), valid_from=begins, year=year, level=level, **said)
        found = fact_queries.fact(session, service.add_fact(session, actor(), new).fact_id)
    area, kind, value, unit, *_ = _fact(ctx, found)
    say(ctx, "facts.added", area=area, kind=kind, value=f"{value} {unit}")


@facts.command("end")
@click.argument("fact_id", type=int)
@ON
@click.pass_context
def end_fact(ctx: click.Context, fact_id: int, *, on: date | None) -> None:
    """Withdraw a fact from a day on."""
    day = day_or_today(on)
    with database(ctx) as session:
        service.end_fact(session, actor(), fact_id, day)
    say(ctx, "facts.ended", fact=fact_id, on=day)


@facts.command("import")
@_file_options
def import_facts(ctx: click.Context, /, file: Path, **given: Any) -> None:  # Any: as above
    """Take facts: CSV or XLSX with area_code, kind, value, source and a day or year; whole or not at all."""
    kind = FactsFile(columns=columns_of(given["columns"], "column"), encoding=given["encoding"])
    with telling_refused(ctx, file, given["refused"]), database(ctx) as session:
        rows = kind.read(file, kind.names(session))
        require_whole(rows.problems, read=rows.read, taken=len(rows.rows), partial=False)
        news = [(row.row, new_fact(row)) for row in rows.rows]
        taken = service.import_facts(session, actor(), news, source=file.name)
    _tell(ctx, taken, as_json=given["as_json"])


def _tell(ctx: click.Context, taken: Taken, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(taken))
    else:
        say(ctx, "bodies.imported", **asdict(taken))


def _body(ctx: click.Context, each: BodySummary) -> list[str]:
    return [
        each.code,
        text(f"organisation_kind.{each.kind}", settings_of(ctx).lang),
        each.name,
        each.area_name or each.area_code,
        each.parent_code or "-",
        str(each.posts),
    ]


def _fact(ctx: click.Context, each: Fact) -> list[str]:
    lang = settings_of(ctx).lang
    return [
        each.area_name or each.area_code,
        each.kind_name(lang),
        shown_value(each.value, each.bound),
        text(f"fact_unit.{each.unit}", lang),
        str(each.year or each.valid_from),
        each.source,
    ]


def _header(ctx: click.Context, *names: str) -> list[str]:
    return [text(f"bodies.header.{name}", settings_of(ctx).lang) for name in names]
