"""A program over candidates alone that knows more and more of what they cover together.

What a plan ``x`` covers of a quarter is at most ``w(A) + Σ_j c_j(not A) x_j`` for any set ``A`` of its rows, where
``c_j(not A)`` is what candidate ``j`` covers of the other rows. The set that ``x`` covers at least once gives the
tightest of these cuts, for fractions as for plans (Cordeau, Furini and Ljubić 2019, European Journal of Operational
Research 275.3). The program holds the cuts that were needed so far: its optimum is a bound at any time.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gridmgmt.analysis.siting.equity_plans import Quarters
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long
from gridmgmt.analysis.siting.near import cliques
from gridmgmt.analysis.siting.program import Program

_VIOLATED = 1e-7
"""A share that is told higher than its cut by less is none."""

Floats = NDArray[np.float64]


class QuarterCuts:
    """Variables are the candidates ``(m,)``, the share covered of each quarter ``(q + 1,)``, and the lowest share.

    Parameters
    ----------
    rows
        Rows of places of one quarter each.
    """

    def __init__(self, rows: CoverRows, quarters: Quarters, conflicts: Index, points: int) -> None:
        self._quarters, self._q = quarters, len(quarters.whole)
        self._m, self._weight = rows.m, rows.weight.astype(np.float64)
        self._whole = np.maximum(quarters.whole, 1).astype(np.float64)
        shape = len(rows.weight), rows.m
        self._covers = sparse.csr_array(
            (np.ones(len(rows.row_candidate)), rows.row_candidate, rows.row_at), shape=shape
        )
        self._blocks = [self._fixed(cliques(conflicts, rows.m))]
        self._highs = [np.concatenate([[points], np.ones(self._blocks[0].shape[0] - self._q), np.zeros(self._q - 1)])]
        self._points = points

    @property
    def _n(self) -> int:
        return self._m + self._q + 1

    def most_equal(self, *, whole: bool) -> Program:
        """Return the program of the highest lowest share."""
        gain = np.zeros(self._n)
        gain[-1] = 1.0
        return self._program(gain, np.zeros(self._q), whole)

    def most_covered(self, need: Long, *, whole: bool) -> Program:
        """Return the program of the most residents, as a share of all, where each quarter has at least ``need``."""
        gain = np.concatenate([np.zeros(self._m), self._quarters.whole / self._quarters.whole.sum(), [0.0]])
        return self._program(gain, np.append(need / self._whole[:-1], 0.0) * (1 - 1e-9), whole)

    def learn(self, values: Floats) -> bool:
        """Add the cuts that values violate; return whether there were any."""
        x, told = np.clip(values[: self._m], 0.0, 1.0), values[self._m : self._m + self._q]
        open_rows = self._covers @ x < 1.0
        weight = np.where(open_rows, self._weight, 0.0)
        constant = np.bincount(self._quarters.of, np.where(open_rows, 0.0, self._weight), minlength=self._q)
        by_quarter = sparse.csr_array((weight, (self._quarters.of, np.arange(len(weight)))), (self._q, len(weight)))
        slope = sparse.csr_array(by_quarter @ self._covers)
        most = (self._quarters.before + constant + slope @ x) / self._whole
        broken = np.flatnonzero(told > most + _VIOLATED)
        if not len(broken):
            return False
        share = sparse.csr_array(
            (np.ones(len(broken)), (np.arange(len(broken)), broken)), shape=(len(broken), self._q + 1)
        )  # fmt: skip
        scaled = sparse.diags_array(1 / self._whole[broken]) @ slope[broken]
        self._blocks.append(sparse.hstack([-scaled, share], format="csr"))
        self._highs.append((self._quarters.before[broken] + constant[broken]) / self._whole[broken])
        return True

    def _fixed(self, groups: list[list[int]]) -> sparse.csr_array:
        """Return the rows that always hold: the count, conflicts, and the lowest share below each that takes part."""
        member = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        ids = np.concatenate([*groups, []]).astype(np.int32)
        apart = sparse.csr_array((np.ones(len(member)), (member, ids)), shape=(len(groups), self._n))
        count = sparse.csr_array(np.where(np.arange(self._n) < self._m, 1.0, 0.0)[None])
        taking = np.arange(self._q - 1)
        row, column = np.tile(taking, 2), np.append(np.full(len(taking), self._n - 1), self._m + taking)
        sign = np.repeat([1.0, -1.0], len(taking))
        lowest = sparse.csr_array((sign, (row, column)), shape=(len(taking), self._n))
        return sparse.vstack([count, apart, lowest], format="csr")

    def _program(self, gain: Floats, share_low: Floats, whole: bool) -> Program:
        rows, high = sparse.vstack(self._blocks, format="csr"), np.concatenate(self._highs)
        low = np.full(len(high), -np.inf)
        low[0] = self._points
        ids = np.arange(self._n)
        least = np.concatenate([np.zeros(self._m), share_low, [0.0]])
        return Program(gain, least, np.ones(self._n), whole & (ids < self._m), rows, low, high)
