"""Faults put into a clean hierarchy by hand: each is found, with its kind, codes, m² and place, and nothing else is."""

import dataclasses

import pytest
import shapely
from pyproj import Transformer

from gridmgmt.analysis.findings import Finding, Tolerances
from gridmgmt.boundaries.findings import describe, findings_geojson
from gridmgmt.errors import InputError
from tests.support.lattice import Row, arrays, box, box_m2, district, found_in, moved_to, redrawn, without, x, y

M2_ABS = 1e-4


def told(findings: list[Finding]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(f.type.value, f.severity.value, f.codes) for f in findings]


def ring(*places: tuple[float, float]) -> shapely.Polygon:
    """Return a polygon of columns and rows."""
    return shapely.Polygon([(x(c), y(r)) for c, r in places])


def test_the_lattice_is_clean() -> None:
    assert found_in(district(), tolerances=Tolerances()) == []


def test_a_gap_between_quarters() -> None:
    faulty = redrawn(district(), "C11", box(9, 1, 9.5, 2))
    [gap] = found_in(faulty)
    assert told([gap]) == [("gap", "error", ("C", "C10", "C11", "C12", "C20", "C21", "C22"))]
    assert gap.area_m2 == pytest.approx(box_m2(x(9.5), y(1), x(10), y(2)), abs=M2_ABS)
    assert gap.area_m2 == pytest.approx(527_000, rel=0.01)
    assert shapely.contains_xy(gap.geometry, gap.lon, gap.lat)
    assert gap.width_m == pytest.approx(475.6, abs=1)
    assert shapely.equals(gap.geometry, box(9.5, 1, 10, 2))


def test_a_narrow_gap_between_quarters() -> None:
    faulty = redrawn(district(), "C11", box(9, 1, 9.99999, 2))
    [gap] = found_in(faulty)
    assert told([gap]) == [("narrow_gap", "error", ("C", "C10", "C11", "C12", "C20", "C21", "C22"))]
    assert gap.width_m == pytest.approx(0.00001 * 0.01 * 95_200, rel=0.01)
    assert gap.area_m2 == pytest.approx(box_m2(x(9.99999), y(1), x(10), y(2)), abs=M2_ABS)


def test_a_gap_between_towns_of_a_district_is_told_once_at_each_level() -> None:
    rows = without(district(), lambda row: row.level not in {"district", "town"})
    [gap] = found_in(redrawn(rows, "B", box(4.5, 0, 8, 4)))
    assert told([gap]) == [("gap", "error", ("D", "A", "B"))]
    assert gap.area_m2 == pytest.approx(box_m2(x(4), y(0), x(4.5), y(4)), abs=M2_ABS)


def test_an_overlap_of_quarters() -> None:
    faulty = redrawn(district(), "C11", box(9, 1, 10.25, 2))
    [overlap] = found_in(faulty)
    assert told([overlap]) == [("overlap", "error", ("C11", "C21"))]
    assert overlap.area_m2 == pytest.approx(box_m2(x(10), y(1), x(10.25), y(2)), abs=M2_ABS)
    assert overlap.width_m == pytest.approx(237.8, abs=1)


def test_two_areas_on_one_place_overlap_whole() -> None:
    rows = district()
    twin = dataclasses.replace(rows["C11"], code="C99")
    [overlap] = found_in(rows | {"C99": twin})
    assert told([overlap]) == [("overlap", "error", ("C11", "C99"))]
    assert overlap.area_m2 == pytest.approx(box_m2(x(9), y(1), x(10), y(2)), abs=M2_ABS)


def test_a_unit_and_a_sector_may_not_share_land() -> None:
    rows = district()
    sector = Row("sector", "A-S", ("town", "A"), box(0, 0, 1, 1))
    findings = found_in(rows | {"A-S": sector})
    assert ("overlap", "error", ("A-S", "A-U")) in told(findings)
    assert ("quarter_in_two", "error", ("A00", "A-S", "A-U")) in told(findings)
    # The town has a sector now, so all its quarters outside the unit and the sector must be in one.
    lost = {f.codes[0] for f in findings if f.type == "quarter_without_middle"}
    assert lost == {f"A{c}{r}" for c in range(4) for r in range(4) if c > 1 or r > 1}


@pytest.mark.parametrize("parent", [None, ("town", "Z"), ("district", "D")])
def test_an_orphan(parent: tuple[str, str] | None) -> None:
    [orphan, *others] = found_in(moved_to(district(), "C11", parent))
    assert told([orphan]) == [("orphan", "error", ("C11",))]
    assert others == []


