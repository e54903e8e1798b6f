"""Setting up, changing and ending bodies, one by one or from a file."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.areas.models import Area, Dated
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.bodies import queries
from gridmgmt.bodies.ending import end_all
from gridmgmt.bodies.models import Body, BodyAgreement, BodyPost, PostLink
from gridmgmt.bodies.rules import BODY_FACTS, NewBody, Office, OrganisationKind, check_code, check_name, check_office
from gridmgmt.bodies.taking import Source, Taken, What, take_all
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, DuplicateCodeError, InputError, RuleViolationError
from gridmgmt.governance.history import begin, ended, require_on, shown
from gridmgmt.governance.queries import holds_on
from gridmgmt.governance.rules import require_text


def add_body(session: Session, actor: Actor, new: NewBody) -> Body:
    """Set up a body of an area.

    Raises
    ------
    NotFoundError
        ``body_area_unknown``; ``body_unknown`` for the parent.
    DuplicateCodeError
        ``body_code_taken``; a code is that of one body for all time.
    RuleViolationError
        ``body_parent_cycle``; ``office_of_subdistrict`` for an office of anything but a subdistrict.
    InputError, CodeFormatError
        When code, name, source or office cannot be such.
    """
    area = _area(session, actor, new)
    if queries.was_ever(session, check_code(new.code)):
        raise DuplicateCodeError("body_code_taken", field="code", value=new.code)
    row = _row(session, new, area)
    session.add(row)
    session.flush()
    record(session, actor, "body.add", f"body:{new.code}", after=shown(row))
    return row


def change_body(session: Session, actor: Actor, code: str, facts: Mapping[str, Any], on: date) -> Body:
    """Say something else of a body from a day on; what is not in ``facts`` stays as it is.

    Parameters
    ----------
    facts
        Some of :data:`gridmgmt.bodies.rules.BODY_FACTS`.

    Raises
    ------
    NotFoundError
        ``body_unknown`` on that day; as :func:`add_body`.
    ConflictError
        ``ended_already`` when it ends, or becomes another, later.
    InputError
        ``body_unchanged``; as :func:`add_body`.
    """
    before = acted_on(session, actor, code, on)
    told = {name: getattr(before, name) for name in BODY_FACTS}
    if facts.get("area_code") not in (None, before.area_code) and facts.get("level") is None:
        told["level"] = None  # another area, of whatever level
    new = new_body(before, {**told, **facts}, on)
    area = _area(session, actor, new)
    row = _row(session, new, area)
    if all(getattr(row, name) == getattr(before, name) for name in BODY_FACTS):
        raise InputError("body_unchanged", field="code", value=code)
    was = begin(session, row, Body.code == code)
    record(session, actor, "body.change", f"body:{code}", before=was, after=shown(row))
    return row


def end_body(session: Session, actor: Actor, code: str, on: date) -> Body:
    """Dissolve a body on a day, with its posts, their links and its agreements; what it bought or sold stays.

    Raises
    ------
    NotFoundError
        ``body_unknown`` on that day.
    RuleViolationError
        ``body_has_bodies`` while others belong to it.
    ConflictError
        ``ended_already``.
    """
    row = acted_on(session, actor, code, on)
    below = session.scalars(select(Body.code).where(Body.parent_code == code, holds_on(Body, on))).all()
    if below:
        raise RuleViolationError("body_has_bodies", value=code, codes=", ".join(sorted(below)[:10]))
    belonging: tuple[tuple[type[Dated], ColumnElement[bool]], ...] = (
        (BodyPost, BodyPost.body_code == code),
        (PostLink, (PostLink.body_code == code) | (PostLink.serves_code == code)),
        (BodyAgreement, (BodyAgreement.body_code == code) | (BodyAgreement.partner_code == code)),
    )
    for model, of_body in belonging:
        end_all(session, model, on, of_body)
    return ended(session, actor, row, on, ("body.end", f"body:{code}"))


def import_bodies(session: Session, actor: Actor, rows: Iterable[tuple[int, NewBody]], *, source: str) -> Taken:
    """Take all bodies of a file, or none; parents before what belongs to them, whatever their order.

    A body that is known and said to be otherwise from a later day on becomes so.

    Raises
    ------
    FileRefusedError
        ``rows_refused`` with a problem for each row that :func:`add_body` or :func:`change_body` would refuse.
    """
    return take_all(session, actor, _parents_first(list(rows)), _take, Source("bodies", source))


def acted_on(session: Session, actor: Actor, code: str, on: date, *, field: str = "code") -> Body:
    """Return a body of a day, once the actor may act on its area.

    Raises
    ------
    NotFoundError
        ``body_unknown``.
    """
    row = queries.body_row(session, code, on, field=field)
    require_on(session, actor, AreaLevel(row.level), row.area_code, on)
    return row


def new_body(row: Body, facts: Mapping[str, Any], on: date) -> NewBody:
    """Return a body as a row has it, with other facts from a day on."""
    return NewBody(code=row.code, kind=OrganisationKind(row.kind), valid_from=on, **facts)


def _take(session: Session, actor: Actor, new: NewBody) -> What:
    """Store one row of a file and tell whether it was ``added``, ``changed`` or ``known``."""
    if not queries.was_ever(session, new.code):
        add_body(session, actor, new)
        return "added"
    known = queries.body_row(session, new.code, new.valid_from)
    if known.kind != new.kind:
        raise ConflictError("body_kind_kept", field="kind", value=new.code, kind=known.kind)
    facts = {name: getattr(new, name) for name in BODY_FACTS}
    if facts["level"] is None:
        facts["level"] = queries.area_of(session, new.area_code, new.valid_from, None).level
    if all(facts[name] == getattr(known, name) for name in BODY_FACTS):
        return "known"
    if known.valid_from >= new.valid_from:
        raise ConflictError("body_known_otherwise", field="code", value=new.code, begins=known.valid_from)
    change_body(session, actor, new.code, facts, new.valid_from)
    return "changed"


def _parents_first(given: list[tuple[int, NewBody]]) -> list[tuple[int, NewBody]]:
    """Return the rows so that each comes behind its parent where the file has it; rows of a ring come last."""
    waiting, found = list(given), list[tuple[int, NewBody]]()
    codes = {new.code for _, new in given}
    placed: set[str] = set()
    while waiting:
        ready = [row for row in waiting if row[1].parent_code not in codes or row[1].parent_code in placed]
        if not ready:
            return [*found, *waiting]
        found += ready
        placed |= {new.code for _, new in ready}
        waiting = [row for row in waiting if row[1].code not in placed]
    return found


def _area(session: Session, actor: Actor, new: NewBody) -> Area:
    """Return the area of a body, once the actor may act on it."""
    area = queries.area_of(session, new.area_code, new.valid_from, new.level)
    require_on(session, actor, AreaLevel(area.level), area.code, new.valid_from)
    return area


def _row(session: Session, new: NewBody, area: Area) -> Body:
    """Return what is to be stored, once it is known to be possible."""
    office = None if new.office is None else Office(new.office)
    check_office(new.kind, office)
    if office is not None and area.kind != "subdistrict":
        raise RuleViolationError("office_of_subdistrict", field="area_code", value=area.code, name=area.name)
    _check_parent(session, new)
    return Body(
        code=new.code,
        kind=new.kind,
        office=office,
        name=check_name(new.name),
        level=area.level,
        area_code=area.code,
        parent_code=new.parent_code,
        source=require_text("source", new.source),
        valid_from=new.valid_from,
    )


def _check_parent(session: Session, new: NewBody) -> None:
    """Refuse a parent that is not there, or that belongs to the body itself in the end."""
    above = new.parent_code
    seen: set[str] = set()
    while above is not None and above not in seen:
        if above == new.code:
            raise RuleViolationError("body_parent_cycle", field="parent_code", value=new.parent_code, code=new.code)
        seen.add(above)
        above = queries.body_row(session, above, new.valid_from, field="parent_code").parent_code
