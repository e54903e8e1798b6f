"""What holds for given files without a disk or a database: names, what a kind asks for, what is kept of problems."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmgmt.access.rules import Permission
from gridmgmt.errors import InputError, Problem

MAX_NAME = 200
SHOWN_PROBLEMS = 1_000
"""So many problems of a file are kept with it; all of them are in its file of refused rows."""
MAX_SHOWN_VALUE = 200
"""A longer value is cut where it is told of: a cell may hold megabytes."""

_STEM_LENGTH = 60
_UNSAFE = re.compile(r"[^\w.() -]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FORBIDDEN_OPTIONS = {
    "population": frozenset({"rasters"}),
    "population-by-area": frozenset({"buildings"}),
    "cases": frozenset({"mapping"}),
    **dict.fromkeys(("catalogue", "matters"), frozenset({"columns"})),
}
"""Options of a kind that name files of the server itself, which whoever sends a file must not be able to give, or that
no form can hold, or that mean nothing for it."""
_ALSO_ASKED = {
    **dict.fromkeys(("areas", "cells"), Permission.AREAS_DRAFT),
    **dict.fromkeys(("posts", "grids"), Permission.GRIDS_WRITE),
    "centres": Permission.GOVERNANCE_WRITE,
    "figures": Permission.FIGURES_WRITE,
    **dict.fromkeys(("bodies", "facts"), Permission.GOVERNANCE_WRITE),
    **dict.fromkeys(("catalogue", "matters"), Permission.CATALOGUE_WRITE),
    "components": Permission.COMPONENTS_WRITE,
}


@dataclass(frozen=True)
class Received:
    """A file that is on the disk, whole and written through."""

    stored_as: str
    """The random name of its folder."""
    bytes: int
    sha256: str


def shown_name(name: str) -> str:
    r"""Return the name of a given file as it is shown: its last part, without what steers a terminal or a page.

    >>> shown_name("C:\\数据\\街镇.geojson"), shown_name("../../etc/passwd"), shown_name("a\u202egnp.csv")
    ('街镇.geojson', 'passwd', 'agnp.csv')

    Raises
    ------
    InputError
        When nothing is left of it, or it is longer than 200 characters.
    """
    last = _CONTROL.sub("", re.split(r"[/\\]", name)[-1]).strip()
    if not last.strip(". ") or len(last) > MAX_NAME:
        raise InputError("upload_name_unusable", field="file", value=last[:MAX_SHOWN_VALUE], maximum=MAX_NAME)
    return last


def disk_name(name: str) -> str:
    """Return a name for the disk that keeps the ending, which tells the format.

    >>> disk_name("街镇?*.geojson.gz"), disk_name("x" * 300 + ".csv")[-8:]
    ('街镇__.geojson.gz', 'xxxx.csv')
    """
    stem, *endings = _UNSAFE.sub("_", name).lstrip(". ").split(".")
    kept = endings[-2:] if endings[-1:] and endings[-1].lower() in ("gz", "pbf") else endings[-1:]
    return ".".join([stem[:_STEM_LENGTH] or "file", *(ending[:12] for ending in kept)])


def permissions_of(kind: str) -> tuple[Permission, ...]:
    """Return what one must be allowed to do to give a file of a kind."""
    return (Permission.IMPORT, *([_ALSO_ASKED[kind]] if kind in _ALSO_ASKED else []))


def hidden_options(kind: str) -> frozenset[str]:
    """Return the options of a kind that cannot be given over HTTP."""
    return _FORBIDDEN_OPTIONS.get(kind, frozenset())


def kept_problem(problem: Problem) -> dict[str, Any]:
    """Return a problem as it is kept: row, code and the fields of its words, each as JSON can hold it."""
    return {
        "row": problem.row,
        "code": problem.code,
        "fields": {name: plain(value) for name, value in problem.fields.items()},
    }


def problem_of(kept: Mapping[str, Any]) -> Problem:
    """Return the problem that was kept."""
    return Problem(kept["row"], kept["code"], kept["fields"])


def kept_warnings(warnings: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Any]]:
    """Return warnings as they are kept: each with its code and the fields of its words."""
    return [[code, {name: plain(value) for name, value in fields.items()}] for code, fields in warnings]


def plain(value: object) -> Any:  # Any: what JSON can hold
    """Return a value as JSON can hold it: numbers as they are, mappings and lists of them, all else as short text.

    >>> from datetime import date
    >>> plain({"a": (1, date(2026, 1, 2)), "b": float("nan")})
    {'a': [1, '2026-01-02'], 'b': 'nan'}
    """
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    text = str(value).replace("\x00", "")
    return text if len(text) <= MAX_SHOWN_VALUE else text[: MAX_SHOWN_VALUE - 1] + "…"
