"""Cases summed up: the board of what is open at each body and in each town, and how many there are by what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, text

from gridmgmt.areas.models import Area
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.models import Case
from gridmgmt.cases.queries import conditions, is_open, select_listed
from gridmgmt.cases.rules import CaseFilter, CaseState, Urgency
from gridmgmt.db import Session

MOST_OVERDUE = 50
"""So many of the most overdue cases stand on a board."""


@dataclass(frozen=True)
class BoardRow:
    """What is open at one body or in one town; ``code`` None for what has none yet."""

    code: str | None
    open: int
    supervised: int
    by_urgency: dict[str, int]
    by_state: dict[str, int]
    oldest_due_at: datetime | None


@dataclass(frozen=True)
class Board:
    """All open cases by body and by town, most overdue first, and the cases that are most overdue."""

    departments: list[BoardRow]
    towns: list[BoardRow]
    most_overdue: Sequence[Row[*tuple[Any, ...]]]


def board(session: Session, wanted: CaseFilter, *, now: datetime) -> Board:
    """Return the board of the open cases that meet a filter.

    Raises
    ------
    NotFoundError
        When no boundary edition has an area of the filter's code.
    """
    # Planned for its values each time: what is fast for one street's box is slow for a district's.
    session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    keys = (Case.department_code, Case.town_code, Case.urgency, Case.state)
    tallies = (func.count(), func.count().filter(Case.supervised), func.min(Case.due_at))
    met = [is_open(), *conditions(session, wanted, now)]
    rows = session.execute(select(*keys, *tallies).where(*met).group_by(*keys)).all()
    late = select_listed().where(*met, Case.due_at.is_not(None), Case.urgency == Urgency.OVERDUE)
    most = session.execute(late.order_by(Case.due_at, Case.case_id).limit(MOST_OVERDUE)).all()
    return Board(_board_rows(rows, 0), _board_rows(rows, 1), most)


def _board_rows(rows: Sequence[Row[*tuple[Any, ...]]], by: int) -> list[BoardRow]:
    """Return the tallies by one of the two codes, with the most overdue first, then by how many are open."""
    found: dict[str | None, BoardRow] = {}
    for row in rows:
        urgency, state, number, supervised, due_at = row[2:]
        seen = found.get(row[by]) or BoardRow(row[by], 0, 0, {}, {}, None)
        found[row[by]] = BoardRow(
            row[by],
            seen.open + number,
            seen.supervised + supervised,
            _plus(seen.by_urgency, urgency, number),
            _plus(seen.by_state, state, number),
            min(filter(None, (seen.oldest_due_at, due_at)), default=None),
        )
    return sorted(found.values(), key=lambda r: (-r.by_urgency.get(Urgency.OVERDUE, 0), -r.open, r.code or ""))


def _plus(counts: dict[str, int], name: str, number: int) -> dict[str, int]:
    return {**counts, name: counts.get(name, 0) + number}


def town_names(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """Return the last name that a boundary edition gave to each town of these codes."""
    statement = select(Area.code, Area.name).where(Area.level == AreaLevel.TOWN, Area.code.in_(codes))
    return dict(session.execute(statement.order_by(Area.edition_id)).all())


STATISTICS = ("state", "source", "department", "type", "kind", "urgency")
"""What cases are counted by."""


def case_statistics(session: Session, wanted: CaseFilter, *, now: datetime) -> dict[str, dict[str, int]]:
    """Return how many cases meet a filter by each of `STATISTICS`; one linked to another counts by its state alone.

    Every case is looked at, unlike in a list: at a million cases that takes a second.
    """
    columns = (Case.state, Case.source, Case.department_code, Case.type, Case.kind, Case.urgency)
    statement = select(*columns, func.count()).where(*conditions(session, wanted, now)).group_by(*columns)
    found: dict[str, dict[str, int]] = {name: {} for name in STATISTICS}
    for *values, number in session.execute(statement):
        counted = STATISTICS[:1] if values[0] == CaseState.DUPLICATE else STATISTICS
        for name, value in zip(counted, values, strict=False):
            found[name] = _plus(found[name], value or "", number)
    return {name: dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))) for name, counts in found.items()}
