"""What a vector file says of itself, where it is an export of this program.

See :mod:`gridmgmt.exports.files` for where each format has it.
"""

import gzip
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridmgmt.crs import Datum

FORM = "gridmgmt-areas/1"
"""What the metadata call themselves, so that a reader knows what to expect."""

METADATA = "GRIDMGMT"
"""The key in the metadata of a GeoPackage's layer."""

MEMBER = "gridmgmt"
"""The member of a GeoJSON file, before its features."""

SIDECAR = ".metadata.json"
"""Ending of the file beside a Shapefile."""

_LOOKED_AT = 1 << 20
"""Bytes at the start of a GeoJSON file; what it says of itself stands before its features."""


def stated(path: Path, suffix: str, layer_metadata: Mapping[str, str] | None) -> Mapping[str, Any]:
    """Return what an export of this program says of itself, nothing for other files.

    Parameters
    ----------
    suffix
        The file's suffix, see :func:`gridmgmt.ingest.files.file_suffix`.
    layer_metadata
        The metadata of its layer, as GDAL gives them.
    """
    about = layer_metadata or {}
    text = about.get(METADATA)
    if suffix == ".fgb":
        text = about.get("DESCRIPTION")
    elif suffix in (".geojson", ".json"):
        text = _member(path)
    elif suffix in (".shp", ".zip"):
        text = _beside(path)
    return _understood(text or "")


def _understood(text: str) -> Mapping[str, Any]:
    """Return the object that a text begins with, where it is of the known form."""
    try:
        found, _ = json.JSONDecoder().raw_decode(text)
    except (json.JSONDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) and _as_written(found) else {}


def _as_written(found: Mapping[str, Any]) -> bool:
    """Tell whether an object has the form of an export; whoever sends a file may write anything there."""
    own = found.get("own_columns", [])
    return (
        found.get("form") == FORM
        and all(isinstance(found.get(name), str) for name in ("level", "datum"))
        and found["datum"] in tuple(Datum)
        and isinstance(own, list)
        and all(isinstance(name, str) for name in own)
    )


def _member(path: Path) -> str:
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        start = stream.read(_LOOKED_AT).partition(b'"features"')[0]
    return start.partition(f'"{MEMBER}":'.encode())[2].decode("utf-8", errors="replace")


def _beside(path: Path) -> str:
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            inner = [name for name in archive.namelist() if name.endswith(SIDECAR)]
            return archive.read(inner[0]).decode("utf-8", errors="replace") if len(inner) == 1 else ""
    beside = path.with_suffix(SIDECAR)
    return beside.read_text("utf-8", errors="replace") if beside.is_file() else ""
