"""Plans from the draft to the last target, on the town drawn in `tests.support.paper_town`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.errors import ConflictError, ForbiddenError, GridMgmtError, InputError, NotFoundError
from gridmgmt.responsibility.rules import NewKind, NewPost
from gridmgmt.responsibility.service import define_kind, define_post
from gridmgmt.siting import plan_queries
from gridmgmt.siting.adoption import Adopting, adopt, plan_report, public_plan
from gridmgmt.siting.comparison import compare
from gridmgmt.siting.document import canonical_json, parse, text_sha256
from gridmgmt.siting.models import SitingRun
from gridmgmt.siting.plan_document import PlanChange, PlanReport
from gridmgmt.siting.plan_rules import Milestone, MilestoneState, PlanState
from gridmgmt.siting.plans import draft, withdraw
from gridmgmt.siting.reruns import change, rerun
from gridmgmt.work import finish_siting
from tests.support.actors import TESTER
from tests.support.paper_town import DAY
from tests.support.planning import (
    ADOPTED,
    CANDIDATES,
    END,
    HALF,
    MILESTONES,
    keep,
    move_in,
    open_points,
    run,
    spot,
    take,
)

LATER = date(2027, 1, 1)
WEST_TOWN, EAST_TOWN = "310113001", "310113002"


@pytest.fixture
def sessions(paper_town_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(paper_town_url)
    factory = make_sessions(engine)
    yield factory
    engine.dispose()


def look(sessions: sessionmaker[Session], name: str = "town", on: date = ADOPTED) -> PlanReport:
    with sessions.begin() as session:
        return plan_report(session, plan_queries.plan_named(session, name), on)


def built(sessions: sessionmaker[Session], on: date, name: str = "town") -> list[tuple[str, str, bool, int]]:
    """The targets that are built: code, by which point, whether its code told it, and metres."""
    adoption = look(sessions, name, on).adoption
    assert adoption is not None
    found = [(t.code, t.built) for t in adoption.targets]
    return [(code, by.code, by.by_code, round(by.distance_m)) for code, by in found if by is not None]


def again(sessions: sessionmaker[Session], name: str, on: date) -> PlanChange:
    with sessions.begin() as session:
        asked = rerun(session, TESTER, name, on=on)
        run_id, job_id = asked.run_id, asked.job_id
    finish_siting(sessions, run_id, job_id, lease_s=15)
    with sessions.begin() as session:
        return change(session, name, run_id)


def refusal(sessions: sessionmaker[Session], *names: str) -> GridMgmtError:
    with sessions.begin() as session, pytest.raises(GridMgmtError) as refused:
        compare(session, names)
    return refused.value


def test_a_draft_is_the_answer_of_its_run(sessions: sessionmaker[Session]) -> None:
    run_id = run(sessions)
    with sessions.begin() as session:
        draft(session, TESTER, " town ", run_id, note=" first try ")
        stored = session.get(SitingRun, run_id)
        assert stored is not None
        plan = plan_queries.plan_named(session, "town")
        assert (plan.document, plan.document_sha256) == (stored.document, stored.result_sha256)
        change_ = session.scalars(select(Change).where(Change.action == "plan.draft")).one()
        assert (change_.object, change_.actor) == ("plan:town", "tester")
    found = look(sessions)
    assert (found.state, found.note, found.author, found.points) == (PlanState.DRAFT, "first try", "tester", 3)
    assert (found.cost.known_yuan, found.cost.unknown) == (350_000, 1)
    assert (found.adoption, found.ending, found.stale_because) == (None, None, ())
    assert found.certificate.objective == 60.75, "30.75 before, 30 by u"


def test_an_adopted_plan_has_a_target_for_each_point(sessions: sessionmaker[Session]) -> None:
    keep(sessions, "town", run(sessions))
    take(sessions, "town")
    adoption = look(sessions).adoption
    assert adoption is not None
    number = adoption.targets[1].code.partition("-")[0]
    assert [(t.rank, t.code, t.name, t.due_on) for t in adoption.targets] == [
        (1, "U", "u", HALF),
        (2, f"{number}-02", "v", END),
        (3, f"{number}-03", "w", END),
    ]
    assert {t.owner_post for t in adoption.targets} == {"office-of-ageing"}
    assert (adoption.budget_yuan, adoption.left_yuan) == (250_000, -100_000)
    assert adoption.built == 0, "the point 100 m from w was open before"
    assert [m.state for m in adoption.milestones] == [MilestoneState.AHEAD] * 2


def test_codes_of_candidates_never_are_those_that_targets_are_given(sessions: sessionmaker[Session]) -> None:
    """The first plan gives P1-01 and P1-02: a candidate that is called so loses its code, and none is there twice."""
    called = (spot(1500, 400, "u", code="P1-02"), spot(2500, 0, "v"), spot(100, 0, "w", code="W"))
    keep(sessions, "town", run(sessions, 3, called))
    take(sessions, "town")
    adoption = look(sessions).adoption
    assert adoption is not None
    assert {t.name: t.code for t in adoption.targets} == {"u": "P1-01", "v": "P1-02", "w": "W"}


def test_targets_are_built_by_code_or_within_150_m_each_by_one_point(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    """B1 is 100 m from u and B2 149 m; C, 151 m from v, is too far until a point has the code of v's target."""
    keep(sessions, "town", run(sessions))
    take(sessions, "town")
    report = look(sessions)
    assert report.adoption is not None
    of_v = report.adoption.targets[1].code
    open_points(sessions, tmp_path, date(2026, 6, 1), [("B2", 1500, 251), ("B1", 1500, 300), ("C", 2651, 0)])
    assert built(sessions, date(2026, 5, 31)) == []
    assert built(sessions, HALF) == [("U", "B1", False, 100)]
    open_points(sessions, tmp_path, date(2026, 9, 1), [(of_v, 2500, 800)])
    assert built(sessions, END) == [("U", "B1", False, 100), (of_v, of_v, True, 800)]
    late = look(sessions, on=LATER).adoption
    assert late is not None
    assert [(m.points, m.built, m.state) for m in late.milestones] == [
        (1, 1, MilestoneState.MET),
        (3, 2, MilestoneState.LATE),
    ]


