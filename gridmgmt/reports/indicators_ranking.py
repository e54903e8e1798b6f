"""Rows of an answer by one of their rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from gridmgmt.cases.measures import RATIOS, Ratio
from gridmgmt.indicators.rules import Tally

Better = Literal["higher", "lower"]

BETTER: Mapping[Ratio, Better] = MappingProxyType(
    {
        Ratio.REGISTRATION_RATE: "higher",
        Ratio.CLOSING_RATE: "higher",
        Ratio.ON_TIME_CLOSING_RATE: "higher",
        Ratio.ON_TIME_HANDLING_RATE: "higher",
        Ratio.REWORK_RATE: "lower",
        Ratio.EXTENSION_RATE: "lower",
        Ratio.DUPLICATE_RATE: "lower",
        Ratio.RIGHT_DISPATCH_RATE: "higher",
        Ratio.SATISFACTION_RATE: "higher",
    }
)
"""Which end of each rate comes first in a ranking."""

MIN_CASES = 10
"""A rate of fewer cases gets no place unless asked for otherwise: one case would move it by more than ten points."""


@dataclass(frozen=True)
class Place:
    """One row in a ranking; ``rank`` None for one with too few cases."""

    rank: int | None
    code: str | None
    name: str
    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The rate, None where the denominator is 0."""
        return self.numerator / self.denominator if self.denominator else None


def ranked(rows: Sequence[tuple[str | None, str, Tally]], ratio: Ratio, *, min_cases: int = MIN_CASES) -> list[Place]:
    """Return rows by a rate, the best first, in standard competition ranking (1, 2, 2, 4).

    Rows of fewer than ``min_cases`` in the denominator, and what has no code, come last, by code, without a rank.
    """
    numerator, denominator = RATIOS[ratio]
    competing: list[Place] = []
    others: list[Place] = []
    for code, name, tally in rows:
        part, whole = tally.counts.get(numerator, 0), tally.counts.get(denominator, 0)
        competes = code is not None and whole >= max(min_cases, 1)
        (competing if competes else others).append(Place(None, code, name, part, whole))
    sign = -1 if BETTER[ratio] == "higher" else 1
    competing.sort(key=lambda place: (sign * (place.value or 0.0), place.code or ""))
    first: dict[float | None, int] = {}  # equal fractions divide to equal floats, so that ties are exact
    for rank, place in enumerate(competing, 1):
        first.setdefault(place.value, rank)
    others.sort(key=lambda place: (place.code is None, place.code or ""))
    return [replace(place, rank=first[place.value]) for place in competing] + others
