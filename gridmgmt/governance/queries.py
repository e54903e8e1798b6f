"""Reading modes, tags, organs, centres; and putting them together as the mode report and the completeness matrix."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any, TypeVar

import shapely
from geoalchemy2.shape import from_shape, to_shape
from sqlalchemy import Boolean, ColumnElement, Select, and_, case, func, or_, select

from gridmgmt.areas.models import Area, Dated, TownModeDecision
from gridmgmt.areas.queries import in_force_on
from gridmgmt.areas.rules import RANK, AreaKind, AreaLevel, TownMode
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.governance import matrix, modes, rules
from gridmgmt.governance.models import (
    AreaOrgan,
    AreaTag,
    Centre,
    JointCentre,
    ModeRule,
    Staffing,
)
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.service_points.rules import PointStatus
from gridmgmt.statistics.queries import figure_of

RESIDENTS = "residents"
"""The figure of an area that the rule of the unit mode asks for."""

_GOVERNED = (AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT, AreaLevel.SECTOR, AreaLevel.RESIDENTIAL_QUARTER)

Row = TypeVar("Row", bound=Dated)


def holds_on(model: type[Dated], on: date) -> ColumnElement[bool]:
    """Return the condition that a row holds on a day."""
    return and_(model.valid_from <= on, or_(model.valid_to.is_(None), model.valid_to > on))


def held(session: Session, model: type[Row], on: date, *same: ColumnElement[bool]) -> Row | None:
    """Return the row that holds on a day among those that some conditions select, None without one."""
    return session.scalar(select(model).where(*same, holds_on(model, on)))


def rule_on(session: Session, on: date) -> rules.ModeRule:
    """Return the edition of the rule of the unit mode in force on a day.

    Raises
    ------
    NotFoundError
        When the day lies before the first one.
    """
    rule = _rule(session, on)
    if rule is None:
        raise NotFoundError("mode_rule_unknown", on=on)
    return rule


def residents_of(session: Session, town_code: str, on: date) -> rules.Residents | None:
    """Return a town's residents as last counted before or on a day, None where nobody has."""
    figure = figure_of(session, AreaLevel.TOWN, town_code, RESIDENTS, on)
    return None if figure is None else rules.Residents(int(figure.value), figure.counted_on, figure.source)


def area_of_level(session: Session, level: AreaLevel, code: str, on: date) -> Area:
    """Return the area of a level and code in force on a day.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    found = session.scalar(select(Area).where(Area.level == level, Area.code == code, in_force_on(on)))
    if found is None:
        raise NotFoundError("area_of_level_unknown", level=level, code=code, on=on)
    return found


def area_with_centres(session: Session, code: str, on: date) -> Area:
    """Return the town, subdistrict or unit of a code in force on a day.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    levels = (AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT)
    statement = select(Area).where(Area.level.in_(levels), Area.code == code, in_force_on(on))
    found = session.scalar(statement.order_by(case(RANK, value=Area.level)).limit(1))
    if found is None:
        raise NotFoundError("centre_area_unknown", code=code, on=on)
    return found


def covers(session: Session, area_id: int, point: shapely.Point) -> bool:
    """Tell whether an area holds a point in WGS 84 degrees, its border included."""
    place = from_shape(point, srid=STORAGE_SRID)
    return session.scalars(select(func.ST_Covers(Area.geom, place, type_=Boolean)).where(Area.area_id == area_id)).one()


def centre_of_code(session: Session, code: str) -> Centre | None:
    """Return the centre of a code, open or closed."""
    return session.scalar(select(Centre).where(Centre.code == code))


def new_centre_of_code(session: Session, code: str) -> rules.NewCentre | None:
    """Return a centre of a code as it was when it was opened."""
    row = centre_of_code(session, code)
    if row is None:
        return None
    place = None if row.geom is None else shapely.get_coordinates(to_shape(row.geom))[0]
    return rules.NewCentre(
        code=row.code,
        type=rules.CentreType(row.type),
        name=row.name,
        area_code=row.area_code,
        valid_from=row.valid_from,
        parent_code=row.parent_code,
        address=row.address,
        lonlat=None if place is None else (float(place[0]), float(place[1])),
    )


def completeness_matrix(session: Session, on: date) -> matrix.CompletenessMatrix:
    """Return which centres and branches the towns, units and subdistricts in force on a day have, and lack."""
    bodies = [
        matrix.Body(place.level, place.code, place.name, place.kind, _town_of(place))
        for place in places(session, on)
        if place.level in (AreaLevel.TOWN, AreaLevel.BASIC_MANAGEMENT_UNIT)
    ]
    return matrix.completeness(on, bodies, open_centres(session, on))


def mode_report(session: Session, on: date) -> modes.ModeReport:
    """Return each town's mode or gap on a day, its units and sectors with what they lack, and conflicts."""
    found = places(session, on)
    lacking = {row.body.code: row.missing for row in completeness_matrix(session, on).rows}
    said = modes.Said(
        decisions=decisions(session, on),
        tags=tags(session, on),
        organs=_organs(session, on),
        posts={row.unit_code: row.posts for row in session.scalars(select(Staffing).where(holds_on(Staffing, on)))},
        branches_missing=lacking,
        service_points=points_by_sector(session, on),
        joint_centres=joint_centres(session, on),
    )
    return modes.report(on, _edition_names(session, on), _rule(session, on), found, said)


