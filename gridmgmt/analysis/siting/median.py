"""The plan with the least sum of walking times (p-median: Hakimi 1964, Operations Research 12.3)."""

from collections.abc import Callable

import numpy as np

from gridmgmt.analysis.siting.feasible import adjacency, together
from gridmgmt.analysis.siting.median_moves import Clashes, greedy
from gridmgmt.analysis.siting.median_problem import Index, Problem, problem_of, walked_s
from gridmgmt.analysis.siting.median_tree import Tree
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Siting
from gridmgmt.analysis.siting.pace import Pace


def p_median(
    demand: Demand, candidates: Candidates, *, points: int, cap_cs: int, effort: Effort | None = None
) -> Siting:
    """Return the plan of so many new points with the least sum of walking times.

    Objective and bound are resident-seconds: each resident walks to the nearest point, open or new; walks beyond
    ``cap_cs``, and none at all, count as that long.

    Raises
    ------
    InputError
        When fewer than ``points`` candidates may be opened together.
    """
    pace = Pace(effort)
    first = together(candidates, points)
    problem = problem_of(demand, candidates, points, cap_cs)
    clashes = Clashes.of(adjacency(candidates))

    def costs_s(plan: Index) -> float:
        return walked_s(demand, candidates, plan, cap_cs)

    tree = Tree(problem, clashes, first, pace.effort.seed, _Over(problem, costs_s, pace))
    proven = tree.run()
    allowed = np.zeros(len(candidates), dtype=np.bool_)
    allowed[tree.best] = True
    objective = costs_s(tree.best)
    return Siting(
        chosen=greedy(problem.columns, clashes, allowed, points),
        objective=objective,
        bound=objective if proven and problem.exact else min(objective, problem.seconds_at_least(tree.bound)),
        proven=proven,
        solver="branch_and_bound" if tree.nodes > 1 else "lagrangian",
        nodes=tree.nodes,
        seconds=pace.seconds,
    )


class _Over:
    """Tells the watch how far a search is, and whether it is to end."""

    def __init__(self, problem: Problem, costs_s: Callable[[Index], float], pace: Pace) -> None:
        self.problem, self.costs_s, self.pace = problem, costs_s, pace
        self._plan: Index | None = None
        self._objective = 0.0

    def __call__(self, tree: Tree) -> bool:
        """Return whether the time is over or the plan near enough to its bound."""
        if self._plan is not tree.best:
            self._plan, self._objective = tree.best, self.costs_s(tree.best)
        bound = min(self._objective, self.problem.seconds_at_least(tree.bound))
        self.pace.tell(self._objective, bound, tuple(tree.best.tolist()))
        return not self.pace.left_s or (self.pace.effort.gap > 0 and self.pace.near_enough(self._objective, bound))
