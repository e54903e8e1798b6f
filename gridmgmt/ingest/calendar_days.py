"""The holidays and make-up working days of a year, from a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from gridmgmt.errors import InputError, Problem
from gridmgmt.ingest.intake import Objects, Review, refused_rows, require_whole
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import blank, dates, duplicates, each

_COLUMNS: Mapping[str, Sequence[str]] = {
    "day": ("day", "date", "日期"),
    "kind": ("kind", "type", "类型", "安排"),
    "name": ("name", "名称", "节日", "节假日"),
}
_WORKED: Mapping[str, bool] = {
    **dict.fromkeys(("work", "workday", "上班", "补班", "调休上班", "工作日"), True),
    **dict.fromkeys(("holiday", "off", "放假", "休息", "休", "节假日"), False),
}


@dataclass(frozen=True)
class DayRow:
    """One day of the table: whether it is worked, and what it is called."""

    day: date
    worked: bool
    name: str | None


def read_calendar_days(path: Path, *, encoding: str | None = None) -> tuple[DayRow, ...]:
    """Return the days of a CSV or XLSX file with columns ``day``, ``kind`` (work or holiday) and, if there, ``name``.

    Raises
    ------
    InputError, FileRefusedError
        When the file cannot be used, or any of its rows: half a year's holidays would be worse than none.
    """
    rows = read_table(path, encoding=encoding)
    names = {role: _column(rows.columns, role) for role in _COLUMNS}
    blanks: Objects = np.full(len(rows.row), None, dtype=object)
    cells = {role: blanks if name is None else rows.columns[name] for role, name in names.items()}
    review = Review(rows.row, rows.problems)
    for role in ("day", "kind"):
        review.refuse(blank(cells[role]), "value_missing", field=names[role])
    days, malformed = dates(cells["day"])
    review.refuse(malformed, "date_malformed", field=names["day"], value=cells["day"])
    kinds = each(lambda cell: _WORKED.get(cell.casefold()), cells["kind"])
    review.refuse(blank(kinds), "value_unknown", field=names["kind"], value=cells["kind"], known=", ".join(_WORKED))
    twice, together = duplicates(days)
    others = np.array([", ".join(str(rows.row[i]) for i in group) for group in together], dtype=object)
    review.refuse(twice, "day_repeated", field=names["day"], value=cells["day"], rows=others)
    problems: list[Problem] = sorted(review.problems, key=lambda problem: problem.row or 0)
    taken = int(review.good.sum())
    require_whole(problems, read=taken + refused_rows(problems), taken=taken, partial=False)
    return tuple(DayRow(*row) for row in zip(days, kinds, cells["name"], strict=True))


def _column(columns: Mapping[str, Objects], role: str) -> str | None:
    found = next((name for name in columns if name.casefold() in _COLUMNS[role]), None)
    if found is None and role != "name":
        raise InputError("column_missing", field=role, known=", ".join(_COLUMNS[role]), found=", ".join(columns))
    return found
