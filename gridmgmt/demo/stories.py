"""Made-up lives of cases, each told to the real machine move by move; a pure function of what is drawn at random."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from numpy.random import Generator

from gridmgmt.access.rules import Permission
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars.rules import WorkCalendar
from gridmgmt.cases.rules import ENDED, CaseSource, CaseState, Urgency
from gridmgmt.casework.facts import CaseFacts
from gridmgmt.casework.machine import NOTHING, LogEntry, Mover, Scene, apply, report
from gridmgmt.casework.moves import CONFIRMED_FIRST, Move
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.texts import text

SOURCES: Mapping[CaseSource, float] = {
    CaseSource.GRID_OFFICER: 0.42,
    CaseSource.HOTLINE_12345: 0.21,
    CaseSource.PUBLIC: 0.11,
    CaseSource.INSPECTOR: 0.10,
    CaseSource.VIDEO: 0.08,
    CaseSource.COMMUNITY_HOTLINE: 0.06,
    CaseSource.LEADER: 0.02,
}
"""Through whom the demo's cases come, and how large a share."""

WATCHER = "deadline watcher"
_JUST_NOW, _JUST_NOW_S = 12, 240
"""So many cases have come in within so many seconds."""
_JOINT, _SEND_BACK, _REWORK, _EXTENSION, _SUSPENSION, _SUPERVISION = 0.04, 0.04, 0.07, 0.03, 0.015, 0.015
_REJECTED, _LINKED, _SUPPLEMENTED, _DENIED, _SETTLED, _FORCED, _RATED = 0.03, 0.04, 0.03, 0.06, 0.12, 0.006, 0.3
"""Shares of the cases that go these ways, where they can."""
_ON_TIME_RATIO, _SPREAD = 0.33, 0.6
"""Median of the time used over the time allowed, and the sigma of its lognormal: some 12 % are late."""


class _PresentError(Exception):
    """The story has come to the present."""


@dataclass(frozen=True)
class Earlier:
    """A case that another may repeat."""

    case_id: int
    case_no: str
    type: str
    town_code: str | None
    reported_at: datetime


