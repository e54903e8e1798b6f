"""Pages of a list of 1,000,000 cases over our HTTP, beside the same statements sent by hand.

The cases lie in the box of the demo district as a year of work leaves them: three in a hundred open, types as uneven as
real ones.
One client asks for pages with a filter and a box of the map, each time another. The peer sends the same statements to
the same database over one connection and fetches the rows; it pays neither for HTTP nor for who asks, nor for making
JSON of the rows. Tiles of the map and the board are timed in the same run.
"""

import argparse
import http.client
import random
import statistics
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import psycopg
from case_writes import prepare, server
from harness import publish, require
from sqlalchemy import func, select
from tiles_cold import demo_database

from gridmgmt.access.rules import Role
from gridmgmt.cases.models import Case
from gridmgmt.cases.queries import MOST_COUNTED, conditions, select_listed
from gridmgmt.cases.rules import CaseFilter, CaseState
from gridmgmt.cluster import libpq_url
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.frames import compiled_text
from layers.tiles import tile_at

CASES = 1_000_000
ROUNDS, PAGES = 5, 60
SEED = 2015
LEAST_SHARE, MOST_P99_MS = 0.5, 50.0
FILL = """
INSERT INTO cases (
    case_no, kind, type, source, state, urgency, reported_at, updated_at, due_at, department_code, town_code,
    district_code, supervised, description, address, geom
)
SELECT
    '9' || lpad(n::text, 18, '0'),
    CASE WHEN random() < 0.3 THEN 'component' ELSE 'event' END,
    lpad((power(random(), 3) * 80)::int::text, 4, '0'),
    (ARRAY['grid_officer', 'grid_officer', 'hotline_12345', 'public', 'video', 'inspector'])[1 + (random() * 5)::int],
    CASE
        WHEN reported_at < now() - interval '30 days' OR random() < 0.6
            THEN CASE WHEN random() < 0.06 THEN 'voided' ELSE 'closed' END
        ELSE (ARRAY['reported', 'registered', 'dispatched', 'handling', 'handling', 'handled'])[1 + (random() * 5)::int]
    END,
    CASE
        WHEN reported_at < now() - interval '30 days' THEN (ARRAY['on_time', 'overdue'])[1 + (random() < 0.25)::int]
        ELSE (ARRAY['on_time', 'on_time', 'due_soon', 'overdue'])[1 + (random() * 3)::int]
    END,
    reported_at, reported_at + interval '1 day', reported_at + interval '2 days',
    'D' || (power(random(), 2) * 60)::int, '31011310' || 1 + mod(n, 9), '310113', random() < 0.01,
    '案件描述' || n, '路' || mod(n, 500) || '号',
    ST_SetSRID(ST_MakePoint(
        %(west)s + random() * (%(east)s - %(west)s), %(south)s + random() * (%(north)s - %(south)s)
    ), 4326)
FROM (
    SELECT n, now() - (%(cases)s - n) * (interval '365 days' / %(cases)s) AS reported_at
    FROM generate_series(1, %(cases)s) AS n
) AS made
"""
FILTERS: tuple[dict[str, str], ...] = (
    {"open": "true"},
    {"open": "true", "urgency": "overdue"},
    {"type": "0003"},
    {"state": "handling"},
    {"source": "video", "kind": "event"},
    {"department": "D7"},
    {"area": "310113103"},
    {},
    {"urgency": "due_soon"},
    {"open": "false", "kind": "component", "source": "video"},
    {"type": "0070"},
    {"q": "12号"},
)
"""What is asked for beside the box, in turn."""

Box = tuple[float, float, float, float]
Page = tuple[dict[str, str], Box]
Statements = list[tuple[str, Mapping[str, Any]]]


