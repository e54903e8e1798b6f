"""Good plans: greedy, then one point exchanged for another as long as that gains, from many starts.

The gain of every exchange is kept up to date instead of computed (Resende and Werneck 2007, European Journal of
Operational Research 178.3): for a plan with ``s`` out and ``k`` in it is ``gain[k] − loss[s] + both[s, k]``, where
``both`` counts what only ``s`` covers and ``k`` covers too. An exchange changes these by the rows of two candidates
alone.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long, Table

KICKS_AT_ONCE = 64
_EXCHANGES = 3
"""Exchanges at random before each new descent."""
_OUT = -(1 << 62)
"""The gain of a candidate that may not be opened any more."""


class Plan(NamedTuple):
    """The plan and what its exchanges gain.

    ``chosen (p,)`` by slot and ``slot (m,)``, -1 outside the plan; of each row ``hits``, how many of the chosen cover
    it, and ``owner``, the sum of their slots: with one hit, its slot. Of each candidate ``gain``, of each slot
    ``loss``, of both ``both (p, m)``. ``blocked`` counts the rows of conflicts that a candidate shares with the chosen,
    ``tied (p, m)`` those that it shares with each.
    """

    chosen: Index
    slot: Index
    hits: Index
    owner: Index
    gain: Long
    loss: Long
    both: Long
    blocked: Index
    tied: NDArray[np.int16]


def greedy(rows: CoverRows, points: int) -> Index:
    """Return candidates, each the one that gains most after those before, ties by the lower index.

    Fewer than ``points`` where conflicts leave no more. Without conflicts it covers at least ``1 − 1/e`` of what the
    best plan does (Nemhauser, Wolsey and Fisher 1978, Mathematical Programming 14).
    """
    return _greedy(rows.table, min(points, rows.m))


def covered(rows: CoverRows, chosen: Index) -> int:
    """Return what a plan covers."""
    hit = np.zeros(len(rows.weight), dtype=bool)
    for j in chosen:
        hit[rows.of(j)] = True
    return int(rows.weight[: rows.demands][hit[: rows.demands]].sum())


def by_gain(rows: CoverRows, chosen: Index) -> tuple[Index, Long]:
    """Return a plan by what each adds to those before it, ties by the lower index, and what each adds."""
    return _by_gain(rows.table, np.sort(chosen))


class Interchange:
    """A plan that is bettered by exchanges; the same seed betters it in the same way.

    Attributes
    ----------
    chosen
        The plan ``(p,)``.
    objective
        What it covers.
    """

    def __init__(self, rows: CoverRows, chosen: Index, seed: int = 0) -> None:
        self._table, self._random = rows.table, np.random.default_rng(seed)
        p, m, r = len(chosen), rows.m, len(rows.weight)
        self.chosen = chosen.astype(np.int32)
        self._plan = Plan(
            self.chosen,
            np.full(m, -1, dtype=np.int32),
            np.zeros(r, dtype=np.int32),
            np.zeros(r, dtype=np.int32),
            np.zeros(m, dtype=np.int64),
            np.zeros(p, dtype=np.int64),
            np.zeros((p, m), dtype=np.int64),
            np.zeros(m, dtype=np.int32),
            np.zeros((p, m), dtype=np.int16),
        )
        self.objective = int(_begin(self._table, self._plan))

    def without(self) -> Long:
        """Return what the plan covers with the best other candidate instead of each of the chosen ``(p,)``.

        Less than nothing where no other may be opened instead.
        """
        plan = self._plan
        allowed = (plan.slot < 0) & (plan.blocked == plan.tied)
        best: Long = np.where(allowed, plan.gain + plan.both, _OUT).max(axis=1, initial=_OUT)
        return self.objective - plan.loss + best

    def addition(self) -> tuple[int, int]:
        """Return the candidate that one point more gains the most by, and that gain; -1 and 0 where there is none."""
        best = int(_most(self._plan))
        return best, int(self._plan.gain[best]) if best >= 0 else 0

    def descend(self) -> bool:
        """Exchange for the best as long as that gains; whether it did."""
        return self._gained(int(_descend(self._table, self._plan)))

    def kick(self, times: int = KICKS_AT_ONCE) -> bool:
        """Disturb and descend so many times, keeping what is no worse; whether that gained."""
        draws = self._random.random((times, 2 * _EXCHANGES))
        return self._gained(int(_kicks(self._table, self._plan, draws)))

    def _gained(self, gain: int) -> bool:
        self.objective += gain
        return gain > 0


@compiled
def _greedy(t: Table, points: int) -> Index:
    row_at, row_candidate, col_at, col_row, weight, demands = t
    m = len(col_at) - 1
    gain = np.zeros(m, dtype=np.int64)
    for j in range(m):
        for k in range(col_at[j], col_at[j + 1]):
            gain[j] += weight[col_row[k]]
    hit = np.zeros(len(weight), dtype=np.bool_)
    chosen = np.empty(points, dtype=np.int32)
    for size in range(points):
        best = np.argmax(gain)
        if gain[best] < 0:
            return chosen[:size].copy()
        chosen[size] = best
        for k in range(col_at[best], col_at[best + 1]):
            i = col_row[k]
            if hit[i]:
                continue
            hit[i] = True
            change = -weight[i] if i < demands else _OUT
            for q in range(row_at[i], row_at[i + 1]):
                c = row_candidate[q]
                gain[c] = max(gain[c] + change, _OUT)
        gain[best] = _OUT
    return chosen


@compiled
def _by_gain(t: Table, chosen: Index) -> tuple[Index, Long]:
    col_at, col_row, weight = t[2], t[3], t[4]
    order, gains = chosen.copy(), np.zeros(len(chosen), dtype=np.int64)
    hit = np.zeros(len(weight), dtype=np.bool_)
    for size in range(len(order)):
        best = -1
        for s in range(size, len(order)):
            gain = 0
            for k in range(col_at[order[s]], col_at[order[s] + 1]):
                if not hit[col_row[k]]:
                    gain += weight[col_row[k]]
            if best < 0 or gain > gains[size]:
                best, gains[size] = s, gain
        j = order[best]
        for s in range(best, size, -1):  # the others stay in order of their index
            order[s] = order[s - 1]
        order[size] = j
        for k in range(col_at[j], col_at[j + 1]):
            hit[col_row[k]] = True
    return order, gains


@compiled
def _add(t: Table, plan: Plan, s: int, j: int) -> int:
    """Put a candidate into an empty slot; return what that gains."""
    row_at, row_candidate, col_at, col_row, weight, demands = t
    plan.chosen[s] = j
    plan.slot[j] = s
    gained: int = plan.gain[j]
    for k in range(col_at[j], col_at[j + 1]):
        i = col_row[k]
        if i >= demands:
            for q in range(row_at[i], row_at[i + 1]):
                plan.blocked[row_candidate[q]] += 1
                plan.tied[s, row_candidate[q]] += 1
            continue
        w = weight[i]
        if plan.hits[i] == 0:
            plan.loss[s] += w
            for q in range(row_at[i], row_at[i + 1]):
                plan.gain[row_candidate[q]] -= w
                plan.both[s, row_candidate[q]] += w
        elif plan.hits[i] == 1:
            other = plan.owner[i]
            plan.loss[other] -= w
            for q in range(row_at[i], row_at[i + 1]):
                plan.both[other, row_candidate[q]] -= w
        plan.hits[i] += 1
        plan.owner[i] += s
    return gained


@compiled
def _remove(t: Table, plan: Plan, s: int) -> int:
    """Empty a slot; return what that loses."""
    row_at, row_candidate, col_at, col_row, weight, demands = t
    j = plan.chosen[s]
    plan.chosen[s] = -1
    plan.slot[j] = -1
    lost: int = plan.loss[s]
    for k in range(col_at[j], col_at[j + 1]):
        i = col_row[k]
        if i >= demands:
            for q in range(row_at[i], row_at[i + 1]):
                plan.blocked[row_candidate[q]] -= 1
                plan.tied[s, row_candidate[q]] -= 1
            continue
        w = weight[i]
        plan.hits[i] -= 1
        plan.owner[i] -= s
        if plan.hits[i] == 0:
            plan.loss[s] -= w
            for q in range(row_at[i], row_at[i + 1]):
                plan.gain[row_candidate[q]] += w
                plan.both[s, row_candidate[q]] -= w
        elif plan.hits[i] == 1:
            other = plan.owner[i]
            plan.loss[other] += w
            for q in range(row_at[i], row_at[i + 1]):
                plan.both[other, row_candidate[q]] += w
    return lost


@compiled
def _begin(t: Table, plan: Plan) -> int:
    col_at, col_row, weight = t[2], t[3], t[4]
    for j in range(len(plan.gain)):
        for k in range(col_at[j], col_at[j + 1]):
            plan.gain[j] += weight[col_row[k]]
    gained = 0
    for s in range(len(plan.chosen)):
        gained += _add(t, plan, s, plan.chosen[s])
    return gained


@compiled
def _descend(t: Table, plan: Plan) -> int:
    total = 0
    while True:
        best, out, into = 0, 0, 0
        for s in range(len(plan.chosen)):
            for j in range(len(plan.gain)):
                gained = plan.gain[j] - plan.loss[s] + plan.both[s, j]
                if gained > best and plan.slot[j] < 0 and plan.blocked[j] == plan.tied[s, j]:
                    best, out, into = gained, s, j
        if best == 0:
            return total
        _remove(t, plan, out)
        _add(t, plan, out, into)
        total += best


@compiled
def _kicks(t: Table, plan: Plan, draws: NDArray[np.float64]) -> int:
    total = 0
    kept = plan.chosen.copy()
    for kick in range(len(draws)):
        change, full = 0, True
        for e in range(0, draws.shape[1], 2):
            s, j = int(draws[kick, e] * len(plan.chosen)), int(draws[kick, e + 1] * len(plan.gain))
            if full and plan.slot[j] < 0:
                gained, full = _force(t, plan, s, j)
                change += gained
        if full:
            change += _descend(t, plan)
        if full and change >= 0:
            total += change
            kept[:] = plan.chosen
        else:
            _return(t, plan, kept)
    return total


@compiled
def _force(t: Table, plan: Plan, s: int, j: int) -> tuple[int, bool]:
    """Open a candidate instead of one and of all in conflict with it; return the gain, and whether the plan is full.

    The slots that this leaves empty are filled with what gains the most.
    """
    change = -_remove(t, plan, s)
    for other in range(len(plan.chosen)):
        if plan.chosen[other] >= 0 and plan.tied[other, j] > 0:
            change -= _remove(t, plan, other)
    change += _add(t, plan, s, j)
    for empty in range(len(plan.chosen)):
        if plan.chosen[empty] < 0:
            best = _most(plan)
            if best < 0:
                return change, False
            change += _add(t, plan, empty, best)
    return change, True


@compiled
def _most(plan: Plan) -> int:
    """Return the candidate that gains the most and may be opened, -1 where there is none."""
    best = -1
    for j in range(len(plan.gain)):
        if plan.slot[j] < 0 and plan.blocked[j] == 0 and (best < 0 or plan.gain[j] > plan.gain[best]):
            best = j
    return best


@compiled
def _return(t: Table, plan: Plan, kept: Index) -> None:
    """Make the plan what it was."""
    for s in range(len(kept)):
        if plan.chosen[s] >= 0 and plan.chosen[s] != kept[s]:
            _remove(t, plan, s)
    for s in range(len(kept)):
        if plan.chosen[s] < 0:
            _add(t, plan, s, kept[s])
