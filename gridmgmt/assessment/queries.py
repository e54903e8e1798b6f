"""Reading schemes, rounds, entries and events, and what streets and departments are called."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Date, cast, select
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.orm import defer

from gridmgmt.access.models import Change
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.assessment.document import HeldEvent, RoundFacts, SchemeFacts, appeal_of
from gridmgmt.assessment.models import (
    AssessmentEntry,
    AssessmentEvent,
    AssessmentItemRow,
    AssessmentRound,
    AssessmentScheme,
)
from gridmgmt.assessment.rules import (
    AssessmentDirection,
    AssessmentItem,
    EventEffect,
    EvidenceKind,
    Named,
    RoundState,
    SchemePreset,
)
from gridmgmt.cases.measures import Ratio
from gridmgmt.catalogue.service import catalogue_if_any
from gridmgmt.coverage.models import CoverageRun
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError

SIGNED = "assessment.sign"
"""The action under which the log has the hash of what was signed."""


@dataclass(frozen=True)
class SchemeSummary:
    """A scheme without its items."""

    scheme_id: int
    name: Named
    direction: AssessmentDirection
    preset: SchemePreset | None
    valid_from: date
    source: str
    is_example: bool


@dataclass(frozen=True)
class RoundSummary:
    """A round without its result."""

    round_id: int
    scheme_id: int
    name: Named
    scheme_name: Named
    direction: AssessmentDirection
    first: date
    last: date
    subjects: int
    state: RoundState
    sha256: str | None
    signed_at: datetime | None
    signed_by: str | None


@dataclass(frozen=True)
class Entered:
    """An entry as it was kept."""

    entry_id: int
    subject_code: str
    item_code: str
    judge_code: str | None
    value: Decimal
    sample: int | None
    document: str | None
    document_sha256: str | None
    entered_at: datetime


def scheme_summaries(session: Session, *, after: int | None = None, limit: int = 100) -> list[SchemeSummary]:
    """Return schemes, the last kept first; ``after`` is the last of the page before."""
    statement = select(AssessmentScheme).order_by(AssessmentScheme.scheme_id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(AssessmentScheme.scheme_id < after)
    return [_summary(row) for row in session.scalars(statement)]


def scheme_facts(session: Session, scheme_id: int) -> SchemeFacts:
    """Return a scheme with its items.

    Raises
    ------
    NotFoundError
        ``assessment_scheme_unknown``.
    """
    row = session.get(AssessmentScheme, scheme_id)
    if row is None:
        raise NotFoundError("assessment_scheme_unknown", field="scheme", value=scheme_id)
    items = select(AssessmentItemRow).where(AssessmentItemRow.scheme_id == scheme_id).order_by(AssessmentItemRow.place)
    groups = {code: Named(name["zh"], name["en"]) for code, name in row.groups.items()}
    held = [_item(each) for each in session.scalars(items)]
    return SchemeFacts(**vars(_summary(row)), groups=groups, items=held)


def has_scheme(session: Session, name: str, direction: AssessmentDirection, valid_from: date) -> bool:
    """Tell whether there is an edition of a scheme from a day on."""
    statement = select(AssessmentScheme.scheme_id).where(
        AssessmentScheme.name_zh == name,
        AssessmentScheme.direction == direction,
        AssessmentScheme.valid_from == valid_from,
    )
    return session.scalar(statement) is not None


def round_summaries(
    session: Session, *, after: int | None = None, limit: int = 100, streets_until: date | None = None
) -> list[RoundSummary]:
    """Return rounds, the last opened first; ``after`` is the last of the page before.

    With ``streets_until`` only rounds of streets whose period was over by that day.
    """
    statement = (
        select(AssessmentRound, AssessmentScheme)
        .join(AssessmentScheme, AssessmentScheme.scheme_id == AssessmentRound.scheme_id)
        .options(defer(AssessmentRound.document))
        .order_by(AssessmentRound.round_id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(AssessmentRound.round_id < after)
    if streets_until is not None:
        over = (AssessmentScheme.direction == AssessmentDirection.STREETS, AssessmentRound.period_last <= streets_until)
        statement = statement.where(*over)
    return [_round_summary(*row) for row in session.execute(statement)]


def round_summary(session: Session, round_id: int) -> RoundSummary:
    """Return a round without its result.

    Raises
    ------
    NotFoundError
        ``assessment_round_unknown``.
    """
    row = round_row(session, round_id)
    scheme = session.get_one(AssessmentScheme, row.scheme_id)
    return _round_summary(row, scheme)


def round_row(session: Session, round_id: int, *, locked: bool = False) -> AssessmentRound:
    """Return the row of a round; ``locked`` against other writers until the transaction ends.

    Raises
    ------
    NotFoundError
        ``assessment_round_unknown``.
    """
    statement = select(AssessmentRound).where(AssessmentRound.round_id == round_id)
    row = session.scalar(statement.with_for_update() if locked else statement)
    if row is None:
        raise NotFoundError("assessment_round_unknown", field="round", value=round_id)
    return row


def round_facts(row: AssessmentRound) -> RoundFacts:
    """Return a round as it was opened."""
    name = Named(row.name_zh, row.name_en)
    return RoundFacts(row.round_id, name, row.period_first, row.period_last, tuple(row.subjects))


def entries_in_effect(
    session: Session, round_id: int, items: Collection[str]
) -> Mapping[tuple[str, str], Sequence[Entered]]:
    """Return the newest entry of each subject and of these items, of each street its own, by the judges' codes."""
    key = (AssessmentEntry.subject_code, AssessmentEntry.item_code, AssessmentEntry.judge_code)
    statement = (
        select(AssessmentEntry)
        .ext(distinct_on(*key))
        .where(AssessmentEntry.round_id == round_id, AssessmentEntry.item_code.in_(items))
        .order_by(*key, AssessmentEntry.entry_id.desc())
    )
    found: dict[tuple[str, str], list[Entered]] = defaultdict(list)
    for row in session.scalars(statement):
        found[row.subject_code, row.item_code].append(_entered(row))
    return found


