"""Reading service points."""

from collections.abc import Collection
from datetime import date

import pyarrow as pa
from sqlalchemy import func, select

from gridmgmt.db import Session
from gridmgmt.editions.models import Subject
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.frames import read_table
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.service_points.rules import PointStatus


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
            func.ST_X(ServicePoint.geom).label("lon"),
            func.ST_Y(ServicePoint.geom).label("lat"),
        )
        .where(
            ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, on)),
            ServicePoint.status == PointStatus.OPEN,
            ServicePoint.type.in_(list(types)),
        )
        .order_by(ServicePoint.code, ServicePoint.edition_id, ServicePoint.point_id)
    )
    return read_table(session, statement)


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
    return {type_: count for type_, count in session.execute(statement)}
