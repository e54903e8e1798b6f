"""Strips between parallel barriers go to the blocks beside them: verges, carriageways, the way along a wall."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.cells.options import CellOptions

Indices = NDArray[np.int64]
Objects = NDArray[np.object_]

_LONG = 0.5
"""A strip is less compact (4πA/P²) than this: a rectangle of more than four to one."""
_LONG_SIDE = 0.4
"""A strip lies along what it shares this much of its border with; a rectangle shares nearly half with each side."""


def blocks_of(faces: Objects, pairs: Indices, border_m: NDArray[np.float64], options: CellOptions) -> Indices:
    """Return for each face the block that it is of: itself, or for a strip the block along which it lies.

    Of strips side by side the one next to a block comes to it first, then the one next to both. A strip along which no
    block lies, or that would make its block larger than a cell may be, stays by itself.

    Parameters
    ----------
    pairs
        (n, 2): faces that share a border.
    border_m
        (n,): the length of that border.
    """
    area_m2, around_m = shapely.area(faces), shapely.length(faces)
    block = np.arange(len(faces))
    is_strip = (2 * area_m2 < options.strip_m * around_m) & (4 * np.pi * area_m2 < _LONG * around_m**2)
    one, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    shared_m = np.tile(border_m, 2)
    while True:
        along = np.flatnonzero(is_strip[one] & ~is_strip[other])
        ways, way = np.unique(np.column_stack([one[along], block[other[along]]]), axis=0, return_inverse=True)
        strip, beside = ways.T
        length_m = np.bincount(way.ravel(), shared_m[along], len(ways))
        fits = (length_m >= _LONG_SIDE * around_m[strip]) & (area_m2[beside] + area_m2[strip] <= options.most_m2)
        if not fits.any():
            return block
        strip, beside, length_m = strip[fits], beside[fits], length_m[fits]
        longest = np.lexsort((beside, -length_m, strip))
        chosen = longest[np.unique(strip[longest], return_index=True)[1]]
        strip, beside = strip[chosen], beside[chosen]
        block[strip], is_strip[strip] = beside, False
        np.add.at(area_m2, beside, area_m2[strip])
