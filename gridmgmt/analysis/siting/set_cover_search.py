"""The search for the fewest candidates that cover all rows of one part of a covering problem."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gridmgmt.analysis.siting.near import cliques
from gridmgmt.analysis.siting.pace import Pace
from gridmgmt.analysis.siting.program import TOLERANCE, Outcome, Program, maximise

Indices = NDArray[np.int32]


@dataclass(slots=True, eq=False)
class Part:
    """One part, and how far its search is.

    Attributes
    ----------
    rows
        The candidates of each place ``(r, c)``.
    columns
        What each candidate ``(c,)`` is called outside.
    clashes
        The conflicts of the candidates, symmetric ``(c, c)``.
    chosen
        The candidates (columns) of the best cover so far; None when there is none.
    bound
        No cover has fewer.
    """

    rows: sparse.csr_array
    columns: Indices
    clashes: sparse.csr_array
    chosen: Indices | None = None
    bound: int = 1
    nodes: int = 0
    searched: bool = False

    def search(self, pace: Pace, tell: Callable[[], None]) -> None:
        """Improve cover and bound until they meet or the time is over."""

        def hear(_best: float, bound: float) -> None:
            if pace.due or _whole(-bound) > self.bound:
                self.bound = max(self.bound, _whole(-bound))
                tell()

        program = covering(self.rows, self.clashes)
        outcome = maximise(
            program, max_s=pace.left_s, gap=pace.effort.gap, start=self._start(), hear=hear, seed=pace.effort.seed
        )
        self.searched, self.nodes = True, outcome.nodes
        found = chosen_of(outcome)
        if found is not None and (self.chosen is None or len(found) < len(self.chosen)) and self._covers(found):
            self.chosen = found
        if self.chosen is not None:
            self.bound = min(max(self.bound, _whole(-outcome.bound)), len(self.chosen))

    def _covers(self, chosen: Indices) -> bool:
        return bool((np.asarray(self.rows[:, chosen].sum(axis=1)) > 0).all())

    def _start(self) -> NDArray[np.float64] | None:
        if self.chosen is None:
            return None
        start = np.zeros(len(self.columns))
        start[self.chosen] = 1.0
        return start


def covering(rows: sparse.csr_array, clashes: sparse.csr_array, exactly: int | None = None) -> Program:
    """Return the program of the fewest candidates, or of exactly so many, that cover all rows without a conflict."""
    r, m = rows.shape
    pairs = sparse.triu(clashes, format="coo")
    sets = cliques(np.column_stack([pairs.row, pairs.col]).astype(np.int32), m)
    ends = np.cumsum([0, *(len(one) for one in sets)])
    apart = sparse.csr_array((np.ones(ends[-1]), [one for some in sets for one in some], ends), shape=(len(sets), m))
    blocks, low, high = [rows, apart], [np.ones(r), np.zeros(len(sets))], [np.full(r, np.inf), np.ones(len(sets))]
    if exactly is not None:
        blocks.append(sparse.csr_array(np.ones((1, m))))
        low.append(np.array([float(exactly)]))
        high.append(np.array([float(exactly)]))
    return Program(
        gain=np.zeros(m) if exactly is not None else np.full(m, -1.0),
        low=np.zeros(m),
        high=np.ones(m),
        whole=np.ones(m, dtype=bool),
        rows=sparse.csr_array(sparse.vstack(blocks, format="csr")),
        row_low=np.concatenate(low),
        row_high=np.concatenate(high),
    )


def chosen_of(outcome: Outcome) -> Indices | None:
    """Return the candidates that a program chose, None where it found no plan."""
    return None if outcome.values is None else np.flatnonzero(outcome.values > 0.5).astype(np.int32)


def greedy_cover(rows: sparse.csr_array, clashes: sparse.csr_array) -> Indices | None:
    """Return a cover that takes what covers most of the rest, without what turns out needless; None where it fails.

    At most ``1 + ln(largest column)`` times as many as needed where there are no conflicts (Chvátal 1979).
    """
    by_column = sparse.csr_array(rows.T)
    left = np.ones(rows.shape[0], dtype=bool)
    covers = np.asarray(rows.sum(axis=0)).ravel().astype(np.int64)
    free, taken = np.ones(rows.shape[1], dtype=bool), []
    while left.any():
        best = int(np.where(free, covers, -1).argmax())
        if not free[best] or covers[best] < 1:
            return None
        taken.append(best)
        new = by_column.indices[by_column.indptr[best] : by_column.indptr[best + 1]]
        new = new[left[new]]
        left[new] = False
        covers -= np.asarray(rows[new].sum(axis=0)).ravel().astype(np.int64)
        free[clashes.indices[clashes.indptr[best] : clashes.indptr[best + 1]]] = False
    return _needed(by_column, taken)


def _needed(by_column: sparse.csr_array, taken: list[int]) -> Indices:
    """Return the cover without those, looked at from the last taken on, whose rows others cover as well."""
    times = np.asarray(by_column[taken].sum(axis=0)).ravel()
    kept = []
    for one in reversed(taken):
        own = by_column.indices[by_column.indptr[one] : by_column.indptr[one + 1]]
        if (times[own] > 1).all():
            times[own] -= 1
        else:
            kept.append(one)
    return np.sort(np.array(kept, dtype=np.int32))


def _whole(bound: float) -> int:
    """Return the least whole number that a bound of HiGHS, which holds to within its tolerance, leaves possible."""
    return math.ceil(bound - 10 * TOLERANCE * max(1.0, abs(bound))) if math.isfinite(bound) else 0
