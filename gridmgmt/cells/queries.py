"""Reading what cells are made from, the codes that were ever issued, schemes, generations, and facts of cells."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from geoalchemy2 import Geography, Geometry
from numpy.typing import NDArray
from sqlalchemy import Select, and_, cast, func, select
from sqlalchemy.orm import aliased

from gridmgmt.areas.models import Area
from gridmgmt.areas.queries import AreaSummary, area_in_force, area_summary, at_or_below, in_force_on, names_above
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cells.models import CellCodeScheme, CellGeneration
from gridmgmt.cells.rules import CodeScheme, Segment, SegmentName
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Extent, Subject
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.frames import geometries, read_frame, read_table
from gridmgmt.jobs.models import Job, JobState
from gridmgmt.land.models import LandFeature
from gridmgmt.land.rules import LandKind
from gridmgmt.network.models import NetworkEdge
from gridmgmt.network.queries import public_ways

if TYPE_CHECKING:
    import geopandas as gpd

Objects = NDArray[np.object_]

BARRIER_KINDS = (LandKind.WALL, LandKind.WATER, LandKind.RAIL)
"""Land features that bound cells, beside the streets."""


def schemes(session: Session) -> list[tuple[CodeScheme, CellCodeScheme]]:
    """Return every scheme of cell codes with its row, by name."""
    rows = session.scalars(select(CellCodeScheme).order_by(CellCodeScheme.name))
    return [(_scheme(row), row) for row in rows]


def scheme_in_use(session: Session) -> CodeScheme:
    """Return the scheme by which this folder's cells are coded."""
    return _scheme(session.scalars(select(CellCodeScheme).where(CellCodeScheme.in_use)).one())


def scheme_row(session: Session, name: str) -> CellCodeScheme:
    """Return the row of a scheme.

    Raises
    ------
    NotFoundError
        When there is none of that name.
    """
    found = session.get(CellCodeScheme, name)
    if found is None:
        known = ", ".join(row.name for _, row in schemes(session))
        raise NotFoundError("cell_scheme_unknown", value=name, known=known)
    return found


def _scheme(row: CellCodeScheme) -> CodeScheme:
    return CodeScheme(row.name, tuple(Segment(SegmentName(name), int(digits)) for name, digits in row.segments))


def last_sequences(session: Session, quarters: Collection[str], scheme: CodeScheme) -> dict[str, int]:
    """Return the highest sequence that any edition, withdrawn ones too, ever gave to a cell of each quarter."""
    digits = scheme.digits - scheme.sequence_digits
    quarter = func.left(Area.code, digits)
    statement = (
        select(quarter, func.max(func.right(Area.code, scheme.sequence_digits)))
        .where(
            Area.level == AreaLevel.GRID_CELL,
            func.length(Area.code) == scheme.digits,
            Area.code.regexp_match("^[0-9]+$"),
            quarter.in_(list(quarters)),
        )
        .group_by(quarter)
    )
    return {code: int(last) for code, last in session.execute(statement)}


def barriers(session: Session, on: date, near: Extent) -> Objects:
    """Return the public streets, walls, shores and rails in force on a day near a box, as lines in degrees."""
    streets = select(NetworkEdge.geom).where(
        NetworkEdge.edition_id.in_(edition_ids_in_force(Subject.NETWORK, on)),
        public_ways(),
        _touches(NetworkEdge.geom, near),
    )
    land = select(LandFeature.geom).where(
        LandFeature.edition_id.in_(edition_ids_in_force(Subject.LAND, on)),
        LandFeature.kind.in_(BARRIER_KINDS),
        _touches(LandFeature.geom, near),
    )
    found = [_read(session, statement) for statement in (streets, land)]
    parts = shapely.get_parts(np.concatenate(found))
    surfaces = shapely.get_dimensions(parts) == 2
    parts[surfaces] = shapely.boundary(parts[surfaces])
    lines = shapely.get_parts(parts)
    return np.asarray(lines[shapely.get_dimensions(lines) == 1], dtype=object)


