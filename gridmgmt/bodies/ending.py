"""Ending what belongs to a body, whether it has begun or not."""

from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select

from gridmgmt.areas.models import Dated
from gridmgmt.db import Session
from gridmgmt.governance.history import end


def holds_from(model: type[Dated], on: date) -> ColumnElement[bool]:
    """Return the condition that a row holds on a day or on a later one."""
    return or_(model.valid_to.is_(None), and_(model.valid_to > on, model.valid_to > model.valid_from))


def end_all(session: Session, model: type[Dated], on: date, *same: ColumnElement[bool]) -> None:
    """End the rows of some conditions on a day; what begins later never holds.

    Raises
    ------
    ConflictError
        ``ended_already`` when one of them ends by itself later.
    """
    for row in session.scalars(select(model).where(*same, holds_from(model, on))).all():
        end(session, row, max(on, row.valid_from))
