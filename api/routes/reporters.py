"""How to reach whoever reported a case; a right of its own, and every reading is recorded."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.access import Caller, asks
from api.context import Context, RequestSession
from api.photo_schemas import ReporterAsk, ReporterKept, ReporterOut
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.casework import reporters

router = APIRouter(
    prefix=f"{PREFIX}/cases/{{case_no:path}}/reporter", tags=["cases"], dependencies=[asks(Permission.REPORTERS_READ)]
)

CaseNo = Annotated[str, Path(max_length=64, description="Number of the case.")]


@router.get("", summary="How to reach whoever reported a case")
def read_reporter(session: RequestSession, actor: Caller, response: Response, case_no: CaseNo) -> ReporterOut:
    """Return name, telephone and address as far as they were given, and whose outcome is told; recorded in the log."""
    response.headers["Cache-Control"] = "no-store"
    known = reporters.read(session, actor, case_no)
    said = known.reporter
    return ReporterOut(
        name=said.name,
        phone=said.phone,
        email=said.email,
        wants_notice=said.wants_notice,
        consented_at=known.consented_at,
        told_with=known.told_with,
        also_told=list(known.also_told),
    )


@router.put("", summary="Put right how to reach whoever reported a case")
def change_reporter(
    session: RequestSession, context: Context, actor: Caller, case_no: CaseNo, ask: ReporterAsk
) -> ReporterKept:
    """Replace what is kept, with their consent; all empty deletes it. The answer tells which parts are kept."""
    return ReporterKept(given=reporters.change(session, actor, case_no, ask.given(), context.clock()))


@router.delete("", summary="Forget whoever reported a case")
def forget_reporter(session: RequestSession, actor: Caller, case_no: CaseNo) -> ReporterKept:
    """Delete what is kept of them, as they may ask at any time."""
    reporters.forget(session, actor, case_no)
    return ReporterKept(given=[])
