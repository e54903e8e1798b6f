"""Reading editions and the data folder."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import BindParameter, ColumnElement, Select, and_, func, or_, select

from gridmgmt.db import Session
from gridmgmt.editions.models import DataFolder, Edition, EditionStep
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError


def in_force_on(on: date | BindParameter[date]) -> ColumnElement[bool]:
    """Return the condition that an edition is in force on a day."""
    return and_(Edition.valid_from <= on, or_(Edition.valid_to.is_(None), Edition.valid_to > on))


def edition_ids_in_force(subject: Subject, on: date) -> Select[int]:
    """Return the statement that selects the editions of a subject in force on a day."""
    return select(Edition.edition_id).where(Edition.subject == subject, in_force_on(on))


def editions(session: Session, *, subject: Subject | None = None, on: date | None = None) -> Sequence[Edition]:
    """Return editions in order of subject, part, date and id; all of them, or those in force on a day."""
    statement = select(Edition).order_by(Edition.subject, Edition.part, Edition.valid_from, Edition.edition_id)
    if subject is not None:
        statement = statement.where(Edition.subject == subject)
    if on is not None:
        statement = statement.where(in_force_on(on))
    return session.scalars(statement).all()


def edition_named(session: Session, subject: str, part: str, name: str) -> Edition | None:
    """Return the edition of a subject's part by its name."""
    return session.scalar(select(Edition).where(Edition.subject == subject, Edition.part == part, Edition.name == name))


def boundary_edition(session: Session, name: str) -> Edition | None:
    """Return the boundary edition of a name, in whatever state."""
    return edition_named(session, Subject.AREAS, "", name)


def boundary_edition_of(session: Session, edition_id: int) -> Edition:
    """Return the boundary edition of an id, in whatever state.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = session.get(Edition, edition_id)
    if found is None or found.subject != Subject.AREAS:
        raise NotFoundError("edition_unknown", subject=Subject.AREAS, name=edition_id)
    return found


def version_of(session: Session, edition_id: int) -> str:
    """Return the version of a boundary edition: the number of its steps, of which each change leaves one or more."""
    counted = select(func.count()).select_from(EditionStep).where(EditionStep.edition_id == edition_id)
    return str(session.scalars(counted).one())


def steps_of(session: Session, edition_id: int) -> Sequence[EditionStep]:
    """Return the steps in the life of an edition, the first one first."""
    statement = select(EditionStep).where(EditionStep.edition_id == edition_id).order_by(EditionStep.step_id)
    return session.scalars(statement).all()


def holds_synthetic(session: Session) -> bool | None:
    """Tell whether the folder's data are synthetic (True), real (False), or whether there are none (None)."""
    return session.scalar(select(func.bool_or(Edition.synthetic)))


def metric_crs_text(session: Session) -> str | None:
    """Return the data folder's metric CRS, None while nothing was imported."""
    return session.scalar(select(DataFolder.metric_crs))


def extent(session: Session) -> tuple[float, float, float, float] | None:
    """Return (west, south, east, north) of all editions in degrees, None when there are none."""
    box = func.ST_Extent(Edition.extent)
    row = session.execute(select(func.ST_XMin(box), func.ST_YMin(box), func.ST_XMax(box), func.ST_YMax(box))).one()
    return None if row[0] is None else (row[0], row[1], row[2], row[3])
