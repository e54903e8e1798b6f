"""Opening and superseding editions; the one metric CRS of the data folder."""

from dataclasses import replace
from datetime import date
from typing import Any

import pyproj
import pyproj.exceptions
from sqlalchemy import Function, func, select, update

from gridmgmt.crs import STORAGE_SRID, check_metric_crs, choose_metric_crs
from gridmgmt.db import Session, translated
from gridmgmt.editions import queries
from gridmgmt.editions.models import DataFolder, Edition, EditionStep
from gridmgmt.editions.rules import (
    STEPS,
    EditionDraft,
    EditionState,
    Extent,
    Subject,
    combined_sha256,
    in_force,
)
from gridmgmt.errors import ConflictError, CrsError, NotFoundError, StaleVersionError, VersionMissingError

_IMPORT_LOCK = 3_101_140
SUPERSEDING = (Subject.NETWORK, Subject.POPULATION)
"""Subjects of which exactly one edition is in force; of the others several may be, each with rows of its own."""


def open_edition(session: Session, draft: EditionDraft) -> tuple[Edition, bool]:
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
    _lock(session)
    if (known := queries.edition_named(session, draft.subject, draft.part, draft.name)) is not None:
        if known.content_sha256 == draft.content_sha256:
            if known.valid_to is not None and known.valid_to <= draft.valid_from:
                raise ConflictError(
                    "edition_ended", subject=draft.subject, name=draft.name, ended=known.valid_to, on=draft.valid_from
                )
            return known, False
        raise ConflictError("edition_name_taken", subject=draft.subject, name=draft.name)
    _refuse_mixing(session, draft)
    _ensure_metric_crs(session, draft.extent, draft.metric_crs)
    if draft.subject in SUPERSEDING:
        _supersede(session, draft)
    return _add(session, draft, valid_from=draft.valid_from), True


def open_draft(session: Session, draft: EditionDraft) -> Edition:
    """Open a boundary edition as a draft, to be in force from ``draft.valid_from`` once it is activated.

    Raises
    ------
    ConflictError
        When the folder holds the demo and the draft is real or the other way round, or when the name is taken.
    CrsError
        When the folder's metric CRS does not fit the draft's extent.
    """
    _lock(session)
    if queries.boundary_edition(session, draft.name) is not None:
        raise ConflictError("edition_name_taken", subject=draft.subject, name=draft.name)
    _refuse_mixing(session, draft)
    _ensure_metric_crs(session, draft.extent, draft.metric_crs)
    return _add(session, draft, state=EditionState.DRAFT, planned_from=draft.valid_from)


def add_to_draft(session: Session, draft: EditionDraft, *, actor: str) -> tuple[Edition, bool]:
    """Return the boundary edition that takes a file of areas, and whether the file is new to it.

    It is opened where there is none of that name; ``draft.part`` is the level of the file's areas. A draft that was
    checked or approved has to be checked again.

    Raises
    ------
    ConflictError
        As :func:`open_draft`; when the edition is in force or withdrawn, is planned for another day, or has other
        content of that level.
    CrsError
        When the folder's metric CRS does not fit the draft's extent.
    """
    edition = queries.boundary_edition(session, draft.name)
    if edition is None:
        edition = open_draft(session, replace(draft, part="", details={}))
    _hold(session, edition)
    file = {"content_sha256": draft.content_sha256, "source": draft.source, "datum": draft.datum, **draft.details}
    files = dict(edition.details.get("files", {}))
    known = files.get(draft.part) if edition.state != EditionState.WITHDRAWN else None
    if known is not None:
        if known["content_sha256"] == draft.content_sha256:
            return edition, False
        raise ConflictError("edition_name_taken", subject=draft.subject, name=draft.name)
    _ensure_metric_crs(session, draft.extent, draft.metric_crs)
    reopen(session, edition, actor=actor)
    if edition.planned_from != draft.valid_from:
        raise ConflictError(
            "edition_planned_otherwise", name=draft.name, planned_from=edition.planned_from, asked=draft.valid_from
        )
    files[draft.part] = file
    edition.details = {**edition.details, "files": files}
    edition.source = " · ".join(sorted({each["source"] for each in files.values()}))
    edition.datum = ", ".join(sorted({each["datum"] for each in files.values()}))
    edition.content_sha256 = combined_sha256({level: each["content_sha256"] for level, each in files.items()})
    edition.extent = func.ST_Envelope(func.ST_Collect(edition.extent, _surface(draft.extent)))
    note_step(session, edition, "imported", actor=actor, details={"level": draft.part, **file})
    return edition, True


