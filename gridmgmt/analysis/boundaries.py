"""Cutting, joining and comparing the surfaces of areas, in degrees, so that vertices nobody touched stay bit-identical.

Surfaces come and go as longitude and latitude (EPSG:4326); what they measure is on the WGS 84 ellipsoid. A cut sets
a new vertex on a border that the neighbour draws as one straight edge. Rounding may set it 1e-15° beside that edge,
which an overlay would take for a gap. So whatever is joined is first matched: each surface takes the vertices of the
others that lie on its border within :data:`SAME_PLACE_DEG`.
"""

import itertools
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon

from gridmgmt.analysis.ellipsoid import area_m2, areas_m2
from gridmgmt.errors import GeometryError

Surface = Polygon | MultiPolygon
Line = LineString | MultiLineString

SAME_PLACE_DEG = 1e-9
"""Vertices this near to each other or to an edge are on it: about 0.1 mm."""
LEAST_M2 = 1e-4
"""Land smaller than this (1 cm²) is rounding along a border and no land."""
_ROUNDING = 1e-9
"""Shares nearer to 1 than this are the whole."""
COLUMN_DEG = 1e-5
"""Pieces whose middles differ less than this in longitude (about 1 m) lie above each other."""


def surface_of(geometry: shapely.Geometry) -> MultiPolygon:
    """Return the polygons of a geometry, of any type, as one surface; empty where it has none."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return MultiPolygon([part for part in parts if isinstance(part, Polygon) and not part.is_empty])


def split(surface: Surface, line: Line) -> list[MultiPolygon]:
    """Return the pieces into which a line cuts a surface, from west to east, above each other from north to south.

    A part of the surface that the line does not cut goes with the nearest piece.

    Raises
    ------
    GeometryError
        When the line leaves the surface in one piece.
    """
    parts, pieces = _cut_parts(surface, line)
    if not pieces:
        raise GeometryError("split_line_misses")
    for part in parts:
        distances = [shapely.distance(part, piece[0]) for piece in pieces]
        pieces[int(np.argmin(distances))].append(part)
    return [_dissolved(piece) for piece in pieces]


def merge(surfaces: Sequence[Surface], beside: Sequence[shapely.Geometry] = ()) -> MultiPolygon:
    """Return the union of surfaces; borders that they share vanish exactly, other vertices stay as they are.

    Where a vanished border ended on a straight edge, its end goes too, unless one of the surfaces beside has a vertex
    there: so a merge undoes a split to the last bit, and a border that three areas share stays matched.
    """
    matched = _matched(surfaces)
    union = surface_of(shapely.union_all(matched))
    corners, times = np.unique(_vertices(matched), axis=0, return_counts=True)
    ends = {(x, y) for x, y in corners[times > 1]} - {(x, y) for x, y in _vertices(list(beside))}
    return MultiPolygon(
        [
            Polygon(_without(part.exterior, ends), [_without(ring, ends) for ring in part.interiors])
            for part in union.geoms
        ]
    )


def redraw(one: Surface, other: Surface, line: Line) -> tuple[MultiPolygon, MultiPolygon]:
    """Return two neighbours with a line as their border instead of the one they have; no land is lost or won.

    Each keeps the piece that holds more of it.

    Raises
    ------
    GeometryError
        When the line does not cut their common surface into exactly two pieces.
    """
    pieces = split(merge([one, other]), line)
    if len(pieces) != 2:
        raise GeometryError("border_line_pieces", pieces=len(pieces))
    first, second = pieces
    if area_m2(shapely.intersection(one, first)) < area_m2(shapely.intersection(one, second)):
        first, second = second, first
    return first, second


def cut_out(surface: Surface, piece: Surface) -> tuple[MultiPolygon, MultiPolygon]:
    """Return what is left of a surface and what of it lies in a piece; together they are the surface.

    Faces too small to be land, where borders that should be one differ by rounding, go to the other side.

    Raises
    ------
    GeometryError
        When the surface has nothing of the piece, or nothing else.
    """
    surface, piece = _matched([surface, piece])
    borders = shapely.union(surface.boundary, piece.boundary)  # noded once, so that neighbouring faces share vertices
    faces = shapely.get_parts(shapely.polygonize([borders]))
    inside = shapely.point_on_surface(faces)
    inside_piece = shapely.covers(piece, inside) != (areas_m2(faces) < LEAST_M2)
    faces, inside_piece = (column[shapely.covers(surface, inside)] for column in (faces, inside_piece))
    left, taken = faces[~inside_piece], faces[inside_piece]
    if areas_m2(taken).sum() < LEAST_M2:
        raise GeometryError("piece_outside_giver")
    if areas_m2(left).sum() < LEAST_M2:
        raise GeometryError("piece_is_whole_giver")
    return _dissolved(list(left)), _dissolved(list(taken))


def give(giver: Surface, taker: Surface, piece: Surface) -> tuple[MultiPolygon, MultiPolygon]:
    """Return giver and taker after what the giver has of a piece went to the taker; no land is lost or won.

    Raises
    ------
    GeometryError
        When the giver has nothing of the piece, or nothing else.
    """
    left, taken = cut_out(giver, piece)
    return left, merge([taker, taken])


@dataclass(frozen=True)
class Share:
    """Land that one surface before and one after have in common: their places in the lists, m², shares of both."""

    before: int
    after: int
    area_m2: float
    share_of_before: float
    share_of_after: float

    @property
    def is_whole(self) -> bool:
        """Whether the two are the same land, but for rounding."""
        return min(self.share_of_before, self.share_of_after) > 1 - _ROUNDING


def shares(before: Sequence[Surface], after: Sequence[Surface]) -> list[Share]:
    """Return what each surface before shares with each after, in order of both; touching is no sharing.

    Where the surfaces after cover one before without overlap, its shares sum to 1 within rounding.
    """
    old, new = np.array(before, dtype=object), np.array(after, dtype=object)
    i, j = np.unique(shapely.STRtree(new).query(old, predicate="intersects"), axis=1)
    inside = ~shapely.touches(old[i], new[j])  # quick, and true of most neighbours
    i, j = i[inside], j[inside]
    common_m2 = areas_m2(shapely.intersection(old[i], new[j]))
    of_before, of_after = common_m2 / areas_m2(old)[i], common_m2 / areas_m2(new)[j]
    columns = zip(i.tolist(), j.tolist(), common_m2.tolist(), of_before.tolist(), of_after.tolist(), strict=True)
    return [share for share in itertools.starmap(Share, columns) if share.area_m2 >= LEAST_M2]


@dataclass(frozen=True)
class Movement:
    """What one code has won and lost, as surfaces that may be empty."""

    gained: MultiPolygon
    lost: MultiPolygon


def movements(before: Mapping[str, Surface], after: Mapping[str, Surface]) -> dict[str, Movement]:
    """Return for each code of one level whose land is not the same what it has won and lost, by code.

    A code that is only before has lost all its land, one that is only after has won all of it.
    """
    codes = np.array(sorted({*before, *after}), dtype=object)
    nothing = MultiPolygon()
    old, new = (np.array([side.get(code, nothing) for code in codes], dtype=object) for side in (before, after))
    touched = ~shapely.equals_identical(shapely.normalize(old), shapely.normalize(new))
    codes, old, new = codes[touched], old[touched], new[touched]
    found = map(Movement, _land(shapely.difference(new, old)), _land(shapely.difference(old, new)))
    return {
        code: movement
        for code, movement in zip(codes, found, strict=True)
        if not (movement.gained.is_empty and movement.lost.is_empty)
    }


def moved_land(moved: Mapping[str, Movement]) -> MultiPolygon:
    """Return the land that belongs to another code than before, or to one and not to any, each place once."""
    return surface_of(shapely.union_all([s for m in moved.values() for s in (m.gained, m.lost)]))


def _cut_parts(surface: Surface, line: Line) -> tuple[list[Polygon], list[list[Polygon]]]:
    """Return the parts that a line leaves whole, and the pieces of those it cuts, in order, each a list of polygons."""
    ends = shapely.multipoints(shapely.get_coordinates(line))
    whole, pieces = [], []
    for part in shapely.get_parts(shapely.snap(surface, ends, SAME_PLACE_DEG)):
        faces = shapely.get_parts(shapely.polygonize([shapely.union(part.boundary, line)]))
        faces = faces[shapely.covers(part, shapely.point_on_surface(faces))]
        if len(faces) > 1:
            pieces += [[face] for face in faces]
        else:
            whole.append(part)
    return whole, sorted(pieces, key=lambda piece: _reading_order(piece[0]))


def _reading_order(piece: Polygon) -> tuple[int, float]:
    middle = shapely.centroid(piece)
    return round(middle.x / COLUMN_DEG), -middle.y


def _matched(surfaces: Sequence[Surface]) -> list[Surface]:
    """Return the surfaces, each with the vertices of the others that lie on its border."""
    tree = shapely.STRtree(list(surfaces))
    matched = list(surfaces)
    for k, surface in enumerate(surfaces):
        for other in sorted(tree.query(surface, predicate="dwithin", distance=SAME_PLACE_DEG)):
            if other != k:
                corners = shapely.multipoints(shapely.get_coordinates(surfaces[int(other)]))
                matched[k] = cast("Surface", shapely.snap(matched[k], corners, SAME_PLACE_DEG))  # one in, one out
    return matched


def _dissolved(faces: Sequence[Polygon]) -> MultiPolygon:
    """Return the union of faces that share their vertices."""
    return surface_of(shapely.coverage_union_all(list(faces)))


def _vertices(surfaces: Sequence[shapely.Geometry]) -> NDArray[np.float64]:
    """Return the vertices of surfaces, each once for a surface, as rows of (lon, lat)."""
    if not len(surfaces):
        return np.empty((0, 2))
    return np.concatenate([np.unique(shapely.get_coordinates(surface), axis=0) for surface in surfaces])


def _without(ring: shapely.LinearRing, ends: Set[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the vertices of a ring without those of ``ends`` that lie on a straight edge."""
    vertices = [(x, y) for x, y in ring.coords[:-1]]
    kept: list[tuple[float, float]] = []
    for k, vertex in enumerate(vertices):
        edge = LineString([kept[-1] if kept else vertices[-1], vertices[(k + 1) % len(vertices)]])
        if vertex not in ends or edge.distance(Point(vertex)) > SAME_PLACE_DEG:
            kept.append(vertex)
    return kept


def _land(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the polygons of each geometry that are land and not rounding along a border, as one surface each."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)  # collections may hold multi-polygons
    kept = areas_m2(parts) >= LEAST_M2
    surfaces = np.full(len(geometries), MultiPolygon(), dtype=object)
    shapely.multipolygons(parts[kept], indices=owner[inner][kept], out=surfaces)
    return surfaces
