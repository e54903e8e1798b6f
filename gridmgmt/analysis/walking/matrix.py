"""Times between many points and many places: only the pairs within a limit, as large as the answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking import reference
from gridmgmt.analysis.walking.model import EdgeCosts, Trip
from gridmgmt.analysis.walking.spots import checked_costs, limit_of, spots_of, towards
from gridmgmt.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class SparseTimes:
    """The pairs within the limit; those of point ``i`` are ``indptr[i]:indptr[i + 1]`` of the other arrays.

    ``place`` is the index of a place (or node), rising within each row; ``cs`` the time in hundredths of a second.
    """

    indptr: NDArray[np.int64]
    place: NDArray[np.int32]
    cs: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class PlacesByEdge:
    """The places of edge ``e`` are ``indptr[e]:indptr[e + 1]`` of ``place``, rising; those on no edge are left out."""

    indptr: NDArray[np.int64]
    place: NDArray[np.int32]

    @classmethod
    def build(cls, places: Snap, n_edges: int) -> "PlacesByEdge":
        """Return the places by edge."""
        on = np.flatnonzero(places.edge >= 0)
        order = on[np.argsort(places.edge[on], kind="stable")]
        counts = np.bincount(places.edge[on], minlength=n_edges)
        return cls(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), order.astype(np.int32))


class Scratch:
    """Buffers that the searches from single points use again and again; each thread needs its own."""

    def __init__(self, graph: WalkGraph) -> None:
        self.n_nodes = graph.n_nodes


def times_to_nodes(
    graph: WalkGraph, costs: EdgeCosts, *, points: Snap, trip: Trip = Trip.TO_POINT, limit_cs: int
) -> SparseTimes:
    """Return the times between points and nodes, all pairs within ``limit_cs``.

    Raises
    ------
    InputError
        When costs or points do not fit the graph, or the limit is negative.
    """
    checked_costs(graph, costs)
    at, limit = spots_of("points", points, graph, costs), limit_of(limit_cs)
    if trip is Trip.ROUND:
        there = SparseTimes(*reference.times_to_nodes(graph, costs, at, limit))
        return _added(there, SparseTimes(*reference.times_to_nodes(graph, _back(costs), at, limit)), limit)
    return SparseTimes(*reference.times_to_nodes(graph, towards(costs, trip), at, limit))


def times_to_places(
    graph: WalkGraph, costs: EdgeCosts, *, points: Snap, places: Snap, trip: Trip = Trip.TO_POINT, limit_cs: int
) -> SparseTimes:
    """Return the times between points and places, all pairs within ``limit_cs``.

    Raises
    ------
    InputError
        When costs or a snap do not fit the graph, or the limit is negative.
    """
    checked_costs(graph, costs)
    at, limit = spots_of("points", points, graph, costs), limit_of(limit_cs)
    of = spots_of("places", places, graph, costs)
    if trip is Trip.ROUND:
        there = SparseTimes(*reference.times_to_places(graph, costs, at, of, limit))
        return _added(there, SparseTimes(*reference.times_to_places(graph, _back(costs), at, of, limit)), limit)
    return SparseTimes(*reference.times_to_places(graph, towards(costs, trip), at, of, limit))


def from_one(
    graph: WalkGraph,
    costs: EdgeCosts,
    *,
    point: Snap,
    places: Snap,
    by_edge: PlacesByEdge,  # noqa: ARG001
    trip: Trip = Trip.TO_POINT,
    limit_cs: int,
    scratch: Scratch | None = None,  # noqa: ARG001
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the places within the limit of one point, rising, and their times.

    Raises
    ------
    InputError
        When ``point`` is not one point, does not fit the graph, or the limit is negative.
    """
    if point.edge.shape != (1,):
        raise InputError("array_shape_invalid", field="point", value=point.edge.shape, expected=(1,))
    times = times_to_places(graph, costs, points=point, places=places, trip=trip, limit_cs=limit_cs)
    return times.place, times.cs


def _back(costs: EdgeCosts) -> EdgeCosts:
    return towards(costs, Trip.FROM_POINT)


def _added(there: SparseTimes, back: SparseTimes, limit_cs: int) -> SparseTimes:
    """Return the pairs of both whose sum is within the limit."""
    width = 1 + int(max(there.place.max(initial=0), back.place.max(initial=0)))
    one, other = _keys(there, width), _keys(back, width)
    _, i, j = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    cs = there.cs[i].astype(np.int64) + back.cs[j]
    kept = cs <= limit_cs
    row = one[i[kept]] // width
    counts = np.bincount(row, minlength=len(there.indptr) - 1)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return SparseTimes(indptr, there.place[i[kept]], cs[kept].astype(np.int32))


def _keys(times: SparseTimes, width: int) -> NDArray[np.int64]:
    row = np.repeat(np.arange(len(times.indptr) - 1), np.diff(times.indptr))
    return row * width + times.place
