"""What the interface asks and says about ground within a walking time; minutes, metres, m² on the ellipsoid."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictFloat

from api.schemas import Answer, Asked, Latitude, Longitude, Shape
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.land.rules import LandKind
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.walking.rules import DEFAULT_AT, DEFAULT_CONNECTION_LIMIT_M, DEFAULT_PROFILE, WalkQuestion, make_question

DEFAULT_MINUTES = 20.0
MOST_SPOTS_IN = 100
MOST_LIMITS_IN = 8

Code = Annotated[str, Field(max_length=64)]


class IsochroneAskIn(Asked):
    """Whose ground is asked for; that of all open points of the types where no spot and no point is named."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"at": [[121.4427, 31.3406]], "minutes": [5, 10, 15, 20], "profile": "elder"}],
        },
    )

    at: Annotated[
        list[tuple[Longitude, Latitude]],
        Field(default_factory=list, max_length=MOST_SPOTS_IN, description="Spots, longitude first, in WGS 84."),
    ]
    points: Annotated[
        list[Code], Field(default_factory=list, max_length=MOST_SPOTS_IN, description="Codes of open service points.")
    ]
    minutes: Annotated[
        list[StrictFloat],
        Field(
            default_factory=lambda: [DEFAULT_MINUTES], min_length=1, max_length=MOST_LIMITS_IN,
            description="Limits of the walk in minutes, inclusive; 20 without any.",
        ),
    ]  # fmt: skip
    profile: Annotated[str, Field(description="Walking profile.", max_length=100)] = DEFAULT_PROFILE
    time: Annotated[str, Field(description="Day and time at which gates are looked at.", max_length=40)] = DEFAULT_AT
    trip: Annotated[Trip, Field(description="Which way is timed.")] = Trip.TO_POINT
    types: Annotated[
        list[ServicePointType],
        Field(default_factory=list, description="Types of points; all where points are named, else elders' ones."),
    ]
    barriers: Annotated[
        list[LandKind], Field(default_factory=list, description="Land that closes the streets across it.")
    ]
    scenario: Annotated[str | None, Field(max_length=100, description="Planned changes of the network.")] = None
    connection_limit_m: Annotated[
        StrictFloat, Field(description="Farthest distance from a spot to a street in metres.")
    ] = DEFAULT_CONNECTION_LIMIT_M

    def question(self, on: date) -> WalkQuestion:
        """Return what it asks of walking on a day."""
        types: Sequence[ServicePointType] = self.types or (tuple(ServicePointType) if self.points else ())
        return make_question(
            on,
            profile=self.profile,
            at=self.time,
            trip=self.trip,
            barriers=self.barriers,
            scenario=self.scenario,
            types=types,
            connection_limit_m=self.connection_limit_m,
        )


class GroundOut(Shape):
    """One class of ground within one limit."""

    model_config = ConfigDict(populate_by_name=True)

    class_: Literal["certain", "possible"] = Field(
        alias="class",
        description="Every spot of certain ground is within the limit; those that are and lie elsewhere, in possible.",
    )
    minutes: float
    area_m2: float = Field(description="m² on the ellipsoid.")


class GroundFeature(Shape):
    """Ground as a GeoJSON feature."""

    type: Literal["Feature"]
    geometry: dict[str, Any] = Field(description="A MultiPolygon in WGS 84.")
    properties: GroundOut


class TargetOut(Answer):
    """What is walked to or from."""

    code: str | None = Field(description="Null for a spot.")
    lon: Longitude
    lat: Latitude
    distance_m: float = Field(description="To the nearest street.")
    connected: bool = Field(description="Near enough to a street; others have no ground.")


class IsochroneParameters(Answer):
    """How was asked: who walks when, which way, over what; and how finely the ground was looked at."""

    on: date
    profile: str
    profile_edition: str
    speed_m_per_s: float
    time: str = Field(examples=[DEFAULT_AT])
    trip: Trip
    barriers: list[LandKind]
    scenario: str | None
    connection_limit_m: float
    cell_m: float = Field(description="Side of the smallest cells; more and longer walks are looked at less finely.")
    tolerance_m: float = Field(description="How far borders are simplified, on the safe side.")


class IsochroneEdition(Answer):
    """An edition that the areas stand on."""

    subject: str
    name: str
    source: str
    valid_from: date
    synthetic: bool


class IsochroneCollection(Shape):
    """Ground by limit and class as a GeoJSON FeatureCollection, and what it stands on."""

    type: Literal["FeatureCollection"]
    features: list[GroundFeature]
    targets: list[TargetOut]
    parameters: IsochroneParameters
    editions: list[IsochroneEdition]
    synthetic: bool
