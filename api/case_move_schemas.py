"""Moves of a case as they are asked for, and its log."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from api.case_schemas import department_name
from api.schemas import Answer, Asked, Moment
from gridmgmt.cases.rules import CaseState
from gridmgmt.casework.machine import Given, LogEntry
from gridmgmt.casework.moves import Move
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.texts import Language, text

Words = Annotated[str | None, Field(max_length=2_000)]
Code = Annotated[str, Field(min_length=1, max_length=100)]
FOR_CASE_WORK = frozenset({"handlers", "note"})
"""What entries of a log have set that names accounts, or was written for colleagues."""


class LogEntryOut(Answer):
    """One entry of the log of a case, which is only ever added to."""

    version: int = Field(description="The case's after it; what the clock tells leaves it as it was.")
    move: Move
    move_text: str
    state: CaseState
    state_text: str
    at: datetime
    actor: str | None = Field(description="Name of the account; null for a reader who does not work on cases.")
    post: str | None = Field(description="In which role.", examples=["duty_chief"])
    department_code: str | None
    department_name: str | None
    reason: str | None
    facts: dict[str, Any] = Field(
        description="All that it has set; `used` is the time in seconds of the stage that it ended.",
        examples=[{"due_at": "2026-03-04T01:00:00+00:00", "used": {"stage": "confirmation", "s": 1800}}],
    )


class LogList(Answer):
    """The log of a case, the oldest entry first."""

    items: list[LogEntryOut]


class MoveAskBody(Asked):
    """A move; what it needs stands under `moves` of the case."""

    move: Move = Field(examples=["register"])
    version: int | None = Field(None, ge=1, description="The version that was seen; or send `If-Match`.", examples=[3])
    reason: Words = None
    condition_no: int | None = Field(None, ge=1, le=1_000)
    departments: list[Code] = Field([], max_length=20, description="Codes, the lead first.")
    department: Code | None = None
    case_no: Annotated[str | None, Field(max_length=200, description="The master case of a duplicate.")] = None
    due_at: Moment | None = None
    satisfied: bool | None = None
    document_no: Annotated[str | None, Field(max_length=100)] = None
    note: Words = Field(None, description="A remark for the log.")

    def given(self) -> Given:
        """Return what it gives the machine; blank words are none."""
        return Given(
            reason=_words(self.reason),
            condition_no=self.condition_no,
            departments=tuple(self.departments),
            department=self.department,
            case_no=self.case_no,
            due_at=self.due_at,
            satisfied=self.satisfied,
            document_no=_words(self.document_no),
            note=_words(self.note),
        )


def entry_of(entry: LogEntry, catalogue: Catalogue, lang: Language, *, works_on_cases: bool) -> LogEntryOut:
    """Return one entry of a log with its words; accounts and remarks are told to those alone who work on cases."""
    told = dict(vars(entry))
    if not works_on_cases:
        told["actor"] = None
        told["facts"] = {name: fact for name, fact in entry.facts.items() if name not in FOR_CASE_WORK}
    return LogEntryOut(
        **told,
        move_text=text(f"case_move.{entry.move}", lang),
        state_text=text(f"case_state.{entry.state}", lang),
        department_name=department_name(catalogue, entry.department_code, lang),
    )


def _words(value: str | None) -> str | None:
    return (value or "").strip() or None
