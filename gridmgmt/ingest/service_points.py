"""Service points from a table or a vector file of points."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import shapely

from gridmgmt.crs import Datum, Extent
from gridmgmt.ingest.areas import review_codes
from gridmgmt.ingest.columns import coordinate_columns, find_column, require_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.geometry import reviewed_points
from gridmgmt.ingest.intake import Intake, Objects, Review
from gridmgmt.ingest.points import filtered, read_rows
from gridmgmt.ingest.stated_areas import stated_columns
from gridmgmt.ingest.values import attributes, blank, quantities, texts

_STATUS: Mapping[str, str] = {
    **dict.fromkeys(("open", "opened", "开放", "运营", "营业", "正常"), "open"),
    **dict.fromkeys(("planned", "规划", "在建", "筹建"), "planned"),
    **dict.fromkeys(("closed", "关闭", "停业", "停用"), "closed"),
}
_MAX_CAPACITY = 1_000_000


def read_service_points(  # noqa: PLR0913  each is an option of the import command
    path: Path,
    *,
    datum: Datum | None = None,
    columns: Mapping[str, str] | None = None,
    filters: Sequence[str] = (),
    type_: str | None = None,
    types: Collection[str] = (),
    extent: Extent | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return points: ``row code name type status capacity address attributes``, geometry POINT in WGS 84.

    ``columns`` names the columns of ``lon lat code name type status capacity address``, and of the area that a row
    states (``area_code`` or ``area_name``), where they are not to be found by name. ``type_`` gives all rows one type;
    ``types`` are the types allowed, all if empty. Without a status column points are open. Without a code column a
    point's code is a hash of its name, address and place, the same at every import. ``filters`` see
    :class:`~gridmgmt.ingest.columns.Condition`.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    given = dict(columns or {})
    rows, left_out = filtered(read_rows(path, encoding=encoding, layer=layer), tuple(filters))
    review = Review(rows.row, rows.problems)
    lon, lat = given.get("lon"), given.get("lat")
    places = () if rows.geometry is not None else coordinate_columns(rows.columns, lon, lat, datum)
    geometry = reviewed_points(rows, review, datum=datum, lon=lon, lat=lat, extent=extent)
    used: dict[str, str | None] = {
        role: find_column(rows.columns, candidates, given.get(role))
        for role, candidates in (("status", "status"), ("capacity", "capacity"), ("address", "address"))
    }
    name_column = used["name"] = require_column(rows.columns, "point_name", given.get("name"))
    used["type"] = None if type_ else require_column(rows.columns, "type", given.get("type"))
    used["code"] = find_column(rows.columns, "point_code", given.get("code"))
    names, addresses = texts(rows.columns[name_column]), _column(rows, used["address"])
    review.refuse(blank(names), "value_missing", field=name_column)
    found = {
        "code": _codes(rows, review, used["code"], names, addresses, geometry),
        "name": names,
        "type": _types(rows, review, used["type"], type_, types),
        "status": _statuses(rows, review, used["status"]),
        "capacity": _capacities(rows, review, used["capacity"]),
        "address": addresses,
        "attributes": attributes(rows.columns, {*used.values(), *places}),
    }
    return review.intake(
        found, geometry, file_sha256=rows.file_sha256, crs_declared=rows.crs_declared,
        details={"filtered_out": left_out, "columns": used}, stated_areas=stated_columns(rows.columns, given),
    )  # fmt: skip


def _column(rows: Rows, column: str | None) -> Objects:
    """Return a column as text; all None where the file has no such column."""
    return np.full(len(rows.row), None, dtype=object) if column is None else texts(rows.columns[column])


def _codes(
    rows: Rows, review: Review, column: str | None, names: Objects, addresses: Objects, geometry: Objects
) -> Objects:
    """Return the codes of the file, or derived ones; a derived code that repeats gets a running number."""
    if column is not None:
        codes = texts(rows.columns[column])
        review_codes(review, codes, column)
        return codes
    seen: Counter[str] = Counter()
    derived = np.full(len(rows.row), None, dtype=object)
    coordinates = zip(shapely.get_x(geometry), shapely.get_y(geometry), strict=True)
    for i, (name, address, (x, y)) in enumerate(zip(names, addresses, coordinates, strict=True)):
        key = hashlib.sha256(f"{name}\n{address or ''}\n{x:.6f} {y:.6f}".encode()).hexdigest()[:16]
        seen[key] += 1
        derived[i] = key if seen[key] == 1 else f"{key}-{seen[key]}"
    return derived


def _types(rows: Rows, review: Review, column: str | None, fixed: str | None, allowed: Collection[str]) -> Objects:
    """Return the types, refusing rows without one or with one that is not allowed."""
    if column is None:
        return np.full(len(rows.row), fixed, dtype=object)
    types = texts(rows.columns[column])
    review.refuse(blank(types), "value_missing", field=column)
    if allowed:
        unknown = np.array([value not in allowed for value in types], dtype=bool)
        review.refuse(unknown, "value_unknown", field=column, value=types, known=", ".join(allowed))
    return types


def _statuses(rows: Rows, review: Review, column: str | None) -> Objects:
    """Return ``open``, ``planned`` or ``closed``; open where the file has no such column or leaves the cell blank."""
    cells = _column(rows, column)
    statuses = np.array([_STATUS.get((cell or "open").casefold()) for cell in cells], dtype=object)
    review.refuse(blank(statuses), "value_unknown", field=column, value=cells, known=", ".join(_STATUS))
    return statuses


def _capacities(rows: Rows, review: Review, column: str | None) -> Objects:
    """Return whole numbers of places, None where unknown."""
    cells = _column(rows, column)
    values, malformed = quantities(cells)
    review.refuse(
        malformed | (values != np.floor(values)) & ~np.isnan(values), "number_malformed", field=column, value=cells
    )
    beyond = (values < 0) | (values > _MAX_CAPACITY)
    review.refuse(beyond, "number_out_of_range", field=column, value=cells, low=0, high=_MAX_CAPACITY)
    capacities = np.full(len(cells), None, dtype=object)
    known = ~np.isnan(values)
    capacities[known] = [int(value) for value in values[known]]
    return capacities
