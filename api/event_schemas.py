"""What the interface says about events of cases."""

from datetime import datetime

from pydantic import Field

from api.schemas import Shape
from gridmgmt.cases.rules import CaseKind, CaseState, Urgency
from gridmgmt.casework.moves import Move
from gridmgmt.feed.rules import EventKind


class CaseEventOut(Shape):
    """One entry of the log of cases, as readers and webhooks are told; nothing of whoever reported the case."""

    event: EventKind
    case_no: str
    version: int = Field(description="Of the case after the move; an alarm leaves it as it is.")
    move: Move
    state: CaseState = Field(description="After the move.")
    urgency: Urgency = Field(description="When the event was sent, as all that follows but `at`.")
    at: datetime = Field(description="When it happened.")
    kind: CaseKind
    type: str
    due_at: datetime | None
    department_code: str | None
    town_code: str | None
    cell_code: str | None
    lon: float
    lat: float
