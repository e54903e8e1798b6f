"""What the interface asks and says about the government of towns."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from api.schemas import Asked, Shape
from gridmgmt.areas.rules import AreaKind, AreaLevel, TownMode
from gridmgmt.governance.matrix import Group, OpenCentre, State
from gridmgmt.governance.modes import Decision, JointCentreFacts, JointCentreOnMap, SectorReport, UnitReport
from gridmgmt.governance.rules import CentreType, ModeRule, Organ, Override, Residents, TagKind

Code = Annotated[str, Field(max_length=64, description="Official code.", examples=["310113109"])]
Words = Annotated[str, Field(min_length=1, max_length=500)]
FromDay = Annotated[date | None, Field(description="The first day; today without it.")]


class TownOut(Shape):
    """A town-level area with its mode or gap; modes do not apply to subdistricts."""

    code: str
    name: str
    kind: AreaKind | None
    area_m2: float = Field(description="m² on the ellipsoid.")
    applicable: bool
    undecided: bool = Field(description="A mode applies and none is decided: a gap.")
    decision: Decision | None = Field(description="`passed` is null where the rule was not asked.")
    x: list[str] = Field(description="The town's X of 3+X.")
    units: list[UnitReport]
    sectors: list[SectorReport]
    quarters: int
    direct_quarters: int = Field(description="Quarters in no unit or sector.")
    conflicts: list[str] = Field(description="What its units and sectors have against its mode.")
    conflict_texts: list[str] = Field(description="The same in words.")


class VillageOut(Shape):
    """A tag of a village or courtyard."""

    code: str
    name: str
    kind: TagKind
    value: str


class ModesOut(Shape):
    """The mode report: all towns by code, on the boundary editions named."""

    on: date
    editions: list[str]
    rule: ModeRule | None = Field(description="The rule that advises on the unit mode; null before the first one.")
    towns: list[TownOut]
    gaps: list[str] = Field(description="Codes of the towns without a mode.")
    villages: list[VillageOut]
    joint_centres: list[JointCentreFacts]
    synthetic: bool


class DecisionAsk(Asked):
    """A town's main mode from a day on."""

    mode: TownMode
    on: FromDay = None
    delineable: bool = Field(default=False, description="A unit can be delineated in the town.")
    residents: Residents | None = Field(default=None, description="The newest known figure without it.")
    override: Override | None = Field(default=None, description="The order to take the mode against the rule.")


class EndedMode(Shape):
    """A mode that a town has had until before `valid_to`."""

    town_code: str
    mode: TownMode
    valid_from: date
    valid_to: date | None


class TagAsk(Asked):
    """A tag of an area from a day on; its kind tells the level."""

    code: Code
    kind: TagKind
    value: Words
    on: FromDay = None


class TagOut(Shape):
    """A tag that an area has."""

    level: AreaLevel
    code: str
    kind: TagKind
    value: str


class Tags(Shape):
    """Tags of a day, by kind, code and value."""

    items: list[TagOut]


class OrganAsk(Asked):
    """A body of a unit or sector, or a post by its office, from a day on."""

    code: Code
    organ: Organ
    name: Words | None = Field(description="Never a person's name; null dissolves it.")
    on: FromDay = None


class OrganOut(Shape):
    """An organ that a unit or sector has."""

    code: str
    organ: Organ
    name: str | None


class Organs(Shape):
    """Organs of units and sectors of a day; those that are missing have no name."""

    items: list[OrganOut]


class StaffingAsk(Asked):
    """The administrative posts of a unit from a day on."""

    code: Code
    posts: StrictInt = Field(ge=0, le=10_000)
    on: FromDay = None


class StaffingOut(Shape):
    """The administrative posts of a unit; what is unusual is told, not refused."""

    code: str
    posts: int | None
    plausible: bool | None


class Staffings(Shape):
    """Staffing of the units of a day; null where it is not known."""

    items: list[StaffingOut]


class JointCentreAsk(Asked):
    """A joint centre with its service area."""

    code: Code
    name: Words
    town_code: Code
    on: FromDay = None
    geometry: dict[str, Any] = Field(description="GeoJSON Polygon or MultiPolygon, WGS 84.")
    source: Words
    party_branch: Words | None = None
    joint_service_centre: Words | None = None
    partner_agreements: StrictInt | None = Field(default=None, ge=0, le=1_000_000, description="A number alone.")
    note: Words | None = None


class JointCentres(Shape):
    """Joint centres of a day, by code."""

    items: list[JointCentreOnMap]


class CentreAsk(Asked):
    """A centre of a town or subdistrict to be opened, or, in a unit, a branch."""

    code: Code
    type: CentreType
    name: Words
    area_code: Code
    parent_code: Code | None = Field(default=None, description="Of a branch: the centre it belongs to.")
    on: FromDay = None
    address: Words | None = None
    lonlat: tuple[float, float] | None = Field(default=None, description="Degrees east and north, WGS 84.")


class CentreOut(Shape):
    """A centre or branch from the day it opens until before the day it closes."""

    code: str
    type: CentreType
    name: str
    level: AreaLevel
    area_code: str
    parent_code: str | None
    valid_from: date
    valid_to: date | None


class CellOut(Shape):
    """What an area has of one type; `faulty` where all that it has carry a finding."""

    type: CentreType
    state: State
    centres: list[str]


class MatrixRowOut(Shape):
    """A town, subdistrict or unit with a cell for each type that it has to have."""

    group: Group
    code: str
    name: str
    town_code: str | None
    cells: list[CellOut]


class TallyRow(Shape):
    """Sums over a group; `expected` = `present` + `faulty` + `missing`."""

    group: Group
    areas: int
    expected: int
    present: int
    faulty: int
    missing: int


class CentreFinding(Shape):
    """What is wrong with an open centre."""

    code: str = Field(examples=["parent_town"])
    text: str
    centre: OpenCentre


class MatrixOut(Shape):
    """The completeness matrix by group and code."""

    on: date
    rows: list[MatrixRowOut]
    tallies: list[TallyRow]
    findings: list[CentreFinding]
    synthetic: bool


ReportFormat = Literal["json", "csv", "xlsx", "html"]
ModeTable = Literal["towns", "units", "sectors", "villages", "joint_centres"]
