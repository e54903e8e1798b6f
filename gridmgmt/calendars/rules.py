"""The clock of cases: working days and hours, and the moment at which a time limit ends.

Every unit of time limits has a measure that only ever grows: how much of the unit has passed since the first day of
the calendar. A deadline is the first moment at which the measure has grown by the limit, pauses left out, and the time
used is how far it has grown. So all units share one piece of arithmetic, in whole microseconds.

Public holidays of China and the weekend days worked in their place come from the package ``chinesecalendar``, which
ends with the last year that was announced when it was released.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache, cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from chinese_calendar.constants import Holiday, holidays, workdays

from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.errors import InputError

FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2199, 12, 31)
"""What a calendar holds; a moment outside is refused."""

DEFAULT_HOURS = ("08:30-12:00", "13:00-17:30")
"""The hours of a working day where none are set: eight, as the State Council's order 174 has them."""

WARNING_SHARE = 0.25
"""A case is due soon when this share of its time limit is left."""

MAX_AMOUNT = 10_000
"""The longest time limit, in its own unit."""

MAX_DAYS = 3_700
"""So many days are listed at once."""

_YEAR_END = (12, 25)
"""Holidays and make-up days of New Year have reached back as far as 29 December, so a year is known until here only."""

_US = 1_000_000
_HOUR_US = 3_600 * _US
_DAY_US = 24 * _HOUR_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = FIRST_DAY.toordinal()
_DAYS = LAST_DAY.toordinal() - _FIRST + 1
_MICROSECOND = timedelta(microseconds=1)
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)

Pause = tuple[datetime, datetime | None]
"""From when until when a clock stands; None while it still does."""


class TimeUnit(StrEnum):
    """What a time limit counts."""

    URGENT_HOURS = "urgent_hours"
    """Hours round the clock."""
    WORKING_HOURS = "working_hours"
    """Hours within working time."""
    WORKING_DAYS = "working_days"
    """Working days, to the same time of the day."""
    CALENDAR_DAYS = "calendar_days"
    """Days of the calendar, to the same time of the day."""

    @property
    def seconds(self) -> int:
        """The seconds of :meth:`WorkCalendar.used_s` that make one of the unit."""
        return 3_600 if self in (TimeUnit.URGENT_HOURS, TimeUnit.WORKING_HOURS) else 86_400

    @property
    def works(self) -> bool:
        """Whether it counts working time only."""
        return self in (TimeUnit.WORKING_HOURS, TimeUnit.WORKING_DAYS)


class DayKind(StrEnum):
    """Whether a day is worked."""

    WORK = "work"
    HOLIDAY = "holiday"


class DaySource(StrEnum):
    """What says so."""

    WEEK = "week"
    """Monday to Friday are worked."""
    NATIONAL = "national"
    """The arrangement of the State Council."""
    LOCAL = "local"
    """The table of this data folder."""


@dataclass(frozen=True)
class TimeLimit:
    """How long something may take: an amount in tenths of its unit, above 0 and up to :data:`MAX_AMOUNT`.

    >>> TimeLimit(1.5, TimeUnit.WORKING_HOURS).seconds
    5400

    Raises
    ------
    InputError
        ``time_limit_malformed``.
    """

    amount: float
    unit: TimeUnit

    def __post_init__(self) -> None:
        if not (0 < self.amount <= MAX_AMOUNT and abs(self.amount * 10 - round(self.amount * 10)) < 1e-6):
            raise InputError("time_limit_malformed", field="amount", value=self.amount, maximum=MAX_AMOUNT)
        object.__setattr__(self, "unit", TimeUnit(self.unit))

    @property
    def seconds(self) -> int:
        """What :meth:`WorkCalendar.used_s` tells when the limit is used up."""
        return round(self.amount * 10) * self.unit.seconds // 10


@dataclass(frozen=True, order=True)
class Deadline:
    """When a time limit ends (UTC). The earlier is the lesser, so ``min`` and ``max`` choose among several.

    ``provisional`` when it counts working days of a year whose holidays are not known yet.
    """

    at: datetime
    provisional: bool = False


@dataclass(frozen=True)
class LocalDay:
    """A day that is worked or not, whatever the week and the State Council say."""

    kind: DayKind
    name: str | None = None
    reason: str | None = None


class CalendarDay(NamedTuple):
    """One day as a calendar has it."""

    day: date
    kind: DayKind
    source: DaySource
    name: str | None
    provisional: bool


