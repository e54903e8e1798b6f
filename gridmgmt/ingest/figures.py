"""Numbers of whole areas from a table: a code and a value in each row."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridmgmt.errors import Problem
from gridmgmt.ingest.areas import review_codes
from gridmgmt.ingest.columns import require_column
from gridmgmt.ingest.intake import Objects, Review, refused_rows
from gridmgmt.ingest.points import read_rows
from gridmgmt.ingest.values import blank, quantities, texts

MAX_VALUE = 1e15
"""Beyond this a number is a slip; people, square metres and yuan of a district stay far below."""


@dataclass(frozen=True)
class FigureRows:
    """The good rows of a file of figures; the arrays have one length."""

    row: NDArray[np.int64]
    """The line (CSV, XLSX) or the feature's number from 1."""
    code: Objects
    value: NDArray[np.float64]
    problems: tuple[Problem, ...]
    read: int
    """How many rows were judged: the good ones and the refused."""


def read_figures(
    path: Path, *, columns: Mapping[str, str] | None = None, encoding: str | None = None, layer: str | None = None
) -> FigureRows:
    """Return codes and values of a CSV, XLSX or vector file; a blank cell is not zero but unknown, and refused.

    Parameters
    ----------
    columns
        The names of the columns ``code`` and ``value`` where they are not to be found by name.

    Raises
    ------
    InputError, FileRefusedError
        When the file as a whole cannot be used.
    """
    given = dict(columns or {})
    rows = read_rows(path, encoding=encoding, layer=layer)
    review = Review(rows.row, rows.problems)
    code_column = require_column(rows.columns, "code", given.get("code"))
    value_column = require_column(rows.columns, "value", given.get("value"))
    codes = texts(rows.columns[code_column])
    review_codes(review, codes, code_column)
    cells = texts(rows.columns[value_column])
    values, malformed = quantities(cells)
    review.refuse(blank(cells), "value_missing", field=value_column)
    review.refuse(malformed, "number_malformed", field=value_column, value=cells)
    beyond = (values < 0) | (values > MAX_VALUE)
    review.refuse(beyond, "number_out_of_range", field=value_column, value=cells, low=0, high=round(MAX_VALUE))
    problems = tuple(sorted(review.problems, key=lambda p: (p.row or 0, p.code)))
    good = review.good
    read = int(good.sum()) + refused_rows(problems)
    return FigureRows(rows.row[good], codes[good], values[good], problems, read)
