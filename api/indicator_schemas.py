"""Indicators as the interface answers them."""

from datetime import date, datetime
from typing import Literal

from pydantic import ConfigDict, Field

from api.schemas import Shape
from gridmgmt.cases.measures import Dimension, Measure, Ratio

Cases = Field(
    description="Address of the list of exactly these cases; the console's page /cases takes the same query.",
    examples=["/api/v1/cases?counted_from=2026-10-01&counted_to=2026-10-31&measure=closed"],
)


class CountedPeriodOut(Shape):
    """Days of the district, both included."""

    model_config = ConfigDict(populate_by_name=True)

    first: date = Field(alias="from", examples=["2026-10-01"])
    last: date = Field(alias="to", examples=["2026-10-31"])


class NumberOut(Shape):
    """A number of cases."""

    value: int = Field(examples=[911])
    cases: str = Cases


class RatioOut(Shape):
    """A rate with what it is made of."""

    value: float | None = Field(description="0–1; null where the denominator is 0.", examples=[0.9372427983539094])
    text: str = Field(examples=["93.72 %"])
    numerator: int = Field(examples=[911])
    denominator: int = Field(examples=[972])
    cases_numerator: str = Cases
    cases_denominator: str = Cases
    change: float | None = Field(
        description="This rate less that of the period compared with, 0.01 for one percentage point; null without one.",
        examples=[-0.0213],
    )


class MeanOut(Shape):
    """Mean time from dispatch to the feedback that ended handling, in seconds of the clock."""

    value: float | None = Field(description="Seconds; null where nothing was handled.", examples=[97200.0])
    cases: str = Cases


class IndicatorRow(Shape):
    """The numbers of everything asked for, or of one area, body or type."""

    code: str | None = Field(description="Null for the total, and for cases that have none.", examples=["310113109"])
    name: str = Field(examples=["顾村镇"])
    counts: dict[Measure, NumberOut]
    ratios: dict[Ratio, RatioOut]
    mean_handling_s: MeanOut


class BasisOut(Shape):
    """In which areas cases are counted."""

    areas: Literal["as_reported", "on"] = Field(
        description="`as_reported`: the areas that held a case when it was reported; `on`: those in force on one day."
    )
    areas_on: date | None
    note: str = Field(examples=["按案件上报时所属的区划统计"])


class ComparedPeriodOut(Shape):
    """The same question about another period."""

    period: CountedPeriodOut
    total: IndicatorRow
    rows: list[IndicatorRow]


class DefinitionOut(Shape):
    """What a rate is made of."""

    ratio: Ratio
    name: str = Field(examples=["结案率"])
    numerator: Measure
    denominator: Measure
    text: str


class IndicatorsOut(Shape):
    """Counts and rates of a period, each with the list of its cases."""

    period: CountedPeriodOut
    as_of: datetime = Field(description="The moment of counting: deadlines after it are not counted as due.")
    by: Dimension | None
    filters: dict[str, str] = Field(examples=[{"area": "310113"}])
    basis: BasisOut
    synthetic: bool = Field(description="Some data of this folder are made up.")
    notes: list[str] = Field(description="What else is to be known of these numbers.")
    total: IndicatorRow
    rows: list[IndicatorRow] = Field(description="In the order of their codes; what has none comes last.")
    row_count: int = Field(description="On all pages.")
    next: str | None = Field(description="Address of the next page of rows, null on the last.")
    compared: ComparedPeriodOut | None = Field(description="Its rows have the codes of this page.")
    definitions: list[DefinitionOut]


class RankOut(Shape):
    """The place of one row."""

    rank: int | None = Field(description="Equal rates share a place; null for too few cases.")
    code: str | None
    name: str
    value: float | None
    text: str
    numerator: int
    denominator: int
    cases_numerator: str = Cases
    cases_denominator: str = Cases


class RankingOut(Shape):
    """Rows by one rate, the best first; those with too few cases last and without a place."""

    period: CountedPeriodOut
    as_of: datetime
    by: Dimension
    ratio: Ratio
    name: str = Field(examples=["按期结案率"])
    better: Literal["higher", "lower"]
    min_cases: int = Field(description="Least denominator that gets a place.")
    filters: dict[str, str]
    basis: BasisOut
    synthetic: bool
    rows: list[RankOut]
