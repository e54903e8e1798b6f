"""What the interface asks and says about service desks, and about whose job something is; names in one language."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import ConfigDict, Field, StrictInt, StrictStr

from api.catalogue_schemas import Coded, ForerunnerOut
from api.report_schemas import BorderOut
from api.schemas import Answer, AreaLite, Asked, Latitude, Longitude, Shape
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.catalogue.matters import Words
from gridmgmt.desks.offers import said
from gridmgmt.desks.queries import DeskFacts
from gridmgmt.desks.rules import MOST_CHARACTERS, MOST_MATTERS, DeskKind
from gridmgmt.governance.rules import CentreType
from gridmgmt.texts import Language

if TYPE_CHECKING:
    from gridmgmt.desks.nearest import NearDesk
    from gridmgmt.walking.state import InputEdition

DeskCode = Annotated[str, Field(max_length=64, description="Code of a desk.", examples=["310113109-C1"])]
Offered = Annotated[
    list[Annotated[StrictStr, Field(min_length=1, max_length=MOST_CHARACTERS)]],
    Field(max_length=MOST_MATTERS, description="Codes of the lists of matters and powers, or names."),
]
OpeningHours = Annotated[
    dict[str, list[StrictStr]] | None,
    Field(
        max_length=7,
        description="Spans by days; null where they are not told.",
        examples=[{"mon-fri": ["08:30-17:00"]}],
    ),
]
Visits = Annotated[int | None, Field(description="Null where a small count is withheld.")]


class DeskOut(Answer):
    """A service desk as it is on a day."""

    code: DeskCode
    kind: DeskKind
    type: CentreType | None
    name: str
    level: AreaLevel
    area_code: str
    area_name: str | None
    site_code: str | None = Field(description="The centre, joint centre or service point that it stands on.")
    address: str | None
    matters: list[Coded] = Field(description="What it takes; of what no list has, code and name are the same.")
    hours: OpeningHours
    lon: Longitude
    lat: Latitude
    valid_from: date
    valid_to: date | None

    @classmethod
    def of(cls, desk: DeskFacts, names: Mapping[str, Words], lang: Language) -> Self:
        """Return it with its matters called as the lists in force call them."""
        matters = [Coded(code=each, name=said(each, names).said(lang)) for each in desk.matters]
        return cls(**{**desk.__dict__, "matters": matters})


class DeskMonth(Shape):
    """The visits of a month."""

    month: date = Field(description="Its first day.")
    visits: Visits


class DeskVersion(Answer):
    """What was said of a desk from a day until before another."""

    valid_from: date
    valid_to: date | None
    matters: list[str]
    hours: OpeningHours


class DeskDetail(DeskOut):
    """A desk with its history and the visits of the last 24 months."""

    history: list[DeskVersion]
    months: list[DeskMonth]
    visits: Visits = Field(description="In these months together; null where one of them is withheld.")


class DeskAsk(Asked):
    """A desk to be set up; one of a centre has the centre's area, type and, where none is told, place."""

    code: DeskCode
    kind: DeskKind
    name: Annotated[StrictStr, Field(min_length=1, max_length=200)]
    on: date | None = Field(default=None, description="The first day; today without it.")
    site_code: Annotated[str, Field(max_length=64)] | None = None
    area_code: Annotated[str, Field(max_length=64)] | None = Field(default=None, description="Of an extension desk.")
    type: CentreType | None = None
    address: Annotated[StrictStr, Field(min_length=1, max_length=200)] | None = None
    lonlat: tuple[float, float] | None = Field(default=None, description="Degrees east and north, WGS 84.")
    matters: Offered = Field(default_factory=list)
    hours: OpeningHours = None


