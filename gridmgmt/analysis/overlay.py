"""Divisions of the same land laid over each other: faces that no border crosses, and which grids belong together.

All borders are noded once and closed to faces (planar overlay, as in M. de Berg et al., Computational Geometry, ch. 2),
so faces share their vertices and their surfaces on the ellipsoid add up to the land. A division may leave gaps and
overlap itself: a face is held by any number of grids of each department.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.sparse import csr_array

from gridmgmt.analysis.boundaries import LEAST_M2, SAME_PLACE_DEG, merge, surface_of
from gridmgmt.analysis.ellipsoid import areas_m2

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]
Objects = NDArray[np.object_]

NONE, SEVERAL = -1, -2
"""Stand for no grid of a department on a face, and for more than one."""
MATCHED_FROM_RATIO = 0.5
"""Grids are the same at heart only where so much of the smaller one lies in the other."""


@dataclass(frozen=True)
class Faces:
    """Pieces of land that no border crosses, and the grids that hold them.

    Parameters
    ----------
    surfaces
        Polygons in degrees (EPSG:4326), shape ``(f,)``, from west to east, then from north to south.
    area_m2
        Their surfaces on the ellipsoid.
    face, grid
        Which grid holds which face, by number, in the order of faces and then of grids.
    n_grids
        How many grids there are.
    """

    surfaces: Objects
    area_m2: Floats
    face: Indices
    grid: Indices
    n_grids: int

    def __len__(self) -> int:
        return len(self.surfaces)

    @cached_property
    def holders(self) -> csr_array:
        """Which grids hold which faces, as a matrix ``(f, n)`` of ones."""
        shape = (len(self), self.n_grids)
        return csr_array((np.ones(len(self.face)), (self.face, self.grid)), shape=shape)

    @cached_property
    def held(self) -> Mask:
        """Tell which faces any grid holds."""
        counted: Mask = np.bincount(self.face, minlength=len(self)) > 0
        return counted

    @cached_property
    def common_m2(self) -> csr_array:
        """Land that two grids have in common, as a symmetric matrix ``(n, n)`` in m²; a grid's own in the diagonal."""
        weighted = self.holders.multiply(self.area_m2[:, None])
        return csr_array(self.holders.T @ weighted)


def faces_of(grids: Objects, within: shapely.Geometry | None = None) -> Faces:
    """Return the faces into which the borders of grids cut the land.

    Parameters
    ----------
    grids
        Valid surfaces in degrees (EPSG:4326); they may overlap and leave gaps.
    within
        Only the faces inside this surface, whose border cuts too. Without it, land that is enclosed by grids and held
        by none is a face as well.
    """
    borders = shapely.boundary(grids)
    if within is not None:
        borders = np.array([*borders[shapely.intersects(grids, within)], shapely.boundary(within)], dtype=object)
    found = shapely.get_parts(shapely.polygonize([shapely.union_all(borders)]))
    inside = _inside(found)
    if within is not None:
        shapely.prepare(within)
        kept = shapely.intersects(within, inside)
        found, inside = found[kept], inside[kept]
    box = shapely.bounds(found)
    order = np.lexsort([-box[:, 3], box[:, 0]])
    found, inside = found[order], inside[order]
    face, grid = shapely.STRtree(grids).query(inside, predicate="intersects")
    area_m2 = areas_m2(found)
    face, grid = _settled(found, area_m2, face.astype(np.int64), grid.astype(np.int64))
    return Faces(found, area_m2, face, grid, len(grids))


def _inside(surfaces: Objects) -> Objects:
    """Return a point well inside each polygon; in a spike a point between two edges may be rounded onto one of them."""
    points = shapely.point_on_surface(surfaces)
    near = shapely.distance(shapely.boundary(surfaces), points) < SAME_PLACE_DEG
    for k in np.flatnonzero(near | ~shapely.contains(surfaces, points)):
        triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(surfaces[k]))
        points[k] = shapely.centroid(triangles[np.argmax(shapely.area(triangles))])
    return np.asarray(points, dtype=object)


def _settled(surfaces: Objects, area_m2: Floats, face: Indices, grid: Indices) -> tuple[Indices, Indices]:
    """Return who holds which face, in order; what is rounding and no land is held like the land along most of it.

    A point cannot tell on which side of a line it lies that is thinner than the rounding of its coordinates.
    """
    rounding = area_m2 < LEAST_M2
    own = ~rounding[face]
    pairs = [np.column_stack([face[own], grid[own]])]
    small = np.flatnonzero(rounding)
    thin, beside = shapely.STRtree(surfaces).query(surfaces[small], predicate="intersects")
    land = ~rounding[beside]
    thin, beside = thin[land], beside[land]
    along = shapely.length(shapely.intersection(surfaces[small[thin]], shapely.boundary(surfaces[beside])))
    for k in np.unique(thin):
        here = np.flatnonzero(thin == k)
        holders = grid[face == beside[here[np.argmax(along[here])]]]
        pairs.append(np.column_stack([np.full(len(holders), small[k]), holders]))
    found = np.concatenate(pairs)
    found = found[np.lexsort([found[:, 1], found[:, 0]])]
    return found[:, 0], found[:, 1]


