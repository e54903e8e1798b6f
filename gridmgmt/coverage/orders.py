"""Standing orders: coverage reports that are asked anew whenever one of their inputs has changed.

Inputs are compared by the fingerprints of what is in force on a day, so an import, an activation, and a planned edition
whose day has come are one and the same to an order. An order has at most one open run; what a run or its refusal was
asked with is not asked again, so a failure stands, with its reason, until an input changes or somebody renews the
order. Earlier runs are kept.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Select, cast, exists, func, select
from sqlalchemy.dialects.postgresql import JSONB

from gridmgmt.access.rules import Actor, Permission, system_actor
from gridmgmt.access.service import record, require
from gridmgmt.areas.queries import bounds_of
from gridmgmt.coverage import queries, service
from gridmgmt.coverage.models import CoverageOrder, CoverageOrderRun, CoverageRun
from gridmgmt.coverage.rules import CoverageRequest
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import in_force_on
from gridmgmt.errors import ConflictError, GridMgmtError, InputError, NotFoundError, UnavailableError
from gridmgmt.jobs.models import FINAL, Job, JobState
from gridmgmt.jobs.rules import error_record
from gridmgmt.network import queries as network_queries
from gridmgmt.network.models import WalkingProfile
from gridmgmt.walking import queries as walking_queries
from gridmgmt.walking.models import Scenario

KEEPER = system_actor("standing orders")
"""Who asks for the runs of orders."""
MAX_ORDERS = 50
MAX_NAME = 64
SHOWN_RUNS = 20
"""So many of an order's runs are told, the newest first; all are kept."""


class OrderState(StrEnum):
    """How a standing order is: whether its newest answer is that of today's inputs, and if not, why."""

    WAITING = "waiting"
    RUNNING = "running"
    FRESH = "fresh"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True)
class OrderRun:
    """One run of an order; ``totals`` are the figures of everybody, None until it has an answer."""

    run_id: int
    job_state: JobState
    because: tuple[str, ...]
    asked_at: datetime
    finished_at: datetime | None
    result_sha256: str | None
    error: dict[str, Any] | None
    totals: dict[str, Any] | None


@dataclass(frozen=True)
class OrderReport:
    """An order as it stands: ``error`` is the code and the fields of what keeps it from being fresh."""

    name: str
    request: CoverageRequest
    state: OrderState
    error: dict[str, Any] | None
    created_by: str
    created_at: datetime
    runs: tuple[OrderRun, ...]

    @property
    def answered(self) -> OrderRun | None:
        """The newest run that has an answer."""
        return next((run for run in self.runs if run.finished_at is not None), None)


def add_order(session: Session, actor: Actor, name: str, request: CoverageRequest, *, on: date) -> CoverageOrder:
    """Keep a report fresh from now on, under a name; its first run is asked for when orders are next looked after.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not ask for runs there.
    NotFoundError
        When the area, the profile or the scenario is unknown on that day.
    InputError
        When the name is empty, too long, or what addresses cannot hold: with a slash, or ``.`` or ``..``.
    ConflictError
        When there is an order of that name, or there are too many.
    """
    require(actor, Permission.COVERAGE_RUN, areas=bounds_of(session, request.area_code, on))
    kept = name.strip()
    if not 0 < len(kept) <= MAX_NAME or "/" in kept or kept in {".", ".."}:
        raise InputError("order_name", field="name", value=name, maximum=MAX_NAME)
    network_queries.profile(session, request.profile, on)
    if request.scenario is not None:
        walking_queries.planned(session, request.scenario)
    orders = session.scalars(_select_kept().with_for_update()).all()
    if any(order.name == kept for order in orders):
        raise ConflictError("order_exists", value=kept)
    if len(orders) >= MAX_ORDERS:
        raise ConflictError("orders_full", value=len(orders), maximum=MAX_ORDERS)
    order = CoverageOrder(name=kept, parameters=asdict(request), created_by=actor.name)
    session.add(order)
    session.flush()
    record(session, actor, "coverage.order.add", _object(order), after=order.parameters)
    return order


