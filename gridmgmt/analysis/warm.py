"""Compile the kernels ahead of their first use: ``python -m gridmgmt.analysis.warm``."""

import numpy as np

from gridmgmt.analysis.accessibility import accessibility, enhanced_two_step, two_step
from gridmgmt.analysis.graph import build_graph
from gridmgmt.analysis.hotspots import gathering, neighbours_of
from gridmgmt.analysis.repeats import repeated_places
from gridmgmt.analysis.siting.warm import warm as warm_siting
from gridmgmt.analysis.snapping import EdgeIndex
from gridmgmt.analysis.walking.edits import AddEdges, AddPoints, SetCosts
from gridmgmt.analysis.walking.incremental import LiveCoverage
from gridmgmt.analysis.walking.isochrones import Ground, isochrones
from gridmgmt.analysis.walking.matrix import PlacesByEdge, from_one, times_to_nodes
from gridmgmt.analysis.walking.model import EdgeCosts
from gridmgmt.analysis.walking.search import nearest, nearest_k
from gridmgmt.analysis.walking.tally import tally


def warm() -> None:
    """Run every kernel once, most on a street of one edge; the machine code stays in the compiler's cache on disk."""
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
    gathering(np.arange(3.0), neighbours_of(np.array([[0, 1]]), 3), permutations=1)
    repeated_places(
        np.zeros(2), np.zeros(2), np.ones(2, dtype=np.int64), np.zeros(2, dtype=np.int64), reach=1.0, least=2
    )
    warm_siting()


if __name__ == "__main__":
    warm()
