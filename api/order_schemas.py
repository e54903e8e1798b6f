"""What the interface asks and says about standing orders of coverage reports."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.coverage_question import CoverageAsk
from api.schemas import JobError, Links, Shape
from gridmgmt.jobs.models import JobState
from gridmgmt.service_points.rules import ServicePointType

OrderStateName = Literal["waiting", "running", "fresh", "failed", "refused"]


class OrderIn(CoverageAsk):
    """A report to be kept fresh."""

    name: Annotated[str, Field(min_length=1, max_length=64, description="Its name.", examples=["宝山区 20 分钟"])]


class OrderRunOut(Shape):
    """One run of an order; its numbers stand in its report."""

    run_id: int
    job_state: JobState
    because: list[str] = Field(description="The inputs that had changed since the run before.")
    asked_at: datetime
    finished_at: datetime | None
    result_sha256: str | None
    error: JobError | None
    links: Links


class OrderOut(Shape):
    """A standing order as it stands today."""

    name: str
    state: OrderStateName = Field(description="`fresh`: the newest report is that of today's inputs.")
    error: JobError | None = Field(description="What keeps it from being fresh.")
    limit_s: float = Field(description="Limit of the walk in seconds.")
    profile: str
    at: str
    trip: str
    area_code: str | None
    types: list[ServicePointType]
    created_by: str
    created_at: datetime
    runs: list[OrderRunOut] = Field(description="The newest first.")


class OrderList(Shape):
    """All standing orders by name."""

    items: list[OrderOut]
