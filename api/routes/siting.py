"""Siting: where the next points should go; asking, watching, ending early, and the answer in five formats.

The rooms that search (numba, HiGHS) take seconds to import, so they are imported where they are first asked for.
"""

from functools import partial
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response

from api.access import Caller, asks
from api.context import ApiContext, Context, RequestSession
from api.inline import inline_policy
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from api.routes.jobs import job_error, stage_text
from api.siting_schemas import (
    ResultFormat,
    SiteIn,
    SitesOut,
    SitingAccepted,
    SitingAsk,
    SitingRunOut,
    SitingRunSummary,
    StopIn,
)
from api.uploads import with_body
from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import require
from gridmgmt.analysis.siting.model import SitingModel
from gridmgmt.areas.queries import bounds_of
from gridmgmt.crs import Datum
from gridmgmt.db import Session
from gridmgmt.errors import ForbiddenError
from gridmgmt.jobs.models import JobState
from gridmgmt.jobs.queries import job_by_id, job_states
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.siting import queries
from gridmgmt.siting.document import SitingDocument
from gridmgmt.siting.models import SitingRun

if TYPE_CHECKING:
    from gridmgmt.placeability.rules import Candidate

router = APIRouter(
    prefix=f"{PREFIX}/siting",
    tags=["siting"],
    dependencies=[asks(Permission.COVERAGE_RUN), asks(Permission.RESULTS_EXACT)],
)

RunId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the run.")]
RESULT_CONTENT: dict[str, Any] = {
    "text/html": {},
    "application/pdf": {},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
    "application/geo+json": {},
}
_PRIVATE = {"Cache-Control": "private, no-cache"}


@router.post("/runs", status_code=202, summary="Ask where the next points should go")
def ask_for_siting(
    session: RequestSession,
    actor: Caller,
    context: Context,
    ask: SitingAsk,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=128, description="Asking again with the same key starts nothing new."),
    ] = None,
) -> SitingAccepted:
    """Enqueue a run and return its job; the answer says how far its plan can be from the best one.

    Not taken (403) where this server gives the public form alone.
    """
    from gridmgmt.siting.service import request_run  # noqa: PLC0415 -- see the module

    _refuse_public(context)
    run = request_run(session, actor, ask.terms(context.today()), idempotency_key=idempotency_key)
    links = _links(run)
    response.headers["Location"] = links["self"]
    return SitingAccepted(job_id=run.job_id, run_id=run.run_id, links=links)


@router.post("/candidates", summary="Read the candidates of a file", response_model_exclude_none=True)
async def read_sites(
    request: Request,
    context: Context,
    file: Annotated[
        str,
        Query(
            max_length=200,
            pattern=r"^\w[\w.() -]*$",
            description="Its name, whose ending tells the format.",
            openapi_examples={"CSV": {"value": "candidates.csv"}},
        ),
    ],
    datum: Annotated[Datum | None, Query(description="Datum of its coordinates; by its own CRS without it.")] = None,
) -> SitesOut:
    """Return the candidates of a CSV, XLSX or vector file of points, the body; nothing is kept.

    A file with rows that cannot be read is refused (422), its rows listed under `errors`.
    """
    _refuse_public(context)
    found = await with_body(request, file, partial(_candidates, datum=datum))
    return SitesOut(
        items=[
            SiteIn(lon=each.lon, lat=each.lat, code=each.code, name=each.name, **vars(each.attributes))
            for each in found
        ]
    )


@router.get("/runs", summary="Siting runs, the newest first")
def list_sitings(session: RequestSession, context: Context, pages: Pages) -> Page[SitingRunSummary]:
    """List runs, finished or not, without their answers."""
    _refuse_public(context)
    after = pages.after(int)
    runs = queries.newest_runs(session, pages.limit + 1, before=after[0] if after else None)
    states = job_states(session, [run.job_id for run in runs])
    return pages.page(runs, lambda run: _summary(run, states[run.job_id]), lambda run: (run.run_id,))


