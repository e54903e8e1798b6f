"""The public form against a reader who knows all published numbers, the hierarchy, and how to solve linear programs."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import linprog

from gridmgmt.analysis import suppression
from gridmgmt.analysis.walking.tally import to_fixed
from gridmgmt.coverage.compute import PlaceTable, figures_by_group
from gridmgmt.coverage.document import STATUSES, CoverageDocument, Figures, all_figures, canonical_json, parse
from gridmgmt.reports.public import public_form
from tests.support.coverage_example import BANDS_S, LIMIT_S, make_example

THRESHOLD = 10


def counts(figures: Figures) -> dict[str, float | None]:
    """All counts by name."""
    bands = {band.name: band.covered for band in figures.bands}
    return {name: getattr(figures, name) for name in ("residents", *STATUSES)} | bands


class Reader:
    """The unknowns of a public document and everything that is known about them."""

    def __init__(self, public: CoverageDocument) -> None:
        self.rows = [counts(figures) for figures in all_figures(public)]
        self.names = list(self.rows[0])
        self.equal: list[tuple[dict[int, float], float]] = []
        self.at_most: list[dict[int, float]] = []
        for i, row in enumerate(self.rows):
            for name, value in row.items():
                if value is not None:
                    self.equal.append(({self.at(i, name): 1.0}, value))
            self.sums({self.at(i, "residents"): 1.0}, [self.at(i, status) for status in STATUSES])
            bands = [self.at(i, name) for name in self.names if name.startswith("bands.")]
            self.at_most += [{earlier: 1.0, later: -1.0} for earlier, later in pairwise(bands)]
            covered, uncovered = self.at(i, "covered"), self.at(i, "uncovered")
            self.sums({covered: 1.0}, [self.at(i, f"bands.{public.parameters.limit_s:g}")])
            self.at_most.append({bands[-1]: 1.0, covered: -1.0, uncovered: -1.0})
        self.hierarchy(public)
        self.unknowns = len(self.rows) * len(self.names)
        self.sensitivity(public)

    def at(self, row: int, name: str) -> int:
        return row * len(self.names) + self.names.index(name)

    def sums(self, total: dict[int, float], parts: list[int]) -> None:
        self.equal.append((total | dict.fromkeys(parts, -1.0), 0.0))

    def hierarchy(self, public: CoverageDocument) -> None:
        """Each level with its remainder makes up the whole, children make up their parent (they tile it here)."""
        row, by_code, children = 1, {}, defaultdict(list)
        for level in public.levels:
            members = list(range(row, row + len(level.areas) + (level.remainder is not None)))
            for area, i in zip(level.areas, members, strict=False):
                by_code[area.code] = i
                children[area.parent_code].append(i)
            row += len(members)
            for name in self.names:
                self.sums({self.at(0, name): 1.0}, [self.at(i, name) for i in members])
        for parent, members in children.items():
            if parent in by_code:
                for name in self.names:
                    self.sums({self.at(by_code[parent], name): 1.0}, [self.at(i, name) for i in members])

    def sensitivity(self, public: CoverageDocument) -> None:
        """Everybody at other speeds and trips: the asked case is the totals', the rest is known by its order alone."""
        asked = public.parameters
        self.cases: dict[tuple[str, float], list[int]] = {}
        for case in public.sensitivity:
            own = (case.trip, case.speed_m_per_s) == (asked.trip, asked.speed_m_per_s)
            of_case = []
            for band in case.bands:
                cell = self.at(0, band.name) if own else self.unknowns
                self.unknowns += not own
                if band.covered is not None:
                    self.equal.append(({cell: 1.0}, band.covered))
                of_case.append(cell)
            self.cases[case.trip, case.speed_m_per_s] = of_case
        for (trip, speed), cells in self.cases.items():
            for less, more in pairwise([*cells, self.at(0, "residents")]):
                self.at_most.append({less: 1.0, more: -1.0})
            for (other, faster), more in self.cases.items():
                wider = other == trip and faster > speed
                if wider or (trip == "round" and other == "to_point" and faster == speed):
                    self.at_most += [{a: 1.0, b: -1.0} for a, b in zip(cells, more, strict=True)]

    def span(self, cell: int) -> float:
        """How far apart the least and the greatest possible value of a cell are."""
        n = self.unknowns

        def dense(rows: list[dict[int, float]]) -> np.ndarray:
            matrix = np.zeros((len(rows), n))
            for i, row in enumerate(rows):
                matrix[i, list(row)] = list(row.values())
            return matrix

        known = {
            "A_eq": dense([row for row, _ in self.equal]),
            "b_eq": [value for _, value in self.equal],
            "A_ub": dense(self.at_most),
            "b_ub": np.zeros(len(self.at_most)),
        }
        ends = []
        for sign in (1.0, -1.0):
            goal = np.zeros(n)
            goal[cell] = sign
            found = linprog(goal, **known, bounds=(0, 1e6), method="highs")
            assert found.status == 0, found.message
            ends.append(sign * found.fun)
        return ends[1] - ends[0]


