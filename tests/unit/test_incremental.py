"""Edits of a street that a person can reckon: who walks where before and after, and who is not asked at all.

::

    A ──100 m── B ──100 m── C ──100 m── D ──100 m── E      1 m/s: 100 s a stretch
    │                                               │
    └───────────────── gate, 50 m ──────────────────┘

Point 0 stands at A. Places: 0 on A-B at 40 m, 1 on D-E at 40 m with a leg of 10 m, 2 nowhere.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridmgmt.analysis.graph import build_graph
from gridmgmt.analysis.snapping import Snap
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
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trip
from gridmgmt.analysis.walking.tally import from_fixed, to_fixed
from gridmgmt.errors import InputError

GATE = 4
OPEN_CS = 5_000


def at(*spots: tuple[int, float, float]) -> Snap:
    edge, fraction, distance = zip(*spots, strict=True)
    return Snap(np.array(edge, dtype=np.int32), np.array(fraction, dtype=float), np.array(distance, dtype=float))


def street(*, gate_cs: int = NO_WAY, trip: Trip = Trip.TO_POINT) -> LiveCoverage:
    cost = np.array([10_000] * 4 + [gate_cs], dtype=np.int32)
    return LiveCoverage(
        build_graph(5, [0, 1, 2, 3, 0], [1, 2, 3, 4, 4], [100.0] * 4 + [50.0]),
        EdgeCosts(cost, cost, 1.0),
        points=at((0, 0.0, 0.0)),
        places=at((0, 0.4, 0.0), (3, 0.4, 10.0), (-1, 0.0, np.inf)),
        trip=trip,
        counting=Counting(
            weights=to_fixed("residents", [[3.0], [5.5], [7.0]]),
            within=np.array([True, True, True]),
            covered_cs=12_000,
            bands_cs=[6_000, 12_000],
            groups=[(np.array([0, 1, 1]), 2)],
        ),
    )


def minutes(live: LiveCoverage) -> list[float]:
    return [cs / 6_000 if cs < NO_WAY else np.inf for cs in live.nearest.place_cs.tolist()]


def test_the_closed_gate_makes_the_way_long() -> None:
    live = street()
    assert live.nearest.node_cs.tolist() == [0, 10_000, 20_000, 30_000, 40_000]
    assert live.nearest.place_cs.tolist() == [4_000, 35_000, NO_WAY]
    assert live.nearest.place_point.tolist() == [0, 0, -1]


def test_opening_the_gate_shortens_the_way_of_those_behind_it_only() -> None:
    live = street()
    change = live.apply(SetCosts(GATE, OPEN_CS, OPEN_CS))
    # By the gate: 10 m to the street, 60 m to E, 50 m to A.
    assert change.place.tolist() == [1]
    assert (change.before_cs.tolist(), change.after_cs.tolist()) == ([35_000], [12_000])
    assert sorted(change.node.tolist()) == [3, 4]
    assert live.nearest.node_cs.tolist() == [0, 10_000, 20_000, 15_000, 5_000]
    assert not change.full


def test_the_counts_follow_the_gate() -> None:
    live = street()
    assert from_fixed(live.tally().by_status[:, :, 0]).tolist() == [[3, 0, 0, 0], [0, 5.5, 7, 0]]
    live.apply(SetCosts(GATE, OPEN_CS, OPEN_CS))
    assert from_fixed(live.tally().by_status[:, :, 0]).tolist() == [[3, 0, 0, 0], [5.5, 0, 7, 0]]
    assert from_fixed(live.tally().by_band[:, :, 0]).tolist() == [[3, 3], [0, 5.5]]
    assert live.tally().places.tolist() == [[1, 0, 0, 0], [1, 0, 1, 0]]


def test_a_gate_that_lets_out_only_helps_on_the_way_out() -> None:
    """The gate's edge runs from A to E; who lives behind it walks from E to A."""
    there, back = street(), street(trip=Trip.FROM_POINT)
    outward = SetCosts(GATE, NO_WAY, OPEN_CS)
    assert there.apply(outward).after_cs.tolist() == [12_000]
    assert back.apply(outward).place.tolist() == []
    assert back.apply(SetCosts(GATE, OPEN_CS, NO_WAY)).after_cs.tolist() == [12_000]


def test_round_trips_are_twice_as_long() -> None:
    live = street(trip=Trip.ROUND)
    assert live.nearest.place_cs.tolist() == [8_000, 70_000, NO_WAY]
    assert live.apply(SetCosts(GATE, OPEN_CS, OPEN_CS)).after_cs.tolist() == [24_000]
    assert live.nearest.node_cs.tolist() == [0, 20_000, 40_000, 30_000, 10_000]


