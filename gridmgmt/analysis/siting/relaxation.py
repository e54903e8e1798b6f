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
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long, Table

NEVER = -(1 << 62)
"""The bound of what cannot be at all."""
FIRST_PACE = 1.0
_SLOWER = 0.7
LEAST_PACE = 1e-4
_FAR = 4e18
"""The most that a price may be moved at once, so that no sum of it leaves its kind of number."""
_MEMORY = 0.05
"""Weight of the newest choice in the average of choices."""


class Relaxed(NamedTuple):
    """The least bound so far with the prices that it is made of, and what it says.

    Attributes
    ----------
    bound
        One number; :data:`NEVER` where no plan reaches what is needed.
    price
        Of each row ``(r,)``.
    fixed
        Of each candidate ``(m,)``: 1 where all plans that reach what is needed open it, -1 where none does, else 0.
    use
        How often, lately, each candidate was among the best ``(m,)``, 0 … 1.
    pace
        One number: the length of the steps in Polyak's units.
    choice
        The best candidates where the bound is least ``(p,)``; the last is -1 before there is one.
    """

    bound: Long
    price: Long
    fixed: NDArray[np.int8]
    use: NDArray[np.float64]
    pace: NDArray[np.float64]
    choice: Index


class _State(NamedTuple):
    """Where the search is: prices with their least and most and the unit they are moved in, and what follows of them.

    ``reach (m,)`` is the sum of the prices of each candidate's rows, ``top (p,)`` the best, ``hits (r,)`` how many of
    these are in each row; 0 between steps.
    """

    price: Long
    low: Long
    high: Long
    unit: NDArray[np.float64]
    reach: Long
    top: Index
    hits: Index


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
        Plans that cover less are not looked for: the search ends when the bound is lower.
    least
        The lowest price of a row of conflicts.
    patience
        After so many subgradients without a lower bound the steps are shortened.
    """
    conflicts = np.arange(len(rows.weight)) >= rows.demands
    state = _State(
        found.price.copy(),
        np.where(conflicts, least, 0),
        rows.weight,
        np.where(conflicts, rows.weight.max(initial=0), rows.weight).astype(np.float64),
        rows.sums(found.price),
        np.empty(points, dtype=np.int32),
        np.zeros(len(rows.weight), dtype=np.int32),
    )
    _lower(rows.table, state, found, need, rounds, patience)


@compiled
def _lower(t: Table, state: _State, found: Relaxed, need: int, rounds: int, patience: int) -> None:
    weight, price, reach = t[4], state.price, state.reach
    paid, idle = 0, 0
    for i in range(len(price)):
        paid += weight[i] - price[i]
    for _ in range(rounds):
        opened, following = _choose(state, found.fixed)
        if state.top[-1] < 0:
            found.bound[0] = NEVER
            return
        bound = paid
        for j in state.top:
            bound += reach[j]
        idle += 1
        if bound < found.bound[0]:
            _keep(state, found, bound)
            idle = 0
        if bound < need:
            found.bound[0] = NEVER
            return
        _fix(state, found.fixed, opened, following, bound - need)
        _use(t, state, found.use)
        if idle >= patience:
            idle = 0
            found.pace[0] *= _SLOWER
        norm = _norm(state)
        if norm == 0.0:  # what is chosen covers as much as the bound
            _keep(state, found, bound)
            return
        if found.pace[0] < LEAST_PACE:
            return
        paid -= _move(t, state, found.pace[0] * float(bound - need + 1) / norm)


@compiled
def _keep(state: _State, found: Relaxed, bound: int) -> None:
    found.bound[0] = bound
    found.price[:] = state.price
    found.choice[:] = state.top


@compiled
def _choose(state: _State, fixed: NDArray[np.int8]) -> tuple[int, int]:
    """Fill ``top`` with the open and then the best candidates; return how many are open and the next best one, or -1.

    The last of ``top`` is -1 where so many cannot be opened.
    """
    top, reach = state.top, state.reach
    top[-1] = -1
    opened = 0
    for j in range(len(reach)):
        if fixed[j] > 0:
            if opened == len(top):
                top[-1] = -1
                return opened, -1
            top[opened] = j
            opened += 1
    size, following = opened, -1
    for j in range(len(reach)):
        if fixed[j] != 0:
            continue
        if size < len(top):
            size += 1
        elif opened == size or reach[j] <= reach[top[size - 1]]:
            if following < 0 or reach[j] > reach[following]:
                following = j
            continue
        else:
            following = top[size - 1]
        k = size - 1
        while k > opened and reach[top[k - 1]] < reach[j]:
            top[k] = top[k - 1]
            k -= 1
        top[k] = j
    return opened, following


@compiled
def _fix(state: _State, fixed: NDArray[np.int8], opened: int, following: int, slack: int) -> None:
    """Fix what would take the bound down by more than ``slack`` if it were otherwise."""
    top, reach = state.top, state.reach
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
def _use(t: Table, state: _State, use: NDArray[np.float64]) -> None:
    """Count the best in each row, and how often they were."""
    col_at, col_row = t[2], t[3]
    use *= 1.0 - _MEMORY
    for j in state.top:
        use[j] += _MEMORY
        for k in range(col_at[j], col_at[j + 1]):
            state.hits[col_row[k]] += 1


@compiled
def _norm(state: _State) -> float:
    """Return the squared length of the subgradient where prices can follow it, in their units."""
    norm = 0.0
    for i in range(len(state.hits)):
        g = 1 - state.hits[i]
        if (g < 0 and state.price[i] > state.low[i]) or (g > 0 and state.price[i] < state.high[i]):
            norm += state.unit[i] * float(g * g)
    return norm


@compiled
def _move(t: Table, state: _State, step: float) -> int:
    """Move the prices; return by how much their sum grows. Most stay, so that only what changes is summed anew."""
    row_at, row_candidate = t[0], t[1]
    grown = 0
    for i in range(len(state.hits)):
        g = 1 - state.hits[i]
        state.hits[i] = 0
        if g == 0:
            continue
        move = int(min(max(step * state.unit[i] * float(g), -_FAR), _FAR))
        change = min(max(state.price[i] + move, state.low[i]), state.high[i]) - state.price[i]
        if change != 0:
            state.price[i] += change
            grown += change
            for q in range(row_at[i], row_at[i + 1]):
                state.reach[row_candidate[q]] += change
    return grown
