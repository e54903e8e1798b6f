"""Tables whose lines are in several encodings: every reader of tables refuses them with the line."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from gridmgmt.errors import FileRefusedError
from gridmgmt.ingest.addresses import read_addresses
from gridmgmt.ingest.cases import read_cases
from gridmgmt.ingest.centres import read_centres
from gridmgmt.ingest.codes import read_codes
from gridmgmt.ingest.figures import read_figures
from gridmgmt.ingest.population import read_population_points
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.ingest.tables import read_table

READERS: dict[str, Callable[[Path], object]] = {
    "service points": lambda file: read_service_points(file, type_="medical"),
    "cases": read_cases,
    "population": read_population_points,
    "centres": lambda file: read_centres(file, types={}),
    "figures": read_figures,
    "codes": read_codes,
    "addresses": lambda file: read_addresses(file, kinds={}),
}


def mixed(folder: Path, *, first: str, second: str, suffix: str = ".csv") -> Path:
    """A table whose third line is in another encoding than the second."""
    lines = [b"name,code\n", "顾村镇,1\n".encode(first), "淞南镇第二食堂,2\n".encode(second)]
    file = folder / f"mixed{suffix}"
    file.write_bytes(gzip.compress(b"".join(lines)) if suffix.endswith(".gz") else b"".join(lines))
    return file


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("first", "second"), [("utf-8", "gbk"), ("gbk", "utf-8")])
def test_every_reader_refuses_mixed_lines(tmp_path: Path, reader: str, first: str, second: str) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        READERS[reader](mixed(tmp_path, first=first, second=second))
    assert (refusal.value.code, refusal.value.fields["line"]) == ("encodings_mixed", 3)
    words = refusal.value.message("en")
    assert "淞南镇第二食堂" in words
    assert "UTF-8" in words
    assert "GB 18030" in words


def test_compressed_tables_too(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="第 3 行"):
        read_table(mixed(tmp_path, first="utf-8", second="gbk", suffix=".csv.gz"))


def test_a_line_of_no_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes("名称\n顾村镇\n".encode() + b"abc\xff\xff\xff\n")
    with pytest.raises(FileRefusedError) as refusal:
        read_table(file)
    assert (refusal.value.code, refusal.value.fields["line"]) == ("line_undecodable", 3)
    assert "abc" in refusal.value.message("en")


def test_a_line_beside_the_named_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read_table(mixed(tmp_path, first="utf-8", second="gbk"), encoding="utf-8")
    assert (refusal.value.code, refusal.value.fields["line"]) == ("line_undecodable", 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_one_encoding_is_enough(tmp_path: Path, encoding: str) -> None:
    """Also with letters of other alphabets, and characters that only GB 18030 has."""
    text = "名称,说明\n顾村镇,Ω≈é\n一二三,ГОСТ\n" if encoding.startswith("utf") else "名称,说明\n顾村镇,甲\n联通,ГОСТ\n"
    text += "𠮷野,乙\n" if encoding != "gbk" else ""
    file = tmp_path / "t.csv"
    file.write_bytes(text.encode(encoding))
    assert read_table(file).columns["名称"][0] == "顾村镇"
