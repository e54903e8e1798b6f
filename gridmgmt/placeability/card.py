"""The card of a spot: what was found there, what the checks say of it, and by which terms; one document.

Every output (JSON, HTML, table rows, the console) is made from this document and nothing else. It holds no clock: the
same inputs, terms and spot give the same bytes.
"""

import json
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.document import InputEdition
from gridmgmt.land.rules import LandKind
from gridmgmt.placeability.rules import CandidateStatus, NormItem, PlaceCheck, PlaceVerdict, Tenure
from gridmgmt.service_points.rules import ServicePointType

SCHEMA = "placeability-card/1"

CardForm = Literal["exact", "public"]
Number = Annotated[float, Field(allow_inf_nan=False), AfterValidator(lambda value: value + 0.0)]
Count = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
"""Residents; None is withheld."""
Scalar = str | bool | int | Number | None


class Part(BaseModel):
    """A part of the card; nothing in it changes."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        serialize_by_alias=True,
        json_schema_serialization_defaults_required=True,
        defer_build=True,
    )


class AreaHere(Part):
    """An area that covers the spot, its border included."""

    level: AreaLevel
    code: str
    name: str


class LandHere(Part):
    """The nearest feature of one kind of land: 0 metres inside it."""

    kind: LandKind
    name: str | None
    distance_m: Number


class Street(Part):
    """Where the spot joins the network: the edge and how far it is; or why it joins none."""

    edge: int | None
    name: str | None = None
    highway: str | None = None
    distance_m: Number | None
    why_not: Literal["too_far", "minor_component", "outside"] | None = None


class GateHere(Part):
    """A gate on the way to the spot: of the compound that the spot lies in, else the nearest one on foot."""

    code: str
    name: str | None
    access: Literal["public", "residents", "closed"]
    open_at_time: bool
    always_open: bool
    of_compound: bool
    walk_time_s: Number | None
    lon: Number
    lat: Number


class BandGain(Part):
    """Residents who reach a point within ``limit_s`` with the spot and do not without it."""

    limit_s: Number
    residents: Count
    ages: dict[str, Count] = Field(default_factory=dict)
    """By age band; empty where the source has none, and in the public form."""


class NewlyCovered(Part):
    """One place that is covered with the spot and is not without it."""

    place_no: int
    lon: Number
    lat: Number
    residents: Number
    walk_time_s: Number
    walk_time_before_s: Number | None


class AreaGain(Part):
    """Residents of one area who are newly covered, and its share of covered residents before and after."""

    code: str
    name: str
    residents: Number
    ratio_before: Number | None
    ratio_after: Number | None


class Gain(Part):
    """What the spot adds, counted exactly: coverage with it less coverage without it."""

    residents: Count
    """Newly covered within the limit."""
    bands: tuple[BandGain, ...]
    in_reach: Count
    """Residents who reach the spot within the limit, covered before or not."""
    covered_twice_ratio: Number | None
    """Of those in reach, the share that reaches another point too."""
    eighty_plus_ratio: Number | None
    """Share of 80 and over among the newly covered, over their share among all."""
    places_count: int | None
    places: tuple[NewlyCovered, ...] = ()
    areas: tuple[AreaGain, ...] = ()


class PointNear(Part):
    """An open service point by the walk between it and the spot, in the direction of the trip."""

    code: str
    name: str
    type: ServicePointType
    walk_time_s: Number


class Taken(Part):
    """Residents who change from a point to the spot as their nearest, and what the point keeps."""

    code: str
    name: str
    residents: Number
    load_before: Number
    load_after: Number
    capacity: Number | None


class Load(Part):
    """Residents within the limit whose nearest point the spot would be, and whom it takes from others."""

    residents: Count
    per_capacity: Number | None
    beyond_radius: dict[str, Number] = Field(default_factory=dict)
    """Share of them that lives farther off than a norm's radius or walks longer than its time, by ``item:bound``."""
    severed_ratio: Number | None
    """Share of them whose straight line to the spot crosses water, rail or a wall."""
    taken: tuple[Taken, ...] = ()


