"""The one door to assessments: schemes, rounds, what is entered for them, appeals, signatures, and the result."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.queries import ancestors, bounds_of
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.assessment import evidence, queries
from gridmgmt.assessment.document import Document, SchemeFacts, canonical, round_document, sha256_of
from gridmgmt.assessment.models import (
    AssessmentEntry,
    AssessmentEvent,
    AssessmentItemRow,
    AssessmentRound,
    AssessmentScheme,
)
from gridmgmt.assessment.rules import (
    AppealState,
    AssessmentDirection,
    EventEffect,
    Named,
    NewEntry,
    NewEvent,
    NewScheme,
    RoundState,
    check_entry,
    check_event,
    check_scheme,
)
from gridmgmt.assessment.scoring import assessed
from gridmgmt.casework.known import check_known
from gridmgmt.catalogue.service import catalogue_if_any
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, DuplicateCodeError, InputError, NotFoundError
from gridmgmt.indicators.rules import asked_period


@dataclass(frozen=True)
class NewRound:
    """A round to be opened; without subjects it is of all streets of its last day."""

    scheme_id: int
    name: Named
    first: date
    last: date
    subjects: Sequence[str] = ()


@dataclass(frozen=True)
class Verification:
    """Whether what was signed is what is kept.

    ``kept`` and ``logged`` are the hashes beside the document and in the log of changes, ``computed`` is that of the
    document itself; the result is intact when all three are one.
    """

    round_id: int
    kept: str
    computed: str
    logged: str | None

    @property
    def intact(self) -> bool:
        """Whether the three hashes are one."""
        return self.kept == self.computed == self.logged


def add_scheme(session: Session, actor: Actor, new: NewScheme, *, now: datetime) -> int:
    """Keep an edition of a scheme and return its id; it is never changed, another edition succeeds it.

    Raises
    ------
    RuleViolationError, InputError
        When the scheme cannot be, see :func:`gridmgmt.assessment.rules.check_scheme`.
    NotFoundError
        When an indicator is narrowed to a type or class of cases that nobody knows.
    DuplicateCodeError
        ``assessment_scheme_taken`` when there is one of the name and the day.
    """
    require(actor, Permission.ASSESSMENT_WRITE, areas=queries.district_bounds(session, new.valid_from))
    check_scheme(new)
    for item in new.items:
        if item.narrowed:
            check_known(session, evidence.case_filter(item.narrowed), now=now)
    if queries.has_scheme(session, new.name.zh, new.direction, new.valid_from):
        raise DuplicateCodeError("assessment_scheme_taken", field="name", value=new.name.zh, on=new.valid_from)
    row = AssessmentScheme(
        name_zh=new.name.zh, name_en=new.name.en, direction=new.direction, preset=new.preset, valid_from=new.valid_from,
        source=new.source, is_example=new.is_example,
        groups={code: {"zh": name.zh, "en": name.en} for code, name in new.groups.items()},
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add_all(_item_rows(row.scheme_id, new))
    session.flush()
    told = {"name": new.name.zh, "valid_from": new.valid_from, "items": len(new.items), "preset": new.preset}
    record(session, actor, "assessment.add_scheme", f"assessment_scheme:{row.scheme_id}", after=told)
    return row.scheme_id


def open_round(session: Session, actor: Actor, new: NewRound) -> int:
    """Open a round and return its id.

    Raises
    ------
    NotFoundError
        ``assessment_scheme_unknown``; ``assessment_subject_unknown`` when a subject is no street, or no department, of
        the last day.
    InputError
        ``assessment_subjects_needed`` where departments are assessed and none is named;
        ``assessment_subject_twice``; ``assessment_scheme_later`` when the scheme is valid from a day after the last;
        ``period_backwards``, ``period_too_long``; ``value_needed``.
    """
    require(actor, Permission.ASSESSMENT_WRITE, areas=queries.district_bounds(session, new.last))
    scheme = queries.scheme_facts(session, new.scheme_id)
    asked_period(new.first, new.last, new.last)
    if not (new.name.zh.strip() and new.name.en.strip()):
        raise InputError("value_needed", field="name")
    if scheme.valid_from > new.last:
        raise InputError("assessment_scheme_later", field="scheme", value=scheme.valid_from, last=new.last)
    row = AssessmentRound(
        scheme_id=new.scheme_id, name_zh=new.name.zh, name_en=new.name.en, period_first=new.first,
        period_last=new.last, subjects=_subjects(session, scheme.direction, new),
    )  # fmt: skip
    session.add(row)
    session.flush()
    told = {"scheme": new.scheme_id, "from": new.first, "to": new.last, "subjects": list(row.subjects)}
    record(session, actor, "assessment.open_round", f"assessment_round:{row.round_id}", after=told)
    return row.round_id


def enter(session: Session, actor: Actor, round_id: int, new: NewEntry) -> int:
    """Enter a survey's mean or a documented value and return the entry's id; it takes the place of the one before.

    Raises
    ------
    NotFoundError
        ``assessment_round_unknown``, ``assessment_subject_unknown``, ``assessment_item_unknown``.
    ConflictError
        ``assessment_signed``.
    InputError
        When it does not suit the item, see :func:`gridmgmt.assessment.rules.check_entry`.
    """
    row, scheme = _open_for_writing(session, round_id)
    _require_subject(row, new.subject_code)
    item = next((each for each in scheme.items if each.code == new.item_code), None)
    if item is None:
        raise NotFoundError("assessment_item_unknown", field="item", value=new.item_code, round=round_id)
    check_entry(new, item, scheme.direction)
    if new.judge_code is not None and new.judge_code not in queries.streets(session, row.period_last):
        raise NotFoundError("assessment_subject_unknown", field="judge", value=new.judge_code, round=round_id)
    _require(session, actor, scheme.direction, new.judge_code or new.subject_code, row, judge=new.judge_code)
    entry = AssessmentEntry(round_id=round_id, scheme_id=row.scheme_id, **vars(new))
    session.add(entry)
    session.flush()
    told = {name: value for name, value in vars(new).items() if value is not None}
    record(session, actor, "assessment.enter", f"assessment_round:{round_id}", after=told)
    return entry.entry_id


def hold_against(session: Session, actor: Actor, round_id: int, new: NewEvent) -> int:
    """Hold a deduction or veto against a subject and return the event's id.

    Raises
    ------
    NotFoundError
        ``assessment_round_unknown``, ``assessment_subject_unknown``.
    ConflictError
        ``assessment_signed``.
    InputError
        When it cannot be, see :func:`gridmgmt.assessment.rules.check_event`; ``assessment_event_outside`` when it
        happened outside the period.
    """
    row, scheme = _open_for_writing(session, round_id)
    _require_subject(row, new.subject_code)
    check_event(new)
    if not row.period_first <= new.occurred_on <= row.period_last:
        raise InputError(
            "assessment_event_outside", field="occurred_on", value=new.occurred_on, first=row.period_first,
            last=row.period_last,
        )  # fmt: skip
    _require(session, actor, scheme.direction, new.subject_code, row)
    event = AssessmentEvent(round_id=round_id, **vars(new))
    session.add(event)
    session.flush()
    told = {name: value for name, value in vars(new).items() if value is not None}
    action = "assessment.veto" if new.effect is EventEffect.VETO else "assessment.deduct"
    record(session, actor, action, f"assessment_round:{round_id}", after={"event": event.event_id, **told})
    return event.event_id


@dataclass(frozen=True)
class Appeal:
    """A step of the appeal against an event: it is lodged (open), or decided (upheld, refused), with a document."""

    event_id: int
    state: AppealState
    document: str


def appeal(session: Session, actor: Actor, round_id: int, step: Appeal) -> None:
    """Lodge an appeal against an event, or decide one; who decides must be allowed to sign.

    Raises
    ------
    NotFoundError
        ``assessment_round_unknown``, ``assessment_event_unknown``.
    ConflictError
        ``assessment_signed``; ``assessment_appeal_state`` when one is lodged already, or none that could be decided.
    InputError
        ``assessment_document_needed``.
    """
    row, scheme = _open_for_writing(session, round_id)
    event = queries.event_row(session, round_id, step.event_id)
    lodged = step.state is AppealState.OPEN
    permission = Permission.ASSESSMENT_WRITE if lodged else Permission.ASSESSMENT_SIGN
    _require(session, actor, scheme.direction, event.subject_code, row, permission)
    if not step.document.strip():
        raise InputError("assessment_document_needed", field="document", item=step.state)
    if event.appeal != (None if lodged else AppealState.OPEN):
        raise ConflictError("assessment_appeal_state", event=event.event_id, found=event.appeal or "—", to=step.state)
    before, event.appeal = {"appeal": event.appeal}, step.state
    if lodged:
        event.appeal_document = step.document
    else:
        event.decision_document = step.document
    session.flush()
    after = {"event": event.event_id, "appeal": step.state, "document": step.document}
    record(session, actor, "assessment.appeal", f"assessment_round:{round_id}", before=before, after=after)


def sign(session: Session, actor: Actor, round_id: int, *, now: datetime) -> str:
    """Sign a round off: its result is kept as it is now, and nothing can be written any more. Return its SHA-256.

    Raises
    ------
    NotFoundError
        ``assessment_round_unknown``.
    ConflictError
        ``assessment_signed``; ``assessment_period_runs`` until the period is over; ``assessment_appeal_undecided``.
    """
    row, scheme = _open_for_writing(session, round_id)
    require(actor, Permission.ASSESSMENT_SIGN, areas=queries.district_bounds(session, row.period_last))
    if local_date(now) <= row.period_last:
        raise ConflictError("assessment_period_runs", last=row.period_last)
    undecided = [each for each in queries.events_of(session, round_id) if each.appeal is AppealState.OPEN]
    if undecided:
        raise ConflictError("assessment_appeal_undecided", event=undecided[0].event_id)
    signature = {"at": now.isoformat(), "by": actor.name}
    document = canonical({**_computed(session, row, scheme, now), "signed": signature})
    row.document, row.sha256 = document, sha256_of(document)
    row.state, row.signed_at, row.signed_by = RoundState.SIGNED, now, actor.name
    session.flush()
    record(session, actor, queries.SIGNED, f"assessment_round:{round_id}", after={"sha256": row.sha256})
    return row.sha256


def result(session: Session, round_id: int, *, now: datetime, only: str | None = None) -> Document:
    """Return the result of a round: made anew while it is open, as it was signed afterwards.

    Parameters
    ----------
    only
        Code of the one item of an open round that is looked at; scores, and the standings by them, are of it alone.

    Raises
    ------
    NotFoundError
        ``assessment_round_unknown``.
    """
    row = queries.round_row(session, round_id)
    if row.document is not None:
        kept: Document = json.loads(row.document)
        return kept
    return {**_computed(session, row, queries.scheme_facts(session, row.scheme_id), now, only), "signed": None}


def verify(session: Session, round_id: int) -> Verification:
    """Compare what was signed with what is kept.

    Raises
    ------
    NotFoundError
        ``assessment_round_unknown``.
    ConflictError
        ``assessment_unsigned``.
    """
    row = queries.round_row(session, round_id)
    if row.document is None or row.sha256 is None:
        raise ConflictError("assessment_unsigned", value=round_id)
    return Verification(round_id, row.sha256, sha256_of(row.document), queries.logged_sha256(session, round_id))


def _computed(
    session: Session, row: AssessmentRound, scheme: SchemeFacts, now: datetime, only: str | None = None
) -> Document:
    facts = queries.round_facts(row)
    items = [each for each in scheme.items if only is None or each.code == only]
    found = evidence.gather(session, facts, scheme.direction, items, now=now)
    events = queries.events_of(session, row.round_id)
    outcome = assessed(facts.subjects, items, found, events)
    names = queries.names_of(queries.subjects_on(session, scheme.direction, facts.last), facts.subjects)
    return round_document(facts, scheme, names, outcome, events)


def _item_rows(scheme_id: int, new: NewScheme) -> list[AssessmentItemRow]:
    return [
        AssessmentItemRow(
            scheme_id=scheme_id, place=place, code=item.code, group_code=item.group, name_zh=item.name.zh,
            name_en=item.name.en, weight=item.weight, evidence=item.evidence, zero_at=item.zero_at,
            full_at=item.full_at, min_sample=item.min_sample, ratio=item.ratio, narrowed=dict(item.narrowed),
        )
        for place, item in enumerate(new.items)
    ]  # fmt: skip


def _subjects(session: Session, direction: AssessmentDirection, new: NewRound) -> list[str]:
    """Return the codes of those who are assessed, each once and known on the round's last day."""
    known = queries.subjects_on(session, direction, new.last)
    wanted = list(new.subjects)
    if not wanted:
        if direction is AssessmentDirection.DEPARTMENTS or not known:
            raise InputError("assessment_subjects_needed", field="subjects")
        return list(known)
    for code in wanted:
        if code not in known:
            raise NotFoundError("assessment_subject_unknown", field="subjects", value=code, round=new.name.zh)
        if wanted.count(code) > 1:
            raise InputError("assessment_subject_twice", field="subjects", value=code)
    return wanted


