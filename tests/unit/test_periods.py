"""The period that another is compared with."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.indicators.rules import Compare, Period


def days(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("period", "month", "year"),
    [
        (("2026-10-01", "2026-10-31"), ("2026-09-01", "2026-09-30"), ("2025-10-01", "2025-10-31")),
        (("2026-11-01", "2026-11-23"), ("2026-10-01", "2026-10-23"), ("2025-11-01", "2025-11-23")),
        (("2026-11-01", "2026-11-01"), ("2026-10-01", "2026-10-01"), ("2025-11-01", "2025-11-01")),
        (("2026-03-01", "2026-03-30"), ("2026-02-01", "2026-02-28"), ("2025-03-01", "2025-03-30")),
        (("2028-02-01", "2028-02-28"), ("2028-01-01", "2028-01-28"), ("2027-02-01", "2027-02-28")),
        (("2028-02-01", "2028-02-29"), ("2028-01-01", "2028-01-31"), ("2027-02-01", "2027-02-28")),
        (("2026-01-01", "2026-01-23"), ("2025-12-01", "2025-12-23"), ("2025-01-01", "2025-01-23")),
        (("2026-07-01", "2026-09-30"), ("2026-04-01", "2026-06-30"), ("2025-07-01", "2025-09-30")),
        (("2026-01-01", "2026-12-31"), ("2025-01-01", "2025-12-31"), ("2025-01-01", "2025-12-31")),
        (("2026-11-02", "2026-11-23"), ("2026-10-11", "2026-11-01"), ("2025-11-02", "2025-11-23")),
        (("2026-10-01", "2026-11-23"), ("2026-08-08", "2026-09-30"), ("2025-10-01", "2025-11-23")),
        (("2028-02-29", "2028-03-01"), ("2028-02-27", "2028-02-28"), ("2027-02-28", "2027-03-01")),
        (("0001-01-01", "0001-01-31"), ("0001-01-01", "0001-01-01"), ("0001-01-01", "0001-01-01")),
    ],
)
def test_what_a_period_is_compared_with(period: tuple[str, str], month: tuple[str, str], year: tuple[str, str]) -> None:
    assert days(*period).before(Compare.MONTH) == days(*month)
    assert days(*period).before(Compare.YEAR) == days(*year)


@given(first=st.dates(date(1990, 1, 1), date(2090, 1, 1)), length=st.integers(1, 800))
def test_a_period_before_ends_before_and_is_as_long(first: date, length: int) -> None:
    period = Period(first, first + timedelta(days=length - 1))
    before = period.before(Compare.MONTH)
    assert before.first <= before.last < period.first
    if period.whole_months:
        assert before.whole_months == period.whole_months
        assert before.last == first - timedelta(days=1)
    elif first.day == 1 and length < monthrange(first.year, first.month)[1]:
        assert before.first.day == 1
        assert before.last.day == min(length, monthrange(before.last.year, before.last.month)[1])
    else:
        assert (before.last - before.first).days == length - 1
        assert before.last == first - timedelta(days=1)
