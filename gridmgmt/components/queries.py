"""Reading the register of components."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Double, Select, func, or_, select

from gridmgmt.areas.queries import covered_by
from gridmgmt.cases.models import Case
from gridmgmt.cases.rules import ENDED
from gridmgmt.components.models import Component, ComponentCodeScheme
from gridmgmt.components.rules import CodePart, ComponentState, IdentifierScheme
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.rules import Extent
from gridmgmt.errors import NotFoundError

MOST_CASES = 50
"""So many cases of a component are listed with it, open ones first."""

_PLAIN = (
    "code", "type_code", "name", "state", "owner_code", "maintainer_code", "put_in_service_on", "removed_on",
    "cell_code", "reason", "valid_from", "valid_to",
)  # fmt: skip


@dataclass(frozen=True)
class ComponentFilter:
    """What components must be; None and empty texts are no condition.

    ``type_code`` is a type or, of fewer digits, a class; ``box`` is west, south, east, north in degrees; ``q`` is part
    of the name, or the beginning of the identifier.
    """

    type_code: str | None = None
    area_id: int | None = None
    cell_code: str | None = None
    state: ComponentState | None = None
    maintainer_code: str | None = None
    box: Extent | None = None
    q: str | None = None


@dataclass(frozen=True)
class ComponentSummary:
    """A component as the register has it on a day; ``lon`` and ``lat`` are a point on it, in degrees."""

    code: str
    type_code: str
    name: str | None
    state: str
    owner_code: str | None
    maintainer_code: str | None
    put_in_service_on: date | None
    removed_on: date | None
    cell_code: str | None
    reason: str | None
    valid_from: date
    valid_to: date | None
    geometry_type: str
    lon: float
    lat: float
    edition: str


@dataclass(frozen=True)
class ComponentCase:
    """A case about a component."""

    case_no: str
    type: str
    state: str
    urgency: str
    reported_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class ComponentCount:
    """How many components of a type are in a state in a cell; None for those in no cell."""

    cell_code: str | None
    type_code: str
    state: str
    components: int


def held_on(on: date) -> ColumnElement[bool]:
    """Return the condition that a row of the register holds on a day."""
    return (Component.valid_from <= on) & or_(Component.valid_to.is_(None), Component.valid_to > on)


def component_summaries(
    session: Session, on: date, wanted: ComponentFilter, *, after: str | None = None, limit: int = 100
) -> list[ComponentSummary]:
    """Return components of a day by their identifiers, at most ``limit``.

    Parameters
    ----------
    after
        Identifier of the last component of the page before.
    """
    statement = _select_summaries().where(held_on(on), *_conditions(wanted)).order_by(Component.code).limit(limit)
    if after is not None:
        statement = statement.where(Component.code > after)
    return [ComponentSummary(**row) for row in session.execute(statement).mappings()]


def component_on(session: Session, code: str, on: date) -> ComponentSummary:
    """Return a component as it is on a day.

    Raises
    ------
    NotFoundError
        ``component_unknown``.
    """
    row = session.execute(_select_summaries().where(Component.code == code, held_on(on))).mappings().one_or_none()
    if row is None:
        raise NotFoundError("component_unknown", field="code", value=code, on=on)
    return ComponentSummary(**row)


def history(session: Session, code: str) -> list[ComponentSummary]:
    """Return all that the register has ever said of a component, the newest first; what never held is left out.

    Raises
    ------
    NotFoundError
        ``component_unknown`` when there was never one of that identifier.
    """
    held = or_(Component.valid_to.is_(None), Component.valid_to > Component.valid_from)
    statement = _select_summaries().where(Component.code == code, held).order_by(Component.valid_from.desc())
    found = [ComponentSummary(**row) for row in session.execute(statement).mappings()]
    if not found:
        raise NotFoundError("component_unknown", field="code", value=code, on="*")
    return found


def component_geojson(session: Session, code: str, on: date) -> dict[str, Any]:
    """Return where a component that is in the register stands on a day, as GeoJSON with 7 decimals."""
    statement = select(func.ST_AsGeoJSON(Component.geom, 7)).where(Component.code == code, held_on(on))
    found: dict[str, Any] = json.loads(session.scalars(statement).one())
    return found


def component_row(session: Session, code: str, on: date) -> Component:
    """Return the row of a component that holds on a day, locked against other changes.

    Raises
    ------
    NotFoundError
        ``component_unknown``.
    """
    row = session.scalar(select(Component).where(Component.code == code, held_on(on)).with_for_update())
    if row is None:
        raise NotFoundError("component_unknown", field="code", value=code, on=on)
    return row


def cases_of(session: Session, code: str) -> list[ComponentCase]:
    """Return the cases about a component, open ones first, then the newest, at most :data:`MOST_CASES`.

    Internal cases are left out.
    """
    names = ("case_no", "type", "state", "urgency", "reported_at", "closed_at")
    ended = Case.state.in_([str(state) for state in ENDED])
    statement = (
        select(*(getattr(Case, name) for name in names))
        .where(Case.component_code == code, ~Case.internal)
        .order_by(ended, Case.reported_at.desc(), Case.case_id.desc())
        .limit(MOST_CASES)
    )
    return [ComponentCase(**row) for row in session.execute(statement).mappings()]


def component_counts(session: Session, on: date, wanted: ComponentFilter) -> list[ComponentCount]:
    """Return how many components there are on a day by cell, type and state."""
    by = (Component.cell_code, Component.type_code, Component.state)
    statement = (
        select(*by, func.count().label("components"))
        .where(held_on(on), *_conditions(wanted))
        .group_by(*by)
        .order_by(*by)
    )
    return [ComponentCount(**row) for row in session.execute(statement).mappings()]


def scheme_in_use(session: Session) -> IdentifierScheme:
    """Return the scheme by which this folder's components are identified."""
    row = session.scalars(select(ComponentCodeScheme).where(ComponentCodeScheme.in_use)).one()
    return IdentifierScheme(row.name, tuple((CodePart(part), int(digits)) for part, digits in row.segments))