class OfferAsk(Asked):
    """What a desk takes and when it is open from a day on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"matters": ["G01", "老年优待证"], "hours": {"mon-fri": ["08:30-17:00"]}}]}
    )

    on: date | None = Field(default=None, description="The first day; today without it.")
    matters: Offered
    hours: OpeningHours


class VisitCount(Asked):
    """How many visits a desk had in a month: a count and nothing else."""

    desk: DeskCode
    month: Annotated[StrictStr, Field(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-01"])]
    visits: Annotated[StrictInt, Field(ge=0, le=10_000_000)]


class VisitsAsk(Asked):
    """Monthly counts of desks, taken all or none."""

    source: Annotated[StrictStr, Field(min_length=1, max_length=200, description="Who counted.")]
    counts: Annotated[list[VisitCount], Field(min_length=1, max_length=5_000)]


class VisitsTaken(Answer):
    """What came of monthly counts."""

    read: int
    added: int
    changed: int
    known: int


class DeskInput(Answer):
    """An edition that the walks stand on."""

    subject: str
    name: str
    source: str
    valid_from: date
    synthetic: bool


class WalkBasis(Shape):
    """What the walks stand on."""

    on: date
    time: str = Field(description="Day and time of the week when one sets out, or gates are looked at.")
    profile: str
    profile_edition: str
    speed_m_per_s: float
    editions: list[DeskInput]
    synthetic: bool


class NearDeskOut(Shape):
    """A desk with the walk to it."""

    desk: DeskOut
    walk_time_s: float
    open: bool | None = Field(description="When one arrives; null where its hours are not told.")

    @classmethod
    def of(cls, near: "NearDesk", names: Mapping[str, Words], lang: Language) -> Self:
        """Return it with names."""
        return cls(desk=DeskOut.of(near.desk, names, lang), walk_time_s=near.walk_time_s, open=near.open)


class NearestDesksOut(Shape):
    """Desks by the time of the walk, the nearest first; those beyond two hours are left out."""

    lon: Longitude
    lat: Latitude
    distance_m: float = Field(description="From the place to the street where the walk begins.")
    items: list[NearDeskOut]
    basis: WalkBasis


class AreaReachOut(Answer):
    """Who of an area's residents reaches a desk of a type; null where a small number is withheld."""

    level: AreaLevel
    code: str
    name: str
    type: CentreType
    desks: int = Field(description="That stand in the area.")
    residents: float | None = Field(description="Null in the public form where there are few.")
    reached: float | None = Field(description="Within the limit of a desk, wherever it stands.")
    reached_own: float | None = Field(description="Of a desk in the area itself; null in the public form.")
    ratio: float | None
    ratio_own: float | None


class DeskReachOut(Shape):
    """The share of residents within some minutes on foot of a desk, by area and type."""

    limit_s: float
    counting: str = Field(description="Who is counted: residents of 60 and over, or places.")
    items: list[AreaReachOut]
    basis: WalkBasis


class WhoseJobAnswer(Shape):
    """Something that is somebody's job here."""

    kind: str = Field(description="case_type, matters or powers.", examples=["case_type"])
    code: str
    name: str
    likeness: float = Field(description="To the words, 0-1.")
    department_code: str | None = Field(description="Null for nobody's.")
    department_name: str | None
    why: list[str]
    forerunners: list[ForerunnerOut]
    desk: NearDeskOut | None = Field(description="The nearest desk that takes it.")


class AnsweringPost(Shape):
    """The officer post that answers for the cell: a post, never a person."""

    code: str
    name: str
    body: str


class WhoseJobOut(Shape):
    """Who answers at a place on a day for what some words tell."""

    on: date
    areas: list[AreaLite] = Field(description="From the district down to the cell.")
    near_border: list[BorderOut] = Field(description="Areas within 20 m on the other side.")
    post: AnsweringPost | None
    items: list[WhoseJobAnswer] = Field(description="Those most like the words first.")
    territorial_code: str | None = Field(description="The town's own body, for what is nobody else's.")
    territorial_name: str | None
    counter: NearDeskOut | None = Field(description="The nearest desk for community affairs.")


def inputs_out(inputs: "tuple[InputEdition, ...]") -> list[DeskInput]:
    """Return editions as they are told."""
    return [DeskInput.model_validate(each) for each in inputs]