def require_version(session: Session, edition: Edition, seen: str | None) -> None:
    """Lock a boundary edition for a change, and refuse it when the edition is not as the one who asks has seen it.

    Parameters
    ----------
    seen
        The version, see :func:`gridmgmt.editions.queries.version_of`; ``*`` for any.

    Raises
    ------
    VersionMissingError
        When no version is given.
    StaleVersionError
        When it is not the present one.
    """
    _hold(session, edition)
    present = queries.version_of(session, edition.edition_id)
    if seen is None:
        raise VersionMissingError("edition_version_missing", name=edition.name, version=present)
    if seen not in ("*", present):
        raise StaleVersionError("edition_version_stale", name=edition.name, seen=seen, version=present)


def hold(session: Session, edition: Edition) -> None:
    """Let nobody else change a boundary edition until the transaction ends; other editions are free meanwhile.

    Raises
    ------
    ConflictError
        When it is in force or withdrawn.
    """
    _hold(session, edition)
    if edition.state in {EditionState.IN_FORCE, EditionState.WITHDRAWN}:
        raise ConflictError("edition_no_draft", name=edition.name, state=edition.state)


def reopen(session: Session, edition: Edition, *, actor: str) -> None:
    """Bring a boundary edition that is about to change back to draft, so that it will be checked and approved again.

    Raises
    ------
    ConflictError
        When it is in force or withdrawn.
    """
    hold(session, edition)
    if edition.state != EditionState.DRAFT:
        put_in_state(session, edition, EditionState.DRAFT, actor=actor)


def put_in_state(
    session: Session, edition: Edition, state: EditionState, *, actor: str, on: date | None = None, **step: Any
) -> None:
    """Move a boundary edition to a state and record the step.

    Going into force is one change of one row: readers see the edition whole or not at all. Editions come into force
    one at a time, and no other is opened meanwhile.

    Parameters
    ----------
    on
        For going into force: the day from which, ``planned_from`` without it.
    step
        ``document``, ``dated``, ``reason`` and ``details`` of the step, as :class:`EditionStep` has them.

    Raises
    ------
    ConflictError
        When the edition's present state does not allow it, when an area that it ends is not in force on that day,
        when a code would be in force twice, or when a retired code would be used again.
    """
    _hold(session, edition)
    if state not in STEPS[EditionState(edition.state)]:
        raise ConflictError("edition_state", name=edition.name, state=edition.state, wanted=state)
    if state is EditionState.IN_FORCE:
        _lock(session)
        edition.valid_from = on or edition.planned_from
    edition.state = state
    with translated():
        session.flush()
    note_step(session, edition, state, actor=actor, **step)


def note_step(session: Session, edition: Edition, name: str, *, actor: str, **step: Any) -> None:
    """Record a step in the life of an edition, see :class:`EditionStep`."""
    session.add(EditionStep(edition_id=edition.edition_id, step=name, actor=actor, **step))
    session.flush()


def close_edition(session: Session, subject: str, part: str, name: str, on: date) -> Edition:
    """Take the edition of a name out of force from a day on and return it.

    Raises
    ------
    NotFoundError
        When no edition of that subject, part and name is in force.
    """
    edition = queries.edition_named(session, subject, part, name)
    if edition is None or edition.valid_from is None or not in_force(edition.valid_from, edition.valid_to, on):
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


def _lock(session: Session) -> None:
    """Let one edition at a time be opened or come into force, until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(_IMPORT_LOCK)))


def _hold(session: Session, edition: Edition) -> None:
    """Let one writer of an edition at a time go on; always before :func:`_lock`, so that nobody waits in a ring."""
    session.refresh(edition, with_for_update=True)


def _add(session: Session, draft: EditionDraft, **state: Any) -> Edition:
    edition = Edition(
        **{k: getattr(draft, k) for k in ("subject", "part", "name", "source", "synthetic", "datum", "counting")},
        content_sha256=draft.content_sha256,
        details=dict(draft.details),
        extent=_surface(draft.extent),
        **state,
    )
    session.add(edition)
    session.flush()
    return edition


def _surface(extent: Extent | None) -> Function[Any]:
    """Return an extent as a polygon, an empty one for none."""
    if extent is None:
        return func.ST_GeomFromText("POLYGON EMPTY", STORAGE_SRID)
    return func.ST_MakeEnvelope(*extent, STORAGE_SRID)


def _refuse_mixing(session: Session, draft: EditionDraft) -> None:
    synthetic = queries.holds_synthetic(session)
    if synthetic is not None and synthetic != draft.synthetic:
        raise ConflictError("folder_holds_demo" if synthetic else "folder_holds_real_data")


def _ensure_metric_crs(session: Session, extent: Extent | None, wish: str | None) -> None:
    if extent is None:
        return
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
