"""What is published of a day at the gates of 星星村, attacked by whoever reads all of it.

The attacker knows every shown number and how it was rounded, that no small one is shown, every sum among them, that
what is withheld is no zero, and solves two linear programmes for each small count: its least and its greatest possible
value.
"""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array

from gridmgmt.analysis.publication import THRESHOLD, Published, publish
from gridmgmt.analysis.suppression import Relation
from gridmgmt.errors import InputError
from gridmgmt.gate_counts.rules import Band, FlowClass, occupancy_band
from gridmgmt.gate_counts.tables import Cell, DayTable, day_table, published

BUSY = (
    0.02,
    0.01,
    0.01,
    0.01,
    0.02,
    0.1,
    0.4,
    1,
    1,
    0.6,
    0.5,
    0.5,
    0.7,
    0.6,
    0.5,
    0.5,
    0.6,
    0.9,
    1,
    0.8,
    0.5,
    0.3,
    0.15,
    0.05,
)
CLASSES = {FlowClass.RESIDENT: 0.3, FlowClass.NEWCOMER: 1.0, FlowClass.VISITOR: 0.1, FlowClass.VEHICLE: 0.25}


def a_day(seed: int, gates: int, mean: float, communities: int = 1) -> DayTable:
    """A day at the gates of some communities, each gate as busy as its number says."""
    rng = np.random.default_rng(seed)
    members = {c: [10 * c + g for g in range(gates)] for c in range(communities)}
    counts = {
        (gate, hour, name): int(rng.poisson(mean * BUSY[hour] * share * (0.4 + 0.3 * (gate % 3))))
        for of_it in members.values()
        for gate in of_it
        for hour in range(24)
        for name, share in CLASSES.items()
    }
    return day_table(members, counts)


def widths(shown: Published, relations: Sequence[Relation], counts: np.ndarray) -> dict[int, float]:
    """Between how many values the attacker cannot tell each small count; written without the code it attacks."""
    rows = [row for row, (_, parts) in enumerate(relations) for _ in range(1 + len(parts))]
    columns = [cell for total, parts in relations for cell in (total, *parts)]
    signs = [sign for _, parts in relations for sign in (1.0, *[-1.0] * len(parts))]
    sums = csr_array((signs, (rows, columns)), shape=(len(relations), len(counts)))
    bounds: list[tuple[int, int | None]] = []
    for number in shown.shown.tolist():
        if number == -1:
            bounds.append((1, None))
        elif number == 0:
            bounds.append((0, 0))
        else:
            bounds.append((max(THRESHOLD, number - 2), number + 2))
    found = {}
    for cell in np.flatnonzero((counts > 0) & (counts < THRESHOLD)).tolist():
        goal = np.zeros(len(counts))
        ends = []
        for sign in (1.0, -1.0):
            goal[cell] = sign
            solved = linprog(goal, A_eq=sums, b_eq=np.zeros(len(relations)), bounds=bounds, method="highs")
            ends.append(np.inf if solved.status == 3 else solved.fun * sign)
        found[cell] = ends[1] - ends[0]
    return found


def test_xingxing_village_the_attack_cannot_place_a_small_count_closer_than_the_threshold() -> None:
    """星星村 五个岗亭: the published tables of a day cannot determine a count below 10 (LP, range ≥ 10)."""
    table = a_day(seed=0, gates=5, mean=20.0)
    counts = table.counts()
    shown = publish(counts, table.relations)
    reached = widths(shown, table.relations, counts)
    assert len(reached) > 100
    assert min(reached.values()) >= THRESHOLD - 1e-5
    assert shown.withheld.sum() < 1.3 * len(reached), "it is not safe by showing nothing"


def test_xingxing_village_the_same_attack_succeeds_where_nothing_complementary_is_withheld() -> None:
    """星星村 五个岗亭: without complementary suppression the same attack finds counts it can place."""
    table = a_day(seed=0, gates=5, mean=20.0)
    counts = table.counts()
    naive = publish(counts, table.relations, complementary=False)
    assert min(widths(naive, table.relations, counts).values()) < THRESHOLD - 1


def test_that_nothing_small_is_shown_tells_the_reader_nothing() -> None:
    """Of 68 to 72, at least 10 + 4 × 13 are shown: 1 and 9 alone withheld would lie from 1 to 9."""
    counts = np.array([10, 13, 13, 13, 13, 1, 9, 72])
    relations = [(7, tuple(range(7)))]
    reached = widths(publish(counts, relations), relations, counts)
    assert set(reached) == {5, 6}
    assert min(reached.values()) >= THRESHOLD - 1e-5


