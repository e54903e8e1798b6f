"""Reading renewal projects, and what the population editions and coverage runs that they name tell of them."""

import json
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Boolean, Date, cast, func, select

from gridmgmt.coverage.models import CoverageRun
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_named
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.governance.queries import holds_on
from gridmgmt.population.models import PopulationPlace
from gridmgmt.targets.models import RenewalProject
from gridmgmt.targets.queries import area_names, of_area


@dataclass(frozen=True)
class ProjectView:
    """A renewal project as it is said to be on a day; ``lon`` and ``lat`` are a point in it."""

    code: str
    name: str
    level: str
    area_code: str
    area_name: str | None
    begins_on: date
    ends_on: date | None
    households: int | None
    households_source: str | None
    moved_60_plus: int | None
    away_edition: str | None
    home_edition: str | None
    source: str
    area_m2: float
    valid_from: date
    valid_to: date | None
    lon: float
    lat: float


def projects(
    session: Session,
    on: date,
    *,
    code: str | None = None,
    area_id: int | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[ProjectView]:
    """Return the renewal projects of a day by code, or the one of a code; other parameters as of :func:`targets`."""
    inside = func.ST_PointOnSurface(RenewalProject.geom)
    names = [f.name for f in fields(ProjectView) if f.name not in ("area_name", "lon", "lat")]
    statement = (
        select(
            *(getattr(RenewalProject, name) for name in names),
            func.ST_X(inside).label("lon"),
            func.ST_Y(inside).label("lat"),
        )
        .where(holds_on(RenewalProject, on))
        .order_by(RenewalProject.code)
        .limit(limit)
    )
    if code is not None:
        statement = statement.where(RenewalProject.code == code)
    if area_id is not None:
        statement = statement.where(of_area(RenewalProject, area_id, on))
    if after is not None:
        statement = statement.where(RenewalProject.code > after)
    rows = session.execute(statement).mappings().all()
    called = area_names(session, {(row["level"], row["area_code"]) for row in rows}, on)
    return [ProjectView(**row, area_name=called.get((row["level"], row["area_code"]))) for row in rows]


def project_geojson(session: Session, code: str, on: date) -> dict[str, Any]:
    """Return the surface of a renewal project on a day, as GeoJSON with 7 decimals.

    Raises
    ------
    NotFoundError
        ``project_unknown``.
    """
    statement = select(func.ST_AsGeoJSON(RenewalProject.geom, 7)).where(
        RenewalProject.code == code, holds_on(RenewalProject, on)
    )
    found = session.scalar(statement)
    if found is None:
        raise NotFoundError("project_unknown", field="code", value=code, on=on)
    return dict(json.loads(found))


def population_edition(session: Session, name: str) -> Edition:
    """Return a population edition by its name.

    Raises
    ------
    NotFoundError
        ``population_edition_unknown``.
    """
    found = edition_named(session, Subject.POPULATION, "", name)
    if found is None:
        raise NotFoundError("population_edition_unknown", value=name)
    return found


def elders_inside(session: Session, code: str, on: date, edition: str) -> float:
    """Return how many residents of 60 and over live inside a project in a population edition.

    Raises
    ------
    NotFoundError
        ``population_edition_unknown``.
    """
    surface = select(RenewalProject.geom).where(RenewalProject.code == code, holds_on(RenewalProject, on))
    inside = func.ST_Covers(surface.scalar_subquery(), PopulationPlace.geom, type_=Boolean)
    statement = select(func.sum(PopulationPlace.residents_60_plus)).where(
        PopulationPlace.edition_id == population_edition(session, edition).edition_id, inside
    )
    return session.scalars(statement).one() or 0.0


def coverage_run_of(session: Session, edition: str) -> int | None:
    """Return the newest finished coverage run of the district that was computed on a day of a population edition."""
    found = edition_named(session, Subject.POPULATION, "", edition)
    if found is None or found.valid_from is None:
        return None
    asked_on = cast(CoverageRun.parameters["on"].astext, Date)
    statement = (
        select(CoverageRun.run_id)
        .where(CoverageRun.finished_at.is_not(None), CoverageRun.scenario.is_(None))
        .where(CoverageRun.area_code.is_(None), asked_on >= found.valid_from)
        .order_by(CoverageRun.run_id.desc())
        .limit(1)
    )
    if found.valid_to is not None:
        statement = statement.where(asked_on < found.valid_to)
    return session.scalar(statement)
