"""What edges cost whom, worked out by hand: 100 m at 1 m/s are 10,000 hundredths of a second."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from gridmgmt.analysis.walking.costs import edge_costs
from gridmgmt.analysis.walking.model import NO_WAY, EdgeCosts, Trait, WalkProfile
from gridmgmt.errors import InputError

FLAT = WalkProfile(
    name="plain", edition="1", speed_m_per_s=1.0, sd_m_per_s=None, steps_factor=2.0, crossing_s=10.0,
    unpaved_factor=1.2, rough_factor=1.5, slope=False, most_slope=None, wheelchair=False, evidence="assumed",
    source="by hand",
)  # fmt: skip
WHEELS = replace(FLAT, steps_factor=None, wheelchair=True, most_slope=0.06, slope=True)


def cost_of(traits: int, profile: WalkProfile = FLAT, slope: float = np.nan) -> tuple[int, int]:
    both = edge_costs([100.0], [traits], [slope], profile)
    return int(both.out_cs[0]), int(both.back_cs[0])


@pytest.mark.parametrize(
    ("traits", "cs"),
    [
        (0, 10_000),
        (Trait.STEPS, 20_000),
        (Trait.CROSSING, 11_000),
        (Trait.UNPAVED, 12_000),
        (Trait.ROUGH, 15_000),
        (Trait.UNPAVED | Trait.ROUGH, 15_000),
        (Trait.STEPS | Trait.UNPAVED | Trait.CROSSING, 25_000),
        (Trait.WHEELCHAIR_NO | Trait.BRIDGE | Trait.PRIVATE, 10_000),
    ],
)
def test_each_trait_costs_what_the_profile_says(traits, cs) -> None:
    assert cost_of(traits) == (cs, cs)


@pytest.mark.parametrize(
    ("traits", "slope", "out_cs"),
    [
        (Trait.STEPS, np.nan, NO_WAY),
        (Trait.STEPS | Trait.RAMP, np.nan, 10_000),
        (Trait.STEPS | Trait.LIFT, 0.5, 10_000),
        (Trait.WHEELCHAIR_NO, np.nan, NO_WAY),
        (Trait.WHEELCHAIR_YES, np.nan, 10_000),
        (0, 0.061, NO_WAY),
        (0, -0.061, NO_WAY),
    ],
)
def test_a_wheelchair_goes_by_ramps_and_not_by_steps_or_steep_ways(traits, slope, out_cs) -> None:
    assert cost_of(traits, WHEELS, slope)[0] == out_cs


def test_a_slope_slows_by_toblers_function_and_differs_both_ways() -> None:
    """Up 10 %: exp(3.5 · 0.10) = 1.41907; down 10 %: |-0.10 + 0.05| - 0.05 = 0, as on the flat; down 5 %: 0.83946."""
    uphill = replace(FLAT, slope=True)
    assert cost_of(0, uphill, 0.10) == (14_191, 10_000)
    assert cost_of(0, uphill, -0.05) == (8_395, 11_912)
    assert cost_of(0, uphill) == (10_000, 10_000)
    assert cost_of(Trait.STEPS, uphill, 0.5) == (20_000, 20_000)
    assert cost_of(0, FLAT, 0.10) == (10_000, 10_000)


def test_closed_edges_are_closed_one_way_or_both() -> None:
    three = edge_costs([100.0] * 3, [0] * 3, [np.nan] * 3, FLAT, closed_out=[True, False, True])
    assert_array_equal(three.out_cs, [NO_WAY, 10_000, NO_WAY])
    assert_array_equal(three.back_cs, [10_000] * 3)
    back = edge_costs([100.0] * 2, [0] * 2, [np.nan] * 2, FLAT, closed_back=[True, False])
    assert_array_equal(back.back_cs, [NO_WAY, 10_000])


def test_nothing_is_free_and_the_flat_is_the_same_both_ways() -> None:
    gate = edge_costs([0.0, 100.0], [Trait.GATE, 0], [np.nan, 0.1], FLAT)
    assert_array_equal(gate.out_cs, [1, 10_000])
    assert gate.symmetric
    assert gate.out_cs is gate.back_cs
    assert not EdgeCosts(np.array([1, 2], np.int32), np.array([2, 1], np.int32), 1.0).symmetric


@given(
    length_m=st.floats(0, 50_000), traits=st.integers(0, 1023), slope=st.floats(-0.3, 0.3),
    speed=st.floats(0.3, 2), faster=st.floats(1, 2),
)  # fmt: skip
def test_more_speed_never_costs_more(length_m, traits, slope, speed, faster) -> None:
    slow = replace(FLAT, slope=True, speed_m_per_s=speed)
    quick = replace(slow, speed_m_per_s=speed * faster)
    one, other = (edge_costs([length_m], [traits], [slope], profile) for profile in (slow, quick))
    assert other.out_cs[0] <= one.out_cs[0]
    assert other.back_cs[0] <= one.back_cs[0]


@pytest.mark.parametrize(
    ("arrays", "profile", "code"),
    [
        (([1.0], [0, 0], [0.0]), FLAT, "array_shape_invalid"),
        (([1.0], [0], []), FLAT, "array_shape_invalid"),
        (([1.0], [0], [0.0]), replace(FLAT, speed_m_per_s=0.0), "number_not_positive"),
        (([-1.0], [0], [0.0]), FLAT, "limit_invalid"),
    ],
)
def test_what_cannot_be_walked_is_refused(arrays, profile, code) -> None:
    with pytest.raises(InputError) as refused:
        edge_costs(*arrays, profile)
    assert refused.value.code == code
