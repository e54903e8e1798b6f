"""Whether on a day every cell is in a grid, and every grid is whole, has its posts and keeps the hours laid down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from gridmgmt.analysis.adjacency import neighbour_pairs
from gridmgmt.analysis.balance import neighbour_lists, pieces_of
from gridmgmt.db import Session
from gridmgmt.hours import text_of_span
from gridmgmt.responsibility.models import ResponsibilityGrid
from gridmgmt.responsibility.queries import (
    grid_of_cell,
    grid_rows,
    kind_of_code,
    metric_cells,
    posts,
)
from gridmgmt.responsibility.rules import Rules, check_hours


@dataclass(frozen=True)
class Gone:
    """A cell of a grid that is no cell of the day."""

    cell: str
    grid: str


@dataclass(frozen=True)
class InPieces:
    """A grid whose cells do not all lie beside each other, as the codes of each piece."""

    grid: str
    pieces: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class OffDuty:
    """The stretches of the week that the kind lays down and a grid does not keep."""

    grid: str
    spans: tuple[str, ...]
    minutes: int


@dataclass(frozen=True)
class Cover:
    """What is wrong with the grids of a kind on a day; nothing where all lists are empty.

    Parameters
    ----------
    without_post, without_backup
        Grids that name none, or one that does not hold on the day.
    idle_posts
        Posts of the kind that no grid names, neither as its post nor as its backup.
    """

    kind: str
    on: date
    cells: int
    grids: int
    without_grid: tuple[str, ...]
    gone: tuple[Gone, ...]
    in_pieces: tuple[InPieces, ...]
    without_cells: tuple[str, ...]
    without_post: tuple[str, ...]
    without_backup: tuple[str, ...]
    idle_posts: tuple[str, ...]
    off_duty: tuple[OffDuty, ...]

    @property
    def findings(self) -> int:
        """How many things are wrong."""
        return sum(map(len, (getattr(self, name) for name in FINDINGS)))


FINDINGS = (
    "without_grid",
    "gone",
    "in_pieces",
    "without_cells",
    "without_post",
    "without_backup",
    "idle_posts",
    "off_duty",
)
"""The lists of findings, in the order in which they are told."""


def cover_check(session: Session, kind: str, on: date) -> Cover:
    """Return what is wrong with the grids of a kind on a day, by codes.

    Two cells are beside each other where they share a border, see :mod:`gridmgmt.analysis.adjacency`.

    Raises
    ------
    NotFoundError
        ``grid_kind_unknown``; ``no_cells`` when no cell is in force.
    """
    required = kind_of_code(session, kind).required_hours
    cells = metric_cells(session, on)
    codes = cells["code"].tolist()
    grid_of, grids = grid_of_cell(session, kind, on), grid_rows(session, on, kind=kind)
    held = {post.code for post in posts(session, on, kind=kind)}
    named = {code for grid in grids for code in (grid.post_code, grid.backup_code)}
    in_force = set(codes)
    return Cover(
        kind=kind,
        on=on,
        cells=len(codes),
        grids=len(grids),
        without_grid=tuple(code for code in codes if code not in grid_of),
        gone=tuple(Gone(cell, grid) for cell, grid in grid_of.items() if cell not in in_force),
        in_pieces=_in_pieces(codes, cells.geometry.to_numpy(), grid_of),
        without_cells=tuple(g.code for g in grids if g.code not in {grid_of[c] for c in grid_of.keys() & in_force}),
        without_post=tuple(grid.code for grid in grids if grid.post_code not in held),
        without_backup=tuple(grid.code for grid in grids if grid.backup_code not in held),
        idle_posts=tuple(sorted(held - named)),
        off_duty=_off_duty(grids, required),
    )


def _in_pieces(codes: Sequence[str], geometry: np.ndarray, grid_of: dict[str, str]) -> tuple[InPieces, ...]:
    members: dict[str, list[int]] = {}
    for i, code in enumerate(codes):
        if code in grid_of:
            members.setdefault(grid_of[code], []).append(i)
    group = np.arange(len(codes)) - len(codes)  # cells without a grid are no neighbours of each other
    for number, units in enumerate(members.values()):
        group[units] = number
    neighbours = neighbour_lists(len(codes), neighbour_pairs(geometry, group))
    found = []
    for grid, units in sorted(members.items()):
        pieces = pieces_of(units, neighbours)
        if len(pieces) > 1:
            found.append(InPieces(grid, tuple(tuple(codes[i] for i in piece) for piece in pieces)))
    return tuple(found)


def _off_duty(grids: Sequence[ResponsibilityGrid], required: Rules | None) -> tuple[OffDuty, ...]:
    if not required:
        return ()
    wanted = check_hours(required)
    left = ((grid.code, wanted.without(check_hours(grid.hours))) for grid in grids)
    return tuple(
        OffDuty(code, tuple(map(text_of_span, hours.spans)), hours.minutes) for code, hours in left if hours.spans
    )
