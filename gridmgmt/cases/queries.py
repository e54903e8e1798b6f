"""Reading cases: lists of what meets a filter, and how many there are."""

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import psycopg
from geoalchemy2 import Geography
from psycopg.rows import namedtuple_row
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    TextClause,
    all_,
    and_,
    any_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_id_of, id_in_force
from gridmgmt.areas.rules import RANK, AreaLevel, box_deg
from gridmgmt.cases import counting
from gridmgmt.cases.counting import Moment
from gridmgmt.cases.models import FLAGGED, OPEN, Case
from gridmgmt.cases.rules import TEXT_DAYS, CaseFilter, ListOrder, Urgency
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import compiled_text, lonlat

MOST_COUNTED = 1_000
"""More cases than this are not counted: the answer says that there are at least so many."""

MOST_COUNTED_OF_MEASURE = 10_000
"""The same for the cases behind a number of the indicators."""

_MOST_OF_A_NUMBER = 50_000
"""Up to so many cases whose numbers begin alike are sorted: they are of one time, which may be long ago."""

_NUMBER = re.compile(r"(?=.*[0-9])[0-9A-Za-z./_-]+", re.ASCII)
_LAST = "\U0010ffff"
_CODES = {
    AreaLevel.DISTRICT: Case.district_code,
    AreaLevel.TOWN: Case.town_code,
    AreaLevel.BASIC_MANAGEMENT_UNIT: Case.middle_code,
    AreaLevel.SECTOR: Case.middle_code,
    AreaLevel.RESIDENTIAL_QUARTER: Case.quarter_code,
    AreaLevel.GRID_CELL: Case.cell_code,
}
_INDEXED = (AreaLevel.DISTRICT, AreaLevel.TOWN)
_PLAIN = (
    "case_id", "case_no", "version", "kind", "type", "source", "state", "urgency", "reported_at", "updated_at",
    "due_at", "due_provisional", "closed_at", "department_code", "town_code", "cell_code", "supervised", "forced",
    "flags",
)  # fmt: skip

_ORDERS = MappingProxyType({"newest": (Case.reported_at, "DESC", "<"), "due": (Case.due_at, "ASC", ">")})
"""The moment of each order, which way it runs, and how what comes after a case compares with it."""
_PAGE = resources.files(__package__).joinpath("sql", "page.sql").read_text(encoding="utf-8")

CaseKey = tuple[datetime | None, int]
"""The moment by which a list is ordered, and the id: what names a case's place in the list."""


def is_open() -> TextClause:
    """Return the condition that a case is still to be worked on, in the words of the indexes that hold those."""
    return text(f"cases.{OPEN}")


@dataclass(frozen=True)
class Counted:
    """How many cases meet a filter; where that is not exact there are more."""

    value: int
    exact: bool


@dataclass(frozen=True)
class PageOfCases:
    """One page of a list: rows with the columns of :func:`select_listed` and ``photos``; and how many on all pages."""

    rows: Sequence[Any]
    count: Counted


def page_of_cases(
    session: Session,
    wanted: CaseFilter,
    *,
    now: datetime,
    order: ListOrder = "newest",
    after: CaseKey | None = None,
    limit: int = 100,
) -> PageOfCases:
    """Return a page of the cases that meet a filter, and how many do on all pages: one statement, see ``page.sql``.

    Parameters
    ----------
    order
        ``due`` has open cases with a deadline alone.
    after
        Key of the last case of the page before.
    limit
        So many cases at most.

    Raises
    ------
    NotFoundError
        When no boundary edition has an area of the filter's code.
    """
    statement, values = page_statement(session, wanted, now=now, order=order, after=after, limit=limit)
    connection = typing.cast("psycopg.Connection[tuple[Any, ...]]", session.connection().connection.driver_connection)
    # Planned for its values each time: what is fast for one street's box is slow for a district's.
    with connection.cursor(binary=True, row_factory=namedtuple_row) as cursor:
        rows: list[Any] = cursor.execute(statement.encode(), values, prepare=False).fetchall()
    cases, most = rows[0].cases, most_counted(wanted)
    listed = [] if rows[0].case_id is None else rows
    return PageOfCases(listed, Counted(min(cases, most), exact=cases <= most))


