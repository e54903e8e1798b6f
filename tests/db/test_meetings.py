"""Joint meetings, topics and the side gate: on a small town of streets, two quarters and six places.

::

     500                            p3
     400     +---------+            |          The straight way at y = 0 is shut at x = 600 by a gate of the wall,
             |  loop   |            |          G1; who passes it saves the loop of 400 + 500 + 400 m.
       0  A--+-p1-G1-p2+------------+----
          0  500      1000        1500
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import IntegrityError

from gridmgmt import imports
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.db import Session, make_engine, make_sessions
from gridmgmt.errors import ConflictError, ForbiddenError, GridMgmtError, InputError, NotFoundError, RuleViolationError
from gridmgmt.ingest.areas import read_areas
from gridmgmt.meetings import decisions, queries, sittings, topic_queries, topics
from gridmgmt.meetings.decisions import NewDecision, NewGate, NewTask
from gridmgmt.meetings.rules import (
    MeetingKind,
    MeetingRole,
    Member,
    OwnersVote,
    ProjectState,
    TopicMove,
    TopicOrigin,
    TopicState,
)
from gridmgmt.meetings.sittings import NewAgreement, NewMeeting, NewProject, NewSitting
from gridmgmt.meetings.topic_queries import TopicFilter
from gridmgmt.meetings.topics import Proposal
from gridmgmt.reports.meetings import topic_page
from gridmgmt.walking.cache import WARM
from gridmgmt.walking.rules import make_question
from gridmgmt.walking.service import walk_state
from tests.support import paper_town
from tests.support.actors import TESTER
from tests.support.drafts import take_into_force
from tests.support.paper_gates import load_gates
from tests.support.paper_town import DAY, TOWNS, degrees

WEST, EAST = (f"{town}001" for town in TOWNS)
STREETS = [
    [(0, 0), (500, 0)],
    [(500, 0), (1000, 0)],
    [(500, 0), (500, 400), (1000, 400), (1000, 0)],
    [(1000, 0), (1500, 0), (1500, 1000)],
]
PLACES = [(200, 20, (20, 0, 0, 0, 0)), (900, 0, (30, 0, 0, 0, 10)), (1500, 500, (30, 0, 0, 0, 0))]
FEBRUARY, MARCH, MAY, JULY = date(2026, 2, 1), date(2026, 3, 1), date(2026, 5, 1), date(2026, 7, 1)
TODAY = date(2026, 11, 23)
HOURS = {"mon-sun": ["06:00-22:00"]}
SPEED_M_PER_S = 0.83
FOUR = (
    MeetingRole.PARTY_ORGANISATION, MeetingRole.RESIDENTS_COMMITTEE, MeetingRole.OWNERS_COMMITTEE,
    MeetingRole.PROPERTY_FIRM,
)  # fmt: skip
VOTE = OwnersVote(300, 240, 180, 0.8, 0.6, "业决〔2026〕1号")


@pytest.fixture(scope="module")
def town(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = make_engine(module_database_url)
    sessions, folder = make_sessions(engine), tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper_town, "STREETS", STREETS)
        patch.setattr(paper_town, "PLACES", PLACES)
        patch.setattr(paper_town, "POINTS", [("A", 0, 10, "open")])
        paper_town.load(sessions, folder)
    rows = [
        ({"code": f"{code}001", "name": f"{code}一居", "parent_code": code}, "Polygon", [degrees([*ring, ring[0]])])
        for code, ring in TOWNS.items()
    ]
    quarters = read_areas(paper_town.geojson(folder / "quarters.geojson", rows))
    with sessions.begin() as session:
        imports.import_areas(
            session, TESTER, quarters, paper_town.labels("quarters"), level="residential_quarter"
        )  # fmt: skip
        take_into_force(session, "quarters")
    load_gates(sessions, folder, [("G1", 600, 0, "closed", "")])
    yield engine
    engine.dispose()
    WARM.clear()


@pytest.fixture
def session(town: Engine) -> Iterator[Session]:
    with town.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()
    WARM.clear()  # what was read there is gone


@contextmanager
def refused(kind: type[GridMgmtError], code: str) -> Iterator[None]:
    with pytest.raises(kind) as found:
        yield
    assert found.value.code == code, str(found.value)


def place(x: float, y: float) -> dict[str, float]:
    ((lon, lat),) = degrees([(x, y)])
    return {"lon": lon, "lat": lat}


def convene(session: Session, code: str = "M1", **changes: object) -> None:
    members = [Member(role, str(role)) for role in FOUR]
    said = {"kind": MeetingKind.FOUR_IN_ONE, "name": "西一居四位一体", "area": WEST, "convenor": "居民区党总支",
            "members": members, "valid_from": DAY}  # fmt: skip
    sittings.convene(session, TESTER, NewMeeting(code, **{**said, **changes}), today=TODAY)


def sit(session: Session, *roles: MeetingRole, code: str = "M1", on: date = MARCH) -> int:
    return sittings.hold_sitting(session, TESTER, code, NewSitting(on, dict.fromkeys(roles, 1)), today=TODAY).sitting_no


def on_agenda(session: Session, title: str = "红林路小门", **changes: object) -> str:
    """Bring a topic of residents onto the agenda of M1."""
    topic = topics.propose(session, TESTER, Proposal(title, **place(600, 0), on=FEBRUARY, **changes), today=TODAY)
    topics.support(session, TESTER, topic.code, 20, FEBRUARY, today=TODAY)
    topics.schedule(session, TESTER, topic.code, "M1", FEBRUARY, today=TODAY)
    return topic.code


def walks_m(session: Session, on: date, at: str) -> list[float]:
    state = walk_state(session, make_question(on, at=at))
    return [cs / 100 * SPEED_M_PER_S if cs < 1 << 30 else np.inf for cs in state.nearest.place_cs.tolist()]


def test_a_quorum_needs_all_four_roles(session: Session) -> None:
    """共治联席会议, 四位一体: a sitting without one of the four decides nothing."""
    convene(session)
    code = on_agenda(session)
    for absent in FOUR:
        number = sit(session, *(role for role in FOUR if role is not absent))
        with pytest.raises(RuleViolationError) as found:
            decisions.decide(session, TESTER, code, NewDecision(number, "同意"), today=TODAY)
        assert (found.value.code, found.value.fields["missing"]) == ("quorum_missing", absent)
    decisions.decide(session, TESTER, code, NewDecision(sit(session, *FOUR), "同意"), today=TODAY)
    assert topic_queries.topic_record(session, code).topic.state == TopicState.DECIDED


def test_no_matter_of_the_owners_is_decided_without_their_record(session: Session) -> None:
    """共治联席会议, 四位一体: a matter without the owners' procedure cannot be decided; nor against their vote."""
    convene(session)
    code, number = on_agenda(session, owners_procedure=True), sit(session, *FOUR)
    for vote, reason in (
        (None, "owners_procedure_missing"),
        (OwnersVote(300, 199, 199, 0.8, 0.8, "1"), "owners_vote_failed"),  # fewer than two thirds took part
        (OwnersVote(300, 200, 100, 0.8, 0.6, "1"), "owners_vote_failed"),  # half of these is not more than half
        (OwnersVote(300, 240, 180, 0.6, 0.5, "1"), "owners_vote_failed"),  # by floor too few took part
    ):
        with pytest.raises(RuleViolationError) as found:
            decisions.decide(session, TESTER, code, NewDecision(number, "同意", owners_vote=vote), today=TODAY)
        assert found.value.code == reason
    decisions.decide(session, TESTER, code, NewDecision(number, "同意", owners_vote=VOTE), today=TODAY)
    assert topic_queries.topic_record(session, code).decision.owners_vote["document_no"] == "业决〔2026〕1号"


