"""What is asked and answered about grid cells: generations, their reports, facts, code schemes."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StrictFloat

from api.schemas import Answer, Asked, Box, Links
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cells.making import TARGET_M2
from gridmgmt.cells.rules import SegmentName
from gridmgmt.jobs.models import JobState


class GenerationAsk(Asked):
    """Draw the cells of all quarters in an area into a draft."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"area": "310113008", "edition": "张庙网格", "planned_from": "2027-01-01"}]}
    )
    area: Annotated[
        str, Field(min_length=1, max_length=64, description="Code of a district, town, unit, sector or quarter.")
    ]
    edition: Annotated[
        str, Field(min_length=1, max_length=200, description="The draft that takes the cells, opened if there is none.")
    ]
    planned_from: Annotated[
        date | None, Field(description="The day from which a new draft is to be in force; today without it.")
    ] = None
    target_m2: Annotated[StrictFloat, Field(description="The size that is aimed at, m².")] = TARGET_M2
    management_level: Annotated[
        str | None, Field(min_length=1, max_length=20, description="Code of the management level of the new cells.")
    ] = None


class GenerationAccepted(Answer):
    """A generation that will be performed."""

    generation_id: int
    job_id: int
    links: Links


class GenerationSummary(Answer):
    """One generation without its report."""

    generation_id: int
    job_id: int | None
    state: JobState | None = Field(description="Of its job; null where none was needed.")
    edition: str
    area_code: str
    parameters: dict[str, Any] = Field(examples=[{"target_m2": 10000.0, "barriers_on": "2026-01-01"}])
    cells: int | None = Field(description="How many cells the area has by it; null while it has not ended well.")
    content_sha256: str | None = Field(description="SHA-256 over codes and surfaces of all cells of the area.")
    seconds: float | None
    created_at: datetime
    finished_at: datetime | None
    links: Links


class GenerationDetail(GenerationSummary):
    """One generation with its report; null while it has not ended well."""

    report: dict[str, Any] | None = Field(
        description="Quality of all cells and by quarter, the square net's beside it, the bars; see the user guide."
    )


class AboveCell(Answer):
    """One area that holds a cell."""

    level: AreaLevel
    code: str
    name: str


class GridCellOut(Answer):
    """What is known of one cell."""

    code: str = Field(examples=["310113008001001"])
    name: str
    edition: str
    start: date
    end: date | None
    area_m2: float
    perimeter_m: float = Field(description="On the ellipsoid.")
    land_use: str | None = Field(description="Code of the land use that covers most of it.")
    management_level: str | None
    responsible_body: str | None
    territorial_fallback: bool = Field(description="The responsible body is the committee of the quarter (属地兜底).")
    segments: dict[SegmentName, str] = Field(description="The code by its segments; empty where it is of no scheme.")
    parents: list[AboveCell] = Field(description="From the quarter up.")


class CellRow(Answer):
    """One cell of a list, with the responsibility grids that it is in."""

    code: str = Field(examples=["310113008001001"])
    name: str
    area_m2: float
    quarter_code: str | None
    land_use: str | None = Field(description="Code of the land use that covers most of it.")
    management_level: str | None
    responsible_body: str | None
    territorial_fallback: bool = Field(description="The responsible body is the committee of the quarter (属地兜底).")
    bbox: Box
    grids: dict[str, str] = Field(
        description="Code of its grid by kind.", examples=[{"inspection": "310113008001-I01"}]
    )


class SchemeSegment(Answer):
    """So many digits of a code that tell one thing."""

    name: SegmentName
    digits: int


class SchemeOut(Answer):
    """One scheme of cell codes."""

    name: str
    digits: int
    segments: list[SchemeSegment]
    source: str
    in_use: bool
