"""The feed of cases: nothing lost whatever commits late, nothing told twice between batches; alarms that sound once."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import sessionmaker

from gridmgmt.calendars.rules import DayKind, LocalDay
from gridmgmt.calendars.service import set_year
from gridmgmt.cases.rules import CaseSource
from gridmgmt.casework.asking import ReportAsk
from gridmgmt.casework.history import check
from gridmgmt.casework.intake import report
from gridmgmt.casework.machine import Given
from gridmgmt.casework.moves import Move
from gridmgmt.casework.transitions import MoveAsk, move
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.cluster import Cluster
from gridmgmt.cluster.transfer import backup, restore
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.errors import InputError
from gridmgmt.feed.queries import EVENTS, PAGE, news, pages, question
from gridmgmt.feed.rules import (
    CaseEvent,
    EventFilter,
    EventKind,
    News,
    Position,
    Snapshot,
    parse_position,
    parse_snapshot,
)
from gridmgmt.feed.watcher import Watch, sound_alarms
from tests.support.actors import TESTER
from tests.support.case_log import add_case, add_move, log_of
from tests.support.serving import until

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def sessions(module_database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(module_database_url)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def writer(module_database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def other(module_database_url: str) -> Iterator[psycopg.Connection]:
    """A second writer, whose transactions stay open until it commits."""
    with psycopg.connect(module_database_url) as connection:
        yield connection
        connection.rollback()


def look(sessions: sessionmaker[Session], since: Snapshot | None) -> News:
    with transaction(sessions) as session:
        return news(session, since)


def ids(found: News) -> list[int]:
    return [event.move_id for event in found.events]


def test_what_commits_late_is_told_late_and_holds_nothing_back(sessions, writer, other) -> None:
    """The interleaving that a plain ``move_id > last`` loses: 1 begins, 2 begins and commits, a look, 1 commits."""
    case_id = add_case(writer, "late")
    start = look(sessions, None).position
    first = add_move(other, case_id)
    second = add_move(writer, case_id)
    before = look(sessions, start.snapshot)
    assert ids(before) == [second]
    third = add_move(writer, case_id)
    assert ids(look(sessions, before.position.snapshot)) == [third]
    other.commit()
    after = look(sessions, before.position.snapshot)
    assert ids(after) == [first, third]
    assert ids(look(sessions, start.snapshot)) == [first, second, third]
    assert ids(look(sessions, after.position.snapshot)) == []


def test_what_is_rolled_back_or_imported_is_no_news(sessions, writer, other) -> None:
    case_id = add_case(writer, "undone")
    start = look(sessions, None).position
    add_move(other, case_id)
    other.rollback()
    add_move(writer, case_id, "import")
    kept = add_move(writer, case_id, "report")
    found = look(sessions, start.snapshot)
    assert [(event.move_id, event.kind) for event in found.events] == [(kept, EventKind.NEW)]


def test_a_position_is_told_and_read_back(sessions) -> None:
    position = look(sessions, None).position
    assert parse_position(str(position)) == position


def test_pages_hold_one_moment(sessions, writer) -> None:
    """What is committed between two pages belongs to the next look, and is not lost between them."""
    case_id = add_case(writer, "pages")
    start = look(sessions, None).position
    with writer.transaction():
        made = [add_move(writer, case_id) for _ in range(PAGE + 5)]
    with transaction(sessions) as session:
        reading = pages(session, start.snapshot)
        first = next(reading)
        between = add_move(writer, case_id)
        rest = list(reading)
    assert ids(first) == made[:PAGE]
    assert [ids(page) for page in rest] == [made[PAGE:]]
    assert {str(page.position) for page in (first, *rest)} == {str(first.position)}
    assert ids(look(sessions, first.position.snapshot)) == [between]


def test_only_the_index_on_transactions_is_read(sessions, writer) -> None:
    """Also while a transaction stays open for long: it is asked for by its number."""
    case_id = add_case(writer, "plan")
    for _ in range(3):
        writer.execute(
            "INSERT INTO case_moves (case_id, version, move, state, at, actor)"
            " SELECT %s, 2, 'accept', 'accepted', now(), 'b' FROM generate_series(1, 2000)", [case_id]
        )  # fmt: skip
    writer.execute("ANALYZE case_moves")
    now = look(sessions, None).position.snapshot
    long_open = Snapshot(1, now.xmax, frozenset({1}))
    plan = "\n".join(row[0] for row in writer.execute(f"EXPLAIN {EVENTS}", question(long_open)))
    assert plan.count("ix_case_moves_feed") == 2
    assert "Seq Scan on case_moves" not in plan
    assert "pk_case_moves" not in plan


def test_entries_of_another_server_are_no_news_here(test_cluster: Cluster, fresh_database_url: str, tmp_path) -> None:
    """A backup from a server that counted further: its numbers are still to come here, and nobody is told of them."""
    engine = make_engine(fresh_database_url)
    sessions = make_sessions(engine)
    with psycopg.connect(fresh_database_url, autocommit=True) as writer:
        case_id = add_case(writer, "restored")
        old = look(sessions, None).position
        far = old.snapshot.xmax + 5_000
        writer.execute(
            "INSERT INTO case_moves (transaction_id, case_id, version, move, state, at, actor) SELECT"
            " cast(n::text AS xid8), %s, 2, 'accept', 'accepted', now(), 'b' FROM generate_series(%s::bigint, %s) AS n",
            [case_id, far, far + 5],
        )
    engine.dispose()
    backup(fresh_database_url, tmp_path / "backup")
    restore(fresh_database_url, tmp_path / "backup", replace=True)
    engine = make_engine(fresh_database_url)
    sessions = make_sessions(engine)
    start = look(sessions, None).position
    assert start.epoch != old.epoch
    assert start.snapshot.xmax < far + 5, "other tests have used up the numbers in the meantime"
    with psycopg.connect(fresh_database_url, autocommit=True) as writer:
        case_id = writer.execute("SELECT case_id FROM cases").fetchone()[0]
        made = [add_move(writer, case_id)]
        while look(sessions, None).position.snapshot.xmax <= far + 5:
            for _ in range(200):
                writer.execute("SELECT pg_current_xact_id()")
        made.append(add_move(writer, case_id))
    found = look(sessions, start.snapshot)
    assert found.position.snapshot.xmax > far + 5
    assert ids(found) == made
    engine.dispose()


@given(
    st.integers(1, 50),
    st.lists(st.booleans(), max_size=30),
)
def test_a_snapshot_in_words_says_the_same(xmin: int, still: list[bool]) -> None:
    snapshot = Snapshot(xmin, xmin + len(still), frozenset(xmin + n for n, is_open in enumerate(still) if is_open))
    assert parse_snapshot(str(snapshot)) == snapshot
    seen = [number for number in range(1, xmin + len(still) + 3) if snapshot.sees(number)]
    assert seen == [*range(1, xmin), *(xmin + n for n, is_open in enumerate(still) if not is_open)]


@pytest.mark.parametrize(
    "text", ["", "x", "0123456789ab", "0123456789ab.", "0123456789ab.9:5:", "0123456789ab.5:9:9", "0123456789ab.5:9:x",
             "0123456789ab.0:9:", "0123456789ab.5:99999999999999999999:", "ABCDEFABCDEF.5:9:", "0123456789ab.٥:9:"],
)  # fmt: skip
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_position(text)
    assert refused.value.code == "feed_position_invalid"


def event(kind: EventKind, areas: set[str], departments: set[str]) -> CaseEvent:
    return CaseEvent(1, 1, kind, "1", frozenset(areas), frozenset(departments), "{}")


def test_a_filter_lets_through_what_meets_all_it_names() -> None:
    seen = event(EventKind.MOVED, {"310113001", "310113"}, {"D1", "D2"})
    assert EventFilter().wants(seen)
    assert EventFilter("310113", "D2", frozenset({EventKind.MOVED, EventKind.NEW})).wants(seen)
    assert not EventFilter("310114", "D2").wants(seen)
    assert not EventFilter("310113", "D3").wants(seen)
    assert not EventFilter(kinds=frozenset({EventKind.NEW})).wants(seen)


def alarm(sessions: sessionmaker[Session], now: datetime) -> int:
    with transaction(sessions) as session:
        return sound_alarms(session, now)


def row(connection: psycopg.Connection, case_id: int) -> tuple[object, ...]:
    statement = "SELECT urgency, next_alarm_at, version FROM cases WHERE case_id = %s"
    return tuple(connection.execute(statement, [case_id]).fetchone() or ())


def test_alarms_sound_in_order_each_once(sessions, writer) -> None:
    soon, due = NOON - timedelta(hours=1), NOON
    case_id = add_case(writer, "alarms", state="handling", urgency="on_time", due_at=due, next_alarm_at=soon)
    assert [alarm(sessions, moment) for moment in (soon, soon + timedelta(microseconds=1), NOON)] == [0, 1, 0]
    assert row(writer, case_id) == ("due_soon", due, 1)
    late = due + timedelta(microseconds=1)
    assert [alarm(sessions, moment) for moment in (late, late + timedelta(days=9))] == [1, 0]
    assert row(writer, case_id) == ("overdue", None, 1)
    assert log_of(writer, case_id) == [
        ("due_soon", 1, soon + timedelta(microseconds=1)), ("overdue", 1, late),
    ]  # fmt: skip


def test_after_a_long_stop_only_the_last_alarm_sounds(sessions, writer) -> None:
    case_id = add_case(writer, "stopped", urgency="on_time", due_at=NOON, next_alarm_at=NOON - timedelta(hours=1))
    assert alarm(sessions, NOON + timedelta(days=2)) == 1
    assert [move for move, _, _ in log_of(writer, case_id)] == ["overdue"]


def test_a_clock_that_stands_has_no_alarm(sessions, writer) -> None:
    add_case(writer, "paused", urgency="on_time", due_at=NOON, next_alarm_at=None)
    assert alarm(sessions, NOON + timedelta(days=365)) == 0


def test_a_case_that_is_being_moved_is_left_for_the_next_look(sessions, writer, other) -> None:
    case_id = add_case(writer, "held", urgency="on_time", due_at=NOON, next_alarm_at=NOON)
    other.execute("UPDATE cases SET next_alarm_at = NULL, state = 'closed' WHERE case_id = %s", [case_id])
    assert alarm(sessions, NOON + timedelta(hours=1)) == 0
    other.commit()
    assert alarm(sessions, NOON + timedelta(hours=1)) == 0
    assert log_of(writer, case_id) == []


def test_of_several_watchers_each_case_has_one(sessions, writer) -> None:
    made = [add_case(writer, f"race {n}", urgency="on_time", due_at=NOON, next_alarm_at=NOON) for n in range(60)]
    start, told = Barrier(4), []

    def watch() -> None:
        start.wait()
        told.extend(alarm(sessions, NOON + timedelta(hours=1)) for _ in range(3))

    threads = [Thread(target=watch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(told) == len(made)
    assert {len(log_of(writer, case_id)) for case_id in made} == {1}


def test_a_watcher_that_is_killed_has_told_of_all_or_nothing(sessions, writer) -> None:
    case_id = add_case(writer, "killed", urgency="on_time", due_at=NOON, next_alarm_at=NOON)
    with sessions() as session:
        assert sound_alarms(session, NOON + timedelta(hours=1)) == 1
        session.invalidate()  # the connection is gone in the middle, as with its process
    assert (row(writer, case_id), log_of(writer, case_id)) == (("on_time", NOON, 1), [])
    assert alarm(sessions, NOON + timedelta(hours=1)) == 1
    assert len(log_of(writer, case_id)) == 1


def test_a_watch_sounds_what_the_machine_has_set_and_the_log_still_tells_the_case(fresh_database_url: str) -> None:
    """A Thursday of a year that nobody has announced: two days later, until the calendar comes and makes them free."""
    begin = datetime(2031, 5, 1, 1, tzinfo=UTC)
    engine = make_engine(fresh_database_url)
    sessions = make_sessions(engine)
    now = [begin]
    watch = Watch(sessions, lambda: now[0])
    with transaction(sessions) as session:
        load_builtin(session, TESTER, today=begin.date())
        known = report(session, TESTER, ReportAsk(121.4, 31.3, "0101", CaseSource.INSPECTOR), now=begin)
        for made, given in ((Move.ACCEPT, Given()), (Move.REGISTER, Given(condition_no=2))):
            move(session, TESTER, known.case_no, MoveAsk(made, given), begin)
    with psycopg.connect(fresh_database_url, autocommit=True) as look_on:
        statement = "SELECT urgency, due_at, due_soon_at, due_provisional FROM cases"
        urgency, due_at, soon_at, provisional = look_on.execute(statement).fetchone() or ()
        assert (urgency, due_at, provisional) == ("on_time", datetime(2031, 5, 5, 1, tzinfo=UTC), True)
        watch.round()
        with transaction(sessions) as session:
            for year in range(2026, 2033):
                holidays = {date(2031, 5, 2): LocalDay(DayKind.HOLIDAY)} if year == 2031 else {}
                set_year(session, TESTER, year, holidays, source="test")
        watch.round()
        urgency, due_at, soon_at, provisional = look_on.execute(statement).fetchone() or ()
        assert (urgency, due_at, provisional) == ("on_time", datetime(2031, 5, 6, 1, tzinfo=UTC), False)
        heard = []
        for moment in (soon_at, soon_at + timedelta(seconds=1), due_at, due_at + timedelta(seconds=1)):
            now[0] = moment
            watch.round()
            heard.append((look_on.execute(statement).fetchone() or ("",))[0])
        assert heard == ["on_time", "due_soon", "due_soon", "overdue"]
        moves = [made for made, _, _ in log_of(look_on, 1)]
        assert moves == ["report", "accept", "register", "reschedule", "due_soon", "overdue"]
    with transaction(sessions) as session:
        assert check(session).findings == []
    engine.dispose()


DRILL = """
import sys
from pathlib import Path
from threading import Event
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.feed.beside import beside_the_jobs
from gridmgmt.settings import Settings

