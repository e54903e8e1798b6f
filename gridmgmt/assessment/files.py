"""Schemes as JSON: what the interface takes, what a file on the command line holds, and the examples of the package."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib import resources
from typing import Any, TypeVar

from gridmgmt.assessment.rules import (
    AssessmentDirection,
    AssessmentItem,
    EvidenceKind,
    Named,
    NewScheme,
    SchemePreset,
)
from gridmgmt.cases.measures import Ratio
from gridmgmt.errors import InputError

Given = Mapping[str, Any]  # Any: values of JSON
T = TypeVar("T")
MOST_SHOWN = 60
"""Characters of a wrong value that a refusal repeats."""
_NEEDED: Any = object()  # Any: stands for a value of any type that is not there


def read_scheme(content: bytes | str, *, field: str = "file") -> NewScheme:
    """Return the scheme of a JSON text.

    Raises
    ------
    InputError
        ``assessment_scheme_malformed`` with the reason.
    """
    try:
        given = json.loads(content, parse_float=Decimal)
    except ValueError as error:
        raise InputError("assessment_scheme_malformed", field=field, reason=str(error)) from error
    if not isinstance(given, dict):
        raise InputError("assessment_scheme_malformed", field=field, reason="{…}")
    return scheme_of(given)


def scheme_of(given: Given) -> NewScheme:
    """Return the scheme of values of JSON; whether it can be is for the rules to say.

    Raises
    ------
    InputError
        ``assessment_scheme_incomplete``, ``assessment_scheme_malformed`` with the way to what is missing or is not what
        it should be, as ``items/0/weight``.
    """
    return NewScheme(
        name=_read(given, "name", _named),
        direction=_read(given, "direction", AssessmentDirection),
        valid_from=_read(given, "valid_from", date.fromisoformat),
        items=_read(given, "items", _items),
        source=_read(given, "source", str),
        preset=_read(given, "preset", SchemePreset, absent=None),
        groups=_read(given, "groups", _groups, absent={}),
    )


def example_schemes() -> Sequence[NewScheme]:
    """Return the schemes that come with the program: one of streets with the preset of 2015, one of departments."""
    content = resources.files("gridmgmt.assessment").joinpath("data/examples.json").read_text(encoding="utf-8")
    return [replace(scheme_of(each), is_example=True) for each in json.loads(content)]


def _read(given: Given, field: str, make: Callable[[Any], T], *, absent: Any = _NEEDED) -> T:  # Any: a value of JSON
    """Return a field as it should be, ``absent`` where it is missing or null and may be; refused by its name."""
    value = given.get(field) if isinstance(given, dict) else None
    if value is None:
        if absent is _NEEDED:
            raise InputError("assessment_scheme_incomplete", field=field)
        found: T = absent
        return found
    try:
        return make(value)
    except InputError as error:  # of what is inside, with the way to it
        raise InputError(error.code, **{**error.fields, "field": f"{field}/{error.fields['field']}"}) from error
    except (ValueError, TypeError, AttributeError, InvalidOperation) as error:
        said = json.dumps(value, ensure_ascii=False, default=str)[:MOST_SHOWN]
        raise InputError("assessment_scheme_malformed", field=field, reason=said) from error


def _items(given: Any) -> list[AssessmentItem]:
    if not isinstance(given, list):
        raise TypeError
    return [_read({str(number): each}, str(number), _item) for number, each in enumerate(given)]


def _groups(given: Any) -> dict[str, Named]:
    return {code: _read(given, code, _named) for code in given.keys()}  # noqa: SIM118 -- refuses what has no keys


def _item(given: Given) -> AssessmentItem:
    return AssessmentItem(
        code=_read(given, "code", str),
        group=_read(given, "group", str),
        name=_read(given, "name", _named),
        weight=_read(given, "weight", _decimal),
        evidence=_read(given, "evidence", EvidenceKind),
        zero_at=_read(given, "zero_at", _decimal, absent=Decimal(0)),
        full_at=_read(given, "full_at", _decimal, absent=Decimal(1)),
        min_sample=_read(given, "min_sample", int, absent=1),
        ratio=_read(given, "ratio", Ratio, absent=None),
        narrowed=_read(given, "narrowed", _texts, absent={}),
    )


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))


def _texts(given: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in given.items()}


def _named(given: Given) -> Named:
    return Named(_read(given, "zh", str), _read(given, "en", str))
