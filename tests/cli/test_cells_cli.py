"""``gridmgmt cells``: a draft with cells, its report, what is told of them, as a person at a terminal has it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gridmgmt.boundaries.queries import draft_named
from gridmgmt.cli.cells import cells
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.settings import Settings
from tests.support.cells_example import DAY, ONE, TOWN, load_quarters
from tests.support.drafts import take_into_force


@pytest.fixture
def run(fresh_database_url: str, tmp_path: Path):
    """Run a command on two quarters in a database of their own and return what it prints."""
    engine = make_engine(fresh_database_url)
    with transaction(make_sessions(engine)) as session:
        load_quarters(session)
    settings = Settings(data=tmp_path, database_url=fresh_database_url, lang="en")

    def invoke(*arguments: str) -> str:
        result = CliRunner().invoke(cells, list(arguments), obj=settings, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    yield invoke, make_sessions(engine)
    engine.dispose()


def test_from_generate_to_report(run, tmp_path) -> None:
    invoke, sessions = run
    said = invoke("generate", TOWN, "--edition", "cells", "--from", str(DAY), "--management-level", "1")
    assert "2 quarters, 8 cells: 8 new, 0 kept, 0 ended; draft “cells”. Mean 10,000 m², 100.0% of the borders" in said
    checked = json.loads(invoke("check", "--edition", "cells", "--json"))
    assert (checked["cells"], checked["findings"], checked["codes"]) == (8, [], [])
    with transaction(sessions) as session:
        take_into_force(session, "cells")
    again = invoke("generate", ONE, "--edition", "again", "--from", str(DAY))
    assert "all cells are as they were" in again
    (second, first) = json.loads(invoke("generations", "--json"))
    assert (first["edition"], first["count"], first["state"], second["count"]) == ("cells", 8, "succeeded", 4)
    page = tmp_path / "cells.html"
    invoke("report", str(first["generation_id"]), "--format", "html", "-o", str(page))
    text = page.read_text(encoding="utf-8")
    assert "100.0%" in text
    assert '<svg id="map"' in text
    facts = json.loads(invoke("show", f"{ONE}001", "--json"))
    assert (facts["management_level"], facts["segments"]["sequence"]) == ("1", "001")
    assert "territorial fallback" in invoke("show", f"{ONE}001")


@pytest.mark.long
def test_a_draft_that_nobody_named_and_nothing_changes_is_withdrawn(run) -> None:
    invoke, sessions = run
    invoke("generate", TOWN, "--from", str(DAY))
    own = f"cells of {TOWN} {DAY}"
    with transaction(sessions) as session:
        take_into_force(session, own)
    for name in (f"{own} (2)", f"{own} (3)"):
        said = invoke("generate", TOWN, "--from", str(DAY))
        assert "8 cells: 0 new, 8 kept, 0 ended" in said
        assert f"the draft “{name}” that was opened for them is withdrawn" in said
        assert "areas activate" not in said
        with transaction(sessions) as session:
            assert draft_named(session, name).state == "withdrawn"


def test_schemes_are_listed_and_chosen(run) -> None:
    invoke, _ = run
    assert [row["scheme"] for row in json.loads(invoke("schemes", "--json")) if row["in_use"]] == ["cell_15"]
    assert "cells are coded by cell_16 (6+4+3+3)" in invoke("schemes", "--use", "cell_16")
