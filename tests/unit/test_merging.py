"""Three departments on paper: faces, cores, conflicts and the three ways, with m² that a person has counted."""

import numpy as np
import pyproj
import pytest
import shapely

from gridmgmt.analysis.ellipsoid import area_m2
from gridmgmt.analysis.overlay import cores_of, faces_of, mean_width_m
from gridmgmt.errors import ConflictError, InputError, NotFoundError
from gridmgmt.merging.comparison import Comparison, Points, compare
from gridmgmt.merging.document import comparison_document, without_residents
from gridmgmt.merging.rules import CellWeight, ConflictKind, Decision, MergeAsk, Way, check_decisions
from gridmgmt.merging.ways import Result, resolve
from tests.support.departments import DEPARTMENTS, grids, ground
from tests.support.division import block, spot

SQUARE_M2 = area_m2(block(0, 0, 1, 1))
"""One square: about 95.2 m by 110.9 m."""
ALIKE = 2e-4
"""How much the squares of eight rows differ in surface."""
THREE = ("city_operation", "party", "police")


def compared(drawn=DEPARTMENTS, *, lead="city_operation", sliver_width_m=2.0, **changes) -> Comparison:
    return compare(grids(drawn), ground(**changes), lead=lead, sliver_width_m=sliver_width_m)


def way(comparison: Comparison, how: Way, decided=None, **ask) -> Result:
    asked = MergeAsk(departments=comparison.departments, **ask)
    found = resolve(comparison, asked, decided or {}, how)
    assert found is not None
    return found


def squares(result: Result) -> dict[str, int]:
    """The surface of each merged grid in squares; each is a whole number of them."""
    found = {grid.code: grid.area_m2 / SQUARE_M2 for grid in result.grids}
    assert all(value == pytest.approx(round(value), rel=ALIKE) for value in found.values())
    return {code: round(value) for code, value in found.items()}


def test_one_square_is_what_a_person_works_out() -> None:
    # 0.001° of latitude at 31.3° N is 110.87 m, of longitude 111.32 km × cos 31.3° / 1000 (ellipsoid: 95.21 m).
    assert pytest.approx(110.87 * 95.21, rel=1e-3) == SQUARE_M2


def test_grids_that_share_most_land_are_one_core() -> None:
    comparison = compared()
    members = [core.members for core in comparison.cores]
    assert members == [
        {"city_operation": "C1", "party": "D1", "police": "P1"},
        {"city_operation": "C2", "party": "D2", "police": "P2"},
    ]
    assert [core.code for core in comparison.cores] == ["C1", "C2"]


def test_conflicts_of_the_drawing() -> None:
    comparison = compared()
    found = [
        (comparison.kinds[face].value, round(comparison.faces.area_m2[face] / SQUARE_M2, 2))
        for face in comparison.conflicts
    ]
    # The column that the police give to the west, the square of the party twice, the hole of the party.
    # Squares are larger in the south, where the hole is.
    assert found == [("border", 4.0), ("gap", 1.0), ("overlap", 1.0)]
    document = comparison_document(comparison)
    assert document["land_m2"] == pytest.approx(area_m2(block(0, 0, 8, 4)), rel=1e-11)
    in_conflict = sum(each["area_m2"] for each in document["conflicts"])
    assert document["agreed_m2"] + in_conflict == pytest.approx(document["land_m2"], rel=1e-12)
    party = next(each for each in document["departments"] if each["department"] == "party")
    assert party["gap_m2"] == pytest.approx(SQUARE_M2, rel=ALIKE)
    assert party["overlap_m2"] == pytest.approx(SQUARE_M2, rel=ALIKE)


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        ("city_operation", {"C1": 16, "C2": 16}),
        ("police", {"P1": 20, "P2": 12}),
        # Its hole and its double square go where both others have them.
        ("party", {"D1": 16, "D2": 16}),
    ],
)
def test_lead_follows_one_department(lead, expected) -> None:
    assert squares(way(compared(lead=lead), Way.LEAD, lead=lead)) == expected