def _open_for_writing(session: Session, round_id: int) -> tuple[AssessmentRound, SchemeFacts]:
    """Return a round, locked against other writers, with its scheme; a signed one takes nothing any more."""
    row = queries.round_row(session, round_id, locked=True)
    if row.state != RoundState.OPEN:
        raise ConflictError("assessment_signed", value=round_id, sha256=row.sha256)
    return row, queries.scheme_facts(session, row.scheme_id)


def _require_subject(row: AssessmentRound, code: str) -> None:
    if code not in row.subjects:
        raise NotFoundError("assessment_subject_unknown", field="subject", value=code, round=row.round_id)


def _require(
    session: Session,
    actor: Actor,
    direction: AssessmentDirection,
    code: str,
    row: AssessmentRound,
    permission: Permission = Permission.ASSESSMENT_WRITE,
    *,
    judge: str | None = None,
) -> None:
    """Ask for a permission on the street, or on the area of the department, that something is written for."""
    if direction is AssessmentDirection.STREETS or judge is not None:
        areas = ancestors(session, AreaLevel.TOWN, code, row.period_last)
    else:
        catalogue = catalogue_if_any(session, row.period_last)
        department = None if catalogue is None else catalogue.departments.get(code)
        areas = bounds_of(session, None if department is None else department.area_code, row.period_last)
        areas = areas or queries.district_bounds(session, row.period_last)
    require(actor, permission, areas=areas)
