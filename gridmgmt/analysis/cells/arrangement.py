"""A planar arrangement: lines noded with an outline, the faces between them, and the borders that faces share.

Everything comes from one noding, so neighbours have the same vertices to the last bit.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Objects = NDArray[np.object_]

_ONE_PLACE_M = 1e-5
"""Vertices so near to each other are one: what noding leaves where several lines meet in one place."""
_STRAIGHT_M = 1e-6
"""A vertex so near to the line between its neighbours bends nothing."""


@dataclass(frozen=True)
class Arrangement:
    """Faces of an outline and the segments of their borders."""

    faces: Objects
    """Polygons without gap or overlap."""
    ends: Floats
    """(n, 4): the segments as x, y, x, y, the lesser end first; each once."""
    sides: Indices
    """(n, 2): the faces on both sides, the lesser first; the first is -1 on the outer border."""

    @property
    def is_inner(self) -> NDArray[np.bool_]:
        """Tell which segments have a face on both sides."""
        return self.sides[:, 0] >= 0


def rings_of(outline: shapely.Geometry) -> Objects:
    """Return the rings of an outline as lines."""
    return lines_of(shapely.get_rings(shapely.get_parts(outline)))


def lines_of(rings: Objects) -> Objects:
    """Return rings as plain lines."""
    xy, index = shapely.get_coordinates(rings, return_index=True)
    return np.asarray(shapely.linestrings(xy, indices=index), dtype=object) if len(xy) else np.empty(0, dtype=object)


def segments_of(lines: Objects) -> Floats:
    """Return the segments of lines as (n, 4): x, y, x, y."""
    xy, index = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    start = np.flatnonzero(index[1:] == index[:-1])
    return np.hstack([xy[start], xy[start + 1]])


def lines_from(ends: Floats) -> Objects:
    """Return segments (n, 4) as lines."""
    return np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)), dtype=object)


def node(lines: Objects, fixed: Objects) -> Objects:
    """Return the lines cut wherever they meet, each stretch once; vertices within 0.01 mm become one.

    That is a vertex of the ``fixed`` lines where there is one, else a place on these.
    """
    noded = np.asarray(shapely.get_parts(shapely.union_all(lines)), dtype=object)
    xy, vertex = np.unique(shapely.get_coordinates(noded), axis=0, return_inverse=True)
    pairs = cKDTree(xy).query_pairs(_ONE_PLACE_M, output_type="ndarray")
    if not len(pairs):
        return noded
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(xy), len(xy)))
    _, group = connected_components(graph, directed=False)
    to_vertex_m, _ = cKDTree(shapely.get_coordinates(fixed)).query(xy, distance_upper_bound=_ONE_PLACE_M)
    to_line_m = np.zeros(len(xy))
    paired = np.unique(pairs)
    to_line_m[paired] = shapely.distance(shapely.multilinestrings(fixed), shapely.points(xy[paired]))
    order = np.lexsort((to_line_m, to_vertex_m != 0))
    chosen = order[np.unique(group[order], return_index=True)[1]]
    moved = shapely.set_coordinates(noded, xy[chosen][group[vertex.ravel()]])
    moved = shapely.remove_repeated_points(moved[shapely.length(moved) > 0])
    return np.asarray(shapely.get_parts(shapely.union_all(moved)), dtype=object)


def arrange(noded: Objects, outline: shapely.Polygon) -> Arrangement:
    """Return the faces that noded lines make of an outline, whose rings are among the lines."""
    faces = np.asarray(shapely.get_parts(shapely.polygonize(noded)), dtype=object)
    shapely.prepare(outline)  # its rings may enclose land that is not its own, in holes and where they touch
    return arrangement_of(faces[shapely.contains(outline, shapely.point_on_surface(faces))])


def arrangement_of(faces: Objects) -> Arrangement:
    """Return the arrangement of polygons that share their vertices."""
    polygon = np.arange(len(faces))
    rings, of_ring = shapely.get_rings(faces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    start = np.flatnonzero(ring[1:] == ring[:-1])
    owner = polygon[of_ring[ring[start]]]
    ends = np.hstack([xy[start], xy[start + 1]])
    turned = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends[turned] = ends[turned][:, [2, 3, 0, 1]]
    order = np.lexsort((owner, ends[:, 3], ends[:, 2], ends[:, 1], ends[:, 0]))
    ends, owner = ends[order], owner[order]
    first = np.append(True, (ends[1:] != ends[:-1]).any(axis=1))
    shared = np.append(~first[1:], False)[first]
    one = np.flatnonzero(first)
    sides = np.column_stack([np.where(shared, owner[one], -1), owner[one + shared]])
    return Arrangement(faces, ends[one], sides.astype(np.int64))


def inserted(ends: Floats, cuts: Floats) -> Floats:
    """Return segments with cuts among them, every segment ending where a cut meets it.

    Cuts, (n, 4), end on a segment or on another cut and cross nothing; ends within 0.01 mm become one.
    """
    every = np.concatenate([ends, cuts])
    places = cuts.reshape(-1, 2)
    meets, segment = shapely.STRtree(lines_from(every)).query(shapely.points(places), "dwithin", _ONE_PLACE_M)
    start, way = every[segment, :2], every[segment, 2:] - every[segment, :2]
    length = np.hypot(*way.T)
    at_m = ((places[meets] - start) * way).sum(axis=1) / length
    within = (at_m > _ONE_PLACE_M) & (at_m < length - _ONE_PLACE_M)
    meets, segment, at_m = meets[within], segment[within], at_m[within]
    order = np.lexsort((at_m, segment))
    meets, segment, at_m = meets[order], segment[order], at_m[order]
    again = np.zeros(len(meets), dtype=bool)
    again[1:] = (segment[1:] == segment[:-1]) & (at_m[1:] - at_m[:-1] < _ONE_PLACE_M)
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(again))))
    places = places.copy()
    places[meets] = places[meets[first]]
    every[len(ends) :] = places.reshape(-1, 4)
    return _split(every, segment[~again], places[meets[~again]])


def _split(ends: Floats, segment: Indices, places: Floats) -> Floats:
    """Return segments cut at places, which are given segment by segment in order along it."""
    count = np.bincount(segment, minlength=len(ends)) + 1
    pieces = np.repeat(ends, count, axis=0)
    last = np.cumsum(count) - 1
    inner = np.ones(len(pieces), dtype=bool)
    inner[last] = False
    pieces[inner, 2:] = places
    pieces[np.flatnonzero(inner) + 1, :2] = places
    return pieces


def tidied(arrangement: Arrangement, outline: shapely.Polygon) -> Arrangement:
    """Return the arrangement without the vertices that are on a straight border, where nothing meets any more.

    The outline keeps its own vertices.
    """
    inner = lines_from(arrangement.ends[arrangement.is_inner])
    if not len(inner):
        return arrangement_of(np.array([outline], dtype=object))
    lines = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(inner)))
    straight = segments_of(shapely.simplify(lines, _STRAIGHT_M))
    rings = rings_of(outline)
    noded = node(rings, rings) if len(rings) > 1 else rings  # a hole may touch another ring between its vertices
    return arrange(lines_from(inserted(segments_of(noded), straight)), outline)
