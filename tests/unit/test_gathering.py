"""Where values gather, and places of repetition: worked by hand, by enumeration, and beside esda and scipy."""

from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, false_discovery_control

from gridmgmt.analysis.hotspots import (
    Neighbours,
    adjusted,
    gathering,
    gathering_of_points,
    getis_ord,
    neighbours_of,
    permuted,
    strewn,
    touching,
)
from gridmgmt.analysis.repeats import repeated_places

BLOCK = np.array([8.0, 8.0, 0.0, 8.0, 8.0, 0.0, 0.0, 0.0, 0.0])
"""Three rows of three; four high values in the first corner."""


def lattice(side: int) -> Neighbours:
    x, y = (each.ravel() for each in np.meshgrid(np.arange(side), np.arange(side)))
    return touching(shapely.box(x, y, x + 1, y + 1))


def members(neighbours: Neighbours, place: int) -> list[int]:
    return neighbours.members[neighbours.begins[place] : neighbours.begins[place + 1]].tolist()


def exact_p(values: np.ndarray, neighbours: Neighbours, place: int) -> float:
    """The p-value when every choice of neighbours is looked at."""
    others = [value for at, value in enumerate(values.tolist()) if at != place]
    beside = members(neighbours, place)
    observed = sum(values[beside].tolist())
    sums = np.array([sum(chosen) for chosen in combinations(others, len(beside))])
    high, low = np.mean(sums >= observed - 1e-9), np.mean(sums <= observed + 1e-9)
    return float(min(1.0, 2 * min(high, low)))


def test_a_block_of_nine_by_hand() -> None:
    # The values have mean 32/9 and variance 256/9 - (32/9)² = 1280/81. Around the first corner lie 32 in four places:
    # (32 - 4·32/9) / sqrt(1280/81 · 4·5/8) = 2·sqrt(2); around the last 8: (8 - 4·32/9) / the same = -0.98995.
    z = getis_ord(BLOCK, lattice(3))
    assert z[0] == pytest.approx(2 * np.sqrt(2))
    assert z[8] == pytest.approx(-0.98995, abs=1e-5)
    assert z[4] == 0, "it has all others beside it, whatever the arrangement"
    # Of the 56 choices of three others one alone has the three high values.
    assert exact_p(BLOCK, lattice(3), 0) == pytest.approx(2 / 56)


def test_p_values_are_those_of_all_arrangements() -> None:
    neighbours, permutations = lattice(3), 49_999
    for values in (BLOCK, np.random.default_rng(7).poisson(1.0, 9).astype(float), np.arange(9.0) ** 2):
        p = gathering(values, neighbours, permutations=permutations).p
        for place in range(9):
            exact = exact_p(values, neighbours, place)
            assert p[place] == pytest.approx(exact, abs=6 * np.sqrt(exact / permutations) + 2 / permutations)


@pytest.mark.long
def test_scores_are_those_of_esda() -> None:
    esda = pytest.importorskip("esda.getisord", reason="esda is not installed: group peers")
    weights = pytest.importorskip("libpysal.weights")
    neighbours = lattice(15)
    beside = weights.W({place: members(neighbours, place) for place in range(225)}, silence_warnings=True)
    values = np.random.default_rng(3).gamma(0.5, 40.0, 225)
    theirs = esda.G_Local(values, beside, transform="B", star=True, permutations=0)
    assert getis_ord(values, neighbours) == pytest.approx(theirs.Zs, abs=1e-9)


def test_nothing_gathers_where_all_is_alike() -> None:
    for value in (0.0, 0.1, 12_345.678):
        found = gathering(np.full(100, value), lattice(10), permutations=99)
        assert found.z.tolist() == [0.0] * 100
        assert found.p.tolist() == found.adjusted_p.tolist() == [1.0] * 100
        assert [part.tolist() for part in found.found(0.999)] == [[], []]


def test_nothing_gathers_where_surfaces_alone_differ_a_little() -> None:
    one_case_each = 100.0 * (1 + 1e-5 * np.arange(400) / 400)
    found = gathering(one_case_each, lattice(20))
    assert np.abs(found.z).max() > 3, "the score knows no smallness"
    assert found.p.tolist() == [1.0] * 400


@pytest.mark.parametrize("places", [0, 1, 2])
def test_hardly_any_places(places: int) -> None:
    found = gathering(np.arange(float(places)), neighbours_of(np.array([[0, 1]])[: places - 1 : 2], places))
    assert len(found.z) == places
    assert np.isfinite(found.z).all()
    assert found.p.tolist() == [1.0] * places


def test_an_island_is_never_found() -> None:
    neighbours = neighbours_of(np.array([[0, 1], [1, 2], [0, 2]]), 30)
    values = np.r_[9.0, 9.0, 9.0, 500.0, np.zeros(26)]
    found = gathering(values, neighbours)
    assert found.z[3] > 5
    assert found.p[3:].tolist() == [1.0] * 27