class WorkHours(NamedTuple):
    """The spans of a working day in microseconds of local time, in order, and their sum."""

    spans: tuple[tuple[int, int], ...]
    total: int


class _Measures(NamedTuple):
    """Before each day, and after the last: microseconds worked, and days worked, since the first."""

    worked: Sequence[int]
    days: Sequence[int]


def require_in_range(day: date) -> None:
    """Refuse a day that the calendar does not hold.

    Raises
    ------
    InputError
        ``calendar_range``.
    """
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InputError("calendar_range", value=day, first=FIRST_DAY, last=LAST_DAY)


def parse_hours(texts: Sequence[str]) -> WorkHours:
    """Return the hours of a working day, such as ``["08:30-12:00", "13:00-17:30"]``.

    Raises
    ------
    InputError
        ``work_hours_malformed`` when a span is not one, or does not begin after the end of the span before.
    """
    marks: list[int] = []
    for text in texts:
        found = _SPAN.fullmatch(text.strip())
        numbers = [int(number) for number in found.groups()] if found else [0, 0, 0, 0]
        begin, end = (hour * 60 + minute for hour, minute in (numbers[:2], numbers[2:]))
        if not (marks or [-1])[-1] < begin < end <= 24 * 60:
            raise InputError("work_hours_malformed", field="hours", value=", ".join(texts))
        marks += [begin, end]
    if not marks:
        raise InputError("work_hours_malformed", field="hours", value="")
    spans = tuple((begin * 60 * _US, end * 60 * _US) for begin, end in zip(marks[::2], marks[1::2], strict=True))
    return WorkHours(spans, sum(end - begin for begin, end in spans))


