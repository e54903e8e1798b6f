"""Bodies, and facts of areas, from tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from gridmgmt.errors import InputError, Problem
from gridmgmt.ingest.addresses import refuse_personal
from gridmgmt.ingest.areas import review_codes
from gridmgmt.ingest.columns import find_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.grids import refuse_personal_numbers
from gridmgmt.ingest.intake import Objects, Review, refused_rows
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import blank, dates, each, numbers, quantities, texts

_BODY: Mapping[str, Sequence[str]] = {
    "code": ("code", "body_code", "代码", "机构代码", "编码"),
    "kind": ("kind", "body_kind", "类别", "机构类别"),
    "name": ("name", "body_name", "名称", "机构名称"),
    "area_code": ("area_code", "区划代码", "所属区划代码"),
    "source": ("source", "来源"),
    "level": ("level", "层级", "区划层级"),
    "parent_code": ("parent_code", "上级代码", "上级机构代码"),
    "office": ("office", "内设机构"),
    "valid_from": ("valid_from", "生效日期", "设立日期"),
}
_FACT: Mapping[str, Sequence[str]] = {
    "area_code": ("area_code", "区划代码"),
    "kind": ("kind", "类别", "事实类别"),
    "value": ("value", "数值", "值"),
    "source": ("source", "来源"),
    "level": ("level", "层级", "区划层级"),
    "unit": ("unit", "单位"),
    "bound": ("bound", "含义", "数值含义"),
    "year": ("year", "年份"),
    "on": ("on", "day", "日期"),
    "note": ("note", "说明", "备注"),
}
_NEEDED = frozenset({"code", "kind", "name", "area_code", "source", "value"})


@dataclass(frozen=True)
class BodyRow:
    """One good row of a file of bodies; None where it says nothing."""

    row: int
    code: str
    kind: str
    name: str
    area_code: str
    source: str
    level: str | None
    parent_code: str | None
    office: str | None
    valid_from: date | None


@dataclass(frozen=True)
class FactRow:
    """One good row of a file of facts, with a day or a year."""

    row: int
    area_code: str
    kind: str
    value: float
    source: str
    level: str | None
    unit: str | None
    bound: str | None
    year: int | None
    on: date | None
    note: str | None


Row = TypeVar("Row", BodyRow, FactRow)


@dataclass(frozen=True)
class RowsRead(Generic[Row]):
    """The good rows of a file, the problems of the others, and how many were judged."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    read: int


def read_bodies(
    path: Path, *, names: Mapping[str, str], columns: Mapping[str, str] | None = None, encoding: str | None = None
) -> RowsRead[BodyRow]:
    """Return the bodies of a CSV or XLSX file.

    Columns ``code``, ``kind``, ``name``, ``area_code``, ``source``, and where they are there ``level``,
    ``parent_code``, ``office`` and ``valid_from``.

    Parameters
    ----------
    names
        Each name of a kind (``kind:…``), office (``office:…``) or level (``level:…``) that may stand in the file, in
        lower case, and what it means.
    columns
        The columns of these roles where they are not to be found by name.

    Raises
    ------
    InputError, FileRefusedError
        When the file as a whole cannot be used; ``personal_data_column`` when a column tells of persons.
    """
    rows, review, cells = _read(path, _BODY, columns, encoding)
    refuse_personal_numbers(review, {role: cells[role] for role in ("code", "name", "source")})
    review_codes(review, cells["code"], "code")
    for role in ("name", "area_code", "source"):
        review.refuse(blank(cells[role]), "value_missing", field=role)
    cells |= {role: _named(review, cells[role], role, names) for role in ("kind", "office", "level")}
    review.refuse(blank(cells["kind"]), "value_missing", field="kind")
    begins = _days(review, cells["valid_from"], "valid_from")
    good = np.flatnonzero(review.good)
    plain = [role for role in _BODY if role != "valid_from"]
    return _found(
        review,
        [BodyRow(int(rows.row[i]), **{role: cells[role][i] for role in plain}, valid_from=begins[i]) for i in good],
    )


