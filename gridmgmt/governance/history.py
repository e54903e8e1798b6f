"""One way to begin and to end what holds for a time, and to ask who may and note what was done."""

from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, inspect, or_, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.models import Area, Dated
from gridmgmt.areas.queries import ancestors
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError
from gridmgmt.governance import queries

Row = TypeVar("Row", bound=Dated)
Shown = dict[str, Any]  # Any: a cell of any type that JSON has


def require_on(session: Session, actor: Actor, level: AreaLevel, code: str, on: date) -> None:
    """Ask for the actor's permission on an area and all that hold it; of one that is gone, on its code alone."""
    require(actor, Permission.GOVERNANCE_WRITE, areas=ancestors(session, level, code, on))


def area_acted_on(session: Session, actor: Actor, level: AreaLevel, code: str, on: date) -> Area:
    """Return the area of a level and code in force on a day, once the actor may act on it."""
    require_on(session, actor, level, code, on)
    return queries.area_of_level(session, level, code, on)


def begin(session: Session, row: Dated, *same: ColumnElement[bool]) -> Shown | None:
    """Add a row, end the one that holds on the day it begins, and return that one; a later row bounds the new one."""
    model, on = type(row), row.valid_from
    held = queries.held(session, model, on, *same)
    before = None if held is None else shown(held)
    if held is not None:
        end(session, held, on)
    later = (model.valid_from > on, or_(model.valid_to.is_(None), model.valid_to > model.valid_from))
    row.valid_to = session.scalar(select(func.min(model.valid_from)).where(*same, *later))
    session.add(row)
    session.flush()
    return before


def end(session: Session, row: Dated, on: date) -> None:
    """End a row on a day.

    Raises
    ------
    ConflictError
        ``ended_already`` when it ends by itself, sooner or later.
    """
    if row.valid_to is not None:
        raise ConflictError("ended_already", begins=row.valid_from, ended=row.valid_to, on=on)
    row.valid_to = on
    session.flush()


def ended(session: Session, actor: Actor, row: Row, on: date, what: tuple[str, str]) -> Row:
    """End a row on a day and note it as an action (the first of ``what``) on an object (the second)."""
    before = shown(row)
    end(session, row, on)
    record(session, actor, *what, before=before, after=shown(row))
    return row


def shown(row: Dated) -> Shown:
    """Return a row as the log keeps it: what was said, without keys, places and moments of writing."""
    columns = (c.key for c in inspect(type(row)).columns if not c.primary_key and c.key not in ("geom", "decided_at"))
    values = {name: getattr(row, name) for name in columns}
    return {name: str(v) if isinstance(v, date) else v for name, v in values.items() if v is not None}
