"""Bounds on coverage: every row of demand may be paid off, and what is left to open is a plain choice of the best.

With a price ``0 ≤ u ≤ w`` for each row, no plan of ``p`` points covers more than ``Σ (w − u)`` plus the ``p`` largest
sums of prices of what a candidate covers (Galvão and ReVelle 1996, European Journal of Operational Research 88.1).
A row of conflicts has weight 0 and a price of 0 or less. The lowest such bound is that of the linear relaxation; it
is approached by subgradients with Polyak's step. Prices are whole numbers and every sum is exact, so that a bound
holds to the last unit, whatever prices it is made of.

The same sums say what each candidate can still do: one whose opening (or closing) takes the bound below what is known
to be reached is closed (or opened) for good.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long

NEVER = -(1 << 62)
"""The bound of what cannot be at all."""
FIRST_PACE = 1.0
_SLOWER = 0.7
LEAST_PACE = 1e-4
_FAR = 4e18
_MEMORY = 0.05
"""Weight of the newest choice in the average of choices."""


class Relaxed(NamedTuple):
    """The least bound so far with the prices that it is made of, and what it says.

    ``fixed (m,)`` is 1 for candidates that are open in every better plan, -1 for those that are in none; ``use`` is how
    often, lately, each was among the best, ``choice`` those that were where the bound is least. ``bound`` holds one number, or :data:`NEVER` where no plan is better than
    ``need − 1``.
    """

    bound: Long
    price: Long
    fixed: NDArray[np.int8]
    use: NDArray[np.float64]
    pace: NDArray[np.float64]
    choice: Index


def begun(rows: CoverRows, points: int, price: Long, pace: float = FIRST_PACE) -> Relaxed:
    """Return where the search for prices begins, with no bound yet; ``pace`` is the length of its steps, below 2."""
    return Relaxed(
        np.array([-NEVER], dtype=np.int64),
        price.copy(),
        np.zeros(rows.m, dtype=np.int8),
        np.zeros(rows.m),
        np.array([pace]),
        np.full(points, -1, dtype=np.int32),
    )


def lower(
    rows: CoverRows, found: Relaxed, points: int, *, need: int, least: int, rounds: int, patience: int
) -> None:  # fmt: skip
    """Lower the bound on what ``points`` of the candidates cover, from the best prices, by so many subgradients.

    Parameters
    ----------
    need
        Plans below this are not looked for: the search ends when the bound is lower.
    least
        The lowest price of a row of conflicts.
    patience
        After so many subgradients without a lower bound the steps are shortened.
    """
    table = _Sums(rows.row_at, rows.row_candidate, rows.col_at, rows.col_row, rows.weight, rows.demands)
    _lower(table, found, points, need, least, rounds, patience)


class _Sums(NamedTuple):
    row_at: Long
    row_candidate: Index
    col_at: Long
    col_row: Index
    weight: Long
    demands: int


@compiled
def _best(reach: Long, fixed: NDArray[np.int8], top: Index) -> tuple[int, int]:
    """Fill ``top`` with the open and then the best candidates; return how many are open and the next best one, or -1.

    ``top[-1]`` is -1 where too few can be opened.
    """
    size = 0
    for j in range(len(reach)):
        if fixed[j] > 0:
            if size == len(top):
                top[-1] = -1
                return size, -1
            top[size] = j
            size += 1
    opened = size
    following = -1
    for j in range(len(reach)):
        if fixed[j] != 0:
            continue
        if size < len(top):
            k = size
            size += 1
        elif opened < size and reach[j] > reach[top[size - 1]]:
            following = top[size - 1]
            k = size - 1
        else:
            if following < 0 or reach[j] > reach[following]:
                following = j
            continue
        while k > opened and reach[top[k - 1]] < reach[j]:
            top[k] = top[k - 1]
            k -= 1
        top[k] = j
    if size < len(top):
        top[-1] = -1
    return opened, following


@compiled
def _fix(reach: Long, fixed: NDArray[np.int8], top: Index, opened: int, following: int, slack: int) -> None:
    """Fix what would take the bound down by more than ``slack``."""
    if following >= 0:
        for k in range(opened, len(top)):
            if reach[top[k]] - reach[following] > slack:
                fixed[top[k]] = 1
    if opened < len(top):
        worst = reach[top[-1]]
        for j in range(len(reach)):
            if fixed[j] == 0 and worst - reach[j] > slack:
                fixed[j] = -1


@compiled
def _lower(
    t: _Sums, found: Relaxed, points: int, need: int, least: int, rounds: int, patience: int
) -> None:  # fmt: skip
    r, m = len(t.weight), len(t.col_at) - 1
    u = found.price.copy()
    reach = np.zeros(m, dtype=np.int64)
    for j in range(m):
        for k in range(t.col_at[j], t.col_at[j + 1]):
            reach[j] += u[t.col_row[k]]
    paid = 0
    heaviest = 0
    for i in range(r):
        paid += t.weight[i] - u[i]
        heaviest = max(heaviest, t.weight[i])
    top = np.empty(points, dtype=np.int32)
    hits = np.zeros(r, dtype=np.int32)
    idle = 0
    for turn in range(rounds):
        opened, following = _best(reach, found.fixed, top)
        if top[-1] < 0:
            found.bound[0] = NEVER
            return
        bound = paid
        for k in range(points):
            bound += reach[top[k]]
        idle += 1
        if bound < found.bound[0]:
            found.bound[0] = bound
            found.price[:] = u
            found.choice[:] = top
            idle = 0
        if bound < need:
            found.bound[0] = NEVER
            return
        _fix(reach, found.fixed, top, opened, following, bound - need)
        for j in range(m):
            found.use[j] *= 1.0 - _MEMORY
        for k in range(points):
            found.use[top[k]] += _MEMORY
            for q in range(t.col_at[top[k]], t.col_at[top[k] + 1]):
                hits[t.col_row[q]] += 1
        if idle >= patience:
            idle = 0
            found.pace[0] *= _SLOWER
            if found.pace[0] < LEAST_PACE:
                return
        norm = 0.0
        for i in range(r):
            if i < t.demands:
                if (hits[i] > 1 and u[i] > 0) or (hits[i] == 0 and u[i] < t.weight[i]):
                    norm += float(t.weight[i]) * float((1 - hits[i]) * (1 - hits[i]))
            elif hits[i] > 1 or (hits[i] == 0 and u[i] < 0):
                norm += float(heaviest) * float((1 - hits[i]) * (1 - hits[i]))
        if norm == 0.0:  # what is chosen covers as much as the bound
            found.choice[:] = top
            return
        step = found.pace[0] * float(bound - need + 1) / norm
        for i in range(r):
            g = 1 - hits[i]
            hits[i] = 0
            if g == 0:
                continue
            if i < t.demands:
                move = min(max(step * float(g) * float(t.weight[i]), -_FAR), _FAR)
                new = min(max(u[i] + int(move), 0), t.weight[i])
            else:
                move = min(max(step * float(g) * float(heaviest), -_FAR), _FAR)
                new = min(max(u[i] + int(move), least), 0)
            change = new - u[i]
            if change != 0:
                u[i] = new
                paid -= change
                for q in range(t.row_at[i], t.row_at[i + 1]):
                    reach[t.row_candidate[q]] += change
