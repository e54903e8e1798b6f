"""Which cells are in which grid from a day on, and who may say so."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import Text, and_, any_, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import require
from gridmgmt.areas.queries import names_above
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, NotFoundError
from gridmgmt.frames import copy_rows
from gridmgmt.governance.queries import holds_on
from gridmgmt.responsibility.models import GridMember, ResponsibilityGrid
from gridmgmt.responsibility.queries import cells_in_force, grid_of_cell

_COLUMNS = ("kind", "grid_code", "cell_code", "valid_from")
_NAMED = 5


def require_on_cells(session: Session, actor: Actor, cells: Collection[str], on: date) -> None:
    """Ask for the actor's permission on each of some cells and all areas that hold it.

    A cell that is not in force is asked about by its code alone.
    """
    if actor.may(Permission.GRIDS_WRITE) or not cells:
        require(actor, Permission.GRIDS_WRITE)
        return
    known = cells_in_force(session, on, cells)
    above: dict[tuple[str | None, str | None], list[str]] = {}
    for code in sorted(cells):
        facts = known.get(code)
        parent = (None, None) if facts is None else (facts.parent_level, facts.parent_code)
        if parent not in above:
            level, holder = parent
            above[parent] = [] if level is None or holder is None else _codes_above(session, level, holder, on)
        require(actor, Permission.GRIDS_WRITE, areas=[code, *above[parent]])


def require_cells(session: Session, cells: Collection[str], on: date) -> None:
    """Refuse codes of which no cell is in force on a day.

    Raises
    ------
    NotFoundError
        ``cells_unknown``.
    """
    unknown = sorted(set(cells) - cells_in_force(session, on, cells).keys())
    if unknown:
        raise NotFoundError("cells_unknown", field="cells", codes=named(unknown), count=len(unknown), on=on)


def set_grids_of_cells(session: Session, kind: str, wanted: Mapping[str, str | None], on: date) -> int:
    """Put cells into grids of a kind from a day on, or out of any for None; return how many change.

    Raises
    ------
    ConflictError
        ``membership_planned`` when something else is already laid down for a later day.
    """
    member = GridMember
    asked = and_(member.kind == kind, member.cell_code == any_(literal(list(wanted), ARRAY(Text))))
    later = and_(member.valid_from > on, or_(member.valid_to.is_(None), member.valid_to > member.valid_from))
    present = session.scalars(select(member).where(asked, holds_on(member, on))).all()
    now = {row.cell_code: row.grid_code for row in present}
    changes = {cell: code for cell, code in wanted.items() if now.get(cell) != code}
    planned = set(session.scalars(select(member.cell_code).where(asked, later)))
    planned |= {row.cell_code for row in present if row.valid_to is not None}
    if refused := sorted(planned & changes.keys()):
        raise ConflictError("membership_planned", kind=kind, codes=named(refused), count=len(refused), on=on)
    ending = [row.member_id for row in present if row.cell_code in changes]
    if ending:
        session.execute(
            update(member)
            .where(member.member_id.in_(ending))
            .values(valid_to=on)
            .execution_options(synchronize_session=False)
        )
        session.expire_all()
    rows = [(kind, code, cell, on) for cell, code in sorted(changes.items()) if code is not None]
    session.flush()
    copy_rows(session, member.__tablename__, _COLUMNS, rows)
    return len(changes)


def restated(session: Session, kind: str, cells_of: Mapping[str, Collection[str]], on: date) -> dict[str, str | None]:
    """Return the grid of each cell when some grids have exactly these cells: cells that they lose have none."""
    wanted: dict[str, str | None] = {
        cell: None for cell, code in grid_of_cell(session, kind, on).items() if code in cells_of
    }
    return wanted | {cell: code for code, cells in cells_of.items() for cell in cells}


def require_open(session: Session, codes: Iterable[str]) -> None:
    """Refuse grids whose end is laid down.

    Raises
    ------
    ConflictError
        ``grid_ends``.
    """
    asked = set(codes)
    grid = ResponsibilityGrid
    found = set(session.scalars(select(grid.code).where(grid.code.in_(asked), grid.valid_to.is_(None))))
    if ending := sorted(asked - found):
        raise ConflictError("grid_ends", codes=named(ending))


def named(codes: Sequence[str]) -> str:
    """Return codes as a text, the first few where there are many."""
    return ", ".join(codes[:_NAMED]) + (" …" if len(codes) > _NAMED else "")


def _codes_above(session: Session, level: str, code: str, on: date) -> list[str]:
    return [above for _, above in names_above(session, level, code, on)]
