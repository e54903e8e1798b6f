"""Moving a case: one row is locked, the machine decides, and the case, its tasks and its log are written at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gridmgmt.access.rules import Actor, Grant, Permission
from gridmgmt.access.service import require, system_actor
from gridmgmt.calendars import service as calendars
from gridmgmt.calendars.rules import WorkCalendar
from gridmgmt.cases.rules import ENDED, CaseState
from gridmgmt.casework import catalogues, clocks, machine, queries, replay
from gridmgmt.casework.facts import CaseFacts, replace
from gridmgmt.casework.machine import NOTHING, Given, LegalMove, LogEntry, Mover, Scene
from gridmgmt.casework.moves import LINK_WITHIN, RULES, Move
from gridmgmt.casework.queries import HeldCase
from gridmgmt.catalogue.rules import Catalogue
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.errors import ForbiddenError, RuleViolationError, StaleVersionError


@dataclass(frozen=True)
class MoveAsk:
    """What somebody asks for; ``version`` is the case's as it was seen, None moves whatever it is now."""

    move: Move
    given: Given = NOTHING
    version: int | None = None


@dataclass(frozen=True)
class CaseParts:
    """One case as a reader sees it now: with its timers, and the moves that this reader may make."""

    held: HeldCase
    catalogue: Catalogue
    timers: tuple[clocks.StageTimer, ...]
    moves: tuple[LegalMove, ...]


def read(session: Session, actor: Actor, case_no: str, now: datetime) -> CaseParts:
    """Return one case.

    Raises
    ------
    NotFoundError
        ``case_unknown``; also of an internal one for who does not work on cases.
    """
    queries.check_shown(session, case_no, works_on_cases=actor.works_on_cases)
    return parts_of(session, actor, queries.read_case(session, case_no), now)


def parts_of(session: Session, actor: Actor, held: HeldCase, now: datetime) -> CaseParts:
    """Return a case as a reader sees it now."""
    return _parts(held, _scene(session, held, now), actor)


def move(session: Session, actor: Actor, case_no: str, ask: MoveAsk, now: datetime) -> CaseParts:
    """Move a case and return it as it is then.

    Raises
    ------
    NotFoundError
        ``case_unknown``, also of the master of a duplicate, and of an internal case for who does not work on cases;
        a department or condition that the catalogue does not have.
    StaleVersionError
        ``case_stale`` when it has moved since it was seen.
    ForbiddenError
        When the actor lacks the permission for the move there, or speaks for another body.
    TransitionNotAllowedError
        When the move is not legal now, naming those that are.
    InputError, RuleViolationError
        When what the move is given cannot be.
    """
    queries.check_shown(session, case_no, works_on_cases=actor.works_on_cases)
    if ask.move is Move.LINK_DUPLICATE and ask.given.case_no:
        queries.lock_pair(session, case_no, ask.given.case_no)
    held = queries.lock_case(session, case_no)
    if ask.version is not None and ask.version != held.facts.version:
        raise StaleVersionError("case_stale", case_no=case_no, current=held.facts.version, seen=ask.version)
    by = _mover(actor, held.facts, RULES[ask.move].permission)
    _require(actor, by, held.facts, ask.move)
    given, scene = _looked_up(session, held, ask, now), _scene(session, held, now)
    after, entry = machine.apply(held.facts, ask.move, given, scene, by)
    queries.write_move(session, held, after, entry)
    master_no = None if after.duplicate_of is None else held.master_no or given.case_no
    return _parts(replace(held, facts=after, updated_at=now, master_no=master_no), scene, actor)


def provisional_cases(session: Session) -> Sequence[str]:
    """Return the numbers of all open cases whose deadline waits for a calendar, in the order in which to lock them."""
    return queries.provisional(session)


def reschedule(session: Session, case_nos: Iterable[str], now: datetime) -> int:
    """Work out the deadlines of some cases anew by the present calendar, and return how many have changed.

    Called when the calendar's revision has moved; deadlines that were granted stay.
    """
    by = Mover(system_actor("calendar").name, None, frozenset())

    def found(held: HeldCase) -> tuple[CaseFacts, LogEntry] | None:
        if held.facts.state in ENDED:
            return None
        return machine.reschedule(held.facts, calendars.load(session, held.calendar), by, now)

    changed = 0
    for case_no in case_nos:
        if found(queries.read_case(session, case_no)) is None:
            continue  # no row is locked that stays as it is
        held = queries.lock_case(session, case_no)
        if (moved := found(held)) is not None:
            queries.write_move(session, held, *moved)
            changed += 1
    return changed


