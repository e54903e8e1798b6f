"""The compiled searches from single points within a limit: what they need is as large as what they reach.

The nodes that a search reaches stand in a table of slots found by the node's number (open addressing, D. Knuth, The Art
of Computer Programming 3, 6.4), which doubles when it is half full. It stays in the processor's cache where an array
over all nodes of a town would not, and its size is that of the answer.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled, inlined
from gridmgmt.analysis.walking.kernels import Int32s, Streets, along, enter, to_ends
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts
from gridmgmt.analysis.walking.spots import TIME_SHIFT, Integers, Spots

MASK = (1 << TIME_SHIFT) - 1
_SPREAD = 2654435769
"""2³² over the golden ratio: consecutive numbers fall far apart (Knuth, 6.4)."""
_FEWEST_SLOTS = 1 << 10
_BUCKETS = 1 << 12
_WIDTH_BITS = 11
"""A bucket is 20 s wide; 4096 of them are 23 hours."""


class Tables(NamedTuple):
    """The buffers of a search, empty between two: every slot -1 and NO_WAY, every head -1."""

    node: Int32s
    time: Int32s
    reached: Integers
    """What was reached, ``node · 2³² + slot``, in the order of reaching."""
    head: Int32s
    entries: Int32s


def tables() -> Tables:
    """Return empty buffers."""
    return Tables(
        np.full(_FEWEST_SLOTS, -1, dtype=np.int32),
        np.full(_FEWEST_SLOTS, NO_WAY, dtype=np.int32),
        np.empty(_FEWEST_SLOTS // 2 + 1, dtype=np.int64),
        np.full(_BUCKETS, -1, dtype=np.int32),
        np.empty((_FEWEST_SLOTS, 2), dtype=np.int32),
    )


def width_bits(costs: EdgeCosts, limit_cs: int) -> int:
    """Return the width of the buckets as a number of bits: their ring spans the limit or else the longest edge."""
    if limit_cs >> _WIDTH_BITS < _BUCKETS:
        return _WIDTH_BITS
    longest = max(int(cost.max(initial=0, where=cost < NO_WAY)) for cost in (costs.out_cs, costs.back_cs))
    return max(_WIDTH_BITS, (longest // (_BUCKETS - 2)).bit_length())


class Places(NamedTuple):
    """Places, each array ``(n,)``, and those of each edge."""

    indptr: Integers
    place: Int32s
    fraction: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    speed_m_per_s: float


@inlined
def _slot(node: int, nodes: Int32s) -> int:
    """Return the slot of a node, or the free one where it belongs."""
    last = len(nodes) - 1
    slot = (((node * _SPREAD) & MASK) * len(nodes)) >> TIME_SHIFT
    while nodes[slot] != node and nodes[slot] >= 0:
        slot = (slot + 1) & last
    return slot


@inlined
def _time(node: int, found: Tables) -> int:
    """Return the time from a node."""
    return int(found.time[_slot(node, found.node)])


@compiled
def _doubled(found: Tables, count: int) -> Tables:
    """Return the tables with twice the room."""
    old_times, old_reached = found.time, found.reached
    n = 2 * len(old_times)
    nodes, times = np.full(n, -1, dtype=np.int32), np.full(n, NO_WAY, dtype=np.int32)
    reached = np.empty(n // 2 + 1, dtype=np.int64)
    for i in range(count):
        node = old_reached[i] >> TIME_SHIFT
        slot = _slot(node, nodes)
        nodes[slot], times[slot] = node, old_times[old_reached[i] & MASK]
        reached[i] = (node << TIME_SHIFT) | slot
    return Tables(nodes, times, reached, found.head, np.concatenate((found.entries, np.empty_like(found.entries))))


@compiled
def _emptied(found: Tables, count: int) -> None:
    """Empty the tables for the next search."""
    nodes, times, reached, _, _ = found
    for i in range(count):
        slot = reached[i] & MASK
        nodes[slot], times[slot] = -1, NO_WAY


@inlined
def _seed(found: Tables, number: int, node: int, time: int, shift: int) -> None:
    """Enter a node that is reached for the first time."""
    slot = _slot(node, found.node)
    found.node[slot], found.time[slot] = node, time
    found.reached[number] = (np.int64(node) << TIME_SHIFT) | slot
    enter(number, node, (time >> shift) & (len(found.head) - 1), found.entries, found.head)


@compiled
def _seeds(streets: Streets, edge: int, from_ends: tuple[int, int], limit_cs: int, shift: int, found: Tables) -> int:
    """Enter the ends of an edge into empty tables, each at its time; return how many are within the limit."""
    node, other = streets.source[edge], streets.target[edge]
    nearer, farther = from_ends
    if farther < nearer:
        nearer, farther, node, other = farther, nearer, other, node
    count = 0
    if nearer <= limit_cs:
        _seed(found, 0, node, nearer, shift)
        count = 1
    if farther <= limit_cs and other != node:
        _seed(found, 1, other, farther, shift)
        count = 2
    return count


@compiled
def _spread(
    streets: Streets, limit_cs: int, shift: int, found: Tables, state: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    """Go on with a search until nothing waits or the tables are full.

    The state is the number of nodes reached, of entries written and of entries waiting, and the bucket. Full tables are
    the caller's to replace: arrays that this loop itself replaced would cost it half its speed.
    """
    indptr, neighbour, step_edge, step_out, _, _, out_cs, back_cs = streets
    nodes, times, reached, head, entries = found
    count, used, waiting, bucket = state
    ring = len(head) - 1
    while waiting:
        entry = head[bucket & ring]
        if entry < 0:
            bucket += 1
            continue
        node = entries[entry, 0]
        first, end = indptr[node], indptr[node + 1]
        if used + end - first > len(entries) or 2 * (count + end - first) > len(nodes):
            break
        head[bucket & ring] = entries[entry, 1]
        waiting -= 1
        here = times[_slot(node, nodes)]
        if here >> shift != bucket:
            continue
        before = used
        for k in range(first, end):
            way = step_edge[k]
            time = here + (back_cs[way] if step_out[k] else out_cs[way])
            if time <= limit_cs:
                other = neighbour[k]
                slot = _slot(other, nodes)
                if time < times[slot]:
                    if nodes[slot] < 0:
                        nodes[slot] = other
                        reached[count] = (np.int64(other) << TIME_SHIFT) | slot
                        count += 1
                    times[slot] = time
                    enter(used, other, (time >> shift) & ring, entries, head)
                    used += 1
        waiting += used - before
    return count, used, waiting, bucket


@compiled
def _search(
    streets: Streets, edge: int, from_ends: tuple[int, int], limit_cs: int, shift: int, found: Tables
) -> tuple[Tables, int]:
    """Return the tables with what is reached from the ends of an edge, each at its time, and its number."""
    count = _seeds(streets, edge, from_ends, limit_cs, shift, found)
    state = _spread(streets, limit_cs, shift, found, (count, count, count, min(from_ends[0], from_ends[1]) >> shift))
    while state[2]:
        found = _doubled(found, state[0])
        state = _spread(streets, limit_cs, shift, found, state)
    return found, state[0]


@inlined
def _from_ends(streets: Streets, edge: int, fraction: float, leg_cs: int) -> tuple[int, int]:
    """Return the times from the source and the target of an edge to a point on it."""
    out, back = int(streets.out_cs[edge]), int(streets.back_cs[edge])
    from_source = int(np.rint(fraction * out)) if out < NO_WAY else NO_WAY
    from_target = back - int(np.rint(fraction * back)) if back < NO_WAY else NO_WAY
    return from_source + leg_cs, from_target + leg_cs


@compiled
def _listed(found: Tables, count: int, room: Integers) -> None:
    """Write what was reached as ``node · 2³² + time``."""
    _, times, reached, _, _ = found
    for i in range(count):
        room[i] = (reached[i] & ~MASK) | times[reached[i] & MASK]


@compiled
def nodes_of_rows(
    streets: Streets, points: Spots, first: int, limit_cs: int, shift: int, found: Tables, room: Integers
) -> tuple[Tables, Integers, int]:
    """Fill ``room`` with the pairs ``node · 2³² + time`` of the points from ``first`` on, row by row.

    Returns the tables, the number of pairs of each row that found room, and the first point that did not.
    """
    counts, used = np.zeros(len(points.edge), dtype=np.int64), 0
    for point in range(first, len(points.edge)):
        edge = points.edge[point]
        if edge < 0:
            continue
        ends = _from_ends(streets, edge, points.fraction[point], int(points.leg_cs[point]))
        found, count = _search(streets, edge, ends, limit_cs, shift, found)
        fits = used + count <= len(room)
        if fits:
            _listed(found, count, room[used:])
            counts[point], used = count, used + count
        _emptied(found, count)
        if not fits:
            return found, counts, point
    return found, counts, len(points.edge)


@inlined
def _offer(
    streets: Streets, edge: int, ends: tuple[int, int], own: tuple[float, int], limit_cs: int, places: Places,
    pairs: Integers, used: int,
) -> tuple[Integers, int]:  # fmt: skip
    """Append place and time of the places of an edge within the limit; ``own`` is where on it the point is, and leg."""
    begin, end = places.indptr[edge], places.indptr[edge + 1]
    if used + end - begin > len(pairs):
        pairs = np.concatenate((pairs, np.empty(len(pairs) + end - begin, dtype=np.int64)))
    for k in range(begin, end):
        place = places.place[k]
        fraction = places.fraction[place]
        to_source, to_target = to_ends(streets, edge, fraction)
        time = min(ends[0] + to_source, ends[1] + to_target)
        if own[1] >= 0:
            time = min(time, own[1] + along(streets, edge, fraction, own[0]))
        leg = np.rint(100.0 * places.distance_m[place] / places.speed_m_per_s)
        if leg + time <= limit_cs:
            pairs[used] = (np.int64(place) << TIME_SHIFT) | (time + int(leg))
            used += 1
    return pairs, used


@compiled
def places_of_one(
    streets: Streets, places: Places, point: tuple[int, float, int], limit_cs: int, shift: int, found: Tables,
    pairs: Integers,
) -> tuple[Tables, Integers, int]:  # fmt: skip
    """Return the pairs ``place · 2³² + time`` within the limit of a point (edge, fraction, leg), and how many.

    Each edge is asked from its source where that was reached, else from its target.
    """
    edge, fraction, leg_cs = point
    found, count = _search(streets, edge, _from_ends(streets, edge, fraction, leg_cs), limit_cs, shift, found)
    used = 0
    source, target = streets.source[edge], streets.target[edge]
    ends = int(_time(source, found)), int(_time(target, found))
    pairs, used = _offer(streets, edge, ends, (fraction, leg_cs), limit_cs, places, pairs, used)
    for i in range(count):
        node = found.reached[i] >> TIME_SHIFT
        here = int(found.time[found.reached[i] & MASK])
        for k in range(streets.indptr[node], streets.indptr[node + 1]):
            way = streets.step_edge[k]
            if way == edge or places.indptr[way] == places.indptr[way + 1]:
                continue
            there = int(_time(streets.neighbour[k], found))
            if streets.step_out[k]:
                pairs, used = _offer(streets, way, (here, there), (0.0, -1), limit_cs, places, pairs, used)
            elif there >= NO_WAY:
                pairs, used = _offer(streets, way, (there, here), (0.0, -1), limit_cs, places, pairs, used)
    _emptied(found, count)
    return found, pairs, used
