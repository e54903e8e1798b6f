"""The life of a boundary edition: drafted, edited, checked, approved, in force from a day, or withdrawn."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from geoalchemy2.shape import to_shape
from sqlalchemy import insert, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.analysis.boundaries import shares, surface_of
from gridmgmt.analysis.findings import Finding, Tolerances
from gridmgmt.areas.models import Area, AreaEnding, AreaLineage
from gridmgmt.areas.queries import ancestors
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries.check import DEFAULT_TOLERANCES, check_edition
from gridmgmt.boundaries.diff import Diff, diff
from gridmgmt.boundaries.edits import (
    EDITED,
    merge,
    move_border,
    move_to_parent,
    promote,
    recode,
    rename,
    retire,
    split,
)
from gridmgmt.boundaries.queries import base_of, finding_types
from gridmgmt.boundaries.rules import Edit, check_approval, check_four_eyes
from gridmgmt.db import Session
from gridmgmt.editions import queries as editions
from gridmgmt.editions import service as states
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionDraft, EditionState, Subject
from gridmgmt.errors import ConflictError, InputError, NotFoundError

__all__ = [
    "Diff",
    "activate",
    "approve",
    "check",
    "diff",
    "merge",
    "move_border",
    "move_to_parent",
    "open_draft",
    "promote",
    "recode",
    "rename",
    "retire",
    "split",
    "withdraw",
]

OPENED, IMPORTED = "opened", "imported"


def open_draft(session: Session, actor: Actor, name: str, planned_from: date, source: str) -> Edition:
    """Open a draft that is to be in force from a day; its edits build on the boundaries of that day.

    Raises
    ------
    InputError
        When name or source is empty.
    NotFoundError
        When the folder holds nothing yet: its first areas are imported.
    ConflictError
        When the name is taken.
    """
    if not actor.holds(Permission.AREAS_DRAFT):
        require(actor, Permission.AREAS_DRAFT)
    if not name.strip() or not source.strip():
        raise InputError("draft_without_name", field="source" if name.strip() else "name")
    extent, synthetic = editions.extent(session), editions.holds_synthetic(session)
    if extent is None or synthetic is None:
        raise NotFoundError("folder_empty")
    draft = EditionDraft(
        subject=Subject.AREAS,
        name=name,
        source=source,
        synthetic=synthetic,
        datum="wgs84",
        content_sha256=hashlib.sha256(b"").hexdigest(),
        valid_from=planned_from,
        extent=extent,
    )
    edition = states.open_draft(session, draft)
    states.note_step(session, edition, OPENED, actor=actor.name, details={"planned_from": str(planned_from)})
    record(session, actor, "areas.open", _object(edition), after={"planned_from": planned_from, "source": source})
    return edition


def check(session: Session, actor: Actor, draft: Edition, tolerances: Tolerances = DEFAULT_TOLERANCES) -> list[Finding]:
    """Check the topology of a draft with all that surrounds it, keep the findings and return them.

    The draft is checked from then on, whatever was found; an approval has to be given anew.

    Raises
    ------
    ConflictError
        When the edition is in force or withdrawn.
    """
    require(actor, Permission.AREAS_DRAFT, areas=_common_areas(session, draft))
    states.reopen(session, draft, actor=actor.name)
    findings = check_edition(session, draft, tolerances)
    facts = {
        "errors": finding_types(session, draft.edition_id, "error"),
        "warnings": finding_types(session, draft.edition_id, "warning"),
        "content_sha256": draft.content_sha256,
        "base": base_of(session, _planned(draft)),
    }
    states.put_in_state(session, draft, EditionState.CHECKED, actor=actor.name, details=facts)
    record(session, actor, "areas.check", _object(draft), after=facts)
    return findings


def approve(
    session: Session, actor: Actor, draft: Edition, document: str, dated: date, reason: str | None = None
) -> Edition:
    """Approve a checked draft by a document of a date, with a reason where the check had warnings.

    Raises
    ------
    TopologyError
        When the check found errors, or warnings and no reason is given.
    ForbiddenError
        When the actor has drafted any of it and is no administrator.
    ConflictError
        When the draft is not checked, or other boundaries have come into force since it was.
    InputError
        When no document is named.
    """
    require(actor, Permission.AREAS_APPROVE, areas=_common_areas(session, draft))
    if draft.state != EditionState.CHECKED:
        raise ConflictError("edition_not_checked", name=draft.name, state=draft.state)
    steps = editions.steps_of(session, draft.edition_id)
    check_four_eyes(actor, draft.name, {s.actor for s in steps if s.step in (OPENED, IMPORTED, EDITED)})
    checked = next(step for step in reversed(steps) if step.step == EditionState.CHECKED)
    if checked.details["base"] != base_of(session, _planned(draft)):
        raise ConflictError("edition_check_outdated", name=draft.name)
    errors, warnings = checked.details["errors"], checked.details["warnings"]
    check_approval(draft.name, errors=errors, warnings=warnings, document=document, reason=reason)
    words: dict[str, Any] = {"document": document, "dated": dated, "reason": reason}
    states.put_in_state(session, draft, EditionState.APPROVED, actor=actor.name, **words)
    record(session, actor, "areas.approve", _object(draft), after={**words, "warnings": warnings})
    return draft


def activate(session: Session, actor: Actor, draft: Edition, on: date | None = None) -> Edition:
    """Let an approved draft be in force from a day on, which may lie ahead; without one, the day it was planned for.

    Lineage is worked out first; what then makes it count is the change of one row.

    Raises
    ------
    ConflictError
        When the draft is not approved; when an area that it ends is not in force on that day, because another
        edition has ended it, with their codes; when a code would be in force twice, or a retired one again.
    """
    require(actor, Permission.AREAS_ACTIVATE, areas=_common_areas(session, draft))
    session.refresh(draft, with_for_update=True)
    if draft.state != EditionState.APPROVED:
        raise ConflictError("edition_not_approved", name=draft.name, state=draft.state)
    _store_lineage(session, draft)
    states.put_in_state(session, draft, EditionState.IN_FORCE, actor=actor.name, on=on)
    record(session, actor, "areas.activate", _object(draft), after={"valid_from": draft.valid_from})
    return draft


def withdraw(session: Session, actor: Actor, draft: Edition, reason: str) -> Edition:
    """Give a draft up; it stays as a record that it was there.

    Raises
    ------
    ConflictError
        When the edition is in force or withdrawn already.
    """
    require(actor, Permission.AREAS_DRAFT, areas=_common_areas(session, draft))
    states.put_in_state(session, draft, EditionState.WITHDRAWN, actor=actor.name, reason=reason)
    record(session, actor, "areas.withdraw", _object(draft), after={"reason": reason})
    return draft


def _object(edition: Edition) -> str:
    return f"edition:areas/{edition.name}"


def _planned(draft: Edition) -> date:
    if draft.planned_from is None:
        raise ConflictError("edition_no_draft", name=draft.name, state=draft.state)
    return draft.planned_from


def _common_areas(session: Session, draft: Edition) -> list[str]:
    """Return the codes of the areas that hold all that a draft changes; without one, the draft concerns everywhere."""
    on = _planned(draft)
    columns = select(Area.level, Area.code, Area.parent_level, Area.parent_code)
    ends = select(AreaEnding.area_id).where(AreaEnding.edition_id == draft.edition_id)
    common: set[str] | None = None
    for condition, view in ((Area.edition_id == draft.edition_id, draft.edition_id), (Area.area_id.in_(ends), None)):
        rows = {
            (row.level, row.code): (row.parent_level, row.parent_code)
            for row in session.execute(columns.where(condition))
        }
        for level, code in [area for area, parent in rows.items() if parent not in rows]:
            chain = set(ancestors(session, level, code, on, draft=view))
            common = chain if common is None else common & chain
    return sorted(common or ())


def _store_lineage(session: Session, draft: Edition) -> None:
    rows = [
        {
            "edition_id": draft.edition_id,
            "from_level": old.level,
            "from_code": old.code,
            "to_level": new.level,
            "to_code": new.code,
            "area_m2": share.area_m2,
            "share_of_from": min(share.share_of_before, 1.0),
            "share_of_to": min(share.share_of_after, 1.0),
        }
        for olds, news in _pairs(session, draft)
        for share in shares([surface_of(to_shape(a.geom)) for a in olds], [surface_of(to_shape(a.geom)) for a in news])
        for old, new in ((olds[share.before], news[share.after]),)
        if (old.level, old.code) != (new.level, new.code) or not share.is_whole
    ]
    if rows:
        session.execute(insert(AreaLineage), rows)


def _pairs(session: Session, draft: Edition) -> Iterator[tuple[Sequence[Area], Sequence[Area]]]:
    """Yield areas that a draft ends and areas that may have come of them: of one level, and by promotion."""
    ends = select(AreaEnding.area_id).where(AreaEnding.edition_id == draft.edition_id)
    ended = _by_level(session.scalars(select(Area).where(Area.area_id.in_(ends)).order_by(Area.level, Area.code)))
    added = _by_level(
        session.scalars(select(Area).where(Area.edition_id == draft.edition_id).order_by(Area.level, Area.code))
    )
    for level in sorted(ended.keys() & added.keys()):
        yield ended[level], added[level]
    promoted = {
        (step.details["from"][0], step.details["from"][1])
        for step in editions.steps_of(session, draft.edition_id)
        if step.step == EDITED and step.details["verb"] == Edit.PROMOTE
    }
    units = [area for areas in ended.values() for area in areas if (area.level, area.code) in promoted]
    if units:
        yield units, added.get(AreaLevel.TOWN, [])


def _by_level(areas: Sequence[Area] | Iterator[Area]) -> dict[str, list[Area]]:
    return {level: list(group) for level, group in groupby(areas, key=lambda area: area.level)}
