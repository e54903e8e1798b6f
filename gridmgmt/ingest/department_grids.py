"""Grids of one department from a vector file."""

from pathlib import Path

import numpy as np

from gridmgmt.crs import Datum
from gridmgmt.ingest.areas import multipolygons, review_codes
from gridmgmt.ingest.columns import find_column, require_column
from gridmgmt.ingest.geometry import POLYGONS, reviewed_geometry
from gridmgmt.ingest.intake import Intake, Review
from gridmgmt.ingest.values import attributes, texts
from gridmgmt.ingest.vector import read_vector


def read_department_grids(
    path: Path,
    *,
    department: str,
    department_name: str | None = None,
    datum: Datum | None = None,
    code_field: str | None = None,
    name_field: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return grids: ``row``, ``code``, ``name`` (None where blank), ``attributes``, geometry MULTIPOLYGON in WGS 84.

    Rows without a code, with a malformed one, or with one that another row has too are refused, as are rows without a
    valid polygon. Grids may overlap and leave gaps: that is the department's own division, to be compared and not to be
    judged.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    rows = read_vector(path, encoding=encoding, layer=layer)
    review = Review(rows.row)
    code_column = require_column(rows.columns, "code", code_field)
    name_column = find_column(rows.columns, "name", name_field)
    codes = texts(rows.columns[code_column])
    review_codes(review, codes, code_column)
    geometry = reviewed_geometry(rows, review, POLYGONS, datum)
    columns = {
        "code": codes,
        "name": texts(rows.columns[name_column]) if name_column else np.full(len(codes), None, dtype=object),
        "attributes": attributes(rows.columns, (code_column, name_column)),
    }
    details = {"code_field": code_column, "name_field": name_column, "department": department}
    return review.intake(
        columns,
        multipolygons(geometry),
        file_sha256=rows.file_sha256,
        crs_declared=rows.crs_declared,
        details={**details, "department_name": department_name},
    )
