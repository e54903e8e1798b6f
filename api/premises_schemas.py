"""What the interface asks and says about rental premises."""

from datetime import date, datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from api.schemas import Answer, Asked, Latitude, Longitude, Shape
from gridmgmt.premises.rules import (
    MOST_CHARACTERS_OF_ADDRESS,
    Factor,
    PremisesAppealReason,
    PremisesAppealState,
    PremisesChange,
    PremisesColour,
)

Colour = Annotated[PremisesColour | None, Field(description="Null before the first complete inspection.")]
Share = Annotated[float | None, Field(description="0–1.")]
ByFactor = Annotated[dict[Factor, float], Field(description="For each of the seven factors.")]


class PremisesOut(Answer):
    """Rental premises as they are on a day."""

    code: str
    address: str
    quarter_code: str = Field(description="The quarter that held them when they were registered.")
    town_code: str
    district_code: str
    group_renting: bool
    cooperating: bool
    inspected_on: date | None = Field(description="Day of the last complete inspection.")
    score: float | None
    colour: Colour
    due_on: date = Field(description="When they are to be inspected next.")
    appealed: bool = Field(description="Whether an appeal against the inspection is open.")
    lon: Longitude
    lat: Latitude
    valid_from: date
    valid_to: date | None


class PremisesVersion(Answer):
    """What was said of premises from a day until before another, and why it began."""

    valid_from: date
    valid_to: date | None
    change: PremisesChange
    colour: Colour
    score: float | None
    cooperating: bool
    group_renting: bool


class PremisesInspectionOut(Answer):
    """An inspection as it was recorded."""

    inspection_id: int
    inspected_on: date
    scores: dict[Factor, float | None] = Field(description="Null where a factor was not scored: never a zero.")
    incomplete: bool
    score: float | None
    colour: Colour
    cooperating: bool
    rubric: str
    post_code: str | None
    case_no: str | None = Field(description="The case that asks for a re-inspection.")


class PremisesAppealOut(Answer):
    """An appeal against an inspection."""

    appeal_id: int
    inspection_id: int
    lodged_on: date
    reason: PremisesAppealReason
    state: PremisesAppealState
    decided_on: date | None


class PremisesDetail(PremisesOut):
    """Premises with all that was said of them, their inspections and appeals, the newest first."""

    history: list[PremisesVersion]
    inspections: list[PremisesInspectionOut]
    appeals: list[PremisesAppealOut]


class PremisesAsk(Asked):
    """Premises to be registered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"code": "R000001", "address": "长江西路1599弄12号601室", "lon": 121.4427, "lat": 31.3406}]
        }
    )

    code: str = Field(min_length=1, max_length=64)
    address: str = Field(
        min_length=1, max_length=MOST_CHARACTERS_OF_ADDRESS, description="Without seven digits in a row."
    )
    lon: Longitude
    lat: Latitude
    on: date | None = Field(default=None, description="The first day; today without it.")
    group_renting: bool = False
    cooperating: bool = True


class PremisesFlagsAsk(Asked):
    """What is to be said of premises from a day on; what is not given stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cooperating": True}]})

    on: date | None = Field(default=None, description="The first day; today without it.")
    group_renting: bool | None = None
    cooperating: bool | None = None


class PremisesInspectionAsk(Asked):
    """An inspection of premises."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"scores": {"sanitation": 8, "fire_safety": 6}, "cooperating": True}]}
    )

    on: date | None = Field(default=None, description="The day; today without it.")
    scores: dict[Factor, float | None] = Field(
        description="All seven, or the inspection is incomplete and gives no colour."
    )
    cooperating: bool
    post_code: str | None = Field(default=None, max_length=64, description="The office that inspected.")


class PremisesAppealAsk(Asked):
    """An appeal against the inspection that gives premises their colour."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "score_wrong"}]})

    on: date | None = Field(default=None, description="The day; today without it.")
    reason: PremisesAppealReason


class PremisesDecisionAsk(Asked):
    """The decision of an appeal."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"upheld": True}]})

    on: date | None = Field(default=None, description="The day; today without it.")
    upheld: bool


class PremisesAreaCounts(Shape):
    """The exact counts of an area, for who may read premises."""

    area_code: str
    name: str | None
    premises: int
    counts: dict[str, int] = Field(description="By colour, `uninspected` and `group_renting`.")
    red_share: Share


class PremisesRanking(Shape):
    """Areas of a level by their share of red premises, the greatest first."""

    on: date
    level: str
    items: list[PremisesAreaCounts]


class PremisesPublishedArea(Shape):
    """What was published of an area."""

    area_code: str
    name: str | None
    premises: int | None = Field(description="Null where it is withheld.")
    counts: dict[str, int | None] = Field(
        description="By colour, `uninspected` and `group_renting`; null where withheld."
    )
    group_renting_share: Share


class PremisesPublicationOut(Answer):
    """The counts of a month, which never change once they are published."""

    month: str = Field(examples=["2026-03"])
    as_of: date
    threshold: int = Field(description="Counts above zero and below it are withheld, and what would tell them.")
    published_at: datetime


class PremisesSummaryOut(Shape):
    """The last publication of a day; null and empty before the first."""

    publication: PremisesPublicationOut | None
    level: str
    items: list[PremisesPublishedArea]


class PremisesPublishAsk(Asked):
    """The month to publish."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"month": "2026-03"}]})

    month: str = Field(pattern=r"^[12]\d{3}-(0[1-9]|1[0-2])$")


class PremisesRubricAsk(Asked):
    """An edition of how inspections are scored."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "2027", "valid_from": "2027-01-01"}]})

    name: str = Field(min_length=1, max_length=64)
    valid_from: date
    weights: ByFactor = Field(default_factory=lambda: dict.fromkeys(Factor, 1.0))
    maxima: ByFactor = Field(default_factory=lambda: dict.fromkeys(Factor, 10.0))
    cut: float = Field(default=5.0, description="At or below it premises are red, or on watch where they cooperate.")
    cut_inclusive: bool = Field(default=True, description="Whether the cut itself is.")
    green_from: float = 8.0
    full_score: float = 10.0
    due_days: dict[PremisesColour, int] = Field(
        default_factory=lambda: dict(zip(PremisesColour, (180, 90, 30, 14), strict=True)),
        description="After how many days premises of a colour are to be inspected again.",
    )
    reinspection_type: str = Field(
        default="2102", max_length=16, description="Type of the catalogue of the case that asks for a re-inspection."
    )
    source: str = Field(default="-", max_length=200)


class PremisesRubricOut(PremisesRubricAsk):
    """An edition of the rubric."""


class PremisesRubrics(Shape):
    """All editions of the rubric by the day from which they hold."""

    items: list[PremisesRubricOut]
