"""Asking for a coverage run, and performing it as a job."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import ArrayLike
from pydantic import TypeAdapter
from sqlalchemy import func

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.analysis.walking.model import to_s
from gridmgmt.areas.queries import bounds_of
from gridmgmt.areas.rules import RANK, AreaLevel
from gridmgmt.coverage import queries
from gridmgmt.coverage.assemble import Inputs, assemble
from gridmgmt.coverage.compute import Reach, Spread, lonlat_of, of_places, reach, within
from gridmgmt.coverage.document import CoverageDocument, canonical_json, parse, text_sha256
from gridmgmt.coverage.models import CoverageAreaResult, CoveragePlaceResult, CoverageRun
from gridmgmt.coverage.rules import CoverageRequest
from gridmgmt.db import Session, transaction
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Counting, Subject
from gridmgmt.errors import ConflictError, NotFoundError, UnavailableError
from gridmgmt.frames import copy_numbers, geometries
from gridmgmt.jobs import queries as job_queries
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import JobContext
from gridmgmt.network import queries as network_queries
from gridmgmt.population import queries as population_queries
from gridmgmt.service_points import queries as point_queries
from gridmgmt.walking.queries import planned
from gridmgmt.walking.service import walk_state

JOB_KIND = "coverage_run"
REMAINDER_CODE = "-"
MAX_OPEN_JOBS = 100
"""More questions than this are not taken: nobody waits for the answers, and each fills the disk."""


def of_version(session: Session, request: CoverageRequest) -> CoverageRequest:
    """Return a question with the present version of its scenario: with a later one it is another question.

    Raises
    ------
    NotFoundError
        When the scenario is unknown.
    """
    if request.scenario is None:
        return request
    plan = planned(session, request.scenario)
    return replace(request, scenario=f"{plan.name}@{plan.version}")


def request_run(
    session: Session, actor: Actor, request: CoverageRequest, *, on: date, idempotency_key: str | None = None
) -> CoverageRun:
    """Enqueue a run in the caller's transaction and return it, not yet finished.

    An actor whose permission is bound to an area asks about that area or one inside it.

    Asking again with the same ``idempotency_key`` returns the run that was asked for first.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not ask for runs there.
    NotFoundError
        When the profile, the area or the scenario is unknown, or the folder lacks a network, a population, or an open
        point of the asked types on that day.
    ConflictError
        When the key was given with another question.
    UnavailableError
        When the queue is full.
    """
    require(actor, Permission.COVERAGE_RUN, areas=bounds_of(session, request.area_code, on))
    request = of_version(session, request)
    parameters = {**asdict(request), "on": on.isoformat()}
    if idempotency_key is not None and (known := queries.run_by_key(session, idempotency_key)) is not None:
        if known.parameters != json.loads(json.dumps(parameters)):
            raise ConflictError("idempotency_key_reused", value=idempotency_key, run_id=known.run_id)
        return known
    if (waiting := job_queries.open_count(session)) >= MAX_OPEN_JOBS:
        raise UnavailableError("queue_full", value=waiting, maximum=MAX_OPEN_JOBS)
    network_queries.profile(session, request.profile, on)
    _edition(session, Subject.NETWORK, on)
    _edition(session, Subject.POPULATION, on)
    counts = point_queries.open_point_counts(session, on)
    if not any(counts.get(type_) for type_ in request.types):
        present = ", ".join(f"{type_} ({count})" for type_, count in counts.items()) or "-"
        raise NotFoundError("no_open_points", types=", ".join(request.types), present=present)
    job = jobs.enqueue(session, JOB_KIND, parameters)
    run = CoverageRun(
        job_id=job.job_id,
        idempotency_key=idempotency_key,
        parameters=parameters,
        area_code=request.area_code,
        types=list(request.types),
        scenario=request.scenario,
    )
    session.add(run)
    session.flush()
    job.arguments = {**parameters, "run_id": run.run_id}
    session.flush()
    record(session, actor, "coverage.request", f"coverage_run:{run.run_id}", after=parameters)
    return run


@dataclass
class Stages:
    """Says where a job is and keeps the seconds that each stage took."""

    context: JobContext
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, begins_at: float) -> Iterator[None]:
        """Report a stage with the share of the job that is done when it begins, and time it."""
        self.context.progress(f"job_stage.{name}", begins_at)
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def perform(context: JobContext) -> Mapping[str, Any]:
    """Perform a run: read in one snapshot, compute, and write the answer once."""
    arguments = dict(context.claim.arguments)
    run_id, on = int(arguments.pop("run_id")), date.fromisoformat(arguments.pop("on"))
    request = TypeAdapter(CoverageRequest).validate_python(arguments)
    stages = Stages(context)
    with stages.stage("reading", 0.0), transaction(context.sessions) as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        inputs = _read(session, request, on)
    with stages.stage("counting", 0.5):
        found = _reach(inputs)
        document = assemble(inputs, found)
    with stages.stage("writing", 0.75), transaction(context.sessions) as session:
        jobs.hold(session, context.claim)
        _write(session, run_id, document, inputs, found)
        result = {"run_id": run_id, "stages_s": stages.seconds}
        jobs.finish(session, context.claim, result)
    return result


@dataclass(frozen=True)
class Replay:
    """An answer computed again from the editions of its day, beside the stored one.

    ``changed`` names the inputs that are not those of the stored answer, ``code_version`` the present code where it is
    not the one that answered; with neither, the answers must be the same to the byte.
    """

    run_id: int
    stored_sha256: str
    computed_sha256: str
    changed: tuple[str, ...]
    code_version: str | None

    @property
    def same(self) -> bool:
        """Whether both answers have the same bytes."""
        return self.stored_sha256 == self.computed_sha256


def replay(session: Session, run: CoverageRun) -> Replay:
    """Compute the answer of a finished run again, and tell whether its bytes are the same; nothing is written.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet), or what it was computed from is not there any more.
    """
    arguments, stored = dict(run.parameters), parse(queries.answer_of(run))
    on = date.fromisoformat(arguments.pop("on"))
    inputs = _read(session, TypeAdapter(CoverageRequest).validate_python(arguments), on)
    again = assemble(inputs, _reach(inputs))
    version = again.provenance.code_version
    return Replay(
        run_id=run.run_id,
        stored_sha256=text_sha256(queries.answer_of(run)),
        computed_sha256=text_sha256(canonical_json(again)),
        changed=tuple(queries.stale_inputs(session, run, on=on)),
        code_version=None if version == stored.provenance.code_version else version,
    )


def document_of(run: CoverageRun) -> CoverageDocument:
    """Return the answer of a finished run.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet).
    """
    return parse(queries.answer_of(run))


def _edition(session: Session, subject: Subject, on: date) -> Edition:
    found = editions(session, subject=subject, on=on)
    if not found:
        raise NotFoundError(f"no_{subject}_in_force", on=on)
    return found[-1]


def _read(session: Session, request: CoverageRequest, on: date) -> Inputs:
    state = walk_state(session, request.walk_on(on))
    spread = None
    if state.ground.counting is Counting.SPREAD:
        spread = Spread.of(population_queries.spread_from(session, on), state.weights[:, 0])
    return Inputs(
        request=request,
        state=state,
        editions=tuple(queries.input_editions(session, on, request.types, request.barriers)),
        areas=queries.area_table(session, on, request.area_code),
        profiles=network_queries.profiles(session, on),
        spread=spread,
    )


def _reach(inputs: Inputs) -> Reach:
    """Return the places asked about: all, or those within the area, its border counted in."""
    state, code = inputs.state, inputs.request.area_code
    chosen = np.arange(state.places.num_rows)
    if code is not None:
        same = inputs.areas.filter(pc.equal(inputs.areas["code"], code))  # levels may share codes: the highest
        ranks = [RANK[AreaLevel(level)] for level in same["level"].to_pylist()]
        asked = geometries(same["geom"])[int(np.argmin(ranks))]
        chosen = np.flatnonzero(within(asked, lonlat_of(state.places)))
    return reach(state, chosen, inputs.request.limit_s, inputs.spread)


def _write(session: Session, run_id: int, document: CoverageDocument, inputs: Inputs, reach: Reach) -> None:
    run = queries.run_by_id(session, run_id)
    run.input_sha256 = document.provenance.input_sha256
    run.document = canonical_json(document)
    run.result_sha256 = text_sha256(run.document)
    run.finished_at = func.clock_timestamp()
    for level in document.levels:
        for area in level.areas:
            session.add(_area_result(run_id, level.level, area.code, area.figures.model_dump(mode="json")))
        if level.remainder is not None:
            session.add(_area_result(run_id, level.level, REMAINDER_CODE, level.remainder.model_dump(mode="json")))
    session.flush()
    state = inputs.state
    point_ids = np.append(state.points["point_id"].to_numpy(), -1)[reach.point]  # a planned point's is negative
    columns: dict[str, tuple[str, ArrayLike]] = {
        "run_id": ("i8", run_id),
        "place_id": ("i8", of_places(state.places["place_id"].to_numpy(), reach.place)),
        "status": ("i2", reach.table.status),
        "walk_time_s": ("f8", _finite(to_s(reach.table.time_cs))),
        "snap_distance_m": ("f8", _finite(of_places(state.place_snap.distance_m, reach.place))),
        "point_id": ("i8", np.ma.masked_less(point_ids, 0)),
    }
    copy_numbers(session, CoveragePlaceResult.__tablename__, columns)


def _area_result(run_id: int, level: str, code: str, figures: dict[str, Any]) -> CoverageAreaResult:
    return CoverageAreaResult(run_id=run_id, level=level, code=code, figures=figures)


def _finite(values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.where(np.isfinite(values), values, np.nan)
