"""Cases are written over our HTTP beside the same statements in pgbench, prepared, on one database, taking turns.

Eight clients report cases at random places of the demo district, each in a process of its own over a connection that
stays open: who calls, the areas and the cell, the officer post, cases nearby, the number, the case, its log, all in one
transaction. pgbench does the same with as many clients, in the same statements, with positions drawn from the same box;
it pays neither for HTTP nor for JSON, nor for working out the route and the deadlines: it bounds what any server in
front of this database can reach.
"""

import argparse
import json
import multiprocessing
import random
import re
import socket
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import uvicorn
from harness import publish, require
from tiles_cold import demo_database

from api.app import create_app
from api.server import settle
from gridmgmt.access.credentials import key_prefix
from gridmgmt.access.queries import account_by_name
from gridmgmt.access.rules import Assignment, Permission, Role, local_actor
from gridmgmt.access.service import KEY, create_account, create_key
from gridmgmt.casework.intake import REPORT, set_number_rule
from gridmgmt.casework.surroundings import SURROUNDINGS
from gridmgmt.catalogue.service import load_builtin
from gridmgmt.cluster import libpq_url
from gridmgmt.cluster.binaries import find_binaries
from gridmgmt.db import make_engine, make_sessions, transaction
from gridmgmt.errors import NotFoundError
from gridmgmt.settings import Settings

CLIENTS = 8
ROUNDS = 7
SECONDS = 5.0
SEED = 2015
TYPES = ("0101", "0104", "1101", "1404", "2102")
LEAST_SHARE, MOST_P99_MS = 0.25, 60.0
GOAL_SHARE, GOAL_P99_MS = 0.40, 35.0

_PARAMETER = re.compile(r"%\((\w+)\)s")
Box = tuple[float, float, float, float]
Ask = Callable[[random.Random], tuple[str, str, Mapping[str, object]]]
"""Method, path and body of the next request of a client."""


@dataclass(frozen=True)
class Round:
    """How many requests were answered in a second, and how long each took."""

    per_s: float
    each_s: tuple[float, ...]