@pytest.mark.parametrize(
    ("seed", "n_places", "mean", "limit_s"),
    [
        (1, 400, 6.0, LIMIT_S),
        (2, 150, 4.0, LIMIT_S),
        (3, 60, 3.0, LIMIT_S),
        (4, 900, 2.0, LIMIT_S),
        (5, 300, 4.0, 600.0),
    ],
)
def test_no_small_count_can_be_worked_out(seed: int, n_places: int, mean: float, limit_s: float) -> None:
    exact = make_example(
        seed, n_towns=2, n_quarters=3, n_places=n_places, mean_residents=mean, limit_s=limit_s
    ).document
    public = public_form(exact, THRESHOLD)
    reader = Reader(public)
    small = [
        reader.at(i, name)
        for i, figures in enumerate(all_figures(exact))
        for name, value in counts(figures).items()
        if value is not None and 0 < value < THRESHOLD
    ]
    for exact_case, public_case in zip(exact.sensitivity, public.sensitivity, strict=True):
        cells = reader.cases[public_case.trip, public_case.speed_m_per_s]
        small += [
            cell
            for cell, band in zip(cells, exact_case.bands, strict=True)
            if band.covered is not None and 0 < band.covered < THRESHOLD
        ]
    assert small, "the example must hold something to hide"
    for cell in small:
        assert reader.span(cell) >= THRESHOLD * (1 - 1e-6)


def all_covered(residents: float) -> Figures:
    """The figures of one area in which everybody is near a point."""
    table = PlaceTable(np.zeros(1, np.int8), np.array([10_000], np.int32), to_fixed("residents", [[residents]]))
    return figures_by_group(table, np.zeros(1, np.int64), 1, BANDS_S)[0]


def test_levels_that_share_codes_give_nothing_away() -> None:
    """Units with their towns' codes: the quarters of 5 and 200 make up the town of 205, whatever the unit has."""
    exact = make_example(1, n_towns=2, n_quarters=2).document
    sizes = {"310113001001": 5, "310113001002": 200, "310113002001": 20, "310113002002": 300}

    def filled(code: str) -> Figures:
        return all_covered(sum(size for quarter, size in sizes.items() if quarter.startswith(code)))

    district, town, quarter = (
        level.model_copy(
            update={
                "areas": tuple(a.model_copy(update={"figures": filled(a.code)}) for a in level.areas),
                "remainder": None,
            }
        )
        for level in exact.levels
    )
    empty = tuple(area.model_copy(update={"figures": all_covered(0)}) for area in town.areas)
    unit = town.model_copy(update={"level": "basic_management_unit", "areas": empty})
    changes = {"totals": filled(""), "levels": (district, town, unit, quarter), "sensitivity": ()}
    shared = exact.model_copy(update=changes)
    public = public_form(shared, THRESHOLD)
    reader = Reader(public.model_copy(update={"levels": (public.levels[0], public.levels[1], public.levels[3])}))
    five = 1 + len(district.areas) + len(town.areas)
    assert public.levels[3].areas[0].figures.residents is None
    for name in ("residents", "covered"):
        assert reader.span(reader.at(five, name)) >= THRESHOLD * (1 - 1e-6)


