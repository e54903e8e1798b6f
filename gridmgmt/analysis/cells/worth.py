"""What a cell costs, in metres of border: the common measure of merging and of cutting.

Borders on barriers are a gain, others cost more: the share of border on barriers rises by dropping three metres of the
first for one of the second, when it is about three quarters. All other weights are in sides of a square of the target
size, so that the cells of another target look alike; they were chosen on the streets of Porto, Shanghai and Wuhan.
"""

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.cells.options import CellOptions

Floats = NDArray[np.float64]

OFF_BARRIER, ON_BARRIER = 0.7, 0.2
"""Cost and gain of a metre of border."""
EACH = 0.58
"""Gain of a cell more: without it the largest cells allowed would be the cheapest."""
SMALL, LARGE = 0.6, 1.8
"""Sizes between these, in targets, are equally good; the cost beyond grows with the square."""
SIZE = 0.25
HALF_OR_TWICE, TOO_SMALL, TOO_LARGE = 0.6, 2.0, 10.0
"""Costs of a cell below half the target or above what is cut; below the least; above the most."""
SHAPE, STRAGGLING, MORE_STRAGGLING = 2.0, 0.4, 3.0
COMPACT, STRAGGLES = 0.55, 0.3
"""A cell less compact than the first begins to cost, below the second it costs at once and more."""
CUT = 2.5
"""Length of a cut to come, in sides of the cells that it makes; long, so that large blocks get few cuts."""


def size_cost(area_m2: Floats, options: CellOptions) -> Floats:
    """Return what cells of these sizes cost."""
    targets = area_m2 / options.target_m2
    small, large = np.maximum(SMALL - targets, 0) / 0.3, np.maximum(targets - LARGE, 0) / 0.5
    cost = SIZE * (small**2 + large**2) - EACH
    cost += HALF_OR_TWICE * ((targets < 0.5) | (area_m2 > options.cut_above_m2))
    cost += TOO_SMALL * (area_m2 < options.least_m2) + TOO_LARGE * (area_m2 > options.most_m2)
    return np.asarray(cost * options.side_m)


def shape_cost(area_m2: Floats, perimeter_m: Floats, options: CellOptions) -> Floats:
    """Return what cells cost for not being compact (Polsby and Popper 1991: 4πA/P²)."""
    compactness = 4 * np.pi * area_m2 / np.maximum(perimeter_m, 1e-9) ** 2
    cost = SHAPE * np.maximum(COMPACT - compactness, 0) + MORE_STRAGGLING * np.maximum(STRAGGLES - compactness, 0)
    return np.asarray((cost + STRAGGLING * (compactness < STRAGGLES)) * options.side_m)


def pieces_cost(area_m2: Floats, options: CellOptions) -> Floats:
    """Return the least that land of these sizes can cost when it is cut into equal cells."""
    least = np.ceil(area_m2 / options.cut_above_m2)
    of_counts = []
    for count in (least, least + 1, least + 2):
        piece_m2 = area_m2 / count
        cuts_m = (count - 1) * CUT * np.sqrt(piece_m2)
        of_counts.append(count * size_cost(piece_m2, options) + OFF_BARRIER * cuts_m)
    return np.asarray(np.minimum.reduce(of_counts))
