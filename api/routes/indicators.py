"""Indicators of cases: counts and rates that open their lists, as a table, as files and as a ranking."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import asks
from api.conditional import unless_held
from api.context import Context, RequestSession
from api.indicator_questions import Asked
from api.indicator_schemas import IndicatorsOut, RankingOut
from api.language import Lang
from api.paging import MAX_LIMIT, Paging
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.cases.measures import Dimension, Ratio
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.indicators import service
from gridmgmt.indicators.rules import Compare, Indicators, Window
from gridmgmt.reports.indicators_json import Told
from gridmgmt.reports.indicators_ranking import MIN_CASES, ranked
from gridmgmt.texts import Language

router = APIRouter(prefix=PREFIX, tags=["indicators"], dependencies=[asks(Permission.READ)])

By = Annotated[Dimension | None, Query(description="What the rows are; without it only the total is told.")]
Beside = Annotated[
    Compare,
    Query(
        alias="compare",
        description="Beside the period before (`month`: of whole months as many, of the first days of a month the same "
        "days of the month before, else as many days) or the same days a year earlier (`year`). Where the two saw "
        "different boundary editions, both are counted in the areas of the period's last day.",
    ),
]


def _rows(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows of a page at most.")] = MAX_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=400, description="Where the page begins; given by `next` of the page before.")
    ] = None,
) -> Paging:
    return Paging(request, limit, cursor)


@router.get("/indicators", summary="Counts and rates of a period, each with its cases", response_model=IndicatorsOut)
def read_indicators(
    request: Request,
    session: RequestSession,
    context: Context,
    asked: Asked,
    lang: Lang,
    pages: Annotated[Paging, Depends(_rows)],
    by: By = None,
    compare: Beside = Compare.NONE,
) -> Response:
    """Count cases by what happened in a period, and tell the rates made of the counts with numerator and denominator.

    Every number has the address of the list of exactly its cases. A rate whose denominator is 0 is null, shown as “—”.
    Rows come by code, at most 1,000 a page: a district has some 27,000 cells. A client that sends the `ETag` back in
    `If-None-Match` gets 304 for as long as no number is another.
    """
    after = pages.after(str)
    window = Window(after[0] if after else None, pages.limit + 1)
    found = service.read(session, asked.question(by, compare), now=context.clock(), lang=lang, window=window)
    page = pages.page(found.rows, lambda row: row, lambda row: (row[0],))
    told = Told(found, bool(holds_synthetic(session)), lang)
    return _json(request, found, told.table(page.items, page.next))


@router.get(
    "/indicators/ranking", summary="Areas, bodies or types by one rate, the best first", response_model=RankingOut
)
def read_ranking(
    request: Request,
    session: RequestSession,
    context: Context,
    asked: Asked,
    lang: Lang,
    by: Annotated[Dimension, Query(description="What is ranked.", openapi_examples={"department": {}})],
    ratio: Annotated[Ratio, Query(description="By which rate.", openapi_examples={"closing_rate": {}})],
    min_cases: Annotated[
        int, Query(ge=1, le=1_000_000, description="Rows whose denominator is smaller are listed without a place.")
    ] = MIN_CASES,
) -> Response:
    """Rank by a rate: equal rates share a place and the next place is left out (1, 2, 2, 4).

    `better` tells which end is first: high rates of closing on time, low ones of rework.
    """
    found = service.read(session, asked.question(by), now=context.clock(), lang=lang)
    told = Told(found, bool(holds_synthetic(session)), lang)
    places = ranked(found.rows, ratio, min_cases=min_cases)
    return _json(request, found, told.ranking(ratio, places, min_cases))


def _file(format_: str) -> dict[str, Any]:
    """Return what the documentation says of a route that answers with a file."""
    media_type = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    content: dict[str, Any] = {media_type[format_]: {}}
    return {"response_class": Response, "responses": {200: {"description": "The file.", "content": content}}}


@router.get("/indicators.csv", summary="The same table as CSV", **_file("csv"))
def indicators_as_csv(
    request: Request,
    session: RequestSession,
    context: Context,
    asked: Asked,
    lang: Lang,
    by: By = None,
    compare: Beside = Compare.NONE,
) -> Response:
    """Write all rows with unrounded rates, 0–1, and an empty cell where a denominator is 0."""
    found = service.read(session, asked.question(by, compare), now=context.clock(), lang=lang)
    return _sent(request, found, lang, "csv")


@router.get("/indicators.xlsx", summary="The same table as a workbook", **_file("xlsx"))
def indicators_as_workbook(
    request: Request,
    session: RequestSession,
    context: Context,
    asked: Asked,
    lang: Lang,
    by: By = None,
    compare: Beside = Compare.NONE,
) -> Response:
    """Write all rows, with the definitions and what was asked on sheets of their own."""
    found = service.read(session, asked.question(by, compare), now=context.clock(), lang=lang)
    return _sent(request, found, lang, "xlsx")


def _sent(request: Request, found: Indicators, lang: Language, format_: str) -> Response:
    from gridmgmt.reports.indicators import render_indicators  # noqa: PLC0415 -- takes long to load

    rendered = render_indicators(found, format_, lang)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(rendered.file_name)}",
        "Cache-Control": "private, no-cache",
    }
    return unless_held(request, rendered.content, rendered.content, rendered.media_type, headers)


def _json(request: Request, found: Indicators, told: str) -> Response:
    """Return an answer as JSON; the moment of counting makes no other answer."""
    body = told.encode()
    return unless_held(request, f'{{"as_of":"{found.as_of.isoformat()}",'.encode() + body[1:], body)
