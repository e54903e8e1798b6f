"""Coverage: the walking time from every place to its nearest service point, in one search for all points.

Points and places lie somewhere along edges. A walk is: the access leg of the place, along its edge to one end, the
shortest path, along the point's edge, and the access leg of the point; when both lie on one edge, also straight along
it. The search runs in metres and is divided by the speed at the end, so a higher speed can never lengthen a time.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled, inlined
from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.status import LIMIT_TOLERANCE_S
from gridmgmt.analysis.status import band_of as band_of
from gridmgmt.analysis.status import classify as classify
from gridmgmt.errors import InputError

_MAX_BUCKETS = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class NearestService:
    """The nearest service point of each place and node: seconds (infinite) and index (-1 where none is in reach)."""

    time_s: NDArray[np.float64]
    point: NDArray[np.int32]
    node_time_s: NDArray[np.float64]
    node_point: NDArray[np.int32]


def nearest_service(
    graph: WalkGraph, *, points: Snap, places: Snap, speed_m_per_s: float, limit_s: float = np.inf
) -> NearestService:
    """Return the walking time in seconds from every place ``(n_places,)`` and node ``(n_nodes,)`` to a service point.

    Points and places with edge -1 are skipped. Times above ``limit_s`` (≤ is inside) are infinite. Of points at one
    time the lowest index is taken.

    Raises
    ------
    InputError
        When the speed is not positive, the limit negative, or a snap does not fit the graph.
    """
    if not (np.isfinite(speed_m_per_s) and speed_m_per_s > 0):
        raise InputError("number_not_positive", field="speed_m_per_s", value=speed_m_per_s)
    if not limit_s >= 0:
        raise InputError("limit_invalid", field="limit_s", value=limit_s)
    _check_snap("points", points, graph.n_edges)
    _check_snap("places", places, graph.n_edges)
    limit_m = (limit_s + LIMIT_TOLERANCE_S) * speed_m_per_s

    on_network = np.flatnonzero(points.edge >= 0).astype(np.int32)
    on_network = on_network[np.argsort(points.edge[on_network], kind="stable")]
    edge, leg_m = points.edge[on_network], points.distance_m[on_network]
    along_m = points.fraction[on_network] * graph.length_m[edge]
    seeds = _least_labels(
        np.concatenate([graph.source[edge], graph.target[edge]]),
        np.concatenate([leg_m + along_m, leg_m + (graph.length_m[edge] - along_m)]),
        np.concatenate([on_network, on_network]),
    )
    steps = graph.indptr, graph.neighbour, graph.step_m
    node_m, node_point = _search(steps, seeds, limit_m, *_buckets(graph.length_m, seeds[1]))
    place_m, place_point = _reach_places(
        (graph.source, graph.target, graph.length_m),
        (node_m, node_point),
        (edge, along_m, leg_m, on_network),
        (places.edge, places.fraction, places.distance_m),
        limit_m,
    )
    return NearestService(place_m / speed_m_per_s, place_point, node_m / speed_m_per_s, node_point)


def _check_snap(field: str, snap: Snap, n_edges: int) -> None:
    """Refuse a snap that would make a kernel read beyond its arrays or reckon with impossible legs."""
    if not snap.edge.shape == snap.fraction.shape == snap.distance_m.shape:
        raise InputError("array_shape_invalid", field=field, value=snap.fraction.shape, expected=snap.edge.shape)
    used = snap.edge >= 0
    edge, fraction, distance_m = snap.edge[used], snap.fraction[used], snap.distance_m[used]
    if (stray := edge[edge >= n_edges]).size:
        raise InputError("edge_out_of_range", field=f"{field}.edge", value=int(stray[0]), last=n_edges - 1)
    if (bad := fraction[~((fraction >= 0) & (fraction <= 1))]).size:
        raise InputError("fraction_out_of_range", field=f"{field}.fraction", value=float(bad[0]))
    if (bad := distance_m[~((distance_m >= 0) & np.isfinite(distance_m))]).size:
        raise InputError("distance_invalid", field=f"{field}.distance_m", value=float(bad[0]))


def _least_labels(
    node: NDArray[np.int32], metres: NDArray[np.float64], point: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]:
    """Return each node once, with the least (metres, point) of its labels."""
    order = np.lexsort((point, metres, node))
    first = np.concatenate([[True], np.diff(node[order]) != 0])[: len(order)]
    kept = order[first]
    return node[kept], metres[kept], point[kept]


def _buckets(length_m: NDArray[np.float64], seed_m: NDArray[np.float64]) -> tuple[float, int]:
    """Return width in metres and number of buckets, which span the longest edge and the farthest seed."""
    span_m = max(float(length_m.max(initial=0.0)), float(seed_m.max(initial=0.0)))
    mean_m = float(length_m.mean()) if length_m.size else 0.0
    width_m = max(mean_m / 8, span_m / _MAX_BUCKETS, 1e-9)
    return width_m, 1 << int(span_m / width_m + 2).bit_length()


@inlined
def _enter(
    at: int,
    node: int,
    metres: float,
    bucket: int,
    entries: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]],
    head: NDArray[np.int64],
) -> None:
    """Write entry ``at`` and make it the head of its bucket's chain."""
    entry_node, entry_m, chain = entries
    entry_node[at], entry_m[at], chain[at] = node, metres, head[bucket]
    head[bucket] = at


