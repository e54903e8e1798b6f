"""What holds for counts at gates without a database: bins, occupancy by conservation, lost gates, bands."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from gridmgmt.errors import InputError

BIN = timedelta(minutes=15)
"""The one length of a bin, aligned to the hour."""
_BIN_MIN = BIN // timedelta(minutes=1)
LEAST_BIN_MIN = 5
"""A shorter bin could hold a single person, and is refused as such."""
CLOCKS_APART = timedelta(minutes=5)
"""So far the clock of a gate may be ahead."""
LOST_AFTER = 2 * BIN
"""A gate from which no bin has come for longer than this is lost."""
MOST_BINS = 960
"""Bins of a push: a day of ten gates, or ten days of one."""
GATE_WITHIN_M = 100
"""So far from the surface of its community a gate may stand."""
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
"""Between which gates count."""

BAND_EDGES = (0, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
"""Where the bands of occupancy begin."""
RATIO_EDGES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Where the bands of newcomers per resident begin."""


class FlowClass(StrEnum):
    """What a gate tells apart; which of them somebody is, the gate decides and forgets."""

    RESIDENT = "resident"
    NEWCOMER = "newcomer"
    VISITOR = "visitor"
    VEHICLE = "vehicle"


PERSON_CLASSES = (FlowClass.RESIDENT, FlowClass.NEWCOMER, FlowClass.VISITOR)
PERSONS = "persons"
"""The classes of persons together, as they are published by the hour."""


@dataclass(frozen=True)
class Bin:
    """How many of a class went in and out through a gate in the quarter of an hour from ``start``."""

    gate: str
    start: datetime
    flow_class: FlowClass
    entered: int
    left: int

    @property
    def bin_id(self) -> str:
        """What the bin is known by: gate, start in UTC, class; nothing else can be said in it.

        >>> Bin("G1", datetime(2026, 1, 5, 8, tzinfo=UTC), FlowClass.VISITOR, 2, 1).bin_id
        'G1/20260105T0800Z/visitor'
        """
        return f"{self.gate}/{self.start.astimezone(UTC):%Y%m%dT%H%MZ}/{self.flow_class}"


def check_bin(each: Bin, *, minutes: int, bin_id: str | None, now: datetime, oldest: datetime) -> None:
    """Refuse a bin that is none.

    Parameters
    ----------
    minutes, bin_id
        As the gate states them; None for an id that is not stated.
    oldest
        Bins that began before are folded into hours already.

    Raises
    ------
    InputError
        ``bin_too_short``, ``bin_length``, ``bin_unaligned``, ``bin_ahead``, ``bin_too_old``, ``bin_id_other``.
    """
    if minutes < LEAST_BIN_MIN:
        raise InputError("bin_too_short", field="minutes", value=minutes, least=LEAST_BIN_MIN)
    if minutes != _BIN_MIN:
        raise InputError("bin_length", field="minutes", value=minutes, length=_BIN_MIN)
    if not is_aligned(each.start, BIN):
        raise InputError("bin_unaligned", field="start", value=each.start.isoformat())
    if each.start > now + CLOCKS_APART - BIN:
        raise InputError("bin_ahead", field="start", value=each.start.isoformat(), now=now.isoformat())
    if each.start < oldest:
        raise InputError("bin_too_old", field="start", value=each.start.isoformat(), oldest=oldest.isoformat())
    if bin_id is not None and bin_id != each.bin_id:
        raise InputError("bin_id_other", field="bin_id", expected=each.bin_id)


def check_day(day: date, *, field: str, first: date = FIRST_DAY, last: date = LAST_DAY) -> None:
    """Refuse a day that is not between two others.

    Raises
    ------
    InputError
        ``gate_day_outside``.
    """
    if not first <= day <= last:
        raise InputError("gate_day_outside", field=field, value=day, first=first, last=last)


def is_aligned(moment: datetime, step: timedelta) -> bool:
    """Tell whether a moment is a whole number of steps after the hour.

    >>> is_aligned(datetime(2026, 1, 5, 8, 45), BIN), is_aligned(datetime(2026, 1, 5, 8, 46), BIN)
    (True, False)
    """
    return (moment - moment.replace(minute=0, second=0, microsecond=0)) % step == timedelta()


@dataclass(frozen=True)
class Occupancy:
    """How many of a class are inside; ``residual`` is by how much the sum fell below zero, where nobody can be."""

    inside: int
    residual: int = 0


def occupancy(base: int, entered: int, left: int) -> Occupancy:
    """Return how many are inside by conservation: those at the base, and who came, without who left.

    >>> occupancy(100, 20, 30), occupancy(5, 0, 8)
    (Occupancy(inside=90, residual=0), Occupancy(inside=0, residual=-3))
    """
    inside = base + entered - left
    return Occupancy(max(inside, 0), min(inside, 0))


def is_lost(last_start: datetime | None, now: datetime) -> bool:
    """Tell whether a gate is lost: no bin has come for more than :data:`LOST_AFTER` since the last one ended.

    >>> noon = datetime(2026, 1, 5, 12)
    >>> is_lost(noon - 3 * BIN, noon), is_lost(noon - 4 * BIN, noon), is_lost(None, noon)
    (False, True, True)
    """
    return last_start is None or now - (last_start + BIN) > LOST_AFTER


@dataclass(frozen=True)
class Band:
    """From a number (inclusive) to below another; None without an end."""

    at_least: float
    below: float | None

    @classmethod
    def of(cls, value: float, edges: tuple[float, ...]) -> "Band":
        """Return the band between edges that holds a value.

        >>> Band.of(199, BAND_EDGES), Band.of(20_000, BAND_EDGES)
        (Band(at_least=100, below=200), Band(at_least=10000, below=None))
        """
        k = bisect_right(edges, value)
        return cls(edges[k - 1], edges[k] if k < len(edges) else None)


def occupancy_band(inside: Mapping[FlowClass, int], threshold: int) -> Band | None:
    """Return the band of all persons inside, None where it is narrower than the threshold of publication.

    >>> occupancy_band({FlowClass.RESIDENT: 30}, 10), occupancy_band({FlowClass.RESIDENT: 30}, 60)
    (Band(at_least=0, below=50), None)
    """
    band = Band.of(sum(inside.get(each, 0) for each in PERSON_CLASSES), BAND_EDGES)
    return band if band.below is None or band.below - band.at_least >= threshold else None


def ratio_band(inside: Mapping[FlowClass, int], threshold: int) -> Band | None:
    """Return the band of newcomers per resident, None where either is below the threshold of publication.

    >>> ratio_band({FlowClass.RESIDENT: 100, FlowClass.NEWCOMER: 800}, 10)
    Band(at_least=8.0, below=None)
    """
    residents, newcomers = inside.get(FlowClass.RESIDENT, 0), inside.get(FlowClass.NEWCOMER, 0)
    if min(residents, newcomers) < threshold:
        return None
    return Band.of(newcomers / residents, RATIO_EDGES)
