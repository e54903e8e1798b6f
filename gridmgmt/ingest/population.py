"""Residents by age band per place, from a table or a vector file of points; decimals, never rounded."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridmgmt.crs import Datum, Extent
from gridmgmt.errors import InputError
from gridmgmt.ingest.columns import find_column, require_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.geometry import reviewed_points
from gridmgmt.ingest.intake import Intake, Review
from gridmgmt.ingest.points import filtered, read_rows
from gridmgmt.ingest.stated_areas import stated_columns
from gridmgmt.ingest.values import blank, quantities, texts
from gridmgmt.units import AGE_BANDS

Floats = NDArray[np.float64]

RESIDENT_COLUMNS = tuple(f"residents_{band}" for band in AGE_BANDS)
TOTAL_COLUMN = "residents_60_plus"
MAX_RESIDENTS = 1_000_000.0
_SUM_TOLERANCE = 1e-6


def read_population_points(
    path: Path,
    *,
    datum: Datum | None = None,
    columns: Mapping[str, str] | None = None,
    filters: Sequence[str] = (),
    extent: Extent | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return places: ``row place_no``, residents by band and in total, ``connect_extra_m`` 0, geometry POINT.

    The file gives all five bands, or the total of 60 and over alone (the bands are then NaN). A blank cell is
    not zero but unknown, and refused. ``columns`` names the columns of ``lon lat``, the bands (``60_64`` … ``80_plus``)
    and ``residents_60_plus`` where they are not to be found by name.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used; ``bands_incomplete`` when only some bands are there.
    """
    given = dict(columns or {})
    rows, left_out = filtered(read_rows(path, encoding=encoding, layer=layer), tuple(filters))
    review = Review(rows.row, rows.problems)
    geometry = reviewed_points(rows, review, datum=datum, lon=given.get("lon"), lat=given.get("lat"), extent=extent)
    residents = residents_of(rows, review, given)
    found = {"place_no": rows.row, **residents, "connect_extra_m": np.zeros(len(rows.row))}
    by_band = not np.isnan(residents[RESIDENT_COLUMNS[0]]).all()
    totals = {name: float(np.nansum(values[review.good])) for name, values in residents.items()}
    return review.intake(
        found, geometry, file_sha256=rows.file_sha256, crs_declared=rows.crs_declared,
        details={"filtered_out": left_out, "totals": totals, "bands": by_band},
        stated_areas=stated_columns(rows.columns, given),
    )  # fmt: skip


def residents_of(rows: Rows, review: Review, given: Mapping[str, str]) -> dict[str, Floats]:
    """Return residents by band and in total; a given total must equal the sum of the bands."""
    bands = {band: find_column(rows.columns, f"residents_{band}", given.get(band)) for band in AGE_BANDS}
    missing = [band for band, column in bands.items() if column is None]
    if missing and len(missing) < len(bands):
        raise InputError("bands_incomplete", missing=", ".join(missing), found=", ".join(rows.columns))
    if missing:
        total = _counts(rows, review, require_column(rows.columns, TOTAL_COLUMN, given.get(TOTAL_COLUMN)))
        unknown = dict.fromkeys(RESIDENT_COLUMNS, np.full(len(total), np.nan))
        return {**unknown, TOTAL_COLUMN: total}
    counts = {f"residents_{band}": _counts(rows, review, column) for band, column in bands.items() if column}
    total = np.sum(list(counts.values()), axis=0)
    stated_column = find_column(rows.columns, TOTAL_COLUMN, given.get(TOTAL_COLUMN))
    if stated_column is not None:
        stated = _counts(rows, review, stated_column)
        differs = np.abs(stated - total) > _SUM_TOLERANCE * np.maximum(1.0, total)
        review.refuse(differs, "residents_sum", field=stated_column, value=stated, expected=total)
    return {**counts, TOTAL_COLUMN: total}


def _counts(rows: Rows, review: Review, column: str) -> Floats:
    """Return a column of residents, refusing rows where it is blank, no number, negative or absurdly large."""
    cells = texts(rows.columns[column])
    values, malformed = quantities(cells)
    review.refuse(blank(cells), "value_missing", field=column)
    review.refuse(malformed, "number_malformed", field=column, value=cells)
    beyond = (values < 0) | (values > MAX_RESIDENTS)
    review.refuse(beyond, "number_out_of_range", field=column, value=cells, low=0, high=round(MAX_RESIDENTS))
    return values
