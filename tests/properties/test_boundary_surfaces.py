"""What holds for every cut and every tessellation: no land is lost or won, and a merge undoes a split."""

import numpy as np
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Polygon

from gridmgmt.analysis.boundaries import give, merge, moved_land, movements, redraw, shares, split
from gridmgmt.analysis.ellipsoid import area_m2, areas_m2

CORNER = np.array([121.4, 31.3])
SIZE_DEG = 0.01
"""About a kilometre."""


def same(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Tell whether two surfaces have the same vertices to the last bit."""
    as_one, as_other = (MultiPolygon([g]) if isinstance(g, Polygon) else g for g in (one, other))
    return bool(shapely.equals_identical(shapely.normalize(as_one), shapely.normalize(as_other)))


@st.composite
def stars(draw) -> Polygon:
    """Star-shaped surfaces around a middle, mostly not convex."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(4, 40))
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    radius = rng.uniform(0.2, 1, n) * SIZE_DEG
    star = Polygon(CORNER + np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None])
    assume(star.is_valid)
    assume(area_m2(star) > 1000)
    return star


@st.composite
def cuts(draw) -> LineString:
    """Lines of one to three straight legs, from one side of the star to the other."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    heading = rng.uniform(0, np.pi)
    along, across = np.array([np.cos(heading), np.sin(heading)]), np.array([-np.sin(heading), np.cos(heading)])
    offsets = rng.uniform(-0.5, 0.5, draw(st.integers(2, 4))) * SIZE_DEG
    steps = np.linspace(-2, 2, len(offsets)) * SIZE_DEG
    return LineString([CORNER + step * along + offset * across for step, offset in zip(steps, offsets, strict=True)])


@st.composite
def tessellations(draw) -> list[Polygon]:
    """Voronoi cells cut to a box: a valid coverage."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    seeds = CORNER + rng.uniform(0, SIZE_DEG, (draw(st.integers(3, 25)), 2))
    box = shapely.box(*CORNER, *(CORNER + SIZE_DEG))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=box))
    cut = shapely.intersection(cells, box)
    assume(bool(shapely.coverage_is_valid(cut)))
    return list(cut)


@given(stars(), cuts())
def test_pieces_sum_to_the_whole_and_their_merge_is_the_whole(star, cut) -> None:
    assume(shapely.intersection(cut, star).length > 1e-6)
    pieces = split(star, cut)
    assert abs(sum(map(area_m2, pieces)) - area_m2(star)) < 1e-6
    whole = merge(pieces)
    assert same(whole, star)
    assert abs(area_m2(whole) - area_m2(star)) < 1e-6
    found = shares([star], pieces)
    assert abs(sum(share.share_of_before for share in found) - 1) < 1e-6
    assert all(abs(share.share_of_after - 1) < 1e-6 for share in found)


@given(tessellations(), st.data())
def test_a_cell_that_is_split_and_whose_pieces_join_others_leaves_no_gap_and_no_slit(cells, data) -> None:
    k = data.draw(st.integers(0, len(cells) - 1))
    middle = np.array(cells[k].centroid.coords[0])
    heading = data.draw(st.floats(0, 3.14))
    reach = np.array([np.cos(heading), np.sin(heading)]) * SIZE_DEG * 3
    pieces = split(cells[k], LineString([middle - reach, middle + reach]))
    others = [cell for n, cell in enumerate(cells) if n != k]
    for piece in pieces:
        shared = [shapely.intersection(piece.boundary, cell.buffer(1e-9)).length for cell in others]
        if max(shared) < 1e-5:
            continue  # all its neighbours are other pieces
        neighbour = others[int(np.argmax(shared))]
        joined = merge([piece, neighbour])
        assert abs(area_m2(joined) - area_m2(piece) - area_m2(neighbour)) < 1e-4
        assert len(joined.geoms) == 1
        assert not joined.geoms[0].interiors
        narrowed = joined.buffer(-1e-9).buffer(1e-9)
        assert joined.length < narrowed.length * 1.001  # a slit would be walked along twice


@given(tessellations(), st.data())
def test_moving_borders_keeps_the_sum(cells, data) -> None:
    one = data.draw(st.integers(0, len(cells) - 1))
    touching = [n for n, cell in enumerate(cells) if n != one and shapely.intersection(cells[one], cell).length > 1e-5]
    assume(touching)
    other = data.draw(st.sampled_from(touching))
    total_m2 = area_m2(cells[one]) + area_m2(cells[other])
    middle = np.array(shapely.intersection(cells[one], cells[other]).centroid.coords[0])
    piece = shapely.Point(middle).buffer(data.draw(st.floats(0.01, 0.2)) * SIZE_DEG)
    assume(not piece.covers(cells[one]))
    giver, taker = give(cells[one], cells[other], piece)
    assert abs(area_m2(giver) + area_m2(taker) - total_m2) < 1e-4
    assert area_m2(shapely.intersection(giver, taker)) < 1e-4
    given_m2 = area_m2(shapely.intersection(cells[one], piece))
    assert abs(area_m2(cells[one]) - area_m2(giver) - given_m2) < 1e-4
    moved = movements({"A": cells[one], "B": cells[other]}, {"A": giver, "B": taker})
    assert abs(area_m2(moved_land(moved)) - given_m2) < 1e-3

    common = merge([cells[one], cells[other]])
    west, south, east, north = common.bounds
    meridian = west + (east - west) * data.draw(st.floats(0.2, 0.8))
    straight = LineString([(meridian, south - 1), (meridian, north + 1)])
    assume(len(split(common, straight)) == 2)
    first, second = redraw(cells[one], cells[other], straight)
    assert abs(area_m2(first) + area_m2(second) - total_m2) < 1e-4


@given(tessellations(), tessellations())
def test_shares_between_two_tessellations_of_the_same_box_sum_to_one_both_ways(before, after) -> None:
    found = shares(before, after)
    by_before = np.bincount([s.before for s in found], [s.share_of_before for s in found], len(before))
    by_after = np.bincount([s.after for s in found], [s.share_of_after for s in found], len(after))
    old_m2, new_m2 = (areas_m2(np.array(cells, dtype=object)) for cells in (before, after))
    assert np.all(np.abs(by_before - 1) * old_m2 < 0.01)
    assert np.all(np.abs(by_after - 1) * new_m2 < 0.01)
