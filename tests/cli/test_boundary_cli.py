"""A boundary edition from draft to in force on the command line, and the look-ups around it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gridmgmt.cli.context import error_line
from gridmgmt.cli.main import root
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import GridMgmtError
from tests.support.division import spot
from tests.support.paper_district import DACHANG, GUCUN, UNIT, load_district

NEW = "310113009"
Run = Callable[..., Result]


@pytest.fixture
def run(fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command on the paper district."""
    engine = make_engine(fresh_database_url)
    with make_sessions(engine).begin() as session:
        load_district(session)
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(root, ["--lang", "en", "areas", *map(str, arguments)])


def ok(result: Result) -> str:
    assert result.exit_code == 0, result.exception or result.output
    return result.output


def refused(result: Result) -> str:
    """The one line that the main command would print."""
    assert isinstance(result.exception, GridMgmtError), result.output
    return error_line(result.exception, "en")


def promote(run: Run) -> None:
    ok(run("draft", "析出", "--from", "2030-01-01"))
    ok(run("promote", "析出", UNIT, "--into", f"{NEW}=菊泉街道"))


def test_a_unit_becomes_a_subdistrict_step_by_step(run: Run, tmp_path: Path) -> None:
    promote(run)
    shown = ok(run("diff", "析出", "--geojson", "diff.geojson"))
    assert "菊泉街道" in shown
    assert "boundaries from 2030-01-01 on" in shown
    sides = [f["properties"]["side"] for f in json.loads(Path("diff.geojson").read_text())["features"]]
    assert set(sides) == {"before", "after", "moved"}
    towns = next(each for each in json.loads(ok(run("diff", "析出", "--json")))["levels"] if each["level"] == "town")
    assert {c["code"]: c["kinds"] for c in towns["changes"]} == {GUCUN: ["border"], NEW: ["added"]}

    assert "gridmgmt areas activate '析出' --document" in refused(run("activate", "析出"))
    assert "areas check --edition '析出'" in refused(run("approve", "析出", "--document", "d", "--date", "2029-12-01"))
    assert "0 errors" in ok(run("check", "--edition", "析出", "--geojson", "found.geojson"))
    assert json.loads(Path("found.geojson").read_text())["type"] == "FeatureCollection"
    ok(run("approve", "析出", "--document", "宝府〔2029〕1号", "--date", "2029-12-01", "--reason", "as drawn"))
    assert "2030-01-01" in ok(run("activate", "析出"))

    assert json.loads(ok(run("diff", "析出", "--json")))["levels"][0] == towns, "a scheduled edition tells the same"
    editions = {each["name"]: each for each in json.loads(ok(run("editions", "--json")))}
    assert (editions["析出"]["status"], editions["2015"]["status"]) == ("scheduled", "in_force")
    assert editions["析出"]["steps"][-2]["document"] == "宝府〔2029〕1号"
    assert UNIT in ok(run("show", UNIT, "--on", "2029-12-31"))


def test_an_old_code_says_what_became_of_it(run: Run) -> None:
    promote(run)
    ok(run("activate", "析出", "--document", "宝府〔2029〕1号", "--reason", "as drawn"))
    shown = ok(run("show", UNIT, "--on", "2030-01-01"))
    assert "ended on 2030-01-01" in shown
    assert NEW in shown
    fate = json.loads(ok(run("show", UNIT, "--on", "2030-01-01", "--json")))
    assert [each["code"] for each in fate["successors"]] == [NEW]
    assert NEW in ok(run("lineage", UNIT, "--on", "2030-01-01"))
    back = json.loads(ok(run("lineage", f"{NEW}001", "--backward", "--on", "2030-01-01", "--json")))
    assert [each["from_code"] for each in back] == [f"{GUCUN}001"]
    assert "came from no other" in ok(run("lineage", GUCUN, "--level", "district", "--backward"))
    lon, lat = spot(1, 5)
    assert [a["code"] for a in json.loads(ok(run("at", lon, lat, "--on", "2030-01-01", "--json")))][1] == NEW
    assert [a["code"] for a in json.loads(ok(run("at", lon, lat, "--on", "2029-12-31", "--json")))][1] == GUCUN


