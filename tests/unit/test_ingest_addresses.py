"""Files of addresses: whole or not at all, one encoding, no persons, with a place or without."""

import gzip
from datetime import date
from pathlib import Path

import pytest
import shapely

from gridmgmt.crs import Datum
from gridmgmt.errors import FileRefusedError, InputError
from gridmgmt.file_kinds import AddressesFile
from gridmgmt.ingest.addresses import read_addresses
from gridmgmt.ingest.intake import Intake

ROWS = ["名称,地址", *(f"泗塘{n}村,上海市宝山区张庙街道长江西路{100 + i}弄" for i, n in enumerate("一二三四五六"))]


def write(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "addresses.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def read(path: Path, **said: object) -> Intake:
    return AddressesFile(**said).read(path, None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_one_encoding_is_found_by_itself(tmp_path, encoding) -> None:
    intake = read(write(tmp_path, *ROWS, encoding=encoding))
    assert list(intake.frame["name"])[:2] == ["泗塘一村", "泗塘二村"]
    assert (len(intake.frame), intake.details["without_place"]) == (6, 6)


def mixed(folder: Path, first: str, then: str, line: int) -> Path:
    lines = [text.encode(first if i < line else then) for i, text in enumerate(ROWS, 1)]
    path = folder / "mixed.csv"
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.mark.parametrize(("first", "then"), [("utf-8", "gbk"), ("gbk", "utf-8")])
@pytest.mark.parametrize("line", [2, 4, 7])
def test_mixed_encodings_are_refused_with_the_first_line_of_the_other(tmp_path, first, then, line) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read(mixed(tmp_path, first, then, line))
    assert (refusal.value.code, refusal.value.fields["line"]) == ("encodings_mixed", line)
    assert "UTF-8" in refusal.value.message("en")


def test_mixed_encodings_are_seen_through_gzip(tmp_path) -> None:
    packed = tmp_path / "mixed.csv.gz"
    packed.write_bytes(gzip.compress(mixed(tmp_path, "utf-8", "gbk", 5).read_bytes()))
    with pytest.raises(FileRefusedError) as refusal:
        read(packed)
    assert refusal.value.fields["line"] == 5


def test_a_line_that_is_not_in_the_stated_encoding_is_named(tmp_path) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read(mixed(tmp_path, "utf-8", "gbk", 3), encoding="utf-8")
    assert (refusal.value.code, refusal.value.fields["line"]) == ("line_undecodable", 3)


@pytest.mark.parametrize(
    "column", ["姓名", "联系人", "联系电话", "手机号", "身份证号", "contact", "Phone", "owner_name"]
)
def test_columns_of_persons_are_refused_by_name(tmp_path, column) -> None:
    path = write(tmp_path, f"name,{column}", "泗塘一村,x")
    with pytest.raises(InputError) as refusal:
        read(path)
    assert (refusal.value.code, refusal.value.fields["field"]) == ("personal_data_column", column)


def test_other_names_with_their_days(tmp_path) -> None:
    path = write(
        tmp_path, "name,别名,曾用名", "一二八纪念路,纪念路;128路,场中东路 (1960-05-01/2012)、老路（/1959）|更老的路"
    )
    (row,) = read(path).frame.itertuples()
    assert row.aliases == ["纪念路", "128路"]
    assert row.former == [
        ("场中东路", date(1960, 5, 1), date(2012, 1, 1)), ("老路", None, date(1959, 1, 1)), ("更老的路", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["老路 (1990-13-01/2001)", "老路 (2001/1990)"])
def test_days_that_are_none_are_refused_with_their_row(tmp_path, cell) -> None:
    intake = read(write(tmp_path, "name,曾用名", "好路,", f"坏路,{cell}"))
    assert [(p.row, p.code) for p in intake.problems] == [(3, "date_malformed")]


def test_rows_are_refused_once_each_with_a_reason(tmp_path) -> None:
    path = write(
        tmp_path,
        "name,address,kind,aliases,lon,lat",
        "长江西路,,道路,,121.44,31.34",
        ",,,,121.44,31.34",
        ",长江西路1号,,别的名字,121.44,31.34",
        "呼玛路,,river,,121.44,31.34",
        "共江路,,,,31.34,121.44",
        "泗塘路,,,,,",
        "通河路,,,,121.44,",
    )
    intake = read(path)
    assert [(p.row, p.code) for p in intake.problems] == [
        (3, "value_missing"), (4, "other_name_without_name"), (5, "value_unknown"), (6, "coordinates_swapped"),
        (8, "value_missing"),
    ]  # fmt: skip
    assert list(intake.frame["name"]) == ["长江西路", "泗塘路"]
    assert list(shapely.is_missing(intake.frame.geometry.to_numpy())) == [False, True]


def test_a_datum_moves_the_points(tmp_path) -> None:
    path = write(tmp_path, "name,lon,lat", "长江西路,121.4427,31.3406")
    plain = read_addresses(path, kinds={}, datum=Datum.WGS84).frame.geometry[0]
    moved = read_addresses(path, kinds={}, datum=Datum.GCJ02).frame.geometry[0]
    assert plain.x - moved.x == pytest.approx(0.0044, abs=0.0005)
    assert plain.y - moved.y == pytest.approx(-0.0020, abs=0.0005)


def test_a_file_without_names_and_addresses_is_refused(tmp_path) -> None:
    with pytest.raises(InputError) as refusal:
        read(write(tmp_path, "编码,lon,lat", "1,121,31"))
    assert refusal.value.code == "column_missing"


@pytest.mark.parametrize("text", ["长" * 201, "一" * 60_000, f"长江西路1-{'9' * 5_000}号", f"路{'一' * 5_000}号"])
def test_what_is_too_long_for_an_address_is_refused_at_once(tmp_path, text) -> None:
    intake = read(write(tmp_path, *ROWS, f"泗塘七村,{text}", f"{text},长江西路7号", "甲村,长江西路8号"))
    assert [(problem.row, problem.code) for problem in intake.problems] == [
        (8, "address_too_long"),
        (9, "address_too_long"),
    ]
    assert len(intake.frame) == 7
