"""The clock of cases, on days that were worked out by hand and beside a clock that walks from day to day.

Hours of all examples: 08:30-12:00 and 13:00-17:30, eight hours a day, where nothing else is said.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.calendars.rules import (
    FIRST_DAY,
    LAST_DAY,
    DayKind,
    DaySource,
    Deadline,
    LocalDay,
    Pause,
    TimeLimit,
    TimeUnit,
    WorkCalendar,
    parse_hours,
)
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.errors import InputError

CALENDAR = WorkCalendar()
HOURS, DAYS = TimeUnit.WORKING_HOURS, TimeUnit.WORKING_DAYS
URGENT, NATURAL = TimeUnit.URGENT_HOURS, TimeUnit.CALENDAR_DAYS


def at(text: str, zone: ZoneInfo = LOCAL_ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def ends(begin: str, amount: float, unit: TimeUnit, *pauses: tuple[str, str]) -> str:
    """When a limit ends by the clock on the wall."""
    stands = [(at(first), at(last)) for first, last in pauses]
    found = CALENDAR.deadline(at(begin), TimeLimit(amount, unit), stands)
    assert not found.provisional
    assert found.at.tzinfo is UTC
    return f"{found.at.astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("begin", "amount", "end"),
    [
        ("2015-03-06 16:30", 3, "2015-03-09 10:30"),  # Friday: one hour, then two on Monday
        ("2015-03-06 16:30", 1, "2015-03-06 17:30"),  # the end of the day, not the begin of the next
        ("2015-03-06 11:30", 1.5, "2015-03-06 14:00"),  # half an hour before the break, one after it
        ("2015-03-06 12:20", 1.5, "2015-03-06 14:30"),  # begins with the afternoon
        ("2015-03-07 03:00", 0.5, "2015-03-09 09:00"),  # Saturday night: begins on Monday
        ("2015-02-17 16:30", 3, "2015-02-25 10:30"),  # Spring Festival 18–24 February
        ("2015-02-13 16:30", 10, "2015-02-16 09:30"),  # Sunday 15 February was worked, Saturday 14 was not
        ("2015-02-27 16:30", 3, "2015-02-28 10:30"),  # so was Saturday 28 February
        ("2015-03-02 08:30", 40, "2015-03-06 17:30"),  # a whole week
    ],
)
def test_working_hours(begin: str, amount: float, end: str) -> None:
    assert ends(begin, amount, HOURS) == end


@pytest.mark.parametrize(
    ("begin", "amount", "end"),
    [
        ("2015-02-16 10:00", 5, "2015-02-28 10:00"),  # 17, 25, 26, 27, 28 February
        ("2015-02-27 10:00", 2, "2015-03-02 10:00"),  # over the Saturday that was worked
        ("2015-03-06 20:00", 1, "2015-03-09 17:30"),  # in the evening: the whole of Monday
        ("2015-03-06 12:30", 1, "2015-03-09 12:00"),  # in the break: the morning has passed on Monday too
        ("2015-03-07 10:00", 0.5, "2015-03-09 13:30"),  # four of the eight hours of Monday
        ("2015-03-06 13:30", 0.5, "2015-03-06 17:30"),  # the other four
        ("2015-03-06 15:30", 1.5, "2015-03-10 10:30"),  # Monday 15:30, two hours on Monday, two on Tuesday
    ],
)
def test_working_days(begin: str, amount: float, end: str) -> None:
    assert ends(begin, amount, DAYS) == end


def test_urgent_hours_and_calendar_days_do_not_rest() -> None:
    assert ends("2015-02-17 22:30", 3, URGENT) == "2015-02-18 01:30"
    assert ends("2015-02-17 22:30", 1.5, NATURAL) == "2015-02-19 10:30"


def test_a_pause_stops_the_clock_across_a_holiday() -> None:
    """Three hours on Monday, 1.5 on Tuesday, and of 3.5 that are left two before and 1.5 after the break."""
    pause = ("2015-02-17 10:00", "2015-02-25 10:00")
    assert ends("2015-02-16 14:30", 8, HOURS) == "2015-02-17 14:30"
    assert ends("2015-02-16 14:30", 8, HOURS, pause) == "2015-02-25 14:30"
    assert ends("2015-02-16 14:30", 8, HOURS, ("2015-02-18 00:00", "2015-02-24 23:00")) == "2015-02-17 14:30"
    assert ends("2015-02-16 10:00", 1, DAYS, pause) == "2015-02-17 10:00"  # used up when the pause begins
    assert ends("2015-02-16 10:00", 1.5, DAYS, pause) == "2015-02-25 15:00"
    assert ends("2015-02-16 10:00", 3, DAYS, ("2015-02-17 10:00", "2015-02-18 10:00")) == "2015-02-26 17:30"
    assert ends("2015-02-16 10:00", 30, URGENT, pause) == "2015-02-25 16:00"
    assert ends("2015-02-16 10:00", 2, NATURAL, pause) == "2015-02-26 10:00"


def test_pauses_overlap_and_begin_early() -> None:
    early, inner = ("2015-03-05 09:00", "2015-03-06 09:30"), ("2015-03-06 09:00", "2015-03-06 09:10")
    assert ends("2015-03-06 08:30", 1, HOURS, inner, early) == "2015-03-06 10:30"


def test_a_clock_that_stands_has_no_deadline_and_uses_no_time() -> None:
    begin, since = at("2015-03-06 16:30"), at("2015-03-06 17:00")
    with pytest.raises(InputError) as stands:
        CALENDAR.deadline(begin, TimeLimit(3, HOURS), [(since, None)])
    assert stands.value.code == "clock_stands"
    assert CALENDAR.used_s(begin, at("2015-03-20 12:00"), HOURS, [(since, None)]) == 1800
    # A limit that is used up before the pause ends as if there were none.
    assert CALENDAR.deadline(begin, TimeLimit(0.5, HOURS), [(since, None)]).at == since


def test_limits_that_begin_together_end_one_after_the_other() -> None:
    begin = at("2015-03-06 16:30")
    limits = {"whole": TimeLimit(1, DAYS), "handle": TimeLimit(3, HOURS), "dispatch": TimeLimit(0.5, URGENT)}
    found = CALENDAR.bundle(begin, limits)
    assert list(found) == ["dispatch", "handle", "whole"]
    assert (min(found.values()).at, max(found.values()).at) == (at("2015-03-06 17:00"), at("2015-03-09 16:30"))


def test_a_warning_comes_when_a_quarter_is_left() -> None:
    begin, limit = at("2015-03-06 16:30"), TimeLimit(4, HOURS)
    due = CALENDAR.deadline(begin, limit).at
    assert due == at("2015-03-09 11:30")
    assert CALENDAR.due_soon(begin, due, limit) == at("2015-03-09 10:30")
    # Of a deadline that was put off by four hours, a quarter is two.
    assert CALENDAR.due_soon(begin, at("2015-03-09 16:30"), limit) == at("2015-03-09 14:30")
    assert CALENDAR.due_soon(begin, begin, limit) == begin


def test_hours_hold_from_a_day_on() -> None:
    summer = WorkCalendar(hours={date(2015, 6, 1): ("08:00-11:30", "14:00-17:00")})
    limit = TimeLimit(3, HOURS)
    assert summer.deadline(at("2015-05-29 16:30"), limit).at == at("2015-06-01 10:00")
    # Half of Friday's eight hours lie before 13:30; half of Monday's 6.5 before 11:15.
    assert summer.deadline(at("2015-05-29 13:30"), TimeLimit(1, DAYS)).at == at("2015-06-01 11:15")
    assert summer.hours_on(date(2015, 5, 31)) == ("08:30-12:00", "13:00-17:30")


def test_a_local_day_comes_before_all_else() -> None:
    flood = LocalDay(DayKind.HOLIDAY, "防汛")
    local = WorkCalendar(days={date(2015, 3, 9): flood, date(2015, 2, 20): LocalDay(DayKind.WORK)})
    assert local.deadline(at("2015-03-06 16:30"), TimeLimit(3, HOURS)).at == at("2015-03-10 10:30")
    assert local.deadline(at("2015-02-17 16:30"), TimeLimit(3, HOURS)).at == at("2015-02-20 10:30")
    assert local.day(date(2015, 3, 9)) == (date(2015, 3, 9), DayKind.HOLIDAY, DaySource.LOCAL, "防汛", False)
    assert local.day(date(2015, 2, 28))[1:4] == (DayKind.WORK, DaySource.NATIONAL, "春节")
    assert local.day(date(2015, 3, 8))[1:3] == (DayKind.HOLIDAY, DaySource.WEEK)


def test_a_year_without_a_table_is_provisional_until_it_comes() -> None:
    year = CALENDAR.known_until.year + 1
    monday = next(day for day in (date(year, 5, 4 + n) for n in range(7)) if day.weekday() == 0)
    begin = datetime.combine(monday - timedelta(days=3), time(16, 30), LOCAL_ZONE)
    told = CALENDAR.deadline(begin, TimeLimit(3, HOURS))
    assert told == Deadline(datetime.combine(monday, time(10, 30), LOCAL_ZONE).astimezone(UTC), provisional=True)
    assert not CALENDAR.deadline(begin, TimeLimit(3, URGENT)).provisional
    announced = WorkCalendar(days={monday: LocalDay(DayKind.HOLIDAY, "五一")}, known_years=frozenset({year}))
    assert announced.deadline(begin, TimeLimit(3, HOURS)) == Deadline(told.at + timedelta(days=1))
    assert announced.known_until == date(year, 12, 25)
    assert CALENDAR.day(monday).provisional
    assert not announced.day(monday).provisional


def test_the_end_of_the_last_known_year_is_not_certain() -> None:
    """New Year's holiday can begin in December, and days worked for it can lie there."""
    year = CALENDAR.known_until.year
    tables = (chinese_calendar.constants.holidays, chinese_calendar.constants.workdays)
    assert min((day.month, day.day) for table in tables for day in table if day.month == 12) > (12, 25)
    assert CALENDAR.deadline(datetime(year, 12, 28, 2, tzinfo=UTC), TimeLimit(2, DAYS)).provisional


