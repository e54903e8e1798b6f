"""Reading jobs."""

from collections.abc import Collection

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.jobs.models import FINAL, Job, JobState


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
    """Return the oldest job that waits or whose lease has ended, locked; jobs that others lock are passed over.

    So are those that come after another one which has not ended.
    """
    lease_ended = and_(Job.state == JobState.RUNNING, Job.lease_until < func.clock_timestamp())
    before = aliased(Job)
    its_turn = or_(
        Job.after_job_id.is_(None), exists().where(before.job_id == Job.after_job_id, before.state.in_(FINAL))
    )
    statement = (
        select(Job)
        .where(or_(Job.state == JobState.QUEUED, lease_ended), its_turn)
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


def job_before(session: Session, job: Job) -> Job | None:
    """Return the job that another one comes after, as it stands now; None where it comes after none."""
    return None if job.after_job_id is None else job_by_id(session, job.after_job_id)


def open_count(session: Session) -> int:
    """Return how many jobs wait or run."""
    return session.scalar(select(func.count()).where(Job.state.in_((JobState.QUEUED, JobState.RUNNING)))) or 0
