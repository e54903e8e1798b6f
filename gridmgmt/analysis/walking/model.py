"""The vocabulary of walking: what an edge is like, who walks, which way, and what an edge then costs.

Costs are whole hundredths of a second, so that sums have no rounding and two ways of computing one thing agree to the
bit. An edge costs at least one of them: no circle of edges is free.
"""

from dataclasses import dataclass
from enum import IntFlag, StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmgmt.errors import InputError

CS_PER_S = 100
"""Hundredths of a second in a second."""

NO_WAY = 1 << 30
"""The cost of what cannot be walked, and the label of what is not reached; two of them still fit 32 bits."""


class Trip(StrEnum):
    """Which way is timed: to the point, from it, or there and back to one and the same point."""

    TO_POINT = "to_point"
    FROM_POINT = "from_point"
    ROUND = "round"


class Trait(IntFlag):
    """What an edge is like, as far as a profile may ask; kept with the edge as one number."""

    STEPS = 1
    RAMP = 2
    """Steps with a ramp beside them."""
    LIFT = 4
    CROSSING = 8
    UNPAVED = 16
    ROUGH = 32
    """Cobbles, or of bad smoothness."""
    WHEELCHAIR_NO = 64
    WHEELCHAIR_YES = 128
    BRIDGE = 256
    TUNNEL = 512
    PRIVATE = 1024
    """Walked by those alone who live along it."""
    GATE = 2048
    """The passage of a gate, of no length."""
    INTERIOR = 4096
    """A way across a compound whose own ways are not known, from its middle to a gate."""


@dataclass(frozen=True)
class WalkProfile:
    """A way of walking: a name with an edition, its numbers, and what they stand on.

    Parameters
    ----------
    sd_m_per_s
        Standard deviation of the speed in the sample, None where the source gives none.
    steps_factor
        Time on steps over time on the flat; None forbids steps (those with a ramp or a lift stay).
    crossing_s
        Waiting time at a crossing, in seconds.
    unpaved_factor, rough_factor
        Time on such a surface over time on a paved one.
    slope
        Whether a known slope changes the speed, by Tobler's hiking function (1993) relative to the flat.
    most_slope
        Steeper edges are forbidden (rise over run); None forbids none.
    wheelchair
        Whether edges tagged as not fit for wheelchairs are forbidden.
    evidence
        The tag of the source as ``docs/glossary.md`` tells the classes of evidence.
    """

    name: str
    edition: str
    speed_m_per_s: float
    sd_m_per_s: float | None
    steps_factor: float | None
    crossing_s: float
    unpaved_factor: float
    rough_factor: float
    slope: bool
    most_slope: float | None
    wheelchair: bool
    evidence: str
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class EdgeCosts:
    """What each edge costs in hundredths of a second, ``(n_edges,)`` int32, 1 … or :data:`NO_WAY`.

    ``out_cs`` is from the edge's source to its target, ``back_cs`` the other way. ``speed_m_per_s`` is that of the
    access legs, from a place to the network.
    """

    out_cs: NDArray[np.int32]
    back_cs: NDArray[np.int32]
    speed_m_per_s: float

    @property
    def symmetric(self) -> bool:
        """Tell whether every edge costs the same both ways."""
        return self.out_cs is self.back_cs or bool(np.array_equal(self.out_cs, self.back_cs))


def to_cs(seconds: ArrayLike) -> NDArray[np.int32]:
    """Return times in seconds as whole hundredths, rounded half to even; infinite times as :data:`NO_WAY`.

    Raises
    ------
    InputError
        When a time is negative or not a number.
    """
    times = np.asarray(seconds, dtype=np.float64)
    if not np.all(times >= 0):
        raise InputError("limit_invalid", field="seconds", value=float(times[~(times >= 0)].flat[0]))
    return np.rint(np.minimum(times * CS_PER_S, NO_WAY)).astype(np.int32)


def to_s(hundredths: ArrayLike) -> NDArray[np.float64]:
    """Return hundredths as seconds, infinite from :data:`NO_WAY` on."""
    costs = np.asarray(hundredths)
    return np.where(costs >= NO_WAY, np.inf, costs / CS_PER_S)
