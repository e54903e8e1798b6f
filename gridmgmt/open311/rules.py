"""Requests as GeoReport v2 has them: what their state is told as, and which are asked for; no database.

The specification: https://wiki.open311.org/GeoReport_v2/. Where each of its sentences is kept stands in
``docs/open311.md``.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from gridmgmt.cases.rules import ENDED, CaseState
from gridmgmt.clock import LOCAL_ZONE, end_of_day
from gridmgmt.errors import GridMgmtError, InputError, NotFoundError

MOST_REQUESTS = 1_000
"""So many requests are in one answer at most, and without a size of pages."""
LONGEST_SPAN = timedelta(days=90)
"""Longer spans are refused; without dates the last 90 days are answered."""
LONGEST_BULK_SPAN = timedelta(days=366)
"""Of the file of many requests (a choice of this project)."""
LAST_PAGE = 100_000

T = TypeVar("T")
U = TypeVar("U")
Given = Mapping[str, str | None]
"""Parameters by name; an empty one counts as not given."""

_LOST_PLUS = re.compile(r" (\d\d:\d\d)$")
"""``+08:00`` whose plus the address of a request has turned into a space."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SHOWN = 80


class Status(StrEnum):
    """The two states of GeoReport v2."""

    OPEN = "open"
    CLOSED = "closed"


class DetailedStatus(StrEnum):
    """The states that CitySDK adds to those of GeoReport v2."""

    RECEIVED = "RECEIVED"
    IN_PROCESS = "IN_PROCESS"
    PROCESSED = "PROCESSED"
    REJECTED = "REJECTED"


DETAILED: Mapping[CaseState, DetailedStatus] = MappingProxyType(
    {
        **dict.fromkeys(CaseState, DetailedStatus.IN_PROCESS),
        CaseState.REPORTED: DetailedStatus.RECEIVED,
        CaseState.ACCEPTED: DetailedStatus.RECEIVED,
        CaseState.CONFIRMED: DetailedStatus.RECEIVED,
        CaseState.SUPPLEMENT: DetailedStatus.RECEIVED,
        CaseState.CLOSED: DetailedStatus.PROCESSED,
        CaseState.REJECTED: DetailedStatus.REJECTED,
        CaseState.DUPLICATE: DetailedStatus.REJECTED,
        CaseState.VOIDED: DetailedStatus.REJECTED,
    }
)
"""Received until it is registered; a duplicate is rejected, and its notes name the request that goes on."""
ELSEWHERE = frozenset({"PENDING", "ARCHIVED"})
"""Words of other servers with this extension, which clients ask for beside the rest; no case here is told as one."""


def status_of(state: CaseState) -> Status:
    """Return what a state is told as: closed is what nobody works on any more, for whatever reason."""
    return Status.CLOSED if state in ENDED else Status.OPEN


class Errors:
    """Collects all that is wrong with a request, so that it is told at once."""

    def __init__(self) -> None:
        self._found: list[GridMgmtError] = []

    def value(self, reading: Callable[[], T], otherwise: U) -> T | U:
        """Return what is read, or something else after noting why it cannot be."""
        try:
            return reading()
        except GridMgmtError as error:
            self._found.append(error)
            return otherwise

    def raise_any(self) -> None:
        """Raise what was noted, if anything was.

        Raises
        ------
        ExceptionGroup
            Of errors of the project.
        """
        if self._found:
            raise ExceptionGroup("open311", self._found)


@dataclass(frozen=True)
class Asked:
    """Which requests are asked for.

    ``service_request_ids`` overrides all else. ``states`` is None for all. ``start`` and ``end`` are included; each is
    None where nothing bounds the time on its side.
    """

    service_request_ids: Sequence[str] = ()
    service_codes: Sequence[str] = ()
    states: frozenset[CaseState] | None = None
    start: datetime | None = None
    end: datetime | None = None
    updated_after: datetime | None = None
    page: int = 1
    page_size: int = MOST_REQUESTS


def asked(given: Given, now: datetime, *, longest: timedelta = LONGEST_SPAN) -> Asked:
    """Return the question that the parameters of an address ask.

    Raises
    ------
    ExceptionGroup
        Of one `InputError` for each parameter that cannot be used.
    """
    errors = Errors()
    ids = errors.value(lambda: _ids(given.get("service_request_id")), ())
    if ids:
        return Asked(service_request_ids=ids)
    states = errors.value(lambda: _states(given), None)
    start, end = errors.value(lambda: _span(given, now, longest), (None, None))
    updated_after = errors.value(lambda: _moment("updated_after", given.get("updated_after")), None)
    page = errors.value(lambda: _count("page", given.get("page"), 1, LAST_PAGE), 1)
    page_size = errors.value(lambda: _count("page_size", given.get("page_size"), MOST_REQUESTS, MOST_REQUESTS), 1)
    errors.raise_any()
    return Asked((), listed(given.get("service_code")), states, start, end, updated_after, page, page_size)


