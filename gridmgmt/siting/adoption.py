"""Adopting a plan: its points become targets with an owner and a day; and how far they are built.

A target is built by a service point of the plan's type that was not open yet in the editions that the plan was computed
from: the one of the target's code, else the nearest within :data:`gridmgmt.siting.plan_rules.BUILT_WITHIN_M`, each
point for one target.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.db import Session
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import ConflictError, InputError
from gridmgmt.governance.rules import require_text
from gridmgmt.jobs.queries import job_states
from gridmgmt.responsibility import queries as responsibility_queries
from gridmgmt.siting import plan_queries, queries
from gridmgmt.siting.comparison import cost_of
from gridmgmt.siting.document import Chosen, SitingDocument, parse
from gridmgmt.siting.plan_document import (
    Adoption,
    Built,
    Ending,
    MilestoneStanding,
    PlanReport,
    PublicPlan,
    PublicPoint,
    RerunStanding,
    Target,
)
from gridmgmt.siting.plan_models import Plan, PlanMilestone, PlanTarget
from gridmgmt.siting.plan_queries import OpenPoint, adopted_of, plan_named, state_of
from gridmgmt.siting.plan_rules import (
    BUILT_WITHIN_M,
    Milestone,
    PlanState,
    Spot,
    check_milestones,
    due_on,
    milestone_state,
    new_since,
    pairs,
)
from gridmgmt.siting.plans import areas_of, object_of
from gridmgmt.siting.service import stale_inputs

MOST_BUDGET_YUAN = 10**12
MOST_OWNER = 200


@dataclass(frozen=True)
class Adopting:
    """On which terms a plan is adopted: who owns its points, the budget for all of them, and by when how many stand."""

    owner_post: str
    budget_yuan: int
    milestones: tuple[Milestone, ...]


def adopt(session: Session, actor: Actor, name: str, terms: Adopting, *, on: date) -> Plan:
    """Make a draft the plan for its type and area from a day on; the one adopted so far is superseded by it.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not adopt plans there.
    NotFoundError
        When there is no such plan, or posts are loaded and the owner is the code of none.
    ConflictError
        When the plan is no draft any more.
    InputError
        When the owner, the budget or a milestone cannot be one.
    """
    plan = plan_named(session, name, hold=True)
    document = parse(plan.document)
    for permission in (Permission.GOVERNANCE_WRITE, Permission.RESULTS_EXACT):
        require(actor, permission, areas=areas_of(session, document))
    if (state := state_of(plan)) is not PlanState.DRAFT:
        raise ConflictError("plan_not_draft", field="plan", value=plan.name, state=state)
    if not 0 <= terms.budget_yuan <= MOST_BUDGET_YUAN:
        raise InputError(
            "number_out_of_range", field="budget_yuan", value=terms.budget_yuan, minimum=0, maximum=MOST_BUDGET_YUAN
        )
    check_milestones(terms.milestones, plan.points, on)
    owner = _owner(session, terms.owner_post, on)
    superseded = _supersede(session, actor, plan, on)
    plan.adopted_on, plan.adopted_by = on, actor.name
    plan.owner_post, plan.budget_yuan = owner, terms.budget_yuan
    session.flush()
    session.add_all(_targets(plan, document.chosen, owner, terms.milestones))
    session.add_all(
        PlanMilestone(plan_id=plan.plan_id, due_on=each.on, points=each.points) for each in terms.milestones
    )
    session.flush()
    after = {
        "owner_post": owner,
        "budget_yuan": terms.budget_yuan,
        "milestones": [{"on": each.on.isoformat(), "points": each.points} for each in terms.milestones],
        "supersedes": None if superseded is None else superseded.name,
    }
    record(session, actor, "plan.adopt", object_of(plan), before={"state": state}, after=after)
    return plan


def plan_report(session: Session, plan: Plan, on: date) -> PlanReport:
    """Return a plan as it stands on a day, exactly."""
    document = parse(plan.document)
    return PlanReport(
        name=plan.name,
        state=state_of(plan),
        note=plan.note,
        author=plan.author,
        made_at=plan.made_at,
        run_id=plan.run_id,
        document_sha256=plan.document_sha256,
        synthetic=document.synthetic,
        terms=document.terms,
        certificate=document.certificate,
        points=plan.points,
        cost=cost_of(document.chosen),
        stale_because=tuple(stale_inputs(session, queries.run_by_id(session, plan.run_id), on=on)),
        adoption=_adoption(session, plan, document, on),
        ending=_ending(session, plan),
        reruns=tuple(_reruns(session, plan)),
    )


def public_plan(session: Session, plan: Plan, on: date) -> PublicPlan | None:
    """Return what everybody may know of a plan on a day; None of one that is not adopted."""
    if plan.adopted_on is None or plan.ended_on is not None:
        return None
    targets = standing_targets(session, plan, parse(plan.document), on)
    return PublicPlan(
        name=plan.name,
        state=state_of(plan),
        type=plan.type,
        area_code=plan.area_code,
        adopted_on=plan.adopted_on,
        on=on,
        built=_count(targets),
        points=tuple(
            PublicPoint(code=each.code, name=each.name, lon=each.lon, lat=each.lat, built=each.built is not None)
            for each in targets
        ),
    )


def built_count(session: Session, plan: Plan, on: date) -> int | None:
    """Return how many targets of a plan are built on a day; None of a plan that is not adopted."""
    if state_of(plan) is not PlanState.ADOPTED:
        return None
    return _count(standing_targets(session, plan, parse(plan.document), on))


def standing_targets(session: Session, plan: Plan, document: SitingDocument, on: date) -> tuple[Target, ...]:
    """Return the targets of a plan by rank, each with the point that has built it by a day; none of a draft."""
    chosen = {point.rank: point for point in document.chosen}
    rows = [(row, chosen[row.rank]) for row in plan_queries.targets_of(session, plan)]
    if not rows:
        return ()
    points = _new_points(session, document, on)
    spots = [Spot(row.code, point.lon, point.lat) for row, point in rows]
    built = {
        pair.first: Built(
            code=points[pair.second].code,
            name=points[pair.second].name,
            distance_m=pair.distance_m,
            by_code=pair.by_code,
        )
        for pair in pairs(spots, [point.spot for point in points], BUILT_WITHIN_M)
    }
    return tuple(_target(row, point, built.get(i)) for i, (row, point) in enumerate(rows))


def _new_points(session: Session, document: SitingDocument, on: date) -> list[OpenPoint]:
    """Return the points of the plan's type that are open on a day and were not when it was computed."""
    type_, inputs = document.terms.type, document.inputs
    then = [each.content_sha256 for each in inputs if each.subject == Subject.SERVICE_POINTS]
    before = plan_queries.open_in(session, type_, then)
    points = plan_queries.open_on(session, type_, on)
    return [points[i] for i in new_since([point.spot for point in points], [point.spot for point in before])]


