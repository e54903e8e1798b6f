"""Most residents within the limit: plans of new points with a bound on what any plan can reach (MCLP).

The maximal covering location problem (Church and ReVelle 1974, Papers of the Regional Science Association 32) with
open points that stay and with pairs of candidates that may not both be opened. Places that the same candidates cover
are merged; a plan is found greedily and by exchanges; Lagrangian prices bound every plan and decide most candidates;
what is left is decided by branch and bound. All sums are of whole numbers, so that a proof is a proof.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.feasible import together
from gridmgmt.analysis.siting.interchange import Interchange, Near, bettered, greedy
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long, cliques, merged
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Incumbent, Siting
from gridmgmt.analysis.siting.search_tree import Node, Tree

PARTS = 1 << 34
"""Parts of a resident in one resident."""
_BITS = 61
_ROUNDS, _PATIENCE = 12, 3
"""Batches of exchanges at the most, and in turn without a gain."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
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
    """

    rows: CoverRows
    near: Near
    before: int
    grain: int
    shift: int
    least: int

    @classmethod
    def of(cls, demand: Demand, candidates: Candidates, limit_cs: int, points: int) -> "Problem":
        """Return the problem of covering the most within the limit by at most ``points`` new points."""
        m, n = len(candidates), len(demand.weight)
        served = demand.before_cs <= limit_cs
        at, place = within(candidates, limit_cs, ~served & (demand.weight > 0))
        weight = np.where(served, 0, demand.weight)
        grain = int(np.gcd.reduce(weight)) or 1
        weight //= grain
        groups = cliques(candidates.conflicts, m)
        in_groups = np.bincount([j for group in groups for j in group], minlength=m)
        heaviest = _exact_sum(weight)
        most = (heaviest * (1 + len(groups))) * (points + 2 + int(in_groups.max(initial=0)))
        shift = min(_BITS - most.bit_length(), 40)
        fine = weight << shift if shift >= 0 else -(-weight >> -shift)
        at, place = _with_groups(at, place, groups, n)
        fine = np.concatenate([fine, np.zeros(len(groups), dtype=np.int64)])
        rows, _ = merged(at, place, fine, n, np.arange(m, dtype=np.int32))
        least = -int(rows.weight.sum())
        return cls(rows, Near.of(candidates.conflicts, m), _exact_sum(demand.weight[served]), grain, shift, least)

    @property
    def unit(self) -> int:
        """Return what coverage comes in whole multiples of."""
        return 1 << max(self.shift, 0)

    def parts(self, bound: int) -> int:
        """Return a bound in fine units as one in parts, open points counted."""
        whole = bound >> self.shift if self.shift >= 0 else bound << -self.shift
        return self.before + whole * self.grain


def within(candidates: Candidates, limit_cs: int, wanted: NDArray[np.bool_]) -> tuple[Long, Index]:
    """Return the wanted places within the limit of each candidate, by candidate, rising."""
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
    return _exact_sum(demand.weight[hit])


def max_coverage(
    demand: Demand, candidates: Candidates, *, points: int, limit_cs: int, effort: Effort | None = None
) -> Siting:
    """Return the plan of ``points`` new points that has the most residents within the limit.

    Parameters
    ----------
    points
        How many candidates to open, exactly.
    limit_cs
        The longest walk that counts, in hundredths of a second (≤ is inside).

    Returns
    -------
    Siting
        Its objective and bound are residents within the limit of any point, those of open points counted.

    Raises
    ------
    InputError
        When fewer than ``points`` candidates may be opened together, with how many may.
    """
    return _Run(demand, candidates, points, limit_cs, effort or Effort()).answer()


class _Run:
    """One search."""

    def __init__(self, demand: Demand, candidates: Candidates, points: int, limit_cs: int, effort: Effort) -> None:
        self._began = time.perf_counter()
        self._demand, self._candidates, self._points, self._limit_cs = demand, candidates, points, limit_cs
        self._effort, self._told = effort, (-1, -1)
        self._start = together(candidates, points)
        self._problem = Problem.of(demand, candidates, limit_cs, points)

    def answer(self) -> Siting:
        problem, points = self._problem, self._points
        rows = problem.rows
        self._bound = int(rows.weight.sum())
        first = greedy(rows, problem.near, points)
        exchange = Interchange(rows, problem.near, first if len(first) == points else self._start, self._effort.seed)
        solver = "greedy"
        start, seed = exchange.objective, exchange.chosen.copy()
        if not self._enough(start, self._bound, seed):
            exchange.descend()
            bettered(
                exchange, rounds=_ROUNDS, patience=_PATIENCE,
                heard=lambda found: self._enough(found.objective, self._bound, found.chosen),
            )  # fmt: skip
            solver = "interchange" if exchange.objective > start else solver
        tree = Tree(
            exchange.objective, tuple(exchange.chosen.tolist()), problem.unit, problem.least, self._heard, self._bound
        )
        tree.search(Node(rows, rows.weight // 2, points, (), 0, self._bound))
        if tree.nodes > 1 or tree.best > exchange.objective:
            solver = "branch_and_bound"
        elif tree.best == tree.bound:
            solver = "lagrangian"
        chosen = in_order_of_gain(rows, problem.near, np.array(sorted(tree.plan), dtype=np.int32))
        reached = residents_within(self._demand, self._candidates, chosen, self._limit_cs)
        bound = max(problem.parts(tree.bound), reached)
        proven = bound == reached
        return Siting(
            chosen, reached / PARTS, reached / PARTS if proven else _outward(bound), proven, solver, tree.nodes,
            time.perf_counter() - self._began,
        )  # fmt: skip

    def _heard(self, tree: Tree) -> bool:
        return self._enough(tree.best, tree.bound, tree.plan)

    def _enough(self, best: int, bound: int, plan: Index | tuple[int, ...]) -> bool:
        """Tell of what is new; whether the time is over or the gap is small enough."""
        self._bound = min(self._bound, bound)
        reached, most = self._problem.parts(best), self._problem.parts(self._bound)
        if self._effort.watch is not None and (reached, most) != self._told:
            self._told = reached, most
            self._effort.watch(Incumbent(reached / PARTS, _outward(most), tuple(int(j) for j in plan)))
        spent = time.perf_counter() - self._began
        return spent >= self._effort.max_s or (most - reached) <= self._effort.gap * reached


def in_order_of_gain(rows: CoverRows, near: Near, chosen: Index) -> Index:
    """Return the chosen, each the one that adds the most to those before it, ties by the lower index."""
    column = np.zeros(rows.m, dtype=bool)
    column[chosen] = True
    gone = ~np.repeat(column, np.diff(rows.col_at))
    left = CoverRows(
        rows.weight, rows.demands, rows.row_at, rows.row_candidate, rows.col_at, rows.col_row, rows.ids
    )  # fmt: skip
    del gone, left, near
    hit = np.zeros(len(rows.weight), dtype=bool)
    order: list[int] = []
    waiting = sorted(int(j) for j in chosen)
    while waiting:
        gains = []
        for j in waiting:
            row = rows.col_row[rows.col_at[j] : rows.col_at[j + 1]]
            gains.append(int(rows.weight[row[~hit[row]]].sum()))
        best = waiting.pop(int(np.argmax(gains)))
        order.append(best)
        hit[rows.col_row[rows.col_at[best] : rows.col_at[best + 1]]] = True
    return np.array(order, dtype=np.int32)


def _with_groups(at: Long, place: Index, groups: list[list[int]], n: int) -> tuple[Long, Index]:
    """Return the columns with a row, from ``n`` on, for each group of candidates in conflict."""
    if not groups:
        return at, place
    of: list[list[int]] = [[] for _ in range(len(at) - 1)]
    for number, group in enumerate(groups):
        for j in group:
            of[j].append(n + number)
    lists = [np.concatenate([place[at[j] : at[j + 1]], np.array(of[j], dtype=np.int32)]) for j in range(len(of))]
    sizes = np.array([len(part) for part in lists])
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), np.concatenate(lists).astype(np.int32)


def _exact_sum(weight: Long) -> int:
    """Return a sum that may be larger than its numbers' kind holds."""
    return (int((weight >> 32).sum()) << 32) + int((weight & 0xFFFFFFFF).sum())


def _outward(bound: int) -> float:
    """Return a bound in residents that is not below one in parts."""
    near = bound / PARTS
    whole, parts = near.as_integer_ratio()
    return near if whole * PARTS >= bound * parts else float(np.nextafter(near, np.inf))
