"""From arrays to the answer of a run: network, places and points in, walk times, statuses and the document out."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from numpy.typing import NDArray

from gridmgmt import __version__
from gridmgmt.analysis.coverage import NearestService, classify, nearest_service
from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import EdgeIndex, Snap, flatten
from gridmgmt.crs import STORAGE_SRID
from gridmgmt.frames import geometries
from gridmgmt.population.models import RESIDENT_COLUMNS


@dataclass(frozen=True, eq=False)
class WalkNetwork:
    """A network edition ready for searches: the graph, an index of the main component's edges, and its hull.

    ``hull`` is the convex hull of the main component, in EPSG:4326; what lies beyond is outside the network.
    """

    graph: WalkGraph
    main: EdgeIndex
    minor: EdgeIndex | None
    hull: shapely.Polygon
    crs: pyproj.CRS

    def project(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return metric coordinates ``(n, 2)`` of degrees ``(n, 2)``."""
        return _project(lonlat, self.crs)


@dataclass(frozen=True, eq=False)
class Reach:
    """Where places and points join the network and what the search found for each place."""

    places: Snap
    points: Snap
    nearest: NearestService
    status: NDArray[np.int8]
    point_reason: list[str | None]


def build_network(edges: pa.Table, n_nodes: int, crs: pyproj.CRS) -> WalkNetwork:
    """Return the network for a table of edges (see :func:`gridmgmt.network.queries.edges`)."""
    vertices, offsets = flatten(geometries(edges["geom"]))
    xy = _project(vertices, crs)
    in_main = edges["component"].to_numpy() == 0
    graph = build_graph(n_nodes, edges["source"].to_numpy(), edges["target"].to_numpy(), edges["length_m"].to_numpy())
    hull = shapely.convex_hull(shapely.linestrings(vertices[np.repeat(in_main, np.diff(offsets))]))
    minor = None if in_main.all() else EdgeIndex.build(xy, offsets, ~in_main)
    return WalkNetwork(graph, EdgeIndex.build(xy, offsets, in_main), minor, hull, crs)


def search(
    network: WalkNetwork,
    places: pa.Table,
    points: pa.Table,
    *,
    limit_s: float,
    speed_m_per_s: float,
    connection_limit_m: float,
) -> Reach:
    """Return the nearest point and the status of every place.

    A place joins the main component within the connection limit plus its own allowance (a raster cell's half
    diagonal), or is not connectable; beyond the network's hull it is outside. Times have no limit, so that an
    uncovered place knows how far it is.
    """
    place_lonlat, point_lonlat = lonlat_of(places), lonlat_of(points)
    place_snap = network.main.nearest(
        network.project(place_lonlat), connection_limit_m + places["connect_extra_m"].to_numpy()
    )
    point_xy = network.project(point_lonlat)
    point_snap = network.main.nearest(point_xy, connection_limit_m)
    nearest = nearest_service(network.graph, points=point_snap, places=place_snap, speed_m_per_s=speed_m_per_s)
    connectable = place_snap.edge >= 0
    inside = connectable | _within(network.hull, place_lonlat)
    status = classify(nearest.time_s, connectable, inside, limit_s)
    reasons = _point_reasons(network, point_snap, point_xy, point_lonlat, connection_limit_m)
    return Reach(place_snap, point_snap, nearest, status, reasons)


def residents(places: pa.Table, *, places_only: bool) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return the weight of each place ``(n,)`` and the weights by age band ``(n, 5)``, None where there are none."""
    if places_only:
        return np.ones(places.num_rows), None
    bands = np.column_stack([places[name].to_numpy() for name in RESIDENT_COLUMNS])
    total = places["residents_60_plus"].to_numpy()
    return np.nan_to_num(total), None if np.isnan(bands).all() else np.nan_to_num(bands)


@cache
def code_version() -> str:
    """Return the version and a fingerprint of the code that decides the numbers."""
    digest = hashlib.sha256()
    for package in ("gridmgmt.analysis", "gridmgmt.coverage"):
        for file in sorted(resources.files(package).iterdir(), key=lambda f: f.name):
            if file.name.endswith(".py"):
                digest.update(file.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def _project(lonlat: NDArray[np.float64], crs: pyproj.CRS) -> NDArray[np.float64]:
    transformer = pyproj.Transformer.from_crs(STORAGE_SRID, crs, always_xy=True)
    return np.column_stack(transformer.transform(lonlat[:, 0], lonlat[:, 1]))


def lonlat_of(table: pa.Table) -> NDArray[np.float64]:
    """Return the positions of a table's rows in degrees, ``(n, 2)``."""
    return np.column_stack([table["lon"].to_numpy(), table["lat"].to_numpy()])


def _within(polygon: shapely.Geometry, lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
    shapely.prepare(polygon)
    inside: NDArray[np.bool_] = shapely.intersects_xy(polygon, lonlat[:, 0], lonlat[:, 1])
    return inside


def _point_reasons(
    network: WalkNetwork, snap: Snap, xy: NDArray[np.float64], lonlat: NDArray[np.float64], limit_m: float
) -> list[str | None]:
    """Return why each point that does not join the main component does not."""
    inside = _within(network.hull, lonlat)
    on_minor = np.zeros(len(xy), dtype=bool)
    if network.minor is not None:
        on_minor = network.minor.nearest(xy, limit_m).edge >= 0
    reasons = np.where(on_minor, "minor_component", np.where(inside, "too_far", "outside"))
    return [None if edge >= 0 else str(reason) for edge, reason in zip(snap.edge, reasons, strict=True)]
