"""What the interface asks and says about siting; seconds, metres, residents, ratios 0–1, positions WGS 84."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictFloat

from api.placeability_schemas import AttributesIn
from api.schemas import Asked, JobError, Latitude, Links, Longitude, Shape
from gridmgmt.analysis.siting.model import SitingModel
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.jobs.models import JobState
from gridmgmt.land.rules import LandKind
from gridmgmt.placeability.rules import MAX_CODE, MAX_NAME, Attributes
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.siting.document import Certificate
from gridmgmt.siting.progress import SearchProgress
from gridmgmt.siting.rules import (
    ALL_AGES,
    DEFAULT_CANDIDATES,
    DEFAULT_HORIZON_MIN,
    DEFAULT_MAX_S,
    DEFAULT_MINUTES,
    MAX_CANDIDATES,
    MAX_ZONES,
    CandidateSource,
    Search,
    SiteCandidate,
    SitingTerms,
    SourceKind,
    make_terms,
)
from gridmgmt.walking.rules import DEFAULT_AT, DEFAULT_CONNECTION_LIMIT_M, DEFAULT_PROFILE

ResultFormat = Literal["json", "html", "pdf", "xlsx", "geojson"]


class SiteIn(AttributesIn):
    """One spot where a point may be opened; what is not given is not assessed."""

    lon: Longitude
    lat: Latitude
    code: Annotated[str | None, Field(max_length=MAX_CODE)] = None
    name: Annotated[str | None, Field(max_length=MAX_NAME)] = None

    def candidate(self) -> SiteCandidate:
        """Return the spot as the domain knows it."""
        known = Attributes(**{name: getattr(self, name) for name in AttributesIn.model_fields})
        return SiteCandidate(self.lon, self.lat, self.code, self.name, known)


class SiteSourceIn(Asked):
    """Where the candidates come from: a list, what is loaded, or street corners."""

    source: SourceKind = SourceKind.LIST
    items: Annotated[
        list[SiteIn], Field(default_factory=list, max_length=MAX_CANDIDATES, description="Of the source `list`.")
    ]
    layer: Annotated[
        str | None,
        Field(
            max_length=100,
            description="Of the source `layer`: `service_points` (open ones that do not count yet), `planned_points` "
            "(of the type), or a kind of land, perhaps with a part of its features' names: `landuse:public`.",
        ),
    ] = None
    every_m: Annotated[
        StrictFloat | None,
        Field(description="Of the source `network`: one corner a square of this side; without it as `limit` allows."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=MAX_CANDIDATES, description="More candidates are refused.")] = (
        DEFAULT_CANDIDATES
    )

    def asked(self) -> CandidateSource:
        """Return the source as the domain knows it."""
        return CandidateSource(
            self.source, tuple(each.candidate() for each in self.items), self.layer, self.every_m, self.limit
        )


class SitingAsk(Asked):
    """What a siting run is asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "max_coverage",
                    "points": 15,
                    "type": "elderly_service_point",
                    "area_code": "310113007",
                    "candidates": {"source": "network", "every_m": 200},
                    "spacing_m": 300,
                }
            ]
        },
    )

    model: SitingModel = Field(description="What the plan is to be the best at.")
    points: Annotated[
        int | None, Field(ge=1, description="How many new points; none for `set_cover`, which finds it.")
    ] = None
    type: ServicePointType = Field(description="What the new points are to be.")
    types: Annotated[
        list[ServicePointType],
        Field(default_factory=list, description="What counts as service today; the usual types without any."),
    ]
    minutes: Annotated[StrictFloat, Field(description="Limit of the walk in minutes, inclusive.")] = DEFAULT_MINUTES
    horizon_min: Annotated[
        StrictFloat | None,
        Field(
            description=f"Walks are looked at up to here by `p_median` and `p_center`; {DEFAULT_HORIZON_MIN:.0f} or "
            "the limit without it."
        ),
    ] = None
    residents: Annotated[str, Field(description="`60_plus`, or one age band such as `80_plus`.", max_length=20)] = (
        ALL_AGES
    )
    area_code: Annotated[str | None, Field(description="Only residents and candidates of it.", max_length=64)] = None
    profile: Annotated[str, Field(description="Walking profile.", max_length=100)] = DEFAULT_PROFILE
    at: Annotated[str, Field(description="Day and time of the week, for gates.", max_length=20)] = DEFAULT_AT
    trip: Annotated[Trip, Field(description="Which way is timed.")] = Trip.TO_POINT
    barriers: Annotated[
        list[LandKind], Field(default_factory=list, description="Land that cannot be crossed.", max_length=10)
    ]
    scenario: Annotated[str | None, Field(description="Planned changes to walk over.", max_length=200)] = None
    connection_limit_m: Annotated[StrictFloat, Field(description="Farthest distance to a street in metres.")] = (
        DEFAULT_CONNECTION_LIMIT_M
    )
    candidates: SiteSourceIn
    forbidden: Annotated[
        list[dict[str, Any]],
        Field(default_factory=list, max_length=MAX_ZONES, description="GeoJSON polygons where no point may stand."),
    ]
    forbidden_land: Annotated[
        list[LandKind], Field(default_factory=list, max_length=10, description="Kinds of land where none may stand.")
    ]
    spacing_m: Annotated[
        StrictFloat, Field(ge=0, description="Least distance between new points, and to open ones of the type.")
    ] = 0.0
    capacity: Annotated[
        StrictFloat | None, Field(description="Residents whom a point can serve where the candidate does not say.")
    ] = None
    judge: Annotated[bool, Field(description="Leave out candidates that fail a check of their placeability card.")] = (
        True
    )
    max_s: Annotated[StrictFloat, Field(description="Longest search for the plan, in seconds.")] = DEFAULT_MAX_S
    gap: Annotated[StrictFloat, Field(description="Enough when the bound is this near; 0 asks for a proof.")] = 0.0
    seed: Annotated[int, Field(ge=0, description="The same seed gives the same plan.")] = 0
    on: date | None = Field(default=None, description="The day whose editions count; today without it.")

    def terms(self, today: date) -> SitingTerms:
        """Return the question as the domain knows it."""
        reach = {
            name: getattr(self, name)
            for name in ("minutes", "residents", "area_code", "types", "profile", "at", "trip", "barriers", "scenario",
                         "connection_limit_m")
        }  # fmt: skip
        if self.horizon_min is not None:
            reach["horizon_min"] = self.horizon_min
        return make_terms(
            self.model,
            self.type,
            self.candidates.asked(),
            on=self.on or today,
            points=self.points,
            reach=reach,
            ground={
                "forbidden": self.forbidden, "forbidden_land": self.forbidden_land, "spacing_m": self.spacing_m,
                "capacity": self.capacity, "judged": self.judge,
            },
            search=Search(self.max_s, self.gap, self.seed),
        )  # fmt: skip


