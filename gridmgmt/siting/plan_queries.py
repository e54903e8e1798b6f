"""Reading plans, and the service points that have built them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import defer

from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import in_force_on
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.service_points.rules import PointStatus, ServicePointType
from gridmgmt.siting.models import SitingRun
from gridmgmt.siting.plan_models import Plan, PlanMilestone, PlanRerun, PlanTarget
from gridmgmt.siting.plan_rules import Milestone, PlanState, Spot


@dataclass(frozen=True)
class OpenPoint:
    """An open service point, as far as it tells whether a target is built."""

    code: str
    name: str
    lon: float
    lat: float

    @property
    def spot(self) -> Spot:
        """Where it stands, under which code."""
        return Spot(self.code, self.lon, self.lat)


def plan_named(session: Session, name: str, *, hold: bool = False) -> Plan:
    """Return the plan of a name, locked until the transaction ends if asked.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    statement = select(Plan).where(Plan.name == name)
    if hold:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(statement)
    if found is None:
        raise NotFoundError("plan_unknown", field="plan", value=name)
    return found


def newest_plans(
    session: Session,
    limit: int,
    *,
    type_: ServicePointType | None = None,
    before: int | None = None,
    adopted_only: bool = False,
) -> Sequence[Plan]:
    """Return plans without reading their documents, the newest first, at most ``limit``.

    Parameters
    ----------
    before
        Only plans older than the one of this number.
    adopted_only
        Only those that are adopted now.
    """
    statement = select(Plan).options(defer(Plan.document)).order_by(Plan.plan_id.desc()).limit(limit)
    if type_ is not None:
        statement = statement.where(Plan.type == type_)
    if before is not None:
        statement = statement.where(Plan.plan_id < before)
    if adopted_only:
        statement = statement.where(Plan.adopted_on.is_not(None), Plan.ended_on.is_(None))
    return session.scalars(statement).all()


def adopted_of(session: Session, type_: str, area_code: str | None) -> Plan | None:
    """Return the plan that is adopted for a type and an area, locked until the transaction ends."""
    statement = (
        select(Plan)
        .where(Plan.type == type_, Plan.area_code.is_not_distinct_from(area_code))
        .where(Plan.adopted_on.is_not(None), Plan.ended_on.is_(None))
        .with_for_update()
    )
    return session.scalar(statement)


def state_of(plan: Plan) -> PlanState:
    """Return what has become of a plan."""
    if plan.superseded_by is not None:
        return PlanState.SUPERSEDED
    if plan.ended_on is not None:
        return PlanState.WITHDRAWN
    return PlanState.DRAFT if plan.adopted_on is None else PlanState.ADOPTED


def name_of(session: Session, plan_id: int) -> str:
    """Return the name of a plan by its number."""
    return session.scalars(select(Plan.name).where(Plan.plan_id == plan_id)).one()


def superseded_by(session: Session, plan: Plan) -> str | None:
    """Return the name of the plan that a plan has superseded."""
    return session.scalar(select(Plan.name).where(Plan.superseded_by == plan.plan_id))


def targets_of(session: Session, plan: Plan) -> Sequence[PlanTarget]:
    """Return the targets of a plan by rank; none before it is adopted."""
    statement = select(PlanTarget).where(PlanTarget.plan_id == plan.plan_id).order_by(PlanTarget.rank)
    return session.scalars(statement).all()


def milestones_of(session: Session, plan: Plan) -> list[Milestone]:
    """Return the milestones of a plan by day; none before it is adopted."""
    statement = select(PlanMilestone).where(PlanMilestone.plan_id == plan.plan_id).order_by(PlanMilestone.due_on)
    return [Milestone(row.due_on, row.points) for row in session.scalars(statement)]


def reruns_of(session: Session, plan: Plan) -> Sequence[tuple[PlanRerun, SitingRun]]:
    """Return the runs that were asked for a plan anew, the newest first."""
    statement = (
        select(PlanRerun, SitingRun)
        .options(defer(SitingRun.document), defer(SitingRun.parameters))
        .join(SitingRun, SitingRun.run_id == PlanRerun.run_id)
        .where(PlanRerun.plan_id == plan.plan_id)
        .order_by(PlanRerun.run_id.desc())
    )
    return [(rerun, run) for rerun, run in session.execute(statement)]


def open_on(session: Session, type_: str, on: date) -> list[OpenPoint]:
    """Return the open points of a type in force on a day, by code and id."""
    return _points(session, type_, in_force_on(on))


def open_in(session: Session, type_: str, content_sha256: Collection[str]) -> list[OpenPoint]:
    """Return the open points of a type in the editions of these contents, whether in force or not, by code and id."""
    return _points(session, type_, Edition.content_sha256.in_(list(content_sha256)))


def _points(session: Session, type_: str, of_edition: ColumnElement[bool]) -> list[OpenPoint]:
    statement = (
        select(ServicePoint.code, ServicePoint.name, *lonlat(ServicePoint.geom))
        .join(Edition, Edition.edition_id == ServicePoint.edition_id)
        .where(Edition.subject == Subject.SERVICE_POINTS, of_edition)
        .where(ServicePoint.type == type_, ServicePoint.status == PointStatus.OPEN)
        .order_by(ServicePoint.code, ServicePoint.point_id)
    )
    return [OpenPoint(**row) for row in session.execute(statement).mappings()]
