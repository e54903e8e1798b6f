"""Officer posts, responsibility grids with their cells, cover, workload, balance, and who answers for a place."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, asks
from api.answers import Form
from api.context import Context, OnDate, RequestSession
from api.governance_schemas import ReportFormat
from api.inline import inline_policy
from api.language import Lang
from api.paging import Page, Pages
from api.responsibility_schemas import (
    AssignmentAsk,
    CellsAsk,
    CellsChanged,
    CoverOut,
    GridAsk,
    GridDetail,
    GridOut,
    GridState,
    KindAsk,
    KindOut,
    Kinds,
    MovesAsk,
    PostAsk,
    PostOut,
    Posts,
    ProposalOut,
    WhoOut,
    WorkloadOut,
)
from api.routes import PREFIX
from api.routes.statistics import ReportedWithin
from api.schemas import Moment
from gridmgmt.access.rules import Permission
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import ForbiddenError, InputError
from gridmgmt.responsibility import queries, service
from gridmgmt.responsibility.cover import cover_check
from gridmgmt.responsibility.duty import who_is_responsible
from gridmgmt.responsibility.proposals import Keep, propose
from gridmgmt.responsibility.rules import NewGrid, NewKind, NewPost
from gridmgmt.responsibility.workload import Weights, Workload, workload
from gridmgmt.texts import Language

if TYPE_CHECKING:
    from gridmgmt.reports.render import Rendered

router = APIRouter(prefix=PREFIX, tags=["responsibility grids"], dependencies=[asks(Permission.READ)])
writes = [asks(Permission.GRIDS_WRITE)]
MOST_CELLS = 3_000
"""Cells that are divided anew within a request, which takes seconds."""

PathCode = Annotated[str, Path(max_length=64, description="Code.")]
Kind = Annotated[str, Query(max_length=64, description="Kind of the grids.", openapi_examples={"inspection": {}})]
OneKind = Annotated[str | None, Query(max_length=64, description="Only this kind.")]
Area = Annotated[str | None, Query(max_length=64, description="Only the cells in the area of this code.")]
_FILES: dict[str, dict[str, object]] = {
    "text/csv": {},
    "text/html": {},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
}
_AS_FILE: dict[int | str, dict[str, Any]] = {200: {"description": "The report.", "content": _FILES}}
_Weight = Annotated[float, Query(ge=0, le=1000, description="Weight of the measure; only the ratios matter.")]


async def _weights(
    cases: _Weight = 0.4, residents_60_plus: _Weight = 0.3, street_m: _Weight = 0.2, area_m2: _Weight = 0.1
) -> Weights:
    return Weights(cases, residents_60_plus, street_m, area_m2)


async def _whole_numbers(form: Form) -> None:
    if form == "public":
        raise ForbiddenError("residents_withheld")


Weighed = Annotated[Weights, Depends(_weights)]
exact = [Depends(_whole_numbers)]


@router.get("/grid-kinds", summary="Kinds of responsibility grids")
def list_kinds(session: RequestSession) -> Kinds:
    """List the kinds by code."""
    return Kinds(items=[KindOut.model_validate(kind) for kind in queries.kinds(session)])


@router.post("/grid-kinds", status_code=201, summary="Add or change a kind", dependencies=writes)
def define_kind(session: RequestSession, actor: Caller, ask: KindAsk) -> KindOut:
    """Name a kind and lay down the hours that each of its grids has to keep."""
    return KindOut.model_validate(service.define_kind(session, actor, NewKind(**ask.model_dump())))


@router.get("/officer-posts", summary="Officer posts")
def list_posts(session: RequestSession, on: OnDate, kind: OneKind = None) -> Posts:
    """List the posts of a day by code; who fills them is not known here."""
    if kind is not None:
        queries.kind_of_code(session, kind)
    return Posts(items=[PostOut.model_validate(post) for post in queries.posts(session, on, kind=kind)])


@router.post("/officer-posts", status_code=201, summary="Add or change a post", dependencies=writes)
def define_post(session: RequestSession, context: Context, actor: Caller, ask: PostAsk) -> PostOut:
    """Add a post from a day on, or change the name and body of the one of that code."""
    new = NewPost(**ask.model_dump(exclude={"on"}), valid_from=ask.on or context.today())
    return PostOut.model_validate(service.define_post(session, actor, new))


@router.delete("/officer-posts/{code}", summary="End a post", dependencies=writes)
def end_post(session: RequestSession, actor: Caller, on: OnDate, code: PathCode) -> PostOut:
    """End a post on a day; grids that still name it are findings of the cover check."""
    return PostOut.model_validate(service.end_post(session, actor, code, on))


@router.get("/responsible", summary="Who answers for a place at a moment")
def read_responsible(
    session: RequestSession,
    context: Context,
    lon: Annotated[float | None, Query(description="Degrees east, WGS 84.", openapi_examples={"121.44": {}})] = None,
    lat: Annotated[float | None, Query(description="Degrees north, WGS 84.", openapi_examples={"31.34": {}})] = None,
    cell: Annotated[str | None, Query(max_length=64, description="Code of a cell, instead of a position.")] = None,
    at: Annotated[Moment | None, Query(description="The moment, with its offset from UTC; now without it.")] = None,
) -> WhoOut:
    """Return by kind the grid, its post and backup, and whether it is on duty; the grids of the local day count."""
    lonlat = None if lon is None or lat is None else (lon, lat)
    return WhoOut(**asdict(who_is_responsible(session, at or context.clock(), cell=cell, lonlat=lonlat)))


@router.get("/responsibility-grids", summary="Responsibility grids, by kind and code")
def list_grids(
    session: RequestSession,
    on: OnDate,
    pages: Pages,
    kind: OneKind = None,
    cell: Annotated[str | None, Query(max_length=64, description="Only those that hold the cell of this code.")] = None,
) -> Page[GridOut]:
    """List the grids of a day with their posts, hours and surface."""
    after = pages.after(str, str)
    if kind is not None:
        queries.kind_of_code(session, kind)
    found = [
        grid
        for grid in queries.grids(session, on, kind=kind, cell=cell)
        if after is None or (grid.kind, grid.code) > after
    ]
    return pages.page(found, GridOut.model_validate, lambda grid: (grid.kind, grid.code))


@router.post("/responsibility-grids", status_code=201, summary="Create a grid", dependencies=writes)
def create_grid(session: RequestSession, context: Context, actor: Caller, ask: GridAsk) -> GridOut:
    """Set up a grid with its cells from a day on; its code is used once for all time."""
    plain = ask.model_dump(exclude={"on", "cells"})
    on = ask.on or context.today()
    service.create_grid(session, actor, NewGrid(**plain, cells=frozenset(ask.cells), valid_from=on))
    return GridOut.model_validate(queries.grid_summary(session, ask.code, on))


@router.get("/responsibility-grids/cover", summary="What is wrong with the grids of a kind")
def read_cover(session: RequestSession, on: OnDate, kind: Kind = "inspection") -> CoverOut:
    """List cells without a grid, grids in pieces, without posts, or that do not keep the hours laid down."""
    return CoverOut.model_validate(cover_check(session, kind, on))


@router.get(
    "/responsibility-grids/workload",
    summary="What each grid has to do",
    response_model=WorkloadOut,
    responses=_AS_FILE,
    dependencies=exact,
)
def read_workload(
    session: RequestSession,
    on: OnDate,
    lang: Lang,
    period: ReportedWithin,
    weights: Weighed,
    kind: Kind = "inspection",
    area: Area = None,
    format: Annotated[ReportFormat, Query(description="What to write it as.")] = "json",  # noqa: A002 -- its name outside
) -> WorkloadOut | Response:
    """Return cases, residents, streets and land of each grid, weighed together, and how even they are.

    Not given (403) in the public form, as it tells of residents of small areas.
    """
    found = workload(session, kind, on, area=area, period=period, weights=weights)
    if format == "json":
        return _workload(found, synthetic=bool(holds_synthetic(session)))
    from gridmgmt.reports.responsibility import render_workload  # noqa: PLC0415 -- takes seconds to load

    synthetic = bool(holds_synthetic(session))
    return _file(render_workload(found, _name(session, kind, lang), format, lang=lang, synthetic=synthetic))


@router.get("/responsibility-grids/proposals", summary="A more even division", dependencies=exact)
def read_proposal(
    session: RequestSession,
    on: OnDate,
    period: ReportedWithin,
    weights: Weighed,
    area: Annotated[str, Query(max_length=64, description="The area whose cells are divided.")],
    kind: Kind = "inspection",
    keep: Annotated[Keep, Query(description="The level of areas whose borders no grid may cross.")] = "town",
    most_moves: Annotated[
        int | None, Query(ge=0, le=MOST_CELLS, description="Only so many cells change their grid; all by default.")
    ] = None,
) -> ProposalOut:
    """Divide the cells of an area anew among its grids, so that loads are more even and every grid is in one piece.

    Nothing is stored; `POST /responsibility-grids/moves` accepts it. Equal questions get equal answers. An area of more
    than 3,000 cells is refused (`proposal_too_large`): `gridmgmt grids balance` divides it on the server.
    """
    if (cells := queries.cell_count(session, on, area)) > MOST_CELLS:
        raise InputError("proposal_too_large", field="area", value=area, cells=cells, most=MOST_CELLS)
    found = propose(session, kind, on, area=area, period=period, weights=weights, keep=keep, most_moves=most_moves)
    synthetic = bool(holds_synthetic(session))
    before, after = (_workload(side, synthetic=synthetic) for side in (found.before, found.after))
    return ProposalOut(
        before=before, after=after, moves=list(found.moves), least_max_over_mean=found.least_max_over_mean
    )


@router.post("/responsibility-grids/moves", summary="Move cells between grids", dependencies=writes)
def move_cells(session: RequestSession, context: Context, actor: Caller, ask: MovesAsk) -> CellsChanged:
    """Put cells into other grids of a kind from a day on; what was until then stays known."""
    return CellsChanged(changed=service.move_cells(session, actor, ask.kind, ask.cells, ask.on or context.today()))


@router.get("/responsibility-grids/{code}", summary="One grid with its cells, shape and history")
def read_grid(session: RequestSession, on: OnDate, code: PathCode) -> GridDetail:
    """Return a grid as it is on a day."""
    return _detail(session, queries.grid_summary(session, code, on), on)


@router.post(
    "/responsibility-grids/{code}/assignments", summary="Change post, backup, hours or name", dependencies=writes
)
def assign_grid(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: AssignmentAsk
) -> GridOut:
    """Change what is said of a grid from a day on."""
    on = ask.on or context.today()
    service.assign_grid(session, actor, code, on, service.Assignment(**ask.model_dump(exclude={"on"})))
    return GridOut.model_validate(queries.grid_summary(session, code, on))


@router.post("/responsibility-grids/{code}/cells", summary="Give a grid its cells", dependencies=writes)
def set_cells(session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: CellsAsk) -> CellsChanged:
    """Give a grid exactly these cells from a day on, out of whichever grid of the kind they are in."""
    return CellsChanged(changed=service.set_members(session, actor, code, ask.cells, ask.on or context.today()))


@router.delete("/responsibility-grids/{code}", summary="Dissolve a grid", dependencies=writes)
def dissolve_grid(session: RequestSession, actor: Caller, on: OnDate, code: PathCode) -> GridState:
    """End a grid on a day; its cells are in no grid of the kind from then on, until another takes them."""
    return GridState.model_validate(service.dissolve_grid(session, actor, code, on))


def _detail(session: Session, grid: queries.GridSummary, on: OnDate) -> GridDetail:
    past = queries.history(session, grid.code)
    return GridDetail(
        **GridOut.model_validate(grid).model_dump(),
        cell_codes=queries.cells_of_grid(session, grid.code, on),
        geometry=queries.grid_geojson(session, grid.code, on),
        history=[GridState.model_validate(row) for row in past.grid],
    )


def _workload(found: Workload, *, synthetic: bool) -> WorkloadOut:
    balance = {name: None if each is None else asdict(each) for name, each in found.balance.items()}
    return WorkloadOut.model_validate({**asdict(found), "balance": balance, "synthetic": synthetic})


def _name(session: Session, kind: str, lang: Language) -> str:
    found = queries.kind_of_code(session, kind)
    return found.name_zh if lang == "zh" else found.name_en


def _file(rendered: "Rendered") -> Response:
    headers = {"Content-Disposition": f'inline; filename="{rendered.file_name}"'}
    if rendered.media_type.startswith("text/html"):
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)
