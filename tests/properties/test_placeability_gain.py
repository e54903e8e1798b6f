"""What one more point changes is the difference of two full runs, with it and without it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.analysis.walking.matrix import PlacesByEdge, from_one
from gridmgmt.analysis.walking.model import EdgeCosts, Trip
from gridmgmt.analysis.walking.search import Nearest, nearest
from gridmgmt.analysis.walking.tally import from_fixed, tally, to_fixed
from gridmgmt.placeability.gain import Reached, Shares, band_gains, loads, newly_covered, served, taken

N_NODES, N_PLACES, N_GROUPS = 12, 30, 3
BANDS_CS = (600, 1_500, 3_000)
LIMIT_CS = BANDS_CS[-1]

Town = tuple[WalkGraph, EdgeCosts, Snap, Snap, np.ndarray, np.ndarray]


@st.composite
def towns(draw: st.DrawFn) -> Town:
    """Draw directed streets, places on or off them, points of which the last is the new one, and residents."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_edges, n_points = draw(st.integers(8, 30)), draw(st.integers(1, 6))
    source, target = rng.integers(0, N_NODES, (2, n_edges))
    graph = build_graph(N_NODES, source, target, rng.uniform(1, 30, n_edges))
    same = draw(st.booleans())
    out_cs = rng.integers(1, 1_500, n_edges).astype(np.int32)
    back_cs = out_cs if same else rng.integers(1, 1_500, n_edges).astype(np.int32)
    places, points = (_snap(rng, count, n_edges) for count in (N_PLACES, n_points))
    residents = rng.choice([0.0, 1.0, 3.0, 0.1, 2.37], (N_PLACES, 6))
    return graph, EdgeCosts(out_cs, back_cs, 1.0), places, points, residents, rng.integers(-1, N_GROUPS, N_PLACES)


def _snap(rng: np.random.Generator, count: int, n_edges: int) -> Snap:
    edge = rng.integers(-1, n_edges, count).astype(np.int32)
    return Snap(edge, rng.choice([0.0, 0.25, 0.5, 1.0], count), np.where(edge >= 0, rng.integers(0, 5, count), np.inf))


def part(snap: Snap, rows: slice) -> Snap:
    return Snap(snap.edge[rows], snap.fraction[rows], snap.distance_m[rows])


def searched(town: Town, trip: Trip) -> tuple[Nearest, Nearest, Reached]:
    """Return the full run without the last point, the one with it, and what the last point's own search tells."""
    graph, costs, places, points, _, _ = town
    before = nearest(graph, costs, points=part(points, slice(-1)), places=places, trip=trip, limit_cs=10**6)
    after = nearest(graph, costs, points=points, places=places, trip=trip, limit_cs=10**6)
    found = from_one(
        graph, costs, point=part(points, slice(-1, None)), places=places,
        by_edge=PlacesByEdge.build(places, graph.n_edges), trip=trip, limit_cs=LIMIT_CS,
    )  # fmt: skip
    return before, after, Reached.of(found, before.place_cs, before.place_point)


def tallied(town: Town, found: Nearest) -> np.ndarray:
    """Return residents by band and column of a full run, in fixed point."""
    _, _, places, _, residents, _ = town
    status = np.where(places.edge < 0, PlaceStatus.NOT_CONNECTABLE, PlaceStatus.UNCOVERED)
    status = np.where(found.place_cs <= LIMIT_CS, PlaceStatus.COVERED, status).astype(np.int8)
    weights, everything = to_fixed("residents", residents), np.zeros(N_PLACES, dtype=np.int64)
    return tally(found.place_cs, status, everything, 1, weights, BANDS_CS).by_band[0]


@given(towns(), st.sampled_from(Trip))
def test_newly_covered_is_coverage_with_less_coverage_without(town, trip) -> None:
    before, after, reached = searched(town, trip)
    new = band_gains(reached, to_fixed("residents", town[4]), BANDS_CS)
    assert np.array_equal(new, tallied(town, after) - tallied(town, before)), "to the bit"
    fresh = newly_covered(reached, LIMIT_CS)
    whole = (town[4][reached.place[fresh], 0]).sum()
    assert abs(float(from_fixed(new[-1, 0])) - whole) < 1e-6


@given(towns(), st.sampled_from(Trip))
def test_those_who_change_are_those_whose_nearest_point_is_another_one_now(town, trip) -> None:
    before, after, reached = searched(town, trip)
    weights, n_points = to_fixed("residents", town[4]), len(town[3].edge)
    old = loads(before.place_cs, before.place_point, weights, n_points, LIMIT_CS)
    new = loads(after.place_cs, after.place_point, weights, n_points, LIMIT_CS)
    lost = dict(taken(reached, weights, LIMIT_CS))
    assert {point: int(old[point] - new[point]) for point in lost} == lost
    unchanged = [point for point in range(n_points - 1) if point not in lost]
    assert np.array_equal(old[unchanged], new[unchanged])
    mine = reached.place[served(reached, LIMIT_CS)]
    assert int(weights[mine, 0].sum()) == new[-1]


@given(towns())
def test_shares_of_areas_are_those_of_a_full_run(town) -> None:
    before, after, reached = searched(town, Trip.TO_POINT)
    weights, group = to_fixed("residents", town[4]), town[5].astype(np.int32)
    fresh = reached.where(newly_covered(reached, LIMIT_CS))
    then = Shares.of(group, weights, before.place_cs, LIMIT_CS, N_GROUPS)
    now = Shares.of(group, weights, after.place_cs, LIMIT_CS, N_GROUPS)
    found = then.with_more(group[fresh.place], weights[fresh.place, 0])
    assert np.array_equal(found.covered, now.covered)
    assert found.evenness() == now.evenness()


def test_evenness_worked_out_by_hand() -> None:
    """Two areas of ten: all of one covered, half of the other. Gini: |1 - 0.5| over twice the mean 0.75, halved."""
    shares = Shares(to_fixed("r", [10, 10]), to_fixed("c", [10, 5]))
    gini, least = shares.evenness()
    assert (round(gini, 12), least) == (round(0.25 / 1.5, 12), 0.5)


def test_where_nobody_is_covered_all_have_the_same() -> None:
    assert Shares(to_fixed("r", [10, 10]), to_fixed("c", [0, 0])).evenness() == (0.0, 0.0)
