"""Storing the walking network."""

import numpy as np
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
        nodes["osm_id"] = network.node_osm_id
    copy_columns(session, NetworkNode.__tablename__, nodes)
    edges: dict[str, object] = {
        "edition_id": edition.edition_id,
        "edge_id": np.arange(len(network.source)),
        "source": network.source,
        "target": network.target,
        "length_m": network.length_m,
        "component": network.edge_component,
        "highway": network.highway,
        "tags": network.tags,
        "geom": network.geometry,
    }
    if network.way_id is not None:
        edges["way_id"] = network.way_id
    return copy_columns(session, NetworkEdge.__tablename__, edges)