def test_what_if_is_forgotten_also_when_the_block_fails() -> None:
    live = street()

    def ask() -> None:
        with live.what_if(SetCosts(GATE, OPEN_CS, OPEN_CS)):
            assert live.nearest.place_cs.tolist() == [4_000, 12_000, NO_WAY]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask()
    assert live.nearest.place_cs.tolist() == [4_000, 35_000, NO_WAY]
    assert from_fixed(live.tally().by_status[1, :, 0]).tolist() == [0, 5.5, 7, 0]


def test_what_ifs_can_be_asked_inside_each_other() -> None:
    live = street()
    with live.what_if(AddPoints(at((2, 0.5, 0.0)))):
        assert live.nearest.place_cs.tolist() == [4_000, 10_000, NO_WAY]
        with live.what_if(AddEdges([1], [3], [20.0], 2_000, 2_000), close_points(0)) as change:
            # B is now 20 m from D, and the only point is halfway from C to D.
            assert live.nearest.node_cs.tolist() == [17_000, 7_000, 5_000, 5_000, 15_000]
            assert change.after_cs.tolist() == [13_000]
            assert change.after_point.tolist() == [1]
        assert live.nearest.node_cs.tolist() == [0, 10_000, 5_000, 5_000, 15_000]
    assert live.nearest.node_cs.tolist() == [0, 10_000, 20_000, 30_000, 40_000]


def test_what_ifs_of_many_threads_do_not_meet() -> None:
    live = street()
    expected = {OPEN_CS + extra: 12_000 + extra for extra in range(0, 4_000, 100)}

    def ask(cost: int) -> bool:
        with live.what_if(SetCosts(GATE, cost, cost)) as change:
            return change.after_cs.tolist() == [expected[cost]] and live.nearest.place_cs[1] == expected[cost]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, list(expected) * 5))
    assert live.nearest.place_cs.tolist() == [4_000, 35_000, NO_WAY]


def test_a_second_point_takes_over_what_is_nearer_to_it() -> None:
    live = street()
    change = live.apply(AddPoints(at((3, 1.0, 5.0))))
    # From E: 5 m and 10 m of legs, 60 m of street.
    assert (change.place.tolist(), change.after_cs.tolist(), change.after_point.tolist()) == ([1], [7_500], [1])
    assert live.nearest.node_point.tolist() == [0, 0, 0, 1, 1]
    moved = live.apply(MovePoints(1, at((0, 0.0, 0.0))))
    # At A as the first point is, and of two points at one time the first is taken.
    assert live.nearest.node_point.tolist() == [0] * 5
    assert moved.after_cs.tolist() == [35_000]


def test_a_place_between_two_points_of_its_street_walks_along_it() -> None:
    live = street()
    live.apply(AddPoints(at((3, 0.5, 0.0), (3, 0.35, 2.0))))
    assert live.nearest.place_cs.tolist() == [4_000, 1_700, NO_WAY]
    assert live.nearest.place_point.tolist() == [0, 2, -1]


def test_closing_the_only_point_leaves_nobody_covered() -> None:
    live = street()
    change = live.apply(close_points([0]))
    assert change.place.tolist() == [0, 1]
    assert live.nearest.node_cs.tolist() == [NO_WAY] * 5
    assert from_fixed(live.tally().by_status.sum(axis=0)[:, 0]).tolist() == [0, 8.5, 7, 0]


def test_a_path_to_a_place_that_had_none_connects_it() -> None:
    live = street()
    path = AddEdges([2], [5], [30.0], 3_000, 3_000)
    change = live.apply(path, SnapPlaces(2, at((5, 1.0, 4.0))))
    assert (change.place.tolist(), change.before_point.tolist()) == ([2], [-1])
    assert minutes(live)[2] == (20_000 + 3_000 + 400) / 6_000
    assert from_fixed(live.tally().by_status[1, :, 0]).tolist() == [0, 12.5, 0, 0]
    graph, costs, _, places = live.town()
    assert (graph.n_nodes, costs.out_cs[5], places.edge[2]) == (6, 3_000, 5)


def test_a_gate_is_moved_by_closing_one_passage_and_making_another() -> None:
    live = street(gate_cs=OPEN_CS)
    live.apply(SetCosts(GATE, NO_WAY, NO_WAY), AddEdges([1], [4], [50.0], OPEN_CS, OPEN_CS))
    # By the new gate: 10 m, 60 m to E, 50 m to B, 100 m to A.
    assert live.nearest.place_cs.tolist() == [4_000, 22_000, NO_WAY]


