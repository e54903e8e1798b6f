"""An edit beside a full warm run with aggregation: Wuhan's streets, its elders on 100 m cells, 500 seeded points.

The full run is what a warm service would do after each edit: nearest points of all nodes and places on the edited
network, whose graph is built already, their statuses, and the counts by age and band at four levels, of 1 to 1,600
squares. The edit does the same for what it touches. After every edit all labels and counts must be equal.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from harness import publish, require, shared_data
from numpy.typing import NDArray
from pyproj import Transformer
from seeded_points import seeded_points
from wuhan_run import BANDS

from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import EdgeIndex, Snap, flatten
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.edits import (
    AddEdges,
    AddPoints,
    Edit,
    MovePoints,
    SetCosts,
    SnapPlaces,
    close_points,
)
from gridmgmt.analysis.walking.incremental import Counting, LiveCoverage
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, to_cs
from gridmgmt.analysis.walking.search import Nearest, nearest
from gridmgmt.analysis.walking.tally import Tally, tally, to_fixed
from gridmgmt.ingest.network import read_network
from gridmgmt.ingest.raster import read_population_rasters
from gridmgmt.units import AGE_BANDS

SPEED_M_PER_S = 0.83
COVERED_CS = 120_000
BANDS_CS = (60_000, 90_000, 120_000)
CONNECTION_LIMIT_M = 100.0
SQUARES = (1, 4, 16, 40)
"""Into how many squares the town is cut each way at each level of the counts, as into towns, units and quarters."""
REPLAYS = 5
"""How often all edits follow each other; the time of an edit is the median."""
EDITS = 30
"""Of each kind."""
SEED = 6
BAR = 1 / 100
METRIC_SRID = 32650


class Town:
    """Wuhan as arrays; ``xy_m`` of nodes and places in UTM 50N."""

    def __init__(self) -> None:
        streets = shared_data("networks/wuhan_streets.parquet")
        rasters = shared_data("population/wuhan_worldpop")
        network = read_network(streets).whole()
        self.node_xy_m = metric(network.node_lonlat)
        vertices, offsets = flatten(network.geometry)
        self.index = EdgeIndex.build(metric(vertices), offsets)
        self.graph = build_graph(len(network.node_lonlat), network.source, network.target, network.length_m)
        cost = np.maximum(to_cs(network.length_m / SPEED_M_PER_S), 1)
        self.costs = EdgeCosts(cost, cost, SPEED_M_PER_S)
        files = {band: [rasters / f"pop_{age}_{sex}_wuhan.tif" for sex in "fm"] for age, band in BANDS.items()}
        frame = read_population_rasters(files).whole().frame
        lonlat = shapely.get_coordinates(frame.geometry.to_numpy())
        (west, south), (east, north) = network.node_lonlat.min(axis=0), network.node_lonlat.max(axis=0)
        inside = (lonlat >= (west, south)).all(axis=1) & (lonlat <= (east, north)).all(axis=1)
        frame, self.place_xy_m = frame[inside], metric(lonlat[inside])
        self.places = self.index.nearest(self.place_xy_m, CONNECTION_LIMIT_M + frame["connect_extra_m"].to_numpy())
        self.points = self.snap(metric(seeded_points(gpd.read_parquet(streets), 500, 1)))
        columns = ["residents_60_plus", *(f"residents_{band}" for band in AGE_BANDS)]
        self.counting = Counting(
            weights=to_fixed("residents", frame[columns].to_numpy()),
            within=np.ones(len(frame), dtype=np.bool_),
            covered_cs=COVERED_CS,
            bands_cs=BANDS_CS,
            groups=[(self._squares(n), n * n) for n in SQUARES],
        )

    def snap(self, xy_m: NDArray[np.float64]) -> Snap:
        """Return where positions on streets join them."""
        return self.index.nearest(xy_m, CONNECTION_LIMIT_M)

    def _squares(self, n: int) -> NDArray[np.int64]:
        low, high = self.place_xy_m.min(axis=0), self.place_xy_m.max(axis=0)
        column, row = np.minimum((self.place_xy_m - low) / (high - low) * n, n - 1).astype(np.int64).T
        return row * n + column


def metric(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return UTM coordinates of degrees."""
    return np.column_stack(Transformer.from_crs(4326, METRIC_SRID, always_xy=True).transform(*lonlat.T))


