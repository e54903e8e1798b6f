"""Residents of areas spread over places: sums to the bit, numbers from paper, and ranges beside a brute force."""

import itertools
from fractions import Fraction
from random import Random

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from gridmgmt.analysis.spreading import FRONTAGE_M, count_bounds, frontage, place_bounds, range_by_group, shares, sums
from gridmgmt.analysis.walking.tally import from_fixed, to_fixed


def fixed(*residents: float) -> np.ndarray:
    return to_fixed("residents", residents)


def test_three_houses_on_paper() -> None:
    """100 residents over floor areas of 600, 300 and 100 m²: 60, 30 and 10.

    The first holds at least max(60/2, 100 - 2·40) = 30 and at most min(2·60, 100 - 40/2) = 80; the last 5 to 20.
    """
    own = shares(fixed(100)[:, None], np.zeros(3, dtype=int), np.array([600.0, 300.0, 100.0]))[:, 0]
    assert from_fixed(own).tolist() == pytest.approx([60, 30, 10], abs=1e-9)
    low, high = (from_fixed(each) / 2 for each in place_bounds(own, np.zeros(3, dtype=int)))
    assert low.tolist() == pytest.approx([30, 15, 5], abs=1e-9)
    assert high.tolist() == pytest.approx([80, 60, 20], abs=1e-9)


def test_the_only_place_of_an_area_holds_everybody() -> None:
    own = shares(fixed(7, 12)[:, None], np.array([0, 1, 1]), np.array([3.0, 1.0, 1.0]))[:, 0]
    low, high = (from_fixed(each) / 2 for each in place_bounds(own, np.array([0, 1, 1])))
    assert (from_fixed(own).tolist(), low.tolist(), high.tolist()) == ([7, 6, 6], [7, 3, 3], [7, 9, 9])


def test_a_count_over_two_areas_on_paper() -> None:
    """Of the 100 of one area a part of 40 is counted: 20 … 70; of another all of its 10: 10 … 10."""
    least, most = range_by_group(fixed(40, 10), np.array([0, 0]), 1, np.array([0, 1]), fixed(100, 10))
    assert (from_fixed(least) / 2).tolist() == [30]
    assert (from_fixed(most) / 2).tolist() == [80]


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.floats(0.001, 1e7)), min_size=1, max_size=40),
    st.randoms(use_true_random=False),
)
@example([0, 0, 271], [(0, 32767.0), (2, 1.0), (2, 0.001)], Random(0))  # one area's weights dwarf another's
def test_the_places_of_an_area_sum_to_it(totals, places, chance) -> None:
    rows = [(area % len(totals), weight) for area, weight in places]
    chance.shuffle(rows)
    area, weight = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    whole = np.column_stack([fixed(*totals), fixed(*(total / 7 for total in totals))])
    own = shares(whole, area, weight)
    assert (own >= 0).all()
    for k in np.unique(area):
        assert own[area == k].sum(axis=0).tolist() == whole[k].tolist()
        expected = whole[k, 0] * weight[area == k] / weight[area == k].sum()
        assert own[area == k, 0].tolist() == pytest.approx(expected.tolist(), rel=1e-9, abs=16)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.data())
def test_the_bounds_are_those_of_all_ways_to_live(weights, data) -> None:
    """Every corner of what is allowed: all but one place at an end of its range, the last one takes what is left."""
    total = Fraction(2 * sum(weights))
    own = [Fraction(2 * weight) for weight in weights]
    counted = data.draw(st.lists(st.booleans(), min_size=len(own), max_size=len(own)))
    found = []
    for free in range(len(own)):
        others = [i for i in range(len(own)) if i != free]
        for ends in itertools.product((Fraction(1, 2), Fraction(2)), repeat=len(others)):
            held = {i: own[i] * end for i, end in zip(others, ends, strict=True)}
            held[free] = total - sum(held.values())
            if own[free] / 2 <= held[free] <= 2 * own[free]:
                found.append(sum((held[i] for i in range(len(own)) if counted[i]), Fraction(0)))
    part = sum((share for share, is_counted in zip(own, counted, strict=True) if is_counted), Fraction(0))
    least, most = count_bounds(int(part), int(total))
    assert (Fraction(int(least), 2), Fraction(int(most), 2)) == (min(found), max(found))
    assert int(least) <= 2 * part <= int(most)


def test_streets_are_cut_into_equal_pieces() -> None:
    """A street of 100 m gets four places of 25 m each, one of 20 m gets one in its middle."""
    lines = np.array([shapely.LineString([(121.4, 31.3), (121.401, 31.3)]), shapely.LineString([(0, 31), (0, 31.1)])])
    lonlat, metres = frontage(lines, np.array([100.0, 20.0]))
    assert metres.tolist() == [25.0] * 4 + [20.0]
    assert lonlat[:, 0].tolist() == pytest.approx([121.400125, 121.400375, 121.400625, 121.400875, 0.0])
    assert lonlat[4].tolist() == pytest.approx([0.0, 31.05])
    assert metres.max() <= FRONTAGE_M


def test_no_streets_no_places() -> None:
    lonlat, metres = frontage(np.empty(0, dtype=object), np.empty(0))
    assert (lonlat.shape, metres.shape) == ((0, 2), (0,))


def test_sums_are_exact() -> None:
    assert sums(np.array([1 << 60, 1, 1]), np.array([1, 1, 0]), 3).tolist() == [1, (1 << 60) + 1, 0]