def test_adding_beyond_the_room_keeps_everything() -> None:
    live = street()
    many = 3_000
    live.apply(AddPoints(at(*[(1, 0.5, 500.0)] * many)))
    live.apply(AddEdges(np.arange(4, 4 + many), np.arange(5, 5 + many), np.ones(many), 100, 100))
    assert live.nearest.node_cs[[4, 4 + many]].tolist() == [40_000, 40_000 + 100 * many]
    assert live.nearest.place_cs.tolist() == [4_000, 35_000, NO_WAY]
    assert live.nbytes > 0


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (SetCosts(5, 100, 100), "index_out_of_range"),
        (SetCosts(-1, 100, 100), "index_out_of_range"),
        (SetCosts([0], 0, 100), "cost_out_of_range"),
        (SetCosts([0], 100, NO_WAY + 1), "cost_out_of_range"),
        (SetCosts([0, 1], [100], [100]), "array_shape_invalid"),
        (AddEdges([0], [7], [1.0], 100, 100), "node_out_of_range"),
        (AddEdges([0, 1], [1], [1.0, 1.0], 100, 100), "array_shape_invalid"),
        (AddEdges([0], [1], [-1.0], 100, 100), "edge_length_invalid"),
        (AddPoints(at((5, 0.5, 0.0))), "edge_out_of_range"),
        (AddPoints(at((1, 1.5, 0.0))), "fraction_out_of_range"),
        (MovePoints(2, at((0, 0.0, 0.0))), "index_out_of_range"),
        (MovePoints(0, at((0, 0.0, -2.0))), "distance_invalid"),
        (SnapPlaces([0, 1], at((0, 0.0, 0.0))), "array_shape_invalid"),
        (SnapPlaces(3, at((0, 0.0, 0.0))), "index_out_of_range"),
    ],
)
def test_an_impossible_edit_is_refused_and_those_before_it_are_unmade(edit: Edit, code: str) -> None:
    live = street()
    with pytest.raises(InputError) as refused:
        live.apply(SetCosts(GATE, OPEN_CS, OPEN_CS), AddPoints(at((3, 1.0, 0.0))), edit)
    assert refused.value.code == code
    assert refused.value.message("en")
    assert live.nearest.place_cs.tolist() == [4_000, 35_000, NO_WAY]
    assert live.apply(SetCosts(0, 10_000, 10_000)).place.tolist() == []
    assert_array_equal(live.town()[1].out_cs, [10_000] * 4 + [NO_WAY])


def test_without_a_compiler_edits_give_the_same() -> None:
    script = (
        "import sys; sys.modules['numba'] = None\n"
        "from gridmgmt.analysis.walking.model import Trip\n"
        "from tests.support.live_plan import KINDS, random_plan\n"
        "plan = random_plan(11, 30, 45, 5, Trip.TO_POINT, symmetric=False)\n"
        "live = plan.live()\n"
        "for kind in KINDS * 3:\n"
        "    live.apply(*plan.edits(kind))\n"
        "    plan.check(live)\n"
        "print('numba.core' in sys.modules, int((live.nearest.place_point >= 0).sum()) > 5)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_round_trips_that_become_directed_need_a_limit() -> None:
    live = street(trip=Trip.ROUND)
    with pytest.raises(InputError) as refused:
        live.apply(SetCosts(GATE, OPEN_CS, NO_WAY))
    assert refused.value.code == "limit_invalid"
    assert not live.apply(SetCosts(GATE, OPEN_CS, OPEN_CS)).full


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"weights": np.ones((2, 1), dtype=np.int64)}, "array_shape_invalid"),
        ({"within": np.ones(2, dtype=np.bool_)}, "array_shape_invalid"),
        ({"groups": [(np.zeros(2, dtype=np.int64), 1)]}, "array_shape_invalid"),
        ({"groups": [(np.array([0, 1, 2]), 2)]}, "group_out_of_range"),
        ({"bands_cs": [5, 5]}, "limit_invalid"),
    ],
)
def test_a_counting_that_does_not_fit_is_refused(changed, code: str) -> None:
    fitting = {
        "weights": np.ones((3, 1), dtype=np.int64),
        "within": np.ones(3, dtype=np.bool_),
        "covered_cs": 100,
        "bands_cs": [100],
        "groups": [(np.zeros(3, dtype=np.int64), 1)],
    }
    graph, costs, points, places = street().town()
    with pytest.raises(InputError) as refused:
        LiveCoverage(graph, costs, points=points, places=places, counting=Counting(**(fitting | changed)))
    assert refused.value.code == code
