"""``gridmgmt matters``."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.catalogue import service
from gridmgmt.catalogue.files import csv_table, read_matters_tables, workbook
from gridmgmt.catalogue.matters import Changes, ListKind
from gridmgmt.catalogue.tables import MATTER_COLUMNS
from gridmgmt.cli.catalogue import EDITION, ENCODING, FILE, FROM, REFUSED, SOURCE, header, labels_of, plain, say_taken
from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of, write_content
from gridmgmt.cli.options import DAY, JSON, ON, day_or_today
from gridmgmt.cli.refused import telling_refused
from gridmgmt.clock import local_date, system_clock
from gridmgmt.texts import text

_LIST = click.option(
    "--list",
    "kind",
    type=click.Choice([str(each) for each in ListKind]),
    default=str(ListKind.MATTERS),
    show_default=True,
    help="Which of the two lists.",
)


@click.group()
def matters() -> None:
    """Keep lists of matters and of powers (事权清单, 权力清单): who holds what, and what became of it."""


@matters.command(name="list")
@click.option("--department", help="Only those that this department holds.")
@click.option("--search", "words", help="Part of the name, or the code.")
@_LIST
@ON
@JSON
@click.pass_context
def list_(
    ctx: click.Context, *, department: str | None, words: str | None, kind: str, on: date | None, as_json: bool
) -> None:
    """List the matters, or the powers, in force on a day."""
    day = day_or_today(on)
    with database(ctx) as session:
        catalogue, found = service.catalogue_on(session, day), service.matters_on(session, day, ListKind(kind))
    body = None if department is None else catalogue.department(department).body
    listed = found.matters if words is None else found.matters_with(words)
    wanted = [each for each in listed if body in (None, each.body)]
    if as_json:
        print_json({"name": found.name, "valid_from": found.valid_from, "matters": [plain(each) for each in wanted]})
        return
    lang = settings_of(ctx).lang
    say(ctx, "cli.matters_shown", name=found.name, on=found.valid_from, count=len(wanted))
    lines = [
        [each.code, each.name.said(lang), catalogue.body_name(each.body).said(lang), " ".join(sorted(each.types))]
        for each in wanted
    ]
    print_table(header(ctx, "matter", "name", "body", "types"), lines, left=4)


@matters.command(name="import")
@FILE
@FROM
@EDITION
@SOURCE
@click.option(
    "--fates",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV of what became of the matters of the list before.",
)
@_LIST
@ENCODING
@REFUSED
@click.pass_context
def import_(
    ctx: click.Context,
    /,
    file: Path,
    begins: date | None,
    fates: Path | None,
    refused: Path | None,
    kind: str,
    **said: str | None,
) -> None:
    """Take a new list: an XLSX with sheets of matters and fates, or a CSV of each; every old matter has one fate."""
    labels = labels_of(file, begins, said)
    with telling_refused(ctx, file, refused), database(ctx) as session:
        tables = read_matters_tables(file, fates=fates, encoding=said["encoding"])
        today = local_date(system_clock())
        taken = service.import_matters(session, actor(), tables, labels, today=today, kind=ListKind(kind))
    say_taken(ctx, taken)


@matters.command()
@click.option("--from", "start", type=DAY, required=True, help="The earlier day.")
@click.option("--to", "end", type=DAY, help="The later day; today if absent.")
@_LIST
@JSON
@click.pass_context
def changes(ctx: click.Context, *, start: date, end: date | None, kind: str, as_json: bool) -> None:
    """Show what became of each matter in force on one day until another, and how it adds up."""
    with database(ctx) as session:
        found = service.matter_changes(session, start, day_or_today(end), ListKind(kind))
    if as_json:
        print_json(_document(found))
        return
    lang = settings_of(ctx).lang
    old = found.before.by_code if found.before else {}
    lines = [
        [each.code, old[each.code].name.said(lang), text(f"fate.{each.fate}", lang), each.into or "-"]
        for each in found.fates
    ]
    print_table(header(ctx, "matter", "name", "fate", "into"), lines, left=4)
    say(ctx, "cli.matters_sums", **asdict(found.sums))


@matters.command()
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file.")
@click.option("--table", type=click.Choice(list(MATTER_COLUMNS)), help="Only this table, as CSV; else both, as XLSX.")
@_LIST
@ON
@click.pass_context
def export(ctx: click.Context, *, output: Path, table: str | None, kind: str, on: date | None) -> None:
    """Write the list in the form in which it can be changed and taken again."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        tables = service.matters_tables_on(session, day_or_today(on), ListKind(kind))
    write_content(ctx, workbook(tables, lang) if table is None else csv_table(tables, table, lang), output)


def _document(found: Changes) -> dict[str, Any]:
    return {
        "before": found.before.name if found.before else None,
        "after": found.after.name,
        "fates": [asdict(each) for each in found.fates],
        "sums": asdict(found.sums),
    }
