"""GeoJSON, GeoPackage, Shapefile (zipped too), FlatGeobuf and GeoParquet into rows."""

import codecs
import gzip
import json
import sqlite3
import warnings
import zipfile
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError

from gridmgmt.errors import CrsError, FileRefusedError, InputError
from gridmgmt.ingest.files import VECTOR_SUFFIXES, Rows, check_file, check_width, digest
from gridmgmt.ingest.intake import Objects
from gridmgmt.ingest.stated import stated

MALFORMED = shapely.Point()
"""Stands for a geometry that is there but cannot be built, such as a ring of two points."""

_MARKS = {".gpkg": b"SQLite format 3\0", ".fgb": b"fgb\x03fgb", ".shp": b"\x00\x00\x27\x0a"}
"""What a file of each format begins with."""
_LONGEST_MARK = 16
_LOOKED_AT = 1 << 20
"""Bytes at the start of a JSON file, more than GDAL looks at to tell its format."""


def read_vector(path: Path, *, encoding: str | None = None, layer: str | None = None) -> Rows:
    """Return the features of a vector file; a feature's row is its number from 1.

    Attribute text of shapefiles is decoded strictly: as ``encoding`` says, else as the ``.cpg`` beside it
    says, else as UTF-8, else as GB 18030.

    Raises
    ------
    InputError, FileRefusedError
        Not found, unknown format, empty, truncated, malformed, undecodable, or several layers and none named.
    CrsError
        When the file's CRS cannot be understood.
    """
    suffix = check_file(path, VECTOR_SUFFIXES)
    rows = _read_parquet(path) if suffix in (".parquet", ".geoparquet") else _read_gdal(path, suffix, encoding, layer)
    if not len(rows.row):
        raise FileRefusedError("file_empty", file=path.name)
    return rows


def attribute_names(path: Path, *, encoding: str | None = None, layer: str | None = None) -> list[str]:
    """Return the names of the columns of a file that GDAL reads, decoded as :func:`read_vector` does."""
    suffix = check_file(path, VECTOR_SUFFIXES)
    for each in _encodings(path, encoding) if suffix in (".shp", ".zip") else (encoding,):
        with suppress(UnicodeDecodeError):
            return [
                str(name) for name in pyogrio.read_info(_gdal_name(path, suffix), layer=layer, encoding=each)["fields"]
            ]
    return []


def _read_parquet(path: Path) -> Rows:
    """Return the features of a GeoParquet file."""
    try:
        frame = gpd.read_parquet(path)
    except (ValueError, OSError, pa.ArrowException) as error:
        raise FileRefusedError("file_unreadable", file=path.name, detail=_first_line(error)) from error
    columns = {str(name): frame[name].to_numpy(dtype=object) for name in frame.columns if name != frame.geometry.name}
    numbers = np.arange(1, len(frame) + 1, dtype=np.int64)
    return Rows(numbers, columns, np.asarray(frame.geometry.values, dtype=object), frame.crs, digest([path]))


def _read_gdal(path: Path, suffix: str, encoding: str | None, layer: str | None) -> Rows:
    """Return the features of a file that GDAL reads."""
    _check_content(path, suffix)
    source = _gdal_name(path, suffix)
    shapefile = suffix in (".shp", ".zip")
    try:
        layer = _only_layer(path, source, layer)
        # Names of columns are in the encoding of the texts; to count them any that knows every byte will do.
        info = pyogrio.read_info(source, layer=layer, encoding="iso8859-1" if shapefile else None)
        check_width(path, len(info["fields"]))
        meta, wkb, fields = _decoded(path, source, layer, _encodings(path, encoding) if shapefile else (encoding,))
    except (DataSourceError, DataLayerError) as error:
        if suffix in (".geojson", ".json"):
            _explain_json(path)
        detail = _first_line(error).replace(source, path.name)
        raise FileRefusedError("file_unreadable", file=path.name, detail=detail) from error
    if wkb is None:
        wkb = np.full(len(fields[0]) if fields else 0, None, dtype=object)
    geometry = shapely.from_wkb(wkb, on_invalid="ignore")
    lost = np.array([blob is not None for blob in wkb], dtype=bool) & (geometry == None)  # noqa: E711  elementwise
    geometry[lost] = MALFORMED
    columns = {str(name): values.astype(object) for name, values in zip(meta["fields"], fields, strict=True)}
    numbers = np.arange(1, len(geometry) + 1, dtype=np.int64)
    about = pyogrio.read_info(source, layer=layer)["layer_metadata"] if suffix in (".gpkg", ".fgb") else None
    said = stated(path, suffix, about)
    return Rows(numbers, columns, geometry, _crs(path, meta["crs"]), digest(_parts(path)), stated=said)


def _check_content(path: Path, suffix: str) -> None:
    """Refuse a file that is not what its name says.

    GDAL looks at the content alone, and some formats are orders to read other files or addresses of the network
    (``OGRVRTDataSource``, ``gdal_streamed_alg``), which whoever sends a file must not be able to give. An order may
    stand anywhere in the beginning of a file, so that this does not find it for sure: JSON is opened as GeoJSON alone,
    and the drivers that follow orders are switched off (see :mod:`gridmgmt`).
    """
    if suffix in (".geojson", ".json"):
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            start = stream.read(_LOOKED_AT).removeprefix(codecs.BOM_UTF8).lstrip()
        if not start.startswith((b"{", b"[")):
            _explain_json(path)
            raise FileRefusedError("file_unreadable", file=path.name, detail="no JSON object")
        if b"gdal_streamed_alg" in start:
            raise FileRefusedError("file_unreadable", file=path.name, detail="gdal_streamed_alg")
    elif suffix == ".gpkg":
        _check_database(path)
    elif suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.lower().endswith(".shp"):
                    _check_start(path, ".shp", archive.read(name)[:_LONGEST_MARK])
    else:
        with path.open("rb") as stream:
            _check_start(path, suffix, stream.read(_LONGEST_MARK))