def test_a_point_counts_though_its_edition_begins_before_the_plan(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    """Taken in after the run, it was not among what the plan was computed from."""
    keep(sessions, "town", run(sessions))
    take(sessions, "town")
    open_points(sessions, tmp_path, DAY, [("B1", 1500, 300)])
    assert built(sessions, ADOPTED) == [("U", "B1", False, 100)]


def test_a_milestone_may_be_met_late(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    keep(sessions, "town", run(sessions))
    take(sessions, "town")
    open_points(sessions, tmp_path, date(2026, 7, 1), [("B1", 1500, 300)])

    def states(on: date) -> list[MilestoneState]:
        adoption = look(sessions, on=on).adoption
        assert adoption is not None
        return [m.state for m in adoption.milestones]

    assert states(HALF) == [MilestoneState.AHEAD, MilestoneState.AHEAD], "its own day is time enough"
    assert states(date(2026, 7, 1)) == [MilestoneState.MET_LATE, MilestoneState.AHEAD]


def test_a_second_plan_of_the_type_and_area_supersedes_the_first(sessions: sessionmaker[Session]) -> None:
    first, second, east = (run(sessions), run(sessions, 2), run(sessions, 1, CANDIDATES[:2], area_code=EAST_TOWN))
    for name, run_id in (("one", first), ("two", second), ("east", east)):
        keep(sessions, name, run_id)
    take(sessions, "one")
    take(sessions, "east", milestones=[Milestone(END, 1)])
    take(sessions, "two", on=date(2026, 2, 1), milestones=[Milestone(END, 2)])
    states = {name: look(sessions, name).state for name in ("one", "two", "east")}
    assert states == {"one": PlanState.SUPERSEDED, "two": PlanState.ADOPTED, "east": PlanState.ADOPTED}
    ending, adoption = look(sessions, "one").ending, look(sessions, "two").adoption
    assert ending is not None
    assert adoption is not None
    assert (ending.on, ending.superseded_by, ending.because) == (date(2026, 2, 1), "two", None)
    assert adoption.supersedes == "one"
    with sessions.begin() as session:
        entry = session.scalars(select(Change).where(Change.action == "plan.supersede")).one()
        assert (entry.object, entry.after) == ("plan:one", {"state": "superseded", "by": "two"})


def test_of_plans_adopted_at_one_moment_one_is_in_force(sessions: sessionmaker[Session]) -> None:
    run_id, names = run(sessions), [f"plan {i}" for i in range(4)]
    for name in names:
        keep(sessions, name, run_id)
    start = Barrier(len(names))

    def adopt_at_once(name: str) -> str:
        start.wait()
        try:
            with transaction(sessions) as session:
                adopt(session, TESTER, name, Adopting("office", 1, MILESTONES), on=ADOPTED)
        except ConflictError as error:
            return error.code
        return "adopted"

    with ThreadPoolExecutor(len(names)) as pool:
        said = dict(zip(names, pool.map(adopt_at_once, names), strict=True))
    states = {name: look(sessions, name).state for name in names}
    assert list(states.values()).count(PlanState.ADOPTED) == 1
    assert set(said.values()) <= {"adopted", "uq_plans_adopted"}
    for name, state in states.items():
        assert (state is PlanState.DRAFT) == (said[name] == "uq_plans_adopted")


def test_a_plan_is_adopted_once_and_withdrawn_once(sessions: sessionmaker[Session]) -> None:
    keep(sessions, "town", run(sessions))
    take(sessions, "town")
    with pytest.raises(ConflictError) as refused:
        take(sessions, "town")
    assert (refused.value.code, refused.value.fields["state"]) == ("plan_not_draft", PlanState.ADOPTED)
    with sessions.begin() as session:
        withdraw(session, TESTER, "town", "the house was sold", on=HALF)
    ending = look(sessions).ending
    assert ending is not None
    assert (ending.on, ending.by, ending.because) == (HALF, "tester", "the house was sold")
    with sessions.begin() as session:
        assert public_plan(session, plan_queries.plan_named(session, "town"), HALF) is None
    with sessions.begin() as session, pytest.raises(ConflictError) as ended:
        withdraw(session, TESTER, "town", "again", on=HALF)
    assert ended.value.code == "plan_ended"
    keep(sessions, "next", run(sessions))
    take(sessions, "next")
    assert look(sessions, "next").state is PlanState.ADOPTED, "a withdrawn plan stands in nobody's way"


def test_what_cannot_be_adopted_is_refused_and_the_draft_stays(sessions: sessionmaker[Session]) -> None:
    keep(sessions, "town", run(sessions))
    for terms, code in (
        (Adopting(" ", 1, MILESTONES), "value_needed"),
        (Adopting("x" * 201, 1, MILESTONES), "plan_text_long"),
        (Adopting("office", -1, MILESTONES), "number_out_of_range"),
        (Adopting("office", 1, MILESTONES[:1]), "milestones_short"),
        (Adopting("office", 1, ()), "milestones_count"),
        (Adopting("office", 1, (Milestone(DAY, 3),)), "milestone_day"),
    ):
        with sessions.begin() as session, pytest.raises(InputError) as refused:
            adopt(session, TESTER, "town", terms, on=ADOPTED)
        assert refused.value.code == code
        assert look(sessions).state is PlanState.DRAFT


def test_where_posts_are_loaded_the_owner_is_one_of_them(sessions: sessionmaker[Session]) -> None:
    keep(sessions, "town", run(sessions))
    with sessions.begin() as session:
        define_kind(session, TESTER, NewKind("care", "养老", "care"))
        define_post(session, TESTER, NewPost("P1", "为老服务专员", "care", "张庙街道", DAY))
    with pytest.raises(NotFoundError) as refused:
        take(sessions, "town")
    assert refused.value.code == "post_unknown"
    with sessions.begin() as session:
        adopt(session, TESTER, "town", Adopting("P1", 0, MILESTONES), on=ADOPTED)
    adoption = look(sessions).adoption
    assert adoption is not None
    assert (adoption.owner_post, adoption.owner_name) == ("P1", "张庙街道 · 为老服务专员")


def test_runs_and_names_that_make_no_plan_are_told(sessions: sessionmaker[Session]) -> None:
    run_id = run(sessions)
    keep(sessions, "town", run_id)
    for name, number, code in (
        ("town", run_id, "plan_exists"),
        ("a/b", run_id, "plan_name"),
        ("x", 99, "siting_run_unknown"),
    ):
        with sessions.begin() as session, pytest.raises(GridMgmtError) as refused:
            draft(session, TESTER, name, number)
        assert refused.value.code == code
    with sessions.begin() as session, pytest.raises(NotFoundError):
        plan_queries.plan_named(session, "nobody's")


FORBIDDEN = (
    "UPDATE plans SET note = 'x'",
    "UPDATE plans SET document = '{}', document_sha256 = encode(sha256('{}'), 'hex')",
    "UPDATE plans SET budget_yuan = 1",
    "UPDATE plans SET adopted_on = NULL, adopted_by = NULL, owner_post = NULL, budget_yuan = NULL",
    "DELETE FROM plans",
    "TRUNCATE plans CASCADE",
    "UPDATE plan_targets SET due_on = '2030-01-01'",
    "DELETE FROM plan_targets",
    "UPDATE plan_milestones SET points = points + 1",
    "DELETE FROM plan_milestones",
)


def test_the_database_keeps_an_adopted_plan_as_it_is(sessions: sessionmaker[Session]) -> None:
    keep(sessions, "town", run(sessions))
    take(sessions, "town")
    for statement in FORBIDDEN:
        with pytest.raises(GridMgmtError) as refused, transaction(sessions) as session:
            session.execute(text(statement))
        assert refused.value.code == "guard_plans_unchanged", statement


def test_the_database_refuses_a_document_that_is_not_of_its_hash(sessions: sessionmaker[Session]) -> None:
    keep(sessions, "town", run(sessions))
    copied = (
        "INSERT INTO plans (name, author, run_id, document, document_sha256, model, points, type)"
        " SELECT 'copy', author, run_id, document || ' ', document_sha256, model, points, type FROM plans"
    )
    with sessions.begin() as session, pytest.raises(DBAPIError, match="document_whole"):
        session.execute(text(copied))


def planner(*permissions: Permission, area: str | None = None, name: str = "wang") -> Actor:
    level = None if area is None else "town"
    return Actor("account", name, 7, (Grant(Role.PLANNER, frozenset(permissions), level, area),))


def test_who_may_draft_adopt_and_withdraw(sessions: sessionmaker[Session]) -> None:
    everywhere, east = run(sessions), run(sessions, 1, CANDIDATES[:2], area_code=EAST_TOWN)
    analyst = planner(Permission.COVERAGE_RUN, Permission.RESULTS_EXACT)
    of_the_east = planner(*Permission, area=EAST_TOWN)
    without_exact = planner(Permission.COVERAGE_RUN, Permission.GOVERNANCE_WRITE)
    terms = Adopting("office", 1, (Milestone(END, 1),))
    with sessions.begin() as session:
        for actor in (planner(Permission.READ), without_exact, of_the_east):
            with pytest.raises(ForbiddenError):
                draft(session, actor, "x", everywhere)
        draft(session, analyst, "by wang", everywhere)
        draft(session, of_the_east, "east", east)
        for actor in (analyst, planner(*Permission, area=WEST_TOWN), without_exact):
            with pytest.raises(ForbiddenError):
                adopt(session, actor, "east", terms, on=ADOPTED)
        adopt(session, of_the_east, "east", terms, on=ADOPTED)
        with pytest.raises(ForbiddenError):
            withdraw(session, analyst, "east", "no", on=HALF)
        with pytest.raises(ForbiddenError) as refused:
            withdraw(session, planner(*Permission, name="li"), "by wang", "no", on=HALF)
        assert (refused.value.code, refused.value.fields["author"]) == ("plan_of_another", "wang")
        withdraw(session, analyst, "by wang", "a better one is there", on=HALF)


def test_the_public_hears_of_points_and_of_how_many_are_built(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    keep(sessions, "town", run(sessions))
    with sessions.begin() as session:
        assert public_plan(session, plan_queries.plan_named(session, "town"), ADOPTED) is None, "a draft is nobody's"
    take(sessions, "town")
    open_points(sessions, tmp_path, date(2026, 6, 1), [("B1", 1500, 300)])
    with sessions.begin() as session:
        found = public_plan(session, plan_queries.plan_named(session, "town"), HALF)
    assert found is not None
    assert (found.built, [(p.name, p.built) for p in found.points]) == (1, [("u", True), ("v", False), ("w", False)])
    told = found.model_dump_json()
    assert not any(word in told for word in ("residents", "covered", "yuan", "gain", "author", "60.75"))


def test_plans_stand_side_by_side(sessions: sessionmaker[Session]) -> None:
    keep(sessions, "one", run(sessions, 1))
    keep(sessions, "three", run(sessions))
    keep(sessions, "near", run(sessions, 1, (CANDIDATES[1],)))
    with sessions.begin() as session:
        found = compare(session, ["one", "three", "near"])
    assert [plan.figures.points for plan in found.plans] == [1, 3, 1]
    assert [plan.figures.covered_after for plan in found.plans] == [60.75, 60.75, 30.75]
    assert [[p.also_in for p in plan.points] for plan in found.plans] == [
        [("three",)],
        [("one",), ("near",), ()],
        [("three",)],
    ]
    everybody = found.bands[0]
    assert (everybody.residents, everybody.covered_before) == (75.75, 30.75)
    assert everybody.covered_after == (60.75, 60.75, 30.75)
    eighty = next(row for row in found.bands if row.band == "80_plus")
    assert (eighty.residents, eighty.covered_before, eighty.covered_after) == (10.25, 10.25, (10.25, 10.25, 10.25))
    east = next(row for row in found.areas if row.code == EAST_TOWN)
    assert east.covered_after == (30.0, 30.0, 0.0)


def test_plans_of_other_walks_inputs_or_code_are_not_compared(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    keep(sessions, "now", run(sessions))
    keep(sessions, "quick", run(sessions, minutes=10.0))
    walks = refusal(sessions, "now", "quick")
    assert (walks.code, walks.fields["differences"]) == ("plans_of_other_walks", "limit_s: 1200.0 ≠ 600.0")
    move_in(sessions, tmp_path, HALF)
    again_ = again(sessions, "now", END)
    keep(sessions, "then", again_.run_id)
    inputs = refusal(sessions, "now", "then")
    assert (inputs.code, inputs.fields["differences"]) == (
        "plans_of_other_inputs",
        "population: places; population: places-2",
    )
    assert "rerun" in inputs.message("en")
    other_code = run(sessions)
    with sessions.begin() as session:
        stored = session.get(SitingRun, other_code)
        assert stored is not None
        assert stored.document is not None
        document = parse(stored.document)
        made = document.provenance.model_copy(update={"code_version": "0.0.9"})
        older = canonical_json(document.model_copy(update={"provenance": made}))
        session.execute(update(SitingRun).where(SitingRun.run_id == other_code).values(document=older))
    keep(sessions, "older", other_code)
    with sessions.begin() as session:
        assert plan_queries.plan_named(session, "older").document_sha256 == text_sha256(older)
    code = refusal(sessions, "now", "older")
    assert (code.code, code.fields["another"]) == ("plans_of_other_code", "0.0.9")


def test_what_cannot_be_compared_is_told(sessions: sessionmaker[Session]) -> None:
    assert refusal(sessions, "a").code == "plans_compared"
    assert refusal(sessions, *"abcde").code == "plans_compared"
    assert refusal(sessions, "a", "a").code == "plan_twice"
    assert refusal(sessions, "a", "b").code == "plan_unknown"


def test_a_rerun_tells_what_would_change(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    """Fifty move in near v, so that it has more than u: the one point would go there."""
    keep(sessions, "town", run(sessions, 1))
    take(sessions, "town", milestones=[Milestone(END, 1)])
    move_in(sessions, tmp_path, HALF)
    assert look(sessions, on=date(2026, 6, 29)).stale_because == ()
    assert look(sessions, on=HALF).stale_because == ("population: places", "population: places-2")
    found = again(sessions, "town", END)
    assert (found.on, [each.name for each in found.inputs]) == (END, ["population: places", "population: places-2"])
    assert ([p.name for p in found.left], [p.name for p in found.new], found.kept) == (["u"], ["v"], ())
    assert (found.before.covered_after, found.after.covered_before, found.after.covered_after) == (60.75, 30.75, 80.75)
    assert (found.bands[0].residents, found.bands[0].residents_now) == (75.75, 125.75)
    (told,) = look(sessions).reruns
    assert (told.run_id, told.asked_by, told.state, told.finished) == (found.run_id, "tester", "succeeded", True)


def test_a_rerun_asks_for_the_points_that_are_not_built(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    """B1 has built u; of the two points that are left the one goes to v, where fifty have moved in."""
    keep(sessions, "town", run(sessions, 2))
    take(sessions, "town", milestones=[Milestone(END, 2)])
    open_points(sessions, tmp_path, date(2026, 6, 1), [("B1", 1500, 300)])
    move_in(sessions, tmp_path, HALF)
    found = again(sessions, "town", END)
    assert [p.name for p in found.built] == ["u"]
    assert [(pair.before.name, pair.after.name, pair.distance_m) for pair in found.kept] == [("v", "v", 0)]
    assert (found.left, found.new, found.after.points) == ((), (), 1)
    assert (found.after.covered_before, found.after.covered_after) == (60.75, 110.75)


def test_nothing_is_left_to_ask_for_when_all_is_built(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    keep(sessions, "town", run(sessions, 1))
    take(sessions, "town", milestones=[Milestone(END, 1)])
    open_points(sessions, tmp_path, date(2026, 6, 1), [("B1", 1500, 300)])
    with sessions.begin() as session, pytest.raises(ConflictError) as refused:
        rerun(session, TESTER, "town", on=HALF)
    assert refused.value.code == "plan_built"
    with sessions.begin() as session, pytest.raises(NotFoundError) as unknown:
        change(session, "town")
    assert unknown.value.code == "plan_rerun_unknown"
