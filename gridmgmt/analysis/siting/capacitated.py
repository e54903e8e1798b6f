"""Most residents within the limit who also find room: points with capacities, and how far the plan is from the best.

The capacitated maximal covering location problem (Current and Storbeck 1988, Environment and Planning B 15.2), where
the residents of one place may go to several points. Places are merged, a plan is made by greedy and bettered by
exchanges, a Lagrangian bound tells how far it is from the best and which candidates are decided; what is left is for
HiGHS.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gridmgmt.analysis.siting.cover_problem import PARTS, outward
from gridmgmt.analysis.siting.feasible import check, together
from gridmgmt.analysis.siting.merging import CoverRows, Index, Long, merged
from gridmgmt.analysis.siting.model import Candidates, Demand, Effort, Siting
from gridmgmt.analysis.siting.near import Near
from gridmgmt.analysis.siting.pace import Pace
from gridmgmt.analysis.siting.program import TOLERANCE, maximise
from gridmgmt.analysis.siting.room import Rooms
from gridmgmt.analysis.siting.room_bound import RoomBound
from gridmgmt.analysis.siting.room_program import RoomProgram
from gridmgmt.errors import InputError

_STEPS = 1500
_STEPS_PER_PLAN = 10
_KICKS = 200
_KICK_PATIENCE = 40
_NEAR = 0.98
"""A plan that serves less of the best one is not descended from."""
_ARCS_OF_PROGRAM = 400_000
"""A program with more pairs of rows and candidates is not begun."""


def capacitated(
    demand: Demand, candidates: Candidates, *, points: int, limit_cs: int, effort: Effort | None = None
) -> Siting:
    """Return the plan that serves the most residents within the limit, each point no more than its capacity.

    The residents of a place may be split among points. Those within the limit of an open point are served already and
    take no room. The objective is all who are served, open points' included, in residents. A bound of HiGHS is told a
    millionth too high, which is how exact its numbers are: where residents are fractions, such a gap is left.

    Raises
    ------
    InputError
        When the parts do not fit each other, fewer than ``points`` candidates may be opened together, or a capacity
        is missing or negative.
    """
    pace = Pace(effort)
    check(demand, candidates, points)
    search = _Search(_problem(demand, candidates, points, limit_cs), pace)
    search.run()
    return search.answer()


@dataclass(frozen=True, eq=False)
class _Problem:
    """What is to be decided, in whole parts: rows of places that no open point serves, by candidates."""

    demand: Demand
    candidates: Candidates
    points: int
    limit_cs: int
    raw: CoverRows
    rows: CoverRows
    capacity: Long
    before: int
    """Parts served by open points."""

    @cached_property
    def unit(self) -> int:
        """The greatest number of parts of which all that can be served is a multiple."""
        return int(np.gcd.reduce(np.concatenate([self.rows.weight, self.capacity]))) or 1

    def floored(self, parts: float) -> int:
        """Return the most that a plan can serve where it serves no more than ``parts``."""
        return int(np.floor(parts / self.unit)) * self.unit

    def residents(self, parts: int) -> float:
        """Return residents in all, those served before included, of the parts that new points serve; never fewer."""
        return outward(self.before + parts)


def _problem(demand: Demand, candidates: Candidates, points: int, limit_cs: int) -> _Problem:
    capacity = candidates.capacity
    if capacity is None:
        raise InputError("siting_capacity_missing")
    if len(capacity) and int(capacity.min()) < 0:
        raise InputError("siting_capacity_negative", value=int(capacity.argmin()))
    raw = uncovered(demand, candidates, limit_cs)
    rows, _ = merged(raw.col_at, raw.col_row, raw.weight, raw.demands, raw.ids)
    reach = np.add.reduceat(np.append(rows.weight[rows.col_row], 0), rows.col_at[:-1]) if rows.m else np.empty(0)
    reach = np.where(np.diff(rows.col_at) > 0, reach, 0).astype(np.int64)
    before = int(demand.weight[demand.before_cs <= limit_cs].sum())
    return _Problem(demand, candidates, points, limit_cs, raw, rows, np.minimum(capacity, reach), before)


def uncovered(demand: Demand, candidates: Candidates, limit_cs: int) -> CoverRows:
    """Return the places with residents that no open point has within the limit, one row each, by candidates."""
    times, n = candidates.times, len(demand.weight)
    wanted = (demand.before_cs > limit_cs) & (demand.weight > 0)
    number = np.where(wanted, np.cumsum(wanted) - 1, -1).astype(np.int32)
    kept = (times.cs <= limit_cs) & wanted[times.place] if n else np.zeros(0, dtype=bool)
    col_at = np.concatenate([[0], np.cumsum(kept)])[times.indptr].astype(np.int64)
    col_row, weight = number[times.place[kept]], demand.weight[wanted]
    none = np.zeros(len(weight) + 1, dtype=np.int64), np.empty(0, dtype=np.int32)
    return CoverRows(weight, len(weight), *none, col_at, col_row, np.arange(len(candidates), dtype=np.int32))


class _Search:
    """A plan, a bound, and the ways to better them."""

    def __init__(self, problem: _Problem, pace: Pace) -> None:
        self.problem, self.pace = problem, pace
        self.near = Near.of(problem.candidates.conflicts, problem.rows.m)
        self.rooms = Rooms(problem.rows, problem.capacity, self.near)
        self.bounds = RoomBound(problem.rows, problem.capacity, problem.candidates.conflicts, problem.points)
        self.random = np.random.default_rng(pace.effort.seed)
        largest = sorted(problem.capacity.tolist(), reverse=True)[: problem.points]
        self.bound = min(int(problem.rows.weight.sum()), sum(largest))
        self.plan = together(problem.candidates, problem.points)
        self.served = self.rooms.served(self.plan)
        if problem.points == problem.rows.m:  # there is no other plan
            self.bound = self.served
        self.solver, self.nodes = "greedy", 0

    def run(self) -> None:
        """Search until the plan is proven, near enough, the time is over, or the ways are at their end."""
        greedy = self.rooms.completed(np.empty(0, dtype=np.int32), self.problem.points)
        self._offer(greedy, "greedy")
        if not self._over():
            self._offer(self.rooms.descend(self.plan)[0], "interchange")
        self._towards_bound()
        self._kick()
        if not self._over():
            self._prove()

    def answer(self) -> Siting:
        """Return the plan in order of gain, with what it serves counted over the places as they were given."""
        problem = self.problem
        chosen = self.rooms.greedy(self.plan, problem.points)
        raw = Rooms(problem.raw, problem.candidates.capacity, self.near)  # type: ignore[arg-type]  # it was asked for
        served = raw.served(chosen)
        objective, proven = (problem.before + served) / PARTS, self.bound <= served
        bound = objective if proven else problem.residents(self.bound)
        return Siting(chosen, objective, bound, proven, self.solver, self.nodes, self.pace.seconds)

    def _over(self) -> bool:
        """Tell how far it is; return whether that is enough."""
        objective, bound, plan = self._state()
        self.pace.tell(objective, bound, plan)
        return self.bound <= self.served or self.pace.near_enough(objective, bound) or self.pace.left_s <= 0

    def _offer(self, plan: Index, solver: str) -> bool:
        """Take a plan that serves more; return whether it does."""
        if len(plan) < self.problem.points:
            return False
        served = self.rooms.served(plan)
        if served <= self.served:
            return False
        self.plan, self.served, self.solver = plan, served, solver
        return True

    def _towards_bound(self) -> None:
        best_seen = 0
        for step in range(_STEPS):
            if self._over() or self.bounds.over:
                return
            chosen = self.bounds.step(float(self.served))
            self.bound = min(self.bound, self.problem.floored(self.bounds.best.bound))
            if step % _STEPS_PER_PLAN == 0:
                self.pace.tell(*self._state())
                plan = self.rooms.completed(without_conflicts(chosen, self.near), self.problem.points)
                served = self.rooms.served(plan)
                if served > max(best_seen, _NEAR * self.served):
                    best_seen = served
                    self._offer(self.rooms.descend(plan)[0], "lagrangian")

    def _state(self) -> tuple[float, float, tuple[int, ...]]:
        problem = self.problem
        served = (problem.before + self.served) / PARTS
        return served, problem.residents(self.bound), tuple(self.plan.tolist())

    def _kick(self) -> None:
        """Leave some points out at random, fill up by greedy and descend, until that has long not gained."""
        idle, p = 0, self.problem.points
        for _ in range(_KICKS):
            if idle >= _KICK_PATIENCE or self._over():
                return
            self.pace.tell(*self._state())
            out = self.random.choice(p, min(p, int(self.random.integers(1, max(2, p // 2) + 1))), replace=False)
            some = self._begun_elsewhere(np.delete(self.plan, out), self.plan[out])
            idle = 0 if self._offer(self.rooms.descend(some)[0], "interchange") else idle + 1

    def _begun_elsewhere(self, kept: Index, left: Index) -> Index:
        """Return the plan filled up: first by one candidate at random, then by greedy; the plan where that fails."""
        closed = np.zeros(self.problem.rows.m, dtype=bool)
        closed[kept] = closed[left] = True
        for one in kept:
            closed[self.near.other[self.near.at[one] : self.near.at[one + 1]]] = True
        free = np.flatnonzero(~closed)
        begun = kept if not len(free) else np.append(kept, self.random.choice(free)).astype(np.int32)
        plan = self.rooms.completed(begun[: self.problem.points], self.problem.points)
        return plan if len(plan) == self.problem.points else self.plan

    def _prove(self) -> None:
        """Leave what the bound does not decide to HiGHS."""
        problem, unit = self.problem, self.problem.unit
        # No plan is better by less than a unit.
        decided = self.bounds.decided(self.served + (1 - 1e-6) * unit - 1e-9 * self.bound)
        left = RoomProgram(
            problem.rows, problem.capacity, problem.candidates.conflicts, problem.points, decided, max(unit, PARTS)
        )  # fmt: skip
        if left.arcs > _ARCS_OF_PROGRAM:
            return

        def hear(_: float, bound: float) -> None:
            self._tighten(bound * left.unit)
            self.pace.tell(*self._state())

        effort, before = self.pace.effort, self.bound
        found = maximise(left.program(), max_s=self.pace.left_s, gap=effort.gap, hear=hear, seed=effort.seed)
        self.nodes = found.nodes
        if found.values is not None:
            self._offer(left.plan(found.values), "highs")
        self._tighten(found.bound * left.unit)
        if self.bound < before:
            self.solver = "highs"

    def _tighten(self, bound: float) -> None:
        """Take a bound of HiGHS, that of the plans which could be better than the present one."""
        told = min(max(bound, 0.0), float(self.bound)) * (1 + TOLERANCE)
        self.bound = min(self.bound, max(self.problem.floored(told), self.served))


def without_conflicts(chosen: Index, near: Near) -> Index:
    """Return the candidates without those in conflict with one before them."""
    kept: list[int] = []
    for one in chosen.tolist():
        if not np.isin(near.other[near.at[one] : near.at[one + 1]], kept).any():
            kept.append(one)
    return np.array(kept, dtype=np.int32)