def cores_of(faces: Faces, department: Indices) -> Indices:
    """Return for each grid the number of the core that it belongs to, in the order of each core's first grid.

    Two grids of different departments may be one when at least :data:`MATCHED_FROM_RATIO` of the smaller one is common
    land. They are joined in the order of their common land, the most first, unless a core would get two grids of one
    department: so each two that are joined are each other's best of those that are left (a greedy matching), and each
    core has at most one of each. A grid without a match is a core of its own.

    Parameters
    ----------
    department
        The department of each grid, by number, ``(n,)``.
    """
    core = np.arange(faces.n_grids)
    members = [{int(each)} for each in department]
    for one, other in _matches(faces, department):
        low, high = sorted((int(core[one]), int(core[other])))
        if low == high or members[low] & members[high]:
            continue
        core[core == high] = low
        members[low] |= members[high]
    return np.asarray(np.unique(core, return_inverse=True)[1], dtype=np.int64)


def _matches(faces: Faces, department: Indices) -> list[tuple[int, int]]:
    """Return the pairs of grids that may be one, those with most common land first."""
    common = faces.common_m2.tocoo()
    one, other = (np.asarray(each, dtype=np.int64) for each in common.coords)
    land_m2, own_m2 = np.asarray(common.data), faces.common_m2.diagonal()
    apart = (one < other) & (department[one] != department[other]) & (land_m2 >= LEAST_M2)
    apart &= land_m2 >= MATCHED_FROM_RATIO * np.minimum(own_m2[one], own_m2[other])
    one, other, land_m2 = one[apart], other[apart], land_m2[apart]
    order = np.lexsort([other, one, -land_m2])
    return list(zip(one[order].tolist(), other[order].tolist(), strict=True))


def assignments(faces: Faces, department: Indices, core: Indices, n_departments: int) -> Indices:
    """Return the core to which each department assigns each face, ``(f, d)``; :data:`NONE` or :data:`SEVERAL`."""
    assigned = np.full((len(faces), n_departments), NONE, dtype=np.int64)
    of = department[faces.grid]
    assigned[faces.face, of] = core[faces.grid]
    times = np.zeros_like(assigned)
    np.add.at(times, (faces.face, of), 1)
    assigned[times > 1] = SEVERAL
    return assigned


def votes_of(faces: Faces, department: Indices, core: Indices) -> Floats:
    """Return how many departments assign each face to each core, ``(f, cores)``.

    A department with several grids on a face gives each its part of one vote.
    """
    of = department[faces.grid]
    times = np.zeros((len(faces), int(department.max(initial=-1)) + 1))
    np.add.at(times, (faces.face, of), 1)
    votes = np.zeros((len(faces), int(core.max(initial=-1)) + 1))
    np.add.at(votes, (faces.face, core[faces.grid]), 1 / times[faces.face, of])
    return votes


def narrow(surfaces: Objects, to_plane: Transformer, width_m: float) -> Mask:
    """Tell which surfaces, in degrees, are nowhere as wide as this: what is left when half of it is taken on each side.

    Parameters
    ----------
    to_plane
        From degrees to metres.
    """
    plane = shapely.transform(surfaces, lambda xy: np.column_stack(to_plane.transform(xy[:, 0], xy[:, 1])))
    return np.asarray(shapely.is_empty(shapely.buffer(plane, -width_m / 2, join_style="mitre")), dtype=bool)


def mean_width_m(surfaces: Objects, to_plane: Transformer) -> Floats:
    """Return the lesser side, in metres, of the rectangle with the same surface and the same length of border.

    What is rounder than a square has none; of that, the side of the square with its border is told.
    """
    plane = shapely.transform(surfaces, lambda xy: np.column_stack(to_plane.transform(xy[:, 0], xy[:, 1])))
    mean_side = shapely.length(plane) / 4
    return np.asarray(mean_side - np.sqrt(np.maximum(mean_side**2 - shapely.area(plane), 0)), dtype=np.float64)


def dissolved(surfaces: Objects, group: Indices, n_groups: int, *, noded: bool) -> Objects:
    """Return the union of the surfaces of each group as multipolygons.

    Parameters
    ----------
    noded
        Neighbours share their vertices, as faces do. Cells need not: a vertex of one may lie on an edge of another.
    """
    found = np.empty(n_groups, dtype=object)
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(n_groups + 1))
    for k in range(n_groups):
        members = surfaces[order[ends[k] : ends[k + 1]]]
        found[k] = surface_of(shapely.coverage_union_all(members)) if noded else merge(list(members))
    return found
