"""Reading the walking network, its gates, and the profiles."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from geoalchemy2 import Geography
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Date,
    Double,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
    tuple_,
)

from gridmgmt.analysis.walking.gates import GATE_REACH_M, Access
from gridmgmt.analysis.walking.model import Trait, WalkProfile
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import edition_ids_in_force, in_force_on
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import geometries, lonlat, read_lines, read_table
from gridmgmt.network.models import Gate, NetworkEdge, NetworkNode, WalkingProfile

_STREETS_TRIED = 32
"""So many next by degrees hold the next by metres."""


@dataclass(frozen=True)
class GateSummary:
    """One gate with the edition that it is of."""

    gate_id: int
    code: str
    name: str | None
    access: str
    hours: dict[str, list[str]] | None
    """None for always open."""
    hours_text: str | None
    osm_id: int | None
    lon: float
    lat: float
    from_table: bool
    edition: str


def edges(session: Session, edition_id: int) -> pa.Table:
    """Return the edges of an edition in order of their id.

    Columns ``source``, ``target``, ``length_m``, ``component``, ``traits`` (int32, bits of
    :class:`~gridmgmt.analysis.walking.model.Trait`), ``slope`` (float32, NaN where unknown) and ``geom``.
    """
    columns = (NetworkEdge.source, NetworkEdge.target, NetworkEdge.length_m, NetworkEdge.component, NetworkEdge.traits)
    statement = (
        select(*columns, NetworkEdge.slope, NetworkEdge.geom)
        .where(NetworkEdge.edition_id == edition_id)
        .order_by(NetworkEdge.edge_id)
    )
    table = read_table(session, statement)
    exact = {
        "traits": pc.cast(table["traits"], pa.int32()),
        "slope": pc.fill_null(pc.cast(table["slope"], pa.float32()), np.float32("nan")),
    }
    for name, column in exact.items():
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def lived_along(session: Session, edition_id: int) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Return the streets of an edition's largest part along which people may live, and their lengths in metres.

    Nobody lives on steps, on a bridge, or in a tunnel.
    """
    table = edges(session, edition_id)
    traits = table["traits"].to_numpy()
    built_up = (table["component"].to_numpy() == 0) & (traits & (Trait.STEPS | Trait.BRIDGE | Trait.TUNNEL) == 0)
    return geometries(table["geom"])[built_up], table["length_m"].to_numpy()[built_up]


def edge_lines(session: Session, edition_id: int) -> tuple[pa.Table, NDArray[np.float64], NDArray[np.int64]]:
    """Return the edges of an edition in order of their id, and their lines (see :func:`gridmgmt.frames.read_lines`).

    Columns ``source``, ``target``, ``length_m``, ``traits`` and ``slope`` (null where unknown).
    """
    columns = (NetworkEdge.source, NetworkEdge.target, NetworkEdge.length_m, NetworkEdge.traits, NetworkEdge.slope)
    of_edition = select(*columns, NetworkEdge.geom).where(NetworkEdge.edition_id == edition_id)
    return read_lines(session, of_edition.order_by(NetworkEdge.edge_id))


def gates(session: Session, on: date, network_edition_id: int) -> pa.Table:
    """Return the gates of a network edition, and those of the user's tables in force on a day, in order of their id.

    Columns ``gate_id``, ``code``, ``name``, ``access`` (``public``, ``residents``, ``closed``), ``hours`` (JSON text
    of rules as :mod:`gridmgmt.hours` reads them, null for always open), ``osm_id``, ``lon``, ``lat`` and
    ``from_table`` (bool). Of tables with one code the one that began last counts.
    """
    found = _counting_gates(on, [network_edition_id])
    names = ("gate_id", "code", "name", "access", "osm_id", "lon", "lat")
    columns = [
        *(found.c[name] for name in names),
        cast(found.c.hours, String).label("hours"),
        cast(found.c.from_table, Integer).label("from_table"),
    ]
    table = read_table(session, select(*columns).where(found.c.rank == 1).order_by(found.c.gate_id))
    at = table.column_names.index("from_table")
    return table.set_column(at, "from_table", pc.cast(table["from_table"], pa.bool_()))


def gate_summaries(
    session: Session,
    on: date,
    *,
    code: str | None = None,
    access: Access | None = None,
    after: tuple[str, int] | None = None,
    limit: int = 100,
) -> list[GateSummary]:
    """Return the gates in force on a day by code and id, at most ``limit``.

    Parameters
    ----------
    after
        Code and id of the last gate of the page before.
    """
    found = _counting_gates(on, edition_ids_in_force(Subject.NETWORK, on))
    statement = (
        select(*(found.c[field.name] for field in fields(GateSummary)))
        .where(found.c.rank == 1)
        .order_by(found.c.code, found.c.gate_id)
        .limit(limit)
    )
    if code is not None:
        statement = statement.where(found.c.code == code)
    if access is not None:
        statement = statement.where(found.c.access == access)
    if after is not None:
        statement = statement.where(tuple_(found.c.code, found.c.gate_id) > tuple_(*after))
    return [GateSummary(**row) for row in session.execute(statement).mappings()]


