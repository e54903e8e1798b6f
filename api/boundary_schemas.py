"""What the interface says about boundary editions: their life, and what became of areas."""

from datetime import date, datetime
from typing import Any

from pydantic import Field

from api.schemas import Answer, AreaDetail, AreaLite, EditionOut, Shape
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries.rules import Direction, EditionStatus

Share = Field(ge=0, le=1, description="Ratio, 0–1.")
ByLevel = dict[AreaLevel, int]


class StepOut(Answer):
    """One step in the life of a boundary edition."""

    step: str = Field(examples=["approved"])
    at: datetime
    actor: str
    document: str | None
    dated: date | None = Field(description="Date of the document.")
    reason: str | None
    details: dict[str, Any]


class EditionDetail(EditionOut):
    """One edition with how far it is; counts, findings and steps are those of boundary editions."""

    valid_from: date | None = Field(description="Null until it is in force.")  # type: ignore[assignment]  # a draft
    state: EditionStatus = Field(description="`scheduled`: in force from a day ahead; `superseded`: later ones hold.")
    planned_from: date | None = Field(description="The day from which a draft is meant to be in force.")
    version: str | None = Field(description="Number of its steps, for `If-Match`; null for other subjects.")
    areas: ByLevel = Field(description="How many areas it brings in.", examples=[{"town": 1, "grid_cell": 120}])
    ended: ByLevel = Field(description="How many areas it ends.")
    errors: int = Field(description="Findings of its last check that forbid approval.")
    warnings: int = Field(description="Findings of its last check that need a reason.")
    steps: list[StepOut]


class EditionList(Shape):
    """Editions in order of subject, part and date."""

    items: list[EditionDetail]


class SuccessorOut(AreaLite):
    """An area in force that holds land of one that has ended."""

    area_m2: float = Field(description="Land in common in m² on the ellipsoid.")
    share_of_from: float = Share
    share_of_to: float = Share


class AreaFate(AreaDetail):
    """One area with its boundary, or what became of a code that is used no more."""

    in_force: bool = Field(description="False: the code is retired; all else is its last area.")
    ended_by: str | None = Field(description="The edition that ended it; null for one in force.")
    successors: list[SuccessorOut] = Field(description="Who holds the land of a retired code now.")


class PassageOut(Answer):
    """Land that passed from one code to another when an edition came into force."""

    edition: str
    valid_from: date
    from_level: AreaLevel
    from_code: str
    from_name: str
    to_level: AreaLevel
    to_code: str
    to_name: str
    area_m2: float = Field(description="m² on the ellipsoid.")
    share_of_from: float = Share
    share_of_to: float = Share


class Lineage(Shape):
    """All passages that lead from or to a code, in time."""

    level: AreaLevel
    code: str
    direction: Direction
    items: list[PassageOut]
