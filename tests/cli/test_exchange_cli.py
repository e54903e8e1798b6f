"""A folder made by one manifest, areas out of it and in again, as a person does it."""

import json

import pytest

from tests.cli.test_command_line import Folder
from tests.db.test_manifest_apply import MANIFEST
from tests.support import paper_town
from tests.support.folders import data_folder


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> tuple[Folder, str]:
    """The paper town by its manifest, and what was printed."""
    files = tmp_path_factory.mktemp("files")
    for make in (paper_town.areas_file, paper_town.streets_file, paper_town.places_file, paper_town.points_file):
        make(files)
    (files / "district.yaml").write_text(MANIFEST, encoding="utf-8")
    with data_folder() as data:
        folder = Folder(data, files)
        folder.ok("db", "start")
        yield folder, folder.ok("apply", "district.yaml")
        folder.ok("db", "stop")


def test_what_would_change_is_shown_and_then_done(town) -> None:
    folder, printed = town
    lines = printed.splitlines()
    assert lines[0] == "纸上两镇 (district.yaml):"
    assert [line.split()[-2] for line in lines[2:8] if line.endswith((".geojson", ".csv"))] == ["new"] * 4
    assert lines[-1] == "纸上两镇: 6 steps done"
    planned = json.loads(folder.ok("apply", "district.yaml", "--plan", "--json"))
    assert {(step["state"], step["done"]) for step in planned} == {("there", False)}
    assert "nothing to do" in folder.ok("apply", "district.yaml")


def test_a_manifest_with_problems_is_refused_line_by_line(town) -> None:
    folder, _ = town
    (folder.files / "bad.yaml").write_text(
        "district: a\nareas: [{file: none.gpkg, level: town, colour: red}]\n", "utf-8"
    )
    done = folder("apply", "bad.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["2:16", "2:40"]
    assert "none.gpkg" in lines[0]
    assert "colour" in lines[1]
    assert len(lines) == 3
    assert "problems in the manifest bad.yaml: 2" in lines[2]


def test_an_export_is_told_and_comes_back_under_its_own_datum(town) -> None:
    folder, _ = town
    told = folder("export", "areas", "--level", "town", "--format", "shp", "--crs", "gcj02", "-o", "towns.zip")
    assert told.returncode == 0, told.stderr
    assert "wrote 2 areas to towns.zip (datum gcj02, CRS -; editions towns)" in told.stdout
    assert "parent_level → parent_lev" in told.stdout
    assert "claims no CRS" in told.stderr
    taken = json.loads(folder.ok("import", "areas", "towns.zip", "--level", "town", "--edition", "back", "--json"))
    assert (taken["read"], taken["taken"], taken["details"]["stated_datum"]) == (2, 2, "gcj02")
    wrong = folder("import", "areas", "towns.zip", "--level", "town", "--datum", "wgs84", "--edition", "wrong")
    assert wrong.returncode == 1
    assert "gcj02" in wrong.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--level", "town", "--format", "gpkg", "-o", "towns.zip"), ".gpkg"),
        (("--level", "town", "--format", "gpkg", "-o", "no/such/folder.gpkg"), "no/such"),
        (("--level", "grid_cell", "--format", "gpkg", "-o", "a.gpkg"), "grid_cell"),
        (("--level", "town", "--within", "999", "--format", "gpkg", "-o", "a.gpkg"), "999"),
    ],
)
def test_an_export_that_cannot_be_is_one_line(town, arguments, said) -> None:
    folder, _ = town
    done = folder("export", "areas", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
