"""Opening hours of the map, minute by minute, against hours written down by hand."""

from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.hours import MINUTES_PER_DAY, MINUTES_PER_WEEK, parse_hours
from gridmgmt.ingest.opening_hours import rules_of_opening_hours

OSM_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
CLOCK = st.integers(0, MINUTES_PER_DAY - 1)
SPANS = st.lists(CLOCK, min_size=2, max_size=6, unique=True).map(sorted).map(
    lambda cuts: list(zip(cuts[::2], cuts[1::2], strict=False))
)  # fmt: skip
DAYS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=3)
RULES = st.lists(st.tuples(DAYS, st.one_of(SPANS, st.just([]))), min_size=1, max_size=4)


def days_of(ranges: list[tuple[int, int]]) -> set[int]:
    found = set()
    for first, last in ranges:
        day = first
        found.add(day)
        while day != last:
            day = (day + 1) % 7
            found.add(day)
    return found


def clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02d}"


@given(rules=RULES)
def test_a_later_rule_for_a_day_counts_and_every_minute_is_right(
    rules: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]],
) -> None:
    open_at = [False] * MINUTES_PER_WEEK
    written = []
    for ranges, spans in rules:
        names = ",".join(
            OSM_DAYS[first] if first == last else f"{OSM_DAYS[first]}-{OSM_DAYS[last]}" for first, last in ranges
        )
        written.append(f"{names} " + (",".join(f"{clock(a)}-{clock(b)}" for a, b in spans) or "off"))
        for day in days_of(ranges):
            begin = day * MINUTES_PER_DAY
            open_at[begin : begin + MINUTES_PER_DAY] = [False] * MINUTES_PER_DAY
            for a, b in spans:
                open_at[begin + a : begin + b] = [True] * (b - a)
    found = rules_of_opening_hours("; ".join(written))
    assert found is not None
    seen = [False] * MINUTES_PER_WEEK
    for first, last in parse_hours(found).spans if found else ():
        seen[first:last] = [True] * (last - first)
    assert seen == open_at
