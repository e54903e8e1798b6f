"""Reading areas."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, cast

from geoalchemy2 import WKBElement
from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Date,
    Double,
    ScalarSelect,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from gridmgmt.areas.models import Area, AreaEnding, TownModeDecision
from gridmgmt.areas.rules import RANK, AreaLevel, check_position
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionState, Extent, Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import compiled_text, read_frame

if TYPE_CHECKING:
    import geopandas as gpd


Day = date | BindParameter[date]
"""A day, or what a statement that is made once is later bound to."""


def editions_in_force(on: Day, draft: int | None = None, without: int | None = None) -> Select[int]:
    """Return the statement that selects the boundary editions that count on a day, with or without one of them."""
    counts = and_(Edition.state == EditionState.IN_FORCE, Edition.valid_from <= on)
    if draft is not None:
        counts = or_(counts, Edition.edition_id == draft)
    if without is not None:
        counts = and_(counts, Edition.edition_id != without)
    return select(Edition.edition_id).where(Edition.subject == Subject.AREAS, counts)


def in_force_on(
    on: Day, draft: int | None = None, area: type[Area] = Area, *, without: int | None = None
) -> ColumnElement[bool]:
    """Return the condition that an area is in force on a day.

    Parameters
    ----------
    draft
        Look as if this draft of a boundary edition were in force too.
    area
        The class or alias whose rows are meant.
    without
        Look as if this boundary edition had never been in force.
    """
    counting = editions_in_force(on, draft, without)
    ending = select(AreaEnding.area_id).where(AreaEnding.area_id == area.area_id, AreaEnding.edition_id.in_(counting))
    return and_(area.edition_id.in_(counting), ~ending.exists())


def covered_by(area_id: int, column: InstrumentedAttribute[WKBElement]) -> ColumnElement[bool]:
    """Return the condition that an area covers a geometry column, its border included."""
    area = select(Area.geom).where(Area.area_id == area_id).scalar_subquery()
    return func.ST_Covers(area, column, type_=Boolean)


def area_in_force(session: Session, code: str, on: date, *, draft: int | None = None, level: str | None = None) -> Area:
    """Return the area of a code in force on a day, the one of the highest level where levels share codes.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    statement = select(Area).where(Area.code == code, in_force_on(on, draft)).order_by(*_BY_RANK).limit(1)
    if level is not None:
        statement = statement.where(Area.level == level)
    found = session.scalar(statement)
    if found is None:
        raise NotFoundError("area_unknown", code=code, on=on)
    return found


def id_in_force(code: str, on: date) -> ScalarSelect[int]:
    """Return the id of the area that :func:`area_in_force` finds, as an expression; NULL where there is none."""
    area = aliased(Area)
    found = select(area.area_id).where(area.code == code, in_force_on(on, area=area))
    return found.order_by(case(RANK, value=area.level), area.level).limit(1).scalar_subquery()


def area_id_of(session: Session, code: str | None, on: date) -> int | None:
    """Return the id of the area of a code in force on a day; None for None: everywhere.

    Raises
    ------
    NotFoundError
        When there is none of that code.
    """
    return None if code is None else area_in_force(session, code, on).area_id


def area_frame(
    session: Session,
    on: date,
    *,
    within: int | None = None,
    levels: Collection[AreaLevel] = (),
    near: Extent | None = None,
    draft: int | None = None,
    without: int | None = None,
) -> "gpd.GeoDataFrame":
    """Return the areas in force on a day by level and code, in EPSG:4326.

    Columns ``area_id``, ``edition_id``, ``level``, ``code``, ``name``, ``kind``, ``parent_level``, ``parent_code``,
    ``area_m2`` and the geometry.

    Parameters
    ----------
    within
        Only the area of this id and all below it.
    levels
        Only these levels; all without any.
    near
        Only areas whose box touches this one (west, south, east, north).
    draft
        Look as if this draft of a boundary edition were in force too.
    without
        Look as if this boundary edition had never been in force.
    """
    statement = (
        select(*(getattr(Area, name) for name in _FRAME), Area.geom)
        .where(in_force_on(on, draft, without=without))
        .order_by(*_BY_RANK)
    )
    if levels:
        statement = statement.where(Area.level.in_(list(levels)))
    if near is not None:
        statement = statement.where(Area.geom.intersects(func.ST_MakeEnvelope(*near, STORAGE_SRID)))
    if within is not None:
        statement = statement.where(Area.area_id.in_(at_or_below(within, on, draft, without)))
    return read_frame(session, statement)


