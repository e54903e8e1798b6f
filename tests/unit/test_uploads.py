"""Given files on the disk and what is seen in them before they are read."""

import gzip
import os
import time
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gridmgmt.errors import FileRefusedError, InputError, Problem
from gridmgmt.uploads.contents import columns_of, share_read
from gridmgmt.uploads.folder import UploadFolder

DAY_S = 86_400


@pytest.fixture
def folder(tmp_path: Path) -> UploadFolder:
    return UploadFolder(tmp_path / "uploads", limit_bytes=10, keep_days=2)


def give(folder: UploadFolder, content: bytes, name: str = "表.csv") -> str:
    incoming = folder.begin(name)
    incoming.write(content)
    return incoming.finish().stored_as


def test_a_file_is_there_whole_with_its_sha256(folder: UploadFolder) -> None:
    incoming = folder.begin("表.csv")
    for chunk in (b"ab", b"c"):
        incoming.write(chunk)
    received = incoming.finish()
    assert folder.path(received.stored_as, "表.csv").read_bytes() == b"abc"
    assert received.bytes == 3
    assert received.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1


def test_ten_bytes_are_taken_and_eleven_are_not(folder: UploadFolder) -> None:
    give(folder, b"0123456789")
    incoming = folder.begin("a.csv")
    incoming.write(b"0123456789")
    with pytest.raises(InputError) as refusal:
        incoming.write(b"0")
    assert refusal.value.code == "upload_too_large"
    incoming.discard()


def test_nothing_is_no_file(folder: UploadFolder) -> None:
    incoming = folder.begin("a.csv")
    with pytest.raises(FileRefusedError) as refusal:
        incoming.finish()
    assert refusal.value.code == "file_empty"


def test_what_is_older_than_the_days_goes_when_the_next_file_comes(folder: UploadFolder, tmp_path: Path) -> None:
    old, young = give(folder, b"old"), give(folder, b"young")
    for name, days in ((old, 2.1), (young, 1.9)):
        then = time.time() - days * DAY_S
        os.utime(tmp_path / "uploads" / name, (then, then))
    new = give(folder, b"new")
    assert {path.name for path in (tmp_path / "uploads").iterdir()} == {young, new}


def test_refused_rows_outlive_the_file(folder: UploadFolder) -> None:
    stored_as = give(folder, b"x")
    problems = [Problem(3, "value_missing", {"field": "名称"}), Problem(None, "file_empty", {"n": 1})]
    folder.keep_problems(stored_as, 7, problems)
    folder.release(stored_as, "表.csv")
    kept = folder.problems(stored_as, 7)
    assert kept is not None
    assert list(kept) == problems
    assert folder.problems(stored_as, 8) is None


def test_a_file_without_refused_rows_leaves_nothing(folder: UploadFolder, tmp_path: Path) -> None:
    stored_as = give(folder, b"x")
    folder.keep_problems(stored_as, 7, [])
    folder.release(stored_as, "表.csv")
    assert list((tmp_path / "uploads").iterdir()) == []


def test_how_far_a_file_is_read_is_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 1_000)
    assert share_read(path) is None
    with path.open("rb", buffering=0) as stream:
        stream.read(250)
        assert share_read(path) == 0.25
        stream.read()
        assert share_read(path) == 1.0
    assert share_read(path) is None


def test_columns_are_those_of_the_file(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("代码,名称,\n1,2,3\n", encoding="gb18030")
    packed = tmp_path / "b.csv.gz"
    packed.write_bytes(gzip.compress(b"lon;lat\n1;2\n"))
    frame = gpd.GeoDataFrame({"code": ["1"], "镇名": ["甲"]}, geometry=[shapely.Point(1, 2)], crs=4326)
    frame.to_file(tmp_path / "c.geojson")
    (tmp_path / "d.geojson.gz").write_bytes(gzip.compress((tmp_path / "c.geojson").read_bytes()))
    frame.to_parquet(tmp_path / "e.parquet")
    assert columns_of(table) == ["代码", "名称"]
    assert columns_of(packed) == ["lon", "lat"]
    assert columns_of(tmp_path / "c.geojson") == ["code", "镇名"]
    assert columns_of(tmp_path / "d.geojson.gz") == ["code", "镇名"]
    assert columns_of(tmp_path / "e.parquet") == ["code", "镇名"]
    assert columns_of(tmp_path / "f.osm.pbf") == []
