"""What is told of plans: one as it stands, several side by side, and what a re-run would change."""

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from gridmgmt.areas.rules import AreaLevel
from gridmgmt.coverage.document import Count, Number, Part, Ratio, Sha256
from gridmgmt.jobs.models import JobState
from gridmgmt.service_points.rules import ServicePointType
from gridmgmt.siting.document import AreaBefore, Certificate, Chosen, Terms
from gridmgmt.siting.plan_rules import MilestoneState, PlanState

REPORT: Final = "plan-report/1"
COMPARISON: Final = "plan-comparison/1"
CHANGE: Final = "plan-change/1"

Points = Annotated[int, Field(ge=0)]


class Built(Part):
    """The service point that has built a target."""

    code: str
    name: str
    distance_m: Count
    """From the target, in a straight line."""
    by_code: bool
    """Whether the code told it; otherwise it is near enough."""


class Target(Part):
    """One point of an adopted plan that is to be built, or has been."""

    rank: int
    code: str
    name: str | None
    lon: Number
    lat: Number
    area_code: str | None
    area_name: str | None
    owner_post: str
    due_on: date
    cost_yuan: Count | None
    built: Built | None


class MilestoneStanding(Part):
    """A milestone as it stands: ``built`` of the targets on its own day, or today where that is earlier."""

    on: date
    points: Points
    built: Points
    state: MilestoneState


class Cost(Part):
    """What the candidates say their points cost."""

    known_yuan: Count
    unknown: Points
    """Points whose candidate says no cost."""


class Adoption(Part):
    """The plan as targets: who owns them, what they may cost, and how far they are on a day.

    ``left_yuan`` is the budget without the known costs; below 0 they exceed it.
    """

    adopted_on: date
    adopted_by: str
    owner_post: str
    owner_name: str | None
    """What the post of that code is called and whose it is; None where the code is none of a post."""
    budget_yuan: Count
    left_yuan: Number
    supersedes: str | None
    """The plan of the same type and area that was adopted until then."""
    on: date
    built: Points
    targets: tuple[Target, ...]
    milestones: tuple[MilestoneStanding, ...]


class Ending(Part):
    """When, by whom and why a plan has ended: a reason, or the plan that has superseded it."""

    on: date
    by: str
    because: str | None
    superseded_by: str | None


class RerunStanding(Part):
    """A run that was asked for the plan anew."""

    run_id: int
    asked_by: str
    asked_at: datetime
    state: JobState
    finished: bool
    """Whether it has an answer."""


class PlanReport(Part):
    """One plan, exactly."""

    schema_version: Literal["plan-report/1"] = Field(default=REPORT, alias="schema")
    name: str
    state: PlanState
    note: str | None
    author: str
    made_at: datetime
    run_id: int
    document_sha256: Sha256
    synthetic: bool
    terms: Terms
    certificate: Certificate
    points: Points
    cost: Cost
    stale_because: tuple[str, ...]
    """The inputs that have changed since the run; a re-run tells what that changes."""
    adoption: Adoption | None
    ending: Ending | None
    reruns: tuple[RerunStanding, ...]


class PublicPoint(Part):
    """One point of an adopted plan, without a number of residents."""

    code: str
    name: str | None
    lon: Number
    lat: Number
    built: bool


class PublicPlan(Part):
    """What everybody may know of an adopted plan."""

    name: str
    state: PlanState
    type: ServicePointType
    area_code: str | None
    adopted_on: date
    on: date
    built: Points
    points: tuple[PublicPoint, ...]


class ComparedPoint(Part):
    """A chosen point of one plan, and the other plans that have it too: the same candidate, or one within 50 m."""

    chosen: Chosen
    also_in: tuple[str, ...]


class PlanFigures(Part):
    """What an answer achieves; residents are those that it asks about."""

    points: Points
    certificate: Certificate
    residents: Count
    covered_before: Count
    covered_after: Count
    worst_area: AreaBefore | None
    cost: Cost


class ComparedPlan(Part):
    """One of the plans that stand side by side."""

    name: str
    state: PlanState
    author: str
    made_at: datetime
    document_sha256: Sha256
    terms: Terms
    figures: PlanFigures
    points: tuple[ComparedPoint, ...]


class BandRow(Part):
    """Everybody, or one age band: before, and after each of the plans, in their order."""

    band: str
    residents: Count
    covered_before: Count
    covered_after: tuple[Count, ...]


class AreaRow(Part):
    """One area before, and after each of the plans, in their order."""

    level: AreaLevel
    code: str
    name: str
    residents: Count
    covered_before: Count
    covered_after: tuple[Count, ...]
    ratio_before: Ratio | None
    ratio_after: tuple[Ratio | None, ...]


class PlanComparison(Part):
    """Two to four plans of the same inputs, walks and code side by side."""

    schema_version: Literal["plan-comparison/1"] = Field(default=COMPARISON, alias="schema")
    synthetic: bool
    plans: tuple[ComparedPlan, ...]
    bands: tuple[BandRow, ...]
    areas: tuple[AreaRow, ...]


class Kept(Part):
    """A point that stays: the same candidate, or one within 50 m of it."""

    before: Chosen
    after: Chosen
    distance_m: Count


class BandChange(Part):
    """Everybody, or one age band, as the plan has it and as the re-run has it."""

    band: str
    residents: Count
    covered: Count
    residents_now: Count
    covered_now: Count


class ChangedInput(Part):
    """One input, or the code, that is another now; None where there was or is none."""

    name: str
    before: str | None
    after: str | None


class PlanChange(Part):
    """What a re-run would change of a plan; points that were built when it was asked count as open in it."""

    schema_version: Literal["plan-change/1"] = Field(default=CHANGE, alias="schema")
    name: str
    run_id: int
    on: date
    synthetic: bool
    inputs: tuple[ChangedInput, ...]
    built: tuple[Chosen, ...]
    kept: tuple[Kept, ...]
    left: tuple[Chosen, ...]
    new: tuple[Chosen, ...]
    before: PlanFigures
    after: PlanFigures
    bands: tuple[BandChange, ...]
