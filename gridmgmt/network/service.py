"""Storing the walking network."""

import numpy as np
import pyarrow as pa
import shapely

from gridmgmt.db import Session
from gridmgmt.editions.models import Edition
from gridmgmt.frames import copy_columns
from gridmgmt.ingest.network import NetworkIntake
from gridmgmt.network.models import NetworkEdge, NetworkNode


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
        "way_id": network.way_id,
        "geom": network.geometry,
    }
    return copy_columns(session, NetworkEdge.__tablename__, edges)