@compiled
def _search(
    steps: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]],
    seeds: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]],
    limit_m: float,
    width_m: float,
    n_buckets: int,
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the metres to and the index of the nearest point of every node, searched from all seeds at once.

    A label is (metres, point) and only ever falls; each fall enters the node into a ring of ``n_buckets`` (a power of
    two, spanning the longest step and the farthest seed) by metres. The nearest bucket is worked off first, in any
    order and as often as labels fall into it, so the result is exact whatever the width. An entry whose label has
    fallen since is passed over.
    """
    (indptr, neighbour, step_m), (seed_node, seed_m, seed_point), ring = steps, seeds, n_buckets - 1
    node_m, node_point = np.full(len(indptr) - 1, np.inf), np.full(len(indptr) - 1, -1, dtype=np.int32)
    head, room = np.full(n_buckets, -1), len(seed_node) + len(neighbour)
    entries = np.empty(room, dtype=np.int32), np.empty(room), np.empty(room, dtype=np.int64)
    used, bucket, last_bucket = 0, 0, -1
    for i in range(len(seed_node)):
        if seed_m[i] <= limit_m:
            node_m[seed_node[i]], node_point[seed_node[i]] = seed_m[i], seed_point[i]
            last_bucket = max(last_bucket, int(seed_m[i] / width_m))
            _enter(used, seed_node[i], seed_m[i], int(seed_m[i] / width_m) & ring, entries, head)
            used += 1
    while bucket <= last_bucket:
        entry = head[bucket & ring]
        if entry < 0:
            bucket += 1
            continue
        head[bucket & ring] = entries[2][entry]
        node = entries[0][entry]
        if entries[1][entry] != node_m[node]:
            continue
        if used + indptr[node + 1] - indptr[node] > len(entries[0]):
            entries = _doubled(entries[0]), _doubled(entries[1]), _doubled(entries[2])
        for k in range(indptr[node], indptr[node + 1]):
            other, metres = neighbour[k], node_m[node] + step_m[k]
            if metres <= limit_m and _falls(metres, node_point[node], node_m[other], node_point[other]):
                node_m[other], node_point[other] = metres, node_point[node]
                last_bucket = max(last_bucket, int(metres / width_m))
                _enter(used, other, metres, int(metres / width_m) & ring, entries, head)
                used += 1
    return node_m, node_point


@compiled
def _doubled(array: Any) -> Any:
    """Return the array with as much room again."""
    return np.concatenate((array, np.empty_like(array)))


@compiled
def _falls(metres: float, point: int, old_m: float, old_point: int) -> bool:
    """Tell whether a label is less than the old one: nearer, or as near with a lower point index."""
    return metres < old_m or (metres == old_m and point < old_point)


@compiled
def _reach_places(
    edges: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
    nodes: tuple[NDArray[np.float64], NDArray[np.int32]],
    points: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]],
    places: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]],
    limit_m: float,
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the metres to and the index of the nearest point of every place; ``points`` are sorted by edge."""
    source, target, length_m = edges
    node_m, node_point = nodes
    point_edge, point_along_m, point_leg_m, point_index = points
    place_edge, fraction, leg_m = places
    place_m = np.full(len(place_edge), np.inf)
    place_point = np.full(len(place_edge), -1, dtype=np.int32)
    for i in range(len(place_edge)):
        edge = place_edge[i]
        if edge < 0:
            continue
        along = fraction[i] * length_m[edge]
        best, index = node_m[source[edge]] + along, node_point[source[edge]]
        metres, other = node_m[target[edge]] + (length_m[edge] - along), node_point[target[edge]]
        if _falls(metres, other, best, index):
            best, index = metres, other
        k = np.searchsorted(point_edge, edge)
        while k < len(point_edge) and point_edge[k] == edge:
            metres = point_leg_m[k] + abs(point_along_m[k] - along)
            if _falls(metres, point_index[k], best, index):
                best, index = metres, point_index[k]
            k += 1
        if best + leg_m[i] <= limit_m:
            place_m[i], place_point[i] = best + leg_m[i], index
    return place_m, place_point
