"""The command line as a person uses it, on a database of its own and real files; signals and terminals in a process."""

import json
import os
import signal
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import geopandas as gpd
import psycopg
import pytest

from gridmgmt.cluster import Cluster
from tests.support import paper_town
from tests.support.command import run_here
from tests.support.folders import data_folder

COMMAND = Path(sys.executable).with_name("gridmgmt")


class Folder:
    """A data folder and the command that works on it."""

    def __init__(self, data: Path, files: Path) -> None:
        self.data, self.files = data, files

    def __call__(self, *arguments: object, lang: str = "en") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "GRIDMGMT_LANG": lang}
        environment.pop("DATABASE_URL", None)
        return run_here("--data", self.data, *arguments, environment=environment, folder=self.files)

    def ok(self, *arguments: object) -> str:
        done = self(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Folder:
    """A data folder that holds the paper town; its database runs until the module is through."""
    files = tmp_path_factory.mktemp("files")
    with data_folder() as data:
        folder = Folder(data, files)
        folder.ok("db", "start")
        folder.ok("import", "areas", paper_town.areas_file(files), "--level", "town", "--valid-from", "2026-01-01")
        folder.ok("areas", "activate", "towns", "--document", "drawn on paper")
        folder.ok("import", "network", paper_town.streets_file(files))
        folder.ok("import", "population", paper_town.places_file(files))
        folder.ok("import", "service-points", paper_town.points_file(files))
        yield folder
        folder.ok("db", "stop")


def test_a_run_and_its_reports(town, tmp_path) -> None:
    shown = town.ok("coverage", "run")
    assert "310113001" in shown
    total = next(line for line in shown.splitlines() if line.startswith("total"))
    assert total.split()[1:6] == ["76", "31", "30", "9", "6"], "counted residents are whole numbers"
    document = json.loads(town.ok("coverage", "run", "--json"))
    assert document["totals"]["residents"] == pytest.approx(75.75)
    assert document["totals"]["covered"] == pytest.approx(30.75)
    for format_ in ("html", "xlsx"):
        first, again = tmp_path / f"1.{format_}", tmp_path / f"2.{format_}"
        town.ok("coverage", "report", 1, "--format", format_, "-o", first)
        town.ok("coverage", "report", 2, "--format", format_, "-o", again)
        assert first.read_bytes() == again.read_bytes(), f"{format_}: the same question, the same bytes"
        assert first.stat().st_size > 500


@pytest.mark.long
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
        (("areas", "at", "-500", "31"), "lon"),
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


@pytest.mark.long
def test_the_extent_of_the_folder_tells_swapped_points(data_dir, tmp_path) -> None:
    """South of the equator no rule of thumb helps: the mirror image of a town is a place as well."""
    folder = Folder(data_dir, tmp_path)
    first, swapped = tmp_path / "first.csv", tmp_path / "swapped.csv"
    first.write_text("name,lon,lat\na,18.40,-33.90\nb,18.50,-33.95\n", encoding="utf-8")
    swapped.write_text("name,lon,lat\nc,-33.91,18.45\n", encoding="utf-8")
    folder.ok("import", "service-points", first, "--type", "medical")
    done = folder("import", "service-points", swapped, "--type", "medical")
    assert done.returncode == 1
    assert "swapped" in (tmp_path / "swapped.refused.csv").read_text(encoding="utf-8-sig")


@pytest.mark.long
def test_a_list_of_refused_rows_that_cannot_be_written_keeps_nothing(town) -> None:
    bad = town.files / "list.csv"
    bad.write_text("code,name,type,lon,lat\n1,a,medical,121.4,31.3\n3,c,castle,121.4,31.3\n", encoding="utf-8")
    done = town("import", "service-points", bad, "--partial", "--refused", town.files / "no" / "where.csv")
    assert done.returncode == 1
    assert "--refused" in done.stderr
    assert "Traceback" not in done.stderr
    editions = json.loads(town.ok("areas", "editions", "--json"))
    assert "list" not in [edition["name"] for edition in editions]


@pytest.mark.long
def test_one_layer_of_several_can_be_named_for_points(town) -> None:
    path = town.files / "two.gpkg"
    for layer, lon in (("shops", 121.40), ("clinics", 121.41)):
        points = gpd.GeoDataFrame({"name": [layer]}, geometry=gpd.points_from_xy([lon], [31.3]), crs=4326)
        points.to_file(path, layer=layer)
    assert "--layer" in town("import", "service-points", path, "--type", "medical").stderr
    told = town.ok("import", "service-points", path, "--type", "medical", "--layer", "clinics", "--json")
    assert json.loads(told)["taken"] == 1


@pytest.mark.parametrize(
    "blow",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
        pytest.param(signal.SIGKILL, marks=pytest.mark.long),
    ],
)
def test_an_import_cut_off_while_it_stores_keeps_nothing(town, blow) -> None:
    """Another import holds the lock for which this one waits; there it is struck."""
    places = town.files / f"cut{int(blow)}.csv"
    places.write_text("lon,lat,residents_60_plus\n" + "121.4,31.3,1\n" * 100, encoding="utf-8")
    url = Cluster(town.data).url()
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE population_places IN EXCLUSIVE MODE")
        process = subprocess.Popen(
            [COMMAND, "--data", town.data, "import", "population", places], stderr=subprocess.PIPE, text=True
        )
        with psycopg.connect(url, autocommit=True) as watcher:
            _until_waiting(watcher, process)
        process.send_signal(blow)
        _, told = process.communicate(timeout=60)
    assert process.returncode in (130, -blow), told
    assert "Traceback" not in told
    assert f"cut{int(blow)}" not in [e["name"] for e in json.loads(town.ok("areas", "editions", "--json"))]


def _until_waiting(watcher: psycopg.Connection, process: subprocess.Popen[str]) -> None:
    """Return when a statement that copies places waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COPY%population_places%'"
    while watcher.execute(waiting).fetchone() is None:
        assert process.poll() is None, "the import ended before it could be struck"


def _all_of(terminal: int) -> str:
    """Return what a pseudo-terminal shows after its other end was closed; Linux ends that with an error."""
    shown = b""
    with suppress(OSError):
        while block := os.read(terminal, 4096):
            shown += block
    os.close(terminal)
    return shown.decode()


def test_a_terminal_is_shown_what_goes_on(town) -> None:
    """A pseudo-terminal stands for the person's screen; a pipe gets no progress."""
    places = town.files / "seen.csv"
    places.write_text("lon,lat,residents_60_plus\n121.4,31.3,1\n", encoding="utf-8")
    command = [COMMAND, "--data", town.data, "--lang", "en", "import", "population", places]
    main_end, their_end = os.openpty()
    termios.tcsetwinsize(their_end, (24, 100))
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=their_end, text=True, check=False, timeout=60)
    os.close(their_end)
    seen = _all_of(main_end)
    assert done.returncode == 0, seen
    assert "reading seen.csv" in seen
    assert "storing seen.csv" in seen
    assert "reading" not in town("import", "population", places).stderr