class StopIn(Asked):
    """How a run is to end."""

    keep: bool = Field(default=False, description="Take the best plan so far as the answer; else there is none.")


class SitesOut(Shape):
    """The candidates of a file."""

    items: list[SiteIn]


class SitingAccepted(Shape):
    """A siting run that will be performed."""

    job_id: int
    run_id: int
    links: Links


class SitingRunSummary(Shape):
    """One siting run without its answer."""

    run_id: int
    job_id: int
    state: JobState
    model: SitingModel
    points: int | None
    type: ServicePointType
    area_code: str | None
    on: date
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    links: Links


class SitingRunOut(SitingRunSummary):
    """One siting run as it stands: how far its search is, or how its answer is certified."""

    stage: str | None = Field(description="What is being done, as a key.")
    stage_text: str | None = Field(description="What is being done, in words.")
    share: float = Field(description="How much of the job is done, 0–1.")
    progress: SearchProgress | None = Field(description="The best plan so far, with its bound.")
    keep_requested: bool = Field(description="Somebody wants the best plan so far as the answer.")
    error: JobError | None
    certificate: Certificate | None = Field(description="Null until the run has its answer.")
    stale: bool = Field(description="An input has changed since; a new run may answer otherwise.")
    stale_because: list[str] = Field(description="The inputs that have changed.", examples=[["network: 2026"]])
