"""Good plans for a p-median problem: greedy, and exchanges of one chosen candidate for another."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.siting.median_problem import Columns, Index, Long

Flags = NDArray[np.bool_]


class Clashes(NamedTuple):
    """Those that candidate ``j`` may not be opened with are ``at[j]:at[j + 1]`` of ``other``, rising.

    ``group`` (m,) puts each candidate into one set of which all clash with each other, below m.
    """

    at: Index
    other: Index
    group: Index

    @classmethod
    def of(cls, conflicts: sparse.csr_array) -> "Clashes":
        """Return the clashes of a symmetric matrix ``(m, m)``."""
        conflicts.sort_indices()
        at, other = conflicts.indptr.astype(np.int32), conflicts.indices.astype(np.int32)
        return cls(at, other, _grouped(at, other))


@compiled
def _grouped(at: Index, other: Index) -> Index:
    """Return a group for each candidate: the largest of those before it that it clashes with all of, or its own."""
    m = len(at) - 1
    group, size = np.arange(m).astype(np.int32), np.zeros(m, dtype=np.int32)
    met = np.zeros(m, dtype=np.int32)
    for j in range(m):
        earlier = other[at[j] : at[j + 1]]
        earlier = earlier[earlier < j]
        met[group[earlier]] = 0
        for one in earlier:
            met[group[one]] += 1
        for one in earlier:
            of = group[one]
            if met[of] == size[of] and (group[j] == j or size[of] > size[group[j]]):
                group[j] = of
        size[group[j]] += 1
    return group


@compiled
def cost_of(columns: Columns, chosen: Index) -> int:
    """Return what a plan costs."""
    walk = columns.base.copy()
    for one in chosen:
        for k in range(columns.at[one], columns.at[one + 1]):
            walk[columns.row[k]] = min(walk[columns.row[k]], columns.cost[k])
    total: int = walk.sum()
    return total


@compiled
def greedy(columns: Columns, clashes: Clashes, allowed: Flags, points: int) -> Index:
    """Return up to so many of the allowed candidates, each saving the most beside those before it, without conflicts.

    Ties go to the lower index; fewer come back when conflicts leave no more. What a candidate saves never grows, so
    that only those are looked at again that seemed best before (Minoux 1978).
    """
    walk = columns.base.copy()
    saves = np.where(allowed, np.int64(1 << 62), np.int64(-1))
    seen = np.full(len(allowed), -1, dtype=np.int32)
    chosen = np.empty(points, dtype=np.int32)
    for count in range(points):
        best = saves.argmax()
        while saves[best] >= 0 and seen[best] < count:
            seen[best], saves[best] = count, 0
            for k in range(columns.at[best], columns.at[best + 1]):
                saves[best] += max(0, walk[columns.row[k]] - columns.cost[k])
            best = saves.argmax()
        if saves[best] < 0:
            return chosen[:count]
        chosen[count] = best
        saves[best] = -1
        saves[clashes.other[clashes.at[best] : clashes.at[best + 1]]] = -1
        for k in range(columns.at[best], columns.at[best + 1]):
            walk[columns.row[k]] = min(walk[columns.row[k]], columns.cost[k])
    return chosen


@compiled
def assigned(columns: Columns, chosen: Index) -> tuple[Index, Long, Long, Long]:
    """Return the slot of ``chosen`` that serves each row (-1: none), its cost, the second best, and what slots save.

    What a slot saves is what its rows would cost more without it.
    """
    near = np.full(len(columns.base), -1, dtype=np.int32)
    first, second = columns.base.copy(), columns.base.copy()
    for slot in range(len(chosen)):
        for k in range(columns.at[chosen[slot]], columns.at[chosen[slot] + 1]):
            i, cost = columns.row[k], columns.cost[k]
            if cost < first[i]:
                near[i], second[i], first[i] = slot, first[i], cost
            elif cost < second[i]:
                second[i] = cost
    saves = np.zeros(len(chosen), dtype=np.int64)
    for i in range(len(near)):
        if near[i] >= 0:
            saves[near[i]] += second[i] - first[i]
    return near, first, second, saves


@compiled
def interchange(columns: Columns, clashes: Clashes, start: Index, most: int) -> Index:
    """Return the plan after exchanges of one candidate for another, each an improvement, at most so many.

    A plan that comes back as it went in has no such exchange left.

    The cost of all exchanges that bring in one candidate is found in one look at its places (Whitaker 1983, INFOR
    21.2; Resende and Werneck 2007, European Journal of Operational Research 174.1).
    """
    chosen = start.copy()
    m, points = len(columns.at) - 1, len(start)
    slot_of = np.full(m, -1, dtype=np.int32)
    for slot in range(points):
        slot_of[chosen[slot]] = slot
    near, first, second, saves = assigned(columns, chosen)
    j, idle, made = 0, 0, 0
    while idle < m and made < most:
        slot = -1
        if slot_of[j] < 0:
            slot = _exchange(columns, j, near, first, second, saves, _clashing(clashes, j, slot_of))
        if slot >= 0:
            slot_of[chosen[slot]], slot_of[j] = -1, slot
            chosen[slot] = j
            near, first, second, saves = assigned(columns, chosen)
            idle = 0
            made += 1
        else:
            idle += 1
        j = (j + 1) % m
    return chosen


@compiled
def _clashing(clashes: Clashes, j: int, slot_of: Index) -> int:
    """Return the one slot that the candidate clashes with, -1 for none, -2 for several."""
    found = -1
    for other in clashes.other[clashes.at[j] : clashes.at[j + 1]]:
        if slot_of[other] >= 0:
            if found >= 0:
                return -2
            found = slot_of[other]
    return found


@compiled
def _exchange(columns: Columns, j: int, near: Index, first: Long, second: Long, saves: Long, clashing: int) -> int:
    """Return the slot whose candidate is best exchanged for ``j``, -1 where no exchange is an improvement."""
    if clashing == -2:
        return -1
    gain, lost = 0, saves.copy()
    for k in range(columns.at[j], columns.at[j + 1]):
        i, cost = columns.row[k], columns.cost[k]
        if cost < first[i]:
            gain += first[i] - cost
        if near[i] >= 0 and cost < second[i]:
            lost[near[i]] -= second[i] - max(cost, first[i])
    slot = int(lost.argmin()) if clashing < 0 else clashing
    return slot if gain > lost[slot] else -1
