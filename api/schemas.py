"""What the interface answers; lengths in metres, areas in m², durations in seconds, ratios 0–1, positions WGS 84."""

import json
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.validation import has_half_character, has_nul, place_of
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.areas.rules import AreaKind, AreaLevel, TownMode
from gridmgmt.editions.rules import Counting, EditionState, Subject
from gridmgmt.jobs.models import JobState
from gridmgmt.service_points.rules import PointStatus, ServicePointType

Longitude = Annotated[float, Field(description="Degrees east, WGS 84.", examples=[121.4427])]
Latitude = Annotated[float, Field(description="Degrees north, WGS 84.", examples=[31.3406])]
Box = Annotated[
    tuple[float, float, float, float],
    Field(description="West, south, east, north in degrees.", examples=[(121.39, 31.3, 121.44, 31.35)]),
]
Seconds = Annotated[float | None, Field(description="Seconds.", examples=[734.2])]
Metres = Annotated[float | None, Field(description="Metres.", examples=[12.5])]
Links = Annotated[dict[str, str], Field(description="Addresses of what belongs to this, by what they are.")]


def _in_utc(moment: datetime) -> datetime:
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except OverflowError:  # the first or the last day of all, elsewhere
        pass
    raise PydanticCustomError("moment", "no moment")


def _no_count(value: object) -> object:
    """Refuse a count of seconds: 20261101 would be a day of August 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and _COUNT.fullmatch(value)):
        raise PydanticCustomError("moment", "no moment")
    return value


_COUNT = re.compile(r"[\s\d.+-]*")
Moment = Annotated[datetime, BeforeValidator(_no_count), AfterValidator(_in_utc)]
"""A moment that is asked for; with its offset from UTC."""


_ESCAPED_NUL = b"\\u0000"


class Shape(BaseModel):
    """The base of all shapes of the interface; how one is checked is worked out when it is first used."""

    model_config = ConfigDict(defer_build=True)


class Asked(Shape):
    """The base of all that is asked in a body: no other fields than these, and texts that are text."""

    # FastAPI gives a body a name, and silences pydantic's warning of that only while it works a body out itself.
    model_config = ConfigDict(extra="forbid", defer_build=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_no_text(cls, body: object) -> object:
        """Refuse what JSON can spell and no text here can hold: a lone surrogate, a NUL."""
        try:
            told = json.dumps(body, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError as error:
            within = place_of(body, has_half_character)
            raise PydanticCustomError("half_character", "half a character", {"within": within}) from error
        if _ESCAPED_NUL in told and (within := place_of(body, has_nul)) is not None:
            raise PydanticCustomError("nul_character", "a NUL", {"within": within})
        return body


class Answer(Shape):
    """The base of all answers; read from the attributes of what the domain gives."""

    model_config = ConfigDict(from_attributes=True)


class ProblemError(Shape):
    """One wrong value, or one refused row of a file."""

    pointer: str | None = Field(default=None, description="JSON Pointer into {path, query, body}.")
    row: int | None = Field(default=None, description="Row of a refused file.")
    code: str
    detail: str


class Problem(Shape):
    """An error, as RFC 9457 describes it."""

    type: str = Field(
        description="Address of the page that explains this problem.", examples=["/problems/area_unknown"]
    )
    title: str
    status: int
    detail: str = Field(description="What is wrong, with the values, and what would be right.")
    instance: str = Field(description="The address that was asked for.")
    request_id: str = Field(description="The number under which the server's log has this request.")
    errors: list[ProblemError] | None = None


class EditionOut(Answer):
    """One import of one subject, in force from `valid_from` until before `valid_to`."""

    edition_id: int
    subject: Subject
    part: str = Field(description="The level of areas, the kind of land features; empty for other subjects.")
    name: str
    valid_from: date
    valid_to: date | None
    source: str = Field(description="Who made the data, to be shown beside every number.")
    synthetic: bool
    datum: str = Field(description="Datum of the file before conversion to WGS 84.")
    counting: Counting | None
    content_sha256: str
    imported_at: datetime


class FolderOut(Shape):
    """The data folder that this server shows."""

    synthetic: bool = Field(description="The data are made up.")
    empty: bool
    form: Literal["exact", "public"] = Field(description="The form of small-place numbers this server gives.")
    suppression_threshold: int = Field(description="Smaller counts above zero are withheld in the public form.")
    extent: Box | None
    metric_crs: str | None = Field(examples=["EPSG:4549"])
    version: str
    editions: list[EditionOut]


class AreaLite(Answer):
    """One area by its names."""

    code: str = Field(examples=["310113109"])
    name: str = Field(examples=["顾村镇"])
    level: AreaLevel


class AreaOut(AreaLite):
    """One area of one edition."""

    kind: AreaKind | None
    mode: TownMode | None = Field(description="How a town manages its communities.")
    parent_code: str | None
    area_m2: float = Field(description="Surface on the ellipsoid in m².", examples=[41_660_000.0])
    edition: str
    state: EditionState = Field(description="How far its edition is; `valid_from` is planned before it is in force.")
    valid_from: date
    valid_to: date | None
    bbox: Box
    centre: tuple[float, float] = Field(description="Longitude and latitude of a point inside.")


class AreaDetail(AreaOut):
    """One area with its boundary and the areas directly below it."""

    children: list[AreaLite]
    geometry: dict[str, Any] = Field(description="GeoJSON MultiPolygon, WGS 84.")


class AreasAt(Shape):
    """The areas at a position, from the highest level down, one for each level."""

    items: list[AreaOut]


class PointOut(Answer):
    """One service point."""

    point_id: int
    code: str
    name: str
    type: ServicePointType
    status: PointStatus
    capacity: int | None = Field(description="Places or meals, as its type counts them.")
    address: str | None
    lon: Longitude
    lat: Latitude
    edition: str


class GateOut(Answer):
    """One gate; nothing is known of who passed it."""

    gate_id: int
    code: str = Field(examples=["osm-1234567"])
    name: str | None
    access: Access = Field(description="Who passes it while it is open.")
    hours: dict[str, list[str]] | None = Field(
        description="Rules of the week, null for always open.", examples=[{"mon-fri": ["06:00-22:00"]}]
    )
    hours_text: str | None = Field(description="The hours as the file has them, understood or not.")
    osm_id: int | None = Field(description="The OpenStreetMap node; null for gates of a table.")
    lon: Longitude
    lat: Latitude
    from_table: bool = Field(description="Whether it is of a table of gates, else of the network.")
    edition: str
    is_open: bool | None = Field(
        default=None, description="Whether those of its access pass it at the time asked for; null without one."
    )


class ProfileOut(Answer):
    """A named way of walking, in the edition in force."""

    name: str = Field(examples=["elder"])
    edition: str = Field(examples=["2026"])
    speed_m_per_s: float = Field(description="Metres per second.", examples=[0.83])
    sd_m_per_s: float | None = Field(description="Standard deviation of the speed; null where no source gives one.")
    steps_factor: float | None = Field(description="Time on steps over time on the flat; null where steps are no way.")
    crossing_s: float = Field(description="Seconds waited at a crossing.")
    unpaved_factor: float = Field(description="Time on an unpaved surface over time on a paved one.")
    rough_factor: float = Field(description="Time on a rough surface over time on a smooth one.")
    slope: bool = Field(description="Whether a known slope changes the speed.")
    most_slope: float | None = Field(description="The steepest way walked, rise over run; null for any.")
    wheelchair: bool = Field(description="Whether ways not fit for wheelchairs are left out.")
    evidence: str = Field(description="Class of evidence or key of the source.", examples=["S39"])
    source: str


class Profiles(Shape):
    """All walking profiles."""

    items: list[ProfileOut]


class JobError(Shape):
    """Why a job failed."""

    code: str
    detail: str


class JobOut(Shape):
    """One job."""

    job_id: int
    kind: str
    state: JobState
    stage: str | None = Field(description="Catalogue key of what is being done.", examples=["job_stage.walking"])
    stage_text: str | None = Field(description="The same in words.")
    progress: float = Field(ge=0, le=1, description="Ratio done, 0–1.")
    attempt: int
    cancel_requested: bool
    result: dict[str, Any] | None
    error: JobError | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    links: Links
