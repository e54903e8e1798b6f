"""A siting run from the question to the answer, on the town drawn in `tests.support.paper_town`.

At 0.83 m/s twenty minutes are 996 m. The open point A covers p1 (10.5 residents, 230 m) and p2 (20.25, 910 m); p3 (30)
is 2010 m from it; p4, p5 and p6 (15 in all) join no street. Spots on the streets, with the walks from them in metres::

            p1     p2     p3
    u     1720   1000    100     on the side street, (1500, 400)
    w     1220    500    600     on the main street, (1400, 0)
    v     2320   1600   1500     far east, (2500, 0)
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt import imports
from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.analysis.siting.model import Incumbent, SitingModel
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.editions.rules import Counting
from gridmgmt.errors import (
    ConflictError,
    ForbiddenError,
    GeometryError,
    GridMgmtError,
    InputError,
    LeaseLostError,
    NotFoundError,
)
from gridmgmt.ingest.population import read_population_points
from gridmgmt.jobs import service as jobs
from gridmgmt.jobs.models import JobState
from gridmgmt.jobs.queries import job_by_id
from gridmgmt.jobs.rules import JobCancelledError, JobFailedError
from gridmgmt.jobs.worker import JobContext
from gridmgmt.placeability import rules as place_rules
from gridmgmt.placeability.rules import Attributes, Tenure
from gridmgmt.placeability.service import place
from gridmgmt.siting import progress, queries, service
from gridmgmt.siting.document import SitingDocument
from gridmgmt.siting.rules import CandidateSource, SiteCandidate, SitingTerms, SourceKind, make_terms
from gridmgmt.walking import scenarios
from gridmgmt.walking.edits import Edits
from gridmgmt.work import ask_coverage, ask_siting, finish_coverage, finish_siting
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.paper_gates import load_gates
from tests.support.paper_town import DAY, degrees, labels

U, W, V = (1500, 400), (1400, 0), (2500, 0)
COVERED = 10.5 + 20.25
SPEED_M_PER_S = 0.83
HORIZON_S = 3600.0
Sessions = sessionmaker[Session]


@pytest.fixture(scope="module")
def town(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sessions]:
    """The town, which the tests of this module leave as it is but for their runs."""
    engine = make_engine(module_database_url)
    factory = make_sessions(engine)
    paper_town.load(factory, tmp_path_factory.mktemp("town"))
    yield factory
    engine.dispose()


@pytest.fixture
def fresh(paper_town_url: str) -> Sessions:
    """A town of its own for one test."""
    return make_sessions(make_engine(paper_town_url))


def spots(**named: tuple[float, float]) -> CandidateSource:
    """Return a list of candidates by name, metres from the corner."""
    items = [SiteCandidate(*degrees([at])[0], code=name.upper(), name=name) for name, at in named.items()]
    return CandidateSource(SourceKind.LIST, tuple(items))


UWV = spots(u=U, w=W, v=V)


def terms(
    source: CandidateSource = UWV, *, model: str = "max_coverage", points: int | None = 1, **asked: Any
) -> SitingTerms:
    """Return a question; without cards unless they are asked for."""
    ground = {"judged": False, **asked.pop("ground", {})}
    on = asked.pop("on", DAY)
    return make_terms(model, "elderly_service_point", source, on=on, points=points, reach=asked, ground=ground)


def run(sessions: Sessions, asked: SitingTerms) -> SitingDocument:
    return finish_siting(sessions, *ask_siting(sessions, TESTER, asked), lease_s=15)


def refusal(sessions: Sessions, asked: SitingTerms) -> GridMgmtError:
    with pytest.raises(JobFailedError) as refused:
        run(sessions, asked)
    return refused.value


def names(document: SitingDocument) -> list[str | None]:
    return [point.name for point in document.chosen]


def test_the_most_residents_are_those_worked_out_on_paper(town) -> None:
    found = run(town, terms())
    certificate = found.certificate
    assert (certificate.objective, certificate.bound, certificate.gap) == (COVERED + 30, COVERED + 30, 0)
    assert (certificate.proven, certificate.stopped, certificate.unit) == (True, "proven", "residents")
    (point,) = found.chosen
    assert (point.name, point.code, point.rank, point.candidate) == ("u", "U", 1, 0), "of equal ones the first"
    assert (point.gain, point.newly_covered, point.served) == (30, 30, 30)
    assert (point.area_code, point.verdict, point.sure) == ("310113002", None, False)
    assert [(each.points, each.objective, each.covered) for each in found.curve] == [(1, 60.75, 60.75)]
    totals = {each.band: (each.residents, each.covered_before, each.covered_after) for each in found.totals}
    assert totals["60_plus"] == (75.75, COVERED, COVERED + 30)
    assert totals["80_plus"] == (10.25, 10.25, 10.25)


def test_areas_are_told_before_and_after_and_the_worst_one(town) -> None:
    found = run(town, terms())
    areas = {each.code: (each.residents, each.covered_before, each.covered_after) for each in found.areas}
    assert areas == {"310113001": (35.75, 30.75, 30.75), "310113002": (34, 0, 30)}
    assert found.worst_area is not None
    assert (found.worst_area.code, found.worst_area.ratio_after) == ("310113001", pytest.approx(30.75 / 35.75))


@pytest.mark.parametrize("trip", ["to_point", "from_point", "round"])
def test_the_objective_is_what_a_coverage_run_with_the_points_finds(fresh, trip) -> None:
    """The plan is saved as planned changes and asked about in another way: nearest points, not pairs of times."""
    found = run(fresh, terms(spots(u=U, w=W, v=V, x=(700, 0)), points=2, trip=trip, minutes=15))
    edits = [
        {"kind": "add_point", "code": each.code, "type": "elderly_service_point", "lon": each.lon, "lat": each.lat}
        for each in found.chosen
    ]
    with fresh.begin() as session:
        scenarios.save(session, TESTER, "plan", TypeAdapter(Edits).validate_python(edits), on=DAY)
    request = make_request(minutes=15, scenario="plan", trip=trip)
    covered = finish_coverage(fresh, *ask_coverage(fresh, TESTER, request, on=DAY), lease_s=15)
    assert covered.totals.covered == found.certificate.objective
    by_code = {area.code: area.figures.covered for area in covered.levels[0].areas}
    assert by_code == {each.code: each.covered_after for each in found.areas}


def test_those_whom_nothing_can_cover_are_listed_most_residents_first(town) -> None:
    found = run(town, terms())
    assert (found.uncoverable.places, found.uncoverable.residents) == (3, 15)
    assert [each.residents for each in found.uncoverable.listed] == [6, 5, 4]
    assert [each.area_code for each in found.uncoverable.listed] == [None, "310113001", "310113002"]
    assert found.totals[0].reachable == 60.75


def test_walking_least_in_all_takes_the_spot_beside_the_many(town) -> None:
    """With u: 230 · 10.5 + 910 · 20.25 + 100 · 30 m; those who join no street walk the horizon."""
    found = run(town, terms(model="p_median"))
    assert names(found) == ["u"]
    walked_s = (230 * 10.5 + 910 * 20.25 + 100 * 30) / SPEED_M_PER_S + 15 * HORIZON_S
    assert (found.certificate.objective, found.certificate.unit) == (pytest.approx(walked_s, rel=1e-3), "resident_s")
    assert found.chosen[0].gain == pytest.approx((2010 - 100) * 30 / SPEED_M_PER_S, rel=1e-3)
    assert found.terms.horizon_s == HORIZON_S


def test_the_least_longest_walk_takes_the_spot_between(town) -> None:
    """With u the longest is p2's 910 m to A; with w it is p3's 600 m."""
    found = run(town, terms(model="p_center"))
    assert names(found) == ["w"]
    assert found.certificate.objective == pytest.approx(600 / SPEED_M_PER_S, rel=1e-3)
    assert found.chosen[0].gain == pytest.approx((2010 - 600) / SPEED_M_PER_S, rel=1e-3)


def test_covering_all_takes_one_point_and_says_who_is_left_out(town) -> None:
    found = run(town, terms(model="set_cover", points=None))
    assert (found.certificate.objective, found.certificate.unit, len(found.chosen)) == (1, "points", 1)
    (note,) = [note for note in found.notes if note.code == "siting_not_everybody"]
    assert note.fields == {"places": 3, "residents": 15}


def test_where_nobody_is_left_to_cover_no_point_is_asked_for(town) -> None:
    """From v nobody is reached who is not covered already."""
    found = run(town, terms(spots(v=V), model="set_cover", points=None))
    assert (found.chosen, found.certificate.objective, found.certificate.proven) == ((), 0, True)
    assert found.totals[0].covered_after == COVERED
    assert found.uncoverable.residents == 45
    assert {stress.kind for stress in found.stresses} == {"speed"}


def test_all_candidates_may_be_opened(town) -> None:
    found = run(town, terms(points=3))
    assert names(found) == ["u", "w", "v"]
    assert [point.gain for point in found.chosen] == [30, 0, 0]
    assert [point.sure for point in found.chosen] == [True, True, True], "there is no plan of three without one of them"
    assert [point.served for point in found.chosen] == [30, 20.25, 0], "p2 is nearer to w than to A"
    assert [(each.points, each.objective) for each in found.curve] == [(1, 60.75), (2, 60.75), (3, 60.75)]


def test_the_worst_quarter_is_raised_as_far_as_it_goes(town) -> None:
    """Nobody in the west can be covered beside those who are, so that it takes no part."""
    found = run(town, terms(model="equity"))
    assert (found.certificate.objective, found.certificate.unit) == (pytest.approx(30 / 34), "ratio")
    assert found.chosen[0].gain == pytest.approx(30 / 34), "from nobody in the east"
    (note,) = [note for note in found.notes if note.code == "siting_quarters_stuck"]
    assert note.fields == {"count": 1, "named": "310113001镇"}


def test_a_point_serves_no_more_than_it_has_room_for(town) -> None:
    found = run(town, terms(model="capacitated", ground={"capacity": 12}))
    assert found.certificate.objective == COVERED + 12
    assert (found.chosen[0].gain, found.chosen[0].newly_covered, found.chosen[0].capacity) == (12, 30, 12)


def test_only_those_of_the_age_count_that_was_asked_for(town) -> None:
    found = run(town, terms(residents="80_plus"))
    assert (found.certificate.objective, found.chosen[0].gain) == (10.25, 0)
    assert found.areas[0].residents == 10.25


def test_slow_walkers_reach_less(town) -> None:
    """At 0.67 m/s it is 804 m: p2 falls out; at 0.80 it is 960 m."""
    found = {stress.words["speed_m_per_s"]: stress for stress in run(town, terms()).stresses if stress.kind == "speed"}
    told = [(round(float(speed or 0), 2), each.covered_before, each.covered_after) for speed, each in found.items()]
    assert told == [(0.67, 10.5, 40.5), (0.8, COVERED, COVERED + 30)]


def test_the_gate_that_the_newly_covered_pass_is_shut(fresh, tmp_path) -> None:
    load_gates(fresh, tmp_path, [("G1", 600, 0, "public", ""), ("G2", 1500, 250, "public", "")])
    found = run(fresh, terms(spots(w=W)))
    (shut,) = [stress for stress in found.stresses if stress.kind == "gate"]
    assert (shut.words["gate"], shut.covered_before, shut.covered_after) == ("G2", COVERED, COVERED)
    assert found.certificate.objective == COVERED + 30


@pytest.mark.long
def test_the_population_of_before_is_looked_at(fresh, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(paper_town, "PLACES", [(1500, 500, (8, 0, 0, 0, 0))])
    path = paper_town.places_file(tmp_path)
    with fresh.begin() as session:
        later = labels("places 2", valid_from=date(2026, 2, 1))
        imports.import_population(session, TESTER, read_population_points(path), later, counting=Counting.COUNTED)
    found = run(fresh, terms(on=date(2026, 2, 2)))
    assert found.certificate.objective == 8
    (then,) = [stress for stress in found.stresses if stress.kind == "population"]
    assert (then.words["edition"], then.residents) == ("places", 75.75)
    assert (then.covered_before, then.covered_after) == (COVERED, COVERED + 30)


def test_the_same_question_gives_the_same_bytes_and_so_does_a_replay(town) -> None:
    (first_id, first_job), (again_id, again_job) = (ask_siting(town, TESTER, terms()) for _ in range(2))
    finish_siting(town, first_id, first_job, lease_s=15)
    finish_siting(town, again_id, again_job, lease_s=15)
    with town.begin() as session:
        first, again = (queries.run_by_id(session, run_id) for run_id in (first_id, again_id))
        assert (first.document, first.result_sha256) == (again.document, again.result_sha256)
        replayed = service.replay(session, first)
        assert replayed.same
        assert (replayed.changed, replayed.code_version, replayed.timed) == ((), None, False)


def test_candidates_are_out_with_the_reason(town) -> None:
    given = spots(u=U, twin=U, beside_a=(150, 0), nowhere=(1000, 300), in_zone=W, v=V)
    corner = degrees([(1300, -50), (1450, -50), (1450, 50), (1300, 50), (1300, -50)])
    zone = {"type": "Polygon", "coordinates": [corner]}
    found = run(town, terms(given, ground={"forbidden": [zone], "spacing_m": 300}))
    assert {each.reason: each.examples for each in found.rejected} == {
        "twin": ("twin",), "too_near": ("beside_a",), "off_network": ("nowhere",), "forbidden_zone": ("in_zone",),
    }  # fmt: skip
    assert (found.candidates, found.eligible, names(found)) == (6, 2, ["u"])
    assert found.terms.forbidden == (zone,)


def test_an_area_bounds_candidates_and_residents(town) -> None:
    found = run(town, terms(spots(west=(600, 0), u=U), area_code="310113002"))
    assert {each.reason: each.examples for each in found.rejected} == {"outside": ("west",)}
    assert found.totals[0].residents == 39, "p5 on the border is asked about too"
    assert found.certificate.objective == 30


def test_candidates_that_cannot_stand_where_they_do_are_out(town) -> None:
    """w would be as good; what it adds or doubles is for the model to weigh, and told with the plan."""
    lon, lat = degrees([U])[0]
    disputed = SiteCandidate(lon, lat, name="disputed", attributes=Attributes(tenure=Tenure.DISPUTED))
    source = CandidateSource(SourceKind.LIST, (disputed, *spots(w=W).items))
    found = run(town, terms(source, ground={"judged": True}))
    assert {each.reason: each.examples for each in found.rejected} == {"check.tenure": ("disputed",)}
    (point,) = found.chosen
    with town.begin() as session:
        asked = place_rules.make_terms("elderly_service_point", walk={"profile": "elder"})
        spot = place_rules.Candidate(point.lon, point.lat, "w", Attributes(), "W")
        card = place(session, TESTER, spot, asked, on=DAY)
    assert (point.name, point.verdict) == ("w", card.verdict)
    assert point.warnings == tuple(str(each.check) for each in card.checks if each.verdict in ("warn", "fail"))
    assert "equity" in point.warnings, "nobody of 80 and over is newly covered"


def test_street_corners_are_candidates(town) -> None:
    """The streets have six ends and crossings; p3 is 500 m from both ends of the side street."""
    found = run(town, terms(CandidateSource(SourceKind.NETWORK)))
    assert (found.candidates, found.terms.every_m) == (6, 25)
    assert found.certificate.objective == COVERED + 30
    wide = run(town, terms(CandidateSource(SourceKind.NETWORK, every_m=10_000)))
    assert wide.candidates <= 4
    few = refusal(town, terms(CandidateSource(SourceKind.NETWORK, every_m=25, limit=3)))
    assert (few.code, few.fields["value"], few.fields["maximum"]) == ("siting_corners_too_many", 6, 3)


def test_planned_points_are_candidates(town) -> None:
    """P at (3000, 0) is 2000 m from p3."""
    found = run(town, terms(CandidateSource(SourceKind.LAYER, layer="planned_points")))
    assert (names(found), found.chosen[0].gain, found.certificate.objective) == (["点P"], 0, COVERED)
    none = refusal(town, terms(CandidateSource(SourceKind.LAYER, layer="landuse:public")))
    assert (none.code, none.fields["layer"]) == ("siting_no_candidates", "landuse:public")


def test_what_cannot_be_done_says_what_would_be_right(town) -> None:
    close = spots(u=U, also=(1500, 430), third=(1500, 450))
    apart = refusal(town, terms(close, points=2, ground={"spacing_m": 100}))
    assert (apart.code, apart.fields["points"], apart.fields["most"]) == ("siting_spacing_too_wide", 2, 1)
    few = refusal(town, terms(spots(u=U, nowhere=(1000, 300)), points=2))
    assert (few.code, few.fields["eligible"], few.fields["reasons"]) == (
        "siting_too_few_eligible",
        1,
        "off_network 1 (nowhere)",
    )
    room = refusal(town, terms(model="capacitated"))
    assert (room.code, room.fields["value"], room.fields["example"]) == ("siting_capacity_unknown", 3, "u")
    for error in (apart, few, room):
        assert error.message("en")
        assert error.message("zh")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"model": "best"}, "choice_unknown"),
        ({"points": None}, "siting_points_needed"),
        ({"points": 0}, "number_out_of_range"),
        ({"points": 4}, "siting_points_too_many"),
        ({"model": "set_cover", "points": 2}, "siting_points_found"),
        ({"minutes": 0}, "number_out_of_range"),
        ({"minutes": 30, "horizon_min": 20}, "number_out_of_range"),
        ({"residents": "50_54"}, "choice_unknown"),
        ({"ground": {"spacing_m": -1}}, "number_out_of_range"),
        ({"ground": {"capacity": 0}}, "number_out_of_range"),
        ({"ground": {"forbidden": [{"type": "Point", "coordinates": [0, 0]}]}}, "siting_zone_invalid"),
        ({"ground": {"forbidden": [{"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}]}},
         "siting_zone_invalid"),
        ({"ground": {"forbidden_land": ["sea"]}}, "choice_unknown"),
        ({"source": CandidateSource(SourceKind.LIST)}, "candidates_count"),
        ({"source": CandidateSource(SourceKind.LAYER, layer="moon")}, "choice_unknown"),
        ({"source": CandidateSource(SourceKind.NETWORK, every_m=1)}, "number_out_of_range"),
    ],
)  # fmt: skip
def test_absurd_questions_are_refused_at_once(asked, code) -> None:
    with pytest.raises(InputError) as refused:
        terms(**asked)
    assert refused.value.code == code
    assert isinstance(refused.value, GeometryError) == (code == "siting_zone_invalid")
    assert refused.value.message("en")


def test_what_is_unknown_on_the_day_is_refused_when_asked(town) -> None:
    with town.begin() as session:
        for asked, code in [
            ({"area_code": "999"}, "area_unknown"),
            ({"profile": "runner"}, "profile_unknown"),
            ({"scenario": "none"}, "scenario_unknown"),
            ({"on": date(2020, 1, 1)}, "profile_unknown"),
        ]:
            with pytest.raises(NotFoundError) as refused:
                service.request_run(session, TESTER, terms(**asked))
            assert refused.value.code in {code, "no_network_in_force"}


def test_who_may_ask_for_an_area_asks_for_that_one_alone(town) -> None:
    rights = frozenset({Permission.COVERAGE_RUN, Permission.RESULTS_EXACT})
    planner = Actor("account", "li", 1, (Grant(Role.PLANNER, rights, "town", "310113002"),))
    blind = Actor("account", "wang", 2, (Grant(Role.PLANNER, frozenset({Permission.COVERAGE_RUN})),))
    with town.begin() as session:
        run = service.request_run(session, planner, terms(area_code="310113002"))
        assert run.created_by == "li"
        other = service.request_run(session, TESTER, terms(area_code="310113001"))
        with pytest.raises(ForbiddenError):
            service.stop(session, planner, other.run_id, keep=False)
        service.stop(session, planner, run.run_id, keep=False)
        assert job_by_id(session, run.job_id).state == JobState.CANCELLED
        for actor, code in ((planner, "310113001"), (planner, None), (blind, None)):
            with pytest.raises(ForbiddenError):
                service.request_run(session, actor, terms(area_code=code))
        session.rollback()


def test_asking_is_in_the_log_and_a_key_starts_one_run(fresh) -> None:
    with fresh.begin() as session:
        first = service.request_run(session, TESTER, terms(), idempotency_key="k").run_id
        assert service.request_run(session, TESTER, terms(), idempotency_key="k").run_id == first
        with pytest.raises(ConflictError) as refused:
            service.request_run(session, TESTER, terms(minutes=15), idempotency_key="k")
        assert refused.value.code == "idempotency_key_reused"
        entries = session.scalars(select(Change).where(Change.action == "siting.request")).all()
        assert [entry.object for entry in entries] == [f"siting_run:{first}"]


def test_a_cancelled_run_leaves_no_plan(fresh) -> None:
    run_id, job_id = ask_siting(fresh, TESTER, terms())
    with fresh.begin() as session:
        claim = jobs.claim(session, lease_s=60, job_id=job_id)
        service.stop(session, TESTER, run_id, keep=False)
    assert claim is not None
    with pytest.raises(JobCancelledError):
        service.perform(JobContext(claim, fresh))
    with fresh.begin() as session:
        stopped = queries.run_by_id(session, run_id)
        assert (stopped.document, stopped.finished_at, stopped.progress) == (None, None, None)
        with pytest.raises(NotFoundError):
            service.document_of(stopped)


def test_a_worker_that_was_taken_over_writes_nothing_and_the_next_one_answers(fresh) -> None:
    run_id, job_id = ask_siting(fresh, TESTER, terms())
    with fresh.begin() as session:
        slow = jobs.claim(session, lease_s=60, job_id=job_id)
        session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 s'"))
    with fresh.begin() as session:
        taken = jobs.claim(session, lease_s=60, job_id=job_id)
    assert slow is not None
    assert taken is not None
    with pytest.raises(LeaseLostError):
        service.perform(JobContext(slow, fresh))
    with fresh.begin() as session:
        assert queries.run_by_id(session, run_id).document is None
    service.perform(JobContext(taken, fresh))
    with fresh.begin() as session:
        assert service.document_of(queries.run_by_id(session, run_id)).certificate.objective == COVERED + 30


def test_nothing_can_be_kept_before_there_is_a_plan_or_after_the_end(fresh) -> None:
    run_id, job_id = ask_siting(fresh, TESTER, terms())
    with fresh.begin() as session, pytest.raises(ConflictError) as early:
        service.stop(session, TESTER, run_id, keep=True)
    finish_siting(fresh, run_id, job_id, lease_s=15)
    with fresh.begin() as session, pytest.raises(ConflictError) as late:
        service.stop(session, TESTER, run_id, keep=True)
    assert (early.value.code, late.value.code) == ("siting_nothing_to_keep", "job_ended")


def test_a_plan_that_was_told_can_be_kept(fresh, monkeypatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    run_id, job_id = ask_siting(fresh, TESTER, terms())
    with fresh.begin() as session:
        claim = jobs.claim(session, lease_s=60, job_id=job_id)
    assert claim is not None
    telling = progress.Telling(
        JobContext(claim, fresh), run_id, SitingModel.MAX_COVERAGE, [(121.4, 31.3), (121.5, 31.3)]
    )
    telling(Incumbent(40.0, 50.0, (1,)))
    with fresh.begin() as session:
        told = queries.run_by_id(session, run_id).progress
        assert told is not None
        assert (told["objective"], told["bound"], told["gap"], told["chosen"]) == (40, 50, 0.25, [[121.5, 31.3]])
        assert service.stop(session, TESTER, run_id, keep=True).keep_requested
    with pytest.raises(progress.SearchEndedError):
        telling(Incumbent(41.0, 50.0, (0,)))
    assert telling.best == Incumbent(41.0, 50.0, (0,))


def test_an_input_that_has_changed_since_makes_a_run_stale(fresh) -> None:
    run_id, job_id = ask_siting(fresh, TESTER, terms())
    finish_siting(fresh, run_id, job_id, lease_s=15)
    with fresh.begin() as session:
        stored = queries.run_by_id(session, run_id)
        assert service.stale_inputs(session, stored) == []
        session.execute(text("UPDATE editions SET valid_to = '2026-02-01' WHERE subject = 'population'"))
        assert service.stale_inputs(session, stored, on=date(2026, 2, 1)) == ["population: places"]