def at_or_below(area_id: int, on: date, draft: int | None = None, without: int | None = None) -> Select[int]:
    """Return the statement that selects the ids of an area and of all below it in force on a day."""
    here = select(Area.area_id, Area.level, Area.code).where(Area.area_id == area_id).cte("below", recursive=True)
    child = aliased(Area)
    children = (
        select(child.area_id, child.level, child.code)
        .join(here, and_(child.parent_code == here.c.code, child.parent_level == here.c.level))
        .where(in_force_on(on, draft, child, without=without))
    )
    return select(here.union_all(children).c.area_id)


def ancestors(session: Session, level: str, code: str, on: date, *, draft: int | None = None) -> list[str]:
    """Return the codes of an area and of all above it in force on a day, from itself up.

    An area that is not in force stands alone.
    """
    return [code for _, code in names_above(session, level, code, on, draft=draft)] or [code]


def bounds_of(session: Session, code: str | None, on: date) -> list[str]:
    """Return the codes of an area and of all that hold it, as permissions ask for them; none for everywhere.

    Raises
    ------
    NotFoundError
        When there is no such area on the day.
    """
    if code is None:
        return []
    area = area_in_force(session, code, on)
    return ancestors(session, area.level, area.code, on)


def names_above(
    session: Session, level: str, code: str, on: date, *, draft: int | None = None
) -> list[tuple[str, str]]:
    """Return level and code of an area and of all above it in force on a day, from itself up."""
    found = session.execute(_select_above(draft), {"of_level": level, "of_code": code, "on": on})
    return [(level, code) for level, code in found]


@lru_cache(maxsize=8)
def _select_above(draft: int | None) -> Select[str, str]:
    """Return the statement of :func:`names_above`, made once: every permission asks it."""
    on = bindparam("on", type_=Date)
    named = select(Area.level, Area.code, Area.parent_level, Area.parent_code).where(in_force_on(on, draft))
    of_area = (Area.level == bindparam("of_level", type_=String), Area.code == bindparam("of_code", type_=String))
    here = named.where(*of_area).cte("above", recursive=True)
    parent = aliased(Area)
    above = (
        select(parent.level, parent.code, parent.parent_level, parent.parent_code)
        .join(here, and_(parent.code == here.c.parent_code, parent.level == here.c.parent_level))
        .where(in_force_on(on, draft, parent))
    )
    chain = here.union_all(above)
    return select(chain.c.level, chain.c.code).order_by(case(RANK, value=chain.c.level).desc())


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
    state: str
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
    draft: int | None = None,
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
    statement = _select_summaries(on, draft).order_by(Area.code, Area.area_id).limit(limit)
    if level is not None:
        statement = statement.where(Area.level == level)
    if parent is not None:
        statement = statement.where(Area.parent_code == parent)
    if text is not None:
        named = Area.name.icontains(text, autoescape=True)
        statement = statement.where(or_(named, Area.code.istartswith(text, autoescape=True)))
    if after is not None:
        statement = statement.where(tuple_(Area.code, Area.area_id) > tuple_(*after))
    return [_summary(row) for row in session.execute(statement).mappings()]


