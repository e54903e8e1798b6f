"""What other gates change, by the touched places alone, is what two whole searches tell, on the paper estate."""

from dataclasses import replace
from datetime import date
from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from gridmgmt.analysis.walking.assembly import WalkNetwork, assemble
from gridmgmt.analysis.walking.gates import Access
from gridmgmt.analysis.walking.matrix import PlacesByEdge
from gridmgmt.analysis.walking.model import Trip, WalkProfile
from gridmgmt.analysis.walking.rounds import nearest_trip
from gridmgmt.editions.rules import Counting
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.live import changed_by_gates
from gridmgmt.walking.rules import make_question
from gridmgmt.walking.state import Ground, WalkState
from tests.support.walled import CRS, ONE_M_PER_S, gate, outline, place_snap, point_snap, streets

ROADS = [
    [(0, 0), (150, 0)], [(150, 0), (400, 0)], [(0, 200), (150, 200)], [(150, 200), (400, 200)],
    [(0, 0), (0, 200)], [(400, 0), (400, 200)], [(150, 0), (150, 200)],
]  # fmt: skip
WALL = [(100, 20), (200, 20), (200, 180), (100, 180), (100, 20)]
PLACES = [(x, y) for x in range(-20, 440, 35) for y in range(-20, 240, 35)]
POINTS = [(250, 210), (160, 100), (20, -10)]
UPHILL = replace(ONE_M_PER_S, name="uphill", slope=True)


@pytest.fixture(autouse=True)
def nothing_kept():
    yield
    WARM.clear()


def estate(south: str, north: str, slope: float = float("nan")) -> WalkNetwork:
    """The estate of `tests.unit.test_walk_zones` with its two gates, all streets rising alike."""
    edges = streets(ROADS)
    edges = replace(edges, slope=np.full_like(edges.slope, slope))
    gates = [gate("S", 150, 20, south), gate("N", 150, 180, north)]
    return assemble(edges, CRS, gates=gates, compounds=[outline(WALL)])


def warm(network: WalkNetwork, trip: Trip, profile: WalkProfile = ONE_M_PER_S) -> WalkState:
    """A warm state of nothing but walks."""
    question = make_question(date(2026, 1, 5), trip=trip)
    places, points = place_snap(network, PLACES), point_snap(network, POINTS)
    ground = Ground(
        network, pa.table({}), places, places.edge >= 0, PlacesByEdge.build(places, network.graph.n_edges),
        np.zeros((len(PLACES), 6), dtype=np.int64), {}, Counting.COUNTED, (), (), None,
    )  # fmt: skip
    there, back = (network.costs(profile, at=question.minute, leg=leg) for leg in (Trip.TO_POINT, Trip.FROM_POINT))
    found = nearest_trip(network.graph, there, back, points=points, places=places, trip=trip)
    return WalkState(question, ground, profile, there, back, pa.table({}), points, found, (), 0)


@pytest.mark.parametrize("trip", Trip)
@pytest.mark.parametrize(("profile", "slope"), [(ONE_M_PER_S, float("nan")), (UPHILL, 0.06)])
def test_other_gates_change_what_two_searches_tell_apart(trip: Trip, profile: WalkProfile, slope: float) -> None:
    told = 0
    for south, north, wanted, index in product(Access, Access, Access, (0, 1)):
        network = estate(south, north, slope)
        changed_gate = {index: network.gates[index].opened(wanted, None)}
        state = warm(network, trip, profile)
        there, back = (
            network.costs(profile, at=state.question.minute, leg=leg, gates=changed_gate)
            for leg in (Trip.TO_POINT, Trip.FROM_POINT)
        )
        before = state.nearest
        after = nearest_trip(
            network.graph, there, back, points=state.point_snap, places=state.place_snap, trip=trip
        )  # fmt: skip
        found = changed_by_gates(state, changed_gate)
        other = np.flatnonzero(before.place_cs != after.place_cs)
        told += len(other)
        assert found.place.tolist() == other.tolist()
        assert found.before_cs.tolist() == before.place_cs[other].tolist()
        assert found.after_cs.tolist() == after.place_cs[other].tolist()
        assert found.before_point.tolist() == before.place_point[other].tolist()
        assert found.after_point.tolist() == after.place_point[other].tolist()
    assert told > 100


def test_of_some_edges_costs_are_those_of_all() -> None:
    network = estate("residents", "closed", 0.06)
    some = np.array([9, 2, 6, 7])
    for leg, gates in product((Trip.TO_POINT, Trip.FROM_POINT), (None, {1: gate("N", 150, 180)})):
        whole = network.costs(UPHILL, at=0, leg=leg, gates=gates)
        part = network.costs(UPHILL, at=0, leg=leg, gates=gates, edges=some)
        assert (part.out_cs.tolist(), part.back_cs.tolist()) == (
            whole.out_cs[some].tolist(), whole.back_cs[some].tolist(),
        )  # fmt: skip


@pytest.mark.parametrize("trip", [Trip.TO_POINT, Trip.FROM_POINT, Trip.ROUND])
def test_a_street_gate_that_becomes_the_residents_lets_them_out_and_home(trip: Trip) -> None:
    """A dead end of 150 m behind the gate; the way from its home to the point is 5 + 120 + 150 + 5 m."""
    ends = [[(0, 0), (200, 0)], [(200, 0), (400, 0)], [(200, 0), (200, 150)]]
    walks = {}
    for access in ("public", "residents"):
        network = assemble(streets(ends), CRS, gates=[gate("G", 200, 60, access)], compounds=[])
        cards = {0: network.gates[0].opened(Access.RESIDENTS, None)}
        places, points = place_snap(network, [(205, 120)]), point_snap(network, [(350, 5)])
        there, back = (
            network.costs(ONE_M_PER_S, at=0, leg=leg, gates=cards) for leg in (Trip.TO_POINT, Trip.FROM_POINT)
        )
        walks[access] = nearest_trip(network.graph, there, back, points=points, places=places, trip=trip).place_cs[0]
    assert walks["public"] == walks["residents"]
    assert walks["public"] == pytest.approx(28_000 * (2 if trip is Trip.ROUND else 1), abs=20)
