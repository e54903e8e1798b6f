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
from gridmgmt.analysis.walking.records import Int32s, Int64s, Records, Town
from gridmgmt.analysis.walking.spots import NOWHERE, TIME_SHIFT
from gridmgmt.analysis.walking.tally import band_of_cs

_COVERED, _UNCOVERED = int(PlaceStatus.COVERED), int(PlaceStatus.UNCOVERED)
_NOT_CONNECTABLE, _OUTSIDE = int(PlaceStatus.NOT_CONNECTABLE), int(PlaceStatus.OUTSIDE)
_LOW = 0xFFFFFFFF


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


class Rules(NamedTuple):
    """Limits in hundredths of a second: of the labels of nodes, of places, of what counts as covered; trips' factor."""

    node_limit: int
    place_limit: int
    covered: int
    factor: int


class Scratch(NamedTuple):
    """Room that is used again: the edit that last visited each edge, lists with their labels before, and a heap."""

    visited: Int32s
    root: Int32s
    node: Int32s
    node_before: Int64s
    edge: Int32s
    place: Int32s
    place_before: Int64s
    heap: Int64s


@inlined
def _push(heap: Int64s, size: int, label: int, node: int) -> int:
    """Add a node by its time to the heap; return its new size."""
    key, at = label >> TIME_SHIFT << TIME_SHIFT | node, size
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


@inlined
def _best(node: int, edges: Records, nodes: Records, points: Records, limit: int) -> int:
    """Return the label that a node's neighbours and the points on its edges support."""
    best, step = NOWHERE, nodes[node]["step"]
    while step >= 0:
        edge, at_source = edges[step >> 1], step & 1 == 0
        cost = int(edge["out"] if at_source else edge["back"])
        if cost < NO_WAY:
            other = edge["target"] if at_source else edge["source"]
            best = min(best, nodes[other]["label"] + (cost << TIME_SHIFT))
            point = int(edge["points"])
            while point >= 0:
                time = int(points[point]["leg"]) + _to_end(points[point]["fraction"], cost, at_source)
                best = min(best, time << TIME_SHIFT | point)
                point = int(points[point]["next"])
        step = edge["at_source"] if at_source else edge["at_target"]
    return best if best >> TIME_SHIFT <= limit else NOWHERE


@inlined
def _set_label(
    node: int, label: int, nodes: Records, epoch: int, n_touched: int, touched: Int32s, before: Int64s
) -> int:
    """Give a node a label, and keep the one before its first change; return how many are kept."""
    if nodes[node]["stamp"] != 2 * epoch + 1:
        touched[n_touched], before[n_touched] = node, nodes[node]["label"]
        nodes[node]["stamp"] = 2 * epoch + 1
        n_touched += 1
    nodes[node]["label"] = label
    return n_touched


@compiled
def _lose(town: Town, n_roots: int, limit: int, epoch: int, scratch: Scratch) -> int:
    """Take the labels that nothing supports any more, in the order of the labels; return the number of nodes."""
    edges, nodes, points, _ = town
    root, touched, before, heap = scratch.root, scratch.node, scratch.node_before, scratch.heap
    size = n_touched = 0
    for i in range(n_roots):
        if nodes[root[i]]["label"] != NOWHERE:
            size = _push(heap, size, nodes[root[i]]["label"], root[i])
    while size > 0:
        node = int(heap[0] & _LOW)
        size = _pop(heap, size)
        old = nodes[node]["label"]
        if _best(node, edges, nodes, points, limit) <= old:
            continue
        n_touched = _set_label(node, NOWHERE, nodes, epoch, n_touched, touched, before)
        step = nodes[node]["step"]
        while step >= 0:
            edge, at_source = edges[step >> 1], step & 1 == 0
            cost = int(edge["back"] if at_source else edge["out"])
            other = edge["target"] if at_source else edge["source"]
            label = nodes[other]["label"]
            if label == old + (cost << TIME_SHIFT) and nodes[other]["stamp"] < 2 * epoch:
                nodes[other]["stamp"] = 2 * epoch
                size = _push(heap, size, label, other)
            step = edge["at_source"] if at_source else edge["at_target"]
    return n_touched


@compiled
def _gain(town: Town, n_roots: int, n_lost: int, limit: int, epoch: int, scratch: Scratch) -> int:
    """Search from the border of what was lost and from what can do better; return the number of nodes touched."""
    edges, nodes, points, _ = town
    root, touched, before, heap = scratch.root, scratch.node, scratch.node_before, scratch.heap
    size, n_touched = 0, n_lost
    for i in range(n_lost + n_roots):
        node = int(touched[i] if i < n_lost else root[i - n_lost])
        best = _best(node, edges, nodes, points, limit)
        if best < nodes[node]["label"]:
            n_touched = _set_label(node, best, nodes, epoch, n_touched, touched, before)
            size = _push(heap, size, best, node)
    while size > 0:
        node, time = int(heap[0] & _LOW), heap[0] >> TIME_SHIFT
        size = _pop(heap, size)
        label = nodes[node]["label"]
        step = nodes[node]["step"] if label >> TIME_SHIFT == time else -1
        while step >= 0:
            edge, at_source = edges[step >> 1], step & 1 == 0
            cost = int(edge["back"] if at_source else edge["out"])
            other = int(edge["target"] if at_source else edge["source"])
            new = label + (cost << TIME_SHIFT)
            if cost < NO_WAY and new < nodes[other]["label"] and new >> TIME_SHIFT <= limit:
                n_touched = _set_label(other, new, nodes, epoch, n_touched, touched, before)
                size = _push(heap, size, new, other)
            step = edge["at_source"] if at_source else edge["at_target"]
    return n_touched


