"""Cases as the interface answers them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from api.paging import Page
from api.schemas import Answer, AreaLite, Latitude, Longitude
from gridmgmt.calendars.rules import TimeUnit
from gridmgmt.cases.rules import CaseKind, CaseSource, CaseState, Urgency
from gridmgmt.casework.facts import CaseFacts, Request, Task
from gridmgmt.casework.machine import LegalMove
from gridmgmt.casework.moves import Move, Need, RequestKind, TaskState
from gridmgmt.casework.transitions import CaseParts
from gridmgmt.catalogue.rules import Catalogue, FilingCondition
from gridmgmt.texts import Language, text


class CaseOut(Answer):
    """One case, as a list has it."""

    case_no: str = Field(examples=["3101132026011500042"])
    version: int = Field(description="Grows by one with each move; a move is asked for with the one that was seen.")
    kind: CaseKind
    type: str = Field(description="Code of the catalogue, or what an imported register calls it.", examples=["0104"])
    type_name: str | None = Field(description="Its name; null for a type that the catalogue does not have.")
    source: CaseSource
    state: CaseState
    state_text: str = Field(examples=["处置中"])
    urgency: Urgency
    reported_at: datetime
    updated_at: datetime = Field(description="When it was moved last.")
    due_at: datetime | None
    due_provisional: bool = Field(description="The deadline passes a year whose holidays are not known yet.")
    closed_at: datetime | None
    department_code: str | None = Field(description="Who is to handle it, the lead of several.")
    department_name: str | None
    town_code: str | None = Field(description="The town that held the place when it was reported.")
    cell_code: str | None
    lon: Longitude
    lat: Latitude
    supervised: bool = Field(description="Under a supervision order.")
    forced: bool = Field(description="Closed by force.")
    flags: list[str] = Field(description="What is doubtful about it.", examples=[["default_point"]])
    duplicate_of: str | None = Field(description="Number of the master case that it repeats.")
    photos: int = Field(description="How many it has.")


class TaskOut(Answer):
    """The share of one body; of a joint task each has its own deadline."""

    department_code: str
    department_name: str | None
    lead: bool
    state: TaskState
    state_text: str
    round: int = Field(description="How often the case had been dispatched then, from 1.")
    due_at: datetime | None
    done_at: datetime | None


class TimerOut(Answer):
    """Time used in one stage; the timer `whole` runs over all from registration to closure and has the limit."""

    stage: str = Field(examples=["handling"])
    stage_text: str
    used_s: int = Field(description="In the unit: an hour is 3,600 s, a day of work or of the calendar 86,400 s.")
    limit_s: int | None
    unit: TimeUnit
    running: bool


class DepartmentLite(Answer):
    """A body by its name."""

    code: str
    name: str | None


class MoveOut(Answer):
    """A move that the caller may make now."""

    move: Move
    text: str = Field(examples=["受理"])
    needs: list[Need] = Field(description="What it must be given.")
    takes: list[Need] = Field(description="What it may be given.")
    departments: list[DepartmentLite] = Field(description="The bodies that it can be made for, where it is for one.")


class RequestOut(Answer):
    """What a body has asked for and nobody has decided yet."""

    kind: RequestKind
    kind_text: str
    department_code: str
    department_name: str | None
    at: datetime
    reason: str
    due_at: datetime | None = Field(description="The deadline that an extension asks for.")
    document_no: str | None = Field(description="Number of the signed form.")


class ComponentLite(Answer):
    """The component that a case is about."""

    code: str
    name: str | None


class CaseDetail(CaseOut):
    """One case: as in a list, with all that is known of it and what the caller may do with it now."""

    description: str | None
    address: str | None
    fields: dict[str, Any] = Field(description="Further fields of its type.")
    areas: list[AreaLite] = Field(description="The areas that held it when it was reported, the largest first.")
    condition_no: int | None
    condition_text: str | None = Field(description="The filing condition under which it was registered.")
    registered_at: datetime | None
    dispatched_at: datetime | None
    handled_at: datetime | None
    paused_at: datetime | None = Field(description="Since when its clock stands.")
    rework_count: int
    send_back_count: int
    extension_count: int
    reopen_count: int
    escalation: int = Field(description="How often its supervision was raised.")
    satisfied: bool | None = Field(description="What whoever reported it said of the outcome; null: not asked.")
    tasks: list[TaskOut]
    timers: list[TimerOut]
    moves: list[MoveOut]
    requests: list[RequestOut]
    duplicates: list[str] = Field(description="Numbers of the cases that are linked to it.")
    component: ComponentLite | None


class CaseCount(Answer):
    """How many there are."""

    value: int
    exact: bool = Field(description="False when there are more than `value`, which nobody counted further.")


class CasePage(Page[CaseOut]):
    """One page of cases, and how many there are on all pages."""

    count: CaseCount


class BoardRowOut(Answer):
    """What is open at one body or in one town."""

    code: str | None = Field(description="Null for cases that have none.")
    name: str | None
    open: int
    supervised: int
    by_urgency: dict[Urgency, int]
    by_state: dict[CaseState, int]
    oldest_due_at: datetime | None = Field(description="The earliest deadline among them.")


class BoardOut(Answer):
    """All open cases by body and by town, those with most overdue cases first, and the most overdue cases."""

    at: datetime = Field(description="The moment it was counted.")
    open: int
    departments: list[BoardRowOut]
    towns: list[BoardRowOut]
    most_overdue: list[CaseOut]


def case_out(row: Any, catalogue: Catalogue | None, lang: Language, photos: int) -> CaseOut:
    """Return a row of :func:`gridmgmt.cases.queries.page_of_cases` or of a board with its words."""
    held = row._asdict()
    words = {
        "type_name": type_name(catalogue, held["type"], lang),
        "state_text": text(f"case_state.{held['state']}", lang),
        "department_name": department_name(catalogue, held["department_code"], lang),
        "photos": photos,
    }
    return CaseOut(**held | words)


def type_name(catalogue: Catalogue | None, code: str, lang: Language) -> str | None:
    """Return the name of a type, None where the catalogue does not have it."""
    found = catalogue.types.get(code) if catalogue else None
    return found.name.said(lang) if found else None


def department_name(catalogue: Catalogue | None, code: str | None, lang: Language) -> str | None:
    """Return the name of a department, None where the catalogue does not have it."""
    found = catalogue.departments.get(code) if catalogue and code else None
    return found.name.said(lang) if found else None


def detail_of(parts: CaseParts, lang: Language) -> dict[str, Any]:
    """Return one case with its words, as :class:`CaseDetail` describes it.

    Of plain values: to make and to check the model takes longer than the database does for a move.
    """
    held, facts, catalogue = parts.held, parts.held.facts, parts.catalogue
    condition, known = _condition(catalogue, facts), vars(facts)
    return {
        **{name: known[name] for name in _FACTS},
        "case_no": held.case_no,
        "type_name": type_name(catalogue, facts.type, lang),
        "state_text": text(f"case_state.{facts.state}", lang),
        "updated_at": held.updated_at,
        "department_name": department_name(catalogue, facts.department_code, lang),
        "lon": held.lon,
        "lat": held.lat,
        "flags": held.flags,
        "duplicate_of": held.master_no,
        "photos": held.photos,
        "description": held.description,
        "address": held.address,
        "fields": held.fields,
        "areas": [{"code": code, "name": name, "level": level} for level, code, name in held.areas],
        "condition_text": None if condition is None else condition.text.said(lang),
        "tasks": [_task(task, catalogue, lang) for task in facts.tasks],
        "timers": [{**vars(timer), "stage_text": text(f"case_stage.{timer.stage}", lang)} for timer in parts.timers],
        "moves": [_move(move, catalogue, lang) for move in parts.moves],
        "requests": [_request(each, catalogue, lang) for each in facts.requests],
        "duplicates": held.duplicates,
        "component": _component(facts.component_code, held.component_name),
    }


_FACTS = (
    "version", "kind", "type", "source", "state", "urgency", "reported_at", "due_at", "due_provisional", "closed_at",
    "department_code", "town_code", "cell_code", "supervised", "forced", "condition_no", "registered_at",
    "dispatched_at", "handled_at", "paused_at", "rework_count", "send_back_count", "extension_count", "reopen_count",
    "escalation", "satisfied",
)  # fmt: skip


def _condition(catalogue: Catalogue, facts: CaseFacts) -> FilingCondition | None:
    type_ = catalogue.types.get(facts.type)
    conditions = () if type_ is None else type_.conditions
    return next((each for each in conditions if each.no == facts.condition_no), None)


def _component(code: str | None, name: str | None) -> dict[str, Any] | None:
    return None if code is None else {"code": code, "name": name}


def _task(task: Task, catalogue: Catalogue, lang: Language) -> dict[str, Any]:
    name = department_name(catalogue, task.department_code, lang)
    return {**vars(task), "department_name": name, "state_text": text(f"task_state.{task.state}", lang)}


def _move(legal: LegalMove, catalogue: Catalogue, lang: Language) -> dict[str, Any]:
    return {
        "move": legal.move,
        "text": text(f"case_move.{legal.move}", lang),
        "needs": legal.needs,
        "takes": legal.takes,
        "departments": [{"code": code, "name": department_name(catalogue, code, lang)} for code in legal.departments],
    }


def _request(request: Request, catalogue: Catalogue, lang: Language) -> dict[str, Any]:
    return {
        "kind": request.kind,
        "kind_text": text(f"request_kind.{request.kind}", lang),
        "department_code": request.department_code,
        "department_name": department_name(catalogue, request.department_code, lang),
        "at": request.asked_at,
        "reason": request.reason,
        "due_at": request.due_at,
        "document_no": request.document_no,
    }
