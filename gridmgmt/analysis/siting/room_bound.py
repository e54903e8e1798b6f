"""How many can find room at most: a Lagrangian bound, and what it decides about candidates.

A resident is served once. With a price on being served (0 … 1, one for each row of places), each candidate fills its
own capacity with those whose gain, one less the price, is the highest; the best ``points`` candidates and the prices
of all residents together are above every plan. The least such bound is that of the linear program; it is approached
along subgradients.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long
from gridmgmt.analysis.siting.near import cliques

_PATIENCE = 15
"""After so many steps without a better bound they become half as long."""
_LEAST_STEP = 2e-3
_SMOOTHING = 0.5
"""How much of the last direction stays in the next one (Camerini, Fratta and Maffioli 1975)."""

Floats = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Bounded:
    """The best bound of a search, in parts.

    Attributes
    ----------
    bound
        No plan serves more.
    value
        What each candidate is worth at the prices of that bound ``(m,)``.
    """

    bound: float
    value: Floats


class RoomBound:
    """Bounds on what ``points`` candidates serve, step by step.

    Of candidates that are all in conflict with each other at most one is opened; other conflicts are not looked at,
    which can only raise a bound.
    """

    def __init__(self, rows: CoverRows, capacity: Long, conflicts: Index, points: int) -> None:
        self._rows, self._points = rows, points
        self._weight, self._capacity = rows.weight.astype(np.float64), capacity.astype(np.float64)
        self._clique = parted(conflicts, rows.m)
        self._price = np.zeros(len(rows.weight))
        self._flow = np.empty(len(rows.row_candidate))
        self._direction = np.zeros(len(rows.weight))
        # Each sum has at most so many terms, all of one sign; each rounds by no more than 2⁻⁵³ of the sum.
        self._slack = 1 + (len(rows.row_candidate) + 2 * len(rows.weight) + 64) * 2.0**-52
        self._step, self._idle = 1.5, 0
        self.best = Bounded(np.inf, np.zeros(rows.m))

    @property
    def over(self) -> bool:
        """Whether further steps would gain next to nothing."""
        return self._step < _LEAST_STEP

    def step(self, target: float) -> Index:
        """Take one step towards a bound of ``target``; return the candidates that are best at its prices."""
        value = np.zeros(self._rows.m)
        order = np.argsort(self._price, kind="stable")
        _knapsacks(
            order, self._rows.row_at, self._rows.row_candidate, self._weight, self._capacity.copy(), self._price, value,
            self._flow,
        )  # fmt: skip
        chosen = best_of(value, self._clique, self._points)
        bound = float((self._price * self._weight).sum() + value[chosen].sum())
        self._heard(bound * self._slack, value)
        unserved = _unserved(
            self._rows.row_at, self._rows.row_candidate, self._weight, self._flow, chosen, self._rows.m
        )
        self._direction = _SMOOTHING * self._direction + (1 - _SMOOTHING) * unserved
        length = float((self._weight * self._direction**2).sum())
        if length > 0:
            change = self._step * max(bound - target, 1e-9 * bound) / length
            self._price = np.clip(self._price - change * self._direction, 0.0, 1.0)
        return chosen

    def decided(self, served: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which candidates each plan that serves more than ``served`` opens, and which none does, ``(m,)``."""
        value, bound = self.best.value, self.best.bound
        chosen = np.zeros(len(value), dtype=bool)
        chosen[best_of(value, self._clique, self._points)] = True
        least, following = value[chosen].min(initial=np.inf), _next_best(value, chosen, self._clique)
        # One that is in beside those chosen takes the place of one of its own clique, or of the least of all.
        of_clique = np.full(int(self._clique.max(initial=-1)) + 1, -np.inf)
        of_clique[self._clique[chosen]] = value[chosen]
        gives_way = np.where(of_clique[self._clique] > -np.inf, of_clique[self._clique], least)
        closed = ~chosen & (bound - gives_way + value <= served)
        opened = chosen & (bound - value + following <= served)
        return opened, closed

    def _heard(self, bound: float, value: Floats) -> None:
        if bound < self.best.bound * (1 - 1e-6):
            self._idle = 0
        else:
            self._idle += 1
        if bound < self.best.bound:
            self.best = Bounded(bound, value)
        if self._idle >= _PATIENCE:
            self._step, self._idle = self._step / 2, 0


def parted(conflicts: Index, m: int) -> Index:
    """Return for each candidate the number of its set, in which all are in conflict with each other."""
    of = np.full(m, -1, dtype=np.int32)
    sets = sorted(cliques(conflicts, m), key=lambda members: (-len(members), members))
    free = 0
    for members in [*sets, *([j] for j in range(m))]:
        new = [j for j in members if of[j] < 0]
        if new:
            of[new] = free
            free += 1
    return of


def best_of(value: Floats, clique: Index, points: int) -> Index:
    """Return the candidates of most value, no two of one clique, ties by the lower index."""
    order = np.lexsort((np.arange(len(value)), -value))
    _, first = np.unique(clique[order], return_index=True)
    return order[np.sort(first)[:points]].astype(np.int32)


def _next_best(value: Floats, chosen: NDArray[np.bool_], clique: Index) -> Floats:
    """Return the most value that can take the place of each candidate, -∞ where nothing can."""
    taken = np.zeros(int(clique.max(initial=-1)) + 1, dtype=bool)
    taken[clique[chosen]] = True
    outside = value[~taken[clique]].max(initial=-np.inf)
    second = np.full(len(taken), -np.inf)
    np.maximum.at(second, clique[~chosen], value[~chosen])
    return np.asarray(np.maximum(outside, np.where(taken, second, -np.inf)[clique]))


@compiled
def _knapsacks(
    order: Long, row_at: Long, row_candidate: Index, weight: Floats, left: Floats, price: Floats, value: Floats,
    flow: Floats,
) -> None:  # fmt: skip
    """Fill each candidate with the rows of the lowest price; ``value`` and ``flow`` are what comes of it."""
    for i in order:
        gain = 1.0 - price[i]
        for q in range(row_at[i], row_at[i + 1]):
            j = row_candidate[q]
            amount = min(weight[i], left[j]) if gain > 0 else 0.0
            flow[q] = amount
            left[j] -= amount
            value[j] += gain * amount


@compiled
def _unserved(
    row_at: Long, row_candidate: Index, weight: Floats, flow: Floats, chosen: Index, m: int
) -> Floats:  # fmt: skip
    """Return the share of each row that the chosen leave unserved, below 0 where they serve some twice."""
    is_in = np.zeros(m, dtype=np.bool_)
    for j in chosen:
        is_in[j] = True
    share = np.empty(len(weight))
    for i in range(len(weight)):
        total = 0.0
        for q in range(row_at[i], row_at[i + 1]):
            if is_in[row_candidate[q]]:
                total += flow[q]
        share[i] = 1.0 - total / weight[i] if weight[i] > 0 else 0.0
    return share
