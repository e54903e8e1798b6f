"""Coverage on a drawn town whose walks were added up on paper.

The town, in metres, walked at 1 m/s (so seconds are metres), north up::

      y
    600   8 --300-- 9 --300-- 10        11        edges  0: 0-1   1: 1-2   2: 0-4   3: 1-5
          |                    |         |               4: 2-6   5: 4-5   6: 5-6   7: 6-7
         300                  300        |               8: 4-8   9: 6-10 10: 8-9  11: 9-10
          |                    |         |              12: 3-11 (an island of its own)
    300   4 --300-- 5 --300-- 6 -300- 7  |
          |         |         |          |        The river runs between y = 300 and y = 600;
         300       300       300        600       its bridges are 4-8 and 6-10.
          |         |         |          |
      0   0 --300-- 1 --300-- 2          3

          0        300       600   900  1000  x
"""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.status import band_of
from gridmgmt.analysis.walking.matrix import PlacesByEdge, from_one, times_to_nodes, times_to_places
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip, to_cs
from gridmgmt.analysis.walking.search import MOST_ROUND_LIMIT_CS, Nearest, nearest, nearest_k
from gridmgmt.errors import InputError
from tests.support.walks import NOWHERE, costs, snap

ENDS = [
    (0, 1),
    (1, 2),
    (0, 4),
    (1, 5),
    (2, 6),
    (4, 5),
    (5, 6),
    (6, 7),
    (4, 8),
    (6, 10),
    (8, 9),
    (9, 10),
    (3, 11),
]


@pytest.fixture(scope="module")
def town() -> WalkGraph:
    source, target = zip(*ENDS, strict=True)
    return build_graph(12, source, target, [300.0] * 12 + [600.0])


def spots(*places: tuple[int, float, float]) -> Snap:
    """Return the snap of places ``(edge, metres from the edge's source, access leg in metres)``."""
    return snap(*((edge, along_m / (600.0 if edge == 12 else 300.0), leg_m) for edge, along_m, leg_m in places))


def walk(town: WalkGraph, points: Snap, places: Snap, speed: float = 1.0, limit_s: float = np.inf) -> Nearest:
    return nearest(town, paced(town, speed), points=points, places=places, limit_cs=int(to_cs(limit_s)))


def paced(town: WalkGraph, speed: float) -> EdgeCosts:
    cost = to_cs(town.length_m / speed)
    return EdgeCosts(cost, cost, speed)


def test_the_walks_of_the_town(town) -> None:
    """One point on 1-2 (edge 1), 100 m east of node 1, 10 m off the street."""
    point = spots((1, 100, 10))
    places = spots(
        (0, 100, 5),  # 5 + 200 to node 1 + 100 + 10 = 315
        (1, 250, 0),  # on the same edge, straight along it: 150 + 10 = 160
        (1, 100, 7),  # at the same spot: 7 + 10 = 17
        (7, 300, 20),  # at node 7: 20 + 300 to 6 + 300 to 2 + 200 + 10 = 830
        (10, 150, 0),  # across the river: 150 to 8 + 300 to 4 + 600 to 1 + 100 + 10 = 1160
        (9, 300, 40),  # at node 10: 40 + 300 to 6 + 300 to 2 + 200 + 10 = 850
        (12, 0, 0),  # on the island
        (-1, 0, 0),  # nowhere
    )
    found = walk(town, point, places)
    assert_array_equal(found.place_cs, to_cs([315, 160, 17, 830, 1160, 850, np.inf, np.inf]))
    assert_array_equal(found.place_point, [0, 0, 0, 0, 0, 0, -1, -1])
    assert_array_equal(found.node_cs, to_cs([410, 110, 210, np.inf, 710, 410, 510, 810, 1010, 1110, 810, np.inf]))


def test_the_way_around_may_be_shorter_than_along_the_edge() -> None:
    """A lane of 1000 m between two corners 100 m apart: both ends of the lane are near, its middle is not.

    ::

        0 ==1000 m lane== 1
        '----- 100 m -----'
    """
    town = build_graph(2, [0, 0], [1, 1], [1000.0, 100.0])
    found = walk(town, snap((0, 0.05, 0)), snap((0, 0.95, 0)))
    assert_array_equal(found.place_cs, to_cs([50 + 100 + 50]))


def test_a_loop_is_walked_the_shorter_way() -> None:
    loop = build_graph(1, [0], [0], [100.0])
    assert_array_equal(walk(loop, snap((0, 0.1, 0)), snap((0, 0.4, 0), (0, 0.9, 0))).place_cs, to_cs([30, 20]))


