"""``gridmgmt assessment``."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from gridmgmt.assessment import queries, service
from gridmgmt.assessment.document import scheme_document
from gridmgmt.assessment.files import example_schemes, read_scheme
from gridmgmt.assessment.rules import AppealState, EventCause, EventEffect, Named, NewEntry, NewEvent
from gridmgmt.assessment.service import Appeal, NewRound
from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of, write_content
from gridmgmt.cli.options import DAY, JSON, OUTPUT
from gridmgmt.clock import system_clock
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import ConflictError, InputError
from gridmgmt.texts import text


class _Points(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2, of which earlier ones know nothing
    """A decimal number, exactly as it is written."""

    name = "number"

    def convert(self, value: str | Decimal, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the number."""
        try:
            return Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r}: 4.25", param, ctx)


_NUMBER = _Points()
_ROUND = click.argument("round_id", type=click.IntRange(min=1), metavar="ROUND")
_FORMATS = click.Choice(["json", "html", "pdf", "xlsx", "csv"])
_SUBJECT = click.argument("subject", metavar="CODE")
_DOCUMENT = click.option("--document", required=True, help="Reference of the document.")
_HASH = click.option("--sha256", "document_sha256", help="SHA-256 of the document's text or file.")
_CAUSE = click.argument("cause", type=click.Choice([str(cause) for cause in EventCause]))
_ON = click.option("--on", "occurred_on", type=DAY, required=True, help="The day it happened, in the period.")


@click.group()
def assessment() -> None:
    """Assess streets, or departments by streets: schemes, rounds, evidence, vetoes, ranking, signature."""


@assessment.command()
@JSON
@click.pass_context
def schemes(ctx: click.Context, *, as_json: bool) -> None:
    """List schemes, the last kept first."""
    with database(ctx) as session:
        found = queries.scheme_summaries(session, limit=1000)
        whole = [scheme_document(queries.scheme_facts(session, each.scheme_id)) for each in found] if as_json else []
    if as_json:
        print_json(whole)
        return
    if not found:
        say(ctx, "assessment.no_schemes")
        return
    lang = settings_of(ctx).lang
    rows = [
        [str(each.scheme_id), each.name.said(lang), text(f"assessment_direction.{each.direction}", lang),
         str(each.valid_from)]
        for each in found
    ]  # fmt: skip
    print_table(_header(ctx, "scheme", "name", "direction", "valid_from"), rows, left=4)


@assessment.command("add-scheme")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--example", type=click.Choice(["streets", "departments"]), help="Take an example of the package.")
@click.pass_context
def add_scheme(ctx: click.Context, file: Path | None, *, example: str | None) -> None:
    """Keep the scheme of a JSON FILE; weights that do not sum to 100 exactly are refused."""
    if (file is None) == (example is None):
        raise InputError("value_needed", field="FILE, --example")
    if file is not None:
        new = read_scheme(file.read_bytes(), field=file.name)
    else:
        new = next(each for each in example_schemes() if each.direction == example)
    with database(ctx) as session:
        scheme_id = service.add_scheme(session, actor(), new, now=system_clock())
    say(ctx, "assessment.scheme_added", scheme=scheme_id)


@assessment.command()
@JSON
@click.pass_context
def rounds(ctx: click.Context, *, as_json: bool) -> None:
    """List rounds, the last opened first."""
    with database(ctx) as session:
        found = queries.round_summaries(session, limit=1000)
    if as_json:
        print_json([{**vars(each), "name": vars(each.name), "scheme_name": vars(each.scheme_name)} for each in found])
        return
    if not found:
        say(ctx, "assessment.none")
        return
    lang = settings_of(ctx).lang
    rows = [
        [str(each.round_id), each.name.said(lang), each.scheme_name.said(lang), f"{each.first}–{each.last}",
         text(f"round_state.{each.state}", lang)]
        for each in found
    ]  # fmt: skip
    print_table(_header(ctx, "round", "name", "scheme", "period", "state"), rows, left=5)


@assessment.command("open")
@click.argument("scheme_id", type=click.IntRange(min=1), metavar="SCHEME")
@click.option("--name", required=True, help="Its name in Chinese.")
@click.option("--name-en", help="Its name in English; the Chinese one if absent.")
@click.option("--from", "first", type=DAY, required=True, help="First day of the period.")
@click.option("--to", "last", type=DAY, required=True, help="Last day of the period.")
@click.option("--subject", "subjects", multiple=True, metavar="CODE", help="Who is assessed; all streets if absent.")
@click.pass_context
def open_round(
    ctx: click.Context, *, scheme_id: int, name: str, name_en: str | None, first: date, last: date,
    subjects: Sequence[str],
) -> None:  # fmt: skip
    """Open a round of a SCHEME."""
    with database(ctx) as session:
        new = NewRound(scheme_id, Named(name, name_en or name), first, last, subjects)
        round_id = service.open_round(session, actor(), new)
    say(ctx, "assessment.round_opened", round=round_id)


