"""Good plans: greedy, then one point exchanged for another as long as that gains, from many starts.

The gain of every exchange is kept up to date instead of computed (Resende and Werneck 2007, European Journal of
Operational Research 178.3): for a plan with ``s`` out and ``k`` in it is ``gain[k] − loss[s] + both[s, k]``, where
``both`` counts what only ``s`` covers and ``k`` covers too. An exchange changes these by the rows of two candidates
alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long

KICKS_AT_ONCE = 64
_EXCHANGES = 3
"""Exchanges at random before each new descent."""


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Candidates in conflict with candidate ``j``: ``at[j]:at[j + 1]`` of ``other``."""

    at: Long
    other: Index

    @classmethod
    def of(cls, conflicts: Index, m: int) -> "Near":
        """Return them from pairs."""
        both = np.concatenate([conflicts, conflicts[:, ::-1]]).astype(np.int32)
        order = np.lexsort((both[:, 1], both[:, 0]))
        counts = np.bincount(both[:, 0], minlength=m)
        return cls(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), both[order, 1].copy())


class Table(NamedTuple):
    """What never changes: the rows and the conflicts, as the kernels take them."""

    row_at: Long
    row_candidate: Index
    col_at: Long
    col_row: Index
    weight: Long
    demands: int
    near_at: Long
    near: Index


class Plan(NamedTuple):
    """The plan and what its exchanges gain.

    ``chosen (p,)`` by slot and ``slot (m,)``, -1 outside the plan; of each row ``hits``, how many of the chosen that cover it
    cover it, and ``owner``, the sum of their slots: where the count is 1, the slot. Of each candidate ``gain``, of each slot
    ``loss``, of both ``both (p, m)``. ``blocked`` counts the chosen in conflict with a candidate, ``tied`` says which.
    """

    chosen: Index
    slot: Index
    hits: Index
    owner: Index
    gain: Long
    loss: Long
    both: Long
    blocked: Index
    tied: NDArray[np.int8]


def greedy(rows: CoverRows, near: Near, points: int) -> Index:
    """Return candidates, each the one that gains most after those before, ties by the lower index.

    Fewer than ``points`` where conflicts leave no more. Without conflicts it covers at least ``1 − 1/e`` of what the
    best plan does (Nemhauser, Wolsey and Fisher 1978, Mathematical Programming 14).
    """
    return _greedy(_table(rows, near), points)


def covered(rows: CoverRows, chosen: Index) -> int:
    """Return what a plan covers."""
    hit = np.zeros(len(rows.weight), dtype=bool)
    for j in chosen:
        hit[rows.col_row[rows.col_at[j] : rows.col_at[j + 1]]] = True
    return int(rows.weight[: rows.demands][hit[: rows.demands]].sum())


