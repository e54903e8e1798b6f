"""Proposals that would make the areas of one level fit each other: nothing is changed here, and nobody's land silently.

The cleaning is GEOS's own (Martin Davis, JTS coverage cleaner): overlaps go to the area with the longest common border,
narrow gaps likewise, and borders that run along each other get the same vertices.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.boundaries import SAME_PLACE_DEG, surface_of
from gridmgmt.analysis.ellipsoid import area_m2

Objects = NDArray[np.object_]

_DEG_PER_M = 1 / 111_000
"""Of latitude; a gap from west to east counts as a little wider than it is."""


@dataclass(frozen=True)
class Proposal:
    """What one area would become: its place in the list, the new surface in degrees, the m² won and lost by it."""

    index: int
    surface: shapely.MultiPolygon
    gained_m2: float
    lost_m2: float


def propose_fix(surfaces: Objects, gap_width_m: float) -> list[Proposal]:
    """Return new surfaces for the areas of one level that would have to change; the others stay to the last bit.

    Parameters
    ----------
    surfaces
        Valid surfaces of one level, in degrees (EPSG:4326).
    gap_width_m
        Enclosed gaps narrower than this are given to a neighbour; wider ones, and those open to the outside, stay.
    """
    if not len(surfaces):
        return []
    cleaned = shapely.coverage_clean(  # type: ignore[attr-defined]  # of shapely 2.2, which its stubs do not know yet
        surfaces, gap_width=gap_width_m * _DEG_PER_M, snapping_distance=SAME_PLACE_DEG
    )
    before, after = shapely.normalize(surfaces), [surface_of(each) for each in cleaned]
    changed = ~shapely.equals_identical(_multi(before), shapely.normalize(np.array(after, dtype=object)))
    return [_proposal(int(k), surfaces[k], after[k]) for k in np.flatnonzero(changed)]


def _multi(surfaces: Objects) -> Objects:
    return np.array([surface_of(each) for each in surfaces], dtype=object)


def _proposal(index: int, old: shapely.Geometry, new: shapely.MultiPolygon) -> Proposal:
    gained, lost = area_m2(shapely.difference(new, old)), area_m2(shapely.difference(old, new))
    return Proposal(index, new, gained, lost)
