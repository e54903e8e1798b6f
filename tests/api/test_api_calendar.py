"""The work calendar: stored, asked over HTTP and on the command line, on one database."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import event

from gridmgmt.access.models import Change
from gridmgmt.access.rules import anonymous
from gridmgmt.calendars import service
from gridmgmt.calendars.rules import DayKind, LocalDay
from gridmgmt.cli.main import root
from gridmgmt.errors import FileRefusedError, ForbiddenError, InputError, NotFoundError, UnauthenticatedError
from tests.api.conftest import District
from tests.support.actors import TESTER

CALENDAR = "/api/v1/calendar"
FRIDAY = {"begin": "2015-03-06T16:30:00+08:00", "amount": 3, "unit": "working_hours"}
HOLIDAY, WORK = DayKind.HOLIDAY, DayKind.WORK


# --- stored ----------------------------------------------------------------------------------------------------------


def test_a_change_of_the_tables_is_a_new_calendar(session) -> None:
    before = service.load(session)
    assert service.load(session) is before
    service.set_day(session, TESTER, date(2015, 3, 9), HOLIDAY, name="防汛", reason="第7号通知")
    after = service.load(session)
    assert (before.day(date(2015, 3, 9)).kind, after.day(date(2015, 3, 9)).kind) == (WORK, HOLIDAY)
    service.set_hours(session, TESTER, date(2015, 6, 1), ["08:00-11:30", "14:00-17:00"], reason="夏季")
    assert service.load(session).hours_on(date(2015, 6, 1)) == ("08:00-11:30", "14:00-17:00")
    service.clear_day(session, TESTER, date(2015, 3, 9))
    assert service.load(session).day(date(2015, 3, 9)).kind is WORK
    told = session.query(Change).order_by(Change.change_id).all()
    assert [(change.action, change.object) for change in told] == [
        ("calendar.set_day", "calendar:2015-03-09"),
        ("calendar.set_hours", "calendar:2015-06-01"),
        ("calendar.clear_day", "calendar:2015-03-09"),
    ]
    assert told[2].before == told[0].after == {"kind": "holiday", "name": "防汛", "reason": "第7号通知"}


def test_a_calendar_costs_one_look_a_transaction_and_none_with_the_revision_at_hand(session) -> None:
    service.load(session)
    session.info.clear()
    asked: list[str] = []

    def note(_connection, _cursor, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(session.get_bind(), "before_cursor_execute", note)
    for _ in range(3):
        service.load(session)
    event.remove(session.get_bind(), "before_cursor_execute", note)
    assert len(asked) == 1
    assert "calendar_revisions" in asked[0]


def test_what_was_rolled_back_is_no_ones_calendar(session) -> None:
    with session.begin_nested() as attempt:
        service.set_day(session, TESTER, date(2015, 3, 9), HOLIDAY)
        assert service.load(session).days
        attempt.rollback()
    session.info.clear()  # the next transaction
    assert not service.load(session).days
    service.set_day(session, TESTER, date(2015, 3, 10), HOLIDAY)
    assert list(service.load(session).days) == [date(2015, 3, 10)]


def test_a_year_is_known_once_it_is_set(session) -> None:
    known = service.load(session).known_until
    year = known.year + 1
    stray, spring = date(year, 7, 1), date(year, 2, 5)
    service.set_day(session, TESTER, stray, HOLIDAY)
    service.set_year(session, TESTER, year, {spring: LocalDay(HOLIDAY, "春节")}, source="国办发明电")
    found = service.load(session)
    assert found.known_until == date(year, 12, 25)
    assert list(found.days) == [spring]
    with pytest.raises(InputError) as refused:
        service.set_year(session, TESTER, year, {date(year + 1, 1, 1): LocalDay(HOLIDAY)}, source="-")
    assert refused.value.code == "calendar_other_year"


@pytest.mark.parametrize(
    "act",
    [
        lambda session, actor: service.set_day(session, actor, date(2015, 3, 9), HOLIDAY),
        lambda session, actor: service.clear_day(session, actor, date(2015, 3, 9)),
        lambda session, actor: service.set_year(session, actor, 2030, {}, source="-"),
        lambda session, actor: service.set_hours(session, actor, date(2015, 3, 9), ["09:00-17:00"]),
    ],
)
def test_whoever_may_not_write_the_catalogue_changes_no_day(session, act) -> None:
    with pytest.raises((UnauthenticatedError, ForbiddenError)):
        act(session, anonymous(reading=True))


def test_what_no_calendar_holds_is_refused(session) -> None:
    with pytest.raises(NotFoundError):
        service.clear_day(session, TESTER, date(2015, 3, 9))
    for day in (date(1969, 12, 31), date(2200, 1, 1)):
        with pytest.raises(InputError):
            service.set_day(session, TESTER, day, HOLIDAY)
    with pytest.raises(InputError):
        service.set_hours(session, TESTER, date(2015, 3, 9), ["17:00-09:00"])


# --- over HTTP -------------------------------------------------------------------------------------------------------


def test_days_are_listed_with_what_makes_them_so(shared_district: District) -> None:
    answer = shared_district.visitor.get(CALENDAR, params={"from": "2015-02-27", "to": "2015-03-01"}).json()
    assert [(day["day"], day["kind"], day["source"], day["name"], len(day["hours"])) for day in answer["items"]] == [
        ("2015-02-27", "work", "week", None, 2),
        ("2015-02-28", "work", "national", "春节", 2),
        ("2015-03-01", "holiday", "week", None, 0),
    ]
    refused = shared_district.visitor.get(CALENDAR, params={"from": "2015-02-27", "to": "2015-02-26"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/calendar_span")
    assert len(shared_district.visitor.get(CALENDAR).json()["items"]) == 31


def test_a_deadline_follows_the_days_that_are_set(shared_district: District) -> None:
    visitor, chief = shared_district.visitor, shared_district.administrator

    def ends() -> str:
        return str(visitor.get(f"{CALENDAR}/deadline", params=FRIDAY).json()["at"])

    assert ends() == "2015-03-09T10:30:00+08:00"
    told = visitor.get(f"{CALENDAR}/deadline", params=FRIDAY).json()
    assert (told["due_soon_at"], told["provisional"]) == ("2015-03-09T09:45:00+08:00", False)
    set_ = chief.put(f"{CALENDAR}/days/2015-03-09", json={"kind": "holiday", "name": "防汛"}).json()
    assert (set_["source"], set_["hours"]) == ("local", [])
    assert ends() == "2015-03-10T10:30:00+08:00"
    assert chief.delete(f"{CALENDAR}/days/2015-03-09").json()["source"] == "week"
    assert chief.delete(f"{CALENDAR}/days/2015-03-09").status_code == 404
    assert ends() == "2015-03-09T10:30:00+08:00"
    hours = {"valid_from": "2015-03-09", "spans": ["09:00-17:00"], "reason": "试行"}
    assert chief.put(f"{CALENDAR}/hours", json=hours).status_code == 200
    assert [item["valid_from"] for item in visitor.get(f"{CALENDAR}/hours").json()["items"]] == [
        "1970-01-01",
        "2015-03-09",
    ]
    assert ends() == "2015-03-09T11:00:00+08:00"


def test_an_announced_year_is_provisional_no_more(shared_district: District) -> None:
    visitor, chief = shared_district.visitor, shared_district.administrator
    year = date.fromisoformat(visitor.get(CALENDAR).json()["known_until"]).year + 1
    asked = {"begin": f"{year}-03-01T10:00:00+08:00", "amount": 30, "unit": "working_days"}
    assert visitor.get(f"{CALENDAR}/deadline", params=asked).json()["provisional"] is True
    body = {"source": "国办发明电", "days": [{"day": f"{year}-04-05", "kind": "holiday", "name": "清明"}]}
    answer = chief.put(f"{CALENDAR}/years/{year}", json=body)
    assert answer.json() == {"year": year, "days": 1, "known_until": f"{year}-12-25"}
    assert visitor.get(f"{CALENDAR}/deadline", params=asked).json()["provisional"] is False


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({**FRIDAY, "begin": "2015-03-06T16:30:00"}, "request_invalid"),
        ({**FRIDAY, "amount": 0}, "time_limit_malformed"),
        ({**FRIDAY, "amount": "inf"}, "time_limit_malformed"),
        ({**FRIDAY, "begin": "2250-03-06T16:30:00Z"}, "calendar_range"),
        ({**FRIDAY, "unit": "weeks"}, "request_invalid"),
    ],
)
def test_what_has_no_deadline_is_refused(shared_district: District, parameters: dict[str, object], code: str) -> None:
    answer = shared_district.visitor.get(f"{CALENDAR}/deadline", params=parameters)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{code}")


# --- on the command line ---------------------------------------------------------------------------------------------

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The command on the database of this module, in years that the tests over HTTP do not ask about."""
    environment = {"DATABASE_URL": module_database_url}
    return lambda *arguments: CliRunner().invoke(root, ["--lang", "en", *map(str, arguments)], env=environment)


