"""Reporting a case: located, numbered, routed, compared with those nearby, and logged, in two statements."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any
from uuid import UUID

from sqlalchemy import text

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.calendars import service as calendars
from gridmgmt.cases.rules import CaseState
from gridmgmt.casework import photos, reporters
from gridmgmt.casework.asking import ReportAsk, checked, moment_of
from gridmgmt.casework.catalogues import catalogue_of, likely_catalogue
from gridmgmt.casework.duplicates import Duplicate, ranked, sought
from gridmgmt.casework.facts import CaseFacts, progress_of, replace
from gridmgmt.casework.idempotency import Answered, Keyed, same, withdraw
from gridmgmt.casework.intake_models import CaseNoRule
from gridmgmt.casework.machine import LogEntry, Mover
from gridmgmt.casework.machine import report as reported
from gridmgmt.casework.numbering import NumberRule, number_rule
from gridmgmt.casework.photo_models import PhotoKind
from gridmgmt.casework.queries import HeldCase
from gridmgmt.casework.reporters import Reporter
from gridmgmt.casework.routing import Suggestion, answering, suggest
from gridmgmt.casework.surroundings import KEYS_KEPT, Request, Surroundings, surroundings
from gridmgmt.catalogue.rules import CaseType, Catalogue
from gridmgmt.catalogue.service import catalogue_on
from gridmgmt.clock import local_date, system_clock
from gridmgmt.components.queries import component_on
from gridmgmt.db import Session, prepared_rows
from gridmgmt.errors import ConflictError, InputError, NotFoundError, RuleViolationError

REPORT = resources.files(__package__).joinpath("sql/report.sql").read_text(encoding="utf-8")
"""Stores a case with the first entry of its log, and the key of its request; all values are bound."""
_NEAREST = text(resources.files(__package__).joinpath("sql/nearest_area.sql").read_text(encoding="utf-8"))
_DRAWS = 5
"""So often a number that is taken is drawn again."""
_rule = cache(number_rule)


@dataclass(frozen=True)
class Reported:
    """A case that was just reported, with what helps whoever takes it on."""

    case_id: int
    case_no: str
    facts: CaseFacts
    ask: ReportAsk
    """As it is kept."""
    now: datetime
    """When it was taken in."""
    areas: Mapping[AreaLevel, tuple[str, str]]
    """Code and name by level, from the largest down."""
    suggestion: Suggestion
    duplicates: Sequence[Duplicate]
    calendar: UUID
    """Revision of the work calendar."""
    catalogue: str | None
    """Mark of all editions of the catalogue."""
    photos: int
    answer: Mapping[str, Any] | None = None
    """What is kept as the answer to a request that came with a key."""

    @property
    def held(self) -> HeldCase:
        """The case as whoever reads it gets it."""
        return HeldCase(
            case_id=self.case_id,
            case_no=self.case_no,
            facts=self.facts,
            description=self.ask.description,
            address=self.ask.address,
            fields=self.ask.fields,
            flags=(),
            updated_at=self.now,
            lon=self.ask.lon,
            lat=self.ask.lat,
            areas=tuple((level, code, name) for level, (code, name) in self.areas.items()),
            duplicates=(),
            master_no=None,
            photos=self.photos,
            calendar=self.calendar,
            catalogue=self.catalogue,
        )


@dataclass(frozen=True)
class Known:
    """The case that a device has reported before."""

    case_no: str


@dataclass(frozen=True)
class Retry:
    """A request under a key, and what makes its answer, so that it can be kept with the case."""

    request: Keyed
    body: Callable[[Reported], Mapping[str, Any]]


@dataclass(frozen=True)
class Attached:
    """What comes with a report and is kept apart from it: photos that were sent before, and whoever reports it."""

    photos: Sequence[tuple[str, PhotoKind]] = ()
    """SHA-256 of what is kept, and what it shows."""
    reporter: Reporter | None = None


@dataclass(frozen=True)
class _Prepared:
    """All about a report but the place, which the database knows."""

    ask: ReportAsk
    at: datetime
    now: datetime
    type: CaseType
    catalogue: Catalogue
    mark: str | None
    """Under which the catalogue was kept; None where it was read in this transaction."""
    attached: Attached


def report(
    session: Session,
    actor: Actor,
    ask: ReportAsk,
    *,
    now: datetime | None = None,
    retry: Retry | None = None,
    attached: Attached = Attached(),
) -> Reported | Known | Answered:
    """Take a report in and return the case, with a suggestion of who handles it and the cases that it may repeat.

    The areas are those in force on the day of the report, found once and kept. A retry under the same key gets the
    answer of the first, a report that a device has sent before the case that there is.

    Raises
    ------
    InputError
        When the position, a text, a moment or a field cannot be taken.
    NotFoundError
        ``case_type_unknown``, ``component_unknown`` on the day of the report.
    RuleViolationError
        ``outside_areas`` where areas are in force and none holds the place; the nearest is named.
    ForbiddenError
        When the actor may report no cases there.
    """
    if not actor.holds(Permission.CASES_REPORT):
        require(actor, Permission.CASES_REPORT)
    prepared = _prepared(session, ask, attached, now or system_clock())
    for _ in range(_DRAWS):
        prepared, seen = _look(session, actor, prepared, retry)
        if retry is not None and seen.answered is not None:
            return same(retry.request, *seen.answered)
        if seen.client_case_no is not None:
            return Known(seen.client_case_no)
        require(actor, Permission.CASES_REPORT, areas=tuple(seen.codes.values()))
        if not seen.areas:
            _refuse_outside(session, (prepared.ask.lon, prepared.ask.lat), prepared.at)
        if (case := _filed(session, actor, prepared, seen, retry)) is not None:
            _attach(session, actor, case.case_id, prepared)
            return case
    raise ConflictError("case_no_used_up", template=seen.template)


def preview(
    session: Session, position: tuple[float, float], type_code: str, at: datetime, *, now: datetime | None = None
) -> tuple[Suggestion, Sequence[Duplicate], Surroundings]:
    """Return where a case of a type at a place would go and which ones it may repeat, without reporting it.

    Raises
    ------
    InputError
        When the position cannot be one.
    NotFoundError
        ``case_type_unknown``, ``component_unknown`` on the day of the report.
    RuleViolationError
        ``outside_areas``, as a report there would be.
    """
    catalogue = catalogue_on(session, at)
    type_ = catalogue.type(type_code)
    seen = surroundings(session, position, at, sought(type_, at), now=now or at)
    if not seen.areas:
        _refuse_outside(session, position, at)
    calendar = calendars.load(session, seen.calendar)
    return suggest(catalogue, type_, seen, at, calendar), ranked(seen.near, type_, at), seen


def set_number_rule(session: Session, actor: Actor, template: str, valid_from: date) -> NumberRule:
    """Set the template by which cases are numbered from a day on.

    Raises
    ------
    InputError
        ``case_no_template``.
    ForbiddenError
        Without the right to write the catalogue everywhere.
    """
    require(actor, Permission.CATALOGUE_WRITE)
    rule = number_rule(template)
    row = session.get(CaseNoRule, valid_from)
    before = None if row is None else {"template": row.template}
    session.merge(CaseNoRule(valid_from=valid_from, template=template))
    session.flush()
    record(
        session, actor, "case_no_rule.set", f"case_no_rule:{valid_from}", before=before, after={"template": template}
    )
    return rule


def _prepared(session: Session, ask: ReportAsk, attached: Attached, now: datetime) -> _Prepared:
    """Check a report by the catalogue that is likely to hold; by the one that does where it is not for that one."""
    likely = likely_catalogue(local_date(moment_of(ask.reported_at, now)))
    if likely is not None:
        mark, catalogue = likely
        with suppress(NotFoundError, InputError):
            return _checked(session, ask, attached, now, catalogue, mark)
    return _prepared_anew(session, ask, attached, now)


def _prepared_anew(session: Session, ask: ReportAsk, attached: Attached, now: datetime) -> _Prepared:
    catalogue = catalogue_on(session, moment_of(ask.reported_at, now))
    return _checked(session, ask, attached, now, catalogue, None)


def _checked(
    session: Session, ask: ReportAsk, attached: Attached, now: datetime, catalogue: Catalogue, mark: str | None
) -> _Prepared:
    at = moment_of(ask.reported_at, now)
    type_ = catalogue.type(ask.type)
    if ask.component_code is not None:
        component_on(session, ask.component_code, local_date(at))
    return _Prepared(checked(ask, type_), at, now, type_, catalogue, mark, attached)


def _look(session: Session, actor: Actor, prepared: _Prepared, retry: Retry | None) -> tuple[_Prepared, Surroundings]:
    """Return what lies at the place of a report, and the report as the catalogue that holds now has it."""
    ask = prepared.ask
    request = Request(actor.name, retry.request.key if retry else None, ask.client_id, draw=True, mark=prepared.mark)
    near = sought(prepared.type, prepared.at)
    seen = surroundings(session, (ask.lon, ask.lat), prepared.at, near, now=prepared.now, request=request)
    if prepared.mark == seen.catalogue:
        return prepared, seen
    catalogue_of(session, seen.catalogue, local_date(prepared.at))  # for this one or the next
    if prepared.mark is None:
        return prepared, seen
    return _look(session, actor, _prepared(session, ask, prepared.attached, prepared.now), retry)


def _filed(
    session: Session, actor: Actor, prepared: _Prepared, seen: Surroundings, retry: Retry | None
) -> Reported | None:
    """Store a case with the first entry of its log; None when its number, its device's name or its key is taken."""
    codes = seen.codes
    facts, entry = reported(_facts(prepared, seen), _mover(actor, tuple(codes.values())), prepared.now)
    case_no = _rule(seen.template).number(codes.get(AreaLevel.DISTRICT), local_date(prepared.now), seen.serial)
    suggestion = suggest(prepared.catalogue, prepared.type, seen, prepared.at, calendars.load(session, seen.calendar))
    duplicates = ranked(seen.near, prepared.type, prepared.at, prepared.ask.component_code)
    case = Reported(
        case_id=0,
        case_no=case_no,
        facts=facts,
        ask=prepared.ask,
        now=prepared.now,
        areas=seen.areas,
        suggestion=suggestion,
        duplicates=duplicates,
        calendar=seen.calendar,
        catalogue=seen.catalogue,
        photos=len(set(prepared.attached.photos)),
    )
    if retry is not None:
        case = replace(case, answer=retry.body(case))
    ((case_id, kept),) = prepared_rows(session, REPORT, _values(case, entry, actor, retry))
    if case_id is None:
        if kept and retry is not None:
            withdraw(session, retry.request)
        return None
    return replace(case, case_id=case_id)