@contextmanager
def server(url: str, processes: int) -> Iterator[int]:
    """Serve the whole application from processes of its own, and give its port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        context = multiprocessing.get_context("fork")
        serving = [context.Process(target=_serve, args=(url, listener), daemon=True) for _ in range(processes)]
        for process in serving:
            process.start()
        try:
            yield listener.getsockname()[1]
        finally:
            for process in serving:
                process.terminate()
                process.join()


def _serve(url: str, listener: socket.socket) -> None:
    app = create_app(Settings(reading="open"), url)
    settle()
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


def http_round(port: int, key: str, ask: Ask, seconds: float, status: int) -> Round:
    """Let all clients ask for some seconds."""
    context = multiprocessing.get_context("fork")
    barrier, found = context.Barrier(CLIENTS + 1), context.Queue()
    clients = [
        context.Process(target=_client, args=(port, key, ask, seconds, status, number, barrier, found))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    barrier.wait()
    spent = [found.get() for _ in clients]
    for client in clients:
        client.join()
    require(all(isinstance(each, list) for each in spent), str([each for each in spent if isinstance(each, str)][:1]))
    each_s = tuple(one for each in spent for one in each)
    return Round(len(each_s) / seconds, each_s)


def _client(
    port: int, key: str, ask: Ask, seconds: float, status: int, number: int, barrier: object, found: object
) -> None:
    chance = random.Random(f"{SEED}-{number}-{time.time()}")
    connection = socket.create_connection(("127.0.0.1", port))
    headers = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    spent: list[float] = []

    def once() -> str | None:
        method, path, body = ask(chance)
        content = json.dumps(body)
        request = f"{method} {path} HTTP/1.1\r\n{headers}Content-Length: {len(content)}\r\n\r\n{content}".encode()
        began = time.perf_counter()
        connection.sendall(request)
        told, answer = _answer(connection)
        spent.append(time.perf_counter() - began)
        return None if told == status else f"{told}: {answer[:500]!r}"

    wrong = next(filter(None, (once() for _ in range(20))), None)  # statements are prepared, connections opened
    spent.clear()
    barrier.wait()  # type: ignore[attr-defined]  # a barrier of processes
    end = time.perf_counter() + seconds
    while wrong is None and time.perf_counter() < end:
        wrong = once()
    found.put(wrong or spent)  # type: ignore[attr-defined]  # a queue of processes


def _answer(connection: socket.socket) -> tuple[int, bytes]:
    """Return the status and the body of an answer: pgbench is in C, so whoever asks takes no more than it must."""
    received = b""
    while (end := received.find(b"\r\n\r\n") + 4) < 4:
        received += _part(connection)
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", received[:end])
    while length and len(received) < end + int(length[1]):
        received += _part(connection)
    return int(received[9:12]), received[end:]


def _part(connection: socket.socket) -> bytes:
    part = connection.recv(65_536)
    require(part != b"", "the server has closed the connection")
    return part


def pgbench_round(url: str, script: Path, seconds: float) -> float:
    """Return the transactions in a second that pgbench makes."""
    pgbench = find_binaries().path("pgbench")
    command = [pgbench, "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(round(seconds)), "-f",
               str(script), libpq_url(url)]  # fmt: skip
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"tps = ([\d.]+) \(without", told)
    require(found is not None and "number of failed transactions: 0" in told, told)
    return float(found[1]) if found else 0.0


def bound(statement: str, values: Mapping[str, str]) -> str:
    """Return a statement for pgbench: what is drawn or read before as its variables, all else as constants."""
    return _PARAMETER.sub(lambda found: f"({values[found[1]]})", statement).strip()


def compare(
    name: str,
    round_of_http: Callable[[], Round],
    round_of_pgbench: Callable[[], float],
    *,
    p99_ms_at_most: float = MOST_P99_MS,
    p99_ms_goal: float = GOAL_P99_MS,
    **facts: object,
) -> None:
    """Take turns, and publish the ratio of the rates: its median over the rounds."""
    http_rounds, pgbench_per_s = [], []
    round_of_pgbench(), round_of_http()  # both find the database's pages in memory
    for number in range(ROUNDS):
        if number % 2:
            http_rounds.append(round_of_http())
            pgbench_per_s.append(round_of_pgbench())
        else:
            pgbench_per_s.append(round_of_pgbench())
            http_rounds.append(round_of_http())
    shares = [each.per_s / p for each, p in zip(http_rounds, pgbench_per_s, strict=True)]
    each_ms = [1000 * one for each in http_rounds for one in each.each_s]
    p99_ms = statistics.quantiles(each_ms, n=100)[98]
    publish(
        name,
        {
            **facts,
            "clients": CLIENTS,
            "rounds": ROUNDS,
            "seconds_of_a_round": SECONDS,
            "http_per_s": statistics.median(each.per_s for each in http_rounds),
            "pgbench_per_s": statistics.median(pgbench_per_s),
            "http_over_pgbench": statistics.median(shares),
            "ratio_of_each_round": shares,
            "http_p50_ms": statistics.median(each_ms),
            "http_p99_ms": p99_ms,
            "goals": {"http over pgbench": GOAL_SHARE, "p99 ms": p99_ms_goal},
        },
        {
            "pgbench over http, median": (1 / statistics.median(shares), 1 / LEAST_SHARE),
            "p99 of HTTP in ms": (p99_ms, p99_ms_at_most),
        },
    )


_BOXES = """
WITH district AS (SELECT ST_Union(geom) AS geom FROM areas WHERE level = 'district'),
box AS (SELECT geom, ST_XMin(geom) AS west, ST_YMin(geom) AS south,
               (ST_XMax(geom) - ST_XMin(geom)) / %(n)s AS width, (ST_YMax(geom) - ST_YMin(geom)) / %(n)s AS height
        FROM district)
SELECT west + i * width, south + j * height, west + (i + 1) * width, south + (j + 1) * height
FROM box, generate_series(0, %(n)s - 1) AS i, generate_series(0, %(n)s - 1) AS j
WHERE ST_Covers(geom, ST_MakeEnvelope(
    west + i * width, south + j * height, west + (i + 1) * width, south + (j + 1) * height, 4326))
