"""Random coverages are clean, and a corner that one area moves alone is found, to the m²."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.ops import split

from gridmgmt.analysis.cleaning import propose_fix
from gridmgmt.analysis.findings import Finding, FindingType, Tolerances
from tests.support.lattice import Row, found_in

LEVELS = ("district", "town", "residential_quarter", "grid_cell")
WEST, SOUTH, STEP = 121.4, 31.3, 0.004
SEEDS = st.integers(0, 2**32 - 1)
EQUAL_AREA = Transformer.from_crs("EPSG:4326", "+proj=cea +ellps=WGS84 +lon_0=121.4", always_xy=True)
EVERYTHING = Tolerances(unmatched_from_m2=0.01)


def equal_area_m2(surface: shapely.Geometry) -> float:
    """Return m² by another way than the check's: an equal-area projection with a vertex every 10 m."""
    dense = shapely.segmentize(surface, 1e-4)
    return float(shapely.area(shapely.transform(dense, lambda xy: np.column_stack(EQUAL_AREA.transform(*xy.T)))))


class Coverage:
    """A lattice of quadrangles with shaken corners, gathered to towns and a district; each has four cells."""

    def __init__(self, seed: int, columns: int, rows: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.columns, self.rows = columns, rows
        # Corners of quarters have even numbers; cells meet at the middles between.
        shape = (2 * columns + 1, 2 * rows + 1)
        grid = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij"), axis=-1)
        shaken = grid + self.rng.uniform(-0.3, 0.3, grid.shape)
        self.corner = np.round((WEST, SOUTH) + STEP / 2 * shaken, int(self.rng.choice([7, 9, 15])))

    def places(self) -> list[tuple[int, int]]:
        return [(c, r) for c in range(self.columns) for r in range(self.rows)]

    def quarter(self, column: int, row: int) -> shapely.Polygon:
        c, r = 2 * column, 2 * row
        ring = [(c, r), (c + 1, r), (c + 2, r), (c + 2, r + 1), (c + 2, r + 2), (c + 1, r + 2), (c, r + 2), (c, r + 1)]
        return shapely.Polygon([self.corner[at] for at in ring])

    def cell(self, column: int, row: int) -> shapely.Polygon:
        ring = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
        return shapely.Polygon([self.corner[at] for at in ring])

    def areas(self) -> dict[str, Row]:
        level = dict(zip("DTQC", LEVELS, strict=True))
        town = {place: f"T{int(self.rng.integers(0, 3))}" for place in self.places()}
        shapes = {place: self.quarter(*place) for place in self.places()}
        found = [Row(level["D"], "D", None, shapely.union_all(list(shapes.values())))]
        for code in sorted(set(town.values())):
            whole = shapely.union_all([shapes[place] for place in shapes if town[place] == code])
            found.append(Row(level["T"], code, (level["D"], "D"), whole))
        for c, r in self.places():
            found.append(Row(level["Q"], f"Q{c}.{r}", (level["T"], town[c, r]), shapes[c, r]))
            found += [
                Row(level["C"], f"C{i}.{j}", (level["Q"], f"Q{c}.{r}"), self.cell(i, j))
                for i in (2 * c, 2 * c + 1)
                for j in (2 * r, 2 * r + 1)
            ]
        return {row.code: row for row in found}


def serious(findings: list[Finding]) -> list[Finding]:
    """Return the findings without pieces: a town gathered at random may be in several."""
    return [finding for finding in findings if finding.type is not FindingType.MULTI_PART]


@given(seed=SEEDS, columns=st.integers(1, 4), rows=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_random_coverages_are_clean(seed: int, columns: int, rows: int) -> None:
    assert serious(found_in(Coverage(seed, columns, rows).areas(), tolerances=EVERYTHING)) == []


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_cuts_that_no_neighbour_has_vertices_for_are_no_gap_and_no_overlap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = shapely.transform(shapely.box(0, 0, 1, 1), lambda xy: (WEST, SOUTH) + xy * rng.uniform(0.001, 0.1))
    pieces = [whole]
    for _ in range(12):
        cut = pieces.pop(int(rng.integers(len(pieces))))
        west, south, east, north = shapely.bounds(cut)
        angle, reach = rng.uniform(0, np.pi), 2 * max(east - west, north - south)
        middle = np.array([rng.uniform(west, east), rng.uniform(south, north)])
        way = reach * np.array([np.cos(angle), np.sin(angle)])
        line = shapely.LineString([middle - way, middle + way])
        pieces += [part for part in shapely.get_parts(split(cut, line)) if part.area > 0]
    towns = {f"T{n}": Row("town", f"T{n}", ("district", "D"), piece) for n, piece in enumerate(pieces)}
    findings = found_in({"D": Row("district", "D", None, whole)} | towns)
    assert {finding.type for finding in findings} <= {FindingType.UNMATCHED_EDGE}


@pytest.mark.long
@given(seed=SEEDS, move=st.sampled_from([1e-7, 1e-6, 1e-5, 1e-4, 3e-4]))
@settings(max_examples=60, deadline=None)
def test_a_corner_moved_by_one_area_alone_is_found_to_the_square_metre(seed: int, move: float) -> None:
    coverage = Coverage(seed, 3, 3)
    rows = coverage.areas()
    old = rows["C2.2"].geometry
    corner = shapely.get_coordinates(old)[2]
    angle = coverage.rng.uniform(0, 2 * np.pi)
    moved = shapely.get_coordinates(old).copy()
    moved[2] = corner + move * np.array([np.cos(angle), np.sin(angle)])
    new = shapely.Polygon(moved)
    rows["C2.2"] = Row("grid_cell", "C2.2", rows["C2.2"].parent, new)
    findings = serious(found_in(rows, tolerances=Tolerances(least_m2=1e-6, unmatched_from_m2=1e6)))
    of = {kind: sum(f.area_m2 for f in findings if kind in f.type.value) for kind in ("gap", "overlap")}
    assert of["gap"] == pytest.approx(equal_area_m2(shapely.difference(old, new)), rel=1e-5, abs=1e-4)
    assert of["overlap"] == pytest.approx(equal_area_m2(shapely.difference(new, old)), rel=1e-5, abs=1e-4)
    assert {f.type.value for f in findings} <= {"gap", "narrow_gap", "overlap"}
    assert findings


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_around_a_change_all_is_found_that_the_whole_check_finds(seed: int) -> None:
    coverage = Coverage(seed, 3, 3)
    rows = coverage.areas()
    codes = np.array([code for code in rows if code.startswith(("Q", "C"))], dtype=object)
    for code in coverage.rng.choice(codes, 3, replace=False):
        places = shapely.get_coordinates(rows[code].geometry)[:-1]
        places[int(coverage.rng.integers(len(places)))] += coverage.rng.uniform(-0.0003, 0.0003, 2)
        faulty = rows | {code: Row(rows[code].level, code, rows[code].parent, shapely.Polygon(places))}
        whole = found_in(faulty)
        around = found_in(faulty, {code})
        # Pieces are looked for in changed areas only, so they are the same for an area that is one polygon.
        assert serious(around) == serious(whole)


@given(seed=SEEDS)
@settings(max_examples=30, deadline=None)
def test_a_proposed_fix_is_clean_and_tells_what_it_moves(seed: int) -> None:
    coverage = Coverage(seed, 3, 3)
    surfaces = np.array([coverage.quarter(*place) for place in coverage.places()], dtype=object)
    faulty = surfaces.copy()
    places = shapely.get_coordinates(surfaces[4])[:-1]
    places[coverage.rng.choice([0, 2, 4, 6])] += coverage.rng.uniform(-1e-6, 1e-6, 2)
    faulty[4] = shapely.Polygon(places)
    fixed = faulty.copy()
    for proposal in propose_fix(faulty, gap_width_m=2.0):
        fixed[proposal.index] = proposal.surface
        gained = equal_area_m2(shapely.difference(proposal.surface, faulty[proposal.index]))
        assert proposal.gained_m2 == pytest.approx(gained, abs=1e-3)
    rows = {f"Q{n}": Row("residential_quarter", f"Q{n}", None, surface) for n, surface in enumerate(fixed)}
    assert serious(found_in(rows, tolerances=EVERYTHING)) == []
    assert propose_fix(surfaces, gap_width_m=2.0) == []