@router.get("/runs/{run_id}", summary="One siting run: its progress, or its certificate")
def read_siting(session: RequestSession, context: Context, actor: Caller, lang: Lang, run_id: RunId) -> SitingRunOut:
    """Return how far a run is: incumbent, bound and chosen points while it runs, the certificate when it has ended."""
    from gridmgmt.siting.service import document_of, stale_inputs  # noqa: PLC0415 -- see the module

    run = _readable(session, context, actor, run_id)
    job = job_by_id(session, run.job_id)
    changed = stale_inputs(session, run, on=context.today()) if run.document else []
    return SitingRunOut(
        **_summary(run, JobState(job.state)).model_dump(),
        stage=job.stage,
        stage_text=stage_text(job, lang),
        share=job.progress,
        progress=run.progress,
        keep_requested=run.keep_requested,
        error=job_error(job, lang),
        certificate=document_of(run).certificate if run.document else None,
        stale=bool(changed),
        stale_because=changed,
    )


@router.get(
    "/runs/{run_id}/result.{format}",
    summary="The answer of one siting run as a file",
    response_class=Response,
    responses={200: {"description": "The answer.", "model": SitingDocument, "content": RESULT_CONTENT}},
)
def read_siting_result(
    session: RequestSession,
    context: Context,
    actor: Caller,
    lang: Lang,
    run_id: RunId,
    format: Annotated[ResultFormat, Path(description="What to write it as.")],  # noqa: A002 -- its name outside
) -> Response:
    """Return the answer as JSON, HTML, PDF, XLSX or GeoJSON; equal runs give equal bytes."""
    from gridmgmt.reports.siting_render import render_siting  # noqa: PLC0415 -- see the module
    from gridmgmt.siting.service import document_of  # noqa: PLC0415 -- as above

    document = document_of(_readable(session, context, actor, run_id))
    rendered = render_siting(session, document, f"siting-{run_id}", format, lang=lang)
    headers = {"Content-Disposition": f'inline; filename="{rendered.file_name}"', **_PRIVATE}
    if format == "html":
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)


@router.post("/runs/{run_id}/stop", summary="End a siting run early")
def stop_siting(
    session: RequestSession, context: Context, actor: Caller, lang: Lang, run_id: RunId, ask: StopIn
) -> SitingRunOut:
    """Cancel a run, or have it end with the best plan so far as its answer; an ended one cannot be stopped (409)."""
    from gridmgmt.siting.service import stop  # noqa: PLC0415 -- see the module

    _refuse_public(context)
    stop(session, actor, run_id, keep=ask.keep)
    return read_siting(session, context, actor, lang, run_id)


def _candidates(path: FilePath, datum: Datum | None) -> "list[Candidate]":
    from gridmgmt.placeability.batch import read_candidates  # noqa: PLC0415 -- see the module
    from gridmgmt.uploads.contents import check_packed  # noqa: PLC0415 -- as above

    check_packed(path)
    return read_candidates(path, datum=datum)


def _readable(session: Session, context: ApiContext, actor: Actor, run_id: int) -> SitingRun:
    """Return a run whose exact numbers the caller may see."""
    _refuse_public(context)
    run = queries.run_by_id(session, run_id)
    if not actor.may(Permission.RESULTS_EXACT):
        from gridmgmt.siting.service import terms_of  # noqa: PLC0415 -- see the module

        areas = bounds_of(session, run.area_code, terms_of(run).walk.on)
        require(actor, Permission.RESULTS_EXACT, areas=areas)
    return run


def _refuse_public(context: ApiContext) -> None:
    if context.settings.results == "public":
        raise ForbiddenError("siting_withheld")


def _summary(run: SitingRun, state: JobState) -> SitingRunSummary:
    return SitingRunSummary(
        run_id=run.run_id,
        job_id=run.job_id,
        state=state,
        model=SitingModel(run.model),
        points=run.parameters["points"],
        type=ServicePointType(run.type),
        area_code=run.area_code,
        on=run.parameters["walk"]["on"],
        created_by=run.created_by,
        created_at=run.created_at,
        finished_at=run.finished_at,
        links=_links(run),
    )


def _links(run: SitingRun) -> dict[str, str]:
    here = f"{PREFIX}/siting/runs/{run.run_id}"
    return {"self": here, "job": f"{PREFIX}/jobs/{run.job_id}", "result": f"{here}/result.json", "stop": f"{here}/stop"}
