"""Events of cases as they happen."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request

from api.access import asks
from api.context import Context, RequestSession
from api.event_stream import MEDIA_TYPE, EventStream
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.access.service import require
from gridmgmt.feed.rules import LONGEST_POSITION, EventFilter, EventKind, parse_position
from gridmgmt.feed.service import check_wanted

router = APIRouter(prefix=f"{PREFIX}/events", tags=["events"], dependencies=[asks(Permission.READ)])

_EXAMPLE = (
    'event: new\ndata: {"event":"new","case_no":"3101132026112300001","version":1,"move":"report","state":"reported",'
    '"urgency":"no_deadline","at":"2026-11-23T08:00:00+00:00",…}\nid: 3f1c0a9b2d4e.7300:7302:7300\n\n'
)


_ITEM = {"$ref": "#/components/schemas/CaseEventOut"}


@router.get(
    "",
    summary="Cases as they move, live",
    status_code=200,
    response_class=EventStream,
    responses={
        200: {
            "content": {MEDIA_TYPE: {"itemSchema": _ITEM, "example": _EXAMPLE}},
            "description": "Server-sent events until the reader leaves; the data of each are a CaseEventOut.",
        }
    },
)
def follow_events(
    request: Request,
    session: RequestSession,
    context: Context,
    area: Annotated[
        str | None, Query(max_length=64, description="Only cases in the area or cell of this code.")
    ] = None,
    department: Annotated[
        str | None, Query(max_length=64, description="Only cases that this department handles or has handled.")
    ] = None,
    kinds: Annotated[list[EventKind] | None, Query(description="Only these events; all without it.")] = None,
    last_event_id: Annotated[
        str | None,
        Query(
            max_length=LONGEST_POSITION, description="As the header, for whoever cannot send one; the header counts."
        ),
    ] = None,
    header: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            max_length=LONGEST_POSITION,
            description="The `id` of the last event that the reader has; what came after it comes first.",
        ),
    ] = None,
) -> EventStream:
    """Tell of cases as server-sent events: `new`, `moved`, `due_soon`, `overdue`.

    Each event is one entry of the log of cases, told once it is committed. A reader that comes back with the last `id`
    is given all that it has missed, also over a restart of the server; some of it perhaps twice (`case_no`, `version`
    and `move` tell). `reset` says that the position is of another database, or that more than 20,000 events were
    missed: load everything anew. First follow, then load: what is committed between is not lost that way. 503 when too
    many follow.
    """
    wanted = EventFilter(area, department, frozenset(kinds or ()))
    check_wanted(session, wanted, context.clock())
    given = header or last_event_id
    last = None if given is None else parse_position(given)

    async def still_allowed() -> None:
        require(await context.gate.caller(request), Permission.READ)

    return EventStream(context.hub, wanted, last, still_allowed=still_allowed)
