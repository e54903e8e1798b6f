"""Tables with known flaws: each is found, named by its line, and nothing else is lost."""

import csv
import gzip
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from gridmgmt.errors import FileRefusedError, InputError
from gridmgmt.ingest.cases import read_cases
from gridmgmt.ingest.intake import Intake, write_refused
from gridmgmt.ingest.population import read_population_points
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.ingest.tables import read_table
from gridmgmt.ingest.values import dates


def _write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def _found(intake: Intake) -> dict[int | None, str]:
    return {problem.row: problem.code for problem in intake.problems}


def _points(tmp_path: Path, *lines: str, header: str = "name,lon,lat,capacity") -> Intake:
    path = _write(tmp_path / "points.csv", "\n".join([header, *lines]))
    return read_service_points(path, type_="meal_point")


def test_line_numbers_count_quoted_newlines_and_blank_lines(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.csv", 'a,b\r\n1,"two\nlines"\r\n\r\n2,x\r\n')
    rows = read_table(path)
    assert rows.row.tolist() == [2, 5]
    assert rows.columns["b"].tolist() == ["two\nlines", "x"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_chinese_text_is_read_in_the_usual_encodings(tmp_path: Path, encoding: str) -> None:
    path = _write(tmp_path / "t.csv", "名称,经度,纬度\n顾村镇食堂,121.37,31.35\n", encoding)
    frame = read_service_points(path, type_="meal_point").frame
    assert frame["name"].tolist() == ["顾村镇食堂"]


def test_bytes_of_no_encoding_are_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"name,lon,lat\n\xff\xff\xff,1,2\n")
    with pytest.raises(FileRefusedError, match="--encoding") as refusal:
        read_table(path)
    assert (refusal.value.code, refusal.value.fields["line"]) == ("line_undecodable", 2)
    with pytest.raises(InputError) as unknown:
        read_table(path, encoding="no-such")
    assert unknown.value.code == "encoding_unknown"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"name,lon,lat\n", "file_empty"),
        (b'a,b\n1,"open\n', "table_malformed"),
        (b"a,a\n1,2\n", "columns_repeated"),
    ],
)
def test_files_without_usable_rows_are_refused(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefusedError) as refusal:
        read_table(path)
    assert refusal.value.code == code


