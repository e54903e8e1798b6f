"""The walk network of Porto, as the benchmarks use it."""

from dataclasses import dataclass

import numpy as np
import shapely
from harness import shared_data
from numpy.typing import NDArray
from pyproj import Transformer

from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.ingest.network import read_network

METRIC_SRID = 32629


@dataclass(frozen=True)
class Porto:
    """Graph, edge lines and nodes in UTM 29N, nodes in degrees, and counts."""

    graph: WalkGraph
    lines: NDArray[np.object_]
    node_xy: NDArray[np.float64]
    node_lonlat: NDArray[np.float64]

    @property
    def facts(self) -> dict[str, object]:
        """Return the size of the network."""
        return {"nodes": self.graph.n_nodes, "edges": self.graph.n_edges, "km": self.graph.length_m.sum() / 1000}


def read_porto() -> Porto:
    """Read the network from the shared OpenStreetMap file."""
    network = read_network(shared_data("networks/porto_portugal.osm.pbf"))
    to_metric = Transformer.from_crs(4326, METRIC_SRID, always_xy=True)
    lines = shapely.transform(network.geometry, lambda xy: np.column_stack(to_metric.transform(*xy.T)))
    graph = build_graph(len(network.node_lonlat), network.source, network.target, network.length_m)
    return Porto(graph, lines, np.column_stack(to_metric.transform(*network.node_lonlat.T)), network.node_lonlat)
