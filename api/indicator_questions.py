"""What is asked of indicators, in the query of an address."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query

from api.context import Context, RequestSession
from gridmgmt.cases.measures import Dimension
from gridmgmt.cases.rules import CaseFilter, CaseKind, CaseSource
from gridmgmt.casework.known import check_known
from gridmgmt.indicators.rules import Compare, Period, Question, asked_period


def _period(
    context: Context,
    first: Annotated[
        date | None,
        Query(
            alias="from",
            description="The first day, in the district's time zone.",
            openapi_examples={"october": {"value": "2026-10-01"}},
        ),
    ] = None,
    last: Annotated[
        date | None,
        Query(
            alias="to",
            description="The last day, included; without both, the present month up to today. At most 1,098 days.",
            openapi_examples={"october": {"value": "2026-10-31"}},
        ),
    ] = None,
) -> Period:
    """Return the period that is asked for."""
    return asked_period(first, last, context.today())


class _Where:
    """Which areas, and of which day."""

    def __init__(
        self,
        area: Annotated[str | None, Query(max_length=64, description="Only cases of the area of this code.")] = None,
        areas_on: Annotated[
            date | None,
            Query(description="Place every case anew in the areas in force on this day; as reported without it."),
        ] = None,
        post: Annotated[
            str | None, Query(max_length=64, description="Only cases of cells that this officer post answered for.")
        ] = None,
    ) -> None:
        self.areas_on = areas_on
        self.values: dict[str, Any] = {"area": area, "post": post}


class _What:
    """Which cases."""

    def __init__(
        self,
        department: Annotated[str | None, Query(max_length=64, description="Only those of this department.")] = None,
        type: Annotated[  # noqa: A002 -- its name outside
            str | None, Query(max_length=200, description="Only those of this type, by its code.")
        ] = None,
        major: Annotated[
            str | None,
            Query(max_length=64, description="Only those of this class: the first two digits of a type's code."),
        ] = None,
        source: Annotated[CaseSource | None, Query(description="Only those that came to be known this way.")] = None,
        kind: Annotated[CaseKind | None, Query(description="Only events, or only components.")] = None,
    ) -> None:
        self.values: dict[str, Any] = {
            "department": department,
            "type": type,
            "major": major,
            "source": source,
            "kind": kind,
        }


@dataclass(frozen=True)
class Narrowed:
    """Which cases of which period are counted, in which areas."""

    period: Period
    wanted: CaseFilter
    areas_on: date | None

    def question(self, by: Dimension | None, compare: Compare = Compare.NONE) -> Question:
        """Return the question of this by a dimension, beside another period or none."""
        return Question(self.period, by, self.wanted, self.areas_on, compare)


def _narrowed(
    session: RequestSession,
    context: Context,
    period: Annotated[Period, Depends(_period)],
    where: Annotated[_Where, Depends()],
    what: Annotated[_What, Depends()],
) -> Narrowed:
    """Return what is asked for; a department, type, class or post that nobody knows is refused, not counted as nothing.

    From here on the request sees the database at one moment, so that two periods, rows and names belong together.
    """
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    wanted = CaseFilter(**where.values, **what.values)
    check_known(session, wanted, now=context.clock())
    return Narrowed(period, wanted, where.areas_on)


Asked = Annotated[Narrowed, Depends(_narrowed, scope="function")]
"""Which cases a request asks indicators of."""
