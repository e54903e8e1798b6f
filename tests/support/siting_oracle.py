"""Siting problems small enough to try every plan, and what each plan is worth, counted without the kernels."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import networkx as nx
import numpy as np

from gridmgmt.analysis.siting.model import Candidates, Demand, SitingModel
from gridmgmt.analysis.walking.matrix import SparseTimes
from gridmgmt.analysis.walking.model import CS_PER_S, NO_WAY

PARTS = 1 << 34
Plan = tuple[int, ...]

LESS_IS_BETTER = (SitingModel.SET_COVER, SitingModel.P_MEDIAN, SitingModel.P_CENTER)


@dataclass(frozen=True, eq=False)
class Case:
    """A problem with all walks ``(m, n)`` in hundredths of a second, ``NO_WAY`` where there is none."""

    demand: Demand
    candidates: Candidates
    walk: np.ndarray
    limit_cs: int
    points: int

    @property
    def unit_is_whole(self) -> bool:
        """Whether residents are counted in whole ones, or in so few parts that shares are as coarse."""
        return not (self.demand.weight % PARTS).any() or int(self.demand.weight.max(initial=0)) < PARTS

    def near(self, plan: Plan) -> np.ndarray:
        """The shortest walk of each place to an open or a new point."""
        return np.vstack([self.demand.before_cs, self.walk[list(plan)]]).min(axis=0)

    def covered(self, plan: Plan) -> np.ndarray:
        return self.near(plan) <= self.limit_cs

    def parts(self, places: np.ndarray) -> int:
        return sum(int(weight) for weight in self.demand.weight[places])

    def fits(self, plan: Plan) -> bool:
        return not any({a, b} <= set(plan) for a, b in self.candidates.conflicts.tolist())

    def plans(self, points: int | None = None) -> Iterator[Plan]:
        every = combinations(range(len(self.candidates)), self.points if points is None else points)
        return (plan for plan in every if self.fits(plan))

    def worth(self, model: SitingModel, plan: Plan) -> tuple[float, int]:
        """What a plan is worth in the unit of the model, and the residents that decide between equal ones."""
        return getattr(self, f"_{model.value}")(plan), self.parts(self.covered(plan)) if model == "equity" else 0

    def best(self, model: SitingModel) -> tuple[float, int] | None:
        """The worth of the best plan; None where there is none."""
        if model is SitingModel.SET_COVER:
            return self._fewest()
        pick = min if model in LESS_IS_BETTER else max
        return pick((self.worth(model, p) for p in self.plans() if self._reaches(model, p)), default=None)

    def taking(self) -> list[int]:
        """The quarters that some candidate can better."""
        none, every = self.covered(()), self.covered(tuple(range(len(self.candidates))))
        of = [self.demand.group == quarter for quarter in range(self.demand.n_groups)]
        return [q for q, places in enumerate(of) if self.parts(places & every) > self.parts(places & none)]

    def _fewest(self) -> tuple[float, int] | None:
        every = self.covered(tuple(range(len(self.candidates)))) & (self.demand.weight > 0)
        for size in range(len(self.candidates) + 1):
            if any(self.covered(plan)[every].all() for plan in self.plans(size)):
                return float(size), 0
        return None

    def _reaches(self, model: SitingModel, plan: Plan) -> bool:
        """Whether nobody whom some candidate reaches is left without any walk, which p-center asks for."""
        if model is not SitingModel.P_CENTER:
            return True
        lives = (self.demand.weight > 0) & (self.near(tuple(range(len(self.candidates)))) < NO_WAY)
        return bool((self.near(plan)[lives] < NO_WAY).all())

    def _max_coverage(self, plan: Plan) -> float:
        return self.parts(self.covered(plan)) / PARTS

    def _set_cover(self, plan: Plan) -> float:
        return float(len(plan))

    def _p_median(self, plan: Plan) -> float:
        walks = np.minimum(self.near(plan), self.limit_cs).tolist()
        sums = sum(int(weight) * walk for weight, walk in zip(self.demand.weight, walks, strict=True))
        return float(Fraction(sums, PARTS * CS_PER_S))

    def _p_center(self, plan: Plan) -> float:
        walks = self.near(plan)[(self.demand.weight > 0) & (self.near(tuple(range(len(self.candidates)))) < NO_WAY)]
        return int(walks.max(initial=0)) / CS_PER_S

    def _equity(self, plan: Plan) -> float:
        hit = self.covered(plan)
        quarters = self.taking() or [q for q in range(self.demand.n_groups) if (self.of(q) > 0).any()]
        return min(self.parts(hit & (self.demand.group == q)) / int(self.of(q).sum()) for q in quarters)

    def of(self, quarter: int) -> np.ndarray:
        return self.demand.weight[self.demand.group == quarter]

    def _capacitated(self, plan: Plan) -> float:
        """The largest flow from places to points, beside those whom open points have."""
        before = self.demand.before_cs <= self.limit_cs
        assert self.candidates.capacity is not None
        net = nx.DiGraph()
        net.add_nodes_from(["residents", "served"])
        for place in np.flatnonzero(~before).tolist():
            net.add_edge("residents", place, capacity=int(self.demand.weight[place]))
            net.add_edges_from((place, ("point", j)) for j in plan if self.walk[j, place] <= self.limit_cs)
        for j in plan:
            net.add_edge(("point", j), "served", capacity=int(self.candidates.capacity[j]))
        return (self.parts(before) + nx.maximum_flow_value(net, "residents", "served")) / PARTS


def make_case(
    seed: int,
    *,
    candidates: int,
    places: int,
    unit: int = PARTS,
    conflicts: float = 0.0,
    quarters: int = 3,
) -> Case:
    """Return a random problem: walks of up to 100 s, some of none, some places open already, some without residents.

    Weights are multiples of ``unit`` parts; each pair of candidates is in conflict with the given chance.
    """
    rng = np.random.default_rng(seed)
    walk = np.where(rng.random((candidates, places)) < 0.4, NO_WAY, rng.integers(0, 10_000, (candidates, places)))
    reached = walk < NO_WAY
    at = np.concatenate([[0], np.cumsum(reached.sum(axis=1))]).astype(np.int64)
    times = SparseTimes(at, np.nonzero(reached)[1].astype(np.int32), walk[reached].astype(np.int32))
    before = np.where(rng.random(places) < 0.7, NO_WAY, rng.integers(0, 10_000, places)).astype(np.int32)
    weight = rng.integers(0, 10, places) * unit
    group = rng.integers(-1, quarters, places).astype(np.int32)
    pairs = [pair for pair in combinations(range(candidates), 2) if rng.random() < conflicts]
    room = rng.integers(0, 3 * max(1, places), candidates) * unit
    return Case(
        Demand(weight.astype(np.int64), before, group, quarters),
        Candidates(times, np.array(pairs, dtype=np.int32).reshape(-1, 2), room.astype(np.int64)),
        walk, int(rng.integers(500, 9_500)), int(rng.integers(1, candidates + 1)),
    )  # fmt: skip
