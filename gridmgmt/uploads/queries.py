"""Reading given files and their refused rows."""

from collections.abc import Sequence

from sqlalchemy import select

from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError
from gridmgmt.uploads.models import Upload, UploadProblem


def upload_by_id(session: Session, upload_id: int) -> Upload:
    """Return one given file as it stands now.

    Raises
    ------
    NotFoundError
        When there is none of that number.
    """
    found = session.get(Upload, upload_id, populate_existing=True)
    if found is None:
        raise NotFoundError("upload_unknown", value=upload_id)
    return found


def newest_uploads(
    session: Session, limit: int, *, before: int | None = None, account_id: int | None = None
) -> Sequence[Upload]:
    """Return given files, the newest first: those before a number, of one account alone, where these are given."""
    statement = select(Upload).order_by(Upload.upload_id.desc()).limit(limit)
    if account_id is not None:
        statement = statement.where(Upload.account_id == account_id)
    if before is not None:
        statement = statement.where(Upload.upload_id < before)
    return session.scalars(statement).all()


def problems(session: Session, upload_id: int, limit: int, *, after: int = 0) -> Sequence[UploadProblem]:
    """Return refused rows of a file in the order of their rows, from behind a number on."""
    statement = (
        select(UploadProblem)
        .where(UploadProblem.upload_id == upload_id, UploadProblem.number > after)
        .order_by(UploadProblem.number)
        .limit(limit)
    )
    return session.scalars(statement).all()