@dataclass(frozen=True, eq=False)
class WorkCalendar:
    """The working days and hours of one place; it never changes.

    Parameters
    ----------
    days
        What is set locally, before all else.
    hours
        The hours of a working day, each from a day on; :data:`DEFAULT_HOURS` before the first.
    known_years
        Years whose holidays the local table holds in full.
    zone
        In which its days and hours are meant. Where clocks are put on or back within working time, the hour that is
        lost or gained is not told apart: hours are those of the clock on the wall.
    """

    days: Mapping[date, LocalDay] = field(default_factory=dict)
    hours: Mapping[date, Sequence[str]] = field(default_factory=dict)
    known_years: frozenset[int] = frozenset()
    zone: ZoneInfo = LOCAL_ZONE

    @cached_property
    def known_until(self) -> date:
        """The last day that no announcement to come can make a holiday or a working day."""
        year = max(holidays).year
        while year + 1 in self.known_years:
            year += 1
        return date(year, *_YEAR_END)

    def deadline(self, begin: datetime, limit: TimeLimit, pauses: Sequence[Pause] = ()) -> Deadline:
        """Return when a time limit ends that begins at a moment.

        What begins outside working time begins, in a unit that counts working time, with the next. A limit that is
        used up with the end of a working span ends there, not at the begin of the next span. A working day is to the
        same time of day: more exactly, as much of the working hours lies before the deadline on its day as lay before
        the begin on its own, so half a day is half of its hours. No source that could be had says more than the names
        of the units (docs/decisions/0014).

        Parameters
        ----------
        begin
            Aware.
        pauses
            While the clock stands; in any order, overlapping or not, also before the begin.

        Raises
        ------
        InputError
            ``moment_naive``; ``pause_malformed`` when one ends before it begins; ``clock_stands`` when a pause without
            an end comes before the deadline; ``calendar_range`` outside :data:`FIRST_DAY` to :data:`LAST_DAY`.
        """
        return self._reach(begin, limit.unit, limit.seconds * _US, pauses)

    def used_s(self, begin: datetime, end: datetime, unit: TimeUnit, pauses: Sequence[Pause] = ()) -> float:
        """Return how much of a unit was used between two moments, in seconds; 0 when the end is not after the begin.

        Hours have 3,600 s; a working day or day of the calendar counts as 86,400 s, so that the limit is used up at
        :attr:`TimeLimit.seconds` in every unit.

        Raises
        ------
        InputError
            As :meth:`deadline`; a pause without an end lasts to ``end``.
        """
        return max(0, self._used(begin, end, unit, pauses)) / _US

    def due_soon(
        self,
        begin: datetime,
        deadline: datetime,
        limit: TimeLimit,
        *,
        share: float = WARNING_SHARE,
        pauses: Sequence[Pause] = (),
    ) -> datetime:
        """Return the moment at which a share of the time between a begin and a deadline is left, in the limit's unit.

        The deadline may be another than the limit's own, such as an extended one.

        Parameters
        ----------
        share
            From 0 to 1.
        """
        whole = self._used(begin, deadline, limit.unit, pauses)
        spent = round(whole * (1 - share))
        return self._reach(begin, limit.unit, spent, pauses).at if spent > 0 else min(begin, deadline).astimezone(UTC)

    def bundle(
        self, begin: datetime, limits: Mapping[str, TimeLimit], pauses: Sequence[Pause] = ()
    ) -> dict[str, Deadline]:
        """Return the deadlines of several limits that begin together, the earliest first.

        The first to end and the last are ``min`` and ``max`` of the values.
        """
        found = {name: self.deadline(begin, limit, pauses) for name, limit in limits.items()}
        return dict(sorted(found.items(), key=lambda named: named[1]))

    def day(self, day: date) -> CalendarDay:
        """Return one day; plain weekdays of a year that is not known yet are provisional."""
        if (local := self.days.get(day)) is not None:
            return CalendarDay(day, local.kind, DaySource.LOCAL, local.name, provisional=False)
        if (national := _national().get(day)) is not None:
            return CalendarDay(day, national.kind, DaySource.NATIONAL, national.name, provisional=False)
        kind = DayKind.WORK if day.weekday() < 5 else DayKind.HOLIDAY
        return CalendarDay(day, kind, DaySource.WEEK, None, provisional=day > self.known_until)

    def days_between(self, first: date, last: date) -> list[CalendarDay]:
        """Return the days from one to another, both included.

        Raises
        ------
        InputError
            ``calendar_span`` when the last comes before the first, or more than :data:`MAX_DAYS` days later;
            ``calendar_range``.
        """
        if not 0 <= (last - first).days < MAX_DAYS:
            raise InputError("calendar_span", first=first, last=last, most=MAX_DAYS)
        for day in (first, last):
            require_in_range(day)
        return [self.day(first + timedelta(days=n)) for n in range((last - first).days + 1)]

    @property
    def hours_from(self) -> dict[date, Sequence[str]]:
        """The hours of a working day, each from a day on, in order."""
        return {FIRST_DAY: DEFAULT_HOURS, **dict(sorted(self.hours.items()))}

    def hours_on(self, day: date) -> Sequence[str]:
        """Return the hours that a day has if it is worked."""
        return next(spans for begin, spans in reversed(self.hours_from.items()) if begin <= max(day, FIRST_DAY))

    # --- one piece of arithmetic for all units -------------------------------------------------------------------

    def _reach(self, begin: datetime, unit: TimeUnit, amount: int, pauses: Sequence[Pause]) -> Deadline:
        """Return the first moment at which so much of a unit has passed since a begin."""
        goal = self._measure(unit, begin) + amount
        for stands, goes in _in_order(pauses, begin) if pauses else ():
            before = self._measure(unit, stands)
            if before >= goal:
                break
            if goes is None:
                raise InputError("clock_stands", since=stands.isoformat())
            goal += self._measure(unit, goes) - before
        at = self._moment(unit, goal)
        return Deadline(at, provisional=unit.works and at.astimezone(self.zone).date() > self.known_until)

    def _used(self, begin: datetime, end: datetime, unit: TimeUnit, pauses: Sequence[Pause]) -> int:
        used = self._measure(unit, end) - self._measure(unit, begin)
        for stands, goes in _in_order(pauses, begin) if pauses else ():
            if stands < end:
                until = end if goes is None else min(goes, end)
                used -= self._measure(unit, until) - self._measure(unit, stands)
        return used

    def _measure(self, unit: TimeUnit, moment: datetime) -> int:
        """Return how much of a unit has passed before a moment, in microseconds."""
        if moment.tzinfo is None:
            raise InputError("moment_naive", value=moment.isoformat())
        if unit is TimeUnit.URGENT_HOURS:
            return (moment - _EPOCH) // _MICROSECOND
        wall = moment.astimezone(self.zone)
        day = wall.toordinal() - _FIRST
        if not 0 <= day < _DAYS:
            require_in_range(wall.date())
        time = ((wall.hour * 60 + wall.minute) * 60 + wall.second) * _US + wall.microsecond
        if unit is TimeUnit.CALENDAR_DAYS:
            return day * _DAY_US + time
        worked, total = self._worked(day, time)
        if unit is TimeUnit.WORKING_HOURS:
            return self._measures.worked[day] + worked
        return self._measures.days[day] * _DAY_US + _divided(worked * _DAY_US, total)

    def _worked(self, day: int, time: int) -> tuple[int, int]:
        """Return what is worked before a time of a day, and on the whole day at least 1 to divide by."""
        measures = self._measures
        if measures.days[day + 1] == measures.days[day]:
            return 0, 1
        spans, total = self._hours_of(day)
        return sum(min(time, end) - begin for begin, end in spans if time > begin), total

    def _moment(self, unit: TimeUnit, goal: int) -> datetime:
        """Return the first moment before which so much of a unit has passed, in UTC."""
        if unit is TimeUnit.URGENT_HOURS:
            return _EPOCH + goal * _MICROSECOND
        if unit is TimeUnit.CALENDAR_DAYS:
            day, time = divmod(goal, _DAY_US)
        elif unit is TimeUnit.WORKING_HOURS:
            day = bisect_left(self._measures.worked, goal) - 1
            time = self._time_of(day, goal - self._measures.worked[day])
        else:
            number, share = divmod(goal - 1, _DAY_US)
            day = bisect_left(self._measures.days, number + 1) - 1
            time = self._time_of(day, _divided((share + 1) * self._hours_of(day).total, _DAY_US))
        if not 0 <= day < _DAYS:
            raise InputError("calendar_range", value=f"> {LAST_DAY}", first=FIRST_DAY, last=LAST_DAY)
        wall = datetime.combine(date.fromordinal(_FIRST + day), datetime.min.time()) + time * _MICROSECOND
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def _time_of(self, day: int, worked: int) -> int:
        """Return the time of a working day at which so much of it is worked."""
        for begin, end in self._hours_of(day).spans:
            if worked <= end - begin:
                return begin + worked
            worked -= end - begin
        return _DAY_US

    def _hours_of(self, day: int) -> WorkHours:
        begins, hours = self._editions
        return hours[bisect_right(begins, day) - 1]

    @cached_property
    def _editions(self) -> tuple[list[int], list[WorkHours]]:
        """The first day of each table of hours, from the calendar's first, and the table."""
        tables = self.hours_from
        return [begin.toordinal() - _FIRST for begin in tables], [parse_hours(spans) for spans in tables.values()]

    @cached_property
    def _measures(self) -> _Measures:
        """What is worked before each day, so that no deadline walks through days."""
        works = (np.arange(_FIRST, _FIRST + _DAYS) - 1) % 7 < 5
        for day, entry in (*_national().items(), *self.days.items()):
            works[day.toordinal() - _FIRST] = entry.kind is DayKind.WORK
        begins, hours = self._editions
        total = np.zeros(_DAYS, dtype=np.int64)
        for begin, table in zip(begins, hours, strict=True):
            total[begin:] = table.total
        return _Measures(_before(total * works), _before(works.astype(np.int64)))


