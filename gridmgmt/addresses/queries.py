"""Reading the gazetteer: its names, addresses by name and number, what is near a point."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from geoalchemy2 import Geography
from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    CursorResult,
    Date,
    Double,
    Integer,
    Select,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    or_,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from gridmgmt.addresses.models import Address, AddressName, AddressOtherName
from gridmgmt.addresses.parsing import Parsed
from gridmgmt.addresses.rules import AddressKind, OtherName
from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import editions_in_force
from gridmgmt.areas.queries import in_force_on as area_in_force_on
from gridmgmt.areas.rules import RANK
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import compiled_text, lonlat

_LAST = "\U0010ffff"


# Any: a parameter stands for a value wherever one is taken, which the types of statements do not tell.
_ON: Any = bindparam("on", type_=Date)
_IDS: Any = bindparam("ids", type_=ARRAY(BigInteger))
_MOST: Any = bindparam("most", type_=Integer)


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


class Contents(NamedTuple):
    """What is in force on a day, by number and fingerprint of each edition; content in force never changes."""

    addresses: tuple[tuple[int, str], ...]
    areas: tuple[tuple[int, str], ...]


def contents(session: Session, on: date) -> Contents:
    """Return the editions of addresses and of boundaries in force on a day."""
    found: dict[str, list[tuple[int, str]]] = {Subject.ADDRESSES: [], Subject.AREAS: []}
    for subject, edition_id, sha256 in _ask(session, _contents_statement(), on=on):
        found[subject].append((edition_id, sha256))
    return Contents(tuple(found[Subject.ADDRESSES]), tuple(found[Subject.AREAS]))


@cache
def _contents_statement() -> "_Ready":
    in_force = union_all(_editions(_ON), editions_in_force(_ON))
    statement = select(Edition.subject, Edition.edition_id, Edition.content_sha256)
    return _ready(statement.where(Edition.edition_id.in_(in_force)).order_by(Edition.edition_id))


def all_names(session: Session, on: date) -> list[tuple[int, str, list[str], list[str]]]:
    """Return id, name, pinyin and initials of the names that addresses bear or bore, of editions in force on a day."""
    here = _editions(on)
    borne: CompoundSelect[int | None] = union(
        *(select(column).where(Address.edition_id.in_(here)) for column in (Address.name_id, Address.base_id)),
        *(
            select(column).where(AddressOtherName.edition_id.in_(here))
            for column in (AddressOtherName.name_id, AddressOtherName.other_id)
        ),
    )
    statement = (
        select(AddressName.name_id, AddressName.name, AddressName.pinyin, AddressName.initials)
        .where(AddressName.name_id.in_(borne))
        .order_by(AddressName.name)
    )
    return [(name_id, name, pinyin, initials) for name_id, name, pinyin, initials in session.execute(statement)]


def known_as(session: Session, on: date, *, own: Collection[int] | None = None) -> list[KnownAs]:
    """Return what is known by other names, of editions in force on a day: all, or by ids of own names."""
    name, other = AddressName.__table__.alias(), AddressName.__table__.alias()
    statement = (
        select(
            name.c.name_id, name.c.name, other.c.name_id, other.c.name,
            AddressOtherName.kind, AddressOtherName.called_from, AddressOtherName.called_to,
        )
        .join(name, name.c.name_id == AddressOtherName.name_id)
        .join(other, other.c.name_id == AddressOtherName.other_id)
        .where(AddressOtherName.edition_id.in_(_editions(on)))
        .order_by(AddressOtherName.called_from.nulls_first(), AddressOtherName.other_name_id)
    )  # fmt: skip
    if own is not None:
        statement = statement.where(AddressOtherName.name_id.in_(list(own)))
    return [
        KnownAs(own_id, own_name, other_id, other_name, OtherName(kind), begins, ends)
        for own_id, own_name, other_id, other_name, kind, begins, ends in session.execute(statement)
    ]


def named(session: Session, on: date, name_ids: Sequence[int], *, limit: int = 200) -> list[AddressRow]:
    """Return the places that bear one of some names themselves, in the order of the names."""
    if not name_ids:
        return []
    return _addresses(session, _named_statement(), on=on, ids=list(name_ids), most=limit)


@cache
def _named_statement() -> "_Ready":
    ranked = func.array_position(_IDS, Address.name_id), Address.address_id
    return _ready(_select(_ON).where(Address.name_id == any_(_IDS)).order_by(*ranked).limit(_MOST))


def numbered(
    session: Session, on: date, base_ids: Collection[int] | None, asked: Parsed, *, limit: int = 100
) -> list[AddressRow]:
    """Return the doors whose lane and number are those of an address, on some bases or (None) on any."""
    statement = _numbered_statement(base_ids is None, asked.lane is not None, asked.door is not None)
    number = asked.loose if asked.door is None else asked.door
    ids = [] if base_ids is None else list(base_ids)
    return _addresses(session, statement, on=on, ids=ids, lane=asked.lane, number=number, most=limit)


@cache
def _numbered_statement(anywhere: bool, lane: bool, door: bool) -> "_Ready":
    number, of_lane = bindparam("number", type_=Integer), Address.lane == bindparam("lane", type_=Integer)
    is_door = or_(Address.number == number, and_(Address.number < number, Address.number_to >= number))
    if door:
        wanted = and_(of_lane, is_door) if lane else is_door
    else:
        wanted = of_lane if lane else or_(Address.lane == number, and_(Address.lane.is_(None), is_door))
    statement = _select(_ON).where(wanted, true() if anywhere else Address.base_id == any_(_IDS))
    ordered = statement.order_by(Address.base_id, Address.lane, Address.number, Address.address_id)
    return _ready(ordered.limit(_MOST))


def first_of_base(session: Session, on: date, base_ids: Sequence[int], *, limit: int = 10) -> list[AddressRow]:
    """Return the first doors of some bases, by lane and number, in the order of the bases."""
    rows: list[AddressRow] = []
    for base_id in base_ids:
        if len(rows) < limit:
            rows += _addresses(session, _first_statement(), on=on, base_id=base_id, most=limit - len(rows))
    return rows


@cache
def _first_statement() -> "_Ready":
    of_base = Address.base_id == bindparam("base_id", type_=BigInteger)
    return _ready(_select(_ON).where(of_base).order_by(Address.lane, Address.number).limit(_MOST))


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
    lons, lats = ([point[k] for point in points] for k in (0, 1))
    found: list[dict[str, AreaOf]] = [{} for _ in points]
    for i, level, code, name in _ask(session, _areas_statement(), on=on, lons=lons, lats=lats):
        found[i - 1].setdefault(level, AreaOf(level, code, name))
    return [tuple(each.values()) for each in found]


@cache
def _areas_statement() -> "_Ready":
    lons, lats = (bindparam(name, type_=ARRAY(Double)) for name in ("lons", "lats"))
    columns = (column("lon", Double), column("lat", Double))
    given = func.unnest(lons, lats).table_valued(*columns, with_ordinality="i").render_derived()
    point = func.ST_SetSRID(func.ST_MakePoint(given.c.lon, given.c.lat), STORAGE_SRID)
    return _ready(
        select(given.c.i, Area.level, Area.code, Area.name)
        .select_from(given.join(Area, func.ST_Covers(Area.geom, point)))
        .where(area_in_force_on(_ON))
        .order_by(given.c.i, case(RANK, value=Area.level), Area.level, Area.code)
    )


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


@dataclass(frozen=True)
class _Ready:
    """A statement put together once: each time anew that would take longer than the database does to answer it."""

    sql: str
    constants: Mapping[str, object]


def _ready(statement: Select[*tuple[Any, ...]]) -> _Ready:
    return _Ready(*compiled_text(statement))


def _ask(session: Session, ready: _Ready, **values: object) -> CursorResult[*tuple[Any, ...]]:
    return session.connection().exec_driver_sql(ready.sql, {**ready.constants, **values})


def _addresses(session: Session, ready: _Ready, **values: object) -> list[AddressRow]:
    return [AddressRow(*row) for row in _ask(session, ready, **values)]
