"""What the interface says of one area as a whole."""

from datetime import date

from pydantic import Field

from api.boundary_schemas import PassageOut
from api.schemas import AreaLite, AreaOut, Links, Shape
from gridmgmt.area_profiles.rules import FigureState, ProfileBound, ProfileUnit, SectionName

Api = Field(description="Address of the evidence in this interface.")
Page = Field(description="Address of the evidence in the console; null where it has no page.")


class ProfileThenOut(Shape):
    """A figure on the day that is compared with."""

    value: float | None
    text: str
    state: FigureState
    as_of: date | None
    href: str = Api
    page: str | None = Page


class ProfileFigureOut(Shape):
    """One number of an area, or a word that stands for it."""

    name: str = Field(description="Stable within its section.", examples=["reported"])
    label: str = Field(description="What it is, in the language asked for.")
    text: str = Field(
        description="As people read it: “—” when unknown, “*” when withheld.", examples=["91.13 % (3,135 / 3,440)"]
    )
    unit: ProfileUnit
    value: float | None = Field(description="Null when unknown or withheld, never 0 for that; ratios are 0–1.")
    below: float | None = Field(description="Upper end of a band, not part of it.")
    bound: ProfileBound
    numerator: float | None
    denominator: float | None
    state: FigureState
    as_of: date | None = Field(description="The day it describes.")
    source: str | None = Field(description="The edition, document or run that says so.")
    href: str = Api
    page: str | None = Page
    then: ProfileThenOut | None = Field(description="The same on the other day; null where that had no such figure.")
    difference: float | None = Field(description="Now less then, of exact numbers alone.")
    difference_text: str | None = Field(description="Null where nothing is compared.")


class ProfileEntryOut(Shape):
    """A thing of the area by its name."""

    name: str
    note: str | None
    href: str = Api
    page: str | None = Page


class ProfileSectionOut(Shape):
    """What is known of one subject."""

    name: SectionName
    title: str
    notes: list[str]
    figures: list[ProfileFigureOut]
    entries: list[ProfileEntryOut] = Field(description="The first of all.")
    total: int = Field(description="How many there are.")


class ProfileChildOut(AreaLite):
    """One of the areas directly below."""

    area_m2: float
    reported: int | None = Field(description="Cases reported in the period of the section of cases.")
    covered_ratio: float | None = Field(description="Residents of 60 and over within the walk, 0–1.")
    links: Links


class ProfileLeftOut(Shape):
    """A section that the caller does not get."""

    section: SectionName
    title: str
    why: str


class ProfileComparedOut(Shape):
    """The day that is compared with."""

    on: date
    in_force: bool = Field(description="Whether the code was in force that day; without, nothing stands beside.")
    edition: str | None
    area_m2: float | None
    note: str | None = Field(description="Why nothing stands beside, and where the land came from or went.")
    passages: list[PassageOut] = Field(description="The passages of land that this note tells of.")


class AreaProfileOut(Shape):
    """One area with all that is known of it on a day."""

    area: AreaOut
    on: date
    above: list[AreaLite] = Field(description="The areas that hold it, the district first.")
    children: list[ProfileChildOut] = Field(description="The areas directly below but grid cells.")
    sections: list[ProfileSectionOut] = Field(description="What does not apply to an area of this level is left out.")
    left_out: list[ProfileLeftOut]
    compared: ProfileComparedOut | None
    synthetic: bool
    links: Links
