"""What the interface asks and says about working time."""

from datetime import date, datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from api.schemas import Asked, Shape
from gridmgmt.calendars.rules import DayKind, DaySource, TimeUnit

Words = Annotated[str | None, Field(min_length=1, max_length=500)]
Spans = Annotated[
    list[Annotated[str, Field(max_length=11)]],
    Field(min_length=1, max_length=12, description="In order.", examples=[["08:30-12:00", "13:00-17:30"]]),
]


class CalendarDayOut(Shape):
    """One day of the work calendar."""

    day: date = Field(examples=["2015-02-28"])
    kind: DayKind
    source: DaySource = Field(description="What says so: the week, the State Council, or what is set here.")
    name: str | None = Field(examples=["春节"])
    provisional: bool = Field(description="The holidays of its year are not known yet.")
    hours: list[str] = Field(description="When it is worked; empty on a day off.", examples=[["08:30-12:00"]])


class CalendarOut(Shape):
    """Days of the work calendar."""

    known_until: date = Field(description="The last day that no announcement to come can change.")
    items: list[CalendarDayOut]


class CalendarDayAsk(Asked):
    """Whether a day is worked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "holiday", "name": "防汛", "reason": "通知"}]})

    kind: DayKind
    name: Words = None
    reason: Words = None


class YearDayAsk(Asked):
    """A day of a year that differs from the plain week."""

    day: date
    kind: DayKind
    name: Words = None


class CalendarYearAsk(Asked):
    """All holidays of a year and the weekend days worked in their place."""

    source: Annotated[str, Field(min_length=1, max_length=500, description="The notice that announced them.")]
    days: list[YearDayAsk] = Field(min_length=1, max_length=366)


class CalendarYearOut(Shape):
    """What came of setting a year."""

    year: int
    days: int
    known_until: date


class WorkHoursAsk(Asked):
    """The hours of a working day from a day on."""

    valid_from: date
    spans: Spans
    reason: Words = None


class WorkHoursOut(Shape):
    """The hours of a working day from a day on."""

    valid_from: date
    spans: list[str]


class WorkHoursList(Shape):
    """All hours of working days, the earliest first."""

    items: list[WorkHoursOut]


class DeadlineOut(Shape):
    """When a time limit ends."""

    begin: datetime
    amount: float
    unit: TimeUnit
    at: datetime = Field(description="When it ends.")
    due_soon_at: datetime = Field(description="When a quarter of it is left.")
    provisional: bool = Field(description="It counts working days of a year whose holidays are not known yet.")
