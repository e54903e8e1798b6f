"""Files as offices keep them: titles and merged headers, blank rows, full-width digits, several sheets, old systems."""

import codecs
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

from gridmgmt.errors import CrsError, FileRefusedError, InputError
from gridmgmt.ingest.areas import read_areas
from gridmgmt.ingest.population_by_area import read_population_by_area
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import dates, moments, quantities, text_of, texts
from gridmgmt.uploads.contents import columns_of

Sheet = Sequence[Sequence[object]]
HEADER = ("编号", "名称", "经度", "纬度", "容量")
POINTS: Sheet = (
    HEADER,
    ("SP1", "顾村为老服务点", 121.39, 31.35, "１２０"),
    ("SP2", "菊泉服务点", 121.38, 31.36, "1,200"),
)


def _book(path: Path, hidden: str = "", merged: Sequence[str] = (), **sheets: Sheet) -> Path:
    book = openpyxl.Workbook()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name == hidden else "visible"
        for row in rows:
            sheet.append(list(row))
        for span in merged:
            sheet.merge_cells(span)
    book.remove(book.worksheets[0])
    book.save(path)
    return path


def _texts(*cells: object) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return texts(np.array(cells, dtype=object))


def test_titles_above_and_blank_rows_below_a_table_are_passed_over(tmp_path: Path) -> None:
    titles: Sheet = (("宝山区为老服务设施一览表",), ("制表单位：民政局",))
    path = _book(tmp_path / "p.xlsx", merged=["A1:E1"], 设施=(*titles, *POINTS, (), ("", "  ", None, "", "")))
    intake = read_service_points(path, type_="elderly_service_point").whole()
    assert intake.frame["row"].tolist() == [4, 5]
    assert intake.frame["capacity"].tolist() == [120, 1200]
    csv = tmp_path / "p.csv"
    csv.write_text("一览表,,\n编号,名称,说明\n1,甲,\n,,\n , ,\n2,乙,x\n,,\n", encoding="utf-8")
    assert read_table(csv).row.tolist() == [3, 6]
    short = tmp_path / "s.csv"
    short.write_text("code\na\nb\n", encoding="utf-8")
    assert read_table(short).columns["code"].tolist() == ["a", "b"]


def test_a_merged_header_of_two_lines_names_each_column(tmp_path: Path) -> None:
    """Read by its upper line alone, the first age band would pass for all residents of 60 and over."""
    rows: Sheet = (
        ("2025 年末分年龄人口", None, None, None, None, None, None),
        ("街镇", "区划代码", "60岁及以上", None, None, None, None),
        (None, None, "60-64", "65-69", "70-74", "75-79", "80岁以上"),
        ("顾村镇", "310113109", "１，０００", "2,000", 300, "400 ", 50.5),
    )
    path = _book(tmp_path / "p.xlsx", merged=["A1:G1", "C2:G2", "A2:A3", "B2:B3"], 人口=rows)
    found = read_population_by_area(path)
    assert (found.row.tolist(), found.code.tolist(), found.problems) == ([4], ["310113109"], ())
    assert [float(values[0]) for values in found.residents.values()] == [1000, 2000, 300, 400, 50.5, 3750.5]


def test_one_sheet_with_a_table_is_taken_and_of_several_one_must_be_named(tmp_path: Path) -> None:
    notes: Sheet = (("本表由民政局填报",), ("请勿修改",))
    one = _book(tmp_path / "one.xlsx", hidden="代码", 说明=notes, 数据=POINTS, 代码=(("a", "b"), ("1", "2")))
    assert read_table(one).row.tolist() == [2, 3]
    two = _book(tmp_path / "two.xlsx", 顾村=POINTS[:2], 大场=(POINTS[0], POINTS[2]))
    with pytest.raises(FileRefusedError, match="顾村, 大场") as refusal:
        read_table(two)
    assert refusal.value.code == "file_sheets_several"
    taken = read_service_points(two, type_="meal_point", layer="大场")
    assert taken.frame["code"].tolist() == ["SP2"]
    with pytest.raises(InputError, match="顾村, 大场"):
        read_table(two, layer="罗店")


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_unicode_text_of_a_spreadsheet_is_read(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "t.txt"
    encoding = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    path.write_bytes(mark + "编号\t名称\r\n1\t顾村\r\n".encode(encoding))
    assert read_table(path).columns["名称"].tolist() == ["顾村"]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileRefusedError, match="UTF-16"):
        read_table(path)