@inlined
def _visit(edge: int, epoch: int, n_edges: int, visited: Int32s, listed: Int32s) -> int:
    """List an edge once; return how many are listed."""
    if visited[edge] != epoch:
        visited[edge] = epoch
        listed[n_edges] = edge
        n_edges += 1
    return n_edges


@compiled
def _repair_nodes(town: Town, changed: Int32s, limit: int, epoch: int, scratch: Scratch) -> tuple[int, int]:
    """Bring the nodes up to date; list those with another label, and the edges that have changed or touch such a node.

    Returns
    -------
    tuple
        How many nodes and how many edges are listed.
    """
    edges, nodes, _, _ = town
    visited, root, touched, before, listed = scratch[:5]
    n_roots = n_edges = n_nodes = 0
    for e in changed:
        n_edges = _visit(e, epoch, n_edges, visited, listed)
        for node in (edges[e]["source"], edges[e]["target"]):
            if nodes[node]["stamp"] < 2 * epoch:
                nodes[node]["stamp"] = 2 * epoch
                root[n_roots] = node
                n_roots += 1
    n_lost = _lose(town, n_roots, limit, epoch, scratch)
    n_touched = _gain(town, n_roots, n_lost, limit, epoch, scratch)
    for i in range(n_touched):
        node = touched[i]
        if nodes[node]["label"] == before[i]:
            continue
        touched[n_nodes], before[n_nodes] = node, before[i]
        n_nodes += 1
        step = nodes[node]["step"]
        while step >= 0:
            n_edges = _visit(step >> 1, epoch, n_edges, visited, listed)
            edge = edges[step >> 1]
            step = edge["at_source"] if step & 1 == 0 else edge["at_target"]
    return n_nodes, n_edges


@inlined
def _place_label(place: int, edges: Records, nodes: Records, points: Records, places: Records, rules: Rules) -> int:
    """Return the label of a place that is on an edge."""
    here = places[place]
    edge, fraction, best = edges[here["edge"]], here["fraction"], NOWHERE
    out, back = int(edge["out"]), int(edge["back"])
    if back < NO_WAY:
        best = nodes[edge["source"]]["label"] + (_to_end(fraction, back, True) << TIME_SHIFT)
    if out < NO_WAY:
        best = min(best, nodes[edge["target"]]["label"] + (_to_end(fraction, out, False) << TIME_SHIFT))
    point = int(edge["points"])
    while point >= 0:
        other = points[point]["fraction"]
        cost = out if other > fraction else back
        if cost < NO_WAY or other == fraction:
            time = int(abs(np.rint(other * cost) - np.rint(fraction * cost))) + int(points[point]["leg"])
            best = min(best, time << TIME_SHIFT | point)
        point = int(points[point]["next"])
    time = ((best >> TIME_SHIFT) + int(here["leg"])) * rules.factor
    return time << TIME_SHIFT | best & _LOW if time <= rules.place_limit else NOWHERE


@inlined
def _slot(place: int, edge: int, time: int, within: NDArray[np.bool_], bands: Int32s, covered: int) -> int:
    """Return status and band of a place as one number."""
    if edge < 0:
        status = _NOT_CONNECTABLE if within[place] else _OUTSIDE
    else:
        status = _COVERED if time <= covered else _UNCOVERED
    return status * (len(bands) + 1) + band_of_cs(time, bands)


@compiled
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


@compiled
def repair(
    town: Town, changed: Int32s, loose: Int32s, counted: Counted, rules: Rules, epoch: int, scratch: Scratch
) -> tuple[int, int]:
    """Bring all labels and counts up to date after changes of the costs, ends, points or places of ``changed`` edges.

    ``loose`` are places that have come off their edge and joined no other; ``epoch`` is the number of this edit,
    higher than the ones before.

    Returns
    -------
    tuple
        How many nodes have another label, listed in ``scratch.node`` with the labels before; how many places have, or
        are counted elsewhere, listed likewise.
    """
    edges, nodes, points, places = town
    listed, touched, kept, within, bands = (
        scratch.edge, scratch.place, scratch.place_before, counted.within, counted.bands,
    )  # fmt: skip
    n_nodes, n_edges = _repair_nodes(town, changed, rules.node_limit, epoch, scratch)
    n_places = 0
    for k in range(n_edges + len(loose)):
        place = edges[listed[k]]["places"] if k < n_edges else loose[k - n_edges]
        while place >= 0:
            here = places[place]
            old, edge, new = here["label"], here["edge"], NOWHERE
            if edge >= 0:
                new = _place_label(place, edges, nodes, points, places, rules)
            before, slot = here["slot"], _slot(place, edge, new >> TIME_SHIFT, within, bands, rules.covered)
            if new != old or slot != before:
                touched[n_places], kept[n_places] = place, old
                n_places += 1
                places[place]["label"] = new
            if slot != before:
                _recount(place, before, slot, counted)
                places[place]["slot"] = slot
            place = here["next"]
    return n_nodes, n_places


@compiled
def put_labels(place: Int32s, new: Int64s, places: Records, counted: Counted, rules: Rules) -> None:
    """Give places their labels, each ``(k,)``, and count them there."""
    within, bands = counted.within, counted.bands
    for k in range(len(place)):
        i = place[k]
        before = places[i]["slot"]
        slot = _slot(i, places[i]["edge"], new[k] >> TIME_SHIFT, within, bands, rules.covered)
        if slot != before:
            _recount(i, before, slot, counted)
            places[i]["slot"] = slot
        places[i]["label"] = new[k]
