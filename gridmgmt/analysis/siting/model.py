"""What all siting models are asked with and answer with.

Demand is the places and those who live there; candidates are spots where a point may be opened; points that are open
already never cost anything and are never closed. Walking times are whole hundredths of a second, residents whole parts
of 2⁻³⁴, so that objectives that count residents are exact.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.errors import InputError

if TYPE_CHECKING:
    from gridmgmt.analysis.walking.matrix import SparseTimes  # compiles; whoever reads answers waits for nothing


class SitingModel(StrEnum):
    """What a plan is the best at."""

    MAX_COVERAGE = "max_coverage"
    """Most residents within the limit (MCLP)."""
    SET_COVER = "set_cover"
    """Fewest points so that everybody who can be is within the limit (LSCP)."""
    P_MEDIAN = "p_median"
    """Least sum of walking times."""
    P_CENTER = "p_center"
    """Least longest walk."""
    CAPACITATED = "capacitated"
    """Most residents within the limit who also find room (capacitated MCLP)."""
    EQUITY = "equity"
    """Highest covered share of the quarter that has the lowest; then most residents."""


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """Who is to be served: ``n`` places.

    Attributes
    ----------
    weight
        Residents in whole 2⁻³⁴ parts ``(n,)`` int64, none negative.
    before_cs
        Walking time to the nearest open point ``(n,)`` int32; ``NO_WAY`` where none is reached.
    group
        Index of the quarter of each place ``(n,)`` int32, -1 for none.
    n_groups
        How many quarters there are.
    """

    weight: NDArray[np.int64]
    before_cs: NDArray[np.int32]
    group: NDArray[np.int32]
    n_groups: int

    def __post_init__(self) -> None:
        if not len(self.weight) == len(self.before_cs) == len(self.group):
            raise InputError("siting_shapes", value=len(self.weight), expected=len(self.before_cs))
        if len(self.weight) and int(self.weight.min()) < 0:
            raise InputError("siting_weight_negative", value=int(self.weight.argmin()))

    @classmethod
    def of(cls, weight: NDArray[np.int64]) -> "Demand":
        """Return demand without open points or quarters."""
        n = len(weight)
        none = np.full(n, -1, dtype=np.int32)
        return cls(weight, np.full(n, NO_WAY, dtype=np.int32), none, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Where a point may be opened: ``m`` spots.

    Attributes
    ----------
    times
        The demand within the horizon of each candidate, one row each.
    conflicts
        Pairs that may not both be opened ``(k, 2)`` int32, the lower index first, each once.
    capacity
        Residents whom each can serve in whole 2⁻³⁴ parts ``(m,)`` int64; None where the model asks for none.
    """

    times: "SparseTimes"
    conflicts: NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 2), dtype=np.int32))
    capacity: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.times.indptr) - 1


@dataclass(frozen=True, slots=True)
class Incumbent:
    """How far a search has come; ``bound`` is above ``objective`` where more is better, below it where less is."""

    objective: float
    bound: float
    chosen: tuple[int, ...]


Watch = Callable[[Incumbent], object]
"""Hears of each better plan or bound; what it raises ends the search."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how closely to search; the same seed gives the same plan unless the time ran out."""

    max_s: float = 60.0
    gap: float = 0.0
    """Enough when ``|bound − objective| / |objective|`` is no more than this; 0 asks for a proof."""
    seed: int = 0
    watch: Watch | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Siting:
    """The answer of a model.

    Attributes
    ----------
    chosen
        Candidates to open, in order of gain: each adds the most to those before it, ties by the lower index.
    objective
        Residents newly or in all covered, seconds, or points, as the model's function says; recomputed from the raw
        demand, never taken from a solver.
    bound
        No plan is better than this.
    proven
        Whether the plan is one of the best (within the arithmetic of the objective).
    solver
        What found or proved it: ``greedy``, ``interchange``, ``lagrangian``, ``branch_and_bound``, ``highs``, …
    nodes
        Nodes of the search tree, 0 without one.
    seconds
        Time that it took.
    """

    chosen: NDArray[np.int32]
    objective: float
    bound: float
    proven: bool
    solver: str
    nodes: int
    seconds: float

    @property
    def gap(self) -> float:
        """``|bound − objective| / |objective|``: 0 when proven, infinite when the objective is 0 and the bound not."""
        if self.proven or self.bound == self.objective:
            return 0.0
        return abs(self.bound - self.objective) / abs(self.objective) if self.objective else float("inf")
