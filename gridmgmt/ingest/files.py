"""Opening a file: is it there, whole, and of a known format; its rows before any judgement."""

import gzip
import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from gridmgmt.crs import is_plain_lonlat
from gridmgmt.errors import FileRefusedError, InputError, Problem
from gridmgmt.ingest.intake import Objects

MAX_COLUMNS = 2_000
"""As many as a GeoPackage can have."""
_CHUNK = 1 << 20
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx")
VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".parquet", ".geoparquet", ".fgb")
OSM_SUFFIXES = (".osm", ".pbf")
_GZIPPED = (".csv", ".tsv", ".txt", ".geojson", ".json", ".osm")


@dataclass(frozen=True)
class Rows:
    """The rows of a file as they stand there."""

    row: NDArray[np.int64]
    columns: Mapping[str, Objects]
    """Values as text, or as the plain numbers, truths and None of a typed format."""
    geometry: Objects | None
    """Geometries in the file's own CRS; None for a table."""
    crs: CRS | None
    file_sha256: str
    problems: Sequence[Problem] = ()
    """Rows that could not be read as rows; they are not among the others."""
    stated: Mapping[str, Any] = field(default_factory=dict)
    """What an export of this program says of itself; empty for other files."""

    @property
    def crs_declared(self) -> bool:
        """Tell whether the file names a CRS other than plain WGS 84."""
        return not is_plain_lonlat(self.crs)

    def where(self, mask: NDArray[np.bool_]) -> "Rows":
        """Return the rows of a mask."""
        columns = {name: values[mask] for name, values in self.columns.items()}
        geometry = None if self.geometry is None else self.geometry[mask]
        return Rows(self.row[mask], columns, geometry, self.crs, self.file_sha256, self.problems, self.stated)


def file_suffix(path: Path) -> str:
    """Return the suffix that tells the format, looking through ``.gz``.

    >>> file_suffix(Path("a/towns.geojson.gz")), file_suffix(Path("porto.osm.pbf"))
    ('.geojson', '.pbf')
    """
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == ".gz" else suffix


def check_file(path: Path, suffixes: Iterable[str]) -> str:
    """Return the suffix of a file that is there, not empty, not truncated and of one of the formats.

    Raises
    ------
    InputError
        ``file_not_found``, ``file_no_permission``, ``format_unknown``.
    FileRefusedError
        ``file_empty``, ``archive_broken``.
    """
    if not path.is_file():
        raise InputError("file_not_found", path=str(path))
    if not os.access(path, os.R_OK):
        raise InputError("file_no_permission", path=str(path))
    suffix, known = file_suffix(path), tuple(suffixes)
    if suffix not in known or (path.suffix.lower() == ".gz" and suffix not in _GZIPPED):
        raise InputError("format_unknown", file=path.name, known=" ".join(known))
    if path.stat().st_size == 0:
        raise FileRefusedError("file_empty", file=path.name)
    _check_archive(path)
    return suffix


def check_width(path: Path, columns: int) -> None:
    """Refuse a file of more columns than any table has: reading takes time with their square.

    Raises
    ------
    FileRefusedError
        ``columns_too_many``.
    """
    if columns > MAX_COLUMNS:
        raise FileRefusedError("columns_too_many", file=path.name, value=columns, maximum=MAX_COLUMNS)


def digest(paths: Iterable[Path]) -> str:
    """Return the SHA-256 over the contents of files in the order given."""
    sha = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                sha.update(chunk)
    return sha.hexdigest()


def _check_archive(path: Path) -> None:
    """Read a compressed file to its end; truncation shows there."""
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path) as stream:
                while stream.read(_CHUNK):
                    pass
        elif path.suffix.lower() in (".zip", ".xlsx"):
            with zipfile.ZipFile(path) as archive:
                if damaged := archive.testzip():
                    raise FileRefusedError("archive_broken", file=path.name, detail=damaged)
    except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile) as error:
        raise FileRefusedError("archive_broken", file=path.name, detail=str(error)) from error
