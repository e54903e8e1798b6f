"""Reports on real PostGIS: located, numbered, routed, compared with those nearby, logged; retries and races."""

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker

from gridmgmt.access.rules import Actor, Grant, Permission, Role
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.rules import CaseSource
from gridmgmt.casework.asking import ReportAsk
from gridmgmt.casework.duplicates import DuplicateReason
from gridmgmt.casework.idempotency import Answered, keyed
from gridmgmt.casework.intake import Known, Reported, Retry, preview, report, set_number_rule
from gridmgmt.casework.routing import RoutingReason
from gridmgmt.casework.surroundings import SURROUNDINGS
from gridmgmt.catalogue.rows import Record
from gridmgmt.catalogue.service import (
    EditionLabels,
    import_catalogue,
    load_builtin,
    load_builtin_matters,
    tables_on,
)
from gridmgmt.cli.main import root
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.errors import ConflictError, ForbiddenError, NotFoundError, RuleViolationError
from tests.support import paper_grids
from tests.support.actors import TESTER
from tests.support.division import spot

NOW = datetime(2026, 1, 5, 4, tzinfo=UTC)
"""A Monday, noon in Shanghai."""
COVER, SEWER, LETTING, INVESTMENT = "0101", "0102", "2102", "2101"
NEW = "0199"
WEST_TOWN = Actor(
    "account",
    "west",
    1,
    (Grant(Role.INSPECTOR, frozenset({Permission.CASES_REPORT}), "town", paper_grids.TOWN),),
)
ELSEWHERE = replace(WEST_TOWN, grants=(replace(WEST_TOWN.grants[0], area_code="310113001"),))


@pytest.fixture(scope="module")
def sessions(module_database_url: str) -> Iterator[sessionmaker[Session]]:
    """The town of `paper_grids` with the built-in catalogue and its lists of matters, in a database of its own."""
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with transaction(sessions) as session:
        paper_grids.build(session)
        paper_grids.halves(session)
        load_builtin(session, TESTER, today=NOW.date())
        load_builtin_matters(session, TESTER, today=NOW.date())
    yield sessions
    engine.dispose()


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    with sessions() as session:
        yield session
        session.rollback()


def ask(column: float = 0.5, row: float = 0.5, type_: str = COVER, **changes: object) -> ReportAsk:
    lon, lat = spot(column, row)
    return replace(ReportAsk(lon, lat, type_, CaseSource.INSPECTOR), **changes)  # type: ignore[arg-type]


def reported(session: Session, asked: ReportAsk, now: datetime = NOW) -> Reported:
    case = report(session, TESTER, asked, now=now)
    assert isinstance(case, Reported)
    return case


def stored(session: Session, case_no: str) -> dict[str, object]:
    row = session.execute(text("SELECT *, ST_X(geom) AS lon FROM cases WHERE case_no = :no"), {"no": case_no})
    return dict(row.mappings().one())


def test_a_report_is_located_numbered_and_logged(session: Session) -> None:
    case = reported(session, ask(description="<b>井盖</b>缺失", fields={}))
    row = stored(session, case.case_no)
    assert case.case_no.startswith("31011320260105")
    assert len(case.case_no) == 19
    assert (row["cell_code"], row["quarter_code"], row["town_code"], row["district_code"]) == (
        paper_grids.cell(0, 0), paper_grids.WEST, paper_grids.TOWN, "310113",
    )  # fmt: skip
    assert (row["kind"], row["state"], row["version"], row["description"]) == ("component", "reported", 1, "井盖缺失")
    assert row["reported_at"] == row["updated_at"] == NOW
    entries = session.execute(text("SELECT * FROM case_moves WHERE case_id = :id"), {"id": case.case_id}).mappings()
    (entry,) = entries.all()
    assert (entry["move"], entry["state"], entry["version"], entry["actor"]) == ("report", "reported", 1, TESTER.name)
    assert entry["facts"]["cell_code"] == paper_grids.cell(0, 0)


def test_the_areas_are_those_of_the_day_of_the_report(session: Session) -> None:
    """At 00:30 on 6 January in Shanghai it is still the 5th in UTC; the number tells the local day."""
    case = reported(session, ask(), datetime(2026, 1, 5, 16, 30, tzinfo=UTC))
    assert case.case_no[6:14] == "20260106"