def test_common_follows_most_departments() -> None:
    result = way(compared(), Way.COMMON)
    assert squares(result) == {"C1": 16, "C2": 16}
    moved = {change.department: round(change.moved_m2 / SQUARE_M2) for change in result.changes()}
    # The police give up their column, the party one of its claims on the double square.
    assert moved == {"city_operation": 0, "party": 1, "police": 4}
    unheld = {change.department: round(change.unheld_m2 / SQUARE_M2) for change in result.changes()}
    assert unheld == {"city_operation": 0, "party": 1, "police": 0}


def test_without_a_majority_a_conflict_stays_a_piece_of_its_own() -> None:
    two = {name: DEPARTMENTS[name] for name in ("city_operation", "police")}
    result = way(compared(two), Way.COMMON)
    assert squares(result) == {"C1": 16, "C2": 12, "conflict-1": 4}
    assert result.outcomes() == [["conflict-1"]]
    assert {change.department: round(change.moved_m2 / SQUARE_M2) for change in result.changes()} == {
        "city_operation": 4,
        "police": 4,
    }


def test_a_decision_is_laid_on_top_of_every_way() -> None:
    comparison = compared()
    border = 1 + [comparison.kinds[face] for face in comparison.conflicts].index(ConflictKind.BORDER)
    decided = check_decisions([Decision(border, "C1", "会议纪要〔2026〕1号")], range(1, 4), {"C1": 0, "C2": 1})
    for how in (Way.LEAD, Way.COMMON):
        assert squares(way(comparison, how, decided)) == {"C1": 20, "C2": 12}


CELLS = {f"c{k}": block(2 * k, 0, 2 * k + 2, 4) for k in range(4)}
"""Four cells of two columns: the police's column is half of the third."""


def cells_ground(cells=CELLS, **changes):
    surfaces = np.array(list(cells.values()), dtype=object)
    return {"cell_codes": tuple(cells), "cells": surfaces, **changes}


def test_cells_go_whole_to_who_holds_most_of_them() -> None:
    result = way(compared(**cells_ground()), Way.CELLS)
    assert {grid.code: grid.cells for grid in result.grids} == {"C1": ("c0", "c1"), "C2": ("c2", "c3")}
    assert squares(result) == {"C1": 16, "C2": 16}
    assert result.outcomes()[0] == ["C2"]


def test_a_cell_cut_in_half_by_two_departments_falls_to_the_lower_code() -> None:
    cells = {"west": block(0, 0, 3, 4), "middle": block(3, 0, 5, 4), "east": block(5, 0, 8, 4)}
    two = {name: DEPARTMENTS[name] for name in ("city_operation", "police")}
    # Of the middle's 8 squares C1 has 4 and P1 8: twelve votes of sixteen for the west.
    assert {grid.code: grid.cells for grid in way(compared(two, **cells_ground(cells)), Way.CELLS).grids} == {
        "C1": ("west", "middle"),
        "C2": ("east",),
    }
    one = {"city_operation": DEPARTMENTS["city_operation"], "police": DEPARTMENTS["city_operation"]}
    assert way(compared(one, **cells_ground(cells)), Way.CELLS).grids[0].cells == ("west", "middle")


def test_residents_may_weigh_more_than_land() -> None:
    places = Points(np.array([spot(4.5, 1.5), spot(2.5, 1.5)]), np.array([3.0, 40.0]))
    cells = {"all": block(0, 0, 8, 4)}
    east = {"city_operation": {"A": block(0, 0, 3, 4), "B": block(3, 0, 8, 4)}, "police": {"A": block(0, 0, 8, 4)}}
    comparison = compared(east, **cells_ground(cells), places=places)
    # Land: A 12 squares, B 20 + 32 of the police. The police's grid is B's match; 40 of 43 residents live in A.
    assert [core.members for core in comparison.cores] == [
        {"city_operation": "A"},
        {"city_operation": "B", "police": "A"},
    ]
    by_land = way(comparison, Way.CELLS).grids
    by_people = way(comparison, Way.CELLS, cell_weight=CellWeight.RESIDENTS).grids
    assert [grid.code for grid in by_land] == ["B"]
    # The police's vote holds all 43, B's own 3 more: 46 of 86 against 40.
    assert [grid.code for grid in by_people] == ["B"]
    alone = {"city_operation": east["city_operation"], "police": {"P": block(3, 0, 8, 4)}}
    comparison = compared(alone, **cells_ground(cells), places=places)
    assert [grid.code for grid in way(comparison, Way.CELLS, cell_weight=CellWeight.RESIDENTS).grids] == ["A"]
    assert [grid.code for grid in way(comparison, Way.CELLS).grids] == ["B"]


