"""Small-count suppression for public tables: which cells to withhold so that no small count can be worked out.

A table is a list of non-negative values and the additive relations between them (a total and its parts). A reader of
the public form sees the values that are not withheld and knows the relations. The promise: for every withheld small
count, the values that fit all of this span at least the threshold. A rule for each relation by itself withholds most
of what that needs; linear programmes then find, for each small count not yet safe, another table that fits with the
count a threshold away, and withhold what differs in it. The method is that of cell suppression by continuous
relaxation: M. Fischetti and J. J. Salazar, Management Science 47(7), 2001.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

from gridmgmt.errors import InputError

Relation = tuple[int, Sequence[int]]
"""Index of a total, indices of the parts that sum to it."""

_ADDITIVE_TOLERANCE = 1e-6
"""Residents are decimals; sums of them differ from their total by rounding, relative to the total."""

_APART = 30
"""Of so many members of a relation one is protected at a time, so that each finds others to exchange with."""

_ROOM = 10
"""For each count to protect a value may rise by this many thresholds: enough for any exchange, never unbounded."""

_REWARD = 1e-3
"""What lifting another small count is worth against a published value's change: too little to withhold one for it."""


def suppress(
    values: NDArray[np.float64], relations: Sequence[Relation], threshold: float, *, least: float = 0.0
) -> NDArray[np.bool_]:
    """Return which of the values, shape ``(n,)``, must be withheld.

    First every small count, ``0 < value < threshold``; zeros are published. Then complementary cells, the smallest
    that serve, until each small count may lie anywhere in an interval at least ``threshold`` wide.

    Parameters
    ----------
    least
        What a reader knows every withheld value to be at least: 1 for counts whose zeros are all shown.

    Raises
    ------
    InputError
        When a value is negative or not finite, the threshold is not positive, or a total is not the sum of its parts.
    """
    if not (np.isfinite(threshold) and threshold > 0):
        raise InputError("number_not_positive", field="threshold", value=threshold)
    if (bad := np.flatnonzero(~(np.isfinite(values) & (values >= 0)))).size:
        raise InputError("count_invalid", field="values", row=int(bad[0]), value=float(values[bad[0]]))
    table = _Table(values, relations, threshold, least)
    small = (values > 0) & (values < threshold)
    withheld = small.copy()
    table.withhold_complements(withheld)
    _Guard(table, small, withheld).protect_all()
    return withheld


