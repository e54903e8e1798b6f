"""``gridmgmt merging`` from files to responsibility grids, on a real database."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
import shapely
from click.testing import CliRunner, Result

from gridmgmt.cli.main import root
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import ConflictError, InputError
from tests.support.departments import DEPARTMENTS
from tests.support.division import add_cases, add_residents, spot
from tests.support.paper_district import FIRST, GUCUN, load_district

Run = Callable[..., Result]
THREE = tuple(argument for name in DEPARTMENTS for argument in ("--department", name))


@pytest.fixture
def run(fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command on the district drawn on paper, with residents and a case."""
    engine = make_engine(fresh_database_url)
    with make_sessions(engine).begin() as session:
        load_district(session)
        add_residents(session, FIRST, [(spot(4.5, 1.5), [30.0, 0, 0, 0, 0]), (spot(1.5, 1.5), [7.0, 0, 0, 0, 0])])
        add_cases(session, FIRST, [(spot(4.5, 0.5), "litter", "reported", "2026-01-01T08:00:00+08:00")])
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Result:
        found = CliRunner().invoke(root, ["--lang", "en", *map(str, arguments)])
        if found.exception is not None and not isinstance(found.exception, SystemExit | InputError | ConflictError):
            raise found.exception
        return found

    return run


def add_file(run: Run, folder: Path, name: str, of: dict[str, shapely.Geometry]) -> Result:
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": json.loads(shapely.to_geojson(surface))}
        for code, surface in of.items()
    ]
    file = folder / f"{name}.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    said = ("--edition", "2026", "--valid-from", "2016-01-01", "--datum", "wgs84")
    # The district on paper is synthetic; a file with a declared datum is told apart from it by its source alone.
    return run("import", "department-grids", file, "--department", name, *said)


@pytest.fixture
def loaded(run: Run, fresh_database_url: str) -> Run:
    """The departments beside it; as synthetic as the district is, which the command line has no option for."""
    from tests.support.departments import add_all  # noqa: PLC0415

    engine = make_engine(fresh_database_url)
    with make_sessions(engine).begin() as session:
        add_all(session)
    engine.dispose()
    return run


def test_a_real_file_does_not_mix_with_a_synthetic_district(run: Run, tmp_path: Path) -> None:
    refused = add_file(run, tmp_path, "police", DEPARTMENTS["police"])
    assert isinstance(refused.exception, ConflictError)
    assert refused.exception.code == "folder_holds_demo"


def test_compare_shows_land_residents_and_cases(loaded: Run) -> None:
    found = json.loads(loaded("merging", "compare", *THREE, "--json").output)
    border = found["conflict_list"][0]
    assert (border["kind"], border["residents_60_plus"], border["cases"]) == ("border", 30.0, 1)
    assert border["grids"] == {"city_operation": ["C2"], "party": ["D2"], "police": ["P1"]}
    assert border["outcomes"]["common"] == ["C2"]
    shown = loaded("merging", "compare", *THREE).output
    assert "city_operation, party, police compared on" in shown
    assert "border differs" in shown
    listed = json.loads(loaded("merging", "departments", "--json").output)
    assert [each["department"] for each in listed] == ["city_operation", "party", "police"]


def test_a_merge_with_a_decision_is_kept_shown_and_reported(loaded: Run, tmp_path: Path) -> None:
    decisions = tmp_path / "decisions.csv"
    decisions.write_text("conflict,grid,reason\n1,C1,现场踏勘\n", encoding="utf-8")
    made = loaded(
        "merging", "resolve", "--way", "lead", "--edition", "m", *THREE, "--decisions", decisions, "--on", "2026-01-15"
    )
    assert "merge 1 is stored as the edition “m” (by the lead)" in made.output
    listed = json.loads(loaded("merging", "list", "--json").output)
    assert [(each["merge_id"], each["edition"], each["way"]) for each in listed] == [(1, "m", "lead")]
    shown = json.loads(loaded("merging", "show", 1, "--json").output)
    assert shown["conflict_list"][0]["decided_to"] == "C1"
    assert "现场踏勘" in loaded("merging", "show", 1).output
    for format_ in ("json", "csv", "xlsx", "html", "geojson"):
        file = tmp_path / f"report.{format_}"
        assert f"{file}" in loaded("merging", "report", 1, "--format", format_, "-o", file).output
        assert file.stat().st_size > 300
    features = json.loads((tmp_path / "report.geojson").read_text(encoding="utf-8"))["features"]
    assert [feature["properties"]["kind"] for feature in features] == ["border", "gap", "overlap"]
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx")["Conflicts"]
    assert [row[1].value for row in sheet.iter_rows(min_row=2)][-3:] == ["border differs", "gap", "overlap"]


@pytest.mark.parametrize(
    ("content", "code"),
    [("conflict,grid\n1,C1\n", "decisions_malformed"), ("conflict,grid,reason\nx,C1,why\n", "decisions_malformed")],
)
def test_malformed_decisions_are_refused(loaded: Run, tmp_path: Path, content: str, code: str) -> None:
    file = tmp_path / "decisions.csv"
    file.write_text(content, encoding="utf-8")
    refused = loaded("merging", "compare", *THREE, "--decisions", file)
    assert isinstance(refused.exception, InputError)
    assert refused.exception.code == code


def test_a_merge_by_cells_becomes_responsibility_grids(loaded: Run) -> None:
    made = loaded("merging", "resolve", "--way", "cells", "--edition", "m", *THREE, "--area", GUCUN)
    assert made.exit_code == 0
    adopted = loaded("merging", "adopt", 1, "--kind", "comprehensive", "--json")
    found = json.loads(adopted.output)
    # Of the fourth cell's eight squares that are held, column 3 is C1's by three votes, column 4 C2's by two of three.
    assert (found["cells"], found["grids"]) == (4, 1)
    grids = json.loads(loaded("grids", "list", "--kind", "comprehensive", "--json").output)
    items = grids if isinstance(grids, list) else grids["items"]
    assert [grid["code"] for grid in items] == ["comprehensive-C1"]