def test_a_ring_of_parents_is_no_endless_walk() -> None:
    rows = moved_to(district(), "C11", ("residential_quarter", "C12"))
    assert told(found_in(moved_to(rows, "C12", ("residential_quarter", "C11")))) == [
        ("orphan", "error", ("C11",)),
        ("orphan", "error", ("C12",)),
    ]


def test_a_quarter_outside_its_town() -> None:
    [outside] = found_in(redrawn(district(), "C33", box(11, 3, 12, 4.5)))
    assert told([outside]) == [("outside_parent", "error", ("C33", "C"))]
    assert outside.area_m2 == pytest.approx(box_m2(x(11), y(4), x(12), y(4.5)), abs=M2_ABS)


def test_a_unit_outside_its_town() -> None:
    findings = found_in(redrawn(district(), "A-U", box(-0.5, 0, 2, 2)))
    assert told(findings) == [("outside_parent", "error", ("A-U", "A"))]
    assert findings[0].area_m2 == pytest.approx(box_m2(x(-0.5), y(0), x(0), y(2)), abs=M2_ABS)


def test_a_quarter_in_two_towns_leaves_no_gap_where_it_went() -> None:
    rows = redrawn(district(), "C00", box(7.5, 0, 9, 1))
    rows = redrawn(rows, "B30", box(7, 0, 7.5, 1))
    [both] = found_in(rows)
    assert told([both]) == [("in_two_parents", "error", ("C00", "C", "B"))]
    assert both.area_m2 == pytest.approx(box_m2(x(7.5), y(0), x(8), y(1)), abs=M2_ABS)


def test_a_cell_in_two_quarters() -> None:
    rows = redrawn(district(), "A11-1", box(1.5, 1, 2.25, 1.5))
    [both] = found_in(rows)
    assert told([both]) == [("in_two_parents", "error", ("A11-1", "A11", "A21"))]


def test_a_ring_with_a_spike_is_invalid_and_nothing_else() -> None:
    spike = ring((9, 1), (10, 1), (10, 2), (9, 2), (9, 3), (9, 2))
    [invalid] = found_in(redrawn(district(), "C11", spike))
    assert told([invalid]) == [("invalid_ring", "error", ("C11",))]
    assert "elf-intersection" in str(invalid.details["reason"])


def test_a_bow_tie_is_invalid_and_what_it_lacks_is_a_gap() -> None:
    bow_tie = ring((9, 1), (10, 2), (10, 1), (9, 2))
    findings = found_in(redrawn(district(), "C11", bow_tie))
    assert [f.type.value for f in findings] == ["gap", "gap", "invalid_ring"]
    missing = sum(f.area_m2 for f in findings if f.type == "gap")
    assert missing == pytest.approx(box_m2(x(9), y(1), x(10), y(2)) / 2, rel=1e-4)


@pytest.mark.parametrize("empty", [None, shapely.MultiPolygon()])
def test_an_area_without_a_surface_is_told(empty: shapely.Geometry | None) -> None:
    findings = found_in(redrawn(district(), "C11", empty))
    assert ("invalid_ring", "error", ("C11",)) in told(findings)
    assert [f["geometry"] for f in findings_geojson(findings)["features"]].count(None) == 1


def test_a_unit_in_two_pieces_is_an_error() -> None:
    rows = redrawn(district(), "A-U", shapely.MultiPolygon([box(0, 0, 1, 2), box(2, 0, 3, 2)]))
    for row in range(2):
        rows = moved_to(moved_to(rows, f"A1{row}", ("town", "A")), f"A2{row}", ("basic_management_unit", "A-U"))
    [pieces] = found_in(rows)
    assert told([pieces]) == [("multi_part", "error", ("A-U",))]
    assert pieces.area_m2 == pytest.approx(box_m2(x(0), y(0), x(1), y(2)), abs=M2_ABS)


def test_pieces_that_meet_in_a_point_only_are_not_contiguous() -> None:
    rows = redrawn(district(), "A-U", shapely.MultiPolygon([box(0, 0, 1, 1), box(1, 1, 2, 2)]))
    rows = moved_to(moved_to(rows, "A10", ("town", "A")), "A01", ("town", "A"))
    assert told(found_in(rows)) == [("multi_part", "error", ("A-U",))]


def test_a_quarter_in_two_pieces_is_a_warning_and_a_sector_may_be() -> None:
    rows = district()
    assert shapely.get_num_geometries(rows["B-S1"].geometry) == 2
    rows = redrawn(rows, "C11", shapely.MultiPolygon([box(9, 1, 10, 2), box(11, 3, 12, 4)]))
    assert told(found_in(without(rows, lambda row: row.code == "C33"))) == [("multi_part", "warning", ("C11",))]


