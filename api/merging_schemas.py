"""What the interface asks and says about departments' grids and their merges; m² on the ellipsoid."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.schemas import Answer, Asked, Box, Links
from gridmgmt.jobs.models import JobState
from gridmgmt.merging.rules import LONGEST_REASON, SLIVER_WIDTH_M, CellWeight, ConflictKind, Decision, MergeAsk, Way

Slug = Annotated[str, Field(max_length=40, description="Name of a department.", examples=["police"])]
M2 = Annotated[float, Field(description="m² on the ellipsoid.", examples=[9511.2])]
Residents = Annotated[
    float | None, Field(description="Residents of 60 and over; null in the public form and where nobody counted them.")
]


class DepartmentOut(Answer):
    """A department with grids in force; `merged` stands for the results of merges."""

    department: Slug
    name: str | None
    editions: list[str]
    grids: int
    area_m2: M2
    sources: list[str]
    synthetic: bool


class DepartmentList(Answer):
    """The departments with grids in force on a day."""

    on: date
    items: list[DepartmentOut]


class DepartmentGridOut(Answer):
    """One grid of a department."""

    grid_id: int
    department: Slug
    edition: str
    code: str
    name: str | None
    attributes: dict[str, Any]
    cells: list[str] | None = Field(description="Codes of its grid cells, where a merge gave whole cells.")
    area_m2: M2
    valid_from: date
    valid_to: date | None
    bbox: Box
    geometry: dict[str, Any] | None = Field(default=None, description="GeoJSON, where it was asked for.")


class DecisionIn(Asked):
    """One conflict decided by hand."""

    conflict: int = Field(ge=1, description="Its number in the comparison.")
    grid: str = Field(max_length=200, description="Code of the merged grid that gets its land.")
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


class MergeIn(Asked):
    """What is to be merged into an edition."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"departments": ["city_operation", "police"], "way": "common", "edition": "多格合一 2026"}]
        }
    )
    departments: list[Slug] = Field(min_length=2, max_length=20)
    edition: str = Field(min_length=1, max_length=200, description="Name of the edition that holds the result.")
    way: Way = Way.COMMON
    area: str | None = Field(default=None, max_length=64, description="Code of the area; everywhere without it.")
    lead: Slug | None = Field(default=None, description="Whose borders lead; the first by name without it.")
    on: date | None = Field(default=None, description="The day whose grids are merged; today without it.")
    sliver_width_m: float = Field(default=SLIVER_WIDTH_M, gt=0, le=100)
    cell_weight: CellWeight = CellWeight.AREA
    decisions: list[DecisionIn] = Field(default=[], max_length=10_000)

    def ask(self) -> MergeAsk:
        """Return what is asked as the domain has it."""
        return MergeAsk(
            departments=tuple(self.departments),
            area=self.area,
            way=self.way,
            lead=self.lead,
            sliver_width_m=self.sliver_width_m,
            cell_weight=self.cell_weight,
            decisions=tuple(Decision(each.conflict, each.grid, each.reason) for each in self.decisions),
        )


class DivisionOut(Answer):
    """One department in a comparison."""

    department: Slug
    name: str | None
    grids: int
    grids_m2: M2
    land_m2: M2
    overlap_m2: M2
    gap_m2: M2


class KindOfConflict(Answer):
    """The conflicts of one kind."""

    kind: ConflictKind
    conflicts: int
    area_m2: M2
    residents_60_plus: Residents
    cases: int


class GridChangeOut(Answer):
    """What one department would have to give, and land that it had in no grid."""

    department: Slug
    moved_m2: M2
    moved_residents_60_plus: Residents
    moved_cases: int
    unheld_m2: M2
    unheld_residents_60_plus: Residents
    unheld_cases: int


class WayOut(Answer):
    """What one way makes of the conflicts."""

    way: Way
    grids: int
    land_m2: M2
    left_out_m2: M2
    residents_60_plus: Residents
    cases: int
    own_pieces: int = Field(description="Conflicts without a majority that stay pieces of their own.")
    own_m2: M2
    parts: int
    grids_in_parts: int
    slivers: int
    unassigned_cells: int | None = Field(description="Cells that no department holds; null for other ways.")
    changes: list[GridChangeOut]


class SourceOut(Answer):
    """One edition of a department that was compared."""

    department: Slug
    edition_id: int
    name: str
    source: str
    synthetic: bool
    content_sha256: str


class ComparisonOut(Answer):
    """Where departments agree and disagree; agreed land and conflicts add up to the land."""

    compared_on: date
    parameters: dict[str, Any]
    synthetic: bool
    land_m2: M2
    agreed_m2: M2
    faces: int
    cores: int
    departments: list[DivisionOut]
    conflicts: list[KindOfConflict]
    sources: list[SourceOut]


class Ways(Answer):
    """The ways side by side."""

    items: list[WayOut]


class ConflictFeature(Answer):
    """One conflict as a GeoJSON feature."""

    type: str = "Feature"
    id: int
    properties: dict[str, Any]
    geometry: dict[str, Any]


class MergedGridFeature(Answer):
    """A grid that a way would make, as a GeoJSON feature; `conflict_no` of a piece of its own."""

    type: str = "Feature"
    properties: dict[str, Any]
    geometry: dict[str, Any]


class ComparedMap(Answer):
    """The conflicts of a comparison, and the grids that each way would make of them."""

    conflicts: list[ConflictFeature]
    ways: dict[Way, list[MergedGridFeature]]


class ComparedOut(ComparisonOut):
    """A comparison with the ways side by side, of which nothing is kept."""

    ways: list[WayOut]
    map: ComparedMap | None = Field(default=None, description="The surfaces, where they were asked for.")


class MergeSummary(Answer):
    """One merge without its figures."""

    merge_id: int
    edition: str
    compared_on: date
    way: Way
    departments: list[Slug]
    area: str | None
    created_at: datetime
    actor: str


class MergeOut(MergeSummary):
    """One merge."""

    comparison: ComparisonOut
    input_sha256: str
    result_sha256: str
    links: Links


class MergeAccepted(Answer):
    """A merge that was made at once, or the job that will make it."""

    merge_id: int | None
    job_id: int | None
    state: JobState
    links: Links


class ConflictPage(Answer):
    """One page of conflicts as a GeoJSON feature collection."""

    type: str = "FeatureCollection"
    features: list[ConflictFeature]
    next: str | None = Field(description="Address of the next page, null on the last.")
