"""What the interface asks and says about scenarios and what-ifs of gates; durations in s, hours by days of the week."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.schemas import Answer, Asked
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.land.rules import LandKind
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.walking.edits import MOST_EDITS, Edit
from gridmgmt.walking.rules import DEFAULT_AT, DEFAULT_CONNECTION_LIMIT_M, DEFAULT_PROFILE, WalkQuestion, make_question

if TYPE_CHECKING:
    from gridmgmt.walking.gates import GateWhatIf

_PATH: dict[str, Any] = {
    "kind": "add_path",
    "name": "近路",
    "line": [[121.40, 31.30], [121.41, 31.31]],
    "traits": ["ramp"],
}
_GATE: dict[str, Any] = {
    "kind": "set_gate",
    "code": "G-12",
    "access": "residents",
    "hours": {"mon-sun": ["06:00-22:00"]},
}
Seconds = Annotated[float | None, Field(description="Null where no point is reached.", examples=[962.4])]
Residents = Annotated[float, Field(description="Residents, or places where only these are counted.", examples=[238.0])]


class ScenarioIn(Asked):
    """The edits of a scenario; they replace those of the version before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "侧门", "edits": [_PATH, _GATE]}]})

    name: str = Field(min_length=1, max_length=64)
    edits: list[Edit] = Field(min_length=1, max_length=MOST_EDITS)
    seen_version: int | None = Field(
        default=None, ge=1, description="The version that was edited; saved in any case without it."
    )
    on: date | None = Field(default=None, description="The day whose network is changed; today without it.")


class ScenarioSummary(Answer):
    """A scenario at one version."""

    name: str
    version: int
    owner: str
    saved_by: str
    saved_at: datetime
    network_edition: str = Field(description="The network edition that it changes.")
    edit_count: int


class ScenarioOut(ScenarioSummary):
    """A scenario with its edits."""

    edits: list[Edit]


class ScenarioList(Answer):
    """All scenarios, by name."""

    items: list[ScenarioSummary]


class WhatIfAsk(Asked):
    """Which gate is how, and who walks when to what."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"access": "public", "hours": {"mon-sun": ["06:00-22:00"]}, "minutes": 20}]}
    )

    access: Access | None = Field(default=None, description="Who would pass it; as now without it.")
    hours: dict[str, list[str]] | Literal["always"] | None = Field(
        default=None, description="When it would be open, as mon-fri: [06:00-22:00], or always; as now without it."
    )
    minutes: float = Field(default=20.0, gt=0, le=240, description="Who walks no longer is covered.")
    profile: str = Field(default=DEFAULT_PROFILE, max_length=100)
    types: list[ServicePointType] = Field(default=[], description="Those that elders walk to without any.")
    at: str = Field(default=DEFAULT_AT, max_length=20, description="Day and time of the week.")
    trip: Trip = Trip.TO_POINT
    barriers: list[LandKind] = Field(default=[], max_length=10)
    scenario: str | None = Field(default=None, max_length=80, description="Planned changes to walk over.")
    connection_limit_m: float = DEFAULT_CONNECTION_LIMIT_M
    on: date | None = Field(default=None, description="The day whose editions count; today without it.")

    def question(self, today: date) -> WalkQuestion:
        """Return the question as the domain has it."""
        return make_question(
            self.on or today,
            profile=self.profile,
            at=self.at,
            trip=self.trip,
            barriers=self.barriers,
            scenario=self.scenario,
            types=self.types,
            connection_limit_m=self.connection_limit_m,
        )


class GateStateOut(Answer):
    """Who passes a gate, and in which stretches of the week, as people read them; null is always."""

    access: Access
    hours: list[str] | None


class AgeChange(Answer):
    """Affected residents of an age band, and their mean walk where they have one both before and after."""

    band: str
    residents: Residents
    mean_before_s: Seconds
    mean_after_s: Seconds
    covered_before: float | None = Field(description="Within the limit; null in the public form.")
    covered_after: float | None = Field(description="Within the limit; null in the public form.")


class GroupChange(Answer):
    """The affected places of an area; code null: of all, or of none."""

    code: str | None
    places: int | None = Field(description="Null in the public form.")
    ages: list[AgeChange]
    suppressed: bool = Field(description="A small number is withheld.")


class PlaceChangeOut(Answer):
    """A place whose walk changes."""

    place_no: int
    lon: float
    lat: float
    area_code: str | None
    residents: Residents
    before_s: Seconds
    after_s: Seconds
    before_point: str | None
    after_point: str | None


class WhatIfOut(Answer):
    """What changes with a gate, for those alone whom it concerns."""

    form: Literal["exact", "public"]
    synthetic: bool
    code: str
    name: str | None
    before: GateStateOut
    after: GateStateOut
    limit_s: float
    parameters: dict[str, Any] = Field(description="Profile with edition and speed, time, trip, types, day.")
    level: str | None = Field(description="The level of the areas by which it is counted.")
    total: GroupChange
    by_area: list[GroupChange]
    most_changed: list[PlaceChangeOut] = Field(description="At most 20; none in the public form.")
    inputs: list[dict[str, Any]] = Field(description="The editions that it stands on.")
    notes: list[str]

    @classmethod
    def of(cls, answer: "GateWhatIf") -> "WhatIfOut":
        """Return the domain's answer as the interface says it."""
        from gridmgmt.walking.gates import as_json  # noqa: PLC0415 -- takes seconds to load

        return cls.model_validate(as_json(answer))
