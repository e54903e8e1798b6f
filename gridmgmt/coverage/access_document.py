"""The answer of an accessibility question as one document, and its canonical bytes."""

import hashlib
import json
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.document import InputEdition, Note
from gridmgmt.service_points.rules import ServicePointType

SCHEMA: Literal["coverage-accessibility/1"] = "coverage-accessibility/1"

MethodName = Literal["2sfca", "e2sfca", "gravity_power", "gravity_exponential"]
"""The values of :class:`gridmgmt.analysis.accessibility.Method`."""

Grouping = Literal["town_mode", "land_use"] | AreaLevel


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, defer_build=True)


class AccessParameters(_Part):
    """What was asked, and who walks; ``capacities`` are those given to points that have none of their own."""

    method: MethodName
    limit_s: float
    zones_s: tuple[float, ...]
    zone_weights: tuple[float, ...]
    exponent: float | None
    profile: str
    profile_edition: str
    speed_m_per_s: float
    evidence: str
    at: str
    trip: Trip
    barriers: tuple[str, ...]
    scenario: str | None
    area_code: str | None
    types: tuple[ServicePointType, ...]
    connection_limit_m: float
    capacities: dict[ServicePointType, float]


class SuppliedPoints(_Part):
    """The points: how many take part, whose capacity is not known, and what of the capacity anybody reaches."""

    total: int
    taking_part: int
    capacity_unknown: int
    capacity_given: int
    """Points whose capacity is the one that was asked for their type."""
    not_connectable: int
    reached_by_nobody: int
    capacity: float
    shared: float
    """Capacity of the points that anybody reaches: accessibility times residents, summed over everybody."""


class EquityRow(_Part):
    """One group: capacity per resident (mean, and of the place that has least), who has nothing, and the Gini.

    The numbers are null where nobody lives, the Gini also where nobody has anything.
    """

    code: str
    name: str
    parent_code: str | None = None
    places: int
    residents: float
    mean: float | None
    least: float | None
    without: float
    gini: float | None


class EquityGroup(_Part):
    """The groups of one kind; one without rows was not assessed: nothing of it is loaded."""

    by: Grouping
    assessed: bool
    rows: tuple[EquityRow, ...]


class AccessDocument(_Part):
    """The whole answer; it holds no clock, so equal inputs and questions give equal bytes."""

    schema_version: Literal["coverage-accessibility/1"] = Field(default=SCHEMA, alias="schema")
    on: date
    synthetic: bool
    parameters: AccessParameters
    inputs: tuple[InputEdition, ...]
    counts: Literal["residents", "places"]
    points: SuppliedPoints
    everybody: EquityRow
    groups: tuple[EquityGroup, ...]
    notes: tuple[Note, ...]
    code_version: str


def document_sha256(document: AccessDocument) -> str:
    """Return the fingerprint of an answer."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def canonical_json(document: AccessDocument) -> str:
    """Return the answer's one text: keys sorted, no spaces, UTF-8."""
    values = document.model_dump(mode="json")
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