@dataclass
class Story:
    """One case as it goes on; ``entries`` is its log."""

    facts: CaseFacts
    calendar: WorkCalendar
    catalogue: Catalogue
    now: datetime
    rng: Generator
    at: datetime = field(init=False)
    entries: list[LogEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Report it."""
        self.at = self.facts.reported_at
        self.facts, entry = report(self.facts, _mover("operator"), self.at)
        self.entries.append(entry)

    def told(self, earlier: Earlier | None) -> "Story":
        """Let it go on until it ends or the present comes; ``earlier`` is a case that it may repeat."""
        try:
            self._taken_in(earlier)
            if self.facts.state not in ENDED:
                self._worked_on()
        except _PresentError:
            pass
        self._alarms(self.now)
        return self

    def _taken_in(self, earlier: Earlier | None) -> None:
        self._wait_min(9)
        if self._happens(_SUPPLEMENTED):
            self._do(Move.ASK_SUPPLEMENT, reason="more_photos")
            self._wait_min(300)
            self._do(Move.SUPPLEMENT, by="operator")
            self._wait_min(12)
        if self._happens(_REJECTED):
            self._do(Move.REJECT, reason="not_ours")
            return
        if earlier is not None and self._happens(_LINKED / 0.6):
            self._do(Move.LINK_DUPLICATE, master_id=earlier.case_id, case_no=earlier.case_no)
            return
        self._do(Move.ACCEPT)
        source = CaseSource(self.facts.source)
        if source in CONFIRMED_FIRST:
            self._wait_min(80)
            denied = self._happens(_DENIED)
            self._do(Move.DENY if denied else Move.CONFIRM, by="inspector", reason="not_found" if denied else None)
        elif source in (CaseSource.GRID_OFFICER, CaseSource.INSPECTOR) and self._happens(_SETTLED):
            self._wait_min(25)
            self._do(Move.SETTLE_ON_SPOT, by="inspector")

    def _worked_on(self) -> None:
        self._wait_min(8)
        type_ = self.catalogue.types[self.facts.type]
        number = type_.conditions[int(self.rng.integers(len(type_.conditions)))].no if type_.conditions else None
        self._do(Move.REGISTER, by="duty_chief", condition_no=number)
        self._dispatched()
        if self._happens(_SEND_BACK):
            self._wait_min(60)
            self._do(Move.SEND_BACK, by="department", reason="other_body", department=self.facts.department_code)
            self._dispatched()
        if self._happens(_SUPERVISION):
            self._do(Move.SUPERVISE, by="duty_chief", reason="watched")
        self._handled()
        if self._happens(_REWORK):
            self._do(Move.REWORK, by="inspector", reason="not_done")
            self._wait_min(180)
            self._fed_back()
            self._wait_min(90)
        self._do(Move.VERIFY, by="inspector")
        self._wait_min(50)
        self._do(Move.CLOSE, by="duty_chief")
        if CaseSource(self.facts.source) in CONFIRMED_FIRST and self._happens(_RATED):
            self._wait_min(1_200)
            self._do(Move.RATE, satisfied=self._happens(0.87))

    def _dispatched(self) -> None:
        self._wait_min(7)
        held = {level: code for level in AreaLevel if (code := self.facts.area_of(level)) is not None}
        holding = self.catalogue.holder(self.facts.type, held, self.facts.reported_at)
        centre = f"{self.facts.town_code}-grid_centre"
        lead = holding.department_code if holding else centre
        bodies = [lead]
        if lead not in self.catalogue.departments:
            raise _PresentError  # nobody can take it yet
        if lead != centre and self._happens(_JOINT) and self._may_join(centre):
            bodies.append(centre)
        self._do(Move.DISPATCH, by="dispatcher", departments=tuple(bodies))

    def _may_join(self, code: str) -> bool:
        known = code in self.catalogue.departments
        return known and self.catalogue.holds(code, self.facts.type, self.facts.reported_at)

    def _handled(self) -> None:
        """Let every body begin, ask for what it asks for, and say that it is done."""
        self._wait_min(45)
        for task in self.facts.present:
            self._do(Move.HANDLE, by="department", department=task.department_code)
        if self._happens(_FORCED):
            self._do(Move.FORCE_CLOSE, by="duty_chief", reason="no_way")
            raise _PresentError
        lead = self.facts.department_code
        if self._happens(_SUSPENSION):
            self._do(Move.ASK_SUSPENSION, by="department", reason="dug_up", department=lead)
            self._wait_min(60)
            self._do(Move.SUSPEND, by="duty_chief", reason="dug_up")
            self._wait_min(4_000)
            self._do(Move.RESUME, by="duty_chief")
        if self.facts.due_at is not None and self.facts.due_at > self.at and self._happens(_EXTENSION):
            later = self.facts.due_at + timedelta(days=1)
            self._do(Move.ASK_EXTENSION, by="department", reason="parts", department=lead, due_at=later)
            self._wait_min(30)
            granted = self._happens(0.7)
            self._do(
                Move.GRANT_EXTENSION if granted else Move.REFUSE_EXTENSION, by="duty_chief", department=lead,
                reason=None if granted else "can_be_done",
            )  # fmt: skip
        allowed_s = (self.facts.due_at - self.at).total_seconds() if self.facts.due_at else 86_400.0
        ratio = _ON_TIME_RATIO * float(self.rng.lognormal(0.0, _SPREAD))
        self.at += timedelta(seconds=round(max(allowed_s, 3_600.0) * ratio))
        self._fed_back()
        self._wait_min(120)

    def _fed_back(self) -> None:
        for task in self.facts.present:
            if task.open:
                self._do(Move.GIVE_FEEDBACK, by="department", department=task.department_code)
                self._wait_min(5)

    def _do(self, move: Move, *, by: str = "operator", reason: str | None = None, **given: object) -> None:
        """Make a move at the present point of the story.

        Raises
        ------
        _PresentError
            When that point lies ahead.
        """
        if self.at >= self.now:
            raise _PresentError
        self._alarms(self.at)
        told = replace(NOTHING, reason=reason and text(f"demo.reason.{reason}"), **given)  # type: ignore[arg-type]  # fields of Given
        scene = Scene(self.calendar, self.catalogue, self.at)
        self.facts, entry = apply(self.facts, move, told, scene, _mover(by))
        self.entries.append(entry)

    def _alarms(self, until: datetime) -> None:
        """Let the watcher of deadlines tell what has come due before a moment."""
        while (alarm := self.facts.next_alarm_at) is not None and alarm < until:
            late = self.facts.due_at is not None and alarm >= self.facts.due_at
            move = Move.OVERDUE if late else Move.DUE_SOON
            self.facts = replace(
                self.facts, urgency=Urgency(move.value), next_alarm_at=None if late else self.facts.due_at
            )
            told_at, body = alarm + timedelta(seconds=1), self.facts.department_code
            version, state = self.facts.version, self.facts.state
            self.entries.append(LogEntry(version, move, state, told_at, WATCHER, None, body, None, {}))

    def _wait_min(self, mean_min: float) -> None:
        self.at += timedelta(seconds=round(60 * (0.2 * mean_min + float(self.rng.exponential(0.8 * mean_min)))))

    def _happens(self, share: float) -> bool:
        return bool(self.rng.random() < share)


_ALL = frozenset(Permission)


def _mover(post: str) -> Mover:
    return Mover(f"demo-{post}", post, _ALL)


def begun(case: CaseFacts, calendar: WorkCalendar, catalogue: Catalogue, now: datetime, rng: Generator) -> Story:
    """Return the story of a case that has just been reported."""
    return Story(replace(case, state=CaseState.REPORTED), calendar, catalogue, now, rng)


def reported_at(rng: Generator, now: datetime, days: int, count: int) -> Iterator[datetime]:
    """Yield when cases come in, in order: by day rather than by night, on working days rather than at weekends.

    A few have just come in, so that there is something to accept at whatever hour one looks.
    """
    hours = [0.2] * 6 + [1, 3, 6, 7, 6, 5, 3, 5, 6, 6, 5, 4, 3, 2.5, 2, 1.5, 1, 0.5]
    begins = now - timedelta(days=days)
    weights = []
    for hour in range(days * 24):
        local = (begins + timedelta(hours=hour + 8)).replace(tzinfo=None)
        weights.append(hours[local.hour] * (0.6 if local.weekday() >= 5 else 1.0))
    total = sum(weights)
    early = max(count - _JUST_NOW, 0)
    chosen = rng.choice(len(weights), early, p=[weight / total for weight in weights])
    seconds = (chosen * 3600 + rng.integers(0, 3600, early)).tolist()
    seconds += (days * 86_400 - rng.integers(5, _JUST_NOW_S, count - early)).tolist()
    for second in sorted(seconds):
        yield begins + timedelta(seconds=int(second))