def test_cells_say_the_same_in_full_width_and_with_what_nobody_sees() -> None:
    assert [text_of(cell) for cell in ("３１０１１３", "顾村\u200b", "\ufeff 12", '="0012"', "１号楼", "=A1")] == [
        "310113", "顾村", "12", "0012", "１号楼", "=A1",
    ]  # fmt: skip
    found, malformed = dates(_texts("２０２６年３月１日", "２０２６/３/１", "46082"))
    assert found.tolist() == [date(2026, 3, 1), date(2026, 3, 1), None]
    assert malformed.tolist() == [False, False, True]


def test_thousands_are_parted_by_commas_where_no_comma_can_be_a_decimal_one() -> None:
    found, malformed = quantities(_texts("1,200", "12,345,678.5", "７，０００", 5, None, "x"))
    assert found[:4].tolist() == [1200, 12345678.5, 7000, 5]
    assert malformed.tolist() == [False] * 5 + [True]
    for doubtful in ("0,500", "12,34", "1,2345"):
        _, malformed = quantities(_texts("1,200", doubtful))
        assert malformed.tolist() == [True, True]


def test_times_that_begin_with_the_year_are_read_beside_each_other() -> None:
    cells = _texts(
        "2026年3月1日 8时5分", "2026/3/1 08:05", "2026-3-1 8:5:0", "2026.3.1 8:05", "2026-03-01T08:05:00+08:00",
        "2026年3月1日", "03/01/2026 08:05", "2026/13/1 08:05", "2026/3/1 下午 8:05",
    )  # fmt: skip
    found, malformed = moments(cells, ZoneInfo("Asia/Shanghai"))
    assert [each.isoformat() for each in found[:5]] == ["2026-03-01T00:05:00+00:00"] * 5
    assert found[5].isoformat() == "2026-02-28T16:00:00+00:00"
    assert malformed.tolist() == [False] * 6 + [True] * 3


def test_a_system_without_a_published_way_to_wgs84_is_refused(tmp_path: Path) -> None:
    """Xi'an 1980 taken for CGCS2000 would lie a hundred metres off, and nothing would show it."""
    square = gpd.GeoDataFrame({"code": ["1"], "name": ["a"]}, geometry=[shapely.box(121.4, 31.3, 121.41, 31.31)])
    square.set_crs(4490).to_crs(4549).to_file(tmp_path / "new.gpkg")
    corner = shapely.get_coordinates(read_areas(tmp_path / "new.gpkg").whole().frame.geometry).min(axis=0)
    assert corner.tolist() == pytest.approx([121.4, 31.3], abs=1e-9)
    square.set_crs(4610).to_crs(2385).to_file(tmp_path / "old.gpkg")
    with pytest.raises(CrsError, match="Xian 1980") as refusal:
        read_areas(tmp_path / "old.gpkg")
    assert refusal.value.code == "crs_without_parameters"


def test_a_shapefile_whose_cpg_is_wrong_is_read_with_the_encoding_that_is_named(tmp_path: Path) -> None:
    square = gpd.GeoDataFrame(
        {"区划代码": ["1"], "名称": ["顾村镇"]}, geometry=[shapely.box(121.4, 31.3, 121.41, 31.31)]
    )
    square.set_crs(4326).to_file(tmp_path / "t.shp", encoding="gbk")
    (tmp_path / "t.cpg").write_text("UTF-8", encoding="ascii")
    with pytest.raises(FileRefusedError) as refusal:
        read_areas(tmp_path / "t.shp")
    assert refusal.value.code == "file_undecodable"
    assert read_areas(tmp_path / "t.shp", encoding="gbk").frame["name"].tolist() == ["顾村镇"]
    assert columns_of(tmp_path / "t.shp", encoding="gbk") == ["区划代码", "名称"]
