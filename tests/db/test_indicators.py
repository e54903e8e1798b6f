"""Indicators beside a plain recount of the cases, at any moment of their lives, whatever has been tallied by then."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from numpy.random import PCG64, Generator
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmgmt import imports
from gridmgmt.cases.measures import Dimension, Measure, Ratio
from gridmgmt.cases.queries import count_cases
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.cluster import backup, restore
from gridmgmt.db import make_engine
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.imports import Labels
from gridmgmt.indicators import service
from gridmgmt.indicators.rules import AreaBasis, Compare, Period, Question, Tally
from gridmgmt.ingest.case_mapping import read_mapping
from gridmgmt.ingest.cases import read_cases
from tests.support.actors import TESTER
from tests.support.tallied import CODES, END, MOVED_ON, TOWN_LATER, Register, between, divide, lives, recount

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
OCTOBER_DAYS = (OCTOBER.first, OCTOBER.last)
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


def check_together(session: Session, rng: Generator, now: datetime) -> None:
    """Six questions about one period, which share one look at it, are answered as if each was asked alone."""
    by = rng.choice([None, Dimension.TOWN, Dimension.TYPE])
    asked, period = [narrowed(rng) for _ in range(6)], between(rng, now)
    found = service.tallies(session, [Question(Period(*period), by, wanted) for wanted, _ in asked], now=now)
    for tallies, (_, met) in zip(found, asked, strict=True):
        told = {None if by is None else code: tally for code, tally in tallies.items()}
        expected = recount(session, CODES[by], period, now, met)
        assert {code: tally for code, tally in told.items() if any(tally.counts.values())} == expected


def test_at_any_moment_indicators_equal_a_recount(session: Session) -> None:
    """A hundred and fifty lives, and at forty moments of them some questions, with few or many changes waiting."""
    rng = Generator(PCG64(7))
    several = Generator(PCG64(11))
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
        check_together(session, several, now)
        session.rollback()
    counts = recount(session, "NULL", (OCTOBER.first, OCTOBER.last), END)[None].counts
    assert all(counts.values()), f"some measure was never tried: {counts}"


@pytest.mark.parametrize("day", [date(2026, 10, 14), date(2026, 10, 15)])
def test_cases_are_counted_anew_in_the_areas_of_a_day_and_so_are_their_lists(session: Session, day: date) -> None:
    towns = {date(2026, 10, 14): TOWN_LATER.replace("121.405", "121.404"), MOVED_ON: TOWN_LATER}[day]
    expected = recount(session, towns, (OCTOBER.first, OCTOBER.last), END)
    found = service.read(session, Question(OCTOBER, Dimension.TOWN, CaseFilter(), areas_on=day), now=END)
    assert {code: tally for code, _, tally in found.rows} == expected
    assert (found.basis, found.question.areas_on) == (AreaBasis.ON, day)
    for code, tally in expected.items():
        row = CaseFilter(lacks=Dimension.TOWN) if code is None else CaseFilter(area=code)
        for measure in (Measure.REPORTED, Measure.DUE_CLOSED):
            wanted = replace(row, measure=measure, counted_from=OCTOBER.first, counted_to=OCTOBER.last, areas_on=day)
            assert count_cases(session, wanted, now=END).value == tally.counts[measure]


def test_periods_that_saw_different_areas_are_compared_in_those_of_the_last_day(session: Session) -> None:
    week = Period(date(2026, 10, 14), date(2026, 10, 20))
    by_town = Question(week, Dimension.TOWN, CaseFilter(), compare=Compare.MONTH)
    found = service.read(session, by_town, now=END)
    assert (found.basis, found.question.areas_on) == (AreaBasis.COMPARED, week.last)
    assert found.compared is not None
    before = (date(2026, 10, 7), date(2026, 10, 13))
    for answer, period in ((found, (week.first, week.last)), (found.compared, before)):
        assert {code: tally for code, _, tally in answer.rows} == recount(session, TOWN_LATER, period, END)
    later = Period(date(2026, 10, 28), date(2026, 10, 30))
    same = service.read(session, replace(by_town, period=later), now=END)
    of_types = service.read(session, replace(by_town, by=Dimension.TYPE), now=END)
    assert [each.basis for each in (same, of_types)] == [AreaBasis.AS_REPORTED] * 2


def test_no_areas_are_counted_before_the_first_boundary_edition(session: Session) -> None:
    asked = Question(Period(date(2019, 12, 1), date(2019, 12, 31)), Dimension.TOWN, CaseFilter())
    with pytest.raises(InputError) as refused:
        service.read(session, asked, now=END)
    assert refused.value.code == "period_before_editions"
    assert str(refused.value.fields["first"]) == "2020-01-01"
    assert service.read(session, replace(asked, by=Dimension.TYPE), now=END).total == Tally()
    with pytest.raises(NotFoundError):
        service.read(session, replace(asked, period=OCTOBER, wanted=CaseFilter(area="nowhere")), now=END)


def test_a_rebuild_changes_no_answer(session: Session) -> None:
    asked = Question(OCTOBER, Dimension.DEPARTMENT, CaseFilter())
    before = service.read(session, asked, now=END)
    session.execute(text("UPDATE day_tallies SET due = due + 1"))
    assert service.read(session, asked, now=END) != before
    assert service.rebuild(session) == session.scalar(text("SELECT count(*) FROM cases"))
    assert service.read(session, asked, now=END) == before
    session.rollback()


GOLDEN = """
INSERT INTO cases (case_no, kind, type, state, reported_at, accepted_at, registered_at, due_at, closed_at, geom)
SELECT 'G' || n, CASE WHEN n <= 956 THEN 'event' ELSE 'component' END, '0101',
       CASE WHEN closed THEN 'closed' ELSE 'handling' END, day, day,
       CASE WHEN n <= 996 THEN day + interval '1 hour' END,
       CASE WHEN n <= 972 THEN day + interval '2 days' END,
       CASE WHEN closed THEN day + CASE WHEN n <= 737 THEN interval '2 days' ELSE interval '3 days' END END,
       ST_Point(0, 0, 4326)
