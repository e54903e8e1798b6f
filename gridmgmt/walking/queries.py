"""Reading what a network is put together from."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from sqlalchemy import Date, Row, Select, bindparam, func, select

from gridmgmt.analysis.walking.draft import Edges
from gridmgmt.analysis.walking.gates import Access, Gate
from gridmgmt.areas.queries import editions_in_force as boundary_editions
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.editions.queries import in_force_on
from gridmgmt.editions.rules import Subject
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import geometries
from gridmgmt.hours import parse_hours
from gridmgmt.land import queries as land_queries
from gridmgmt.land.rules import LandKind
from gridmgmt.network import queries as network_queries
from gridmgmt.walking.edits import Edits, read_edits
from gridmgmt.walking.models import Scenario, ScenarioVersion

GROUND_SUBJECTS = (Subject.NETWORK, Subject.GATES, Subject.LAND, Subject.POPULATION)


def editions_of(session: Session, on: date) -> Sequence[Edition]:
    """Return the editions in force on a day that an answer about walking may stand on, by subject, part and day."""
    return session.scalars(_EDITIONS, {"on": on}).all()


_ON = bindparam("on", type_=Date)
_EDITIONS = (
    select(Edition)
    .where(
        (Edition.subject.in_((*GROUND_SUBJECTS, Subject.SERVICE_POINTS)) & in_force_on(_ON))
        | Edition.edition_id.in_(boundary_editions(_ON))
    )
    .order_by(Edition.subject, Edition.part, Edition.valid_from, Edition.edition_id)
)
"""Built once: it is asked for every answer."""


def edges_of(session: Session, edition_id: int) -> Edges:
    """Return the edges of a network edition with their lines."""
    table, vertices, offsets = network_queries.edge_lines(session, edition_id)
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


@dataclass(frozen=True)
class Planned:
    """One version of a scenario: whose, over which network edition, and its edits."""

    scenario_id: int
    name: str
    version: int
    owner: str
    saved_by: str
    saved_at: datetime
    network_edition_id: int
    network_edition: str
    edits: Edits

    @property
    def edit_count(self) -> int:
        """How many edits it has."""
        return len(self.edits)


@dataclass(frozen=True)
class ScenarioHead:
    """The last version of a scenario without its edits, which may take megabytes."""

    name: str
    version: int
    owner: str
    saved_by: str
    saved_at: datetime
    network_edition: str
    edit_count: int


def scenarios(session: Session) -> list[ScenarioHead]:
    """Return the last version of each scenario that is not deleted, by name."""
    statement = (
        select(
            Scenario.name, Scenario.version, Scenario.owner, ScenarioVersion.saved_by, ScenarioVersion.saved_at,
            Edition.name.label("network_edition"), func.jsonb_array_length(ScenarioVersion.edits).label("edit_count"),
        )
        .join(ScenarioVersion, ScenarioVersion.scenario_id == Scenario.scenario_id)
        .join(Edition, Edition.edition_id == ScenarioVersion.network_edition_id)
        .where(Scenario.version == ScenarioVersion.version, Scenario.deleted_at.is_(None))
        .order_by(Scenario.name)
    )  # fmt: skip
    return [ScenarioHead(**row) for row in session.execute(statement).mappings()]


def versions_of(session: Session, scenario_id: int) -> list[Planned]:
    """Return all versions of a scenario, the last one first."""
    statement = _planned().where(Scenario.scenario_id == scenario_id)
    return [_of_row(row) for row in session.execute(statement.order_by(ScenarioVersion.version.desc()))]


def planned(session: Session, reference: str) -> Planned:
    """Return the last version of the scenario of a name, or the one of ``name@version``.

    Raises
    ------
    NotFoundError
        When there is none; the known names are listed.
    """
    name, _, number = reference.partition("@")
    statement = _planned().where(Scenario.name == name, Scenario.deleted_at.is_(None))
    wanted = int(number) if number.isdecimal() and len(number) < 10 else 0
    statement = statement.where(ScenarioVersion.version == (wanted if number else Scenario.version))
    row = session.execute(statement).one_or_none()
    if row is None:
        known = ", ".join(f"{each.name}@{each.version}" for each in scenarios(session)) or "-"
        raise NotFoundError("scenario_unknown", value=reference, known=known)
    return _of_row(row)


def scenario_named(session: Session, name: str, *, hold: bool = False) -> Scenario | None:
    """Return the scenario of a name that is not deleted, held against others until the transaction ends."""
    statement = select(Scenario).where(Scenario.name == name, Scenario.deleted_at.is_(None))
    return session.scalar(statement.with_for_update() if hold else statement)


def _planned() -> Select[*tuple[Any, ...]]:
    return (
        select(Scenario, ScenarioVersion, Edition.name)
        .join(ScenarioVersion, ScenarioVersion.scenario_id == Scenario.scenario_id)
        .join(Edition, Edition.edition_id == ScenarioVersion.network_edition_id)
    )


def _of_row(row: Row[*tuple[Any, ...]]) -> Planned:
    scenario, version, edition = row
    return Planned(
        scenario_id=scenario.scenario_id,
        name=scenario.name,
        version=version.version,
        owner=scenario.owner,
        saved_by=version.saved_by,
        saved_at=version.saved_at,
        network_edition_id=version.network_edition_id,
        network_edition=edition,
        edits=read_edits(version.edits),
    )
