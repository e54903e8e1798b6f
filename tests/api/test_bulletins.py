"""Bulletins over HTTP and on the command line: a month of lives in three towns, and the published one of Tianmen."""

import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import openpyxl
import pytest
from click.testing import CliRunner, Result
from numpy.random import PCG64, Generator
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from api.app import create_app
from gridmgmt.access.rules import Role
from gridmgmt.cli.main import root
from gridmgmt.db import make_engine, make_sessions
from gridmgmt.errors import GridMgmtError
from gridmgmt.indicators import service
from gridmgmt.settings import Settings
from tests.support.actors import add_account, add_key, bearer
from tests.support.linked_tables import Numbers
from tests.support.serving import served
from tests.support.tallied import Register, divide, lives

NOW = datetime(2026, 11, 10, 4, tzinfo=UTC)
BULLETINS = "/api/v1/bulletins"
FORMATS = ("html", "json", "pdf", "xlsx")

PUBLISHED = """
INSERT INTO cases (
    case_no, kind, type, state, source, reported_at, accepted_at, registered_at, due_at, closed_at, geom
)
SELECT 'G' || n, CASE WHEN n <= 956 THEN 'event' ELSE 'component' END,
       CASE WHEN n <= 474 THEN '<b>0101' ELSE '0102' END, CASE WHEN closed THEN 'closed' ELSE 'handling' END,
       CASE WHEN n <= 43 THEN 'public' ELSE 'inspector' END,
       day, day,
       CASE WHEN n <= 996 THEN day + interval '1 hour' END,
       CASE WHEN n <= 972 THEN day + interval '2 days' END,
       CASE WHEN closed THEN day + CASE WHEN n <= 737 THEN interval '2 days' ELSE interval '3 days' END END,
       ST_Point(0, 0, 4326)
FROM (
    SELECT n, n <= 902 OR n BETWEEN 957 AND 965 AS closed, timestamptz '2025-12-08 09:00+08' AS day
    FROM generate_series(1, 1054) AS n
) AS made
"""
"""December of Tianmen, nine years later: 1,054 accepted, 996 registered, 972 due, 911 closed, 737 in time."""


@pytest.fixture(scope="module")
def sessions(module_database_url: str) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(module_database_url)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        divide(session)
        register = Register()
        for step in lives(Generator(PCG64(5)), 120):
            register.write(session, step)
        session.execute(text(PUBLISHED))
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


