"""Reading a case with all that the machine needs, and writing what a move has made of it: one statement each."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by

from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import ENDED, CaseState
from gridmgmt.casework.facts import COLUMNS, TASK_FIELDS, CaseFacts, columns_of, facts_of, task_json
from gridmgmt.casework.machine import LogEntry
from gridmgmt.casework.models import CaseMove, CaseTask
from gridmgmt.casework.moves import Move
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import Session, prepared_rows
from gridmgmt.errors import NotFoundError

_NAMES = (
    "case_id", "case_no", "description", "address", "fields", "flags", "updated_at", "lon", "lat", "duplicates",
    "master_no", "photos", "component_name", "areas", "calendar", "catalogue", "version_of_tasks", "tasks",
    "requests", "progress", "state", "kind", "type", "source", "reported_at", "version", "component_code",
    "cell_code", "quarter_code", "middle_code", "town_code", "district_code", "post_code",
    "accepted_at", "registered_at", "dispatched_at", "handled_at", "closed_at", "department_code", "condition_no",
    "due_at", "due_soon_at", "due_provisional", "urgency", "next_alarm_at", "paused_at",
    "rework_count", "send_back_count", "extension_count", "reopen_count",
    "forced", "supervised", "satisfied", "duplicate_of",
)  # fmt: skip
"""The columns of ``sql/case.sql``."""
_PLAIN = (
    "case_id", "case_no", "description", "address", "fields", "flags", "updated_at", "lon", "lat", "master_no",
    "photos", "calendar", "catalogue", "component_name",
)  # fmt: skip


_SQL = resources.files(__package__).joinpath("sql")
READ_CASE = _SQL.joinpath("case.sql").read_text(encoding="utf-8")
LOCKED_CASE = f"{READ_CASE}FOR UPDATE OF c"
_json = json.JSONEncoder(ensure_ascii=False).encode
MOVED_CASE = _SQL.joinpath("move.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class HeldCase:
    """One case with what stands around it: its words, its place, the names of its areas, and the cases linked to it."""

    case_id: int
    case_no: str
    facts: CaseFacts
    description: str | None
    address: str | None
    fields: Mapping[str, Any]
    flags: Sequence[str]
    updated_at: datetime
    lon: float
    lat: float
    areas: tuple[tuple[AreaLevel, str, str], ...]
    """Level, code and name of the areas that held it when it was reported, from the largest down."""
    duplicates: tuple[str, ...]
    master_no: str | None
    photos: int
    calendar: UUID
    """Revision of the work calendar, read with the case."""
    catalogue: str | None = None
    """Mark of all editions of the catalogue and of the lists of matters, read with the case; None without any."""
    component_name: str | None = None
    """What the register calls the component that it is about."""


def read_case(session: Session, case_no: str) -> HeldCase:
    """Return the case of a number.

    Raises
    ------
    NotFoundError
        ``case_unknown``.
    """
    return _held(_row(session, READ_CASE, case_no))


def check_shown(session: Session, case_no: str, *, works_on_cases: bool) -> None:
    """Refuse an internal case to who does not work on cases, as if there were none.

    Raises
    ------
    NotFoundError
        ``case_unknown``.
    """
    if works_on_cases:
        return
    if session.scalar(select(Case.case_id).where(Case.case_no == case_no, Case.internal)) is not None:
        raise NotFoundError("case_unknown", field="case_no", value=case_no)


def seen_by_the_same(session: Session, *case_ids: int) -> bool:
    """Tell whether all of some cases are internal, or none of them: a link would tell the others of the internal."""
    return session.scalars(select(func.count(Case.internal.distinct())).where(Case.case_id.in_(case_ids))).one() == 1


def keep_internal(session: Session, case_id: int) -> None:
    """Tell of a case nobody but who works on cases from now on."""
    session.execute(update(Case).where(Case.case_id == case_id).values(internal=True))


def lock_case(session: Session, case_no: str) -> HeldCase:
    """Return the case of a number with its row locked to the end of the transaction; raises as :func:`read_case`.

    Whoever waits for the lock gets the row as it is then, but the tasks as they were before: these are read again.
    """
    row = _row(session, LOCKED_CASE, case_no)
    if row["version_of_tasks"] != row["version"]:
        row = _row(session, READ_CASE, case_no)
    return _held(row)


def lock_pair(session: Session, case_no: str, other_no: str) -> None:
    """Lock two cases, always in the same order, so that no two who link cases wait for each other for ever."""
    both = select(Case.case_id).where(Case.case_no.in_((case_no, other_no))).order_by(Case.case_id)
    session.execute(both.with_for_update()).all()


def write_move(session: Session, case: HeldCase, after: CaseFacts, entry: LogEntry) -> None:
    """Write what a move has made of a case, with its entry of the log."""
    touched = [task_json(task) for task in after.tasks if task not in case.facts.tasks]
    columns = columns_of(after)
    values: dict[str, object] = {
        **columns,
        "requests": _json(columns["requests"]),
        "progress": _json(columns["progress"]),
        "case_id": case.case_id,
        "tasks": _json(touched),
        "at": entry.at,
        "move": entry.move,
        "actor": entry.actor,
        "post": entry.post,
        "by_department": entry.department_code,
        "reason": entry.reason,
        "told": _json(entry.facts),
    }
    prepared_rows(session, MOVED_CASE, values)


def log_of(session: Session, case_id: int) -> list[LogEntry]:
    """Return the log of a case, the oldest entry first."""
    statement = _select_log().where(CaseMove.case_id == case_id).order_by(CaseMove.move_id)
    return [_entry(row) for _, *row in session.execute(statement)]


def provisional(session: Session) -> Sequence[str]:
    """Return the numbers of open cases whose deadline waits for a calendar, by their ids."""
    statement = select(Case.case_no).where(Case.due_provisional, Case.state.not_in(ENDED))
    return session.scalars(statement.order_by(Case.case_id)).all()


def every_case(session: Session) -> Iterator[tuple[int, str, CaseFacts]]:
    """Yield the id, the number and the facts of every case, by its id, without holding them all."""
    pairs = (part for name in TASK_FIELDS for part in (name, getattr(CaseTask, name)))
    ordered = aggregate_order_by(func.json_build_object(*pairs), CaseTask.round, CaseTask.lead.desc(), CaseTask.task_id)
    tasks = select(func.json_agg(ordered)).where(CaseTask.case_id == Case.case_id).scalar_subquery()
    columns = [getattr(Case, name) for name in COLUMNS]
    statement = select(Case.case_id, Case.case_no, Case.requests, Case.progress, tasks.label("tasks"), *columns)
    found = session.execute(statement.order_by(Case.case_id), execution_options={"yield_per": 1_000})
    for row in found.mappings():
        yield row["case_id"], row["case_no"], facts_of(dict(row))


def every_log(session: Session) -> Iterator[tuple[int, LogEntry]]:
    """Yield every entry of all logs with the id of its case, case by case, the oldest entry of each first."""
    statement = _select_log().order_by(CaseMove.case_id, CaseMove.move_id)
    for case_id, *row in session.execute(statement, execution_options={"yield_per": 5_000}):
        yield case_id, _entry(row)


def _select_log() -> Select[*tuple[Any, ...]]:
    return select(
        CaseMove.case_id, CaseMove.version, CaseMove.move, CaseMove.state, CaseMove.at, CaseMove.actor, CaseMove.post,
        CaseMove.department_code, CaseMove.reason, CaseMove.facts,
    )  # fmt: skip


def _entry(row: Sequence[Any]) -> LogEntry:
    version, move, state, *rest = row
    return LogEntry(version, Move(move), CaseState(state), *rest)


def _row(session: Session, statement: str, case_no: str) -> dict[str, Any]:
    rows = prepared_rows(session, statement, {"case_no": case_no, "zone": LOCAL_ZONE.key})
    if not rows:
        raise NotFoundError("case_unknown", field="case_no", value=case_no)
    return dict(zip(_NAMES, rows[0], strict=True))


def _held(row: Mapping[str, Any]) -> HeldCase:
    areas = sorted(((AreaLevel(level), code, name) for level, code, name in row["areas"] or ()), key=_rank)
    plain = {name: row[name] for name in _PLAIN}
    return HeldCase(facts=facts_of(row), areas=tuple(areas), duplicates=tuple(row["duplicates"] or ()), **plain)


def _rank(area: tuple[AreaLevel, str, str]) -> int:
    return RANK[area[0]]
