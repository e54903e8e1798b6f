"""Reading jobs."""

from collections.abc import Collection

from sqlalchemy import and_, func, or_, select

from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.jobs.models import Job, JobState


def job_by_id(session: Session, job_id: int, *, lock: bool = False) -> Job:
    """Return one job as it stands now, locked against other writers if asked.

    Raises
    ------
    NotFoundError
        When there is no such job.
    """
    found = session.get(Job, job_id, populate_existing=True, with_for_update={"key_share": True} if lock else None)
    if found is None:
        raise NotFoundError("job_unknown", value=job_id)
    return found


def job_states(session: Session, job_ids: Collection[int]) -> dict[int, JobState]:
    """Return the state of each of some jobs by its id."""
    statement = select(Job.job_id, Job.state).where(Job.job_id.in_(job_ids))
    return {job_id: JobState(state) for job_id, state in session.execute(statement)}


def next_claimable(session: Session, *, job_id: int | None = None, kinds: Collection[str] | None = None) -> Job | None:
    """Return the oldest job that waits or whose lease has ended, locked; jobs that others lock are passed over."""
    lease_ended = and_(Job.state == JobState.RUNNING, Job.lease_until < func.clock_timestamp())
    statement = (
        select(Job)
        .where(or_(Job.state == JobState.QUEUED, lease_ended))
        .order_by(Job.job_id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    if job_id is not None:
        statement = statement.where(Job.job_id == job_id)
    if kinds is not None:
        statement = statement.where(Job.kind.in_(kinds))
    return session.scalar(statement)


def open_count(session: Session) -> int:
    """Return how many jobs wait or run."""
    return session.scalar(select(func.count()).where(Job.state.in_((JobState.QUEUED, JobState.RUNNING)))) or 0