FROM (
    SELECT n, n <= 902 OR n BETWEEN 957 AND 965 AS closed, timestamptz '2015-07-06 09:00+08' AS day
    FROM generate_series(1, 1054) AS n
) AS made
"""


def test_the_rates_of_the_published_bulletin(session: Session) -> None:
    """1054 accepted, 996 registered; 972 due, 956 of them events; 911 closed, 902 of them events; 737 in time."""
    session.execute(text(GOLDEN))
    asked = Question(Period(date(2015, 7, 1), date(2015, 7, 31)), Dimension.KIND, CaseFilter())
    for _ in ("waiting", "tallied"):
        found = service.read(session, asked, now=END)
        kinds = {code: tally.ratio(Ratio.CLOSING_RATE) for code, _, tally in found.rows}
        assert found.total.ratio(Ratio.REGISTRATION_RATE) == 996 / 1054 == pytest.approx(0.9450, abs=5e-5)
        assert found.total.ratio(Ratio.CLOSING_RATE) == 911 / 972 == pytest.approx(0.9372, abs=5e-5)
        assert found.total.ratio(Ratio.ON_TIME_CLOSING_RATE) == 737 / 972 == pytest.approx(0.7582, abs=5e-5)
        assert kinds == {"event": 902 / 956, "component": 9 / 16}
        assert pytest.approx(0.9435, abs=5e-5) == 902 / 956
        assert found.total.ratio(Ratio.REWORK_RATE) is None
        service.fold(session, most=10_000)
    session.rollback()


def test_two_writers_and_two_who_fold_lose_nothing(session: Session, module_database_url: str) -> None:
    """Three hundred changes by each writer to the same cases, while two take them into the tallies all along."""
    engine = make_engine(module_database_url)
    numbers = session.scalars(text("SELECT case_id FROM cases ORDER BY case_id")).all()
    session.rollback()

    def write(seed: int) -> None:
        rng = Generator(PCG64(seed))
        for _ in range(300):
            change = {"id": int(rng.choice(numbers)), "source": str(rng.choice(["video", "leader", "public"]))}
            with Session(engine) as own, own.begin():
                own.execute(text("UPDATE cases SET source = :source WHERE case_id = :id"), change)

    def take(writers: list[Thread]) -> None:
        while any(writer.is_alive() for writer in writers):
            with Session(engine) as own, own.begin():
                service.fold(own, most=7)

    writers = [Thread(target=write, args=(seed,)) for seed in (1, 2)]
    takers = [Thread(target=take, args=(writers,)) for _ in (1, 2)]
    for thread in (*writers, *takers):
        thread.start()
    asked = Question(OCTOBER, Dimension.SOURCE, CaseFilter())
    total = service.read(session, asked, now=END).total
    while any(writer.is_alive() for writer in writers):
        session.rollback()
        assert service.read(session, asked, now=END).total == total
    for thread in (*writers, *takers):
        thread.join()
    session.rollback()
    for most in (0, 10_000):
        service.fold(session, most=most)
        found = service.read(session, asked, now=END)
        assert {code: tally for code, _, tally in found.rows} == recount(session, "source", OCTOBER_DAYS, END)
    session.rollback()
    engine.dispose()


MAPPING = """
register = "hotline"
zone = "Asia/Shanghai"
time_format = "%Y-%m-%d %H:%M"
source = "public"

