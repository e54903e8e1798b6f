"""Reading kinds, posts, grids and their cells."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Select, Text, and_, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import area_frame, area_in_force, at_or_below, in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.crs import Extent
from gridmgmt.db import Session
from gridmgmt.editions.service import metric_crs
from gridmgmt.errors import NotFoundError
from gridmgmt.governance.queries import held, holds_on
from gridmgmt.responsibility.models import GridKind, GridMember, OfficerPost, ResponsibilityGrid
from gridmgmt.responsibility.rules import Rules

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class GridSummary:
    """A responsibility grid on a day; ``area_m2`` of its cells in force, on the ellipsoid."""

    code: str
    name: str
    kind: str
    post: str | None
    backup: str | None
    hours: Rules
    valid_from: date
    valid_to: date | None
    cells: int
    """How many cells it has on the day, those that are no cells any more among them."""
    area_m2: float


@dataclass(frozen=True)
class CellFacts:
    """A cell in force: its surface in m² on the ellipsoid and the quarter it lies in."""

    code: str
    area_m2: float
    parent_level: str | None
    parent_code: str | None


@dataclass(frozen=True)
class GridHistory:
    """All that a grid was called and who answered for it, and when which cell was in it."""

    grid: Sequence[ResponsibilityGrid]
    members: Sequence[GridMember] = field(default_factory=tuple)


def kinds(session: Session) -> Sequence[GridKind]:
    """Return all kinds by code."""
    return session.scalars(select(GridKind).order_by(GridKind.code)).all()


def kind_names(session: Session) -> Mapping[str, str]:
    """Return each name of a kind that a file may use, in lower case, and the code of the kind."""
    return {name.casefold(): kind.code for kind in kinds(session) for name in (kind.code, kind.name_zh, kind.name_en)}


def kind_of_code(session: Session, code: str) -> GridKind:
    """Return the kind of a code.

    Raises
    ------
    NotFoundError
        ``grid_kind_unknown``.
    """
    found = session.get(GridKind, code)
    if found is None:
        known = ", ".join(kind.code for kind in kinds(session))
        raise NotFoundError("grid_kind_unknown", field="kind", value=code, known=known)
    return found


def posts(session: Session, on: date, *, kind: str | None = None) -> Sequence[OfficerPost]:
    """Return the posts of a day by code."""
    statement = select(OfficerPost).where(holds_on(OfficerPost, on)).order_by(OfficerPost.code)
    if kind is not None:
        statement = statement.where(OfficerPost.kind == kind)
    return session.scalars(statement).all()


def post_on(session: Session, code: str, on: date) -> OfficerPost:
    """Return the post of a code on a day.

    Raises
    ------
    NotFoundError
        ``post_unknown``.
    """
    found = held(session, OfficerPost, on, OfficerPost.code == code)
    if found is None:
        raise NotFoundError("post_unknown", field="post", value=code, on=on)
    return found


def grid_on(session: Session, code: str, on: date) -> ResponsibilityGrid:
    """Return the grid of a code on a day.

    Raises
    ------
    NotFoundError
        ``grid_unknown``.
    """
    found = held(session, ResponsibilityGrid, on, ResponsibilityGrid.code == code)
    if found is None:
        raise NotFoundError("grid_unknown", field="grid", value=code, on=on)
    return found


def grid_rows(session: Session, on: date, *, kind: str | None = None) -> Sequence[ResponsibilityGrid]:
    """Return what is said of the grids of a day, all or of one kind, by code."""
    statement = select(ResponsibilityGrid).where(holds_on(ResponsibilityGrid, on)).order_by(ResponsibilityGrid.code)
    return session.scalars(statement if kind is None else statement.where(ResponsibilityGrid.kind == kind)).all()


def grids(
    session: Session, on: date, *, kind: str | None = None, code: str | None = None, cell: str | None = None
) -> list[GridSummary]:
    """Return the grids of a day by kind and code, of one kind, of one code, or those that hold a cell."""
    grid = ResponsibilityGrid
    of_grid = and_(GridMember.grid_code == grid.code, holds_on(GridMember, on))
    in_force = and_(Area.code == GridMember.cell_code, Area.level == AreaLevel.GRID_CELL, in_force_on(on))
    statement = (
        select(grid, func.count(GridMember.member_id), func.coalesce(func.sum(Area.area_m2), 0.0))
        .outerjoin(GridMember, of_grid)
        .outerjoin(Area, in_force)
        .where(holds_on(grid, on))
        .group_by(grid.grid_id)
        .order_by(grid.kind, grid.code)
    )
    if kind is not None:
        statement = statement.where(grid.kind == kind)
    if code is not None:
        statement = statement.where(grid.code == code)
    if cell is not None:
        holding = select(GridMember.grid_code).where(GridMember.cell_code == cell, holds_on(GridMember, on))
        statement = statement.where(grid.code.in_(holding))
    return [_summary(row, cells, area_m2) for row, cells, area_m2 in session.execute(statement)]


def grid_summary(session: Session, code: str, on: date) -> GridSummary:
    """Return one grid on a day.

    Raises
    ------
    NotFoundError
        ``grid_unknown``.
    """
    found = grids(session, on, code=code)
    if not found:
        raise NotFoundError("grid_unknown", field="grid", value=code, on=on)
    return found[0]


def grid_of_cell(session: Session, kind: str, on: date) -> dict[str, str]:
    """Return the grid of each cell that is in one of a kind on a day, by the cell's code."""
    statement = select(GridMember.cell_code, GridMember.grid_code).where(
        GridMember.kind == kind, holds_on(GridMember, on)
    )
    return dict(session.execute(statement.order_by(GridMember.cell_code)).all())


