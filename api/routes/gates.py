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
from gridmgmt.hours import minute_of_week, parse_hours
from gridmgmt.network.queries import GateSummary, gate_summaries

router = APIRouter(prefix=PREFIX, tags=["walking"], dependencies=[asks(Permission.READ)])


@router.get("/gates", summary="Gates in force on a day, by code: who passes them, and when")
def list_gates(
    session: RequestSession,
    on: OnDate,
    pages: Pages,
    access: Annotated[Access | None, Query(description="Only gates of this access.")] = None,
    at: Annotated[
        str | None,
        Query(max_length=20, description="Time of the week at which they are looked at.", examples=["wed 10:00"]),
    ] = None,
) -> Page[GateOut]:
    """List the gates of the network and of the tables of gates; of tables that name one gate the last counts."""
    minute = None if at is None else minute_of_week(at)
    after = pages.after(str, int)
    rows = gate_summaries(
        session, on, access=access, after=(after[0], after[1]) if after else None, limit=pages.limit + 1
    )
    return pages.page(rows, lambda gate: _gate_out(gate, minute), lambda gate: (gate.code, gate.gate_id))


def _gate_out(gate: GateSummary, minute: int | None) -> GateOut:
    said = GateOut.model_validate(gate)
    if minute is None:
        return said
    is_open = gate.hours is None or parse_hours(gate.hours).open_at(minute)
    return said.model_copy(update={"is_open": is_open and gate.access != Access.CLOSED})