def test_a_cell_that_no_department_holds_is_left_out_and_told() -> None:
    result = way(compared(**cells_ground({**CELLS, "far": block(20, 0, 22, 2)})), Way.CELLS)
    assert (result.part_of < 0).sum() == 1
    assert "far" not in {cell for grid in result.grids for cell in grid.cells or ()}


def test_the_same_line_drawn_twice_is_a_sliver() -> None:
    # A fiftieth of a square's 95.2 m: the police's line runs 1.9 m east of the city's.
    two = {
        "city_operation": {"C1": block(0, 0, 4, 4), "C2": block(4, 0, 8, 4)},
        "police": {"P1": block(0, 0, 4.02, 4), "P2": block(4.02, 0, 8, 4)},
    }
    comparison = compared(two)
    assert [comparison.kinds[face] for face in comparison.conflicts] == [ConflictKind.SLIVER]
    assert comparison.width_m[comparison.conflicts[0]] == pytest.approx(1.904, abs=0.002)
    document = comparison_document(comparison)
    found = {each["kind"]: each for each in document["conflicts"]}
    assert found["sliver"]["area_m2"] == pytest.approx(0.08 * SQUARE_M2, rel=1e-3)
    assert found["border"]["conflicts"] == 0
    # Both cores have the line's land once; the one with more land in all gets it, and nothing stays a piece.
    assert {grid.code for grid in way(comparison, Way.COMMON).grids} == {"C1", "C2"}
    finer = compared(two, sliver_width_m=1.5)
    assert [finer.kinds[face] for face in finer.conflicts] == [ConflictKind.BORDER]


def test_residents_and_cases_lie_in_one_face_each() -> None:
    places = Points(np.array([spot(4.5, 0.5), spot(4.0, 1.0), spot(1.5, 1.5), spot(90, 90)]), np.array([7.0, 1, 5, 9]))
    cases = Points(np.array([spot(4.5, 2.5), spot(3.5, 3.5)]), np.ones(2))
    comparison = compared(places=places, cases=cases)
    assert comparison.residents.sum() == 13.0
    by_kind = {comparison.kinds[f]: f for f in comparison.conflicts}
    assert comparison.residents[by_kind[ConflictKind.GAP]] == 5.0
    assert comparison.residents[by_kind[ConflictKind.BORDER]] in {7.0, 8.0}, "one on the border is in one of two"
    assert comparison.cases[by_kind[ConflictKind.BORDER]] == 1
    assert comparison.cases[by_kind[ConflictKind.OVERLAP]] == 1
    hidden = without_residents(comparison_document(comparison))
    assert {each["residents_60_plus"] for each in hidden["conflicts"]} == {None}
    assert [each["cases"] for each in hidden["conflicts"]].count(1) == 2


def test_land_within_an_area_that_nobody_holds_is_told_and_can_be_given() -> None:
    comparison = compared(within=block(0, 0, 9, 4))
    face = next(f for f in comparison.conflicts if comparison.kinds[f] == ConflictKind.UNASSIGNED)
    assert comparison.faces.area_m2[face] == pytest.approx(4 * SQUARE_M2, rel=ALIKE)
    assert squares(way(comparison, Way.COMMON)) == {"C1": 16, "C2": 16}
    number = 1 + int(np.flatnonzero(comparison.conflicts == face)[0])
    assert squares(way(comparison, Way.COMMON, {number: 1})) == {"C1": 16, "C2": 20}


def test_an_area_cuts_what_lies_outside_it() -> None:
    assert squares(way(compared(within=block(2, 0, 8, 4)), Way.COMMON)) == {"C1": 8, "C2": 16}


def test_codes_used_for_different_land_name_their_department() -> None:
    drawn = {"city_operation": {"1": block(0, 0, 2, 2)}, "police": {"1": block(4, 0, 6, 2)}}
    comparison = compared(drawn)
    assert [core.code for core in comparison.cores] == ["1", "police-1"]


