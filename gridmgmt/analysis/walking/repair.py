"""The kernels of incremental coverage: after an edit, the labels that it can change are worked out anew, no others.

The nodes at the ends of changed edges are asked first. In the order of their old labels (G. Ramalingam and T. Reps, An
incremental algorithm for a generalization of the shortest-path problem, Journal of Algorithms 21, 1996), a node whose
label no neighbour and no point supports any more loses it, and those that leant on it are asked in turn. Then the nodes
that lost theirs, and those that can do better, are searched from their border inwards. As every edge costs at least
one, a node leans on nearer ones only; there is one set of labels that all support, so it is that of a full search.

Labels are those of :mod:`gridmgmt.analysis.walking.spots`: ``time · 2³² + point``.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled, inlined
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.model import NO_WAY
from gridmgmt.analysis.walking.spots import NOWHERE, TIME_SHIFT
from gridmgmt.analysis.walking.tally import band_of_cs

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

SOURCE, TARGET, OUT, BACK, NEXT_AT_SOURCE, NEXT_AT_TARGET, FIRST_PLACE, FIRST_POINT = range(8)
"""Columns of an edge. The steps of a node are a chain: step ``2 e`` leaves the source of edge e, ``2 e + 1`` its
target. So are the places and the points of an edge."""

EDGE, NEXT, LEG, SLOT = range(4)
"""Columns of a place and, without the slot, of a point."""

_COVERED, _UNCOVERED = int(PlaceStatus.COVERED), int(PlaceStatus.UNCOVERED)
_NOT_CONNECTABLE, _OUTSIDE = int(PlaceStatus.NOT_CONNECTABLE), int(PlaceStatus.OUTSIDE)


class Streets(NamedTuple):
    """The network and its labels, with room to grow.

    ``edge`` is ``(n_edges, 8)``; ``first_step`` and ``label`` are ``(n_nodes,)``, the costs in ``edge`` those of the
    walk to the point.
    """

    edge: Int32s
    first_step: Int32s
    label: Int64s


class Stops(NamedTuple):
    """Points or places on edges: ``record`` is ``(n, 4)``, ``fraction`` and ``distance_m`` are ``(n,)``."""

    record: Int32s
    fraction: NDArray[np.float64]
    distance_m: NDArray[np.float64]


class Counted(NamedTuple):
    """What is counted of places, and where: see :class:`gridmgmt.analysis.walking.tally.Cells`.

    ``row`` is ``(n_places, n_levels)``, the row of each place at each level or -1; ``within`` tells which places lie
    within the network's extent.
    """

    row: Int32s
    weights: Int64s
    within: NDArray[np.bool_]
    bands: Int32s
    places: Int64s
    sums: Int64s


class Placed(NamedTuple):
    """The places: where they are, their labels ``(n_places,)``, and what is counted of them."""

    stops: Stops
    label: Int64s
    counted: Counted


class Rules(NamedTuple):
    """Limits in hundredths of a second: of the labels of nodes, of places, of what counts as covered; trips' factor."""

    node_limit: int
    place_limit: int
    covered: int
    factor: int


class Scratch(NamedTuple):
    """Room that is used again: stamps of the edit that last asked or changed a node or edge, lists and a heap."""

    asked: Int32s
    touched: Int32s
    dirty: Int32s
    node: Int32s
    node_before: Int64s
    root: Int32s
    edge: Int32s
    place: Int32s
    place_before: Int64s
    heap: Int64s


