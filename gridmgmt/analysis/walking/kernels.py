"""The compiled searches from all points at once; see :mod:`gridmgmt.analysis.walking.reference` for the same by scipy.

A label only ever falls; each fall enters the node into the bucket of its time. The buckets are worked off from the
nearest on, each as often as labels fall into it, so the result is exact whatever their width (U. Meyer and P. Sanders,
Δ-stepping, Journal of Algorithms 49, 2003). An entry whose label has fallen into a nearer bucket since is passed over.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled, inlined
from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts
from gridmgmt.analysis.walking.spots import NOWHERE, TIME_SHIFT, Integers, Spots, ends_of_points, on_network

Int32s = NDArray[np.int32]

POINT_MASK = (1 << TIME_SHIFT) - 1
_MOST_BUCKETS = 1 << 16
_BUCKETS_A_STEP = 8
"""Buckets that an edge of mean cost spans."""


class Streets(NamedTuple):
    """Graph and costs of the walk to the points, as the kernels take them."""

    indptr: Integers
    neighbour: Int32s
    step_edge: Int32s
    step_out: NDArray[np.bool_]
    source: Int32s
    target: Int32s
    out_cs: Int32s
    back_cs: Int32s


class Points(NamedTuple):
    """Points in order of their edges, each array ``(n,)``; ``first`` is where those of an edge begin, or -1."""

    first: Int32s
    edge: Int32s
    fraction: NDArray[np.float64]
    leg_cs: Int32s
    number: Integers


def streets_of(graph: WalkGraph, costs: EdgeCosts) -> Streets:
    """Return graph and costs as plain arrays: what is read-only or has gaps would be compiled anew."""
    return Streets(
        graph.indptr, graph.neighbour, graph.step_edge, graph.step_out, graph.source, graph.target,
        plain(costs.out_cs), plain(costs.back_cs),
    )  # fmt: skip


def plain(costs: Int32s) -> Int32s:
    """Return the array itself where it is of 32-bit numbers without gaps that may be written; else a copy."""
    return np.require(costs, np.int32, ["C", "W"])


def nearest(
    graph: WalkGraph, costs: EdgeCosts, points: Spots, places: Spots, limit_cs: int
) -> tuple[Integers, Integers]:
    """Return the least label of every node and of every place."""
    streets, known = streets_of(graph, costs), _points_of(graph, points)
    steps, mean_cs, longest_cs = _steps(streets)
    node, label = _seeds(streets, costs, known)
    shift, buckets = _buckets(mean_cs, longest_cs, label, limit_cs)
    node_label = _search(streets.indptr, steps, node, label, limit_cs, shift, buckets)
    if not len(places.edge):
        return node_label, np.empty(0, dtype=np.int64)
    return node_label, _reach(streets, node_label, known, places, limit_cs)


def nearest_k(
    graph: WalkGraph, costs: EdgeCosts, points: Spots, places: Spots, k: int, limit_cs: int
) -> tuple[Int32s, Int32s]:
    """Return times and points ``(n_places, k)`` of the ``k`` least labels of every place with different points."""
    streets, known = streets_of(graph, costs), _points_of(graph, points)
    steps, mean_cs, longest_cs = _steps(streets)
    node, label = _seeds(streets, costs, known)
    shift, buckets = _buckets(mean_cs, longest_cs, label, limit_cs)
    node_labels = _search_k(streets.indptr, steps, node, label, limit_cs, shift, buckets, k)
    labels = _reach_k(streets, node_labels, known, places, limit_cs)
    return (labels >> TIME_SHIFT).astype(np.int32), labels.astype(np.int32)


def _points_of(graph: WalkGraph, points: Spots) -> Points:
    index = on_network(points)
    edge = points.edge[index]
    first = np.full(graph.n_edges, -1, dtype=np.int32)
    first[edge[::-1]] = np.arange(len(edge) - 1, -1, -1, dtype=np.int32)
    return Points(first, edge, points.fraction[index], points.leg_cs[index], index)


def _seeds(streets: Streets, costs: EdgeCosts, points: Points) -> tuple[Int32s, Integers]:
    """Return the labels that the points give to the ends of their edges."""
    from_ends = ends_of_points(costs, Spots(points.edge, points.fraction, points.leg_cs))
    node = np.concatenate([streets.source[points.edge], streets.target[points.edge]])
    time = np.concatenate(from_ends)
    reached = time < NO_WAY
    return node[reached], (time << TIME_SHIFT | np.tile(points.number, 2))[reached]


def _buckets(mean_cs: float, longest_cs: int, label: Integers, limit_cs: int) -> tuple[int, int]:
    """Return width, as a number of bits, and number of the buckets, which span the longest edge and farthest seed."""
    span = min(limit_cs, max(longest_cs, int(label.max(initial=0)) >> TIME_SHIFT))
    shift = max(int(mean_cs / _BUCKETS_A_STEP).bit_length() - 1, (span // _MOST_BUCKETS).bit_length(), 0)
    return shift, 1 << ((span >> shift) + 1).bit_length()


@compiled
def _steps(streets: Streets) -> tuple[Int32s, float, int]:
    """Return neighbour and cost of each step of a search from the points, each walk backwards; mean and greatest cost.

    The two stand side by side in memory: looked up one by one they would be the search's main expense.
    """
    steps = np.empty((len(streets.neighbour), 2), dtype=np.int32)
    total, count, longest = np.int64(0), 0, 0
    for k in range(len(steps)):
        edge = streets.step_edge[k]
        cost = streets.back_cs[edge] if streets.step_out[k] else streets.out_cs[edge]
        steps[k, 0], steps[k, 1] = streets.neighbour[k], cost
        if cost < NO_WAY:
            total += cost
            count += 1
            longest = max(longest, cost)
    return steps, total / max(count, 1), longest


@inlined
def enter(at: int, node: int, bucket: int, entries: Int32s, head: Int32s) -> None:
    """Write entry ``at`` and make it the head of its bucket's chain."""
    entries[at, 0], entries[at, 1] = node, head[bucket]
    head[bucket] = at