def grids_of_cells(session: Session, cells: Collection[str], on: date) -> dict[str, dict[str, str]]:
    """Return the grids that each of some cells is in on a day, by code and kind; cells of none left out."""
    statement = select(GridMember.cell_code, GridMember.kind, GridMember.grid_code).where(
        GridMember.cell_code == any_(literal(list(cells), ARRAY(Text))), holds_on(GridMember, on)
    )
    found: dict[str, dict[str, str]] = {}
    for cell, kind, grid in session.execute(statement.order_by(GridMember.cell_code, GridMember.kind)):
        found.setdefault(cell, {})[kind] = grid
    return found


def cells_of_grid(session: Session, code: str, on: date) -> list[str]:
    """Return the codes of the cells of a grid on a day."""
    statement = select(GridMember.cell_code).where(GridMember.grid_code == code, holds_on(GridMember, on))
    return list(session.scalars(statement.order_by(GridMember.cell_code)))


def history(session: Session, code: str) -> GridHistory:
    """Return the history of a grid, the oldest first.

    Raises
    ------
    NotFoundError
        ``grid_unknown`` when the code was never used.
    """
    rows = session.scalars(
        select(ResponsibilityGrid)
        .where(ResponsibilityGrid.code == code)
        .order_by(ResponsibilityGrid.valid_from, ResponsibilityGrid.grid_id)
    ).all()
    if not rows:
        raise NotFoundError("grid_unknown", field="grid", value=code, on="—")
    members = select(GridMember).where(GridMember.grid_code == code)
    return GridHistory(rows, session.scalars(members.order_by(GridMember.valid_from, GridMember.cell_code)).all())


def cells_in_force(session: Session, on: date, codes: Collection[str] | None = None) -> dict[str, CellFacts]:
    """Return the cells in force on a day by code, all or those of some codes."""
    columns = (Area.code, Area.area_m2, Area.parent_level, Area.parent_code)
    statement = select(*columns).where(Area.level == AreaLevel.GRID_CELL, in_force_on(on)).order_by(Area.code)
    if codes is not None:
        statement = statement.where(Area.code == any_(literal(list(codes), ARRAY(Text))))
    return {row.code: CellFacts(*row) for row in session.execute(statement)}


def metric_cells(
    session: Session, on: date, area: str | None = None, *, near: Extent | None = None
) -> "gpd.GeoDataFrame":
    """Return cells in force on a day by code: all, those of an area, those near a box; in the folder's metric CRS.

    Columns ``code``, ``area_m2`` (on the ellipsoid), ``parent_level``, ``parent_code`` and the geometry.

    Raises
    ------
    NotFoundError
        ``area_unknown``, ``no_cells``.
    """
    within = None if area is None else area_in_force(session, area, on).area_id
    cells = area_frame(session, on, within=within, levels=[AreaLevel.GRID_CELL], near=near)
    if cells.empty:
        raise NotFoundError("no_cells", area=area or "—", on=on)
    return cells.sort_values("code", ignore_index=True).to_crs(metric_crs(session))


def cell_count(session: Session, on: date, area: str) -> int:
    """Return how many cells of an area are in force on a day.

    Raises
    ------
    NotFoundError
        ``area_unknown``.
    """
    within = area_in_force(session, area, on).area_id
    cells = select(func.count()).where(Area.area_id.in_(at_or_below(within, on)), Area.level == AreaLevel.GRID_CELL)
    return session.scalar(cells) or 0


def parents_of_areas(session: Session, on: date) -> dict[tuple[str, str], tuple[str, str]]:
    """Return level and code of the area above each area in force on a day but the cells, by its level and code."""
    statement = select(Area.level, Area.code, Area.parent_level, Area.parent_code).where(
        in_force_on(on), Area.level != AreaLevel.GRID_CELL, Area.parent_code.is_not(None)
    )
    found = session.execute(statement)
    return {(level, code): (above or "", holder or "") for level, code, above, holder in found}


def grid_geojson(session: Session, code: str, on: date) -> dict[str, Any] | None:
    """Return the union of a grid's cells in force as a GeoJSON geometry with 7 decimals, None where it has none."""
    text = session.scalar(select(func.ST_AsGeoJSON(func.ST_Union(Area.geom), 7)).where(*_cells_of(code, on)))
    return None if text is None else cast("dict[str, Any]", json.loads(text))


def _cells_of(code: str, on: date) -> tuple[Any, ...]:  # Any: conditions of many forms
    members: Select[str] = select(GridMember.cell_code).where(GridMember.grid_code == code, holds_on(GridMember, on))
    return Area.level == AreaLevel.GRID_CELL, in_force_on(on), Area.code.in_(members)


def _summary(row: ResponsibilityGrid, cells: int, area_m2: float) -> GridSummary:
    return GridSummary(
        code=row.code,
        name=row.name,
        kind=row.kind,
        post=row.post_code,
        backup=row.backup_code,
        hours=row.hours,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        cells=cells,
        area_m2=area_m2,
    )
