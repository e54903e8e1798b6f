"""``gridmgmt gates`` and ``gridmgmt profiles``, from a file to a list, on a real database."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gridmgmt.cli.main import root
from gridmgmt.errors import ConflictError, FileRefusedError, GridMgmtError, InputError
from tests.db.test_walking_network import town

Run = Callable[..., Result]


@pytest.fixture
def run(fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on an empty database, in a folder with a network and a table of gates."""
    town(tmp_path)
    lines = [
        "编码,名称,经度,纬度,通行,开放时间",
        "G1,东门,121.4025,31.3001,刷卡,mon-fri 06:00-22:00",
        "G2,,121.5,31.3,,",
    ]
    (tmp_path / "gates.csv").write_text("\n".join(lines), encoding="gb18030")
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        found = CliRunner().invoke(root, ["--lang", "en", *map(str, arguments)])
        if found.exception is not None and not isinstance(found.exception, SystemExit | GridMgmtError):
            raise found.exception
        return found

    return run


def test_from_files_to_a_list(run: Run) -> None:
    assert run("gates", "list", "--on", "2026-01-01").output.startswith("there are no gates on 2026-01-01")
    taken = run("import", "network", "town.osm", "--valid-from", "2026-01-01")
    assert "gates: public 1, residents 1" in taken.output
    assert "gates whose hours were not understood, so that they count as always open: 1;" in taken.output
    assert "edges for residents alone: 1" in taken.output
    taken = run("import", "gates", "gates.csv", "--valid-from", "2026-01-01", "--json")
    assert json.loads(taken.stdout)["taken"] == 2
    assert (
        "gates farther than 30 m from every street: 1, G2 (92" in taken.stderr
    )  # 0.097° of longitude from the last street's end
    shown = [line.split() for line in run("gates", "list", "--on", "2026-01-01").output.splitlines()]
    assert shown == [
        ["code", "name", "access", "hours", "from"],
        ["G1", "东门", "residents", "mon-fri", "06:00-22:00", "table"],
        ["G2", "-", "public", "always", "table"],
        ["osm-2", "南门", "public", "mon-fri", "06:00-22:00", "network"],
        ["osm-3", "-", "residents", "always", "(“dawn-dusk”", "is", "not", "understood)", "network"],
    ]
    listed = json.loads(run("gates", "list", "--access", "residents", "--on", "2026-01-01", "--json").output)
    assert [(gate["code"], gate["hours"]) for gate in listed] == [
        ("G1", {"mon-fri": ["06:00-22:00"]}), ("osm-3", None)
    ]  # fmt: skip


def test_a_bad_row_keeps_the_whole_table_out(run: Run, tmp_path: Path) -> None:
    with (tmp_path / "gates.csv").open("a", encoding="gb18030") as stream:
        stream.write("\nG3,,121.4,31.3,,daytime\n")
    refusal = run("import", "gates", "gates.csv").exception
    assert isinstance(refusal, FileRefusedError)
    assert [(problem.row, problem.code) for problem in refusal.problems] == [(4, "gate_hours_malformed")]
    assert json.loads(run("gates", "list", "--json").output) == []


def test_profiles_are_listed_and_added(run: Run) -> None:
    lines = run("profiles", "list", "--on", "2026-01-01").output.splitlines()
    assert next(line for line in lines if line.startswith("elder ")).split()[:4] == ["elder", "2026", "0.83", "×1"]
    assert "none" in next(line for line in lines if line.startswith("wheelchair"))
    assert "0.94 ± 0.27" in next(line for line in lines if line.startswith("age_80_plus ")), "robustness needs it"
    said = ("--evidence", "D", "--source", "counted on the street", "--valid-from", "2026-06-01")
    done = run("profiles", "add", "elder", "--edition", "street", "--speed", "0.9", "--no-steps", "--slope", *said)
    assert done.output == "the edition “street” of the profile “elder” is in force from 2026-06-01\n"
    later = {p["name"]: p for p in json.loads(run("profiles", "list", "--on", "2026-06-01", "--json").output)}
    assert (later["elder"]["speed_m_per_s"], later["elder"]["steps_factor"], later["elder"]["slope"]) == (
        0.9,
        None,
        True,
    )
    every = json.loads(run("profiles", "list", "--all", "--json").output)
    assert [p["edition"] for p in every if p["name"] == "elder"] == ["2026", "street"]
    assert isinstance(run("profiles", "add", "elder", "--edition", "street", *said).exception, ConflictError)
    assert isinstance(run("profiles", "add", "new", "--edition", "1", *said).exception, InputError)
    assert run("profiles", "add", "new", "--edition", "1", "--speed", "1.1", *said).exit_code == 0


def test_a_manifest_takes_gates_and_compounds_once(run: Run, tmp_path: Path) -> None:
    ring = [[121.400, 31.299], [121.404, 31.299], [121.404, 31.301], [121.400, 31.299]]
    feature = {"type": "Feature", "properties": {"name": "园"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    collection = {"type": "FeatureCollection", "features": [feature]}
    (tmp_path / "c.geojson").write_text(json.dumps(collection), encoding="utf-8")
    (tmp_path / "district.yaml").write_text(
        "district: 园\n"
        "network: {file: town.osm, edition: map, valid_from: 2026-01-01}\n"
        "gates:\n  - {file: gates.csv, datum: wgs84, valid_from: 2026-01-01}\n"
        "features:\n  - {file: c.geojson, kind: compound, datum: wgs84, valid_from: 2026-01-01}\n",
        encoding="utf-8",
    )
    first, again = run("apply", "district.yaml"), run("apply", "district.yaml")
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    gates = json.loads(run("gates", "list", "--on", "2026-01-01", "--json").output)
    assert [(gate["code"], gate["edition"]) for gate in gates] == [
        ("G1", "gates"), ("G2", "gates"), ("osm-2", "map"), ("osm-3", "map")
    ]  # fmt: skip
    editions = json.loads(run("areas", "editions", "--json").output)
    assert [(e["subject"], e["part"], e["name"]) for e in editions] == [
        ("gates", "", "gates"), ("land", "compound", "c"), ("network", "", "map")
    ]  # fmt: skip
