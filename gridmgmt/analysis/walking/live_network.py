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
from gridmgmt.analysis.walking.repair import (
    BACK,
    EDGE,
    FIRST_PLACE,
    FIRST_POINT,
    LEG,
    OUT,
    SOURCE,
    TARGET,
    Int32s,
    Stops,
    Streets,
    drop_edges,
    join_edges,
    relink,
)
from gridmgmt.analysis.walking.spots import NOWHERE, checked_costs, spots_on
from gridmgmt.errors import InputError

NONE = np.empty(0, dtype=np.int32)
_COSTS = slice(OUT, BACK + 1)


@dataclass(frozen=True, eq=False)
class Step:
    """One edit that has been made: how to unmake it, and the edges and places whose labels it may change."""

    undo: Callable[[], None]
    edges: Int32s
    places: Int32s


class LiveNetwork:
    """The network as it stands after edits; arrays have room to grow, so that an edit copies none.

    ``streets``, ``points`` and ``places`` are what the kernels of :mod:`gridmgmt.analysis.walking.repair` work on.
    Costs are kept as those of the walk to the point, whichever way is timed. ``lopsided`` counts the edges that do not
    cost the same both ways.
    """

    def __init__(self, graph: WalkGraph, costs: EdgeCosts, points: Snap, places: Snap, trip: Trip) -> None:
        checked_costs(graph, costs)
        self.speed_m_per_s, self._mirrored = costs.speed_m_per_s, trip is Trip.FROM_POINT
        self.n_nodes = self.n_edges = self.n_points = self.lopsided = 0
        self.streets = Streets(np.empty((0, 8), np.int32), np.empty(0, np.int32), np.empty(0, np.int64))
        self._length_m = np.empty(0)
        self._make_room(graph.n_nodes, graph.n_edges)
        self._put_edges(graph.n_nodes, graph.source, graph.target, graph.length_m, costs.out_cs, costs.back_cs)
        self.points, self.places = _room(0), _room(len(places.edge))
        self._put_points(self._stops("points", points))
        self._move(FIRST_PLACE, np.arange(len(places.edge), dtype=np.int32), self._stops("places", places))

    def frozen(self) -> tuple[WalkGraph, EdgeCosts, Snap, Snap]:
        """Return graph, costs, points and places as they stand."""
        edge = self.streets.edge[: self.n_edges]
        graph = build_graph(self.n_nodes, edge[:, SOURCE], edge[:, TARGET], self._length_m[: self.n_edges])
        out_cs, back_cs = edge[:, _COSTS].T.copy()[:: -1 if self._mirrored else 1]
        points = _snap(self.points, self.n_points)
        return graph, EdgeCosts(out_cs, back_cs, self.speed_m_per_s), points, _snap(self.places)

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
                return self._put_points(self._stops("points", edit.points))
            case MovePoints():
                point = _indices("point", edit.point, self.n_points)
                edges, undo = self._move(FIRST_POINT, point, self._stops("points", edit.points, point.shape))
                return Step(undo, edges, NONE)
            case SnapPlaces():
                place = _indices("place", edit.place, len(self.places.fraction))
                edges, undo = self._move(FIRST_PLACE, place, self._stops("places", edit.places, place.shape))
                return Step(undo, edges, place)

    def _set_costs(self, edit: SetCosts) -> Step:
        edge = _indices("edge", edit.edge, self.n_edges)
        wanted = self._columns(edit.out_cs, edit.back_cs, edge.shape)
        old = self.streets.edge[edge, _COSTS]
        self._put_costs(edge, wanted)
        return Step(partial(self._put_costs, edge, old), edge, NONE)

    def _put_costs(self, edge: Int32s, costs: Int32s) -> None:
        once = np.unique(edge)
        self.lopsided -= self._lopsided_of(once)
        self.streets.edge[edge, _COSTS] = costs
        self.lopsided += self._lopsided_of(once)

    def _lopsided_of(self, edges: Int32s | slice) -> int:
        costs = self.streets.edge[edges, _COSTS]
        return int(np.count_nonzero(costs[:, 0] != costs[:, 1]))

    def _columns(self, out_cs: ArrayLike, back_cs: ArrayLike, shape: tuple[int, ...]) -> Int32s:
        """Return costs as columns of an edge's record."""
        columns = [_costs("out_cs", out_cs, shape), _costs("back_cs", back_cs, shape)]
        return np.column_stack(columns[::-1] if self._mirrored else columns)

    def _add_edges(self, edit: AddEdges) -> Step:
        length_m = np.atleast_1d(np.asarray(edit.length_m, dtype=np.float64))
        if (bad := np.flatnonzero(~(np.isfinite(length_m) & (length_m >= 0)))).size:
            raise InputError("edge_length_invalid", field="length_m", edge=int(bad[0]), value=float(length_m[bad[0]]))
        most = self.n_nodes + 2 * len(length_m)
        source, target = _nodes("source", edit.source, most, length_m), _nodes("target", edit.target, most, length_m)
        n_nodes = max(self.n_nodes, int(max(source.max(initial=-1), target.max(initial=-1))) + 1)
        return self._put_edges(n_nodes, source, target, length_m, edit.out_cs, edit.back_cs)

    def _put_edges(
        self,
        n_nodes: int,
        source: Int32s,
        target: Int32s,
        length_m: NDArray[np.float64],
        out_cs: ArrayLike,
        back_cs: ArrayLike,
    ) -> Step:
        costs = self._columns(out_cs, back_cs, length_m.shape)
        new = slice(self.n_edges, self.n_edges + len(length_m))
        undo = partial(self._drop_edges, self.n_nodes, self.n_edges)
        self._make_room(n_nodes, new.stop)
        self._length_m[new] = length_m
        edge = self.streets.edge
        edge[new] = -1
        edge[new, SOURCE], edge[new, TARGET], edge[new, _COSTS] = source, target, costs
        join_edges(edge, self.streets.first_step, new.start, new.stop)
        self.lopsided += self._lopsided_of(new)
        self.n_nodes, self.n_edges = n_nodes, new.stop
        return Step(undo, np.arange(new.start, new.stop, dtype=np.int32), NONE)

    def _drop_edges(self, n_nodes: int, n_edges: int) -> None:
        self.lopsided -= self._lopsided_of(slice(n_edges, self.n_edges))
        drop_edges(self.streets.edge, self.streets.first_step, n_edges, self.n_edges)
        self.n_nodes, self.n_edges = n_nodes, n_edges

    def _make_room(self, n_nodes: int, n_edges: int) -> None:
        edge, first_step, label = self.streets
        self._length_m = _roomy(self._length_m, n_edges, 0.0)
        first_step, label = _roomy(first_step, n_nodes, -1), _roomy(label, n_nodes, NOWHERE)
        self.streets = Streets(_roomy(edge, n_edges, -1), first_step, label)

    def _put_points(self, spots: Stops) -> Step:
        """Add points."""
        index = np.arange(self.n_points, self.n_points + len(spots.fraction), dtype=np.int32)
        self.n_points += len(index)
        self.points = Stops(
            _roomy(self.points.record, self.n_points, -1),
            _roomy(self.points.fraction, self.n_points, 0.0),
            _roomy(self.points.distance_m, self.n_points, np.inf),
        )
        edges, undo = self._move(FIRST_POINT, index, spots)
        return Step(partial(self._drop_points, undo, len(index)), edges, NONE)

    def _drop_points(self, undo: Callable[[], None], n: int) -> None:
        undo()
        self.n_points -= n

    def _move(self, head: int, index: Int32s, to: Stops) -> tuple[Int32s, Callable[[], None]]:
        """Move points or places; return the edges that they leave and join, and how to move them back."""
        stops = self.points if head == FIRST_POINT else self.places
        before = Stops(stops.record[index], stops.fraction[index], stops.distance_m[index])
        self._put_stops(head, index, to)
        edges = np.concatenate([before.record[:, EDGE], to.record[:, EDGE]])
        return edges[edges >= 0], partial(self._put_stops, head, index, before)

    def _put_stops(self, head: int, index: Int32s, to: Stops) -> None:
        relink(self.streets.edge, head, self.points if head == FIRST_POINT else self.places, index, to)

    def _stops(self, field: str, snap: Snap, shape: tuple[int, ...] | None = None) -> Stops:
        """Return the spots of a snap, after checking them."""
        if shape is not None and snap.edge.shape != shape:
            raise InputError("array_shape_invalid", field=field, value=snap.edge.shape, expected=shape)
        spots = spots_on(field, snap, self.n_edges, self.speed_m_per_s)
        stops = Stops(_room(len(spots.edge)).record, spots.fraction, snap.distance_m.astype(np.float64, copy=False))
        stops.record[:, EDGE], stops.record[:, LEG] = np.maximum(spots.edge, -1), spots.leg_cs
        return stops


