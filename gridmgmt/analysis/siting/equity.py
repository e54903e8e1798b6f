"""The highest covered share of the quarter that has the lowest; at that share, the most residents.

A maximin covering model (after Marsh and Schilling 1994, European Journal of Operational Research 74.1). Plans are
bettered by exchanges towards a share between the best known and the bound; the bound is that of a program that learns
what candidates cover together.
"""

from collections.abc import Callable

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
from gridmgmt.analysis.siting.program import TOLERANCE, maximise

_ROUNDS = 400
_KICKS = 40
_NARROW = 1e-4
"""Shares that differ by less are not searched between."""
_SAME = 1e-9
"""Shares of all residents that differ by less are the same."""
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
    plans, cuts = (
        QuarterPlans(rows, quarters, near, standing),
        QuarterCuts(rows, quarters, candidates.conflicts, points),
    )
    search = _Search(plans, cuts, near, together(candidates, points), pace)
    search.run()
    chosen, bound = search.plans.in_order(search.plan), max(search.bound, search.ratio)
    return Siting(chosen, search.ratio, bound, search.proven, search.solver, search.nodes, pace.seconds)


class _Search:
    """A plan, a bound on the lowest share, and the ways to better them."""

    def __init__(self, plans: QuarterPlans, cuts: QuarterCuts, near: Near, plan: Index, pace: Pace) -> None:
        self.plans, self.cuts, self.near, self.pace, self.plan = plans, cuts, near, pace, plan
        self.points = len(plan)
        self.ratio, self.total = plans.worth(plan)
        # There is nothing to choose where all are opened, or where no quarter takes part.
        self.bound = 1.0 if self.points < cuts.m and len(plans.quarters.whole) > 1 else self.ratio
        self.solver, self.nodes = "greedy", 0
        self._random = np.random.default_rng(pace.effort.seed)

    @property
    def proven(self) -> bool:
        """Whether no plan has a higher ratio."""
        return self.bound <= self.ratio

    def _bounded(self, ratio: float) -> None:
        """Take a bound, as the highest share not above it that a quarter can have."""
        highest = self.plans.share_below(min(1.0, max(ratio, 0.0)))
        self.bound = min(self.bound, max(highest, self.ratio))

    def _left_s(self) -> float:
        """Return the time that is left for the ratio, 0 when it is proven or near enough."""
        self.tell()
        if self.proven or self.pace.near_enough(self.ratio, self.bound):
            return 0.0
        return max(0.0, _FIRST * self.pace.effort.max_s - self.pace.seconds)

    def run(self) -> None:
        """Search for the ratio, then for the most residents at it."""
        if self.points == self.cuts.m:
            return
        self._better(self.plans.needed(self.bound), self._greedy)
        if self._left_s() > 0 and self._reached(self.plans.needed_above(self.ratio), whole=False) is False:
            self._bounded(self.ratio)
        self._relaxed()
        self._approach()
        self._halved(whole=False)
        self._halved(whole=True)
        self._filled()

    def tell(self) -> None:
        """Tell the watch how far it is."""
        self.pace.tell(self.ratio, max(self.bound, self.ratio), tuple(self.plan.tolist()))

    def _hear(self, _objective: float, _bound: float) -> None:
        self.tell()

    def _offer(self, plan: Index, solver: str) -> None:
        """Take a plan with a higher ratio, or as high a one and more residents."""
        if len(plan) == self.points and (worth := self.plans.worth(plan)) > (self.ratio, self.total):
            self.plan, (self.ratio, self.total), self.solver = plan, worth, solver

    def _better(self, need: Long, begun: Callable[[], Index]) -> None:
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

    def _relaxed(self) -> None:
        """Bound the ratio, and learn cuts from fractions until they violate none."""
        for _ in range(_ROUNDS):
            found = maximise(self.cuts.most_equal().relaxed(), max_s=left_s) if (left_s := self._left_s()) > 0 else None
            if found is None or found.values is None or not found.optimal:
                return
            self._bounded(found.bound + TOLERANCE * (1 + self.points))
            x, told = np.split(found.values[:-1], [self.cuts.m])
            self._offer(self._rounded(x), "cuts")
            if not self.cuts.learn(x, told):
                return

    def _approach(self) -> None:
        """Look for plans half way to the bound, again and again nearer to what is known."""
        high = self.bound
        while high > self.ratio + _NARROW:
            aim = (self.ratio + high) / 2
            need = self.plans.needed(aim)
            for begun in (self._here, self._greedy, *[self._kicked] * _KICKS):
                if self._left_s() <= 0:
                    return
                if self.ratio < aim:
                    self._better(need, begun)
            high = high if self.ratio >= aim else aim

    def _halved(self, *, whole: bool) -> None:
        """Halve what is between ratio and bound by asking whether a share can be reached, by fractions or by plans.

        Of fractions it is asked first of all whether anything above the ratio can.
        """
        low, aim = self.ratio, (self.ratio + self.bound) / 2 if whole else self.ratio
        while self._left_s() > 0:
            aim = max(aim, self.ratio)
            if self._reached(self.plans.needed_above(aim), whole=whole) is False:
                self._bounded(aim)
            else:
                low = aim
            low = max(low, self.ratio)
            if self.bound > low + _NARROW:
                aim = (low + self.bound) / 2
            elif whole and low == self.ratio < aim:
                aim = low
            else:
                return

    def _reached(self, need: Long, *, whole: bool) -> bool | None:
        """Return whether a plan (or fractions of candidates) may have what each quarter needs.

        None when half of the time that is left did not suffice to tell.
        """
        told = np.append(need / self.plans.quarters.whole[:-1], 0.0)
        end_s = self.pace.seconds + self._left_s() / 2
        while (left_s := min(self._left_s(), end_s - self.pace.seconds)) > 0:
            program, seed = self.cuts.reaching(need), self.pace.effort.seed
            found = maximise(program if whole else program.relaxed(), max_s=left_s, hear=self._hear, seed=seed)
            self.nodes += found.nodes
            if not found.feasible:
                return False
            if found.values is None:
                return None
            self._offer(self._rounded(found.values), "highs" if whole else "cuts")
            if not self.cuts.learn(found.values, told):
                return True
        return None

    def _filled(self) -> None:
        """Look for the most residents at the ratio: by exchanges, by fractions, by plans."""
        need = self.plans.needed(self.ratio)
        for _ in range(_KICKS):
            if self.pace.left_s > 0:
                self.tell()
                self._better(need, self._kicked)
        for whole in (False, True):
            for _ in range(_ROUNDS):
                if not self._fuller(need, whole=whole):
                    break

    def _fuller(self, need: Long, *, whole: bool) -> bool:
        """Learn what the best fractions or plan of the program cover together; return whether to go on."""
        if (left_s := self.pace.left_s) <= 0:
            return False
        program, effort = self.cuts.most_covered(need), self.pace.effort
        program = program if whole else program.relaxed()
        found = maximise(program, max_s=left_s, gap=effort.gap, hear=self._hear, seed=effort.seed)
        self.nodes += found.nodes
        now = self.total / int(self.plans.quarters.whole.sum())
        if found.values is None or found.bound <= now * (1 + effort.gap) + _SAME:
            return False
        x, told = np.split(found.values[:-1], [self.cuts.m])
        self._offer(self._rounded(x), "highs" if whole else "cuts")
        return self.cuts.learn(x, told)

    def _rounded(self, values: Floats) -> Index:
        """Return a plan that has the candidates of the highest values, as far as they go together."""
        order = np.lexsort((np.arange(len(values)), -values))[: self.points].astype(np.int32)
        return self.plans.completed(without_conflicts(order, self.near), self.points, self.plans.needed(self.ratio))
