"""``gridmgmt codes``."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click
import shapely

from gridmgmt.areas.placing import codes_of_points
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.areas.service import planned
from gridmgmt.boundaries import service as boundaries
from gridmgmt.boundaries.queries import draft_named
from gridmgmt.cli.context import actor, columns_of, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import JSON, LEVEL, ON, day_or_today
from gridmgmt.cli.refused import keep_refused, telling_refused
from gridmgmt.crs import Datum
from gridmgmt.errors import InputError
from gridmgmt.ingest.points import read_points
from gridmgmt.official_codes import queries
from gridmgmt.official_codes.rules import CodeAgreement, Compared, by_parent, tally
from gridmgmt.spreadsheets import harmless
from gridmgmt.texts import text

_LEVEL = click.option(
    "--level", type=LEVEL, default="town", show_default=True, help="district, town or residential_quarter."
)
_COMPARED = ("agreement", "area_code", "area_name", "row_code", "row_name", "parent")


@click.group("codes")
def codes() -> None:
    """Official codes: the table of names, and how the areas agree with it."""


@codes.command("show")
@click.argument("code")
@ON
@JSON
@click.pass_context
def show(ctx: click.Context, code: str, *, on: date | None, as_json: bool) -> None:
    """Show the unit of CODE, what it lies in, and how many lie in it."""
    with database(ctx) as session:
        found = queries.entry(session, code, day_or_today(on))
    if as_json:
        print_json(asdict(found))
        return
    unit = found.unit
    say(ctx, "codes.shown", code=unit.code, name=unit.name, edition=unit.edition, children=found.children)
    for above in reversed(found.above):
        say(ctx, "codes.above", code=above.code, name=above.name)


@codes.command("search")
@click.argument("words", required=False)
@click.option("--parent", help="Only what lies directly below this code.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Units at most.")
@ON
@JSON
@click.pass_context
def search(
    ctx: click.Context, words: str | None, *, parent: str | None, limit: int, on: date | None, as_json: bool
) -> None:
    """Find units by part of the name or, of digits, by the beginning of the code."""
    with database(ctx) as session:
        found = queries.summaries(session, day_or_today(on), parent=parent, text=words, limit=limit)
    if as_json:
        print_json([asdict(unit) for unit in found])
        return
    lines = [[unit.code, unit.name, unit.parent_name or unit.parent_code or "-", unit.edition] for unit in found]
    print_table(_header(ctx, "code", "name", "parent", "edition"), lines, left=4)


@codes.command("compare")
@_LEVEL
@ON
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="CSV of every area and row.")
@JSON
@click.pass_context
def compare(ctx: click.Context, *, level: AreaLevel, on: date | None, output: Path | None, as_json: bool) -> None:
    """Put the areas of a level beside the table: what agrees, and every mismatch."""
    with database(ctx) as session:
        found = queries.comparison(session, level, day_or_today(on))
    if output is not None:
        _write(output, _COMPARED, (_cells(each) for each in found.compared))
    if as_json:
        print_json({**asdict(found), "counts": tally(found.compared), "by_parent": by_parent(found.compared)})
        return
    _print_comparison(ctx, found)
    if output is not None:
        say(ctx, "codes.written", file=output)


@codes.command("adopt")
@click.argument("draft")
@click.argument("only", nargs=-1, metavar="[CODE]...")
@_LEVEL
@click.option("--names", is_flag=True, help="Give areas the names that the table has for their codes.")
@click.option("--codes", "recode", is_flag=True, help="Give areas the codes that the table has for their names.")
@click.pass_context
def adopt(
    ctx: click.Context, draft: str, only: tuple[str, ...], *, level: AreaLevel, names: bool, recode: bool
) -> None:
    """Rename or recode areas in a draft as the table has them: all that differ, or those of CODES."""
    if not (names or recode):
        raise InputError("nothing_to_adopt", field="--names, --codes")
    renamed = recoded = 0
    with database(ctx) as session:
        edition = draft_named(session, draft)
        found = queries.comparison(session, level, planned(edition), draft=edition.edition_id)
        for each in found.compared:
            if each.area is None or each.row is None or (only and each.area.code not in only):
                continue
            if names and each.agreement is CodeAgreement.OTHER_NAME:
                boundaries.rename(session, actor(), edition, each.area.code, each.row.name)
                renamed += 1
            if recode and each.agreement is CodeAgreement.OTHER_CODE:
                boundaries.recode(session, actor(), edition, each.area.code, each.row.code)
                recoded += 1
    say(ctx, "codes.adopted", draft=draft, renamed=renamed, recoded=recoded)


@codes.command("of-points")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="CSV to write.")
@click.option("--level", type=LEVEL, default="grid_cell", show_default=True, help="Level of the areas.")
@ON
@click.option("--datum", type=click.Choice([str(d) for d in Datum]), help="Datum of the file's coordinates.")
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Column of a role (lon, lat).")
@click.option("--encoding", help="Encoding of the file's texts.")
@click.option("--layer", help="Layer of a file that holds several.")
@click.option("--partial", is_flag=True, help="Take the good rows of a file that has bad ones too.")
@click.option("--refused", type=click.Path(path_type=Path), help="Where to write the refused rows.")
@JSON
@click.pass_context
def of_points(  # noqa: PLR0913  each is an option of the command
    ctx: click.Context,
    file: Path,
    *,
    output: Path,
    level: AreaLevel,
    on: date | None,
    datum: str | None,
    columns: tuple[str, ...],
    encoding: str | None,
    layer: str | None,
    partial: bool,
    refused: Path | None,
    as_json: bool,
) -> None:
    """Write the points of FILE with the code of the area that each lies in, blank for one in no area.

    A point on a shared border belongs to the area with the lower code.
    """
    named = columns_of(columns, "column")
    with telling_refused(ctx, file, refused):
        intake = read_points(
            file, datum=Datum(datum) if datum else None, columns=named, encoding=encoding, layer=layer
        ).whole(partial=partial)
        keep_refused(ctx, file, refused, intake.problems)
    lon, lat = shapely.get_coordinates(intake.frame.geometry).T
    with database(ctx) as session:
        found = codes_of_points(session, lon, lat, day_or_today(on), level)
    table = intake.frame.drop(columns=["row", "geometry"])
    table[f"{level}_code"] = found
    table.to_csv(output, index=False, encoding="utf-8-sig")
    placed = sum(code is not None for code in found)
    facts = {"read": len(found), "placed": placed, "outside": len(found) - placed, "file": output}
    if as_json:
        print_json({**facts, "level": level})
    else:
        say(ctx, "codes.placed", **facts, level=text(f"level.{level}", settings_of(ctx).lang))


def _print_comparison(ctx: click.Context, found: queries.Comparison) -> None:
    """Print the counts, each mismatch of an area, and how many rows below each parent have no area."""
    lang = settings_of(ctx).lang
    counts = tally(found.compared)
    words = ", ".join(f"{text(f'code_agreement.{kind}', lang)} {count}" for kind, count in counts.items())
    say(
        ctx, "codes.compared",
        level=text(f"level.{found.level}", lang), on=found.on, editions=", ".join(found.editions),
        counties=", ".join(found.counties) or "-", tally=words,
    )  # fmt: skip
    quiet = {CodeAgreement.AGREES, CodeAgreement.ROW_WITHOUT_AREA}
    lines = [_cells(each) for each in found.compared if each.agreement not in quiet]
    if lines:
        shown = ([text(f"code_agreement.{line[0]}", lang), *line[1:]] for line in lines)
        print_table(_header(ctx, *_COMPARED), shown, left=len(_COMPARED))
    for parent, below in by_parent(found.compared).items():
        if count := below[CodeAgreement.ROW_WITHOUT_AREA]:
            say(ctx, "codes.rows_without_area", parent=parent, name=found.names.get(parent, "-"), count=count)
    if counts[CodeAgreement.AGREES] or counts[CodeAgreement.ROW_WITHOUT_AREA]:
        say(ctx, "codes.full_list")


def _cells(each: Compared) -> list[str]:
    unit = each.row or each.area
    area, row = each.area, each.row
    return [
        str(each.agreement),
        area.code if area else "",
        area.name if area else "",
        row.code if row else "",
        row.name if row else "",
        (unit and unit.parent_code) or "",
    ]


def _header(ctx: click.Context, *names: str) -> list[str]:
    return [text(f"codes.header_{name}", settings_of(ctx).lang) for name in names]


def _write(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(map(harmless, row) for row in rows)