def _room(n: int) -> Stops:
    """Return room for ``n`` points or places, none of them anywhere."""
    return Stops(np.full((n, 4), -1, dtype=np.int32), np.zeros(n), np.full(n, np.inf))


def _snap(stops: Stops, n: int | None = None) -> Snap:
    return Snap(stops.record[:n, EDGE].copy(), stops.fraction[:n].copy(), stops.distance_m[:n].copy())


def _roomy(array: NDArray[Any], n: int, fill: float) -> NDArray[Any]:
    """Return an array with room for ``n`` rows, and as much again when it had to grow, unless it was empty."""
    if len(array) >= n:
        return array
    room = np.full((2 * n if len(array) else n, *array.shape[1:]), fill, dtype=array.dtype)
    room[: len(array)] = array
    return room


def _indices(field: str, given: ArrayLike, n: int) -> Int32s:
    index = np.atleast_1d(np.asarray(given, dtype=np.int64))
    if (stray := index[(index < 0) | (index >= n)]).size:
        raise InputError("index_out_of_range", field=field, value=int(stray[0]), last=n - 1)
    return index.astype(np.int32)


def _nodes(field: str, given: ArrayLike, most: int, length_m: NDArray[np.float64]) -> Int32s:
    nodes = np.atleast_1d(np.asarray(given, dtype=np.int64))
    if nodes.shape != length_m.shape:
        raise InputError("array_shape_invalid", field=field, value=nodes.shape, expected=length_m.shape)
    if (stray := nodes[(nodes < 0) | (nodes >= most)]).size:
        raise InputError("node_out_of_range", field=field, value=int(stray[0]), last=most - 1)
    return nodes.astype(np.int32)


def _costs(field: str, given: ArrayLike, shape: tuple[int, ...]) -> Int32s:
    costs = np.asarray(given, dtype=np.int64)
    if costs.ndim and costs.shape != shape:
        raise InputError("array_shape_invalid", field=field, value=costs.shape, expected=shape)
    if (bad := np.flatnonzero((costs < 1) | (costs > NO_WAY))).size:
        raise InputError(
            "cost_out_of_range",
            field=field,
            row=int(bad[0]),
            value=int(costs.flat[bad[0]]),
            last=NO_WAY - 1,
            closed=NO_WAY,
        )
    return np.broadcast_to(costs, shape).astype(np.int32)
