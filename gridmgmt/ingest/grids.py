"""Officer posts, and the cells of responsibility grids, from tables."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gridmgmt.errors import InputError, Problem
from gridmgmt.ingest.areas import review_codes
from gridmgmt.ingest.columns import find_column, require_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.intake import Mask, Objects, Review, refused_rows
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import blank, texts

_POST = {"code": "post_code", "name": "post_name", "kind": "grid_kind", "body": "body"}
_GRID = {"cell": "cell_code", "kind": "grid_kind", "code": "grid_code"}
_OF_GRID = {"name": "grid_name", "post": "post_code", "backup": "backup_code", "hours": "hours"}

_PERSONAL = re.compile(
    r"姓名|人员|网格员$|负责人|联系人|联系方式|手机|电话|身份证|证件|"
    r"(?:^|_)(?:person|phone|mobile|tel|telephone|id_?card|id_?no|identity|surname|first_?name|full_?name|officer_?name|email)",
    re.IGNORECASE,
)
_PERSONAL_NUMBER = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx])(?!\d)", re.ASCII)
"""A mobile number, or the number of an identity card."""


@dataclass(frozen=True)
class PostRow:
    """One good row of a file of posts."""

    row: int
    code: str
    name: str
    kind: str
    body: str


@dataclass(frozen=True)
class GridRow:
    """One good row of a file of grids: a cell in a grid, and what is said of the grid; None where nothing is."""

    row: int
    cell: str
    kind: str
    code: str
    name: str | None
    post: str | None
    backup: str | None
    hours: str | None


@dataclass(frozen=True)
class PostRows:
    """The good rows of a file, the problems of the others, and how many were judged."""

    rows: tuple[PostRow, ...]
    problems: tuple[Problem, ...]
    read: int


@dataclass(frozen=True)
class GridRows:
    """The same of a file of grids."""

    rows: tuple[GridRow, ...]
    problems: tuple[Problem, ...]
    read: int


def read_posts(
    path: Path, *, kinds: Mapping[str, str], columns: Mapping[str, str] | None = None, encoding: str | None = None
) -> PostRows:
    """Return the officer posts of a CSV or XLSX file: columns ``code``, ``name`` of the post, ``kind``, ``body``.

    Parameters
    ----------
    kinds
        Each name of a kind that may stand in the file, in lower case, and the code of the kind it means.
    columns
        The columns of these roles where they are not to be found by name.

    Raises
    ------
    InputError, FileRefusedError
        When the file as a whole cannot be used; ``personal_column`` when it has a column about persons.
    """
    rows, review, cells = _read(path, _POST, {}, columns, encoding)
    refuse_personal_numbers(review, {role: cells[role] for role in ("code", "name", "body")})
    review_codes(review, cells["code"], "code")
    for role in ("name", "body"):
        review.refuse(blank(cells[role]), "value_missing", field=role)
    kind = _kinds(review, cells["kind"], kinds)
    found = tuple(
        PostRow(int(rows.row[i]), cells["code"][i], cells["name"][i], kind[i], cells["body"][i])
        for i in np.flatnonzero(review.good)
    )
    problems = _sorted(review.problems)
    return PostRows(found, problems, len(found) + refused_rows(problems))


def read_grids(
    path: Path, *, kinds: Mapping[str, str], columns: Mapping[str, str] | None = None, encoding: str | None = None
) -> GridRows:
    """Return the cells of responsibility grids from a CSV or XLSX file.

    Columns ``cell_code``, ``kind``, ``grid_code``; where they are there ``grid_name``, ``post_code``, ``backup_code``,
    ``hours`` (``mon-fri 08:30-17:30; sat 09:00-12:00``), the same in every row of a grid or blank.

    Parameters
    ----------
    kinds, columns
        As of :func:`read_posts`.

    Raises
    ------
    InputError, FileRefusedError
        As of :func:`read_posts`.
    """
    rows, review, cells = _read(path, _GRID, _OF_GRID, columns, encoding)
    refuse_personal_numbers(review, {role: cells[role] for role in ("code", "name", "post", "backup")})
    for role in ("cell", "code"):
        review.refuse(blank(cells[role]), "value_missing", field=_GRID[role])
    kind = _kinds(review, cells["kind"], kinds)
    _refuse_repeated(review, cells["cell"], kind)
    found = tuple(
        GridRow(
            row=int(rows.row[i]),
            cell=cells["cell"][i],
            kind=kind[i],
            code=cells["code"][i],
            **{role: cells[role][i] for role in _OF_GRID},
        )
        for i in np.flatnonzero(review.good)
    )
    problems = _sorted(review.problems)
    return GridRows(found, problems, len(found) + refused_rows(problems))


def _read(
    path: Path,
    required: Mapping[str, str],
    optional: Mapping[str, str],
    columns: Mapping[str, str] | None,
    encoding: str | None,
) -> tuple[Rows, Review, dict[str, Objects]]:
    given = dict(columns or {})
    rows = read_table(path, encoding=encoding)
    _refuse_personal(rows.columns)
    used: dict[str, str | None] = {
        role: require_column(rows.columns, candidates, given.get(candidates)) for role, candidates in required.items()
    }
    used |= {
        role: find_column(rows.columns, candidates, given.get(candidates)) for role, candidates in optional.items()
    }
    missing: Objects = np.full(len(rows.row), None, dtype=object)
    cells = {role: missing if name is None else texts(rows.columns[name]) for role, name in used.items()}
    return rows, Review(rows.row, rows.problems), cells


def _refuse_personal(columns: Iterable[str]) -> None:
    personal = [name for name in columns if _PERSONAL.search(name)]
    if personal:
        raise InputError("personal_column", columns=", ".join(personal))


def refuse_personal_numbers(review: Review, cells: Mapping[str, Objects]) -> None:
    """Refuse rows with such numbers before anything else, whose reasons would repeat them."""
    for role, column in cells.items():
        review.refuse(_matches(column, _PERSONAL_NUMBER), "personal_number", field=role)


def _kinds(review: Review, cells: Objects, kinds: Mapping[str, str]) -> Objects:
    found = np.array([kinds.get((cell or "").casefold()) for cell in cells], dtype=object)
    review.refuse(blank(cells), "value_missing", field="kind")
    review.refuse(
        blank(found), "value_unknown", field="kind", value=cells, known=", ".join(dict.fromkeys(kinds.values()))
    )
    return found


def _refuse_repeated(review: Review, cells: Objects, kind: Objects) -> None:
    """Refuse all rows of a cell that stands in a kind more than once: which one is right is not ours to guess."""
    rows: dict[tuple[str, str], list[int]] = {}
    for i in np.flatnonzero(review.good):
        rows.setdefault((kind[i], cells[i]), []).append(int(i))
    twice: Mask = np.zeros(len(cells), dtype=bool)
    others: Objects = np.full(len(cells), "", dtype=object)
    for together in rows.values():
        for number in together if len(together) > 1 else ():
            twice[number] = True
            others[number] = ", ".join(str(review.row[j]) for j in together if j != number)
    review.refuse(twice, "cell_repeated", value=cells, kind=kind, rows=others)


def _matches(cells: Objects, pattern: re.Pattern[str]) -> Mask:
    return np.array([cell is not None and pattern.search(cell) is not None for cell in cells], dtype=bool)


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.row or 0, problem.code)))
