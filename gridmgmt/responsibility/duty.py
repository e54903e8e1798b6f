"""Who answers for a place at a moment: what the routing of cases asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from gridmgmt.areas.queries import areas_at
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.responsibility.queries import cells_in_force, grids, posts
from gridmgmt.responsibility.rules import check_hours


@dataclass(frozen=True)
class PostName:
    """A post of a body by its office."""

    code: str
    name: str
    body: str


@dataclass(frozen=True)
class Responsible:
    """The grid of one kind that holds a cell, its posts as far as they hold on the day, and whether it is on duty.

    ``on_duty`` is None where nothing is said of the hours.
    """

    kind: str
    grid: str
    name: str
    post: PostName | None
    backup: PostName | None
    on_duty: bool | None


@dataclass(frozen=True)
class WhoIsResponsible:
    """Who answers for a cell on the day of a moment, by kind; ``cell`` is None where no cell lies."""

    cell: str | None
    on: date
    kinds: Mapping[str, Responsible]


def who_is_responsible(
    session: Session, at: datetime, *, cell: str | None = None, lonlat: tuple[float, float] | None = None
) -> WhoIsResponsible:
    """Return who answers for a cell, or for a position in WGS 84 degrees, at a moment (aware).

    The grids of the district's own day count; on a border of cells the one with the lower code.

    Raises
    ------
    InputError
        ``cell_or_position`` unless exactly one of the two is given; when the position cannot be one.
    NotFoundError
        ``cell_unknown`` when no cell of that code is in force on the day.
    """
    on = local_date(at)
    if (cell is None) == (lonlat is None):
        raise InputError("cell_or_position")
    if lonlat is not None:
        cell = next((a.code for a in areas_at(session, *lonlat, on) if a.level == AreaLevel.GRID_CELL), None)
    elif cell is not None and cell not in cells_in_force(session, on, [cell]):
        raise NotFoundError("cell_unknown", value=cell, on=on)
    if cell is None:
        return WhoIsResponsible(None, on, {})
    known = {post.code: PostName(post.code, post.name, post.body) for post in posts(session, on)}
    found = {
        grid.kind: Responsible(
            kind=grid.kind,
            grid=grid.code,
            name=grid.name,
            post=known.get(grid.post or ""),
            backup=known.get(grid.backup or ""),
            on_duty=check_hours(grid.hours).on_duty(at) if grid.hours else None,
        )
        for grid in grids(session, on, cell=cell)
    }
    return WhoIsResponsible(cell, on, found)
