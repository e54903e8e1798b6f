"""Land features of one kind, from a vector file or picked out of an OSM file by a table of tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from shapely import GeometryType

from gridmgmt.crs import Datum
from gridmgmt.errors import InputError
from gridmgmt.ingest.columns import find_column, require_column
from gridmgmt.ingest.files import OSM_SUFFIXES, VECTOR_SUFFIXES, Rows, check_file
from gridmgmt.ingest.geometry import LINES, POINTS, POLYGONS, reviewed_geometry
from gridmgmt.ingest.intake import Intake, Review
from gridmgmt.ingest.osm_library import Shapes, read_shapes
from gridmgmt.ingest.values import attributes, blank, texts
from gridmgmt.ingest.vector import read_vector


@dataclass(frozen=True)
class _Kind:
    """What one kind of feature may look like, and by which OSM tags it is known (empty: any value)."""

    types: Sequence[GeometryType]
    osm_tags: Mapping[str, frozenset[str]]
    osm_sure: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of what has such a tag, only objects with one of these too are meant; empty: all."""
    named: bool = False
    """Whether a feature of another file needs a name."""


_KINDS: Mapping[str, _Kind] = {
    "water": _Kind(
        (*POLYGONS, *LINES),
        {
            "natural": frozenset({"water"}),
            "waterway": frozenset({"river", "canal", "stream", "drain", "ditch", "riverbank", "dock"}),
            "landuse": frozenset({"reservoir", "basin"}),
        },
    ),
    "rail": _Kind(LINES, {"railway": frozenset({"rail", "light_rail", "narrow_gauge", "tram"})}),
    "wall": _Kind(
        (*LINES, *POLYGONS),
        {"barrier": frozenset({"wall", "fence", "city_wall", "retaining_wall", "guard_rail", "hedge"})},
    ),
    "hazard": _Kind(
        (*POLYGONS, *LINES, *POINTS),
        {
            "hazard": frozenset(),
            "landuse": frozenset({"landfill", "quarry"}),
            "power": frozenset({"plant", "substation"}),
        },
    ),
    "landuse": _Kind(POLYGONS, {"landuse": frozenset()}),
    # A residential area has a wall only where the map says so: most of the world's have none.
    "compound": _Kind(
        POLYGONS,
        {"landuse": frozenset({"residential"})},
        {
            "residential": frozenset({"gated"}),
            "gated": frozenset({"yes"}),
            "barrier": frozenset({"wall", "fence", "city_wall", "hedge", "yes"}),
        },
        named=True,
    ),
}


def read_features(
    path: Path,
    *,
    kind: str,
    datum: Datum | None = None,
    name_field: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> Intake:
    """Return features of one kind: ``row``, ``name`` (or None), ``attributes`` (dict), geometry in WGS 84.

    Compounds need a name, and of an OpenStreetMap file those count that it says are gated or walled.

    Raises
    ------
    InputError, FileRefusedError, CrsError
        When the kind is unknown or the file as a whole cannot be used.
    """
    if kind not in _KINDS:
        raise InputError("value_unknown", field="kind", value=kind, known=", ".join(_KINDS))
    wanted = _KINDS[kind]
    from_osm = check_file(path, (*VECTOR_SUFFIXES, *OSM_SUFFIXES)) in OSM_SUFFIXES
    if from_osm:
        rows = _osm_rows(read_shapes(path, wanted.osm_tags, closed_are_areas=wanted.types[0] in POLYGONS), wanted)
    else:
        rows = read_vector(path, encoding=encoding, layer=layer)
    review = Review(rows.row)
    geometry = reviewed_geometry(rows, review, wanted.types, datum)
    needed = wanted.named and not from_osm
    name_column = (require_column if needed else find_column)(rows.columns, "name", name_field)
    names = texts(rows.columns[name_column]) if name_column else np.full(len(rows.row), None, dtype=object)
    if needed:
        review.refuse(blank(names), "value_missing", field=name_column)
    columns = {"name": names, "attributes": attributes(rows.columns, (name_column,))}
    return review.intake(
        columns, geometry, file_sha256=rows.file_sha256, crs_declared=rows.crs_declared,
        details={"name_field": name_column},
    )  # fmt: skip


def _osm_rows(shapes: Shapes, wanted: _Kind) -> Rows:
    """Return OSM shapes that are surely meant as rows: their tags are the columns, the OSM id among them."""
    keys = sorted({key for tags in shapes.tags for key in tags})
    columns = {key: np.array([tags.get(key) for tags in shapes.tags], dtype=object) for key in keys}
    columns["osm_id"] = shapes.osm_id.astype(object)
    numbers = np.arange(1, len(shapes.osm_id) + 1, dtype=np.int64)
    rows = Rows(numbers, columns, shapely.from_wkb(shapes.wkb), None, shapes.file_sha256)
    if not wanted.osm_sure:
        return rows
    sure = [any(tags.get(key) in values for key, values in wanted.osm_sure.items()) for tags in shapes.tags]
    return rows.where(np.array(sure, dtype=bool))
