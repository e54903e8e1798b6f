"""Grid cells: generations into drafts with their reports, facts of a cell, code schemes."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from api.access import Caller, asks
from api.boundaries import AskedBoundaries
from api.cell_schemas import (
    AboveCell,
    CellRow,
    GenerationAccepted,
    GenerationAsk,
    GenerationDetail,
    GenerationSummary,
    GridCellOut,
    SchemeOut,
)
from api.context import Context, RequestSession
from api.inline import inline_policy
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.cells import queries, service
from gridmgmt.cells.models import CellGeneration
from gridmgmt.db import Session
from gridmgmt.editions.queries import boundary_edition_of
from gridmgmt.jobs.models import JobState
from gridmgmt.jobs.queries import job_states
from gridmgmt.reports.cells import render_cells
from gridmgmt.responsibility.queries import grids_of_cells

router = APIRouter(prefix=f"{PREFIX}/cells", tags=["cells"], dependencies=[asks(Permission.READ)])

GenerationId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the generation.")]
CellCode = Annotated[str, Path(max_length=64, description="Code of the cell.")]
_CONTENT = {"application/json": {"schema": {"type": "object"}}, "text/html": {}}


@router.post(
    "/generations", status_code=202, summary="Draw cells into a draft", dependencies=[asks(Permission.AREAS_DRAFT)]
)
def ask_for_cells(
    session: RequestSession, actor: Caller, context: Context, ask: GenerationAsk, response: Response
) -> GenerationAccepted:
    """Enqueue the drawing of the cells of all quarters in an area and return its job, which can be cancelled.

    Cells that are there already and stay the same keep their codes; new ones get codes that were never used.
    """
    today = context.today()
    on = ask.planned_from or today
    asked = service.GenerationAsk(
        ask.area, ask.edition, on, max(on, today), ask.target_m2, management_level=ask.management_level
    )
    generation = service.request_generation(session, actor, asked)
    links = _links(generation)
    response.headers["Location"] = links["job"]
    return GenerationAccepted(generation_id=generation.generation_id, job_id=generation.job_id or 0, links=links)


@router.get("/generations", summary="Generations of cells, the newest first")
def list_generations(session: RequestSession, pages: Pages) -> Page[GenerationSummary]:
    """List generations, finished or not, without their reports."""
    after = pages.after(int)
    found = queries.newest_generations(session, pages.limit + 1, before=after[0] if after else None)
    states = job_states(session, [each.job_id for each, _ in found if each.job_id is not None])
    return pages.page(
        found,
        lambda row: _summary(row[0], row[1], states.get(row[0].job_id or 0)),
        lambda row: (row[0].generation_id,),
    )


@router.get("/generations/{generation_id}", summary="One generation of cells with its report")
def read_generation(session: RequestSession, generation_id: GenerationId) -> GenerationDetail:
    """Return a generation; its report once it has ended well."""
    generation = queries.generation_by_id(session, generation_id)
    edition = boundary_edition_of(session, generation.edition_id).name
    summary = _summary(generation, edition, _state(session, generation))
    return GenerationDetail(**dict(summary), report=generation.document)


@router.get(
    "/generations/{generation_id}/report",
    summary="The report of one generation as a file",
    response_class=Response,
    responses={200: {"description": "The report.", "content": _CONTENT}},
)
def read_report(  # the format is a parameter of the address
    session: RequestSession,
    lang: Lang,
    generation_id: GenerationId,
    format: Annotated[Literal["json", "html"], Query(description="What to write it as.")] = "json",  # noqa: A002 -- its name outside
) -> Response:
    """Return the report as JSON, or as a page with a map of the cells over what bounds them."""
    rendered = render_cells(session, queries.generation_by_id(session, generation_id), format, lang=lang)
    headers = {"Content-Disposition": f'inline; filename="{rendered.file_name}"'}
    if format == "html":
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)


@router.get("", summary="The cells of an area, by code")
def list_cells(
    session: RequestSession,
    asked: AskedBoundaries,
    pages: Pages,
    area: Annotated[
        str,
        Query(
            max_length=64,
            description="The area whose cells are meant.",
            openapi_examples={"张庙街道": {"value": "310113008"}},
        ),
    ],
) -> Page[CellRow]:
    """List cells with surface, land use, responsible body, and the responsibility grids they are in."""
    seen, after = asked.boundaries(session), pages.after(str)
    rows = queries.cells_within(
        session, area, seen.on, draft=seen.draft, after=after[0] if after else None, limit=pages.limit + 1
    )
    grids = grids_of_cells(session, [row.code for row in rows], seen.on)
    return pages.page(
        rows,
        lambda row: CellRow.model_validate(vars(row) | {"grids": grids.get(row.code, {})}),
        lambda row: (row.code,),
    )


@router.get("/schemes", summary="Schemes of cell codes")
def list_schemes(session: RequestSession) -> list[SchemeOut]:
    """Return every scheme with its segments; one of them is in use."""
    return [
        SchemeOut.model_validate(
            {
                "name": row.name,
                "digits": scheme.digits,
                "segments": scheme.segments,
                "source": row.source,
                "in_use": row.in_use,
            }
        )
        for scheme, row in queries.schemes(session)
    ]


@router.get("/{code}", summary="What is known of one cell")
def read_cell(session: RequestSession, asked: AskedBoundaries, code: CellCode) -> GridCellOut:
    """Return surface, perimeter, land use, responsible body, days and the areas that hold a cell."""
    seen = asked.boundaries(session)
    facts = queries.cell_facts(session, code, seen.on, draft=seen.draft)
    above = [
        AboveCell.model_validate({"level": level, "code": code, "name": name}) for level, code, name in facts.parents
    ]
    return GridCellOut.model_validate(vars(facts) | {"parents": above})


def _summary(generation: CellGeneration, edition: str, state: JobState | None) -> GenerationSummary:
    names = ("generation_id", "job_id", "area_code", "parameters", "content_sha256", "seconds", "created_at",
             "finished_at")  # fmt: skip
    return GenerationSummary(
        **{name: getattr(generation, name) for name in names},
        state=state,
        edition=edition,
        cells=generation.document["quality"]["count"] if generation.document else None,
        links=_links(generation),
    )


def _state(session: Session, generation: CellGeneration) -> JobState | None:
    return None if generation.job_id is None else job_states(session, [generation.job_id]).get(generation.job_id)


def _links(generation: CellGeneration) -> dict[str, str]:
    own = f"{PREFIX}/cells/generations/{generation.generation_id}"
    links = {"self": own, "report": f"{own}/report"}
    if generation.job_id is not None:
        links["job"] = f"{PREFIX}/jobs/{generation.job_id}"
    return links
