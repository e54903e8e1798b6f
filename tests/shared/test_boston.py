"""The Boston year, taken by the product's own import, beside what plain arithmetic finds in the file itself."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pandas as pd
import pytest
from pyproj import Geod
from sqlalchemy.orm import Session, sessionmaker

from api.app import create_app
from gridmgmt import imports
from gridmgmt.access.rules import Role
from gridmgmt.cases.measures import Dimension, Measure, Ratio
from gridmgmt.cases.queries import count_cases
from gridmgmt.cases.rules import CaseFilter
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.hotspots.rules import RepeatQuestion, Span
from gridmgmt.hotspots.service import repeats
from gridmgmt.imports import Labels
from gridmgmt.indicators import service
from gridmgmt.indicators.rules import Period, Question
from gridmgmt.ingest.case_mapping import read_mapping
from gridmgmt.ingest.cases import read_cases
from gridmgmt.settings import PROJECT_DIR, Settings
from tests.support.actors import TESTER, add_account, add_key, bearer
from tests.support.serving import served

pytestmark = pytest.mark.long

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
BOSTON, SHANGHAI = ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai")
YEAR = (date(2015, 1, 1), date(2015, 12, 31))
THREE_YEARS = (date(2015, 1, 1), date(2017, 12, 31))
ALL_TARGETS = Period(date(2015, 1, 1), date(2019, 12, 31))
COUNTED = (Measure.REPORTED, Measure.CLOSED, Measure.DUE, Measure.DUE_CLOSED, Measure.DUE_CLOSED_ON_TIME)

WGS84 = Geod(ellps="WGS84")
UNKNOWN = (42.3594, -71.0587)
STEP = 10_000
"""The file gives positions with four decimals."""


@pytest.fixture(scope="module")
def file(shared_data: Path) -> Path:
    return shared_data / "incidents" / "boston_311_2015.csv.gz"


@pytest.fixture(scope="module")
def sessions(module_database_url: str, file: Path) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    said = read_mapping(PROJECT_DIR / "docs" / "examples" / "boston_311.toml")
    labels = Labels("boston", "City of Boston", date(2015, 1, 1))
    with sessions.begin() as session:
        assert imports.import_cases(session, TESTER, read_cases(file, said), labels).taken == 121_145
    service.fold_all(sessions)
    yield sessions
    engine.dispose()


@pytest.fixture(scope="module")
def client(module_database_url: str, sessions: sessionmaker[Session]) -> Iterator[httpx.Client]:
    add_account(sessions, "leader", Role.PLANNER)
    headers = bearer(add_key(sessions, "leader"))
    with served(create_app(Settings(), module_database_url, clock=lambda: NOW)) as client:
        client.headers.update(headers)
        yield client


@pytest.fixture(scope="module")
def rows(file: Path) -> pd.DataFrame:
    """The rows of the file, their moments as it writes them, and in which the day of each is in Shanghai."""
    rows = pd.read_csv(file, dtype=str)
    for name in ("OPEN_DT", "TARGET_DT", "CLOSED_DT"):
        rows[name] = pd.to_datetime(rows[name], format="%m/%d/%Y %I:%M:%S %p")
        there = [moment.to_pydatetime().replace(tzinfo=BOSTON) for moment in rows[name].dropna()]
        rows.loc[rows[name].notna(), name[0]] = [moment.astimezone(SHANGHAI).date() for moment in there]
    rows["closed"] = rows["CASE_STATUS"] == "Closed"
    rows["target"] = rows["TARGET_DT"].notna()
    rows["on_time"] = rows["closed"] & rows["target"] & (rows["CLOSED_DT"] <= rows["TARGET_DT"])
    return rows


def of_the_file(rows: pd.DataFrame, column: str, first: date, last: date) -> dict[str, dict[Measure, int]]:
    """What each measure counts by the values of a column, those without any left out."""
    opened, closed, due = (rows[day].between(first, last) for day in "OCT")
    counts = dict(
        zip(
            COUNTED,
            (opened, closed & rows["closed"], due, due & rows["closed"], due & rows["on_time"]),
            strict=True,
        )
    )
    found = pd.DataFrame(counts).groupby(rows[column]).sum()
    return {
        str(code): {measure: int(row[measure]) for measure in COUNTED}
        for code, row in found[found.any(axis=1)].iterrows()
    }


@pytest.mark.parametrize(("first", "last"), [YEAR, THREE_YEARS, (date(2015, 3, 1), date(2015, 3, 31))])
@pytest.mark.parametrize(("by", "column"), [("department", "Department"), ("type", "TYPE")])
def test_shares_on_time_are_those_of_the_file(
    client: httpx.Client, rows: pd.DataFrame, by: str, column: str, first: date, last: date
) -> None:
    query = {"from": first.isoformat(), "to": last.isoformat(), "by": by}
    body = client.get("/api/v1/indicators", params=query).json()
    told = {row["code"]: {m: row["counts"][m]["value"] for m in COUNTED} for row in body["rows"]}
    expected = of_the_file(rows, column, first, last)
    assert told == expected
    for row in body["rows"]:
        share, due = row["ratios"][Ratio.ON_TIME_CLOSING_RATE], rows["T"].between(first, last)
        own = rows[due & (rows[column] == row["code"])]
        assert share["value"] == (own["on_time"].mean() if len(own) else None)
        assert (share["text"] == "—") == own.empty
        assert row["counts"][Measure.SETTLED_ON_SPOT]["value"] == 0, "a register tells of no dispatch"


def test_the_flag_of_the_file_calls_on_time_what_was_never_due(
    sessions: sessionmaker[Session], rows: pd.DataFrame
) -> None:
    """60,054 of the 90,546; the others have no target or, with a target, were still open when the file was made."""
    flagged = rows[rows["OnTime_Status"] == "ONTIME"]
    assert (len(flagged), int((~flagged["target"]).sum()), int(flagged["on_time"].sum())) == (90_546, 26_991, 60_054)
    assert (flagged["target"] & ~flagged["closed"]).sum() == 3_501 == 90_546 - 26_991 - 60_054
    assert int(rows["on_time"].sum()) == 60_054, "no case is on time that the flag does not have"
    with sessions() as session:
        total = service.read(session, Question(ALL_TARGETS, None, CaseFilter()), now=NOW).total
    assert total.counts[Measure.REPORTED] == 121_145
    assert (total.counts[Measure.DUE_CLOSED_ON_TIME], total.counts[Measure.DUE]) == (60_054, 94_154)
    assert total.ratio(Ratio.ON_TIME_CLOSING_RATE) == pytest.approx(0.6378, abs=5e-5)
    assert len(flagged) / rows["OnTime_Status"].notna().sum() == pytest.approx(0.7484, abs=5e-5)


@pytest.mark.parametrize("now", [datetime(2015, 7, 1, 15, 30, tzinfo=UTC), datetime(2016, 1, 13, tzinfo=UTC)])
def test_only_targets_that_are_past_are_due(sessions: sessionmaker[Session], rows: pd.DataFrame, now: datetime) -> None:
    past = rows[rows["TARGET_DT"] <= now.astimezone(BOSTON).replace(tzinfo=None)]
    with sessions() as session:
        asked = Question(ALL_TARGETS, Dimension.DEPARTMENT, CaseFilter())
        found = {code: tally.counts for code, _, tally in service.read(session, asked, now=now).rows}
        counts = past.groupby("Department")["on_time"].agg(["size", "sum"])
        due = {code: (n[Measure.DUE], n[Measure.DUE_CLOSED_ON_TIME]) for code, n in found.items() if n[Measure.DUE]}
        assert due == {code: (size, on_time) for code, size, on_time in counts.itertuples()}
        wanted = CaseFilter(
            department="ISD",
            measure=Measure.DUE_CLOSED_ON_TIME,
            counted_from=THREE_YEARS[0],
            counted_to=THREE_YEARS[1],
        )
        assert count_cases(session, wanted, now=now).value == counts.loc["ISD", "sum"]


def near(lat: int, lon: int) -> list[tuple[int, int]]:
    """The positions of the file within 20 m of one, in ten-thousandths of a degree."""
    around = [(lat + up, lon + right) for up in range(-2, 3) for right in range(-3, 4)]
    return [at for at in around if WGS84.inv(lon / STEP, lat / STEP, at[1] / STEP, at[0] / STEP)[2] <= 20]


def test_the_fullest_places_are_those_of_the_file(sessions: sessionmaker[Session], file: Path) -> None:
    with sessions() as session:
        found = repeats(session, RepeatQuestion(Span(date(2015, 1, 1), date(2016, 1, 1)), most=200))

    rows = pd.read_csv(file, usecols=["TYPE", "LATITUDE", "LONGITUDE"])
    rows = rows[(rows["LATITUDE"] != UNKNOWN[0]) | (rows["LONGITUDE"] != UNKNOWN[1])]
    assert (found.cases, found.unknown_place) == (len(rows), 17_070) == (104_075, 17_070)
    lat, lon = ((rows[name] * STEP).round().astype(int) for name in ("LATITUDE", "LONGITUDE"))
    cases = Counter(zip(rows["TYPE"], lat, lon, strict=True))
    around = {(type_, *at): sum(cases[type_, *other] for other in near(*at)) for (type_, *at) in cases}

    assert found.places[0].count == max(around.values())
    for place in found.places:
        ((type_, count),) = place.types
        assert around[type_, round(place.lat * STEP), round(place.lon * STEP)] == count == place.count
    held = {
        (type_, *other)
        for place in found.places
        for type_, _ in place.types
        for other in near(round(place.lat * STEP), round(place.lon * STEP))
    }
    left = {at: number for at, number in cases.items() if at not in held}
    fullest_left = max(sum(left.get((type_, *other), 0) for other in near(*at)) for (type_, *at) in left)
    assert 3 <= fullest_left <= found.places[-1].count, "of what no place holds, nothing is fuller than the last"
