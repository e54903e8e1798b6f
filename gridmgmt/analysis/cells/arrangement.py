"""A planar arrangement: lines noded with an outline, the faces between them, and the borders that faces share.

Everything comes from one noding, so neighbours have the same vertices to the last bit.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Objects = NDArray[np.object_]


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
    xy, index = shapely.get_coordinates(lines, return_index=True)
    start = np.flatnonzero(index[1:] == index[:-1])
    return np.hstack([xy[start], xy[start + 1]])


def lines_from(ends: Floats) -> Objects:
    """Return segments (n, 4) as lines."""
    return np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)), dtype=object)


def node(lines: Objects) -> Objects:
    """Return the lines cut wherever they meet, each stretch once."""
    return np.asarray(shapely.get_parts(shapely.union_all(lines)), dtype=object)


def arrange(noded: Objects, outline: shapely.Polygon) -> Arrangement:
    """Return the faces that noded lines make of an outline, whose rings are among the lines."""
    faces = np.asarray(shapely.get_parts(shapely.polygonize(noded)), dtype=object)
    if len(shapely.get_rings(outline)) > 1:
        shapely.prepare(outline)
        faces = faces[shapely.contains(outline, shapely.point_on_surface(faces))]
    return arrangement_of(faces)


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