def barrier_editions(session: Session, on: date) -> list[dict[str, str]]:
    """Return the editions that barriers and land use come from on a day: subject, part, name, content_sha256."""
    statement = (
        select(Edition.subject, Edition.part, Edition.name, Edition.content_sha256)
        .where(
            Edition.edition_id.in_(edition_ids_in_force(Subject.NETWORK, on))
            | Edition.edition_id.in_(edition_ids_in_force(Subject.LAND, on)),
            Edition.part.in_(["", *BARRIER_KINDS, LandKind.LANDUSE]),
        )
        .order_by(Edition.subject, Edition.part, Edition.name)
    )
    return [dict(row) for row in session.execute(statement).mappings()]


def land_use(session: Session, on: date, near: Extent) -> "gpd.GeoDataFrame":
    """Return the land-use surfaces in force on a day near a box: ``code`` and geometry.

    The code is the feature's attribute ``code``, else its ``class``.
    """
    code = func.coalesce(LandFeature.attributes["code"].astext, LandFeature.attributes["class"].astext)
    statement = (
        select(code.label("code"), LandFeature.geom)
        .where(
            LandFeature.edition_id.in_(edition_ids_in_force(Subject.LAND, on)),
            LandFeature.kind == LandKind.LANDUSE,
            code.is_not(None),
            func.ST_Dimension(LandFeature.geom) == 2,
            _touches(LandFeature.geom, near),
        )
        .order_by(LandFeature.feature_id)
    )
    return read_frame(session, statement)


def _touches(column: Any, near: Extent) -> Any:  # Any: columns of two tables
    return column.op("&&")(func.ST_MakeEnvelope(*near, STORAGE_SRID))


def _read(session: Session, statement: Select[Any]) -> Objects:
    return geometries(read_table(session, statement)["geom"])


def generation_by_id(session: Session, generation_id: int) -> CellGeneration:
    """Return one generation, finished or not.

    Raises
    ------
    NotFoundError
        When there is none of that number.
    """
    found = session.get(CellGeneration, generation_id)
    if found is None:
        raise NotFoundError("cell_generation_unknown", value=generation_id)
    return found


def report_of(session: Session, generation_id: int) -> dict[str, Any]:
    """Return the report of a finished generation.

    Raises
    ------
    NotFoundError
        When there is none of that number, or it has not ended well.
    """
    document = generation_by_id(session, generation_id).document
    if document is None:
        raise NotFoundError("cell_generation_unfinished", value=generation_id)
    return document


