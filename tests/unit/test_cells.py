"""Grid cells of small plans that a person worked out, the order of their numbers, and their figures."""

from concurrent.futures import CancelledError
from itertools import pairwise

import numpy as np
import pytest
import shapely
from shapely.affinity import rotate, translate

from gridmgmt.analysis.cells import VERGE_M, CellOptions, cells_of, measure, naive_cells, numbering, of_quarters
from gridmgmt.analysis.cells.near import Near
from gridmgmt.analysis.cells.strips import blocks_of

NOTHING = np.empty(0, dtype=object)
VERGES = CellOptions(strip_m=VERGE_M)


def lines(*places: list[tuple[float, float]]) -> np.ndarray:
    return np.array([shapely.LineString(each) for each in places], dtype=object)


def streets(width_m: float, height_m: float, step_m: float) -> np.ndarray:
    """Return streets on a lattice that reach 30 m beyond the outline."""
    x, y = np.arange(step_m, width_m, step_m), np.arange(step_m, height_m, step_m)
    return lines(
        *([(each, -30), (each, height_m + 30)] for each in x), *([(-30, each), (width_m + 30, each)] for each in y)
    )


def areas(cells: np.ndarray) -> list[float]:
    return np.round(shapely.area(cells), 6).tolist()


# What a person draws


def test_blocks_between_streets_are_the_cells_numbered_west_to_east_then_north_to_south() -> None:
    cells = cells_of(shapely.box(0, 0, 300, 200), streets(300, 200, 100))
    assert [each.bounds for each in cells] == [
        (0, 100, 100, 200), (100, 100, 200, 200), (200, 100, 300, 200),
        (0, 0, 100, 100), (100, 0, 200, 100), (200, 0, 300, 100),
    ]  # fmt: skip


def test_an_outline_of_the_target_size_or_less_is_one_cell_whatever_crosses_it() -> None:
    outline = shapely.box(0, 0, 100, 100)
    cells = cells_of(outline, streets(100, 100, 40))
    assert len(cells) == 1
    assert cells[0].equals(outline)


def test_without_barriers_a_rectangle_of_30000_m2_is_cut_straight_across_its_long_side() -> None:
    cells = cells_of(shapely.box(0, 0, 300, 100), NOTHING)
    assert all(5_000 <= area <= 20_000 for area in areas(cells))
    assert [each.bounds[1::2] for each in cells] == [(0, 100)] * len(cells)
    assert sum(areas(cells)) == 30_000


def compound(west: float) -> list[list[tuple[float, float]]]:
    """Return a wall 13 m inside a block of 120 m, the lane 7 m inside the wall, and its way out in the south."""
    rings = [shapely.box(west + inset, inset, west + 120 - inset, 120 - inset).exterior.coords for inset in (13, 20)]
    return [list(ring) for ring in rings] + [[(west + 60, -30), (west + 60, 20)]]


def test_the_street_between_two_walled_compounds_is_their_border_and_the_verges_are_theirs() -> None:
    """Without the rule, the verges of 13 m and the ways of 7 m along walls make long cells around smaller ones."""
    barriers = lines([(120, -30), (120, 150)], *compound(0), *compound(120))
    cells = cells_of(shapely.box(0, 0, 240, 120), barriers, options=VERGES)
    assert [each.bounds for each in cells] == [(0, 0, 120, 120), (120, 0, 240, 120)]
    assert areas(cells) == [14_400, 14_400]


def test_strips_side_by_side_come_to_the_block_along_which_they_lie_from_the_inside_out() -> None:
    """Between blocks of 60 and 100 m, three strips of 10 m: the middle one is next to none and goes with the west."""
    faces = np.array([shapely.box(west, 0, east, 100) for west, east in pairwise((0, 60, 70, 80, 90, 190))])
    pairs, border_m = np.array([(0, 1), (1, 2), (2, 3), (3, 4)]), np.full(4, 100.0)
    assert blocks_of(faces, pairs, border_m, VERGES).tolist() == [0, 0, 0, 4, 4]


def test_what_touches_a_block_with_its_end_only_or_would_make_it_too_large_stays_by_itself() -> None:
    end_on = np.array([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 10)])
    assert blocks_of(end_on, np.array([(0, 1)]), np.array([10.0]), VERGES).tolist() == [0, 1]
    too_large = np.array([shapely.box(0, 0, 398, 100), shapely.box(0, 100, 398, 110)])
    assert blocks_of(too_large, np.array([(0, 1)]), np.array([398.0]), VERGES).tolist() == [0, 1]


def test_the_strip_between_the_carriageways_of_a_street_is_no_cell() -> None:
    two = lines([(100, -30), (100, 230)], [(112, -30), (112, 230)])
    cells = cells_of(shapely.box(0, 0, 212, 100), two, options=VERGES)
    # 100 × 100 on either side and 12 × 100 between, which goes to one of them.
    assert sorted(areas(cells)) == [10_000, 11_200]