def page_statement(
    session: Session, wanted: CaseFilter, *, now: datetime, order: ListOrder, after: CaseKey | None, limit: int
) -> tuple[str, Mapping[str, Any]]:
    """Return the statement of :func:`page_of_cases` for the driver, and its values."""
    moment, direction, past = _ORDERS[order]
    matching = select(Case.case_id, moment.label("moment")).where(*conditions(session, wanted, now))
    if order == "due":
        matching = matching.where(is_open(), Case.due_at.is_not(None))
    sql, values = compiled_text(matching)
    statement = _PAGE.format(
        matching=sql,
        listed=_listed_of_page(),
        direction=direction,
        after="TRUE" if after is None else f"(moment, case_id) {past} (%(after_moment)s, %(after_id)s)",
    )
    few = _MOST_OF_A_NUMBER if _is_number(wanted.text) else most_counted(wanted)
    key = {} if after is None else {"after_moment": after[0], "after_id": after[1]}
    return statement, {**values, **key, "few": few, "limit": limit}


@cache
def _listed_of_page() -> str:
    return compiled_text(select_listed().where(text("cases.case_id = page.case_id")))[0]


def most_counted(wanted: CaseFilter) -> int:
    """Return how far the cases of a filter are counted; those of a measure further, as its number stands beside."""
    return MOST_COUNTED if wanted.measure is None else MOST_COUNTED_OF_MEASURE


def list_cases(
    session: Session, wanted: CaseFilter, *, now: datetime, order: ListOrder = "newest", after: CaseKey | None = None,
    limit: int = 100,
) -> Sequence[Any]:  # fmt: skip
    """Return the cases of :func:`page_of_cases` alone."""
    return page_of_cases(session, wanted, now=now, order=order, after=after, limit=limit).rows


def count_cases(session: Session, wanted: CaseFilter, *, now: datetime, order: ListOrder = "newest") -> Counted:
    """Return the count of :func:`page_of_cases` alone."""
    return page_of_cases(session, wanted, now=now, order=order, limit=0).count


def listed_case(session: Session, case_no: str) -> Row[*tuple[Any, ...]]:
    """Return one case as a list row.

    Raises
    ------
    NotFoundError
        When there is none of that number.
    """
    row = session.execute(select_listed().where(Case.case_no == case_no)).one_or_none()
    if row is None:
        raise NotFoundError("case_unknown", field="case_no", value=case_no)
    return row


def stream_cases(session: Session, wanted: CaseFilter, *, now: datetime, order: ListOrder = "newest") -> Iterator[Any]:
    """Yield every case that meets a filter, as :func:`list_cases` with ``description`` and ``address``.

    The rows come through a cursor of the database, so that no list of them is ever whole in memory.
    """
    statement = select_listed().add_columns(Case.description, Case.address)
    statement = statement.where(*conditions(session, wanted, now))
    yield from session.execute(_ordered(statement, order), execution_options={"yield_per": 2000})


def select_listed() -> Select[*tuple[Any, ...]]:
    """Return the statement that selects the columns of a list row; the number of a duplicate's case among them."""
    other = aliased(Case)
    original = select(other.case_no).where(other.case_id == Case.duplicate_of).scalar_subquery()
    plain = (getattr(Case, name) for name in _PLAIN)
    return select(*plain, *lonlat(Case.geom), original.label("duplicate_of"))


def _ordered(statement: Select[*tuple[Any, ...]], order: ListOrder) -> Select[*tuple[Any, ...]]:
    if order == "due":
        return statement.where(is_open(), Case.due_at.is_not(None)).order_by(Case.due_at, Case.case_id)
    return statement.order_by(Case.reported_at.desc(), Case.case_id.desc())


def conditions(session: Session, wanted: CaseFilter, now: datetime) -> list[ColumnElement[bool] | TextClause]:
    """Return what a case must meet.

    Raises
    ------
    NotFoundError
        When no boundary edition has an area of the filter's code, or none on the filter's day.
    """
    held = [_of_area(session, field, code, wanted.areas_on) for field, code in _areas(wanted)]
    return _conditions_but_areas(wanted, now) + held


def select_drawn(wanted: CaseFilter, now: Moment) -> Select[*tuple[Any, ...]]:
    """Return the statement that selects what a map draws of the cases that meet a filter: those of :func:`conditions`.

    It is made without a session; an area that is not there holds no cases.
    """
    columns = (Case.case_id, Case.case_no, Case.kind, Case.type, Case.state, Case.urgency)
    on = wanted.areas_on
    held = [
        counting.held_by(code) if on is None else counting.lying_in(code, on, id_in_force(code, on))
        for _, code in _areas(wanted)
    ]
    return select(*columns, literal_column("cases.geom")).where(*_conditions_but_areas(wanted, now), *held)