[columns]
case_no = "NO"
case_type = "WHAT"
case_status = "HOW"
reported_at = "IN"
due_at = "BY"
closed_at = "OUT"
lon = "X"
lat = "Y"

[states]
open = "handling"
done = "closed"
"""
REGISTER = """NO,WHAT,HOW,IN,BY,OUT,X,Y
R-1,Lamp,done,2026-10-05 08:00,2026-10-06 08:00,2026-10-06 07:00,121.401,31.301
R-2,Lamp,done,2026-10-05 09:00,2026-10-06 08:00,2026-10-07 07:00,121.401,31.301
R-3,Noise,open,2026-10-05 10:00,2026-10-06 08:00,,121.406,31.301
"""


def test_cases_of_a_register_are_tallied(session: Session, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "register.csv").write_text(REGISTER, encoding="utf-8")
    content = read_cases(tmp_path / "register.csv", read_mapping(tmp_path / "map.toml"))
    asked = Question(OCTOBER, Dimension.TYPE, CaseFilter())
    imports.import_cases(session, TESTER, content, Labels("hotline", "the hotline", date(2026, 10, 1), synthetic=True))
    for most in (0, 10_000):
        service.fold(session, most=most)
        found = {code: tally for code, _, tally in service.read(session, asked, now=END).rows}
        assert found == recount(session, "type", OCTOBER_DAYS, END)
        counts = (Measure.REPORTED, Measure.CLOSED, Measure.DUE, Measure.DUE_CLOSED_ON_TIME)
        told = {code: [found[code].counts[measure] for measure in counts] for code in ("Lamp", "Noise")}
        assert told == {"Lamp": [2, 2, 2, 1], "Noise": [1, 0, 1, 0]}
    session.rollback()


def test_a_restored_backup_tells_the_same(
    session: Session, module_database_url: str, fresh_database_url: str, tmp_path: Path
) -> None:
    """With some changes waiting, and others that come after."""
    session.execute(text("UPDATE cases SET source = 'leader' WHERE case_id % 3 = 0"))
    session.commit()
    asked = Question(OCTOBER, Dimension.SOURCE, CaseFilter())
    told = service.read(session, asked, now=END)
    session.rollback()
    backup(module_database_url, tmp_path / "one.dump")
    restore(fresh_database_url, tmp_path / "one.dump", replace=True)
    engine = make_engine(fresh_database_url)
    with Session(engine) as restored:
        assert service.read(restored, asked, now=END) == told
        restored.execute(text("UPDATE cases SET source = 'video' WHERE case_id % 5 = 0"))
        for most in (0, 10_000):
            service.fold(restored, most=most)
            found = service.read(restored, asked, now=END)
            assert {code: tally for code, _, tally in found.rows} == recount(restored, "source", OCTOBER_DAYS, END)
    engine.dispose()