def entries_of(session: Session, round_id: int, subject_code: str, item_code: str) -> list[Entered]:
    """Return all that was ever entered for an item of a subject, the newest first."""
    statement = (
        select(AssessmentEntry)
        .where(
            AssessmentEntry.round_id == round_id,
            AssessmentEntry.subject_code == subject_code,
            AssessmentEntry.item_code == item_code,
        )
        .order_by(AssessmentEntry.entry_id.desc())
    )
    return [_entered(row) for row in session.scalars(statement)]


def events_of(session: Session, round_id: int) -> list[HeldEvent]:
    """Return the events that are held against subjects of a round, as they were entered."""
    statement = select(AssessmentEvent).where(AssessmentEvent.round_id == round_id).order_by(AssessmentEvent.event_id)
    return [held_event(row) for row in session.scalars(statement)]


def event_row(session: Session, round_id: int, event_id: int) -> AssessmentEvent:
    """Return the row of an event of a round.

    Raises
    ------
    NotFoundError
        ``assessment_event_unknown``.
    """
    row = session.get(AssessmentEvent, event_id)
    if row is None or row.round_id != round_id:
        raise NotFoundError("assessment_event_unknown", field="event", value=event_id, round=round_id)
    return row


def held_event(row: AssessmentEvent) -> HeldEvent:
    """Return an event as the scoring takes it."""
    return HeldEvent(
        row.subject_code, EventEffect(row.effect), row.points, appeal_of(row.appeal), row.event_id, row.cause,
        row.occurred_on, row.document, row.document_sha256, row.appeal_document, row.decision_document,
    )  # fmt: skip


