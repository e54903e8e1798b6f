"""The cells of many quarters, in several processes."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.analysis.cells.drawing import cells_of
from gridmgmt.analysis.cells.options import CellOptions

_DEFAULT = CellOptions()
Objects = NDArray[np.object_]


def of_quarters(
    outlines: Sequence[shapely.Polygon | shapely.MultiPolygon],
    barriers: NDArray[np.object_],
    *,
    options: CellOptions = _DEFAULT,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Objects]:
    """Return the cells of each outline, the same whatever the number of processes.

    Parameters
    ----------
    processes
        How many at once; as many as there are processors by default, 1 for this process alone.
    progress
        Called with the number of outlines done and of all, after each.
    cancelled
        Asked after each outline; when it says yes the work ends.

    Raises
    ------
    concurrent.futures.CancelledError
        When ``cancelled`` said yes.
    """
    tree = shapely.STRtree(barriers)
    tasks = [(outline, barriers[np.sort(tree.query(outline))], options) for outline in outlines]
    found: list[Objects] = []

    def take(cells: Objects) -> None:
        found.append(cells)
        if progress is not None:
            progress(len(found), len(tasks))
        if cancelled is not None and cancelled():
            raise CancelledError

    workers = min(processes or os.cpu_count() or 1, len(tasks))
    if workers <= 1:
        for task in tasks:
            take(_drawn(task))
        return found
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            for cells in pool.map(_drawn, tasks, chunksize=1):
                take(cells)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def _drawn(task: tuple[shapely.Polygon | shapely.MultiPolygon, Objects, CellOptions]) -> Objects:
    outline, barriers, options = task
    return cells_of(outline, barriers, options=options)