def jurisdiction(given: str | None, districts: Iterable[str]) -> str | None:
    """Return the district to which an answer is confined; None where there are not several.

    Raises
    ------
    NotFoundError
        ``open311_jurisdiction_unknown``.
    InputError
        ``open311_jurisdiction_missing`` where there are several.
    """
    known = sorted(districts)
    if given and given not in known:
        names = ", ".join(known) or "—"
        raise NotFoundError("open311_jurisdiction_unknown", field="jurisdiction_id", value=given[:_SHOWN], known=names)
    if not given and len(known) > 1:
        raise InputError("open311_jurisdiction_missing", field="jurisdiction_id", known=", ".join(known))
    return given if len(known) > 1 else None


def listed(value: str | None) -> tuple[str, ...]:
    """Return the parts of a comma-delimited list, each once.

    >>> listed("0101, 0102,,0101"), listed(None)
    (('0101', '0102'), ())
    """
    return tuple(dict.fromkeys(part.strip() for part in (value or "").split(",") if part.strip()))


def _ids(value: str | None) -> tuple[str, ...]:
    ids = listed(value)
    if len(ids) > MOST_REQUESTS:
        raise InputError("open311_too_many_ids", field="service_request_id", value=len(ids), maximum=MOST_REQUESTS)
    return ids


def _states(given: Given) -> frozenset[CaseState] | None:
    """Return the states of cases that both ``status`` and ``detailed_status`` leave, None for all."""
    told = {
        "status": {s: str(status_of(s)) for s in CaseState},
        "detailed_status": {s: str(DETAILED[s]) for s in CaseState},
    }
    found = frozenset(CaseState)
    for name, as_told in told.items():
        wanted, known = listed(given.get(name)), dict.fromkeys(as_told.values())
        for each in wanted:
            if each not in known and not (name == "detailed_status" and each in ELSEWHERE):
                raise InputError("open311_status_unknown", field=name, value=each[:_SHOWN], known=", ".join(known))
        if wanted:
            found &= {state for state in CaseState if as_told[state] in wanted}
    return None if len(found) == len(CaseState) else found


def _span(given: Given, now: datetime, longest: timedelta) -> tuple[datetime | None, datetime | None]:
    """Return the first and last moment of what is asked for.

    Where one of the two is given, the other lies 90 days from it. Where neither is, the last 90 days are meant, unless
    ``updated_after`` says which time is meant.
    """
    start, end = _moment("start_date", given.get("start_date")), _last_moment(given.get("end_date"))
    if start is None and end is None:
        return (None if given.get("updated_after") else now - LONGEST_SPAN), None
    if start is None or end is None:
        return start or _apart(end, -LONGEST_SPAN), end or _apart(start, LONGEST_SPAN)
    if end < start:
        raise InputError("open311_dates_reversed", field="end_date", value=end.isoformat(), start=start.isoformat())
    if end - start > longest:
        raise InputError("open311_span_too_long", field="end_date", value=(end - start).days, days=longest.days)
    return start, end


def _apart(moment: datetime | None, by: timedelta) -> datetime | None:
    try:
        return None if moment is None else moment + by
    except OverflowError:  # before the first year or after the last there is nothing
        return None


def _last_moment(value: str | None) -> datetime | None:
    """Return the last moment that counts: of a day its last."""
    text = (value or "").strip()
    if _DAY.fullmatch(text) is None:
        return _moment("end_date", text)
    try:
        return end_of_day(_day("end_date", text)) - timedelta(microseconds=1)
    except OverflowError:
        return None


def _moment(name: str, value: str | None) -> datetime | None:
    """Return a moment in a form of W3C's note on dates: a day of the district, or a time with its offset."""
    text = _LOST_PLUS.sub(r"+\1", (value or "").strip())
    if not text:
        return None
    if _DAY.fullmatch(text) is not None:
        return datetime.combine(_day(name, text), time(), LOCAL_ZONE)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("open311_date_malformed", field=name, value=text[:_SHOWN]) from error
    if found.tzinfo is None:
        raise InputError("open311_date_malformed", field=name, value=text[:_SHOWN])
    return found


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError("open311_date_malformed", field=name, value=text) from error


def _count(name: str, value: str | None, otherwise: int, most: int) -> int:
    text = (value or "").strip()
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise InputError("open311_page_out_of_range", field=name, value=text[:_SHOWN], maximum=most)
    return int(text)
