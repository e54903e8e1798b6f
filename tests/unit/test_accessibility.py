"""Accessibility by floating catchments, against numbers worked out by hand and against PySAL access."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from access import fca, weights  # type: ignore[import-untyped]  # it has no types
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.analysis.accessibility import (
    QUICK_ZONE_DECAY,
    Decay,
    Method,
    accessibility,
    enhanced_two_step,
    equity,
    gravity,
    two_step,
    weighted_gini,
)
from gridmgmt.errors import InputError

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]
DECAYS = {
    "2sfca": (two_step(1200), None),
    "e2sfca": (
        enhanced_two_step((300, 600, 900, 1200)),
        weights.step_fn(dict(zip((5, 10, 15, 20), enhanced_two_step((300, 600, 900, 1200)).zone_weights, strict=True))),
    ),
    "power": (gravity(Method.GRAVITY_POWER, 1.5, 1200), weights.gravity(scale=1, alpha=-1.5, min_dist=1)),
    "exponential": (gravity(Method.GRAVITY_EXPONENTIAL, 0.1, 1200), lambda minutes: np.exp(-0.1 * minutes)),
}


def pairs_of(rows: list[list[tuple[int, float]]]) -> Pairs:
    """Return the table of times of rows of (place, minutes)."""
    flat = [pair for row in rows for pair in row]
    indptr = np.cumsum([0, *(len(row) for row in rows)])
    place = np.array([p for p, _ in flat], dtype=np.int32)
    return indptr, place, np.array([round(m * 6000) for _, m in flat], dtype=np.int32)


def some_pairs(seed: int, points: int = 12, places: int = 300) -> tuple[Pairs, np.ndarray, np.ndarray]:
    """A random table in which one point is reached by nobody, with residents and capacities."""
    rng = np.random.default_rng(seed)
    cs = rng.integers(0, 160_000, (points, places))
    cs[points // 2] = 150_000
    rows = [[(p, cs[s, p] / 6000) for p in range(places) if cs[s, p] <= 140_000] for s in range(points)]
    return pairs_of(rows), rng.integers(0, 40, places).astype(float), rng.integers(0, 80, points).astype(float)


def by_pysal(
    pairs: Pairs, residents: np.ndarray, capacity: np.ndarray, weight: Callable[[float], float] | None
) -> np.ndarray:
    """The same through PySAL access, a place that reaches no point has nothing."""
    indptr, place, cs = pairs
    costs = pd.DataFrame(
        {"origin": place, "dest": np.repeat(np.arange(len(capacity)), np.diff(indptr)), "cost": cs / 6000}
    )
    demand = pd.DataFrame({"geoid": np.arange(len(residents)), "demand": residents})
    supply = pd.DataFrame({"supply": capacity})
    found = fca.two_stage_fca(
        demand, supply, costs, 20.0, demand_index="geoid", supply_name="supply", weight_fn=weight
    )  # fmt: skip
    return np.asarray(found.reindex(np.arange(len(residents))).fillna(0.0))


def test_two_points_share_their_capacity_as_a_person_works_it_out() -> None:
    """Point 0 (10 beds) is reached by places 0 and 1, 30 + 10 residents; point 1 (6 beds) by place 1 alone, 10.

    A bed of point 0 for 4 residents: 0.25. Place 1 has 0.25 + 0.6; place 2 is beyond 20 minutes from all.
    """
    pairs = pairs_of([[(0, 5), (1, 20), (2, 20.01)], [(1, 1)]])
    found = accessibility(pairs, two_step(1200), residents=np.array([30.0, 10, 7]), capacity=np.array([10.0, 6]))
    assert found.demand.tolist() == [40, 10]
    assert found.ratio.tolist() == [0.25, 0.6]
    assert found.place == pytest.approx([0.25, 0.85, 0])
    assert found.shared == 16


def test_zones_weigh_as_luo_and_qi_print_them() -> None:
    slow, quick = enhanced_two_step((600, 1200, 1800)), enhanced_two_step((600, 1200, 1800), QUICK_ZONE_DECAY)
    assert [round(w, 2) for w in slow.zone_weights] == [1, 0.68, 0.22]
    assert [round(w, 2) for w in quick.zone_weights] == [1, 0.42, 0.03]


def test_a_zone_ends_with_its_last_hundredth_of_a_second() -> None:
    decay = Decay(Method.ENHANCED_TWO_STEP, 600, (300, 600), (1, 0.5))
    assert decay.of(np.array([0, 30_000, 30_001, 60_000, 60_001])).tolist() == [1, 1, 0.5, 0.5, 0]


def test_powers_have_a_bound_at_the_door() -> None:
    decay = gravity(Method.GRAVITY_POWER, 2, 1200)
    assert decay.of(np.array([0, 6000, 12_000, 120_001])).tolist() == [1, 1, 0.25, 0]


@pytest.mark.parametrize("name", DECAYS)
@pytest.mark.parametrize("seed", range(3))
def test_pysal_finds_the_same(name: str, seed: int) -> None:
    decay, weight = DECAYS[name]
    pairs, residents, capacity = some_pairs(seed)
    found = accessibility(pairs, decay, residents=residents, capacity=capacity)
    np.testing.assert_allclose(found.place, by_pysal(pairs, residents, capacity, weight), rtol=1e-9, atol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(sorted(DECAYS)))
def test_what_residents_have_adds_up_to_what_points_give(seed: int, name: str) -> None:
    pairs, residents, capacity = some_pairs(seed, 5, 40)
    found = accessibility(pairs, DECAYS[name][0], residents=residents, capacity=capacity)
    reached = found.demand > 0
    assert not reached.all()
    assert found.place @ residents == pytest.approx(capacity[reached].sum(), rel=1e-12)
    assert found.shared == capacity[reached].sum()


def test_negative_residents_are_named() -> None:
    with pytest.raises(InputError) as caught:
        accessibility(pairs_of([[(0, 1)]]), two_step(60), residents=np.array([-2.0]), capacity=np.ones(1))
    assert caught.value.fields == {"field": "residents", "value": -2.0}


@pytest.mark.parametrize("zones", [(), (0, 600), (600, 600), (600, 300)])
def test_zones_must_rise(zones: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="zones"):
        enhanced_two_step(zones)


@pytest.mark.parametrize(
    ("values", "residents", "gini"),
    [
        ([1, 3], [1, 1], 0.25),
        ([0, 1], [3, 1], 0.75),  # 2·3·1·1 over 2·16·(1/4)
        ([1, 2, 3], [1, 1, 1], 2 / 9),  # 2·(1+1+2) over 2·9·2
        ([2, 2, 2], [0.1, 0.2, 0.7], 0.0),
        ([5], [3], 0.0),
        ([0, 0], [1, 1], None),
        ([4, 9], [0, 0], None),
    ],
)
def test_gini_by_hand(values: list[float], residents: list[float], gini: float | None) -> None:
    group = np.zeros(len(values), dtype=np.int64)
    (found,) = weighted_gini(np.array(values, float), np.array(residents, float), group, 1)
    assert np.isnan(found) if gini is None else found == pytest.approx(gini, rel=1e-15, abs=0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9), st.integers(-1, 2)), min_size=1, max_size=30))
def test_gini_is_the_mean_difference_of_all_pairs(rows: list[tuple[int, int, int]]) -> None:
    values, residents, group = (np.array(column) for column in zip(*rows, strict=True))
    found = weighted_gini(values.astype(float), residents.astype(float), group, 3)
    for number in range(3):
        people = np.repeat(values[group == number], residents[group == number])
        differences = np.abs(people[:, None] - people[None, :]).sum()
        if people.sum() == 0:
            assert np.isnan(found[number])
        else:
            assert found[number] == pytest.approx(differences / (2 * len(people) * people.sum()), rel=1e-12, abs=1e-15)


def test_equal_values_give_the_same_gini_in_any_order_and_split() -> None:
    values, residents = np.array([0.1, 0.3, 0.1, 0.7]), np.array([3.0, 2, 4, 1])
    whole = weighted_gini(np.array([0.1, 0.3, 0.7]), np.array([7.0, 2, 1]), np.zeros(3, dtype=np.int64), 1)
    for order in ([0, 1, 2, 3], [2, 3, 1, 0], [1, 0, 3, 2]):
        assert weighted_gini(values[order], residents[order], np.zeros(4, dtype=np.int64), 1) == whole


def test_equity_by_group() -> None:
    found = equity(
        np.array([0.0, 2, 4, 9]), np.array([2.0, 1, 1, 0]), np.array([0, 0, 1, 1]), 3
    )  # group 2 is empty; of group 1 one place has no residents
    assert found.places.tolist() == [2, 2, 0]
    assert found.mean[:2] == pytest.approx([2 / 3, 4])
    assert found.least[:2].tolist() == [0, 4]
    assert found.without.tolist() == [2, 0, 0]
    assert found.gini[0] == pytest.approx(2 * 2 * 1 * 2 / (2 * 9 * (2 / 3)))
    assert np.isnan([found.mean[2], found.least[2], found.gini[2]]).all()
