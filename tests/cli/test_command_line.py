"""The command line as a person uses it: its own process, an embedded database of its own, real files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import paper_town

COMMAND = Path(sys.executable).with_name("gridmgmt")


class Folder:
    """A data folder and the command that works on it."""

    def __init__(self, data: Path, files: Path) -> None:
        self.data, self.files = data, files

    def __call__(self, *arguments: object, lang: str = "en") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "GRIDMGMT_LANG": lang}
        environment.pop("DATABASE_URL", None)
        return subprocess.run(
            [COMMAND, "--data", self.data, *map(str, arguments)],
            capture_output=True, text=True, cwd=self.files, env=environment, check=False, timeout=300,
        )  # fmt: skip

    def ok(self, *arguments: object) -> str:
        done = self(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Folder:
    """A data folder that holds the paper town; its database runs until the module is through."""
    files = tmp_path_factory.mktemp("files")
    folder = Folder(tmp_path_factory.mktemp("data"), files)
    folder.ok("db", "start")
    folder.ok("import", "areas", paper_town.areas_file(files), "--level", "town", "--valid-from", "2026-01-01")
    folder.ok("import", "network", paper_town.streets_file(files))
    folder.ok("import", "population", paper_town.places_file(files))
    folder.ok("import", "service-points", paper_town.points_file(files))
    yield folder
    folder.ok("db", "stop")


def test_a_run_and_its_reports(town, tmp_path) -> None:
    shown = town.ok("coverage", "run")
    assert "310113001" in shown
    document = json.loads(town.ok("coverage", "run", "--json"))
    assert document["totals"]["residents"] == pytest.approx(75.75)
    assert document["totals"]["covered"] == pytest.approx(30.75)
    for format_ in ("json", "html", "xlsx", "geojson"):
        first, again = tmp_path / f"1.{format_}", tmp_path / f"2.{format_}"
        town.ok("coverage", "report", 1, "--format", format_, "-o", first)
        town.ok("coverage", "report", 2, "--format", format_, "-o", again)
        assert first.read_bytes() == again.read_bytes(), f"{format_}: the same question, the same bytes"
        assert first.stat().st_size > 500


def test_the_public_report_lists_no_place(town) -> None:
    town.ok("coverage", "run")
    report = json.loads(town.ok("coverage", "report", 1, "--public"))
    assert report["form"] == "public"
    assert report["uncovered_places"] is None


def test_look_ups(town) -> None:
    lon, lat = paper_town.degrees([(500, 50)])[0]
    found = json.loads(town.ok("areas", "at", lon, lat, "--json"))
    assert [area["code"] for area in found] == ["310113001"]
    assert town("areas", "at", lon, lat, "--on", "2025-12-31").stdout.count("310113001") == 0
    assert "310113002" in town.ok("areas", "show", "310113002")
    assert "towns" in town.ok("areas", "editions")


def test_importing_again_doubles_nothing(town) -> None:
    again = json.loads(town.ok("import", "areas", town.files / "towns.geojson", "--level", "town", "--json"))
    assert (again["new"], again["taken"]) == (False, 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("coverage", "run", "--minutes", "-3"), "minutes"),
        (("coverage", "run", "--area", "999"), "999"),
        (("coverage", "run", "--type", "medical"), "import some"),
        (("coverage", "report", "77"), "77"),
        (("areas", "at", "500", "31"), "lon"),
        (("areas", "show", "nope"), "nope"),
        (("import", "areas", "missing.geojson", "--level", "town"), "missing.geojson"),
        (("import", "population"), "--raster"),
        (("demo", "load"), "--data"),
        (("db", "reset"), "--yes"),
    ],
)
def test_a_mistake_is_one_line_and_exit_1(town, arguments, said) -> None:
    done = town(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("import", "areas"), ("coverage", "run", "--minutes", "soon"), ("dance",)])
def test_wrong_usage_is_exit_2(town, arguments) -> None:
    done = town(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_file_with_bad_rows_leaves_a_list_of_them(town) -> None:
    bad = town.files / "bad.csv"
    bad.write_text("code,name,type,lon,lat\n1,a,medical,121.4,31.3\n2,b,medical,31.3,121.4\n3,c,castle,121.4,31.3\n")
    done = town("import", "service-points", bad)
    assert done.returncode == 1
    listed = (town.files / "bad.refused.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in listed[1:]] == ["3", "4"]
    taken = json.loads(town.ok("import", "service-points", bad, "--partial", "--json"))
    assert (taken["read"], taken["taken"], taken["refused"]) == (3, 1, 2)


def test_chinese_is_the_default(town) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GRIDMGMT_")}
    done = subprocess.run(
        [COMMAND, "--data", town.data, "areas", "show", "nope"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert "区划" in done.stderr


def test_help_lists_every_command(town) -> None:
    shown = town.ok("--help")
    for command in ("areas", "coverage", "db", "demo", "import", "map", "serve", "worker"):
        assert f"\n  {command} " in shown
