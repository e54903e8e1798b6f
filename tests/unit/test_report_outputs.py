import io
import json
import re

import openpyxl
import pytest
import shapely

from gridmgmt.coverage.document import AgeGap, CoverageDocument, Gap, Note
from gridmgmt.editions.rules import Counting
from gridmgmt.errors import CrsError
from gridmgmt.reports.coverage_geojson import coverage_geojson, rfc7946
from gridmgmt.reports.coverage_html import coverage_html, key_figures
from gridmgmt.reports.coverage_tables import gap_text, gaps_table
from gridmgmt.reports.coverage_xlsx import coverage_xlsx
from gridmgmt.reports.formatting import count_text, minutes_text, note_text, ratio_text
from gridmgmt.reports.public import public_form
from gridmgmt.reports.tables import cell_text
from tests.support.coverage_example import Example, make_example


@pytest.fixture(scope="module")
def example() -> Example:
    return make_example()


def with_totals(document: CoverageDocument, **changes: object) -> CoverageDocument:
    return document.model_copy(update={"totals": document.totals.model_copy(update=changes)})


def sixteen_digits(number: float | None) -> object:
    """What a workbook keeps of a number."""
    return pytest.approx(number, rel=1e-15)


def test_ratios_are_all_or_nothing_only_when_they_are() -> None:
    assert [ratio_text(r) for r in (0.0, 0.0004, 0.0005, 0.5, 0.9994, 0.9995, 1.0)] == [
        "0 %", "< 0.1 %", "0.1 %", "50.0 %", "99.9 %", "> 99.9 %", "100 %",
    ]  # fmt: skip


def test_counts_are_whole_but_modelled_small_ones_keep_a_decimal() -> None:
    assert count_text(1_942_653.4) == "1,942,653"
    assert count_text(99.94, modelled=True) == "99.9"
    assert count_text(100.4, modelled=True) == "100"
    assert minutes_text(750.0) == "12.5"


def test_key_figures_by_hand(example: Example) -> None:
    parts = {"residents": 100.0, "covered": 75.0, "uncovered": 20.0, "not_connectable": 4.0, "outside": 1.0}
    everything, reached, missed = key_figures(with_totals(example.document, ratio=0.75, **parts), "en")
    assert (everything.value, reached.value, reached.detail) == ("100", "75.0 %", "75 of 100")
    assert missed.value == "25"
    assert missed.detail == "not covered 20 · not connectable 4 · outside the network 1"


