"""What is asked of indicators and what is answered: periods, questions, tallies and the rates made of them."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from gridmgmt.cases.measures import RATIOS, Dimension, Measure, Ratio
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.errors import InputError


class Compare(StrEnum):
    """What a period is compared with."""

    NONE = "none"
    MONTH = "month"
    """The period before: of whole months as many months, of the first days of one the same days of the month before,
    else as many days."""
    YEAR = "year"
    """The same days a year earlier."""


class AreaBasis(StrEnum):
    """In which areas cases are counted."""

    AS_REPORTED = "as_reported"
    """In those that held each case when it was reported."""
    ON = "on"
    """In those in force on a day that was asked for."""
    COMPARED = "compared"
    """In those in force on the last day, because the periods compared saw different ones."""


@dataclass(frozen=True)
class Period:
    """Local days, both included."""

    first: date
    last: date

    @property
    def whole_months(self) -> int:
        """How many calendar months it is, 0 where it begins or ends within one.

        >>> Period(date(2026, 1, 1), date(2026, 2, 28)).whole_months
        2
        """
        whole = self.first.day == 1 and self.last.day == _days(self.last.year, self.last.month)
        return _month(self.last) - _month(self.first) + 1 if whole else 0

    def before(self, compare: Compare | str) -> "Period":
        """Return the period that this one is compared with; nothing is before the first day of the calendar.

        >>> Period(date(2026, 3, 1), date(2026, 3, 31)).before("month")
        Period(first=datetime.date(2026, 2, 1), last=datetime.date(2026, 2, 28))
        >>> Period(date(2026, 3, 1), date(2026, 3, 23)).before("month")
        Period(first=datetime.date(2026, 2, 1), last=datetime.date(2026, 2, 23))
        >>> Period(date(2026, 3, 5), date(2026, 3, 11)).before("month")
        Period(first=datetime.date(2026, 2, 26), last=datetime.date(2026, 3, 4))
        >>> Period(date(2028, 2, 1), date(2028, 2, 29)).before("year")
        Period(first=datetime.date(2027, 2, 1), last=datetime.date(2027, 2, 28))
        """
        begun = self.first.day == 1 and _month(self.first) == _month(self.last)
        if months := 12 if compare == Compare.YEAR else self.whole_months or int(begun):
            whole = bool(self.whole_months)
            return Period(_earlier(self.first, months, to_end=False), _earlier(self.last, months, to_end=whole))
        days = (self.last - self.first).days + 1
        return Period(_days_before(self.first, days), _days_before(self.first, 1))


MOST_DAYS = 3 * 366
"""A period that is asked for is no longer than this."""


def asked_period(first: date | None, last: date | None, today: date) -> Period:
    """Return the period of two days that are asked for; without both the present month up to today.

    Raises
    ------
    InputError
        When one end alone is given, they are in the wrong order, or lie too far apart.
    """
    if first is None and last is None:
        return Period(today.replace(day=1), today)
    if first is None or last is None:
        raise InputError("period_incomplete", field="from" if first is None else "to")
    if first > last:
        raise InputError("period_backwards", field="from", first=first, last=last)
    if (days := (last - first).days + 1) > MOST_DAYS:
        raise InputError("period_too_long", field="to", first=first, last=last, days=days, most=MOST_DAYS)
    return Period(first, last)


@dataclass(frozen=True)
class Question:
    """Which cases are counted, and along what they are told apart.

    Parameters
    ----------
    by
        None for the total alone.
    wanted
        Any filter of the list of cases.
    areas_on
        Count in the areas in force on this day; None in those that held each case when it was reported. An answer
        has the day that it was made for.
    """

    period: Period
    by: Dimension | None
    wanted: CaseFilter
    areas_on: date | None = None
    compare: Compare = Compare.NONE


@dataclass(frozen=True)
class Tally:
    """How many cases each measure counts; one that is missing counts none.

    ``handling_s`` is the time from dispatch to the end of handling, of ``handling_n`` of the cases handled: those that
    were dispatched.
    """

    counts: Mapping[Measure, int] = field(default_factory=dict)
    handling_s: int = 0
    handling_n: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return the tally of both together."""
        counts = {measure: self.counts.get(measure, 0) + other.counts.get(measure, 0) for measure in Measure}
        return Tally(counts, self.handling_s + other.handling_s, self.handling_n + other.handling_n)

    def ratio(self, ratio: Ratio) -> float | None:
        """Return a rate, 0–1; None where nothing is in its denominator.

        >>> Tally({Measure.DUE: 972, Measure.DUE_CLOSED: 911}).ratio(Ratio.CLOSING_RATE)
        0.9372427983539094
        """
        numerator, denominator = (self.counts.get(measure, 0) for measure in RATIOS[ratio])
        return numerator / denominator if denominator else None

    @property
    def mean_handling_s(self) -> float | None:
        """The mean time from dispatch to the end of handling, in seconds; None where nothing was handled."""
        return self.handling_s / self.handling_n if self.handling_n else None


@dataclass(frozen=True)
class Window:
    """Which rows of an answer are told: those after a code, and no more than so many; without any, all."""

    after: str | None = None
    most: int | None = None


@dataclass(frozen=True)
class Indicators:
    """An answer. Each row is of a code, None for the cases that have none; rows without any case are left out."""

    question: Question
    as_of: datetime
    basis: AreaBasis
    total: Tally
    rows: Sequence[tuple[str | None, str, Tally]]
    """Code, name and tally, by code; what has no code comes last."""
    compared: "Indicators | None" = None
    row_count: int | None = None
    """How many rows there are, where ``rows`` are some of them."""


def _month(day: date) -> int:
    return 12 * day.year + day.month - 1


def _days(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _earlier(day: date, months: int, *, to_end: bool) -> date:
    """Return the same day some months earlier, or the last of that month."""
    year, month = divmod(_month(day) - months, 12)
    if year < 1:
        return date.min
    last = _days(year, month + 1)
    return date(year, month + 1, last if to_end else min(day.day, last))


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(max(day.toordinal() - days, 1))
