"""The commands of ``gridmgmt areas`` for the life of a boundary edition: draft, diff, check, approve, activate."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.analysis.findings import Finding, Severity
from gridmgmt.boundaries import service
from gridmgmt.boundaries.check import check_day
from gridmgmt.boundaries.diff import Affected, Diff, diff, diff_geojson, diff_json
from gridmgmt.boundaries.findings import describe, findings_geojson, tolerances_of
from gridmgmt.boundaries.queries import draft_named
from gridmgmt.cli.context import actor, database, print_json, print_table, say, sessions, settings_of, warn
from gridmgmt.cli.options import DAY, JSON, day_or_today
from gridmgmt.clock import local_date, system_clock
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.errors import InputError
from gridmgmt.texts import text
from gridmgmt.units import M2_PER_KM2
from gridmgmt.work import Approval, put_in_force

_GEOJSON = click.option(
    "--geojson", type=click.Path(dir_okay=False, path_type=Path), help="Write what is found here, for a map."
)
_NAME = click.argument("name")


@click.command()
@_NAME
@click.option("--from", "planned_from", type=DAY, required=True, help="The day from which it is to be in force.")
@click.option("--source", help="Who made the boundaries, as it is shown beside every number.")
@click.pass_context
def draft(ctx: click.Context, name: str, planned_from: date, source: str | None) -> None:
    """Open a draft that the other verbs edit."""
    by = actor()
    with database(ctx) as session:
        drawn_here = text("cli.drawn_here", settings_of(ctx).lang, actor=by.name)
        service.open_draft(session, by, name, planned_from, source or drawn_here)
    say(ctx, "cli.draft_opened", name=name, on=planned_from)


@click.command("diff")
@_NAME
@JSON
@_GEOJSON
@click.pass_context
def show_diff(ctx: click.Context, name: str, geojson: Path | None, *, as_json: bool) -> None:
    """Show what the edition NAME changes: areas, m² moved, residents, service points, cases."""
    with database(ctx) as session:
        found = diff(session, draft_named(session, name), local_date(system_clock()))
    if geojson is not None:
        _write(geojson, diff_geojson(found))
    if as_json:
        print_json(diff_json(found))
    else:
        _print_diff(ctx, found)


@click.command()
@click.option(
    "--edition", help="The boundary edition to check; a draft is checked from then on, and to be approved anew."
)
@click.option("--on", type=DAY, help="Check what is in force on a day; today if neither is given.")
@_GEOJSON
@JSON
@click.pass_context
def check(ctx: click.Context, edition: str | None, on: date | None, geojson: Path | None, *, as_json: bool) -> None:
    """Check the topology of an edition, or of what is in force on a day."""
    if edition is not None and on is not None:
        raise InputError("edition_or_day", field="edition")
    settings = settings_of(ctx)
    with database(ctx) as session:
        if edition is not None:
            findings = _checked(ctx, session, draft_named(session, edition))
        else:
            findings = check_day(session, day_or_today(on), tolerances=tolerances_of(settings))
    document = findings_geojson(findings, settings.lang)
    if geojson is not None:
        _write(geojson, document)
    if as_json:
        print_json([feature["properties"] for feature in document["features"]])
    else:
        print_findings(ctx, findings)


@click.command()
@_NAME
@click.option("--document", required=True, help="The document that the approval rests on.")
@click.option("--date", "dated", type=DAY, required=True, help="The date of the document.")
@click.option("--reason", help="Why it is approved with the warnings that its check has.")
@click.pass_context
def approve(ctx: click.Context, name: str, document: str, dated: date, reason: str | None) -> None:
    """Approve the checked draft NAME."""
    with database(ctx) as session:
        service.approve(session, actor(), draft_named(session, name), document, dated, reason)
    say(ctx, "cli.edition_approved", name=name)


@click.command()
@_NAME
@click.option("--on", type=DAY, help="The day from which it is in force; the planned one if absent.")
@click.option("--document", help="Check and approve it first, by this document.")
@click.option("--date", "dated", type=DAY, help="The date of the document; today if absent.")
@click.option("--reason", help="Why it is approved with the warnings that its check has.")
@click.pass_context
def activate(
    ctx: click.Context, name: str, on: date | None, document: str | None, dated: date | None, reason: str | None
) -> None:
    """Let the approved draft NAME be in force from a day on."""
    approval = None if document is None else Approval(document, dated or local_date(system_clock()), reason)
    with sessions(ctx) as factory:
        valid_from = put_in_force(factory, actor(), name, approval, settings_of(ctx), on=on)
    say(ctx, "cli.edition_activated", name=name, on=valid_from)


@click.command()
@_NAME
@click.option("--reason", required=True, help="Why it will never be in force.")
@click.pass_context
def withdraw(ctx: click.Context, name: str, reason: str) -> None:
    """Give the draft NAME up; it stays as a record."""
    with database(ctx) as session:
        service.withdraw(session, actor(), draft_named(session, name), reason)
    say(ctx, "cli.edition_withdrawn", name=name)


COMMANDS = (draft, show_diff, check, approve, activate, withdraw)


def _checked(ctx: click.Context, session: Session, edition: Edition) -> list[Finding]:
    """Check an edition; what is in force stays as it is, a draft counts as checked and is to be approved anew."""
    tolerances = tolerances_of(settings_of(ctx))
    if edition.valid_from is not None:
        return check_day(session, edition.valid_from, tolerances=tolerances)
    return service.check(session, actor(), edition, tolerances)


def print_findings(ctx: click.Context, findings: Sequence[Finding]) -> None:
    """Print findings as a table, and how many there are."""
    lang = settings_of(ctx).lang
    if findings:
        rows = (
            [
                str(number),
                text(f"severity.{f.severity}", lang),
                text(f"finding_type.{f.type}", lang),
                describe(f.type, f.codes, f.area_m2, lang),
                f"{f.lon:.6f} {f.lat:.6f}",
            ]
            for number, f in enumerate(findings, start=1)
        )
        names = ("number", "severity", "type", "text", "place")
        print_table([text(f"cli.finding_{name}", lang) for name in names], rows, left=5)
    counts = Counter(f.severity for f in findings)
    say(ctx, "cli.findings", errors=counts[Severity.ERROR], warnings=counts[Severity.WARNING])


def _print_diff(ctx: click.Context, found: Diff) -> None:
    lang = settings_of(ctx).lang
    if not found.levels:
        say(ctx, "cli.diff_nothing", name=found.edition)
        return
    rows = [
        [
            text(f"level.{each.level}", lang),
            change.code,
            change.name,
            "、".join(text(f"change_kind.{kind}", lang) for kind in change.kinds),
            change.was_code or change.was_name or "-",
            _km2(change.before_m2),
            _km2(change.after_m2),
        ]
        for each in found.levels
        for change in each.changes
    ]
    names = ("level", "code", "name", "kinds", "was", "before", "after")
    print_table([text(f"cli.diff_{name}", lang) for name in names], rows, left=5)
    click.echo("")
    _print_affected(ctx, found)


def _print_affected(ctx: click.Context, found: Diff) -> None:
    lang = settings_of(ctx).lang
    names = ("level", "changes", "moved", "residents", "points", "cases")
    rows = [
        [
            text(f"level.{each.level}", lang),
            str(len(each.changes)),
            f"{each.moved_m2:,.0f}",
            *_affected(each.affected),
        ]
        for each in found.levels
    ]
    rows.append([text("cli.diff_any_level", lang), "", "", *_affected(found.affected)])
    print_table([text(f"cli.diff_{name}", lang) for name in names], rows)
    say(ctx, "cli.diff_data_on", on=found.on, data_on=found.data_on)
    if found.affected.residents_60_plus is None:
        warn(ctx, "cli.diff_places_only")


def _km2(area_m2: float | None) -> str:
    return "-" if area_m2 is None else f"{area_m2 / M2_PER_KM2:,.4f}"


def _affected(affected: Affected) -> list[str]:
    residents = affected.residents_60_plus
    who = f"{affected.places:,}" if residents is None else f"{residents:,.1f}"
    return [who, str(sum(affected.service_points.values())), str(affected.open_cases)]


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, default=str), encoding="utf-8")
