"""Compounds, gates and private ways on a paper estate, with walks that a person worked out.

Metres, at 1 m/s so that metres are seconds::

    200  o--------------------------------o   North Road, from (0, 200) to (400, 200)
         |          +---N---+             |
         |          |   |   |             |   the compound: x 100 … 200, y 20 … 180
    100  |          |   c---p             |   inner way: from (150, 0) to (150, 200), crossing the wall
         |          |   |   |             |   at S (150, 20) and at N (150, 180)
         |          +---S---+             |
      0  o------------------------------- o   South Road, from (0, 0) to (400, 0)

West Road joins (0, 0) and (0, 200), East Road (400, 0) and (400, 200).
"""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmgmt.analysis.walking.assembly import Changes, NewPath, assemble
from gridmgmt.analysis.walking.model import Trait, Trip
from tests.support.walled import CRS, ONE_M_PER_S, gate, lonlat, outline, place_snap, streets, walks

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
HOME, POINT_NORTH, POINT_SOUTH = (160, 100), (250, 210), (250, -10)
PASSERBY = (150, -20)
NORTH, SOUTH = ("N", 150, 180), ("S", 150, 20)
BY_DAY = ((8 * 60, 18 * 60), (24 * 60 * 2 + 8 * 60, 24 * 60 * 2 + 18 * 60))


def estate(*gates, **rest):
    return assemble(streets(ROADS), CRS, gates=gates, compounds=[outline(WALL)], **rest)


TWO_GATES = estate(gate(*NORTH), gate(*SOUTH))


def around(*lengths: float) -> object:
    """The sum to 3 in 10,000, as metres on paper are to metres on the ellipsoid, and the hundredths of a few gates."""
    return pytest.approx(sum(lengths), rel=3e-4, abs=0.06)


def test_without_walls_everybody_takes_the_inner_way() -> None:
    network = assemble(streets(ROADS), CRS)
    # 10 m to the inner way, 100 m north, 100 m east, 10 m to the point; the passer-by 20 m, 200 m, 100 m and 10 m.
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH]) == [around(10, 100, 100, 10), around(20, 200, 100, 10)]


def test_residents_go_out_by_card_and_nobody_walks_through() -> None:
    network = estate(gate(*NORTH, "residents"), gate(*SOUTH, "residents"))
    home, passerby = walks(network, [HOME, PASSERBY], [POINT_NORTH])
    assert home == around(10, 100, 100, 10)
    assert passerby == around(20, 150, 200, 150, 100, 10)
    # And back: in by card, and nobody else.
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH], trip=Trip.FROM_POINT) == [home, passerby]
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH], trip=Trip.ROUND) == [2 * home, 2 * passerby]


def test_nobody_walks_into_a_compound_that_is_not_his() -> None:
    network = estate(gate(*NORTH, "residents"), gate(*SOUTH, "residents"))
    inside = (155, 60)
    assert walks(network, [HOME, PASSERBY], [inside]) == [around(10, 40, 5), np.inf]


def test_a_public_gate_lets_through_in_its_hours_only() -> None:
    network = estate(gate(*NORTH, "public", BY_DAY), gate(*SOUTH, "public"))
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH], at="wed 10:00") == [around(220), around(330)]
    at_night = [around(10, 100, 150, 200, 150, 100, 10), around(20, 150, 200, 150, 100, 10)]
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH], at="wed 20:00") == at_night
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH], at="tue 10:00") == at_night


def test_nobody_comes_in_by_a_public_gate_and_leaves_by_card() -> None:
    network = estate(gate(*NORTH, "residents"), gate(*SOUTH, "public"))
    around_the_block = around(20, 150, 200, 150, 100, 10)
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH]) == [around(220), around_the_block]
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH], trip=Trip.FROM_POINT) == [around(220), around_the_block]
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH], trip=Trip.ROUND) == [around(440), around(1260)]
    # What is inside is visited by the public gate, and by those who live there wherever they are.
    inside = (155, 60)
    assert walks(network, [HOME, PASSERBY], [inside]) == [around(10, 40, 5), around(20, 60, 5)]
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH], gates={0: gate(*NORTH)}) == [around(220), around(330)]


def test_outside_its_hours_a_gate_is_as_if_it_were_not_there() -> None:
    closed = estate(gate(*NORTH, "closed"), gate(*SOUTH))
    timed = estate(gate(*NORTH, "residents", BY_DAY), gate(*SOUTH))
    args = [HOME, PASSERBY], [POINT_NORTH, POINT_SOUTH]
    assert walks(timed, *args, at="sun 10:00") == walks(closed, *args)


ACCESS = ("closed", "residents", "public")
SPOTS = [HOME, PASSERBY, (155, 60), (250, 190), (350, 10), (10, 100)]


