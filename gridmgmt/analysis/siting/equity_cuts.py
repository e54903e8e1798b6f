"""Programs over candidates alone that know more and more of what these cover together.

What a plan ``x`` covers of a quarter is at most ``w(A) + Σ_j c_j(not A) x_j`` for any set ``A`` of its rows, where
``c_j(not A)`` is what candidate ``j`` covers of the other rows. The set that ``x`` covers at least once gives the
tightest of these cuts, for fractions as for plans (Cordeau, Furini and Ljubić 2019, European Journal of Operational
Research 275.3). A program holds the cuts that were needed so far: its optimum is a bound at any time. Where a quarter
needs so much, no candidate counts for more than what is missing beside ``A``.
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
_NOTHING = 1e-9
"""A share that is missing by less is there."""

Floats = NDArray[np.float64]


class QuarterCuts:
    """What is learned of the share that plans cover of each quarter.

    Parameters
    ----------
    rows
        Rows of places of one quarter each.
    """

    def __init__(self, rows: CoverRows, quarters: Quarters, conflicts: Index, points: int) -> None:
        self._quarters, self.q, self.m, self._points = quarters, len(quarters.whole), rows.m, points
        self._weight, self._whole = rows.weight.astype(np.float64), np.maximum(quarters.whole, 1).astype(np.float64)
        shape = len(rows.weight), rows.m
        self._covers = sparse.csr_array(
            (np.ones(len(rows.row_candidate)), rows.row_candidate, rows.row_at), shape=shape
        )
        groups = cliques(conflicts, rows.m)
        member = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        ids = np.concatenate([*groups, []]).astype(np.int32)
        self._apart = sparse.csr_array((np.ones(len(member)), (member, ids)), shape=(len(groups), rows.m))
        self._slopes: list[sparse.csr_array] = []
        self._constants: list[Floats] = []
        self._of: list[Index] = []
        self.learn(np.zeros(self.m), np.full(self.q, np.inf))

    def most_equal(self) -> Program:
        """Return the program of the highest lowest share: over candidates, shares of quarters, and the lowest."""
        gain = np.zeros(self.m + self.q + 1)
        gain[-1] = 1.0
        return self._of_shares(gain, np.zeros(self.q))

    def most_covered(self, need: Long) -> Program:
        """Return the program of the most residents, as a share of all, where each quarter has what it needs."""
        gain = np.concatenate([np.zeros(self.m), self._quarters.whole / self._quarters.whole.sum(), [0.0]])
        return self._of_shares(gain, np.append(need / self._whole[:-1], 0.0) * (1 - 1e-9))

    def reaching(self, need: Long) -> Program:
        """Return the program, over candidates, of any plan in which each quarter has what it needs."""
        of, constant = np.concatenate(self._of), np.concatenate(self._constants)
        missing = np.append(need / self._whole[:-1], 0.0)[of] - constant
        kept = missing > _NOTHING
        covers = sparse.csr_array(
            sparse.diags_array(1 / missing[kept]) @ sparse.vstack(self._slopes, format="csr")[np.flatnonzero(kept)]
        )
        covers.data = np.minimum(covers.data, 1.0)
        rows = sparse.vstack([np.ones((1, self.m)), self._apart, covers], format="csr")
        n_apart, n_covers = self._apart.shape[0], covers.shape[0]
        low = np.concatenate([[self._points], np.full(n_apart, -np.inf), np.ones(n_covers)])
        high = np.concatenate([[self._points], np.ones(n_apart), np.full(n_covers, np.inf)])
        every = np.ones(self.m)
        return Program(np.zeros(self.m), np.zeros(self.m), every, every > 0, rows, low, high)

    def learn(self, x: Floats, told: Floats) -> bool:
        """Add the cuts that shares ``told`` of quarters violate at candidates ``x``; return whether there were any."""
        x = np.clip(x, 0.0, 1.0)
        free = self._covers @ x < 1.0
        weight = np.where(free, self._weight, 0.0)
        taken = np.bincount(self._quarters.of, np.where(free, 0.0, self._weight), minlength=self.q)
        by_quarter = sparse.csr_array((weight, (self._quarters.of, np.arange(len(weight)))), (self.q, len(weight)))
        slope = sparse.csr_array(sparse.diags_array(1 / self._whole) @ (by_quarter @ self._covers))
        constant = np.asarray((self._quarters.before + taken) / self._whole, dtype=np.float64)
        broken = np.flatnonzero(told > constant + slope @ x + _VIOLATED)
        if len(broken):
            self._slopes.append(slope[broken])
            self._constants.append(constant[broken])
            self._of.append(broken.astype(np.int32))
        return len(broken) > 0

    def _of_shares(self, gain: Floats, least: Floats) -> Program:
        of, n, taking = np.concatenate(self._of), len(gain), np.arange(self.q - 1)
        share = sparse.csr_array((np.ones(len(of)), (np.arange(len(of)), of)), shape=(len(of), self.q))
        lowest = sparse.csr_array((-np.ones(self.q - 1), (taking, taking)), shape=(self.q - 1, self.q))
        rows = sparse.block_array(
            [
                [np.ones((1, self.m)), sparse.csr_array((1, self.q)), sparse.csr_array((1, 1))],
                [self._apart, None, None],
                [None, lowest, np.ones((self.q - 1, 1))],
                [-sparse.vstack(self._slopes, format="csr"), share, None],
            ],
            format="csr",
        )
        fixed = [float(self._points)], np.ones(self._apart.shape[0]), np.zeros(self.q - 1)
        high: Floats = np.concatenate([*fixed, *self._constants])
        low = np.where(np.arange(len(high)) == 0, self._points, -np.inf)
        bounds = np.concatenate([np.zeros(self.m), least, [0.0]]), np.ones(n)
        return Program(gain, *bounds, np.arange(n) < self.m, rows, low, high)
