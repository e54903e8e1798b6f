"""How what is said of premises ends and something new begins."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, update

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import require
from gridmgmt.db import Session
from gridmgmt.errors import ConflictError, NotFoundError, Problem
from gridmgmt.premises import queries
from gridmgmt.premises.models import Premises, PremisesInspection
from gridmgmt.premises.rules import PremisesChange, PremisesColour, Rubric, colour_of, due_on

Values = dict[str, Any]  # Any: a column of any type
_SAME = (
    "code", "address", "quarter_code", "middle_code", "town_code", "district_code", "group_renting", "cooperating",
    "inspection_id", "inspected_on", "score", "colour", "due_on", "geom",
)  # fmt: skip


def areas_of(row: Premises) -> list[str]:
    """Return the codes of the areas that hold premises, as permissions ask for them."""
    codes = (row.quarter_code, row.middle_code, row.town_code, row.district_code)
    return [code for code in codes if code is not None]


def held_row(session: Session, actor: Actor, code: str, on: date) -> Premises:
    """Return the row of premises that something may be said of from a day on, once the actor may write it.

    Raises
    ------
    NotFoundError
        ``premises_unknown``.
    ConflictError
        ``premises_later`` when the register says something of them that begins later.
    ForbiddenError
        Without the right to write premises there.
    """
    row = queries.last_rows(session, [code]).get(code)
    if row is None:
        raise NotFoundError("premises_unknown", field="code", value=code, on=on)
    require(actor, Permission.PREMISES_WRITE, areas=areas_of(row))
    if row.valid_from > on:
        raise ConflictError("premises_later", field="on", value=code, on=on, begun=row.valid_from)
    return row


def later(row: Premises, on: date) -> Problem | None:
    """Return why nothing can be said of premises from a day on, None where it can."""
    if row.valid_from > on:
        return Problem(None, "premises_later", {"value": row.code, "on": on, "begun": row.valid_from})
    return None


def values_of(row: Premises) -> Values:
    """Return what a row says, as the beginning of another."""
    return {name: getattr(row, name) for name in _SAME} | {"valid_from": row.valid_from}


def turn(session: Session, row: Premises, changes: Sequence[Values]) -> None:
    """End a row and say one thing after another instead, each from its ``valid_from`` on."""
    turn_many(session, [(row, changes)])


def turn_many(session: Session, turned: Sequence[tuple[Premises, Sequence[Values]]]) -> None:
    """Do :func:`turn` for many, in few statements."""
    ends = [{"premises_id": row.premises_id, "valid_to": changes[0]["valid_from"]} for row, changes in turned]
    if not ends:
        return
    session.execute(update(Premises), ends)
    new = []
    for _, changes in turned:
        for one, following in zip(changes, [*changes[1:], None], strict=True):
            new.append({**one, "valid_to": None if following is None else following["valid_from"]})
    session.execute(insert(Premises), new)
    session.expire_all()


def by_inspection(inspection: PremisesInspection, rubric: Rubric, *, cooperating: bool) -> Values:
    """Return score, colour and next day of premises after a complete inspection, under their present cooperation."""
    colour = colour_of(rubric, inspection.score, cooperating=cooperating)
    if colour is None:
        raise ValueError(f"inspection {inspection.inspection_id} is incomplete")
    return {
        "inspection_id": inspection.inspection_id,
        "inspected_on": inspection.inspected_on,
        "score": inspection.score,
        "colour": str(colour),
        "due_on": due_on(rubric, PremisesColour(colour), inspection.inspected_on),
    }


def uninspected(on: date) -> Values:
    """Return what is said of premises without a complete inspection: they are due at once."""
    return {"inspection_id": None, "inspected_on": None, "score": None, "colour": None, "due_on": on}


def begun(values: Values, on: date, change: PremisesChange) -> Values:
    """Return values as what is said from a day on, and why."""
    return {**values, "valid_from": on, "change": str(change)}