def test_a_street_that_ends_short_of_the_next_is_prolonged_to_it() -> None:
    cells = cells_of(shapely.box(0, 0, 200, 80), lines([(100, -30), (100, 60)]))
    assert [each.bounds for each in cells] == [(0, 0, 100, 80), (100, 0, 200, 80)]


def test_a_barrier_along_the_outline_makes_no_sliver() -> None:
    cells = cells_of(shapely.box(0, 0, 200, 100), lines([(-10, 1.5), (210, 1.0)], [(100, -10), (100, 110)]))
    assert areas(cells) == [10_000, 10_000]


def test_a_cell_never_crosses_a_line_that_is_kept() -> None:
    kept = lines([(30, -10), (30, 210)])
    cells = cells_of(shapely.box(0, 0, 100, 200), NOTHING, lines_kept=kept)
    assert shapely.area(cells[shapely.bounds(cells)[:, 2] <= 30]).sum() == pytest.approx(30 * 200)
    assert not shapely.crosses(kept[0], cells).any()


def test_parts_of_an_outline_are_divided_each_by_itself() -> None:
    parts = shapely.MultiPolygon([shapely.box(0, 0, 100, 100), shapely.box(500, 0, 600, 200)])
    cells = cells_of(parts, lines([(480, 100), (620, 100)]))
    assert set(shapely.get_type_id(cells).tolist()) == {3}
    assert areas(cells) == [10_000] * 3


def test_a_block_around_a_hole_and_a_block_around_an_island_of_streets_are_covered() -> None:
    outline = shapely.box(0, 0, 400, 400).difference(shapely.box(150, 150, 250, 250))
    ring = lines([(40, 40), (80, 40), (80, 80), (40, 80), (40, 40)])
    cells = cells_of(outline, ring)
    assert shapely.coverage_is_valid(cells)
    assert shapely.union_all(cells).symmetric_difference(outline).area == pytest.approx(0, abs=1e-6)
    assert shapely.area(cells).max() <= 20_000


def test_an_outline_that_touches_itself_gains_no_land_of_its_neighbours() -> None:
    # A U whose ends meet in one place: the yard inside is not the quarter's.
    ring = [
        (0, 0), (400, 0), (400, 400), (200, 300), (0, 400), (0, 300), (200, 300), (300, 200), (300, 100), (100, 100),
        (100, 200), (0, 250),
    ]  # fmt: skip
    outline = shapely.make_valid(shapely.Polygon(ring))
    cells = cells_of(outline, NOTHING)
    assert shapely.union_all(cells).symmetric_difference(outline).area == pytest.approx(0, abs=1e-6)


def test_a_hole_that_touches_the_outer_ring_between_its_vertices_loses_no_land() -> None:
    outline = shapely.Polygon(shapely.box(0, 0, 500, 500).exterior, [[(250, 0), (350, 200), (150, 200)]])
    cells = cells_of(outline, np.array([shapely.LineString([(-10, y), (510, y)]) for y in (100, 240, 400)]))
    assert sum(areas(cells)) == pytest.approx(500 * 500 - 200 * 200 / 2)
    assert shapely.coverage_is_valid(cells)


def test_an_outline_of_twenty_thousand_vertices_is_cut_between_its_sharpest_corners_only() -> None:
    angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    radius_m = 300 + 20 * np.sin(37 * angle) + np.sin(1_900 * angle)
    outline = shapely.Polygon(np.column_stack([radius_m * np.cos(angle), radius_m * np.sin(angle)]))
    cells = cells_of(outline, np.empty(0, dtype=object))
    assert sum(areas(cells)) == pytest.approx(outline.area, rel=1e-6)
    assert measure(cells, outline, np.empty(0, dtype=object)).share_outside_band == 0


def test_another_target_gives_the_same_cells_enlarged() -> None:
    doubled = CellOptions(40_000, 10_000, 160_000, 80_000, near_barrier_m=4, reach_m=500, across_m=90)
    plan = streets(500, 300, 130)
    small = cells_of(shapely.box(0, 0, 500, 300), plan)
    grown = shapely.transform(plan, lambda xy: 2 * xy)
    large = cells_of(shapely.box(0, 0, 1000, 600), grown, options=doubled)
    assert areas(large) == pytest.approx([4 * area for area in areas(small)])


# The same answer every time


def test_order_direction_and_repetition_of_barriers_change_no_byte() -> None:
    rng = np.random.default_rng(3)
    ends = rng.uniform(-20, 620, (60, 2, 2))
    plan = np.asarray(shapely.linestrings(ends), dtype=object)
    outline = shapely.box(0, 0, 600, 600)
    first = cells_of(outline, plan)
    shuffled = np.concatenate([shapely.reverse(plan[rng.permutation(60)]), plan[:7]])
    assert (shapely.to_wkb(first) == shapely.to_wkb(cells_of(outline, shuffled))).all()