def _areas(wanted: CaseFilter) -> Iterator[tuple[str, str]]:
    """Give the codes of the filter's areas, each with its name in the filter."""
    return ((field, code) for field in ("area", "within") if (code := getattr(wanted, field)) is not None)


def _conditions_but_areas(wanted: CaseFilter, now: Moment) -> list[ColumnElement[bool] | TextClause]:
    named = ("kind", "type", "source", "urgency")
    found: list[ColumnElement[bool] | TextClause] = [
        getattr(Case, name) == value for name in named if (value := getattr(wanted, name)) is not None
    ]
    if not wanted.with_internal:
        found.append(~Case.internal)
    if wanted.department is not None:
        found.append(Case.department_code == wanted.department)
    if wanted.component is not None:
        found.append(Case.component_code == wanted.component)
    if wanted.states:
        found.append(Case.state.in_(list(wanted.states)))
    if wanted.is_open is not None:
        found.append(is_open() if wanted.is_open else text(f"NOT (cases.{OPEN})"))
    if wanted.urgency is Urgency.DUE_SOON:
        found.append(is_open())  # what has ended was on time or not, and is never due soon
    if wanted.supervised is not None:
        found.append(and_(Case.supervised) if wanted.supervised else ~Case.supervised)
    if wanted.flag is not None:
        found += [text(f"cases.{FLAGGED}"), literal(wanted.flag) == any_(Case.flags)]
    if wanted.without_flag is not None:
        found.append(literal(wanted.without_flag) != all_(Case.flags))
    return found + counting.of_filter(wanted, now) + _of_place(wanted) + _of_time(wanted) + _of_text(wanted, now)


def _of_place(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    found = []
    if wanted.box is not None:
        found.append(Case.geom.intersects(func.ST_MakeEnvelope(*wanted.box, STORAGE_SRID)))
    if wanted.near is not None:
        lon, lat, within_m = wanted.near
        wide, high = box_deg(lat, within_m)
        box = func.ST_MakeEnvelope(lon - wide, lat - high, lon + wide, lat + high, STORAGE_SRID)
        place = func.ST_SetSRID(func.ST_MakePoint(lon, lat), STORAGE_SRID)
        apart_m = func.ST_Distance(cast(Case.geom, Geography), cast(place, Geography))
        found += [Case.geom.intersects(box), apart_m <= within_m]
    return found


def _of_area(session: Session, field: str, code: str, on: date | None) -> ColumnElement[bool]:
    """Return the condition that an area held a case when it was reported, or does on a day.

    Cases of small areas are found by where they lie: within the box of whatever surface the area has ever had.
    """
    if on is not None:
        return counting.lying_in(code, on, area_id_of(session, code, on))
    surface = select(func.ST_Extent(Area.geom)).where(Area.code == code, Area.level.in_(list(RANK)))
    rows = session.execute(surface.add_columns(Area.level).group_by(Area.level)).all()
    if not rows:
        raise NotFoundError("area_of_no_edition", field=field, code=code)
    box, level = min(rows, key=lambda row: RANK[AreaLevel(row[1])])
    held = _CODES[AreaLevel(level)] == code
    if level in _INDEXED:
        return held
    return and_(held, Case.geom.intersects(func.ST_SetSRID(func.box2d(box), STORAGE_SRID)))


def _of_time(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    found = []
    if wanted.reported_from is not None:
        found.append(Case.reported_at >= wanted.reported_from)
    if wanted.reported_to is not None:
        found.append(Case.reported_at < wanted.reported_to)
    if wanted.updated_after is not None:
        found.append(Case.updated_at > wanted.updated_after)
    return found


def _is_number(words: str | None) -> bool:
    return words is not None and _NUMBER.fullmatch(words) is not None


def _has(column: InstrumentedAttribute[str | None], word: str) -> ColumnElement[bool]:
    """Return the condition that a text has a word; what has no case, as Chinese, is found in a third of the time."""
    if word.lower() == word.upper():
        return column.contains(word, autoescape=True)
    return column.icontains(word, autoescape=True)


def _of_text(wanted: CaseFilter, now: Moment) -> list[ColumnElement[bool]]:
    """Return the condition on a case's number or words; words are looked for in a stretch of time, never in all."""
    if wanted.text is None:
        return []
    if _is_number(wanted.text):
        return [Case.case_no >= wanted.text, Case.case_no < wanted.text + _LAST]
    words = [or_(_has(Case.description, word), _has(Case.address, word)) for word in wanted.text.split()]
    if wanted.reported_from is None and wanted.reported_to is None:
        words.append(Case.reported_at >= now - timedelta(days=TEXT_DAYS))
    return words
