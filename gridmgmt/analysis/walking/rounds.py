"""Round trips where the ways there and back have costs of their own: gates let out on one and in on the other."""

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.matrix import SparseTimes, times_to_nodes, times_to_places
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.search import MOST_ROUND_LIMIT_CS, Nearest, nearest


def mirrored(there: EdgeCosts, back: EdgeCosts) -> bool:
    """Tell whether every walk there costs what the same walk costs back."""
    return np.array_equal(there.out_cs, back.back_cs) and np.array_equal(there.back_cs, back.out_cs)


def nearest_trip(
    graph: WalkGraph,
    there: EdgeCosts,
    back: EdgeCosts,
    *,
    points: Snap,
    places: Snap,
    trip: Trip,
    limit_cs: int = NO_WAY,
) -> Nearest:
    """Return the nearest points of every place and node, with costs for the way to a point and for the way from it.

    As :func:`gridmgmt.analysis.walking.search.nearest`; a round trip is the least sum of the way there and the way back
    over single points, never of two different ones, and where both ways must be searched at most four hours long.
    """
    if trip is Trip.FROM_POINT:
        return nearest(graph, back, points=points, places=places, trip=trip, limit_cs=limit_cs)
    if trip is Trip.TO_POINT:
        return nearest(graph, there, points=points, places=places, trip=trip, limit_cs=limit_cs)
    if mirrored(there, back):
        one_way = nearest(
            graph, there, points=points, places=places, trip=Trip.TO_POINT, limit_cs=min(limit_cs, NO_WAY - 1) // 2
        )
        return Nearest(
            _doubled(one_way.place_cs), one_way.place_point, _doubled(one_way.node_cs), one_way.node_point
        )  # fmt: skip
    limit = min(limit_cs, MOST_ROUND_LIMIT_CS)
    place_ways = [
        times_to_places(graph, costs, points=points, places=places, trip=leg, limit_cs=limit)
        for costs, leg in ((there, Trip.TO_POINT), (back, Trip.FROM_POINT))
    ]
    node_ways = [
        times_to_nodes(graph, costs, points=points, trip=leg, limit_cs=limit)
        for costs, leg in ((there, Trip.TO_POINT), (back, Trip.FROM_POINT))
    ]
    return Nearest(
        *_least_sum(place_ways[0], place_ways[1], len(places.edge), limit),
        *_least_sum(node_ways[0], node_ways[1], graph.n_nodes, limit),
    )


def _doubled(times: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.where(times < NO_WAY, 2 * times, NO_WAY).astype(np.int32)


def _least_sum(
    there: SparseTimes, back: SparseTimes, n_columns: int, limit_cs: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the least sum of two rows of one point for each column, and the point; the first of equal ones."""
    best = np.full(n_columns, NO_WAY, dtype=np.int64)
    point = np.full(n_columns, -1, dtype=np.int32)
    for row in range(len(there.indptr) - 1):
        first = slice(there.indptr[row], there.indptr[row + 1])
        second = slice(back.indptr[row], back.indptr[row + 1])
        column, at, at_back = np.intersect1d(there.place[first], back.place[second], True, return_indices=True)
        total = there.cs[first][at].astype(np.int64) + back.cs[second][at_back]
        nearer = (total < best[column]) & (total <= limit_cs)
        best[column[nearer]], point[column[nearer]] = total[nearer], row
    return best.astype(np.int32), point