class Interchange:
    """A plan that is bettered by exchanges; the same seed betters it in the same way."""

    def __init__(self, rows: CoverRows, near: Near, chosen: Index, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        p, m = len(chosen), rows.m
        self.chosen = chosen.astype(np.int32)
        self._plan = Plan(
            self.chosen,
            np.full(m, -1, dtype=np.int32),
            np.zeros(len(rows.weight), dtype=np.int32),
            np.zeros(len(rows.weight), dtype=np.int32),
            np.zeros(m, dtype=np.int64),
            np.zeros(p, dtype=np.int64),
            np.zeros((p, m), dtype=np.int64),
            np.zeros(m, dtype=np.int32),
            np.zeros((p, m), dtype=np.int8),
        )
        self._table = _table(rows, near)
        self.objective = int(_begin(self._table, self._plan))

    def descend(self) -> int:
        """Exchange for the best as long as that gains; return what the plan covers then."""
        self.objective += int(_descend(self._table, self._plan))
        return self.objective

    def kick(self) -> int:
        """Disturb and descend :data:`KICKS_AT_ONCE` times, keeping what is no worse; return what is covered then."""
        draws = self._random.random((KICKS_AT_ONCE, 2 * _EXCHANGES))
        self.objective += int(_kicks(self._table, self._plan, draws))
        return self.objective


def bettered(search: Interchange, *, rounds: int, patience: int, heard: Callable[[Interchange], bool]) -> None:
    """Kick until ``patience`` batches in turn gained nothing, at most ``rounds``, or ``heard`` says that it is enough."""
    idle = 0
    for _ in range(rounds):
        before = search.objective
        idle = 0 if search.kick() > before else idle + 1
        if heard(search) or idle >= patience:
            return


def _table(rows: CoverRows, near: Near) -> Table:
    return Table(
        rows.row_at, rows.row_candidate, rows.col_at, rows.col_row, rows.weight, rows.demands, near.at, near.other
    )  # fmt: skip


@compiled
def _greedy(t: Table, points: int) -> Index:
    m = len(t.col_at) - 1
    gain = np.zeros(m, dtype=np.int64)
    for j in range(m):
        for k in range(t.col_at[j], t.col_at[j + 1]):
            gain[j] += t.weight[t.col_row[k]]
    hit = np.zeros(len(t.weight), dtype=np.bool_)
    chosen = np.empty(points, dtype=np.int32)
    size = 0
    while size < points:
        best = -1
        for j in range(m):
            if gain[j] >= 0 and (best < 0 or gain[j] > gain[best]):
                best = j
        if best < 0:
            break
        chosen[size] = best
        size += 1
        for k in range(t.col_at[best], t.col_at[best + 1]):
            i = t.col_row[k]
            if i < t.demands and not hit[i]:
                hit[i] = True
                for q in range(t.row_at[i], t.row_at[i + 1]):
                    gain[t.row_candidate[q]] -= t.weight[i]
        gain[best] = -(1 << 62)
        for k in range(t.near_at[best], t.near_at[best + 1]):
            gain[t.near[k]] = -(1 << 62)
    return chosen[:size].copy()


@compiled
def _add(t: Table, plan: Plan, s: int, j: int) -> int:
    plan.chosen[s] = j
    plan.slot[j] = s
    won = plan.gain[j]
    for k in range(t.col_at[j], t.col_at[j + 1]):
        i = t.col_row[k]
        if i >= t.demands:
            break
        if plan.hits[i] == 0:
            w = t.weight[i]
            plan.loss[s] += w
            for q in range(t.row_at[i], t.row_at[i + 1]):
                c = t.row_candidate[q]
                plan.gain[c] -= w
                plan.both[s, c] += w
        elif plan.hits[i] == 1:
            w = t.weight[i]
            other = plan.owner[i]
            plan.loss[other] -= w
            for q in range(t.row_at[i], t.row_at[i + 1]):
                plan.both[other, t.row_candidate[q]] -= w
        plan.hits[i] += 1
        plan.owner[i] += s
    for k in range(t.near_at[j], t.near_at[j + 1]):
        plan.blocked[t.near[k]] += 1
        plan.tied[s, t.near[k]] = 1
    return won


@compiled
def _remove(t: Table, plan: Plan, s: int) -> int:
    j = plan.chosen[s]
    plan.slot[j] = -1
    lost = plan.loss[s]
    for k in range(t.col_at[j], t.col_at[j + 1]):
        i = t.col_row[k]
        if i >= t.demands:
            break
        plan.hits[i] -= 1
        plan.owner[i] -= s
        if plan.hits[i] == 0:
            w = t.weight[i]
            plan.loss[s] -= w
            for q in range(t.row_at[i], t.row_at[i + 1]):
                c = t.row_candidate[q]
                plan.gain[c] += w
                plan.both[s, c] -= w
        elif plan.hits[i] == 1:
            w = t.weight[i]
            other = plan.owner[i]
            plan.loss[other] += w
            for q in range(t.row_at[i], t.row_at[i + 1]):
                plan.both[other, t.row_candidate[q]] += w
    for k in range(t.near_at[j], t.near_at[j + 1]):
        plan.blocked[t.near[k]] -= 1
        plan.tied[s, t.near[k]] = 0
    return lost


@compiled
def _begin(t: Table, plan: Plan) -> int:
    for j in range(len(t.col_at) - 1):
        for k in range(t.col_at[j], t.col_at[j + 1]):
            plan.gain[j] += t.weight[t.col_row[k]]
    won = 0
    for s in range(len(plan.chosen)):
        won += _add(t, plan, s, plan.chosen[s])
    return won


@compiled
def _descend(t: Table, plan: Plan) -> int:
    total = 0
    while True:
        best, out, into = 0, -1, -1
        for s in range(len(plan.chosen)):
            for j in range(len(plan.gain)):
                delta = plan.gain[j] - plan.loss[s] + plan.both[s, j]
                if delta > best and plan.slot[j] < 0 and plan.blocked[j] == plan.tied[s, j]:
                    best, out, into = delta, s, j
        if out < 0:
            return total
        _remove(t, plan, out)
        _add(t, plan, out, into)
        total += best


@compiled
def _kicks(t: Table, plan: Plan, draws: NDArray[np.float64]) -> int:
    total = 0
    p, m = len(plan.chosen), len(plan.gain)
    kept = plan.chosen.copy()
    for kick in range(len(draws)):
        change = 0
        for e in range(draws.shape[1] // 2):
            s, j = int(draws[kick, 2 * e] * p), int(draws[kick, 2 * e + 1] * m)
            if plan.slot[j] < 0 and plan.blocked[j] == plan.tied[s, j]:
                change -= _remove(t, plan, s)
                change += _add(t, plan, s, j)
        change += _descend(t, plan)
        if change >= 0:
            total += change
            kept[:] = plan.chosen
            continue
        for s in range(p):
            if plan.chosen[s] != kept[s]:
                _remove(t, plan, s)
                plan.chosen[s] = -1
        for s in range(p):
            if plan.chosen[s] < 0:
                _add(t, plan, s, kept[s])
    return total
