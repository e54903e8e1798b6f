"""Rows of indicators as text of JSON: each number with the address of its cases.

A page has 1,000 rows of some 150 values that are alike but for some of them. Their text is therefore made once, with a
slot for each value that differs, and filled for each row.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import count, islice
from operator import itemgetter
from typing import Any

from gridmgmt.cases.measures import RATIOS, Measure, Ratio
from gridmgmt.indicators.rules import Tally
from gridmgmt.reports.formatting import rate_text
from gridmgmt.reports.indicators_addresses import CaseLists
from gridmgmt.reports.indicators_words import row_name
from gridmgmt.texts import Language

Values = dict[str, Any]  # Any: JSON
Row = tuple[str | None, str, Tally]

_MARK = "\x00"
"""Begins the name of a slot; no text of the database has it."""
_SLOT = re.compile(r'"\\u0000(\d+)"|\\u0000(\d+)')
_MEASURES = tuple(Measure)
_FIRST_COUNT = 4
_PARTS = {ratio: [_FIRST_COUNT + _MEASURES.index(part) for part in parts] for ratio, parts in RATIOS.items()}
"""Where among the values of a row the numerator and the denominator of each ratio are."""
_UNKNOWN = "null"


class Written(str):
    """Text that is JSON already."""

    __slots__ = ()


def written(members: Mapping[str, Any]) -> Written:
    """Return an object as JSON without spaces, days by ISO 8601; what is written already goes in as it is."""
    told = (f'"{name}":{value if isinstance(value, Written) else _dumped(value)}' for name, value in members.items())
    return Written("{" + ",".join(told) + "}")


def total_values(tally: Tally, lists: CaseLists, before: Tally | None) -> Values:
    """Return the numbers of all rows together."""
    counts = {measure: tally.counts.get(measure, 0) for measure in Measure}
    ratios = {}
    for ratio in RATIOS:
        value, earlier = tally.ratio(ratio), None if before is None else before.ratio(ratio)
        ratios[ratio] = (value, rate_text(value), _change(value, earlier))
    return _numbers(counts, ratios, tally.mean_handling_s, lists, lists.total)


def rows_text(rows: Sequence[Row], lists: CaseLists, before: Mapping[str | None, Tally], lang: Language) -> Written:
    """Return rows as a list in JSON, each with its change since the tally of its code in ``before``."""
    template, order = _template(lists)
    filled = itemgetter(*order)
    texts = [template % filled(_values(row, lists, before.get(row[0]), lang)) for row in rows]
    return Written("[" + ",".join(texts) + "]")


def _numbers(
    counts: Mapping[Measure, Any], ratios: Mapping[Ratio, tuple[Any, ...]], mean: Any, lists: CaseLists, of: str
) -> Values:
    """Return the numbers of a row, with the addresses that begin with ``of``; of each ratio value, text and change."""
    cases = {measure: lists.of(measure, of) for measure in Measure}
    return {
        "counts": {measure: {"value": counts[measure], "cases": cases[measure]} for measure in Measure},
        "ratios": {
            ratio: dict(zip(("value", "text", "change"), ratios[ratio], strict=True))
            | {
                "numerator": counts[numerator],
                "denominator": counts[denominator],
                "cases_numerator": cases[numerator],
                "cases_denominator": cases[denominator],
            }
            for ratio, (numerator, denominator) in RATIOS.items()
        },
        "mean_handling_s": {"value": mean, "cases": cases[Measure.HANDLED]},
    }


def _template(lists: CaseLists) -> tuple[str, list[int]]:
    """Return the text of a row with its slots, and which of :func:`_values` goes into each."""
    slots = (f"{_MARK}{number}" for number in count())
    code, name, address, mean = islice(slots, _FIRST_COUNT)
    counts = dict(zip(_MEASURES, islice(slots, len(_MEASURES)), strict=True))
    ratios = {ratio: tuple(islice(slots, 3)) for ratio in RATIOS}
    numbers = _numbers(counts, ratios, mean, lists, address)
    text = _dumped({"code": code, "name": name, **numbers}).replace("%", "%%")
    order = [int(whole or part) for whole, part in _SLOT.findall(text)]
    return _SLOT.sub("%s", text), order


def _values(row: Row, lists: CaseLists, before: Tally | None, lang: Language) -> list[Any]:
    """Return the values of a row as JSON, in the order in which :func:`_template` numbers their slots."""
    code, name, tally = row
    values: list[Any] = [
        _dumped(code), _dumped(row_name(code, name, lang)), _dumped(lists.row(code))[1:-1],
        _dumped(tally.mean_handling_s), *(tally.counts.get(measure, 0) for measure in _MEASURES),
    ]  # fmt: skip
    for ratio, (numerator, denominator) in _PARTS.items():
        change = _UNKNOWN if before is None else _dumped(_change(tally.ratio(ratio), before.ratio(ratio)))
        values += (*_rate(values[numerator], values[denominator]), change)
    return values


@lru_cache(maxsize=50_000)
def _rate(numerator: int, denominator: int) -> tuple[str, str]:
    """Return a rate as JSON: its value and its text; cells have few cases, and so few rates that differ."""
    value = numerator / denominator if denominator else None
    return _dumped(value), _dumped(rate_text(value))


def _change(value: float | None, earlier: float | None) -> float | None:
    return None if value is None or earlier is None else value - earlier


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=date.isoformat)
