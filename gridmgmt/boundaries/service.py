"""The life of a boundary edition: drafted, edited, checked, approved, in force from a day, or withdrawn."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import shapely
from sqlalchemy import ColumnElement, Select, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.analysis.boundaries import shares
from gridmgmt.analysis.findings import Finding, Tolerances
from gridmgmt.areas.models import Area, AreaEnding, AreaLineage
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.areas.service import refuse_overtaken
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
from gridmgmt.boundaries.queries import base_of, changes_meet, finding_types
from gridmgmt.boundaries.rules import Edit, check_approval, check_four_eyes
from gridmgmt.db import Session
from gridmgmt.editions import queries as editions
from gridmgmt.editions import service as states
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import EditionDraft, EditionState, Subject
from gridmgmt.errors import ConflictError, InputError, NotFoundError
from gridmgmt.frames import copy_rows, geometries, read_table

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
        When the edition is in force or withdrawn, or another has ended what it ends.
    """
    _require(session, actor, Permission.AREAS_DRAFT, draft)
    states.hold(session, draft)
    refuse_overtaken(session, draft)
    base = base_of(session, _planned(draft))  # what comes into force from here on makes the check outdated
    findings = check_edition(session, draft, tolerances)
    states.reopen(session, draft, actor=actor.name)
    facts = {
        "errors": finding_types(session, draft.edition_id, "error"),
        "warnings": finding_types(session, draft.edition_id, "warning"),
        "content_sha256": draft.content_sha256,
        "base": base,
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
        When the draft is not checked, or other boundaries around it have come into force since it was.
    InputError
        When no document is named.
    """
    _require(session, actor, Permission.AREAS_APPROVE, draft)
    _hold(session, draft)
    if draft.state != EditionState.CHECKED:
        raise ConflictError("edition_not_checked", name=draft.name, state=draft.state)
    steps = editions.steps_of(session, draft.edition_id)
    check_four_eyes(actor, draft.name, {s.actor for s in steps if s.step in (OPENED, IMPORTED, EDITED)})
    _require_base(session, draft, _planned(draft))
    checked = _last_check(session, draft)
    errors, warnings = checked["errors"], checked["warnings"]
    check_approval(draft.name, errors=errors, warnings=warnings, document=document, reason=reason)
    words: dict[str, Any] = {"document": document, "dated": dated, "reason": reason}
    states.put_in_state(session, draft, EditionState.APPROVED, actor=actor.name, **words)
    record(session, actor, "areas.approve", _object(draft), after={**words, "warnings": warnings})
    return draft


def activate(session: Session, actor: Actor, draft: Edition, on: date | None = None) -> Edition:
    """Let an approved draft be in force from a day on, which may lie ahead; without one, the day it was planned for.

    Lineage is worked out first, while only those wait who would change this draft; what then makes it count is the
    change of one row.

    Raises
    ------
    ConflictError
        When the draft is not approved; when an area that it ends is not in force on that day, because another
        edition has ended it, with their codes; when a code would be in force twice, or a retired one again; when
        other boundaries are in force around it on that day than those beside which it was checked.
    """
    _require(session, actor, Permission.AREAS_ACTIVATE, draft)
    _hold(session, draft)
    if draft.state != EditionState.APPROVED:
        raise ConflictError("edition_not_approved", name=draft.name, state=draft.state)
    _store_lineage(session, draft)
    states.put_in_state(session, draft, EditionState.IN_FORCE, actor=actor.name, on=on)
    _require_base(session, draft, draft.valid_from or _planned(draft))  # now that no other can come into force
    record(session, actor, "areas.activate", _object(draft), after={"valid_from": draft.valid_from})
    return draft


def withdraw(session: Session, actor: Actor, draft: Edition, reason: str) -> Edition:
    """Give a draft up; it stays as a record that it was there.

    Raises
    ------
    ConflictError
        When the edition is in force or withdrawn already.
    """
    _require(session, actor, Permission.AREAS_DRAFT, draft)
    states.put_in_state(session, draft, EditionState.WITHDRAWN, actor=actor.name, reason=reason)
    record(session, actor, "areas.withdraw", _object(draft), after={"reason": reason})
    return draft


def _object(edition: Edition) -> str:
    return f"edition:areas/{edition.name}"


def _planned(draft: Edition) -> date:
    if draft.planned_from is None:
        raise ConflictError("edition_no_draft", name=draft.name, state=draft.state)
    return draft.planned_from


def _hold(session: Session, draft: Edition) -> None:
    """Let nobody else change a draft on its way into force, and refuse one that is there."""
    if draft.state == EditionState.IN_FORCE:
        raise ConflictError("edition_in_force", name=draft.name, valid_from=draft.valid_from)
    states.hold(session, draft)


def _last_check(session: Session, draft: Edition) -> Mapping[str, Any]:
    """Return what the last check of a draft found, and beside which editions."""
    steps = editions.steps_of(session, draft.edition_id)
    return next(step.details for step in reversed(steps) if step.step == EditionState.CHECKED)


def _require_base(session: Session, draft: Edition, on: date) -> None:
    """Refuse a draft for a day on which other boundaries are in force around it than those it was checked beside."""
    checked = set(_last_check(session, draft)["base"])
    for day, code in ((_planned(draft), "edition_check_outdated"), (on, "edition_of_another_day")):
        others = checked ^ (set(base_of(session, day)) - {draft.edition_id})
        if changes_meet(session, draft.edition_id, others):
            raise ConflictError(code, name=draft.name, planned_from=draft.planned_from, on=on)


def _require(session: Session, actor: Actor, permission: Permission, draft: Edition) -> None:
    """Refuse an actor who may not do this to all that a draft changes."""
    if not actor.may(permission):
        require(actor, permission, areas=_common_areas(session, draft))


def _common_areas(session: Session, draft: Edition) -> list[str]:
    """Return the codes of the areas that hold all that a draft changes; without one, the draft concerns everywhere."""
    on = _planned(draft)
    chains: list[set[str]] = []
    for changed, view in (
        (Area.edition_id == draft.edition_id, draft.edition_id),
        (Area.area_id.in_(_ended_ids(draft)), None),
    ):
        named = select(Area.level, Area.code, Area.parent_level, Area.parent_code).where(in_force_on(on, view))
        above: dict[_Name, _Name] = {(row[0], row[1]): (row[2], row[3]) for row in session.execute(named)}
        found = session.execute(select(Area.level, Area.code).where(changed))
        chains += [_chain((level, code), above) for level, code in found]
    return sorted(set.intersection(*chains)) if chains else []


_Name = tuple[str | None, str | None]
"""Level and code of an area, or of none."""


def _chain(name: _Name, above: Mapping[_Name, _Name]) -> set[str]:
    """Return the codes of an area and of all above it."""
    found = set()
    while name[1] is not None:
        found.add(name[1])
        name = above.get(name, (None, None))
    return found


def _ended_ids(draft: Edition) -> Select[int]:
    return select(AreaEnding.area_id).where(AreaEnding.edition_id == draft.edition_id)


def _store_lineage(session: Session, draft: Edition) -> None:
    ended = _surfaces(session, Area.area_id.in_(_ended_ids(draft)))
    added = _surfaces(session, Area.edition_id == draft.edition_id)
    rows = [row for level in ended.keys() & added.keys() for row in _lineage(ended[level], added[level])]
    promoted = {
        step.details["from"][1]
        for step in editions.steps_of(session, draft.edition_id)
        if step.step == EDITED and step.details["verb"] == Edit.PROMOTE
    }
    units = {c: g for c, g in ended.get(AreaLevel.BASIC_MANAGEMENT_UNIT, {}).items() if c[1] in promoted}
    rows += _lineage(units, added.get(AreaLevel.TOWN, {}))
    copy_rows(session, AreaLineage.__tablename__, _LINEAGE, ((draft.edition_id, *row) for row in rows))


_LINEAGE = (
    "edition_id", "from_level", "from_code", "to_level", "to_code", "area_m2", "share_of_from", "share_of_to",
)  # fmt: skip
Surfaces = dict[tuple[str, str], shapely.MultiPolygon]
"""Surfaces in degrees by level and code."""


def _surfaces(session: Session, condition: ColumnElement[bool]) -> dict[str, Surfaces]:
    """Return the surfaces of areas, level by level."""
    table = read_table(session, select(Area.level, Area.code, Area.geom).where(condition).order_by(Area.code))
    found: dict[str, Surfaces] = {}
    keys = zip(table["level"].to_pylist(), table["code"].to_pylist(), strict=True)
    for key, surface in zip(keys, geometries(table["geom"]), strict=True):
        found.setdefault(key[0], {})[key] = surface
    return found


def _lineage(ended: Surfaces, added: Surfaces) -> Iterator[tuple[object, ...]]:
    """Yield what passed from areas that end to areas that come; one that comes back just the same passed nothing."""
    old = [key for key, surface in ended.items() if key not in added or not surface.equals_exact(added[key])]
    new = list(added)
    for share in shares([ended[key] for key in old], list(added.values())):
        if old[share.before] != new[share.after] or not share.is_whole:
            ratios = (min(ratio, 1.0) for ratio in (share.share_of_before, share.share_of_after))
            yield *old[share.before], *new[share.after], share.area_m2, *ratios
