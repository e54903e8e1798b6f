"""Rental premises without a database: scores, colours, and what may be published of their counts."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridmgmt.analysis import suppression
from gridmgmt.errors import InputError
from gridmgmt.premises.rules import (
    EVEN,
    TENS,
    Factor,
    PremisesColour,
    Rubric,
    check_address,
    check_rubric,
    colour_of,
    due_on,
    missing,
    score,
)
from gridmgmt.premises.suppressing import COLOURS, MEASURES, PublishedCounts, QuarterCounts, published

RUBRIC = Rubric("2015", date(2015, 1, 1), EVEN, TENS)
THRESHOLD = 10


def all_at(points: float) -> dict[Factor, float | None]:
    return dict.fromkeys(Factor, points)


def judged(points: float, *, cooperating: bool, inclusive: bool = True) -> PremisesColour | None:
    rubric = replace(RUBRIC, cut_inclusive=inclusive)
    return colour_of(rubric, score(rubric, all_at(points)), cooperating=cooperating)


@pytest.mark.parametrize(
    ("points", "inclusive", "uncooperative", "cooperating"),
    [
        (4.9, True, "red", "watch"),
        (4.9, False, "red", "watch"),
        (5.0, True, "red", "watch"),
        (5.0, False, "yellow", "yellow"),
        (5.1, True, "yellow", "yellow"),
        (5.1, False, "yellow", "yellow"),
        (7.99, True, "yellow", "yellow"),
        (8.0, True, "green", "green"),
    ],
)
def test_premises_by_colour_4_9_5_0_and_5_1(
    points: float, inclusive: bool, uncooperative: str, cooperating: str
) -> None:
    """出租房分色管理: 4.9 is red if uncooperative, 5.0 by the inclusive flag, 5.1 never; a cooperating 4.9 is watch."""
    assert judged(points, cooperating=False, inclusive=inclusive) == uncooperative
    assert judged(points, cooperating=True, inclusive=inclusive) == cooperating


@pytest.mark.parametrize("absent", Factor)
def test_a_missing_factor_is_incomplete_and_never_zero(absent: Factor) -> None:
    """出租房分色管理: seven factors required, a missing one gives "incomplete", not 0."""
    scores = {**all_at(10.0), absent: None}
    found = score(RUBRIC, scores)
    assert (found, colour_of(RUBRIC, found, cooperating=False), missing(scores)) == (None, None, (absent,))
    assert score(RUBRIC, {**scores, absent: 0.0}) == pytest.approx(8.57)


def test_weights_and_maxima_are_the_rubrics() -> None:
    weights = {**EVEN, Factor.FIRE_SAFETY: 4.0}
    maxima = {**TENS, Factor.FIRE_SAFETY: 20.0}
    rubric = replace(RUBRIC, weights=weights, maxima=maxima)
    # six factors in full and half of fire safety: 10 × (6 × 1 + 4 × 0.5) / 10
    assert score(rubric, {**all_at(10.0), Factor.FIRE_SAFETY: 10.0}) == 8.0
    with pytest.raises(InputError, match="20"):
        score(rubric, {**all_at(10.0), Factor.FIRE_SAFETY: 20.5})


@given(st.lists(st.floats(0, 10), min_size=7, max_size=7), st.booleans())
def test_red_is_only_at_or_below_the_cut_and_uncooperative(points: list[float], cooperating: bool) -> None:
    found = score(RUBRIC, dict(zip(Factor, points, strict=True)))
    assert found is not None
    assert 0 <= found <= RUBRIC.full_score
    colour = colour_of(RUBRIC, found, cooperating=cooperating)
    assert (colour is PremisesColour.RED) == (found <= RUBRIC.cut and not cooperating)
    assert (colour is PremisesColour.WATCH) == (found <= RUBRIC.cut and cooperating)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": {Factor.SANITATION: 1.0}},
        {"maxima": {**TENS, Factor.SANITATION: 0.0}},
        {"cut": 8.0},
        {"green_from": 10.5},
        {"cut": float("nan")},
        {"full_score": 1e30},
        {"due_days": {PremisesColour.RED: 14}},
    ],
)
def test_a_rubric_that_cannot_be_used_is_refused(wrong: dict[str, object]) -> None:
    check_rubric(RUBRIC)
    with pytest.raises(InputError):
        check_rubric(replace(RUBRIC, **wrong))


def test_the_worse_the_sooner() -> None:
    days = [(due_on(RUBRIC, colour, date(2026, 1, 1)) - date(2026, 1, 1)).days for colour in PremisesColour]
    assert days == [180, 90, 30, 14]


@pytest.mark.parametrize("address", ["", " ", "路" * 201, "长江西路1号 13800001111", "牡丹江路 310113 1990 0101"])
def test_an_address_holds_no_number_of_a_person(address: str) -> None:
    with pytest.raises(InputError):
        check_address(address)
    assert check_address(" 长江西路1599弄  12号 601室 ") == "长江西路1599弄 12号 601室"


def quarter(number: int, town: str, *counts: int) -> QuarterCounts:
    return QuarterCounts(f"{town}{number:03d}", town, "310113", dict(zip(MEASURES, counts, strict=True)))


EXAMPLE = [
    quarter(1, "310113109", 40, 20, 11, 3, 0, 12),
    quarter(2, "310113109", 60, 30, 14, 12, 15, 4),
    quarter(3, "310113109", 25, 15, 18, 16, 0, 30),
    quarter(1, "310113102", 80, 40, 12, 15, 20, 25),
    quarter(2, "310113102", 33, 21, 7, 11, 0, 0),
]
CELLS = ("premises", *MEASURES, "rest")


class Attack:
    """What linear programmes make of all that is published.

    The attacker knows every relation, what is the rest, and that what is withheld is at least 1: zeros are shown.
    """

    def __init__(self, quarters: list[QuarterCounts], told: list[PublishedCounts]) -> None:
        areas = [each.area_code for each in told]
        self.place = {(area, cell): k * len(CELLS) + c for k, area in enumerate(areas) for c, cell in enumerate(CELLS)}
        self.rows: list[np.ndarray] = []
        self.right: list[float] = []
        self.bounds: list[tuple[float, float | None]] = [(0, None)] * len(self.place)
        for area in areas:
            self._relate((area, "premises"), [(area, colour) for colour in COLOURS])
            self._relate((area, "premises"), [(area, "group_renting"), (area, "rest")])
        towns = sorted({each.town for each in quarters})
        for cell in CELLS:
            for town in towns:
                self._relate((town, cell), [(each.quarter, cell) for each in quarters if each.town == town])
            self._relate(("310113", cell), [(town, cell) for town in towns])
        for each in told:
            for cell, value in {"premises": each.premises, **each.counts}.items():
                if value is None:
                    self.bounds[self.place[each.area_code, cell]] = (1, None)
                else:
                    self._say(self._unit((each.area_code, cell)), value)

    def width(self, area: str, cell: str) -> float:
        """How wide the range is that a count can be pinned to."""
        aim = self._unit((area, cell))
        table = {"A_eq": np.array(self.rows), "b_eq": self.right, "bounds": self.bounds}
        low, high = (linprog(sign * aim, **table) for sign in (1, -1))
        return float("inf") if high.status else -high.fun - low.fun

    def _relate(self, total: tuple[str, str], parts: list[tuple[str, str]]) -> None:
        self._say(self._unit(total) - sum(self._unit(part) for part in parts), 0)

    def _say(self, row: np.ndarray, value: float) -> None:
        self.rows.append(row)
        self.right.append(value)

    def _unit(self, cell: tuple[str, str]) -> np.ndarray:
        row = np.zeros(len(self.place))
        row[self.place[cell]] = 1
        return row


def ranges_of_small(quarters: list[QuarterCounts], told: list[PublishedCounts]) -> dict[tuple[str, str], float]:
    attack = Attack(quarters, told)
    return {
        (one.quarter, cell): attack.width(one.quarter, cell)
        for one in quarters
        for cell, value in one.counts.items()
        if 0 < value < THRESHOLD
    }


def test_no_small_count_of_premises_can_be_worked_out_from_what_is_published() -> None:
    """出租房分色管理: aggregated layer only for public."""
    told = published(EXAMPLE, THRESHOLD)
    ranges = ranges_of_small(EXAMPLE, told)
    assert set(ranges) == {
        ("310113109001", "red"),
        ("310113109002", "group_renting"),
        ("310113102002", "watch"),
    }
    assert min(ranges.values()) >= THRESHOLD - 1e-6
    shown = {each.area_code: each for each in told}
    assert shown["310113"].premises == 518
    assert shown["310113109001"].counts["red"] is None
    assert shown["310113109001"].counts["uninspected"] == 0


def test_ones_in_all_quarters_are_not_told_by_their_sum() -> None:
    """出租房分色管理: ten withheld counts of a town that sum to 10 would each be 1, for zeros are shown."""
    ones = [quarter(k, "310113109", 40, 20, 15, 1, 0, 12) for k in range(10)]
    ranges = ranges_of_small(ones, published(ones, THRESHOLD))
    assert len(ranges) == 10
    assert min(ranges.values()) >= THRESHOLD - 1e-6


def test_the_attack_finds_the_count_without_complementary_suppression(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above would notice if only the small counts themselves were withheld."""
    monkeypatch.setattr(
        suppression, "suppress", lambda values, _relations, threshold, **_: (values > 0) & (values < threshold)
    )
    assert min(ranges_of_small(EXAMPLE, published(EXAMPLE, THRESHOLD)).values()) < 1


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=5, max_size=5), min_size=1, max_size=4))
def test_whatever_the_counts_sums_and_small_counts_are_kept(counts: list[list[int]]) -> None:
    quarters = [quarter(k, f"31011310{k % 2}", *each, min(each)) for k, each in enumerate(counts)]
    for each in published(quarters, THRESHOLD):
        values = [each.premises, *each.counts.values()]
        assert all(value is None or value == 0 or value >= THRESHOLD for value in values)
        if each.premises is not None and None not in (colours := [each.counts[colour] for colour in COLOURS]):
            assert sum(colours) == each.premises
