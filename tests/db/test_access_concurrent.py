"""Several at once: the log keeps one chain, one link makes one administrator, two do not remove each other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from sqlalchemy.orm import sessionmaker

from gridmgmt.access import queries, service
from gridmgmt.access.rules import Assignment, Role
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.errors import ConflictError, GridMgmtError, UnauthenticatedError

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
