"""Responsibility grids: creating, assigning to posts, giving cells, dissolving; what was stays as it was."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, DuplicateCodeError, InputError
from gridmgmt.governance.history import begin, end, shown
from gridmgmt.governance.rules import require_text
from gridmgmt.responsibility.members import require_cells, require_on_cells, require_open, restated, set_grids_of_cells
from gridmgmt.responsibility.models import ResponsibilityGrid
from gridmgmt.responsibility.queries import cells_of_grid, grid_of_cell, grid_on, kind_of_code, post_on
from gridmgmt.responsibility.rules import NewGrid, Rules, check_code, check_deputies, check_hours


@dataclass(frozen=True)
class Assignment:
    """What is to change of a grid: None keeps what is there, an empty text or no rules take it away."""

    name: str | None = None
    post: str | None = None
    backup: str | None = None
    hours: Rules | None = None


def create_grid(session: Session, actor: Actor, new: NewGrid) -> ResponsibilityGrid:
    """Set up a grid with its cells from a day on.

    Raises
    ------
    NotFoundError
        ``grid_kind_unknown``, ``post_unknown``, ``cells_unknown``.
    DuplicateCodeError
        ``grid_code_taken``; a code is used once for all time.
    ConflictError
        ``cells_in_other_grid``, ``membership_planned``.
    InputError
        When it has no cells, or the code, name, hours or posts cannot be.
    """
    require_on_cells(session, actor, new.cells, new.valid_from)
    if not new.cells:
        raise InputError("grid_without_cells", field="cells", code=new.code)
    check_new(session, new)
    require_cells(session, new.cells, new.valid_from)
    present = grid_of_cell(session, new.kind, new.valid_from)
    if taken := sorted(new.cells & present.keys()):
        raise ConflictError("cells_in_other_grid", cell=taken[0], grid=present[taken[0]], count=len(taken))
    row = row_of(new)
    session.add(row)
    session.flush()
    set_grids_of_cells(session, new.kind, dict.fromkeys(sorted(new.cells), new.code), new.valid_from)
    after = shown(row) | {"cells": sorted(new.cells)}
    record(session, actor, "grid.create", f"grid:{new.code}", after=after)
    return row


def assign_grid(session: Session, actor: Actor, code: str, on: date, change: Assignment) -> ResponsibilityGrid:
    """Give a grid another name, post, backup or hours from a day on.

    Raises
    ------
    NotFoundError
        ``grid_unknown``, ``post_unknown``.
    ConflictError
        ``ended_already`` when something is already laid down for a later day.
    InputError
        ``post_of_other_kind``, ``backup_is_post``, or when the hours cannot be.
    """
    present = grid_on(session, code, on)
    require_on_cells(session, actor, cells_of_grid(session, code, on), on)
    new = NewGrid(
        code=code,
        name=present.name if change.name is None else change.name,
        kind=present.kind,
        valid_from=on,
        cells=frozenset(),
        post=present.post_code if change.post is None else change.post or None,
        backup=present.backup_code if change.backup is None else change.backup or None,
        hours=present.hours if change.hours is None else change.hours,
    )
    row = reassigned(session, new)
    record(session, actor, "grid.assign", f"grid:{code}", before=row[1], after=shown(row[0]))
    return row[0]


def set_members(session: Session, actor: Actor, code: str, cells: Collection[str], on: date) -> int:
    """Give a grid exactly these cells from a day on and return how many cells change.

    Cells come out of the grid of the kind that they are in; cells that it loses are in none of the kind.

    Raises
    ------
    NotFoundError
        ``grid_unknown``, ``cells_unknown``.
    ConflictError
        ``grid_ends``, ``membership_planned``.
    InputError
        ``grid_without_cells``.
    """
    row = grid_on(session, code, on)
    before = cells_of_grid(session, code, on)
    require_on_cells(session, actor, {*cells, *before}, on)
    if not cells:
        raise InputError("grid_without_cells", field="cells", code=code)
    require_open(session, [code])
    require_cells(session, cells, on)
    changed = set_grids_of_cells(session, row.kind, restated(session, row.kind, {code: cells}, on), on)
    record(
        session, actor, "grid.set_members", f"grid:{code}",
        before={"cells": before}, after={"cells": sorted(set(cells)), "on": str(on)},
    )  # fmt: skip
    return changed


def move_cells(session: Session, actor: Actor, kind: str, wanted: Mapping[str, str], on: date) -> int:
    """Put cells into grids of a kind from a day on, as a proposal has them, and return how many change.

    Raises
    ------
    NotFoundError
        ``grid_kind_unknown``, ``grid_unknown``, ``cells_unknown``.
    ConflictError
        ``grid_ends``, ``membership_planned``.
    InputError
        ``grid_of_other_kind``.
    """
    require_on_cells(session, actor, wanted.keys(), on)
    kind_of_code(session, kind)
    for code in sorted(set(wanted.values())):
        if grid_on(session, code, on).kind != kind:
            raise InputError("grid_of_other_kind", field="grid", value=code, kind=kind)
    require_open(session, wanted.values())
    require_cells(session, wanted.keys(), on)
    present = grid_of_cell(session, kind, on)
    changed = set_grids_of_cells(session, kind, wanted, on)
    moves = {cell: [present.get(cell), code] for cell, code in sorted(wanted.items()) if present.get(cell) != code}
    record(session, actor, "grid.move_cells", f"grid_kind:{kind}", after={"on": str(on), "cells": moves})
    return changed


def dissolve_grid(session: Session, actor: Actor, code: str, on: date) -> ResponsibilityGrid:
    """End a grid on a day; its cells are in no grid of the kind from then on, until another takes them.

    Raises
    ------
    NotFoundError
        ``grid_unknown``.
    ConflictError
        ``ended_already``, ``membership_planned`` when something is already laid down for a later day.
    """
    row = grid_on(session, code, on)
    cells = cells_of_grid(session, code, on)
    require_on_cells(session, actor, cells, on)
    before = shown(row) | {"cells": cells}
    set_grids_of_cells(session, row.kind, dict.fromkeys(cells), on)
    row = grid_on(session, code, on)
    end(session, row, on)
    record(session, actor, "grid.dissolve", f"grid:{code}", before=before, after=shown(row))
    return row


def check_new(session: Session, new: NewGrid) -> None:
    """Refuse a grid that cannot be created, for all but its cells; see :func:`create_grid`."""
    check_code(new.code)
    kind_of_code(session, new.kind)
    if session.scalar(select(ResponsibilityGrid.code).where(ResponsibilityGrid.code == new.code).limit(1)):
        raise DuplicateCodeError("grid_code_taken", field="code", code=new.code)
    check_assignment(session, new)


def check_assignment(session: Session, new: NewGrid) -> None:
    """Refuse a name, posts and hours that a grid cannot have."""
    require_text("name", new.name)
    check_deputies(new.code, new.post, new.backup)
    for code in (new.post, new.backup):
        if code is not None and (kind := post_on(session, code, new.valid_from).kind) != new.kind:
            raise InputError("post_of_other_kind", field="post", value=code, kind=new.kind, post_kind=kind)
    check_hours(new.hours)


def reassigned(session: Session, new: NewGrid) -> tuple[ResponsibilityGrid, dict[str, object] | None]:
    """Begin the row that says of a grid what is new, and return it with what was said before."""
    check_assignment(session, new)
    row = row_of(new)
    return row, begin(session, row, ResponsibilityGrid.code == new.code)


def row_of(new: NewGrid) -> ResponsibilityGrid:
    """Return the row of a grid, without its cells."""
    return ResponsibilityGrid(
        code=new.code,
        name=new.name.strip(),
        kind=new.kind,
        post_code=new.post,
        backup_code=new.backup,
        hours={days: list(spans) for days, spans in new.hours.items()},
        valid_from=new.valid_from,
    )
