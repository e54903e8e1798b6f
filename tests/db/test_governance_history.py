"""Modes over time: taken over from the earlier schema and back, and as-of look-ups against a day-by-day calendar."""

from datetime import date, timedelta

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmgmt.areas.queries import area_summary
from gridmgmt.areas.rules import TownMode
from gridmgmt.db import make_engine, sqlalchemy_url
from gridmgmt.errors import ConflictError, NotFoundError
from gridmgmt.governance import service
from gridmgmt.settings import PROJECT_DIR
from tests.support import governed
from tests.support.actors import TESTER
from tests.support.governed import BEGIN, YUEPU

DAYS = 12


@pytest.fixture(scope="module")
def district(engine):
    with engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            governed.build(session)
            yield session
        transaction.rollback()


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, DAYS - 1), st.sampled_from([TownMode.SECTOR, TownMode.DIRECT, None])), max_size=6)
)
def test_any_history_of_decisions_reads_as_a_calendar_of_days(district, steps) -> None:
    """A decision fills the days from its own to the next day on which something begins; None empties them."""
    calendar: list[str | None] = [None] * DAYS
    spans: list[list[int]] = []
    with district.begin_nested() as attempt:
        for step, mode in steps:
            on = BEGIN + timedelta(days=step)
            held = next((span for span in spans if span[0] <= step < span[1]), None)
            bounded = held is not None and held[1] != DAYS
            if bounded or (mode is None and held is None):
                with pytest.raises((ConflictError, NotFoundError)):
                    apply(district, mode, on)
                continue
            apply(district, mode, on)
            if held is not None:
                held[1] = step
            end = min((first for first, last in spans if first > step and last > first), default=DAYS)
            calendar[step:end] = [mode] * (end - step)
            if mode is not None:
                spans.append([step, end])
        found = [area_summary(district, YUEPU, BEGIN + timedelta(days=day)).mode for day in range(DAYS)]
        attempt.rollback()
    assert found == calendar


def apply(session: Session, mode: TownMode | None, on: date) -> None:
    if mode is None:
        service.end_mode(session, TESTER, YUEPU, on)
    else:
        service.decide_mode(session, TESTER, YUEPU, mode, on)


def test_modes_of_the_earlier_schema_are_taken_over_by_day_and_given_back(fresh_database_url) -> None:
    config = Config(toml_file=PROJECT_DIR / "pyproject.toml")
    config.attributes["url"] = sqlalchemy_url(fresh_database_url)
    engine = make_engine(fresh_database_url)
    with Session(engine) as session, session.begin():
        governed.build(session)
    command.downgrade(config, "0003")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE areas DISABLE TRIGGER guard_draft_rows"))
        connection.execute(text("UPDATE areas SET mode = 'direct' WHERE code = :code"), {"code": YUEPU})
        connection.execute(text("ALTER TABLE areas ENABLE TRIGGER guard_draft_rows"))
    command.upgrade(config, "head")
    columns = "town_code, valid_from, valid_to, mode, passed, decided_by"
    with engine.connect() as connection:
        rows = connection.execute(text(f"SELECT {columns} FROM town_modes")).all()
    assert [tuple(row) for row in rows] == [(YUEPU, BEGIN, None, "direct", None, "taken over from 2015")]
    command.downgrade(config, "0003")
    with engine.connect() as connection:
        modes = connection.execute(text("SELECT code, mode FROM areas WHERE mode IS NOT NULL")).all()
    assert [tuple(row) for row in modes] == [(YUEPU, "direct")]
    engine.dispose()
