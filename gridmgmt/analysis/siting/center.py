"""The plan whose longest walk is the shortest (p-center: Hakimi 1964, Operations Research 12.3).

The longest walk is one of the walking times, so that halving their sorted list finds the least with which so many
points cover everybody (Minieka 1970, SIAM Review 12.1): a dozen covering problems instead of one big program.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.feasible import adjacency, together
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Incumbent, Siting
from gridmgmt.analysis.siting.pace import Pace
from gridmgmt.analysis.siting.program import Program, maximise
from gridmgmt.analysis.siting.set_cover import by_residents, open_rows, set_cover
from gridmgmt.analysis.siting.set_cover_reductions import distinct, reduce
from gridmgmt.analysis.siting.set_cover_search import chosen_of, covering, greedy_cover
from gridmgmt.analysis.walking.model import CS_PER_S, NO_WAY
from gridmgmt.errors import InputError

Indices = NDArray[np.int32]


@dataclass(slots=True)
class _Range:
    """What is known of the sorted walks: the answer is not below ``low``, and ``plan`` reaches ``high``.

    Before there is a plan that reaches everybody it is empty.
    """

    walks: Indices
    low: int
    high: int
    plan: Indices
    nodes: int = 0


def p_center(demand: Demand, candidates: Candidates, *, points: int, effort: Effort | None = None) -> Siting:
    """Return the plan of so many new points with the least longest walk.

    Objective and bound are seconds: the longest walk of those who live where an open point or a candidate can be
    reached at all, each to the nearest point, open or new. 0.0 when there is nobody.

    Raises
    ------
    InputError
        ``siting_center_unreached`` when no plan of so many points was found with which all of them reach one, with how
        many are enough; ``siting_cover_impossible`` when no plan of any number was found.
    """
    pace = Pace(effort)
    first = together(candidates, points)
    reach = reachable_cs(demand, candidates)
    lives = (demand.weight > 0) & (reach < NO_WAY)
    asked = Demand(np.where(lives, demand.weight, 0), demand.before_cs, demand.group, demand.n_groups)
    search = _Search(asked, candidates, first, pace)
    known = search.first_range(int(reach[lives].max(initial=0)))
    proven = search.narrow(known)
    objective = search.longest_cs(known.plan)
    bound = objective if proven else int(known.walks[known.low])
    return Siting(
        chosen=by_residents(demand, candidates, known.plan, objective),
        objective=objective / CS_PER_S,
        bound=bound / CS_PER_S,
        proven=bound == objective,
        solver="highs" if known.nodes else "bisection",
        nodes=known.nodes,
        seconds=pace.seconds,
    )


def reachable_cs(demand: Demand, candidates: Candidates) -> Indices:
    """Return the shortest walk of each place ``(n,)`` to any open point or candidate."""
    reach = demand.before_cs.copy()
    np.minimum.at(reach, candidates.times.place, candidates.times.cs)
    return reach


class _Search:
    def __init__(self, demand: Demand, candidates: Candidates, first: Indices, pace: Pace) -> None:
        self.demand, self.candidates, self.first, self.pace = demand, candidates, first, pace
        self.points = len(first)
        self.clashes = adjacency(candidates)

    def longest_cs(self, chosen: Indices) -> int:
        """Return the longest walk of all with so many points open."""
        times, walk = self.candidates.times, self.demand.before_cs.copy()
        for one in chosen.tolist():
            row = slice(int(times.indptr[one]), int(times.indptr[one + 1]))
            np.minimum.at(walk, times.place[row], times.cs[row])
        return int(walk[self.demand.weight > 0].max(initial=0))

    def first_range(self, least_cs: int) -> _Range:
        """Return a first plan that reaches everybody, between the least walk possible and its own."""
        demand, times = self.demand, self.candidates.times
        lives = demand.weight > 0
        walks = np.unique(
            np.concatenate([times.cs[lives[times.place]], demand.before_cs[lives], np.zeros(1, dtype=np.int32)])
        )
        walks = walks[(walks >= least_cs) & (walks < NO_WAY)]
        known = _Range(walks, 0, len(walks) - 1, self.first)
        if self.longest_cs(self.first) >= NO_WAY:
            known.plan = self.first[:0]
            plan, _ = self.covered(int(walks[-1]), known)
            known.plan = self._by_fewest(int(walks[-1]), known) if plan is None else plan
        known.high = self._place(known, known.plan)
        self.pace.tell(*self._state(known))
        return known

    def narrow(self, known: _Range) -> bool:
        """Halve the range until one walk is left; return whether that came about before the time was over."""
        while known.low < known.high:
            middle = (known.low + known.high) // 2
            plan, decided = self.covered(int(known.walks[middle]), known)
            if plan is not None:
                known.plan, known.high = plan, self._place(known, plan)
            elif decided:
                known.low = middle + 1
            else:
                return False
            self.pace.tell(*self._state(known))
            if self.pace.near_enough(float(known.walks[known.high]), float(known.walks[known.low])):
                return known.low == known.high
        return True

    def covered(self, limit_cs: int, known: _Range) -> tuple[Indices | None, bool]:
        """Return a plan that has everybody within the limit, if there is one, and whether that is certain."""
        rows = open_rows(self.demand, self.candidates, limit_cs)
        if not rows.shape[0]:
            return self.first, True
        if self.clashes.nnz:
            return self._program(covering(distinct(rows), self.clashes, self.points), known)
        reduced = reduce(rows, self.clashes)
        left = self.points - len(reduced.mandatory)
        if left < 0 or (left == 0 and reduced.rows.shape[0]):
            return None, True
        clashes = self.clashes[reduced.columns][:, reduced.columns]
        some, decided = greedy_cover(reduced.rows, clashes), True
        if some is None or len(some) > left:
            some, decided = self._program(covering(reduced.rows, clashes, min(left, len(reduced.columns))), known)
        if some is None:
            return None, decided
        return self._filled(np.concatenate([reduced.mandatory, reduced.columns[some]])), True

    def _program(self, program: Program, known: _Range) -> tuple[Indices | None, bool]:
        def hear(_best: float, _bound: float) -> None:
            self.pace.tell(*self._state(known))

        outcome = maximise(program, max_s=self.pace.left_s, hear=hear, seed=self.pace.effort.seed)
        known.nodes += max(1, outcome.nodes)
        return chosen_of(outcome), outcome.optimal

    def _by_fewest(self, limit_cs: int, known: _Range) -> Indices:
        """Return the fewest points that have everybody within the limit, filled up, where these are few enough."""

        def hear(_fewer: Incumbent) -> None:
            self.pace.tell(*self._state(known))

        effort = replace(self.pace.effort, watch=hear)
        fewest = set_cover(self.demand, self.candidates, limit_cs=limit_cs, effort=effort).chosen
        if len(fewest) > self.points:
            raise InputError("siting_center_unreached", points=self.points, enough=len(fewest))
        plan = self._filled(fewest)
        if len(plan) < self.points:
            raise InputError("siting_cover_impossible", places=int((self.demand.weight > 0).sum()))
        return plan

    def _filled(self, chosen: Indices) -> Indices:
        """Return the chosen with the lowest others that stand apart, as many as are asked for where there are."""
        plan, clashes = chosen.tolist(), self.clashes
        free = np.ones(len(self.candidates), dtype=bool)
        for one in plan:
            free[clashes.indices[clashes.indptr[one] : clashes.indptr[one + 1]]] = False
        free[chosen] = False
        while len(plan) < self.points and free.any():
            one = int(free.argmax())
            plan.append(one)
            free[one] = False
            free[clashes.indices[clashes.indptr[one] : clashes.indptr[one + 1]]] = False
        return np.array(plan, dtype=np.int32)

    def _place(self, known: _Range, plan: Indices) -> int:
        return int(np.searchsorted(known.walks, self.longest_cs(plan)))

    def _state(self, known: _Range) -> tuple[float, float, tuple[int, ...]]:
        walks = known.walks / CS_PER_S
        longest = float(walks[known.high]) if len(known.plan) else float("inf")
        return longest, float(walks[known.low]), tuple(sorted(known.plan.tolist()))
