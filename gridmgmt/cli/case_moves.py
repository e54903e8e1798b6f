"""``gridmgmt cases show``, ``log``, ``move`` and ``check``: one case, and whether all are what their logs tell."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from gridmgmt.casework.facts import as_json as facts_json
from gridmgmt.casework.history import CheckReport, log_of
from gridmgmt.casework.history import check as check_all
from gridmgmt.casework.machine import Given, LegalMove, LogEntry
from gridmgmt.casework.moves import RULES, Move
from gridmgmt.casework.transitions import CaseParts, MoveAsk, read
from gridmgmt.casework.transitions import move as move_case
from gridmgmt.cli.context import actor, database, print_json, print_table, say, settings_of
from gridmgmt.cli.options import JSON
from gridmgmt.clock import LOCAL_ZONE, system_clock
from gridmgmt.errors import InputError
from gridmgmt.texts import Language, text

_CASE_NO = click.argument("case_no")
_MOVE = click.Choice([str(move) for move, rule in RULES.items() if rule.permission and rule.sources])
_FINDINGS_SHOWN = 10


class Moment(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2, of which earlier ones know nothing
    """A moment; without an offset it is the district's own time."""

    name = "moment"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r}: 2026-01-31T17:30", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=LOCAL_ZONE)


@click.command()
@_CASE_NO
@JSON
@click.pass_context
def show(ctx: click.Context, case_no: str, *, as_json: bool) -> None:
    """Show one case, its timers, and the moves that may be made now."""
    with database(ctx) as session:
        parts = read(session, actor(), case_no, system_clock())
    _print_case(ctx, parts, as_json=as_json)


@click.command()
@_CASE_NO
@JSON
@click.pass_context
def log(ctx: click.Context, case_no: str, *, as_json: bool) -> None:
    """Show all that was done to a case, the oldest first."""
    with database(ctx) as session:
        entries, _ = log_of(session, case_no)
    if as_json:
        print_json([vars(entry) for entry in entries])
        return
    lang = settings_of(ctx).lang
    header = [text(f"cases.header.{name}", lang) for name in ("at", "move", "state", "actor", "department", "reason")]
    print_table(header, (_entry_cells(entry, lang) for entry in entries), left=6)


@click.command()
@_CASE_NO
@click.argument("move", type=_MOVE)
@click.option("--reason", help="Why.")
@click.option("--condition", "condition_no", type=int, help="Number of the filing condition.")
@click.option("--department", "departments", multiple=True, help="Code of a department; repeated, the lead first.")
@click.option("--case", "master_no", help="Number of the master case of a duplicate.")
@click.option("--due", "due_at", type=Moment(), help="The new deadline, such as 2026-01-31T17:30.")
@click.option("--satisfied/--dissatisfied", default=None, help="What the reporter said.")
@click.option("--document", "document_no", help="Number of the signed form.")
@click.option("--version", type=int, help="The version that was seen; whatever it is now if absent.")
@JSON
@click.pass_context
def move(ctx: click.Context, /, case_no: str, move: str, version: int | None, *, as_json: bool, **given: Any) -> None:
    """Make a MOVE with a case and show it."""
    ask = MoveAsk(Move(move), _given(Move(move), **given), version)
    with database(ctx) as session:
        parts = move_case(session, actor(), case_no, ask, system_clock())
    _print_case(ctx, parts, as_json=as_json)


@click.command()
@JSON
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Replay the log of every case, and name the cases that are not what it tells."""
    with database(ctx) as session:
        found = check_all(session)
    if as_json:
        print_json({"cases": found.cases, "entries": found.entries, "findings": [vars(f) for f in found.findings]})
    else:
        _print_report(ctx, found)
    if found.findings:
        ctx.exit(1)


def _given(move: Move, *, departments: tuple[str, ...], master_no: str | None, **given: Any) -> Given:
    """Return what a move is given; one department is a list of one for moves that take several."""
    several = move in (Move.DISPATCH, Move.REWORK)
    if not several and len(departments) > 1:
        raise InputError("move_department", field="department", value=", ".join(departments), known=departments[0])
    named: dict[str, Any] = {"departments": departments} if several else {"department": next(iter(departments), None)}
    return Given(case_no=master_no, **named, **given)


def _print_case(ctx: click.Context, parts: CaseParts, *, as_json: bool) -> None:
    if as_json:
        print_json(_json(parts))
        return
    lang = settings_of(ctx).lang
    print_table(("", ""), _lines(parts, lang), left=2)


def _json(parts: CaseParts) -> dict[str, Any]:
    held = parts.held
    return {
        "case_no": held.case_no,
        **facts_json(held.facts),
        "description": held.description,
        "address": held.address,
        "lon": held.lon,
        "lat": held.lat,
        "duplicates": held.duplicates,
        "timers": [vars(timer) for timer in parts.timers],
        "moves": [{"move": each.move, "needs": each.needs, "takes": each.takes} for each in parts.moves],
    }


def _lines(parts: CaseParts, lang: Language) -> Iterator[tuple[str, str]]:
    held, facts = parts.held, parts.held.facts
    type_ = parts.catalogue.types.get(facts.type)
    yield _line("case_no", f"{held.case_no} (v{facts.version})", lang)
    yield _line("type", f"{facts.type} {type_.name.said(lang) if type_ else ''}", lang)
    yield _line("state", text(f"case_state.{facts.state}", lang), lang)
    yield _line("reported_at", _time(facts.reported_at), lang)
    if facts.due_at is not None:
        yield _line("due_at", f"{_time(facts.due_at)} {text(f'urgency.{facts.urgency}', lang)}", lang)
    for task in facts.present:
        yield _line("department", f"{task.department_code} {text(f'task_state.{task.state}', lang)}", lang)
    for timer in parts.timers:
        limit = "" if timer.limit_s is None else f" / {timer.limit_s / 3600:.1f} h"
        yield text(f"case_stage.{timer.stage}", lang), f"{timer.used_s / 3600:.1f} h{limit}"
    for each in parts.moves:
        yield _line("legal", _move_words(each, lang), lang)


def _line(name: str, value: str, lang: Language) -> tuple[str, str]:
    return text(f"cases.header.{name}", lang), value.strip()


def _move_words(each: LegalMove, lang: Language) -> str:
    needs = ", ".join(text(f"case_need.{need}", lang) for need in each.needs)
    words = f"{each.move} {text(f'case_move.{each.move}', lang)}"
    return f"{words} ({needs})" if needs else words


def _entry_cells(entry: LogEntry, lang: Language) -> list[str]:
    return [
        _time(entry.at),
        text(f"case_move.{entry.move}", lang),
        text(f"case_state.{entry.state}", lang),
        entry.actor,
        entry.department_code or "",
        entry.reason or "",
    ]


def _time(moment: datetime) -> str:
    return moment.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M")


def _print_report(ctx: click.Context, found: CheckReport) -> None:
    say(ctx, "cases.checked", cases=found.cases, entries=found.entries, findings=len(found.findings))
    for each in found.findings[:_FINDINGS_SHOWN]:
        say(ctx, "cases.check_finding", case_no=each.case_no, what=", ".join([*each.differences, *each.breaks]))
