"""What a cell costs, in metres of border: the common measure of merging and of cutting.

A border that is on no barrier costs more than one that is on a barrier gains: in the ratio in which a metre of either
moves the share of border on barriers, when that share is about two thirds.
"""

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.cells.options import CellOptions

Floats = NDArray[np.float64]

OFF_BARRIER = 0.7
ON_BARRIER = 0.25
SMALL, LARGE, SIZE, EACH = 0.6, 1.8, 25.0, 59.0
SHAPE = 200.0
CUT = 2.5
_COMPACT, _STRAGGLING = 0.55, 0.3


def size_cost(area_m2: Floats, options: CellOptions) -> Floats:
    """Return what cells of these sizes cost."""
    target = options.target_m2
    small = np.maximum(SMALL * target - area_m2, 0) / (0.3 * target)
    large = np.maximum(area_m2 - LARGE * target, 0) / (0.5 * target)
    cost = SIZE * small**2 + SIZE * large**2 - EACH
    cost += np.where(area_m2 < 0.5 * target, 60.0, 0) + np.where(area_m2 > options.cut_above_m2, 60.0, 0)
    cost += np.where(area_m2 < options.least_m2, 200.0, 0) + np.where(area_m2 > options.most_m2, 1000.0, 0)
    return np.asarray(cost)


def shape_cost(area_m2: Floats, perimeter_m: Floats) -> Floats:
    """Return what cells cost for not being compact (Polsby and Popper: 4πA/P²)."""
    compactness = 4 * np.pi * area_m2 / np.maximum(perimeter_m, 1e-9) ** 2
    return np.asarray(
        SHAPE * np.maximum(_COMPACT - compactness, 0)
        + np.where(compactness < _STRAGGLING, 40.0, 0)
        + 300 * np.maximum(_STRAGGLING - compactness, 0)
    )


def pieces_cost(area_m2: Floats, options: CellOptions) -> Floats:
    """Return the least that land of these sizes can cost when it is cut into equal cells."""
    least = np.ceil(area_m2 / options.cut_above_m2)
    of_counts = []
    for count in (least, least + 1, least + 2):
        piece_m2 = area_m2 / count
        cuts_m = (count - 1) * CUT * np.sqrt(piece_m2)
        of_counts.append(count * size_cost(piece_m2, options) + OFF_BARRIER * cuts_m)
    return np.asarray(np.minimum.reduce(of_counts))
