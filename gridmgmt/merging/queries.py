"""Reading grids of departments, the ground they lie on, and merges."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import numpy as np
import pyproj
import shapely
from geoalchemy2.shape import to_shape
from numpy.typing import NDArray
from sqlalchemy import Select, func, select, tuple_

from gridmgmt.areas.queries import area_frame, area_in_force
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import in_force_on
from gridmgmt.editions.rules import Extent, Subject
from gridmgmt.editions.service import metric_crs
from gridmgmt.errors import ConflictError, NotFoundError
from gridmgmt.frames import geometries, read_table
from gridmgmt.merging.comparison import Grids, Ground, Points
from gridmgmt.merging.models import DepartmentGrid, GridMerge, MergeConflict
from gridmgmt.merging.rules import MERGED, MergeAsk
from gridmgmt.population.queries import places
from gridmgmt.statistics.queries import counted_points, lonlat_of
from gridmgmt.statistics.rules import CountedSubject

_NAMED = 5


@dataclass(frozen=True)
class Department:
    """A department with grids in force: its editions and what they hold."""

    department: str
    name: str | None
    editions: tuple[str, ...]
    grids: int
    area_m2: float
    sources: tuple[str, ...]
    synthetic: bool


@dataclass(frozen=True)
class GridSummary:
    """One grid of a department without its geometry; the box is (west, south, east, north) in degrees."""

    grid_id: int
    department: str
    edition: str
    code: str
    name: str | None
    attributes: dict[str, Any]
    cells: list[str] | None
    area_m2: float
    valid_from: date
    valid_to: date | None
    bbox: tuple[float, float, float, float]


def departments(session: Session, on: date) -> list[Department]:
    """Return the departments with grids in force on a day, merged editions among them as ``merged``."""
    statement = (
        select(
            Edition.part,
            func.max(Edition.details["department_name"].astext),
            func.array_agg(Edition.name.distinct()),
            func.count(DepartmentGrid.grid_id),
            func.coalesce(func.sum(DepartmentGrid.area_m2), 0.0),
            func.array_agg(Edition.source.distinct()),
            func.bool_or(Edition.synthetic),
        )
        .join(DepartmentGrid, DepartmentGrid.edition_id == Edition.edition_id)
        .where(Edition.subject == Subject.DEPARTMENT_GRIDS, in_force_on(on))
        .group_by(Edition.part)
        .order_by(Edition.part)
    )
    return [
        Department(part, name, tuple(sorted(editions)), count, area_m2, tuple(sorted(sources)), synthetic)
        for part, name, editions, count, area_m2, sources, synthetic in session.execute(statement)
    ]


def grid_summaries(
    session: Session,
    on: date,
    *,
    department: str | None = None,
    edition: str | None = None,
    after: tuple[str, str, int] | None = None,
    limit: int = 100,
) -> list[GridSummary]:
    """Return grids in force on a day by department, code and id, at most ``limit``.

    Parameters
    ----------
    edition
        Only those of the editions of this name.
    after
        Department, code and id of the last grid of the page before.
    """
    statement = _in_force(on).limit(limit)
    if department is not None:
        statement = statement.where(Edition.part == department)
    if edition is not None:
        statement = statement.where(Edition.name == edition)
    if after is not None:
        statement = statement.where(tuple_(Edition.part, DepartmentGrid.code, DepartmentGrid.grid_id) > tuple_(*after))
    return [GridSummary(*row[:10], bbox=(row[10], row[11], row[12], row[13])) for row in session.execute(statement)]  # type: ignore[misc]  # of the row's length


def _in_force(on: date) -> Select[*tuple[Any, ...]]:
    grid = DepartmentGrid
    box = (func.ST_XMin(grid.geom), func.ST_YMin(grid.geom), func.ST_XMax(grid.geom), func.ST_YMax(grid.geom))
    return (
        select(
            grid.grid_id, Edition.part, Edition.name, grid.code, grid.name, grid.attributes, grid.cells, grid.area_m2,
            Edition.valid_from, Edition.valid_to, *box,
        )
        .join(Edition, Edition.edition_id == grid.edition_id)
        .where(Edition.subject == Subject.DEPARTMENT_GRIDS, in_force_on(on))
        .order_by(Edition.part, grid.code, grid.grid_id)
    )  # fmt: skip


def grid_geojson(session: Session, grid_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the surfaces of grids by id as GeoJSON geometries, degrees with 7 decimals (about 1 cm)."""
    statement = select(DepartmentGrid.grid_id, func.ST_AsGeoJSON(DepartmentGrid.geom, 7)).where(
        DepartmentGrid.grid_id.in_(list(grid_ids))
    )
    return {grid_id: json.loads(text_) for grid_id, text_ in session.execute(statement)}


def sources_of(session: Session, names: Sequence[str], on: date) -> list[Edition]:
    """Return the editions in force on a day of departments, by department and id.

    Raises
    ------
    NotFoundError
        When a department has none.
    """
    statement = (
        select(Edition)
        .where(Edition.subject == Subject.DEPARTMENT_GRIDS, Edition.part.in_(names), in_force_on(on))
        .order_by(Edition.part, Edition.edition_id)
    )
    found = list(session.scalars(statement))
    for name in names:
        if all(edition.part != name for edition in found):
            known = ", ".join(each.department for each in departments(session, on) if each.department != MERGED)
            raise NotFoundError("department_without_grids", field="department", value=name, on=on, known=known or "—")
    return found


