"""The catalogue and the lists of matters in the database: what holds when, and how editions are taken."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gridmgmt.access.models import Change
from gridmgmt.access.rules import Actor
from gridmgmt.areas.rules import AreaLevel
from gridmgmt.cases.rules import CaseSource
from gridmgmt.casework.asking import ReportAsk
from gridmgmt.casework.intake import Reported, report
from gridmgmt.casework.machine import Given
from gridmgmt.casework.moves import Move
from gridmgmt.casework.transitions import MoveAsk, move
from gridmgmt.catalogue import builtin, queries, service
from gridmgmt.catalogue.matters import Fate
from gridmgmt.catalogue.rows import Record, Tables
from gridmgmt.catalogue.service import EditionLabels, EditionTaken
from gridmgmt.clock import LOCAL_ZONE
from gridmgmt.db import prepared_rows
from gridmgmt.errors import ConflictError, FileRefusedError, NotFoundError, RuleViolationError, UnauthenticatedError
from tests.support import paper_grids
from tests.support.actors import TESTER
from tests.support.division import spot
from tests.support.paper_district import load_district

TODAY = date(2026, 11, 23)
LATER = date(2026, 12, 1)


@pytest.fixture
def loaded(session: Session) -> Session:
    """An empty folder with the built-in catalogue and the lists of the demo."""
    service.load_builtin(session, TESTER, today=TODAY)
    service.load_builtin_matters(session, TESTER, today=TODAY)
    return session


def changed(tables: Tables, table: str, code: str, **cells: str) -> Tables:
    """Return one table with other cells in the row of a code."""
    rows = [
        Record(each.row, {**each.cells, **cells} if each.cells["code"] == code else each.cells)
        for each in tables[table]
    ]
    return {table: rows}


def take(session: Session, tables: Tables, on: date, name: str = "district") -> EditionTaken:
    return service.import_catalogue(session, TESTER, tables, EditionLabels(name, on, "bureau"), today=TODAY)


def test_nothing_holds_in_an_empty_folder(session: Session) -> None:
    with pytest.raises(NotFoundError, match="2026-11-23"):
        service.catalogue_on(session, TODAY)
    with pytest.raises(NotFoundError):
        service.matter_changes(session, TODAY, TODAY)


def test_the_builtin_catalogue_is_taken_once(session: Session) -> None:
    first = service.load_builtin(session, TESTER, today=TODAY)
    again = service.load_builtin(session, TESTER, today=TODAY)
    assert (first.new, first.valid_from) == (True, builtin.BEGINS)
    assert (again.new, again.edition_id) == (False, first.edition_id)
    assert first.rows["types"] == len(service.catalogue_on(session, TODAY).types) == 74


def test_departments_are_those_of_the_areas_in_the_folder(session: Session) -> None:
    load_district(session)
    service.load_builtin(session, TESTER, today=TODAY)
    found = service.catalogue_on(session, TODAY)
    towns = {each.area_code for each in found.departments.values() if each.body == "grid_centre"}
    held = session.execute(text("SELECT DISTINCT code FROM areas WHERE level = 'town'")).scalars().all()
    assert towns == set(held) != set()


def test_what_held_on_the_day_of_the_report_is_what_counts(loaded: Session) -> None:
    before = service.tables_on(loaded, TODAY)
    take(loaded, changed(before, "types", "1101", body_town="", body_district="enforcement"), LATER)
    old, new = service.catalogue_on(loaded, date(2026, 11, 30)), service.catalogue_on(loaded, LATER)
    assert old.type("1101").responsible == {AreaLevel.DISTRICT: "greening", AreaLevel.TOWN: "grid_centre"}
    assert new.type("1101").responsible == {AreaLevel.DISTRICT: "enforcement"}
    assert new.type("1101").conditions == old.type("1101").conditions  # tables that were not given stay
    last_moment = datetime(2026, 11, 30, 23, 59, 59, tzinfo=LOCAL_ZONE)
    assert service.catalogue_on(loaded, last_moment) is old


def test_investment_leaves_the_subdistricts_and_the_day_of_the_report_counts(session: Session) -> None:
    """What is reported on the last evening is the subdistrict's, also when it is dispatched in the morning."""
    paper_grids.build(session)
    service.load_builtin(session, TESTER, today=TODAY)
    service.load_builtin_matters(session, TESTER, today=TODAY)
    office, centre = f"{paper_grids.TOWN}-subdistrict_office", "310113-investment_centre"
    evening = datetime(2015, 6, 30, 23, 30, tzinfo=LOCAL_ZONE)
    morning = evening + timedelta(hours=9)
    lon, lat = spot(0.5, 0.5)

    def dispatched(reported_at: datetime, department: str) -> str | None:
        case = report(session, TESTER, ReportAsk(lon, lat, "2101", CaseSource.PUBLIC), now=reported_at)
        assert isinstance(case, Reported)
        for made, given in (
            (Move.ACCEPT, Given()),
            (Move.CONFIRM, Given()),
            (Move.REGISTER, Given(condition_no=1)),
            (Move.DISPATCH, Given(departments=(department,))),
        ):
            moved = move(session, TESTER, case.case_no, MoveAsk(made, given), morning)
        return moved.held.facts.department_code

    assert dispatched(evening, office) == office
    assert dispatched(morning, centre) == centre
    for reported_at, department in ((evening, centre), (morning, office)):
        with pytest.raises(RuleViolationError, match=department):
            dispatched(reported_at, department)