def test_a_grid_in_pieces_is_counted() -> None:
    drawn = {
        "city_operation": {"A": block(0, 0, 1, 1) | block(3, 0, 4, 1), "B": block(1, 0, 3, 1)},
        "police": {"A": block(0, 0, 1, 1) | block(3, 0, 4, 1), "B": block(1, 0, 3, 1)},
    }
    assert {grid.code: grid.parts for grid in way(compared(drawn), Way.COMMON).grids} == {"A": 2, "B": 1}


def test_matching_needs_half_of_the_smaller_grid() -> None:
    drawn = [block(0, 0, 10, 1), block(9, 0, 12, 1)]
    found = faces_of(np.array(drawn, dtype=object))
    assert cores_of(found, np.array([0, 1])).tolist() == [0, 1]
    found = faces_of(np.array([block(0, 0, 10, 1), block(8, 0, 12, 1)], dtype=object))
    assert cores_of(found, np.array([0, 1])).tolist() == [0, 0]


def test_a_grid_whose_best_is_taken_is_matched_with_the_next() -> None:
    # The east's 8 columns: 4 in the police's first grid, whose best is the west, and 4 in its second.
    drawn = [block(0, 0, 8, 1), block(8, 0, 16, 1), block(0, 0, 12, 1), block(12, 0, 16, 1)]
    assert cores_of(faces_of(np.array(drawn, dtype=object)), np.array([0, 0, 1, 1])).tolist() == [0, 1, 0, 1]


def test_a_core_has_at_most_one_grid_of_a_department() -> None:
    # Both halves of the police lie in the city's grid; the larger one is its match.
    drawn = [block(0, 0, 10, 1), block(0, 0, 6, 1), block(6, 0, 10, 1)]
    assert cores_of(faces_of(np.array(drawn, dtype=object)), np.array([0, 1, 1])).tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"departments": ("police",)}, "merge_needs_two"),
        ({"departments": ("police", "police")}, "merge_needs_two"),
        ({"departments": ("police", "Party!")}, "department_malformed"),
        ({"departments": ("police", "merged")}, "department_malformed"),
        ({"departments": THREE, "lead": "fire"}, "lead_not_compared"),
        ({"departments": THREE, "sliver_width_m": 0.0}, "sliver_width_out_of_range"),
    ],
)
def test_what_cannot_be_asked_is_refused(values, code) -> None:
    with pytest.raises(InputError) as refused:
        MergeAsk(**values)
    assert refused.value.code == code
    assert refused.value.message("zh") != refused.value.message("en")


@pytest.mark.parametrize(
    ("decisions", "error", "code"),
    [
        ([Decision(9, "C1", "why")], NotFoundError, "merge_conflict_unknown"),
        ([Decision(1, "C9", "why")], NotFoundError, "merged_grid_unknown"),
        ([Decision(1, "C1", "why"), Decision(1, "C2", "why")], ConflictError, "decision_twice"),
        ([Decision(1, "C1", "  ")], InputError, "decision_reason"),
    ],
)
def test_decisions_name_what_there_is(decisions, error, code) -> None:
    with pytest.raises(error) as refused:
        check_decisions(decisions, range(1, 4), {"C1": 0, "C2": 1})
    assert refused.value.code == code


def test_parameters_say_again_what_was_asked() -> None:
    ask = MergeAsk(THREE, area="310113", way=Way.CELLS, lead="police", decisions=(Decision(1, "C1", "why"),))
    assert MergeAsk.of(ask.parameters()) == ask


def test_land_that_two_drawings_share_but_for_rounding_is_no_conflict() -> None:
    west, east = block(0, 0, 4, 4), block(4, 0, 8, 4)
    shaken = shapely.transform(west, lambda xy: xy + 1e-14)
    comparison = compared({"city_operation": {"A": west, "B": east}, "police": {"A": shaken, "B": east}})
    assert sum(comparison.faces.area_m2[comparison.conflicts]) < 0.01
    assert all(comparison.kinds[face] == ConflictKind.SLIVER for face in comparison.conflicts)


def test_the_mean_width_of_a_rectangle_is_its_lesser_side() -> None:
    plane = pyproj.Transformer.from_crs(4549, 4549)
    rectangles = np.array([shapely.box(0, 0, 10, 100), shapely.box(0, 0, 100, 100), shapely.Point(0, 0).buffer(50)])
    assert mean_width_m(rectangles, plane) == pytest.approx([10, 100, np.pi * 25], rel=1e-2)
