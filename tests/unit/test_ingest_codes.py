"""Tables of official codes: what is taken, what is refused and why."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmgmt.codes import parent_code, shortest
from gridmgmt.errors import FileRefusedError, InputError
from gridmgmt.ingest.codes import read_codes


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "codes.csv"
    file.write_text(text, encoding=encoding)
    return file


def refused(folder: Path, *lines: str, header: str = "code,name") -> dict[int, str]:
    """The reasons by line of a table with one good line first."""
    found = read_codes(write(folder, "\n".join([header, *lines]) + "\n"))
    return {problem.row or 0: problem.code for problem in found.problems}


def test_units_of_all_levels_have_their_parents(tmp_path: Path) -> None:
    file = write(
        tmp_path, "区划代码,名称\n310113109001,甲居委会\n310113109,顾村镇\n310113,宝山区\n3101,市辖区\n31,上海市\n"
    )
    found = read_codes(file)
    assert found.problems == ()
    assert dict(zip(found.code, found.parent_code, strict=True)) == {
        "310113109001": "310113109", "310113109": "310113", "310113": "3101", "3101": "31", "31": None,
    }  # fmt: skip
    assert found.row.tolist() == [2, 3, 4, 5, 6]
    assert not found.parent_stated.any()
    assert found.details["by_digits"] == {"2": 1, "4": 1, "6": 1, "9": 1, "12": 1}


def test_zeros_that_fill_up_a_code_are_left_out(tmp_path: Path) -> None:
    """The table of the bureau writes every unit with 12 digits."""
    file = write(
        tmp_path, "code,name\n310000000000,上海市\n310100000000,市辖区\n310113000000,宝山区\n310113109000,顾村镇\n"
    )
    found = read_codes(file)
    assert found.code.tolist() == ["31", "3101", "310113", "310113109"]
    assert found.details["padded"] == 4


def test_a_city_without_counties_is_the_parent_of_its_towns(tmp_path: Path) -> None:
    found = read_codes(write(tmp_path, "code,name,areaCode\n441900003,东城街道,441900\n"))
    assert (found.parent_code.tolist(), found.parent_stated.tolist(), found.problems) == (["4419"], [True], ())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",甲", "code_missing"),
        ("31011310900A,甲", "official_code_no_digits"),
        ("3.10113E+11,甲", "official_code_no_digits"),
        ("٣١٠١١٣,甲", "official_code_no_digits"),
        ("3101131090010,甲", "official_code_length"),
        ("31011310901,甲", "official_code_length"),
        ("990113109001,甲", "official_code_province"),
        ("310113109002,", "value_missing"),
        ("310113109002,甲,多", "row_ragged"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    assert refused(tmp_path, "310113109001,好", line) == {3: reason}


def test_rows_with_one_code_are_all_refused(tmp_path: Path) -> None:
    """Also where one of them is filled up with zeros."""
    lines = ["310113109,顾村镇", "310113102,大场镇", "310113109000,顾村镇", "310113109,顾村"]
    assert refused(tmp_path, *lines) == {2: "code_repeated", 4: "code_repeated", 5: "code_repeated"}
    found = read_codes(tmp_path / "codes.csv")
    assert found.code.tolist() == ["310113102"]
    assert found.problems[0].message("en").count("4, 5") == 1
    assert found.read == 4


def test_a_stated_parent_must_be_the_codes_own(tmp_path: Path) -> None:
    lines = ["310113109001,甲,310113109", "310113109002,乙,310113102", "350527000000,金门县,350527000"]
    assert refused(tmp_path, *lines, header="code,name,streetCode") == {3: "parent_contradicted"}
    words = read_codes(tmp_path / "codes.csv").problems[0].message("en")
    assert "“310113102”" in words
    assert "310113109002" in words


def test_columns_are_found_or_named(tmp_path: Path) -> None:
    file = write(tmp_path, "dm,mc\n310113,宝山区\n", "gb18030")
    with pytest.raises(InputError, match="dm, mc"):
        read_codes(file)
    assert read_codes(file, columns={"code": "dm", "name": "mc"}).name.tolist() == ["宝山区"]


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError):
        read_codes(write(tmp_path, "code,name\n"))


@given(st.from_regex(r"(11|31|44|65)([0-9]{2}([0-9]{2}([0-9]{3}([0-9]{3})?)?)?)?", fullmatch=True))
def test_the_shortest_form_is_a_beginning_that_filled_up_again_is_the_same(code: str) -> None:
    short = shortest(code)
    assert code == short + "0" * (len(code) - len(short))
    assert shortest(short) == short
    above = parent_code(short)
    assert above is None or (short.startswith(above) and len(above) < len(short))


@pytest.mark.shared_data
def test_the_real_tables_are_whole(shared_data: Path) -> None:
    streets = read_codes(shared_data / "admin_codes" / "shanghai_streets.csv")
    villages = read_codes(shared_data / "admin_codes" / "shanghai_villages.csv")
    assert (len(streets.code), streets.problems) == (234, ())
    assert (len(villages.code), villages.problems) == (6_509, ())
    assert sum(code.startswith("310113") for code in villages.code) == 567
