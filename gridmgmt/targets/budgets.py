"""Saying what an area may spend in a year, part by part, each with the bound that its source states."""

from dataclasses import dataclass
from datetime import date

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.areas.queries import area_in_force
from gridmgmt.db import Session
from gridmgmt.errors import RuleViolationError
from gridmgmt.governance.history import begin, shown
from gridmgmt.governance.rules import require_text
from gridmgmt.targets.budget_queries import StatedPart
from gridmgmt.targets.items import require_there
from gridmgmt.targets.models import Budget, BudgetPartRow
from gridmgmt.targets.rules import Amount, BudgetPart, check_amount, check_budget, check_parts, check_wanted


@dataclass(frozen=True)
class NewBudget:
    """What an area may spend in a year, as said from a day on."""

    name: str
    area_code: str
    year: int
    parts: tuple[StatedPart, ...]
    total: Amount | None
    source: str
    valid_from: date


def set_budget(session: Session, actor: Actor, new: NewBudget) -> Budget:
    """Say what an area may spend in a year from a day on; what was said of that year until then ends.

    Raises
    ------
    NotFoundError
        ``area_unknown``.
    InputError
        ``budget_parts``, ``budget_part_twice``, ``amount_impossible``, ``value_needed``, ``target_number``.
    RuleViolationError
        ``budget_contradicts`` when the stated total cannot be true with the parts.
    """
    area = area_in_force(session, new.area_code, new.valid_from)
    require_there(session, actor, area.level, area.code, new.valid_from)
    check_wanted(1, new.year)
    parts = [BudgetPart(require_text("name", part.name), part.amount) for part in new.parts]
    check_parts(parts)
    if new.total is not None:
        check_amount("total", new.total)
    found = check_budget(parts, new.total)
    if found.consistent is False:
        raise RuleViolationError("budget_contradicts", parts=str(found.parts), value=str(new.total))
    row = Budget(
        name=require_text("name", new.name),
        level=area.level,
        area_code=area.code,
        year=new.year,
        total_yuan=None if new.total is None else new.total.yuan,
        total_bound=None if new.total is None else new.total.bound,
        source=require_text("source", new.source),
        valid_from=new.valid_from,
    )
    before = begin(session, row, Budget.area_code == area.code, Budget.year == new.year)
    session.add_all(
        BudgetPartRow(
            budget_id=row.budget_id,
            part_no=number,
            name=part.name.strip(),
            yuan=part.amount.yuan,
            bound=part.amount.bound,
            source=require_text("source", part.source),
        )
        for number, part in enumerate(new.parts, start=1)
    )
    session.flush()
    told = [{"name": part.name, "amount": str(part.amount)} for part in parts]
    record(
        session,
        actor,
        "budget.set",
        f"budget:{area.code}/{new.year}",
        before=before,
        after=shown(row) | {"parts": told},
    )
    return row
