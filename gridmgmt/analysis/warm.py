"""Compile the kernels ahead of their first use: ``python -m gridmgmt.analysis.warm``."""

import numpy as np

from gridmgmt.analysis.accessibility import accessibility, enhanced_two_step, two_step
from gridmgmt.analysis.graph import build_graph
from gridmgmt.analysis.siting.cover import coverage_curve, sure_points
from gridmgmt.analysis.siting.model import Candidates, Demand, SitingModel
from gridmgmt.analysis.siting.solve import solve
from gridmgmt.analysis.snapping import EdgeIndex
from gridmgmt.analysis.walking.edits import AddEdges, AddPoints, SetCosts
from gridmgmt.analysis.walking.incremental import LiveCoverage
from gridmgmt.analysis.walking.isochrones import Ground, isochrones
from gridmgmt.analysis.walking.matrix import PlacesByEdge, SparseTimes, from_one, times_to_nodes
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts
from gridmgmt.analysis.walking.search import nearest, nearest_k
from gridmgmt.analysis.walking.tally import FIXED_SHIFT, tally


def warm() -> None:
    """Run every kernel once on a street of one edge; the machine code stays in the compiler's cache on disk."""
    street = build_graph(2, [0], [1], [100.0])
    cost = np.array([10_000], dtype=np.int32)
    costs = EdgeCosts(cost, cost, 1.0)
    index = EdgeIndex.build([[0.0, 0.0], [100.0, 0.0]], [0, 2])
    snap = index.nearest(np.array([[50.0, 5.0]]), 100.0)
    nearest(street, costs, points=snap, places=snap)
    nearest_k(street, costs, points=snap, places=snap, k=2)
    times_to_nodes(street, costs, points=snap, limit_cs=60_000)
    pair = np.array([0, 1]), np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int32)
    for decay in (two_step(600.0), enhanced_two_step((300.0, 600.0))):
        accessibility(pair, decay, residents=np.ones(1), capacity=np.ones(1))
    isochrones(street, [Ground(index, 10.0)], costs, costs, points=snap, limits_cs=[1_000])
    from_one(street, costs, point=snap, places=snap, by_edge=PlacesByEdge.build(snap, 1), limit_cs=60_000)
    nobody = np.zeros(1, dtype=np.int8), np.zeros(1, dtype=np.int64), 1, np.zeros((1, 1), dtype=np.int64), [60_000]
    tally(cost, *nobody)
    live = LiveCoverage(street, costs, points=snap, places=snap)
    with live.what_if(SetCosts(0, 1, 1), AddEdges([0], [1], [1.0], 1, 1), AddPoints(snap)):
        pass
    _warm_siting()


def _warm_siting() -> None:
    """Ask every model for two of six points on a circle of homes, with and without points too near to each other."""
    m, limit_cs = 6, 1_000
    place = np.sort((np.arange(m)[:, None] + np.arange(3)) % m, axis=1).astype(np.int32).ravel()
    times = SparseTimes(np.arange(0, 3 * m + 1, 3), place, np.arange(1, 3 * m + 1, dtype=np.int32))
    weight = np.arange(1, m + 1, dtype=np.int64) << FIXED_SHIFT
    demand = Demand(weight, np.full(m, NO_WAY, dtype=np.int32), np.arange(m, dtype=np.int32) % 2, 2)
    near = np.array([[0, 1], [1, 2], [0, 2], [3, 4]], dtype=np.int32)
    for conflicts in (near, near[:0]):
        candidates = Candidates(times, conflicts, weight)
        for model in SitingModel:
            points = None if model is SitingModel.SET_COVER else 2
            solve(model, demand, candidates, points=points, limit_cs=limit_cs)
        plans = coverage_curve(demand, candidates, points=2, limit_cs=limit_cs)
        sure_points(demand, candidates, plans[-1], limit_cs=limit_cs)


if __name__ == "__main__":
    warm()