@compiled
def _search(
    indptr: Integers, steps: Int32s, seed_node: Int32s, seed_label: Integers, limit_cs: int, shift: int, n_buckets: int
) -> Integers:
    """Return the least label of every node; ``n_buckets``, a power of two, stand in a ring."""
    labels = np.full(len(indptr) - 1, NOWHERE)
    head, ring = np.full(n_buckets, -1, dtype=np.int32), n_buckets - 1
    entries = np.empty((len(seed_node) + len(steps), 2), dtype=np.int32)
    used, last = 0, -1
    for i in range(len(seed_node)):
        node, label = seed_node[i], seed_label[i]
        if label >> TIME_SHIFT <= limit_cs and label < labels[node]:
            labels[node] = label
            at = (label >> TIME_SHIFT) >> shift
            enter(used, node, at & ring, entries, head)
            used, last = used + 1, max(last, at)
    state = _spread(indptr, steps, labels, limit_cs, shift, (head, entries), (used, 0, last))
    while state[1] <= state[2]:
        entries = np.concatenate((entries, np.empty_like(entries)))
        state = _spread(indptr, steps, labels, limit_cs, shift, (head, entries), state)
    return labels


@compiled
def _spread(
    indptr: Integers, steps: Int32s, labels: Integers, limit_cs: int, shift: int, queue: tuple[Int32s, Int32s],
    state: tuple[int, int, int],
) -> tuple[int, int, int]:  # fmt: skip
    """Go on with a search until the last bucket is worked off or the entries are full.

    The state is the number of entries, the bucket and the last one. More room is the caller's to make: an array that
    this loop itself replaced would cost it a fifth of its speed.
    """
    head, entries = queue
    used, bucket, last = state
    ring = len(head) - 1
    while bucket <= last:
        entry = head[bucket & ring]
        if entry < 0:
            bucket += 1
            continue
        node = entries[entry, 0]
        first, end = indptr[node], indptr[node + 1]
        if used + end - first > len(entries):
            break
        head[bucket & ring] = entries[entry, 1]
        label = labels[node]
        if (label >> TIME_SHIFT) >> shift != bucket:
            continue
        for k in range(first, end):
            other, new = steps[k, 0], label + (np.int64(steps[k, 1]) << TIME_SHIFT)
            if new < labels[other] and new >> TIME_SHIFT <= limit_cs:
                labels[other] = new
                at = (new >> TIME_SHIFT) >> shift
                enter(used, other, at & ring, entries, head)
                used, last = used + 1, max(last, at)
    return used, bucket, last


@inlined
def _later(label: int, time: int) -> int:
    """Return a label after as much more time, NOWHERE where that is too long to be a way."""
    return label + (time << TIME_SHIFT) if (label >> TIME_SHIFT) + time < NO_WAY else NOWHERE


@inlined
def to_ends(streets: Streets, edge: int, fraction: float) -> tuple[int, int]:
    """Return the times from a spot to its edge's source and target."""
    out, back = int(streets.out_cs[edge]), int(streets.back_cs[edge])
    to_source = int(np.rint(fraction * back)) if back < NO_WAY else NO_WAY
    to_target = out - int(np.rint(fraction * out)) if out < NO_WAY else NO_WAY
    return to_source, to_target


@inlined
def along(streets: Streets, edge: int, start: float, end: float) -> int:
    """Return the time straight along an edge from one share of it to another."""
    if start == end:
        return 0
    cost = streets.out_cs[edge] if end > start else streets.back_cs[edge]
    if cost >= NO_WAY:
        return NO_WAY
    return abs(int(np.rint(end * cost)) - int(np.rint(start * cost)))


