"""Plans: drafts from siting runs, side by side, adopted as targets, and asked anew.

The rooms that compute take seconds to import, so they are imported where they are first asked for.
"""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response

from api.access import Caller, asks
from api.answers import Form
from api.context import Context, OnDate, RequestSession
from api.inline import inline_policy
from api.language import Lang
from api.paging import Page, Pages
from api.plan_schemas import AdoptIn, PlanAnswer, PlanIn, PlanSummary, RerunAccepted, WithdrawIn
from api.routes import PREFIX
from gridmgmt.access.rules import Permission
from gridmgmt.db import Session
from gridmgmt.errors import ForbiddenError, NotFoundError
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.siting.document import SitingDocument
from gridmgmt.siting.plan_document import PlanChange, PlanComparison, PlanReport

if TYPE_CHECKING:
    from gridmgmt.reports.render import Rendered
    from gridmgmt.siting.plan_models import Plan

router = APIRouter(prefix=f"{PREFIX}/plans", tags=["plans"], dependencies=[asks(Permission.READ)])

Name = Annotated[str, Path(min_length=1, max_length=64, description="Name of the plan.")]
FileFormat = Annotated[Literal["json", "html", "xlsx", "csv"], Query(description="What to write it as.")]
DRAFTS = [asks(Permission.COVERAGE_RUN)]
ADOPTS = [asks(Permission.GOVERNANCE_WRITE)]


def _files(model: type[Any]) -> dict[int | str, dict[str, Any]]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
    types = ("text/html", "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    return {200: {"description": "The answer.", "content": {**content, **{type_: {} for type_ in types}}}}


@router.get("", summary="Plans, the newest first")
def list_plans(
    session: RequestSession,
    context: Context,
    form: Form,
    pages: Pages,
    type: Annotated[ServicePointType | None, Query(description="Only plans of points of this type.")] = None,  # noqa: A002 -- its name outside
) -> Page[PlanSummary]:
    """List plans; in the public form adopted ones alone."""
    from gridmgmt.siting import plan_queries  # noqa: PLC0415 -- see the module

    after = pages.after(int)
    found = plan_queries.newest_plans(
        session,
        pages.limit + 1,
        type_=type,
        before=after[0] if after else None,
        adopted_only=form == "public",
    )
    return pages.page(
        found,
        lambda plan: _summary(session, plan, context.today(), exact=form == "exact"),
        lambda plan: (plan.plan_id,),
    )


@router.post("", status_code=201, summary="Keep a siting run as a draft", dependencies=DRAFTS)
def draft_plan(
    session: RequestSession, context: Context, actor: Caller, form: Form, ask: PlanIn, response: Response
) -> PlanReport:
    """Keep the answer of a finished siting run under a name; neither changes any more."""
    from gridmgmt.siting import plans  # noqa: PLC0415 -- as above

    _refuse_public(form)
    plan = plans.draft(session, actor, ask.name, ask.run_id, note=ask.note)
    response.headers["Location"] = _address(plan.name)
    return _exact(session, plan, context.today())


@router.get(
    "/compare",
    summary="Two to four plans side by side",
    response_model=PlanComparison,
    responses=_files(PlanComparison),
)
def compare_plans(
    session: RequestSession,
    form: Form,
    lang: Lang,
    plan: Annotated[list[str], Query(max_length=10, description="Names of two to four plans.", examples=[["a", "b"]])],
    format: FileFormat = "json",  # noqa: A002 -- its name outside
) -> Response:
    """Return chosen points, residents by band and area, the worst quarter, cost and gap of each plan.

    Plans of other input editions, other terms of walking or another version of the code are not compared (409); the
    answer says what differs and what to do.
    """
    from gridmgmt.reports.plans import render_comparison  # noqa: PLC0415 -- as above
    from gridmgmt.siting.comparison import compare  # noqa: PLC0415 -- as above

    _refuse_public(form)
    return _file(render_comparison(compare(session, plan), format, lang), format)


@router.get("/{name}", summary="One plan as it stands")
def read_plan(session: RequestSession, form: Form, name: Name, on: OnDate, response: Response) -> PlanAnswer:
    """Return a plan with its targets and milestones on a day; in the public form the points of an adopted one alone."""
    from gridmgmt.siting.adoption import public_plan  # noqa: PLC0415 -- as above
    from gridmgmt.siting.plan_queries import plan_named  # noqa: PLC0415 -- as above

    plan = plan_named(session, name)
    if form == "exact":
        response.headers["Cache-Control"] = "private, no-cache"
        return _exact(session, plan, on)
    if (shown := public_plan(session, plan, on)) is None:
        raise NotFoundError("plan_unknown", field="plan", value=name)
    return shown


@router.get(
    "/{name}/document",
    summary="The answer that a plan was made from",
    response_model=SitingDocument,
)
def read_document(session: RequestSession, form: Form, name: Name) -> Response:
    """Return the stored bytes, whose SHA-256 the plan tells; not given (403) in the public form."""
    from gridmgmt.siting.plan_queries import plan_named  # noqa: PLC0415 -- as above

    _refuse_public(form)
    text = plan_named(session, name).document
    return Response(text, media_type="application/json", headers={"Cache-Control": "private, no-cache"})


@router.get(
    "/{name}/report", summary="How far a plan is, as a file", response_model=PlanReport, responses=_files(PlanReport)
)
def read_report(
    session: RequestSession,
    form: Form,
    lang: Lang,
    name: Name,
    on: OnDate,
    format: FileFormat = "json",  # noqa: A002 -- its name outside
) -> Response:
    """Return targets and milestones on a day; CSV holds the targets. Not given (403) in the public form."""
    from gridmgmt.reports.plans import render_plan  # noqa: PLC0415 -- as above
    from gridmgmt.siting.plan_queries import plan_named  # noqa: PLC0415 -- as above

    _refuse_public(form)
    return _file(render_plan(_exact(session, plan_named(session, name), on), on, format, lang), format)


@router.post("/{name}/adopt", summary="Adopt a draft as targets", dependencies=ADOPTS)
def adopt_plan(
    session: RequestSession, context: Context, actor: Caller, form: Form, name: Name, ask: AdoptIn
) -> PlanReport:
    """Make a draft the plan of its type and area; the one adopted so far is superseded."""
    from gridmgmt.siting.adoption import Adopting, adopt  # noqa: PLC0415 -- as above
    from gridmgmt.siting.plan_rules import Milestone  # noqa: PLC0415 -- as above

    _refuse_public(form)
    milestones = tuple(Milestone(each.on, each.points) for each in ask.milestones)
    terms = Adopting(ask.owner_post, ask.budget_yuan, milestones)
    plan = adopt(session, actor, name, terms, on=context.today())
    return _exact(session, plan, context.today())


@router.post("/{name}/withdraw", summary="Withdraw a plan for a reason", dependencies=DRAFTS)
def withdraw_plan(
    session: RequestSession, context: Context, actor: Caller, form: Form, name: Name, ask: WithdrawIn
) -> PlanReport:
    """End a plan; it is kept and can be read. Adopted plans are withdrawn by those who may adopt."""
    from gridmgmt.siting import plans  # noqa: PLC0415 -- as above

    _refuse_public(form)
    plan = plans.withdraw(session, actor, name, ask.reason, on=context.today())
    return _exact(session, plan, context.today())


@router.post("/{name}/rerun", status_code=202, summary="Ask a plan's question anew", dependencies=DRAFTS)
def rerun_plan(
    session: RequestSession, context: Context, actor: Caller, form: Form, name: Name, response: Response
) -> RerunAccepted:
    """Start a siting run on the plan's terms with what is in force today; targets that are built count as open."""
    from gridmgmt.siting.reruns import rerun  # noqa: PLC0415 -- as above

    _refuse_public(form)
    run = rerun(session, actor, name, on=context.today())
    links = {
        "self": f"{PREFIX}/siting/runs/{run.run_id}",
        "job": f"{PREFIX}/jobs/{run.job_id}",
        "change": f"{_address(name)}/change?run={run.run_id}",
    }
    response.headers["Location"] = links["self"]
    return RerunAccepted(run_id=run.run_id, job_id=run.job_id, links=links)


@router.get(
    "/{name}/change", summary="What a re-run would change", response_model=PlanChange, responses=_files(PlanChange)
)
def read_change(
    session: RequestSession,
    form: Form,
    lang: Lang,
    name: Name,
    run: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="Number of the re-run; the newest finished one without.")
    ] = None,
    format: FileFormat = "json",  # noqa: A002 -- its name outside
) -> Response:
    """Return the points that are kept, left and new, and the numbers before and after."""
    from gridmgmt.reports.plans import render_change  # noqa: PLC0415 -- as above
    from gridmgmt.siting.reruns import change  # noqa: PLC0415 -- as above

    _refuse_public(form)
    return _file(render_change(change(session, name, run), format, lang), format)


