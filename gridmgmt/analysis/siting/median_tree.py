"""The best plan of a p-median problem and its proof: multipliers, exchanges, and branch and bound on both.

At each node the bound decides what it can: a candidate that cannot be in (or out of) any better plan is closed (or
opened) for good (Briant and Naddef 2004, Operations Research 52.1, call it reduced-cost fixing).
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.median_bound import Ascent, Floats, ascend, start
from gridmgmt.analysis.siting.median_moves import Clashes, cost_of, greedy, interchange
from gridmgmt.analysis.siting.median_problem import Index, Long, Problem, Rows, restricted

_STEPS_AT_ONCE = 50
_NODE_STEPS = 120
_PAIRS_AT_ONCE = 20_000_000
"""So many pairs of place and candidate are looked at, about, between two looks at the clock."""
_LONG, _SHORT = 1.5, 0.4
"""How long the first steps are at the root and at nodes that begin with the multipliers of another one."""
_EXCHANGES_AT_ONCE = 50
_NOTHING = 1 << 61
"""More than any candidate saves or costs: there is none."""
_SHAKES = 24
"""Random disturbances of the first plan, each followed by exchanges; fewer where there are many pairs."""

State = NDArray[np.int8]
"""1 where a candidate is open, -1 where it is closed, 0 where it is free ``(m,)``."""


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """A part of the plans: those with some candidates open and others closed."""

    state: State
    u: Long


class Tree:
    """One search. ``best`` is the cheapest plan so far, ``cost`` what it costs, ``bound`` what no plan is below."""

    def __init__(
        self, problem: Problem, clashes: Clashes, first: Index, seed: int, over: Callable[["Tree"], bool]
    ) -> None:
        self.problem, self.clashes, self.over = problem, clashes, over
        self.points, self.m = len(first), len(problem.columns.at) - 1
        self.nodes = 0
        self.bound = int(problem.rows.cost[problem.rows.at[:-1]].sum())
        self._rows, self._decided = problem.rows, 0
        self._rng = np.random.default_rng(seed)
        self._keep(first, cost_of(problem.columns, first))

    def run(self) -> bool:
        """Search until the best plan is proven or it is over; return whether it is proven."""
        self._first_plans()
        serial = count()
        waiting = [(bound, next(serial), node) for bound, node in self._root()]
        while waiting:
            self.bound = min(waiting[0][0], self.cost)
            if self.over(self):
                return False
            bound, _, node = heapq.heappop(waiting)
            for child in self._children(bound, node):
                heapq.heappush(waiting, (child[0], next(serial), child[1]))
        self.bound = self.cost
        return True

    @property
    def goal(self) -> int:
        """Return the least bound that leaves no room for a better plan."""
        return self.cost - self.problem.step + 1

    def _keep(self, plan: Index, cost: int) -> None:
        self.best, self.cost = np.sort(plan), int(cost)

    def _first_plans(self) -> None:
        plan = greedy(self.problem.columns, self.clashes, np.ones(self.m, dtype=np.bool_), self.points)
        self._improve(plan if len(plan) == self.points else self.best)
        for _ in range(min(_SHAKES, _PAIRS_AT_ONCE // (1 + len(self.problem.rows.cost)))):
            if self.over(self):
                return
            self._improve(self._shaken())

    def _improve(self, plan: Index) -> None:
        columns, before = self.problem.columns, np.empty(0, dtype=np.int32)
        while not np.array_equal(plan, before):
            before, plan = plan, interchange(columns, self.clashes, plan, _EXCHANGES_AT_ONCE)
            if (cost := cost_of(columns, plan)) < self.cost:
                self._keep(plan, cost)
            if self.over(self):
                return

    def _shaken(self) -> Index:
        """Return the best plan with some of its candidates, chosen at random, exchanged for others."""
        plan = self.best.copy()
        for _ in range(max(2, self.points // 5)):
            slot, other = int(self._rng.integers(self.points)), int(self._rng.integers(self.m))
            if other not in plan and not np.isin(self._near(other), np.delete(plan, slot)).any():
                plan[slot] = other
        return plan

    def _near(self, candidate: int) -> Index:
        return self.clashes.other[self.clashes.at[candidate] : self.clashes.at[candidate + 1]]

    def _root(self) -> list[tuple[int, _Node]]:
        """Raise the bound of all plans as far as it goes; return the two halves of what is left, or nothing."""
        self.nodes = 1
        state, free = np.zeros(self.m, dtype=np.int8), np.arange(self.m, dtype=np.int32)
        ascent = start(self._first_multipliers(), self.m, self.points, _LONG)
        while self._choice(free, len(ascent.chosen)):
            self._climb(self._rows, free, self._decided, _STEPS_AT_ONCE, ascent)
            self.bound = max(self.bound, min(ascent.value + self._decided, self.cost))
            self._look_at(state, ascent.chosen, thoroughly=True)
            fixed = self._fixed(state, free, ascent, self._decided)
            if fixed is None:
                return []
            if ascent.stands or self.over(self):
                return self._halves(self.bound, fixed, self._rebased(fixed, ascent.best_u), ascent.use)
            if (fixed != state).any():
                state, free, left = fixed, np.flatnonzero(fixed == 0).astype(np.int32), self._left(fixed)
                if left == 0:
                    break
                ascent = start(self._rebased(state, ascent.best_u), self.m, left, float(ascent.length[0]))
        return self._leaf(state)

    def _climb(self, rows: Rows, free: Index, decided: int, steps: int, ascent: Ascent) -> None:
        """Raise a bound by so many steps, or as many as the time allows."""
        at_once = max(1, min(steps, _PAIRS_AT_ONCE // (1 + len(rows.cost))))
        for done in range(0, steps, at_once):
            ascend(rows, free, self.clashes.group, self.goal - decided, min(at_once, steps - done), ascent)
            if at_once < steps and self.over(self):
                return

    def _choice(self, free: Index, left: int) -> bool:
        """Return whether so many can be chosen, in more than one way as far as can be seen."""
        return 0 < left < len(free) and left <= len(np.unique(self.clashes.group[free]))

    def _left(self, state: State) -> int:
        """Return how many are to be chosen beside those that are open."""
        return self.points - int((state == 1).sum())

    def _first_multipliers(self) -> Long:
        """Return for each row what the best plan costs it."""
        columns = self.problem.columns
        walk = columns.base.copy()
        for one in self.best.tolist():
            here = slice(int(columns.at[one]), int(columns.at[one + 1]))
            np.minimum.at(walk, columns.row[here], columns.cost[here])
        return walk

    def _rebased(self, state: State, u: Long) -> Long:
        """Leave what is decided for all plans out of the rows, and return the multipliers of those that stay."""
        self._rows, decided = restricted(self._rows, state)
        self._decided += int(decided)
        u = np.minimum(u[self._rows.row], self._rows.base)
        self._rows = self._rows._replace(row=np.arange(len(u), dtype=np.int32))
        return u

    def _children(self, bound: int, node: _Node) -> list[tuple[int, _Node]]:
        """Return what is left of a node: nothing, or two halves with their bounds."""
        if bound >= self.goal:
            return []
        self.nodes += 1
        state, u = node.state, node.u.copy()
        while True:
            free, left = np.flatnonzero(state == 0).astype(np.int32), self._left(state)
            if not self._choice(free, left):
                return self._leaf(state)
            rows, more = restricted(self._rows, state)
            decided = self._decided + int(more)
            ascent = start(np.minimum(u[rows.row], rows.base), self.m, left, _SHORT)
            self._climb(rows, free, decided, _NODE_STEPS, ascent)
            u[rows.row] = ascent.best_u
            bound = max(bound, ascent.value + decided)
            self._look_at(state, ascent.chosen, thoroughly=False)
            fixed = self._fixed(state, free, ascent, decided)
            if fixed is None:
                return []
            if 5 * int((fixed != state).sum()) < len(free):
                return self._halves(bound, fixed, u, ascent.use)
            state = fixed

    def _leaf(self, state: State) -> list[tuple[int, _Node]]:
        """Look at the one plan that is left, if one is."""
        plan = np.flatnonzero(state == 1) if self._left(state) == 0 else np.flatnonzero(state >= 0)
        if len(plan) == self.points and self._apart(plan.astype(np.int32)):
            self._compare(plan.astype(np.int32))
        return []

    def _look_at(self, state: State, chosen: Index, *, thoroughly: bool) -> None:
        """Look at the plan that a bound proposes, and at what exchanges make of it."""
        plan = np.concatenate([np.flatnonzero(state == 1), chosen]).astype(np.int32)
        if not self._apart(plan):
            return
        if thoroughly:
            self._improve(plan)
        else:
            self._compare(plan)

    def _compare(self, plan: Index) -> None:
        cost = cost_of(self.problem.columns, plan)
        if cost < self.cost:
            self._improve(plan)

    def _apart(self, plan: Index) -> bool:
        return not len(self.clashes.other) or not any(np.isin(self._near(one), plan).any() for one in plan.tolist())

    def _fixed(self, state: State, free: Index, ascent: Ascent, decided: int) -> State | None:
        """Return the state with what no better plan does otherwise; None when there is no better plan."""
        saved, value, goal = ascent.best_saved, ascent.value, self.goal - decided
        if value >= goal:
            return None
        group = self.clashes.group
        others = np.setdiff1d(free, ascent.chosen, assume_unique=True)
        # What goes out when a candidate comes in, and what comes in when one goes out, by group.
        leaves = np.full(self.m, saved[ascent.chosen].max())
        leaves[group[ascent.chosen]] = saved[ascent.chosen]
        apart = others[~np.isin(group[others], group[ascent.chosen])]
        enters = np.full(self.m, saved[apart].min(initial=_NOTHING))
        np.minimum.at(enters, group[others], saved[others])
        fixed = state.copy()
        fixed[others[value + saved[others] - leaves[group[others]] >= goal]] = -1
        return self._opened(fixed, ascent.chosen[value - saved[ascent.chosen] + enters[group[ascent.chosen]] >= goal])

    def _opened(self, state: State, candidates: Index) -> State | None:
        for one in candidates.tolist():
            near = self._near(one)
            if state[one] == -1 or (state[near] == 1).any():
                return None
            state[one], state[near] = 1, -1
        return state

    def _halves(self, bound: int, state: State, u: Long, use: Floats) -> list[tuple[int, _Node]]:
        """Return the two halves by the free candidate of which the multipliers are the most of two minds."""
        free = np.flatnonzero(state == 0)
        if not len(free):
            return self._leaf(state)
        candidate = int(free[np.abs(use[free] - 0.5).argmin()])
        closed = state.copy()
        closed[candidate] = -1
        opened = self._opened(state.copy(), np.array([candidate], dtype=np.int32))
        return [(bound, _Node(one, u)) for one in (opened, closed) if one is not None]
