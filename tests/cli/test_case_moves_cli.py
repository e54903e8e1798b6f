"""One case on the command line: shown, moved, its log, and the check of all logs."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from click.testing import CliRunner, Result

from gridmgmt.cases.rules import CaseSource
from gridmgmt.casework.asking import ReportAsk
from gridmgmt.casework.intake import Reported, report
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.cli.main import root
from gridmgmt.clock import local_date, system_clock
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.errors import GridMgmtError, StaleVersionError, TransitionNotAllowedError
from tests.support import paper_grids
from tests.support.actors import TESTER
from tests.support.division import spot

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def case_no(module_database_url: str) -> Iterator[str]:
    """A case that was reported an hour ago."""
    engine = make_engine(module_database_url)
    now = system_clock()
    with transaction(make_sessions(engine)) as session:
        paper_grids.build(session)
        load_builtin(session, TESTER, today=local_date(now))
        lon, lat = spot(0.5, 0.5)
        found = report(session, TESTER, ReportAsk(lon, lat, "0101", CaseSource.VIDEO), now=now - timedelta(hours=1))
    assert isinstance(found, Reported)
    yield found.case_no
    engine.dispose()


@pytest.fixture
def run(module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", module_database_url)
    return lambda *arguments: CliRunner().invoke(root, ["--lang", "en", *map(str, arguments)])


def test_a_case_is_moved_shown_and_checked(run: Run, case_no: str, module_database_url: str) -> None:
    assert run("cases", "move", case_no, "accept").exit_code == 0
    asked = run("cases", "move", case_no, "register")
    assert isinstance(asked.exception, GridMgmtError)
    assert asked.exception.code == "move_needs"
    assert run("cases", "move", case_no, "register", "--condition", 2, "--version", 2).exit_code == 0
    stale = run("cases", "move", case_no, "void", "--reason", "x", "--version", 2)
    assert isinstance(stale.exception, StaleVersionError)
    moved = run(
        "cases", "move", case_no, "dispatch", "--department", "water_company", "--department", "gas_company", "--json"
    )
    case = json.loads(moved.output)
    assert (case["state"], case["version"], case["department_code"]) == ("dispatched", 4, "water_company")
    assert [task["department_code"] for task in case["tasks"]] == ["water_company", "gas_company"]
    illegal = run("cases", "move", case_no, "close")
    assert isinstance(illegal.exception, TransitionNotAllowedError)
    assert run("cases", "move", case_no, "handle", "--department", "gas_company").exit_code == 0

    shown = run("cases", "show", case_no).output
    assert f"{case_no} (v5)" in shown
    assert "give_feedback Give feedback" in shown
    lines = run("cases", "log", case_no).output.splitlines()
    assert [line.split("  ")[1].strip() for line in lines[1:]] == [
        "Report", "Accept", "Register", "Dispatch", "Begin handling",
    ]  # fmt: skip
    entries = json.loads(run("cases", "log", case_no, "--json").output)
    assert [entry["version"] for entry in entries] == [1, 2, 3, 4, 5]

    assert run("cases", "check").output.startswith("1 cases and 5 entries")
    with psycopg.connect(module_database_url) as connection:
        connection.execute("UPDATE cases SET supervised = true")
    found = run("cases", "check")
    assert found.exit_code == 1
    assert f"case {case_no}: supervised" in found.output
    (finding,) = json.loads(run("cases", "check", "--json").output)["findings"]
    assert finding["differences"] == {"supervised": [True, False]}
