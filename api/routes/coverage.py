"""Coverage: asking for runs, their answers, reports and maps."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Response

from api import answers
from api.access import Caller, asks
from api.answers import AnsweredRun, Form, RunAccepted, RunAsk, RunPlace, RunSummary
from api.context import Context, RequestSession
from api.inline import inline_policy
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.coverage import queries
from gridmgmt.coverage.comparison_document import CoverageComparison
from gridmgmt.coverage.document import Level, LevelFigures
from gridmgmt.coverage.models import CoverageRun
from gridmgmt.errors import ForbiddenError, NotFoundError
from gridmgmt.jobs.queries import job_states
from gridmgmt.service_points.rules import ServicePointType

router = APIRouter(prefix=f"{PREFIX}/coverage", tags=["coverage"], dependencies=[asks(Permission.READ)])

RunId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the run.")]
PlaceNo = Annotated[
    int, Query(ge=0, le=2**63 - 1, description="Number of the place in its source, as the report lists it.")
]
PlaceId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the place, as the coverage tiles have it.")]
ComparisonFormat = Literal["json", "html", "xlsx", "csv"]
ReportFormat = Literal["json", "html", "xlsx", "geojson", "pdf"]


@router.post("/runs", status_code=202, summary="Ask for a coverage run", dependencies=[asks(Permission.COVERAGE_RUN)])
def ask_for_run(
    session: RequestSession,
    actor: Caller,
    context: Context,
    form: Form,
    ask: RunAsk,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=128, description="Asking again with the same key starts nothing new."),
    ] = None,
) -> RunAccepted:
    """Enqueue a run and return its job; who reaches a point of the types on foot within the minutes.

    Not taken (403) in the public form, where the difference of two nearly equal questions would be a small count.
    """
    if form == "public":
        raise ForbiddenError("runs_withheld")
    accepted = answers.request_run(session, actor, ask, on=context.today(), idempotency_key=idempotency_key)
    response.headers["Location"] = accepted.links["job"]
    return accepted


@router.get("/runs", summary="Coverage runs, the newest first")
def list_runs(session: RequestSession, pages: Pages) -> Page[RunSummary]:
    """List runs, finished or not, without their answers."""
    after = pages.after(int)
    runs = queries.newest_runs(session, pages.limit + 1, before=after[0] if after else None)
    states = job_states(session, [run.job_id for run in runs])
    return pages.page(runs, lambda run: answers.run_summary(run, states[run.job_id]), lambda run: (run.run_id,))


@router.get("/runs/{run_id}", summary="One coverage run with its answer", response_model=AnsweredRun)
def read_run(session: RequestSession, context: Context, form: Form, run_id: RunId) -> Response:
    """Return a run; its report once it has finished, and whether an input has changed since."""
    return _answered(session, context, queries.run_by_id(session, run_id), form)


@router.get("/runs/{run_id}/areas", summary="The numbers of one run by area")
def read_run_areas(
    session: RequestSession,
    context: Context,
    form: Form,
    run_id: RunId,
    level: Annotated[Level | None, Query(description="Only this level.")] = None,
) -> list[LevelFigures]:
    """Return the figures of every area, level by level."""
    document = answers.document(context, queries.run_by_id(session, run_id), form)
    return [figures for figures in document.levels if level in (None, figures.level)]


@router.get("/runs/{run_id}/places", summary="Why the place of a number in its source is covered or not")
def find_run_place(session: RequestSession, form: Form, run_id: RunId, place_no: PlaceNo) -> RunPlace:
    """Say what a run found for a place of the report's list; not given (403) in the public form."""
    if form == "public":
        raise ForbiddenError("places_withheld")
    run = queries.run_by_id(session, run_id)
    return answers.run_place(session, run, queries.place_id_of(session, run_id, place_no))


@router.get("/runs/{run_id}/places/{place_id}", summary="Why one place is covered or not")
def read_run_place(session: RequestSession, form: Form, run_id: RunId, place_id: PlaceId) -> RunPlace:
    """Say what a run found for one place; not given (403) in the public form."""
    if form == "public":
        raise ForbiddenError("places_withheld")
    return answers.run_place(session, queries.run_by_id(session, run_id), place_id)


