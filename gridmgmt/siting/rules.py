"""What holds for siting without a database: what may be asked, of whom, among which candidates, and how long."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

import shapely

from gridmgmt.analysis.siting.model import SitingModel
from gridmgmt.areas.rules import check_position
from gridmgmt.errors import GeometryError, InputError
from gridmgmt.land.rules import LandKind
from gridmgmt.placeability.rules import Attributes, Candidate, member
from gridmgmt.service_points.rules import ELDERLY_TYPES, ServicePointType
from gridmgmt.units import AGE_BANDS, minutes_to_s
from gridmgmt.walking.rules import WalkQuestion, make_question

DEFAULT_MINUTES = 20.0
DEFAULT_HORIZON_MIN = 60.0
"""Walks are looked at up to here where the longest or all of them are to be short; longer ones count as this."""
MAX_MINUTES = 240.0
DEFAULT_MAX_S = 60.0
MAX_SEARCH_S = 600.0
MAX_POINTS = 500
MAX_CANDIDATES = 5_000
DEFAULT_CANDIDATES = 2_000
MAX_ZONES = 200
MAX_ZONE_VERTICES = 20_000
ALL_AGES = "60_plus"
RESIDENTS = (ALL_AGES, *AGE_BANDS)
"""Whose walks may be asked about, in the order of the columns of residents."""

Polygon = dict[str, Any]
"""A GeoJSON polygon or multipolygon in degrees (WGS 84)."""


class SourceKind(StrEnum):
    """Where candidates come from."""

    LIST = "list"
    """Spots that were named one by one, or in a file."""
    LAYER = "layer"
    """What is loaded: service points of other types, planned points, land features of a kind."""
    NETWORK = "network"
    """Street corners, thinned."""


@dataclass(frozen=True)
class SiteCandidate:
    """One spot where a point may be opened: degrees in WGS 84, its names, and what is known of it."""

    lon: float
    lat: float
    code: str | None = None
    name: str | None = None
    attributes: Attributes = field(default_factory=Attributes)

    def __post_init__(self) -> None:
        check_position(self.lon, self.lat)

    @property
    def called(self) -> str:
        """Its name, else its code, else its position."""
        return self.name or self.code or f"{self.lon:.6f}, {self.lat:.6f}"


def from_cards(candidates: Sequence[Candidate]) -> tuple[SiteCandidate, ...]:
    """Return spots that were read to be judged as candidates for new points."""
    return tuple(SiteCandidate(each.lon, each.lat, each.code, each.name, each.attributes) for each in candidates)


@dataclass(frozen=True)
class CandidateSource:
    """Where the candidates come from.

    ``layer`` is :data:`POINTS_LAYER`, :data:`PLANNED_LAYER` or a kind of land, the last perhaps with a part of the
    features' names behind a colon (``landuse:public``). Corners are ``every_m`` apart; None lets as many metres be
    chosen as leave ``limit`` of them.
    """

    kind: SourceKind
    items: tuple[SiteCandidate, ...] = ()
    layer: str | None = None
    every_m: float | None = None
    limit: int = DEFAULT_CANDIDATES


POINTS_LAYER = "service_points"
"""The open service points that do not count as service yet."""
PLANNED_LAYER = "planned_points"
"""The planned service points of the type of the new ones."""


@dataclass(frozen=True)
class Search:
    """How long and how closely to search: seconds, a gap that is enough, and the seed of what is drawn."""

    max_s: float = DEFAULT_MAX_S
    gap: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class SitingTerms:
    """One question: which model, how many points of which type, who walks, among which candidates.

    ``walk`` holds the day, who walks, when, which way and the types that count as service already. ``limit_s`` is the
    walk within which residents are covered, itself included; ``horizon_s`` as :data:`DEFAULT_HORIZON_MIN`.
    """

    model: SitingModel
    points: int | None
    type: ServicePointType
    walk: WalkQuestion
    limit_s: float
    horizon_s: float
    residents: str
    area_code: str | None
    candidates: CandidateSource
    forbidden: tuple[Polygon, ...]
    forbidden_land: tuple[LandKind, ...]
    spacing_m: float
    capacity: float | None
    judged: bool
    search: Search

    @property
    def column(self) -> int:
        """The column of residents that it asks about."""
        return RESIDENTS.index(self.residents)

    def at(self, on: date) -> "SitingTerms":
        """Return the same question on another day."""
        return replace(self, walk=replace(self.walk, on=on))


def make_terms(  # each is one thing that is asked
    model: str,
    type_: str,
    candidates: CandidateSource,
    *,
    on: date,
    points: int | None = None,
    reach: Mapping[str, Any] | None = None,
    ground: Mapping[str, Any] | None = None,
    search: Search | None = None,
) -> SitingTerms:
    """Return a checked question.

    Parameters
    ----------
    reach
        Who walks how far: ``minutes``, ``horizon_min``, ``residents``, ``area_code``, ``types`` and the parts of
        :func:`gridmgmt.walking.rules.make_question`, where they are not the usual ones.
    ground
        Where points may stand and what they can serve: ``forbidden``, ``forbidden_land``, ``spacing_m``, ``capacity``,
        ``judged``.

    Raises
    ------
    InputError
        When a number is out of its range, something named is unknown, or the model and the number of points do not fit.
    GeometryError
        When a forbidden zone is no polygon.
    """
    chosen, own = member(SitingModel, model, "model"), member(ServicePointType, type_, "type")
    asked, where = dict(reach or {}), dict(ground or {})
    _check_points(chosen, points, candidates)
    minutes = float(asked.pop("minutes", DEFAULT_MINUTES))
    horizon = float(asked.pop("horizon_min", max(DEFAULT_HORIZON_MIN, minutes)))
    check_range("minutes", minutes, MAX_MINUTES)
    check_range("horizon_min", horizon, MAX_MINUTES, least=minutes)
    residents, area_code = asked.pop("residents", ALL_AGES), asked.pop("area_code", None)
    if residents not in RESIDENTS:
        raise InputError("choice_unknown", field="residents", value=residents, known=", ".join(RESIDENTS))
    usual = ELDERLY_TYPES if own in ELDERLY_TYPES else (own,)
    asked["types"] = tuple(asked.get("types") or usual)
    capacity = where.get("capacity")
    if capacity is not None:
        check_range("capacity", capacity, 1e9)
    return SitingTerms(
        model=chosen,
        points=points,
        type=own,
        walk=make_question(on, **asked),
        limit_s=minutes_to_s(minutes),
        horizon_s=minutes_to_s(horizon),
        residents=residents,
        area_code=area_code,
        candidates=_source(candidates),
        forbidden=_zones(where.get("forbidden") or ()),
        forbidden_land=tuple(
            sorted({member(LandKind, k, "forbidden_land") for k in where.get("forbidden_land") or ()})
        ),
        spacing_m=_spacing(float(where.get("spacing_m") or 0.0)),
        capacity=None if capacity is None else float(capacity),
        judged=bool(where.get("judged", True)),
        search=_search(search or Search()),
    )


def check_range(field: str, value: float, most: float, *, least: float = 0.0) -> None:
    """Refuse a number that is not above 0, or not from ``least`` on, or above ``most``.

    Raises
    ------
    InputError
        With the bounds.
    """
    if not (0 < value <= most and value >= least):
        raise InputError("number_out_of_range", field=field, value=value, minimum=least, maximum=most)


def _check_points(model: SitingModel, points: int | None, candidates: CandidateSource) -> None:
    if model is SitingModel.SET_COVER:
        if points is not None:
            raise InputError("siting_points_found", field="points", value=points, model=str(model))
        return
    if points is None:
        raise InputError("siting_points_needed", field="points", model=str(model))
    check_range("points", points, MAX_POINTS, least=1)
    if candidates.kind is SourceKind.LIST and points > len(candidates.items) > 0:
        raise InputError("siting_points_too_many", points=points, candidates=len(candidates.items))


def _source(source: CandidateSource) -> CandidateSource:
    """Return a source whose numbers are in their range and that says what its kind needs."""
    if source.kind is SourceKind.LIST and not 0 < len(source.items) <= MAX_CANDIDATES:
        raise InputError("candidates_count", value=len(source.items), maximum=MAX_CANDIDATES)
    if source.kind is SourceKind.LAYER:
        known = (POINTS_LAYER, PLANNED_LAYER, *LandKind)
        if (source.layer or "").partition(":")[0] not in known:
            raise InputError("choice_unknown", field="layer", value=source.layer, known=", ".join(known))
    if source.every_m is not None:
        check_range("every_m", source.every_m, 10_000, least=20)
    check_range("limit", source.limit, MAX_CANDIDATES, least=1)
    return source


def _search(search: Search) -> Search:
    check_range("max_s", search.max_s, MAX_SEARCH_S, least=1)
    if not 0 <= search.gap < 1:
        raise InputError("number_out_of_range", field="gap", value=search.gap, minimum=0, maximum=1)
    if not 0 <= search.seed < 2**31:
        raise InputError("number_out_of_range", field="seed", value=search.seed, minimum=0, maximum=2**31 - 1)
    return search


def _spacing(spacing_m: float) -> float:
    if not 0 <= spacing_m <= 10_000:
        raise InputError("number_out_of_range", field="spacing_m", value=spacing_m, minimum=0, maximum=10_000)
    return spacing_m


def _zones(given: Sequence[Polygon]) -> tuple[Polygon, ...]:
    """Return forbidden zones as polygons in degrees and nothing else: no features, heights or foreign members."""
    if len(given) > MAX_ZONES:
        raise InputError("too_many", field="forbidden", value=len(given), maximum=MAX_ZONES)
    shapes = [shape_of_zone(zone, number) for number, zone in enumerate(given, start=1)]
    return tuple(json.loads(shapely.to_geojson(shape)) for shape in shapes)


def shape_of_zone(zone: Polygon, number: int = 1) -> shapely.Geometry:
    """Return the shape of a GeoJSON polygon in degrees.

    Raises
    ------
    GeometryError
        When it is no polygon or multipolygon, is empty or crosses itself, or holds a position that is none.
    """
    try:
        found = shapely.force_2d(shapely.from_geojson(json.dumps(zone)))
    except (TypeError, ValueError, shapely.GEOSException) as error:
        raise GeometryError("siting_zone_invalid", number=number, reason="GeoJSON") from error
    if found.geom_type not in ("Polygon", "MultiPolygon") or found.is_empty:
        raise GeometryError("siting_zone_invalid", number=number, reason=found.geom_type)
    west, south, east, north = found.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise GeometryError("siting_zone_invalid", number=number, reason=f"{west:.6g}, {south:.6g}")
    if shapely.get_num_coordinates(found) > MAX_ZONE_VERTICES:
        raise GeometryError("siting_zone_invalid", number=number, reason=f"> {MAX_ZONE_VERTICES}")
    if not found.is_valid:
        raise GeometryError("siting_zone_invalid", number=number, reason=shapely.is_valid_reason(found))
    return found
