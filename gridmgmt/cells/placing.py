"""Bringing outlines to a plane and the cells drawn there back to degrees, so that they cover the outlines as stored.

A border that is straight on the plane is not straight in degrees: over 500 m the two run some millimetres apart. So a
corner that the plane has given to the middle of an outline's edge is set on that edge as it is in degrees, at the same
share of its way, and the outline's own corners come back as they were.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from gridmgmt.analysis.ellipsoid import area_m2, areas_m2
from gridmgmt.errors import TopologyError

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

GRID_M = 1e-5
ON_EDGE_M = 2e-5
"""Corners this near to an edge of the outline are on it."""
STEP_M = 1e-4
"""Corners are set on an edge at whole multiples of this from its lesser end, so that two quarters that share the edge
set the end of one street to one place."""
LEAST_M2 = 0.001
"""Land that may be missing or too much by rounding, as the check of topology allows it."""


class Plane:
    """The metric CRS of a folder beside the degrees in which it stores."""

    def __init__(self, crs: CRS) -> None:
        """Take a projected CRS in metres."""
        self._transformer = Transformer.from_crs(4326, crs, always_xy=True)

    def forward(self, geometries: Objects) -> Objects:
        """Return geometries in degrees on the plane, corner by corner."""
        return np.asarray(shapely.transform(geometries, self._to_metres), dtype=object)

    def backward(self, geometries: Objects) -> Objects:
        """Return geometries on the plane in degrees, corner by corner."""
        return np.asarray(shapely.transform(geometries, self._to_degrees), dtype=object)

    def back(self, outline: shapely.Geometry, drawn: shapely.Geometry, cells: Objects) -> Objects:
        """Return the cells of an outline, drawn on the plane, as multipolygons in degrees.

        Parameters
        ----------
        outline, drawn
            The outline in degrees, and the same on the plane, corner by corner.

        Raises
        ------
        TopologyError
            When the cells are not valid in degrees, or do not cover the outline.
        """
        edges = _edges(outline, drawn)
        placed = self._placed(cells, *edges)
        if not shapely.is_valid(placed).all():
            placed = self._placed(_renoded(cells), *edges)
        missing_m2 = area_m2(outline) - float(areas_m2(placed).sum())
        if not shapely.is_valid(placed).all() or abs(missing_m2) > LEAST_M2:
            raise TopologyError("cells_do_not_cover", cells=len(placed), area_m2=missing_m2)
        parts = shapely.get_parts(placed)  # what hung together by less than can be stored does not
        return np.asarray(shapely.multipolygons(parts, indices=np.arange(len(parts))), dtype=object)

    def _placed(self, cells: Objects, degrees: Floats, metres: Floats) -> Objects:
        corners, index = np.unique(shapely.get_coordinates(cells), axis=0, return_inverse=True)
        lonlat = self._to_degrees(corners)
        _set_on_edges(lonlat, corners, degrees, metres)
        placed: Objects = shapely.set_coordinates(cells.copy(), lonlat[index.ravel()])
        return placed

    def _to_metres(self, lonlat: Floats) -> Floats:
        return np.column_stack(self._transformer.transform(lonlat[:, 0], lonlat[:, 1]))

    def _to_degrees(self, xy: Floats) -> Floats:
        return np.column_stack(self._transformer.transform(xy[:, 0], xy[:, 1], direction="INVERSE"))


def _renoded(cells: Objects) -> Objects:
    """Return cells without the corners that lie nanometres apart, which rounding to degrees may turn over.

    What is no wider than that is no cell and is left out.
    """
    lines = shapely.union_all(shapely.boundary(cells), grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inside = shapely.point_on_surface(faces)
    face, cell = shapely.STRtree(cells).query(inside, "intersects")
    _, first = np.unique(face, return_index=True)
    face, cell = face[first], cell[first]
    return np.array([shapely.coverage_union_all(faces[face[cell == k]]) for k in np.unique(cell)], dtype=object)


def _edges(outline: shapely.Geometry, drawn: shapely.Geometry) -> tuple[Floats, Floats]:
    """Return the edges of an outline in degrees and on the plane, (n, 2, 2) both, the lesser end first."""
    rings = shapely.get_rings(shapely.get_parts(outline))
    lonlat, ring = shapely.get_coordinates(rings, return_index=True)
    xy = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(drawn)))
    start = np.flatnonzero(ring[1:] == ring[:-1])
    degrees, metres = (np.stack([each[start], each[start + 1]], axis=1) for each in (lonlat, xy))
    turned = (degrees[:, 0, 0] > degrees[:, 1, 0]) | (
        (degrees[:, 0, 0] == degrees[:, 1, 0]) & (degrees[:, 0, 1] > degrees[:, 1, 1])
    )
    degrees[turned], metres[turned] = degrees[turned][:, ::-1], metres[turned][:, ::-1]
    return degrees, metres


def _set_on_edges(lonlat: Floats, corners: Floats, degrees: Floats, metres: Floats) -> None:
    """Set the corners that lie on edges of the outline to those edges in degrees, in place."""
    tree = shapely.STRtree(np.asarray(shapely.linestrings(metres)))
    corner, edge = tree.query_nearest(shapely.points(corners), max_distance=ON_EDGE_M, all_matches=False)
    start, way = metres[edge, 0], metres[edge, 1] - metres[edge, 0]
    length_m = np.hypot(*way.T)
    along_m = ((corners[corner] - start) * way).sum(axis=1) / length_m
    along_m = np.where(along_m > length_m - STEP_M / 2, length_m, np.round(along_m / STEP_M) * STEP_M)
    share = np.clip(along_m / length_m, 0, 1)[:, None]
    lonlat[corner] = np.where(share == 1, degrees[edge, 1], degrees[edge, 0] * (1 - share) + degrees[edge, 1] * share)
