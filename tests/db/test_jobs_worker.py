"""Workers as threads and as processes: killed, stopped, overtaken, cancelled."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker

from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.errors import InputError, LeaseLostError
from gridmgmt.jobs import queries, service
from gridmgmt.jobs.models import Job, JobState
from gridmgmt.jobs.worker import Handler, JobContext, Worker
from tests.support.actors import TESTER

LEASE_S = 1.0
DEADLINE_S = 30.0

PROCESS = """
import sys
from threading import Event
from sqlalchemy import text
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.jobs.worker import Worker

def stuck(context):
    context.progress("stage.stuck", 0.5)
    print("working", flush=True)
    Event().wait()

sessions = make_sessions(make_engine(sys.argv[1]))
worker = Worker(sessions, {"a": stuck}, lease_s=float(sys.argv[2]))
worker.stop_on_signals()
print("ready", flush=True)
worker.run()
print("stopped", flush=True)
"""


@pytest.fixture
def sessions(fresh_database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(fresh_database_url)
    factory = make_sessions(engine)
    with factory.begin() as session:
        session.execute(text("CREATE TABLE written (job_id bigint, by_whom text)"))
    yield factory
    engine.dispose()


@pytest.fixture
def process(fresh_database_url: str, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts workers as processes of their own, whose only job never ends."""
    script = tmp_path / "worker_process.py"
    script.write_text(PROCESS, encoding="utf-8")
    started = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, str(script), fresh_database_url, str(LEASE_S)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.wait()
        if each.stdout:
            each.stdout.close()


def ask(sessions: sessionmaker[Session]) -> int:
    with sessions.begin() as session:
        return service.enqueue(session, "a", {}).job_id


def look(sessions: sessionmaker[Session], job_id: int) -> Job:
    with sessions.begin() as session:
        return queries.job_by_id(session, job_id)


def until(condition: Callable[[], bool]) -> None:
    """Poll until a condition holds, and fail when it never does."""
    deadline, pause = time.monotonic() + DEADLINE_S, Event()
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.02)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def writing(name: str) -> Handler:
    """Return a handler that writes one row as its result."""

    def handle(context: JobContext) -> dict[str, object]:
        with transaction(context.sessions) as session:
            service.hold(session, context.claim)
            session.execute(text("INSERT INTO written VALUES (:id, :name)"), {"id": context.claim.job_id, "name": name})
            service.finish(session, context.claim, {"by": name})
        return {"by": name}

    return handle


def written(sessions: sessionmaker[Session]) -> list[str]:
    with sessions.begin() as session:
        return list(session.scalars(text("SELECT by_whom FROM written")))


def test_a_killed_workers_job_is_taken_up_within_10_s_of_its_lease(
    sessions: sessionmaker[Session], process: Callable[[], subprocess.Popen[str]]
) -> None:
    job_id = ask(sessions)
    first = process()
    assert (line(first), line(first)) == ("ready", "working")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    lease_until = look(sessions, job_id).lease_until

    heir = Worker(sessions, {"a": writing("heir")}, lease_s=LEASE_S)
    thread = Thread(target=heir.run)
    thread.start()
    until(lambda: look(sessions, job_id).state == JobState.SUCCEEDED)
    heir.stop()
    thread.join()

    job = look(sessions, job_id)
    assert lease_until is not None
    assert job.started_at is not None
    assert 0 <= (job.started_at - lease_until).total_seconds() <= 10
    assert (job.attempt, written(sessions)) == (2, ["heir"])


def test_a_worker_that_is_told_to_stop_gives_its_job_back(
    sessions: sessionmaker[Session], process: Callable[[], subprocess.Popen[str]]
) -> None:
    job_id = ask(sessions)
    worker = process()
    assert (line(worker), line(worker)) == ("ready", "working")
    worker.terminate()
    assert line(worker) == "stopped"
    assert worker.wait() == 0
    job = look(sessions, job_id)
    assert (job.state, job.lease_until, job.max_attempts) == (JobState.QUEUED, None, 4)


def test_an_idle_worker_stops_when_told(process: Callable[[], subprocess.Popen[str]]) -> None:
    worker = process()
    assert line(worker) == "ready"
    worker.terminate()
    assert line(worker) == "stopped"