@cache
def _national() -> dict[date, LocalDay]:
    """Return the holidays of China and the weekend days worked in their place, by day."""
    names = {holiday.value: holiday.chinese for holiday in Holiday}
    days = {day: LocalDay(DayKind.HOLIDAY, names.get(name, name)) for day, name in holidays.items()}
    return days | {day: LocalDay(DayKind.WORK, names.get(name, name)) for day, name in workdays.items()}


def _in_order(pauses: Sequence[Pause], begin: datetime) -> list[Pause]:
    """Return the pauses after a begin, in order, none touching the next."""
    found: list[Pause] = []
    for stands, goes in sorted(_aware(pauses), key=lambda pause: pause[0]):
        if goes is not None and goes < stands:
            raise InputError("pause_malformed", begin=stands.isoformat(), end=goes.isoformat())
        if goes is not None and goes <= begin:
            continue
        if found and (last := found[-1])[1] is None:
            break
        if found and last[1] is not None and stands <= last[1]:
            found[-1] = (last[0], None if goes is None else max(goes, last[1]))
        else:
            found.append((max(stands, begin), goes))
    return found


def _aware(pauses: Sequence[Pause]) -> Sequence[Pause]:
    for moment in (moment for pause in pauses for moment in pause if moment is not None):
        if moment.tzinfo is None:
            raise InputError("moment_naive", value=moment.isoformat())
    return pauses


def _before(each: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Sequence[int]:
    sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(each)])
    return array("q", sums.tobytes())


def _divided(number: int, by: int) -> int:
    """Return a quotient rounded to the nearest, so that a share of a day and back again is the same moment."""
    return (number + by // 2) // by