def drop_order(session: Session, actor: Actor, name: str, *, on: date) -> None:
    """Keep a report fresh no longer; its runs stay, also one that is under way.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not ask for runs there.
    NotFoundError
        When there is no such order.
    """
    order = _acted_on(session, actor, name, on)
    order.dropped_at = func.now()
    session.flush()
    record(session, actor, "coverage.order.drop", _object(order), before=order.parameters)


def renew_order(session: Session, actor: Actor, name: str, *, on: date) -> None:
    """Ask for a run of an order when orders are next looked after, whether or not an input has changed.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not ask for runs there.
    NotFoundError
        When there is no such order.
    """
    order = _acted_on(session, actor, name, on)
    order.checked_sha256 = order.inputs_sha256 = order.refusal = None
    session.flush()
    record(session, actor, "coverage.order.renew", _object(order))


def keep_fresh(session: Session, on: date) -> list[int]:
    """Ask for a run of every order whose inputs have changed and none of whose runs is open; return their numbers.

    Costs two short statements while nothing has changed. Orders that another process looks after are passed over.
    """
    state = _in_force_sha256(session, on)
    due = session.scalars(
        _select_kept()
        .where(CoverageOrder.checked_sha256.is_distinct_from(state), ~_has_open_run())
        .with_for_update(skip_locked=True)
    ).all()
    asked = [_look_after(session, order, on, state) for order in due]
    session.flush()
    return [run_id for run_id in asked if run_id is not None]


def order_reports(session: Session, on: date) -> list[OrderReport]:
    """Return all orders by name as they stand on a day, each with its newest runs."""
    return [_report(session, order, on) for order in session.scalars(_select_kept())]


def order_report(session: Session, name: str, on: date) -> OrderReport:
    """Return one order as it stands on a day, with its newest runs.

    Raises
    ------
    NotFoundError
        When there is no such order.
    """
    return _report(session, _order_named(session, name), on)


def _look_after(session: Session, order: CoverageOrder, on: date, state: str) -> int | None:
    """Ask for a run of an order if its inputs have changed; a refusal is kept with its reason."""
    request = request_of(order)
    inputs = _inputs_sha256(session, request, on)
    order.checked_sha256 = state
    if inputs == order.inputs_sha256:
        return None
    because = _changes(session, order, on)
    try:
        with session.begin_nested():
            run = service.request_run(session, KEEPER, request, on=on)
    except UnavailableError:  # the queue is full: another time
        order.checked_sha256 = None
        return None
    except GridMgmtError as error:
        order.inputs_sha256, order.refusal = inputs, error_record(error)
        record(session, KEEPER, "coverage.order.refused", _object(order), after=order.refusal)
        return None
    order.inputs_sha256, order.refusal = inputs, None
    session.add(CoverageOrderRun(order_id=order.order_id, run_id=run.run_id, because=because))
    record(session, KEEPER, "coverage.order.run", _object(order), after={"run_id": run.run_id, "because": because})
    return run.run_id


def request_of(order: CoverageOrder) -> CoverageRequest:
    """Return the question of an order."""
    return TypeAdapter(CoverageRequest).validate_python(order.parameters)


def _in_force_sha256(session: Session, on: date) -> str:
    """Return the fingerprint of everything in force on a day that a report may be made of."""
    of_editions = select(Edition.edition_id, Edition.content_sha256).where(in_force_on(on)).order_by(Edition.edition_id)
    profiles = select(WalkingProfile.__table__).order_by(*WalkingProfile.__table__.primary_key)
    planned = select(Scenario.scenario_id, Scenario.name, Scenario.version, Scenario.deleted_at).order_by(
        Scenario.scenario_id
    )
    tables = (session.execute(statement).all() for statement in (of_editions, profiles, planned))
    return _sha256([[list(map(str, row)) for row in rows] for rows in tables])


def _inputs_sha256(session: Session, request: CoverageRequest, on: date) -> str:
    """Return the fingerprint of what a run of today would be computed from."""
    found = queries.input_editions(session, on, request.types, request.barriers)
    parts: list[object] = [edition.model_dump(mode="json") for edition in found]
    try:
        parts.append(str(network_queries.profile(session, request.profile, on)))
        if request.scenario is not None:
            plan = walking_queries.planned(session, request.scenario)
            parts.append([plan.scenario_id, plan.version])
    except NotFoundError as error:  # the run will be refused for it
        parts.append(error.code)
    return _sha256(parts)


