"""Photos of cases: given first, then added to a case, or forgotten after a day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.casework import photo_queries as queries
from gridmgmt.casework.photo_files import PhotoFolder
from gridmgmt.casework.photo_models import CasePhoto, Photo, PhotoKind
from gridmgmt.casework.photo_queries import NamedCase, PhotoOfCase
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, ForbiddenError, NotFoundError

if TYPE_CHECKING:  # decoders are loaded when the first photo comes
    from gridmgmt.casework.pictures import Picture

_LOCK = 0x70686F746F73  # "photos"
MOST_PHOTOS = 20
"""Of one case."""

ADDING = (
    Permission.CASES_REPORT,
    Permission.CASES_ACCEPT,
    Permission.CASES_CONFIRM,
    Permission.CASES_DISPATCH,
    Permission.CASES_HANDLE,
    Permission.CASES_CLOSE,
)
"""Whoever may report or move a case adds photos to it."""


def keep(session: Session, actor: Actor, folder: PhotoFolder, picture: "Picture") -> Photo:
    """Keep a photo that belongs to no case yet; the same one again is the same.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        When the actor may neither report nor move cases anywhere.
    UnavailableError
        When the disk is full or the folder cannot be written.
    """
    if not any(map(actor.holds, ADDING)):
        require(actor, Permission.CASES_REPORT)
    session.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))
    values = {
        "photo": picture.sha256,
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "bytes": len(picture.data),
    }
    stored = insert(Photo).values(**values)
    session.execute(stored.on_conflict_do_update(index_elements=["photo"], set_={"uploaded_at": func.now()}))
    folder.store(picture)
    return session.execute(select(Photo).where(Photo.photo == picture.sha256)).scalar_one()


def attach(session: Session, actor: Actor, case_id: int, photo_sha256: str, kind: PhotoKind) -> None:
    """Add a photo to a case; the same one again with the same kind changes nothing.

    What is added is never changed, and tells itself who added it when, so it needs no entry in a log.

    Raises
    ------
    NotFoundError
        When there is no such case or photo.
    ForbiddenError, UnauthenticatedError
        When the actor may neither report nor move this case.
    ConflictError
        ``photo_kind_taken`` when it was added as another kind, ``photos_enough``.
    """
    case = queries.case_of_id(session, case_id)
    if not _may_add(actor, case):
        require(actor, Permission.CASES_REPORT, areas=case.areas)
        raise ForbiddenError("department_not_yours", actor=actor.name)
    if not queries.known_photos(session, [photo_sha256]):
        raise NotFoundError("photo_unknown", field="photo", value=photo_sha256)
    held = {each.photo: each.kind for each in queries.photos_of(session, case_id)}
    if photo_sha256 in held:
        if held[photo_sha256] != kind:
            raise ConflictError("photo_kind_taken", field="kind", value=kind, kind=held[photo_sha256])
        return
    if len(held) >= MOST_PHOTOS:
        raise ConflictError("photos_enough", field="photo", case_no=case.case_no, maximum=MOST_PHOTOS)
    added = insert(CasePhoto).values(case_id=case_id, photo=photo_sha256, kind=kind, actor=actor.name)
    session.execute(added.on_conflict_do_nothing())


def detach(session: Session, actor: Actor, folder: PhotoFolder, case_no: str, photo_sha256: str, reason: str) -> None:
    """Take a photo off a case, such as one that shows a face; it is gone at once unless another case has it too.

    Raises
    ------
    NotFoundError
        When there is no such case, or it has no such photo.
    ForbiddenError, UnauthenticatedError
        When the actor does not supervise cases there.
    """
    case = queries.named_case(session, case_no)
    require(actor, Permission.CASES_SUPERVISE, areas=case.areas)
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    kind = queries.drop_photo(session, case.case_id, photo_sha256)
    if kind is None:
        raise NotFoundError("photo_unknown", field="photo", value=photo_sha256)
    before = {"photo": photo_sha256, "kind": kind}
    record(session, actor, "cases.photo_remove", f"case:{case_no}", before=before, after={"reason": reason})
    if not queries.known_photos(session, [photo_sha256]):
        folder.discard(photo_sha256)


def of_case(session: Session, case_no: str) -> Sequence[PhotoOfCase]:
    """Return the photos of a case in the order in which they were added; raises NotFoundError when there is none."""
    return queries.photos_of(session, queries.named_case(session, case_no).case_id)


def forget_unused(session: Session, folder: PhotoFolder, now: datetime, keep_hours: float) -> int:
    """Remove the photos that have belonged to no case for some hours, and return how many.

    Files that nothing knows, as after a crash, go too: one of the 256 folders is gone through each hour. Whoever gives
    a photo waits to the end of the transaction, so that none is taken for one that is there and then removed.
    """
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    before = now - timedelta(hours=keep_hours)
    gone = queries.drop_unused(session, before)
    shelf = f"{int(now.timestamp() // 3600) % 256:02x}"
    stray = folder.older_than(shelf, before.timestamp())
    lost = {*gone, *stray} - queries.known_photos(session, stray)
    for photo in lost:
        folder.discard(photo)
    return len(lost)


def _may_add(actor: Actor, case: NamedCase) -> bool:
    """Tell whether a grant of the actor reaches the case, by its areas and, where bound to a body, by its tasks."""
    return any(
        grant.reaches(permission, case.areas)
        for grant in actor.grants
        if grant.department is None or grant.department in case.departments
        for permission in ADDING
    )
