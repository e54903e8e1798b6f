"""Who is nearest to what: one search from all points at once.

A walk is: the access leg of the place, along its edge to one end, the shortest path, along the point's edge, and the
access leg of the point; when both lie on one edge, also straight along it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking import reference
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
) -> Nearest:
    """Return the time between every place ``(n_places,)`` and node ``(n_nodes,)`` and its nearest point.

    Points and places with edge -1 are skipped. Times above ``limit_cs`` are NO_WAY. Of points at one time the lowest
    index is taken. A round trip is the least sum of the ways there and back over single points.

    Raises
    ------
    InputError
        When costs or a snap do not fit the graph, the limit is negative, or, for round trips under costs that are not
        the same both ways, above four hours.
    """
    checked_costs(graph, costs)
    at, of = spots_of("points", points, graph, costs), spots_of("places", places, graph, costs)
    limit = limit_of(limit_cs)
    if trip is Trip.ROUND and costs.symmetric:
        node, place = reference.nearest(graph, costs, at, of, limit // 2)
        return _of_labels(_doubled(place), _doubled(node))
    if trip is Trip.ROUND:
        checked_round_limit(limit_cs)
        to_places = times_to_places(graph, costs, points=points, places=places, trip=trip, limit_cs=limit)
        to_nodes = times_to_nodes(graph, costs, points=points, trip=trip, limit_cs=limit)
        return _of_labels(_least(to_places, len(of.edge)), _least(to_nodes, graph.n_nodes))
    node, place = reference.nearest(graph, towards(costs, trip), at, of, limit)
    return _of_labels(place, node)


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
    if trip is Trip.ROUND and costs.symmetric:
        time, point = reference.nearest_k(graph, costs, at, of, k, limit // 2)
        return np.where(point >= 0, time * 2, NO_WAY).astype(np.int32), point
    if trip is Trip.ROUND:
        checked_round_limit(limit_cs)
        pairs = times_to_places(graph, costs, points=points, places=places, trip=trip, limit_cs=limit)
        return _least_k(pairs, len(of.edge), k)
    return reference.nearest_k(graph, towards(costs, trip), at, of, k, limit)


def checked_round_limit(limit_cs: int) -> None:
    """Refuse round trips of more than four hours under costs that are not the same both ways.

    Raises
    ------
    InputError
        When the limit is longer.
    """
    if limit_cs > MOST_ROUND_LIMIT_CS:
        raise InputError("limit_invalid", field="limit_cs", value=limit_cs)


def _of_labels(place: Integers, node: Integers) -> Nearest:
    return Nearest(*split(place), *split(node))


def _doubled(labels: Integers) -> Integers:
    """Return the labels of the ways there and back."""
    return np.where(labels < NOWHERE, labels + ((labels >> TIME_SHIFT) << TIME_SHIFT), NOWHERE)


def _least(pairs: SparseTimes, n_columns: int) -> Integers:
    """Return the least label of each column."""
    best = np.full(n_columns, NOWHERE, dtype=np.int64)
    for point in range(len(pairs.indptr) - 1):
        row = slice(pairs.indptr[point], pairs.indptr[point + 1])
        column = pairs.place[row]
        best[column] = np.minimum(best[column], pairs.cs[row].astype(np.int64) << TIME_SHIFT | point)
    return best


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
