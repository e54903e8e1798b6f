"""OpenStreetMap's ``opening_hours`` as rules of the week, as far as a gate's hours are commonly written."""

import re
from collections.abc import Mapping, Sequence

from gridmgmt.errors import InputError
from gridmgmt.hours import DAYS, MINUTES_PER_WEEK, parse_hours

HourRules = Mapping[str, Sequence[str]]

ALWAYS: HourRules = {"mon-sun": ("00:00-24:00",)}
NEVER: HourRules = {}

_OSM_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_RULE = re.compile(
    r"(?P<days>(?:(?:mo|tu|we|th|fr|sa|su|ph|sh)(?:\s*[-,]\s*|(?=[\s:]|$)))*)[\s:]*"
    r"(?P<spans>off|closed|\d{1,2}:\d\d\s*-\s*\d{1,2}:\d\d(?:\s*,\s*\d{1,2}:\d\d\s*-\s*\d{1,2}:\d\d)*)"
)
_HOLIDAYS = frozenset({"ph", "sh"})


def rules_of_opening_hours(value: str) -> HourRules | None:
    """Return the rules (see :mod:`gridmgmt.hours`) of a value of ``opening_hours``, None where it is not understood.

    Understood are ``24/7``, days and ranges of days with spans of time, ``off`` and ``closed``; of two rules for one
    day the later counts. What is said of public and school holidays is passed over: a week has none. Months, weeks,
    dates, sunrise and open ends are not understood.

    >>> rules_of_opening_hours("Mo-Fr 06:00-22:00; Sa,Su 7:00-21:00; PH off")
    {'mon-fri': ('06:00-22:00',), 'sat-sun': ('07:00-21:00',)}
    >>> rules_of_opening_hours("sunrise-sunset"), rules_of_opening_hours("off")
    (None, {})
    """
    if value.strip().lower() == "24/7":
        return ALWAYS
    by_day: dict[int, tuple[str, ...]] = {}
    for part in filter(None, (piece.strip().lower() for piece in value.split(";"))):
        rule = _RULE.fullmatch(part)
        days = _days(rule["days"]) if rule is not None else None
        if rule is None or days is None:
            return None
        by_day |= dict.fromkeys(days, _spans(rule["spans"]))
    rules = _by_ranges(by_day)
    try:
        if rules:
            parse_hours(rules)
    except InputError:
        return None
    return rules if by_day else None


def unless_always(rules: HourRules | None) -> HourRules | None:
    """Return rules, None where they cover the whole week or are not known."""
    always = rules is ALWAYS or rules is None or parse_hours(rules).minutes == MINUTES_PER_WEEK
    return None if always else rules


def _days(text: str) -> Sequence[int] | None:
    """Return the numbers of the days that a list names: all where it names none, nothing for holidays alone."""
    found: list[int] = []
    names = [name.strip() for name in text.split(",") if name.strip()]
    for first, sign, last in (name.partition("-") for name in names):
        ends = [first.strip(), last.strip()] if sign else [first.strip()]
        if _HOLIDAYS.issuperset(ends):
            continue
        if not set(ends) <= set(_OSM_DAYS):
            return None
        begin, end = _OSM_DAYS.index(ends[0]), _OSM_DAYS.index(ends[-1])
        found += [day % 7 for day in range(begin, end + (7 if end < begin else 0) + 1)]
    return found if names else range(7)


def _spans(text: str) -> tuple[str, ...]:
    if text in ("off", "closed"):
        return ()
    spans = ("-".join(time.strip().zfill(5) for time in span.split("-")) for span in text.split(","))
    return tuple(spans)


def _by_ranges(by_day: Mapping[int, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return rules of single days with neighbours of the same hours as one range, days without hours left out."""
    ranges: list[list[int]] = []
    for day in sorted(day for day, spans in by_day.items() if spans):
        if ranges and ranges[-1][-1] == day - 1 and by_day[day - 1] == by_day[day]:
            ranges[-1].append(day)
        else:
            ranges.append([day])
    return {"-".join(DAYS[day] for day in sorted({days[0], days[-1]})): by_day[days[0]] for days in ranges}
