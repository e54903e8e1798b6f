"""Spots on edges: what it costs to get from a spot to the ends of its edge, and along it to another spot.

All kernels reckon the walk *to* a point. The walk from it is the same question with the two directions of every edge
exchanged, to the bit (see :func:`towards`).

A label is one whole number, ``time · 2³² + point``: of two labels the lesser one is the nearer point, or at one time
the one of lower index, and a step adds to the time alone.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.walking.model import CS_PER_S, NO_WAY, EdgeCosts, Trip
from gridmgmt.errors import InputError

Integers = NDArray[np.int64]
Times = NDArray[np.int32]

TIME_SHIFT = 32
NOWHERE = (NO_WAY << TIME_SHIFT) | 0xFFFFFFFF
"""The label of what is not reached: its time is :data:`~gridmgmt.analysis.walking.model.NO_WAY`, its point -1."""


class Spots(NamedTuple):
    """Spots on edges, each array ``(n,)``: edge (-1: none), share of the edge from its source, access leg."""

    edge: NDArray[np.int32]
    fraction: NDArray[np.float64]
    leg_cs: Times


def spots_of(field: str, snap: Snap, graph: WalkGraph, costs: EdgeCosts) -> Spots:
    """Return the spots of a snap, the access legs walked at the speed of the costs.

    Raises
    ------
    InputError
        When arrays differ in length, an edge is not of the graph, a fraction not in 0–1, or a leg is no distance.
    """
    return spots_on(field, snap, graph.n_edges, costs.speed_m_per_s)


def spots_on(field: str, snap: Snap, n_edges: int, speed_m_per_s: float) -> Spots:
    """Return the spots of a snap to one of ``n_edges`` edges; see :func:`spots_of`."""
    if not snap.edge.shape == snap.fraction.shape == snap.distance_m.shape:
        raise InputError("array_shape_invalid", field=field, value=snap.fraction.shape, expected=snap.edge.shape)
    used = snap.edge >= 0
    if (stray := snap.edge[snap.edge >= n_edges]).size:
        raise InputError("edge_out_of_range", field=f"{field}.edge", value=int(stray[0]), last=n_edges - 1)
    if (bad := snap.fraction[used & ~((snap.fraction >= 0) & (snap.fraction <= 1))]).size:
        raise InputError("fraction_out_of_range", field=f"{field}.fraction", value=float(bad[0]))
    if (bad := snap.distance_m[used & ~((snap.distance_m >= 0) & np.isfinite(snap.distance_m))]).size:
        raise InputError("distance_invalid", field=f"{field}.distance_m", value=float(bad[0]))
    leg = np.rint(CS_PER_S * np.where(used, snap.distance_m, 0.0) / speed_m_per_s)
    return Spots(
        snap.edge.astype(np.int32, copy=False),
        snap.fraction.astype(np.float64, copy=False),
        np.minimum(leg, NO_WAY).astype(np.int32),
    )


def checked_costs(graph: WalkGraph, costs: EdgeCosts) -> None:
    """Refuse costs that are not of the graph's edges.

    Raises
    ------
    InputError
        When a vector has another length than the graph has edges, or the speed is not positive.
    """
    for field, vector in (("out_cs", costs.out_cs), ("back_cs", costs.back_cs)):
        if vector.shape != (graph.n_edges,):
            raise InputError("array_shape_invalid", field=field, value=vector.shape, expected=(graph.n_edges,))
    if not (np.isfinite(costs.speed_m_per_s) and costs.speed_m_per_s > 0):
        raise InputError("number_not_positive", field="speed_m_per_s", value=costs.speed_m_per_s)


def towards(costs: EdgeCosts, trip: Trip) -> EdgeCosts:
    """Return the costs under which the walk of a one-way trip is the walk to the point."""
    return costs if trip is Trip.TO_POINT else EdgeCosts(costs.back_cs, costs.out_cs, costs.speed_m_per_s)


def ends_of_places(costs: EdgeCosts, places: Spots) -> tuple[Integers, Integers]:
    """Return the times from each place's street door to its edge's source and to its target, NO_WAY or more: none."""
    edge, fraction, _ = places
    out, back = costs.out_cs[edge].astype(np.int64), costs.back_cs[edge].astype(np.int64)
    to_source = np.where(back < NO_WAY, np.rint(fraction * back), NO_WAY).astype(np.int64)
    to_target = np.where(out < NO_WAY, out - np.rint(fraction * out), NO_WAY).astype(np.int64)
    return to_source, to_target


def ends_of_points(costs: EdgeCosts, points: Spots) -> tuple[Integers, Integers]:
    """Return the times from the source and the target of each point's edge to the point, its access leg with them."""
    edge, fraction, leg_cs = points
    out, back = costs.out_cs[edge].astype(np.int64), costs.back_cs[edge].astype(np.int64)
    from_source = np.where(out < NO_WAY, np.rint(fraction * out), NO_WAY).astype(np.int64)
    from_target = np.where(back < NO_WAY, back - np.rint(fraction * back), NO_WAY).astype(np.int64)
    return from_source + leg_cs, from_target + leg_cs


def along(
    costs: EdgeCosts, edge: NDArray[np.integer], start: NDArray[np.float64], end: NDArray[np.float64]
) -> Integers:
    """Return the times straight along edges from one share of each to another, NO_WAY where it is closed that way."""
    cost = np.where(end > start, costs.out_cs[edge], costs.back_cs[edge]).astype(np.int64)
    time = np.abs(np.rint(end * cost) - np.rint(start * cost)).astype(np.int64)
    return np.where((cost < NO_WAY) | (start == end), np.where(start == end, 0, time), NO_WAY)


def on_network(points: Spots) -> Integers:
    """Return the indices of the points that are on an edge, by edge and index."""
    index = np.flatnonzero(points.edge >= 0)
    return index[np.argsort(points.edge[index], kind="stable")]


def split(labels: Integers) -> tuple[Times, NDArray[np.int32]]:
    """Return time and point of labels."""
    return (labels >> TIME_SHIFT).astype(np.int32), labels.astype(np.int32)


def limit_of(limit_cs: int) -> int:
    """Return the highest time inside a limit.

    Raises
    ------
    InputError
        When the limit is negative.
    """
    if limit_cs < 0:
        raise InputError("limit_invalid", field="limit_cs", value=limit_cs)
    return min(int(limit_cs), NO_WAY - 1)