def area_summary(session: Session, code: str, on: date, *, draft: int | None = None) -> AreaSummary:
    """Return the area of a code in force on a day, the one of the highest level where levels share codes.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    statement = _select_summaries(on, draft).where(Area.code == code).order_by(*_BY_RANK).limit(1)
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFoundError("area_unknown", code=code, on=on)
    return _summary(row)


def area_geojson(session: Session, area_id: int) -> dict[str, Any]:
    """Return the boundary of an area as a GeoJSON geometry, degrees with 7 decimals (about 1 cm)."""
    text_ = session.scalars(select(func.ST_AsGeoJSON(Area.geom, 7)).where(Area.area_id == area_id)).one()
    return cast("dict[str, Any]", json.loads(text_))


def areas_at(session: Session, lon: float, lat: float, on: date, *, draft: int | None = None) -> list[AreaSummary]:
    """Return the areas in force on a day that cover a point, from the highest level down, one for each level.

    A point on a border belongs to the area with the lower code, so that every point has one answer.

    Raises
    ------
    InputError
        When the position cannot be one.
    """
    check_position(lon, lat)
    return _one_a_level(map(_summary, session.execute(_select_at(lon, lat, on, draft)).mappings()))


@dataclass(frozen=True)
class PositionStatement:
    """The SQL of :func:`areas_at` for those in force, to be prepared by who has no session."""

    sql: str
    constants: Mapping[str, object]
    columns: Sequence[str]

    def values(self, lon: float, lat: float, on: date) -> dict[str, object]:
        """Return what the SQL is bound to.

        Raises
        ------
        InputError
            When the position cannot be one.
        """
        check_position(lon, lat)
        return {**self.constants, "lon": lon, "lat": lat, "on": on}

    def areas(self, rows: Iterable[Sequence[object]]) -> list[AreaSummary]:
        """Return the areas that its rows tell of."""
        return _one_a_level(_summary(dict(zip(self.columns, row, strict=True))) for row in rows)


@cache
def position_statement() -> PositionStatement:
    """Return the SQL of a look-up by position; it is the same for all positions and days, and made once."""
    lon, lat, on = bindparam("lon", type_=Double), bindparam("lat", type_=Double), bindparam("on", type_=Date)
    statement = _select_at(lon, lat, on)
    return PositionStatement(*compiled_text(statement), [column.name for column in statement.selected_columns])


def _select_at(
    lon: float | BindParameter[float], lat: float | BindParameter[float], on: Day, draft: int | None = None
) -> Select[*tuple[Any, ...]]:
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), STORAGE_SRID)
    return _select_summaries(on, draft).where(func.ST_Covers(Area.geom, point)).order_by(*_BY_RANK, Area.area_id)


def _one_a_level(areas: Iterable[AreaSummary]) -> list[AreaSummary]:
    """Return the first area of each level: of those that share a border point, the one with the lower code."""
    found: dict[str, AreaSummary] = {}
    for area in areas:
        found.setdefault(area.level, area)
    return list(found.values())


def last_of_code(session: Session, code: str, on: date) -> AreaSummary | None:
    """Return the last area that had a code in force before a day, None where there was none."""
    statement = (
        _select_summaries(on, ended=True)
        .where(Area.code == code)
        .order_by(Edition.valid_from.desc(), *_BY_RANK)
        .limit(1)
    )
    row = session.execute(statement).mappings().one_or_none()
    return None if row is None else _summary(row)


_BY_RANK = (case(RANK, value=Area.level), Area.level, Area.code)


def _select_summaries(on: Day, draft: int | None = None, *, ended: bool = False) -> Select[*tuple[Any, ...]]:
    """Select areas in force on a day, or those that were before it."""
    inside = func.ST_PointOnSurface(Area.geom)
    edges = (func.ST_XMin(Area.geom), func.ST_YMin(Area.geom), func.ST_XMax(Area.geom), func.ST_YMax(Area.geom))
    gone = and_(Area.edition_id.in_(editions_in_force(on)), _VALID_TO.between(date.min, on))
    return (
        select(
            *(getattr(Area, name) for name in _PLAIN),
            _mode_on(on).label("mode"),
            Edition.name.label("edition"),
            Edition.state,
            func.coalesce(Edition.valid_from, Edition.planned_from).label("valid_from"),
            _VALID_TO.label("valid_to"),
            *(edge.label(name) for edge, name in zip(edges, _BOX, strict=True)),
            func.ST_X(inside).label("centre_lon"),
            func.ST_Y(inside).label("centre_lat"),
        )
        .join(Edition, Edition.edition_id == Area.edition_id)
        .where(gone if ended else in_force_on(on, draft))
    )


def _mode_on(on: Day) -> ScalarSelect[str]:
    """Return the main mode that a town has on a day, NULL for other areas and where none is decided."""
    return (
        select(TownModeDecision.mode)
        .where(
            Area.level == AreaLevel.TOWN,
            TownModeDecision.town_code == Area.code,
            TownModeDecision.valid_from <= on,
            or_(TownModeDecision.valid_to.is_(None), TownModeDecision.valid_to > on),
        )
        .correlate(Area)
        .scalar_subquery()
    )


_Ending = aliased(Edition)
_VALID_TO = (
    select(func.min(_Ending.valid_from))
    .join(AreaEnding, AreaEnding.edition_id == _Ending.edition_id)
    .where(AreaEnding.area_id == Area.area_id, _Ending.state == EditionState.IN_FORCE)
    .correlate(Area)
    .scalar_subquery()
)
"""The day on which an area goes out of force, NULL while none is set."""

_FRAME = ("area_id", "edition_id", "level", "code", "name", "kind", "parent_level", "parent_code", "area_m2")
_PLAIN = ("area_id", "code", "name", "level", "kind", "parent_code", "area_m2")
_BOX = ("west", "south", "east", "north")


def _summary(row: Mapping[Any, Any]) -> AreaSummary:
    values = dict(row)
    west, south, east, north = (values.pop(name) for name in _BOX)
    centre = (values.pop("centre_lon"), values.pop("centre_lat"))
    return AreaSummary(**values, bbox=(west, south, east, north), centre=centre)
