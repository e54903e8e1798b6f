"""Request lists of Open311 among 1,000,000 cases over our HTTP, beside the same statement sent by hand.

The cases are those of ``case_list``: a year of work in the box of the demo district, a quarter of it within 90 days.
One client asks for lists of 90 days with 1,000 requests, which is what the specification answers without a size of
pages: all, open, closed, of one service, of later pages, of other days; in JSON and in XML in turn, uncompressed.
The peer sends the same statement to the same database over one connection and fetches the rows; it pays neither for
HTTP nor for who asks, nor for names, times in the district's zone and the text of the answer.
"""

import argparse
import http.client
import statistics
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg
from case_list import CASES, district_box, fill
from case_writes import prepare, server
from harness import publish, require
from tiles_cold import demo_database

from gridmgmt.access.rules import Role
from gridmgmt.cluster import libpq_url
from gridmgmt.open311.queries import REQUESTS, request_values
from gridmgmt.open311.rules import asked

ROUNDS = 5
LEAST_SHARE, MOST_P99_MS = 0.4, 80.0
FORMATS = {"json": b'"service_request_id":', "xml": b"<service_request_id>"}
"""What each request begins with."""
SIZES = (1_000, 50)


def questions() -> list[dict[str, str]]:
    """Return what is asked in turn."""
    now = datetime.now(UTC)
    ends = [now - timedelta(days=n) for n in (1, 30, 120, 240)]
    days = [{"start_date": (end - timedelta(days=90)).isoformat(), "end_date": end.isoformat()} for end in ends]
    kinds: list[dict[str, str]] = [
        {},
        {"status": "open"},
        {"status": "closed"},
        {"service_code": "0101"},
        {"page": "2"},
        {"page": "5"},
    ]
    return [*kinds, *days, {**days[2], "status": "open"}, {**days[1], "status": "closed", "service_code": "0103,0101"}]


def over_http(port: int, format_: str, size: int) -> tuple[list[float], list[int]]:
    """Return what each list takes in seconds, and how many requests it has."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    spent, found = [], []
    for question in questions():
        query = urlencode({**question, "page_size": str(size)})
        began = time.perf_counter()
        connection.request("GET", f"/open311/v2/requests.{format_}?{query}")
        answer = connection.getresponse()
        content = answer.read()
        spent.append(time.perf_counter() - began)
        require(answer.status == 200, content[:500])
        found.append(content.count(FORMATS[format_]))
    return spent, found


def by_hand(connection: psycopg.Connection[tuple[Any, ...]], size: int) -> tuple[list[float], list[int]]:
    """Return the same of the statement alone."""
    spent, found = [], []
    for question in questions():
        values: Mapping[str, object] = request_values(
            asked({**question, "page_size": str(size)}, datetime.now(UTC)), None
        )
        began = time.perf_counter()
        rows = connection.execute(REQUESTS.encode(), values, prepare=False, binary=True).fetchall()
        spent.append(time.perf_counter() - began)
        found.append(len(rows))
    return spent, found


def measure(url: str, port: int) -> dict[str, Any]:
    """Return the figures of each format and size of pages."""
    figures: dict[str, Any] = {}
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        for size in SIZES:
            for format_ in FORMATS:
                over_http(port, format_, size), by_hand(connection, size)
                shares, http_s, sql_s = [], [], []
                for _ in range(ROUNDS):
                    sql, rows = by_hand(connection, size)
                    web, items = over_http(port, format_, size)
                    require(rows == items, f"the lists differ: {rows} {items}")
                    shares.append(sum(sql) / sum(web))
                    http_s += web
                    sql_s += sql
                figures[f"{format_}_{size}"] = {
                    "sql_over_http": statistics.median(shares),
                    "http_p50_ms": 1000 * statistics.median(http_s),
                    "http_p99_ms": 1000 * statistics.quantiles(http_s, n=100)[98],
                    "sql_p50_ms": 1000 * statistics.median(sql_s),
                    "sql_p99_ms": 1000 * statistics.quantiles(sql_s, n=100)[98],
                }
    return figures


def main() -> None:
    """Measure lists, print and keep the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="a database to use; without it, an embedded one is made and filled")
    options.add_argument("--cases", type=int, default=CASES)
    options.add_argument("--filled", action="store_true", help="the database holds the cases already")
    given = options.parse_args()
    with demo_database(given.url) as url, server(url, 1) as port:
        if not given.filled:
            prepare(url, [Role.ADMINISTRATOR])
            fill(url, given.cases, district_box(url))
        figures = measure(url, port)
        whole = [figures[f"{format_}_{SIZES[0]}"] for format_ in FORMATS]
        publish(
            "open311",
            {"cases": given.cases, "rounds": ROUNDS, "lists_of_a_round": len(questions()), **figures},
            {
                "HTTP over SQL, 1,000 requests": (
                    max(1 / each["sql_over_http"] for each in whole), 1 / LEAST_SHARE,
                ),
                "p99 of HTTP in ms, 1,000 requests": (max(each["http_p99_ms"] for each in whole), MOST_P99_MS),
            },
        )  # fmt: skip


if __name__ == "__main__":
    main()
