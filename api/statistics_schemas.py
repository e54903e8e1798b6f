"""What the interface says about counts and figures of areas; each answer names the editions that it rests on."""

from datetime import date

from pydantic import Field

from api.schemas import Answer, Shape
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.editions.rules import Counting, Subject
from gridmgmt.statistics.rules import CountedSubject, Weighting

Method = Field(description="How it was worked out, in words.")


class UsedEditionOut(Answer):
    """An edition that a number rests on."""

    subject: Subject
    name: str
    valid_from: date | None = Field(description="Null for a draft.")
    synthetic: bool
    source: str
    counting: Counting | None = Field(description="How residents came about; null for other subjects.")


class CountOut(Answer):
    """How many there are of one kind."""

    by: dict[str, str] = Field(examples=[{"type": "meal_point", "status": "open"}])
    value: float


class TallyOut(Answer):
    """How many there are, in all and of each kind of which there are any."""

    total: float
    counts: list[CountOut]


class AreaCountsOut(Answer):
    """The tally of one area."""

    code: str
    name: str
    tally: TallyOut


class CountsOut(Answer):
    """How many lie in each area of a level; all areas and `outside` sum to `total`."""

    subject: CountedSubject
    level: AreaLevel
    on: date
    draft: str | None = Field(description="The draft whose boundaries count as if it were in force.")
    data_on: date = Field(description="The day whose points count.")
    method: str = Method
    areas: list[AreaCountsOut]
    outside: TallyOut
    total: TallyOut
    area_editions: list[UsedEditionOut]
    data_editions: list[UsedEditionOut]


class FigureOut(Shape):
    """What is known of a figure of one area."""

    code: str
    name: str | None = Field(description="Null where the area is not in force on the day asked for.")
    value: float
    counted_on: date
    areas_on: date = Field(description="The day whose boundaries it was counted within.")
    source: str


class FigureList(Shape):
    """A figure of the areas of a level, by code; its unit stands in its name."""

    figure: str
    level: AreaLevel
    on: date
    items: list[FigureOut]


class AmountOut(Answer):
    """An estimate, and the bounds between which the truth lies for certain."""

    estimate: float
    low: float
    high: float
    certain: bool = Field(description="The bounds are equal.")


class ApportionedAreaOut(Answer):
    """What one area holds of a figure that was counted on other boundaries."""

    code: str
    name: str
    amount: AmountOut


class ApportionedOut(Answer):
    """A figure carried to other boundaries; the estimates of all areas and `outside` sum to `total`."""

    figure: str
    weighting: Weighting
    method: str = Method
    from_level: AreaLevel
    from_on: date
    level: AreaLevel
    on: date
    areas: list[ApportionedAreaOut]
    outside: AmountOut
    total: float
    counted_on: tuple[date, date] = Field(description="The first and the last day that the numbers describe.")
    sources: list[str]
    without_figure: list[str] = Field(description="Codes of areas of which no number is known; in no sum.")
    other_boundaries: list[str] = Field(description="Codes of areas counted within another boundary; in no sum.")
    shared_by_land: list[str] = Field(description="Codes of areas cut where nobody lives, shared by land.")
    editions_from: list[UsedEditionOut]
    editions_to: list[UsedEditionOut]
    data_editions: list[UsedEditionOut]


class PublishedOut(Answer):
    """A surface as somebody published it."""

    area_m2: float
    source: str
    counted_on: date


class SurfaceOut(Answer):
    """The surface of an area as its boundary has it on the ellipsoid, beside all that were published."""

    code: str
    name: str
    area_m2: float = Field(description="m² on the ellipsoid.")
    published: list[PublishedOut]


class Surfaces(Shape):
    """Surfaces of the areas of a level, by code."""

    level: AreaLevel
    on: date
    items: list[SurfaceOut]
