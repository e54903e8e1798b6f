"""What holds for editions without a database: when one is in force, and the fingerprint of its content."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
import shapely


class Subject(StrEnum):
    """What an edition is an edition of."""

    AREAS = "areas"
    NETWORK = "network"
    POPULATION = "population"
    SERVICE_POINTS = "service_points"
    LAND = "land"
    CASES = "cases"
    ADDRESSES = "addresses"
    OFFICIAL_CODES = "official_codes"
    DEPARTMENT_GRIDS = "department_grids"
    GATES = "gates"
    COMPONENTS = "components"


class Counting(StrEnum):
    """How the residents of a population edition came about."""

    COUNTED = "counted"
    MODELLED = "modelled"
    SPREAD = "spread"
    """Known for whole areas, and spread over their buildings or streets."""
    PLACES_ONLY = "places_only"


class EditionState(StrEnum):
    """Where a boundary edition is in its life."""

    DRAFT = "draft"
    CHECKED = "checked"
    APPROVED = "approved"
    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"


STEPS: Mapping[EditionState, frozenset[EditionState]] = {
    EditionState.DRAFT: frozenset({EditionState.CHECKED, EditionState.WITHDRAWN}),
    EditionState.CHECKED: frozenset({EditionState.DRAFT, EditionState.APPROVED, EditionState.WITHDRAWN}),
    EditionState.APPROVED: frozenset({EditionState.DRAFT, EditionState.IN_FORCE, EditionState.WITHDRAWN}),
    EditionState.IN_FORCE: frozenset(),
    EditionState.WITHDRAWN: frozenset(),
}
"""Which states may follow which; an edit brings a draft that was checked or approved back to its beginning."""


Extent = tuple[float, float, float, float]
"""(west, south, east, north) in degrees."""


@dataclass(frozen=True)
class EditionDraft:
    """What is known of an edition before it is stored."""

    subject: str
    name: str
    source: str
    synthetic: bool
    datum: str
    content_sha256: str
    valid_from: date
    extent: Extent | None
    """None for what lies nowhere: a table of codes."""
    part: str = ""
    counting: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    metric_crs: str | None = None
    """The metric CRS wished for a folder that has none yet."""


def in_force(valid_from: date, valid_to: date | None, on: date) -> bool:
    """Tell whether a validity range holds a day; the last day is not part of it.

    >>> in_force(date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 1))
    False
    """
    return valid_from <= on and (valid_to is None or on < valid_to)


def _column_bytes(values: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    if values.dtype != object:
        return np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()
    if len(values) and isinstance(values[0], shapely.Geometry):
        return b"".join(shapely.to_wkb(values, byte_order=1))
    return json.dumps(values.tolist(), sort_keys=True, ensure_ascii=False, default=str).encode()


def content_sha256(columns: Mapping[str, np.ndarray[Any, np.dtype[Any]]]) -> str:
    """Return the SHA-256 over named columns: equal contents give equal fingerprints on every machine."""
    digest = hashlib.sha256()
    for name in sorted(columns):
        content = _column_bytes(columns[name])
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def combined_sha256(parts: Mapping[str, str]) -> str:
    """Return one fingerprint for the fingerprints of named parts, whatever their order."""
    lines = "".join(f"{name}:{fingerprint}\n" for name, fingerprint in sorted(parts.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
