"""Indicators over HTTP while some changes are tallied and others wait, beside a plain recount of the cases."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from numpy.random import PCG64, Generator
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.clock import local_date
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.indicators import service
from gridmgmt.settings import Settings
from tests.support.actors import add_account, add_key, bearer
from tests.support.serving import served
from tests.support.tallied import CODES, END, Register, divide, lives, recount

DAYS = (local_date(END - timedelta(days=20)), local_date(END))


@pytest.fixture(scope="module")
def session(module_database_url: str) -> Iterator[Session]:
    engine = make_engine(module_database_url)
    with Session(engine) as session:
        divide(session)
        session.commit()
        yield session
    engine.dispose()


@pytest.fixture(scope="module")
def client(session: Session, module_database_url: str) -> Iterator[httpx.Client]:
    sessions = make_sessions(session.get_bind().engine)
    add_account(sessions, "planner", Role.PLANNER)
    headers = bearer(add_key(sessions, "planner"))
    with served(create_app(Settings(), module_database_url, clock=lambda: END)) as client:
        client.headers.update(headers)
        yield client


def test_answers_equal_a_recount_whatever_waits(session: Session, client: httpx.Client) -> None:
    steps, register = lives(Generator(PCG64(3)), 60), Register()
    quarter = len(steps) // 4
    for begin, most in ((0, 0), (quarter, 10_000), (2 * quarter, 30), (3 * quarter, 0)):
        for step in steps[begin : begin + quarter]:
            register.write(session, step)
        session.commit()
        taken = service.fold(session, most=most)
        session.commit()
        changes = session.scalars(text("SELECT count(*) FROM untallied_cases")).one()
        assert (taken == 0) == (most == 0)
        assert f"\ngridmgmt_untallied_case_changes {changes}\n" in client.get("/metrics").text
        for by in (Dimension.TOWN, Dimension.DEPARTMENT, Dimension.MAJOR, Dimension.CELL):
            query = {"from": str(DAYS[0]), "to": str(DAYS[1]), "by": by}
            body = client.get("/api/v1/indicators", params=query).json()
            told = {row["code"]: [row["counts"][each]["value"] for each in Measure] for row in body["rows"]}
            expected = recount(session, CODES[by], DAYS, END)
            assert told == {code: [tally.counts[each] for each in Measure] for code, tally in expected.items()}
            means = {row["code"]: row["mean_handling_s"]["value"] for row in body["rows"]}
            assert means == {code: tally.mean_handling_s for code, tally in expected.items()}
        session.rollback()
