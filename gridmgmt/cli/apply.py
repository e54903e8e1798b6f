"""``gridmgmt apply``."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from gridmgmt.cli.context import actor, columns_of, print_json, print_table, say, sessions, settings_of, warn
from gridmgmt.cli.imports import tell
from gridmgmt.cli.options import JSON
from gridmgmt.cli.progress import stage
from gridmgmt.cli.refused import keep_refused, refused_file, telling_refused
from gridmgmt.clock import local_date, system_clock
from gridmgmt.db import transaction
from gridmgmt.demo.load import set_up_demo
from gridmgmt.errors import FileRefusedError, InputError, Problem
from gridmgmt.imports import Outcome
from gridmgmt.manifest import service
from gridmgmt.manifest.reading import Read, read_manifest
from gridmgmt.manifest.service import Planned
from gridmgmt.manifest.step import Hands
from gridmgmt.texts import text


@click.command("apply")
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option(
    "--files", type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The folder that file names are relative to; the manifest's own if absent.",
)  # fmt: skip
@click.option("--set", "variables", multiple=True, metavar="NAME=VALUE", help="What ${NAME} stands for; repeated.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would change, and change nothing.")
@JSON
@click.pass_context
def apply(
    ctx: click.Context,
    manifest: Path,
    *,
    files: Path | None,
    variables: tuple[str, ...],
    only_plan: bool,
    as_json: bool,
) -> None:
    """Bring the folder to what a MANIFEST says: all of it or what is missing, each step whole or not at all."""
    read = _read(ctx, manifest, files, variables)
    settings = service.settings_with(settings_of(ctx), read.manifest.settings)
    today = local_date(system_clock())
    with sessions(ctx) as factory:
        with transaction(factory) as session:
            planned = service.plan(session, read, today)
        if not as_json:
            _print_plan(ctx, read, planned)
        if only_plan:
            _print_states(planned, (), as_json=as_json)
            return
        hands = Hands(
            factory,
            actor(),
            settings,
            today,
            load_demo=lambda seed: set_up_demo(factory, seed=seed),
            kept=lambda file, outcome: keep_refused(ctx, file, None, outcome.problems),
            stage=lambda name, file: stage(ctx, f"manifest.stage_{name}", file=file.name),
        )
        done = _perform(ctx, hands, planned, quiet=as_json)
    _print_states(planned, done, as_json=as_json)
    if not as_json:
        say(
            ctx, "manifest.done" if done else "manifest.nothing_to_do", district=read.manifest.district, count=len(done)
        )
        if any(each.step.kind == "demo" for each in done):
            say(ctx, "cli.cells_from_job")


def _read(ctx: click.Context, manifest: Path, files: Path | None, variables: Sequence[str]) -> Read:
    """Read the manifest; all that is wrong with it is told at once, a line each."""
    try:
        return read_manifest(manifest, files=files, variables=columns_of(variables, "set"))
    except FileRefusedError as refusal:
        for problem in refusal.problems:
            warn(ctx, "manifest.problem", **_place(problem), reason=problem.message(settings_of(ctx).lang))
        if refusal.code != "manifest_refused":
            raise
        raise InputError("manifest_refused", file=manifest.name, count=len(refusal.problems)) from refusal


def _place(problem: Problem) -> dict[str, object]:
    return {"line": problem.row, "column": problem.fields.get("column", 1)}


def _perform(ctx: click.Context, hands: Hands, planned: Sequence[Planned], *, quiet: bool) -> list[Planned]:
    """Do what is to be done, tell what came of each step, and return what was done."""
    done: list[Planned] = []
    for each in planned:
        if not service.wanted(hands, each.step):
            continue
        files = each.step.files
        with telling_refused(ctx, files[0], None) if files else nullcontext():
            outcome = each.step.perform(hands)
        done.append(each)
        if not quiet:
            kind = text(f"manifest.kind.{each.step.kind}", settings_of(ctx).lang)
            say(ctx, "manifest.step_done", kind=kind, name=each.step.name)
        if isinstance(outcome, Outcome):
            tell(ctx, outcome, refused_file(files[0], None) if outcome.problems else None, as_json=False, quiet=quiet)
    return done


def _print_plan(ctx: click.Context, read: Read, planned: Sequence[Planned]) -> None:
    lang = settings_of(ctx).lang
    say(ctx, "manifest.plan", district=read.manifest.district, file=read.path.name)
    rows = [
        [
            str(number),
            text(f"manifest.kind.{each.step.kind}", lang),
            each.step.name,
            text(f"manifest.state.{each.state}", lang),
            each.step.files[0].name if each.step.files else "",
        ]
        for number, each in enumerate(planned, start=1)
    ]
    names = ("number", "kind", "name", "state", "file")
    print_table([text(f"manifest.{name}", lang) for name in names], rows, left=5)


def _print_states(planned: Sequence[Planned], done: Sequence[Planned], *, as_json: bool) -> None:
    if not as_json:
        return
    rows: list[dict[str, Any]] = [
        {
            "kind": each.step.kind,
            "name": each.step.name,
            "state": each.state,
            "files": [str(file) for file in each.step.files],
            "done": each in done,
        }
        for each in planned
    ]
    print_json(rows)
