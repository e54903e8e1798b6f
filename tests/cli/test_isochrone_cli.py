"""``gridmgmt isochrone`` over the town drawn in `tests.support.paper_town`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gridmgmt.cli.isochrones import isochrone
from gridmgmt.settings import Settings
from gridmgmt.walking.cache import WARM
from tests.support.paper_town import degrees


@pytest.fixture
def run(paper_town_url: str, tmp_path: Path):
    settings = Settings(data=tmp_path, database_url=paper_town_url, lang="en")
    yield lambda *arguments: CliRunner().invoke(isochrone, list(arguments), obj=settings)
    WARM.clear()


def test_areas_of_a_point_into_a_file(run, tmp_path) -> None:
    file = tmp_path / "areas.geojson"
    done = run("--point", "A", "--bands", "1,5", "--time", "wed 09:30", "-o", str(file))
    assert done.exit_code == 0, done.output
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:5]] == [
        ["certain", "1"], ["possible", "1"], ["certain", "5"], ["possible", "5"]
    ]  # fmt: skip
    assert str(file) in done.stdout
    document = json.loads(file.read_text(encoding="utf-8"))
    assert [feature["properties"]["minutes"] for feature in document["features"]] == [1, 1, 5, 5]
    assert document["parameters"]["time"] == "wed 09:30"
    assert {edition["name"] for edition in document["editions"]} == {"streets", "points"}
    assert [target["code"] for target in document["targets"]] == ["A"]


def test_areas_of_a_spot_on_standard_output(run) -> None:
    lon, lat = degrees([(500, 20)])[0]
    done = run("--at", f"{lon},{lat}", "--minutes", "3", "--json")
    assert done.exit_code == 0, done.output
    certain = json.loads(done.stdout)["features"][0]["properties"]
    # 149.4 m, of which 20 to the street: |x - 500| + |y| ≤ 129.4 with |y| ≤ 100, two sides of the point.
    assert certain["area_m2"] == pytest.approx(2 * (2 * 100 * 129.4 - 100**2), rel=0.02)


def test_words_of_refusals(run) -> None:
    assert "121.4427,31.3406" in run("--at", "here").output
    lon, lat = degrees([(5000, 0)])[0]
    assert run("--at", f"{lon},{lat}").exception.code == "spot_off_network"
