"""Located cases."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.access import asks
from api.context import OnDate, RequestSession
from api.paging import Page, Pages
from api.routes import PREFIX
from api.schemas import AreaLite, CaseDetail, CaseOut
from gridmgmt.access.rules import Permission
from gridmgmt.areas.queries import area_id_of, areas_at
from gridmgmt.cases import queries
from gridmgmt.cases.rules import CaseState

router = APIRouter(prefix=f"{PREFIX}/cases", tags=["cases"], dependencies=[asks(Permission.READ)])


@router.get("", summary="Cases, the last reported first")
def list_cases(
    session: RequestSession,
    on: OnDate,
    pages: Pages,
    state: Annotated[CaseState | None, Query(description="Only cases at this stage.")] = None,
    type: Annotated[str | None, Query(max_length=200, description="Only this type.")] = None,  # noqa: A002 -- its name outside
    area: Annotated[str | None, Query(max_length=64, description="Only inside the area of this code.")] = None,
) -> Page[CaseOut]:
    """List cases of the editions in force."""
    after = pages.after(datetime.fromisoformat, int)
    rows = queries.case_summaries(
        session, on, state=state, type_=type, area_id=area_id_of(session, area, on),
        after=(after[0], after[1]) if after else None, limit=pages.limit + 1,
    )  # fmt: skip
    return pages.page(rows, CaseOut.model_validate, lambda case: (case.reported_at.isoformat(), case.case_id))


@router.get("/{case_no:path}", summary="One case with the areas it falls in")
def read_case(
    session: RequestSession, on: OnDate, case_no: Annotated[str, Path(max_length=200, description="Case number.")]
) -> CaseDetail:
    """Return a case and the area of each level that covers it."""
    case = queries.case_summary(session, case_no, on)
    areas = [AreaLite.model_validate(area) for area in areas_at(session, case.lon, case.lat, on)]
    return CaseDetail(**CaseOut.model_validate(case).model_dump(), areas=areas)
