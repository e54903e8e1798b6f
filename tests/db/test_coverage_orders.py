"""Standing orders of coverage reports, on the town drawn in `tests.support.paper_town`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.cli.coverage import coverage
from gridmgmt.coverage import orders, queries
from gridmgmt.coverage.models import CoverageAreaResult, CoveragePlaceResult, CoverageRun
from gridmgmt.coverage.orders import OrderReport, OrderState
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from gridmgmt.ingest.service_points import read_service_points
from gridmgmt.jobs import queries as job_queries
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import Worker
from gridmgmt.settings import Settings
from gridmgmt.walking import scenarios
from gridmgmt.walking.edits import read_edits
from gridmgmt.work import HANDLERS
from tests.support.actors import TESTER
from tests.support.paper_town import DAY, degrees, labels

LATER = date(2026, 2, 1)
LEASE_S = 1.0
DEADLINE_S = 60.0
EAST_TOWN = "310113002"

WORKER = """
import sys
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.jobs.worker import Worker
from gridmgmt.settings import Settings
from gridmgmt.walking import scenarios
from gridmgmt.walking.edits import read_edits
from gridmgmt.work import HANDLERS

Worker(make_sessions(make_engine(sys.argv[1])), HANDLERS, lease_s=float(sys.argv[2])).run()
"""


@pytest.fixture
def sessions(paper_town_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(paper_town_url)
    factory = make_sessions(engine)
    yield factory
    engine.dispose()


def add(sessions: sessionmaker[Session], name: str = "elders", **question: object) -> None:
    with sessions.begin() as session:
        orders.add_order(session, TESTER, name, make_request(**question), on=DAY)


def tend(sessions: sessionmaker[Session], on: date = DAY) -> list[int]:
    with sessions.begin() as session:
        return orders.keep_fresh(session, on)


def perform(sessions: sessionmaker[Session]) -> None:
    assert Worker(sessions, HANDLERS, lease_s=15).run_one()


def look(sessions: sessionmaker[Session], name: str = "elders", on: date = DAY) -> OrderReport:
    with sessions.begin() as session:
        return orders.order_report(session, name, on)


def open_a_point(sessions: sessionmaker[Session], folder: Path, type_: str, since: date = DAY) -> None:
    """Import a point of one type 100 m from p3 (30 residents), in force from a day on."""
    lon, lat = degrees([(1500, 400)])[0]
    path = folder / "more.csv"
    path.write_text(f"code,name,type,status,lon,lat\nB,点B,{type_},open,{lon},{lat}\n", encoding="utf-8")
    with sessions.begin() as session:
        imports.import_service_points(
            session, TESTER, read_service_points(path), labels(f"more-{type_}", valid_from=since)
        )


def test_an_order_is_asked_once_and_then_fresh(sessions: sessionmaker[Session]) -> None:
    add(sessions)
    assert look(sessions).state == OrderState.WAITING
    (run_id,) = tend(sessions)
    assert look(sessions).state == OrderState.RUNNING
    assert tend(sessions) == [], "one open run an order"
    perform(sessions)
    found = look(sessions)
    assert (found.state, found.error, [run.run_id for run in found.runs]) == (OrderState.FRESH, None, [run_id])
    assert found.answered is not None
    assert found.answered.totals is not None
    assert found.answered.totals["covered"] == 30.75
    assert tend(sessions) == tend(sessions, LATER) == [], "nothing has changed"


def test_a_planned_edition_renews_the_report_on_its_day_and_the_earlier_one_stays(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    add(sessions)
    (first,) = tend(sessions)
    perform(sessions)
    open_a_point(sessions, tmp_path, "elderly_service_point", since=LATER)
    assert tend(sessions) == [], "the new points are not in force yet"
    assert look(sessions, on=LATER).state == OrderState.WAITING
    (second,) = tend(sessions, LATER)
    perform(sessions)
    found = look(sessions, on=LATER)
    assert [run.run_id for run in found.runs] == [second, first]
    assert [run.totals and run.totals["covered"] for run in found.runs] == [60.75, 30.75]
    assert [run.because for run in found.runs] == [("service_points: more-elderly_service_point",), ()]


def test_what_is_no_input_of_the_order_renews_nothing(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    add(sessions)
    tend(sessions)
    perform(sessions)
    open_a_point(sessions, tmp_path, "medical")
    assert tend(sessions) == []
    assert look(sessions).state == OrderState.FRESH


def test_a_change_while_a_run_is_open_is_taken_up_when_it_has_ended(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    add(sessions)
    tend(sessions)
    open_a_point(sessions, tmp_path, "elderly_service_point")
    assert tend(sessions) == []
    perform(sessions)
    assert len(tend(sessions)) == 1


def test_a_refusal_is_told_and_not_repeated_until_an_input_changes(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    add(sessions, types=["meal_point"])
    assert tend(sessions) == []
    found = look(sessions)
    assert (found.state, found.error and found.error["code"]) == (OrderState.REFUSED, "no_open_points")
    assert tend(sessions) == []
    with sessions.begin() as session:
        refusals = select(func.count()).where(Change.action == "coverage.order.refused")
        assert session.scalar(refusals) == 1
    open_a_point(sessions, tmp_path, "meal_point")
    assert len(tend(sessions)) == 1
    perform(sessions)
    assert look(sessions).state == OrderState.FRESH


def test_a_failure_is_told_and_not_repeated_until_somebody_renews_the_order(sessions: sessionmaker[Session]) -> None:
    add(sessions)
    tend(sessions)
    with sessions.begin() as session:
        claim = jobs.claim(session, lease_s=15)
        assert claim is not None
        jobs.fail(session, claim, InputError("job_crashed", reason="MemoryError"))
    found = look(sessions)
    assert (found.state, found.error) == (
        OrderState.FAILED,
        {"code": "job_crashed", "fields": {"reason": "MemoryError"}},
    )
    assert tend(sessions) == []
    with sessions.begin() as session:
        orders.renew_order(session, TESTER, "elders", on=DAY)
    assert len(tend(sessions)) == 1
    perform(sessions)
    assert look(sessions).state == OrderState.FRESH


def test_a_cancelled_run_says_so(sessions: sessionmaker[Session]) -> None:
    add(sessions)
    (run_id,) = tend(sessions)
    with sessions.begin() as session:
        jobs.cancel(session, TESTER, queries.run_by_id(session, run_id).job_id)
    found = look(sessions)
    assert (found.state, found.error and found.error["code"]) == (OrderState.FAILED, "order_run_cancelled")


def test_a_new_version_of_the_scenario_renews_the_report(sessions: sessionmaker[Session]) -> None:
    """A path from p3 straight to A: 15 m shorter in the second version, which is another question."""
    for number, east_m in enumerate((0, 15)):
        (begin, end) = degrees([(east_m, 0), (1500, 400)])
        path = read_edits([{"kind": "add_path", "line": [begin, end]}])
        with sessions.begin() as session:
            scenarios.save(session, TESTER, "path", path, on=DAY)
        if number == 0:
            add(sessions, scenario="path")
        assert len(tend(sessions)) == 1
        perform(sessions)
        assert tend(sessions) == []
    assert len(look(sessions).runs) == 2
    with sessions.begin() as session, pytest.raises(NotFoundError, match="bridge"):
        orders.add_order(session, TESTER, "other", make_request(scenario="bridge"), on=DAY)


def test_a_dropped_order_asks_no_more_and_its_runs_stay(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    add(sessions)
    (run_id,) = tend(sessions)
    perform(sessions)
    with sessions.begin() as session:
        orders.drop_order(session, TESTER, "elders", on=DAY)
    open_a_point(sessions, tmp_path, "elderly_service_point")
    assert tend(sessions) == []
    with sessions.begin() as session:
        assert queries.run_by_id(session, run_id).finished_at is not None
        with pytest.raises(NotFoundError, match="elders"):
            orders.order_report(session, "elders", DAY)
    add(sessions)  # the name is free again


def test_two_workers_ask_for_one_run(sessions: sessionmaker[Session]) -> None:
    add(sessions)
    with sessions.begin() as first, sessions.begin() as second:
        assert len(orders.keep_fresh(first, DAY)) == 1
        assert orders.keep_fresh(second, DAY) == []
    assert tend(sessions) == []


def test_orders_are_named_once_and_known_questions(sessions: sessionmaker[Session]) -> None:
    add(sessions)
    with sessions.begin() as session:
        with pytest.raises(ConflictError, match="elders"):
            orders.add_order(session, TESTER, " elders ", make_request(), on=DAY)
        with pytest.raises(InputError):
            orders.add_order(session, TESTER, " ", make_request(), on=DAY)
        with pytest.raises(NotFoundError, match="nowhere"):
            orders.add_order(session, TESTER, "b", make_request(area_code="nowhere"), on=DAY)
        with pytest.raises(NotFoundError, match="runner"):
            orders.add_order(session, TESTER, "b", make_request(profile="runner"), on=DAY)


def test_who_plans_one_town_orders_for_that_town_alone(sessions: sessionmaker[Session]) -> None:
    grant = Grant(Role.PLANNER, frozenset({Permission.READ, Permission.COVERAGE_RUN}), "town", EAST_TOWN)
    planner = Actor("account", "wang", 7, (grant,))
    add(sessions, "all")
    with sessions.begin() as session:
        orders.add_order(session, planner, "east", make_request(area_code=EAST_TOWN), on=DAY)
        with pytest.raises(ForbiddenError):
            orders.add_order(session, planner, "everywhere", make_request(), on=DAY)
        for change in (orders.drop_order, orders.renew_order):
            with pytest.raises(ForbiddenError):
                change(session, planner, "all", on=DAY)
        orders.drop_order(session, planner, "east", on=DAY)
    with sessions.begin() as session:
        said = session.execute(select(Change.actor, Change.action, Change.object).order_by(Change.change_id)).all()
    assert [tuple(row) for row in said if row.action.startswith("coverage.order")] == [
        ("tester", "coverage.order.add", "coverage_order:all"),
        ("wang", "coverage.order.add", "coverage_order:east"),
        ("wang", "coverage.order.drop", "coverage_order:east"),
    ]


def test_the_commands(sessions: sessionmaker[Session], paper_town_url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url=paper_town_url, lang="en")

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(coverage, ["orders", *arguments], obj=settings, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "added" in run("add", "west", "--area", "310113001", "--time", "sun 11:30")
    run("add", "meals", "--type", "meal_point")
    assert "waiting" in run("list")
    assert run("refresh").startswith("1 ")
    assert "86.0 %" in run("show", "west")  # 30.75 of 35.75
    refused = run("show", "meals")
    assert "refused" in refused
    assert "elderly_service_point (1)" in refused
    meals, west = json.loads(run("list", "--json"))
    assert (west["state"], west["request"]["at"], west["runs"][0]["totals"]["covered"]) == ("fresh", "sun 11:30", 30.75)
    assert meals["error"]["code"] == "no_open_points"
    assert "asked anew" in run("renew", "meals")
    run("drop", "meals")
    assert "meals" not in run("list")


def test_a_worker_keeps_reports_fresh_by_itself(sessions: sessionmaker[Session]) -> None:
    add(sessions)
    done = Event()

    def chore() -> None:
        tend(sessions)
        if look(sessions).state == OrderState.FRESH:
            done.set()

    worker = Worker(sessions, HANDLERS, lease_s=15, chore=chore)
    thread = Thread(target=worker.run)
    thread.start()
    assert done.wait(DEADLINE_S)
    worker.stop()
    thread.join()


def test_a_failing_chore_stops_no_work(sessions: sessionmaker[Session]) -> None:
    add(sessions)
    (run_id,) = tend(sessions)

    def chore() -> None:
        if look(sessions).state == OrderState.FRESH:
            worker.stop()
        raise ConflictError("order_exists", value="x")

    worker = Worker(sessions, HANDLERS, lease_s=15, chore=chore)
    worker.run_one()
    worker.run()
    assert [run.run_id for run in look(sessions).runs] == [run_id]


def test_a_worker_killed_while_it_writes_leaves_no_half_answer(
    sessions: sessionmaker[Session], paper_town_url: str
) -> None:
    """The place results are the last to be written: they are locked, so the worker dies with the rest written."""
    add(sessions)
    (run_id,) = tend(sessions)
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'coverage_place_results'::regclass")
    with sessions.begin() as blocking:
        blocking.execute(text("LOCK TABLE coverage_place_results IN ACCESS EXCLUSIVE MODE"))
        process = subprocess.Popen([sys.executable, "-c", WORKER, paper_town_url, str(LEASE_S)])
        try:
            for _ in range(int(DEADLINE_S / 0.05)):
                with sessions.begin() as session:
                    if session.scalar(waits):
                        break
                Event().wait(0.05)
            else:
                pytest.fail("the worker never came to write")
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    with sessions.begin() as session:
        run = queries.run_by_id(session, run_id)
        assert (run.document, run.finished_at) == (None, None)
        for table in (CoverageAreaResult, CoveragePlaceResult):
            assert session.scalar(select(func.count()).where(table.run_id == run_id)) == 0
    heir = Worker(sessions, HANDLERS, lease_s=LEASE_S)
    with sessions.begin() as session:
        job_id = queries.run_by_id(session, run_id).job_id
    assert heir.run_job(job_id).attempt == 2
    with sessions.begin() as session:
        assert job_queries.job_by_id(session, job_id).result is not None
        assert session.scalar(select(func.count()).select_from(CoverageRun)) == 1
    assert look(sessions).state == OrderState.FRESH
