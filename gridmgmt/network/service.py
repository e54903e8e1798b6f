"""Storing the walking network, gates and profiles."""

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from gridmgmt.access.rules import Actor, Permission
from gridmgmt.access.service import record, require
from gridmgmt.analysis.walking.model import WalkProfile
from gridmgmt.db import Session, translated
from gridmgmt.editions.models import Edition
from gridmgmt.errors import ConflictError
from gridmgmt.frames import copy_columns, copy_rows
from gridmgmt.ingest.network import NetworkIntake
from gridmgmt.network.models import Gate, NetworkEdge, NetworkNode, WalkingProfile
from gridmgmt.network.queries import profile_editions
from gridmgmt.network.rules import check_profile

if TYPE_CHECKING:
    import geopandas as gpd

_GATE_COLUMNS = (
    "edition_id", "code", "name", "access", "hours", "hours_text", "osm_id", "attributes", "geom",
)  # fmt: skip


def store(session: Session, edition: Edition, network: NetworkIntake) -> int:
    """Store nodes and edges of an edition and return the number of edges."""
    lonlat = network.node_lonlat
    nodes: dict[str, object] = {
        "edition_id": edition.edition_id,
        "node_id": np.arange(len(lonlat)),
        "component": network.node_component,
        "geom": shapely.points(lonlat),
    }
    if network.node_osm_id is not None:
        made_here = network.node_osm_id < 0
        nodes["osm_id"] = pa.array(network.node_osm_id, mask=made_here)
    copy_columns(session, NetworkNode.__tablename__, nodes)
    edges: dict[str, object] = {
        "edition_id": edition.edition_id,
        "edge_id": np.arange(len(network.source)),
        "source": network.source,
        "target": network.target,
        "length_m": network.length_m,
        "component": network.component,
        "highway": network.highway,
        "tags": network.tags,
        "traits": network.traits,
        "slope": network.slope,
        "way_id": network.way_id,
        "geom": network.geometry,
    }
    rows = (
        (
            edition.edition_id, gate.code, gate.name, str(gate.access), gate.hours, gate.hours_text, gate.osm_id,
            {"kind": gate.kind}, shapely.Point(lonlat[gate.node]),
        )
        for gate in network.gates
    )  # fmt: skip
    copy_rows(session, Gate.__tablename__, _GATE_COLUMNS, rows)
    return copy_columns(session, NetworkEdge.__tablename__, edges)


def store_gates(session: Session, edition: Edition, frame: "gpd.GeoDataFrame") -> int:
    """Store the gates of a table and return how many.

    Parameters
    ----------
    frame
        EPSG:4326 points, columns as :func:`gridmgmt.ingest.gates.read_gates` returns them.
    """
    said = ("code", "name", "access", "hours", "hours_text", "attributes")
    rows = (
        (edition.edition_id, code, name, str(access), hours, hours_text, None, attributes, geom)
        for code, name, access, hours, hours_text, attributes, geom in zip(
            *(frame[column] for column in said), frame.geometry, strict=True
        )
    )
    return copy_rows(session, Gate.__tablename__, _GATE_COLUMNS, rows)


def add_profile(session: Session, actor: Actor, profile: WalkProfile, valid_from: date) -> WalkingProfile:
    """Put a new edition of a walking profile in force from a day on; the one before ends that day.

    Raises
    ------
    ForbiddenError
        When the actor may not import.
    InputError
        When a number is out of its bounds, see :func:`gridmgmt.network.rules.check_profile`.
    ConflictError
        When the profile has an edition of that name, or one that begins later.
    """
    require(actor, Permission.IMPORT)
    check_profile(profile)
    known = [row for row in profile_editions(session) if row.name == profile.name]
    if any(row.edition == profile.edition for row in known):
        raise ConflictError("profile_edition_taken", name=profile.name, edition=profile.edition)
    last = max(known, key=lambda row: row.valid_from, default=None)
    if last is not None:
        if last.valid_from > valid_from:
            raise ConflictError(
                "profile_begins_too_early", name=profile.name, valid_from=valid_from, latest=last.valid_from
            )
        last.valid_to = valid_from
        session.flush()
    added = WalkingProfile(**asdict(profile), valid_from=valid_from)
    session.add(added)
    with translated():
        session.flush()
    facts = {**asdict(profile), "valid_from": valid_from.isoformat()}
    record(session, actor, "profile.add", f"profile:{profile.name}/{profile.edition}", after=facts)
    return added
