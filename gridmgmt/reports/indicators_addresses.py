"""Where the cases behind a number are listed: the query that the list, its files, the map and the console all take."""

from collections.abc import Mapping
from urllib.parse import urlencode

from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.indicators.rules import Period, Question

API_LIST = "/api/v1/cases"
CONSOLE_LIST = "/cases"

FILTERS = ("area", "department", "type", "major", "source", "kind", "post")
"""What a question may be narrowed by, as the list of cases takes it."""

AREAS = frozenset({Dimension.DISTRICT, Dimension.TOWN, Dimension.MIDDLE, Dimension.QUARTER, Dimension.CELL})


class CaseLists:
    """Addresses of the lists behind the numbers of an answer.

    Parameters
    ----------
    question
        What was asked.
    period
        Whose numbers they are; that of the question, or of what it is compared with.
    address
        Of the list, without a query.

    Examples
    --------
    >>> from datetime import date
    >>> from gridmgmt.cases.rules import CaseFilter
    >>> from gridmgmt.indicators.rules import Compare
    >>> month = Period(date(2026, 10, 1), date(2026, 10, 31))
    >>> asked = Question(month, Dimension.TOWN, CaseFilter(), None, Compare.NONE)
    >>> CaseLists(asked, month).of(Measure.CLOSED, CaseLists(asked, month).row("310113109"))
    '/api/v1/cases?counted_from=2026-10-01&counted_to=2026-10-31&area=310113109&measure=closed'
    """

    def __init__(self, question: Question, period: Period, address: str = API_LIST) -> None:
        self._by = question.by
        self._wanted = filters_of(question)
        self._start = address + "?" + urlencode({"counted_from": period.first, "counted_to": period.last})

    @property
    def total(self) -> str:
        """The beginning of the addresses of all that was asked for."""
        return self._beginning({})

    def row(self, code: str | None) -> str:
        """Return the beginning of the addresses of one row; None is the row of what has no value."""
        if self._by is None:
            return self.total
        if code is None:
            return self._beginning({"lacks": self._by})
        if self._by not in AREAS:
            return self._beginning({str(self._by): code})
        outer = self._wanted.get("area", code)
        return self._beginning({"area": code} if outer == code else {"area": code, "within": outer})

    def of(self, measure: Measure, beginning: str) -> str:
        """Return the address of the list that a number counts."""
        return f"{beginning}&measure={measure}"

    def _beginning(self, row: Mapping[str, str]) -> str:
        narrowed = {**self._wanted, **row}
        return f"{self._start}&{urlencode(narrowed)}" if narrowed else self._start


def filters_of(question: Question) -> dict[str, str]:
    """Return what a question is narrowed by, by the names that an address has for it."""
    named = ((name, getattr(question.wanted, name)) for name in FILTERS)
    day = () if question.areas_on is None else (("areas_on", question.areas_on.isoformat()),)
    return {name: str(value) for name, value in (*named, *day) if value is not None}
