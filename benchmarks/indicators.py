"""Indicators of a month among 1,000,000 cases over our HTTP, beside one SQL over the cases that counts the same.

A year of cases lies in the grid cells of the demo district. They are counted into the tallies as after an import; then
some change and still wait when the questions are asked, as they would in the middle of a day. Every number of every
answer must be that of the SQL, whose time is told beside ours; it pays neither for HTTP nor for names, rates and the
addresses of lists. In the same run: counting all cases anew, taking changed cases into the tallies, and what the
queue of changed cases costs a move, with and without it in turn.
"""

import argparse
import gzip
import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from case_moves import load, script_of_moves
from case_writes import pgbench_round, prepare, server
from harness import publish, require
from points_to_cells import draw_cells
from sqlalchemy.orm import sessionmaker
from tiles_cold import demo_database

from gridmgmt.access.rules import Role
from gridmgmt.cases.measures import Dimension, Measure
from gridmgmt.clock import local_date
from gridmgmt.cluster import libpq_url
from gridmgmt.db import Session, make_engine, make_sessions, transaction
from gridmgmt.indicators import service

CASES, ROUNDS = 1_000_000, 10
CHANGED = 1_000
PAIRS, PAIR_S = 11, 2.0
MOST_MS, MOST_TRIGGER_COST = 500.0, 0.05

FILL = """
WITH cells AS (
    SELECT
        row_number() OVER (ORDER BY cell.code) AS number, cell.code AS cell, quarter.code AS quarter,
        town.code AS town, ST_PointOnSurface(cell.geom) AS inside
    FROM areas AS cell
    INNER JOIN areas AS quarter ON quarter.code = cell.parent_code AND quarter.level = 'residential_quarter'
    INNER JOIN areas AS town
        ON town.code = left(quarter.code, length(town.code)) AND town.level = 'town'
        AND town.edition_id = quarter.edition_id
    WHERE cell.level = 'grid_cell'
), drawn AS MATERIALIZED (
    SELECT
        n, 1 + floor(random() * (SELECT count(*) FROM cells))::int AS number, random() AS fate, random() AS care,
        now() - (%(cases)s - n) * (interval '365 days' / %(cases)s) AS reported,
        make_interval(mins => (30 + 600 * random())::int) AS waited,
        make_interval(hours => (1 + 400 * power(random(), 3))::int) AS worked,
        make_interval(days => 1 + (random() * 12)::int) AS given
    FROM generate_series(1, %(cases)s) AS n
), told AS (
    SELECT
        *,
        CASE
            WHEN fate < 0.02 THEN 'rejected' WHEN fate < 0.05 THEN 'voided' WHEN fate < 0.07 THEN 'duplicate'
            WHEN reported + 3 * waited + worked < now() AND fate < 0.99 THEN 'closed'
            ELSE 'handling'
        END AS state
    FROM drawn
)
INSERT INTO cases (
    case_no, kind, type, source, state, urgency, reported_at, updated_at, accepted_at, registered_at, dispatched_at,
    handled_at, closed_at, due_at, department_code, post_code, cell_code, quarter_code, town_code, district_code,
    rework_count, send_back_count, extension_count, satisfied, geom
)
SELECT
    '8' || lpad(n::text, 18, '0'), CASE WHEN care < 0.3 THEN 'component' ELSE 'event' END,
    lpad((100 * (1 + n %% 20) + power(random(), 3) * 12)::int::text, 4, '0'),
    (ARRAY['grid_officer', 'grid_officer', 'hotline_12345', 'public', 'video', 'inspector'])[1 + n %% 6],
    state, CASE WHEN state = 'handling' THEN 'on_time' ELSE 'no_deadline' END, reported, reported + 3 * waited,
    CASE WHEN fate > 0.04 THEN reported + waited END,
    CASE WHEN fate > 0.07 THEN reported + 2 * waited END,
    CASE WHEN fate > 0.12 THEN reported + 3 * waited END,
    CASE WHEN fate > 0.12 AND state = 'closed' THEN reported + 3 * waited + 0.9 * worked END,
    CASE WHEN state = 'closed' THEN reported + 3 * waited + worked END,
    CASE WHEN fate > 0.07 THEN reported + 2 * waited + given END,
    CASE WHEN fate > 0.12 THEN 'D' || (power(care, 2) * 60)::int END,
    CASE WHEN care < 0.95 THEN 'P' || quarter END, cell, quarter, town, left(town, 6),
    (care < 0.1)::int, (care > 0.95)::int, (care BETWEEN 0.5 AND 0.55)::int,
    CASE WHEN state = 'closed' AND care < 0.4 THEN care < 0.37 END,
    ST_Translate(inside, (random() - 0.5) * 0.0004, (random() - 0.5) * 0.0004)
FROM told INNER JOIN cells USING (number)
"""
CHANGE = """
UPDATE cases SET rework_count = rework_count + 1, send_back_count = 1, version = version + 1
WHERE case_id IN (SELECT case_id FROM cases WHERE state IN ('handling', 'closed') ORDER BY reported_at DESC LIMIT %s)
"""