@given(st.lists(st.sampled_from(ACCESS), min_size=2, max_size=2), st.integers(0, 1), st.sampled_from(list(Trip)))
@settings(max_examples=40)
def test_opening_a_gate_never_lengthens_a_walk(access, opened, trip) -> None:
    gates = [gate(*where, each) for where, each in zip((NORTH, SOUTH), access, strict=True)]
    before = walks(TWO_GATES, SPOTS, [POINT_NORTH, POINT_SOUTH], gates=dict(enumerate(gates)), trip=trip)
    for wider in ACCESS[ACCESS.index(access[opened]) :]:
        changed = {**dict(enumerate(gates)), opened: gate(*(NORTH, SOUTH)[opened], wider)}
        after = walks(TWO_GATES, SPOTS, [POINT_NORTH, POINT_SOUTH], gates=changed, trip=trip)
        assert all(new <= old for old, new in zip(before, after, strict=True))


@given(st.lists(st.sampled_from(ACCESS), min_size=2, max_size=2), st.sampled_from(list(Trip)))
@settings(max_examples=20)
def test_only_two_public_gates_make_a_way_through(access, trip) -> None:
    gates = {i: gate(*where, each) for i, (where, each) in enumerate(zip((NORTH, SOUTH), access, strict=True))}
    (seconds,) = walks(TWO_GATES, [PASSERBY], [POINT_NORTH], gates=gates, trip=trip)
    through = all(each == "public" for each in access)
    assert seconds == around((2 if trip is Trip.ROUND else 1) * (330 if through else 630))


def test_a_crossing_far_from_every_gate_is_walled() -> None:
    network = estate(gate(*SOUTH, "residents"))
    assert walks(network, [HOME], [POINT_NORTH]) == [around(10, 100, 150, 200, 150, 100, 10)]
    assert network.findings == ()


def test_a_compound_whose_gates_nobody_knows_is_open_and_found() -> None:
    network = estate()
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH]) == [around(220), around(330)]
    assert [finding.code for finding in network.findings] == ["compound_without_gates"]


def test_places_join_the_ways_of_their_own_side_of_the_wall() -> None:
    network = estate(gate(*SOUTH, "residents"))
    inside, outside = (150, 25), (195, 15)
    snap = place_snap(network, [inside, outside])
    assert network.zone[snap.edge].tolist() == [0, -1]
    # 5 m inside the south wall, at the inner way; 15 m to South Road, though a way inside is not much farther.
    assert snap.distance_m == pytest.approx([0, 15], abs=0.01)


def test_a_compound_without_ways_is_crossed_straight_to_its_gates() -> None:
    """Gates W (100, 100), 100 m from West Road, is out of reach; S (150, 20) is 20 m from South Road."""
    roads = [*ROADS[:6], [(0, 100), (75, 100)]]
    network = assemble(
        streets(roads), CRS, gates=[gate("W", 100, 100), gate(*SOUTH)], compounds=[outline(WALL)]
    )  # fmt: skip
    middle = (150, 100)
    # 80 m to S, 20 m to South Road, 100 m east, 10 m to the point.
    assert walks(network, [middle], [POINT_SOUTH]) == [around(80, 20, 100, 10)]


def test_a_gate_on_a_street_parts_it() -> None:
    """A gate at (60, 0) of South Road, shut at night: from (50, 0) to (70, 0) it is 20 m, or around the block."""
    network = assemble(streets(ROADS), CRS, gates=[gate("G", 60, 2, "public", BY_DAY)])
    assert walks(network, [(50, 0)], [(70, 0)]) == [around(20)]
    assert walks(network, [(50, 0)], [(70, 0)], at="wed 23:00") == [around(50, 200, 150, 200, 80)]


def test_a_crossing_with_a_gate_on_it_is_waited_at_once() -> None:
    waiting = replace(ONE_M_PER_S, crossing_s=15.0)
    lines, traits = [[(0, 0), (100, 0)], [(100, 0), (130, 0)], [(130, 0), (300, 0)]], [0, int(Trait.CROSSING), 0]
    for gates in ([], [gate("G", 110, 0)], [gate("G", 110, 0), gate("H", 120, 0)]):
        network = assemble(streets(lines, traits), CRS, gates=gates)
        assert walks(network, [(20, 0)], [(220, 0)], profile=waiting) == [pytest.approx(215, abs=0.2)]


def test_a_gate_at_a_crossroads_closes_it_to_all() -> None:
    network = assemble(streets(ROADS), CRS, gates=[gate("G", 150, 1, "closed")])
    # Only West, North and the inner way are left from (140, 0); and nobody gets out of the inner way's south end.
    assert walks(network, [(140, 0), (150, 10)], [POINT_SOUTH]) == [
        around(140, 200, 400, 200, 150, 10), around(190, 250, 200, 150, 10),
    ]  # fmt: skip


