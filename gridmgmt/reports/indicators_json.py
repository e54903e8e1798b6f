"""Indicators as values of JSON, alike over HTTP and on the command line: each number with the address of its cases.

Tens of thousands of numbers are not checked one by one: a test holds answers to the shapes of the documentation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gridmgmt.cases.measures import RATIOS, Measure, Ratio
from gridmgmt.indicators.rules import AreaBasis, Indicators, Tally
from gridmgmt.reports.formatting import rate_text
from gridmgmt.reports.indicators_addresses import CaseLists, filters_of
from gridmgmt.reports.indicators_ranking import BETTER, Place
from gridmgmt.reports.indicators_words import basis_note, definition, notes_of, row_name
from gridmgmt.texts import Language, text

Values = dict[str, Any]  # Any: JSON
Row = tuple[str | None, str, Tally]


@dataclass(frozen=True)
class Told:
    """An answer as it is told: in which language, and whether data of the folder are made up."""

    found: Indicators
    synthetic: bool
    lang: Language

    def table(self, rows: Sequence[Row], following: str | None) -> Values:
        """Return the table of one page of rows, with the address of the next."""
        found = self.found
        compared = found.compared and self._compared(found.compared, {code for code, _, _ in rows})
        return {
            **self._head(),
            "notes": notes_of(found, self.lang),
            **self._numbers(found, rows, found.compared),
            "row_count": len(found.rows) if found.row_count is None else found.row_count,
            "next": following,
            "compared": compared,
            "definitions": [self._definition(ratio) for ratio in RATIOS],
        }

    def ranking(self, ratio: Ratio, places: Sequence[Place], min_cases: int) -> Values:
        """Return the ranking of these places."""
        return {
            **self._head(),
            "ratio": ratio,
            "name": text(f"ratio.{ratio}", self.lang),
            "better": BETTER[ratio],
            "min_cases": min_cases,
            "rows": [self._place(ratio, place) for place in places],
        }

    def _head(self) -> Values:
        found = self.found
        areas = AreaBasis.AS_REPORTED if found.basis is AreaBasis.AS_REPORTED else AreaBasis.ON
        basis = {"areas": areas, "areas_on": found.question.areas_on, "note": basis_note(found, self.lang)}
        return {
            "period": _period(found),
            "as_of": found.as_of,
            "by": found.question.by,
            "filters": filters_of(found.question),
            "basis": basis,
            "synthetic": self.synthetic,
        }

    def _compared(self, found: Indicators, codes: set[str | None]) -> Values:
        rows = [row for row in found.rows if row[0] in codes]
        return {"period": _period(found), **self._numbers(found, rows, None)}

    def _numbers(self, found: Indicators, rows: Sequence[Row], other: Indicators | None) -> Values:
        lists = CaseLists(found.question, found.question.period)
        before = {} if other is None else {code: tally for code, _, tally in other.rows}
        total = _tally(found.total, lists, lists.total, None if other is None else other.total)
        return {
            "total": {"code": None, "name": text("indicators.total", self.lang), **total},
            "rows": [
                {"code": code, "name": row_name(code, name, self.lang)}
                | _tally(tally, lists, lists.row(code), before.get(code))
                for code, name, tally in rows
            ],
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


def _tally(tally: Tally, lists: CaseLists, beginning: str, before: Tally | None) -> Values:
    """Return the numbers of a row, each with the address of its cases."""
    cases = {measure: lists.of(measure, beginning) for measure in Measure}
    counts = {measure: tally.counts.get(measure, 0) for measure in Measure}
    return {
        "counts": {measure: {"value": counts[measure], "cases": cases[measure]} for measure in Measure},
        "ratios": {
            ratio: _change(tally, before, ratio)
            | {
                "numerator": counts[numerator],
                "denominator": counts[denominator],
                "cases_numerator": cases[numerator],
                "cases_denominator": cases[denominator],
            }
            for ratio, (numerator, denominator) in RATIOS.items()
        },
        "mean_handling_s": {
            "value": tally.mean_handling_s,
            "cases": cases[Measure.HANDLED],
        },
    }


def _change(tally: Tally, before: Tally | None, ratio: Ratio) -> Values:
    value = tally.ratio(ratio)
    earlier = None if before is None else before.ratio(ratio)
    change = None if value is None or earlier is None else value - earlier
    return {"value": value, "text": rate_text(value), "change": change}