def _changes(session: Session, order: CoverageOrder, on: date) -> list[str]:
    """Return the names of the inputs that differ from those of the order's newest answer."""
    statement = _select_runs(order.order_id).where(CoverageRun.finished_at.is_not(None)).limit(1)
    answered = session.scalar(statement)
    return [] if answered is None else queries.stale_inputs(session, answered, on=on)


def _report(session: Session, order: CoverageOrder, on: date) -> OrderReport:
    statement = (
        select(
            CoverageRun.run_id, Job.state.label("job_state"), CoverageOrderRun.because,
            CoverageRun.created_at.label("asked_at"), CoverageRun.finished_at, CoverageRun.result_sha256, Job.error,
            cast(CoverageRun.document, JSONB)["totals"].label("totals"),
        )
        .join(CoverageOrderRun, CoverageOrderRun.run_id == CoverageRun.run_id)
        .join(Job, Job.job_id == CoverageRun.job_id)
        .where(CoverageOrderRun.order_id == order.order_id)
        .order_by(CoverageRun.run_id.desc())
        .limit(SHOWN_RUNS)
    )  # fmt: skip
    runs = tuple(
        OrderRun(**{**row, "job_state": JobState(row["job_state"]), "because": tuple(row["because"])})
        for row in session.execute(statement).mappings()
    )
    request = request_of(order)
    unchanged = order.inputs_sha256 == _inputs_sha256(session, request, on)
    state, error = _state(order, runs, unchanged=unchanged)
    return OrderReport(
        name=order.name,
        request=request,
        state=state,
        error=error,
        created_by=order.created_by,
        created_at=order.created_at,
        runs=runs,
    )


def _state(
    order: CoverageOrder, runs: Sequence[OrderRun], *, unchanged: bool
) -> tuple[OrderState, dict[str, Any] | None]:
    if runs and runs[0].job_state not in FINAL:
        return OrderState.RUNNING, None
    if not unchanged:
        return OrderState.WAITING, None
    if order.refusal is not None:
        return OrderState.REFUSED, order.refusal
    if runs and runs[0].job_state == JobState.SUCCEEDED:
        return OrderState.FRESH, None
    cancelled = {"code": "order_run_cancelled", "fields": {"run_id": runs[0].run_id if runs else 0}}
    return OrderState.FAILED, (runs[0].error if runs else None) or cancelled


def _select_kept() -> Select[CoverageOrder]:
    return select(CoverageOrder).where(CoverageOrder.dropped_at.is_(None)).order_by(CoverageOrder.name)


def _select_runs(order_id: int) -> Select[CoverageRun]:
    return (
        select(CoverageRun)
        .join(CoverageOrderRun, CoverageOrderRun.run_id == CoverageRun.run_id)
        .where(CoverageOrderRun.order_id == order_id)
        .order_by(CoverageRun.run_id.desc())
    )


def _has_open_run() -> Any:  # Any: a condition
    return exists().where(
        CoverageOrderRun.order_id == CoverageOrder.order_id,
        CoverageRun.run_id == CoverageOrderRun.run_id,
        Job.job_id == CoverageRun.job_id,
        Job.state.not_in(FINAL),
    )


def _order_named(session: Session, name: str, *, lock: bool = False) -> CoverageOrder:
    statement = _select_kept().where(CoverageOrder.name == name.strip())
    order = session.scalar(statement.with_for_update() if lock else statement)
    if order is None:
        known = ", ".join(session.scalars(select(CoverageOrder.name).where(CoverageOrder.dropped_at.is_(None))))
        raise NotFoundError("order_unknown", value=name, known=known or "-")
    return order


def _acted_on(session: Session, actor: Actor, name: str, on: date) -> CoverageOrder:
    """Return an order that the actor may change; that of an area that is no more, by the area's own code."""
    order = _order_named(session, name, lock=True)
    code = order.parameters["area_code"]
    try:
        areas = bounds_of(session, code, on)
    except NotFoundError:
        areas = [code]
    require(actor, Permission.COVERAGE_RUN, areas=areas)
    return order


def _object(order: CoverageOrder) -> str:
    return f"coverage_order:{order.name}"


def _sha256(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