def test_a_cover_goes_to_the_water_company_and_its_deadlines_are_told(session: Session) -> None:
    """Noon on Monday: 3 hours round the clock end at 15:00, 2 working days on Wednesday at noon."""
    suggestion = reported(session, ask()).suggestion
    assert suggestion.department is not None
    assert suggestion.department.body == "water_company"
    assert suggestion.post is not None
    assert suggestion.post.code == "P1"
    assert [why.reason for why in suggestion.why] == [RoutingReason.RESPONSIBLE, RoutingReason.POST]
    assert [due.due_at for due in suggestion.due] == [NOW + timedelta(hours=3), NOW + timedelta(days=2)]
    assert not suggestion.asks


@pytest.mark.parametrize(("on", "body"), [("2015-06-30", "subdistrict_office"), ("2015-07-01", "investment_centre")])
def test_investment_leaves_the_subdistricts_on_a_day(session: Session, on: str, body: str) -> None:
    at = datetime.fromisoformat(f"{on}T12:00:00+08:00")
    suggestion, _, _ = preview(session, spot(0.5, 0.5), INVESTMENT, at)
    assert suggestion.department is not None
    assert suggestion.department.body == body


def test_a_point_near_a_border_asks(session: Session) -> None:
    """A tenth of a column west of the eastern quarter: 0.0001° × 95.2 km/° (cos 31.3005° × 111.5 km) = 9.5 m."""
    suggestion = reported(session, ask(2.9)).suggestion
    (border,) = suggestion.across
    assert suggestion.asks
    assert (border.level, border.code) == (AreaLevel.RESIDENTIAL_QUARTER, paper_grids.EAST)
    assert border.distance_m == pytest.approx(9.52, abs=0.02)
    why = suggestion.why[-1]
    assert why.reason is RoutingReason.NEAR_BORDER
    assert why.fields == {"own": "西", "other": "东", "distance_m": 9.5}


@pytest.mark.parametrize(("column", "asks"), [(2.78, False), (2.8, True), (3.0, True), (3.2, True), (3.22, False)])
def test_borders_are_asked_about_within_twenty_metres(session: Session, column: float, asks: bool) -> None:
    """A fifth of a column is 19.0 m, 0.22 of it 20.9 m; on the border itself both quarters are there."""
    assert reported(session, ask(column)).suggestion.asks is asks


def test_a_place_outside_is_refused_with_the_nearest_area(session: Session) -> None:
    """A column and a half east of the district is 142.8 m."""
    with pytest.raises(RuleViolationError) as refused:
        report(session, TESTER, ask(7.5, 0.5), now=NOW)
    assert refused.value.code == "outside_areas"
    assert refused.value.fields["distance_m"] == 143
    assert refused.value.fields["name"] == "张庙街道"


def test_without_areas_in_force_the_case_keeps_its_place(session: Session) -> None:
    """The town is in force from 2015; on the last day of 2014 nothing is."""
    then = datetime(2014, 12, 31, 4, tzinfo=UTC)
    case = reported(session, ask(50, 50), then)
    row = stored(session, case.case_no)
    assert case.case_no.startswith("00000020141231")
    assert [row[f"{level}_code"] for level in ("cell", "quarter", "middle", "town", "district")] == [None] * 5
    assert row["lon"] == pytest.approx(121.45)
    assert case.suggestion.why[0].reason is RoutingReason.NO_AREA


def test_duplicates_are_near_recent_and_of_a_like_type(session: Session) -> None:
    """North by 0.0002°, 22.2 m; the sibling type; not the one 0.0005°, 55 m, off, nor a type that nobody takes for it,
    nor one of eight days before, nor one that was voided."""
    first = reported(session, ask(1.5, 0.5))
    sibling = reported(session, ask(1.5, 0.7, SEWER), NOW + timedelta(hours=1))
    reported(session, ask(1.5, 1.0))
    reported(session, ask(1.5, 0.5, LETTING))
    reported(session, ask(1.5, 0.5), NOW - timedelta(days=8))
    voided = reported(session, ask(1.5, 0.5))
    session.execute(text("UPDATE cases SET state = 'voided' WHERE case_id = :id"), {"id": voided.case_id})
    found = reported(session, ask(1.5, 0.5), NOW + timedelta(hours=2)).duplicates
    assert [each.case_no for each in found] == [first.case_no, sibling.case_no]
    assert [each.distance_m for each in found] == [0.0, pytest.approx(22.2, abs=0.05)]
    assert found[0].reasons == (DuplicateReason.SAME_TYPE, DuplicateReason.CLOSE_BY, DuplicateReason.SAME_DAY)
    assert DuplicateReason.SIBLING_TYPE in found[1].reasons


