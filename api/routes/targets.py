"""Plan targets with their items, renewal projects, and budgets of areas."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response

from api.access import Caller, asks
from api.answers import Form
from api.context import Context, OnDate, RequestSession
from api.geometries import surface
from api.inline import inline_policy
from api.language import Lang
from api.paging import Page, Pages
from api.routes import PREFIX
from api.target_schemas import (
    BudgetAmountIn,
    BudgetAmountOut,
    BudgetAsk,
    BudgetOut,
    BudgetPartOut,
    EldersMovedOut,
    PlanTargetOut,
    RenewalProjectAsk,
    RenewalProjectDetail,
    RenewalProjectOut,
    TargetAsk,
    TargetCardIn,
    TargetDetail,
    TargetFormat,
    TargetFromPlanAsk,
    TargetItemAsk,
    TargetItemChangeAsk,
    TargetItemOut,
    TargetMilestoneAsk,
    TargetMilestoneOut,
    TargetProgressOut,
)
from gridmgmt.access.rules import Permission
from gridmgmt.areas.queries import area_id_of
from gridmgmt.db import Session
from gridmgmt.editions.queries import holds_synthetic
from gridmgmt.errors import NotFoundError
from gridmgmt.targets import budget_queries, project_queries, queries, service
from gridmgmt.targets.budget_queries import BudgetView, StatedPart
from gridmgmt.targets.project_queries import ProjectView
from gridmgmt.targets.queries import Item, TargetView
from gridmgmt.targets.rules import Amount, Reached

if TYPE_CHECKING:
    from gridmgmt.reports.render import Rendered

router = APIRouter(prefix=PREFIX, tags=["targets"], dependencies=[asks(Permission.READ)])
writes = [asks(Permission.TARGETS_WRITE)]

PathCode = Annotated[str, Path(max_length=64, description="Code.")]
ItemNo = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the item.")]
Area = Annotated[str | None, Query(max_length=64, description="Only of the area of this code, and of what lies in it.")]
Year = Annotated[int | None, Query(description="Only of this year.")]
Format = Annotated[TargetFormat, Query(description="What to write it as.")]
_FILES: dict[str, dict[str, object]] = {
    "text/csv": {},
    "text/html": {},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
}
_AS_FILE: dict[int | str, dict[str, Any]] = {200: {"description": "The report.", "content": _FILES}}
MOST_LISTED = 10_000
"""So many rows a file holds at most."""


@router.get("/targets", summary="Targets with their progress, by code")
def list_targets(
    session: RequestSession, on: OnDate, pages: Pages, area: Area = None, year: Year = None
) -> Page[PlanTargetOut]:
    """List the targets of a day with how many of their points are open."""
    after = pages.after(str)
    found = queries.targets(
        session,
        on,
        area_id=area_id_of(session, area, on),
        year=year,
        after=after[0] if after else None,
        limit=pages.limit + 1,
    )
    return pages.page(found, _target, lambda target: (target.code,))


@router.post("/targets", status_code=201, summary="Set a target", dependencies=writes)
def set_target(session: RequestSession, context: Context, actor: Caller, ask: TargetAsk) -> TargetDetail:
    """Say what an area wants from a day on; what was said of the same code until then ends."""
    on = ask.on or context.today()
    plain = ask.model_dump(exclude={"on", "area", "kinds"})
    new = service.NewTarget(**plain, area_code=ask.area, kinds=tuple(ask.kinds), valid_from=on)
    service.set_target(session, actor, new)
    return _detail(queries.target_on(session, ask.code, on), exact=True)


@router.get("/targets/{code}", summary="One target with its items")
def read_target(session: RequestSession, on: OnDate, form: Form, code: PathCode) -> TargetDetail:
    """Return a target with its items, their milestones and what is late; questions of cards in the exact form."""
    return _detail(queries.target_on(session, code, on), exact=form == "exact")


@router.get("/targets/{code}/report", summary="A target as a file", response_model=TargetDetail, responses=_AS_FILE)
def read_target_report(
    session: RequestSession,
    on: OnDate,
    lang: Lang,
    code: PathCode,
    format: Format = "html",  # noqa: A002 -- its name outside
) -> Response:
    """Return progress, items and what is late as a page, workbook or table; CSV holds the items."""
    from gridmgmt.reports.targets import render_target  # noqa: PLC0415 -- takes seconds to load

    found = queries.target_on(session, code, on)
    return _file(render_target(found, on, format, lang=lang, synthetic=bool(holds_synthetic(session))))


@router.post("/targets/{code}/items", status_code=201, summary="List a point of a target", dependencies=writes)
def add_item(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: TargetItemAsk
) -> TargetItemOut:
    """List one point that a target wants, planned from a day on; more than are wanted are refused (422)."""
    on = ask.on or context.today()
    new = service.NewItem(ask.name, on, ask.position, ask.budget_yuan, ask.dues, card=_card(ask.card))
    item = service.add_item(session, actor, code, new)
    return _one_item(session, code, item.item_no, on)


@router.post(
    "/targets/{code}/items/from-plan", status_code=201, summary="List the points of a siting plan", dependencies=writes
)
def add_items_from_plan(
    session: RequestSession, context: Context, actor: Caller, code: PathCode, ask: TargetFromPlanAsk
) -> TargetDetail:
    """Make the points of a siting plan items of a target, at their sites and with their costs and verdicts."""
    on = ask.on or context.today()
    service.add_from_plan(session, actor, code, service.FromPlan(ask.plan, on, tuple(ask.ranks), ask.dues))
    return _detail(queries.target_on(session, code, on), exact=True)


@router.patch("/targets/{code}/items/{item_no}", summary="Change what is known of an item", dependencies=writes)
def change_item(
    session: RequestSession,
    context: Context,
    actor: Caller,
    code: PathCode,
    item_no: ItemNo,
    ask: TargetItemChangeAsk,
) -> TargetItemOut:
    """Change name, place, money, due days or card; the log keeps what they were."""
    given = {name: getattr(ask, name) for name in ask.model_fields_set if name not in ("position", "card")}
    if "position" in ask.model_fields_set:
        given["lonlat"] = ask.position
    if "card" in ask.model_fields_set:
        given["card"] = _card(ask.card)
    facts = {name: value for name, value in given.items() if value is not None or name in _EMPTIED}
    service.change_item(session, actor, code, item_no, facts, context.today())
    return _one_item(session, code, item_no, context.today())


@router.post(
    "/targets/{code}/items/{item_no}/milestones", status_code=201, summary="Note a milestone", dependencies=writes
)
def note_milestone(
    session: RequestSession,
    context: Context,
    actor: Caller,
    code: PathCode,
    item_no: ItemNo,
    ask: TargetMilestoneAsk,
) -> TargetItemOut:
    """Note that an item came to a stage; to skip a stage or go back needs a reason, to open the code of its point."""
    on = ask.on or context.today()
    reached = Reached(ask.stage, on, ask.reason)
    service.note_milestone(
        session, actor, code, item_no, reached, today=context.today(), service_point_code=ask.service_point
    )
    return _one_item(session, code, item_no, on)


@router.get("/projects", summary="Renewal projects, by code")
def list_projects(
    session: RequestSession, context: Context, on: OnDate, form: Form, pages: Pages, area: Area = None
) -> Page[RenewalProjectOut]:
    """List the renewal projects that are known on a day."""
    after = pages.after(str)
    found = project_queries.projects(
        session,
        on,
        area_id=area_id_of(session, area, on),
        after=after[0] if after else None,
        limit=pages.limit + 1,
    )
    least = context.settings.suppression_threshold if form == "public" else 0
    return pages.page(found, lambda project: _project(session, project, on, least), lambda project: (project.code,))


@router.get("/projects.csv", summary="Renewal projects as a table", response_class=Response, responses=_AS_FILE)
def list_projects_file(session: RequestSession, context: Context, on: OnDate, form: Form, lang: Lang) -> Response:
    """Return the renewal projects of a day as CSV."""
    from gridmgmt.reports.targets import render_projects  # noqa: PLC0415 -- as above

    least = context.settings.suppression_threshold if form == "public" else 0
    found = [_withheld(each, least) for each in project_queries.projects(session, on, limit=MOST_LISTED)]
    return _file(render_projects(found, on, "csv", lang=lang, synthetic=bool(holds_synthetic(session))))


@router.post("/projects", status_code=201, summary="Say what is known of a project", dependencies=writes)
def set_project(
    session: RequestSession, context: Context, actor: Caller, ask: RenewalProjectAsk
) -> RenewalProjectDetail:
    """Say what is known of a renewal project from a day on; its period must lie in the edition without its elders."""
    on = ask.on or context.today()
    plain = ask.model_dump(exclude={"on", "area", "geometry"})
    geometry = surface(ask.geometry, "geometry")
    service.set_project(
        session, actor, service.NewProject(**plain, area_code=ask.area, valid_from=on, geometry=geometry)
    )
    return _project_detail(session, ask.code, on, least=0)


@router.get("/projects/{code}", summary="One renewal project")
def read_project(
    session: RequestSession, context: Context, on: OnDate, form: Form, code: PathCode
) -> RenewalProjectDetail:
    """Return a project with its surface and links to coverage with and without the move of its elders."""
    return _project_detail(session, code, on, least=context.settings.suppression_threshold if form == "public" else 0)


@router.get("/budgets", summary="Budgets by year and area")
def list_budgets(
    session: RequestSession, on: OnDate, pages: Pages, area: Area = None, year: Year = None
) -> Page[BudgetOut]:
    """List budgets with each amount as its source bounds it, and what the parts come to."""
    after = pages.after(int, str)
    found = budget_queries.budgets(
        session,
        on,
        area_id=area_id_of(session, area, on),
        year=year,
        after=(after[0], after[1]) if after else None,
        limit=pages.limit + 1,
    )
    return pages.page(found, _budget, lambda budget: (budget.year, budget.area_code))


@router.get("/budgets.csv", summary="Budgets as a table", response_class=Response, responses=_AS_FILE)
def list_budgets_file(
    session: RequestSession, on: OnDate, lang: Lang, area: Area = None, year: Year = None
) -> Response:
    """Return every part of the budgets of a day with its bound, as CSV."""
    from gridmgmt.reports.targets import render_budgets  # noqa: PLC0415 -- as above

    found = budget_queries.budgets(session, on, area_id=area_id_of(session, area, on), year=year, limit=MOST_LISTED)
    return _file(render_budgets(found, on, "csv", lang=lang, synthetic=bool(holds_synthetic(session))))


@router.post("/budgets", status_code=201, summary="Set a budget", dependencies=writes)
def set_budget(session: RequestSession, context: Context, actor: Caller, ask: BudgetAsk) -> BudgetOut:
    """Say what an area may spend in a year; a total that cannot be true with its parts is refused (422)."""
    on = ask.on or context.today()
    parts = tuple(StatedPart(part.name, _amount_of(part), part.source or ask.source) for part in ask.parts)
    total = None if ask.total is None else _amount_of(ask.total)
    service.set_budget(session, actor, service.NewBudget(ask.name, ask.area, ask.year, parts, total, ask.source, on))
    found = budget_queries.budgets(session, on, area_id=area_id_of(session, ask.area, on), year=ask.year)
    return next(_budget(each) for each in found if each.area_code == ask.area)


_EMPTIED = ("lonlat", "budget_yuan", "card")
"""What null takes away; elsewhere null is nothing said."""


def _card(card: TargetCardIn | None) -> dict[str, Any] | None:
    return None if card is None else card.model_dump(mode="json", exclude_defaults=True)


def _address(target: str) -> str:
    return f"{PREFIX}/targets/{quote(target, safe='')}"


def _target(view: TargetView) -> PlanTargetOut:
    return PlanTargetOut(**_shown(view))


def _detail(view: TargetView, *, exact: bool) -> TargetDetail:
    return TargetDetail(**_shown(view), items=[_item(view.code, item, exact=exact) for item in view.items])


def _shown(view: TargetView) -> dict[str, Any]:
    plain = {name: value for name, value in vars(view).items() if name != "items"}
    here = _address(view.code)
    links = {"self": here, "report": f"{here}/report", "coverage": f"{PREFIX}/coverage/runs"}
    return plain | {"progress": _progress(view), "budget_yuan": view.budget_yuan, "links": links}


def _progress(view: TargetView) -> TargetProgressOut:
    found = view.progress
    names = ("open", "wanted", "ratio", "unlisted", "late")
    return TargetProgressOut(
        **{name: getattr(found, name) for name in names}, text=str(found), by_stage=dict(found.by_stage)
    )


def _item(target: str, item: Item, *, exact: bool) -> TargetItemOut:
    card = item.card
    if card is not None and not exact:
        card = {name: value for name, value in card.items() if name != "question"}
    links = {"milestones": f"{_address(target)}/items/{item.item_no}/milestones"}
    if item.plan_name is not None:
        links["plan"] = f"{PREFIX}/plans/{quote(item.plan_name, safe='')}"
    if item.lon is not None:
        links["placeability"] = f"{PREFIX}/placeability"
    reached = [TargetMilestoneOut.model_validate(each) for each in item.reached]
    return TargetItemOut(**vars(replace(item, card=card)) | {"reached": reached, "links": links})


def _one_item(session: Session, code: str, item_no: int, on: date) -> TargetItemOut:
    view = queries.target_on(session, code, on)
    found = next((item for item in view.items if item.item_no == item_no), None)
    if found is None:  # it is planned from a later day
        raise NotFoundError("item_unknown", target=code, field="item_no", value=item_no)
    return _item(code, found, exact=True)


def _withheld(view: ProjectView, least: int) -> ProjectView:
    """Return a project without a number of elders that is small (above zero and below ``least``)."""
    return replace(view, moved_60_plus=None) if 0 < (view.moved_60_plus or 0) < least else view


def _project(session: Session, view: ProjectView, on: date, least: int) -> RenewalProjectOut:
    running = view.begins_on <= on and (view.ends_on is None or on <= view.ends_on)
    return RenewalProjectOut(**vars(_withheld(view, least)), running=running, links=_project_links(session, view))


def _project_links(session: Session, view: ProjectView) -> dict[str, str]:
    """Return where coverage is told with the elders away and at home, as far as there are runs of both editions."""
    links = {"self": f"{PREFIX}/projects/{quote(view.code, safe='')}"}
    if view.away_edition is None or view.home_edition is None:
        return links
    away, home = (project_queries.coverage_run_of(session, name) for name in (view.away_edition, view.home_edition))
    runs = f"{PREFIX}/coverage/runs"
    if away is not None:
        links["coverage_with"] = f"{runs}/{away}"
    if home is not None:
        links["coverage_without"] = f"{runs}/{home}"
    if away is not None and home is not None:
        links["comparison"] = f"{PREFIX}/coverage/compare?a={home}&b={away}"
    return links


def _project_detail(session: Session, code: str, on: date, *, least: int) -> RenewalProjectDetail:
    geometry = project_queries.project_geojson(session, code, on)
    (view,) = project_queries.projects(session, on, code=code)
    moved = None
    if least == 0 and view.away_edition is not None and view.home_edition is not None:
        away, home = (
            project_queries.elders_inside(session, code, on, name) for name in (view.away_edition, view.home_edition)
        )
        moved = EldersMovedOut(away_60_plus=away, home_60_plus=home, net_60_plus=away - home)
    shown = _project(session, view, on, least)
    return RenewalProjectDetail(**shown.model_dump(), geometry=geometry, moved=moved)


def _amount_of(given: BudgetAmountIn) -> Amount:
    return Amount(given.yuan, given.bound)


def _amount(amount: Amount) -> dict[str, Any]:
    return {"yuan": amount.yuan, "bound": amount.bound, "sign": amount.sign, "text": str(amount)}


def _budget(view: BudgetView) -> BudgetOut:
    check = view.check
    plain = ("name", "level", "area_code", "area_name", "year", "source", "valid_from", "valid_to")
    return BudgetOut(
        **{name: getattr(view, name) for name in plain},
        parts=[BudgetPartOut(**_amount(part.amount), name=part.name, source=part.source) for part in view.parts],
        sum=BudgetAmountOut(**_amount(check.parts)),
        total=None if view.total is None else BudgetAmountOut(**_amount(view.total)),
        consistent=check.consistent,
        left_open_yuan=check.left_open_yuan,
    )


def _file(rendered: "Rendered") -> Response:
    headers = {"Content-Disposition": f"inline; filename*=UTF-8''{quote(rendered.file_name)}"}
    if rendered.media_type.startswith("text/html"):
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)