@pytest.fixture
def run(
    module_database_url: str, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    monkeypatch.setenv("DATABASE_URL", module_database_url)
    return lambda *arguments: CliRunner().invoke(root, ["--lang", "zh", "bulletin", *map(str, arguments)])


def bulletin(client: httpx.Client, month: str, format_: str = "html", **query: str) -> httpx.Response:
    answer = client.get(BULLETINS, params={"month": month, "format": format_, **query})
    assert answer.status_code == 200, answer.text
    return answer


def how_many(client: httpx.Client, link: str) -> int:
    """How many cases the list of a link of the console holds."""
    assert link.startswith("/cases?")
    found: dict[str, Any] = client.get(f"/api/v1{link}&limit=1").json()
    assert found["count"]["exact"]
    return int(found["count"]["value"])


@pytest.mark.parametrize(
    ("month", "area"),
    [("2026-10", None), ("2026-10", "A"), ("2026-10", "310113"), ("2026-11", None), ("2025-12", None)],
)
def test_every_number_opens_as_many_cases(client: httpx.Client, month: str, area: str | None) -> None:
    page = bulletin(client, month, **({} if area is None else {"area": area})).text
    tables = Numbers(page).tables
    linked = {link: cell for rows in tables.values() for row in rows for cell, link in row if link}
    assert len(linked) > 50
    for position, (link, cell) in enumerate(linked.items()):
        if position % 5 == 0 or "open=true" in link or "near=" in link:
            assert how_many(client, link) == int(cell.replace(",", "")), link
    assert [by for by in ("town", "quarter") if by in tables] == ["quarter" if area == "A" else "town"]


def test_the_published_month_is_told_as_it_was_published(client: httpx.Client) -> None:
    page = bulletin(client, "2025-12").text
    for said in (
        (
            "2025年12月，共上报案件 1,054 件，受理 1,054 件，立案 996 件（立案率 94.50 %）；应结案 972 件，"
            "其中已结案 911 件（结案率 93.72 %），按期结案 737 件（按期结案率 75.82 %），超期未结 61 件。"
        ),
        "应结案 956 件，已结案 902 件，结案率 94.35 %",
        "应结案 16 件，已结案 9 件，结案率 56.25 %",
        "公众上报（43 件，占 4.08 %）",
        "事件类问题上报数量居前的依次是：0102（482 件）、&lt;b&gt;0101（474 件）。",
    ):
        assert said in page
    assert "<b>0101" not in page
    assert "去年同月" not in page, "nothing is told beside a month without any case"


def test_one_hash_stands_in_all_formats_and_equal_numbers_give_equal_files(
    client: httpx.Client, sessions: sessionmaker[Session]
) -> None:
    files = {format_: bulletin(client, "2026-10", format_).content for format_ in FORMATS}
    sha256 = hashlib.sha256(files["json"]).hexdigest()
    assert f"SHA-256：{sha256}".encode() in files["html"]
    assert f"SHA-256：{sha256}".encode() in files["pdf"], "among what the file says of itself"
    summary = openpyxl.load_workbook(io.BytesIO(files["xlsx"])).worksheets[0]
    assert f"内容摘要 SHA-256：{sha256}" in [row[0] for row in summary.iter_rows(values_only=True)]
    assert hashlib.sha256(bulletin(client, "2026-10", "json", lang="en").content).hexdigest() == sha256
    with sessions.begin() as session:
        session.execute(text("UPDATE cases SET description = 'other' WHERE case_no = 'G1'"))
        service.rebuild(session)
    assert {format_: bulletin(client, "2026-10", format_).content for format_ in FORMATS} == files
    held = bulletin(client, "2026-10", "pdf")
    again = client.get(held.url, headers={"If-None-Match": held.headers["etag"]})
    assert again.status_code == 304
    assert hashlib.sha256(bulletin(client, "2026-11", "json").content).hexdigest() != sha256


def test_the_running_month_stands_beside_the_same_days(client: httpx.Client) -> None:
    told = bulletin(client, "2026-11", "json").json()
    assert (told["from"], told["to"], told["over"]) == ("2026-11-01", "2026-11-10", False)
    page = bulletin(client, "2026-11").text
    assert "本月尚未结束：只计至 2026-11-10" in page
    _, _, (before, link), _ = Numbers(page).tables["counts"][1]
    assert "counted_from=2026-10-01&counted_to=2026-10-10" in str(link)
    assert int(before) == how_many(client, str(link)) > 0


def test_all_parts_tell_of_one_moment(client: httpx.Client, sessions: sessionmaker[Session]) -> None:
    """Cases are voided and brought back all along: whatever part counts them, it counts as many."""
    stop = Event()

    def write() -> None:
        for state in cycle(("voided", "handling")):
            with sessions.begin() as session:
                session.execute(text("UPDATE cases SET state = :state WHERE case_no > 'G97'"), {"state": state})
            if stop.is_set() and state == "handling":
                return

    writer = Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            told = bulletin(client, "2025-12", "json").json()
            parts = [told["year"], *told["by"].values()]
            voided = [part["total"]["counts"].get("voided", 0) for part in parts]
            by_kind = [part["total"]["counts"].get("voided", 0) for part in told["types"].values()]
            assert {*voided, sum(by_kind)} == {voided[0]}
    finally:
        stop.set()
        writer.join()


def test_a_page_may_be_shown_but_runs_nothing(client: httpx.Client) -> None:
    answer = bulletin(client, "2026-10")
    assert "default-src 'none'; script-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''bulletin-2026-10.html"
    assert "<script" not in answer.text


REFUSED = [
    ("month=2026-12", 422, "month_to_come"),
    ("month=2026-13", 422, "month_malformed"),
    ("month=October", 422, "month_malformed"),
    ("", 422, "request_invalid"),
    ("month=2026-10&area=A1", 422, "bulletin_area_too_small"),
    ("month=2026-10&area=999", 404, "area_unknown"),
    ("month=2019-10&area=A", 404, "area_unknown"),
    ("month=2026-10&format=docx", 422, "request_invalid"),
]


@pytest.mark.parametrize(("query", "status", "code"), REFUSED)
def test_what_there_is_no_bulletin_of_is_refused(client: httpx.Client, query: str, status: int, code: str) -> None:
    answer = client.get(f"{BULLETINS}?{query}")
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}"), answer.text


def test_the_command_writes_the_same_files(run: Callable[..., Result], client: httpx.Client, tmp_path: Path) -> None:
    assert run("2025-12", "--json").stdout_bytes == bulletin(client, "2025-12", "json").content
    file = tmp_path / "bulletin.pdf"
    assert run("2025-12", "--format", "pdf", "-o", file).exit_code == 0
    assert file.read_bytes() == bulletin(client, "2025-12", "pdf").content
    page = run("2025-12", "--address", "http://grid.example/").stdout
    assert 'href="http://grid.example/cases?' in page
    assert 'href="/cases' not in page


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("9999-12",), "month_to_come"),
        (("December",), "month_malformed"),
        (("2025-12", "--area", "999"), "area_unknown"),
    ],
)
def test_the_command_refuses_the_same(run: Callable[..., Result], arguments: tuple[str, ...], code: str) -> None:
    refused = run(*arguments)
    assert isinstance(refused.exception, GridMgmtError)
    assert refused.exception.code == code