def streets(session: Session, on: date) -> Mapping[str, Named]:
    """Return the towns and subdistricts in force on a day by their codes, in order."""
    statement = select(Area.code, Area.name).where(Area.level == AreaLevel.TOWN, in_force_on(on)).order_by(Area.code)
    return {code: Named(name, name) for code, name in session.execute(statement)}


def departments(session: Session, on: date) -> Mapping[str, Named]:
    """Return the departments of the catalogue of a day by their codes; none where there is no catalogue."""
    catalogue = catalogue_if_any(session, on)
    held = {} if catalogue is None else catalogue.departments
    return {code: Named(each.name.said("zh"), each.name.said("en")) for code, each in held.items()}


def subjects_on(session: Session, direction: AssessmentDirection, on: date) -> Mapping[str, Named]:
    """Return all that can be assessed in a direction on a day."""
    return streets(session, on) if direction is AssessmentDirection.STREETS else departments(session, on)


def district_bounds(session: Session, on: date) -> list[str]:
    """Return the code of the district of a day as permissions ask for it; none, for everywhere, unless there is one."""
    statement = select(Area.code).where(Area.level == AreaLevel.DISTRICT, in_force_on(on)).limit(2)
    codes = list(session.scalars(statement))
    return codes if len(codes) == 1 else []


def coverage_run(session: Session, last: date) -> int | None:
    """Return the run over the whole district of the latest day up to one, None where there is none.

    It asks what is asked where nothing else is said: bands alone may be others, which change no share.
    """
    usual = {name: value for name, value in asdict(make_request()).items() if name != "bands_s"}
    asked_on = cast(CoverageRun.parameters["on"].astext, Date)
    asked = CoverageRun.parameters.op("-")("on").op("-")("bands_s")
    statement = (
        select(CoverageRun.run_id)
        .where(CoverageRun.finished_at.is_not(None), asked == cast(usual, JSONB), asked_on <= last)
        .order_by(asked_on.desc(), CoverageRun.run_id.desc())
        .limit(1)
    )
    return session.scalar(statement)


def logged_sha256(session: Session, round_id: int) -> str | None:
    """Return the hash of what was signed first as the log of changes has it, None where it has none.

    A round is signed once: a later entry of the log is of one that was opened again behind the services.
    """
    statement = (
        select(Change.after)
        .where(Change.object == f"assessment_round:{round_id}", Change.action == SIGNED)
        .order_by(Change.change_id)
        .limit(1)
    )
    after = session.scalar(statement)
    return None if after is None else str(after["sha256"])


def _summary(row: AssessmentScheme) -> SchemeSummary:
    preset = None if row.preset is None else SchemePreset(row.preset)
    return SchemeSummary(
        row.scheme_id, Named(row.name_zh, row.name_en), AssessmentDirection(row.direction), preset, row.valid_from,
        row.source, row.is_example,
    )  # fmt: skip


def _item(row: AssessmentItemRow) -> AssessmentItem:
    return AssessmentItem(
        row.code, row.group_code, Named(row.name_zh, row.name_en), row.weight, EvidenceKind(row.evidence), row.zero_at,
        row.full_at, row.min_sample, None if row.ratio is None else Ratio(row.ratio), row.narrowed,
    )  # fmt: skip


def _round_summary(row: AssessmentRound, scheme: AssessmentScheme) -> RoundSummary:
    return RoundSummary(
        row.round_id, row.scheme_id, Named(row.name_zh, row.name_en), Named(scheme.name_zh, scheme.name_en),
        AssessmentDirection(scheme.direction), row.period_first, row.period_last, len(row.subjects),
        RoundState(row.state), row.sha256, row.signed_at, row.signed_by,
    )  # fmt: skip


def _entered(row: AssessmentEntry) -> Entered:
    return Entered(**{name: getattr(row, name) for name in Entered.__dataclass_fields__})


def names_of(known: Mapping[str, Named], codes: Collection[str]) -> Mapping[str, Named]:
    """Return what codes are called; one that is known no more stands for itself."""
    return {code: known.get(code, Named(code, code)) for code in codes}
