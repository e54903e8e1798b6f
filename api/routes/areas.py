"""Areas of every level: lists, one area, what lies at a position, what became of a code."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Query

from api.access import asks
from api.boundaries import AskedBoundaries, Boundaries
from api.boundary_schemas import AreaFate, Lineage, PassageOut, SuccessorOut
from api.context import RequestSession
from api.official_code_schemas import PlacedPoints, PointsAsk
from api.paging import MAX_LIMIT, Page, Pages
from api.routes import PREFIX
from api.schemas import AreaLite, AreaOut, AreasAt
from gridmgmt.access.rules import Permission
from gridmgmt.areas import queries
from gridmgmt.areas.queries import AreaSummary
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries.queries import Fate, lineage, what_became_of
from gridmgmt.boundaries.rules import Direction
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError

router = APIRouter(prefix=f"{PREFIX}/areas", tags=["areas"], dependencies=[asks(Permission.READ)])

AreaCode = Annotated[
    str, Path(max_length=64, description="Official code.", openapi_examples={"顾村镇": {"value": "310113109"}})
]


def _item(area: AreaSummary) -> AreaOut:
    return AreaOut.model_validate(area)


@router.get("", summary="Areas of a day or an edition, by code")
def list_areas(
    session: RequestSession,
    asked: AskedBoundaries,
    pages: Pages,
    level: Annotated[AreaLevel | None, Query(description="Only this level.")] = None,
    parent: Annotated[str | None, Query(max_length=64, description="Only what lies directly below this code.")] = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=100, description="Part of the name, or beginning of the code.")
    ] = None,
) -> Page[AreaOut]:
    """List areas without their boundaries."""
    seen, after = asked.boundaries(session), pages.after(str, int)
    rows = queries.area_summaries(
        session, seen.on, draft=seen.draft, level=level, parent=parent, text=q,
        after=(after[0], after[1]) if after else None, limit=pages.limit + 1,
    )  # fmt: skip
    if parent is not None and not rows:
        queries.area_in_force(session, parent, seen.on, draft=seen.draft)  # or there is none to be below
    return pages.page(rows, _item, lambda area: (area.code, area.area_id))


@router.get("/at", summary="The areas at a position, from the district down")
def read_areas_at(
    session: RequestSession,
    asked: AskedBoundaries,
    lon: Annotated[float, Query(description="Degrees east, WGS 84.", openapi_examples={"顾村": {"value": 121.39}})],
    lat: Annotated[float, Query(description="Degrees north, WGS 84.", openapi_examples={"顾村": {"value": 31.35}})],
) -> AreasAt:
    """Name the area of each level that covers a position; a border belongs to the area with the lower code."""
    seen = asked.boundaries(session)
    return AreasAt(items=[_item(area) for area in queries.areas_at(session, lon, lat, seen.on, draft=seen.draft)])


@router.post("/codes-of-points", summary="The area of each of many points")
def read_codes_of_points(
    session: RequestSession,
    asked: AskedBoundaries,
    points: PointsAsk,
    level: Annotated[AreaLevel, Query(description="The level of the areas.")] = AreaLevel.GRID_CELL,
) -> PlacedPoints:
    """Name the area of a level that each point lies in; a border belongs to the area with the lower code.

    Nothing is changed: the points stand in a body because they would not fit an address. Up to 20,000 at a time.
    """
    from gridmgmt.areas.placing import codes_of_points  # noqa: PLC0415 -- takes seconds to load

    seen = asked.boundaries(session)
    lon, lat = np.asarray(points.lon, dtype=np.float64), np.asarray(points.lat, dtype=np.float64)
    codes = codes_of_points(session, lon, lat, seen.on, level, draft=seen.draft).tolist()
    return PlacedPoints(level=level, on=seen.on, codes=codes, outside=codes.count(None))


@router.get("/{code}", summary="One area with its boundary, or what became of its code")
def read_area(session: RequestSession, asked: AskedBoundaries, code: AreaCode) -> AreaFate:
    """Return an area, its boundary, and the areas directly below it.

    A code that is retired by that day answers with its last area and those that hold its land now; one never known
    is not found (404).
    """
    seen = asked.boundaries(session)
    found = _area_or_fate(session, code, seen)
    area, fate = (found.last, found) if isinstance(found, Fate) else (found, None)
    children = queries.area_summaries(session, seen.on, parent=code, limit=MAX_LIMIT, draft=seen.draft)
    return AreaFate(
        **_item(area).model_dump(),
        children=[AreaLite.model_validate(child) for child in children],
        geometry=queries.area_geojson(session, area.area_id),
        in_force=fate is None,
        ended_by=fate and fate.ended_by,
        successors=[SuccessorOut.model_validate(each) for each in fate.successors] if fate else [],
    )


@router.get("/{code}/lineage", summary="What came of a code, or where it came from")
def read_lineage(
    session: RequestSession,
    asked: AskedBoundaries,
    code: AreaCode,
    direction: Annotated[Direction, Query(description="To what came of it, or to its origin.")] = Direction.FORWARD,
) -> Lineage:
    """Walk the passages of land between codes through all editions, in time, with m² and shares of both areas."""
    found = _area_or_fate(session, code, asked.boundaries(session))
    level = (found.last if isinstance(found, Fate) else found).level
    passages = lineage(session, level, code, direction)
    items = [PassageOut.model_validate(each) for each in passages]
    return Lineage(level=level, code=code, direction=direction, items=items)


def _area_or_fate(session: Session, code: str, seen: Boundaries) -> AreaSummary | Fate:
    try:
        return queries.area_summary(session, code, seen.on, draft=seen.draft)
    except NotFoundError:
        return what_became_of(session, code, seen.on)
