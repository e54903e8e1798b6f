"""What cases are counted by: measures, the rates made of them, and the dimensions along which both are told."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Measure(StrEnum):
    """A count of cases: those with one moment in a period that also meet a condition.

    The moment and the condition of each stand in :mod:`gridmgmt.cases.counting`.
    """

    REPORTED = "reported"
    REJECTED = "rejected"
    VOIDED = "voided"
    DUPLICATES = "duplicates"
    ACCEPTED = "accepted"
    ACCEPTED_REGISTERED = "accepted_registered"
    REGISTERED = "registered"
    EXTENDED = "extended"
    DISPATCHED = "dispatched"
    DISPATCHED_RIGHT = "dispatched_right"
    """Never sent back by the body that it went to."""
    HANDLED = "handled"
    REWORKED = "reworked"
    CLOSED = "closed"
    SETTLED_ON_SPOT = "settled_on_spot"
    FORCED = "forced"
    DUE = "due"
    """To be closed: the deadline lies in the period and is past."""
    DUE_CLOSED = "due_closed"
    DUE_CLOSED_ON_TIME = "due_closed_on_time"
    DUE_HANDLED = "due_handled"
    """To be handled: as to be closed, and dispatched."""
    DUE_HANDLED_ON_TIME = "due_handled_on_time"
    RATED = "rated"
    SATISFIED = "satisfied"


class Ratio(StrEnum):
    """A rate: a measure over another that holds all its cases."""

    REGISTRATION_RATE = "registration_rate"
    CLOSING_RATE = "closing_rate"
    ON_TIME_CLOSING_RATE = "on_time_closing_rate"
    ON_TIME_HANDLING_RATE = "on_time_handling_rate"
    REWORK_RATE = "rework_rate"
    EXTENSION_RATE = "extension_rate"
    DUPLICATE_RATE = "duplicate_rate"
    RIGHT_DISPATCH_RATE = "right_dispatch_rate"
    SATISFACTION_RATE = "satisfaction_rate"


class Dimension(StrEnum):
    """Along what counts are told apart."""

    DISTRICT = "district"
    TOWN = "town"
    MIDDLE = "middle"
    """The basic management unit or sector."""
    QUARTER = "quarter"
    CELL = "cell"
    DEPARTMENT = "department"
    MAJOR = "major"
    """The class of the catalogue: the first two digits of a type's code."""
    TYPE = "type"
    SOURCE = "source"
    KIND = "kind"
    POST = "post"
    """The officer post that answered for the cell when the case was reported."""


RATIOS: Mapping[Ratio, tuple[Measure, Measure]] = MappingProxyType(
    {
        Ratio.REGISTRATION_RATE: (Measure.ACCEPTED_REGISTERED, Measure.ACCEPTED),
        Ratio.CLOSING_RATE: (Measure.DUE_CLOSED, Measure.DUE),
        Ratio.ON_TIME_CLOSING_RATE: (Measure.DUE_CLOSED_ON_TIME, Measure.DUE),
        Ratio.ON_TIME_HANDLING_RATE: (Measure.DUE_HANDLED_ON_TIME, Measure.DUE_HANDLED),
        Ratio.REWORK_RATE: (Measure.REWORKED, Measure.HANDLED),
        Ratio.EXTENSION_RATE: (Measure.EXTENDED, Measure.REGISTERED),
        Ratio.DUPLICATE_RATE: (Measure.DUPLICATES, Measure.REPORTED),
        Ratio.RIGHT_DISPATCH_RATE: (Measure.DISPATCHED_RIGHT, Measure.DISPATCHED),
        Ratio.SATISFACTION_RATE: (Measure.SATISFIED, Measure.RATED),
    }
)
"""Numerator and denominator of each rate."""
