"""Which of the areas that a table names lie in another area."""

from datetime import date
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import aliased

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import in_force_on


def lying_in(model: Any, area_id: int, on: date) -> Select[str, str]:  # Any: a table that names areas
    """Return the statement that selects level and code of what a table names, if it is or lies in an area on a day.

    It walks up from the areas that are named, which are few, and not down from the one that may hold 27,000 cells.

    Parameters
    ----------
    model
        A mapped class with the columns ``level`` and ``area_code``.
    area_id
        Of an area in force on the day.
    """
    named = select(model.level, model.area_code).distinct().subquery()
    begin = (
        select(
            named.c.level.label("of_level"), named.c.area_code.label("of_code"), Area.area_id, Area.parent_level,
            Area.parent_code,
        )
        .join(named, and_(Area.level == named.c.level, Area.code == named.c.area_code))
        .where(in_force_on(on))
        .cte("up", recursive=True)
    )  # fmt: skip
    parent = aliased(Area)
    above = (
        select(begin.c.of_level, begin.c.of_code, parent.area_id, parent.parent_level, parent.parent_code)
        .join(begin, and_(parent.code == begin.c.parent_code, parent.level == begin.c.parent_level))
        .where(in_force_on(on, area=parent))
    )
    up = begin.union_all(above)
    return select(up.c.of_level, up.c.of_code).where(up.c.area_id == area_id)
