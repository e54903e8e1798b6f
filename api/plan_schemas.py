"""What the interface asks and says about plans of new points."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, StrictInt

from api.schemas import Asked, Links, Shape
from gridmgmt.analysis.siting.model import SitingModel
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.siting.plan_document import PlanReport, PublicPlan
from gridmgmt.siting.plan_rules import PlanState


class PlanIn(Asked):
    """A finished siting run to be kept as a draft."""

    name: Annotated[str, Field(max_length=200, description="Given once; 1 to 64 characters.", examples=["张庙 15"])]
    run_id: Annotated[StrictInt, Field(ge=1, le=2**63 - 1, description="Number of the siting run.", examples=[1])]
    note: Annotated[str | None, Field(max_length=10_000, description="What else is to be known of it.")] = None


class MilestoneIn(Asked):
    """So many points in all are to be built by the end of a day."""

    on: Annotated[date, Field(description="The last day that is in time.", examples=["2027-12-31"])]
    points: Annotated[StrictInt, Field(description="Of all earlier milestones too.", examples=[5])]


class AdoptIn(Asked):
    """On which terms a plan is adopted."""

    owner_post: Annotated[
        str,
        Field(
            max_length=1_000,
            description="Code of an officer post; words where no posts are loaded.",
            examples=["office-of-ageing"],
        ),
    ]
    budget_yuan: Annotated[StrictInt, Field(description="For all points.", examples=[3_000_000])]
    milestones: Annotated[
        list[MilestoneIn],
        Field(max_length=1_000, description="Rising in day and points; the last counts all points of the plan."),
    ]


class WithdrawIn(Asked):
    """Why a plan is withdrawn."""

    reason: Annotated[str, Field(max_length=10_000, examples=["the site at 呼兰路 was sold"])]


class PlanSummary(Shape):
    """One plan in the list."""

    name: str
    state: PlanState
    type: ServicePointType
    area_code: str | None
    points: int
    built: int | None = Field(description="Points built today; null of a plan that is not adopted.")
    adopted_on: date | None
    model: SitingModel | None = Field(description="Null in the public form, as author, made_at and run_id.")
    author: str | None
    made_at: datetime | None
    run_id: int | None
    links: Links


class RerunAccepted(Shape):
    """A plan's question that will be asked anew."""

    run_id: int
    job_id: int
    links: Links


PlanAnswer = PlanReport | PublicPlan
"""Of those who get exact numbers, and of all others."""
