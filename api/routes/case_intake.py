"""Reporting cases; where one would go, and which ones it may repeat."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic_core import to_json, to_jsonable_python

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
from api.retries import RetryKey
from api.routes import PREFIX
from api.schemas import Moment
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.casework import intake, transitions
from gridmgmt.casework.idempotency import Answered, keyed
from gridmgmt.db import Session
from gridmgmt.texts import Language

REPORTING = Permission.CASES_REPORT

router = APIRouter(prefix=f"{PREFIX}/cases", tags=["cases"])


@router.post(
    "",
    status_code=201,
    summary="Report a case",
    dependencies=[asks(REPORTING)],
    response_model=ReportedOut,
    responses={200: {"model": ReportedOut, "description": "The case that this device has reported before."}},
)
async def report_case(context: Context, actor: Caller, lang: Lang, ask: ReportIn, key: RetryKey = None) -> Response:
    """Take a report in: it gets its number, its areas and a suggestion of who handles it.

    A report that may repeat another is taken all the same, and the other is named. One with the `client_id` of an
    earlier one is answered with that case and 200.
    """
    return await context.in_transaction(partial(reported, actor, lang, ask, key, context.clock()))


def reported(actor: Actor, lang: Language, ask: ReportIn, key: str | None, now: datetime, session: Session) -> Response:
    """Return the answer to a report; the one that was given before where the request comes again."""

    def said(case: intake.Reported) -> dict[str, Any]:
        return reported_out(transitions.parts_of(session, actor, case.held, now), case, lang)

    retry = None
    if key is not None:
        request = keyed(actor, key, "POST /cases", ask.model_dump(mode="json"))
        retry = intake.Retry(request, lambda case: to_jsonable_python(said(case)))
    found = intake.report(session, actor, ask.asked(), now=now, retry=retry, attached=ask.attached())
    if isinstance(found, Answered):
        return _answer(found.body, found.status)
    if isinstance(found, intake.Known):
        return _answer(reported_out(transitions.read(session, actor, found.case_no, now), None, lang), 200)
    return _answer(found.answer or said(found), 201)


def _answer(case: Mapping[str, Any], status: int) -> Response:
    return Response(to_json(case), status, media_type="application/json")


@dataclass(frozen=True)
class _Spot:
    """A place and the type of a case there, at a moment."""

    position: tuple[float, float]
    type: str
    at: datetime
    now: datetime


def _spot(
    context: Context,
    lon: Annotated[float, Query(description="Degrees east, WGS 84.", openapi_examples={"121.4427": {}})],
    lat: Annotated[float, Query(description="Degrees north, WGS 84.", openapi_examples={"31.3406": {}})],
    type_: Annotated[
        str, Query(alias="type", max_length=64, description="Code of the catalogue.", openapi_examples={"0101": {}})
    ],
    at: Annotated[
        Moment | None, Query(description="The moment of the report, with its offset from UTC; now without it.")
    ] = None,
) -> _Spot:
    now = context.clock()
    return _Spot((lon, lat), type_, at or now, now)


Spot = Annotated[_Spot, Depends(_spot)]


@router.get("/duplicates", summary="Cases that a report may repeat", dependencies=[asks(Permission.READ)])
def list_duplicates(session: RequestSession, spot: Spot, lang: Lang) -> DuplicateList:
    """List the cases near a place, of the type or one often taken for it and reported lately, the likeliest first."""
    _, found, _ = intake.preview(session, spot.position, spot.type, spot.at, now=spot.now)
    return duplicates_out(found, lang)


@router.get("/routing", summary="Where a case would go", dependencies=[asks(Permission.READ)])
def read_routing(session: RequestSession, spot: Spot, lang: Lang) -> RoutingOut:
    """Return the department, the officer post and the deadlines of a case at a place, with the reasons."""
    suggestion, _, seen = intake.preview(session, spot.position, spot.type, spot.at, now=spot.now)
    return routing_out(suggestion, seen, lang)
