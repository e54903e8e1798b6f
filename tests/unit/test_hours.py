"""Opening rules: what is on duty, minute by minute, and what cannot be a rule."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.errors import InputError
from gridmgmt.hours import (
    DAYS,
    MINUTES_PER_DAY,
    MINUTES_PER_WEEK,
    Hours,
    parse_hours,
    rules_of_text,
    text_of_rules,
    text_of_span,
)

MONDAY = datetime(2026, 1, 4, 16, 0, tzinfo=UTC)
"""The first moment of Monday, 5 January 2026, in Shanghai."""

REFUSED = [
    ({}, "hours_empty"),
    ({"mon": []}, "hours_empty"),
    ({"monday": ["08:00-09:00"]}, "hours_day_unknown"),
    ({"fri-mon": ["08:00-09:00"]}, "hours_day_unknown"),
    ({"mon-": ["08:00-09:00"]}, "hours_day_unknown"),
    ({"mon-wed": ["08:00-09:00"], "tue": ["10:00-11:00"]}, "hours_day_twice"),
    ({"mon": ["8:00-09:00"]}, "hours_span_malformed"),
    ({"mon": ["08:00"]}, "hours_span_malformed"),
    ({"mon": ["08:00-24:01"]}, "hours_span_malformed"),
    ({"mon": ["24:00-08:00"]}, "hours_span_malformed"),
    ({"mon": ["08:00-08:00"]}, "hours_span_malformed"),
    ({"mon": ["08:00-12:00", "11:59-13:00"]}, "hours_overlap"),
    ({"mon": ["22:00-06:00"], "tue": ["05:00-12:00"]}, "hours_overlap"),
    ({"sun": ["22:00-06:00"], "mon": ["05:59-12:00"]}, "hours_overlap"),
]


@pytest.mark.parametrize(("rules", "code"), REFUSED)
def test_what_cannot_be_a_rule_is_refused(rules, code) -> None:
    with pytest.raises(InputError) as refused:
        parse_hours(rules)
    assert refused.value.code == code
    assert refused.value.message("en")
    assert refused.value.message("zh")


def test_all_week_is_one_stretch() -> None:
    assert parse_hours({"mon-sun": ["00:00-24:00"]}) == Hours(((0, MINUTES_PER_WEEK),))


def test_a_night_runs_into_the_next_day_and_sunday_s_into_monday() -> None:
    night = parse_hours({"fri": ["22:00-06:00"], "sun": ["22:00-06:00"]})
    assert night.minutes == 2 * 8 * 60
    hour = timedelta(hours=1)
    on_duty = [h for h in range(7 * 24) if night.on_duty(MONDAY + h * hour)]
    assert on_duty == [*range(6), *range(4 * 24 + 22, 5 * 24 + 6), 6 * 24 + 22, 6 * 24 + 23]


def test_the_end_is_off_duty() -> None:
    office = parse_hours({"mon-fri": ["08:30-17:30"]})
    half_past = MONDAY + timedelta(hours=17, minutes=30)
    assert not office.on_duty(half_past)
    assert office.on_duty(half_past - timedelta(microseconds=1))


def test_a_line_of_a_table_is_the_same_as_rules() -> None:
    line = "mon-fri 08:30-12:00,13:00-17:30; sat 20:00-06:00"
    assert text_of_rules(rules_of_text(line)) == line
    assert rules_of_text("mon-fri 08:30-12:00，13:00-17:30；sat 20:00-06:00") == rules_of_text(line)
    for wrong in ("08:30-17:30", "mon", "mon 8-17"):
        with pytest.raises(InputError):
            parse_hours(rules_of_text(wrong))


def test_a_stretch_reads_as_days_and_times() -> None:
    assert [text_of_span(span) for span in ((0, 60), (1380, 1500), (0, MINUTES_PER_WEEK))] == [
        "mon 00:00-01:00", "mon 23:00-tue 01:00", "mon 00:00-sun 24:00",
    ]  # fmt: skip


SPANS = st.tuples(st.integers(0, MINUTES_PER_DAY - 1), st.integers(0, MINUTES_PER_DAY)).filter(lambda s: s[0] != s[1])


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


@given(
    st.dictionaries(st.sampled_from(DAYS), st.lists(SPANS, max_size=3)), st.dictionaries(st.sampled_from(DAYS), SPANS)
)
def test_minute_by_minute(drawn, required) -> None:
    """Against a set of minutes: what is on duty, how much it is, and what others have beyond it."""

    def minutes(days) -> list[int]:
        return [
            (DAYS.index(day) * MINUTES_PER_DAY + minute) % MINUTES_PER_WEEK
            for day, spans in days.items()
            for begin, end in spans
            for minute in range(begin, end if end > begin else end + MINUTES_PER_DAY)
        ]

    def rules(days) -> dict[str, list[str]]:
        return {day: [f"{clock(begin)}-{clock(end)}" for begin, end in spans] for day, spans in days.items()}

    mine = minutes(drawn)
    if not mine or len(set(mine)) < len(mine):
        with pytest.raises(InputError):
            parse_hours(rules(drawn))
        return
    hours = parse_hours(rules(drawn))
    assert hours.minutes == len(mine)
    assert {m for begin, end in hours.spans for m in range(begin, end)} == set(mine)
    assert all(one[1] < other[0] for one, other in zip(hours.spans, hours.spans[1:], strict=False))
    wanted = {day: [span] for day, span in required.items()}
    others = minutes(wanted)
    if others and len(set(others)) == len(others):
        left = parse_hours(rules(wanted)).without(hours)
        assert {m for begin, end in left.spans for m in range(begin, end)} == set(others) - set(mine)