def _attach(session: Session, actor: Actor, case_id: int, prepared: _Prepared) -> None:
    for photo, kind in prepared.attached.photos:
        photos.attach(session, actor, case_id, photo, kind)
    if prepared.attached.reporter is not None:
        reporters.keep(session, actor, case_id, prepared.attached.reporter, prepared.now)


def _facts(prepared: _Prepared, seen: Surroundings) -> CaseFacts:
    codes, post = seen.codes, answering(seen)
    return CaseFacts(
        state=CaseState.REPORTED,
        kind=prepared.type.kind,
        type=prepared.type.code,
        source=prepared.ask.source,
        reported_at=prepared.at,
        component_code=prepared.ask.component_code,
        cell_code=codes.get(AreaLevel.GRID_CELL),
        quarter_code=codes.get(AreaLevel.RESIDENTIAL_QUARTER),
        middle_code=codes.get(AreaLevel.BASIC_MANAGEMENT_UNIT) or codes.get(AreaLevel.SECTOR),
        town_code=codes.get(AreaLevel.TOWN),
        district_code=codes.get(AreaLevel.DISTRICT),
        post_code=None if post is None else post.code,
    )


def _mover(actor: Actor, areas: Sequence[str]) -> Mover:
    role = next((grant.role for grant in actor.grants if grant.reaches(Permission.CASES_REPORT, areas)), None)
    return Mover(actor.name, role, frozenset({Permission.CASES_REPORT}))


