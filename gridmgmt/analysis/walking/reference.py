"""The kernels of walking a second time, by numpy and scipy alone: used where no compiler is, and to test the others.

Every function answers for walks *to* the points, with the same whole numbers as the compiled one of its name. scipy
reckons in float64, which holds these whole numbers exactly: a time and a point are one number ``time · m + point + 1``
with ``m`` one more than the number of points, below 2⁵³ for eight million points.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts
from gridmgmt.analysis.walking.spots import (
    NOWHERE,
    TIME_SHIFT,
    Integers,
    Spots,
    along,
    ends_of_places,
    ends_of_points,
    on_network,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_POINTS_AT_ONCE = 50
"""Rows of the dense tables that scipy needs; 50 of a million nodes are 400 MB."""

Pairs = tuple[Integers, NDArray[np.int32], NDArray[np.int32]]
"""``indptr``, column and time of a sparse table with a row for each point, the columns of a row rising."""


def nearest(
    graph: WalkGraph, costs: EdgeCosts, points: Spots, places: Spots, limit_cs: int
) -> tuple[Integers, Integers]:
    """Return the least label of every node and of every place."""
    on = on_network(points)
    base = len(points.edge) + 1
    from_source, from_target = ends_of_points(costs, _taken(points, on))
    node = np.concatenate([graph.source[points.edge[on]], graph.target[points.edge[on]]])
    time = np.concatenate([from_source, from_target])
    value = time * base + np.tile(on, 2) + 1
    arcs = _arcs(graph, costs, base)
    reached = time <= limit_cs
    start = np.full(int(reached.sum()), graph.n_nodes)
    matrix = _least(graph.n_nodes + 1, arcs, (start, node[reached], value[reached]))
    found = _shortest(matrix, np.array([graph.n_nodes]), limit_cs * base + base - 1)[0][: graph.n_nodes]
    known = np.isfinite(found)
    value = np.where(known, found, 1).astype(np.int64) - 1
    node_label = np.where(known, (value // base) << TIME_SHIFT | value % base, NOWHERE)
    return node_label, _place_labels(graph, costs, node_label, points, places, limit_cs)


def nearest_k(
    graph: WalkGraph, costs: EdgeCosts, points: Spots, places: Spots, k: int, limit_cs: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return times and points ``(n_places, k)`` of the ``k`` least labels of every place with different points."""
    best = np.full((len(places.edge), k), NOWHERE, dtype=np.int64)
    for index, node_cs in _searches(graph, costs, points, limit_cs):
        times = _place_times(graph, costs, node_cs, _taken(points, index), places, limit_cs)
        labels = np.where(times < NO_WAY, times << TIME_SHIFT | index[:, None], NOWHERE).T
        best = np.sort(np.hstack([best, labels]), axis=1)[:, :k]
    return (best >> TIME_SHIFT).astype(np.int32), best.astype(np.int32)


def times_to_nodes(graph: WalkGraph, costs: EdgeCosts, points: Spots, limit_cs: int) -> Pairs:
    """Return the times of all pairs of point and node within the limit."""
    return _sparse(len(points.edge), _searches(graph, costs, points, limit_cs))


def times_to_places(graph: WalkGraph, costs: EdgeCosts, points: Spots, places: Spots, limit_cs: int) -> Pairs:
    """Return the times of all pairs of point and place within the limit."""
    searches = _searches(graph, costs, points, limit_cs)
    return _sparse(
        len(points.edge),
        ((i, _place_times(graph, costs, node_cs, _taken(points, i), places, limit_cs)) for i, node_cs in searches),
    )


def _searches(graph: WalkGraph, costs: EdgeCosts, points: Spots, limit_cs: int) -> Iterator[tuple[Integers, Integers]]:
    """Yield some points and the time to each of them from every node, ``(points, nodes)``, until all are done."""
    on = np.flatnonzero(points.edge >= 0)
    arcs = _arcs(graph, costs, 1)
    for first in range(0, len(on), _POINTS_AT_ONCE):
        index = on[first : first + _POINTS_AT_ONCE]
        edge = points.edge[index]
        time = np.concatenate(ends_of_points(costs, _taken(points, index)))
        row = np.tile(graph.n_nodes + np.arange(len(index)), 2)
        node = np.concatenate([graph.source[edge], graph.target[edge]])
        reached = time <= limit_cs
        # One more, since scipy could take a step of no length for none.
        matrix = _least(graph.n_nodes + len(index), arcs, (row[reached], node[reached], time[reached] + 1))
        found = _shortest(matrix, graph.n_nodes + np.arange(len(index)), limit_cs + 1)
        found = found[:, : graph.n_nodes]
        yield index, np.where(np.isfinite(found), found - 1, NO_WAY).astype(np.int64)


