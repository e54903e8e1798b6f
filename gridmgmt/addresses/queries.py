"""Reading the gazetteer: names by how they are spelt, addresses by name and number, what is near a point."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from geoalchemy2 import Geography
from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    String,
    and_,
    any_,
    case,
    cast,
    column,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from gridmgmt.addresses.models import Address, AddressName, AddressOtherName, AddressSpelling
from gridmgmt.addresses.parsing import Parsed
from gridmgmt.addresses.rules import AddressKind, OtherName
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on as area_in_force_on
from gridmgmt.areas.rules import RANK
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat

_LAST = "\U0010ffff"
_BEGINNING_SO, _HOLDING, _LIKE_EACH, _LIKE = 80, 200, 400, 60
"""Most names that one way of looking brings."""


@dataclass(frozen=True)
class FoundName:
    """A name and the spelling by which it was found."""

    name_id: int
    name: str
    spelling: str


@dataclass(frozen=True)
class KnownAs:
    """A name that is called by another one, or was."""

    name_id: int
    name: str
    other_id: int
    other: str
    kind: OtherName
    called_from: date | None
    called_to: date | None


@dataclass(frozen=True)
class AddressRow:
    """One address of the gazetteer; ``lon`` and ``lat`` in degrees, None for one without a point."""

    address_id: int
    kind: AddressKind
    code: str | None
    name: str | None
    address: str
    district: str | None
    town: str | None
    name_id: int | None
    base_id: int | None
    lane: int | None
    sublane: int | None
    number: int | None
    number_to: int | None
    suffix: str | None
    lon: float | None
    lat: float | None


@dataclass(frozen=True)
class AreaOf:
    """An area that a point lies in."""

    level: str
    code: str
    name: str


_PLAIN = (
    "address_id", "kind", "code", "name", "address", "district", "town", "name_id", "base_id", "lane", "sublane",
    "number", "number_to", "suffix",
)  # fmt: skip


def names_so(
    session: Session, *, beginning: str, whole: Sequence[str] = (), pairs: Sequence[str] = ()
) -> list[FoundName]:
    """Return the names of which a spelling begins so or is one of some, and those that have all of some pairs.

    Of each at most 80, 80 and 200; of those that begin so the whole ones come first.
    """
    spelt = _select_names(AddressSpelling.spelling).join(
        AddressSpelling, AddressSpelling.name_id == AddressName.name_id
    )
    begin = spelt.where(AddressSpelling.spelling >= beginning, AddressSpelling.spelling < beginning + _LAST)
    ways = [begin.order_by(AddressSpelling.spelling).limit(_BEGINNING_SO)]
    if whole:
        is_one = AddressSpelling.spelling == any_(cast(list(whole), ARRAY(String)))
        ways.append(spelt.where(is_one).limit(_BEGINNING_SO))
    if pairs:
        held = AddressName.tokens.contains(cast(list(pairs), ARRAY(String)))
        ways.append(_select_names(AddressName.name).where(held).limit(_HOLDING))
    # Each way in brackets of its own, for its limit.
    found = union_all(*(select(way.subquery()) for way in ways))
    return [FoundName(*row) for row in session.execute(found)]


def names_like(session: Session, pairs: Sequence[str]) -> list[FoundName]:
    """Return the names that share the most pairs of characters, as :func:`spelling.tokens` gives them.

    Of a pair that very many names have only some are looked at: those that fit well share a rarer one too.
    """
    wanted = func.unnest(cast(list(pairs), ARRAY(String))).table_valued(column("token", String)).render_derived()
    having = (
        select(AddressName.name_id, AddressName.name)
        .where(AddressName.tokens.contains(_one(wanted)))
        .limit(_LIKE_EACH)
        .lateral()
    )
    statement = (
        select(having.c.name_id, having.c.name, having.c.name.label("spelling"))
        .select_from(wanted.join(having, true()))
        .group_by(having.c.name_id, having.c.name)
        .order_by(func.count().desc(), func.length(having.c.name), having.c.name_id)
        .limit(_LIKE)
    )
    return _found(session, statement)


def _one(wanted: Any) -> Any:  # Any: SQLAlchemy has no type for a table-valued alias
    return func.array_append(cast([], ARRAY(String)), wanted.c.token, type_=ARRAY(String))


def _select_names(spelling: Any) -> Select[*tuple[Any, ...]]:
    return select(AddressName.name_id, AddressName.name, spelling.label("spelling"))


def _found(session: Session, statement: Select[*tuple[Any, ...]]) -> list[FoundName]:
    return [FoundName(*row) for row in session.execute(statement)]


def known_as(session: Session, on: date, *, others: Collection[int] = (), own: Collection[int] = ()) -> list[KnownAs]:
    """Return what is known by other names, of editions in force on a day.

    Parameters
    ----------
    others
        Ids of other names that were found.
    own
        Ids of own names, to list all others of them.
    """
    name, other = AddressName.__table__.alias(), AddressName.__table__.alias()
    asked = AddressOtherName.other_id.in_(list(others)) if others else AddressOtherName.name_id.in_(list(own))
    statement = (
        select(
            name.c.name_id, name.c.name, other.c.name_id, other.c.name,
            AddressOtherName.kind, AddressOtherName.called_from, AddressOtherName.called_to,
        )
        .join(name, name.c.name_id == AddressOtherName.name_id)
        .join(other, other.c.name_id == AddressOtherName.other_id)
        .where(AddressOtherName.edition_id.in_(_editions(on)), asked)
        .order_by(AddressOtherName.called_from.nulls_first(), AddressOtherName.other_name_id)
    )  # fmt: skip
    return [
        KnownAs(own_id, own_name, other_id, other_name, OtherName(kind), begins, ends)
        for own_id, own_name, other_id, other_name, kind, begins, ends in session.execute(statement)
    ]


def named(session: Session, on: date, name_ids: Collection[int], *, limit: int = 200) -> list[AddressRow]:
    """Return the places that bear one of some names themselves."""
    order = {name_id: i for i, name_id in enumerate(name_ids)}
    if not order:
        return []
    ranked = case(order, value=Address.name_id)
    return _rows(session, _select(on).where(Address.name_id.in_(list(order))).order_by(ranked).limit(limit))


def numbered(
    session: Session, on: date, base_ids: Collection[int] | None, asked: Parsed, *, limit: int = 100
) -> list[AddressRow]:
    """Return the doors whose lane and number are those of an address, on some bases or (None) on any."""
    statement = _select(on).where(_number_is(asked)).limit(limit)
    if base_ids is not None:
        if not base_ids:
            return []
        statement = statement.where(Address.base_id.in_(list(base_ids)))
    return _rows(session, statement.order_by(Address.base_id, Address.lane, Address.number, Address.address_id))


def _number_is(asked: Parsed) -> ColumnElement[bool]:
    if asked.lane is not None and asked.door is None:
        return Address.lane == asked.lane
    if asked.door is None:
        return or_(Address.lane == asked.loose, and_(Address.lane.is_(None), _door_is(asked.loose)))
    return _door_is(asked.door) if asked.lane is None else and_(Address.lane == asked.lane, _door_is(asked.door))


def _door_is(number: int | None) -> ColumnElement[bool]:
    return or_(Address.number == number, and_(Address.number < number, Address.number_to >= number))


def first_of_base(session: Session, on: date, base_ids: Sequence[int], *, limit: int = 10) -> list[AddressRow]:
    """Return the first doors of some bases, by lane and number."""
    if not base_ids:
        return []
    ordered = (case({b: i for i, b in enumerate(base_ids)}, value=Address.base_id), Address.lane, Address.number)
    return _rows(session, _select(on).where(Address.base_id.in_(list(base_ids))).order_by(*ordered).limit(limit))


def neighbours(session: Session, on: date, base_id: int, lane: int | None, number: int) -> list[AddressRow]:
    """Return the placed doors of a base and lane with the nearest numbers, 8 on each side."""
    here = _select(on).where(
        Address.base_id == base_id,
        Address.lane.is_(None) if lane is None else Address.lane == lane,
        Address.geom.is_not(None),
    )
    below = here.where(Address.number <= number).order_by(Address.number.desc(), Address.address_id).limit(8)
    above = here.where(Address.number > number).order_by(Address.number, Address.address_id).limit(8)
    return [row for side in (below, above) for row in _rows(session, side)]


def placed_of_base(session: Session, on: date, base_id: int, *, lane: int | None = None) -> list[AddressRow]:
    """Return doors with a point of a base, or of a lane of it; at most 500, evenly by nothing but their order."""
    statement = _select(on).where(Address.base_id == base_id, Address.geom.is_not(None))
    if lane is not None:
        statement = statement.where(Address.lane == lane)
    return _rows(session, statement.order_by(Address.lane, Address.number, Address.address_id).limit(500))


def by_code(session: Session, on: date, beginning: str, *, limit: int = 20) -> list[AddressRow]:
    """Return addresses whose code begins so, the whole one first."""
    statement = _select(on).where(Address.code >= beginning, Address.code < beginning + _LAST)
    return _rows(session, statement.order_by(Address.code, Address.address_id).limit(limit))


def address_by_id(session: Session, address_id: int) -> AddressRow:
    """Return one address of any edition.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    statement = _select(None).where(Address.address_id == address_id)
    if not (found := _rows(session, statement)):
        raise NotFoundError("address_unknown", value=address_id)
    return found[0]


