"""Areas of one level from a vector file."""

from pathlib import Path

import numpy as np
import shapely
from shapely import GeometryType

from gridmgmt.codes import is_code
from gridmgmt.crs import Datum
from gridmgmt.errors import InputError
from gridmgmt.ingest.columns import require_column
from gridmgmt.ingest.files import Rows
from gridmgmt.ingest.geometry import POLYGONS, reviewed_geometry
from gridmgmt.ingest.intake import Intake, Objects, Review
from gridmgmt.ingest.values import attributes, blank, duplicates, texts
from gridmgmt.ingest.vector import read_vector

_ROWS_NAMED = 5


def read_areas(
    path: Path,
    *,
    datum: Datum | None = None,
    code_field: str | None = None,
    name_field: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return areas: ``row``, ``code``, ``name``, ``attributes`` (dict), geometry MULTIPOLYGON in WGS 84.

    Rows without a code, with a malformed one, or with one that another row has too are refused (all of the latter:
    which one is right is not ours to guess), as are rows without a name or without a valid polygon.

    An export of this program says its datum itself, and what it added to the areas is not taken for their attributes.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the file as a whole cannot be used.
    """
    rows = read_vector(path, encoding=encoding, layer=layer)
    review = Review(rows.row)
    code_column = require_column(rows.columns, "code", code_field)
    name_column = require_column(rows.columns, "name", name_field)
    codes, names = texts(rows.columns[code_column]), texts(rows.columns[name_column])
    review_codes(review, codes, code_column)
    review.refuse(blank(names), "value_missing", field=name_column)
    geometry = reviewed_geometry(rows, review, POLYGONS, stated_datum(rows, datum))
    added = (code_column, name_column, *rows.stated.get("own_columns", ()))
    columns = {"code": codes, "name": names, "attributes": attributes(rows.columns, added)}
    return review.intake(
        columns, multipolygons(geometry), file_sha256=rows.file_sha256, crs_declared=rows.crs_declared,
        details={"code_field": code_column, "name_field": name_column, **_stated(rows)},
    )  # fmt: skip


def stated_datum(rows: Rows, declared: Datum | None) -> Datum | None:
    """Return the datum of a file: the declared one, else what the file says of itself where it is an export of ours.

    Raises
    ------
    InputError
        ``datum_contradicted`` when the two differ by more than centimetres.
    """
    named = Datum(rows.stated["datum"]) if rows.stated else None
    if named is None or declared is None:
        return declared or named
    if named != declared and Datum.GCJ02 in (named, declared):
        raise InputError("datum_contradicted", column="datum", named=named, datum=declared)
    return declared


def _stated(rows: Rows) -> dict[str, str]:
    """Return level and datum as the file says them of itself."""
    return {f"stated_{name}": str(rows.stated[name]) for name in ("level", "datum") if rows.stated}


def review_codes(review: Review, codes: Objects, column: str) -> None:
    """Refuse rows whose code is missing, malformed or not theirs alone."""
    review.refuse(blank(codes), "code_missing", field=column)
    malformed = np.array([code is not None and not is_code(code) for code in codes], dtype=bool)
    review.refuse(malformed, "code_malformed", field=column, value=codes)
    twice, together = duplicates(codes)
    others = np.full(len(codes), "", dtype=object)
    for i in np.flatnonzero(twice):
        rows = [str(review.row[j]) for j in together[int(i)] if j != i]
        others[i] = ", ".join(rows[:_ROWS_NAMED]) + (" …" if len(rows) > _ROWS_NAMED else "")
    review.refuse(twice, "code_repeated", field=column, value=codes, rows=others)


def multipolygons(geometry: Objects) -> Objects:
    """Return polygons as multipolygons of one part."""
    single = shapely.get_type_id(geometry) == GeometryType.POLYGON
    promoted = geometry.copy()
    promoted[single] = [shapely.MultiPolygon([polygon]) for polygon in geometry[single]]
    return promoted
