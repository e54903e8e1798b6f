"""Who is nearest to what: one search from all points at once.

A walk is: the access leg of the place, along its edge to one end, the shortest path, along the point's edge, and the
access leg of the point; when both lie on one edge, also straight along it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis import compiled
from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking import kernels, reference
from gridmgmt.analysis.walking.matrix import SparseTimes, times_to_nodes, times_to_places
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.spots import (
    NOWHERE,
    TIME_SHIFT,
    Integers,
    checked_costs,
    limit_of,
    split,
    spots_of,
    towards,
)
from gridmgmt.errors import InputError

MOST_ROUND_LIMIT_CS = 4 * 3600 * 100
"""Four hours: without a limit, round trips under directed costs would need the times of all pairs."""


_POINTS_AT_ONCE = 16
_FIRST_ROUND_CS = 3600 * 100
"""Round trips are sought within an hour first, then within twice as long, and again."""


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The nearest point of each place and node: hundredths of a second (or NO_WAY) and index (-1 where none)."""

    place_cs: NDArray[np.int32]
    place_point: NDArray[np.int32]
    node_cs: NDArray[np.int32]
    node_point: NDArray[np.int32]


def nearest(
    graph: WalkGraph,
    costs: EdgeCosts,
    *,
    points: Snap,
    places: Snap,
    trip: Trip = Trip.TO_POINT,
    limit_cs: int = NO_WAY,
    back: EdgeCosts | None = None,
) -> Nearest:
    """Return the time between every place ``(n_places,)`` and node ``(n_nodes,)`` and its nearest point.

    Points and places with edge -1 are skipped. Times above ``limit_cs`` are NO_WAY. Of points at one time the lowest
    index is taken. A round trip is the least sum of the ways there and back over single points; the way back has the
    costs ``back``, or those of the way there where None.

    Raises
    ------
    InputError
        When costs or a snap do not fit the graph, the limit is negative, or, for round trips under costs that are not
        the same both ways, above four hours.
    """
    checked_costs(graph, costs)
    limit, home = limit_of(limit_cs), costs if back is None else back
    if trip is Trip.ROUND and not mirrored(costs, home):
        checked_costs(graph, home)
        checked_round_limit(limit_cs)
        return _nearest_round(graph, (costs, home), points, places, limit)
    at, of = spots_of("points", points, graph, costs), spots_of("places", places, graph, costs)
    kernel = kernels.nearest if compiled.AVAILABLE else reference.nearest
    if trip is Trip.ROUND:
        node, place = kernel(graph, costs, at, of, limit // 2)
        return Nearest(*split(_doubled(place)), *split(_doubled(node)))
    node, place = kernel(graph, towards(costs, trip), at, of, limit)
    return Nearest(*split(place), *split(node))


def nearest_k(
    graph: WalkGraph,
    costs: EdgeCosts,
    *,
    points: Snap,
    places: Snap,
    k: int,
    trip: Trip = Trip.TO_POINT,
    limit_cs: int = NO_WAY,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return times and indices ``(n_places, k)`` of the nearest points of each place, rising by time and index.

    Where fewer are within ``limit_cs``, the rest is NO_WAY and -1.

    Raises
    ------
    InputError
        As :func:`nearest`, and when ``k`` is not positive.
    """
    if k < 1:
        raise InputError("number_not_positive", field="k", value=k)
    checked_costs(graph, costs)
    at, of = spots_of("points", points, graph, costs), spots_of("places", places, graph, costs)
    limit = limit_of(limit_cs)
    kernel = kernels.nearest_k if compiled.AVAILABLE else reference.nearest_k
    if trip is Trip.ROUND and costs.symmetric:
        time, point = kernel(graph, costs, at, of, k, limit // 2)
        return np.where(point >= 0, time * 2, NO_WAY).astype(np.int32), point
    if trip is Trip.ROUND:
        checked_round_limit(limit_cs)
        pairs = times_to_places(graph, costs, points=points, places=places, trip=trip, limit_cs=limit)
        return _least_k(pairs, len(of.edge), k)
    return kernel(graph, towards(costs, trip), at, of, k, limit)


def checked_round_limit(limit_cs: int) -> None:
    """Refuse round trips of more than four hours under costs that are not the same both ways.

    Raises
    ------
    InputError
        When the limit is longer.
    """
    if limit_cs > MOST_ROUND_LIMIT_CS:
        raise InputError("limit_invalid", field="limit_cs", value=limit_cs)


def mirrored(there: EdgeCosts, back: EdgeCosts) -> bool:
    """Tell whether every walk there costs what the same walk costs back."""
    if there is back and there.out_cs is there.back_cs:
        return True
    return (
        np.array_equal(there.out_cs, back.back_cs)
        and np.array_equal(there.back_cs, back.out_cs)
        and there.speed_m_per_s == back.speed_m_per_s
    )


def _nearest_round(
    graph: WalkGraph, ways: tuple[EdgeCosts, EdgeCosts], points: Snap, places: Snap, limit_cs: int
) -> Nearest:
    """Return the least sums of both ways, searched as far as is needed for what both ways can reach at all.

    What is found within a shorter limit is the answer of the longer one too.
    """
    there, back = ways
    out, home = (
        nearest(graph, costs, points=points, places=places, trip=trip, limit_cs=limit_cs)
        for costs, trip in ((there, Trip.TO_POINT), (back, Trip.FROM_POINT))
    )
    hoped_place = out.place_cs.astype(np.int64) + home.place_cs <= limit_cs
    hoped_node = out.node_cs.astype(np.int64) + home.node_cs <= limit_cs
    within = min(_FIRST_ROUND_CS, limit_cs)
    while True:
        place, node = _round_labels(graph, ways, points, places, within)
        open_ones = (hoped_place & (place == NOWHERE)).any() or (hoped_node & (node == NOWHERE)).any()
        if within == limit_cs or not open_ones:
            return Nearest(*split(place), *split(node))
        within = min(2 * within, limit_cs)


def _round_labels(
    graph: WalkGraph, ways: tuple[EdgeCosts, EdgeCosts], points: Snap, places: Snap, limit_cs: int
) -> tuple[Integers, Integers]:
    """Return the least labels of places and nodes, a few points at a time: all pairs would take too much room."""
    place = np.full(len(places.edge), NOWHERE, dtype=np.int64)
    node = np.full(graph.n_nodes, NOWHERE, dtype=np.int64)
    there, back = ways
    for first in range(0, len(points.edge), _POINTS_AT_ONCE):
        some = slice(first, first + _POINTS_AT_ONCE)
        at = Snap(points.edge[some], points.fraction[some], points.distance_m[some])
        to_places = times_to_places(
            graph, there, points=at, places=places, trip=Trip.ROUND, limit_cs=limit_cs, back=back
        )
        _lower(place, to_places, first)
        _lower(node, times_to_nodes(graph, there, points=at, trip=Trip.ROUND, limit_cs=limit_cs, back=back), first)
    return place, node


def _doubled(labels: Integers) -> Integers:
    """Return the labels of the ways there and back."""
    return np.where(labels < NOWHERE, labels + ((labels >> TIME_SHIFT) << TIME_SHIFT), NOWHERE)


def _lower(best: Integers, pairs: SparseTimes, first: int) -> None:
    """Lower the labels of columns to those of some points, numbered from ``first`` on."""
    for row in range(len(pairs.indptr) - 1):
        of_row = slice(pairs.indptr[row], pairs.indptr[row + 1])
        column = pairs.place[of_row]
        best[column] = np.minimum(best[column], pairs.cs[of_row].astype(np.int64) << TIME_SHIFT | (first + row))


def _least_k(pairs: SparseTimes, n_columns: int, k: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the ``k`` least labels of each column."""
    point = np.repeat(np.arange(len(pairs.indptr) - 1), np.diff(pairs.indptr))
    order = np.lexsort((point, pairs.cs, pairs.place))
    column = pairs.place[order]
    rank = np.arange(len(order)) - np.searchsorted(column, column, side="left")
    kept = rank < k
    best = np.full((n_columns, k), NOWHERE, dtype=np.int64)
    best[column[kept], rank[kept]] = pairs.cs[order[kept]].astype(np.int64) << TIME_SHIFT | point[order[kept]]
    return split(best)
