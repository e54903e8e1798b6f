"""Reading cases."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select, tuple_

from gridmgmt.areas.queries import covered_by
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import CaseState
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import in_force_on
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat


@dataclass(frozen=True)
class CaseSummary:
    """One case; its position in degrees, its times with their offset."""

    case_id: int
    case_no: str
    kind: str
    type: str
    state: str
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    lon: float
    lat: float


def case_summaries(
    session: Session,
    on: date,
    *,
    state: CaseState | None = None,
    type_: str | None = None,
    area_id: int | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int = 100,
) -> list[CaseSummary]:
    """Return the cases of the editions in force on a day, the last reported first, at most ``limit``.

    Parameters
    ----------
    area_id
        Only cases that this area covers.
    after
        Time of report and id of the last case of the page before.
    """
    statement = _select_summaries(on).order_by(Case.reported_at.desc(), Case.case_id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(Case.state == state)
    if type_ is not None:
        statement = statement.where(Case.type == type_)
    if area_id is not None:
        statement = statement.where(covered_by(area_id, Case.geom))
    if after is not None:
        statement = statement.where(tuple_(Case.reported_at, Case.case_id) < tuple_(*after))
    return [CaseSummary(**row) for row in session.execute(statement).mappings()]


def case_summary(session: Session, case_no: str, on: date) -> CaseSummary:
    """Return one case.

    Raises
    ------
    NotFoundError
        When there is none of that number in force on that day.
    """
    row = session.execute(_select_summaries(on).where(Case.case_no == case_no)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("case_unknown", value=case_no, on=on)
    return CaseSummary(**row)


_PLAIN = ("case_id", "case_no", "kind", "type", "state", "reported_at", "due_at", "closed_at")


def _select_summaries(on: date) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(getattr(Case, name) for name in _PLAIN),
            *lonlat(Case.geom),
        )
        .join(Edition, Edition.edition_id == Case.edition_id)
        .where(in_force_on(on))
    )