def test_member_groups_add_up_to_the_total(session: Session) -> None:
    """社区管理工作委员会: group sum = total; 8 + 3 = 11 is an example alone."""
    groups = [Member(MeetingRole.LOCALS, "本村村民", 8), Member(MeetingRole.NEWCOMERS, "来沪人员", 3)]
    with pytest.raises(RuleViolationError) as found:
        convene(session, "W1", kind=MeetingKind.MANAGEMENT_COMMITTEE, members=groups, seats=12)
    assert (found.value.code, found.value.fields["sum"]) == ("meeting_seats_sum", 11)
    convene(session, "W1", kind=MeetingKind.MANAGEMENT_COMMITTEE, members=groups, seats=11)
    with refused(InputError, "meeting_roles_missing"):
        convene(session, "W2", kind=MeetingKind.MANAGEMENT_COMMITTEE, members=groups[:1])
    with refused(InputError, "attendance_invalid"):
        sittings.hold_sitting(session, TESTER, "W1", NewSitting(MARCH, {MeetingRole.LOCALS: 9}), today=TODAY)
    attended = {MeetingRole.LOCALS: 5, MeetingRole.NEWCOMERS: 2}
    assert sittings.hold_sitting(session, TESTER, "W1", NewSitting(MARCH, attended), today=TODAY).quorate


