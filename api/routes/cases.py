"""Lists of cases, the board of what is open, and cases as files."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from api.access import asks
from api.case_filters import Wanted
from api.case_schemas import BoardOut, BoardRowOut, CaseCount, CasePage, case_out, department_name
from api.conditional import json_unless_held
from api.context import Context, RequestSession
from api.downloads import download, download_folder
from api.language import Lang
from api.paging import Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.cases import queries, summaries
from gridmgmt.cases.rules import ListOrder
from gridmgmt.casework.photo_queries import photo_counts
from gridmgmt.catalogue.service import catalogue_if_any
from gridmgmt.db import Session
from gridmgmt.texts import Language

router = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[asks(Permission.READ)])

Order = Annotated[ListOrder, Query(description="The last reported first; or, of open cases, what is due first.")]


@router.get("/cases", summary="Cases that meet a filter, in pages", response_model=CasePage)
def list_cases(
    request: Request,
    session: RequestSession,
    context: Context,
    pages: Pages,
    wanted: Wanted,
    lang: Lang,
    order: Order = "newest",
) -> Response:
    """List cases with how many there are: exactly up to 1,000, beyond that only that there are more.

    The cases behind a number of the indicators (`measure`) are counted up to 10,000. With `order=due` only open cases
    with a deadline are listed. A client that sends the `ETag` of a page back in `If-None-Match` gets 304 for as long as
    the page is the same.
    """
    now = context.clock()
    after = pages.after(datetime.fromisoformat, int)
    found = queries.page_of_cases(
        session, wanted, now=now, order=order, after=(after[0], after[1]) if after else None, limit=pages.limit + 1
    )
    known, first = catalogue_if_any(session, now), "due_at" if order == "due" else "reported_at"
    page = pages.page(
        found.rows,
        lambda row: case_out(row, known, lang, row.photos),
        lambda row: (getattr(row, first).isoformat(), row.case_id),
    )
    count = CaseCount.model_validate(found.count)
    return json_unless_held(request, CasePage(items=page.items, next=page.next, count=count))


@router.get("/cases/board", summary="All open cases by body and by town, the most overdue first")
def read_board(session: RequestSession, context: Context, wanted: Wanted, lang: Lang) -> BoardOut:
    """Count what is open by urgency and state for each body and each town, and name the most overdue cases."""
    now = context.clock()
    found = summaries.board(session, wanted, now=now)
    known = catalogue_if_any(session, now)
    towns = summaries.town_names(session, [row.code for row in found.towns if row.code])
    photos = photo_counts(session, [row.case_id for row in found.most_overdue])
    return BoardOut(
        at=now,
        open=sum(row.open for row in found.departments),
        departments=[_board_row(row, department_name(known, row.code, lang)) for row in found.departments],
        towns=[_board_row(row, towns.get(row.code or "")) for row in found.towns],
        most_overdue=[case_out(row, known, lang, photos.get(row.case_id, 0)) for row in found.most_overdue],
    )


_FILES: dict[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
}


def _file(format_: str) -> dict[str, Any]:
    """Return what the documentation says of a route that answers with a file."""
    media_type = _FILES[format_].partition(";")[0]
    return {
        "response_class": FileResponse,
        "responses": {200: {"description": "The file.", "content": {media_type: {}}}},
    }


@router.get("/cases.csv", summary="The cases of a filter as CSV", **_file("csv"))
def cases_as_csv(
    session: RequestSession, context: Context, wanted: Wanted, lang: Lang, order: Order = "newest"
) -> FileResponse:
    """Write every case that the same filter lists, with words in the language of the answer; no contact data."""
    return _as_file(session, context.clock(), wanted, order, lang, "csv")


@router.get("/cases.xlsx", summary="The cases of a filter as a workbook", **_file("xlsx"))
def cases_as_workbook(
    session: RequestSession, context: Context, wanted: Wanted, lang: Lang, order: Order = "newest"
) -> FileResponse:
    """Write every case that the same filter lists, with words in the language of the answer; no contact data."""
    return _as_file(session, context.clock(), wanted, order, lang, "xlsx")


@router.get("/cases.geojson", summary="The cases of a filter as GeoJSON", **_file("geojson"))
def cases_as_geojson(
    session: RequestSession, context: Context, wanted: Wanted, lang: Lang, order: Order = "newest"
) -> FileResponse:
    """Write every case that the same filter lists as points with identifiers; no contact data."""
    return _as_file(session, context.clock(), wanted, order, lang, "geojson")


def _as_file(
    session: Session, now: datetime, wanted: Wanted, order: ListOrder, lang: Language, format_: str
) -> FileResponse:
    from gridmgmt.exports.cases import write_cases  # noqa: PLC0415 -- takes long to load, and a server starts without

    with download_folder() as folder:
        path = folder / f"cases.{format_}"
        write_cases(session, path, wanted, now=now, order=order, lang=lang)
        return download(path, _FILES[format_])


def _board_row(row: summaries.BoardRow, name: str | None) -> BoardRowOut:
    return BoardRowOut(**vars(row), name=name)
