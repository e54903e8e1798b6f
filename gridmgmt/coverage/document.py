"""The answer of a coverage run as one document, and its canonical bytes.

Every output (JSON, HTML, XLSX, GeoJSON, the map, the console) is made from this document and nothing else. It holds no
run id and no clock, so the same inputs and parameters give the same bytes. Counts are sums of residents and are never
rounded; where :attr:`CoverageDocument.counts` is ``places``, every field that speaks of residents counts places.

A document that does not add up cannot be made: covered, uncovered, not connectable and outside sum to the residents
in every :class:`Figures` of the exact form.

An answer of the first version is read as it was written: what the second version has beyond it is absent, and the
canonical text of such an answer is the one that was stored.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gridmgmt.analysis.walking.model import Trip
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.editions.rules import Counting, Subject
from gridmgmt.service_points.rules import PointStatus, ServicePointType

SCHEMA: Final = "coverage-report/2"
"""Name and version of the document's shape; a change that breaks a reader is a new number."""

FIRST_SCHEMA: Final = "coverage-report/1"
"""The shape before time of day, trip, barriers, scenario, sensitivity, gaps and flows."""

NETWORK_HULL: Final = "network_hull"
"""The level whose one area, the hull of the network, stands in when no area is loaded."""

STATUSES = ("covered", "uncovered", "not_connectable", "outside")
"""The four parts that every count of residents falls into."""

ResultForm = Literal["exact", "public"]
PlaceStatusName = Literal["covered", "uncovered", "not_connectable", "outside"]
Level = AreaLevel | Literal["network_hull"]
_unsigned_zero = AfterValidator(lambda value: value + 0.0)

Number = Annotated[float, Field(allow_inf_nan=False), _unsigned_zero]
"""A finite number that is never -0.0, which would have other bytes than 0.0."""

Count = Annotated[float, Field(ge=0, allow_inf_nan=False), _unsigned_zero]
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), _unsigned_zero]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Part(BaseModel):
    """The base of all parts of an answer: frozen, with no fields but the named ones."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        serialize_by_alias=True,
        json_schema_serialization_defaults_required=True,
        defer_build=True,
    )


class Parameters(Part):
    """What was asked: the limit and the band ends in seconds, who walks, where, when, and to which types of points.

    ``sd_m_per_s`` is the standard deviation of the speed in the sample of the profile's source, ``at`` the time of the
    week at which gates are looked at, ``barriers`` the kinds of land that cannot be crossed.
    """

    limit_s: Count
    bands_s: tuple[Count, ...]
    profile: str
    speed_m_per_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    area_code: str | None
    types: tuple[ServicePointType, ...]
    connection_limit_m: Count
    profile_edition: str | None = None
    evidence: str | None = None
    sd_m_per_s: Count | None = None
    at: str | None = None
    trip: Trip = Trip.TO_POINT
    barriers: tuple[str, ...] = ()
    scenario: str | None = None


class InputEdition(Part):
    """One edition that the answer was computed from, with the label its source must be shown with."""

    subject: Subject
    name: str
    source: str
    synthetic: bool
    datum: str
    counting: Counting | None
    valid_from: date
    content_sha256: Sha256
    level: AreaLevel | None = None


class BandFigures(Part):
    """Residents who reach a point within ``limit_s`` (≤, so bands are cumulative) and their share of all residents."""

    limit_s: Count
    covered: Count | None
    ratio: Ratio | None

    @property
    def name(self) -> str:
        """The band's name among the suppressed counts, such as ``bands.300``."""
        return f"bands.{self.limit_s:.15g}"