def test_each_decided_proposal_has_a_sitting_and_a_result(session: Session) -> None:
    """自治项目申报, 自下而上议题: supporters are counted, and the database itself holds what a decision needs."""
    convene(session)
    code = topics.propose(session, TESTER, Proposal("长椅", **place(200, 20), on=FEBRUARY), today=TODAY).code
    assert code == "YT2026-0001"
    topics.support(session, TESTER, code, 19, FEBRUARY, today=TODAY)
    with refused(ConflictError, "topic_move_refused"):
        topics.schedule(session, TESTER, code, "M1", FEBRUARY, today=TODAY)
    topics.support(session, TESTER, code, 1, FEBRUARY, today=TODAY)
    topics.schedule(session, TESTER, code, "M1", FEBRUARY, today=TODAY)
    task = NewTask("安装长椅", "物业服务站", MAY)
    decisions.decide(session, TESTER, code, NewDecision(sit(session, *FOUR), "安装四张", tasks=[task]), today=TODAY)
    with refused(ConflictError, "topic_tasks_open"):
        decisions.finish(session, TESTER, code, "已装", MAY, today=TODAY)
    decisions.complete_task(session, TESTER, code, 1, "四张已装", MAY, today=TODAY)
    decisions.finish(session, TESTER, code, "四张长椅已投入使用", MAY, today=TODAY)
    found = topic_queries.topic_record(session, code)
    assert (found.topic.state, found.topic.sitting_no, found.topic.sitting_on) == (TopicState.DONE, 1, MARCH)
    assert (found.topic.resolution, found.topic.result) == ("安装四张", "四张长椅已投入使用")
    assert [step.move for step in found.steps] == [
        TopicMove.PROPOSE, TopicMove.SUPPORT, TopicMove.SCHEDULE, TopicMove.DECIDE, TopicMove.FINISH
    ]  # fmt: skip
    for lost in ("sitting_id = NULL", "resolution = NULL", "result = NULL"):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(f"UPDATE topics SET {lost} WHERE code = :code"), {"code": code})


