"""What the interface says about official codes, and about which areas points lie in."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field, StrictFloat, StrictInt

from api.schemas import Answer, Asked, Shape
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.official_codes.rules import CodeAgreement

MAX_PLACED_POINTS = 20_000
"""What fits the body of a request; more are for the command line."""

_Degrees = list[StrictFloat | StrictInt]


class CodeOut(Answer):
    """One unit of the table of official codes."""

    code: str = Field(examples=["310113109"])
    name: str = Field(examples=["顾村镇"])
    parent_code: str | None = Field(description="Null for a province.")
    parent_name: str | None = Field(description="Null where the table has no row of the parent.")
    edition: str


class CodeEntryOut(Answer):
    """One unit with all above it."""

    unit: CodeOut
    above: list[CodeOut] = Field(description="From the province down.")
    children: int = Field(description="How many units lie directly below it.")


class UnitOut(Answer):
    """An area, or a row of the table."""

    code: str
    name: str
    parent_code: str | None


class ComparedCodeOut(Answer):
    """An area and the row it was put beside."""

    agreement: CodeAgreement
    area: UnitOut | None
    row: UnitOut | None


class ParentTally(Shape):
    """How areas and rows below one unit agree."""

    code: str
    name: str | None
    counts: dict[CodeAgreement, int]


class CodeComparisonOut(Shape):
    """The areas of a level beside the table of official codes; each area and each row in exactly one place."""

    level: AreaLevel
    on: date
    counties: list[str] = Field(description="Codes of the counties and districts whose rows were looked at.")
    editions: list[str] = Field(description="The tables in force, the newest last.")
    counts: dict[CodeAgreement, int]
    parents: list[ParentTally]
    items: list[ComparedCodeOut]


class PointsAsk(Asked):
    """Points of which the areas are wanted; two lists of one length."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lon": [121.39, 121.4], "lat": [31.35, 31.36]}]})

    lon: Annotated[_Degrees, Field(description="Degrees east, WGS 84.", min_length=1, max_length=MAX_PLACED_POINTS)]
    lat: Annotated[_Degrees, Field(description="Degrees north, WGS 84.", min_length=1, max_length=MAX_PLACED_POINTS)]


class PlacedPoints(Shape):
    """The areas that points lie in."""

    level: AreaLevel
    on: date
    codes: list[str | None] = Field(description="In the order of the points; null for one in no area of the level.")
    outside: int = Field(description="How many lie in none.")
