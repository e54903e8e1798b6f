"""Addresses on the command line: import, search, both ways of geocoding, matching of a table."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gridmgmt.cli.main import root
from gridmgmt.errors import FileRefusedError, InputError
from tests.support.gazetteer import DAY, FILE

Run = Callable[..., Result]


@pytest.fixture
def run(fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on an empty database."""
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(root, ["--lang", "en", *map(str, arguments)])


@pytest.fixture
def filled(run: Run) -> Run:
    """The command on a database with the gazetteer."""
    said = run("import", "addresses", FILE, "--datum", "wgs84", "--valid-from", DAY)
    assert said.exit_code == 0, said.output
    assert "193" in said.output
    return run


def test_search_geocode_and_at(filled) -> None:
    hits = json.loads(filled("addresses", "search", "富浩", "--on", DAY, "--json").output)
    assert hits[0]["code"] == "C035"
    assert "长江西路" in filled("addresses", "search", "cjxl", "--on", DAY).output
    found = json.loads(filled("addresses", "geocode", "长江西路104号", "--on", DAY, "--json").output)
    assert found["found"]["basis"] == "interpolated"
    assert "between neighbouring doors" in filled("addresses", "geocode", "长江西路104号", "--on", DAY).output
    near = json.loads(filled("addresses", "at", 121.402, 31.3, "--on", DAY, "--json").output)
    assert near["addresses"][0]["address"] == "上海市宝山区长江西路100号"
    shown = json.loads(filled("addresses", "show", near["addresses"][0]["address_id"], "--on", DAY).output)
    assert [other["other"] for other in shown["other_names"]] == ["长江马路"]
    assert "nothing fits" in filled("addresses", "search", "火星大道", "--on", DAY).output


def test_a_table_is_matched_by_address_and_each_row_says_why(filled, tmp_path) -> None:
    table = tmp_path / "rooms.csv"
    table.write_text(
        "name,address,联系电话\n甲,长江西路100号,1\n乙,逸仙路1321弄5号,2\n丙,火星大道1号,3\n", encoding="utf-8"
    )
    said = json.loads(filled("addresses", "match", table, "--by", "address", "--on", DAY, "--json").output)
    assert {k: said[k] for k in ("read", "matched", "ambiguous", "unmatched")} == {
        "read": 3, "matched": 1, "ambiguous": 1, "unmatched": 1,
    }  # fmt: skip
    with (tmp_path / "rooms.matched.csv").open(encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["row"], row["state"]) for row in rows] == [("2", "matched"), ("3", "ambiguous"), ("4", "unmatched")]
    assert [bool(row["lon"]) for row in rows] == [True, False, False]
    assert all(row["reason"] for row in rows)
    assert "联系电话" not in rows[0]


def test_committees_are_matched_with_a_plain_table(run, tmp_path) -> None:
    committees = tmp_path / "committees.csv"
    committees.write_text(
        "code,name\n310113008,张庙街道\n310113008008,泗塘五村一居委会\n310113008009,泗塘五村二居委会\n",
        encoding="utf-8",
    )
    rooms = tmp_path / "rooms.csv"
    rooms.write_text("名称,地址\n泗塘五村第二居委会老年活动室,泗塘五村172号\n泗塘五村老年活动室,\n", encoding="utf-8")
    output = tmp_path / "out.csv"
    said = run("addresses", "match", rooms, "--by", "committee", "--against", committees, "-o", output, "--json")
    answer = json.loads(said.output)
    assert (answer["matched"], answer["ambiguous"]) == (1, 1)
    assert answer["rows"][0]["candidates"][0]["code"] == "310113008009"
    assert isinstance(run("addresses", "match", rooms, "--by", "committee").exception, InputError)


def test_mixed_encodings_leave_nothing(run, tmp_path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_bytes("name\n长江西路\n".encode() + "呼玛路\n".encode("gbk"))
    refusal = run("import", "addresses", path).exception
    assert isinstance(refusal, FileRefusedError)
    assert (refusal.code, refusal.fields["line"]) == ("encodings_mixed", 3)
    assert json.loads(run("addresses", "search", "长江西路", "--json").output) == []
