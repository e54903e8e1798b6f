"""Making drafts of plans from finished runs, and withdrawing plans."""

from datetime import date

from sqlalchemy import func, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.areas.queries import bounds_of
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, ForbiddenError, InputError
from gridmgmt.governance.rules import require_text
from gridmgmt.siting import queries
from gridmgmt.siting.document import SitingDocument, parse, text_sha256
from gridmgmt.siting.plan_models import Plan
from gridmgmt.siting.plan_queries import plan_named, state_of
from gridmgmt.siting.plan_rules import PlanState, plan_name

MOST_PLANS = 1_000
"""So many plans may stand that have not ended."""
MOST_TEXT = 2_000
"""So many characters a note or a reason may have."""


def draft(session: Session, actor: Actor, name: str, run_id: int, *, note: str | None = None) -> Plan:
    """Keep the answer of a finished run as a plan under a name, which stands for it for ever.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not plan there.
    NotFoundError
        When the run is unknown or has no answer (yet).
    InputError
        When the name or the note cannot be one, or the run has chosen no point.
    ConflictError
        When there is a plan of that name, or there are too many.
    """
    text = queries.answer_of(queries.run_by_id(session, run_id))
    document = parse(text)
    for permission in (Permission.COVERAGE_RUN, Permission.RESULTS_EXACT):
        require(actor, permission, areas=areas_of(session, document))
    kept = plan_name(name)
    if not document.chosen:
        raise InputError("plan_without_points", field="run_id", value=run_id)
    if session.scalar(select(Plan.plan_id).where(Plan.name == kept)) is not None:
        raise ConflictError("plan_exists", field="name", value=kept)
    if (count := session.scalar(select(func.count()).where(Plan.ended_on.is_(None))) or 0) >= MOST_PLANS:
        raise ConflictError("too_many", field="plans", value=count, maximum=MOST_PLANS)
    plan = Plan(
        name=kept,
        note=_short("note", note) if note and note.strip() else None,
        author=actor.name,
        run_id=run_id,
        document=text,
        document_sha256=text_sha256(text),
        model=document.terms.model,
        points=len(document.chosen),
        type=document.terms.type,
        area_code=document.terms.area_code,
    )
    session.add(plan)
    session.flush()
    after = {"run_id": run_id, "document_sha256": plan.document_sha256, "note": plan.note}
    record(session, actor, "plan.draft", object_of(plan), after=after)
    return plan


def withdraw(session: Session, actor: Actor, name: str, reason: str, *, on: date) -> Plan:
    """End a plan on a day for a reason; it is kept and can be read.

    A draft is withdrawn by its author or an administrator, an adopted plan by who may adopt one.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not, or the draft is somebody else's.
    NotFoundError
        When there is no such plan.
    ConflictError
        When it has ended already.
    InputError
        When there is no reason.
    """
    plan = plan_named(session, name, hold=True)
    state, areas = state_of(plan), areas_of(session, parse(plan.document))
    require(actor, Permission.COVERAGE_RUN if state is PlanState.DRAFT else Permission.GOVERNANCE_WRITE, areas=areas)
    if state is PlanState.DRAFT and plan.author != actor.name and not actor.is_administrator:
        raise ForbiddenError("plan_of_another", field="plan", value=plan.name, author=plan.author)
    if plan.ended_on is not None:
        raise ConflictError("plan_ended", field="plan", value=plan.name, state=state, on=plan.ended_on)
    plan.ended_because = _short("reason", reason)
    plan.ended_on, plan.ended_by = on, actor.name
    session.flush()
    after = {"state": state_of(plan), "reason": plan.ended_because}
    record(session, actor, "plan.withdraw", object_of(plan), before={"state": state}, after=after)
    return plan


def areas_of(session: Session, document: SitingDocument) -> list[str]:
    """Return the codes of the area that an answer is about and of all that held it then; none for everywhere."""
    return bounds_of(session, document.terms.area_code, document.terms.on)


def object_of(plan: Plan) -> str:
    """Return how the log names a plan."""
    return f"plan:{plan.name}"


def _short(field: str, value: str) -> str:
    kept = require_text(field, value)
    if len(kept) > MOST_TEXT:
        raise InputError("plan_text_long", field=field, value=len(kept), maximum=MOST_TEXT)
    return kept
