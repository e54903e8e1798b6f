"""One area as a whole: its profile, beside another day, and its page of the yearbook."""

from datetime import date
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import Caller, asks
from api.answers import Form
from api.area_profile_answers import profile_out
from api.area_profile_schemas import AreaProfileOut
from api.conditional import json_unless_held
from api.context import Context, OnDate, RequestSession
from api.inline import inline_policy
from api.language import Lang
from api.routes import PREFIX
from api.routes.areas import AreaCode
from gridmgmt.access.rules import Permission
from gridmgmt.area_profiles import service
from gridmgmt.area_profiles.ground import Reader
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import InputError

if TYPE_CHECKING:
    from gridmgmt.coverage.document import CoverageDocument

router = APIRouter(prefix=f"{PREFIX}/areas", tags=["areas"], dependencies=[asks(Permission.READ)])

FIRST_YEAR, LAST_YEAR = 1900, 9998


def _reader(context: Context, actor: Caller, form: Form, lang: Lang) -> Reader:
    def document(canonical: str) -> "CoverageDocument":
        from gridmgmt.reports.public import in_form  # noqa: PLC0415 -- takes long to load

        return in_form(canonical, form, context.settings.suppression_threshold)

    return Reader(actor, context.clock(), lang, form, document)


ProfileReader = Annotated[Reader, Depends(_reader)]
"""Who reads a profile, in which language and form of numbers."""


@router.get("/{code}/profile", summary="One area with all that is known of it", response_model=AreaProfileOut)
def read_profile(
    request: Request,
    session: RequestSession,
    reader: ProfileReader,
    on: OnDate,
    code: AreaCode,
    compare_on: Annotated[
        date | None, Query(description="Beside each figure the one of this day, in the boundaries of this day.")
    ] = None,
) -> Response:
    """Gather mode, bodies, facts, centres, points, coverage, cases, premises, topics, targets and assessment.

    Each figure has its day, its source and the address of its evidence. What is unknown is null, never 0; what the
    caller may not see is told in `left_out`. A code that is not in force any more is not found (404), and the problem
    names who has its land.
    """
    found = service.read(session, code, on, reader)
    beside = None if compare_on is None else service.compare(session, found, compare_on, reader)
    told = profile_out(found, beside, reader.lang, synthetic=bool(holds_synthetic(session)))
    return json_unless_held(request, told)


@router.get(
    "/{code}/yearbook",
    summary="The page of one area in the yearbook",
    response_class=Response,
    responses={200: {"description": "A page to print.", "content": {"text/html": {"schema": {"type": "string"}}}}},
)
def read_yearbook(
    session: RequestSession,
    context: Context,
    reader: ProfileReader,
    code: AreaCode,
    year: Annotated[int, Query(ge=FIRST_YEAR, le=LAST_YEAR, description="Not one to come.", examples=[2026])],
) -> Response:
    """Return the profile at the end of a year beside that of the year before, as a page of A4 that needs nothing else.

    Of the running year it tells today. Equal numbers give equal pages; the page has the SHA-256 of what it tells.
    """
    from gridmgmt.reports.yearbook import make_yearbook, render_yearbook  # noqa: PLC0415 -- takes long to load

    today = context.today()
    if year > today.year:
        raise InputError("year_to_come", field="year", value=year)
    page = make_yearbook(session, code, year, reader, today=today)
    rendered = render_yearbook(page, reader.lang)
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(rendered.file_name)}",
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": inline_policy(rendered.content.decode()),
    }
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)
