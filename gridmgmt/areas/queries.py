"""Reading areas."""

from datetime import date

import geopandas as gpd
from sqlalchemy import ColumnElement, Text, and_, case, cast, or_, select
from sqlalchemy.orm import aliased

from gridmgmt.areas.models import Area
from gridmgmt.areas.rules import RANK
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import read_frame


def in_force_on(on: date) -> ColumnElement[bool]:
    """Return the condition that an area is in force on a day."""
    return and_(Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on))


def area_in_force(session: Session, code: str, on: date) -> Area:
    """Return the area of a code in force on a day, the one of the highest level where levels share codes.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    statement = (
        select(Area).where(Area.code == code, in_force_on(on)).order_by(case(RANK, value=Area.level)).limit(1)
    )
    found = session.scalar(statement)
    if found is None:
        raise NotFoundError("area_unknown", code=code, on=on)
    return found


def area_frame(session: Session, on: date, *, within: int | None = None) -> gpd.GeoDataFrame:
    """Return the areas in force on a day by level and code; with ``within``, that area and all below it.

    Columns ``area_id``, ``edition_id``, ``level``, ``code``, ``name``, ``parent_code``, ``area_m2`` and the geometry.
    """
    parent = aliased(Area)
    statement = (
        select(
            Area.area_id,
            Area.edition_id,
            Area.level,
            cast(Area.code, Text).label("code"),
            Area.name,
            parent.code.label("parent_code"),
            Area.area_m2,
            Area.geom,
        )
        .outerjoin(parent, parent.area_id == Area.parent_id)
        .where(in_force_on(on))
        .order_by(case(RANK, value=Area.level), Area.level, Area.code)
    )
    if within is not None:
        below = select(Area.area_id).where(Area.area_id == within).cte("below", recursive=True)
        child = aliased(Area)
        below = below.union_all(select(child.area_id).join(below, child.parent_id == below.c.area_id))
        statement = statement.where(Area.area_id.in_(select(below.c.area_id)))
    return read_frame(session, statement)
