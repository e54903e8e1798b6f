"""Figures and counts on the command line, on a real database, with files as people have them."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from gridmgmt.cli.main import root
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import FileRefusedError, InputError
from tests.support.division import add_residents, add_service_points, block, draw, spot
from tests.support.drafts import take_into_force

FIRST, SECOND = date(2015, 1, 1), date(2030, 1, 1)
Run = Callable[..., Result]


@pytest.fixture
def run(fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command on a database with the towns W and E in force, and a draft that takes N from W."""
    engine = make_engine(fresh_database_url)
    with make_sessions(engine).begin() as session:
        draw(session, "first", FIRST, {"310W": block(0, 0, 4, 2), "310E": block(4, 0, 8, 2)})
        take_into_force(session, "first")
        draw(
            session, "second", SECOND, {"310W": block(0, 0, 2, 2), "310N": block(2, 0, 4, 2), "310E": block(4, 0, 8, 2)}
        )
        add_residents(session, FIRST, [(spot(1, 1), [3]), (spot(3, 1), [9])])
        add_service_points(session, FIRST, [(spot(3, 1), "meal_point", "open"), (spot(5, 1), "medical", "open")])
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(root, ["--lang", "en", *map(str, arguments)])


def said(*changes: str, figure: str = "residents") -> list[str]:
    return ["--figure", figure, "--level", "town", "--counted-on", "2015-01-01", "--source", "census", *changes]


