"""Reading figures of whole areas, and points with the areas they lie in."""

from datetime import date

from sqlalchemy import Select, select

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.db import Session
from gridmgmt.statistics.models import AreaFigure


def figure_of(session: Session, level: AreaLevel, code: str, figure: str, on: date) -> AreaFigure | None:
    """Return what is known of a figure of one area on a day: the newest counted that day or before, None without one.

    Of several for one day the last recorded holds: it corrects the others.
    """
    statement = _newest(figure, level, on).where(AreaFigure.area_code == code)
    return session.scalar(statement)


def figures_of(session: Session, level: AreaLevel, figure: str, on: date) -> dict[str, AreaFigure]:
    """Return what is known of a figure of each area of a level on a day, by code, see :func:`figure_of`."""
    return {row.area_code: row for row in session.scalars(_newest(figure, level, on))}


def _newest(figure: str, level: AreaLevel, on: date) -> Select[AreaFigure]:
    newest_first = (AreaFigure.area_code, AreaFigure.counted_on.desc(), AreaFigure.figure_id.desc())
    return (
        select(AreaFigure)
        .distinct(AreaFigure.area_code)
        .where(AreaFigure.figure == figure, AreaFigure.level == level, AreaFigure.counted_on <= on)
        .order_by(*newest_first)
    )
