"""Who walks to which point of a plan, and what each point adds to the objective of those before it."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.siting.equity_quarters import stuck
from gridmgmt.analysis.siting.model import Candidates, Effort, Siting, SitingModel
from gridmgmt.analysis.siting.solve import solve
from gridmgmt.analysis.walking.matrix import SparseTimes
from gridmgmt.analysis.walking.model import CS_PER_S, NO_WAY
from gridmgmt.analysis.walking.tally import from_fixed
from gridmgmt.siting.problem import Problem
from gridmgmt.siting.rules import SitingTerms

Indices = NDArray[np.int32]
Mask = NDArray[np.bool_]
Times = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan as residents walk it, arrays of places ``(n,)``.

    ``fresh[k]`` are the places that the ``k``-th point covers and neither an open one nor those before it; ``nearest``
    is the place in the order of the new point that is nearest within the limit, -1 where none is or an open point is
    no farther; of equal new points it is the first.
    """

    before: Mask
    after: Mask
    fresh: tuple[Indices, ...]
    nearest: NDArray[np.int32]


def walked(problem: Problem, chosen: Indices) -> Plan:
    """Return how a plan is walked; ``chosen`` are candidates in order of gain."""
    before = problem.demand.before_cs <= problem.limit_cs
    covered, cs = before.copy(), problem.demand.before_cs.copy()
    nearest = np.full(len(cs), -1, dtype=np.int32)
    fresh = []
    for rank, candidate in enumerate(chosen.tolist()):
        place, walk = problem.row(candidate)
        near = walk <= problem.limit_cs
        place, walk = place[near], walk[near]
        closer = walk < cs[place]
        nearest[place[closer]], cs[place[closer]] = rank, walk[closer]
        fresh.append(place[~covered[place]])
        covered[place] = True
    return Plan(before, covered, tuple(fresh), nearest)


def gains(problem: Problem, terms: SitingTerms, chosen: Indices, plan: Plan) -> list[float]:
    """Return what each point adds: residents newly covered (or with room), seconds saved, or share of the worst area.

    Walks beyond the horizon count as the horizon.
    """
    if terms.model in (SitingModel.MAX_COVERAGE, SitingModel.SET_COVER):
        return [float(from_fixed(problem.demand.weight[fresh].sum())) for fresh in plan.fresh]
    if terms.model is SitingModel.CAPACITATED:
        values = [_with_room(problem, chosen[:k]) for k in range(len(chosen) + 1)]
    elif terms.model is SitingModel.EQUITY:
        values = _worst_shares(problem, plan)
    else:
        values = [-value for value in _walking_s(problem, terms.model, chosen)]
    return [after - before for before, after in itertools.pairwise(values)]


def _with_room(problem: Problem, chosen: Indices) -> float:
    """Return the residents within the limit who find room at open points and some new ones."""
    if not len(chosen):
        return float(from_fixed(problem.demand.weight[problem.demand.before_cs <= problem.limit_cs].sum()))
    return among(problem, SitingModel.CAPACITATED, chosen, Effort()).objective


def among(problem: Problem, model: SitingModel, chosen: Indices, effort: Effort) -> Siting:
    """Return the answer of a model when only some candidates are there, and all of them may be opened."""
    return solve(
        model,
        problem.demand,
        only(problem.candidates, chosen),
        points=None if model is SitingModel.SET_COVER else len(chosen),
        limit_cs=problem.horizon_cs,
        effort=effort,
    )


def only(candidates: Candidates, chosen: Indices) -> Candidates:
    """Return some candidates alone, in the given order; they have no conflicts."""
    times = candidates.times
    rows = [slice(int(times.indptr[j]), int(times.indptr[j + 1])) for j in chosen.tolist()]
    indptr = np.concatenate([[0], np.cumsum([row.stop - row.start for row in rows])]).astype(np.int64)
    place = np.concatenate([np.empty(0, dtype=np.int32), *(times.place[row] for row in rows)])
    cs = np.concatenate([np.empty(0, dtype=np.int32), *(times.cs[row] for row in rows)])
    capacity = None if candidates.capacity is None else candidates.capacity[chosen]
    return Candidates(SparseTimes(indptr, place, cs), capacity=capacity)


def _worst_shares(problem: Problem, plan: Plan) -> list[float]:
    """Return the covered share of the worst area that can be bettered (of all, where none can) along the plan."""
    demand = problem.demand
    inside = demand.group >= 0

    def by_group(mask: Mask) -> NDArray[np.int64]:
        sums = np.zeros(demand.n_groups, dtype=np.int64)
        np.add.at(sums, demand.group[inside & mask], demand.weight[inside & mask])
        return sums

    residents, covered = by_group(np.ones_like(inside)), by_group(plan.before)
    lived = residents > 0
    if (able := lived & ~stuck(demand, problem.candidates, limit_cs=problem.limit_cs)).any():
        lived = able
    values = []
    for fresh in (np.empty(0, dtype=np.int32), *plan.fresh):
        here = fresh[inside[fresh]]
        np.add.at(covered, demand.group[here], demand.weight[here])
        values.append(float((covered[lived] / residents[lived]).min(initial=1.0)))
    return values


def _walking_s(problem: Problem, model: SitingModel, chosen: Indices) -> list[float]:
    """Return the sum of all walks (resident seconds) or the longest one (s) before, and after each point."""
    horizon_cs, demand = problem.horizon_cs, problem.demand
    cs, asked = np.minimum(demand.before_cs, horizon_cs), demand.weight > 0
    if model is SitingModel.P_CENTER:
        reachable = demand.before_cs < NO_WAY
        reachable[problem.candidates.times.place] = True
        asked &= reachable
    values = []
    for candidate in (None, *chosen.tolist()):
        if candidate is not None:
            place, walk = problem.row(candidate)
            cs[place] = np.minimum(cs[place], walk)
        if model is SitingModel.P_CENTER:
            values.append(int(cs[asked].max(initial=0)) / CS_PER_S)
        else:
            values.append(float(from_fixed(demand.weight) @ (cs / CS_PER_S)))
    return values
