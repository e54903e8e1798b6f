"""Grids of departments side by side, where they disagree, and their merges (多格合一)."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from api.access import Caller, asks
from api.answers import Form
from api.context import Context, OnDate, RequestSession
from api.inline import inline_policy
from api.language import Lang
from api.merging_schemas import (
    ComparedOut,
    ComparisonOut,
    ConflictFeature,
    ConflictPage,
    DepartmentGridOut,
    DepartmentList,
    DepartmentOut,
    MergeAccepted,
    MergeIn,
    MergeOut,
    MergeSummary,
    WayOut,
    Ways,
)
from api.paging import Page, Pages
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.jobs.models import JobState

if TYPE_CHECKING:
    from gridmgmt.merging.models import GridMerge
    from gridmgmt.merging.service import Compared

router = APIRouter(prefix=PREFIX, tags=["merging"], dependencies=[asks(Permission.READ)])

MergeId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the merge.")]
Slug = Annotated[str | None, Query(max_length=40, description="Only this department; `merged` for results.")]
GEOJSON = "application/geo+json"
REPORT_CONTENT: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}, "text/html": {}, GEOJSON: {}}
ReportFormat = Literal["json", "csv", "xlsx", "html", "geojson"]


@router.get("/department-grids", summary="Grids of departments in force")
def list_grids(
    session: RequestSession,
    on: OnDate,
    pages: Pages,
    department: Slug = None,
    edition: Annotated[str | None, Query(max_length=200, description="Only the editions of this name.")] = None,
    geometry: Annotated[bool, Query(description="With the surfaces as GeoJSON.")] = False,
) -> Page[DepartmentGridOut]:
    """List grids by department and code."""
    from gridmgmt.merging import queries  # noqa: PLC0415 -- takes seconds to load

    found = queries.grid_summaries(
        session, on, department=department, edition=edition, after=pages.after(str, str, int), limit=pages.limit + 1
    )
    shapes = queries.grid_geojson(session, [grid.grid_id for grid in found]) if geometry else {}
    return pages.page(
        found,
        lambda grid: DepartmentGridOut.model_validate(grid).model_copy(update={"geometry": shapes.get(grid.grid_id)}),
        lambda grid: (grid.department, grid.code, grid.grid_id),
    )


@router.get("/department-grids/departments", summary="Departments with grids in force")
def list_departments(session: RequestSession, on: OnDate) -> DepartmentList:
    """List departments with their editions, the number of their grids and their surface."""
    from gridmgmt.merging import queries  # noqa: PLC0415 -- as above

    items = [DepartmentOut.model_validate(each) for each in queries.departments(session, on)]
    return DepartmentList(on=on, items=items)


@router.get("/department-grids/comparison", summary="Where departments disagree")
def read_comparison(
    session: RequestSession,
    on: OnDate,
    form: Form,
    department: Annotated[list[str], Query(min_length=2, max_length=20, description="Two or more, repeated.")],
    area: Annotated[str | None, Query(max_length=64, description="Code of the area; everywhere without it.")] = None,
    lead: Annotated[str | None, Query(max_length=40, description="Whose borders lead.")] = None,
    sliver_width_m: Annotated[float, Query(gt=0, le=100, description="Narrower conflicts are slivers.")] = 2.0,
    geometry: Annotated[bool, Query(description="With each conflict and what each way makes, as GeoJSON.")] = False,
) -> ComparedOut:
    """Compare the grids of departments on a day, with what each way would make of the conflicts; nothing is kept."""
    from gridmgmt.merging.document import without_residents  # noqa: PLC0415 -- as above
    from gridmgmt.merging.rules import MergeAsk  # noqa: PLC0415 -- as above
    from gridmgmt.merging.service import compare_departments  # noqa: PLC0415 -- as above

    ask = MergeAsk(tuple(department), area=area, lead=lead, sliver_width_m=sliver_width_m)
    compared = compare_departments(session, ask, on)
    found = {**compared.document(), **({"map": _shapes(compared)} if geometry else {})}
    return ComparedOut.model_validate(without_residents(found) if form == "public" else found)


@router.post(
    "/merges", status_code=201, summary="Merge departments' grids", dependencies=[asks(Permission.GRIDS_WRITE)]
)
def add_merge(
    session: RequestSession, context: Context, actor: Caller, ask: MergeIn, response: Response
) -> MergeAccepted:
    """Merge into an edition of a name; of very many grids as a job (202).

    The same merge again under the same name changes nothing; under a name that another has it is refused (409).
    """
    from gridmgmt.merging.models import GridMerge  # noqa: PLC0415 -- as above
    from gridmgmt.merging.service import request_merge  # noqa: PLC0415 -- as above

    made = request_merge(session, actor, ask.ask(), ask.on or context.today(), ask.edition)
    if isinstance(made, GridMerge):
        accepted = MergeAccepted(
            merge_id=made.merge_id, job_id=None, state=JobState.SUCCEEDED, links=_links(made.merge_id)
        )
        response.headers["Location"] = accepted.links["self"]
        return accepted
    response.status_code = 202
    links = {"job": f"{PREFIX}/jobs/{made.job_id}"}
    response.headers["Location"] = links["job"]
    return MergeAccepted(merge_id=None, job_id=made.job_id, state=JobState(made.state), links=links)


@router.get("/merges", summary="Merges, the newest first")
def list_merges(session: RequestSession, pages: Pages) -> Page[MergeSummary]:
    """List merges without their figures."""
    from gridmgmt.merging import queries  # noqa: PLC0415 -- as above

    after = pages.after(int)
    found = queries.newest_merges(session, pages.limit + 1, before=after[0] if after else None)
    return pages.page(found, lambda row: MergeSummary(**_summary(*row)), lambda row: (row[0].merge_id,))


@router.get("/merges/{merge_id}", summary="One merge")
def read_merge(session: RequestSession, form: Form, merge_id: MergeId) -> MergeOut:
    """Return what was asked, of which editions, and where they disagreed."""
    from gridmgmt.merging import queries  # noqa: PLC0415 -- as above

    merge = queries.merge_by_id(session, merge_id)
    return MergeOut(
        **_summary(merge, queries.edition_name(session, merge)),
        comparison=ComparisonOut.model_validate(_document(merge, form)),
        input_sha256=merge.input_sha256,
        result_sha256=merge.result_sha256,
        links=_links(merge_id),
    )


@router.get("/merges/{merge_id}/ways", summary="The three ways side by side")
def read_ways(session: RequestSession, form: Form, merge_id: MergeId) -> Ways:
    """Return what each way makes of the conflicts; by whole cells only where there are grid cells."""
    from gridmgmt.merging import queries  # noqa: PLC0415 -- as above

    document = _document(queries.merge_by_id(session, merge_id), form)
    return Ways(items=[WayOut.model_validate(way) for way in document["ways"]])


@router.get("/merges/{merge_id}/conflicts", summary="The conflicts of a merge as GeoJSON")
def list_conflicts(session: RequestSession, form: Form, merge_id: MergeId, pages: Pages) -> ConflictPage:
    """List conflicts by number: who has what there, m², residents, cases, and what each way makes of it."""
    from gridmgmt.merging import queries  # noqa: PLC0415 -- as above
    from gridmgmt.merging.document import without_residents  # noqa: PLC0415 -- as above
    from gridmgmt.reports.merging import conflict_values, conflicts_geojson  # noqa: PLC0415 -- as above

    queries.merge_by_id(session, merge_id)
    after = pages.after(int)
    found = queries.conflicts_of(session, merge_id, after=after[0] if after else 0, limit=pages.limit + 1)
    page = pages.page(found, lambda row: row, lambda row: (row.conflict_no,))
    rows = [conflict_values(row) for row in page.items]
    shown = conflicts_geojson(
        without_residents(rows) if form == "public" else rows, [queries.surface_of_conflict(row) for row in page.items]
    )
    return ConflictPage(features=[ConflictFeature(**each) for each in shown["features"]], next=page.next)


@router.get(
    "/merges/{merge_id}/report",
    summary="The report of a merge as a file",
    response_class=Response,
    responses={200: {"description": "The report.", "content": REPORT_CONTENT}},
)
def read_report(
    session: RequestSession,
    form: Form,
    lang: Lang,
    merge_id: MergeId,
    format: Annotated[ReportFormat, Query(description="What to write it as.")] = "json",  # noqa: A002 -- its name outside
) -> Response:
    """Return the report as JSON, CSV (the conflicts), XLSX, HTML or GeoJSON (the conflicts)."""
    from gridmgmt.merging import queries  # noqa: PLC0415 -- as above
    from gridmgmt.reports.merging import conflict_values, render_merge  # noqa: PLC0415 -- as above

    merge = queries.merge_by_id(session, merge_id)
    conflicts = [
        (conflict_values(row), queries.surface_of_conflict(row)) for row in queries.conflicts_of(session, merge_id)
    ]
    edition = queries.edition_name(session, merge)
    rendered = render_merge(merge, edition, conflicts, format, lang=lang, public=form == "public")
    headers = {"Content-Disposition": f'inline; filename="{rendered.file_name}"'}
    if format == "html":
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)


@router.get(
    "/merges/{merge_id}/map",
    summary="The conflict map of a merge",
    response_class=Response,
    responses={200: {"description": "A page that needs nothing else.", "content": {"text/html": {}}}},
)
def read_map(session: RequestSession, form: Form, lang: Lang, merge_id: MergeId) -> Response:
    """Return a self-contained page with the conflicts and the three ways side by side."""
    from gridmgmt.merging.queries import merge_by_id  # noqa: PLC0415 -- as above
    from maps.merging_map import merging_map  # noqa: PLC0415 -- as above

    page = merging_map(session, merge_by_id(session, merge_id), lang=lang, public=form == "public")
    headers = {"Content-Security-Policy": inline_policy(page)}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


def _shapes(compared: "Compared") -> dict[str, Any]:
    from gridmgmt.reports.coverage_geojson import rfc7946  # noqa: PLC0415 -- as above
    from gridmgmt.reports.merging import conflicts_geojson  # noqa: PLC0415 -- as above

    conflicts = compared.conflicts()
    grids = {
        way.value: [
            {
                "properties": {"code": grid.code, "name": grid.name, "conflict_no": grid.conflict},
                "geometry": rfc7946(grid.surface),
            }
            for grid in result.grids
        ]
        for way, result in compared.results.items()
    }
    return {"conflicts": conflicts_geojson(conflicts, [row["geom"] for row in conflicts])["features"], "ways": grids}


def _document(merge: "GridMerge", form: str) -> dict[str, Any]:
    from gridmgmt.merging.document import without_residents  # noqa: PLC0415 -- as above

    document: dict[str, Any] = without_residents(merge.document) if form == "public" else merge.document
    return document


def _summary(merge: "GridMerge", edition: str) -> dict[str, Any]:
    return {
        "merge_id": merge.merge_id,
        "edition": edition,
        "compared_on": merge.compared_on,
        "way": merge.parameters["way"],
        "departments": merge.parameters["departments"],
        "area": merge.parameters["area"],
        "created_at": merge.created_at,
        "actor": merge.actor,
    }


def _links(merge_id: int) -> dict[str, str]:
    here = f"{PREFIX}/merges/{merge_id}"
    return {"self": here, **{name: f"{here}/{name}" for name in ("ways", "conflicts", "report", "map")}}