@router.get(
    "/runs/{run_id}/report",
    summary="The report of one run as a file",
    response_class=Response,
    responses={200: {"description": "The report.", "content": answers.REPORT_CONTENT}},
)
def read_run_report(  # the format is a parameter of the address
    session: RequestSession,
    context: Context,
    form: Form,
    lang: Lang,
    run_id: RunId,
    format: Annotated[ReportFormat, Query(description="What to write it as.")] = "json",  # noqa: A002 -- its name outside
) -> Response:
    """Return the report as JSON, HTML, XLSX, GeoJSON or PDF; equal runs give equal bytes."""
    rendered = answers.render(
        session, context, queries.run_by_id(session, run_id), form=form, format_=format, lang=lang
    )
    headers = {"Content-Disposition": f'inline; filename="{rendered.file_name}"', **_uncached(form)}
    if format == "html":
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)


@router.get(
    "/runs/{run_id}/map",
    summary="The map page of one run",
    response_class=Response,
    responses={200: {"description": "A page that needs nothing else.", "content": {"text/html": {}}}},
)
def read_run_map(session: RequestSession, context: Context, form: Form, lang: Lang, run_id: RunId) -> Response:
    """Return a self-contained map page of the run."""
    page = answers.map_page(session, context, queries.run_by_id(session, run_id), form=form, lang=lang)
    headers = {"Content-Security-Policy": inline_policy(page), **_uncached(form)}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


@router.get(
    "/compare",
    summary="Two coverage runs side by side",
    response_class=Response,
    responses={
        200: {
            "description": "The comparison.",
            "model": CoverageComparison,
            "content": answers.COMPARISON_CONTENT,
        }
    },
)
def compare_runs(  # the format is a parameter of the address
    session: RequestSession,
    context: Context,
    form: Form,
    lang: Lang,
    a: Annotated[int, Query(ge=1, le=2**63 - 1, description="Number of the earlier run.", examples=[1])],
    b: Annotated[int, Query(ge=1, le=2**63 - 1, description="Number of the later run.", examples=[2])],
    format: Annotated[ComparisonFormat, Query(description="What to write it as.")] = "json",  # noqa: A002 -- its name outside
) -> Response:
    """Say what was asked otherwise, the figures area by area, and who gained or lost a point from ``a`` to ``b``.

    Gains and losses are told where both runs are of one population. In the public form small counts are withheld.
    """
    runs = queries.run_by_id(session, a), queries.run_by_id(session, b)
    found = answers.comparison(context, session, *runs, form)
    rendered = answers.render_comparison(found, f"coverage-{a}-{b}", format, lang)
    headers = {"Content-Disposition": f'inline; filename="{rendered.file_name}"', **_uncached(form)}
    if format == "html":
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)


@router.get(
    "/reports/latest",
    summary="The latest report of an area and type, without starting a run",
    response_model=AnsweredRun,
)
def read_latest_report(
    session: RequestSession,
    context: Context,
    form: Form,
    area: Annotated[str | None, Query(max_length=64, description="Code of the area; the whole without it.")] = None,
    type: Annotated[list[ServicePointType] | None, Query(description="Exactly these types; any without it.")] = None,  # noqa: A002 -- its name outside
) -> Response:
    """Return the newest finished run, marked stale when an input edition has changed since."""
    return _answered(session, context, _latest(session, area, type), form)


def _answered(session: RequestSession, context: Context, run: CoverageRun, form: Form) -> Response:
    text = answers.answered_run(session, context, run, form)
    return Response(text, media_type="application/json", headers=_uncached(form))


def _latest(session: RequestSession, area: str | None, types: list[ServicePointType] | None) -> CoverageRun:
    run = queries.latest_finished(session, area_code=area, types=types)
    if run is None:
        raise NotFoundError("no_report", area=area or "*", types=", ".join(types or ()) or "*")
    return run


def _uncached(form: Form) -> dict[str, str]:
    """Keep exact numbers out of shared caches."""
    return {"Cache-Control": "private, no-cache" if form == "exact" else "no-cache"}
