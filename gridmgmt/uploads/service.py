"""Asking for a given file to be taken, or for a look at what would come of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError, UnavailableError
from gridmgmt.jobs import queries as job_queries
from gridmgmt.jobs import service as jobs
from gridmgmt.uploads import queries
from gridmgmt.uploads.folder import UploadFolder
from gridmgmt.uploads.models import Upload
from gridmgmt.uploads.rules import Received, permissions_of

JOB_KIND = "upload"
MAX_OPEN_JOBS = 100
"""More than this are not taken: nobody waits for their end, and each fills the disk."""


@dataclass(frozen=True)
class UploadAsk:
    """What is said of a given file; ``options`` are those of its kind, valid and as JSON holds them.

    ``synthetic`` says that the data are made up: a folder with the demo takes no others, one with real data none of
    these. ``dry_run`` stores nothing and only tells what would come of it.
    """

    kind: str
    options: Mapping[str, Any]
    synthetic: bool = False
    dry_run: bool = False


def require_for(actor: Actor, kind: str) -> None:
    """Refuse an actor who may not give files of a kind.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When a permission is missing.
    """
    for permission in permissions_of(kind):
        require(actor, permission)


def seen(session: Session, actor: Actor, upload_id: int) -> Upload:
    """Return a given file for somebody to look at: one's own, or any for who may import everywhere.

    Its refused rows tell what stands in it.

    Raises
    ------
    NotFoundError
        When there is none of that number.
    ForbiddenError, UnauthenticatedError
        When it is another's, and the actor may import in some areas alone.
    """
    upload = queries.upload_by_id(session, upload_id)
    if actor.account_id is None or upload.account_id != actor.account_id:
        require(actor, Permission.IMPORT)
    return upload


def ask(session: Session, actor: Actor, name: str, received: Received, asked: UploadAsk) -> Upload:
    """Enqueue the taking of a file that is on the disk.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may not give files of that kind.
    UnavailableError
        When the queue is full.
    """
    require_for(actor, asked.kind)
    if (waiting := job_queries.open_count(session)) >= MAX_OPEN_JOBS:
        raise UnavailableError("queue_full", value=waiting, maximum=MAX_OPEN_JOBS)
    job = jobs.enqueue(session, JOB_KIND, {})
    upload = Upload(
        job_id=job.job_id,
        kind=asked.kind,
        options=dict(asked.options),
        synthetic=asked.synthetic,
        dry_run=asked.dry_run,
        file=name,
        stored_as=received.stored_as,
        bytes=received.bytes,
        sha256=received.sha256,
        asked_by=actor.name,
        account_id=actor.account_id,
        key_prefix=actor.key_prefix,
    )
    session.add(upload)
    session.flush()
    job.arguments = {"upload_id": upload.upload_id}
    session.flush()
    facts = {"kind": asked.kind, "file": name, "bytes": received.bytes, "sha256": received.sha256}
    record(session, actor, "uploads.ask", f"upload:{upload.upload_id}", after={**facts, "dry_run": asked.dry_run})
    return upload


def ask_again(session: Session, actor: Actor, upload_id: int, folder: UploadFolder, asked: UploadAsk) -> Upload:
    """Enqueue a file that was given before, with the same or other options.

    Raises
    ------
    NotFoundError
        When there is no such upload, or its file is kept no more.
    ForbiddenError, UnauthenticatedError, UnavailableError
        As :func:`ask`.
    """
    known = seen(session, actor, upload_id)
    if not folder.path(known.stored_as, known.file).is_file():
        raise NotFoundError("upload_gone", file=known.file)
    return ask(session, actor, known.file, Received(known.stored_as, known.bytes, known.sha256), asked)
