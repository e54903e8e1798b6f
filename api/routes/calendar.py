"""Working days and hours, and when time limits end."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.access import Caller, asks
from api.calendar_schemas import (
    CalendarDayAsk,
    CalendarDayOut,
    CalendarOut,
    CalendarYearAsk,
    CalendarYearOut,
    DeadlineOut,
    WorkHoursAsk,
    WorkHoursList,
    WorkHoursOut,
)
from api.context import Context, RequestSession
from api.routes import PREFIX
from api.schemas import Moment
from gridmgmt.access.rules import Permission
from gridmgmt.calendars import service
from gridmgmt.calendars.rules import FIRST_DAY, LAST_DAY, DayKind, LocalDay, TimeLimit, TimeUnit, WorkCalendar
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.errors import NotFoundError

router = APIRouter(prefix=f"{PREFIX}/calendar", tags=["work calendar"], dependencies=[asks(Permission.READ)])
writes = [asks(Permission.CATALOGUE_WRITE)]


def _path_day(day: Annotated[str, Path(max_length=64, description="As 2027-01-31.")]) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError as error:
        raise NotFoundError("calendar_day_unknown", value=day) from error


def _path_year(year: Annotated[str, Path(max_length=64, description="As 2027.")]) -> int:
    known = str(year).isascii() and year.isdecimal() and FIRST_DAY.year <= int(year) <= LAST_DAY.year
    if not known:
        raise NotFoundError("calendar_year_unknown", value=year)
    return int(year)


PathDay = Annotated[date, Depends(_path_day)]
PathYear = Annotated[int, Depends(_path_year)]


@router.get("", summary="Which days are worked")
def list_days(
    session: RequestSession,
    context: Context,
    first: Annotated[date | None, Query(alias="from", description="First day; today without it.")] = None,
    last: Annotated[date | None, Query(alias="to", description="Last day; 30 days later without it.")] = None,
) -> CalendarOut:
    """List the days of the work calendar with what makes them working days or not, and their hours."""
    calendar = service.load(session)
    first = first or context.today()
    last = last or min(first, LAST_DAY - timedelta(days=30)) + timedelta(days=30)
    items = [_day(calendar, day.day) for day in calendar.days_between(first, last)]
    return CalendarOut(known_until=calendar.known_until, items=items)


@router.put("/days/{day}", summary="Say whether a day is worked", dependencies=writes)
def set_day(session: RequestSession, actor: Caller, day: PathDay, ask: CalendarDayAsk) -> CalendarDayOut:
    """Set a day, whatever the week and the State Council say; deadlines that are told already stay."""
    service.set_day(session, actor, day, ask.kind, name=ask.name, reason=ask.reason)
    return _day(service.load(session), day)


@router.delete("/days/{day}", summary="Leave a day to the week again", dependencies=writes)
def clear_day(session: RequestSession, actor: Caller, day: PathDay) -> CalendarDayOut:
    """Take back what is set for a day: the week and the State Council say again whether it is worked."""
    service.clear_day(session, actor, day)
    return _day(service.load(session), day)


@router.put("/years/{year}", summary="Set the holidays of a year", dependencies=writes)
def set_year(session: RequestSession, actor: Caller, year: PathYear, ask: CalendarYearAsk) -> CalendarYearOut:
    """Set all days of a year that differ from the plain week, as announced; what was set for it before is replaced."""
    days = {each.day: LocalDay(each.kind, each.name, ask.source) for each in ask.days}
    service.set_year(session, actor, year, days, source=ask.source)
    return CalendarYearOut(year=year, days=len(days), known_until=service.load(session).known_until)


@router.get("/hours", summary="The hours of working days")
def list_hours(session: RequestSession) -> WorkHoursList:
    """List the hours of a working day, each from a day on."""
    found = service.load(session).hours_from
    return WorkHoursList(items=[WorkHoursOut(valid_from=day, spans=list(spans)) for day, spans in found.items()])


@router.put("/hours", summary="Set the hours of working days", dependencies=writes)
def set_hours(session: RequestSession, actor: Caller, ask: WorkHoursAsk) -> WorkHoursOut:
    """Set the hours of a working day from a day on."""
    service.set_hours(session, actor, ask.valid_from, ask.spans, reason=ask.reason)
    return WorkHoursOut(valid_from=ask.valid_from, spans=ask.spans)


@router.get("/deadline", summary="When a time limit ends")
def read_deadline(
    session: RequestSession,
    begin: Annotated[
        Moment,
        Query(
            description="When it begins, with its offset from UTC.",
            openapi_examples={"星期五下午": {"value": "2015-03-06T16:30:00+08:00"}},
        ),
    ],
    amount: Annotated[
        float, Query(description="How much, in tenths of the unit.", openapi_examples={"3": {"value": 3}})
    ],
    unit: Annotated[TimeUnit, Query(description="What is counted.")],
) -> DeadlineOut:
    """Tell the moment at which a time limit ends, by the working days and hours that are set."""
    calendar, limit = service.load(session), TimeLimit(amount, unit)
    found = calendar.deadline(begin, limit)
    soon = calendar.due_soon(begin, found.at, limit)
    return DeadlineOut(
        begin=begin.astimezone(LOCAL_ZONE),
        amount=amount,
        unit=unit,
        at=found.at.astimezone(LOCAL_ZONE),
        due_soon_at=soon.astimezone(LOCAL_ZONE),
        provisional=found.provisional,
    )


def _day(calendar: WorkCalendar, day: date) -> CalendarDayOut:
    found = calendar.day(day)
    hours = list(calendar.hours_on(day)) if found.kind is DayKind.WORK else []
    return CalendarDayOut(**found._asdict(), hours=hours)
