"""Reporting cases; where one would go, and which ones it may repeat."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from api.access import Caller, asks
from api.context import Context, RequestSession
from api.language import Lang
from api.report_schemas import (
    DuplicateList,
    ReportedOut,
    ReportIn,
    RoutingOut,
    duplicates_out,
    reported_out,
    routing_out,
)
from api.routes import PREFIX
from api.schemas import Moment
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.casework import intake, transitions
from gridmgmt.casework.idempotency import Answered, keyed
from gridmgmt.db import Session
from gridmgmt.texts import Language

REPORTING = Permission.CASES_REPORT

router = APIRouter(prefix=f"{PREFIX}/cases", tags=["cases"])

Lon = Annotated[float, Query(description="Degrees east, WGS 84.", openapi_examples={"121.4427": {}})]
Lat = Annotated[float, Query(description="Degrees north, WGS 84.", openapi_examples={"31.3406": {}})]
Type = Annotated[
    str, Query(alias="type", max_length=64, description="Code of the catalogue.", openapi_examples={"0101": {}})
]
At = Annotated[Moment | None, Query(description="The moment of the report, with its offset from UTC; now without it.")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Made by the client: a retry within seven days changes nothing and is answered alike.",
    ),
]


@router.post(
    "",
    status_code=201,
    summary="Report a case",
    dependencies=[asks(REPORTING)],
    response_model=ReportedOut,
    responses={200: {"model": ReportedOut, "description": "The case that this device has reported before."}},
)
async def report_case(context: Context, actor: Caller, lang: Lang, ask: ReportIn, key: Key = None) -> Response:
    """Take a report in: it gets its number, its areas and a suggestion of who handles it.

    A report that may repeat another is taken all the same, and the other is named. One with the `client_id` of an
    earlier one is answered with that case and 200.
    """
    return await context.in_transaction(partial(reported, actor, lang, ask, key, context.clock()))


def reported(actor: Actor, lang: Language, ask: ReportIn, key: str | None, now: datetime, session: Session) -> Response:
    """Return the answer to a report; the one that was given before where the request comes again."""

    def said(case: intake.Reported) -> ReportedOut:
        return reported_out(transitions.parts_of(session, actor, case.held, now), case, lang)

    retry = None
    if key is not None:
        request = keyed(actor, key, "POST /cases", ask.model_dump(mode="json"))
        retry = intake.Retry(request, lambda case: said(case).model_dump(mode="json"))
    found = intake.report(session, actor, ask.asked(), now=now, retry=retry, attached=ask.attached())
    if isinstance(found, Answered):
        return _answer(ReportedOut.model_validate(found.body), found.status)
    if isinstance(found, intake.Known):
        return _answer(reported_out(transitions.read(session, actor, found.case_no, now), None, lang), 200)
    return _answer(said(found), 201)


def _answer(case: ReportedOut, status: int) -> Response:
    """Return a body as it is, made of checked facts."""
    return Response(case.model_dump_json(), status, media_type="application/json")


@router.get("/duplicates", summary="Cases that a report may repeat", dependencies=[asks(Permission.READ)])
def list_duplicates(
    session: RequestSession,
    context: Context,
    lang: Lang,
    lon: Lon,
    lat: Lat,
    type_: Type,
    at: At = None,
) -> DuplicateList:
    """List the cases near a place, of the type or one often taken for it and reported lately, the likeliest first."""
    now = context.clock()
    _, found, _ = intake.preview(session, (lon, lat), type_, at or now, now=now)
    return DuplicateList(items=duplicates_out(found, lang))


@router.get("/routing", summary="Where a case would go", dependencies=[asks(Permission.READ)])
def read_routing(
    session: RequestSession,
    context: Context,
    lang: Lang,
    lon: Lon,
    lat: Lat,
    type_: Type,
    at: At = None,
) -> RoutingOut:
    """Return the department, the officer post and the deadlines of a case at a place, with the reasons."""
    now = context.clock()
    suggestion, _, seen = intake.preview(session, (lon, lat), type_, at or now, now=now)
    return routing_out(suggestion, seen, lang)
