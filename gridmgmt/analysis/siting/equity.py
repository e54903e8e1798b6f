"""The highest covered share of the quarter that has the lowest; at that share, the most residents.

A maximin covering model (after Marsh and Schilling 1994, European Journal of Operational Research 74.1). Plans are
bettered by exchanges towards a share between the best known and the bound; the bound is that of a program that learns
what candidates cover together.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.capacitated import without_conflicts
from gridmgmt.analysis.siting.equity_cuts import QuarterCuts
from gridmgmt.analysis.siting.equity_plans import QuarterPlans
from gridmgmt.analysis.siting.equity_quarters import lowest_share, shared_out
from gridmgmt.analysis.siting.feasible import check, together
from gridmgmt.analysis.siting.merging import Index, Long
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Siting
from gridmgmt.analysis.siting.near import Near
from gridmgmt.analysis.siting.pace import Pace
from gridmgmt.analysis.siting.program import TOLERANCE, Program, maximise

_ROUNDS = 400
_KICKS = 40
_NARROW = 1e-4
"""Shares that differ by less are not searched between."""
_FIRST = 0.75
"""Share of the time after which the search for a higher ratio leaves the rest to the number of residents."""

Floats = NDArray[np.float64]


def equity(
    demand: Demand, candidates: Candidates, *, points: int, limit_cs: int, effort: Effort | None = None
) -> Siting:
    """Return the plan whose least covered quarter is covered best; of such plans one that covers the most residents.

    Quarters take part that have residents and that some candidate can better; ``equity_quarters.stuck`` tells the
    others. The objective is the lowest covered share among those that take part, or, where none does, of all. Bound
    and proof are of that ratio; the number of residents at that ratio is the most where the time sufficed.

    Raises
    ------
    InputError
        When the parts do not fit each other, fewer than ``points`` candidates may be opened together, or no quarter
        has residents.
    """
    pace = Pace(effort)
    check(demand, candidates, points)
    standing = lowest_share(demand, limit_cs)
    rows, quarters = shared_out(demand, candidates, limit_cs)
    near = Near.of(candidates.conflicts, rows.m)
    search = _Search(QuarterPlans(rows, quarters, near, standing), near, together(candidates, points), pace)
    search.run(QuarterCuts(rows, quarters, candidates.conflicts, points))
    chosen, bound = search.plans.in_order(search.plan), max(search.bound, search.ratio)
    return Siting(chosen, search.ratio, bound, search.proven, search.solver, search.nodes, pace.seconds)


class _Goal(Protocol):
    """What a program is to be the best at."""

    def program(self, *, whole: bool) -> Program:
        """Return the program as it is so far."""

    def bounded(self, bound: float) -> None:
        """Hear of a bound."""

    def left_s(self) -> float:
        """Return how long the search may go on, 0 when it is at its end."""


class _Search:
    """A plan, a bound on the lowest share, and the ways to better them."""

    def __init__(self, plans: QuarterPlans, near: Near, plan: Index, pace: Pace) -> None:
        self.plans, self.near, self.pace, self.plan = plans, near, pace, plan
        self.points = len(plan)
        self.ratio, self.total = plans.worth(plan)
        self.bound = 1.0 if len(plans.quarters.whole) > 1 else self.ratio
        self.solver, self.nodes = "greedy", 0
        self._random = np.random.default_rng(pace.effort.seed)

    @property
    def slack(self) -> float:
        """How far a share may be off in a program."""
        return TOLERANCE * (1 + self.points)

    @property
    def proven(self) -> bool:
        """Whether no plan has a higher ratio, to within the arithmetic of programs."""
        return self.bound <= self.ratio + 2 * self.slack

    def run(self, cuts: QuarterCuts) -> None:
        """Search for the ratio, then for the most residents at it."""
        self._better(self.plans.needed(self.bound), self._greedy)
        ratio = _Ratio(self, cuts)
        self._relaxed(ratio, cuts)
        self._approach(ratio)
        self._decided(ratio, cuts)
        need = self.plans.needed(self.ratio)
        residents = _Residents(self, cuts, need)
        for _ in range(_KICKS):
            if residents.left_s() > 0:
                self._better(need, self._kicked)
        self._relaxed(residents, cuts)
        self._decided(residents, cuts)

    def tell(self) -> None:
        """Tell the watch how far it is."""
        self.pace.tell(self.ratio, max(self.bound, self.ratio), tuple(self.plan.tolist()))

    def _offer(self, plan: Index, solver: str) -> None:
        """Take a plan with a higher ratio, or as high a one and more residents."""
        if len(plan) == self.points and (worth := self.plans.worth(plan)) > (self.ratio, self.total):
            self.plan, (self.ratio, self.total), self.solver = plan, worth, solver

    def _better(self, need: Long, begun: "_Begun") -> None:
        """Fill up what is begun, and exchange towards what each quarter needs."""
        plan = self.plans.completed(begun(), self.points, need)
        self._offer(self.plans.descend(plan if len(plan) == self.points else self.plan, need), "interchange")

    def _greedy(self) -> Index:
        return np.empty(0, dtype=np.int32)

    def _here(self) -> Index:
        return self.plan

    def _kicked(self) -> Index:
        """Return the plan without some of its points, at random."""
        out = self._random.integers(1, max(2, self.points // 2) + 1)
        return np.delete(self.plan, self._random.choice(self.points, min(int(out), self.points), replace=False))

    def _approach(self, ratio: _Goal) -> None:
        """Look for plans half way to the bound, again and again nearer to what is known."""
        high = self.bound
        while high > self.ratio + _NARROW:
            aim = (self.ratio + high) / 2
            need = self.plans.needed(aim)
            for begun in (self._here, self._greedy, *[self._kicked] * _KICKS):
                if ratio.left_s() <= 0:
                    return
                if self.ratio < aim:
                    self._better(need, begun)
            high = high if self.ratio >= aim else aim

    def _relaxed(self, goal: _Goal, cuts: QuarterCuts) -> None:
        """Learn cuts from fractions until they violate none."""
        for _ in range(_ROUNDS):
            if (left_s := goal.left_s()) <= 0:
                return
            found = maximise(goal.program(whole=False), max_s=left_s)
            if found.values is None or not found.optimal:
                return
            goal.bounded(found.bound)
            self._offer(self._rounded(found.values), "cuts")
            if not cuts.learn(found.values):
                return

    def _decided(self, goal: _Goal, cuts: QuarterCuts) -> None:
        """Learn cuts from plans until the best one covers what the program says."""

        def hear(_: float, bound: float) -> None:
            goal.bounded(bound)
            self.tell()

        for _ in range(_ROUNDS):
            if (left_s := goal.left_s()) <= 0:
                return
            effort = self.pace.effort
            found = maximise(goal.program(whole=True), max_s=left_s, gap=effort.gap, hear=hear, seed=effort.seed)
            self.nodes += found.nodes
            if found.values is not None:
                self._offer(self._rounded(found.values), "highs")
            goal.bounded(found.bound)
            if found.values is None or not cuts.learn(found.values):
                return

    def _rounded(self, values: Floats) -> Index:
        """Return a plan that has the candidates of the highest values, as far as they go together."""
        x = values[: len(self.near.at) - 1]
        order = np.lexsort((np.arange(len(x)), -x))[: self.points].astype(np.int32)
        return self.plans.completed(without_conflicts(order, self.near), self.points, self.plans.needed(self.ratio))


class _Begun(Protocol):
    """Where a plan begins."""

    def __call__(self) -> Index:
        """Return some of its points."""


class _Ratio:
    """The highest lowest share."""

    def __init__(self, search: _Search, cuts: QuarterCuts) -> None:
        self._search, self._cuts = search, cuts

    def program(self, *, whole: bool) -> Program:
        """Return the program as it is so far."""
        return self._cuts.most_equal(whole=whole)

    def bounded(self, bound: float) -> None:
        """Take a bound, as the highest share below it that a quarter can have."""
        search = self._search
        highest = search.plans.share_below(min(1.0, max(bound, 0.0) + search.slack))
        search.bound = min(search.bound, max(highest, search.ratio))

    def left_s(self) -> float:
        """Return the time that is left for the ratio, 0 when it is proven or near enough."""
        search = self._search
        search.tell()
        if search.proven or search.pace.near_enough(search.ratio, search.bound):
            return 0.0
        return max(0.0, _FIRST * search.pace.effort.max_s - search.pace.seconds)


class _Residents:
    """The most residents where each quarter has what it needs; of this no bound is told."""

    def __init__(self, search: _Search, cuts: QuarterCuts, need: Long) -> None:
        self._search, self._cuts, self._need = search, cuts, need
        self._most = np.inf

    def program(self, *, whole: bool) -> Program:
        """Return the program as it is so far."""
        return self._cuts.most_covered(self._need, whole=whole)

    def bounded(self, bound: float) -> None:
        """Take a bound, as a share of all residents."""
        self._most = min(self._most, max(bound, 0.0))

    def left_s(self) -> float:
        """Return the time that is left, 0 when nobody more can be covered."""
        search = self._search
        search.tell()
        share = search.total / int(search.plans.quarters.whole.sum())
        return 0.0 if self._most <= share * (1 + search.pace.effort.gap) + TOLERANCE * 1e-3 else search.pace.left_s