def district_box(url: str) -> Box:
    """Return the box of the district."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM"
            " (SELECT ST_Extent(geom) AS box FROM areas WHERE level = 'district') AS district"
        ).fetchone()
    require(row is not None, "there is no district")
    west, south, east, north = row or ()
    return west, south, east, north


def fill(url: str, cases: int, box: Box) -> None:
    """Put so many cases into a box."""
    west, south, east, north = box
    values = {"cases": cases, "west": west, "south": south, "east": east, "north": north}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(FILL, values)
        connection.execute("VACUUM ANALYZE cases")


def pages(box: Box, chance: random.Random) -> list[Page]:
    """Return pages to ask for: each filter with boxes of a screen, a sixth of the district wide."""
    west, south, east, north = box
    width, height = (east - west) / 6, (north - south) / 6
    drawn = []
    for number in range(PAGES):
        x, y = chance.uniform(west, east - width), chance.uniform(south, north - height)
        drawn.append((FILTERS[number % len(FILTERS)], (x, y, x + width, y + height)))
    return drawn


def over_http(port: int, key: str, asked: list[Page]) -> tuple[list[float], list[int]]:
    """Return what each page takes in seconds, and how many cases it has."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {key}"}
    spent, found = [], []
    for named, box in asked:
        query = urlencode({**named, "bbox": ",".join(map(str, box))})
        began = time.perf_counter()
        connection.request("GET", f"/api/v1/cases?{query}", headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        spent.append(time.perf_counter() - began)
        require(answer.status == 200, content[:500])
        found.append(content.count(b'"case_no"'))
    return spent, found


def by_hand(
    connection: psycopg.Connection[tuple[Any, ...]], statements: list[Statements]
) -> tuple[list[float], list[int]]:
    """Return the same of the statements alone."""
    spent, found = [], []
    for each in statements:
        began = time.perf_counter()
        rows = [connection.execute(text.encode(), values).fetchall() for text, values in each]
        spent.append(time.perf_counter() - began)
        found.append(min(len(rows[0]), 100))
    return spent, found


def statements_of(session: Session, asked: list[Page]) -> list[Statements]:
    """Return the statements of each page: its rows, and the capped count."""
    now = datetime.now(UTC)
    made = []
    for named, box in asked:
        met = conditions(session, _wanted(named, box), now)
        rows = select_listed().where(*met).order_by(Case.reported_at.desc(), Case.case_id.desc()).limit(101)
        counted = select(Case.case_id).where(*met).limit(MOST_COUNTED + 1)
        made.append([compiled_text(rows), compiled_text(select(func.count()).select_from(counted.subquery()))])
    return made


def _wanted(named: dict[str, str], box: Box) -> CaseFilter:
    """Return the filter that the query of an address names."""
    given: dict[str, Any] = dict(named)
    if "open" in given:
        given["is_open"] = given.pop("open") == "true"
    if "state" in given:
        given["states"] = [CaseState(given.pop("state"))]
    return CaseFilter(box=box, text=given.pop("q", None), **given)


def worst_of_each(spent: list[float]) -> dict[str, float]:
    """Return the longest of each question in milliseconds, all rounds together."""
    named = [" ".join(f"{name}={value}" for name, value in filter_.items()) or "box alone" for filter_ in FILTERS]
    return {
        name: 1000 * max(one for number, one in enumerate(spent) if number % PAGES % len(FILTERS) == index)
        for index, name in enumerate(named)
    }


def timed(port: int, key: str, path: str) -> float:
    """Return the median of what an address takes in milliseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    spent = []
    for _ in range(7):
        began = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        require(answer.status in (200, 204), answer.read()[:500])
        answer.read()
        spent.append(1000 * (time.perf_counter() - began))
    return statistics.median(spent)


def main() -> None:
    """Measure pages, print and keep the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="a database to use; without it, an embedded one is made and filled")
    options.add_argument("--cases", type=int, default=CASES)
    given = options.parse_args()
    with demo_database(given.url) as url, server(url, 1) as port:
        key, box = prepare(url, [Role.ADMINISTRATOR]), district_box(url)
        fill(url, given.cases, box)
        asked = pages(box, random.Random(SEED))
        engine = make_engine(url)
        with transaction(make_sessions(engine)) as session:
            statements = statements_of(session, asked)
        shares, http_s, sql_s = [], [], []
        with psycopg.connect(libpq_url(url), autocommit=True) as connection:
            connection.prepare_threshold = None  # one plan for boxes of every size would be twenty times as slow
            over_http(port, key, asked), by_hand(connection, statements)
            for _ in range(ROUNDS):
                sql, rows = by_hand(connection, statements)
                web, items = over_http(port, key, asked)
                require(rows == items, "the pages differ")
                shares.append(sum(sql) / sum(web))
                http_s += web
                sql_s += sql
        centre = tile_at((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 11)
        tile = f"/tiles/cases/{centre.z}/{centre.x}/{centre.y}.mvt"
        p99_ms = 1000 * statistics.quantiles(http_s, n=100)[98]
        publish(
            "case_list",
            {
                "cases": given.cases,
                "rounds": ROUNDS,
                "pages_of_a_round": PAGES,
                "sql_over_http": statistics.median(shares),
                "ratio_of_each_round": shares,
                "http_p50_ms": 1000 * statistics.median(http_s),
                "http_p99_ms": p99_ms,
                "http_worst_ms_of_each_question": worst_of_each(http_s),
                "sql_p50_ms": 1000 * statistics.median(sql_s),
                "sql_p99_ms": 1000 * statistics.quantiles(sql_s, n=100)[98],
                "board_ms": timed(port, key, "/api/v1/cases/board"),
                "tile_of_open_cases_ms": timed(port, key, f"{tile}?open=true"),
                "tile_of_all_cases_ms": timed(port, key, tile),
            },
            {
                "HTTP over SQL, median": (1 / statistics.median(shares), 1 / LEAST_SHARE),
                "p99 of HTTP in ms": (p99_ms, MOST_P99_MS),
            },
        )
        engine.dispose()


if __name__ == "__main__":
    main()
