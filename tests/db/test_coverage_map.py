"""From a run in the database to its map page, on the town drawn in `tests.support.paper_town`."""

import re
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.coverage.queries import place_results
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import NotFoundError
from gridmgmt.reports.coverage_xlsx import coverage_xlsx
from gridmgmt.texts import text
from gridmgmt.work import ask_coverage, finish_coverage
from maps.coverage_map import coverage_map, newest_run
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_gates import load_gates
from tests.support.paper_town import DAY


@pytest.fixture
def sessions(paper_town_url: str) -> sessionmaker[Session]:
    return make_sessions(make_engine(paper_town_url))


def test_hull_that_stands_in_for_areas_has_an_outline(fresh_database_url: str, tmp_path: Path) -> None:
    factory = make_sessions(make_engine(fresh_database_url))
    paper_town.load(factory, tmp_path, with_areas=False)
    run_id, job_id = ask_coverage(factory, TESTER, make_request(), on=DAY)
    finish_coverage(factory, run_id, job_id, lease_s=15)
    with factory.begin() as session:
        page = coverage_map(session, newest_run(session, run_id), lang="en", form="exact", threshold=10)
    assert re.search(r'"geometry":\s*\{[^{}]*"type":\s*"Polygon"[^{}]*\},\s*"id":\s*"network_hull"', page)


def test_map_of_the_newest_run_and_equal_bytes_of_equal_runs(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session, pytest.raises(NotFoundError, match="gridmgmt coverage run"):
        newest_run(session, None)
    pages, workbooks = [], []
    for _ in range(2):
        run_id, job_id = ask_coverage(sessions, TESTER, make_request(), on=DAY)
        document = finish_coverage(sessions, run_id, job_id, lease_s=15)
        with sessions.begin() as session:
            run = newest_run(session, None)
            assert run.run_id == run_id
            assert place_results(session, run_id)["residents"].to_numpy().sum() == pytest.approx(75.75)
            pages.append(coverage_map(session, run, lang="en", form="exact", threshold=10))
            public = coverage_map(session, run, lang="en", form="public", threshold=10)
        workbooks.append(coverage_xlsx(document))
    assert pages[0] == pages[1]
    assert workbooks[0] == workbooks[1]
    assert '"places":null' in public
    assert walks_in(public) == ["ground"], "nothing of residents"
    assert walks_in(pages[0]) == ["ground", "flows", "missed"]
    assert '"places":{"rows":[' in pages[0]


def test_gates_are_those_of_the_run_until_an_input_changes(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    load_gates(sessions, tmp_path)
    run_id, job_id = ask_coverage(sessions, TESTER, make_request(at="wed 23:00"), on=DAY)
    finish_coverage(sessions, run_id, job_id, lease_s=15)
    with sessions.begin() as session:
        page = coverage_map(session, newest_run(session, run_id), lang="en", form="exact", threshold=10)
    # G1 is open on working days from 6 to 22.
    assert re.search(r'"gates":\[\[[\d.]+,[\d.]+,"closed"', page)
    assert "closed at this time" in page
    load_gates(sessions, tmp_path, [("G2", 600, 0, "public", "")], name="more gates")
    with sessions.begin() as session:
        page = coverage_map(session, newest_run(session, run_id), lang="en", form="exact", threshold=10)
    assert walks_in(page) == ["flows", "missed"]
    assert text("map.inputs_changed", "en") in page


def walks_in(page: str) -> list[str]:
    """The layers of walks that a page draws."""
    drawn = re.search(r'"walks":\{(.*?)\},"shapes"', page)
    assert drawn is not None
    return re.findall(r'"(ground|flows|missed|gates)":\[\[', drawn[1])
