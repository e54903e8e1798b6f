"""Reading service points."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from sqlalchemy import func, select, tuple_

from gridmgmt.areas.queries import covered_by
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_ids_in_force, in_force_on
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat, read_table
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.service_points.rules import PointStatus, ServicePointType


def open_points(session: Session, on: date, types: Collection[str]) -> pa.Table:
    """Return the open points of some types in force on a day, by code and id.

    Columns ``point_id``, ``edition_id``, ``code``, ``name``, ``type``, ``status``, ``lon``, ``lat``.
    """
    statement = (
        select(
            ServicePoint.point_id,
            ServicePoint.edition_id,
            ServicePoint.code,
            ServicePoint.name,
            ServicePoint.type,
            ServicePoint.status,
            *lonlat(ServicePoint.geom),
        )
        .where(
            ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, on)),
            ServicePoint.status == PointStatus.OPEN,
            ServicePoint.type.in_(list(types)),
        )
        .order_by(ServicePoint.code, ServicePoint.edition_id, ServicePoint.point_id)
    )
    return read_table(session, statement)


def capacities(session: Session, point_ids: Collection[int]) -> dict[int, int]:
    """Return the capacity of each of some points, of any edition, that has a known one."""
    statement = select(ServicePoint.point_id, ServicePoint.capacity).where(ServicePoint.point_id.in_(list(point_ids)))
    rows = session.execute(statement).all()
    return {point_id: capacity for point_id, capacity in rows if capacity is not None}


def open_point_counts(session: Session, on: date) -> dict[str, int]:
    """Return how many open points of each type are in force on a day."""
    statement = (
        select(ServicePoint.type, func.count())
        .where(
            ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, on)),
            ServicePoint.status == PointStatus.OPEN,
        )
        .group_by(ServicePoint.type)
        .order_by(ServicePoint.type)
    )
    return dict(session.execute(statement).all())


@dataclass(frozen=True)
class PointSummary:
    """One service point; ``edition`` is the name of the edition it comes from."""

    point_id: int
    code: str
    name: str
    type: str
    status: str
    capacity: int | None
    address: str | None
    lon: float
    lat: float
    edition: str


def point_summaries(
    session: Session,
    on: date,
    *,
    type_: ServicePointType | None = None,
    status: PointStatus | None = None,
    area_id: int | None = None,
    after: tuple[str, int] | None = None,
    limit: int = 100,
) -> list[PointSummary]:
    """Return service points in force on a day by code and id, at most ``limit``.

    Parameters
    ----------
    area_id
        Only points that this area covers.
    after
        Code and id of the last point of the page before.
    """
    statement = (
        select(
            *(getattr(ServicePoint, name) for name in _PLAIN),
            *lonlat(ServicePoint.geom),
            Edition.name.label("edition"),
        )
        .join(Edition, Edition.edition_id == ServicePoint.edition_id)
        .where(in_force_on(on))
        .order_by(ServicePoint.code, ServicePoint.point_id)
        .limit(limit)
    )
    if type_ is not None:
        statement = statement.where(ServicePoint.type == type_)
    if status is not None:
        statement = statement.where(ServicePoint.status == status)
    if area_id is not None:
        statement = statement.where(covered_by(area_id, ServicePoint.geom))
    if after is not None:
        statement = statement.where(tuple_(ServicePoint.code, ServicePoint.point_id) > tuple_(*after))
    return [PointSummary(**row) for row in session.execute(statement).mappings()]


def point_by_id(session: Session, point_id: int) -> ServicePoint:
    """Return one point of any edition.

    Raises
    ------
    NotFoundError
        When there is no such point.
    """
    found = session.get(ServicePoint, point_id)
    if found is None:
        raise NotFoundError("service_point_unknown", value=point_id)
    return found


_PLAIN = ("point_id", "code", "name", "type", "status", "capacity", "address")
