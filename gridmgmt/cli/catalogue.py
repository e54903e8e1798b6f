"""``gridmgmt catalogue``."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.catalogue import service
from gridmgmt.catalogue.files import csv_table, read_catalogue_tables, workbook
from gridmgmt.catalogue.matters import Words
from gridmgmt.catalogue.rules import CaseType, Catalogue, FilingCondition
from gridmgmt.catalogue.service import EditionLabels, EditionTaken
from gridmgmt.catalogue.tables import COLUMNS
from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of, write_content
from gridmgmt.cli.options import DAY, JSON, ON, day_or_today
from gridmgmt.cli.refused import telling_refused
from gridmgmt.clock import local_date, system_clock
from gridmgmt.texts import Language, text

FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
FROM = click.option("--from", "begins", type=DAY, help="The first day on which it holds; today if absent.")
EDITION = click.option("--edition", help="Name of the edition; that of the file if absent.")
SOURCE = click.option("--source", help="Who says so; the name of the file if absent.")
ENCODING = click.option("--encoding", help="Encoding of a CSV.")
REFUSED = click.option(
    "--refused", type=click.Path(dir_okay=False, path_type=Path), help="CSV for the refused rows and why."
)


@click.group()
def catalogue() -> None:
    """Types of cases, when they are filed, how long they may take, and who handles them."""


@catalogue.command()
@click.argument("code", required=False)
@ON
@JSON
@click.pass_context
def show(ctx: click.Context, code: str | None, *, on: date | None, as_json: bool) -> None:
    """Show the classes and their types, or all that is said of the type CODE."""
    with database(ctx) as session:
        found = service.catalogue_on(session, day_or_today(on))
    if code is not None:
        _show_type(ctx, found, found.type(code), as_json=as_json)
    elif as_json:
        print_json(_tree(found))
    else:
        _print_tree(ctx, found)


@catalogue.command()
@click.argument("words")
@ON
@JSON
@click.pass_context
def search(ctx: click.Context, words: str, *, on: date | None, as_json: bool) -> None:
    """Find types by part of the name or the beginning of the code."""
    with database(ctx) as session:
        found = service.catalogue_on(session, day_or_today(on)).types_with(words)
    if as_json:
        print_json([plain(each) for each in found])
        return
    lang = settings_of(ctx).lang
    lines = [[each.code, each.name.said(lang), _limits(each.conditions, lang)] for each in found]
    print_table(header(ctx, "type", "name", "limits"), lines, left=3)


@catalogue.command()
@click.option("--area", help="Only those of the area with this code.")
@ON
@JSON
@click.pass_context
def departments(ctx: click.Context, *, area: str | None, on: date | None, as_json: bool) -> None:
    """List the departments, each a body in an area."""
    with database(ctx) as session:
        found = service.catalogue_on(session, day_or_today(on))
    wanted = [each for each in found.departments.values() if area in (None, each.area_code)]
    if as_json:
        print_json([plain(each) for each in wanted])
        return
    lang = settings_of(ctx).lang
    lines = [
        [
            each.code,
            each.name.said(lang),
            text(f"body_kind.{found.bodies[each.body].kind}", lang),
            each.area_code or "-",
        ]
        for each in wanted
    ]
    print_table(header(ctx, "department", "name", "kind", "area"), lines, left=4)


@catalogue.command()
@click.option("--builtin", is_flag=True, required=True, help="The catalogue that comes with the program.")
@click.option("--from", "begins", type=DAY, help="First day; before all cases for the first, today for a later one.")
@click.pass_context
def load(ctx: click.Context, *, builtin: bool, begins: date | None) -> None:  # noqa: ARG001 -- there is no other yet
    """Take the built-in catalogue, with departments for the areas that there are: a starting point for one's own."""
    with database(ctx) as session:
        taken = service.load_builtin(session, actor(), valid_from=begins, today=local_date(system_clock()))
    say_taken(ctx, taken)


@catalogue.command(name="import")
@FILE
@FROM
@EDITION
@SOURCE
@click.option("--table", type=click.Choice(list(COLUMNS)), help="Which table a CSV is; that of its name if absent.")
@ENCODING
@REFUSED
@click.pass_context
def import_(ctx: click.Context, /, file: Path, begins: date | None, refused: Path | None, **said: str | None) -> None:
    """Take a new edition: an XLSX with a sheet for each table, or a CSV of one; the other tables stay as they are."""
    labels = labels_of(file, begins, said)
    with telling_refused(ctx, file, refused), database(ctx) as session:
        tables = read_catalogue_tables(file, table=said["table"], encoding=said["encoding"])
        taken = service.import_catalogue(session, actor(), tables, labels, today=local_date(system_clock()))
    say_taken(ctx, taken)