def test_a_zombies_late_results_are_refused(sessions: sessionmaker[Session]) -> None:
    """The first worker pauses past its lease (its heartbeat with it), the second finishes, the first goes on."""
    job_id = ask(sessions)
    with sessions.begin() as session:
        zombie = service.claim(session, lease_s=0.01)
    assert zombie is not None
    until(lambda: Worker(sessions, {"a": writing("heir")}, lease_s=LEASE_S).run_one())
    with pytest.raises(LeaseLostError):
        writing("zombie")(JobContext(zombie, sessions))
    assert written(sessions) == ["heir"]
    assert look(sessions, job_id).result == {"by": "heir"}


def test_the_heartbeat_keeps_a_long_job(sessions: sessionmaker[Session]) -> None:
    job_id, lease_s = ask(sessions), 0.3
    seen = []

    def long(context: JobContext) -> dict[str, object]:
        first = look(sessions, job_id).lease_until
        assert first is not None
        until(lambda: (look(sessions, job_id).lease_until or first) > first)
        seen.append(context.claim.attempt)
        return {}

    assert Worker(sessions, {"a": long}, lease_s=lease_s).run_one()
    assert (seen, look(sessions, job_id).state) == ([1], JobState.SUCCEEDED)


def test_cancelling_while_running_ends_the_job_and_leaves_nothing(sessions: sessionmaker[Session]) -> None:
    job_id = ask(sessions)

    def slow(context: JobContext) -> dict[str, object]:
        with sessions.begin() as session:
            service.cancel(session, TESTER, job_id)
        context.progress("stage.next", 0.5)
        return dict(writing("never")(context))

    assert Worker(sessions, {"a": slow}, lease_s=LEASE_S).run_one()
    assert look(sessions, job_id).state == JobState.CANCELLED
    assert written(sessions) == []


def test_a_users_mistake_ends_the_job_with_its_words(sessions: sessionmaker[Session]) -> None:
    job_id = ask(sessions)

    def refuse(_context: JobContext) -> dict[str, object]:
        raise InputError("job_ended", job_id=5, state="x")

    assert Worker(sessions, {"a": refuse}, lease_s=LEASE_S).run_one()
    assert look(sessions, job_id).error == {"code": "job_ended", "fields": {"job_id": 5, "state": "x"}}


def test_a_defect_ends_the_job_and_the_worker(sessions: sessionmaker[Session]) -> None:
    job_id = ask(sessions)

    def broken(_context: JobContext) -> dict[str, object]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Worker(sessions, {"a": broken}, lease_s=LEASE_S).run()
    job = look(sessions, job_id)
    assert (job.state, job.error) == (
        JobState.FAILED,
        {"code": "job_crashed", "fields": {"reason": "ZeroDivisionError"}},
    )


def test_ctrl_c_on_a_job_in_the_foreground_cancels_it(sessions: sessionmaker[Session]) -> None:
    job_id = ask(sessions)

    def interrupted(_context: JobContext) -> dict[str, object]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Worker(sessions, {"a": interrupted}, lease_s=LEASE_S).run_job(job_id)
    assert look(sessions, job_id).state == JobState.CANCELLED


def test_a_job_in_the_foreground_waits_for_the_worker_that_has_it(sessions: sessionmaker[Session]) -> None:
    job_id, taken, go_on = ask(sessions), Event(), Event()

    def handle(context: JobContext) -> dict[str, object]:
        taken.set()
        assert go_on.wait(DEADLINE_S)
        return dict(writing("background")(context))

    background = Thread(target=Worker(sessions, {"a": handle}, lease_s=LEASE_S).run_one)
    background.start()
    assert taken.wait(DEADLINE_S)
    ended: list[Job] = []
    foreground = Thread(
        target=lambda: ended.append(Worker(sessions, {"a": writing("foreground")}, lease_s=LEASE_S).run_job(job_id))
    )
    foreground.start()
    go_on.set()
    background.join()
    foreground.join()
    assert (ended[0].result, written(sessions)) == ({"by": "background"}, ["background"])
