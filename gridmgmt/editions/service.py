"""Opening and superseding editions; the one metric CRS of the data folder."""

from datetime import date

import pyproj
import pyproj.exceptions
from sqlalchemy import func, select, update

from gridmgmt.crs import STORAGE_SRID, check_metric_crs, choose_metric_crs
from gridmgmt.db import Session
from gridmgmt.editions import queries
from gridmgmt.editions.models import DataFolder, Edition
from gridmgmt.editions.rules import EditionDraft, Extent, Subject, in_force
from gridmgmt.errors import ConflictError, CrsError, NotFoundError

_IMPORT_LOCK = 3_101_131
SUPERSEDING = (Subject.NETWORK, Subject.POPULATION)
"""Subjects of which exactly one edition is in force; of the others several may be, each with rows of its own."""


def open_edition(session: Session, draft: EditionDraft, *, metric_crs: str | None = None) -> tuple[Edition, bool]:
    """Return the edition for a draft and whether it is new; one with the same name and content is not stored twice.

    Imports wait for each other. A new edition of the network or the population takes the earlier one out of
    force on the day it begins.

    Raises
    ------
    ConflictError
        When the folder holds the demo and the draft is real or the other way round, when the name is taken by
        other content or by an edition that has ended, or when the edition would begin before one that it supersedes.
    CrsError
        When the folder's metric CRS does not fit the draft's extent.
    """
    session.execute(select(func.pg_advisory_xact_lock(_IMPORT_LOCK)))
    if (known := queries.edition_named(session, draft.subject, draft.part, draft.name)) is not None:
        if known.content_sha256 == draft.content_sha256:
            if known.valid_to is not None and known.valid_to <= draft.valid_from:
                raise ConflictError(
                    "edition_ended", subject=draft.subject, name=draft.name, ended=known.valid_to, on=draft.valid_from
                )
            return known, False
        raise ConflictError("edition_name_taken", subject=draft.subject, name=draft.name)
    _refuse_mixing(session, draft)
    _ensure_metric_crs(session, draft.extent, metric_crs)
    if draft.subject in SUPERSEDING:
        _supersede(session, draft)
    edition = Edition(
        **{k: getattr(draft, k) for k in ("subject", "part", "name", "source", "synthetic", "datum", "counting")},
        content_sha256=draft.content_sha256,
        valid_from=draft.valid_from,
        details=dict(draft.details),
        extent=func.ST_MakeEnvelope(*draft.extent, STORAGE_SRID),
    )
    session.add(edition)
    session.flush()
    return edition, True


def close_edition(session: Session, subject: str, part: str, name: str, on: date) -> Edition:
    """Take the edition of a name out of force from a day on and return it.

    Raises
    ------
    NotFoundError
        When no edition of that subject, part and name is in force.
    """
    edition = queries.edition_named(session, subject, part, name)
    if edition is None or not in_force(edition.valid_from, edition.valid_to, on):
        raise NotFoundError("edition_unknown", subject=subject, name=name)
    edition.valid_to = on
    session.flush()
    return edition


def metric_crs(session: Session) -> pyproj.CRS:
    """Return the data folder's metric CRS.

    Raises
    ------
    NotFoundError
        When nothing was imported yet.
    """
    known = queries.metric_crs_text(session)
    if known is None:
        raise NotFoundError("folder_empty")
    return pyproj.CRS.from_user_input(known)


def _refuse_mixing(session: Session, draft: EditionDraft) -> None:
    synthetic = queries.holds_synthetic(session)
    if synthetic is not None and synthetic != draft.synthetic:
        raise ConflictError("folder_holds_demo" if synthetic else "folder_holds_real_data")


def _ensure_metric_crs(session: Session, extent: Extent, wish: str | None) -> None:
    known = queries.metric_crs_text(session)
    if known is not None:
        check_metric_crs(pyproj.CRS.from_user_input(known), extent)
        return
    crs = _wished(wish) if wish else choose_metric_crs(extent)
    check_metric_crs(crs, extent)
    authority = crs.to_authority()
    session.add(DataFolder(folder_id=1, metric_crs=":".join(authority) if authority else crs.srs))
    session.flush()


def _wished(wish: str) -> pyproj.CRS:
    try:
        crs = pyproj.CRS.from_user_input(wish)
    except pyproj.exceptions.CRSError as error:
        raise CrsError("metric_crs_unknown", value=wish) from error
    if not crs.is_projected or {axis.unit_name for axis in crs.axis_info} != {"metre"}:
        raise CrsError("metric_crs_unknown", value=wish)
    return crs


def _supersede(session: Session, draft: EditionDraft) -> None:
    open_ones = (Edition.subject == draft.subject, Edition.part == draft.part, Edition.valid_to.is_(None))
    latest = session.scalar(select(func.max(Edition.valid_from)).where(*open_ones))
    if latest is not None and latest > draft.valid_from:
        raise ConflictError("edition_begins_too_early", name=draft.name, valid_from=draft.valid_from, latest=latest)
    session.execute(update(Edition).where(*open_ones).values(valid_to=draft.valid_from))
