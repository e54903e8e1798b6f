"""Monthly visits of service desks from a table: counts alone; a column of anything else is not looked at."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from gridmgmt.errors import InputError, Problem
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.intake import Review, refused_rows
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import blank, each, quantities, texts

_COLUMNS: Mapping[str, Sequence[str]] = {
    "desk": ("desk", "desk_code", "code", "服务点代码", "窗口代码", "代码", "编码"),
    "month": ("month", "年月", "月份"),
    "visits": ("visits", "接待人次", "办件量", "人次", "数量"),
}
_MONTH = re.compile(r"(\d{4})(?:[-/.年]?)(0?[1-9]|1[0-2])(?:月|[-/.]\d{1,2}(?: .*)?)?", re.ASCII)
MOST_VISITS = 10_000_000


@dataclass(frozen=True)
class VisitRows:
    """The good rows as ``(row, desk, month, visits)``, the problems of the others, and how many were judged."""

    rows: tuple[tuple[int, str, date, int], ...]
    problems: tuple[Problem, ...]
    read: int


def read_desk_visits(path: Path, *, columns: Mapping[str, str] | None = None, encoding: str | None = None) -> VisitRows:
    """Return monthly visits of a CSV or XLSX file with the columns ``desk``, ``month`` (2026-01) and ``visits``.

    Parameters
    ----------
    columns
        The columns of these roles where they are not to be found by name.

    Raises
    ------
    InputError, FileRefusedError
        When the file as a whole cannot be used.
    """
    rows = read_table(path, encoding=encoding)
    review = Review(rows.row, rows.problems)
    used = {role: _column(rows, role, (columns or {}).get(role)) for role in _COLUMNS}
    cells = {role: texts(rows.columns[column]) for role, column in used.items()}
    for role, column in used.items():
        review.refuse(blank(cells[role]), "value_missing", field=column)
    months = each(_month, cells["month"])
    review.refuse(blank(months) & ~blank(cells["month"]), "month_malformed", field=used["month"], value=cells["month"])
    visits, malformed = quantities(cells["visits"])
    review.refuse(malformed, "number_malformed", field=used["visits"], value=cells["visits"])
    beyond = (visits < 0) | (visits > MOST_VISITS) | (np.isfinite(visits) & (visits != np.rint(visits)))
    review.refuse(beyond, "number_out_of_range", field=used["visits"], value=cells["visits"], low=0, high=MOST_VISITS)
    found = tuple(
        (int(rows.row[i]), str(cells["desk"][i]), months[i], int(visits[i])) for i in np.flatnonzero(review.good)
    )
    problems = tuple(sorted(review.problems, key=lambda problem: (problem.row or 0, problem.code)))
    return VisitRows(found, problems, len(found) + refused_rows(problems))


def _column(rows: Rows, role: str, given: str | None) -> str:
    folded = {name.strip().casefold(): name for name in reversed(list(rows.columns))}
    candidates = _COLUMNS[role] if given is None else (given.casefold(),)
    found = next((folded[name] for name in candidates if name in folded), None)
    if found is None:
        known = ", ".join(candidates)
        raise InputError("column_missing", field=role, known=known, found=", ".join(rows.columns))
    return found


def _month(cell: str) -> date | None:
    """Return the first day of a month, None of what is none.

    >>> _month("2026-01"), _month("2026年3月"), _month("202613")
    (datetime.date(2026, 1, 1), datetime.date(2026, 3, 1), None)
    """
    found = _MONTH.fullmatch(cell.strip())
    return None if found is None else date(int(found[1]), int(found[2]), 1)
