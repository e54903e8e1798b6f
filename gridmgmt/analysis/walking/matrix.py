"""Times between many points and many places: only the pairs within a limit, as large as the answer."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis import compiled
from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking import limited, reference
from gridmgmt.analysis.walking.kernels import streets_of
from gridmgmt.analysis.walking.model import EdgeCosts, Trip
from gridmgmt.analysis.walking.spots import (
    TIME_SHIFT,
    Integers,
    Spots,
    checked_costs,
    limit_of,
    spots_of,
    spots_on,
    towards,
)
from gridmgmt.errors import InputError

_PAIRS_AT_ONCE = 1 << 14

Floats = NDArray[np.float64]


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
        """Return the places by edge.

        Raises
        ------
        InputError
            When the places do not fit so many edges.
        """
        spots_on("places", places, n_edges, 1.0)
        on = np.flatnonzero(places.edge >= 0)
        order = on[np.argsort(places.edge[on], kind="stable")]
        counts = np.bincount(places.edge[on], minlength=n_edges)
        return cls(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), order.astype(np.int32))


class Scratch:
    """Buffers that the searches from single points use again and again; each thread needs its own."""

    def __init__(self) -> None:
        self.tables = limited.tables()
        self.pairs = np.empty(_PAIRS_AT_ONCE, dtype=np.int64)


def times_to_nodes(
    graph: WalkGraph,
    costs: EdgeCosts,
    *,
    points: Snap,
    trip: Trip = Trip.TO_POINT,
    limit_cs: int,
    back: EdgeCosts | None = None,
) -> SparseTimes:
    """Return the times between points and nodes, all pairs within ``limit_cs``.

    The way back of a round trip has the costs ``back``, or those of the way there where None.

    Raises
    ------
    InputError
        When costs or points do not fit the graph, or the limit is negative.
    """
    checked_costs(graph, costs)
    limit = limit_of(limit_cs)

    def one_way(towards_point: EdgeCosts) -> SparseTimes:
        at = spots_of("points", points, graph, towards_point)
        kernel = _node_rows if compiled.AVAILABLE else reference.times_to_nodes
        return SparseTimes(*kernel(graph, towards_point, at, limit))

    return _of_trip(one_way, graph, costs, trip, limit, back)


def times_to_places(
    graph: WalkGraph,
    costs: EdgeCosts,
    *,
    points: Snap,
    places: Snap,
    trip: Trip = Trip.TO_POINT,
    limit_cs: int,
    back: EdgeCosts | None = None,
) -> SparseTimes:
    """Return the times between points and places, all pairs within ``limit_cs``.

    The way back of a round trip has the costs ``back``, or those of the way there where None.

    Raises
    ------
    InputError
        When costs or a snap do not fit the graph, or the limit is negative.
    """
    checked_costs(graph, costs)
    limit = limit_of(limit_cs)
    by_edge = PlacesByEdge.build(places, graph.n_edges)

    def one_way(towards_point: EdgeCosts) -> SparseTimes:
        at = spots_of("points", points, graph, towards_point)
        if not compiled.AVAILABLE:
            of = spots_of("places", places, graph, towards_point)
            return SparseTimes(*reference.times_to_places(graph, towards_point, at, of, limit))
        return _place_rows(graph, towards_point, at, _listed(places, by_edge, towards_point), limit)

    return _of_trip(one_way, graph, costs, trip, limit, back)


def from_one(
    graph: WalkGraph,
    costs: EdgeCosts,
    *,
    point: Snap,
    places: Snap,
    by_edge: PlacesByEdge,
    trip: Trip = Trip.TO_POINT,
    limit_cs: int,
    scratch: Scratch | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the places within the limit of one point, rising, and their times.

    ``by_edge`` must be of ``places``, which are not looked through again.

    Raises
    ------
    InputError
        When ``point`` is not one point, does not fit the graph, or the limit is negative.
    """
    if point.edge.shape != (1,):
        raise InputError("array_shape_invalid", field="point", value=point.edge.shape, expected=(1,))
    if not compiled.AVAILABLE:
        times = times_to_places(graph, costs, points=point, places=places, trip=trip, limit_cs=limit_cs)
        return times.place, times.cs
    checked_costs(graph, costs)
    at, limit = spots_of("point", point, graph, costs), limit_of(limit_cs)
    kept = scratch or Scratch()

    def one_way(towards_point: EdgeCosts, limit: int) -> Integers:
        return _row(graph, towards_point, at, 0, _listed(places, by_edge, towards_point), limit, kept).copy()

    if trip is not Trip.ROUND:
        return _columns(one_way(towards(costs, trip), limit))
    if costs.out_cs is costs.back_cs:
        pairs = one_way(costs, limit // 2)
        return _columns(pairs + (pairs & limited.MASK))
    there, home = one_way(costs, limit), one_way(towards(costs, Trip.FROM_POINT), limit)
    place, i, j = np.intersect1d(there >> TIME_SHIFT, home >> TIME_SHIFT, assume_unique=True, return_indices=True)
    time = (there[i] & limited.MASK) + (home[j] & limited.MASK)
    return place[time <= limit].astype(np.int32), time[time <= limit].astype(np.int32)


def _of_trip(
    one_way: Callable[[EdgeCosts], SparseTimes],
    graph: WalkGraph,
    costs: EdgeCosts,
    trip: Trip,
    limit_cs: int,
    back: EdgeCosts | None,
) -> SparseTimes:
    """Return the times of a trip from those of one-way walks to the points."""
    if trip is not Trip.ROUND:
        return one_way(towards(costs, trip))
    home = costs if back is None else back
    checked_costs(graph, home)
    return _added(one_way(costs), one_way(towards(home, Trip.FROM_POINT)), limit_cs)


def _node_rows(graph: WalkGraph, costs: EdgeCosts, points: Spots, limit_cs: int) -> reference.Pairs:
    """Return the times of all pairs of point and node within the limit."""
    streets, found, width = streets_of(graph, costs), limited.tables(), limited.width_bits(costs, limit_cs)
    counts = np.zeros(len(points.edge), dtype=np.int64)
    room = np.empty(_PAIRS_AT_ONCE, dtype=np.int64)
    columns, times = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int32)]
    first = 0
    while first < len(points.edge):
        found, block, following = limited.nodes_of_rows(streets, points, first, limit_cs, width, found, room)
        ends = np.cumsum(block)
        for point in range(first, following):
            room[ends[point] - block[point] : ends[point]].sort()
        column, time = _columns(room[: ends[-1]])
        counts += block
        columns.append(column)
        times.append(time)
        if following == first:
            room = np.empty(2 * len(room), dtype=np.int64)
        first = following
    return np.concatenate([[0], np.cumsum(counts)]), np.concatenate(columns), np.concatenate(times)


