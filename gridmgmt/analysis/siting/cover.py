"""Most residents within the limit: plans of new points with a bound on what any plan can reach (MCLP).

The maximal covering location problem (Church and ReVelle 1974, Papers of the Regional Science Association 32) with
open points that stay and with pairs of candidates that may not both be opened. Places that the same candidates cover
are merged; a plan is found greedily and by exchanges; Lagrangian prices bound every plan and decide most candidates;
what is left is decided by branch and bound. All sums are of whole numbers, so that a proof is a proof.
"""

from fractions import Fraction

from gridmgmt.analysis.siting.cover_problem import PARTS, CoverProblem, by_gain, outward
from gridmgmt.analysis.siting.feasible import together
from gridmgmt.analysis.siting.interchange import Interchange, greedy
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Siting
from gridmgmt.analysis.siting.pace import Pace
from gridmgmt.analysis.siting.search_tree import Node, Tree

_BATCHES, _PATIENCE = 12, 3
"""Batches of exchanges at the most, and in turn without a gain."""
_NODES_OF_CURVE = 30
_NODES_OF_SURE = 50
"""Nodes in which it must turn out that no plan without a point comes near; else it does not count as sure."""


def max_coverage(
    demand: Demand, candidates: Candidates, *, points: int, limit_cs: int, effort: Effort | None = None
) -> Siting:
    """Return the plan of ``points`` new points that has the most residents within the limit.

    Parameters
    ----------
    points
        How many candidates to open, exactly.
    limit_cs
        The longest walk that counts, in hundredths of a second (≤ is inside).

    Returns
    -------
    Siting
        Its objective and bound are residents within the limit of any point, those of open points counted.

    Raises
    ------
    InputError
        When fewer than ``points`` candidates may be opened together, with how many may.
    """
    return _Search(demand, candidates, points, limit_cs, Pace(effort)).whole()


class _Search:
    """Searches for plans of one problem within one effort."""

    def __init__(self, demand: Demand, candidates: Candidates, points: int, limit_cs: int, pace: Pace) -> None:
        self._demand, self._candidates, self._limit_cs = demand, candidates, limit_cs
        self._points, self._pace = points, pace
        self._start = together(candidates, points)
        self.problem = CoverProblem.of(demand, candidates, limit_cs, points)

    def whole(self) -> Siting:
        """Return the plan of all points."""
        rows = self.problem.rows
        points = min(self._points, rows.m)
        first = greedy(rows, points)
        exchange = Interchange(rows, first if len(first) == points else self._start, self._pace.effort.seed)
        tree = self._tree(exchange, points)
        greedily = exchange.objective
        self._exchange(exchange, tree)
        if not self._enough(tree):
            tree.search(Node(rows, rows.weight // 2, points, (), 0, tree.bound))
        return self._answer(tree, "interchange" if exchange.objective > greedily else "greedy")

    def _tree(self, exchange: Interchange, points: int) -> Tree:
        bound = self.problem.first_bound(points)
        names = tuple(self.problem.rows.ids[exchange.chosen].tolist())
        return Tree(exchange.objective, names, self.problem.unit, self.problem.least, self._enough, bound)

    def _exchange(self, exchange: Interchange, tree: Tree) -> None:
        """Better a plan until exchanges gain no more, or it is enough."""
        idle = 0
        exchange.descend()
        for _ in range(_BATCHES):
            tree.best, tree.plan = exchange.objective, tuple(self.problem.rows.ids[exchange.chosen].tolist())
            if idle == _PATIENCE or self._enough(tree):
                return
            idle = 0 if exchange.kick() else idle + 1

    def _answer(self, tree: Tree, solver: str) -> Siting:
        plan = self.problem.filled(tree.plan, self._points)
        chosen, reached = by_gain(self._demand, self._candidates, plan, self._limit_cs)
        bound = max(self.problem.parts(tree.bound), reached)
        proven = bound == reached
        if tree.nodes:
            solver = "branch_and_bound" if tree.nodes > 1 else "lagrangian"
        most = reached / PARTS if proven else outward(bound)
        return Siting(chosen, reached / PARTS, most, proven, solver, tree.nodes, self._pace.seconds)

    def _enough(self, tree: Tree) -> bool:
        """Tell of what is new; whether the time is over or the gap is small enough."""
        reached, most = self.problem.parts(tree.best), self.problem.parts(tree.bound)
        filled = self.problem.filled(tree.plan, self._points)
        self._pace.tell(reached / PARTS, outward(most), tuple(filled.tolist()))
        return self._pace.left_s <= 0 or most - reached <= Fraction(self._pace.effort.gap) * reached
