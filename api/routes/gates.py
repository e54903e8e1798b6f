"""Gates of the walking network."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import asks
from api.context import OnDate, RequestSession
from api.paging import Page, Pages
from api.routes import PREFIX
from api.schemas import GateOut
from gridmgmt.access.rules import Permission
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.network.queries import gate_summaries

router = APIRouter(prefix=PREFIX, tags=["walking"], dependencies=[asks(Permission.READ)])


@router.get("/gates", summary="Gates in force on a day, by code: who passes them, and when")
def list_gates(
    session: RequestSession,
    on: OnDate,
    pages: Pages,
    access: Annotated[Access | None, Query(description="Only gates of this access.")] = None,
) -> Page[GateOut]:
    """List the gates of the network and of the tables of gates; of tables that name one gate the last counts."""
    after = pages.after(str, int)
    rows = gate_summaries(
        session, on, access=access, after=(after[0], after[1]) if after else None, limit=pages.limit + 1
    )
    return pages.page(rows, GateOut.model_validate, lambda gate: (gate.code, gate.gate_id))