def _check_database(path: Path) -> None:
    """Refuse a database whose layers are not tables: a view is a program, and may run without end."""
    with path.open("rb") as stream:
        _check_start(path, ".gpkg", stream.read(_LONGEST_MARK))
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            views = database.execute("SELECT name FROM sqlite_master WHERE type = 'view' LIMIT 1").fetchall()
    except sqlite3.Error as error:
        raise FileRefusedError("file_unreadable", file=path.name, detail=_first_line(error)) from error
    if views:
        raise FileRefusedError("file_unreadable", file=path.name, detail=f"view {views[0][0]}")


def _check_start(path: Path, suffix: str, start: bytes) -> None:
    if not start.startswith(_MARKS[suffix]):
        raise FileRefusedError("file_unreadable", file=path.name, detail=f"not {suffix.lstrip('.')}")


def _gdal_name(path: Path, suffix: str) -> str:
    """Return the name under which GDAL opens a plain, gzipped or zipped file; JSON as nothing but GeoJSON."""
    if path.suffix.lower() == ".zip":
        return f"/vsizip/{path.resolve()}{_packed_folder(path)}"
    packed = "/vsigzip/" if path.suffix.lower() == ".gz" else ""
    return f"{'GeoJSON:' if suffix in ('.geojson', '.json') else ''}{packed}{path.resolve()}"


def _packed_folder(path: Path) -> str:
    """Return the one folder inside a zip that holds its shapefiles, empty where they lie at the top."""
    with zipfile.ZipFile(path) as archive:
        shapes = [PurePosixPath(name) for name in archive.namelist() if name.lower().endswith(".shp")]
    shapes = [shape for shape in shapes if "__MACOSX" not in shape.parts]
    folders = sorted({str(shape.parent) for shape in shapes})
    if not folders:
        raise FileRefusedError("archive_without_shapefile", file=path.name)
    if len(folders) > 1:
        raise FileRefusedError("archive_several_folders", file=path.name, found=", ".join(folders))
    return "" if folders[0] == "." else f"/{folders[0]}"


def _only_layer(path: Path, source: str, layer: str | None) -> str:
    """Return the layer to read; several layers may differ in CRS and meaning, so one must be named."""
    names = [str(name) for name, kind in pyogrio.list_layers(source) if kind is not None]
    if layer is not None and layer not in names:
        raise InputError("file_layer_unknown", layer=layer, found=", ".join(names))
    if layer is None and len(names) != 1:
        raise FileRefusedError("file_layers_several" if names else "file_empty", file=path.name, found=", ".join(names))
    return layer or names[0]


def _decoded(
    path: Path, source: str, layer: str, encodings: tuple[str | None, ...]
) -> tuple[Mapping[str, Any], Objects | None, list[Objects]]:
    """Return meta data, WKB and fields, decoded by the first encoding that fits."""
    for encoding in encodings:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # what GDAL warns of is refused row by row
                meta, _, wkb, fields = pyogrio.raw.read(source, layer=layer, encoding=encoding, datetime_as_string=True)
        except UnicodeDecodeError:
            continue
        except LookupError as error:
            raise InputError("encoding_unknown", encoding=encoding) from error
        return meta, wkb, fields
    raise FileRefusedError("file_undecodable", file=path.name, tried=", ".join(e or "UTF-8" for e in encodings))


def _encodings(path: Path, given: str | None) -> tuple[str, ...]:
    """Return the encodings to try for a shapefile's attributes."""
    if given:
        return (_known_encoding(given),)
    declared = _cpg(path).strip()
    declared = f"cp{declared}" if declared.isdigit() else declared
    try:
        return (codecs.lookup(declared).name,) if declared else ("utf-8", "gb18030")
    except LookupError:
        return ("utf-8", "gb18030")


def _known_encoding(name: str) -> str:
    """Return the name of an encoding, refusing one that does not exist."""
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise InputError("encoding_unknown", encoding=name) from error


def _cpg(path: Path) -> str:
    """Return what the ``.cpg`` file beside a shapefile says, empty when there is none."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            inner = [name for name in archive.namelist() if name.lower().endswith(".cpg")]
            return archive.read(inner[0]).decode("ascii", "replace") if inner else ""
    beside = path.with_suffix(".cpg")
    return beside.read_text("ascii", "replace") if beside.is_file() else ""


def _parts(path: Path) -> list[Path]:
    """Return the files that make up a vector file: all siblings of a shapefile, else the file itself."""
    if path.suffix.lower() != ".shp":
        return [path]
    return sorted(part for part in path.parent.iterdir() if part.stem == path.stem and part.is_file())


def _crs(path: Path, text: object) -> CRS | None:
    """Return the CRS a file declares."""
    if not text:
        return None
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise CrsError("crs_unknown", file=path.name, crs=str(text)) from error


def _explain_json(path: Path) -> None:
    """Refuse a file that is not JSON, with the line and column of the fault."""
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix.lower() == ".gz" else content
    try:
        json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise FileRefusedError(
            "json_malformed", file=path.name, line=error.lineno, column=error.colno, detail=error.msg
        ) from error
    except RecursionError as error:
        raise FileRefusedError("json_too_deep", file=path.name) from error
    except UnicodeDecodeError as error:
        raise FileRefusedError("file_undecodable", file=path.name, tried="UTF-8") from error


def _first_line(error: BaseException) -> str:
    """Return the first line of an error's words, without GDAL's advice to programmers."""
    return str(error).splitlines()[0].partition("; It might help")[0] if str(error) else type(error).__name__
