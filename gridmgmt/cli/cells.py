"""``gridmgmt cells``: drawn into drafts, with reports; code schemes, facts and the check of cells."""

import itertools
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from gridmgmt.analysis.findings import Severity
from gridmgmt.boundaries import service as boundaries
from gridmgmt.boundaries.findings import describe, tolerances_of
from gridmgmt.boundaries.queries import draft_named
from gridmgmt.cells import queries, service
from gridmgmt.cells.making import TARGET_M2
from gridmgmt.cells.queries import CellFacts
from gridmgmt.cells.review import CellCheck, check_cells
from gridmgmt.cells.service import GenerationAsk
from gridmgmt.cli.context import actor, database, print_json, print_table, say, sessions, settings_of, write_content
from gridmgmt.cli.options import DAY, JSON, ON, OUTPUT, day_or_today
from gridmgmt.cli.progress import job_progress
from gridmgmt.clock import local_date, system_clock
from gridmgmt.db import Session, transaction
from gridmgmt.editions.queries import boundary_edition
from gridmgmt.editions.rules import EditionState
from gridmgmt.jobs.queries import job_states
from gridmgmt.reports.cells import render_cells
from gridmgmt.texts import Language, text
from gridmgmt.work import ask_cells, finish_cells


@click.group("cells")
def cells() -> None:
    """Grid cells: made along streets and barriers, with codes."""


@cells.command()
@click.argument("area")
@click.option("--target-m2", type=float, default=TARGET_M2, show_default=True, help="The size that is aimed at.")
@click.option(
    "--edition", help="The draft that takes the cells, opened where there is none; named after AREA if absent."
)
@click.option("--from", "begins", type=DAY, help="The day from which a new draft is to be in force; today if absent.")
@click.option("--management-level", metavar="CODE", help="Code of the management level of the new cells.")
@JSON
@click.pass_context
def generate(
    ctx: click.Context,
    /,
    area: str,
    edition: str | None,
    begins: date | None,
    *,
    as_json: bool,
    **given: Any,  # Any: from click
) -> None:
    """Draw the cells of all quarters in AREA (district, town, unit, sector or quarter) into a draft."""
    settings, today = settings_of(ctx), local_date(system_clock())
    on = begins or today
    named = text("cli.cells_edition", settings.lang, area=area, on=on)
    with sessions(ctx) as factory:
        with transaction(factory) as session:
            name, is_there = (edition, True) if edition else _draft_name(session, named)
        ask = GenerationAsk(area, name, on, barriers_on=max(on, today), **given)
        generation_id, job_id = ask_cells(factory, actor(), ask)
        with job_progress(ctx, factory, job_id):
            generation = finish_cells(factory, generation_id, job_id, lease_s=settings.job_lease_s)
        document = generation.document or {}
        withdrawn = not is_there and not _changed(document)
        if withdrawn:  # nobody asked for a draft that changes nothing
            with transaction(factory) as session:
                reason = text("cli.cells_nothing_to_do", settings.lang)
                boundaries.withdraw(session, actor(), draft_named(session, name), reason)
    if as_json:
        print_json({"generation_id": generation_id, "withdrawn": withdrawn, **document})
    else:
        _tell(ctx, generation_id, document, withdrawn=withdrawn)


def _draft_name(session: Session, wanted: str) -> tuple[str, bool]:
    """Return the name of the draft that takes the cells where none is given, and whether it is there.

    A name whose edition is in force or withdrawn gets a number behind it.
    """
    for number in itertools.count(1):
        name = wanted if number == 1 else f"{wanted} ({number})"
        found = boundary_edition(session, name)
        if found is None or found.state not in {EditionState.IN_FORCE, EditionState.WITHDRAWN}:
            break
    return name, found is not None


def _counts(document: Mapping[str, Any]) -> dict[str, int]:
    return {name: sum(row[name] for row in document["quarters"]) for name in ("new", "kept", "ended")}


def _changed(document: Mapping[str, Any]) -> bool:
    counts = _counts(document)
    return bool(counts["new"] or counts["ended"])


def _tell(ctx: click.Context, generation_id: int, document: Mapping[str, Any], *, withdrawn: bool) -> None:
    quality, rows, counts = document["quality"], document["quarters"], _counts(document)
    if not _changed(document):
        say(ctx, "cli.cells_nothing_to_do")
    if withdrawn:
        say(ctx, "cli.cells_draft_withdrawn", edition=document["edition"])
    say(
        ctx,
        "cli.cells_generated",
        quarters=len(rows),
        cells=quality["count"],
        **counts,
        edition=document["edition"],
        mean_m2=f"{quality['mean_m2']:,.0f}",
        on_barriers=f"{quality['share_of_border_on_barriers']:.1%}",
        times=quality["times_naive"] or "-",
    )
    if failed := sum(bool(row["failed"]) for row in rows):
        say(ctx, "cli.cells_failed_quarters", count=failed)
    say(ctx, "cli.cells_report", id=generation_id)
    if not withdrawn:
        say(ctx, "cli.cells_next", edition=document["edition"])


