"""``gridmgmt merging``: grids of several departments, where they differ, and one edition of them."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of, write_content
from gridmgmt.cli.options import DAY, JSON, OUTPUT, day_or_today
from gridmgmt.cli.report_tables import print_report_table
from gridmgmt.errors import InputError
from gridmgmt.ingest.grids import GridRow
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import texts
from gridmgmt.merging import queries, service
from gridmgmt.merging.rules import SLIVER_WIDTH_M, CellWeight, Decision, MergeAsk, Way
from gridmgmt.reports.merging import (
    MEDIA_TYPES,
    PRINTED,
    conflict_values,
    conflicts_table,
    departments_table,
    render_merge,
)
from gridmgmt.reports.tables import Table
from gridmgmt.responsibility.files import import_grids
from gridmgmt.texts import text

_ON = click.option("--on", type=DAY, help="The day whose grids are meant; today if absent.")
_MERGE = click.argument("merge_id", metavar="ID", type=int)
_DECISION = ("conflict", "grid", "reason")


@click.group("merging")
def merging() -> None:
    """Compare the grids of several departments and merge them into one edition (多格合一)."""


def _asked(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a comparison, passed as ``ask``."""
    options = (
        click.option("--department", "departments", multiple=True, required=True, help="Repeated: two or more."),
        click.option("--area", help="Code of the area to compare within; everywhere if absent."),
        click.option("--lead", help="Whose borders lead, and whose codes come first; the first by name if absent."),
        click.option(
            "--sliver-width",
            "sliver_width_m",
            type=float,
            default=SLIVER_WIDTH_M,
            show_default=True,
            help="Conflicts nowhere wider than so many metres are the same line drawn twice.",
        ),
        click.option(
            "--cell-weight",
            type=click.Choice([str(weight) for weight in CellWeight]),
            default="area",
            show_default=True,
            help="By what it is judged which grid holds most of a cell.",
        ),
        click.option(
            "--decisions",
            type=click.Path(path_type=Path),
            help="CSV or XLSX of conflicts decided by hand: conflict, grid, reason.",
        ),
    )
    names = ("departments", "area", "lead", "sliver_width_m", "cell_weight", "decisions")

    def with_ask(*args: Any, way: str = "common", **kwargs: Any) -> None:  # Any: click passes what the options say
        said = {name: kwargs.pop(name) for name in names}
        said["cell_weight"], said["decisions"] = CellWeight(said["cell_weight"]), _decisions(said["decisions"])
        command(*args, ask=MergeAsk(way=Way(way), **said), **kwargs)

    with_ask.__name__, with_ask.__doc__ = command.__name__, command.__doc__
    for option in reversed(options):
        with_ask = option(with_ask)
    return with_ask


@merging.command("departments")
@_ON
@JSON
@click.pass_context
def list_departments(ctx: click.Context, on: date | None, *, as_json: bool) -> None:
    """List the departments with grids in force."""
    with database(ctx) as session:
        found = queries.departments(session, day_or_today(on))
    if as_json:
        print_json([vars(each) for each in found])
        return
    lang = settings_of(ctx).lang
    header = [text(f"merging.header_{name}", lang) for name in ("department", "name", "edition", "grids", "land")]
    rows = (
        [each.department, each.name or "-", ", ".join(each.editions), str(each.grids), f"{each.area_m2:,.0f}"]
        for each in found
    )
    print_table(header, rows, left=3)


@merging.command()
@_ON
@JSON
@_asked
@click.pass_context
def compare(ctx: click.Context, *, ask: MergeAsk, on: date | None, as_json: bool) -> None:
    """Show where departments disagree, by m², residents and cases, and what each way would make of it."""
    with database(ctx) as session:
        compared = service.compare_departments(session, ask, day_or_today(on))
        document, conflicts = compared.document(), compared.conflicts()
    for row in conflicts:
        del row["geom"]
    if as_json:
        print_json({**document, "conflict_list": conflicts})
        return
    lang = settings_of(ctx).lang
    facts = {name: document[name] for name in ("land_m2", "agreed_m2", "faces", "cores")}
    say(ctx, "merging.compared", on=document["compared_on"], departments=", ".join(ask.departments), **facts)
    _print([table(document, lang) for table in PRINTED] + [conflicts_table(conflicts, lang)])


@merging.command()
@click.option("--way", type=click.Choice([str(way) for way in Way]), required=True, help="How conflicts are resolved.")
@click.option("--edition", required=True, help="Name of the edition that holds the merged grids.")
@_ON
@JSON
@_asked
@click.pass_context
def resolve(ctx: click.Context, *, ask: MergeAsk, edition: str, on: date | None, as_json: bool) -> None:
    """Merge the departments' grids into an edition, by the lead's borders, whole cells, or most departments."""
    with database(ctx) as session:
        merge = service.merge(session, actor(), ask, day_or_today(on), edition)
        merge_id, document = merge.merge_id, merge.document
    if as_json:
        print_json({"merge_id": merge_id, "edition": edition, **document})
        return
    lang = settings_of(ctx).lang
    say(ctx, "merging.merged", merge_id=merge_id, edition=edition, way=text(f"way.{ask.way}", lang))
    _print([table(document, lang) for table in PRINTED[2:]])