class _Table:
    """Values, their relations as one signed matrix (total +1, parts -1), and which relations each value is in."""

    def __init__(
        self, values: NDArray[np.float64], relations: Sequence[Relation], threshold: float, least: float
    ) -> None:
        self.values = values
        self.threshold = threshold
        self.most_fall = np.maximum(values - least, 0.0)
        self.totals = [total for total, _ in relations]
        self.parts = [np.asarray(parts, dtype=np.int64) for _, parts in relations]
        rows = np.repeat(np.arange(len(relations)), [1 + len(parts) for parts in self.parts])
        columns = [cell for total, parts in relations for cell in (total, *parts)]
        signs = [sign for _, parts in relations for sign in (1.0, *([-1.0] * len(parts)))]
        self.matrix = csr_array((signs, (rows, columns)), shape=(len(relations), len(values)))
        self.by_value = csr_array(self.matrix.T)
        self._check_additive()

    def _check_additive(self) -> None:
        """Refuse relations that the values do not fulfil."""
        for row, (total, parts) in enumerate(zip(self.totals, self.parts, strict=True)):
            difference = abs(self.values[parts].sum() - self.values[total])
            if difference > _ADDITIVE_TOLERANCE * max(1.0, self.values[total]):
                raise InputError(
                    "relation_not_additive",
                    field="relations",
                    row=row,
                    parts=float(self.values[parts].sum()),
                    value=float(self.values[total]),
                )

    def relations_of(self, cell: int) -> NDArray[np.int32]:
        """Return the relations that a value is in."""
        found: NDArray[np.int32] = self.by_value.indices[self.by_value.indptr[cell] : self.by_value.indptr[cell + 1]]
        return found

    def withhold_complements(self, withheld: NDArray[np.bool_]) -> None:
        """Withhold one more in each relation that can be solved by itself, until none can."""
        queue = deque(range(len(self.totals)))
        while queue:
            relation = queue.popleft()
            if not self._solvable(relation, withheld):
                continue
            cell = self._cheapest(relation, withheld)
            if cell is not None:
                withheld[cell] = True
                queue.extend(self.relations_of(cell))

    def _solvable(self, relation: int, withheld: NDArray[np.bool_]) -> bool:
        """Tell whether exactly one member is withheld, or only parts whose sum is a small count."""
        total, parts = self.totals[relation], self.parts[relation]
        hidden = parts[withheld[parts]]
        if withheld[total]:
            return not hidden.size
        return bool(hidden.size == 1 or 0 < self.values[hidden].sum() < self.threshold)

    def _cheapest(self, relation: int, withheld: NDArray[np.bool_]) -> int | None:
        """Return the smallest part of a relation that can be withheld, else the total, else nothing."""
        parts = self.parts[relation]
        free = parts[~withheld[parts] & (self.values[parts] > 0)]
        if free.size:
            return int(free[np.argmin(self.values[free])])
        total = self.totals[relation]
        return None if withheld[total] or self.values[total] == 0 else total

    def apart(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of the cells, the first ones first, that leave one another room in all their relations."""
        room = np.maximum(np.diff(self.matrix.indptr) // _APART, 1)
        taken = []
        for cell in cells.tolist():
            relations = self.relations_of(cell)
            if room[relations].all():
                room[relations] -= 1
                taken.append(cell)
        return np.array(taken, dtype=np.int64)

    def lineage(self, cell: int) -> NDArray[np.int64]:
        """Return the largest elementary value that a cell holds, and every total that value counts in, ascending.

        These can rise together without bound whatever the others are, so with all of them withheld none is exposed.
        """
        while below := [row for row in self.relations_of(cell).tolist() if self.totals[row] == cell]:
            parts = self.parts[below[0]]
            cell = int(parts[np.argmax(self.values[parts])])
        found, open_ = {cell}, [cell]
        while open_:
            above = {self.totals[row] for c in open_ for row in self.relations_of(c).tolist()} - found
            found |= above
            open_ = sorted(above)
        return np.array(sorted(found), dtype=np.int64)


class _Guard:
    """Protects the small counts, as many at once as leave one another room, by little withholding.

    ``low`` and ``high`` are the least and greatest of each value met in tables that fit all that is published. They
    start at the true values and only widen, because withholding more leaves every table met before possible; a span
    of the threshold is a proof that the value cannot be worked out more closely.
    """

    def __init__(self, table: _Table, small: NDArray[np.bool_], withheld: NDArray[np.bool_]) -> None:
        self.table = table
        self.small = small
        self.withheld = withheld
        self.low, self.high = table.values.copy(), table.values.copy()

    def protect_all(self) -> None:
        """Withhold more, until the possible values of every small count span the threshold."""
        while (needy := np.flatnonzero(self.small & self._is_narrow())).size:
            self._protect(self.table.apart(needy))

    def _is_narrow(self) -> NDArray[np.bool_]:
        """Tell of each value whether the span met so far is less than the threshold."""
        narrow: NDArray[np.bool_] = self.high - self.low < self.table.threshold * (1 - 1e-6)
        return narrow

    def _protect(self, cells: NDArray[np.int64]) -> None:
        """Let cells fall as far as they can, then find the cheapest table in which they are a threshold above that.

        What differs in that table is withheld. Where none is found, each half is tried, and for one cell its lineage
        is withheld.
        """
        self._move(cells, np.flatnonzero(self.withheld), lift=-1.0)
        cells = cells[self._is_narrow()[cells]]
        if not cells.size or self._move(cells, np.flatnonzero(self.table.values > 0), lift=1.0):
            return
        if cells.size > 1:
            for half in np.array_split(cells, 2):
                self._protect(half)
        else:
            lineage = self.table.lineage(int(cells[0]))
            self.withheld[lineage] = True
            self.high[lineage] = np.inf

    def _move(self, cells: NDArray[np.int64], region: NDArray[np.int64], *, lift: float) -> bool:
        """Move cells up (1), to a threshold above their low, or down (-1) at the least cost; tell if it was possible.

        The values of the region may change for it; other small counts in need are moved the same way where that is
        free. What differs from the truth is withheld and widens the spans.
        """
        threshold, truth, fall = self.table.threshold, self.table.values[region], self.table.most_fall[region]
        needy, chosen = (self.small & self._is_narrow())[region], np.isin(region, cells)
        room = _ROOM * threshold * cells.size
        most = np.where(needy, self.low[region] + threshold, truth + room) - truth
        forced = chosen & (lift > 0)
        reward = lift * _REWARD * (needy + 9.0 * chosen)
        cost = np.where(self.withheld[region], 0.0, truth)
        equations = self.table.matrix[:, region]
        equations = equations[np.diff(equations.indptr) > 0]
        # The variables are each value's rise and fall.
        solution = linprog(
            np.concatenate([cost - reward, cost + reward]),
            A_eq=hstack([equations, -equations]),
            b_eq=np.zeros(equations.shape[0]),
            bounds=np.column_stack([np.append(most * forced, 0 * truth), np.append(most, fall * ~forced)]),
            method="highs",
        )
        if solution.status != 0:
            return False
        rise, fall = np.split(solution.x, 2)
        found = truth + rise - fall
        self.withheld[region[np.abs(found - truth) > 1e-6 * threshold]] = True
        self.low[region] = np.minimum(self.low[region], found)
        self.high[region] = np.maximum(self.high[region], found)
        return True
