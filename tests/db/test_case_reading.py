"""Lists, counts, the board and files of twelve thousand cases, beside what plain Python finds in the same rows."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pyproj import Geod
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmgmt.cases import queries, summaries
from gridmgmt.cases.measures import Measure
from gridmgmt.cases.queries import (
    conditions,
    count_cases,
    list_cases,
    most_counted,
    page_of_cases,
    page_statement,
    select_listed,
)
from gridmgmt.cases.rules import ENDED, CaseFilter, CaseKind, CaseSource, CaseState, Urgency
from gridmgmt.db import make_engine
from gridmgmt.errors import InputError, NotFoundError
from gridmgmt.exports.cases import COLUMNS, write_cases
from gridmgmt.frames import compiled_text

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = 12_000
FILL = """
WITH made AS (
    SELECT
        n,
        (ARRAY['reported', 'accepted', 'handling', 'suspended', 'voided', 'duplicate'])[1 + n % 6] AS early,
        timestamptz '2026-01-01 00:00:00Z' + n * interval '7 minutes' AS reported_at,
        'T' || n % 3 AS town
    FROM generate_series(1, 12000) AS n
)
INSERT INTO cases (
    case_no, kind, type, source, state, urgency, reported_at, updated_at, due_at, closed_at, department_code, town_code,
    quarter_code, component_code, supervised, flags, description, address, geom
)
SELECT
    'N' || lpad(n::text, 6, '0'),
    CASE WHEN n % 4 = 0 THEN 'component' ELSE 'event' END,
    lpad((n % 17)::text, 4, '0'),
    (ARRAY['video', 'public', 'hotline_12345'])[1 + n % 3],
    CASE WHEN n % 20 = 0 THEN early ELSE 'closed' END,
    (ARRAY['on_time', 'overdue', 'due_soon', 'no_deadline'])[1 + n / 20 % 4],
    reported_at,
    reported_at + interval '1 day',
    CASE WHEN n % 5 <> 1 THEN reported_at + (n % 11) * interval '1 hour' END,
    CASE WHEN n % 20 <> 0 THEN reported_at + interval '1 day' END,
    CASE WHEN n % 7 = 0 THEN 'D' || n % 2 END,
    town,
    town || 'Q' || n % 2,
    CASE WHEN n % 1000 = 0 THEN '3101130101000001' END,
    n % 40 = 0,
    CASE WHEN n % 500 = 0 THEN '{default_point}'::text [] ELSE '{}' END,
    CASE WHEN n % 300 = 0 THEN '井盖 50%_缺失' WHEN n % 7 = 0 THEN 'Lamp ' || n END,
    CASE WHEN n % 2 = 0 THEN '大路' || n || '号' END,
    ST_SetSRID(ST_MakePoint(121.4 + (n % 100) * 0.0001, 31.3 + (n / 100) * 0.0001), 4326)