def newest_generations(
    session: Session, limit: int, *, before: int | None = None
) -> Sequence[tuple[CellGeneration, str]]:
    """Return generations with the names of their editions, the newest first."""
    statement = (
        select(CellGeneration, Edition.name)
        .join(Edition, Edition.edition_id == CellGeneration.edition_id)
        .order_by(CellGeneration.generation_id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(CellGeneration.generation_id < before)
    return [(generation, name) for generation, name in session.execute(statement)]


def unfinished_generations(session: Session) -> int:
    """Return how many generations wait or are under way."""
    going_on = Job.state.in_([JobState.QUEUED, JobState.RUNNING])
    statement = select(func.count()).select_from(CellGeneration).join(Job, Job.job_id == CellGeneration.job_id)
    return session.scalars(statement.where(going_on)).one()


@dataclass(frozen=True)
class CellFacts:
    """What is known of one cell.

    ``responsible_body`` falls back to the committee of the quarter (属地兜底), which ``territorial_fallback`` tells.
    ``perimeter_m`` is on the ellipsoid. ``end`` is None while none is set.
    """

    code: str
    name: str
    edition: str
    start: date
    end: date | None
    area_m2: float
    perimeter_m: float
    land_use: str | None
    management_level: str | None
    responsible_body: str | None
    territorial_fallback: bool
    segments: dict[str, str]
    parents: tuple[tuple[str, str, str], ...]
    """Level, code and name of each area that holds it, from the quarter up."""


def cell_facts(session: Session, code: str, on: date, *, draft: int | None = None) -> CellFacts:
    """Return what is known of the cell of a code in force on a day, or as if a draft were in force too.

    Raises
    ------
    NotFoundError
        When no area of that code is in force.
    InputError
        When it is no cell.
    """
    area: AreaSummary = area_summary(session, code, on, draft=draft)
    if area.level != AreaLevel.GRID_CELL:
        raise InputError("no_grid_cell", field="code", value=code, level=area.level)
    perimeter = func.ST_Perimeter(cast(Area.geom, Geography))
    perimeter_m, given = session.execute(select(perimeter, Area.attributes).where(Area.area_id == area.area_id)).one()
    parents = _named(session, names_above(session, area.level, code, on, draft=draft)[1:], on, draft)
    committee = next((name for level, _, name in parents if level == AreaLevel.RESIDENTIAL_QUARTER), None)
    scheme = scheme_in_use(session)
    return CellFacts(
        code=area.code,
        name=area.name,
        edition=area.edition,
        start=area.valid_from,
        end=area.valid_to,
        area_m2=area.area_m2,
        perimeter_m=perimeter_m,
        land_use=given.get("land_use"),
        management_level=given.get("management_level"),
        responsible_body=given.get("responsible_body") or committee,
        territorial_fallback=given.get("responsible_body") is None,
        segments={str(k): v for k, v in scheme.parts(code).items()} if len(code) == scheme.digits else {},
        parents=parents,
    )


def _named(
    session: Session, chain: Sequence[tuple[str, str]], on: date, draft: int | None
) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (level, code, session.scalars(
            select(Area.name).where(Area.level == level, Area.code == code, in_force_on(on, draft))
        ).one())
        for level, code in chain
    )  # fmt: skip


@dataclass(frozen=True)
class CellRow:
    """One cell of a list; ``bbox`` is (west, south, east, north) in degrees."""

    code: str
    name: str
    area_m2: float
    quarter_code: str | None
    land_use: str | None
    management_level: str | None
    responsible_body: str | None
    territorial_fallback: bool
    bbox: tuple[float, float, float, float]


def cells_within(
    session: Session, area: str, on: date, *, draft: int | None = None, after: str | None = None, limit: int = 100
) -> list[CellRow]:
    """Return the cells of an area in force on a day by code, at most ``limit``.

    Parameters
    ----------
    draft
        Look as if this draft of a boundary edition were in force too.
    after
        Code of the last cell of the page before.

    Raises
    ------
    NotFoundError
        When no area of that code is in force.
    """
    within = at_or_below(area_in_force(session, area, on, draft=draft).area_id, on, draft)
    quarter = aliased(Area)
    holds = and_(quarter.level == Area.parent_level, quarter.code == Area.parent_code, in_force_on(on, draft, quarter))
    given = [Area.attributes[name].astext for name in ("land_use", "management_level", "responsible_body")]
    edges = (func.ST_XMin(Area.geom), func.ST_YMin(Area.geom), func.ST_XMax(Area.geom), func.ST_YMax(Area.geom))
    statement = (
        select(Area.code, Area.name, Area.area_m2, quarter.code, quarter.name, *given, *edges)
        .outerjoin(quarter, holds)
        .where(Area.level == AreaLevel.GRID_CELL, in_force_on(on, draft), Area.area_id.in_(within))
        .order_by(Area.code)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Area.code > after)
    return [
        CellRow(code, name, area_m2, holder, land_use, level, body or committee, body is None, tuple(bbox))
        for code, name, area_m2, holder, committee, land_use, level, body, *bbox in session.execute(statement)
    ]


def cells_of_edition(session: Session, edition_id: int, on: date, near: Extent) -> "gpd.GeoDataFrame":
    """Return the cells near a box as an edition has them, in force or drafted: ``code`` and geometry."""
    statement = (
        select(Area.code, Area.geom)
        .where(
            Area.level == AreaLevel.GRID_CELL,
            in_force_on(on, edition_id),
            func.ST_Intersects(Area.geom, func.ST_MakeEnvelope(*near, STORAGE_SRID), type_=Geometry),
        )
        .order_by(Area.code)
    )
    return read_frame(session, statement)
