"""Schemes as JSON: what the interface takes, what a file on the command line holds, and the examples of the package."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib import resources
from typing import Any

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
        ``assessment_scheme_malformed`` where something is missing or is not what it should be.
    """
    try:
        preset = given.get("preset")
        return NewScheme(
            name=_named(given["name"]),
            direction=AssessmentDirection(given["direction"]),
            valid_from=date.fromisoformat(given["valid_from"]),
            items=[_item(item) for item in given["items"]],
            source=str(given["source"]),
            preset=None if preset is None else SchemePreset(preset),
            groups={code: _named(name) for code, name in (given.get("groups") or {}).items()},
        )
    except KeyError as error:
        raise InputError("assessment_scheme_malformed", field=str(error.args[0]), reason="?") from error
    except (ValueError, TypeError, AttributeError, InvalidOperation) as error:
        raise InputError("assessment_scheme_malformed", field="scheme", reason=str(error)) from error


def example_schemes() -> Sequence[NewScheme]:
    """Return the schemes that come with the program: one of streets with the preset of 2015, one of departments."""
    content = resources.files("gridmgmt.assessment").joinpath("data/examples.json").read_text(encoding="utf-8")
    return [replace(scheme_of(each), is_example=True) for each in json.loads(content)]


def _item(given: Given) -> AssessmentItem:
    ratio = given.get("ratio")
    return AssessmentItem(
        code=str(given["code"]),
        group=str(given["group"]),
        name=_named(given["name"]),
        weight=Decimal(str(given["weight"])),
        evidence=EvidenceKind(given["evidence"]),
        zero_at=Decimal(str(given.get("zero_at", 0))),
        full_at=Decimal(str(given.get("full_at", 1))),
        min_sample=int(given.get("min_sample", 1)),
        ratio=None if ratio is None else Ratio(ratio),
        narrowed={str(name): str(value) for name, value in (given.get("narrowed") or {}).items()},
    )


def _named(given: Given) -> Named:
    return Named(str(given["zh"]), str(given["en"]))
