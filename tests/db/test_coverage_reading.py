"""What a run tells beside its figures, on the town drawn in `tests.support.paper_town`; the numbers follow from it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.coverage import queries, service
from gridmgmt.coverage.comparison import compare
from gridmgmt.coverage.comparison_document import CoverageComparison
from gridmgmt.coverage.document import CoverageDocument, canonical_json
from gridmgmt.coverage.models import CoverageAreaResult, CoveragePlaceResult
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.errors import InputError
from gridmgmt.reports.comparison import comparison_tables, public_comparison, render_comparison
from gridmgmt.reports.public import public_form
from gridmgmt.walking.cache import WARM
from gridmgmt.work import ask_coverage, finish_coverage
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_town import DAY

SPEED = 0.83


@pytest.fixture
def sessions(paper_town_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(paper_town_url)
    yield make_sessions(engine)
    engine.dispose()


def run(sessions: sessionmaker[Session], on: date = DAY, **question: object) -> tuple[int, CoverageDocument]:
    run_id, job_id = ask_coverage(sessions, TESTER, make_request(**question), on=on)
    return run_id, finish_coverage(sessions, run_id, job_id, lease_s=15)


def compared(sessions: sessionmaker[Session], a: int, b: int) -> CoverageComparison:
    with transaction(sessions) as session:
        return compare(session, queries.run_by_id(session, a), queries.run_by_id(session, b))


def test_the_question_stands_in_the_answer_with_the_edition_of_the_profile(sessions) -> None:
    _, found = run(sessions, at="Sun 19:30", trip="round", barriers=["rail", "wall"])
    asked = found.parameters
    assert (asked.at, asked.trip, asked.barriers, asked.scenario) == ("sun 19:30", "round", ("rail", "wall"), None)
    assert asked.profile_edition
    assert asked.evidence
    assert found.totals.covered == pytest.approx(10.5), "there and back in 20 minutes are 498 m each way: p1 alone"


def test_sensitivity_names_every_speed_and_trip_and_only_rises_with_speed_and_time(sessions) -> None:
    _, found = run(sessions)
    rows = {(row.trip, row.speed_m_per_s): [band.covered for band in row.bands] for row in found.sensitivity}
    assert rows["to_point", SPEED] == [band.covered for band in found.totals.bands]
    assert rows["round", SPEED] == pytest.approx([0, 10.5, 10.5, 10.5]), "230 m each way are 554 s"
    for trip in ("to_point", "round"):
        by_speed = [counts for (other, _), counts in sorted(rows.items()) if other == trip]
        assert len(by_speed) >= 5
        for slower, faster in pairwise(by_speed):
            assert all(a <= b for a, b in zip(slower, faster, strict=True))
    assert all(counts == sorted(counts) for counts in rows.values())
    for (trip, speed), counts in rows.items():
        if trip == "round":
            assert all(a <= b for a, b in zip(counts, rows["to_point", speed], strict=True))


def test_gaps_tell_where_residents_have_no_point_and_how_far_the_nearest_is(sessions) -> None:
    _, found = run(sessions)
    assert (found.gaps.count, found.gaps.residents) == (3, 45)
    east, outside, west = found.gaps.listed
    assert (east.code, east.residents, east.places, east.nearest_point_code) == ("310113002", 34, 2, "A")
    assert east.nearest_s == pytest.approx(2010 / SPEED, rel=1e-3)
    assert [(age.band, age.residents, age.nearest_s) for age in east.age_bands] == [("60_64", 34, east.nearest_s)]
    assert (outside.code, outside.residents, outside.nearest_s) == ("", 6, None)
    assert (west.code, west.residents, west.nearest_s, west.gate) == ("310113001", 5, None, None)


def test_flows_tell_who_walks_to_which_point(sessions) -> None:
    _, found = run(sessions)
    (point,) = found.flows.points
    assert (point.code, point.residents, point.beyond) == ("A", 30.75, 30)
    assert point.mean_s == pytest.approx((10.5 * 230 + 20.25 * 910) / 30.75 / SPEED, rel=1e-3)
    assert point.most_s == pytest.approx(910 / SPEED, rel=1e-3), "two thirds of the residents live at p2"
    (flow,) = found.flows.areas
    assert (flow.area_code, flow.point_code, flow.residents) == ("310113001", "A", 30.75)
    middle = (10.5 * 200 + 20.25 * 900 + 5 * 1000) / 35.75, (10.5 * 20 + 5 * 300) / 35.75
    assert flow.begin == pytest.approx(paper_town.degrees([middle])[0], abs=1e-6)
    assert flow.end == pytest.approx(paper_town.degrees([(0, 10)])[0], abs=1e-6)


def test_a_network_in_pieces_or_older_than_the_boundaries_is_told(sessions) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE editions SET valid_from = '2025-06-30' WHERE subject = 'network'"))
    _, found = run(sessions)
    notes = {note.code: note.fields for note in found.notes}
    assert notes["network_in_pieces"] == {"edges": 1, "total": 6}
    assert notes["network_older_than_boundaries"] == {"network": "2025-06-30", "boundaries": "2026-01-01"}


def test_a_longer_limit_gains_those_who_live_there_and_loses_nobody(sessions) -> None:
    a, first = run(sessions)
    b, second = run(sessions, minutes=45)
    found = compared(sessions, a, b)
    assert found.same_population
    assert {each.name: (each.a, each.b) for each in found.differences} == {
        "limit_s": ("1200.0", "2700.0"),
        "bands_s": ("300.0, 600.0, 900.0, 1200.0", "300.0, 600.0, 900.0, 1200.0, 2700.0"),
    }
    assert found.totals.shift.model_dump() == {"both": 30.75, "gained": 30, "lost": 0, "neither": 15}
    assert (found.totals.a.covered, found.totals.b.covered) == (first.totals.covered, second.totals.covered)
    towns = {area.code: area.compared.shift.gained for area in found.levels[0].areas}
    assert towns == {"310113001": 0, "310113002": 30}
    assert found.levels[0].remainder.shift.neither == 6
    back = compared(sessions, b, a)
    assert (back.totals.shift.gained, back.totals.shift.lost) == (0, 30)
    ages = {age.band: (age.both, age.gained) for age in found.age_bands}
    assert (ages["60_64"], ages["80_plus"]) == ((20.5, 30), (10.25, 0))


def test_a_run_compared_with_itself_differs_in_nothing(sessions) -> None:
    a, _ = run(sessions)
    found = compared(sessions, a, a)
    assert found.differences == ()
    assert (found.totals.shift.gained, found.totals.shift.lost) == (0, 0)


def test_different_populations_are_compared_by_their_figures_alone(sessions) -> None:
    a, _ = run(sessions)
    with sessions.begin() as session:
        session.execute(
            text("UPDATE population_places SET residents_60_64 = 20, residents_60_plus = 20 WHERE place_no = 4")
        )
        changed = "UPDATE editions SET content_sha256 = repeat('f', 64) WHERE subject = 'population'"
        session.execute(text(changed))
    b, _ = run(sessions)
    found = compared(sessions, a, b)
    assert (found.same_population, found.totals.shift, found.age_bands) == (False, None, ())
    assert (found.totals.a.residents, found.totals.b.residents) == (75.75, 65.75)
    assert "population: places" in {each.name for each in found.differences}


def test_the_public_comparison_tells_no_small_count_and_nothing_a_report_withholds(sessions) -> None:
    a, first = run(sessions)
    b, second = run(sessions, minutes=45)
    found = compared(sessions, a, b)
    public = public_comparison(found, public_form(first, 10), public_form(second, 10), 10)
    assert public.age_bands == ()
    for each in (public.totals, *(area.compared for area in public.levels[0].areas)):
        told = [each.a.covered, each.b.covered, *each.shift.model_dump().values()]
        assert all(value is None or value == 0 or value >= 10 for value in told)
    assert public.levels[0].remainder.shift.neither is None, "6 residents"
    for format_ in ("json", "html", "xlsx", "csv"):
        one, again = (render_comparison(public, "x", format_, "en").content for _ in range(2))
        assert one == again
    assert [table.key for table in comparison_tables(found, "zh")] == ["differences", "totals", "age_bands", "town"]


def test_runs_of_residents_and_of_places_are_not_compared(sessions) -> None:
    a, _ = run(sessions)
    with sessions.begin() as session:
        session.execute(text("UPDATE editions SET counting = 'places_only' WHERE subject = 'population'"))
    WARM.clear()
    b, _ = run(sessions)
    with pytest.raises(InputError) as refusal:
        compared(sessions, a, b)
    assert refusal.value.code == "runs_count_otherwise"


def test_a_replay_gives_the_same_bytes_or_says_what_has_changed(sessions) -> None:
    run_id, _ = run(sessions, area_code="310113002", minutes=45, trip="round")
    WARM.clear()
    with transaction(sessions) as session:
        again = service.replay(session, queries.run_by_id(session, run_id))
    assert (again.same, again.changed, again.code_version) == (True, (), None)
    with sessions.begin() as session:
        session.execute(text("UPDATE editions SET content_sha256 = repeat('f', 64) WHERE subject = 'population'"))
    with transaction(sessions) as session:
        again = service.replay(session, queries.run_by_id(session, run_id))
    assert (again.same, again.changed) == (False, ("population: places",))


KILLED = """
import os, signal, sys
from gridmgmt.coverage import service
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.jobs.worker import Worker
from gridmgmt.work import HANDLERS

write = service.copy_numbers

def killed_after_writing(*arguments, **options):
    write(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)

service.copy_numbers = killed_after_writing
Worker(make_sessions(make_engine(sys.argv[1])), HANDLERS, lease_s=60).run_job(int(sys.argv[2]))
"""


def test_a_killed_job_leaves_no_half_answer_and_is_done_again(sessions, paper_town_url) -> None:
    _, expected = run(sessions)
    run_id, job_id = ask_coverage(sessions, TESTER, make_request(), on=DAY)
    killed = subprocess.run([sys.executable, "-c", KILLED, paper_town_url, str(job_id)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with sessions.begin() as session:
        assert queries.run_by_id(session, run_id).document is None
        for table in (CoveragePlaceResult, CoverageAreaResult):
            assert session.scalar(select(func.count()).where(table.run_id == run_id)) == 0
        session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 s' WHERE job_id = :id"), {"id": job_id})
    again = finish_coverage(sessions, run_id, job_id, lease_s=15)
    assert canonical_json(again) == canonical_json(expected)
