"""Siting questions on real streets, as the benchmarks ask them."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from harness import shared_data
from numpy.typing import NDArray
from porto import read_porto
from pyproj import Transformer
from scipy.spatial import cKDTree
from seeded_points import seeded_points

from gridmgmt.analysis.graph import build_graph
from gridmgmt.analysis.siting.model import Candidates, Demand
from gridmgmt.analysis.snapping import EdgeIndex, Snap, flatten
from gridmgmt.analysis.walking.matrix import times_to_places
from gridmgmt.analysis.walking.model import EdgeCosts, to_cs
from gridmgmt.analysis.walking.tally import from_fixed, to_fixed
from gridmgmt.ingest.network import read_network
from gridmgmt.ingest.raster import read_population_rasters

SEED = 2020
SPEED_M_PER_S = 0.83
LIMIT_CS = 120_000
DENSE_RADIUS_M = 6_000.0
MOST_ELDERS = 12
CONNECTION_M = 100.0
WUHAN_SRID = 32650
BANDS = {"60": "60_64", "65": "65_69", "70": "70_74", "75": "75_79", "80": "80_plus"}


@dataclass(frozen=True)
class Question:
    """Demand and candidates with their walks of up to 20 minutes."""

    demand: Demand
    candidates: Candidates

    @property
    def facts(self) -> dict[str, object]:
        """Return the size of the question."""
        return {
            "places": len(self.demand.weight),
            "residents": float(from_fixed(self.demand.weight.sum())),
            "candidates": len(self.candidates),
            "pairs": len(self.candidates.times.cs),
            "limit_s": LIMIT_CS / 100,
            "speed_m_per_s": SPEED_M_PER_S,
        }


def costs_of(length_m: NDArray[np.float64]) -> EdgeCosts:
    """Return what the edges cost, the same both ways."""
    cost = np.maximum(to_cs(length_m / SPEED_M_PER_S), 1).astype(np.int32)
    return EdgeCosts(cost, cost, SPEED_M_PER_S)


def porto_questions(*sizes: tuple[int, int]) -> list[Question]:
    """Return questions of so many places and candidates on the streets within 6 km of Porto's densest spot.

    Places lie along the streets in proportion to their length, with 1 … 12 elders each.
    """
    network = read_porto()
    graph, xy = network.graph, network.node_xy
    counts = cKDTree(xy).query_ball_point(xy[::50], DENSE_RADIUS_M, return_length=True)
    middle = (xy[graph.source] + xy[graph.target]) / 2
    near = np.hypot(*(middle - xy[::50][counts.argmax()]).T) < DENSE_RADIUS_M
    edges = np.flatnonzero(near & (graph.edge_component == 0))
    length = graph.length_m[edges]
    questions = []
    for n, m in sizes:
        rng = np.random.default_rng(SEED)
        places, points = (
            Snap(rng.choice(edges, k, p=length / length.sum()).astype(np.int32), rng.random(k), np.zeros(k))
            for k in (n, m)
        )
        times = times_to_places(graph, costs_of(graph.length_m), points=points, places=places, limit_cs=LIMIT_CS)
        elders = to_fixed("elders", rng.integers(1, MOST_ELDERS, n, endpoint=True))
        questions.append(Question(Demand.of(elders), Candidates(times)))
    return questions


def wuhan_question(candidates: int) -> Question:
    """Return the question of Wuhan: cells of 100 m with their elders, candidates at seeded places along the streets."""
    streets = shared_data("networks/wuhan_streets.parquet")
    rasters = shared_data("population/wuhan_worldpop")
    network = read_network(streets)
    files = {band: [rasters / f"pop_{age}_{sex}_wuhan.tif" for sex in "fm"] for age, band in BANDS.items()}
    cells = read_population_rasters(files).whole().frame
    lonlat = shapely.get_coordinates(cells.geometry.to_numpy())
    inside = np.all((lonlat >= network.node_lonlat.min(axis=0)) & (lonlat <= network.node_lonlat.max(axis=0)), axis=1)
    to_metric = Transformer.from_crs(4326, WUHAN_SRID, always_xy=True)

    def metric(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_metric.transform(*lonlat.T))

    index = EdgeIndex.build(*flatten(shapely.transform(network.geometry, metric)))
    graph = build_graph(len(network.node_lonlat), network.source, network.target, network.length_m)
    reach_m = CONNECTION_M + float(cells["connect_extra_m"].max())
    spots = seeded_points(gpd.read_parquet(streets), candidates, seed=1)
    times = times_to_places(
        graph, costs_of(graph.length_m), points=index.nearest(metric(spots), CONNECTION_M),
        places=index.nearest(metric(lonlat[inside]), reach_m), limit_cs=LIMIT_CS,
    )  # fmt: skip
    elders = to_fixed("elders", cells["residents_60_plus"].to_numpy()[inside])
    return Question(Demand.of(elders), Candidates(times))
