"""Reading working time."""

from uuid import UUID

from sqlalchemy import select

from gridmgmt.calendars.models import CalendarDayRow, CalendarRevision, CalendarYear, WorkHoursRow
from gridmgmt.calendars.rules import DayKind, LocalDay, WorkCalendar
from gridmgmt.db import Session


def revision(session: Session) -> UUID:
    """Return by which tables time is told; equal revisions mean equal tables."""
    return session.execute(select(CalendarRevision.revision)).scalar_one()


def work_calendar(session: Session) -> WorkCalendar:
    """Return the calendar that the tables make, in the district's time zone."""
    days = session.scalars(select(CalendarDayRow).order_by(CalendarDayRow.day))
    hours = session.scalars(select(WorkHoursRow).order_by(WorkHoursRow.valid_from))
    return WorkCalendar(
        days={row.day: LocalDay(DayKind(row.kind), row.name, row.reason) for row in days},
        hours={row.valid_from: tuple(row.spans) for row in hours},
        known_years=frozenset(session.scalars(select(CalendarYear.year))),
    )
