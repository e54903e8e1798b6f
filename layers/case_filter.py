"""The filters of a list of cases as parameters of a map's layer, under the names that the list has for them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.cases.rules import CaseFilter, CaseKind, CaseSource, CaseState, Urgency, near_of
from gridmgmt.errors import InputError

ALL_CASES = CaseFilter()

_LONGEST = 200
"""Characters of a text that is looked for."""


def parse_case_filter(given: Mapping[str, Sequence[str]]) -> CaseFilter:
    """Return the filter that parameters make; the box of a list is none of them, since a tile is one.

    Raises
    ------
    InputError
        When a value is none of its parameter's.
    """
    values: dict[str, Any] = {}
    for name, texts in given.items():
        attribute, parsed = _FILTERS[name]
        values[attribute] = parsed(name, texts[0])
    if states := given.get("state"):
        values["states"] = tuple(sorted({CaseState(_member(CaseState)("state", each)) for each in states}))
    return CaseFilter(**values)


def day_of(name: str, value: str) -> date:
    """Return the day that a parameter names, written as 2026-01-31."""
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise InputError("layer_date_malformed", field=name, value=value) from error
    if day.isoformat() != value:
        raise InputError("layer_date_malformed", field=name, value=value)
    return day


def _member(known: type[StrEnum]) -> Callable[[str, str], StrEnum]:
    def parsed(name: str, value: str) -> StrEnum:
        if value not in set(known):
            raise InputError("layer_value_unknown", field=name, value=value, known=", ".join(known))
        return known(value)

    return parsed


def _truth(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise InputError("layer_value_unknown", field=name, value=value, known="true, false")
    return value == "true"


def _moment(name: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise InputError("layer_moment_malformed", field=name, value=value) from error
    if moment.tzinfo is None:
        raise InputError("layer_moment_malformed", field=name, value=value)
    return moment


def _text(name: str, value: str) -> str:
    if not value.strip() or len(value) > _LONGEST or "\0" in value:
        raise InputError("layer_text_malformed", field=name, value=value[:_LONGEST], most=_LONGEST)
    return value.strip()


_FILTERS: Mapping[str, tuple[str, Callable[[str, str], object]]] = {
    "state": ("states", _member(CaseState)),
    "open": ("is_open", _truth),
    "supervised": ("supervised", _truth),
    "kind": ("kind", _member(CaseKind)),
    "source": ("source", _member(CaseSource)),
    "urgency": ("urgency", _member(Urgency)),
    "measure": ("measure", _member(Measure)),
    "lacks": ("lacks", _member(Dimension)),
    "counted_from": ("counted_from", day_of),
    "counted_to": ("counted_to", day_of),
    "areas_on": ("areas_on", day_of),
    "reported_from": ("reported_from", _moment),
    "reported_to": ("reported_to", _moment),
    "near": ("near", lambda _, value: near_of(value)),
    "q": ("text", _text),
    **{
        name: (name, _text)
        for name in ("type", "major", "department", "post", "area", "within", "component", "flag", "without_flag")
    },
}
"""Attribute of the filter and how its value is read, by the name of the parameter."""

CASE_PARAMETERS = tuple(_FILTERS)
