"""Reading areas."""

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from geoalchemy2 import Geometry, WKBElement
from numpy.typing import NDArray
from sqlalchemy import Boolean, ColumnElement, Row, Select, and_, case, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from gridmgmt.areas.models import Area
from gridmgmt.areas.rules import RANK, AreaLevel, check_position
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import geometries, read_frame, read_table

if TYPE_CHECKING:
    import geopandas as gpd


def in_force_on(on: date) -> ColumnElement[bool]:
    """Return the condition that an area is in force on a day."""
    return and_(Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on))


def covered_by(area_id: int, column: InstrumentedAttribute[WKBElement]) -> ColumnElement[bool]:
    """Return the condition that an area covers a geometry column, its border included."""
    area = select(Area.geom).where(Area.area_id == area_id).scalar_subquery()
    return func.ST_Covers(area, column, type_=Boolean)


def area_in_force(session: Session, code: str, on: date) -> Area:
    """Return the area of a code in force on a day, the one of the highest level where levels share codes.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    statement = select(Area).where(Area.code == code, in_force_on(on)).order_by(case(RANK, value=Area.level)).limit(1)
    found = session.scalar(statement)
    if found is None:
        raise NotFoundError("area_unknown", code=code, on=on)
    return found


def area_id_of(session: Session, code: str | None, on: date) -> int | None:
    """Return the id of the area of a code in force on a day; None for None: everywhere.

    Raises
    ------
    NotFoundError
        When there is none of that code.
    """
    return None if code is None else area_in_force(session, code, on).area_id


def area_frame(session: Session, on: date, *, within: int | None = None) -> "gpd.GeoDataFrame":
    """Return the areas in force on a day by level and code; with ``within``, that area and all below it.

    Columns ``area_id``, ``edition_id``, ``level``, ``code``, ``name``, ``parent_code``, ``area_m2`` and the geometry.
    """
    parent = aliased(Area)
    statement = (
        select(
            Area.area_id,
            Area.edition_id,
            Area.level,
            Area.code,
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


@dataclass(frozen=True)
class AreaSummary:
    """One area without its geometry; the box is (west, south, east, north), ``centre`` a point inside, in degrees."""

    area_id: int
    code: str
    name: str
    level: AreaLevel
    kind: str | None
    mode: str | None
    parent_code: str | None
    area_m2: float
    edition: str
    valid_from: date
    valid_to: date | None
    bbox: tuple[float, float, float, float]
    centre: tuple[float, float]


def area_summaries(
    session: Session,
    on: date,
    *,
    level: AreaLevel | None = None,
    parent: str | None = None,
    text: str | None = None,
    after: tuple[str, int] | None = None,
    limit: int = 100,
) -> list[AreaSummary]:
    """Return areas in force on a day by code and id, at most ``limit``.

    Parameters
    ----------
    parent
        Only the areas directly below the one with this code.
    text
        Only areas whose name holds this text or whose code begins with it.
    after
        Code and id of the last area of the page before.
    """
    statement = _select_summaries(on).order_by(Area.code, Area.area_id).limit(limit)
    if level is not None:
        statement = statement.where(Area.level == level)
    if parent is not None:
        statement = statement.where(_Parent.code == parent)
    if text is not None:
        named = Area.name.icontains(text, autoescape=True)
        statement = statement.where(or_(named, Area.code.istartswith(text, autoescape=True)))
    if after is not None:
        statement = statement.where(tuple_(Area.code, Area.area_id) > tuple_(*after))
    return [_summary(row) for row in session.execute(statement)]


def area_summary(session: Session, code: str, on: date) -> AreaSummary:
    """Return the area of a code in force on a day, the one of the highest level where levels share codes.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    statement = _select_summaries(on).where(Area.code == code).order_by(*_BY_RANK).limit(1)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFoundError("area_unknown", code=code, on=on)
    return _summary(row)


def area_geojson(session: Session, area_id: int) -> dict[str, Any]:
    """Return the boundary of an area as a GeoJSON geometry, degrees with 7 decimals (about 1 cm)."""
    text_ = session.scalars(select(func.ST_AsGeoJSON(Area.geom, 7)).where(Area.area_id == area_id)).one()
    return cast("dict[str, Any]", json.loads(text_))


def areas_at(session: Session, lon: float, lat: float, on: date) -> list[AreaSummary]:
    """Return the areas in force on a day that cover a point, from the highest level down, one for each level.

    A point on a border belongs to the area with the lower code, so that every point has one answer.

    Raises
    ------
    InputError
        When the position cannot be one.
    """
    check_position(lon, lat)
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), STORAGE_SRID)
    statement = _select_summaries(on).where(func.ST_Covers(Area.geom, point)).order_by(*_BY_RANK, Area.area_id)
    found: dict[str, AreaSummary] = {}
    for row in session.execute(statement):
        found.setdefault(row.level, _summary(row))
    return list(found.values())


_Parent = aliased(Area)
_BY_RANK = (case(RANK, value=Area.level), Area.level, Area.code)


def _select_summaries(on: date) -> Select[*tuple[Any, ...]]:
    inside = func.ST_PointOnSurface(Area.geom)
    edges = (func.ST_XMin(Area.geom), func.ST_YMin(Area.geom), func.ST_XMax(Area.geom), func.ST_YMax(Area.geom))
    return (
        select(
            *(getattr(Area, name) for name in _PLAIN),
            _Parent.code.label("parent_code"),
            Edition.name.label("edition"),
            *(edge.label(name) for edge, name in zip(edges, _BOX, strict=True)),
            func.ST_X(inside).label("centre_lon"),
            func.ST_Y(inside).label("centre_lat"),
        )
        .join(Edition, Edition.edition_id == Area.edition_id)
        .outerjoin(_Parent, _Parent.area_id == Area.parent_id)
        .where(in_force_on(on))
    )


_PLAIN = ("area_id", "code", "name", "level", "kind", "mode", "area_m2", "valid_from", "valid_to")
_BOX = ("west", "south", "east", "north")


def _summary(row: Row[*tuple[Any, ...]]) -> AreaSummary:
    values = dict(row._mapping)  # noqa: SLF001 -- public in SQLAlchemy, the underscore keeps it apart from columns
    west, south, east, north = (values.pop(name) for name in _BOX)
    centre = (values.pop("centre_lon"), values.pop("centre_lat"))
    return AreaSummary(**values, bbox=(west, south, east, north), centre=centre)


def reference_outlines(session: Session, box: tuple[float, float, float, float]) -> NDArray[np.object_]:
    """Return the outlines of real areas that touch a box (west, south, east, north), to compare other files with.

    Synthetic areas lie nowhere and are never a reference.
    """
    statement = (
        select(func.ST_Boundary(Area.geom, type_=Geometry).label("geom"))
        .join(Edition, Edition.edition_id == Area.edition_id)
        .where(~Edition.synthetic, func.ST_Intersects(Area.geom, func.ST_MakeEnvelope(*box, STORAGE_SRID)))
        .order_by(Area.area_id)
    )
    return geometries(read_table(session, statement)["geom"])
