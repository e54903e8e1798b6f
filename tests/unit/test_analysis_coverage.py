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
from numpy.testing import assert_allclose, assert_array_equal

from gridmgmt.analysis.coverage import band_of, classify, nearest_service
from gridmgmt.analysis.graph import WalkGraph, build_graph
from gridmgmt.analysis.snapping import Snap
from gridmgmt.analysis.status import PlaceStatus
from gridmgmt.errors import InputError

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


def snap(*places: tuple[int, float, float]) -> Snap:
    """Return the snap of places ``(edge, metres from the edge's source, access leg in metres)``."""
    edge = np.array([place[0] for place in places], dtype=np.int32)
    length = np.where(edge == 12, 600.0, 300.0)
    return Snap(edge, np.array([p[1] for p in places]) / length, np.array([p[2] for p in places], dtype=np.float64))


def walk(town: WalkGraph, points: Snap, places: Snap, speed: float = 1.0, limit_s: float = np.inf):
    return nearest_service(town, points=points, places=places, speed_m_per_s=speed, limit_s=limit_s)


def test_the_walks_of_the_town(town) -> None:
    """One point on 1-2 (edge 1), 100 m east of node 1, 10 m off the street."""
    point = snap((1, 100, 10))
    places = snap(
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
    assert_allclose(found.time_s, [315, 160, 17, 830, 1160, 850, np.inf, np.inf])
    assert_array_equal(found.point, [0, 0, 0, 0, 0, 0, -1, -1])
    assert_allclose(
        found.node_time_s,
        [410, 110, 210, np.inf, 710, 410, 510, 810, 1010, 1110, 810, np.inf],
    )


def test_the_way_around_may_be_shorter_than_along_the_edge() -> None:
    """A lane of 1000 m between two corners 100 m apart: both ends of the lane are near, its middle is not.

    ::

        0 ==1000 m lane== 1
        '----- 100 m -----'
    """
    town = build_graph(2, [0, 0], [1, 1], [1000.0, 100.0])
    near_ends = Snap(np.array([0], np.int32), np.array([0.95]), np.zeros(1))
    found = walk(town, Snap(np.array([0], np.int32), np.array([0.05]), np.zeros(1)), near_ends)
    assert_allclose(found.time_s, [50 + 100 + 50])


def test_a_loop_is_walked_the_shorter_way() -> None:
    loop = build_graph(1, [0], [0], [100.0])
    point = Snap(np.array([0], np.int32), np.array([0.1]), np.zeros(1))
    places = Snap(np.array([0, 0], np.int32), np.array([0.4, 0.9]), np.zeros(2))
    assert_allclose(walk(loop, point, places).time_s, [30, 20])


@pytest.mark.parametrize(
    ("walk_s", "status"),
    [(1199, PlaceStatus.COVERED), (1200, PlaceStatus.COVERED), (1201, PlaceStatus.UNCOVERED)],
)
@pytest.mark.parametrize("speed", [0.83, 0.9, 1.0, 1.1])
def test_exactly_twenty_minutes_is_covered(town, walk_s, status, speed) -> None:
    """From node 10 to the point are 810 m; the place's access leg makes up the rest of the walk at each speed."""
    place = snap((9, 300, walk_s * speed - 810))
    found = walk(town, snap((1, 100, 10)), place, speed=speed, limit_s=1200)
    yes = np.ones(1, dtype=bool)
    assert classify(found.time_s, yes, yes, 1200)[0] == status


def test_beyond_the_limit_nothing_is_told(town) -> None:
    found = walk(town, snap((1, 100, 10)), snap((7, 300, 20), (0, 100, 5)), limit_s=400)
    assert_array_equal(found.time_s, [np.inf, 315])
    assert_array_equal(found.point, [-1, 0])
    assert_array_equal(np.flatnonzero(np.isfinite(found.node_time_s)), [1, 2])


def test_the_nearest_of_several_points_and_the_lowest_of_equals(town) -> None:
    """Points at nodes 7, 4 and again 4; node 5 is 300 from node 4 and 600 from node 7."""
    points = snap((7, 300, 0), (5, 0, 0), (2, 300, 0), (-1, 0, 0))
    found = walk(town, points, snap((5, 300, 0), (6, 300, 0), (6, 150, 0)))
    assert_allclose(found.time_s, [300, 300, 450])
    assert_array_equal(found.point, [1, 0, 0])


def test_no_points_reach_no_place(town) -> None:
    found = walk(town, snap(), snap((0, 0, 0)))
    assert found.time_s[0] == np.inf
    assert not np.isfinite(found.node_time_s).any()


def test_every_place_has_one_status() -> None:
    time_s = np.array([0.0, 1200.0000001, 1201.0, np.inf, 5.0, 5.0])
    connectable = np.array([True, True, True, True, False, False])
    inside = np.array([True, True, True, True, True, False])
    assert_array_equal(classify(time_s, connectable, inside, 1200), [0, 0, 1, 1, 2, 3])


def test_a_band_holds_its_upper_end() -> None:
    times = np.array([0, 300, 300.1, 600, 1200, 1200.1, np.inf])
    assert_array_equal(band_of(times, [300, 600, 1200]), [0, 0, 1, 1, 2, 3, 3])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"speed_m_per_s": 0.0}, "number_not_positive"),
        ({"speed_m_per_s": np.nan}, "number_not_positive"),
        ({"limit_s": -1.0}, "limit_invalid"),
        ({"places": Snap(np.array([13], np.int32), np.zeros(1), np.zeros(1))}, "edge_out_of_range"),
        ({"points": Snap(np.array([0], np.int32), np.array([1.5]), np.zeros(1))}, "fraction_out_of_range"),
        ({"points": Snap(np.array([0], np.int32), np.zeros(1), np.array([-1.0]))}, "distance_invalid"),
        ({"points": Snap(np.array([0], np.int32), np.zeros(2), np.zeros(1))}, "array_shape_invalid"),
    ],
)
def test_what_is_no_question_is_refused(town, change, code) -> None:
    question = {"points": snap((0, 0, 0)), "places": snap((0, 0, 0)), "speed_m_per_s": 1.0} | change
    with pytest.raises(InputError) as refused:
        nearest_service(town, **question)
    assert refused.value.code == code
    assert refused.value.message("en")


def test_bands_must_rise() -> None:
    with pytest.raises(InputError, match="600"):
        band_of(np.zeros(1), [600, 300])
