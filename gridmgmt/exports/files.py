"""Writing a table of areas as a file; what the format cannot hold of the metadata goes into a file beside it.

What a file says of itself is one JSON object, the same in every format: a GeoPackage and a FlatGeobuf have it in the
layer's metadata, GeoJSON as its top-level member ``gridmgmt``, a Shapefile in ``NAME.metadata.json``;
:mod:`gridmgmt.ingest.stated` reads it back.
"""

import json
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataSourceError

from gridmgmt.errors import InputError
from gridmgmt.exports.rules import ExportFormat, Placed, TextEncoding, check_shapefile_size
from gridmgmt.ingest.stated import MEMBER, METADATA, SIDECAR

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)

Columns = Mapping[str, NDArray[Any]]


def write(
    path: Path, format_: ExportFormat, placed: Placed, columns: Columns, metadata: Mapping[str, Any], title: str,
    *, layer: str, encoding: TextEncoding,
) -> None:  # fmt: skip
    """Write areas to a file of a format; a Shapefile's name ends in ``.shp`` or ``.zip``.

    What was there under that name is replaced once the new file is complete.

    Raises
    ------
    InputError
        When it does not fit into a Shapefile, or the folder cannot be written to.
    """
    said = json.dumps(metadata, ensure_ascii=False, default=str)
    try:
        with TemporaryDirectory(prefix=".gridmgmt-export-", dir=path.parent) as folder:
            made = Path(folder) / path.name
            if format_ == "geojson":
                made.write_text("".join(_geojson(placed, columns, said, layer)), encoding="utf-8")
            elif format_ == "shp":
                _write_shapefile(made, placed, columns, metadata, layer, encoding)
            elif format_ == "gpkg":
                about = {METADATA: said, "IDENTIFIER": title, "DESCRIPTION": title}
                _write(made, "GPKG", placed, columns, layer=layer, layer_metadata=about)
            else:
                _write(made, "FlatGeobuf", placed, columns, layer=layer, TITLE=title, DESCRIPTION=said)
            for part in sorted(Path(folder).iterdir()):
                part.replace(path.parent / part.name)
    except (OSError, DataSourceError) as error:
        raise InputError("export_not_writable", field="output", value=path, detail=str(error)) from error


def _write(path: Path, driver: str, placed: Placed, columns: Columns, **options: Any) -> None:
    wkt = None if placed.crs is None else placed.crs.to_wkt()
    if placed.crs is not None and (authority := placed.crs.to_authority()) is not None:
        wkt = ":".join(authority)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a file without a CRS is of less use: it must claim none
        pyogrio.raw.write(
            str(path),
            geometry=shapely.to_wkb(placed.geometry),
            field_data=list(columns.values()),
            fields=np.array(list(columns), dtype=object),
            geometry_type="MultiPolygon",
            crs=wkt,
            driver=driver,
            **options,
        )


def _geojson(placed: Placed, columns: Columns, said: str, layer: str) -> Iterable[str]:
    """Yield the text of a GeoJSON file.

    RFC 7946 knows WGS 84 alone and needs no ``crs``. Other coordinates have the member of GeoJSON 2008, which GDAL and
    QGIS read: the name of the CRS, or null for coordinates of none.
    """
    yield f'{{"type":"FeatureCollection","name":{json.dumps(layer)},"{MEMBER}":{said},\n'
    if placed.crs is None:
        yield '"crs":null,\n'
    elif (srid := placed.crs.to_epsg()) != 4326:
        yield f'"crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::{srid}"}}}},\n'
    yield '"features":[\n'
    cells = [[_plain(value) for value in values.tolist()] for values in columns.values()]
    rows: Iterable[tuple[object, ...]] = zip(*cells, strict=True)
    comma = ""
    for geometry, row in zip(shapely.to_geojson(placed.geometry), rows, strict=True):
        properties = json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, default=str)
        yield f'{comma}{{"type":"Feature","properties":{properties},"geometry":{geometry}}}'
        comma = ",\n"
    yield "\n]}\n"


def _plain(value: object) -> object:
    """Return a cell as JSON has it; NaN is none of its values."""
    return None if value != value else value  # noqa: PLR0124  NaN alone differs from itself


def _write_shapefile(
    path: Path, placed: Placed, columns: Columns, metadata: Mapping[str, Any], layer: str, encoding: TextEncoding
) -> None:
    check_shapefile_size(placed.geometry, len(columns))
    if path.suffix.lower() != ".zip":
        _write_parts(path, placed, columns, metadata, encoding)
        return
    with TemporaryDirectory(prefix="gridmgmt-export-") as folder:
        _write_parts(Path(folder) / f"{layer}.shp", placed, columns, metadata, encoding)
        _pack(path, sorted(Path(folder).iterdir()))


def _write_parts(
    path: Path, placed: Placed, columns: Columns, metadata: Mapping[str, Any], encoding: TextEncoding
) -> None:
    _write(path, "ESRI Shapefile", placed, columns, encoding=encoding.upper())
    said = json.dumps(metadata, ensure_ascii=False, default=str, indent=2)
    path.with_suffix(SIDECAR).write_text(said, encoding="utf-8")


def _pack(path: Path, parts: Sequence[Path]) -> None:
    """Put files into a zip without the moment of packing, so that equal contents give equal archives."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            archive.writestr(zipfile.ZipInfo(part.name, _ZIP_DATE), part.read_bytes(), zipfile.ZIP_DEFLATED)
