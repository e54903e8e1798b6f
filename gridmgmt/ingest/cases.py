"""Located cases from a table, as a mapping reads it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from gridmgmt.crs import Datum, Extent
from gridmgmt.errors import InputError
from gridmgmt.ingest.case_mapping import ROLES, CaseMapping
from gridmgmt.ingest.columns import coordinate_columns, find_column, require_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.geometry import reviewed_points
from gridmgmt.ingest.intake import Intake, Mask, Objects, Review
from gridmgmt.ingest.points import read_rows
from gridmgmt.ingest.stated_areas import stated_columns
from gridmgmt.ingest.values import blank, duplicates, moments, texts

_REQUIRED = ("case_no", "case_type", "case_status", "reported_at")
_MOMENTS = ("reported_at", "due_at", "closed_at")
_STACKED_SHARE = 0.05
_SAME_POINT_DEG = 5e-7
"""Two points this near are one: half of the last decimal that a register states."""

MOST_CHARACTERS = 4_000
"""Of a description, an address or a reason; what is longer is cut and flagged ``text_cut``."""


def read_cases(
    path: Path,
    mapping: CaseMapping | None = None,
    *,
    datum: Datum | None = None,
    extent: Extent | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return cases: ``row case_no type kind source state reported_at due_at closed_at`` (UTC), geometry POINT.

    Further columns are ``department_code description address reason`` and ``flags``, what is doubtful about a case in
    PostgreSQL's spelling of an array. Without a mapping, columns are found by name and values by what is commonly
    written. ``details`` names the point that 5 % or more of the cases share, which then is no place but a default.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    mapping = mapping or CaseMapping()
    given, conditions = dict(mapping.columns), mapping.conditions()

    def needed(header: Sequence[str]) -> list[str]:
        places = coordinate_columns(header, given.get("lon"), given.get("lat"), datum)
        stated = stated_columns(dict.fromkeys(header, np.empty(0, dtype=object)), given)
        used = (column for column in _columns(header, given).values() if column)
        return [*places, *stated, *used, *(c.column for c in conditions.values() if c.column in header)]

    rows = read_rows(path, encoding=encoding, layer=layer, select=needed)
    used = _columns(rows.columns, given)
    review = Review(rows.row, rows.problems)
    geometry = reviewed_points(rows, review, datum=datum, lon=given.get("lon"), lat=given.get("lat"), extent=extent)
    cell = {role: _cells(rows, column) for role, column in used.items()}
    for role in _REQUIRED:
        review.refuse(blank(cell[role]), "value_missing", field=used[role])
    twice, together = duplicates(cell["case_no"])
    first = np.array([review.row[group[0]] for group in together], dtype=object)
    review.refuse(twice, "value_repeated", field=used["case_no"], value=cell["case_no"], first=first)
    times, early = _times(review, cell, used, mapping)
    words, cut = _words(cell)
    found = {
        "case_no": cell["case_no"],
        "type": _meant(cell["case_type"], mapping.types, keep=True),
        "kind": _known(review, cell["kind"], used["kind"], mapping.kind_of(), mapping.kind),
        "source": np.where(blank(source := _meant(cell["source"], mapping.source_of())), mapping.source, source),
        "state": _known(review, cell["case_status"], used["case_status"], mapping.state_of(), None),
        "department_code": cell["department_code"],
        **times,
        **words,
        "flags": _flags(
            flagged := _flagged(rows, mapping, geometry) | {"closed_before_reported": early, "text_cut": cut}
        ),
    }
    details: dict[str, object] = {
        "columns": used,
        "stacked": _stacked(geometry[review.good]),
        "register": mapping.register_name,
    }
    details["flagged"] = {flag: number for flag, mask in flagged.items() if (number := int((mask & review.good).sum()))}
    return review.intake(
        found, geometry, file_sha256=rows.file_sha256, crs_declared=rows.crs_declared, details=details,
        stated_areas=stated_columns(rows.columns, given),
    )  # fmt: skip


def _columns(header: Sequence[str] | Mapping[str, Objects], given: Mapping[str, str]) -> dict[str, str | None]:
    """Return the column of each role."""
    return {
        role: (require_column if role in _REQUIRED else find_column)(header, role, given.get(role)) for role in ROLES
    }


def _cells(rows: Rows, column: str | None) -> Objects:
    """Return a column as text, all None where there is none."""
    return np.full(len(rows.row), None, dtype=object) if column is None else texts(rows.columns[column])


def _meant(cells: Objects, table: Mapping[str, str], *, keep: bool = False) -> Objects:
    """Return what cells mean by a table of folded values; one that it does not have is None, or stays as it is."""
    array = np.empty(len(cells), dtype=object)
    array[:] = [
        None if cell is None else table.get(cell.casefold(), table.get(cell, cell if keep else None)) for cell in cells
    ]
    return array


def _known(
    review: Review, cells: Objects, column: str | None, table: Mapping[str, str], default: str | None
) -> Objects:
    """Return the cells' canonical values, refusing unknown ones; blank ones have the default, where there is one."""
    values = _meant(cells, table)
    missing = blank(cells) if default is not None else np.zeros(len(cells), dtype=bool)
    values[missing] = default
    known = ", ".join(dict.fromkeys(table))
    review.refuse(blank(values), "value_unknown", field=column or "kind", value=cells, known=known)
    return values


