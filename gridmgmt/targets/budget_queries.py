"""Reading budgets with their parts and bounds."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select, tuple_

from gridmgmt.db import Session
from gridmgmt.governance.queries import holds_on
from gridmgmt.targets.models import Budget, BudgetPartRow
from gridmgmt.targets.queries import area_names, of_area
from gridmgmt.targets.rules import Amount, AmountBound, BudgetCheck, BudgetPart, check_budget


@dataclass(frozen=True)
class StatedPart:
    """One part of a budget with the source of its amount."""

    name: str
    amount: Amount
    source: str


@dataclass(frozen=True)
class BudgetView:
    """A budget as it is said to be on a day, with its parts in the order of the source."""

    name: str
    level: str
    area_code: str
    area_name: str | None
    year: int
    total: Amount | None
    source: str
    valid_from: date
    valid_to: date | None
    parts: tuple[StatedPart, ...]

    @property
    def check(self) -> BudgetCheck:
        """What the parts come to, and whether the stated total can be true with them."""
        return check_budget([BudgetPart(part.name, part.amount) for part in self.parts], self.total)


def budgets(
    session: Session,
    on: date,
    *,
    area_id: int | None = None,
    year: int | None = None,
    after: tuple[int, str] | None = None,
    limit: int = 100,
) -> list[BudgetView]:
    """Return the budgets of a day by year and area, at most ``limit``.

    Parameters
    ----------
    area_id
        Only those of this area and of what lies in it.
    after
        Year and area of the last budget of the page before.
    """
    statement = select(Budget).where(holds_on(Budget, on)).order_by(Budget.year, Budget.area_code).limit(limit)
    if area_id is not None:
        statement = statement.where(of_area(Budget, area_id, on))
    if year is not None:
        statement = statement.where(Budget.year == year)
    if after is not None:
        statement = statement.where(tuple_(Budget.year, Budget.area_code) > tuple_(*after))
    rows = session.scalars(statement).all()
    parts: dict[int, list[StatedPart]] = defaultdict(list)
    chosen = select(BudgetPartRow).where(BudgetPartRow.budget_id.in_([row.budget_id for row in rows]))
    for part in session.scalars(chosen.order_by(BudgetPartRow.budget_id, BudgetPartRow.part_no)):
        parts[part.budget_id].append(StatedPart(part.name, _amount(part.yuan, part.bound), part.source))
    called = area_names(session, {(row.level, row.area_code) for row in rows}, on)
    return [
        BudgetView(
            name=row.name,
            level=row.level,
            area_code=row.area_code,
            area_name=called.get((row.level, row.area_code)),
            year=row.year,
            total=None if row.total_yuan is None else _amount(row.total_yuan, row.total_bound),
            source=row.source,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            parts=tuple(parts[row.budget_id]),
        )
        for row in rows
    ]


def _amount(yuan: Decimal, bound: str | None) -> Amount:
    return Amount(yuan, AmountBound(bound or AmountBound.EXACT))
