"""The work calendar of a data folder: what is loaded, and what is set."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from gridmgmt.access import service as access
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.calendars import queries
from gridmgmt.calendars.models import CalendarDayRow, CalendarRevision, CalendarYear, WorkHoursRow
from gridmgmt.calendars.rules import FIRST_DAY, LAST_DAY, DayKind, LocalDay, WorkCalendar, parse_hours, require_in_range
from gridmgmt.db import Session
from gridmgmt.errors import InputError, NotFoundError

_LOADED: dict[UUID, WorkCalendar] = {}
_MOST_LOADED = 8
_IN_TRANSACTION = "work_calendar"


def load(session: Session, revision: UUID | None = None) -> WorkCalendar:
    """Return the work calendar, kept by this process for as long as its tables stay the same.

    Asks the database once a transaction, and for nothing where the caller has read the revision with something else.

    Parameters
    ----------
    revision
        Of :class:`CalendarRevision`, read in this transaction.
    """
    kept = session.info.get(_IN_TRANSACTION)
    if kept is not None and kept[0] is not None and kept[0] is session.get_transaction():
        calendar: WorkCalendar = kept[1]
        return calendar
    revision = revision or queries.revision(session)
    found = _LOADED.get(revision)
    if found is None:
        found = queries.work_calendar(session)
        while len(_LOADED) >= _MOST_LOADED:
            _LOADED.pop(next(iter(_LOADED)), None)
        _LOADED[revision] = found
    session.info[_IN_TRANSACTION] = (session.get_transaction(), found)
    return found


def set_day(
    session: Session, actor: Actor, day: date, kind: DayKind, *, name: str | None = None, reason: str | None = None
) -> None:
    """Say whether a day is worked, whatever the week and the State Council say.

    Raises
    ------
    InputError
        ``calendar_range``.
    ForbiddenError
        Without the right to write the catalogue everywhere.
    """
    access.require(actor, Permission.CATALOGUE_WRITE)
    require_in_range(day)
    row = session.get(CalendarDayRow, day)
    before = _day(row) if row else None
    if row is None:
        row = CalendarDayRow(day=day)
        session.add(row)
    row.kind, row.name, row.reason = kind, name, reason
    _renew(session)
    access.record(session, actor, "calendar.set_day", f"calendar:{day}", before=before, after=_day(row))


def clear_day(session: Session, actor: Actor, day: date) -> None:
    """Leave a day to the week and the State Council again.

    Raises
    ------
    NotFoundError
        ``calendar_day_unknown`` when nothing is set for it.
    """
    access.require(actor, Permission.CATALOGUE_WRITE)
    row = session.get(CalendarDayRow, day)
    if row is None:
        raise NotFoundError("calendar_day_unknown", value=day)
    session.delete(row)
    _renew(session)
    access.record(session, actor, "calendar.clear_day", f"calendar:{day}", before=_day(row))


def set_year(session: Session, actor: Actor, year: int, days: Mapping[date, LocalDay], *, source: str) -> None:
    """Set all holidays and make-up working days of a year, as announced: deadlines in it are provisional no more.

    What was set for days of the year before is replaced.

    Parameters
    ----------
    days
        All days that differ from the plain week.
    source
        The notice that announced them.

    Raises
    ------
    InputError
        ``calendar_other_year`` when a day is of another year; ``calendar_range``.
    """
    access.require(actor, Permission.CATALOGUE_WRITE)
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        raise InputError("calendar_range", value=year, first=FIRST_DAY, last=LAST_DAY)
    for day in days:
        if day.year != year:
            raise InputError("calendar_other_year", field="days", value=day, year=year)
    whole_year = CalendarDayRow.day.between(date(year, 1, 1), date(year, 12, 31))
    before = {str(row.day): _day(row) for row in session.scalars(select(CalendarDayRow).where(whole_year))}
    session.execute(delete(CalendarDayRow).where(whole_year))
    rows = [
        CalendarDayRow(day=day, kind=entry.kind, name=entry.name, reason=entry.reason) for day, entry in days.items()
    ]
    session.add_all(rows)
    session.merge(CalendarYear(year=year, source=source))
    _renew(session)
    after = {"source": source, **{str(row.day): _day(row) for row in rows}}
    access.record(session, actor, "calendar.set_year", f"calendar:{year}", before=before, after=after)


def set_hours(
    session: Session, actor: Actor, valid_from: date, spans: Sequence[str], *, reason: str | None = None
) -> None:
    """Set the hours of a working day from a day on.

    Raises
    ------
    InputError
        ``work_hours_malformed``, ``calendar_range``.
    """
    access.require(actor, Permission.CATALOGUE_WRITE)
    require_in_range(valid_from)
    parse_hours(spans)
    row = session.get(WorkHoursRow, valid_from)
    before = {"spans": list(row.spans), "reason": row.reason} if row else None
    if row is None:
        row = WorkHoursRow(valid_from=valid_from)
        session.add(row)
    row.spans, row.reason = [span.strip() for span in spans], reason
    _renew(session)
    after = {"spans": row.spans, "reason": reason}
    access.record(session, actor, "calendar.set_hours", f"calendar:{valid_from}", before=before, after=after)


def _renew(session: Session) -> None:
    """Draw a new revision, so that every process loads the calendar anew."""
    session.flush()
    session.execute(update(CalendarRevision).values(revision=func.gen_random_uuid()))
    session.info.pop(_IN_TRANSACTION, None)


def _day(row: CalendarDayRow) -> dict[str, Any]:
    return {"kind": row.kind, "name": row.name, "reason": row.reason}