@pytest.mark.parametrize(("walk_s", "covered"), [(1199, True), (1200, True), (1200.02, False)])
@pytest.mark.parametrize("speed", [0.83, 0.9, 1.0, 1.1])
def test_exactly_twenty_minutes_is_covered(town, walk_s, covered, speed) -> None:
    """From node 10 to the point are 810 m; the place's access leg makes up the rest of the walk at each speed."""
    rest_s = walk_s - walk(town, spots((1, 100, 10)), spots((9, 300, 0)), speed=speed).place_cs[0] / 100
    found = walk(town, spots((1, 100, 10)), spots((9, 300, rest_s * speed)), speed=speed, limit_s=1200)
    assert (found.place_cs[0] < NO_WAY) == covered


def test_beyond_the_limit_nothing_is_told(town) -> None:
    found = walk(town, spots((1, 100, 10)), spots((7, 300, 20), (0, 100, 5)), limit_s=400)
    assert_array_equal(found.place_cs, [NO_WAY, 31_500])
    assert_array_equal(found.place_point, [-1, 0])
    assert_array_equal(np.flatnonzero(found.node_cs < NO_WAY), [1, 2])


def test_the_nearest_of_several_points_and_the_lowest_of_equals(town) -> None:
    """Points at nodes 7, 4 and again 4; node 5 is 300 from node 4 and 600 from node 7."""
    points = spots((7, 300, 0), (5, 0, 0), (2, 300, 0), (-1, 0, 0))
    found = walk(town, points, spots((5, 300, 0), (6, 300, 0), (6, 150, 0)))
    assert_array_equal(found.place_cs, to_cs([300, 300, 450]))
    assert_array_equal(found.place_point, [1, 0, 0])


def test_no_points_reach_no_place(town) -> None:
    found = walk(town, NOWHERE, spots((0, 0, 0)))
    assert_array_equal(found.place_cs, [NO_WAY])
    assert (found.node_cs == NO_WAY).all()


@pytest.fixture(scope="module")
def ring() -> tuple[WalkGraph, EdgeCosts]:
    """A one-way ring with two points, whose ways there and back are of different points.

    ::

        0 --10--> 1 --10--> 2      Against the arrows each edge costs 50 s, so that the shortest walk back from 1 to 0
        ^                   |      is the one ahead by 2 and 3.
        '--10-- 3 <---10----'
    """
    return build_graph(4, [0, 1, 2, 3], [1, 2, 3, 0], [10.0] * 4), costs([1000] * 4, [5000] * 4)


def test_a_round_trip_goes_back_from_the_same_point(ring) -> None:
    """The place is at node 1, the points at 2 and 0: 10 s to 2 and 10 s from 0, but 10 + 30 there and back to either.

    There to 2 is 10 s and back from it, by 3 and 0, 30 s; there to 0 is 30 s and back 10 s. Two separate minima would
    make 20 s of it.
    """
    graph, both = ring
    question = {"points": snap((1, 1, 0), (0, 0, 0)), "places": snap((0, 1, 0)), "limit_cs": 100_000}
    assert nearest(graph, both, **question).place_cs == [1000]
    assert nearest(graph, both, trip=Trip.FROM_POINT, **question).place_cs == [1000]
    round_trip = nearest(graph, both, trip=Trip.ROUND, **question)
    assert_array_equal(round_trip.place_cs, [4000])
    assert_array_equal(round_trip.place_point, [0])
    cs, point = nearest_k(graph, both, k=3, trip=Trip.ROUND, **question)
    assert_array_equal(cs, [[4000, 4000, NO_WAY]])
    assert_array_equal(point, [[0, 1, -1]])


def test_the_way_back_may_have_costs_of_its_own(ring) -> None:
    """A gate that lets out on the way there only: back to node 1 the ring is closed between 0 and 1, so against it."""
    graph, there = ring
    back = costs([NO_WAY, 1000, 1000, 1000], [5000] * 4)
    found = nearest(
        graph, there, points=snap((1, 1, 0)), places=snap((0, 1, 0)), trip=Trip.ROUND, limit_cs=100_000, back=back
    )
    assert_array_equal(found.place_cs, [1000 + 5000])