def test_moments_keep_their_offset() -> None:
    same = [
        at("2015-03-06 16:30"),
        at("2015-03-06 08:30", ZoneInfo("UTC")),
        at("2015-03-06 03:30", ZoneInfo("Etc/GMT+5")),
    ]
    assert {CALENDAR.deadline(moment, TimeLimit(3, HOURS)).at for moment in same} == {at("2015-03-09 10:30")}


def test_clocks_put_on_by_an_hour_are_no_trap() -> None:
    """New York put its clocks on in the night to Sunday, 8 March 2015."""
    zone = ZoneInfo("America/New_York")
    there = WorkCalendar(zone=zone)
    begin = at("2015-03-06 16:30", zone)
    found = {unit: there.deadline(begin, TimeLimit(3, unit)).at for unit in (HOURS, NATURAL)}
    assert found == {HOURS: datetime(2015, 3, 9, 14, 30, tzinfo=UTC), NATURAL: datetime(2015, 3, 9, 20, 30, tzinfo=UTC)}
    assert there.deadline(begin, TimeLimit(72, URGENT)).at == datetime(2015, 3, 9, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "act"),
    [
        ("moment_naive", lambda: CALENDAR.deadline(datetime(2015, 3, 6), TimeLimit(3, HOURS))),  # noqa: DTZ001
        ("moment_naive", lambda: CALENDAR.used_s(at("2015-03-06"), datetime(2015, 3, 6), URGENT)),  # noqa: DTZ001
        ("moment_naive", lambda: CALENDAR.deadline(
            at("2015-03-06"), TimeLimit(3, HOURS), [(datetime(2015, 3, 6), None)])),  # noqa: DTZ001
        ("pause_malformed", lambda: CALENDAR.deadline(
            at("2015-03-06"), TimeLimit(3, HOURS), [(at("2015-03-08"), at("2015-03-07"))])),
        ("time_limit_malformed", lambda: TimeLimit(0, HOURS)),
        ("time_limit_malformed", lambda: TimeLimit(0.25, DAYS)),
        ("time_limit_malformed", lambda: TimeLimit(float("nan"), DAYS)),
        ("time_limit_malformed", lambda: TimeLimit(10_001, DAYS)),
        ("calendar_range", lambda: CALENDAR.deadline(at("1969-12-31"), TimeLimit(3, HOURS))),
        ("calendar_range", lambda: CALENDAR.deadline(at("2199-12-31 17:00"), TimeLimit(3, HOURS))),
        ("calendar_range", lambda: CALENDAR.deadline(at("2199-12-31 17:00"), TimeLimit(3, DAYS))),
        ("calendar_range", lambda: CALENDAR.deadline(at("2199-12-31 17:00"), TimeLimit(3, NATURAL))),
        ("work_hours_malformed", lambda: parse_hours([])),
        ("work_hours_malformed", lambda: parse_hours(["08:30-12:00", "11:00-17:00"])),
        ("work_hours_malformed", lambda: parse_hours(["12:00-08:30"])),
        ("work_hours_malformed", lambda: parse_hours(["8-12"])),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused(code: str, act) -> None:
    with pytest.raises(InputError) as refused:
        act()
    assert refused.value.code == code


# --- properties ----------------------------------------------------------------------------------------------------

moments = st.datetimes(datetime(2005, 1, 1), datetime(2024, 12, 1), timezones=st.just(LOCAL_ZONE))  # noqa: DTZ001
tenths = st.integers(1, 600).map(lambda n: n / 10)
units = st.sampled_from(list(TimeUnit))
limits = st.builds(TimeLimit, tenths, units)
lengths = st.timedeltas(timedelta(0), timedelta(days=20))


@st.composite
def pauses(draw, begin: datetime) -> list[Pause]:
    gaps = draw(st.lists(st.tuples(lengths, lengths), max_size=3))
    found, last = [], begin
    for gap, length in gaps:
        found.append((last + gap, last + gap + length))
        last = last + gap + length
    return found


SLACK = timedelta(microseconds=2)
"""Shares of working days are rounded to the microsecond."""


def walked(begin: datetime, hours: float) -> datetime:
    """The end of some working hours, told by a clock that goes through every span of every day."""
    left, day = timedelta(hours=hours), begin.date()
    while True:
        if chinese_calendar.is_workday(day):
            for first, last in ((time(8, 30), time(12)), (time(13), time(17, 30))):
                start = max(begin, datetime.combine(day, first, LOCAL_ZONE))
                span = datetime.combine(day, last, LOCAL_ZONE) - start
                if span > timedelta(0) and left <= span:
                    return start + left
                left -= max(span, timedelta(0))
        day += timedelta(days=1)


@given(moments, tenths)
def test_working_hours_are_those_of_a_clock_that_walks(begin: datetime, hours: float) -> None:
    assert CALENDAR.deadline(begin, TimeLimit(hours, HOURS)).at == walked(begin, hours)


@given(moments, st.integers(1, 60))
def test_whole_working_days_end_at_the_same_time_of_day(begin: datetime, days: int) -> None:
    found = CALENDAR.deadline(begin, TimeLimit(days, DAYS)).at.astimezone(LOCAL_ZONE)
    works = chinese_calendar.is_workday(begin.date())
    if works and (time(8, 30) < begin.time() <= time(12) or time(13) < begin.time() <= time(17, 30)):
        between = (begin.date() + timedelta(days=n) for n in range(1, (found.date() - begin.date()).days + 1))
        assert sum(map(chinese_calendar.is_workday, between)) == days
        assert found.time() == begin.time()


@given(limits, st.data())
def test_a_limit_is_used_up_at_its_deadline(limit: TimeLimit, data: st.DataObject) -> None:
    begin = data.draw(moments)
    stands = data.draw(pauses(begin))
    due = CALENDAR.deadline(begin, limit, stands).at
    assert CALENDAR.used_s(begin, due, limit.unit, stands) == pytest.approx(limit.seconds, abs=2e-6)
    # … and not before it.
    assert CALENDAR.used_s(begin, due - timedelta(seconds=1), limit.unit, stands) < limit.seconds


@given(moments, lengths, tenths, tenths, units)
def test_later_and_longer_never_end_earlier(
    begin: datetime, delay: timedelta, short: float, more: float, unit: TimeUnit
) -> None:
    first = CALENDAR.deadline(begin, TimeLimit(short, unit)).at
    assert CALENDAR.deadline(begin + delay, TimeLimit(short, unit)).at >= first
    assert CALENDAR.deadline(begin, TimeLimit(short + more, unit)).at > first


@given(limits, st.data())
def test_a_pause_puts_the_deadline_off_by_what_it_stops(limit: TimeLimit, data: st.DataObject) -> None:
    """To pause and go on is to begin anew with what is left."""
    begin = data.draw(moments)
    stands = data.draw(pauses(begin))
    whole = CALENDAR.deadline(begin, limit, stands).at
    assert whole >= CALENDAR.deadline(begin, limit).at
    assert CALENDAR.deadline(begin, limit, stands[::-1]).at == whole
    for count, (since, until) in enumerate(stands):
        used = CALENDAR.used_s(begin, since, limit.unit, stands[:count])
        if used < limit.seconds:
            left = round((limit.seconds - used) * 1_000_000)
            resumed = CALENDAR._reach(until, limit.unit, left, stands[count + 1 :]).at
            assert abs(resumed - whole) <= SLACK or _at_a_border(resumed, whole, limit.unit)


def _at_a_border(first: datetime, second: datetime, unit: TimeUnit) -> bool:
    """Whether two moments are the end of a span and the begin of the next, give or take what is rounded."""
    return CALENDAR.used_s(min(first, second), max(first, second), unit) <= 2e-6


@given(moments, lengths, lengths, units, st.data())
def test_time_used_adds_up_over_a_cut(
    begin: datetime, first: timedelta, second: timedelta, unit: TimeUnit, data: st.DataObject
) -> None:
    cut, end = begin + first, begin + first + second
    stands: Sequence[Pause] = data.draw(pauses(begin))
    before, after = CALENDAR.used_s(begin, cut, unit, stands), CALENDAR.used_s(cut, end, unit, stands)
    assert before + after == pytest.approx(CALENDAR.used_s(begin, end, unit, stands), abs=5e-6)
    assert 0 <= before <= first.total_seconds() * (1 if unit is not DAYS else 3)


@given(st.dates(FIRST_DAY, LAST_DAY))
def test_every_day_is_worked_or_not_as_its_table_says(day: date) -> None:
    begin = datetime.combine(day, time(0), LOCAL_ZONE)
    used = CALENDAR.used_s(begin, begin + timedelta(hours=23), HOURS)
    assert used == (8 * 3600 if CALENDAR.day(day).kind is DayKind.WORK else 0)
    if date(2004, 1, 1) <= day <= CALENDAR.known_until:
        assert chinese_calendar.is_workday(day) == (used > 0)
