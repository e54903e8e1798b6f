"""What the interface asks and says about counts at gates."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.schemas import Answer, Asked, Latitude, Longitude, Moment, Shape
from gridmgmt.gate_counts.rules import MOST_BINS, FlowClass

GateCode = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$", description="Code of a gate.", examples=["XX-G1"])
]
Passed = Annotated[int, Field(ge=0, le=10_000, strict=True)]
Found = Annotated[int, Field(ge=0, le=100_000, strict=True)]
Shown = Annotated[
    int | None,
    Field(description="Rounded to `rounding`; null where it is withheld: below `threshold`, or beside such."),
]


class BinAsk(Asked):
    """How many of a class went in and out through a gate in a quarter of an hour; there is nothing else to say."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"gate": "XX-G1", "start": "2026-01-05T08:00:00+08:00", "class": "resident", "in": 4, "out": 31}
            ]
        }
    )

    gate: GateCode
    start: Moment
    minutes: Annotated[int, Field(description="15 is the one length.", strict=True)] = 15
    flow_class: FlowClass = Field(alias="class")
    entered: Passed = Field(alias="in")
    left: Passed = Field(alias="out")
    bin_id: Annotated[
        str | None,
        Field(max_length=64, description="Gate, start in UTC and class, as `XX-G1/20260105T0000Z/resident`; checked."),
    ] = None


class BinsAsk(Asked):
    """A push."""

    bins: Annotated[list[BinAsk], Field(min_length=1, max_length=MOST_BINS)]


class PushedOut(Answer):
    """What came of a push."""

    taken: int = Field(description="Bins that were new.")
    repeated: int = Field(description="Bins that were known with the same counts.")
    late: int = Field(description="Bins of the push that lie before a census, whose residual was worked out anew.")


class CensusAsk(Asked):
    """How many were found inside at a full hour, by class."""

    community: Annotated[str, Field(max_length=64)]
    at: Moment
    resident: Found
    newcomer: Found
    visitor: Found
    vehicle: Found


class CensusOut(Answer):
    """A census."""

    at: datetime
    counted: dict[FlowClass, int]
    residual: dict[FlowClass, int | None] = Field(
        description="How many more were counted than the sums told; null for the first."
    )


class GateBandOut(Answer):
    """From a number to below another; no end where `below` is null."""

    at_least: float
    below: float | None


class GateCommunityOut(Answer):
    """A community as everybody sees it: in bands, as the last released day began."""

    code: str
    name: str
    quarter_code: str
    day: date | None = Field(description="The released day; null before the first.")
    occupancy: GateBandOut | None = Field(description="Persons inside; null where withheld or not known.")
    newcomers_per_resident: GateBandOut | None = Field(description="Null where withheld or not known.")
    by_census: bool | None = Field(description="Whether a census of the 24 hours before stands behind it.")
    gates: int = Field(description="Gates that count now.")
    gates_lost: int = Field(description="Of which no bin has come for more than two.")
    stale: bool = Field(description="Whether a gate is lost, so that nobody knows who is inside now.")


class InsideOut(Answer):
    """How many of a class are inside."""

    inside: int
    residual: int = Field(description="By how much the sum fell below zero.")


class CountingGateOut(Answer):
    """A gate."""

    code: str
    lon: Longitude
    lat: Latitude
    last_start: datetime | None = Field(description="When its last bin began.")
    lost: bool


class HourFlowOut(Answer):
    """How many of a class went through a gate in an hour, exactly."""

    gate: str
    start: datetime
    flow_class: FlowClass
    entered: int
    left: int


class GateCommunityDetail(Shape):
    """The exact counts of a community, for those who answer for it."""

    code: str
    name: str
    day: date
    at: datetime = Field(description="To when the sums go.")
    stale: bool
    inside: dict[FlowClass, InsideOut] | None = Field(
        description="Null before the first census, and where the hours since it are no longer kept."
    )
    gates: list[CountingGateOut]
    censuses: list[CensusOut] = Field(description="The newest first.")
    hours: list[HourFlowOut]


class GateBinOut(Answer):
    """A bin as it was taken."""

    start: datetime
    flow_class: FlowClass
    entered: int
    left: int


class GateBins(Shape):
    """The bins of a day of one gate."""

    gate: str
    day: date
    items: list[GateBinOut]


class ReleasedFlowOut(Answer):
    """What is shown of an hour, or without an hour of the day, of a gate, a community or the district."""

    community: str | None = Field(description="Null: the district.")
    gate: str | None = Field(description="Null: all gates.")
    hour: int | None = Field(description="Null: the whole day.")
    flow_class: str = Field(description="A class, or `persons` for all but vehicles.")
    entered: Shown
    left: Shown


class ReleasedFlows(Shape):
    """What is shown of a released day."""

    day: date
    released_at: datetime
    threshold: int
    rounding: int
    sha256: str
    items: list[ReleasedFlowOut]


class GateReleaseOut(Answer):
    """A released day."""

    day: date
    released_at: datetime
    threshold: int
    rounding: int
    sha256: str


class GateCommunityAsk(Asked):
    """A community to be known."""

    code: GateCode
    name: Annotated[str, Field(min_length=1, max_length=100)]
    geometry: dict[str, Any] = Field(description="GeoJSON Polygon or MultiPolygon, WGS 84.")
    valid_from: date | None = Field(default=None, description="Today without it.")


class CountingGateAsk(Asked):
    """A gate to be known."""

    code: GateCode
    community: Annotated[str, Field(max_length=64)]
    lon: Annotated[Longitude, Field(allow_inf_nan=False)]
    lat: Annotated[Latitude, Field(allow_inf_nan=False)]
    valid_from: date | None = Field(default=None, description="Today without it.")