def places(session: Session, on: date) -> list[modes.Place]:
    """Return the areas from towns to quarters in force on a day, without their boundaries."""
    columns = (Area.level, Area.code, Area.name, Area.kind, Area.parent_level, Area.parent_code, Area.area_m2)
    statement = select(*columns).where(in_force_on(on), Area.level.in_(_GOVERNED)).order_by(Area.code)
    return [
        modes.Place(
            AreaLevel(level),
            code,
            name,
            None if kind is None else AreaKind(kind),
            None if parent_level is None else AreaLevel(parent_level),
            parent_code,
            area_m2,
        )
        for level, code, name, kind, parent_level, parent_code, area_m2 in session.execute(statement)
    ]


def open_centres(session: Session, on: date) -> list[matrix.OpenCentre]:
    """Return the centres and branches open on a day, by code."""
    return [
        matrix.OpenCentre(
            row.code, rules.CentreType(row.type), row.name, AreaLevel(row.level), row.area_code, row.parent_code
        )
        for row in session.scalars(select(Centre).where(holds_on(Centre, on)).order_by(Centre.code))
    ]


def decisions(session: Session, on: date) -> dict[str, modes.Decision]:
    """Return the mode of each town that has one on a day, by the town's code."""
    statement = (
        select(TownModeDecision, Area.area_m2, Edition.name)
        .outerjoin(Area, Area.area_id == TownModeDecision.area_id)
        .outerjoin(Edition, Edition.edition_id == Area.edition_id)
        .where(holds_on(TownModeDecision, on))
    )
    return {row.town_code: _decision(row, area_m2, edition) for row, area_m2, edition in session.execute(statement)}


def tags(session: Session, on: date) -> list[modes.Tag]:
    """Return the tags that areas have on a day."""
    return [
        modes.Tag(AreaLevel(row.level), row.area_code, rules.TagKind(row.kind), row.value)
        for row in session.scalars(select(AreaTag).where(holds_on(AreaTag, on)).order_by(AreaTag.tag_id))
    ]


def joint_centres(session: Session, on: date) -> list[modes.JointCentreFacts]:
    """Return the joint centres of a day, by code."""
    return [modes.JointCentreFacts(**row) for row in session.execute(_select_joint_centres(on)).mappings()]


def joint_centres_on_map(session: Session, on: date) -> list[modes.JointCentreOnMap]:
    """Return the joint centres of a day with their service areas, by code."""
    statement = _select_joint_centres(on).add_columns(func.ST_AsGeoJSON(JointCentre.geom, 7).label("geometry"))
    return [
        modes.JointCentreOnMap(**{**row, "geometry": json.loads(row["geometry"])})
        for row in session.execute(statement).mappings()
    ]


def points_by_sector(session: Session, on: date) -> dict[str, dict[str, int]]:
    """Return how many open service points of each type lie in each sector; one on a border in that of lower code."""
    place = (
        select(ServicePoint.type, func.min(Area.code).label("code"))
        .join(Area, func.ST_Covers(Area.geom, ServicePoint.geom))
        .where(
            Area.level == AreaLevel.SECTOR,
            in_force_on(on),
            ServicePoint.status == PointStatus.OPEN,
            ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, on)),
        )
        .group_by(ServicePoint.point_id)
        .subquery()
    )
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    statement = select(place.c.code, place.c.type, func.count()).group_by(place.c.code, place.c.type)
    for code, type_, count in session.execute(statement.order_by(place.c.code, place.c.type)):
        counts[code][type_] = count
    return counts


def _select_joint_centres(on: date) -> Select[*tuple[Any, ...]]:
    columns = (getattr(JointCentre, field.name) for field in fields(modes.JointCentreFacts))
    return select(*columns).where(holds_on(JointCentre, on)).order_by(JointCentre.code)


def _rule(session: Session, on: date) -> rules.ModeRule | None:
    newest = select(ModeRule).where(ModeRule.valid_from <= on).order_by(ModeRule.valid_from.desc()).limit(1)
    row = session.scalar(newest)
    if row is None:
        return None
    return rules.ModeRule(row.name, row.valid_from, row.min_residents, row.min_area_m2, row.strict, row.source)


def _town_of(place: modes.Place) -> str | None:
    return place.code if place.level == AreaLevel.TOWN else place.parent_code


def _organs(session: Session, on: date) -> dict[str, dict[rules.Organ, str]]:
    found: dict[str, dict[rules.Organ, str]] = defaultdict(dict)
    for row in session.scalars(select(AreaOrgan).where(holds_on(AreaOrgan, on)).order_by(AreaOrgan.organ_id)):
        found[row.area_code][rules.Organ(row.organ)] = row.name
    return found


def _edition_names(session: Session, on: date) -> Sequence[str]:
    """Return the names of the boundary editions that the governed areas of a day come from, by date."""
    statement = (
        select(Edition.name, Edition.valid_from)
        .join(Area, Area.edition_id == Edition.edition_id)
        .where(in_force_on(on), Area.level.in_(_GOVERNED))
        .distinct()
        .order_by(Edition.valid_from, Edition.name)
    )
    return [name for name, _ in session.execute(statement)]


def _decision(row: TownModeDecision, area_m2: float | None, edition: str | None) -> modes.Decision:
    return modes.Decision(
        mode=TownMode(row.mode),
        valid_from=row.valid_from,
        decided_by=row.decided_by,
        residents=_residents(row),
        area_m2=area_m2,
        area_edition=edition,
        delineable=row.delineable,
        rule=row.rule,
        passed=row.passed,
        override=_override(row),
    )


def _residents(row: TownModeDecision) -> rules.Residents | None:
    if row.residents is None or row.residents_on is None or row.residents_source is None:
        return None
    return rules.Residents(row.residents, row.residents_on, row.residents_source)


def _override(row: TownModeDecision) -> rules.Override | None:
    by, document, reason, dated = row.override_by, row.override_document, row.override_reason, row.override_dated
    if by is None or document is None or reason is None or dated is None:
        return None
    return rules.Override(by, document, reason, dated)
