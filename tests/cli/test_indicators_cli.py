"""Indicators on the command line: sixteen cases due in one town, nine of them closed, and one reported in another."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.indicator_schemas import IndicatorsOut
from gridmgmt.cli.main import root
from gridmgmt.db import make_engine
from gridmgmt.errors import GridMgmtError, InputError, NotFoundError
from tests.support.tallied import divide

Run = Callable[..., Result]

MARCH = ("--from", "2025-03-01", "--to", "2025-03-31")
CASES = """
INSERT INTO cases (case_no, kind, type, source, state, town_code, district_code, reported_at, registered_at, due_at,
                   dispatched_at, handled_at, closed_at, geom)
SELECT 'M' || n, 'event', '0101', 'public', CASE WHEN n <= 9 THEN 'closed' ELSE 'handling' END, 'A', '310113',
       day, day, day + interval '2 days', day, CASE WHEN n <= 9 THEN day + interval '27 hours' END,
       CASE WHEN n <= 9 THEN day + interval '1 day' END, ST_Point(121.402, 31.302, 4326)
FROM (SELECT n, timestamptz '2025-03-05 09:00+08' AS day FROM generate_series(1, 16) AS n) AS made
UNION ALL
SELECT 'F' || n, 'event', '0101', 'public', 'closed', 'A', '310113', day, day, day + interval '2 days', day,
       NULL, day + interval '1 day', ST_Point(121.402, 31.302, 4326)
FROM (SELECT n, timestamptz '2025-02-05 09:00+08' AS day FROM generate_series(1, 4) AS n) AS made
UNION ALL
SELECT 'B1', 'event', '0101', 'public', 'reported', 'B', '310113', timestamptz '2025-03-06 09:00+08', NULL, NULL,
       NULL, NULL, NULL, ST_Point(121.406, 31.302, 4326)
"""


@pytest.fixture(scope="module")
def filled(module_database_url: str) -> str:
    engine = make_engine(module_database_url)
    with Session(engine) as session, session.begin():
        divide(session)
        session.execute(text(CASES))
        session.execute(text("UPDATE cases SET post_code = 'P1' WHERE case_no = 'B1'"))
    engine.dispose()
    return module_database_url


@pytest.fixture
def run(filled: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", filled)
    return lambda *arguments: CliRunner().invoke(root, ["--lang", "en", "indicators", *map(str, arguments)])


def cells(line: str) -> list[str]:
    return [cell for cell in line.split("  ") if cell]


def test_the_table_tells_rates_with_what_they_are_made_of(run: Run) -> None:
    told = run(*MARCH, "--by", "town", "--compare", "month")
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    counts, rates = (lines[at : at + 4] for at in (1, 6))
    assert [[cell.strip() for cell in cells(line)] for line in counts[1:]] == [
        ["A", "A镇", "16", "0", "16", "16", "9", "9", "16", "27.0"],
        ["B", "B镇", "1", "0", "0", "0", "0", "0", "0", "—"],
        ["All", "17", "0", "16", "16", "9", "9", "16", "27.0"],
    ]
    assert "Closing rate" in rates[0]
    assert "56.25 % 9/16 (-43.75)" in rates[1]
    assert {cell.strip() for cell in cells(rates[2])[2:]} == {"—", "0 % 0/1"}
    assert "2025-02-01 to 2025-02-28" in told.output
    assert "Cases count in the areas that held them" in told.output


def test_json_and_files_have_all_numbers(run: Run, tmp_path: Path) -> None:
    body = json.loads(run(*MARCH, "--by", "town", "--json").output)
    IndicatorsOut.model_validate(body)
    rate = body["total"]["ratios"]["closing_rate"]
    assert (rate["value"], rate["text"], rate["numerator"], rate["denominator"]) == (0.5625, "56.25 %", 9, 16)
    assert rate["cases_denominator"] == ("/api/v1/cases?counted_from=2025-03-01&counted_to=2025-03-31&measure=due")
    assert [row["code"] for row in body["rows"]] == ["A", "B"]
    for name in ("i.csv", "i.xlsx"):
        run(*MARCH, "--by", "town", "-o", tmp_path / name)
    head, *rows = csv.reader((tmp_path / "i.csv").read_text(encoding="utf-8-sig").splitlines())
    assert [row[head.index("Closing rate")] for row in rows] == ["0.5625", "", "0.5625"]
    assert openpyxl.load_workbook(tmp_path / "i.xlsx").worksheets[0].max_row == 4
    assert isinstance(run(*MARCH, "-o", tmp_path / "i.pdf").exception, InputError)


def test_filters_narrow_what_is_counted(run: Run) -> None:
    def reported(*options: str) -> int:
        return int(json.loads(run(*MARCH, *options, "--json").output)["total"]["counts"]["reported"]["value"])

    assert [reported("--area", "B"), reported("--kind", "component"), reported("--source", "public")] == [1, 0, 17]
    assert [reported("--type", "0101"), reported("--major", "01"), reported("--post", "P1")] == [17, 17, 1]
    assert reported("--area", "A", "--areas-on", "2026-10-20") == 16


@pytest.mark.parametrize(
    ("asked", "kind", "code"),
    [
        (("--from", "2019-03-01", "--to", "2019-03-31", "--by", "town"), InputError, "period_before_editions"),
        ((*MARCH, "--by", "town", "--areas-on", "2019-12-31"), InputError, "period_before_editions"),
        (("--from", "2025-03-31", "--to", "2025-03-01"), InputError, "period_backwards"),
        (("--from", "2025-03-31"), InputError, "period_incomplete"),
        (("--from", "2015-03-31", "--to", "2025-03-31"), InputError, "period_too_long"),
        ((*MARCH, "--department", "X"), NotFoundError, "indicator_department_unknown"),
        ((*MARCH, "--type", "9999"), NotFoundError, "indicator_type_unknown"),
        ((*MARCH, "--major", "99"), NotFoundError, "indicator_major_unknown"),
        ((*MARCH, "--post", "X"), NotFoundError, "indicator_post_unknown"),
        ((*MARCH, "--area", "X"), NotFoundError, "area_of_no_edition"),
    ],
)
def test_what_cannot_be_counted_is_refused(run: Run, asked: tuple[str, ...], kind: type, code: str) -> None:
    refused = run(*asked).exception
    assert isinstance(refused, GridMgmtError)
    assert (type(refused), refused.code) == (kind, code)
    if code == "period_before_editions":
        assert "2020-01-01" in refused.message("en")


def test_a_rebuild_mends_what_is_wrong(run: Run, filled: str) -> None:
    asked = (*MARCH, "--by", "town", "--json")

    def numbers() -> object:
        return {**json.loads(run(*asked).output), "as_of": None}

    before = numbers()
    assert run("rebuild").output == "21 cases are counted anew\n"
    assert numbers() == before
    engine = make_engine(filled)
    with engine.begin() as connection:
        connection.execute(text("UPDATE day_tallies SET reported = reported + 1"))
    engine.dispose()
    assert numbers() != before
    run("rebuild")
    assert numbers() == before
