"""Which handler performs which kind of job; performing one in this very process; what takes several transactions.

The rooms that do other work than one's own take seconds and a hundred megabytes to load, so each is loaded where it is
first needed.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import sessionmaker

from gridmgmt.access.rules import Actor, system_actor
from gridmgmt.clock import local_date, system_clock
from gridmgmt.coverage import orders, queries, service
from gridmgmt.coverage.document import CoverageDocument
from gridmgmt.coverage.rules import CoverageRequest
from gridmgmt.db import Session, transaction
from gridmgmt.editions.rules import EditionState
from gridmgmt.errors import ConflictError
from gridmgmt.jobs.rules import Lane
from gridmgmt.jobs.service import result_of
from gridmgmt.jobs.worker import Handler, JobContext, Worker
from gridmgmt.settings import Settings
from gridmgmt.uploads.folder import upload_folder
from gridmgmt.uploads.service import JOB_KIND as UPLOAD
from gridmgmt.walking.cache import WARM

if TYPE_CHECKING:
    from gridmgmt.cells.models import CellGeneration
    from gridmgmt.cells.service import GenerationAsk
    from gridmgmt.siting.document import SitingDocument
    from gridmgmt.siting.rules import SitingTerms


def _make_cells(context: JobContext) -> Mapping[str, Any]:
    from gridmgmt.cells.service import perform  # noqa: PLC0415 -- see the module

    return perform(context)


def _merge_grids(context: JobContext) -> Mapping[str, Any]:
    from gridmgmt.merging.service import perform  # noqa: PLC0415 -- see the module

    return perform(context)


def _site(context: JobContext) -> Mapping[str, Any]:
    from gridmgmt.siting.service import perform  # noqa: PLC0415 -- see the module

    return perform(context)


def _take_upload(context: JobContext, **options: Any) -> Mapping[str, Any]:
    from gridmgmt.uploads.perform import perform  # noqa: PLC0415 -- see the module

    return perform(context, **options)


HANDLERS: Mapping[str, Handler] = {
    service.JOB_KIND: service.perform,
    "cell_generation": _make_cells,
    "grid_merge": _merge_grids,
    "siting_run": _site,
}
"""What performs the kinds of jobs that need nothing but the database."""

PATIENT = frozenset({"cell_generation", "demo_cases", "demo_components", "demo_grids", "grid_merge"})
"""Kinds that take minutes and that nobody sits before."""


def in_lane(known: Mapping[str, Handler], lane: str | None) -> Mapping[str, Handler]:
    """Return the handlers of one lane, of all without one."""
    if lane is None:
        return known
    return {kind: handler for kind, handler in known.items() if (kind in PATIENT) == (lane == Lane.PATIENT)}


def handlers(settings: Settings) -> Mapping[str, Handler]:
    """Return what performs every kind of job: also those on files that were given over HTTP."""
    WARM.limit_bytes = settings.walk_state_bytes
    take = partial(_take_upload, folder=upload_folder(settings), metric_crs=settings.metric_crs)
    return {**HANDLERS, UPLOAD: take}


def ask_coverage(
    factory: sessionmaker[Session], actor: Actor, request: CoverageRequest, *, on: date
) -> tuple[int, int]:
    """Enqueue a coverage run and return the ids of the run and of its job."""
    with transaction(factory) as session:
        run = service.request_run(session, actor, request, on=on)
        return run.run_id, run.job_id


def finish_coverage(factory: sessionmaker[Session], run_id: int, job_id: int, *, lease_s: float) -> CoverageDocument:
    """Perform the job of a run in this process, or wait for the worker that has taken it, and return the answer.

    Raises
    ------
    JobFailedError, JobCancelledError
        When the job ended without an answer.
    """
    result_of(Worker(factory, HANDLERS, lease_s=lease_s).run_job(job_id))
    with transaction(factory) as session:
        return service.document_of(queries.run_by_id(session, run_id))


def ask_siting(factory: sessionmaker[Session], actor: Actor, terms: "SitingTerms") -> tuple[int, int]:
    """Enqueue a siting run and return the ids of the run and of its job."""
    from gridmgmt.siting import service as siting  # noqa: PLC0415 -- see the module

    with transaction(factory) as session:
        run = siting.request_run(session, actor, terms)
        return run.run_id, run.job_id


def finish_siting(factory: sessionmaker[Session], run_id: int, job_id: int, *, lease_s: float) -> "SitingDocument":
    """Perform the job of a siting run in this process, or wait for the worker that has taken it; return the answer.

    Raises
    ------
    JobFailedError, JobCancelledError
        When the job ended without an answer.
    """
    from gridmgmt.siting.queries import run_by_id  # noqa: PLC0415 -- see the module
    from gridmgmt.siting.service import document_of  # noqa: PLC0415 -- as above

    result_of(Worker(factory, HANDLERS, lease_s=lease_s).run_job(job_id))
    with transaction(factory) as session:
        return document_of(run_by_id(session, run_id))


def keep_reports_fresh(factory: sessionmaker[Session]) -> list[int]:
    """Ask for the runs of standing orders whose inputs have changed by today, and return the numbers of their jobs."""
    with transaction(factory) as session:
        runs = orders.keep_fresh(session, local_date(system_clock()))
        return [queries.run_by_id(session, run_id).job_id for run_id in runs]


def forget_what_is_over(factory: sessionmaker[Session], settings: Settings) -> None:
    """Delete contact data of cases that ended long ago, and photos that have belonged to no case for some hours."""
    from gridmgmt.casework.photo_files import photo_folder  # noqa: PLC0415 -- see the module
    from gridmgmt.casework.photos import forget_unused  # noqa: PLC0415 -- as above
    from gridmgmt.casework.reporters import forget_ended  # noqa: PLC0415 -- as above

    now = system_clock()
    with transaction(factory) as session:
        forget_ended(session, system_actor("retention"), now, settings.reporter_keep_days)
    with transaction(factory) as session:
        forget_unused(session, photo_folder(settings), now, settings.photo_keep_hours)


def keep_gate_counts(factory: sessionmaker[Session], settings: Settings) -> None:
    """Publish the days of counts at gates that are due, and fold and delete what is too old, whatever is published."""
    from gridmgmt.gate_counts.releases import release_due  # noqa: PLC0415 -- see the module
    from gridmgmt.gate_counts.retention import forget_old  # noqa: PLC0415 -- as above

    now = system_clock()
    try:
        with transaction(factory) as session:
            release_due(session, system_actor("publication"), now, threshold=settings.suppression_threshold)
    finally:
        with transaction(factory) as session:
            forget_old(session, system_actor("retention"), now)


def publish_premises(factory: sessionmaker[Session], settings: Settings) -> None:
    """Publish the counts of premises of the months that are due; two workers at once publish one month once."""
    from gridmgmt.premises.service import publish_due  # noqa: PLC0415 -- see the module

    with transaction(factory) as session:
        publish_due(session, system_actor("publication"), system_clock(), threshold=settings.suppression_threshold)


def reconcile_exchange(factory: sessionmaker[Session]) -> None:
    """Compare the days of the exchange whose list never came with what the partner has taken."""
    from gridmgmt.exchange.reconciling import reconcile_due  # noqa: PLC0415 -- see the module

    with transaction(factory) as session:
        reconcile_due(session, system_actor("reconciliation"), system_clock())


def tidy(factory: sessionmaker[Session], settings: Settings) -> None:
    """See to all that is to be published, compared or forgotten by the hour; what fails keeps nothing else back."""
    with ExitStack() as chores:  # the last one first
        chores.callback(reconcile_exchange, factory)
        chores.callback(publish_premises, factory, settings)
        chores.callback(keep_gate_counts, factory, settings)
        chores.callback(forget_what_is_over, factory, settings)


class Hourly:
    """A chore that is seen to at once and then once an hour, however often it is called."""

    def __init__(self, chore: Callable[[], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._chore, self._clock = chore, clock
        self._due = clock()

    def __call__(self) -> None:
        """See to it if it is due; one that fails is due again in an hour."""
        if self._clock() >= self._due:
            self._due = self._clock() + 3_600
            self._chore()


def ask_cells(
    factory: sessionmaker[Session], actor: Actor, ask: "GenerationAsk", *, document: str | None = None
) -> tuple[int, int]:
    """Enqueue a generation of cells and return the ids of the generation and of its job."""
    from gridmgmt.cells import service as cells  # noqa: PLC0415 -- see the module

    with transaction(factory) as session:
        generation = cells.request_generation(session, actor, ask, document=document)
        return generation.generation_id, generation.job_id or 0


def finish_cells(
    factory: sessionmaker[Session], generation_id: int, job_id: int, *, lease_s: float
) -> "CellGeneration":
    """Perform the job of a generation in this process, or wait for the worker that has taken it, and return it.

    Raises
    ------
    JobFailedError, JobCancelledError
        When the job ended without cells.
    """
    from gridmgmt.cells.queries import generation_by_id  # noqa: PLC0415 -- see the module

    result_of(Worker(factory, HANDLERS, lease_s=lease_s).run_job(job_id))
    with transaction(factory) as session:
        return generation_by_id(session, generation_id)


@dataclass(frozen=True)
class Approval:
    """By which document of which date a boundary edition is approved, and why if its check has warnings."""

    document: str
    dated: date
    reason: str | None = None


def put_in_force(
    factory: sessionmaker[Session],
    actor: Actor,
    name: str,
    approval: Approval | None,
    settings: Settings,
    *,
    on: date | None = None,
) -> date | None:
    """Check, approve and activate a boundary edition as far as it is not yet, and return its first day in force.

    Each step is kept on its own: what a check has found stays also when the approval is refused, and what was cut short
    goes on where it was.

    Raises
    ------
    NotFoundError
        When there is no boundary edition of that name.
    ConflictError
        When it is to be approved and no document is named; as :func:`gridmgmt.boundaries.service.activate`.
    TopologyError, ForbiddenError, InputError
        As :func:`gridmgmt.boundaries.service.approve`.
    """
    from gridmgmt.boundaries import service as boundaries  # noqa: PLC0415 -- see the module
    from gridmgmt.boundaries.findings import tolerances_of  # noqa: PLC0415 -- see the module
    from gridmgmt.boundaries.queries import draft_named  # noqa: PLC0415 -- see the module

    with transaction(factory) as session:
        draft = draft_named(session, name)
        unapproved = draft.state in (EditionState.DRAFT, EditionState.CHECKED)
        if unapproved and approval is None:
            raise ConflictError("edition_without_document", name=name, state=draft.state)
        if draft.state == EditionState.DRAFT:
            boundaries.check(session, actor, draft, tolerances_of(settings))
    if unapproved and approval is not None:
        with transaction(factory) as session:
            said = (approval.document, approval.dated, approval.reason)
            boundaries.approve(session, actor, draft_named(session, name), *said)
    with transaction(factory) as session:
        return boundaries.activate(session, actor, draft_named(session, name), on).valid_from
