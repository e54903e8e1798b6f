"""A network with points and places that can be edited in place, each edit with its undoing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.edits import AddEdges, AddPoints, Edit, MovePoints, SetCosts, SnapPlaces
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.records import (
    EDGE,
    NODE,
    STOP,
    Int32s,
    Records,
    Stops,
    Town,
    drop_edges,
    join_edges,
    move_stops,
    set_costs,
)
from gridmgmt.analysis.walking.spots import NOWHERE, checked_costs, spots_on
from gridmgmt.errors import InputError

NONE = np.empty(0, dtype=np.int32)
_EMPTY = {
    EDGE: np.array((-1,) * 8, dtype=EDGE),
    NODE: np.array((NOWHERE, -1, 0), dtype=NODE),
    STOP: np.array((NOWHERE, 0.0, -1, -1, -1, -1), dtype=STOP),
}
"""What stands in the room that is not used yet."""
_SPARE = 1024
"""Edges, nodes and points that a plan may add before anything grows."""


@dataclass(frozen=True, eq=False)
class Step:
    """One edit that has been made: how to unmake it, and the edges and places whose labels it may change."""

    undo: Callable[[], None]
    edges: Int32s
    places: Int32s


class LiveNetwork:
    """The network as it stands after edits; arrays have room to grow, so that an edit copies none.

    ``town`` is what the kernels of :mod:`gridmgmt.analysis.walking.repair` work on; costs are kept as those of the walk
    to the point, whichever way is timed. ``lopsided`` counts the edges that do not cost the same both ways.
    """

    def __init__(self, graph: WalkGraph, costs: EdgeCosts, points: Snap, places: Snap, trip: Trip) -> None:
        checked_costs(graph, costs)
        self.speed_m_per_s, self._mirrored = costs.speed_m_per_s, trip is Trip.FROM_POINT
        self.n_nodes = self.n_edges = self.n_points = self.lopsided = 0
        self.town = Town(np.empty(0, dtype=EDGE), np.empty(0, dtype=NODE), _room(0), _room(len(places.edge)))
        self._length_m, self._point_m, self._place_m = np.empty(0), np.empty(0), np.full(len(places.edge), np.inf)
        self._put_edges(graph.n_nodes, graph.source, graph.target, graph.length_m, (costs.out_cs, costs.back_cs))
        self._put_points(self._spots("points", points))
        self._move_places(np.arange(len(places.edge), dtype=np.int32), self._spots("places", places))

    def frozen(self) -> tuple[WalkGraph, EdgeCosts, Snap, Snap]:
        """Return graph, costs, points and places as they stand."""
        edge = self.town.edge[: self.n_edges]
        graph = build_graph(self.n_nodes, edge["source"], edge["target"], self._length_m[: self.n_edges])
        costs = EdgeCosts(*self._turned(edge["out"].copy(), edge["back"].copy()), self.speed_m_per_s)
        points = Stops(self.town.point[: self.n_points], self._point_m[: self.n_points])
        return graph, costs, _snap(points), _snap(Stops(self.town.place, self._place_m))

    def make(self, edit: Edit) -> Step:
        """Make an edit.

        Raises
        ------
        InputError
            When it names an edge, node, point or place that does not exist, or a cost or spot is impossible.
        """
        match edit:
            case SetCosts():
                return self._set_costs(edit)
            case AddEdges():
                return self._add_edges(edit)
            case AddPoints():
                return self._put_points(self._spots("points", edit.points))
            case MovePoints():
                point = _indices("point", edit.point, self.n_points)
                return self._move_points(point, self._spots("points", edit.points, point.shape))
            case SnapPlaces():
                place = _indices("place", edit.place, len(self.town.place))
                return self._move_places(place, self._spots("places", edit.places, place.shape))

    def _set_costs(self, edit: SetCosts) -> Step:
        edge = _indices("edge", edit.edge, self.n_edges)
        costs = self._turned(_costs("out_cs", edit.out_cs, edge.shape), _costs("back_cs", edit.back_cs, edge.shape))
        old = self.town.edge[edge]
        self._put_costs(edge, costs)
        return Step(partial(self._put_costs, edge, (old["out"], old["back"])), edge, NONE)

    def _put_costs(self, edge: Int32s, costs: tuple[Int32s, Int32s]) -> None:
        out, back = (np.ascontiguousarray(cost) for cost in costs)
        self.lopsided += set_costs(self.town.edge, edge, out, back)

    def _turned(self, out_cs: Int32s, back_cs: Int32s) -> tuple[Int32s, Int32s]:
        """Return given costs as kept ones, or the other way round."""
        return (back_cs, out_cs) if self._mirrored else (out_cs, back_cs)

    def _add_edges(self, edit: AddEdges) -> Step:
        length_m = np.atleast_1d(np.asarray(edit.length_m, dtype=np.float64))
        if (bad := np.flatnonzero(~(np.isfinite(length_m) & (length_m >= 0)))).size:
            raise InputError("edge_length_invalid", field="length_m", edge=int(bad[0]), value=float(length_m[bad[0]]))
        shape, most = length_m.shape, self.n_nodes + 2 * len(length_m)
        source, target = _nodes("source", edit.source, most, shape), _nodes("target", edit.target, most, shape)
        costs = _costs("out_cs", edit.out_cs, shape), _costs("back_cs", edit.back_cs, shape)
        n_nodes = max(self.n_nodes, int(max(source.max(initial=-1), target.max(initial=-1))) + 1)
        return self._put_edges(n_nodes, source, target, length_m, costs)

    def _put_edges(
        self,
        n_nodes: int,
        source: Int32s,
        target: Int32s,
        length_m: NDArray[np.float64],
        costs: tuple[Int32s, Int32s],
    ) -> Step:
        start, end = self.n_edges, self.n_edges + len(length_m)
        undo = partial(self._drop_edges, self.n_nodes, start)
        self.town = self.town._replace(edge=_roomy(self.town.edge, end), node=_roomy(self.town.node, n_nodes))
        self._length_m = _roomy(self._length_m, end)
        self._length_m[start:end] = length_m
        new = np.full(end - start, _EMPTY[EDGE])
        new["source"], new["target"] = source, target
        new["out"], new["back"] = self._turned(*costs)
        self.town.edge[start:end] = new
        self.lopsided += int(np.count_nonzero(new["out"] != new["back"]))
        join_edges(self.town.edge, self.town.node, start, end)
        self.n_nodes, self.n_edges = n_nodes, end
        return Step(undo, np.arange(start, end, dtype=np.int32), NONE)

    def _drop_edges(self, n_nodes: int, n_edges: int) -> None:
        dropped = self.town.edge[n_edges : self.n_edges]
        self.lopsided -= int(np.count_nonzero(dropped["out"] != dropped["back"]))
        drop_edges(self.town.edge, self.town.node, n_edges, self.n_edges)
        self.n_nodes, self.n_edges = n_nodes, n_edges

    def _put_points(self, to: Stops) -> Step:
        """Add points."""
        index = np.arange(self.n_points, self.n_points + len(to.record), dtype=np.int32)
        self.n_points += len(index)
        self.town = self.town._replace(point=_roomy(self.town.point, self.n_points))
        self._point_m = _roomy(self._point_m, self.n_points)
        step = self._move_points(index, to)
        return Step(partial(self._drop_points, step, len(index)), step.edges, NONE)

    def _drop_points(self, step: Step, n: int) -> None:
        step.undo()
        self.n_points -= n

    def _move_points(self, point: Int32s, to: Stops) -> Step:
        old = Stops(self.town.point[point], self._point_m[point])
        self._set_points(point, to)
        return Step(partial(self._set_points, point, old), _edges(old, to), NONE)

    def _set_points(self, point: Int32s, to: Stops) -> None:
        move_stops(self.town.edge, Stops(self.town.point, self._point_m), True, point, to)

    def _move_places(self, place: Int32s, to: Stops) -> Step:
        old = Stops(self.town.place[place], self._place_m[place])
        self._set_places(place, to)
        return Step(partial(self._set_places, place, old), _edges(old, to), place)

    def _set_places(self, place: Int32s, to: Stops) -> None:
        move_stops(self.town.edge, Stops(self.town.place, self._place_m), False, place, to)

    def _spots(self, field: str, snap: Snap, shape: tuple[int, ...] | None = None) -> Stops:
        """Return the spots of a snap, after checking them."""
        if shape is not None and snap.edge.shape != shape:
            raise InputError("array_shape_invalid", field=field, value=snap.edge.shape, expected=shape)
        spots = spots_on(field, snap, self.n_edges, self.speed_m_per_s)
        record = _room(len(spots.edge))
        record["edge"], record["fraction"], record["leg"] = np.maximum(spots.edge, -1), spots.fraction, spots.leg_cs
        return Stops(record, np.ascontiguousarray(snap.distance_m, dtype=np.float64))


def _room(n: int) -> Records:
    """Return room for ``n`` points or places, none of them anywhere."""
    return np.full(n, _EMPTY[STOP])


def _edges(old: Stops, new: Stops) -> Int32s:
    """Return the edges that stops have left and joined."""
    edges = np.concatenate([old.record["edge"], new.record["edge"]])
    return edges[edges >= 0]


def _snap(stops: Stops) -> Snap:
    return Snap(stops.record["edge"].copy(), stops.record["fraction"].copy(), stops.distance_m.copy())


def _roomy(array: NDArray[Any], n: int) -> NDArray[Any]:
    """Return an array with room for ``n``: some to spare at first, and twice as much whenever it has to grow."""
    if len(array) >= n:
        return array
    room = np.full(2 * n if len(array) else n + _SPARE, _EMPTY.get(array.dtype, 0), dtype=array.dtype)
    room[: len(array)] = array
    return room


def _indices(field: str, given: ArrayLike, n: int) -> Int32s:
    index = np.atleast_1d(np.asarray(given, dtype=np.int64))
    if index.size and not (index.min() >= 0 and index.max() < n):
        stray = index[(index < 0) | (index >= n)]
        raise InputError("index_out_of_range", field=field, value=int(stray[0]), last=n - 1)
    return index.astype(np.int32)


def _nodes(field: str, given: ArrayLike, most: int, shape: tuple[int, ...]) -> Int32s:
    nodes = np.atleast_1d(np.asarray(given, dtype=np.int64))
    if nodes.shape != shape:
        raise InputError("array_shape_invalid", field=field, value=nodes.shape, expected=shape)
    if (stray := nodes[(nodes < 0) | (nodes >= most)]).size:
        raise InputError("node_out_of_range", field=field, value=int(stray[0]), last=most - 1)
    return nodes.astype(np.int32)


def _costs(field: str, given: ArrayLike, shape: tuple[int, ...]) -> Int32s:
    costs = np.asarray(given, dtype=np.int64)
    if costs.ndim and costs.shape != shape:
        raise InputError("array_shape_invalid", field=field, value=costs.shape, expected=shape)
    if costs.size and not (costs.min() >= 1 and costs.max() <= NO_WAY):
        row = int(np.flatnonzero((costs < 1) | (costs > NO_WAY))[0])
        value = int(costs.flat[row])
        raise InputError("cost_out_of_range", field=field, row=row, value=value, last=NO_WAY - 1, closed=NO_WAY)
    return np.full(shape, costs, dtype=np.int32)