def _times(
    review: Review, cell: Mapping[str, Objects], used: Mapping[str, str | None], mapping: CaseMapping
) -> "tuple[dict[str, pd.Series[pd.Timestamp]], Mask]":
    """Return the three moments in UTC and who was closed before the report; what cannot be is refused."""
    times: dict[str, pd.Series[pd.Timestamp]] = {}
    for role in _MOMENTS:
        times[role], malformed = moments(cell[role], mapping.time_zone, mapping.time_format)
        review.refuse(malformed, "moment_malformed", field=used[role], value=cell[role])
    ahead = times["reported_at"] - times["closed_at"]
    too_early = (ahead > pd.Timedelta(seconds=mapping.closed_before_s)).to_numpy()
    review.refuse(too_early, "closed_before_reported", closed=cell["closed_at"], reported=cell["reported_at"])
    return times, (ahead > pd.Timedelta(0)).to_numpy()


def _words(cell: Mapping[str, Objects]) -> tuple[dict[str, Objects], Mask]:
    """Return the texts of a case, none longer than allowed, and which rows had one that was."""
    words = {role: cell[role].copy() for role in ("description", "address", "reason")}
    cut = np.zeros(len(cell["case_no"]), dtype=bool)
    for column in words.values():
        long = np.array([value is not None and len(value) > MOST_CHARACTERS for value in column], dtype=bool)
        column[long] = [value[:MOST_CHARACTERS] for value in column[long]]
        cut |= long
    return words, cut


def _flagged(rows: Rows, mapping: CaseMapping, geometry: Objects) -> dict[str, Mask]:
    """Return which rows have each flag of the mapping.

    Raises
    ------
    InputError
        When a condition names a column that the file does not have.
    """
    flagged = {}
    for flag, condition in mapping.conditions().items():
        if condition.column not in rows.columns:
            raise InputError("column_unknown", field="flags", column=condition.column, found=", ".join(rows.columns))
        flagged[flag] = condition.holds(rows.columns[condition.column])
    if mapping.default_point is not None:
        away = np.column_stack([shapely.get_x(geometry), shapely.get_y(geometry)]) - mapping.default_point
        flagged["default_point"] = np.abs(away).max(axis=1) <= _SAME_POINT_DEG
    return flagged


def _flags(flagged: Mapping[str, Mask]) -> Objects:
    """Return the flags of each row in PostgreSQL's spelling of an array."""
    array = np.empty(len(next(iter(flagged.values()))), dtype=object)
    array[:] = ["{" + ",".join(names) + "}" for names in _named(flagged)]
    return array


def _named(flagged: Mapping[str, Mask]) -> Iterator[list[str]]:
    quoted = ['"{}"'.format(flag.replace("\\", "").replace('"', "")) for flag in flagged]
    for row in zip(*(mask.tolist() for mask in flagged.values()), strict=True):
        yield [flag for flag, holds in zip(quoted, row, strict=True) if holds]


def _stacked(points: Objects) -> dict[str, float] | None:
    """Return the point that an improbable share of the cases lies on, with their number."""
    if not len(points):
        return None
    places, counts = np.unique(shapely.get_coordinates(points), axis=0, return_counts=True)
    most = int(np.argmax(counts))
    if counts[most] < max(10.0, _STACKED_SHARE * len(points)):
        return None
    return {"lon": float(places[most, 0]), "lat": float(places[most, 1]), "count": int(counts[most])}
