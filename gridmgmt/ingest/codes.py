"""Official codes with their names from a table of up to a whole country's 620,000."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridmgmt.codes import OFFICIAL_LENGTHS, begins_with_province, parent_code, shortest
from gridmgmt.errors import Problem
from gridmgmt.ingest.columns import find_column, require_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.intake import Mask, Objects, Review, refused_rows
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import blank

_ROWS_NAMED = 5


@dataclass(frozen=True)
class CodeRows:
    """The good rows of a table of codes; the arrays have one length."""

    row: NDArray[np.int64]
    """The line (CSV) or the row (XLSX)."""
    code: Objects
    """In the shortest form, see :func:`gridmgmt.codes.shortest`."""
    name: Objects
    parent_code: Objects
    """None for a province."""
    parent_stated: Mask
    """The row names its parent itself, so that the parent need not be in the table."""
    problems: tuple[Problem, ...]
    read: int
    file_sha256: str
    details: Mapping[str, object]


def read_codes(path: Path, *, columns: Mapping[str, str] | None = None, encoding: str | None = None) -> CodeRows:
    """Return the official codes of a CSV (``.gz`` too) or XLSX file, of any level, with names and parents.

    A row is refused when its code is missing, is not 2, 4, 6, 9 or 12 digits, begins with no province, occurs in
    another row too, or contradicts the parent that the row states; and when it has no name.

    Parameters
    ----------
    columns
        The columns of ``code``, ``name`` and ``parent_code`` where they are not to be found by name.

    Raises
    ------
    InputError, FileRefusedError
        When the file as a whole cannot be used.
    """
    given = dict(columns or {})
    used: dict[str, str | None] = {}

    def wanted(header: Sequence[str]) -> list[str]:
        used["code"] = require_column(header, "official_code", given.get("code"))
        used["name"] = require_column(header, "official_name", given.get("name"))
        used["parent_code"] = find_column(header, "official_parent", given.get("parent_code"))
        return [name for name in used.values() if name is not None]

    rows = read_table(path, encoding=encoding, select=wanted)
    return _judged(rows, str(used["code"]), str(used["name"]), used["parent_code"])


def _judged(rows: Rows, code_column: str, name_column: str, parent_column: str | None) -> CodeRows:
    review = Review(rows.row, rows.problems)
    written, names = rows.columns[code_column], rows.columns[name_column]
    _refuse_malformed(review, written, code_column)
    review.refuse(blank(names), "value_missing", field=name_column)
    codes = _each(shortest, written, review.good)
    _refuse_repeated(review, codes, code_column)
    parents = _each(parent_code, codes, review.good)
    stated: Mask = np.zeros(len(codes), dtype=bool)
    if parent_column is not None:
        given = rows.columns[parent_column]
        stated = ~blank(given)
        named = _each(shortest, given, review.good & stated)
        # A higher unit that is written at the full length may name itself.
        other = stated & (named != parents) & (named != codes)
        review.refuse(other, "parent_contradicted", field=parent_column, value=given, own=codes, expected=parents)
    good = review.good
    problems = tuple(sorted(review.problems, key=lambda problem: (problem.row or 0, problem.code)))
    lengths, counts = np.unique([len(code) for code in codes[good]], return_counts=True)
    return CodeRows(
        row=rows.row[good],
        code=codes[good],
        name=names[good],
        parent_code=parents[good],
        parent_stated=stated[good],
        problems=problems,
        read=int(good.sum()) + refused_rows(problems),
        file_sha256=rows.file_sha256,
        details={
            "by_digits": {str(digits): int(count) for digits, count in zip(lengths, counts, strict=True)},
            "padded": int((codes[good] != written[good]).sum()),
        },
    )


def _refuse_malformed(review: Review, written: Objects, column: str) -> None:
    review.refuse(blank(written), "code_missing", field=column)
    digits = _mask(lambda code: code.isascii() and code.isdigit(), written, review.good)
    review.refuse(~digits, "official_code_no_digits", field=column, value=written)
    known = _mask(lambda code: len(code) in OFFICIAL_LENGTHS, written, review.good)
    found, expected = _each(len, written, review.good), ", ".join(map(str, OFFICIAL_LENGTHS))
    review.refuse(~known, "official_code_length", field=column, value=written, found=found, expected=expected)
    somewhere = _mask(begins_with_province, written, review.good)
    review.refuse(~somewhere, "official_code_province", field=column, value=written)


def _refuse_repeated(review: Review, codes: Objects, column: str) -> None:
    """Refuse all rows of a code that several have: which one is right is not ours to guess."""
    first: dict[str, int] = {}
    groups: dict[str, list[int]] = {}
    for i in np.flatnonzero(review.good).tolist():
        if (before := first.setdefault(codes[i], i)) != i:
            groups.setdefault(codes[i], [before]).append(i)
    twice, others = np.zeros(len(codes), dtype=bool), np.full(len(codes), "", dtype=object)
    for group in groups.values():
        twice[group] = True
        for i in group:
            rows = [str(review.row[j]) for j in group if j != i]
            others[i] = ", ".join(rows[:_ROWS_NAMED]) + (" …" if len(rows) > _ROWS_NAMED else "")
    review.refuse(twice, "code_repeated", field=column, value=codes, rows=others)


def _each(function: Callable[[str], object], codes: Objects, where: Mask) -> Objects:
    """Return what a function says of each code of a mask, None for the others."""
    found = np.empty(len(codes), dtype=object)
    found[:] = [function(code) if asked else None for code, asked in zip(codes, where, strict=True)]
    return found


def _mask(function: Callable[[str], bool], codes: Objects, where: Mask) -> Mask:
    """Tell which codes a function holds of; of those outside the mask it is not asked, and True."""
    return np.array([not asked or function(code) for code, asked in zip(codes, where, strict=True)], dtype=bool)
