"""Managed components from a table or a vector file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gridmgmt.crs import Datum, Extent
from gridmgmt.errors import InputError
from gridmgmt.ingest.areas import review_codes
from gridmgmt.ingest.columns import coordinate_columns, find_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.geometry import LINES, POINTS, POLYGONS, reviewed_geometry, reviewed_points
from gridmgmt.ingest.intake import Intake, Objects, Review
from gridmgmt.ingest.points import read_rows
from gridmgmt.ingest.values import attributes, blank, dates, each, texts

_COLUMNS: Mapping[str, Sequence[str]] = {
    "code": ("code", "component_code", "objid", "标识码", "部件标识码", "部件代码", "部件编码", "编码"),
    "type": ("type", "type_code", "部件小类代码", "小类代码", "部件类型代码"),
    "name": ("name", "objname", "部件名称", "名称"),
    "state": ("state", "objstate", "部件状态", "状态"),
    "owner": ("owner", "owner_code", "deptcode2", "权属单位代码"),
    "maintainer": ("maintainer", "maintainer_code", "deptcode3", "养护单位代码"),
    "put_in_service_on": ("put_in_service_on", "ordate", "初始日期", "投用日期"),
    "removed_on": ("removed_on", "拆除日期", "移除日期"),
}
_STATES: Mapping[str, str] = {
    **dict.fromkeys(("in_use", "完好", "在用", "正常"), "in_use"),
    **dict.fromkeys(("damaged", "破损", "损坏"), "damaged"),
    **dict.fromkeys(("missing", "丢失", "缺失"), "missing"),
    **dict.fromkeys(("abandoned", "废除", "废弃"), "abandoned"),
    **dict.fromkeys(("removed", "移除", "拆除"), "removed"),
}


def read_components(
    path: Path,
    *,
    datum: Datum | None = None,
    columns: Mapping[str, str] | None = None,
    extent: Extent | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return components: points of a table, or points, lines and surfaces of a vector file.

    Columns of the frame: ``row code stated_type name state owner_code maintainer_code put_in_service_on removed_on
    attributes``. Only the identifier has to be there; without a state a component is in use. The names of CJ/T 214
    (ObjID, ObjName, ObjState, DeptCode2, DeptCode3, ORDate) are known.

    Parameters
    ----------
    columns
        The columns of ``lon lat code type name state owner maintainer put_in_service_on removed_on`` where they are
        not to be found by name.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    given = dict(columns or {})
    rows = read_rows(path, encoding=encoding, layer=layer)
    review = Review(rows.row, rows.problems)
    lon, lat = given.get("lon"), given.get("lat")
    places: tuple[str, ...] = ()
    if rows.geometry is None:
        places = coordinate_columns(rows.columns, lon, lat, datum)
        geometry = reviewed_points(rows, review, datum=datum, lon=lon, lat=lat, extent=extent)
    else:
        geometry = reviewed_geometry(rows, review, (*POINTS, *LINES, *POLYGONS), datum)
    used = {role: _column(rows, role, given.get(role)) for role in _COLUMNS}
    said = {role: _cells(rows, column) for role, column in used.items()}
    review_codes(review, said["code"], str(used["code"]))
    found = {
        "code": said["code"],
        "stated_type": said["type"],
        "name": said["name"],
        "state": _states(review, used["state"], said["state"]),
        "owner_code": said["owner"],
        "maintainer_code": said["maintainer"],
        **{role: _days(review, used[role], said[role]) for role in ("put_in_service_on", "removed_on")},
        "attributes": attributes(rows.columns, {*used.values(), *places}),
    }
    return review.intake(
        found, geometry, file_sha256=rows.file_sha256, crs_declared=rows.crs_declared, details={"columns": used}
    )


def _column(rows: Rows, role: str, given: str | None) -> str | None:
    """Return the column of a role."""
    if given is not None:
        return find_column(rows.columns, role, given)
    folded = {name.casefold(): name for name in reversed(list(rows.columns))}
    found = next((folded[name] for name in _COLUMNS[role] if name in folded), None)
    if found is None and role == "code":
        raise InputError("column_missing", field=role, known=", ".join(_COLUMNS[role]), found=", ".join(rows.columns))
    return found


def _cells(rows: Rows, column: str | None) -> Objects:
    missing: Objects = np.full(len(rows.row), None, dtype=object)
    return missing if column is None else texts(rows.columns[column])


def _states(review: Review, column: str | None, cells: Objects) -> Objects:
    found = each(lambda cell: _STATES.get(cell.casefold()), np.where(blank(cells), "in_use", cells))
    review.refuse(blank(found), "value_unknown", field=column, value=cells, known=", ".join(_STATES))
    return found


def _days(review: Review, column: str | None, cells: Objects) -> Objects:
    found, malformed = dates(cells)
    review.refuse(malformed, "date_malformed", field=column, value=cells)
    return found
