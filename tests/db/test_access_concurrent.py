"""Several at once: the log keeps one chain, one link makes one administrator, two do not remove each other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker

from gridmgmt.access import credentials, queries, service
from gridmgmt.access.rules import Assignment, Role
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.errors import ConflictError, GridMgmtError, UnauthenticatedError
from tests.support.serving import until

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSWORD = "correct horse battery"
HERE = service.local_actor("root")


@pytest.fixture
def factory(fresh_database_url) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(fresh_database_url, pool_size=8)
    yield make_sessions(engine)
    engine.dispose()


def at_once(factory: sessionmaker[Session], deeds: list[Callable[[Session], object]]) -> list[object]:
    """Do each deed in a transaction and thread of its own, all starting together; return results and refusals."""
    start = Barrier(len(deeds))

    def do(deed: Callable[[Session], object]) -> object:
        try:
            with transaction(factory) as session:
                start.wait(timeout=30)
                return deed(session)
        except GridMgmtError as error:
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))


def test_writers_at_once_leave_one_chain(factory) -> None:
    def write(session: Session) -> None:
        for n in range(5):
            service.record(session, HERE, "a.b", "c:d", after={"n": n})

    assert at_once(factory, [write] * 8) == [None] * 8
    with factory() as session:
        report = service.verify_changes(session)
    assert (report.count, report.first_broken) == (40, None)


def test_two_administrators_cannot_disable_each_other(factory) -> None:
    with transaction(factory) as session:
        for name in ("one", "two"):
            made = service.create_account(session, HERE, name, name, [Assignment(Role.ADMINISTRATOR)])
            service.set_password(session, HERE, made, PASSWORD)

    def disable(name: str) -> Callable[[Session], object]:
        return lambda session: service.disable_account(session, HERE, queries.account_by_name(session, name), NOW)

    done = at_once(factory, [disable("one"), disable("two")])
    assert sorted(type(outcome) for outcome in done if outcome is not None) == [ConflictError]
    with factory() as session:
        assert len(queries.administrator_ids(session)) == 1


def test_one_link_makes_one_administrator(factory) -> None:
    with transaction(factory) as session:
        token = service.offer_setup(session, NOW)

    def use(name: str) -> Callable[[Session], object]:
        return lambda session: service.use_setup(session, token, name, PASSWORD, NOW)

    done = at_once(factory, [use("one"), use("two"), use("three")])
    assert sum(isinstance(outcome, tuple) for outcome in done) == 1
    assert sum(isinstance(outcome, UnauthenticatedError) for outcome in done) == 2
    with factory() as session:
        assert len(queries.administrator_ids(session)) == 1
        assert len(queries.accounts(session)) == 1


def test_guesses_at_once_are_all_counted(factory) -> None:
    with transaction(factory) as session:
        service.set_password(session, HERE, service.create_account(session, HERE, "lihua", "Li Hua", []), PASSWORD)
    done = at_once(factory, [lambda session: service.sign_in(session, "lihua", "wrong password", NOW)] * 6)
    assert done == [None] * 6
    with factory() as session:
        lihua = queries.account_by_name(session, "lihua")
        assert lihua.failed_attempts == 5, "the sixth met the lock"
        assert lihua.locked_until is not None


def waits(factory: sessionmaker[Session]) -> bool:
    """Tell whether somebody waits for a lock of this database."""
    waiting = "SELECT true FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with factory() as session:
        return session.scalar(text(waiting)) is not None


@pytest.mark.parametrize("given", [PASSWORD, "wrong password"])
def test_an_account_is_ended_while_its_password_is_compared(factory, monkeypatch, given) -> None:
    """Comparing takes long, so nothing is locked meanwhile: nobody waits, and two locks cannot stand crosswise."""
    with transaction(factory) as session:
        lihua = service.create_account(session, HERE, "lihua", "Li Hua", [])
        service.set_password(session, HERE, lihua, PASSWORD)
        lihua.failed_attempts = 4

    def disable() -> None:
        with transaction(factory) as session:
            service.disable_account(session, HERE, queries.account_by_name(session, "lihua"), NOW)

    compare = credentials.password_matches
    with ThreadPoolExecutor(1) as pool:

        def compare_meanwhile(kept: str | None, password: str) -> bool:
            ended = pool.submit(disable)
            until(lambda: ended.done() or waits(factory))
            assert ended.done()
            return compare(kept, password)

        monkeypatch.setattr(credentials, "password_matches", compare_meanwhile)
        with transaction(factory) as session:
            assert service.sign_in(session, "lihua", given, NOW) is None
    with factory() as session:
        assert queries.changes(session)[0].action == "account.disable"


def test_a_link_is_used_while_another_one_is_made(factory) -> None:
    with transaction(factory) as session:
        lihua = service.create_account(session, HERE, "lihua", "Li Hua", [])
        token = service.offer_password(session, HERE, lihua, NOW)

    def offer() -> str:
        with transaction(factory) as session:
            return service.offer_password(session, HERE, queries.account_by_name(session, "lihua"), NOW)

    pool = ThreadPoolExecutor(1)
    with pool, transaction(factory) as session:
        service.record(session, HERE, "a.b", "c:d")
        other = pool.submit(offer)
        until(lambda: waits(factory))
        assert service.use_setup(session, token, "lihua", PASSWORD, NOW)
    assert other.result()