def test_the_same_device_id_is_the_same_case(session: Session) -> None:
    asked = ask(client_id=uuid4())
    case = reported(session, asked)
    assert report(session, TESTER, asked, now=NOW) == Known(case.case_no)


def retry(key: str, *said: object) -> Retry:
    return Retry(keyed(TESTER, key, *said), lambda case: {"case_no": case.case_no})


def test_a_key_answers_the_same_request_and_refuses_another(session: Session) -> None:
    case = report(session, TESTER, ask(), now=NOW, retry=retry("k1", "a"))
    assert isinstance(case, Reported)
    again = report(session, TESTER, ask(), now=NOW, retry=retry("k1", "a"))
    assert again == Answered(201, {"case_no": case.case_no})
    with pytest.raises(ConflictError, match="k1"):
        report(session, TESTER, ask(), now=NOW, retry=retry("k1", "b"))
    later = report(session, TESTER, ask(), now=NOW + timedelta(days=7), retry=retry("k1", "b"))
    assert isinstance(later, Reported)


def test_old_keys_are_swept_by_new_ones(session: Session) -> None:
    for number in range(3):
        report(session, TESTER, ask(), now=NOW, retry=retry(f"old-{number}"))
    kept = []
    for number in range(2):
        report(session, TESTER, ask(), now=NOW + timedelta(days=8), retry=retry(f"new-{number}"))
        kept.append(session.scalar(text("SELECT count(*) FROM idempotency_keys WHERE key LIKE 'old-%'")))
    assert kept == [1, 0]


def test_a_number_that_is_taken_is_drawn_again(session: Session) -> None:
    """One digit: the serials 10, 11, … give 0, 1, …; with 0 to 4 taken, the first five draws all fail."""
    session.execute(text("SELECT setval('case_serial', 9)"))
    set_number_rule(session, TESTER, "{district}-{serial:01d}", date(2026, 1, 1))
    numbers = [reported(session, ask()).case_no for _ in range(4)]
    assert numbers == [f"310113-{n}" for n in range(4)]
    session.execute(text("SELECT setval('case_serial', 19)"))
    assert reported(session, ask()).case_no == "310113-4"


def test_a_new_edition_counts_at_once_and_no_number_is_lost(session: Session) -> None:
    """The process keeps the catalogue of earlier reports; what an edition changes and brings is known to the next."""
    before = [reported(session, ask()) for _ in range(2)]
    tables = tables_on(session, NOW.date())
    cover = next(row for row in tables["types"] if row.cells["code"] == COVER)
    given = {
        "types": [
            *(row for row in tables["types"] if row is not cover),
            replace(cover, cells={**cover.cells, "body_district": "power_company"}),
            Record(1_000, {**cover.cells, "code": NEW}),
        ],
        "conditions": [
            *tables["conditions"],
            *(Record(1_000, {**row.cells, "type": NEW}) for row in tables["conditions"] if row.cells["type"] == COVER),
        ],
    }
    import_catalogue(session, TESTER, given, EditionLabels("changed", NOW.date(), "bureau"), today=NOW.date())
    after = [reported(session, ask(type_=NEW)), reported(session, ask())]
    departments = [case.suggestion.department.code for case in (*before, *after) if case.suggestion.department]
    assert departments == ["water_company", "water_company", "water_company", "power_company"]
    serials = [int(case.case_no[-5:]) for case in (*before, *after)]
    assert serials == list(range(serials[0], serials[0] + 4))


def test_whoever_may_report_in_one_town_reports_there_alone(session: Session) -> None:
    assert isinstance(report(session, WEST_TOWN, ask(), now=NOW), Reported)
    with pytest.raises(ForbiddenError):
        report(session, ELSEWHERE, ask(), now=NOW)
    with pytest.raises(ForbiddenError):
        report(session, replace(WEST_TOWN, grants=()), ask(), now=NOW)


def test_an_unknown_type_is_told(session: Session) -> None:
    with pytest.raises(NotFoundError, match="9999"):
        report(session, TESTER, ask(type_="9999"), now=NOW)


