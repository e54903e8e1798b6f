"""The real towns of Shanghai: what the check finds in them, beside what GEOS finds by itself."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

from gridmgmt.analysis.cleaning import propose_fix
from gridmgmt.analysis.findings import AreaArrays, Finding, FindingType, Severity, Tolerances
from gridmgmt.analysis.topology import check
from gridmgmt.boundaries.findings import LEVEL_RULES

pytestmark = pytest.mark.shared_data

PLANE = CRS("EPSG:4549")


class Towns:
    """The polygons of a file with their names, checked as towns without a district."""

    def __init__(self, path: Path) -> None:
        features = json.loads(gzip.decompress(path.read_bytes()))["features"]
        self.names = np.array([feature["properties"]["name"] for feature in features], dtype=object)
        self.surfaces = np.array([shapely.geometry.shape(feature["geometry"]) for feature in features], dtype=object)
        self.findings = self.check(self.surfaces)

    def check(self, surfaces: np.ndarray) -> list[Finding]:
        nothing = np.full(len(surfaces), None, dtype=object)
        level = np.full(len(surfaces), "town", dtype=object)
        return check(AreaArrays(level, self.names, nothing, nothing, surfaces), LEVEL_RULES, Tolerances(), PLANE)

    def of(self, *types: FindingType) -> list[Finding]:
        return [finding for finding in self.findings if finding.type in types]

    @property
    def on_plane(self) -> np.ndarray:
        transformer = Transformer.from_crs(4326, PLANE, always_xy=True)
        return shapely.transform(self.surfaces, lambda xy: np.column_stack(transformer.transform(*xy.T)))


@pytest.fixture(scope="module")
def towns(shared_data: Path) -> Towns:
    return Towns(shared_data / "boundaries" / "shanghai_towns_osm_wgs84.geojson.gz")


@pytest.fixture(scope="module")
def source(shared_data: Path) -> Towns:
    return Towns(shared_data / "boundaries" / "shanghai_sectors_source.wgs84.json.gz")


def test_two_overlaps_of_109_towns(towns: Towns) -> None:
    overlaps = towns.of(FindingType.OVERLAP)
    assert {overlap.codes for overlap in overlaps} == {("华泾", "长桥"), ("斜土路", "龙华")}
    assert [overlap.area_m2 for overlap in overlaps] == pytest.approx([0.0087, 0.0087], abs=1e-4)
    assert {overlap.severity for overlap in overlaps} == {Severity.WARNING}


def test_four_holes_as_large_as_towns(towns: Towns) -> None:
    holes = sorted((hole.area_m2 / 1e6 for hole in towns.of(FindingType.MISSING_NEIGHBOUR)), reverse=True)
    assert holes == pytest.approx([109.90, 103.71, 34.02, 1.339], rel=1e-3)
    assert {hole.severity for hole in towns.of(FindingType.MISSING_NEIGHBOUR)} == {Severity.WARNING}


def test_three_narrow_gaps_above_1_m2(towns: Towns) -> None:
    """Slits of the outer border, each along one town: found independently by closing the union on the plane."""
    gaps = towns.of(FindingType.GAP, FindingType.NARROW_GAP)
    assert {(gap.type, gap.severity, len(gap.codes)) for gap in gaps} == {(FindingType.NARROW_GAP, Severity.WARNING, 1)}
    assert sorted(gap.area_m2 for gap in gaps) == pytest.approx([1.04, 2.29, 3.96], abs=0.02)
    union = shapely.union_all(towns.on_plane)
    closed = shapely.buffer(shapely.buffer(union, 1, join_style="mitre"), -1, join_style="mitre")
    pieces = [piece.area for piece in shapely.get_parts(shapely.difference(closed, union)) if piece.area > 1]
    assert sorted(gap.area_m2 for gap in gaps) == pytest.approx(sorted(pieces), rel=0.01)


def test_the_109_towns_can_be_approved_with_reasons(towns: Towns) -> None:
    assert {finding.severity for finding in towns.findings} == {Severity.WARNING}
    assert {finding.codes for finding in towns.of(FindingType.MULTI_PART)} == {("山阳",), ("白鹤",), ("赵巷",)}


def test_geos_finds_the_same_overlaps_and_nothing_we_have_no_name_for(towns: Towns) -> None:
    edges = shapely.coverage_invalid_edges(towns.on_plane)
    coordinates = shapely.get_num_coordinates(edges)
    assert (coordinates.sum(), np.count_nonzero(coordinates)) == (583, 30)
    invalid = set(towns.names[coordinates > 0])
    overlapping = {code for finding in towns.of(FindingType.OVERLAP) for code in finding.codes}
    assert overlapping <= invalid
    # What its unmatched edges enclose: our two overlaps, and not another one of a thousandth of a m².
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(edges)]))
    enclosed = sorted(area for area in shapely.area(faces) if area > 0.001)
    assert enclosed == pytest.approx(sorted(f.area_m2 for f in towns.of(FindingType.OVERLAP)), rel=0.01)
    assert all(shapely.get_num_coordinates(edge) == 0 for edge in shapely.coverage_invalid_edges(_fixed(towns)))


def _fixed(towns: Towns) -> np.ndarray:
    surfaces = towns.surfaces.copy()
    for proposal in propose_fix(surfaces, gap_width_m=2.0):
        surfaces[proposal.index] = proposal.surface
    return surfaces


def test_the_proposed_fix_leaves_holes_and_pieces_only(towns: Towns) -> None:
    proposals = propose_fix(towns.surfaces, gap_width_m=2.0)
    lost = {towns.names[p.index]: p.lost_m2 for p in proposals}
    assert len(proposals) < 30
    assert min(lost["长桥"], lost["龙华"]) == pytest.approx(0.0087, abs=1e-4)
    left = {finding.type for finding in towns.check(_fixed(towns))}
    assert left == {FindingType.MISSING_NEIGHBOUR, FindingType.MULTI_PART, FindingType.NARROW_GAP}


def test_a_pair_of_the_source_comes_apart_on_a_plane(source: Towns) -> None:
    # In degrees the two borders are one straight line; one side has a vertex on an edge of 2.5 km that the other
    # lacks, so in EPSG:4549 the two overlap.
    at = dict(zip(source.names, source.on_plane, strict=True))
    assert shapely.area(shapely.intersection(at["徐泾"], at["赵巷"])) == pytest.approx(13.70, abs=0.01)
    degrees = dict(zip(source.names, source.surfaces, strict=True))
    assert shapely.area(shapely.intersection(degrees["徐泾"], degrees["赵巷"])) == 0
    edges = source.of(FindingType.UNMATCHED_EDGE)
    assert {edge.codes for edge in edges} == {("徐泾", "赵巷")}
    assert max(edge.area_m2 for edge in edges) == pytest.approx(13.70, abs=0.01)


def test_three_narrow_gaps_of_the_source(source: Towns) -> None:
    gaps = [gap for gap in source.of(FindingType.NARROW_GAP) if gap.severity is Severity.ERROR]
    assert {gap.codes for gap in gaps} == {("新桥", "莘庄")}
    assert sorted(gap.area_m2 for gap in gaps) == pytest.approx([16.15, 78.57, 92.19], abs=0.01)
    assert len(source.of(FindingType.OVERLAP)) == 2
