"""Who lives behind which wall walks where: every place of random walled towns, beside walks person by person."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridmgmt.analysis.walking.gates import Access
from gridmgmt.analysis.walking.model import Trip
from gridmgmt.hours import minute_of_week
from tests.support.walled import walks
from tests.support.walled_towns import AT, LEG_M, random_town

OWN_PIECE_M = 20.0
"""A point in one's own compound may seem this much farther (:mod:`gridmgmt.analysis.walking.layers`)."""


def check(seed: int) -> np.ndarray:
    town, places, points = random_town(seed)
    network = town.network()
    at = [town.position(spot, LEG_M) for spot in places], [town.position(spot, LEG_M) for spot in points]
    ways = {trip: np.array(walks(network, *at, at=AT, trip=trip)) for trip in Trip}
    expected = np.array([town.seconds(place, points, minute_of_week(AT)) for place in places])
    at_home = np.array([
        town.zone_at(place) >= 0 and town.zone_at(place) in map(town.zone_at, points) for place in places
    ])  # fmt: skip
    for trip, found in ways.items():
        factor = 2 if trip is Trip.ROUND else 1
        assert np.isfinite(found).tolist() == np.isfinite(expected).tolist(), (trip, found, expected)
        reached = np.isfinite(expected)
        more = found[reached] / factor - expected[reached]
        slack = 0.3 + 0.002 * expected[reached]
        assert (more > -slack).all(), (trip, found, expected)
        assert (more < slack + OWN_PIECE_M * at_home[reached]).all(), (trip, found, expected)
    return expected


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_every_person_walks_as_far_as_walls_and_gates_let_him(seed) -> None:
    check(seed)


@pytest.mark.parametrize("seed", range(12))
def test_the_towns_hold_people_who_reach_nothing_and_others_who_do(seed) -> None:
    expected = check(seed)
    assert np.isfinite(expected).any()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["public", "residents", "closed"]))
def test_what_if_a_gate_is_another_is_a_town_where_it_is(seed, access) -> None:
    """Walks with a gate changed are those of a town put together with that gate, wherever it stands in a wall."""
    town, places, points = random_town(seed)
    in_walls = [street for street in town.gates if town.crosses_wall(street)]
    assume(in_walls)
    street = in_walls[seed % len(in_walls)]
    changed = town.gates[street].opened(Access(access), None)
    number = list(town.gates).index(street)
    at = [town.position(spot, LEG_M) for spot in places], [town.position(spot, LEG_M) for spot in points]
    before = town.network()
    town.gates[street] = changed
    after = town.network()
    for trip in Trip:
        what_if = walks(before, *at, at=AT, trip=trip, gates={number: changed})
        assert what_if == walks(after, *at, at=AT, trip=trip)
    if access == "public":
        then, now = walks(before, *at, at=AT), walks(after, *at, at=AT)
        assert all(b <= a for a, b in zip(then, now, strict=True)), "opening a gate lengthens nobody's walk"
