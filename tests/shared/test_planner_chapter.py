"""The README's planner chapter on the real Baoshan files: the very commands, an empty data folder."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gridmgmt.settings import PROJECT_DIR
from tests.cli.test_command_line import Folder
from tests.support.folders import data_folder

pytestmark = pytest.mark.shared_data


def readme_commands(data: str) -> list[list[str]]:
    """Return the arguments of the README's commands on one data folder."""
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    block = next(b for b in re.findall(r"```sh\n(.*?)```", readme, flags=re.DOTALL) if f"--data ./{data}" in b)
    return [shlex.split(line.removeprefix("$G ")) for line in block.splitlines() if line.startswith("$G ")]


def arguments(command: list[str], files: Path) -> list[str]:
    """Return the arguments of a command as they are where the README is read: in the source tree."""
    return [
        argument.replace("$FILES", str(files)).replace("docs/examples", f"{PROJECT_DIR}/docs/examples")
        for argument in command
    ]


@pytest.fixture(scope="module")
def baoshan(tmp_path_factory, shared_data: Path) -> tuple[Folder, list[str]]:
    with data_folder() as data:
        folder = Folder(data, tmp_path_factory.mktemp("files"))
        folder.ok("db", "start")
        printed = [folder.ok(*arguments(command, shared_data)) for command in readme_commands("baoshan")]
        yield folder, printed
        folder.ok("db", "stop")


def test_eight_towns_are_taken_and_the_union_is_refused_with_its_reason(baoshan) -> None:
    folder, printed = baoshan
    assert "read 9, took 8, refused 1" in printed[0]
    refused = (folder.files / "baoshan_towns_osm_wgs84.refused.csv").read_text(encoding="utf-8-sig").splitlines()
    assert refused[1].startswith("9,code_missing")


def test_the_towns_are_in_force_after_one_command(baoshan) -> None:
    folder, _ = baoshan
    towns = json.loads(folder.ok("areas", "at", "121.40", "31.35", "--json"))
    assert [town["name"] for town in towns] == ["顾村镇"]


def test_the_report_says_what_the_data_cannot_carry(baoshan) -> None:
    folder, _ = baoshan
    report = json.loads(folder.ok("coverage", "report", 1))
    notes = [note["code"] for note in report["notes"]]
    assert notes[0] == "places_only", "counts of places say so first"
    assert "no_place_in_known_area" in notes
    assert any(
        n["code"] == "no_point_connectable" and n["fields"]["type"] == "community_canteen" for n in report["notes"]
    )
    far = report["uncovered_places"]["listed"][-1]
    assert (far["status"], far["nearest_point_name"]) == ("uncovered", "上海海空医院"), "behind a gate: 45 minutes"
    totals = report["totals"]
    assert [totals[name] for name in ("residents", "covered", "uncovered", "not_connectable", "outside")] == [
        19, 16, 1, 1, 1
    ], "as import areas, network, population and service-points give one by one"  # fmt: skip
    assert report["levels"][0]["remainder"]["residents"] == report["totals"]["residents"]


@pytest.mark.long
def test_applied_again_there_is_nothing_to_do(baoshan, shared_data) -> None:
    folder, _ = baoshan
    before = folder.ok("areas", "editions", "--json"), folder.ok("audit", "show", "--json")
    again = json.loads(folder.ok(*arguments(readme_commands("baoshan")[0], shared_data), "--json"))
    assert len(again) == 7
    assert {(step["state"], step["done"]) for step in again} == {("there", False)}
    assert (folder.ok("areas", "editions", "--json"), folder.ok("audit", "show", "--json")) == before


def test_report_and_map_are_written(baoshan) -> None:
    folder, _ = baoshan
    for name in ("baoshan.html", "baoshan-map.html"):
        assert "<html" in (folder.files / name).read_text(encoding="utf-8")


def test_a_gcj02_file_that_says_nothing_is_refused(baoshan, shared_data) -> None:
    folder, _ = baoshan
    done = folder(
        "import", "areas", shared_data / "boundaries/shanghai_districts_datav_gcj02.json", "--level", "district"
    )
    assert done.returncode == 1
    assert "--datum gcj02" in done.stderr


def test_broken_json_is_refused_with_its_line(baoshan, shared_data) -> None:
    folder, _ = baoshan
    file = shared_data / "population/wuhan_worldpop/wuhan_boundary_broken.geojson"
    done = folder("import", "areas", file, "--level", "district", "--code-field", "osm_id")
    assert done.returncode == 1
    assert "5" in done.stderr


@pytest.mark.long
def test_the_demo_does_not_go_beside_real_data(baoshan) -> None:
    folder, _ = baoshan
    done = folder("demo", "load")
    assert done.returncode == 1
    assert "--data" in done.stderr


@pytest.mark.long
def test_the_manifest_of_wuhan_gives_what_the_single_imports_gave(tmp_path, shared_data) -> None:
    """The numbers are those of `gridmgmt import` and `coverage run`, called one by one in another order."""
    streets = shared_data / "networks/wuhan_streets.parquet"
    made = [sys.executable, PROJECT_DIR / "benchmarks/seeded_points.py", streets, "--count", "500", "--seed", "1"]
    subprocess.run([*made, "-o", tmp_path / "points.csv"], check=True, timeout=120)
    apply = next(command for command in readme_commands("wuhan") if command[0] == "apply")
    with data_folder() as data:
        folder = Folder(data, tmp_path)
        folder.ok("db", "start")
        printed = folder.ok(*arguments(apply, shared_data))
        totals = json.loads(folder.ok("coverage", "report", 1))["totals"]
        again = folder.ok(*arguments(apply, shared_data))
        folder.ok("db", "stop")
    assert "read 494676, took 494676" in printed
    assert totals["residents"] == pytest.approx(1_942_653.4, abs=0.1)
    assert totals["covered"] == pytest.approx(526_160.2872, abs=1e-3)
    assert totals["uncovered"] == pytest.approx(516_225.5176, abs=1e-3)
    assert totals["not_connectable"] == pytest.approx(276_384.7333, abs=1e-3)
    assert "nothing to do" in again
