"""Cutting and joining surfaces on squares whose numbers can be worked out on paper."""

import numpy as np
import pytest
import shapely
from pyproj import Geod
from shapely import LineString, MultiPolygon, Polygon, box

from gridmgmt.analysis.boundaries import give, merge, moved_land, movements, redraw, shares, split
from gridmgmt.analysis.ellipsoid import area_m2, areas_m2
from gridmgmt.errors import GeometryError

WEST, SOUTH, SIDE = 121.5, 31.25, 0.0078125
"""The corner and the side of a square, all binary fractions, so that halves and quarters are exact."""


def square(column: float = 0, row: float = 0, width: float = 1, height: float = 1) -> Polygon:
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    return box(west, south, west + width * SIDE, south + height * SIDE)


def line(*corners: tuple[float, float]) -> LineString:
    return LineString([(WEST + x * SIDE, SOUTH + y * SIDE) for x, y in corners])


def same(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Tell whether two surfaces have the same vertices to the last bit."""
    as_one, as_other = (MultiPolygon([g]) if isinstance(g, Polygon) else g for g in (one, other))
    return bool(shapely.equals_identical(shapely.normalize(as_one), shapely.normalize(as_other)))


def test_area_agrees_with_geodesics_over_short_edges_and_knows_holes() -> None:
    town = Polygon(
        [(121.4, 31.3), (121.45, 31.31), (121.43, 31.36), (121.41, 31.33)],
        [[(121.42, 31.315), (121.43, 31.32), (121.425, 31.33)]],
    )
    fine = shapely.orient_polygons(shapely.segmentize(town, 1e-5))  # edges of a metre: straight and geodesic are one
    geodesic_m2, _ = Geod(ellps="WGS84").geometry_area_perimeter(fine)
    assert area_m2(town) == pytest.approx(geodesic_m2, rel=1e-10)
    assert area_m2(town.reverse()) == area_m2(town)


def test_areas_of_several_kinds_of_geometry() -> None:
    one = square()
    both = shapely.GeometryCollection([MultiPolygon([one, square(3)]), line((0, 0), (1, 1))])
    found = areas_m2(np.array([one, line((0, 0), (1, 1)), both, Polygon()], dtype=object))
    assert found[1] == found[3] == 0
    assert found[2] == pytest.approx(2 * found[0], rel=1e-12)


def test_a_split_gives_the_western_piece_first() -> None:
    west, east = split(square(), line((0.25, -1), (0.25, 2)))
    assert same(west, square(0, 0, 0.25))
    assert same(east, square(0.25, 0, 0.75))
    assert area_m2(west) * 3 == pytest.approx(area_m2(east), rel=1e-12)


def test_pieces_above_each_other_run_from_north_to_south() -> None:
    north, south = split(square(), line((-1, 0.5), (2, 0.5)))
    assert same(north, square(0, 0.5, 1, 0.5))
    assert same(south, square(0, 0, 1, 0.5))


def test_a_cross_gives_four_pieces_column_by_column() -> None:
    cross = shapely.MultiLineString([line((0.5, -1), (0.5, 2)), line((-1, 0.5), (2, 0.5))])
    pieces = split(square(), cross)
    wanted = [square(x, y, 0.5, 0.5) for x in (0, 0.5) for y in (0.5, 0)]
    assert [same(piece, want) for piece, want in zip(pieces, wanted, strict=True)] == [True] * 4


def test_a_part_the_line_does_not_touch_goes_with_the_nearest_piece() -> None:
    sector = MultiPolygon([square(), square(3)])
    west, east = split(sector, line((0.5, -1), (0.5, 2)))
    assert same(west, square(0, 0, 0.5))
    assert same(east, MultiPolygon([square(0.5, 0, 0.5), square(3)]))


@pytest.mark.parametrize("points", [[(2, -1), (2, 2)], [(0.5, -1), (0.5, 0.5)], [(0, 0), (1, 0)]])
def test_a_line_beside_into_or_along_the_surface_is_refused(points) -> None:
    with pytest.raises(GeometryError) as refused:
        split(square(), line(*points))
    assert refused.value.code == "split_line_misses"


def test_merging_the_pieces_of_a_slanting_cut_gives_the_square_back_to_the_last_bit() -> None:
    pieces = split(square(), line((0.3, -1), (0.41, 2)))
    assert len(pieces) == 2
    assert same(merge(pieces), square())


def test_a_vertex_that_a_third_area_has_stays() -> None:
    above = square(0, 1, 2)
    with_vertex = shapely.snap(above, shapely.Point(WEST + SIDE, SOUTH + SIDE), 1e-9)
    joined = merge([square(), square(1)], [with_vertex])
    assert same(merge([square(), square(1)], [above]), square(0, 0, 2))
    assert (WEST + SIDE, SOUTH + SIDE) in joined.geoms[0].exterior.coords


def test_a_piece_merges_with_a_neighbour_that_lacks_the_cuts_vertex() -> None:
    west, east = split(square(), line((1 / 3, -1), (0.41, 2)))
    for piece in (west, east):
        joined = merge([piece, square(0, 1)])
        assert len(joined.geoms) == 1
        assert not joined.geoms[0].interiors
        assert area_m2(joined) == pytest.approx(area_m2(piece) + area_m2(square(0, 1)), abs=1e-6)
        # No slit is left where they met: the way round is that of the two without what they shared.
        top = [x for x, y in piece.geoms[0].exterior.coords if y > SOUTH + SIDE * 0.999]
        assert joined.length == pytest.approx(piece.length + 4 * SIDE - 2 * (max(top) - min(top)), rel=1e-9)


def test_a_new_line_between_two_neighbours() -> None:
    one, other = redraw(square(), square(1), line((0.75, -1), (0.75, 2)))
    assert same(one, square(0, 0, 0.75))
    assert same(other, square(0.75, 0, 1.25))


def test_a_new_line_must_make_two_pieces() -> None:
    zigzag = line((0.5, -1), (0.5, 2), (1.5, 2), (1.5, -1))
    with pytest.raises(GeometryError) as refused:
        redraw(square(), square(1), zigzag)
    assert (refused.value.code, refused.value.fields["pieces"]) == ("border_line_pieces", 3)


def test_a_piece_goes_from_one_to_the_other_and_what_the_giver_has_not_stays_where_it_is() -> None:
    # The piece reaches over the border and out of both: only the giver's part of it moves.
    giver, taker = give(square(), square(1), square(0.5, -1, 1, 1.5))
    assert area_m2(giver) == pytest.approx(area_m2(square()) - area_m2(square(0.5, 0, 0.5, 0.5)), rel=1e-12)
    assert area_m2(giver) + area_m2(taker) == pytest.approx(area_m2(square(0, 0, 2)), rel=1e-12)
    assert len(taker.geoms) == 1
    assert taker.covers(square(0.5, 0, 0.5, 0.5))


@pytest.mark.parametrize(
    ("piece", "code"), [(square(1), "piece_outside_giver"), (square(-1, -1, 3, 3), "piece_is_whole_giver")]
)
def test_giving_nothing_or_everything_is_refused(piece, code) -> None:
    with pytest.raises(GeometryError) as refused:
        give(square(), square(1), piece)
    assert refused.value.code == code


def test_shares_of_a_quarter_that_went_to_two() -> None:
    found = shares([square(), square(1)], [square(0, 0, 0.25), square(0.25, 0, 1.75)])
    assert [(s.before, s.after) for s in found] == [(0, 0), (0, 1), (1, 1)]
    assert [s.share_of_before for s in found] == pytest.approx([0.25, 0.75, 1.0], rel=1e-12)
    assert [s.share_of_after for s in found] == pytest.approx([1.0, 0.75 / 1.75, 1 / 1.75], rel=1e-12)


def test_no_surfaces_share_nothing() -> None:
    assert shares([], [square()]) == shares([square()], []) == []


def test_movements_name_who_won_and_who_lost() -> None:
    before = {"A": square(), "B": square(1), "C": square(2)}
    after = {"A": square(0, 0, 0.5), "B": square(0.5, 0, 1.5), "C": square(2)}
    moved = movements(before, after)
    quarter_m2 = area_m2(square(0.5, 0, 0.5))
    assert set(moved) == {"A", "B"}
    assert area_m2(moved["A"].lost) == pytest.approx(quarter_m2)
    assert moved["A"].gained.is_empty
    assert area_m2(moved["B"].gained) == pytest.approx(quarter_m2)
    assert area_m2(moved_land(moved)) == pytest.approx(quarter_m2)  # once, though two codes changed


def test_a_code_that_comes_and_one_that_goes_move_all_their_land() -> None:
    moved = movements({"A": square()}, {"B": square()})
    assert area_m2(moved["A"].lost) == area_m2(moved["B"].gained) == pytest.approx(area_m2(square()))
    assert area_m2(moved_land(moved)) == pytest.approx(area_m2(square()))
