"""All that the machine knows of a case, without its words and its place; as columns, and as the log keeps it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars.rules import TimeLimit, TimeUnit
from gridmgmt.cases.rules import CaseState, Urgency
from gridmgmt.casework.moves import RequestKind, Stage, TaskState

if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414 -- given on to the modules that use it
else:

    def replace(item, /, **changes):
        """Return a frozen item with other values, as :func:`dataclasses.replace` does.

        Without calling its constructor with all fields that stay: a move makes a dozen facts of forty fields.
        """
        changed = object.__new__(type(item))
        vars(changed).update(vars(item), **changes)
        return changed


_NOTHING: Mapping[Stage, int] = MappingProxyType({})

AREA_COLUMNS: Mapping[AreaLevel, str] = MappingProxyType(
    {
        AreaLevel.DISTRICT: "district_code",
        AreaLevel.TOWN: "town_code",
        AreaLevel.RESIDENTIAL_QUARTER: "quarter_code",
        AreaLevel.GRID_CELL: "cell_code",
    }
)
"""The column of the area of each level; ``middle_code`` is of the unit or sector, whichever the town has."""


@dataclass(frozen=True)
class Task:
    """The share of one body in one round of dispatching; ``done_at`` is kept through a rework until it is done anew."""

    round: int
    department_code: str
    lead: bool
    state: TaskState
    due_at: datetime | None
    done_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether something is left to do."""
        return self.state in (TaskState.DISPATCHED, TaskState.HANDLING)


@dataclass(frozen=True)
class Request:
    """What a body has asked for and nobody has decided yet."""

    kind: RequestKind
    department_code: str
    asked_at: datetime
    reason: str
    due_at: datetime | None = None
    document_no: str | None = None


@dataclass(frozen=True)
class CaseClock:
    """The one time limit that bundles all stages from registration to closure.

    ``extended`` when the deadline is no longer the limit's own, but one that was granted.
    """

    began_at: datetime
    limit: TimeLimit
    pauses: tuple[tuple[datetime, datetime], ...] = ()
    extended: bool = False


_TASK_STATES: Mapping[CaseState, TaskState] = MappingProxyType(
    {
        CaseState.DISPATCHED: TaskState.DISPATCHED,
        CaseState.HANDLING: TaskState.HANDLING,
        CaseState.HANDLED: TaskState.HANDLED,
    }
)


@dataclass(frozen=True)
class CaseFacts:
    """One case as the machine sees it. Times are aware, durations whole seconds.

    ``used_s`` is the time used in stages that have ended, in the unit of the clock (working time before there is one),
    ``handlers`` the accounts that have handled it since it was registered.
    """

    state: CaseState
    kind: str
    type: str
    source: str
    reported_at: datetime
    version: int = 1
    component_code: str | None = None
    cell_code: str | None = None
    quarter_code: str | None = None
    middle_code: str | None = None
    town_code: str | None = None
    district_code: str | None = None
    post_code: str | None = None
    accepted_at: datetime | None = None
    registered_at: datetime | None = None
    dispatched_at: datetime | None = None
    handled_at: datetime | None = None
    closed_at: datetime | None = None
    department_code: str | None = None
    condition_no: int | None = None
    due_at: datetime | None = None
    due_soon_at: datetime | None = None
    due_provisional: bool = False
    urgency: Urgency = Urgency.NO_DEADLINE
    next_alarm_at: datetime | None = None
    paused_at: datetime | None = None
    rework_count: int = 0
    send_back_count: int = 0
    extension_count: int = 0
    reopen_count: int = 0
    forced: bool = False
    supervised: bool = False
    satisfied: bool | None = None
    duplicate_of: int | None = None
    tasks: tuple[Task, ...] = ()
    requests: tuple[Request, ...] = ()
    clock: CaseClock | None = None
    stage_since: datetime | None = None
    used_s: Mapping[Stage, int] = field(default_factory=lambda: _NOTHING)
    handlers: tuple[str, ...] = ()
    escalation: int = 0

    @property
    def areas(self) -> tuple[str, ...]:
        """The codes of the areas that held it when it was reported, the smallest first."""
        codes = (self.cell_code, self.quarter_code, self.middle_code, self.town_code, self.district_code)
        return tuple(code for code in codes if code is not None)

    @property
    def round(self) -> int:
        """How often it has been dispatched."""
        return max((task.round for task in self.tasks), default=0)

    @property
    def present(self) -> tuple[Task, ...]:
        """The tasks of the last round, the lead first; the one of its department where a register brought no tasks."""
        if not self.tasks and self.department_code is not None and self.state in _TASK_STATES:
            return (Task(1, self.department_code, True, _TASK_STATES[self.state], self.due_at, self.handled_at),)
        if len(self.tasks) < 2:
            return self.tasks
        last = self.round
        return tuple(task for task in self.tasks if task.round == last)

    def area_of(self, level: AreaLevel) -> str | None:
        """Return the code of the area of a level."""
        column = AREA_COLUMNS.get(level, "middle_code")
        code: str | None = getattr(self, column)
        return code


PROGRESS = ("clock", "stage_since", "used_s", "handlers", "escalation")
"""What the column ``progress`` holds."""
NESTED = ("tasks", "requests")
TASK_FIELDS = tuple(f.name for f in fields(Task))
COLUMNS = tuple(f.name for f in fields(CaseFacts) if f.name not in (*PROGRESS, *NESTED))
"""What has a column of its own."""
_BORN = frozenset(
    {
        "kind", "type", "source", "reported_at", "component_code",
        "cell_code", "quarter_code", "middle_code", "town_code", "district_code", "post_code",
    }
)  # fmt: skip
MOVED = tuple(name for name in COLUMNS if name not in _BORN)
"""The columns that moves change; the others stay as they were reported."""
MOMENTS = frozenset(name for name in COLUMNS if name.endswith("_at"))
_ENUMS: Mapping[str, type] = {"state": CaseState, "urgency": Urgency}