ORDER BY 1, 2
"""


def boxes_inside(url: str) -> Sequence[Box]:
    """Return the squares of a net of 12 by 12 over the district that it covers whole."""
    with psycopg.connect(libpq_url(url)) as connection:
        return connection.execute(_BOXES, {"n": 12}).fetchall()  # type: ignore[return-value]  # four numbers each


def prepare(url: str, roles: Sequence[Role]) -> str:
    """Take the built-in catalogue and numbers wide enough for the run, and return the key of an account."""
    engine = make_engine(url)
    with transaction(make_sessions(engine)) as session:
        actor, now = local_actor("benchmark"), datetime.now(UTC)
        load_builtin(session, actor, today=now.date())
        set_number_rule(session, actor, "{district:0<6.6}{date:%Y%m%d}{serial:012d}", now.date() - timedelta(days=1))
        try:
            account = account_by_name(session, "benchmark")
        except NotFoundError:
            account = create_account(session, actor, "benchmark", "Benchmark", [Assignment(role) for role in roles])
        scopes = [p for p in Permission if p == Permission.READ or p.startswith("cases.")]
        key = create_key(session, actor, account, "benchmark", scopes, now + timedelta(days=1), now)
    engine.dispose()
    return key


def report_at_random(boxes: Sequence[Box]) -> Ask:
    """Return what draws the next report."""

    def ask(chance: random.Random) -> tuple[str, str, Mapping[str, object]]:
        west, south, east, north = chance.choice(boxes)
        body = {
            "lon": chance.uniform(west, east),
            "lat": chance.uniform(south, north),
            "type": chance.choice(TYPES),
            "source": "inspector",
            "description": "道路上有一处井盖移位，影响行人通行。",
            "client_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        }
        return "POST", "/api/v1/cases", body

    return ask


def report_script(boxes: Sequence[Box], key: str) -> str:
    """Return the script of pgbench: the statements of a report, with what they are bound to."""
    west, south, east, north = boxes[0]
    now = datetime.now(UTC).isoformat()
    constants = {
        "on": "current_date",
        "today": "current_date",
        "near_lon": "0.00053",
        "near_lat": "0.00045",
        "border_lon": "0.00022",
        "border_lat": "0.00019",
        "since": "now() - interval '168 hours'",
        "types": f"ARRAY['{TYPES[0]}', '0102', '0103', '0107']",
        "most": "50",
        "draw": "true",
        "client_id": "lpad(to_hex(:high::bigint), 16, '0') || lpad(to_hex(:low::bigint), 16, '0')",
        "actor": "'benchmark'",
        "keys_since": "now() - interval '7 days'",
        "now": "now()",
        "case_no": "'310113' || to_char(now(), 'YYYYMMDD') || lpad((:serial)::text, 12, '0')",
        "kind": "'component'",
        "type": f"'{TYPES[0]}'",
        "source": "'inspector'",
        "state": "'reported'",
        "description": "'道路上有一处井盖移位，影响行人通行。'",
        "fields": "'{}'",
        "reported_at": "now()",
        "cell_code": "'310113109001001'",
        "quarter_code": "'310113109001'",
        "middle_code": "NULL",
        "town_code": "'310113109'",
        "district_code": "'310113'",
        "post_code": "NULL",
        "progress": f'\'{{"stage_since": "{now}"}}\'',
        "move": "'report'",
        "post": "'operator'",
        "told": "'" + json.dumps(_TOLD) + "'",
        **dict.fromkeys(("key", "request_sha256", "answer", "address", "component_code", "mark"), "NULL"),
        "lon": ":lon",
        "lat": ":lat",
    }
    return "\n".join(
        [
            f"\\set box random(0, {len(boxes) - 1})",
            f"\\set lon {_chosen([box[0] for box in boxes])} + {east - west} * random(0, 1000000) / 1000000.0",
            f"\\set lat {_chosen([box[1] for box in boxes])} + {north - south} * random(0, 1000000) / 1000000.0",
            "\\set high random(0, 9000000000000000000)",
            "\\set low random(0, 9000000000000000000)",
            "BEGIN;",
            key_statement(key),
            bound(SURROUNDINGS, constants) + " \\gset",
            bound(REPORT, constants) + ";",
            "COMMIT;",
        ]
    )


def key_statement(key: str) -> str:
    """Return the line of a script of pgbench that looks up who calls."""
    return bound(KEY, {"prefix": f"'{key_prefix(key)}'", "now": "now()"}) + " \\gset k_"


def _chosen(values: Sequence[float]) -> str:
    """Return the expression of pgbench for what belongs to the box that was drawn."""
    return "case " + " ".join(f"when :box = {i} then {value}" for i, value in enumerate(values)) + " end"


_TOLD = {
    "kind": "component", "type": "0101", "source": "inspector", "reported_at": "2026-01-05T04:00:00+00:00",
    "cell_code": "310113109001001", "quarter_code": "310113109001", "town_code": "310113109",
    "district_code": "310113", "stage_since": "2026-01-05T04:00:00+00:00",
}  # fmt: skip


def main() -> None:
    """Measure reports, print and keep the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", help="a database to use; without it, an embedded one is made and filled")
    options.add_argument("--processes", type=int, default=2, help="web processes")
    given = options.parse_args()
    with demo_database(given.url) as url, tempfile.TemporaryDirectory() as folder, server(url, given.processes) as port:
        key, boxes = prepare(url, [Role.ADMINISTRATOR]), boxes_inside(url)
        script = Path(folder) / "report.sql"
        script.write_text(report_script(boxes, key), encoding="utf-8")
        compare(
            "case_reports",
            lambda: http_round(port, key, report_at_random(boxes), SECONDS, 201),
            lambda: pgbench_round(url, script, SECONDS),
            processes=given.processes,
        )


if __name__ == "__main__":
    main()