def near(
    session: Session, on: date, lon: float, lat: float, *, within_m: float, limit: int = 5
) -> list[tuple[AddressRow, float]]:
    """Return doors, compounds and places around a point with their distance in m on the ellipsoid, nearest first."""
    point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), STORAGE_SRID)
    metres = func.ST_Distance(cast(Address.geom, Geography), cast(point, Geography), type_=Double)
    nearest = (
        _select(on)
        .add_columns(metres.label("metres"))
        .where(Address.geom.is_not(None), Address.kind != AddressKind.ROAD)
        .order_by(Address.geom.op("<->")(point))
        .limit(4 * limit)  # degrees are no metres: the nearest by one are among the first by the other
    )
    found = []
    for row in session.execute(nearest).mappings():
        values = dict(row)
        away_m = values.pop("metres")
        if away_m <= within_m:
            found.append((AddressRow(**values), away_m))
    return sorted(found, key=lambda pair: (pair[1], pair[0].address_id))[:limit]


def areas_of(session: Session, on: date, points: Sequence[tuple[float, float]]) -> list[tuple[AreaOf, ...]]:
    """Return for each point (degrees) the areas it lies in on a day, the highest first; on a border one a level."""
    if not points:
        return []
    lons, lats = (cast([p[k] for p in points], ARRAY(Double)) for k in (0, 1))
    columns = (column("lon", Double), column("lat", Double))
    given = func.unnest(lons, lats).table_valued(*columns, with_ordinality="i").render_derived()
    point = func.ST_SetSRID(func.ST_MakePoint(given.c.lon, given.c.lat), STORAGE_SRID)
    statement = (
        select(given.c.i, Area.level, Area.code, Area.name)
        .select_from(given.join(Area, func.ST_Covers(Area.geom, point)))
        .where(area_in_force_on(on))
        .order_by(given.c.i, case(RANK, value=Area.level), Area.level, Area.code)
    )
    found: list[dict[str, AreaOf]] = [{} for _ in points]
    for i, level, code, name in session.execute(statement):
        found[i - 1].setdefault(level, AreaOf(level, code, name))
    return [tuple(each.values()) for each in found]


def centres_of(session: Session, on: date, codes: Collection[str]) -> dict[str, tuple[float, float]]:
    """Return a point (degrees) inside each area of some codes on a day; where levels share one, in the lower."""
    inside = func.ST_PointOnSurface(Area.geom)
    statement = (
        select(Area.code, func.ST_X(inside), func.ST_Y(inside))
        .where(Area.code.in_(list(codes)), area_in_force_on(on))
        .order_by(case(RANK, value=Area.level))
    )
    return {code: (lon, lat) for code, lon, lat in session.execute(statement)}


def _editions(on: date) -> Select[int]:
    return edition_ids_in_force(Subject.ADDRESSES, on)


def _select(on: date | None) -> Select[*tuple[Any, ...]]:
    statement = select(*(getattr(Address, name) for name in _PLAIN), *lonlat(Address.geom))  # type: ignore[arg-type]
    return statement if on is None else statement.where(Address.edition_id.in_(_editions(on)))


def _rows(session: Session, statement: Select[*tuple[Any, ...]]) -> list[AddressRow]:
    return [AddressRow(**row) for row in session.execute(statement).mappings()]
