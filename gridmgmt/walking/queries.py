"""Reading what a network is put together from."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from sqlalchemy import select

from gridmgmt.analysis.walking.draft import Edges
from gridmgmt.analysis.walking.gates import Access, Gate
from gridmgmt.areas.queries import editions_in_force as boundary_editions
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import in_force_on
from gridmgmt.editions.rules import Subject
from gridmgmt.frames import geometries
from gridmgmt.hours import parse_hours
from gridmgmt.land import queries as land_queries
from gridmgmt.land.rules import LandKind
from gridmgmt.network import queries as network_queries

GROUND_SUBJECTS = (Subject.NETWORK, Subject.GATES, Subject.LAND, Subject.POPULATION)


def editions_of(session: Session, on: date) -> Sequence[Edition]:
    """Return the editions in force on a day that an answer about walking may stand on, by subject, part and day."""
    subjects = (*GROUND_SUBJECTS, Subject.SERVICE_POINTS)
    counting = Edition.edition_id.in_(boundary_editions(on))
    statement = (
        select(Edition)
        .where((Edition.subject.in_(subjects) & in_force_on(on)) | counting)
        .order_by(Edition.subject, Edition.part, Edition.valid_from, Edition.edition_id)
    )
    return session.scalars(statement).all()


def edges_of(session: Session, edition_id: int) -> Edges:
    """Return the edges of a network edition with their lines."""
    table = network_queries.edges(session, edition_id)
    vertices, line = shapely.get_coordinates(geometries(table["geom"]), return_index=True)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(line, minlength=table.num_rows))]).astype(np.int64)
    source, target = (table[name].to_numpy().astype(np.int32) for name in ("source", "target"))
    return Edges(
        n_nodes=int(max(source.max(initial=-1), target.max(initial=-1))) + 1,
        source=source,
        target=target,
        length_m=table["length_m"].to_numpy(),
        traits=table["traits"].to_numpy().astype(np.int32),
        slope=table["slope"].to_numpy().astype(np.float32),
        vertices=vertices,
        offsets=offsets,
    )


def gates_of(session: Session, on: date, network_edition_id: int) -> list[Gate]:
    """Return the gates of a network edition and of the tables in force, in order of their id."""
    return [_gate(row) for row in network_queries.gates(session, on, network_edition_id).to_pylist()]


def outlines_of(session: Session, on: date) -> list[shapely.Geometry]:
    """Return the outlines of walled compounds in force on a day, in degrees."""
    return list(_shapes(land_queries.compounds(session, on)))


def barriers_of(session: Session, on: date, kinds: Iterable[LandKind]) -> dict[str, list[shapely.Geometry]]:
    """Return the land features in force on a day that are barriers, by kind, in degrees."""
    return {str(kind): list(_shapes(land_queries.features(session, on, (kind,)))) for kind in kinds}


def _shapes(table: pa.Table) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    return geometries(table["geom"])


def _gate(row: dict[str, Any]) -> Gate:
    hours = row["hours"]
    return Gate(
        gate_id=row["gate_id"],
        code=row["code"],
        name=row["name"],
        access=Access(row["access"]),
        spans=None if hours is None else parse_hours(json.loads(hours)).spans,
        lon=row["lon"],
        lat=row["lat"],
    )
