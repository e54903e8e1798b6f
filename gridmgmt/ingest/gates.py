"""A table of gates of the user's own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmgmt.analysis.walking.gates import Access
from gridmgmt.crs import Datum, Extent
from gridmgmt.errors import InputError
from gridmgmt.hours import parse_hours, rules_of_text
from gridmgmt.ingest.areas import review_codes
from gridmgmt.ingest.columns import coordinate_columns, find_column, require_column
from gridmgmt.ingest.geometry import reviewed_points
from gridmgmt.ingest.intake import Intake, Objects, Review
from gridmgmt.ingest.opening_hours import ALWAYS, HourRules, rules_of_opening_hours, unless_always
from gridmgmt.ingest.points import read_rows
from gridmgmt.ingest.values import attributes, blank, texts

_ACCESS: Mapping[str, Access] = {
    **dict.fromkeys(("public", "open", "yes", "公共", "公众", "开放"), Access.PUBLIC),
    **dict.fromkeys(("residents", "card", "private", "居民", "刷卡", "门禁", "业主"), Access.RESIDENTS),
    **dict.fromkeys(("closed", "no", "locked", "关闭", "封闭"), Access.CLOSED),
}


def read_gates(
    path: Path,
    *,
    datum: Datum | None = None,
    columns: Mapping[str, str] | None = None,
    extent: Extent | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return gates of a table or a vector file: ``row code name access hours hours_text attributes``, a POINT each.

    ``columns`` names the columns of ``lon lat code name access hours`` where they are not to be found by name.
    Without a column of access gates are public, without hours always open. Hours are rules as ``mon-fri 06:00-22:00;
    sat 07:00-21:00``, or as OpenStreetMap's ``opening_hours``; ``hours`` holds the rules, None for always.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    given = dict(columns or {})
    rows = read_rows(path, encoding=encoding, layer=layer)
    review = Review(rows.row, rows.problems)
    lon, lat = given.get("lon"), given.get("lat")
    places = () if rows.geometry is not None else coordinate_columns(rows.columns, lon, lat, datum)
    geometry = reviewed_points(rows, review, datum=datum, lon=lon, lat=lat, extent=extent)
    used: dict[str, str | None] = {
        role: find_column(rows.columns, f"gate_{role}", given.get(role)) for role in ("name", "access", "hours")
    }
    used["code"] = code_column = require_column(rows.columns, "gate_code", given.get("code"))
    said = {
        role: np.full(len(rows.row), None, dtype=object) if column is None else texts(rows.columns[column])
        for role, column in used.items()
    }
    review_codes(review, said["code"], code_column)
    found = {
        "code": said["code"],
        "name": said["name"],
        "access": _access(review, used["access"], said["access"]),
        "hours": _hours(review, used["hours"], said["hours"]),
        "hours_text": said["hours"],
        "attributes": attributes(rows.columns, {*used.values(), *places}),
    }
    return review.intake(
        found, geometry, file_sha256=rows.file_sha256, crs_declared=rows.crs_declared, details={"columns": used}
    )


def _access(review: Review, column: str | None, cells: Objects) -> Objects:
    """Return who passes each gate; everybody where nothing is said."""
    found = np.array([_ACCESS.get((cell or "public").casefold()) for cell in cells], dtype=object)
    review.refuse(blank(found), "value_unknown", field=column, value=cells, known=", ".join(_ACCESS))
    return found


def _hours(review: Review, column: str | None, cells: Objects) -> Objects:
    """Return the rules of the hours that the cells tell, None for always."""
    read = [_rules(cell) for cell in cells]
    review.refuse(blank(_objects(read)), "gate_hours_malformed", field=column, value=cells)
    return _objects([None if rules is None else unless_always(rules) for rules in read])


def _rules(cell: str | None) -> HourRules | None:
    """Return the rules that a cell tells in either way of writing, None where it tells none."""
    if cell is None:
        return ALWAYS
    if rules := rules_of_opening_hours(cell):
        return rules
    try:
        rules = rules_of_text(cell)
        parse_hours(rules)
    except InputError:
        return None
    return rules


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
