"""The bulletin of a month: what came in and how it was dealt with, as a page, on paper and as a workbook."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from api.access import asks
from api.conditional import unless_held
from api.context import Context, RequestSession
from api.inline import inline_policy
from api.language import Lang
from api.routes import PREFIX
from gridmgmt.access.rules import Permission

router = APIRouter(prefix=PREFIX, tags=["indicators"], dependencies=[asks(Permission.READ)])

_FILE = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: dict[str, Any] = {
    "text/html": {"schema": {"type": "string"}},
    "application/json": {"schema": {"type": "object", "description": "The numbers that the other formats tell."}},
    "application/pdf": _FILE,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _FILE,
}


@router.get(
    "/bulletins",
    summary="The bulletin of a month",
    response_class=Response,
    responses={200: {"description": "The bulletin.", "content": _CONTENT}},
)
def read_bulletin(
    request: Request,
    session: RequestSession,
    context: Context,
    lang: Lang,
    month: Annotated[
        str,
        Query(
            max_length=20, description="As 2026-10, not one to come.", openapi_examples={"month": {"value": "2026-10"}}
        ),
    ],
    area: Annotated[str | None, Query(max_length=64, description="Code of a district or town; all without it.")] = None,
    format: Annotated[Literal["html", "pdf", "xlsx", "json"], Query(description="What to write it as.")] = "html",  # noqa: A002 -- its name outside
) -> Response:
    """Tell a month: counts and rates beside the month before and a year earlier, by source, kind, type, area and body.

    Of the running month the days up to today are told, beside the same days of the others. Each number of the page
    opens the list of its cases. Equal numbers give equal files; the SHA-256 in each is that of what `format=json`
    answers.
    """
    # They take long to load, and a server starts without.
    from gridmgmt.reports.bulletin import render_bulletin  # noqa: PLC0415
    from gridmgmt.reports.bulletin_document import make_bulletin  # noqa: PLC0415

    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    bulletin = make_bulletin(session, month, area, now=context.clock(), lang=lang)
    rendered = render_bulletin(bulletin, format, lang)
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(rendered.file_name)}",
        "Cache-Control": "private, no-cache",
    }
    if format == "html":
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return unless_held(request, rendered.content, rendered.content, rendered.media_type, headers)