def _counting_gates(on: date, networks: Select[int] | Sequence[int]) -> Subquery:
    """Return the gates of network editions and of the tables in force, those to count with ``rank`` 1."""
    from_table = Edition.subject == Subject.GATES
    latest = func.row_number().over(
        partition_by=(from_table, Gate.code), order_by=(Edition.valid_from.desc(), Edition.edition_id.desc())
    )
    return (
        select(
            Gate.gate_id, Gate.code, Gate.name, Gate.access, Gate.hours, Gate.hours_text, Gate.osm_id,
            *lonlat(Gate.geom), from_table.label("from_table"), Edition.name.label("edition"), latest.label("rank"),
        )
        .join(Edition, Edition.edition_id == Gate.edition_id)
        .where(or_(Gate.edition_id.in_(networks), and_(from_table, in_force_on(on))))
        .subquery()
    )  # fmt: skip


def public_ways() -> ColumnElement[bool]:
    """Return the condition that an edge is a way for everybody, not for those alone who live along it."""
    return NetworkEdge.traits.bitwise_and(int(Trait.PRIVATE)) == 0


def gates_far_from(session: Session, name: str, network_edition_id: int) -> Sequence[tuple[str, float]]:
    """Return codes of the gates of a table by its edition's name that stand on no street, and how far the next one is.

    The farthest first; distances in metres on the ellipsoid.
    """
    nearby = (
        select(NetworkEdge.geom)
        .where(NetworkEdge.edition_id == network_edition_id)
        .order_by(NetworkEdge.geom.op("<->")(Gate.geom))
        .limit(_STREETS_TRIED)
        .correlate(Gate)
        .lateral()
    )
    distance_m = func.min(func.ST_Distance(cast(nearby.c.geom, Geography), cast(Gate.geom, Geography), type_=Double))
    statement = (
        select(Gate.code, distance_m)
        .join(Edition, Edition.edition_id == Gate.edition_id)
        .join(nearby, true())
        .where(Edition.subject == Subject.GATES, Edition.name == name)
        .group_by(Gate.gate_id)
        .having(distance_m > GATE_REACH_M)
        .order_by(distance_m.desc(), Gate.code)
    )
    return [(code, found_m) for code, found_m in session.execute(statement)]


def hull(session: Session, edition_id: int) -> shapely.Geometry:
    """Return the convex hull of an edition's largest connected part in degrees; what lies beyond it is outside."""
    statement = select(func.ST_ConvexHull(func.ST_Collect(NetworkEdge.geom)).label("geom")).where(
        NetworkEdge.edition_id == edition_id, NetworkEdge.component == 0
    )
    found: shapely.Geometry = geometries(read_table(session, statement)["geom"])[0]
    return found


def node_count(session: Session, edition_id: int) -> int:
    """Return how many nodes an edition has."""
    return session.scalar(select(func.count()).where(NetworkNode.edition_id == edition_id)) or 0


def profiles(session: Session, on: date) -> Sequence[WalkProfile]:
    """Return the walking profiles in force on a day, by name."""
    return [_walk_profile(row) for row in session.scalars(_PROFILES, {"on": on})]


def profile(session: Session, name: str, on: date) -> WalkProfile:
    """Return the edition of a walking profile in force on a day.

    Raises
    ------
    NotFoundError
        When there is none of that name; the known ones are listed.
    """
    found = session.scalar(_PROFILE, {"on": on, "name": name})
    if found is None:
        raise NotFoundError("profile_unknown", profile=name, known=", ".join(p.name for p in profiles(session, on)))
    return _walk_profile(found)


def profile_editions(session: Session) -> Sequence[WalkingProfile]:
    """Return all editions of all walking profiles, by name and day."""
    statement = select(WalkingProfile).order_by(WalkingProfile.name, WalkingProfile.valid_from, WalkingProfile.edition)
    return session.scalars(statement).all()


_ON = bindparam("on", type_=Date)
_PROFILES = (
    select(WalkingProfile)
    .where(WalkingProfile.valid_from <= _ON, or_(WalkingProfile.valid_to.is_(None), WalkingProfile.valid_to > _ON))
    .order_by(WalkingProfile.name)
)
"""The profiles in force on a day, one of each name."""
_PROFILE = _PROFILES.where(WalkingProfile.name == bindparam("name"))


def _walk_profile(row: WalkingProfile) -> WalkProfile:
    return WalkProfile(**{field.name: getattr(row, field.name) for field in fields(WalkProfile)})


def reference_streets(session: Session, box: tuple[float, float, float, float]) -> NDArray[np.object_]:
    """Return the real streets that touch a box (west, south, east, north), to compare other files with."""
    statement = (
        select(NetworkEdge.geom)
        .join(Edition, Edition.edition_id == NetworkEdge.edition_id)
        .where(~Edition.synthetic, NetworkEdge.geom.op("&&")(func.ST_MakeEnvelope(*box, STORAGE_SRID)))
        .order_by(NetworkEdge.edition_id, NetworkEdge.edge_id)
    )
    return geometries(read_table(session, statement)["geom"])
