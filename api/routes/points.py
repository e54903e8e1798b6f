"""Service points."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import asks
from api.context import OnDate, RequestSession
from api.paging import Page, Pages
from api.routes import PREFIX
from api.schemas import PointOut
from gridmgmt.access.rules import Permission
from gridmgmt.areas.queries import area_id_of
from gridmgmt.service_points import queries
from gridmgmt.service_points.rules import PointStatus, ServicePointType

router = APIRouter(prefix=PREFIX, tags=["service points"], dependencies=[asks(Permission.READ)])


@router.get("/service-points", summary="Service points in force on a day, by code")
def list_service_points(
    session: RequestSession,
    on: OnDate,
    pages: Pages,
    type: Annotated[ServicePointType | None, Query(description="Only this type.")] = None,  # noqa: A002 -- its name outside
    status: Annotated[PointStatus | None, Query(description="Only open, planned or closed ones.")] = None,
    area: Annotated[str | None, Query(max_length=64, description="Only inside the area of this code.")] = None,
) -> Page[PointOut]:
    """List service points of every type and status."""
    after = pages.after(str, int)
    rows = queries.point_summaries(
        session, on, type_=type, status=status, area_id=area_id_of(session, area, on),
        after=(after[0], after[1]) if after else None, limit=pages.limit + 1,
    )  # fmt: skip
    return pages.page(rows, PointOut.model_validate, lambda point: (point.code, point.point_id))
