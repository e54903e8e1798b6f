"""Reading requests, the services that they name and the districts that answer for them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from importlib import resources
from typing import Any, NamedTuple, cast

import psycopg
from sqlalchemy import ARRAY, String, bindparam, column, func, select

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.models import Case
from gridmgmt.catalogue.models import CatalogueEdition, MattersEdition
from gridmgmt.db import Session, prepared_rows
from gridmgmt.open311.rules import Asked

REQUESTS = resources.files(__package__).joinpath("sql/requests.sql").read_text(encoding="utf-8")
"""The statement of every answer that has requests; all values are bound. Best planned for its values."""
_AT_ONCE = 2_000


class RequestRow(NamedTuple):
    """A request as the database has it, in the order of the statement's columns; times in UTC, degrees in WGS 84."""

    case_no: str
    state: str
    type: str
    description: str | None
    department_code: str | None
    requested_at: datetime
    updated_at: datetime
    """The last move; of one that has ended, the end."""
    expected_at: datetime | None
    address: str | None
    lat: float
    lon: float
    duplicate_of: str | None
    media_url: str | None
    photo: str | None
    """SHA-256 of the first photo."""
    source: str
    kind: str
    town_code: str | None
    cell_code: str | None


def request_values(asked: Asked, district: str | None) -> Mapping[str, object]:
    """Return what :data:`REQUESTS` is bound to.

    Parameters
    ----------
    district
        Code of the only district whose requests are meant, None for all.
    """
    by_id = bool(asked.service_request_ids)
    return {
        "ids": _kept(asked.service_request_ids),
        "district": district,
        "start": None if by_id else asked.start,
        "end": None if by_id else asked.end,
        "updated_after": None if by_id else asked.updated_after,
        "types": _kept(asked.service_codes),
        "states": None if asked.states is None else sorted(asked.states),
        "limit": asked.page_size,
        "skip": (asked.page - 1) * asked.page_size,
    }


def requests(session: Session, asked: Asked, district: str | None) -> list[RequestRow]:
    """Return the requests that are asked for, the last reported first."""
    session.flush()
    rows = prepared_rows(session, REQUESTS, request_values(asked, district))
    return [RequestRow(*row) for row in rows]


def every_request(session: Session, asked: Asked, district: str | None) -> Iterator[RequestRow]:
    """Yield all requests that are asked for, on however many pages, without ever holding them all."""
    values = {**request_values(asked, district), "limit": None, "skip": 0}
    connection = cast("psycopg.Connection[tuple[Any, ...]]", session.connection().connection.driver_connection)
    with connection.cursor(name="open311_requests") as cursor:
        cursor.itersize = _AT_ONCE
        for row in cursor.execute(REQUESTS.encode(), values):
            yield RequestRow(*row)


def districts_on(session: Session, day: date) -> dict[str, str]:
    """Return the name of each district in force on a day, by its code."""
    statement = select(Area.code, Area.name).where(Area.level == AreaLevel.DISTRICT, in_force_on(day))
    return dict(session.execute(statement.order_by(Area.code)).all())


def unknown_type(session: Session, types: Sequence[str]) -> str | None:
    """Return the first of some types of which there has never been a case, None where there is none such.

    One statement however many there are: a list of services may be as long as an address.
    """
    asked = func.unnest(bindparam("types", _kept(types) or [], ARRAY(String))).table_valued(
        column("type", String), with_ordinality="place", name="asked"
    )
    asked = asked.render_derived()
    had = select(Case.case_id).where(Case.type == asked.c.type, ~Case.internal).exists()
    place = session.scalar(select(asked.c.place).where(~had).order_by(asked.c.place).limit(1))
    return None if place is None else types[place - 1]


def catalogue_changed_at(session: Session) -> datetime | None:
    """Return when an edition of the catalogue or a list of matters was last taken, None where none was."""
    last = [session.scalar(select(func.max(kept.kept_at))) for kept in (CatalogueEdition, MattersEdition)]
    return max((each for each in last if each is not None), default=None)


def _kept(values: Sequence[str]) -> list[str] | None:
    """Return values as the database can hold them, which has no NUL in any text; None for none."""
    return [each.replace("\0", "") for each in values] or None