def test_the_side_gate_of_tianxin_garden_from_topic_to_report(session: Session) -> None:
    """天馨花园 红林路小门: topic → hearing → decision with hours and funding → gate → minutes by quarter → report.

    p2 (900, 0), 40 residents, walked 10 + 500 + 1300 + 100 = 1910 m and now walks 910 m; p3 in the eastern quarter,
    30 residents, 2810 m and now 2010 m. p1 is before the gate: nothing changes for it.
    """
    convene(session)
    before = pytest.approx([230, 1910, 2810], rel=1e-3)
    assert walks_m(session, DAY, "wed 10:00") == before
    code = on_agenda(session, owners_procedure=True, detail="通往地铁站的小门长期关闭")
    for title, yuan in (("刷卡门", 48_000), ("常开", 12_000)):
        topics.add_option(session, TESTER, code, title, amount_yuan=yuan, today=TODAY)
    topics.object_to(
        session, TESTER, code, "居委会", "夜间安全", objectors=12, answer="22 时后关闭", today=TODAY,
    )  # fmt: skip
    topics.hear(
        session, TESTER, code, FEBRUARY, dict.fromkeys(FOUR, 2), "三种门式均作了说明", document_no="听证1", today=TODAY
    )
    gate = NewGate("G1", JULY, hours=HOURS)
    tasks = [NewTask("安装门禁", "物业公司", date(2026, 6, 20))]
    new = NewDecision(
        sit(session, *FOUR), "开设小门，刷卡进出", option_no=1, owners_vote=VOTE, amount_yuan=48_000,
        funding="维修资金", gate=gate, tasks=tasks, follow_up_on=date(2026, 10, 1),
    )  # fmt: skip
    decisions.decide(session, TESTER, code, new, today=TODAY)
    decisions.measure(session, TESTER, code, today=TODAY)

    after = pytest.approx([230, 910, 2010], rel=1e-3)
    assert walks_m(session, MAY, "wed 10:00") == before, "it is not open yet"
    assert walks_m(session, JULY, "wed 10:00") == after, "only those behind the gate walk less"
    assert walks_m(session, JULY, "wed 23:00") == before, "outside its hours the old times return"

    found = topic_queries.topic_record(session, code)
    assert (found.gate_edition, found.decision.gate_hours) == (f"{code} G1", HOURS)
    assert [objection.objectors for objection in found.objections] == [12]
    effects = decisions.effects_of(found.decision)
    assert (effects.level, effects.total.residents) == ("residential_quarter", 70)
    assert {area.code: area.residents for area in effects.areas} == {WEST: 40, EAST: 30}
    saved_m = {area.code: area.saved_s * SPEED_M_PER_S for area in effects.areas}
    assert saved_m == pytest.approx({WEST: 1000, EAST: 800}, rel=1e-3)
    assert (effects.total.covered_before, effects.total.covered_after) == (0, 40), "910 m take 18.3 minutes"
    page = topic_page(session, code, lang="zh", synthetic=False, threshold=None)
    assert all(said in page for said in ("红林路小门", "48,000", "维修资金", "夜间安全", "38.3", WEST, "听证1"))
    public = topic_page(session, code, lang="en", synthetic=True, threshold=50)
    assert "Counts below 50 are withheld" in public


def test_a_new_gate_stands_where_the_topic_does_and_money_comes_from_somewhere(session: Session) -> None:
    convene(session)
    code, number = on_agenda(session), sit(session, *FOUR)
    for wrong, reason in (
        ({"amount_yuan": 1}, "funding_missing"),
        ({"gate": NewGate("N", FEBRUARY)}, "gate_opens_early"),
        ({"follow_up_on": FEBRUARY}, "decision_dates"),
    ):
        with refused(InputError, reason):
            decisions.decide(session, TESTER, code, NewDecision(number, "同意", **wrong), today=TODAY)
    with refused(NotFoundError, "topic_option_unknown"):
        decisions.decide(session, TESTER, code, NewDecision(number, "同意", option_no=3), today=TODAY)
    decision = decisions.decide(
        session, TESTER, code, NewDecision(number, "同意", gate=NewGate("N", JULY)), today=TODAY
    )
    decisions.measure(session, TESTER, code, today=TODAY)
    assert (decision.gate_code, decision.effects["total"]["residents"]) == ("N", 0), "nobody's wall stands there"
    gates = session.execute(text("SELECT code, name, access, ST_X(geom) FROM gates WHERE code = 'N'")).all()
    assert [tuple(row) for row in gates] == [("N", "红林路小门", "public", pytest.approx(place(600, 0)["lon"]))]


