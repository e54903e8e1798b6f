"""The time zone of the district and the clock that entry points pass down."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gridmgmt.errors import InputError

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]
"""A function that returns the present moment as an aware datetime."""


def system_clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def local_date(moment: datetime) -> date:
    """Return the calendar date of a moment in the district's time zone; the last or first day of all beyond its end."""
    try:
        return moment.astimezone(LOCAL_ZONE).date()
    except OverflowError:
        return moment.date()


def end_of_day(day: date) -> datetime:
    """Return the moment at which a day ends in the district's time zone."""
    return datetime.combine(day + timedelta(days=1), time(), LOCAL_ZONE)


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of a name such as ``Asia/Shanghai``.

    Raises
    ------
    InputError
        When there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError("zone_unknown", value=name) from error
