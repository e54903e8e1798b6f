"""A town that is edited in plain arrays and computed anew each time: what a live coverage must always agree with."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.testing import assert_array_equal

from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.edits import AddEdges, AddPoints, Change, Edit, MovePoints, SetCosts, SnapPlaces
from gridmgmt.analysis.walking.incremental import Counting, LiveCoverage
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.search import Nearest, nearest
from gridmgmt.analysis.walking.tally import tally

KINDS = ["costs", "close", "path", "add point", "move point", "close point", "snap places", "split"]
BANDS_CS = [3_000, 6_000, 12_000]
COVERED_CS = 6_000
FIELDS = ("node_cs", "node_point", "place_cs", "place_point")


@dataclass
class Plan:
    """A town of random streets; costs repeat, so that ties are common."""

    rng: np.random.Generator
    trip: Trip
    limit_cs: int
    symmetric: bool
    ends: np.ndarray
    length_m: np.ndarray
    costs: np.ndarray
    n_nodes: int
    points: Snap
    places: Snap
    counting: Counting = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.places.edge)
        self.counting = Counting(
            weights=self.rng.integers(0, 2**40, (n, 3)),
            within=self.rng.random(n) < 0.5,
            covered_cs=COVERED_CS,
            bands_cs=BANDS_CS,
            groups=[(self.rng.integers(-1, 4, n), 4), (self.rng.integers(-1, 2, n), 2)],
        )

    @property
    def graph(self) -> WalkGraph:
        return build_graph(self.n_nodes, self.ends[:, 0], self.ends[:, 1], self.length_m)

    @property
    def edge_costs(self) -> EdgeCosts:
        return EdgeCosts(self.costs[:, 0].astype(np.int32), self.costs[:, 1].astype(np.int32), 0.9)

    def live(self) -> LiveCoverage:
        return LiveCoverage(
            self.graph,
            self.edge_costs,
            points=self.points,
            places=self.places,
            trip=self.trip,
            limit_cs=self.limit_cs,
            counting=self.counting,
        )

    def full(self) -> Nearest:
        return nearest(
            self.graph,
            self.edge_costs,
            points=self.points,
            places=self.places,
            trip=self.trip,
            limit_cs=self.limit_cs,
        )

    def check(self, live: LiveCoverage) -> Nearest:
        """Require that labels and counts are those of a full run."""
        found, full = live.nearest, self.full()
        for name in FIELDS:
            assert_array_equal(getattr(found, name), getattr(full, name), name)
        joins = self.places.edge >= 0
        status = np.where(full.place_cs <= COVERED_CS, PlaceStatus.COVERED, PlaceStatus.UNCOVERED)
        off = np.where(self.counting.within, PlaceStatus.NOT_CONNECTABLE, PlaceStatus.OUTSIDE)
        status = np.where(joins, status, off).astype(np.int8)
        for level, (group, n_groups) in enumerate(self.counting.groups):
            counted = live.tally(level)
            expected = tally(full.place_cs, status, group, n_groups, self.counting.weights, BANDS_CS)
            for name in ("places", "by_status", "by_band"):
                assert_array_equal(getattr(counted, name), getattr(expected, name), name)
        return full

    def spots(self, n: int) -> Snap:
        return random_spots(self.rng, n, len(self.ends))

    def edits(self, kind: str) -> list[Edit]:
        """Make an edit of a kind here, and return it for the live coverage."""
        return getattr(self, f"_{kind.replace(' ', '_')}")()

    def _some_costs(self, n: int) -> np.ndarray:
        costs = self.rng.choice([1, 500, 500, 1_000, 2_000, NO_WAY], (n, 2))
        return costs[:, [0, 0]] if self.symmetric else costs

    def _set_costs(self, edge: np.ndarray, costs: np.ndarray) -> list[Edit]:
        self.costs[edge] = costs
        return [SetCosts(edge, costs[:, 0], costs[:, 1])]

    def _costs(self) -> list[Edit]:
        edge = self.rng.choice(len(self.ends), min(3, len(self.ends)), replace=False)
        return self._set_costs(edge, self._some_costs(len(edge)))

    def _close(self) -> list[Edit]:
        return self._set_costs(self.rng.integers(0, len(self.ends), 1), np.array([[NO_WAY, NO_WAY]]))

    def _add_edges(self, ends: np.ndarray, costs: np.ndarray) -> list[Edit]:
        length_m = self.rng.uniform(1, 9, len(ends))
        self.ends, self.costs = np.vstack([self.ends, ends]), np.vstack([self.costs, costs])
        self.length_m = np.append(self.length_m, length_m)
        self.n_nodes = max(self.n_nodes, int(ends.max()) + 1)
        return [AddEdges(ends[:, 0], ends[:, 1], length_m, costs[:, 0], costs[:, 1])]

    def _path(self) -> list[Edit]:
        """Add a path by one new node, and let some places join it."""
        a, b = self.rng.integers(0, self.n_nodes, 2)
        ends = np.array([[a, self.n_nodes], [self.n_nodes, b]])
        return [*self._add_edges(ends, self._some_costs(2)), *self._snap_places()]

    def _split(self) -> list[Edit]:
        """Put a gate into an edge: two parts, the gate between them, what stood on the edge now on a part."""
        edge = int(self.rng.integers(0, len(self.ends)))
        (source, target), new, half = self.ends[edge], self.n_nodes, len(self.ends)
        ends = np.array([[source, new], [new, new + 1], [new + 1, target]])
        parts = np.array([np.where(self.costs[edge] >= NO_WAY, NO_WAY, 1 + self.costs[edge] // 2)] * 3)
        parts[1] = 1
        edits = [*self._add_edges(ends, parts), *self._set_costs(np.array([edge]), np.array([[NO_WAY, NO_WAY]]))]
        for snap, edit, name in ((self.points, MovePoints, "points"), (self.places, SnapPlaces, "places")):
            on = np.flatnonzero(snap.edge == edge)
            first = snap.fraction[on] < 0.5
            moved = Snap(
                np.where(first, half, half + 2).astype(np.int32),
                np.where(first, 2 * snap.fraction[on], 2 * snap.fraction[on] - 1),
                snap.distance_m[on],
            )
            setattr(self, name, put(snap, on, moved))
            edits.append(edit(on, moved))
        return edits

    def _add_point(self) -> list[Edit]:
        new = self.spots(1)
        self.points = Snap(*(np.append(getattr(self.points, n), getattr(new, n)) for n in Snap.__slots__))
        return [AddPoints(new)]

    def _move_point(self) -> list[Edit]:
        n = len(self.points.edge)
        point = self.rng.choice(n, min(2, n), replace=False)
        spots = self.spots(len(point))
        self.points = put(self.points, point, spots)
        return [MovePoints(point, spots)]

    def _close_point(self) -> list[Edit]:
        point = self.rng.integers(0, max(len(self.points.edge), 1), min(len(self.points.edge), 1))
        spots = replace(self.spots(len(point)), edge=np.full(len(point), -1, dtype=np.int32))
        self.points = put(self.points, point, spots)
        return [MovePoints(point, spots)]

    def _snap_places(self) -> list[Edit]:
        place = self.rng.choice(len(self.places.edge), min(4, len(self.places.edge)), replace=False)
        spots = self.spots(len(place))
        self.places = put(self.places, place, spots)
        return [SnapPlaces(place, spots)]


def random_spots(rng: np.random.Generator, n: int, n_edges: int) -> Snap:
    """Return spots on random edges, some at the ends, some on the street itself, some nowhere."""
    fraction = np.where(rng.random(n) < 0.4, rng.integers(0, 3, n) / 2, rng.random(n))
    distance = np.where(rng.random(n) < 0.4, 0.0, rng.uniform(0, 20, n))
    return Snap(rng.integers(-1, n_edges, n).astype(np.int32), fraction, distance)


def put(snap: Snap, index: np.ndarray, to: Snap) -> Snap:
    """Return a snap with some of its spots replaced."""
    arrays = []
    for name in Snap.__slots__:
        arrays.append(getattr(snap, name).copy())
        arrays[-1][index] = getattr(to, name)
    return Snap(*arrays)


def random_plan(
    seed: int, n_nodes: int, n_edges: int, n_points: int, trip: Trip, *, symmetric: bool, limit_cs: int = NO_WAY
) -> Plan:
    """Return a sparse town with islands, parallel edges, loops, closed directions and equal costs."""
    rng = np.random.default_rng(seed)
    costs = rng.choice([1, 500, 500, 1_000, 2_000, NO_WAY], (n_edges, 2))
    costs = costs[:, [0, 0]] if symmetric else costs
    ends, lengths = rng.integers(0, n_nodes, (n_edges, 2)), rng.uniform(1, 9, n_edges)
    points, places = random_spots(rng, n_points, n_edges), random_spots(rng, 40, n_edges)
    return Plan(rng, trip, limit_cs, symmetric, ends, lengths, costs.copy(), n_nodes, points, places)


def grid_plan(
    seed: int, side: int, n_points: int, n_places: int, trip: Trip, *, symmetric: bool, limit_cs: int
) -> Plan:
    """Return a jittered grid of ``side²`` crossings, 80 m apart."""
    rng = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    ends = np.vstack(
        [
            np.column_stack([node[:, :-1].ravel(), node[:, 1:].ravel()]),
            np.column_stack([node[:-1].ravel(), node[1:].ravel()]),
        ]
    )
    lengths = rng.uniform(40, 120, len(ends))
    out = np.rint(lengths / 0.9 * 100).astype(np.int64)
    back = out if symmetric else np.rint(out * rng.uniform(0.8, 1.2, len(out))).astype(np.int64)
    points, places = random_spots(rng, n_points, len(ends)), random_spots(rng, n_places, len(ends))
    return Plan(
        rng, trip, limit_cs, symmetric, ends, lengths, np.column_stack([out, back]), side * side, points, places
    )


def check_change(change: Change, before: Nearest, after: Nearest) -> None:
    """Require that a change tells all that differs between two full runs, and tells it right."""
    differ = np.flatnonzero((before.place_cs != after.place_cs) | (before.place_point != after.place_point))
    assert set(differ) <= set(change.place.tolist())
    assert np.all(np.diff(change.place) > 0)
    assert_array_equal(change.before_cs, before.place_cs[change.place])
    assert_array_equal(change.after_cs, after.place_cs[change.place])
    assert_array_equal(change.before_point, before.place_point[change.place])
    assert_array_equal(change.after_point, after.place_point[change.place])
    known = change.node[change.node < len(before.node_cs)]
    node = np.flatnonzero(
        (before.node_cs != after.node_cs[: len(before.node_cs)])
        | (before.node_point != after.node_point[: len(before.node_cs)])
    )
    assert sorted(known.tolist()) == node.tolist()