class Edits:
    """Seeded edits of each kind, on the town as it then stands."""

    def __init__(self, town: Town, live: LiveCoverage) -> None:
        self.town, self.live, self.rng = town, live, np.random.default_rng(SEED)
        self.closed: list[int] = []

    def _spot(self) -> Snap:
        return Snap(self.rng.integers(0, self.town.graph.n_edges, 1).astype(np.int32), self.rng.random(1), np.zeros(1))

    def _point(self) -> NDArray[np.int64]:
        return self.rng.choice(np.flatnonzero(self.live.town()[2].edge >= 0), 1)

    def add_point(self) -> list[Edit]:
        """Open a point at a random spot."""
        return [AddPoints(self._spot())]

    def move_point(self) -> list[Edit]:
        """Move a random point to a random spot."""
        return [MovePoints(self._point(), self._spot())]

    def close_point(self) -> list[Edit]:
        """Close a random point."""
        return [close_points(self._point())]

    def close_gate(self) -> list[Edit]:
        """Close a random edge."""
        self.closed.append(int(self.rng.integers(self.town.graph.n_edges)))
        return [SetCosts(self.closed[-1], NO_WAY, NO_WAY)]

    def open_gate(self) -> list[Edit]:
        """Open the edge that was closed last."""
        edge = self.closed.pop()
        return [SetCosts(edge, self.town.costs.out_cs[edge], self.town.costs.back_cs[edge])]

    def move_gate(self) -> list[Edit]:
        """Open the edge that was closed last and close another."""
        return [*self.open_gate(), *self.close_gate()] if self.closed else self.close_gate()

    def add_path(self) -> list[Edit]:
        """Add a path of two edges between crossings up to 400 m apart; places that are nearer to it join it."""
        xy_m = self.town.node_xy_m
        a = int(self.rng.integers(len(xy_m)))
        distance_m = np.hypot(*(xy_m - xy_m[a]).T)
        b = int(self.rng.choice(np.flatnonzero((distance_m > 50) & (distance_m < 400))))
        middle = (xy_m[a] + xy_m[b]) / 2 + self.rng.normal(0, 20, 2)
        path = EdgeIndex.build(np.vstack([xy_m[a], middle, middle, xy_m[b]]), [0, 2, 4])
        lengths = np.hypot(*(np.array([middle - xy_m[a], xy_m[b] - middle])).T)
        cost = np.maximum(to_cs(lengths / SPEED_M_PER_S), 1)
        graph, _, _, places = self.live.town()
        found = path.nearest(self.town.place_xy_m, CONNECTION_LIMIT_M)
        nearer = np.flatnonzero((found.edge >= 0) & (found.distance_m < places.distance_m))
        first_edge = graph.n_edges
        snap = Snap(
            (found.edge[nearer] + first_edge).astype(np.int32), found.fraction[nearer], found.distance_m[nearer]
        )
        ends = [a, graph.n_nodes], [graph.n_nodes, b]
        return [AddEdges(*ends, lengths, cost, cost), SnapPlaces(nearer, snap)]


KINDS = ("add_point", "move_point", "close_point", "close_gate", "move_gate", "add_path", "open_gate")


def full_run(town: tuple[WalkGraph, EdgeCosts, Snap, Snap], counting: Counting | None) -> tuple[Nearest, list[Tally]]:
    """Answer anew on a network whose graph is built."""
    graph, costs, points, places = town
    found = nearest(graph, costs, points=points, places=places)
    if counting is None:
        return found, []
    reached = np.where(found.place_cs <= counting.covered_cs, PlaceStatus.COVERED, PlaceStatus.UNCOVERED)
    status = np.where(places.edge >= 0, reached, PlaceStatus.NOT_CONNECTABLE).astype(np.int8)
    counted = [tally(found.place_cs, status, *group, counting.weights, counting.bands_cs) for group in counting.groups]
    return found, counted


def same(live: LiveCoverage, full: tuple[Nearest, list[Tally]], kind: str) -> None:
    """Require equal labels and counts, to the bit."""
    pairs = [(live.nearest, full[0]), *((live.tally(level), counted) for level, counted in enumerate(full[1]))]
    for mine, its in pairs:
        for name in its.__slots__:
            require(np.array_equal(getattr(mine, name), getattr(its, name)), f"{name} differs after {kind}")


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and answer."""
    began = time.perf_counter()
    answer = run()
    return time.perf_counter() - began, answer


def held_mib(town: Town) -> float:
    """Return what a live coverage with counts holds beside the residents, which are the caller's."""
    live = LiveCoverage(town.graph, town.costs, points=town.points, places=town.places, counting=town.counting)
    return live.nbytes / 2**20


