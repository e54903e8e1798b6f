"""``gridmgmt plans`` on the town drawn in `tests.support.paper_town`; it is adopted today, whatever day that is."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from gridmgmt.cli.main import root
from gridmgmt.clock import local_date, system_clock
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import GridMgmtError
from tests.support.planning import CANDIDATES, keep
from tests.support.planning import run as site

Run = Callable[..., Result]
SOON, END = (local_date(system_clock()) + timedelta(days=days) for days in (30, 60))


@pytest.fixture
def run(paper_town_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    engine = make_engine(paper_town_url)
    sessions = make_sessions(engine)
    site(sessions)
    keep(sessions, "one", site(sessions, 1, CANDIDATES[1:]))
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", paper_town_url)

    def run(*arguments: object) -> Result:
        found = CliRunner().invoke(root, ["--lang", "en", *map(str, arguments)])
        if found.exception is not None and not isinstance(found.exception, SystemExit | GridMgmtError):
            raise found.exception
        return found

    return run


def test_a_plan_from_the_draft_to_the_rerun(run: Run, tmp_path: Path) -> None:
    assert "kept the draft" in run("plans", "draft", "town", "--run", 1, "--note", "first").output
    assert run("plans", "draft", "town", "--run", 1).exit_code != 0
    listed = json.loads(run("plans", "list", "--json").output)
    assert [(row["name"], row["state"], row["points"], row["built"]) for row in listed] == [
        ("town", "draft", 3, None),
        ("one", "draft", 1, None),
    ]
    assert "Most residents within the limit" in run("plans", "show", "town").output

    side = run("plans", "compare", "town", "one").output
    assert "After town" in side
    assert "310113002" in side
    found = json.loads(run("plans", "compare", "town", "one", "--json").output)
    assert [plan["figures"]["covered_after"] for plan in found["plans"]] == [60.75, 30.75]
    assert run("plans", "compare", "town").exit_code != 0

    terms = ("--owner", "office", "--budget", 250_000, "--milestone", f"{SOON}=1")
    assert run("plans", "adopt", "town", *terms).exit_code != 0, "the last milestone counts all points"
    adopted = run("plans", "adopt", "town", *terms, "--milestone", f"{END}=3").output
    assert "3 targets, owned by office" in adopted
    assert "0 of 3 are built" in adopted
    assert "exceed the budget by 100,000 yuan" in adopted
    assert "Ahead" in run("plans", "show", "town").output
    assert "Late" in run("plans", "show", "town", "--on", END + timedelta(days=1)).output

    again = run("plans", "rerun", "town").output
    assert "0 are built; 3 stay, 0 are left, 0 are new" in again
    assert "re-run 3" in again
    assert json.loads(run("plans", "change", "town", "--json").output)["run_id"] == 3
    assert "withdrew" in run("plans", "withdraw", "town", "--reason", "sold").output
    assert "sold" in run("plans", "show", "town").output
    assert "Withdrawn" in run("plans", "list").output


def test_targets_go_out_as_tables(run: Run, tmp_path: Path) -> None:
    run("plans", "draft", "town", "--run", 1)
    run("plans", "adopt", "town", "--owner", "office", "--budget", 1, "--milestone", f"{END}=3")
    table = tmp_path / "targets.csv"
    run("plans", "show", "town", "--format", "csv", "-o", table)
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    assert [(row["Rank"], row["Name"], row["Due on"], row["Owner"]) for row in rows] == [
        (str(rank), name, END.isoformat(), "office") for rank, name in enumerate("uvw", 1)
    ]
    book = tmp_path / "plan.xlsx"
    run("plans", "show", "town", "--format", "xlsx", "-o", book)
    assert openpyxl.load_workbook(book).sheetnames == ["Plan", "Milestones", "Targets"]


def test_a_milestone_is_a_day_and_a_number(run: Run) -> None:
    for wrong in ("5", "2027-12-31", "soon=5", "2027-12-31=five", "2027-12-31=-1"):
        refused = run("plans", "adopt", "one", "--owner", "office", "--budget", 1, "--milestone", wrong)
        assert refused.exit_code == 2, wrong
