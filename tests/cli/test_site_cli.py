"""``gridmgmt site`` on the town drawn in `tests.support.paper_town`; numbers as in `tests/db/test_siting_run.py`."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gridmgmt.cli.main import root
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import GridMgmtError
from gridmgmt.walking.cache import WARM
from tests.support import paper_town
from tests.support.paper_town import degrees

Run = Callable[..., Result]
ASKED = ("--type", "elderly_service_point", "--on", "2026-01-15", "--no-judge")


@pytest.fixture(scope="module")
def run(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    engine = make_engine(module_database_url)
    paper_town.load(make_sessions(engine), tmp_path_factory.mktemp("town"))
    engine.dispose()

    def run(*arguments: object) -> Result:
        words = ["--lang", "en", *map(str, arguments)]
        found = CliRunner(env={"DATABASE_URL": module_database_url}).invoke(root, words)
        if found.exception is not None and not isinstance(found.exception, SystemExit | GridMgmtError):
            raise found.exception
        return found

    yield run
    WARM.clear()


@pytest.fixture
def spots(tmp_path: Path) -> Path:
    path = tmp_path / "spots.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["lon", "lat", "code", "name"])
        for name, at in (("u", (1500, 400)), ("w", (1400, 0)), ("v", (2500, 0))):
            writer.writerow([*degrees([at])[0], name.upper(), name])
    return path


def test_a_plan_is_searched_shown_exported_and_replayed(run, spots, tmp_path) -> None:
    told = run("site", "run", *ASKED, "--points", 1, "--candidates", spots)
    assert told.exit_code == 0, told.output
    assert "no plan of 1 points is better" in told.output
    assert "gridmgmt site export" in told.output
    listed = json.loads(run("site", "list", "--json").output)
    assert (listed[0]["model"], listed[0]["state"], listed[0]["points"]) == ("max_coverage", "succeeded", 1)
    assert "Most residents within the limit" in run("site", "list").output
    run_id = listed[0]["run_id"]
    shown = json.loads(run("site", "show", run_id, "--json").output)
    assert (shown["certificate"]["objective"], shown["chosen"][0]["code"]) == (60.75, "U")
    for suffix in ("json", "html", "xlsx", "geojson"):
        file = tmp_path / f"plan.{suffix}"
        assert run("site", "export", run_id, "-o", file).exit_code == 0
        assert file.stat().st_size > 100
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8")) == shown
    again = run("site", "replay", run_id, "--json")
    assert (again.exit_code, json.loads(again.output)["same"]) == (0, True)
    ended = run("site", "stop", run_id, "--keep")
    assert isinstance(ended.exception, GridMgmtError) or ended.exit_code == 1


def test_candidates_come_from_streets_and_zones_from_a_file(run, tmp_path) -> None:
    """The zone holds both ends of the side street, from which p3 is reached."""
    ring = degrees([(1450, -50), (1550, -50), (1550, 1050), (1450, 1050), (1450, -50)])
    zone = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    file = tmp_path / "zones.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [zone]}), encoding="utf-8")
    asked = ("site", "run", *ASKED, "--points", 1, "--candidates", "network", "--every", 30, "--json")
    free, bound = (json.loads(run(*asked, *more).output) for more in ((), ("--forbidden", file)))
    assert (free["certificate"]["objective"], free["candidates"], free["terms"]["every_m"]) == (60.75, 6, 30)
    assert (bound["certificate"]["objective"], bound["eligible"]) == (30.75, 4)
    assert [(each["reason"], each["count"]) for each in bound["rejected"]] == [("forbidden_zone", 2)]


def test_an_answer_is_written_at_once_and_what_is_wrong_said(run, spots, tmp_path) -> None:
    file = tmp_path / "plan.geojson"
    told = run("site", "run", *ASKED, "--model", "set_cover", "--candidates", spots, "-o", file)
    assert told.exit_code == 0, told.output
    assert json.loads(file.read_text(encoding="utf-8"))["type"] == "FeatureCollection"
    for wrong, code in [
        (("--points", 9, "--candidates", spots), "siting_points_too_many"),
        (("--candidates", spots), "siting_points_needed"),
        (("--points", 1, "--candidates", "layer:moon"), "choice_unknown"),
        (("--points", 1, "--candidates", spots, "-o", tmp_path / "plan.txt"), "report_format_unknown"),
        (("--points", 1, "--candidates", spots, "--forbidden", spots), "siting_zones_unreadable"),
    ]:
        refused = run("site", "run", *ASKED, *wrong)
        assert refused.exit_code == 1
        assert getattr(refused.exception, "code", code) == code
