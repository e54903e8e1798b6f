"""What the interface asks and says about targets, renewal projects and budgets; money in yuan."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictInt

from api.geometries import GeoJson
from api.placeability_schemas import PlaceIn
from api.schemas import Answer, Asked, Latitude, Links, Longitude, Shape
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.placeability.rules import PlaceVerdict
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.targets.rules import MOST_PARTS, AmountBound, TargetStage

Code = Annotated[str, Field(max_length=64, description="Given once; letters, digits, dots, dashes, underscores.")]
AreaCode = Annotated[str, Field(max_length=64, description="Code of the area.", examples=["310113008"])]
Words = Annotated[str, Field(min_length=1, max_length=500)]
Source = Annotated[str, Field(min_length=1, max_length=1_000, description="Who says so, in which document.")]
FromDay = Annotated[date | None, Field(description="The first day; today without it.")]
Yuan = Annotated[StrictInt | None, Field(description="Yuan.", examples=[350_000])]
Year = Annotated[StrictInt, Field(examples=[2026])]
Dues = Annotated[
    dict[TargetStage, date],
    Field(description="The last day that is in time, by stage.", examples=[{"open": "2026-12-31"}]),
]
Position = Annotated[
    tuple[Longitude, Latitude] | None, Field(description="Longitude and latitude.", examples=[(121.4427, 31.3406)])
]
TargetFormat = Literal["json", "html", "xlsx", "csv"]


class TargetAsk(Asked):
    """So many new points that an area wants in a year."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "ZM-15", "name": "20分钟为老服务圈", "area": "310113008", "wanted": 15, "year": 2026,
                    "kinds": ["elderly_service_point"], "owner_post": "街道老龄工作岗", "source": "《工作计划》",
                }
            ]
        }
    )  # fmt: skip

    code: Code
    name: Words
    area: AreaCode
    kinds: Annotated[list[ServicePointType], Field(min_length=1, description="Which types of points open its items.")]
    wanted: Annotated[StrictInt, Field(ge=1, le=1_000, examples=[15])]
    year: Year
    owner_post: Annotated[Words, Field(description="The post or office that answers for it, never a person.")]
    source: Source
    on: FromDay = None


class TargetCardIn(Asked):
    """What was asked of a site, and what the placeability card said of it."""

    question: PlaceIn = Field(description="What `POST /api/v1/placeability` was asked.")
    verdict: PlaceVerdict
    on: date


class TargetItemAsk(Asked):
    """One point of a target."""

    name: Words
    position: Position = None
    budget_yuan: Yuan = None
    dues: Dues = Field(default_factory=dict)
    card: TargetCardIn | None = None
    on: Annotated[date | None, Field(description="The day from which it is planned; today without it.")] = None


class TargetFromPlanAsk(Asked):
    """Which points of a siting plan become items."""

    plan: Annotated[str, Field(max_length=64, description="Name of the plan.", examples=["张庙 15"])]
    ranks: Annotated[list[StrictInt], Field(default_factory=list, max_length=1_000, description="All without any.")]
    dues: Dues = Field(default_factory=dict)
    on: Annotated[date | None, Field(description="The day from which they are planned; today without it.")] = None


class TargetItemChangeAsk(Asked):
    """What is to be said of an item; what is not given stays as it is."""

    name: Words | None = None
    position: Position = None
    budget_yuan: Yuan = None
    dues: Dues | None = None
    card: TargetCardIn | None = None


