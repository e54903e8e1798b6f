"""Which case a number names, what photos a case has, and whose contact data have been kept for long enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import aliased

from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import ENDED
from gridmgmt.casework.models import CaseTask
from gridmgmt.casework.photo_models import CasePhoto, CaseReporter, Photo
from gridmgmt.db import Session
from gridmgmt.errors import NotFoundError

_AREAS = (Case.cell_code, Case.quarter_code, Case.middle_code, Case.town_code, Case.district_code)


@dataclass(frozen=True)
class NamedCase:
    """A case with what decides who may work on it: the codes of its areas and of the bodies that have a task in it."""

    case_id: int
    case_no: str
    areas: tuple[str, ...]
    departments: frozenset[str]
    duplicate_of: int | None


@dataclass(frozen=True)
class PhotoOfCase:
    """One photo of a case."""

    photo: str
    kind: str
    at: datetime
    actor: str
    width_px: int
    height_px: int
    bytes: int


def named_case(session: Session, case_no: str) -> NamedCase:
    """Return the case of a number.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    return _one(session, Case.case_no == case_no, case_no)


def case_of_id(session: Session, case_id: int) -> NamedCase:
    """Return the case of an id; raises as :func:`named_case`."""
    return _one(session, Case.case_id == case_id, case_id)


def _one(session: Session, which: ColumnElement[bool], value: object) -> NamedCase:
    tasks = select(func.array_agg(CaseTask.department_code)).where(CaseTask.case_id == Case.case_id).scalar_subquery()
    statement = select(Case.case_id, Case.case_no, Case.duplicate_of, Case.department_code, tasks, *_AREAS)
    row = session.execute(statement.where(which)).one_or_none()
    if row is None:
        raise NotFoundError("case_unknown", field="case_no", value=value)
    case_id, case_no, duplicate_of, department, bodies, *codes = row
    departments = frozenset(code for code in (department, *(bodies or ())) if code is not None)
    return NamedCase(case_id, case_no, tuple(code for code in codes if code is not None), departments, duplicate_of)


def photos_of(session: Session, case_id: int) -> Sequence[PhotoOfCase]:
    """Return the photos of a case in the order in which they were added."""
    columns = (CasePhoto.photo, CasePhoto.kind, CasePhoto.at, CasePhoto.actor, Photo.width_px, Photo.height_px)
    statement = (
        select(*columns, Photo.bytes)
        .join(Photo, Photo.photo == CasePhoto.photo)
        .where(CasePhoto.case_id == case_id)
        .order_by(CasePhoto.at, CasePhoto.photo)
    )
    return [PhotoOfCase(*row) for row in session.execute(statement)]


def photo_counts(session: Session, case_ids: Sequence[int]) -> dict[int, int]:
    """Return how many photos each of these cases has, those without left out."""
    if not case_ids:
        return {}
    statement = select(CasePhoto.case_id, func.count()).where(CasePhoto.case_id.in_(case_ids))
    return dict(session.execute(statement.group_by(CasePhoto.case_id)).all())


def drop_unused(session: Session, before: datetime) -> Sequence[str]:
    """Forget the photos given before a moment that belong to no case, and return which."""
    used = select(CasePhoto.photo).where(CasePhoto.photo == Photo.photo).exists()
    statement = delete(Photo).where(Photo.uploaded_at < before, ~used).returning(Photo.photo)
    return session.scalars(statement).all()


def drop_photo(session: Session, case_id: int, photo: str) -> str | None:
    """Take a photo off a case and forget it where no other case has it; return its kind, None when it was not there."""
    off = delete(CasePhoto).where(CasePhoto.case_id == case_id, CasePhoto.photo == photo).returning(CasePhoto.kind)
    kind = session.execute(off).scalar_one_or_none()
    used = select(CasePhoto.photo).where(CasePhoto.photo == Photo.photo).exists()
    session.execute(delete(Photo).where(Photo.photo == photo, ~used))
    return kind


def known_photos(session: Session, photos: Sequence[str]) -> set[str]:
    """Return which of these are known."""
    return set(session.scalars(select(Photo.photo).where(Photo.photo.in_(photos))))


def drop_reporters(session: Session, before: datetime) -> int:
    """Delete how to reach whoever reported what ended before a moment, and return how many that were.

    A duplicate ends with the case it was linked to, of whose outcome its reporter is told.
    """
    case, master = aliased(Case), aliased(Case)
    decides = case.duplicate_of.is_(None) | master.state.in_(ENDED)
    ended_at = func.greatest(
        func.coalesce(case.closed_at, case.updated_at), func.coalesce(master.closed_at, master.updated_at)
    )
    over = (
        select(case.case_id)
        .outerjoin(master, master.case_id == case.duplicate_of)
        .where(case.state.in_(ENDED), decides, ended_at < before, case.case_id == CaseReporter.case_id)
    )
    gone = session.scalars(delete(CaseReporter).where(over.exists()).returning(CaseReporter.case_id))
    return len(gone.all())


def also_told(session: Session, case_id: int) -> Sequence[str]:
    """Return the numbers of the cases linked to this one as duplicates whose reporters want to hear of it too."""
    statement = (
        select(Case.case_no)
        .join(CaseReporter, CaseReporter.case_id == Case.case_id)
        .where(Case.duplicate_of == case_id, CaseReporter.wants_notice)
        .order_by(Case.case_no)
    )
    return session.scalars(statement).all()


def number_of(session: Session, case_id: int) -> str:
    """Return the number of a case."""
    return session.execute(select(Case.case_no).where(Case.case_id == case_id)).scalar_one()
