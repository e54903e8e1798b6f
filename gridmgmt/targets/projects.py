"""Saying what is known of a renewal project from a day on."""

from dataclasses import dataclass
from datetime import date

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Polygon
from sqlalchemy import select

from gridmgmt.access.rules import Actor
from gridmgmt.access.service import record
from gridmgmt.areas.queries import area_in_force
from gridmgmt.codes import is_code
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.errors import CodeFormatError, ConflictError, InputError, RuleViolationError
from gridmgmt.governance.history import begin, shown
from gridmgmt.governance.queries import covers
from gridmgmt.governance.rules import require_text
from gridmgmt.targets.items import require_there
from gridmgmt.targets.models import RenewalProject
from gridmgmt.targets.project_queries import population_edition
from gridmgmt.targets.rules import Period, check_period, check_within_edition

_COUNTS = ("households", "moved_60_plus")


@dataclass(frozen=True)
class NewProject:
    """What is said of a renewal project from a day on.

    ``away_edition`` is the population edition in which its elders live elsewhere, ``home_edition`` the one in which
    they live at home; ``moved_60_plus`` is how many of 60 and over are away.
    """

    code: str
    name: str
    area_code: str
    valid_from: date
    geometry: Polygon | MultiPolygon
    begins_on: date
    ends_on: date | None
    source: str
    households: int | None = None
    households_source: str | None = None
    moved_60_plus: int | None = None
    away_edition: str | None = None
    home_edition: str | None = None


def set_project(session: Session, actor: Actor, new: NewProject) -> RenewalProject:
    """Say what is known of a renewal project from a day on; what was said of the same code until then ends.

    Raises
    ------
    NotFoundError
        ``area_unknown``, ``population_edition_unknown``.
    InputError
        ``project_period``, ``value_needed``; ``households_without_source``; ``target_number``;
        ``moved_without_edition`` when elders are away in no edition.
    ConflictError
        ``target_of_other_area`` when the code is, or ever was, that of another area.
    RuleViolationError
        ``project_outside_edition`` when its period is not within the validity of the edition in which its elders are
        away; ``project_outside_area`` when a point inside it does not lie in its area.
    """
    area = area_in_force(session, new.area_code, new.valid_from)
    require_there(session, actor, area.level, area.code, new.valid_from)
    _check(new)
    if new.away_edition is not None:
        edition = population_edition(session, new.away_edition)
        if edition.valid_from is not None:
            check_within_edition(Period(new.begins_on, new.ends_on), edition.name, edition.valid_from, edition.valid_to)
    if new.home_edition is not None:
        population_edition(session, new.home_edition)
    if not covers(session, area.area_id, new.geometry.representative_point()):
        raise RuleViolationError("project_outside_area", code=new.code, area=new.area_code)
    plain = (
        "code",
        "begins_on",
        "ends_on",
        *_COUNTS,
        "households_source",
        "away_edition",
        "home_edition",
        "valid_from",
    )
    known = session.scalar(select(RenewalProject).where(RenewalProject.code == new.code).limit(1))
    if known is not None and (known.level, known.area_code) != (area.level, area.code):
        raise ConflictError("target_of_other_area", value=new.code, area=known.area_code)
    surface = new.geometry if isinstance(new.geometry, MultiPolygon) else MultiPolygon([new.geometry])
    row = RenewalProject(
        **{name: getattr(new, name) for name in plain},
        name=require_text("name", new.name),
        source=require_text("source", new.source),
        level=area.level,
        area_code=area.code,
        geom=from_shape(surface, srid=STORAGE_SRID),
    )
    before = begin(session, row, RenewalProject.code == new.code)
    record(session, actor, "project.set", f"project:{new.code}", before=before, after=shown(row))
    return row


def _check(new: NewProject) -> None:
    if not is_code(new.code):
        raise CodeFormatError("target_code_malformed", field="code", value=new.code)
    check_period(new.begins_on, new.ends_on)
    for name in _COUNTS:
        value = getattr(new, name)
        if value is not None and not 0 <= value <= 10**6:
            raise InputError("target_number", field=name, value=value, minimum=0, maximum=10**6)
    if (new.households is None) != (not (new.households_source or "").strip()):
        raise InputError("households_without_source", field="households_source", value=new.households)
    if new.moved_60_plus is not None and new.away_edition is None:
        raise InputError("moved_without_edition", field="away_edition", value=new.moved_60_plus)