def _arcs(graph: WalkGraph, costs: EdgeCosts, factor: int) -> tuple[Integers, Integers, Integers]:
    """Return start, end and cost of the steps of a search from the points: every walk backwards."""
    start = np.concatenate([graph.target, graph.source]).astype(np.int64)
    end = np.concatenate([graph.source, graph.target]).astype(np.int64)
    cost = np.concatenate([costs.out_cs, costs.back_cs]).astype(np.int64)
    walked = (cost < NO_WAY) & (start != end)
    return start[walked], end[walked], cost[walked] * factor


def _shortest(matrix: "csr_array", sources: Integers, limit: int) -> NDArray[np.float64]:
    """Return the cost from each source to every node, ``(sources, n)``, infinite beyond the limit."""
    from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415 -- as in _least

    found: NDArray[np.float64] = dijkstra(matrix, indices=sources, limit=limit)
    return found


def _least(n: int, *arcs: tuple[Integers, Integers, Integers]) -> "csr_array":
    """Return the matrix of arcs, of those between the same two nodes the cheapest; scipy would add them."""
    start, end, cost = (np.concatenate(columns) for columns in zip(*arcs, strict=True))
    order = np.lexsort((cost, end, start))
    start, end, cost = start[order], end[order], cost[order]
    first = np.ones(len(start), dtype=np.bool_)
    first[1:] = (np.diff(start) != 0) | (np.diff(end) != 0)
    from scipy.sparse import csr_array  # noqa: PLC0415 -- 50 MiB that compiled kernels do without

    return csr_array((cost[first].astype(np.float64), (start[first], end[first])), shape=(n, n))


def _place_labels(
    graph: WalkGraph, costs: EdgeCosts, node_label: Integers, points: Spots, places: Spots, limit_cs: int
) -> Integers:
    """Return the least label of every place, from those of the nodes and the points on its own edge."""
    labels = np.full(len(places.edge), NOWHERE, dtype=np.int64)
    at = np.flatnonzero(places.edge >= 0)
    here = _taken(places, at)
    to_source, to_target = ends_of_places(costs, here)
    best = np.minimum(
        _later(node_label[graph.source[here.edge]], to_source), _later(node_label[graph.target[here.edge]], to_target)
    )
    on = on_network(points)
    place, point = _same_edge(here.edge, points.edge[on])
    point = on[point]
    time = along(costs, here.edge[place], here.fraction[place], points.fraction[point])
    np.minimum.at(best, place, _later(points.leg_cs[point].astype(np.int64) << TIME_SHIFT | point, time))
    best = _later(best, here.leg_cs)
    labels[at] = np.where(best >> TIME_SHIFT <= limit_cs, best, NOWHERE)
    return labels


def _place_times(
    graph: WalkGraph, costs: EdgeCosts, node_cs: Integers, points: Spots, places: Spots, limit_cs: int
) -> Integers:
    """Return the time from every place to every point, ``(points, places)``, by those of the nodes."""
    times = np.full((len(points.edge), len(places.edge)), NO_WAY, dtype=np.int64)
    at = np.flatnonzero(places.edge >= 0)
    here = _taken(places, at)
    to_source, to_target = ends_of_places(costs, here)
    best = np.minimum(node_cs[:, graph.source[here.edge]] + to_source, node_cs[:, graph.target[here.edge]] + to_target)
    on = on_network(points)
    place, point = _same_edge(here.edge, points.edge[on])
    point = on[point]
    time = along(costs, here.edge[place], here.fraction[place], points.fraction[point]) + points.leg_cs[point]
    best[point, place] = np.minimum(best[point, place], time)
    best += here.leg_cs
    times[:, at] = np.where(best <= limit_cs, best, NO_WAY)
    return times


def _later(label: Integers, time: NDArray[np.integer]) -> Integers:
    """Return labels after as much more time, NOWHERE where that is too long to be a way."""
    total = (label >> TIME_SHIFT) + time
    return np.where(total < NO_WAY, label + (time.astype(np.int64) << TIME_SHIFT), NOWHERE)


def _same_edge(edge: NDArray[np.int32], sorted_edge: NDArray[np.int32]) -> tuple[Integers, Integers]:
    """Return the pairs of an index into ``edge`` and one into ``sorted_edge`` that are on one edge."""
    first = np.searchsorted(sorted_edge, edge, side="left")
    count = np.searchsorted(sorted_edge, edge, side="right") - first
    one = np.repeat(np.arange(len(edge)), count)
    other = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    return one, other


def _sparse(n_points: int, blocks: Iterator[tuple[Integers, Integers]]) -> Pairs:
    """Return what is within the limit of dense blocks of rows; the rows come in rising order."""
    counts = np.zeros(n_points, dtype=np.int64)
    columns, times = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int32)]
    for index, block in blocks:
        row, column = np.nonzero(block < NO_WAY)
        counts[index] = np.bincount(row, minlength=len(index))
        columns.append(column.astype(np.int32))
        times.append(block[row, column].astype(np.int32))
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return indptr, np.concatenate(columns), np.concatenate(times)


def _taken(spots: Spots, index: Integers) -> Spots:
    return Spots(spots.edge[index], spots.fraction[index], spots.leg_cs[index])
