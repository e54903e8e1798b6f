"""``gridmgmt scenarios`` and ``gridmgmt gates what-if`` on the town drawn in `tests.support.paper_town`."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gridmgmt.cli.main import root
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import GridMgmtError
from gridmgmt.walking.cache import WARM
from tests.support.paper_gates import load_gates
from tests.support.paper_town import degrees

Run = Callable[..., Result]
ON = ("--on", "2026-01-15")


@pytest.fixture
def run(paper_town_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    engine = make_engine(paper_town_url)
    sessions = make_sessions(engine)
    load_gates(sessions, tmp_path)
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", paper_town_url)

    def run(*arguments: object) -> Result:
        found = CliRunner().invoke(root, ["--lang", "en", *map(str, arguments)])
        if found.exception is not None and not isinstance(found.exception, SystemExit | GridMgmtError):
            raise found.exception
        return found

    yield run
    WARM.clear()


def test_a_scenario_goes_out_and_comes_in_again(run, tmp_path) -> None:
    assert "no scenarios" in run("scenarios", "list").output
    file = tmp_path / "plan.json"
    file.write_text(json.dumps([{"kind": "add_path", "line": degrees([(500, 0), (1500, 500)])}]), encoding="utf-8")
    assert "version 1: 1 edits over the network streets" in run("scenarios", "save", "plan", file, *ON).output
    shown = run("scenarios", "show", "plan").output
    file.write_text(shown, encoding="utf-8")
    assert "version 2" in run("scenarios", "save", "plan", file, *ON, "--seen", 1).output
    listed = json.loads(run("scenarios", "list", "--json").output)
    assert [(each["name"], each["version"], each["edits"]) for each in listed] == [("plan", 2, json.loads(shown))]
    assert len(json.loads(run("scenarios", "versions", "plan", "--json").output)) == 2
    # By the path p3 (30 residents) would be cut off less: with the gate closed, p3 still has no way to A.
    told = json.loads(run("gates", "what-if", "G1", "--close", "--scenario", "plan", *ON, "--json").output)
    assert (told["parameters"]["scenario"], told["total"]["places"]) == ("plan@2", 1)
    assert "deleted" in run("scenarios", "delete", "plan").output
    assert run("scenarios", "show", "plan").exit_code != 0


def test_a_file_that_is_no_scenario_is_refused(run, tmp_path) -> None:
    file = tmp_path / "plan.json"
    file.write_text("{", encoding="utf-8")
    assert run("scenarios", "save", "plan", file).exit_code != 0


def test_what_if_tells_whom_it_concerns(run) -> None:
    told = run("gates", "what-if", "G1", "--close", *ON).output
    assert "2 places with 50.2 residents" in told
    assert "310113001" in told
    assert "nobody's walk changes" in run("gates", "what-if", "G1", "--hours", "always", *ON).output
    assert run("gates", "what-if", "G1", *ON).exit_code == 2, "one of open, close, access or hours has to be said"
    assert run("gates", "what-if", "G1", "--open", "--close", *ON).exit_code == 2
    assert run("gates", "what-if", "G9", "--open", *ON).exit_code != 0
