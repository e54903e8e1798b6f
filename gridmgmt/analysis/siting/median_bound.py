"""A bound for a p-median problem: Lagrangian multipliers on "each place is served once", raised by subgradients.

For any multipliers ``u`` (Cornuéjols, Fisher and Nemhauser 1977, Management Science 23.8)::

    Σ u_i + the sum of the p least of  ρ_j = Σ min(0, c_ij − u_i)

is below the cost of every plan. In whole numbers it is so exactly. Of candidates that all clash with each other only
the least is taken, which no plan is below either.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.siting.median_problem import Index, Long, Rows

_PATIENCE = 30
"""Steps without a better bound after which they are made shorter."""
_SMOOTHING = 0.1
_MOMENTUM = 0.3
_FARTHEST = float(1 << 61)
_LEAST_LENGTH = 0.004
"""Steps that are shorter raise no bound worth their time."""

Floats = NDArray[np.float64]


class Ascent(NamedTuple):
    """Where the raising of a bound stands.

    Attributes
    ----------
    u, way
        Multipliers of the next step and its direction, by row.
    best_u, best_saved, chosen
        Multipliers of the best bound, its ``ρ`` (m,), and its least candidates.
    use
        How often each candidate was among the least of late (m,), 0–1.
    length
        How long the next step is, in parts of the way to the goal (1,).
    told
        The best bound, and the steps since it was found (2,).
    """

    u: Long
    way: Floats
    best_u: Long
    best_saved: Long
    chosen: Index
    use: Floats
    length: Floats
    told: Long

    @property
    def value(self) -> int:
        """Return the best bound."""
        return int(self.told[0])

    @property
    def stands(self) -> bool:
        """Return whether more steps would not raise the bound."""
        return bool(self.length[0] < _LEAST_LENGTH)


def start(u: Long, m: int, points: int, length: float) -> Ascent:
    """Return a raising that has not begun, from these multipliers on."""
    return Ascent(
        u=u.copy(),
        way=np.zeros(len(u)),
        best_u=u.copy(),
        best_saved=np.zeros(m, dtype=np.int64),
        chosen=np.zeros(points, dtype=np.int32),
        use=np.zeros(m),
        length=np.array([length]),
        told=np.array([-(1 << 62), 0]),
    )


@compiled
def ascend(rows: Rows, free: Index, group: Index, goal: int, steps: int, ascent: Ascent) -> None:
    """Take so many steps, fewer when the bound reaches the goal or stands.

    Parameters
    ----------
    free
        The candidates that may be chosen, rising, of at least as many groups as are to be; rows hold no others.
    group
        For each candidate (m,) a set of which only one may be chosen.
    """
    saved = np.zeros(len(ascent.use), dtype=np.int64)
    taken = np.zeros(len(ascent.use), dtype=np.bool_)
    for _ in range(steps):
        if ascent.told[0] >= goal or ascent.length[0] < _LEAST_LENGTH:
            return
        total = priced(rows, ascent.u, saved)
        chosen = least(saved, free, group, len(ascent.chosen))
        total += saved[chosen].sum()
        ascent.use[:] *= 1.0 - _SMOOTHING
        ascent.use[chosen] += _SMOOTHING
        if total > ascent.told[0]:
            ascent.told[0], ascent.told[1] = total, 0
            ascent.best_u[:], ascent.best_saved[:], ascent.chosen[:] = ascent.u, saved, chosen
        else:
            ascent.told[1] += 1
        if ascent.told[1] == _PATIENCE:
            ascent.told[1] = 0
            ascent.length[0] /= 2
            ascent.u[:], ascent.way[:] = ascent.best_u, 0.0
            chosen, total = ascent.chosen, ascent.told[0]
        taken[:] = False
        taken[chosen] = True
        if not _step(rows, ascent.u, ascent.way, taken, ascent.length[0] * (goal - total)):
            ascent.length[0] = 0.0


@compiled
def priced(rows: Rows, u: Long, saved: Long) -> int:
    """Fill in what each candidate saves at these multipliers, and return their sum."""
    saved[:] = 0
    for i in range(len(u)):
        for k in range(rows.at[i], rows.at[i + 1]):
            if rows.cost[k] >= u[i]:
                break
            saved[rows.candidate[k]] += rows.cost[k] - u[i]
    total: int = u.sum()
    return total


@compiled
def least(saved: Long, free: Index, group: Index, points: int) -> Index:
    """Return the free candidates of different groups with the least ``saved``, ties by the lower index and group."""
    first = np.full(len(saved), -1, dtype=np.int32)
    for j in free:
        if first[group[j]] < 0 or saved[j] < saved[first[group[j]]]:
            first[group[j]] = j
    heads = first[first >= 0]
    values = saved[heads]
    last = np.partition(values, points - 1)[points - 1]
    chosen = np.empty(points, dtype=np.int32)
    ties = points
    for value in values:
        ties -= value < last
    count = 0
    for place in range(len(heads)):
        if values[place] < last or (values[place] == last and ties > 0):
            ties -= values[place] == last
            chosen[count] = heads[place]
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
        way[i] = short + _MOMENTUM * way[i]
        norm += way[i] * way[i]
    if norm < 1e-9:
        return False
    for i in range(len(u)):
        move = np.int64(np.rint(max(-_FARTHEST, min(_FARTHEST, distance / norm * way[i]))))
        u[i] = max(rows.cost[rows.at[i]], min(rows.base[i], u[i] + move))
    return True
