"""Plans for the quarter that is served least: what they cover of each quarter, and exchanges towards a share."""

from typing import NamedTuple

import numpy as np

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long
from gridmgmt.analysis.siting.near import Near
from gridmgmt.analysis.siting.room import Flags, Reach, shut

_LEAST = 1e-12
"""Shortfalls that differ by less are equal."""


class Quarters(NamedTuple):
    """The quarters that take part, and one more behind them for all other residents.

    ``of`` is the quarter of each row, ``before`` what open points cover of each and ``whole`` all residents of each,
    ``(q + 1,)`` in parts; what can be covered of each is a multiple of its ``unit``.
    """

    of: Index
    before: Long
    whole: Long
    unit: Long


class Standing(NamedTuple):
    """What a plan covers: how often each row, and how many parts of each quarter."""

    times: Index
    covered: Long


class QuarterPlans:
    """Plans over rows that lie in one quarter each; ``standing`` is the lowest share where no quarter takes part."""

    def __init__(self, rows: CoverRows, quarters: Quarters, near: Near, standing: float) -> None:
        room = np.zeros(rows.m, dtype=np.int64)
        self._reach = Reach(rows.col_at, rows.col_row, rows.weight, room, near.at, near.other)
        self.quarters, self._standing = quarters, standing

    def covered(self, chosen: Index) -> Long:
        """Return what a plan and the open points cover of each quarter, in parts."""
        return _standing(self._reach, self.quarters, chosen).covered

    def worth(self, chosen: Index) -> tuple[float, int]:
        """Return the lowest covered share of a quarter that takes part, and all parts covered."""
        covered, unit = self.covered(chosen), self.quarters.unit
        share = (covered // unit) / np.maximum(self.quarters.whole // unit, 1)
        return float(share[:-1].min()) if len(share) > 1 else self._standing, int(covered.sum())

    def needed(self, ratio: float) -> Long:
        """Return how many parts of each quarter that takes part make so high a share."""
        unit = self.quarters.unit[:-1]
        # The product is off by no more than 2⁻⁵² of itself.
        return np.asarray(np.ceil(ratio * (self.quarters.whole[:-1] // unit) * (1 - 2.0**-51)) * unit, dtype=np.int64)

    def needed_above(self, ratio: float) -> Long:
        """Return how many parts of each quarter that takes part make a share higher than that."""
        unit = self.quarters.unit[:-1]
        units = np.floor(ratio * (self.quarters.whole[:-1] // unit) * (1 + 2.0**-51)).astype(np.int64)
        return np.asarray(np.minimum((units + 1) * unit, self.quarters.whole[:-1]), dtype=np.int64)

    def share_below(self, ratio: float) -> float:
        """Return the highest share not above ``ratio`` that a quarter which takes part can have."""
        units = self.quarters.whole[:-1] // self.quarters.unit[:-1]
        return float((np.floor(ratio * units * (1 + 2.0**-51)) / units).max(initial=0.0))

    def in_order(self, chosen: Index) -> Index:
        """Return a plan's points, each the one that is worth the most with those before, ties by the lower index."""
        ordered, left = np.empty(0, dtype=np.int32), np.sort(chosen)
        while len(left):
            best = max(left.tolist(), key=lambda one: (self.worth(np.append(ordered, np.int32(one))), -one))
            ordered, left = np.append(ordered, np.int32(best)), left[left != best]
        return ordered

    def completed(self, begun: Index, points: int, need: Long) -> Index:
        """Return a plan with more points, each the one that takes most from what the quarters lack of ``need``.

        Of those that take the same, the one that covers the most; fewer points where conflicts leave no more.
        """
        return _completed(self._reach, self.quarters, begun, points, need)

    def descend(self, chosen: Index, need: Long) -> Index:
        """Return the plan after exchanges that lower what the quarters lack of ``need``, or else cover more."""
        better = chosen.copy()
        _descend(self._reach, self.quarters, better, need)
        return better


@compiled
def _standing(reach: Reach, quarters: Quarters, chosen: Index) -> Standing:
    now = Standing(np.zeros(len(reach.weight), dtype=np.int32), quarters.before.copy())
    for j in chosen:
        _counted(reach, quarters, now, j, 1)
    return now


@compiled
def _counted(reach: Reach, quarters: Quarters, now: Standing, j: int, by: int) -> None:
    """Open (1) or close (-1) a candidate."""
    for i in reach.row[reach.at[j] : reach.at[j + 1]]:
        if now.times[i] == 0:
            now.covered[quarters.of[i]] += reach.weight[i]
        now.times[i] += by
        if now.times[i] == 0:
            now.covered[quarters.of[i]] -= reach.weight[i]


@compiled
def _lacking(quarters: Quarters, covered: Long, need: Long) -> float:
    """Return the sum of the shares that quarters lack."""
    lacking = 0.0
    for q in range(len(need)):
        if covered[q] < need[q]:
            lacking += (need[q] - covered[q]) / quarters.whole[q]
    return lacking


@compiled
def _best_addition(
    reach: Reach, quarters: Quarters, now: Standing, need: Long, allowed: Flags, than: tuple[float, int]
) -> int:
    """Return the candidate that leaves the least lacking, then covers the most: -1 where none is better."""
    least, most = than
    here, total = _lacking(quarters, now.covered, need), now.covered.sum()
    extra = np.zeros(len(quarters.whole), dtype=np.int64)
    into = -1
    for j in range(len(allowed)):
        if not allowed[j]:
            continue
        more, less = 0, 0.0
        for i in reach.row[reach.at[j] : reach.at[j + 1]]:
            if now.times[i] == 0:
                extra[quarters.of[i]] += reach.weight[i]
        for i in reach.row[reach.at[j] : reach.at[j + 1]]:
            q = quarters.of[i]
            if extra[q] > 0:
                if q < len(need) and now.covered[q] < need[q]:
                    less += min(extra[q], need[q] - now.covered[q]) / quarters.whole[q]
                more += extra[q]
                extra[q] = 0
        if here - less < least - _LEAST or (here - less <= least + _LEAST and total + more > most):
            least, most, into = here - less, total + more, j
    return into


@compiled
def _completed(reach: Reach, quarters: Quarters, begun: Index, points: int, need: Long) -> Index:
    chosen = np.empty(max(points, len(begun)), dtype=np.int32)
    chosen[: len(begun)] = begun
    now = _standing(reach, quarters, begun)
    allowed = np.ones(len(reach.capacity), dtype=np.bool_)
    for j in begun:
        shut(reach, allowed, j)
    size = len(begun)
    while size < points:
        into = _best_addition(reach, quarters, now, need, allowed, (np.inf, -1))
        if into < 0:
            break
        chosen[size] = into
        size += 1
        shut(reach, allowed, into)
        _counted(reach, quarters, now, into, 1)
    return chosen[:size].copy()


@compiled
def _descend(reach: Reach, quarters: Quarters, chosen: Index, need: Long) -> None:
    """Exchange points in place, slot after slot, until no exchange is for the better."""
    p = len(chosen)
    now = _standing(reach, quarters, chosen)
    allowed = np.empty(len(reach.capacity), dtype=np.bool_)
    idle, s = 0, 0
    while idle < p:
        than = _lacking(quarters, now.covered, need), now.covered.sum()
        allowed[:] = True
        for other in range(p):
            if other != s:
                shut(reach, allowed, chosen[other])
        allowed[chosen[s]] = False
        _counted(reach, quarters, now, chosen[s], -1)
        into = _best_addition(reach, quarters, now, need, allowed, than)
        idle += 1
        if into >= 0:
            chosen[s], idle = into, 0
        _counted(reach, quarters, now, chosen[s], 1)
        s = (s + 1) % p