ONE_SQL = """
WITH told AS MATERIALIZED (
    SELECT
        {code} AS code, state, registered_at, dispatched_at, handled_at, closed_at, due_at, edition_id, forced,
        rework_count, send_back_count, extension_count, satisfied,
        reported_at >= %(begin)s AND reported_at < %(end)s AS r,
        accepted_at >= %(begin)s AND accepted_at < %(end)s AS a,
        registered_at >= %(begin)s AND registered_at < %(end)s AS g,
        dispatched_at >= %(begin)s AND dispatched_at < %(end)s AS d,
        handled_at >= %(begin)s AND handled_at < %(end)s AS h,
        closed_at >= %(begin)s AND closed_at < %(end)s AS c,
        due_at >= %(begin)s AND due_at < %(end)s AND due_at <= now() AND paused_at IS NULL
            AND state NOT IN ('voided', 'duplicate', 'rejected') AS u
    FROM cases
    WHERE (
        reported_at >= %(begin)s AND reported_at < %(end)s OR accepted_at >= %(begin)s AND accepted_at < %(end)s
        OR registered_at >= %(begin)s AND registered_at < %(end)s
        OR dispatched_at >= %(begin)s AND dispatched_at < %(end)s
        OR handled_at >= %(begin)s AND handled_at < %(end)s OR closed_at >= %(begin)s AND closed_at < %(end)s
        OR due_at >= %(begin)s AND due_at < %(end)s
    ) AND {met}
)
SELECT
    code,
    count(*) FILTER (WHERE r),
    count(*) FILTER (WHERE r AND state = 'rejected'),
    count(*) FILTER (WHERE r AND state = 'voided'),
    count(*) FILTER (WHERE r AND state = 'duplicate'),
    count(*) FILTER (WHERE a),
    count(*) FILTER (WHERE a AND registered_at IS NOT NULL),
    count(*) FILTER (WHERE g),
    count(*) FILTER (WHERE g AND extension_count > 0),
    count(*) FILTER (WHERE d),
    count(*) FILTER (WHERE d AND send_back_count = 0),
    count(*) FILTER (WHERE h),
    count(*) FILTER (WHERE h AND rework_count > 0),
    count(*) FILTER (WHERE c AND state = 'closed'),
    count(*) FILTER (WHERE c AND state = 'closed' AND dispatched_at IS NULL AND edition_id IS NULL),
    count(*) FILTER (WHERE c AND state = 'closed' AND forced),
    count(*) FILTER (WHERE u),
    count(*) FILTER (WHERE u AND state = 'closed'),
    count(*) FILTER (WHERE u AND state = 'closed' AND closed_at <= due_at),
    count(*) FILTER (WHERE u AND dispatched_at IS NOT NULL),
    count(*) FILTER (
        WHERE u AND dispatched_at IS NOT NULL
            AND (handled_at <= due_at OR handled_at IS NULL AND state = 'closed' AND closed_at <= due_at)
    ),
    count(*) FILTER (WHERE c AND satisfied IS NOT NULL),
    count(*) FILTER (WHERE c AND satisfied),
    avg(round(extract(epoch FROM handled_at - dispatched_at))) FILTER (WHERE h)::float8
FROM told
GROUP BY code
HAVING bool_or(r OR a OR g OR d OR h OR c OR u)
ORDER BY code
"""
COLUMNS: Mapping[str | None, str] = {
    None: "NULL",
    Dimension.MAJOR: "left(type, 2)",
    Dimension.TYPE: "type",
    Dimension.SOURCE: "source",
    Dimension.KIND: "kind",
    **{each: f"{each}_code" for each in ("district", "town", "middle", "quarter", "cell", "department", "post")},
}
PLACED = """(
    SELECT min(area.code COLLATE "C") FROM areas AS area INNER JOIN editions USING (edition_id)
    WHERE area.level = '{level}' AND valid_from < now() AND ST_Covers(area.geom, cases.geom)
)"""
LEVELS = {"town": "town", "quarter": "residential_quarter", "cell": "grid_cell"}


