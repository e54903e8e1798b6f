"""What the interface asks and says about spots for new service points; residents, seconds, ratios 0–1."""

from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictFloat

from api.schemas import Answer, Asked, Latitude, Longitude
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.land.rules import LandKind
from gridmgmt.placeability.card import PlaceabilityCard
from gridmgmt.placeability.rules import (
    DEFAULT_CONNECTION_LIMIT_M,
    DEFAULT_MINUTES,
    DEFAULT_PROFILE,
    DEFAULT_TIME,
    Attributes,
    Candidate,
    CandidateStatus,
    NormItem,
    PlaceVerdict,
    Tenure,
    Terms,
    make_terms,
)
from gridmgmt.service_points.rules import ServicePointType

MAX_CANDIDATES_IN = 500
"""More candidates than this are judged on the command line."""

Detail = Literal["full", "brief"]


class AttributesIn(Asked):
    """What is known of a candidate; what is not given is not assessed. Money in yuan."""

    floor_area_m2: StrictFloat | None = None
    storey: int | None = None
    lift: bool | None = None
    daylight: bool | None = None
    capacity: StrictFloat | None = Field(default=None, description="How many it can serve.")
    tenure: Tenure | None = None
    lease_years: StrictFloat | None = None
    candidate_status: CandidateStatus | None = None
    cost_yuan: StrictFloat | None = None
    budget_yuan: StrictFloat | None = None
    milestone_on: date | None = None


class CandidateIn(Asked):
    """One spot."""

    lon: Longitude
    lat: Latitude
    name: Annotated[str | None, Field(max_length=200)] = None
    attributes: AttributesIn = AttributesIn()

    def candidate(self) -> Candidate:
        """Return the spot as the domain knows it."""
        return Candidate(self.lon, self.lat, self.name, Attributes(**self.attributes.model_dump()))


class TermsIn(Asked):
    """By what spots are judged; callers without exact results leave all but the type as it is."""

    type: ServicePointType = Field(description="What the new point would be.")
    types: Annotated[
        list[ServicePointType],
        Field(default_factory=list, description="What counts as service today; the usual types without any."),
    ]
    on: date | None = Field(default=None, description="The day whose editions count; today without it.")
    minutes: Annotated[StrictFloat, Field(description="Limit of the walk in minutes, inclusive.")] = DEFAULT_MINUTES
    bands: Annotated[list[StrictFloat] | None, Field(description="Ends of the bands in minutes.", max_length=20)] = None
    profile: Annotated[str, Field(description="Walking profile.", max_length=100)] = DEFAULT_PROFILE
    time: Annotated[str, Field(description="Day and time of the week, for gates.", max_length=20)] = DEFAULT_TIME
    trip: Annotated[Trip, Field(description="Which way is timed.")] = Trip.TO_POINT
    barriers: Annotated[
        list[LandKind], Field(default_factory=list, description="Kinds of land features that close what crosses them.")
    ]
    scenario: Annotated[str | None, Field(description="Planned changes to walk over.", max_length=200)] = None
    connection_limit_m: Annotated[StrictFloat, Field(description="Farthest distance to a street in metres.")] = (
        DEFAULT_CONNECTION_LIMIT_M
    )
    norms: Annotated[
        list[str], Field(default_factory=list, max_length=50, description="Only these norm sets; all in force without.")
    ]

    def terms(self) -> Terms:
        """Return the terms as the domain knows them."""
        return make_terms(
            self.type,
            types=self.types,
            minutes=self.minutes,
            bands_min=self.bands,
            walk={
                "profile": self.profile, "at": self.time, "trip": self.trip, "barriers": self.barriers,
                "scenario": self.scenario, "connection_limit_m": self.connection_limit_m,
            },
            norms=self.norms,
        )  # fmt: skip


class PlaceIn(TermsIn, CandidateIn):
    """One spot and by what it is judged."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lon": 121.4427, "lat": 31.3406, "type": "elderly_service_point",
                    "attributes": {"floor_area_m2": 120, "storey": 1, "capacity": 40, "tenure": "leased"},
                }
            ]
        }
    )  # fmt: skip

    detail: Detail = Field(default="full", description="`brief` leaves out the lists of places, areas and inputs.")


class QuestionsOut(Answer):
    """How many questions about spots a caller has left on a day; null is "as many as wanted"."""

    form: Literal["exact", "public"]
    on: date
    allowed: int | None = Field(description="How many there are on a day.", examples=[200])
    left: int | None = Field(examples=[187])


class CandidatesIn(TermsIn):
    """Many spots under the same terms."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"type": "meal_point", "candidates": [{"lon": 121.4427, "lat": 31.3406, "name": "A"}]}]
        }
    )

    candidates: list[CandidateIn] = Field(min_length=1, max_length=MAX_CANDIDATES_IN)


class RankedOut(Answer):
    """One candidate with its place in the order."""

    rank: int
    card: PlaceabilityCard


class RankedList(Answer):
    """Candidates in order: fewest failed checks, then most newly covered residents, then fewest warnings."""

    candidates: list[RankedOut]


class NormOut(Answer):
    """One bound of a norm set."""

    item: NormItem
    types: list[ServicePointType] = Field(description="The types of points that it speaks of; empty for all.")
    least: float | None
    most: float | None
    severity: PlaceVerdict
    evidence: str = Field(description="S seen in a public source, R recalled and not checked, J judgement.")
    source: str


class NormSetOut(Answer):
    """One edition of a set of norms."""

    name: str
    edition: str
    title: str
    valid_from: date
    norms: list[NormOut]


class NormSetList(Answer):
    """The norm sets in force on a day."""

    on: date
    items: list[NormSetOut]