def test_key_figures_say_what_is_withheld(example: Example) -> None:
    document = with_totals(example.document, covered=None, ratio=None, suppressed=("covered",))
    assert [figure.value for figure in key_figures(document, "en")][1:] == ["*", "*"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_tells_all_and_needs_nothing_from_outside(example: Example, lang: str) -> None:
    page = coverage_html(example.document, lang)  # type: ignore[arg-type]  # parametrize gives plain texts
    assert not re.search(r"(?i)(src|href|url)\s*[=(]|https?://|<script", page)
    assert "合成示例数据 / synthetic data" in page
    body = page[page.index("<body>") :]
    assert body.index('id="notes"') < body.index('id="figures"') < body.index('id="bands"') < body.index('id="inputs"')
    for level in example.document.levels:
        rows = body[body.index(f'id="{level.level}"') :].split("</table>")[0].count("<tr>")
        assert rows == 1 + len(level.areas) + 1 + (level.remainder is not None)
    for note in example.document.notes:
        assert note_text(note, lang) in body  # type: ignore[arg-type]  # see above


def test_page_escapes_names(example: Example) -> None:
    town = example.document.levels[1]
    area = town.areas[0].model_copy(update={"name": "<script>alert(1)</script>"})
    levels = (example.document.levels[0], town.model_copy(update={"areas": (area, *town.areas[1:])}))
    page = coverage_html(example.document.model_copy(update={"levels": levels}))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_report_of_places_says_so_first(example: Example) -> None:
    note = Note(code="places_only", fields={"places": 247})
    places = example.document.model_copy(
        update={"counts": "places", "counting": Counting.PLACES_ONLY, "notes": (note,)}
    )
    page = coverage_html(places, "en")
    assert "counts places (247 of them), not people" in page[: page.index('id="figures"')]
    assert key_figures(places, "en")[0].label == "Places"
    assert "Residents aged 60" not in page


def test_no_point_connectable_is_told_by_the_type_s_name() -> None:
    note = Note(code="no_point_connectable", fields={"type": "community_canteen", "total": 1234})
    assert note_text(note, "zh") == "社区食堂：1,234 个点中没有一个能接入步行路网。"
    assert note_text(note, "en") == "Community canteen: none of the 1,234 points joins the walk network."


def test_public_page_shows_signs_and_their_meaning(example: Example) -> None:
    page = coverage_html(public_form(example.document, 10), "en")
    assert '<td class="count">*</td>' in page
    assert "counts above 0 and below 10" in page
    assert 'id="uncovered_places"' not in page
    assert 'id="age_bands"' not in page


def test_workbook_has_equal_bytes_on_each_run(example: Example) -> None:
    assert coverage_xlsx(example.document, "zh") == coverage_xlsx(example.document, "zh")


def test_workbook_holds_unrounded_numbers_and_texts_as_texts(example: Example) -> None:
    book = openpyxl.load_workbook(io.BytesIO(coverage_xlsx(example.document, "en")))
    assert book.sheetnames == [
        "Summary", "By age", "District", "Town or subdistrict", "Residential quarter",
        "By speed and trip", "Gaps", "Who walks to which point", "From areas to points",
        "Places not covered", "Service points", "Inputs",
    ]  # fmt: skip
    rows = list(book["Residential quarter"].iter_rows(min_row=2, values_only=True))
    for row, area in zip(rows, example.document.levels[2].areas, strict=False):
        assert row[:2] == (area.code, area.name)
        assert row[2:4] == (pytest.approx(4.2), sixteen_digits(area.figures.residents))
        assert row[5] == sixteen_digits(area.figures.ratio)
    assert rows[-1][3] == sixteen_digits(example.document.totals.residents)
    name = book["Service points"]["B3"]
    assert (name.value, name.data_type) == ("=二号点", "s")
    assert len(list(book["Places not covered"].iter_rows(min_row=2))) == len(
        example.document.uncovered_places.listed if example.document.uncovered_places else ()
    )


def test_public_workbook_has_no_places_and_shows_signs(example: Example) -> None:
    book = openpyxl.load_workbook(io.BytesIO(coverage_xlsx(public_form(example.document, 10), "en")))
    assert "Places not covered" not in book.sheetnames
    assert "By age" not in book.sheetnames
    cells = [cell for row in book["Residential quarter"].iter_rows(values_only=True) for cell in row]
    assert "*" in cells


def test_geojson_has_every_area_and_every_listed_place(example: Example) -> None:
    collection = json.loads(coverage_geojson(example.document, example.areas))
    assert "crs" not in collection
    assert collection["provenance"]["result_sha256"]
    areas = [f for f in collection["features"] if f["properties"]["feature"] == "area"]
    places = [f for f in collection["features"] if f["properties"]["feature"] == "uncovered_place"]
    assert len(areas) == 1 + 3 + 12
    assert example.document.uncovered_places is not None
    assert len(places) == len(example.document.uncovered_places.listed)
    town = next(f for f in areas if f["properties"]["code"] == "310113002")
    figures = example.document.levels[1].areas[1].figures
    assert town["properties"]["covered_600_s"] == figures.bands[1].covered
    assert shapely.from_geojson(json.dumps(town["geometry"])).equals_exact(
        example.areas.geometry[2], 1e-7, normalize=True
    )


def test_geojson_draws_flows_as_straight_lines(example: Example) -> None:
    collection = json.loads(coverage_geojson(example.document, example.areas))
    lines = [f for f in collection["features"] if f["properties"]["feature"] == "flow"]
    assert example.document.flows is not None
    flow = example.document.flows.areas[0]
    assert len(lines) == len(example.document.flows.areas)
    assert lines[0]["geometry"]["type"] == "LineString"
    assert lines[0]["geometry"]["coordinates"][1] == pytest.approx(flow.end)
    assert lines[0]["properties"] == {
        "feature": "flow", "level": "residential_quarter", "area_code": flow.area_code,
        "point_code": flow.point_code, "residents": flow.residents, "mean_s": flow.mean_s,
    }  # fmt: skip


def test_the_page_tells_gaps_in_words_and_compares_speeds(example: Example) -> None:
    page = coverage_html(example.document, "en")
    gaps = example.document.gaps
    assert gaps is not None
    line = gap_text(example.document, gaps.listed[0], gaps.listed[0], "en")
    assert f"<li>{line}</li>" in page
    assert 'id="sensitivity"' in page
    assert page.count("One way, to the point") >= 3


def test_a_gap_is_told_with_its_gate_or_with_no_way(example: Example) -> None:
    way = {"nearest_s": 1620.0, "nearest_point_code": "P1", "nearest_point_name": "一号点", "gate": "the west gate"}
    eldest = AgeGap(band="80_plus", residents=238.0, **way)
    fields = {"level": "residential_quarter", "code": "1", "name": "芳草路", "parent_code": None, "places": 9}
    gap = Gap(**fields, residents=300.0, age_bands=(eldest,), **dict.fromkeys(way))
    assert gap_text(example.document, gap, eldest, "en") == (
        "芳草路: 238 residents aged 80 and over have no point within 20 minutes; "
        "the nearest have 27 min via the west gate to 一号点"
    )
    assert gap_text(example.document, gap, gap, "zh") == (
        "芳草路：20 分钟内没有服务点的60岁及以上老人有 300 人；没有可走的路"
    )


def test_a_walk_just_beyond_the_limit_is_not_told_as_the_limit(example: Example) -> None:
    fields = {"level": "residential_quarter", "code": "1", "name": "芳草路", "parent_code": None, "places": 9}
    way = {"nearest_s": 1200.01, "nearest_point_code": "P1", "nearest_point_name": "一号点", "gate": None}
    gap = Gap(**fields, residents=300.0, age_bands=(), **way)
    assert gap_text(example.document, gap, gap, "en").endswith("the nearest have 20.1 min to 一号点")
    table = gaps_table(example.document, [gap], "en")
    assert cell_text(table.columns[4].kind, table.rows[0][4], modelled=False) == "20.1"


def test_public_geojson_has_no_points(example: Example) -> None:
    collection = json.loads(coverage_geojson(public_form(example.document, 10), example.areas))
    assert {f["geometry"]["type"] for f in collection["features"]} == {"Polygon"}


def test_area_without_geometry_keeps_its_feature(example: Example) -> None:
    collection = json.loads(coverage_geojson(example.document, example.areas[example.areas["level"] != "town"]))
    nowhere = [f["properties"]["level"] for f in collection["features"] if f["geometry"] is None]
    assert nowhere == ["town"] * 3


def test_rings_turn_as_the_standard_says() -> None:
    clockwise = shapely.Polygon([(0, 0), (0, 3), (3, 3), (3, 0)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    outer, inner = rfc7946(clockwise)["coordinates"]
    assert shapely.LinearRing(outer).is_ccw
    assert not shapely.LinearRing(inner).is_ccw


def test_geometries_in_metres_are_refused(example: Example) -> None:
    with pytest.raises(CrsError, match="4326"):
        coverage_geojson(example.document, example.areas.to_crs(4549))
