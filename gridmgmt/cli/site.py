"""``gridmgmt site``."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import click

from gridmgmt.analysis.siting.model import SitingModel
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.cli.context import actor, database, print_json, print_table, say, sessions, settings_of, write_content
from gridmgmt.cli.options import JSON, ON, OUTPUT, day_or_today
from gridmgmt.cli.progress import job_progress
from gridmgmt.cli.report_tables import print_report_table
from gridmgmt.crs import Datum
from gridmgmt.db import Session
from gridmgmt.errors import InputError
from gridmgmt.jobs.queries import job_states
from gridmgmt.land.rules import LandKind
from gridmgmt.placeability.batch import read_candidates
from gridmgmt.reports.render import MEDIA_TYPES
from gridmgmt.reports.siting_render import render_siting
from gridmgmt.reports.siting_tables import chosen_table
from gridmgmt.reports.siting_words import certificate_text, siting_notes, siting_title
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.siting import queries, service
from gridmgmt.siting.document import SitingDocument, canonical_json
from gridmgmt.siting.progress import stored
from gridmgmt.siting.rules import (
    ALL_AGES,
    DEFAULT_CANDIDATES,
    DEFAULT_MAX_S,
    DEFAULT_MINUTES,
    RESIDENTS,
    CandidateSource,
    Polygon,
    Search,
    SitingTerms,
    SourceKind,
    from_cards,
    make_terms,
)
from gridmgmt.texts import Language, text
from gridmgmt.walking.rules import BARRIER_KINDS, DEFAULT_AT, DEFAULT_CONNECTION_LIMIT_M, DEFAULT_PROFILE
from gridmgmt.work import ask_siting, finish_siting

_RUN = click.argument("run_id", metavar="RUN", type=int)
_TYPES = click.Choice([str(each) for each in ServicePointType])
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_REACH = ("minutes", "residents", "area_code", "types", "profile", "at", "trip", "barriers", "scenario",
          "connection_limit_m")  # fmt: skip
_OPTIONS = (
    click.option(
        "--model", default=str(SitingModel.MAX_COVERAGE), show_default=True,
        type=click.Choice([str(each) for each in SitingModel]), help="What the plan is to be the best at.",
    ),
    click.option("--points", type=int, help="How many new points; none for set_cover, which finds it."),
    click.option("--type", "type_", required=True, type=_TYPES, help="What the new points are to be."),
    click.option(
        "--candidates", required=True, metavar="FILE|network|layer:NAME",
        help="A file of spots, street corners, or a layer: service_points, planned_points, or a kind of land, "
        "perhaps with a part of its names (layer:landuse:public).",
    ),
    click.option("--datum", type=click.Choice([str(each) for each in Datum]), help="Datum of the file's coordinates."),
    click.option("--every", "every_m", type=float, help="Of the network: one corner a square of this side, in metres."),
    click.option("--most", "limit", type=int, default=DEFAULT_CANDIDATES, show_default=True, help="Most candidates."),
    click.option("--counts", "types", multiple=True, type=_TYPES, help="What counts as service today."),
    click.option("--minutes", type=float, default=DEFAULT_MINUTES, show_default=True, help="Limit of the walk."),
    click.option("--horizon", "horizon_min", type=float, help="Walks of p_median and p_center count up to here."),
    click.option(
        "--residents", default=ALL_AGES, show_default=True, type=click.Choice(list(RESIDENTS)), help="Who counts."
    ),
    click.option("--area", "area_code", help="Only residents and candidates in the area of this code."),
    click.option("--profile", default=DEFAULT_PROFILE, show_default=True, help="Walking profile."),
    click.option(
        "--time", "at", default=DEFAULT_AT, show_default=True, metavar="'wed 10:00'", help="When gates are looked at."
    ),
    click.option(
        "--trip", type=click.Choice([str(each) for each in Trip]), default=str(Trip.TO_POINT), show_default=True,
        help="Which way is timed.",
    ),
    click.option(
        "--barrier", "barriers", multiple=True, type=click.Choice([str(each) for each in BARRIER_KINDS]),
        help="Land that cannot be crossed.",
    ),
    click.option("--scenario", help="Planned changes to walk over."),
    click.option(
        "--connection-limit", "connection_limit_m", type=float, default=DEFAULT_CONNECTION_LIMIT_M, show_default=True,
        help="Farthest distance to a street, in metres.",
    ),
    click.option("--forbidden", type=_FILE, help="GeoJSON of zones where no point may stand."),
    click.option(
        "--forbidden-land", multiple=True, type=click.Choice([str(each) for each in LandKind]),
        help="Kinds of land where no point may stand.",
    ),
    click.option("--spacing", "spacing_m", type=float, default=0.0, help="Least distance between points, in metres."),
    click.option("--capacity", type=float, help="Residents whom a point can serve where the candidate does not say."),
    click.option("--judge/--no-judge", "judged", default=True, help="Leave out spots that fail a placeability check."),
    click.option("--max-s", type=float, default=DEFAULT_MAX_S, show_default=True, help="Longest search, in seconds."),
    click.option("--gap", type=float, default=0.0, show_default=True, help="A gap that is enough; 0 asks for a proof."),
    click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same plan."),
)  # fmt: skip


def _asking(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a siting question."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group()
def site() -> None:
    """Where the next points should go, and how sure that is."""


@site.command()
@_asking
@ON
@JSON
@OUTPUT
@click.pass_context
def run(  # click's options by name
    ctx: click.Context, /, *, on: date | None, as_json: bool, output: Path | None, **options: Any
) -> None:
    """Search for the best plan; print it with its certificate, or write it as JSON, HTML, PDF, XLSX or GeoJSON."""
    suffix = None if output is None else _suffix(output)
    terms = _terms(options, day_or_today(on))
    with sessions(ctx) as factory:
        run_id, job_id = ask_siting(factory, actor(), terms)
        with job_progress(ctx, factory, job_id, partial(_progress_text, run_id, settings_of(ctx).lang)):
            document = finish_siting(factory, run_id, job_id, lease_s=settings_of(ctx).job_lease_s)
        if output is not None and suffix is not None:
            with factory() as session:
                rendered = render_siting(session, document, f"siting-{run_id}", suffix, lang=settings_of(ctx).lang)
            write_content(ctx, rendered.content, output)
    if as_json and output is None:
        click.echo(canonical_json(document))
        return
    if not as_json:
        _print(ctx, document)
        say(ctx, "cli.siting_done", run_id=run_id)


@site.command("list")
@JSON
@click.pass_context
def list_runs(ctx: click.Context, *, as_json: bool) -> None:
    """List the newest runs."""
    lang = settings_of(ctx).lang
    with database(ctx) as session:
        runs = queries.newest_runs(session, 50)
        states = job_states(session, [each.job_id for each in runs])
        rows = [
            {
                "run_id": each.run_id, "state": states[each.job_id], "model": each.model, "type": each.type,
                "points": each.parameters["points"], "area_code": each.area_code, "on": each.parameters["walk"]["on"],
                "created_by": each.created_by, "created_at": each.created_at,
            }
            for each in runs
        ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    header = [text(f"cli.siting_{name}", lang) for name in ("run", "state", "model", "points", "type", "area", "on")]
    print_table(
        header,
        [
            [
                str(row["run_id"]), text(f"job_state.{row['state']}", lang), text(f"siting_model.{row['model']}", lang),
                str(row["points"] or "-"), text(f"point_type.{row['type']}", lang), row["area_code"] or "-", row["on"],
            ]
            for row in rows
        ],
        left=3,
    )  # fmt: skip


@site.command()
@_RUN
@JSON
@click.pass_context
def show(ctx: click.Context, run_id: int, *, as_json: bool) -> None:
    """Print the plan of a finished run with its certificate."""
    with database(ctx) as session:
        document = service.document_of(queries.run_by_id(session, run_id))
    if as_json:
        click.echo(canonical_json(document))
    else:
        _print(ctx, document)


@site.command()
@_RUN
@click.option("--format", "format_", type=click.Choice(list(MEDIA_TYPES)), help="By the file's ending if absent.")
@OUTPUT
@click.pass_context
def export(ctx: click.Context, run_id: int, *, format_: str | None, output: Path | None) -> None:
    """Write the answer of a run as JSON, HTML, PDF, XLSX or GeoJSON."""
    wanted = format_ or ("json" if output is None else _suffix(output))
    with database(ctx) as session:
        document = service.document_of(queries.run_by_id(session, run_id))
        rendered = render_siting(session, document, f"siting-{run_id}", wanted, lang=settings_of(ctx).lang)
    write_content(ctx, rendered.content, output)


@site.command()
@_RUN
@click.option("--keep", is_flag=True, help="Take the best plan so far as the answer.")
@click.pass_context
def stop(ctx: click.Context, run_id: int, *, keep: bool) -> None:
    """End a run early: cancel it, or keep the best plan so far."""
    with database(ctx) as session:
        service.stop(session, actor(), run_id, keep=keep)
    say(ctx, "cli.siting_kept" if keep else "cli.siting_cancelled", run_id=run_id)


@site.command()
@_RUN
@JSON
@click.pass_context
def replay(ctx: click.Context, run_id: int, *, as_json: bool) -> None:
    """Search again from the editions of the run's day and tell whether the answer is the same to the byte."""
    with database(ctx) as session:
        found = service.replay(session, queries.run_by_id(session, run_id))
    if as_json:
        print_json({**asdict(found), "same": found.same})
    elif found.same:
        say(ctx, "cli.replay_same", run_id=run_id, sha256=found.stored_sha256)
    else:
        because = [*found.changed, *([found.code_version] if found.code_version else [])]
        if found.timed:
            because.append(text("cli.siting_timed", settings_of(ctx).lang))
        say(ctx, "cli.replay_other", run_id=run_id, stored=found.stored_sha256, computed=found.computed_sha256)
        say(ctx, "cli.replay_because", because="; ".join(because) or "-")
    if not found.same:
        ctx.exit(1)