def test_the_reader_finds_a_count_that_is_hidden_alone() -> None:
    exact = make_example(1, n_towns=2, n_quarters=3).document
    town = exact.levels[1].areas[0]
    hidden = town.model_copy(update={"figures": town.figures.model_copy(update={"not_connectable": None})})
    level = exact.levels[1].model_copy(update={"areas": (hidden, *exact.levels[1].areas[1:])})
    naive = exact.model_copy(update={"levels": (exact.levels[0], level, exact.levels[2])})
    reader = Reader(naive)
    row = list(all_figures(naive)).index(hidden.figures)
    assert reader.span(reader.at(row, "not_connectable")) < 1e-3


@pytest.mark.parametrize("seed", range(5))
def test_what_is_published_is_true_and_never_small(seed: int) -> None:
    exact = make_example(seed).document
    public = public_form(exact, THRESHOLD)
    assert parse(canonical_json(public)) == public
    for before, after in zip(all_figures(exact), all_figures(public), strict=True):
        true, shown = counts(before), counts(after)
        assert {name for name, value in shown.items() if value is None} == {
            name for name in after.suppressed if name in shown
        }
        for name, value in shown.items():
            assert value is None or value == true[name]
            assert value is None or not 0 < value < THRESHOLD
        if {"residents", "covered"} & set(after.suppressed):
            assert after.ratio is None
        else:
            assert after.ratio == before.ratio


def test_a_ratio_is_withheld_with_either_of_its_numbers() -> None:
    public = public_form(make_example(3, n_places=60, mean_residents=3).document, THRESHOLD)
    withheld = [figures for figures in all_figures(public) if figures.suppressed]
    assert withheld
    for figures in withheld:
        for band in figures.bands:
            hidden = {band.name, "residents"} & set(figures.suppressed)
            assert band.ratio is None if hidden else band.covered is not None


def test_nothing_about_single_places_is_left() -> None:
    public = public_form(make_example().document, THRESHOLD)
    assert (public.uncovered_places, public.gaps, public.flows) == (None, None, None)
    assert public.suppression_threshold == THRESHOLD
    for figures in all_figures(public):
        assert figures.places is None
        assert figures.age_bands == ()
    assert [note.code for note in public.notes] == ["synthetic"]


def test_large_counts_are_left_as_they_are() -> None:
    exact = make_example(1, n_towns=1, n_quarters=1, n_places=4000, mean_residents=50).document
    public = public_form(exact, THRESHOLD)
    for before, after in zip(all_figures(exact), all_figures(public), strict=True):
        assert counts(before) == counts(after)
        assert after.suppressed == ()


def test_a_district_keeps_its_totals() -> None:
    public = public_form(
        make_example(3, n_towns=12, n_quarters=46, n_places=20_000, mean_residents=8).document, THRESHOLD
    )
    assert public.totals.suppressed == ()
    towns = public.levels[1].areas
    assert sum("residents" in town.figures.suppressed for town in towns) <= 1
    quarters = public.levels[2].areas
    assert sum("residents" not in quarter.figures.suppressed for quarter in quarters) > 0.8 * len(quarters)


def test_a_large_district_takes_few_linear_programmes(monkeypatch) -> None:
    """552 quarters of 72 residents, with some 1,900 counts to withhold: one programme a count took a minute."""
    solved = []

    def counted(*arguments: object, **options: object) -> object:
        solved.append(1)
        return linprog(*arguments, **options)

    monkeypatch.setattr(suppression, "linprog", counted)
    exact = make_example(3, n_towns=12, n_quarters=46, n_places=20_000, mean_residents=2).document
    assert public_form(exact, THRESHOLD).totals.suppressed == ()
    assert 0 < len(solved) < 60