def what_if(live: LiveCoverage, edits: Sequence[Edit]) -> None:
    """Make edits and unmake them."""
    with live.what_if(*edits):
        pass


def measure(town: Town, counting: Counting | None) -> dict[str, dict[str, float]]:
    """Return for each kind of edit the times and the ratios to full runs.

    The first time, each edit follows a full run, which leaves nothing of the edit's memory in the processor's caches,
    and is checked against one; the full run is timed the second time in a row. The second time, edits follow edits.
    """
    start = partial(LiveCoverage, town.graph, town.costs, points=town.points, places=town.places, counting=counting)
    live = start()
    edits = Edits(town, live)
    same(live, full_run(live.town(), counting), "the start")
    made, rows = [], []
    for kind in np.repeat(KINDS, EDITS):
        made.append(getattr(edits, kind)())
        full_run((town.graph, town.costs, town.points, town.places), counting)
        cold_s, change = timed(lambda: live.apply(*made[-1]))
        edited = live.town()
        full_run(edited, counting)
        full_s, full = timed(partial(full_run, edited, counting))
        same(live, full, kind)
        rows.append((cold_s, full_s, len(change.node), len(change.place)))
    edit_s = np.median([_replay(start(), made) for _ in range(REPLAYS)], axis=0)
    what_if_s = np.median([_replay_what_ifs(start(), made) for _ in range(REPLAYS)], axis=0)
    table = np.column_stack([edit_s, what_if_s, rows]).reshape(len(KINDS), EDITS, -1)
    return {kind: _figures(table[number]) for number, kind in enumerate(KINDS)}


def _replay(live: LiveCoverage, made: Sequence[Sequence[Edit]]) -> list[float]:
    """Return the seconds of each edit, one after the other."""
    return [timed(partial(live.apply, *edits))[0] for edits in made]


def _replay_what_ifs(live: LiveCoverage, made: Sequence[Sequence[Edit]]) -> list[float]:
    """Return the seconds of asking each edit before it is made."""
    seconds = []
    for edits in made:
        seconds.append(timed(partial(what_if, live, edits))[0])
        live.apply(*edits)
    return seconds


def _figures(table: NDArray[np.float64]) -> dict[str, float]:
    edit_s, what_if_s, cold_s, full_s, nodes, places = table.T
    return {
        "edit_median_us": float(np.median(edit_s)) * 1e6,
        "edit_worst_us": float(edit_s.max()) * 1e6,
        "edit_after_full_run_median_us": float(np.median(cold_s)) * 1e6,
        "what_if_median_us": float(np.median(what_if_s)) * 1e6,
        "full_median_us": float(np.median(full_s)) * 1e6,
        "full_over_edit_median": float(np.median(full_s / edit_s)),
        "full_over_edit_worst": float((full_s / edit_s).min()),
        "full_over_edit_after_full_run_median": float(np.median(full_s / cold_s)),
        "nodes_median": float(np.median(nodes)),
        "nodes_worst": int(nodes.max()),
        "places_median": float(np.median(places)),
        "places_worst": int(places.max()),
    }


def main() -> None:
    """Edit Wuhan with and without counts, and publish the ratios."""
    town = Town()
    counted, plain = measure(town, town.counting), measure(town, None)
    slowest = min(kind["full_over_edit_median"] for kind in counted.values())
    publish(
        "incremental",
        {
            "nodes": town.graph.n_nodes,
            "edges": town.graph.n_edges,
            "places": len(town.places.edge),
            "residents_60_plus": float(town.counting.weights[:, 0].sum()) / 2**34,
            "levels": [n * n for n in SQUARES],
            "edits_of_each_kind": EDITS,
            "held_mib": held_mib(town),
            "labels_mib": (town.graph.n_nodes + len(town.places.edge)) * 8 / 2**20,
            "with_counts": counted,
            "without_counts": plain,
            "median_full_over_edit_without_counts": statistics.median(
                kind["full_over_edit_median"] for kind in plain.values()
            ),
        },
        bars={"edit over full run, median of the slowest kind": (1 / slowest, BAR)},
    )


if __name__ == "__main__":
    main()
