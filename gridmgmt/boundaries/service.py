"""The life of a boundary edition: drafted, edited, checked, approved, in force from a day, or withdrawn."""

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import Any

import shapely
from sqlalchemy import ColumnElement, Select, insert, select

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.analysis.boundaries import shares
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
from gridmgmt.frames import geometries, read_table

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
    chains: list[set[str]] = []
    for condition, view in (
        (Area.edition_id == draft.edition_id, draft.edition_id),
        (Area.area_id.in_(_ended_ids(draft)), None),
    ):
        parents = {
            (row.level, row.code): (row.parent_level or "", row.parent_code or "")
            for row in session.execute(columns.where(condition))
        }
        above: dict[tuple[str, str], set[str]] = {("", ""): set()}
        for (_, code), parent in parents.items():
            if parent in parents:
                continue  # the chain of the parent says less
            if parent not in above:
                above[parent] = set(ancestors(session, parent[0], parent[1], on, draft=view))
            chains.append({code} | above[parent])
    return sorted(set.intersection(*chains)) if chains else []


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
    if rows:
        session.execute(insert(AreaLineage), [{"edition_id": draft.edition_id, **row} for row in rows])


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


def _lineage(ended: Surfaces, added: Surfaces) -> Iterator[dict[str, Any]]:
    """Yield what passed from areas that end to areas that come; one that comes back just the same passed nothing."""
    old = [key for key, surface in ended.items() if key not in added or not surface.equals_exact(added[key])]
    new = list(added)
    for share in shares([ended[key] for key in old], list(added.values())):
        if old[share.before] != new[share.after] or not share.is_whole:
            yield {
                **dict(zip(("from_level", "from_code"), old[share.before], strict=True)),
                **dict(zip(("to_level", "to_code"), new[share.after], strict=True)),
                "area_m2": share.area_m2,
                "share_of_from": min(share.share_of_before, 1.0),
                "share_of_to": min(share.share_of_after, 1.0),
            }