def grids_of(session: Session, editions: Sequence[Edition], within: shapely.Geometry | None) -> Grids:
    """Return the grids of editions, those that touch a surface where one is given.

    Raises
    ------
    ConflictError
        When a department has one code twice.
    """
    part = {edition.edition_id: edition.part for edition in editions}
    grid = DepartmentGrid
    statement = select(grid.edition_id, grid.code, grid.name, grid.geom).where(grid.edition_id.in_(list(part)))
    if within is not None:
        statement = statement.where(
            grid.geom.intersects(func.ST_MakeEnvelope(*shapely.bounds(within).tolist(), STORAGE_SRID))
        )
    table = read_table(session, statement)
    owners = [part[edition_id] for edition_id in table["edition_id"].to_pylist()]
    codes = table["code"].to_pylist()
    rows = list(zip(owners, codes, table["name"].to_pylist(), geometries(table["geom"]), strict=True))
    if within is not None:
        shapely.prepare(within)
        rows = [row for row in rows if shapely.intersects(within, row[3])]
    times = Counter(row[:2] for row in rows)
    if twice := sorted(key for key, count in times.items() if count > 1):
        shown = ", ".join(f"{owner}/{code}" for owner, code in twice[:_NAMED])
        raise ConflictError("department_codes_twice", value=shown, count=len(twice))
    return Grids.ordered(rows)


def surface_within(session: Session, area: str | None, on: date) -> shapely.Geometry | None:
    """Return the surface of the area of a code in force on a day; None for None: everywhere.

    Raises
    ------
    NotFoundError
        When there is none of that code.
    """
    return None if area is None else to_shape(area_in_force(session, area, on).geom)


def ground_of(session: Session, ask: MergeAsk, on: date, within: shapely.Geometry | None, box: Extent) -> Ground:
    """Return what grids lie on within a box: who lives there, cases and grid cells in force on a day."""
    area_id = None if ask.area is None else area_in_force(session, ask.area, on).area_id
    people = places(session, on, area_id=area_id)
    residents = people["residents_60_plus"].to_numpy().astype(np.float64)
    here = _in_box(lonlat_of(people), box)
    cases = counted_points(session, CountedSubject.CASES, on, None).lonlat
    cases = cases[_in_box(cases, box)]
    cells = area_frame(session, on, within=area_id, levels=[AreaLevel.GRID_CELL], near=box)
    return Ground(
        to_plane=pyproj.Transformer.from_crs(STORAGE_SRID, metric_crs(session), always_xy=True),
        within=within,
        places=Points(lonlat_of(people)[here], np.nan_to_num(residents)[here]),
        counted=not bool(np.isnan(residents).all()),
        cases=Points(cases, np.ones(len(cases))),
        cell_codes=tuple(cells["code"]),
        cells=cells.geometry.to_numpy() if len(cells) else None,
    )


def _in_box(lonlat: NDArray[np.float64], box: Extent) -> NDArray[np.bool_]:
    west, south, east, north = box
    x, y = lonlat.T
    return cast("NDArray[np.bool_]", (x >= west) & (x <= east) & (y >= south) & (y <= north))


def merge_by_id(session: Session, merge_id: int) -> GridMerge:
    """Return a merge.

    Raises
    ------
    NotFoundError
        When there is none of that number.
    """
    found = session.get(GridMerge, merge_id)
    if found is None:
        raise NotFoundError("merge_unknown", value=merge_id)
    return found


def newest_merges(session: Session, limit: int, *, before: int | None = None) -> Sequence[tuple[GridMerge, str]]:
    """Return merges with the name of the edition that each made, the newest first, at most ``limit``."""
    statement = (
        select(GridMerge, Edition.name)
        .join(Edition, Edition.edition_id == GridMerge.edition_id)
        .order_by(GridMerge.merge_id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(GridMerge.merge_id < before)
    return [(merge, name) for merge, name in session.execute(statement)]


def edition_name(session: Session, merge: GridMerge) -> str:
    """Return the name of the edition that a merge made."""
    return session.scalars(select(Edition.name).where(Edition.edition_id == merge.edition_id)).one()


def conflicts_of(
    session: Session, merge_id: int, *, after: int = 0, limit: int | None = None
) -> Sequence[MergeConflict]:
    """Return the conflicts of a merge in the order of their numbers, from after one on."""
    statement = (
        select(MergeConflict)
        .where(MergeConflict.merge_id == merge_id, MergeConflict.conflict_no > after)
        .order_by(MergeConflict.conflict_no)
        .limit(limit)
    )
    return session.scalars(statement).all()


def surface_of_conflict(conflict: MergeConflict) -> shapely.Geometry:
    """Return the surface of a conflict in degrees."""
    return to_shape(conflict.geom)


def merged_grids(session: Session, merge: GridMerge) -> Sequence[DepartmentGrid]:
    """Return the merged grids of a merge by code."""
    statement = (
        select(DepartmentGrid).where(DepartmentGrid.edition_id == merge.edition_id).order_by(DepartmentGrid.code)
    )
    return session.scalars(statement).all()


def merge_of_edition(session: Session, edition_id: int) -> GridMerge:
    """Return the merge that made an edition."""
    return session.scalars(select(GridMerge).where(GridMerge.edition_id == edition_id)).one()


def grid_count(session: Session, editions: Sequence[Edition]) -> int:
    """Return how many grids editions have."""
    ids = [edition.edition_id for edition in editions]
    statement = select(func.count()).select_from(DepartmentGrid).where(DepartmentGrid.edition_id.in_(ids))
    return session.scalars(statement).one()
