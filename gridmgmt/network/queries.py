"""Reading the walking network and the profiles."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from sqlalchemy import func, select

from gridmgmt.crs import STORAGE_SRID
from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.errors import NotFoundError
from gridmgmt.frames import geometries, read_table
from gridmgmt.network.models import NetworkEdge, NetworkNode, WalkingProfile


def edges(session: Session, edition_id: int) -> pa.Table:
    """Return the edges of an edition in order of their id.

    Columns ``source``, ``target``, ``length_m``, ``component`` and ``geom``.
    """
    statement = (
        select(NetworkEdge.source, NetworkEdge.target, NetworkEdge.length_m, NetworkEdge.component, NetworkEdge.geom)
        .where(NetworkEdge.edition_id == edition_id)
        .order_by(NetworkEdge.edge_id)
    )
    return read_table(session, statement)


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


def profiles(session: Session) -> Sequence[WalkingProfile]:
    """Return all walking profiles by name."""
    return session.scalars(select(WalkingProfile).order_by(WalkingProfile.name)).all()


def profile(session: Session, name: str) -> WalkingProfile:
    """Return one walking profile.

    Raises
    ------
    NotFoundError
        When there is none of that name.
    """
    found = session.get(WalkingProfile, name)
    if found is None:
        known = ", ".join(p.name for p in profiles(session))
        raise NotFoundError("profile_unknown", profile=name, known=known)
    return found


def reference_streets(session: Session, box: tuple[float, float, float, float]) -> NDArray[np.object_]:
    """Return the real streets that touch a box (west, south, east, north), to compare other files with."""
    statement = (
        select(NetworkEdge.geom)
        .join(Edition, Edition.edition_id == NetworkEdge.edition_id)
        .where(~Edition.synthetic, NetworkEdge.geom.op("&&")(func.ST_MakeEnvelope(*box, STORAGE_SRID)))
        .order_by(NetworkEdge.edition_id, NetworkEdge.edge_id)
    )
    return geometries(read_table(session, statement)["geom"])