class Equity(Part):
    """Covered shares of the areas of one level, weighted by residents, before and after."""

    level: AreaLevel
    areas: int
    gini_before: Number
    gini_after: Number
    least_before: Number | None
    least_after: Number | None


class Stress(Part):
    """What the spot would add under worse conditions."""

    kind: Literal["slow", "gate_closed"]
    residents: Count
    speed_m_per_s: Number | None = None
    profile: str | None = None
    """The profile whose mean less one standard deviation the speed is."""
    gate_code: str | None = None


class Facts(Part):
    """All that was found about a spot; the checks judge nothing else. None is "could not be found out"."""

    levels: tuple[AreaLevel, ...]
    """The levels that are loaded, without units and sectors where the spot's town has neither."""
    areas: tuple[AreaHere, ...]
    land_kinds: tuple[LandKind, ...]
    """The kinds of land that are loaded."""
    land: tuple[LandHere, ...]
    street: Street
    inside_compound: bool | None
    """None where no compound is loaded."""
    gates: tuple[GateHere, ...]
    gates_known: int
    gain: Gain | None
    nearest: tuple[PointNear, ...]
    nearest_of_type: PointNear | None
    combined: PointNear | None
    """The nearest centre or meal point of another kind."""
    types_open: tuple[ServicePointType, ...]
    """The types that have open points at all."""
    load: Load | None
    equity: Equity | None
    stresses: tuple[Stress, ...]


class NormUsed(Part):
    """The norm that something breaks."""

    norm_set: str
    edition: str
    item: NormItem
    least: Number | None
    most: Number | None
    evidence: str
    source: str


class Reason(Part):
    """Why a check does not pass; its words stand in the catalogue under ``place_reason.<code>``."""

    code: str
    verdict: PlaceVerdict
    fields: dict[str, Scalar] = Field(default_factory=dict)
    norm: NormUsed | None = None


class CheckResult(Part):
    """One check: its verdict, why, what it lacks (``place_need.<code>``), and what it stands on."""

    check: PlaceCheck
    verdict: PlaceVerdict
    reasons: tuple[Reason, ...] = ()
    needs: tuple[str, ...] = ()
    evidence: dict[str, Scalar] = Field(default_factory=dict)


class SpotJudged(Part):
    """The spot as it was judged."""

    lon: Number
    lat: Number
    name: str | None
    type: ServicePointType
    floor_area_m2: Number | None = None
    storey: int | None = None
    lift: bool | None = None
    daylight: bool | None = None
    capacity: Number | None = None
    tenure: Tenure | None = None
    lease_years: Number | None = None
    candidate_status: CandidateStatus | None = None
    cost_yuan: Number | None = None
    budget_yuan: Number | None = None
    milestone_on: date | None = None


class CardTerms(Part):
    """By what it was judged."""

    on: date
    limit_s: Number
    bands_s: tuple[Number, ...]
    types: tuple[ServicePointType, ...]
    profile: str
    profile_edition: str
    profile_evidence: str
    speed_m_per_s: Number
    sd_m_per_s: Number | None
    at: str
    trip: Trip
    barriers: tuple[LandKind, ...]
    scenario: str | None
    connection_limit_m: Number


class NormSetUsed(Part):
    """A norm set that the spot was held to."""

    name: str
    edition: str
    title: str
    valid_from: date


class PlaceabilityCard(Part):
    """The whole answer for one spot."""

    schema_version: Literal["placeability-card/1"] = Field(default="placeability-card/1", alias="schema")
    form: CardForm
    suppression_threshold: int | None = None
    synthetic: bool
    verdict: PlaceVerdict
    """The worst of all checks that could be assessed."""
    candidate: SpotJudged
    checks: tuple[CheckResult, ...]
    facts: Facts
    terms: CardTerms
    norm_sets: tuple[NormSetUsed, ...]
    inputs: tuple[InputEdition, ...]


def canonical_json(card: PlaceabilityCard) -> str:
    """Return the card's one text: keys sorted, no spaces, UTF-8."""
    content: Any = card.model_dump(mode="json")
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