def test_private_ways_are_left_and_reached_by_those_who_live_there() -> None:
    traits = [0] * 6 + [int(Trait.PRIVATE)]
    network = assemble(streets(ROADS, traits), CRS)
    assert walks(network, [HOME, PASSERBY], [POINT_NORTH]) == [around(220), around(20, 150, 200, 150, 100, 10)]
    assert walks(network, [HOME], [POINT_NORTH], trip=Trip.ROUND) == [around(440)]
    # A service point does not stand on a private way: it joins South Road, 40 m away.
    assert walks(network, [PASSERBY], [(155, 40)]) == [around(20, 5, 40)]


def test_what_a_card_gate_cuts_off_is_home_to_those_behind_it() -> None:
    """A lane from (400, 100) on East Road to (450, 100), with a card gate at (410, 100)."""
    roads = [*ROADS[:5], [(400, 0), (400, 100)], [(400, 100), (400, 200)], [(400, 100), (450, 100)]]
    network = assemble(streets(roads), CRS, gates=[gate("L", 410, 100, "residents")])
    # A service point behind the gate serves those who live there, not those who do not.
    assert walks(network, [(440, 100), (400, 50)], [(410, 200), (445, 100)]) == [around(5), around(50, 100, 10)]
    assert walks(network, [(440, 100)], [(400, 210)]) == [around(40, 100, 10)]
    assert network.findings == ()


def test_a_card_gate_with_the_street_on_both_sides_lets_nobody_through_and_is_found() -> None:
    network = assemble(streets(ROADS), CRS, gates=[gate("G", 60, 0, "residents")])
    assert walks(network, [(50, 0)], [(70, 0)]) == [around(50, 200, 150, 200, 80)]
    assert [finding.code for finding in network.findings] == ["gate_separates_nothing"]


def test_a_gate_far_from_every_way_is_found() -> None:
    network = assemble(streets(ROADS), CRS, gates=[gate("G", 300, 100)])
    assert [finding.code for finding in network.findings] == ["gate_off_network"]


def test_what_if_a_gate_opens_changes_costs_alone() -> None:
    network = estate(gate(*NORTH, "closed"), gate(*SOUTH))
    (before,) = walks(network, [HOME], [POINT_NORTH])
    (after,) = walks(network, [HOME], [POINT_NORTH], gates={0: gate(*NORTH)})
    assert (before, after) == (around(10, 100, 150, 200, 150, 100, 10), around(220))


def test_barriers_close_what_crosses_them_but_bridges() -> None:
    river = outline([(300, -50), (320, -50), (320, 250), (300, 250), (300, -50)])
    traits = [0, 0, 0, int(Trait.BRIDGE), 0, 0, 0]
    network = assemble(streets(ROADS, traits), CRS, barriers={"water": [river]})
    assert network.barrier_edges == {"water": 1}
    # South Road is cut at the river: around by the inner way and North Road's bridge.
    assert walks(network, [(350, 200)], [(140, -10)]) == [around(200, 200, 10, 10)]
    # What lies along the closed street joins another one, or none.
    assert place_snap(network, [(380, 10)]).distance_m == pytest.approx([20], abs=0.01)


def test_a_planned_path_joins_what_it_meets() -> None:
    path = NewPath("steps", line_of([(5, 100), (395, 100)]))
    network = assemble(streets(ROADS), CRS, changes=Changes(paths=[path]))
    assert walks(network, [(0, 100)], [(400, 100)]) == [around(400)]
    assert walks(network, [(0, 100)], [(150, 150)]) == [around(150, 50)]
    over = NewPath("bridge", line_of([(5, 100), (395, 100)]), int(Trait.BRIDGE))
    network = assemble(streets(ROADS), CRS, changes=Changes(paths=[over]))
    assert walks(network, [(0, 100)], [(150, 120)]) == [around(100, 150, 80)], "nobody leaves a bridge in its middle"


def test_a_path_that_joins_nothing_is_found() -> None:
    path = NewPath("lost", line_of([(250, 90), (300, 90)]))
    network = assemble(streets(ROADS), CRS, changes=Changes(paths=[path]))
    assert [(finding.code, finding.object) for finding in network.findings] == [("path_joins_nothing", "lost")]


def test_closed_streets_are_walked_around() -> None:
    for changes in (Changes(closed_edges=[6]), Changes(closed_lines=[line_of([(140, 90), (160, 90)])])):
        network = assemble(streets(ROADS), CRS, changes=changes)
        assert walks(network, [PASSERBY], [POINT_NORTH]) == [around(20, 150, 200, 150, 100, 10)]


def line_of(points):
    return shapely.LineString(lonlat(points))