def _values(case: Reported, entry: LogEntry, actor: Actor, retry: Retry | None) -> dict[str, object]:
    ask, facts = case.ask, case.facts
    return {
        "actor": actor.name,
        "key": retry.request.key if retry else None,
        "request_sha256": retry.request.request_sha256 if retry else None,
        "answer": None if case.answer is None else _json(case.answer),
        "keys_since": case.now - KEYS_KEPT,
        "now": case.now,
        "case_no": case.case_no,
        "client_id": ask.client_id,
        "kind": facts.kind,
        "type": facts.type,
        "source": facts.source,
        "state": facts.state,
        "description": ask.description,
        "address": ask.address,
        "fields": _json(ask.fields),
        "component_code": facts.component_code,
        "reported_at": facts.reported_at,
        "cell_code": facts.cell_code,
        "quarter_code": facts.quarter_code,
        "middle_code": facts.middle_code,
        "town_code": facts.town_code,
        "district_code": facts.district_code,
        "post_code": facts.post_code,
        "progress": _json(progress_of(facts)),
        "lon": ask.lon,
        "lat": ask.lat,
        "move": entry.move,
        "post": entry.post,
        "told": _json(entry.facts),
    }


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _refuse_outside(session: Session, position: tuple[float, float], at: datetime) -> None:
    """Refuse a place that lies in no area although some are in force."""
    values = {"lon": position[0], "lat": position[1], "on": local_date(at)}
    nearest = session.execute(_NEAREST, values).one_or_none()
    if nearest is not None:
        name, code, distance_m = nearest
        raise RuleViolationError("outside_areas", field="lon", name=name, code=code, distance_m=round(distance_m))
