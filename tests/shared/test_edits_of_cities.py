"""Edits of real cities, street by street, beside full runs: to the bit, after every one of them."""

from pathlib import Path

import numpy as np
import pytest

from gridmgmt.analysis.walking.model import NO_WAY, Trip
from tests.support.cities import City, read_city
from tests.support.live_plan import KINDS, Plan, check_change

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module", params=["helsinki", "monaco", "dachang", "shanghai"])
def city(request, shared_data: Path) -> City:
    return read_city(shared_data, request.param)


def plan_of(city: City, trip: Trip, limit_cs: int) -> Plan:
    """A hundred points and 3,000 places; costs of hills where each way is searched by itself, else of the way out."""
    costs = city.costs()
    there, back = costs.out_cs, costs.out_cs if trip is Trip.ROUND else costs.back_cs
    return Plan(
        rng=np.random.default_rng(len(costs.out_cs)),
        trip=trip,
        limit_cs=limit_cs,
        symmetric=trip is Trip.ROUND,
        ends=np.column_stack([city.graph.source, city.graph.target]).astype(np.int64),
        length_m=city.graph.length_m,
        costs=np.column_stack([there, back]).astype(np.int64),
        n_nodes=city.graph.n_nodes,
        points=city.spots(1, 100),
        places=city.spots(2, 3_000),
    )


@pytest.mark.parametrize(
    ("trip", "limit_cs"), [(Trip.TO_POINT, NO_WAY), (Trip.FROM_POINT, 60_000), (Trip.ROUND, 240_001)]
)
def test_sixty_edits_of_all_kinds_are_to_the_bit_those_of_full_runs(city, trip, limit_cs) -> None:
    plan = plan_of(city, trip, limit_cs)
    live = plan.live()
    before = plan.check(live)
    touched = 0
    for number in range(60):
        change = live.apply(*plan.edits(KINDS[number % len(KINDS)]))
        after = plan.check(live)
        check_change(change, before, after)
        touched += len(change.place)
        before = after
    assert 0 < touched < 60 * len(plan.places.edge) / 2, "edits must change something, and not everything"


def test_round_trips_on_hills_are_computed_anew_and_right(city) -> None:
    plan = plan_of(city, Trip.ROUND, 90_000)
    plan.symmetric = False
    plan.costs = np.column_stack([city.costs().out_cs, city.costs().back_cs]).astype(np.int64)
    live = plan.live()
    before = plan.check(live)
    for kind in ("costs", "split", "add point", "move point"):
        change = live.apply(*plan.edits(kind))
        assert change.full
        after = plan.check(live)
        check_change(change, before, after)
        before = after