@inlined
def _push(heap: Int64s, size: int, key: int) -> int:
    """Add a key to the heap; return its new size."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if heap[above] <= key:
            break
        heap[at] = heap[above]
        at = above
    heap[at] = key
    return size + 1


@inlined
def _pop(heap: Int64s, size: int) -> int:
    """Take the least key, ``heap[0]``, off the heap; return its new size."""
    size -= 1
    key, at, below = heap[size], 0, 1
    while below < size:
        if below + 1 < size and heap[below + 1] < heap[below]:
            below += 1
        if heap[below] >= key:
            break
        heap[at] = heap[below]
        at, below = below, 2 * below + 1
    heap[at] = key
    return size


@inlined
def _to_end(fraction: float, cost: int, at_source: bool) -> int:
    """Return the time between a spot and an end of its edge, walked in the direction that costs ``cost``."""
    part = int(np.rint(fraction * cost))
    return part if at_source else cost - part


@compiled
def _best(node: int, streets: Streets, points: Stops, limit: int) -> int:
    """Return the label that a node's neighbours and the points on its edges support."""
    edge, first_step, label = streets
    best = NOWHERE
    step = first_step[node]
    while step >= 0:
        e, at_source = step >> 1, step & 1 == 0
        cost = int(edge[e, OUT] if at_source else edge[e, BACK])
        if cost < NO_WAY:
            best = min(best, label[edge[e, TARGET if at_source else SOURCE]] + (cost << TIME_SHIFT))
            point = edge[e, FIRST_POINT]
            while point >= 0:
                time = points.record[point, LEG] + _to_end(points.fraction[point], cost, at_source)
                best = min(best, (time << TIME_SHIFT) | point)
                point = points.record[point, NEXT]
        step = edge[e, NEXT_AT_SOURCE if at_source else NEXT_AT_TARGET]
    return best if best >> TIME_SHIFT <= limit else NOWHERE


@inlined
def _touch(node: int, label: Int64s, epoch: int, n_touched: int, scratch: Scratch) -> int:
    """Keep the label of a node before its first change; return how many are kept."""
    if scratch.touched[node] != epoch:
        scratch.touched[node] = epoch
        scratch.node[n_touched], scratch.node_before[n_touched] = node, label[node]
        n_touched += 1
    return n_touched


@compiled
def _lose(streets: Streets, points: Stops, n_roots: int, limit: int, epoch: int, scratch: Scratch) -> int:
    """Take the labels that nothing supports any more, in the order of the labels; return the number of nodes."""
    edge, first_step, label = streets
    heap, size, n_touched = scratch.heap, 0, 0
    for i in range(n_roots):
        if label[scratch.root[i]] != NOWHERE:
            size = _push(heap, size, (label[scratch.root[i]] >> TIME_SHIFT << TIME_SHIFT) | scratch.root[i])
    while size > 0:
        node = int(heap[0] & 0xFFFFFFFF)
        size = _pop(heap, size)
        old = label[node]
        if _best(node, streets, points, limit) <= old:
            continue
        n_touched = _touch(node, label, epoch, n_touched, scratch)
        label[node] = NOWHERE
        step = first_step[node]
        while step >= 0:
            e, at_source = step >> 1, step & 1 == 0
            cost = int(edge[e, BACK] if at_source else edge[e, OUT])
            other = edge[e, TARGET if at_source else SOURCE]
            if scratch.asked[other] != epoch and label[other] == old + (cost << TIME_SHIFT):
                scratch.asked[other] = epoch
                size = _push(heap, size, (label[other] >> TIME_SHIFT << TIME_SHIFT) | other)
            step = edge[e, NEXT_AT_SOURCE if at_source else NEXT_AT_TARGET]
    return n_touched


@compiled
def _gain(streets: Streets, points: Stops, n_roots: int, n_lost: int, limit: int, epoch: int, scratch: Scratch) -> int:
    """Search from the border of what was lost and from what can do better; return the number of nodes touched."""
    edge, first_step, label = streets
    heap, size, n_touched = scratch.heap, 0, n_lost
    for i in range(n_lost + n_roots):
        node = int(scratch.node[i] if i < n_lost else scratch.root[i - n_lost])
        best = _best(node, streets, points, limit)
        if best < label[node]:
            n_touched = _touch(node, label, epoch, n_touched, scratch)
            label[node] = best
            size = _push(heap, size, (best >> TIME_SHIFT << TIME_SHIFT) | node)
    while size > 0:
        node = int(heap[0] & 0xFFFFFFFF)
        mine = label[node]
        stale = heap[0] >> TIME_SHIFT != mine >> TIME_SHIFT
        size = _pop(heap, size)
        step = np.int32(-1) if stale else first_step[node]
        while step >= 0:
            e, at_source = step >> 1, step & 1 == 0
            cost = int(edge[e, BACK] if at_source else edge[e, OUT])
            other = int(edge[e, TARGET if at_source else SOURCE])
            new = mine + (cost << TIME_SHIFT)
            if cost < NO_WAY and new < label[other] and new >> TIME_SHIFT <= limit:
                n_touched = _touch(other, label, epoch, n_touched, scratch)
                label[other] = new
                size = _push(heap, size, (new >> TIME_SHIFT << TIME_SHIFT) | other)
            step = edge[e, NEXT_AT_SOURCE if at_source else NEXT_AT_TARGET]
    return n_touched


