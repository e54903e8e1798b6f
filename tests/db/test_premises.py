"""Rental premises: registered, inspected, coloured, appealed, published; on the district of the paper."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.db import Base, Session, make_engine, make_sessions
from gridmgmt.errors import ConflictError, ForbiddenError, InputError, NotFoundError, RuleViolationError
from gridmgmt.premises import queries, service
from gridmgmt.premises.queries import PremisesFilter
from gridmgmt.premises.rules import EVEN, TENS, Factor, PremisesAppealReason, PremisesColour, Rubric
from gridmgmt.premises.service import NewInspection, NewPremises
from tests.support.actors import TESTER
from tests.support.division import spot
from tests.support.paper_district import DACHANG, FIRST, GUCUN, load_district

JAN, FEB, MARCH = date(2026, 1, 10), date(2026, 2, 10), date(2026, 3, 10)
NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)
TODAY = date(2026, 3, 15)
HERE = (0.5, 4.5)
"""In the quarter 001 of 顾村."""


@pytest.fixture(scope="module")
def drawn(module_database_url: str) -> Iterator[Engine]:
    """A database with the district and the built-in catalogue, which the tests leave as it is."""
    engine = make_engine(module_database_url)
    with make_sessions(engine).begin() as session:
        load_district(session)
        load_builtin(session, TESTER, today=FIRST)
    yield engine
    engine.dispose()


@pytest.fixture
def district(drawn: Engine) -> Iterator[Session]:
    with drawn.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


def new(code: str = "R1", at: tuple[float, float] = HERE, on: date = JAN, **said: bool) -> NewPremises:
    lon, lat = spot(*at)
    return NewPremises(code, "菊泉街1弄2号303室", lon, lat, on, **said)


def at(points: float, on: date, *, cooperating: bool = False, code: str = "R1", without: str = "") -> NewInspection:
    scores = {factor: None if factor == without else points for factor in Factor}
    return NewInspection(code, on, scores, cooperating, "P-01")


def states(session: Session, code: str = "R1") -> list[tuple[date, str | None, str]]:
    return [(each.valid_from, each.colour, each.change) for each in reversed(queries.history(session, code))]


def test_colour_history_is_kept_by_the_rubric_in_force_on_the_day(district: Session) -> None:
    """出租房分色管理: colour history kept, each by the edition in force on the day; 5.0 by the inclusive flag."""
    strict = Rubric("2026-02", date(2026, 2, 1), EVEN, TENS, cut_inclusive=False)
    service.add_rubric(district, TESTER, strict)
    service.register(district, TESTER, new(), today=TODAY)
    assert service.inspect(district, TESTER, at(5.0, JAN + timedelta(days=5)), now=NOW).colour == "red"
    assert service.inspect(district, TESTER, at(5.0, FEB), now=NOW).colour == "yellow"
    service.inspect(district, TESTER, at(4.9, MARCH, cooperating=True), now=NOW)
    assert states(district) == [
        (JAN, None, "registered"),
        (JAN + timedelta(days=5), "red", "inspected"),
        (FEB, "yellow", "inspected"),
        (MARCH, "watch", "inspected"),
    ]
    assert queries.premises_on(district, "R1", FEB - timedelta(days=1)).colour == "red"
    assert [each.rubric for each in queries.inspections_of(district, "R1")] == ["2026-02", "2026-02", "2015"]
    with pytest.raises(ConflictError) as early:
        service.add_rubric(district, TESTER, Rubric("again", MARCH, EVEN, TENS))
    assert (early.value.code, early.value.fields["last"]) == ("rubric_early", MARCH)
    service.add_rubric(district, TESTER, Rubric("again", MARCH + timedelta(days=1), EVEN, TENS))
    now = queries.premises_on(district, "R1", MARCH)
    assert (now.quarter_code, now.town_code, now.due_on) == (f"{GUCUN}001", GUCUN, MARCH + timedelta(days=30))
    with pytest.raises(DBAPIError), district.begin_nested():
        district.execute(text("UPDATE premises_inspections SET score = 9"))
    with pytest.raises(DBAPIError), district.begin_nested():
        district.execute(text("DELETE FROM premises WHERE code = 'R1'"))


def test_an_incomplete_inspection_leaves_the_colour_and_the_premises_due(district: Session) -> None:
    """出租房分色管理: a missing factor gives "incomplete", not 0."""
    service.register(district, TESTER, new(), today=TODAY)
    found = service.inspect(district, TESTER, at(9.0, JAN, without="fire_safety", cooperating=True), now=NOW)
    assert (found.score, found.colour) == (None, None)
    assert queries.premises_on(district, "R1", JAN).due_on == JAN
    service.inspect(district, TESTER, at(9.0, FEB, cooperating=True), now=NOW)
    service.inspect(district, TESTER, at(1.0, MARCH, without="sanitation", cooperating=True), now=NOW)
    assert states(district)[-2:] == [(FEB, "green", "inspected"), (MARCH, "green", "inspected")]
    assert queries.premises_on(district, "R1", MARCH).score == 9.0


def test_cooperation_turns_red_to_watch_from_the_day_it_is_given(district: Session) -> None:
    """出租房分色管理: a cooperating 4.9 is watch, not red."""
    service.register(district, TESTER, new(group_renting=True), today=TODAY)
    service.inspect(district, TESTER, at(4.9, FEB), now=NOW)
    service.flag(district, TESTER, "R1", FEB + timedelta(days=3), cooperating=True, today=TODAY)
    assert states(district)[1:] == [(FEB, "red", "inspected"), (FEB + timedelta(days=3), "watch", "flagged")]
    with pytest.raises(InputError):
        service.flag(district, TESTER, "R1", MARCH, cooperating=True, group_renting=True, today=TODAY)
    with pytest.raises(ConflictError):
        service.flag(district, TESTER, "R1", JAN, group_renting=False, today=TODAY)
    with pytest.raises(ConflictError):
        service.inspect(district, TESTER, at(9.0, FEB), now=NOW)


def test_red_premises_are_to_be_inspected_again_as_one_case(district: Session) -> None:
    """出租房分色管理: re-inspection tasks are cases of the catalogue, where the premises stand, one at a time."""
    service.register(district, TESTER, new(), today=TODAY)
    first = service.inspect(district, TESTER, at(4.0, MARCH), now=NOW)
    again = service.inspect(district, TESTER, at(3.0, MARCH + timedelta(days=1)), now=NOW)
    assert first.case_no is not None
    assert again.case_no == first.case_no
    row = district.execute(
        text(
            "SELECT cases.type, cases.state, cases.quarter_code, cases.description, cases.address,"
            " cases.geom = ST_PointOnSurface(areas.geom), cases.internal"
            " FROM cases JOIN areas ON areas.code = cases.quarter_code WHERE cases.case_no = :no"
        ),
        {"no": first.case_no},
    ).one()
    assert tuple(row) == ("2102", "reported", f"{GUCUN}001", "请于 2026-03-24 前复查", None, True, True)
    service.register(district, TESTER, new("R2"), today=TODAY)
    assert service.inspect(district, TESTER, at(4.0, JAN, code="R2"), now=NOW).case_no is None  # long past
    assert service.inspect(district, TESTER, at(9.0, MARCH, code="R2"), now=NOW).case_no is None


def test_nothing_is_said_from_a_day_on_that_has_not_come(district: Session) -> None:
    """What begins in 9999 would leave nothing to be said before it."""
    far, reason = date(9999, 12, 31), PremisesAppealReason.REMEDIED
    service.register(district, TESTER, new(), today=TODAY)
    service.inspect(district, TESTER, at(4.0, FEB), now=NOW)
    for on in (far, TODAY + timedelta(days=1)):
        for act in (
            lambda on=on: service.register(district, TESTER, new("R2", on=on), today=TODAY),
            lambda on=on: service.flag(district, TESTER, "R1", on, cooperating=True, today=TODAY),
            lambda on=on: service.end(district, TESTER, "R1", on, today=TODAY),
            lambda on=on: service.appeal(district, TESTER, "R1", reason, on, today=TODAY),
        ):
            with pytest.raises(InputError, match=str(TODAY)):
                act()
    lodged = service.appeal(district, TESTER, "R1", reason, TODAY, today=TODAY)
    with pytest.raises(InputError, match=str(TODAY)):
        service.decide(district, TESTER, lodged.appeal_id, far, upheld=True, today=TODAY)
    (problem,) = service.register_many(district, TESTER, [new("R2", on=far)], today=TODAY)
    assert problem.code == "premises_in_future"


def test_only_another_colour_changes_when_premises_are_due(district: Session) -> None:
    service.register(district, TESTER, new(), today=TODAY)
    service.inspect(district, TESTER, at(6.0, JAN), now=NOW)
    service.inspect(district, TESTER, at(4.0, FEB), now=NOW)
    lodged = service.appeal(district, TESTER, "R1", PremisesAppealReason.SCORE_WRONG, FEB, today=TODAY)
    service.decide(district, TESTER, lodged.appeal_id, MARCH, upheld=True, today=TODAY)
    service.flag(district, TESTER, "R1", MARCH, group_renting=True, today=TODAY)
    service.flag(district, TESTER, "R1", MARCH, cooperating=True, today=TODAY)
    found = queries.premises_on(district, "R1", MARCH)
    assert (found.colour, found.due_on) == ("yellow", MARCH)


def test_a_code_that_was_ever_used_shows_nothing_to_another_town(district: Session) -> None:
    service.register(district, TESTER, new(), today=TODAY)
    service.inspect(district, TESTER, at(9.0, JAN), now=NOW)
    service.end(district, TESTER, "R1", FEB, today=TODAY)
    service.register(district, TESTER, new("R2"), today=TODAY)
    assert service.end(district, TESTER, "R2", JAN, today=TODAY).valid_to == JAN
    for code in ("R1", "R2"):
        with pytest.raises(ConflictError):
            service.register(district, TESTER, new(code, at=(6.0, 1.0), on=MARCH), today=TODAY)


def test_an_appeal_that_is_upheld_sets_the_inspection_aside(district: Session) -> None:
    service.register(district, TESTER, new(), today=TODAY)
    with pytest.raises(InputError):
        service.appeal(district, TESTER, "R1", PremisesAppealReason.NOT_LET, JAN, today=TODAY)
    service.inspect(district, TESTER, at(9.0, JAN, cooperating=True), now=NOW)
    service.inspect(district, TESTER, at(4.0, FEB), now=NOW)
    lodged = service.appeal(district, TESTER, "R1", PremisesAppealReason.SCORE_WRONG, FEB, today=TODAY)
    assert queries.premises_on(district, "R1", FEB).appealed
    assert queries.quarter_counts(district, FEB)[0].counts == {
        "green": 0, "yellow": 0, "watch": 1, "red": 0, "uninspected": 0, "group_renting": 0,
    }  # fmt: skip
    with pytest.raises(ConflictError):
        service.appeal(district, TESTER, "R1", PremisesAppealReason.SCORE_WRONG, FEB, today=TODAY)
    service.decide(district, TESTER, lodged.appeal_id, MARCH, upheld=True, today=TODAY)
    now = queries.premises_on(district, "R1", MARCH)
    assert (now.colour, now.score, now.due_on, now.appealed) == ("green", 9.0, MARCH, False)
    assert states(district)[-1] == (MARCH, "green", "appeal_upheld")
    with pytest.raises(ConflictError):
        service.decide(district, TESTER, lodged.appeal_id, MARCH, upheld=False, today=TODAY)
    assert queries.quarter_counts(district, MARCH - timedelta(days=1))[0].counts["watch"] == 1


def test_a_refused_appeal_leaves_red(district: Session) -> None:
    service.register(district, TESTER, new(), today=TODAY)
    service.inspect(district, TESTER, at(4.0, FEB), now=NOW)
    lodged = service.appeal(district, TESTER, "R1", PremisesAppealReason.REMEDIED, FEB, today=TODAY)
    service.decide(district, TESTER, lodged.appeal_id, MARCH, upheld=False, today=TODAY)
    assert queries.premises_on(district, "R1", MARCH).colour == "red"
    assert queries.quarter_counts(district, MARCH)[0].counts["red"] == 1


def test_what_cannot_be_registered_is_refused_with_its_reason(district: Session) -> None:
    service.register(district, TESTER, new(), today=TODAY)
    with pytest.raises(ConflictError):
        service.register(district, TESTER, new(), today=TODAY)
    with pytest.raises(RuleViolationError):
        service.register(district, TESTER, new("R2", at=(40.0, 40.0)), today=TODAY)
    lon, lat = spot(*HERE)
    rows = [
        NewPremises("R3", "a", lon, lat, JAN, row=2),
        NewPremises("R3", "a", lon, lat, JAN, row=3),
        NewPremises("R 4", "a", lon, lat, JAN, row=4),
        NewPremises("R5", "13800001111", lon, lat, JAN, row=5),
    ]
    problems = service.register_many(district, TESTER, rows, today=TODAY)
    assert [(each.row, each.code) for each in problems] == [
        (3, "premises_known"),
        (4, "premises_code_malformed"),
        (5, "premises_address"),
    ]
    with pytest.raises(NotFoundError):
        service.inspect(district, TESTER, at(4.0, FEB, code="R9"), now=NOW)
    with pytest.raises(InputError):
        service.inspect(district, TESTER, at(4.0, date(2026, 4, 1)), now=NOW)
    service.end(district, TESTER, "R1", FEB, today=TODAY)
    with pytest.raises(NotFoundError):
        queries.premises_on(district, "R1", FEB)
    with pytest.raises(ConflictError):
        service.register(district, TESTER, new(on=MARCH), today=TODAY)


def test_who_is_bound_to_a_town_reads_and_writes_there_alone(district: Session) -> None:
    both = frozenset({Permission.PREMISES_READ, Permission.PREMISES_WRITE})
    bound = Actor("account", "inspector", 1, (Grant(Role.INSPECTOR, both, "town", GUCUN),))
    service.register(district, bound, new(), today=TODAY)
    with pytest.raises(ForbiddenError):
        service.register(district, bound, new("R2", at=(6.0, 1.0)), today=TODAY)
    service.register(district, TESTER, new("R2", at=(6.0, 1.0)), today=TODAY)
    with pytest.raises(ForbiddenError):
        service.inspect(district, bound, at(9.0, FEB, code="R2"), now=NOW)
    within = service.readable(bound)
    seen = queries.premises_summaries(district, JAN, PremisesFilter(within=within))
    assert [each.code for each in seen] == ["R1"]
    with pytest.raises(NotFoundError):
        queries.premises_on(district, "R2", JAN, within)
    with pytest.raises(ForbiddenError):
        service.readable(Actor("account", "operator", 2, (Grant(Role.OPERATOR, frozenset({Permission.READ})),)))
    with pytest.raises(ForbiddenError):
        service.publish(district, bound, JAN, threshold=10, now=NOW)


def fill(session: Session) -> None:
    """Register 30 premises in 001, 12 in 002 and 15 in 大场 001, some let to groups, a few red."""
    places = {f"{GUCUN}001": ((0.5, 4.5), 30), f"{GUCUN}002": ((0.5, 6.5), 12), f"{DACHANG}001": ((6.0, 1.0), 15)}
    asked = [
        new(f"{quarter}-{k}", where, group_renting=k % 3 == 0)
        for quarter, (where, count) in places.items()
        for k in range(count)
    ]
    assert service.register_many(session, TESTER, asked, today=TODAY) == []
    inspections = [at(4.0 if k < 3 else 9.0, JAN, code=each.code) for k, each in enumerate(asked)]
    assert service.inspect_many(session, TESTER, inspections, now=NOW, follow_up=False) == []


def test_a_month_is_published_once_and_corrections_show_in_the_next(district: Session) -> None:
    """出租房分色管理: aggregated layer only for public; successive looks at one month cannot be differenced."""
    fill(district)
    service.publish(district, TESTER, date(2026, 1, 20), threshold=10, now=NOW)
    publication = queries.publication_of(district, MARCH)
    assert publication is not None
    assert (publication.month, publication.as_of) == (date(2026, 1, 1), date(2026, 1, 31))
    before = queries.published_areas(district, publication, AreaLevel.RESIDENTIAL_QUARTER)
    assert [(each.area_code, each.premises) for each in before] == [
        (f"{DACHANG}001", 15), (f"{GUCUN}001", 30), (f"{GUCUN}002", 12),
    ]  # fmt: skip
    gucun = before[1].counts
    assert gucun["red"] is None  # three are red
    assert gucun["uninspected"] == 0
    whole = queries.published_areas(district, publication, AreaLevel.DISTRICT)
    assert [(each.area_code, each.name, each.premises) for each in whole] == [("310113", "宝山区", 57)]
    service.inspect(district, TESTER, at(4.0, JAN + timedelta(days=9), code=f"{GUCUN}001-20"), now=NOW)
    with pytest.raises(ConflictError):
        service.publish(district, TESTER, date(2026, 1, 1), threshold=1, now=NOW)
    with pytest.raises(InputError):
        service.publish(district, TESTER, date(2026, 3, 1), threshold=10, now=NOW)
    with pytest.raises(DBAPIError), district.begin_nested():
        district.execute(text("UPDATE premises_published SET red = 4"))
    assert queries.published_areas(district, publication, AreaLevel.RESIDENTIAL_QUARTER) == before
    service.publish(district, TESTER, date(2026, 2, 1), threshold=2, now=NOW)
    february = queries.publication_of(district, MARCH)
    assert february is not None
    assert queries.published_areas(district, february, AreaLevel.RESIDENTIAL_QUARTER)[1].counts["red"] == 4


def test_months_that_are_due_are_published_once_each_in_their_order(district: Session) -> None:
    """Premises stand from 10 January: nothing is due for December; February waits until 4 March in Shanghai."""

    def due(year: int, month: int, day: int, hour: int = 4) -> list[str]:
        now = datetime(year, month, day, hour, tzinfo=UTC)
        return [f"{each:%Y-%m}" for each in service.publish_due(district, TESTER, now, threshold=10)]

    fill(district)
    assert due(2026, 1, 20) == []
    assert due(2026, 3, 3, 15) == ["2026-01"]
    assert due(2026, 3, 3, 16) == ["2026-02"]
    assert due(2026, 3, 31) == []
    assert due(2026, 6, 5) == ["2026-03", "2026-04", "2026-05"]
    assert due(2027, 8, 5) == [f"2026-{n:02}" for n in range(8, 13)] + [f"2027-{n:02}" for n in range(1, 8)]


def test_files_are_read_as_they_are_written(district: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many premises and inspections there are, few are held at once."""
    fill(district)
    monkeypatch.setattr(queries, "_AT_ONCE", 10)
    everything = PremisesFilter()
    premises = queries.every_premises(district, FEB, everything)
    first = next(premises)
    assert [first, *premises] == queries.premises_summaries(district, FEB, everything, limit=None)
    inspections = queries.every_inspection(district, JAN, FEB, everything)
    assert [next(inspections).inspected_on, sum(1 for _ in inspections)] == [JAN, 56]


