"""Indicators beside a plain recount of the cases, at any moment of their lives, whatever has been tallied by then."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from numpy.random import PCG64, Generator
from sqlalchemy.orm import Session

from gridmgmt.cases.measures import Dimension
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.db import make_engine
from gridmgmt.indicators import service
from gridmgmt.indicators.rules import Period, Question, Tally
from tests.support.tallied import CODES, END, Register, between, divide, lives, recount

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
AREAS = {"A": "town_code", "C": "town_code", "310113": "district_code", "B2": "quarter_code"}


@pytest.fixture(scope="module")
def session(module_database_url: str) -> Iterator[Session]:
    engine = make_engine(module_database_url)
    with Session(engine) as session:
        divide(session)
        session.commit()
        yield session
    engine.dispose()


def narrowed(rng: Generator) -> tuple[CaseFilter, str]:
    """A filter at random, and the same as a condition."""
    wanted, met = CaseFilter(), ["true"]
    if rng.random() < 0.5:
        area = str(rng.choice(list(AREAS)))
        wanted, met = replace(wanted, area=area), [*met, f"{AREAS[area]} = '{area}'"]
    if rng.random() < 0.25:
        wanted, met = replace(wanted, type="0101"), [*met, "type = '0101'"]
    if rng.random() < 0.15:
        wanted, met = replace(wanted, department="W"), [*met, "department_code = 'W'"]
    if rng.random() < 0.15:
        wanted, met = replace(wanted, lacks=Dimension.POST), [*met, "post_code IS NULL"]
    if rng.random() < 0.1:
        wanted, met = replace(wanted, text="C000"), [*met, "case_no LIKE 'C000%'"]
    return wanted, " AND ".join(met)


def check(session: Session, rng: Generator, now: datetime) -> None:
    by = rng.choice([None, *Dimension])
    wanted, met = narrowed(rng)
    period = between(rng, now)
    found = service.read(session, Question(Period(*period), by, wanted), now=now)
    expected = recount(session, CODES[by], period, now, met)
    told = {None: found.total} if by is None else {code: tally for code, _, tally in found.rows}
    assert {code: tally for code, tally in told.items() if any(tally.counts.values())} == expected
    assert found.total == sum(expected.values(), Tally())


def test_at_any_moment_indicators_equal_a_recount(session: Session) -> None:
    """A hundred and fifty lives, and at forty moments of them some questions, with few or many changes waiting."""
    rng = Generator(PCG64(7))
    steps, register = lives(rng, 150), Register()
    stops = sorted({int(stop) for stop in rng.integers(1, len(steps), 39)} | {len(steps)})
    done = 0
    for stop in stops:
        for step in steps[done:stop]:
            register.write(session, step)
        done = stop
        session.commit()
        service.fold(session, most=int(rng.choice([0, 1, 10, 1_000])))
        session.commit()
        now = steps[stop - 1].at + timedelta(minutes=int(rng.integers(0, 90)))
        for _ in range(4):
            check(session, rng, now)
        session.rollback()
    counts = recount(session, "NULL", (OCTOBER.first, OCTOBER.last), END)[None].counts
    assert all(counts.values()), f"some measure was never tried: {counts}"