def test_a_quarter_in_no_sector() -> None:
    rows = moved_to(district(), "B33", ("town", "B"))
    [lost] = found_in(redrawn(rows, "B-S1", box(4, 0, 6, 4)))
    assert told([lost]) == [("quarter_without_middle", "error", ("B33", "B"))]
    assert lost.area_m2 == pytest.approx(box_m2(x(7), y(3), x(8), y(4)), abs=M2_ABS)


def test_a_quarter_cut_by_the_border_of_a_unit() -> None:
    [cut] = found_in(redrawn(district(), "A-U", shapely.union(box(0, 0, 2, 2), box(2, 0, 2.25, 1))))
    assert told([cut]) == [("quarter_in_two", "error", ("A20", "A-U"))]
    assert cut.area_m2 == pytest.approx(box_m2(x(2), y(0), x(2.25), y(1)), abs=M2_ABS)


def test_a_quarter_told_direct_that_lies_in_a_unit() -> None:
    assert told(found_in(moved_to(district(), "A00", ("town", "A")))) == [("quarter_in_two", "error", ("A00", "A-U"))]


def test_a_quarter_told_in_a_sector_where_it_does_not_lie() -> None:
    assert told(found_in(moved_to(district(), "B20", ("sector", "B-S1")))) == [
        ("outside_parent", "error", ("B20", "B-S1", "B-S2"))
    ]


def towns_alone(gone: str = "") -> dict[str, Row]:
    """Return nine towns of one quarter's size in three columns, without a district."""
    towns = [Row("town", f"T{c}{r}", None, box(c, r, c + 1, r + 1)) for c in range(3) for r in range(3)]
    return {town.code: town for town in towns if town.code != gone}


def test_a_missing_town_among_towns_alone() -> None:
    [missing] = found_in(towns_alone("T11"))
    assert told([missing]) == [("missing_neighbour", "warning", tuple(sorted(set(towns_alone("T11")) - {"T11"})))]
    assert missing.area_m2 == pytest.approx(box_m2(x(1), y(1), x(2), y(2)), abs=M2_ABS)


def test_a_missing_town_of_a_district() -> None:
    rows = without(district(), lambda row: row.level not in {"district", "town"} or row.code == "B")
    assert told(found_in(rows)) == [("missing_neighbour", "warning", ("D", "A", "C"))]


def test_a_missing_quarter_is_a_gap() -> None:
    assert told(found_in(without(district(), lambda row: row.code == "C11"))) == [
        ("gap", "error", ("C", "C00", "C01", "C02", "C10", "C12", "C20", "C21", "C22"))
    ]


def test_a_hole_smaller_than_a_town() -> None:
    [gap] = found_in(redrawn(towns_alone(), "T11", box(1, 1, 1.5, 2)))
    assert told([gap]) == [("gap", "error", ("T10", "T11", "T12", "T20", "T21", "T22"))]


def test_a_strip_between_two_towns_that_is_open_at_both_ends() -> None:
    # 1e-5 of a column is 1e-7°, about 9.5 mm; the strip is a row long, 1.1 km.
    strip = {
        "W": Row("town", "W", None, box(0, 0, 1, 1)),
        "E": Row("town", "E", None, box(1.00001, 0, 2, 1)),
    }
    [gap] = found_in(strip)
    assert told([gap]) == [("narrow_gap", "error", ("E", "W"))]
    assert gap.area_m2 == pytest.approx(box_m2(x(1), y(0), x(1.00001), y(1)), rel=1e-3)
    assert gap.area_m2 == pytest.approx(10.55, abs=0.05)
    assert gap.width_m == pytest.approx(0.00952, rel=0.01)


def test_a_strip_with_a_bend_is_one() -> None:
    west = ring((0, 0), (1, 0), (1.2, 1), (1, 2), (0, 2))
    east = ring((1.001, 0), (2, 0), (2, 2), (1.001, 2), (1.201, 1))
    [gap] = found_in({"W": Row("town", "W", None, west), "E": Row("town", "E", None, east)})
    assert gap.type == "narrow_gap"
    whole = box_m2(x(1), y(0), x(1.001), y(2))
    assert gap.area_m2 == pytest.approx(whole, rel=2e-3)


def test_borders_that_part_at_an_angle_are_no_gap() -> None:
    west = ring((0, 0), (1, 0), (1, 1), (0.8, 2), (0, 2))
    east = ring((1, 0), (2, 0), (2, 2), (1.2, 2), (1, 1))
    assert found_in({"W": Row("town", "W", None, west), "E": Row("town", "E", None, east)}) == []


