"""Located cases from a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import shapely

from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.crs import Datum, Extent
from gridmgmt.ingest.columns import coordinate_columns, find_column, require_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.geometry import reviewed_points
from gridmgmt.ingest.intake import Intake, Objects, Review
from gridmgmt.ingest.points import read_rows
from gridmgmt.ingest.stated_areas import stated_columns
from gridmgmt.ingest.values import blank, duplicates, moments, texts

_KIND: Mapping[str, str] = {"event": "event", "事件": "event", "component": "component", "部件": "component"}
_STATUS: Mapping[str, str] = {
    **dict.fromkeys(("reported", "open", "上报", "受理", "立案"), "reported"),
    **dict.fromkeys(("handling", "in progress", "处置中", "派遣", "处置"), "handling"),
    **dict.fromkeys(("closed", "结案", "已结案"), "closed"),
}
_ROLES = ("case_no", "case_type", "case_status", "reported_at", "due_at", "closed_at", "kind")
_REQUIRED = ("case_no", "case_type", "case_status", "reported_at")
_CLOCKS_DIFFER = pd.Timedelta(seconds=60)
_STACKED_SHARE = 0.05


def read_cases(
    path: Path,
    *,
    datum: Datum | None = None,
    columns: Mapping[str, str] | None = None,
    kind: str = "event",
    zone: ZoneInfo = LOCAL_ZONE,
    extent: Extent | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return cases: ``row case_no type kind state reported_at due_at closed_at`` (UTC), geometry POINT.

    ``columns`` names the columns of ``lon lat`` and of the roles ``case_no case_type case_status reported_at due_at
    closed_at kind`` where they are not to be found by name; ``kind`` holds for rows without one. Times without an
    offset are local to ``zone``. A case closed up to 60 s before it was reported is kept (two clocks), an earlier one
    refused. ``details`` names the point that 5 % or more of the cases share, which then is no place but a default.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    given = dict(columns or {})

    def needed(header: Sequence[str]) -> list[str]:
        places = coordinate_columns(header, given.get("lon"), given.get("lat"), datum)
        stated = stated_columns(dict.fromkeys(header, np.empty(0, dtype=object)), given)
        return [*places, *stated, *(column for column in _columns(header, given).values() if column)]

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
    found = {
        "case_no": cell["case_no"],
        "type": cell["case_type"],
        "kind": _known(review, np.where(blank(cell["kind"]), kind, cell["kind"]), used["kind"], _KIND),
        "state": _known(review, cell["case_status"], used["case_status"], _STATUS),
        **_times(review, cell, used, zone),
    }
    details = {"columns": used, "stacked": _stacked(geometry[review.good])}
    return review.intake(
        found, geometry, file_sha256=rows.file_sha256, crs_declared=rows.crs_declared, details=details,
        stated_areas=stated_columns(rows.columns, given),
    )  # fmt: skip


def _columns(header: Sequence[str] | Mapping[str, Objects], given: Mapping[str, str]) -> dict[str, str | None]:
    """Return the column of each role."""
    return {
        role: (require_column if role in _REQUIRED else find_column)(header, role, given.get(role)) for role in _ROLES
    }


def _cells(rows: Rows, column: str | None) -> Objects:
    """Return a column as text, all None where there is none."""
    return np.full(len(rows.row), None, dtype=object) if column is None else texts(rows.columns[column])


def _known(review: Review, cells: Objects, column: str | None, table: Mapping[str, str]) -> Objects:
    """Return the cells' canonical values, refusing unknown ones."""
    values = np.array([None if cell is None else table.get(cell.casefold()) for cell in cells], dtype=object)
    review.refuse(blank(values), "value_unknown", field=column or "kind", value=cells, known=", ".join(table))
    return values


def _times(
    review: Review, cell: Mapping[str, Objects], used: Mapping[str, str | None], zone: ZoneInfo
) -> "dict[str, pd.Series[pd.Timestamp]]":
    """Return the three moments in UTC, refusing malformed ones and closures before the report."""
    times: dict[str, pd.Series[pd.Timestamp]] = {}
    for role in ("reported_at", "due_at", "closed_at"):
        times[role], malformed = moments(cell[role], zone)
        review.refuse(malformed, "moment_malformed", field=used[role], value=cell[role])
    early = (times["closed_at"] < times["reported_at"] - _CLOCKS_DIFFER).to_numpy()
    review.refuse(early, "closed_before_reported", closed=cell["closed_at"], reported=cell["reported_at"])
    return times


def _stacked(points: Objects) -> dict[str, float] | None:
    """Return the point that an improbable share of the cases lies on, with their number."""
    if not len(points):
        return None
    places, counts = np.unique(shapely.get_coordinates(points), axis=0, return_counts=True)
    most = int(np.argmax(counts))
    if counts[most] < max(10.0, _STACKED_SHARE * len(points)):
        return None
    return {"lon": float(places[most, 0]), "lat": float(places[most, 1]), "count": int(counts[most])}