def test_many_quarters_give_the_same_in_one_process_and_in_two_and_tell_how_far_they_are() -> None:
    quarters = [shapely.box(400 * k, 0, 400 * k + 400, 300) for k in range(3)]
    plan, told = streets(1200, 300, 90), []
    alone = of_quarters(quarters, plan, processes=1, progress=lambda done, of: told.append((done, of)))
    spread = of_quarters(quarters, plan, processes=2)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [shapely.to_wkb(each).tolist() for each in alone] == [shapely.to_wkb(each).tolist() for each in spread]
    assert shapely.to_wkb(alone[1]).tolist() == shapely.to_wkb(cells_of(quarters[1], plan)).tolist()


def test_a_cancelled_run_ends_after_the_quarter_at_work() -> None:
    quarters, told = [shapely.box(0, 0, 90, 90)] * 5, []
    with pytest.raises(CancelledError):
        of_quarters(
            quarters, NOTHING, processes=1, progress=lambda done, _: told.append(done), cancelled=lambda: len(told) == 2
        )
    assert told == [1, 2]


# Numbers


def test_rows_run_from_north_to_south_and_in_each_row_from_west_to_east() -> None:
    squares = np.array(
        [shapely.box(100 * x, 100 * y, 100 * x + 100, 100 * y + 100) for y in range(3) for x in range(4)]
    )
    assert numbering(squares).tolist() == [9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4]


def test_squares_that_stand_a_little_askew_keep_their_rows() -> None:
    squares = [shapely.box(100 * x, 100 * y, 100 * x + 100, 100 * y + 100) for y in range(3) for x in range(4)]
    askew = [rotate(translate(each, 0, (-1) ** k * 8), 5) for k, each in enumerate(squares)]
    assert numbering(np.array(askew)).tolist() == [9, 10, 11, 12, 5, 6, 7, 8, 1, 2, 3, 4]


def test_points_are_numbered_in_rows_of_the_height_given() -> None:
    points = shapely.points([(50, 0), (0, 9), (100, 5), (0, 20)])
    assert numbering(points, row_m=15).tolist() == [3, 1, 4, 2]
    assert numbering(points, row_m=8).tolist() == [4, 2, 3, 1]
    assert numbering(NOTHING).tolist() == []


# Figures


def test_the_figures_of_two_squares_and_an_oblong_beside_half_a_street() -> None:
    cells = np.array([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100), shapely.box(0, -10, 200, 0)])
    cells = np.array([shapely.Polygon([*each.exterior.coords]) for each in cells])
    cells[2] = shapely.Polygon([(0, -10), (200, -10), (200, 0), (100, 0), (0, 0)])
    quality = measure(cells, shapely.box(0, -10, 200, 100), lines([(101.5, 0), (101.5, 50)]))
    assert (quality.count, quality.mean_m2, quality.median_m2) == (3, pytest.approx(22_000 / 3), 10_000)
    assert quality.border_m == 300
    # 50 m of the border between the squares lie 1.5 m beside the street, and √(4 - 2.25) m beyond its end; of the
    # border below, 1.5 m and 2 m on either side of the street's end.
    on_m = 50 + np.sqrt(1.75) + 4
    assert quality.share_of_border_on_barriers == pytest.approx(on_m / 300)
    assert quality.share_of_all_border_on_barriers == pytest.approx(on_m / (300 + 620))
    assert quality.share_outside_band == pytest.approx(1 / 3)
    assert quality.share_5_20 == pytest.approx(2 / 3)
    # Of the squares π/4, of the oblong 4π · 2000 / 420².
    assert quality.mean_compactness == pytest.approx((np.pi / 2 + 8000 * np.pi / 420**2) / 3)
    assert quality.share_compactness_below_0_3 == pytest.approx(1 / 3)
    assert [count for *_, count in quality.histogram] == [1, 0, 0, 0, 2, 0, 0, 0, 0]


def test_how_much_of_a_segment_is_near_counts_each_stretch_once() -> None:
    near = Near(np.array([[10.0, 1, 30, 1], [20, -1, 40, -1], [60, 0, 70, 0]]), 1.0)
    # From 10 to 40 along the first two, which only touch the line 1 m away, and 59 to 71 around the third.
    share = near.share(np.array([[0.0, 0, 100, 0], [0, 50, 100, 50], [65, -5, 65, 5]]))
    assert share == pytest.approx([0.42, 0.0, 0.2])


def test_lines_in_parts_bridge_nothing_between_their_parts() -> None:
    halves = np.array([shapely.MultiLineString([[(100, -10), (100, 40)], [(100, 60), (100, 110)]])], dtype=object)
    outline = shapely.box(0, 0, 200, 100)
    cells = cells_of(outline, halves)
    assert areas(cells) == [10_000, 10_000]
    # From 42 to 58 m no street is within 2 m.
    assert measure(cells, outline, halves).share_of_border_on_barriers == pytest.approx(0.84)


def test_a_square_net_is_laid_on_whole_multiples_of_its_side_and_clipped() -> None:
    net = naive_cells(shapely.box(50, 50, 250, 150))
    assert sorted(areas(net)) == [2_500] * 4 + [5_000] * 2
