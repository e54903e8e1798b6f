"""Homes among the buildings of an OpenStreetMap file: places without counts.

What a building is used for stands in its tags; where they say only ``building=yes``, the ground it stands on decides.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmgmt.ingest.intake import Intake, Mask, Objects, Review
from gridmgmt.ingest.osm_library import Shapes, read_shapes
from gridmgmt.ingest.population import RESIDENT_COLUMNS, TOTAL_COLUMN

HOMES: Mapping[str, str] = {
    "apartments": "dwellings",
    "residential": "dwellings",
    "house": "dwellings",
    "detached": "dwellings",
    "semidetached_house": "dwellings",
    "terrace": "dwellings",
    "bungalow": "dwellings",
    "villa": "dwellings",
    "farm": "a farm's dwelling house",
    "houseboat": "a dwelling on water",
    "static_caravan": "a permanent dwelling",
    "yes": "use unstated: mostly dwellings, unless another tag or the ground says otherwise",
}
"""Values of ``building`` that are homes, with the reason; a dormitory houses students, not older residents."""

OTHER_USE: tuple[str, ...] = (
    "amenity", "shop", "office", "tourism", "leisure", "craft", "industrial", "government", "healthcare",
    "public_transport", "railway", "aeroway", "man_made", "military", "historic", "religion", "power", "emergency",
)  # fmt: skip
"""Keys that tell another use of a ``building=yes``."""

SITES: Mapping[str, frozenset[str]] = {
    "amenity": frozenset({"university", "college", "school", "kindergarten", "hospital", "prison"}),
    "landuse": frozenset(
        {"industrial", "commercial", "retail", "railway", "military", "education", "institutional", "port"}
    ),
    "leisure": frozenset({"park", "sports_centre", "stadium", "golf_course"}),
    "aeroway": frozenset({"aerodrome"}),
}
"""Grounds on which a ``building=yes`` is not a home."""


@dataclass(frozen=True)
class Homes:
    """The homes of an extract: numbers as in :func:`read_homes`, outlines, tags, and the others counted by reason."""

    number: NDArray[np.int64]
    geometry: Objects
    tags: list[dict[str, str]]
    left_out: Mapping[str, int]
    buildings: int
    """How many buildings there are in all."""
    file_sha256: str


def read_homes(path: Path) -> Intake:
    """Return homes: ``row place_no``, residents all NaN (not counted), ``connect_extra_m`` 0, a point within each.

    ``row`` and ``place_no`` are the OSM id doubled, plus 1 for relations: unique and stable across extracts.
    ``details["left_out"]`` counts the other buildings by reason.

    Raises
    ------
    InputError, FileRefusedError
        When the file is absent, of another format, or damaged.
    """
    found = homes(path)
    unknown = np.full(len(found.number), np.nan)
    columns = {"place_no": found.number, **dict.fromkeys((*RESIDENT_COLUMNS, TOTAL_COLUMN), unknown)}
    columns["connect_extra_m"] = np.zeros(len(found.number))
    return Review(found.number).intake(
        columns, shapely.point_on_surface(found.geometry), file_sha256=found.file_sha256, crs_declared=False,
        details={"buildings": found.buildings, "left_out": dict(found.left_out), "bands": False},
    )  # fmt: skip


def homes(path: Path) -> Homes:
    """Return the homes among the buildings of an extract.

    Raises
    ------
    InputError, FileRefusedError
        When the file is absent, of another format, or damaged.
    """
    shapes = read_shapes(path, {"building": frozenset(), **SITES})
    areas = shapes.kind != "node"
    is_building = np.array(["building" in tags for tags in shapes.tags], dtype=bool)
    geometry = shapely.from_wkb(shapes.wkb)
    polygonal = areas & np.isin(shapely.get_type_id(geometry), (3, 6))
    sites = [i for i in np.flatnonzero(polygonal & ~is_building) if shapely.is_valid(geometry[i])]
    buildings = np.flatnonzero(polygonal & is_building)
    points = shapely.point_on_surface(geometry[buildings])
    reasons = _reasons(shapes, buildings, points, geometry[sites], [_site(shapes.tags[i]) for i in sites])
    number = shapes.osm_id[buildings] * 2 + (shapes.kind[buildings] == "relation")
    home: Mask = np.array([reason is None for reason in reasons], dtype=bool)
    left_out = Counter(reason for reason in reasons if reason is not None)
    return Homes(
        number=number[home],
        geometry=geometry[buildings[home]],
        tags=[shapes.tags[i] for i in buildings[home]],
        left_out=dict(left_out.most_common()),
        buildings=len(buildings),
        file_sha256=shapes.file_sha256,
    )


def _reasons(
    shapes: Shapes,
    buildings: "np.ndarray[tuple[int], np.dtype[np.intp]]",
    points: Objects,
    sites: Objects,
    labels: list[str],
) -> list[str | None]:
    """Return why each building is not a home, None for homes."""
    standing_on: dict[int, str] = {}
    if len(sites):
        inside, on = shapely.STRtree(sites).query(points, predicate="within")
        for i, j in sorted(zip(inside.tolist(), on.tolist(), strict=True), reverse=True):
            standing_on[i] = labels[j]
    return [_reason(shapes.tags[at], standing_on.get(i)) for i, at in enumerate(buildings)]


def _reason(tags: Mapping[str, str], site: str | None) -> str | None:
    """Return why a building is not a home, None for a home."""
    value = tags["building"]
    if value not in HOMES:
        return f"building={value}"
    if value != "yes":
        return None
    used = next((f"{key}={tags[key]}" for key in OTHER_USE if key in tags), None)
    return used or (f"on {site}" if site else None)


def _site(tags: Mapping[str, str]) -> str:
    """Return the tag that makes an area a site."""
    return next(f"{key}={tags[key]}" for key, values in SITES.items() if tags.get(key) in values)