@dataclass(frozen=True)
class Asked:
    """A question: what the address says beside the period, and the condition of the SQL."""

    by: str | None
    filters: Mapping[str, str]
    met: str = "true"
    anew: bool = False
    """In the areas of the day before yesterday, by where the cases lie."""

    @property
    def name(self) -> str:
        """What it is called among the figures."""
        told = [f"by {self.by}" if self.by else "total", *(f"{name} {value}" for name, value in self.filters.items())]
        return ", ".join([*told, "areas of a day"] if self.anew else told)

    def query(self, first: date, last: date, today: date) -> str:
        """Return the query of its address."""
        by = {} if self.by is None else {"by": self.by}
        on = {"areas_on": str(today - timedelta(days=2))} if self.anew else {}
        return urlencode({"from": first, "to": last, **by, **self.filters, **on})

    @property
    def sql(self) -> str:
        """Return the one statement that counts the same."""
        code = PLACED.format(level=LEVELS[self.by]) if self.anew and self.by in LEVELS else COLUMNS[self.by]
        return ONE_SQL.format(code=code, met=self.met)


def questions(town: str, quarter: str) -> list[Asked]:
    """Return what is asked in turn."""
    in_town, of_town = {"area": town}, f"town_code = '{town}'"
    held = "(SELECT ST_Covers(areas.geom, cases.geom) FROM areas INNER JOIN editions USING (edition_id)"
    held += f" WHERE level = 'town' AND code = '{town}' AND valid_from < now())"
    return [
        Asked(None, {}),
        *(Asked(by, {}) for by in ("town", "department", "type", "major", "source", "quarter", "post", "cell")),
        Asked("department", in_town, of_town),
        Asked("quarter", in_town, of_town),
        Asked("cell", in_town, of_town),
        Asked("type", {"area": quarter}, f"quarter_code = '{quarter}'"),
        Asked("town", {"type": "0101"}, "type = '0101'"),
        Asked("quarter", {"department": "D7", "kind": "event"}, "department_code = 'D7' AND kind = 'event'"),
        *(Asked(by, {}, anew=True) for by in LEVELS),
        Asked(None, in_town, held, anew=True),
        Asked("department", in_town, held, anew=True),
    ]


def fill(url: str, sessions: sessionmaker[Session], cases: int) -> None:
    """Draw the cells, and put so many cases into them."""
    draw_cells(sessions)
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(FILL, {"cases": cases})
        connection.execute("VACUUM ANALYZE cases")


def tallied(url: str, sessions: sessionmaker[Session]) -> dict[str, float]:
    """Count all cases anew, take changed ones in, leave others waiting; return what the two took."""
    began = time.perf_counter()
    with transaction(sessions) as session:
        service.rebuild(session)
    rebuild_s = time.perf_counter() - began
    folds = []
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE counted_cases, day_tallies, untallied_cases")
        for _ in range(5):
            changed = connection.execute(CHANGE, [CHANGED]).rowcount
            began = time.perf_counter()
            with transaction(sessions) as session:
                require(service.fold(session) == changed, "other cases waited than were changed")
            folds.append(1000 * (time.perf_counter() - began))
        connection.execute(CHANGE, [CHANGED])
    return {"rebuild_s": rebuild_s, "fold_of_changed_ms": statistics.median(folds)}