@catalogue.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file.")
@click.option("--table", type=click.Choice(list(COLUMNS)), help="Only this table, as CSV; else all, as XLSX.")
@ON
@click.pass_context
def export(ctx: click.Context, *, output: Path, table: str | None, on: date | None) -> None:
    """Write the catalogue in the form in which it can be changed and taken again."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        tables = service.tables_on(session, day_or_today(on))
    write_content(ctx, workbook(tables, lang) if table is None else csv_table(tables, table, lang), output)


def labels_of(file: Path, begins: date | None, said: dict[str, str | None]) -> EditionLabels:
    """Return what is said of an edition in a file."""
    return EditionLabels(said["edition"] or file.name.split(".")[0], day_or_today(begins), said["source"] or file.name)


def say_taken(ctx: click.Context, taken: EditionTaken) -> None:
    """Say what came of taking an edition."""
    lang = settings_of(ctx).lang
    rows = ", ".join(f"{text(f'catalogue_table.{table}', lang)} {count}" for table, count in taken.rows.items())
    key = "cli.catalogue_taken" if taken.new else "cli.catalogue_known"
    say(ctx, key, name=taken.name, on=taken.valid_from, rows=rows)


def header(ctx: click.Context, *names: str) -> list[str]:
    """Return the heads of columns."""
    return [text(f"cli.catalogue_{name}", settings_of(ctx).lang) for name in names]


def plain(item: Any) -> dict[str, Any]:  # Any: one of the frozen values of the catalogue
    """Return a value of the catalogue as JSON can hold it."""
    return {name: sorted(each) if isinstance(each, frozenset) else each for name, each in asdict(item).items()}


def _tree(found: Catalogue) -> dict[str, Any]:
    classes = [
        {**plain(class_), "types": [plain(each) for each in found.types_of(class_.code)]}
        for class_ in found.classes.values()
    ]
    return {"name": found.name, "valid_from": found.valid_from, "classes": classes}


def _print_tree(ctx: click.Context, found: Catalogue) -> None:
    lang = settings_of(ctx).lang
    say(ctx, "cli.catalogue_shown", name=found.name, on=found.valid_from, count=len(found.types))
    print_table(header(ctx, "type", "name", "limits"), _lines(found, lang), left=3)


def _lines(found: Catalogue, lang: Language) -> Iterator[list[str]]:
    for class_ in found.classes.values():
        yield [class_.code, f"{class_.name.said(lang)} ({text(f'case_kind.{class_.kind}', lang)})", ""]
        for each in found.types_of(class_.code):
            yield [f"  {each.code}", f"  {each.name.said(lang)}", _limits(each.conditions, lang)]


def _limits(conditions: Sequence[FilingCondition], lang: Language) -> str:
    return " / ".join(f"{each.limit.amount:g} {text(f'time_unit.{each.limit.unit}', lang)}" for each in conditions)


def _show_type(ctx: click.Context, found: Catalogue, type_: CaseType, *, as_json: bool) -> None:
    if as_json:
        print_json(plain(type_))
        return
    lang = settings_of(ctx).lang
    class_ = found.classes[type_.class_code].name.said(lang)
    click.echo(f"{type_.code} {type_.name.said(lang)} · {class_}")
    for level, body in type_.responsible.items():
        say(
            ctx,
            "cli.catalogue_responsible",
            level=text(f"level.{level}", lang),
            body=found.bodies[body].name.said(lang),
        )
    if type_.supervising is not None:
        say(ctx, "cli.catalogue_supervising", body=found.bodies[type_.supervising].name.said(lang))
    for key, words in (("legal_basis", Words(type_.legal_basis)), ("collection", type_.collection)):
        if words.zh:
            say(ctx, f"cli.catalogue_{key}", words=words.said(lang))
    lines = [
        [str(each.no), each.text.said(lang), _limits([each], lang), each.closing.said(lang)]
        for each in type_.conditions
    ]
    print_table(header(ctx, "no", "condition", "limits", "closing"), lines, left=4)
