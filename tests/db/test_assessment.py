"""考核 65/100 + 一票否决: rounds on the district of the paper, their evidence, appeals, signature and permissions.

Two towns, 顾村 and 大场; cases of January 2026: 顾村 20 due of which 15 closed on time, 大场 4 due and all on time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text
from sqlalchemy import event as events
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.assessment import queries, service
from gridmgmt.assessment.document import Document, canonical, sha256_of
from gridmgmt.assessment.files import example_schemes
from gridmgmt.assessment.rules import (
    AppealState,
    AssessmentDirection,
    AssessmentItem,
    EventCause,
    EventEffect,
    EvidenceKind,
    Named,
    NewEntry,
    NewEvent,
    NewScheme,
)
from gridmgmt.assessment.service import Appeal, NewRound
from gridmgmt.cases.measures import Ratio
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.coverage.models import CoverageAreaResult, CoverageRun
from gridmgmt.coverage.rules import make_request
from gridmgmt.db import make_engine
from gridmgmt.errors import (
    ConflictError,
    DuplicateCodeError,
    ForbiddenError,
    GridMgmtError,
    InputError,
    NotFoundError,
    RuleViolationError,
)
from tests.support.actors import TESTER
from tests.support.division import spot
from tests.support.paper_district import DACHANG, FIRST, GUCUN, load_district

JANUARY = (date(2026, 1, 1), date(2026, 1, 31))
NOW = datetime(2026, 2, 2, 4, tzinfo=UTC)
WATER, GREENING = "310113-water", "310113-greening"
NAME = Named("轮", "round")
CASE = (
    "INSERT INTO cases (case_no, kind, type, state, reported_at, due_at, closed_at, dispatched_at, town_code,"
    " department_code, geom) VALUES (:no, 'event', '1101', :state, '2026-01-05T08:00+08:00', '2026-01-20T08:00+08:00',"
    " :closed, '2026-01-06T08:00+08:00', :town, :department, ST_SetSRID(ST_MakePoint(:x, :y), 4326))"
)


def item(code: str, weight: str, evidence: EvidenceKind, **more: object) -> AssessmentItem:
    return AssessmentItem(code, "own", NAME, Decimal(weight), evidence, **more)  # type: ignore[arg-type]  # as named


SURVEY = item("S", "40", EvidenceKind.SURVEY, zero_at=Decimal(1), full_at=Decimal(5), min_sample=30)
RATE = item(
    "R", "40", EvidenceKind.INDICATOR, zero_at=Decimal("0.5"), full_at=Decimal(1), min_sample=10,
    ratio=Ratio.ON_TIME_CLOSING_RATE,
)  # fmt: skip
MANUAL = item("M", "20", EvidenceKind.MANUAL)
SCHEME = NewScheme(
    Named("方案", "scheme"), AssessmentDirection.STREETS, FIRST, (RATE, SURVEY, MANUAL), "test", groups={"own": NAME}
)


def add_case(session: Session, no: str, town: str, *, late: bool = False) -> None:
    lon, lat = spot(0.5, 4.5) if town == GUCUN else spot(6, 1)
    closed = "2026-01-25T08:00+08:00" if late else "2026-01-10T08:00+08:00"
    values = {"no": no, "state": "closed", "closed": closed, "town": town, "department": WATER, "x": lon, "y": lat}
    session.execute(text(CASE), values)


@pytest.fixture(scope="module")
def paper(module_database_url: str) -> Iterator[Engine]:
    """The district with its catalogue and 24 cases."""
    engine = make_engine(module_database_url)
    with Session(engine) as session, session.begin():
        load_district(session)
        load_builtin(session, TESTER, today=FIRST)
        for number in range(20):
            add_case(session, f"G{number}", GUCUN, late=number < 5)
        for number in range(4):
            add_case(session, f"D{number}", DACHANG)
    yield engine
    engine.dispose()


@pytest.fixture
def session(paper: Engine) -> Iterator[Session]:
    with paper.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


def opened(session: Session, *, subjects: Sequence[str] = (), scheme: NewScheme = SCHEME) -> int:
    scheme_id = service.add_scheme(session, TESTER, scheme, now=NOW)
    return service.open_round(session, TESTER, NewRound(scheme_id, NAME, *JANUARY, subjects))


def standing(document: Document, code: str) -> Document:
    found: Document = next(each for each in document["standings"] if each["subject_code"] == code)
    return found


def score(document: Document, code: str, item_code: str) -> Document:
    wanted = (code, item_code)
    found: Document = next(e for e in document["scores"] if (e["subject_code"], e["item_code"]) == wanted)
    return found


def fill(session: Session, round_id: int, *, mean: str, value: str, subject: str = GUCUN, sample: int = 100) -> None:
    service.enter(session, TESTER, round_id, NewEntry(subject, "S", Decimal(mean), sample))
    service.enter(session, TESTER, round_id, NewEntry(subject, "M", Decimal(value), document="1号文"))


def veto(subject: str = GUCUN) -> NewEvent:
    return NewEvent(subject, EventEffect.VETO, EventCause.ILLEGAL_LAND, date(2026, 1, 9), "督察通报1号")


def test_a_round_counts_surveys_and_weighs_with_its_evidence(session: Session) -> None:
    """15 of 20 on time is 0.75: half of the way from 0.5 to 1 earns 20 of 40; a mean of 4 earns 30 of 40; 0.9 of 20."""
    round_id = opened(session)
    fill(session, round_id, mean="4", value="0.9")
    document = service.result(session, round_id, now=NOW)
    found = standing(document, GUCUN)
    assert (found["points"], found["judged_weight"], found["total"], found["rank"]) == ("68", "100", "68", 1)
    rate = score(document, GUCUN, "R")
    assert (rate["points"], rate["evidence"]["numerator"], rate["evidence"]["denominator"]) == ("20", 15, 20)
    # 大场 has 4 cases only and nothing was entered: nothing is judged, which is not 0.
    few = score(document, DACHANG, "R")
    assert (few["state"], few["points"]) == ("insufficient", None)
    assert [standing(document, DACHANG)[name] for name in ("points", "total", "rank")] == ["0", None, None]


def test_98_points_and_a_veto_are_shown_outside_the_ranking_until_an_appeal_is_upheld(session: Session) -> None:
    """考核 65/100 + 一票否决: 98 points + veto → vetoed, out of ranking, points shown; and after an appeal."""
    scheme = replace(SCHEME, items=(replace(MANUAL, weight=Decimal(100)),))
    round_id = opened(session, scheme=scheme)
    for subject, value in ((GUCUN, "0.98"), (DACHANG, "0.90")):
        service.enter(session, TESTER, round_id, NewEntry(subject, "M", Decimal(value), document="1号文"))
    event_id = service.hold_against(session, TESTER, round_id, veto())
    document = service.result(session, round_id, now=NOW)
    told = [(e["subject_code"], e["points"], e["rank"], e["vetoed"]) for e in document["standings"]]
    assert told == [(DACHANG, "90", 1, False), (GUCUN, "98", None, True)]

    service.appeal(session, TESTER, round_id, Appeal(event_id, AppealState.OPEN, "申诉书"))
    assert standing(service.result(session, round_id, now=NOW), GUCUN)["vetoed"]
    with pytest.raises(ConflictError) as undecided:
        service.sign(session, TESTER, round_id, now=NOW)
    assert undecided.value.code == "assessment_appeal_undecided"
    service.appeal(session, TESTER, round_id, Appeal(event_id, AppealState.UPHELD, "复核意见"))
    assert standing(service.result(session, round_id, now=NOW), GUCUN)["rank"] == 1
    with pytest.raises(ConflictError):
        service.appeal(session, TESTER, round_id, Appeal(event_id, AppealState.REFUSED, "再议"))


def test_a_deduction_keeps_a_rank(session: Session) -> None:
    """考核 65/100 + 一票否决: the deduction case keeps its rank among the ranked, with its points less."""
    round_id = opened(session)
    fill(session, round_id, mean="5", value="1")
    fill(session, round_id, mean="3", value="1", subject=DACHANG)
    deduction = NewEvent(
        GUCUN, EventEffect.DEDUCTION, EventCause.BAD_SOCIAL_EFFECT, date(2026, 1, 31), "通报", Decimal("2.5")
    )
    service.hold_against(session, TESTER, round_id, deduction)
    found = standing(service.result(session, round_id, now=NOW), GUCUN)
    assert (found["points"], found["deducted"], found["total"], found["rank"]) == ("80", "2.5", "77.5", 1)


def test_the_newest_entry_counts_and_new_cases_count_at_once(session: Session) -> None:
    round_id = opened(session)
    fill(session, round_id, mean="2", value="0.5")
    fill(session, round_id, mean="4", value="0.9", sample=29)
    document = service.result(session, round_id, now=NOW)
    assert score(document, GUCUN, "M")["points"] == "18"
    survey = score(document, GUCUN, "S")
    assert (survey["state"], survey["evidence"]["value"], survey["evidence"]["sample"]) == ("insufficient", None, 29)
    # (20 + 18) of 60 judged is 63.33 of 100.
    assert standing(document, GUCUN)["total"] == "63.33"
    add_case(session, "G20", GUCUN, late=True)
    assert score(service.result(session, round_id, now=NOW), GUCUN, "R")["evidence"]["denominator"] == 21
    assert len(queries.entries_of(session, round_id, GUCUN, "M")) == 2


def test_departments_are_judged_by_streets_each_with_one_voice(session: Session) -> None:
    """块对条: a mean of 5 from 10 in one street and 3 from 40 in the other make 4."""
    scheme = replace(
        SCHEME, direction=AssessmentDirection.DEPARTMENTS, items=(replace(SURVEY, weight=Decimal(60)), RATE)
    )
    round_id = opened(session, subjects=[WATER, GREENING], scheme=scheme)
    for judge, mean, sample in ((GUCUN, "5", 10), (DACHANG, "3", 40)):
        service.enter(session, TESTER, round_id, NewEntry(WATER, "S", Decimal(mean), sample, judge))
    document = service.result(session, round_id, now=NOW)
    survey, rate = score(document, WATER, "S"), score(document, WATER, "R")
    assert (survey["evidence"]["value"], survey["evidence"]["sample"], survey["points"]) == ("4", 50, "45")
    assert [each["judge_code"] for each in survey["evidence"]["judges"]] == [DACHANG, GUCUN]
    assert (rate["evidence"]["numerator"], rate["evidence"]["denominator"]) == (19, 24)
    assert standing(document, WATER)["name"]["zh"] != WATER
    assert standing(document, GREENING)["rank"] is None
    with pytest.raises(NotFoundError):
        service.enter(session, TESTER, round_id, NewEntry(WATER, "S", Decimal(4), 30, "310113999"))
    service.enter(session, TESTER, round_id, NewEntry(WATER, "S", Decimal(5), 1, GUCUN))
    survey = score(service.result(session, round_id, now=NOW, only="S"), WATER, "S")
    assert (survey["evidence"]["value"], survey["evidence"]["sample"]) == ("4", 41)
    # One respondent is never told, nor the other street, by which and the mean the one could be worked out.
    assert [each["value"] for each in survey["evidence"]["judges"]] == [None, None]


def test_what_is_signed_is_frozen_hashed_and_verified(session: Session) -> None:
    round_id = opened(session)
    fill(session, round_id, mean="4", value="0.9")
    event_id = service.hold_against(session, TESTER, round_id, veto(DACHANG))
    with pytest.raises(ConflictError) as early:
        service.sign(session, TESTER, round_id, now=datetime(2026, 1, 31, 15, tzinfo=UTC))
    assert early.value.code == "assessment_period_runs"
    with pytest.raises(ConflictError):
        service.verify(session, round_id)

    sha256 = service.sign(session, TESTER, round_id, now=NOW)
    kept = service.result(session, round_id, now=NOW)
    assert sha256_of(canonical(kept)) == sha256
    assert kept["signed"]["by"] == TESTER.name
    add_case(session, "later", GUCUN, late=True)
    assert service.result(session, round_id, now=NOW) == kept
    assert service.verify(session, round_id).intact
    for write in (
        lambda: fill(session, round_id, mean="5", value="1"),
        lambda: service.hold_against(session, TESTER, round_id, veto()),
        lambda: service.appeal(session, TESTER, round_id, Appeal(event_id, AppealState.OPEN, "申诉书")),
        lambda: service.sign(session, TESTER, round_id, now=NOW),
    ):
        with pytest.raises(ConflictError) as refused:
            write()
        assert refused.value.code == "assessment_signed"

    writes = (
        "UPDATE assessment_rounds SET document = replace(document, '68', '69')",
        "UPDATE assessment_rounds SET state = 'open', document = NULL, sha256 = NULL, signed_at = NULL",
        "DELETE FROM assessment_events",
        "UPDATE assessment_entries SET value = 1",
        (
            "INSERT INTO assessment_entries (round_id, scheme_id, subject_code, item_code, value, document)"
            " SELECT round_id, scheme_id, subject_code, 'M', 1, '-' FROM assessment_entries LIMIT 1"
        ),
    )
    for statement in writes:
        with pytest.raises(DBAPIError, match="signed"), session.begin_nested():
            session.execute(text(statement))


def test_who_gets_round_the_database_is_told_by_the_log(session: Session) -> None:
    """Changing the result and the hash beside it, and opening the round to sign it again."""
    round_id = opened(session)
    fill(session, round_id, mean="4", value="0.9")
    sha256 = service.sign(session, TESTER, round_id, now=NOW)
    for table in ("assessment_rounds", "assessment_entries"):
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER keep_signed"))
    row = queries.round_row(session, round_id)
    assert row.document is not None
    row.document = row.document.replace('"total":"68"', '"total":"69"')
    assert not service.verify(session, round_id).intact
    row.sha256 = sha256_of(row.document)
    found = service.verify(session, round_id)
    assert (found.kept == found.computed, found.logged, found.intact) == (True, sha256, False)
    row.state, row.document, row.sha256, row.signed_at, row.signed_by = "open", None, None, None, None
    fill(session, round_id, mean="5", value="1")
    again = service.sign(session, TESTER, round_id, now=NOW)
    found = service.verify(session, round_id)
    assert (found.kept, found.computed, found.logged, found.intact) == (again, again, sha256, False)


def of_town(town: str, permission: Permission = Permission.ASSESSMENT_WRITE) -> Actor:
    grant = Grant(Role.ANALYST, frozenset({permission}), "town", town)
    return Actor("account", "li", account_id=1, grants=(grant,))


def test_writing_is_bounded_by_area_signing_by_its_own_permission_and_all_is_logged(session: Session) -> None:
    round_id = opened(session)
    entry = NewEntry(GUCUN, "M", Decimal(1), document="1号文")
    with pytest.raises(ForbiddenError):
        service.enter(session, of_town(DACHANG), round_id, entry)
    service.enter(session, of_town(GUCUN), round_id, entry)
    told = session.query(Change).order_by(Change.change_id.desc()).first()
    assert told is not None
    assert (told.action, told.object) == ("assessment.enter", f"assessment_round:{round_id}")
    with pytest.raises(ForbiddenError):
        service.sign(session, of_town(GUCUN, Permission.ASSESSMENT_SIGN), round_id, now=NOW)
    with pytest.raises(ForbiddenError):
        service.add_scheme(session, of_town(GUCUN), SCHEME, now=NOW)
    event_id = service.hold_against(session, of_town(GUCUN), round_id, veto())
    service.appeal(session, of_town(GUCUN), round_id, Appeal(event_id, AppealState.OPEN, "申诉书"))
    with pytest.raises(ForbiddenError):
        service.appeal(session, of_town(GUCUN), round_id, Appeal(event_id, AppealState.UPHELD, "自议"))


def test_who_may_in_one_of_two_districts_may_not_in_both(session: Session) -> None:
    """A grant on the district suffices while there is one; of two the round is the whole, which no grant on one is."""
    actor = replace(
        of_town(GUCUN), grants=(Grant(Role.ANALYST, frozenset({Permission.ASSESSMENT_WRITE}), "district", "310113"),)
    )
    assert queries.district_bounds(session, FIRST) == ["310113"]
    service.add_scheme(session, actor, SCHEME, now=NOW)
    session.execute(
        text(
            "ALTER TABLE areas DISABLE TRIGGER ALL;"
            " INSERT INTO areas (edition_id, level, kind, code, name, geom) SELECT edition_id, level, kind, '310114',"
            " '嘉定区', geom FROM areas WHERE level = 'district'; ALTER TABLE areas ENABLE TRIGGER ALL"
        )
    )
    assert queries.district_bounds(session, FIRST) == []
    with pytest.raises(ForbiddenError):
        service.add_scheme(session, actor, replace(SCHEME, valid_from=JANUARY[0]), now=NOW)


def add_run(session: Session, on: date, covered: int, **asked: object) -> None:
    """Keep a finished coverage run of a day by which so many of 顾村's 1000 are covered."""
    parameters = {**asdict(make_request()), "on": on.isoformat(), **asked}
    job = "INSERT INTO jobs (kind, arguments) VALUES ('coverage', '{}') RETURNING job_id"
    run = CoverageRun(
        job_id=session.scalar(text(job)), parameters=parameters, area_code=parameters["area_code"],
        types=list(parameters["types"]), document="{}", finished_at=NOW,
    )  # fmt: skip
    session.add(run)
    session.flush()
    figures = {"residents": 1000, "covered": covered}
    session.add(CoverageAreaResult(run_id=run.run_id, level="town", code=GUCUN, figures=figures))
    session.flush()