def test_a_value_that_leans_the_other_way_than_its_neighbours_is_no_hot_spot() -> None:
    values = np.full((9, 9), 5.0) + np.random.default_rng(1).uniform(0, 1, (9, 9))
    values[3:6, 3:6] = 0.0
    values[4, 4] = 90.0
    found = gathering(values.ravel(), lattice(9))
    hot, cold = found.found(0.05)
    assert (found.adjusted_p[40], found.side[40]) == (pytest.approx(found.adjusted_p.min()), -1)
    assert found.z[40] > 0
    assert 40 not in {*hot.tolist(), *cold.tolist()}


def test_a_planted_block_is_found_where_it_is() -> None:
    values = np.random.default_rng(5).poisson(2.0, (30, 30)).astype(float)
    values[10:14, 20:24] += 12
    hot, cold = gathering(values.ravel(), lattice(30)).found(0.05)
    row, column = np.divmod(hot, 30)
    inside = {(r, c) for r in range(10, 14) for c in range(20, 24)}
    assert inside <= set(zip(row.tolist(), column.tolist(), strict=True))
    assert {*row.tolist()} <= {*range(9, 15)}
    assert {*column.tolist()} <= {*range(19, 25)}
    assert len(cold) <= 1, "of twenty found, one may be chance"


def test_points_strewn_over_places_of_many_sizes_are_hardly_ever_found() -> None:
    # Sizes as those of the demo's quarters, small ones beside small ones; five false discoveries are expected at most.
    neighbours, random = lattice(20), np.random.default_rng(1992)
    across = np.linspace(0.0, 1.0, 20)
    sizes = (0.07 * (2.3 / 0.07) ** ((across[:, None] + across) / 2)).ravel()
    months = [random.multinomial(3_400, sizes / sizes.sum()) for _ in range(100)]

    def found(by_densities_alone: bool) -> int:
        tests = (
            gathering(month / sizes, neighbours, permutations=19_999)
            if by_densities_alone
            else gathering_of_points(month, sizes, neighbours, permutations=19_999)
            for month in months
        )
        return sum(sum(map(len, each.found(0.05))) > 0 for each in tests)

    assert found(by_densities_alone=True) > 12
    assert found(by_densities_alone=False) <= 12


def test_what_gathers_on_places_of_many_sizes_is_found() -> None:
    sizes = np.random.default_rng(27).uniform(0.1, 2.0, 900)
    expected = (10 * sizes).reshape(30, 30)
    expected[10:14, 10:14] *= 6
    counts = np.random.default_rng(40).poisson(expected).ravel()
    hot, cold = gathering_of_points(counts, sizes, lattice(30)).found(0.05)
    inside = {30 * row + column for row in range(11, 13) for column in range(11, 13)}
    around = {30 * row + column for row in range(9, 15) for column in range(9, 15)}
    assert inside <= set(hot.tolist()) <= around
    assert not len(cold)


@given(data=st.data())
@settings(max_examples=30)
def test_strewn_points_follow_the_binomial_distribution(data) -> None:
    counts = np.array(data.draw(st.lists(st.integers(0, 9), min_size=9, max_size=9)))
    sizes = np.array(data.draw(st.lists(st.floats(0.1, 5.0), min_size=9, max_size=9)))
    neighbours, side = lattice(3), np.array(data.draw(st.lists(st.sampled_from([-1, 1]), min_size=9, max_size=9)))
    p = strewn(counts, sizes, neighbours, side)
    for place in range(9):
        beside = neighbours.members[neighbours.begins[place] : neighbours.begins[place + 1]]
        others = np.delete(np.arange(9), place)
        test = binomtest(
            int(counts[beside].sum()), int(counts[others].sum()), min(1.0, sizes[beside].sum() / sizes[others].sum()),
            alternative="greater" if side[place] > 0 else "less",
        ) if counts[others].sum() else None  # fmt: skip
        assert p[place] == pytest.approx(min(1.0, 2 * test.pvalue) if test else 1.0)


def test_chance_alone_is_hardly_ever_found() -> None:
    # Without anything to find, each run that finds something is a false discovery: no more than 5 of 100 are expected,
    # and more than 12 come less than once in a thousand times. With 19,999 permutations one place of 400 alone can be
    # found, and values that are never alike leave no room for caution.
    neighbours, random = lattice(20), np.random.default_rng(2015)
    fields = (random.normal(size=400) for _ in range(100))
    runs = [gathering(field, neighbours, permutations=19_999, seed=n).found(0.05) for n, field in enumerate(fields)]
    assert any(len(hot) + len(cold) for hot, cold in runs), "some chance is found, or nothing ever could be"
    assert sum(len(hot) + len(cold) > 0 for hot, cold in runs) <= 12


