"""Coverage as few rows: places that the same candidates cover are one row, and what decides nothing is left out.

Merging is exact: two places with the same candidates are covered by the same plans, so that their residents add up
(isomorphic aggregation, Lv et al. 2025, European Journal of Operational Research 327.2). Classes of places are found
by refining a partition with one candidate after the other (Paige and Tarjan 1987, SIAM Journal on Computing 16.6),
which compares sets without hashing them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled

Long = NDArray[np.int64]
Index = NDArray[np.int32]
Table = tuple[Long, Index, Long, Index, Long, int]
"""The arrays of :class:`CoverRows`, as kernels take them."""


@dataclass(frozen=True, slots=True, eq=False)
class CoverRows:
    """Rows of demand, and behind them rows of candidates of which no two may be opened.

    Attributes
    ----------
    weight
        What covering each row is worth ``(r,)`` int64; 0 for the rows of conflicts.
    demands
        How many of the rows are demand.
    row_at, row_candidate
        The candidates of row ``i`` are ``row_at[i]:row_at[i + 1]`` of ``row_candidate``, rising.
    col_at, col_row
        The rows of candidate ``j``, likewise.
    ids
        What each candidate ``(m,)`` is called outside.
    """

    weight: Long
    demands: int
    row_at: Long
    row_candidate: Index
    col_at: Long
    col_row: Index
    ids: Index

    @property
    def m(self) -> int:
        """Return how many candidates there are."""
        return len(self.ids)

    @property
    def table(self) -> Table:
        """Return the arrays as the kernels take them."""
        return self.row_at, self.row_candidate, self.col_at, self.col_row, self.weight, self.demands

    def of(self, candidate: int | np.integer) -> Index:
        """Return the rows of a candidate."""
        return self.col_row[self.col_at[candidate] : self.col_at[candidate + 1]]

    def sums(self, value: Long) -> Long:
        """Return for each candidate the sum of a value of its rows ``(m,)``."""
        whole: Long = np.concatenate([[0], np.cumsum(value[self.col_row])])
        return whole[self.col_at[1:]] - whole[self.col_at[:-1]]

    @property
    def nbytes(self) -> int:
        """Return the size of the arrays."""
        parts = self.weight, self.row_at, self.row_candidate, self.col_at, self.col_row, self.ids
        return sum(part.nbytes for part in parts)


def merged(
    col_at: Long, col_row: Index, weight: Long, demands: int, ids: Index, price: Long | None = None
) -> tuple[CoverRows, Long]:
    """Return rows of which no two have the same candidates, and the sum of the prices of what became each.

    Rows of demand without a candidate and rows of conflicts with fewer than two are left out.

    Parameters
    ----------
    price
        A number for each row ``(r,)`` int64 that adds up when rows are merged, as the weight does; the weight when
        None.
    """
    kind = (np.arange(len(weight)) >= demands).astype(np.int32)
    of, first, kept_demands = _numbered(_classes(col_at, col_row, kind), col_at, col_row, demands)
    at, row = _columns(col_at, col_row, of, first)
    row_at, row_candidate = transposed(at, row, len(first))
    summed = _sums(of, weight, len(first))
    prices = summed if price is None else _sums(of, price, len(first))
    return CoverRows(summed, kept_demands, row_at, row_candidate, at, row, ids), prices


def restricted(
    rows: CoverRows, price: Long, opened: NDArray[np.bool_], closed: NDArray[np.bool_]
) -> tuple[CoverRows, Long, int | None]:
    """Return the rows that are left when some candidates are opened and others are not, with prices, and what is won.

    Candidates in conflict with an opened one are closed; nothing (None) is won where two of the opened are in conflict.
    """
    hits = np.zeros(len(rows.weight), dtype=np.int32)
    for j in np.flatnonzero(opened):
        hits[rows.of(j)] += 1
    in_row = hits > 0
    fits = bool(np.all(hits[rows.demands :] <= 1))
    won = int(rows.weight[: rows.demands][in_row[: rows.demands]].sum())
    out = opened | closed
    for i in rows.demands + np.flatnonzero(in_row[rows.demands :]):
        out[rows.row_candidate[rows.row_at[i] : rows.row_at[i + 1]]] = True
    column = np.repeat(~out, np.diff(rows.col_at))
    keep = column & ~in_row[rows.col_row]
    counts = np.concatenate([[0], np.cumsum(keep)])
    at = np.concatenate([[0], counts[rows.col_at[1:]][~out]]).astype(np.int64)
    ids = rows.ids[~out]
    small, prices = merged(at, rows.col_row[keep], rows.weight, rows.demands, ids, price)
    return small, prices, won if fits else None


def undominated(rows: CoverRows) -> NDArray[np.bool_]:
    """Return which candidates cover something that no other covers together with all else they cover ``(m,)``.

    Of candidates with the same rows the lowest is kept. Only where there are no conflicts may the others be left out.
    """
    return _undominated(rows.table)


def transposed(at: Long, item: Index, n: int) -> tuple[Long, Index]:
    """Return by item (of ``n``) the lists that hold it, rising."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(item, minlength=n))]).astype(np.int64)
    return starts, _fill(at, item, starts[:-1].copy())