def test_days_and_deadlines_on_the_command_line(run: Run) -> None:
    assert "2014-03-07 is off" in run("calendar", "set-day", "2014-03-07", "holiday", "--name", "drill").output
    shown = run("calendar", "show", "--from", "2014-03-06", "--to", "2014-03-07").output.splitlines()
    assert [line.split() for line in shown[1:]] == [
        ["2014-03-06", "Thu", "worked", "week", "-", "08:30-12:00,", "13:00-17:30"],
        ["2014-03-07", "Fri", "off", "set", "here", "drill", "-"],
    ]
    ends = ["calendar", "deadline", "--from", "2014-03-06T16:30", "--limit", 3, "--unit", "working_hours"]
    assert "2014-03-10 10:30:00 +0800" in run(*ends).output
    assert run("calendar", "clear-day", "2014-03-07").exit_code == 0
    assert json.loads(run(*ends, "--json").output)["at"] == "2014-03-07 10:30:00+08:00"
    assert isinstance(run("calendar", "clear-day", "2014-03-07").exception, NotFoundError)
    assert isinstance(run("calendar", "deadline", "--from", "x", *ends[4:]).exception, InputError)


def test_a_year_from_a_table(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "year.csv"
    table.write_text("日期,类型,名称\n2013/2/9,放假,春节\n2013-02-16,补班,\n", encoding="gb18030")
    assert "2 days of 2013 are set" in run("calendar", "set-year", 2013, table, "--source", "notice").output
    days = json.loads(run("calendar", "show", "--from", "2013-02-16", "--to", "2013-02-16", "--json").output)["days"]
    assert [(day["kind"], day["source"]) for day in days] == [("work", "local")]
    table.write_text("day,kind\n2013-02-30,holiday\n2013-02-09,feast\n2013-02-10,work\n2013-02-10,work\n,work\n")
    refused = run("calendar", "set-year", 2013, table, "--source", "notice", "--refused", tmp_path / "bad.csv")
    assert isinstance(refused.exception, FileRefusedError)
    assert [(problem.row, problem.code) for problem in refused.exception.problems] == [
        (2, "date_malformed"),
        (3, "value_unknown"),
        (4, "day_repeated"),
        (5, "day_repeated"),
        (6, "value_missing"),
    ]
    assert (tmp_path / "bad.csv").exists()


def test_hours_on_the_command_line(run: Run) -> None:
    assert run("calendar", "set-hours", "2012-06-01", "08:00-11:30", "14:00-17:30").exit_code == 0
    listed = json.loads(run("calendar", "hours", "--json").output)
    assert {"valid_from": "2012-06-01", "spans": ["08:00-11:30", "14:00-17:30"]} in listed
    assert "08:30-12:00, 13:00-17:30" in run("calendar", "hours").output
    assert isinstance(run("calendar", "set-hours", "2012-06-01", "8-12").exception, InputError)