def test_a_slit_in_an_outer_border_is_pointed_out() -> None:
    notched = ring((0, 0), (2, 0), (2, 0.99999), (1, 1), (2, 1.00001), (2, 2), (0, 2))
    [slit] = found_in({"W": Row("town", "W", None, notched)})
    assert told([slit]) == [("narrow_gap", "warning", ("W",))]
    assert slit.area_m2 == pytest.approx(box_m2(x(1), y(0.99999), x(2), y(1.00001)) / 2, rel=1e-2)
    blunt = ring((0, 0), (2, 0), (2, 0.9), (1, 1), (2, 1.1), (2, 2), (0, 2))
    assert found_in({"W": Row("town", "W", None, blunt)}) == []


def test_a_border_that_lacks_a_vertex_opens_on_a_plane() -> None:
    south = ring((0, 0), (4, 0), (4, 1), (0, 1))
    north = ring((0, 1), (2, 1), (4, 1), (4, 2), (0, 2))
    towns = {"S": Row("town", "S", None, south), "N": Row("town", "N", None, north)}
    [edge] = found_in(towns, tolerances=Tolerances())
    assert told([edge]) == [("unmatched_edge", "warning", ("N", "S"))]
    to_plane = Transformer.from_crs(4326, 4549, always_xy=True)
    (x0, y0), (x1, y1), (x2, y2) = (to_plane.transform(x(c), y(1)) for c in (0, 2, 4))
    triangle = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2
    assert edge.area_m2 == pytest.approx(triangle, rel=1e-6)
    # Sagitta of a parallel over L = 3.8 km at 31.31° N: L² tan φ / 8R = 0.17 m, half of L times it 330 m².
    assert edge.area_m2 == pytest.approx(330, rel=0.02)


@pytest.mark.parametrize(
    ("columns", "severity"),
    [(4e-10, None), (2e-9, "warning"), (9.4e-6, "warning"), (9.6e-6, "error")],
)
def test_where_findings_and_errors_begin(columns: float, severity: str | None) -> None:
    # A strip 1.1 km long and so many columns (of 952 m) wide: 0.0004, 0.002, 9.9 and 10.1 m².
    west, south, east, north = x(10), y(1), x(10) + columns * 0.01, y(2)
    wide = shapely.Polygon([(x(9), south), (east, south), (east, north), (x(9), north)])
    findings = found_in(redrawn(district(), "C11", wide))
    assert [f.severity.value for f in findings] == ([severity] if severity else [])
    for overlap in findings:
        assert overlap.area_m2 == pytest.approx(box_m2(west, south, east, north), abs=M2_ABS)


def test_tolerances_are_given() -> None:
    rows = redrawn(district(), "C11", box(9, 1, 10.25, 2))
    assert found_in(rows, tolerances=Tolerances(least_m2=1e6)) == []
    assert told(found_in(rows, tolerances=Tolerances(error_from_m2=1e6))) == [("overlap", "warning", ("C11", "C21"))]


def test_only_what_changed_is_looked_at() -> None:
    rows = redrawn(district(), "C11", box(9, 1, 10.25, 2))
    rows = redrawn(rows, "A33", box(3, 3, 3.5, 4))
    gap = ("gap", "error", ("A", "A23", "A32", "A33", "B03"))[:2]
    assert [t[:2] for t in told(found_in(rows))] == [gap, ("overlap", "error")]
    assert told(found_in(rows, {"C11"})) == [("overlap", "error", ("C11", "C21"))]
    assert [t[:2] for t in told(found_in(rows, {"A33"}))] == [gap]
    assert found_in(rows, {"A00", "B11", "C00"}) == []


@pytest.mark.parametrize("code", ["C11", "C", "D"])
def test_a_gap_is_found_from_the_area_its_parent_and_the_parent_of_that(code: str) -> None:
    rows = redrawn(district(), "C11", box(9, 1, 9.5, 2))
    expected = [] if code == "D" else ["gap"]
    assert [f.type.value for f in found_in(rows, {code})] == expected


def test_a_level_without_a_rule_is_refused() -> None:
    with pytest.raises(InputError) as refusal:
        found_in({"V": Row("village", "V", None, box(0, 0, 1, 1))})
    assert refusal.value.code == "level_without_rule"


def test_no_areas_no_findings() -> None:
    assert len(arrays([])) == 0
    assert found_in({}) == []


def test_findings_as_geojson_and_in_words() -> None:
    collection = findings_geojson(found_in(redrawn(district(), "C11", box(9, 1, 10.25, 2))), "en")
    [feature] = collection["features"]
    assert feature["geometry"]["type"] == "MultiPolygon"
    assert feature["properties"]["type"] == "overlap"
    assert feature["properties"]["text"] == "C11, C21: overlap by 263,851 m²"
    assert describe("overlap", ["a", "b"], 0.008646, "zh") == "a, b：重叠 0.009 m²"
    assert describe("overlap", ["a", "b"], 13.699, "en") == "a, b: overlap by 13.7 m²"