@compiled
def repair_nodes(
    streets: Streets, points: Stops, changed: Int32s, limit: int, epoch: int, scratch: Scratch
) -> tuple[int, int]:
    """Bring the labels of all nodes up to date after changes of the costs, ends or points of the edges ``changed``.

    Returns
    -------
    tuple
        How many nodes have another label, listed in ``scratch.node`` with the label before, and how many edges have
        changed or touch such a node, listed in ``scratch.edge``.
    """
    edge, first_step, label = streets
    n_roots = n_edges = 0
    for e in changed:
        for end in (SOURCE, TARGET):
            node = edge[e, end]
            if scratch.asked[node] != epoch:
                scratch.asked[node] = epoch
                scratch.root[n_roots] = node
                n_roots += 1
        if scratch.dirty[e] != epoch:
            scratch.dirty[e] = epoch
            scratch.edge[n_edges] = e
            n_edges += 1
    n_lost = _lose(streets, points, n_roots, limit, epoch, scratch)
    n_touched = _gain(streets, points, n_roots, n_lost, limit, epoch, scratch)
    n_nodes = 0
    for i in range(n_touched):
        node = scratch.node[i]
        if label[node] == scratch.node_before[i]:
            continue
        scratch.node[n_nodes], scratch.node_before[n_nodes] = node, scratch.node_before[i]
        n_nodes += 1
        step = first_step[node]
        while step >= 0:
            e = step >> 1
            if scratch.dirty[e] != epoch:
                scratch.dirty[e] = epoch
                scratch.edge[n_edges] = e
                n_edges += 1
            step = edge[e, NEXT_AT_SOURCE if step & 1 == 0 else NEXT_AT_TARGET]
    return n_nodes, n_edges


@inlined
def _place_label(place: int, streets: Streets, points: Stops, places: Placed, rules: Rules) -> int:
    """Return the label of a place that is on an edge."""
    edge, label, fraction = streets.edge, streets.label, places.stops.fraction[place]
    e = places.stops.record[place, EDGE]
    out, back, best = int(edge[e, OUT]), int(edge[e, BACK]), NOWHERE
    if back < NO_WAY:
        best = label[edge[e, SOURCE]] + (_to_end(fraction, back, True) << TIME_SHIFT)
    if out < NO_WAY:
        best = min(best, label[edge[e, TARGET]] + (_to_end(fraction, out, False) << TIME_SHIFT))
    point = edge[e, FIRST_POINT]
    while point >= 0:
        other = points.fraction[point]
        cost = out if other > fraction else back
        if cost < NO_WAY or other == fraction:
            time = int(abs(np.rint(other * cost) - np.rint(fraction * cost))) + points.record[point, LEG]
            best = min(best, (time << TIME_SHIFT) | point)
        point = points.record[point, NEXT]
    time = ((best >> TIME_SHIFT) + places.stops.record[place, LEG]) * rules.factor
    return (time << TIME_SHIFT) | (best & 0xFFFFFFFF) if time <= rules.place_limit else NOWHERE


@inlined
def _slot(place: int, edge: int, time: int, counted: Counted, covered: int) -> int:
    """Return status and band of a place as one number."""
    if edge < 0:
        status = _NOT_CONNECTABLE if counted.within[place] else _OUTSIDE
    else:
        status = _COVERED if time <= covered else _UNCOVERED
    return status * (len(counted.bands) + 1) + band_of_cs(time, counted.bands)


