"""``gridmgmt place`` and ``gridmgmt norms`` on the town drawn in `tests.support.paper_town`."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from gridmgmt.cli.norms import norms
from gridmgmt.cli.place import place
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import InputError
from gridmgmt.settings import Settings
from tests.support import paper_town
from tests.support.paper_town import DAY, degrees

NEAR, FAR = (",".join(map(str, degrees([at])[0])) for at in ((1400, 20), (2800, 5)))
ASKED = ("--type", "elderly_service_point", "--on", DAY.isoformat())

Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a command on the town and return what it prints."""
    folder = tmp_path_factory.mktemp("town")
    engine = make_engine(module_database_url)
    paper_town.load(make_sessions(engine), folder)
    engine.dispose()
    settings = Settings(data=folder, database_url=module_database_url)

    def ran(command, *arguments: str, lang: str = "en", exit_code: int = 0) -> str:
        used = settings.model_copy(update={"lang": lang})
        done = CliRunner().invoke(command, list(arguments), obj=used, catch_exceptions=exit_code != 0)
        assert done.exit_code == exit_code, done.output
        return done.output

    return ran


def test_one_spot_in_words(run: Run) -> None:
    said = run(place, "--at", NEAR, *ASKED, "--set", "floor_area_m2=20", "--set", "capacity=3")
    assert "As of 2026-01-01, profile" in said
    assert "floor area (m²) is 20; at least 50 is asked" in said
    assert "needed: give its storey; say whether daylight is sufficient (daylight)" in said
    assert "十二项检查" not in said
    assert "建筑面积" in run(place, "--at", NEAR, *ASKED, "--set", "floor_area_m2=20", lang="zh")


def test_one_spot_as_json_and_as_a_page(run: Run, tmp_path: Path) -> None:
    card = json.loads(run(place, "--at", NEAR, *ASKED, "--json", "--trip", "to_point", "--name", "here"))
    assert (card["facts"]["gain"]["residents"], card["candidate"]["name"]) == (30, "here")
    assert "card.html" in run(place, "--at", NEAR, *ASKED, "--html", "-o", str(tmp_path / "card.html"))
    assert (tmp_path / "card.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_candidates_from_a_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "candidates.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("name", "lon", "lat"), ("far", *FAR.split(",")), ("near", *NEAR.split(","))]
        )  # fmt: skip
    said = run(place, "--file", str(path), *ASKED)
    assert said.startswith("Ranked by fewest failed checks")
    assert said.index("near") < said.index("far ")
    for suffix in ("csv", "xlsx", "geojson", "json"):
        output = tmp_path / f"ranked.{suffix}"
        assert "2 candidates judged" in run(place, "--file", str(path), *ASKED, "-o", str(output))
        assert output.stat().st_size
    assert [each["rank"] for each in json.loads(run(place, "--file", str(path), *ASKED, "--json"))["candidates"]] == [
        1,
        2,
    ]


def test_bad_usage_says_what_is_right(run: Run) -> None:
    assert "121.4427,31.3406" in run(place, "--at", "121.4", *ASKED, exit_code=2)
    assert "--file" in run(place, *ASKED, exit_code=2)
    with pytest.raises(InputError) as refused:
        run(place, "--at", NEAR, *ASKED, "--set", "height=3")
    assert "floor_area_m2" in refused.value.message("en")
    with pytest.raises(InputError) as refused:
        run(place, "--at", NEAR, *ASKED, "--set", "storey=two")
    assert refused.value.message("en") == "storey: “two” cannot be read; as 2"


def test_norms_are_listed_shown_and_taken_in(run: Run, tmp_path: Path) -> None:
    listed = {each["name"]: each for each in json.loads(run(norms, "list", "--json"))}
    assert listed["gb_50437"]["edition"] == "2018"
    assert "floor area (m²)" in run(norms, "show", "gb_50180")
    path = tmp_path / "own.csv"
    path.write_text(
        "item,types,least,most,severity,evidence,source\nnew_residents,,50,,warn,D,plan\n", encoding="utf-8"
    )
    take = ("import", str(path), "--name", "own", "--edition", "1", "--valid-from", "2026-01-01")
    assert run(norms, *take).strip() == "norm set own (1) taken in with 1 norms, from 2026-01-01 on"
    assert run(norms, *take).strip() == "norm set own (1) was there already, unchanged"
    shown = json.loads(run(norms, "show", "own", "--on", "2026-02-01", "--json"))
    assert shown["norms"][0]["least"] == 50
    assert "own" in run(norms, "list", "--all")