def test_a_list_without_all_fates_is_refused_whole(loaded: Session) -> None:
    present = service.matters_tables_on(loaded, TODAY)
    fates = [Record(i, {"code": each.cells["code"], "fate": "kept", "into": each.cells["code"]})
             for i, each in enumerate(present["matters"], start=2)]  # fmt: skip
    labels = EditionLabels("2027", LATER, "bureau")
    given = {"matters": present["matters"], "fates": [*fates[2:], fates[-1]]}
    with pytest.raises(FileRefusedError) as refusal:
        service.import_matters(loaded, TESTER, given, labels, today=TODAY)
    told = [(each.code, each.fields["value"]) for each in refusal.value.problems]
    assert told == [("fate_missing", "I01"), ("fate_missing", "T01"), *[("fate_repeated", "P01")] * 2]
    assert [each.name for each in service.matter_lists(loaded)] == ["2014", "2015"]
    taken = service.import_matters(loaded, TESTER, {**given, "fates": fates}, labels, today=TODAY)
    assert taken.new
    sums = service.matter_changes(loaded, TODAY, LATER).sums
    assert (sums.before, sums.kept, sums.added, sums.after) == (9, 9, 0, 9)
    through = service.matter_changes(loaded, date(2015, 6, 30), LATER)
    assert {each.code for each in through.fates if each.fate is Fate.DROPPED} == {"S03"}
    assert through.sums.before == 11
    assert not service.import_matters(loaded, TESTER, {**given, "fates": fates}, labels, today=TODAY).new


def test_a_catalogue_with_bad_rows_leaves_nothing(loaded: Session) -> None:
    bad = changed(service.tables_on(loaded, TODAY), "types", "1101", body_town="nobody")
    with pytest.raises(FileRefusedError) as refusal:
        take(loaded, bad, LATER)
    assert [(each.code, each.fields["value"]) for each in refusal.value.problems] == [
        ("code_not_in_catalogue", "nobody")
    ]
    assert service.catalogue_on(loaded, LATER).name == "内置目录"


def test_what_has_begun_is_not_taken_back(loaded: Session) -> None:
    tables = service.tables_on(loaded, TODAY)
    take(loaded, changed(tables, "types", "1101", name_zh="甲"), TODAY)
    with pytest.raises(ConflictError, match="2026-11-23"):
        take(loaded, changed(tables, "types", "1101", name_zh="乙"), TODAY)
    with pytest.raises(ConflictError):
        take(loaded, changed(tables, "types", "1101", name_zh="乙"), date(2020, 1, 1))
    take(loaded, changed(tables, "types", "1101", name_zh="丙"), LATER)
    take(loaded, changed(tables, "types", "1101", name_zh="丁"), LATER)  # that day has not come: the last one counts
    assert service.catalogue_on(loaded, LATER).type("1101").name.zh == "丁"
    assert service.catalogue_on(loaded, TODAY).type("1101").name.zh == "甲"


@pytest.mark.parametrize("statement", ["UPDATE catalogue_editions SET name = 'x'", "DELETE FROM matters_editions"])
def test_the_database_refuses_to_change_an_edition(loaded: Session, statement: str) -> None:
    with pytest.raises(DBAPIError, match="only added to"):
        loaded.execute(text(statement))


def test_only_who_may_write_the_catalogue_does_and_it_is_logged(loaded: Session) -> None:
    tables = service.tables_on(loaded, TODAY)
    with pytest.raises(UnauthenticatedError):
        service.import_catalogue(
            loaded, Actor("anonymous", "anonymous"), tables, EditionLabels("x", LATER, "x"), today=TODAY
        )
    taken = take(loaded, changed(tables, "types", "1101", name_zh="甲"), LATER)
    entry = loaded.query(Change).order_by(Change.change_id.desc()).first()
    assert entry is not None
    assert (entry.action, entry.object) == ("catalogue.import", f"catalogue:{taken.edition_id}")
    assert entry.after is not None
    assert entry.after["valid_from"] == "2026-12-01"


@pytest.fixture
def statements(loaded: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the database is asked from here on, through SQLAlchemy or past it."""
    asked: list[str] = []

    def prepared(session: Session, statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        asked.append(statement)
        return prepared_rows(session, statement, values)

    monkeypatch.setattr(queries, "prepared_rows", prepared)

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engine = loaded.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def test_a_transaction_asks_once_and_the_content_is_read_once(loaded: Session, statements: list[str]) -> None:
    loaded.commit()
    first = service.catalogue_on(loaded, TODAY)
    known = len(statements)
    assert service.catalogue_on(loaded, TODAY) is first
    assert len(statements) == known
    loaded.commit()
    statements.clear()
    assert service.catalogue_on(loaded, TODAY) is first
    assert len([each for each in statements if each.startswith("SELECT")]) == 1