@compiled
def _reach(streets: Streets, node_label: Integers, points: Points, places: Spots, limit_cs: int) -> Integers:
    """Return the least label of every place."""
    labels = np.full(len(places.edge), NOWHERE)
    for i in range(len(places.edge)):
        edge = places.edge[i]
        if edge < 0:
            continue
        fraction = places.fraction[i]
        to_source, to_target = to_ends(streets, edge, fraction)
        best = min(
            _later(node_label[streets.source[edge]], to_source), _later(node_label[streets.target[edge]], to_target)
        )
        k = points.first[edge]
        while 0 <= k < len(points.edge) and points.edge[k] == edge:
            here = (np.int64(points.leg_cs[k]) << TIME_SHIFT) | points.number[k]
            best = min(best, _later(here, along(streets, edge, fraction, points.fraction[k])))
            k += 1
        best = _later(best, int(places.leg_cs[i]))
        if best >> TIME_SHIFT <= limit_cs:
            labels[i] = best
    return labels


@inlined
def _insert(lists: Integers, row: int, label: int) -> bool:
    """Enter a label into a row of the least ones with different points; tell whether it is among them."""
    k = lists.shape[1]
    at = k - 1
    if label >= lists[row, at]:
        return False
    for i in range(k):
        if lists[row, i] & POINT_MASK == label & POINT_MASK:
            at = i
            break
    if lists[row, at] <= label:
        return False
    while at > 0 and lists[row, at - 1] > label:
        lists[row, at] = lists[row, at - 1]
        at -= 1
    lists[row, at] = label
    return True


@compiled
def _holds(lists: Integers, row: int, label: int) -> bool:
    """Tell whether a label stands in a row."""
    for i in range(lists.shape[1]):  # noqa: SIM110 - compiled
        if lists[row, i] == label:
            return True
    return False


@compiled
def _search_k(
    indptr: Integers,
    steps: Int32s,
    seed_node: Int32s,
    seed_label: Integers,
    limit_cs: int,
    shift: int,
    n_buckets: int,
    k: int,
) -> Integers:
    """Return the ``k`` least labels with different points of every node, ``(n_nodes, k)``, rising."""
    lists = np.full((len(indptr) - 1, k), NOWHERE)
    head, ring = np.full(n_buckets, -1, dtype=np.int32), n_buckets - 1
    entries = np.empty((len(seed_node) + len(steps), 2), dtype=np.int32)
    entered = np.empty(len(entries), dtype=np.int64)
    used, bucket, last = 0, 0, -1
    for i in range(len(seed_node)):
        node, label = seed_node[i], seed_label[i]
        if label >> TIME_SHIFT <= limit_cs and _insert(lists, node, label):
            at = (label >> TIME_SHIFT) >> shift
            entered[used] = label
            enter(used, node, at & ring, entries, head)
            used, last = used + 1, max(last, at)
    while bucket <= last:
        entry = head[bucket & ring]
        if entry < 0:
            bucket += 1
            continue
        head[bucket & ring] = entries[entry, 1]
        node, label = entries[entry, 0], entered[entry]
        if not _holds(lists, node, label):
            continue
        if used + indptr[node + 1] - indptr[node] > len(entries):
            entries = np.concatenate((entries, np.empty_like(entries)))
            entered = np.concatenate((entered, np.empty_like(entered)))
        for step in range(indptr[node], indptr[node + 1]):
            other, new = steps[step, 0], label + (np.int64(steps[step, 1]) << TIME_SHIFT)
            if new >> TIME_SHIFT <= limit_cs and _insert(lists, other, new):
                at = (new >> TIME_SHIFT) >> shift
                entered[used] = new
                enter(used, other, at & ring, entries, head)
                used, last = used + 1, max(last, at)
    return lists


@compiled
def _reach_k(streets: Streets, node_labels: Integers, points: Points, places: Spots, limit_cs: int) -> Integers:
    """Return the least labels with different points of every place, ``(n_places, k)``, rising."""
    lists = np.full((len(places.edge), node_labels.shape[1]), NOWHERE)
    for i in range(len(places.edge)):
        edge = places.edge[i]
        if edge < 0:
            continue
        fraction, leg = places.fraction[i], int(places.leg_cs[i])
        to_source, to_target = to_ends(streets, edge, fraction)
        for j in range(node_labels.shape[1]):
            by_source = _later(_later(node_labels[streets.source[edge], j], to_source), leg)
            by_target = _later(_later(node_labels[streets.target[edge], j], to_target), leg)
            if by_source >> TIME_SHIFT <= limit_cs:
                _insert(lists, i, by_source)
            if by_target >> TIME_SHIFT <= limit_cs:
                _insert(lists, i, by_target)
        k = points.first[edge]
        while 0 <= k < len(points.edge) and points.edge[k] == edge:
            here = (np.int64(points.leg_cs[k]) << TIME_SHIFT) | points.number[k]
            here = _later(_later(here, along(streets, edge, fraction, points.fraction[k])), leg)
            if here >> TIME_SHIFT <= limit_cs:
                _insert(lists, i, here)
            k += 1
    return lists
