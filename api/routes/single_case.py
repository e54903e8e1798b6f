"""One case; its address takes any number, so it comes after all others that begin alike."""

from fastapi import APIRouter, Response

from api.access import Caller, asks
from api.case_schemas import CaseDetail, detail_of
from api.context import Context
from api.language import Lang
from api.routes import PREFIX
from api.routes.case_moves import ETAG, CaseNo, answer
from gridmgmt.access.rules import Permission
from gridmgmt.casework import transitions
from gridmgmt.db import Session

router = APIRouter(prefix=f"{PREFIX}/cases", tags=["cases"], dependencies=[asks(Permission.READ)])


@router.get(
    "/{case_no:path}", summary="One case, and what may be done with it now", response_model=CaseDetail, responses=ETAG
)
async def read_case(context: Context, actor: Caller, case_no: CaseNo, lang: Lang) -> Response:
    """Return a case with its timers, its tasks, and the moves that the caller may make now."""

    def read(session: Session) -> Response:
        return answer(detail_of(transitions.read(session, actor, case_no, context.clock()), lang))

    return await context.in_transaction(read)