def test_topics_end_otherwise_and_are_found_again(session: Session) -> None:
    convene(session)
    turned_down, left = on_agenda(session), on_agenda(session, title="停车位")
    decisions.refuse(session, TESTER, turned_down, sit(session, *FOUR), "不具备条件", today=TODAY)
    topics.withdraw(session, TESTER, left, "已由物业解决", MARCH, today=TODAY)
    with refused(ConflictError, "topic_move_refused"):
        topics.support(session, TESTER, left, 1, MARCH, today=TODAY)
    with refused(ConflictError, "topic_closed"):
        topics.add_option(session, TESTER, left, "…", today=TODAY)
    body = Proposal("树木", **place(1500, 500), on=MARCH, origin=TopicOrigin.BODY, origin_ref="居委会")
    of_body = topics.propose(session, TESTER, body, today=TODAY)
    assert (of_body.state, of_body.area_code) == (TopicState.SUPPORTED, EAST)
    with refused(InputError, "meeting_of_other_area"):
        topics.schedule(session, TESTER, of_body.code, "M1", MARCH, today=TODAY)
    case = Proposal("树木", **place(1500, 500), on=MARCH, origin=TopicOrigin.CASE, origin_ref="?")
    with refused(NotFoundError, "case_unknown"):
        topics.propose(session, TESTER, case, today=TODAY)
    with refused(InputError, "topic_outside"):
        topics.propose(session, TESTER, Proposal("…", **place(9000, 9000), on=MARCH), today=TODAY)

    def listed(**wanted: object) -> list[str]:
        return [each.code for each in topic_queries.topic_summaries(session, MARCH, TopicFilter(**wanted))]

    assert listed() == [of_body.code, left, turned_down]
    assert listed(area=WEST[:9]) == [left, turned_down]
    assert (listed(q="停车"), listed(state=TopicState.REFUSED), listed(meeting="M1")) == (
        [left], [turned_down], [left, turned_down]
    )  # fmt: skip
    counts = topic_queries.topic_counts(session, MARCH, TopicFilter())
    assert {state: count for state, count in counts.items() if count} == {
        TopicState.SUPPORTED: 1, TopicState.REFUSED: 1, TopicState.WITHDRAWN: 1
    }  # fmt: skip


def test_topics_of_a_past_day_are_as_they_were(session: Session) -> None:
    """Proposed and scheduled in February, settled in March and May: each day tells no more than was known then."""
    convene(session)
    code, other = on_agenda(session), on_agenda(session, title="停车位")
    decisions.decide(session, TESTER, code, NewDecision(sit(session, *FOUR), "同意"), today=TODAY)
    late = topics.propose(session, TESTER, Proposal("长椅", **place(600, 0), on=MAY), today=TODAY).code
    for day, refusal in ((TODAY + timedelta(days=1), "held_in_future"), (MARCH, "topic_step_early")):
        with refused(InputError, refusal):
            topics.support(session, TESTER, late, 1, day, today=TODAY)
    with refused(InputError, "held_in_future"):
        topics.propose(session, TESTER, Proposal("…", **place(600, 0), on=date(2030, 1, 1)), today=TODAY)
    decisions.finish(session, TESTER, code, "已开", MAY, today=TODAY)

    def told(on: date, **wanted: object) -> dict[str, tuple[object, ...]]:
        rows = topic_queries.topic_summaries(session, on, TopicFilter(**wanted))
        return {row.code: (row.state, row.meeting_code, row.sitting_no, row.resolution, row.result) for row in rows}

    waiting = ("agenda", "M1", None, None, None)
    assert told(FEBRUARY - timedelta(days=1)) == {}
    assert told(FEBRUARY) == {code: waiting, other: waiting} == told(FEBRUARY, meeting="M1")
    assert told(MARCH) == {code: ("decided", "M1", 1, "同意", None), other: waiting}
    assert told(MAY, state=TopicState.DONE) == {code: ("done", "M1", 1, "同意", "已开")}
    assert (told(FEBRUARY, state=TopicState.DONE), [*told(MAY)]) == ({}, [late, other, code])
    counts = [topic_queries.topic_counts(session, on, TopicFilter())[TopicState.AGENDA] for on in (FEBRUARY, MARCH)]
    assert counts == [2, 1]


