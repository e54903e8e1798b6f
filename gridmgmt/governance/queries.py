"""Reading modes, tags, organs, centres; and putting them together as the mode report and the completeness matrix."""

from datetime import date
from typing import TypeVar

import shapely
from geoalchemy2.shape import from_shape, to_shape
from sqlalchemy import Boolean, ColumnElement, and_, case, func, or_, select

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.governance import rules
from gridmgmt.governance.models import Centre, Dated, ModeRule
from gridmgmt.statistics.queries import figure_of

RESIDENTS = "residents"
"""The figure of an area that the rule of the unit mode asks for."""

Row = TypeVar("Row", bound=Dated)


def holds_on(model: type[Dated], on: date) -> ColumnElement[bool]:
    """Return the condition that a row holds on a day."""
    return and_(model.valid_from <= on, or_(model.valid_to.is_(None), model.valid_to > on))


def held(session: Session, model: type[Row], on: date, *same: ColumnElement[bool]) -> Row | None:
    """Return the row that holds on a day among those that some conditions select, None without one."""
    return session.scalar(select(model).where(*same, holds_on(model, on)))


def rule_on(session: Session, on: date) -> rules.ModeRule:
    """Return the edition of the rule of the unit mode in force on a day.

    Raises
    ------
    NotFoundError
        When the day lies before the first one.
    """
    row = session.scalar(
        select(ModeRule).where(ModeRule.valid_from <= on).order_by(ModeRule.valid_from.desc()).limit(1)
    )
    if row is None:
        raise NotFoundError("mode_rule_unknown", on=on)
    return rules.ModeRule(row.name, row.valid_from, row.min_residents, row.min_area_m2, row.strict, row.source)


def residents_of(session: Session, town_code: str, on: date) -> rules.Residents | None:
    """Return a town's residents as last counted before or on a day, None where nobody has."""
    figure = figure_of(session, AreaLevel.TOWN, town_code, RESIDENTS, on)
    return None if figure is None else rules.Residents(int(figure.value), figure.counted_on, figure.source)


def area_of_level(session: Session, level: AreaLevel, code: str, on: date) -> Area:
    """Return the area of a level and code in force on a day.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = session.scalar(select(Area).where(Area.level == level, Area.code == code, in_force_on(on)))
    if found is None:
        raise NotFoundError("area_of_level_unknown", level=level, code=code, on=on)
    return found


def area_with_centres(session: Session, code: str, on: date) -> Area:
    """Return the town, subdistrict or unit of a code in force on a day.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    levels = (AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT)
    statement = select(Area).where(Area.level.in_(levels), Area.code == code, in_force_on(on))
    found = session.scalar(statement.order_by(case(RANK, value=Area.level)).limit(1))
    if found is None:
        raise NotFoundError("centre_area_unknown", code=code, on=on)
    return found


def covers(session: Session, area_id: int, point: shapely.Point) -> bool:
    """Tell whether an area holds a point in WGS 84 degrees, its border included."""
    place = from_shape(point, srid=STORAGE_SRID)
    return session.scalars(select(func.ST_Covers(Area.geom, place, type_=Boolean)).where(Area.area_id == area_id)).one()


def centre_of_code(session: Session, code: str) -> Centre | None:
    """Return the centre of a code, open or closed."""
    return session.scalar(select(Centre).where(Centre.code == code))


def new_centre_of_code(session: Session, code: str) -> rules.NewCentre | None:
    """Return a centre of a code as it was when it was opened."""
    row = centre_of_code(session, code)
    if row is None:
        return None
    point = None if row.geom is None else to_shape(row.geom)
    return rules.NewCentre(
        code=row.code,
        type=rules.CentreType(row.type),
        name=row.name,
        area_code=row.area_code,
        valid_from=row.valid_from,
        parent_code=row.parent_code,
        address=row.address,
        lonlat=None if point is None else (point.x, point.y),
    )
