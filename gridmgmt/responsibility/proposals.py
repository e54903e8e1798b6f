"""A division of the same grids that shares the workload more evenly, each grid in one piece."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.adjacency import neighbour_pairs
from gridmgmt.analysis.balance import balanced, least_max_over_mean, neighbour_lists
from gridmgmt.db import Session
from gridmgmt.errors import InputError
from gridmgmt.responsibility.queries import grid_of_cell, grid_rows, kind_of_code, parents_of_areas
from gridmgmt.responsibility.workload import CellLoads, Weights, Workload, cell_loads, summed
from gridmgmt.statistics.rules import Period

Keep = Literal["residential_quarter", "town", "district"]
"""The level of areas whose borders no grid may cross."""


@dataclass(frozen=True)
class CellMove:
    """A cell that the proposal takes out of a grid, or out of none, and puts into another."""

    cell: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Proposal:
    """The workload before and after, and the cells that change.

    ``least_max_over_mean`` is what the largest load over the mean cannot be less than: a single cell may be heavier
    than a grid should be.
    """

    before: Workload
    after: Workload
    moves: tuple[CellMove, ...]
    least_max_over_mean: float | None

    @property
    def wanted(self) -> dict[str, str]:
        """The new grid of each cell that changes, as :func:`gridmgmt.responsibility.grids.move_cells` takes it."""
        return {move.cell: move.after for move in self.moves}


def propose(
    session: Session,
    kind: str,
    on: date,
    *,
    area: str | None = None,
    period: Period | None = None,
    weights: Weights | None = None,
    keep: Keep = "town",
    most_moves: int | None = None,
) -> Proposal:
    """Return a division of the present grids of a kind whose loads are at least as even, see :func:`balanced`.

    Nothing is stored. Cells of no grid come into one beside them.

    Parameters
    ----------
    area
        Only the cells in the area of this code.
    keep
        No grid crosses a border of areas of this level.
    most_moves
        Only so many cells change their grid, besides those of no grid and the loose pieces of grids.

    Raises
    ------
    NotFoundError
        ``grid_kind_unknown``, ``area_unknown``, ``no_cells``.
    InputError
        ``no_grids`` when no cell is in a grid; ``cells_out_of_reach``; ``weights_impossible``.
    """
    kind_of_code(session, kind)
    weights = weights or Weights()
    loads = cell_loads(session, on, area=area, period=period)
    grid_of, names = grid_of_cell(session, kind, on), {g.code: g.name for g in grid_rows(session, on, kind=kind)}
    codes = loads.cells["code"].tolist()
    present = [grid_of.get(code) for code in codes]
    grids = sorted({grid for grid in present if grid is not None})
    if not grids:
        raise InputError("no_grids", kind=kind, on=on)
    number = {grid: i for i, grid in enumerate(grids)}
    district = np.array([-1 if grid is None else number[grid] for grid in present], dtype=np.int64)
    pairs = neighbour_pairs(loads.cells.geometry.to_numpy(), _groups(session, loads, on, keep))
    load, neighbours = loads.load(weights), neighbour_lists(len(codes), pairs)
    found = balanced(load, neighbours, district, most_moves=most_moves)
    after = [grids[i] for i in found.tolist()]
    report = summed(loads, present, names, weights, kind, on, area=area, period=period)
    moves = tuple(CellMove(code, old, new) for code, old, new in zip(codes, present, after, strict=True) if old != new)
    proposed = replace(summed(loads, [*after], names, weights, kind, on), area=area, period=period)
    return Proposal(report, proposed, moves, least_max_over_mean(load, neighbours, found))


def _groups(session: Session, loads: CellLoads, on: date, keep: Keep) -> NDArray[np.int64]:
    """Return the number of the area of a level that each cell lies in ``(n,)``."""
    above = parents_of_areas(session, on)
    number: dict[tuple[str, str] | None, int] = {}
    found = []
    for parent in zip(loads.cells["parent_level"], loads.cells["parent_code"], strict=True):
        place: tuple[str, str] | None = parent
        while place is not None and place[0] != keep:
            place = above.get(place)
        found.append(number.setdefault(place, len(number)))
    return np.array(found, dtype=np.int64)