def test_one_topic_on_a_past_day_tells_no_more_than_was_known_then(session: Session) -> None:
    """20 are needed: 12 in February, 9 in March bring it on; decided in May with a task, which is done in July."""
    convene(session)
    code = topics.propose(session, TESTER, Proposal("长椅", **place(200, 20), on=FEBRUARY), today=TODAY).code
    topics.support(session, TESTER, code, 12, FEBRUARY, today=TODAY)
    topics.support(session, TESTER, code, 9, MARCH, today=TODAY)
    with refused(InputError, "topic_step_early"):
        topics.support(session, TESTER, code, 1, FEBRUARY, today=TODAY)
    topics.schedule(session, TESTER, code, "M1", MARCH, today=TODAY)
    topics.add_option(session, TESTER, code, "四张", today=MARCH)
    topics.object_to(session, TESTER, code, "居委会", "占绿地", today=MAY)
    topics.hear(session, TESTER, code, MAY, dict.fromkeys(FOUR, 1), "听取意见", today=TODAY)
    held = sittings.hold_sitting(session, TESTER, "M1", NewSitting(MAY, dict.fromkeys(FOUR, 1)), today=TODAY)
    new = NewDecision(held.sitting_no, "安装四张", option_no=1, tasks=[NewTask("安装", "物业公司", JULY)])
    decisions.decide(session, TESTER, code, new, today=TODAY)
    decisions.complete_task(session, TESTER, code, 1, "已装", JULY, today=TODAY)

    def told(on: date) -> tuple[object, ...]:
        found = topic_queries.topic_record(session, code, on)
        noted = (found.steps, found.options, found.objections, found.hearings, found.tasks)
        done = [task.done_on for task in found.tasks]
        return found.topic.state, found.topic.supporters, tuple(map(len, noted)), found.decision is None, done

    with refused(NotFoundError, "topic_unknown"):
        told(FEBRUARY - timedelta(days=1))
    assert told(FEBRUARY) == ("proposed", 12, (1, 0, 0, 0, 0), True, [])
    assert told(MARCH) == ("agenda", 21, (3, 1, 0, 0, 0), True, [])
    assert told(MAY) == ("decided", 21, (4, 1, 1, 1, 1), False, [None])
    assert told(JULY) == told(TODAY) == ("decided", 21, (4, 1, 1, 1, 1), False, [JULY])
    assert [topic_queries.topic_record(session, code, on).present for on in (MARCH, MAY)] == [False, True]
    (then,) = topic_queries.topic_summaries(session, FEBRUARY, TopicFilter())
    assert then.supporters == 12
    of_day = [queries.meetings_on(session, on)[0] for on in (FEBRUARY, MARCH, MAY)]
    assert [(each.topics, len(each.sittings)) for each in of_day] == [(0, 0), (1, 0), (1, 1)]


def test_projects_go_step_by_step_and_agreements_are_counted(session: Session) -> None:
    """自治项目 with a small budget; 22 agreements of which the source does not say with whom."""
    convene(session)
    new = NewProject("P1", WEST, "楼道美化", 5_000, FEBRUARY, topic=on_agenda(session))
    sittings.apply_for_project(session, TESTER, new, today=TODAY)
    with refused(ConflictError, "self_project_step_refused"):
        sittings.move_project(session, TESTER, "P1", ProjectState.FINISHED, on=MARCH, result="完成", today=TODAY)
    for state in (ProjectState.APPROVED, ProjectState.RUNNING):
        sittings.move_project(session, TESTER, "P1", state, on=MARCH, today=TODAY)
    with refused(InputError, "self_project_result_missing"):
        sittings.move_project(session, TESTER, "P1", ProjectState.FINISHED, on=MAY, today=TODAY)
    early = {"on": FEBRUARY, "result": "完成"}
    with refused(InputError, "self_project_step_early"):
        sittings.move_project(session, TESTER, "P1", ProjectState.FINISHED, today=TODAY, **early)
    sittings.move_project(session, TESTER, "P1", ProjectState.FINISHED, on=MAY, result="六个楼道已完成", today=TODAY)
    assert queries.projects_of(session, FEBRUARY - timedelta(days=1)) == []
    with refused(ConflictError, "self_project_step_refused"):
        sittings.move_project(session, TESTER, "P1", ProjectState.RUNNING, on=MAY, today=TODAY)
    told = [queries.projects_of(session, on, area=WEST)[0] for on in (FEBRUARY, MARCH, MAY)]
    assert [(each.state, each.result) for each in told] == [
        ("applied", None), ("running", None), ("finished", "六个楼道已完成"),
    ]  # fmt: skip
    assert (told[0].area_name, told[0].topic) == ("310113001一居", new.topic)
    sittings.agree(session, TESTER, "M1", NewAgreement("共建协议", DAY, agreements=22), today=TODAY)
    with refused(InputError, "agreement_count_invalid"):
        sittings.agree(session, TESTER, "M1", NewAgreement("共建协议", DAY, partner="学校", agreements=2), today=TODAY)
    (found,) = queries.meetings_on(session, MAY, area=WEST)
    assert (sum(each.agreements for each in found.agreements), len(found.members), found.topics) == (22, 4, 1)
    sittings.end_meeting(session, TESTER, "M1", MAY, today=TODAY)
    assert queries.meetings_on(session, MAY) == []


