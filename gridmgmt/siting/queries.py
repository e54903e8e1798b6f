"""Reading siting runs."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import defer

from gridmgmt.coverage.document import InputEdition
from gridmgmt.coverage.queries import input_editions
from gridmgmt.db import Session
from gridmgmt.editions.queries import editions
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.siting.models import SitingRun
from gridmgmt.siting.rules import SitingTerms, SourceKind


def run_by_id(session: Session, run_id: int, *, lock: bool = False) -> SitingRun:
    """Return a run, as it stands now.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    found = session.get(SitingRun, run_id, populate_existing=True, with_for_update=lock or None)
    if found is None:
        raise NotFoundError("siting_run_unknown", run_id=run_id)
    return found


def run_by_key(session: Session, idempotency_key: str) -> SitingRun | None:
    """Return the run that was asked for with this key."""
    return session.scalar(select(SitingRun).where(SitingRun.idempotency_key == idempotency_key))


def newest_runs(session: Session, limit: int, *, before: int | None = None) -> Sequence[SitingRun]:
    """Return the newest runs, finished or not, the newest first, without reading their answers.

    With ``before``, only runs older than the one of this id.
    """
    statement = select(SitingRun).options(defer(SitingRun.document)).order_by(SitingRun.run_id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(SitingRun.run_id < before)
    return session.scalars(statement).all()


def answer_of(run: SitingRun) -> str:
    """Return the answer of a finished run as its canonical text.

    Raises
    ------
    NotFoundError
        When the run has no answer (yet).
    """
    if run.document is None:
        raise NotFoundError("siting_run_not_finished", run_id=run.run_id)
    return run.document


def inputs_on(session: Session, terms: SitingTerms) -> list[InputEdition]:
    """Return the editions that a run would be computed from on its day; all land where cards or zones look at it."""
    walk = terms.walk
    found = input_editions(session, walk.on, walk.types, walk.barriers)
    if not (terms.judged or terms.forbidden_land or terms.candidates.kind is SourceKind.LAYER):
        return found
    known = {(each.subject, each.name, each.content_sha256) for each in found}
    names = ("subject", "name", "source", "synthetic", "datum", "counting", "valid_from", "content_sha256")
    for edition in editions(session, subject=Subject.LAND, on=walk.on):
        land = InputEdition.model_validate({name: getattr(edition, name) for name in names})
        if (land.subject, land.name, land.content_sha256) not in known:
            found.append(land)
    return found