def _parts(held: HeldCase, scene: Scene, actor: Actor) -> CaseParts:
    moves = machine.legal(held.facts, _mover(actor, held.facts), scene.catalogue, scene.at)
    return CaseParts(held, scene.catalogue, tuple(clocks.timers(held.facts, scene.calendar, scene.at)), moves)


def _scene(session: Session, held: HeldCase, now: datetime) -> Scene:
    calendar: WorkCalendar = calendars.load(session, held.calendar)
    return Scene(calendar, catalogue_of(session, held), now)


def catalogue_of(session: Session, held: HeldCase) -> Catalogue:
    """Return the catalogue of the day on which a case was reported; an empty one where the folder had none."""
    return catalogues.catalogue_of(session, held.catalogue, local_date(held.facts.reported_at))


def _mover(actor: Actor, facts: CaseFacts, permission: Permission | None = None) -> Mover:
    """Return an actor as far as it reaches a case; its post is the role that gives it a permission there."""
    areas = facts.areas
    bodies = {task.department_code for task in facts.present}
    reaching = [grant for grant in actor.grants if _reaches(grant, areas, bodies)]
    permissions = frozenset(each for grant in reaching for each in grant.permissions)
    handling = [grant.department for grant in reaching if Permission.CASES_HANDLE in grant.permissions]
    speaks = None if None in handling else frozenset(body for body in handling if body is not None)
    post = next((grant.role for grant in reaching if permission in grant.permissions), None)
    return Mover(actor.name, post, permissions, speaks, actor.is_administrator)


def _reaches(grant: Grant, areas: tuple[str, ...], bodies: set[str]) -> bool:
    in_area = grant.area_code is None or grant.area_code in areas
    return in_area and (grant.department is None or grant.department in bodies)


def _require(actor: Actor, by: Mover, facts: CaseFacts, wanted: Move) -> None:
    permission = RULES[wanted].permission
    if permission is not None and permission not in by.permissions:
        require(actor, permission, areas=facts.areas)
        raise ForbiddenError("department_not_yours", actor=actor.name)
    if wanted in machine.OTHER_EYES and facts.state in RULES[wanted].sources and not machine.other_eyes(facts, by):
        raise ForbiddenError("own_work", actor=actor.name)


def _looked_up(session: Session, held: HeldCase, ask: MoveAsk, now: datetime) -> Given:
    """Return what a move is given, with what other rows say of it."""
    if ask.move is Move.LINK_DUPLICATE and ask.given.case_no:
        return replace(ask.given, master_id=_master(session, held, ask.given.case_no, now))
    if ask.move is Move.UNLINK_DUPLICATE:
        return replace(ask.given, link=replay.last_link(queries.log_of(session, held.case_id)))
    return ask.given


def _master(session: Session, held: HeldCase, master_no: str, now: datetime) -> int:
    """Return the id of the case that another is a duplicate of; both are locked."""
    if held.duplicates:
        raise RuleViolationError("case_has_duplicates", field="case_no", case_no=held.case_no)
    master = queries.read_case(session, master_no)
    if master.case_id == held.case_id:
        raise RuleViolationError("duplicate_of_itself", field="case_no", value=master_no)
    if not queries.seen_by_the_same(session, held.case_id, master.case_id):
        raise RuleViolationError("master_internal", field="case_no", value=master_no, case_no=held.case_no)
    state = master.facts.state
    if state is CaseState.DUPLICATE:
        raise RuleViolationError("master_is_duplicate", field="case_no", value=master_no, master=master.master_no)
    unresolved = state in (CaseState.REJECTED, CaseState.VOIDED)
    if unresolved or (state is CaseState.CLOSED and not clocks.recent(master.facts.closed_at, LINK_WITHIN, now)):
        raise RuleViolationError("master_ended", field="case_no", value=master_no, days=LINK_WITHIN.days)
    return master.case_id
