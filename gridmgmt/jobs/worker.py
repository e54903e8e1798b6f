"""The process that performs jobs, one at a time, under a lease that a second thread keeps alive."""

import logging
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from types import FrameType
from typing import Any

from sqlalchemy.orm import sessionmaker

from gridmgmt.db import Session, transaction, translated
from gridmgmt.errors import ConflictError, GridMgmtError, LeaseLostError, UnavailableError
from gridmgmt.jobs import queries, service
from gridmgmt.jobs.models import Job
from gridmgmt.jobs.rules import Claim, JobCancelledError

POLL_S = 0.25
"""How often an idle worker looks for work, in seconds."""

CHORE_S = 5.0
"""How long a worker lets its chore be before it sees to it again, in seconds."""

AWAY_S = 2.0
"""How long a worker leaves a database alone that does not answer, in seconds."""

_log = logging.getLogger(__name__)


class WorkerStoppedError(KeyboardInterrupt):
    """The process was asked to stop while it performed a job."""


@dataclass(frozen=True)
class JobContext:
    """What a handler is given.

    A handler opens its own transactions. The one that writes results calls :func:`service.hold` first and
    :func:`service.finish` last, so that they are written once, and with the end of the job or not at all.
    """

    claim: Claim
    sessions: sessionmaker[Session]

    def progress(self, stage: str, ratio: float) -> None:
        """Say what is being done (a catalogue key) and how much is done (0–1); ends a job that should not go on.

        Raises
        ------
        LeaseLostError
            When another worker has taken the job over.
        JobCancelledError
            When somebody has asked for the job to be cancelled.
        """
        with transaction(self.sessions) as session:
            service.report(session, self.claim, stage, ratio)


Handler = Callable[[JobContext], Mapping[str, Any]]


class Worker:
    """Performs jobs whose kind it has a handler for.

    Parameters
    ----------
    sessions
        Where the queue is.
    handlers
        What performs each kind of job; it returns the job's result, as JSON can hold it.
    lease_s
        How long this worker may be silent before another takes its job over, in seconds.
    chore
        What to see to between jobs, at once and then every :data:`CHORE_S`: short, and safe to be broken off.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        handlers: Mapping[str, Handler],
        *,
        lease_s: float,
        chore: Callable[[], object] | None = None,
    ) -> None:
        self._sessions = sessions
        self._handlers = handlers
        self._lease_s = lease_s
        self._chore = chore
        self._chore_due = 0.0
        self._stopping = Event()
        self._performing = False

    def run(self) -> None:
        """Perform jobs until :meth:`stop`; a lost database is waited for."""
        while not self._stopping.is_set():
            try:
                self._see_to_chore()
                if self.run_one():
                    continue
            except WorkerStoppedError:
                return
            except UnavailableError as error:
                _log.warning("the queue cannot be read: %s", error.message("en"))
                self._stopping.wait(AWAY_S)
            self._stopping.wait(POLL_S)

    def stop(self) -> None:
        """Let :meth:`run` end after the job in hand."""
        self._stopping.set()

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT stop this process: the job in hand goes back into the queue."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._interrupt)

    def run_one(self) -> bool:
        """Perform the oldest open job and tell whether there was one."""
        with transaction(self._sessions) as session:
            claim = service.claim(session, lease_s=self._lease_s, kinds=self._handlers)
        if claim is not None:
            self._perform(claim)
        return claim is not None

    def run_job(self, job_id: int) -> Job:
        """Perform one job here, or wait while another worker performs it, and return it as it ended.

        Raises
        ------
        NotFoundError
            When there is no such job.
        """
        while True:
            with transaction(self._sessions) as session:
                claim = service.claim(session, lease_s=self._lease_s, job_id=job_id)
            if claim is not None:
                self._perform(claim)
            with transaction(self._sessions) as session:
                job = queries.job_by_id(session, job_id)
            if service.is_final(job):
                return job
            time.sleep(POLL_S)

    def _see_to_chore(self) -> None:
        if self._chore is None or time.monotonic() < self._chore_due:
            return
        self._chore_due = time.monotonic() + CHORE_S
        try:
            self._chore()
        except UnavailableError:
            raise
        except GridMgmtError as error:
            _log.warning("what is seen to between jobs has failed: %s", error.message("en"))

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()
        if self._performing:
            self._performing = False
            raise WorkerStoppedError

    def _perform(self, claim: Claim) -> None:
        """Run the handler of a claimed job and record how it ended."""
        _log.info("job %d (%s): attempt %d", claim.job_id, claim.kind, claim.attempt)
        try:
            with self._lease_kept(claim):
                self._performing = True
                with translated():
                    result = self._handlers[claim.kind](JobContext(claim, self._sessions))
                self._performing = False
            self._record(service.finish, claim, result)
        except LeaseLostError:
            _log.warning("job %d: attempt %d was taken over", claim.job_id, claim.attempt)
        except JobCancelledError:
            self._record(service.give_up, claim)
        except UnavailableError:
            _log.warning("job %d: the database went away, its lease will end", claim.job_id)
        except GridMgmtError as error:
            self._record(service.fail, claim, error)
        except WorkerStoppedError:
            self._record(service.release, claim)
            raise
        except KeyboardInterrupt:
            self._record(service.give_up, claim)
            raise
        except Exception as error:
            # A defect of the handler: the job ends, and this process with it, whose state is not to be trusted.
            self._record(service.fail, claim, ConflictError("job_crashed", reason=type(error).__name__))
            raise
        finally:
            self._performing = False

    def _record(self, how: Callable[..., None], claim: Claim, *details: object) -> None:
        """End the job in a transaction; whoever has taken it over, or a lost database, ends it otherwise."""
        try:
            with transaction(self._sessions) as session:
                how(session, claim, *details)
        except (LeaseLostError, UnavailableError) as error:
            _log.warning("job %d: %s", claim.job_id, error.message("en"))

    @contextmanager
    def _lease_kept(self, claim: Claim) -> Iterator[None]:
        """Renew the lease every third of its time from a second thread."""
        done = Event()
        keeper = Thread(target=self._keep_lease, args=(claim, done), name=f"lease of job {claim.job_id}", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()

    def _keep_lease(self, claim: Claim, done: Event) -> None:
        while not done.wait(self._lease_s / 3):
            try:
                with transaction(self._sessions) as session:
                    service.renew(session, claim, self._lease_s)
            except LeaseLostError:
                return
            except UnavailableError as error:
                _log.warning("job %d: lease not renewed: %s", claim.job_id, error.message("en"))