def test_an_unclosed_quote_is_named_by_the_line_it_opens_on(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read_table(_write(tmp_path / "t.csv", 'a,b\n1,2\n3,"open\n4,5\n'))
    assert refusal.value.fields["line"] == 3


def test_absent_unknown_and_truncated_files(tmp_path: Path) -> None:
    with pytest.raises(InputError) as absent:
        read_table(tmp_path / "none.csv")
    assert absent.value.code == "file_not_found"
    with pytest.raises(InputError) as unknown:
        read_table(_write(tmp_path / "t.doc", "x"))
    assert unknown.value.code == "format_unknown"
    whole = gzip.compress(b"name,lon,lat\nx,1,2\n" * 50)
    (tmp_path / "t.csv.gz").write_bytes(whole[:-12])
    with pytest.raises(FileRefusedError) as truncated:
        read_table(tmp_path / "t.csv.gz")
    assert truncated.value.code == "archive_broken"


def test_ragged_rows_are_problems_of_their_own_line(tmp_path: Path) -> None:
    intake = _points(tmp_path, "a,121.4,31.3,5", "b,121.4,31.3", "c,121.4,31.3,5,6")
    assert _found(intake) == {3: "row_ragged", 4: "row_ragged"}
    assert (intake.read, len(intake.frame)) == (3, 1)


def test_absurd_numbers_are_refused_by_line(tmp_path: Path) -> None:
    intake = _points(
        tmp_path, "good,121.4,31.3,10", "zero,0,0,1", "text,x,31.3,1", "blank,,31.3,1", "far,500,31.3,1",
        "negative,121.4,31.3,-1", "part,121.4,31.3,1.5", "inf,inf,31.3,1", "nan,nan,31.3,1", ",121.4,31.3,1",
    )  # fmt: skip
    assert _found(intake) == {
        3: "coordinates_zero", 4: "number_malformed", 5: "value_missing", 6: "coordinates_out_of_range",
        7: "number_out_of_range", 8: "number_malformed", 9: "number_malformed", 10: "number_malformed",
        11: "value_missing",
    }  # fmt: skip
    assert intake.frame["row"].tolist() == [2]
    assert intake.frame["capacity"].tolist() == [10]
    assert intake.read == 10


def test_swapped_coordinates_are_called_swapped(tmp_path: Path) -> None:
    all_swapped = _points(tmp_path, "a,31.3,121.4,1", "b,31.2,121.5,1")
    assert set(_found(all_swapped).values()) == {"coordinates_swapped"}
    one_swapped = _points(tmp_path, "a,-71.06,42.35,1", "b,-71.07,42.36,1", "c,42.36,-71.06,1")
    assert _found(one_swapped) == {4: "coordinates_swapped"}
    assert "写反" in one_swapped.problems[0].message("zh")
    assert "swapped" in one_swapped.problems[0].message("en")


def test_swapped_coordinates_that_are_possible_need_the_extent(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.csv", "name,lon,lat\na,41.15,-8.61\nb,41.16,-8.62\n")
    boxed = read_service_points(path, type_="meal_point", extent=(-8.8, 41.0, -8.4, 41.3))
    assert set(_found(boxed).values()) == {"coordinates_swapped"}


def test_missing_columns_are_named_with_those_found(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.csv", "name,east,north\na,1,2\n")
    with pytest.raises(InputError, match="east") as refusal:
        read_service_points(path, type_="meal_point")
    assert refusal.value.code == "column_missing"
    named = read_service_points(path, type_="meal_point", columns={"lon": "east", "lat": "north"})
    assert len(named.frame) == 1
    with pytest.raises(InputError) as unknown:
        read_service_points(path, type_="meal_point", columns={"lon": "x", "lat": "north"})
    assert unknown.value.code == "column_unknown"


def test_a_column_named_gcj02_must_be_declared(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.csv", "name,lon_gcj02,lat_gcj02\na,121.4549,31.3307\n")
    with pytest.raises(InputError, match="gcj02") as refusal:
        read_service_points(path, type_="meal_point")
    assert refusal.value.code == "datum_contradicted"


def test_filters_count_apart_and_several_all_hold(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.csv", "name,type,lon,lat\na,医院;综合,121,31\nb,动物医疗,121,31\nc,医院;专科,121,31\n")
    intake = read_service_points(path, type_="medical", filters=["type!~动物医疗", "name!=c"])
    assert intake.frame["name"].tolist() == ["a"]
    assert (intake.read, intake.details["filtered_out"]) == (1, 2)
    with pytest.raises(InputError) as malformed:
        read_service_points(path, type_="medical", filters=["type"])
    assert malformed.value.code == "filter_malformed"


def test_types_and_statuses_are_held_to_the_allowed_ones(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "p.csv",
        "name,type,status,lon,lat\na,meal_point,规划,121,31\nb,pub,open,121,31\nc,meal_point,?,121,31\n",
    )
    intake = read_service_points(path, types=("meal_point",))
    assert _found(intake) == {3: "value_unknown", 4: "value_unknown"}
    assert intake.frame["status"].tolist() == ["planned"]


def test_derived_codes_are_stable_and_distinct(tmp_path: Path) -> None:
    lines = ("a,121.4,31.3,1", "a,121.4,31.3,1", "b,121.4,31.3,1")
    codes = _points(tmp_path, *lines).frame["code"].tolist()
    assert len(set(codes)) == 3
    assert codes[1] == f"{codes[0]}-2"
    assert _points(tmp_path, *lines).frame["code"].tolist() == codes


def test_given_codes_that_repeat_are_all_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.csv", "code,name,lon,lat\n1,a,121,31\n1,b,121,31\n2,c,121,31\n")
    intake = read_service_points(path, type_="meal_point")
    assert _found(intake) == {2: "code_repeated", 3: "code_repeated"}
    assert intake.problems[0].fields["rows"] == "3"


def test_xlsx_rows_carry_their_sheet_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for line in (["name", "lon", "lat", "capacity"], ["a", 121.4, 31.3, 12], [None] * 4, ["b", 121.4, "x", None]):
        book.active.append(line)
    book.save(tmp_path / "p.xlsx")
    intake = read_service_points(tmp_path / "p.xlsx", type_="meal_point")
    assert _found(intake) == {4: "number_malformed"}
    assert intake.frame["capacity"].tolist() == [12]
    (tmp_path / "bad.xlsx").write_bytes((tmp_path / "p.xlsx").read_bytes()[:-100])
    with pytest.raises(FileRefusedError) as refusal:
        read_table(tmp_path / "bad.xlsx")
    assert refusal.value.code == "archive_broken"


def test_residents_stay_decimals_and_sum_up(tmp_path: Path) -> None:
    header = "lon,lat,60_64,65_69,70_74,75_79,80_plus"
    path = _write(
        tmp_path / "p.csv",
        f"{header}\n121,31,0.348,0.309,0.157,0.085,0.091\n121,31,1,,1,1,1\n121,31,-1,0,0,0,0\n121,31,2e6,0,0,0,0\n",
    )
    intake = read_population_points(path)
    assert _found(intake) == {3: "value_missing", 4: "number_out_of_range", 5: "number_out_of_range"}
    assert intake.frame["residents_60_plus"].tolist() == [pytest.approx(0.99, abs=1e-12)]
    assert intake.frame["place_no"].tolist() == [2]


def test_residents_as_a_total_or_incomplete_bands(tmp_path: Path) -> None:
    total = read_population_points(_write(tmp_path / "t.csv", "lon,lat,60岁以上\n121,31,4.5\n"))
    assert total.frame["residents_60_plus"].tolist() == [4.5]
    assert total.frame["residents_60_64"].isna().all()
    with pytest.raises(InputError, match="80_plus") as refusal:
        read_population_points(_write(tmp_path / "b.csv", "lon,lat,60_64,65_69,70_74,75_79\n121,31,1,1,1,1\n"))
    assert refusal.value.code == "bands_incomplete"
    header = "lon,lat,60_64,65_69,70_74,75_79,80_plus,residents_60_plus"
    both = read_population_points(_write(tmp_path / "s.csv", f"{header}\n121,31,1,1,1,1,1,5\n121,31,1,1,1,1,1,6\n"))
    assert _found(both) == {3: "residents_sum"}


def test_cases_are_read_with_their_local_times(tmp_path: Path) -> None:
    header = "case_no,type,status,reported_at,closed_at,lon,lat"
    path = _write(
        tmp_path / "c.csv",
        f"{header}\n1,路灯,结案,2015-03-01 08:00:00,2015-03-01T09:30:00+08:00,121.4,31.3\n"
        "2,路灯,closed,2015-03-01 08:00:00,2015-03-01 07:00:00,121.4,31.3\n3,路灯,open,someday,,121.4,31.3\n"
        "4,路灯,lost,2015-03-01 08:00:00,,121.4,31.3\n"
        "5,路灯,closed,2015-03-01 08:00:00,2015-03-01 07:59:30,121.4,31.3\n"
        "6,路灯,open,2015-03-01 08:00:00,,121.4,31.3\n6,路灯,open,2015-03-01 08:00:00,,121.4,31.3\n",
    )
    intake = read_cases(path)
    assert _found(intake) == {
        3: "closed_before_reported", 4: "moment_malformed", 5: "value_unknown", 7: "value_repeated",
        8: "value_repeated",
    }  # fmt: skip
    first = intake.frame.iloc[0]
    assert (first["state"], first["kind"], first["source"]) == ("closed", "event", "other")
    assert intake.frame["flags"].tolist() == ["{}", '{"closed_before_reported"}', "{}"][: len(intake.frame)]
    assert first["reported_at"].isoformat() == "2015-03-01T00:00:00+00:00"
    assert first["closed_at"].isoformat() == "2015-03-01T01:30:00+00:00"


def test_refused_rows_are_written_with_reasons(tmp_path: Path) -> None:
    intake = _points(tmp_path, "a,121.4,31.3,5", "b,0,0,1")
    with pytest.raises(FileRefusedError) as refusal:
        intake.whole()
    assert refusal.value.problems == intake.problems
    assert intake.whole(partial=True) is intake
    write_refused(tmp_path / "refused.csv", intake.problems, "zh")
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream))[1][:2] == ["3", "coordinates_zero"]


def test_nothing_good_is_refused_even_in_part(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        _points(tmp_path, "b,0,0,1").whole(partial=True)
    assert refusal.value.code == "no_good_rows"


@pytest.mark.parametrize("encoding", ["undefined", "idna", "punycode", "utf-16", "zlib"])
def test_an_encoding_that_does_not_fit_is_refused(tmp_path: Path, encoding: str) -> None:
    path = _write(tmp_path / "t.csv", "名称,经度,纬度\n顾村镇食堂,121.37,31.35\n")
    with pytest.raises((FileRefusedError, InputError)) as refusal:
        read_table(path, encoding=encoding)
    assert refusal.value.code in {"line_undecodable", "file_undecodable", "encoding_unknown"}


def test_a_row_with_nul_is_refused(tmp_path: Path) -> None:
    rows = read_table(_write(tmp_path / "t.csv", "a,b\n1,x\0y\n2,z\n"))
    assert [(problem.row, problem.code) for problem in rows.problems] == [(2, "row_with_nul")]
    assert rows.columns["b"].tolist() == ["z"]


@pytest.mark.parametrize("moment", ["9999-12-31T00:00:00", "0001-01-01", "1677-09-21T00:00:00", "1600-01-01T00:00:00Z"])
def test_a_moment_that_is_none_is_refused(tmp_path: Path, moment: str) -> None:
    row = "1,litter,reported,{},121.4,31.3"
    path = _write(
        tmp_path / "t.csv",
        "\n".join(["case_no,type,status,reported_at,lon,lat", row.format("2026-01-01"), f"2{row.format(moment)[1:]}"]),
    )
    assert _found(read_cases(path)) == {3: "moment_malformed"}


def _sheet(path: Path, rows: str) -> Path:
    """Write a workbook whose sheet holds these rows, as nobody's program would."""
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    begin, _, rest = parts["xl/worksheets/sheet1.xml"].partition(b"<sheetData>")
    parts["xl/worksheets/sheet1.xml"] = begin + b"<sheetData>" + rows.encode() + rest[rest.index(b"</sheetData>") :]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "rows",
    [
        "<row r='1'><c r='A1'><v>abc</v></c></row>",
        "<row r='1'><c r='A1' t='s'><v>99</v></c></row>",
        "<row r='1'><c r='A1' t='d'><v>2026-99-99</v></c></row>",
        "<row r='x'><c r='A1' t='str'><v>a</v></c></row>",
        "<row><c>",
    ],
)
def test_a_broken_workbook_is_refused(tmp_path: Path, rows: str) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read_table(_sheet(tmp_path / "t.xlsx", rows))
    assert refusal.value.code == "file_unreadable"


def test_a_row_that_claims_to_be_the_billionth_ends_the_reading(tmp_path: Path) -> None:
    first, last = "<row r='1'><c r='A1' t='str'><v>a</v></c></row>", "<row r='1000000000'><c r='A1000000000'/></row>"
    with pytest.raises(FileRefusedError) as refusal:
        read_table(_sheet(tmp_path / "t.xlsx", first + last))
    assert refusal.value.code == "file_empty"


def test_dates_are_read_in_the_usual_forms_and_no_others() -> None:
    good = ["2026-1-5", "2026/01/05", "2026.1.05", "2026年1月5日", "20260105", "2026-01-05T00:00:00", None]
    bad = ["2026-02-30", "202615", "2026015", "05.01.2026", "2026-0105", "2026-01-05 08:00", "x"]
    found, malformed = dates(np.array([*good, *bad], dtype=object))
    assert found.tolist() == [date(2026, 1, 5)] * 6 + [None] * 8
    assert malformed.tolist() == [False] * 7 + [True] * 7
