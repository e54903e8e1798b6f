"""Indicators as text of JSON, alike over HTTP and on the command line: each number with the address of its cases.

Tens of thousands of numbers are not checked one by one: a test holds answers to the shapes of the documentation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gridmgmt.cases.measures import RATIOS, Ratio
from gridmgmt.indicators.rules import AreaBasis, Indicators
from gridmgmt.reports.formatting import rate_text
from gridmgmt.reports.indicators_addresses import CaseLists, filters_of
from gridmgmt.reports.indicators_ranking import BETTER, Place
from gridmgmt.reports.indicators_rows import Row, Written, rows_text, total_values, written
from gridmgmt.reports.indicators_words import basis_note, definition, notes_of, row_name
from gridmgmt.texts import Language, text

Values = dict[str, Any]  # Any: JSON


@dataclass(frozen=True)
class Told:
    """An answer as it is told: in which language, and whether data of the folder are made up.

    The moment of counting is left to who tells it: it makes no other answer.
    """

    found: Indicators
    synthetic: bool
    lang: Language

    def table(self, rows: Sequence[Row], following: str | None) -> Written:
        """Return the table of one page of rows, with the address of the next."""
        found = self.found
        compared = found.compared and self._compared(found.compared, {code for code, _, _ in rows})
        return written(
            {
                **self._head(),
                "notes": notes_of(found, self.lang),
                **self._numbers(found, rows, found.compared),
                "row_count": len(found.rows) if found.row_count is None else found.row_count,
                "next": following,
                "compared": compared,
                "definitions": [self._definition(ratio) for ratio in RATIOS],
            }
        )

    def ranking(self, ratio: Ratio, places: Sequence[Place], min_cases: int) -> Written:
        """Return the ranking of these places."""
        return written(
            {
                **self._head(),
                "ratio": ratio,
                "name": text(f"ratio.{ratio}", self.lang),
                "better": BETTER[ratio],
                "min_cases": min_cases,
                "rows": [self._place(ratio, place) for place in places],
            }
        )

    def _head(self) -> Values:
        found = self.found
        areas = AreaBasis.AS_REPORTED if found.basis is AreaBasis.AS_REPORTED else AreaBasis.ON
        basis = {"areas": areas, "areas_on": found.question.areas_on, "note": basis_note(found, self.lang)}
        return {
            "period": _period(found),
            "by": found.question.by,
            "filters": filters_of(found.question),
            "basis": basis,
            "synthetic": self.synthetic,
        }

    def _compared(self, found: Indicators, codes: set[str | None]) -> Written:
        rows = [row for row in found.rows if row[0] in codes]
        return written({"period": _period(found), **self._numbers(found, rows, None)})

    def _numbers(self, found: Indicators, rows: Sequence[Row], other: Indicators | None) -> Values:
        lists = CaseLists(found.question, found.question.period)
        before = {} if other is None else {code: tally for code, _, tally in other.rows}
        total = total_values(found.total, lists, None if other is None else other.total)
        return {
            "total": {"code": None, "name": text("indicators.total", self.lang), **total},
            "rows": rows_text(rows, lists, before, self.lang),
        }

    def _definition(self, ratio: Ratio) -> Values:
        numerator, denominator = RATIOS[ratio]
        return {
            "ratio": ratio,
            "name": text(f"ratio.{ratio}", self.lang),
            "numerator": numerator,
            "denominator": denominator,
            "text": definition(ratio, self.lang),
        }

    def _place(self, ratio: Ratio, place: Place) -> Values:
        lists = CaseLists(self.found.question, self.found.question.period)
        numerator, denominator = (lists.of(measure, lists.row(place.code)) for measure in RATIOS[ratio])
        return {
            "rank": place.rank,
            "code": place.code,
            "name": row_name(place.code, place.name, self.lang),
            "value": place.value,
            "text": rate_text(place.value),
            "numerator": place.numerator,
            "denominator": place.denominator,
            "cases_numerator": numerator,
            "cases_denominator": denominator,
        }


def _period(found: Indicators) -> Values:
    period = found.question.period
    return {"from": period.first, "to": period.last}
