"""A bound for a p-median problem: Lagrangian multipliers on "each place is served once", raised by subgradients.

For any multipliers ``u`` (Cornuéjols, Fisher and Nemhauser 1977, Management Science 23.8)::

    Σ u_i + the sum of the p least of  ρ_j = Σ min(0, c_ij − u_i)

is below the cost of every plan. In whole numbers it is so exactly.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.siting.median_problem import Index, Long, Rows

_PATIENCE = 30
"""Steps without a better bound after which they are made shorter."""
_SMOOTHING = 0.1
_LEAST_STEP = 0.004

Floats = NDArray[np.float64]


class Ascent(NamedTuple):
    """How high the bound came.

    ``value`` is the bound, ``u`` its multipliers by row, ``saved`` (m,) its ``ρ``, ``chosen`` its least candidates,
    rising, and ``use`` (m,) how often each was among them of late, 0–1. ``length`` is that of the last steps, below
    :data:`_LEAST_STEP` when more steps would not help.
    """

    value: int
    u: Long
    saved: Long
    chosen: Index
    use: Floats
    length: float


@compiled
def ascend(rows: Rows, free: Index, points: int, u: Long, goal: int, length: float, steps: int) -> Ascent:
    """Return the best bound that so many steps from ``u`` on reach, or one that reaches ``goal``.

    Parameters
    ----------
    free
        The candidates that may be chosen, rising, at least ``points`` of them; rows hold no others.
    length
        The first steps, in parts of the way to the goal.
    """
    m = free[-1] + 1
    saved, use = np.zeros(m, dtype=np.int64), np.zeros(m)
    now = u.copy()
    chosen = _least(saved, free, points)
    best = Ascent(np.int64(-(1 << 62)), now.copy(), saved.copy(), chosen, use, length)
    taken = np.zeros(m, dtype=np.bool_)
    way = np.zeros(len(u))
    idle = 0
    for _ in range(steps):
        total = priced(rows, now, saved)
        chosen = _least(saved, free, points)
        for j in chosen:
            total += saved[j]
        use *= 1.0 - _SMOOTHING
        use[chosen] += _SMOOTHING
        idle += 1
        if total > best.value:
            idle = 0
            best = Ascent(total, now.copy(), saved.copy(), chosen, use, length)
        if total >= goal or length < _LEAST_STEP:
            break
        if idle == _PATIENCE:
            idle, length = 0, length / 2
            now[:] = best.u
            way[:] = 0.0
            priced(rows, now, saved)
            chosen = best.chosen
            total = best.value
        taken[:] = False
        taken[chosen] = True
        if not _step(rows, now, way, taken, length * (goal - total)):
            length = 0.0
            break
    return Ascent(best.value, best.u, best.saved, best.chosen, use, length)


@compiled
def priced(rows: Rows, u: Long, saved: Long) -> int:
    """Fill in what each candidate saves at these multipliers, and return their sum."""
    saved[:] = 0
    for i in range(len(u)):
        for k in range(rows.at[i], rows.at[i + 1]):
            if rows.cost[k] >= u[i]:
                break
            saved[rows.candidate[k]] += rows.cost[k] - u[i]
    return u.sum()


@compiled
def _least(saved: Long, free: Index, points: int) -> Index:
    """Return the free candidates with the least ``saved``, ties by the lower index, rising."""
    values = saved[free]
    last = np.partition(values, points - 1)[points - 1]
    chosen = np.empty(points, dtype=np.int32)
    ties = points
    for value in values:
        ties -= value < last
    count = 0
    for place in range(len(free)):
        if values[place] < last or (values[place] == last and ties > 0):
            ties -= values[place] == last
            chosen[count] = free[place]
            count += 1
    return chosen


@compiled
def _step(rows: Rows, u: Long, way: Floats, taken: NDArray[np.bool_], distance: float) -> bool:
    """Move the multipliers by one step; return whether there was a way to go."""
    norm = 0.0
    for i in range(len(u)):
        served = 0
        for k in range(rows.at[i], rows.at[i + 1]):
            if rows.cost[k] >= u[i]:
                break
            served += taken[rows.candidate[k]]
        short = 1.0 - served
        if served == 0 and u[i] >= rows.base[i]:
            short = 0.0  # what it has without a candidate serves it
        way[i] = short + 0.3 * way[i]
        norm += way[i] * way[i]
    if norm < 1e-9:
        return False
    for i in range(len(u)):
        u[i] = max(rows.cost[rows.at[i]], min(rows.base[i], u[i] + np.int64(np.rint(distance / norm * way[i]))))
    return True
