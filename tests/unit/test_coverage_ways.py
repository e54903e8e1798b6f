"""Which gate a walk passes first, and who walks how far to which point, on paper."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.analysis.walking.assembly import assemble
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.analysis.walking.rounds import nearest_trip
from gridmgmt.analysis.walking.spots import towards
from gridmgmt.analysis.walking.tally import to_fixed
from gridmgmt.coverage.compute import PlaceTable, Reach
from gridmgmt.coverage.flows import FlowPoints, flows
from gridmgmt.coverage.sensitivity import speeds_of, trips_of
from gridmgmt.coverage.ways import FirstGates
from gridmgmt.hours import minute_of_week
from tests.support.walled import CRS, ONE_M_PER_S, gate, outline, place_snap, point_snap, streets

ROADS = [
    [(0, 0), (150, 0)],
    [(150, 0), (400, 0)],
    [(0, 200), (150, 200)],
    [(150, 200), (400, 200)],
    [(150, 0), (150, 200)],
]
WALL = [(100, 20), (200, 20), (200, 180), (100, 180), (100, 20)]
HOME, PASSERBY, NORTH, SOUTH = (160, 100), (300, 0), (250, 210), (250, -10)


@pytest.mark.parametrize("trip", [Trip.TO_POINT, Trip.FROM_POINT])
@pytest.mark.parametrize(("point", "expected"), [(NORTH, "N"), (SOUTH, "S")])
def test_the_first_gate_is_that_of_the_side_the_point_is_on(trip: Trip, point: tuple[int, int], expected: str) -> None:
    gates = [gate("N", 150, 180, "residents"), gate("S", 150, 20, "residents")]
    network = assemble(streets(ROADS), CRS, gates=gates, compounds=[outline(WALL)])
    there, back = (
        network.costs(ONE_M_PER_S, at=minute_of_week("wed 10:00"), leg=leg) for leg in (Trip.TO_POINT, Trip.FROM_POINT)
    )
    places, points = place_snap(network, [HOME, PASSERBY]), point_snap(network, [point])
    found = nearest_trip(network.graph, there, back, points=points, places=places, trip=trip)
    costs = towards(there if trip is Trip.TO_POINT else back, trip)
    first = FirstGates(network, costs, found, places)
    assert first(0) == expected
    assert first(1) is None, "the passer-by needs no gate, or has no way"


def test_without_gates_nothing_is_asked() -> None:
    network = assemble(streets(ROADS), CRS)
    costs = network.costs(ONE_M_PER_S, at=0)
    places, points = place_snap(network, [HOME]), point_snap(network, [NORTH])
    found = nearest_trip(network.graph, costs, costs, points=points, places=places, trip=Trip.TO_POINT)
    assert FirstGates(network, costs, found, places)(0) is None


walks = st.lists(
    st.tuples(st.integers(0, 200_000), st.integers(0, 1), st.integers(-1, 1), st.integers(0, 50)),
    min_size=1,
    max_size=40,
)


@given(walks)
def test_nine_tenths_walk_no_longer_and_flows_sum_to_the_covered(rows: list[tuple[int, int, int, int]]) -> None:
    time_cs, point, area, residents = (np.array(column) for column in zip(*rows, strict=True))
    status = np.where(time_cs <= 120_000, 0, 1).astype(np.int8)
    table = PlaceTable(status, time_cs.astype(np.int32), to_fixed("residents", residents[:, None]))
    lonlat = np.column_stack([np.arange(len(rows)) / 1000, np.zeros(len(rows))])
    reach = Reach(np.arange(len(rows)), lonlat, point.astype(np.int32), table)
    found = flows(reach, "town", ["1", "2"], area, FlowPoints(["A", "B"], np.zeros((2, 2))))
    for index, flow in enumerate(found.points):
        here = (point == index) & (status == 0)
        assert flow.residents == residents[here].sum()
        assert flow.beyond == residents[(point == index) & (status == 1)].sum()
        if flow.residents:
            walked = np.repeat(time_cs[here], residents[here]) / 100  # one by one
            assert flow.mean_s == pytest.approx(walked.mean())
            assert flow.most_s == np.sort(walked)[int(np.ceil(0.9 * len(walked))) - 1]
    assert sum(flow.residents for flow in found.areas) == residents[(status == 0) & (area >= 0)].sum()


def test_the_speeds_compared_hold_the_asked_one_and_no_more_than_eight() -> None:
    profiles = [replace(ONE_M_PER_S, speed_m_per_s=0.5 + i / 10) for i in range(12)]
    speeds = speeds_of(profiles[0], profiles)
    assert len(speeds) == 8
    assert speeds[0] == 0.5
    assert speeds_of(ONE_M_PER_S, []) == (1.0,)
    assert trips_of(Trip.FROM_POINT) == (Trip.TO_POINT, Trip.FROM_POINT, Trip.ROUND)
    assert trips_of(Trip.ROUND) == (Trip.TO_POINT, Trip.ROUND)