@compiled
def _fill(at: Long, item: Index, free: Long) -> Index:
    lists = np.empty(len(item), dtype=np.int32)
    for j in range(len(at) - 1):
        for k in range(at[j], at[j + 1]):
            i = item[k]
            lists[free[i]] = j
            free[i] += 1
    return lists


@compiled
def _undominated(table: Table) -> NDArray[np.bool_]:
    row_at, row_candidate, col_at, col_row = table[:4]
    m = len(col_at) - 1
    kept = np.zeros(m, dtype=np.bool_)
    others = np.empty(m, dtype=np.int32)
    for j in range(m):
        # Those that cover all rows so far, beginning with those of the first.
        size = 0
        for k in range(col_at[j], col_at[j + 1]):
            q, end = row_at[col_row[k]], row_at[col_row[k] + 1]
            if k == col_at[j]:
                for c in row_candidate[q:end]:
                    larger = col_at[c + 1] - col_at[c] - col_at[j + 1] + col_at[j]
                    if larger > 0 or (larger == 0 and c < j):
                        others[size] = c
                        size += 1
                continue
            left = 0
            for a in range(size):
                while q < end and row_candidate[q] < others[a]:
                    q += 1
                if q < end and row_candidate[q] == others[a]:
                    others[left] = others[a]
                    left += 1
            size = left
            if size == 0:
                break
        kept[j] = size == 0 and col_at[j + 1] > col_at[j]
    return kept


@compiled
def _classes(at: Long, row: Index, kind: Index) -> Index:
    """Return the class of each row: equal for rows of one kind with the same candidates; 0 and 1 have none."""
    n = len(kind)
    of = kind.copy()
    count = np.zeros(n + 3, dtype=np.int32)
    for i in range(n):
        count[of[i]] += 1
    to = np.zeros(n + 3, dtype=np.int32)
    seen = np.full(n + 3, -1, dtype=np.int32)
    spare = np.arange(n + 2, 1, -1).astype(np.int32)
    spares = n + 1
    for j in range(len(at) - 1):
        for k in range(at[j], at[j + 1]):
            i = row[k]
            old = of[i]
            if seen[old] != j:
                seen[old] = j
                spares -= 1
                to[old] = spare[spares]
            new = to[old]
            of[i] = new
            count[new] += 1
            count[old] -= 1
            if count[old] == 0 and old > 1:
                spare[spares] = old
                spares += 1
    return of


@compiled
def _numbered(of: Index, at: Long, row: Index, demands: int) -> tuple[Index, Index, int]:
    """Return the number of each row's class in order of its first row (-1: left out), those rows, and the demands."""
    n = len(of)
    members = np.zeros(n, dtype=np.int32)
    for k in range(at[0], at[-1]):
        members[row[k]] += 1
    number = np.full(n + 3, -1, dtype=np.int32)
    first = np.empty(n, dtype=np.int32)
    found = np.full(n, -1, dtype=np.int32)
    size = 0
    kept = 0
    for i in range(n):
        if members[i] == 0 or (i >= demands and members[i] < 2):
            continue
        if number[of[i]] < 0:
            number[of[i]] = size
            first[size] = i
            size += 1
            if i < demands:
                kept += 1
        found[i] = number[of[i]]
    return found, first[:size].copy(), kept


@compiled
def _columns(at: Long, row: Index, of: Index, first: Index) -> tuple[Long, Index]:
    starts = np.zeros(len(at), dtype=np.int64)
    kept = np.empty(len(row), dtype=np.int32)
    size = 0
    for j in range(len(at) - 1):
        for k in range(at[j], at[j + 1]):
            i = row[k]
            if of[i] >= 0 and first[of[i]] == i:
                kept[size] = of[i]
                size += 1
        starts[j + 1] = size
    return starts, kept[:size].copy()


@compiled
def _sums(of: Index, value: Long, n: int) -> Long:
    sums = np.zeros(n, dtype=np.int64)
    for i in range(len(of)):
        if of[i] >= 0:
            sums[of[i]] += value[i]
    return sums