@assessment.command()
@_ROUND
@click.option("--format", "format_", type=_FORMATS, help="A table here if absent.")
@OUTPUT
@click.pass_context
def report(ctx: click.Context, round_id: int, *, format_: str | None, output: Path | None) -> None:
    """Show the ranking and scores of a round, or write them to a file."""
    from gridmgmt.cli.report_tables import print_report_table  # noqa: PLC0415 -- takes seconds to load
    from gridmgmt.reports.assessment import render_round, round_notes, round_tables  # noqa: PLC0415 -- as above

    with database(ctx) as session:
        document = service.result(session, round_id, now=system_clock())
        sha256, synthetic = queries.round_row(session, round_id).sha256, bool(holds_synthetic(session))
    lang = settings_of(ctx).lang
    if format_ is not None:
        made = render_round(document, format_, lang=lang, synthetic=synthetic, sha256=sha256)
        write_content(ctx, made.content, output)
        return
    for note in round_notes(document, lang, sha256=sha256):
        click.echo(note)
    ranking, _, events = round_tables(document, lang)
    for table in (ranking, *([events] if events.rows else [])):
        print_report_table(table, left=3)


@assessment.command()
@_ROUND
@_SUBJECT
@click.argument("item")
@click.argument("value", type=_NUMBER)
@click.option("--sample", type=click.IntRange(min=1), help="Respondents of a survey.")
@click.option("--judge", "judge_code", metavar="CODE", help="The street that judges a department.")
@click.option("--document", help="Reference of the document.")
@_HASH
@click.pass_context
def enter(ctx: click.Context, /, round_id: int, subject: str, item: str, **given: Any) -> None:  # Any: the options
    """Enter the mean of a survey, or a value with its document, for ITEM of the subject CODE."""
    with database(ctx) as session:
        service.enter(session, actor(), round_id, NewEntry(subject, item, **given))
    say(ctx, "assessment.entered", subject=subject, item=item)


@assessment.command()
@_ROUND
@_SUBJECT
@_CAUSE
@click.argument("points", type=_NUMBER)
@_ON
@_DOCUMENT
@_HASH
@click.pass_context
def deduct(ctx: click.Context, /, round_id: int, subject: str, cause: str, **given: Any) -> None:  # Any: as above
    """Take POINTS from the subject CODE, which stays in the ranking."""
    _hold(ctx, round_id, NewEvent(subject, EventEffect.DEDUCTION, EventCause(cause), **given))


@assessment.command()
@_ROUND
@_SUBJECT
@_CAUSE
@_ON
@_DOCUMENT
@_HASH
@click.pass_context
def veto(ctx: click.Context, /, round_id: int, subject: str, cause: str, **given: Any) -> None:  # Any: as above
    """Veto the subject CODE: out of the ranking, with its points still shown."""
    _hold(ctx, round_id, NewEvent(subject, EventEffect.VETO, EventCause(cause), **given))


@assessment.command()
@_ROUND
@click.argument("event_id", type=click.IntRange(min=1), metavar="EVENT")
@click.argument("state", type=click.Choice(["open", "upheld", "refused"]))
@_DOCUMENT
@click.pass_context
def appeal(ctx: click.Context, round_id: int, event_id: int, state: str, *, document: str) -> None:
    """Lodge an appeal against EVENT (open), or decide it (upheld, refused)."""
    to = AppealState(f"appeal_{state}")
    with database(ctx) as session:
        service.appeal(session, actor(), round_id, Appeal(event_id, to, document))
    say(ctx, "assessment.appealed", event=event_id, state=text(f"appeal_state.{to}", settings_of(ctx).lang))


@assessment.command()
@_ROUND
@click.pass_context
def sign(ctx: click.Context, round_id: int) -> None:
    """Sign a round off: nothing can be written to it any more."""
    with database(ctx) as session:
        sha256 = service.sign(session, actor(), round_id, now=system_clock())
    say(ctx, "assessment.signed", round=round_id, sha256=sha256)


@assessment.command()
@_ROUND
@JSON
@click.pass_context
def verify(ctx: click.Context, round_id: int, *, as_json: bool) -> None:
    """Compare a signed round with what was signed; fails when they differ."""
    with database(ctx) as session:
        found = service.verify(session, round_id)
    if as_json:
        print_json({**vars(found), "intact": found.intact})
    elif found.intact:
        say(ctx, "assessment.intact", round=round_id, sha256=found.kept)
    if not found.intact:
        raise ConflictError("assessment_altered", value=round_id, **_hashes(found))


def _hashes(found: service.Verification) -> dict[str, str]:
    return {"kept": found.kept, "computed": found.computed, "logged": found.logged or "—"}


def _hold(ctx: click.Context, round_id: int, event: NewEvent) -> None:
    with database(ctx) as session:
        event_id = service.hold_against(session, actor(), round_id, event)
    say(ctx, "assessment.event_added", event=event_id)


def _header(ctx: click.Context, *names: str) -> list[str]:
    return [text(f"assessment.column.{name}", settings_of(ctx).lang) for name in names]
