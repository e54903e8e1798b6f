"""Reading service desks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import covered_by, in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.desks.models import Desk, DeskVisits
from gridmgmt.desks.rules import AT_CENTRES, DeskKind
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat
from gridmgmt.governance.queries import holds_on
from gridmgmt.governance.rules import CentreType

_PLAIN = (
    "code", "kind", "type", "name", "level", "area_code", "site_code", "address", "matters", "hours", "valid_from",
    "valid_to",
)  # fmt: skip


@dataclass(frozen=True)
class DeskFilter:
    """What desks must be; None is no condition. ``q`` is part of the name or address, or the beginning of the code."""

    area_id: int | None = None
    kind: DeskKind | None = None
    type: CentreType | None = None
    q: str | None = None


ANY = DeskFilter()


@dataclass(frozen=True)
class DeskFacts:
    """A desk as it is on a day; ``area_name`` is None where the area is no more."""

    code: str
    kind: str
    type: str | None
    name: str
    level: str
    area_code: str
    site_code: str | None
    address: str | None
    matters: Sequence[str]
    hours: Mapping[str, Sequence[str]] | None
    valid_from: date
    valid_to: date | None
    lon: float
    lat: float
    area_name: str | None


def desks_on(session: Session, on: date, wanted: DeskFilter = ANY) -> list[DeskFacts]:
    """Return the desks of a day by code."""
    return _facts(session, on, *_conditions(wanted))


def _facts(session: Session, on: date, *met: ColumnElement[bool]) -> list[DeskFacts]:
    area_name = (
        select(Area.name)
        .where(Area.level == Desk.level, Area.code == Desk.area_code, in_force_on(on))
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(*(getattr(Desk, name) for name in _PLAIN), *lonlat(Desk.geom), area_name.label("area_name"))
        .where(holds_on(Desk, on), *met)
        .order_by(Desk.code)
    )
    return [DeskFacts(**row) for row in session.execute(statement).mappings()]


def desk_row(session: Session, code: str, on: date) -> Desk:
    """Return the row of a desk that holds on a day.

    Raises
    ------
    NotFoundError
        ``desk_unknown``.
    """
    row = session.scalar(select(Desk).where(Desk.code == code, holds_on(Desk, on)))
    if row is None:
        raise NotFoundError("desk_unknown", field="code", value=code, on=on)
    return row


def rows_at(session: Session, centre: str, on: date) -> Sequence[Desk]:
    """Return the rows of the desks at a centre or branch that hold on a day or on a later one."""
    held = Desk.valid_to.is_(None) | ((Desk.valid_to > on) & (Desk.valid_to > Desk.valid_from))
    at_it = (Desk.site_code == centre, Desk.kind.in_(AT_CENTRES))
    return session.scalars(select(Desk).where(*at_it, held).order_by(Desk.code, Desk.valid_from)).all()


def desk_on(session: Session, code: str, on: date) -> DeskFacts:
    """Return a desk as it is on a day.

    Raises
    ------
    NotFoundError
        ``desk_unknown``.
    """
    found = _facts(session, on, Desk.code == code)
    if not found:
        raise NotFoundError("desk_unknown", field="code", value=code, on=on)
    return found[0]


def history(session: Session, code: str) -> list[Desk]:
    """Return all that was ever said of a desk, the newest first; what never held is left out."""
    held = Desk.valid_to.is_(None) | (Desk.valid_to > Desk.valid_from)
    return list(session.scalars(select(Desk).where(Desk.code == code, held).order_by(Desk.valid_from.desc())))


def codes_ever(session: Session, codes: Collection[str]) -> set[str]:
    """Return those of some codes that a desk has, or had."""
    return set(session.scalars(select(Desk.code).where(Desk.code.in_(list(codes))).distinct()))


def visits_of(session: Session, codes: Collection[str], begin: date, end: date) -> dict[str, list[tuple[date, int]]]:
    """Return the visits of desks by month, from a month until another, both included."""
    statement = (
        select(DeskVisits.desk_code, DeskVisits.month, DeskVisits.visits)
        .where(DeskVisits.desk_code.in_(list(codes)), DeskVisits.month.between(begin, end))
        .order_by(DeskVisits.desk_code, DeskVisits.month)
    )
    found: dict[str, list[tuple[date, int]]] = {}
    for code, month, visits in session.execute(statement):
        found.setdefault(code, []).append((month, visits))
    return found


def visit_rows(session: Session, keys: Collection[tuple[str, date]]) -> dict[tuple[str, date], DeskVisits]:
    """Return the counts that are there for some desks and months."""
    codes = {code for code, _ in keys}
    rows = session.scalars(select(DeskVisits).where(DeskVisits.desk_code.in_(codes)))
    return {(row.desk_code, row.month): row for row in rows if (row.desk_code, row.month) in keys}


def served_areas(session: Session, on: date) -> list[tuple[AreaLevel, str, str, str | None]]:
    """Return level, code, name and the code above of district, towns, subdistricts and units, by level and code."""
    levels = (AreaLevel.DISTRICT, AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT)
    columns = (Area.level, Area.code, Area.name, Area.parent_code)
    statement = select(*columns).where(in_force_on(on), Area.level.in_(levels))
    rows = [(AreaLevel(level), code, name, parent) for level, code, name, parent in session.execute(statement)]
    return sorted(rows, key=lambda row: (levels.index(row[0]), row[1]))


def _conditions(wanted: DeskFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.area_id is not None:
        found.append(covered_by(wanted.area_id, Desk.geom))
    if wanted.kind is not None:
        found.append(Desk.kind == wanted.kind)
    if wanted.type is not None:
        found.append(Desk.type == wanted.type)
    if wanted.q:
        words = wanted.q.strip()
        found.append(
            Desk.name.icontains(words, autoescape=True)
            | func.coalesce(Desk.address, "").icontains(words, autoescape=True)
            | Desk.code.istartswith(words, autoescape=True)
        )
    return found