def test_p_values_of_chance_are_spread_evenly() -> None:
    random = np.random.default_rng(11)
    high, low = permuted(random.normal(size=2_500), lattice(50), permutations=999, seed=1)
    assert (high + low - 999).max() <= 10, "hardly two sums are alike"
    shares = np.histogram(high, bins=10, range=(0, 999))[0] / 2_500
    assert shares == pytest.approx(np.full(10, 0.1), abs=0.04)


@given(factor=st.floats(1e-6, 1e6), seed=st.integers(0, 99))
def test_another_unit_changes_nothing(factor: float, seed: int) -> None:
    values = np.random.default_rng(seed).poisson(1.0, 64).astype(float)
    one, other = (gathering(each, lattice(8), permutations=199) for each in (values, values * factor))
    assert one.z == pytest.approx(other.z, abs=1e-9)
    assert one.p.tolist() == other.p.tolist()


@settings(max_examples=10)
@given(seed=st.integers(0, 99))
def test_other_names_of_places_name_the_same_answers(seed: int) -> None:
    random = np.random.default_rng(seed)
    values, neighbours, names = random.gamma(1.0, 1.0, 64), lattice(8), random.permutation(64)
    pairs = [
        (names[place], names[other]) for place in range(64) for other in members(neighbours, place) if place < other
    ]
    renamed = np.empty(64)
    renamed[names] = values
    one = gathering(values, neighbours, permutations=4_999)
    other = gathering(renamed, neighbours_of(np.array(pairs), 64), permutations=4_999)
    assert other.z[names] == pytest.approx(one.z, abs=1e-9)
    assert other.p[names] == pytest.approx(one.p, abs=0.12), "other draws, the same chance"


def test_equal_input_gives_equal_output() -> None:
    values = np.random.default_rng(1).poisson(2.0, 400).astype(float)
    one, other = (gathering(values, lattice(20)).p.tolist() for _ in range(2))
    assert one == other
    assert gathering(values, lattice(20), seed=1).p.tolist() != one


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_adjusted_p_values_are_those_of_scipy(p: list[float]) -> None:
    assert adjusted(np.array(p)) == pytest.approx(false_discovery_control(p), abs=1e-12)


def test_cells_touch_along_a_border_in_a_corner_and_over_a_slit() -> None:
    slit, gap = 0.05, 0.5
    cells = [
        shapely.box(0, 0, 10, 20),  # the two beside it have their common corner in the middle of its edge
        shapely.box(10, 0, 20, 10),
        shapely.box(10, 10, 20, 20),
        shapely.box(20, 20, 30, 30),  # touches the one before in a corner
        shapely.box(20 + slit, 0, 30, 10),
        shapely.box(0, 20 + gap, 10, 30),
    ]
    found = touching(np.array(cells, dtype=object))
    assert [members(found, place) for place in range(6)] == [[1, 2], [0, 2, 4], [0, 1, 3, 4], [2], [1, 2], []]


def test_places_of_repetition_by_hand() -> None:
    # Five in a row, 15 apart: the second, third and fourth reach three, and of equals the first is taken.
    x, one = np.arange(5) * 15.0, np.ones(5, dtype=np.int64)
    nowhere = np.zeros(5, dtype=np.int64)
    assert repeated_places(x, x * 0, one, nowhere, reach=15.0, least=3).tolist() == [1]
    assert repeated_places(x, x * 0, one, nowhere, reach=15.0, least=2).tolist() == [1, 3]
    assert repeated_places(x, x * 0, one, nowhere, reach=14.9, least=2).tolist() == []
    assert repeated_places(x, x * 0, one * [1, 1, 1, 1, 9], nowhere, reach=15.0, least=3).tolist() == [3]
    assert repeated_places(x, x * 0, one, np.arange(5) % 2, reach=30.0, least=3).tolist() == [2]
    assert repeated_places(x[:0], x[:0], one[:0], one[:0], reach=1.0, least=2).tolist() == []


@given(seed=st.integers(0, 10_000), least=st.integers(1, 9))
def test_each_place_is_the_fullest_that_is_left(seed: int, least: int) -> None:
    random = np.random.default_rng(seed)
    x, y = random.integers(0, 60, (2, 120)).astype(float)
    weight, group = random.integers(1, 4, 120), random.integers(0, 3, 120)
    near = ((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2 <= 64) & (group[:, None] == group)
    taken = np.zeros(120, dtype=bool)
    for centre in repeated_places(x, y, weight, group, reach=8.0, least=least).tolist():
        left = np.where(taken, 0, near @ np.where(taken, 0, weight))
        assert left[centre] == left.max() >= least
        taken |= near[centre]
    assert (np.where(taken, 0, near @ np.where(taken, 0, weight)) < least).all()
