"""Official codes on the command line, on a real database, with files as people have them."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gridmgmt.cli.main import root
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import FileRefusedError, InputError
from gridmgmt.imports import Labels, import_codes
from gridmgmt.ingest.codes import read_codes
from tests.support.actors import TESTER
from tests.support.division import spot
from tests.support.paper_district import FIRST, load_district

Run = Callable[..., Result]
TABLE = (
    "代码,名称\n310113,宝山区\n310113109,顾村镇\n310113102,大场镇\n310113101,罗店镇\n"
    "310113109001,菊泉一居委会\n310113109013,顾三居委会\n310113101001,罗一居委会\n310113101002,罗二居委会\n"
)


@pytest.fixture
def run(fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command on a database with the district of the paper and a table of codes."""
    (tmp_path / "codes.csv").write_text(TABLE, encoding="gb18030")
    engine = make_engine(fresh_database_url)
    with make_sessions(engine).begin() as session:
        load_district(session)
        labels = Labels("2015", "bureau", FIRST, synthetic=True)
        import_codes(session, TESTER, read_codes(tmp_path / "codes.csv"), labels)
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(root, ["--lang", "en", *map(str, arguments)])


def test_a_unit_is_shown_and_found(run: Run) -> None:
    assert run("codes", "show", "310113109000").output == (
        "310113109 顾村镇 (edition “2015”); 2 directly below\n  in 310113 宝山区\n"
    )
    found = json.loads(run("codes", "search", "居委会", "--parent", "310113101", "--json").output)
    assert [(unit["code"], unit["parent_name"]) for unit in found] == [
        ("310113101001", "罗店镇"),
        ("310113101002", "罗店镇"),
    ]


def test_every_mismatch_is_listed(run: Run, tmp_path: Path) -> None:
    shown = run("codes", "compare", "--level", "quarter", "-o", "out.csv").output
    assert (
        "agrees 0, same code, other name 1, same name, other code 1, area without a row 4, row without an area 2"
        in shown
    )
    assert "310113101 罗店镇: 2 rows without an area" in shown
    assert ["same", "name,", "other", "code", "310113109003", "顾三", "310113109013", "顾三居委会", "310113109"] in [
        line.split() for line in shown.splitlines()
    ]
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["row_code"] for row in rows if row["agreement"] == "row_without_area"] == [
        "310113101001",
        "310113101002",
    ]
    assert len(rows) == 8


def test_what_the_table_says_is_adopted_in_a_draft(run: Run) -> None:
    assert run("areas", "draft", "names", "--from", "2030-01-01", "--source", "bureau").exit_code == 0
    assert isinstance(run("codes", "adopt", "names", "--level", "quarter").exception, InputError)
    done = run("codes", "adopt", "names", "--level", "quarter", "--names", "--codes")
    assert done.output == "draft “names”: 1 renamed, 1 recoded\n"
    again = run("codes", "adopt", "names", "--level", "quarter", "--names", "--codes")
    assert again.output == "draft “names”: 0 renamed, 0 recoded\n"
    found = json.loads(run("codes", "compare", "--level", "quarter", "--json").output)
    assert found["counts"]["other_name"] == 1, "what is in force stays as it is"


def test_a_refused_table_leaves_its_rows_in_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("code,name\n31011310,甲\n310199001001,乙\n310113109,顾村镇\n", encoding="utf-8")
    refusal = run("import", "codes", "bad.csv", "--edition", "2016").exception
    assert isinstance(refusal, FileRefusedError)
    assert "8 digits" in refusal.problems[0].message("en")
    with (tmp_path / "bad.refused.csv").open(encoding="utf-8-sig") as stream:
        assert [line.split(",")[:2] for line in stream][1:] == [
            ["2", "official_code_length"],
            ["3", "official_parent_unknown"],
        ]


def test_points_get_the_codes_of_their_areas(run: Run, tmp_path: Path) -> None:
    (west, south), (border, _) = spot(1, 1), spot(5, 1)
    lines = ["编号,经度,纬度", f"a,{west},{south}", f"b,{border!r},{south}", "c,120.0,31.0"]
    (tmp_path / "points.csv").write_text("\n".join(lines) + "\n", encoding="gb18030")
    done = json.loads(run("codes", "of-points", "points.csv", "-o", "out.csv", "--level", "town", "--json").output)
    assert (done["read"], done["placed"], done["outside"]) == (3, 2, 1)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["编号"], row["town_code"]) for row in rows] == [("a", "310113109"), ("b", "310113102"), ("c", "")]