def read_facts(
    path: Path, *, names: Mapping[str, str], columns: Mapping[str, str] | None = None, encoding: str | None = None
) -> RowsRead[FactRow]:
    """Return the facts of a CSV or XLSX file.

    Columns ``area_code``, ``kind``, ``value``, ``source``, one of ``on`` (a day) and ``year``, and where they are there
    ``level``, ``unit``, ``bound`` and ``note``.

    Parameters
    ----------
    names, columns
        As of :func:`read_bodies`, with ``kind``, ``level``, ``unit`` and ``bound``.

    Raises
    ------
    InputError, FileRefusedError
        As of :func:`read_bodies`.
    """
    rows, review, cells = _read(path, _FACT, columns, encoding)
    refuse_personal_numbers(review, {role: cells[role] for role in ("source", "note")})
    for role in ("area_code", "value", "source"):
        review.refuse(blank(cells[role]), "value_missing", field=role)
    cells |= {role: _named(review, cells[role], role, names) for role in ("kind", "level", "unit", "bound")}
    review.refuse(blank(cells["kind"]), "value_missing", field="kind")
    values, malformed = quantities(cells["value"])
    review.refuse(malformed, "number_malformed", field="value", value=cells["value"])
    years, wrong = numbers(cells["year"])
    wrong |= ~blank(cells["year"]) & ~((years >= 1) & (years <= date.max.year) & (years == np.round(years)))
    review.refuse(wrong, "number_malformed", field="year", value=cells["year"])
    days = _days(review, cells["on"], "on")
    both = blank(cells["on"]) == blank(cells["year"])
    on, year = (np.where(blank(cells[name]), "-", cells[name]) for name in ("on", "year"))
    review.refuse(both, "fact_day_or_year", on=on, year=year)
    plain = ("area_code", "kind", "source", "level", "unit", "bound", "note")
    return _found(
        review,
        [
            FactRow(
                row=int(rows.row[i]),
                value=float(values[i]),
                year=None if cells["year"][i] is None else int(years[i]),
                on=days[i],
                **{role: cells[role][i] for role in plain},
            )
            for i in np.flatnonzero(review.good)
        ],
    )


def _read(
    path: Path, roles: Mapping[str, Sequence[str]], columns: Mapping[str, str] | None, encoding: str | None
) -> tuple[Rows, Review, dict[str, Objects]]:
    given = dict(columns or {})
    rows = read_table(path, encoding=encoding)
    refuse_personal(rows.columns)
    cells: dict[str, Objects] = {}
    for role in roles:
        column = _column(rows, role, roles[role], given.get(role))
        missing = np.full(len(rows.row), None, dtype=object)
        cells[role] = missing if column is None else texts(rows.columns[column])
    return rows, Review(rows.row, rows.problems), cells


def _column(rows: Rows, role: str, candidates: Sequence[str], given: str | None) -> str | None:
    if given is not None:
        return find_column(rows.columns, role, given)
    folded = {name.casefold(): name for name in reversed(list(rows.columns))}
    found = next((folded[name] for name in candidates if name in folded), None)
    if found is None and role in _NEEDED:
        raise InputError("column_missing", field=role, known=", ".join(candidates), found=", ".join(rows.columns))
    return found


def _named(review: Review, cells: Objects, role: str, names: Mapping[str, str]) -> Objects:
    """Return what the names of a role mean, refusing what is none."""
    known = {name.removeprefix(f"{role}:"): value for name, value in names.items() if name.startswith(f"{role}:")}
    found = each(lambda cell: known.get(cell.casefold()), cells)
    unknown = blank(found) & ~blank(cells)
    review.refuse(unknown, "value_unknown", field=role, value=cells, known=", ".join(dict.fromkeys(known.values())))
    return found


def _days(review: Review, cells: Objects, role: str) -> Objects:
    found, malformed = dates(cells)
    review.refuse(malformed, "date_malformed", field=role, value=cells)
    return found


def _found(review: Review, rows: list[Row]) -> RowsRead[Row]:
    problems = tuple(sorted(review.problems, key=lambda problem: (problem.row or 0, problem.code)))
    return RowsRead(tuple(rows), problems, len(rows) + refused_rows(problems))