FROM made
"""


@dataclass(frozen=True)
class Row:
    """One case as Python sees it."""

    values: Any

    def __getattr__(self, name: str) -> Any:
        return self.values[name]


@pytest.fixture(scope="module")
def session(module_database_url: str) -> Iterator[Session]:
    engine = make_engine(module_database_url)
    with Session(engine) as session:
        session.execute(text(FILL))
        session.commit()
        session.execute(text("ANALYZE cases"))
        session.commit()
        yield session
    engine.dispose()


@pytest.fixture(scope="module")
def rows(session: Session) -> list[Row]:
    found = session.execute(text("SELECT *, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM cases")).mappings()
    return [Row(dict(row)) for row in found]


BOX = (121.4, 31.3, 121.401, 31.301)
NEAR = (121.4005, 31.3005, 60.0)
WGS84 = Geod(ellps="WGS84")
JANUARY: dict[str, Any] = {
    "reported_from": datetime(2026, 1, 10, tzinfo=UTC),
    "reported_to": datetime(2026, 1, 11, tzinfo=UTC),
}
FILTERS: dict[str, tuple[CaseFilter, Any]] = {
    "all": (CaseFilter(), lambda _: True),
    "open": (CaseFilter(is_open=True), lambda c: c.state not in ENDED),
    "ended": (CaseFilter(is_open=False), lambda c: c.state in ENDED),
    "one state": (CaseFilter(states=(CaseState.HANDLING,)), lambda c: c.state == "handling"),
    "two states": (
        CaseFilter(states=(CaseState.VOIDED, CaseState.REPORTED)),
        lambda c: c.state in ("voided", "reported"),
    ),
    "type": (CaseFilter(type="0003"), lambda c: c.type == "0003"),
    "kind": (CaseFilter(kind=CaseKind.COMPONENT), lambda c: c.kind == "component"),
    "source": (CaseFilter(source=CaseSource.VIDEO), lambda c: c.source == "video"),
    "urgency": (
        CaseFilter(urgency=Urgency.OVERDUE, is_open=True),
        lambda c: c.urgency == "overdue" and c.state not in ENDED,
    ),
    "supervised": (CaseFilter(supervised=True), lambda c: c.supervised),
    "not supervised": (CaseFilter(supervised=False, is_open=True), lambda c: not c.supervised and c.state not in ENDED),
    "department": (CaseFilter(department="D1"), lambda c: c.department_code == "D1"),
    "component": (CaseFilter(component="3101130101000001"), lambda c: c.component_code is not None),
    "box": (
        CaseFilter(box=BOX),
        lambda c: BOX[0] <= c.lon <= BOX[2] and BOX[1] <= c.lat <= BOX[3],
    ),
    "box of open": (
        CaseFilter(box=BOX, is_open=True),
        lambda c: BOX[0] <= c.lon <= BOX[2] and BOX[1] <= c.lat <= BOX[3] and c.state not in ENDED,
    ),
    "number": (CaseFilter(text="N0001"), lambda c: c.case_no.startswith("N0001")),
    "period": (CaseFilter(**JANUARY), lambda c: JANUARY["reported_from"] <= c.reported_at < JANUARY["reported_to"]),
    "updated": (
        CaseFilter(updated_after=datetime(2026, 3, 1, tzinfo=UTC)),
        lambda c: c.updated_at > datetime(2026, 3, 1, tzinfo=UTC),
    ),
    "flag": (CaseFilter(flag="default_point"), lambda c: c.flags == ["default_point"]),
    "without a flag": (CaseFilter(without_flag="default_point"), lambda c: c.flags != ["default_point"]),
    "near": (
        CaseFilter(near=NEAR),
        lambda c: WGS84.inv(*NEAR[:2], c.lon, c.lat)[2] <= NEAR[2],
    ),
    "words lately": (
        CaseFilter(text="50%_缺 井盖"),
        lambda c: "井盖" in (c.description or "") and c.reported_at >= NOW - timedelta(days=31),
    ),
    "words of a time": (
        CaseFilter(text="大路19", **JANUARY),
        lambda c: (c.address or "").startswith("大路19") and FILTERS["period"][1](c),
    ),
    "words of Latin letters": (
        CaseFilter(text="LAMP", **JANUARY),
        lambda c: (c.description or "").startswith("Lamp") and FILTERS["period"][1](c),
    ),
    "much at once": (
        CaseFilter(type="0003", source=CaseSource.PUBLIC, department="D1", kind=CaseKind.EVENT),
        lambda c: (c.type, c.source, c.department_code, c.kind) == ("0003", "public", "D1", "event"),
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_pages_of_a_filter_are_what_it_leaves_and_as_many_as_counted(
    session: Session, rows: list[Row], name: str
) -> None:
    wanted, holds = FILTERS[name]
    expected = sorted((row for row in rows if holds(row)), key=lambda row: (row.reported_at, row.case_id), reverse=True)
    assert expected
    after, found = None, []
    while page := list_cases(session, wanted, now=NOW, after=after, limit=4_000):
        found += [row.case_no for row in page]
        after = (page[-1].reported_at, page[-1].case_id)
    assert found == [row.case_no for row in expected]
    counted = count_cases(session, wanted, now=NOW)
    most = most_counted(wanted)
    assert (counted.value, counted.exact) == (min(len(expected), most), len(expected) <= most)


def test_what_is_due_first_comes_first_and_has_a_deadline(session: Session, rows: list[Row]) -> None:
    expected = sorted(
        (row for row in rows if row.state not in ENDED and row.due_at), key=lambda row: (row.due_at, row.case_id)
    )
    after, found = None, []
    while page := list_cases(session, CaseFilter(), now=NOW, order="due", after=after, limit=100):
        found += [row.case_no for row in page]
        after = (page[-1].due_at, page[-1].case_id)
    assert found == [row.case_no for row in expected]
    assert count_cases(session, CaseFilter(), now=NOW, order="due").value == len(expected)


def test_a_count_ends_at_a_thousand_and_that_of_a_measure_further(session: Session) -> None:
    assert vars(count_cases(session, CaseFilter(), now=NOW)) == {"value": 1_000, "exact": False}
    assert vars(count_cases(session, CaseFilter(is_open=True), now=NOW)) == {"value": 400, "exact": True}
    year: dict[str, Any] = {"counted_from": date(2026, 1, 1), "counted_to": date(2026, 12, 31)}
    reported = CaseFilter(measure=Measure.REPORTED, kind=CaseKind.COMPONENT, **year)
    assert vars(count_cases(session, reported, now=NOW)) == {"value": 3_000, "exact": True}
    everything = CaseFilter(measure=Measure.REPORTED, **year)
    assert vars(count_cases(session, everything, now=NOW)) == {"value": 10_000, "exact": False}


def test_a_page_after_the_last_is_empty_and_knows_how_many_there_are(session: Session) -> None:
    page = page_of_cases(session, CaseFilter(is_open=True), now=NOW, after=(datetime(2020, 1, 1, tzinfo=UTC), 0))
    assert (page.rows, page.count.value) == ([], 400)
    none = page_of_cases(session, CaseFilter(type="9999"), now=NOW)
    assert (none.rows, vars(none.count)) == ([], {"value": 0, "exact": True})


@pytest.mark.parametrize(("few", "many"), [(CaseFilter(is_open=True), CaseFilter(kind=CaseKind.EVENT))])
def test_a_page_is_the_same_whether_few_or_many_match(
    session: Session, monkeypatch: pytest.MonkeyPatch, few: CaseFilter, many: CaseFilter
) -> None:
    """400 of one filter and 9,000 of the other are paged through once as few and once as many."""
    for wanted in (few, many):
        pages = []
        for most in (1, ROWS):
            monkeypatch.setattr(queries, "MOST_COUNTED", most)
            first = page_of_cases(session, wanted, now=NOW, limit=150).rows
            key = (first[-1].reported_at, first[-1].case_id)
            pages.append([*first, *page_of_cases(session, wanted, now=NOW, after=key, limit=150).rows])
        assert [row.case_no for row in pages[0]] == [row.case_no for row in pages[1]]
        assert len({row.case_no for row in pages[0]}) == 300


def test_where_few_match_nobody_goes_through_all_cases(session: Session) -> None:
    """The branch for many has a condition that is looked at before it begins."""
    wanted = CaseFilter(is_open=True, box=BOX)
    sql, values = page_statement(session, wanted, now=NOW, order="newest", after=None, limit=100)
    connection: Any = session.connection().connection.driver_connection
    lines = [line for (line,) in connection.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}", values, prepare=False)]
    branches = [i for i, line in enumerate(lines) if "One-Time Filter" in line]
    assert len(branches) == 2
    assert sum("never executed" in "".join(lines[i : i + 2]) for i in branches) == 1


INDEXES = {
    "all": "ix_cases_reported_at",
    "open": "ix_cases_open",
    "one state": "ix_cases_state",
    "type": "ix_cases_type",
    "department": "ix_cases_department_code",
    "source": "ix_cases_source",
    "supervised": "ix_cases_supervised",
    "flag": "ix_cases_flagged",
    "component": "ix_cases_component_code",
    "box": "ix_cases_geom",
    "near": "ix_cases_geom",
    "number": "uq_cases_case_no",
    "period": "ix_cases_reported_at",
    "updated": "ix_cases_updated_at",
}


def plan(session: Session, statement: Any) -> str:
    sql, parameters = compiled_text(statement)
    connection: Any = session.connection().connection.driver_connection
    return "\n".join(line for (line,) in connection.execute(f"EXPLAIN {sql}", parameters))


@pytest.mark.parametrize("name", INDEXES)
def test_each_common_filter_has_its_index(session: Session, name: str) -> None:
    session.execute(text("SET LOCAL enable_seqscan = off"))
    statement = select_listed().where(*conditions(session, FILTERS[name][0], NOW))
    ordered = queries._ordered(statement, "newest").limit(100)
    assert INDEXES[name] in plan(session, ordered)
    session.rollback()


def test_what_is_due_has_an_index(session: Session) -> None:
    statement = queries._ordered(select_listed(), "due").limit(100)
    found = plan(session, statement)
    assert "ix_cases_due_at" in found
    assert "Sort" not in found
    session.rollback()


def test_the_board_counts_every_open_case_once(session: Session, rows: list[Row]) -> None:
    left = [row for row in rows if row.state not in ENDED]
    board = summaries.board(session, CaseFilter(), now=NOW)
    for found, column in ((board.departments, "department_code"), (board.towns, "town_code")):
        assert sum(row.open for row in found) == len(left)
        for row in found:
            own = [each for each in left if each.values[column] == row.code]
            assert row.open == len(own)
            assert row.supervised == sum(each.supervised for each in own)
            assert row.by_state == {s: n for s in {e.state for e in own} if (n := sum(e.state == s for e in own))}
            assert row.by_urgency == {u: n for u in {e.urgency for e in own} if (n := sum(e.urgency == u for e in own))}
            assert row.oldest_due_at == min((each.due_at for each in own if each.due_at), default=None)
        late = [row.by_urgency.get("overdue", 0) for row in found]
        assert late == sorted(late, reverse=True)
    overdue = sorted((e for e in left if e.urgency == "overdue" and e.due_at), key=lambda e: (e.due_at, e.case_id))
    assert [row.case_no for row in board.most_overdue] == [each.case_no for each in overdue[:50]]
    assert summaries.board(session, CaseFilter(department="D0"), now=NOW).departments[0].code == "D0"


def test_an_area_that_never_was_is_refused(session: Session) -> None:
    with pytest.raises(NotFoundError) as refusal:
        list_cases(session, CaseFilter(area="999"), now=NOW)
    assert refusal.value.code == "area_of_no_edition"


def test_statistics_count_each_case_once_in_each_way(session: Session, rows: list[Row]) -> None:
    found = summaries.case_statistics(session, CaseFilter(kind=CaseKind.COMPONENT), now=NOW)
    assert set(found) == {"state", "source", "department", "type", "kind", "urgency"}
    assert {sum(counts.values()) for counts in found.values()} == {3_000}
    assert found["source"] == dict.fromkeys(("hotline_12345", "public", "video"), 1_000)
    assert found["department"][""] == sum(row.kind == "component" and not row.department_code for row in rows)
    session.execute(text("UPDATE cases SET state = 'duplicate' WHERE case_no = 'N000004'"))
    found = summaries.case_statistics(session, CaseFilter(kind=CaseKind.COMPONENT), now=NOW)
    assert found["state"]["duplicate"] == 1
    assert {name: sum(counts.values()) for name, counts in found.items()} == {
        "state": 3_000, **dict.fromkeys(("source", "department", "type", "kind", "urgency"), 2_999)
    }  # fmt: skip


def test_files_hold_what_the_list_holds(session: Session, tmp_path: Path) -> None:
    session.execute(text("UPDATE cases SET description = '=HYPERLINK(A1)' WHERE case_no = 'N001000'"))
    wanted = CaseFilter(component="3101130101000001")
    listed = [row.case_no for row in list_cases(session, wanted, now=NOW)]
    assert len(listed) == 12
    for name in ("c.csv", "c.xlsx", "c.geojson"):
        assert write_cases(session, tmp_path / name, wanted, now=NOW, lang="en") == 12
    with (tmp_path / "c.csv").open(encoding="utf-8-sig", newline="") as stream:
        table = list(csv.reader(stream))
    sheet: Any = openpyxl.load_workbook(tmp_path / "c.xlsx").active
    cells = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    features = json.loads((tmp_path / "c.geojson").read_text(encoding="utf-8"))["features"]
    assert [row[0] for row in table[1:]] == [row[0] for row in cells[1:]] == listed
    assert [feature["id"] for feature in features] == listed
    assert table[0][:6] == ["Case number", "Kind", "Type code", "Type", "Source", "State"]
    assert len(table[0]) == len(COLUMNS) == 23
    (odd,) = (row for row in table if row[0] == "N001000")
    assert odd[COLUMNS.index("description")] == "'=HYPERLINK(A1)", "no formula for a spreadsheet"
    assert "=HYPERLINK(A1)" in next(row for row in cells if row[0] == "N001000")
    assert odd[7].endswith("+08:00")
    (placed,) = (feature for feature in features if feature["id"] == "N001000")
    assert placed["geometry"]["coordinates"] == [121.4, 31.301]
    assert placed["properties"]["state"] in set(CaseState)
    with pytest.raises(InputError, match=r"c\.ods"):
        write_cases(session, tmp_path / "c.ods", wanted, now=NOW)
    session.rollback()
