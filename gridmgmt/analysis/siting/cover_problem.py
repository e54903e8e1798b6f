"""The question of max coverage in whole numbers: what is left to decide, and how to tell of it in residents."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import ceil

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.interchange import by_gain
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long, merged, restricted, undominated
from gridmgmt.analysis.siting.model import Candidates, Demand
from gridmgmt.analysis.siting.near import cliques

PARTS = 1 << 34
"""Parts of a resident in one resident."""
_BITS = 60
"""Sums of fine units stay below two to this power."""
_FINEST = 40
_ROUNDING = 1e-9
"""More than sums in floating point may be off."""


@dataclass(frozen=True, eq=False)
class CoverProblem:
    """What is left to decide, in whole fine units.

    Attributes
    ----------
    rows
        The residents whom no open point has within the limit, and the conflicts.
    before
        Residents within the limit of open points, in parts.
    grain
        All weights are multiples of so many parts.
    shift
        A fine unit is ``grain / 2^shift`` parts; with a negative one weights are rounded up, and bounds hold still.
    least
        The lowest price of a row of conflicts.
    m
        How many candidates there are in all.
    """

    rows: CoverRows
    before: int
    grain: int
    shift: int
    least: int
    m: int

    @classmethod
    def of(
        cls, demand: Demand, candidates: Candidates, limit_cs: int, points: int, *, all_candidates: bool = False
    ) -> "CoverProblem":
        """Return the problem of covering the most within the limit by at most ``points`` new points.

        Candidates that cover nothing that another does not cover too are left out where there are no conflicts, unless
        ``all_candidates`` are asked for.
        """
        m, n = len(candidates), len(demand.weight)
        served = demand.before_cs <= limit_cs
        at, place = within(candidates, limit_cs, ~served & (demand.weight > 0))
        weight = np.where(served, 0, demand.weight)
        grain = int(np.gcd.reduce(weight)) or 1
        weight //= grain
        groups = cliques(candidates.conflicts, m)
        # No sum is larger than all residents and those of the largest candidates, each for itself.
        alone = np.bincount(np.repeat(np.arange(m), np.diff(at)), weights=weight[place], minlength=m)
        largest = ceil((1 + _ROUNDING) * float(np.sort(alone)[-points:].sum()))
        shift = min(_BITS - (exact_sum(weight) + largest).bit_length(), _FINEST)
        least = 0
        if groups:
            # Prices of conflicts need to be as large as what one candidate covers; so many may be added up.
            of = [j for group in groups for j in group]
            terms = len(groups) + points * int(np.bincount(of).max())
            shift = min(shift, max(0, _BITS - (ceil((1 + _ROUNDING) * float(alone.max())) * terms).bit_length()))
            least = -((1 << _BITS) // terms)
        fine = weight << shift if shift >= 0 else -(-weight >> -shift)
        at, place = _with_groups(at, place, groups, n)
        none = np.zeros(len(groups), dtype=np.int64)
        rows, price = merged(at, place, np.concatenate([fine, none]), n, np.arange(m, dtype=np.int32))
        if not groups and not all_candidates:
            rows, _, _ = restricted(rows, price, np.zeros(m, dtype=bool), ~undominated(rows))
        before = exact_sum(demand.weight[served])
        return cls(rows, before, grain, shift, least, m)

    @property
    def unit(self) -> int:
        """Return what coverage comes in whole multiples of."""
        return 1 << max(self.shift, 0)

    def parts(self, bound: int) -> int:
        """Return a bound in fine units as one in parts, open points counted."""
        whole = bound >> self.shift if self.shift >= 0 else bound << -self.shift
        return self.before + whole * self.grain

    def fine(self, parts: Fraction) -> int:
        """Return the least coverage in fine units that a plan shows which has so many parts within the limit."""
        whole = -((self.before - parts) // self.grain)
        return whole << self.shift if self.shift >= 0 else whole >> -self.shift

    @cached_property
    def alone(self) -> list[int]:
        """Return what 0, 1, … candidates would cover if no two covered the same, the largest first."""
        largest = np.sort(self.rows.sums(self.rows.weight))[::-1].tolist()
        return [0, *accumulate(largest)]

    def bounds(self, price: Long, points: int) -> Long:
        """Return the bounds that prices set to plans of 0 … ``points`` points ``(points + 1,)``."""
        reach = np.sort(self.rows.sums(price))[::-1][:points]
        paid = int(self.rows.weight.sum() - price.sum())
        whole = np.concatenate([[0], np.cumsum(reach), np.zeros(points - len(reach), dtype=np.int64)])
        whole[len(reach) :] = whole[len(reach)]
        return paid + whole

    def named(self, plan: Index) -> tuple[int, ...]:
        """Return the names of the candidates of a plan."""
        return tuple(self.rows.ids[plan].tolist())

    def known_as(self, plan: tuple[int, ...]) -> Index:
        """Return candidates of the rows by their names."""
        return np.searchsorted(self.rows.ids, np.sort(plan)).astype(np.int32)

    def by_gain(self, plan: tuple[int, ...], points: int) -> Index:
        """Return so many names of candidates: a plan's by what each adds to those before it, ties by the lower name.

        Where there are fewer than so many that gain anything, the lowest others fill the plan up.
        """
        order, gains = by_gain(self.rows, self.known_as(plan))
        spare = np.setdiff1d(np.arange(self.m), plan)[: points - len(plan)]
        idle = np.concatenate([self.rows.ids[order[gains == 0]], spare])
        return np.concatenate([self.rows.ids[order[gains > 0]], np.sort(idle)]).astype(np.int32)


def within(candidates: Candidates, limit_cs: int, wanted: NDArray[np.bool_]) -> tuple[Long, Index]:
    """Return the wanted places within the limit of each candidate: those of ``j`` are ``at[j]:at[j + 1]``, rising."""
    times = candidates.times
    kept = (times.cs <= limit_cs) & wanted[times.place]
    counts = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    return counts[times.indptr], times.place[kept]


def residents_within(demand: Demand, candidates: Candidates, chosen: Index, limit_cs: int) -> int:
    """Return how many residents, in parts, are within the limit of an open point or a chosen candidate."""
    hit = demand.before_cs <= limit_cs
    times = candidates.times
    for j in chosen:
        row = slice(times.indptr[j], times.indptr[j + 1])
        hit[times.place[row][times.cs[row] <= limit_cs]] = True
    return exact_sum(demand.weight[hit])


def exact_sum(weight: Long) -> int:
    """Return a sum that may be larger than its numbers' kind holds."""
    return (int((weight >> 32).sum()) << 32) + int((weight & 0xFFFFFFFF).sum())


def outward(bound: int) -> float:
    """Return a bound in residents that is not below one in parts."""
    near = bound / PARTS
    return near if Fraction(near) * PARTS >= bound else float(np.nextafter(near, np.inf))


def _with_groups(at: Long, place: Index, groups: list[list[int]], n: int) -> tuple[Long, Index]:
    """Return the columns with a row, from ``n`` on, for each group of candidates in conflict."""
    row = n + np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    column = np.concatenate([np.repeat(np.arange(len(at) - 1), np.diff(at)), *groups]).astype(np.int64)
    order = np.argsort(column, kind="stable")
    counts = np.bincount(column, minlength=len(at) - 1)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return starts, np.concatenate([place, row])[order].astype(np.int32)
