"""Random barriers divide random outlines into cells without gap or overlap; numbers are a permutation."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmgmt.analysis.cells import cells_of, measure, numbering
from gridmgmt.analysis.cells.near import Near

SEEDS = st.integers(0, 2**32 - 1)


def outline_of(rng: np.random.Generator) -> shapely.Geometry:
    """Return a star-shaped outline of 5 to 60 ha, now and then with a hole or with a second part."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(5, 20)))
    radius = rng.uniform(0.5, 1, len(angle)) * rng.uniform(200, 600)
    star = shapely.make_valid(shapely.Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])))
    if rng.random() < 0.3:
        star = star.difference(shapely.Point(rng.uniform(-100, 100, 2)).buffer(rng.uniform(5, 80), quad_segs=2))
    if rng.random() < 0.2:
        star = shapely.union(star, shapely.box(900, 0, 1000, rng.uniform(20, 400)))
    return shapely.MultiPolygon([part for part in shapely.get_parts(star) if part.geom_type == "Polygon"])


def barriers_of(rng: np.random.Generator) -> np.ndarray:
    """Return up to 80 lines: random ones, parallel ones that stand close, rings, and ones on whole coordinates."""
    ends = rng.uniform(-700, 700, (rng.integers(0, 40), 2, 2))
    whole = np.round(rng.uniform(-7, 7, (rng.integers(0, 20), 2, 2))) * 100
    beside = ends[: len(ends) // 3] + rng.uniform(0, 6, (len(ends) // 3, 1, 2))
    straight = np.concatenate([ends, whole, beside])
    straight = straight[(straight[:, 0] != straight[:, 1]).any(axis=1)]
    rings = [
        shapely.Point(rng.uniform(-400, 400, 2)).buffer(rng.uniform(3, 90)).exterior for _ in range(rng.integers(4))
    ]
    return np.array(
        [*shapely.linestrings(straight), *(shapely.LineString(each.coords) for each in rings)], dtype=object
    )


@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_cells_cover_their_outline_without_gap_or_overlap_and_in_one_piece_each(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outline, barriers = outline_of(rng), barriers_of(rng)
    cells = cells_of(outline, barriers)
    assert shapely.is_valid(cells).all()
    assert (shapely.get_type_id(cells) == 3).all()
    assert (shapely.area(cells) > 0).all()
    assert shapely.coverage_is_valid(cells)
    assert abs(shapely.area(cells).sum() - outline.area) <= 1e-9 * outline.area
    assert shapely.union_all(cells).symmetric_difference(outline).area <= 1e-9 * outline.area
    again = cells_of(outline, shapely.reverse(rng.permutation(barriers)) if len(barriers) else barriers)
    assert shapely.to_wkb(cells).tolist() == shapely.to_wkb(again).tolist()


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_what_lies_near_is_what_a_buffer_holds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    others, ours = rng.uniform(0, 30, (12, 4)), rng.uniform(0, 30, (20, 4))
    around = shapely.union_all(shapely.buffer(shapely.linestrings(others.reshape(-1, 2, 2)), 2, quad_segs=512))
    lines = shapely.linestrings(ours.reshape(-1, 2, 2))
    held = shapely.length(shapely.intersection(lines, around)) / shapely.length(lines)
    np.testing.assert_allclose(Near(others, 2).share(ours), held, atol=1e-4)


@given(seed=SEEDS, count=st.integers(1, 40))
def test_numbers_are_a_permutation_that_the_order_of_the_cells_does_not_change(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 6, (2, count)) * 100.0
    cells = shapely.box(x, y, x + rng.uniform(50, 150, count), y + 100)
    number, order = numbering(cells), rng.permutation(count)
    assert sorted(number) == list(range(1, count + 1))
    assert (numbering(cells[order]) == number[order]).all()


def test_shares_of_random_cells_lie_between_none_and_all() -> None:
    rng = np.random.default_rng(5)
    outline, barriers = outline_of(rng), barriers_of(rng)
    quality = measure(cells_of(outline, barriers), outline, barriers)
    shares = (quality.share_of_border_on_barriers, quality.share_of_all_border_on_barriers, quality.share_5_20)
    assert all(0 <= share <= 1 for share in shares)
    assert sum(count for *_, count in quality.histogram) == quality.count