def facts_of(row: Mapping[str, Any]) -> CaseFacts:
    """Return the facts that columns, or a log, hold.

    Parameters
    ----------
    row
        :data:`COLUMNS`, ``tasks`` and ``requests`` as lists of objects, and either ``progress`` or its parts; moments
        aware or as text of RFC 3339. What is missing has the value that a new case has.
    """
    held = {**row, **(row.get("progress") or {})}
    values: dict[str, Any] = {
        name: _moment(held[name]) if name in MOMENTS else held[name] for name in COLUMNS if name in held
    }
    for name, kind in _ENUMS.items():
        if name in values:
            values[name] = kind(values[name])
    return CaseFacts(
        **values,
        tasks=tuple(_task(each) for each in held.get("tasks") or ()),
        requests=tuple(_request(each) for each in held.get("requests") or ()),
        clock=_clock(held.get("clock")),
        stage_since=_moment(held.get("stage_since")),
        used_s={Stage(stage): int(used) for stage, used in (held.get("used_s") or {}).items()},
        handlers=tuple(held.get("handlers") or ()),
        escalation=held.get("escalation") or 0,
    )


def columns_of(facts: CaseFacts) -> dict[str, Any]:
    """Return the values of the columns that moves change, by their names; ``requests`` and ``progress`` as JSON."""
    held = vars(facts)
    return {
        **{name: held[name] for name in MOVED},
        "requests": _jsoned("requests", facts.requests),
        "progress": progress_of(facts),
    }


def progress_of(facts: CaseFacts) -> dict[str, Any]:
    """Return what the column ``progress`` holds, as JSON."""
    held = vars(facts)
    return {name: _jsoned(name, held[name]) for name in PROGRESS if held[name]}


def as_json(facts: CaseFacts) -> dict[str, Any]:
    """Return all facts as JSON; moments in UTC, what is unknown or none as None or empty."""
    return {name: _jsoned(name, value) for name, value in vars(facts).items()}


_OWN_COLUMNS = frozenset({"version", "state", "used_s"})
"""What the log tells in columns of its own, or piece by piece."""


def changes(before: CaseFacts | None, after: CaseFacts) -> dict[str, Any]:
    """Return what has changed from one to another as JSON; all that is known for a case that is new."""
    old = _UNKNOWN if before is None else vars(before)
    return {
        name: _jsoned(name, value)
        for name, value in vars(after).items()
        if value != old[name] and name not in _OWN_COLUMNS
    }


def plain(value: Any) -> Any:  # any column's value
    """Return a column's value as JSON has it."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _jsoned(name: str, value: Any) -> Any:  # any field's value
    found = _NESTED_JSON.get(name)
    return plain(value) if found is None else found(value)


def task_json(task: Task) -> dict[str, Any]:
    """Return a task as JSON, by the names of its columns."""
    return _flat(task)


def _flat(item: Task | Request) -> dict[str, Any]:
    return {name: plain(value) for name, value in vars(item).items()}


def _clock_json(clock: CaseClock | None) -> dict[str, Any] | None:
    return (
        None
        if clock is None
        else {
            "began_at": plain(clock.began_at),
            "amount": clock.limit.amount,
            "unit": clock.limit.unit,
            "pauses": [[plain(begin), plain(end)] for begin, end in clock.pauses],
            "extended": clock.extended,
        }
    )


def _moment(value: Any) -> datetime | None:  # a column's own, or text
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value).astimezone(UTC)


def _known_moment(value: Any) -> datetime:  # as above
    moment = _moment(value)
    if moment is None:
        raise ValueError("a moment is missing")
    return moment


def _task(held: Mapping[str, Any]) -> Task:
    return Task(
        held["round"], held["department_code"], held["lead"], TaskState(held["state"]),
        _moment(held["due_at"]), _moment(held["done_at"]),
    )  # fmt: skip


def _request(held: Mapping[str, Any]) -> Request:
    return Request(
        RequestKind(held["kind"]), held["department_code"], _known_moment(held["asked_at"]), held["reason"],
        _moment(held["due_at"]), held["document_no"],
    )  # fmt: skip


def _clock(held: Mapping[str, Any] | None) -> CaseClock | None:
    if held is None:
        return None
    pauses = tuple((_known_moment(begin), _known_moment(end)) for begin, end in held["pauses"])
    limit = TimeLimit(held["amount"], TimeUnit(held["unit"]))
    return CaseClock(_known_moment(held["began_at"]), limit, pauses, held["extended"])


_NESTED_JSON: Mapping[str, Callable[[Any], Any]] = {
    "tasks": lambda tasks: [_flat(task) for task in tasks],
    "requests": lambda requests: [_flat(request) for request in requests],
    "clock": _clock_json,
    "used_s": dict,
    "handlers": list,
}
_UNKNOWN: Mapping[str, Any] = {
    **vars(CaseFacts(CaseState.REPORTED, "", "", "", datetime.min.replace(tzinfo=UTC))),
    **dict.fromkeys(("kind", "type", "source", "reported_at")),
}
"""What a new case has where its first entry says nothing."""


def with_task(facts: CaseFacts, task: Task) -> CaseFacts:
    """Return the facts with one task of the last round in a new state."""
    tasks = tuple(task if each.department_code == task.department_code else each for each in facts.present)
    return replace(facts, tasks=(*(each for each in facts.tasks if each.round != task.round), *tasks))