def test_coverage_is_that_of_the_usual_question_on_the_latest_day_of_the_period(session: Session) -> None:
    items = (replace(MANUAL, weight=Decimal(50)), item("C", "50", EvidenceKind.COVERAGE))
    round_id = opened(session, scheme=replace(SCHEME, items=items))
    add_run(session, date(2026, 1, 20), 640, bands_s=[300, 1200])
    add_run(session, date(2026, 1, 10), 600)
    add_run(session, date(2026, 2, 1), 900)
    for otherwise in ({"limit_s": 600}, {"types": ["canteen"]}, {"trip": "round"}, {"at": "sat 10:00"}):
        add_run(session, JANUARY[1], 100, **otherwise)
    found = score(service.result(session, round_id, now=NOW), GUCUN, "C")
    assert (found["evidence"]["value"], found["points"]) == ("0.64", "32")


def test_what_cannot_be_is_refused_with_its_name(session: Session) -> None:
    round_id = opened(session)
    scheme_id = queries.round_row(session, round_id).scheme_id
    narrowed = replace(SCHEME, valid_from=JANUARY[0], items=(replace(RATE, weight=Decimal(100)),))
    tries = {
        "assessment_scheme_taken": lambda: service.add_scheme(session, TESTER, SCHEME, now=NOW),
        "indicator_major_unknown": lambda: service.add_scheme(
            session, TESTER, replace(narrowed, items=(replace(narrowed.items[0], narrowed={"major": "99"}),)), now=NOW
        ),
        "assessment_narrowed": lambda: service.add_scheme(
            session, TESTER, replace(narrowed, items=(replace(narrowed.items[0], narrowed={"kind": "x"}),)), now=NOW
        ),
        "assessment_scheme_later": lambda: service.open_round(
            session, TESTER, NewRound(service.add_scheme(session, TESTER, narrowed, now=NOW), NAME, FIRST, FIRST)
        ),
        "assessment_subject_twice": lambda: service.open_round(
            session, TESTER, NewRound(scheme_id, NAME, *JANUARY, [GUCUN, GUCUN])
        ),
        "assessment_scheme_unknown": lambda: service.open_round(session, TESTER, NewRound(10**6, NAME, *JANUARY)),
        "period_backwards": lambda: service.open_round(
            session, TESTER, NewRound(scheme_id, NAME, JANUARY[1], JANUARY[0])
        ),
        "assessment_event_outside": lambda: service.hold_against(
            session, TESTER, round_id, replace(veto(), occurred_on=date(2026, 2, 1))
        ),
        "assessment_item_unknown": lambda: service.enter(session, TESTER, round_id, NewEntry(GUCUN, "X", Decimal(1))),
        "assessment_subject_unknown": lambda: service.hold_against(session, TESTER, round_id, veto("310113999")),
        "assessment_event_unknown": lambda: service.appeal(
            session, TESTER, round_id, Appeal(10**6, AppealState.OPEN, "书")
        ),
        "assessment_round_unknown": lambda: service.result(session, 10**6, now=NOW),
    }
    for code, attempt in tries.items():
        with pytest.raises(GridMgmtError) as refused:
            attempt()
        assert refused.value.code == code
    assert issubclass(DuplicateCodeError, ConflictError)
    with pytest.raises(RuleViolationError):
        service.add_scheme(session, TESTER, replace(SCHEME, items=(RATE,), valid_from=JANUARY[0]), now=NOW)
    with pytest.raises(InputError):
        opened(session, scheme=replace(SCHEME, direction=AssessmentDirection.DEPARTMENTS))


def test_statements_do_not_grow_with_subjects_or_items(session: Session) -> None:
    scheme = example_schemes()[0]
    round_ids = [opened(session, scheme=scheme, subjects=[GUCUN])]
    scheme_id = queries.round_row(session, round_ids[0]).scheme_id
    round_ids.append(service.open_round(session, TESTER, NewRound(scheme_id, NAME, *JANUARY)))
    counts = []
    for round_id in round_ids:
        seen: list[str] = []
        events.listen(session.get_bind(), "before_cursor_execute", lambda *told, seen=seen: seen.append(told[2]))
        session.expire_all()
        service.result(session, round_id, now=NOW)
        counts.append(len(seen))
    assert counts[0] <= 10, counts
    assert counts[1] <= counts[0]
    found = service.result(session, round_ids[1], now=NOW, only=scheme.items[0].code)
    assert {each["item_code"] for each in found["scores"]} == {scheme.items[0].code}
