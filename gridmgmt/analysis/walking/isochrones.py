"""Guaranteed areas: ground that is certainly, and ground that is possibly, within a walking time of points.

A spot is walked to as a place is: it joins its nearest edge within the connection limit, by a straight access leg. What
is called certain holds no spot that is farther, what is called outside none that is within; what is possible lies
between them, a strip about as wide as the cells that were looked at. For polygons only: residents are counted by their
own times, never by whether they lie in one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.graph import WalkGraph
from gridmgmt.analysis.snapping import EdgeIndex, Snap
from gridmgmt.analysis.walking.ground_cells import (
    CERTAIN,
    CLOSED_CS,
    OUTSIDE,
    ROOT_TILES,
    TILE_CELLS,
    Cells,
    Index,
    Lattice,
    Question,
    Streets,
    class_cells,
    mark_roots,
)
from gridmgmt.analysis.walking.ground_rings import (
    Polygons,
    polygons_of,
    reversed_rings,
    rings_of,
    simplified,
    without_pinholes,
    without_specks,
)
from gridmgmt.analysis.walking.model import CS_PER_S, NO_WAY, EdgeCosts, Trait, Trip
from gridmgmt.analysis.walking.network import WalkNetwork
from gridmgmt.analysis.walking.rounds import mirrored
from gridmgmt.analysis.walking.search import nearest
from gridmgmt.analysis.walking.spots import spots_of, towards
from gridmgmt.errors import InputError

LEAST_PART_M2 = 25.0
"""Smaller pieces of certain ground are only called possible, and smaller holes in possible ground are closed."""

Floats = NDArray[np.float64]
_PLAIN_CELL_M = 100.0
_NOTHING = np.empty(0, dtype=object)
_NOBODY = Snap(np.empty(0, np.int32), np.empty(0), np.empty(0))


class Fineness(NamedTuple):
    """How finely ground is looked at, in metres: the side of the smallest cells, and how far borders are simplified.

    No ground farther than ``tolerance_m`` from a border changes its class by simplifying.
    """

    cell_m: float = 0.25
    tolerance_m: float = 0.5


FINE = Fineness()


@dataclass(frozen=True, eq=False)
class Ground:
    """Land whose spots join the same edges: all there is (``outline`` None), or a compound and the edges inside.

    ``outline`` is in the metric system of the index; ``connection_m`` is the farthest that a spot may be from its edge.
    """

    index: EdgeIndex
    connection_m: float
    outline: Any = None  # a polygon or several, of which shapely's types know no common parent


def grounds_of(network: WalkNetwork, connection_m: float) -> list[Ground]:
    """Return the grounds of a network, in which spots join it as :meth:`WalkNetwork.snap_places` has places join it."""
    found = [Ground(network.main, connection_m)]
    outlines = np.array(network.compounds, dtype=object)
    for zone, index in sorted(network.within.items()):
        earlier = outlines[:zone]
        own = shapely.difference(
            outlines[zone], shapely.union_all(earlier[shapely.intersects(earlier, outlines[zone])])
        )
        across = bool(network.traits[index.segment_edge[0]] & Trait.INTERIOR)
        found.append(Ground(index, np.inf if across else connection_m, own))
    return found


@dataclass(frozen=True, eq=False)
class Isochrone:
    """The ground of one limit, in metres of the network's metric system; the two do not overlap.

    Every spot of ``certain`` is within ``limit_cs``; every spot that is lies in ``certain`` or in ``possible``.
    """

    limit_cs: int
    certain: shapely.Geometry
    possible: shapely.Geometry


@dataclass(frozen=True)
class _Ask:
    """What one set of areas is asked for: the limit, what a metre of the access leg takes, and how finely."""

    limit_cs: int
    cs_per_m: float
    fineness: Fineness


@dataclass(frozen=True, eq=False)
class _Ways:
    """Times of the ends of edges and costs of edges on each way, ``(n_ways, n_edges)``, and the points on edges."""

    at_source: Floats
    at_target: Floats
    to_source: Floats
    to_target: Floats
    point_edge: NDArray[np.int32]
    point_share: Floats
    point_leg_cs: Floats


def isochrones(
    graph: WalkGraph,
    grounds: Sequence[Ground],
    there: EdgeCosts,
    back: EdgeCosts,
    *,
    points: Snap,
    limits_cs: Sequence[int],
    trip: Trip = Trip.TO_POINT,
    fineness: Fineness = FINE,
) -> tuple[Isochrone, ...]:
    """Return the ground within each limit of at least one of the points.

    Parameters
    ----------
    grounds
        The first is everywhere else; the others lie apart within it (see :class:`Ground`).
    there, back
        The costs of the way to a point and of the way from it; they are the same where no gate tells them apart.
    limits_cs
        Hundredths of a second, below :data:`~gridmgmt.analysis.walking.model.NO_WAY`; a time equal to it is within.

    Raises
    ------
    InputError
        When costs or points do not fit the graph, or a limit or size is not positive.
    """
    for field, value in (*(("limits_cs", limit) for limit in limits_cs), ("cell_m", fineness.cell_m)):
        if not 0 < value < NO_WAY:
            raise InputError("number_not_positive", field=field, value=value)
    ways = list(_ways(graph, there, back, points, trip, max(limits_cs)))
    found = []
    for limit in limits_cs:
        ask = _Ask(limit, CS_PER_S / there.speed_m_per_s, fineness)
        found.append(_either(limit, [_of_grounds(grounds, way, ask) for way in ways]))
    return tuple(found)


def _of_grounds(grounds: Sequence[Ground], ways: _Ways, ask: _Ask) -> tuple[Polygons, Polygons]:
    """Return what is certain and what is not outside: in each compound by its own edges, elsewhere by the others."""
    certain, reach = _of_ground(grounds[0], ways, ask)
    inside = [(ground.outline, *_of_ground(ground, ways, ask)) for ground in grounds[1:]]
    cut = [part for part in inside if len(part[2]) or shapely.intersects(reach, part[0]).any()]
    if not cut:
        return certain, reach
    outlines = shapely.union_all([outline for outline, _, _ in cut])
    return (
        _joined(shapely.difference(certain, outlines), [shapely.intersection(sure, at) for at, sure, _ in cut]),
        _joined(shapely.difference(reach, outlines), [shapely.intersection(maybe, at) for at, _, maybe in cut]),
    )


def _joined(everywhere: Polygons, inside: Sequence[Polygons]) -> Polygons:
    """Return the polygons of all together."""
    return _surfaces(shapely.union_all(np.concatenate([everywhere, *inside])))


def _of_ground(ground: Ground, ways: _Ways, ask: _Ask) -> tuple[Polygons, Polygons]:
    """Return what is certain and what is not outside, as if all the land were this ground."""
    classed = _classed(ground, ways, ask)
    if classed is None:
        return _NOTHING, _NOTHING
    certain = polygons_of(simplified(rings_of(*classed, CERTAIN), ask.fineness.tolerance_m))
    reach = polygons_of(reversed_rings(simplified(rings_of(*classed, OUTSIDE), ask.fineness.tolerance_m)))
    return without_specks(certain, LEAST_PART_M2), without_pinholes(reach, LEAST_PART_M2)


def _either(limit_cs: int, parts: Sequence[tuple[Polygons, Polygons]]) -> Isochrone:
    """Return the isochrone of all points from what is certain, and what is not outside, of each."""
    if len(parts) == 1:
        certain, reach = parts[0]
    else:
        certain, reach = (_surfaces(shapely.union_all(np.concatenate(each))) for each in zip(*parts, strict=True))
    sure = shapely.MultiPolygon(list(certain))
    possible = shapely.difference(shapely.MultiPolygon(list(reach)), sure)
    return Isochrone(limit_cs, sure, shapely.MultiPolygon(list(_surfaces(possible))))


def _surfaces(geometry: shapely.Geometry) -> Polygons:
    """Return the polygons of a geometry."""
    parts = shapely.get_parts(geometry)
    return np.asarray(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON], dtype=object)


def _ways(
    graph: WalkGraph, there: EdgeCosts, back: EdgeCosts, points: Snap, trip: Trip, limit_cs: int
) -> Iterator[_Ways]:
    """Yield what a spot walks: once for all points, or point by point where there and back must be of the same one."""
    if trip is not Trip.ROUND:
        yield _stacked([_way(graph, there if trip is Trip.TO_POINT else back, points, trip, limit_cs)])
    elif mirrored(there, back):
        yield _stacked([_way(graph, there, points, Trip.TO_POINT, limit_cs // 2)] * 2)
    else:
        for one in np.flatnonzero(points.edge >= 0):
            point = Snap(points.edge[[one]], points.fraction[[one]], points.distance_m[[one]])
            out = _way(graph, there, point, Trip.TO_POINT, limit_cs)
            yield _stacked([out, _way(graph, back, point, Trip.FROM_POINT, limit_cs)])


def _way(graph: WalkGraph, costs: EdgeCosts, points: Snap, trip: Trip, limit_cs: int) -> _Ways:
    """Return one way, every array without its first axis."""
    label = nearest(graph, costs, points=points, places=_NOBODY, trip=trip, limit_cs=limit_cs).node_cs
    node_cs = np.where(label < NO_WAY, label, np.inf)
    walked = towards(costs, trip)
    on, back = walked.out_cs < NO_WAY, walked.back_cs < NO_WAY
    spots = spots_of("points", points, graph, costs)
    order = np.lexsort((spots.fraction, spots.edge))
    order = order[spots.edge[order] >= 0]
    return _Ways(
        at_source=np.where(back, node_cs[graph.source], np.inf),
        at_target=np.where(on, node_cs[graph.target], np.inf),
        to_source=np.where(back, walked.back_cs, CLOSED_CS),
        to_target=np.where(on, walked.out_cs, CLOSED_CS),
        point_edge=spots.edge[order],
        point_share=spots.fraction[order],
        point_leg_cs=spots.leg_cs[order].astype(np.float64),
    )


def _stacked(ways: Sequence[_Ways]) -> _Ways:
    names = ("at_source", "at_target", "to_source", "to_target")
    columns = {name: np.stack([getattr(way, name) for way in ways]) for name in names}
    first = ways[0]
    return _Ways(**columns, point_edge=first.point_edge, point_share=first.point_share, point_leg_cs=first.point_leg_cs)


def _classed(ground: Ground, ways: _Ways, ask: _Ask) -> tuple[Cells, Lattice] | None:
    """Return the classes of the cells of the ground that can be within the limit, None where there are none."""
    at = ground.index
    streets = Streets(
        at.segment_xy_m, at.segment_edge, at.segment_start, at.segment_share,
        ways.at_source, ways.at_target, ways.to_source, ways.to_target,
        ways.point_edge, ways.point_share, ways.point_leg_cs,
    )  # fmt: skip
    reach_m = min(ground.connection_m, ask.limit_cs / len(ways.at_source) / ask.cs_per_m)
    question = Question(float(ask.limit_cs), ask.cs_per_m, reach_m)
    lattice = _lattice(ground, ways, question, float(ask.fineness.cell_m))
    if lattice is None:
        return None
    wanted = mark_roots(streets, question, lattice)
    return Cells(*class_cells(streets, _grid_of(at), question, lattice, wanted)), lattice


def _grid_of(index: EdgeIndex) -> Index:
    """Return the grid of an index; where no compiler is it has none, and one is made here."""
    if index.tree is None:
        return index.west_m, index.south_m, index.cell_m, index.n_columns, index.n_rows, index.indptr, index.members
    xy, size = index.segment_xy_m, _PLAIN_CELL_M
    ends = np.floor((xy.reshape(-1, 2, 2) - (index.west_m, index.south_m)) / size).astype(np.int64)
    low, wide = ends.min(axis=1), np.ptp(ends, axis=1) + 1
    count = wide.prod(axis=1)
    segment = np.repeat(np.arange(len(xy), dtype=np.int32), count)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)
    column, row = low[segment, 0] + step % wide[segment, 0], low[segment, 1] + step // wide[segment, 0]
    n_columns, n_rows = (int(top) + 1 for top in ends.reshape(-1, 2).max(axis=0))
    cell = row * n_columns + column
    indptr = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=n_columns * n_rows))])
    return index.west_m, index.south_m, size, n_columns, n_rows, indptr, segment[np.argsort(cell, kind="stable")]


def _lattice(ground: Ground, ways: _Ways, question: Question, cell_m: float) -> Lattice | None:
    """Return tiles around all segments that may be reached; their corners are the same whatever is asked."""
    nearer = np.minimum(ways.at_source, ways.at_target)
    reached = np.logical_and.reduce(nearer <= question.limit_cs)
    reached[ways.point_edge] = True
    xy = ground.index.segment_xy_m[reached[ground.index.segment_edge]].reshape(-1, 2)
    if not len(xy):
        return None
    low, high = xy.min(axis=0) - question.connection_m, xy.max(axis=0) + question.connection_m
    if ground.outline is not None:
        bounds = ground.outline.bounds
        low, high = np.maximum(low, bounds[:2]), np.minimum(high, bounds[2:])
        if (low > high).any():
            return None
    side = cell_m * TILE_CELLS * ROOT_TILES
    # One root more on each side, so that nothing but the outside lies along the edge.
    (column, row), (last_column, last_row) = (
        np.floor(low / side).astype(int) - 1,
        np.floor(high / side).astype(int) + 1,
    )
    return Lattice(cell_m, column * side, row * side, int(last_column - column) + 1, int(last_row - row) + 1)
