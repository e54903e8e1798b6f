"""Asking for a siting run, performing it as a job, ending it early, and answering it again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from sqlalchemy import func, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.analysis.siting.cover import coverage_curve, sure_points
from gridmgmt.analysis.siting.model import Effort, Incumbent, Siting, SitingModel
from gridmgmt.analysis.siting.solve import solve
from gridmgmt.areas.queries import bounds_of
from gridmgmt.coverage import service as coverage
from gridmgmt.coverage.queries import area_table
from gridmgmt.db import Session, transaction
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import ConflictError, NotFoundError, UnavailableError
from gridmgmt.jobs import queries as job_queries
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.models import JobState
from gridmgmt.jobs.worker import JobContext
from gridmgmt.network import queries as network_queries
from gridmgmt.placeability.service import Desk
from gridmgmt.siting import queries
from gridmgmt.siting.assemble import Found, assemble
from gridmgmt.siting.candidates import Field, field_of
from gridmgmt.siting.cards import desk_of, judged, sifted
from gridmgmt.siting.document import SitingDocument, canonical_json, parse, text_sha256
from gridmgmt.siting.gains import among
from gridmgmt.siting.models import SitingRun
from gridmgmt.siting.problem import Inputs, Problem, area_of, build
from gridmgmt.siting.progress import UNITS, SearchEndedError, Stages, Telling, tell
from gridmgmt.siting.robustness import Former, former_population, stresses
from gridmgmt.siting.rules import SitingTerms
from gridmgmt.walking.queries import planned
from gridmgmt.walking.service import walk_state

JOB_KIND = "siting_run"
MAX_OPEN_RUNS = 10
"""More questions than this are not taken: each may take minutes."""
_ASKING_LOCK = 3_101_170  # those who ask at once are counted, and their keys known, one after the other
_ORDERING_S = 5.0
"""As long a plan that is kept early is put in order of gain."""

Report = Callable[[float], None]
_TERMS: TypeAdapter[SitingTerms] = TypeAdapter(SitingTerms)


def terms_of(run: SitingRun) -> SitingTerms:
    """Return what a run was asked."""
    return _TERMS.validate_python(run.parameters)


def request_run(session: Session, actor: Actor, terms: SitingTerms, *, idempotency_key: str | None = None) -> SitingRun:
    """Enqueue a run in the caller's transaction and return it, not yet finished.

    An actor whose permission is bound to an area asks about that area or one inside it. Asking again with the same
    ``idempotency_key`` returns the run that was asked for first.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not ask for runs there, or not see exact numbers.
    NotFoundError
        When the profile, the area or the scenario is unknown, or the folder lacks a network or a population on the day.
    ConflictError
        When the key was given with another question.
    UnavailableError
        When the queue is full.
    """
    areas = bounds_of(session, terms.area_code, terms.walk.on)
    require(actor, Permission.COVERAGE_RUN, areas=areas)
    require(actor, Permission.RESULTS_EXACT, areas=areas)
    terms = _of_version(session, terms)
    parameters: dict[str, Any] = _TERMS.dump_python(terms, mode="json")
    session.execute(select(func.pg_advisory_xact_lock(_ASKING_LOCK)))
    if idempotency_key is not None and (known := queries.run_by_key(session, idempotency_key)) is not None:
        if known.parameters != parameters:
            raise ConflictError("idempotency_key_reused", value=idempotency_key, run_id=known.run_id)
        return known
    _check_room(session)
    network_queries.profile(session, terms.walk.profile, terms.walk.on)
    for subject in (Subject.NETWORK, Subject.POPULATION):
        if not editions(session, subject=subject, on=terms.walk.on):
            raise NotFoundError(f"no_{subject}_in_force", on=terms.walk.on)
    job = jobs.enqueue(session, JOB_KIND, {})
    run = SitingRun(
        job_id=job.job_id,
        idempotency_key=idempotency_key,
        parameters=parameters,
        model=str(terms.model),
        type=str(terms.type),
        area_code=terms.area_code,
        created_by=actor.name,
    )
    session.add(run)
    session.flush()
    job.arguments = {"siting_run_id": run.run_id}
    session.flush()
    asked = {key: value for key, value in parameters.items() if key not in ("candidates", "forbidden")}
    record(session, actor, "siting.request", f"siting_run:{run.run_id}", after=asked)
    return run


def stop(session: Session, actor: Actor, run_id: int, *, keep: bool) -> SitingRun:
    """End a run early: with the best plan so far as its answer, or without any.

    A plan is kept at the next word of the search; it has no curve and no sure points.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not ask for runs there.
    NotFoundError
        When there is no such run.
    ConflictError
        When it has ended, or there is no plan to keep yet.
    """
    run = queries.run_by_id(session, run_id, lock=True)
    areas = bounds_of(session, run.area_code, terms_of(run).walk.on)
    require(actor, Permission.COVERAGE_RUN, areas=areas)
    if not keep:
        jobs.cancel(session, actor, run.job_id, permission=Permission.COVERAGE_RUN, areas=areas)
        return run
    job = job_queries.job_by_id(session, run.job_id)
    if job.state not in (JobState.RUNNING, JobState.QUEUED):
        raise ConflictError("job_ended", job_id=job.job_id, state=job.state)
    if not (run.progress or {}).get("chosen"):
        raise ConflictError("siting_nothing_to_keep", run_id=run_id)
    run.keep_requested = True
    session.flush()
    record(session, actor, "siting.keep", f"siting_run:{run_id}", after={"keep_requested": True})
    return run


def perform(context: JobContext) -> Mapping[str, Any]:
    """Perform a run: read in one snapshot, search, and write the answer once."""
    run_id = int(context.claim.arguments["siting_run_id"])
    tell(context, run_id, None, "job_stage.reading", 0.0)
    stages = Stages(context)
    with transaction(context.sessions) as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        with stages.stage("reading", 0.0):
            ready = _read(session, terms_of(queries.run_by_id(session, run_id)))
    with stages.stage("judging", 0.1) as report:
        ready = _sifted(ready, lambda share: report(0.1 + 0.2 * share))
    with stages.stage("walking", 0.3):
        problem = build(ready.inputs, ready.field)
    with stages.stage("searching", 0.4):
        terms = ready.inputs.terms
        telling = Telling(context, run_id, terms.model, ready.field.lonlat[problem.eligible].tolist())
        found = _search(terms, problem, telling)
    with stages.stage("comparing", 0.9):
        document = _document(ready, problem, found)
    with stages.stage("writing", 0.97), transaction(context.sessions) as session:
        jobs.hold(session, context.claim)
        run = queries.run_by_id(session, run_id)
        run.input_sha256 = document.provenance.input_sha256
        run.document = canonical_json(document)
        run.result_sha256 = text_sha256(run.document)
        run.finished_at = func.clock_timestamp()
        result = {"run_id": run_id, "stages_s": stages.seconds}
        jobs.finish(session, context.claim, result)
    return result


@dataclass(frozen=True)
class Replay(coverage.Replay):
    """As of a coverage run; ``timed`` tells that a clock or a person ended the stored search.

    Another search may then end elsewhere, and the answers need not be the same.
    """

    timed: bool


def replay(session: Session, run: SitingRun) -> Replay:
    """Compute the answer of a finished run again, and tell whether its bytes are the same; nothing is written.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet), or what it was computed from is not there any more.
    """
    stored = document_of(run)
    again = answer(session, terms_of(run))
    version = again.provenance.code_version
    return Replay(
        run_id=run.run_id,
        stored_sha256=text_sha256(queries.answer_of(run)),
        computed_sha256=text_sha256(canonical_json(again)),
        changed=tuple(stale_inputs(session, run)),
        code_version=None if version == stored.provenance.code_version else version,
        timed=stored.certificate.stopped in ("time", "asked"),
    )


def answer(session: Session, terms: SitingTerms) -> SitingDocument:
    """Return the answer to a question, computed here and now; nothing is written."""
    ready = _sifted(_read(session, terms), lambda _share: None)
    problem = build(ready.inputs, ready.field)
    return _document(ready, problem, _search(terms, problem, None))


def document_of(run: SitingRun) -> SitingDocument:
    """Return the answer of a finished run.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet).
    """
    return parse(queries.answer_of(run))


def stale_inputs(session: Session, run: SitingRun, *, on: date | None = None) -> list[str]:
    """Return the inputs that differ between a finished run and one of a day (its own without one)."""
    terms = terms_of(run)
    asked = terms if on is None else terms.at(on)
    then, now = (
        {(each.subject, each.name, each.content_sha256) for each in inputs}
        for inputs in (document_of(run).inputs, queries.inputs_on(session, asked))
    )
    return sorted({f"{subject}: {name}" for subject, name, _ in then ^ now})


def _of_version(session: Session, terms: SitingTerms) -> SitingTerms:
    """Return a question with the present version of its scenario: with a later one it is another question."""
    if terms.walk.scenario is None:
        return terms
    plan = planned(session, terms.walk.scenario)
    return replace(terms, walk=replace(terms.walk, scenario=f"{plan.name}@{plan.version}"))


def _check_room(session: Session) -> None:
    unfinished = select(SitingRun.job_id).where(SitingRun.finished_at.is_(None)).order_by(SitingRun.run_id.desc())
    states = job_queries.job_states(session, session.scalars(unfinished.limit(10 * MAX_OPEN_RUNS)).all())
    waiting = sum(state in (JobState.QUEUED, JobState.RUNNING) for state in states.values())
    if waiting >= MAX_OPEN_RUNS:
        raise UnavailableError("queue_full", value=waiting, maximum=MAX_OPEN_RUNS)


@dataclass(frozen=True, eq=False)
class _Ready:
    """All that was read: nothing more is asked of the database until the answer is written."""

    inputs: Inputs
    field: Field
    judge: Desk | None
    former: Former | None


def _read(session: Session, terms: SitingTerms) -> _Ready:
    state = walk_state(session, terms.walk)
    areas = area_table(session, terms.walk.on, terms.area_code)
    judge = desk_of(session, terms) if terms.judged else None
    inputs = Inputs(
        terms=terms,
        state=state,
        editions=tuple(queries.inputs_on(session, terms)),
        norms=() if judge is None else tuple(f"{each.name} {each.edition}" for each in judge.norm_sets),
        areas=areas,
        area=None if terms.area_code is None else area_of(areas, terms.area_code),
        profiles=network_queries.profiles(session, terms.walk.on),
    )
    field = field_of(session, terms, state, inputs.area)
    return _Ready(inputs, field, judge, former_population(session, inputs))


def _sifted(ready: _Ready, report: Report) -> _Ready:
    if ready.judge is None:
        return ready
    asked = max(len(ready.field.eligible), 1)
    return replace(ready, field=sifted(ready.judge, ready.field, lambda done: report(done / asked)))


def _document(ready: _Ready, problem: Problem, found: Found) -> SitingDocument:
    inputs, field = ready.inputs, ready.field
    index = problem.eligible[found.siting.chosen]
    cards = {} if ready.judge is None else judged(ready.judge, field, index.tolist())
    tested = stresses(inputs, problem, field.snap_of(index), ready.former)
    return assemble(inputs, field, cards, problem, found, tested)


def _search(terms: SitingTerms, problem: Problem, telling: Telling | None) -> Found:
    """Return the best plan of a question, why the search for it ended, and what is known of plans near it."""
    unit, search = UNITS[terms.model], terms.search
    effort = Effort(max_s=search.max_s, gap=search.gap, seed=search.seed, watch=telling)
    demand, candidates, limit_cs = problem.demand, problem.candidates, problem.horizon_cs
    try:
        if terms.model is not SitingModel.MAX_COVERAGE:
            siting = solve(terms.model, demand, candidates, points=terms.points, limit_cs=limit_cs, effort=effort)
            return Found(siting, unit, _stopped(siting, effort))
        points = terms.points or 1
        curve = coverage_curve(demand, candidates, points=points, limit_cs=limit_cs, effort=effort)
        beside = replace(effort, watch=telling and telling.go_on)
        sure = sure_points(demand, candidates, curve[-1], limit_cs=limit_cs, effort=beside)
    except SearchEndedError as ended:
        return Found(_kept(terms, problem, ended.best), unit, "asked")
    return Found(curve[-1], unit, _stopped(curve[-1], effort), sure, curve)


def _stopped(siting: Siting, effort: Effort) -> str:
    if siting.proven:
        return "proven"
    if siting.gap <= effort.gap:
        return "gap"
    return "time" if siting.seconds >= 0.95 * effort.max_s else "limit"


def _kept(terms: SitingTerms, problem: Problem, best: Incumbent) -> Siting:
    """Return a plan that a search told of, in order of gain, with the bound that it had.

    What it is worth is what was told: among its own points alone, quarters that others could better would not count.
    """
    chosen = np.array(sorted(best.chosen), dtype=np.int32)
    ordered = among(problem, terms.model, chosen, Effort(max_s=_ORDERING_S))
    worth = ordered.objective if terms.model is SitingModel.SET_COVER else best.objective
    named = chosen[ordered.chosen]
    return replace(ordered, chosen=named, objective=worth, bound=best.bound, proven=worth == best.bound)
