"""``gridmgmt webhooks``."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from gridmgmt.cli.main import root
from gridmgmt.errors import GridMgmtError
from tests.support.case_log import add_case, add_move

Run = Callable[..., Result]


@pytest.fixture
def run(fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", fresh_database_url)

    def run(*arguments: object) -> Result:
        found = CliRunner().invoke(root, ["--data", str(tmp_path), "--lang", "en", "webhooks", *map(str, arguments)])
        if found.exception is not None and not isinstance(found.exception, SystemExit | GridMgmtError):
            raise found.exception
        return found

    return run


def test_a_webhook_from_its_secret_to_its_end(run: Run, fresh_database_url: str) -> None:
    added = run("add", "hub", "https://hub.example.org/cases", "--kind", "overdue", "--kind", "new").output
    assert added.splitlines()[1].startswith("whsec_")
    assert run("add", "hub", "https://hub.example.org/cases").exit_code == 1
    assert run("add", "else", "ftp://hub.example.org").exit_code == 1
    assert run("secret", "hub").output.splitlines()[1] not in added
    with psycopg.connect(fresh_database_url, autocommit=True) as writer:
        move_id = add_move(writer, add_case(writer, "C-1"), "overdue")
        writer.execute(
            "INSERT INTO webhook_deliveries"
            " (webhook_id, move_id, event, case_no, body, attempts, last_status, last_error, failed_at)"
            " SELECT webhook_id, %s, 'overdue', 'C-1', '{}', 10, 500, 'refused', '2026-11-23T08:00:00Z' FROM webhooks",
            [move_id],
        )
    (shown,) = json.loads(run("list", "--json").output)
    assert (shown["name"], shown["kinds"], shown["waiting"], shown["failed"]) == ("hub", ["new", "overdue"], 0, 1)
    assert "salt" not in shown
    assert "overdue  C-1   2026-11-23 08:00:00Z  it has refused (500)" in run("failures", "hub").output
    assert [row["case_no"] for row in json.loads(run("failures", "hub", "--json").output)] == ["C-1"]
    assert "1 are tried" in run("redeliver", "hub").output
    assert json.loads(run("failures", "hub", "--json").output) == []
    assert "kept for it" in run("pause", "hub").output
    assert "paused by hand" in run("list").output
    assert "told again" in run("resume", "hub").output
    assert "active" in run("list").output
    assert "removed" in run("remove", "hub").output
    assert json.loads(run("list", "--json").output) == []
    assert run("remove", "hub").exit_code == 1
