"""Accessibility: how much of the points' capacity falls to each resident.

The rooms that compute (numba, pandas) take seconds to import, so they are imported where they are first asked for.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from api.access import asks
from api.answers import Form
from api.context import OnDate, RequestSession
from api.coverage_question import Question
from api.inline import inline_policy
from api.language import Lang
from api.routes import PREFIX
from api.schemas import Shape
from gridmgmt.access.rules import Permission
from gridmgmt.coverage import queries
from gridmgmt.coverage.access_document import AccessDocument, MethodName
from gridmgmt.errors import ForbiddenError, InputError

router = APIRouter(prefix=f"{PREFIX}/coverage", tags=["coverage"], dependencies=[asks(Permission.READ)])

CONTENT: dict[str, Any] = {
    "application/json": {"schema": {"$ref": "#/components/schemas/AccessDocument"}},
    "application/geo+json": {},
    "text/csv": {},
    "text/html": {},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
}


class Weighting(Shape):
    """How a walk is weighted, and what points of unknown capacity have."""

    method: MethodName
    exponent: float | None
    capacities: dict[str, float]


def _weighting(
    method: Annotated[MethodName, Query(description="How a walk is weighted; zones are the bands.")] = "2sfca",
    exponent: Annotated[float | None, Query(allow_inf_nan=False, description="Of the gravity decays.")] = None,
    capacity: Annotated[
        list[str] | None,
        Query(description="Capacity of points of a type that have none: `meal_point=60`, repeated.", max_length=20),
    ] = None,
) -> Weighting:
    return Weighting(method=method, exponent=exponent, capacities=_capacities(capacity or []))


@router.get(
    "/accessibility",
    summary="Capacity for each resident, by area, town mode and land use",
    response_model=AccessDocument,
    responses={200: {"description": "The answer.", "content": CONTENT}},
)
def read_accessibility(
    session: RequestSession,
    on: OnDate,
    form: Form,
    lang: Lang,
    question: Question,
    weighting: Annotated[Weighting, Depends(_weighting)],
    run: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Ask what a coverage run asked.")] = None,
    format: Annotated[Literal["json", "html", "xlsx", "csv", "geojson"], Query(description="What to write it as.")] = (  # noqa: A002 -- its name outside
        "json"
    ),
) -> Response:
    """Return mean, least and Gini of the capacity for each resident; points without a capacity are left out.

    Not given (403) in the public form: exact numbers of small areas could be worked out from it.
    """
    from gridmgmt.coverage.accessibility import accessibility, make_ask, question_of  # noqa: PLC0415 -- see the module
    from gridmgmt.reports.accessibility import render_accessibility  # noqa: PLC0415 -- as above

    if form == "public":
        raise ForbiddenError("accessibility_withheld")
    asked, day = (question, on) if run is None else question_of(queries.run_by_id(session, run))
    ask = make_ask(asked, **weighting.model_dump())
    document = accessibility(session, ask, on=day)
    areas = queries.areas_reported(session, day, asked.area_code)
    rendered = render_accessibility(document, areas, format, lang=lang)
    headers = {
        "Content-Disposition": f'inline; filename="{rendered.file_name}"',
        "Cache-Control": "private, no-cache",
    }
    if format == "html":
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)


def _capacities(given: list[str]) -> dict[str, float]:
    found = {}
    for value in given:
        type_, _, number = value.partition("=")
        try:
            found[type_.strip()] = float(number)
        except ValueError as error:
            raise InputError("capacity_malformed", field="capacity", value=value) from error
    return found