def _target(row: PlanTarget, chosen: Chosen, built: Built | None) -> Target:
    return Target(
        rank=row.rank,
        code=row.code,
        owner_post=row.owner_post,
        due_on=row.due_on,
        **{name: getattr(chosen, name) for name in ("name", "lon", "lat", "area_code", "area_name", "cost_yuan")},
        built=built,
    )


def _owner(session: Session, given: str, on: date) -> str:
    """Return the owner: the code of a post where posts are loaded, else words."""
    owner = require_text("owner_post", given)
    if responsibility_queries.posts(session, on):
        return responsibility_queries.post_on(session, owner, on).code
    if len(owner) > MOST_OWNER:
        raise InputError("plan_text_long", field="owner_post", value=len(owner), maximum=MOST_OWNER)
    return owner


def _supersede(session: Session, actor: Actor, plan: Plan, on: date) -> Plan | None:
    """End the plan that is adopted for the same type and area, if there is one, and return it."""
    before = adopted_of(session, plan.type, plan.area_code)
    if before is not None:
        before.ended_on, before.ended_by, before.superseded_by = on, actor.name, plan.plan_id
        session.flush()
        after = {"state": PlanState.SUPERSEDED, "by": plan.name}
        record(session, actor, "plan.supersede", object_of(before), before={"state": PlanState.ADOPTED}, after=after)
    return before


def _targets(plan: Plan, chosen: Sequence[Chosen], owner: str, milestones: Sequence[Milestone]) -> Iterator[PlanTarget]:
    made = {point.rank: f"P{plan.plan_id}-{point.rank:02}" for point in chosen}
    codes = [*(point.code for point in chosen), *made.values()]
    for point in chosen:
        own = point.code if point.code is not None and codes.count(point.code) == 1 else None
        yield PlanTarget(
            plan_id=plan.plan_id,
            rank=point.rank,
            code=own or made[point.rank],
            owner_post=owner,
            due_on=due_on(milestones, point.rank),
        )


def _adoption(session: Session, plan: Plan, document: SitingDocument, on: date) -> Adoption | None:
    if plan.adopted_on is None or plan.adopted_by is None or plan.owner_post is None or plan.budget_yuan is None:
        return None
    targets = standing_targets(session, plan, document, on)
    return Adoption(
        adopted_on=plan.adopted_on,
        adopted_by=plan.adopted_by,
        owner_post=plan.owner_post,
        owner_name=_owner_name(session, plan.owner_post, on),
        budget_yuan=plan.budget_yuan,
        left_yuan=plan.budget_yuan - cost_of(document.chosen).known_yuan,
        supersedes=plan_queries.superseded_by(session, plan),
        on=on,
        built=_count(targets),
        targets=targets,
        milestones=tuple(_milestones(session, plan, document, targets, on)),
    )


def _milestones(
    session: Session, plan: Plan, document: SitingDocument, targets: Sequence[Target], on: date
) -> Iterator[MilestoneStanding]:
    now = _count(targets)
    for each in plan_queries.milestones_of(session, plan):
        then = _count(standing_targets(session, plan, document, each.on)) if each.on < on else now
        state = milestone_state(each, then, now, on)
        yield MilestoneStanding(on=each.on, points=each.points, built=then, state=state)


def _count(targets: Sequence[Target]) -> int:
    return sum(target.built is not None for target in targets)


def _owner_name(session: Session, owner: str, on: date) -> str | None:
    post = next((post for post in responsibility_queries.posts(session, on) if post.code == owner), None)
    return None if post is None else f"{post.body} · {post.name}"


def _reruns(session: Session, plan: Plan) -> Iterator[RerunStanding]:
    found = plan_queries.reruns_of(session, plan)
    states = job_states(session, [run.job_id for _, run in found])
    for rerun, run in found:
        yield RerunStanding(
            run_id=run.run_id,
            asked_by=rerun.asked_by,
            asked_at=rerun.asked_at,
            state=states[run.job_id],
            finished=run.finished_at is not None,
        )


def _ending(session: Session, plan: Plan) -> Ending | None:
    if plan.ended_on is None or plan.ended_by is None:
        return None
    by = None if plan.superseded_by is None else plan_queries.name_of(session, plan.superseded_by)
    return Ending(on=plan.ended_on, by=plan.ended_by, because=plan.ended_because, superseded_by=by)