def test_quarters_are_ranked_by_their_share_of_red(district: Session) -> None:
    fill(district)
    ranking = queries.area_counts(district, FEB, AreaLevel.RESIDENTIAL_QUARTER)
    assert [(each.area_code, each.counts["red"], each.counts["group_renting"]) for each in ranking] == [
        (f"{GUCUN}001", 3, 10),
        (f"{DACHANG}001", 0, 5),
        (f"{GUCUN}002", 0, 4),
    ]
    assert ranking[0].red_share == pytest.approx(0.1)
    due = PremisesFilter(due=True, colour=PremisesColour.RED, area_codes=[f"{GUCUN}001"])
    assert len(queries.premises_summaries(district, JAN + timedelta(days=14), due)) == 3
    assert queries.premises_summaries(district, JAN + timedelta(days=13), due) == []
    assert queries.area_counts(district, JAN - timedelta(days=1), AreaLevel.TOWN) == []


COLUMNS = {
    "premises": {
        "premises_id", "code", "address", "quarter_code", "middle_code", "town_code", "district_code", "group_renting",
        "cooperating", "inspection_id", "inspected_on", "score", "colour", "due_on", "change", "geom", "valid_from",
        "valid_to",
    },
    "premises_inspections": {
        "inspection_id", "premises_code", "inspected_on", *Factor, "cooperating", "rubric", "score", "colour",
        "post_code", "case_no",
    },
    "premises_appeals": {
        "appeal_id", "premises_code", "inspection_id", "lodged_on", "reason", "state", "decided_on",
    },
    "premises_publications": {"month", "as_of", "threshold", "published_at"},
    "premises_published": {
        "month", "level", "area_code", "premises", "green", "yellow", "watch", "red", "uninspected", "group_renting",
    },
    "premises_rubrics": {
        "name", "valid_from", "weights", "maxima", "cut", "cut_inclusive", "green_from", "full_score", "due_days",
        "reinspection_type", "source",
    },
}  # fmt: skip
"""All there is; whoever adds a column says here that no person can stand in it."""
TEXTS = {"address", "code", "premises_code", "post_code", "case_no", "rubric", "quarter_code", "middle_code",
         "town_code", "district_code", "area_code", "level", "colour", "change", "reason", "state", "name", "source",
         "reinspection_type"}  # fmt: skip


def test_no_column_could_hold_a_tenant(district: Session) -> None:
    """出租房分色管理: no tenant names: the tables have these columns and no other, and no free text but the address."""
    rows = district.execute(
        text(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name LIKE 'premises%'"
        )
    ).all()
    found: dict[str, set[str]] = {}
    for table, column, _ in rows:
        found.setdefault(table, set()).add(column)
    assert found == COLUMNS
    assert {kind for _, _, kind in rows}.isdisjoint({"json", "jsonb", "bytea", "xml"})
    assert {column for _, column, kind in rows if kind in {"text", "character varying"}} <= TEXTS
    tied = {table.name for table in Base.metadata.tables.values() for key in table.foreign_keys
            if key.column.table.name.startswith("premises")}  # fmt: skip
    assert tied <= set(COLUMNS)