class _Counts(Part):
    """Residents by status; None is a suppressed number, or a ratio whose base is zero."""

    residents: Count | None
    covered: Count | None
    uncovered: Count | None
    not_connectable: Count | None
    outside: Count | None
    ratio: Ratio | None
    """Covered over residents: those who cannot be connected or lie outside count as not covered."""
    bands: tuple[BandFigures, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        parts = [self.covered, self.uncovered, self.not_connectable, self.outside]
        known = [part for part in parts if part is not None]
        if self.residents is None or len(known) < len(parts):
            return self
        if not math.isclose(sum(known), self.residents, rel_tol=1e-9, abs_tol=1e-6):
            raise ValueError(f"{known} do not sum to {self.residents} residents")
        return self


class AgeBandFigures(_Counts):
    """The same counts for one age band (a name of :data:`gridmgmt.units.AGE_BANDS`)."""

    band: str


class CountRange(Part):
    """Between which numbers a count lies when residents known for whole areas alone were spread over places."""

    name: str
    """As in :attr:`Figures.suppressed`."""
    least: Count
    most: Count


class Figures(_Counts):
    """The counts of one area, one remainder, or everything."""

    places: Annotated[int, Field(ge=0)] | None
    """How many places the counts come from."""
    age_bands: tuple[AgeBandFigures, ...] = ()
    """Empty where the source has no age bands, and in the public form."""
    suppressed: tuple[str, ...] = ()
    """Names of the counts withheld in the public form, bands by :attr:`BandFigures.name`."""
    ranges: tuple[CountRange, ...] = ()
    """Empty where every place has its own count."""


class AreaFigures(Part):
    """One area and its figures; ``area_m2`` is measured on the ellipsoid."""

    code: str
    name: str
    parent_code: str | None
    area_m2: Count
    figures: Figures


class LevelFigures(Part):
    """The areas of one level; ``remainder`` counts the places that lie in none of them, None where there are none."""

    level: Level
    areas: tuple[AreaFigures, ...]
    remainder: Figures | None


class PointRecord(Part):
    """One service point of the asked types; ``reason`` says why a point that is not connectable is not."""

    code: str
    name: str
    type: ServicePointType
    status: PointStatus
    connectable: bool
    reason: Literal["too_far", "minor_component", "outside"] | None


class ServicePoints(Part):
    """How many points were asked for, how many of them join the network, and all of them."""

    total: Annotated[int, Field(ge=0)]
    connectable: Annotated[int, Field(ge=0)]
    listed: tuple[PointRecord, ...]


class UncoveredPlace(Part):
    """One place that is not covered, with its nearest point where there is a way to one.

    ``area_codes`` holds the code of the area it lies in by level.
    """

    place_no: int
    lon: Number
    lat: Number
    residents: Count
    status: PlaceStatusName
    walk_time_s: Count | None
    nearest_point_code: str | None
    nearest_point_name: str | None
    area_codes: dict[AreaLevel, str]


class UncoveredPlaces(Part):
    """How many places are not covered, how many residents they have, and the places, most residents first."""

    count: Annotated[int, Field(ge=0)]
    residents: Count
    listed: tuple[UncoveredPlace, ...]


class SensitivityRow(Part):
    """Everybody's figures at another speed or trip, all else as asked; None is a suppressed number."""

    trip: Trip
    speed_m_per_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    bands: tuple[BandFigures, ...]


class _Way(Part):
    """The shortest walk from a gap: its seconds, the point it leads to, and the first gate it passes, if any."""

    nearest_s: Count | None
    nearest_point_code: str | None
    nearest_point_name: str | None
    gate: str | None


class AgeGap(_Way):
    """The residents of one age band without a point within the limit, and the shortest walk of any of them."""

    band: str
    residents: Count


class Gap(_Way):
    """An area's residents without a point within the limit; its code is empty where they live in no area."""

    level: Level
    code: str
    name: str
    parent_code: str | None
    places: Annotated[int, Field(ge=0)]
    residents: Count
    age_bands: tuple[AgeGap, ...]


class Gaps(Part):
    """In how many areas residents have no point within the limit, and these areas, most residents first."""

    count: Annotated[int, Field(ge=0)]
    residents: Count
    listed: tuple[Gap, ...]


class PointFlow(Part):
    """Who has one service point as the nearest: within the limit with their walks, and beyond it."""

    code: str
    residents: Count
    mean_s: Count | None
    most_s: Count | None
    """Nine tenths of the residents walk no longer."""
    beyond: Count


class AreaFlow(Part):
    """Residents of one area within the limit of their nearest point, a line from the middle of the area's residents."""

    level: Level
    area_code: str
    point_code: str
    residents: Count
    mean_s: Count
    begin: tuple[Number, Number]
    end: tuple[Number, Number]
    """Longitude and latitude."""


class Flows(Part):
    """To which point residents walk: of every point, and from every area of the lowest level, most residents first."""

    points: tuple[PointFlow, ...]
    areas: tuple[AreaFlow, ...]


class Note(Part):
    """Something a reader must know before the numbers; its words stand in the catalogue under ``note.<code>``."""

    code: str
    fields: dict[str, str | bool | int | Number] = Field(default_factory=dict)


class Provenance(Part):
    """By which code and from which inputs: ``input_sha256`` covers the inputs' contents and the parameters."""

    code_version: str
    input_sha256: Sha256


class CoverageDocument(Part):
    """The whole answer."""

    schema_version: Literal["coverage-report/1", "coverage-report/2"] = Field(default=SCHEMA, alias="schema")
    form: ResultForm
    suppression_threshold: Annotated[int, Field(ge=1)] | None = None
    """Counts above zero and below this are withheld; None in the exact form."""
    synthetic: bool
    parameters: Parameters
    inputs: tuple[InputEdition, ...]
    counts: Literal["residents", "places"]
    counting: Counting
    hull_area: bool
    totals: Figures
    levels: tuple[LevelFigures, ...]
    service_points: ServicePoints
    uncovered_places: UncoveredPlaces | None
    """None in the public form, as gaps and flows."""
    sensitivity: tuple[SensitivityRow, ...] = ()
    gaps: Gaps | None = None
    flows: Flows | None = None
    notes: tuple[Note, ...]
    provenance: Provenance

    @model_validator(mode="after")
    def _exact_is_complete(self) -> Self:
        if self.form == "exact":
            if self.uncovered_places is None or self.suppression_threshold is not None:
                raise ValueError("the exact form lists its uncovered places and suppresses nothing")
            for figures in all_figures(self):
                if figures.suppressed or None in _counts_of(figures):
                    raise ValueError("the exact form withholds no count")
        elif (self.uncovered_places, self.gaps, self.flows) != (None, None, None) or self.suppression_threshold is None:
            raise ValueError("the public form lists no place and names its threshold")
        return self


def all_figures(document: CoverageDocument) -> Iterator[Figures]:
    """Yield the totals, then the figures of every area and remainder, level by level."""
    yield document.totals
    for level in document.levels:
        yield from (area.figures for area in level.areas)
        if level.remainder is not None:
            yield level.remainder


def values_of(document: CoverageDocument) -> dict[str, Any]:
    """Return the document as values of JSON; one of the first version with what that had, no more."""
    return document.model_dump(mode="json", exclude_unset=document.schema_version == FIRST_SCHEMA)


def canonical_json(document: CoverageDocument) -> str:
    """Return the document's one text: keys sorted, no spaces, UTF-8, the shortest floats that read back equal."""
    return json.dumps(values_of(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def result_sha256(document: CoverageDocument) -> str:
    """Return the SHA-256 of the canonical text in hexadecimal."""
    return text_sha256(canonical_json(document))


def text_sha256(canonical: str) -> str:
    """Return the SHA-256 of a canonical text in hexadecimal."""
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def parse(text: str) -> CoverageDocument:
    """Return the document of its canonical text.

    Raises
    ------
    pydantic.ValidationError
        When the text is no coverage document of a known version.
    """
    return CoverageDocument.model_validate_json(text)


def _counts_of(figures: Figures) -> tuple[float | None, ...]:
    """Return every count of the figures but those of the age bands."""
    return (*(getattr(figures, name) for name in ("residents", *STATUSES)), *(b.covered for b in figures.bands))