def _place_rows(
    graph: WalkGraph, costs: EdgeCosts, points: Spots, places: limited.Places, limit_cs: int
) -> SparseTimes:
    """Return the times of all pairs of point and place within the limit."""
    kept = Scratch()
    counts = np.zeros(len(points.edge), dtype=np.int64)
    columns, times = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int32)]
    for point in np.flatnonzero(points.edge >= 0).tolist():
        pairs = _row(graph, costs, points, point, places, limit_cs, kept)
        counts[point] = len(pairs)
        column, time = _columns(pairs)
        columns.append(column)
        times.append(time)
    return SparseTimes(np.concatenate([[0], np.cumsum(counts)]), np.concatenate(columns), np.concatenate(times))


def _row(
    graph: WalkGraph,
    costs: EdgeCosts,
    points: Spots,
    point: int,
    places: limited.Places,
    limit_cs: int,
    kept: Scratch,
) -> Integers:
    """Return the pairs ``place · 2³² + time`` of one point, a view of the scratch."""
    if points.edge[point] < 0:
        return np.empty(0, dtype=np.int64)
    spot = int(points.edge[point]), float(points.fraction[point]), int(points.leg_cs[point])
    kept.tables, kept.pairs, count = limited.places_of_one(
        streets_of(graph, costs), places, spot, limit_cs, limited.width_bits(costs, limit_cs), kept.tables, kept.pairs
    )
    pairs = kept.pairs[:count]
    pairs.sort()
    return pairs


def _columns(pairs: Integers) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return (pairs >> TIME_SHIFT).astype(np.int32), (pairs & limited.MASK).astype(np.int32)


def _listed(places: Snap, by_edge: PlacesByEdge, costs: EdgeCosts) -> limited.Places:
    def plain(array: Floats) -> Floats:
        return np.require(array, np.float64, ["C", "W"])

    return limited.Places(
        by_edge.indptr, by_edge.place, plain(places.fraction), plain(places.distance_m), costs.speed_m_per_s
    )


def _added(there: SparseTimes, home: SparseTimes, limit_cs: int) -> SparseTimes:
    """Return the pairs of both whose sum is within the limit."""
    width = 1 + int(max(there.place.max(initial=0), home.place.max(initial=0)))
    one, other = _keys(there, width), _keys(home, width)
    _, i, j = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    cs = there.cs[i].astype(np.int64) + home.cs[j]
    kept = cs <= limit_cs
    row = one[i[kept]] // width
    counts = np.bincount(row, minlength=len(there.indptr) - 1)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return SparseTimes(indptr, there.place[i[kept]], cs[kept].astype(np.int32))


def _keys(times: SparseTimes, width: int) -> Integers:
    row = np.repeat(np.arange(len(times.indptr) - 1), np.diff(times.indptr))
    return row * width + times.place