def over_http(port: int, key: str, query: str) -> tuple[float, dict[str, Any]]:
    """Return what an answer takes in milliseconds, and the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port)  # one that stays open would not outlast a long SQL
    headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "gzip"}
    began = time.perf_counter()
    connection.request("GET", f"/api/v1/indicators?{query}", headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    spent_ms = 1000 * (time.perf_counter() - began)
    plain = gzip.decompress(content) if answer.headers["Content-Encoding"] == "gzip" else content
    require(answer.status == 200, str(plain[:500]))
    return spent_ms, json.loads(plain)


def agreed(asked: Asked, table: Mapping[str, Any], rows: list[tuple[Any, ...]]) -> None:
    """Refuse unless the answer has the numbers of the SQL; of very many rows its first page."""
    told = [table["total"]] if asked.by is None else table["rows"]
    ours = {row["code"]: [*(row["counts"][each]["value"] for each in Measure), _whole(row)] for row in told}
    theirs = {code: [*numbers[:-1], numbers[-1] and round(numbers[-1], 6)] for code, *numbers in rows}
    require(asked.by is None or table["row_count"] == len(theirs), f"{asked.name}: other rows")
    apart = {code: (numbers, theirs.get(code)) for code, numbers in ours.items() if numbers != theirs.get(code)}
    require(not apart, f"{asked.name}: {dict(list(apart.items())[:2])}")


def _whole(row: Mapping[str, Any]) -> float | None:
    mean_s = row["mean_handling_s"]["value"]
    return None if mean_s is None else round(mean_s, 6)


def readings(url: str, port: int, key: str, rounds: int) -> dict[str, Any]:
    """Return of each question what the answer takes in milliseconds: the first, the median, the worst; and the SQL.

    First answers, which read the surfaces of areas, are told apart.
    """
    today = local_date(datetime.now(UTC))
    last = today.replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    found: dict[str, dict[str, float]] = {"first_ms": {}, "http_median_ms": {}, "http_worst_ms": {}, "sql_ms": {}}
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        days = {"begin": f"{first} 00:00 Asia/Shanghai", "end": f"{last + timedelta(days=1)} 00:00 Asia/Shanghai"}
        asked = questions(*_places(connection))
        for each in asked:
            found["first_ms"][each.name], table = over_http(port, key, each.query(first, last, today))
            began = time.perf_counter()
            rows = connection.execute(each.sql.encode(), days).fetchall()
            found["sql_ms"][each.name] = 1000 * (time.perf_counter() - began)
            agreed(each, table, rows)
    spent = [[over_http(port, key, each.query(first, last, today))[0] for each in asked] for _ in range(rounds)]
    for each, of_one in zip(asked, zip(*spent, strict=True), strict=True):
        found["http_median_ms"][each.name] = statistics.median(of_one)
        found["http_worst_ms"][each.name] = max(of_one)
    shares = [found["sql_ms"][each.name] / found["http_median_ms"][each.name] for each in asked]
    return {**found, "sql_over_http": statistics.median(shares)}


def _places(connection: psycopg.Connection[Any]) -> tuple[str, str]:
    """Return a town and a quarter that have the most cases."""
    most = "SELECT {0} FROM cases GROUP BY {0} ORDER BY count(*) DESC, {0} LIMIT 1"
    town, quarter = (
        connection.execute(most.format(name).encode()).fetchone() for name in ("town_code", "quarter_code")
    )
    require(town and quarter, "there are no cases")
    return str(town and town[0]), str(quarter and quarter[0])


def trigger_cost(url: str, key: str, pairs: int) -> dict[str, Any]:
    """Return how many moves a second pgbench makes with the queue of changed cases and without it."""
    load(url)
    found: dict[str, list[float]] = {"ENABLE": [], "DISABLE": []}
    with tempfile.TemporaryDirectory() as folder, psycopg.connect(libpq_url(url), autocommit=True) as connection:
        script = Path(folder) / "moves.sql"
        script.write_text(script_of_moves(key), encoding="utf-8")
        pgbench_round(url, script, PAIR_S)
        for number in range(pairs):
            for state in ("ENABLE", "DISABLE") if number % 2 else ("DISABLE", "ENABLE"):
                connection.execute(f"ALTER TABLE cases {state} TRIGGER queue_cases_on_update".encode())
                found[state].append(pgbench_round(url, script, PAIR_S))
        connection.execute("ALTER TABLE cases ENABLE TRIGGER queue_cases_on_update")
    shares = [1 - with_it / without for with_it, without in zip(found["ENABLE"], found["DISABLE"], strict=True)]
    return {
        "moves_per_s_with_queue": statistics.median(found["ENABLE"]),
        "moves_per_s_without_queue": statistics.median(found["DISABLE"]),
        "cost_of_queue": statistics.median(shares),
        "cost_of_each_pair": shares,
    }


def main() -> None:
    """Measure, print and keep the result; ends with exit code 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="a database with the demo; without it, an embedded one is made and filled")
    options.add_argument("--filled", action="store_true", help="the database has its cells and cases already")
    options.add_argument("--cases", type=int, default=CASES)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--pairs", type=int, default=PAIRS)
    given = options.parse_args()
    with demo_database(given.url) as url, server(url, 1) as port:
        key, engine = prepare(url, [Role.ADMINISTRATOR]), make_engine(url)
        sessions = make_sessions(engine)
        if not given.filled:
            fill(url, sessions, given.cases)
        taken = tallied(url, sessions)
        answers = readings(url, port, key, given.rounds)
        queue = trigger_cost(url, key, given.pairs)
        engine.dispose()
        publish(
            "indicators",
            {
                "cases": given.cases,
                "waiting": CHANGED,
                "rounds": given.rounds,
                **taken,
                **queue,
                **answers,
            },
            {
                "worst answer of a month in ms": (max(answers["http_worst_ms"].values()), MOST_MS),
                "share of a move that the queue takes": (queue["cost_of_queue"], MOST_TRIGGER_COST),
            },
        )


if __name__ == "__main__":
    main()
