"""Responsibility grids from a file: all of it or nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.db import Session
from gridmgmt.errors import FileRefusedError, GridMgmtError, InputError, Problem
from gridmgmt.hours import rules_of_text
from gridmgmt.responsibility.grids import check_assignment, check_new, reassigned, row_of
from gridmgmt.responsibility.members import require_on_cells, require_open, restated, set_grids_of_cells
from gridmgmt.responsibility.models import ResponsibilityGrid
from gridmgmt.responsibility.queries import cells_in_force, grid_of_cell, grid_rows
from gridmgmt.responsibility.rules import NewGrid

if TYPE_CHECKING:
    from gridmgmt.ingest.grids import GridRow

_SAID = ("name", "post", "backup", "hours")


@dataclass(frozen=True)
class GridsOutcome:
    """What came of a file of grids: how many were new, changed or just the same, and how many cells changed grid."""

    read: int
    created: int
    changed: int
    known: int
    cells_changed: int


def import_grids(session: Session, actor: Actor, rows: Iterable["GridRow"], on: date, *, source: str) -> GridsOutcome:
    """Give each grid of a file exactly the cells and the posts that it names, from a day on.

    A grid of a new code is created; what the rows of a known one leave blank stays. Grids that the file does not name
    stay as they are: a cell of theirs is refused. The same file again changes nothing.

    Parameters
    ----------
    source
        Where the rows come from, for the log.

    Raises
    ------
    FileRefusedError
        ``rows_refused`` with a problem for each row whose cell, kind, post or hours cannot be, or contradicts another.
    ForbiddenError
        When the actor may not write grids where the cells lie.
    """
    given = list(rows)
    require_on_cells(session, actor, {row.cell for row in given}, on)
    by_grid: dict[str, list[GridRow]] = {}
    for row in given:
        by_grid.setdefault(row.code, []).append(row)
    present = {grid.code: _new_of(grid, on) for grid in grid_rows(session, on)}
    problems = _cell_problems(session, given, by_grid, on)
    news: list[NewGrid] = []
    for of_grid in by_grid.values():
        try:
            news.append(_said(session, of_grid, present, on))
        except GridMgmtError as error:
            problems.append(Problem(of_grid[0].row, error.code, error.fields))
    if problems:
        refused = sorted(problems, key=lambda problem: (problem.row or 0, problem.code))
        count = len({problem.row for problem in refused})
        raise FileRefusedError("rows_refused", problems=refused, read=len(given), refused=count)
    outcome = _store(session, actor, news, present, on)
    facts = {"read": len(given), "on": str(on), "created": outcome.created, "cells_changed": outcome.cells_changed}
    record(session, actor, "grids.import", f"file:{source}", after=facts)
    return replace(outcome, read=len(given))


def _new_of(row: ResponsibilityGrid, on: date) -> NewGrid:
    return NewGrid(row.code, row.name, row.kind, on, frozenset(), row.post_code, row.backup_code, row.hours)


def _cell_problems(
    session: Session, rows: Sequence["GridRow"], by_grid: Mapping[str, object], on: date
) -> list[Problem]:
    """Find cells that are none on the day, or that belong to a grid which the file does not name."""
    known = cells_in_force(session, on, {row.cell for row in rows})
    held = {kind: grid_of_cell(session, kind, on) for kind in sorted({row.kind for row in rows})}
    found = []
    for row in rows:
        other = held[row.kind].get(row.cell)
        if row.cell not in known:
            found.append(Problem(row.row, "cell_unknown", {"value": row.cell, "on": on}))
        elif other is not None and other not in by_grid:
            found.append(Problem(row.row, "cell_in_other_grid", {"value": row.cell, "grid": other}))
    return found


def _said(session: Session, rows: Sequence["GridRow"], present: Mapping[str, NewGrid], on: date) -> NewGrid:
    """Return the grid that its rows tell of, checked."""
    first = rows[0]
    if {row.kind for row in rows} != {first.kind}:
        raise InputError("grid_contradicts", code=first.code, field="kind")
    said: dict[str, str | None] = {name: _one(rows, name) for name in _SAID}
    known = present.get(first.code)
    if known is not None and known.kind != first.kind:
        raise InputError("grid_of_other_kind", field="grid", value=first.code, kind=first.kind)
    before = known or NewGrid(first.code, first.code, first.kind, on, frozenset())
    new = replace(
        before,
        name=said["name"] or before.name,
        post=said["post"] or before.post,
        backup=said["backup"] or before.backup,
        hours=before.hours if said["hours"] is None else rules_of_text(said["hours"]),
        cells=frozenset(row.cell for row in rows),
    )
    check: Callable[[Session, NewGrid], None] = check_new if known is None else check_assignment
    check(session, new)
    if known is not None:
        require_open(session, [new.code])
    return new


def _one(rows: Sequence["GridRow"], name: str) -> str | None:
    """Return what the rows of a grid say, None where none says anything."""
    said = {value for row in rows if (value := getattr(row, name)) is not None}
    if len(said) > 1:
        raise InputError("grid_contradicts", code=rows[0].code, field=name)
    return next(iter(said), None)


def _store(
    session: Session, actor: Actor, news: Sequence[NewGrid], present: Mapping[str, NewGrid], on: date
) -> GridsOutcome:
    fresh = [new for new in news if new.code not in present]
    changed = [new for new in news if new.code in present and replace(new, cells=frozenset()) != present[new.code]]
    session.add_all(row_of(new) for new in fresh)
    for new in changed:
        reassigned(session, new)
    session.flush()
    cells_changed = 0
    for kind in sorted({new.kind for new in news}):
        wanted = restated(session, kind, {new.code: new.cells for new in news if new.kind == kind}, on)
        require_on_cells(session, actor, wanted.keys(), on)
        cells_changed += set_grids_of_cells(session, kind, wanted, on)
    return GridsOutcome(0, len(fresh), len(changed), len(news) - len(fresh) - len(changed), cells_changed)