@inlined
def _recount(place: int, before: int, after: int, counted: Counted) -> None:
    """Move a place from one slot to another; from -1 it is new."""
    for level in range(counted.row.shape[1]):
        row = counted.row[place, level]
        if row < 0:
            continue
        if before >= 0:
            counted.places[row, before] -= 1
        counted.places[row, after] += 1
        for column in range(counted.weights.shape[1]):
            if before >= 0:
                counted.sums[row, before, column] -= counted.weights[place, column]
            counted.sums[row, after, column] += counted.weights[place, column]


@inlined
def _set_place(place: int, new: int, places: Placed, covered: int) -> bool:
    """Give a place its label and count it where it now belongs; tell whether anything has changed."""
    record = places.stops.record
    slot = _slot(place, record[place, EDGE], new >> TIME_SHIFT, places.counted, covered)
    before = record[place, SLOT]
    changed = new != places.label[place] or slot != before
    if slot != before:
        _recount(place, before, slot, places.counted)
        record[place, SLOT] = slot
    places.label[place] = new
    return bool(changed)


@compiled
def repair_places(
    streets: Streets, points: Stops, places: Placed, loose: Int32s, n_edges: int, rules: Rules, scratch: Scratch
) -> int:
    """Bring the places of the edges in ``scratch.edge`` up to date, and those that have come ``loose`` of any edge.

    Returns
    -------
    int
        How many have another label or are counted elsewhere, listed in ``scratch.place`` with the label before.
    """
    n_changed = 0
    for k in range(n_edges):
        place = streets.edge[scratch.edge[k], FIRST_PLACE]
        while place >= 0:
            before = places.label[place]
            new = _place_label(place, streets, points, places, rules)
            if _set_place(place, new, places, rules.covered):
                scratch.place[n_changed], scratch.place_before[n_changed] = place, before
                n_changed += 1
            place = places.stops.record[place, NEXT]
    for place in loose:
        before = places.label[place]
        if _set_place(place, NOWHERE, places, rules.covered):
            scratch.place[n_changed], scratch.place_before[n_changed] = place, before
            n_changed += 1
    return n_changed


@compiled
def put_labels(place: Int32s, new: Int64s, places: Placed, rules: Rules) -> None:
    """Give places their labels, each ``(k,)``, and count them there."""
    for i in range(len(place)):
        _set_place(place[i], new[i], places, rules.covered)


@compiled
def join_edges(edge: Int32s, first_step: Int32s, start: int, end: int) -> None:
    """Put the edges ``start … end - 1`` into the chains of their nodes."""
    for e in range(start, end):
        edge[e, NEXT_AT_SOURCE] = first_step[edge[e, SOURCE]]
        first_step[edge[e, SOURCE]] = 2 * e
        edge[e, NEXT_AT_TARGET] = first_step[edge[e, TARGET]]
        first_step[edge[e, TARGET]] = 2 * e + 1


@compiled
def drop_edges(edge: Int32s, first_step: Int32s, start: int, end: int) -> None:
    """Take the edges ``start … end - 1``, the last to be joined, out of the chains of their nodes."""
    for e in range(end - 1, start - 1, -1):
        first_step[edge[e, TARGET]] = edge[e, NEXT_AT_TARGET]
        first_step[edge[e, SOURCE]] = edge[e, NEXT_AT_SOURCE]


@compiled
def relink(edge: Int32s, head: int, stops: Stops, index: Int32s, to: Stops) -> None:
    """Move the points or places ``index`` (chained from column ``head`` of their edge) to the spots of ``to``."""
    record = stops.record
    for k in range(len(index)):
        i, old = index[k], record[index[k], EDGE]
        if old >= 0:
            at = edge[old, head]
            if at == i:
                edge[old, head] = record[i, NEXT]
            else:
                while record[at, NEXT] != i:
                    at = record[at, NEXT]
                record[at, NEXT] = record[i, NEXT]
        new = to.record[k, EDGE]
        record[i, EDGE], record[i, LEG], record[i, NEXT] = new, to.record[k, LEG], -1
        stops.fraction[i], stops.distance_m[i] = to.fraction[k], to.distance_m[k]
        if new >= 0:
            record[i, NEXT] = edge[new, head]
            edge[new, head] = i
