"""What the interface asks and says about drafts of boundary editions: edits, diffs, findings, files."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.boundary_schemas import EditionDetail
from api.geometries import GeoJson
from api.schemas import Answer, Asked, Links, ProblemError
from gridmgmt.analysis.findings import FindingType, Severity
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.boundaries.rules import ChangeKind
from gridmgmt.service_points.rules import ServicePointType

Code = Annotated[str, Field(max_length=64, description="Official code.", examples=["310113109-U1"])]
Words = Annotated[str, Field(max_length=500)]


class DraftAsk(Asked):
    """A boundary edition to be drafted."""

    name: Annotated[str, Field(max_length=200, examples=["2030 菊泉析出"])]
    planned_from: date = Field(description="The day from which it is to be in force; edits build on that day.")
    source: Words = Field(description="Who draws it and after what, to be shown beside every number.")


class DraftOut(EditionDetail):
    """A boundary edition on its way; the `ETag` of the answer holds `version`, which a change sends as `If-Match`."""

    links: Links


class NamedAsk(Asked):
    """Code and name that an area is to have."""

    code: Code
    name: Words


class SplitAsk(Asked):
    """Cut an area by a line into pieces, named from west to east, above each other from north to south."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "verb": "split",
                    "code": "310113109003",
                    "line": {"type": "LineString", "coordinates": [[121.403, 31.29], [121.403, 31.31]]},
                    "pieces": [{"code": "310113109003", "name": "顾三"}, {"code": "310113109005", "name": "顾五"}],
                }
            ]
        }
    )
    verb: Literal["split"]
    code: Code
    line: GeoJson = Field(description="GeoJSON LineString whose ends reach over the border.")
    pieces: list[NamedAsk] = Field(min_length=2, max_length=100)


class MergeAsk(Asked):
    """Make areas of one level into one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "verb": "merge",
                    "codes": ["310113109001", "310113109002"],
                    "into": {"code": "310113109001", "name": "菊一"},
                }
            ]
        }
    )
    verb: Literal["merge"]
    codes: list[Code] = Field(min_length=2, max_length=1000)
    into: NamedAsk


class MoveBorderAsk(Asked):
    """Move the border between two areas: a line becomes the border, or a piece goes from `one` to `other`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "verb": "move_border",
                    "one": "310113109001",
                    "other": "310113109002",
                    "line": {"type": "LineString", "coordinates": [[121.39, 31.307], [121.41, 31.307]]},
                }
            ]
        }
    )
    verb: Literal["move_border"]
    one: Code
    other: Code
    line: GeoJson | None = Field(default=None, description="GeoJSON LineString; or `piece`.")
    piece: GeoJson | None = Field(default=None, description="GeoJSON Polygon or MultiPolygon; or `line`.")


class MoveToParentAsk(Asked):
    """Move a whole area, such as a quarter, to another unit, sector or town."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"verb": "move_to_parent", "code": "310113102001", "parent": "310113102-S2"}]}
    )
    verb: Literal["move_to_parent"]
    code: Code
    parent: Code
    new_code: Code | None = Field(default=None, description="The code that it takes on in its new place.")


class PromoteAsk(Asked):
    """Make a basic management unit a subdistrict of its own (析出街道)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"verb": "promote", "unit": "310113109-U1", "into": {"code": "310113009", "name": "菊泉街道"}}]
        }
    )
    verb: Literal["promote"]
    unit: Code
    into: NamedAsk


class RenameAsk(Asked):
    """Give an area another name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"verb": "rename", "code": "310113109", "name": "顾村街道"}]}
    )
    verb: Literal["rename"]
    code: Code
    name: Words


class RecodeAsk(Asked):
    """Give an area another code, and those below that embed the old one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"verb": "recode", "code": "310113109004", "new_code": "310113109014"}]}
    )
    verb: Literal["recode"]
    code: Code
    new_code: Code


class RetireAsk(Asked):
    """End an area without a successor; its code is never used again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"verb": "retire", "code": "310113102-S2"}]})
    verb: Literal["retire"]
    code: Code


EditAsk = Annotated[
    SplitAsk | MergeAsk | MoveBorderAsk | MoveToParentAsk | PromoteAsk | RenameAsk | RecodeAsk | RetireAsk,
    Field(discriminator="verb"),
]


class ApprovalAsk(Asked):
    """The document that an approval rests on."""

    document: Words = Field(examples=["宝府〔2029〕12号"])
    dated: date = Field(description="Date of the document.")
    reason: Words | None = Field(default=None, description="Why it is approved with the warnings of its check.")


class ActivationAsk(Asked):
    """From when an approved draft is to be in force."""

    on: date | None = Field(default=None, description="It may lie ahead; the planned day without it.")


class WithdrawalAsk(Asked):
    """Why a draft is given up."""

    reason: Annotated[str, Field(max_length=500, pattern=r"\S")]


class FileTaken(Answer):
    """What came of a file of areas."""

    draft: DraftOut
    read: int = Field(description="Rows of the file that were judged.")
    taken: int = Field(description="Areas that differ from what is in force.")
    refused: int
    new: bool = Field(description="False: this very content was in the draft before.")
    errors: list[ProblemError] = Field(description="Rows that were left out, where that was allowed.")
    warnings: list[str]


class AffectedOut(Answer):
    """Who and what comes to another area."""

    places: int | None = Field(description="Null in the public form.")
    residents_60_plus: float | None = Field(description="Null in the public form, and where they are not known.")
    service_points: dict[ServicePointType, int]
    open_cases: int


class AreaChangeOut(Answer):
    """One area that an edition adds, ends or changes."""

    level: AreaLevel
    code: str
    name: str
    kinds: list[ChangeKind]
    was_code: str | None
    was_name: str | None
    before_m2: float | None = Field(description="m² on the ellipsoid; null where the area is not.")
    after_m2: float | None


class LevelDiffOut(Answer):
    """What changes at one level."""

    level: AreaLevel
    moved_m2: float = Field(description="Land that comes to another area, m² on the ellipsoid.")
    affected: AffectedOut
    changes: list[AreaChangeOut]


class DiffOut(Answer):
    """What an edition changes, by level from the highest down; `affected` counts each once over all levels."""

    edition: str
    on: date = Field(description="Its first day; the planned one of a draft.")
    data_on: date = Field(
        description="Whose residents, points and cases are counted: `on`, or today if that lies ahead."
    )
    levels: list[LevelDiffOut]
    affected: AffectedOut


class FindingOut(Answer):
    """One thing found by the check of topology."""

    finding_no: int
    type: FindingType
    severity: Severity
    level: AreaLevel
    codes: list[str]
    area_m2: float | None
    width_m: float | None
    lon: float | None
    lat: float | None
    details: dict[str, Any]
    text: str


class Topology(Answer):
    """What is wrong with the boundaries of a day, or of a draft as if it were in force."""

    on: date
    edition: str | None
    errors: int
    warnings: int
    items: list[FindingOut]
