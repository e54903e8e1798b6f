"""Departments that divide the same land at random: every face once, surfaces that add up, no overlap in any way."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmgmt.analysis.ellipsoid import area_m2, areas_m2
from gridmgmt.merging.comparison import Comparison, Grids, compare
from gridmgmt.merging.rules import MergeAsk, Way
from gridmgmt.merging.ways import Result, resolve
from tests.support.departments import Drawn, ground
from tests.support.division import block

SEEDS = st.integers(0, 2**32 - 1)
EXACT = 1e-9


def drawn(seed: int) -> Drawn:
    """Two to four departments, each with a shaken lattice of its own, holes and overlaps in some of them."""
    rng = np.random.default_rng(seed)
    found: Drawn = {}
    for name in ("city_operation", "comprehensive", "party", "police")[: rng.integers(2, 5)]:
        columns, rows = rng.integers(1, 5, 2)
        corners = np.stack(np.meshgrid(np.linspace(0, 8, columns + 1), np.linspace(0, 6, rows + 1), indexing="ij"), -1)
        corners[1:-1] += rng.uniform(-0.6, 0.6, corners[1:-1].shape) * (1, 0)
        corners[:, 1:-1] += rng.uniform(-0.6, 0.6, corners[:, 1:-1].shape) * (0, 1)
        corners = np.round((121.4, 31.3) + corners / 1000, int(rng.choice([6, 7, 15])))
        of = {}
        for c in range(columns):
            for r in range(rows):
                ring = [corners[c, r], corners[c + 1, r], corners[c + 1, r + 1], corners[c, r + 1]]
                of[f"{c}{r}"] = shapely.Polygon(ring)
        codes = sorted(of)
        if len(codes) > 2 and rng.random() < 0.4:
            del of[codes[rng.integers(len(codes))]]
        if rng.random() < 0.4:
            first = min(of)
            of[first] = shapely.union(of[first], shapely.box(*(of[first].centroid.coords[0]), 121.405, 31.304))
        found[name] = of
    return found


def rows_of(of: Drawn) -> list[tuple[str, str, str | None, shapely.Geometry]]:
    return [(name, code, None, surface) for name, grids in of.items() for code, surface in grids.items()]


def compared(rows: list[tuple[str, str, str | None, shapely.Geometry]]) -> Comparison:
    cells = [block(c, r, c + 1, r + 1) for c in range(-1, 9) for r in range(-1, 7)]
    codes = tuple(f"c{number:03d}" for number in range(len(cells)))
    on = ground(cell_codes=codes, cells=np.array(cells, dtype=object))
    return compare(Grids.ordered(rows), on, lead=min(row[0] for row in rows), sliver_width_m=2.0)


def ways(comparison: Comparison) -> dict[Way, Result]:
    ask = MergeAsk(comparison.departments)
    found = {way: resolve(comparison, ask, {}, way) for way in Way}
    assert all(found.values())
    return {way: result for way, result in found.items() if result is not None}


@given(SEEDS)
@settings(max_examples=40)
def test_faces_hold_all_land_once(seed) -> None:
    rows = rows_of(drawn(seed))
    faces = compared(rows).faces
    union = area_m2(shapely.union_all([row[3] for row in rows]))
    assert faces.area_m2[faces.held].sum() == pytest.approx(union, rel=EXACT)
    assert area_m2(shapely.union_all(faces.surfaces[faces.held])) == pytest.approx(union, rel=EXACT)
    own = np.zeros(len(rows))
    np.add.at(own, faces.grid, faces.area_m2[faces.face])
    ordered = areas_m2(Grids.ordered(rows).surfaces)
    assert own == pytest.approx(ordered, rel=1e-8), "each grid is made of its faces"


@given(SEEDS)
@settings(max_examples=40)
def test_every_way_keeps_all_land_and_overlaps_nowhere(seed) -> None:
    comparison = compared(rows_of(drawn(seed)))
    held_m2 = comparison.faces.area_m2[comparison.faces.held].sum()
    for way, result in ways(comparison).items():
        sum_m2 = sum(grid.area_m2 for grid in result.grids)
        union_m2 = area_m2(shapely.union_all([grid.surface for grid in result.grids]))
        assert union_m2 == pytest.approx(sum_m2, rel=EXACT), f"{way}: merged grids overlap"
        codes = [grid.code for grid in result.grids]
        assert len(set(codes)) == len(codes)
        assert all(grid.surface.is_valid for grid in result.grids)
        if way is Way.CELLS:
            taken = [cell for grid in result.grids for cell in grid.cells or ()]
            assert len(set(taken)) == len(taken)
            on_held = comparison.faces.held[result.face]
            assert result.area_m2[on_held].sum() == pytest.approx(held_m2, rel=1e-8), "cells cover all grids"
        else:
            assert sum_m2 == pytest.approx(held_m2, rel=EXACT), f"{way}: land was lost or won"
        for change in result.changes():
            assert change.moved_m2 + change.unheld_m2 <= result.land_m2 * (1 + EXACT)


@given(SEEDS, st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_the_order_of_departments_and_grids_does_not_matter(seed, random) -> None:
    rows = rows_of(drawn(seed))
    shuffled = rows.copy()
    random.shuffle(shuffled)
    one, other = compared(rows), compared(shuffled)
    assert one.kinds.tolist() == other.kinds.tolist()
    assert one.cores == other.cores
    for way, result in ways(one).items():
        assert result.to.tolist() == ways(other)[way].to.tolist()


@given(SEEDS)
@settings(max_examples=25)
def test_the_lead_gets_its_own_borders(seed) -> None:
    """Where the lead has exactly one grid, the way by the lead gives that grid all of its land and nothing else."""
    comparison = compared(rows_of(drawn(seed)))
    lead = comparison.assigned[:, 0]
    result = ways(comparison)[Way.LEAD]
    alone = lead >= 0
    assert result.to[alone].tolist() == lead[alone].tolist()
