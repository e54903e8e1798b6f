"""Taking a given file as a job: looked into, read, stored in one transaction; every step told as it is reached."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
from sqlalchemy import delete, insert

from gridmgmt.access.queries import account_by_id, actor_of, key_by_prefix, permission_set
from gridmgmt.access.rules import Actor, local_actor
from gridmgmt.clock import local_date
from gridmgmt.db import Session, transaction, translated
from gridmgmt.editions.queries import extent
from gridmgmt.editions.rules import Extent
from gridmgmt.errors import FileRefusedError, GridMgmtError, LeaseLostError, NotFoundError, Problem, UnavailableError
from gridmgmt.imports import Outcome
from gridmgmt.ingest.intake import refused_rows
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.rules import JobCancelledError
from gridmgmt.jobs.worker import JobContext
from gridmgmt.uploads import queries
from gridmgmt.uploads.contents import check_packed, columns_of, share_read
from gridmgmt.uploads.folder import UploadFolder
from gridmgmt.uploads.models import Upload, UploadProblem
from gridmgmt.uploads.records import UPLOAD_KINDS, Recorded, RecordsFile
from gridmgmt.uploads.rules import SHOWN_PROBLEMS, kept_problem, kept_warnings, plain

_LOOKED_INTO, _READ = 0.05, 0.6
"""Shares of the job that are done when each part is."""
_TELL_EVERY_S = 0.5


class Taking:
    """One file on its way.

    Parameters
    ----------
    metric_crs
        Of a new data folder, see the settings.
    """

    def __init__(self, context: JobContext, folder: UploadFolder, metric_crs: str | None) -> None:
        self._context, self._folder = context, folder
        with transaction(context.sessions) as session:
            self._upload = queries.upload_by_id(session, int(context.claim.arguments["upload_id"]))
            self._actor = _actor(session, self._upload)
            self._kind = UPLOAD_KINDS[self._upload.kind].model_validate(self._upload.options)
            self._known = extent(session)
            self._names = self._kind.names(session) if isinstance(self._kind, RecordsFile) else {}
        self._path = folder.path(self._upload.stored_as, self._upload.file)
        today = local_date(self._upload.asked_at)
        named = Path(self._upload.file)
        self._labels = self._kind.labels(
            named, today=today, metric_crs=metric_crs, synthetic=self._upload.synthetic
        )  # fmt: skip

    def run(self) -> Mapping[str, Any]:
        """Take the file, or look what would come of it, and return the job's result.

        Raises
        ------
        FileRefusedError, InputError, CrsError, ConflictError
            When it is refused; the rows at fault are kept with it.
        """
        try:
            intake = self._read()
            self._context.progress("job_stage.upload_storing", _READ)
            return self._look(intake) if self._upload.dry_run else self._store(intake)
        except FileRefusedError as refusal:
            if refusal.problems:
                self._note(refusal.problems)
            raise

    def _read(self) -> Any:  # Any: as the kind of the file reads it
        if not self._path.is_file():
            raise NotFoundError("upload_gone", file=self._upload.file)
        self._context.progress("job_stage.upload_checking", 0.0)
        check_packed(self._path)
        with told_while_reading(self._context, self._path):
            if isinstance(self._kind, RecordsFile):
                intake = self._kind.read(self._path, self._names)
            else:
                intake = self._kind.read(self._path, self._known)
        said = {name: getattr(self._kind, name, None) for name in ("encoding", "layer")}
        found = {
            "columns": columns_of(self._path, **said),
            "extent": _extent(intake),
            "read": intake.read,
            "details": plain({k: v for k, v in getattr(intake, "details", {}).items() if v not in (None, {}, 0)}),
        }
        self._note(intake.problems, found=found)
        return intake

    def _store(self, intake: Any) -> Mapping[str, Any]:
        context, upload_id = self._context, self._upload.upload_id
        with transaction(context.sessions) as session:
            outcome = self._kind.store(session, self._actor, intake, self._labels)
            # Held only now: until here the job can be cancelled, and what was stored is gone with the transaction.
            jobs.hold(session, context.claim)
            queries.upload_by_id(session, upload_id).outcome = _kept(outcome)
            result = {"upload_id": upload_id}
            jobs.finish(session, context.claim, result)
        self._folder.release(self._upload.stored_as, self._upload.file)
        return result

    def _look(self, intake: Any) -> Mapping[str, Any]:
        """Store the good rows, see what comes of it, and take it all back."""
        with self._context.sessions() as session, translated():
            outcome = self._kind.store(session, self._actor, intake, replace(self._labels, partial=True))
            session.rollback()
        with transaction(self._context.sessions) as session:
            jobs.hold(session, self._context.claim)
            queries.upload_by_id(session, self._upload.upload_id).outcome = _kept(outcome)
        if outcome.problems and not self._labels.partial:
            raise FileRefusedError(
                "rows_refused", problems=outcome.problems, read=outcome.read, refused=refused_rows(outcome.problems)
            )
        return {"upload_id": self._upload.upload_id}

    def _note(self, problems: tuple[Problem, ...], found: Mapping[str, Any] | None = None) -> None:
        """Keep what reading has found and which rows are at fault."""
        upload_id, stored_as = self._upload.upload_id, self._upload.stored_as
        self._folder.keep_problems(stored_as, upload_id, problems)
        rows = [{"upload_id": upload_id, "number": n, **kept_problem(p)}
                for n, p in enumerate(problems[:SHOWN_PROBLEMS], start=1)]  # fmt: skip
        with transaction(self._context.sessions) as session:
            jobs.hold(session, self._context.claim)
            upload = queries.upload_by_id(session, upload_id)
            upload.problem_count = len(problems)
            if found is not None:
                upload.found = dict(found)
            session.execute(delete(UploadProblem).where(UploadProblem.upload_id == upload_id))
            if rows:
                session.execute(insert(UploadProblem), rows)


def perform(context: JobContext, *, folder: UploadFolder, metric_crs: str | None) -> Mapping[str, Any]:
    """Perform the job of a given file, see :class:`Taking`."""
    return Taking(context, folder, metric_crs).run()


@contextmanager
def told_while_reading(context: JobContext, path: Path) -> Iterator[None]:
    """Tell from a second thread how far a file is read, as the system has it.

    Raises
    ------
    JobCancelledError, LeaseLostError
        Behind the reading, when the job should not go on.
    """
    context.progress("job_stage.upload_reading", _LOOKED_INTO)
    done, stopped = Event(), list[GridMgmtError]()

    def tell() -> None:
        told = 0.0
        while not done.wait(_TELL_EVERY_S):
            told = max(told, share_read(path) or 0.0)
            try:
                context.progress("job_stage.upload_reading", _LOOKED_INTO + told * (_READ - _LOOKED_INTO))
            except (JobCancelledError, LeaseLostError) as error:
                stopped.append(error)
                return
            except UnavailableError:  # the handler itself will find out
                continue

    teller = Thread(target=tell, name="reading progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
    if stopped:
        raise stopped[0]


def _actor(session: Session, upload: Upload) -> Actor:
    """Return who has given the file, with what they may do now."""
    if upload.account_id is None:
        return local_actor(upload.asked_by)
    account = account_by_id(session, upload.account_id)
    actor = actor_of(session, account)
    if account.disabled_at is not None:
        return replace(actor, grants=())
    if upload.key_prefix is None:
        return actor
    key = key_by_prefix(session, upload.key_prefix)
    scopes = permission_set(key.scopes) if key.revoked_at is None else ()
    return replace(actor, kind="key", key_prefix=key.prefix, grants=actor.cut_to(scopes))


def _extent(intake: Any) -> Extent | None:  # Any: as the kind of the file reads it
    """Return west, south, east, north in degrees of what was read, None where it has no place."""
    if (nodes := getattr(intake, "node_lonlat", None)) is not None:
        box = (*nodes.min(axis=0), *nodes.max(axis=0)) if len(nodes) else ()
    else:
        frame = getattr(intake, "frame", None)
        box = tuple(frame.total_bounds) if frame is not None and hasattr(frame, "total_bounds") and len(frame) else ()
    if not box or not np.all(np.isfinite(box)):
        return None
    west, south, east, north = (float(each) for each in box)
    return west, south, east, north


def _kept(outcome: Outcome | Recorded) -> dict[str, Any]:
    names = ("subject", "edition", "read", "taken", "refused", "new")
    return {
        **{name: plain(getattr(outcome, name)) for name in names},
        "details": plain({k: v for k, v in outcome.details.items() if v}),
        "warnings": kept_warnings(outcome.warnings),
    }