def test_every_verb_edits_a_draft(run: Run, tmp_path: Path) -> None:
    ok(run("draft", "next", "--from", "2030-01-01", "--source", "survey office"))
    (x, south), (_, north) = spot(3, -1), spot(3, 9)
    line = tmp_path / "line.geojson"
    coordinates = [[x, south], [x, north]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": coordinates}}
    line.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    pieces = ("--piece", f"{GUCUN}003=顾三", "--piece", f"{GUCUN}005=顾五")
    assert "errors" not in ok(run("split", "next", f"{GUCUN}003", "--line", line, *pieces)), "along a border of cells"
    ok(run("merge", "next", f"{GUCUN}003", f"{GUCUN}005", "--into", f"{GUCUN}006=顾六"))
    (west, row), (east, _) = spot(4, 5), spot(9, 5)
    border = f"LINESTRING ({west} {row}, {east} {row})"
    ok(run("move-border", "next", f"{DACHANG}001", f"{DACHANG}002", "--line", border))
    ok(run("move", "next", f"{GUCUN}001", "--to", GUCUN))
    ok(run("rename", "next", DACHANG, "大场街道"))
    ok(run("recode", "next", f"{GUCUN}004", f"{GUCUN}014"))
    ok(run("retire", "next", UNIT))
    changed = {
        change["code"]: change["kinds"]
        for each in json.loads(ok(run("diff", "next", "--json")))["levels"]
        for change in each["changes"]
    }
    assert changed[DACHANG] == ["name"]
    assert changed[UNIT] == ["ended"]
    assert changed[f"{GUCUN}014"] == ["code"]
    assert changed[f"{GUCUN}006"] == ["code", "name"]
    assert changed[f"{DACHANG}-S1"] == ["border"]
    ok(run("withdraw", "next", "--reason", "not this year"))
    assert "withdrawn" in refused(run("rename", "next", DACHANG, "大场镇"))
    assert "withdrawn" in refused(run("diff", "next"))


WRONG = [
    (("show", "nothing"), "nothing"),
    (("diff", "nothing"), "no boundary edition “nothing”"),
    (("check", "--edition", "2015", "--on", "2030-01-01"), "not both"),
    (("move-border", "d", "a", "b", "--line", "over there"), "over there"),
    (("move-border", "d", "a", "b", "--line", "POINT (1 2)"), "LineString"),
    (("activate", "2015", "--document", "d"), "in force from 2015-01-01 already"),
    (("draft", "2015", "--from", "2030-01-01"), "2015"),
]


def test_what_cannot_be_is_told_in_one_line(run: Run) -> None:
    ok(run("draft", "d", "--from", "2030-01-01"))
    for arguments, said in WRONG:
        line = refused(run(*arguments))
        assert said in line
        assert "\n" not in line, arguments


def test_an_edit_says_at_once_what_is_wrong_where_it_cut(run: Run) -> None:
    ok(run("draft", "next", "--from", "2030-01-01"))
    (x, south), (_, north) = spot(3.5, -1), spot(3.5, 9)
    line = f"LINESTRING ({x} {south}, {x} {north})"
    pieces = ("--piece", f"{GUCUN}003=顾三", "--piece", f"{GUCUN}005=顾五")
    said = ok(run("split", "next", f"{GUCUN}003", "--line", line, *pieces))
    assert f"{GUCUN}003002" in said
    assert "1 errors" in said


def test_what_is_in_force_can_be_checked_on_any_day_and_by_its_edition(run: Run) -> None:
    assert "0 errors, 0 warnings" in ok(run("check", "--on", "2020-01-01"))
    assert json.loads(ok(run("check", "--edition", "2015", "--json"))) == []
