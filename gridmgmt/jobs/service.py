"""The queue: ask for work in one's own transaction, claim it under a lease, write its results exactly once.

A worker that has been silent past its lease loses the job; the next claim raises ``attempt``, and everything
the former worker still tries to write under its old attempt is refused with :class:`LeaseLostError`. Leases are
measured by the database's clock alone.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, update

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, GridMgmtError, LeaseLostError
from gridmgmt.jobs import queries
from gridmgmt.jobs.models import FINAL, Job, JobState
from gridmgmt.jobs.rules import Claim, JobCancelledError, JobFailedError, error_record


def enqueue(session: Session, kind: str, arguments: Mapping[str, Any], *, after: int | None = None) -> Job:
    """Put a job into the queue; it exists only if the caller's transaction commits.

    Parameters
    ----------
    after
        The job that this one needs: it waits until that one has succeeded, and fails when that one has not.
    """
    job = Job(kind=kind, arguments=dict(arguments), after_job_id=after)
    session.add(job)
    session.flush()
    return job


def claim(
    session: Session, *, lease_s: float, job_id: int | None = None, kinds: Collection[str] | None = None
) -> Claim | None:
    """Take the oldest open job for ``lease_s`` seconds; None when there is none.

    Jobs that were cancelled while nobody worked on them, that have used up their attempts, or whose job before has
    not succeeded, are ended on the way.

    Parameters
    ----------
    job_id
        Only this job will do.
    kinds
        Only jobs of these kinds will do.
    """
    while (job := queries.next_claimable(session, job_id=job_id, kinds=kinds)) is not None:
        if job.cancel_requested:
            _end(job, JobState.CANCELLED)
        elif job.attempt >= job.max_attempts:
            _end(job, JobState.FAILED, ConflictError("job_attempts_exhausted", attempts=job.attempt))
        elif (before := queries.job_before(session, job)) is not None and before.state != JobState.SUCCEEDED:
            _end(job, JobState.FAILED, ConflictError("job_before_ended", job_id=before.job_id, state=before.state))
        else:
            job.state, job.attempt = JobState.RUNNING, job.attempt + 1
            job.stage, job.progress = None, 0.0
            job.lease_until, job.started_at = _after(lease_s), func.clock_timestamp()
            session.flush()
            return Claim(job.job_id, job.attempt, job.kind, job.arguments)
        session.flush()
    return None


def renew(session: Session, claim: Claim, lease_s: float) -> None:
    """Hold the job for ``lease_s`` more seconds from now.

    Raises
    ------
    LeaseLostError
        When another worker has taken the job over, or it has ended.
    """
    _update_own(session, claim, lease_until=_after(lease_s))


def report(session: Session, claim: Claim, stage: str, progress: float) -> None:
    """Say what is being done (a catalogue key) and how much of the job is done (0–1).

    Raises
    ------
    LeaseLostError
        When another worker has taken the job over, or it has ended.
    JobCancelledError
        When somebody has asked for the job to be cancelled.
    """
    if _update_own(session, claim, stage=stage, progress=progress):
        raise JobCancelledError("job_cancelled", job_id=claim.job_id)


def hold(session: Session, claim: Claim) -> None:
    """Lock the job until the end of this transaction, which writes its results; nobody can take it over meanwhile.

    Raises
    ------
    LeaseLostError
        When another worker has taken the job over, or it has ended.
    JobCancelledError
        When somebody has asked for the job to be cancelled.
    """
    job = queries.job_by_id(session, claim.job_id, lock=True)
    if (job.state, job.attempt) != (JobState.RUNNING, claim.attempt):
        raise _lost(claim)
    if job.cancel_requested:
        raise JobCancelledError("job_cancelled", job_id=claim.job_id)


def finish(session: Session, claim: Claim, result: Mapping[str, Any]) -> None:
    """End the job with a result; a second call under the same attempt changes nothing.

    Called in the transaction that writes the results, results and end become visible together.

    Raises
    ------
    LeaseLostError
        When another worker has taken the job over, or it has ended otherwise.
    """
    job = queries.job_by_id(session, claim.job_id, lock=True)
    if (job.state, job.attempt) == (JobState.SUCCEEDED, claim.attempt):
        return
    if (job.state, job.attempt) != (JobState.RUNNING, claim.attempt):
        raise _lost(claim)
    job.result, job.progress = dict(result), 1.0
    _end(job, JobState.SUCCEEDED)
    session.flush()


def fail(session: Session, claim: Claim, error: GridMgmtError) -> None:
    """End the job with an error.

    Raises
    ------
    LeaseLostError
        When another worker has taken the job over, or it has ended.
    """
    _end_own(session, claim, JobState.FAILED, error_record(error))


def give_up(session: Session, claim: Claim) -> None:
    """End the job as cancelled, as was asked.

    Raises
    ------
    LeaseLostError
        When another worker has taken the job over, or it has ended.
    """
    _end_own(session, claim, JobState.CANCELLED, None)


def release(session: Session, claim: Claim) -> None:
    """Put the job back into the queue without counting the attempt: its worker stops in order.

    The attempt itself stays counted up, it is the fencing token; one more is allowed instead.

    Raises
    ------
    LeaseLostError
        When another worker has taken the job over, or it has ended.
    """
    _update_own(
        session,
        claim,
        state=JobState.QUEUED,
        lease_until=None,
        stage=None,
        progress=0,
        max_attempts=Job.max_attempts + 1,
    )


def cancel(
    session: Session,
    actor: Actor,
    job_id: int,
    *,
    permission: Permission = Permission.JOBS_CANCEL,
    areas: Collection[str] = (),
) -> Job:
    """Cancel a waiting job at once; ask the worker of a running one to stop. Cancelling twice changes nothing.

    Parameters
    ----------
    permission, areas
        The right that it takes, in which areas: whoever may ask for such a job there may also cancel it.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not cancel jobs.
    NotFoundError
        When there is no such job.
    ConflictError
        When the job has ended with a result or an error.
    """
    require(actor, permission, areas=areas)
    job = queries.job_by_id(session, job_id, lock=True)
    if job.state in (JobState.SUCCEEDED, JobState.FAILED):
        raise ConflictError("job_ended", job_id=job_id, state=job.state)
    if job.cancel_requested:
        return job
    before = {"state": job.state, "cancel_requested": False}
    if job.state == JobState.QUEUED:
        _end(job, JobState.CANCELLED)
    job.cancel_requested = True
    session.flush()
    session.refresh(job)
    record(
        session,
        actor,
        "jobs.cancel",
        f"job:{job_id}",
        before=before,
        after={"state": job.state, "cancel_requested": True},
    )
    return job


def result_of(job: Job) -> Mapping[str, Any]:
    """Return what an ended job has found.

    Raises
    ------
    JobCancelledError
        When the job was cancelled.
    JobFailedError
        When it failed, with the code and the fields of its error.
    """
    if job.state == JobState.CANCELLED:
        raise JobCancelledError("job_cancelled", job_id=job.job_id)
    if job.error is not None:
        raise JobFailedError(job.error["code"], **job.error["fields"])
    return job.result or {}


def is_final(job: Job) -> bool:
    """Tell whether a job has ended, one way or another."""
    return job.state in FINAL


def _after(seconds: float) -> ColumnElement[Any]:
    """Return the moment so many seconds from now, by the database's clock."""
    return func.clock_timestamp() + timedelta(seconds=seconds)


def _lost(claim: Claim) -> LeaseLostError:
    return LeaseLostError("job_lease_lost", job_id=claim.job_id, attempt=claim.attempt)


def _end(job: Job, state: JobState, error: GridMgmtError | None = None) -> None:
    job.state, job.lease_until, job.finished_at = state, None, func.clock_timestamp()
    if error is not None:
        job.error = error_record(error)


def _end_own(session: Session, claim: Claim, state: JobState, error: Mapping[str, Any] | None) -> None:
    _update_own(session, claim, state=state, error=error, lease_until=None, finished_at=func.clock_timestamp())


def _update_own(session: Session, claim: Claim, **values: object) -> bool:
    """Change a job under its claim and tell whether its cancelling was asked for."""
    statement = (
        update(Job)
        .where(Job.job_id == claim.job_id, Job.attempt == claim.attempt, Job.state == JobState.RUNNING)
        .values(**values)
        .returning(Job.cancel_requested)
    )
    cancel_requested = session.scalar(statement)
    if cancel_requested is None:
        raise _lost(claim)
    return cancel_requested
