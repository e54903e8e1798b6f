"""Places to which things come again and again: discs of one size around points, the fullest first.

Clusters that grow from point to point (DBSCAN) would run along whole streets where points lie denser than the reach.
A disc stays a place: everything in it lies within the reach of its centre.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class _Ground(NamedTuple):
    """Points in the order of their squares; those near a point are the three runs of its row in ``begins, ends``."""

    x: Floats
    y: Floats
    weight: Integers
    begins: Integers
    ends: Integers


def repeated_places(x: Floats, y: Floats, weight: Integers, group: Integers, *, reach: float, least: int) -> Integers:
    """Return the points that are centres of places, the fullest first; equal input gives equal output.

    A centre is the point with the greatest weight of its group within its reach, then that of what is left, and so on,
    so that each place has at least ``least`` that no place before it holds.

    Parameters
    ----------
    x, y
        Positions on a plane, ``(n,)``, in any unit; best different ones in each group.
    weight
        How many came to each point, ``(n,)``.
    group
        Only points of one group make a place, ``(n,)``, 0 and above.
    reach
        Greatest distance from the centre, itself included, in the unit of the positions.
    """
    if not len(x):
        return np.zeros(0, dtype=np.int64)
    column, row = (np.floor((each - each.min()) / reach).astype(np.int64) for each in (x, y))
    columns, rows = int(column.max()) + 3, int(row.max()) + 3  # one beside and one below belong to no other square
    square = (group * rows + row) * columns + column
    order = np.lexsort((y, x, square))
    in_order = square[order]
    around = in_order[:, None] + np.array([-columns, 0, columns])
    ground = _Ground(
        x[order],
        y[order],
        weight[order].astype(np.int64),
        np.searchsorted(in_order, around - 1, "left"),
        np.searchsorted(in_order, around + 1, "right"),
    )
    return np.asarray(order[_centres(ground, reach * reach, least)], dtype=np.int64)


@compiled
def _within(ground: _Ground, taken: NDArray[np.bool_], point: int, reach2: float) -> int:
    """Return the weight within the reach of a point that no place has taken."""
    found = 0
    for run in range(3):
        for other in range(ground.begins[point, run], ground.ends[point, run]):
            across, along = ground.x[other] - ground.x[point], ground.y[other] - ground.y[point]
            if not taken[other] and across * across + along * along <= reach2:
                found += ground.weight[other]
    return found


@compiled
def _centres(ground: _Ground, reach2: float, least: int) -> Integers:
    n = len(ground.x)
    taken = np.zeros(n, dtype=np.bool_)
    weights = np.empty(n, dtype=np.int64)
    for point in range(n):
        weights[point] = _within(ground, taken, point, reach2)
    # What is left around a point only shrinks: whoever has less than thought waits in a lower list.
    lists = np.full(weights.max() + 1, -1, dtype=np.int64)
    after = np.full(n, -1, dtype=np.int64)
    for point in range(n - 1, -1, -1):
        after[point] = lists[weights[point]]
        lists[weights[point]] = point
    centres = np.empty(n, dtype=np.int64)
    found = 0
    for full in range(len(lists) - 1, least - 1, -1):
        while lists[full] >= 0:
            point = lists[full]
            lists[full] = after[point]
            left = 0 if taken[point] else _within(ground, taken, point, reach2)
            if left == full:
                centres[found] = point
                found += 1
                for run in range(3):
                    for other in range(ground.begins[point, run], ground.ends[point, run]):
                        across, along = ground.x[other] - ground.x[point], ground.y[other] - ground.y[point]
                        if across * across + along * along <= reach2:
                            taken[other] = True
            elif left >= least:
                after[point] = lists[left]
                lists[left] = point
    return centres[:found]
