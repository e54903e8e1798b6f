"""Service centres and their branches from a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridmgmt.crs import Datum, datum_to_wgs84
from gridmgmt.errors import InputError, Problem
from gridmgmt.ingest.areas import review_codes
from gridmgmt.ingest.columns import coordinate_columns, find_column, require_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.intake import Objects, Review, refused_rows
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import blank, dates, numbers, texts

_REQUIRED = {"code": "point_code", "type": "type", "name": "point_name", "area_code": "area_code"}
_OPTIONAL = {"parent_code": "parent_code", "address": "address", "valid_from": "valid_from"}


@dataclass(frozen=True)
class CentreRow:
    """One good row; ``lonlat`` in WGS 84 degrees, None where the row gives no place."""

    row: int
    code: str
    type: str
    name: str
    area_code: str
    parent_code: str | None
    address: str | None
    valid_from: date | None
    lonlat: tuple[float, float] | None


@dataclass(frozen=True)
class CentreRows:
    """The good rows of a file, the problems of the others, and how many were judged."""

    rows: tuple[CentreRow, ...]
    problems: tuple[Problem, ...]
    read: int


def read_centres(
    path: Path,
    *,
    types: Mapping[str, str],
    datum: Datum | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> CentreRows:
    """Return the centres of a CSV or XLSX file.

    Columns ``code``, ``type``, ``name``, ``area_code`` (the town, subdistrict or unit served), and where they are there
    ``parent_code`` (of a branch), ``address``, ``valid_from`` (YYYY-MM-DD) and longitude with latitude.

    Parameters
    ----------
    types
        Each name of a type that may stand in the file, in lower case, and the type it means.
    columns
        The columns of these roles where they are not to be found by name.

    Raises
    ------
    InputError, FileRefusedError
        When the file as a whole cannot be used.
    """
    given = dict(columns or {})
    rows = read_table(path, encoding=encoding)
    review = Review(rows.row, rows.problems)
    used: dict[str, str | None] = {
        role: require_column(rows.columns, candidates, given.get(role)) for role, candidates in _REQUIRED.items()
    }
    used |= {role: find_column(rows.columns, candidates, given.get(role)) for role, candidates in _OPTIONAL.items()}
    cells = {role: _cells(rows, column) for role, column in used.items()}
    review_codes(review, cells["code"], used["code"] or "code")
    for role in ("name", "area_code"):
        review.refuse(blank(cells[role]), "value_missing", field=used[role])
    named = _named(review, cells["type"], used["type"], types)
    begins, malformed = dates(cells["valid_from"])
    review.refuse(malformed, "date_malformed", field=used["valid_from"], value=cells["valid_from"])
    places = _places(rows, review, datum, given)
    found = tuple(
        CentreRow(
            row=int(rows.row[i]),
            code=cells["code"][i],
            type=named[i],
            name=cells["name"][i],
            area_code=cells["area_code"][i],
            parent_code=cells["parent_code"][i],
            address=cells["address"][i],
            valid_from=begins[i],
            lonlat=places[i],
        )
        for i in np.flatnonzero(review.good)
    )
    problems = tuple(sorted(review.problems, key=lambda problem: (problem.row or 0, problem.code)))
    return CentreRows(found, problems, len(found) + refused_rows(problems))


def _cells(rows: Rows, column: str | None) -> Objects:
    return np.full(len(rows.row), None, dtype=object) if column is None else texts(rows.columns[column])


def _named(review: Review, cells: Objects, column: str | None, types: Mapping[str, str]) -> Objects:
    """Return the types, refusing what is none."""
    found = np.array([types.get((cell or "").casefold()) for cell in cells], dtype=object)
    known = ", ".join(dict.fromkeys(types.values()))
    review.refuse(blank(found), "value_unknown", field=column, value=cells, known=known)
    return found


def _places(
    rows: Rows, review: Review, datum: Datum | None, given: Mapping[str, str]
) -> list[tuple[float, float] | None]:
    """Return positions in WGS 84 degrees, None where the row gives none."""
    try:
        names = coordinate_columns(rows.columns, given.get("lon"), given.get("lat"), datum)
    except InputError as error:
        if error.code != "column_missing" or {"lon", "lat"} & given.keys():
            raise
        return [None] * len(rows.row)
    (lon, lon_blank), (lat, lat_blank) = (_degrees(rows, review, name) for name in names)
    review.refuse(lon_blank != lat_blank, "coordinates_incomplete")
    review.refuse((np.abs(lon) > 180) | (np.abs(lat) > 90), "coordinates_out_of_range", lon=lon, lat=lat)
    placed = review.good & ~lon_blank
    x, y = datum_to_wgs84(datum or Datum.WGS84, np.where(placed, lon, 0.0), np.where(placed, lat, 0.0))
    return [(float(x[i]), float(y[i])) if placed[i] else None for i in range(len(placed))]


def _degrees(rows: Rows, review: Review, column: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    cells = texts(rows.columns[column])
    values, malformed = numbers(cells)
    review.refuse(malformed, "number_malformed", field=column, value=cells)
    return values, blank(cells)
