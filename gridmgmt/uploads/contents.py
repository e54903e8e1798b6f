"""Looking into a given file before a reader does: packed files that would unpack without end, and its columns."""

import gzip
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pyarrow.parquet as pq

from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.files import OSM_SUFFIXES, TABLE_SUFFIXES, file_suffix
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.vector import attribute_names

MAX_MEMBERS = 1_000
MAX_UNPACKED_BYTES = 4_000_000_000
MAX_RATIO = 200
"""Packed data of maps and tables unpack to at most some twenty times their size."""
_SMALL_BYTES = 50_000_000
"""Below this, unpacked, no ratio is suspicious: a file of blanks packs well."""
_CHUNK = 1 << 20
_MAX_COLUMNS = 200


def check_packed(path: Path) -> None:
    """Refuse a packed file that is built to harm: one that unpacks without end, or leads out of itself.

    Raises
    ------
    FileRefusedError
        ``archive_too_large``, ``archive_path_unsafe``, ``archive_broken``.
    """
    try:
        if path.suffix.lower() in (".zip", ".xlsx"):
            with zipfile.ZipFile(path) as archive:
                _check_members(path, archive.infolist())
        elif path.suffix.lower() == ".gz":
            _check_stream(path)
    except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        raise FileRefusedError("archive_broken", file=path.name, detail=str(error)) from error


def _check_members(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    for member in members:
        inner = PurePosixPath(member.filename.replace("\\", "/"))
        if inner.is_absolute() or ".." in inner.parts or stat.S_ISLNK(member.external_attr >> 16):
            raise FileRefusedError("archive_path_unsafe", file=path.name, inner=member.filename)
        if member.flag_bits & 1:
            raise FileRefusedError("archive_encrypted", file=path.name, inner=member.filename)
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or _endless(unpacked, path.stat().st_size):
        raise FileRefusedError("archive_too_large", file=path.name, unpacked_mb=unpacked // 1_000_000)


def _check_stream(path: Path) -> None:
    unpacked, packed = 0, path.stat().st_size
    with gzip.open(path) as stream:
        while chunk := stream.read(_CHUNK):
            unpacked += len(chunk)
            if _endless(unpacked, packed):
                raise FileRefusedError("archive_too_large", file=path.name, unpacked_mb=unpacked // 1_000_000)


def _endless(unpacked: int, packed: int) -> bool:
    return unpacked > MAX_UNPACKED_BYTES or (unpacked > _SMALL_BYTES and unpacked > MAX_RATIO * packed)


class _HeaderReadError(Exception):
    """Ends the reading of a table behind its header."""


def columns_of(path: Path, *, encoding: str | None = None, layer: str | None = None) -> list[str]:
    """Return the names of a file's columns, at most two hundred; none where it has no columns or is none of ours."""
    suffix = file_suffix(path)
    if suffix in OSM_SUFFIXES:
        return []
    if suffix in TABLE_SUFFIXES:
        found = _header(path, encoding, layer)
    elif suffix in (".parquet", ".geoparquet"):
        schema = pq.read_schema(path)
        shapes = json.loads((schema.metadata or {}).get(b"geo", b"{}")).get("columns", {})
        found = [name for name in schema.names if name not in shapes]
    else:
        found = attribute_names(path, encoding=encoding, layer=layer)
    return found[:_MAX_COLUMNS]


def _header(path: Path, encoding: str | None, layer: str | None) -> list[str]:
    header: list[str] = []

    def keep(names: Sequence[str]) -> Sequence[str]:
        header.extend(name for name in names if name)
        raise _HeaderReadError

    try:
        with suppress(_HeaderReadError):
            read_table(path, encoding=encoding, layer=layer, select=keep)
    except FileRefusedError as error:
        if error.code != "file_sheets_several":  # which a reader of its kind may take all of
            raise
    return header


def share_read(path: Path) -> float | None:
    """Return how far (0–1) this process has read a file that it holds open.

    As Linux tells of open files; None elsewhere, while it is not open, and for formats that are not read in order.
    """
    files, name = Path("/proc/self/fd"), str(path.resolve())
    try:
        for each in files.iterdir():
            if _target(each) == name:
                told = Path(f"/proc/self/fdinfo/{each.name}").read_text("ascii")
                position = int(told.split("pos:", 1)[1].split(maxsplit=1)[0])
                return min(1.0, position / max(1, path.stat().st_size))
    except OSError:  # no such folder here, or the file was closed meanwhile
        return None
    return None


def _target(link: Path) -> str | None:
    try:
        return os.readlink(link)  # noqa: PTH115 -- the text of the link: it may name no file
    except OSError:
        return None