def _progress_text(run_id: int, lang: Language, session: Session) -> str:
    """Return the best plan so far and the bound in words, nothing before there is a plan."""
    found = stored(queries.run_by_id(session, run_id).progress)
    if found is None or found.objective is None or found.bound is None:
        return ""
    gap = "-" if found.gap is None else f"{found.gap:.2%}"
    return text("cli.siting_progress", lang, objective=f"{found.objective:,.6g}", bound=f"{found.bound:,.6g}", gap=gap)


def _terms(options: dict[str, Any], on: date) -> SitingTerms:
    reach = {name: options[name] for name in _REACH}
    if options["horizon_min"] is not None:
        reach["horizon_min"] = options["horizon_min"]
    ground = {name: options[name] for name in ("forbidden_land", "spacing_m", "capacity", "judged")}
    return make_terms(
        options["model"],
        options["type_"],
        _source(options),
        on=on,
        points=options["points"],
        reach=reach,
        ground={**ground, "forbidden": _zones(options["forbidden"])},
        search=Search(options["max_s"], options["gap"], options["seed"]),
    )


def _source(options: dict[str, Any]) -> CandidateSource:
    named, _, layer = options["candidates"].partition(":")
    if named == SourceKind.NETWORK and not layer:
        return CandidateSource(SourceKind.NETWORK, every_m=options["every_m"], limit=options["limit"])
    if named == SourceKind.LAYER:
        return CandidateSource(SourceKind.LAYER, layer=layer, limit=options["limit"])
    datum = None if options["datum"] is None else Datum(options["datum"])
    return CandidateSource(SourceKind.LIST, from_cards(read_candidates(Path(options["candidates"]), datum=datum)))


def _zones(path: Path | None) -> list[Polygon]:
    """Return the polygons of a GeoJSON file: a geometry, a feature, or a collection of features."""
    if path is None:
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
        features = found["features"] if found["type"] == "FeatureCollection" else [found]
        return [each["geometry"] if each["type"] == "Feature" else each for each in features]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("siting_zones_unreadable", field="forbidden", value=path.name) from error


def _suffix(output: Path) -> str:
    suffix = output.suffix.removeprefix(".").lower()
    if suffix not in MEDIA_TYPES:
        raise InputError("report_format_unknown", value=suffix, known=", ".join(MEDIA_TYPES))
    return suffix


def _print(ctx: click.Context, document: SitingDocument) -> None:
    lang = settings_of(ctx).lang
    click.echo(siting_title(document, lang))
    for line in (*siting_notes(document, lang), certificate_text(document, lang)):
        click.echo(line)
    click.echo()
    print_report_table(chosen_table(document, lang), left=3)
