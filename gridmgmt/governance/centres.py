"""Opening and closing centres and branches, one by one or from a file; joint centres."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from geoalchemy2 import WKBElement
from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Point

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.areas.models import Area
from gridmgmt.areas.rules import AreaLevel, check_position
from gridmgmt.codes import is_code
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.errors import (
    CodeFormatError,
    ConflictError,
    DuplicateCodeError,
    FileRefusedError,
    InputError,
    NotFoundError,
    Problem,
    RuleViolationError,
)
from gridmgmt.governance import queries
from gridmgmt.governance.history import area_acted_on, begin, ended, require_on, shown
from gridmgmt.governance.models import Centre, JointCentre
from gridmgmt.governance.rules import NewCentre, NewJointCentre, require_text


def add_centre(session: Session, actor: Actor, new: NewCentre) -> Centre:
    """Open a centre of a town or subdistrict, or a branch in a unit.

    Raises
    ------
    NotFoundError
        ``centre_area_unknown`` when no town or unit of the code is in force; ``parent_centre_unknown``.
    RuleViolationError
        ``centre_has_no_parent``, ``branch_needs_parent``, ``branch_parent_type``, ``branch_parent_town``.
    DuplicateCodeError
        ``centre_code_taken``; a code is used once for all time.
    CodeFormatError, InputError
        When the code, the name or the place cannot be one.
    """
    area = queries.area_with_centres(session, new.area_code, new.valid_from)
    require_on(session, actor, AreaLevel(area.level), area.code, new.valid_from)
    row = _placed(session, new, area)
    record(session, actor, "centre.add", f"centre:{new.code}", after=shown(row))
    return row


def close_centre(session: Session, actor: Actor, code: str, on: date) -> Centre:
    """Close a centre or branch from a day on; the branches of a closed centre stay, as findings of the matrix.

    Raises
    ------
    NotFoundError
        ``centre_unknown`` when no centre of the code is open that day.
    """
    row = queries.held(session, Centre, on, Centre.code == code)
    if row is None:
        raise NotFoundError("centre_unknown", code=code, on=on)
    require_on(session, actor, AreaLevel(row.level), row.area_code, on)
    return ended(session, actor, row, on, ("centre.close", f"centre:{code}"))


@dataclass(frozen=True)
class CentresOutcome:
    """What came of a file of centres; ``known`` ones were there before with the very same content."""

    read: int
    added: int
    known: int


def import_centres(
    session: Session, actor: Actor, rows: Iterable[tuple[int, NewCentre]], *, source: str
) -> CentresOutcome:
    """Open all centres of a file, or none; those of towns before the branches under them, whatever their order.

    Parameters
    ----------
    rows
        Each centre with its row in the file.
    source
        Where they come from, for the log.

    Raises
    ------
    FileRefusedError
        ``rows_refused`` with a problem for each row that :func:`add_centre` would refuse.
    """
    given = sorted(rows, key=lambda row: row[1].parent_code is not None)
    problems: list[Problem] = []
    added = 0
    for number, new in given:
        try:
            added += _taken(session, actor, new)
        except (NotFoundError, RuleViolationError, ConflictError, InputError) as error:
            problems.append(Problem(number, error.code, error.fields))
    if problems:
        raise FileRefusedError(
            "rows_refused",
            problems=sorted(problems, key=lambda problem: problem.row or 0),
            read=len(given),
            refused=len(problems),
        )
    record(session, actor, "centres.import", f"file:{source}", after={"read": len(given), "added": added})
    return CentresOutcome(len(given), added, len(given) - added)


def add_joint_centre(session: Session, actor: Actor, new: NewJointCentre) -> JointCentre:
    """Set up a joint centre with its service area; one of the same code that holds on the day ends.

    Raises
    ------
    NotFoundError
        ``area_unknown`` when the town is not in force.
    RuleViolationError
        ``joint_centre_outside`` when a point inside the service area does not lie in the town.
    CodeFormatError, InputError
        When the code is malformed, a text is blank or the number of agreements is negative.
    """
    town = area_acted_on(session, actor, AreaLevel.TOWN, new.town_code, new.valid_from)
    if not is_code(new.code):
        raise CodeFormatError("centre_code_malformed", field="code", value=new.code)
    if new.partner_agreements is not None and new.partner_agreements < 0:
        raise InputError("agreements_negative", field="partner_agreements", value=new.partner_agreements)
    if not queries.covers(session, town.area_id, new.geometry.representative_point()):
        raise RuleViolationError("joint_centre_outside", code=new.code, town=new.town_code)
    plain = ("code", "town_code", "valid_from", "party_branch", "joint_service_centre", "partner_agreements", "note")
    surface = new.geometry if isinstance(new.geometry, MultiPolygon) else MultiPolygon([new.geometry])
    row = JointCentre(
        **{name: getattr(new, name) for name in plain},
        name=require_text("name", new.name),
        source=require_text("source", new.source),
        geom=from_shape(surface, srid=STORAGE_SRID),
    )
    before = begin(session, row, JointCentre.code == new.code)
    record(session, actor, "joint_centre.add", f"joint_centre:{new.code}", before=before, after=shown(row))
    return row


def _placed(session: Session, new: NewCentre, area: Area) -> Centre:
    """Store a centre in its area, under its parent where it is a branch."""
    if not is_code(new.code):
        raise CodeFormatError("centre_code_malformed", field="code", value=new.code)
    if queries.centre_of_code(session, new.code) is not None:
        raise DuplicateCodeError("centre_code_taken", code=new.code)
    branch = area.level == AreaLevel.BASIC_MANAGEMENT_UNIT
    town_code = area.parent_code if branch else area.code
    if new.parent_code is None:
        if branch:
            raise RuleViolationError("branch_needs_parent", code=new.code, unit=area.code)
    elif not branch:
        raise RuleViolationError("centre_has_no_parent", code=new.code, town=area.code)
    else:
        _check_parent(session, new, new.parent_code, town_code)
    row = Centre(
        code=new.code,
        type=new.type,
        name=require_text("name", new.name),
        level=area.level,
        area_code=area.code,
        town_code=town_code,
        parent_code=new.parent_code,
        valid_from=new.valid_from,
        address=new.address,
        geom=_point(new.lonlat),
    )
    session.add(row)
    session.flush()
    return row


def _check_parent(session: Session, new: NewCentre, parent_code: str, town_code: str | None) -> None:
    """Refuse a parent that is not open, of another type, or in another town than the branch."""
    parent = queries.held(session, Centre, new.valid_from, Centre.code == parent_code)
    if parent is None:
        raise NotFoundError("parent_centre_unknown", code=new.code, parent=parent_code, on=new.valid_from)
    if parent.type != new.type:
        raise RuleViolationError(
            "branch_parent_type", code=new.code, type=new.type, parent=parent_code, parent_type=parent.type
        )
    if parent.level != AreaLevel.TOWN or parent.town_code != town_code:
        raise RuleViolationError(
            "branch_parent_town", code=new.code, town=town_code, parent=parent_code, parent_town=parent.town_code
        )


def _point(lonlat: tuple[float, float] | None) -> WKBElement | None:
    if lonlat is None:
        return None
    check_position(*lonlat)
    return from_shape(Point(lonlat), srid=STORAGE_SRID)


def _taken(session: Session, actor: Actor, new: NewCentre) -> bool:
    """Store one centre of a file and tell whether it is new: the same centre is not stored twice."""
    area = queries.area_with_centres(session, new.area_code, new.valid_from)
    require_on(session, actor, AreaLevel(area.level), area.code, new.valid_from)
    known = queries.new_centre_of_code(session, new.code)
    if known == new:
        return False
    _placed(session, new, area)
    return True
