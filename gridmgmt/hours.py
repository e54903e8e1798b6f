"""Weekly opening rules: on which minutes of the week a post is on duty, or a gate is open.

Written as a mapping of days to spans, ``{"mon-fri": ["08:30-17:30"], "sat": ["20:00-06:00"]}``, or as a line of a
table, ``mon-fri 08:30-17:30; sat 20:00-06:00``. A span whose end is not after its begin runs into the next day; the
end itself is off duty. Public holidays are not told apart.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.errors import InputError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_PER_DAY = 24 * 60
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY

Rules = Mapping[str, Sequence[str]]
Span = tuple[int, int]
"""The first minute of a stretch of the week, Monday 00:00 being 0, and the one after its last."""

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True)
class Hours:
    """The stretches of a week on duty, in order, none touching the next; Sunday night stands cut at midnight."""

    spans: tuple[Span, ...]

    def on_duty(self, at: datetime) -> bool:
        """Tell whether a moment (aware) is on duty, in the district's time."""
        local = at.astimezone(LOCAL_ZONE)
        minute = local.weekday() * MINUTES_PER_DAY + local.hour * 60 + local.minute
        return any(begin <= minute < end for begin, end in self.spans)

    def open_at(self, minute: int) -> bool:
        """Tell whether a minute of the week (see :func:`minute_of_week`) is in them."""
        return any(begin <= minute < end for begin, end in self.spans)

    def without(self, other: "Hours") -> "Hours":
        """Return the stretches of these hours that others do not have."""
        left = list(self.spans)
        for begin, end in other.spans:
            left = [
                piece
                for first, last in left
                for piece in ((first, min(last, begin)), (max(first, end), last))
                if piece[0] < piece[1]
            ]
        return Hours(tuple(left))

    @property
    def minutes(self) -> int:
        """How many minutes of the week these are."""
        return sum(end - begin for begin, end in self.spans)


def parse_hours(rules: Rules) -> Hours:
    """Return the hours that rules by days tell.

    >>> parse_hours({"mon": ["08:30-17:30"], "sun": ["22:00-02:00"]}).spans
    ((0, 120), (510, 1050), (9960, 10080))

    Raises
    ------
    InputError
        ``hours_empty``, ``hours_day_unknown``, ``hours_day_twice``, ``hours_span_malformed``, ``hours_overlap``.
    """
    spans: list[Span] = []
    seen: set[int] = set()
    for days, texts in rules.items():
        for day in _days(days):
            if day in seen:
                raise InputError("hours_day_twice", field="hours", value=days, day=DAYS[day])
            seen.add(day)
            spans += [_span(day, text) for text in texts]
    if not spans:
        raise InputError("hours_empty", field="hours")
    return Hours(_joined(spans))


def rules_of_text(line: str) -> dict[str, list[str]]:
    """Return the rules that a line of a table tells; :func:`parse_hours` says whether they can be.

    >>> rules_of_text("mon-fri 08:30-12:00,13:00-17:30; sat 09:00-12:00")
    {'mon-fri': ['08:30-12:00', '13:00-17:30'], 'sat': ['09:00-12:00']}

    Raises
    ------
    InputError
        ``hours_span_malformed`` where a part names no spans; ``hours_day_twice``.
    """
    rules: dict[str, list[str]] = {}
    for part in filter(None, (piece.strip() for piece in re.split("[;；]", line))):
        days, _, spans = part.partition(" ")
        if days in rules:
            raise InputError("hours_day_twice", field="hours", value=line, day=days)
        rules[days] = [span.strip() for span in re.split("[,，]", spans)]
    return rules


def text_of_rules(rules: Rules) -> str:
    """Return rules as a line of a table.

    >>> text_of_rules({"mon-fri": ["08:30-12:00", "13:00-17:30"]})
    'mon-fri 08:30-12:00,13:00-17:30'
    """
    return "; ".join(f"{days} {','.join(spans)}" for days, spans in rules.items() if spans)


def text_of_span(span: Span) -> str:
    """Return a stretch of the week as people read it.

    >>> text_of_span((1050, 1440)), text_of_span((1440, 4320))
    ('mon 17:30-24:00', 'tue 00:00-wed 24:00')
    """
    (day, begin), (last_day, last) = (divmod(minute, MINUTES_PER_DAY) for minute in (span[0], span[1] - 1))
    end = last + 1
    times = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in (begin, end)]
    return f"{DAYS[day]} {times[0]}-{'' if last_day == day else DAYS[last_day] + ' '}{times[1]}"


def text_of_spans(spans: Iterable[Span]) -> str:
    """Return stretches of the week as people read them; days that follow each other with equal hours are told at once.

    >>> text_of_spans([(day * 1440 + 360, day * 1440 + 1260) for day in range(7)])
    'mon-sun 06:00-21:00'
    >>> text_of_spans([(480, 720), (780, 1020), (1440, 4320)])
    'mon 08:00-12:00, mon 13:00-17:00, tue 00:00-wed 24:00'
    """
    told: list[list[str]] = []
    for begin, end in spans:
        last = text_of_span((begin, end))
        day, hours = last.split(" ", 1)
        before = begin // MINUTES_PER_DAY - 1
        if told and told[-1][1:] == [hours, DAYS[before]] and end <= (before + 2) * MINUTES_PER_DAY:
            told[-1][2] = day
        else:
            told.append([day, hours, day])
    return ", ".join(f"{first if first == last else f'{first}-{last}'} {hours}" for first, hours, last in told)


def minute_of_week(text: str) -> int:
    """Return the minute of the week of a day and a time, Monday 00:00 being 0.

    >>> minute_of_week("wed 10:00")
    3480

    Raises
    ------
    InputError
        ``time_of_week_malformed`` when it is not a day and a time as ``wed 10:00``.
    """
    day, _, time = text.strip().lower().partition(" ")
    found = _TIME.fullmatch(time.strip())
    if day not in DAYS or found is None:
        raise InputError("time_of_week_malformed", field="at", value=text, known=", ".join(DAYS))
    return DAYS.index(day) * MINUTES_PER_DAY + int(found[1]) * 60 + int(found[2])


def _days(text: str) -> range:
    """Return the numbers of the days that ``mon`` or ``mon-fri`` names."""
    first, sign, last = text.strip().lower().partition("-")
    last = last if sign else first
    if first not in DAYS or last not in DAYS or DAYS.index(first) > DAYS.index(last):
        raise InputError("hours_day_unknown", field="hours", value=text, known=", ".join(DAYS))
    return range(DAYS.index(first), DAYS.index(last) + 1)


def _span(day: int, text: str) -> Span:
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise InputError("hours_span_malformed", field="hours", value=text)
    hour, minute, end_hour, end_minute = map(int, found.groups())
    begin, end = hour * 60 + minute, end_hour * 60 + end_minute
    if end > MINUTES_PER_DAY or begin == end:
        raise InputError("hours_span_malformed", field="hours", value=text)
    if end < begin:
        end += MINUTES_PER_DAY
    return day * MINUTES_PER_DAY + begin, day * MINUTES_PER_DAY + end


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans in order, what runs past Sunday at the week's begin, and touching ones as one."""
    of_week = sorted(
        piece
        for begin, end in spans
        for piece in ((begin, min(end, MINUTES_PER_WEEK)), (0, end - MINUTES_PER_WEEK))
        if piece[0] < piece[1]
    )
    joined: list[Span] = []
    for begin, end in of_week:
        if joined and begin < joined[-1][1]:
            raise InputError("hours_overlap", field="hours", value=text_of_span((begin, end)))
        if joined and begin == joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return tuple(joined)
