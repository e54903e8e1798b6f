"""Guaranteed areas against the walks of spots: what is certain holds none that is too far, and nothing is left out."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import EdgeIndex, Snap, flatten
from gridmgmt.analysis.walking.isochrones import Fineness, Ground, Isochrone, isochrones
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.rounds import nearest_trip

CONNECTION_M = 60.0
SPOTS = 4_000


@st.composite
def towns(draw, kinds=("even", "directed", "partly closed")):
    """Bent streets between some nodes, their costs both ways, some closed one way, and points anywhere along them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nodes = rng.uniform((530_000, 4_560_000), (530_600, 4_560_600), (draw(st.integers(2, 14)), 2))
    ends = rng.integers(0, len(nodes), (draw(st.integers(1, 25)), 2))
    bends = [rng.normal(0, 40, (rng.integers(0, 3), 2)) for _ in ends]
    lines = np.array([
        shapely.LineString([nodes[a], *(nodes[a] + (nodes[b] - nodes[a]) * 0.5 + bend), nodes[b]])
        for (a, b), bend in zip(ends, bends, strict=True)
    ])  # fmt: skip
    graph = build_graph(len(nodes), ends[:, 0], ends[:, 1], shapely.length(lines))
    out = np.maximum(np.rint(shapely.length(lines) * rng.uniform(80, 400, len(lines))), 1)
    kind = draw(st.sampled_from(kinds))
    back = out if kind == "even" else np.maximum(np.rint(out * rng.uniform(0.5, 2.0, len(lines))), 1)
    if kind == "partly closed":
        out = np.where(rng.random(len(lines)) < 0.3, NO_WAY, out)
        back = np.where(rng.random(len(lines)) < 0.2, NO_WAY, back)
    costs = EdgeCosts(out.astype(np.int32), back.astype(np.int32), draw(st.sampled_from([0.67, 1.19])))
    return graph, lines, costs, points_on(rng, len(lines), draw(st.integers(1, 4)))


def points_on(rng: np.random.Generator, n_edges: int, count: int) -> Snap:
    """Return points on a few edges, some at their ends and some on one edge."""
    edge = rng.integers(0, min(n_edges, 4), count).astype(np.int32)
    fraction = np.where(rng.random(count) < 0.3, rng.integers(0, 2, count), rng.random(count))
    return Snap(edge, fraction.astype(np.float64), rng.uniform(0, 30, count))


def spots_about(lines: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return spots everywhere about the streets, most of them near."""
    west, south, east, north = shapely.total_bounds(lines)
    anywhere = rng.uniform((west - 80, south - 80), (east + 80, north + 80), (SPOTS // 2, 2))
    street = lines[rng.integers(0, len(lines), SPOTS // 2)]
    beside = shapely.get_coordinates(shapely.line_interpolate_point(street, rng.random(len(street)), normalized=True))
    return np.vstack([anywhere, beside + rng.normal(0, 12, beside.shape)])


def check(found: Isochrone, spots: np.ndarray, within: np.ndarray) -> None:
    """Hold every spot to the promise of the areas, and the areas to be valid and apart."""
    certain = shapely.contains_xy(found.certain, spots[:, 0], spots[:, 1])
    possible = shapely.intersects_xy(found.possible, spots[:, 0], spots[:, 1])
    assert not (certain & ~within).any()
    assert not (within & ~certain & ~possible).any()
    assert shapely.is_valid(found.certain), shapely.is_valid_reason(found.certain)
    assert shapely.is_valid(found.possible), shapely.is_valid_reason(found.possible)
    assert shapely.intersection(found.certain, found.possible).area == 0


def check_spikes(found: Isochrone) -> None:
    """Hold the borders of both areas to have no corner sharper than 30°, on neither side."""
    whole = shapely.union(found.certain, found.possible)
    for ring in (*shapely.get_rings(shapely.get_parts(found.certain)), *shapely.get_rings(shapely.get_parts(whole))):
        assert sharpest_deg(ring) > 29


def sharpest_deg(ring: shapely.LinearRing) -> float:
    """Return the least angle between two sides of a ring."""
    xy = shapely.get_coordinates(ring)
    sides = np.diff(xy, axis=0)
    sides /= np.hypot(*sides.T)[:, None]
    turn = np.clip((sides * np.roll(sides, 1, axis=0)).sum(axis=1), -1, 1)
    return 180 - float(np.degrees(np.arccos(turn)).max())


def within(
    town: tuple[WalkGraph, np.ndarray, EdgeCosts, Snap], index: EdgeIndex, spots: np.ndarray, trip: Trip, limit_cs: int
) -> np.ndarray:
    """Return which spots are within the limit as places are."""
    graph, _, costs, points = town
    places = index.nearest(spots, CONNECTION_M)
    found = nearest_trip(graph, costs, costs, points=points, places=places, trip=trip)
    return found.place_cs <= limit_cs


@settings(deadline=None, max_examples=120)
@given(
    town=towns(),
    trip=st.sampled_from(list(Trip)),
    limit_s=st.floats(5, 900),
    fineness=st.sampled_from([Fineness(4.0, 4.0), Fineness(2.0, 8.0), Fineness(1.0, 0.5)]),
    seed=st.integers(0, 99),
)
def test_no_spot_of_certain_ground_is_too_far_and_all_that_are_within_are_shown(
    town, trip, limit_s, fineness, seed
) -> None:
    graph, lines, costs, points = town
    index = EdgeIndex.build(*flatten(lines))
    limits = [round(limit_s * 50), round(limit_s * 100)]
    found = isochrones(
        graph, [Ground(index, CONNECTION_M)], costs, costs, points=points, limits_cs=limits, trip=trip,
        fineness=fineness,
    )  # fmt: skip
    spots = spots_about(lines, np.random.default_rng(seed))
    for isochrone in found:
        check(isochrone, spots, within(town, index, spots, trip, isochrone.limit_cs))
        if trip is not Trip.ROUND or costs.symmetric:  # otherwise areas of single points are joined
            check_spikes(isochrone)
    less, more = found
    assert shapely.difference(less.certain, shapely.union(more.certain, more.possible)).area < 1e-6
