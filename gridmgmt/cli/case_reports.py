"""``gridmgmt cases report`` and ``number``: a case is taken in, and how cases are numbered."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import click

from gridmgmt.cases.rules import CaseSource
from gridmgmt.casework import intake
from gridmgmt.casework.asking import ReportAsk
from gridmgmt.cli.case_moves import Moment
from gridmgmt.cli.context import actor, columns_of, database, print_json, say, settings_of
from gridmgmt.cli.options import DAY, JSON
from gridmgmt.clock import local_date, system_clock
from gridmgmt.texts import text


@click.command()
@click.option("--lon", type=float, required=True, help="Degrees east, WGS 84.")
@click.option("--lat", type=float, required=True, help="Degrees north, WGS 84.")
@click.option("--type", "type_", required=True, help="Code of the catalogue.")
@click.option(
    "--source", type=click.Choice([str(source) for source in CaseSource]), required=True, help="Through whom it came."
)
@click.option("--description", help="At most 4,000 characters.")
@click.option("--address", help="At most 200 characters.")
@click.option("--field", "fields", multiple=True, help="CODE=VALUE of a further field of the type; repeated.")
@click.option("--component", "component_code", help="Code of the component that it is about.")
@click.option("--client-id", type=click.UUID, help="Made by the device: the same report sent twice is one case.")
@click.option("--reported-at", type=Moment(), help="When it was captured, at most 30 days ago; now if absent.")
@JSON
@click.pass_context
def report(
    ctx: click.Context,
    /,
    *,
    type_: str,
    source: str,
    fields: Sequence[str],
    client_id: UUID | None,
    reported_at: datetime | None,
    as_json: bool,
    **said: Any,  # numbers and texts, as the options above take them
) -> None:
    """Report a case; print its number, who would handle it and why, and the cases that it may repeat."""
    given = {name: _value(value) for name, value in columns_of(fields, "field").items()}
    ask = ReportAsk(
        type=type_, source=CaseSource(source), fields=given, client_id=client_id, reported_at=reported_at, **said
    )
    with database(ctx) as session:
        found = intake.report(session, actor(), ask, now=system_clock())
    if isinstance(found, intake.Reported):
        _print_reported(ctx, found, as_json=as_json)
    elif isinstance(found, intake.Known) and as_json:
        print_json({"case_no": found.case_no, "new": False})
    elif isinstance(found, intake.Known):
        say(ctx, "case_report.known", case_no=found.case_no)


@click.command()
@click.argument("template")
@click.option("--from", "valid_from", type=DAY, help="The first day on which it holds; today if absent.")
@click.pass_context
def number(ctx: click.Context, template: str, valid_from: date | None) -> None:
    """Set how cases are numbered: fields district, date and serial, as {district:0<6.6}{date:%Y%m%d}{serial:05d}."""
    day = valid_from or local_date(system_clock())
    with database(ctx) as session:
        rule = intake.set_number_rule(session, actor(), template, day)
    say(ctx, "case_report.number_set", on=day, example=rule.number("310113", day, 1))


def _value(value: str) -> object:
    """Return a number or a list where a value is one as JSON, else the text itself."""
    try:
        read = json.loads(value)
    except ValueError:
        return value
    return read if isinstance(read, int | float | list) else value


def _print_reported(ctx: click.Context, case: intake.Reported, *, as_json: bool) -> None:
    lang = settings_of(ctx).lang
    department, post = case.suggestion.department, case.suggestion.post
    if as_json:
        print_json(
            {
                "case_no": case.case_no,
                "new": True,
                "areas": {level: code for level, (code, _) in case.areas.items()},
                "department": department and department.code,
                "officer_post": post and post.code,
                "why": [why.said(lang) for why in case.suggestion.why],
                "near_border": [vars(border) for border in case.suggestion.across],
                "duplicates": [vars(duplicate) for duplicate in case.duplicates],
            }
        )
        return
    say(ctx, "case_report.new", case_no=case.case_no, department=department.name.said(lang) if department else "—")
    for why in case.suggestion.why:
        click.echo(f"  {why.said(lang)}")
    for each in case.duplicates:
        state = text(f"case_state.{each.state}", lang)
        say(ctx, "case_report.near", case_no=each.case_no, distance_m=each.distance_m, state=state)