def test_a_component_is_one_of_the_register(session: Session) -> None:
    with pytest.raises(NotFoundError, match="3101130101000001"):
        report(session, TESTER, ask(component_code="3101130101000001"), now=NOW)
    session.execute(
        text(
            "INSERT INTO components (edition_id, code, type_code, state, valid_from, geom)"
            " SELECT min(edition_id), '3101130101000001', '0101', 'in_use', '2020-01-01', ST_Point(121.4, 31.3, 4326)"
            " FROM editions"
        )
    )
    case = reported(session, ask(component_code="3101130101000001"))
    assert stored(session, case.case_no)["component_code"] == "3101130101000001"


@pytest.mark.parametrize("by", ["key", "client"])
def test_two_racing_retries_give_one_case(sessions: sessionmaker[Session], by: str) -> None:
    """Eight at once, each in a connection of its own; all but the one that wins are told its case."""
    asked = ask(client_id=uuid4() if by == "client" else None)
    barrier = threading.Barrier(8)

    def send(_: int) -> object:
        with transaction(sessions) as session:
            barrier.wait(30)
            return report(session, TESTER, asked, now=NOW, retry=retry("race") if by == "key" else None)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    (case,) = [answer for answer in answers if isinstance(answer, Reported)]
    others = [answer for answer in answers if answer is not case]
    same = Answered(201, {"case_no": case.case_no}) if by == "key" else Known(case.case_no)
    assert others == [same] * 7


def test_a_case_is_reported_and_numbered_on_the_command_line(
    sessions: sessionmaker[Session], module_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", module_database_url)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(root, ["--data", str(tmp_path), "--lang", "en", "cases", *arguments])
        assert result.exception is None, result.exception
        return result.output

    lon, lat = (str(each) for each in spot(3.5, 1.5))
    asked = ("report", "--lon", lon, "--lat", lat, "--type", COVER, "--source", "leader", "--client-id", str(uuid4()))
    told = json.loads(run(*asked, "--field", "danger=walkers", "--json"))
    assert told["areas"]["residential_quarter"] == paper_grids.EAST
    assert (told["department"], told["officer_post"], told["new"]) == ("water_company", "P3", True)
    assert told["case_no"] in run(*asked)
    with sessions() as session:
        assert stored(session, told["case_no"])["fields"] == {"danger": "walkers"}
    assert "0001-310113" in run("number", "{serial:04d}-{district}", "--from", "2100-01-01")


@pytest.fixture
def many(session: Session) -> Session:
    """Twenty thousand cases of two weeks within half a kilometre."""
    session.execute(
        text(
            "INSERT INTO cases (case_no, kind, type, state, reported_at, geom)"
            " SELECT 'M' || i, 'component', '0101', 'reported', :now - i * interval '1 minute',"
            " ST_Point(121.4 + 0.006 * random(), 31.3 + 0.002 * random(), 4326) FROM generate_series(1, 20000) AS i"
        ),
        {"now": NOW},
    )
    session.execute(text("ANALYZE cases"))
    return session


@pytest.mark.parametrize("type_", [COVER, LETTING])
def test_the_look_at_the_surroundings_is_planned_once(many: Session, type_: str) -> None:
    """The server tries five plans with the values before it keeps the one without."""
    many.execute(text("DEALLOCATE ALL"))
    for number in range(12):
        reported(many, ask(0.1 + 0.3 * number, type_=type_))
    plans = text(
        "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement LIKE '%AS client_case_no%'"
    )
    assert many.execute(plans).one() == (5, 7)


def test_the_look_at_the_surroundings_uses_the_indexes(many: Session) -> None:
    """The cases nearby come by place and time together; nothing that grows is read as a whole."""
    session = many
    lon, lat = spot(0.5, 0.5)
    values = {
        "lon": lon, "lat": lat, "on": NOW.date(), "today": NOW.date(), "border_lon": 0.0002, "border_lat": 0.0002,
        "near_lon": 0.0005, "near_lat": 0.0005, "since": NOW - timedelta(days=7), "types": [COVER],
        "most": 50, "draw": False, "mark": None, "client_id": uuid4(), "actor": "a", "key": "k", "keys_since": NOW,
    }  # fmt: skip
    connection = session.connection().connection.driver_connection
    assert connection is not None
    plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {SURROUNDINGS}", values))
    for index in ("ix_cases_geom", "uq_cases_client_id", "pk_idempotency_keys"):
        assert index in plan
    assert re.search(r"Index Cond: \(\(geom && .*\) AND \(reported_at >= ", plan)
    assert "Seq Scan on cases" not in plan
