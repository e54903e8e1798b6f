"""The question of max coverage in whole numbers: what is left to decide, and how to tell of it in residents."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.merging import CoverRows, Index, Long, cliques, merged, restricted, undominated
from gridmgmt.analysis.siting.model import Candidates, Demand

PARTS = 1 << 34
"""Parts of a resident in one resident."""
_BITS = 61
"""Sums of fine units stay below two to this power."""
_FINEST = 40


@dataclass(frozen=True, slots=True, eq=False)
class CoverProblem:
    """What is left to decide, in whole fine units.

    Attributes
    ----------
    rows
        The residents whom no open point has within the limit, and the conflicts; without conflicts no candidate whose
        rows another has too.
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
    def of(cls, demand: Demand, candidates: Candidates, limit_cs: int, points: int) -> "CoverProblem":
        """Return the problem of covering the most within the limit by at most ``points`` new points."""
        m, n = len(candidates), len(demand.weight)
        served = demand.before_cs <= limit_cs
        at, place = within(candidates, limit_cs, ~served & (demand.weight > 0))
        weight = np.where(served, 0, demand.weight)
        grain = int(np.gcd.reduce(weight)) or 1
        weight //= grain
        groups = cliques(candidates.conflicts, m)
        of = [j for group in groups for j in group]
        terms = points + 2 + int(np.bincount(of, minlength=1).max())
        heaviest = exact_sum(weight) * (1 + len(groups))
        shift = min(_BITS - (heaviest * terms).bit_length(), _FINEST)
        fine = weight << shift if shift >= 0 else -(-weight >> -shift)
        at, place = _with_groups(at, place, groups, n)
        none = np.zeros(len(groups), dtype=np.int64)
        rows, price = merged(at, place, np.concatenate([fine, none]), n, np.arange(m, dtype=np.int32))
        if not groups:
            rows, _, _ = restricted(rows, price, np.zeros(m, dtype=bool), ~undominated(rows))
        before = exact_sum(demand.weight[served])
        return cls(rows, before, grain, shift, -int(rows.weight.sum()), m)

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

    def first_bound(self, points: int) -> int:
        """Return what ``points`` candidates would cover if no two covered the same."""
        alone = np.sort(self.rows.sums(self.rows.weight))[-points:]
        return min(int(self.rows.weight.sum()), sum(alone.tolist()))

    def filled(self, plan: tuple[int, ...], points: int) -> Index:
        """Return a plan by the names of candidates with as many points as asked, the lowest that are left out."""
        spare = np.setdiff1d(np.arange(self.m), plan)[: points - len(plan)]
        return np.sort(np.concatenate([np.array(plan, dtype=np.int32), spare.astype(np.int32)]))


def within(candidates: Candidates, limit_cs: int, wanted: NDArray[np.bool_]) -> tuple[Long, Index]:
    """Return the wanted places within the limit of each candidate: those of ``j`` are ``at[j]:at[j + 1]``, rising."""
    times = candidates.times
    kept = (times.cs <= limit_cs) & wanted[times.place]
    counts = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    return counts[times.indptr], times.place[kept]


def by_gain(demand: Demand, candidates: Candidates, chosen: Index, limit_cs: int) -> tuple[Index, int]:
    """Return the chosen by what each adds to those before it, and the parts within the limit of any point in all.

    The one that adds the most comes first, ties by the lower index. Counted from the demand as it was given.
    """
    hit = demand.before_cs <= limit_cs
    reached = exact_sum(demand.weight[hit])
    times = candidates.times
    left = {}
    for j in sorted(chosen.tolist()):
        row = slice(times.indptr[j], times.indptr[j + 1])
        left[j] = times.place[row][times.cs[row] <= limit_cs]
    order = []
    while left:
        left = {j: places[~hit[places]] for j, places in left.items()}
        gain = {j: exact_sum(demand.weight[places]) for j, places in left.items()}
        best = min(left, key=lambda j: (-gain[j], j))
        hit[left.pop(best)] = True
        reached += gain[best]
        order.append(best)
    return np.array(order, dtype=np.int32), reached


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
