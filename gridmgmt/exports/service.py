"""Exporting the areas of a level: found, placed in the coordinates asked for, written, with all that must be said."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gridmgmt import __version__
from gridmgmt.clock import local_date
from gridmgmt.db import Session
from gridmgmt.errors import InputError
from gridmgmt.exports.files import write
from gridmgmt.exports.queries import Holding, holding
from gridmgmt.exports.rules import (
    ExportAsk,
    ExportFormat,
    Placed,
    beyond_zone,
    continuous_m2,
    field_names,
    fitting,
    place,
)
from gridmgmt.ingest.stated import FORM
from gridmgmt.texts import LANGUAGES, text
from gridmgmt.units import M2_PER_KM2

if TYPE_CHECKING:
    import geopandas as gpd

SUFFIXES: Mapping[ExportFormat, Sequence[str]] = {
    "gpkg": (".gpkg",),
    "geojson": (".geojson", ".json"),
    "shp": (".zip", ".shp"),
    "fgb": (".fgb",),
}
"""How the name of a file of each format may end."""

OWN_COLUMNS = (
    "level", "kind", "parent_level", "parent_code", "area_m2", "edition", "valid_from",
)  # fmt: skip
"""What an export says beside code and name, and an import works out anew."""

Warning_ = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Exported:
    """What was written; ``warnings`` are codes with their fields, the words stand under ``warning.<code>``."""

    path: Path
    count: int
    metadata: Mapping[str, Any]
    warnings: tuple[Warning_, ...]


def export_areas(session: Session, ask: ExportAsk, path: Path, *, now: datetime, extent_limit_m2: float) -> Exported:
    """Write the areas of a level to a file.

    Nothing is written when it cannot be written whole.

    Parameters
    ----------
    extent_limit_m2
        A continuous surface above this is warned of: detailed maps of more than 25 km² may be a state secret.

    Raises
    ------
    InputError
        When the file's name does not fit the format, or the format cannot hold the data.
    CrsError
        When the coordinates asked for do not fit the place.
    NotFoundError
        When there is nothing to export.
    """
    check_name(path, ask.format)
    found = holding(session, ask, local_date(now))
    geometry = found.frame.geometry.to_numpy()
    west, south, east, north = (float(edge) for edge in found.frame.total_bounds)
    placed = place(geometry, ask.crs, (west, south, east, north))
    largest_m2 = continuous_m2(geometry)
    columns, names, shortened = _fitted(_columns(found), ask)
    warnings = tuple(_warnings(ask, placed, (west, south, east, north), largest_m2, extent_limit_m2, shortened))
    metadata = _metadata(ask, found, placed, largest_m2, warnings, names, now)
    title = text("export.title", level=text(f"level.{ask.level}"), on=found.on, datum=placed.datum)
    write(path, ask.format, placed, columns, metadata, title, layer=str(ask.level), encoding=ask.encoding)
    return Exported(path, len(found.frame), metadata, warnings)


def check_name(path: Path, format_: ExportFormat) -> None:
    """Refuse a name that does not say the format, for readers go by it.

    Raises
    ------
    InputError
        With the endings that would be right.
    """
    if path.suffix.lower() not in SUFFIXES[format_]:
        raise InputError("export_name", field="output", value=path.name, format=format_, known=_any(SUFFIXES[format_]))
    if not path.parent.is_dir():
        raise InputError("export_folder", field="output", value=path.parent)


def _any(values: Iterable[str]) -> str:
    return ", ".join(values)


def _columns(found: Holding) -> dict[str, NDArray[Any]]:
    """Return what the file says of each area, its attributes as columns of their own."""
    frame, editions = found.frame, found.editions
    begins = {key: edition.valid_from or edition.planned_from for key, edition in editions.items()}
    plain: dict[str, NDArray[Any]] = {
        name: _texts(frame, name) for name in ("code", "name", "level", "kind", "parent_level", "parent_code")
    }
    plain["area_m2"] = np.round(frame["area_m2"].to_numpy(dtype=np.float64), 2)
    plain["edition"] = np.array([editions[key].name for key in frame["edition_id"]], dtype=object)
    plain["valid_from"] = np.array([str(begins[key]) for key in frame["edition_id"]], dtype=object)
    for key in sorted({key for row in found.attributes for key in row}):
        plain[key if key not in plain else f"{key}_"] = _typed([row.get(key) for row in found.attributes])
    return plain


def _texts(frame: "gpd.GeoDataFrame", name: str) -> NDArray[Any]:
    return np.array([value if isinstance(value, str) else None for value in frame[name]], dtype=object)


def _typed(values: Sequence[object]) -> NDArray[Any]:
    """Return an attribute as a column of numbers or truths where all are, else of texts."""
    if all(isinstance(value, bool) for value in values):
        return np.array(values, dtype=bool)
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return np.array(values, dtype=np.int64)
    if all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    texts = [value if value is None or isinstance(value, str) else _json(value) for value in values]
    return np.array(texts, dtype=object)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _fitted(
    columns: Mapping[str, NDArray[Any]], ask: ExportAsk
) -> tuple[dict[str, NDArray[Any]], Mapping[str, str], int]:
    """Return the columns under names and with texts that fit the format, those names, and how many texts were cut."""
    names = field_names(list(columns), ask.format, ask.encoding)
    fitted, shortened = {}, 0
    for column, values in columns.items():
        cells = values
        if ask.format == "shp" and values.dtype == object:
            cut, count = fitting(values.tolist(), column, ask.encoding)
            cells, shortened = np.array(cut, dtype=object), shortened + count
        fitted[names[column]] = cells
    return fitted, {column: name for column, name in names.items() if column != name}, shortened


def _warnings(
    ask: ExportAsk,
    placed: Placed,
    extent: tuple[float, float, float, float],
    largest_m2: float,
    limit_m2: float,
    shortened: int,
) -> Iterable[Warning_]:
    if largest_m2 > limit_m2:
        yield (
            "export_extent",
            {"extent_km2": round(largest_m2 / M2_PER_KM2, 2), "limit_km2": round(limit_m2 / M2_PER_KM2, 2)},
        )
    if ask.format == "geojson" and ask.crs != "wgs84":
        yield "export_geojson_not_rfc7946", {"crs": placed.crs_name or placed.datum}
    if ask.crs == "cgcs2000-zone" and placed.crs is not None and (other := beyond_zone(placed.crs, extent)):
        yield "export_beyond_zone", {"crs": placed.crs_name, "other": other}
    if ask.crs == "gcj02":
        yield "export_gcj02", {}
    if shortened:
        yield "export_shortened", {"count": shortened}


def _metadata(
    ask: ExportAsk,
    found: Holding,
    placed: Placed,
    largest_m2: float,
    warnings: Sequence[Warning_],
    renamed: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """Return what the file says of itself."""
    counts = found.frame["edition_id"].value_counts()
    editions = [
        {
            "name": edition.name,
            "valid_from": _day(edition.valid_from),
            "planned_from": _day(edition.planned_from),
            "state": edition.state,
            "source": edition.source,
            "areas": int(counts[key]),
        }
        for key, edition in found.editions.items()
    ]
    return {
        "form": FORM,
        "level": ask.level,
        "on": str(found.on),
        "within": ask.within,
        "datum": placed.datum,
        "crs": placed.crs_name,
        "areas": len(found.frame),
        "editions": editions,
        "source": " · ".join(sorted({edition.source for edition in found.editions.values()})),
        "synthetic": any(edition.synthetic for edition in found.editions.values()),
        "largest_continuous_m2": round(largest_m2),
        "warnings": [
            {"code": code, **{lang: text(f"warning.{code}", lang, **fields) for lang in LANGUAGES}}
            for code, fields in warnings
        ],
        "own_columns": [renamed.get(column, column) for column in OWN_COLUMNS],
        "renamed": dict(renamed),
        "exported_at": now.isoformat(timespec="seconds"),
        "software": f"gridmgmt {__version__}",
    }


def _day(day: date | None) -> str | None:
    return None if day is None else str(day)
