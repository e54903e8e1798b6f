"""Areas of every level: lists, one area, what lies at a position."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.access import asks
from api.context import OnDate, RequestSession
from api.paging import MAX_LIMIT, Page, Pages
from api.routes import PREFIX
from api.schemas import AreaDetail, AreaLite, AreaOut, AreasAt
from gridmgmt.access.rules import Permission
from gridmgmt.areas import queries
from gridmgmt.areas.queries import AreaSummary
from gridmgmt.areas.rules import AreaLevel

router = APIRouter(prefix=f"{PREFIX}/areas", tags=["areas"], dependencies=[asks(Permission.READ)])

AreaCode = Annotated[
    str, Path(max_length=64, description="Official code.", openapi_examples={"顾村镇": {"value": "310113109"}})
]


def _item(area: AreaSummary) -> AreaOut:
    return AreaOut.model_validate(area)


@router.get("", summary="Areas in force on a day, by code")
def list_areas(
    session: RequestSession,
    on: OnDate,
    pages: Pages,
    level: Annotated[AreaLevel | None, Query(description="Only this level.")] = None,
    parent: Annotated[str | None, Query(max_length=64, description="Only what lies directly below this code.")] = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=100, description="Part of the name, or beginning of the code.")
    ] = None,
) -> Page[AreaOut]:
    """List areas without their boundaries."""
    after = pages.after(str, int)
    rows = queries.area_summaries(
        session, on, level=level, parent=parent, text=q, after=(after[0], after[1]) if after else None,
        limit=pages.limit + 1,
    )  # fmt: skip
    return pages.page(rows, _item, lambda area: (area.code, area.area_id))


@router.get("/at", summary="The areas at a position, from the district down")
def read_areas_at(
    session: RequestSession,
    on: OnDate,
    lon: Annotated[float, Query(description="Degrees east, WGS 84.", openapi_examples={"顾村": {"value": 121.39}})],
    lat: Annotated[float, Query(description="Degrees north, WGS 84.", openapi_examples={"顾村": {"value": 31.35}})],
) -> AreasAt:
    """Name the area of each level that covers a position; a border belongs to the area with the lower code."""
    return AreasAt(items=[_item(area) for area in queries.areas_at(session, lon, lat, on)])


@router.get("/{code}", summary="One area with its boundary")
def read_area(session: RequestSession, on: OnDate, code: AreaCode) -> AreaDetail:
    """Return an area, its boundary, and the areas directly below it."""
    area = queries.area_summary(session, code, on)
    children = queries.area_summaries(session, on, parent=code, limit=MAX_LIMIT)
    return AreaDetail(
        **_item(area).model_dump(),
        children=[AreaLite.model_validate(child) for child in children],
        geometry=queries.area_geojson(session, area.area_id),
    )