def test_a_figure_goes_in_once_and_comes_out_on_other_boundaries(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "residents.csv"
    file.write_text("代码,常住人口\n310W,100\n310E,40\n", encoding="gb18030")
    columns = ("--column", "value=常住人口")
    assert (
        run("import", "figures", file, *said(), *columns).output
        == "figure residents: read 2, added 2, already there 0\n"
    )
    again = run("import", "figures", file, *said(), *columns, "--json")
    assert json.loads(again.output) == {"figure": "residents", "read": 2, "added": 0, "unchanged": 2}
    shown = run(
        "statistics", "apportion", "residents", "--from-on", "2015-01-01", "--draft", "second", "--by", "residents"
    )
    assert [line.split() for line in shown.output.splitlines()[1:5]] == [
        ["310E", "310E镇", "40", "40", "40"],
        ["310N", "310N镇", "75", "0", "100"],
        ["310W", "310W镇", "25", "0", "100"],
        ["-", "in", "no", "area", "0", "0", "0"],
    ]
    assert "source: census" in shown.output
    asked = ("statistics", "apportion", "residents", "--from-on", "2015-01-01", "--draft", "second", "--json")
    found = json.loads(run(*asked).output)
    assert found["method"] == "statistics.apportioned_by_area"
    assert found["total"] == 140
    assert [round(area["amount"]["estimate"], 6) for area in found["areas"]] == [40, 50, 50]


def test_an_excel_file_with_bad_rows_is_refused_by_their_numbers(run: Run, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (("code", "value"), ("310W", 100), ("310E", "many"), ("310E", -1), ("310X", None)):
        book.active.append(row)
    book.save(tmp_path / "f.xlsx")
    refused = run("import", "figures", tmp_path / "f.xlsx", *said())
    assert isinstance(refused.exception, FileRefusedError)
    assert {problem.row for problem in refused.exception.problems} == {3, 4, 5}
    lines = (tmp_path / "f.refused.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["row", "3", "4", "5"]
    (tmp_path / "g.csv").write_text("code,value\n310W,1\n310N,2\n", encoding="utf-8")
    unknown = run("import", "figures", tmp_path / "g.csv", *said())
    assert isinstance(unknown.exception, FileRefusedError)
    assert [(p.row, p.code) for p in unknown.exception.problems] == [(3, "area_unknown")]


def test_counts_in_force_and_in_the_draft(run: Run) -> None:
    before = run("statistics", "counts", "service_points", "--on", "2015-01-01")
    assert [line.split() for line in before.output.splitlines()[:5]] == [
        ["code", "name", "all", "meal_point", "medical"],
        ["310E", "310E镇", "1", "0", "1"],
        ["310W", "310W镇", "1", "1", "0"],
        ["-", "in", "no", "area", "0", "0", "0"],
        ["-", "total", "2", "1", "1"],
    ]
    assert "boundary editions: first; data: service_points" in before.output
    drafted = json.loads(run("statistics", "counts", "residents", "--draft", "second", "--json").output)
    assert {area["code"]: area["tally"]["total"] for area in drafted["areas"]} == {"310E": 0, "310N": 9, "310W": 3}
    assert (drafted["on"], drafted["draft"]) == ("2030-01-01", "second")


def test_a_period_is_for_cases_and_has_both_ends(run: Run) -> None:
    for arguments in (("residents", "--from", "2015-01-01", "--to", "2015-02-01"), ("cases", "--from", "2015-01-01")):
        assert isinstance(run("statistics", "counts", *arguments).exception, InputError)
    assert run("statistics", "counts", "cases", "--from", "2015-01-01", "--to", "2015-02-01").exit_code == 0
    assert run("statistics", "counts", "cases", "--from", "January").exit_code == 2


def test_published_surfaces_beside_computed_ones(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("code,value\n310W,27220000\n", encoding="utf-8")
    assert run("import", "figures", tmp_path / "p.csv", *said(figure="published_area_m2")).exit_code == 0
    lines = run("statistics", "surfaces", "--on", "2015-01-01").output.splitlines()
    assert lines[1].split() == ["310E", "310E镇", "-", "0.0844", "-"]
    assert lines[2].split() == ["310W", "310W镇", "census", "0.0844", "27.2200"]
    assert json.loads(run("statistics", "surfaces", "--on", "2015-01-01", "--json").output)[1]["published"] == [
        {"area_m2": 27220000.0, "source": "census", "counted_on": "2015-01-01"}
    ]


def test_a_register_is_taken_counted_and_written(
    fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(root, ["--lang", "en", *map(str, arguments)])

    (tmp_path / "cases.csv").write_text(
        "NO,WHAT,HOW,IN,X,Y\n"
        "1,Lamp,open,01/02/2015 08:00,121.401,31.301\n"
        "2,Lamp,done,01/03/2015 08:00,121.420,31.301\n"
        "3,Noise,open,01/04/2015 08:00,121.402,31.301\n",
        encoding="utf-8",
    )
    said = {
        "register": "r", "time_format": "%m/%d/%Y %H:%M", "states": {"done": "closed"}, "source": "video",
        "columns": {
            "case_no": "NO", "case_type": "WHAT", "case_status": "HOW", "reported_at": "IN", "lon": "X", "lat": "Y",
        },
    }  # fmt: skip
    (tmp_path / "map.json").write_text(json.dumps(said), encoding="utf-8")
    taken = ("cases", "import", tmp_path / "cases.csv", "--mapping", tmp_path / "map.json", "--edition", "r 2015")
    assert [json.loads(run(*taken, "--json").stdout)["taken"] for _ in range(2)] == [3, 0]
    stats = json.loads(run("cases", "stats", "--to", "2015-01-04", "--json").output)
    assert (stats["type"], stats["state"], stats["source"]) == ({"Lamp": 2}, {"closed": 1, "reported": 1}, {"video": 2})
    assert [line.split() for line in run("cases", "stats", "--ended").output.splitlines()[1:3]] == [
        ["State", "Closed", "1"],
        ["Source", "Video", "1"],
    ]
    written = run("export", "cases", "--open", "-o", tmp_path / "open.csv")
    assert written.output.strip() == f"cases written to {tmp_path / 'open.csv'}: 2"
    assert [line.split(",")[0] for line in (tmp_path / "open.csv").read_text("utf-8").splitlines()[1:]] == ["3", "1"]
    assert run("cases", "stats", "--area", "999").exception is not None
