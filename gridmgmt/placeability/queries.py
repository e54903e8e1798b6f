"""Reading norms in force, service points with what they can serve, and names of streets."""

from collections.abc import Collection, Sequence
from datetime import date

import pyarrow as pa
from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import selectinload

from gridmgmt.db import Session
from gridmgmt.editions.queries import edition_ids_in_force
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import lonlat, read_table
from gridmgmt.network.models import NetworkEdge
from gridmgmt.placeability.models import NormSet
from gridmgmt.placeability.rules import Norm, NormItem, NormSetValue, PlaceVerdict
from gridmgmt.service_points.models import ServicePoint
from gridmgmt.service_points.rules import PointStatus, ServicePointType


def norm_sets(session: Session, on: date | None = None, names: Collection[str] = ()) -> Sequence[NormSet]:
    """Return norm sets with their norms by name and edition: all editions, or those in force on a day.

    Of one name the edition that began last is in force.

    Raises
    ------
    NotFoundError
        When one of the names is not among them; the known ones are listed.
    """
    statement = select(NormSet).options(selectinload(NormSet.norms)).order_by(NormSet.name, NormSet.valid_from)
    if on is not None:
        statement = statement.where(NormSet.valid_from <= on)
    found = session.scalars(statement).all()
    known = {each.name: each for each in found}
    for name in names:
        if name not in known:
            raise NotFoundError("norm_set_unknown", value=name, known=", ".join(known) or "-")
    if on is not None:
        found = list(known.values())
    return [each for each in found if not names or each.name in names]


def norm_set_values(session: Session, ids: Collection[int]) -> tuple[NormSetValue, ...]:
    """Return norm sets by their ids, in order of name."""
    statement = (
        select(NormSet)
        .options(selectinload(NormSet.norms))
        .where(NormSet.norm_set_id.in_(list(ids)))
        .order_by(NormSet.name, NormSet.valid_from)
    )
    return tuple(
        NormSetValue(each.name, each.edition, each.title, each.valid_from, norms_of([each]))
        for each in session.scalars(statement)
    )


def norms_of(sets: Sequence[NormSet]) -> tuple[Norm, ...]:
    """Return the norms of sets, in their order."""
    return tuple(
        Norm(
            norm_set=each.name,
            edition=each.edition,
            item=NormItem(row.item),
            types=tuple(ServicePointType(name) for name in row.types),
            least=row.least,
            most=row.most,
            severity=PlaceVerdict(row.severity),
            evidence=row.evidence,
            source=row.source,
        )
        for each in sets
        for row in each.norms
    )


def open_points(session: Session, on: date) -> pa.Table:
    """Return the open points of all types in force on a day, by code and id.

    Columns ``point_id``, ``code``, ``name``, ``type``, ``capacity`` (null where it is not known), ``lon``, ``lat``.
    """
    columns = (
        ServicePoint.point_id, ServicePoint.code, ServicePoint.name, ServicePoint.type, ServicePoint.capacity,
    )  # fmt: skip
    statement = (
        select(*columns, *lonlat(ServicePoint.geom))
        .where(
            ServicePoint.edition_id.in_(edition_ids_in_force(Subject.SERVICE_POINTS, on)),
            ServicePoint.status == PointStatus.OPEN,
        )
        .order_by(ServicePoint.code, ServicePoint.edition_id, ServicePoint.point_id)
    )
    return read_table(session, statement)


def streets(session: Session, edition_id: int) -> pa.Table:
    """Return ``name`` (null where there is none) and ``highway`` of a network edition's edges, in order of their id."""
    statement = (
        select(NetworkEdge.tags["name"].astext.label("name"), NetworkEdge.highway)
        .where(NetworkEdge.edition_id == edition_id)
        .order_by(NetworkEdge.edge_id)
    )
    return read_table(session, statement)


def ids_in_force(session: Session, on: date) -> tuple[int, ...]:
    """Return the ids of the norm sets in force on a day; what they hold never changes."""
    newest = dict(session.execute(_BEGUN, {"on": on}).all())
    return tuple(newest.values())


_BEGUN = (
    select(NormSet.name, NormSet.norm_set_id)
    .where(NormSet.valid_from <= bindparam("on", type_=Date))
    .order_by(NormSet.name, NormSet.valid_from)
)
