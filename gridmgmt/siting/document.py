"""The answer of a siting run as one document, and its canonical bytes.

Every output (JSON, HTML, PDF, XLSX, GeoJSON, the map, the console) is made from this document and nothing else. It
holds no run id and no clock: how long the search took stands beside it, in :class:`Effort`, so that the same inputs,
terms and seed give the same bytes.
"""

import hashlib
import json
from datetime import date
from typing import Any, Final, Literal

from pydantic import Field

from gridmgmt.analysis.siting.model import SitingModel
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.document import Count, InputEdition, Note, Number, Part, Provenance, Ratio
from gridmgmt.placeability.rules import PlaceVerdict
from gridmgmt.service_points.rules import ServicePointType

SCHEMA: Final = "siting-plan/1"

Polygon = dict[str, Any]
"""A GeoJSON polygon or multipolygon in degrees (WGS 84)."""


class Terms(Part):
    """What was asked, with what the profile stood for on the day."""

    on: date
    model: SitingModel
    points: int | None
    """How many new points; None where the model finds it (``set_cover``)."""
    type: ServicePointType
    """The type that the new points are to have."""
    types: tuple[ServicePointType, ...]
    """The open points that count already; they stay."""
    limit_s: Count
    residents: str
    """Whose residents count: ``60_plus`` for all, or a name of :data:`gridmgmt.units.AGE_BANDS`."""
    area_code: str | None
    profile: str
    profile_edition: str | None
    profile_evidence: str | None
    speed_m_per_s: Number
    at: str
    trip: Trip
    barriers: tuple[str, ...]
    scenario: str | None
    connection_limit_m: Count
    source: str
    """Where the candidates came from: ``list``, ``layer`` or ``network``."""
    layer: str | None = None
    """Which layer, as it was asked for."""
    every_m: Count | None = None
    """How far apart corners of the network were taken."""
    horizon_s: Count | None = None
    """Walks are looked at up to here, and longer ones count as this; None where the limit is that."""
    spacing_m: Count
    """New points are at least so far apart, and from open ones of the same type, in a straight line; 0 is no bound."""
    forbidden: tuple[Polygon, ...]
    forbidden_land: tuple[str, ...]
    judged: bool
    """Whether candidates that fail a check of their placeability card are out."""
    capacity: Count | None
    """Residents whom a new point can serve where the candidate does not say; None where the model asks for none."""
    max_s: Count
    enough_gap: Ratio
    seed: int


class BandCount(Part):
    """Residents newly within ``limit_s`` of a point, by its place in the plan or in all."""

    limit_s: Count
    residents: Count


class AgeCount(Part):
    """Residents of one age band (or ``60_plus``)."""

    band: str
    residents: Count


class Chosen(Part):
    """One new point, in order of gain."""

    rank: int
    candidate: int
    """Its number among the candidates, from 0."""
    code: str | None
    name: str | None
    lon: Number
    lat: Number
    gain: Number
    """What it adds to the objective of those before it."""
    newly_covered: Count
    """Residents within the limit who were not within it of an open point or of those before it."""
    by_age: tuple[AgeCount, ...]
    served: Count
    """Residents within the limit whose nearest point it is when the whole plan is built."""
    capacity: Count | None
    cost_yuan: Count | None
    verdict: PlaceVerdict | None
    """The worst of its placeability card; None when cards were not asked for."""
    warnings: tuple[str, ...]
    """The checks of its card that warn."""
    area_code: str | None
    area_name: str | None
    """The residential quarter, or the lowest loaded area above it, that it lies in."""
    sure: bool | None
    """Whether it stays in every plan that comes near the best; None where that was not looked at."""


class Rejected(Part):
    """Candidates that are out for one reason."""

    reason: str
    """``forbidden_zone``, ``forbidden_land``, ``off_network``, ``outside``, ``too_near``, ``twin``, ``check.…``."""
    count: int
    examples: tuple[str, ...]
    """The names (or positions) of up to five of them."""
    positions: tuple[tuple[Number, Number], ...] = ()
    """Longitude and latitude of each of them."""


class Certificate(Part):
    """How good the plan is, and how that is known."""

    objective: Number
    """In the model's unit: residents, points, seconds, or a ratio (``unit``)."""
    unit: str
    """``residents``, ``points``, ``s``, ``resident_s`` or ``ratio``."""
    bound: Number
    """No plan under these terms is better than this."""
    gap: Number | None
    """``|bound − objective| / |objective|``; None where the objective is 0 and the bound is not."""
    proven: bool
    solver: str
    nodes: int
    stopped: str
    """``proven``, ``gap`` (close enough), ``time``, ``limit`` (of the search), or ``asked`` (somebody ended it)."""


class CurvePoint(Part):
    """The best plan of so many points."""

    points: int
    objective: Number
    bound: Number
    covered: Count
    ratio: Ratio | None


class AreaBefore(Part):
    """One area with its coverage before and after."""

    level: AreaLevel
    code: str
    name: str
    residents: Count
    covered_before: Count
    covered_after: Count
    ratio_before: Ratio | None
    ratio_after: Ratio | None


class Totals(Part):
    """Everybody who is asked about, before and after, of all ages and by age band."""

    band: str
    residents: Count
    reachable: Count
    """Residents whom at least one candidate or open point could have within the limit."""
    covered_before: Count
    covered_after: Count


class Uncoverable(Part):
    """A place that no candidate and no open point can have within the limit."""

    lon: Number
    lat: Number
    residents: Count
    area_code: str | None
    area_name: str | None


class Uncoverables(Part):
    """Those whom nothing can cover: how many, and the places of most of them, the most residents first."""

    places: int
    residents: Count
    listed: tuple[Uncoverable, ...]


class PlanStress(Part):
    """The plan under another circumstance: covered residents before and after."""

    kind: str
    """``speed`` (another one), ``gate`` (the one that most walk through is shut), ``population`` (edition before)."""
    words: dict[str, str | Number | None]
    """What tells it from others: ``speed_m_per_s``, ``gate`` and ``name``, ``edition``."""
    residents: Count
    covered_before: Count
    covered_after: Count


class SitingDocument(Part):
    """The whole answer."""

    schema_version: Literal["siting-plan/1"] = Field(default=SCHEMA, alias="schema")
    synthetic: bool
    notes: tuple[Note, ...]
    terms: Terms
    candidates: int
    """How many were given or found."""
    eligible: int
    """How many of them took part."""
    rejected: tuple[Rejected, ...]
    certificate: Certificate
    chosen: tuple[Chosen, ...]
    totals: tuple[Totals, ...]
    areas: tuple[AreaBefore, ...]
    worst_area: AreaBefore | None
    """The residential quarter (or lowest area) with the lowest ratio after."""
    curve: tuple[CurvePoint, ...]
    uncoverable: Uncoverables
    stresses: tuple[PlanStress, ...]
    inputs: tuple[InputEdition, ...]
    provenance: Provenance


def canonical_json(document: SitingDocument) -> str:
    """Return the document as JSON with sorted keys and no spaces: the text that is stored and hashed."""
    values = document.model_dump(mode="json")
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def text_sha256(canonical: str) -> str:
    """Return the SHA-256 of a canonical text, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def parse(text: str) -> SitingDocument:
    """Return the document of a stored text."""
    return SitingDocument.model_validate_json(text)