def test_a_closed_street_is_walked_neither_through_nor_in_part() -> None:
    """A street of 100 s closed from source to target: from its middle the source is 50 s away, the target never."""
    street = build_graph(3, [0, 1], [1, 2], [100.0, 100.0])
    both = costs([NO_WAY, 10_000], [10_000, 10_000])
    middle = snap((0, 0.5, 0))
    to_source = nearest(street, both, points=snap((0, 0, 0)), places=middle)
    assert_array_equal(to_source.place_cs, [5000])
    assert_array_equal(to_source.node_cs, [NO_WAY, 10_000, 20_000])
    to_target = nearest(street, both, points=snap((1, 0, 0)), places=snap((0, 0.5, 0), (0, 0.9, 0)))
    assert_array_equal(to_target.place_cs, [NO_WAY, NO_WAY])
    along = nearest(street, both, points=snap((0, 0.7, 0)), places=snap((0, 0.5, 0), (0, 0.9, 0), (0, 0.7, 0)))
    assert_array_equal(along.place_cs, [NO_WAY, 2000, 0])


def test_parts_of_an_edge_are_rounded_so_that_they_make_up_the_whole() -> None:
    """Of 101 hundredths the middle is 50 from the source (half to even) and so 51 to the target."""
    edge = build_graph(2, [0], [1], [1.0])
    both = costs([101])
    assert_array_equal(nearest(edge, both, points=snap((0, 0.5, 0)), places=NOWHERE).node_cs, [50, 51])
    assert_array_equal(nearest(edge, both, points=snap((0, 1, 0)), places=snap((0, 0.5, 0))).place_cs, [51])
    assert_array_equal(nearest(edge, both, points=snap((0, 0.25, 0)), places=snap((0, 0.5, 0))).place_cs, [25])


def test_the_times_of_all_pairs_of_the_town(town) -> None:
    """Two points, at node 4 and in the middle of the island's street, and three places; 700 s is the limit."""
    points, places = spots((5, 0, 0), (12, 300, 0)), spots((5, 300, 0), (12, 0, 10), (9, 300, 0))
    both = paced(town, 1.0)
    found = times_to_places(town, both, points=points, places=places, limit_cs=70_000)
    assert_array_equal(found.indptr, [0, 1, 2])  # 4 to 5: 300 s; 4 to 10: 900 s; along the island: 300 + 10 s
    assert_array_equal(found.place, [0, 1])
    assert_array_equal(found.cs, [30_000, 31_000])
    nodes = times_to_nodes(town, both, points=points, limit_cs=30_000)
    assert_array_equal(nodes.indptr, [0, 4, 6])
    assert_array_equal(nodes.place, [0, 4, 5, 8, 3, 11])
    assert_array_equal(nodes.cs, [30_000, 0, 30_000, 30_000, 30_000, 30_000])


def test_a_band_holds_its_upper_end() -> None:
    times = np.array([0, 300, 300.1, 600, 1200, 1200.1, np.inf])
    assert_array_equal(band_of(times, [300, 600, 1200]), [0, 0, 1, 1, 2, 3, 3])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"costs": costs([100])}, "array_shape_invalid"),
        ({"costs": costs([30_000] * 13, speed_m_per_s=0.0)}, "number_not_positive"),
        ({"costs": costs([30_000] * 13, speed_m_per_s=np.nan)}, "number_not_positive"),
        ({"limit_cs": -1}, "limit_invalid"),
        ({"places": snap((13, 0, 0))}, "edge_out_of_range"),
        ({"points": snap((0, 1.5, 0))}, "fraction_out_of_range"),
        ({"points": snap((0, 0, -1))}, "distance_invalid"),
        ({"points": Snap(np.array([0], np.int32), np.zeros(2), np.zeros(1))}, "array_shape_invalid"),
        (
            {"trip": Trip.ROUND, "costs": costs([1] * 13, [2] * 13), "limit_cs": MOST_ROUND_LIMIT_CS + 1},
            "limit_invalid",
        ),
    ],
)
def test_what_is_no_question_is_refused(town, change, code) -> None:
    question = {"costs": paced(town, 1.0), "points": snap((0, 0, 0)), "places": snap((0, 0, 0))} | change
    with pytest.raises(InputError) as refused:
        nearest(town, **question)
    assert refused.value.code == code
    assert refused.value.message("en")


def test_one_point_is_asked_at_a_time_and_one_nearest_at_least(town) -> None:
    places, both = snap((0, 0, 0)), paced(town, 1.0)
    by_edge = PlacesByEdge.build(places, town.n_edges)
    with pytest.raises(InputError, match="point"):
        from_one(town, both, point=snap((0, 0, 0), (1, 0, 0)), places=places, by_edge=by_edge, limit_cs=10)
    place, cs = from_one(town, both, point=snap((-1, 0, 0)), places=places, by_edge=by_edge, limit_cs=10)
    assert len(place) == len(cs) == 0
    with pytest.raises(InputError, match="k"):
        nearest_k(town, both, points=places, places=places, k=0)


def test_bands_must_rise() -> None:
    with pytest.raises(InputError, match="600"):
        band_of(np.zeros(1), [600, 300])
