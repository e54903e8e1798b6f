"""Reading areas."""

from datetime import date

from sqlalchemy import ColumnElement, and_, or_

from gridmgmt.areas.models import Area


def in_force_on(on: date) -> ColumnElement[bool]:
    """Return the condition that an area is in force on a day."""
    return and_(Area.valid_from <= on, or_(Area.valid_to.is_(None), Area.valid_to > on))
