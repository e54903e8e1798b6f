"""The queue on a real database: transactions, leases, fencing, cancelling."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, delete, func, update
from sqlalchemy.orm import sessionmaker

from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.errors import ConflictError, InputError, LeaseLostError, NotFoundError
from gridmgmt.jobs import queries, service
from gridmgmt.jobs.models import Job, JobState
from gridmgmt.jobs.rules import Claim, JobCancelledError, JobFailedError
from tests.support.actors import TESTER

LONG_S = 60.0


def claimed(session: Session, **filters: object) -> Claim:
    claim = service.claim(session, lease_s=LONG_S, **filters)  # type: ignore[arg-type]  # test shorthand
    assert claim is not None
    return claim


def end_lease(session: Session, claim: Claim) -> None:
    """Let the worker of a claim look dead."""
    past: ColumnElement[Any] = func.clock_timestamp() - timedelta(seconds=1)
    session.execute(update(Job).where(Job.job_id == claim.job_id).values(lease_until=past))


def test_a_job_runs_from_asking_to_result(session: Session) -> None:
    asked = service.enqueue(session, "coverage", {"minutes": 20})
    claim = claimed(session)
    assert (claim.job_id, claim.attempt, claim.kind, claim.arguments) == (asked.job_id, 1, "coverage", {"minutes": 20})
    service.report(session, claim, "stage.snapping", 0.25)
    running = queries.job_by_id(session, asked.job_id)
    assert (running.state, running.stage, running.progress) == (JobState.RUNNING, "stage.snapping", 0.25)
    service.finish(session, claim, {"run_id": 7})
    done = queries.job_by_id(session, asked.job_id)
    assert (done.state, done.progress, done.lease_until) == (JobState.SUCCEEDED, 1.0, None)
    assert service.result_of(done) == {"run_id": 7}
    assert service.claim(session, lease_s=LONG_S) is None


def test_oldest_first_and_only_the_kinds_asked_for(session: Session) -> None:
    first, second, third = (service.enqueue(session, kind, {}).job_id for kind in ("a", "b", "a"))
    assert claimed(session, kinds={"b"}).job_id == second
    assert claimed(session, job_id=third).job_id == third
    assert claimed(session).job_id == first


def test_a_job_that_comes_after_another_waits_until_that_one_has_succeeded(session: Session) -> None:
    """So that two workers keep the order, too; by its number neither can be had earlier."""
    first = service.enqueue(session, "a", {}).job_id
    second = service.enqueue(session, "b", {}, after=first).job_id
    assert service.claim(session, lease_s=LONG_S, kinds={"b"}) is None
    running = claimed(session)
    assert running.job_id == first
    assert service.claim(session, lease_s=LONG_S) is None
    assert service.claim(session, lease_s=LONG_S, job_id=second) is None
    service.finish(session, running, {})
    assert claimed(session).job_id == second


@pytest.mark.parametrize("ending", ["fail", "cancel"])
def test_a_job_fails_when_the_one_before_has_not_succeeded(session: Session, ending: str) -> None:
    first = service.enqueue(session, "a", {}).job_id
    second = service.enqueue(session, "b", {}, after=first).job_id
    third = service.enqueue(session, "c", {}, after=second).job_id
    if ending == "fail":
        service.fail(session, claimed(session), ConflictError("job_crashed", reason="KeyError"))
    else:
        service.cancel(session, TESTER, first)
    assert service.claim(session, lease_s=LONG_S) is None
    state = {"fail": "failed", "cancel": "cancelled"}[ending]
    assert queries.job_by_id(session, second).error == {
        "code": "job_before_ended",
        "fields": {"job_id": first, "state": state},
    }
    assert (failed := queries.job_by_id(session, third).error) is not None
    assert failed["fields"] == {"job_id": second, "state": "failed"}


def test_a_running_job_is_left_alone_until_its_lease_ends(session: Session) -> None:
    service.enqueue(session, "a", {})
    former = claimed(session)
    assert service.claim(session, lease_s=LONG_S) is None
    end_lease(session, former)
    assert claimed(session).attempt == 2


def test_the_former_worker_can_write_nothing_once_it_lost_the_job(session: Session) -> None:
    service.enqueue(session, "a", {})
    zombie = claimed(session)
    end_lease(session, zombie)
    heir = claimed(session)
    for write in (
        lambda: service.report(session, zombie, "stage.x", 0.5),
        lambda: service.renew(session, zombie, LONG_S),
        lambda: service.hold(session, zombie),
        lambda: service.finish(session, zombie, {"by": "zombie"}),
        lambda: service.fail(session, zombie, InputError("job_crashed", reason="x")),
        lambda: service.release(session, zombie),
    ):
        with pytest.raises(LeaseLostError):
            write()
    service.finish(session, heir, {"by": "heir"})
    assert queries.job_by_id(session, heir.job_id).result == {"by": "heir"}


def test_a_result_is_written_once(session: Session) -> None:
    service.enqueue(session, "a", {})
    claim = claimed(session)
    service.finish(session, claim, {"n": 1})
    service.finish(session, claim, {"n": 2})
    assert queries.job_by_id(session, claim.job_id).result == {"n": 1}


def test_after_its_attempts_a_job_fails(session: Session) -> None:
    job = service.enqueue(session, "a", {})
    for attempt in (1, 2, 3):
        claim = claimed(session)
        assert claim.attempt == attempt
        end_lease(session, claim)
    assert service.claim(session, lease_s=LONG_S) is None
    ended = queries.job_by_id(session, job.job_id)
    assert ended.state == JobState.FAILED
    with pytest.raises(JobFailedError, match="3 次"):
        service.result_of(ended)


def test_released_attempts_do_not_count_but_keep_fencing(session: Session) -> None:
    service.enqueue(session, "a", {})
    released = [claimed(session)]
    for _ in range(5):
        service.release(session, released[-1])
        released.append(claimed(session))
    assert [claim.attempt for claim in released] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(LeaseLostError):
        service.report(session, released[0], "stage.x", 0.1)


def test_cancelling_a_waiting_job_ends_it_at_once(session: Session) -> None:
    job = service.enqueue(session, "a", {})
    assert service.cancel(session, TESTER, job.job_id).state == JobState.CANCELLED
    assert service.cancel(session, TESTER, job.job_id).state == JobState.CANCELLED
    assert service.claim(session, lease_s=LONG_S) is None


def test_cancelling_a_running_job_reaches_its_worker(session: Session) -> None:
    service.enqueue(session, "a", {})
    claim = claimed(session)
    assert service.cancel(session, TESTER, claim.job_id).state == JobState.RUNNING
    with pytest.raises(JobCancelledError):
        service.report(session, claim, "stage.x", 0.5)
    with pytest.raises(JobCancelledError):
        service.hold(session, claim)
    service.give_up(session, claim)
    assert queries.job_by_id(session, claim.job_id).state == JobState.CANCELLED


def test_a_cancelled_job_whose_worker_died_is_not_taken_up(session: Session) -> None:
    service.enqueue(session, "a", {})
    claim = claimed(session)
    service.cancel(session, TESTER, claim.job_id)
    end_lease(session, claim)
    assert service.claim(session, lease_s=LONG_S) is None
    assert queries.job_by_id(session, claim.job_id).state == JobState.CANCELLED


def test_an_ended_job_cannot_be_cancelled(session: Session) -> None:
    service.enqueue(session, "a", {})
    claim = claimed(session)
    service.finish(session, claim, {})
    with pytest.raises(ConflictError, match=str(claim.job_id)):
        service.cancel(session, TESTER, claim.job_id)
    with pytest.raises(NotFoundError):
        service.cancel(session, TESTER, 10**9)


@pytest.fixture
def sessions(fresh_database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(fresh_database_url, pool_size=10)
    yield make_sessions(engine)
    engine.dispose()


def test_a_job_of_a_transaction_that_fails_was_never_asked_for(sessions: sessionmaker[Session]) -> None:
    with sessions() as asking:
        service.enqueue(asking, "a", {})
        with sessions.begin() as other:
            assert service.claim(other, lease_s=LONG_S) is None
        asking.rollback()
    with sessions.begin() as other:
        assert service.claim(other, lease_s=LONG_S) is None


def test_while_results_are_being_written_nobody_takes_the_job_over(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        service.enqueue(session, "a", {})
    with sessions.begin() as session:
        claim = claimed(session)
        end_lease(session, claim)
    with sessions.begin() as writing:
        service.hold(writing, claim)
        with sessions.begin() as other:
            assert service.claim(other, lease_s=LONG_S) is None
        service.finish(writing, claim, {"n": 1})
    with sessions.begin() as session:
        assert queries.job_by_id(session, claim.job_id).result == {"n": 1}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n_jobs=st.integers(1, 30), n_workers=st.integers(2, 6))
def test_workers_never_share_a_job(sessions: sessionmaker[Session], n_jobs: int, n_workers: int) -> None:
    with sessions.begin() as session:
        session.execute(delete(Job))
        asked = [service.enqueue(session, "a", {}).job_id for _ in range(n_jobs)]

    def take_all(_worker: int) -> list[int]:
        taken: list[int] = []
        while True:
            with sessions.begin() as session:
                claim = service.claim(session, lease_s=LONG_S)
            if claim is None:
                return taken
            taken.append(claim.job_id)

    with ThreadPoolExecutor(n_workers) as pool:
        shares = list(pool.map(take_all, range(n_workers)))
    # A worker that sees only jobs which others are locking stops early; those others have them.
    assert sorted(job for share in shares for job in share) == asked
