"""A coverage run from files to the answer, on the town drawn in `tests.support.paper_town`."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.coverage import queries, service
from gridmgmt.coverage.document import CoverageDocument, all_figures, canonical_json
from gridmgmt.coverage.models import CoveragePlaceResult, CoverageRun
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import ConflictError, InputError, LeaseLostError, NotFoundError, UnavailableError
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.worker import JobContext
from gridmgmt.population import queries as population_queries
from gridmgmt.work import ask_coverage, finish_coverage
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_town import DAY

AREAS = {"310113001": (35.75, 30.75, 0, 5, 0), "310113002": (34, 0, 30, 4, 0)}
TOTAL = (75.75, 30.75, 30, 9, 6)
NAMES = ("residents", "covered", "uncovered", "not_connectable", "outside")


@pytest.fixture
def sessions(paper_town_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(paper_town_url)
    yield make_sessions(engine)
    engine.dispose()


def run(sessions: sessionmaker[Session], on: date = DAY, **question: object) -> tuple[int, CoverageDocument]:
    run_id, job_id = ask_coverage(sessions, TESTER, make_request(**question), on=on)
    return run_id, finish_coverage(sessions, run_id, job_id, lease_s=15)


def counts(figures) -> tuple[float, ...]:
    return tuple(getattr(figures, name) for name in NAMES)


def test_the_numbers_worked_out_on_paper(sessions) -> None:
    _, found = run(sessions)
    assert counts(found.totals) == pytest.approx(TOTAL)
    towns = found.levels[0]
    assert {area.code: counts(area.figures) for area in towns.areas} == {
        code: pytest.approx(values) for code, values in AREAS.items()
    }
    assert counts(towns.remainder) == pytest.approx((6, 0, 0, 0, 6))
    assert [band.covered for band in found.totals.bands] == pytest.approx([10.5, 10.5, 10.5, 30.75])
    assert found.totals.ratio == pytest.approx(30.75 / 75.75)
    by_age = {band.band: (band.residents, band.covered) for band in found.totals.age_bands}
    assert by_age["80_plus"] == pytest.approx((10.25, 10.25))
    assert by_age["60_64"] == pytest.approx((65.5, 20.5))


def test_every_figure_adds_up_to_the_last_bit(sessions) -> None:
    _, found = run(sessions)
    for figures in all_figures(found):
        for part in (figures, *figures.age_bands):
            assert part.covered + part.uncovered + part.not_connectable + part.outside == part.residents


def test_uncovered_places_say_why_and_how_far(sessions) -> None:
    _, found = run(sessions)
    listed = {place.place_no: place for place in found.uncovered_places.listed}
    # The file's lines: the header is line 1, so p3 … p6 are lines 4 … 7.
    assert {no: place.status for no, place in listed.items()} == {
        4: "uncovered", 5: "not_connectable", 6: "not_connectable", 7: "outside",
    }  # fmt: skip
    assert [place.place_no for place in found.uncovered_places.listed] == [4, 7, 6, 5]
    assert listed[4].walk_time_s == pytest.approx(2010 / 0.83, rel=1e-3)
    assert listed[4].nearest_point_code == "A"
    assert listed[6].area_codes == {"town": "310113001"}, "a place on the border falls to the lower code"
    assert listed[7].area_codes == {}


def test_planned_points_cover_nobody(sessions) -> None:
    _, found = run(sessions)
    assert [point.code for point in found.service_points.listed] == ["A"]


def test_the_same_question_gives_the_same_bytes_and_another_question_another_hash(sessions) -> None:
    first_id, first = run(sessions)
    again_id, again = run(sessions)
    _, longer = run(sessions, minutes=60)
    assert first_id != again_id
    assert canonical_json(first) == canonical_json(again)
    assert first.provenance.input_sha256 != longer.provenance.input_sha256
    assert longer.totals.covered == pytest.approx(60.75)


def test_an_area_narrows_the_places_but_not_the_points(sessions) -> None:
    _, found = run(sessions, area_code="310113002")
    assert counts(found.totals) == pytest.approx((39, 0, 30, 9, 0)), "p5 on the border belongs to both when asked alone"
    assert [area.code for area in found.levels[0].areas] == ["310113002"]
    assert found.service_points.connectable == 1


def test_without_areas_the_hull_stands_in_and_says_so(fresh_database_url, tmp_path) -> None:
    sessions = make_sessions(make_engine(fresh_database_url))
    paper_town.load(sessions, tmp_path, with_areas=False)
    _, found = run(sessions)
    assert found.hull_area
    assert "hull_stands_in" in {note.code for note in found.notes}
    level = found.levels[0]
    assert level.level == "network_hull"
    assert counts(level.areas[0].figures) == pytest.approx((69.75, 30.75, 30, 9, 0))
    assert counts(level.remainder) == pytest.approx((6, 0, 0, 0, 6))


def test_places_that_join_a_street_belong_to_the_hull_even_where_it_is_a_line(
    fresh_database_url, tmp_path, monkeypatch
) -> None:
    """One straight street, A on its first node: p1 lies 20 m beside it, p2 on it, all others far off.

    p1 is covered by 230 m and p2 by 910 m. A line has no inside, so p3, p4, p5 and p6 are outside.
    """
    monkeypatch.setattr(paper_town, "STREETS", [[(0, 0), (500, 0)], [(500, 0), (1000, 0)]])
    sessions = make_sessions(make_engine(fresh_database_url))
    paper_town.load(sessions, tmp_path, with_areas=False)
    _, found = run(sessions)
    hull = found.levels[0]
    assert counts(hull.areas[0].figures) == pytest.approx((30.75, 30.75, 0, 0, 0))
    assert hull.areas[0].area_m2 == pytest.approx(0, abs=1)
    assert counts(hull.remainder) == pytest.approx((45, 0, 0, 0, 45))


def test_an_area_of_nobody_has_no_ratio(fresh_database_url, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(paper_town, "PLACES", [(x, y, (0, 0, 0, 0, 0)) for x, y, _ in paper_town.PLACES])
    sessions = make_sessions(make_engine(fresh_database_url))
    paper_town.load(sessions, tmp_path)
    _, found = run(sessions)
    for figures in all_figures(found):
        assert (figures.residents, figures.ratio) == (0, None)
        assert {band.ratio for band in figures.bands} == {None}
    assert found.uncovered_places.count == 4


def test_an_input_that_has_changed_since_makes_a_run_stale(sessions) -> None:
    run_id, _ = run(sessions)
    with sessions.begin() as session:
        assert queries.stale_inputs(session, queries.run_by_id(session, run_id), on=DAY) == []
        session.execute(
            text("UPDATE editions SET valid_to = :on WHERE subject = 'population'"), {"on": date(2026, 2, 1)}
        )
    with sessions.begin() as session:
        stale = queries.stale_inputs(session, queries.run_by_id(session, run_id), on=date(2026, 2, 1))
    assert stale == ["population: places"]


def test_results_lie_in_the_tables_as_in_the_document(sessions) -> None:
    run_id, found = run(sessions)
    with sessions.begin() as session:
        by_status = dict(
            session.execute(
                select(CoveragePlaceResult.status, func.count())
                .where(CoveragePlaceResult.run_id == run_id)
                .group_by(CoveragePlaceResult.status)
            ).all()
        )
        stored = queries.run_by_id(session, run_id)
        assert by_status == {0: 2, 1: 1, 2: 2, 3: 1}
        assert stored.document == canonical_json(found)
        assert stored.finished_at is not None


def test_an_import_in_the_middle_of_a_run_is_not_seen_by_half(sessions, monkeypatch) -> None:
    read_places = population_queries.places

    def meanwhile(session: Session, on: date, **options: object) -> object:
        with sessions.begin() as other:
            other.execute(text("UPDATE service_points SET status = 'planned'"))
        return read_places(session, on, **options)

    monkeypatch.setattr(population_queries, "places", meanwhile)
    _, found = run(sessions)
    assert found.service_points.connectable == 1, "points are read after places"
    assert counts(found.totals) == pytest.approx(TOTAL)


def test_a_worker_that_was_taken_over_writes_nothing(sessions) -> None:
    run_id, job_id = ask_coverage(sessions, TESTER, make_request(), on=DAY)
    with sessions.begin() as session:
        slow = jobs.claim(session, lease_s=0.001, job_id=job_id)
    with sessions.begin() as session:
        session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 s'"))
        assert jobs.claim(session, lease_s=60, job_id=job_id).attempt == 2
    with pytest.raises(LeaseLostError):
        service.perform(JobContext(slow, sessions))
    with sessions.begin() as session:
        assert queries.run_by_id(session, run_id).document is None
        assert session.scalar(select(func.count()).where(CoveragePlaceResult.run_id == run_id)) == 0


def test_what_cannot_be_asked_is_refused_with_its_reason(sessions) -> None:
    with sessions.begin() as session:
        for question, code in [
            ({"area_code": "999"}, "area_unknown"),
            ({"profile": "runner"}, "profile_unknown"),
            ({"types": ["medical"]}, "no_open_points"),
        ]:
            with pytest.raises(NotFoundError) as refusal:
                service.request_run(session, TESTER, make_request(**question), on=DAY)
            assert refusal.value.code == code
        assert session.scalar(select(func.count()).select_from(CoverageRun)) == 0


@pytest.mark.parametrize(
    "question",
    [
        {"minutes": 0},
        {"minutes": float("nan")},
        {"bands_min": [-5]},
        {"types": ["castle"]},
        {"connection_limit_m": 1e9},
    ],
)
def test_absurd_questions_are_input_errors(question) -> None:
    with pytest.raises(InputError):
        make_request(**question)


def test_a_key_starts_one_run_however_often_it_is_sent(sessions) -> None:
    with sessions.begin() as session:
        first = service.request_run(session, TESTER, make_request(), on=DAY, idempotency_key="k1").run_id
        assert service.request_run(session, TESTER, make_request(), on=DAY, idempotency_key="k1").run_id == first
        assert service.request_run(session, TESTER, make_request(), on=DAY, idempotency_key="k2").run_id != first
        with pytest.raises(ConflictError) as refusal:
            service.request_run(session, TESTER, make_request(minutes=15), on=DAY, idempotency_key="k1")
    assert refusal.value.code == "idempotency_key_reused"


def test_a_full_queue_takes_nothing_more(sessions) -> None:
    with sessions.begin() as session:
        for _ in range(service.MAX_OPEN_JOBS):
            service.request_run(session, TESTER, make_request(), on=DAY)
        with pytest.raises(UnavailableError):
            service.request_run(session, TESTER, make_request(), on=DAY)
