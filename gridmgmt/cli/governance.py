"""``gridmgmt mode``, ``centres``, ``import centres``: how towns are governed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_args

import click

from gridmgmt.areas.rules import TownMode
from gridmgmt.cli.context import actor, columns_of, database, print_json, say, settings_of, write_content
from gridmgmt.cli.options import DAY, JSON, ON, OUTPUT, day_or_today
from gridmgmt.cli.refused import telling_refused
from gridmgmt.cli.report_tables import print_report_table
from gridmgmt.crs import Datum
from gridmgmt.desks import service as desks
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import InputError
from gridmgmt.governance import queries, service
from gridmgmt.governance.rules import CentreType, NewCentre, NewJointCentre, Organ, Override, Residents, TagKind
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.centres import CentreRows, read_centres
from gridmgmt.ingest.intake import require_whole
from gridmgmt.reports.governance import MEDIA_TYPES, ModeTable, render_matrix, render_modes
from gridmgmt.reports.governance_tables import cells_table, matrix_notes, mode_notes, mode_tables
from gridmgmt.reports.tables import Table
from gridmgmt.texts import text
from gridmgmt.uploads.records import centre_type_names, new_centre

_FROM = click.option("--from", "begins", type=DAY, help="First day; today if absent.")
_FORMAT = click.option("--format", "format_", type=click.Choice(list(MEDIA_TYPES)), help="A table here if absent.")
_CODE = click.argument("code")


@click.group()
def mode() -> None:
    """Decide and show the main modes of towns (3+X), tags, and the bodies of units and sectors."""


@click.group()
def centres() -> None:
    """Open, close and show service centres of towns and subdistricts, and their branches in units."""


def _decision_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the facts of a decision and its override, passed as ``facts``, a mapping by option."""
    options = (
        click.option("--delineable", is_flag=True, help="A basic management unit can be delineated in the town."),
        click.option("--residents", type=click.IntRange(min=0), help="Residents, where no figure is imported."),
        click.option("--counted-on", type=DAY, help="The day they were counted."),
        click.option("--source", help="Who counted them."),
        click.option("--override-by", help="Who has the mode adopted against the rule."),
        click.option("--document", help="The document of the override."),
        click.option("--reason", help="The reason of the override."),
        click.option("--dated", type=DAY, help="The date of the override."),
    )
    names = ("delineable", "residents", "counted_on", "source", "override_by", "document", "reason", "dated")

    def with_facts(*args: Any, **kwargs: Any) -> None:  # Any: click passes what the options say
        command(*args, facts={name: kwargs.pop(name) for name in names}, **kwargs)

    with_facts.__name__, with_facts.__doc__ = command.__name__, command.__doc__
    for option in reversed(options):
        with_facts = option(with_facts)
    return with_facts