@cells.command()
@JSON
@click.pass_context
def generations(ctx: click.Context, *, as_json: bool) -> None:
    """List what was generated and what is under way, the newest first."""
    with database(ctx) as session:
        found = queries.newest_generations(session, 50)
        states = job_states(session, [each.job_id for each, _ in found if each.job_id is not None])
        rows = [
            {
                "generation_id": each.generation_id,
                "edition": edition,
                "area_code": each.area_code,
                "created_at": each.created_at.isoformat(timespec="seconds"),
                "state": states.get(each.job_id or 0, "succeeded"),
                "count": each.document["quality"]["count"] if each.document else None,
            }
            for each, edition in found
        ]
    if as_json:
        print_json(rows)
        return
    lang = settings_of(ctx).lang
    names = ("generation_id", "edition", "area_code", "created_at", "state", "count")
    print_table(_header(names, lang), [[_cell(row[name]) for name in names] for row in rows], left=5)


def _header(names: tuple[str, ...], lang: Language) -> list[str]:
    return [text(f"cell_column.{name}", lang) for name in names]


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


@cells.command()
@click.argument("number", type=int)
@click.option("--format", "format_", type=click.Choice(["json", "html"]), default="json", show_default=True)
@OUTPUT
@click.pass_context
def report(ctx: click.Context, number: int, format_: str, output: Path | None) -> None:
    """Write the report of generation NUMBER, as a page with a map or as JSON."""
    with database(ctx) as session:
        rendered = render_cells(session, queries.generation_by_id(session, number), format_, lang=settings_of(ctx).lang)
    write_content(ctx, rendered.content, output)


@cells.command()
@click.argument("code")
@ON
@JSON
@click.pass_context
def show(ctx: click.Context, code: str, on: date | None, *, as_json: bool) -> None:
    """Show what is known of the cell CODE: surface, perimeter, land use, responsible body, days, where it lies."""
    with database(ctx) as session:
        facts = queries.cell_facts(session, code, day_or_today(on))
    if as_json:
        print_json(asdict(facts))
    else:
        for label, value in _facts(facts, settings_of(ctx).lang):
            click.echo(f"{label}: {value}")


def _facts(facts: CellFacts, lang: Language) -> list[tuple[str, str]]:
    body = facts.responsible_body or "-"
    key = "until" if facts.end else "since"
    values = {
        "area": f"{facts.area_m2:,.1f} m²",
        "perimeter": f"{facts.perimeter_m:,.1f} m",
        "land_use": facts.land_use or "-",
        "management_level": facts.management_level or "-",
        "responsible_body": text("cell_fact.territorial_fallback", lang, body=body)
        if facts.territorial_fallback
        else body,
        "in_force": text(f"cell_fact.{key}", lang, start=facts.start, end=facts.end),
        "edition": facts.edition,
        "segments": " ".join(f"{text(f'cell_segment.{name}', lang)} {part}" for name, part in facts.segments.items()),
        "inside": " ← ".join(f"{name} {code}" for _, code, name in facts.parents),
    }
    named = [(text(f"cell_fact.{name}", lang), value) for name, value in values.items()]
    return [(facts.code, facts.name), *named]


@cells.command()
@click.option("--edition", help="Look at the cells as this boundary edition has them, a draft too.")
@ON
@JSON
@click.pass_context
def check(ctx: click.Context, edition: str | None, on: date | None, *, as_json: bool) -> None:
    """Check that cells cover and keep to their quarters and that their codes are right."""
    settings = settings_of(ctx)
    with database(ctx) as session:
        named = None if edition is None else draft_named(session, edition)
        found = check_cells(session, day_or_today(on), edition=named, tolerances=tolerances_of(settings))
    if as_json:
        print_json(_check_json(found, settings.lang))
        return
    lang = settings.lang
    topology = [
        [text(f"finding_type.{f.type}", lang), describe(f.type, f.codes, f.area_m2, lang)] for f in found.findings
    ]
    codes = [[text("cell_column.code", lang), problem.message(lang)] for problem in found.codes]
    if topology or codes:
        print_table(_header(("kind", "text"), lang), [*topology, *codes], left=2)
    counts = Counter(f.severity for f in found.findings)
    say(
        ctx,
        "cli.cells_checked",
        cells=found.cells,
        errors=counts[Severity.ERROR],
        warnings=counts[Severity.WARNING],
        codes=len(found.codes),
    )


def _check_json(found: CellCheck, lang: Language) -> dict[str, object]:
    return {
        "cells": found.cells,
        "findings": [
            {"type": f.type, "severity": f.severity, "codes": f.codes, "area_m2": f.area_m2, "lon": f.lon, "lat": f.lat}
            for f in found.findings
        ],
        "codes": [{"code": p.code, **p.fields, "text": p.message(lang)} for p in found.codes],
    }


@cells.command()
@click.option("--use", metavar="NAME", help="Code cells by this scheme from now on.")
@JSON
@click.pass_context
def schemes(ctx: click.Context, use: str | None, *, as_json: bool) -> None:
    """List the schemes of cell codes, or choose the one in use."""
    with sessions(ctx) as factory, transaction(factory) as session:
        if use is not None:
            service.use_scheme(session, actor(), use)
        found = [
            {
                "scheme": row.name,
                "digits": scheme.digits,
                "form": scheme.form,
                "in_use": row.in_use,
                "source": row.source,
            }
            for scheme, row in queries.schemes(session)
        ]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    lang = settings_of(ctx).lang
    names = ("scheme", "digits", "form", "in_use", "source")
    rows = [
        ["*" if row[name] is True else "" if row[name] is False else str(row[name]) for name in names] for row in found
    ]
    print_table(_header(names, lang), rows, left=5)
    if use is not None:
        chosen = next(row for row in found if row["in_use"])
        say(ctx, "cli.cell_scheme_used", name=chosen["scheme"], form=chosen["form"])