@merging.command("list")
@JSON
@click.pass_context
def list_merges(ctx: click.Context, *, as_json: bool) -> None:
    """List the merges, the newest first."""
    with database(ctx) as session:
        found = [
            {
                "merge_id": merge.merge_id,
                "edition": name,
                "compared_on": merge.compared_on,
                "way": merge.parameters["way"],
                "departments": merge.parameters["departments"],
                "area": merge.parameters["area"],
            }
            for merge, name in queries.newest_merges(session, 1000)
        ]
    if as_json:
        print_json(found)
        return
    lang = settings_of(ctx).lang
    header = [text(f"merging.header_{name}", lang) for name in ("number", "edition", "on", "way", "department")]
    rows = (
        [str(each["merge_id"]), str(each["edition"]), str(each["compared_on"]), text(f"way.{each['way']}", lang),
         ", ".join(each["departments"])]
        for each in found
    )  # fmt: skip
    print_table(header, rows, left=5)


@merging.command()
@_MERGE
@JSON
@click.pass_context
def show(ctx: click.Context, merge_id: int, *, as_json: bool) -> None:
    """Show a merge: its ways side by side, and every conflict."""
    with database(ctx) as session:
        merge = queries.merge_by_id(session, merge_id)
        conflicts = [conflict_values(each) for each in queries.conflicts_of(session, merge_id)]
        document, edition = merge.document, queries.edition_name(session, merge)
    if as_json:
        print_json({"merge_id": merge_id, "edition": edition, **document, "conflict_list": conflicts})
        return
    lang = settings_of(ctx).lang
    click.echo(text("merging.title", lang, edition=edition))
    _print([table(document, lang) for table in (departments_table, *PRINTED[1:])] + [conflicts_table(conflicts, lang)])


@merging.command()
@_MERGE
@click.option("--format", "format_", type=click.Choice(list(MEDIA_TYPES)), required=True, help="What to write it as.")
@OUTPUT
@click.pass_context
def report(ctx: click.Context, merge_id: int, *, format_: str, output: Path | None) -> None:
    """Write the report of a merge; CSV and GeoJSON hold the conflicts."""
    with database(ctx) as session:
        merge = queries.merge_by_id(session, merge_id)
        conflicts = [
            (conflict_values(each), queries.surface_of_conflict(each))
            for each in queries.conflicts_of(session, merge_id)
        ]
        edition = queries.edition_name(session, merge)
        rendered = render_merge(merge, edition, conflicts, format_, lang=settings_of(ctx).lang)
    write_content(ctx, rendered.content, output)


@merging.command()
@_MERGE
@click.option("--kind", required=True, help="Kind of the responsibility grids: inspection, comprehensive …")
@click.option("--from", "begins", type=DAY, help="First day; today if absent.")
@click.option("--prefix", help="What goes before each grid's code; the kind and a dash if absent.")
@JSON
@click.pass_context
def adopt(
    ctx: click.Context, merge_id: int, *, kind: str, begins: date | None, prefix: str | None, as_json: bool
) -> None:
    """Make the merged grids of a merge by whole cells responsibility grids of a kind."""
    before = f"{kind}-" if prefix is None else prefix
    with database(ctx) as session:
        cells = service.cells_of(session, queries.merge_by_id(session, merge_id))
        rows = [
            GridRow(n, cell, kind, f"{before}{code}", name or code, None, None, None)
            for n, (cell, code, name) in enumerate(cells, start=1)
        ]
        import_grids(session, actor(), rows, on := day_or_today(begins), source=f"grid_merge:{merge_id}")
    facts = {"merge_id": merge_id, "cells": len(rows), "grids": len({row.code for row in rows}), "on": on}
    if as_json:
        print_json({**facts, "kind": kind})
    else:
        say(ctx, "merging.adopted", **facts)


def _decisions(file: Path | None) -> tuple[Decision, ...]:
    """Return the decisions of a table.

    Raises
    ------
    InputError
        When a column is missing, or a conflict is no number.
    """
    if file is None:
        return ()
    rows = read_table(file)
    if missing := [name for name in _DECISION if name not in rows.columns]:
        raise InputError("decisions_malformed", field="decisions", detail=", ".join(missing))
    found = []
    for line, values in zip(
        rows.row, zip(*(texts(rows.columns[name]) for name in _DECISION), strict=True), strict=True
    ):
        conflict, grid, reason = (value or "" for value in values)
        if not conflict.isdecimal():
            raise InputError("decisions_malformed", field="decisions", detail=f"{line}: {conflict or '-'}")
        found.append(Decision(int(conflict), grid, reason))
    return tuple(found)


def _print(tables: Sequence[Table]) -> None:
    for table in tables:
        click.echo(f"\n{table.title}")
        print_report_table(table, left=1 + (table.key == "changes"))
