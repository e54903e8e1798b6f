"""Guaranteed areas of drawn streets, with surfaces that a person worked out."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import shapely

from gridmgmt.analysis.graph import build_graph
from gridmgmt.analysis.snapping import EdgeIndex, Snap, flatten
from gridmgmt.analysis.walking.assembly import assemble
from gridmgmt.analysis.walking.ground_rings import polygons_of, simplified, without_pinholes
from gridmgmt.analysis.walking.isochrones import Fineness, Ground, Isochrone, grounds_of, isochrones
from gridmgmt.analysis.walking.model import EdgeCosts, Trip
from gridmgmt.errors import InputError
from gridmgmt.hours import minute_of_week
from gridmgmt.settings import PROJECT_DIR
from tests.support.walled import CRS, ONE_M_PER_S, Line, gate, lonlat, outline, point_snap, streets, walks

ROADS = [
    [(0, 0), (150, 0)],
    [(150, 0), (400, 0)],
    [(0, 200), (150, 200)],
    [(150, 200), (400, 200)],
    [(0, 0), (0, 200)],
    [(400, 0), (400, 200)],
    [(150, 0), (150, 200)],
]
WALL = [(100, 20), (200, 20), (200, 180), (100, 180), (100, 20)]
HOME, POINT_NORTH = (160, 100), (250, 210)

FINE = Fineness(0.25, 0.25)


def areas(
    lines: list[Line], *points: tuple[int, float], trip: Trip = Trip.TO_POINT, minutes: float = 5, fineness=FINE
) -> Isochrone:
    """Return the areas at 1 m/s, 60 m from streets; points are edge and share."""
    ends = list(dict.fromkeys(end for line in lines for end in (line[0], line[-1])))
    shapes = np.array([shapely.LineString(line) for line in lines])
    graph = build_graph(
        len(ends),
        [ends.index(line[0]) for line in lines],
        [ends.index(line[-1]) for line in lines],
        shapely.length(shapes),
    )
    cs = np.rint(shapely.length(shapes) * 100).astype(np.int32)
    costs = EdgeCosts(cs, cs, 1.0)
    edge, share = (np.array(column) for column in zip(*points, strict=True))
    snap = Snap(edge.astype(np.int32), share.astype(np.float64), np.zeros(len(edge)))
    grounds = [Ground(EdgeIndex.build(*flatten(shapes)), 60.0)]
    (found,) = isochrones(
        graph, grounds, costs, costs, points=snap, limits_cs=[round(minutes * 6000)], trip=trip, fineness=fineness
    )
    return found


def holds(found: Isochrone, area_m2: float, border_m: float) -> None:
    """The true surface lies between the certain one and the whole, and these are a narrow strip apart."""
    assert found.certain.area < area_m2 < found.certain.area + found.possible.area
    assert found.possible.area < 5 * FINE.cell_m * border_m


def test_a_straight_street() -> None:
    found = areas([[(0, 0), (1000, 0)]], (0, 0.0))
    # Along the street x + |y| ≤ 300 and |y| ≤ 60: a band of 120 m by 300 m less twice a triangle of 60 m by 60 m; and
    # beyond its end half a disc of 60 m.
    holds(found, 120 * 300 - 60 * 60 + np.pi * 60**2 / 2, 2 * 240 + 2 * 85 + np.pi * 60)
    assert not shapely.contains_xy(found.certain, 240.5, 60)


def test_there_and_back_is_half_as_far() -> None:
    found = areas([[(0, 0), (1000, 0)]], (0, 0.0), trip=Trip.ROUND)
    holds(found, 120 * 150 - 60 * 60 + np.pi * 60**2 / 2, 2 * 90 + 2 * 85 + np.pi * 60)


def test_a_point_on_a_street_is_reached_from_both_sides() -> None:
    found = areas([[(0, 0), (1000, 0)]], (0, 0.5), minutes=3)
    # |x - 500| + |y| ≤ 180 and |y| ≤ 60
    holds(found, 2 * (120 * 180 - 60 * 60), 4 * 120 + 4 * 85)


def test_the_inside_of_a_ring_of_streets_is_a_hole() -> None:
    corners = [(0, 0), (400, 0), (400, 400), (0, 400), (0, 0)]
    ring = [corners[i : i + 2] for i in range(4)]
    found = areas(ring, (0, 0.0), minutes=60)
    # A square of 520 m with rounded corners, less the 280 m square farther than 60 m from all sides.
    holds(found, 520**2 - (4 - np.pi) * 60**2 - 280**2, 4 * 400 + 2 * np.pi * 60 + 4 * 280)
    (only,) = shapely.get_parts(found.certain)
    assert shapely.get_num_interior_rings(only) == 1


def test_points_apart_have_areas_apart() -> None:
    found = areas([[(0, 0), (2000, 0)]], (0, 0.1), (0, 0.9), minutes=2)
    assert len(shapely.get_parts(found.certain)) == 2
    holds(found, 2 * 2 * (120 * 120 - 60 * 60), 2 * (4 * 60 + 4 * 85))


def test_more_time_holds_all_of_less_time() -> None:
    street = [[(0, 0), (1000, 0)]]
    found = [areas(street, (0, 0.3), minutes=minutes) for minutes in (1, 2, 5)]
    for less, more in pairwise(found):
        assert shapely.difference(less.certain, shapely.union(more.certain, more.possible)).area == 0
        assert more.certain.area > less.certain.area


def test_nothing_to_reach_is_no_ground() -> None:
    found = areas([[(0, 0), (1000, 0)]], (-1, 0.0))
    assert found.certain.is_empty
    assert found.possible.is_empty


@pytest.mark.parametrize(("fineness", "limit_cs"), [(Fineness(0.0, 1.0), 100), (FINE, 0)])
def test_a_limit_or_a_cell_of_no_size_is_refused(fineness, limit_cs) -> None:
    graph = build_graph(2, [0], [1], [100.0])
    cs = np.array([10_000], dtype=np.int32)
    index = EdgeIndex.build([[0.0, 0.0], [100.0, 0.0]], [0, 2])
    with pytest.raises(InputError) as raised:
        isochrones(
            graph, [Ground(index, 60.0)], EdgeCosts(cs, cs, 1.0), EdgeCosts(cs, cs, 1.0),
            points=index.nearest(np.array([[0.0, 0.0]])), limits_cs=[limit_cs], fineness=fineness,
        )  # fmt: skip
    assert raised.value.code == "number_not_positive"


PLAIN = """
import sys
{without}
from tests.unit.test_isochrones import ROADS, Fineness, areas
found = areas(ROADS, (0, 0.3), (5, 0.9), minutes=2, fineness=Fineness(4.0, 2.0))
print(found.certain.wkb_hex, found.possible.wkb_hex)
"""


@pytest.mark.long
def test_without_a_compiler_the_areas_are_the_same() -> None:
    compiled, plain = (
        subprocess.run(
            [sys.executable, "-c", PLAIN.format(without=without)], cwd=PROJECT_DIR, capture_output=True, check=True
        ).stdout
        for without in ("", "sys.modules['numba'] = None")
    )
    assert compiled == plain
    assert len(plain) > 1000


@pytest.mark.parametrize("gates", [("residents", "residents"), ("public", "closed"), ("closed", "closed")])
@pytest.mark.parametrize("trip", list(Trip))
def test_spots_behind_walls_walk_as_their_places_do(gates, trip) -> None:
    network = assemble(
        streets(ROADS),
        CRS,
        gates=[gate("N", 150, 180, gates[0]), gate("S", 150, 20, gates[1])],
        compounds=[outline(WALL)],
    )
    rng = np.random.default_rng(11)
    spots = rng.uniform((-90, -90), (490, 290), (20_000, 2))
    spots = np.vstack([spots, rng.uniform((101, 21), (199, 179), (3_000, 2))])
    there, back = (
        network.costs(ONE_M_PER_S, at=minute_of_week("wed 10:00"), leg=leg)
        for leg in (Trip.TO_POINT, Trip.FROM_POINT)
    )  # fmt: skip
    limit_s = 250 if trip is not Trip.ROUND else 500
    (found,) = isochrones(
        network.graph, grounds_of(network, 100.0), there, back, points=point_snap(network, [POINT_NORTH]),
        limits_cs=[limit_s * 100], trip=trip, fineness=Fineness(1.0, 1.0),
    )  # fmt: skip
    times = np.array(walks(network, spots, [POINT_NORTH], trip=trip))
    within = times <= limit_s
    xy = network.project(lonlat(spots))
    certain = shapely.contains_xy(found.certain, xy[:, 0], xy[:, 1])
    possible = shapely.intersects_xy(found.possible, xy[:, 0], xy[:, 1])
    assert not (certain & ~within).any()
    assert not (within & ~certain & ~possible).any()
    assert 0.2 < certain.mean() < 0.8
    assert possible.mean() < 0.03
    home = network.project(lonlat([HOME]))
    assert bool(shapely.contains_xy(found.certain, *home[0])) is (gates != ("closed", "closed"))


def test_a_side_that_would_pass_between_lengthened_sides_is_seen() -> None:
    # A dent of three sides in the north, whose outer ones would meet at (50, 94.5); the hole's upper side lies at 97.
    shell = [(0, 0), (100, 0), (100, 100), (60, 100), (51, 98), (49, 98), (40, 100), (0, 100)]
    hole = [(10, 97.0), (90, 97.2), (90, 90), (10, 90)]
    rings = np.array([*shell, *hole], dtype=np.float64), np.array([0, 8, 12])
    slim = simplified(rings, 5.0)
    lines = [shapely.LinearRing(slim[0][a:b]) for a, b in pairwise(slim[1])]
    assert shapely.is_simple(shapely.MultiLineString(lines))
    (before,), (after,) = polygons_of(rings), polygons_of(slim)
    assert before.covers(after)


def test_pinholes_are_filled_with_what_lies_in_them() -> None:
    box, pinhole = shapely.box(0, 0, 100, 100), shapely.box(10, 10, 14, 14)
    court = shapely.box(50, 50, 80, 80)
    island = shapely.box(11, 11, 12, 12)
    polygons = np.array([box.difference(pinhole).difference(court), island], dtype=object)
    (only,) = without_pinholes(polygons, 25.0)
    assert only.equals(box.difference(court))