def test_a_day_of_more_than_a_million_is_published() -> None:
    counts = np.array([600_000, 700_000, 5, 20, 40, 1_300_065, 1_300_065])
    relations = [(5, (0, 1, 2, 3, 4)), (6, (5,))]
    shown = publish(counts, relations)
    assert shown.shown[:3].tolist() == [600_000, 700_000, -1]
    assert min(widths(shown, relations, counts).values()) >= THRESHOLD - 1e-5


def test_a_total_that_is_withheld_may_be_larger_than_any_count_shown() -> None:
    parts = [900_000] * 24
    counts = np.array([*parts, sum(parts), 3, sum(parts) + 3])
    relations = [(24, tuple(range(24))), (26, (24, 25))]
    shown = publish(counts, relations)
    assert min(widths(shown, relations, counts).values()) >= THRESHOLD - 1e-5


def test_where_a_withheld_total_is_known_from_its_own_total_that_one_goes_and_nothing_else() -> None:
    """16 parts sum to 22, told to lie between 118 to 122 and 98 to 102, at most 24: none is above 24 - 15 = 9."""
    parts = [2, 6, *[1] * 14]
    counts = np.array([*parts, 22, 100, 122, 40, 50, 90])
    relations = [(16, tuple(range(16))), (18, (16, 17)), (21, (19, 20))]
    shown = publish(counts, relations)
    assert shown.withheld[:19].all()
    assert shown.shown[19:].tolist() == [40, 50, 90]
    assert min(widths(shown, relations, counts).values()) >= THRESHOLD - 1e-5


def test_a_band_narrower_than_the_threshold_is_withheld() -> None:
    assert occupancy_band({FlowClass.RESIDENT: 30}, 50) == Band(0, 50)
    assert occupancy_band({FlowClass.RESIDENT: 30}, 51) is None
    assert occupancy_band({FlowClass.RESIDENT: 10_000}, 60_000) == Band(10_000, None)


@settings(deadline=None, max_examples=3)
@given(seed=st.integers(0, 2**32 - 1), shape=st.sampled_from([(1, 20.0, 1), (2, 8.0, 1), (1, 60.0, 2)]))
def test_no_day_of_any_shape_gives_a_small_count_away(seed: int, shape: tuple[int, float, int]) -> None:
    gates, mean, communities = shape
    table = a_day(seed, gates, mean, communities)
    counts = table.counts()
    shown = publish(counts, table.relations)
    assert (shown.shown[shown.shown > 0] >= THRESHOLD).all()
    assert (shown.shown[shown.shown > 0] % 5 == 0).all()
    assert not shown.withheld[counts == 0].any()
    assert all(width >= THRESHOLD - 1e-5 for width in widths(shown, table.relations, counts).values())


def test_every_sum_of_a_day_is_told_to_the_gate() -> None:
    """A sum that the gate does not know would be a way around it: hours to day, classes, gates, communities."""
    table = a_day(seed=1, gates=3, mean=50.0, communities=2)
    known: dict[int, list[int]] = {total: [] for total, _ in table.relations}
    for total, parts in table.relations:
        assert table.values[total] == sum(table.values[part] for part in parts)
        known[total].append(len(parts))
    assert known[table.cells[Cell(0, 1, None, "persons")]] == [24, 3]
    assert known[table.cells[Cell(0, None, None, "persons")]] == [24, 3, 3]
    assert known[table.cells[Cell(None, None, None, "persons")]] == [2]
    assert known[table.cells[Cell(1, None, 8, "vehicle")]] == [3]


def test_a_count_is_shown_rounded_or_not_at_all() -> None:
    busy = {(1, hour, name): 100 for hour in range(24) for name in FlowClass}
    shown = published(day_table({1: [1]}, {**busy, (1, 5, FlowClass.VEHICLE): 3}))
    assert shown[Cell(1, 1, 4, "vehicle")] == 100
    assert shown[Cell(1, 1, 5, "vehicle")] is None
    assert shown[Cell(1, 1, 4, "persons")] == 300
    assert shown[Cell(1, None, 5, "vehicle")] is None, "the one gate is the community"


@pytest.mark.parametrize("rounding", [4, 11, 0])
def test_a_rounding_that_could_hide_or_show_a_small_count_is_refused(rounding: int) -> None:
    with pytest.raises(InputError) as refused:
        publish(np.array([12]), [], rounding=rounding)
    assert refused.value.code == "publication_rounding"
