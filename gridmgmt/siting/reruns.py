"""Asking a plan's question anew with what is in force today, and what that would change of the plan."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, NotFoundError
from gridmgmt.siting import plan_queries, queries, service
from gridmgmt.siting.adoption import standing_targets
from gridmgmt.siting.comparison import changed_inputs, figures_of, spots_of
from gridmgmt.siting.document import SitingDocument, parse
from gridmgmt.siting.models import SitingRun
from gridmgmt.siting.plan_document import BandChange, Kept, PlanChange
from gridmgmt.siting.plan_models import Plan, PlanRerun
from gridmgmt.siting.plan_queries import plan_named
from gridmgmt.siting.plan_rules import SAME_WITHIN_M, pairs
from gridmgmt.siting.plans import object_of


def rerun(session: Session, actor: Actor, name: str, *, on: date) -> SitingRun:
    """Ask a plan's question once more, as of a day, and return the run, not yet finished.

    All terms stay, but of an adopted plan whose targets are partly built only as many points are asked for as are
    missing: the built ones are open and count.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not ask for runs there.
    NotFoundError
        When there is no such plan, or the folder lacks what a run needs.
    ConflictError
        When every target is built.
    UnavailableError
        When the queue is full.
    """
    plan = plan_named(session, name)
    document = parse(plan.document)
    targets = standing_targets(session, plan, document, on)
    built = [target.rank for target in targets if target.built is not None]
    if targets and len(built) == len(targets):
        raise ConflictError("plan_built", field="plan", value=plan.name, points=len(targets))
    terms = service.terms_of(queries.run_by_id(session, plan.run_id))
    if terms.points is not None:
        terms = replace(terms, points=terms.points - len(built))
    run = service.request_run(session, actor, terms.at(on))
    session.add(PlanRerun(plan_id=plan.plan_id, run_id=run.run_id, built=built, asked_by=actor.name))
    session.flush()
    record(session, actor, "plan.rerun", object_of(plan), after={"run_id": run.run_id, "built": built})
    return run


def change(session: Session, name: str, run_id: int | None = None) -> PlanChange:
    """Return what a re-run would change of a plan: the newest finished one, or the one of a number.

    Raises
    ------
    NotFoundError
        When there is no such plan, or no such re-run of it that has finished.
    """
    plan = plan_named(session, name)
    found = plan_queries.reruns_of(session, plan)
    if run_id is not None:
        found = [(rerun, run) for rerun, run in found if run.run_id == run_id]
    finished = next(((rerun, run) for rerun, run in found if run.finished_at is not None), None)
    if finished is None:
        raise NotFoundError("plan_rerun_unknown", field="plan", value=plan.name, run_id=run_id or "-")
    again, run = finished
    return changed(plan, again, parse(queries.answer_of(run)))


def changed(plan: Plan, again: PlanRerun, after: SitingDocument) -> PlanChange:
    """Return what the answer of a re-run would change of a plan."""
    before = parse(plan.document)
    missing = [point for point in before.chosen if point.rank not in again.built]
    same = pairs(spots_of(missing), spots_of(after.chosen), SAME_WITHIN_M)
    kept, found = {pair.first for pair in same}, {pair.second for pair in same}
    return PlanChange(
        name=plan.name,
        run_id=again.run_id,
        on=after.terms.on,
        synthetic=before.synthetic or after.synthetic,
        inputs=tuple(changed_inputs(before, after)),
        built=tuple(point for point in before.chosen if point.rank in again.built),
        kept=tuple(
            Kept(before=missing[pair.first], after=after.chosen[pair.second], distance_m=pair.distance_m)
            for pair in same
        ),
        left=tuple(point for i, point in enumerate(missing) if i not in kept),
        new=tuple(point for i, point in enumerate(after.chosen) if i not in found),
        before=figures_of(before),
        after=figures_of(after),
        bands=tuple(_bands(before, after)),
    )


def _bands(before: SitingDocument, after: SitingDocument) -> Iterator[BandChange]:
    now = {row.band: row for row in after.totals}
    for row in before.totals:
        if row.band in now:
            yield BandChange(
                band=row.band,
                residents=row.residents,
                covered=row.covered_after,
                residents_now=now[row.band].residents,
                covered_now=now[row.band].covered_after,
            )