settings = Settings(data=Path(sys.argv[2]), webhook_networks="127.0.0.0/8")
with beside_the_jobs(make_sessions(make_engine(sys.argv[1])), settings):
    print("ready", flush=True)
    Event().wait()
"""


@pytest.mark.long
def test_workers_that_are_killed_again_and_again_tell_of_each_case_once(fresh_database_url: str, tmp_path) -> None:
    """Two watchers at a time, each killed while alarms are due; a hundred cases, each overdue once in its log."""

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", DRILL, fresh_database_url, str(tmp_path)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    past = datetime.now(UTC) - timedelta(days=1)
    made: list[int] = []
    with psycopg.connect(fresh_database_url, autocommit=True) as writer:
        for _ in range(3):
            made += [add_case(writer, f"d{len(made) + n}", due_at=past, next_alarm_at=past) for n in range(50)]
            pair = [start() for _ in range(2)]
            for each in pair:
                assert each.stdout is not None
                each.stdout.readline()
            made += [add_case(writer, f"d{len(made) + n}", due_at=past, next_alarm_at=past) for n in range(50)]
            for each in pair:
                each.kill()
                each.wait()
                each.stdout.close()
        last = start()
        waiting = "SELECT count(*) FROM cases WHERE next_alarm_at IS NOT NULL"
        until(lambda: writer.execute(waiting).fetchone() == (0,))
        last.kill()
        last.wait()
        last.stdout.close()
        assert {tuple(move for move, _, _ in log_of(writer, case_id)) for case_id in made} == {("overdue",)}


def test_an_alarm_is_an_event(sessions, writer) -> None:
    add_case(writer, "heard", urgency="on_time", town_code="310113001", due_at=NOON, next_alarm_at=NOON)
    start = look(sessions, None).position
    alarm(sessions, NOON + timedelta(hours=1))
    found = look(sessions, start.snapshot).events
    assert [(each.kind, each.case_no, each.areas) for each in found] == [
        (EventKind.OVERDUE, "heard", frozenset({"310113001"}))
    ]
    assert isinstance(start, Position)
