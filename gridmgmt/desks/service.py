"""Setting up desks, what they take and when, closing them, and counting their visits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import shapely
from geoalchemy2 import WKBElement
from geoalchemy2.shape import from_shape
from sqlalchemy import select

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.areas.queries import area_in_force
from gridmgmt.areas.rules import AreaLevel, check_position
from gridmgmt.codes import is_code
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.desks import queries
from gridmgmt.desks.models import Desk, DeskVisits
from gridmgmt.desks.rules import (
    AT_CENTRES,
    DeskKind,
    MonthCount,
    NewDesk,
    Offer,
    checked_offer,
    count_problems,
    kind_at_centre,
    month_of,
)
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import (
    CodeFormatError,
    DuplicateCodeError,
    FileRefusedError,
    InputError,
    NotFoundError,
    RuleViolationError,
)
from gridmgmt.governance import centres as governance
from gridmgmt.governance.history import begin, end, ended, require_on, shown
from gridmgmt.governance.models import Centre, JointCentre
from gridmgmt.governance.queries import held
from gridmgmt.governance.rules import CentreType, require_text
from gridmgmt.service_points.models import ServicePoint

_SAME = ("code", "kind", "type", "name", "level", "area_code", "site_code", "address", "geom")
"""What a change of the offer leaves as it is."""


def add_desk(session: Session, actor: Actor, new: NewDesk) -> Desk:
    """Set up a desk from a day on, until the centre that it stands at closes.

    Raises
    ------
    NotFoundError
        ``desk_site_unknown`` when there is no such centre, joint centre or service point that day; ``area_unknown``.
    RuleViolationError
        ``desk_kind_of_site`` when a desk of another kind belongs at the centre; ``desk_site_needed``.
    InputError
        ``desk_place_missing``; when a text, the place, a matter or the hours cannot be one.
    DuplicateCodeError
        ``desk_code_taken``.
    CodeFormatError
        ``desk_code_malformed``.
    """
    if not is_code(new.code):
        raise CodeFormatError("desk_code_malformed", field="code", value=new.code)
    if queries.codes_ever(session, [new.code]):
        raise DuplicateCodeError("desk_code_taken", code=new.code)
    site = _site(session, new)
    require_on(session, actor, site.level, site.area_code, new.valid_from)
    offer = checked_offer(new.offer)
    row = Desk(
        code=new.code,
        kind=new.kind,
        type=site.type,
        name=require_text("name", new.name),
        level=site.level,
        area_code=site.area_code,
        site_code=new.site_code,
        address=new.address or site.address,
        matters=list(offer.matters),
        hours=offer.hours,
        geom=_place(new, site),
        valid_from=new.valid_from,
    )
    begin(session, row, Desk.code == new.code)
    if site.closes_on is not None:
        end(session, row, site.closes_on)
    record(session, actor, "desk.add", f"desk:{new.code}", after=shown(row))
    return row


def set_offer(session: Session, actor: Actor, code: str, offer: Offer, on: date) -> Desk:
    """Say what a desk takes and when it is open from a day on; what it offered until then ends.

    Raises
    ------
    NotFoundError
        ``desk_unknown``.
    ConflictError
        ``ended_already`` when it closes, or something else begins, later.
    InputError
        As :func:`gridmgmt.desks.rules.checked_offer`.
    """
    present = queries.desk_row(session, code, on)
    require_on(session, actor, AreaLevel(present.level), present.area_code, on)
    checked = checked_offer(offer)
    same = {name: getattr(present, name) for name in _SAME}
    row = Desk(**same, matters=list(checked.matters), hours=checked.hours, valid_from=on)
    before = begin(session, row, Desk.code == code)
    record(session, actor, "desk.offer", f"desk:{code}", before=before, after=shown(row))
    return row


def close_desk(session: Session, actor: Actor, code: str, on: date) -> Desk:
    """Close a desk from a day on; its visits stay.

    Raises
    ------
    NotFoundError
        ``desk_unknown``.
    ConflictError
        ``ended_already``.
    """
    row = queries.desk_row(session, code, on)
    require_on(session, actor, AreaLevel(row.level), row.area_code, on)
    return ended(session, actor, row, on, ("desk.close", f"desk:{code}"))


def close_centre(session: Session, actor: Actor, code: str, on: date) -> Centre:
    """Close a centre or branch from a day on, and with it the desks that stand at it.

    Raises
    ------
    NotFoundError
        ``centre_unknown``.
    ConflictError
        ``ended_already`` when it, or what one of its desks offers, ends by itself later.
    """
    centre = governance.close_centre(session, actor, code, on)
    for row in queries.rows_at(session, code, on):
        ended(session, actor, row, max(on, row.valid_from), ("desk.close", f"desk:{row.code}"))
    return centre


@dataclass(frozen=True)
class VisitsOutcome:
    """What came of monthly counts: ``known`` ones were there with the same number, ``changed`` ones with another."""

    read: int
    added: int
    changed: int
    known: int


def record_visits(
    session: Session, actor: Actor, counts: Iterable[tuple[int, MonthCount]], *, source: str, today: date
) -> VisitsOutcome:
    """Keep how many visits desks had in months: all that are given, or none.

    Parameters
    ----------
    counts
        Each with its row.

    Raises
    ------
    FileRefusedError
        ``rows_refused`` with each row whose desk is unknown, whose count is negative, ahead of today or stands twice.
    ForbiddenError
        Where the actor may not write for the area of one of the desks.
    """
    given = list(counts)
    codes = {each.desk_code for _, each in given}
    problems = count_problems(given, queries.codes_ever(session, codes), today)
    if problems:
        raise FileRefusedError("rows_refused", problems=tuple(problems), read=len(given), refused=len(problems))
    _require_all(session, actor, codes, today)
    present = queries.visit_rows(session, {(each.desk_code, month_of(each.month)) for _, each in given})
    added = changed = 0
    for _, each in given:
        row = present.get((each.desk_code, month_of(each.month)))
        if row is None:
            plain = {"desk_code": each.desk_code, "month": month_of(each.month), "visits": each.visits}
            session.add(DeskVisits(**plain, source=source))
            added += 1
        elif row.visits != each.visits:
            row.visits, row.source = each.visits, source
            changed += 1
    session.flush()
    told = {"source": source, "read": len(given), "added": added, "changed": changed}
    record(session, actor, "desk.visits", f"desks:{min(codes, default='-')}", after=told)
    return VisitsOutcome(len(given), added, changed, len(given) - added - changed)


@dataclass(frozen=True)
class _Site:
    """What a desk takes over from what it stands on."""

    level: AreaLevel
    area_code: str
    type: CentreType | None
    address: str | None
    geom: WKBElement | None
    closes_on: date | None = None


def _site(session: Session, new: NewDesk) -> _Site:
    if new.kind in AT_CENTRES:
        return _at_centre(session, new)
    if new.kind is DeskKind.JOINT_SERVICE_CENTRE:
        joint = held(session, JointCentre, new.valid_from, JointCentre.code == _site_code(new))
        if joint is None:
            raise _unknown_site(new)
        return _Site(AreaLevel.TOWN, joint.town_code, new.type, None, None)
    if new.area_code is None:
        raise InputError("value_needed", field="area_code")
    area = area_in_force(session, new.area_code, new.valid_from)
    point = None if new.site_code is None else _service_point(session, new)
    address, geom = (None, None) if point is None else (point.address, point.geom)
    return _Site(AreaLevel(area.level), area.code, new.type, address, geom)


def _at_centre(session: Session, new: NewDesk) -> _Site:
    centre = held(session, Centre, new.valid_from, Centre.code == _site_code(new))
    if centre is None:
        raise _unknown_site(new)
    type_ = CentreType(centre.type)
    expected = kind_at_centre(type_, branch=centre.parent_code is not None)
    if new.kind is not expected:
        raise RuleViolationError("desk_kind_of_site", field="kind", value=new.kind, site=centre.code, expected=expected)
    return _Site(AreaLevel(centre.level), centre.area_code, type_, centre.address, centre.geom, centre.valid_to)


def _service_point(session: Session, new: NewDesk) -> ServicePoint:
    found = session.scalar(
        select(ServicePoint).where(
            ServicePoint.code == new.site_code,
            ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, new.valid_from)),
        )
    )
    if found is None:
        raise _unknown_site(new)
    return found


def _site_code(new: NewDesk) -> str:
    if new.site_code is None:
        raise RuleViolationError("desk_site_needed", field="site_code", value=new.code, kind=new.kind)
    return new.site_code


def _unknown_site(new: NewDesk) -> NotFoundError:
    return NotFoundError("desk_site_unknown", field="site_code", value=new.site_code, kind=new.kind, on=new.valid_from)


def _place(new: NewDesk, site: _Site) -> WKBElement:
    if new.lonlat is not None:
        check_position(*new.lonlat)
        return from_shape(shapely.Point(new.lonlat), srid=STORAGE_SRID)
    if site.geom is None:
        raise InputError("desk_place_missing", field="lonlat", value=new.code)
    return site.geom


def _require_all(session: Session, actor: Actor, codes: Iterable[str], on: date) -> None:
    """Ask for the actor's right on the area of each desk, which is asked once."""
    statement = select(Desk.level, Desk.area_code).where(Desk.code.in_(list(codes))).distinct()
    for level, area_code in session.execute(statement):
        require_on(session, actor, AreaLevel(level), area_code, on)