def statements_of(session: Session, ask: Callable[[], object]) -> int:
    said: list[str] = []

    def note(*told: object) -> None:
        said.append(str(told[2]))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    ask()
    event.remove(session.get_bind(), "before_cursor_execute", note)
    return len(said)


def test_lists_take_as_many_statements_for_many_as_for_one(session: Session) -> None:
    def asked() -> list[int]:
        session.expire_all()
        lists = (queries.meetings_on, queries.projects_of)
        return [statements_of(session, lambda ask=ask: ask(session, MAY, area=WEST[:9])) for ask in lists]

    def add(number: int) -> None:
        convene(session, f"M{number}")
        sit(session, *FOUR, code=f"M{number}")
        sittings.agree(session, TESTER, f"M{number}", NewAgreement(f"共建{number}", DAY), today=TODAY)
        new = NewProject(f"P{number}", WEST, "楼道美化", 5_000, FEBRUARY)
        sittings.apply_for_project(session, TESTER, new, today=TODAY)

    add(1)
    of_one = asked()
    for number in (2, 3, 4):
        add(number)
    sit(session, *FOUR[:2], code="M3", on=MAY)
    assert asked() == of_one
    found = {each.meeting.code: each for each in queries.meetings_on(session, MAY)}
    assert [each.quorate for each in found["M3"].sittings] == [False, True], "each its own, the newest first"
    assert [each.subject for each in found["M4"].agreements] == ["共建4"]


def test_a_right_is_judged_by_today_and_nothing_is_held_ahead_of_it(session: Session) -> None:
    """Before the first edition the quarter was in no town: naming a day gives the people of its town no right."""
    convene(session)
    sittings.apply_for_project(session, TESTER, NewProject("P1", WEST, "楼道美化", 5_000, FEBRUARY), today=TODAY)
    code = on_agenda(session)
    right = frozenset({Permission.CASES_REPORT, Permission.MEETINGS_WRITE})
    town = Actor("account", "town", 1, (Grant(Role.PLANNER, right, "town", WEST[:9]),))
    long_ago = DAY - timedelta(days=1)
    for act in (
        lambda today: topics.withdraw(session, town, code, "…", MARCH, today=today),
        lambda today: sittings.move_project(session, town, "P1", ProjectState.APPROVED, on=MARCH, today=today),
        lambda today: sittings.end_meeting(session, town, "M1", MAY, today=today),
    ):
        with pytest.raises(ForbiddenError):
            act(long_ago)
        act(TODAY)
    for act in (
        lambda: sittings.hold_sitting(session, TESTER, "M1", NewSitting(MARCH, {FOUR[0]: 1}), today=FEBRUARY),
        lambda: topics.hear(session, TESTER, on_agenda(session), MARCH, {FOUR[0]: 1}, "…", today=FEBRUARY),
    ):
        with refused(InputError, "held_in_future"):
            act()


def test_who_acts_acts_in_an_area_of_theirs_and_it_is_logged(session: Session) -> None:
    convene(session)
    right = frozenset({Permission.CASES_REPORT, Permission.MEETINGS_WRITE})
    east = Actor("account", "east", 1, (Grant(Role.PLANNER, right, "residential_quarter", EAST),))
    for act in (
        lambda: topics.propose(session, east, Proposal("…", **place(200, 20), on=FEBRUARY), today=TODAY),
        lambda: sittings.hold_sitting(session, east, "M1", NewSitting(MARCH, dict.fromkeys(FOUR, 1)), today=TODAY),
        lambda: topics.set_supporters_needed(session, east, 5, MARCH, "镇"),
    ):
        with pytest.raises(ForbiddenError):
            act()
    code = topics.propose(session, east, Proposal("…", **place(1500, 500), on=FEBRUARY), today=TODAY).code
    logged = session.execute(text("SELECT actor, action FROM changes WHERE object = :o"), {"o": f"topic:{code}"})
    assert [tuple(row) for row in logged] == [("east", "topic.propose")]
    topics.set_supporters_needed(session, TESTER, 5, MARCH, "镇")
    assert [topic_queries.supporters_needed(session, on) for on in (FEBRUARY, MARCH)] == [20, 5]