def _together(facts: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Tell whether options that belong together were given, all of them or none."""
    given = [facts[name] is not None for name in names]
    if any(given) and not all(given):
        lacking = [f"--{name.replace('_', '-')}" for name, there in zip(names, given, strict=True) if not there]
        raise InputError("value_needed", field=", ".join(lacking))
    return all(given)


@mode.command()
@_CODE
@click.argument("mode", type=click.Choice([str(value) for value in TownMode]))
@_FROM
@_decision_options
@click.pass_context
def decide(ctx: click.Context, code: str, mode: str, begins: date | None, facts: Mapping[str, Any]) -> None:
    """Give the town of CODE its main mode; the unit mode against the rule needs an override."""
    on, residents, override = day_or_today(begins), None, None
    if _together(facts, ("residents", "counted_on", "source")):
        residents = Residents(facts["residents"], facts["counted_on"], facts["source"])
    if _together(facts, ("override_by", "document", "reason", "dated")):
        override = Override(facts["override_by"], facts["document"], facts["reason"], facts["dated"])
    with database(ctx) as session:
        service.decide_mode(
            session,
            actor(),
            code,
            TownMode(mode),
            on,
            delineable=facts["delineable"],
            residents=residents,
            override=override,
        )
    lang = settings_of(ctx).lang
    by = text("cli.mode_by_override", lang) if override else ""
    say(ctx, "cli.mode_decided", code=code, on=on, mode=text(f"mode.{mode}", lang), override=by)


@mode.command()
@_CODE
@_FROM
@click.pass_context
def end(ctx: click.Context, code: str, begins: date | None) -> None:
    """End the mode of the town of CODE: it is not decided from then on."""
    with database(ctx) as session:
        service.end_mode(session, actor(), code, day_or_today(begins))
    say(ctx, "cli.mode_ended", code=code, on=day_or_today(begins))


@mode.command()
@_CODE
@click.argument("kind", type=click.Choice([str(kind) for kind in TagKind]))
@click.argument("value")
@_FROM
@click.option("--remove", is_flag=True, help="Take the tag off.")
@click.pass_context
def tag(ctx: click.Context, code: str, kind: str, value: str, begins: date | None, *, remove: bool) -> None:
    """Tag the area of CODE: a town's X, a village's type, a courtyard, a sector's type."""
    change = service.untag if remove else service.tag
    with database(ctx) as session:
        change(session, actor(), code, TagKind(kind), value, day_or_today(begins))
    say(ctx, "cli.governance_kept")


@mode.command()
@_CODE
@click.argument("organ", type=click.Choice([str(organ) for organ in Organ]))
@click.argument("name", required=False)
@_FROM
@click.pass_context
def organ(ctx: click.Context, code: str, organ: str, name: str | None, begins: date | None) -> None:
    """Name a body, or the office that fills a post, of the unit or sector of CODE; without NAME it is dissolved."""
    with database(ctx) as session:
        service.set_organ(session, actor(), code, Organ(organ), name, day_or_today(begins))
    say(ctx, "cli.governance_kept")


@mode.command()
@_CODE
@click.argument("posts", type=int)
@_FROM
@click.pass_context
def staffing(ctx: click.Context, code: str, posts: int, begins: date | None) -> None:
    """Say how many posts the unit of CODE has."""
    with database(ctx) as session:
        service.set_staffing(session, actor(), code, posts, day_or_today(begins))
    say(ctx, "cli.governance_kept")


@mode.command()
@ON
@_FORMAT
@click.option("--table", type=click.Choice(get_args(ModeTable)), default="towns", help="What to show here or as CSV.")
@OUTPUT
@click.pass_context
def report(ctx: click.Context, on: date | None, format_: str | None, table: ModeTable, output: Path | None) -> None:
    """Show each town's mode or gap, overrides and conflicts; as a file also units, sectors and what they lack."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        found, synthetic = queries.mode_report(session, day_or_today(on)), holds_synthetic(session) is True
    if format_ is None:
        shown = next(each for each in mode_tables(found, lang) if each.key == table)
        _print(mode_notes(found, lang), shown)
    else:
        rendered = render_modes(found, format_, lang=lang, synthetic=synthetic, table=table)
        write_content(ctx, rendered.content, output)


@centres.command()
@ON
@_FORMAT
@OUTPUT
@click.pass_context
def matrix(ctx: click.Context, on: date | None, format_: str | None, output: Path | None) -> None:
    """Show which centres and branches towns, units and subdistricts have and lack."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        found, synthetic = queries.completeness_matrix(session, day_or_today(on)), holds_synthetic(session) is True
    if format_ is None:
        _print(matrix_notes(found, lang), cells_table(found, lang))
    else:
        write_content(ctx, render_matrix(found, format_, lang=lang, synthetic=synthetic).content, output)


@centres.command()
@_CODE
@click.option("--type", "type_", required=True, type=click.Choice([str(value) for value in CentreType]))
@click.option("--name", required=True)
@click.option("--area", required=True, metavar="CODE", help="The town, subdistrict or unit that it serves.")
@click.option("--parent", metavar="CODE", help="The centre of which it is a branch; needed in a unit.")
@click.option("--address")
@click.option("--at", type=(float, float), metavar="LON LAT", help="Where it lies, in WGS 84.")
@_FROM
@click.pass_context
def add(ctx: click.Context, /, code: str, begins: date | None, **given: Any) -> None:  # Any: what click passes
    """Open the centre or branch CODE."""
    new = NewCentre(
        code=code,
        type=CentreType(given["type_"]),
        name=given["name"],
        area_code=given["area"],
        valid_from=day_or_today(begins),
        parent_code=given["parent"],
        address=given["address"],
        lonlat=given["at"],
    )
    with database(ctx) as session:
        service.add_centre(session, actor(), new)
    say(ctx, "cli.centre_added", code=code, on=new.valid_from)


@centres.command()
@_CODE
@_FROM
@click.pass_context
def close(ctx: click.Context, code: str, begins: date | None) -> None:
    """Close the centre or branch CODE and its desks; its own branches stay, as findings of the matrix."""
    with database(ctx) as session:
        desks.close_centre(session, actor(), code, day_or_today(begins))
    say(ctx, "cli.centre_closed", code=code, on=day_or_today(begins))


@centres.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--town", required=True, metavar="CODE", help="The town that it belongs to.")
@click.option("--source", required=True, help="Who says so; shown beside it.")
@click.option("--party-branch", help="Name of the party branch.")
@click.option("--service-centre", help="Name of the joint service centre.")
@click.option("--agreements", type=int, help="How many agreements with partners there are.")
@click.option("--note", help="What must be known beside, such as what the source leaves open.")
@click.option("--datum", type=click.Choice([str(d) for d in Datum]), help="Datum of the file's coordinates.")
@_FROM
@click.pass_context
def joint(ctx: click.Context, /, file: Path, begins: date | None, **given: Any) -> None:  # Any: as above
    """Set up the joint centre whose service area is the one polygon of FILE, with its code and name."""
    areas = read_areas(file, datum=Datum(given["datum"]) if given["datum"] else None).whole().frame
    if len(areas) != 1:
        raise InputError("one_polygon_needed", file=file.name, found=len(areas))
    area = areas.iloc[0]
    new = NewJointCentre(
        code=area["code"],
        name=area["name"],
        town_code=given["town"],
        valid_from=day_or_today(begins),
        geometry=area.geometry,
        source=given["source"],
        party_branch=given["party_branch"],
        joint_service_centre=given["service_centre"],
        partner_agreements=given["agreements"],
        note=given["note"],
    )
    with database(ctx) as session:
        service.add_joint_centre(session, actor(), new)
    say(ctx, "cli.centre_added", code=new.code, on=new.valid_from)


@click.command("centres")
@click.argument("file", type=click.Path(path_type=Path))
@_FROM
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="Column of a role (code, type …).")
@click.option("--datum", type=click.Choice([str(d) for d in Datum]), help="Datum of the file's coordinates.")
@click.option("--encoding", help="Encoding of the file's texts.")
@click.option("--refused", type=click.Path(path_type=Path), help="Where to write the refused rows.")
@JSON
@click.pass_context
def import_centres(ctx: click.Context, /, file: Path, begins: date | None, **given: Any) -> None:  # Any: as above
    """Take service centres and branches: CSV or XLSX, whole or not at all; the same file again changes nothing."""
    with telling_refused(ctx, file, given["refused"]):
        found = read_centres(
            file,
            types=centre_type_names(),
            datum=Datum(given["datum"]) if given["datum"] else None,
            columns=columns_of(given["columns"], "column"),
            encoding=given["encoding"],
        )
        outcome = _import(ctx, file, found, day_or_today(begins))
    if given["as_json"]:
        print_json({"read": outcome.read, "added": outcome.added, "known": outcome.known})
    else:
        say(ctx, "cli.centres_imported", read=outcome.read, added=outcome.added, known=outcome.known)


def _import(ctx: click.Context, file: Path, found: CentreRows, begins: date) -> service.CentresOutcome:
    require_whole(found.problems, read=found.read, taken=len(found.rows), partial=False)
    with database(ctx) as session:
        rows = [(row.row, new_centre(row, begins)) for row in found.rows]
        return service.import_centres(session, actor(), rows, source=file.name)


def _print(notes: Sequence[str], table: Table) -> None:
    for note in notes:
        click.echo(note)
    print_report_table(table, left=len(table.columns))