def _refuse_public(form: str) -> None:
    if form == "public":
        raise ForbiddenError("plans_withheld")


def _exact(session: Session, plan: "Plan", on: date) -> PlanReport:
    from gridmgmt.siting.adoption import plan_report  # noqa: PLC0415 -- as above

    return plan_report(session, plan, on)


def _summary(session: Session, plan: "Plan", on: date, *, exact: bool) -> PlanSummary:
    from gridmgmt.siting.adoption import built_count  # noqa: PLC0415 -- as above
    from gridmgmt.siting.plan_queries import state_of  # noqa: PLC0415 -- as above

    return PlanSummary(
        name=plan.name,
        state=state_of(plan),
        type=ServicePointType(plan.type),
        area_code=plan.area_code,
        points=plan.points,
        built=built_count(session, plan, on),
        adopted_on=plan.adopted_on,
        model=plan.model if exact else None,
        author=plan.author if exact else None,
        made_at=plan.made_at if exact else None,
        run_id=plan.run_id if exact else None,
        links={"self": _address(plan.name)},
    )


def _address(name: str) -> str:
    return f"{PREFIX}/plans/{quote(name, safe='')}"


def _file(rendered: "Rendered", format_: str) -> Response:
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(rendered.file_name)}",
        "Cache-Control": "private, no-cache",
    }
    if format_ == "html":
        headers["Content-Security-Policy"] = inline_policy(rendered.content.decode())
    return Response(rendered.content, media_type=rendered.media_type, headers=headers)
