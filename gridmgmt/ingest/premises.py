"""Rental premises and their inspections from tables; a column of anything else, such as a name, is not looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import shapely

from gridmgmt.crs import Datum
from gridmgmt.errors import InputError, Problem
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.geometry import reviewed_points
from gridmgmt.ingest.intake import Objects, Review, refused_rows
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import blank, dates, each, numbers, texts

_PREMISES: Mapping[str, Sequence[str]] = {
    "code": ("code", "premises_code", "代码", "编号", "出租房编号"),
    "address": ("address", "地址"),
    "on": ("on", "valid_from", "登记日", "登记日期"),
    "group_renting": ("group_renting", "群租"),
    "cooperating": ("cooperating", "配合"),
}
_INSPECTIONS: Mapping[str, Sequence[str]] = {
    "code": _PREMISES["code"],
    "on": ("on", "inspected_on", "检查日", "检查日期"),
    "cooperating": _PREMISES["cooperating"],
    "post_code": ("post", "post_code", "岗位"),
    "population_information": ("population_information", "人口信息"),
    "sanitation": ("sanitation", "环境卫生"),
    "fire_safety": ("fire_safety", "消防安全"),
    "public_security": ("public_security", "治安防范"),
    "neighbour_relations": ("neighbour_relations", "邻里关系"),
    "care_of_property": ("care_of_property", "爱护公物"),
    "family_planning": ("family_planning", "计划生育"),
}
_FACTORS = tuple(_INSPECTIONS)[4:]
_FLAGS: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "yes", "y", "是", "配合", "群租"), True),
    **dict.fromkeys(("0", "false", "no", "n", "否", "不配合", "非群租"), False),
}
Row = TypeVar("Row")


@dataclass(frozen=True)
class PremisesRow:
    """Premises of a file; ``on`` is None where it does not say. Position in WGS 84 degrees."""

    row: int
    code: str
    address: str
    lon: float
    lat: float
    on: date | None
    group_renting: bool
    cooperating: bool


@dataclass(frozen=True)
class InspectionRow:
    """An inspection of a file; None where a factor was not scored."""

    row: int
    code: str
    on: date
    cooperating: bool
    post_code: str | None
    scores: Mapping[str, float | None]


@dataclass(frozen=True)
class Read(Generic[Row]):
    """The good rows of a file, the problems of the others, and how many were judged."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    read: int


def read_premises(path: Path, *, datum: Datum | None = None, encoding: str | None = None) -> Read[PremisesRow]:
    """Return the premises of a CSV or XLSX file: ``code address lon lat``, and ``on group_renting cooperating``.

    Without a column or cell premises are not let to groups, and cooperate.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    rows = read_table(path, encoding=encoding)
    review = Review(rows.row, rows.problems)
    cells, used = _cells(rows, _PREMISES, ("code", "address"))
    for role in ("code", "address"):
        review.refuse(blank(cells[role]), "value_missing", field=used[role])
    points = reviewed_points(rows, review, datum=datum)
    days = _days(review, cells["on"], used["on"])
    group = _flags(review, cells["group_renting"], used["group_renting"], default=False)
    cooperating = _flags(review, cells["cooperating"], used["cooperating"], default=True)
    lon, lat = shapely.get_x(points), shapely.get_y(points)
    found = tuple(
        PremisesRow(
            int(rows.row[i]), cells["code"][i], cells["address"][i], float(lon[i]), float(lat[i]), days[i], group[i],
            cooperating[i],
        )
        for i in np.flatnonzero(review.good)
    )  # fmt: skip
    return _read(found, review)


def read_inspections(path: Path, *, encoding: str | None = None) -> Read[InspectionRow]:
    """Return the inspections of a CSV or XLSX file: ``code on cooperating`` and the seven factors, ``post`` if there.

    A blank cell of a factor, or none of its columns, is a factor that was not scored.

    Raises
    ------
    InputError, FileRefusedError
        When the file as a whole cannot be used.
    """
    rows = read_table(path, encoding=encoding)
    review = Review(rows.row, rows.problems)
    needed = ("code", "on", "cooperating")
    cells, used = _cells(rows, _INSPECTIONS, needed)
    for role in needed:
        review.refuse(blank(cells[role]), "value_missing", field=used[role])
    days = _days(review, cells["on"], used["on"])
    cooperating = _flags(review, cells["cooperating"], used["cooperating"], default=False)
    scores: dict[str, Objects] = {}
    for factor in _FACTORS:
        values, malformed = numbers(cells[factor])
        review.refuse(malformed, "number_malformed", field=used[factor], value=cells[factor])
        scores[factor] = np.array([None if np.isnan(value) else float(value) for value in values], dtype=object)
    found = tuple(
        InspectionRow(
            int(rows.row[i]), cells["code"][i], days[i], cooperating[i], cells["post_code"][i],
            {factor: column[i] for factor, column in scores.items()},
        )
        for i in np.flatnonzero(review.good)
    )  # fmt: skip
    return _read(found, review)


def _read(found: tuple[Row, ...], review: Review) -> Read[Row]:
    problems = tuple(sorted(review.problems, key=lambda problem: (problem.row or 0, problem.code)))
    return Read(found, problems, len(found) + refused_rows(problems))


def _cells(
    rows: Rows, roles: Mapping[str, Sequence[str]], needed: Sequence[str]
) -> tuple[dict[str, Objects], dict[str, str | None]]:
    """Return the cells of each role as text, and the name of its column; all blank where there is none.

    Raises
    ------
    InputError
        ``column_missing`` where one that is needed is not there.
    """
    folded = {name.strip().casefold(): name for name in reversed(list(rows.columns))}
    used = {role: next((folded[name] for name in names if name in folded), None) for role, names in roles.items()}
    for role in needed:
        if used[role] is None:
            known = ", ".join(roles[role])
            raise InputError("column_missing", field=role, known=known, found=", ".join(rows.columns))
    none: Objects = np.full(len(rows.row), None, dtype=object)
    return {role: none if name is None else texts(rows.columns[name]) for role, name in used.items()}, used


def _days(review: Review, cells: Objects, column: str | None) -> Objects:
    found, malformed = dates(cells)
    review.refuse(malformed, "date_malformed", field=column, value=cells)
    return found


def _flags(review: Review, cells: Objects, column: str | None, *, default: bool) -> Objects:
    found = each(lambda cell: _FLAGS.get(cell.casefold()), cells)
    review.refuse(blank(found) & ~blank(cells), "value_unknown", field=column, value=cells, known=", ".join(_FLAGS))
    return np.array([default if value is None else value for value in found], dtype=object)
