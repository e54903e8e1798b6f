"""Most residents within the limit: plans of new points with a bound on what any plan can reach (MCLP).

The maximal covering location problem (Church and ReVelle 1974, Papers of the Regional Science Association 32) with
open points that stay and with pairs of candidates that may not both be opened. Places that the same candidates cover
are merged; a plan is found greedily and by exchanges; Lagrangian prices bound every plan and decide most candidates;
what is left is decided by branch and bound. All sums are of whole numbers, so that a proof is a proof.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.cover_problem import PARTS, CoverProblem, outward, residents_within
from gridmgmt.analysis.siting.feasible import together
from gridmgmt.analysis.siting.interchange import Interchange, by_gain, covered, greedy
from gridmgmt.analysis.siting.merging import Long
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Siting
from gridmgmt.analysis.siting.pace import Pace
from gridmgmt.analysis.siting.relaxation import begun, lower
from gridmgmt.analysis.siting.search_tree import Node, Tree, apart, narrowed

_BATCHES, _PATIENCE = 12, 3
"""Batches of exchanges at the most, and in turn without a gain."""
_CURVE = 20, 5
"""Subgradients for each point of the curve, and how many without a gain shorten the steps."""
_SMALL = 20_000
"""With no more pairs of row and candidate every plan of the curve is searched like the last."""
_SURE_TURNS = 4
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
    search = _Search(demand, candidates, points, limit_cs, Pace(effort))
    return search.answer(*search.whole(), points)


def coverage_curve(
    demand: Demand, candidates: Candidates, *, points: int, limit_cs: int, effort: Effort | None = None
) -> list[Siting]:
    """Return plans of 1 … ``points`` new points, each with its bound: what every further point can bring.

    The last is the plan of :func:`max_coverage`; the others begin from it, from the plan and the prices of one point
    more, and are searched less long unless the problem is small.

    Raises
    ------
    InputError
        When fewer than ``points`` candidates may be opened together, with how many may.
    """
    return _Search(demand, candidates, points, limit_cs, Pace(effort)).curve()


def sure_points(
    demand: Demand,
    candidates: Candidates,
    siting: Siting,
    *,
    limit_cs: int,
    slack: float = 0.005,
    effort: Effort | None = None,
) -> NDArray[np.bool_]:
    """Return which of the chosen are in every plan that comes near the best one ``(len(siting.chosen),)``.

    Parameters
    ----------
    siting
        A plan of :func:`max_coverage` for the same demand, candidates and limit.
    slack
        A plan comes near when it has at least ``1 - slack`` of the residents of ``siting`` within the limit.

    Returns
    -------
    ndarray
        True where it is certain that no plan without the point, of as many points, comes near.
    """
    pace = Pace(effort)
    points = len(siting.chosen)
    problem = CoverProblem.of(demand, candidates, limit_cs, points, all_candidates=True)
    rows = problem.rows
    reached = residents_within(demand, candidates, siting.chosen, limit_cs)
    need = max(0, problem.fine((1 - Fraction(slack)) * reached))
    sure = np.full(points, points == len(candidates))
    found = begun(rows, points, rows.weight // 2)
    for _ in range(_SURE_TURNS):
        lower(rows, found, points, need=need, least=problem.least, rounds=100, patience=20)
    near = Interchange(rows, siting.chosen).without() >= need
    for number, name in enumerate(siting.chosen.tolist()):
        pace.tell(siting.objective, siting.bound, tuple(siting.chosen.tolist()))
        this = rows.ids == name
        if near[number] or pace.left_s <= 0:
            continue
        if found.fixed[this] > 0:
            sure[number] = True
            continue
        tree = Tree(
            need - problem.unit, (), problem.unit, problem.least,
            lambda tree: bool(tree.plan) or tree.nodes > _NODES_OF_SURE or pace.left_s <= 0, problem.alone[points],
        )  # fmt: skip
        root = Node(rows, found.price, points, (), 0, tree.bound)
        tree.search(narrowed(root, found.fixed > 0, this | (found.fixed < 0)))
        sure[number] = not tree.plan and tree.bound == tree.best
    return sure


class _Search:
    """Searches for plans of one problem within one effort."""

    def __init__(self, demand: Demand, candidates: Candidates, points: int, limit_cs: int, pace: Pace) -> None:
        self._demand, self._candidates, self._limit_cs = demand, candidates, limit_cs
        self._points, self._pace = points, pace
        self._best: Siting | None = None
        self._start = together(candidates, points)
        self.problem = CoverProblem.of(demand, candidates, limit_cs, points)

    def whole(self) -> tuple[Tree, str]:
        """Search for the plan of all points; return what was found, and how the first plan was."""
        rows = self.problem.rows
        points = min(self._points, rows.m)
        first = greedy(rows, points)
        exchange = Interchange(rows, first if len(first) == points else self._start, self._pace.effort.seed)
        greedily = exchange.objective
        tree = self._tree(exchange, points)
        idle = 0
        for batch in range(_BATCHES):
            if idle == _PATIENCE or self._enough(tree):
                break
            gained = exchange.kick() if batch else exchange.descend()
            idle = 0 if gained or not batch else idle + 1
            tree.offer(exchange.objective, self.problem.named(exchange.chosen))
        if not self._enough(tree):
            tree.search(Node(rows, rows.weight // 2, points, (), 0, tree.bound))
        return tree, "interchange" if exchange.objective > greedily else "greedy"

    def curve(self) -> list[Siting]:
        """Return the plans of one point to all of them."""
        tree, how = self.whole()
        best = self._best = self.answer(tree, how, self._points)
        rows = self.problem.rows
        price = rows.weight // 2 if tree.price is None else tree.price
        trees, bounds = {self._points: tree}, self.problem.bounds(price, self._points)
        for points in range(self._points - 1, 0, -1):
            if points < rows.m:
                tree = self._fewer(tree, points)
                price, how = self._bounded(tree, points, price), "lagrangian"
                bounds = np.minimum(bounds, self.problem.bounds(price, self._points))
            trees[points] = tree
            self._tell(tree)
        for points in range(1, min(self._points, rows.m) - 1):
            self._one_more(trees[points], trees[points + 1])
        for points, tree in trees.items():
            tree.bound = max(tree.best, min(tree.bound, int(bounds[points])))
        return [*(self.answer(trees[points], how, points) for points in range(1, self._points)), best]

    def _fewer(self, tree: Tree, points: int) -> Tree:
        """Return the beginning of a search for so many points, from a plan of one more."""
        order, _ = by_gain(self.problem.rows, self.problem.known_as(tree.plan))
        exchange = Interchange(self.problem.rows, order[:points])
        if self._pace.left_s > 0:
            exchange.descend()
        return self._tree(exchange, points)

    def _one_more(self, tree: Tree, more: Tree) -> None:
        """Offer a plan with what gains the most beside it, so that no plan of more points covers less."""
        plan = self.problem.known_as(tree.plan)
        this, gain = Interchange(self.problem.rows, plan).addition()
        if this >= 0:
            more.offer(tree.best + gain, self.problem.named(np.append(plan, this)))

    def _bounded(self, tree: Tree, points: int, price: Long) -> Long:
        """Bound the plans of so many points; return the prices."""
        rows = self.problem.rows
        if self._pace.left_s <= 0:
            return price
        if len(rows.row_candidate) <= _SMALL:
            tree.search(Node(rows, price, points, (), 0, tree.bound))
            return price if tree.price is None else tree.price
        found = begun(rows, points, price)
        rounds, patience = _CURVE
        need = tree.best + tree.unit
        lower(rows, found, points, need=need, least=tree.least, rounds=rounds, patience=patience)
        tree.bound = min(tree.bound, max(int(found.bound[0]), tree.best))
        if apart(rows, found.choice):
            tree.offer(covered(rows, found.choice), self.problem.named(found.choice))
        return found.price

    def _tree(self, exchange: Interchange, points: int) -> Tree:
        problem = self.problem
        bound = min(problem.alone[points], int(problem.rows.weight.sum()))
        return Tree(
            exchange.objective, problem.named(exchange.chosen), problem.unit, problem.least, self._enough, bound
        )  # fmt: skip

    def answer(self, tree: Tree, how: str, points: int) -> Siting:
        """Return what was found, counted anew from the demand as it was given."""
        chosen = self.problem.by_gain(tree.plan, points)
        reached = residents_within(self._demand, self._candidates, chosen, self._limit_cs)
        bound = max(self.problem.parts(tree.bound), reached)
        proven = bound == reached
        if tree.nodes:
            how = "branch_and_bound" if tree.nodes > 1 else "lagrangian"
        most = reached / PARTS if proven else outward(bound)
        return Siting(chosen, reached / PARTS, most, proven, how, tree.nodes, self._pace.seconds)

    def _enough(self, tree: Tree) -> bool:
        """Tell of what is new; whether the time is over or the gap is small enough."""
        self._tell(tree)
        reached, most = self.problem.parts(tree.best), self.problem.parts(tree.bound)
        return self._pace.left_s <= 0 or most - reached <= Fraction(self._pace.effort.gap) * reached

    def _tell(self, tree: Tree) -> None:
        """Tell of what is new about the plan of all points; later only ask whether to go on."""
        if self._best is not None:
            self._pace.tell(self._best.objective, self._best.bound, tuple(self._best.chosen.tolist()))
        elif self._pace.effort.watch is not None:
            reached, most = self.problem.parts(tree.best), self.problem.parts(tree.bound)
            chosen = self.problem.by_gain(tree.plan, self._points)
            self._pace.tell(reached / PARTS, outward(most), tuple(chosen.tolist()))