def last_rows(session: Session, codes: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
    """Return of each of some components the row that has no end, geometry as WKB in hexadecimal."""
    columns = (getattr(Component, name) for name in ("component_id", "edition_id", *_PLAIN, "attributes"))
    statement = select(*columns, func.encode(func.ST_AsBinary(Component.geom), "hex").label("wkb"))
    statement = statement.where(Component.code == func.any(list(codes)), Component.valid_to.is_(None))
    return {row["code"]: dict(row) for row in session.execute(statement).mappings()}


def ended_after(session: Session, codes: Collection[str], on: date) -> Sequence[str]:
    """Return those of some identifiers of which the register says something that ends only after a day."""
    statement = select(Component.code).distinct()
    return session.scalars(statement.where(Component.code == func.any(list(codes)), Component.valid_to > on)).all()


def _select_summaries() -> Select[*tuple[Any, ...]]:
    point = func.ST_PointOnSurface(Component.geom)
    return select(
        *(getattr(Component, name) for name in _PLAIN),
        func.GeometryType(Component.geom).label("geometry_type"),
        func.ST_X(point, type_=Double).label("lon"),
        func.ST_Y(point, type_=Double).label("lat"),
        Edition.name.label("edition"),
    ).join(Edition, Edition.edition_id == Component.edition_id)


def _conditions(wanted: ComponentFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.type_code:
        found.append(Component.type_code.startswith(wanted.type_code, autoescape=True))
    if wanted.area_id is not None:
        found.append(covered_by(wanted.area_id, Component.geom))
    if wanted.cell_code is not None:
        found.append(Component.cell_code == wanted.cell_code)
    if wanted.state is not None:
        found.append(Component.state == wanted.state)
    if wanted.maintainer_code is not None:
        found.append(Component.maintainer_code == wanted.maintainer_code)
    if wanted.box is not None:
        found.append(Component.geom.op("&&")(func.ST_MakeEnvelope(*wanted.box, STORAGE_SRID)))
    if wanted.q:
        begins = Component.code.startswith(wanted.q, autoescape=True)
        found.append(or_(begins, Component.name.contains(wanted.q, autoescape=True)))
    return found
