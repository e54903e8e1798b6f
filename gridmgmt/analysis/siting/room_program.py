"""The capacitated model as a mixed-integer program over the candidates that are still open."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gridmgmt.analysis.siting.merging import CoverRows, Index, Long, merged
from gridmgmt.analysis.siting.near import cliques
from gridmgmt.analysis.siting.program import Program

Flags = NDArray[np.bool_]


class RoomProgram:
    """One whole variable for each candidate left, and the share of each row that each of its candidates serves.

    Shares are of one row of places; gains in ``unit`` parts.
    """

    def __init__(
        self, rows: CoverRows, capacity: Long, conflicts: Index, points: int, decided: tuple[Flags, Flags], unit: float
    ) -> None:
        opened, closed = decided
        self._ids = np.flatnonzero(~closed).astype(np.int32)
        self._rows = _kept(rows, ~closed)
        self._points, self.unit = points, unit
        self._opened, self._capacity = opened[self._ids], capacity[self._ids]
        number = np.cumsum(~closed) - 1
        both = ~closed[conflicts].any(axis=1)
        self._conflicts = number[conflicts[both]].astype(np.int32)

    @property
    def arcs(self) -> int:
        """How many pairs of a row and a candidate there are."""
        return len(self._rows.row_candidate)

    def program(self) -> Program:
        """Return the program: first the candidates, then the pairs, row by row."""
        rows, k, arcs = self._rows, len(self._ids), self.arcs
        row = np.repeat(np.arange(len(rows.weight)), np.diff(rows.row_at))
        weight = rows.weight / self.unit
        groups = cliques(self._conflicts, k)
        member = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        pair, ones = np.arange(arcs), np.ones(arcs)
        once = sparse.csr_array((ones, (row, pair)), shape=(len(rows.weight), arcs))
        filled = sparse.csr_array((weight[row], (rows.row_candidate, pair)), shape=(k, arcs))
        room = sparse.diags_array(-self._capacity / self.unit)
        of = sparse.csr_array((ones, (pair, rows.row_candidate)), shape=(arcs, k))
        member_of = (member, np.concatenate([*groups, []]).astype(np.int32))
        apart = sparse.csr_array((np.ones(len(member)), member_of), shape=(len(groups), k))
        count = sparse.csr_array(np.ones((1, k)))
        none = sparse.csr_array((len(groups), arcs))
        block = sparse.block_array(
            [[None, once], [room, filled], [-of, sparse.eye_array(arcs)], [apart, none], [count, None]], format="csr"
        )
        high = np.concatenate([np.ones(len(rows.weight)), np.zeros(k + arcs), np.ones(len(groups)), [self._points]])
        low = np.full(len(high), -np.inf)
        low[-1] = self._points
        whole = np.arange(k + arcs) < k
        gain = np.where(whole, 0.0, np.concatenate([np.zeros(k), weight[row]]))
        return Program(gain, np.append(self._opened, np.zeros(arcs)), np.ones(k + arcs), whole, block, low, high)

    def plan(self, values: NDArray[np.float64]) -> Index:
        """Return the candidates that values open."""
        return self._ids[values[: len(self._ids)] > 0.5]


def _kept(rows: CoverRows, kept: Flags) -> CoverRows:
    """Return the rows by the candidates that are kept, merged again."""
    column = np.repeat(kept, np.diff(rows.col_at))
    at = np.concatenate([[0], np.cumsum(np.diff(rows.col_at)[kept])]).astype(np.int64)
    return merged(at, rows.col_row[column], rows.weight, rows.demands, rows.ids[kept])[0]