class TargetMilestoneAsk(Asked):
    """An item came to a stage on a day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"stage": "located", "on": "2026-03-31"}]})

    stage: TargetStage
    on: Annotated[date | None, Field(description="Today without it; never later.")] = None
    reason: Annotated[str | None, Field(max_length=1_000, description="Needed to skip a stage or to go back.")] = None
    service_point: Annotated[
        str | None, Field(max_length=64, description="Code of the open point, with which an item opens.")
    ] = None


class TargetProgressOut(Answer):
    """How many of the wanted points are open; their stages."""

    open: int
    wanted: int
    text: str = Field(examples=["6/15"])
    ratio: float = Field(ge=0, le=1)
    by_stage: dict[TargetStage, int]
    unlisted: int = Field(description="Wanted points without an item.")
    late: int = Field(description="Items that have missed the day of a stage.")


class TargetMilestoneOut(Answer):
    """An item came to a stage on a day."""

    stage: TargetStage
    on: date
    reason: str | None


class TargetItemOut(Answer):
    """One point of a target as it stands on a day."""

    item_no: int
    name: str
    stage: TargetStage
    since: date | None
    lon: float | None
    lat: float | None
    budget_yuan: int | None
    dues: dict[TargetStage, date]
    late: list[TargetStage] = Field(description="Stages whose day is over without it.")
    plan_name: str | None = Field(description="The siting plan whose point it is.")
    plan_rank: int | None
    card: dict[str, Any] | None = Field(description="Question, verdict and day of its placeability card.")
    service_point_code: str | None
    point_is_open: bool | None = Field(description="Whether that point serves on the day; null without one.")
    reached: list[TargetMilestoneOut] = Field(description="Its milestones, the first one first.")
    links: Links


class PlanTargetOut(Answer):
    """A target with its progress on a day."""

    code: str
    name: str
    level: AreaLevel
    area_code: str
    area_name: str | None
    kinds: list[ServicePointType]
    wanted: int
    year: int
    owner_post: str
    source: str
    valid_from: date
    valid_to: date | None
    progress: TargetProgressOut
    budget_yuan: int = Field(description="Of the items, as far as known.")
    links: Links


class TargetDetail(PlanTargetOut):
    """A target with its items by number."""

    items: list[TargetItemOut]


class RenewalProjectAsk(Asked):
    """What is known of a renewal project."""

    code: Code
    name: Words
    area: AreaCode
    geometry: GeoJson
    begins_on: date
    ends_on: Annotated[date | None, Field(description="The last day, as planned.")] = None
    households: Annotated[StrictInt | None, Field(ge=0)] = None
    households_source: Annotated[str | None, Field(max_length=1_000)] = None
    moved_60_plus: Annotated[
        StrictInt | None, Field(ge=0, description="Elders who live elsewhere meanwhile: a count.")
    ] = None
    away_edition: Annotated[
        str | None, Field(max_length=200, description="Population edition in which they live elsewhere.")
    ] = None
    home_edition: Annotated[str | None, Field(max_length=200, description="The one in which they live at home.")] = None
    source: Source
    on: FromDay = None


class RenewalProjectOut(Answer):
    """A renewal project as it is said to be on a day."""

    code: str
    name: str
    level: AreaLevel
    area_code: str
    area_name: str | None
    begins_on: date
    ends_on: date | None
    running: bool = Field(description="Whether the day lies in its period.")
    households: int | None
    households_source: str | None
    moved_60_plus: int | None = Field(description="Null where unknown, and withheld where small in the public form.")
    away_edition: str | None
    home_edition: str | None
    source: str
    area_m2: float = Field(description="m² on the ellipsoid.")
    valid_from: date
    valid_to: date | None
    lon: Longitude
    lat: Latitude
    links: Links


class EldersMovedOut(Shape):
    """Residents of 60 and over inside a project in the editions with and without the move."""

    away_60_plus: float = Field(description="Inside it in the edition in which they live elsewhere.")
    home_60_plus: float = Field(description="Inside it in the edition in which they live at home.")
    net_60_plus: float = Field(description="The first less the second: below zero when elders are away.")


class RenewalProjectDetail(RenewalProjectOut):
    """A renewal project with its surface, and what its population editions tell; exact form only."""

    geometry: dict[str, Any] = Field(description="GeoJSON, WGS 84.")
    moved: EldersMovedOut | None = Field(description="Null without both editions, and in the public form.")


class BudgetAmountIn(Asked):
    """Money as a source states it."""

    yuan: Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=2, examples=["310000000"])]
    bound: AmountBound = AmountBound.EXACT


class BudgetPartIn(BudgetAmountIn):
    """One part of a budget."""

    name: Words
    source: Annotated[str | None, Field(max_length=1_000, description="That of the budget without it.")] = None


class BudgetAsk(Asked):
    """What an area may spend in a year."""

    name: Words
    area: AreaCode
    year: Year
    parts: Annotated[list[BudgetPartIn], Field(min_length=1, max_length=MOST_PARTS)]
    total: Annotated[
        BudgetAmountIn | None, Field(description="As the source states it; null where it states none.")
    ] = None
    source: Source
    on: FromDay = None


class BudgetAmountOut(Shape):
    """Money as a source states it; `sign` is what stands before the number."""

    yuan: Decimal
    bound: AmountBound
    sign: Literal["", "≥", ">"]
    text: str = Field(examples=["≥ 310,000,000"])


class BudgetPartOut(BudgetAmountOut):
    """One part of a budget."""

    name: str
    source: str


class BudgetOut(Shape):
    """A budget with its parts, their sum as a bound, and the total that the source states."""

    name: str
    level: AreaLevel
    area_code: str
    area_name: str | None
    year: int
    parts: list[BudgetPartOut]
    sum: BudgetAmountOut = Field(description="What the parts come to: exact only where all of them are.")
    total: BudgetAmountOut | None = Field(description="As the source states it.")
    consistent: bool | None = Field(description="Whether the stated total can be true; null without one.")
    left_open_yuan: Decimal | None = Field(
        description="The stated total less the sum of the parts: what only their bounds can fill."
    )
    source: str
    valid_from: date
    valid_to: date | None
